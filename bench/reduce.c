/* Reductions of tensors far larger than the caches, and what is computed line by line, beside memcpy, as bandwidth:
 * bytes that have to be read or written a second. On one thread both should come within 1.3 of memcpy; on two they
 * should be faster. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 15
#define ROWS 4096
#define COLUMNS 4096

/* name, what it is called in the table, what is computed of x (ROWS, COLUMNS). */
#define REDUCTIONS(ROW)                                                                                              \
    ROW(sum_all, "sum, all axes", ct_sum(x, CT_ALL))                                                                 \
    ROW(sum_last, "sum, last axis", ct_sum(x, CT_AXES(1)))                                                           \
    ROW(sum_first, "sum, first axis", ct_sum(x, CT_AXES(0)))                                                         \
    ROW(mean_all, "mean, all axes", ct_mean(x, CT_ALL))                                                              \
    ROW(mean_last, "mean, last axis", ct_mean(x, CT_AXES(1)))                                                        \
    ROW(mean_first, "mean, first axis", ct_mean(x, CT_AXES(0)))                                                      \
    ROW(max_all, "max, all axes", ct_max(x, CT_ALL))                                                                 \
    ROW(max_last, "max, last axis", ct_max(x, CT_AXES(1)))                                                           \
    ROW(max_first, "max, first axis", ct_max(x, CT_AXES(0)))                                                         \
    ROW(prod_last, "prod, last axis", ct_prod(x, CT_AXES(1)))                                                        \
    ROW(variance_all, "variance, all axes", ct_variance(x, CT_ALL, 1))                                               \
    ROW(variance_last, "variance, last axis", ct_variance(x, CT_AXES(1), 1))                                         \
    ROW(variance_first, "variance, first axis", ct_variance(x, CT_AXES(0), 1))                                       \
    ROW(std_last, "std, last axis", ct_std(x, CT_AXES(1), 1))                                                        \
    ROW(norm_all, "2-norm, all axes", ct_vector_norm(x, 2, CT_ALL))                                                  \
    ROW(norm_last, "2-norm, last axis", ct_vector_norm(x, 2, CT_AXES(1)))                                            \
    ROW(norm_1, "1-norm, all axes", ct_vector_norm(x, 1, CT_ALL))                                                    \
    ROW(norm_inf, "infinity norm, all axes", ct_vector_norm(x, INFINITY, CT_ALL))                                    \
    ROW(argmax_last, "argmax, last axis", ct_argmax(x, 1))                                                           \
    ROW(argmax_first, "argmax, first axis", ct_argmax(x, 0))                                                         \
    ROW(logsumexp_last, "logsumexp, last axis", ct_logsumexp(x, CT_AXES(1)))

/* The same of what has x's shape again: bytes are read and written. */
#define LINES(ROW)                                                                                                   \
    ROW(softmax_last, "softmax, last axis", ct_softmax(x, 1))                                                        \
    ROW(log_softmax_last, "log_softmax, last axis", ct_log_softmax(x, 1))                                            \
    ROW(layer_norm_last, "layer_norm, last axis", ct_layer_norm(x, CT_SHAPE(COLUMNS), NULL, NULL, 1e-5))             \
    ROW(cumsum_last, "cumsum, last axis", ct_cumsum(x, 1))                                                           \
    ROW(cumsum_first, "cumsum, first axis", ct_cumsum(x, 0))

#define COMPUTE(name, title, result)                                                                                 \
    static void name(ct_tensor *x) { (void)result; }
REDUCTIONS(COMPUTE)
LINES(COMPUTE)

typedef struct row {
    const char *name;
    void (*compute)(ct_tensor *x);
    double passes; /* over memory that are needed */
} row;
#define REDUCTION(name, title, result) {title, name, 1},
#define LINE(name, title, result) {title, name, 2},
static const row rows[] = {REDUCTIONS(REDUCTION) LINES(LINE)};

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
    t->row->compute(ct_wrap(t->dtype, CT_SHAPE(ROWS, COLUMNS), t->x));
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
    double bytes = (double)t->bytes * 1e-9 * r->passes, a_byte = 2 / r->passes * ratio_of(&all[1], &all[0], ROUNDS);
    snprintf(name, sizeof name, "%s, %s", r->name, ct_dtype_name(t->dtype));
    report_row(name, (double[]){2e-9 * (double)t->bytes / all[0].median, bytes / all[1].median, bytes / all[2].median,
                                a_byte, ratio_of(&all[1], &all[2], ROUNDS)});
    snprintf(text, sizeof text, "a byte over memcpy's: %s", name);
    report_check(text, a_byte, 1.3);
}

/* Usage: bench_reduce [PART OF A ROW'S NAME] */
int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : "";
    int failures = 0;
    if (!report_begin("reduce", "(4096, 4096), time for a byte read or written beside memcpy's; "
                                "interleaved, medians of 15 rounds"))
        return EXIT_FAILURE;
    report_table("", "reduction", columns);
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {
        task t = {.dtype = dtype, .failures = &failures};
        if (!fill(&t)) failures++;
        for (size_t i = 0; i < sizeof rows / sizeof *rows && !failures; i++)
            if (strstr(rows[i].name, only)) measure(&t, &rows[i]);
        free(t.x), free(t.copy);
    }
    if (failures) fprintf(stderr, "%s\n", ct_error());
    return report_end(failures);
}
