/* Ops that change shape and order or take parts, against loops over single indices: values, aliases, threads, errors.
 * Their derivatives are the sweep's. */
#include "support/elements.h"
#include "support/memory.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROUNDS 60

/* ---- values of shape ops ------------------------------------------------------------------------------------- */

START_TEST(permute_values) {
    for (int round = 0; round < ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_tensor *x = random_tensor(dtype, random_shape(0, 5));
        ct_axes order = {.n = x->ndim};
        ct_shape shape = {.ndim = x->ndim};
        int axis[CT_MAX_DIMS];
        for (int i = 0; i < x->ndim; i++) { /* Fisher and Yates */
            int j = (int)below(i + 1);
            axis[i] = axis[j];
            axis[j] = i;
        }
        for (int i = 0; i < x->ndim; i++) {
            shape.dim[i] = ct_shape_of(x).dim[axis[i]];
            order.axis[i] = axis[i] - (int)below(2) * x->ndim;
        }
        ct_tensor *z = ct_permute(x, order);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            ct_shape from = index;
            for (int i = 0; i < from.ndim; i++) from.dim[axis[i]] = index.dim[i];
            check_value(z, index, ct_get(x, from));
        }
    }
}
END_TEST

/* z (2, columns, rows) is x (2, rows, columns) with its last axes exchanged. */
static bool is_transposed(const ct_tensor *x, const ct_tensor *z, int64_t rows, int64_t columns) {
    size_t item = ct_dtype_size(ct_dtype_of(x));
    const char *from = ct_data(x), *to = ct_data(z);
    bool same = true;
    for (int64_t b = 0; b < 2; b++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                same = same && !memcmp(to + (size_t)((b * columns + c) * rows + r) * item,
                                       from + (size_t)((b * rows + r) * columns + c) * item, item);
    return same;
}

/* Short axes, full tiles, parts of tiles, and for several threads. */
START_TEST(transpose_values) {
    const int64_t extents[][2] = {{7, 9},   {8, 8},   {16, 16},  {17, 33},  {64, 65},
                                  {3, 200}, {200, 3}, {130, 71}, {601, 507}};
    for (size_t n = 0; n < sizeof extents / sizeof *extents; n++) {
        for (ct_dtype dtype = CT_U8; dtype < CT_DTYPE_COUNT; dtype++) {
            int64_t rows = extents[n][0], columns = extents[n][1];
            ct_tensor *x = random_tensor(dtype, CT_SHAPE(2, rows, columns)), *z = ct_transpose(x, 1, -1);
            check_shape(z, dtype, CT_SHAPE(2, columns, rows));
            ck_assert_msg(is_transposed(x, z, rows, columns), "(%d,%d) of %s", (int)rows, (int)columns,
                          ct_dtype_name(dtype));
        }
    }
}
END_TEST

START_TEST(broadcast_values) {
    for (int round = 0; round < ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_shape shape = random_shape(0, 5), own = shape;
        own.ndim = (int)between(0, shape.ndim);
        for (int i = 0; i < own.ndim; i++) own.dim[i] = below(2) ? shape.dim[shape.ndim - own.ndim + i] : 1;
        ct_tensor *x = random_tensor(dtype, own), *z = ct_broadcast(x, shape);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) check_value(z, index, ct_get(x, narrowed(index, x)));
    }
}
END_TEST

START_TEST(reshape_values) {
    ct_tensor *x = random_tensor(CT_F32, CT_SHAPE(4, 6));
    const ct_shape wanted[] = {CT_SHAPE(24), CT_SHAPE(2, -1, 3), CT_SHAPE(-1, 1, 24), CT_SHAPE(2, 2, 2, 3, 1)};
    const ct_shape expected[] = {CT_SHAPE(24), CT_SHAPE(2, 4, 3), CT_SHAPE(1, 1, 24), CT_SHAPE(2, 2, 2, 3, 1)};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ct_tensor *z = ct_reshape(x, wanted[i]);
        check_shape(z, CT_F32, expected[i]);
        ck_assert_mem_eq(ct_data(z), ct_data(x), 24 * sizeof(float));
    }
    check_shape(ct_reshape(ct_zeros(CT_U8, CT_SHAPE(0, 3)), CT_SHAPE(-1, 3)), CT_U8, CT_SHAPE(0, 3));
    check_shape(ct_reshape(ct_scalar(2), CT_SHAPE(1, 1)), CT_F64, CT_SHAPE(1, 1));
    ck_assert_double_eq(ct_item(ct_reshape(ct_full(CT_F64, CT_SHAPE(1), 3), CT_SCALAR)), 3);
}
END_TEST

/* ---- values of parts ----------------------------------------------------------------------------------------- */

/* An end as Python's slice.indices() has it. */
static int64_t python_end(int64_t end, int64_t n) {
    if (end < 0) end = end + n < 0 ? 0 : end + n;
    return end > n ? n : end;
}

START_TEST(slice_values) {
    for (int round = 0; round < 4 * ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_tensor *x = random_tensor(dtype, random_shape(1, 5));
        ct_shape shape = ct_shape_of(x);
        int axis = (int)below(x->ndim);
        int64_t n = shape.dim[axis], start = between(-n - 2, n + 2);
        int64_t stop = below(4) ? between(-n - 2, n + 2) : CT_END, step = below(8) ? between(1, 4) : INT64_MAX;
        shape.dim[axis] = 0;
        for (int64_t i = python_end(start, n); i < python_end(stop, n); i += step < n ? step : n) shape.dim[axis]++;
        ct_tensor *z = ct_slice(x, axis - (int)below(2) * x->ndim, start, stop, step);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            ct_shape from = index;
            from.dim[axis] = python_end(start, n) + (index.dim[axis] ? index.dim[axis] * step : 0);
            check_value(z, index, ct_get(x, from));
        }
    }
    ct_tensor *x = ct_arange(CT_I64, 5);
    check_shape(ct_slice(x, 0, INT64_MIN, INT64_MIN, 1), CT_I64, CT_SHAPE(0));
    check_shape(ct_slice(x, 0, INT64_MIN, CT_END, 1), CT_I64, CT_SHAPE(5));
    check_shape(ct_slice(x, 0, CT_END, CT_END, 1), CT_I64, CT_SHAPE(0));
}
END_TEST

START_TEST(slice_add_values) {
    for (int round = 0; round < ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_tensor *x = random_tensor(dtype, random_shape(1, 4));
        ct_shape shape = ct_shape_of(x);
        int axis = (int)below(x->ndim);
        int64_t n = shape.dim[axis], start = below(3), step = between(1, 3);
        int64_t extent = start + (n ? (n - 1) * step + 1 : 0) + below(3);
        ct_tensor *z = ct_slice_add(x, axis, start, step, extent);
        shape.dim[axis] = extent;
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            int64_t place = index.dim[axis] - start;
            bool hit = place >= 0 && place % step == 0 && place / step < n;
            index.dim[axis] = hit ? place / step : 0;
            double expected = hit ? ct_get(x, index) : 0;
            check_value(z, unravel(element_, shape), expected);
        }
    }
}
END_TEST

START_TEST(concat_values) {
    for (int round = 0; round < ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_shape shape = random_shape(1, 5), piece = shape;
        int axis = (int)below(shape.ndim), n = (int)between(1, 5);
        ct_tensor *xs[5];
        shape.dim[axis] = 0;
        for (int k = 0; k < n; k++) {
            piece.dim[axis] = below(4);
            shape.dim[axis] += piece.dim[axis];
            xs[k] = random_tensor(dtype, piece);
        }
        ct_tensor *z = ct_concat(((ct_list){n, xs}), axis - (int)below(2) * shape.ndim);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            ct_shape from = index;
            int k = 0;
            while (from.dim[axis] >= ct_shape_of(xs[k]).dim[axis]) from.dim[axis] -= ct_shape_of(xs[k++]).dim[axis];
            check_value(z, index, ct_get(xs[k], from));
        }
    }
}
END_TEST

/* Vectors of no elements go along with anything, as in PyTorch: a list that grows begins with one. */
START_TEST(concat_of_nothing) {
    ct_tensor *nothing = ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(0))), *empty = ct_zeros(CT_F64, CT_SHAPE(0, 3));
    ct_tensor *x = ct_requires_grad(ct_full(CT_F64, CT_SHAPE(2, 3), 4));
    ct_tensor *z = ct_concat(CT_LIST(nothing, x, nothing, x), 1);
    check_shape(z, CT_F64, CT_SHAPE(2, 6));
    ck_assert(ct_backward(ct_sum(ct_square(z), CT_ALL)));
    ck_assert_double_eq(ct_get(ct_gradient(x), CT_SHAPE(1, 2)), 16);
    check_shape(ct_gradient(nothing), CT_F64, CT_SHAPE(0));
    check_shape(ct_jvp(z, nothing, ct_zeros(CT_F64, CT_SHAPE(0))), CT_F64, CT_SHAPE(2, 6));
    check_shape(ct_concat(CT_LIST(nothing, nothing), 0), CT_F64, CT_SHAPE(0));
    check_shape(ct_concat(CT_LIST(nothing, empty), -1), CT_F64, CT_SHAPE(0, 3));
    SHAPE_ERROR(ct_concat(CT_LIST(nothing, x, empty), 1),
                "ct_concat: concat((0), (2,3), (0,3)): operand 3, (0,3), differs from (2,3) beside axis 1");
    ARGUMENT_ERROR(ct_concat(CT_LIST(nothing, x), 2),
                   "ct_concat: concat((0), (2,3)): axis 2 is outside of 2 dimensions");
    DTYPE_ERROR(ct_concat(CT_LIST(x, ct_zeros(CT_F32, CT_SHAPE(0))), 0),
                "ct_concat: concat((2,3), (0)): dtypes f64 and f32 differ");
}
END_TEST

START_TEST(stack_values) {
    for (int round = 0; round < ROUNDS; round++) {
        ct_dtype dtype = (ct_dtype)below(CT_DTYPE_COUNT);
        ct_shape piece = random_shape(0, 4), shape = {.ndim = piece.ndim + 1};
        int axis = (int)below(shape.ndim), n = (int)between(1, 4);
        ct_tensor *xs[4];
        for (int k = 0; k < n; k++) xs[k] = random_tensor(dtype, piece);
        for (int i = 0; i < shape.ndim; i++) shape.dim[i] = i < axis ? piece.dim[i] : i > axis ? piece.dim[i - 1] : n;
        ct_tensor *z = ct_stack(((ct_list){n, xs}), axis - (int)below(2) * shape.ndim);
        check_shape(z, dtype, shape);
        EACH_INDEX(index, z) {
            ct_shape from = piece;
            for (int i = 0; i < piece.ndim; i++) from.dim[i] = index.dim[i < axis ? i : i + 1];
            check_value(z, index, ct_get(xs[index.dim[axis]], from));
        }
    }
}
END_TEST

/* ---- aliases, threads, extremes ----------------------------------------------------------------------------- */

START_TEST(aliases) {
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 3), -1, 1));
    ct_tensor *flat = ct_reshape(x, CT_SHAPE(12)), *rows = ct_slice(x, 0, 1, 3, 1), *same = ct_cast(x, CT_F64);
    ck_assert_ptr_eq(ct_data(flat), ct_data(x));
    ck_assert_ptr_eq(ct_data(same), ct_data(x));
    ck_assert_ptr_eq(ct_data(rows), (const double *)ct_data(x) + 3);
    ck_assert_ptr_ne(ct_data(ct_slice(x, 0, 0, 4, 2)), ct_data(x));
    ck_assert_ptr_eq(ct_data(ct_reshape(ct_slice(flat, 0, 5, 6, 1), CT_SCALAR)), (const double *)ct_data(x) + 5);

    /* 2 flat^2 + 3 rows^2: gradients of aliases are their own */
    ct_tensor *f = ct_add(ct_sum(ct_mul(ct_scalar(2), ct_square(flat)), CT_ALL),
                          ct_sum(ct_mul(ct_scalar(3), ct_square(rows)), CT_ALL));
    ck_assert(ct_backward(f));
    const double *value = ct_data(x), *g = ct_data(ct_gradient(x)), *g_flat = ct_data(ct_gradient(flat));
    for (int64_t i = 0; i < 12; i++) {
        ck_assert_double_eq_tol(g_flat[i], 4 * value[i], 1e-14);
        ck_assert_double_eq_tol(g[i], (i >= 3 && i < 9 ? 10 : 4) * value[i], 1e-14);
    }
    double before = ct_item(f);
    ck_assert(ct_set(x, ((double[12]){0, 0, 0, 1})));
    ck_assert(ct_replay(f));
    ck_assert(before != 5 && ct_item(f) == 5);
}
END_TEST

START_TEST(same_bits_on_any_number_of_threads) {
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(3, 500, 700), -1, 1), *c = random_tensor(CT_BOOL, CT_SHAPE(500, 700));
    ct_tensor *z[3][5];
    const int threads[] = {1, 2, 5};
    int before = ct_threads();
    for (int t = 0; t < 3; t++) {
        ct_set_threads(threads[t]);
        ct_tensor *leaf = ct_requires_grad(ct_from(CT_F32, ct_shape_of(x), ct_data(x)));
        z[t][0] = ct_permute(leaf, CT_AXES(2, 0, 1));
        z[t][1] = ct_broadcast(leaf, CT_SHAPE(2, 3, 500, 700));
        z[t][2] = ct_slice(leaf, -1, 1, CT_END, 2);
        z[t][3] = ct_where(c, leaf, ct_scalar(0.5));
        ck_assert(ct_backward_from(z[t][0], z[t][0]) && ct_backward_from(z[t][2], z[t][2]));
        z[t][4] = ct_gradient(leaf);
        for (int k = 0; k < 5; k++) ck_assert_mem_eq(ct_data(z[t][k]), ct_data(z[0][k]), ct_bytes_of(z[0][k]));
    }
    ct_set_threads(before);
    EACH_INDEX(index, z[0][0]) {
        ct_shape from = CT_SHAPE(index.dim[1], index.dim[2], index.dim[0]);
        check_value(z[0][0], index, ct_get(x, from));
    }
}
END_TEST

/* Extents whose product fits no type, in tensors without elements. */
START_TEST(empty_tensors_of_huge_extents) {
    const int64_t huge = INT64_C(1) << 40;
    ct_tensor *x = ct_requires_grad(ct_zeros(CT_F64, CT_SHAPE(huge, 0, huge))), *none = ct_zeros(CT_I64, CT_SHAPE(0));
    check_shape(ct_permute(x, CT_AXES(2, 0, 1)), CT_F64, CT_SHAPE(huge, huge, 0));
    check_shape(ct_broadcast(x, CT_SHAPE(huge, huge, 0, huge)), CT_F64, CT_SHAPE(huge, huge, 0, huge));
    check_shape(ct_slice(x, 2, 1, CT_END, 3), CT_F64, CT_SHAPE(huge, 0, (huge - 2) / 3 + 1));
    check_shape(ct_concat(CT_LIST(x, x), 0), CT_F64, CT_SHAPE(2 * huge, 0, huge));
    check_shape(ct_index_select(x, 1, none), CT_F64, CT_SHAPE(huge, 0, huge));
    check_shape(ct_segment_sum(x, 1, none, 0), CT_F64, CT_SHAPE(huge, 0, huge));
    check_shape(ct_where(ct_ones(CT_BOOL, CT_SCALAR), x, ct_scalar(0)), CT_F64, CT_SHAPE(huge, 0, huge));
    check_shape(ct_dropout(ct_cast(x, CT_F32), 0.5), CT_F32, CT_SHAPE(huge, 0, huge));
    ck_assert(ct_backward(ct_sum(ct_slice(x, 2, 1, 2, 1), CT_ALL)));
}
END_TEST

/* All ops of this file and of test_indexing.c, once, with a backward pass. */
static void move_about(void) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_ones(CT_F64, CT_SHAPE(60, 50))), *y = ct_zeros(CT_I64, CT_SHAPE(60));
    ct_tensor *parts[] = {ct_transpose(ct_slice(x, 1, 0, CT_END, 2), 0, 1), ct_slice_add(x, 0, 1, 1, 70),
                          ct_broadcast(ct_reshape(x, CT_SHAPE(60, 50, 1)), CT_SHAPE(60, 50, 2)),
                          ct_concat(CT_LIST(x, x), 1), ct_stack(CT_LIST(x, x), 0), ct_index_select(x, 0, y),
                          ct_segment_sum(x, 0, y, 2),
                          ct_gather(ct_slice(x, 1, 0, 1, 1), 0, ct_reshape(y, CT_SHAPE(60, 1))),
                          ct_where(ct_one_hot(y, 50), x, ct_scalar(1)), ct_dropout(x, 0.5), ct_cast(x, CT_F32)};
    const int n = sizeof parts / sizeof *parts;
    bool done = true;
    for (int i = 0; i < n; i++) done = ct_backward_from(parts[i], parts[i]) && done;
    bool ended = ct_end(s);
    ck_assert(ended == done);
    if (!done) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
}

START_TEST(memory_ends_at_any_allocation) {
    close_scope(); /* the allocator changes between scopes only */
    ck_assert_int_ge(support_fail_each(support_fail_allocations_from, move_about), 4);
    open_scope();
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_shapes) {
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x"), *s = ct_scalar(1);
    SHAPE_ERROR(ct_reshape(x, CT_SHAPE(4, 2)), "ct_reshape: reshape(x(2,3)): 6 elements do not fit the shape (4,2)");
    SHAPE_ERROR(ct_reshape(x, CT_SHAPE(4, -1)),
                "ct_reshape: reshape(x(2,3)): 6 elements do not fit the shape (4,-1)");
    SHAPE_ERROR(ct_reshape(x, CT_SHAPE(-1, -1)),
                "ct_reshape: reshape(x(2,3)): 6 elements do not fit the shape (-1,-1)");
    SHAPE_ERROR(ct_reshape(x, CT_SHAPE(-2, -3)),
                "ct_reshape: reshape(x(2,3)): 6 elements do not fit the shape (-2,-3)");
    SHAPE_ERROR(ct_reshape(x, CT_SCALAR), "ct_reshape: reshape(x(2,3)): 6 elements do not fit the shape ()");
    SHAPE_ERROR(ct_reshape(ct_zeros(CT_F64, CT_SHAPE(0)), CT_SHAPE(0, -1)),
                "ct_reshape: reshape((0)): 0 elements do not fit the shape (0,-1)");
    SHAPE_ERROR(ct_reshape(x, ((ct_shape){.ndim = 9})), "ct_reshape: reshape(x(2,3)): 9 dimensions, of at most 8");
    SHAPE_ERROR(ct_broadcast(x, CT_SHAPE(3, 3)),
                "ct_broadcast: broadcast(x(2,3)): does not broadcast to the shape (3,3)");
    SHAPE_ERROR(ct_broadcast(x, CT_SHAPE(3)), "ct_broadcast: broadcast(x(2,3)): does not broadcast to the shape (3)");
    SHAPE_ERROR(ct_broadcast(s, CT_SHAPE(-1)), "ct_broadcast: broadcast(()): does not broadcast to the shape (-1)");
    CHECK_ERROR(ct_broadcast(s, CT_SHAPE(INT64_C(1) << 40, INT64_C(1) << 40)), CT_ERR_LIMIT,
                "ct_broadcast: broadcast(()): the result (1099511627776,1099511627776) has too many elements");
    ARGUMENT_ERROR(ct_permute(x, CT_AXES(0)), "ct_permute: permute(x(2,3)): the order must name each of 2 axes once");
    ARGUMENT_ERROR(ct_permute(x, CT_ALL), "ct_permute: permute(x(2,3)): the order must name each of 2 axes once");
    ARGUMENT_ERROR(ct_permute(x, CT_AXES(1, -1)), "ct_permute: permute(x(2,3)): axis -1 is given twice");
    ARGUMENT_ERROR(ct_permute(x, CT_AXES(0, 2)), "ct_permute: permute(x(2,3)): axis 2 is outside of 2 dimensions");
    ARGUMENT_ERROR(ct_transpose(x, 0, 2), "ct_transpose: x(2,3): axis 2 is outside of 2 dimensions");
    CHECK_ERROR(ct_transpose(NULL, 0, 1), CT_ERR_NULL, "ct_transpose: operand 1 is NULL");
}
END_TEST

START_TEST(errors_of_parts) {
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x");
    ct_tensor *w = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 4)), "W");
    ct_tensor *s = ct_scalar(1), *narrow = ct_zeros(CT_F32, CT_SHAPE(2, 3));
    ARGUMENT_ERROR(ct_slice(x, 2, 0, 1, 1), "ct_slice: slice(x(2,3)): axis 2 is outside of 2 dimensions");
    ARGUMENT_ERROR(ct_slice(x, 0, 0, 1, 0), "ct_slice: slice(x(2,3)): the step 0 is not positive");
    ARGUMENT_ERROR(ct_slice(s, 0, 0, 1, 1), "ct_slice: slice(()): axis 0 is outside of 0 dimensions");
    ARGUMENT_ERROR(ct_slice_add(x, 1, 1, 2, 5),
                   "ct_slice_add: slice_add(x(2,3)): 3 slices from 1 on in steps of 2 do not fit an extent of 5");
    ARGUMENT_ERROR(ct_slice_add(x, 1, -1, 1, 5),
                   "ct_slice_add: slice_add(x(2,3)): 3 slices from -1 on in steps of 1 do not fit an extent of 5");
    SHAPE_ERROR(ct_concat(CT_LIST(x, w), 0),
                "ct_concat: concat(x(2,3), W(2,4)): operand 2, W(2,4), differs from x(2,3) beside axis 0");
    SHAPE_ERROR(ct_concat(CT_LIST(x, s), 0),
                "ct_concat: concat(x(2,3), ()): operand 2, (), differs from x(2,3) beside axis 0");
    DTYPE_ERROR(ct_concat(CT_LIST(x, narrow), 0), "ct_concat: concat(x(2,3), (2,3)): dtypes f64 and f32 differ");
    ARGUMENT_ERROR(ct_concat(CT_LIST(s, s), 0), "ct_concat: concat((), ()): axis 0 is outside of 0 dimensions");
    ARGUMENT_ERROR(ct_concat(((ct_list){0, NULL}), 0), "ct_concat: 0 operands, of 1 to 65534");
    CHECK_ERROR(ct_concat(CT_LIST(x, NULL), 0), CT_ERR_NULL, "ct_concat: operand 2 is NULL");
    SHAPE_ERROR(ct_stack(CT_LIST(x, w), 0), "ct_stack: W(2,4): operand 2 is not of the shape of x(2,3)");
    ARGUMENT_ERROR(ct_stack(CT_LIST(x, x), 3), "ct_stack: x(2,3): axis 3 is outside of 3 dimensions");
    ARGUMENT_ERROR(ct_stack(((ct_list){0, NULL}), 0), "ct_stack: no operands");
    CHECK_ERROR(ct_stack(CT_LIST(NULL, x), 0), CT_ERR_NULL, "ct_stack: operand 1 is NULL");
    ct_tensor *deep = ct_zeros(CT_F64, CT_SHAPE(1, 1, 1, 1, 1, 1, 1, 1));
    SHAPE_ERROR(ct_stack(CT_LIST(deep), 0), "ct_stack: (1,1,1,1,1,1,1,1): 9 dimensions, of at most 8");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("movement");
    TCase *t = tcase_create("movement");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(t, permute_values);
    tcase_add_test(t, transpose_values);
    tcase_add_test(t, broadcast_values);
    tcase_add_test(t, reshape_values);
    tcase_add_test(t, slice_values);
    tcase_add_test(t, slice_add_values);
    tcase_add_test(t, concat_values);
    tcase_add_test(t, concat_of_nothing);
    tcase_add_test(t, stack_values);
    tcase_add_test(t, aliases);
    tcase_add_test(t, same_bits_on_any_number_of_threads);
    tcase_add_test(t, empty_tensors_of_huge_extents);
    tcase_add_test(t, memory_ends_at_any_allocation);
    tcase_add_test(t, errors_of_shapes);
    tcase_add_test(t, errors_of_parts);
    suite_add_tcase(suite, t);
    return suite;
}
