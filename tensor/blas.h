/* Matrix products, by BLAS (blas.c alone sees cblas.h) or by kernels of our own (gemm.c chooses). */
#ifndef COTANGENT_TENSOR_BLAS_H
#define COTANGENT_TENSOR_BLAS_H

#include "tensor/tensor.h"

/* Keeps OpenBLAS, and LAPACK in it, to the calling thread. */
void ct_one_blas_thread(void);

#define CT_GEMM_MAX INT32_MAX /* of m, n and k: BLAS counts in int */

/* c (m, n) = op(a) @ op(b), or += when `add`, of f32 or f64. op(a) is (m, k), stored as (k, m) when transpose_a;
 * op(b) is (k, n), stored as (n, k) when transpose_b. Large products are shared among the threads, and have the same
 * bits for any number of them. */
void ct_gemm(ct_dtype dtype, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void *a,
             const void *b, void *c, bool add);

/* What is done to c while it is in the cache. */
typedef struct ct_epilogue {
    const void *bias; /* (n) is added to each row of c; NULL: 0 */
    bool relu;        /* then negative elements become 0; NaN stays */
} ct_epilogue;

/* c (m, n) = a (m, k) @ b (n, k)^T, and the epilogue. */
void ct_gemm_affine(ct_dtype dtype, int64_t m, int64_t n, int64_t k, const void *a, const void *b, ct_epilogue end,
                    void *c);
/* As ct_gemm(), by BLAS, with the epilogue; no bias when `add`. */
void ct_blas_gemm(ct_dtype dtype, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void *a,
                  const void *b, void *c, bool add, ct_epilogue end);

#endif
