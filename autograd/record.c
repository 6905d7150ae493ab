/* Recording: an op is checked, computed and put on the tape, in one go. */
#include "autograd/elementwise_kernels.h"
#include "autograd/internal.h"
#include "tensor/checked.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* ---- errors in an op's name --------------------------------------------------------------------------------- */

static const char operand_names[] = "xyw";

/* The formula with operands in place of x, y, w: "x @ y" reads "x(24,784) @ W(128,64)". */
static void describe_call(const ct_tensor *z, char *text, size_t size) {
    const char *f = ct_op_table[z->op]->formula;
    size_t n = 0;
    for (const char *c = f; *c && n + 1 < size; c++) {
        const char *name = strchr(operand_names, *c);
        bool alone = name && (c == f || !isalnum((unsigned char)c[-1])) && !isalnum((unsigned char)c[1]) && c[1] != '_';
        int k = alone ? (int)(name - operand_names) : z->n_in;
        if (k >= z->n_in) {
            text[n++] = *c;
            continue;
        }
        bool several = !strncmp(c + 1, "...", 3); /* "concat(x...)" */
        for (int i = k; i < (several ? z->n_in : k + 1) && n + 1 < size; i++) {
            char operand[CT_DESCRIPTION];
            int written = snprintf(text + n, size - n, "%s%s", i > k ? ", " : "", ct_describe(z->in[i], operand));
            n = n + (size_t)written < size ? n + (size_t)written : size - 1;
        }
        if (several) c += 3;
    }
    text[n] = '\0';
}

bool ct_op_fail(const ct_tensor *z, ct_error_code code, const char *format, ...) {
    char call[3 * CT_DESCRIPTION], reason[2 * CT_DESCRIPTION];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    describe_call(z, call, sizeof call);
    ct_raise(code, ct_op_table[z->op]->name, z->at, "%s: %s", call, reason);
    return false;
}

bool ct_op_floating(const ct_tensor *z, int k) {
    ct_dtype own = z->in[k]->dtype;
    return ct_is_float(own) || ct_op_fail(z, CT_ERR_DTYPE, "%s is not floating: ct_cast() first", ct_dtype_name(own));
}

bool ct_op_same_dtype(const ct_tensor *z, int j, int k) {
    ct_dtype one = z->in[j]->dtype, other = z->in[k]->dtype;
    return one == other ||
           ct_op_fail(z, CT_ERR_DTYPE, "dtypes %s and %s differ", ct_dtype_name(one), ct_dtype_name(other));
}

/* ---- shapes ------------------------------------------------------------------------------------------------- */

bool ct_resolve_axis(int axis, int ndim, int *out) {
    *out = axis < 0 ? axis + ndim : axis;
    return axis >= -ndim && axis < ndim;
}

bool ct_resolve_axes(const ct_tensor *z, const ct_axes *axes, int ndim, unsigned *mask) {
    *mask = 0;
    if (axes->n < 0) return *mask = (1u << ndim) - 1, true;
    for (int i = 0; i < axes->n; i++) {
        int axis;
        if (!ct_resolve_axis(axes->axis[i], ndim, &axis))
            return ct_op_fail(z, CT_ERR_ARGUMENT, "axis %d is outside of %d dimensions", axes->axis[i], ndim);
        if (*mask & 1u << axis) return ct_op_fail(z, CT_ERR_ARGUMENT, "axis %d is given twice", axes->axis[i]);
        *mask |= 1u << axis;
    }
    return true;
}

bool ct_broadcast_shapes(int n, ct_tensor *const *in, ct_shape *shape) {
    *shape = (ct_shape){.ndim = 0};
    for (int k = 0; k < n; k++)
        if (in[k]->ndim > shape->ndim) shape->ndim = in[k]->ndim;
    for (int i = 1; i <= shape->ndim; i++) { /* i-th axis from the back */
        int64_t *extent = &shape->dim[shape->ndim - i];
        *extent = 1;
        for (int k = 0; k < n; k++) {
            int64_t own = i <= in[k]->ndim ? in[k]->extent->dim[in[k]->ndim - i] : 1;
            if (own != 1 && *extent != 1 && own != *extent) return false;
            if (own != 1) *extent = own;
        }
    }
    return true;
}

ct_tensor *ct_sum_to(const char *at, ct_tensor *g, const ct_tensor *like) {
    if (!g || ct_same_shape(g, like)) return g;
    ct_axes axes = {.n = 0, .keep = true};
    int added = g->ndim - like->ndim;
    for (int i = 0; i < g->ndim; i++)
        if (i < added || (like->extent->dim[i - added] == 1 && g->extent->dim[i] != 1)) axes.axis[axes.n++] = i;
    return ct_reshape_at(at, axes.n ? ct_sum_at(at, g, axes) : g, ct_shape_of(like));
}

/* ---- recording ---------------------------------------------------------------------------------------------- */

static bool usable(const ct_op *op, const char *at, ct_tensor *const *in, int n_in) {
    for (int k = 0; k < n_in; k++)
        if (!ct_usable(op->name, at, in ? in[k] : NULL, k)) return false;
    return true;
}

static bool elementwise_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    for (int k = 1; k < z->n_in; k++)
        if (!ct_op_same_dtype(z, 0, k)) return false;
    bool compares = ct_op_table[z->op]->kind == CT_NOT_DIFFERENTIABLE;
    *dtype = compares ? CT_BOOL : (ct_dtype)z->in[0]->dtype;
    if (!compares && !ct_op_floating(z, 0)) return false;
    return ct_broadcast_shapes(z->n_in, z->in, shape) || ct_op_fail(z, CT_ERR_SHAPE, "shapes do not broadcast");
}

/* Gives z its shape, sharing that of an operand where it is the same and lives as long, and room for its elements. */
static bool allocate(ct_tensor *z, const ct_shape *shape, ct_dtype dtype) {
    char text[CT_DESCRIPTION];
    int64_t size;
    z->dtype = (uint8_t)dtype;
    z->ndim = (uint8_t)shape->ndim;
    if (shape->ndim == 0) {
        if (!z->data) z->data = &z->item;
        return true;
    }
    if (!ct_checked_size(shape->ndim, shape->dim, &size))
        return ct_op_fail(z, CT_ERR_LIMIT, "the result %s has too many elements", ct_describe_shape(shape, text));
    const ct_extent *extent = NULL;
    for (int k = 0; k < z->n_in && !extent; k++)
        if (!(z->in[k]->flags & CT_OWNED) && z->in[k]->ndim == shape->ndim &&
            !memcmp(z->in[k]->extent->dim, shape->dim, (size_t)shape->ndim * sizeof *shape->dim))
            extent = z->in[k]->extent;
    if (!extent) extent = ct_new_extent(shape, ct_this.depth);
    z->extent = extent;
    size_t bytes = extent ? ct_bytes_of(z) : 0;
    if (extent && !z->data) z->data = ct_scope_alloc(ct_this.depth, bytes);
    if (z->data && extent) return true;
    z->ndim = 0; /* has no extent */
    ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes);
    return false;
}

/* 0-d operands of one dtype, an elementwise op: nothing to check, no memory to take. */
static inline bool all_scalars(const ct_op *op, ct_tensor *const *in, int n_in) {
    return op->kind == CT_ELEMENTWISE && !in[0]->ndim && !in[n_in - 1]->ndim && in[0]->dtype == in[n_in - 1]->dtype &&
           ct_is_float(in[0]->dtype);
}

static bool compute(const ct_op *op, ct_tensor *z) {
    ct_shape shape;
    ct_dtype dtype;
    if (all_scalars(op, z->in, z->n_in)) {
        z->dtype = z->in[0]->dtype;
        z->data = &z->item;
        ct_compute_scalar(z);
        return true;
    }
    if (!(op->parts->shape ? op->parts->shape : elementwise_shape)(z, &shape, &dtype)) return false;
    if (!allocate(z, &shape, dtype)) return false;
    (op->parts->forward ? op->parts->forward : ct_elementwise_forward)(z);
    return true;
}

/* A number written into an expression, as ct_scalar(2), rather than a leaf or something computed. */
static bool is_number(const ct_tensor *t) { return !t->ndim && !t->op && !(t->flags & CT_NEEDS_GRAD); }

/* Of the two operands of an elementwise op a floating 0-d one takes the dtype of a larger one, and a number that of
 * anything else. Before the op has its place on the tape, so that the conversion comes first. */
static bool match_dtypes(const char *at, ct_tensor *in[2]) {
    if (!ct_is_float(in[0]->dtype) || !ct_is_float(in[1]->dtype)) return true;
    for (int k = 0; k < 2; k++) {
        const ct_tensor *other = in[1 - k];
        if (in[k]->ndim || (!other->ndim && (!is_number(in[k]) || is_number(other)))) continue;
        in[k] = ct_cast_at(at, in[k], (ct_dtype)other->dtype);
        return in[k] != NULL;
    }
    return true;
}

/* Attributes lie behind their size, so that the op can be recorded again. */
typedef struct attribute_block {
    size_t size;
    _Alignas(16) char bytes[];
} attribute_block;

static bool copy_attributes(ct_tensor *z, const void *attributes, size_t size) {
    if (!size) return true;
    struct ct_level *level = &ct_this.level[ct_this.depth];
    attribute_block *b = ct_arena_alloc(&level->arena, sizeof *b + size, _Alignof(attribute_block));
    if (!b) return ct_raise_memory(ct_op_table[z->op]->name, z->at, sizeof *b + size), false;
    b->size = size;
    z->attributes = memcpy(b->bytes, attributes, size);
    return true;
}

ct_tensor *ct_record(const char *at, ct_op_id id, ct_tensor *const *in, int n_in, const void *attributes, size_t size) {
    const ct_op *op = ct_op_table[id];
    ct_tensor *matched[CT_MAX_ELEMENTWISE];
    if (!usable(op, at, in, n_in)) return NULL;
    if (!op->parts->shape && n_in == 2 && in[0]->dtype != in[1]->dtype) {
        in = memcpy(matched, in, 2 * sizeof *in);
        if (!match_dtypes(at, matched)) return NULL;
    }
    ct_tensor *z = ct_place_node(at, n_in);
    if (!z) return ct_refuse_node(op->name, at, n_in);
    z->op = (uint16_t)id;
    unsigned needs = 0;
    for (int k = 0; k < n_in; k++) {
        z->in[k] = in[k];
        needs |= in[k]->flags & CT_NEEDS_GRAD;
    }
    if (!copy_attributes(z, attributes, size) || !compute(op, z) || !ct_check_result(z)) {
        ct_this.newest = z->prev; /* off the tape again; its memory goes with the scope */
        return NULL;
    }
    if (op->kind == CT_NOT_DIFFERENTIABLE || !ct_is_float(z->dtype) || ct_this.level[ct_this.depth].no_grad) needs = 0;
    z->flags = (uint8_t)(z->flags | needs);
    return z;
}

ct_tensor *ct_record_again(const char *at, const ct_tensor *z, ct_tensor *const *in) {
    const char *bytes = z->attributes;
    const attribute_block *b = bytes ? (const attribute_block *)(bytes - offsetof(attribute_block, bytes)) : NULL;
    return ct_record(at, z->op, in, z->n_in, bytes, b ? b->size : 0);
}
