/* The linear layer as one op. */
#include "autograd/ops/matmul.h"
#include "tensor/blas.h"
#include "tensor/checked.h"
#include "tensor/kernels.h"

#undef CT_HERE
#define CT_HERE at

typedef struct affine_attributes {
    int64_t rows, in, out; /* x (rows, in), y (out, in), w (out), z (rows, out) */
} affine_attributes;

ct_tensor *ct_affine_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    affine_attributes a = {0};
    return ct_record(at, CT_OP_ct_affine, (ct_tensor *[]){x, y, w}, w ? 3 : 2, &a, sizeof a);
}

static bool ct_affine_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1], *w = z->n_in == 3 ? z->in[2] : NULL;
    affine_attributes *a = z->attributes;
    if (!ct_one_floating_dtype(z)) return false;
    if (x->ndim == 0) return ct_op_fail(z, CT_ERR_SHAPE, "a 0-d operand has no rows");
    if (y->ndim != 2) return ct_op_fail(z, CT_ERR_SHAPE, "the weight has %d dimensions, not 2", y->ndim);
    *dtype = x->dtype;
    *shape = ct_shape_of(x);
    a->in = shape->dim[shape->ndim - 1];
    a->out = shape->dim[shape->ndim - 1] = y->extent->dim[0];
    if (!ct_checked_size(shape->ndim - 1, shape->dim, &a->rows))
        return ct_op_fail(z, CT_ERR_LIMIT, "the result has too many elements");
    if (!ct_multiplies(z, a->rows, a->out, a->in, y->extent->dim[1])) return false;
    if (w && (w->ndim != 1 || w->extent->dim[0] != a->out))
        return ct_op_fail(z, CT_ERR_SHAPE, "the bias is not of shape (%lld)", (long long)a->out);
    return true;
}

static void ct_affine_forward(ct_tensor *z) {
    const affine_attributes *a = z->attributes;
    const void *bias = z->n_in == 3 ? z->in[2]->data : NULL;
    ct_gemm_biased(z->dtype, a->rows, a->out, a->in, z->in[0]->data, z->in[1]->data, bias, z->data);
}

static void ct_affine_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const affine_attributes *a = z->attributes;
    const void *x = z->in[0]->data, *y = z->in[1]->data;
    if (k == 0) ct_gemm(z->dtype, false, false, a->rows, a->in, a->out, g, y, gx, add);
    if (k == 1) ct_gemm(z->dtype, true, false, a->out, a->in, a->rows, g, x, gx, add);
    if (k == 2) ct_reduce(CT_REDUCE_SUM, z->dtype, 1, a->rows, a->out, g, gx, add);
}

static ct_tensor *ct_affine_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const affine_attributes *a = z->attributes;
    if (k == 0) return ct_matmul(g, z->in[1]);
    if (k == 2) return g;
    ct_tensor *x = ct_reshape(z->in[0], CT_SHAPE(a->rows, a->in));
    return ct_matmul_flagged(at, ct_reshape(g, CT_SHAPE(a->rows, a->out)), x, true, false);
}

static ct_sample ct_affine_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape x;
        int64_t out;
        bool biased;
    } cases[] = {
        {CT_SHAPE(3, 4), 2, true}, {CT_SHAPE(3, 4), 2, false},   {CT_SHAPE(5), 3, true},
        {CT_SHAPE(5), 1, false},   {CT_SHAPE(2, 3, 4), 3, true}, {CT_SHAPE(1, 1), 1, true},
        {CT_SHAPE(0, 3), 2, true}, {CT_SHAPE(2, 0), 3, true},    {CT_SHAPE(2, 3), 0, true},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_shape weight = CT_SHAPE(cases[i].out, cases[i].x.dim[cases[i].x.ndim - 1]);
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].x, -2, 2), *y = ct_sample_leaf(dtype, weight, -2, 2);
    ct_tensor *w = cases[i].biased ? ct_sample_leaf(dtype, CT_SHAPE(cases[i].out), -2, 2) : NULL;
    return (ct_sample){.z = ct_affine_at(NULL, x, y, w), .leaf = {x, y, w}};
}

CT_OP_PARTS(ct_affine, .backward = ct_affine_backward);
