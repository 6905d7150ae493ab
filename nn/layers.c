/* Layers: what each computes, in ops only. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef CT_HERE
#define CT_HERE at

/* ---- linear ------------------------------------------------------------------------------------------------- */

static ct_tensor *linear_forward(const char *at, ct_module *m, ct_tensor *x) {
    return ct_affine(x, m->parameters[0], m->parameters[1]);
}

static const ct_layer_kind linear = {.name = "ct_linear", .size = sizeof(ct_module), .forward = linear_forward};

/* PyTorch's initial values: He's uniform with a = sqrt(5), which comes to variance 1 / (3 in). */
ct_module *ct_linear_at(const char *at, ct_linear_options o) {
    if (o.in < 1 || o.out < 1)
        return ct_raise(CT_ERR_ARGUMENT, linear.name, at, "sizes %" PRId64 " -> %" PRId64 ": must be 1 or more", o.in,
                        o.out),
               NULL;
    ct_dtype dtype = o.dtype ? o.dtype : CT_F32;
    ct_init init = ct_init_uniform(-1 / sqrt((double)o.in), 1 / sqrt((double)o.in));
    ct_module *m = ct_module_new(at, &linear, 2, 0, NULL);
    ct_tensor *weight = m ? ct_module_add_parameter(at, m, "weight", dtype, CT_SHAPE(o.out, o.in)) : NULL;
    ct_tensor *bias = weight ? ct_module_add_parameter(at, m, "bias", dtype, CT_SHAPE(o.out)) : NULL;
    if (!bias) return ct_module_free(m), NULL;
    ct_init_fill(weight, init);
    ct_init_fill(bias, init);
    return m;
}

/* ---- operations --------------------------------------------------------------------------------------------- */

typedef struct op_layer {
    ct_module module;
    const char *name; /* "ct_relu", a literal */
    union {
        ct_tensor *(*plain)(const char *at, ct_tensor *x);
        ct_tensor *(*with_p)(const char *at, ct_tensor *x, double p);
    } op;
    double p; /* unused by a plain one */
} op_layer;

static ct_tensor *plain_forward(const char *at, ct_module *m, ct_tensor *x) {
    return ((op_layer *)m)->op.plain(at, x);
}

static ct_tensor *with_p_forward(const char *at, ct_module *m, ct_tensor *x) {
    const op_layer *layer = (op_layer *)m;
    return layer->op.with_p(at, x, layer->p);
}

static ct_tensor *dropout_forward(const char *at, ct_module *m, ct_tensor *x) {
    return m->training ? with_p_forward(at, m, x) : x;
}

static const char *short_name(const op_layer *layer) {
    return layer->name + (strncmp(layer->name, "ct_", 3) ? 0 : 3);
}

static void describe_plain(const ct_module *m, char *text, size_t size) {
    snprintf(text, size, "%s", short_name((const op_layer *)m));
}

static void describe_with_p(const ct_module *m, char *text, size_t size) {
    const op_layer *layer = (const op_layer *)m;
    snprintf(text, size, "%s(%g)", short_name(layer), layer->p);
}

static const ct_layer_kind plain = {
    .name = "ct_op_layer", .size = sizeof(op_layer), .forward = plain_forward, .describe = describe_plain};
static const ct_layer_kind with_p = {
    .name = "ct_op_layer_p", .size = sizeof(op_layer), .forward = with_p_forward, .describe = describe_with_p};
static const ct_layer_kind dropout = {
    .name = "ct_dropout_layer", .size = sizeof(op_layer), .forward = dropout_forward, .describe = describe_with_p};

ct_module *ct_op_layer_at(const char *at, const char *name, ct_tensor *(*op)(const char *at, ct_tensor *x)) {
    op_layer *layer = (op_layer *)ct_module_new(at, &plain, 0, 0, NULL);
    if (!layer) return NULL;
    layer->name = name;
    layer->op.plain = op;
    return &layer->module;
}

static ct_module *new_with_p(const char *at, const ct_layer_kind *kind, const char *name,
                             ct_tensor *(*op)(const char *at, ct_tensor *x, double p), double p) {
    op_layer *layer = (op_layer *)ct_module_new(at, kind, 0, 0, NULL);
    if (!layer) return NULL;
    layer->name = name;
    layer->op.with_p = op;
    layer->p = p;
    return &layer->module;
}

ct_module *ct_op_layer_p_at(const char *at, const char *name,
                            ct_tensor *(*op)(const char *at, ct_tensor *x, double p), double p) {
    return new_with_p(at, &with_p, name, op, p);
}

ct_module *ct_dropout_layer_at(const char *at, double p) {
    if (!(p >= 0 && p < 1)) return ct_raise(CT_ERR_ARGUMENT, dropout.name, at, "p is %g, not in [0, 1)", p), NULL;
    return new_with_p(at, &dropout, "ct_dropout", ct_dropout_at, p);
}

/* ---- sequential --------------------------------------------------------------------------------------------- */

static ct_tensor *sequential_forward(const char *at, ct_module *m, ct_tensor *x) {
    for (ct_module *layer = m->children; layer; layer = layer->next) x = ct_forward(layer, x);
    return x;
}

static const ct_layer_kind sequential = {
    .name = "ct_sequential", .size = sizeof(ct_module), .forward = sequential_forward};

ct_module *ct_sequential_at(const char *at, int n, ct_module *const *layers) {
    const bool end_mark = n > 0 && !layers[n - 1] && !ct_error_pending(); /* else it is a layer that failed */
    return ct_module_new(at, &sequential, 0, end_mark ? n - 1 : n, layers);
}
