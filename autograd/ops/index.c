/* Ops that read or write at places held in a tensor: index_select and gather, and their adjoints. Indices are
 * of any integer dtype, and count from the back when negative. They are checked when the op is recorded; at a replay
 * they may have changed, and those out of range then read NaN (0 in an integer) and write nothing. */
#include "autograd/ops/axis.h"
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

#include <math.h>
#include <string.h>

#undef CT_HERE
#define CT_HERE at

/* ---- indices -------------------------------------------------------------------------------------------------- */

static bool fail_at(const ct_tensor *z, const ct_tensor *y, int64_t i, int64_t extent) {
    ct_shape where = ct_shape_of(y);
    char text[CT_DESCRIPTION];
    for (int64_t a = where.ndim - 1, rest = i; a >= 0; a--) {
        int64_t n = where.dim[a];
        where.dim[a] = rest % n;
        rest /= n;
    }
    return ct_op_fail(z, CT_ERR_ARGUMENT, "index %lld at %s is out of range for an extent of %lld",
                      (long long)ct_read_index(y, i), ct_describe_shape(&where, text), (long long)extent);
}

bool ct_check_indices(const ct_tensor *z, const ct_tensor *y, int64_t extent) {
    if (!ct_is_integer(y))
        return ct_op_fail(z, CT_ERR_DTYPE, "indices must be of an integer dtype, not %s", ct_dtype_name(y->dtype));
    for (int64_t i = 0, n = ct_size_of(y); i < n; i++)
        if (ct_index_place(y, i, extent) < 0) return fail_at(z, y, i, extent);
    return true;
}

bool ct_given_i64(const char *op, const char *at, const ct_tensor *y) {
    if (!y || y->dtype == CT_I64 || ct_size_of(y) == 0) return true;
    return ct_decline(op, at, y, CT_ERR_DTYPE, "indices must be i64, not %s", ct_dtype_name(y->dtype)), false;
}

ct_tensor *ct_cut_beside(const char *at, ct_tensor *x, const ct_tensor *y, int axis) {
    int kept;
    if (!x || !y || x->ndim != y->ndim) return x;
    if (!ct_resolve_axis(axis, x->ndim, &kept)) kept = -1;
    for (int i = 0, ndim = x->ndim; x && i < ndim; i++)
        if (i != kept && x->extent->dim[i] > y->extent->dim[i]) x = ct_slice(x, i, 0, y->extent->dim[i], 1);
    return x;
}

/* ---- attributes that the four ops share ----------------------------------------------------------------------- */

typedef struct index_attributes {
    int axis;
    int64_t extent; /* along the axis: of the larger side, which the indices point into */
} index_attributes;

static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, int axis, ct_tensor *y, int64_t extent) {
    index_attributes a = {axis, extent};
    return ct_record(at, op, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

static bool begin_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    index_attributes *a = z->attributes;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    return ct_op_axis(z, x->ndim, &a->axis);
}

/* For the adjoints, which take the extent from the caller and add up. */
static bool check_target(const ct_tensor *z) {
    const index_attributes *a = z->attributes;
    if (!ct_is_float(z->in[0]->dtype))
        return ct_op_fail(z, CT_ERR_DTYPE, "%s is not floating: ct_cast() first", ct_dtype_name(z->in[0]->dtype));
    return a->extent >= 0 || ct_op_fail(z, CT_ERR_ARGUMENT, "the extent %lld is negative", (long long)a->extent);
}

/* One case of the sweep. */
typedef struct index_case {
    ct_shape x, y;
    int axis;
    int64_t extent; /* of the adjoints */
    int64_t index[12];
} index_case;

static ct_sample sample(ct_op_id op, const index_case *cases, size_t n, int i, ct_dtype dtype) {
    if ((size_t)i >= n) return (ct_sample){.z = NULL};
    const index_case *c = &cases[i];
    ct_tensor *x = ct_sample_leaf(dtype, c->x, -3, 3);
    ct_tensor *y = ct_from_at(NULL, CT_I64, c->y, c->index);
    return (ct_sample){.z = record(NULL, op, x, c->axis, y, c->extent), .leaf = {x}};
}
#define SAMPLE(op, cases) sample(op, cases, sizeof cases / sizeof *cases, i, dtype)

static void fill_missing(ct_dtype dtype, void *z, int64_t i, int64_t n) {
    for (int64_t end = i + n; i < end; i++) ct_write_element(dtype, z, i, ct_is_float(dtype) ? NAN : 0);
}

/* ---- ct_index_select ------------------------------------------------------------------------------------------ */

ct_tensor *ct_index_select_at(const char *at, ct_tensor *x, int axis, ct_tensor *y) {
    bool scalar = x && x->ndim == 0;
    ct_tensor *z = record(at, CT_OP_ct_index_select, ct_at_least_1d(at, x), axis, ct_at_least_1d(at, y), 0);
    return scalar ? ct_reshape(z, CT_SCALAR) : z;
}

static bool check_flat(const ct_tensor *z) {
    int ndim = z->in[1]->ndim;
    return ndim == 1 || ct_op_fail(z, CT_ERR_SHAPE, "the indices have %d dimensions, not 1", ndim);
}

static bool ct_index_select_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    index_attributes *a = z->attributes;
    if (!begin_shape(z, shape, dtype) || !check_flat(z)) return false;
    a->extent = shape->dim[a->axis];
    shape->dim[a->axis] = z->in[1]->extent->size;
    return ct_check_indices(z, z->in[1], a->extent);
}

static void ct_index_select_forward(ct_tensor *z) {
    const index_attributes *a = z->attributes;
    const ct_tensor *x = z->in[0], *y = z->in[1];
    ct_around s = ct_around_axis(z, a->axis); /* z (outer, n, inner) = x (outer, extent, inner)[y (n)] */
    size_t row = (size_t)s.inner * ct_dtype_size(z->dtype);
    const char *xs = x->data;
    char *zs = z->data;
    for (int64_t o = 0; o < s.outer; o++) {
        for (int64_t i = 0; i < s.extent; i++) {
            int64_t place = ct_index_place(y, i, a->extent), to = o * s.extent + i;
            if (place < 0)
                fill_missing(z->dtype, zs, to * s.inner, s.inner);
            else
                memcpy(zs + (size_t)to * row, xs + (size_t)(o * a->extent + place) * row, row);
        }
    }
}

static ct_tensor *ct_index_select_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_segment_sum(g, a->axis, z->in[1], a->extent);
}

/* z (outer, extent, inner) += x (outer, n, inner) at y (n), in the order of y. */
static void add_slices(ct_around s, int64_t extent, const ct_tensor *y, ct_dtype dtype, const char *x, char *z) {
    size_t row = (size_t)s.inner * ct_dtype_size(dtype);
    for (int64_t o = 0; o < s.outer; o++) {
        for (int64_t i = 0; i < s.extent; i++) {
            int64_t place = ct_index_place(y, i, extent);
            if (place < 0) continue;
            ct_add_into(dtype, s.inner, x + (size_t)(o * s.extent + i) * row,
                        z + (size_t)(o * extent + place) * row);
        }
    }
}

static void ct_index_select_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const index_attributes *a = z->attributes;
    if (!add) memset(gx, 0, ct_bytes_of(z->in[k]));
    add_slices(ct_around_axis(z, a->axis), a->extent, z->in[1], z->dtype, g, gx);
}

static ct_sample ct_index_select_samples(int i, ct_dtype dtype) {
    const index_case cases[] = {
        {.x = CT_SHAPE(4, 3), .axis = 0, .y = CT_SHAPE(5), .index = {2, 0, 2, -1, 2}},
        {.x = CT_SHAPE(2, 5, 3), .axis = 1, .y = CT_SHAPE(2), .index = {-5, 4}},
        {.x = CT_SHAPE(3, 5), .axis = -1, .y = CT_SHAPE(3), .index = {1, 1, 1}},
        {.x = CT_SHAPE(1), .axis = 0, .y = CT_SHAPE(1), .index = {0}},
        {.x = CT_SHAPE(2, 3), .axis = 0, .y = CT_SHAPE(0)},
    };
    return SAMPLE(CT_OP_ct_index_select, cases);
}

CT_OP_PARTS(ct_index_select, .backward = ct_index_select_backward);

/* ---- ct_segment_sum --------------------------------------------------------------------------------------------- */

ct_tensor *ct_segment_sum_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, int64_t extent) {
    return record(at, CT_OP_ct_segment_sum, x, axis, y, extent);
}

static bool ct_segment_sum_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const index_attributes *a = z->attributes;
    if (!begin_shape(z, shape, dtype) || !check_target(z) || !check_flat(z)) return false;
    int64_t slices = shape->dim[a->axis], n = z->in[1]->extent->size;
    if (slices != n)
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld indices for %lld slices", (long long)n, (long long)slices);
    shape->dim[a->axis] = a->extent;
    return ct_check_indices(z, z->in[1], a->extent);
}

static void ct_segment_sum_forward(ct_tensor *z) {
    const index_attributes *a = z->attributes;
    const ct_tensor *x = z->in[0];
    memset(z->data, 0, ct_bytes_of(z));
    add_slices(ct_around_axis(x, a->axis), a->extent, z->in[1], z->dtype, x->data, z->data);
}

static ct_tensor *ct_segment_sum_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_index_select(g, a->axis, z->in[1]);
}

static ct_sample ct_segment_sum_samples(int i, ct_dtype dtype) {
    const index_case cases[] = {
        {.x = CT_SHAPE(5, 3), .axis = 0, .y = CT_SHAPE(5), .index = {2, 0, 2, -1, 2}, .extent = 4},
        {.x = CT_SHAPE(2, 2, 3), .axis = -2, .y = CT_SHAPE(2), .index = {-5, 4}, .extent = 5},
        {.x = CT_SHAPE(3, 1), .axis = 1, .y = CT_SHAPE(1), .index = {0}, .extent = 1},
        {.x = CT_SHAPE(0, 3), .axis = 0, .y = CT_SHAPE(0), .extent = 2},
    };
    return SAMPLE(CT_OP_ct_segment_sum, cases);
}

CT_OP_PARTS(ct_segment_sum);

/* ---- ct_gather ------------------------------------------------------------------------------------------------ */

ct_tensor *ct_gather_at(const char *at, ct_tensor *x, int axis, ct_tensor *y) {
    if (!ct_given_i64("ct_gather", at, y)) return NULL;
    ct_tensor *flat = ct_at_least_1d(at, y), *part = ct_cut_beside(at, ct_at_least_1d(at, x), flat, axis);
    ct_tensor *z = record(at, CT_OP_ct_gather, part, axis, flat, 0);
    return y && y->ndim == 0 ? ct_reshape(z, CT_SCALAR) : z;
}

static bool ct_gather_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *y = z->in[1];
    index_attributes *a = z->attributes;
    if (!begin_shape(z, shape, dtype)) return false;
    a->extent = shape->dim[a->axis];
    if (y->ndim == shape->ndim) shape->dim[a->axis] = y->extent->dim[a->axis];
    ct_shape indices = ct_shape_of(y);
    if (!ct_shape_equal(&indices, shape))
        return ct_op_fail(z, CT_ERR_SHAPE, "the indices differ in shape beside axis %d", a->axis);
    return ct_check_indices(z, y, a->extent);
}

static void ct_gather_forward(ct_tensor *z) {
    const index_attributes *a = z->attributes;
    const ct_tensor *x = z->in[0], *y = z->in[1];
    ct_around s = ct_around_axis(z, a->axis); /* z, y (outer, n, inner); x (outer, extent, inner) */
    size_t item = ct_dtype_size(z->dtype);
    const char *xs = x->data;
    char *zs = z->data;
    int64_t to = 0;
    for (int64_t o = 0; o < s.outer; o++) {
        for (int64_t n = 0; n < s.extent; n++) {
            for (int64_t i = 0; i < s.inner; i++, to++) {
                int64_t place = ct_index_place(y, to, a->extent), from = (o * a->extent + place) * s.inner + i;
                if (place < 0)
                    fill_missing(z->dtype, zs, to, 1);
                else
                    ct_copy_item(zs + (size_t)to * item, xs + (size_t)from * item, item);
            }
        }
    }
}

static ct_tensor *ct_gather_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_scatter_sum(g, a->axis, z->in[1], a->extent);
}

/* z (outer, extent, inner) += x (outer, n, inner) at y, of x's shape, in the order of x. */
static void add_items(ct_around s, int64_t extent, const ct_tensor *y, ct_dtype dtype, const void *x, void *z) {
    int64_t from = 0;
    for (int64_t o = 0; o < s.outer; o++) {
        for (int64_t n = 0; n < s.extent; n++) {
            for (int64_t i = 0; i < s.inner; i++, from++) {
                int64_t place = ct_index_place(y, from, extent), to = (o * extent + place) * s.inner + i;
                if (place < 0) continue;
                if (dtype == CT_F32)
                    ((float *)z)[to] += ((const float *)x)[from];
                else
                    ((double *)z)[to] += ((const double *)x)[from];
            }
        }
    }
}

static void ct_gather_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const index_attributes *a = z->attributes;
    if (!add) memset(gx, 0, ct_bytes_of(z->in[k]));
    add_items(ct_around_axis(z, a->axis), a->extent, z->in[1], z->dtype, g, gx);
}

static ct_sample ct_gather_samples(int i, ct_dtype dtype) {
    const index_case cases[] = {
        {.x = CT_SHAPE(4, 3), .axis = 0, .y = CT_SHAPE(2, 3), .index = {0, 3, -1, 0, 1, 3}},
        {.x = CT_SHAPE(2, 5), .axis = -1, .y = CT_SHAPE(2, 3), .index = {4, 4, -5, 0, 0, 0}},
        {.x = CT_SHAPE(2, 3, 2), .axis = 1, .y = CT_SHAPE(2, 1, 2), .index = {2, 0, -2, -1}},
        {.x = CT_SHAPE(3), .axis = 0, .y = CT_SHAPE(5), .index = {1, 1, 2, 1, 0}},
        {.x = CT_SHAPE(2, 3), .axis = 1, .y = CT_SHAPE(2, 0)},
    };
    return SAMPLE(CT_OP_ct_gather, cases);
}

CT_OP_PARTS(ct_gather, .backward = ct_gather_backward);

/* ---- ct_scatter_sum ------------------------------------------------------------------------------------------- */

ct_tensor *ct_scatter_sum_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, int64_t extent) {
    return record(at, CT_OP_ct_scatter_sum, x, axis, y, extent);
}

static bool ct_scatter_sum_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const index_attributes *a = z->attributes;
    if (!begin_shape(z, shape, dtype) || !check_target(z)) return false;
    if (!ct_same_shape(z->in[0], z->in[1])) return ct_op_fail(z, CT_ERR_SHAPE, "the indices differ in shape");
    shape->dim[a->axis] = a->extent;
    return ct_check_indices(z, z->in[1], a->extent);
}

static void ct_scatter_sum_forward(ct_tensor *z) {
    const index_attributes *a = z->attributes;
    const ct_tensor *x = z->in[0];
    memset(z->data, 0, ct_bytes_of(z));
    add_items(ct_around_axis(x, a->axis), a->extent, z->in[1], z->dtype, x->data, z->data);
}

static ct_tensor *ct_scatter_sum_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_gather(g, a->axis, z->in[1]);
}

static ct_sample ct_scatter_sum_samples(int i, ct_dtype dtype) {
    const index_case cases[] = {
        {.x = CT_SHAPE(2, 3), .axis = 0, .y = CT_SHAPE(2, 3), .index = {0, 3, -1, 0, 1, 3}, .extent = 4},
        {.x = CT_SHAPE(2, 3), .axis = -1, .y = CT_SHAPE(2, 3), .index = {4, 4, -5, 0, 0, 0}, .extent = 5},
        {.x = CT_SHAPE(2, 1, 2), .axis = 1, .y = CT_SHAPE(2, 1, 2), .index = {2, 0, -2, -1}, .extent = 3},
        {.x = CT_SHAPE(1), .axis = 0, .y = CT_SHAPE(1), .index = {0}, .extent = 1},
        {.x = CT_SHAPE(2, 0), .axis = 1, .y = CT_SHAPE(2, 0), .extent = 3},
    };
    return SAMPLE(CT_OP_ct_scatter_sum, cases);
}

CT_OP_PARTS(ct_scatter_sum);
