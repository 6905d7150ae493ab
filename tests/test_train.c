/* The fit loop: the same bits as a loop by hand, when it measures, and how it ends. */
#include "support/memory.h"
#include "support/training.h"
#include "tensor/internal.h"

#include <check.h>
#include <math.h>
#include <string.h>

static void setup(void) { support_fail_allocation(-1); }

static void teardown(void) {
    ct_error_clear();
    support_restore_allocator();
}

static tiny begin(void) { return tiny_begin(1, (ct_loader_options){.shuffle = true}); }

static ct_loader *others_of(const tiny *t, int64_t batch) {
    return ct_loader_new(t->data, &(ct_loader_options){.batch = batch, .dtype = CT_F64});
}

/* ---- the same bits ------------------------------------------------------------------------------------------ */

/* What ct_fit() does, from public calls. */
static void fit_by_hand(tiny *t, int64_t steps, double l2) {
    for (int64_t i = 1; i <= steps; i++) {
        ct_scope s = ct_begin();
        ct_batch batch = ct_next(t->loader);
        ct_tensor *loss = ct_cross_entropy(ct_forward(t->net, batch.x), batch.y);
        double factor = l2 / (double)ct_size(batch.y);
        if (l2 > 0) loss = ct_add(loss, ct_mul(ct_l2_penalty(t->net), ct_scalar(factor)));
        ct_backward(loss);
        ct_step(t->optim);
        if (i % TINY_BATCHES == 0) ct_schedule_step(t->schedule);
        ck_assert_msg(ct_end(s), "%s", ct_error());
    }
}

/* Replayed, recorded anew, prefetched and by hand: dropout draws the same numbers in each. */
START_TEST(test_same_as_by_hand) {
    for (int with_l2 = 0; with_l2 < 2; with_l2++) {
        double l2 = 0.5 * with_l2;
        tiny hand = begin(), fit = begin(), recorded = begin();
        tiny ahead = tiny_begin(1, (ct_loader_options){.shuffle = true, .prefetch = true});
        ct_seed(5);
        fit_by_hand(&hand, 22, l2);
        ct_seed(5);
        ck_assert_msg(tiny_fit(&fit, 22, (ct_fit_options){.l2 = l2}) == CT_FIT_DONE, "%s", ct_error());
        ct_seed(5);
        ck_assert_int_eq(tiny_fit(&recorded, 22, (ct_fit_options){.l2 = l2, .record_each_step = true}), CT_FIT_DONE);
        ct_seed(5);
        ck_assert_int_eq(tiny_fit(&ahead, 22, (ct_fit_options){.l2 = l2}), CT_FIT_DONE);
        tiny_check_same(&fit, &recorded);
        tiny_check_same(&fit, &ahead);
        ct_history_free(fit.history);
        fit.history = ct_history_new();
        tiny_check_same(&fit, &hand);
        tiny_end(&hand);
        tiny_end(&fit);
        tiny_end(&recorded);
        tiny_end(&ahead);
    }
}
END_TEST

START_TEST(test_learns) {
    for (int k = 0; k < tiny_optimizers(); k++) {
        tiny t = tiny_begin(k, (ct_loader_options){.shuffle = true});
        if (strcmp(tiny_optimizer(k), "ct_lbfgs") == 0) { /* which is for whole batches */
            ct_loader_free(t.loader);
            t.loader = others_of(&t, TINY_SAMPLES);
        }
        ck_assert_msg(tiny_fit(&t, 240, (ct_fit_options){0}) == CT_FIT_DONE, "%s", ct_error());
        double first = ct_history_get(t.history, 0)->train.loss;
        double last = ct_history_get(t.history, ct_history_size(t.history) - 1)->train.loss;
        ck_assert_msg(last < 0.9 * first, "%s: %g to %g", tiny_optimizer(k), first, last);
        tiny_end(&t);
    }
}
END_TEST

/* R3's cost: the mean loss, and lambda / (2 m) of the squares of all weights but not of biases. */
START_TEST(test_l2) {
    tiny t = begin();
    double squares = 0;
    for (int i = 0; i < ct_module_parameter_count(t.net); i++) {
        ct_tensor *w = ct_module_parameter(t.net, i);
        for (int64_t k = 0; w->ndim == 2 && k < ct_size(w); k++) squares += pow(((double *)w->data)[k], 2);
    }
    ct_scope s = ct_begin();
    ck_assert_double_eq_tol(ct_item(ct_l2_penalty(t.net)), squares / 2, 1e-12);
    ct_seed(2);
    ct_batch batch = ct_next(t.loader);
    double plain = ct_item(ct_cross_entropy(ct_forward(t.net, batch.x), batch.y));
    ck_assert(ct_end(s));
    ck_assert(ct_loader_seek(t.loader, (ct_loader_place){0}));
    ct_seed(2);
    ck_assert_int_eq(tiny_fit(&t, 1, (ct_fit_options){.l2 = 0.04}), CT_FIT_DONE);
    ck_assert_double_eq_tol(ct_history_get(t.history, 0)->train.loss, plain + 0.04 / (2 * 16) * squares, 1e-12);
    tiny_end(&t);
}
END_TEST

/* ---- rows, hooks, ends ------------------------------------------------------------------------------------------ */

typedef struct seen {
    int64_t steps, epochs, rows, stop_at;
    volatile sig_atomic_t stop; /* as a signal's handler would set it */
} seen;

static bool see_step(void *context, const ct_fit_moment *now) {
    seen *s = context;
    s->steps++;
    s->rows += now->row != NULL;
    ck_assert_int_eq(now->place->step, s->steps);
    ck_assert(isfinite(now->loss));
    if (s->steps == s->stop_at) s->stop = 1;
    return s->steps != -s->stop_at;
}

static bool see_epoch(void *context, const ct_fit_moment *now) {
    seen *s = context;
    s->epochs++;
    ck_assert(now->row && now->row->epoch_ends && now->row->epoch == s->epochs);
    return true;
}

START_TEST(test_rows) {
    tiny t = begin();
    ct_loader *others = others_of(&t, 20), *again = others_of(&t, 20);
    seen s = {0};
    ct_fit_options o = {.validation = others, .test = again, .log_every = 3, .after_step = see_step,
                        .after_epoch = see_epoch, .context = &s, .epochs = 2};
    ck_assert_msg(tiny_fit(&t, 7, o) == CT_FIT_DONE, "%s", ct_error());
    static const int64_t steps[] = {3, 4, 6, 7}, epochs[] = {1, 1, 2, 2}, samples[] = {48, 50, 32, 16};
    ck_assert_int_eq(ct_history_size(t.history), 4);
    for (int i = 0; i < 4; i++) {
        const ct_history_row *row = ct_history_get(t.history, i);
        ck_assert_int_eq(row->step, steps[i]);
        ck_assert_int_eq(row->epoch, epochs[i]);
        ck_assert_int_eq(row->epoch_ends, i == 1);
        ck_assert_int_eq(row->train.samples, samples[i]); /* since the last row, but where an epoch ends of it all */
        ck_assert_int_eq(row->validation.samples, i % 2 ? TINY_SAMPLES : 0);
        ck_assert_int_eq(row->test.samples, i % 2 ? TINY_SAMPLES : 0);
        ck_assert(row->seconds > 0 && row->lr > 0);
    }
    ck_assert_int_eq(s.steps, 7);
    ck_assert_int_eq(s.epochs, 1);
    ck_assert_int_eq(s.rows, 4);
    ct_loader_free(others);
    ct_loader_free(again);
    tiny_end(&t);
}
END_TEST

START_TEST(test_interrupted) {
    for (int by_hook = 0; by_hook < 2; by_hook++) {
        tiny t = begin();
        seen s = {.stop_at = by_hook ? -6 : 6};
        ct_fit_options o = {.after_step = see_step, .context = &s, .interrupt = &s.stop};
        ck_assert_int_eq(tiny_fit(&t, 100, o), CT_FIT_INTERRUPTED);
        ck_assert_int_eq(s.steps, 6);
        ck_assert_str_eq(ct_error(), "");
        tiny_end(&t);
    }
}
END_TEST

/* A loss that gets no better stops after so many looks, of steps or of epochs. */
START_TEST(test_early) {
    for (int by_step = 0; by_step < 2; by_step++) {
        tiny t = begin();
        ct_loader *others = others_of(&t, 20);
        ct_fit_options o = {.validation = others, .early_stop = {.patience = 5, .min_delta = 10},
                            .validate_every = by_step ? 1 : 0};
        ck_assert_int_eq(tiny_fit(&t, 100, o), CT_FIT_EARLY);
        const ct_history_row *last = ct_history_get(t.history, ct_history_size(t.history) - 1);
        ck_assert_int_eq(last->step, by_step ? 6 : 6 * TINY_BATCHES); /* the first look is an improvement */
        ct_loader_free(others);
        tiny_end(&t);
    }
}
END_TEST

START_TEST(test_early_rule) {
    ct_early_stop rule = {.patience = 2, .min_delta = 0.1};
    ct_stop_state state = {0};
    static const struct {
        double cost;
        bool stop;
    } looks[] = {{5, false}, {4.95, false}, {4.85, false}, {4.8, false}, {NAN, true}};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        ck_assert_int_eq(ct_stop_early(rule, &state, looks[i].cost), looks[i].stop);
    ck_assert_double_eq(state.best, 4.85);
    state = (ct_stop_state){0};
    ck_assert(!ct_stop_early(rule, &state, NAN)); /* as bad as can be */
    ck_assert(!ct_stop_early(rule, &state, 3));
    rule.patience = 0;
    for (int i = 0; i < 10; i++) ck_assert(!ct_stop_early(rule, &state, 3));
}
END_TEST

/* Into a file, a line an epoch. */
START_TEST(test_progress) {
    char text[1024];
    FILE *out = tmpfile();
    tiny t = begin();
    ct_loader *others = others_of(&t, 20);
    ct_fit_options o = {.epochs = 2, .validation = others, .progress = out};
    ck_assert_int_eq(tiny_fit(&t, 8, o), CT_FIT_DONE);
    rewind(out);
    for (int i = 1; i <= 2; i++) {
        char begins[64];
        snprintf(begins, sizeof begins, "epoch %d of 2   batch 4 of 4   loss ", i);
        ck_assert(fgets(text, sizeof text, out));
        ck_assert_msg(strncmp(text, begins, strlen(begins)) == 0, "%s", text);
        ck_assert_msg(strstr(text, " %   validation loss ") && strstr(text, " steps/s, 0 s left\n"), "%s", text);
    }
    ck_assert(!fgets(text, sizeof text, out));
    fclose(out);
    ct_loader_free(others);
    tiny_end(&t);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------------------- */

START_TEST(test_diverges) {
    tiny t = begin();
    ck_assert(ct_set_learning_rate(t.optim, 0.1));
    ct_tensor *w = ct_module_parameter(t.net, 2);
    ck_assert_int_eq(tiny_fit(&t, 5, (ct_fit_options){0}), CT_FIT_DONE);
    ((double *)w->data)[0] = NAN;
    ct_fit_end end = tiny_fit(&t, 9, (ct_fit_options){0});
    ck_assert_int_eq(end, CT_FIT_FAILED);
    ck_assert_int_eq(ct_error_status(), CT_ERR_NONFINITE);
    ck_assert_msg(strstr(ct_error(), "ct_fit: the loss is nan in step 1, batch 1 of epoch 1, which is not taken"), "%s",
                  ct_error());
    ck_assert_msg(strstr(ct_error(), "(training.c:"), "%s", ct_error());
    ck_assert(!ct_error_pending());
    tiny_end(&t);
}
END_TEST

static void refused(tiny *t, ct_error_code code, const char *text, ct_fit_options o) {
    ck_assert_int_eq(ct_fit(t->net, t->loader, &o), CT_FIT_FAILED);
    ck_assert_int_eq(ct_error_status(), code);
    ck_assert_msg(strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ck_assert(!ct_error_pending());
    ct_error_clear();
}

START_TEST(test_options) {
    tiny t = begin();
    ct_optim *optim = t.optim;
    refused(&t, CT_ERR_ARGUMENT, "`optim` is not given", (ct_fit_options){.epochs = 1});
    refused(&t, CT_ERR_ARGUMENT, "epochs or steps", (ct_fit_options){.optim = optim});
    refused(&t, CT_ERR_ARGUMENT, "epochs or steps", (ct_fit_options){.optim = optim, .epochs = -1});
    refused(&t, CT_ERR_ARGUMENT, "l2", (ct_fit_options){.optim = optim, .epochs = 1, .l2 = NAN});
    refused(&t, CT_ERR_ARGUMENT, "negative", (ct_fit_options){.optim = optim, .epochs = 1, .log_every = -1});
    refused(&t, CT_ERR_ARGUMENT, "`validation`",
            (ct_fit_options){.optim = optim, .epochs = 1, .early_stop.patience = 3});
    refused(&t, CT_ERR_ARGUMENT, "`checkpoint_file`", (ct_fit_options){.optim = optim, .epochs = 1, .resume = true});
    refused(&t, CT_ERR_ARGUMENT, "one of its own", (ct_fit_options){.optim = optim, .epochs = 1, .train = t.loader});
    ck_assert_ptr_null(ct_adam(ct_parameters(t.net), &(ct_adam_options){.lr = NAN}));
    refused(&t, CT_ERR_ARGUMENT, "lr is nan", (ct_fit_options){.epochs = 1}); /* the cause, not that optim is NULL */
    tiny_end(&t);
}
END_TEST

static ct_tensor *bad_loss(const char *at, ct_tensor *output, ct_tensor *target) {
    (void)target;
    return ct_neg_at(at, output);
}

START_TEST(test_bad_loss) {
    tiny t = begin();
    refused(&t, CT_ERR_SHAPE, "no scalar", (ct_fit_options){.optim = t.optim, .epochs = 1, .loss = bad_loss});
    refused(&t, CT_ERR_SHAPE, "ct_mse", (ct_fit_options){.optim = t.optim, .epochs = 1, .loss = ct_mse_at});
    tiny_end(&t);
}
END_TEST

/* A class more than the net has outputs, at once or only in a step that is replayed. */
START_TEST(test_label_out_of_range) {
    for (int late = 0; late < 2; late++) {
        int64_t y[8] = {0, 1, 2, late ? 0 : 3, 0, 1, 3, 2};
        ct_scope s = ct_begin();
        ct_dataset *data = ct_dataset_tensors(ct_ones(CT_F32, CT_SHAPE(8, 2)), ct_from(CT_I64, CT_SHAPE(8), y));
        ck_assert_msg(ct_end(s), "%s", ct_error());
        ct_loader *loader = ct_loader_new(data, &(ct_loader_options){.batch = 4});
        ct_module *net = ct_linear(2, 3);
        ct_optim *sgd = ct_sgd(ct_parameters(net), &(ct_sgd_options){.lr = 0.1});
        ck_assert_int_eq(ct_fit(net, loader, &(ct_fit_options){.optim = sgd, .epochs = 1}), CT_FIT_FAILED);
        const char *why = late ? "its batch has class 3, which no output is for" : "class 3, of 3 classes";
        ck_assert_msg(strstr(ct_error(), why), "%s", ct_error());
        ct_error_clear();
        ct_optim_free(sgd);
        ct_module_free(net);
        ct_loader_free(loader);
        ct_dataset_free(data);
    }
}
END_TEST

START_TEST(test_steps_allocate_nothing) {
    tiny t = begin();
    ct_history_free(t.history);
    t.history = NULL;
    ck_assert_int_eq(tiny_fit(&t, 4, (ct_fit_options){0}), CT_FIT_DONE);
    int64_t before = support_allocations();
    ck_assert_int_eq(tiny_fit(&t, 400, (ct_fit_options){0}), CT_FIT_DONE);
#ifndef CT_DEBUG /* whose scopes keep the memory of those before them away */
    ck_assert_int_eq(support_allocations(), before);
#endif
    (void)before;
    tiny_end(&t);
    ck_assert_int_eq(support_live_bytes(), 0);
}
END_TEST

START_TEST(test_allocations_fail) {
    int failed = 0;
    for (int64_t k = 0;; k++) {
        support_restore_allocator(); /* what is prepared is not counted */
        tiny t = begin();
        support_fail_allocation(k);
        ct_fit_end end = tiny_fit(&t, 9, (ct_fit_options){.l2 = 0.1});
        ct_release_memory();
        bool all = support_allocations() <= k;
        ck_assert(end == CT_FIT_DONE || ct_error_status() == CT_ERR_MEMORY);
        failed += end != CT_FIT_DONE;
        ct_error_clear();
        support_restore_allocator();
        tiny_end(&t);
        if (all) break;
    }
    ck_assert_int_ge(failed, 3);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("training");
    TCase *t;
    suite_add_tcase(suite, t = tcase_create("bits"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_same_as_by_hand);
    tcase_add_test(t, test_learns);
    tcase_add_test(t, test_l2);
    suite_add_tcase(suite, t = tcase_create("ends"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_rows);
    tcase_add_test(t, test_interrupted);
    tcase_add_test(t, test_early);
    tcase_add_test(t, test_early_rule);
    tcase_add_test(t, test_progress);
    suite_add_tcase(suite, t = tcase_create("failures"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_diverges);
    tcase_add_test(t, test_options);
    tcase_add_test(t, test_bad_loss);
    tcase_add_test(t, test_label_out_of_range);
    tcase_add_test(t, test_steps_allocate_nothing);
    tcase_add_test(t, test_allocations_fail);
    return suite;
}
