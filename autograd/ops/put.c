/* Functions that put elements in place of others: composed of one scatter, to the places of those others in the flat
 * tensor, which the same indexing finds in a tensor that counts them. */
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* 0, 1, 2, ... in x's shape. */
static ct_tensor *places_of(const char *at, const ct_tensor *x) {
    return x ? ct_reshape(ct_arange(CT_I64, ct_size_of(x)), ct_shape_of(x)) : NULL;
}

ct_tensor *ct_put_at(const char *at, ct_tensor *x, ct_tensor *places, ct_tensor *source, bool add) {
    const char *op = "ct_put";
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, places, 1) || !ct_given(op, at, source, 2)) return NULL;
    if (ct_size_of(places) != ct_size_of(source))
        return ct_decline(op, at, source, CT_ERR_SHAPE, "not as many elements as %lld places",
                          (long long)ct_size_of(places));
    ct_tensor *flat = ct_ravelled(at, x), *to = ct_ravelled(at, places), *from = ct_ravelled(at, source);
    return ct_reshape(add ? ct_scatter_add(flat, 0, to, from) : ct_scatter(flat, 0, to, from), ct_shape_of(x));
}

/* x with `source`, which must be of the shape of `places`, there. */
static ct_tensor *replace(const char *op, const char *at, ct_tensor *x, ct_tensor *places, ct_tensor *source) {
    char text[CT_DESCRIPTION];
    if (!ct_given(op, at, x, 0) || !ct_given(op, at, places, 0) || !ct_given(op, at, source, 1)) return NULL;
    if (!ct_same_shape(places, source))
        return ct_decline(op, at, source, CT_ERR_SHAPE, "is to take the place of %s", ct_describe(places, text));
    return ct_put(x, places, source, false);
}

ct_tensor *ct_index_put_at(const char *at, ct_tensor *x, ct_subscripts subscripts, ct_tensor *source, bool add) {
    ct_tensor *places = ct_index_by(places_of(at, x), subscripts);
    if (!ct_given("ct_index_put", at, x, 0) || !places || !ct_given("ct_index_put", at, source, 1)) return NULL;
    if (source->ndim == 0 && source->dtype != x->dtype) source = ct_cast(source, x->dtype);
    return ct_put(x, places, ct_broadcast(source, ct_shape_of(places)), add);
}

ct_tensor *ct_diagonal_scatter_at(const char *at, ct_tensor *x, ct_tensor *source, int64_t offset, int axis1,
                                  int axis2) {
    return replace("ct_diagonal_scatter", at, x, ct_diagonal(places_of(at, x), offset, axis1, axis2), source);
}

/* ---- slices at indices ----------------------------------------------------------------------------------------- */

ct_tensor *ct_index_copy_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *source) {
    return replace("ct_index_copy", at, x, ct_index_select(places_of(at, x), axis, y), source);
}

ct_tensor *ct_index_fill_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *value) {
    const char *op = "ct_index_fill";
    ct_tensor *places = ct_index_select(places_of(at, x), axis, y);
    if (!ct_given(op, at, x, 0) || !places || !ct_given(op, at, value, 2)) return NULL;
    if (value->ndim)
        return ct_decline(op, at, value, CT_ERR_SHAPE, "the value has %d dimensions, not 0", value->ndim);
    return ct_put(x, places, ct_broadcast(ct_cast(value, x->dtype), ct_shape_of(places)), false);
}

ct_tensor *ct_index_add_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *source, double alpha) {
    const char *op = "ct_index_add";
    ct_tensor *flat = ct_at_least_1d(at, x);
    if (!ct_given_axis(op, at, flat, &axis)) return NULL;
    ct_tensor *sums =
        ct_segment_sum(ct_at_least_1d(at, source), axis, ct_at_least_1d(at, y), flat->extent->dim[axis]);
    if (!sums) return NULL;
    if (!ct_same_shape(flat, sums))
        return ct_decline(op, at, source, CT_ERR_SHAPE, "the slices along axis %d are not of the shape of the others",
                          axis);
    return ct_reshape(ct_add(flat, ct_mul(ct_scalar(alpha), sums)), ct_shape_of(x));
}
