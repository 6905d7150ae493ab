/* Sparse matrices along an axis: what means, unfold and fold are made of. */
#ifndef COTANGENT_AUTOGRAD_RESAMPLE_H
#define COTANGENT_AUTOGRAD_RESAMPLE_H

#include "autograd/internal.h"

/* A matrix under construction, row by row, in the scope's memory: ct_sparse_begin(), then ct_sparse_entry() for each
 * entry of a row and ct_sparse_row() at its end. `most` entries at the most; NULL with an error raised. */
ct_sparse *ct_sparse_begin(const char *op, const char *at, int64_t rows, int64_t columns, int64_t most);
void ct_sparse_entry(ct_sparse *m, int64_t column, double weight);
void ct_sparse_row(ct_sparse *m);

ct_sparse *ct_sparse_transpose(const char *at, const ct_sparse *m); /* NULL with an error raised, or when m is */

/* ct_resample() by a matrix that the scope holds; NULL when m is. */
ct_tensor *ct_resample_by(const char *at, ct_tensor *x, int axis, const ct_sparse *m);

#endif
