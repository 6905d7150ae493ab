/* nn/: layers. A part of nn.h; include that.
 *
 * Options are named after the sizes: ct_linear(784, 128), ct_linear(784, 128, .dtype = CT_F64). Those that are zero
 * have the value in brackets; CT_ZERO is zero. Names of parameters, their first values and formulas are PyTorch's.
 */
#ifndef COTANGENT_NN_LAYERS_H
#define COTANGENT_NN_LAYERS_H

typedef struct ct_linear_options {
    int64_t in, out;
    bool no_bias;
    ct_dtype dtype; /* (CT_F32) */
} ct_linear_options;

/* z = x @ weight^T + bias: x (..., in), weight (out, in), bias (out), both drawn from U(-1/sqrt(in), 1/sqrt(in)). */
CT_API ct_module *ct_linear_at(const char *at, ct_linear_options options);
#define ct_linear(...) ct_linear_at(CT_PLACE("ct_linear: "), (ct_linear_options){.in = __VA_ARGS__})

typedef struct ct_embedding_options {
    int64_t rows, width;
    bool padding;   /* (false) row 0 stands for nothing: it is zero and stays so */
    ct_dtype dtype; /* (CT_F32) */
} ct_embedding_options;

/* Row x[i] of weight (rows, width), drawn from N(0, 1): x (...) of an integer dtype, the result (..., width). */
CT_API ct_module *ct_embedding_layer_at(const char *at, ct_embedding_options options);
#define ct_embedding_layer(...)                                                                                      \
    ct_embedding_layer_at(CT_PLACE("ct_embedding_layer: "), (ct_embedding_options){.rows = __VA_ARGS__})

/* ---- operations as layers ----------------------------------------------------------------------------------- */

/* Any operation of one operand as a layer: ct_op_layer(ct_sin), and with a number, ct_op_layer_p(ct_leaky_relu, 0.1).
 * Functions of the user's that are named and declared like an operation, `my_op_at(at, x)`, do as well. */
CT_API ct_module *ct_op_layer_at(const char *at, const char *name, ct_tensor *(*op)(const char *at, ct_tensor *x));
CT_API ct_module *ct_op_layer_p_at(const char *at, const char *name,
                                   ct_tensor *(*op)(const char *at, ct_tensor *x, double p), double p);
#define ct_op_layer(op) ct_op_layer_at(CT_PLACE("ct_op_layer: "), #op, op##_at)
#define ct_op_layer_p(op, p) ct_op_layer_p_at(CT_PLACE("ct_op_layer_p: "), #op, op##_at, p)

#define ct_relu_layer() ct_op_layer(ct_relu) /* behind ct_linear() in a row, both are one ct_affine_relu() */
#define ct_leaky_relu_layer(slope) ct_op_layer_p(ct_leaky_relu, slope)
#define ct_elu_layer(alpha) ct_op_layer_p(ct_elu, alpha)
#define ct_gelu_layer() ct_op_layer(ct_gelu)
#define ct_silu_layer() ct_op_layer(ct_silu)
#define ct_sigmoid_layer() ct_op_layer(ct_sigmoid)
#define ct_tanh_layer() ct_op_layer(ct_tanh)
#define ct_softplus_layer() ct_op_layer(ct_softplus)

/* In training mode each element is zero with probability p, else x / (1 - p). 0 <= p < 1. */
CT_API ct_module *ct_dropout_layer_at(const char *at, double p);
#define ct_dropout_layer(...) ct_dropout_layer_at(CT_PLACE("ct_dropout_layer: "), __VA_ARGS__)

/* (n, ...) to (n, product of the others). */
CT_API ct_module *ct_flatten_layer_at(const char *at);
#define ct_flatten_layer() ct_flatten_layer_at(CT_PLACE("ct_flatten_layer: "))

/* ---- images: x (n, channels, height, width) ----------------------------------------------------------------- */

typedef struct ct_conv2d_options {
    int64_t in, out, kernel; /* channels; extents of the window */
    int64_t stride;          /* (1) */
    int64_t padding;         /* (0) zeros on every side */
    int64_t dilation;        /* (1) */
    int64_t groups;          /* (1) */
    bool no_bias;
    ct_dtype dtype; /* (CT_F32) */
} ct_conv2d_options;

/* Cross-correlation with weight (out, in / groups, kernel, kernel), plus bias (out), both drawn from
 * U(-1/sqrt(m), 1/sqrt(m)), m = in / groups * kernel^2. ct_conv2d_layer(1, 6, 5, .padding = 2) */
CT_API ct_module *ct_conv2d_layer_at(const char *at, ct_conv2d_options options);
#define ct_conv2d_layer(...) ct_conv2d_layer_at(CT_PLACE("ct_conv2d_layer: "), (ct_conv2d_options){.in = __VA_ARGS__})

typedef struct ct_pool2d_options {
    int64_t kernel;  /* extents of the window */
    int64_t stride;  /* (kernel) */
    int64_t padding; /* (0) on every side, half of the kernel at the most */
    bool ceil;       /* (false) a last window may be cut off by the end */
} ct_pool2d_options;

/* The largest or the mean element of each window: ct_max_pool2d_layer(2). */
CT_API ct_module *ct_max_pool2d_layer_at(const char *at, ct_pool2d_options options);
CT_API ct_module *ct_avg_pool2d_layer_at(const char *at, ct_pool2d_options options);
#define ct_max_pool2d_layer(...)                                                                                     \
    ct_max_pool2d_layer_at(CT_PLACE("ct_max_pool2d_layer: "), (ct_pool2d_options){.kernel = __VA_ARGS__})
#define ct_avg_pool2d_layer(...)                                                                                     \
    ct_avg_pool2d_layer_at(CT_PLACE("ct_avg_pool2d_layer: "), (ct_pool2d_options){.kernel = __VA_ARGS__})

/* ---- normalisation ------------------------------------------------------------------------------------------ */

typedef struct ct_norm_options {
    int64_t size;
    double eps;      /* (1e-5) */
    double momentum; /* (0.1) of batch normalisation's running statistics */
    bool no_affine;  /* neither weight nor bias */
    ct_dtype dtype;  /* (CT_F32) */
} ct_norm_options;

/* S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015: z = (x - mean) / sqrt(variance + eps) weight + bias for
 * each of `size` channels, x (n, size) or (n, size, ...). In training mode mean and variance (of divisor m, the number
 * of elements) are those of the batch, and the buffers move to them: running' = (1 - momentum) running + momentum new,
 * the variance's new being that of divisor m - 1. In evaluation mode running_mean and running_var are used. */
CT_API ct_module *ct_batch_norm_layer_at(const char *at, ct_norm_options options);
#define ct_batch_norm_layer(...)                                                                                     \
    ct_batch_norm_layer_at(CT_PLACE("ct_batch_norm_layer: "), (ct_norm_options){.size = __VA_ARGS__})

/* J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016: the same formula over the last axis, which has `size`
 * elements, of each example; weight and bias are of that size. */
CT_API ct_module *ct_layer_norm_layer_at(const char *at, ct_norm_options options);
#define ct_layer_norm_layer(...)                                                                                     \
    ct_layer_norm_layer_at(CT_PLACE("ct_layer_norm_layer: "), (ct_norm_options){.size = __VA_ARGS__})

/* ---- several layers ----------------------------------------------------------------------------------------- */

/* One layer after the other, named "0", "1", ... Owns its layers from the call on, also when it fails; it fails when
 * one of them is NULL. A NULL after the last layer is let pass, unless an error is pending: then it is a layer that
 * could not be made. */
CT_API ct_module *ct_sequential_at(const char *at, int n, ct_module *const *layers);
/* x plus what these layers, one after the other, make of it: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning
 * for image recognition", CVPR 2016. */
CT_API ct_module *ct_residual_at(const char *at, int n, ct_module *const *layers);
#define CT_LAYERS_(make, ...)                                                                                        \
    make##_at(CT_PLACE(#make ": "), (int)(sizeof((ct_module *[]){__VA_ARGS__}) / sizeof(ct_module *)),               \
              CT_ARRAY_(ct_module *, __VA_ARGS__))
#define ct_sequential(...) CT_LAYERS_(ct_sequential, __VA_ARGS__)
#define ct_residual(...) CT_LAYERS_(ct_residual, __VA_ARGS__)

#endif
