/* conv2d with bias, forward and backward, f32: beside PyTorch where /usr/bin/python3 has it, in turns, on as many
 * threads, medians. */
#include <cotangent/cotangent.h>

#include "support/peer.h"
#include "support/timing.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDS 21

typedef struct row {
    int n, channels, outputs, kernel, extent, padding;
    int repeats; /* passes a round */
} row;

static const row rows[] = {
    {64, 1, 8, 3, 28, 0, 20},  {64, 1, 8, 3, 28, 1, 20},   {32, 16, 32, 3, 28, 0, 5}, {32, 16, 32, 3, 28, 1, 5},
    {32, 64, 64, 3, 14, 1, 3}, {16, 128, 128, 3, 7, 1, 3}, {8, 64, 128, 1, 28, 0, 5}, {8, 3, 32, 5, 64, 2, 5},
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

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Prints our time and the peer's; their ratio, or NaN without a peer. */
static double measure(const row *r, int threads, peer *p) {
    task t = {.row = r,
              .leaf = {new_leaf(CT_SHAPE(r->n, r->channels, r->extent, r->extent)),
                       new_leaf(CT_SHAPE(r->outputs, r->channels, r->kernel, r->kernel)),
                       new_leaf(CT_SHAPE(r->outputs))}};
    contestant own = {"cotangent", pass, &t, 0};
    double ours[ROUNDS], theirs[ROUNDS];
    char line[128];
    snprintf(line, sizeof line, "%d %d %d %d %d %d %d %d", threads, r->n, r->channels, r->outputs, r->kernel,
             r->extent, r->padding, r->repeats);
    ct_set_threads(threads);
    for (int i = 0; i < ROUNDS; i++) {
        if (!take_turns(&own, 1, 1, r->repeats)) t.failures++;
        ours[i] = own.median;
        theirs[i] = p ? peer_ask(p, line) : NAN;
    }
    qsort(ours, ROUNDS, sizeof *ours, by_value);
    qsort(theirs, ROUNDS, sizeof *theirs, by_value);
    double ratio = t.failures ? NAN : ours[ROUNDS / 2] / theirs[ROUNDS / 2];
    printf("%3d x %3d x %2d x %2d, %3d kernels %d x %d, padding %d, %d threads %10.0f %10.0f %8.3f\n", r->n,
           r->channels, r->extent, r->extent, r->outputs, r->kernel, r->kernel, r->padding, threads,
           1e6 * ours[ROUNDS / 2], 1e6 * theirs[ROUNDS / 2], ratio);
    if (t.failures) fprintf(stderr, "%s\n", ct_error());
    for (int k = 0; k < 3; k++) ct_free(t.leaf[k]);
    return ratio;
}

int main(void) {
    peer torch;
    bool compared = peer_start(&torch, CT_BENCH_DIR "/peers/conv_torch.py");
    int n = (int)(sizeof rows / sizeof *rows);
    double product = 1;
    printf("%s; medians of %d rounds%s\n", machine(), ROUNDS, compared ? "" : "; no PyTorch to compare with");
    printf("%-63s %10s %10s %8s\n", "images, kernels", "ct (us)", "torch (us)", "ratio");
    for (int threads = 1; threads <= 2; threads++)
        for (int i = 0; i < n; i++) product *= measure(&rows[i], threads, compared ? &torch : NULL);
    if (compared) printf("geometric mean of the ratios: %.3f\n", pow(product, 0.5 / n));
    peer_stop(&torch);
    return compared && isnan(product) ? EXIT_FAILURE : EXIT_SUCCESS;
}
