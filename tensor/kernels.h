/* Numeric kernels of tensor/: tables per instruction set, and what cuts their work for the threads. */
#ifndef COTANGENT_TENSOR_KERNELS_H
#define COTANGENT_TENSOR_KERNELS_H

#include "tensor/isa.h"
#include "tensor/tensor.h"

/* ---- reductions over the middle axis of (outer, n, inner) ------------------------------------------------- */

typedef enum ct_reduction {
    CT_REDUCE_SUM,        /* f32 and f64; a tree of fixed form, see reduce_fold.inc */
    CT_REDUCE_EXACT_SUM,  /* the same, in f64 inside: what ct_reduce() makes of sums of few elements */
    CT_REDUCE_MAGNITUDES, /* the sum of |x| */
    CT_REDUCE_SQUARES,    /* the sum of x^2 */
    CT_REDUCE_LARGEST,    /* the largest |x|, NaN if one is; n > 0 */
    CT_REDUCE_PROD,
    CT_REDUCE_MAX, /* every dtype; NaN if one is; n > 0 */
    CT_REDUCE_MIN,
    CT_REDUCE_LOGSUMEXP, /* f32 and f64; n > 0 */
    CT_REDUCE_MOMENTS, /* f32 and f64, to ct_moments; n > 0 */
    CT_REDUCTION_COUNT
} ct_reduction;

/* How what a reduction made of parts is put together. */
static inline ct_reduction ct_reduction_of_parts(ct_reduction how) {
    return how == CT_REDUCE_MAGNITUDES || how == CT_REDUCE_SQUARES ? CT_REDUCE_SUM : how;
}

/* Of a set of numbers: their mean, and the sum of the squares of their deviations from it. */
typedef struct ct_moments {
    double mean, square;
} ct_moments;

/* z (outer, inner) = x (outer, n, inner) reduced; or += when `add`, for sums. Same bits for any number of threads. */
void ct_reduce(ct_reduction how, ct_dtype dtype, int64_t outer, int64_t n, int64_t inner, const void *x, void *z,
               bool add);
/* z (outer, inner): the moments of the unions of x (outer, n, inner), sets of `count` numbers each, the last ones on
 * the middle axis of `last`; n > 0. */
void ct_merge_moments(int64_t outer, int64_t n, int64_t inner, int64_t count, int64_t last, const ct_moments *x,
                      ct_moments *z);
/* The reverse of a sum: gx (outer, n, inner) = or += scale * g (outer, inner), f32 or f64. */
void ct_spread(ct_dtype dtype, int64_t outer, int64_t n, int64_t inner, const void *g, double scale, void *gx,
               bool add);

/* As ct_reduce(), for the first `width` of the `inner` columns. */
typedef void ct_folder(int64_t outer, int64_t n, int64_t inner, int64_t width, const void *x, void *z, bool add);
/* index (outer): the first place in rows (outer, n) where x is best (outer), or is NaN; n > 0. */
typedef void ct_find(int64_t outer, int64_t n, const void *x, const void *best, int64_t *index);
/* index (outer, inner), the first `width` columns: the first place on the middle axis of x where it is largest, or
 * smallest, or is NaN, in one pass; n > 0. For a single column ct_find() is faster. */
typedef void ct_choose(int64_t outer, int64_t n, int64_t inner, int64_t width, const void *x, int64_t *index);
typedef void ct_spreader(int64_t outer, int64_t n, int64_t inner, const void *g, double scale, void *gx, bool add);

typedef struct ct_reduce_table {
    ct_folder *fold[CT_REDUCTION_COUNT][CT_DTYPE_COUNT];
    ct_find *find[CT_DTYPE_COUNT];
    ct_choose *largest[CT_DTYPE_COUNT], *smallest[CT_DTYPE_COUNT];
    ct_spreader *spread[CT_DTYPE_COUNT];
} ct_reduce_table;

CT_ISA_TABLE(ct_reduce_table, ct_reduce_kernels)

/* ---- kernels of the rows of (rows, n), f32 or f64 --------------------------------------------------------- */

typedef struct ct_rows {
    int64_t rows, n;      /* of every matrix below */
    const void *x;        /* of the backward kernels: the forward kernel's z */
    const void *y;        /* probabilities; of the backward kernels: the cotangent g of z */
    const int64_t *label; /* (rows) classes, instead of probabilities */
    void *z;              /* the result; of the backward kernels: gx */
    void *beside;         /* (rows): see the kernel */
    double scale;         /* see the kernel */
    bool add;             /* of the backward kernels: += instead of = */
} ct_rows;

typedef enum ct_row_kernel {
    CT_ROW_SOFTMAX,                /* z = exp(x) / sum */
    CT_ROW_SOFTMAX_BACKWARD,       /* z = x (y - sum of x y) */
    CT_ROW_LOG_SOFTMAX,            /* z = x - log(sum of exp(x)) */
    CT_ROW_LOG_SOFTMAX_BACKWARD,   /* z = scale (y - exp(x) sum of y) */
    CT_ROW_CROSS_ENTROPY,          /* z = softmax(x), beside = -log z[label]; both NaN where it is out of range */
    CT_ROW_CROSS_ENTROPY_BACKWARD, /* z = scale (x - 1 at the label) */
    CT_ROW_CROSS_ENTROPY_PROBS,    /* z = log_softmax(x), beside = - sum of y z */
    CT_ROW_STANDARDIZE,            /* z = beside (x - mean), beside = 1 / sqrt(variance + scale), which is f64 */
    CT_ROW_STANDARDIZE_BACKWARD,   /* z = beside (y - mean of y - x mean of x y) */
    CT_ROW_KERNEL_COUNT
} ct_row_kernel;

/* Runs a kernel over all rows; same bits for any number of threads. */
void ct_run_rows(ct_row_kernel kernel, ct_dtype dtype, const ct_rows *rows);

#define CT_ROW_GROUP 2048 /* elements; a group of rows has at most these, or is one row */
typedef struct ct_row_table {
    /* Works on rows [start, start + count), a group. */
    void (*of[CT_ROW_KERNEL_COUNT][CT_DTYPE_COUNT])(const ct_rows *rows, int64_t start, int64_t count);
} ct_row_table;

CT_ISA_TABLE(ct_row_table, ct_row_kernels)

#endif
