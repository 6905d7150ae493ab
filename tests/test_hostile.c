/* What programs do that no manual would advise: each must get the right number or an error, and go on. */
#include "autograd/internal.h"
#include "data/data.h"
#include "inspect/inspect.h"
#include "optim/optim.h"
#include "support/expect.h"
#include "support/memory.h"

#include <check.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

/* The expression is an error of this code, which ends up in the scope's report. */
#define EXPECT(expression, code)                                                                                     \
    do {                                                                                                             \
        ct_scope expect_scope = ct_begin();                                                                          \
        (void)(expression);                                                                                          \
        ck_assert(!ct_end(expect_scope));                                                                            \
        ck_assert_msg(ct_error_status() == code, "%s", ct_error());                                                  \
        ct_error_clear();                                                                                            \
    } while (0)

/* ---- derivatives ---------------------------------------------------------------------------------------------- */

/* What ct_keep() makes lies below the part of the tape that its users are on. */
START_TEST(derivatives_by_what_was_kept) {
    ct_scope outer = ct_begin(), inner = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_keep(ct_scalar(3))), *f = ct_mul(x, ct_mul(x, x)), *g = ct_grad(f, x);
    ck_assert_double_eq(ct_item(g), 27);
    ck_assert_double_eq(ct_item(ct_grad(g, x)), 18);
    ck_assert_double_eq(ct_item(ct_jvp(f, x, ct_scalar(2))), 54);
    ck_assert(ct_backward(f));
    ck_assert_double_eq(grad_of(x), 27);
    ck_assert(ct_end(inner));
    ck_assert_double_eq(ct_item(ct_grad(ct_mul(x, x), x)), 6);
    ck_assert(ct_end(outer));
}
END_TEST

/* y * w, whose gradients need memory that is not there: it is w's, after x's has been computed. */
START_TEST(a_failed_pass_leaves_no_gradient) {
    ct_tensor *x = ct_parameter(CT_F64, CT_SCALAR, "x"), *w = ct_parameter(CT_F64, CT_SHAPE(1000), "w");
    ct_scope s = ct_begin();
    ct_tensor *y = ct_square(x), *f = ct_sum(ct_add(ct_exp(w), y), CT_ALL);
    ck_assert(ct_backward(ct_square(x)) && ct_has_gradient(x));
    support_fail_allocations_from(0);
    ck_assert(!ct_backward(ct_add(f, ct_mul(x, x))));
    ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
    support_restore_allocator();
    ck_assert(!ct_has_gradient(x) && !ct_has_gradient(w) && !ct_has_gradient(y));
    ct_error_clear();
    ck_assert(ct_set(x, &(double){3}) && ct_replay(f) && ct_backward(f));
    ck_assert_double_eq(grad_of(x), 6000);
    ck_assert_double_eq(ct_get(ct_gradient(w), CT_SHAPE(999)), 1);
    ck_assert(ct_end(s));
    ct_free(x);
    ct_free(w);
}
END_TEST

/* Passes are counted in 32 bits, which scalar graphs use up in an hour; 0 marks what no pass has reached. */
START_TEST(more_passes_than_can_be_counted) {
    ct_scope s = ct_begin();
    ct_this.pass = UINT32_MAX - 1;
    ct_tensor *x = ct_var(3, "x"), *y = ct_square(x), *other = ct_exp(y), *z = ct_neg(y);
    for (int i = 1; i <= 3; i++) {
        ck_assert(ct_backward(z));
        ck_assert_double_eq(grad_of(x), -6 * i);
        ck_assert(ct_has_gradient(y) && !ct_has_gradient(other));
    }
    ck_assert(ct_end(s));
}
END_TEST

static void *use_tensor_of_another_thread(void *tensor) {
    ct_scope s = ct_begin();
    ct_tensor *f = ct_square(tensor);
    ck_assert_double_eq(ct_item(f), 16);
    ck_assert(!ct_backward(f));
    ck_assert(!ct_end(s));
    ck_assert_int_eq(ct_error_status(), CT_ERR_SCOPE);
    return NULL;
}

/* Its value can be read; its history is on the other thread's tape. */
START_TEST(a_graph_across_threads) {
    pthread_t thread;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(2, "x"), *y = ct_square(x);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_tensor_of_another_thread, y), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_double_eq(ct_item(ct_grad(y, x)), 4);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- lives ---------------------------------------------------------------------------------------------------- */

/* What was computed from a parameter is the scope's, also its shape. */
START_TEST(a_parameter_freed_before_its_results) {
    ct_scope s = ct_begin();
    ct_tensor *w = ct_parameter(CT_F64, CT_SHAPE(2, 3), "w"), *y = ct_exp(w), *z = ct_add(y, y);
    memset(w->data, 0x7f, ct_bytes_of(w));
    *(ct_extent *)(uintptr_t)w->extent = (ct_extent){.size = -1};
    ct_free(w);
    ck_assert_int_eq(ct_shape_of(y).dim[1], 3);
    ck_assert_double_eq(ct_item(ct_sum(z, CT_ALL)), 12);
    ck_assert(ct_end(s));
}
END_TEST

#ifdef CT_DEBUG
START_TEST(every_use_of_a_dead_handle_is_noticed) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "gone");
    ck_assert(ct_end(s));
    EXPECT(ct_item(x), CT_ERR_SCOPE);
    EXPECT(ct_get(x, CT_SCALAR), CT_ERR_SCOPE);
    EXPECT(ct_set(x, &(double){1}), CT_ERR_SCOPE);
    EXPECT(ct_label(x, "x"), CT_ERR_SCOPE);
    EXPECT(ct_keep(x), CT_ERR_SCOPE);
    EXPECT(ct_gradient(x), CT_ERR_SCOPE);
}
END_TEST
START_TEST(and_by_derivatives) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(1, "gone");
    ck_assert(ct_end(s));
    EXPECT(ct_requires_grad(x), CT_ERR_SCOPE);
    EXPECT(ct_backward(x), CT_ERR_SCOPE);
    EXPECT(ct_backward_from(ct_var(1, "y"), x), CT_ERR_SCOPE);
    EXPECT(ct_grad(ct_var(1, "y"), x), CT_ERR_SCOPE);
    EXPECT(ct_jvp(ct_var(1, "y"), ct_var(1, "z"), x), CT_ERR_SCOPE);
    EXPECT(ct_replay(x), CT_ERR_SCOPE);
}
END_TEST
#endif

/* ---- arguments ------------------------------------------------------------------------------------------------ */

START_TEST(an_index_of_too_many_dimensions) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(2));
    ck_assert(isnan(ct_get(x, ((ct_shape){.ndim = 50}))));
    ck_assert_msg(strstr(ct_error(), "index (0,0,0,0,0,0,0,0) is outside of (2)"), "%s", ct_error());
    ct_error_clear();
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(nothing_wrapped) {
    ct_scope outer = ct_begin(), inner = ct_begin();
    ct_tensor *x = ct_wrap(CT_F32, CT_SHAPE(0, 3), NULL);
    ck_assert_double_eq(ct_item(ct_sum(ct_exp(ct_slice(x, 0, 0, CT_END, 1)), CT_ALL)), 0);
    ck_assert_ptr_nonnull(ct_keep(x));
    ck_assert(ct_end(inner));
    ck_assert(ct_end(outer));
}
END_TEST

START_TEST(numbers_without_items) {
    const ct_sizes none = {.n = 2, .items = NULL}, fewer = {.n = -2, .items = NULL};
    ct_scope s = ct_begin();
    ct_tensor *x = ct_ones(CT_F64, CT_SHAPE(2, 3));
    EXPECT(ct_part(((ct_list){.n = 2, .items = NULL}), 0), CT_ERR_ARGUMENT);
    EXPECT(ct_part(CT_LIST(x, NULL), 1), CT_ERR_NULL);
    EXPECT(ct_trapz_over(x, NULL, 0), CT_ERR_NULL);
    EXPECT(ct_pad(x, none, 0), CT_ERR_NULL);
    EXPECT(ct_pad(x, fewer, 0), CT_ERR_ARGUMENT);
    EXPECT(ct_roll(x, none, CT_AXES(0, 1)), CT_ERR_NULL);
    EXPECT(ct_split_sizes(x, none, 0), CT_ERR_NULL);
    EXPECT(ct_tensor_split_indices(x, none, 0), CT_ERR_NULL);
    EXPECT(ct_tensor_split_indices(x, fewer, 0), CT_ERR_ARGUMENT);
    EXPECT(ct_index_by(x, ((ct_subscripts){.n = 1, .items = NULL})), CT_ERR_NULL);
    EXPECT(ct_index_by(x, ((ct_subscripts){.n = -1, .items = NULL})), CT_ERR_ARGUMENT);
    EXPECT(ct_index(x, ((ct_subscript){.kind = (ct_subscript_kind)99})), CT_ERR_ARGUMENT);
    ck_assert(ct_end(s));
}
END_TEST

static ct_tensor *first_of(ct_tensor *const *inputs, void *context) {
    (void)context;
    return inputs[0];
}

START_TEST(lists_without_items) {
    const ct_list none = {.n = 2, .items = NULL};
    ct_scope s = ct_begin();
    ct_tensor *f = ct_var(1, "f"), *g[2] = {f, f};
    EXPECT(ct_eval("x", none), CT_ERR_NULL);
    ck_assert(ct_gradcheck(first_of, NULL, none).verdict != CT_PASS);
    expect_error(CT_ERR_NULL, "ct_gradcheck: operand 1 is NULL", "test_hostile.c:");
    ck_assert(ct_gradcheck(first_of, NULL, ((ct_list){.n = -1})).verdict != CT_PASS);
    expect_error(CT_ERR_ARGUMENT, "ct_gradcheck: a list of -1 inputs", "test_hostile.c:");
    ck_assert(!ct_write_safetensors("none", none));
    expect_error(CT_ERR_NULL, "ct_write_safetensors: operand 1 is NULL", "test_hostile.c:");
    EXPECT(ct_concat(none, 0), CT_ERR_NULL);
    EXPECT(ct_stack(none, 0), CT_ERR_NULL);
    EXPECT(ct_hstack(none), CT_ERR_NULL);
    EXPECT(ct_vstack(none), CT_ERR_NULL);
    EXPECT(ct_dstack(none), CT_ERR_NULL);
    EXPECT(ct_meshgrid(none, CT_INDEXING_IJ), CT_ERR_NULL);
    EXPECT(ct_einsum("i,i", none), CT_ERR_NULL);
    EXPECT(ct_multi_dot(none), CT_ERR_NULL);
    EXPECT(ct_ravel_multi_index(none, CT_SHAPE(2, 3)), CT_ERR_NULL);
    EXPECT(ct_grads(f, none, g), CT_ERR_NULL);
    EXPECT(ct_grads(f, CT_LIST(f), NULL), CT_ERR_NULL);
    EXPECT(ct_sgd(none, &(ct_sgd_options){.lr = 1}), CT_ERR_NULL);
    EXPECT(ct_grads(f, CT_LIST(f, ct_scalar(1)), g) && ct_exp(NULL), CT_ERR_NULL);
    ck_assert(ct_end(s));
}
END_TEST

/* Extents that only a 0 beside them keeps from being too many elements: nothing may multiply them, which the
 * undefined-behaviour sanitizer would see. */
START_TEST(empty_tensors_of_huge_extents) {
    const int64_t huge = (int64_t)1 << 62;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(0, huge, 4)));
    ct_tensor *y = ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(4))), *w = ct_zeros(CT_F64, CT_SHAPE(0, huge));
    ck_assert(ct_backward(ct_sum(ct_mul(x, y), CT_ALL)));
    ck_assert_double_eq(ct_get(ct_gradient(y), CT_SHAPE(3)), 0);
    ck_assert_int_eq(ct_shape_of(ct_sort(x, 1, false)).dim[1], huge);
    ck_assert_int_eq(ct_shape_of(ct_sort(x, 0, true)).dim[1], huge);
    ck_assert_int_eq(ct_shape_of(ct_sum(w, CT_AXES(1))).dim[0], 0);
    ck_assert_int_eq(ct_shape_of(ct_as_strided(x, CT_SHAPE(0, 3), CT_SHAPE(huge, huge), 0)).dim[1], 3);
    EXPECT(ct_sum(x, CT_AXES(0)), CT_ERR_LIMIT);
    EXPECT(ct_kron(w, w), CT_ERR_LIMIT);
    ck_assert(ct_end(s));
}
END_TEST

/* Ranges that overlap are none for memcpy(), as the address sanitizer knows, and valgrind of equal ranges too. */
START_TEST(what_is_set_to_itself) {
    double elements[] = {1, 2, 2, 2};
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_wrap(CT_F64, CT_SHAPE(3), elements)), *y;
    ck_assert(ct_set(x, elements + 1) && ct_set(x, elements));
    y = ct_square(x);
    ck_assert(ct_backward_from(y, ct_ones(CT_F64, CT_SHAPE(3))));
    ck_assert(ct_backward_from(y, ct_gradient(y)));
    ck_assert_double_eq(ct_get(ct_gradient(x), CT_SHAPE(2)), 8);
    ck_assert(ct_end(s));
}
END_TEST

/* Numbers at the ends of their types. */
START_TEST(arguments_at_the_ends_of_their_types) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_ones(CT_F64, CT_SHAPE(2, 3)), *none = ct_zeros(CT_F64, CT_SHAPE(2, 0));
    EXPECT(ct_part(ct_unbind(x, 0), INT_MIN), CT_ERR_ARGUMENT);
    EXPECT(ct_layer_norm(x, ((ct_shape){.ndim = INT_MIN}), NULL, NULL, 1e-5), CT_ERR_SHAPE);
    EXPECT(ct_layer_norm(x, ((ct_shape){.ndim = INT_MAX}), NULL, NULL, 1e-5), CT_ERR_SHAPE);
    EXPECT(ct_cross_entropy_loss(NULL, x, ct_ones(CT_F64, CT_SHAPE(3)), -100, 0, CT_LOSS_MEAN), CT_ERR_NULL);
    EXPECT(ct_adaptive_max_pool2d(x, ((ct_shape){.ndim = -1})), CT_ERR_SHAPE);
    ck_assert_int_eq(ct_shape_of(ct_as_strided(none, CT_SHAPE(0), CT_SHAPE(INT64_MIN), INT64_MAX)).dim[0], 0);
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("hostile");
    TCase *t = tcase_create("programs");
    tcase_add_test(t, derivatives_by_what_was_kept);
    tcase_add_test(t, a_failed_pass_leaves_no_gradient);
    tcase_add_test(t, more_passes_than_can_be_counted);
    tcase_add_test(t, a_graph_across_threads);
    tcase_add_test(t, a_parameter_freed_before_its_results);
#ifdef CT_DEBUG
    tcase_add_test(t, every_use_of_a_dead_handle_is_noticed);
    tcase_add_test(t, and_by_derivatives);
#endif
    tcase_add_test(t, an_index_of_too_many_dimensions);
    tcase_add_test(t, nothing_wrapped);
    tcase_add_test(t, lists_without_items);
    tcase_add_test(t, numbers_without_items);
    tcase_add_test(t, empty_tensors_of_huge_extents);
    tcase_add_test(t, what_is_set_to_itself);
    tcase_add_test(t, arguments_at_the_ends_of_their_types);
    suite_add_tcase(suite, t);
    return suite;
}
