/* The gradient check: that it passes what is right, and never what is wrong. */
#include "autograd/internal.h"
#include "inspect/inspect.h"
#include "support/cube.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define VERDICT(v) ((v) == CT_PASS ? "PASS" : (v) == CT_FAIL ? "FAIL" : "INCONCLUSIVE")

/* Inputs of most functions here: a and b (4, 4), away from 0; p (4, 4), positive; r (4). */
enum { A, B, P, R, INPUTS };

static const char *make_inputs(ct_tensor *in[INPUTS]) {
    ct_seed(7);
    in[A] = ct_uniform(CT_F64, CT_SHAPE(4, 4), -2, 2);
    in[B] = ct_uniform(CT_F64, CT_SHAPE(4, 4), -2, 2);
    in[P] = ct_uniform(CT_F64, CT_SHAPE(4, 4), 0.3, 3);
    in[R] = ct_uniform(CT_F64, CT_SHAPE(4), -2, 2);
    return in[R] ? NULL : ct_error();
}

typedef struct function {
    const char *name;
    ct_function f;
    int n_inputs; /* the first of those above */
} function;

/* Checks each function and compares the verdict. */
static void check_all(const function *functions, size_t n, ct_verdict expected) {
    for (size_t i = 0; i < n; i++) {
        ct_tensor *in[INPUTS];
        ct_scope s = ct_begin();
        ck_assert_ptr_null(make_inputs(in));
        ct_gradcheck_result r =
            ct_gradcheck(functions[i].f, NULL, (ct_list){.n = functions[i].n_inputs, .items = in});
        ck_assert_msg(
            r.verdict == expected,
            "%s: %s, input %d, element %d: computed %.12g, expected %.12g, error %.3g, tolerance %.3g: %s %s",
            functions[i].name, VERDICT(r.verdict), r.input, (int)r.index, r.computed, r.expected, r.error,
            r.tolerance, r.reason, ct_error());
        ck_assert_msg(ct_end(s), "%s: %s", functions[i].name, ct_error());
    }
}

static ct_tensor *labels(void) { return ct_from(CT_I64, CT_SHAPE(4), (int64_t[]){0, 3, 1, 1}); }

#define F(name, n, expression)                                                                                       \
    static ct_tensor *name(ct_tensor *const *in, void *context) {                                                    \
        (void)context, (void)in;                                                                                     \
        return expression;                                                                                           \
    }
#define ROW(name, n, expression) {#name, name, n},

/* ---- right ones --------------------------------------------------------------------------------------------- */

#define RIGHT(X)                                                                                                     \
    X(product, 2, ct_mul(in[A], in[B]))                                                                              \
    X(quotient, 3, ct_mul(ct_div(in[A], in[P]), in[B]))                                                              \
    X(matrices, 2, ct_matmul(in[A], ct_tanh(in[B])))                                                                 \
    X(softmax_rows, 1, ct_softmax(in[A], 1))                                                                         \
    X(entropy, 1, ct_cross_entropy(in[A], labels()))                                                                 \
    X(mean_square, 2, ct_mean(ct_square(ct_sub(in[A], in[B])), CT_ALL))                                              \
    X(layer, 4, ct_relu(ct_add(ct_matmul(ct_mul(in[A], in[P]), in[B]), in[R])))                                      \
    X(logarithm, 3, ct_add(ct_log(in[P]), ct_mul(in[A], in[B])))                                                     \
    X(power, 3, ct_mul(ct_pow(in[P], in[A]), in[B]))                                                                 \
    X(rows, 1, ct_index_select(in[A], 0, ct_from(CT_I64, CT_SHAPE(6), (int64_t[]){3, 0, 2, 1, 3, 3})))               \
    X(large, 2, ct_mul(ct_scalar(1e12), ct_exp(ct_mul(in[A], in[B]))))                                               \
    X(tiny, 2, ct_mul(ct_scalar(1e-12), ct_sin(ct_mul(in[A], in[B]))))                                               \
    X(steep, 1, ct_tanh(ct_mul(ct_scalar(20), ct_sin(in[A]))))                                                       \
    X(second_order, 1, ct_grad(ct_sum(ct_exp(ct_mul(in[A], in[A])), CT_ALL), in[A]))                                 \
    X(dropped, 1, ct_dropout(ct_add(in[A], ct_exp(in[A])), 0.3))                                                     \
    X(scalar_result, 2, ct_sum(ct_mul(in[A], ct_cos(in[B])), CT_ALL))

RIGHT(F)

START_TEST(right_ones_pass) {
    static const function functions[] = {RIGHT(ROW)};
    check_all(functions, sizeof functions / sizeof *functions, CT_PASS);
}
END_TEST

/* ---- wrong ones --------------------------------------------------------------------------------------------- */

/* Has the value z and passes `slope` times its cotangent on to x: a rule gone wrong. */
static ct_tensor *rule(ct_tensor *z, ct_tensor *slope, ct_tensor *x) {
    return ct_add(ct_detach(z), ct_mul(ct_detach(slope), ct_sub(x, ct_detach(x))));
}

/* z with a gradient that is `factor` times what it should be. */
static ct_tensor *scaled(ct_tensor *z, double factor) { return rule(z, ct_scalar(factor), z); }

/* A mask of the given ones in a (4, 4). */
static ct_tensor *only(int first, int end) {
    double mask[16];
    for (int i = 0; i < 16; i++) mask[i] = i >= first && i < end;
    return ct_from(CT_F64, CT_SHAPE(4, 4), mask);
}

static ct_tensor *exp_over(ct_tensor *x, bool differentiate_sum) {
    ct_tensor *e = ct_exp(x), *sum = ct_sum(e, CT_KEEP(1));
    return ct_div(e, differentiate_sum ? sum : ct_detach(sum));
}

static ct_tensor *zero_of(ct_tensor *x) { return ct_sub(x, ct_detach(x)); }

#define WRONG(X)                                                                                                     \
    X(sign, 1, scaled(ct_sin(in[A]), -1))                                                                            \
    X(twice, 1, scaled(ct_sin(in[A]), 2))                                                                            \
    X(half, 2, scaled(ct_matmul(in[A], in[B]), 0.5))                                                                 \
    X(a_millionth_more, 2, scaled(ct_mul(in[A], in[B]), 1 + 1e-6))                                                   \
    X(no_gradient, 1, ct_detach(ct_sin(in[A])))                                                                      \
    X(no_gradient_by_one_input, 2, ct_mul(in[A], ct_detach(in[B])))                                                  \
    X(one_factor_of_a_square, 1, ct_mul(in[A], ct_detach(in[A])))                                                    \
    X(one_of_two_uses, 1, ct_add(ct_sin(in[A]), ct_cos(ct_detach(in[A]))))                                           \
    X(softmax_without_its_sum, 1, exp_over(in[A], false))                                                            \
    X(softmax_sign, 1, scaled(ct_softmax(in[A], 1), -1))                                                             \
    X(mean_without_n, 1, scaled(ct_mean(ct_sin(in[A]), CT_ALL), 16))                                                 \
    X(entropy_without_n, 1, scaled(ct_cross_entropy(in[A], labels()), 4))                                            \
    X(relu_mask, 1, rule(ct_relu(in[A]), ct_cast(ct_lt(in[A], ct_scalar(0)), CT_F64), in[A]))                        \
    X(tanh_unsquared, 1, rule(ct_tanh(in[A]), ct_sub(ct_scalar(1), ct_tanh(in[A])), in[A]))                          \
    X(sigmoid_without_1_minus, 1, rule(ct_sigmoid(in[A]), ct_sigmoid(in[A]), in[A]))                                 \
    X(abs_without_sign, 1, rule(ct_abs(in[A]), ct_scalar(1), in[A]))                                                 \
    X(quotient_sign, 3, ct_add(rule(ct_div(in[A], in[P]), ct_div(in[A], ct_square(in[P])), in[P]), in[B]))           \
    X(missing_transpose, 2,                                                                                          \
      ct_add(ct_matmul(ct_detach(in[A]), in[B]), ct_matmul(zero_of(in[A]), ct_detach(ct_transpose(in[B], 0, 1)))))   \
    X(transposed, 1, ct_add(ct_detach(ct_sin(in[A])), ct_transpose(zero_of(ct_sin(in[A])), 0, 1)))                   \
    X(bias_of_one_row, 4,                                                                                            \
      ct_add(ct_mul(ct_mul(in[A], in[B]), in[P]), ct_add(ct_detach(in[R]), ct_mul(only(0, 4), zero_of(in[R])))))     \
    X(one_element, 1, rule(ct_sin(in[A]), ct_add(ct_cos(in[A]), ct_mul(only(6, 7), ct_scalar(1e-3))), in[A]))        \
    X(from_nowhere, 2, ct_add(ct_sin(in[A]), zero_of(in[B])))                                                        \
    X(not_a_number, 1, ct_add(ct_sin(in[A]), ct_mul(ct_sqrt(zero_of(in[A])), ct_scalar(0))))                         \
    X(infinite, 1, ct_add(ct_sin(in[A]), ct_sqrt(zero_of(in[A]))))

WRONG(F)

START_TEST(wrong_ones_fail) {
    static const function functions[] = {WRONG(ROW)};
    check_all(functions, sizeof functions / sizeof *functions, CT_FAIL);
}
END_TEST

START_TEST(the_wrong_element_is_named) {
    ct_tensor *in[INPUTS];
    ct_scope s = ct_begin();
    ck_assert_ptr_null(make_inputs(in));
    ct_gradcheck_result r = ct_gradcheck(one_element, NULL, CT_LIST(in[A]));
    ck_assert_int_eq(r.verdict, CT_FAIL);
    ck_assert_int_eq(r.input, 0);
    ck_assert_int_eq(r.index, 6);
    ck_assert_int_eq(r.compared, 16);
    double wrong = r.computed / r.expected, x = ct_get(in[A], CT_SHAPE(1, 2));
    ck_assert_double_eq_tol(wrong, 1 + 1e-3 / cos(x), 1e-6);
    r = ct_gradcheck(no_gradient_by_one_input, NULL, CT_LIST(in[A], in[B]));
    ck_assert_int_eq(r.input, 1);
    ck_assert_double_eq(r.computed, 0);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- what differences cannot tell --------------------------------------------------------------------------- */

static int calls;

#define UNCLEAR(X)                                                                                                   \
    X(plain_sum, 1, ct_sum(ct_softmax(in[A], 1), CT_ALL))                                                            \
    X(plain_sum_of_a_wrong_one, 1, ct_sum(scaled(ct_softmax(in[A], 1), -3), CT_ALL))                                 \
    X(plain_sum_of_a_constant, 1, ct_sum(ct_detach(ct_softmax(in[A], 1)), CT_ALL))                                   \
    X(unused_input, 2, ct_sin(in[A]))                                                                                \
    X(dead_relu, 1, ct_relu(ct_sub(in[A], ct_scalar(10))))                                                           \
    X(cancellation, 1, ct_sub(ct_add(ct_scalar(1e12), in[A]), ct_scalar(1e12)))                                      \
    X(through_f32, 2, ct_cast(ct_mul(ct_sin(in[A]), in[B]), CT_F32))                                                 \
    X(another_each_time, 1, ct_mul(in[A], ct_scalar(1 + 1e-3 * (calls++ % 3))))                                      \
    X(not_finite_nearby, 1, ct_log(in[A]))                                                                           \
    X(fast_turns, 1, ct_sin(ct_mul(ct_scalar(1e9), in[A])))

UNCLEAR(F)

START_TEST(what_differences_cannot_tell) {
    static const function functions[] = {UNCLEAR(ROW)};
    check_all(functions, sizeof functions / sizeof *functions, CT_INCONCLUSIVE);
}
END_TEST

/* One element x of a function; the verdict on it. */
static ct_gradcheck_result at_point(ct_function f, double x) {
    ct_scope s = ct_begin();
    ct_gradcheck_result r = ct_gradcheck(f, NULL, CT_LIST(ct_from(CT_F64, CT_SHAPE(2), (double[]){x, 1})));
    ck_assert_msg(ct_end(s), "%s", ct_error());
    return r;
}

F(rectifier, 1, ct_relu(in[0]))
F(distance, 1, ct_abs(in[0]))
F(too_steep, 1, rule(ct_relu(in[0]), ct_scalar(3), in[0]))
F(root, 1, ct_sqrt(in[0]))
F(wave, 1, ct_sin(in[0]))
F(bell, 1, ct_exp(ct_neg(ct_square(in[0]))))

START_TEST(kinks) {
    static const double near[] = {1, 0.1, 1e-2, -1e-2, 1e-3, -1e-3};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        ck_assert_int_eq(at_point(rectifier, near[i]).verdict, CT_PASS);
        ck_assert_int_eq(at_point(distance, near[i]).verdict, CT_PASS);
        ck_assert_int_eq(at_point(too_steep, near[i]).verdict, CT_FAIL);
    }
    static const double on[] = {0, -0.0, 1e-5, 1e-6, -1e-6, 1e-7, 1e-8, 1e-12, -1e-300};
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        ck_assert_int_ne(at_point(rectifier, on[i]).verdict, CT_FAIL);
        ck_assert_int_ne(at_point(distance, on[i]).verdict, CT_FAIL);
        ck_assert_int_ne(at_point(too_steep, on[i]).verdict, CT_PASS);
    }
    ck_assert_ptr_nonnull(strstr(at_point(rectifier, 0).reason, "kink"));
    ck_assert_ptr_nonnull(strstr(at_point(distance, 0).reason, "kink"));
    ck_assert_int_eq(at_point(too_steep, 0).verdict, CT_FAIL); /* 3 is not between the slopes 0 and 1 */
}
END_TEST

START_TEST(edges_of_a_domain) {
    ck_assert_int_eq(at_point(root, 1e-3).verdict, CT_PASS);
    ck_assert_int_ne(at_point(root, 1e-8).verdict, CT_FAIL);
    ck_assert_int_eq(at_point(root, 0).verdict, CT_INCONCLUSIVE); /* infinite on one side, undefined on the other */
    ck_assert_int_eq(at_point(root, NAN).verdict, CT_INCONCLUSIVE);
    ck_assert_int_ne(at_point(wave, INFINITY).verdict, CT_PASS);
    static const double far[] = {10, 1e3, 1e5, 1e7, 1e12, 1e20, -1e100};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        ck_assert_int_ne(at_point(wave, far[i]).verdict, CT_FAIL);
        ck_assert_int_ne(at_point(bell, far[i] / 10).verdict, CT_FAIL);
    }
    ck_assert_int_eq(at_point(wave, 10).verdict, CT_PASS);
}
END_TEST

/* ---- reasons and culprits --------------------------------------------------------------------------------------- */

static ct_gradcheck_result of_pair(ct_function f, const ct_gradcheck_options *options) {
    ct_tensor *in[INPUTS];
    ct_scope s = ct_begin();
    ck_assert_ptr_null(make_inputs(in));
    ct_gradcheck_result r = ct_gradcheck_with(f, NULL, CT_LIST(in[A], in[B]), options);
    ck_assert_msg(ct_end(s), "%s", ct_error());
    return r;
}

F(one_digit_less, 2, ct_mul(ct_sub(ct_add(ct_scalar(1e12), in[A]), ct_scalar(1e12)), in[B]))
F(absorbed, 2, ct_mul(ct_sub(ct_add(ct_scalar(1e17), in[A]), ct_scalar(1e17)), ct_scalar(2)))
F(counting, 2, ct_mul(ct_mul(in[A], in[B]), ct_scalar(calls++)))
F(a_constant, 2, ct_ones(CT_F64, CT_SHAPE(3)))
F(opposite_kinks, 2, ct_sub(ct_relu(ct_sub(in[A], ct_detach(in[A]))), ct_relu(ct_sub(ct_detach(in[A]), in[A]))))

START_TEST(reasons) {
    static const struct {
        ct_function f;
        const char *reason;
    } rows[] = {
        {one_digit_less, "cancellation"},     {absorbed, "swallows"}, {counting, "same result each time"},
        {a_constant, "does not depend"},      {plain_sum, "does not depend"},
        {fast_turns, "too rough"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ct_gradcheck_result r = of_pair(rows[i].f, NULL);
        ck_assert_int_eq(r.verdict, CT_INCONCLUSIVE);
        ck_assert_msg(strstr(r.reason, rows[i].reason), "%s, not %s", r.reason, rows[i].reason);
        ck_assert_int_eq(r.culprit, CT_CULPRIT_NONE);
    }
}
END_TEST

START_TEST(two_against_one) {
    ck_assert_int_eq(of_pair(product, NULL).culprit, CT_CULPRIT_NONE);
    ct_gradcheck_result r = of_pair(half, NULL); /* one rule for both modes */
    ck_assert_int_eq(r.verdict, CT_FAIL);
    ck_assert_int_eq(r.culprit, CT_CULPRIT_FUNCTION);
    ck_assert_double_eq_tol(r.forward, r.computed, 1e-12);
    r = of_pair(half, &(ct_gradcheck_options){.reverse_only = true});
    ck_assert_int_eq(r.culprit, CT_CULPRIT_REVERSE);
    ck_assert(isnan(r.forward));
    r = of_pair(product, &(ct_gradcheck_options){.reverse_only = true});
    ck_assert_int_eq(r.verdict, CT_PASS);
    ct_gradcheck_result other = of_pair(product, &(ct_gradcheck_options){.seed = 1});
    ck_assert(other.computed != of_pair(product, NULL).computed);
}
END_TEST

/* relu(x) - relu(-x) is x, but the rules' choices at 0 add up to 0: no mistake in a rule. */
START_TEST(kinks_that_add_up) {
    ct_gradcheck_result r = of_pair(opposite_kinks, NULL);
    ck_assert_int_eq(r.verdict, CT_INCONCLUSIVE);
}
END_TEST

/* An op of one's own, with rules right and wrong. */
static ct_tensor *cube_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    ct_tensor *x = ct_operand(z, 0);
    return ct_mul_at(at, g, ct_mul_at(at, ct_scalar(3), ct_mul_at(at, x, x)));
}
static ct_tensor *cube_vjp_of_square(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    return ct_mul_at(at, g, ct_mul_at(at, ct_scalar(3), ct_operand(z, 0)));
}
static ct_tensor *cube_jvp_of_square(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    return cube_vjp_of_square(at, z, tangents[0], 0);
}
static int own_op;
F(by_own_op, 1, ct_apply(own_op, CT_LIST(in[0]), NULL, 0))

START_TEST(ops_of_ones_own) {
    static const ct_op_parts parts[] = {
        {.shape = cube_shape, .forward = cube_forward, .vjp = cube_vjp},
        {.shape = cube_shape, .forward = cube_forward, .vjp = cube_vjp_of_square},
        {.shape = cube_shape, .forward = cube_forward, .vjp = cube_vjp, .jvp = cube_jvp_of_square},
        {.shape = cube_shape, .forward = cube_forward, .vjp = cube_vjp_of_square, .jvp = cube_jvp_of_square},
    };
    static const ct_culprit culprit[] = {CT_CULPRIT_NONE, CT_CULPRIT_FUNCTION, CT_CULPRIT_FORWARD,
                                          CT_CULPRIT_FUNCTION};
    static const char *const names[] = {"cube", "cube_of_wrong_rule", "cube_of_wrong_jvp", "cube_of_both_wrong"};
    static ct_op ops[4];
    for (int i = 0; i < 4; i++) {
        ops[i] = (ct_op){.name = names[i], .formula = "x^3", .arity = 1, .kind = CT_GENERAL, .parts = &parts[i]};
        ck_assert_int_ne(own_op = ct_register_op(&ops[i]), 0);
        ct_gradcheck_result r = at_point(by_own_op, 0.7);
        ck_assert_int_eq(r.verdict, i ? CT_FAIL : CT_PASS);
        ck_assert_int_eq(r.culprit, culprit[i]);
    }
}
END_TEST

/* ---- backward passes over plain arrays -------------------------------------------------------------------------- */

/* f = sum_i tanh(sum_j W_ij x_j + b_i)^2, W (3, 2), b (3); context: x (2). */
static double layer_value(const double *const *in, void *context) {
    const double *W = in[0], *b = in[1], *x = context;
    double f = 0;
    for (int i = 0; i < 3; i++) f += pow(tanh(W[2 * i] * x[0] + W[2 * i + 1] * x[1] + b[i]), 2);
    return f;
}

static void layer_gradient(const double *const *in, double *const *d, void *context) {
    const double *W = in[0], *b = in[1], *x = context;
    for (int i = 0; i < 3; i++) {
        double h = tanh(W[2 * i] * x[0] + W[2 * i + 1] * x[1] + b[i]), g = 2 * h * (1 - h * h);
        d[1][i] = g;
        for (int j = 0; j < 2; j++) d[0][2 * i + j] = g * x[j];
    }
}

static void layer_gradient_a_little_off(const double *const *in, double *const *d, void *context) {
    layer_gradient(in, d, context);
    d[0][3] *= 1 + 1e-6;
}

static void no_gradient_at_all(const double *const *in, double *const *d, void *context) {
    (void)in, (void)d, (void)context;
}

START_TEST(by_hand) {
    ct_scope s = ct_begin();
    double x[] = {0.3, -1.2};
    ct_tensor *W = ct_uniform(CT_F64, CT_SHAPE(3, 2), -1, 1), *b = ct_uniform(CT_F64, CT_SHAPE(3), -1, 1);
    ct_gradcheck_result r = ct_gradcheck_hand(layer_value, layer_gradient, x, CT_LIST(W, b));
    ck_assert_msg(r.verdict == CT_PASS, "%s %s", r.reason, ct_error());
    ck_assert_int_eq(r.compared, 9);
    r = ct_gradcheck_hand(layer_value, layer_gradient_a_little_off, x, CT_LIST(W, b));
    ck_assert_int_eq(r.verdict, CT_FAIL);
    ck_assert_int_eq(r.culprit, CT_CULPRIT_REVERSE);
    ck_assert_int_eq(r.input, 0);
    ck_assert_int_eq(r.index, 3);
    ck_assert_int_eq(ct_gradcheck_hand(layer_value, no_gradient_at_all, x, CT_LIST(W, b)).verdict, CT_FAIL);
    ck_assert_int_eq(ct_gradcheck_hand(layer_value, NULL, x, CT_LIST(W, b)).verdict, CT_INCONCLUSIVE);
    ck_assert_int_eq(ct_error_status(), CT_ERR_NULL);
    ct_error_clear();
    ck_assert(ct_end(s));
}
END_TEST

/* f = x0 + 1e-13 x1, of mixed units: at (1, 1e13) both matter alike, and the small gradient can be measured. */
static double mixed_value(const double *const *in, void *context) {
    (void)context;
    return in[0][0] + 1e-13 * in[0][1];
}

static void mixed_gradient(const double *const *in, double *const *d, void *context) {
    (void)in;
    d[0][0] = 1;
    d[0][1] = *(const double *)context;
}

START_TEST(mixed_units) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 1e13});
    double claims[] = {1e-13, 0, -1e-13, 2e-13, 1.2e-13};
    for (int i = 0; i < 5; i++) {
        ct_gradcheck_result r = ct_gradcheck_hand(mixed_value, mixed_gradient, &claims[i], CT_LIST(x));
        ck_assert_msg(r.verdict == (i ? CT_FAIL : CT_PASS), "%g: %s, tolerance %g", claims[i], r.reason, r.tolerance);
        ck_assert(!i || r.index == 1);
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- what is left behind, and misuse ------------------------------------------------------------------------ */

START_TEST(leaves_everything_as_it_was) {
    ct_tensor *in[INPUTS];
    ct_scope s = ct_begin();
    ck_assert_ptr_null(make_inputs(in));
    ct_requires_grad(in[A]);
    double before[16];
    memcpy(before, ct_data(in[A]), sizeof before);
    ct_random_state random = ct_random();
    ct_gradcheck_result first = ct_gradcheck(dropped, NULL, CT_LIST(in[A]));
    ct_gradcheck_result second = ct_gradcheck(dropped, NULL, CT_LIST(in[A]));
    ck_assert_int_eq(first.verdict, CT_PASS);
    ck_assert(first.index == second.index && first.computed == second.computed && first.expected == second.expected);
    ck_assert_mem_eq(before, ct_data(in[A]), sizeof before);
    ck_assert_uint_eq(ct_random().stream, random.stream);
    ck_assert(!ct_has_gradient(in[A]));
    ck_assert(ct_end(s));
}
END_TEST

F(nothing, 1, NULL)
F(labels_as_f64, 0, ct_cast(labels(), CT_F64))
F(many, 1, ct_mul(ct_sum(in[0], CT_ALL), ct_ones(CT_F64, CT_SHAPE(8192))))
F(counts, 1, ct_argmax(in[0], 0))
F(another_shape, 1, calls++ % 2 ? in[0] : ct_sum(in[0], CT_ALL))
F(misshapen, 1, ct_matmul(in[0], ct_ones(CT_F64, CT_SHAPE(3, 5))))

static void check_error(ct_function f, ct_list inputs, ct_error_code code, const char *part) {
    ct_gradcheck_result r = ct_gradcheck_at("src/model.c:41", f, NULL, inputs, NULL);
    ck_assert_int_eq(r.verdict, CT_INCONCLUSIVE);
    ck_assert_int_eq(r.index, -1);
    ck_assert_ptr_nonnull(strstr(r.reason, code ? "ct_error()" : "no element"));
    ck_assert_str_eq(ct_error_name(ct_error_status()), ct_error_name(code));
    ck_assert_msg(strstr(ct_error(), part), "%s", ct_error());
    ct_error_clear();
}

START_TEST(misuse) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_full(CT_F64, CT_SHAPE(2), 0.5), *none = ct_zeros(CT_F64, CT_SHAPE(0));
    check_error(NULL, CT_LIST(x), CT_ERR_NULL, "ct_gradcheck: the function is NULL (model.c:41)");
    check_error(wave, CT_LIST(x, NULL), CT_ERR_NULL, "model.c:41");
    check_error(wave, CT_LIST(ct_ones(CT_F32, CT_SHAPE(2))), CT_ERR_DTYPE, "input 1, (2), is not f64");
    check_error(nothing, CT_LIST(x), CT_ERR_NULL, "model.c:41");
    check_error(counts, CT_LIST(x), CT_ERR_DTYPE, "not floating");
    check_error(another_shape, CT_LIST(x), CT_ERR_SHAPE, "changes its shape");
    check_error(misshapen, CT_LIST(x), CT_ERR_SHAPE, "ct_matmul");
    check_error(labels_as_f64, (ct_list){.n = 0}, CT_OK, "");
    check_error(wave, CT_LIST(none), CT_OK, "");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(failing_memory) {
    int64_t k = -1, failures = 0;
    do {
        support_fail_allocation(++k);
        ct_scope s = ct_begin();
        ct_gradcheck_result r = ct_gradcheck(many, NULL, CT_LIST(ct_scalar(1)));
        if (r.verdict != CT_PASS) {
            ck_assert_int_eq(r.verdict, CT_INCONCLUSIVE);
            ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
            failures++;
        }
        ct_error_clear();
        ck_assert(ct_end(s));
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
    } while (support_allocations() > k && k < 50); /* debug builds allocate for every evaluation */
    ck_assert_int_gt(failures, 1);
    support_restore_allocator();
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("gradcheck");
    TCase *c = tcase_create("verdicts");
    tcase_add_test(c, right_ones_pass);
    tcase_add_test(c, wrong_ones_fail);
    tcase_add_test(c, the_wrong_element_is_named);
    tcase_add_test(c, what_differences_cannot_tell);
    tcase_add_test(c, kinks);
    tcase_add_test(c, edges_of_a_domain);
    tcase_add_test(c, reasons);
    tcase_add_test(c, two_against_one);
    tcase_add_test(c, kinks_that_add_up);
    tcase_add_test(c, ops_of_ones_own);
    tcase_add_test(c, by_hand);
    tcase_add_test(c, mixed_units);
    suite_add_tcase(suite, c);
    c = tcase_create("manners");
    tcase_add_test(c, leaves_everything_as_it_was);
    tcase_add_test(c, misuse);
    tcase_add_test(c, failing_memory);
    suite_add_tcase(suite, c);
    return suite;
}
