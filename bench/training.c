/* A training step (forward, softmax cross-entropy, backward, update): the library's, recorded anew or replayed,
 * beside the same step written by hand in C over cblas, its products alone, and PyTorch where it is installed. */
#include <cotangent/cotangent.h>

#include "support/by_hand.h"
#include "support/report.h"
#include "support/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 31

typedef struct row {
    const char *name;
    int layers, width[MAX_LAYERS + 1], batch;
    bool adam;
    int repeats;        /* steps a round */
    double two_threads; /* most of the hand-written step's time on two threads; 0: of our own on one thread, 1 */
    double torch;       /* least of PyTorch's time, in ours */
} row;

static const row rows[] = {
    {"784-64-128-64-10, batch 64, Adam", 4, {784, 64, 128, 64, 10}, 64, true, 40, 0.75, 2},
    {"784-256-512-128-10, batch 64, Adam", 4, {784, 256, 512, 128, 10}, 64, true, 8, 0.95, 2},
    {"784-128-64-10, batch 24, SGD", 3, {784, 128, 64, 10}, 24, false, 60, 0.75, 2},
    {"784-128-64-10, batch 1, SGD", 3, {784, 128, 64, 10}, 1, false, 400, 0, 8},
    {"784-10, batch 32, SGD", 1, {784, 10}, 32, false, 400, 0, 8},
    {"784-20-7-5-10, batch 32, SGD", 4, {784, 20, 7, 5, 10}, 32, false, 300, 0, 8},
    {"784-128-64-10, batch 8192, SGD", 3, {784, 128, 64, 10}, 8192, false, 1, 0.95, 1.1},
};
#define N_ROWS ((int)(sizeof rows / sizeof *rows))

typedef struct task {
    const row *row;
    int threads;
    float *x;
    int64_t *y;
    by_hand *hand;
    ct_module *net;
    ct_optim *optim;
    ct_tensor *recorded; /* the loss of the step that is replayed */
    double loss_by_hand, loss;
    int failures;
} task;

/* ---- contestants ------------------------------------------------------------------------------------------------
 */

static void let_blas_share(void *context) { by_hand_threads(((task *)context)->threads); }
static void share_ourselves(void *context) {
    by_hand_threads(1);
    ct_set_threads(((task *)context)->threads);
}
static void keep_alone(void *context) {
    (void)context;
    by_hand_threads(1);
    ct_set_threads(1);
}

static void products(void *context) { by_hand_products(((task *)context)->hand, ((task *)context)->x); }

static void step_by_hand(void *context) {
    task *t = context;
    t->loss_by_hand = by_hand_gradients(t->hand, t->x, t->y);
    if (t->row->adam) by_hand_adam(t->hand, 1e-3f);
    else by_hand_sgd(t->hand, 0.01f);
}

static ct_tensor *record_loss(task *t) {
    ct_tensor *x = ct_wrap(CT_F32, CT_SHAPE(t->row->batch, t->row->width[0]), t->x);
    ct_tensor *y = ct_wrap(CT_I64, CT_SHAPE(t->row->batch), t->y);
    return ct_cross_entropy(ct_forward(t->net, x), y);
}

static void step(void *context) {
    task *t = context;
    ct_scope s = ct_begin();
    ct_tensor *loss = record_loss(t);
    ct_backward(loss);
    ct_step(t->optim);
    t->loss = ct_item(loss);
    if (!ct_end(s)) t->failures++;
}

static void step_replayed(void *context) {
    task *t = context;
    if (!ct_replay(t->recorded) || !ct_backward(t->recorded) || !ct_step(t->optim)) t->failures++;
}

/* ---- setting up --------------------------------------------------------------------------------------------------
 */

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

static bool set_up(task *t, const row *r, int threads) {
    *t = (task){.row = r, .threads = threads};
    t->x = aligned_alloc(64, (size_t)r->batch * (size_t)r->width[0] * sizeof *t->x); /* rows of 49 * 64 bytes */
    t->y = malloc((size_t)r->batch * sizeof *t->y);
    t->hand = by_hand_new(r->layers, r->width, r->batch, r->adam);
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

/* ---- the tables --------------------------------------------------------------------------------------------------
 */

typedef enum who { PRODUCTS, HAND, TORCH, REPLAYED, OURS, ALONE, EVERYBODY } who; /* in the order of their turns */
static const char *const columns[] = {"GEMM (us)", "by hand", "cotangent", "replayed", "PyTorch", "one thread",
                                      "/ GEMM", "/ by hand", "PyTorch / ct", "/ one thread", NULL};

typedef struct result { /* ratios */
    double hand, torch; /* ours to by hand's, PyTorch's to ours */
    double alone;       /* ours to ours on one thread: the least that it may be, as ratio_at_least() says */
} result;

static result time_row(task *t, peer *torch) {
    const row *r = t->row;
    char line[128];
    int length = snprintf(line, sizeof line, "%d %d %d %d", t->threads, r->adam, r->batch, (r->repeats + 4) / 5);
    for (int i = 0; i <= r->layers; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, " %d", r->width[i]);
    contestant all[EVERYBODY] = {
        [PRODUCTS] = {.run = products, .prepare = let_blas_share, .context = t},
        [HAND] = {.run = step_by_hand, .prepare = let_blas_share, .context = t},
        [OURS] = {.run = step, .prepare = share_ourselves, .context = t},
        [REPLAYED] = {.run = step_replayed, .prepare = share_ourselves, .context = t},
        [TORCH] = {.peer = torch, .line = line},
        [ALONE] = {.run = step, .prepare = keep_alone, .context = t, .median = NAN},
    };
    const bool several = t->threads > 1;
    for (int i = 0; i < EVERYBODY && several; i++) all[i].settling = i == TORCH ? 0 : SETTLING;
    take_turns(all, several ? EVERYBODY : ALONE, ROUNDS, r->repeats, several ? WALL_TIME : CPU_TIME);
    const contestant *ours = &all[OURS], *alone = &all[ALONE];
    report_row(r->name, (double[]){1e6 * all[PRODUCTS].median, 1e6 * all[HAND].median, 1e6 * ours->median,
                                   1e6 * all[REPLAYED].median, 1e6 * all[TORCH].median, 1e6 * alone->median,
                                   ratio_of(ours, &all[PRODUCTS], ROUNDS), ratio_of(ours, &all[HAND], ROUNDS),
                                   ratio_of(&all[TORCH], ours, ROUNDS),
                                   several ? ratio_of(ours, alone, ROUNDS) : NAN});
    return (result){.hand = ratio_of(ours, &all[HAND], ROUNDS),
                    .torch = ratio_of(&all[TORCH], ours, ROUNDS),
                    .alone = several ? ratio_at_least(ours, alone, ROUNDS) : NAN};
}

/* NaN where the two did not compute the same. */
static result measure(const row *r, int threads, peer *torch, bool *failed) {
    task t;
    result found = {NAN, NAN, NAN};
    ct_set_threads(threads);
    if (set_up(&t, r, threads)) {
        step_by_hand(&t);
        step(&t);
        bool same = fabs(t.loss - t.loss_by_hand) <= 1e-3 * (1 + fabs(t.loss_by_hand));
        if (!same) fprintf(stderr, "%s: by hand the loss is %g, here %g\n", r->name, t.loss_by_hand, t.loss);
        ct_scope s = ct_begin();
        t.recorded = record_loss(&t);
        if (same) found = time_row(&t, torch);
        if (!ct_end(s) || t.failures || !same) *failed = true;
    }
    if (t.failures) fprintf(stderr, "%s\n", ct_error());
    tear_down(&t);
    return found;
}

static bool measure_all(int threads, const char *only, result *results) {
    peer torch;
    bool failed = false;
    if (!peer_start(&torch, threads, PYTHON, CT_BENCH_DIR "/peers/training_torch.py"))
        printf("\nPyTorch does not answer: is python3-torch installed?\n");
    report_table(threads == 1 ? "one" : "two",
                 threads == 1 ? "net, batch, optimiser; one thread, its time" : "two threads, time on the wall",
                 columns);
    for (int i = 0; i < N_ROWS; i++)
        if (!only || strstr(rows[i].name, only)) results[i] = measure(&rows[i], threads, &torch, &failed);
    peer_stop(&torch);
    return failed;
}

static void check_all(const result *one, const result *two) {
    char text[160];
    double product = 1;
    for (int i = 0; i < N_ROWS; i++) {
        const row *r = &rows[i];
        product *= one[i].hand;
        snprintf(text, sizeof text, "one thread over by hand: %s", r->name);
        report_check(text, one[i].hand, 1.03);
        const bool shares = r->two_threads > 0;
        snprintf(text, sizeof text, "two threads over %s: %s", shares ? "by hand on two" : "one, at least", r->name);
        report_check(text, shares ? two[i].hand : two[i].alone, shares ? r->two_threads : 1);
        snprintf(text, sizeof text, "PyTorch over one thread: %s", r->name);
        report_check_least(text, one[i].torch, r->torch);
        snprintf(text, sizeof text, "PyTorch over two threads: %s", r->name);
        report_check_least(text, two[i].torch, r->torch);
    }
    report_check("one thread over by hand: geometric mean", pow(product, 1. / N_ROWS), 1);
}

/* Usage: bench_training [PART OF A ROW'S NAME] */
int main(int argc, char **argv) {
    result one[N_ROWS], two[N_ROWS];
    const char *only = argc > 1 ? argv[1] : NULL;
    for (int i = 0; i < N_ROWS; i++) one[i] = two[i] = (result){NAN, NAN, NAN};
    if (!report_begin("training", "a step in microseconds; interleaved, medians of 31 rounds")) return EXIT_FAILURE;
    bool failed = measure_all(1, only, one);
    failed = measure_all(2, only, two) || failed;
    check_all(one, two);
    return report_end(failed);
}
