/* Tensors of indices: classes, places along an axis. */
#ifndef COTANGENT_AUTOGRAD_INDEX_H
#define COTANGENT_AUTOGRAD_INDEX_H

#include "autograd/internal.h"

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

#endif
