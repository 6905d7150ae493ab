/* Products of vectors, matrices and batches of them, as ct_matmul says them all. */
#include "autograd/ops/compose.h"
#include "autograd/ops/matmul.h"
#include "tensor/checked.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* Whether x and y have these numbers of dimensions, and as batches (3) the same extent. */
static bool shaped(const char *op, const char *at, ct_tensor *x, int nx, ct_tensor *y, int ny) {
    char text[2][CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return false;
    bool dims = x->ndim == nx && y->ndim == ny;
    if (dims && (nx != 3 || x->extent->dim[0] == y->extent->dim[0])) return true;
    ct_raise(CT_ERR_SHAPE, op, at,
             dims ? "%s and %s: batches of different extents" : "%s and %s: %d and %d dimensions are needed",
             ct_describe(x, text[0]), ct_describe(y, text[1]), nx, ny);
    return false;
}

static ct_tensor *product(const char *op, const char *at, ct_tensor *x, int nx, ct_tensor *y, int ny) {
    return shaped(op, at, x, nx, y, ny) ? ct_matmul(x, y) : NULL;
}

ct_tensor *ct_vdot_at(const char *at, ct_tensor *x, ct_tensor *y) { return product("ct_vdot", at, x, 1, y, 1); }
ct_tensor *ct_mv_at(const char *at, ct_tensor *x, ct_tensor *y) { return product("ct_mv", at, x, 2, y, 1); }
ct_tensor *ct_mm_at(const char *at, ct_tensor *x, ct_tensor *y) { return product("ct_mm", at, x, 2, y, 2); }
ct_tensor *ct_bmm_at(const char *at, ct_tensor *x, ct_tensor *y) { return product("ct_bmm", at, x, 3, y, 3); }

ct_tensor *ct_outer_at(const char *at, ct_tensor *x, ct_tensor *y) {
    return shaped("ct_outer", at, x, 1, y, 1) ? ct_mul(ct_reshape(x, CT_SHAPE(-1, 1)), y) : NULL;
}

ct_tensor *ct_inner_at(const char *at, ct_tensor *x, ct_tensor *y) {
    char text[2][CT_DESCRIPTION];
    if (!ct_given("ct_inner", at, x, 0) || !ct_given("ct_inner", at, y, 1)) return NULL;
    if (!x->ndim || !y->ndim) return ct_mul(x, y);
    if (x->extent->dim[x->ndim - 1] != y->extent->dim[y->ndim - 1])
        return ct_raise(CT_ERR_SHAPE, "ct_inner", at, "%s and %s: last extents differ", ct_describe(x, text[0]),
                        ct_describe(y, text[1])),
               NULL;
    return ct_tensordot(x, y, CT_AXES(-1), CT_AXES(-1));
}

/* ---- beta x + alpha (a product) ----------------------------------------------------------------------------- */

/* With beta 0 x does not count, whatever it holds. */
static ct_tensor *blend(const char *at, ct_tensor *x, double beta, ct_tensor *z, double alpha) {
    ct_tensor *spread = z ? ct_broadcast(x, ct_shape_of(z)) : NULL;
    if (!spread) return NULL;
    if (alpha != 1) z = ct_mul(z, ct_constant_like(at, z, alpha));
    if (beta == 0) return z;
    return ct_add(beta == 1 ? spread : ct_mul(spread, ct_constant_like(at, spread, beta)), z);
}

ct_tensor *ct_addmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha) {
    return blend(at, x, beta, product("ct_addmm", at, a, 2, b, 2), alpha);
}

ct_tensor *ct_addmv_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha) {
    return blend(at, x, beta, product("ct_addmv", at, a, 2, b, 1), alpha);
}

ct_tensor *ct_addr_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha) {
    return blend(at, x, beta, ct_outer(a, b), alpha);
}

ct_tensor *ct_baddbmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha) {
    return blend(at, x, beta, product("ct_baddbmm", at, a, 3, b, 3), alpha);
}

ct_tensor *ct_addbmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha) {
    ct_tensor *products = product("ct_addbmm", at, a, 3, b, 3);
    return products ? blend(at, x, beta, ct_sum(products, CT_AXES(0)), alpha) : NULL;
}

/* ---- matrices ----------------------------------------------------------------------------------------------- */

ct_tensor *ct_trace_at(const char *at, ct_tensor *x) {
    if (!ct_given("ct_trace", at, x, 0)) return NULL;
    if (x->ndim != 2) return ct_decline("ct_trace", at, x, CT_ERR_SHAPE, "not a matrix");
    return ct_sum(ct_diagonal(x, 0, 0, 1), CT_ALL);
}

/* Each axis of x is followed by the same axis of y, and joined with it. */
ct_tensor *ct_kron_at(const char *at, ct_tensor *x, ct_tensor *y) {
    char text[2][CT_DESCRIPTION];
    if (!ct_given("ct_kron", at, x, 0) || !ct_given("ct_kron", at, y, 1)) return NULL;
    int ndim = x->ndim > y->ndim ? x->ndim : y->ndim;
    if (2 * ndim > CT_MAX_DIMS)
        return ct_raise(CT_ERR_SHAPE, "ct_kron", at, "%s and %s: more than %d dimensions", ct_describe(x, text[0]),
                        ct_describe(y, text[1]), CT_MAX_DIMS / 2),
               NULL;
    ct_shape sx = {.ndim = 2 * ndim}, sy = sx, joined = {.ndim = ndim};
    for (int i = 0; i < ndim; i++) {
        int ix = i - (ndim - x->ndim), iy = i - (ndim - y->ndim);
        sx.dim[2 * i] = ix < 0 ? 1 : x->extent->dim[ix];
        sy.dim[2 * i + 1] = iy < 0 ? 1 : y->extent->dim[iy];
        sx.dim[2 * i + 1] = sy.dim[2 * i] = 1;
    }
    ct_tensor *z = ct_mul(ct_reshape(x, sx), ct_reshape(y, sy));
    for (int i = 0; i < ndim; i++) /* extents of what is empty may be too large to be multiplied */
        if (!ct_checked_mul_i64(sx.dim[2 * i], sy.dim[2 * i + 1], &joined.dim[i]))
            return ct_raise(CT_ERR_LIMIT, "ct_kron", at, "the extents along axis %d are too large", i), NULL;
    return z ? ct_reshape(z, joined) : NULL;
}

/* ---- chains of matrices
 * --------------------------------------------------------------------------------------------- */

typedef struct chain {
    ct_tensor *const *x; /* (extent[i], extent[i + 1]) */
    const int64_t *extent;
    int *split; /* [first * n + last]: the last factor of the left half */
    int n;
} chain;

/* Fills c->split: for longer and longer parts of the chain, where a cut costs the fewest multiplications. */
static void plan(const chain *c, double *cost) {
    for (int i = 0; i < c->n; i++) cost[i * c->n + i] = 0;
    for (int length = 2; length <= c->n; length++)
        for (int i = 0; i + length <= c->n; i++) {
            int j = i + length - 1;
            double *best = &cost[i * c->n + j];
            *best = INFINITY;
            for (int k = i; k < j; k++) {
                double here = cost[i * c->n + k] + cost[(k + 1) * c->n + j] +
                              (double)c->extent[i] * (double)c->extent[k + 1] * (double)c->extent[j + 1];
                if (!(here < *best)) continue;
                *best = here;
                c->split[i * c->n + j] = k;
            }
        }
}

static ct_tensor *multiply_chain(const char *at, const chain *c, int first, int last) {
    if (first == last) return c->x[first];
    int k = c->split[first * c->n + last];
    ct_tensor *left = multiply_chain(at, c, first, k);
    return ct_matmul(left, multiply_chain(at, c, k + 1, last));
}

/* The first may be a row, the last a column. */
static bool check_chain(const char *at, ct_list xs) {
    if (xs.n < 2 || xs.n > 1024)
        return ct_raise(CT_ERR_ARGUMENT, "ct_multi_dot", at, "%d factors, not 2 to 1024", xs.n), false;
    if (!ct_given_list("ct_multi_dot", at, xs)) return false;
    for (int i = 0; i < xs.n; i++) {
        const ct_tensor *x = xs.items[i];
        bool end = i == 0 || i == xs.n - 1;
        if (x->ndim != 2 && !(end && x->ndim == 1))
            return ct_decline("ct_multi_dot", at, x, CT_ERR_SHAPE, "factor %d is no matrix", i + 1), false;
        int64_t before = i ? xs.items[i - 1]->extent->dim[xs.items[i - 1]->ndim - 1] : x->extent->dim[0];
        if (before != x->extent->dim[0])
            return ct_decline("ct_multi_dot", at, x, CT_ERR_SHAPE, "factor %d follows an extent of %lld", i + 1,
                              (long long)before),
                   false;
    }
    return true;
}

ct_tensor *ct_multi_dot_at(const char *at, ct_list xs) {
    if (!check_chain(at, xs)) return NULL;
    size_t n = (size_t)xs.n;
    chain c = {.x = xs.items, .n = xs.n};
    int64_t *extent = ct_this.depth ? ct_scope_array(ct_this.depth, n + 1, sizeof *extent) : NULL;
    double *cost = extent ? ct_scope_array(ct_this.depth, n * n, sizeof *cost) : NULL;
    c.split = cost ? ct_scope_array(ct_this.depth, n * n, sizeof *c.split) : NULL;
    if (!c.split) return ct_raise_memory("ct_multi_dot", at, n * n * sizeof *cost), NULL;
    for (int i = 0; i < xs.n; i++) extent[i] = xs.items[i]->ndim == 1 && i == 0 ? 1 : xs.items[i]->extent->dim[0];
    const ct_tensor *last = xs.items[xs.n - 1];
    extent[n] = last->ndim == 1 ? 1 : last->extent->dim[1];
    c.extent = extent;
    plan(&c, cost);
    return multiply_chain(at, &c, 0, xs.n - 1);
}

ct_tensor *ct_bilinear_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight, ct_tensor *bias) {
    if (!ct_given("ct_bilinear", at, x, 0) || !ct_given("ct_bilinear", at, y, 1)) return NULL;
    bool alike = x->ndim == y->ndim && x->ndim > 0;
    for (int i = 0; alike && i < x->ndim - 1; i++) alike = ct_dims_of(x)[i] == ct_dims_of(y)[i];
    if (!alike) return ct_decline("ct_bilinear", at, y, CT_ERR_SHAPE, "the operands differ beside the last axis");
    ct_tensor *z = ct_einsum("...i,kij,...j->...k", CT_LIST(x, weight, y));
    return bias ? ct_add(z, bias) : z;
}
