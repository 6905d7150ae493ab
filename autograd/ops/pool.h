/* Windows along an axis: what pooling, unfold and fold slide over an image. */
#ifndef COTANGENT_AUTOGRAD_POOL_H
#define COTANGENT_AUTOGRAD_POOL_H

#include "autograd/internal.h"

typedef struct ct_window_axis {
    int64_t in, out; /* extents of the image and of the result */
    int64_t kernel, stride, padding, dilation;
    bool adaptive; /* window i is the i-th of `out` nearly equal parts; the line above means nothing */
} ct_window_axis;

/* First place of window i, and the one behind it, padding included. */
static inline int64_t ct_window_start(const ct_window_axis *a, int64_t i) {
    return a->adaptive ? i * a->in / a->out : i * a->stride - a->padding;
}
static inline int64_t ct_window_end(const ct_window_axis *a, int64_t i) {
    if (a->adaptive) return ((i + 1) * a->in + a->out - 1) / a->out;
    return i * a->stride - a->padding + (a->kernel - 1) * a->dilation + 1;
}

/* Sets the window and a->out; raises in the name of `op` when there is none such. Stride and dilation 0 are 1. */
bool ct_make_window(const char *op, const char *at, ct_window_axis *a, bool ceil);

#endif
