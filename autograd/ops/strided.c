/* Parts of a tensor by strides: as_strided and its adjoint, of which flip, diagonals and windows are made. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"
#include "tensor/move.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* Of an empty shape, whose products may not fit, all are 0. */
ct_shape ct_strides_of(const ct_shape *shape) {
    ct_shape strides = {.ndim = shape->ndim};
    int64_t stride = 1;
    bool empty = false;
    for (int i = 0; i < shape->ndim; i++) empty = empty || shape->dim[i] == 0;
    for (int i = shape->ndim - 1; i >= 0 && !empty; i--) {
        strides.dim[i] = stride;
        stride *= shape->dim[i];
    }
    return strides;
}

/* ---- a part of a whole ----------------------------------------------------------------------------------------- */

/* Both ops have a part and a whole, as operand and result or the other way round. */
typedef struct strided_attributes {
    ct_shape shape; /* of the result */
    ct_shape strides;
    int64_t offset;
    bool overlapping; /* some elements of the whole may be in the part several times */
} strided_attributes;
#define STRIDED_FIELDS                                                                                               \
    CT_FIELD(strided_attributes, "shape", shape), CT_FIELD(strided_attributes, "strides", strides),                  \
        CT_FIELD(strided_attributes, "offset", offset)

static bool check_attributes(const ct_tensor *z) {
    const strided_attributes *a = z->attributes;
    int ndim = a->shape.ndim, strides = a->strides.ndim;
    if (ndim < 0 || ndim > CT_MAX_DIMS || strides < 0 || strides > CT_MAX_DIMS)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d dimensions and %d strides, of at most %d", ndim, strides, CT_MAX_DIMS);
    for (int i = 0; i < ndim; i++)
        if (a->shape.dim[i] < 0) return ct_op_fail(z, CT_ERR_SHAPE, "an extent is negative");
    return true;
}

/* Whether all elements of a part of shape dim[] lie in a whole of `size` elements. Strides that are not walked may be
 * any number, and become 0. */
static bool lies_within(const ct_tensor *z, int ndim, const int64_t *dim, int64_t size) {
    strided_attributes *a = z->attributes;
    int64_t low = a->offset, high = a->offset, span;
    if (a->strides.ndim != ndim)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d strides for %d dimensions", a->strides.ndim, ndim);
    for (int i = 0; i < ndim; i++)
        if (dim[i] == 0) return memset(a->strides.dim, 0, sizeof a->strides.dim), true;
    for (int i = 0; i < ndim; i++) {
        if (dim[i] == 1) a->strides.dim[i] = 0;
        bool fits = ct_checked_mul_i64(dim[i] - 1, a->strides.dim[i], &span);
        int64_t *end = span < 0 ? &low : &high;
        if (!fits || !ct_checked_add_i64(*end, span, end))
            return ct_op_fail(z, CT_ERR_LIMIT, "the strides are too large");
    }
    return (low >= 0 && high < size) || ct_op_fail(z, CT_ERR_ARGUMENT, "elements %lld to %lld of %lld", (long long)low,
                                                   (long long)high, (long long)size);
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* Elements are surely different when each stride exceeds the span of all smaller ones. */
static bool may_overlap(int ndim, const int64_t *dim, const ct_shape *strides) {
    int64_t span = 0;
    unsigned left = 0;
    for (int i = 0; i < ndim; i++)
        if (dim[i] > 1) left |= 1u << i;
    while (left) {
        int next = __builtin_ctz(left);
        for (int i = next + 1; i < ndim; i++)
            if (left & 1u << i && magnitude(strides->dim[i]) < magnitude(strides->dim[next])) next = i;
        if (magnitude(strides->dim[next]) <= span) return true;
        span += (dim[next] - 1) * magnitude(strides->dim[next]);
        left &= ~(1u << next);
    }
    return false;
}

static void move_strided(const strided_attributes *a, const ct_tensor *part, void *to, const void *from, bool to_whole,
                         bool add) {
    int64_t item = (int64_t)ct_dtype_size(part->dtype), stride[CT_MAX_DIMS], row_major[CT_MAX_DIMS];
    if (ct_size_of(part) == 0) return;
    for (int i = 0; i < part->ndim; i++) stride[i] = a->strides.dim[i] * item;
    ct_row_major(part->ndim, ct_dims_of(part), (size_t)item, row_major);
    ct_walk walk = ct_walk_over(part->ndim, ct_dims_of(part));
    ct_walk_add_strided(&walk, (char *)to + (to_whole ? a->offset * item : 0), to_whole ? stride : row_major);
    ct_walk_add_strided(&walk, (const char *)from + (to_whole ? 0 : a->offset * item), to_whole ? row_major : stride);
    ct_move(&walk, part->dtype, add);
}

/* The same sum one element after the other, in the order of the part. */
static void add_overlapping(const strided_attributes *a, const ct_tensor *part, void *whole, const void *from) {
    int64_t index[CT_MAX_DIMS] = {0}, place = a->offset;
    const int64_t *dim = ct_dims_of(part);
    for (int64_t i = 0, n = ct_size_of(part); i < n; i++) {
        if (part->dtype == CT_F32)
            ((float *)whole)[place] += ((const float *)from)[i];
        else
            ((double *)whole)[place] += ((const double *)from)[i];
        for (int axis = part->ndim - 1; axis >= 0; axis--) {
            place += a->strides.dim[axis];
            if (++index[axis] < dim[axis]) break;
            place -= a->strides.dim[axis] * dim[axis];
            index[axis] = 0;
        }
    }
}

/* whole += the elements `from` of the part. */
static void add_to_whole(const strided_attributes *a, const ct_tensor *part, void *whole, const void *from) {
    if (a->overlapping)
        add_overlapping(a, part, whole, from);
    else
        move_strided(a, part, whole, from, true, true);
}

/* ---- ct_as_strided --------------------------------------------------------------------------------------------- */

ct_tensor *ct_as_strided_at(const char *at, ct_tensor *x, ct_shape shape, ct_shape strides, int64_t offset) {
    strided_attributes a = {shape, strides, offset, false};
    return ct_record(at, CT_OP_ct_as_strided, &x, 1, &a, sizeof a);
}

static bool ct_as_strided_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    strided_attributes *a = z->attributes;
    *shape = a->shape;
    *dtype = z->in[0]->dtype;
    if (!check_attributes(z) || !lies_within(z, shape->ndim, shape->dim, ct_size_of(z->in[0]))) return false;
    a->overlapping = may_overlap(shape->ndim, shape->dim, &a->strides);
    return true;
}

static void ct_as_strided_forward(ct_tensor *z) {
    move_strided(z->attributes, z, z->data, z->in[0]->data, false, false);
}

static ct_tensor *ct_as_strided_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const strided_attributes *a = z->attributes;
    return ct_as_strided_add(g, a->strides, a->offset, ct_shape_of(z->in[k]));
}

static void ct_as_strided_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    if (!add) memset(gx, 0, ct_bytes_of(z->in[k]));
    add_to_whole(z->attributes, z, gx, g);
}

/* One case of the sweep: a part and the whole that it is of. */
static const struct {
    ct_shape part, whole, strides;
    int64_t offset;
} cases[] = {
    {{2, {2, 3}}, {2, {2, 3}}, {2, {3, 1}}, 0},       {{2, {3, 2}}, {2, {2, 3}}, {2, {1, 3}}, 0},
    {{3, {4, 3, 2}}, {2, {3, 4}}, {3, {0, 2, 3}}, 1}, {{2, {4, 3}}, {1, {6}}, {2, {1, 1}}, 0},
    {{1, {5}}, {1, {5}}, {1, {-1}}, 4},               {{2, {2, 3}}, {2, {3, 3}}, {2, {-4, 1}}, 5},
    {{1, {3}}, {0, {0}}, {1, {0}}, 0},                {{0, {0}}, {1, {4}}, {0, {0}}, 2},
    {{2, {0, 3}}, {2, {2, 3}}, {2, {100, 1}}, -7},    {{2, {0, 2}}, {1, {0}}, {2, {1, 1}}, 0},
};
#define CASES (sizeof cases / sizeof *cases)

static ct_sample ct_as_strided_samples(int i, ct_dtype dtype) {
    if ((size_t)i >= CASES) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].whole, -3, 3);
    return (ct_sample){.z = ct_as_strided_at(NULL, x, cases[i].part, cases[i].strides, cases[i].offset), .leaf = {x}};
}

CT_OP_PARTS(ct_as_strided, .backward = ct_as_strided_backward, .fields = CT_FIELDS(STRIDED_FIELDS));

/* ---- ct_as_strided_add ----------------------------------------------------------------------------------------- */

ct_tensor *ct_as_strided_add_at(const char *at, ct_tensor *x, ct_shape strides, int64_t offset, ct_shape shape) {
    strided_attributes a = {shape, strides, offset, false};
    return ct_record(at, CT_OP_ct_as_strided_add, &x, 1, &a, sizeof a);
}

static bool ct_as_strided_add_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    strided_attributes *a = z->attributes;
    int64_t size;
    *shape = a->shape;
    *dtype = x->dtype;
    if (!check_attributes(z)) return false;
    if (!ct_checked_size(shape->ndim, shape->dim, &size)) return ct_op_fail(z, CT_ERR_LIMIT, "the shape is too large");
    if (!lies_within(z, x->ndim, ct_dims_of(x), size)) return false;
    a->overlapping = may_overlap(x->ndim, ct_dims_of(x), &a->strides);
    return !a->overlapping || ct_op_floating(z, 0);
}

static void ct_as_strided_add_forward(ct_tensor *z) {
    const strided_attributes *a = z->attributes;
    memset(z->data, 0, ct_bytes_of(z));
    if (a->overlapping)
        add_overlapping(a, z->in[0], z->data, z->in[0]->data);
    else
        move_strided(a, z->in[0], z->data, z->in[0]->data, true, false);
}

static ct_tensor *ct_as_strided_add_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const strided_attributes *a = z->attributes;
    return ct_as_strided(g, ct_shape_of(z->in[k]), a->strides, a->offset);
}

static void ct_as_strided_add_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    move_strided(z->attributes, z->in[k], gx, g, false, add);
}

static ct_sample ct_as_strided_add_samples(int i, ct_dtype dtype) {
    if ((size_t)i >= CASES) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].part, -3, 3);
    return (ct_sample){.z = ct_as_strided_add_at(NULL, x, cases[i].strides, cases[i].offset, cases[i].whole),
                       .leaf = {x}};
}

CT_OP_PARTS(ct_as_strided_add, .backward = ct_as_strided_add_backward, .fields = CT_FIELDS(STRIDED_FIELDS));
