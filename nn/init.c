/* Initial values of parameters. */
#include "nn/internal.h"

#include <math.h>
#include <string.h>

ct_init ct_init_constant(double value) { return (ct_init){.distribution = CT_CONSTANT, .a = value}; }
ct_init ct_init_uniform(double low, double high) {
    return (ct_init){.distribution = CT_UNIFORM, .a = low, .b = high};
}
ct_init ct_init_normal(double mean, double std) { return (ct_init){.distribution = CT_NORMAL, .a = mean, .b = std}; }

/* X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
 * equations 12 and 16: the variance is 2 / (fan-in + fan-out). */
ct_init ct_xavier_uniform(void) {
    return (ct_init){.distribution = CT_UNIFORM, .fan = CT_FAN_MEAN, .a = -sqrt(3), .b = sqrt(3)};
}
ct_init ct_xavier_normal(void) { return (ct_init){.distribution = CT_NORMAL, .fan = CT_FAN_MEAN, .b = 1}; }

/* K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, equation 10: the variance is
 * 2 / fan-in. */
ct_init ct_he_uniform(void) {
    return (ct_init){.distribution = CT_UNIFORM, .fan = CT_FAN_IN, .a = -sqrt(6), .b = sqrt(6)};
}
ct_init ct_he_normal(void) { return (ct_init){.distribution = CT_NORMAL, .fan = CT_FAN_IN, .b = sqrt(2)}; }

/* Of a weight (out, in, ...), further axes being those of a convolution's window. */
static double fan(const ct_tensor *t, ct_init init) {
    if (init.fan == CT_FAN_NONE) return 1;
    const double size = (double)ct_size_of(t), out = (double)t->extent->dim[0], in = (double)t->extent->dim[1];
    return init.fan == CT_FAN_IN ? size / out : (size / out + size / in) / 2;
}

void ct_init_fill(ct_tensor *t, ct_init init) {
    const ct_dtype dtype = (ct_dtype)t->dtype;
    const int64_t n = ct_size_of(t);
    const double scale = 1 / sqrt(fan(t, init)), a = init.a * scale, b = init.b * scale;
    if (init.distribution == CT_UNIFORM)
        ct_fill_uniform(dtype, t->data, n, ct_this.random.seed, ct_random_take_stream(), a, b);
    else if (init.distribution == CT_NORMAL)
        ct_fill_normal(dtype, t->data, n, ct_this.random.seed, ct_random_take_stream(), a, b);
    else
        for (int64_t i = 0; i < n; i++) ct_write_element(dtype, t->data, i, a);
}

static bool is_distribution(ct_init init) {
    if ((unsigned)init.distribution > CT_NORMAL || (unsigned)init.fan > CT_FAN_MEAN) return false;
    if (!isfinite(init.a) || !isfinite(init.b)) return false;
    return init.distribution == CT_UNIFORM ? init.a <= init.b : init.distribution != CT_NORMAL || init.b >= 0;
}

bool ct_init_weights_at(const char *at, ct_module *m, ct_init init) {
    if (!m) return ct_raise_null("ct_init_weights", at, 0), false;
    if (!is_distribution(init))
        return ct_raise(CT_ERR_ARGUMENT, "ct_init_weights", at, "%s %g and %g are no distribution",
                        init.distribution == CT_NORMAL ? "mean and standard deviation" : "limits", init.a, init.b),
               false;
    for (int i = 0; i < m->n_parameters; i++)
        if (m->parameters[i]->ndim >= 2) ct_init_fill(m->parameters[i], init);
    return true;
}

/* "bias", or "bias" after the last point. */
static bool is_bias(const ct_tensor *t) {
    const char *point = strrchr(t->label, '.');
    return !strcmp(point ? point + 1 : t->label, "bias");
}

bool ct_init_biases_at(const char *at, ct_module *m, double value) {
    if (!m) return ct_raise_null("ct_init_biases", at, 0), false;
    for (int i = 0; i < m->n_parameters; i++)
        if (is_bias(m->parameters[i])) ct_init_fill(m->parameters[i], ct_init_constant(value));
    return true;
}
