/* Moving elements: walks over strided buffers, which permute, broadcast, slice, concat, where and their adjoints
 * share, and conversion between dtypes. */
#ifndef COTANGENT_TENSOR_MOVE_H
#define COTANGENT_TENSOR_MOVE_H

#include "tensor/internal.h"

#define CT_WALK_BUFFERS 4

/* Buffers side by side over common axes. Buffer 0 is written, the others are read; none overlaps buffer 0. */
typedef struct ct_walk {
    int ndim;
    int buffers;
    int64_t dim[CT_MAX_DIMS];
    int64_t stride[CT_WALK_BUFFERS][CT_MAX_DIMS]; /* in bytes; 0 repeats an element */
    char *base[CT_WALK_BUFFERS];                  /* the first element of each buffer */
} ct_walk;

ct_walk ct_walk_over(int ndim, const int64_t *dim);
void ct_walk_add_strided(ct_walk *walk, const void *base, const int64_t *stride);
/* A row-major buffer of shape dim[ndim]: axes that it lacks in front, or has with extent 1, are repeated. */
void ct_walk_add(ct_walk *walk, const void *base, size_t item, int ndim, const int64_t *dim);

/* The strides in bytes of a row-major buffer. */
void ct_row_major(int ndim, const int64_t *dim, size_t item, int64_t *stride);

/* Both make a walk short first, joining axes where all buffers allow it; large ones are shared by several threads, cut
 * where buffer 0 is not repeated. */

/* Buffer 0 = (add: +=, for floating dtypes) buffer 1. */
void ct_move(ct_walk *walk, ct_dtype dtype, bool add);

/* Buffer 0 = buffer 2 where buffer 1 (bool) holds, else buffer 3; all but buffer 1 of `dtype`. */
void ct_choose(ct_walk *walk, ct_dtype dtype);

/* n elements. To integers truncates and saturates, NaN becomes 0; to bool: x != 0. */
void ct_convert(ct_dtype to, void *z, ct_dtype from, const void *x, int64_t n);

#endif
