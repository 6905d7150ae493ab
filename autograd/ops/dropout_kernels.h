/* The loops of ct_dropout, per instruction set. */
#ifndef COTANGENT_AUTOGRAD_DROPOUT_KERNELS_H
#define COTANGENT_AUTOGRAD_DROPOUT_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

typedef struct ct_dropout_table {
    struct ct_dropout_loops {
        /* keep = u >= p: true with probability 1 - p for u uniform in [0, 1) */
        void (*draw)(int64_t n, const void *u, double p, uint8_t *keep);
        /* z = or (add) += scale * x where kept, else 0 */
        void (*apply)(int64_t n, const uint8_t *keep, double scale, const void *x, void *z, bool add);
    } of[CT_DTYPE_COUNT]; /* floating dtypes only */
} ct_dropout_table;
CT_ISA_TABLE(ct_dropout_table, ct_dropout_kernels)

#endif
