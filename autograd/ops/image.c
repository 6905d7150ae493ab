/* Images: blocks of pixels as channels, pixels at places of a grid. Composed of other ops. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- pixels and channels -------------------------------------------------------------------------------------- */

#define MOST_FACTOR (1 << 15) /* its square times an extent is no overflow */

/* Whether x is (..., channels, h, w), of extents that can be multiplied; the product of the leading ones. */
static bool planes(const char *op, const char *at, const ct_tensor *x, int64_t factor, int64_t *batch) {
    if (!ct_given(op, at, x, 0)) return false;
    bool fits = x->ndim >= 3 && factor >= 1 && factor <= MOST_FACTOR;
    for (int i = 1; fits && i <= 3; i++) fits = ct_dims_of(x)[x->ndim - i] <= INT32_MAX;
    if (!fits)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "channels, rows and columns are needed, and a factor, not %lld",
                          (long long)factor),
               false;
    *batch = 1;
    for (int i = 0; i < x->ndim - 3; i++) *batch *= ct_size_of(x) ? ct_dims_of(x)[i] : 1;
    return true;
}

/* x's shape but for the last three extents. */
static ct_shape with_planes(const ct_tensor *x, int64_t channels, int64_t rows, int64_t columns) {
    ct_shape shape = ct_shape_of(x);
    shape.dim[shape.ndim - 3] = channels, shape.dim[shape.ndim - 2] = rows, shape.dim[shape.ndim - 1] = columns;
    return shape;
}

ct_tensor *ct_pixel_shuffle_at(const char *at, ct_tensor *x, int64_t factor) {
    int64_t batch;
    if (!planes("ct_pixel_shuffle", at, x, factor, &batch)) return NULL;
    const int64_t *dim = ct_dims_of(x) + x->ndim - 3;
    if (dim[0] % (factor * factor))
        return ct_decline("ct_pixel_shuffle", at, x, CT_ERR_SHAPE, "the channels are no multiple of %lld squared",
                          (long long)factor);
    int64_t channels = dim[0] / (factor * factor);
    ct_shape shape = with_planes(x, channels, dim[1] * factor, dim[2] * factor);
    if (ct_size_of(x) == 0) return ct_reshape(x, shape);
    ct_tensor *blocks = ct_reshape(x, CT_SHAPE(batch, channels, factor, factor, dim[1], dim[2]));
    return ct_reshape(ct_permute(blocks, CT_AXES(0, 1, 4, 2, 5, 3)), shape);
}

ct_tensor *ct_pixel_unshuffle_at(const char *at, ct_tensor *x, int64_t factor) {
    int64_t batch;
    if (!planes("ct_pixel_unshuffle", at, x, factor, &batch)) return NULL;
    const int64_t *dim = ct_dims_of(x) + x->ndim - 3;
    if (dim[1] % factor || dim[2] % factor)
        return ct_decline("ct_pixel_unshuffle", at, x, CT_ERR_SHAPE, "rows or columns are no multiple of %lld",
                          (long long)factor);
    int64_t rows = dim[1] / factor, columns = dim[2] / factor;
    if (ct_size_of(x) == 0) return ct_reshape(x, with_planes(x, dim[0] * factor * factor, rows, columns));
    ct_tensor *blocks = ct_reshape(x, CT_SHAPE(batch, dim[0], rows, factor, columns, factor));
    return ct_reshape(ct_permute(blocks, CT_AXES(0, 1, 3, 5, 2, 4)),
                      with_planes(x, dim[0] * factor * factor, rows, columns));
}

/* ---- places of a grid ----------------------------------------------------------------------------------------- */

/* Limited to [0, high], without a derivative where a limit is reached. */
static ct_tensor *limited(const char *at, ct_tensor *place, double high) {
    place = ct_where(ct_gt(place, C(place, 0)), place, C(place, 0));
    return ct_where(ct_lt(place, C(place, high)), place, C(place, high));
}

/* Reflected between low and high, as often as it takes. */
static ct_tensor *reflected(const char *at, ct_tensor *place, double low, double high) {
    double span = high - low;
    if (span <= 0) return ct_mul(place, C(place, 0));
    ct_tensor *from = ct_abs(ct_sub(place, C(place, low))), *turns = ct_floor(ct_div(from, C(from, span)));
    ct_tensor *extra = ct_sub(from, ct_mul(turns, C(from, span)));
    ct_tensor *even = ct_eq(ct_fmod(turns, C(turns, 2)), C(turns, 0));
    return ct_add(ct_where(even, extra, ct_sub(C(extra, span), extra)), C(extra, low));
}

/* Coordinate k of a grid (n, rows, columns, 2), -1 to 1, as places (n, rows * columns) in an extent. */
static ct_tensor *places(const char *at, ct_tensor *grid, int k, int64_t extent, ct_grid_padding padding,
                         bool align_corners) {
    double n = (double)extent;
    const int64_t *dim = ct_dims_of(grid);
    ct_tensor *g = ct_reshape(ct_select(grid, -1, k), CT_SHAPE(dim[0], dim[1] * dim[2]));
    g = ct_add(g, C(g, 1));
    g = align_corners ? ct_mul(g, C(g, (n - 1) / 2)) : ct_mul(ct_sub(ct_mul(g, C(g, n)), C(g, 1)), C(g, 0.5));
    if (padding == CT_GRID_REFLECTION)
        g = align_corners ? reflected(at, g, 0, n - 1) : reflected(at, g, -0.5, n - 0.5);
    return padding == CT_GRID_ZEROS ? g : limited(at, g, n - 1);
}

/* Whether whole places are inside of an extent. */
static ct_tensor *inside(const char *at, ct_tensor *place, int64_t extent) {
    return ct_logical_and(ct_ge(place, C(place, 0)), ct_le(place, C(place, (double)(extent - 1))));
}

/* The pixels of x (n, c, h, w) at whole places (n, m), as (n, c, m), times weights (n, m); 0 outside. */
static ct_tensor *pixels(const char *at, ct_tensor *x, ct_tensor *row, ct_tensor *column, ct_tensor *weight) {
    if (!row || !column || !weight) return NULL;
    const int64_t *dim = ct_dims_of(x);
    int64_t m = ct_dims_of(row)[1];
    ct_tensor *there = ct_logical_and(inside(at, row, dim[2]), inside(at, column, dim[3])), *zero = C(x, 0);
    ct_tensor *i = ct_cast(ct_where(there, row, zero), CT_F64), *j = ct_cast(ct_where(there, column, zero), CT_F64);
    ct_tensor *index = ct_cast(ct_add(ct_mul(i, ct_scalar((double)dim[3])), j), CT_I64);
    ct_shape shape = CT_SHAPE(dim[0], dim[1], m);
    index = ct_broadcast(ct_unsqueeze(index, 1), shape);
    ct_tensor *found = ct_gather(ct_reshape(x, CT_SHAPE(dim[0], dim[1], dim[2] * dim[3])), 2, index);
    found = ct_where(ct_unsqueeze(there, 1), found, zero);
    return ct_mul(found, ct_unsqueeze(ct_where(there, weight, zero), 1));
}

/* The four pixels around each place. */
static ct_tensor *blended(const char *at, ct_tensor *x, ct_tensor *row, ct_tensor *column) {
    ct_tensor *top = ct_floor(row), *left = ct_floor(column), *z = NULL;
    ct_tensor *down = ct_sub(row, top), *right = ct_sub(column, left);
    for (int k = 0; k < 4; k++) {
        ct_tensor *i = k & 2 ? ct_add(top, C(top, 1)) : top, *j = k & 1 ? ct_add(left, C(left, 1)) : left;
        ct_tensor *weight =
            ct_mul(k & 2 ? down : ct_sub(C(down, 1), down), k & 1 ? right : ct_sub(C(right, 1), right));
        ct_tensor *part = pixels(at, x, i, j, weight);
        z = k ? ct_add(z, part) : part;
    }
    return z;
}

ct_tensor *ct_grid_sample_at(const char *at, ct_tensor *x, ct_tensor *grid, ct_resampling mode,
                             ct_grid_padding padding, bool align_corners) {
    char text[CT_DESCRIPTION];
    if (!ct_given("ct_grid_sample", at, x, 0) || !ct_given("ct_grid_sample", at, grid, 1)) return NULL;
    bool fits = x->ndim == 4 && grid->ndim == 4 && x->dtype == grid->dtype && ct_is_float((ct_dtype)x->dtype);
    const int64_t *dim = ct_dims_of(x), *to = ct_dims_of(grid);
    int64_t area;
    fits = fits && to[3] == 2 && dim[0] == to[0] && dim[2] && dim[3] && ct_checked_mul_i64(dim[2], dim[3], &area) &&
           ct_checked_mul_i64(to[1], to[2], &area);
    if (!fits)
        return ct_decline("ct_grid_sample", at, grid, CT_ERR_SHAPE, "no grid (n, rows, columns, 2) for images %s",
                          ct_describe(x, text));
    if (mode != CT_RESAMPLE_NEAREST && mode != CT_RESAMPLE_LINEAR)
        return ct_decline("ct_grid_sample", at, x, CT_ERR_ARGUMENT, "the mode is neither nearest nor linear");
    ct_tensor *row = places(at, grid, 1, dim[2], padding, align_corners);
    ct_tensor *column = places(at, grid, 0, dim[3], padding, align_corners);
    ct_tensor *z = mode == CT_RESAMPLE_LINEAR ? blended(at, x, row, column)
                                              : pixels(at, x, ct_round(row), ct_round(column), C(x, 1));
    return ct_reshape(z, CT_SHAPE(dim[0], dim[1], to[1], to[2]));
}
