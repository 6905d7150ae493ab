/* nn/: modules, layers, initialisers.
 *
 * A module maps a tensor to a tensor and owns its parameters, which are leaves outside of every scope:
 *
 *     ct_module *net = ct_sequential(ct_linear(784, 128), ct_relu_layer(), ct_linear(128, 10));
 *     ct_tensor *logits = ct_forward(net, x);  // in a scope, as every expression
 *     ct_module_free(net);                     // after the last scope that computed with it
 *
 * A constructor returns NULL on failure; the cause is on record as for every expression, so a net may be checked
 * once.
 */
#ifndef COTANGENT_NN_H
#define COTANGENT_NN_H

#include <cotangent/autograd/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_module ct_module;

/* Frees the module, its layers and their parameters. NULL is fine; a part of another module is left to its owner. */
CT_API void ct_module_free(ct_module *m);

CT_API ct_tensor *ct_forward_at(const char *at, ct_module *m, ct_tensor *x);
#define ct_forward(...) ct_forward_at(CT_HERE, __VA_ARGS__)

/* Training mode, in which a module begins, or evaluation mode, in which dropout lets everything pass; for the module
 * and all of its parts. */
CT_API void ct_set_training(ct_module *m, bool training);
CT_API bool ct_is_training(const ct_module *m); /* of NULL: false */

/* ---- parameters --------------------------------------------------------------------------------------------- */

/* In the order of the layers, named by their place: "0.weight", "0.bias", "2.weight", ... The name is the parameter's
 * label, which errors and drawings show; ct_label() changes it. Of NULL or out of range: 0 and NULL. */
CT_API int ct_module_parameter_count(const ct_module *m);
CT_API ct_tensor *ct_module_parameter(const ct_module *m, int i);
CT_API const char *ct_module_parameter_name(const ct_module *m, int i);

/* All of them, for an optimiser; the list lives as long as the module. */
CT_API ct_list ct_parameters(const ct_module *m);

/* A table of layers, shapes of parameters and their numbers. False, with an error, when m or out is NULL or `out`
 * cannot be written. */
CT_API bool ct_summary_at(const char *at, const ct_module *m, FILE *out);
#define ct_summary(...) ct_summary_at(CT_HERE, __VA_ARGS__)

/* ---- layers ------------------------------------------------------------------------------------------------- */

typedef struct ct_linear_options {
    int64_t in, out;
    ct_dtype dtype; /* 0: CT_F32 */
} ct_linear_options;

/* z = x @ weight^T + bias: x (..., in), weight (out, in), bias (out), both drawn from U(-1/sqrt(in), 1/sqrt(in)).
 * Options are named after the sizes: ct_linear(784, 128) or ct_linear(784, 128, .dtype = CT_F64). */
CT_API ct_module *ct_linear_at(const char *at, ct_linear_options options);
#define ct_linear(...) ct_linear_at(CT_HERE, (ct_linear_options){.in = __VA_ARGS__})

/* Any operation of one operand as a layer: ct_op_layer(ct_sin), and with a number, ct_op_layer_p(ct_leaky_relu, 0.1).
 * Functions of the user's that are named and declared like an operation, `my_op_at(at, x)`, do as well. */
CT_API ct_module *ct_op_layer_at(const char *at, const char *name, ct_tensor *(*op)(const char *at, ct_tensor *x));
CT_API ct_module *ct_op_layer_p_at(const char *at, const char *name,
                                   ct_tensor *(*op)(const char *at, ct_tensor *x, double p), double p);
#define ct_op_layer(op) ct_op_layer_at(CT_HERE, #op, op##_at)
#define ct_op_layer_p(op, p) ct_op_layer_p_at(CT_HERE, #op, op##_at, p)

#define ct_relu_layer() ct_op_layer(ct_relu)
#define ct_leaky_relu_layer(slope) ct_op_layer_p(ct_leaky_relu, slope)
#define ct_sigmoid_layer() ct_op_layer(ct_sigmoid)
#define ct_tanh_layer() ct_op_layer(ct_tanh)
#define ct_softplus_layer() ct_op_layer(ct_softplus)

/* In training mode each element is zero with probability p, else x / (1 - p). 0 <= p < 1. */
CT_API ct_module *ct_dropout_layer_at(const char *at, double p);
#define ct_dropout_layer(...) ct_dropout_layer_at(CT_HERE, __VA_ARGS__)

/* One layer after the other. Owns its layers from the call on, also when it fails; it fails when one of them is NULL.
 * A NULL after the last layer is let pass, unless an error is pending: then it is a layer that could not be made. */
CT_API ct_module *ct_sequential_at(const char *at, int n, ct_module *const *layers);
#define ct_sequential(...)                                                                                           \
    ct_sequential_at(CT_HERE, (int)(sizeof((ct_module *[]){__VA_ARGS__}) / sizeof(ct_module *)),                     \
                     (ct_module *[]){__VA_ARGS__})

/* ---- initial values ----------------------------------------------------------------------------------------- */

typedef enum ct_distribution {
    CT_CONSTANT, /* a */
    CT_UNIFORM,  /* from a to b */
    CT_NORMAL,   /* of mean a and standard deviation b */
} ct_distribution;

/* What a and b are divided by the root of. */
typedef enum ct_fan {
    CT_FAN_NONE, /* 1 */
    CT_FAN_IN,   /* the number of weights that reach an output */
    CT_FAN_MEAN, /* the mean of it and of fan-out, the number that leave an input */
} ct_fan;

/* How a parameter is drawn. */
typedef struct ct_init {
    ct_distribution distribution;
    ct_fan fan;
    double a, b;
} ct_init;

CT_API ct_init ct_init_constant(double value);
CT_API ct_init ct_init_uniform(double low, double high);
CT_API ct_init ct_init_normal(double mean, double std);
CT_API ct_init ct_xavier_uniform(void); /* U(-c, c), c = sqrt(6 / (fan-in + fan-out)): for sigmoid and tanh */
CT_API ct_init ct_xavier_normal(void);  /* N(0, 2 / (fan-in + fan-out)) */
CT_API ct_init ct_he_uniform(void);     /* U(-c, c), c = sqrt(6 / fan-in): for rectifiers */
CT_API ct_init ct_he_normal(void);      /* N(0, 2 / fan-in) */

/* Draws all weights of m (parameters of two dimensions or more) anew; fills its biases (named so) with a value.
 * False, with an error, when m is NULL or the distribution is none. */
CT_API bool ct_init_weights_at(const char *at, ct_module *m, ct_init init);
CT_API bool ct_init_biases_at(const char *at, ct_module *m, double value);
#define ct_init_weights(...) ct_init_weights_at(CT_HERE, __VA_ARGS__)
#define ct_init_biases(...) ct_init_biases_at(CT_HERE, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
