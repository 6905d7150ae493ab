#include "sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ELEMENTS 16 /* differences are taken at so many elements of an operand at the most */
#define STEP 1e-3   /* of the differences, relative to the operand where that exceeds 1 */

__attribute__((format(printf, 3, 4))) static void check(sweep *s, bool ok, const char *format, ...) {
    s->checks++;
    if (ok) return;
    if (s->failures++) return;
    va_list args;
    va_start(args, format);
    vsnprintf(s->first, sizeof s->first, format, args);
    va_end(args);
}

/* ---- samples of elementwise ops ------------------------------------------------------------------------------ */

/* 0-d, size 1, zero size, odd sizes, one beyond the kernels' block, and pairs that broadcast on either side. */
static const struct {
    ct_shape x, y;
} shapes[] = {
    {{0, {0}}, {0, {0}}},         {{1, {5}}, {1, {5}}},       {{1, {0}}, {1, {0}}},         {{2, {2, 3}}, {2, {2, 3}}},
    {{1, {1}}, {1, {1}}},         {{2, {3, 1}}, {2, {1, 4}}}, {{2, {2, 3}}, {1, {3}}},      {{1, {3}}, {2, {2, 3}}},
    {{0, {0}}, {2, {2, 3}}},      {{2, {2, 3}}, {0, {0}}},    {{3, {2, 1, 3}}, {2, {4, 1}}}, {{1, {1}}, {1, {7}}},
    {{2, {0, 3}}, {1, {3}}},      {{2, {3, 700}}, {1, {700}}}, {{3, {2, 3, 2}}, {3, {2, 1, 2}}}, {{1, {1100}}, {0, {0}}},
};

/* Of the plain domains: the interval, and what is kept free on both sides of 0. */
static const struct {
    double low, high, hole;
} ranges[] = {
    [CT_DOMAIN_ANY] = {-3, 3, 0},        [CT_DOMAIN_POSITIVE] = {0.2, 3, 0},      [CT_DOMAIN_NONZERO] = {-3, 3, 0.1},
    [CT_DOMAIN_UNIT] = {-0.9, 0.9, 0},   [CT_DOMAIN_PROBABILITY] = {0.1, 0.9, 0}, [CT_DOMAIN_ABOVE_ONE] = {1.2, 3, 0},
};

/* An element from u, uniform in (-1, 1). */
static double place(double u, ct_domain domain, int operand) {
    double size = fabs(u);
    switch (domain) {
    case CT_DOMAIN_APART: /* multiples of 0.5 for one operand, offset by 0.1 to 0.4 for the other */
        return 0.5 * floor(6 * u) + (operand ? 0.25 + 0.15 * u : 0);
    case CT_DOMAIN_STEPS: return 0.5 * floor(14 * u) + 0.25 + 0.15 * u;
    case CT_DOMAIN_QUOTIENT: /* |y| in (2, 2.4), |x| in (0.2, 1.8) or (2.6, 3.9) */
        return copysign(operand ? 2 + 0.4 * size : size < 0.5 ? 0.2 + 3.2 * size : 1.3 + 2.6 * size, u);
    default: break;
    }
    double low = ranges[domain].low, high = ranges[domain].high, hole = ranges[domain].hole;
    if (hole > 0) return copysign(hole + (high - hole) * size, u);
    return low + (high - low) * (1 + u) / 2;
}

static void draw(ct_tensor *x, ct_domain domain, int operand) {
    double *v = x->data;
    for (int64_t i = 0; i < ct_size_of(x); i++) v[i] = place(v[i], domain, operand);
}

static ct_sample elementwise_sample(ct_op_id op, int i) {
    ct_sample s = {0};
    const ct_op *row = ct_op_table[op];
    if (i >= (int)(sizeof shapes / sizeof *shapes)) return s;
    for (int k = 0; k < row->arity; k++) {
        s.leaf[k] = ct_requires_grad(ct_uniform(CT_F64, k ? shapes[i].y : shapes[i].x, -1, 1));
        draw(s.leaf[k], (ct_domain)row->domain, k);
    }
    double parameters[] = {0.05, 0.5}; /* of ops that have some; others ignore them */
    s.z = ct_record(CT_HERE, op, s.leaf, row->arity, parameters, sizeof parameters);
    return s;
}

ct_sample sweep_sample(ct_op_id op, int i, ct_dtype dtype) {
    const ct_op_parts *parts = ct_op_table[op]->parts;
    return parts->samples ? parts->samples(i, dtype) : elementwise_sample(op, i);
}

/* ---- one sample ---------------------------------------------------------------------------------------------- */

/* <a, b>, both f64 of one size. */
static double dot(const ct_tensor *a, const ct_tensor *b) {
    const double *x = a->data, *y = b->data;
    double sum = 0;
    for (int64_t i = 0; i < ct_size_of(a); i++) sum += x[i] * y[i];
    return sum;
}

/* Random draws inside an op (dropout) are the same at each evaluation. */
static double objective(ct_tensor *y, const ct_tensor *v) {
    ct_random_restore((ct_random_state){.seed = 5, .stream = 1000});
    return ct_replay(y) ? dot(y, v) : NAN;
}

/* d<v, y>/dx[i] by central differences of two steps, extrapolated: error of order STEP^4. */
static double difference(ct_tensor *y, const ct_tensor *v, ct_tensor *x, int64_t i) {
    double *p = (double *)x->data + i, at = *p, h = STEP * fmax(1, fabs(at)), slope[2];
    for (int n = 0; n < 2; n++, h /= 2) {
        *p = at + h;
        double right = objective(y, v);
        *p = at - h;
        double left = objective(y, v);
        slope[n] = (right - left) / (2 * h);
    }
    *p = at;
    return (4 * slope[1] - slope[0]) / 3;
}

/* The gradient g of <v, y> by x against differences. */
static void check_differences(sweep *s, const char *what, const char *name, int i, ct_tensor *y, const ct_tensor *v,
                              ct_tensor *x, const ct_tensor *g) {
    int64_t n = ct_size_of(x), stride = n / ELEMENTS + 1;
    for (int64_t e = 0; e < n; e += stride) {
        double expected = difference(y, v, x, e), got = ((const double *)g->data)[e];
        double error = fabs(got - expected);
        check(s, error <= 1e-7 * (1 + fabs(expected)), "%s, sample %d: %s at element %lld is %.12g, differences give %.12g",
              name, i, what, (long long)e, got, expected);
    }
    objective(y, v);
}

static void check_close(sweep *s, const char *what, const char *name, int i, const ct_tensor *a, const ct_tensor *b,
                        double tolerance) {
    check(s, ct_same_shape(a, b), "%s, sample %d: %s differ in shape", name, i, what);
    if (!ct_same_shape(a, b)) return;
    for (int64_t e = 0; e < ct_size_of(a); e++) {
        double x = ct_read_element(a->dtype, a->data, e), y = ct_read_element(b->dtype, b->data, e);
        bool ok = fabs(x - y) <= tolerance * (1 + fabs(y)) || x == y;
        if (ok && e) continue; /* one check a tensor, unless it fails */
        check(s, ok, "%s, sample %d: %s at element %lld: %.17g and %.17g", name, i, what, (long long)e, x, y);
        if (!ok) return;
    }
}

/* A second pass adds to what the first has left in the leaf. */
static void check_adding(sweep *s, const char *name, int i, ct_tensor *z, ct_tensor *v, ct_tensor *x) {
    ct_tensor *twice = ct_mul(ct_scalar(2), ct_gradient(x));
    objective(z, v);
    check(s, ct_backward_from(z, v), "%s, sample %d: no second pass: %s", name, i, ct_error());
    check_close(s, "two passes and twice the gradient", name, i, ct_gradient(x), twice, 1e-12);
}

/* Both readings, first and second order, and forward mode, by operand k. */
static void check_operand(sweep *s, const char *name, int i, ct_tensor *z, ct_tensor *v, ct_tensor *x) {
    ct_shape shape = ct_shape_of(x);
    ct_tensor *u = ct_uniform(CT_F64, shape, -1, 1), *by_nodes = ct_vjp(z, x, v);
    ct_zero_gradient(x);
    objective(z, v);
    bool passed = ct_backward_from(z, v);
    check(s, passed && by_nodes, "%s, sample %d: no gradient: %s", name, i, ct_error());
    if (!passed || !by_nodes || !u) return ct_error_clear();
    check_differences(s, "gradient", name, i, z, v, x, ct_gradient(x));
    objective(by_nodes, u);
    check_close(s, "the readings over numbers and nodes", name, i, ct_gradient(x), by_nodes, 1e-12);
    check_adding(s, name, i, z, v, x);

    ct_tensor *tangent = ct_jvp(z, x, u);
    check(s, tangent && ct_same_shape(tangent, z), "%s, sample %d: no tangent: %s", name, i, ct_error());
    if (tangent) {
        objective(tangent, v);
        double forward = dot(tangent, v), backward = dot(by_nodes, u);
        check(s, fabs(forward - backward) <= 1e-11 * (1 + fabs(backward)), "%s, sample %d: forward mode %.17g, backward %.17g",
              name, i, forward, backward);
    }
    ct_tensor *second = ct_vjp(by_nodes, x, u);
    check(s, second != NULL, "%s, sample %d: no second derivative: %s", name, i, ct_error());
    if (second) {
        objective(second, u);
        ct_tensor *value = ct_from(CT_F64, shape, second->data);
        check_differences(s, "second derivative", name, i, by_nodes, u, x, value);
    }
}

/* A leaf of f32 with the elements of x; x itself when it is not floating. */
static ct_tensor *narrow_leaf(ct_tensor *x) {
    if (x->dtype != CT_F64) return x;
    ct_tensor *narrow = ct_full(CT_F32, ct_shape_of(x), 0);
    for (int64_t i = 0; i < ct_size_of(x); i++) ((float *)narrow->data)[i] = (float)((double *)x->data)[i];
    return ct_requires_grad(narrow);
}

/* The op on the same operands in f32: its value, and its gradients. */
static void check_f32(sweep *s, const char *name, int i, ct_sample c, ct_tensor *v) {
    if (!c.z->op || c.z->op >= CT_OP_COUNT) return; /* registered ops choose their dtypes */
    ct_tensor **in = ct_scope_array(ct_this.depth, c.z->n_in, sizeof *in);
    bool direct = true; /* no leaf is reached in two ways */
    for (int k = 0; k < c.z->n_in; k++) {
        in[k] = narrow_leaf(c.z->in[k]);
        direct = direct && !c.z->in[k]->op;
        for (int other = 0; other < k; other++) direct = direct && c.z->in[other] != c.z->in[k];
    }
    ct_random_restore((ct_random_state){.seed = 5, .stream = 1000});
    ct_tensor *narrow = ct_record_again(CT_HERE, c.z, in);
    check(s, narrow != NULL, "%s, sample %d: no f32: %s", name, i, ct_error());
    if (!narrow) return;
    check_close(s, "f32 and f64", name, i, narrow, c.z, 4e-5);
    for (int k = 0; k < 3; k++) ct_zero_gradient(c.leaf[k]);
    objective(c.z, v);
    bool passed = !ct_needs_gradient(narrow) ||
                  (ct_backward_from(narrow, ct_cast(v, narrow->dtype)) && ct_backward_from(c.z, v));
    check(s, passed, "%s, sample %d: no gradient in f32: %s", name, i, ct_error());
    for (int k = 0; direct && k < c.z->n_in; k++)
        for (int n = 0; n < 3; n++)
            if (c.leaf[n] && c.leaf[n] == c.z->in[k] && ct_has_gradient(in[k]) && ct_has_gradient(c.leaf[n]))
                check_close(s, "the gradients in f32 and f64", name, i, ct_gradient(in[k]), ct_gradient(c.leaf[n]), 4e-4);
}

static void check_sample(sweep *s, const char *name, int i, ct_sample c) {
    ct_random_restore((ct_random_state){.seed = 5, .stream = 1000});
    ct_replay(c.z);
    ct_random_restore((ct_random_state){.seed = (uint64_t)i, .stream = 500});
    ct_tensor *v = ct_uniform(CT_F64, ct_shape_of(c.z), -1, 1); /* random cotangents: a plain sum hides mistakes */
    for (int k = 0; k < 3; k++)
        if (c.leaf[k]) check_operand(s, name, i, c.z, v, c.leaf[k]);
    check_f32(s, name, i, c, v);
    check(s, ct_error_status() == CT_OK, "%s, sample %d: %s", name, i, ct_error());
    ct_error_clear();
}

/* Case i; false when there is none, or nothing further is to be tried. */
static bool sweep_case(sweep *s, const char *name, int i, ct_sample c) {
    if (!c.z) check(s, ct_error_status() == CT_OK && i > 0, "%s, sample %d: %s", name, i, ct_error());
    if (c.z) check_sample(s, name, i, c);
    ct_error_clear();
    return c.z != NULL;
}

void sweep_op(sweep *s, ct_op_id op, bool quick) {
    int64_t before = s->failures;
    bool more = true;
    for (int i = 0; more; i++) {
        ct_scope scope = ct_begin();
        ct_seed((uint64_t)op * 1000 + (uint64_t)i);
        more = sweep_case(s, ct_op_table[op]->name, i, sweep_sample(op, i, CT_F64));
        more = ct_end(scope) && more && !(quick && s->failures > before);
    }
}

void sweep_function(sweep *s, const char *name, ct_sample (*make)(int i, ct_dtype dtype)) {
    bool more = true;
    for (int i = 0; more; i++) {
        ct_scope scope = ct_begin();
        ct_seed((uint64_t)i);
        more = sweep_case(s, name, i, make(i, CT_F64));
        more = ct_end(scope) && more;
    }
}

void check_sweep(const char *name, ct_sample (*make)(int i, ct_dtype dtype)) {
    sweep s = {0};
    sweep_function(&s, name, make);
    ck_assert_msg(s.failures == 0, "%lld of %lld failed, first: %s", (long long)s.failures, (long long)s.checks,
                  s.first);
    ck_assert_msg(s.checks >= 20, "%s: only %lld checks", name, (long long)s.checks);
}
