/* What reductions over sets of axes have in common. reduce.c */
#ifndef COTANGENT_AUTOGRAD_REDUCE_H
#define COTANGENT_AUTOGRAD_REDUCE_H

#include "autograd/ops/compose.h"
#include "tensor/kernels.h"

/* The first member of a reduction's attributes. */
typedef struct ct_reduce_attributes {
    ct_axes axes;
    unsigned mask; /* bit i is set when axis i is reduced */
    int64_t count; /* elements that become one; 0 when x is empty */
    int n;         /* steps, from the last run of reduced axes to the first; 0 when x is empty */
    struct {
        int64_t outer, n, inner; /* (outer, n, inner) becomes (outer, inner) */
    } step[(CT_MAX_DIMS + 1) / 2];
    void *between[2]; /* results of all steps but the last, by turns; in the scope's memory */
} ct_reduce_attributes;

/* Raises that there is none for z; returns false. */
bool ct_no_reduce_memory(const ct_tensor *z);
/* A shape function that plans the steps, without the memory between them. */
bool ct_plan_reduction(ct_tensor *z, ct_shape *shape, ct_dtype *dtype);
/* The same with that memory, for floating dtypes only. */
bool ct_floating_reduction(ct_tensor *z, ct_shape *shape, ct_dtype *dtype);
/* Runs the steps. */
void ct_reduce_steps(ct_tensor *z, ct_reduction how);
/* t, of z's shape, with the reduced axes in it as extent 1. */
ct_tensor *ct_with_axes(const char *at, const ct_tensor *z, ct_tensor *t);

typedef ct_tensor *ct_axes_op(const char *at, ct_tensor *x, ct_axes axes);
/* For samples: draws x and reduces it; an axis without elements only when `of_none`. */
ct_sample ct_reduce_sample(int i, ct_axes_op *op, ct_tensor *(*draw)(ct_dtype, ct_shape), bool of_none, ct_dtype dtype);
ct_tensor *ct_draw_any(ct_dtype dtype, ct_shape shape);
/* Up to 101 different multiples of 0.1, in disorder. */
ct_tensor *ct_draw_distinct(ct_dtype dtype, ct_shape shape);

#endif
