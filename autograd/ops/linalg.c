/* Linear algebra on batches of matrices: Cholesky factor, inverse, solutions, determinants. Derivatives as in Giles,
 * "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), that of the
 * Cholesky factor as in Murray, "Differentiation of the Cholesky decomposition" (2016). */
#include "autograd/ops/linalg.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- batches ------------------------------------------------------------------------------------------------- */

bool ct_plan_matrices(ct_tensor *z, bool square) {
    const ct_tensor *x = z->in[0];
    ct_matrices *a = z->attributes;
    if (!ct_op_floating(z, 0)) return false;
    if (x->ndim < 2) return ct_op_fail(z, CT_ERR_SHAPE, "a matrix has two axes");
    int64_t m = x->extent->dim[x->ndim - 2], n = x->extent->dim[x->ndim - 1];
    if (square && m != n) return ct_op_fail(z, CT_ERR_SHAPE, "the matrix is not square");
    if (m > CT_LAPACK_MAX || n > CT_LAPACK_MAX)
        return ct_op_fail(z, CT_ERR_LIMIT, "a matrix of more than %d rows or columns", CT_LAPACK_MAX);
    a->m = (int)m;
    a->n = (int)n;
    a->count = 1;
    for (int i = 0; i < x->ndim - 2; i++) a->count *= x->extent->dim[i];
    a->failed = false;
    size_t bytes = (size_t)(m * n) * ct_dtype_size(x->dtype), work = ct_lapack_work(x->dtype, a->m, a->n);
    a->copy = ct_scope_alloc(ct_this.depth, bytes);
    a->work = ct_scope_alloc(ct_this.depth, work);
    return (a->copy && a->work) || (ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes + work), false);
}

static int64_t matrix_size(const ct_tensor *t) { return t->extent->dim[t->ndim - 2] * t->extent->dim[t->ndim - 1]; }

void *ct_matrix(const ct_tensor *t, int64_t i) {
    return (char *)t->data + (size_t)(i * matrix_size(t)) * ct_dtype_size(t->dtype);
}

void ct_matrix_failed(ct_tensor *z, int64_t i, const char *what) {
    ct_matrices *a = z->attributes;
    int64_t part = ct_size_of(z) / a->count;
    a->failed = true;
    ct_op_fail(z, CT_ERR_ARGUMENT, "matrix %lld of %lld %s", (long long)i, (long long)a->count, what);
    for (int64_t e = i * part; e < (i + 1) * part; e++) ct_write_element(z->dtype, z->data, e, NAN);
}

ct_tensor *ct_record_matrices(const char *at, ct_op_id op, ct_tensor *const *in, int n_in, void *attributes,
                              size_t size) {
    ct_tensor *z = ct_record(at, op, in, n_in, attributes, size);
    return z && ((const ct_matrices *)z->attributes)->failed ? NULL : z;
}

ct_tensor *ct_record_matrix(const char *at, ct_op_id op, ct_tensor *x) {
    ct_matrices a = {0};
    return ct_record_matrices(at, op, &x, 1, &a, sizeof a);
}

ct_tensor *ct_turned(const char *at, ct_tensor *x) { return ct_transpose(x, -2, -1); }

ct_tensor *ct_symmetric(const char *at, ct_tensor *x) {
    return ct_mul(ct_add(x, ct_turned(at, x)), ct_constant_like(at, x, 0.5));
}

static bool like_operand(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    *shape = ct_shape_of(z->in[0]);
    *dtype = z->in[0]->dtype;
    return ct_plan_matrices(z, true);
}

bool ct_factor(const ct_tensor *z, int64_t i, double *sign, double *log_abs) {
    const ct_matrices *a = z->attributes;
    memcpy(a->copy, ct_matrix(z->in[0], i), (size_t)a->n * (size_t)a->n * ct_dtype_size(z->dtype));
    return ct_lapack_lu(z->dtype, a->n, a->copy, a->work, sign, log_abs) == 0;
}

bool ct_sample_square_shape(int i, ct_shape *shape) {
    const ct_shape cases[] = {CT_SHAPE(3, 3),    CT_SHAPE(1, 1),       CT_SHAPE(2, 2, 2), CT_SHAPE(0, 0),
                              CT_SHAPE(0, 3, 3), CT_SHAPE(2, 1, 4, 4), CT_SHAPE(2, 0, 0), CT_SHAPE(5, 5)};
    if ((size_t)i >= sizeof cases / sizeof *cases) return false;
    *shape = cases[i];
    return true;
}

/* Random elements, with 2, -3, 4 ... added on the diagonal. */
ct_tensor *ct_sample_square(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_sample_leaf(dtype, shape, -1, 1);
    int64_t m = shape.dim[shape.ndim - 2], n = shape.dim[shape.ndim - 1];
    for (int64_t i = 0; i < ct_size(x); i++) {
        int64_t row = i / n % m;
        if (row != i % n) continue;
        double shift = row % 2 ? -2 - (double)row : 2 + (double)row;
        ct_write_element(dtype, x->data, i, ct_read_element(dtype, x->data, i) + shift);
    }
    return x;
}

ct_sample ct_sample_one_matrix(int i, ct_dtype dtype, ct_tensor *(*op)(const char *at, ct_tensor *x)) {
    ct_shape shape;
    if (!ct_sample_square_shape(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    return (ct_sample){.z = op(NULL, x), .leaf = {x}};
}

/* ---- ct_cholesky --------------------------------------------------------------------------------------------- */

ct_tensor *ct_cholesky_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_cholesky, x); }

static bool ct_cholesky_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return like_operand(z, shape, dtype);
}

static void ct_cholesky_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    memcpy(z->data, z->in[0]->data, ct_bytes_of(z));
    for (int64_t i = 0; i < a->count; i++)
        if (ct_lapack_cholesky(z->dtype, a->n, ct_matrix(z, i))) ct_matrix_failed(z, i, "is not positive definite");
}

/* L^-T S L^-1, S being symmetric with the lower triangle of L^T g, the diagonal halved first. */
static ct_tensor *ct_cholesky_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    ct_tensor *turned = ct_turned(at, z), *p = ct_matmul(turned, ct_tril(g, 0));
    ct_tensor *s = ct_symmetric(at, ct_add(ct_tril(p, -1), ct_tril(p, 0)));
    s = ct_mul(s, ct_constant_like(at, z, 0.5));
    return ct_solve_triangle(z, ct_solve_triangle(turned, s, true, true, false), false, false, false);
}

static ct_sample ct_cholesky_samples(int i, ct_dtype dtype) {
    const char *at = NULL;
    ct_shape shape;
    if (!ct_sample_square_shape(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    return (ct_sample){.z = ct_cholesky(ct_matmul(x, ct_turned(at, x))), .leaf = {x}};
}

CT_OP_PARTS(ct_cholesky);

/* ---- ct_inv -------------------------------------------------------------------------------------------------- */

ct_tensor *ct_inv_at(const char *at, ct_tensor *x) { return ct_record_matrix(at, CT_OP_ct_inv, x); }

static bool ct_inv_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return like_operand(z, shape, dtype); }

static void ct_inv_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    memcpy(z->data, z->in[0]->data, ct_bytes_of(z));
    for (int64_t i = 0; i < a->count; i++) {
        void *own = ct_matrix(z, i);
        if (ct_lapack_lu(z->dtype, a->n, own, a->work, NULL, NULL)) ct_matrix_failed(z, i, "is singular");
        else ct_lapack_inverse(z->dtype, a->n, own, a->work);
    }
}

static ct_tensor *ct_inv_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    ct_tensor *turned = ct_turned(at, z);
    return ct_neg(ct_matmul(turned, ct_matmul(g, turned)));
}

static ct_sample ct_inv_samples(int i, ct_dtype dtype) { return ct_sample_one_matrix(i, dtype, ct_inv_at); }

CT_OP_PARTS(ct_inv);

/* ---- ct_solve ------------------------------------------------------------------------------------------------ */

/* x and y with the leading axes of both. */
static bool broadcast_batch(const char *op, const char *at, ct_tensor **x, ct_tensor **y) {
    char text[CT_DESCRIPTION];
    ct_shape own[2] = {ct_shape_of(*x), ct_shape_of(*y)}, both = {0};
    for (int k = 0; k < 2; k++)
        if (both.ndim < own[k].ndim - 2) both.ndim = own[k].ndim - 2;
    for (int i = 1; i <= both.ndim; i++) {
        int64_t *extent = &both.dim[both.ndim - i];
        *extent = 1;
        for (int k = 0; k < 2; k++) {
            int axis = own[k].ndim - 2 - i;
            int64_t e = axis < 0 ? 1 : own[k].dim[axis];
            if (e != 1 && *extent != 1 && e != *extent)
                return ct_decline(op, at, *x, CT_ERR_SHAPE, "leading axes of %s do not fit", ct_describe(*y, text)),
                       false;
            if (e != 1) *extent = e;
        }
    }
    ct_tensor **operand[] = {x, y};
    for (int k = 0; k < 2; k++) {
        ct_shape shape = both;
        shape.dim[shape.ndim++] = own[k].dim[own[k].ndim - 2];
        shape.dim[shape.ndim++] = own[k].dim[own[k].ndim - 1];
        if (!ct_shape_equal(&shape, &own[k])) *operand[k] = ct_broadcast(*operand[k], shape);
    }
    return *x && *y;
}

static bool given_matrices(const char *op, const char *at, const ct_tensor *x, const ct_tensor *y, int least) {
    char text[CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return false;
    if (x->ndim >= 2 && y->ndim >= least) return true;
    return ct_decline(op, at, x, CT_ERR_SHAPE, "%s: matrices are needed", ct_describe(y, text)), false;
}

ct_tensor *ct_solve_at(const char *at, ct_tensor *x, ct_tensor *y) {
    const char *op = "ct_solve";
    if (!given_matrices(op, at, x, y, 1)) return NULL;
    ct_shape own = ct_shape_of(y), row = ct_shape_of(x);
    row.ndim--;
    bool vector = own.ndim == 1 || ct_shape_equal(&own, &row);
    if (vector) y = ct_unsqueeze(y, -1);
    if (!y || !broadcast_batch(op, at, &x, &y)) return NULL;
    ct_tensor *z = ct_solve_square(x, y);
    return vector ? ct_squeeze(z, CT_AXES(-1)) : z;
}

/* Whether y's matrices have as many rows (or columns) as those of x. */
static bool solve_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype, bool left) {
    const ct_tensor *y = z->in[1];
    if (!like_operand(z, shape, dtype) || !ct_op_same_dtype(z, 0, 1)) return false;
    ct_shape own = ct_shape_of(y);
    int axis = shape->ndim - (left ? 2 : 1), other = shape->ndim - (left ? 1 : 2);
    if (own.ndim == shape->ndim) shape->dim[other] = own.dim[other];
    if (own.ndim != shape->ndim || !ct_shape_equal(shape, &own))
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld %s for each matrix are needed", (long long)shape->dim[axis],
                          left ? "rows" : "columns");
    return own.dim[other] <= CT_LAPACK_MAX || ct_op_fail(z, CT_ERR_LIMIT, "more than %d solutions", CT_LAPACK_MAX);
}

static int last_extent(const ct_tensor *t, int from_back) { return (int)t->extent->dim[t->ndim - from_back]; }

ct_tensor *ct_solve_square_at(const char *at, ct_tensor *x, ct_tensor *y) {
    ct_matrices a = {0};
    return ct_record_matrices(at, CT_OP_ct_solve_square, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

static bool ct_solve_square_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return solve_shape(z, shape, dtype, true);
}

static void ct_solve_square_forward(ct_tensor *z) {
    const ct_matrices *a = z->attributes;
    memcpy(z->data, z->in[1]->data, ct_bytes_of(z));
    for (int64_t i = 0; i < a->count; i++) {
        if (!ct_factor(z, i, NULL, NULL)) ct_matrix_failed(z, i, "is singular");
        else ct_lapack_solve(z->dtype, a->n, last_extent(z, 1), a->copy, a->work, ct_matrix(z, i));
    }
}

static ct_tensor *ct_solve_square_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *gy = ct_solve_square(ct_turned(at, z->in[0]), g);
    return k == 1 ? gy : ct_neg(ct_matmul(gy, ct_turned(at, z)));
}

static ct_sample ct_solve_square_samples(int i, ct_dtype dtype) {
    ct_shape shape;
    if (!ct_sample_square_shape(i, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    shape.dim[shape.ndim - 1] = (i + 2) % 4;
    ct_tensor *y = ct_sample_leaf(dtype, shape, -1, 1);
    return (ct_sample){.z = ct_solve_square_at(NULL, x, y), .leaf = {x, y}};
}

CT_OP_PARTS(ct_solve_square);

/* ---- ct_solve_triangular ------------------------------------------------------------------------------------- */

typedef struct triangle {
    ct_matrices matrices;
    bool upper, left, unit;
} triangle;

ct_tensor *ct_solve_triangular_at(const char *at, ct_tensor *x, ct_tensor *y, bool upper, bool left, bool unit) {
    const char *op = "ct_solve_triangular";
    if (!given_matrices(op, at, x, y, 2) || !broadcast_batch(op, at, &x, &y)) return NULL;
    return ct_solve_triangle(x, y, upper, left, unit);
}

ct_tensor *ct_solve_triangle_at(const char *at, ct_tensor *x, ct_tensor *y, bool upper, bool left, bool unit) {
    triangle a = {.upper = upper, .left = left, .unit = unit};
    return ct_record_matrices(at, CT_OP_ct_solve_triangle, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

static bool ct_solve_triangle_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return solve_shape(z, shape, dtype, ((const triangle *)z->attributes)->left);
}

static void ct_solve_triangle_forward(ct_tensor *z) {
    const triangle *a = z->attributes;
    memcpy(z->data, z->in[1]->data, ct_bytes_of(z));
    for (int64_t i = 0; i < a->matrices.count; i++)
        ct_lapack_solve_triangular(z->dtype, a->upper, a->left, a->unit, last_extent(z, 2), last_extent(z, 1),
                                   ct_matrix(z->in[0], i), ct_matrix(z, i));
}

static ct_tensor *ct_solve_triangle_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const triangle *a = z->attributes;
    ct_tensor *turned = ct_turned(at, z),
              *gy = ct_solve_triangle(ct_turned(at, z->in[0]), g, !a->upper, a->left, a->unit);
    if (k == 1) return gy;
    ct_tensor *gx = ct_neg(a->left ? ct_matmul(gy, turned) : ct_matmul(turned, gy));
    return a->upper ? ct_triu(gx, a->unit) : ct_tril(gx, -a->unit);
}

static ct_sample ct_solve_triangle_samples(int i, ct_dtype dtype) {
    ct_shape shape;
    bool upper = i & 1, left = i & 2, unit = i & 4;
    if (!ct_sample_square_shape(i / 8, &shape)) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_square(dtype, shape);
    shape.dim[shape.ndim - (left ? 1 : 2)] = 2;
    ct_tensor *y = ct_sample_leaf(dtype, shape, -1, 1);
    return (ct_sample){.z = ct_solve_triangle_at(NULL, x, y, upper, left, unit), .leaf = {x, y}};
}

CT_OP_PARTS(ct_solve_triangle,
            .fields = CT_FIELDS(CT_FIELD(triangle, "upper", upper), CT_FIELD(triangle, "left", left),
                                CT_FIELD(triangle, "unit", unit)));
