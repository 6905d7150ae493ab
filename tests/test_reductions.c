/* Reductions, softmax and cross entropy: values against plain loops in double, special values, threads, errors. */
#include "support/elements.h"
#include "support/expect.h"
#include "tensor/kernels.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* ---- ct_reduce: the kernels --------------------------------------------------------------------------------- */

static const int64_t shapes[][3] = {/* (outer, n, inner) on each side of the kernels' strips, blocks and shares */
                                    {1, 1, 1},     {3, 10, 1},     {1, 33, 1},    {2, 127, 1}, {1, 4099, 1},
                                    {5, 1, 7},     {2, 65, 3},     {3, 7, 64},    {2, 40, 65}, {1, 100, 129},
                                    {2, 9, 300},   {4, 0, 3},      {0, 4, 3},     {3, 4, 0},   {1, 300001, 1},
                                    {2, 70000, 3}, {1, 140, 2100}, {300, 1000, 1}};
#define SHAPES (sizeof shapes / sizeof *shapes)

START_TEST(sums_agree_with_loops) {
    for (int i = 0; i < (int)(2 * SHAPES); i++) {
        ct_dtype dtype = i % 2 ? CT_F32 : CT_F64;
        int64_t outer = shapes[i / 2][0], n = shapes[i / 2][1], inner = shapes[i / 2][2];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(dtype, CT_SHAPE(outer, n, inner), -1, 1),
                  *z = ct_ones(dtype, CT_SHAPE(outer, inner));
        ct_reduce(CT_REDUCE_SUM, dtype, outer, n, inner, x->data, z->data, i % 3 == 0);
        for (int64_t e = 0; e < outer * inner; e++) {
            double sum = i % 3 == 0, size = 1;
            for (int64_t r = 0; r < n; r++) {
                double term = element(x, (e / inner * n + r) * inner + e % inner);
                sum += term;
                size += fabs(term);
            }
            ck_assert_double_eq_tol(element(z, e), sum, size * (dtype == CT_F32 ? FLT_EPSILON : 100 * DBL_EPSILON));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Ten million equal terms: added in order, f32 would stop growing at 2^24 / 10. */
START_TEST(long_f32_sums_are_accurate) {
    ct_scope s = ct_begin();
    int64_t n = 10000000;
    ct_tensor *x = ct_full(CT_F32, CT_SHAPE(n), 0.1), *u = ct_uniform(CT_F32, CT_SHAPE(n), 0, 1);
    double exact = 0;
    for (int64_t i = 0; i < n; i++) exact += element(u, i);
    ck_assert_double_eq_tol(ct_item(ct_sum(x, CT_ALL)) / ((double)n * 0.1f), 1, 1e-6);
    ck_assert_double_eq_tol(ct_item(ct_sum(u, CT_ALL)) / exact, 1, 2e-7);
    ck_assert_double_eq_tol(ct_item(ct_mean(u, CT_ALL)) / exact * (double)n, 1, 2e-7);
    ct_tensor *columns = ct_sum(ct_reshape(x, CT_SHAPE(n / 4, 4)), CT_AXES(0));
    for (int64_t c = 0; c < 4; c++) ck_assert_double_eq_tol(element(columns, c) / ((double)n / 4 * 0.1f), 1, 1e-6);
    ck_assert(ct_end(s));
}
END_TEST

/* Of few elements no digit is lost where large ones cancel: rounded once, in whatever order they are given. */
START_TEST(short_f32_sums_are_exact) {
    ct_scope s = ct_begin();
    for (int64_t n = 3; n <= 300; n = 2 * n + 1) {
        ct_tensor *x = ct_full(CT_F32, CT_SHAPE(n, 5), 0.375);
        for (int64_t c = 0; c < 5; c++) {
            ct_write_element(CT_F32, x->data, c, 1e8);
            ct_write_element(CT_F32, x->data, (n - 1 - c % 2) * 5 + c, -1e8);
        }
        const float sum = 0.375f * (float)(n - 2), mean = sum / (float)n;
        ct_tensor *columns = ct_sum(x, CT_AXES(0)), *rows = ct_sum(ct_transpose(x, 0, 1), CT_AXES(1));
        for (int64_t c = 0; c < 5; c++) {
            ck_assert_float_eq((float)element(columns, c), sum);
            ck_assert_float_eq((float)element(rows, c), sum);
            ck_assert_float_eq((float)element(ct_mean(x, CT_AXES(0)), c), mean);
        }
        ck_assert_float_eq((float)ct_item(ct_sum(x, CT_ALL)), 5 * sum);
    }
    ck_assert(ct_end(s));
}
END_TEST

/* Of few different values, so that there are ties: the first place counts. */
static void check_extremes(ct_dtype dtype, const int64_t shape[3]) {
    int64_t outer = shape[0], n = shape[1], inner = shape[2];
    if (n == 0) return;
    ct_scope s = ct_begin();
    ct_tensor *x = ct_cast(ct_uniform(CT_F64, CT_SHAPE(outer, n, inner), 0, dtype == CT_BOOL ? 2 : 50), CT_U8);
    x = ct_cast(x, dtype);
    ct_tensor *z[] = {ct_max(x, CT_AXES(1)), ct_min(x, CT_AXES(1)), ct_argmax(x, 1), ct_argmin(x, 1)};
    for (int64_t e = 0; e < outer * inner; e++) {
        int64_t largest = 0, smallest = 0;
        const int64_t start = e / inner * n * inner + e % inner;
        for (int64_t r = 1; r < n; r++) {
            if (element(x, start + r * inner) > element(x, start + largest * inner)) largest = r;
            if (element(x, start + r * inner) < element(x, start + smallest * inner)) smallest = r;
        }
        ck_assert_double_eq(element(z[0], e), element(x, start + largest * inner));
        ck_assert_double_eq(element(z[1], e), element(x, start + smallest * inner));
        ck_assert_int_eq(((const int64_t *)z[2]->data)[e], largest);
        ck_assert_int_eq(((const int64_t *)z[3]->data)[e], smallest);
    }
    ck_assert(ct_end(s));
}

START_TEST(extremes_agree_with_loops) {
    for (ct_dtype dtype = 0; dtype < CT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; i < SHAPES; i++) check_extremes(dtype, shapes[i]);
}
END_TEST

START_TEST(not_a_number_is_the_extreme) {
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++)
        for (int64_t place = 0; place < 300; place += 23)
            for (int i = 0; i < 3; i++) {
                const int64_t inner = (int64_t[]){1, 3, 600}[i], c = inner - 1;
                ct_scope s = ct_begin();
                ct_tensor *x = ct_uniform(dtype, CT_SHAPE(300, inner), -1, 1);
                ct_write_element(dtype, x->data, place * inner + c, NAN);
                ct_write_element(dtype, x->data, 299 * inner + c, NAN);
                ck_assert_double_nan(element(ct_max(x, CT_AXES(0)), c));
                ck_assert_double_nan(element(ct_min(x, CT_AXES(0)), c));
                ck_assert_double_eq(element(ct_argmax(x, 0), c), (double)place);
                ck_assert_double_eq(element(ct_argmin(x, 0), c), (double)place);
                if (inner > 1) ck_assert(!isnan(element(ct_max(x, CT_AXES(0)), 0)));
                ck_assert(ct_end(s));
            }
}
END_TEST

/* Sums, and the reverse of a sum: written, and added to what is there. */
START_TEST(bits_do_not_depend_on_threads) {
    for (size_t i = 0; i < SHAPES; i++) {
        int64_t outer = shapes[i][0], n = shapes[i][1], inner = shapes[i][2];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_normal(CT_F32, CT_SHAPE(outer, n, inner), 0, 1), *z[3], *gx[3], *sum[3];
        for (int t = 0; t < 3; t++) {
            ct_set_threads((int[]){1, 2, 8}[t]);
            z[t] = ct_sum(x, CT_AXES(1));
            gx[t] = ct_full(CT_F32, ct_shape_of(x), NAN);
            sum[t] = ct_from(CT_F32, ct_shape_of(x), x->data);
            ct_spread(CT_F32, outer, n, inner, z[t]->data, 0.3, gx[t]->data, false);
            ct_spread(CT_F32, outer, n, inner, z[t]->data, 0.3, sum[t]->data, true);
            ck_assert_mem_eq(z[t]->data, z[0]->data, ct_bytes_of(z[0]));
            ck_assert_mem_eq(gx[t]->data, gx[0]->data, ct_bytes_of(x));
            ck_assert_mem_eq(sum[t]->data, ct_add(x, gx[t])->data, ct_bytes_of(x));
        }
        for (int64_t e = 0; e < ct_size(x); e += 1 + ct_size(x) / 1000)
            ck_assert_float_eq((float)element(gx[0], e),
                               0.3f * (float)element(z[0], e / (n * inner) * inner + e % inner));
        ck_assert(ct_end(s));
    }
}
END_TEST

#ifdef CT_X86_DISPATCH
/* The order of a sum is of fixed form, so that the width of the vectors does not show. */
START_TEST(bits_do_not_depend_on_the_instruction_set) {
    const ct_reduce_table *table[] = {&ct_reduce_kernels_base, &ct_reduce_kernels_avx2, &ct_reduce_kernels_avx512};
    for (size_t i = 0; i < SHAPES; i++) {
        int64_t outer = shapes[i][0], n = shapes[i][1], inner = shapes[i][2];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_normal(CT_F32, CT_SHAPE(outer, n, inner), 0, 1), *z[3];
        for (int level = 0; level <= (int)ct_isa; level++) {
            z[level] = ct_zeros(CT_F32, CT_SHAPE(outer, inner));
            table[level]->fold[CT_REDUCE_SUM][CT_F32](outer, n, inner, inner, x->data, z[level]->data, false);
            ck_assert_mem_eq(z[level]->data, z[0]->data, ct_bytes_of(z[0]));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST
#endif

/* ---- sets of axes ------------------------------------------------------------------------------------------- */

/* Every set of axes of (2,3,1,4,2), each in some order and in negative numbers, kept or not. */
START_TEST(every_set_of_axes) {
    const int64_t dim[] = {2, 3, 1, 4, 2};
    for (unsigned set = 0; set < 64; set++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(2, 3, 1, 4, 2), -1, 1));
        ct_axes axes = {.n = 0, .keep = set & 32};
        double sum[48] = {0}, largest[48];
        int64_t target[48]; /* of each element of x */
        int64_t count = 1, kept = 1;
        for (int i = 4; i >= 0; i--) {
            if (set & 1u << i) axes.axis[axes.n++] = i % 2 ? i : i - 5;
            *(set & 1u << i ? &count : &kept) *= dim[i];
        }
        for (int e = 0; e < 48; e++) largest[e] = -INFINITY;
        for (int64_t e = 0; e < 48; e++) {
            int64_t place = 0, rest = e, stride = 1;
            for (int i = 4; i >= 0; rest /= dim[i--]) {
                if (set & 1u << i) continue;
                place += rest % dim[i] * stride;
                stride *= dim[i];
            }
            target[e] = place;
            sum[place] += element(x, e);
            largest[place] = fmax(largest[place], element(x, e));
        }
        ct_tensor *z = ct_sum(x, axes), *mean = ct_mean(x, axes), *max = ct_max(x, axes);
        ck_assert_int_eq(ct_size(z), kept);
        ck_assert_int_eq(ct_shape_of(z).ndim, axes.keep ? 5 : 5 - axes.n);
        for (int64_t e = 0; e < kept; e++) {
            ck_assert_double_eq_tol(element(z, e), sum[e], 1e-14);
            ck_assert_double_eq_tol(element(mean, e), sum[e] / (double)count, 1e-15);
            ck_assert_double_eq(element(max, e), largest[e]);
        }
        ck_assert(ct_backward_from(z, mean) && ct_backward_from(z, mean)); /* gradients add up */
        for (int64_t e = 0; e < 48; e++) ck_assert_double_eq(element(ct_gradient(x), e), 2 * element(mean, target[e]));
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(reductions_of_none) {
    ct_scope s = ct_begin();
    int64_t huge = (int64_t)1 << 40;
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(2, 0)), *sum = ct_sum(x, CT_AXES(1)), *mean = ct_mean(x, CT_AXES(1));
    ck_assert_int_eq(ct_size(sum), 2);
    ck_assert_double_eq(element(sum, 1), 0);
    ck_assert_double_nan(element(mean, 1));
    ck_assert_int_eq(ct_size(ct_max(x, CT_AXES(0))), 0);
    ck_assert_int_eq(ct_size(ct_argmin(x, 0)), 0);
    ck_assert_double_eq(ct_item(ct_sum(ct_zeros(CT_F64, CT_SHAPE(huge, huge, 0)), CT_ALL)), 0);
    CHECK_ERROR(ct_sum(ct_zeros(CT_F64, CT_SHAPE(huge, huge, 0)), CT_AXES(2)), CT_ERR_LIMIT,
                "ct_sum: sum((1099511627776,1099511627776,0)): the result (1099511627776,1099511627776) has too many "
                "elements");
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(equal_extremes_share_the_cotangent) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 4), (double[]){3, 1, 3, 3, 5, 5, 6, -1}));
    ck_assert(ct_backward(ct_sum(ct_max(x, CT_AXES(1)), CT_ALL)));
    const double max[] = {1. / 3, 0, 1. / 3, 1. / 3, 0, 0, 1, 0};
    for (int64_t e = 0; e < 8; e++) ck_assert_double_eq(element(ct_gradient(x), e), max[e]);
    ct_zero_gradient(x);
    ck_assert(ct_backward(ct_sum(ct_min(x, CT_AXES(0)), CT_ALL)));
    const double min[] = {1, 1, 1, 0, 0, 0, 0, 1};
    for (int64_t e = 0; e < 8; e++) ck_assert_double_eq(element(ct_gradient(x), e), min[e]);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- softmax ------------------------------------------------------------------------------------------------ */

static void check_softmax(ct_dtype dtype, ct_shape shape, int axis, double shift) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(dtype, shape, shift - 4, shift + 4), *z = ct_softmax(x, axis);
    ct_tensor *log_z = ct_log_softmax(x, axis);
    double tolerance = dtype == CT_F32 ? 2e-6 : 1e-14;
    int64_t n = shape.dim[axis], inner = 1;
    for (int i = axis + 1; i < shape.ndim; i++) inner *= shape.dim[i];
    for (int64_t e = 0; e < ct_size(x); e += e < 50 ? 1 : ct_size(x) / 50) {
        double largest = -INFINITY, sum = 0;
        int64_t start = e / (n * inner) * n * inner + e % inner;
        for (int64_t r = 0; r < n; r++) largest = fmax(largest, element(x, start + r * inner));
        for (int64_t r = 0; r < n; r++) sum += exp(element(x, start + r * inner) - largest);
        double expected = exp(element(x, e) - largest) / sum;
        ck_assert_double_eq_tol(element(z, e), expected, tolerance * expected);
        ck_assert_double_eq_tol(element(log_z, e), log(expected), tolerance);
    }
    ck_assert(ct_end(s));
}

START_TEST(softmax_agrees_with_loops) {
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++)
        for (int i = 0; i < 4; i++) {
            const double shift = (double[]){-1024, 0, 1024, 1e12}[i];
            check_softmax(dtype, CT_SHAPE(7), 0, shift);
            check_softmax(dtype, CT_SHAPE(300, 10), 1, shift);
            for (int64_t n = 31; n < 300; n += n < 34 ? 1 : 31) check_softmax(dtype, CT_SHAPE(19, n), 1, shift);
            check_softmax(dtype, CT_SHAPE(3, 5000), 1, shift);
            check_softmax(dtype, CT_SHAPE(3, 4, 5), 1, shift);
            check_softmax(dtype, CT_SHAPE(3, 4, 5), 0, shift);
            check_softmax(dtype, CT_SHAPE(2, 1), 1, shift);
        }
}
END_TEST

START_TEST(softmax_of_infinities) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F32, CT_SHAPE(2, 3), (float[]){-INFINITY, 0, 0, -FLT_MAX, FLT_MAX, 0});
    ct_tensor *z = ct_softmax(x, -1), *log_z = ct_log_softmax(x, -1);
    const double expected[] = {0, 0.5, 0.5, 0, 1, 0};
    for (int64_t e = 0; e < 6; e++) ck_assert_double_eq(element(z, e), expected[e]);
    ck_assert_double_eq(element(log_z, 0), -INFINITY);
    ck_assert_double_eq(element(log_z, 4), 0);
    ck_assert(ct_end(s));
}
END_TEST

/* What is ruled out has no share; NaN, +infinity and a row that is ruled out altogether spoil their rows, and no other. */
START_TEST(softmax_of_special_rows) {
    enum { MASKED, WITH_NAN, WITH_INFINITY, RULED_OUT, ORDINARY, ROWS };
    for (int i = 0; i < 12; i++) {
        ct_dtype dtype = i % 2 ? CT_F32 : CT_F64;
        int64_t n = (int64_t[]){2, 10, 32, 33, 100, 128}[i / 2];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_uniform(dtype, CT_SHAPE(ROWS, n), -1, 1)),
                  *y = ct_full(CT_I64, CT_SHAPE(ROWS), 0);
        for (int64_t e = 0; e < n; e++) {
            if (e % 2) ct_write_element(dtype, x->data, MASKED * n + e, -INFINITY);
            ct_write_element(dtype, x->data, RULED_OUT * n + e, -INFINITY);
        }
        ct_write_element(dtype, x->data, WITH_NAN * n + n - 1, NAN);
        ct_write_element(dtype, x->data, WITH_INFINITY * n, INFINITY);
        ct_tensor *z = ct_softmax(x, 1), *log_z = ct_log_softmax(x, 1), *loss = ct_cross_entropy(x, y), *gx;
        ck_assert(ct_backward(loss));
        gx = ct_gradient(x);
        double sum[ROWS] = {0};
        for (int64_t e = 0; e < ROWS * n; e++) {
            int64_t r = e / n;
            bool spoilt = r != MASKED && r != ORDINARY, out = r == MASKED && e % n % 2;
            ck_assert_int_eq(isnan(element(z, e)) != 0, spoilt);
            ck_assert_int_eq(isnan(element(log_z, e)) != 0, spoilt);
            ck_assert_int_eq(isnan(element(gx, e)) != 0, spoilt);
            ck_assert_int_eq(element(z, e) == 0 && element(log_z, e) == -INFINITY && element(gx, e) == 0, out);
            sum[r] += element(z, e);
        }
        ck_assert_double_eq_tol(sum[MASKED], 1, 1e-6);
        ck_assert_double_eq_tol(sum[ORDINARY], 1, 1e-6);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Short rows, longer ones and one whose sums take several turns; and gradients that are there already. */
START_TEST(softmax_backward_agrees_with_nodes) {
    ct_scope s = ct_begin();
    for (int k = 0; k < 4; k++) {
        ct_shape shape = CT_SHAPE(18, (int64_t[]){1, 10, 33, 5001}[k]);
        ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, shape, -1, 1)), *g = ct_uniform(CT_F64, shape, -1, 1);
        ct_tensor *z[] = {ct_softmax(x, 1), ct_log_softmax(x, 1)};
        for (int i = 0; i < 2; i++) {
            ct_tensor *by_nodes = ct_vjp(z[i], x, g), *gx;
            ct_zero_gradient(x);
            ck_assert(ct_backward_from(z[i], g) && ct_backward_from(z[i], g));
            gx = ct_gradient(x);
            for (int64_t e = 0; e < ct_size(x); e++)
                ck_assert_double_eq_tol(element(gx, e), 2 * element(by_nodes, e), 1e-14);
        }
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- cross entropy ------------------------------------------------------------------------------------------ */

/* Classes and the probabilities that say the same agree with the logarithm of softmax. */
START_TEST(cross_entropy_agrees_with_log_softmax) {
    for (int i = 0; i < 6; i++) {
        ct_dtype dtype = i % 2 ? CT_F32 : CT_F64, classes = (ct_dtype[]){CT_U8, CT_I32, CT_I64}[i / 2];
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_uniform(dtype, CT_SHAPE(50, 9, 7), -5, 5));
        ct_tensor *y = ct_cast(ct_uniform(CT_F64, CT_SHAPE(50, 9), 0, 7), classes), *log_p = ct_log_softmax(x, -1);
        ct_tensor *probs = ct_cast(ct_one_hot(y, 7), dtype);
        ct_tensor *loss[] = {ct_cross_entropy(x, y), ct_cross_entropy_probs(x, probs)};
        double mean = 0, tolerance = dtype == CT_F32 ? 1e-6 : 1e-14;
        for (int64_t r = 0; r < 450; r++) mean -= element(log_p, r * 7 + (int64_t)element(y, r)) / 450;
        for (int j = 0; j < 2; j++) {
            ck_assert_int_eq(ct_dtype_of(loss[j]), dtype);
            ck_assert_double_eq_tol(ct_item(loss[j]), mean, tolerance * mean);
            ct_zero_gradient(x);
            ck_assert(ct_backward(loss[j]));
            for (int64_t e = 0; e < ct_size(x); e++)
                ck_assert_double_eq_tol(element(ct_gradient(x), e), (exp(element(log_p, e)) - element(probs, e)) / 450,
                                        tolerance / 450);
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Classes may change between replays, and one out of range must not pass for another. */
START_TEST(a_replay_with_a_wrong_class) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(3, 4), -1, 1)),
              *y = ct_from(CT_I32, CT_SHAPE(3), (int32_t[]){1, 3, 0});
    ct_tensor *loss = ct_cross_entropy(x, y);
    double before = ct_item(loss);
    ck_assert(ct_set(y, (int32_t[]){1, 4, 0}) && ct_replay(loss) && ct_backward(loss));
    ck_assert_double_nan(ct_item(loss));
    for (int64_t e = 0; e < 12; e++) ck_assert_int_eq(isnan(element(ct_gradient(x), e)) != 0, e / 4 == 1);
    ck_assert(ct_set(y, (int32_t[]){1, 3, 0}) && ct_replay(loss));
    ck_assert_double_eq(ct_item(loss), before);
    ck_assert(ct_end(s));
}
END_TEST

static void check_softmax_bits(int64_t rows, int64_t n) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_normal(CT_F32, CT_SHAPE(rows, n), 0, 3)), *first = NULL;
    ct_tensor *y = ct_cast(ct_uniform(CT_F64, CT_SHAPE(rows), 0, (double)n), CT_U8);
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        ct_zero_gradient(x);
        ck_assert(ct_backward_from(ct_softmax(x, 1), x) && ct_backward_from(ct_log_softmax(x, 1), x) &&
                  ct_backward(ct_cross_entropy(x, y)));
        if (!first) first = ct_from(CT_F32, ct_shape_of(x), x->grad);
        ck_assert_mem_eq(x->grad, first->data, ct_bytes_of(x));
    }
    ck_assert(ct_end(s));
}

START_TEST(softmax_bits_do_not_depend_on_threads) {
    check_softmax_bits(9001, 11);
    check_softmax_bits(901, 99);
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------------------- */

START_TEST(errors_say_what_does_not_fit) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_zeros(CT_F32, CT_SHAPE(4, 10)), "x"), *none = ct_zeros(CT_F32, CT_SHAPE(3, 0));
    ct_tensor *y = ct_from(CT_I64, CT_SHAPE(4), (int64_t[]){0, 9, 3, 10}), *i = ct_zeros(CT_I32, CT_SHAPE(2));
    CHECK_ERROR(ct_sum(x, CT_AXES(3)), CT_ERR_ARGUMENT, "ct_sum: sum(x(4,10)): axis 3 is outside of 2 dimensions");
    CHECK_ERROR(ct_mean(x, CT_AXES(1, -1)), CT_ERR_ARGUMENT, "ct_mean: mean(x(4,10)): axis -1 is given twice");
    CHECK_ERROR(ct_sum(i, CT_ALL), CT_ERR_DTYPE, "ct_sum: sum((2)): i32 is not floating: ct_cast() first");
    CHECK_ERROR(ct_max(none, CT_AXES(1)), CT_ERR_SHAPE, "ct_max: max((3,0)): axis 1 has no elements to choose from");
    CHECK_ERROR(ct_argmax(none, -1), CT_ERR_SHAPE, "ct_argmax: argmax((3,0)): axis 1 has no elements to choose from");
    CHECK_ERROR(ct_softmax(x, 2), CT_ERR_ARGUMENT, "ct_softmax: softmax(x(4,10)): axis 2 is outside of 2 dimensions");
    CHECK_ERROR(ct_log_softmax(i, 0), CT_ERR_DTYPE,
                "ct_log_softmax: log_softmax((2)): i32 is not floating: ct_cast() first");
    CHECK_ERROR(ct_cross_entropy(x, y), CT_ERR_ARGUMENT,
                "ct_cross_entropy: cross_entropy(x(4,10), (4)): row 3 has class 10, of 10 classes");
    CHECK_ERROR(ct_cross_entropy(x, i), CT_ERR_SHAPE,
                "ct_cross_entropy: cross_entropy(x(4,10), (2)): classes must be (4), one a row");
    CHECK_ERROR(ct_cross_entropy(x, x), CT_ERR_DTYPE,
                "ct_cross_entropy: cross_entropy(x(4,10), x(4,10)): classes must be of an integer dtype, not f32");
    CHECK_ERROR(ct_cross_entropy_probs(x, none), CT_ERR_SHAPE,
                "ct_cross_entropy_probs: cross_entropy(x(4,10), (3,0)): logits and probabilities differ in shape");
    CHECK_ERROR(ct_cross_entropy_probs(x, ct_zeros(CT_F64, CT_SHAPE(4, 10))), CT_ERR_DTYPE,
                "ct_cross_entropy_probs: cross_entropy(x(4,10), (4,10)): dtypes f32 and f64 differ");
    CHECK_ERROR(ct_cross_entropy(ct_scalar(1), y), CT_ERR_SHAPE,
                "ct_cross_entropy: cross_entropy((), (4)): the logits are 0-d, without an axis of classes");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("reductions");
    TCase *t = tcase_create("reductions");
    tcase_add_test(t, sums_agree_with_loops);
    tcase_add_test(t, long_f32_sums_are_accurate);
    tcase_add_test(t, short_f32_sums_are_exact);
    tcase_add_test(t, extremes_agree_with_loops);
    tcase_add_test(t, not_a_number_is_the_extreme);
    tcase_add_test(t, bits_do_not_depend_on_threads);
#ifdef CT_X86_DISPATCH
    tcase_add_test(t, bits_do_not_depend_on_the_instruction_set);
#endif
    tcase_add_test(t, every_set_of_axes);
    tcase_add_test(t, reductions_of_none);
    tcase_add_test(t, equal_extremes_share_the_cotangent);
    tcase_add_test(t, softmax_agrees_with_loops);
    tcase_add_test(t, softmax_of_infinities);
    tcase_add_test(t, softmax_of_special_rows);
    tcase_add_test(t, softmax_backward_agrees_with_nodes);
    tcase_add_test(t, cross_entropy_agrees_with_log_softmax);
    tcase_add_test(t, a_replay_with_a_wrong_class);
    tcase_add_test(t, softmax_bits_do_not_depend_on_threads);
    tcase_add_test(t, errors_say_what_does_not_fit);
    suite_add_tcase(suite, t);
    return suite;
}
