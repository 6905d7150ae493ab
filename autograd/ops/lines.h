/* Tensors seen as lines along an axis. */
#ifndef COTANGENT_AUTOGRAD_LINES_H
#define COTANGENT_AUTOGRAD_LINES_H

#include "autograd/ops/compose.h"

/* x as (outer, n, inner) with the elements over all `axes` in n; *reduced is the shape of a reduction over them. NULL
 * with an error in the name of `op`. */
ct_tensor *ct_merge_axes(const char *op, const char *at, ct_tensor *x, ct_axes axes, ct_shape *reduced);

/* z[...] = x[..., place[...], ...] on an axis of x that z and `place`, found on the same axis, lack. */
ct_tensor *ct_pick(const char *at, ct_tensor *x, int axis, ct_tensor *place);

#endif
