/* Functions between a tensor and its parts: stack and its kin; select, narrow, split, chunk, unbind; meshgrid. */
#include "autograd/ops/compose.h"

#undef CT_PLACE
#define CT_PLACE(call) at

static const ct_list none = {0, NULL}; /* of a call that failed */

/* ---- several into one ------------------------------------------------------------------------------------------ */

typedef ct_tensor *reshaping(const char *at, ct_tensor *x, int axis);

/* Each x reshaped. */
static ct_list each(const char *op, const char *at, ct_list xs, reshaping *reshape, int axis) {
    if (xs.n < 1) return ct_raise(CT_ERR_ARGUMENT, op, at, "no operands"), none;
    if (!ct_given_list(op, at, xs)) return none;
    ct_tensor **items = ct_room_for(op, at, xs.n);
    for (int k = 0; items && k < xs.n; k++)
        if (!(items[k] = reshape(at, xs.items[k], axis))) return none;
    return items ? (ct_list){xs.n, items} : none;
}

static ct_tensor *join(const char *op, const char *at, ct_list xs, reshaping *reshape, int axis) {
    xs = each(op, at, xs, reshape, axis);
    return xs.items ? ct_concat(xs, axis) : NULL;
}

ct_tensor *ct_stack_at(const char *at, ct_list xs, int axis) {
    const char *op = "ct_stack";
    char text[CT_DESCRIPTION];
    if (!ct_given_list(op, at, xs)) return NULL;
    for (int k = 0; k < xs.n; k++)
        if (!ct_same_shape(xs.items[k], xs.items[0]))
            return ct_decline(op, at, xs.items[k], CT_ERR_SHAPE, "operand %d is not of the shape of %s", k + 1,
                              ct_describe(xs.items[0], text));
    if (xs.n > 0 && !ct_given_gap(op, at, xs.items[0], 1, &axis)) return NULL;
    return join(op, at, xs, ct_unsqueeze_at, axis);
}

static ct_tensor *row(const char *at, ct_tensor *x, int axis) {
    (void)axis;
    return x->ndim > 1 ? x : ct_reshape(x, CT_SHAPE(1, ct_size_of(x)));
}

static ct_tensor *layer(const char *at, ct_tensor *x, int axis) {
    return x->ndim > 2 ? x : ct_unsqueeze(row(at, x, axis), 2);
}

static ct_tensor *vector(const char *at, ct_tensor *x, int axis) {
    (void)axis;
    return ct_at_least_1d(at, x);
}

ct_tensor *ct_hstack_at(const char *at, ct_list xs) {
    const ct_tensor *first = xs.n > 0 && xs.items ? xs.items[0] : NULL;
    return join("ct_hstack", at, xs, vector, first && first->ndim > 1);
}
ct_tensor *ct_vstack_at(const char *at, ct_list xs) { return join("ct_vstack", at, xs, row, 0); }
ct_tensor *ct_dstack_at(const char *at, ct_list xs) { return join("ct_dstack", at, xs, layer, 2); }

/* ---- one into parts -------------------------------------------------------------------------------------------- */

/* Where part i of n ends, which begins at `start`, along an axis of `extent`. */
typedef int64_t part_stop(int64_t i, int64_t n, int64_t start, int64_t extent, const int64_t *sizes);

static ct_list cut(const char *op, const char *at, ct_tensor *x, int axis, int64_t n, part_stop *stop_of,
                   const int64_t *sizes) {
    ct_tensor **items = ct_room_for(op, at, n);
    for (int64_t i = 0, start = 0; items && i < n; i++) {
        int64_t stop = stop_of(i, n, start, x->extent->dim[axis], sizes);
        if (!(items[i] = ct_slice(x, axis, start, stop, 1))) return none;
        start = stop;
    }
    return items ? (ct_list){(int)n, items} : none;
}

/* Whether x has an axis to cut. */
static bool can_cut(const char *op, const char *at, const ct_tensor *x, int *axis) {
    if (!ct_given_axis(op, at, x, axis)) return false;
    return x->ndim > 0 || (ct_decline(op, at, x, CT_ERR_SHAPE, "0 dimensions, of at least 1"), false);
}

/* Normalises an axis of x and an index along it. */
static bool resolve_index(const char *op, const char *at, const ct_tensor *x, int *axis, int64_t *index) {
    int64_t given = *index;
    if (!can_cut(op, at, x, axis)) return false;
    int64_t extent = x->extent->dim[*axis];
    if (given < 0) *index += extent;
    if (*index >= 0 && *index < extent) return true;
    return ct_decline(op, at, x, CT_ERR_ARGUMENT, "index %lld is outside of the extent %lld", (long long)given,
                      (long long)extent),
           false;
}

ct_tensor *ct_select_at(const char *at, ct_tensor *x, int axis, int64_t index) {
    if (!resolve_index("ct_select", at, x, &axis, &index)) return NULL;
    return ct_squeeze(ct_slice(x, axis, index, index + 1, 1), CT_AXES(axis));
}

ct_tensor *ct_select_scatter_at(const char *at, ct_tensor *x, ct_tensor *source, int axis, int64_t index) {
    if (!resolve_index("ct_select_scatter", at, x, &axis, &index)) return NULL;
    return ct_slice_scatter(x, ct_unsqueeze(source, axis), axis, index, index + 1, 1);
}

ct_tensor *ct_narrow_at(const char *at, ct_tensor *x, int axis, int64_t start, int64_t length) {
    const char *op = "ct_narrow";
    if (!can_cut(op, at, x, &axis)) return NULL;
    int64_t extent = x->extent->dim[axis], first = start < 0 ? start + extent : start;
    if (first < 0 || first > extent || length < 0 || length > extent - first)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%lld slices from %lld on are not in the extent %lld",
                          (long long)length, (long long)start, (long long)extent);
    return ct_slice(x, axis, first, first + length, 1);
}

static int64_t stop_by_size(int64_t i, int64_t n, int64_t start, int64_t extent, const int64_t *size) {
    (void)i, (void)n;
    return extent - start < *size ? extent : start + *size;
}

static ct_list split_by(const char *op, const char *at, ct_tensor *x, int axis, int64_t size) {
    int64_t extent = x->extent->dim[axis];
    if (size < 0 || (size == 0 && extent))
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "parts of %lld of %lld", (long long)size, (long long)extent),
               none;
    return cut(op, at, x, axis, extent ? (extent - 1) / size + 1 : 1, stop_by_size, &size);
}

ct_list ct_split_at(const char *at, ct_tensor *x, int64_t size, int axis) {
    if (!can_cut("ct_split", at, x, &axis)) return none;
    return split_by("ct_split", at, x, axis, size);
}

ct_list ct_chunk_at(const char *at, ct_tensor *x, int n, int axis) {
    const char *op = "ct_chunk";
    if (!can_cut(op, at, x, &axis)) return none;
    if (n < 1) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d parts", n), none;
    int64_t extent = x->extent->dim[axis], size = 0;
    if (extent == 0) return cut(op, at, x, axis, n, stop_by_size, &size);
    return split_by(op, at, x, axis, (extent - 1) / n + 1);
}

/* The first parts are one larger where n does not divide the extent. */
static int64_t stop_by_number(int64_t i, int64_t n, int64_t start, int64_t extent, const int64_t *sizes) {
    (void)sizes;
    return start + extent / n + (i < extent % n);
}

ct_list ct_tensor_split_at(const char *at, ct_tensor *x, int n, int axis) {
    const char *op = "ct_tensor_split";
    if (!can_cut(op, at, x, &axis)) return none;
    if (n < 1) return ct_decline(op, at, x, CT_ERR_ARGUMENT, "%d parts", n), none;
    return cut(op, at, x, axis, n, stop_by_number, NULL);
}

static int64_t stop_by_index(int64_t i, int64_t n, int64_t start, int64_t extent, const int64_t *ends) {
    (void)start;
    return i == n - 1 ? extent : ends[i];
}

ct_list ct_tensor_split_indices_at(const char *at, ct_tensor *x, ct_sizes indices, int axis) {
    const char *op = "ct_tensor_split_indices";
    if (!can_cut(op, at, x, &axis) || !ct_given_sizes(op, at, indices, 1)) return none;
    return cut(op, at, x, axis, (int64_t)indices.n + 1, stop_by_index, indices.items);
}

static int64_t stop_by_sizes(int64_t i, int64_t n, int64_t start, int64_t extent, const int64_t *sizes) {
    (void)n, (void)extent;
    return start + sizes[i];
}

ct_list ct_split_sizes_at(const char *at, ct_tensor *x, ct_sizes sizes, int axis) {
    const char *op = "ct_split_sizes";
    if (!can_cut(op, at, x, &axis) || !ct_given_sizes(op, at, sizes, 1)) return none;
    int64_t extent = x->extent->dim[axis], rest = extent;
    bool fit = true;
    for (int i = 0; i < sizes.n && fit; i++) {
        fit = sizes.items[i] >= 0 && sizes.items[i] <= rest;
        if (fit) rest -= sizes.items[i];
    }
    if (!fit || rest)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "the sizes do not add up to the extent %lld",
                          (long long)extent),
               none;
    return cut(op, at, x, axis, sizes.n, stop_by_sizes, sizes.items);
}

ct_list ct_unbind_at(const char *at, ct_tensor *x, int axis) {
    const char *op = "ct_unbind";
    if (!can_cut(op, at, x, &axis)) return none;
    int64_t n = x->extent->dim[axis];
    ct_tensor **items = ct_room_for(op, at, n);
    for (int64_t i = 0; items && i < n; i++)
        if (!(items[i] = ct_select(x, axis, i))) return none;
    return items ? (ct_list){(int)n, items} : none;
}

ct_tensor *ct_part_at(const char *at, ct_list parts, int i) {
    int64_t k = i < 0 ? (int64_t)i + parts.n : i;
    bool within = parts.items && k >= 0 && k < parts.n;
    if (within && !parts.items[k]) ct_raise_null("ct_part", at, (int)k);
    if (!within && !ct_error_pending()) ct_raise(CT_ERR_ARGUMENT, "ct_part", at, "part %d of %d", i, parts.n);
    return within ? parts.items[k] : NULL;
}

/* ---- meshgrid -------------------------------------------------------------------------------------------------- */

ct_list ct_meshgrid_at(const char *at, ct_list xs, ct_indexing indexing) {
    const char *op = "ct_meshgrid";
    if (xs.n < 1 || xs.n > CT_MAX_DIMS)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%d operands, of 1 to %d", xs.n, CT_MAX_DIMS), none;
    if (!ct_given_list(op, at, xs)) return none;
    ct_shape grid = {.ndim = xs.n};
    bool swapped = indexing == CT_INDEXING_XY && xs.n > 1;
    for (int k = 0; k < xs.n; k++) {
        const ct_tensor *x = xs.items[k];
        if (x->ndim > 1 || x->dtype != xs.items[0]->dtype)
            return ct_decline(op, at, x, CT_ERR_SHAPE, "operand %d is not 1-d, or not %s", k + 1,
                              ct_dtype_name(xs.items[0]->dtype)),
                   none;
        grid.dim[swapped && k < 2 ? 1 - k : k] = ct_size_of(x);
    }
    ct_tensor **items = ct_room_for(op, at, xs.n);
    for (int k = 0; items && k < xs.n; k++) {
        ct_shape shape = {.ndim = xs.n};
        for (int i = 0; i < xs.n; i++) shape.dim[i] = 1;
        shape.dim[swapped && k < 2 ? 1 - k : k] = ct_size_of(xs.items[k]);
        if (!(items[k] = ct_broadcast(ct_reshape(xs.items[k], shape), grid))) return none;
    }
    return items ? (ct_list){xs.n, items} : none;
}
