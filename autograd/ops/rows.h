/* Tensors as rows, for ops along the last axis. */
#ifndef COTANGENT_AUTOGRAD_ROWS_H
#define COTANGENT_AUTOGRAD_ROWS_H

#include "autograd/internal.h"
#include "tensor/kernels.h"

/* x as (rows, n), n being the last axis. An empty x has no rows: its extents may be too large to be multiplied. */
static inline ct_rows ct_rows_of(const ct_tensor *x) {
    const int64_t *dim = x->extent->dim;
    int64_t rows = x->extent->size > 0;
    for (int i = 0; i < x->ndim - 1 && rows; i++) rows *= dim[i];
    return (ct_rows){.rows = rows, .n = dim[x->ndim - 1], .x = x->data};
}

#endif
