/* Masks, and the places where they hold: one_hot, nonzero, ravel_multi_index; masked_select, fill and scatter. */
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"
#include "tensor/checked.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ct_one_hot: attributes are the number of classes ---------------------------------------------------------- */

ct_tensor *ct_one_hot_at(const char *at, ct_tensor *x, int64_t classes) {
    return ct_record(at, CT_OP_ct_one_hot, &x, 1, &classes, sizeof classes);
}

/* The largest index, -1 of none; refuses those that are negative, as PyTorch does. */
static bool find_largest(const ct_tensor *z, int64_t *largest) {
    const ct_tensor *x = z->in[0];
    *largest = -1;
    if (!ct_is_integer(x))
        return ct_op_fail(z, CT_ERR_DTYPE, "indices must be of an integer dtype, not %s", ct_dtype_name(x->dtype));
    for (int64_t i = 0; i < ct_size_of(x); i++) {
        int64_t index = ct_read_index(x, i);
        if (index < 0) return ct_op_fail(z, CT_ERR_ARGUMENT, "the index %lld is negative", (long long)index);
        if (index > *largest) *largest = index;
    }
    return true;
}

static bool ct_one_hot_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    int64_t *classes = z->attributes, largest;
    if (!find_largest(z, &largest)) return false;
    if (*classes == -1 && largest >= 0 && largest < INT64_MAX) *classes = largest + 1;
    if (*classes < 0) return ct_op_fail(z, CT_ERR_ARGUMENT, "%lld classes", (long long)*classes);
    if (x->ndim == CT_MAX_DIMS)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d dimensions, of at most %d", x->ndim + 1, CT_MAX_DIMS);
    *shape = ct_shape_of(x);
    *dtype = CT_BOOL;
    shape->dim[shape->ndim++] = *classes;
    return ct_check_indices(z, x, *classes);
}

static void ct_one_hot_forward(ct_tensor *z) {
    const ct_tensor *x = z->in[0];
    int64_t classes = *(const int64_t *)z->attributes;
    uint8_t *zs = z->data;
    memset(zs, 0, ct_bytes_of(z));
    for (int64_t i = 0, n = ct_size_of(x); i < n; i++) {
        int64_t index = ct_read_index(x, i); /* checked but for replays */
        if (index >= 0 && index < classes) zs[i * classes + index] = 1;
    }
}

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_one_hot, .fields = CT_FIELDS({"classes", CT_FIELD_I64, 0}));

/* ---- ct_nonzero ------------------------------------------------------------------------------------------------ */

ct_tensor *ct_nonzero_at(const char *at, ct_tensor *x) { return ct_record(at, CT_OP_ct_nonzero, &x, 1, NULL, 0); }

static inline bool holds(const ct_tensor *x, int64_t i) {
    return x->dtype == CT_BOOL ? ((const uint8_t *)x->data)[i] != 0 : ct_read_element(x->dtype, x->data, i) != 0;
}

static bool ct_nonzero_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    int64_t n = 0;
    for (int64_t i = 0, size = ct_size_of(x); i < size; i++) n += holds(x, i);
    *shape = CT_SHAPE(n, x->ndim);
    *dtype = CT_I64;
    return true;
}

static void ct_nonzero_forward(ct_tensor *z) {
    const ct_tensor *x = z->in[0];
    const int64_t *dim = ct_dims_of(x);
    int64_t n = z->extent->dim[0], found = 0, *row = z->data;
    for (int64_t i = 0, size = ct_size_of(x); i < size && found < n; i++) {
        if (!holds(x, i)) continue;
        for (int64_t axis = x->ndim - 1, rest = i; axis >= 0; rest /= dim[axis--]) row[axis] = rest % dim[axis];
        row += x->ndim;
        found++;
    }
    for (int64_t left = (n - found) * x->ndim; left > 0; left--) *row++ = CT_OUT_OF_RANGE;
}

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_nonzero);

/* ---- ct_ravel_multi_index: attributes are the shape ------------------------------------------------------------ */

ct_tensor *ct_ravel_multi_index_at(const char *at, ct_list xs, ct_shape shape) {
    if (xs.n < 1 || xs.n > CT_MAX_DIMS || xs.n != shape.ndim)
        return ct_raise(CT_ERR_ARGUMENT, "ct_ravel_multi_index", at, "%d operands for %d dimensions", xs.n,
                        shape.ndim),
               NULL;
    return ct_record(at, CT_OP_ct_ravel_multi_index, xs.items, xs.n, &shape, sizeof shape);
}

static bool ct_ravel_multi_index_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_shape *whole = z->attributes;
    int64_t size;
    *shape = ct_shape_of(z->in[0]);
    *dtype = CT_I64;
    if (!ct_checked_size(whole->ndim, whole->dim, &size))
        return ct_op_fail(z, CT_ERR_SHAPE, "the shape to index is impossible");
    for (int k = 0; k < z->n_in; k++) {
        if (!ct_same_shape(z->in[k], z->in[0])) return ct_op_fail(z, CT_ERR_SHAPE, "the shapes differ");
        if (!ct_check_indices(z, z->in[k], whole->dim[k])) return false;
    }
    return true;
}

static void ct_ravel_multi_index_forward(ct_tensor *z) {
    const ct_shape *whole = z->attributes;
    int64_t *out = z->data;
    for (int64_t i = 0, n = ct_size_of(z); i < n; i++) {
        int64_t place = 0;
        for (int k = 0; k < z->n_in && place != CT_OUT_OF_RANGE; k++) {
            int64_t index = ct_index_place(z->in[k], i, whole->dim[k]);
            place = index < 0 ? CT_OUT_OF_RANGE : place * whole->dim[k] + index;
        }
        out[i] = place;
    }
}

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_ravel_multi_index, .fields = CT_FIELDS({"shape", CT_FIELD_SHAPE, 0}));

/* ---- by masks -------------------------------------------------------------------------------------------------- */

/* x and a mask, broadcast to each other. */
typedef struct masked {
    ct_tensor *x, *mask; /* NULL when they do not fit */
} masked;

static masked masked_of(const char *op, const char *at, ct_tensor *x, ct_tensor *mask) {
    char text[CT_DESCRIPTION];
    ct_shape shape;
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, mask, 1)) return (masked){0};
    if (mask->dtype != CT_BOOL)
        return ct_decline(op, at, mask, CT_ERR_DTYPE, "the mask is %s, not bool", ct_dtype_name(mask->dtype)),
               (masked){0};
    if (!ct_broadcast_shapes(2, (ct_tensor *[]){x, mask}, &shape))
        return ct_decline(op, at, x, CT_ERR_SHAPE, "does not broadcast with the mask %s", ct_describe(mask, text)),
               (masked){0};
    return (masked){ct_broadcast(x, shape), ct_broadcast(mask, shape)};
}

/* The places in a flat tensor where a mask holds, 1-d. */
static ct_tensor *places_where(const char *at, ct_tensor *mask) {
    return ct_ravelled(at, ct_nonzero(ct_ravelled(at, mask)));
}

ct_tensor *ct_masked_select_at(const char *at, ct_tensor *x, ct_tensor *mask) {
    masked m = masked_of("ct_masked_select", at, x, mask);
    return m.x && m.mask ? ct_take(m.x, places_where(at, m.mask)) : NULL;
}

ct_tensor *ct_masked_fill_at(const char *at, ct_tensor *x, ct_tensor *mask, ct_tensor *value) {
    const char *op = "ct_masked_fill";
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, value, 2)) return NULL;
    if (value->ndim)
        return ct_decline(op, at, value, CT_ERR_SHAPE, "the value has %d dimensions, not 0", value->ndim);
    return ct_where(mask, value, x);
}

ct_tensor *ct_masked_scatter_at(const char *at, ct_tensor *x, ct_tensor *mask, ct_tensor *source) {
    const char *op = "ct_masked_scatter";
    masked m = masked_of(op, at, x, mask);
    ct_tensor *places = m.x && m.mask ? places_where(at, m.mask) : NULL;
    if (!places || !ct_given(op, at, source, 2)) return NULL;
    int64_t n = ct_size_of(places);
    if (ct_size_of(source) < n)
        return ct_decline(op, at, source, CT_ERR_SHAPE, "%lld elements are wanted", (long long)n);
    return ct_put(m.x, places, ct_slice(ct_ravelled(at, source), 0, 0, n, 1), false);
}
