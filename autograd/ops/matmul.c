/* Products of matrices, batched. A transpose is a flag for BLAS, in derivatives of any order too. */
#include "autograd/ops/matmul.h"
#include "tensor/blas.h"
#include "tensor/checked.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

bool ct_one_floating_dtype(const ct_tensor *z) {
    if (!ct_op_floating(z, 0)) return false;
    for (int k = 1; k < z->n_in; k++)
        if (!ct_op_same_dtype(z, 0, k)) return false;
    return true;
}

bool ct_multiplies(const ct_tensor *z, int64_t m, int64_t n, int64_t k, int64_t second) {
    if (k != second)
        return ct_op_fail(z, CT_ERR_SHAPE, "inner dimensions %lld and %lld differ", (long long)k, (long long)second);
    int64_t largest = m > n ? m : n;
    if (largest < k) largest = k;
    return largest <= CT_GEMM_MAX ||
           ct_op_fail(z, CT_ERR_LIMIT, "the extent %lld exceeds %d, the most that BLAS takes", (long long)largest,
                      CT_GEMM_MAX);
}

/* ---- ct_matmul: shapes ------------------------------------------------------------------------------------ */

typedef enum role { X, Y, Z, ROLES } role; /* of the three matrices; a cotangent of z is in z's role */

typedef struct matmul_attributes {
    bool transpose[2]; /* x is stored as (..., k, m), y as (..., n, k) */
    int64_t m, n, k;   /* (m, k) @ (k, n) */
    int64_t batch;     /* number of products */
    int n_axes;        /* leading axes of z, the batch */
    int64_t extent[CT_MAX_DIMS];
    int64_t stride[ROLES][CT_MAX_DIMS]; /* in matrices; 0 where x or y is repeated */
} matmul_attributes;

ct_tensor *ct_matmul_flagged(const char *at, ct_tensor *x, ct_tensor *y, bool transpose_x, bool transpose_y) {
    matmul_attributes a = {.transpose = {transpose_x, transpose_y}};
    return ct_record(at, CT_OP_ct_matmul, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

ct_tensor *ct_matmul_at(const char *at, ct_tensor *x, ct_tensor *y) {
    return ct_matmul_flagged(at, x, y, false, false);
}

static int leading_axes(const ct_tensor *t) { return t->ndim > 2 ? t->ndim - 2 : 0; }

/* Extent of t's leading axis that meets axis i of n_axes; 1 where t has none. */
static int64_t leading_extent(const ct_tensor *t, int i, int n_axes) {
    int own = i - (n_axes - leading_axes(t));
    return own < 0 ? 1 : t->extent->dim[own];
}

/* The batch of z: leading axes broadcast. */
static bool plan_batch(const ct_tensor *z, matmul_attributes *a) {
    const ct_tensor *x = z->in[X], *y = z->in[Y];
    a->n_axes = leading_axes(x) > leading_axes(y) ? leading_axes(x) : leading_axes(y);
    for (int i = 0; i < a->n_axes; i++) {
        int64_t ex = leading_extent(x, i, a->n_axes), ey = leading_extent(y, i, a->n_axes);
        if (ex != ey && ex != 1 && ey != 1)
            return ct_op_fail(z, CT_ERR_SHAPE, "leading extents %lld and %lld do not broadcast", (long long)ex,
                              (long long)ey);
        a->extent[i] = ex == 1 ? ey : ex;
    }
    if (!ct_checked_size(a->n_axes, a->extent, &a->batch))
        return ct_op_fail(z, CT_ERR_LIMIT, "the result has too many elements");
    int64_t next[ROLES] = {1, 1, 1};
    for (int i = a->n_axes - 1; i >= 0 && a->batch; i--) {
        int64_t own[ROLES] = {leading_extent(x, i, a->n_axes), leading_extent(y, i, a->n_axes), a->extent[i]};
        for (role r = X; r < ROLES; r++) {
            a->stride[r][i] = own[r] == 1 ? 0 : next[r];
            next[r] *= own[r];
        }
    }
    if (next[Y] == 1 && !a->transpose[X] && a->batch && a->m <= CT_GEMM_MAX / a->batch) { /* one y: one product */
        a->m *= a->batch;
        a->batch = 1;
        a->n_axes = 0;
    }
    return true;
}

/* Extents of t's matrices as they are multiplied. A 1-d x is a row, a 1-d y a column. */
static void matrix_extents(const ct_tensor *t, bool transpose, role r, int64_t *rows, int64_t *columns) {
    const int64_t *dim = t->extent->dim;
    bool vector = t->ndim == 1, swap = vector ? r == Y : transpose;
    int64_t first = vector ? 1 : dim[t->ndim - 2], second = dim[t->ndim - 1];
    *rows = swap ? second : first;
    *columns = swap ? first : second;
}

static bool ct_matmul_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[X], *y = z->in[Y];
    matmul_attributes *a = z->attributes;
    int64_t second;
    if (!ct_one_floating_dtype(z)) return false;
    if (x->ndim == 0 || y->ndim == 0) return ct_op_fail(z, CT_ERR_SHAPE, "a 0-d operand is no matrix");
    matrix_extents(x, a->transpose[X], X, &a->m, &a->k);
    matrix_extents(y, a->transpose[Y], Y, &second, &a->n);
    int64_t m = a->m;
    if (!ct_multiplies(z, m, a->n, a->k, second) || !plan_batch(z, a)) return false;
    *dtype = x->dtype;
    shape->ndim = x->ndim > y->ndim ? leading_axes(x) : leading_axes(y);
    for (int i = 0; i < shape->ndim; i++) shape->dim[i] = a->extent[i];
    if (x->ndim > 1) shape->dim[shape->ndim++] = m;
    if (y->ndim > 1) shape->dim[shape->ndim++] = a->n;
    return true;
}

/* ---- ct_matmul: numbers ----------------------------------------------------------------------------------- */

/* A product of two of the three matrices, which gives the third. */
typedef struct factors {
    role left, right, result;
    bool transpose_left, transpose_right;
} factors;

/* What the cotangent of operand k is the product of. */
static factors cotangent_of(const matmul_attributes *a, int k) {
    bool tx = a->transpose[X], ty = a->transpose[Y];
    if (k == 0) return tx ? (factors){Y, Z, X, ty, true} : (factors){Z, Y, X, false, !ty};
    return ty ? (factors){Z, X, Y, true, tx} : (factors){X, Z, Y, !tx, false};
}

#define SMALL (1 << 18) /* multiplications; a thread takes so many small products at once */

typedef struct batch {
    const matmul_attributes *a;
    factors f;
    ct_dtype dtype;
    int64_t rows, columns, inner; /* of each product */
    const void *left, *right;
    void *result;
    bool add;
    int64_t group; /* products that a thread takes at once */
} batch;

/* Elements from the first matrix in role r to the number-th product's. */
static int64_t offset(const matmul_attributes *a, role r, int64_t number) {
    int64_t matrices = 0, size = r == X ? a->m * a->k : r == Y ? a->k * a->n : a->m * a->n;
    for (int i = a->n_axes - 1; i >= 0; i--) {
        matrices += number % a->extent[i] * a->stride[r][i];
        number /= a->extent[i];
    }
    return matrices * size;
}

static void multiply_group(void *context, int64_t group) {
    const batch *b = context;
    int64_t item = (int64_t)ct_dtype_size(b->dtype), end = (group + 1) * b->group;
    for (int64_t i = group * b->group; i < end && i < b->a->batch; i++)
        ct_gemm(b->dtype, b->f.transpose_left, b->f.transpose_right, b->rows, b->columns, b->inner,
                (const char *)b->left + offset(b->a, b->f.left, i) * item,
                (const char *)b->right + offset(b->a, b->f.right, i) * item,
                (char *)b->result + offset(b->a, b->f.result, i) * item, b->add);
}

/* in[role] are the matrices to be multiplied; result (bytes in all) = or += their product, and where the result is
 * that of a repeated operand, the sum of the products. */
static void multiply(const matmul_attributes *a, factors f, ct_dtype dtype, const void *const *in, void *result,
                     size_t bytes, bool add) {
    batch b = {
        .a = a, .f = f, .dtype = dtype, .left = in[f.left], .right = in[f.right], .result = result, .add = add};
    b.rows = f.result == Y ? a->k : a->m;
    b.columns = f.result == X ? a->k : a->n;
    b.inner = f.result == X ? a->n : f.result == Y ? a->m : a->k;
    if (f.result != Z && a->transpose[f.result]) {
        int64_t rows = b.rows;
        b.rows = b.columns;
        b.columns = rows;
    }
    bool repeated = false;
    for (int i = 0; i < a->n_axes; i++) repeated = repeated || (a->extent[i] != 1 && a->stride[f.result][i] == 0);
    if (repeated && !add) {
        memset(result, 0, bytes);
        b.add = true;
    }
    double work = (double)a->m * (double)a->n * (double)a->k;
    b.group = repeated ? a->batch : work < SMALL ? (int64_t)(SMALL / (work + 1)) + 1 : 1;
    int64_t groups = a->batch ? (a->batch - 1) / b.group + 1 : 0;
    if (groups > 1 && work * (double)a->batch > 4 * SMALL) ct_parallel(groups, multiply_group, &b);
    else
        for (int64_t group = 0; group < groups; group++) multiply_group(&b, group);
}

static void ct_matmul_forward(ct_tensor *z) {
    const matmul_attributes *a = z->attributes;
    factors f = {X, Y, Z, a->transpose[X], a->transpose[Y]};
    const void *in[ROLES] = {z->in[X]->data, z->in[Y]->data, NULL};
    multiply(a, f, z->dtype, in, z->data, ct_bytes_of(z), false);
}

static void ct_matmul_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const void *in[ROLES] = {z->in[X]->data, z->in[Y]->data, g};
    multiply(z->attributes, cotangent_of(z->attributes, k), z->dtype, in, gx, ct_bytes_of(z->in[k]), add);
}

/* ---- ct_matmul: nodes ------------------------------------------------------------------------------------- */

/* t with the axes put in that 1-d operands of z lack: of the row x, of the column y, of their product. */
static ct_tensor *as_matrices(const char *at, const ct_tensor *z, ct_tensor *t, role r) {
    bool row = r != Y && z->in[X]->ndim == 1, column = r != X && z->in[Y]->ndim == 1;
    if (!row && !column) return t;
    ct_shape shape = ct_shape_of(t);
    int64_t last = shape.ndim ? shape.dim[shape.ndim - 1] : 1;
    if (row && column) return ct_reshape(t, CT_SHAPE(1, 1)); /* a 0-d product */
    if (row) shape.dim[shape.ndim - 1] = 1;
    shape.dim[shape.ndim++] = row ? last : 1;
    return ct_reshape(t, shape);
}

static ct_tensor *ct_matmul_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const matmul_attributes *a = z->attributes;
    factors f = cotangent_of(a, k);
    ct_tensor *in[ROLES] = {z->in[X], z->in[Y], g};
    if (k == Y && a->n_axes == 0 && z->in[X]->ndim > 2) { /* one y for the whole batch: its gradient is one product */
        in[X] = ct_reshape(z->in[X], CT_SHAPE(a->m, a->k));
        in[Z] = ct_reshape(g, CT_SHAPE(a->m, a->n));
    } else {
        for (role r = X; r < ROLES; r++)
            if (r == f.left || r == f.right) in[r] = as_matrices(at, z, in[r], r);
    }
    ct_tensor *gx = ct_matmul_flagged(at, in[f.left], in[f.right], f.transpose_left, f.transpose_right);
    if (!gx || k == X || z->in[Y]->ndim > 1) return gx;
    ct_shape shape = ct_shape_of(gx); /* (..., k, 1), of the 1-d y (k) */
    shape.ndim--;
    return ct_reshape(gx, shape);
}

static ct_sample ct_matmul_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape x, y;
        bool transpose_x, transpose_y;
    } cases[] = {
        {CT_SHAPE(2, 3), CT_SHAPE(3, 4), false, false},
        {CT_SHAPE(3, 2), CT_SHAPE(3, 4), true, false},
        {CT_SHAPE(2, 3), CT_SHAPE(4, 3), false, true},
        {CT_SHAPE(3, 2), CT_SHAPE(4, 3), true, true},
        {CT_SHAPE(1, 1), CT_SHAPE(1, 1), false, false},
        {CT_SHAPE(5), CT_SHAPE(5), false, false},
        {CT_SHAPE(3), CT_SHAPE(3, 2), false, false},
        {CT_SHAPE(3), CT_SHAPE(2, 3, 2), false, false},
        {CT_SHAPE(2, 3), CT_SHAPE(3), false, false},
        {CT_SHAPE(2, 2, 3), CT_SHAPE(3), false, false},
        {CT_SHAPE(2, 3, 2), CT_SHAPE(2, 2, 3), false, false},
        {CT_SHAPE(2, 3, 2), CT_SHAPE(2, 3, 3), true, true},
        {CT_SHAPE(2, 3, 2), CT_SHAPE(2, 3), false, false},
        {CT_SHAPE(2, 3, 2), CT_SHAPE(1, 3, 2), false, true},
        {CT_SHAPE(2, 2, 3), CT_SHAPE(2, 3), true, false},
        {CT_SHAPE(3, 2), CT_SHAPE(2, 2, 3), false, false},
        {CT_SHAPE(2, 1, 2, 3), CT_SHAPE(3, 3, 1), false, false},
        {CT_SHAPE(0, 3), CT_SHAPE(3, 2), false, false},
        {CT_SHAPE(2, 0), CT_SHAPE(0, 3), false, false},
        {CT_SHAPE(0, 2, 3), CT_SHAPE(3, 2), false, false},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].x, -2, 2), *y = ct_sample_leaf(dtype, cases[i].y, -2, 2);
    ct_tensor *z = ct_matmul_flagged(NULL, x, y, cases[i].transpose_x, cases[i].transpose_y);
    return (ct_sample){.z = z, .leaf = {x, y}};
}

CT_OP_PARTS(ct_matmul, .backward = ct_matmul_backward);
