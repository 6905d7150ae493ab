/* Making and reading tensors. */
#include "tensor/tensor.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- dtypes and shapes -------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t size;
} dtypes[CT_DTYPE_COUNT] = {
    [CT_BOOL] = {"bool", 1}, [CT_U8] = {"u8", 1},   [CT_I32] = {"i32", 4},
    [CT_I64] = {"i64", 8},   [CT_F32] = {"f32", 4}, [CT_F64] = {"f64", 8},
};

static bool is_dtype(ct_dtype dtype) { return (unsigned)dtype < CT_DTYPE_COUNT; }
const char *ct_dtype_name(ct_dtype dtype) { return is_dtype(dtype) ? dtypes[dtype].name : "unknown dtype"; }
size_t ct_dtype_size(ct_dtype dtype) { return is_dtype(dtype) ? dtypes[dtype].size : 0; }

bool ct_shape_equal(const ct_shape *a, const ct_shape *b) {
    return a->ndim == b->ndim && !memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim);
}

bool ct_same_shape(const ct_tensor *x, const ct_tensor *y) {
    if (x->ndim != y->ndim) return false;
    return x->ndim == 0 || x->extent == y->extent ||
           !memcmp(x->extent->dim, y->extent->dim, x->ndim * sizeof *x->extent->dim);
}

size_t ct_bytes_of(const ct_tensor *t) { return (size_t)ct_size_of(t) * dtypes[t->dtype].size; }

double ct_read_element(ct_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
    case CT_F64: return ((const double *)data)[i];
    case CT_F32: return (double)((const float *)data)[i];
    case CT_I64: return (double)((const int64_t *)data)[i];
    case CT_I32: return (double)((const int32_t *)data)[i];
    default: return (double)((const uint8_t *)data)[i];
    }
}

/* Truncates towards zero and saturates; NaN becomes 0. */
static int64_t to_integer(double value, double low, double high) {
    if (value != value) return 0;
    return value <= low ? (int64_t)low : value >= high ? (high >= 0x1p63 ? INT64_MAX : (int64_t)high) : (int64_t)value;
}

void ct_write_element(ct_dtype dtype, void *data, int64_t i, double value) {
    switch (dtype) {
    case CT_F64: ((double *)data)[i] = value; break;
    case CT_F32: ((float *)data)[i] = (float)value; break;
    case CT_I64: ((int64_t *)data)[i] = to_integer(value, -0x1p63, 0x1p63); break;
    case CT_I32: ((int32_t *)data)[i] = (int32_t)to_integer(value, INT32_MIN, INT32_MAX); break;
    case CT_U8: ((uint8_t *)data)[i] = (uint8_t)to_integer(value, 0, UINT8_MAX); break;
    default: ((uint8_t *)data)[i] = value != 0; break;
    }
}

/* ---- memory of a tensor ------------------------------------------------------------------------------------- */

static size_t extent_bytes(int ndim) { return sizeof(ct_extent) + (size_t)ndim * sizeof(int64_t); }

static void fill_extent(ct_extent *extent, const ct_shape *shape, int64_t size) {
    extent->size = size;
    memcpy(extent->dim, shape->dim, (size_t)shape->ndim * sizeof(int64_t));
}

static bool valid_shape(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape, int64_t *size) {
    char text[CT_DESCRIPTION];
    if (!is_dtype(dtype)) return ct_raise(CT_ERR_DTYPE, op, at, "%d is no dtype", (int)dtype), false;
    if (shape->ndim < 0 || shape->ndim > CT_MAX_DIMS)
        return ct_raise(CT_ERR_SHAPE, op, at, "%d dimensions, of at most %d", shape->ndim, CT_MAX_DIMS), false;
    for (int i = 0; i < shape->ndim; i++)
        if (shape->dim[i] < 0)
            return ct_raise(CT_ERR_SHAPE, op, at, "%s has a negative extent", ct_describe_shape(shape, text)), false;
    if (!ct_checked_size(shape->ndim, shape->dim, size))
        return ct_raise(CT_ERR_LIMIT, op, at, "%s has too many elements", ct_describe_shape(shape, text)), false;
    return true;
}

ct_extent *ct_new_extent(const ct_shape *shape, int depth) {
    int64_t size;
    if (!ct_checked_size(shape->ndim, shape->dim, &size)) return NULL;
    ct_extent *extent = ct_arena_alloc(&ct_this.level[depth].arena, extent_bytes(shape->ndim), _Alignof(ct_extent));
    if (extent) fill_extent(extent, shape, size);
    return extent;
}

ct_tensor *ct_refuse_node(const char *op, const char *at, int n_in) {
    if (ct_this.depth == 0) return ct_raise_no_scope(op, at), NULL;
    if (ct_this.next_id == UINT32_MAX) return ct_raise(CT_ERR_LIMIT, op, at, "too many tensors in one scope"), NULL;
    return ct_raise_memory(op, at, ct_node_bytes(n_in)), NULL;
}

ct_tensor *ct_new_node(const char *op, const char *at, ct_dtype dtype, int ndim, const ct_extent *extent, int n_in) {
    ct_tensor *t = ct_place_node(at, n_in);
    if (!t) return ct_refuse_node(op, at, n_in);
    t->dtype = (uint8_t)dtype;
    t->ndim = (uint8_t)ndim;
    t->data = ndim ? NULL : &t->item;
    if (ndim) t->extent = extent;
    return t;
}

ct_tensor *ct_new_tensor(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape, int n_in) {
    int64_t size;
    if (!valid_shape(op, at, dtype, shape, &size)) return NULL;
    if (ct_this.depth == 0) return ct_new_node(op, at, dtype, 0, NULL, n_in); /* raises: no scope */
    if (shape->ndim == 0) return ct_new_node(op, at, dtype, 0, NULL, n_in);
    size_t bytes = (size_t)size * dtypes[dtype].size;
    ct_extent *extent = ct_new_extent(shape, ct_this.depth);
    void *data = extent ? ct_scope_alloc(ct_this.depth, bytes) : NULL;
    if (!data) return ct_raise_memory(op, at, bytes), NULL;
    ct_tensor *t = ct_new_node(op, at, dtype, shape->ndim, extent, n_in);
    if (t) t->data = data;
    return t;
}

ct_tensor *ct_new_owned(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape) {
    int64_t size;
    if (!valid_shape(op, at, dtype, shape, &size)) return NULL;
    size_t header = sizeof(ct_tensor) + extent_bytes(shape->ndim), bytes = (size_t)size * dtypes[dtype].size;
    ct_tensor *t = ct_alloc(header);
    void *data = shape->ndim && t ? ct_alloc(bytes) : NULL;
    if (!t || (shape->ndim && !data)) {
        ct_dealloc(t, header);
        return ct_raise_memory(op, at, bytes), NULL;
    }
    *t = (ct_tensor){.at = at, .dtype = (uint8_t)dtype, .ndim = (uint8_t)shape->ndim, .flags = CT_OWNED};
    t->data = shape->ndim ? data : &t->item;
    if (shape->ndim) {
        ct_extent *extent = (ct_extent *)(t + 1);
        fill_extent(extent, shape, size);
        t->extent = extent;
    }
    return t;
}

void ct_free(ct_tensor *t) {
    if (!t || !(t->flags & CT_OWNED)) return;
    ct_strfree((char *)t->label);
    if (t->ndim) {
        ct_dealloc(t->grad, ct_bytes_of(t));
        ct_dealloc(t->data, ct_bytes_of(t));
    }
    ct_dealloc(t, sizeof *t + extent_bytes(t->ndim));
}

void *ct_buffer_like(const ct_tensor *t) {
    return t->flags & CT_OWNED ? ct_alloc(ct_bytes_of(t)) : ct_scope_alloc(t->depth, ct_bytes_of(t));
}

/* ---- making ------------------------------------------------------------------------------------------------- */

ct_tensor *ct_full_at(const char *at, ct_dtype dtype, ct_shape shape, double value) {
    ct_tensor *t = ct_new_tensor("ct_full", at, dtype, &shape, 0);
    if (!t) return NULL;
    if (value == 0 && !signbit(value)) return memset(t->data, 0, ct_bytes_of(t)), t;
    for (int64_t i = 0, n = ct_size_of(t); i < n; i++) ct_write_element(dtype, t->data, i, value);
    return t;
}

ct_tensor *ct_scalar_at(const char *at, double value) {
    ct_tensor *t = ct_new_node("ct_scalar", at, CT_F64, 0, NULL, 0);
    if (t) t->item.f64 = value;
    return t;
}

ct_tensor *ct_from_at(const char *at, ct_dtype dtype, ct_shape shape, const void *elements) {
    ct_tensor *t = ct_new_tensor("ct_from", at, dtype, &shape, 0);
    if (!t) return NULL;
    if (!elements && ct_size_of(t)) return ct_raise(CT_ERR_NULL, "ct_from", at, "the elements are NULL"), NULL;
    if (elements) memcpy(t->data, elements, ct_bytes_of(t));
    return t;
}

ct_tensor *ct_wrap_at(const char *at, ct_dtype dtype, ct_shape shape, void *elements) {
    int64_t size;
    if (!valid_shape("ct_wrap", at, dtype, &shape, &size)) return NULL;
    if (!elements && size) return ct_raise(CT_ERR_NULL, "ct_wrap", at, "the elements are NULL"), NULL;
    const ct_extent *extent = shape.ndim && ct_this.depth ? ct_new_extent(&shape, ct_this.depth) : NULL;
    if (shape.ndim && ct_this.depth && !extent) return ct_raise_memory("ct_wrap", at, extent_bytes(shape.ndim)), NULL;
    ct_tensor *t = ct_new_node("ct_wrap", at, dtype, shape.ndim, extent, 0);
    if (t) t->data = elements ? elements : t; /* no elements: never read, but not NULL, as memcpy() forbids it */
    return t;
}

ct_tensor *ct_arange_at(const char *at, ct_dtype dtype, int64_t n) {
    ct_tensor *t = ct_new_tensor("ct_arange", at, dtype, &CT_SHAPE(n), 0);
    for (int64_t i = 0; t && i < n; i++) ct_write_element(dtype, t->data, i, (double)i);
    return t;
}

/* Random tensors are floating. */
static ct_tensor *new_random(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape) {
    if (is_dtype(dtype) && !ct_is_float(dtype))
        return ct_raise(CT_ERR_DTYPE, op, at, "dtype %s is not floating", ct_dtype_name(dtype)), NULL;
    return ct_new_tensor(op, at, dtype, shape, 0);
}

ct_tensor *ct_uniform_at(const char *at, ct_dtype dtype, ct_shape shape, double low, double high) {
    ct_tensor *t = new_random("ct_uniform", at, dtype, &shape);
    if (t) ct_fill_uniform(dtype, t->data, ct_size_of(t), ct_this.random.seed, ct_random_take_stream(), low, high);
    return t;
}

ct_tensor *ct_normal_at(const char *at, ct_dtype dtype, ct_shape shape, double mean, double std) {
    ct_tensor *t = new_random("ct_normal", at, dtype, &shape);
    if (t) ct_fill_normal(dtype, t->data, ct_size_of(t), ct_this.random.seed, ct_random_take_stream(), mean, std);
    return t;
}

ct_tensor *ct_label_at(const char *at, ct_tensor *t, const char *label) {
    if (!ct_usable("ct_label", at, t, 0)) return NULL;
    if (!label) return t;
    size_t bytes = strlen(label) + 1;
    bool owned = t->flags & CT_OWNED;
    char *copy = owned ? ct_alloc(bytes) : ct_arena_alloc(&ct_this.level[t->depth].arena, bytes, 1);
    if (!copy) return ct_raise_memory("ct_label", at, bytes), NULL;
    if (owned) ct_strfree((char *)t->label);
    t->label = memcpy(copy, label, bytes);
    return t;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

ct_dtype ct_dtype_of(const ct_tensor *t) { return t ? (ct_dtype)t->dtype : CT_F64; }
int64_t ct_size(const ct_tensor *t) { return t ? ct_size_of(t) : 0; }
const char *ct_label_of(const ct_tensor *t) { return t ? t->label : NULL; }
const void *ct_data(const ct_tensor *t) { return t ? t->data : NULL; }

ct_shape ct_shape_of(const ct_tensor *t) {
    ct_shape shape = {.ndim = t ? t->ndim : 0};
    if (shape.ndim) memcpy(shape.dim, t->extent->dim, (size_t)shape.ndim * sizeof(int64_t));
    return shape;
}

double ct_item_at(const char *at, const ct_tensor *t) {
    char text[CT_DESCRIPTION];
    if (!ct_usable("ct_item", at, t, 0)) return NAN;
    if (ct_size_of(t) == 1) return ct_read_element((ct_dtype)t->dtype, t->data, 0);
    ct_raise(CT_ERR_SHAPE, "ct_item", at, "%s has %" PRId64 " elements, not one", ct_describe(t, text), ct_size_of(t));
    return NAN;
}

double ct_get_at(const char *at, const ct_tensor *t, ct_shape index) {
    char text[CT_DESCRIPTION], where[CT_DESCRIPTION];
    if (!ct_usable("ct_get", at, t, 0)) return NAN;
    bool inside = index.ndim == t->ndim;
    int64_t offset = 0;
    for (int i = 0; inside && i < index.ndim; i++) {
        int64_t extent = t->extent->dim[i], k = index.dim[i] < 0 ? index.dim[i] + extent : index.dim[i];
        inside = k >= 0 && k < extent;
        offset = offset * extent + k;
    }
    if (inside) return ct_read_element((ct_dtype)t->dtype, t->data, offset);
    ct_raise(CT_ERR_ARGUMENT, "ct_get", at, "index %s is outside of %s", ct_describe_shape(&index, where),
             ct_describe(t, text));
    return NAN;
}

bool ct_set_at(const char *at, ct_tensor *t, const void *elements) {
    char text[CT_DESCRIPTION];
    if (!ct_usable("ct_set", at, t, 0)) return false;
    if (t->op) return ct_raise(CT_ERR_ARGUMENT, "ct_set", at, "%s is computed", ct_describe(t, text)), false;
    if (!elements && ct_size_of(t)) return ct_raise(CT_ERR_NULL, "ct_set", at, "the elements are NULL"), false;
    if (elements) memmove(t->data, elements, ct_bytes_of(t)); /* they may be t's own */
    return true;
}
