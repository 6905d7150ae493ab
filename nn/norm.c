/* Layers of normalisation. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* Tensors of a module, in the order in which they are added. */
enum { RUNNING_MEAN, RUNNING_VAR, BATCH_WEIGHT, BATCH_BIAS };
enum { LAYER_WEIGHT, LAYER_BIAS };

static ct_tensor *batch_norm_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_norm_options *o = ct_module_data(m);
    const ct_running running = {.mean = ct_own_tensor(m, RUNNING_MEAN),
                                .variance = ct_own_tensor(m, RUNNING_VAR),
                                .momentum = o->momentum,
                                .training = m->training};
    return ct_batch_norm(x, ct_own_tensor(m, BATCH_WEIGHT), ct_own_tensor(m, BATCH_BIAS), running, o->eps);
}

static ct_tensor *layer_norm_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_norm_options *o = ct_module_data(m);
    return ct_layer_norm(x, CT_SHAPE(o->size), ct_own_tensor(m, LAYER_WEIGHT), ct_own_tensor(m, LAYER_BIAS), o->eps);
}

static const ct_module_kind batch_norm = {
    .name = "ct_batch_norm_layer", .size = sizeof(ct_norm_options), .forward = batch_norm_forward};
static const ct_module_kind layer_norm = {
    .name = "ct_layer_norm_layer", .size = sizeof(ct_norm_options), .forward = layer_norm_forward};

static ct_module *new_norm(const char *at, const ct_module_kind *kind, ct_norm_options o) {
    if (!ct_valid_sizes(kind->name, at, o.size, o.size)) return NULL;
    const ct_dtype dtype = o.dtype ? o.dtype : CT_F32;
    if (!ct_take_option(kind->name, at, "eps", &o.eps, 1e-5, 0, INFINITY) ||
        !ct_take_option(kind->name, at, "momentum", &o.momentum, 0.1, 0, 1))
        return NULL;
    ct_module *m = ct_module_new(kind);
    if (kind == &batch_norm) {
        ct_add_buffer(m, "running_mean", dtype, CT_SHAPE(o.size));
        ct_init_parameter(ct_add_buffer(m, "running_var", dtype, CT_SHAPE(o.size)), ct_init_constant(1));
    }
    if (!o.no_affine) {
        ct_init_parameter(ct_add_parameter(m, "weight", dtype, CT_SHAPE(o.size)), ct_init_constant(1));
        ct_add_parameter(m, "bias", dtype, CT_SHAPE(o.size));
    }
    if (m) *(ct_norm_options *)ct_module_data(m) = o;
    return ct_module_finish(m);
}

ct_module *ct_batch_norm_layer_at(const char *at, ct_norm_options o) { return new_norm(at, &batch_norm, o); }
ct_module *ct_layer_norm_layer_at(const char *at, ct_norm_options o) { return new_norm(at, &layer_norm, o); }
