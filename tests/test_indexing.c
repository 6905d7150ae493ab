/* Ops that read and write at indices, choose and convert, against loops over single indices: values, ranges, errors.
 * Their derivatives are the sweep's. */
#include "support/elements.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROUNDS 60

/* Indices into `extent`, half of them counted from the back where the dtype can. */
static ct_tensor *random_indices(ct_shape shape, int64_t extent) {
    static const ct_dtype dtypes[] = {CT_U8, CT_I32, CT_I64};
    ct_dtype dtype = dtypes[below(3)];
    ct_tensor *y = ct_zeros(dtype, shape);
    for (int64_t i = 0; i < ct_size(y); i++)
        ct_write_element(dtype, y->data, i, (double)(below(extent) - (dtype == CT_U8 ? 0 : below(2) * extent)));
    return y;
}

static int64_t wrapped(const ct_tensor *y, ct_shape at, int64_t extent) {
    int64_t index = (int64_t)ct_get(y, at);
    return index < 0 ? index + extent : index;
}

/* ---- values of indexing -------------------------------------------------------------------------------------- */

START_TEST(index_select_and_gather_values) {
    for (int round = 0; round < 2 * ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_tensor *x = random_tensor(dtype, random_shape(1, 5));
        ct_shape shape = ct_shape_of(x);
        int axis = (int)below(x->ndim);
        int64_t extent = shape.dim[axis];
        shape.dim[axis] = extent ? below(7) : 0;
        bool flat = round % 2;
        for (int i = 0; !flat && i < shape.ndim; i++) /* fewer indices than x has places beside the axis */
            if (i != axis) shape.dim[i] -= shape.dim[i] && below(4) == 0;
        ct_tensor *y = random_indices(flat ? CT_SHAPE(shape.dim[axis]) : shape, extent ? extent : 1);
        if (!flat) y = ct_cast(y, CT_I64);
        ct_tensor *z = flat ? ct_index_select(x, axis, y) : ct_gather(x, axis - x->ndim, y);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            ct_shape from = index;
            from.dim[axis] = wrapped(y, flat ? CT_SHAPE(index.dim[axis]) : index, extent);
            check_value(z, index, ct_get(x, from));
        }
    }
}
END_TEST

START_TEST(segment_sum_and_scatter_sum_values) {
    for (int round = 0; round < 2 * ROUNDS; round++) {
        ct_dtype dtype = below(2) ? CT_F32 : CT_F64;
        ct_tensor *x = random_tensor(dtype, random_shape(1, 5));
        ct_shape shape = ct_shape_of(x);
        int axis = (int)below(x->ndim);
        int64_t n = shape.dim[axis], extent = between(1, 5);
        bool flat = round % 2;
        ct_tensor *y = random_indices(flat ? CT_SHAPE(n) : shape, extent);
        ct_tensor *z = flat ? ct_segment_sum(x, axis - x->ndim, y, extent) : ct_scatter_sum(x, axis, y, extent);
        shape.dim[axis] = extent;
        check_shape(z, dtype, shape);
        ct_tensor *sums = ct_zeros(dtype, shape);
        EACH_INDEX(index, x) {
            double value = ct_get(x, index);
            index.dim[axis] = wrapped(y, flat ? CT_SHAPE(index.dim[axis]) : index, extent);
            int64_t place = 0;
            for (int i = 0; i < shape.ndim; i++) place = place * shape.dim[i] + index.dim[i];
            ct_write_element(dtype, sums->data, place, ct_read_element(dtype, sums->data, place) + value);
        }
        EACH_INDEX(index, z) check_value(z, index, ct_get(sums, index));
    }
}
END_TEST

/* The order of x: the same bits as this loop. */
START_TEST(repeated_indices_add_up_in_order) {
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(1000), -1, 1), *y = ct_zeros(CT_U8, CT_SHAPE(1000));
    float sum = 0;
    for (int64_t i = 0; i < 1000; i++) sum += ((const float *)ct_data(x))[i];
    ck_assert(ct_item(ct_segment_sum(x, 0, y, 1)) == (double)sum);
    ck_assert(ct_item(ct_scatter_sum(x, 0, y, 1)) == (double)sum);
}
END_TEST

START_TEST(one_hot_values) {
    ct_tensor *x = ct_from(CT_I32, CT_SHAPE(2, 2), ((int32_t[]){0, 2, 2, 1})), *z = ct_one_hot(x, 3);
    check_shape(z, CT_BOOL, CT_SHAPE(2, 2, 3));
    ck_assert_mem_eq(ct_data(z), ((uint8_t[]){1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0}), 12);
    ct_tensor *one = ct_one_hot(ct_cast(ct_scalar(1), CT_U8), 2);
    check_shape(one, CT_BOOL, CT_SHAPE(2));
    ck_assert_mem_eq(ct_data(one), ((uint8_t[]){0, 1}), 2);
    check_shape(ct_one_hot(ct_zeros(CT_I64, CT_SHAPE(0)), 0), CT_BOOL, CT_SHAPE(0, 0));
    check_shape(ct_one_hot(x, -1), CT_BOOL, CT_SHAPE(2, 2, 3));
}
END_TEST

START_TEST(replayed_indices_out_of_range) {
    int64_t indices[] = {0, 2, 1};
    ct_tensor *y = ct_wrap(CT_I64, CT_SHAPE(3), indices), *x = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(3)));
    ct_tensor *selected = ct_index_select(x, 0, y), *gathered = ct_gather(x, 0, y);
    ct_tensor *whole = ct_index_select(ct_ones(CT_I64, CT_SHAPE(3)), 0, y);
    ct_tensor *truth = ct_gather(ct_ones(CT_BOOL, CT_SHAPE(3)), 0, y);
    ct_tensor *added = ct_segment_sum(x, 0, y, 3), *scattered = ct_scatter_sum(x, 0, y, 3), *hot = ct_one_hot(y, 3);
    indices[0] = 3, indices[1] = INT64_MIN, indices[2] = 1;
    ck_assert(ct_replay(hot));
    for (int64_t i = 0; i < 3; i++) {
        double missing = i < 2 ? NAN : 1;
        check_value(selected, CT_SHAPE(i), missing);
        check_value(gathered, CT_SHAPE(i), missing);
        check_value(whole, CT_SHAPE(i), i == 2);
        check_value(truth, CT_SHAPE(i), i == 2);
        check_value(added, CT_SHAPE(i), i == 1);
        check_value(scattered, CT_SHAPE(i), i == 1);
        check_value(hot, CT_SHAPE(i, 1), i == 2);
    }
    ct_tensor *seed = ct_ones(CT_F64, CT_SHAPE(3));
    ck_assert(ct_backward_from(selected, seed) && ct_backward_from(gathered, seed));
    ck_assert_mem_eq(ct_data(ct_gradient(x)), ((double[]){0, 2, 0}), 3 * sizeof(double));
}
END_TEST

/* ---- values of choosing and converting ------------------------------------------------------------------------ */

START_TEST(where_values) {
    for (int round = 0; round < 2 * ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_shape shape = random_shape(0, 5), own[3];
        for (int k = 0; k < 3; k++) {
            own[k] = shape;
            own[k].ndim = k == round % 3 ? shape.ndim : (int)between(0, shape.ndim);
            for (int i = 0; i < own[k].ndim; i++)
                own[k].dim[i] = k == round % 3 || below(2) ? shape.dim[shape.ndim - own[k].ndim + i] : 1;
        }
        ct_tensor *c = random_tensor(CT_BOOL, own[0]), *y = random_tensor(dtype, own[1]);
        ct_tensor *w = random_tensor(dtype, own[2]), *z = ct_where(c, y, w);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            const ct_tensor *chosen = ct_get(c, narrowed(index, c)) != 0 ? y : w;
            check_value(z, index, ct_get(chosen, narrowed(index, chosen)));
        }
    }
    ct_tensor *c = ct_ones(CT_BOOL, CT_SHAPE(2)), *y = ct_ones(CT_I32, CT_SHAPE(2));
    check_shape(ct_where(c, y, ct_scalar(7)), CT_I32, CT_SHAPE(2));
    check_shape(ct_where(c, ct_scalar(7), ct_ones(CT_F32, CT_SHAPE(3, 1))), CT_F32, CT_SHAPE(3, 2));
}
END_TEST

/* What a dtype makes of a number: the specification, one case a line. */
static double converted(ct_dtype to, double v) {
    const double low[] = {[CT_U8] = 0, [CT_I32] = INT32_MIN, [CT_I64] = -0x1p63};
    const double high[] = {[CT_U8] = UINT8_MAX, [CT_I32] = INT32_MAX, [CT_I64] = 0x1p63};
    if (to == CT_F64) return v;
    if (to == CT_F32) return (double)(float)v;
    if (to == CT_BOOL) return v != 0;
    return isnan(v) ? 0 : v <= low[to] ? low[to] : v >= high[to] ? high[to] : trunc(v);
}

START_TEST(cast_values) {
    const double values[] = {0,     -0.0,  1,     2,     -1,     0.9,    -0.9,    1.5,      -1.5,     127.99,
                             254.5, 255,   255.5, 256,   300,    -300,   1e5,     0x1p31,   -0x1p31,  2147483646,
                             1e10,  -1e10, 1e30,  -1e30, 0x1p62, 0x1p63, -0x1p63, 16777217, 1e-40,    INFINITY,
                             NAN,   -INFINITY};
    int64_t n = sizeof values / sizeof *values;
    for (ct_dtype from = CT_BOOL; from < CT_DTYPE_COUNT; from++) {
        ct_tensor *x = ct_cast(ct_from(CT_F64, CT_SHAPE(n), values), from);
        for (int64_t i = 0; i < n; i++) check_value(x, CT_SHAPE(i), converted(from, values[i]));
        for (ct_dtype to = CT_BOOL; to < CT_DTYPE_COUNT; to++) {
            ct_tensor *z = ct_cast(x, to);
            check_shape(z, to, CT_SHAPE(n));
            for (int64_t i = 0; i < n; i++) check_value(z, CT_SHAPE(i), converted(to, ct_get(x, CT_SHAPE(i))));
        }
    }
    ck_assert(signbit(ct_get(ct_cast(ct_full(CT_F64, CT_SHAPE(1), -0.0), CT_F32), CT_SHAPE(0))));
    int64_t large = INT64_MAX - 1; /* not a double */
    ck_assert(*(const int64_t *)ct_data(ct_cast(ct_from(CT_I64, CT_SHAPE(1), &large), CT_I64)) == large);
    ck_assert_double_eq(ct_item(ct_cast(ct_from(CT_I64, CT_SHAPE(1), &large), CT_I32)), INT32_MAX);
}
END_TEST

START_TEST(cast_gradients) {
    ct_tensor *x = ct_requires_grad(ct_full(CT_F32, CT_SHAPE(3), 1.5)), *z = ct_cast(x, CT_F64);
    ct_tensor *weights = ct_from(CT_F64, CT_SHAPE(3), ((double[]){1, 2, 0.25}));
    ck_assert(ct_backward(ct_sum(ct_mul(z, weights), CT_ALL)));
    ct_tensor *g = ct_gradient(x);
    check_shape(g, CT_F32, CT_SHAPE(3));
    for (int64_t i = 0; i < 3; i++) check_value(g, CT_SHAPE(i), ct_get(weights, CT_SHAPE(i)));
    ck_assert(!ct_needs_gradient(ct_cast(x, CT_I32)));
    ck_assert(!ct_needs_gradient(ct_cast(ct_cast(x, CT_BOOL), CT_F32)));
}
END_TEST

/* ---- dropout ------------------------------------------------------------------------------------------------- */

START_TEST(dropout_draws) {
    const int64_t n = 10000;
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(n), 1, 2)), *z = ct_dropout(x, 0.3);
    float first[10000];
    memcpy(first, ct_data(z), sizeof first);
    int64_t dropped = 0;
    for (int64_t i = 0; i < n; i++) {
        dropped += first[i] == 0;
        ck_assert(first[i] == 0 || fabsf(first[i] - ((const float *)ct_data(x))[i] / 0.7f) < 1e-6f);
    }
    ck_assert_int_ge(dropped, 2800); /* four standard deviations are 183 */
    ck_assert_int_le(dropped, 3200);

    ct_tensor *seed = ct_ones(CT_F32, CT_SHAPE(n)), *nodes = ct_vjp(z, x, seed), *tangent = ct_jvp(z, x, seed);
    for (int again = 0; again < 2; again++) { /* the second time after a replay */
        ct_zero_gradient(x);
        ck_assert(ct_backward_from(z, seed));
        const float *value = ct_data(z), *g = ct_data(ct_gradient(x));
        int64_t changed = 0;
        for (int64_t i = 0; i < n; i++) {
            ck_assert((g[i] == 0) == (value[i] == 0) && (g[i] == 0 || fabsf(g[i] - 1 / 0.7f) < 1e-6f));
            ck_assert(((const float *)ct_data(nodes))[i] == g[i] && ((const float *)ct_data(tangent))[i] == g[i]);
            changed += (value[i] == 0) != (first[i] == 0);
        }
        if (again) ck_assert_int_ge(changed, 3000); /* 4200 are expected */
        ck_assert(ct_replay(tangent));
    }
}
END_TEST

START_TEST(dropout_extremes_and_seed) {
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(4), ((double[]){1, INFINITY, NAN, -0.5}));
    ck_assert_mem_eq(ct_data(ct_dropout(x, 0)), ct_data(x), 4 * sizeof(double));
    ck_assert_mem_eq(ct_data(ct_dropout(x, 1)), ((double[4]){0}), 4 * sizeof(double));
    ct_tensor *wide = ct_ones(CT_F64, CT_SHAPE(100));
    ct_seed(9);
    ct_tensor *a = ct_dropout(wide, 0.5), *other = ct_dropout(wide, 0.5);
    ct_seed(9);
    ct_tensor *b = ct_dropout(wide, 0.5);
    ck_assert_mem_eq(ct_data(a), ct_data(b), 100 * sizeof(double));
    ck_assert_mem_ne(ct_data(a), ct_data(other), 100 * sizeof(double));
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_indexing) {
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x");
    ct_tensor *y = ct_label(ct_from(CT_I64, CT_SHAPE(3), ((int64_t[]){0, 1, 7})), "y");
    ct_tensor *y2 = ct_from(CT_I64, CT_SHAPE(2, 3), ((int64_t[]){0, 1, 0, 1, -3, 0}));
    ARGUMENT_ERROR(ct_index_select(x, 0, y),
                   "ct_index_select: x(2,3)[y(3)]: index 7 at (2) is out of range for an extent of 2");
    ARGUMENT_ERROR(ct_gather(x, 0, y2),
                   "ct_gather: gather(x(2,3), (2,3)): index -3 at (1,1) is out of range for an extent of 2");
    ARGUMENT_ERROR(ct_segment_sum(x, 1, y, 3),
                   "ct_segment_sum: segment_sum(x(2,3), y(3)): index 7 at (2) is out of range for an extent of 3");
    ARGUMENT_ERROR(ct_scatter_sum(x, 1, y2, 2),
                   "ct_scatter_sum: scatter_sum(x(2,3), (2,3)): index -3 at (1,1) is out of range for an extent of 2");
    ARGUMENT_ERROR(ct_one_hot(y, 5), "ct_one_hot: one_hot(y(3)): index 7 at (2) is out of range for an extent of 5");
    ARGUMENT_ERROR(ct_one_hot(y, -2), "ct_one_hot: one_hot(y(3)): -2 classes");
    ARGUMENT_ERROR(ct_one_hot(ct_zeros(CT_I64, CT_SHAPE(0)), -1),
                   "ct_one_hot: one_hot((0)): -1 classes");
    ARGUMENT_ERROR(ct_one_hot(ct_full(CT_I64, CT_SHAPE(1), -1), 5),
                   "ct_one_hot: one_hot((1)): the index -1 is negative");
    ARGUMENT_ERROR(ct_index_select(x, 2, y), "ct_index_select: x(2,3)[y(3)]: axis 2 is outside of 2 dimensions");
    ARGUMENT_ERROR(ct_segment_sum(x, 1, y, -1), "ct_segment_sum: segment_sum(x(2,3), y(3)): the extent -1 is negative");
    SHAPE_ERROR(ct_index_select(x, 0, y2), "ct_index_select: x(2,3)[(2,3)]: the indices have 2 dimensions, not 1");
    SHAPE_ERROR(ct_segment_sum(x, 0, y, 9), "ct_segment_sum: segment_sum(x(2,3), y(3)): 3 indices for 2 slices");
    SHAPE_ERROR(ct_gather(x, 1, y), "ct_gather: gather(x(2,3), y(3)): the indices differ in shape beside axis 1");
    SHAPE_ERROR(ct_gather(ct_zeros(CT_F64, CT_SHAPE(1, 3)), 1, y2),
                "ct_gather: gather((1,3), (2,3)): the indices differ in shape beside axis 1");
    DTYPE_ERROR(ct_gather(x, 1, ct_cast(y2, CT_I32)), "ct_gather: (2,3): indices must be i64, not i32");
    SHAPE_ERROR(ct_scatter_sum(x, 1, y, 9), "ct_scatter_sum: scatter_sum(x(2,3), y(3)): the indices differ in shape");
    DTYPE_ERROR(ct_index_select(x, 0, ct_zeros(CT_F64, CT_SHAPE(1))),
                "ct_index_select: x(2,3)[(1)]: indices must be of an integer dtype, not f64");
    DTYPE_ERROR(ct_one_hot(ct_zeros(CT_BOOL, CT_SHAPE(1)), 2),
                "ct_one_hot: one_hot((1)): indices must be of an integer dtype, not bool");
    DTYPE_ERROR(ct_segment_sum(y, 0, y, 9),
                "ct_segment_sum: segment_sum(y(3), y(3)): i64 is not floating: ct_cast() first");
    CHECK_ERROR(ct_gather(x, 0, NULL), CT_ERR_NULL, "ct_gather: operand 2 is NULL");
}
END_TEST

START_TEST(errors_of_choosing) {
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x");
    ct_tensor *c = ct_label(ct_zeros(CT_BOOL, CT_SHAPE(3)), "c");
    DTYPE_ERROR(ct_where(x, x, x), "ct_where: x(2,3) ? x(2,3) : x(2,3): the condition is f64, not bool");
    DTYPE_ERROR(ct_where(c, x, ct_zeros(CT_F32, CT_SHAPE(1))),
                "ct_where: c(3) ? x(2,3) : (1): dtypes f64 and f32 differ");
    SHAPE_ERROR(ct_where(c, x, ct_zeros(CT_F64, CT_SHAPE(2))),
                "ct_where: c(3) ? x(2,3) : (2): shapes do not broadcast");
    DTYPE_ERROR(ct_cast(x, (ct_dtype)17), "ct_cast: cast(x(2,3)): 17 is no dtype");
    DTYPE_ERROR(ct_dropout(c, 0.5), "ct_dropout: dropout(c(3), p): bool is not floating: ct_cast() first");
    ARGUMENT_ERROR(ct_dropout(x, 1.5), "ct_dropout: dropout(x(2,3), p): p = 1.5 is no probability");
    ARGUMENT_ERROR(ct_dropout(x, -0.5), "ct_dropout: dropout(x(2,3), p): p = -0.5 is no probability");
    ARGUMENT_ERROR(ct_dropout(x, NAN), "ct_dropout: dropout(x(2,3), p): p = nan is no probability");
    CHECK_ERROR(ct_where(c, NULL, x), CT_ERR_NULL, "ct_where: operand 2 is NULL");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("indexing");
    TCase *t = tcase_create("indexing");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(t, index_select_and_gather_values);
    tcase_add_test(t, segment_sum_and_scatter_sum_values);
    tcase_add_test(t, repeated_indices_add_up_in_order);
    tcase_add_test(t, one_hot_values);
    tcase_add_test(t, replayed_indices_out_of_range);
    tcase_add_test(t, where_values);
    tcase_add_test(t, cast_values);
    tcase_add_test(t, cast_gradients);
    tcase_add_test(t, dropout_draws);
    tcase_add_test(t, dropout_extremes_and_seed);
    tcase_add_test(t, errors_of_indexing);
    tcase_add_test(t, errors_of_choosing);
    suite_add_tcase(suite, t);
    return suite;
}
