/* Matrix products through BLAS. OpenBLAS' own threads give other bits for another number of threads, so it is kept to
 * one thread a call, and large products are cut into blocks here.
 *
 * Each block packs the whole other operand again, which costs about 30 / BLOCK of its time: with blocks of 1536 rows
 * or more one thread loses 1 to 2 % against a single call, with 512 it would be 6 %. */
#include "tensor/blas.h"
#include "tensor/gemm_kernels.h"
#include "tensor/internal.h"

#include <assert.h>
#include <cblas.h>
#include <string.h>

#define BLOCK 1536               /* least rows (or columns) of c in one block of a matrix product */
#define BLOCK_WORK (1 << 22)     /* and least multiplications */
#define BLOCK_ELEMENTS (1 << 18) /* least elements of the matrix in one block of a matrix-vector product */

/* Other BLAS libraries lack it. */
extern void openblas_set_num_threads(int) __attribute__((weak));

void ct_one_blas_thread(void) {
    static _Thread_local bool done; /* per thread, because OpenBLAS over OpenMP counts per thread */
    if (!done && openblas_set_num_threads) openblas_set_num_threads(1);
    done = true;
}

typedef struct product {
    ct_dtype dtype;
    bool transpose_a, transpose_b, add;
    int m, n, k;
    const char *a, *b;
    char *c;
    bool by_rows; /* c is cut into groups of rows, else of columns */
    int block;    /* rows or columns of each, the last one excepted */
    ct_epilogue end;
} product;

#define TRANSPOSE(flag) ((flag) ? CblasTrans : CblasNoTrans)

/* c (rows, cols) of the row length p->n; a, b and bias start at the block's first row and column. */
static void multiply_block(const product *p, int rows, int cols, const void *a, const void *b, const void *bias,
                           void *c) {
    bool ta = p->transpose_a, tb = p->transpose_b;
    int k = p->k, lda = ta ? p->m : k, ldb = tb ? k : p->n;
    int a_rows = ta ? k : rows, a_cols = ta ? rows : k, b_rows = tb ? cols : k,
        b_cols = tb ? k : cols; /* as stored */
#define MULTIPLY(gemm, gemv, beta)                                                                                   \
    if (p->n == 1) gemv(CblasRowMajor, TRANSPOSE(ta), a_rows, a_cols, 1, a, lda, b, 1, beta, c, 1);                  \
    else if (p->m == 1) gemv(CblasRowMajor, TRANSPOSE(!tb), b_rows, b_cols, 1, b, ldb, a, 1, beta, c, 1);            \
    else gemm(CblasRowMajor, TRANSPOSE(ta), TRANSPOSE(tb), rows, cols, k, 1, a, lda, b, ldb, beta, c, p->n)
    if (p->dtype == CT_F32) {
        MULTIPLY(cblas_sgemm, cblas_sgemv, (float)p->add);
    } else {
        MULTIPLY(cblas_dgemm, cblas_dgemv, (double)p->add);
    }
#undef MULTIPLY
    if (bias || p->end.relu) ct_gemm_kernels()->finish[p->dtype](rows, cols, p->n, bias, p->end.relu, c);
}

static void multiply_nth(void *context, int64_t block) {
    const product *p = context;
    size_t item = ct_dtype_size(p->dtype);
    int start = (int)block * p->block, extent = p->by_rows ? p->m : p->n;
    int count = extent - start < p->block ? extent - start : p->block;
    size_t first = (size_t)start * item;
    if (p->by_rows) {
        const char *a = p->a + first * (p->transpose_a ? 1 : (size_t)p->k);
        multiply_block(p, count, p->n, a, p->b, p->end.bias, p->c + first * (size_t)p->n);
    } else {
        const char *b = p->b + first * (p->transpose_b ? (size_t)p->k : 1), *bias = p->end.bias;
        multiply_block(p, p->m, count, p->a, b, bias ? bias + first : NULL, p->c + first);
    }
}

/* How many blocks of c; even, as threads mostly are. */
static int64_t count_blocks(int64_t m, int64_t n, int64_t k) {
    int64_t extent = m > n ? m : n, other = m > n ? n : m, blocks, by_work;
    if (other == 1) {
        blocks = extent / 64;
        by_work = extent * k / BLOCK_ELEMENTS;
    } else {
        blocks = extent / BLOCK;
        by_work = (int64_t)((double)extent * (double)k * (double)other / BLOCK_WORK);
    }
    if (blocks > by_work) blocks = by_work;
    return blocks < 2 ? 1 : blocks & ~(int64_t)1;
}

void ct_blas_gemm(ct_dtype dtype, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void *a,
                  const void *b, void *c, bool add, ct_epilogue end) {
    assert(ct_is_float(dtype) && m <= CT_GEMM_MAX && n <= CT_GEMM_MAX && k <= CT_GEMM_MAX);
    if (m == 0 || n == 0) return;
    if (k == 0) { /* which BLAS does not take */
        if (!add) memset(c, 0, (size_t)m * (size_t)n * ct_dtype_size(dtype));
        if (end.bias || end.relu) ct_gemm_kernels()->finish[dtype](m, n, n, end.bias, end.relu, c);
        return;
    }
    ct_one_blas_thread();
    product p = {.dtype = dtype,
                 .transpose_a = transpose_a,
                 .transpose_b = transpose_b,
                 .add = add,
                 .m = (int)m,
                 .n = (int)n,
                 .k = (int)k,
                 .a = a,
                 .b = b,
                 .c = c,
                 .by_rows = m > n,
                 .end = end};
    int64_t blocks = count_blocks(m, n, k);
    if (blocks == 1) {
        multiply_block(&p, p.m, p.n, a, b, end.bias, c);
        return;
    }
    int64_t extent = m > n ? m : n, block = (extent + blocks - 1) / blocks;
    block = (block + 15) & ~(int64_t)15; /* whole vectors, and tiles of OpenBLAS' kernels */
    p.block = (int)block;
    ct_parallel((extent + block - 1) / block, multiply_nth, &p);
}
