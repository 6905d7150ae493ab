/* Products of matrices as they are stored. */
#ifndef COTANGENT_AUTOGRAD_MATMUL_H
#define COTANGENT_AUTOGRAD_MATMUL_H

#include "autograd/internal.h"

/* ct_matmul of x, stored as (..., k, m) when transpose_x, and y, stored as (..., n, k) when transpose_y. */
ct_tensor *ct_matmul_flagged(const char *at, ct_tensor *x, ct_tensor *y, bool transpose_x, bool transpose_y);

#endif
