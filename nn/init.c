/* Initial values of parameters. */
#include "nn/internal.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

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

/* A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 * networks", ICLR 2014. */
ct_init ct_orthogonal(double gain) { return (ct_init){.distribution = CT_ORTHOGONAL, .a = gain}; }
ct_init ct_norm_scaled(double norm) { return (ct_init){.distribution = CT_NORM_SCALED, .a = norm}; }

/* ---- drawing ------------------------------------------------------------------------------------------------ */

/* Of a weight (out, in, ...), further axes being those of a convolution's window. */
static double fan(const ct_tensor *t, ct_init init) {
    if (init.fan == CT_FAN_NONE) return 1;
    const double size = (double)ct_size_of(t), out = (double)t->extent->dim[0], in = (double)t->extent->dim[1];
    return init.fan == CT_FAN_IN ? size / out : (size / out + size / in) / 2;
}

/* The q of a normal matrix, with signs such that r's diagonal is positive: otherwise it would not be uniform. */
static ct_tensor *orthonormal(const char *at, ct_dtype dtype, int64_t rows, int64_t columns) {
    const bool wide = columns > rows;
    ct_qr_result qr = ct_qr(ct_normal(dtype, wide ? CT_SHAPE(columns, rows) : CT_SHAPE(rows, columns), 0, 1));
    ct_tensor *q = ct_mul(qr.q, ct_sign(ct_diagonal(qr.r, 0, 0, 1)));
    return wide ? ct_t(q) : q;
}

static ct_tensor *norm_scaled(const char *at, ct_dtype dtype, int64_t rows, int64_t columns) {
    ct_tensor *x = ct_normal(dtype, CT_SHAPE(rows, columns), 0, 1);
    return ct_div(x, ct_max(ct_svdvals(x), CT_ALL));
}

/* Fills t with a matrix that needs a scope to be made. */
static bool fill_matrix(const char *at, ct_tensor *t, ct_init init) {
    const ct_dtype dtype = (ct_dtype)t->dtype;
    const int64_t rows = t->ndim > 1 ? t->extent->dim[0] : 1, columns = rows ? ct_size_of(t) / rows : 0;
    ct_scope s = ct_begin_no_grad();
    ct_tensor *x = (init.distribution == CT_ORTHOGONAL ? orthonormal : norm_scaled)(at, dtype, rows, columns);
    ct_tensor *z = ct_mul(x, ct_full(dtype, CT_SCALAR, init.a));
    if (z) memcpy(t->data, z->data, ct_bytes_of(t));
    ct_close(s);
    return z != NULL;
}

static bool fill(const char *at, ct_tensor *t, ct_init init) {
    const ct_dtype dtype = (ct_dtype)t->dtype;
    const int64_t n = ct_size_of(t);
    const double scale = 1 / sqrt(fan(t, init)), a = init.a * scale, b = init.b * scale;
    switch (init.distribution) {
    case CT_CONSTANT:
        for (int64_t i = 0; i < n; i++) ct_write_element(dtype, t->data, i, a);
        return true;
    case CT_UNIFORM:
        ct_fill_uniform(dtype, t->data, n, ct_this.random.seed, ct_random_take_stream(), a, b);
        return true;
    case CT_NORMAL:
        ct_fill_normal(dtype, t->data, n, ct_this.random.seed, ct_random_take_stream(), a, b);
        return true;
    case CT_ORTHOGONAL:
    case CT_NORM_SCALED: return n == 0 || fill_matrix(at, t, init);
    }
    return false;
}

/* ---- checks ------------------------------------------------------------------------------------------------- */

static bool is_distribution(ct_init init) {
    if ((unsigned)init.distribution > CT_NORM_SCALED || (unsigned)init.fan > CT_FAN_MEAN) return false;
    if (!isfinite(init.a) || !isfinite(init.b)) return false;
    return init.distribution == CT_UNIFORM ? init.a <= init.b : init.distribution != CT_NORMAL || init.b >= 0;
}

static bool valid_distribution(const char *op, const char *at, ct_init init) {
    if (is_distribution(init)) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "%s %g and %g are no distribution",
                    init.distribution == CT_NORMAL ? "mean and standard deviation" : "limits", init.a, init.b),
           false;
}

/* "bias", "bias_hh_l0", "in_proj_bias" and so on after the last point. */
static bool is_bias(const ct_tensor *t) {
    const char *point = strrchr(t->label, '.');
    return strstr(point ? point : t->label, "bias") != NULL;
}

bool ct_init_parameter_at(const char *at, ct_tensor *t, ct_init init) {
    const char *op = "ct_init_parameter";
    char text[CT_DESCRIPTION];
    if (!ct_usable(op, at, t, 0) || !valid_distribution(op, at, init)) return false;
    if (t->op || !ct_is_float((ct_dtype)t->dtype))
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is no parameter", ct_describe(t, text)), false;
    if (init.fan != CT_FAN_NONE && t->ndim < 2)
        return ct_raise(CT_ERR_SHAPE, op, at, "%s has no fan, with less than 2 dimensions", ct_describe(t, text)),
               false;
    return fill(at, t, init);
}

bool ct_init_parameters_at(const char *at, ct_list parameters, ct_init init) {
    if (parameters.n > 0 && !parameters.items) return ct_raise_null("ct_init_parameters", at, 0), false;
    for (int i = 0; i < parameters.n; i++)
        if (!ct_init_parameter(parameters.items[i], init)) return false;
    return true;
}

bool ct_init_weights_at(const char *at, ct_module *m, ct_init init) {
    if (!m) return ct_raise_null("ct_init_weights", at, 0), false;
    if (!valid_distribution("ct_init_weights", at, init)) return false;
    for (int i = 0; i < m->all.n_parameters; i++)
        if (m->all.items[i]->ndim >= 2 && !fill(at, m->all.items[i], init)) return false;
    return true;
}

bool ct_init_biases_at(const char *at, ct_module *m, double value) {
    if (!m) return ct_raise_null("ct_init_biases", at, 0), false;
    for (int i = 0; i < m->all.n_parameters; i++)
        if (is_bias(m->all.items[i])) fill(at, m->all.items[i], ct_init_constant(value));
    return true;
}
