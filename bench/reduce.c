/* Reductions of tensors far larger than the caches, beside memcpy, as bandwidth: bytes read, and for memcpy also
 * those written, a second. On one thread a reduction should come within 1.3 of memcpy; on two it should be faster. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

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

static ct_tensor *two_norm(const char *at, ct_tensor *x, ct_axes axes) { return ct_vector_norm_at(at, x, 2, axes); }

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
    {"variance, all axes", NULL, {.n = -1}},
    {"2-norm, all axes", two_norm, {.n = -1}},
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

static const char *const columns[] = {"memcpy GB/s", "one thread", "two threads", "a byte", "speedup", NULL};

static void measure(const task *t, const row *r) {
    task one = *t, two = *t;
    char name[64], text[128];
    one.row = two.row = r;
    one.threads = 1;
    two.threads = 2;
    contestant all[] = {
        {.run = copy, .context = &one}, {.run = reduce, .context = &one}, {.run = reduce, .context = &two}};
    take_turns(all, 3, ROUNDS, 1, WALL_TIME);
    double bytes = (double)t->bytes * 1e-9, a_byte = 2 * ratio_of(&all[1], &all[0], ROUNDS);
    snprintf(name, sizeof name, "%s, %s", r->name, ct_dtype_name(t->dtype));
    report_row(name, (double[]){2 * bytes / all[0].median, bytes / all[1].median, bytes / all[2].median, a_byte,
                                ratio_of(&all[1], &all[2], ROUNDS)});
    snprintf(text, sizeof text, "a byte over memcpy's: %s", name);
    report_check(text, a_byte, 1.3);
}

int main(void) {
    int failures = 0;
    if (!report_begin("reduce", "(4096, 4096), time for a byte read beside memcpy's for one read or written; "
                                "interleaved, medians of 15 rounds"))
        return EXIT_FAILURE;
    report_table("", "reduction", columns);
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {
        task t = {.dtype = dtype, .failures = &failures};
        if (!fill(&t)) failures++;
        for (size_t i = 0; i < sizeof rows / sizeof *rows && !failures; i++) measure(&t, &rows[i]);
        free(t.x), free(t.copy);
    }
    if (failures) fprintf(stderr, "%s\n", ct_error());
    return report_end(failures);
}
