/* conv2d with bias, forward and backward, f32: beside PyTorch where /usr/bin/python3 has it, in turns, on as many
 * threads, medians. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 21

typedef struct row {
    int n, channels, outputs, kernel, extent, padding;
    int repeats;   /* passes a round */
    bool accepted; /* no slower than PyTorch */
} row;

static const row rows[] = {
    {64, 1, 8, 3, 28, 0, 20, true},   {64, 1, 8, 3, 28, 1, 20, true},   {32, 16, 32, 3, 28, 0, 5, true},
    {32, 16, 32, 3, 28, 1, 5, true},  {32, 64, 64, 3, 14, 1, 3, false}, {16, 128, 128, 3, 7, 1, 3, false},
    {8, 64, 128, 1, 28, 0, 5, false}, {8, 3, 32, 5, 64, 2, 5, false},
};

typedef struct task {
    const row *row;
    ct_tensor *leaf[3]; /* images, weight, bias */
    int failures;
} task;

static void pass(void *context) {
    task *t = context;
    ct_scope s = ct_begin();
    ct_tensor **leaf = t->leaf;
    ct_tensor *z =
        ct_conv2d(leaf[0], leaf[1], leaf[2], &(ct_conv_options){.padding = {t->row->padding, t->row->padding}});
    ct_backward_from(z, z);
    for (int k = 0; k < 3; k++) ct_zero_gradient(leaf[k]);
    if (!ct_end(s)) t->failures++;
}

static ct_tensor *new_leaf(ct_shape shape) {
    ct_scope s = ct_begin();
    ct_tensor *leaf = ct_parameter(CT_F32, shape, NULL), *values = ct_uniform(CT_F32, shape, -1, 1);
    bool filled = leaf && values && ct_set(leaf, ct_data(values));
    return ct_end(s) && filled ? leaf : NULL;
}

static const char *const columns[] = {"cotangent", "PyTorch", "ratio", NULL};

static void measure(const row *r, int threads, peer *torch, bool *failed) {
    task t = {.row = r,
              .leaf = {new_leaf(CT_SHAPE(r->n, r->channels, r->extent, r->extent)),
                       new_leaf(CT_SHAPE(r->outputs, r->channels, r->kernel, r->kernel)),
                       new_leaf(CT_SHAPE(r->outputs))}};
    char line[128], name[128];
    snprintf(line, sizeof line, "%d %d %d %d %d %d %d %d", threads, r->n, r->channels, r->outputs, r->kernel,
             r->extent, r->padding, r->repeats);
    snprintf(name, sizeof name, "%dx%dx%dx%d, %d kernels %dx%d, padding %d", r->n, r->channels, r->extent, r->extent,
             r->outputs, r->kernel, r->kernel, r->padding);
    contestant both[] = {{.run = pass, .context = &t, .settling = threads > 1 ? SETTLING : 0},
                         {.peer = torch, .line = line}};
    ct_set_threads(threads);
    take_turns(both, 2, ROUNDS, r->repeats, threads == 1 ? CPU_TIME : WALL_TIME);
    double ratio = ratio_of(&both[0], &both[1], ROUNDS);
    report_row(name, (double[]){1e6 * both[0].median, 1e6 * both[1].median, ratio});
    snprintf(name + strlen(name), sizeof name - strlen(name), ": over PyTorch, %d threads", threads);
    if (r->accepted) report_check(name, ratio, 1);
    if (t.failures) fprintf(stderr, "%s\n", ct_error());
    *failed = *failed || t.failures;
    for (int k = 0; k < 3; k++) ct_free(t.leaf[k]);
}

int main(void) {
    bool failed = false;
    if (!report_begin("conv", "conv2d, forward and backward, in microseconds; interleaved, medians of 21 rounds"))
        return EXIT_FAILURE;
    for (int threads = 1; threads <= 2; threads++) {
        peer torch;
        if (!peer_start(&torch, threads, PYTHON, CT_BENCH_DIR "/peers/conv_torch.py"))
            printf("\nPyTorch does not answer: is python3-torch installed?\n");
        report_table(threads == 1 ? "one" : "two",
                     threads == 1 ? "one thread, its time" : "two threads, time on the wall", columns);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) measure(&rows[i], threads, &torch, &failed);
        peer_stop(&torch);
    }
    return report_end(failed);
}
