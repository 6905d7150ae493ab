/* Indexing as people write it: subscripts, taking, putting, masks. Exact results on numbers that count up,
 * derivatives by the sweep, replays, memory, errors. */
#include "support/cases.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>

/* Vectors of indices, of truth, of numbers. */
#define I64(...)                                                                                                     \
    ct_from(CT_I64, CT_SHAPE((int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / 8)), ((int64_t[]){__VA_ARGS__}))
#define BOOL(...) ct_from(CT_BOOL, CT_SHAPE((int64_t)sizeof((uint8_t[]){__VA_ARGS__})), ((uint8_t[]){__VA_ARGS__}))
#define F64(...) ct_from(CT_F64, CT_SHAPE((int64_t)(sizeof((double[]){__VA_ARGS__}) / 8)), ((double[]){__VA_ARGS__}))

/* ---- x[...] ---------------------------------------------------------------------------------------------------- */

START_TEST(subscripts_without_tensors) {
    ct_tensor *x = COUNT(2, 3, 4);
    EXPECT(ct_index(x, CT_AT(1), CT_AT(-1)), CT_SHAPE(4), 20, 21, 22, 23);
    EXPECT(ct_index(x, CT_AT(0), CT_SPAN(1, CT_END, 1), CT_SPAN(-3, -1, 1)), CT_SHAPE(2, 2), 5, 6, 9, 10);
    EXPECT(ct_index(x, CT_ELLIPSIS, CT_AT(0)), CT_SHAPE(2, 3), 0, 4, 8, 12, 16, 20);
    EXPECT(ct_index(x, CT_AT(1), CT_ELLIPSIS, CT_SPAN(0, CT_END, 3)), CT_SHAPE(3, 2), 12, 15, 16, 19, 20, 23);
    check_shape(ct_index(x, CT_NEW_AXIS, CT_FULL, CT_AT(0), CT_NEW_AXIS), CT_F64, CT_SHAPE(1, 2, 1, 4));
    check_shape(ct_index(x, CT_NEW_AXIS, CT_ELLIPSIS, CT_NEW_AXIS), CT_F64, CT_SHAPE(1, 2, 3, 4, 1));
    ck_assert_ptr_eq(ct_index_by(x, (ct_subscripts){0, NULL}), x);
}
END_TEST

START_TEST(subscripts_with_tensors) {
    ct_tensor *x = COUNT(2, 3, 4), *rows = ct_reshape(I64(0, 1), CT_SHAPE(2, 1));
    EXPECT(ct_index(x, CT_BY(I64(1, -2, 1)), CT_AT(0), CT_AT(0)), CT_SHAPE(3), 12, 0, 12);
    EXPECT(ct_index(x, CT_BY(I64(0, 1)), CT_BY(I64(2, 0)), CT_BY(I64(3, -4))), CT_SHAPE(2), 11, 12);
    EXPECT(ct_index(x, CT_BY(rows), CT_BY(I64(0, 2)), CT_AT(1)), CT_SHAPE(2, 2), 1, 9, 13, 21);
    /* Side by side: in their place. Apart: in front. */
    EXPECT(ct_index(x, CT_FULL, CT_BY(I64(2, 0)), CT_BY(I64(0, 1))), CT_SHAPE(2, 2), 8, 1, 20, 13);
    EXPECT(ct_index(x, CT_BY(I64(0, 0, 1)), CT_SPAN(1, CT_END, 1), CT_BY(I64(0, 1, 2))), CT_SHAPE(3, 2), 4, 8, 5, 9,
           18, 22);
    /* An integer goes before the tensors do, so that what is left is side by side. */
    EXPECT(ct_index(x, CT_FULL, CT_AT(1), CT_BY(I64(3))), CT_SHAPE(2, 1), 7, 19);
    EXPECT(ct_index(x, CT_BY(ct_ones(CT_I64, CT_SCALAR)), CT_FULL, CT_BY(I64(3))), CT_SHAPE(3, 1), 15, 19, 23);
    check_shape(ct_index(x, CT_BY(ct_zeros(CT_I32, CT_SHAPE(2, 0, 5)))), CT_F64, CT_SHAPE(2, 0, 5, 3, 4));
    EXPECT(ct_index(COUNT(3), CT_BY(ct_full(CT_I64, CT_SCALAR, -1))), CT_SCALAR, 2);
}
END_TEST

START_TEST(subscripts_with_masks) {
    ct_tensor *x = COUNT(2, 3), *odd = ct_reshape(BOOL(0, 1, 0, 1, 0, 1), CT_SHAPE(2, 3));
    EXPECT(ct_index(x, CT_BY(odd)), CT_SHAPE(3), 1, 3, 5);
    EXPECT(ct_index(x, CT_FULL, CT_BY(BOOL(1, 0, 1))), CT_SHAPE(2, 2), 0, 2, 3, 5);
    EXPECT(ct_index(x, CT_BY(BOOL(0, 1)), CT_BY(BOOL(1, 0, 1))), CT_SHAPE(2), 3, 5);
    check_shape(ct_index(x, CT_BY(BOOL(0, 0))), CT_F64, CT_SHAPE(0, 3));
    EXPECT(ct_index(COUNT(2), CT_BY(ct_ones(CT_BOOL, CT_SCALAR))), CT_SHAPE(1, 2), 0, 1);
    check_shape(ct_index(x, CT_BY(ct_zeros(CT_BOOL, CT_SCALAR)), CT_AT(0)), CT_F64, CT_SHAPE(0, 3));
    EXPECT(ct_index(COUNT(2, 2, 3), CT_AT(1), CT_BY(odd)), CT_SHAPE(3), 7, 9, 11);
}
END_TEST

/* ---- taking and putting ---------------------------------------------------------------------------------------- */

START_TEST(taking) {
    ct_tensor *x = COUNT(2, 3);
    EXPECT(ct_take(x, ct_reshape(I64(5, -6), CT_SHAPE(2, 1))), CT_SHAPE(2, 1), 5, 0);
    EXPECT(ct_take(ct_scalar(3), ct_full(CT_I64, CT_SCALAR, 0)), CT_SCALAR, 3);
    EXPECT(ct_take_along_dim(x, ct_reshape(I64(2, 0), CT_SHAPE(1, 2)), 1), CT_SHAPE(2, 2), 2, 0, 5, 3);
    EXPECT(ct_take_along_dim(COUNT(1, 2), ct_reshape(I64(0, 1, 1), CT_SHAPE(3, 1)), -1), CT_SHAPE(3, 1), 0, 1, 1);
    EXPECT(ct_gather(ct_scalar(3), 0, I64(0)), CT_SHAPE(1), 3);
    EXPECT(ct_gather(COUNT(3), 0, ct_full(CT_I64, CT_SCALAR, 2)), CT_SCALAR, 2);
    EXPECT(ct_index_select(ct_scalar(3), 0, I64(0)), CT_SCALAR, 3);
    EXPECT(ct_index_select(x, 0, ct_full(CT_I64, CT_SCALAR, 1)), CT_SHAPE(1, 3), 3, 4, 5);
    EXPECT(ct_embedding(COUNT(3, 2), ct_reshape(I64(2, 0), CT_SHAPE(2, 1)), 0), CT_SHAPE(2, 1, 2), 4, 5, 0, 1);
    EXPECT(ct_embedding(COUNT(3, 2), ct_full(CT_I32, CT_SCALAR, 1), CT_NO_PADDING), CT_SHAPE(2), 2, 3);
    EXPECT(ct_ravel_multi_index(CT_LIST(I64(1, -1), I64(2, 0)), CT_SHAPE(2, 3)), CT_SHAPE(2), 5, 3);
}
END_TEST

START_TEST(putting) {
    ct_tensor *x = COUNT(2, 3), *v = F64(7, 8, 9), *two = F64(7, 8);
    EXPECT(ct_put(x, I64(5, 0, -1), v, false), CT_SHAPE(2, 3), 8, 1, 2, 3, 4, 9);
    EXPECT(ct_put(x, I64(5, 0, -1), v, true), CT_SHAPE(2, 3), 8, 1, 2, 3, 4, 21);
    EXPECT(ct_scatter(x, 1, ct_reshape(I64(0, 2), CT_SHAPE(2, 1)), ct_scalar(7)), CT_SHAPE(2, 3), 7, 1, 2, 3, 4, 7);
    EXPECT(ct_scatter(x, 0, ct_reshape(I64(1, 0), CT_SHAPE(1, 2)), ct_reshape(v, CT_SHAPE(1, 3))), CT_SHAPE(2, 3), 0,
           8, 2, 7, 4, 5);
    EXPECT(ct_scatter_add(x, 0, ct_reshape(I64(1, 1, 0, 1), CT_SHAPE(2, 2)), ct_ones(CT_F64, CT_SHAPE(2, 2))),
           CT_SHAPE(2, 3), 1, 1, 2, 4, 6, 5);
    EXPECT(ct_index_copy(x, 1, I64(2, 0), ct_ones(CT_F64, CT_SHAPE(2, 2))), CT_SHAPE(2, 3), 1, 1, 1, 1, 4, 1);
    EXPECT(ct_index_fill(x, 0, I64(-1), ct_scalar(9)), CT_SHAPE(2, 3), 0, 1, 2, 9, 9, 9);
    EXPECT(ct_index_add(x, 1, I64(0, 0), ct_ones(CT_F64, CT_SHAPE(2, 2)), -2), CT_SHAPE(2, 3), -4, 1, 2, -1, 4, 5);
    EXPECT(ct_index_add(ct_scalar(1), 0, I64(0), ct_scalar(2), 1), CT_SCALAR, 3);
    EXPECT(ct_select_scatter(x, two, 1, -1), CT_SHAPE(2, 3), 0, 1, 7, 3, 4, 8);
    EXPECT(ct_slice_scatter(x, ct_reshape(v, CT_SHAPE(1, 3)), 0, 1, CT_END, 1), CT_SHAPE(2, 3), 0, 1, 2, 7, 8, 9);
    EXPECT(ct_diagonal_scatter(x, two, 1, 0, 1), CT_SHAPE(2, 3), 0, 7, 2, 3, 4, 8);
    EXPECT(ct_index_put(x, CT_SUBSCRIPTS(CT_FULL, CT_BY(I64(0, 2))), two, false), CT_SHAPE(2, 3), 7, 1, 8, 7, 4, 8);
    EXPECT(ct_index_put(x, CT_SUBSCRIPTS(CT_AT(0), CT_BY(I64(1, 1))), ct_scalar(1), true), CT_SHAPE(2, 3), 0, 3, 2, 3,
           4, 5);
    EXPECT(ct_index_put(ct_zeros(CT_I64, CT_SHAPE(3)), CT_SUBSCRIPTS(CT_BY(BOOL(0, 1, 1))), ct_scalar(4), false),
           CT_SHAPE(3), 0, 4, 4);
}
END_TEST

/* ---- masks ----------------------------------------------------------------------------------------------------- */

START_TEST(masks) {
    ct_tensor *x = COUNT(2, 3), *c = BOOL(1, 0, 1);
    EXPECT(ct_masked_select(x, c), CT_SHAPE(4), 0, 2, 3, 5);
    EXPECT(ct_masked_select(COUNT(2, 1), c), CT_SHAPE(4), 0, 0, 1, 1);
    check_shape(ct_masked_select(ct_scalar(1), ct_zeros(CT_BOOL, CT_SCALAR)), CT_F64, CT_SHAPE(0));
    EXPECT(ct_masked_fill(x, c, ct_scalar(9)), CT_SHAPE(2, 3), 9, 1, 9, 9, 4, 9);
    EXPECT(ct_masked_fill(ct_zeros(CT_I32, CT_SHAPE(3)), c, ct_scalar(9)), CT_SHAPE(3), 9, 0, 9);
    EXPECT(ct_masked_scatter(x, c, F64(6, 7, 8, 9, 10)), CT_SHAPE(2, 3), 6, 1, 7, 8, 4, 9);
    EXPECT(ct_nonzero(ct_reshape(F64(0, NAN, -0.0, 2), CT_SHAPE(2, 2))), CT_SHAPE(2, 2), 0, 1, 1, 1);
    check_shape(ct_nonzero(ct_scalar(5)), CT_I64, CT_SHAPE(1, 0));
    check_shape(ct_nonzero(ct_zeros(CT_U8, CT_SHAPE(2, 0, 3))), CT_I64, CT_SHAPE(0, 3));
}
END_TEST

/* The number of selected elements stays: too many are cut off, missing ones are NaN and written nowhere. */
START_TEST(masks_that_change_before_a_replay) {
    ct_tensor *mask = BOOL(1, 0, 1, 0), *x = ct_requires_grad(F64(1, 2, 3, 4));
    ct_tensor *z = ct_masked_select(x, mask), *put = ct_masked_scatter(x, mask, F64(7, 8));
    ct_tensor *pairs = ct_index(ct_reshape(x, CT_SHAPE(2, 2)), CT_BY(ct_reshape(mask, CT_SHAPE(2, 2))));
    EXPECT(z, CT_SHAPE(2), 1, 3);
    ck_assert(ct_set(mask, ((uint8_t[]){0, 1, 1, 1})) && ct_replay(pairs));
    EXPECT(z, CT_SHAPE(2), 2, 3);
    EXPECT(pairs, CT_SHAPE(2), 2, 3);
    EXPECT(put, CT_SHAPE(4), 1, 7, 8, 4);
    ck_assert(ct_set(mask, ((uint8_t[]){0, 0, 0, 1})) && ct_replay(pairs));
    EXPECT(z, CT_SHAPE(2), 4, NAN);
    EXPECT(pairs, CT_SHAPE(2), 4, NAN);
    EXPECT(put, CT_SHAPE(4), 1, 2, 3, 7);
    ck_assert(ct_backward_from(z, F64(5, 6)));
    EXPECT(ct_gradient(x), CT_SHAPE(4), 0, 0, 0, 5);
}
END_TEST

/* ---- derivatives ----------------------------------------------------------------------------------------------- */

static ct_sample taking_case(int i, ct_dtype dtype) {
    ct_sample s = {0};
    int n = 0;
    CASE(ct_index(X(5, 4, 3), CT_AT(2), CT_SPAN(0, CT_END, 2)));
    CASE(ct_index(X(5, 4), CT_BY(I64(0, 3, 0, -1)), CT_NEW_AXIS));
    CASE(ct_index(X(3, 4, 2), CT_BY(I64(0, 2)), CT_FULL, CT_BY(I64(1, 1))));
    CASE(ct_index(X(2, 3, 4), CT_ELLIPSIS, CT_BY(I64(0, 2, 0)), CT_BY(I64(1, 1, 1))));
    CASE(ct_index(X(3, 2), CT_BY(BOOL(1, 0, 1))));
    CASE(ct_index(X(2, 2), CT_BY(ct_reshape(BOOL(1, 0, 1, 1), CT_SHAPE(2, 2)))));
    CASE(ct_index(X(3), CT_BY(BOOL(0, 0, 0))));
    CASE(ct_index(X0, CT_NEW_AXIS, CT_ELLIPSIS));
    CASE(ct_index(X0, CT_BY(ct_ones(CT_BOOL, CT_SCALAR))));
    CASE(ct_take(X(3, 2), ct_reshape(I64(5, 0, 5, -2), CT_SHAPE(2, 2))));
    CASE(ct_take(X0, I64(0, 0)));
    CASE(ct_take_along_dim(X(1, 4), ct_reshape(I64(3, 0, 0, 1), CT_SHAPE(2, 2)), 1));
    CASE(ct_take_along_dim(X(3, 4), ct_reshape(I64(1), CT_SHAPE(1, 1)), 0));
    CASE(ct_gather(X(4, 3), 0, ct_reshape(I64(1, 3, 1), CT_SHAPE(3, 1))));
    CASE(ct_gather(X0, 0, ct_full(CT_I64, CT_SCALAR, 0)));
    CASE(ct_index_select(X0, 0, I64(0)));
    CASE(ct_embedding(X(4, 3), ct_reshape(I64(3, 1, 3, 0), CT_SHAPE(2, 2)), CT_NO_PADDING));
    CASE(ct_masked_select(X(2, 3), BOOL(1, 0, 1)));
    CASE(ct_masked_select(X(3, 1), BOOL(1, 0, 1, 1)));
    CASE(ct_masked_select(X(3), BOOL(0, 0, 0)));
    CASE(ct_masked_fill(X(2, 3), BOOL(1, 0, 1), Y0));
    CASE(ct_masked_fill(X(3), ct_reshape(BOOL(1, 0), CT_SHAPE(2, 1)), Y0));
    return s;
}

static ct_sample putting_case(int i, ct_dtype dtype) {
    ct_sample s = {0};
    int n = 0;
    CASE(ct_scatter(X(4, 3), 0, ct_reshape(I64(1, 3, 1), CT_SHAPE(3, 1)), Y(3, 2)));
    CASE(ct_scatter(X(2, 3), 1, ct_reshape(I64(1, 2), CT_SHAPE(2, 1)), Y0));
    CASE(ct_scatter_add(X(4, 3), 0, ct_reshape(I64(1, 3, 1, 0), CT_SHAPE(2, 2)), Y(3, 2)));
    CASE(ct_scatter_add(X0, 0, ct_full(CT_I64, CT_SCALAR, 0), Y0));
    CASE(ct_put(X(2, 3), I64(0, 4, 0), Y(3, 1), false));
    CASE(ct_put(X(2, 3), I64(0, 4, 0), Y(3), true));
    CASE(ct_put(X(2, 3), I64(), Y(0), false));
    CASE(ct_index_put(X(3, 4), CT_SUBSCRIPTS(CT_BY(I64(0, 2))), Y(2, 4), false));
    CASE(ct_index_put(X(3, 4), CT_SUBSCRIPTS(CT_SPAN(0, 2, 1), CT_BY(I64(1, 1))), Y(2, 1), true));
    CASE(ct_index_put(X(3, 4), CT_SUBSCRIPTS(CT_BY(BOOL(1, 0, 1))), Y0, false));
    CASE(ct_index_copy(X(3, 4), 1, I64(0, 2), Y(3, 2)));
    CASE(ct_index_copy(X0, 0, I64(0), Y0));
    CASE(ct_index_fill(X(3, 4), 0, I64(2, 2), Y0));
    CASE(ct_index_fill(X0, 0, I64(0), Y0));
    CASE(ct_index_add(X(3, 4), -1, I64(0, 2, 0), Y(3, 3), 0.5));
    CASE(ct_index_add(X0, 0, ct_full(CT_I64, CT_SCALAR, 0), Y0, 2));
    CASE(ct_select_scatter(X(3, 4), Y(3), 1, 2));
    CASE(ct_select_scatter(X(3), Y0, 0, -1));
    CASE(ct_slice_scatter(X(5, 2), Y(2, 2), 0, 1, 4, 2));
    CASE(ct_slice_scatter(X(5, 2), Y(0, 2), 0, 4, 1, 1));
    CASE(ct_diagonal_scatter(X(2, 3, 4), Y(3, 2), 1, 0, 2));
    CASE(ct_masked_scatter(X(2, 3), BOOL(1, 0, 1), Y(5)));
    CASE(ct_masked_scatter(X(3), ct_reshape(BOOL(1, 0, 1, 1, 1, 1), CT_SHAPE(2, 3)), Y(3, 2)));
    return s;
}

START_TEST(every_derivative) {
    sweep s = {0};
    sweep_function(&s, "taking", taking_case);
    sweep_function(&s, "putting", putting_case);
    ck_assert_msg(s.failures == 0, "%lld of %lld failed, first: %s", (long long)s.failures, (long long)s.checks,
                  s.first);
    printf("sweep of functions on indices: %lld checks, 0 failures\n", (long long)s.checks);
    ck_assert_int_ge(s.checks, 1300);
}
END_TEST

/* What differences would not say: the padding row has a value, and a cotangent that goes nowhere. */
START_TEST(padding_has_no_gradient) {
    ct_tensor *x = ct_requires_grad(COUNT(3, 2)), *z = ct_embedding(x, I64(2, 0, 2, 1), -1);
    ck_assert(ct_backward_from(z, ct_ones(CT_F64, CT_SHAPE(4, 2))));
    EXPECT(ct_gradient(x), CT_SHAPE(3, 2), 1, 1, 1, 1, 0, 0);
}
END_TEST

/* ---- memory and errors -------------------------------------------------------------------------------------- */

static void index_about(void) {
    ct_scope scope = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(60, 50))), *y = ct_zeros(CT_I64, CT_SHAPE(60));
    ct_tensor *mask = ct_ones(CT_BOOL, CT_SHAPE(60, 50));
    ct_list parts = ct_chunk(ct_flip(x, CT_AXES(0)), 2, 0), grid = ct_meshgrid(CT_LIST(y, y), CT_INDEXING_IJ);
    ct_tensor *z[] = {ct_index(x, CT_BY(y), CT_FULL, CT_NEW_AXIS),
                      ct_index(x, CT_BY(mask)),
                      ct_tril(x, 0),
                      ct_index_put(x, CT_SUBSCRIPTS(CT_BY(y)), ct_scalar(1), false),
                      ct_roll(x, CT_SIZES(1), CT_ALL),
                      ct_masked_scatter(x, mask, x),
                      ct_index_fill(x, 0, y, ct_scalar(2)),
                      ct_part(parts, 1),
                      ct_pad(x, CT_SIZES(1, 1), 0),
                      ct_repeat(x, CT_SHAPE(2, 2)),
                      ct_unfold_axis(x, 0, 7, 3),
                      ct_cast(ct_part(grid, 0), CT_F64),
                      ct_scatter(x, 0, ct_reshape(y, CT_SHAPE(60, 1)), x)};
    const int n = sizeof z / sizeof *z;
    bool done = true;
    for (int i = 0; i < n; i++)
        if (!z[i] || (ct_needs_gradient(z[i]) && !ct_backward_from(z[i], z[i]))) done = false;
    bool ended = ct_end(scope);
    ck_assert(ended == done);
    if (!done) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
}

START_TEST(memory_ends_at_any_allocation) {
    close_scope(); /* the allocator changes between scopes only */
    ck_assert_int_ge(support_fail_each(support_fail_allocations_from, index_about), 4);
    open_scope();
}
END_TEST

START_TEST(errors_of_subscripts) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *deep = COUNT(1, 1, 1, 1, 1, 1, 1, 1);
    ARGUMENT_ERROR(ct_index(x, CT_AT(2)), "ct_index: ct_select: x(2,3): index 2 is outside of the extent 2");
    ARGUMENT_ERROR(ct_index(x, CT_SPAN(0, 2, 0)), "ct_index: ct_slice: slice(x(2,3)): the step 0 is not positive");
    ARGUMENT_ERROR(ct_index(x, CT_BY(I64(0, 2))),
                   "ct_index: ct_index_select: x(2,3)[(2)]: index 2 at (1) is out of range for an extent of 2");
    ARGUMENT_ERROR(
        ct_index(x, CT_BY(I64(0)), CT_BY(I64(3))),
        "ct_index: ct_ravel_multi_index: ravel_multi_index((1), (1)): index 3 at (0) is out of range for an extent of 3");
    ARGUMENT_ERROR(ct_index(x, CT_ELLIPSIS, CT_ELLIPSIS), "ct_index: x(2,3): more than one ellipsis");
    SHAPE_ERROR(ct_index(x, CT_AT(0), CT_AT(0), CT_AT(0)), "ct_index: x(2,3): subscripts for 3 axes");
    SHAPE_ERROR(ct_index(x, CT_BY(BOOL(1, 0, 1))), "ct_index: x(2,3): the mask (3) differs from axis 0 on");
    SHAPE_ERROR(ct_index(x, CT_BY(I64(0, 1)), CT_BY(I64(0, 1, 2))), "ct_index: x(2,3): the indices do not broadcast");
    SHAPE_ERROR(ct_index(deep, CT_BY(ct_zeros(CT_I64, CT_SHAPE(1, 1)))),
                "ct_index: (1,1,1,1,1,1,1,1): 9 dimensions, of at most 8");
    DTYPE_ERROR(ct_index(x, CT_BY(F64(0))),
                "ct_index: ct_index_select: x(2,3)[(1)]: indices must be of an integer dtype, not f64");
    CHECK_ERROR(ct_index(x, CT_BY(NULL)), CT_ERR_NULL, "ct_index: operand 2 is NULL");
    CHECK_ERROR(ct_index(NULL, CT_AT(0)), CT_ERR_NULL, "ct_index: operand 1 is NULL");
}
END_TEST

START_TEST(errors_of_taking_and_putting) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *y = I64(0, 1), *one = F64(1);
    SHAPE_ERROR(ct_take_along_dim(x, y, 1), "ct_take_along_dim: x(2,3): the indices have 1 dimensions");
    SHAPE_ERROR(ct_take_along_dim(x, ct_zeros(CT_I64, CT_SHAPE(3, 1)), 1),
                "ct_take_along_dim: x(2,3): the indices differ along axis 0");
    SHAPE_ERROR(ct_embedding(one, y, CT_NO_PADDING), "ct_embedding: (1): 1 dimensions, not 2");
    ARGUMENT_ERROR(ct_embedding(x, I64(0, -1), CT_NO_PADDING), "ct_embedding: x(2,3): there is no row -1");
    ARGUMENT_ERROR(ct_embedding(x, y, 2), "ct_embedding: x(2,3): there is no row 2");
    SHAPE_ERROR(ct_put(x, y, one, false), "ct_put: (1): not as many elements as 2 places");
    SHAPE_ERROR(ct_scatter(x, 0, y, one), "ct_scatter: x(2,3): the indices (2) are more than that beside axis 0");
    SHAPE_ERROR(ct_scatter_add(x, 0, ct_zeros(CT_I64, CT_SHAPE(1, 4)), x),
                "ct_scatter_add: x(2,3): the indices (1,4) are more than that beside axis 0");
    SHAPE_ERROR(ct_scatter(x, 0, ct_zeros(CT_I64, CT_SHAPE(2, 3)), ct_zeros(CT_F64, CT_SHAPE(1, 3))),
                "ct_scatter: scatter(x(2,3), (2,3), (1,3)): not as many elements as indices");
    DTYPE_ERROR(ct_scatter(x, 0, ct_zeros(CT_I64, CT_SHAPE(2, 3)), ct_zeros(CT_F32, CT_SHAPE(2, 3))),
                "ct_scatter: scatter(x(2,3), (2,3), (2,3)): dtypes f64 and f32 differ");
    DTYPE_ERROR(ct_scatter(x, 0, ct_zeros(CT_I32, CT_SHAPE(2, 3)), x),
                "ct_scatter: (2,3): indices must be i64, not i32");
    ARGUMENT_ERROR(ct_scatter(x, 1, ct_full(CT_I64, CT_SHAPE(1, 1), 3), x),
                   "ct_scatter: scatter((1,3), (1,1), (1,1)): index 3 at (0,0) is out of range for an extent of 3");
    SHAPE_ERROR(ct_index_copy(x, 0, I64(0), ct_zeros(CT_F64, CT_SHAPE(1, 2))),
                "ct_index_copy: (1,2): is to take the place of (1,3)");
    SHAPE_ERROR(ct_index_add(x, 0, I64(0), ct_zeros(CT_F64, CT_SHAPE(1, 1)), 1),
                "ct_index_add: (1,1): the slices along axis 0 are not of the shape of the others");
    SHAPE_ERROR(ct_index_fill(x, 0, y, one), "ct_index_fill: (1): the value has 1 dimensions, not 0");
    SHAPE_ERROR(ct_select_scatter(x, ct_zeros(CT_F64, CT_SHAPE(1, 3)), 0, 0),
                "ct_select_scatter: ct_slice_scatter: slice_scatter(x(2,3), (1,1,3)): the slice is of shape (1,3)");
    SHAPE_ERROR(ct_index_put(x, CT_SUBSCRIPTS(CT_AT(0)), F64(1, 2), false),
                "ct_index_put: ct_broadcast: broadcast((2)): does not broadcast to the shape (3)");
    CHECK_ERROR(ct_put(x, NULL, one, false), CT_ERR_NULL, "ct_put: operand 2 is NULL");
    CHECK_ERROR(ct_index_put(NULL, CT_SUBSCRIPTS(CT_AT(0)), one, false), CT_ERR_NULL,
                "ct_index_put: ct_index: operand 1 is NULL");
}
END_TEST

START_TEST(errors_of_masks) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *c = BOOL(1, 0);
    SHAPE_ERROR(ct_masked_select(x, c), "ct_masked_select: x(2,3): does not broadcast with the mask (2)");
    DTYPE_ERROR(ct_masked_select(x, x), "ct_masked_select: x(2,3): the mask is f64, not bool");
    SHAPE_ERROR(ct_masked_fill(x, c, F64(1)), "ct_masked_fill: (1): the value has 1 dimensions, not 0");
    SHAPE_ERROR(ct_masked_scatter(x, ct_ones(CT_BOOL, CT_SCALAR), F64(1, 2)),
                "ct_masked_scatter: (2): 6 elements are wanted");
    ARGUMENT_ERROR(ct_ravel_multi_index(CT_LIST(I64(0)), CT_SHAPE(2, 3)),
                   "ct_ravel_multi_index: 1 operands for 2 dimensions");
    SHAPE_ERROR(ct_ravel_multi_index(CT_LIST(I64(0), I64(0, 1)), CT_SHAPE(2, 3)),
                "ct_ravel_multi_index: ravel_multi_index((1), (2)): the shapes differ");
    SHAPE_ERROR(ct_ravel_multi_index(CT_LIST(I64(0)), CT_SHAPE(-1)),
                "ct_ravel_multi_index: ravel_multi_index((1)): the shape to index is impossible");
    CHECK_ERROR(ct_nonzero(NULL), CT_ERR_NULL, "ct_nonzero: operand 1 is NULL");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("subscripts");
    TCase *t = tcase_create("subscripts");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(t, subscripts_without_tensors);
    tcase_add_test(t, subscripts_with_tensors);
    tcase_add_test(t, subscripts_with_masks);
    tcase_add_test(t, taking);
    tcase_add_test(t, putting);
    tcase_add_test(t, masks);
    tcase_add_test(t, masks_that_change_before_a_replay);
    tcase_add_test(t, every_derivative);
    tcase_add_test(t, padding_has_no_gradient);
    tcase_add_test(t, memory_ends_at_any_allocation);
    tcase_add_test(t, errors_of_subscripts);
    tcase_add_test(t, errors_of_taking_and_putting);
    tcase_add_test(t, errors_of_masks);
    suite_add_tcase(suite, t);
    return suite;
}
