/* Functions composed of shape ops: exact results on numbers that count up, derivatives by the sweep, errors. */
#include "support/cases.h"

#include <check.h>
#include <math.h>

#define EXPECT_EMPTY(z, shape) check_shape(z, CT_F64, shape)

/* ---- values -------------------------------------------------------------------------------------------------- */

START_TEST(order_of_axes) {
    ct_tensor *x = COUNT(2, 3), *s = ct_scalar(7);
    EXPECT(ct_transpose(x, 0, -1), CT_SHAPE(3, 2), 0, 3, 1, 4, 2, 5);
    EXPECT(ct_t(x), CT_SHAPE(3, 2), 0, 3, 1, 4, 2, 5);
    EXPECT(ct_t(COUNT(2)), CT_SHAPE(2), 0, 1);
    EXPECT(ct_t(s), CT_SCALAR, 7);
    EXPECT(ct_transpose(s, 0, -1), CT_SCALAR, 7);
    check_shape(ct_movedim(COUNT(2, 3, 4, 5), CT_AXES(0, -1), CT_AXES(2, 0)), CT_F64, CT_SHAPE(5, 3, 2, 4));
    EXPECT(ct_movedim(COUNT(2, 1, 2), CT_AXES(2), CT_AXES(0)), CT_SHAPE(2, 2, 1), 0, 2, 1, 3);
}
END_TEST

START_TEST(axes_that_come_and_go) {
    check_shape(ct_squeeze(COUNT(2, 1, 3, 1), CT_ALL), CT_F64, CT_SHAPE(2, 3));
    check_shape(ct_squeeze(COUNT(2, 1, 3, 1), CT_AXES(0, -1)), CT_F64, CT_SHAPE(2, 1, 3));
    check_shape(ct_squeeze(ct_scalar(1), CT_AXES(0)), CT_F64, CT_SCALAR);
    check_shape(ct_unsqueeze(COUNT(2, 3), 2), CT_F64, CT_SHAPE(2, 3, 1));
    check_shape(ct_unsqueeze(COUNT(2, 3), -3), CT_F64, CT_SHAPE(1, 2, 3));
    check_shape(ct_unsqueeze(ct_scalar(1), 0), CT_F64, CT_SHAPE(1));
    check_shape(ct_flatten(COUNT(2, 3, 4, 5), 1, -2), CT_F64, CT_SHAPE(2, 12, 5));
    check_shape(ct_flatten(COUNT(2, 0, 4), 0, -1), CT_F64, CT_SHAPE(0));
    check_shape(ct_flatten(ct_scalar(1), 0, -1), CT_F64, CT_SHAPE(1));
    check_shape(ct_unflatten(COUNT(2, 12), -1, CT_SHAPE(3, -1, 2)), CT_F64, CT_SHAPE(2, 3, 2, 2));
    check_shape(ct_unflatten(COUNT(4, 0), 0, CT_SHAPE(2, -1)), CT_F64, CT_SHAPE(2, 2, 0));
}
END_TEST

START_TEST(repeats) {
    ct_tensor *x = COUNT(2, 2);
    EXPECT(ct_expand(COUNT(2, 1), CT_SHAPE(2, -1, 2)), CT_SHAPE(2, 2, 2), 0, 0, 1, 1, 0, 0, 1, 1);
    EXPECT(ct_repeat(x, CT_SHAPE(1, 2)), CT_SHAPE(2, 4), 0, 1, 0, 1, 2, 3, 2, 3);
    EXPECT(ct_repeat(COUNT(2), CT_SHAPE(2, 2)), CT_SHAPE(2, 4), 0, 1, 0, 1, 0, 1, 0, 1);
    EXPECT(ct_tile(x, CT_SHAPE(2)), CT_SHAPE(2, 4), 0, 1, 0, 1, 2, 3, 2, 3);
    EXPECT(ct_tile(x, CT_SHAPE(2, 1, 1)), CT_SHAPE(2, 2, 2), 0, 1, 2, 3, 0, 1, 2, 3);
    EXPECT(ct_tile(ct_scalar(4), CT_SHAPE(3)), CT_SHAPE(3), 4, 4, 4);
    EXPECT(ct_repeat_interleave(x, 2, 0), CT_SHAPE(4, 2), 0, 1, 0, 1, 2, 3, 2, 3);
    EXPECT(ct_repeat_interleave(x, 2, -1), CT_SHAPE(2, 4), 0, 0, 1, 1, 2, 2, 3, 3);
    EXPECT_EMPTY(ct_repeat(COUNT(2, 3), CT_SHAPE(0, 2)), CT_SHAPE(0, 6));
    EXPECT_EMPTY(ct_tile(COUNT(2, 0), CT_SHAPE(3, 4)), CT_SHAPE(6, 0));
    ct_tensor *copy = ct_clone(x);
    EXPECT(copy, CT_SHAPE(2, 2), 0, 1, 2, 3);
    ck_assert_ptr_ne(ct_data(copy), ct_data(x));
}
END_TEST

START_TEST(turns) {
    ct_tensor *x = COUNT(2, 3);
    EXPECT(ct_flip(x, CT_AXES(1)), CT_SHAPE(2, 3), 2, 1, 0, 5, 4, 3);
    EXPECT(ct_flip(x, CT_ALL), CT_SHAPE(2, 3), 5, 4, 3, 2, 1, 0);
    EXPECT(ct_flip(ct_scalar(3), CT_AXES(0)), CT_SCALAR, 3);
    EXPECT(ct_fliplr(x), CT_SHAPE(2, 3), 2, 1, 0, 5, 4, 3);
    EXPECT(ct_flipud(x), CT_SHAPE(2, 3), 3, 4, 5, 0, 1, 2);
    EXPECT(ct_rot90(x, 1, CT_AXES(0, 1)), CT_SHAPE(3, 2), 2, 5, 1, 4, 0, 3);
    EXPECT(ct_rot90(x, -2, CT_AXES(0, 1)), CT_SHAPE(2, 3), 5, 4, 3, 2, 1, 0);
    EXPECT(ct_rot90(x, 3, CT_AXES(0, 1)), CT_SHAPE(3, 2), 3, 0, 4, 1, 5, 2);
    EXPECT(ct_roll(x, CT_SIZES(1), CT_AXES(1)), CT_SHAPE(2, 3), 2, 0, 1, 5, 3, 4);
    EXPECT(ct_roll(x, CT_SIZES(-4, 1), CT_AXES(1, 0)), CT_SHAPE(2, 3), 4, 5, 3, 1, 2, 0);
    EXPECT(ct_roll(x, CT_SIZES(INT64_MIN), CT_ALL), CT_SHAPE(2, 3), 2, 3, 4, 5, 0, 1); /* -2^63 is -2 modulo 6 */
    ct_tensor *u = ct_from(CT_F64, CT_SHAPE(3), ((double[]){1, 2, 3}));
    EXPECT(ct_cross(u, ct_from(CT_F64, CT_SHAPE(3), ((double[]){4, 5, 6})), 0), CT_SHAPE(3), -3, 6, -3);
    EXPECT(ct_unfold_axis(COUNT(7), 0, 3, 2), CT_SHAPE(3, 3), 0, 1, 2, 2, 3, 4, 4, 5, 6);
    EXPECT(ct_unfold_axis(x, 0, 2, 5), CT_SHAPE(1, 3, 2), 0, 3, 1, 4, 2, 5);
    EXPECT(ct_unfold_axis(ct_scalar(2), 0, 1, 1), CT_SHAPE(1), 2);
}
END_TEST

START_TEST(diagonals) {
    ct_tensor *x = COUNT(2, 3), *v = COUNT(2);
    EXPECT(ct_diagonal(x, 0, 0, 1), CT_SHAPE(2), 0, 4);
    EXPECT(ct_diagonal(x, 1, 0, 1), CT_SHAPE(2), 1, 5);
    EXPECT(ct_diagonal(x, -1, 0, 1), CT_SHAPE(1), 3);
    EXPECT(ct_diagonal(x, 1, 1, 0), CT_SHAPE(1), 3);
    EXPECT_EMPTY(ct_diagonal(x, INT64_MIN, 0, 1), CT_SHAPE(0));
    EXPECT(ct_diagonal(COUNT(2, 2, 2), 0, 0, -1), CT_SHAPE(2, 2), 0, 5, 2, 7);
    EXPECT(ct_diag_embed(v, 0, -2, -1), CT_SHAPE(2, 2), 0, 0, 0, 1);
    EXPECT(ct_diag_embed(COUNT(2), 1, 0, 1), CT_SHAPE(3, 3), 0, 0, 0, 0, 0, 1, 0, 0, 0);
    EXPECT(ct_diag_embed(COUNT(1, 2), 0, 0, 2), CT_SHAPE(2, 1, 2), 0, 0, 0, 1);
    EXPECT(ct_diag(v, -1), CT_SHAPE(3, 3), 0, 0, 0, 0, 0, 0, 0, 1, 0);
    EXPECT(ct_diag(x, 0), CT_SHAPE(2), 0, 4);
    EXPECT(ct_tril(x, 0), CT_SHAPE(2, 3), 0, 0, 0, 3, 4, 0);
    EXPECT(ct_triu(x, 1), CT_SHAPE(2, 3), 0, 1, 2, 0, 0, 5);
    EXPECT(ct_triu(ct_full(CT_F64, CT_SHAPE(2, 2), NAN), 2), CT_SHAPE(2, 2), 0, 0, 0, 0);
    EXPECT_EMPTY(ct_tril(COUNT(2, 0, 3), 0), CT_SHAPE(2, 0, 3));
}
END_TEST

START_TEST(pads) {
    ct_tensor *x = COUNT(1, 1, 3);
    EXPECT(ct_pad(COUNT(1, 2), CT_SIZES(1, 0, 0, 1), 9), CT_SHAPE(2, 3), 9, 0, 1, 9, 9, 9);
    EXPECT(ct_pad(x, CT_SIZES(-1, 2), 9), CT_SHAPE(1, 1, 4), 1, 2, 9, 9);
    EXPECT(ct_pad(x, CT_SIZES(), 9), CT_SHAPE(1, 1, 3), 0, 1, 2);
    EXPECT_EMPTY(ct_pad(COUNT(2, 3), CT_SIZES(-2, -1), 0), CT_SHAPE(2, 0));
    EXPECT(ct_pad_reflect(x, CT_SIZES(2, 1)), CT_SHAPE(1, 1, 6), 2, 1, 0, 1, 2, 1);
    EXPECT(ct_pad_reflect(x, CT_SIZES(-1, 2)), CT_SHAPE(1, 1, 4), 1, 2, 1, 0);
    EXPECT(ct_pad_replicate(x, CT_SIZES(1, 3)), CT_SHAPE(1, 1, 7), 0, 0, 1, 2, 2, 2, 2);
    EXPECT(ct_pad_circular(x, CT_SIZES(1, 3)), CT_SHAPE(1, 1, 7), 2, 0, 1, 2, 0, 1, 2);
    EXPECT(ct_pad_circular(x, CT_SIZES(2, -1)), CT_SHAPE(1, 1, 4), 0, 1, 0, 1);
}
END_TEST

START_TEST(joins) {
    ct_tensor *v = COUNT(2), *w = ct_from(CT_F64, CT_SHAPE(2), ((double[]){2, 3}));
    EXPECT(ct_hstack(CT_LIST(v, w)), CT_SHAPE(4), 0, 1, 2, 3);
    EXPECT(ct_hstack(CT_LIST(ct_scalar(5), v)), CT_SHAPE(3), 5, 0, 1);
    EXPECT(ct_hstack(CT_LIST(COUNT(2, 1), COUNT(2, 1))), CT_SHAPE(2, 2), 0, 0, 1, 1);
    EXPECT(ct_vstack(CT_LIST(v, w)), CT_SHAPE(2, 2), 0, 1, 2, 3);
    EXPECT(ct_dstack(CT_LIST(v, w)), CT_SHAPE(1, 2, 2), 0, 2, 1, 3);
    ct_list ij = ct_meshgrid(CT_LIST(v, COUNT(3)), CT_INDEXING_IJ),
            xy = ct_meshgrid(CT_LIST(v, COUNT(3)), CT_INDEXING_XY);
    ck_assert_int_eq(ij.n, 2);
    EXPECT(ct_part(ij, 0), CT_SHAPE(2, 3), 0, 0, 0, 1, 1, 1);
    EXPECT(ct_part(ij, 1), CT_SHAPE(2, 3), 0, 1, 2, 0, 1, 2);
    EXPECT(ct_part(xy, 0), CT_SHAPE(3, 2), 0, 1, 0, 1, 0, 1);
    EXPECT(ct_part(xy, -1), CT_SHAPE(3, 2), 0, 0, 1, 1, 2, 2);
}
END_TEST

/* That there are n parts, of these extents along axis 0, which joined are x. */
static void expect_parts(ct_list parts, const ct_tensor *x, int n, const int64_t *extents) {
    ck_assert_msg(parts.n == n, "%d parts: %s", parts.n, ct_error());
    for (int i = 0; i < n; i++) ck_assert_int_eq(ct_shape_of(parts.items[i]).dim[0], extents[i]);
    ct_tensor *whole = ct_concat(parts, 0);
    EACH_INDEX(index, whole) check_value(whole, index, ct_get(x, index));
}
#define PARTS(list, x, ...)                                                                                          \
    expect_parts(list, x, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

START_TEST(cuts) {
    ct_tensor *x = COUNT(7, 2), *none = COUNT(0, 2);
    PARTS(ct_split(x, 3, 0), x, 3, 3, 1);
    PARTS(ct_split(x, INT64_MAX, 0), x, 7);
    PARTS(ct_split(none, 0, 0), none, 0);
    PARTS(ct_split_sizes(x, CT_SIZES(1, 0, 6), -2), x, 1, 0, 6);
    PARTS(ct_chunk(x, 3, 0), x, 3, 3, 1);
    PARTS(ct_chunk(x, 5, 0), x, 2, 2, 2, 1);
    PARTS(ct_chunk(none, 2, 0), none, 0, 0);
    PARTS(ct_tensor_split(x, 3, 0), x, 3, 2, 2);
    PARTS(ct_tensor_split(x, 9, 0), x, 1, 1, 1, 1, 1, 1, 1, 0, 0);
    PARTS(ct_tensor_split_indices(x, CT_SIZES(2, -1), 0), x, 2, 4, 1);
    ct_list columns = ct_unbind(x, 1);
    ck_assert_int_eq(columns.n, 2);
    EXPECT(ct_part(columns, 1), CT_SHAPE(7), 1, 3, 5, 7, 9, 11, 13);
    ck_assert_int_eq(ct_unbind(none, 0).n, 0);
    EXPECT(ct_select(x, 0, -1), CT_SHAPE(2), 12, 13);
    EXPECT(ct_narrow(x, 0, -2, 1), CT_SHAPE(1, 2), 10, 11);
    EXPECT_EMPTY(ct_narrow(x, 0, 7, 0), CT_SHAPE(0, 2));
}
END_TEST

/* ---- derivatives --------------------------------------------------------------------------------------------- */

/* The parts as one, in the order from the back, so that each has its own cotangent. */
static ct_tensor *joined(ct_list parts) {
    ct_tensor *flat[16];
    for (int i = 0; i < parts.n; i++) flat[parts.n - 1 - i] = ct_flatten(parts.items[i], 0, -1);
    return ct_concat(((ct_list){parts.n, flat}), 0);
}

static ct_sample shape_case(int i, ct_dtype dtype) {
    ct_sample s = {0};
    int n = 0;
    CASE(ct_transpose(X(2, 3, 5), 0, -1));
    CASE(ct_transpose(X0, 0, 0));
    CASE(ct_t(X(2, 3)));
    CASE(ct_movedim(X(2, 3, 4), CT_AXES(0), CT_AXES(-1)));
    CASE(ct_squeeze(X(2, 1, 3), CT_ALL));
    CASE(ct_unsqueeze(X(2, 3), 1));
    CASE(ct_unsqueeze(X0, 0));
    CASE(ct_flatten(X(2, 3, 4), 1, -1));
    CASE(ct_unflatten(X(6, 2), 0, CT_SHAPE(2, 3)));
    CASE(ct_clone(X(2, 3)));
    CASE(ct_expand(X(2, 1), CT_SHAPE(3, -1, 4)));
    CASE(ct_repeat(X(2, 3), CT_SHAPE(2, 1, 3)));
    CASE(ct_repeat(X(2, 0), CT_SHAPE(2, 3)));
    CASE(ct_tile(X0, CT_SHAPE(2, 3)));
    CASE(ct_tile(X(2, 3), CT_SHAPE(0)));
    CASE(ct_repeat_interleave(X(2, 3), 3, -1));
    CASE(ct_flip(X(2, 3, 4), CT_AXES(0, 2)));
    CASE(ct_flip(X(3, 0), CT_AXES(0)));
    CASE(ct_flipud(X(5)));
    CASE(ct_fliplr(X(2, 3)));
    CASE(ct_roll(X(3, 5), CT_SIZES(1, -2), CT_AXES(0, 1)));
    CASE(ct_roll(X(3, 5), CT_SIZES(7), CT_ALL));
    CASE(ct_roll(X(0, 3), CT_SIZES(2), CT_AXES(0)));
    CASE(ct_rot90(X(2, 3), 1, CT_AXES(0, 1)));
    CASE(ct_rot90(X(2, 3, 1), 3, CT_AXES(-1, 0)));
    CASE(ct_rot90(X(1, 3), 2, CT_AXES(0, 1)));
    CASE(ct_rot90(X(1, 3), 0, CT_AXES(0, 1)));
    CASE(ct_cross(X(2, 3), Y(2, 3), -1));
    CASE(ct_cross(X(3, 1, 2), Y(3, 4, 1), 0));
    CASE(ct_unfold_axis(X(7, 2), 0, 3, 2));
    CASE(ct_unfold_axis(X(2, 7), 1, 3, 4));
    CASE(ct_unfold_axis(X0, 0, 1, 1));
    CASE(ct_unfold_axis(X(3), 0, 0, 1));
    return s;
}

static ct_sample diagonal_and_pad_case(int i, ct_dtype dtype) {
    ct_sample s = {0};
    int n = 0;
    CASE(ct_diagonal(X(3, 4), 1, 0, 1));
    CASE(ct_diagonal(X(3, 2, 4), -1, -1, 0));
    CASE(ct_diagonal(X(3, 4), 4, 0, 1));
    CASE(ct_diag_embed(X(2, 3), -1, 0, -1));
    CASE(ct_diag_embed(X(0), 0, 0, 1));
    CASE(ct_diag(X(3), 1));
    CASE(ct_diag(X(3, 3), -2));
    CASE(ct_tril(X(2, 3, 4), -1));
    CASE(ct_triu(X(1, 1), 0));
    CASE(ct_triu(X(3, 0), 0));
    CASE(ct_pad(X(2, 3), CT_SIZES(1, 2, 0, 1), 0.5));
    CASE(ct_pad(X(2, 3), CT_SIZES(-1, 2), 0));
    CASE(ct_pad(X(0, 3), CT_SIZES(1, 1), 0));
    CASE(ct_pad_reflect(X(2, 1, 5), CT_SIZES(4, 3)));
    CASE(ct_pad_reflect(X(2, 4, 3), CT_SIZES(1, 2, -1, 2)));
    CASE(ct_pad_replicate(X(2, 1), CT_SIZES(3, 2)));
    CASE(ct_pad_replicate(X(1, 2, 2, 3, 2), CT_SIZES(1, 0, 2, 1, 0, 1)));
    CASE(ct_pad_circular(X(1, 2, 4, 3), CT_SIZES(3, 1, -1, 2)));
    CASE(ct_pad_circular(X(0, 2, 3), CT_SIZES(1, 1)));
    return s;
}

static ct_sample list_case(int i, ct_dtype dtype) {
    ct_sample s = {0};
    int n = 0;
    CASE(ct_stack(CT_LIST(X(2, 3), Y(2, 3)), 1));
    CASE(ct_hstack(CT_LIST(X(3), Y(2))));
    CASE(ct_hstack(CT_LIST(X(3, 2), Y(3, 0))));
    CASE(ct_vstack(CT_LIST(X(3), Y(2, 3))));
    CASE(ct_dstack(CT_LIST(X(3), Y(1, 3, 2))));
    CASE(joined(ct_split(X(5, 2), 2, 0)));
    CASE(joined(ct_split_sizes(X(2, 5), CT_SIZES(0, 4, 1), 1)));
    CASE(joined(ct_chunk(X(5, 2), 3, 0)));
    CASE(joined(ct_tensor_split(X(7), 3, 0)));
    CASE(joined(ct_tensor_split_indices(X(7, 1), CT_SIZES(3, -2), 0)));
    CASE(joined(ct_unbind(X(3, 2), 1)));
    CASE(joined(ct_unbind(X(3), 0)));
    CASE(joined(ct_meshgrid(CT_LIST(X(3), Y(2)), CT_INDEXING_IJ)));
    CASE(joined(ct_meshgrid(CT_LIST(X0, Y(2)), CT_INDEXING_XY)));
    CASE(ct_select(X(2, 3, 4), 1, -1));
    CASE(ct_select(X(3), 0, 1));
    CASE(ct_narrow(X(2, 5), 1, 1, 3));
    CASE(ct_narrow(X(2, 5), 0, 2, 0));
    return s;
}

START_TEST(every_derivative) {
    sweep s = {0};
    sweep_function(&s, "shape", shape_case);
    sweep_function(&s, "diagonal or pad", diagonal_and_pad_case);
    sweep_function(&s, "list", list_case);
    ck_assert_msg(s.failures == 0, "%lld of %lld failed, first: %s", (long long)s.failures, (long long)s.checks,
                  s.first);
    printf("sweep of functions on shapes: %lld checks, 0 failures\n", (long long)s.checks);
    ck_assert_int_ge(s.checks, 1500);
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_axes) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *deep = COUNT(1, 1, 1, 1, 1, 1, 1, 1);
    ARGUMENT_ERROR(ct_transpose(x, 0, 2), "ct_transpose: x(2,3): axis 2 is outside of 2 dimensions");
    SHAPE_ERROR(ct_t(COUNT(1, 2, 3)), "ct_t: (1,2,3): 3 dimensions, of at most 2");
    ARGUMENT_ERROR(ct_movedim(x, CT_AXES(0, 1), CT_AXES(0)), "ct_movedim: x(2,3): 2 axes are to move to 1 places");
    ARGUMENT_ERROR(ct_movedim(x, CT_AXES(0, -2), CT_AXES(0, 1)), "ct_movedim: x(2,3): axis -2 is given twice");
    ARGUMENT_ERROR(ct_squeeze(x, CT_AXES(5)), "ct_squeeze: x(2,3): axis 5 is outside of 2 dimensions");
    ARGUMENT_ERROR(ct_squeeze(x, CT_AXES(0, 1, 0)), "ct_squeeze: x(2,3): 3 axes, of at most 2");
    ARGUMENT_ERROR(ct_unsqueeze(x, 3), "ct_unsqueeze: x(2,3): axis 3 is outside of 3 dimensions");
    SHAPE_ERROR(ct_unsqueeze(deep, 0), "ct_unsqueeze: (1,1,1,1,1,1,1,1): 9 dimensions, of at most 8");
    ARGUMENT_ERROR(ct_flatten(x, 1, 0), "ct_flatten: x(2,3): axis 1 comes after axis 0");
    SHAPE_ERROR(ct_unflatten(x, 1, CT_SHAPE(2, 2)), "ct_unflatten: x(2,3): axis 1 does not unfold to (2,2)");
    SHAPE_ERROR(ct_unflatten(x, 1, CT_SCALAR), "ct_unflatten: x(2,3): 0 sizes for axis 1");
    SHAPE_ERROR(ct_unflatten(deep, 1, CT_SHAPE(1, 1)), "ct_unflatten: (1,1,1,1,1,1,1,1): 9 dimensions, of at most 8");
    SHAPE_ERROR(ct_expand(x, CT_SHAPE(-1, 2, 3)),
                "ct_expand: ct_broadcast: broadcast(x(2,3)): does not broadcast to the shape (-1,2,3)");
    SHAPE_ERROR(ct_repeat(x, CT_SHAPE(2)), "ct_repeat: x(2,3): 1 repetitions for 2 dimensions");
    ARGUMENT_ERROR(ct_repeat_interleave(x, -1, 0), "ct_repeat_interleave: x(2,3): -1 repetitions");
    CHECK_ERROR(ct_repeat_interleave(x, INT64_MAX, 0), CT_ERR_LIMIT,
                "ct_repeat_interleave: x(2,3): 9223372036854775807 repetitions are too many");
    CHECK_ERROR(ct_squeeze(NULL, CT_ALL), CT_ERR_NULL, "ct_squeeze: operand 1 is NULL");
    CHECK_ERROR(ct_clone(NULL), CT_ERR_NULL, "ct_clone: ct_broadcast: operand 1 is NULL");
}
END_TEST

START_TEST(errors_of_turns_and_diagonals) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *v = ct_label(COUNT(3), "v");
    ARGUMENT_ERROR(ct_flip(x, CT_AXES(0, 0)), "ct_flip: x(2,3): axis 0 is given twice");
    SHAPE_ERROR(ct_fliplr(v), "ct_fliplr: v(3): 1 dimensions, of at least 2");
    SHAPE_ERROR(ct_flipud(ct_scalar(1)), "ct_flipud: (): 0 dimensions, of at least 1");
    ARGUMENT_ERROR(ct_roll(x, CT_SIZES(), CT_ALL), "ct_roll: x(2,3): 0 shifts for 1 axes");
    ARGUMENT_ERROR(ct_roll(x, CT_SIZES(1, 2), CT_AXES(0)), "ct_roll: x(2,3): 2 shifts for 1 axes");
    ARGUMENT_ERROR(ct_roll(x, CT_SIZES(0), CT_AXES(2)), "ct_roll: x(2,3): axis 2 is outside of 2 dimensions");
    SHAPE_ERROR(ct_roll(ct_scalar(1), CT_SIZES(1), CT_AXES(0)), "ct_roll: (): 0 dimensions, of at least 1");
    ARGUMENT_ERROR(ct_rot90(x, 1, CT_AXES(0)), "ct_rot90: x(2,3): 1 axes, not 2");
    ARGUMENT_ERROR(ct_rot90(v, 1, CT_AXES(0, 1)), "ct_rot90: v(3): 2 axes, of at most 1");
    SHAPE_ERROR(ct_cross(x, v, 1), "ct_cross: x(2,3): and v(3) are no vectors of 3 along axis 1");
    ARGUMENT_ERROR(ct_unfold_axis(v, 0, 4, 1), "ct_unfold_axis: v(3): windows of 4 every 1 along an extent of 3");
    ARGUMENT_ERROR(ct_unfold_axis(v, 0, 2, 0), "ct_unfold_axis: v(3): windows of 2 every 0 along an extent of 3");
    ARGUMENT_ERROR(ct_diagonal(x, 0, 1, -1),
                   "ct_diagonal: x(2,3): there is no plane of axes 1 and 1 in 2 dimensions");
    ARGUMENT_ERROR(ct_diag_embed(v, 0, 0, 5),
                   "ct_diag_embed: v(3): there is no plane of axes 0 and 5 in 2 dimensions");
    CHECK_ERROR(ct_diag_embed(v, INT64_MIN, 0, 1), CT_ERR_LIMIT,
                "ct_diag_embed: v(3): the offset -9223372036854775808 is too large");
    SHAPE_ERROR(ct_diag(ct_scalar(1), 0), "ct_diag: (): 0 dimensions, not 1 or 2");
    SHAPE_ERROR(ct_tril(v, 0), "ct_tril: v(3): 1 dimensions, of at least 2");
    ARGUMENT_ERROR(ct_as_strided(v, CT_SHAPE(2), CT_SHAPE(2), 1),
                   "ct_as_strided: as_strided(v(3)): elements 1 to 3 of 3");
    ARGUMENT_ERROR(ct_as_strided(v, CT_SHAPE(2), CT_SHAPE(-1), 0),
                   "ct_as_strided: as_strided(v(3)): elements -1 to 0 of 3");
    SHAPE_ERROR(ct_as_strided(v, CT_SHAPE(2), CT_SHAPE(1, 1), 0),
                "ct_as_strided: as_strided(v(3)): 2 strides for 1 dimensions");
    CHECK_ERROR(ct_as_strided(v, CT_SHAPE(9), CT_SHAPE(INT64_MAX), 0), CT_ERR_LIMIT,
                "ct_as_strided: as_strided(v(3)): the strides are too large");
    DTYPE_ERROR(ct_as_strided_add(ct_ones(CT_I64, CT_SHAPE(2)), CT_SHAPE(0), 0, CT_SHAPE(1)),
                "ct_as_strided_add: as_strided_add((2)): i64 is not floating: ct_cast() first");
}
END_TEST

START_TEST(errors_of_pads) {
    ct_tensor *x = ct_label(COUNT(1, 2, 3), "x");
    ARGUMENT_ERROR(ct_pad(x, CT_SIZES(1), 0), "ct_pad: x(1,2,3): 1 pads, not two for each of the last axes");
    ARGUMENT_ERROR(ct_pad(x, CT_SIZES(-2, -2), 0), "ct_pad: x(1,2,3): pads of -2 and -2 do not fit axis 2");
    ARGUMENT_ERROR(ct_pad(x, CT_SIZES(-4, 5), 0), "ct_pad: x(1,2,3): pads of -4 and 5 do not fit axis 2");
    ARGUMENT_ERROR(ct_pad(x, CT_SIZES(INT64_MAX, 1), 0),
                   "ct_pad: x(1,2,3): pads of 9223372036854775807 and 1 do not fit axis 2");
    ARGUMENT_ERROR(ct_pad_reflect(x, CT_SIZES(3, 0)), "ct_pad_reflect: x(1,2,3): pads of 3 and 0 do not fit axis 2");
    ARGUMENT_ERROR(ct_pad_circular(x, CT_SIZES(0, 4)),
                   "ct_pad_circular: x(1,2,3): pads of 0 and 4 do not fit axis 2");
    ARGUMENT_ERROR(ct_pad_circular(x, CT_SIZES(-2, 2)),
                   "ct_pad_circular: (1,2,1): pads of 0 and 2 do not fit axis 2");
    SHAPE_ERROR(ct_pad_circular(COUNT(1, 3), CT_SIZES(1, 1)),
                "ct_pad_circular: (1,3): pads for 1 axes of 2 dimensions");
    SHAPE_ERROR(ct_pad_replicate(COUNT(3), CT_SIZES(1, 1)), "ct_pad_replicate: (3): pads for 1 axes of 1 dimensions");
    SHAPE_ERROR(ct_pad_replicate(COUNT(1, 0), CT_SIZES(1, 1)), "ct_pad_replicate: (1,0): axis 1 has no elements");
}
END_TEST

/* A list that could not be made. */
#define NO_LIST(list, code, text)                                                                                    \
    do {                                                                                                             \
        ct_list parts_ = list;                                                                                       \
        ck_assert_int_eq(parts_.n, 0);                                                                               \
        CHECK_ERROR(ct_part(parts_, 0), code, text);                                                                 \
    } while (0)

START_TEST(errors_of_lists) {
    ct_tensor *x = ct_label(COUNT(2, 3), "x"), *s = ct_scalar(1);
    NO_LIST(ct_split(x, 0, 0), CT_ERR_ARGUMENT, "ct_split: x(2,3): parts of 0 of 2");
    NO_LIST(ct_split(s, 1, 0), CT_ERR_SHAPE, "ct_split: (): 0 dimensions, of at least 1");
    NO_LIST(ct_split_sizes(x, CT_SIZES(1, 2), 0), CT_ERR_ARGUMENT,
            "ct_split_sizes: x(2,3): the sizes do not add up to the extent 2");
    NO_LIST(ct_split_sizes(x, CT_SIZES(3, -1), 0), CT_ERR_ARGUMENT,
            "ct_split_sizes: x(2,3): the sizes do not add up to the extent 2");
    NO_LIST(ct_chunk(x, 0, 0), CT_ERR_ARGUMENT, "ct_chunk: x(2,3): 0 parts");
    NO_LIST(ct_tensor_split(x, -1, 0), CT_ERR_ARGUMENT, "ct_tensor_split: x(2,3): -1 parts");
    NO_LIST(ct_unbind(x, 2), CT_ERR_ARGUMENT, "ct_unbind: x(2,3): axis 2 is outside of 2 dimensions");
    NO_LIST(ct_unbind(NULL, 0), CT_ERR_NULL, "ct_unbind: operand 1 is NULL");
    NO_LIST(ct_meshgrid(CT_LIST(x), CT_INDEXING_IJ), CT_ERR_SHAPE,
            "ct_meshgrid: x(2,3): operand 1 is not 1-d, or not f64");
    NO_LIST(ct_unbind(ct_zeros(CT_U8, CT_SHAPE(70000)), 0), CT_ERR_LIMIT,
            "ct_unbind: 70000 tensors, of at most 65535");
    ARGUMENT_ERROR(ct_part(ct_unbind(x, 0), 2), "ct_part: part 2 of 2");
    ARGUMENT_ERROR(ct_select(x, 1, 3), "ct_select: x(2,3): index 3 is outside of the extent 3");
    ARGUMENT_ERROR(ct_narrow(x, 1, 1, 3), "ct_narrow: x(2,3): 3 slices from 1 on are not in the extent 3");
    SHAPE_ERROR(ct_stack(CT_LIST(x, s), 0), "ct_stack: (): operand 2 is not of the shape of x(2,3)");
    ARGUMENT_ERROR(ct_vstack(((ct_list){0, NULL})), "ct_vstack: no operands");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("shape");
    TCase *t = tcase_create("shape");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(t, order_of_axes);
    tcase_add_test(t, axes_that_come_and_go);
    tcase_add_test(t, repeats);
    tcase_add_test(t, turns);
    tcase_add_test(t, diagonals);
    tcase_add_test(t, pads);
    tcase_add_test(t, joins);
    tcase_add_test(t, cuts);
    tcase_add_test(t, every_derivative);
    tcase_add_test(t, errors_of_axes);
    tcase_add_test(t, errors_of_turns_and_diagonals);
    tcase_add_test(t, errors_of_pads);
    tcase_add_test(t, errors_of_lists);
    suite_add_tcase(suite, t);
    return suite;
}
