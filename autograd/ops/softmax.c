/* Softmax, its logarithm, and cross entropy with classes or probabilities. */
#include "autograd/ops/index.h"
#include "autograd/ops/rows.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ct_softmax and ct_log_softmax ------------------------------------------------------------------------ */

/* The kernels know rows: another axis is exchanged with the last one, and back; 0-d is one of one element. What is
 * wrong, shape() says. */
static ct_tensor *along(const char *at, ct_op_id op, ct_tensor *x, int axis) {
    int resolved, last = x ? x->ndim - 1 : 0;
    if (x && x->ndim == 0) return ct_reshape(along(at, op, ct_reshape(x, CT_SHAPE(1)), axis), CT_SCALAR);
    if (!x || !ct_is_float(x->dtype) || !ct_resolve_axis(axis, x->ndim, &resolved) || resolved == last)
        return ct_record(at, op, &x, 1, &axis, sizeof axis);
    axis = last;
    ct_tensor *turned = ct_transpose(x, resolved, last);
    return ct_transpose(ct_record(at, op, &turned, 1, &axis, sizeof axis), resolved, last);
}

static bool softmax_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    unsigned mask;
    if (!ct_op_floating(z, 0) || !ct_resolve_axes(z, &CT_AXES(*(int *)z->attributes), x->ndim, &mask)) return false;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    return true;
}

static void run_forward(ct_tensor *z, ct_row_kernel kernel) {
    ct_rows r = ct_rows_of(z->in[0]);
    r.z = z->data;
    ct_run_rows(kernel, z->dtype, &r);
}

static void run_backward(ct_tensor *z, ct_row_kernel kernel, const void *g, void *gx, bool add) {
    ct_rows r = ct_rows_of(z);
    r.y = g;
    r.z = gx;
    r.scale = 1;
    r.add = add;
    ct_run_rows(kernel, z->dtype, &r);
}

/* Sums over the last axis, which stays. */
static ct_tensor *row_sums(const char *at, ct_tensor *x) { return ct_sum(x, CT_KEEP(-1)); }

static ct_sample softmax_sample(int i, ct_dtype dtype, ct_tensor *(*op)(const char *at, ct_tensor *x, int axis)) {
    const struct {
        ct_shape shape;
        int axis;
    } cases[] = {
        {CT_SHAPE(5), 0},        {CT_SHAPE(3, 7), 1},  {CT_SHAPE(3, 4), 0},     {CT_SHAPE(2, 3, 4), -2},
        {CT_SHAPE(2, 3, 4), -1}, {CT_SHAPE(4, 1), -1}, {CT_SHAPE(1, 1), 0},     {CT_SHAPE(2, 35), -1},
        {CT_SHAPE(0, 3), 1},     {CT_SHAPE(2, 0), 1},  {CT_SHAPE(2, 2, 2), -3}, {CT_SCALAR, -1},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -2, 2);
    return (ct_sample){.z = op(NULL, x, cases[i].axis), .leaf = {x}};
}

ct_tensor *ct_softmax_at(const char *at, ct_tensor *x, int axis) { return along(at, CT_OP_ct_softmax, x, axis); }

static bool ct_softmax_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return softmax_shape(z, shape, dtype);
}

static void ct_softmax_forward(ct_tensor *z) { run_forward(z, CT_ROW_SOFTMAX); }

static ct_tensor *ct_softmax_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    return ct_mul(z, ct_sub(g, row_sums(at, ct_mul(g, z))));
}

static void ct_softmax_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    run_backward(z, CT_ROW_SOFTMAX_BACKWARD, g, gx, add);
}

static ct_sample ct_softmax_samples(int i, ct_dtype dtype) { return softmax_sample(i, dtype, ct_softmax_at); }

CT_OP_PARTS(ct_softmax, .backward = ct_softmax_backward, .fields = CT_FIELDS({"axis", CT_FIELD_INT, 0}));

ct_tensor *ct_log_softmax_at(const char *at, ct_tensor *x, int axis) {
    return along(at, CT_OP_ct_log_softmax, x, axis);
}

static bool ct_log_softmax_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return softmax_shape(z, shape, dtype);
}

static void ct_log_softmax_forward(ct_tensor *z) { run_forward(z, CT_ROW_LOG_SOFTMAX); }

static ct_tensor *ct_log_softmax_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    return ct_sub(g, ct_mul(ct_exp(z), row_sums(at, g)));
}

static void ct_log_softmax_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    run_backward(z, CT_ROW_LOG_SOFTMAX_BACKWARD, g, gx, add);
}

static ct_sample ct_log_softmax_samples(int i, ct_dtype dtype) { return softmax_sample(i, dtype, ct_log_softmax_at); }

CT_OP_PARTS(ct_log_softmax, .backward = ct_log_softmax_backward,
            .fields = CT_FIELDS({"axis", CT_FIELD_INT, 0}));

/* ---- what the cross entropies have in common -------------------------------------------------------------- */

/* Computed by forward(), in the scope's memory. */
typedef struct entropy_attributes {
    void *saved;    /* like x: softmax of x, with probabilities its logarithm */
    void *loss;     /* (rows) */
    int64_t *label; /* (rows); NULL with probabilities */
} entropy_attributes;

static bool entropy_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    *shape = CT_SCALAR;
    *dtype = z->in[0]->dtype;
    return ct_op_floating(z, 0) &&
           (z->in[0]->ndim > 0 || ct_op_fail(z, CT_ERR_SHAPE, "the logits are 0-d, without an axis of classes"));
}

static bool allocate_saved(const ct_tensor *z, bool labels) {
    const ct_tensor *x = z->in[0];
    entropy_attributes *a = z->attributes;
    size_t rows = (size_t)ct_rows_of(x).rows;
    a->saved = ct_scope_alloc(ct_this.depth, ct_bytes_of(x));
    a->loss = ct_scope_array(ct_this.depth, rows, ct_dtype_size(x->dtype));
    a->label = labels ? ct_scope_array(ct_this.depth, rows, sizeof *a->label) : NULL;
    if (a->saved && a->loss && (a->label || !labels)) return true;
    ct_raise_memory(ct_op_table[z->op]->name, z->at, ct_bytes_of(x));
    return false;
}

static void compute_entropy(ct_tensor *z, ct_row_kernel kernel, const void *probabilities) {
    const entropy_attributes *a = z->attributes;
    ct_rows r = ct_rows_of(z->in[0]);
    r.y = probabilities;
    r.label = a->label;
    r.z = a->saved;
    r.beside = a->loss;
    ct_run_rows(kernel, z->dtype, &r);
    ct_reduce(CT_REDUCE_SUM, z->dtype, 1, r.rows, 1, a->loss, z->data, false);
    ct_write_element(z->dtype, z->data, 0, ct_read_element(z->dtype, z->data, 0) / (double)r.rows);
}

/* The cotangent of one row's loss. */
static double row_cotangent(const ct_tensor *z, const void *g) {
    return ct_read_element(z->dtype, g, 0) / (double)ct_rows_of(z->in[0]).rows;
}

/* t times the cotangent of one row's loss. */
static ct_tensor *times_row_cotangent(const char *at, const ct_tensor *z, ct_tensor *g, ct_tensor *t) {
    return ct_mul(t, ct_mul(g, ct_constant_like(at, g, 1 / (double)ct_rows_of(z->in[0]).rows)));
}

/* ---- ct_cross_entropy ------------------------------------------------------------------------------------- */

ct_tensor *ct_cross_entropy_at(const char *at, ct_tensor *x, ct_tensor *y) {
    entropy_attributes a = {0};
    return ct_record(at, CT_OP_ct_cross_entropy, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

/* One class for each row of x, in range. */
static bool check_classes(const ct_tensor *z) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    const int64_t *dim = ct_dims_of(x), classes = dim[x->ndim - 1];
    if (!ct_is_integer(y))
        return ct_op_fail(z, CT_ERR_DTYPE, "classes must be of an integer dtype, not %s", ct_dtype_name(y->dtype));
    if (y->ndim != x->ndim - 1 || (y->ndim && memcmp(ct_dims_of(y), dim, (size_t)y->ndim * sizeof *dim) != 0)) {
        char text[CT_DESCRIPTION];
        ct_shape rows = ct_shape_of(x);
        rows.ndim--;
        return ct_op_fail(z, CT_ERR_SHAPE, "classes must be %s, one a row", ct_describe_shape(&rows, text));
    }
    for (int64_t i = 0, n = ct_size_of(y); i < n; i++) {
        int64_t label = ct_read_index(y, i);
        if (label < 0 || label >= classes)
            return ct_op_fail(z, CT_ERR_ARGUMENT, "row %lld has class %lld, of %lld classes", (long long)i,
                              (long long)label, (long long)classes);
    }
    return true;
}

static bool ct_cross_entropy_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return entropy_shape(z, shape, dtype) && check_classes(z) && allocate_saved(z, true);
}

/* At a replay classes may have changed; where one is out of range then, the loss and the row's gradient are NaN. */
static void ct_cross_entropy_forward(ct_tensor *z) {
    const entropy_attributes *a = z->attributes;
    for (int64_t i = 0, rows = ct_rows_of(z->in[0]).rows; i < rows; i++) a->label[i] = ct_read_index(z->in[1], i);
    compute_entropy(z, CT_ROW_CROSS_ENTROPY, NULL);
}

static void ct_cross_entropy_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const entropy_attributes *a = z->attributes;
    ct_rows r = ct_rows_of(z->in[k]);
    r.x = a->saved;
    r.label = a->label;
    r.z = gx;
    r.scale = row_cotangent(z, g);
    r.add = add;
    ct_run_rows(CT_ROW_CROSS_ENTROPY_BACKWARD, z->dtype, &r);
}

static ct_tensor *ct_cross_entropy_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *x = z->in[0], *y = z->in[1];
    if (k == 1) return NULL;
    ct_tensor *target = ct_cast(ct_one_hot(y, ct_rows_of(x).n), x->dtype);
    return times_row_cotangent(at, z, g, ct_sub(ct_softmax(x, -1), target));
}

static ct_sample ct_cross_entropy_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        ct_dtype classes;
    } cases[] = {
        {CT_SHAPE(5), CT_I64},   {CT_SHAPE(4, 3), CT_U8},   {CT_SHAPE(2, 3, 4), CT_I32}, {CT_SHAPE(3, 1), CT_I64},
        {CT_SHAPE(1, 2), CT_U8}, {CT_SHAPE(3, 35), CT_I64}, {CT_SHAPE(1, 1, 7), CT_I32},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_shape rows = cases[i].shape;
    int64_t n = rows.dim[--rows.ndim];
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -2, 2), *y = ct_full_at(NULL, cases[i].classes, rows, 0);
    for (int64_t r = 0; r < ct_size(y); r++) ct_write_element(cases[i].classes, y->data, r, (double)(r * 7 % n));
    return (ct_sample){.z = ct_cross_entropy_at(NULL, x, y), .leaf = {x}};
}

CT_OP_PARTS(ct_cross_entropy, .backward = ct_cross_entropy_backward);

/* ---- ct_cross_entropy_probs ------------------------------------------------------------------------------- */

ct_tensor *ct_cross_entropy_probs_at(const char *at, ct_tensor *x, ct_tensor *y) {
    entropy_attributes a = {0};
    return ct_record(at, CT_OP_ct_cross_entropy_probs, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

static bool ct_cross_entropy_probs_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    if (!entropy_shape(z, shape, dtype) || !ct_op_floating(z, 1) || !ct_op_same_dtype(z, 0, 1)) return false;
    if (!ct_same_shape(x, y)) return ct_op_fail(z, CT_ERR_SHAPE, "logits and probabilities differ in shape");
    return allocate_saved(z, false);
}

static void ct_cross_entropy_probs_forward(ct_tensor *z) {
    compute_entropy(z, CT_ROW_CROSS_ENTROPY_PROBS, z->in[1]->data);
}

static void ct_cross_entropy_probs_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const entropy_attributes *a = z->attributes;
    double scale = -row_cotangent(z, g);
    ct_rows r = ct_rows_of(z->in[0]);
    if (k == 1) return ct_spread(z->dtype, 1, 1, r.rows * r.n, a->saved, scale, gx, add);
    r.x = a->saved;
    r.y = z->in[1]->data;
    r.z = gx;
    r.scale = scale;
    r.add = add;
    ct_run_rows(CT_ROW_LOG_SOFTMAX_BACKWARD, z->dtype, &r);
}

static ct_tensor *ct_cross_entropy_probs_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *x = z->in[0], *y = z->in[1];
    if (k == 1) return times_row_cotangent(at, z, g, ct_neg(ct_log_softmax(x, -1)));
    return times_row_cotangent(at, z, g, ct_sub(ct_mul(ct_softmax(x, -1), row_sums(at, y)), y));
}

static ct_sample ct_cross_entropy_probs_samples(int i, ct_dtype dtype) {
    const ct_shape cases[] = {CT_SHAPE(5), CT_SHAPE(4, 3), CT_SHAPE(2, 3, 4), CT_SHAPE(3, 1), CT_SHAPE(2, 35)};
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i], -2, 2), *y = ct_sample_leaf(dtype, cases[i], -2, 2);
    return (ct_sample){.z = ct_cross_entropy_probs_at(NULL, x, y), .leaf = {x, y}};
}

CT_OP_PARTS(ct_cross_entropy_probs, .backward = ct_cross_entropy_probs_backward);
