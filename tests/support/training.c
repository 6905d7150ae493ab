#include "training.h"

#include "tensor/internal.h"

#include <check.h>
#include <string.h>

#define MAKE(symbol, ...)                                                                                            \
    static ct_optim *make_##symbol(ct_list parameters, double lr) {                                                  \
        return ct_##symbol(parameters, &(ct_##symbol##_options){.lr = lr, __VA_ARGS__});                             \
    }
MAKE(sgd, .momentum = 0.9, .nesterov = true)
MAKE(adam, .weight_decay = 1e-3)
MAKE(adamw, .weight_decay = 1e-2)
MAKE(amsgrad, .beta1 = 0.8)
MAKE(nadam, .beta1 = 0.8)
MAKE(radam, .beta1 = 0.8)
MAKE(adagrad, .weight_decay = 1e-3)
MAKE(rmsprop, .momentum = 0.5)
MAKE(adadelta, .weight_decay = 1e-3)
MAKE(rprop, .shrink = 0.4)
MAKE(lbfgs, .history = 4, .iterations = 4, .strong_wolfe = true)

#define ROW(symbol, lr) {"ct_" #symbol, lr, make_##symbol}
static const struct {
    const char *name;
    double lr;
    ct_optim *(*make)(ct_list parameters, double lr);
} optimizers[] = {
    ROW(sgd, 0.05),   ROW(adam, 0.01),    ROW(adamw, 0.01),   ROW(amsgrad, 0.01), ROW(nadam, 0.01), ROW(radam, 0.01),
    ROW(adagrad, 0.05), ROW(rmsprop, 0.01), ROW(adadelta, 1), ROW(rprop, 0.01), ROW(lbfgs, 1),
};

int tiny_optimizers(void) { return (int)(sizeof optimizers / sizeof *optimizers); }
const char *tiny_optimizer(int optimizer) { return optimizers[optimizer].name; }

ct_dataset *tiny_data(void) {
    int64_t labels[TINY_SAMPLES];
    ct_seed(7);
    ct_scope s = ct_begin();
    ct_tensor *x = ct_normal(CT_F64, CT_SHAPE(TINY_SAMPLES, 3), 0, 1);
    double *points = x->data;
    for (int i = 0; i < TINY_SAMPLES; i++) {
        labels[i] = i % 4;
        points[3 * i + labels[i] % 3] += labels[i] == 3 ? -2 : 2;
    }
    ct_dataset *data = ct_dataset_tensors(x, ct_from(CT_I64, CT_SHAPE(TINY_SAMPLES), labels));
    ck_assert_msg(ct_end(s), "%s", ct_error());
    return data;
}

tiny tiny_begin(int optimizer, ct_loader_options options) {
    tiny t = {.data = tiny_data(), .history = ct_history_new()};
    options.batch = 16;
    options.dtype = CT_F64;
    options.seed = 3;
    t.loader = ct_loader_new(t.data, &options);
    ct_seed(11);
    double dropout = strcmp(optimizers[optimizer].name, "ct_lbfgs") ? 0.25 : 0; /* a line search wants a function */
    t.net = ct_sequential(ct_linear(3, 6, .dtype = CT_F64), ct_tanh_layer(),
                          ct_batch_norm_layer(6, .dtype = CT_F64), ct_dropout_layer(dropout),
                          ct_linear(6, 4, .dtype = CT_F64));
    t.optim = optimizers[optimizer].make(ct_parameters(t.net), optimizers[optimizer].lr);
    t.schedule = ct_exponential_schedule(t.optim, &(ct_exponential_schedule_options){.gamma = 0.99});
    ck_assert_msg(t.net && t.optim && t.schedule && t.loader && t.history, "%s", ct_error());
    return t;
}

void tiny_end(tiny *t) {
    ct_history_free(t->history);
    ct_schedule_free(t->schedule);
    ct_optim_free(t->optim);
    ct_module_free(t->net);
    ct_loader_free(t->loader);
    ct_dataset_free(t->data);
    ct_release_memory();
}

ct_fit_end tiny_fit(tiny *t, int64_t steps, ct_fit_options more) {
    more.optim = t->optim;
    more.schedule = t->schedule;
    more.history = t->history;
    more.steps = steps;
    return ct_fit(t->net, t->loader, &more);
}

static void check_lists(const char *what, ct_list a, ct_list b) {
    ck_assert_int_eq(a.n, b.n);
    for (int i = 0; i < a.n; i++) {
        ck_assert_str_eq(a.items[i]->label, b.items[i]->label);
        ck_assert_msg(ct_same_shape(a.items[i], b.items[i]) &&
                          !memcmp(a.items[i]->data, b.items[i]->data, ct_bytes_of(a.items[i])),
                      "%s: %s differs", what, a.items[i]->label);
    }
}

void tiny_check_same(const tiny *a, const tiny *b) {
    check_lists("net", ct_module_state(a->net), ct_module_state(b->net));
    check_lists("optimiser", ct_optim_state(a->optim), ct_optim_state(b->optim));
    check_lists("schedule", ct_schedule_state(a->schedule), ct_schedule_state(b->schedule));
    ck_assert_int_eq(ct_history_size(a->history), ct_history_size(b->history));
    for (int64_t i = 0; i < ct_history_size(a->history); i++) {
        ct_history_row x = *ct_history_get(a->history, i), y = *ct_history_get(b->history, i);
        ck_assert_int_eq(x.step, y.step);
        ck_assert_int_eq(x.epoch, y.epoch);
        ck_assert_mem_eq(&x.lr, &y.lr, sizeof x.lr);
        ck_assert_mem_eq(&x.train, &y.train, sizeof x.train);
    }
}
