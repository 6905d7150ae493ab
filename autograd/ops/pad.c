/* Padding of the last axes: constant, reflect, replicate, circular. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* Elements to add before and after each of the last axes; negative ones are taken away. */
typedef struct margins {
    int axes;
    int64_t before[CT_MAX_DIMS], after[CT_MAX_DIMS]; /* by axis of x */
} margins;

static int64_t positive(int64_t n) { return n > 0 ? n : 0; }
static int64_t negative(int64_t n) { return n < 0 ? n : 0; }

/* Whether x has as much along the axis as is taken away, and what is added can be. */
static bool margins_fit(const ct_tensor *x, const margins *m, int axis) {
    int64_t extent = x->extent->dim[axis], before = m->before[axis], after = m->after[axis], least, most;
    return ct_checked_add_i64(negative(before), negative(after), &least) &&
           ct_checked_add_i64(positive(before), positive(after), &most) && ct_checked_add_i64(extent, most, &most) &&
           extent + least >= 0;
}

static bool refuse_margins(const char *op, const char *at, const ct_tensor *x, const margins *m, int axis) {
    ct_decline(op, at, x, CT_ERR_ARGUMENT, "pads of %lld and %lld do not fit axis %d", (long long)m->before[axis],
               (long long)m->after[axis], axis);
    return false;
}

/* Reads PyTorch's list, which begins with the last axis. */
static bool read_pads(const char *op, const char *at, const ct_tensor *x, ct_sizes pads, margins *m) {
    if (!ct_given(op, at, x, 0) || !ct_given_sizes(op, at, pads, 1)) return false;
    if (pads.n % 2 || pads.n / 2 > x->ndim)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d pads, not two for each of the last axes", pads.n), false;
    m->axes = pads.n / 2;
    for (int i = 0; i < m->axes; i++) {
        int axis = x->ndim - 1 - i;
        m->before[axis] = pads.items[2 * i];
        m->after[axis] = pads.items[2 * i + 1];
        if (!margins_fit(x, m, axis)) return refuse_margins(op, at, x, m, axis);
    }
    return true;
}

/* x without what is taken away; what is to be added remains in m. */
static ct_tensor *crop(const char *at, ct_tensor *x, margins *m) {
    int ndim = x ? x->ndim : 0;
    for (int axis = ndim - m->axes; x && axis < ndim; axis++) {
        int64_t start = -negative(m->before[axis]), stop = x->extent->dim[axis] + negative(m->after[axis]);
        if (start || stop < x->extent->dim[axis]) x = ct_slice(x, axis, start, stop, 1);
        m->before[axis] = positive(m->before[axis]);
        m->after[axis] = positive(m->after[axis]);
    }
    return x;
}

/* ---- by a constant --------------------------------------------------------------------------------------------- */

static ct_tensor *margin(const char *at, const ct_tensor *x, int axis, int64_t n, double value) {
    ct_shape shape = ct_shape_of(x);
    shape.dim[axis] = n;
    return ct_full(x->dtype, shape, value);
}

ct_tensor *ct_pad_at(const char *at, ct_tensor *x, ct_sizes pads, double value) {
    margins m;
    if (!read_pads("ct_pad", at, x, pads, &m)) return NULL;
    int ndim = x->ndim;
    ct_tensor *z = crop(at, ct_reshape(x, ct_shape_of(x)), &m);
    for (int axis = ndim - m.axes; z && axis < ndim; axis++) {
        if (m.before[axis] + m.after[axis] == 0) continue;
        ct_tensor *before = margin(at, z, axis, m.before[axis], value);
        z = ct_concat(CT_LIST(before, z, margin(at, z, axis, m.after[axis], value)), axis);
    }
    return z;
}

/* ---- by elements of x ------------------------------------------------------------------------------------------ */

/* The place along an axis of `extent` that place i takes its element from, where i may be outside of the axis. */
typedef int64_t source_of(int64_t i, int64_t extent);

static int64_t replicated(int64_t i, int64_t extent) { return i < 0 ? 0 : i < extent ? i : extent - 1; }
static int64_t reflected(int64_t i, int64_t extent) { return i < 0 ? -i : i < extent ? i : 2 * (extent - 1) - i; }
static int64_t wrapped(int64_t i, int64_t extent) { return i < 0 ? i + extent : i < extent ? i : i - extent; }

/* Whether the first and the last place of the padded axis, which are the farthest outside, have a source. */
static bool has_sources(const ct_tensor *x, const margins *m, int axis, source_of *source) {
    int64_t extent = x->extent->dim[axis], last = extent + m->after[axis] - 1;
    int64_t ends[] = {source(-m->before[axis], extent), source(last, extent)};
    return last >= -m->before[axis] && ends[0] >= 0 && ends[0] < extent && ends[1] >= 0 && ends[1] < extent;
}

/* PyTorch pads up to three axes this way, with one or two more in front: at least `least`. When that is one, only axis
 * 0 may be empty. */
static bool can_pad(const char *op, const char *at, const ct_tensor *x, const margins *m, int least,
                    source_of *source) {
    int more = x->ndim - m->axes;
    if (m->axes < 1 || m->axes > 3 || more < least || more > 2)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "pads for %d axes of %d dimensions", m->axes, x->ndim), false;
    for (int axis = 1; least == 1 && axis < x->ndim; axis++)
        if (x->extent->dim[axis] == 0)
            return ct_decline(op, at, x, CT_ERR_SHAPE, "axis %d has no elements", axis), false;
    for (int axis = more; axis < x->ndim; axis++)
        if (!has_sources(x, m, axis, source)) return refuse_margins(op, at, x, m, axis);
    return true;
}

static ct_tensor *pad_by(const char *at, ct_tensor *x, const margins *m, source_of *source) {
    for (int axis = x->ndim - m->axes, ndim = x->ndim; x && axis < ndim; axis++) {
        int64_t extent = x->extent->dim[axis], n = extent + m->before[axis] + m->after[axis];
        ct_tensor *indices = ct_arange(CT_I64, n);
        for (int64_t i = 0; indices && i < n; i++)
            ((int64_t *)indices->data)[i] = source(i - m->before[axis], extent);
        x = ct_index_select(x, axis, indices);
    }
    return x;
}

static ct_tensor *pad_as_is(const char *op, const char *at, ct_tensor *x, ct_sizes pads, source_of *source) {
    margins m;
    return read_pads(op, at, x, pads, &m) && can_pad(op, at, x, &m, 1, source) ? pad_by(at, x, &m, source) : NULL;
}

ct_tensor *ct_pad_reflect_at(const char *at, ct_tensor *x, ct_sizes pads) {
    return pad_as_is("ct_pad_reflect", at, x, pads, reflected);
}

ct_tensor *ct_pad_replicate_at(const char *at, ct_tensor *x, ct_sizes pads) {
    return pad_as_is("ct_pad_replicate", at, x, pads, replicated);
}

/* What is taken away goes first, so that what is left wraps around. */
ct_tensor *ct_pad_circular_at(const char *at, ct_tensor *x, ct_sizes pads) {
    margins m;
    const char *op = "ct_pad_circular";
    if (!read_pads(op, at, x, pads, &m) || !(x = crop(at, x, &m))) return NULL;
    return can_pad(op, at, x, &m, 2, wrapped) ? pad_by(at, x, &m, wrapped) : NULL;
}
