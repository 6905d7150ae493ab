/* Functions that keep all elements in another shape, or repeat them: composed of reshape, permute and broadcast. */
#include "autograd/ops/axis.h"
#include "autograd/ops/compose.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

ct_tensor *ct_clone_at(const char *at, ct_tensor *x) { return ct_broadcast(x, ct_shape_of(x)); }

/* ---- order of the axes ----------------------------------------------------------------------------------------- */

ct_tensor *ct_transpose_at(const char *at, ct_tensor *x, int axis1, int axis2) {
    int a = axis1, b = axis2;
    if (!ct_given_axis("ct_transpose", at, x, &a) || !ct_given_axis("ct_transpose", at, x, &b)) return NULL;
    ct_axes order = {.n = x->ndim};
    for (int i = 0; i < order.n; i++) order.axis[i] = i == a ? b : i == b ? a : i;
    return ct_permute(x, order);
}

ct_tensor *ct_t_at(const char *at, ct_tensor *x) {
    if (!ct_given("ct_t", at, x, 0)) return NULL;
    if (x->ndim > 2) return ct_decline("ct_t", at, x, CT_ERR_SHAPE, "%d dimensions, of at most 2", x->ndim);
    return ct_transpose(x, 0, -1);
}

ct_tensor *ct_movedim_at(const char *at, ct_tensor *x, ct_axes from, ct_axes to) {
    unsigned moved, taken;
    const char *op = "ct_movedim";
    if (!ct_given_axes(op, at, x, &from, &moved) || !ct_given_axes(op, at, x, &to, &taken)) return NULL;
    if (from.n != to.n)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d axes are to move to %d places", from.n, to.n);
    ct_axes order = {.n = x->ndim};
    for (int i = 0; i < from.n; i++) order.axis[to.axis[i]] = from.axis[i];
    for (int i = 0, rest = 0; i < x->ndim; i++) { /* the others follow in their order */
        if (taken & 1u << i) continue;
        while (moved & 1u << rest) rest++;
        order.axis[i] = rest++;
    }
    return ct_permute(x, order);
}

/* ---- axes that come and go ------------------------------------------------------------------------------------- */

ct_tensor *ct_squeeze_at(const char *at, ct_tensor *x, ct_axes axes) {
    unsigned mask;
    if (!ct_given_axes("ct_squeeze", at, x, &axes, &mask)) return NULL;
    ct_shape shape = {.ndim = 0};
    for (int i = 0; i < x->ndim; i++)
        if (x->extent->dim[i] != 1 || !(mask & 1u << i)) shape.dim[shape.ndim++] = x->extent->dim[i];
    return ct_reshape(x, shape);
}

ct_tensor *ct_unsqueeze_at(const char *at, ct_tensor *x, int axis) {
    if (!ct_given_gap("ct_unsqueeze", at, x, 1, &axis)) return NULL;
    ct_shape shape = ct_shape_of(x);
    for (int i = shape.ndim++; i > axis; i--) shape.dim[i] = shape.dim[i - 1];
    shape.dim[axis] = 1;
    return ct_reshape(x, shape);
}

/* x with n of its axes, from `axis` on, replaced by those of `inner`, which has as many elements. */
static ct_tensor *replace_axes(const char *op, const char *at, ct_tensor *x, int axis, int n, const ct_shape *inner) {
    ct_shape shape = {.ndim = x->ndim - n + inner->ndim};
    if (shape.ndim > CT_MAX_DIMS)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions, of at most %d", shape.ndim, CT_MAX_DIMS);
    int to = 0;
    for (int i = 0; i < axis; i++) shape.dim[to++] = x->extent->dim[i];
    for (int i = 0; i < inner->ndim; i++) shape.dim[to++] = inner->dim[i];
    for (int i = axis + n; i < x->ndim; i++) shape.dim[to++] = x->extent->dim[i];
    return ct_reshape(x, shape);
}

ct_tensor *ct_flatten_at(const char *at, ct_tensor *x, int first, int last) {
    const char *op = "ct_flatten";
    if (!ct_given_axis(op, at, x, &first) || !ct_given_axis(op, at, x, &last)) return NULL;
    if (first > last) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "axis %d comes after axis %d", first, last);
    int n = x->ndim ? last - first + 1 : 0;
    ct_shape inner = CT_SHAPE(1);
    if (!ct_checked_size(n, x->ndim ? x->extent->dim + first : NULL, inner.dim))
        return ct_decline(op, at, x, CT_ERR_LIMIT, "the extents of axes %d to %d are too large", first, last);
    return replace_axes(op, at, x, first, n, &inner);
}

ct_tensor *ct_unflatten_at(const char *at, ct_tensor *x, int axis, ct_shape sizes) {
    const char *op = "ct_unflatten";
    char text[CT_DESCRIPTION];
    if (!ct_given_axis(op, at, x, &axis)) return NULL;
    if (x->ndim == 0 || sizes.ndim < 1 || sizes.ndim > CT_MAX_DIMS)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%d sizes for axis %d", sizes.ndim, axis);
    if (!ct_complete_shape(&sizes, x->extent->dim[axis]))
        return ct_decline(op, at, x, CT_ERR_SHAPE, "axis %d does not unfold to %s", axis,
                          ct_describe_shape(&sizes, text));
    return replace_axes(op, at, x, axis, 1, &sizes);
}

/* ---- repeating ------------------------------------------------------------------------------------------------- */

ct_tensor *ct_expand_at(const char *at, ct_tensor *x, ct_shape shape) {
    if (!ct_given("ct_expand", at, x, 0)) return NULL;
    for (int i = 1; i <= x->ndim && i <= shape.ndim && shape.ndim <= CT_MAX_DIMS; i++) { /* from the back */
        int64_t *extent = &shape.dim[shape.ndim - i];
        if (*extent == -1) *extent = x->extent->dim[x->ndim - i];
    }
    return ct_broadcast(x, shape);
}

/* x n times along an axis: as a whole (each: every slice for itself). */
static ct_tensor *repeat_axis(const char *op, const char *at, ct_tensor *x, int axis, int64_t n, bool each) {
    if (!x) return NULL;
    ct_shape shape = ct_shape_of(x);
    if (n < 0) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%lld repetitions", (long long)n);
    if (!ct_checked_mul_i64(shape.dim[axis], n, &shape.dim[axis]))
        return ct_decline(op, at, x, CT_ERR_LIMIT, "%lld repetitions are too many", (long long)n);
    if (n == 1) return x;
    if (n == 0) x = ct_slice(x, axis, 0, 0, 1);
    if (n == 0 || ct_size_of(x) == 0) return ct_reshape(x, shape);
    ct_around around = ct_around_axis(x, axis);
    const int64_t before = each ? around.outer * around.extent : around.outer, after = ct_size_of(x) / before;
    x = ct_broadcast(ct_reshape(x, CT_SHAPE(before, 1, after)), CT_SHAPE(before, n, after));
    return ct_reshape(x, shape);
}

/* x with axes of extent 1 in front, ndim in all. */
static ct_tensor *with_leading_axes(const char *at, ct_tensor *x, int ndim) {
    ct_shape shape = {.ndim = ndim};
    for (int i = 0, added = ndim - x->ndim; i < ndim; i++) shape.dim[i] = i < added ? 1 : x->extent->dim[i - added];
    return ct_reshape(x, shape);
}

ct_tensor *ct_tile_at(const char *at, ct_tensor *x, ct_shape times) {
    const char *op = "ct_tile";
    if (!ct_given(op, at, x, 0)) return NULL;
    if (times.ndim < 0 || times.ndim > CT_MAX_DIMS)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions, of at most %d", times.ndim, CT_MAX_DIMS);
    int ndim = times.ndim > x->ndim ? times.ndim : x->ndim;
    x = with_leading_axes(at, x, ndim);
    for (int i = 0; i < times.ndim; i++) x = repeat_axis(op, at, x, ndim - times.ndim + i, times.dim[i], false);
    return x;
}

ct_tensor *ct_repeat_at(const char *at, ct_tensor *x, ct_shape times) {
    if (!ct_given("ct_repeat", at, x, 0)) return NULL;
    if (times.ndim < x->ndim)
        return ct_decline("ct_repeat", at, x, CT_ERR_SHAPE, "%d repetitions for %d dimensions", times.ndim, x->ndim);
    return ct_tile(x, times);
}

ct_tensor *ct_repeat_interleave_at(const char *at, ct_tensor *x, int64_t times, int axis) {
    if (!ct_given_axis("ct_repeat_interleave", at, x, &axis)) return NULL;
    return repeat_axis("ct_repeat_interleave", at, ct_at_least_1d(at, x), axis, times, true);
}
