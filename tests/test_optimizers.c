/* optim/: the numbers of every optimiser after 200 steps, L-BFGS, clipping, schedules, and memory. */
#include "nn/nn.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/optimizers.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))
#define N 3

static ct_tensor *parameter(ct_dtype dtype, const double *values, int64_t n) {
    ct_tensor *x = ct_parameter(dtype, CT_SHAPE(n), "x");
    for (int64_t i = 0; i < n; i++) ct_write_element(dtype, x->data, i, values[i]);
    return x;
}

/* ---- 200 steps ---------------------------------------------------------------------------------------------- */

/* In step t the loss is sum of a x^4 / 4 - b (1 + sin(t) / 2) x. */
static const double a[N] = {0.1, 0.5, 1}, b[N] = {1, -0.5, 0.25}, start[N] = {1, -0.5, 2};

static void set_gradient(ct_tensor *x, int t) {
    if (!x->grad) x->grad = ct_buffer_like(x);
    x->flags |= CT_GRAD_SET;
    for (int i = 0; i < N; i++) {
        const double v = element(x, i);
        ct_write_element(x->dtype, x->grad, i, a[i] * v * v * v - b[i] * (1 + 0.5 * sin(t)));
    }
}

static void follow(const char *name, ct_tensor *x, ct_optim *opt, const double *wanted) {
    const double tolerance = x->dtype == CT_F64 ? 1e-12 : 1e-4;
    ck_assert_msg(opt != NULL, "%s", ct_error());
    for (int t = 0; t < 200; t++) {
        set_gradient(x, t);
        ck_assert(ct_step(opt));
    }
    for (int i = 0; i < N; i++)
        ck_assert_msg(fabs(element(x, i) - wanted[i]) <= tolerance, "%s: %.17g instead of %.17g", name, element(x, i),
                      wanted[i]);
    ct_optim_free(opt);
    ct_free(x);
}

/* Made with PyTorch 1.13, dtype float64: x.grad as above, then step(), for t in range(200). NAdam with foreach=True,
 * the other form of 1.13 being wrong. */
#define GOLDEN(symbol, options, ...)                                                                                 \
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {                                                        \
        ct_tensor *x = parameter(dtype, start, N);                                                                   \
        follow(#symbol, x, symbol(CT_LIST(x), &(symbol##_options)OPTIONS options), (double[]){__VA_ARGS__});         \
    }
#define OPTIONS(...) {__VA_ARGS__} /* in parentheses, so that they are one argument */

START_TEST(two_hundred_steps_end_where_pytorchs_do) {
    GOLDEN(ct_sgd, (.lr = 0.02, .momentum = 0.8, .nesterov = true, .weight_decay = 0.01), 2.145710103696545,
           -0.9966914015063324, 0.6263703015721429)
    GOLDEN(ct_adam, (.lr = 0.02, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.01), 2.143230409505945,
           -0.9980626815895978, 0.6764997362605752)
    GOLDEN(ct_adamw, (.lr = 0.02, .beta1 = 0.8, .beta2 = 0.99, .weight_decay = 0.1), 2.085259930294612,
           -0.9914580154633492, 0.5980167083591741)
    GOLDEN(ct_amsgrad, (.lr = 0.02, .beta1 = 0.8, .beta2 = 0.9), 2.154876549781381, -1.002386374374396,
           0.8272479109227349)
    GOLDEN(ct_nadam, (.lr = 0.02, .momentum_decay = 0.01, .weight_decay = 0.01), 2.13949094747806,
           -0.9932858058961005, 0.7214702631864485)
    GOLDEN(ct_radam, (.lr = 0.02, .beta2 = 0.98, .weight_decay = 0.01), 2.140843917463692, -0.9957734763647696,
           0.6240438136746728)
    GOLDEN(ct_adagrad, (.lr = 0.1, .lr_decay = 0.01, .initial = 0.5, .weight_decay = 0.01), 2.060343828458938,
           -0.9930402009632565, 0.9427650891633521)
    GOLDEN(ct_rmsprop, (.lr = 0.005, .momentum = 0.5, .centered = true, .alpha = 0.95, .weight_decay = 0.01),
           2.142199733216845, -0.9973387540590146, 0.628112528731859)
    GOLDEN(ct_adadelta, (.lr = 1, .rho = 0.95, .eps = 1e-4, .weight_decay = 0.01), 2.13312714496599,
           -0.9795236017451002, 0.6218672748813349)
    GOLDEN(ct_rprop, (.lr = 0.01, .shrink = 0.4, .grow = 1.1, .step_min = 1e-4, .step_max = 0.05), 2.014185534677341,
           -0.918820481182642, 0.6127987397979731)
}
END_TEST

/* ---- L-BFGS ------------------------------------------------------------------------------------------------- */

/* (1 - x0)^2 + 10 (x1 - x0^2)^2 + (x2 - x1)^4 */
static ct_tensor *valley(void *context) {
    ct_tensor *x = ct_cast(context, CT_F64);
    ct_tensor *x0 = ct_select(x, 0, 0), *x1 = ct_select(x, 0, 1), *x2 = ct_select(x, 0, 2);
    ct_tensor *along = ct_square(ct_sub(ct_scalar(1), x0));
    ct_tensor *across = ct_mul(ct_scalar(10), ct_square(ct_sub(x1, ct_square(x0))));
    return ct_add(ct_add(along, across), ct_square(ct_square(ct_sub(x2, x1))));
}

static ct_tensor *valley_of_two(void *context) {
    ct_tensor *const *parts = context;
    return valley(ct_concat(CT_LIST(parts[0], parts[1]), 0));
}

static const double valley_start[N] = {-1.5, 2, 0.5};

/* Losses and places made with PyTorch 1.13's LBFGS, float64, four steps. */
START_TEST(lbfgs_goes_where_pytorchs_does) {
    const struct {
        ct_lbfgs_options options;
        double loss[4], x[N];
    } cases[] = {
        {{.lr = 1, .iterations = 5, .history = 4, .strong_wolfe = true},
         {11.9375, 4.382994920087716, 1.8559915070811528, 0.6804376904811865},
         {0.8633914718568574, 0.7117456714649691, 0.27796114983363995}},
        {{.lr = 0.001, .iterations = 5, .evaluations = 3, .history = 2},
         {11.9375, 11.913876005992114, 11.895211644277659, 11.876558936692026},
         {-1.4982123297088454, 1.9980399426637085, 0.5020466382066083}},
    };
    for (int k = 0; k < COUNT(cases); k++) {
        ct_tensor *x = parameter(CT_F64, valley_start, N);
        ct_optim *opt = ct_lbfgs(CT_LIST(x), &cases[k].options);
        for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(ct_step_closure(opt, valley, x), cases[k].loss[i], 1e-10);
        for (int i = 0; i < N; i++) ck_assert_double_eq_tol(element(x, i), cases[k].x[i], 1e-10);
        ck_assert(!ct_has_gradient(x));
        ct_optim_free(opt);
        ct_free(x);
    }
}
END_TEST

/* What it remembers of a parameter's movement does not move it when it is frozen. */
START_TEST(lbfgs_leaves_frozen_parameters_alone) {
    ct_tensor *x = parameter(CT_F64, valley_start, 2), *y = parameter(CT_F64, valley_start + 2, 1);
    ct_tensor *both[] = {x, y};
    ct_optim *opt = ct_lbfgs(CT_LIST(x, y), &(ct_lbfgs_options){.lr = 1, .iterations = 4, .strong_wolfe = true});
    ck_assert(isfinite(ct_step_closure(opt, valley_of_two, both)));
    const double before = element(y, 0), moving = element(x, 0);
    ct_freeze(CT_LIST(y));
    ck_assert(isfinite(ct_step_closure(opt, valley_of_two, both)));
    ck_assert_double_eq(element(y, 0), before);
    ck_assert_double_ne(element(x, 0), moving);
    ct_optim_free(opt);
    ct_free(x);
    ct_free(y);
}
END_TEST

START_TEST(lbfgs_finds_the_minimum_in_f32_too) {
    ct_tensor *x = parameter(CT_F32, valley_start, N);
    ct_optim *opt = ct_lbfgs(CT_LIST(x), &(ct_lbfgs_options){.lr = 1, .strong_wolfe = true});
    for (int i = 0; i < 10; i++) ck_assert(isfinite(ct_step_closure(opt, valley, x)));
    for (int i = 0; i < 2; i++) ck_assert_double_eq_tol(element(x, i), 1, 1e-3);
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* Fails at its third call. */
typedef struct failing {
    ct_tensor *x;
    int calls;
} failing;

static ct_tensor *fail_at_third(void *context) {
    failing *f = context;
    return ++f->calls == 3 ? ct_matmul(f->x, ct_zeros(CT_F64, CT_SHAPE(7))) : valley(f->x);
}

START_TEST(failing_closure_moves_nothing) {
    ct_tensor *x = parameter(CT_F64, valley_start, N);
    failing f = {.x = x};
    ct_optim *opt = ct_lbfgs(CT_LIST(x), &(ct_lbfgs_options){.lr = 1, .iterations = 1, .strong_wolfe = true});
    ck_assert(isfinite(ct_step_closure(opt, valley, x)));
    double before[N];
    memcpy(before, x->data, sizeof before);
    f.calls = 1; /* fails at the first look along the line */
    ck_assert(isnan(ct_step_closure(opt, fail_at_third, &f)));
    expect_error(CT_ERR_SHAPE, "ct_matmul", "test_optimizers.c:");
    ck_assert(!memcmp(before, x->data, sizeof before) && !ct_has_gradient(x));
    ct_optim_free(opt);

    opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 1e-3});
    f.calls = 2;
    ck_assert(isnan(ct_step_closure(opt, fail_at_third, &f)));
    ct_error_clear();
    ck_assert(!memcmp(before, x->data, sizeof before));
    ck_assert(ct_step_closure(opt, valley, x) > ct_step_closure(opt, valley, x));
    ck_assert(isnan(ct_step_closure(opt, NULL, NULL)));
    expect_error(CT_ERR_NULL, "ct_step_closure", "test_optimizers.c:");
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* ---- clipping ----------------------------------------------------------------------------------------------- */

/* x has the gradient 3 forty times, y has 4, and the third none: the norm is sqrt(376). */
START_TEST(gradients_are_clipped) {
    const double zero[40] = {0}, norm = sqrt(40 * 9 + 16);
    ct_tensor *x = parameter(CT_F64, zero, 40), *y = parameter(CT_F32, zero, 1), *none = parameter(CT_F64, zero, 2);
    ct_list all = CT_LIST(x, y, none);
    ct_scope s = ct_begin();
    ct_backward(ct_mul(ct_sum(x, CT_ALL), ct_scalar(3)));
    ct_backward(ct_sum(ct_mul(y, ct_scalar(4)), CT_ALL));
    ck_assert_double_eq_tol(ct_clip_grad_norm(all, 100), norm, 1e-12);
    ck_assert_double_eq(element(ct_gradient(x), 39), 3);
    ck_assert_double_eq_tol(ct_clip_grad_norm(all, 2), norm, 1e-12);
    ck_assert_double_eq_tol(element(ct_gradient(x), 39), 3 * 2 / (norm + 1e-6), 1e-14);
    ck_assert_double_eq_tol(element(ct_gradient(y), 0), 4 * 2 / (norm + 1e-6), 1e-7);
    ck_assert(ct_clip_grad_value(all, 0.125));
    ck_assert_double_eq(element(ct_gradient(x), 17), 0.125);
    ck_assert(!ct_has_gradient(none));
    ck_assert(isnan(ct_clip_grad_norm(all, 0)));
    expect_error(CT_ERR_ARGUMENT, "ct_clip_grad_norm: the bound is 0", "test_optimizers.c:");
    ck_assert(isnan(ct_clip_grad_norm((ct_list){.n = 2}, 1)));
    expect_error(CT_ERR_NULL, "ct_clip_grad_norm: operand 1", "test_optimizers.c:");
    ck_assert(!ct_clip_grad_value(all, NAN));
    expect_error(CT_ERR_ARGUMENT, "ct_clip_grad_value", "test_optimizers.c:");
    ck_assert(!ct_clip_grad_value(CT_LIST(x, NULL), 1));
    expect_error(CT_ERR_NULL, "ct_clip_grad_value", "test_optimizers.c:");
    end_well(s);
    ct_free(x);
    ct_free(y);
    ct_free(none);
}
END_TEST

/* ---- schedules ---------------------------------------------------------------------------------------------- */

/* The rates for t = 0, 1, ... n - 1 of an optimiser whose lr is 0.5; frees both. */
static void expect_rates(ct_optim *opt, ct_schedule *schedule, int n, const double *wanted) {
    ck_assert_msg(schedule != NULL, "%s", ct_error());
    for (int t = 0; t < n; t++) {
        ck_assert_msg(fabs(ct_learning_rate(opt) - wanted[t]) < 1e-15, "t = %d: %.17g", t, ct_learning_rate(opt));
        ck_assert(ct_schedule_step(schedule));
    }
    ct_schedule_free(schedule);
    ct_optim_free(opt);
}
#define RATES(symbol, options, ...)                                                                                  \
    {                                                                                                                \
        const double wanted[] = {__VA_ARGS__};                                                                       \
        ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});                                            \
        expect_rates(opt, symbol(opt, &(symbol##_options)OPTIONS options), COUNT(wanted), wanted);                   \
    }

START_TEST(rates_follow_their_closed_forms) {
    ct_tensor *x = parameter(CT_F64, start, N);
    const double r = 0.5, half = sqrt(0.5);
    RATES(ct_step_schedule, (.every = 2, .gamma = 0.5), r, r, r / 2, r / 2, r / 4)
    RATES(ct_multi_step_schedule, (.milestones = {1, 4}), r, r / 10, r / 10, r / 10, r / 100, r / 100)
    RATES(ct_exponential_schedule, (.gamma = 0.5), r, r / 2, r / 4, r / 8)
    RATES(ct_cosine_schedule, (.steps = 4, .lowest = 0.1), 0.5, 0.3 + 0.2 * half, 0.3, 0.3 - 0.2 * half, 0.1,
          0.3 - 0.2 * half)
    RATES(ct_warmup_schedule, (.steps = 4, .start = 0.2), 0.1, 0.2, 0.3, 0.4, 0.5, 0.5)
    RATES(ct_one_cycle_schedule, (.steps = 5, .rising = 0.6, .division = 5, .final_division = 10), 0.1, 0.3, 0.5,
          0.255, 0.01, 0.01, 0.01)
    ct_free(x);
}
END_TEST

START_TEST(warm_up_hands_over) {
    ct_tensor *x = parameter(CT_F64, start, N);
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    ct_schedule *then = ct_exponential_schedule(opt, &(ct_exponential_schedule_options){.gamma = 0.5});
    ct_warmup_schedule_options options = {.steps = 2, .start = 0.5, .then = then};
    ct_schedule *whole = ct_warmup_schedule(opt, &options);
    ck_assert(!ct_schedule_step(then));
    expect_error(CT_ERR_ARGUMENT, "ct_exponential_schedule is part of a schedule", "test_optimizers.c:");
    ck_assert_ptr_null(ct_warmup_schedule(opt, &options));
    expect_error(CT_ERR_ARGUMENT, "part of a schedule already", "test_optimizers.c:");
    ct_schedule_free(then); /* the other one's */
    expect_rates(opt, whole, 5, (double[]){0.25, 0.375, 0.5, 0.25, 0.125});
    ct_free(x);
}
END_TEST

/* A schedule that does not begin at its base, which it has set already when the warm-up is made. */
START_TEST(warm_up_hands_over_to_what_begins_lower) {
    ct_tensor *x = parameter(CT_F64, start, N);
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    ct_schedule *then = ct_one_cycle_schedule(
        opt, &(ct_one_cycle_schedule_options){.steps = 5, .rising = 0.6, .division = 5, .final_division = 10});
    ct_schedule *whole = ct_warmup_schedule(opt, &(ct_warmup_schedule_options){.steps = 2, .start = 0.5, .then = then});
    expect_rates(opt, whole, 5, (double[]){0.25, 0.375, 0.1, 0.3, 0.5});
    ct_free(x);
}
END_TEST

START_TEST(plateau_lowers_the_rate_when_nothing_gets_better) {
    ct_tensor *x = parameter(CT_F64, start, N);
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    const ct_plateau_schedule_options options = {.factor = 0.1, .patience = 1, .cooldown = 1, .lowest = 0.01};
    ct_schedule *schedule = ct_plateau_schedule(opt, &options);
    const double values[] = {5, 4, 4, 4, 4, 4, 4, 3, 3, NAN, 3, 3}; /* reductions after two bad ones in a row */
    const double rates[] = {.5, .5, .5, .05, .05, .05, .01, .01, .01, .01, .01, .01};
    for (int t = 0; t < COUNT(values); t++) {
        ck_assert(ct_schedule_step_on(schedule, values[t]));
        ck_assert_msg(fabs(ct_learning_rate(opt) - rates[t]) < 1e-15, "%d: %g", t, ct_learning_rate(opt));
    }
    ck_assert(!ct_schedule_step(schedule));
    expect_error(CT_ERR_ARGUMENT, "needs a value: see ct_schedule_step_on()", "test_optimizers.c:");
    ck_assert_ptr_null(ct_warmup_schedule(opt, &(ct_warmup_schedule_options){.steps = 2, .then = schedule}));
    expect_error(CT_ERR_ARGUMENT, "has no rate for a given step", "test_optimizers.c:");
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* With a preset that is not zero, too. */
START_TEST(zero_itself_can_be_said) {
    ct_tensor *x = parameter(CT_F64, start, N), *y = parameter(CT_F64, start, N);
    ct_optim *adam = ct_adam(CT_LIST(x), &(ct_adam_options){.lr = 0.1});
    ct_optim *adamw = ct_adamw(CT_LIST(y), &(ct_adamw_options){.lr = 0.1, .weight_decay = CT_ZERO});
    for (int t = 0; t < 3; t++) {
        set_gradient(x, t), set_gradient(y, t);
        ck_assert(ct_step(adam) && ct_step(adamw));
    }
    for (int i = 0; i < N; i++) ck_assert_double_eq(element(x, i), element(y, i));
    ct_schedule *schedule = ct_plateau_schedule(
        adam, &(ct_plateau_schedule_options){.factor = 0.5, .patience = CT_ZERO, .threshold = CT_ZERO});
    const double values[] = {5, 5, 4, 6}, rates[] = {0.1, 0.05, 0.05, 0.025};
    for (int t = 0; t < COUNT(values); t++) {
        ck_assert(ct_schedule_step_on(schedule, values[t]));
        ck_assert_double_eq_tol(ct_learning_rate(adam), rates[t], 1e-15);
    }
    ck_assert_ptr_null(ct_rprop(CT_LIST(x), &(ct_rprop_options){.lr = 0.1, .grow = CT_ZERO}));
    expect_error(CT_ERR_ARGUMENT, "ct_rprop: grow is 0, not in [1, inf)", "test_optimizers.c:");
    ck_assert_ptr_null(ct_step_schedule(adam, &(ct_step_schedule_options){.every = CT_ZERO}));
    expect_error(CT_ERR_ARGUMENT, "ct_step_schedule: every is 0, not in [1, ", "test_optimizers.c:");
    ct_schedule_free(schedule);
    ct_optim_free(adam);
    ct_optim_free(adamw);
    ct_free(x);
    ct_free(y);
}
END_TEST

/* Five steps, or three, a state that travels, and two of another schedule that was made with another rate. */
START_TEST(schedules_go_on_from_their_state) {
    ct_tensor *x = parameter(CT_F64, start, N);
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    const ct_plateau_schedule_options options = {.factor = 0.5, .patience = 1};
    ct_schedule *first = ct_plateau_schedule(opt, &options);
    for (int t = 0; t < 3; t++) ck_assert(ct_schedule_step_on(first, 1));
    ck_assert_double_eq(ct_learning_rate(opt), 0.25);
    ct_schedule *second = ct_plateau_schedule(opt, &options), *other = ct_cosine_schedule(
        opt, &(ct_cosine_schedule_options){.steps = 3});
    ck_assert(!ct_schedule_load(other, ct_schedule_state(first)));
    expect_error(CT_ERR_ARGUMENT, "ct_schedule_load: 3 tensors for a state of 2", "test_optimizers.c:");
    ck_assert_msg(ct_schedule_load(second, ct_schedule_state(first)), "%s", ct_error());
    for (int t = 0; t < 2; t++) ck_assert(ct_schedule_step_on(second, 1));
    ck_assert_double_eq(ct_learning_rate(opt), 0.125); /* the second reduction of 0.5 */
    ck_assert_int_eq(ct_schedule_state(NULL).n, 0);
    ct_schedule_free(first);
    ct_schedule_free(second);
    ct_schedule_free(other);
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

START_TEST(bad_schedules_are_refused) {
    ct_tensor *x = parameter(CT_F64, start, N);
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    ck_assert_ptr_null(ct_cosine_schedule(opt, NULL));
    expect_error(CT_ERR_ARGUMENT, "ct_cosine_schedule: steps is 0", "test_optimizers.c:");
    ck_assert_ptr_null(ct_step_schedule(opt, &(ct_step_schedule_options){.every = 1, .gamma = NAN}));
    expect_error(CT_ERR_ARGUMENT, "gamma is nan", "test_optimizers.c:");
    ck_assert_ptr_null(ct_one_cycle_schedule(opt, &(ct_one_cycle_schedule_options){.steps = 9, .rising = 2}));
    expect_error(CT_ERR_ARGUMENT, "rising is 2", "test_optimizers.c:");
    ck_assert_ptr_null(ct_exponential_schedule(NULL, NULL));
    expect_error(CT_ERR_NULL, "ct_exponential_schedule", "test_optimizers.c:");
    ck_assert(!ct_schedule_step(NULL));
    expect_error(CT_ERR_NULL, "ct_schedule_step", "test_optimizers.c:");
    ck_assert_double_eq(ct_learning_rate(opt), 0.5);
    ct_schedule_free(NULL);
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------- */

#ifndef CT_DEBUG /* which sets the memory of ended scopes aside for a while */
START_TEST(later_steps_allocate_nothing) {
    for (ct_optimizer_id id = 0; id < CT_OPTIMIZER_COUNT; id++) {
        support_fail_allocation(-1);
        ct_tensor *x = parameter(CT_F64, valley_start, N);
        ct_optim *opt = support_optimizer(id, CT_LIST(x), 0.01);
        ct_schedule *schedule = ct_exponential_schedule(opt, NULL);
        int64_t before = 0;
        for (int i = 0; i < 5; i++) {
            if (i == 2) before = support_allocations();
            ck_assert(isfinite(ct_step_closure(opt, valley, x)) && ct_schedule_step(schedule));
        }
        ck_assert_msg(support_allocations() == before, "%s", opt->name);
        ct_schedule_free(schedule);
        ct_optim_free(opt);
        ct_free(x);
        ct_release_memory();
        support_restore_allocator();
        ck_assert_int_eq(support_live_bytes(), 0);
    }
}
END_TEST
#endif

/* Every allocation of a constructor, of another group and of a schedule fails in turn: nothing is left. */
START_TEST(every_failing_allocation_is_survived) {
    for (ct_optimizer_id id = 0; id < CT_OPTIMIZER_COUNT; id++) {
        ct_tensor *x = parameter(CT_F64, start, N), *y = parameter(CT_F64, start, N);
        bool whole = false;
        for (int64_t k = 0; !whole; k++) {
            ck_assert_int_lt(k, 200);
            support_fail_allocation(k);
            ct_optim *opt = support_optimizer(id, CT_LIST(x), 0.01);
            ct_schedule *schedule = opt ? ct_plateau_schedule(opt, NULL) : NULL;
            whole = schedule && (id == CT_OPTIMIZER_ct_lbfgs || ct_optim_add_group(opt, CT_LIST(y), 1, 0));
            if (!whole) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
            ct_error_clear();
            ct_schedule_free(schedule);
            ct_optim_free(opt);
            support_restore_allocator();
            ck_assert_int_eq(support_live_bytes(), 0);
        }
        ct_free(x);
        ct_free(y);
    }
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("optimizers");
    TCase *rules = tcase_create("rules"), *schedules = tcase_create("schedules"), *memory = tcase_create("memory");
    tcase_add_test(rules, two_hundred_steps_end_where_pytorchs_do);
    tcase_add_test(rules, lbfgs_goes_where_pytorchs_does);
    tcase_add_test(rules, lbfgs_finds_the_minimum_in_f32_too);
    tcase_add_test(rules, lbfgs_leaves_frozen_parameters_alone);
    tcase_add_test(rules, failing_closure_moves_nothing);
    tcase_add_test(rules, gradients_are_clipped);
    tcase_add_test(schedules, rates_follow_their_closed_forms);
    tcase_add_test(schedules, warm_up_hands_over);
    tcase_add_test(schedules, warm_up_hands_over_to_what_begins_lower);
    tcase_add_test(schedules, plateau_lowers_the_rate_when_nothing_gets_better);
    tcase_add_test(schedules, zero_itself_can_be_said);
    tcase_add_test(schedules, schedules_go_on_from_their_state);
    tcase_add_test(schedules, bad_schedules_are_refused);
#ifndef CT_DEBUG
    tcase_add_test(memory, later_steps_allocate_nothing);
#endif
    tcase_add_test(memory, every_failing_allocation_is_survived);
    suite_add_tcase(suite, rules);
    suite_add_tcase(suite, schedules);
    suite_add_tcase(suite, memory);
    return suite;
}
