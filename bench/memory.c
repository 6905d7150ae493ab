/* What a graph and a training step take of memory: bytes a node, allocations a step, the peak beside the buffers of
 * the step written by hand. Exact, so that one run is enough. */
#include <cotangent/cotangent.h>

#include "support/report.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_llong held, peak, calls;

static void *counted_alloc(void *context, size_t bytes) {
    (void)context;
    atomic_fetch_add(&calls, 1);
    long long now = atomic_fetch_add(&held, (long long)bytes) + (long long)bytes;
    if (now > atomic_load(&peak)) atomic_store(&peak, now);
    return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void counted_release(void *context, void *block, size_t bytes) {
    (void)context;
    atomic_fetch_sub(&held, (long long)bytes);
    free(block);
}

/* Whole bytes of a node of two scalars, with its gradient: how many fill the blocks of memory from the first one after
 * 500,000 nodes to the last. */
static double bytes_a_node(void) {
    long long first_held = 0, last_held = 0, calls_before = 0;
    int first = 0, last = 0;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, NULL), *z = x;
    for (int i = 0; i < 1000000; i++) {
        long long held_before = held;
        z = ct_mul(z, x);
        if (calls == calls_before) continue;
        calls_before = calls;
        last = i, last_held = held_before;
        if (i > 500000 && !first) first = i, first_held = held_before;
    }
    long long before = calls;
    bool ok = ct_backward(z) && calls == before; /* gradients have their place in the nodes */
    ok = ct_end(s) && ok;
    ct_release_memory();
    return ok ? (double)((last_held - first_held) / (last - first)) : NAN;
}

typedef struct row {
    const char *name;
    int64_t width[5], batch; /* widths end with 0 */
    bool adam;
    bool accepted; /* at most 1.2 of the hand-written step's buffers */
} row;

static const row rows[] = {
    {"784-64-128-64-10, batch 64, Adam", {784, 64, 128, 64, 10}, 64, true, false},
    {"784-128-64-10, batch 24, SGD", {784, 128, 64, 10}, 24, false, false},
    {"784-10, batch 32, SGD", {784, 10}, 32, false, false},
    {"784-128-64-10, batch 8192, SGD", {784, 128, 64, 10}, 8192, false, true},
};

/* Bytes by hand: weights and biases, their gradients and Adam's moments; outputs of the layers and their gradients.
 */
static double by_hand(const row *r) {
    int64_t floats = 0;
    for (int i = 0; i < 4 && r->width[i + 1]; i++) {
        floats += (r->width[i] + 1) * r->width[i + 1] * (r->adam ? 4 : 2);
        floats += 2 * r->batch * r->width[i + 1];
    }
    return 4. * (double)floats;
}

static bool step(ct_module *net, ct_optim *opt, float *x, int64_t *y, const row *r) {
    ct_scope s = ct_begin();
    ct_tensor *images = ct_wrap(CT_F32, CT_SHAPE(r->batch, r->width[0]), x);
    ct_tensor *loss = ct_cross_entropy(ct_forward(net, images), ct_wrap(CT_I64, CT_SHAPE(r->batch), y));
    bool ok = ct_backward(loss);
    ok = ct_step(opt) && ok;
    return ct_end(s) && ok;
}

static bool measure(const row *r) {
    float *x = calloc((size_t)(r->batch * r->width[0]), sizeof *x);
    int64_t *y = calloc((size_t)r->batch, sizeof *y);
    ct_module *layers[8];
    int n = 0;
    long long before = held;
    peak = held;
    for (int i = 0; i < 4 && r->width[i + 1]; i++) {
        if (i) layers[n++] = ct_relu_layer();
        layers[n++] = ct_linear(r->width[i], r->width[i + 1]);
    }
    ct_module *net = ct_sequential_at(CT_HERE, n, layers);
    ct_optim *opt = r->adam ? ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3})
                            : ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = 0.01});
    bool ok = x && y && net && opt && step(net, opt, x, y, r);
    long long first = calls;
    for (int i = 0; ok && i < 10; i++) ok = step(net, opt, x, y, r);
    double more = (double)(calls - first) / 10, bytes = (double)(peak - before), hand = by_hand(r);
    report_row(r->name, (double[]){bytes / 1024, hand / 1024, bytes / hand, more});
    report_check("allocations a step after the first", more, 0);
    if (r->accepted) report_check("peak of the batch-8192 step over the buffers by hand", bytes / hand, 1.2);
    ct_optim_free(opt);
    ct_module_free(net);
    ct_release_memory();
    free(x), free(y);
    return ok;
}

int main(void) {
    bool ok = true;
    ct_set_allocator(&(ct_allocator){counted_alloc, counted_release, NULL});
    if (!report_begin("memory", "peaks in KiB, without the batch itself")) return EXIT_FAILURE;
    report_table("", "a training step", (const char *const[]){"KiB", "by hand", "ratio", "allocations", NULL});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) ok = measure(&rows[i]) && ok;
    peak = held;
    report_check("bytes a node of scalars", bytes_a_node(), 96);
    if (!ok) fprintf(stderr, "%s\n", ct_error());
    return report_end(!ok);
}
