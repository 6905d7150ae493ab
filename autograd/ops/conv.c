/* Convolutions: ct_conv and its two adjoints. With x, the weight and z in hand any two make the third, and the
 * derivatives of each op are the other two. */
#include "autograd/ops/conv.h"
#include "tensor/checked.h"
#include "tensor/kernels.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

typedef struct conv_attributes {
    ct_conv_options options;
    ct_shape result; /* spatial extents of the result; of 0 dimensions when they follow from the options */
    ct_conv_geometry geometry;
    ct_conv_plan *plan;    /* of the result; NULL when it is empty */
    ct_conv_plan *back[2]; /* of the cotangents of ct_conv's x and weight, where they are wanted */
    void *sums;            /* (n, o) of z's dtype, on the way to the bias' cotangent */
} conv_attributes;
#define CONV_FIELDS                                                                                                  \
    CT_FIELDS(CT_FIELD(conv_attributes, "stride", options.stride),                                                   \
              CT_FIELD(conv_attributes, "padding", options.padding),                                                 \
              CT_FIELD(conv_attributes, "dilation", options.dilation),                                               \
              CT_FIELD(conv_attributes, "groups", options.groups))

static ct_tensor *record(const char *at, ct_op_id op, ct_list in, const ct_conv_options *options, ct_shape result) {
    conv_attributes a = {.options = options ? *options : (ct_conv_options){.groups = 1}, .result = result};
    return ct_record(at, op, in.items, in.n, &a, sizeof a);
}

/* ---- the geometry ------------------------------------------------------------------------------------------- */

/* The two tensors that hold x, the weight, or z: by their place among the operands, or -1 for the result. */
typedef struct roles {
    int x, weight, z;
} roles;

static int64_t or_one(int64_t option) { return option ? option : 1; }

static bool check_options(const ct_tensor *z, const ct_conv_options *o) {
    for (int i = 0; i < 2; i++) {
        const struct {
            const char *name;
            int64_t value;
        } all[] = {{"stride", o->stride[i]},
                   {"padding", o->padding[i]},
                   {"dilation", o->dilation[i]},
                   {"output padding", o->output_padding[i]},
                   {"number of groups", o->groups}};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            if (all[k].value < 0 || all[k].value > INT32_MAX)
                return ct_op_fail(z, CT_ERR_ARGUMENT, "the %s %lld is out of range", all[k].name,
                                  (long long)all[k].value);
    }
    return true;
}

/* That the operands have a dtype, and one or two spatial axes, in common. */
static bool check_operands(const ct_tensor *z) {
    const ct_tensor *x = z->in[0];
    if (!ct_op_floating(z, 0)) return false;
    for (int k = 1; k < z->n_in; k++)
        if (!ct_op_same_dtype(z, 0, k)) return false;
    if (x->ndim < 3 || x->ndim > 4)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d dimensions, not 3 (n, c, l) or 4 (n, c, h, w)", x->ndim);
    if (z->in[1]->ndim != x->ndim)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d and %d dimensions", x->ndim, z->in[1]->ndim);
    for (int k = 0; k < 2; k++)
        for (int i = 2; i < x->ndim; i++)
            if (z->in[k]->extent->dim[i] < 1 || z->in[k]->extent->dim[i] > INT32_MAX)
                return ct_op_fail(z, CT_ERR_SHAPE, "the spatial extent %lld is out of range",
                                  (long long)z->in[k]->extent->dim[i]);
    return true;
}

/* The extent of what is not an operand along an axis whose other two extents are known. */
static int64_t missing_extent(const conv_attributes *a, const ct_conv_axis *s, roles r, int i) {
    int64_t window = (s->taps - 1) * s->dilation + 1;
    if (a->result.ndim) return a->result.dim[i];
    if (a->options.same) return r.x < 0 ? s->z : s->x;
    if (r.x < 0) return (s->z - 1) * s->stride - 2 * s->padding + window + a->options.output_padding[i];
    return (s->x + 2 * s->padding - window) / s->stride + 1;
}

/* Axis `axis` of the geometry, from spatial axis i of the operands. */
static bool make_axis(const ct_tensor *z, roles r, int i, ct_conv_axis *s) {
    const conv_attributes *a = z->attributes;
    const ct_conv_options *o = &a->options;
    *s = (ct_conv_axis){.stride = or_one(o->stride[i]), .padding = o->padding[i], .dilation = or_one(o->dilation[i])};
    if (r.x >= 0) s->x = z->in[r.x]->extent->dim[2 + i];
    if (r.weight >= 0) s->taps = z->in[r.weight]->extent->dim[2 + i];
    if (r.z >= 0) s->z = z->in[r.z]->extent->dim[2 + i];
    if (r.weight < 0) s->taps = a->result.dim[i];
    int64_t window = (s->taps - 1) * s->dilation + 1;
    if (o->same) s->padding = (window - 1) / 2;
    if (o->same && s->stride != 1)
        return ct_op_fail(z, CT_ERR_ARGUMENT, "the stride %lld does not keep the extents", (long long)s->stride);
    int64_t padded = s->x + (o->same ? window - 1 : 2 * s->padding);
    if (r.z < 0 && window > padded)
        return ct_op_fail(z, CT_ERR_SHAPE, "a window of %lld exceeds the extent %lld, paddings included",
                          (long long)window, (long long)padded);
    if (r.x < 0 && o->output_padding[i] >= s->stride && o->output_padding[i] >= s->dilation)
        return ct_op_fail(z, CT_ERR_ARGUMENT, "the output padding %lld exceeds both stride and dilation",
                          (long long)o->output_padding[i]);
    if (r.x < 0) s->x = missing_extent(a, s, r, i);
    if (r.z < 0) s->z = missing_extent(a, s, r, i);
    int64_t extent = r.x < 0 ? s->x : r.z < 0 ? s->z : s->taps;
    return (extent > 0 && extent <= INT32_MAX) ||
           ct_op_fail(z, CT_ERR_SHAPE, "the result would have the extent %lld", (long long)extent);
}

static bool make_channels(const ct_tensor *z, roles r, ct_conv_geometry *g) {
    const ct_tensor *x = r.x < 0 ? NULL : z->in[r.x], *y = r.weight < 0 ? NULL : z->in[r.weight];
    const ct_tensor *w = r.z < 0 ? NULL : z->in[r.z];
    g->n = (x ? x : w)->extent->dim[0];
    int64_t outputs = (y ? y->extent->dim[0] : w->extent->dim[1]);
    int64_t inputs = x ? x->extent->dim[1] : y->extent->dim[1] * g->groups;
    if (inputs % g->groups || outputs % g->groups || outputs == 0)
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld and %lld channels do not make %lld groups", (long long)inputs,
                          (long long)outputs, (long long)g->groups);
    g->c = inputs / g->groups;
    g->o = outputs / g->groups;
    if (x && y && y->extent->dim[1] != g->c)
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld channels a group meet weights for %lld", (long long)g->c,
                          (long long)y->extent->dim[1]);
    if (y && w && w->extent->dim[1] != outputs)
        return ct_op_fail(z, CT_ERR_SHAPE, "%lld channels meet weights for %lld", (long long)w->extent->dim[1],
                          (long long)outputs);
    return !x || !w || x->extent->dim[0] == w->extent->dim[0] ||
           ct_op_fail(z, CT_ERR_SHAPE, "batches of %lld and %lld", (long long)x->extent->dim[0],
                      (long long)w->extent->dim[0]);
}

static bool make_geometry(const ct_tensor *z, roles r) {
    conv_attributes *a = z->attributes;
    ct_conv_geometry *g = &a->geometry;
    if (!check_options(z, &a->options) || !check_operands(z)) return false;
    int spatial = z->in[0]->ndim - 2;
    *g = (ct_conv_geometry){.dtype = z->in[0]->dtype, .groups = or_one(a->options.groups)};
    g->axis[0] = (ct_conv_axis){1, 1, 1, 1, 0, 1};
    for (int i = 0; i < spatial; i++)
        if (!make_axis(z, r, i, &g->axis[2 - spatial + i])) return false;
    return make_channels(z, r, g);
}

/* Shapes of x, the weight and z: two extents, and the spatial ones. */
static ct_shape shape_of(const ct_tensor *z, int64_t first, int64_t second, const int64_t *extent) {
    ct_shape s = {.ndim = z->in[0]->ndim, .dim = {first, second}};
    for (int i = 2; i < s.ndim; i++) s.dim[i] = extent[4 - s.ndim + i - 2];
    return s;
}

static bool conv_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype, roles r, ct_conv_direction direction) {
    conv_attributes *a = z->attributes;
    const ct_conv_geometry *g = &a->geometry;
    const ct_conv_axis *s = g->axis;
    int64_t size;
    if (!make_geometry(z, r)) return false;
    *dtype = g->dtype;
    if (r.z < 0) *shape = shape_of(z, g->n, g->groups * g->o, (int64_t[]){s[0].z, s[1].z});
    if (r.x < 0) *shape = shape_of(z, g->n, g->groups * g->c, (int64_t[]){s[0].x, s[1].x});
    if (r.weight < 0) *shape = shape_of(z, g->groups * g->o, g->c, (int64_t[]){s[0].taps, s[1].taps});
    if (!ct_checked_size(shape->ndim, shape->dim, &size)) return true; /* ct_record() refuses it */
    a->plan = size ? ct_conv_make_plan(g, direction) : NULL;
    if (size && !a->plan) return ct_raise_memory(ct_op_table[z->op]->name, z->at, (size_t)size), false;
    return true;
}

/* ---- derivatives -------------------------------------------------------------------------------------------- */

/* Spatial extents of a tensor that goes along with z's operands. */
static ct_shape spatial(const ct_tensor *z, int64_t first, int64_t second) {
    return z->in[0]->ndim == 4 ? CT_SHAPE(first, second) : CT_SHAPE(second);
}

/* The one of x, the weight and z that is not given. */
static ct_tensor *third(const char *at, const ct_tensor *like, ct_tensor *x, ct_tensor *weight, ct_tensor *z) {
    const conv_attributes *a = like->attributes;
    const ct_conv_axis *s = a->geometry.axis;
    if (!z) return record(at, CT_OP_ct_conv, CT_LIST(x, weight), &a->options, spatial(like, s[0].z, s[1].z));
    if (!x)
        return record(at, CT_OP_ct_conv_transpose, CT_LIST(z, weight), &a->options, spatial(like, s[0].x, s[1].x));
    return record(at, CT_OP_ct_conv_weight, CT_LIST(x, z), &a->options, spatial(like, s[0].taps, s[1].taps));
}

/* One case of the sweep: extents of x's spatial axes and of the kernel, channels of each group, options. */
typedef struct conv_case {
    int64_t n, c, o;
    ct_shape x, kernel;
    ct_conv_options options;
} conv_case;

static const conv_case cases[] = {
    {2, 2, 3, {1, {5}}, {1, {3}}, {.groups = 1}},
    {1, 1, 1, {1, {1}}, {1, {1}}, {.groups = 1}},
    {2, 1, 2, {1, {8}}, {1, {3}}, {.stride = {3}, .padding = {2}, .dilation = {2}}},
    {1, 2, 1, {1, {7}}, {1, {2}}, {.stride = {4}, .groups = 3}},
    {1, 2, 1, {1, {6}}, {1, {4}}, {.same = true}},
    {0, 2, 1, {1, {6}}, {1, {4}}, {.groups = 1}},
    {2, 2, 9, {2, {4, 5}}, {2, {3, 2}}, {.groups = 1}},
    {1, 3, 2, {2, {5, 4}}, {2, {3, 3}}, {.padding = {1, 1}, .groups = 2}},
    {2, 1, 1, {2, {6, 5}}, {2, {2, 3}}, {.stride = {2, 3}, .padding = {1, 2}, .dilation = {3, 1}, .groups = 2}},
    {1, 1, 2, {2, {5, 7}}, {2, {3, 2}}, {.stride = {2, 4}, .padding = {2, 1}, .dilation = {1, 2}}},
    {1, 2, 1, {2, {3, 4}}, {2, {2, 2}}, {.same = true, .dilation = {1, 3}}},
    {1, 1, 1, {2, {2, 2}}, {2, {1, 1}}, {.padding = {3, 2}}},
};

static ct_tensor *leaf(ct_dtype dtype, int64_t first, int64_t second, ct_shape spatial_extents) {
    ct_shape s = {.ndim = 2 + spatial_extents.ndim, .dim = {first, second}};
    for (int i = 0; i < spatial_extents.ndim; i++) s.dim[2 + i] = spatial_extents.dim[i];
    return ct_sample_leaf(dtype, s, -2, 2);
}

/* What direction computes, from leaves that the other two are. */
static ct_sample conv_sample(int i, ct_dtype dtype, ct_conv_direction direction, bool biased) {
    const char *at = NULL;
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    const conv_case *c = &cases[i];
    int64_t groups = or_one(c->options.groups), outputs = groups * c->o;
    ct_tensor *x = leaf(dtype, c->n, groups * c->c, c->x), *y = leaf(dtype, outputs, c->c, c->kernel);
    ct_tensor *w = biased ? leaf(dtype, outputs, 1, CT_SCALAR) : NULL, *z = ct_conv(x, y, NULL, &c->options);
    if (w) w = ct_requires_grad_at(NULL, ct_from(dtype, CT_SHAPE(outputs), w->data));
    if (direction == CT_CONV_Z) return (ct_sample){.z = ct_conv(x, y, w, &c->options), .leaf = {x, y, w}};
    ct_tensor *g = z ? ct_sample_leaf(dtype, ct_shape_of(z), -2, 2) : NULL;
    if (!g) return (ct_sample){.z = NULL};
    if (direction == CT_CONV_X) return (ct_sample){.z = third(at, z, NULL, y, g), .leaf = {g, y}};
    return (ct_sample){.z = third(at, z, x, NULL, g), .leaf = {x, g}};
}

/* ---- ct_conv ------------------------------------------------------------------------------------------------ */

ct_tensor *ct_conv_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w, const ct_conv_options *options) {
    return record(at, CT_OP_ct_conv, (ct_list){w ? 3 : 2, (ct_tensor *[]){x, y, w}}, options, CT_SCALAR);
}

/* Room for the cotangents of those operands that pass some on. */
static bool plan_backward(ct_tensor *z) {
    conv_attributes *a = z->attributes;
    const ct_conv_geometry *g = &a->geometry;
    for (int k = 0; k < 2; k++)
        if (z->in[k]->flags & CT_NEEDS_GRAD && ct_size_of(z->in[k]) &&
            !(a->back[k] = ct_conv_make_plan(g, k == 0 ? CT_CONV_X : CT_CONV_WEIGHT)))
            return false;
    if (z->n_in == 3 && z->in[2]->flags & CT_NEEDS_GRAD)
        a->sums = ct_scope_array(ct_this.depth, (size_t)(g->n * g->groups * g->o), ct_dtype_size(g->dtype));
    return a->sums || z->n_in < 3 || !(z->in[2]->flags & CT_NEEDS_GRAD);
}

static bool ct_conv_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    if (!conv_shape(z, shape, dtype, (roles){0, 1, -1}, CT_CONV_Z)) return false;
    const ct_tensor *w = z->n_in == 3 ? z->in[2] : NULL;
    if (w && (w->ndim != 1 || w->extent->size != shape->dim[1]))
        return ct_op_fail(z, CT_ERR_SHAPE, "the bias is not of shape (%lld)", (long long)shape->dim[1]);
    return plan_backward(z) || (ct_raise_memory(ct_op_table[z->op]->name, z->at, ct_bytes_of(z->in[0])), false);
}

static void ct_conv_forward(ct_tensor *z) {
    const conv_attributes *a = z->attributes;
    const void *bias = z->n_in == 3 ? z->in[2]->data : NULL;
    if (a->plan) ct_conv_correlate(a->plan, z->in[0]->data, z->in[1]->data, bias, z->data, false);
}

static void ct_conv_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const conv_attributes *a = z->attributes;
    const ct_conv_geometry *s = &a->geometry;
    if (k == 0 && a->back[0]) ct_conv_correlate(a->back[0], g, z->in[1]->data, NULL, gx, add);
    if (k == 1 && a->back[1]) ct_conv_weigh(a->back[1], z->in[0]->data, g, gx, add);
    if (k < 2) return;
    ct_reduce(CT_REDUCE_SUM, z->dtype, s->n * s->groups * s->o, s->axis[0].z * s->axis[1].z, 1, g, a->sums, false);
    ct_reduce(CT_REDUCE_SUM, z->dtype, 1, s->n, s->groups * s->o, a->sums, gx, add);
}

static ct_tensor *ct_conv_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    if (k == 0) return third(at, z, NULL, z->in[1], g);
    if (k == 1) return third(at, z, z->in[0], NULL, g);
    return ct_sum(g, z->ndim == 4 ? CT_AXES(0, 2, 3) : CT_AXES(0, 2));
}

static ct_sample ct_conv_samples(int i, ct_dtype dtype) { return conv_sample(i, dtype, CT_CONV_Z, i % 2 == 0); }

CT_OP_PARTS(ct_conv, .backward = ct_conv_backward, .fields = CONV_FIELDS);

/* ---- ct_conv_transpose -------------------------------------------------------------------------------------- */

ct_tensor *ct_conv_transpose_at(const char *at, ct_tensor *x, ct_tensor *y, const ct_conv_options *options) {
    return record(at, CT_OP_ct_conv_transpose, CT_LIST(x, y), options, CT_SCALAR);
}

static bool ct_conv_transpose_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return conv_shape(z, shape, dtype, (roles){-1, 1, 0}, CT_CONV_X);
}

static void ct_conv_transpose_forward(ct_tensor *z) {
    const conv_attributes *a = z->attributes;
    if (a->plan) ct_conv_correlate(a->plan, z->in[0]->data, z->in[1]->data, NULL, z->data, false);
}

static ct_tensor *ct_conv_transpose_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return k == 0 ? third(at, z, g, z->in[1], NULL) : third(at, z, g, NULL, z->in[0]);
}

static ct_sample ct_conv_transpose_samples(int i, ct_dtype dtype) { return conv_sample(i, dtype, CT_CONV_X, false); }

CT_OP_PARTS(ct_conv_transpose, .fields = CONV_FIELDS);

/* ---- ct_conv_weight ----------------------------------------------------------------------------------------- */

ct_tensor *ct_conv_weight_at(const char *at, ct_tensor *x, ct_tensor *y, ct_shape kernel,
                             const ct_conv_options *options) {
    return record(at, CT_OP_ct_conv_weight, CT_LIST(x, y), options, kernel);
}

static bool ct_conv_weight_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const conv_attributes *a = z->attributes;
    if (a->result.ndim != z->in[0]->ndim - 2)
        return ct_op_fail(z, CT_ERR_SHAPE, "a kernel of %d dimensions", a->result.ndim);
    return conv_shape(z, shape, dtype, (roles){0, -1, 1}, CT_CONV_WEIGHT);
}

static void ct_conv_weight_forward(ct_tensor *z) {
    const conv_attributes *a = z->attributes;
    if (a->plan) ct_conv_weigh(a->plan, z->in[0]->data, z->in[1]->data, z->data, false);
}

static ct_tensor *ct_conv_weight_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return k == 0 ? third(at, z, NULL, g, z->in[1]) : third(at, z, z->in[0], g, NULL);
}

static ct_sample ct_conv_weight_samples(int i, ct_dtype dtype) {
    return conv_sample(i, dtype, CT_CONV_WEIGHT, false);
}

CT_OP_PARTS(ct_conv_weight, .fields = CONV_FIELDS);

/* ---- by number of spatial axes, as in PyTorch --------------------------------------------------------------- */

typedef struct convolution {
    const char *name;
    int spatial;
    bool transposed;
} convolution;

/* b (c) as an addend of z (n, c, ...). */
static ct_tensor *add_bias(const char *at, const convolution *f, ct_tensor *z, ct_tensor *b) {
    ct_shape shape = {.ndim = z ? z->ndim - 1 : 0, .dim = {b->ndim == 1 ? b->extent->size : 0, 1, 1}};
    if (z && (b->ndim != 1 || shape.dim[0] != z->extent->dim[1]))
        return ct_raise(CT_ERR_SHAPE, f->name, at, "the bias is not of shape (%lld)", (long long)z->extent->dim[1]),
               NULL;
    return ct_add(z, ct_reshape(b, shape));
}

/* With or without an axis n in front of x and the result. */
static ct_tensor *convolve(const char *at, const convolution *f, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                           const ct_conv_options *options) {
    char text[CT_DESCRIPTION];
    if (!x || !y) return ct_raise_null(f->name, at, x ? 1 : 0), NULL;
    ct_shape shape = ct_shape_of(x);
    bool alone = x->ndim == f->spatial + 1;
    if (!alone && x->ndim != f->spatial + 2)
        return ct_raise(CT_ERR_SHAPE, f->name, at, "%s has %d dimensions, not %d or %d", ct_describe(x, text),
                        x->ndim, f->spatial + 1, f->spatial + 2),
               NULL;
    for (int i = x->ndim; alone && i > 0; i--) shape.dim[i] = shape.dim[i - 1];
    if (alone) shape.dim[0] = 1, shape.ndim++;
    if (alone) x = ct_reshape(x, shape);
    ct_tensor *z = f->transposed ? ct_conv_transpose(x, y, options) : ct_conv(x, y, w, options);
    if (f->transposed && w) z = add_bias(at, f, z, w);
    if (!z || !alone) return z;
    shape = ct_shape_of(z);
    memmove(shape.dim, shape.dim + 1, (size_t)--shape.ndim * sizeof *shape.dim);
    return ct_reshape(z, shape);
}

#define CONVOLUTION(symbol, spatial, transposed)                                                                     \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,                                 \
                           const ct_conv_options *options) {                                                         \
        return convolve(at, &(convolution){#symbol, spatial, transposed}, x, y, w, options);                         \
    }
CONVOLUTION(ct_conv1d, 1, false)
CONVOLUTION(ct_conv2d, 2, false)
CONVOLUTION(ct_conv_transpose1d, 1, true)
CONVOLUTION(ct_conv_transpose2d, 2, true)
