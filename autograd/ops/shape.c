/* Ops that keep all elements, in another shape or order: reshape, broadcast, permute. */
#include "autograd/ops/compose.h"
#include "tensor/checked.h"
#include "tensor/move.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ct_reshape: attributes are the shape --------------------------------------------------------------------- */

ct_tensor *ct_reshape_at(const char *at, ct_tensor *x, ct_shape shape) {
    return ct_record(at, CT_OP_ct_reshape, &x, 1, &shape, sizeof shape);
}

/* Whether a shape from the caller is of a possible number of dimensions; raises in z's name. */
static bool possible(const ct_tensor *z, const ct_shape *shape) {
    if (shape->ndim >= 0 && shape->ndim <= CT_MAX_DIMS) return true;
    return ct_op_fail(z, CT_ERR_SHAPE, "%d dimensions, of at most %d", shape->ndim, CT_MAX_DIMS);
}

bool ct_complete_shape(ct_shape *shape, int64_t size) {
    int open = -1;
    int64_t known;
    ct_shape others = *shape;
    for (int i = 0; i < shape->ndim && open < 0; i++)
        if (shape->dim[i] == -1) others.dim[open = i] = 1;
    if (!ct_checked_size(others.ndim, others.dim, &known)) return false;
    if (open < 0) return known == size;
    if (known == 0 || size % known) return false;
    shape->dim[open] = size / known;
    return true;
}

static bool ct_reshape_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    ct_shape *wanted = z->attributes;
    char text[CT_DESCRIPTION];
    if (!possible(z, wanted)) return false;
    if (!ct_complete_shape(wanted, ct_size_of(x)))
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld elements do not fit the shape %s", (long long)ct_size_of(x),
                          ct_describe_shape(wanted, text));
    *shape = *wanted;
    *dtype = x->dtype;
    z->data = x->data;
    return true;
}

static void ct_reshape_forward(ct_tensor *z) { (void)z; /* an alias */ }

static ct_tensor *ct_reshape_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_reshape(g, ct_shape_of(z->in[k]));
}

static void ct_reshape_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    if (add)
        ct_add_into(z->dtype, ct_size_of(z), g, gx);
    else
        memcpy(gx, g, ct_bytes_of(z));
}

static ct_sample ct_reshape_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape from, to;
    } cases[] = {
        {CT_SHAPE(2, 3), CT_SHAPE(3, -1)}, {CT_SCALAR, CT_SHAPE(1, 1)},      {CT_SHAPE(1), CT_SCALAR},
        {CT_SHAPE(5), CT_SHAPE(5)},        {CT_SHAPE(0, 3), CT_SHAPE(2, 0)}, {CT_SHAPE(3, 1, 5), CT_SHAPE(-1)},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].from, -3, 3);
    return (ct_sample){.z = ct_reshape_at(NULL, x, cases[i].to), .leaf = {x}};
}

CT_OP_PARTS(ct_reshape, .backward = ct_reshape_backward, .fields = CT_FIELDS({"shape", CT_FIELD_SHAPE, 0}));

/* ---- ct_broadcast: attributes are the shape. The engine sums the cotangent, which has the result's shape ------- */

ct_tensor *ct_broadcast_at(const char *at, ct_tensor *x, ct_shape shape) {
    return ct_record(at, CT_OP_ct_broadcast, &x, 1, &shape, sizeof shape);
}

static bool repeats_to(const ct_tensor *x, const ct_shape *shape) {
    int added = shape->ndim - x->ndim;
    if (added < 0) return false;
    for (int i = 0; i < shape->ndim; i++) {
        int64_t own = i < added ? 1 : x->extent->dim[i - added];
        if (shape->dim[i] < 0 || (own != 1 && own != shape->dim[i])) return false;
    }
    return true;
}

static bool ct_broadcast_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    char text[CT_DESCRIPTION];
    *shape = *(const ct_shape *)z->attributes;
    *dtype = x->dtype;
    if (!possible(z, shape)) return false;
    return repeats_to(x, shape) ||
           ct_op_fail(z, CT_ERR_SHAPE, "does not broadcast to the shape %s", ct_describe_shape(shape, text));
}

static void ct_broadcast_forward(ct_tensor *z) {
    const ct_tensor *x = z->in[0];
    size_t item = ct_dtype_size(z->dtype);
    ct_walk walk = ct_walk_over(z->ndim, ct_dims_of(z));
    ct_walk_add(&walk, z->data, item, z->ndim, ct_dims_of(z));
    ct_walk_add(&walk, x->data, item, x->ndim, ct_dims_of(x));
    ct_move(&walk, z->dtype, false);
}

static ct_tensor *ct_broadcast_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)at, (void)z, (void)k;
    return g;
}

static ct_sample ct_broadcast_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape from, to;
    } cases[] = {
        {CT_SHAPE(3, 1), CT_SHAPE(2, 3, 4)},
        {CT_SHAPE(2, 1, 3, 1), CT_SHAPE(2, 5, 3, 2)},
        {CT_SHAPE(1, 3), CT_SHAPE(0, 3)},
        {CT_SHAPE(5), CT_SHAPE(5)},
        {CT_SCALAR, CT_SHAPE(2, 3)},
        {CT_SCALAR, CT_SCALAR},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].from, -3, 3);
    return (ct_sample){.z = ct_broadcast_at(NULL, x, cases[i].to), .leaf = {x}};
}

CT_OP_PARTS(ct_broadcast, .fields = CT_FIELDS({"shape", CT_FIELD_SHAPE, 0}));

/* ---- ct_permute: attributes are the order, axes that are not negative ------------------------------------------ */

ct_tensor *ct_permute_at(const char *at, ct_tensor *x, ct_axes order) {
    return ct_record(at, CT_OP_ct_permute, &x, 1, &order, sizeof order);
}

static bool ct_permute_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    ct_axes *order = z->attributes;
    unsigned mask;
    if (order->n != x->ndim)
        return ct_op_fail(z, CT_ERR_ARGUMENT, "the order must name each of %d axes once", x->ndim);
    if (!ct_resolve_axes(z, order, x->ndim, &mask)) return false;
    *shape = (ct_shape){.ndim = x->ndim};
    *dtype = x->dtype;
    for (int i = 0; i < x->ndim; i++) {
        ct_resolve_axis(order->axis[i], x->ndim, &order->axis[i]);
        shape->dim[i] = x->extent->dim[order->axis[i]];
    }
    return true;
}

static ct_axes inverse(const ct_axes *order) {
    ct_axes back = {.n = order->n};
    for (int i = 0; i < order->n; i++) back.axis[order->axis[i]] = i;
    return back;
}

/* z = or += x, axis i of z being axis order[i] of x, whose shape is `dim`. */
static void move_permuted(ct_dtype dtype, const ct_axes *order, void *z, const void *x, const int64_t *dim, bool add) {
    size_t item = ct_dtype_size(dtype);
    int64_t z_dim[CT_MAX_DIMS], x_stride[CT_MAX_DIMS], stride[CT_MAX_DIMS];
    ct_row_major(order->n, dim, item, x_stride);
    for (int i = 0; i < order->n; i++) {
        z_dim[i] = dim[order->axis[i]];
        stride[i] = x_stride[order->axis[i]];
    }
    ct_walk walk = ct_walk_over(order->n, z_dim);
    ct_walk_add(&walk, z, item, order->n, z_dim);
    ct_walk_add_strided(&walk, x, stride);
    ct_move(&walk, dtype, add);
}

static void ct_permute_forward(ct_tensor *z) {
    move_permuted(z->dtype, z->attributes, z->data, z->in[0]->data, ct_dims_of(z->in[0]), false);
}

static ct_tensor *ct_permute_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    return ct_permute(g, inverse(z->attributes));
}

static void ct_permute_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    ct_axes back = inverse(z->attributes);
    move_permuted(z->dtype, &back, gx, g, ct_dims_of(z), add);
}

static ct_sample ct_permute_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        ct_axes order;
    } cases[] = {
        {CT_SHAPE(2, 3), CT_AXES(1, 0)},
        {CT_SHAPE(2, 3, 4), CT_AXES(-1, 0, -2)},
        {CT_SHAPE(2, 3, 1, 4), CT_AXES(0, 3, 2, 1)},
        {CT_SHAPE(19, 17), CT_AXES(1, 0)},
        {CT_SHAPE(1, 5, 1), CT_AXES(2, 1, 0)},
        {CT_SHAPE(3, 0), CT_AXES(1, 0)},
        {CT_SCALAR, {.n = 0}},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -3, 3);
    return (ct_sample){.z = ct_permute_at(NULL, x, cases[i].order), .leaf = {x}};
}

CT_OP_PARTS(ct_permute, .backward = ct_permute_backward, .fields = CT_FIELDS({"order", CT_FIELD_AXES, 0}));
