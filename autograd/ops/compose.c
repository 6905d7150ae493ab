/* What functions that are composed of operations check before they look into their operands. */
#include "autograd/ops/compose.h"

#undef CT_PLACE
#define CT_PLACE(call) at

ct_tensor *ct_decline(const char *op, const char *at, const ct_tensor *x, ct_error_code code, const char *format,
                      ...) {
    char operand[CT_DESCRIPTION], reason[2 * CT_DESCRIPTION];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    ct_raise(code, op, at, "%s: %s", ct_describe(x, operand), reason);
    return NULL;
}

bool ct_given_list(const char *op, const char *at, ct_list xs) {
    for (int k = 0; k < xs.n; k++)
        if (!ct_given(op, at, xs.items ? xs.items[k] : NULL, k)) return false;
    return true;
}

bool ct_given_sizes(const char *op, const char *at, ct_sizes sizes, int k) {
    if (sizes.n > 0 && !sizes.items) return ct_raise_null(op, at, k), false;
    if (sizes.n >= 0) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "a list of %d numbers", sizes.n), false;
}

static bool axis_within(const char *op, const char *at, const ct_tensor *x, int ndim, int *axis) {
    int given = *axis;
    if (ct_resolve_axis(given, ndim, axis)) return true;
    return ct_decline(op, at, x, CT_ERR_ARGUMENT, "axis %d is outside of %d dimensions", given, ndim), false;
}

bool ct_given_axis(const char *op, const char *at, const ct_tensor *x, int *axis) {
    return ct_given(op, at, x, 0) && axis_within(op, at, x, x->ndim ? x->ndim : 1, axis);
}

bool ct_given_axes(const char *op, const char *at, const ct_tensor *x, ct_axes *axes, unsigned *mask) {
    *mask = 0;
    if (!ct_given(op, at, x, 0)) return false;
    int most = x->ndim ? x->ndim : 1;
    if (axes->n > most) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d axes, of at most %d", axes->n, most), false;
    if (axes->n < 0)
        for (axes->n = 0; axes->n < x->ndim; axes->n++) axes->axis[axes->n] = axes->n;
    for (int i = 0; i < axes->n; i++) {
        int given = axes->axis[i];
        if (!axis_within(op, at, x, most, &axes->axis[i])) return false;
        if (*mask & 1u << axes->axis[i])
            return ct_decline(op, at, x, CT_ERR_ARGUMENT, "axis %d is given twice", given), false;
        *mask |= 1u << axes->axis[i];
    }
    return true;
}

bool ct_given_gap(const char *op, const char *at, const ct_tensor *x, int n, int *axis) {
    if (!ct_given(op, at, x, 0)) return false;
    if (x->ndim + n > CT_MAX_DIMS)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions, of at most %d", x->ndim + n, CT_MAX_DIMS), false;
    return axis_within(op, at, x, x->ndim + n, axis);
}

ct_tensor *ct_at_least_1d(const char *at, ct_tensor *x) { return x && x->ndim == 0 ? ct_reshape(x, CT_SHAPE(1)) : x; }

ct_tensor *ct_ravelled(const char *at, ct_tensor *x) { return ct_reshape(x, CT_SHAPE(ct_size(x))); }

ct_tensor **ct_room_for(const char *op, const char *at, int64_t n) {
    if (n > CT_ANY_NUMBER)
        return ct_raise(CT_ERR_LIMIT, op, at, "%lld tensors, of at most %d", (long long)n, CT_ANY_NUMBER), NULL;
    if (ct_this.depth == 0) return ct_raise_no_scope(op, at), NULL;
    ct_tensor **room = ct_scope_array(ct_this.depth, (size_t)n, sizeof *room);
    if (!room) ct_raise_memory(op, at, (size_t)n * sizeof *room);
    return room;
}
