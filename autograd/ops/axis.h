/* A tensor seen around one axis: what slices, concat and the index ops work on. */
#ifndef COTANGENT_AUTOGRAD_AXIS_H
#define COTANGENT_AUTOGRAD_AXIS_H

#include "autograd/internal.h"

/* (outer, extent, inner), row-major: the extents before the axis, along it and behind it. An empty tensor has outer
 * and inner 0, as its extents may be too large to be multiplied. */
typedef struct ct_around {
    int64_t outer, extent, inner;
} ct_around;

static inline ct_around ct_around_axis(const ct_tensor *x, int axis) {
    const int64_t *dim = ct_dims_of(x);
    if (ct_size_of(x) == 0) return (ct_around){.extent = dim[axis]};
    ct_around a = {.outer = 1, .extent = dim[axis], .inner = 1};
    for (int i = 0; i < axis; i++) a.outer *= dim[i];
    for (int i = axis + 1; i < x->ndim; i++) a.inner *= dim[i];
    return a;
}

/* Normalises a possibly negative axis of `ndim`; raises in z's name when there is none such. */
static inline bool ct_op_axis(const ct_tensor *z, int ndim, int *axis) {
    unsigned mask;
    if (!ct_resolve_axes(z, &CT_AXES(*axis), ndim, &mask)) return false;
    *axis = __builtin_ctz(mask);
    return true;
}

#endif
