/* The engine: graphs of every shape, passes, replay, scopes, and what it says when it cannot. */
#include "autograd/internal.h"
#include "support/expect.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <string.h>

START_TEST(an_operand_used_twice) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x");
    ct_backward(ct_mul(x, x));
    ck_assert_double_eq(grad_of(x), 6);
    ct_zero_gradient(x);
    ct_backward(ct_add(x, x));
    ck_assert_double_eq(grad_of(x), 2);
    ck_assert(ct_end(s));
}
END_TEST

/* b = a + a; c = b + b: 4, where a pass that visits b twice or assigns instead of adding gives another number. */
START_TEST(diamonds) {
    ct_scope s = ct_begin();
    ct_tensor *a = ct_var(1, "a"), *b = ct_add(a, a), *c = ct_add(b, b);
    ct_backward(c);
    ck_assert_double_eq(grad_of(a), 4);
    ck_assert_double_eq(grad_of(b), 2);
    ct_tensor *x = ct_var(2, "x"), *left = ct_mul(x, ct_scalar(3)), *right = ct_square(x);
    ct_backward(ct_mul(ct_add(left, right), left)); /* (3x + x^2) 3x = 9x^2 + 3x^3 */
    ck_assert_double_eq(grad_of(x), 18 * 2 + 9 * 4);
    ck_assert(ct_end(s));
}
END_TEST

/* Leaves add up over passes; what is computed starts anew. */
START_TEST(two_passes) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x"), *y = ct_square(x), *z = ct_mul(y, x);
    ct_backward(z);
    ck_assert_double_eq(grad_of(x), 27);
    ct_backward(z);
    ck_assert_double_eq(grad_of(x), 54);
    ck_assert_double_eq(grad_of(y), 3);
    ct_backward(y); /* another root over the same graph */
    ck_assert_double_eq(grad_of(x), 60);
    ck_assert_double_eq(grad_of(y), 1);
    ck_assert(!ct_has_gradient(z)); /* this pass did not reach z */
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(broadcast_is_summed) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 1), (double[]){1, 2}));
    ct_tensor *y = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3), (double[]){3, 4, 5}));
    ct_tensor *k = ct_var(10, "k");
    ct_backward(ct_sum(ct_mul(ct_mul(x, y), k), CT_ALL));
    ck_assert_double_eq(ct_get(ct_gradient(x), CT_SHAPE(1, 0)), 120);
    ck_assert_double_eq(ct_get(ct_gradient(y), CT_SHAPE(2)), 30);
    ck_assert_double_eq(grad_of(k), 36);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(a_constant_needs_no_gradient) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(3, "x"), *c = ct_scalar(2), *y = ct_mul(x, c);
    ct_backward(ct_mul(ct_detach(y), y));
    ck_assert_double_eq(grad_of(x), 12);
    ck_assert(!ct_has_gradient(c));
    ck_assert(!ct_needs_gradient(ct_mul(c, c)));
    ct_scope eval = ct_begin_no_grad();
    ck_assert(!ct_needs_gradient(ct_mul(x, x)));
    ck_assert(ct_end(eval));
    ck_assert(ct_needs_gradient(ct_mul(x, x)));
    ck_assert(ct_end(s));
}
END_TEST

/* ---- depth --------------------------------------------------------------------------------------------------- */

#define DEEP 1000000

static void *deep_chain(void *result) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "x"), *y = x, *one = ct_scalar(1);
    for (int i = 0; i < DEEP; i++) y = ct_mul(y, one);
    y = ct_add(y, x);
    bool ok = ct_backward(y) && ct_item(y) == 2 && grad_of(x) == 2 && ct_item(ct_grad(y, x)) == 2 && ct_replay(y);
    *(bool *)result = ct_end(s) && ok;
    return NULL;
}

START_TEST(a_million_deep_in_a_small_stack) {
    bool ok = false;
    support_run_on_small_stack(deep_chain, &ok);
    ck_assert(ok);
}
END_TEST

START_TEST(nodes_are_small) {
    ck_assert_uint_le(sizeof(ct_tensor) + 2 * sizeof(ct_tensor *), 96);
}
END_TEST

/* ---- derivatives as tensors ----------------------------------------------------------------------------------- */

START_TEST(derivatives_of_derivatives) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *f = ct_pow(x, ct_scalar(5));
    double expected[] = {32, 80, 160, 240, 240, 120, 0};
    for (int i = 0; i < 7; i++) {
        ck_assert_double_eq_tol(ct_item(f), expected[i], 1e-9);
        f = ct_grad(f, x);
    }
    ck_assert(!ct_has_gradient(x)); /* ct_grad() leaves what leaves accumulate alone */
    ck_assert(ct_end(s));
}
END_TEST

/* f = sum x_i^2 x_(i+1): the Hessian by hand, both Jacobian modes, and products with them. */
/* 0 times infinity is NaN in both passes, as in PyTorch: a step's cotangent is a zero, not nothing. */
START_TEST(steps_before_a_pole) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(0, "x"), *unrelated = ct_var(1, "u"), *f = ct_add(ct_floor(ct_sqrt(x)), unrelated);
    ck_assert(ct_backward(f));
    ck_assert(isnan(ct_item(ct_gradient(x))) && isnan(ct_item(ct_grad(f, x))));
    ck_assert_double_eq(ct_item(ct_grad(ct_add(ct_floor(x), ct_mul(x, x)), x)), 0);
    ct_tensor *u = unrelated, *g = ct_grad(ct_mul(ct_sign(u), ct_square(u)), u);
    ck_assert_double_eq(ct_item(ct_grad(g, u)), 2);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(hessian_and_jacobians) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3), (double[]){1, 2, 3}));
    ct_tensor *head = ct_slice(x, 0, 0, 2, 1), *tail = ct_slice(x, 0, 1, 3, 1), *y = ct_mul(ct_square(head), tail);
    ct_tensor *f = ct_sum(y, CT_ALL), *h = ct_hessian(f, x), *j = ct_jacobian(y, x), *jt = ct_jacobian(ct_grad(f, x), head);
    double expected[3][3] = {{4, 2, 0}, {2, 6, 4}, {0, 4, 0}}, rows[2][3] = {{4, 1, 0}, {0, 12, 4}};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) ck_assert_double_eq(ct_get(h, CT_SHAPE(i, k)), expected[i][k]);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) ck_assert_double_eq(ct_get(j, CT_SHAPE(i, k)), rows[i][k]);
    ck_assert_int_eq((int)ct_shape_of(jt).dim[1], 2);
    ct_tensor *hv = ct_hvp(f, x, ct_from(CT_F64, CT_SHAPE(3), (double[]){1, 0, -1}));
    ck_assert_double_eq(ct_get(hv, CT_SHAPE(1)), -2);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(gradients_of_several) {
    ct_tensor *w = ct_parameter(CT_F64, CT_SCALAR, "w"); /* owned: outside of every scope */
    ck_assert(ct_set(w, &(double){4}));
    ct_scope s = ct_begin();
    ct_tensor *x = ct_scalar(3), *unused = ct_scalar(1), *y = ct_mul(ct_mul(x, x), w), *g[3];
    ck_assert(ct_grads(y, CT_LIST(x, w, unused), g));
    ck_assert_double_eq(ct_item(g[0]), 24);
    ck_assert_double_eq(ct_item(g[1]), 9);
    ck_assert_double_eq(ct_item(g[2]), 0);
    ck_assert_double_eq(ct_item(ct_grad(g[0], w)), 6);
    ck_assert_double_eq(ct_item(ct_jvp(y, w, ct_scalar(2))), 18);
    ck_assert(ct_end(s));
    ct_free(w);
}
END_TEST

/* ---- replay, scopes ------------------------------------------------------------------------------------------- */

START_TEST(replay_follows_the_inputs) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 2}));
    ct_tensor *y = ct_sum(ct_exp(ct_reshape(x, CT_SHAPE(2, 1))), CT_ALL);
    ck_assert(ct_set(x, (double[]){0, 1}) && ct_replay(y));
    ck_assert_double_eq_tol(ct_item(y), 1 + exp(1), 1e-15);
    ck_assert(ct_backward(y));
    ck_assert_double_eq_tol(ct_get(ct_gradient(x), CT_SHAPE(1)), exp(1), 1e-15);
    ck_assert(ct_end(s));
}
END_TEST

/* A leaf of an outer scope accumulates from inner ones, whose memory is gone. */
START_TEST(gradients_outlive_inner_scopes) {
    ct_scope outer = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(1000))), *y = ct_mul(x, x);
    for (int i = 0; i < 3; i++) {
        ct_scope inner = ct_begin();
        ck_assert(ct_backward(ct_sum(ct_mul(y, ct_scalar(i)), CT_ALL)));
        ck_assert(ct_end(inner));
    }
    ct_zeros(CT_F64, CT_SHAPE(5000));
    ck_assert_double_eq(ct_get(ct_gradient(x), CT_SHAPE(999)), 6);
    ck_assert_double_eq(ct_get(ct_gradient(y), CT_SHAPE(0)), 2);
    ck_assert(ct_end(outer));
}
END_TEST

START_TEST(keep_carries_out) {
    ct_scope a = ct_begin(), b = ct_begin();
    ct_tensor *kept = ct_requires_grad(ct_keep(ct_label(ct_mul(ct_full(CT_F32, CT_SHAPE(3), 2), ct_scalar(3)), "k")));
    ct_tensor *late = ct_scalar(5); /* made after the copy, in the scope that ends */
    ck_assert_double_eq(ct_item(ct_grad(ct_sum(ct_mul(kept, late), CT_ALL), late)), 18);
    ck_assert(ct_end(b));
    ck_assert_double_eq(ct_get(ct_mul(kept, kept), CT_SHAPE(2)), 36);
    ck_assert_str_eq(ct_label_of(kept), "k");
    ct_tensor *mine = ct_keep(kept);
    ck_assert(ct_end(a));
    ck_assert_double_eq(ct_get(mine, CT_SHAPE(0)), 6);
    ct_free(mine);
}
END_TEST

/* Halving an f32 loss, as everybody does. */
START_TEST(numbers_take_the_dtype_of_what_they_meet) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_full(CT_F32, CT_SCALAR, 3)), *y = ct_mul(ct_scalar(0.5), ct_square(x));
    ck_assert(ct_dtype_of(y) == CT_F32 && ct_dtype_of(ct_sub(y, ct_scalar(1))) == CT_F32);
    ck_assert(ct_dtype_of(ct_mul(x, ct_full(CT_F64, CT_SHAPE(2), 1))) == CT_F64);
    ck_assert(ct_backward(y));
    ck_assert_double_eq(ct_item(ct_gradient(x)), 3);
    ck_assert(ct_end(s));
    s = ct_begin();
    ck_assert_ptr_null(ct_mul(ct_requires_grad(ct_full(CT_F32, CT_SCALAR, 3)), ct_var(2, "y")));
    ck_assert(!ct_end(s));
    ck_assert_msg(strstr(ct_error(), "dtypes f32 and f64 differ"), "%s", ct_error());
}
END_TEST

/* ---- what it says -------------------------------------------------------------------------------------------- */

#define EXPECT(expression, code, text)                                                                               \
    do {                                                                                                             \
        ct_scope expect_scope = ct_begin();                                                                          \
        (void)(expression);                                                                                          \
        ck_assert(!ct_end(expect_scope));                                                                            \
        ck_assert_int_eq(ct_error_status(), code);                                                                   \
        ck_assert_msg(!strncmp(ct_error(), text, strlen(text)), "%s", ct_error());                                   \
        ck_assert_msg(strstr(ct_error(), "(test_autograd.c:" CT_STRING(__LINE__) ")"), "%s", ct_error());            \
    } while (0)

START_TEST(errors_name_op_shapes_and_line) {
    ct_tensor *w = ct_parameter(CT_F64, CT_SHAPE(4, 2), "W");
    EXPECT(ct_exp(ct_add(ct_zeros(CT_F64, CT_SHAPE(2, 3)), w)), CT_ERR_SHAPE, "ct_add: (2,3) + W(4,2): shapes do not broadcast");
    EXPECT(ct_add(ct_zeros(CT_F32, CT_SHAPE(2)), w), CT_ERR_DTYPE, "ct_add: (2) + W(4,2): dtypes f32 and f64 differ");
    EXPECT(ct_add(NULL, w), CT_ERR_NULL, "ct_add: operand 1 is NULL");
    EXPECT(ct_exp(ct_ones(CT_I32, CT_SHAPE(2))), CT_ERR_DTYPE, "ct_exp: exp (2): i32 is not floating");
    EXPECT(ct_backward(w), CT_ERR_SHAPE, "ct_backward: W(4,2) is no scalar");
    EXPECT(ct_backward(ct_scalar(1)), CT_ERR_GRADIENT, "ct_backward: () depends on no leaf: ct_requires_grad() makes");
    EXPECT(ct_backward(NULL), CT_ERR_NULL, "ct_backward: operand 1 is NULL");
    EXPECT(ct_gradient(w), CT_ERR_GRADIENT, "ct_gradient: no backward pass has reached W(4,2)");
    EXPECT(ct_gradient(ct_label(ct_scalar(1), "x")), CT_ERR_GRADIENT, "ct_gradient: x() takes no gradient: see ct_req");
    EXPECT(ct_requires_grad(ct_exp(w)), CT_ERR_ARGUMENT, "ct_requires_grad: (4,2) is computed");
    EXPECT(ct_requires_grad(ct_ones(CT_U8, CT_SHAPE(1))), CT_ERR_DTYPE, "ct_requires_grad: (1) is u8");
    EXPECT(ct_item(w), CT_ERR_SHAPE, "ct_item: W(4,2) has 8 elements");
    EXPECT(ct_get(w, CT_SHAPE(4, 0)), CT_ERR_ARGUMENT, "ct_get: index (4,0) is outside of W(4,2)");
    EXPECT(ct_set(ct_exp(w), NULL), CT_ERR_ARGUMENT, "ct_set: (4,2) is computed");
    EXPECT(ct_replay(w), CT_ERR_SCOPE, "ct_replay: W(4,2) is not of the innermost scope");
    EXPECT(ct_jvp(ct_exp(w), w, ct_scalar(1)), CT_ERR_SHAPE, "ct_jvp: f64 () is not like f64 W(4,2)");
    EXPECT(ct_hessian(ct_exp(w), w), CT_ERR_SHAPE, "ct_hessian: ct_grad: (4,2) is no scalar");
    ct_free(w);
    ck_assert_ptr_null(ct_scalar(1)); /* outside of every scope */
    ck_assert_msg(strstr(ct_error(), "no scope is open"), "%s", ct_error());
}
END_TEST

START_TEST(the_first_cause_is_kept) {
    ct_scope s = ct_begin();
    ct_tensor *bad = ct_add(ct_zeros(CT_F64, CT_SHAPE(2)), ct_zeros(CT_F64, CT_SHAPE(3)));
    ck_assert_ptr_null(ct_mul(ct_exp(bad), ct_zeros(CT_F64, CT_SHAPE(4, 5, 6))));
    ck_assert(!ct_backward(bad));
    ck_assert(!ct_end(s));
    ck_assert_msg(!strncmp(ct_error(), "ct_add: (2) + (3): shapes", 25), "%s", ct_error());
    s = ct_begin(); /* reported once, it is out of the way: the program goes on */
    ck_assert_str_eq(ct_error(), "");
    ck_assert_double_eq(ct_item(ct_add(ct_scalar(1), ct_scalar(2))), 3);
    ck_assert(ct_end(s));
}
END_TEST

/* A helper's scope reported the cause; the NULL it returned must not hide it in the scope around. */
START_TEST(a_reported_cause_comes_back_with_its_null) {
    ct_scope outer = ct_begin(), inner = ct_begin();
    ct_tensor *lost = ct_keep(ct_add(ct_zeros(CT_F64, CT_SHAPE(2)), ct_zeros(CT_F64, CT_SHAPE(3))));
    ck_assert(!ct_end(inner));
    ct_exp(lost);
    ck_assert(!ct_end(outer));
    ck_assert_msg(!strncmp(ct_error(), "ct_add: (2) + (3)", 17), "%s", ct_error());
}
END_TEST

#ifdef CT_DEBUG
START_TEST(a_dead_handle_is_noticed) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "gone");
    ck_assert(ct_end(s));
    EXPECT(ct_exp(x), CT_ERR_SCOPE, "ct_exp: operand 1, gone(), belongs to a scope that has ended");
}
END_TEST
#endif

Suite *ct_suite(void) {
    Suite *suite = suite_create("autograd");
    TCase *t = tcase_create("engine");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_operand_used_twice);
    tcase_add_test(t, diamonds);
    tcase_add_test(t, two_passes);
    tcase_add_test(t, broadcast_is_summed);
    tcase_add_test(t, a_constant_needs_no_gradient);
    tcase_add_test(t, a_million_deep_in_a_small_stack);
    tcase_add_test(t, nodes_are_small);
    tcase_add_test(t, derivatives_of_derivatives);
    tcase_add_test(t, steps_before_a_pole);
    tcase_add_test(t, hessian_and_jacobians);
    tcase_add_test(t, gradients_of_several);
    tcase_add_test(t, replay_follows_the_inputs);
    tcase_add_test(t, gradients_outlive_inner_scopes);
    tcase_add_test(t, keep_carries_out);
    tcase_add_test(t, numbers_take_the_dtype_of_what_they_meet);
    tcase_add_test(t, errors_name_op_shapes_and_line);
    tcase_add_test(t, the_first_cause_is_kept);
    tcase_add_test(t, a_reported_cause_comes_back_with_its_null);
#ifdef CT_DEBUG
    tcase_add_test(t, a_dead_handle_is_noticed);
#endif
    suite_add_tcase(suite, t);
    return suite;
}
