/* Order statistics. ct_argsort is the one kernel; the others take their places from it, and their values, which the
 * cotangents return to, by ct_gather. A NaN is larger than any number, and all are equal. */
#include "autograd/ops/axis.h"
#include "autograd/ops/lines.h"
#include "tensor/checked.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ct_argsort: a stable sort of unsigned keys ------------------------------------------------------------- */

#define SHORT 48  /* up to so many places are found by insertion, more by the bytes of all keys */
#define BLOCKS 16 /* that lines are shared out in, each with scratch of its own */

typedef struct entry {
    uint64_t key;
    int64_t place;
} entry;

typedef struct sort_attributes {
    int axis;
    bool descending;
    int64_t count;  /* places that are wanted of each line, the first in order; -1 for all */
    int64_t blocks; /* of lines */
    int64_t room;   /* entries of a block's scratch: what is kept by insertion, or twice a line */
    entry *scratch; /* (blocks, room), in the scope's memory */
} sort_attributes;

static ct_tensor *first_in_order(const char *at, ct_tensor *x, int axis, bool descending, int64_t count) {
    sort_attributes a = {.axis = axis, .descending = descending, .count = count};
    return ct_record(at, CT_OP_ct_argsort, &x, 1, &a, sizeof a);
}

ct_tensor *ct_argsort_at(const char *at, ct_tensor *x, int axis, bool descending) {
    ct_tensor *line = ct_at_least_1d(at, x), *z = first_in_order(at, line, axis, descending, -1);
    return line == x ? z : ct_reshape(z, CT_SCALAR);
}

static bool ct_argsort_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    sort_attributes *a = z->attributes;
    size_t n = 0;
    *shape = ct_shape_of(x);
    *dtype = CT_I64;
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    ct_around r = ct_around_axis(x, a->axis);
    int64_t lines = r.outer * r.inner;
    if (a->count < 0) a->count = r.extent;
    shape->dim[a->axis] = a->count;
    a->blocks = lines < BLOCKS ? lines : BLOCKS;
    a->room = !lines || a->count <= SHORT ? a->count : 2 * r.extent;
    if (lines && ct_checked_mul((size_t)a->blocks, (size_t)a->room, &n))
        a->scratch = ct_scope_array(ct_this.depth, n, sizeof *a->scratch);
    return !lines || a->scratch || (ct_raise_memory(ct_op_table[z->op]->name, z->at, n * sizeof(entry)), false);
}

/* Keys in the order of values: the sign bit is turned over, and of negative floating numbers all bits. */
static uint64_t key_of(ct_dtype dtype, const void *x, int64_t i) {
    const uint64_t high = 1ull << 63;
    union {
        float f;
        uint32_t bits;
    } f32;
    union {
        double f;
        uint64_t bits;
    } f64;
    switch (dtype) {
    case CT_F32:
        f32.f = ((const float *)x)[i] + 0.0f; /* one zero */
        if (f32.f != f32.f) return UINT32_MAX;
        return f32.bits >> 31 ? ~f32.bits : f32.bits | 1u << 31;
    case CT_F64:
        f64.f = ((const double *)x)[i] + 0.0;
        if (f64.f != f64.f) return UINT64_MAX;
        return f64.bits >> 63 ? ~f64.bits : f64.bits | high;
    case CT_I64: return (uint64_t)((const int64_t *)x)[i] ^ high;
    case CT_I32: return (uint32_t)((const int32_t *)x)[i] ^ 1u << 31;
    default: return ((const uint8_t *)x)[i];
    }
}

/* Puts one more into the n sorted entries at e, behind equal ones; the last of `most` is lost. Their new number. */
static inline int64_t insert(int64_t n, int64_t most, entry *e, entry new) {
    if (n == most && e[n - 1].key <= new.key) return n;
    int64_t to = n < most ? n++ : n - 1;
    for (; to > 0 && e[to - 1].key > new.key; to--) e[to] = e[to - 1];
    e[to] = new;
    return n;
}

/* By each byte of the keys in turn, the lowest first. The result is in e or in `other`. */
static entry *sort_by_bytes(int64_t n, entry *e, entry *other) {
    int64_t count[sizeof(uint64_t)][256] = {{0}};
    for (int64_t i = 0; i < n; i++)
        for (size_t byte = 0; byte < sizeof(uint64_t); byte++) count[byte][e[i].key >> 8 * byte & 255]++;
    for (size_t byte = 0; byte < sizeof(uint64_t); byte++) {
        if (count[byte][e[0].key >> 8 * byte & 255] == n) continue; /* all alike */
        int64_t start[256];
        start[0] = 0;
        for (int v = 1; v < 256; v++) start[v] = start[v - 1] + count[byte][v - 1];
        for (int64_t i = 0; i < n; i++) other[start[e[i].key >> 8 * byte & 255]++] = e[i];
        entry *sorted = other;
        other = e;
        e = sorted;
    }
    return e;
}

static void sort_lines(void *context, int64_t block) {
    ct_tensor *z = context;
    const ct_tensor *x = z->in[0];
    const sort_attributes *a = z->attributes;
    ct_around r = ct_around_axis(x, a->axis);
    int64_t n = r.extent, lines = r.outer * r.inner, *places = z->data;
    entry *e = a->scratch + a->room * block, *sorted = e;
    for (int64_t line = lines * block / a->blocks; line < lines * (block + 1) / a->blocks; line++) {
        int64_t o = line / r.inner, c = line % r.inner, kept = 0;
        for (int64_t i = 0; i < n; i++) {
            uint64_t key = key_of((ct_dtype)x->dtype, x->data, (o * n + i) * r.inner + c);
            entry new = {a->descending ? ~key : key, i};
            if (a->count <= SHORT) kept = insert(kept, a->count, e, new);
            else e[i] = new;
        }
        if (a->count > SHORT) sorted = sort_by_bytes(n, e, e + n);
        for (int64_t i = 0; i < a->count; i++) places[(o * a->count + i) * r.inner + c] = sorted[i].place;
    }
}

static void ct_argsort_forward(ct_tensor *z) {
    if (ct_size_of(z)) ct_parallel(((const sort_attributes *)z->attributes)->blocks, sort_lines, z);
}

CT_OP_PARTS_NOT_DIFFERENTIABLE(ct_argsort,
            .fields = CT_FIELDS(CT_FIELD(sort_attributes, "axis", axis),
                                CT_FIELD(sort_attributes, "descending", descending)));

/* ---- sorted values, and the first of them ------------------------------------------------------------------- */

/* The values at `place` of x's lines, of which there is one more than x has dimensions when x is 0-d. */
static ct_tensor *values(const char *at, ct_tensor *x, int axis, ct_tensor *place) {
    ct_tensor *line = ct_at_least_1d(at, x), *z = ct_gather(line, axis, ct_at_least_1d(at, place));
    return line == x ? z : ct_reshape(z, ct_shape_of(place));
}

ct_tensor *ct_sort_at(const char *at, ct_tensor *x, int axis, bool descending) {
    return values(at, x, axis, ct_argsort(x, axis, descending));
}

ct_tensor *ct_argtopk_at(const char *at, ct_tensor *x, int64_t k, int axis, bool largest) {
    if (!ct_given_axis("ct_topk", at, x, &axis)) return NULL;
    int64_t n = x->ndim ? x->extent->dim[axis] : 1;
    if (k < 0 || k > n)
        return ct_decline("ct_topk", at, x, CT_ERR_ARGUMENT, "there are no %lld elements along axis %d", (long long)k,
                          axis);
    ct_tensor *line = first_in_order(at, ct_at_least_1d(at, x), axis, largest, k);
    return x->ndim || k == 0 ? line : ct_reshape(line, CT_SCALAR);
}

ct_tensor *ct_topk_at(const char *at, ct_tensor *x, int64_t k, int axis, bool largest) {
    return values(at, x, axis, ct_argtopk_at(at, x, k, axis, largest));
}

/* ---- one value of each line --------------------------------------------------------------------------------- */

/* The place at `rank` of each line's order; raises in the name of `op` when the lines have no elements. */
static ct_tensor *ranked(const char *op, const char *at, ct_tensor *x, int axis, int64_t rank) {
    int64_t n = x->ndim ? x->extent->dim[axis] : 1;
    if (rank < 0 || rank >= n)
        return ct_decline(op, at, x, CT_ERR_ARGUMENT, "axis %d has no element %lld in order", axis,
                          (long long)rank + 1);
    return ct_select(first_in_order(at, ct_at_least_1d(at, x), axis, false, rank + 1), axis, rank);
}

ct_tensor *ct_argkthvalue_at(const char *at, ct_tensor *x, int64_t k, int axis) {
    return ct_given_axis("ct_kthvalue", at, x, &axis) ? ranked("ct_kthvalue", at, x, axis, k > 0 ? k - 1 : -1) : NULL;
}

/* The lower of two middle elements; a NaN where there is one, which ct_argmax finds. */
ct_tensor *ct_argmedian_at(const char *at, ct_tensor *x, int axis) {
    if (!ct_given_axis("ct_median", at, x, &axis)) return NULL;
    int64_t n = x->ndim ? x->extent->dim[axis] : 1;
    ct_tensor *line = ct_at_least_1d(at, x), *middle = ranked("ct_median", at, x, axis, (n - 1) / 2);
    if (!middle || !ct_is_float(x->dtype)) return middle;
    ct_tensor *largest = ct_argmax(line, axis), *value = ct_pick(at, line, axis, largest);
    return ct_where(ct_ne(value, value), largest, middle);
}

/* Along a line in order, the length of the run of equal ones so far is one more than before where the element equals
 * the one before it, and its first maximum is at the end of the longest run, of several the one of the least value.
 */
ct_tensor *ct_argmode_at(const char *at, ct_tensor *x, int axis) {
    if (!ct_given_axis("ct_mode", at, x, &axis)) return NULL;
    ct_tensor *line = ct_at_least_1d(at, x), *order = ct_argsort(line, axis, false), *sorted;
    sorted = ct_gather(line, axis, order);
    if (!sorted) return NULL;
    int64_t n = sorted->extent->dim[axis];
    if (n == 0) return ct_decline("ct_mode", at, x, CT_ERR_SHAPE, "axis %d has no elements to choose from", axis);
    ct_tensor *equal = ct_eq(ct_slice(sorted, axis, 1, n, 1), ct_slice(sorted, axis, 0, n - 1, 1));
    ct_tensor *grows = ct_slice_add(ct_cast(equal, CT_F64), axis, 1, 1, n);
    ct_tensor *run = ct_recurrence(grows, ct_full_like(at, grows, 1), axis);
    return ct_pick(at, order, axis, ct_argmax(run, axis));
}

ct_tensor *ct_kthvalue_at(const char *at, ct_tensor *x, int64_t k, int axis) {
    return ct_pick(at, x, axis, ct_argkthvalue(x, k, axis));
}

ct_tensor *ct_median_along_at(const char *at, ct_tensor *x, int axis) {
    return ct_pick(at, x, axis, ct_argmedian(x, axis));
}

ct_tensor *ct_mode_at(const char *at, ct_tensor *x, int axis) { return ct_pick(at, x, axis, ct_argmode(x, axis)); }

ct_tensor *ct_max_along_at(const char *at, ct_tensor *x, int axis) {
    return ct_pick(at, x, axis, ct_argmax(x, axis));
}

ct_tensor *ct_min_along_at(const char *at, ct_tensor *x, int axis) {
    return ct_pick(at, x, axis, ct_argmin(x, axis));
}

/* As the largest of the elements that equal the median, among which ct_max shares the cotangent. */
ct_tensor *ct_median_at(const char *at, ct_tensor *x, ct_axes axes) {
    ct_shape reduced;
    ct_tensor *merged = ct_merge_axes("ct_median", at, x, axes, &reduced), *z;
    if (!(z = ct_median_along(merged, 1))) return NULL;
    ct_tensor *median = ct_reshape(ct_detach(z), CT_SHAPE(merged->extent->dim[0], 1, merged->extent->dim[2]));
    ct_tensor *others = ct_gt(ct_abs(ct_sub(merged, median)), ct_constant_like(at, x, 0)); /* none where it is NaN */
    return ct_reshape(ct_max(ct_where(others, ct_constant_like(at, x, -INFINITY), merged), CT_AXES(1)), reduced);
}
