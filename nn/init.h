/* nn/: initial values of parameters. A part of nn.h; include that. */
#ifndef COTANGENT_NN_INIT_H
#define COTANGENT_NN_INIT_H

typedef enum ct_distribution {
    CT_CONSTANT,    /* a */
    CT_UNIFORM,     /* from a to b */
    CT_NORMAL,      /* of mean a and standard deviation b */
    CT_ORTHOGONAL,  /* a times a random matrix whose rows, or columns where there are fewer, are orthonormal */
    CT_NORM_SCALED, /* a times N(0, 1) over its spectral norm; of a vector its 2-norm */
} ct_distribution;

/* What a and b are divided by the root of. */
typedef enum ct_fan {
    CT_FAN_NONE, /* 1 */
    CT_FAN_IN,   /* the number of weights that reach an output */
    CT_FAN_MEAN, /* the mean of it and of fan-out, the number that leave an input */
} ct_fan;

/* How a parameter is drawn. As a matrix it has a row for each entry of its first axis. */
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
CT_API ct_init ct_orthogonal(double gain);
CT_API ct_init ct_norm_scaled(double norm); /* the norm that it has then */

/* Draws all weights of m (parameters of two dimensions or more) anew; fills its biases (named so) with a value; draws
 * a single parameter or buffer; draws each of a list. False, with an error, when there is none, the distribution is
 * none, or it has a fan and the tensor less than two dimensions. */
CT_API bool ct_init_weights_at(const char *at, ct_module *m, ct_init init);
CT_API bool ct_init_biases_at(const char *at, ct_module *m, double value);
CT_API bool ct_init_parameter_at(const char *at, ct_tensor *t, ct_init init);
CT_API bool ct_init_parameters_at(const char *at, ct_list parameters, ct_init init);
#define ct_init_weights(...) ct_init_weights_at(CT_PLACE("ct_init_weights: "), __VA_ARGS__)
#define ct_init_biases(...) ct_init_biases_at(CT_PLACE("ct_init_biases: "), __VA_ARGS__)
#define ct_init_parameter(...) ct_init_parameter_at(CT_PLACE("ct_init_parameter: "), __VA_ARGS__)
#define ct_init_parameters(...) ct_init_parameters_at(CT_PLACE("ct_init_parameters: "), __VA_ARGS__)

#endif
