/* ct_resample: a sparse matrix times a tensor along an axis. Its derivative is the transposed matrix. */
#include "autograd/ops/resample.h"
#include "autograd/ops/axis.h"
#include "autograd/ops/resample_kernels.h"
#include "tensor/checked.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define TASK ((int64_t)1 << 16) /* elements of x and z that a task works on at least */

/* ---- matrices ----------------------------------------------------------------------------------------------- */

ct_sparse *ct_sparse_begin(const char *op, const char *at, int64_t rows, int64_t columns, int64_t most) {
    int depth = ct_this.depth;
    ct_sparse *m = NULL;
    if (depth == 0) return ct_raise_no_scope(op, at), NULL;
    if (rows < 0 || columns < 0 || most < 0)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "a matrix of %lld rows, %lld columns and %lld entries",
                        (long long)rows, (long long)columns, (long long)most),
               NULL;
    int64_t *start =
        ct_scope_array(depth, (size_t)rows + 2, sizeof *start); /* the last two count the row being made */
    int64_t *column = ct_scope_array(depth, (size_t)most, sizeof *column);
    double *weight = ct_scope_array(depth, (size_t)most, sizeof *weight);
    if (start && column && weight) m = ct_scope_alloc(depth, sizeof *m);
    if (!m) return ct_raise_memory(op, at, (size_t)rows * sizeof *start), NULL;
    *m = (ct_sparse){.rows = 0, .columns = columns, .start = start, .column = column, .weight = weight};
    start[0] = start[1] = 0;
    return m;
}

void ct_sparse_entry(ct_sparse *m, int64_t column, double weight) {
    int64_t place = m->start[m->rows + 1]++;
    m->column[place] = column;
    m->weight[place] = weight;
}

void ct_sparse_row(ct_sparse *m) {
    m->rows++;
    m->start[m->rows + 1] = m->start[m->rows];
}

/* The transposed matrix, its rows in the order of m's. */
ct_sparse *ct_sparse_transpose(const char *at, const ct_sparse *m) {
    int64_t entries = m ? m->start[m->rows] : 0;
    ct_sparse *t = !m ? NULL : ct_sparse_begin("ct_resample", at, m->columns, m->rows, entries);
    if (!t) return NULL;
    t->rows = m->columns;
    memset(t->start, 0, (size_t)(m->columns + 2) * sizeof *t->start);
    for (int64_t e = 0; e < entries; e++)
        t->start[m->column[e] + 2]++; /* start[j + 1] will move to the end of row j */
    for (int64_t j = 2; j <= m->columns; j++) t->start[j] += t->start[j - 1];
    for (int64_t row = 0; row < m->rows; row++) {
        for (int64_t e = m->start[row]; e < m->start[row + 1]; e++) {
            int64_t place = t->start[m->column[e] + 1]++;
            t->column[place] = row;
            t->weight[place] = m->weight[e];
        }
    }
    return t;
}

/* ---- the op ------------------------------------------------------------------------------------------------- */

typedef struct resample_attributes {
    int axis;
    const ct_sparse *matrix; /* the scope's */
} resample_attributes;

ct_tensor *ct_resample_by(const char *at, ct_tensor *x, int axis, const ct_sparse *m) {
    resample_attributes a = {axis, m};
    return m ? ct_record(at, CT_OP_ct_resample, &x, 1, &a, sizeof a) : NULL;
}

/* Copies the caller's matrix, which may be gone before the scope is. */
ct_tensor *ct_resample_at(const char *at, ct_tensor *x, int axis, const ct_sparse *matrix) {
    const char *op = "ct_resample";
    if (!matrix || matrix->rows < 0 || (matrix->rows && !matrix->start))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "the matrix is NULL, or has no rows"), NULL;
    ct_sparse *m =
        ct_sparse_begin(op, at, matrix->rows, matrix->columns, matrix->rows ? matrix->start[matrix->rows] : 0);
    for (int64_t row = 0; m && row < matrix->rows; row++) {
        if (matrix->start[row] != m->start[row] || matrix->start[row + 1] < matrix->start[row])
            return ct_raise(CT_ERR_ARGUMENT, op, at, "row %lld starts at entry %lld", (long long)row,
                            (long long)matrix->start[row]),
                   NULL;
        for (int64_t e = matrix->start[row]; e < matrix->start[row + 1]; e++) {
            if (matrix->column[e] < 0 || matrix->column[e] >= matrix->columns)
                return ct_raise(CT_ERR_ARGUMENT, op, at, "entry %lld is in column %lld of %lld", (long long)e,
                                (long long)matrix->column[e], (long long)matrix->columns),
                       NULL;
            ct_sparse_entry(m, matrix->column[e], matrix->weight[e]);
        }
        ct_sparse_row(m);
    }
    return ct_resample_by(at, x, axis, m);
}

static bool ct_resample_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    resample_attributes *a = z->attributes;
    if (!ct_op_floating(z, 0)) return false;
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    if (x->extent->dim[a->axis] != a->matrix->columns)
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld slices for a matrix of %lld columns",
                          (long long)x->extent->dim[a->axis], (long long)a->matrix->columns);
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    shape->dim[a->axis] = a->matrix->rows;
    return true;
}

typedef struct task {
    const ct_tensor *z;
    ct_around to;
    int64_t each; /* outer slices a task */
} task;

static void resample_task(void *context, int64_t number) {
    const task *t = context;
    const resample_attributes *a = t->z->attributes;
    const ct_tensor *x = t->z->in[0];
    int64_t item = (int64_t)ct_dtype_size(t->z->dtype), first = number * t->each, end = first + t->each;
    if (end > t->to.outer) end = t->to.outer;
    ct_resample_kernels()->apply[t->z->dtype](a->matrix, end - first, t->to.inner,
                                              (const char *)x->data + first * a->matrix->columns * t->to.inner * item,
                                              (char *)t->z->data + first * a->matrix->rows * t->to.inner * item);
}

static void ct_resample_forward(ct_tensor *z) {
    const resample_attributes *a = z->attributes;
    task t = {.z = z, .to = ct_around_axis(z, a->axis)};
    if (!ct_size_of(z)) return;
    t.each = TASK / ((a->matrix->rows + a->matrix->columns) * t.to.inner) + 1;
    ct_parallel((t.to.outer - 1) / t.each + 1, resample_task, &t);
}

static ct_tensor *ct_resample_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const resample_attributes *a = z->attributes;
    (void)k;
    return ct_resample_by(at, g, a->axis, ct_sparse_transpose(at, a->matrix));
}

static ct_sample ct_resample_samples(int i, ct_dtype dtype) {
    static int64_t start[] = {0, 2, 2, 3, 6, 7}, column[] = {0, 3, 2, 3, 1, 1, 0};
    static double weight[] = {0.5, -2, 1, 0.25, 3, 1, 1};
    static const ct_sparse matrix = {5, 4, start, column, weight}, none = {0, 4, start, column, weight};
    const struct {
        ct_shape x;
        int axis;
        const ct_sparse *m;
    } cases[] = {{CT_SHAPE(4), 0, &matrix},       {CT_SHAPE(2, 4), -1, &matrix},   {CT_SHAPE(4, 3), 0, &matrix},
                 {CT_SHAPE(2, 4, 3), 1, &matrix}, {CT_SHAPE(0, 4, 3), 1, &matrix}, {CT_SHAPE(2, 4), 1, &none}};
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].x, -3, 3);
    return (ct_sample){.z = ct_resample_at(NULL, x, cases[i].axis, cases[i].m), .leaf = {x}};
}

CT_OP_PARTS(ct_resample, .fields = CT_FIELDS(CT_FIELD(resample_attributes, "axis", axis)));
