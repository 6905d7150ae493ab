/* A training step (forward, softmax cross-entropy, backward, update), the library's beside the same step written by
 * hand in C over cblas: one thread, random data, interleaved, medians. */
#include <cotangent/cotangent.h>

#include "support/by_hand.h"
#include "support/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 41

typedef struct row {
    const char *name;
    int layers, width[MAX_LAYERS + 1], batch;
    bool adam;
    int repeats; /* steps a round */
} row;

static const row rows[] = {
    {"784-64-128-64-10, batch 64, Adam", 4, {784, 64, 128, 64, 10}, 64, true, 40},
    {"784-256-512-128-10, batch 64, Adam", 4, {784, 256, 512, 128, 10}, 64, true, 8},
    {"784-128-64-10, batch 24, SGD", 3, {784, 128, 64, 10}, 24, false, 60},
    {"784-128-64-10, batch 1, SGD", 3, {784, 128, 64, 10}, 1, false, 400},
    {"784-10, batch 32, SGD", 1, {784, 10}, 32, false, 400},
    {"784-20-7-5-10, batch 32, SGD", 4, {784, 20, 7, 5, 10}, 32, false, 300},
    {"784-128-64-10, batch 8192, SGD", 3, {784, 128, 64, 10}, 8192, false, 1},
};

typedef struct task {
    const row *row;
    float *x;
    int64_t *y;
    by_hand *hand;
    ct_module *net;
    ct_optim *optim;
    double loss_by_hand, loss;
    int failures;
} task;

static void step_by_hand(void *context) {
    task *t = context;
    t->loss_by_hand = by_hand_gradients(t->hand, t->x, t->y);
    if (t->row->adam)
        by_hand_adam(t->hand, 1e-3f);
    else
        by_hand_sgd(t->hand, 0.01f);
}

static void step(void *context) {
    task *t = context;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_wrap(CT_F32, CT_SHAPE(t->row->batch, t->row->width[0]), t->x);
    ct_tensor *y = ct_wrap(CT_I64, CT_SHAPE(t->row->batch), t->y);
    ct_tensor *loss = ct_cross_entropy(ct_forward(t->net, x), y);
    ct_backward(loss);
    ct_step(t->optim);
    t->loss = ct_item(loss);
    if (!ct_end(s)) t->failures++;
}

static ct_module *new_net(const row *r) {
    ct_module *layers[2 * MAX_LAYERS];
    int n = 0;
    for (int i = 0; i < r->layers; i++) {
        if (i) layers[n++] = ct_relu_layer();
        layers[n++] = ct_linear(r->width[i], r->width[i + 1]);
    }
    return ct_sequential_at(CT_HERE, n, layers);
}

static void fill_data(task *t) {
    const row *r = t->row;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(r->batch, r->width[0]), 0, 1);
    if (x) memcpy(t->x, ct_data(x), (size_t)ct_size(x) * sizeof *t->x);
    if (!ct_end(s)) t->failures++;
    for (int i = 0; i < r->batch; i++) t->y[i] = i % r->width[r->layers];
}

static bool set_up(task *t, const row *r) {
    *t = (task){.row = r};
    t->x = malloc((size_t)r->batch * (size_t)r->width[0] * sizeof *t->x);
    t->y = malloc((size_t)r->batch * sizeof *t->y);
    t->hand = by_hand_new(r->layers, r->width, r->batch);
    t->net = new_net(r);
    if (!t->x || !t->y || !t->hand || !t->net) return false;
    t->optim = r->adam ? ct_adam(ct_parameters(t->net), &(ct_adam_options){.lr = 1e-3})
                       : ct_sgd(ct_parameters(t->net), &(ct_sgd_options){.lr = 0.01});
    for (int i = 0; i < r->layers; i++) { /* the same start for both */
        ct_tensor *w = ct_module_parameter(t->net, 2 * i), *b = ct_module_parameter(t->net, 2 * i + 1);
        memcpy(t->hand->weight[i], ct_data(w), (size_t)ct_size(w) * sizeof(float));
        memcpy(t->hand->bias[i], ct_data(b), (size_t)ct_size(b) * sizeof(float));
    }
    fill_data(t);
    return t->optim != NULL;
}

static void tear_down(task *t) {
    ct_optim_free(t->optim);
    ct_module_free(t->net);
    by_hand_free(t->hand);
    free(t->x), free(t->y);
}

/* The ratio, or NaN when the two did not compute the same. */
static double measure(const row *r) {
    task t;
    double ratio = NAN;
    if (set_up(&t, r)) {
        contestant both[] = {{"by hand", step_by_hand, &t, 0}, {"cotangent", step, &t, 0}};
        bool timed = take_turns(both, 2, ROUNDS, r->repeats);
        bool same = fabs(t.loss - t.loss_by_hand) <= 1e-3 * (1 + fabs(t.loss_by_hand));
        if (timed && same && !t.failures) ratio = both[1].median / both[0].median;
        printf("%-36s %10.1f %10.1f %8.3f\n", r->name, 1e6 * both[0].median, 1e6 * both[1].median, ratio);
        if (!same) printf("    the losses differ: by hand %g, cotangent %g\n", t.loss_by_hand, t.loss);
    }
    if (t.failures) fprintf(stderr, "%s\n", ct_error());
    tear_down(&t);
    return ratio;
}

int main(void) {
    double product = 1;
    int n = (int)(sizeof rows / sizeof *rows);
    ct_set_threads(1);
    by_hand_threads(1);
    printf("%s; one thread; medians of %d rounds\n", machine(), ROUNDS);
    printf("%-36s %10s %10s %8s\n", "net, batch, optimiser", "hand (us)", "ct (us)", "ratio");
    for (int i = 0; i < n; i++) product *= measure(&rows[i]);
    printf("geometric mean of the ratios: %.3f\n", pow(product, 1. / n));
    return isnan(product) ? EXIT_FAILURE : EXIT_SUCCESS;
}
