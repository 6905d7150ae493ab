/* Layers of tables and matrices, and operations as layers. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- linear ------------------------------------------------------------------------------------------------- */

static ct_tensor *linear_forward(const char *at, ct_module *m, ct_tensor *x) {
    ct_tensor *weight = ct_own_tensor(m, 0), *bias = ct_own_tensor(m, 1);
    return bias ? ct_affine(x, weight, bias) : ct_matmul(x, ct_t(weight));
}

static ct_tensor *linear_relu(const char *at, ct_module *m, ct_tensor *x) {
    return ct_affine_relu(x, ct_own_tensor(m, 0), ct_own_tensor(m, 1));
}

static const ct_module_kind linear = {.name = "ct_linear", .forward = linear_forward};

/* PyTorch's initial values: He's uniform with a = sqrt(5), which comes to variance 1 / (3 in). */
ct_module *ct_linear_at(const char *at, ct_linear_options o) {
    if (!ct_valid_sizes(linear.name, at, o.in, o.out)) return NULL;
    const ct_dtype dtype = o.dtype ? o.dtype : CT_F32;
    const double limit = 1 / sqrt((double)o.in);
    ct_module *m = ct_module_new(&linear);
    ct_init_parameter(ct_add_parameter(m, "weight", dtype, CT_SHAPE(o.out, o.in)), ct_init_uniform(-limit, limit));
    if (!o.no_bias)
        ct_init_parameter(ct_add_parameter(m, "bias", dtype, CT_SHAPE(o.out)), ct_init_uniform(-limit, limit));
    return ct_module_finish(m);
}

/* ---- embedding ---------------------------------------------------------------------------------------------- */

static ct_tensor *embedding_forward(const char *at, ct_module *m, ct_tensor *x) {
    const int64_t *padding = ct_module_data(m);
    return ct_embedding(ct_own_tensor(m, 0), x, *padding);
}

static const ct_module_kind embedding = {
    .name = "ct_embedding_layer", .size = sizeof(int64_t), .forward = embedding_forward};

ct_module *ct_embedding_layer_at(const char *at, ct_embedding_options o) {
    if (!ct_valid_sizes(embedding.name, at, o.rows, o.width)) return NULL;
    const ct_dtype dtype = o.dtype ? o.dtype : CT_F32;
    ct_module *m = ct_module_new(&embedding);
    ct_tensor *weight = ct_add_parameter(m, "weight", dtype, CT_SHAPE(o.rows, o.width));
    ct_init_parameter(weight, ct_init_normal(0, 1));
    if (!weight) return ct_module_finish(m);
    if (o.padding) memset(weight->data, 0, (size_t)o.width * ct_dtype_size(dtype));
    *(int64_t *)ct_module_data(m) = o.padding ? 0 : CT_NO_PADDING;
    return ct_module_finish(m);
}

/* ---- operations --------------------------------------------------------------------------------------------- */

typedef struct op_layer {
    const char *name; /* "ct_relu", a literal */
    union {
        ct_tensor *(*plain)(const char *at, ct_tensor *x);
        ct_tensor *(*with_p)(const char *at, ct_tensor *x, double p);
    } op;
    double p; /* unused by a plain one */
} op_layer;

static ct_tensor *plain_forward(const char *at, ct_module *m, ct_tensor *x) {
    const op_layer *layer = ct_module_data(m);
    return layer->op.plain(at, x);
}

static ct_tensor *with_p_forward(const char *at, ct_module *m, ct_tensor *x) {
    const op_layer *layer = ct_module_data(m);
    return layer->op.with_p(at, x, layer->p);
}

static ct_tensor *dropout_forward(const char *at, ct_module *m, ct_tensor *x) {
    return m->training ? with_p_forward(at, m, x) : x;
}

static const char *short_name(const op_layer *layer) {
    return layer->name + (strncmp(layer->name, "ct_", 3) ? 0 : 3);
}

static void describe_plain(const ct_module *m, char *text, size_t size) {
    snprintf(text, size, "%s", short_name(ct_module_data(m)));
}

static void describe_with_p(const ct_module *m, char *text, size_t size) {
    const op_layer *layer = ct_module_data(m);
    snprintf(text, size, "%s(%g)", short_name(layer), layer->p);
}

static const ct_module_kind plain = {
    .name = "ct_op_layer", .size = sizeof(op_layer), .forward = plain_forward, .describe = describe_plain};
static const ct_module_kind with_p = {
    .name = "ct_op_layer_p", .size = sizeof(op_layer), .forward = with_p_forward, .describe = describe_with_p};
static const ct_module_kind dropout = {
    .name = "ct_dropout_layer", .size = sizeof(op_layer), .forward = dropout_forward, .describe = describe_with_p};

static ct_module *new_op_layer(const char *at, const ct_module_kind *kind, op_layer layer) {
    ct_module *m = ct_module_new(kind);
    if (m) *(op_layer *)ct_module_data(m) = layer;
    return m;
}

ct_module *ct_op_layer_at(const char *at, const char *name, ct_tensor *(*op)(const char *at, ct_tensor *x)) {
    return new_op_layer(at, &plain, (op_layer){.name = name, .op.plain = op});
}

ct_module *ct_op_layer_p_at(const char *at, const char *name,
                            ct_tensor *(*op)(const char *at, ct_tensor *x, double p), double p) {
    return new_op_layer(at, &with_p, (op_layer){.name = name, .op.with_p = op, .p = p});
}

ct_module *ct_dropout_layer_at(const char *at, double p) {
    if (!(p >= 0 && p < 1)) return ct_raise(CT_ERR_ARGUMENT, dropout.name, at, "p is %g, not in [0, 1)", p), NULL;
    return new_op_layer(at, &dropout, (op_layer){.name = "ct_dropout", .op.with_p = ct_dropout_at, .p = p});
}

static ct_tensor *flatten_at(const char *at, ct_tensor *x) { return ct_flatten(x, 1, -1); }

ct_module *ct_flatten_layer_at(const char *at) { return ct_op_layer_at(at, "ct_flatten", flatten_at); }

/* ---- several layers ----------------------------------------------------------------------------------------- */

/* Whether this is a linear layer and the next one its ReLU: together they are one operation, which saves a result and a
 * cotangent in memory, and a pass over both. */
static bool is_rectified(const ct_module *layer) {
    const ct_module *next = layer->next;
    return layer->kind == &linear && ct_own_tensor(layer, 1) && next && next->kind == &plain &&
           ((const op_layer *)ct_module_data(next))->op.plain == ct_relu_at;
}

static ct_tensor *sequential_forward(const char *at, ct_module *m, ct_tensor *x) {
    for (ct_module *layer = m->parts; layer; layer = layer->next) {
        const bool rectified = is_rectified(layer);
        x = rectified ? ct_forward_by(at, layer, x, linear_relu) : ct_forward(layer, x);
        if (rectified) layer = layer->next;
    }
    return x;
}

static ct_tensor *residual_forward(const char *at, ct_module *m, ct_tensor *x) {
    return ct_add(x, sequential_forward(at, m, x));
}

static const ct_module_kind sequential = {.name = "ct_sequential", .forward = sequential_forward};
static const ct_module_kind residual = {.name = "ct_residual", .forward = residual_forward};

static ct_module *new_row(const char *at, const ct_module_kind *kind, int n, ct_module *const *layers) {
    const bool end_mark = n > 0 && !layers[n - 1] && !ct_error_pending(); /* else it is a layer that failed */
    ct_module *m = ct_module_new(kind);
    for (int i = 0; i < n - end_mark; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        ct_add_part(m, name, layers[i]);
    }
    return ct_module_finish(m);
}

ct_module *ct_sequential_at(const char *at, int n, ct_module *const *layers) {
    return new_row(at, &sequential, n, layers);
}

ct_module *ct_residual_at(const char *at, int n, ct_module *const *layers) {
    return new_row(at, &residual, n, layers);
}
