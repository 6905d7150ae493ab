/* Running sums, products and extremes along the middle axis of (outer, n, inner), per instruction set. */
#ifndef COTANGENT_AUTOGRAD_SCAN_KERNELS_H
#define COTANGENT_AUTOGRAD_SCAN_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

typedef struct ct_scan {
    int64_t outer, n, inner;
    bool reverse;  /* from the last element to the first */
    const void *x; /* (outer, n, inner) */
    const void *y; /* likewise, of CT_SCAN_RECURRENCE */
    void *z;       /* likewise; i64 places along n of CT_SCAN_ARGMAX and CT_SCAN_ARGMIN */
} ct_scan;

typedef enum ct_scan_kind {
    CT_SCAN_SUM,
    CT_SCAN_PROD,
    CT_SCAN_LOGSUMEXP,
    CT_SCAN_RECURRENCE, /* z[t] = x[t] z[t-1] + y[t]; in reverse z[t] = x[t+1] z[t+1] + y[t] */
    CT_SCAN_ARGMAX,     /* the last of equal ones; a NaN is larger than what is not */
    CT_SCAN_ARGMIN,
    CT_SCAN_KIND_COUNT
} ct_scan_kind;

/* Lines are scanned in groups, side by side: CT_SCAN_COLUMNS neighbours of `inner`, or when that is 1 CT_SCAN_ROWS
 * rows of `outer`. */
#define CT_SCAN_COLUMNS 1024
#define CT_SCAN_ROWS 8

/* Scans one line, (n) elements `down` apart, and the `width - 1` ones that start `across` elements further on. */
typedef void ct_scan_lines(const ct_scan *s, int64_t start, int64_t down, int64_t across, int64_t width);

typedef struct ct_scan_table {
    ct_scan_lines *of[CT_SCAN_KIND_COUNT][CT_DTYPE_COUNT]; /* floating dtypes only; n > 0 */
} ct_scan_table;
CT_ISA_TABLE(ct_scan_table, ct_scan_kernels)

#endif
