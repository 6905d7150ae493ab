/* Functions that take elements from given places: composed of index_select and gather. */
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

#undef CT_PLACE
#define CT_PLACE(call) at

ct_tensor *ct_take_at(const char *at, ct_tensor *x, ct_tensor *places) {
    return ct_reshape(ct_index_select(ct_ravelled(at, x), 0, ct_ravelled(at, places)), ct_shape_of(places));
}

ct_tensor *ct_take_along_dim_at(const char *at, ct_tensor *x, ct_tensor *y, int axis) {
    const char *op = "ct_take_along_dim";
    if (!ct_given_axis(op, at, x, &axis) || !ct_given(op, at, y, 1)) return NULL;
    if (x->ndim != y->ndim || x->ndim == 0)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "the indices have %d dimensions", y->ndim);
    ct_shape from = ct_shape_of(x), to = ct_shape_of(y);
    for (int i = 0; i < x->ndim; i++) { /* one of the two repeats; what does not fit, the broadcast refuses */
        if (i == axis) continue;
        if (from.dim[i] == 1) from.dim[i] = to.dim[i];
        if (to.dim[i] == 1) to.dim[i] = from.dim[i];
        if (from.dim[i] != to.dim[i])
            return ct_decline(op, at, x, CT_ERR_SHAPE, "the indices differ along axis %d", i);
    }
    return ct_gather(ct_broadcast(x, from), axis, ct_broadcast(y, to));
}

/* Row y[i] of the table x (rows, width); the cotangent of those that are `padding` goes nowhere. */
ct_tensor *ct_embedding_at(const char *at, ct_tensor *x, ct_tensor *y, int64_t padding) {
    const char *op = "ct_embedding";
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, y, 1)) return NULL;
    if (x->ndim != 2) return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions, not 2", x->ndim);
    int64_t rows = x->extent->dim[0], place = padding < 0 ? padding + rows : padding;
    if (padding != CT_NO_PADDING && (place < 0 || place >= rows))
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "there is no row %lld", (long long)padding);
    for (int64_t i = 0; ct_is_integer(y) && i < ct_size_of(y); i++)
        if (ct_read_index(y, i) < 0)
            return ct_decline(op, at, x, CT_ERR_ARGUMENT, "there is no row %lld", (long long)ct_read_index(y, i));
    int last = -1;
    if (!ct_given_gap(op, at, y, 1, &last)) return NULL;
    ct_shape shape = ct_shape_of(y);
    shape.dim[shape.ndim++] = x->extent->dim[1];
    ct_tensor *z = ct_reshape(ct_index_select(x, 0, ct_ravelled(at, y)), shape);
    if (padding == CT_NO_PADDING) return z;
    ct_tensor *padded = ct_eq(y, ct_full(y->dtype, ct_shape_of(y), (double)place));
    return ct_where(ct_unsqueeze(padded, -1), ct_detach(z), z);
}
