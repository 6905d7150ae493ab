/* Elementwise ops beyond the sweep: edges of their domains, one element against many, floats against doubles, bool
 * results, composites, and what is refused. */
#include "autograd/elementwise_kernels.h"
#include "support/sweep.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* ---- edges ----------------------------------------------------------------------------------------------------- */

#define POINTS 10
#define PAIRS 16
static const double points[POINTS] = {-INFINITY, -2.5, -1, -0.0, 0, 5e-324, 1, 2.5, INFINITY, NAN};
static const double pairs[2][PAIRS] = {
    {0, -0.0, 0, 1, -1, 0, 1, 2.5, -2.5, INFINITY, -INFINITY, INFINITY, 1, -1, NAN, 1},
    {0, 0, -0.0, 0, 0, 1, 1, -1, 2, INFINITY, INFINITY, 1, INFINITY, -INFINITY, 1, NAN},
};

typedef struct unary {
    const char *name;
    ct_tensor *(*f)(const char *at, ct_tensor *x);
    double z[POINTS], gx[POINTS];
} unary;

typedef struct binary {
    const char *name;
    ct_tensor *(*f)(const char *at, ct_tensor *x, ct_tensor *y);
    double z[PAIRS], gx[PAIRS], gy[PAIRS];
} binary;

#define WITH(name, ...)                                                                                              \
    static ct_tensor *name(const char *at, ct_tensor *x) { return ct_##name##_at(at, x, __VA_ARGS__); }
WITH(logit, -1)
WITH(elu, 0.7)
WITH(celu, 0.7)
WITH(leaky_relu, 0.01)
WITH(hardshrink, 0.5)
WITH(softshrink, 0.5)
WITH(threshold, 1, 3)
WITH(hardtanh, -1, 2)
WITH(clamp, -1, 2)
WITH(softplus_scaled, 2, 20)
static ct_tensor *clamp_empty(const char *at, ct_tensor *x) { return ct_clamp_at(at, x, 2, -1); }
static ct_tensor *logit_limited(const char *at, ct_tensor *x) { return ct_logit_at(at, x, 0.25); }

#include "elementwise_edges.inc"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static double eps(ct_dtype dtype) { return dtype == CT_F32 ? FLT_EPSILON : DBL_EPSILON; }

/* Element i of t against what is expected at x; zeros and infinities with their signs. */
static void check_element(const char *name, const char *what, const ct_tensor *t, int64_t i, double x,
                          double expected) {
    double got = ct_read_element(t->dtype, t->data, i);
    if (t->dtype == CT_F32) expected = (double)(float)expected;
    bool same = isnan(expected) ? isnan(got)
                : expected == 0 || isinf(expected)
                    ? got == expected && signbit(got) == signbit(expected)
                    : fabs(got - expected) <= 8 * eps(t->dtype) * (1 + fabs(expected));
    ck_assert_msg(same, "%s of %g, %s: %s is %.17g, expected %.17g", name, x, ct_dtype_name(t->dtype), what, got,
                  expected);
}

/* A 0-d leaf, or one of n equal elements. */
static ct_tensor *leaf(ct_dtype dtype, int n, double value) {
    return ct_requires_grad(ct_full(dtype, n ? CT_SHAPE(n) : (ct_shape){.ndim = 0}, value));
}

static void check_unary(const unary *u, ct_dtype dtype, int n, int i) {
    ct_scope s = ct_begin();
    ct_tensor *x = leaf(dtype, n, points[i]), *z = u->f(NULL, x);
    int e = dtype == CT_F32 && fabs(points[i]) < FLT_MIN ? (signbit(points[i]) ? 3 : 4) : i; /* the point as a float */
    ck_assert(ct_backward_from(z, ct_full_like(NULL, z, 1)));
    for (int k = 0; k < (n ? n : 1); k++) {
        check_element(u->name, "z", z, k, points[i], u->z[e]);
        check_element(u->name, "gx", ct_gradient(x), k, points[i], u->gx[e]);
    }
    ck_assert(ct_end(s));
}

static void check_binary(const binary *b, ct_dtype dtype, int n, int i) {
    ct_scope s = ct_begin();
    ct_tensor *x = leaf(dtype, n, pairs[0][i]), *y = leaf(dtype, n, pairs[1][i]), *z = b->f(NULL, x, y);
    ck_assert(ct_backward_from(z, ct_full_like(NULL, z, 1)));
    for (int k = 0; k < (n ? n : 1); k++) {
        check_element(b->name, "z", z, k, pairs[0][i], b->z[i]);
        check_element(b->name, "gx", ct_gradient(x), k, pairs[0][i], b->gx[i]);
        check_element(b->name, "gy", ct_gradient(y), k, pairs[0][i], b->gy[i]);
    }
    ck_assert(ct_end(s));
}

/* 0-d, where one element is computed alone, and 19, which is some vectors and a rest. */
START_TEST(edges) {
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++)
        for (int n = 0; n <= 19; n += 19) {
            for (int k = 0; k < COUNT(unaries); k++)
                for (int i = 0; i < POINTS; i++) check_unary(&unaries[k], dtype, n, i);
            for (int k = 0; k < COUNT(binaries); k++)
                for (int i = 0; i < PAIRS; i++) check_binary(&binaries[k], dtype, n, i);
        }
}
END_TEST

/* ---- f32 functions that are polynomials ------------------------------------------------------------------------- */

static double log1p_exp(double v) { return log1p(exp(v)); }
static double gelu(double x) { return x * 0.5 * erfc(-x * sqrt(0.5)); }
static double softplus(double x) { return fmax(x, 0) + log1p_exp(-fabs(x)); }
static double log_sigmoid(double x) { return fmin(x, 0) - log1p_exp(-fabs(x)); }

/* `square`: an error of x^2 / 2 in the exponent cannot be told from one of x. */
static const struct {
    ct_op_id op;
    double (*exact)(double x);
    double ulps, square; /* most that a result may differ by: eps of it times ulps + square x^2 */
} polynomials[] = {
    {CT_OP_ct_gelu, gelu, 4, 0.5},
    {CT_OP_ct_softplus, softplus, 2, 0},
    {CT_OP_ct_logsigmoid, log_sigmoid, 2, 0},
};

static void check_digits(const ct_elementwise_table *table, int k) {
    enum { N = 1 << 17 };
    static float x[N], z[N];
    const void *in[] = {x};
    for (int i = 0; i < N; i++) x[i] = (float)(i - N / 2) * (i % 2 ? 110.f / (N / 2) : 0x1p-20f); /* far, and at 0 */
    table->row[polynomials[k].op].forward[CT_F32](N, in, z, NULL);
    for (int i = 0; i < N; i++) {
        const double exact = polynomials[k].exact(x[i]), square = polynomials[k].square * (double)x[i] * (double)x[i];
        const double most = FLT_EPSILON * fabs(exact) * (polynomials[k].ulps + square) + 0x1p-145; /* x times 2^-149 */
        ck_assert_msg(fabs(z[i] - exact) <= most,
                      "%s(%.9g) is %.9g instead of %.9g", ct_op_table[polynomials[k].op]->name, (double)x[i],
                      (double)z[i], exact);
    }
}

START_TEST(polynomials_keep_their_digits) {
#ifdef CT_X86_DISPATCH
    const ct_elementwise_table *table[] = {&ct_elementwise_base, &ct_elementwise_avx2, &ct_elementwise_avx512};
#else
    const ct_elementwise_table *table[] = {ct_elementwise()};
#endif
    for (int level = 0; level <= (int)ct_isa; level++)
        for (int k = 0; k < COUNT(polynomials); k++) check_digits(table[level], k);
}
END_TEST

/* ---- one element, many elements, two precisions ----------------------------------------------------------------- */

#define MANY 1001

/* The largest difference between a[i] and b[i], in units of eps times the largest |b|. */
static double distance(const ct_tensor *a, const ct_tensor *b) {
    double far = 0, largest = 0;
    for (int64_t i = 0; i < ct_size(b); i++) {
        double x = ct_read_element(a->dtype, a->data, i), y = ct_read_element(b->dtype, b->data, i);
        far = fmax(far, fabs(x - y));
        largest = fmax(largest, fabs(y));
    }
    return far > 0 ? far / (largest * eps(a->dtype)) : 0;
}

/* Two operands, of elements that all domains but one have in common. */
static void draw(ct_op_id op, ct_dtype dtype, ct_tensor **in) {
    double low = ct_op_table[op]->domain == CT_DOMAIN_ABOVE_ONE ? 1.2 : 0.2;
    for (int k = 0; k < 2; k++) in[k] = ct_uniform(dtype, CT_SHAPE(MANY), low, low + 0.7);
}

/* With parameters that all ops take. */
static ct_tensor *record(ct_op_id op, ct_tensor *const *in) {
    const double parameters[] = {0.3, 0.6};
    return ct_record(CT_HERE, op, in, ct_op_table[op]->arity, parameters, sizeof parameters);
}

/* z's op on each of its elements alone. */
static ct_tensor *one_by_one(const ct_tensor *z) {
    ct_tensor *all = ct_full_like(NULL, z, 0);
    for (int64_t i = 0; i < ct_size(z); i++) {
        ct_tensor *in[2];
        for (int k = 0; k < z->n_in; k++) in[k] = ct_reshape(ct_slice(z->in[k], 0, i, i + 1, 1), (ct_shape){.ndim = 0});
        ct_write_element(z->dtype, all->data, i, ct_item(ct_record_again(NULL, z, in)));
    }
    return all;
}

START_TEST(one_and_many_agree) {
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++)
        for (ct_dtype dtype = CT_F32; dtype <= CT_F64 && ct_op_table[op]->kind == CT_ELEMENTWISE; dtype++) {
            ct_scope s = ct_begin();
            ct_tensor *in[2];
            draw(op, dtype, in);
            ct_tensor *z = record(op, in);
            double far = distance(z, one_by_one(z));
            ck_assert_msg(far <= 6, "%s, %s: %g ulp", ct_op_table[op]->name, ct_dtype_name(dtype), far);
            ck_assert(ct_end(s));
        }
}
END_TEST

START_TEST(floats_are_as_exact_as_doubles) {
    for (ct_op_id op = CT_OP_NONE + 1; op < CT_OP_COUNT; op++) {
        if (ct_op_table[op]->kind != CT_ELEMENTWISE) continue;
        ct_scope s = ct_begin();
        ct_tensor *narrow[2];
        draw(op, CT_F32, narrow);
        ct_tensor *wide[] = {ct_cast(narrow[0], CT_F64), ct_cast(narrow[1], CT_F64)};
        double far = distance(record(op, narrow), record(op, wide));
        ck_assert_msg(far <= 4, "%s: %g eps", ct_op_table[op]->name, far);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* ---- bool results ------------------------------------------------------------------------------------------------ */

/* Squares and cubes by ct_pow are products: bit by bit, at the edges too, both ways and again; exponents beside are not. */
START_TEST(one_whole_exponent) {
    const double at[] = {0, -0.0, 1.1, -3, 1e-12, -1e13, INFINITY, -INFINITY, NAN};
    for (int i = 0; i < 2 * 2 * 2; i++) {
        ct_scope s = ct_begin();
        const ct_dtype dtype = i & 1 ? CT_F64 : CT_F32;
        const bool cube = i & 2;
        ct_tensor *x = ct_requires_grad(ct_full(dtype, CT_SHAPE(9), 0)), *e = ct_full(dtype, CT_SHAPE(1), cube ? 3 : 2);
        for (int k = 0; k < 9; k++) ct_write_element(dtype, x->data, k, at[k]);
        ct_tensor *z = ct_pow(x, i & 4 ? e : ct_scalar(cube ? 3 : 2)), *square = ct_mul(x, x);
        ct_tensor *same = cube ? ct_mul(square, x) : square, *three = ct_full(dtype, CT_SHAPE(9), cube ? 3 : 2);
        ct_tensor *slope = ct_mul(three, cube ? square : x), *plain = ct_pow(x, three);
        ck_assert(z && same && slope && plain && ct_backward_from(z, ct_full(dtype, CT_SHAPE(9), 1)));
        for (int k = 0; k < 9; k++) {
            const double v = ct_read_element(dtype, z->data, k), near = ct_read_element(dtype, plain->data, k);
            ck_assert(!memcmp(ct_data(z), ct_data(same), 8 * ct_dtype_size(dtype)));
            ck_assert(!memcmp(ct_data(ct_gradient(x)), ct_data(slope), 8 * ct_dtype_size(dtype)));
            ck_assert(v == near || (v != v && near != near) || fabs(v / near - 1) < (i & 1 ? 4e-16 : 2e-7));
        }
        ct_tensor *other = ct_pow(x, ct_scalar(2.5)), *wanted = ct_pow(x, ct_full(dtype, CT_SHAPE(9), 2.5));
        ck_assert(!memcmp(ct_data(other), ct_data(wanted), 8 * ct_dtype_size(dtype)));
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Wherever the memory of a scope ends; address sanitizers tell. */
START_TEST(nothing_is_read_of_empty_operands) {
    for (size_t padding = 0; padding < 20000; padding += 64) {
        ct_scope s = ct_begin();
        ct_scope_alloc(ct_this.depth, padding);
        ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(2, 0)), *z = ct_mul(x, ct_zeros(CT_F64, CT_SHAPE(1, 0)));
        ck_assert_int_eq(ct_size(z), 0);
        ck_assert_int_eq(ct_size(ct_add(x, ct_zeros(CT_F64, CT_SHAPE(2, 1)))), 0);
        ck_assert(ct_end(s));
        ct_release_memory();
    }
}
END_TEST

START_TEST(predicates) {
    static const struct {
        ct_tensor *(*f)(const char *at, ct_tensor *x);
        uint8_t expected[POINTS];
    } cases[] = {
        {ct_logical_not_at, {0, 0, 0, 1, 1, 0, 0, 0, 0, 0}},
        {ct_isnan_at, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
        {ct_isinf_at, {1, 0, 0, 0, 0, 0, 0, 0, 1, 0}},
        {ct_isfinite_at, {0, 1, 1, 1, 1, 1, 1, 1, 0, 0}},
    };
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(POINTS), points), *n = ct_from(CT_I32, CT_SHAPE(3), (int32_t[]){-1, 0, 7});
    for (int k = 0; k < COUNT(cases); k++) {
        ct_tensor *z = cases[k].f(NULL, x), *of_integers = cases[k].f(NULL, n);
        ck_assert(z && z->dtype == CT_BOOL && !memcmp(z->data, cases[k].expected, POINTS));
        ck_assert(!memcmp(of_integers->data, k == 0 ? "\0\1\0" : k == 3 ? "\1\1\1" : "\0\0\0", 3));
    }
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(logic) {
    ct_scope s = ct_begin();
    for (ct_dtype dtype = 0; dtype < CT_DTYPE_COUNT; dtype++) {
        ct_tensor *x = ct_cast(ct_from(CT_I64, CT_SHAPE(2, 1), (int64_t[]){0, 3}), dtype);
        ct_tensor *y = ct_cast(ct_from(CT_I64, CT_SHAPE(2), (int64_t[]){0, 5}), dtype);
        ck_assert(!memcmp(ct_data(ct_logical_and(x, y)), "\0\0\0\1", 4));
        ck_assert(!memcmp(ct_data(ct_logical_or(x, y)), "\0\1\1\1", 4));
        ck_assert(!memcmp(ct_data(ct_logical_xor(x, y)), "\0\1\1\0", 4));
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- composites -------------------------------------------------------------------------------------------------- */

/* Three that broadcast; then 0-d, none, and one element against many. */
static const ct_shape shapes[][3] = {
    {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}, {{3, {2, 1, 3}}, {2, {4, 1}}, {1, {3}}}, {{0, {0}}, {0, {0}}, {0, {0}}},
    {{2, {0, 3}}, {1, {3}}, {0, {0}}},       {{1, {1}}, {1, {7}}, {2, {3, 1}}},       {{0, {0}}, {2, {2, 3}}, {1, {1}}},
};

/* Leaves in [low, high) with three of the shapes, and z to be filled in; no leaves when i is past the last. */
static ct_sample three(int i, ct_dtype dtype, double low, double high) {
    ct_sample s = {.z = NULL};
    for (int k = 0; k < 3 && i < COUNT(shapes); k++) s.leaf[k] = ct_sample_leaf(dtype, shapes[i][k], low, high);
    return s;
}

static ct_sample one(int i, ct_dtype dtype, double low, double high) {
    ct_sample s = three(i, dtype, low, high);
    s.leaf[1] = s.leaf[2] = NULL;
    return s;
}

#define SAMPLES(name, draw, result)                                                                                  \
    static ct_sample name##_samples(int i, ct_dtype dtype) {                                                         \
        ct_sample s = draw;                                                                                          \
        ct_tensor *x = s.leaf[0], *y = s.leaf[1], *w = s.leaf[2];                                                    \
        (void)y, (void)w;                                                                                            \
        if (x) s.z = result;                                                                                         \
        return s;                                                                                                    \
    }
SAMPLES(lerp, three(i, dtype, -2, 2), ct_lerp(x, y, w))
SAMPLES(addcmul, three(i, dtype, -3, 3), ct_addcmul(x, y, w, -1.5))
SAMPLES(addcdiv, three(i, dtype, 0.3, 3), ct_addcdiv(x, y, w, 0.7))
SAMPLES(clamp_below, three(i, dtype, 0, 0.9), ct_clamp_tensor(x, ct_add(y, ct_scalar(-2)), ct_add(w, ct_scalar(-1))))
SAMPLES(clamp_inside, three(i, dtype, 0, 0.9), ct_clamp_tensor(x, ct_add(y, ct_scalar(-1)), ct_add(w, ct_scalar(1))))
SAMPLES(clamp_above, three(i, dtype, 0, 0.9), ct_clamp_tensor(x, ct_add(y, ct_scalar(1)), ct_add(w, ct_scalar(2))))
SAMPLES(clamp_empty, three(i, dtype, 0, 0.9), ct_clamp_tensor(x, ct_add(y, ct_scalar(2)), ct_add(w, ct_scalar(1))))
SAMPLES(round_decimals, one(i, dtype, 0.51, 0.54), ct_mul(x, ct_round_decimals(x, 1)))
SAMPLES(relu6_below, one(i, dtype, -3, -0.1), ct_relu6(x))
SAMPLES(relu6_inside, one(i, dtype, 0.1, 5.9), ct_relu6(x))
SAMPLES(relu6_above, one(i, dtype, 6.1, 9), ct_relu6(x))
SAMPLES(tanhshrink, one(i, dtype, -3, 3), ct_tanhshrink(x))
SAMPLES(softsign, one(i, dtype, 0.1, 3), ct_softsign(ct_neg(x)))
SAMPLES(softplus_linear, one(i, dtype, 1.1, 2), ct_softplus_scaled(x, 20, 20))
SAMPLES(logit_limited, one(i, dtype, -2, -0.1), ct_logit(x, 0.1))

static ct_sample softmin_samples(int i, ct_dtype dtype) {
    static const struct {
        ct_shape x;
        int axis;
    } cases[] = {
        {{1, {5}}, 0}, {{2, {3, 4}}, 0}, {{2, {3, 4}}, -1}, {{3, {2, 3, 4}}, 1}, {{2, {0, 3}}, 1}, {{1, {1}}, 0},
    };
    ct_sample s = {.z = NULL};
    if (i >= COUNT(cases)) return s;
    s.leaf[0] = ct_sample_leaf(dtype, cases[i].x, -2, 2);
    s.z = ct_softmin(s.leaf[0], cases[i].axis);
    return s;
}

static ct_sample prelu_samples(int i, ct_dtype dtype) {
    static const ct_shape cases[][2] = {
        {{2, {4, 3}}, {1, {3}}},    {{2, {4, 3}}, {1, {1}}}, {{2, {4, 3}}, {0, {0}}}, {{4, {2, 3, 2, 2}}, {1, {3}}},
        {{0, {0}}, {1, {1}}},       {{1, {5}}, {0, {0}}},    {{2, {0, 3}}, {1, {3}}}, {{2, {4, 0}}, {1, {0}}},
        {{3, {3, 1, 5}}, {1, {1}}},
    };
    ct_sample s = {.z = NULL};
    if (i >= COUNT(cases)) return s;
    double low = i % 2 ? 0.1 : -3; /* both sides in turn */
    s.leaf[0] = ct_sample_leaf(dtype, cases[i][0], low, low + 2.9);
    s.leaf[1] = ct_sample_leaf(dtype, cases[i][1], -1, 1);
    s.z = ct_prelu(s.leaf[0], s.leaf[1]);
    return s;
}

static ct_sample glu_samples(int i, ct_dtype dtype) {
    static const struct {
        ct_shape x;
        int axis;
    } cases[] = {
        {{1, {6}}, 0}, {{2, {4, 3}}, 0}, {{2, {3, 4}}, -1}, {{3, {3, 2, 5}}, 1}, {{2, {0, 4}}, 1}, {{2, {3, 0}}, -1},
    };
    ct_sample s = {.z = NULL};
    if (i >= COUNT(cases)) return s;
    s.leaf[0] = ct_sample_leaf(dtype, cases[i].x, -3, 3);
    s.z = ct_glu(s.leaf[0], cases[i].axis);
    return s;
}

START_TEST(derivatives_of_composites) {
#define CASE(name) {#name, name##_samples}
    static const struct {
        const char *name;
        ct_sample (*samples)(int i, ct_dtype dtype);
    } cases[] = {
        CASE(lerp), CASE(addcmul), CASE(addcdiv), CASE(clamp_below), CASE(clamp_inside), CASE(clamp_above),
        CASE(clamp_empty), CASE(round_decimals), CASE(relu6_below), CASE(relu6_inside), CASE(relu6_above),
        CASE(tanhshrink), CASE(softsign), CASE(softplus_linear), CASE(logit_limited), CASE(softmin),
        CASE(prelu), CASE(glu),
    };
    for (int k = 0; k < COUNT(cases); k++) {
        sweep s = {0};
        sweep_function(&s, cases[k].name, cases[k].samples);
        ck_assert_msg(s.failures == 0 && s.checks > 20, "%lld of %lld failed: %s", (long long)s.failures,
                      (long long)s.checks, s.first);
    }
}
END_TEST

static void check_values(const ct_tensor *z, int n, const double *expected) {
    ck_assert(z && ct_size(z) == n);
    for (int i = 0; i < n; i++) check_element("composite", "z", z, i, i, expected[i]);
}

START_TEST(values_of_composites) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(4), (double[]){-1.5, 0.25, 2, 7}), *one = ct_scalar(1), *two = ct_scalar(2);
    check_values(ct_relu6(x), 4, (double[]){0, 0.25, 2, 6});
    check_values(ct_softsign(x), 4, (double[]){-0.6, 0.2, 2. / 3, 0.875});
    check_values(ct_tanhshrink(x), 4, (double[]){-1.5 + tanh(1.5), 0.25 - tanh(0.25), 2 - tanh(2), 7 - tanh(7)});
    check_values(ct_lerp(ct_scalar(1e30), one, ct_from(CT_F64, CT_SHAPE(2), (double[]){0, 1})), 2, (double[]){1e30, 1});
    check_values(ct_addcmul(x, two, two, 0.5), 4, (double[]){0.5, 2.25, 4, 9});
    check_values(ct_addcdiv(x, one, two, 0.5), 4, (double[]){-1.25, 0.5, 2.25, 7.25});
    check_values(ct_clamp_tensor(x, one, two), 4, (double[]){1, 1, 2, 2});
    check_values(ct_clamp_tensor(x, NULL, two), 4, (double[]){-1.5, 0.25, 2, 2});
    check_values(ct_clamp_tensor(x, one, NULL), 4, (double[]){1, 1, 2, 7});
    check_values(ct_round_decimals(x, 1), 4, (double[]){-1.5, 0.2, 2, 7});
    check_values(ct_round_decimals(x, -1), 4, (double[]){-0.0, 0, 0, 10});
    check_values(ct_prelu(x, ct_scalar(0.5)), 4, (double[]){-0.75, 0.25, 2, 7});
    check_values(ct_glu(ct_mul(x, ct_scalar(0)), 0), 2, (double[]){-0.0, 0});
    check_values(ct_softmin(ct_from(CT_F64, CT_SHAPE(2), (double[]){3, 3 + log(3)}), 0), 2, (double[]){0.75, 0.25});
    ck_assert(ct_end(s));
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

static void check_refused(const ct_tensor *z, const char *expected) {
    const char *error = ct_error();
    ck_assert_msg(!z && error && strstr(error, expected), "%s instead of %s", error ? error : "no error", expected);
    ct_error_clear();
}

/* The rule must not take a detour through exp of a large number, whose own derivative would be infinity / infinity. */
START_TEST(second_derivatives_far_apart) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_var(800, "x"), *y = ct_var(-800, "y");
    ck_assert_double_eq(ct_item(ct_grad(ct_grad(ct_logaddexp(x, y), x), x)), 0);
    ck_assert_double_eq(ct_item(ct_grad(ct_grad(ct_logaddexp2(x, y), y), y)), 0);
    ck_assert_double_eq(ct_item(ct_grad(ct_grad(ct_elu(x, 2), x), x)), 0);
    ck_assert_double_eq(ct_item(ct_grad(ct_grad(ct_celu(x, 2), x), x)), 0);
    ck_assert_double_eq(ct_item(ct_grad(ct_grad(ct_selu(x), x), x)), 0);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(refusals) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_full(CT_F64, CT_SHAPE(2, 3), 1), "x"), *scalar = ct_label(ct_scalar(1), "s");
    ct_tensor *slopes = ct_label(ct_full(CT_F64, CT_SHAPE(2), 1), "a");
    check_refused(ct_celu(x, 0), "ct_celu: alpha != 0 does not hold (test_elementwise.c:");
    check_refused(ct_softshrink(x, -0.5), "ct_softshrink: bound >= 0 does not hold");
    check_refused(ct_softshrink(x, NAN), "ct_softshrink: bound >= 0 does not hold");
    check_refused(ct_clamp_tensor(x, NULL, NULL), "ct_clamp_tensor: neither low nor high is given");
    check_refused(ct_prelu(x, slopes),
                  "ct_prelu: x(2,3): slopes a(2) are neither one nor one for each slice of axis 1");
    check_refused(ct_prelu(scalar, slopes), "ct_prelu: s(): slopes a(2) are");
    check_refused(ct_prelu(x, x), "ct_prelu: x(2,3): slopes x(2,3) are");
    check_refused(ct_prelu(NULL, x), "ct_prelu");
    check_refused(ct_prelu(x, NULL), "ct_prelu");
    check_refused(ct_glu(x, 1), "ct_glu: x(2,3): axis 1 has no halves");
    check_refused(ct_glu(x, 2), "ct_glu: x(2,3) has no axis 2");
    check_refused(ct_glu(scalar, 0), "ct_glu: s() has no axis 0");
    check_refused(ct_glu(NULL, 0), "ct_glu");
    check_refused(ct_lerp(x, NULL, scalar), "ct_sub");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("elementwise");
    TCase *numbers = tcase_create("numbers"), *composites = tcase_create("composites");
    tcase_add_test(numbers, edges);
    tcase_add_test(numbers, polynomials_keep_their_digits);
    tcase_add_test(numbers, one_and_many_agree);
    tcase_add_test(numbers, floats_are_as_exact_as_doubles);
    tcase_add_test(numbers, one_whole_exponent);
    tcase_add_test(numbers, nothing_is_read_of_empty_operands);
    tcase_add_test(numbers, predicates);
    tcase_add_test(numbers, logic);
    suite_add_tcase(suite, numbers);
    tcase_add_test(composites, derivatives_of_composites);
    tcase_add_test(composites, values_of_composites);
    tcase_add_test(composites, second_derivatives_far_apart);
    tcase_add_test(composites, refusals);
    suite_add_tcase(suite, composites);
    return suite;
}
