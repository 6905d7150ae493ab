/* The loops under move.h, per instruction set. */
#ifndef COTANGENT_TENSOR_MOVE_KERNELS_H
#define COTANGENT_TENSOR_MOVE_KERNELS_H

#include "tensor/isa.h"
#include "tensor/move.h"

/* Does the last two axes of a walk, from the places at[buffer] on. */
typedef void ct_visit(const ct_walk *walk, char *const *at);

/* Both move an element from buffer 1 to buffer 0; tiles wants buffer 0 contiguous along the last axis and buffer 1
 * along the one before. */
typedef struct ct_mover {
    ct_visit *rows, *tiles;
} ct_mover;

typedef struct ct_move_table {
    ct_mover copy[CT_DTYPE_COUNT];
    ct_mover add[CT_DTYPE_COUNT]; /* floating dtypes only */
    ct_visit *choose[CT_DTYPE_COUNT];
    void (*convert[CT_DTYPE_COUNT][CT_DTYPE_COUNT])(int64_t n, const void *x, void *z); /* [to][from] */
} ct_move_table;
CT_ISA_TABLE(ct_move_table, ct_move_loops)

#endif
