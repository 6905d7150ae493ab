/* Dense factorisations through LAPACK; lapack.c alone declares its routines. Matrices are row-major, of f32 or f64,
 * extents at most CT_LAPACK_MAX. What LAPACK needs beside them is in `work`, of ct_lapack_work() bytes. Results are
 * 0, or the number (from 1) of what failed. One thread a call, so that results do not depend on their number. */
#ifndef COTANGENT_TENSOR_LAPACK_H
#define COTANGENT_TENSOR_LAPACK_H

#include "tensor/tensor.h"

#define CT_LAPACK_MAX 16384 /* LAPACK counts its work space, several n * n, in int */

size_t ct_lapack_work(ct_dtype dtype, int m, int n); /* enough for each of the functions below */

/* The lower triangle of a (n, n) becomes its Cholesky factor, read from the same; zeros above. */
int ct_lapack_cholesky(ct_dtype dtype, int n, void *a);

/* a (n, n) becomes factors for the two below; what fails is the pivot that is 0. *sign and *log_abs, when wanted, are
 * those of the determinant: 0 and -infinity then. */
int ct_lapack_lu(ct_dtype dtype, int n, void *a, void *work, double *sign, double *log_abs);
void ct_lapack_solve(ct_dtype dtype, int n, int k, const void *lu, const void *work, void *b); /* b (n, k) = a^-1 b */
void ct_lapack_inverse(ct_dtype dtype, int n, void *lu, void *work);

/* b (m, n) = a^-1 b, or b a^-1 when not `left`, a being the upper or lower triangle, with ones when `unit`. */
void ct_lapack_solve_triangular(ct_dtype dtype, bool upper, bool left, bool unit, int m, int n, const void *a,
                                void *b);

/* values (n) ascending and vectors (n, n), in columns, of the symmetric a, of which the lower triangle is read. */
int ct_lapack_eigh(ct_dtype dtype, int n, const void *a, void *vectors, void *values, void *work);

/* a (m, n) = u (m, k) diag(s) v (n, k)^T, s (k) descending, k = min(m, n). */
int ct_lapack_svd(ct_dtype dtype, int m, int n, const void *a, void *u, void *v, void *s, void *work);

/* a (m, n) = q (m, k) r^T, r (n, k) with zeros above its diagonal. */
void ct_lapack_qr(ct_dtype dtype, int m, int n, const void *a, void *q, void *r, void *work);

#endif
