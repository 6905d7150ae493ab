/* Parts of an axis: slice, its adjoint, a slice put in place of another; concat. */
#include "autograd/ops/axis.h"
#include "tensor/checked.h"
#include "tensor/move.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- a part of a whole ---------------------------------------------------------------------------------------- */

/* `count` places start, start + step, ... along an axis of the whole; the part has `count` in place of its extent. */
typedef struct places {
    ct_around whole;
    int64_t start, step, count;
} places;

/* To the whole: it = or += the part; else the part = or += what lies at its places. */
static void move_part(ct_dtype dtype, const places *p, void *part, void *whole, bool to_whole, bool add) {
    if (p->count == 0) return;
    int64_t item = (int64_t)ct_dtype_size(dtype), row = p->whole.inner * item;
    const int64_t dim[] = {p->whole.outer, p->count, p->whole.inner};
    const int64_t in_part[] = {p->count * row, row, item};
    const int64_t in_whole[] = {p->whole.extent * row, p->step * row, item};
    char *first = (char *)whole + p->start * row;
    ct_walk walk = ct_walk_over(3, dim);
    ct_walk_add_strided(&walk, to_whole ? first : part, to_whole ? in_whole : in_part);
    ct_walk_add_strided(&walk, to_whole ? part : first, to_whole ? in_part : in_whole);
    ct_move(&walk, dtype, add);
}

static void read_part(ct_dtype dtype, const places *p, void *part, const void *whole, bool add) {
    move_part(dtype, p, part, (void *)whole, false, add);
}

static void write_part(ct_dtype dtype, const places *p, void *whole, const void *part, bool add) {
    move_part(dtype, p, (void *)part, whole, true, add);
}

/* ---- ct_slice ------------------------------------------------------------------------------------------------ */

typedef struct slice_attributes {
    int axis;
    int64_t start, stop, step; /* once checked: 0 <= start <= stop <= extent, and step is 1 for a single element */
} slice_attributes;
#define SLICE_FIELDS                                                                                                 \
    CT_FIELD(slice_attributes, "axis", axis), CT_FIELD(slice_attributes, "start", start),                            \
        CT_FIELD(slice_attributes, "stop", stop), CT_FIELD(slice_attributes, "step", step)

ct_tensor *ct_slice_at(const char *at, ct_tensor *x, int axis, int64_t start, int64_t stop, int64_t step) {
    slice_attributes a = {axis, start, stop, step};
    return ct_record(at, CT_OP_ct_slice, &x, 1, &a, sizeof a);
}

/* An end of a slice as Python has it: negative ones count from the back, and what is outside is cut off. */
static int64_t clamp_end(int64_t end, int64_t extent) {
    if (end < 0) end += extent;
    return end < 0 ? 0 : end > extent ? extent : end;
}

static bool is_alias(const slice_attributes *a) { return a->axis == 0 && a->step == 1; }

/* Resolves a slice of z's first operand; its extent along the axis is then *count. */
static bool resolve(const ct_tensor *z, slice_attributes *a, int64_t *count) {
    const ct_tensor *x = z->in[0];
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    if (a->step <= 0) return ct_op_fail(z, CT_ERR_ARGUMENT, "the step %lld is not positive", (long long)a->step);
    int64_t extent = x->extent->dim[a->axis];
    a->start = clamp_end(a->start, extent);
    a->stop = clamp_end(a->stop, extent);
    if (a->stop < a->start) a->stop = a->start;
    *count = a->stop > a->start ? (a->stop - a->start - 1) / a->step + 1 : 0;
    if (*count <= 1) { /* the same when it is resolved again */
        a->stop = a->start + *count;
        a->step = 1;
    }
    return true;
}

static bool ct_slice_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    slice_attributes *a = z->attributes;
    int64_t count;
    if (!resolve(z, a, &count)) return false;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    int64_t extent = shape->dim[a->axis];
    shape->dim[a->axis] = count;
    if (is_alias(a) && ct_size_of(x))
        z->data = (char *)x->data + a->start * (int64_t)(ct_bytes_of(x) / (size_t)extent);
    return true;
}

static places sliced(const ct_tensor *z) {
    const slice_attributes *a = z->attributes;
    return (places){ct_around_axis(z->in[0], a->axis), a->start, a->step, z->extent->dim[a->axis]};
}

static void ct_slice_forward(ct_tensor *z) {
    places p = sliced(z);
    if (!is_alias(z->attributes)) read_part(z->dtype, &p, z->data, z->in[0]->data, false);
}

static ct_tensor *ct_slice_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    places p = sliced(z);
    const slice_attributes *a = z->attributes;
    (void)k;
    return ct_slice_add(g, a->axis, p.start, p.step, p.whole.extent);
}

static void ct_slice_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    places p = sliced(z);
    if (!add) memset(gx, 0, ct_bytes_of(z->in[k]));
    write_part(z->dtype, &p, gx, g, add);
}

static ct_sample ct_slice_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        int axis;
        int64_t start, stop, step;
    } cases[] = {
        {CT_SHAPE(5, 3), 0, 1, 4, 1},         {CT_SHAPE(2, 7), 1, 1, CT_END, 2}, {CT_SHAPE(3, 7, 2), -2, -6, -1, 3},
        {CT_SHAPE(7), 0, 0, CT_END, 3},       {CT_SHAPE(4, 3), 0, 2, 2, 1},      {CT_SHAPE(2, 4), 1, 3, 1, 1},
        {CT_SHAPE(0, 3), 0, 0, CT_END, 1},    {CT_SHAPE(1, 1), 1, 0, 1, CT_END}, {CT_SHAPE(3, 5), 0, -100, 100, 1},
        {CT_SHAPE(2, 3, 4), 0, 1, CT_END, 1}, {CT_SHAPE(2, 7), 1, 1, CT_END, 9},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -3, 3);
    return (ct_sample){.z = ct_slice_at(NULL, x, cases[i].axis, cases[i].start, cases[i].stop, cases[i].step),
                       .leaf = {x}};
}

CT_OP_PARTS(ct_slice, .backward = ct_slice_backward, .fields = CT_FIELDS(SLICE_FIELDS));

/* ---- ct_slice_add -------------------------------------------------------------------------------------------- */

typedef struct slice_add_attributes {
    int axis;
    int64_t start, step, extent; /* extent of the result along the axis */
} slice_add_attributes;

ct_tensor *ct_slice_add_at(const char *at, ct_tensor *x, int axis, int64_t start, int64_t step, int64_t extent) {
    slice_add_attributes a = {axis, start, step, extent};
    return ct_record(at, CT_OP_ct_slice_add, &x, 1, &a, sizeof a);
}

/* Whether `count` places start, start + step, ... lie in an extent. */
static bool places_fit(int64_t count, const slice_add_attributes *a) {
    if (a->step <= 0 || a->start < 0 || a->start > a->extent) return false;
    return count == 0 || (a->start < a->extent && count - 1 <= (a->extent - 1 - a->start) / a->step);
}

static bool ct_slice_add_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    slice_add_attributes *a = z->attributes;
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    int64_t count = x->extent->dim[a->axis];
    if (!places_fit(count, a))
        return ct_op_fail(z, CT_ERR_ARGUMENT, "%lld slices from %lld on in steps of %lld do not fit an extent of %lld",
                          (long long)count, (long long)a->start, (long long)a->step, (long long)a->extent);
    if (count <= 1) a->step = 1;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    shape->dim[a->axis] = a->extent;
    return true;
}

static places placed(const ct_tensor *z) {
    const slice_add_attributes *a = z->attributes;
    return (places){ct_around_axis(z, a->axis), a->start, a->step, z->in[0]->extent->dim[a->axis]};
}

static void ct_slice_add_forward(ct_tensor *z) {
    places p = placed(z);
    memset(z->data, 0, ct_bytes_of(z));
    write_part(z->dtype, &p, z->data, z->in[0]->data, false);
}

static ct_tensor *ct_slice_add_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    places p = placed(z);
    const slice_add_attributes *a = z->attributes;
    (void)k;
    return ct_slice(g, a->axis, p.start, p.count ? p.start + (p.count - 1) * p.step + 1 : p.start, p.step);
}

static void ct_slice_add_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    places p = placed(z);
    (void)k;
    read_part(z->dtype, &p, gx, g, add);
}

static ct_sample ct_slice_add_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        int axis;
        int64_t start, step, extent;
    } cases[] = {
        {CT_SHAPE(2, 3), 0, 1, 1, 4}, {CT_SHAPE(2, 3), -1, 1, 2, 7},   {CT_SHAPE(1), 0, 2, CT_END, 3},
        {CT_SHAPE(0, 2), 0, 3, 1, 3}, {CT_SHAPE(2, 3, 2), 1, 0, 1, 3}, {CT_SHAPE(2, 0), 0, 0, 1, 2},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -3, 3);
    return (ct_sample){.z = ct_slice_add_at(NULL, x, cases[i].axis, cases[i].start, cases[i].step, cases[i].extent),
                       .leaf = {x}};
}

CT_OP_PARTS(ct_slice_add, .backward = ct_slice_add_backward,
            .fields = CT_FIELDS(CT_FIELD(slice_add_attributes, "axis", axis),
                                CT_FIELD(slice_add_attributes, "start", start),
                                CT_FIELD(slice_add_attributes, "step", step)));

/* ---- ct_slice_scatter ---------------------------------------------------------------------------------------- */

static ct_tensor *put_slice(const char *at, ct_tensor *x, ct_tensor *y, slice_attributes a) {
    return ct_record(at, CT_OP_ct_slice_scatter, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

ct_tensor *ct_slice_scatter_at(const char *at, ct_tensor *x, ct_tensor *y, int axis, int64_t start, int64_t stop,
                               int64_t step) {
    return put_slice(at, x, y, (slice_attributes){axis, start, stop, step});
}

static bool ct_slice_scatter_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    slice_attributes *a = z->attributes;
    char text[CT_DESCRIPTION];
    int64_t count;
    if (!resolve(z, a, &count)) return false;
    ct_shape part = *shape = ct_shape_of(x), own = ct_shape_of(y);
    *dtype = x->dtype;
    part.dim[a->axis] = count;
    if (!ct_shape_equal(&part, &own))
        return ct_op_fail(z, CT_ERR_SHAPE, "the slice is of shape %s", ct_describe_shape(&part, text));
    return ct_op_same_dtype(z, 0, 1);
}

static void ct_slice_scatter_forward(ct_tensor *z) {
    const slice_attributes *a = z->attributes;
    places p = {ct_around_axis(z, a->axis), a->start, a->step, z->in[1]->extent->dim[a->axis]};
    memcpy(z->data, z->in[0]->data, ct_bytes_of(z));
    write_part(z->dtype, &p, z->data, z->in[1]->data, false);
}

static ct_tensor *ct_slice_scatter_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const slice_attributes *a = z->attributes;
    if (k == 1) return ct_slice(g, a->axis, a->start, a->stop, a->step);
    return put_slice(at, g, ct_full_like(at, z->in[1], 0), *a);
}

static ct_tensor *ct_slice_scatter_jvp(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    ct_tensor *x = ct_tangent(at, z, tangents, 0);
    ct_tensor *y = ct_tangent(at, z, tangents, 1);
    return put_slice(at, x, y, *(const slice_attributes *)z->attributes);
}

static ct_sample ct_slice_scatter_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape x, y;
        slice_attributes a;
    } cases[] = {
        {CT_SHAPE(5, 3), CT_SHAPE(2, 3), {0, 1, 3, 1}},
        {CT_SHAPE(2, 7), CT_SHAPE(2, 3), {-1, 1, CT_END, 2}},
        {CT_SHAPE(3, 4, 2), CT_SHAPE(3, 1, 2), {1, -4, 9, 5}},
        {CT_SHAPE(4), CT_SHAPE(0), {0, 3, 1, 1}},
        {CT_SHAPE(1), CT_SHAPE(1), {0, 0, 1, 1}},
        {CT_SHAPE(0, 2), CT_SHAPE(0, 1), {1, 0, 1, 1}},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].x, -3, 3), *y = ct_sample_leaf(dtype, cases[i].y, -3, 3);
    return (ct_sample){.z = put_slice(NULL, x, y, cases[i].a), .leaf = {x, y}};
}

CT_OP_PARTS(ct_slice_scatter, .jvp = ct_slice_scatter_jvp, .fields = CT_FIELDS(SLICE_FIELDS));

/* ---- ct_concat ----------------------------------------------------------------------------------------------- */

typedef struct concat_attributes {
    int axis;
    int64_t *start; /* of each operand in the result, along the axis; in the scope's memory */
} concat_attributes;

ct_tensor *ct_concat_at(const char *at, ct_list xs, int axis) {
    concat_attributes a = {.axis = axis};
    if (xs.n < 1 || xs.n >= CT_ANY_NUMBER)
        return ct_raise(CT_ERR_ARGUMENT, "ct_concat", at, "%d operands, of 1 to %d", xs.n, CT_ANY_NUMBER - 1), NULL;
    return ct_record(at, CT_OP_ct_concat, xs.items, xs.n, &a, sizeof a);
}

/* A vector of no elements goes along with anything, as in PyTorch: a list that grows may begin with one. */
static bool is_nothing(const ct_tensor *x) { return x->ndim == 1 && ct_size_of(x) == 0; }

/* The operand that the others go along with. */
static const ct_tensor *model_of(const ct_tensor *z) {
    for (int k = 0; k < z->n_in; k++)
        if (!is_nothing(z->in[k])) return z->in[k];
    return z->in[0];
}

/* What operand k adds to the extent along the axis. */
static int64_t length_of(const ct_tensor *z, int k, int axis) {
    return is_nothing(z->in[k]) ? 0 : z->in[k]->extent->dim[axis];
}

/* Whether operand k is the same as `first` but for the extent along the axis. */
static bool goes_along(const ct_tensor *z, int k, const ct_tensor *first, int axis) {
    const ct_tensor *x = z->in[k];
    char text[2][CT_DESCRIPTION];
    if (!ct_op_same_dtype(z, 0, k)) return false;
    if (is_nothing(x)) return true;
    bool same = x->ndim == first->ndim;
    for (int i = 0; i < first->ndim && same; i++) same = i == axis || x->extent->dim[i] == first->extent->dim[i];
    return same || ct_op_fail(z, CT_ERR_SHAPE, "operand %d, %s, differs from %s beside axis %d", k + 1,
                              ct_describe(x, text[0]), ct_describe(first, text[1]), axis);
}

static bool ct_concat_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    concat_attributes *a = z->attributes;
    const ct_tensor *first = model_of(z);
    size_t bytes;
    if (!ct_op_axis(z, first->ndim, &a->axis)) return false;
    if (!ct_checked_mul(z->n_in, sizeof *a->start, &bytes) || !(a->start = ct_scope_alloc(ct_this.depth, bytes)))
        return ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes), false;
    int64_t extent = 0;
    for (int k = 0; k < z->n_in; k++) {
        if (!goes_along(z, k, first, a->axis)) return false;
        a->start[k] = extent;
        if (!ct_checked_add_i64(extent, length_of(z, k, a->axis), &extent))
            return ct_op_fail(z, CT_ERR_LIMIT, "the extents along axis %d are too large", a->axis);
    }
    *shape = ct_shape_of(first);
    *dtype = first->dtype;
    shape->dim[a->axis] = extent;
    return true;
}

static places piece(const ct_tensor *z, int k) {
    const concat_attributes *a = z->attributes;
    return (places){ct_around_axis(z, a->axis), a->start[k], 1, length_of(z, k, a->axis)};
}

static void ct_concat_forward(ct_tensor *z) {
    for (int k = 0; k < z->n_in; k++) {
        places p = piece(z, k);
        write_part(z->dtype, &p, z->data, z->in[k]->data, false);
    }
}

static ct_tensor *ct_concat_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    places p = piece(z, k);
    const concat_attributes *a = z->attributes;
    if (is_nothing(z->in[k])) return NULL;
    return ct_slice(g, a->axis, p.start, p.start + p.count, 1);
}

static void ct_concat_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    places p = piece(z, k);
    read_part(z->dtype, &p, gx, g, add);
}

static ct_sample ct_concat_samples(int i, ct_dtype dtype) {
    const struct {
        int axis;
        ct_shape shape[3];
    } cases[] = {
        {0, {CT_SHAPE(2, 3), CT_SHAPE(1, 3), CT_SHAPE(4, 3)}},
        {-1, {CT_SHAPE(2, 3), CT_SHAPE(2, 0), CT_SHAPE(2, 5)}},
        {1, {CT_SHAPE(2, 1, 3), CT_SHAPE(2, 2, 3), CT_SHAPE(2, 1, 3)}},
        {0, {CT_SHAPE(1), CT_SHAPE(1), CT_SHAPE(1)}},
        {0, {CT_SHAPE(0), CT_SHAPE(0), CT_SHAPE(0)}},
    };
    const int n = sizeof cases / sizeof *cases;
    if (i == n) { /* one operand, three times */
        ct_tensor *x = ct_sample_leaf(dtype, CT_SHAPE(2, 3), -3, 3);
        return (ct_sample){.z = ct_concat_at(NULL, CT_LIST(x, x, x), 1), .leaf = {x}};
    }
    if (i > n) return (ct_sample){.z = NULL};
    const ct_shape *s = cases[i].shape;
    ct_tensor *x = ct_sample_leaf(dtype, s[0], -3, 3), *y = ct_sample_leaf(dtype, s[1], -3, 3);
    ct_tensor *w = ct_sample_leaf(dtype, s[2], -3, 3);
    return (ct_sample){.z = ct_concat_at(NULL, CT_LIST(x, y, w), cases[i].axis), .leaf = {x, y, w}};
}

CT_OP_PARTS(ct_concat, .backward = ct_concat_backward,
            .fields = CT_FIELDS(CT_FIELD(concat_attributes, "axis", axis)));
