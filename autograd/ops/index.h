/* Tensors of indices: classes, places along an axis. */
#ifndef COTANGENT_AUTOGRAD_INDEX_H
#define COTANGENT_AUTOGRAD_INDEX_H

#include "autograd/ops/index_kernels.h"

#include <limits.h>

static inline bool ct_is_integer(const ct_tensor *y) {
    return y->dtype == CT_U8 || y->dtype == CT_I32 || y->dtype == CT_I64;
}

/* Element i of y, which is of an integer dtype. */
static inline int64_t ct_read_index(const ct_tensor *y, int64_t i) {
    switch (y->dtype) {
    case CT_U8: return ((const uint8_t *)y->data)[i];
    case CT_I32: return ((const int32_t *)y->data)[i];
    default: return ((const int64_t *)y->data)[i];
    }
}

/* An index that no extent has, from whichever end. */
#define CT_OUT_OF_RANGE INT64_MIN

/* Where index i of y points in an extent, counted from the back when negative; -1 when it is out of range. */
static inline int64_t ct_index_place(const ct_tensor *y, int64_t i, int64_t extent) {
    int64_t index = ct_read_index(y, i);
    if (index < 0) index += extent;
    return index >= 0 && index < extent ? index : -1;
}

/* Whether y holds indices into an extent; raises in z's name. index.c */
bool ct_check_indices(const ct_tensor *z, const ct_tensor *y, int64_t extent);
/* Whether y, when given, is i64, or empty: gather and scatter take no other indices, as in PyTorch. index.c */
bool ct_given_i64(const char *op, const char *at, const ct_tensor *y);

/* For a loop between a part and a whole of this extent along the axis: x is read, z written; y is i64. index.c */
ct_index_job ct_index_job_of(const ct_tensor *part, int axis, int64_t extent, const ct_tensor *y, const void *x,
                             void *z);

/* x without what exceeds y's extents, but for one axis (CT_NO_AXIS: all). index.c */
#define CT_NO_AXIS INT_MIN
ct_tensor *ct_cut_beside(const char *at, ct_tensor *x, const ct_tensor *y, int axis);

#endif
