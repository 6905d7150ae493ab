/* nn/: attention. A part of nn.h; include that.
 *
 * A. Vaswani et al., "Attention is all you need", NIPS 2017. Axes: n examples, t places of the result, s places that
 * are looked at, e numbers each.
 */
#ifndef COTANGENT_NN_ATTENTION_H
#define COTANGENT_NN_ATTENTION_H

typedef struct ct_attention_options {
    int64_t embed, heads; /* e, and how many parts of it look on their own */
    double dropout;       /* (0) of the weights, in training mode */
    bool causal;          /* (false) no place looks at later ones */
    ct_dtype dtype;       /* (CT_F32) */
} ct_attention_options;

/* More than x, for ct_forward_with(); the rest is zero. */
typedef struct ct_attention {
    ct_tensor *key;     /* (n, s, e), NULL: x */
    ct_tensor *value;   /* (n, s, e), NULL: the key */
    ct_tensor *mask;    /* broadcast to (n, heads, t, s): true, of bool, where not to look, else added to the logits */
    ct_tensor *weights; /* result: (n, heads, t, s), before dropout */
} ct_attention;

/* x (n, t, e), the query, to (n, t, e). With q, k, v = x, key, value times the thirds of in_proj_weight^T (e, 3 e) plus
 * those of in_proj_bias, in each head of e / heads numbers: softmax(q k^T / sqrt(e / heads)) v; the heads, side by
 * side, times out_proj.weight^T plus out_proj.bias. in_proj_weight is ct_xavier_uniform(), biases are 0. */
CT_API ct_module *ct_multi_head_attention_at(const char *at, ct_attention_options options);
#define ct_multi_head_attention(...)                                                                                 \
    ct_multi_head_attention_at(CT_PLACE("ct_multi_head_attention: "), (ct_attention_options){.embed = __VA_ARGS__})

typedef struct ct_transformer_options {
    int64_t embed, heads;
    int64_t feedforward; /* (4 embed) */
    double dropout;      /* (0) of attention's weights, and of what is added to x */
    double eps;          /* (1e-5) of the normalisations */
    bool norm_first;     /* (false) normalises what enters the two parts, not what leaves their sums */
    bool gelu;           /* (false) instead of relu */
    bool causal;         /* (false) no place looks at later ones */
    ct_dtype dtype;      /* (CT_F32) */
} ct_transformer_options;

/* A layer of a Transformer's encoder, or with `causal` of a decoder that looks at nothing else; x (n, t, e) to the
 * same:
 *     y = norm1(x + self_attn(x)),  z = norm2(y + linear2(relu(linear1(y))))
 * and with norm_first  y = x + self_attn(norm1(x)),  z = y + linear2(relu(linear1(norm2(y)))).
 * More than x is a ct_attention, of which it uses and fills mask and weights. */
CT_API ct_module *ct_transformer_encoder_layer_at(const char *at, ct_transformer_options options);
#define ct_transformer_encoder_layer(...)                                                                            \
    ct_transformer_encoder_layer_at(CT_PLACE("ct_transformer_encoder_layer: "),                                      \
                                    (ct_transformer_options){.embed = __VA_ARGS__})

#endif
