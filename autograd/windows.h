/* autograd/: what convolutions, pooling and resampling are told. A part of autograd.h; include that.
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

#endif
