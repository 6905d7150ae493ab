/* Normalisations by mean and variance: composed of other ops, above all of ct_standardize(). */
#include "autograd/ops/compose.h"

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- what they share ------------------------------------------------------------------------------------------ */

/* x (n, channels, ...), of `least` dimensions or more, with weight and bias (channels), if any. */
static bool has_channels(const char *op, const char *at, const ct_tensor *x, int least, ct_tensor *weight,
                         ct_tensor *bias) {
    if (!ct_given(op, at, x, 0)) return false;
    if (x->ndim < least || !ct_is_float((ct_dtype)x->dtype))
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions or more of a floating dtype are needed", least),
               false;
    const ct_tensor *given[] = {weight, bias};
    for (int i = 0; i < 2; i++)
        if (given[i] && (given[i]->ndim != 1 || ct_size_of(given[i]) != ct_dims_of(x)[1]))
            return ct_decline(op, at, given[i], CT_ERR_SHAPE, "not one number for each of %lld channels",
                              (long long)ct_dims_of(x)[1]),
                   false;
    return true;
}

/* A vector of one number a channel, as what broadcasts to x (n, channels, ...). */
static ct_tensor *by_channel(const char *at, const ct_tensor *x, ct_tensor *v) {
    ct_shape shape = {.ndim = x->ndim - 1, .dim = {ct_size(v), 1, 1, 1, 1, 1, 1, 1}};
    return ct_reshape(v, shape);
}

/* z weight + bias, either of which may be NULL. */
static ct_tensor *scaled(const char *at, ct_tensor *z, ct_tensor *weight, ct_tensor *bias) {
    if (weight) z = ct_mul(z, weight);
    return bias ? ct_add(z, bias) : z;
}

static ct_tensor *scaled_by_channel(const char *at, ct_tensor *z, ct_tensor *weight, ct_tensor *bias) {
    if (!z) return NULL;
    return scaled(at, z, weight ? by_channel(at, z, weight) : NULL, bias ? by_channel(at, z, bias) : NULL);
}

/* x less a mean, over the root of a variance. */
static ct_tensor *standardised(const char *at, ct_tensor *x, ct_tensor *mean, ct_tensor *variance, double eps) {
    return ct_mul(ct_sub(x, mean), ct_rsqrt(ct_add(variance, C(variance, eps))));
}

/* The axes from `first` on, which stay with extent 1. */
static ct_axes axes_from(int first, int ndim) {
    ct_axes axes = {.keep = true};
    for (int i = first; i < ndim; i++) axes.axis[axes.n++] = i;
    return axes;
}

/* ---- of each example ------------------------------------------------------------------------------------------ */

/* Over the axes from `first` on. */
static ct_tensor *standardised_from(const char *at, ct_tensor *x, int first, double eps) {
    ct_shape shape = ct_shape_of(x), rows = {.ndim = first + 1};
    if (first == shape.ndim - 1) return ct_standardize(x, eps);
    for (int i = 0; i < first; i++) rows.dim[i] = shape.dim[i];
    rows.dim[first] = ct_size_of(x) > 0; /* extents beside one of 0 may be too large to be multiplied */
    for (int i = first; i < shape.ndim && rows.dim[first]; i++) rows.dim[first] *= shape.dim[i];
    return ct_reshape(ct_standardize(ct_reshape(x, rows), eps), shape);
}

ct_tensor *ct_layer_norm_at(const char *at, ct_tensor *x, ct_shape shape, ct_tensor *weight, ct_tensor *bias,
                            double eps) {
    char text[CT_DESCRIPTION];
    if (!ct_given("ct_layer_norm", at, x, 0)) return NULL;
    bool fits = shape.ndim > 0 && shape.ndim <= x->ndim;
    int first = fits ? x->ndim - shape.ndim : 0;
    for (int i = 0; fits && i < shape.ndim; i++) fits = shape.dim[i] == ct_dims_of(x)[first + i];
    if (!fits)
        return ct_decline("ct_layer_norm", at, x, CT_ERR_SHAPE, "the last axes are not %s",
                          ct_describe_shape(&shape, text));
    ct_tensor *given[] = {weight, bias};
    for (int i = 0; i < 2; i++) {
        ct_shape own = ct_shape_of(given[i]);
        if (given[i] && !ct_shape_equal(&own, &shape))
            return ct_decline("ct_layer_norm", at, given[i], CT_ERR_SHAPE, "not of the shape %s",
                              ct_describe_shape(&shape, text));
    }
    return scaled(at, standardised_from(at, x, first, eps), weight, bias);
}

ct_tensor *ct_group_norm_at(const char *at, ct_tensor *x, int64_t groups, ct_tensor *weight, ct_tensor *bias,
                            double eps) {
    if (!has_channels("ct_group_norm", at, x, 2, weight, bias)) return NULL;
    ct_shape shape = ct_shape_of(x), grouped = {.ndim = 3, .dim = {shape.dim[0], groups, 0}};
    if (groups < 1 || shape.dim[1] % groups)
        return ct_decline("ct_group_norm", at, x, CT_ERR_ARGUMENT, "%lld channels do not make %lld groups",
                          (long long)shape.dim[1], (long long)groups);
    if (ct_size_of(x)) grouped.dim[2] = ct_size_of(x) / (shape.dim[0] * groups);
    ct_tensor *z = ct_standardize(ct_reshape(x, grouped), eps);
    return scaled_by_channel(at, ct_reshape(z, shape), weight, bias);
}

ct_tensor *ct_local_response_norm_at(const char *at, ct_tensor *x, int64_t size, double alpha, double beta,
                                     double k) {
    if (!has_channels("ct_local_response_norm", at, x, 3, NULL, NULL)) return NULL;
    if (size < 1 || x->ndim == CT_MAX_DIMS)
        return ct_decline("ct_local_response_norm", at, x, CT_ERR_ARGUMENT, "%lld channels of %d dimensions",
                          (long long)size, x->ndim);
    if (ct_size_of(x) == 0) return x;
    int64_t pads[2 * CT_MAX_DIMS] = {0};
    int last = 2 * (x->ndim - 2);
    pads[last] = size / 2;
    pads[last + 1] = (size - 1) / 2;
    ct_tensor *squares = ct_pad(ct_square(x), ((ct_sizes){last + 2, pads}), 0);
    ct_tensor *mean = ct_mean(ct_unfold_axis(squares, 1, size, 1), CT_AXES(-1));
    return ct_div(x, ct_pow(ct_add(ct_mul(mean, C(x, alpha)), C(x, k)), C(x, beta)));
}

/* ---- with running statistics ---------------------------------------------------------------------------------- */

static bool check_running(const char *op, const char *at, const ct_tensor *x, const ct_running *running) {
    const ct_tensor *given[] = {running->mean, running->variance};
    if (!given[0] != !given[1] || (!given[0] && !running->training))
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%s",
                          given[0] || given[1] ? "only one of the running statistics is given"
                                               : "there are no running statistics"),
               false;
    for (int i = 0; i < 2; i++)
        if (given[i] &&
            (given[i]->ndim != 1 || ct_size_of(given[i]) != ct_dims_of(x)[1] || given[i]->dtype != x->dtype))
            return ct_decline(op, at, given[i], CT_ERR_SHAPE, "not one number like x's for each of %lld channels",
                              (long long)ct_dims_of(x)[1]),
                   false;
    return true;
}

typedef struct track_attributes {
    double share;
} track_attributes;

ct_tensor *ct_track_at(const char *at, ct_tensor *x, ct_tensor *y, double share) {
    track_attributes attributes = {share};
    return ct_record(at, CT_OP_ct_track, (ct_tensor *[]){x, y}, 2, &attributes, sizeof attributes);
}

static bool ct_track_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    if (y->op) return ct_op_fail(z, CT_ERR_ARGUMENT, "what is moved must not be computed");
    if (!ct_same_shape(x, y) || x->dtype != y->dtype || !ct_is_float((ct_dtype)x->dtype))
        return ct_op_fail(z, CT_ERR_SHAPE, "not of one shape and floating dtype");
    *shape = ct_shape_of(y);
    *dtype = (ct_dtype)y->dtype;
    z->data = y->data;
    return true;
}

static void ct_track_forward(ct_tensor *z) {
    const track_attributes *a = z->attributes;
    const ct_tensor *x = z->in[0];
    const ct_dtype dtype = (ct_dtype)z->dtype;
    for (int64_t i = 0; i < ct_size_of(z); i++) {
        const double new = ct_read_element(dtype, x->data, i), old = ct_read_element(dtype, z->data, i);
        ct_write_element(dtype, z->data, i, (1 - a->share) * old + a->share * new);
    }
}

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_track);

/* Moves the caller's statistics (channels) to factor * `new` (1 or n, channels, 1, ...), the mean over n. */
static bool follow(const char *at, ct_tensor *running, ct_tensor *new, double momentum, double factor) {
    if (!new) return false;
    ct_tensor *mean = ct_mean(ct_reshape(new, CT_SHAPE(ct_dims_of(new)[0], ct_size_of(running))), CT_AXES(0));
    return ct_track(ct_mul(mean, C(running, factor)), running, momentum) != NULL;
}

/* Over `axes`: by the statistics of x, which the running ones follow, or by the running ones. */
static ct_tensor *tracked_norm(const char *op, const char *at, ct_tensor *x, ct_axes axes, ct_tensor *weight,
                               ct_tensor *bias, ct_running running, double eps) {
    if (!has_channels(op, at, x, 2, weight, bias) || !check_running(op, at, x, &running)) return NULL;
    ct_tensor *mean, *variance;
    if (running.training) {
        int64_t count = ct_size_of(x) != 0; /* extents beside one of 0 may be too large to be multiplied */
        for (int i = 0; count && i < axes.n; i++) count *= ct_dims_of(x)[axes.axis[i]];
        if (count == 1)
            return ct_decline(op, at, x, CT_ERR_SHAPE, "more than one value a channel is needed for its variance");
        mean = ct_mean(x, axes), variance = ct_variance(x, axes, 0);
        double unbiased = (double)count / (double)(count - 1);
        if (running.mean && count &&
            (!follow(at, running.mean, mean, running.momentum, 1) ||
             !follow(at, running.variance, variance, running.momentum, unbiased)))
            return NULL;
    } else {
        mean = by_channel(at, x, running.mean), variance = by_channel(at, x, running.variance);
    }
    return scaled_by_channel(at, standardised(at, x, mean, variance, eps), weight, bias);
}

ct_tensor *ct_batch_norm_at(const char *at, ct_tensor *x, ct_tensor *weight, ct_tensor *bias, ct_running running,
                            double eps) {
    ct_axes axes = axes_from(1, x ? x->ndim : 0);
    if (axes.n) axes.axis[0] = 0;
    return tracked_norm("ct_batch_norm", at, x, axes, weight, bias, running, eps);
}

ct_tensor *ct_instance_norm_at(const char *at, ct_tensor *x, ct_tensor *weight, ct_tensor *bias, ct_running running,
                               double eps) {
    return tracked_norm("ct_instance_norm", at, x, axes_from(2, x ? x->ndim : 0), weight, bias, running, eps);
}
