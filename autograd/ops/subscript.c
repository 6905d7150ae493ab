/* ct_index: what Python's x[...] does, composed of slices, reshapes and one index_select. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* What is left of x once integers, slices and new axes are applied; and the tensors that index its axes. */
typedef struct indexed {
    ct_tensor *x;
    ct_tensor *by[CT_MAX_DIMS]; /* integer tensors by axis; NULL: the whole axis */
    int axis;                   /* the next subscript's */
} indexed;

static bool is_mask(const ct_subscript *s) { return s->kind == CT_SUBSCRIPT_TENSOR && s->by->dtype == CT_BOOL; }

/* How many axes of x a subscript uses up. */
static int axes_of(const ct_subscript *s) {
    switch (s->kind) {
    case CT_SUBSCRIPT_ELLIPSIS:
    case CT_SUBSCRIPT_NEW_AXIS: return 0;
    default: return is_mask(s) ? s->by->ndim : 1;
    }
}

/* How many axes "..." stands for; -1 with an error when the subscripts do not fit. */
static int ellipsis_of(const char *op, const char *at, const ct_tensor *x, ct_subscripts subscripts) {
    int used = 0, ellipses = 0;
    if (subscripts.n > 0 && !subscripts.items) return ct_raise_null(op, at, 1), -1;
    if (subscripts.n < 0) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d subscripts", subscripts.n), -1;
    for (int i = 0; i < subscripts.n; i++) {
        const ct_subscript *s = &subscripts.items[i];
        if (s->kind == CT_SUBSCRIPT_TENSOR && !ct_given(op, at, s->by, i + 1)) return -1;
        used += axes_of(s);
        ellipses += s->kind == CT_SUBSCRIPT_ELLIPSIS;
    }
    if (used > x->ndim) return ct_decline(op, at, x, CT_ERR_SHAPE, "subscripts for %d axes", used), -1;
    if (ellipses > 1) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "more than one ellipsis"), -1;
    return x->ndim - used;
}

/* A mask of n axes is n tensors of indices; of no axes, a new one of extent 0 or 1. */
static bool apply_mask(const char *op, const char *at, indexed *s, ct_tensor *mask) {
    char text[CT_DESCRIPTION];
    if (mask->ndim == 0) {
        s->x = ct_unsqueeze(s->x, s->axis);
        mask = ct_reshape(mask, CT_SHAPE(1));
    }
    bool fits = s->x && mask;
    for (int i = 0; fits && i < mask->ndim; i++) fits = mask->extent->dim[i] == s->x->extent->dim[s->axis + i];
    if (!fits && s->x && mask)
        ct_decline(op, at, s->x, CT_ERR_SHAPE, "the mask %s differs from axis %d on", ct_describe(mask, text),
                   s->axis);
    ct_tensor *places = fits ? ct_nonzero(mask) : NULL;
    for (int i = 0; places && i < mask->ndim; i++)
        if (!(s->by[s->axis++] = ct_select(places, 1, i))) return false;
    return places != NULL;
}

static bool apply(const char *op, const char *at, indexed *s, const ct_subscript *subscript, int ellipsis) {
    switch (subscript->kind) {
    case CT_SUBSCRIPT_AT: s->x = ct_select(s->x, s->axis, subscript->start); break;
    case CT_SUBSCRIPT_ELLIPSIS: s->axis += ellipsis; break;
    case CT_SUBSCRIPT_NEW_AXIS: s->x = ct_unsqueeze(s->x, s->axis++); break;
    case CT_SUBSCRIPT_SLICE:
        s->x = ct_slice(s->x, s->axis++, subscript->start, subscript->stop, subscript->step);
        break;
    case CT_SUBSCRIPT_TENSOR:
        if (is_mask(subscript)) return apply_mask(op, at, s, subscript->by);
        if (subscript->by->ndim == 0)
            s->x = ct_squeeze(ct_index_select(s->x, s->axis, subscript->by), CT_AXES(s->axis));
        else
            s->by[s->axis++] = subscript->by;
        break;
    default:
        return ct_decline(op, at, s->x, CT_ERR_ARGUMENT, "%d is no kind of subscript", (int)subscript->kind), false;
    }
    return s->x != NULL;
}

/* x with the n axes from `first` on replaced by those of `shape`. */
static ct_tensor *with_axes(const char *at, ct_tensor *x, int first, int n, const ct_shape *shape) {
    ct_shape result = {.ndim = x ? x->ndim - n + shape->ndim : 0};
    if (!x) return NULL;
    if (result.ndim > CT_MAX_DIMS)
        return ct_decline("ct_index", at, x, CT_ERR_SHAPE, "%d dimensions, of at most %d", result.ndim, CT_MAX_DIMS);
    for (int i = 0; i < result.ndim; i++) {
        int inside = i - first, after = i - shape->ndim + n;
        result.dim[i] = inside < 0             ? x->extent->dim[i]
                        : inside < shape->ndim ? shape->dim[inside]
                                               : x->extent->dim[after];
    }
    return ct_reshape(x, result);
}

/* x[by[0], ..., by[n - 1]], for the n axes from `first` on. */
static ct_tensor *select_by(const char *at, ct_tensor *x, int first, int n, ct_tensor **by) {
    ct_shape shape, extents = {.ndim = n}, joined = CT_SHAPE(0);
    if (!x) return NULL;
    if (!ct_broadcast_shapes(n, by, &shape))
        return ct_decline("ct_index", at, x, CT_ERR_SHAPE, "the indices do not broadcast");
    for (int i = 0; i < n; i++) extents.dim[i] = x->extent->dim[first + i];
    ct_tensor *index = by[0];
    if (n > 1) {
        for (int i = 0; i < n; i++) by[i] = ct_broadcast(by[i], shape);
        index = ct_ravel_multi_index(((ct_list){n, by}), extents); /* checks the extents too */
        if (!index || !ct_checked_size(n, extents.dim, joined.dim)) return NULL;
        x = with_axes(at, x, first, n, &joined);
    }
    return with_axes(at, ct_index_select(x, first, ct_ravelled(at, index)), first, 1, &shape);
}

/* Indexed axes that are not side by side go to the front, as in NumPy. */
static ct_tensor *apply_tensors(const char *at, indexed *s) {
    ct_tensor *by[CT_MAX_DIMS];
    ct_axes order = {.n = s->x->ndim};
    int n = 0;
    for (int i = 0; i < order.n; i++) {
        if (!s->by[i]) continue;
        by[n] = s->by[i];
        order.axis[n++] = i;
    }
    if (n == 0) return s->x;
    int first = order.axis[0];
    if (order.axis[n - 1] - first + 1 == n) return select_by(at, s->x, first, n, by);
    for (int i = 0, to = n; i < order.n; i++)
        if (!s->by[i]) order.axis[to++] = i;
    return select_by(at, ct_permute(s->x, order), 0, n, by);
}

ct_tensor *ct_index_by_at(const char *at, ct_tensor *x, ct_subscripts subscripts) {
    const char *op = "ct_index";
    if (!ct_given(op, at, x, 0)) return NULL;
    int ellipsis = ellipsis_of(op, at, x, subscripts);
    if (ellipsis < 0) return NULL;
    indexed s = {.x = x};
    for (int i = 0; i < subscripts.n; i++)
        if (!apply(op, at, &s, &subscripts.items[i], ellipsis)) return NULL;
    return apply_tensors(at, &s);
}
