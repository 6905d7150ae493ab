/* Functions that turn slices about, or go through them in windows: flip, rot90, roll, cross, unfold_axis. */
#include "autograd/ops/compose.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- order along axes ------------------------------------------------------------------------------------------ */

ct_tensor *ct_flip_at(const char *at, ct_tensor *x, ct_axes axes) {
    unsigned mask;
    if (!ct_given_axes("ct_flip", at, x, &axes, &mask)) return NULL;
    ct_shape shape = ct_shape_of(x), strides = ct_strides_of(&shape);
    int64_t offset = 0;
    for (int i = 0; i < x->ndim; i++) {
        if (!(mask & 1u << i)) continue;
        offset += (shape.dim[i] - 1) * strides.dim[i];
        strides.dim[i] = -strides.dim[i];
    }
    return ct_as_strided(x, shape, strides, offset);
}

ct_tensor *ct_flipud_at(const char *at, ct_tensor *x) {
    if (!ct_given("ct_flipud", at, x, 0)) return NULL;
    if (x->ndim < 1) return ct_decline("ct_flipud", at, x, CT_ERR_SHAPE, "0 dimensions, of at least 1");
    return ct_flip(x, CT_AXES(0));
}

ct_tensor *ct_fliplr_at(const char *at, ct_tensor *x) {
    if (!ct_given("ct_fliplr", at, x, 0)) return NULL;
    if (x->ndim < 2) return ct_decline("ct_fliplr", at, x, CT_ERR_SHAPE, "%d dimensions, of at least 2", x->ndim);
    return ct_flip(x, CT_AXES(1));
}

ct_tensor *ct_rot90_at(const char *at, ct_tensor *x, int turns, ct_axes axes) {
    unsigned mask;
    if (!ct_given_axes("ct_rot90", at, x, &axes, &mask)) return NULL;
    if (axes.n != 2) return ct_decline("ct_rot90", at, x, CT_ERR_ARGUMENT, "%d axes, not 2", axes.n);
    switch (turns & 3) {
    case 1: return ct_transpose(ct_flip(x, CT_AXES(axes.axis[1])), axes.axis[0], axes.axis[1]);
    case 2: return ct_flip(x, axes);
    case 3: return ct_transpose(ct_flip(x, CT_AXES(axes.axis[0])), axes.axis[0], axes.axis[1]);
    default: return ct_clone(x);
    }
}

static ct_tensor *roll_axis(const char *at, ct_tensor *x, int64_t shift, int axis) {
    int64_t extent = x ? x->extent->dim[axis] : 0;
    if (extent == 0) return x;
    int64_t cut = (extent - shift % extent) % extent;
    return ct_concat(CT_LIST(ct_slice(x, axis, cut, CT_END, 1), ct_slice(x, axis, 0, cut, 1)), axis);
}

ct_tensor *ct_roll_at(const char *at, ct_tensor *x, ct_sizes shifts, ct_axes axes) {
    const char *op = "ct_roll";
    if (!ct_given(op, at, x, 0) || !ct_given_sizes(op, at, shifts, 1)) return NULL;
    bool flat = axes.n < 0;
    if (!flat && x->ndim == 0) return ct_decline(op, at, x, CT_ERR_SHAPE, "0 dimensions, of at least 1");
    if (shifts.n < 1 || shifts.n != (flat ? 1 : axes.n))
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d shifts for %d axes", shifts.n, flat ? 1 : axes.n);
    ct_tensor *z = flat ? ct_ravelled(at, x) : x;
    for (int i = 0; i < shifts.n; i++) {
        int axis = flat ? 0 : axes.axis[i];
        if (!flat && !ct_given_axis(op, at, x, &axis)) return NULL;
        z = roll_axis(at, z, shifts.items[i], axis);
    }
    return ct_reshape(z, ct_shape_of(x));
}

/* z[i] = x[i+1] y[i+2] - x[i+2] y[i+1], the indices modulo 3. */
ct_tensor *ct_cross_at(const char *at, ct_tensor *x, ct_tensor *y, int axis) {
    const char *op = "ct_cross";
    if (!ct_given_axis(op, at, x, &axis) || !ct_given(op, at, y, 1)) return NULL;
    if (x->ndim != y->ndim || x->ndim == 0 || x->extent->dim[axis] != 3 || y->extent->dim[axis] != 3) {
        char text[CT_DESCRIPTION];
        return ct_decline(op, at, x, CT_ERR_SHAPE, "and %s are no vectors of 3 along axis %d", ct_describe(y, text),
                          axis);
    }
    ct_tensor *x1 = roll_axis(at, x, -1, axis), *x2 = roll_axis(at, x, -2, axis);
    ct_tensor *y1 = roll_axis(at, y, -1, axis), *y2 = roll_axis(at, y, -2, axis);
    return ct_sub(ct_mul(x1, y2), ct_mul(x2, y1));
}

/* ---- windows --------------------------------------------------------------------------------------------------- */

ct_tensor *ct_unfold_axis_at(const char *at, ct_tensor *x, int axis, int64_t size, int64_t step) {
    const char *op = "ct_unfold_axis";
    int last = -1;
    if (!ct_given_axis(op, at, x, &axis) || !ct_given_gap(op, at, x, 1, &last)) return NULL;
    int64_t extent = x->ndim ? x->extent->dim[axis] : 1;
    if (size < 0 || size > extent || step <= 0)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "windows of %lld every %lld along an extent of %lld",
                          (long long)size, (long long)step, (long long)extent);
    ct_shape shape = ct_shape_of(x), strides = ct_strides_of(&shape);
    int64_t stride = x->ndim ? strides.dim[axis] : 1, windows = (extent - size) / step + 1;
    if (x->ndim) shape.dim[axis] = windows;
    if (x->ndim && windows > 1) strides.dim[axis] = stride * step; /* within x, so that it fits */
    shape.dim[shape.ndim++] = size;
    strides.dim[strides.ndim++] = stride;
    return ct_as_strided(x, shape, strides, 0);
}
