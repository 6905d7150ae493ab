/* Lines: several axes as one, and one element of each. */
#include "autograd/ops/lines.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* The order of axes that brings those in `mask` behind the others. */
static ct_axes reduced_last(int ndim, unsigned mask) {
    ct_axes order = {.n = 0};
    for (int last = 0; last < 2; last++)
        for (int i = 0; i < ndim; i++)
            if ((mask >> i & 1) == (unsigned)last) order.axis[order.n++] = i;
    return order;
}

ct_tensor *ct_merge_axes(const char *op, const char *at, ct_tensor *x, ct_axes axes, ct_shape *reduced) {
    unsigned mask;
    if (!ct_given_axes(op, at, x, &axes, &mask)) return NULL;
    unsigned run = mask ? mask >> __builtin_ctz(mask) : 0;
    bool adjacent = (run & (run + 1)) == 0;
    ct_shape before = {.ndim = 0}, along = {.ndim = 0}, behind = {.ndim = 0};
    *reduced = (ct_shape){.ndim = 0};
    for (int i = 0; i < x->ndim; i++) {
        bool merged = mask >> i & 1;
        int64_t extent = x->extent->dim[i];
        ct_shape *part = merged ? &along : along.ndim && adjacent ? &behind : &before;
        part->dim[part->ndim++] = extent;
        if (!merged || axes.keep) reduced->dim[reduced->ndim++] = merged ? 1 : extent;
    }
    ct_shape shape = {.ndim = 3};
    if (!ct_checked_size(before.ndim, before.dim, &shape.dim[0]) ||
        !ct_checked_size(along.ndim, along.dim, &shape.dim[1]) ||
        !ct_checked_size(behind.ndim, behind.dim, &shape.dim[2]))
        return ct_decline(op, at, x, CT_ERR_LIMIT, "the extents beside 0 make too many elements");
    return ct_reshape(adjacent ? x : ct_permute(x, reduced_last(x->ndim, mask)), shape);
}

ct_tensor *ct_pick(const char *at, ct_tensor *x, int axis, ct_tensor *place) {
    ct_tensor *line = ct_at_least_1d(at, x);
    if (!line || !place || !ct_resolve_axis(axis, line->ndim, &axis)) return NULL;
    ct_shape shape = ct_shape_of(line);
    shape.dim[axis] = 1;
    return ct_reshape(ct_gather(line, axis, ct_reshape(place, shape)), ct_shape_of(place));
}
