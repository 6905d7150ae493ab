/* Ops that read or write at places held in a tensor: index_select and gather, and their adjoints. Indices are
 * i64, others are converted, and count from the back when negative. They are checked when the op is recorded; at a
 * replay they may have changed, and those out of range then read NaN (0 in an integer) and write nothing. */
#include "autograd/ops/axis.h"
#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- indices --------------------------------------------------------------------------------------------------- */

static bool fail_at(const ct_tensor *z, const ct_tensor *y, int64_t i, int64_t extent) {
    const ct_shape where = ct_index_of(y, i);
    char text[CT_DESCRIPTION];
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

ct_index_job ct_index_job_of(const ct_tensor *part, int axis, int64_t extent, const ct_tensor *y, const void *x,
                             void *z) {
    ct_around s = ct_around_axis(part, axis);
    ct_index_job job = {s.outer, s.extent, s.inner, extent, y->data, x, z, {0}};
    ct_write_element(part->dtype, &job.missing, 0, ct_is_float(part->dtype) ? NAN : 0);
    return job;
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

/* ---- attributes that the four ops share ------------------------------------------------------------------------ */

typedef struct index_attributes {
    int axis;
    int64_t extent; /* along the axis: of the larger side, which the indices point into */
} index_attributes;

static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, int axis, ct_tensor *y, int64_t extent) {
    index_attributes a = {axis, extent};
    if (y && y->dtype != CT_I64 && ct_is_integer(y)) y = ct_cast(y, CT_I64);
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
    if (!ct_op_floating(z, 0)) return false;
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

/* A read of the part z from the whole x. */
static void read_at(const ct_tensor *z, ct_index_loop *loop) {
    const index_attributes *a = z->attributes;
    ct_index_job job = ct_index_job_of(z, a->axis, a->extent, z->in[1], z->in[0]->data, z->data);
    loop(&job);
}

/* whole = or += the part at z's indices; both of z's dtype. */
static void add_at(const ct_tensor *z, const ct_tensor *part, const void *from, const ct_tensor *whole, void *to,
                   bool add, ct_index_loop *loop) {
    const index_attributes *a = z->attributes;
    ct_index_job job = ct_index_job_of(part, a->axis, a->extent, z->in[1], from, to);
    if (!add) memset(to, 0, ct_bytes_of(whole));
    loop(&job);
}

/* ---- ct_index_select ------------------------------------------------------------------------------------------- */

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

static void ct_index_select_forward(ct_tensor *z) { read_at(z, ct_index_kernels()->of[z->dtype].select); }

static ct_tensor *ct_index_select_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_segment_sum(g, a->axis, z->in[1], a->extent);
}

static void ct_index_select_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    add_at(z, z, g, z->in[k], gx, add, ct_index_kernels()->of[z->dtype].add_slices);
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

CT_OP_PARTS(ct_index_select, .backward = ct_index_select_backward,
            .fields = CT_FIELDS(CT_FIELD(index_attributes, "axis", axis)));

/* ---- ct_segment_sum -------------------------------------------------------------------------------------------- */

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
    const ct_tensor *x = z->in[0];
    add_at(z, x, x->data, z, z->data, false, ct_index_kernels()->of[z->dtype].add_slices);
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

CT_OP_PARTS(ct_segment_sum, .fields = CT_FIELDS(CT_FIELD(index_attributes, "axis", axis)));

/* ---- ct_gather ------------------------------------------------------------------------------------------------- */

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

static void ct_gather_forward(ct_tensor *z) { read_at(z, ct_index_kernels()->of[z->dtype].gather); }

static ct_tensor *ct_gather_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const index_attributes *a = z->attributes;
    return k ? NULL : ct_scatter_sum(g, a->axis, z->in[1], a->extent);
}

static void ct_gather_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    add_at(z, z, g, z->in[k], gx, add, ct_index_kernels()->of[z->dtype].add_items);
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

CT_OP_PARTS(ct_gather, .backward = ct_gather_backward,
            .fields = CT_FIELDS(CT_FIELD(index_attributes, "axis", axis)));

/* ---- ct_scatter_sum -------------------------------------------------------------------------------------------- */

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
    const ct_tensor *x = z->in[0];
    add_at(z, x, x->data, z, z->data, false, ct_index_kernels()->of[z->dtype].add_items);
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

CT_OP_PARTS(ct_scatter_sum, .fields = CT_FIELDS(CT_FIELD(index_attributes, "axis", axis)));
