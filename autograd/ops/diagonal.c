/* Diagonals and triangles of planes: diagonal, diag_embed, diag, tril, triu. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- a plane's diagonals --------------------------------------------------------------------------------------- */

/* The diagonal of `plane` (the rows, the columns) that begins `offset` columns to the right, or rows below when
 * negative: its length, and the places of its first element. */
typedef struct diagonal {
    int64_t length, row, column;
} diagonal;

static diagonal diagonal_of(int64_t rows, int64_t columns, int64_t offset) {
    if (offset <= -rows || offset >= columns) return (diagonal){0};
    diagonal d = {.row = offset < 0 ? -offset : 0, .column = offset > 0 ? offset : 0};
    int64_t below = rows - d.row, right = columns - d.column;
    d.length = below < right ? below : right;
    return d;
}

/* Resolves two axes, which must differ, of ndim. */
static bool two_axes(const char *op, const char *at, const ct_tensor *x, int ndim, int *axis1, int *axis2) {
    if (!ct_resolve_axis(*axis1, ndim, axis1) || !ct_resolve_axis(*axis2, ndim, axis2) || *axis1 == *axis2)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "there is no plane of axes %d and %d in %d dimensions", *axis1,
                          *axis2, ndim),
               false;
    return true;
}

/* The strides of a diagonal of `whole`: the axes beside the plane, and one that goes along both of its axes. */
static ct_shape diagonal_strides(const ct_shape *whole, int axis1, int axis2) {
    ct_shape own = ct_strides_of(whole), strides = {.ndim = 0};
    for (int i = 0; i < own.ndim; i++)
        if (i != axis1 && i != axis2) strides.dim[strides.ndim++] = own.dim[i];
    strides.dim[strides.ndim++] = own.dim[axis1] + own.dim[axis2];
    return strides;
}

ct_tensor *ct_diagonal_at(const char *at, ct_tensor *x, int64_t offset, int axis1, int axis2) {
    const char *op = "ct_diagonal";
    if (!ct_given(op, at, x, 0) || !two_axes(op, at, x, x->ndim, &axis1, &axis2)) return NULL;
    ct_shape whole = ct_shape_of(x), own = ct_strides_of(&whole), strides = diagonal_strides(&whole, axis1, axis2);
    diagonal d = diagonal_of(whole.dim[axis1], whole.dim[axis2], offset);
    ct_shape shape = {.ndim = 0};
    for (int i = 0; i < whole.ndim; i++)
        if (i != axis1 && i != axis2) shape.dim[shape.ndim++] = whole.dim[i];
    shape.dim[shape.ndim++] = d.length;
    return ct_as_strided(x, shape, strides, d.row * own.dim[axis1] + d.column * own.dim[axis2]);
}

ct_tensor *ct_diag_embed_at(const char *at, ct_tensor *x, int64_t offset, int axis1, int axis2) {
    const char *op = "ct_diag_embed";
    int last = -1;
    if (!ct_given_gap(op, at, x, 1, &last)) return NULL;
    if (!two_axes(op, at, x, x->ndim + 1, &axis1, &axis2)) return NULL; /* so x is not 0-d */
    int64_t length = x->extent->dim[x->ndim - 1], extent, size;
    if (offset == INT64_MIN || !ct_checked_add_i64(length, offset < 0 ? -offset : offset, &extent))
        return ct_decline(op, at, x, CT_ERR_LIMIT, "the offset %lld is too large", (long long)offset);
    ct_shape whole = {.ndim = x->ndim + 1};
    for (int i = 0, rest = 0; i < whole.ndim; i++)
        whole.dim[i] = i == axis1 || i == axis2 ? extent : x->extent->dim[rest++];
    if (!ct_checked_size(whole.ndim, whole.dim, &size))
        return ct_decline(op, at, x, CT_ERR_LIMIT, "the offset %lld is too large", (long long)offset);
    ct_shape own = ct_strides_of(&whole);
    int64_t start = offset < 0 ? -offset * own.dim[axis1] : offset * own.dim[axis2];
    return ct_as_strided_add(x, diagonal_strides(&whole, axis1, axis2), start, whole);
}

ct_tensor *ct_diag_at(const char *at, ct_tensor *x, int64_t offset) {
    if (!ct_given("ct_diag", at, x, 0)) return NULL;
    if (x->ndim == 1) return ct_diag_embed(x, offset, 0, 1);
    if (x->ndim == 2) return ct_diagonal(x, offset, 0, 1);
    return ct_decline("ct_diag", at, x, CT_ERR_SHAPE, "%d dimensions, not 1 or 2", x->ndim);
}

/* Zeros outside of a triangle: column - row <= offset (upper: >=). */
static ct_tensor *triangle(const char *op, const char *at, ct_tensor *x, int64_t offset, bool upper) {
    if (!ct_given(op, at, x, 0)) return NULL;
    if (x->ndim < 2) return ct_decline(op, at, x, CT_ERR_SHAPE, "%d dimensions, of at least 2", x->ndim);
    const int64_t *dim = x->extent->dim + x->ndim - 2;
    int64_t rows = ct_size_of(x) ? dim[0] : 0, columns = dim[1];
    ct_tensor *mask = ct_zeros(CT_BOOL, CT_SHAPE(ct_size_of(x) ? rows : 1, ct_size_of(x) ? columns : 1));
    if (!mask) return NULL;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t column = 0; column < columns; column++)
            ((uint8_t *)mask->data)[row * columns + column] = upper ? column - row >= offset : column - row <= offset;
    return ct_where(mask, x, ct_scalar(0));
}

ct_tensor *ct_tril_at(const char *at, ct_tensor *x, int64_t offset) {
    return triangle("ct_tril", at, x, offset, false);
}
ct_tensor *ct_triu_at(const char *at, ct_tensor *x, int64_t offset) {
    return triangle("ct_triu", at, x, offset, true);
}
