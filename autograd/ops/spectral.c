/* Eigenvalues, singular values and QR. The results of a factorisation lie below each other in one tensor, of which
 * the caller gets slices: so there is one op with one cotangent, and derivatives of any order come from the rules.
 * Those are as in Giles (2008), see linalg.c, of rectangular matrices as in Townsend, "Differentiating the singular
 * value decomposition" (2016), and Roberts and Roberts, "QR and LQ decomposition matrix backpropagation algorithms
 * for square, wide, and deep matrices" (2020). */
#include "autograd/ops/linalg.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- parts of what is packed --------------------------------------------------------------------------------- */

/* Rows [start, start + count) of the matrices. */
static ct_tensor *rows(const char *at, ct_tensor *x, int64_t start, int64_t count) {
    return ct_narrow(x, -2, start, count);
}

/* The last row, as vectors. */
static ct_tensor *last_row(const char *at, ct_tensor *x) {
    return x ? ct_select(x, -2, x->extent->dim[x->ndim - 2] - 1) : NULL;
}

/* The result has `count` rows of k = min(m, n), or of n. */
static bool packed_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype, bool square, bool values) {
    const ct_matrices *a = z->attributes;
    *shape = ct_shape_of(z->in[0]);
    *dtype = z->in[0]->dtype;
    if (!ct_plan_matrices(z, square)) return false;
    int64_t *dim = &shape->dim[shape->ndim - 2];
    dim[0] = (square ? 0 : (int64_t)a->m) + a->n + values;
    dim[1] = a->m < a->n ? a->m : a->n;
    return true;
}

/* Element `count` rows below the start of z's matrix i. */
static void *row_of(const ct_tensor *z, int64_t i, int64_t count) {
    int64_t n = z->extent->dim[z->ndim - 1];
    return (char *)ct_matrix(z, i) + (size_t)(count * n) * ct_dtype_size(z->dtype);
}

/* 1 / x, and 0 where x is 0: what is multiplied with it vanishes there for functions that have a derivative. */
static ct_tensor *reciprocal(const char *at, ct_tensor *x) {
    ct_tensor *none = ct_eq(x, ct_constant_like(at, x, 0)), *one = ct_constant_like(at, x, 1);
    return ct_where(none, ct_constant_like(at, x, 0), ct_div(one, ct_where(none, one, x)));
}

/* d[i][j] = v[j] - v[i]. */
static ct_tensor *differences(const char *at, ct_tensor *v) {
    return ct_sub(ct_unsqueeze(v, -2), ct_unsqueeze(v, -1));
}

/* Columns times v, or rows when `left`. */
static ct_tensor *scaled(const char *at, ct_tensor *x, ct_tensor *v, bool left) {
    return ct_mul(x, ct_unsqueeze(v, left ? -1 : -2));
}

static ct_tensor *diagonal_matrix(const char *at, ct_tensor *v) { return ct_diag_embed(v, 0, -2, -1); }

/* x^T y. */
static ct_tensor *inner(const char *at, ct_tensor *x, ct_tensor *y) { return ct_matmul(ct_turned(at, x), y); }
/* x y^T. */
static ct_tensor *outer(const char *at, ct_tensor *x, ct_tensor *y) { return ct_matmul(x, ct_turned(at, y)); }

/* ---- ct_eigh ------------------------------------------------------------------------------------------------- */

ct_eigh_result ct_eigh_at(const char *at, ct_tensor *x) {
    ct_tensor *packed = ct_eigh_packed(x);
    if (!packed) return (ct_eigh_result){NULL, NULL};
    int64_t n = packed->extent->dim[packed->ndim - 1];
    ct_eigh_result z = {last_row(at, packed), rows(at, packed, 0, n)};
    return z.values && z.vectors ? z : (ct_eigh_result){NULL, NULL};
}

ct_tensor *ct_eigh_packed_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_eigh_packed, x); }

static bool ct_eigh_packed_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return packed_shape(z, shape, dtype, true, true);
}

static const char not_converged[] = "is not finite, or its values do not converge";

static void ct_eigh_packed_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++)
        if (ct_lapack_eigh(z->dtype, a->n, ct_matrix(z->in[0], i), ct_matrix(z, i), row_of(z, i, a->n), a->work))
            ct_matrix_failed(z, i, not_converged);
}

/* v (v^T gv / d + diag(g of the values)) v^T, d being the differences of values; its symmetric part, as x is
 * symmetric. */
static ct_tensor *ct_eigh_packed_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    int64_t n = z->extent->dim[z->ndim - 1];
    ct_tensor *v = rows(at, z, 0, n), *turning = inner(at, v, rows(at, g, 0, n));
    turning = ct_mul(turning, reciprocal(at, differences(at, last_row(at, z))));
    ct_tensor *core = ct_add(ct_symmetric(at, turning), diagonal_matrix(at, last_row(at, g)));
    return ct_matmul(v, outer(at, core, v));
}

/* Without freedom of signs: v diag(sin of the values) v^T, the projection on the first vector, x times a sum. */
static ct_tensor *spectral_functions(const char *at, ct_tensor *x, ct_tensor *v, ct_tensor *values) {
    ct_tensor *power = outer(at, scaled(at, v, ct_sin(values), false), v);
    ct_tensor *first = ct_narrow(v, -1, 0, v->extent->dim[v->ndim - 1] > 0);
    return ct_add(ct_add(power, outer(at, first, first)), ct_mul(x, ct_sum(ct_exp(values), CT_ALL)));
}

static ct_sample ct_eigh_packed_samples(int i, ct_dtype dtype) {
    const char *at = NULL;
    ct_shape shape;
    if (!ct_sample_square_shape(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape), *s = ct_symmetric(at, x);
    ct_eigh_result e = ct_eigh(s);
    return (ct_sample){.z = e.values ? spectral_functions(at, s, e.vectors, e.values) : NULL, .leaf = {x}};
}

CT_OP_PARTS(ct_eigh_packed);

/* ---- ct_svd -------------------------------------------------------------------------------------------------- */

typedef struct svd_parts {
    int64_t m, n;
    ct_tensor *u, *v, *s; /* (m, k), (n, k), (k) */
} svd_parts;

static svd_parts unpack_svd(const char *at, const ct_tensor *x, ct_tensor *packed) {
    svd_parts p = {.m = x->extent->dim[x->ndim - 2], .n = x->extent->dim[x->ndim - 1]};
    p.u = rows(at, packed, 0, p.m);
    p.v = rows(at, packed, p.m, p.n);
    p.s = last_row(at, packed);
    return p;
}

ct_svd_result ct_svd_at(const char *at, ct_tensor *x) {
    ct_tensor *packed = ct_svd_packed(x);
    if (!packed) return (ct_svd_result){NULL, NULL, NULL};
    svd_parts p = unpack_svd(at, x, packed);
    ct_svd_result z = {p.u, p.s, ct_turned(at, p.v)};
    return z.u && z.s && z.vt ? z : (ct_svd_result){NULL, NULL, NULL};
}

ct_tensor *ct_svdvals_at(const char *at, ct_tensor *x) { return last_row(at, ct_svd_packed(x)); }

ct_tensor *ct_svd_packed_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_svd_packed, x); }

static bool ct_svd_packed_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return packed_shape(z, shape, dtype, false, true);
}

static void ct_svd_packed_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++)
        if (ct_lapack_svd(z->dtype, a->m, a->n, ct_matrix(z->in[0], i), ct_matrix(z, i), row_of(z, i, a->m),
                          row_of(z, i, a->m + a->n), a->work))
            ct_matrix_failed(z, i, not_converged);
}

/* x^T y - y^T x over the differences of squared singular values. */
static ct_tensor *turning(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *s) {
    ct_tensor *p = inner(at, x, y), *skew = ct_sub(p, ct_turned(at, p));
    return ct_mul(skew, reciprocal(at, differences(at, ct_square(s))));
}

/* Those columns of g / s that are orthogonal to the columns of q: (I - q q^T) g / s. */
static ct_tensor *leaving(const char *at, ct_tensor *q, ct_tensor *g, ct_tensor *s) {
    ct_tensor *outside = ct_sub(g, ct_matmul(q, inner(at, q, g)));
    return scaled(at, outside, reciprocal(at, s), false);
}

/* u (turning(u) diag(s) + diag(s) turning(v) + diag(gs)) v^T, and along the longer axis what leaves the span. */
static ct_tensor *ct_svd_packed_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    svd_parts p = unpack_svd(at, z->in[k], z), d = unpack_svd(at, z->in[k], g);
    ct_tensor *core =
        ct_add(scaled(at, turning(at, p.u, d.u, p.s), p.s, false), scaled(at, turning(at, p.v, d.v, p.s), p.s, true));
    core = ct_add(core, diagonal_matrix(at, d.s));
    ct_tensor *gx = ct_matmul(p.u, outer(at, core, p.v));
    if (p.m > p.n) gx = ct_add(gx, outer(at, leaving(at, p.u, d.u, p.s), p.v));
    if (p.m < p.n) gx = ct_add(gx, outer(at, p.u, leaving(at, p.v, d.v, p.s)));
    return gx;
}

static bool rectangle(int i, ct_shape *shape) {
    const ct_shape cases[] = {CT_SHAPE(3, 3),    CT_SHAPE(4, 2),    CT_SHAPE(2, 4),
                              CT_SHAPE(1, 1),    CT_SHAPE(2, 3, 2), CT_SHAPE(0, 3),
                              CT_SHAPE(2, 0, 2), CT_SHAPE(3, 0),    CT_SHAPE(1, 2, 1, 3)};
    if ((size_t)i >= sizeof cases / sizeof *cases) return false;
    *shape = cases[i];
    return true;
}

/* The same of u and v: u diag(sin s) v^T, x projected on the first column of u, and of v, and x times a sum. */
static ct_sample ct_svd_packed_samples(int i, ct_dtype dtype) {
    const char *at = NULL;
    ct_shape shape;
    if (!rectangle(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    ct_svd_result r = ct_svd(x);
    if (!r.u) return (ct_sample){.z = NULL};
    ct_tensor *parts = ct_matmul(scaled(at, r.u, ct_sin(r.s), false), r.vt);
    int64_t some = r.u->extent->dim[r.u->ndim - 1] > 0;
    ct_tensor *left = ct_narrow(r.u, -1, 0, some), *right = ct_narrow(r.vt, -2, 0, some);
    parts = ct_add(parts, ct_matmul(left, inner(at, left, x)));
    parts = ct_add(parts, ct_matmul(outer(at, x, right), right));
    return (ct_sample){.z = ct_add(parts, ct_mul(x, ct_sum(ct_exp(r.s), CT_ALL))), .leaf = {x}};
}

CT_OP_PARTS(ct_svd_packed);

/* ---- norms by singular values -------------------------------------------------------------------------------- */

/* x with the two axes, made non-negative in place, last. */
static ct_tensor *matrices_last(const char *op, const char *at, ct_tensor *x, ct_axes *axes) {
    unsigned mask;
    if (!ct_given_axes(op, at, x, axes, &mask)) return NULL;
    if (axes->n != 2) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "a matrix has two axes, and not %d", axes->n);
    return ct_movedim(x, *axes, CT_AXES(-2, -1));
}

/* A result without the two axes, with them where they are to stay. */
static ct_tensor *restore_axes(const char *at, ct_tensor *z, const ct_axes *axes) {
    if (!axes->keep) return z;
    int first = axes->axis[0] < axes->axis[1] ? 0 : 1;
    return ct_unsqueeze(ct_unsqueeze(z, axes->axis[first]), axes->axis[1 - first]);
}

ct_tensor *ct_nuclear_norm_at(const char *at, ct_tensor *x, ct_axes axes) {
    ct_tensor *s = ct_svdvals(matrices_last("ct_nuclear_norm", at, x, &axes));
    return restore_axes(at, ct_sum(s, CT_AXES(-1)), &axes);
}

ct_tensor *ct_spectral_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes) {
    const char *op = "ct_spectral_norm";
    ct_tensor *last = matrices_last(op, at, x, &axes);
    if (last && fabs(p) != 2) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "the order %g is neither 2 nor -2", p);
    ct_tensor *s = ct_svdvals(last);
    return restore_axes(at, p > 0 ? ct_max(s, CT_AXES(-1)) : ct_min(s, CT_AXES(-1)), &axes);
}

/* ---- ct_qr --------------------------------------------------------------------------------------------------- */

ct_qr_result ct_qr_at(const char *at, ct_tensor *x) {
    ct_tensor *packed = ct_qr_packed(x);
    if (!packed) return (ct_qr_result){NULL, NULL};
    int64_t m = x->extent->dim[x->ndim - 2], n = x->extent->dim[x->ndim - 1];
    ct_qr_result z = {rows(at, packed, 0, m), ct_turned(at, rows(at, packed, m, n))};
    return z.q && z.r ? z : (ct_qr_result){NULL, NULL};
}

ct_tensor *ct_qr_packed_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_qr_packed, x); }

static bool ct_qr_packed_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return packed_shape(z, shape, dtype, false, false);
}

static void ct_qr_packed_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++)
        ct_lapack_qr(z->dtype, a->m, a->n, ct_matrix(z->in[0], i), ct_matrix(z, i), row_of(z, i, a->m), a->work);
}

/* Of x = q r with square r: (gq + q (t + t^T, the diagonal once)) r^-T, t being the upper triangle of
 * gr r^T - q^T gq. Here r^T and its cotangent are given, lower triangles. */
static ct_tensor *deep_cotangent(const char *at, ct_tensor *q, ct_tensor *r_turned, ct_tensor *gq,
                                 ct_tensor *gr_turned) {
    ct_tensor *t = ct_triu(ct_sub(inner(at, gr_turned, r_turned), inner(at, q, gq)), 0);
    t = ct_add(t, ct_turned(at, ct_triu(t, 1)));
    return ct_solve_triangle(r_turned, ct_add(gq, ct_matmul(q, t)), false, false, false);
}

/* A wide x = (a b) is q (r s), so b = q s: its cotangent is q gs, and that of q gains b gs^T. */
static ct_tensor *ct_qr_packed_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *x = z->in[k];
    int64_t m = x->extent->dim[x->ndim - 2], n = x->extent->dim[x->ndim - 1];
    ct_tensor *q = rows(at, z, 0, m), *gq = rows(at, g, 0, m);
    if (m >= n) return deep_cotangent(at, q, rows(at, z, m, n), gq, rows(at, g, m, n));
    ct_tensor *gs_turned = rows(at, g, 2 * m, n - m);
    gq = ct_add(gq, ct_matmul(ct_narrow(x, -1, m, n - m), gs_turned));
    ct_tensor *ga = deep_cotangent(at, q, rows(at, z, m, m), gq, rows(at, g, m, m));
    return ct_concat(CT_LIST(ga, outer(at, q, gs_turned)), -1);
}

static ct_sample ct_qr_packed_samples(int i, ct_dtype dtype) {
    ct_shape shape;
    if (!rectangle(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    return (ct_sample){.z = ct_qr_packed_at(NULL, x), .leaf = {x}}; /* LAPACK's signs do not change nearby */
}

CT_OP_PARTS(ct_qr_packed);
