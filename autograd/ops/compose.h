/* For functions that are composed of operations: what they check before they look into their operands. */
#ifndef COTANGENT_AUTOGRAD_COMPOSE_H
#define COTANGENT_AUTOGRAD_COMPOSE_H

#include "autograd/internal.h"

/* Raises "op: x(2,3): reason"; returns NULL. */
ct_tensor *ct_decline(const char *op, const char *at, const ct_tensor *x, ct_error_code code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether operand k is there; raises otherwise. */
static inline bool ct_given(const char *op, const char *at, const ct_tensor *x, int k) {
    if (!x) ct_raise_null(op, at, k);
    return x != NULL;
}

/* Whether all tensors of a list are there, or all numbers of one that is operand k; raises otherwise. */
bool ct_given_list(const char *op, const char *at, ct_list xs);
bool ct_given_sizes(const char *op, const char *at, ct_sizes sizes, int k);

/* Normalises a possibly negative axis of x; raises when x, which may be NULL, has none such. As in PyTorch a 0-d tensor
 * may be said to have one axis. */
bool ct_given_axis(const char *op, const char *at, const ct_tensor *x, int *axis);
/* The same for several different ones, ct_axes.n < 0 being all; sets bit i of *mask for axis i. */
bool ct_given_axes(const char *op, const char *at, const ct_tensor *x, ct_axes *axes, unsigned *mask);
/* The same for a place between the axes, 0 to ndim, where n more are to go in. */
bool ct_given_gap(const char *op, const char *at, const ct_tensor *x, int n, int *axis);

/* x as it is, a 0-d one as one of shape (1). */
ct_tensor *ct_at_least_1d(const char *at, ct_tensor *x);
/* x's elements in one axis. */
ct_tensor *ct_ravelled(const char *at, ct_tensor *x);

/* Puts the extent that makes `size` elements in place of a -1; false when there is none. shape.c */
bool ct_complete_shape(ct_shape *shape, int64_t size);

/* Of a row-major tensor, in elements. strided.c */
ct_shape ct_strides_of(const ct_shape *shape);

/* Room for n tensors, in the scope's memory; NULL with an error raised. */
ct_tensor **ct_room_for(const char *op, const char *at, int64_t n);

#endif
