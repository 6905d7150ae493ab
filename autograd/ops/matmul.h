/* Products of matrices as they are stored. */
#ifndef COTANGENT_AUTOGRAD_MATMUL_H
#define COTANGENT_AUTOGRAD_MATMUL_H

#include "autograd/internal.h"

/* ct_matmul of x, stored as (..., k, m) when transpose_x, and y, stored as (..., n, k) when transpose_y. */
ct_tensor *ct_matmul_flagged(const char *at, ct_tensor *x, ct_tensor *y, bool transpose_x, bool transpose_y);

/* Whether z's operands are of one floating dtype; raises otherwise. */
bool ct_one_floating_dtype(const ct_tensor *z);
/* Whether (m, k) @ (second, n) is a product, and one for BLAS; raises in z's name otherwise. */
bool ct_multiplies(const ct_tensor *z, int64_t m, int64_t n, int64_t k, int64_t second);

#endif
