/* Elements of one tensor put into another, or added to it, at places held in a third: scatter and scatter_add. */
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- operands of other sizes: PyTorch uses the beginning of those that are larger than the indices ------------- */

/* Whether y can index x along an axis, neither of them 0-d. */
static bool indexes(const char *op, const char *at, const ct_tensor *x, const ct_tensor *y, int *axis) {
    char text[CT_DESCRIPTION];
    if (!ct_given_axis(op, at, x, axis) || !ct_given(op, at, y, 1) || !ct_given_i64(op, at, y)) return false;
    bool fits = x->ndim == y->ndim;
    for (int i = 0; i < x->ndim && fits; i++) fits = i == *axis || y->extent->dim[i] <= x->extent->dim[i];
    return fits || (ct_decline(op, at, x, CT_ERR_SHAPE, "the indices %s are more than that beside axis %d",
                               ct_describe(y, text), *axis), false);
}

/* As many elements of w as y has, in y's shape. */
static ct_tensor *fit_source(const char *at, ct_tensor *w, const ct_tensor *y, ct_dtype dtype) {
    if (!w || w->ndim) return ct_cut_beside(at, w, y, CT_NO_AXIS);
    return ct_broadcast(w->dtype == dtype ? w : ct_cast(w, dtype), ct_shape_of(y));
}

/* Zeros of `shape` with t at the beginning of each axis. */
static ct_tensor *at_beginning(const char *at, ct_tensor *t, const ct_shape *shape) {
    for (int i = 0; t && i < shape->ndim; i++)
        if (t->extent->dim[i] < shape->dim[i]) t = ct_slice_add(t, i, 0, 1, shape->dim[i]);
    return t;
}

/* x with t in place of the beginning of each axis. */
static ct_tensor *with_beginning(const char *at, ct_tensor *x, ct_tensor *t) {
    if (!t || ct_same_shape(x, t)) return t;
    ct_shape shape = ct_shape_of(x);
    ct_tensor *there = at_beginning(at, ct_ones(CT_BOOL, ct_shape_of(t)), &shape);
    return ct_where(there, at_beginning(at, t, &shape), x);
}

/* ---- ct_scatter: attributes are the axis ----------------------------------------------------------------------- */

static ct_tensor *record(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *w) {
    return ct_record(at, CT_OP_ct_scatter, (ct_tensor *[]){x, y, w}, 3, &axis, sizeof axis);
}

ct_tensor *ct_scatter_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *w) {
    ct_tensor *flat = ct_at_least_1d(at, x), *places = ct_at_least_1d(at, y);
    if (!indexes("ct_scatter", at, flat, places, &axis)) return NULL;
    ct_tensor *part = ct_cut_beside(at, flat, places, axis);
    ct_tensor *z = record(at, part, axis, places, fit_source(at, w, places, x->dtype));
    return ct_reshape(with_beginning(at, flat, z), ct_shape_of(x));
}

static bool ct_scatter_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1], *w = z->in[2];
    int axis = *(const int *)z->attributes;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    if (!ct_op_same_dtype(z, 0, 2)) return false;
    return (ct_same_shape(y, w) || ct_op_fail(z, CT_ERR_SHAPE, "not as many elements as indices")) &&
           ct_check_indices(z, y, shape->dim[axis]);
}

static void ct_scatter_forward(ct_tensor *z) {
    const ct_tensor *x = z->in[0], *y = z->in[1], *w = z->in[2];
    int axis = *(const int *)z->attributes;
    ct_index_job job = ct_index_job_of(w, axis, z->extent->dim[axis], y, w->data, z->data);
    memcpy(z->data, x->data, ct_bytes_of(z));
    ct_index_kernels()->of[z->dtype].scatter(&job);
}

/* true for each element of w that is the last for its place, and so in z: those that come back when each writes its
 * own number. */
static ct_tensor *is_last(const char *at, const ct_tensor *z, int axis) {
    ct_tensor *y = z->in[1];
    ct_tensor *numbers = ct_reshape(ct_arange(CT_I64, ct_size_of(y)), ct_shape_of(y));
    ct_tensor *written = record(at, ct_full(CT_I64, ct_shape_of(z), -1), axis, y, numbers);
    return ct_eq(ct_gather(written, axis, y), numbers);
}

static ct_tensor *ct_scatter_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    int axis = *(const int *)z->attributes;
    ct_tensor *y = z->in[1];
    if (k == 0) return record(at, g, axis, y, ct_full_like(at, z->in[2], 0));
    return k == 1 ? NULL : ct_where(is_last(at, z, axis), ct_gather(g, axis, y), ct_constant_like(at, g, 0));
}

static ct_tensor *ct_scatter_jvp(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    ct_tensor *x = ct_tangent(at, z, tangents, 0);
    ct_tensor *w = ct_tangent(at, z, tangents, 2);
    return record(at, x, *(const int *)z->attributes, z->in[1], w);
}

static ct_sample ct_scatter_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape x, y;
        int axis;
        int64_t index[12];
    } cases[] = {
        {CT_SHAPE(4, 3), CT_SHAPE(2, 3), 0, {0, 3, -1, 1, 1, 3}},
        {CT_SHAPE(2, 5), CT_SHAPE(2, 3), -1, {4, 4, -5, 0, 0, 0}},
        {CT_SHAPE(3, 4, 3), CT_SHAPE(2, 2, 2), 1, {0, 1, 2, 3, 3, 2, 1, 0}},
        {CT_SHAPE(5), CT_SHAPE(3), 0, {4, 2, 4}},
        {CT_SCALAR, CT_SHAPE(1), 0, {0}},
        {CT_SCALAR, CT_SCALAR, 0, {0}},
        {CT_SHAPE(1), CT_SCALAR, 0, {0}},
        {CT_SHAPE(2, 3), CT_SHAPE(2, 0), 1, {0}},
        {CT_SHAPE(0, 3), CT_SHAPE(0, 2), 0, {0}},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].x, -3, 3), *w = ct_sample_leaf(dtype, cases[i].y, -3, 3);
    ct_tensor *y = ct_from_at(NULL, CT_I64, cases[i].y, cases[i].index);
    return (ct_sample){.z = ct_scatter_at(NULL, x, cases[i].axis, y, w), .leaf = {x, NULL, w}};
}

CT_OP_PARTS(ct_scatter, .jvp = ct_scatter_jvp, .fields = CT_FIELDS({"axis", CT_FIELD_INT, 0}));

/* ---- ct_scatter_add -------------------------------------------------------------------------------------------- */

ct_tensor *ct_scatter_add_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *w) {
    ct_tensor *flat = ct_at_least_1d(at, x), *places = ct_at_least_1d(at, y);
    if (!indexes("ct_scatter_add", at, flat, places, &axis)) return NULL;
    ct_shape shape = ct_shape_of(flat);
    ct_tensor *sums = ct_scatter_sum(fit_source(at, w, places, x->dtype), axis, places, shape.dim[axis]);
    return ct_reshape(ct_add(flat, at_beginning(at, sums, &shape)), ct_shape_of(x));
}
