/* The loops of convolutions, per instruction set. All work on `flat` planes: the rows of an image one after the other
 * at a common pitch, so that a step of the kernel window is one and the same distance for every place of the plane,
 * and a convolution is a matrix product whose operand is the plane itself, read at one distance for each tap. */
#ifndef COTANGENT_AUTOGRAD_CONV_KERNELS_H
#define COTANGENT_AUTOGRAD_CONV_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

#define CT_CONV_LANES 16 /* elements; flat lengths are rounded up to a multiple, at least of any vector */

/* A plane as it is stored flat: place (i, j) holds row first[0] + i * step[0] and column first[1] + j * step[1] of
 * the image, and zero where that is outside. */
typedef struct ct_conv_field {
    int64_t extent[2];         /* of the image */
    int64_t first[2], step[2]; /* step > 0 */
    int64_t rows, pitch;       /* stored */
    int64_t size;              /* elements in all; zero behind the rows */
} ct_conv_field;

/* z[i][p] = sum over taps t of w[t][i] * x[p + offset[t]], for p in [0, length) and `outputs` rows i. */
typedef struct ct_conv_taps {
    int64_t taps, length;
    int outputs; /* the table's `block`, or 1 */
    const int64_t *offset;
    const void *x, *w;
    void *z;
    int64_t pitch; /* elements from row to row of z; `length` rounded up to CT_CONV_LANES at least */
} ct_conv_taps;

/* z[i][t] += sum over slabs s and p in [0, length) of g[i][s][p] * x[s][p + offset[t]]. */
typedef struct ct_conv_dots {
    int64_t outputs, taps, slabs, length; /* length: a multiple of CT_CONV_LANES */
    const int64_t *offset;
    const void *g, *x;
    int64_t g_row, g_slab, x_slab; /* elements from one to the next */
    void *z;
    int64_t pitch; /* elements from row to row of z */
} ct_conv_dots;

typedef struct ct_conv_table {
    struct ct_conv_loops {
        int block; /* rows of z that correlate() makes at once */
        void (*pack)(const ct_conv_field *field, const void *image, void *flat);
        void (*correlate)(const ct_conv_taps *taps);
        void (*dots)(const ct_conv_dots *dots);
        /* out[i * step] = (add: out[i * step]; else bias, 0 when NULL) + flat[i], n of them */
        void (*put)(int64_t n, const void *flat, const void *bias, bool add, void *out, int64_t step);
    } of[CT_DTYPE_COUNT]; /* floating dtypes only */
} ct_conv_table;
CT_ISA_TABLE(ct_conv_table, ct_conv_kernels)

#endif
