/* The loops of ct_resample, per instruction set. */
#ifndef COTANGENT_AUTOGRAD_RESAMPLE_KERNELS_H
#define COTANGENT_AUTOGRAD_RESAMPLE_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

typedef struct ct_resample_table {
    /* z (outer, matrix->rows, inner) = the matrix times x (outer, matrix->columns, inner) */
    void (*apply[CT_DTYPE_COUNT])(const ct_sparse *matrix, int64_t outer, int64_t inner, const void *x, void *z);
} ct_resample_table; /* floating dtypes only */
CT_ISA_TABLE(ct_resample_table, ct_resample_kernels)

#endif
