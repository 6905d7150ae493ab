/* optim/: each rule against its formula written out, and what surrounds the rules. */
#include "optim/update_kernels.h"
#include "support/expect.h"
#include "support/optimizers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))
#define N 37 /* elements of most parameters: no multiple of a vector */

/* ---- the formulas, as PyTorch's documentation writes them, one element at a time ------------------------------ */

typedef struct formula {
    double m, v;
} formula;

static double sgd(const void *options, formula *s, int t, double x, double g) {
    const ct_sgd_options *o = options;
    if (o->weight_decay != 0) g = g + o->weight_decay * x;
    if (o->momentum != 0) {
        if (t > 1) s->v = o->momentum * s->v + g;
        else s->v = g;
        if (o->nesterov) g = g + o->momentum * s->v;
        else g = s->v;
    }
    return x - o->lr * g;
}

static double adam(const void *options, formula *s, int t, double x, double g) {
    const ct_adam_options *o = options;
    const double beta1 = o->beta1 != 0 ? o->beta1 : 0.9, beta2 = o->beta2 != 0 ? o->beta2 : 0.999;
    const double eps = o->eps != 0 ? o->eps : 1e-8;
    if (o->weight_decay != 0) g = g + o->weight_decay * x;
    s->m = beta1 * s->m + (1 - beta1) * g;
    s->v = beta2 * s->v + (1 - beta2) * pow(g, 2);
    double m_hat = s->m / (1 - pow(beta1, t)), v_hat = s->v / (1 - pow(beta2, t));
    return x - o->lr * m_hat / (sqrt(v_hat) + eps);
}

/* ---- trajectories ------------------------------------------------------------------------------------------- */

typedef double rule(const void *options, formula *s, int t, double x, double g);

/* f = sum(a x^4 / 4 - b x), of several curvatures; the gradient is a x^3 - b. */
static void coefficients(double *a, double *b, double *x) {
    for (int i = 0; i < N; i++) {
        a[i] = 0.1 + 0.05 * i;
        b[i] = cos(i);
        x[i] = sin(3 * i);
    }
}

static ct_tensor *quartic(ct_tensor *x, const double *a, const double *b) {
    ct_tensor *as = ct_from(CT_F64, CT_SHAPE(N), a), *bs = ct_from(CT_F64, CT_SHAPE(N), b);
    if (ct_dtype_of(x) == CT_F32) as = ct_cast(as, CT_F32), bs = ct_cast(bs, CT_F32);
    ct_tensor *fourth = ct_square(ct_square(x)), *quarter = ct_full(ct_dtype_of(x), CT_SCALAR, 0.25);
    return ct_sum(ct_sub(ct_mul(quarter, ct_mul(as, fourth)), ct_mul(bs, x)), CT_ALL);
}

/* 200 steps of `opt` on x and of its formula in double; the largest difference seen. Frees both. */
static double largest_error(ct_tensor *x, ct_optim *opt, rule *formula_of, const void *options) {
    double a[N], b[N], expected[N], error = 0;
    formula state[N] = {0};
    coefficients(a, b, expected);
    ck_assert_msg(opt != NULL, "%s", ct_error());
    for (int i = 0; i < N; i++) ct_write_element(ct_dtype_of(x), x->data, i, expected[i]);
    for (int t = 1; t <= 200; t++) {
        ct_scope s = ct_begin();
        ct_backward(quartic(x, a, b));
        ck_assert(ct_step(opt));
        end_well(s);
        for (int i = 0; i < N; i++) {
            double g = a[i] * expected[i] * expected[i] * expected[i] - b[i];
            expected[i] = formula_of(options, &state[i], t, expected[i], g);
            error = fmax(error, fabs(element(x, i) - expected[i]));
            if (!isfinite(element(x, i))) error = INFINITY;
        }
    }
    ct_optim_free(opt);
    ct_free(x);
    return error;
}

static void check_trajectories(ct_dtype dtype, double tolerance) {
    const ct_sgd_options sgds[] = {
        {.lr = 0.01},
        {.lr = 0.01, .weight_decay = 0.1},
        {.lr = 0.01, .momentum = 0.9},
        {.lr = 0.02, .momentum = 0.5, .weight_decay = 1e-4},
        {.lr = 0.01, .momentum = 0.9, .nesterov = true},
        {.lr = 0.01, .momentum = 0.8, .weight_decay = 0.01, .nesterov = true},
    };
    const ct_adam_options adams[] = {
        {.lr = 1e-3},
        {.lr = 0.01, .weight_decay = 0.1},
        {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-3},
    };
    for (int k = 0; k < COUNT(sgds); k++) {
        ct_tensor *x = ct_parameter(dtype, CT_SHAPE(N), "x");
        double error = largest_error(x, ct_sgd(CT_LIST(x), &sgds[k]), sgd, &sgds[k]);
        ck_assert_msg(error <= tolerance, "SGD %d: %g", k, error);
    }
    for (int k = 0; k < COUNT(adams); k++) {
        ct_tensor *x = ct_parameter(dtype, CT_SHAPE(N), "x");
        double error = largest_error(x, ct_adam(CT_LIST(x), &adams[k]), adam, &adams[k]);
        ck_assert_msg(error <= tolerance, "Adam %d: %g", k, error);
    }
}

START_TEST(trajectories_follow_the_formulas) { check_trajectories(CT_F64, 1e-13); }
END_TEST

START_TEST(trajectories_in_f32_stay_near) { check_trajectories(CT_F32, 2e-5); }
END_TEST

/* ---- the same bits for every cut and instruction set ---------------------------------------------------------- */

static void fill(ct_tensor *x, int step) {
    x->grad = x->grad ? x->grad : ct_buffer_like(x);
    x->flags |= CT_GRAD_SET;
    ct_fill_normal(x->dtype, x->grad, ct_size_of(x), 11, (uint64_t)step, 0, 1);
}

START_TEST(threads_do_not_change_bits) {
    const int64_t n = 100003;
    for (ct_optimizer_id id = 0; id < CT_OPTIMIZER_ct_lbfgs; id++) {
        ct_tensor *x[3];
        for (int k = 0; k < 3; k++) {
            x[k] = ct_parameter(CT_F32, CT_SHAPE(n), NULL);
            ct_fill_uniform(CT_F32, x[k]->data, n, 3, 0, -1, 1);
            ct_set_threads(1 + k);
            ct_optim *opt = support_optimizer(id, CT_LIST(x[k]), 0.1);
            for (int step = 0; step < 3; step++) fill(x[k], step), ck_assert(ct_step(opt));
            ct_optim_free(opt);
        }
        for (int k = 1; k < 3; k++) ck_assert(!memcmp(x[0]->data, x[k]->data, ct_bytes_of(x[0])));
        for (int k = 0; k < 3; k++) ct_free(x[k]);
    }
}
END_TEST

#ifdef CT_X86_DISPATCH
/* x after eight steps, with weight decay. */
static void run_loop(ct_update_loop *loop, ct_dtype dtype, const ct_optim *opt, double *out) {
    double x[N], g[N], state[CT_MAX_STATES][N] = {{0}};
    ct_fill_normal(dtype, x, N, 1, 0, 0, 1);
    ct_fill_normal(dtype, g, N, 1, 1, 0, 1);
    ct_update u = {.n = N, .x = x, .g = g, .lr = 0.01, .weight_decay = 0.1, .options = &opt->options};
    for (int k = 0; opt->specs[k].name; k++)
        if (opt->specs[k].kept) u.state[k] = state[k];
    for (u.t = 1; u.t <= 8; u.t++) loop(&u);
    for (int i = 0; i < N; i++) out[i] = ct_read_element(dtype, x, i);
}

START_TEST(instruction_sets_do_not_change_bits) {
    const ct_update_table *tables[] = {&ct_updates_base, &ct_updates_avx2, &ct_updates_avx512};
    ct_tensor *p = ct_parameter(CT_F64, CT_SCALAR, "p");
    for (ct_optimizer_id id = 0; id < CT_OPTIMIZER_COUNT; id++) {
        ct_optim *opt = support_optimizer(id, CT_LIST(p), 0.01);
        if (id == CT_OPTIMIZER_ct_sgd) opt->specs[0].kept = true;
        for (ct_dtype dtype = CT_F32; dtype <= CT_F64 && tables[0]->loop[id][dtype]; dtype++)
            for (int isa = 1; isa <= (int)ct_isa; isa++) {
                double base[N], other[N];
                run_loop(tables[0]->loop[id][dtype], dtype, opt, base);
                run_loop(tables[isa]->loop[id][dtype], dtype, opt, other);
                ck_assert_msg(isfinite(base[0]) && !memcmp(base, other, sizeof base), "%s", opt->name);
            }
        ct_optim_free(opt);
    }
    ct_free(p);
}
END_TEST
#endif

/* ---- steps -------------------------------------------------------------------------------------------------- */

START_TEST(step_clears_gradients) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x");
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    const double expected[] = {-1.5, -3};
    for (int k = 0; k < 2; k++) {
        ct_scope s = ct_begin();
        ct_backward(ct_mul(x, ct_scalar(1)));
        ct_backward(ct_mul(x, ct_scalar(2))); /* two passes add up */
        ck_assert(ct_has_gradient(x) && ct_step(opt) && !ct_has_gradient(x));
        ck_assert_double_eq(ct_item(x), expected[k]);
        ck_assert(ct_step(opt)); /* nothing is left to do */
        ck_assert_double_eq(ct_item(x), expected[k]);
        end_well(s);
    }
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* Adam's first step is lr long whatever the gradient, if it counts as the parameter's first. */
START_TEST(unreached_parameter_stays_and_does_not_age) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x"), *y = ct_parameter(CT_F64, CT_SCALAR, "y");
    ct_optim *opt = ct_adam(CT_LIST(x, y), &(ct_adam_options){.lr = 0.25});
    for (int k = 0; k < 10; k++) {
        ct_scope s = ct_begin();
        ct_backward(ct_mul(x, ct_scalar(3)));
        ck_assert(ct_step(opt));
        end_well(s);
    }
    ck_assert_double_eq(ct_item(y), 0);
    ct_scope s = ct_begin();
    ct_backward(ct_mul(y, ct_scalar(1000)));
    ck_assert(ct_step(opt));
    end_well(s);
    ck_assert(fabs(ct_item(y) + 0.25) < 1e-10 && ct_item(x) < -2);
    ct_optim_free(opt);
    ct_free(x);
    ct_free(y);
}
END_TEST

START_TEST(learning_rate_can_change) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x");
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    ck_assert_double_eq(ct_learning_rate(opt), 0.5);
    const double rates[] = {0.25, 0}, expected[] = {-0.25, -0.25};
    for (int k = 0; k < 2; k++) {
        ck_assert(ct_set_learning_rate(opt, rates[k]));
        ck_assert_double_eq(ct_learning_rate(opt), rates[k]);
        ct_scope s = ct_begin();
        ct_backward(ct_mul(x, ct_scalar(1)));
        ck_assert(ct_step(opt));
        ck_assert_double_eq(ct_item(x), expected[k]);
        end_well(s);
    }
    const double bad[] = {-1, NAN, INFINITY};
    for (int k = 0; k < COUNT(bad); k++) {
        ck_assert(!ct_set_learning_rate(opt, bad[k]));
        expect_error(CT_ERR_ARGUMENT, "ct_set_learning_rate: lr is", "test_optim.c:");
    }
    ck_assert_double_eq(ct_learning_rate(opt), 0);
    ck_assert(isnan(ct_learning_rate(NULL)));
    ct_optim_free(opt);
    ct_free(x);
}
END_TEST

/* A leaf of an outer scope, without any module: minimises (x - 3)^2 + (y + 1)^2. */
START_TEST(leaves_of_a_scope_can_be_optimised) {
    ct_scope outer = ct_begin();
    ct_tensor *x = ct_var(0, "x"), *y = ct_var(0, "y");
    ct_optim *opt = ct_adam(CT_LIST(x, y), &(ct_adam_options){.lr = 0.05});
    for (int k = 0; k < 2000; k++) {
        ct_scope s = ct_begin();
        ct_backward(ct_add(ct_square(ct_sub(x, ct_scalar(3))), ct_square(ct_add(y, ct_scalar(1)))));
        ck_assert(ct_step(opt));
        end_well(s);
    }
    ck_assert(fabs(ct_item(x) - 3) < 1e-6 && fabs(ct_item(y) + 1) < 1e-6);
    ct_optim_free(opt);
    end_well(outer);
}
END_TEST

START_TEST(nothing_moves_while_an_error_is_pending) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x");
    ct_optim *opt = ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = 0.5});
    ct_scope s = ct_begin();
    ct_backward(ct_mul(x, ct_scalar(1)));
    ct_backward(NULL);
    ck_assert(!ct_step(opt) && !ct_has_gradient(x));
    ck_assert_double_eq(ct_item(x), 0);
    ck_assert(!ct_end(s));
    s = ct_begin();
    ct_backward(ct_mul(x, ct_scalar(1)));
    ck_assert(ct_step(opt));
    ck_assert_double_eq(ct_item(x), -0.5);
    end_well(s);
    ck_assert(!ct_step(NULL));
    expect_error(CT_ERR_NULL, "ct_step", "test_optim.c:");
    ct_optim_free(opt);
    ct_optim_free(NULL);
    ct_free(x);
}
END_TEST

/* ---- bad arguments ------------------------------------------------------------------------------------------ */

START_TEST(bad_options_are_refused) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x");
    const double rates[] = {0, -0.1, NAN, INFINITY};
    for (int k = 0; k < COUNT(rates); k++) {
        ck_assert_ptr_null(ct_sgd(CT_LIST(x), &(ct_sgd_options){.lr = rates[k]}));
        expect_error(CT_ERR_ARGUMENT, "ct_sgd: lr is", "test_optim.c:");
        ck_assert_ptr_null(ct_adam(CT_LIST(x), &(ct_adam_options){.lr = rates[k]}));
        expect_error(CT_ERR_ARGUMENT, "ct_adam: lr is", "test_optim.c:");
    }
    ck_assert_ptr_null(ct_sgd(CT_LIST(x), NULL));
    expect_error(CT_ERR_ARGUMENT, "ct_sgd: lr is 0", "must be given");
    const ct_sgd_options sgds[] = {{.lr = 1, .momentum = -1}, {.lr = 1, .weight_decay = NAN}};
    for (int k = 0; k < COUNT(sgds); k++) {
        ck_assert_ptr_null(ct_sgd(CT_LIST(x), &sgds[k]));
        expect_error(CT_ERR_ARGUMENT, "ct_sgd", k ? "weight_decay" : "momentum");
    }
    const ct_adam_options adams[] = {{.lr = 1, .beta1 = 1}, {.lr = 1, .beta2 = -0.5}, {.lr = 1, .eps = INFINITY}};
    const char *names[] = {"beta1", "beta2", "eps"};
    for (int k = 0; k < COUNT(adams); k++) {
        ck_assert_ptr_null(ct_adam(CT_LIST(x), &adams[k]));
        expect_error(CT_ERR_ARGUMENT, "ct_adam", names[k]);
    }
    ct_free(x);
}
END_TEST

START_TEST(bad_parameters_are_refused) {
    const ct_sgd_options o = {.lr = 1};
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "x"), *constant = ct_label(ct_scalar(2), "c");
    ck_assert_ptr_null(ct_sgd((ct_list){0}, &o));
    expect_error(CT_ERR_ARGUMENT, "no parameters", "test_optim.c:");
    ck_assert_ptr_null(ct_sgd(CT_LIST(x, NULL), &o));
    expect_error(CT_ERR_NULL, "ct_sgd", "operand 2");
    ck_assert_ptr_null(ct_sgd(CT_LIST(x, constant), &o));
    expect_error(CT_ERR_ARGUMENT, "ct_sgd: c() is no leaf", "test_optim.c:");
    ck_assert_ptr_null(ct_sgd(CT_LIST(ct_square(x)), &o));
    expect_error(CT_ERR_ARGUMENT, "no leaf", "test_optim.c:");
    end_well(s);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("optim");
    TCase *rules = tcase_create("rules"), *steps = tcase_create("steps"), *arguments = tcase_create("arguments");
    tcase_add_test(rules, trajectories_follow_the_formulas);
    tcase_add_test(rules, trajectories_in_f32_stay_near);
    tcase_add_test(rules, threads_do_not_change_bits);
#ifdef CT_X86_DISPATCH
    tcase_add_test(rules, instruction_sets_do_not_change_bits);
#endif
    tcase_add_test(steps, step_clears_gradients);
    tcase_add_test(steps, unreached_parameter_stays_and_does_not_age);
    tcase_add_test(steps, learning_rate_can_change);
    tcase_add_test(steps, leaves_of_a_scope_can_be_optimised);
    tcase_add_test(steps, nothing_moves_while_an_error_is_pending);
    tcase_add_test(arguments, bad_options_are_refused);
    tcase_add_test(arguments, bad_parameters_are_refused);
    suite_add_tcase(suite, rules);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, arguments);
    return suite;
}
