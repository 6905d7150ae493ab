/* The linear layer as one op: ct_affine, and ct_affine_relu, of which no result before ReLU takes memory. */
#include "autograd/elementwise_kernels.h"
#include "autograd/ops/matmul.h"
#include "tensor/blas.h"
#include "tensor/checked.h"
#include "tensor/kernels.h"

#undef CT_PLACE
#define CT_PLACE(call) at

typedef struct affine_attributes {
    int64_t rows, in, out; /* x (rows, in), y (out, in), w (out), z (rows, out) */
} affine_attributes;

static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    affine_attributes a = {0};
    return ct_record(at, op, (ct_tensor *[]){x, y, w}, w ? 3 : 2, &a, sizeof a);
}

ct_tensor *ct_affine_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    return record(at, CT_OP_ct_affine, x, y, w);
}

ct_tensor *ct_affine_relu_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    return record(at, CT_OP_ct_affine_relu, x, y, w);
}

#define ct_affine_relu_shape ct_affine_shape
#define ct_affine_relu_forward ct_affine_forward
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
    ct_epilogue end = {.bias = z->n_in == 3 ? z->in[2]->data : NULL, .relu = z->op == CT_OP_ct_affine_relu};
    ct_gemm_affine(z->dtype, a->rows, a->out, a->in, z->in[0]->data, z->in[1]->data, end, z->data);
}

/* Cotangents of operands from the cotangent g (rows, out) of x @ y^T + w, of `rows` rows from `first` on. */
static void pass_back(const ct_tensor *z, int k, int64_t first, int64_t rows, const void *g, void *gx, bool add) {
    const affine_attributes *a = z->attributes;
    const int64_t skipped = first * a->in * (int64_t)ct_dtype_size(z->dtype);
    const char *x = (const char *)z->in[0]->data + skipped;
    if (k == 0) ct_gemm(z->dtype, false, false, rows, a->in, a->out, g, z->in[1]->data, (char *)gx + skipped, add);
    if (k == 1) ct_gemm(z->dtype, true, false, a->out, a->in, rows, g, x, gx, add || first);
    if (k == 2) ct_reduce(CT_REDUCE_SUM, z->dtype, 1, rows, a->out, g, gx, add || first);
}

static void ct_affine_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    pass_back(z, k, 0, ((affine_attributes *)z->attributes)->rows, g, gx, add);
}

#define CACHED (1 << 19) /* bytes: cotangents before ReLU are made for so many elements at once, ... */
#define LEAST_ROWS 512   /* ... or for so many rows, as each time the gradient of the weight is read and written */

/* All of them where x and y are one, whose gradient is then written in two ways. */
static int64_t rows_at_once(const ct_tensor *z, int64_t row) {
    const int64_t rows = ((affine_attributes *)z->attributes)->rows, fitting = row ? CACHED / row : 0;
    const int64_t most = fitting > LEAST_ROWS ? fitting : LEAST_ROWS;
    return z->in[0] == z->in[1] || rows < most ? rows : most;
}

static bool ct_affine_relu_backwards(ct_tensor *z, const void *g, void *const *gx, const bool *add) {
    const affine_attributes *a = z->attributes;
    const int64_t row = a->out * (int64_t)ct_dtype_size(z->dtype), step = rows_at_once(z, row);
    void *masked = ct_scope_array(ct_this.depth, (size_t)step, (size_t)row);
    if (!masked) return ct_raise_memory("ct_affine_relu", z->at, (size_t)(step * row)), false;
    ct_loop *rule = ct_elementwise()->row[CT_OP_ct_relu].backward[z->dtype][0]; /* of value and cotangent alone */
    int64_t first = 0;
    do { /* once for no rows too, which makes the gradient of the weight 0 */
        const int64_t rows = a->rows - first < step ? a->rows - first : step;
        const char *value = (const char *)z->data + first * row, *cotangent = (const char *)g + first * row;
        ct_run_loop(rule, z->dtype, rows * a->out, 3, (const void *const[]){value, value, cotangent}, masked);
        for (int k = 0; k < z->n_in; k++)
            if (gx[k]) pass_back(z, k, first, rows, masked, gx[k], add[k]);
        first += rows;
    } while (first < a->rows);
    return true;
}

static ct_tensor *ct_affine_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const affine_attributes *a = z->attributes;
    if (k == 0) return ct_matmul(g, z->in[1]);
    if (k == 2) return g;
    ct_tensor *x = ct_reshape(z->in[0], CT_SHAPE(a->rows, a->in));
    return ct_matmul_flagged(at, ct_reshape(g, CT_SHAPE(a->rows, a->out)), x, true, false);
}

static ct_tensor *ct_affine_relu_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_affine_vjp(at, z, ct_op_table[CT_OP_ct_relu]->parts->vjp(at, z, g, 0), k); /* of value and g alone */
}

static ct_sample samples(ct_op_id op, int i, ct_dtype dtype) {
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
    return (ct_sample){.z = record(NULL, op, x, y, w), .leaf = {x, y, w}};
}

static ct_sample ct_affine_samples(int i, ct_dtype dtype) { return samples(CT_OP_ct_affine, i, dtype); }
static ct_sample ct_affine_relu_samples(int i, ct_dtype dtype) { return samples(CT_OP_ct_affine_relu, i, dtype); }

CT_OP_PARTS(ct_affine, .backward = ct_affine_backward);
CT_OP_PARTS(ct_affine_relu, .backwards = ct_affine_relu_backwards);
