/* The loops of ops that read or write at indices, per instruction set. */
#ifndef COTANGENT_AUTOGRAD_INDEX_KERNELS_H
#define COTANGENT_AUTOGRAD_INDEX_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

/* One side, the whole, is (outer, extent, inner), and is indexed into; the other, the part, is (outer, n, inner).
 * Indices count from the back when negative; those out of range read `missing`, and write nothing. */
typedef struct ct_index_job {
    int64_t outer, n, inner, extent;
    const int64_t *y;   /* (n), one for each slice; or (outer, n, inner), one for each element */
    const void *x;      /* read */
    void *z;            /* written */
    ct_element missing; /* of the dtype */
} ct_index_job;
typedef void ct_index_loop(const ct_index_job *job);

typedef struct ct_index_table {
    struct {
        ct_index_loop *select, *gather; /* part = whole at y: slices, elements */
        ct_index_loop *scatter;         /* whole at y = part, in the order of the part */
        ct_index_loop *add_slices, *add_items; /* whole at y += part, in the order of the part; floating dtypes */
    } of[CT_DTYPE_COUNT];
} ct_index_table;
CT_ISA_TABLE(ct_index_table, ct_index_kernels)

#endif
