/* Rows of mean 0 and variance 1: what layer and group normalisation are made of. */
#include "autograd/ops/rows.h"

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

typedef struct standardize_attributes {
    double eps;
    double *scale; /* (rows): what deviations from the mean are multiplied by; in the scope's memory */
} standardize_attributes;

ct_tensor *ct_standardize_at(const char *at, ct_tensor *x, double eps) {
    standardize_attributes a = {.eps = eps};
    return ct_record(at, CT_OP_ct_standardize, &x, 1, &a, sizeof a);
}

static bool ct_standardize_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    standardize_attributes *a = z->attributes;
    if (!ct_op_floating(z, 0)) return false;
    if (x->ndim == 0) return ct_op_fail(z, CT_ERR_SHAPE, "x is 0-d, without an axis");
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    size_t rows = (size_t)ct_rows_of(x).rows;
    if ((a->scale = ct_scope_array(ct_this.depth, rows, sizeof *a->scale))) return true;
    ct_raise_memory(ct_op_table[z->op]->name, z->at, rows * sizeof *a->scale);
    return false;
}

static void ct_standardize_forward(ct_tensor *z) {
    const standardize_attributes *a = z->attributes;
    ct_rows r = ct_rows_of(z->in[0]);
    r.z = z->data;
    r.beside = a->scale;
    r.scale = a->eps;
    ct_run_rows(CT_ROW_STANDARDIZE, z->dtype, &r);
}

static void ct_standardize_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    ct_rows r = ct_rows_of(z);
    r.y = g;
    r.z = gx;
    r.beside = ((const standardize_attributes *)z->attributes)->scale;
    r.add = add;
    ct_run_rows(CT_ROW_STANDARDIZE_BACKWARD, z->dtype, &r);
}

/* (g - mean(g) - z mean(g z)) / sqrt(variance + eps) */
static ct_tensor *ct_standardize_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const standardize_attributes *a = z->attributes;
    const ct_axes last = CT_KEEP(-1);
    ct_tensor *scale = ct_rsqrt(ct_add(ct_variance(z->in[k], last, 0), C(z, a->eps)));
    ct_tensor *along = ct_mul(z, ct_mean(ct_mul(g, z), last));
    return ct_mul(scale, ct_sub(ct_sub(g, ct_mean(g, last)), along));
}

static ct_sample ct_standardize_samples(int i, ct_dtype dtype) {
    const ct_shape cases[] = {CT_SHAPE(5),    CT_SHAPE(4, 3), CT_SHAPE(2, 3, 4), CT_SHAPE(3, 1),
                              CT_SHAPE(2, 75), CT_SHAPE(0, 3), CT_SHAPE(2, 0)};
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i], -2, 2);
    return (ct_sample){.z = ct_standardize_at(NULL, x, 0.1), .leaf = {x}};
}

CT_OP_PARTS(ct_standardize, .backward = ct_standardize_backward,
            .fields = CT_FIELDS(CT_FIELD(standardize_attributes, "eps", eps)));
