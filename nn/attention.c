/* Multi-head attention, and the Transformer's encoder layer. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- attention ---------------------------------------------------------------------------------------------- */

enum { IN_PROJ_WEIGHT, IN_PROJ_BIAS };
enum { QUERY, KEY, VALUE };

/* x (n, places, e) through one third of the projection, cut into heads: (n, heads, places, e / heads). */
static ct_tensor *project(const char *at, ct_module *m, ct_tensor *x, int third) {
    const ct_attention_options *o = ct_module_data(m);
    ct_tensor *weight = ct_narrow(ct_own_tensor(m, IN_PROJ_WEIGHT), 0, third * o->embed, o->embed);
    ct_tensor *bias = ct_narrow(ct_own_tensor(m, IN_PROJ_BIAS), 0, third * o->embed, o->embed);
    ct_tensor *y = ct_affine(x, weight, bias);
    if (!y) return NULL;
    const int64_t *dim = ct_dims_of(y);
    y = ct_reshape(y, CT_SHAPE(dim[0], dim[1], o->heads, o->embed / o->heads));
    return ct_permute(y, CT_AXES(0, 2, 1, 3));
}

/* logits (n, heads, t, s) with -infinity, or something else, where the mask says so. */
static ct_tensor *masked(const char *at, ct_tensor *logits, ct_tensor *mask) {
    if (!logits || !mask) return logits;
    if (mask->dtype != CT_BOOL) return ct_add(logits, mask);
    return ct_masked_fill(logits, mask, ct_full((ct_dtype)logits->dtype, CT_SCALAR, -INFINITY));
}

/* True above the diagonal of (t, s). */
static ct_tensor *later_places(const char *at, const ct_tensor *logits) {
    const int64_t *dim = ct_dims_of(logits);
    return ct_cast(ct_triu(ct_ones(CT_F32, CT_SHAPE(dim[2], dim[3])), 1), CT_BOOL);
}

static bool valid_input(const char *at, const ct_module *m, const ct_tensor *x, int64_t embed) {
    char text[CT_DESCRIPTION];
    if (!ct_usable(m->kind->name, at, x, 0)) return false;
    if (x->ndim == 3 && ct_dims_of(x)[2] == embed) return true;
    return ct_raise(CT_ERR_SHAPE, m->kind->name, at, "%s is not (n, places, %" PRId64 ")", ct_describe(x, text), embed),
           false;
}

static ct_tensor *attention_forward(const char *at, ct_module *m, ct_tensor *x, void *more) {
    const ct_attention_options *o = ct_module_data(m);
    ct_attention none = {.mask = NULL}, *a = more ? more : &none;
    ct_tensor *key = a->key ? a->key : x, *value = a->value ? a->value : key;
    if (!valid_input(at, m, x, o->embed) || !valid_input(at, m, key, o->embed) || !valid_input(at, m, value, o->embed))
        return NULL;
    ct_tensor *q = project(at, m, x, QUERY), *k = project(at, m, key, KEY), *v = project(at, m, value, VALUE);
    ct_tensor *scale = ct_full((ct_dtype)x->dtype, CT_SCALAR, 1 / sqrt((double)(o->embed / o->heads)));
    ct_tensor *logits = masked(at, ct_matmul(ct_mul(q, scale), ct_transpose(k, -1, -2)), a->mask);
    if (logits && o->causal) logits = masked(at, logits, later_places(at, logits));
    ct_tensor *weights = a->weights = ct_softmax(logits, -1);
    if (m->training && o->dropout > 0) weights = ct_dropout(weights, o->dropout);
    ct_tensor *heads = ct_permute(ct_matmul(weights, v), CT_AXES(0, 2, 1, 3));
    return ct_forward(ct_own_part(m, 0), ct_reshape(heads, ct_shape_of(x)));
}

static const ct_module_kind attention = {
    .name = "ct_multi_head_attention", .size = sizeof(ct_attention_options), .forward_with = attention_forward};

ct_module *ct_multi_head_attention_at(const char *at, ct_attention_options o) {
    if (!o.dtype) o.dtype = CT_F32;
    if (!ct_valid_sizes(attention.name, at, o.embed, o.heads)) return NULL;
    if (o.embed % o.heads || o.embed > INT32_MAX)
        return ct_raise(CT_ERR_ARGUMENT, attention.name, at, "%" PRId64 " do not make %" PRId64 " heads", o.embed,
                        o.heads),
               NULL;
    if (!ct_take_option(attention.name, at, "dropout", &o.dropout, 0, 0, 1)) return NULL;
    ct_module *m = ct_module_new(&attention);
    ct_init_parameter(ct_add_parameter(m, "in_proj_weight", o.dtype, CT_SHAPE(3 * o.embed, o.embed)),
                      ct_xavier_uniform());
    ct_add_parameter(m, "in_proj_bias", o.dtype, CT_SHAPE(3 * o.embed));
    ct_module *out = ct_add_part(m, "out_proj", ct_linear(o.embed, o.embed, .dtype = o.dtype));
    if (out) ct_init_biases(out, 0);
    if (m) *(ct_attention_options *)ct_module_data(m) = o;
    return ct_module_finish(m);
}

/* ---- the encoder layer -------------------------------------------------------------------------------------- */

enum { SELF_ATTN, LINEAR1, LINEAR2, NORM1, NORM2 };

static ct_tensor *dropped(const char *at, const ct_module *m, ct_tensor *x) {
    const ct_transformer_options *o = ct_module_data(m);
    return m->training && o->dropout > 0 ? ct_dropout(x, o->dropout) : x;
}

static ct_tensor *attend(const char *at, ct_module *m, ct_tensor *x, ct_attention *a) {
    return dropped(at, m, ct_forward_with(ct_own_part(m, SELF_ATTN), x, a));
}

static ct_tensor *feed_forward(const char *at, ct_module *m, ct_tensor *x) {
    const ct_transformer_options *o = ct_module_data(m);
    ct_tensor *y = ct_forward(ct_own_part(m, LINEAR1), x);
    y = dropped(at, m, o->gelu ? ct_gelu(y) : ct_relu(y));
    return dropped(at, m, ct_forward(ct_own_part(m, LINEAR2), y));
}

static ct_tensor *encoder_forward(const char *at, ct_module *m, ct_tensor *x, void *more) {
    const ct_transformer_options *o = ct_module_data(m);
    ct_attention *given = more, a = {.mask = given ? given->mask : NULL};
    ct_module *norm1 = ct_own_part(m, NORM1), *norm2 = ct_own_part(m, NORM2);
    if (o->norm_first) {
        x = ct_add(x, attend(at, m, ct_forward(norm1, x), &a));
        x = ct_add(x, feed_forward(at, m, ct_forward(norm2, x)));
    } else {
        x = ct_forward(norm1, ct_add(x, attend(at, m, x, &a)));
        x = ct_forward(norm2, ct_add(x, feed_forward(at, m, x)));
    }
    if (given) given->weights = a.weights;
    return x;
}

static const ct_module_kind encoder = {
    .name = "ct_transformer_encoder_layer", .size = sizeof(ct_transformer_options), .forward_with = encoder_forward};

ct_module *ct_transformer_encoder_layer_at(const char *at, ct_transformer_options o) {
    if (!o.dtype) o.dtype = CT_F32;
    if (!ct_valid_sizes(encoder.name, at, o.embed, o.heads)) return NULL;
    if (!ct_take_option(encoder.name, at, "dropout", &o.dropout, 0, 0, 1)) return NULL;
    if (!o.feedforward && o.embed <= INT32_MAX) o.feedforward = 4 * o.embed;
    const ct_attention_options look = {o.embed, o.heads, o.dropout, o.causal, o.dtype};
    const ct_norm_options norm = {.size = o.embed, .eps = o.eps, .dtype = o.dtype};
    ct_module *m = ct_module_new(&encoder);
    ct_add_part(m, "self_attn", ct_multi_head_attention_at(at, look));
    ct_add_part(m, "linear1", ct_linear(o.embed, o.feedforward, .dtype = o.dtype));
    ct_add_part(m, "linear2", ct_linear(o.feedforward, o.embed, .dtype = o.dtype));
    ct_add_part(m, "norm1", ct_layer_norm_layer_at(at, norm));
    ct_add_part(m, "norm2", ct_layer_norm_layer_at(at, norm));
    if (m) *(ct_transformer_options *)ct_module_data(m) = o;
    return ct_module_finish(m);
}
