/* How a training step's time grows with the batch, the width and the depth of a network: one series each, with Adam,
 * on one thread. */
#include <cotangent/cotangent.h>

#include "support/report.h"
#include "support/timing.h"

#include <stdlib.h>

#define ROUNDS 11
#define DEEPEST 64

typedef struct task {
    int64_t batch, width, depth; /* of `depth` layers of that width */
    float *x;
    int64_t *y;
    ct_module *net;
    ct_optim *optim;
    int failures;
} task;

static void step(void *context) {
    task *t = context;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_wrap(CT_F32, CT_SHAPE(t->batch, t->width), t->x);
    ct_backward(ct_cross_entropy(ct_forward(t->net, x), ct_wrap(CT_I64, CT_SHAPE(t->batch), t->y)));
    ct_step(t->optim);
    if (!ct_end(s)) t->failures++;
}

static bool set_up(task *t) {
    ct_module *layers[2 * DEEPEST];
    int n = 0;
    for (int64_t i = 0; i < t->depth; i++) {
        if (i) layers[n++] = ct_relu_layer();
        layers[n++] = ct_linear(t->width, t->width);
    }
    t->net = ct_sequential_at(CT_HERE, n, layers);
    t->optim = ct_adam(ct_parameters(t->net), &(ct_adam_options){.lr = 1e-4});
    t->x = aligned_alloc(64, ((size_t)(t->batch * t->width) * sizeof *t->x + 63) & ~(size_t)63);
    t->y = malloc((size_t)t->batch * sizeof *t->y);
    if (!t->optim || !t->x || !t->y) return false;
    for (int64_t i = 0; i < t->batch * t->width; i++) t->x[i] = (float)(i % 17) / 17;
    for (int64_t i = 0; i < t->batch; i++) t->y[i] = i % t->width;
    return true;
}

static void tear_down(task *t) {
    ct_optim_free(t->optim);
    ct_module_free(t->net);
    free(t->x), free(t->y);
    ct_release_memory();
}

/* A point of a series, and its GFLOP/s in the products: 6 a weight and example, less the first layer's cotangent. */
static bool measure(int64_t at, int64_t batch, int64_t width, int64_t depth) {
    task t = {.batch = batch, .width = width, .depth = depth};
    contestant own = {.run = step, .context = &t};
    double work = 2. * (double)(batch * width * width) * (double)(3 * depth - 1);
    bool ok = set_up(&t);
    if (ok) take_turns(&own, 1, ROUNDS, (int)(2e7 / work) + 1, CPU_TIME);
    char name[96];
    snprintf(name, sizeof name, "batch %lld, %lld layers of %lld", (long long)batch, (long long)depth,
             (long long)width);
    if (ok) report_row(name, (double[]){(double)at, 1e6 * own.median, 1e-9 * work / own.median});
    if (t.failures || !ok) fprintf(stderr, "%s\n", ct_error());
    tear_down(&t);
    return ok && !t.failures;
}

int main(void) {
    static const char *const columns[] = {"at", "us", "GFLOP/s", NULL};
    bool ok = true;
    ct_set_threads(1);
    if (!report_begin("growth", "a step in microseconds; medians of 11 rounds, the thread's time"))
        return EXIT_FAILURE;
    report_table("batch", "growing batch", columns);
    for (int64_t batch = 1; batch <= 4096; batch *= 4) ok = measure(batch, batch, 128, 4) && ok;
    report_table("width", "growing width", columns);
    for (int64_t width = 16; width <= 1024; width *= 2) ok = measure(width, 64, width, 4) && ok;
    report_table("depth", "growing depth", columns);
    for (int64_t depth = 1; depth <= DEEPEST; depth *= 2) ok = measure(depth, 64, 64, depth) && ok;
    return report_end(!ok);
}
