/* autograd/: functions that are composed of operations. A part of autograd.h; include that. */
#ifndef COTANGENT_COMPOSITES_H
#define COTANGENT_COMPOSITES_H

/* ---- shape: ops/shape.c, ops/slice.c ---- */

CT_API ct_tensor *ct_transpose_at(const char *at, ct_tensor *x, int axis1, int axis2); /* exchanges two axes */
CT_API ct_tensor *ct_stack_at(const char *at, ct_list xs, int axis);                   /* joins along a new axis */
#define ct_transpose(...) ct_transpose_at(CT_HERE, __VA_ARGS__)
#define ct_stack(...) ct_stack_at(CT_HERE, __VA_ARGS__)

/* ---- arithmetic, activations: ops/activation.c ---- */

/* ---- reductions, order, statistics: ops/statistics.c ---- */

/* ---- products: ops/einsum.c ---- */

/* ---- losses: ops/loss.c ---- */

/* ---- convolution, pooling, normalisation, images: ops/conv.c, ops/pool.c, ops/norm.c, ops/image.c ---- */

/* ---- linear algebra: ops/linalg.c ---- */

#endif
