/* Convolution over numbers: one geometry, three directions. conv_run.c */
#ifndef COTANGENT_AUTOGRAD_CONV_H
#define COTANGENT_AUTOGRAD_CONV_H

#include "autograd/internal.h"

/* Along one spatial axis: place j of z meets x at j * stride + tap * dilation - padding. */
typedef struct ct_conv_axis {
    int64_t x, taps, z; /* extents */
    int64_t stride, padding, dilation;
} ct_conv_axis;

/* x (n, groups * c, x0, x1), weight (groups * o, c, taps0, taps1), z (n, groups * o, z0, z1). A 1-d convolution has a
 * first axis of extents 1. */
typedef struct ct_conv_geometry {
    ct_dtype dtype;
    int64_t n, groups, c, o;
    ct_conv_axis axis[2];
} ct_conv_geometry;

/* What is computed, of the other two. */
typedef enum ct_conv_direction { CT_CONV_Z, CT_CONV_X, CT_CONV_WEIGHT } ct_conv_direction;

/* How it is computed, with the memory that it takes; the scope's. */
typedef struct ct_conv_plan ct_conv_plan;

/* For the current number of threads, on which no bit of a result depends. NULL without an error raised when out of
 * memory. */
ct_conv_plan *ct_conv_make_plan(const ct_conv_geometry *geometry, ct_conv_direction direction);

/* z = the convolution of x, plus bias (groups * o), which may be NULL; or x = the transposed convolution of z. With
 * `add` += instead, without a bias. */
void ct_conv_correlate(const ct_conv_plan *plan, const void *source, const void *weight, const void *bias,
                       void *target, bool add);
/* weight = or += the sum over n and the places of z of z and what it meets of x. */
void ct_conv_weigh(const ct_conv_plan *plan, const void *x, const void *z, void *weight, bool add);

#endif
