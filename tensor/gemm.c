/* Which kernel multiplies two matrices, and how its work is cut for the threads. */
#include "tensor/blas.h"
#include "tensor/gemm_kernels.h"
#include "tensor/internal.h"

#define SMALL 1000000    /* multiplications: so few are best left to OpenBLAS, which does not pack them either */
#define CACHED (1 << 19) /* bytes of b: dot products read it anew for each 32 rows of a */
#define SHARE (1 << 25)  /* that a thread takes at once, of many: about 0.3 ms */
#define MANY_TURNED 16   /* rows of a, for which transposing b pays; 8 times as many where b has few rows */
#define LONG 512         /* of c: rows or columns whose operands stay in the second cache */

typedef struct job {
    ct_product product;
    ct_multiply *multiply;
    size_t item;  /* bytes of an element */
    bool by_rows; /* c is cut into groups of rows, else of columns */
    int64_t block;
} job;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static const void *behind(const void *data, int64_t elements, size_t item) {
    return data ? (const char *)data + (size_t)elements * item : NULL;
}

static void multiply_part(void *context, int64_t number) {
    const job *j = context;
    ct_product p = j->product;
    int64_t start = number * j->block;
    if (j->by_rows) {
        p.m = least(j->block, p.m - start);
        p.a = behind(p.a, start * p.a_row, j->item);
        p.c = (void *)behind(p.c, start * p.c_row, j->item);
    } else {
        p.n = least(j->block, p.n - start);
        p.b = behind(p.b, start * (p.transpose_b ? p.b_row : 1), j->item);
        p.bias = behind(p.bias, start, j->item);
        p.c = (void *)behind(p.c, start, j->item);
    }
    j->multiply(&p);
}

/* Any cut gives the same bits, so its parts may be as many as there are threads. */
static void share(job *j) {
    const ct_product *p = &j->product;
    /* A weight's gradient by the rows that each thread reads of the weight, unless b is more to read twice. */
    j->by_rows = p->m > p->n || (p->a_column != 1 && p->m >= 2 * CT_GEMM_UNIT && p->k <= p->m);
    int64_t unit = CT_GEMM_UNIT, units = quotient_up(j->by_rows ? p->m : p->n, unit);
    double work = (double)p->m * (double)p->n * (double)p->k;
    if (work < SMALL) { /* with vectors, for which memory is what takes time */
        j->multiply(p);
        return;
    }
    int64_t parts = least((int64_t)(work / SHARE), units * unit / LONG);
    parts = quotient_up(largest(parts, 1), ct_threads()) * ct_threads();
    j->block = quotient_up(units, least(parts, units)) * unit;
    ct_parallel(quotient_up(units * unit, j->block), multiply_part, j);
}

/* c = a @ b^T, as of a linear layer. OpenBLAS packs matrices that few rows are multiplied with. */
static ct_way way_with_rows(const ct_product *p, size_t item, bool small) {
    const bool many = p->m >= 8 * MANY_TURNED, broad = p->n >= CT_GEMM_UNIT, short_rows = p->k <= 4 * CT_GEMM_UNIT;
    if (p->m >= MANY_TURNED && p->k < 256) return many || broad || short_rows ? CT_BY_PANELS : CT_BY_BLAS;
    if (p->k % CT_GEMM_UNIT) return CT_BY_BLAS;
    if (p->m == 1) return CT_BY_DOTS;
    if (p->k < 256) return CT_BY_BLAS;
    const bool two_tiles = p->m >= 4 && p->n > 8 && p->n <= 12 && p->k >= 512; /* ten classes */
    const bool cached = (size_t)(p->n * p->k) * item <= (p->m <= 64 ? 2 : 1) * CACHED;
    return (small ? two_tiles : cached) ? CT_BY_DOTS : CT_BY_BLAS;
}

/* c = op(a) @ b, as of its gradients. */
static ct_way way_with_columns(const ct_product *p, bool small) {
    if (p->k == 1 && !p->add) return p->m > 1 && p->n > 1 ? CT_BY_OUTER : CT_BY_BLAS;
    if (small || p->m == 1 || p->n % CT_GEMM_UNIT) return CT_BY_BLAS;
    return p->k <= 512 || p->m <= 128 ? CT_BY_PANELS : CT_BY_BLAS;
}

/* Our own where BLAS does not reach its speed. All figures are measured: see bench/NOTES.md. */
static ct_way way_of(const ct_product *p, size_t item) {
    const double work = (double)p->m * (double)p->n * (double)p->k;
    if (work == 0) return CT_BY_BLAS; /* c has no tile, or tiles have no panel to be made of */
    return p->transpose_b ? way_with_rows(p, item, work <= SMALL) : way_with_columns(p, work <= SMALL);
}

/* True when the kernels of our own have done it. */
static bool multiplied(ct_dtype dtype, ct_product p) {
    job j = {.multiply = ct_gemm_kernels()->multiply[dtype], .item = ct_dtype_size(dtype)};
    p.way = j.multiply ? way_of(&p, j.item) : CT_BY_BLAS;
    if (p.way == CT_BY_BLAS) return false;
    j.product = p;
    share(&j);
    return true;
}

void ct_gemm(ct_dtype dtype, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const void *a,
             const void *b, void *c, bool add) {
    ct_product p = {.m = m, .n = n, .k = k, .a = a, .b = b, .c = c, .add = add};
    p.a_row = transpose_a ? 1 : k;
    p.a_column = transpose_a ? m : 1;
    p.b_row = transpose_b ? k : n;
    p.c_row = n;
    p.transpose_b = transpose_b;
    if ((transpose_a && transpose_b) || !multiplied(dtype, p))
        ct_blas_gemm(dtype, transpose_a, transpose_b, m, n, k, a, b, c, add, (ct_epilogue){0});
}

void ct_gemm_affine(ct_dtype dtype, int64_t m, int64_t n, int64_t k, const void *a, const void *b, ct_epilogue end,
                    void *c) {
    ct_product p = {.m = m, .n = n, .k = k, .a = a, .b = b, .c = c, .bias = end.bias, .relu = end.relu};
    p.transpose_b = true;
    p.a_row = p.b_row = k;
    p.a_column = 1;
    p.c_row = n;
    if (!multiplied(dtype, p)) ct_blas_gemm(dtype, false, true, m, n, k, a, b, c, false, end);
}
