/* Products of matrices of middle size, which BLAS libraries pack more than they multiply; per instruction set. */
#ifndef COTANGENT_TENSOR_GEMM_KERNELS_H
#define COTANGENT_TENSOR_GEMM_KERNELS_H

#include "tensor/isa.h"
#include "tensor/tensor.h"

#define CT_GEMM_UNIT 16 /* elements: a multiple of any vector */

typedef enum ct_way {
    CT_BY_BLAS,   /* not by these kernels */
    CT_BY_OUTER,  /* k is 1, !add, no bias and no relu, and b is a row */
    CT_BY_DOTS,   /* of rows of a and b, where k is along both, and a multiple of CT_GEMM_UNIT */
    CT_BY_PANELS, /* of columns of b; n is a multiple of CT_GEMM_UNIT unless transpose_b */
} ct_way;

/* c (m, n) = or += op(a) (m, k) @ op(b) (k, n). An element of c is the same sum in the same order wherever its tile
 * lies, so that c may be cut in any way between calls. */
typedef struct ct_product {
    int64_t m, n, k;
    const void *a, *b;
    void *c;
    int64_t a_row, a_column; /* elements from one to the next, of op(a) */
    int64_t b_row;           /* of b as it is stored: (k, n), or (n, k) when transpose_b */
    int64_t c_row;
    bool transpose_b;
    ct_way way;
    bool add;
    const void *bias; /* (n) is added to each row of c unless `add`; NULL: 0 */
    bool relu;        /* negative elements of c become 0 in the end; NaN stays */
} ct_product;

typedef void ct_multiply(const ct_product *p);

/* The columns [0, n) of m rows of c plus bias (n), unless it is NULL, and then their ReLU, in place. */
typedef void ct_finish(int64_t m, int64_t n, int64_t c_row, const void *bias, bool relu, void *c);

typedef struct ct_gemm_table {
    ct_multiply *multiply[CT_DTYPE_COUNT]; /* NULL without fused multiply-adds: BLAS knows such processors better */
    ct_finish *finish[CT_DTYPE_COUNT];
} ct_gemm_table;

CT_ISA_TABLE(ct_gemm_table, ct_gemm_kernels)

#endif
