/* autograd/: what convolutions, pooling and other windows are told. A part of autograd.h; include that.
 *
 * Entry i of an array is about spatial axis i; functions of one spatial axis read entry 0 only. A 0 stands for the
 * default, which is 1 where nothing else is said, and 0 for paddings. */
#ifndef COTANGENT_WINDOWS_H
#define COTANGENT_WINDOWS_H

/* ct_conv2d(x, w, NULL, &(ct_conv_options){.padding = {1, 1}}); NULL is all defaults. */
typedef struct ct_conv_options {
    int64_t stride[2];
    int64_t padding[2]; /* zeros on either side */
    int64_t dilation[2];
    int64_t output_padding[2]; /* of transposed convolutions: elements more at the end */
    int64_t groups;
    bool same; /* of convolutions of stride 1: as much padding as keeps the extents, an odd zero being the last */
} ct_conv_options;

/* Windows of pooling: ct_max_pool2d(x, &(ct_pool_options){.kernel = {2, 2}}). */
typedef struct ct_pool_options {
    int64_t kernel[2];    /* extents; to be given */
    int64_t stride[2];    /* by default the kernel's extents */
    int64_t padding[2];   /* on either side, half of the kernel at the most */
    int64_t dilation[2];  /* of the maximum only, as in PyTorch */
    bool ceil;            /* a last window may be cut off by the end */
    bool exclude_padding; /* of the mean: counts elements of x only */
    double divisor;       /* of the mean: divides by that; 0 divides by how many elements there are */
} ct_pool_options;

/* A matrix (rows, columns) by its entries other than 0: those of row i are start[i] up to start[i + 1]. */
typedef struct ct_sparse {
    int64_t rows, columns;
    int64_t *start;  /* (rows + 1); start[0] is 0 */
    int64_t *column; /* of each entry */
    double *weight;  /* likewise */
} ct_sparse;

#endif
