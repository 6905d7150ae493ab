/* Cumulative ops, order, statistics and norms: derivatives by the sweep, values against plain loops, ties and
 * special values, errors. Values are compared with another library by tests/peers. */
#include "support/elements.h"
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* A leaf of the given elements. */
#define VECTOR(...)                                                                                                  \
    ct_requires_grad(ct_from(CT_F64, CT_SHAPE((int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))),          \
                             (double[]){__VA_ARGS__}))

/* The gradient of z's sum by x. */
static ct_tensor *gradient_of(ct_tensor *z, ct_tensor *x) {
    ct_zero_gradient(x);
    ck_assert_msg(ct_backward(ct_sum(z, CT_ALL)), "%s", ct_error());
    return ct_gradient(x);
}

/* ---- derivatives of composites
 * ------------------------------------------------------------------------------------- */

static ct_tensor *any(ct_dtype dtype, ct_shape shape) { return ct_sample_leaf(dtype, shape, -2, 2); }

/* Different elements, none near 0 and all at least 0.1 apart, in disorder. */
static ct_tensor *apart(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = any(dtype, shape);
    for (int64_t i = 0; i < ct_size(x); i++) {
        double v = 0.1 * (double)(i * 37 % 61) - 3.05;
        ct_write_element(dtype, x->data, i, v);
    }
    return x;
}

typedef struct reduce_case {
    ct_shape shape;
    ct_axes axes;
} reduce_case;
static const reduce_case reduce_cases[] = {
    {{1, {7}}, {.n = 1}},
    {{0, {0}}, {.n = -1}},
    {{2, {3, 5}}, {.n = -1}},
    {{2, {3, 5}}, {.n = 1, .keep = true, .axis = {-1}}},
    {{2, {5, 3}}, {.n = 1}},
    {{3, {2, 3, 4}}, {.n = 2, .axis = {2, 0}}},
    {{3, {3, 2, 1}}, {.n = 2, .keep = true, .axis = {0, 1}}},
    {{2, {2, 0}}, {.n = 1}},
};
#define N_REDUCE ((int)(sizeof reduce_cases / sizeof *reduce_cases))

typedef struct line_case {
    ct_shape shape;
    int axis;
} line_case;
static const line_case line_cases[] = {
    {{1, {7}}, 0}, {{2, {3, 5}}, 0}, {{2, {3, 5}}, -1}, {{3, {2, 5, 3}}, 1}, {{2, {4, 3}}, -2}, {{2, {0, 3}}, 1},
};
#define N_LINES ((int)(sizeof line_cases / sizeof *line_cases))

/* NAME_samples() of a function of x that takes the axes or axis of case i. */
#define SAMPLES(name, cases, n_cases, draw, call)                                                                    \
    static ct_sample name##_samples(int i, ct_dtype dtype) {                                                         \
        if (i >= n_cases) return (ct_sample){.z = NULL};                                                             \
        ct_tensor *x = draw(dtype, cases[i].shape);                                                                  \
        return (ct_sample){.z = call, .leaf = {x}};                                                                  \
    }
#define REDUCTION(name, draw, call) SAMPLES(name, reduce_cases, N_REDUCE, draw, call)
#define LINES(name, draw, call) SAMPLES(name, line_cases, N_LINES, draw, call)
#define AXES reduce_cases[i].axes
#define AXIS line_cases[i].axis

REDUCTION(ct_nansum, any, ct_nansum(x, AXES))
REDUCTION(ct_nanmean, any, ct_nanmean(x, AXES))
REDUCTION(ct_logsumexp, any, ct_logsumexp(x, AXES))
REDUCTION(ct_variance, any, ct_variance(x, AXES, i % 2 == 0)) /* case 1 has but one element */
REDUCTION(ct_std, apart, ct_std(x, AXES, i % 2 == 0))
REDUCTION(ct_median, apart, ct_median(x, AXES))
REDUCTION(norm_1, apart, ct_vector_norm(x, 1, AXES))
REDUCTION(norm_2, apart, ct_vector_norm(x, 2, AXES))
REDUCTION(norm_3, apart, ct_vector_norm(x, 3, AXES))
#define SHIFTED ct_add(x, ct_scalar(4)) /* far from 0, where these have no derivative */
REDUCTION(norm_half, apart, ct_vector_norm(SHIFTED, 0.5, AXES))
REDUCTION(norm_minus_2, apart, ct_vector_norm(SHIFTED, -2, AXES))
REDUCTION(norm_inf, apart, ct_vector_norm(SHIFTED, INFINITY, AXES))
REDUCTION(norm_minus_inf, apart, ct_vector_norm(SHIFTED, -INFINITY, AXES))
LINES(ct_normalize, apart, ct_normalize(x, 2, AXIS, 1e-12))
LINES(ct_sort, apart, ct_sort(x, AXIS, false))
LINES(ct_sort_descending, apart, ct_sort(x, AXIS, true))
LINES(ct_topk, apart, ct_topk(x, 2, AXIS, i % 2 == 0))
LINES(ct_kthvalue, apart, ct_kthvalue(x, 2, AXIS))
LINES(ct_median_along, apart, ct_median_along(x, AXIS))
LINES(ct_mode, apart, ct_mode(x, AXIS))
LINES(ct_max_along, apart, ct_max_along(x, AXIS))
LINES(ct_min_along, apart, ct_min_along(x, AXIS))
LINES(ct_cummax, apart, ct_cummax(x, AXIS))
LINES(ct_cummin, apart, ct_cummin(x, AXIS))
LINES(ct_diff, any, ct_diff(x, i % 3, AXIS))
LINES(ct_trapz, any, ct_trapz(x, 0.5, AXIS))

static ct_sample ct_matrix_norm_samples(int i, ct_dtype dtype) {
    const double orders[] = {1, -1, INFINITY, -INFINITY};
    if (i >= 8) return (ct_sample){.z = NULL};
    ct_tensor *x = apart(dtype, i % 2 ? CT_SHAPE(3, 2, 4) : CT_SHAPE(3, 5));
    return (ct_sample){.z = ct_matrix_norm(x, orders[i / 2], i % 2 ? CT_KEEP(2, 0) : CT_AXES(0, 1)), .leaf = {x}};
}

static ct_sample ct_cov_samples(int i, ct_dtype dtype) {
    if (i >= 6) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, i == 0 ? CT_SHAPE(5) : CT_SHAPE(3, 5));
    ct_tensor *f = i & 1 ? ct_from(CT_I64, CT_SHAPE(5), (int64_t[]){1, 0, 3, 2, 1}) : NULL;
    ct_tensor *a = i & 2 ? ct_sample_leaf(dtype, CT_SHAPE(5), 0.2, 2) : NULL;
    ct_tensor *z = i < 4 ? ct_cov(x, i / 2, f, a) : ct_corrcoef(ct_slice(x, 0, 0, i - 2, 1));
    return (ct_sample){.z = z, .leaf = {x, i < 4 ? a : NULL}};
}

static ct_sample ct_trapz_over_samples(int i, ct_dtype dtype) {
    const ct_shape cases[][2] = {
        {CT_SHAPE(5), CT_SHAPE(5)}, {CT_SHAPE(3, 5), CT_SHAPE(3)}, {CT_SHAPE(3, 5), CT_SHAPE(3, 5)}};
    if (i >= 3) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, cases[i][0]), *places = any(dtype, cases[i][1]);
    return (ct_sample){.z = ct_trapz_over(x, places, 0), .leaf = {x, places}};
}

static ct_sample distance_samples(int i, ct_dtype dtype) {
    const double orders[] = {2, 1, 3, 0.5};
    if (i >= 8) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, i % 2 ? CT_SHAPE(2, 4, 3) : CT_SHAPE(4, 3));
    ct_tensor *y = ct_sample_leaf(dtype, CT_SHAPE(i % 2 ? 5 : 4, 3), 3, 6); /* far from x */
    ct_tensor *z = i % 2 ? ct_cdist(x, y, orders[i / 2]) : ct_pairwise_distance(x, y, orders[i / 2], 1e-6, i & 4);
    return (ct_sample){.z = z, .leaf = {x, y}};
}

static ct_sample ct_cosine_similarity_samples(int i, ct_dtype dtype) {
    const ct_shape cases[][2] = {
        {CT_SHAPE(3, 5), CT_SHAPE(3, 5)}, {CT_SHAPE(4, 1, 3), CT_SHAPE(2, 3)}, {CT_SHAPE(5), CT_SHAPE(2, 5)}};
    if (i >= 3) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, cases[i][0]), *y = any(dtype, cases[i][1]);
    return (ct_sample){.z = ct_cosine_similarity(x, y, i ? -1 : 0, 1e-8), .leaf = {x, y}};
}

typedef struct swept {
    const char *name;
    ct_sample (*samples)(int i, ct_dtype dtype);
} swept;
#define SWEPT(name)                                                                                                  \
    { #name, name##_samples }
static const swept composites[] = {
    SWEPT(ct_nansum),
    SWEPT(ct_nanmean),
    SWEPT(ct_logsumexp),
    SWEPT(ct_variance),
    SWEPT(ct_std),
    SWEPT(ct_median),
    SWEPT(norm_1),
    SWEPT(norm_2),
    SWEPT(norm_3),
    SWEPT(norm_half),
    SWEPT(norm_minus_2),
    SWEPT(norm_inf),
    SWEPT(norm_minus_inf),
    SWEPT(ct_normalize),
    SWEPT(ct_sort),
    SWEPT(ct_sort_descending),
    SWEPT(ct_topk),
    SWEPT(ct_kthvalue),
    SWEPT(ct_median_along),
    SWEPT(ct_mode),
    SWEPT(ct_max_along),
    SWEPT(ct_min_along),
    SWEPT(ct_cummax),
    SWEPT(ct_cummin),
    SWEPT(ct_diff),
    SWEPT(ct_trapz),
    SWEPT(ct_matrix_norm),
    SWEPT(ct_cov),
    SWEPT(ct_trapz_over),
    SWEPT(distance),
    SWEPT(ct_cosine_similarity),
};
#define N_COMPOSITES ((int)(sizeof composites / sizeof *composites))

START_TEST(derivatives_of_composites) { check_sweep(composites[_i].name, composites[_i].samples); }
END_TEST

/* ---- cumulative ops ----------------------------------------------------------------------------------------- */

static const ct_shape scanned[] = {{3, {1, 5, 1}},    {3, {3, 1, 4}},     {3, {9, 40, 1}},  {3, {2, 30, 7}},
                                   {3, {2, 20, 300}}, {3, {500, 300, 1}}, {3, {7, 50, 900}}};

/* Element e of a scan, by a loop from the start of its line; `last` tells whether e ends it. */
static void scans_by_loop(const ct_tensor *x, int64_t e, double *sum, double *product, double *log_sum,
                          int64_t *place) {
    int64_t n = ct_shape_of(x).dim[1], inner = ct_shape_of(x).dim[2], start = e / (n * inner) * n * inner + e % inner;
    *place = 0;
    *sum = 0;
    *product = 1;
    double exponentials = 0;
    for (int64_t i = start; i <= e; i += inner) {
        double v = element(x, i);
        *sum += v;
        *product *= v;
        exponentials += exp(v);
        if (v >= element(x, start + *place * inner)) *place = (i - start) / inner;
    }
    *log_sum = log(exponentials);
}

START_TEST(scans_agree_with_loops) {
    for (int i = 0; i < 2 * (int)(sizeof scanned / sizeof *scanned); i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(i % 2 ? CT_F32 : CT_F64, scanned[i / 2], -1.1, 1.4);
        double tolerance = i % 2 ? 1e-6 : 1e-13;
        ct_tensor *sum = ct_cumsum(x, 1), *prod = ct_cumprod(x, -2), *log_sum = ct_logcumsumexp(x, 1);
        ct_tensor *place = ct_argcummax(x, 1), *mirrored = ct_argcummin(ct_neg(x), 1);
        for (int64_t e = 0; e < ct_size(x); e += 1 + ct_size(x) / 2000) {
            double expected[3];
            int64_t largest;
            scans_by_loop(x, e, &expected[0], &expected[1], &expected[2], &largest);
            ck_assert_double_eq_tol(element(sum, e), expected[0], tolerance * (1 + fabs(expected[0])));
            ck_assert_double_eq_tol(element(prod, e), expected[1], tolerance);
            ck_assert_double_eq_tol(element(log_sum, e), expected[2], tolerance * (1 + fabs(expected[2])));
            ck_assert_int_eq(((const int64_t *)ct_data(place))[e], largest);
            ck_assert_int_eq(((const int64_t *)ct_data(mirrored))[e], largest);
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(scans_of_special_values) {
    ct_scope s = ct_begin();
    ct_tensor *x = VECTOR(1, 3, 3, NAN, 2, NAN), *zeros = VECTOR(2, 0, 3, 0, 5),
              *one = ct_requires_grad(ct_scalar(3));
    CHECK_VALUES(ct_argcummax(x, 0), 0, 1, 2, 3, 3, 5);
    CHECK_VALUES(ct_cummax(x, 0), 1, 3, 3, NAN, NAN, NAN);
    CHECK_VALUES(ct_cummin(x, 0), 1, 1, 1, NAN, NAN, NAN);
    ct_tensor *peaks = VECTOR(1, 3, 2, 3);
    CHECK_VALUES(gradient_of(ct_cummax(peaks, 0), peaks), 1, 2, 0, 1);
    CHECK_VALUES(gradient_of(ct_cumprod(zeros, 0), zeros), 1, 8, 0, 0, 0);
    CHECK_VALUES(ct_prod(zeros, CT_ALL), 0);
    CHECK_VALUES(gradient_of(ct_prod(zeros, CT_ALL), zeros), 0, 0, 0, 0, 0);
    ct_tensor *single = VECTOR(2, 0, 3);
    CHECK_VALUES(gradient_of(ct_prod(single, CT_ALL), single), 0, 6, 0);
    CHECK_VALUES(ct_logcumsumexp(VECTOR(-INFINITY, -INFINITY, 0, INFINITY), 0), -INFINITY, -INFINITY, 0, INFINITY);
    CHECK_VALUES(ct_logcumsumexp(VECTOR(1000, 1000), 0), 1000, 1000 + log(2));
    CHECK_VALUES(ct_prod(ct_zeros(CT_F64, CT_SHAPE(0, 2)), CT_AXES(0)), 1, 1);
    CHECK_VALUES(ct_cumsum(one, 0), 3);
    CHECK_VALUES(ct_cummax(one, -1), 3);
    CHECK_VALUES(gradient_of(ct_mul(ct_cumprod(one, 0), one), one), 6);
    ck_assert_int_eq(ct_shape_of(ct_cumsum(one, 0)).ndim, 0);
    ck_assert(ct_end(s));
}
END_TEST

/* Forward and, as their gradients, backward: lines of all lengths around those that are taken at a time, and columns of
 * more than are. */
START_TEST(running_sums_both_ways) {
    for (int i = 0; i < 2 * 21; i++) {
        const int64_t n = i / 2 < 20 ? i / 2 + 1 : 5003, inner = i / 2 == 10 ? 2500 : 1;
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_uniform(i % 2 ? CT_F32 : CT_F64, CT_SHAPE(3, n, inner), -1, 1));
        ct_tensor *sum = ct_cumsum(x, 1), *back;
        const double tolerance = i % 2 ? 1e-5 : 1e-12;
        ck_assert(ct_backward_from(sum, x) && (back = ct_gradient(x)));
        for (int64_t line = 0; line < 3 * inner; line++) {
            double from_begin = 0, from_end = 0;
            for (int64_t r = 0; r < n; r++) {
                const int64_t e = (line / inner * n + r) * inner + line % inner,
                              f = (line / inner * n + n - 1 - r) * inner + line % inner;
                ck_assert_double_eq_tol(element(sum, e), from_begin += element(x, e), tolerance);
                ck_assert_double_eq_tol(element(back, f), from_end += element(x, f), tolerance);
            }
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* What is not finite is in the sums from there on, and in no others. */
START_TEST(running_sums_of_special_values) {
    ct_scope s = ct_begin();
    for (int64_t place = 0; place < 20; place++) {
        ct_tensor *x = ct_requires_grad(ct_full(CT_F64, CT_SHAPE(20), 1)), *sum;
        ct_write_element(CT_F64, x->data, place, place % 2 ? NAN : INFINITY);
        ck_assert(ct_backward_from(sum = ct_cumsum(x, 0), x));
        for (int64_t e = 0; e < 20; e++) {
            ck_assert_int_eq(!isfinite(element(sum, e)), e >= place);
            ck_assert_int_eq(!isfinite(element(ct_gradient(x), e)), e <= place);
        }
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- order -------------------------------------------------------------------------------------------------- */

static bool in_order(double a, double b, bool descending) {
    double first = descending ? b : a, second = descending ? a : b;
    return isnan(second) || first <= second;
}

/* Of few values, so that there are ties: sorted, a permutation, and stable. */
static void check_order(ct_dtype dtype, ct_shape shape, bool descending) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F64, shape, dtype == CT_U8 || dtype == CT_BOOL ? 0 : -20, 20);
    for (int64_t e = 0; e < ct_size(x); e++) ct_write_element(CT_F64, x->data, e, floor(element(x, e)));
    if (ct_is_float(dtype))
        for (int64_t e = 0; e < ct_size(x); e += 5) ct_write_element(CT_F64, x->data, e, e % 2 ? NAN : -0.0);
    x = ct_cast(x, dtype);
    ct_tensor *place = ct_argsort(x, 1, descending), *sorted = ct_sort(x, 1, descending);
    const int64_t *p = ct_data(place);
    int64_t n = shape.dim[1], inner = shape.dim[2];
    for (int64_t e = 0; e < ct_size(x); e++) {
        int64_t row = e / inner % n, start = e - row * inner;
        double v = element(x, start + p[e] * inner);
        ck_assert(p[e] >= 0 && p[e] < n);
        ck_assert(element(sorted, e) == v || (isnan(v) && isnan(element(sorted, e))));
        if (row == 0) continue;
        double before = element(sorted, e - inner);
        ck_assert_msg(in_order(before, v, descending), "%g before %g", before, v);
        if (before == v || (isnan(before) && isnan(v))) ck_assert_int_lt(p[e - inner], p[e]);
    }
    ck_assert(ct_end(s));
}

START_TEST(orders_are_stable) {
    for (ct_dtype dtype = 0; dtype < CT_DTYPE_COUNT; dtype++)
        for (int descending = 0; descending < 2; descending++) {
            check_order(dtype, CT_SHAPE(2, 1, 3), descending);
            check_order(dtype, CT_SHAPE(40, 17, 2), descending);
            check_order(dtype, CT_SHAPE(2, 300, 3), descending);
        }
    check_order(CT_F32, CT_SHAPE(1, 70000, 1), false);
}
END_TEST

START_TEST(statistics_of_order) {
    ct_scope s = ct_begin();
    ct_tensor *x = VECTOR(3, 1, 3, 1, 2), *nan = VECTOR(1, NAN, 3), *even = VECTOR(4, 1, 3, 2), *one = ct_scalar(7);
    CHECK_VALUES(ct_mode(x, 0), 1);
    CHECK_VALUES(ct_argmode(x, 0), 3);
    CHECK_VALUES(gradient_of(ct_mode(x, 0), x), 0, 0, 0, 1, 0);
    CHECK_VALUES(ct_median_along(even, 0), 2);
    CHECK_VALUES(gradient_of(ct_median_along(even, 0), even), 0, 0, 0, 1);
    CHECK_VALUES(ct_median(nan, CT_ALL), NAN);
    CHECK_VALUES(ct_argmedian(nan, 0), 1);
    CHECK_VALUES(gradient_of(ct_median(nan, CT_ALL), nan), 0, 1, 0);
    ct_tensor *ties = VECTOR(1, 3, 3);
    CHECK_VALUES(gradient_of(ct_median(ties, CT_ALL), ties), 0, 0.5, 0.5);
    CHECK_VALUES(gradient_of(ct_max(ties, CT_ALL), ties), 0, 0.5, 0.5);
    CHECK_VALUES(gradient_of(ct_max_along(ties, 0), ties), 0, 1, 0);
    CHECK_VALUES(gradient_of(ct_max(nan, CT_ALL), nan), 0, 1, 0);
    CHECK_VALUES(gradient_of(ct_min_along(x, 0), x), 0, 1, 0, 0, 0);
    CHECK_VALUES(ct_kthvalue(nan, 3, 0), NAN);
    CHECK_VALUES(ct_kthvalue(even, 3, 0), 3);
    CHECK_VALUES(ct_topk(x, 3, 0, true), 3, 3, 2);
    CHECK_VALUES(ct_argtopk(x, 3, 0, false), 1, 3, 4);
    CHECK_VALUES(ct_topk(one, 1, 0, true), 7);
    CHECK_VALUES(ct_sort(one, -1, true), 7);
    CHECK_VALUES(ct_mode(one, 0), 7);
    CHECK_VALUES(ct_max_along(one, 0), 7);
    CHECK_VALUES(ct_sum(one, CT_AXES(0)), 7);
    CHECK_VALUES(ct_argmax(one, 0), 0);
    ck_assert_int_eq(ct_size(ct_topk(x, 0, 0, true)), 0);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- statistics and norms
 * ------------------------------------------------------------------------------------------ */

START_TEST(moments_of_special_values) {
    ct_scope s = ct_begin();
    ct_tensor *equal = VECTOR(2, 2, 2), *nan = VECTOR(NAN, 2, 4);
    CHECK_VALUES(ct_variance(VECTOR(1, 2, 4), CT_ALL, 1), 7. / 3);
    CHECK_VALUES(ct_variance(VECTOR(1, 2, 4), CT_ALL, 0), 14. / 9);
    CHECK_VALUES(ct_variance(VECTOR(1, 2, 4), CT_ALL, 3), INFINITY);
    CHECK_VALUES(ct_std(ct_scalar(1), CT_ALL, 1), NAN);
    CHECK_VALUES(ct_variance(ct_zeros(CT_F64, CT_SHAPE(0, 2)), CT_AXES(0), 1), NAN, NAN);
    CHECK_VALUES(ct_std(equal, CT_ALL, 1), 0);
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++)
        for (int k = 0; k < 4; k++) /* one element, and none beside it that would show it */
            CHECK_VALUES(ct_variance(ct_full(dtype, CT_SHAPE(1), (double[]){INFINITY, -INFINITY, NAN, 3}[k]), CT_ALL,
                                     0), k < 3 ? NAN : 0);
    CHECK_VALUES(gradient_of(ct_std(equal, CT_ALL, 1), equal), 0, 0, 0);
    CHECK_VALUES(ct_nansum(nan, CT_ALL), 6);
    CHECK_VALUES(ct_nanmean(nan, CT_ALL), 3);
    CHECK_VALUES(gradient_of(ct_nanmean(nan, CT_ALL), nan), 0, 0.5, 0.5);
    CHECK_VALUES(ct_logsumexp(VECTOR(1000, 1000), CT_ALL), 1000 + log(2));
    CHECK_VALUES(ct_logsumexp(VECTOR(-INFINITY, 1), CT_ALL), 1);
    CHECK_VALUES(ct_logsumexp(VECTOR(-INFINITY, -INFINITY), CT_ALL), -INFINITY);
    CHECK_VALUES(ct_logsumexp(VECTOR(INFINITY, 1), CT_ALL), INFINITY);
    ct_tensor *infinite = VECTOR(1000, INFINITY, 2);
    CHECK_VALUES(gradient_of(ct_logsumexp(infinite, CT_ALL), infinite), 0, NAN, 0);
    CHECK_VALUES(gradient_of(ct_logcumsumexp(infinite, 0), infinite), 1, NAN, 0);
    CHECK_VALUES(ct_cosine_similarity(VECTOR(1e200, 1), VECTOR(3, 4), 0, 1e-8), 0); /* overflows, as PyTorch's */
    CHECK_VALUES(ct_logsumexp(ct_zeros(CT_F64, CT_SHAPE(0, 2)), CT_AXES(0)), -INFINITY, -INFINITY);
    CHECK_VALUES(ct_corrcoef(VECTOR(1, 2, 4)), 1);
    CHECK_VALUES(ct_corrcoef(ct_scalar(3)), NAN);
    CHECK_VALUES(ct_cov(ct_zeros(CT_F64, CT_SHAPE(2, 0)), 1, NULL, NULL), NAN, NAN, NAN, NAN);
    /* f32 weights are added in f32, one after the other: 1 + 2^24 + 1 is 2^24 then. */
    ct_tensor *weights = ct_from(CT_F32, CT_SHAPE(3), (float[]){1, 0x1p24f, 1});
    CHECK_VALUES(ct_cov(VECTOR(0, 0, 0x1p24), 0, NULL, weights), 0x1p24 - 1 + 0x1p-23);
    ck_assert(ct_end(s));
}
END_TEST

/* What is far from 0 loses nothing: the f32 result is the f64 one of the same numbers, rounded. */
START_TEST(variance_far_from_zero) {
    const ct_axes over[] = {CT_ALL, CT_AXES(0), CT_KEEP(1), CT_AXES(2), CT_AXES(0, 2), CT_AXES(1, 2), {.n = 0}};
    const ct_shape shapes[] = {CT_SHAPE(3, 5, 7), CT_SHAPE(130, 9, 33), CT_SHAPE(2, 1, 4099), CT_SHAPE(77, 300, 2)};
    for (int i = 0; i < 4 * 7; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_normal(CT_F32, shapes[i / 7], 1000, 1), *z = ct_variance(x, over[i % 7], 0);
        ct_tensor *wide = ct_cast(x, CT_F64);
        ct_axes kept = over[i % 7];
        kept.keep = true;
        ct_tensor *plain = ct_mean(ct_square(ct_sub(wide, ct_mean(wide, kept))), over[i % 7]);
        ct_tensor *exact = ct_variance(wide, over[i % 7], 0);
        ck_assert(z && plain && exact);
        for (int64_t k = 0; k < ct_size(z); k++) {
            ck_assert_double_eq_tol(element(z, k), element(plain, k), 1.2e-7 * element(plain, k) + 1e-24);
            ck_assert_double_eq_tol(element(exact, k), element(plain, k), 1e-12 * element(plain, k) + 1e-24);
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* One element far from the others, the first and another; and equal ones, which do not deviate. */
START_TEST(variance_of_outliers) {
    for (int64_t place = 0; place < 1000; place += 333) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_normal(CT_F64, CT_SHAPE(1000), 3, 1);
        ct_write_element(CT_F64, x->data, place, 1e9);
        long double mean = 0, square = 0;
        for (int64_t i = 0; i < 1000; i++) mean += element(x, i) / 1000.L;
        for (int64_t i = 0; i < 1000; i++) square += (element(x, i) - mean) * (element(x, i) - mean);
        ck_assert_double_eq_tol(ct_item(ct_variance(x, CT_ALL, 1)) / (double)(square / 999), 1, 1e-14);
        ck_assert_double_eq(ct_item(ct_variance(ct_full(CT_F64, CT_SHAPE(1000), 0.1), CT_ALL, 1)), 0);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(subgradients_of_norms) {
    ct_scope s = ct_begin();
    ct_tensor *x = VECTOR(0, -2, 2, 1), *zero = VECTOR(0, 0);
    const double p[] = {0, 0.5, 1, 1.5, 2, 3, INFINITY, -INFINITY, -1, -2};
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        CHECK_VALUES(ct_vector_norm(zero, p[i], CT_ALL), 0);
        CHECK_VALUES(gradient_of(ct_vector_norm(zero, p[i], CT_ALL), zero), 0, 0);
    }
    CHECK_VALUES(ct_vector_norm(x, 0, CT_ALL), 3);
    CHECK_VALUES(gradient_of(ct_vector_norm(x, 0, CT_ALL), x), 0, 0, 0, 0);
    CHECK_VALUES(ct_vector_norm(VECTOR(NAN, -0.0, INFINITY), 0, CT_ALL), 2);
    CHECK_VALUES(gradient_of(ct_vector_norm(x, 1, CT_ALL), x), 0, -1, 1, 1);
    CHECK_VALUES(gradient_of(ct_vector_norm(x, 2, CT_ALL), x), 0, -2. / 3, 2. / 3, 1. / 3);
    CHECK_VALUES(gradient_of(ct_vector_norm(x, INFINITY, CT_ALL), x), 0, -0.5, 0.5, 0);
    CHECK_VALUES(gradient_of(ct_vector_norm(x, 0.5, CT_ALL), x), 0, -2.7071067811865475, 2.7071067811865475,
                 3.8284271247461903);
    ct_tensor *points = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 2, 1, 3}));
    ct_tensor *here = ct_from(CT_F64, CT_SHAPE(1, 2), (double[]){1, 2});
    CHECK_VALUES(gradient_of(ct_cdist(points, here, 2), points), 0, 0, 0, 1);
    CHECK_VALUES(gradient_of(ct_cosine_similarity(zero, VECTOR(3, 4), 0, 1e-8), zero), 6e7, 8e7);
    CHECK_VALUES(ct_max_abs(VECTOR(-7, NAN, 3), CT_ALL), NAN);
    CHECK_VALUES(ct_cdist(ct_zeros(CT_F64, CT_SHAPE(1, 0)), ct_zeros(CT_F64, CT_SHAPE(2, 0)), INFINITY), 0, 0);
    ck_assert(ct_end(s));
}
END_TEST

/* Of two f32: values and derivatives as PyTorch's on a CPU. */
START_TEST(norms_at_the_edges) {
    const struct {
        double p, x[2], z, gx[2];
    } edges[] = {
        {2, {1e30, 1e30}, INFINITY, {0, 0}},     {2, {2e38, 1}, INFINITY, {0, 0}},
        {2, {1e-30, 1e-30}, 0, {0, 0}},          {2, {INFINITY, 1}, INFINITY, {NAN, 0}},
        {2, {-INFINITY, 1}, INFINITY, {NAN, 0}}, {2, {NAN, 1}, NAN, {NAN, NAN}},
        {2, {-0.0, 3}, 3, {-0.0, 1}},            {1, {INFINITY, 1}, INFINITY, {1, 1}},
        {1, {-INFINITY, 1}, INFINITY, {-1, 1}},  {1, {NAN, 1}, NAN, {0, 1}},
        {1, {-0.0, 3}, 3, {0, 1}},
        {INFINITY, {-5, 3}, 5, {-1, 0}},         {INFINITY, {-INFINITY, 1}, INFINITY, {-1, 0}},
        {INFINITY, {3, -3}, 3, {0.5, -0.5}},     {INFINITY, {-0.0, 0}, 0, {0, 0}},
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        ct_scope s = ct_begin();
        const float of[] = {(float)edges[i].x[0], (float)edges[i].x[1]};
        ct_tensor *x = ct_requires_grad(ct_from(CT_F32, CT_SHAPE(2), of)), *z = ct_vector_norm(x, edges[i].p, CT_ALL);
        check_values(z, 1, &edges[i].z);
        ck_assert(ct_backward(z));
        check_values(ct_gradient(x), 2, edges[i].gx);
        ck_assert(ct_end(s));
    }
}
END_TEST

#define N_LARGE 5
/* Far more elements than one share of a thread has, over runs of axes and apart; and gradients that are added. */
START_TEST(large_norms_variances_and_logarithms) {
    const ct_axes over[] = {CT_ALL, CT_AXES(0), CT_AXES(1), CT_AXES(0, 2)};
    for (size_t i = 0; i < N_LARGE * sizeof over / sizeof *over; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_requires_grad(ct_normal(CT_F64, CT_SHAPE(70, 90, 80), 1, 1));
        ct_tensor *mean = ct_mean(x, over[i / N_LARGE]);
        ct_tensor *z[] = {ct_vector_norm(x, 1, over[i / N_LARGE]), ct_vector_norm(x, 2, over[i / N_LARGE]),
                          ct_variance(x, over[i / N_LARGE], 0), ct_logsumexp(x, over[i / N_LARGE]),
                          ct_vector_norm(x, INFINITY, over[i / N_LARGE])};
        ct_tensor *same[] = {ct_sum(ct_abs(x), over[i / N_LARGE]), ct_sqrt(ct_sum(ct_square(x), over[i / N_LARGE])),
                             ct_sub(ct_mean(ct_square(x), over[i / N_LARGE]), ct_square(mean)),
                             ct_log(ct_sum(ct_exp(x), over[i / N_LARGE])), ct_max(ct_abs(x), over[i / N_LARGE])};
        ct_tensor *seed = ct_uniform(CT_F64, ct_shape_of(mean), -1, 1), *gradient[2];
        for (int k = 0; k < 2; k++) { /* each twice */
            ct_tensor *f = k ? same[i % N_LARGE] : z[i % N_LARGE];
            ct_zero_gradient(x);
            ck_assert(ct_backward_from(f, seed) && ct_backward_from(f, seed));
            gradient[k] = ct_from(CT_F64, ct_shape_of(x), ct_data(ct_gradient(x)));
        }
        ct_tensor *off = ct_max(ct_abs(ct_div(ct_sub(z[i % N_LARGE], same[i % N_LARGE]), same[i % N_LARGE])), CT_ALL);
        ck_assert_double_le(ct_item(off), 1e-12);
        ck_assert_double_le(ct_item(ct_max(ct_abs(ct_sub(gradient[0], gradient[1])), CT_ALL)), 1e-12);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Short lines, lines that are taken as lanes, columns, runs of axes: against log(sum(exp x)), which cannot overflow
 * here; shifted far from 0, and both ways. */
START_TEST(logsumexp_of_all_lengths) {
    const ct_axes over[] = {CT_AXES(0), CT_KEEP(1), CT_AXES(2), CT_AXES(0, 2), CT_AXES(1, 2), CT_ALL};
    const ct_shape shapes[] = {CT_SHAPE(40, 3, 1),   CT_SHAPE(3, 5, 7),    CT_SHAPE(5, 128, 9),   CT_SHAPE(2, 129, 6),
                               CT_SHAPE(300, 2, 17), CT_SHAPE(4, 40, 300), CT_SHAPE(2, 3, 5003), CT_SHAPE(1, 1, 1)};
    for (int i = 0; i < 8 * 6 * 2; i++) {
        ct_scope s = ct_begin();
        const bool wide = i % 2;
        ct_tensor *x = ct_requires_grad(ct_uniform(wide ? CT_F64 : CT_F32, shapes[i / 12], -9, 9));
        ct_tensor *z = ct_logsumexp(x, over[i / 2 % 6]), *shift = ct_scalar(wide ? 1e4 : 256);
        ct_tensor *far = ct_sub(ct_logsumexp(ct_add(x, shift), over[i / 2 % 6]), shift);
        ct_tensor *plain = ct_log(ct_sum(ct_exp(ct_cast(x, CT_F64)), over[i / 2 % 6]));
        ck_assert(z && far && plain);
        for (int64_t k = 0; k < ct_size(z); k++) {
            ck_assert_double_eq_tol(element(z, k), element(plain, k), wide ? 1e-14 : 2e-6);
            ck_assert_double_eq_tol(element(far, k), element(plain, k), wide ? 1e-11 : 6e-5);
        }
        ct_tensor *seed = ct_uniform(CT_F64, ct_shape_of(z), -1, 1);
        ck_assert(ct_backward_from(plain, seed) && ct_backward_from(ct_neg(z), ct_cast(seed, (ct_dtype)x->dtype)));
        ck_assert_double_le(ct_item(ct_max(ct_abs(ct_gradient(x)), CT_ALL)), wide ? 1e-14 : 2e-6);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* One element, anywhere in a line; as PyTorch's. */
START_TEST(logsumexp_of_special_values_anywhere) {
    for (int i = 0; i < 4 * 2; i++) {
        ct_scope s = ct_begin();
        const ct_dtype dtype = i % 2 ? CT_F64 : CT_F32;
        const int64_t n = (int64_t[]){2, 100, 130, 5000}[i / 2];
        const double most = i % 2 ? DBL_MAX : FLT_MAX;
        for (int64_t place = 0; place < n; place += n / 2 - n / 50 * 7) {
            ct_tensor *x = ct_zeros(dtype, CT_SHAPE(n)), *none = ct_full(dtype, CT_SHAPE(n), -INFINITY);
            CHECK_VALUES(ct_logsumexp(none, CT_ALL), -INFINITY);
            ct_write_element(dtype, none->data, place, 3);
            CHECK_VALUES(ct_logsumexp(none, CT_ALL), 3);
            ct_write_element(dtype, none->data, place, -most);
            CHECK_VALUES(ct_logsumexp(none, CT_ALL), -most);
            const double odd[] = {most, INFINITY, NAN};
            for (int k = 0; k < 3; k++) {
                ct_write_element(dtype, x->data, place, odd[k]);
                CHECK_VALUES(ct_logsumexp(x, CT_ALL), odd[k]);
            }
            ct_write_element(dtype, x->data, (place + 1) % n, INFINITY);
            CHECK_VALUES(ct_logsumexp(x, CT_ALL), NAN);
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(bits_of_statistics_do_not_depend_on_threads) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_normal(CT_F32, CT_SHAPE(300, 40, 70), 0, 1), *first[10] = {NULL};
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        ct_tensor *z[] = {ct_cumsum(x, 1), ct_cumprod(x, 0), ct_variance(x, CT_AXES(0, 2), 1), ct_sort(x, 1, true),
                          ct_prod(x, CT_AXES(0)), ct_variance(x, CT_ALL, 1), ct_variance(x, CT_AXES(0), 1),
                          ct_vector_norm(x, 2, CT_ALL), ct_vector_norm(x, 1, CT_AXES(0)), ct_cumsum(x, 2)};
        for (int k = 0; k < 10; k++) {
            if (i == 0) first[k] = z[k];
            ck_assert(z[k] && !memcmp(ct_data(z[k]), ct_data(first[k]), ct_bytes_of(z[k])));
        }
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- errors
 * ---------------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_statistics) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x"), *i = ct_zeros(CT_I32, CT_SHAPE(2));
    CHECK_ERROR(ct_cumsum(x, 2), CT_ERR_ARGUMENT, "ct_cumsum: cumsum(x(2,3)): axis 2 is outside of 2 dimensions");
    CHECK_ERROR(ct_cumprod(i, 0), CT_ERR_DTYPE, "ct_cumprod: cumprod((2)): i32 is not floating: ct_cast() first");
    CHECK_ERROR(ct_recurrence(x, ct_zeros(CT_F64, CT_SHAPE(3)), 0), CT_ERR_SHAPE,
                "ct_recurrence: recurrence(x(2,3), (3)): the operands differ in shape");
    CHECK_ERROR(ct_prod(x, CT_AXES(0, -2)), CT_ERR_ARGUMENT, "ct_prod: x(2,3): axis -2 is given twice");
    CHECK_ERROR(ct_topk(x, 4, 1, true), CT_ERR_ARGUMENT, "ct_topk: x(2,3): there are no 4 elements along axis 1");
    CHECK_ERROR(ct_kthvalue(x, 0, 0), CT_ERR_ARGUMENT, "ct_kthvalue: x(2,3): axis 0 has no element 0 in order");
    CHECK_ERROR(ct_mode(ct_zeros(CT_F64, CT_SHAPE(0, 2)), 0), CT_ERR_SHAPE,
                "ct_mode: (0,2): axis 0 has no elements to choose from");
    CHECK_ERROR(ct_diff(x, -1, 0), CT_ERR_ARGUMENT, "ct_diff: x(2,3): there are no differences of order -1");
    CHECK_ERROR(ct_matrix_norm(x, 3, CT_AXES(0, 1)), CT_ERR_ARGUMENT,
                "ct_matrix_norm: x(2,3): the order 3 is none of 1, 2 and infinity");
    CHECK_ERROR(ct_cov(x, 1, ct_ones(CT_F64, CT_SHAPE(3)), NULL), CT_ERR_ARGUMENT,
                "ct_cov: (3): these must be 3 weights of integer dtype, none negative");
    CHECK_ERROR(ct_cdist(x, ct_zeros(CT_F64, CT_SHAPE(2, 4)), 2), CT_ERR_SHAPE,
                "ct_cdist: x(2,3) and (2,4): the points have different numbers of coordinates");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("statistics");
    TCase *t = tcase_create("statistics");
    tcase_add_loop_test(t, derivatives_of_composites, 0, N_COMPOSITES);
    tcase_add_test(t, scans_agree_with_loops);
    tcase_add_test(t, scans_of_special_values);
    tcase_add_test(t, running_sums_both_ways);
    tcase_add_test(t, running_sums_of_special_values);
    tcase_add_test(t, orders_are_stable);
    tcase_add_test(t, statistics_of_order);
    tcase_add_test(t, moments_of_special_values);
    tcase_add_test(t, variance_far_from_zero);
    tcase_add_test(t, variance_of_outliers);
    tcase_add_test(t, subgradients_of_norms);
    tcase_add_test(t, norms_at_the_edges);
    tcase_add_test(t, large_norms_variances_and_logarithms);
    tcase_add_test(t, logsumexp_of_all_lengths);
    tcase_add_test(t, logsumexp_of_special_values_anywhere);
    tcase_add_test(t, bits_of_statistics_do_not_depend_on_threads);
    tcase_add_test(t, errors_of_statistics);
    suite_add_tcase(suite, t);
    return suite;
}
