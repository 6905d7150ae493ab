/* The loops of convolutions, per instruction set. All work on `flat` planes: the rows of an image one after the other
 * at a common pitch, so that a step of the kernel window is one and the same distance for every place of the plane,
 * and a convolution is a matrix product whose operand is the plane itself, read at one distance for each tap. */
#ifndef COTANGENT_AUTOGRAD_CONV_KERNELS_H
#define COTANGENT_AUTOGRAD_CONV_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

#define CT_CONV_LANES 16 /* elements; flat lengths are rounded up to a multiple, at least of any vector */

/* Planes as they are stored flat: place (i, j) holds row first[0] + i * step[0] and column first[1] + j * step[1] of
 * the image, and zero where that is outside. */
typedef struct ct_conv_field {
    int64_t planes;            /* of images that follow each other */
    int64_t stride;            /* elements from a flat plane to the next */
    int64_t extent[2];         /* of an image */
    int64_t first[2], step[2]; /* step > 0 */
    int64_t rows, pitch;       /* stored */
    int64_t size;              /* elements of a plane in all; zero behind the rows */
} ct_conv_field;

/* Rows of a flat plane on their way into an image: n elements each, `step` apart there. */
typedef struct ct_conv_rows {
    int64_t rows, n;
    int64_t pitch, stride; /* elements from row to row, of the flat plane and of the image */
    int64_t step;
    bool add;     /* += */
    bool compact; /* the rows are all that these rows of the image hold */
} ct_conv_rows;

/* A weight packed for `outputs` targets: to[c][t][i] = weight[c * by_source + tap[t] + i * by_target]. */
typedef struct ct_conv_weave {
    int64_t sources, taps, outputs;
    const int64_t *tap;
    int64_t by_source, by_target; /* elements */
} ct_conv_weave;

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
        void (*pack)(const ct_conv_field *field, const void *images, void *flat);
        void (*weave)(const ct_conv_weave *order, const void *weight, void *to);
        void (*correlate)(const ct_conv_taps *taps);
        void (*dots)(const ct_conv_dots *dots);
        void (*put)(const ct_conv_rows *rows, const void *flat, const void *bias, void *out); /* bias: NULL is 0 */
    } of[CT_DTYPE_COUNT]; /* floating dtypes only */
} ct_conv_table;
CT_ISA_TABLE(ct_conv_table, ct_conv_kernels)

#endif
