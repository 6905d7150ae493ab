/* Layers of images: convolution and pooling. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- convolution -------------------------------------------------------------------------------------------- */

static ct_tensor *conv2d_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_conv2d_options *o = ct_module_data(m);
    const ct_conv_options options = {.stride = {o->stride, o->stride},
                                     .padding = {o->padding, o->padding},
                                     .dilation = {o->dilation, o->dilation},
                                     .groups = o->groups};
    return ct_conv2d(x, ct_own_tensor(m, 0), ct_own_tensor(m, 1), &options);
}

static void describe_conv2d(const ct_module *m, char *text, size_t size) {
    const ct_conv2d_options *o = ct_module_data(m);
    snprintf(text, size, "conv2d(%" PRId64 "x%" PRId64 ")", o->kernel, o->kernel);
}

static const ct_module_kind conv2d = {.name = "ct_conv2d_layer",
                                      .size = sizeof(ct_conv2d_options),
                                      .forward = conv2d_forward,
                                      .describe = describe_conv2d};

ct_module *ct_conv2d_layer_at(const char *at, ct_conv2d_options o) {
    if (!ct_valid_sizes(conv2d.name, at, o.in, o.out)) return NULL;
    const int64_t groups = o.groups ? o.groups : 1;
    if (o.kernel < 1 || groups < 1 || o.in % groups || o.out % groups)
        return ct_raise(CT_ERR_ARGUMENT, conv2d.name, at,
                        "a kernel of %" PRId64 ", %" PRId64 " groups of %" PRId64 " -> %" PRId64 " channels", o.kernel,
                        groups, o.in, o.out),
               NULL;
    const ct_dtype dtype = o.dtype ? o.dtype : CT_F32;
    const double limit = 1 / sqrt((double)(o.in / groups) * (double)o.kernel * (double)o.kernel);
    ct_module *m = ct_module_new(&conv2d);
    ct_tensor *weight =
        ct_add_parameter(m, "weight", dtype, CT_SHAPE(o.out, o.in / groups, o.kernel, o.kernel));
    ct_init_parameter(weight, ct_init_uniform(-limit, limit));
    if (!o.no_bias)
        ct_init_parameter(ct_add_parameter(m, "bias", dtype, CT_SHAPE(o.out)), ct_init_uniform(-limit, limit));
    if (m) *(ct_conv2d_options *)ct_module_data(m) = o;
    return ct_module_finish(m);
}

/* ---- pooling ------------------------------------------------------------------------------------------------ */

static ct_pool_options pool_options(const ct_module *m) {
    const ct_pool2d_options *o = ct_module_data(m);
    return (ct_pool_options){.kernel = {o->kernel, o->kernel},
                             .stride = {o->stride, o->stride},
                             .padding = {o->padding, o->padding},
                             .ceil = o->ceil};
}

static ct_tensor *max_pool2d_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_pool_options options = pool_options(m);
    return ct_max_pool2d(x, &options);
}

static ct_tensor *avg_pool2d_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_pool_options options = pool_options(m);
    return ct_avg_pool2d(x, &options);
}

static void describe_pool(const ct_module *m, char *text, size_t size) {
    const ct_pool2d_options *o = ct_module_data(m);
    snprintf(text, size, "%s(%" PRId64 "x%" PRId64 ")",
             m->kind->forward == max_pool2d_forward ? "max_pool2d" : "avg_pool2d", o->kernel, o->kernel);
}

static const ct_module_kind max_pool2d = {.name = "ct_max_pool2d_layer",
                                          .size = sizeof(ct_pool2d_options),
                                          .forward = max_pool2d_forward,
                                          .describe = describe_pool};
static const ct_module_kind avg_pool2d = {.name = "ct_avg_pool2d_layer",
                                          .size = sizeof(ct_pool2d_options),
                                          .forward = avg_pool2d_forward,
                                          .describe = describe_pool};

static ct_module *new_pool(const char *at, const ct_module_kind *kind, ct_pool2d_options o) {
    if (o.kernel < 1 || o.stride < 0 || o.padding < 0)
        return ct_raise(CT_ERR_ARGUMENT, kind->name, at, "a kernel of %" PRId64, o.kernel), NULL;
    ct_module *m = ct_module_new(kind);
    if (m) *(ct_pool2d_options *)ct_module_data(m) = o;
    return m;
}

ct_module *ct_max_pool2d_layer_at(const char *at, ct_pool2d_options o) { return new_pool(at, &max_pool2d, o); }
ct_module *ct_avg_pool2d_layer_at(const char *at, ct_pool2d_options o) { return new_pool(at, &avg_pool2d, o); }
