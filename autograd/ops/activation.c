/* Activations that are composed of other ops. */
#include "autograd/internal.h"

#undef CT_PLACE
#define CT_PLACE(call) at

ct_tensor *ct_relu6_at(const char *at, ct_tensor *x) { return ct_hardtanh(x, 0, 6); }
ct_tensor *ct_tanhshrink_at(const char *at, ct_tensor *x) { return ct_sub(x, ct_tanh(x)); }
ct_tensor *ct_softsign_at(const char *at, ct_tensor *x) {
    return ct_div(x, ct_add(ct_abs(x), ct_constant_like(at, x, 1)));
}
ct_tensor *ct_softmin_at(const char *at, ct_tensor *x, int axis) { return ct_softmax(ct_neg(x), axis); }

ct_tensor *ct_prelu_at(const char *at, ct_tensor *x, ct_tensor *slope) {
    char text[2][CT_DESCRIPTION];
    if (!x || !slope) return ct_raise_null("ct_prelu", at, x ? 1 : 0), NULL;
    int64_t n = ct_size_of(slope);
    ct_shape shape = {.ndim = 0};
    if (n != 1) { /* along axis 1 of x */
        shape = (ct_shape){.ndim = x->ndim - 1, .dim = {n}};
        for (int i = 1; i < shape.ndim; i++) shape.dim[i] = 1;
    }
    if (slope->ndim > 1 || (n != 1 && (x->ndim < 2 || x->extent->dim[1] != n)))
        return ct_raise(CT_ERR_SHAPE, "ct_prelu", at, "%s: slopes %s are neither one nor one for each slice of axis 1",
                        ct_describe(x, text[0]), ct_describe(slope, text[1])),
               NULL;
    return ct_leaky_relu_slopes(x, ct_reshape(slope, shape));
}

ct_tensor *ct_glu_at(const char *at, ct_tensor *x, int axis) {
    char text[CT_DESCRIPTION];
    int i;
    if (!x) return ct_raise_null("ct_glu", at, 0), NULL;
    if (!ct_resolve_axis(axis, x->ndim, &i))
        return ct_raise(CT_ERR_ARGUMENT, "ct_glu", at, "%s has no axis %d", ct_describe(x, text), axis), NULL;
    int64_t n = x->extent->dim[i];
    if (n % 2)
        return ct_raise(CT_ERR_SHAPE, "ct_glu", at, "%s: axis %d has no halves", ct_describe(x, text), axis), NULL;
    return ct_mul(ct_slice(x, i, 0, n / 2, 1), ct_sigmoid(ct_slice(x, i, n / 2, n, 1)));
}
