/* Determinants, by LU factors; derivatives as in Giles (2008), see linalg.c. */
#include "autograd/ops/linalg.h"
#include "tensor/blas.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* One number a matrix. */
static bool one_a_matrix(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    *shape = ct_shape_of(z->in[0]);
    *dtype = z->in[0]->dtype;
    if (!ct_plan_matrices(z, true)) return false;
    shape->ndim -= 2;
    return true;
}

/* A cotangent of one number a matrix, to be multiplied with matrices. */
static ct_tensor *as_matrices(const char *at, ct_tensor *g) { return ct_unsqueeze(ct_unsqueeze(g, -1), -1); }

/* ---- ct_det -------------------------------------------------------------------------------------------------- */

ct_tensor *ct_det_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_det, x); }

static bool ct_det_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return one_a_matrix(z, shape, dtype); }

static void ct_det_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++) {
        double sign, log_abs;
        ct_factor(z, i, &sign, &log_abs);
        ct_write_element(z->dtype, z->data, i, sign * exp(log_abs));
    }
}

static ct_tensor *ct_det_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_mul(ct_cofactors(z->in[k]), as_matrices(at, g));
}

static ct_sample ct_det_samples(int i, ct_dtype dtype) { return ct_sample_one_matrix(i, dtype, ct_det_at); }

CT_OP_PARTS(ct_det);

/* ---- ct_cofactors: of x = u diag(s) v^T they are det(u) det(v) u diag(c) v^T, c[i] being the product of the other
 * s. Unlike det(x) inv(x)^T that is right for singular x too
 * ---------------------------------------------------------- */

typedef struct cofactor_attributes {
    ct_matrices matrices;
    void *u, *v, *s; /* of one matrix */
} cofactor_attributes;

ct_tensor *ct_cofactors_at(const char *at, ct_tensor *x) {
    cofactor_attributes a = {0};
    return ct_record_matrices(at, CT_OP_ct_cofactors, &x, 1, &a, sizeof a);
}

static bool ct_cofactors_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    cofactor_attributes *a = z->attributes;
    *shape = ct_shape_of(z->in[0]);
    *dtype = z->in[0]->dtype;
    if (!ct_plan_matrices(z, true)) return false;
    size_t n = (size_t)a->matrices.n, bytes = n * n * ct_dtype_size(*dtype);
    a->u = ct_scope_alloc(ct_this.depth, bytes);
    a->v = ct_scope_alloc(ct_this.depth, bytes);
    a->s = ct_scope_array(ct_this.depth, n, ct_dtype_size(*dtype));
    return (a->u && a->v && a->s) || (ct_raise_memory(ct_op_table[z->op]->name, z->at, 2 * bytes), false);
}

/* Of an orthogonal matrix, which is not overwritten. */
static double orthogonal_sign(const ct_tensor *z, const void *q) {
    const ct_matrices *a = z->attributes;
    double sign;
    memcpy(a->copy, q, (size_t)a->n * (size_t)a->n * ct_dtype_size(z->dtype));
    ct_lapack_lu(z->dtype, a->n, a->copy, a->work, &sign, NULL);
    return sign;
}

/* u's column j times the sign times the product of the singular values but the j-th. */
static void scale_columns(ct_dtype dtype, int n, void *u, const void *s, double sign) {
    for (int64_t j = 0; j < n; j++) {
        double c = sign;
        for (int64_t i = 0; i < n; i++)
            if (i != j) c *= ct_read_element(dtype, s, i);
        for (int64_t i = 0; i < n; i++)
            ct_write_element(dtype, u, i * n + j, c * ct_read_element(dtype, u, i * n + j));
    }
}

static void ct_cofactors_forward(ct_tensor *z) {
    const cofactor_attributes *a = z->attributes;
    int n = a->matrices.n;
    for (int64_t i = 0; i < a->matrices.count; i++) {
        if (ct_lapack_svd(z->dtype, n, n, ct_matrix(z->in[0], i), a->u, a->v, a->s, a->matrices.work)) {
            ct_matrix_failed(z, i, "has no singular values: it is not finite, or they do not converge");
            continue;
        }
        scale_columns(z->dtype, n, a->u, a->s, orthogonal_sign(z, a->u) * orthogonal_sign(z, a->v));
        ct_gemm(z->dtype, false, true, n, n, n, a->u, a->v, ct_matrix(z, i), false);
    }
}

/* With y = inv(x): z <g, y^T> - z g^T y^T; not for singular x. */
static ct_tensor *ct_cofactors_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *y = ct_turned(at, ct_inv(z->in[k])), *product = ct_sum(ct_mul(g, y), CT_KEEP(-2, -1));
    return ct_sub(ct_mul(z, product), ct_matmul(z, ct_matmul(ct_turned(at, g), y)));
}

static ct_sample ct_cofactors_samples(int i, ct_dtype dtype) {
    return ct_sample_one_matrix(i, dtype, ct_cofactors_at);
}

CT_OP_PARTS(ct_cofactors);

/* ---- ct_slogdet ---------------------------------------------------------------------------------------------- */

ct_slogdet_result ct_slogdet_at(const char *at, ct_tensor *x) {
    ct_slogdet_result z = {ct_sign_det(x), ct_logabsdet(x)};
    return z.sign && z.logabsdet ? z : (ct_slogdet_result){NULL, NULL};
}

ct_tensor *ct_logabsdet_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_logabsdet, x); }

static bool ct_logabsdet_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return one_a_matrix(z, shape, dtype);
}

static void ct_logabsdet_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++) {
        double log_abs;
        ct_factor(z, i, NULL, &log_abs);
        ct_write_element(z->dtype, z->data, i, log_abs);
    }
}

static ct_tensor *ct_logabsdet_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_mul(ct_turned(at, ct_inv(z->in[k])), as_matrices(at, g));
}

static ct_sample ct_logabsdet_samples(int i, ct_dtype dtype) {
    return ct_sample_one_matrix(i, dtype, ct_logabsdet_at);
}

CT_OP_PARTS(ct_logabsdet);

ct_tensor *ct_sign_det_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_sign_det, x); }

static bool ct_sign_det_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return one_a_matrix(z, shape, dtype);
}

static void ct_sign_det_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    for (int64_t i = 0; i < a->count; i++) {
        double sign;
        ct_factor(z, i, &sign, NULL);
        ct_write_element(z->dtype, z->data, i, sign);
    }
}

/* The derivative of a step is 0 wherever it exists. */
static ct_tensor *ct_sign_det_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)at, (void)z, (void)g, (void)k;
    return NULL;
}

static ct_sample ct_sign_det_samples(int i, ct_dtype dtype) { return ct_sample_one_matrix(i, dtype, ct_sign_det_at); }

CT_OP_PARTS(ct_sign_det);
