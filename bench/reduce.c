/* Reductions of tensors far larger than the caches, beside memcpy, as bandwidth: bytes read, and for memcpy also
 * those written, a second. On one thread a reduction should come within 1.3 of memcpy; on two it should be faster. */
#include <cotangent/cotangent.h>

#include "support/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 15
#define ROWS 4096
#define COLUMNS 4096

typedef struct row {
    const char *name;
    ct_tensor *(*op)(const char *at, ct_tensor *x, ct_axes axes);
    ct_axes axes;
} row;

static const row rows[] = {
    {"sum, all axes", ct_sum_at, {.n = -1}},
    {"sum, last axis", ct_sum_at, {.n = 1, .axis = {1}}},
    {"sum, first axis", ct_sum_at, {.n = 1}},
    {"mean, all axes", ct_mean_at, {.n = -1}},
    {"mean, last axis", ct_mean_at, {.n = 1, .axis = {1}}},
    {"mean, first axis", ct_mean_at, {.n = 1}},
    {"max, all axes", ct_max_at, {.n = -1}},
    {"max, last axis", ct_max_at, {.n = 1, .axis = {1}}},
    {"max, first axis", ct_max_at, {.n = 1}},
    {"prod, last axis", ct_prod_at, {.n = 1, .axis = {1}}},
    {"variance, last axis", NULL, {.n = 1, .axis = {1}}},
};

typedef struct task {
    const row *row;
    ct_dtype dtype;
    int threads;
    void *x, *copy; /* (ROWS, COLUMNS) */
    size_t bytes;
    int *failures;
} task;

static void copy(void *context) {
    task *t = context;
    memcpy(t->copy, t->x, t->bytes);
}

static void reduce(void *context) {
    task *t = context;
    ct_set_threads(t->threads);
    ct_scope s = ct_begin_no_grad();
    ct_tensor *x = ct_wrap(t->dtype, CT_SHAPE(ROWS, COLUMNS), t->x);
    if (t->row->op) t->row->op(CT_HERE, x, t->row->axes);
    else ct_variance(x, t->row->axes, 1);
    if (!ct_end(s)) ++*t->failures;
}

static bool fill(task *t) {
    t->bytes = (size_t)ROWS * COLUMNS * ct_dtype_size(t->dtype);
    t->x = malloc(t->bytes);
    t->copy = malloc(t->bytes);
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(t->dtype, CT_SHAPE(ROWS, COLUMNS), 0.9, 1.1);
    if (t->x && t->copy && x) memcpy(t->x, ct_data(x), t->bytes);
    return ct_end(s) && t->x && t->copy;
}

/* The time on one thread over that of memcpy for as many bytes; NaN without a figure. */
static double measure(const task *t, const row *r) {
    task one = *t, two = *t;
    one.row = two.row = r;
    one.threads = 1;
    two.threads = 2;
    contestant all[] = {{"memcpy", copy, &one, 0}, {"one", reduce, &one, 0}, {"two", reduce, &two, 0}};
    if (!take_turns(all, 3, ROUNDS, 1) || *t->failures) return NAN;
    double bytes = (double)t->bytes * 1e-9, ratio = all[1].median / (all[0].median / 2);
    printf("%-20s %4s %11.1f %11.1f %11.1f %9.2f %9.2f\n", r->name, ct_dtype_name(t->dtype),
           2 * bytes / all[0].median, bytes / all[1].median, bytes / all[2].median, ratio,
           all[1].median / all[2].median);
    return ratio;
}

int main(void) {
    double worst = 0;
    int failures = 0;
    printf("%s; (%d, %d); medians of %d rounds\n", machine(), ROWS, COLUMNS, ROUNDS);
    printf("%-20s %4s %11s %11s %11s %9s %9s\n", "", "", "memcpy GB/s", "one thread", "two threads", "ratio",
           "speedup");
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {
        task t = {.dtype = dtype, .failures = &failures};
        if (!fill(&t)) failures++;
        for (size_t i = 0; i < sizeof rows / sizeof *rows && !failures; i++) {
            double ratio = measure(&t, &rows[i]);
            if (rows[i].op && rows[i].op != ct_prod_at && !(ratio <= worst)) worst = ratio;
        }
        free(t.x), free(t.copy);
    }
    if (failures) fprintf(stderr, "%s\n", ct_error());
    printf("the largest ratio of sum, mean and max: %.2f\n", worst);
    return failures || isnan(worst) ? EXIT_FAILURE : EXIT_SUCCESS;
}
