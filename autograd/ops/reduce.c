/* Reductions over sets of axes: sum, mean, variance, max, min; argmax and argmin over one. */
#include "autograd/ops/axis.h"
#include "autograd/ops/compose.h"
#include "tensor/kernels.h"

#include <string.h>

#undef CT_HERE
#define CT_HERE at

typedef struct reduce_attributes {
    ct_axes axes;
    unsigned mask; /* bit i is set when axis i is reduced */
    int64_t count; /* elements that become one; 0 when x is empty */
    int n;         /* steps, from the last run of reduced axes to the first; 0 when x is empty */
    struct {
        int64_t outer, n, inner; /* (outer, n, inner) becomes (outer, inner) */
    } step[(CT_MAX_DIMS + 1) / 2];
    void *between[2]; /* results of all steps but the last, by turns; in the scope's memory */
} reduce_attributes;

static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, ct_axes axes) {
    reduce_attributes a = {.axes = axes};
    return ct_record(at, op, &x, 1, &a, sizeof a);
}

/* ---- what they have in common ------------------------------------------------------------------------- */

/* Runs of axes that are reduced, or of extent 1, are one step each. */
static void plan_steps(const ct_tensor *x, reduce_attributes *a) {
    const int64_t *dim = ct_dims_of(x);
    int64_t outer = ct_size_of(x), inner = 1;
    a->n = 0;
    a->count = outer ? 1 : 0;
    for (int i = x->ndim - 1; outer && i >= 0;) {
        int64_t n = 1;
        for (; i >= 0 && (dim[i] == 1 || a->mask & 1u << i); i--) n *= dim[i];
        outer /= n;
        if (n > 1) {
            a->step[a->n].outer = outer;
            a->step[a->n].n = n;
            a->step[a->n++].inner = inner;
            a->count *= n;
        }
        for (; i >= 0 && dim[i] != 1 && !(a->mask & 1u << i); i--) {
            inner *= dim[i];
            outer /= dim[i];
        }
    }
    if (a->n || !ct_size_of(x)) return;
    a->n = 1; /* nothing is reduced: a copy */
    a->step[0].outer = a->step[0].n = 1;
    a->step[0].inner = inner;
}

static bool allocate_between(const ct_tensor *z, reduce_attributes *a) {
    size_t item = ct_dtype_size(z->in[0]->dtype);
    for (int s = 0; s < a->n - 1 && s < 2; s++) {
        a->between[s] = ct_scope_array(ct_this.depth, (size_t)(a->step[s].outer * a->step[s].inner), item);
        if (!a->between[s]) return ct_raise_memory(ct_op_table[z->op]->name, z->at, ct_bytes_of(z->in[0])), false;
    }
    return true;
}

/* All of reduce_shape() but the memory between steps. */
static bool plan_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    reduce_attributes *a = z->attributes;
    if (!ct_resolve_axes(z, &a->axes, x->ndim ? x->ndim : 1, &a->mask)) return false; /* 0-d: as one axis of one */
    *dtype = x->dtype;
    shape->ndim = 0;
    for (int i = 0; i < x->ndim; i++) {
        bool reduced = a->mask & 1u << i;
        if (!reduced || a->axes.keep) shape->dim[shape->ndim++] = reduced ? 1 : x->extent->dim[i];
    }
    plan_steps(x, a);
    return true;
}

static bool reduce_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return plan_shape(z, shape, dtype) && allocate_between(z, z->attributes);
}

static bool floating_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return ct_op_floating(z, 0) && reduce_shape(z, shape, dtype);
}

static void reduce(ct_tensor *z, ct_reduction how) {
    const reduce_attributes *a = z->attributes;
    const void *from = z->in[0]->data;
    if (a->n == 0) memset(z->data, 0, ct_bytes_of(z));
    for (int s = 0; s < a->n; s++) {
        void *to = s == a->n - 1 ? z->data : a->between[s % 2];
        ct_reduce(how, z->dtype, a->step[s].outer, a->step[s].n, a->step[s].inner, from, to, false);
        from = to;
    }
}

/* A tensor of z's shape, with the reduced axes in it as extent 1. */
static ct_tensor *with_axes(const char *at, const ct_tensor *z, ct_tensor *t) {
    const reduce_attributes *a = z->attributes;
    if (a->axes.keep) return t;
    ct_shape shape = ct_shape_of(z->in[0]);
    for (int i = 0; i < shape.ndim; i++)
        if (a->mask & 1u << i) shape.dim[i] = 1;
    return ct_reshape(t, shape);
}

typedef ct_tensor *reduction(const char *at, ct_tensor *x, ct_axes axes);

/* Draws x and reduces it; an axis without elements only when `of_none`. */
static ct_sample reduce_sample(int i, reduction *op, ct_tensor *(*draw)(ct_dtype, ct_shape), bool of_none,
                               ct_dtype dtype) {
    const struct {
        ct_shape shape;
        ct_axes axes;
    } cases[] = {
        {CT_SCALAR, CT_ALL},
        {CT_SHAPE(7), CT_AXES(0)},
        {CT_SHAPE(3, 5), CT_ALL},
        {CT_SHAPE(3, 5), CT_AXES(0)},
        {CT_SHAPE(3, 5), CT_KEEP(-1)},
        {CT_SHAPE(2, 3, 4), CT_AXES(1)},
        {CT_SHAPE(2, 3, 4), CT_KEEP(0, 2)},
        {CT_SHAPE(2, 2, 3, 1, 2, 2), CT_AXES(5, 1, -4)},
        {CT_SHAPE(1, 4, 1), CT_AXES(0, 2)},
        {CT_SHAPE(2, 3), {.n = 0}},
        {CT_SHAPE(2, 2, 2, 2, 2, 2), CT_AXES(0, 2, 4)},
        {CT_SHAPE(0, 3), CT_AXES(1)},
        {CT_SHAPE(0, 3), CT_AXES(0)},
        {CT_SHAPE(2, 0), CT_KEEP(1)},
    };
    const int n = sizeof cases / sizeof *cases, n_of_none = 2;
    if (i >= (of_none ? n : n - n_of_none)) return (ct_sample){.z = NULL};
    ct_tensor *x = draw(dtype, cases[i].shape);
    return (ct_sample){.z = op(NULL, x, cases[i].axes), .leaf = {x}};
}

static ct_tensor *draw_any(ct_dtype dtype, ct_shape shape) {
    return ct_sample_leaf(dtype, shape, -3, 3);
}

/* Up to 101 different multiples of 0.1, in disorder. */
static ct_tensor *draw_distinct(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_full_at(NULL, dtype, shape, 0);
    for (int64_t i = 0; i < ct_size(x); i++) ct_write_element(dtype, x->data, i, 0.1 * (double)(i * 37 % 101) - 5);
    return ct_requires_grad_at(NULL, x);
}

/* ---- ct_sum and ct_mean ----------------------------------------------------------------------------------- */

/* gx = or += scale * g, in all places that z's elements come from. */
static void spread(const ct_tensor *z, const void *g, double scale, void *gx, bool add) {
    const reduce_attributes *a = z->attributes;
    for (int s = a->n - 1; s >= 0; s--) {
        bool last = s == 0;
        void *to = last ? gx : a->between[(s - 1) % 2];
        ct_spread(z->dtype, a->step[s].outer, a->step[s].n, a->step[s].inner, g, last ? scale : 1, to, last && add);
        g = to;
    }
}

ct_tensor *ct_sum_at(const char *at, ct_tensor *x, ct_axes axes) { return record(at, CT_OP_ct_sum, x, axes); }

static bool ct_sum_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return floating_shape(z, shape, dtype); }

static void ct_sum_forward(ct_tensor *z) { reduce(z, CT_REDUCE_SUM); }

static ct_tensor *ct_sum_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_broadcast(with_axes(at, z, g), ct_shape_of(z->in[k]));
}

static void ct_sum_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    spread(z, g, 1, gx, add);
}

static ct_sample ct_sum_samples(int i, ct_dtype dtype) { return reduce_sample(i, ct_sum_at, draw_any, true, dtype); }

CT_OP_PARTS(ct_sum, .backward = ct_sum_backward,
            .fields = CT_FIELDS(CT_FIELD(reduce_attributes, "axis", axes)));

ct_tensor *ct_mean_at(const char *at, ct_tensor *x, ct_axes axes) { return record(at, CT_OP_ct_mean, x, axes); }

static bool ct_mean_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return floating_shape(z, shape, dtype); }

static void ct_mean_forward(ct_tensor *z) {
    int64_t n = ct_size_of(z), count = ((const reduce_attributes *)z->attributes)->count;
    reduce(z, CT_REDUCE_SUM);
    if (z->dtype == CT_F32)
        for (int64_t i = 0; i < n; i++) ((float *)z->data)[i] /= (float)count;
    else
        for (int64_t i = 0; i < n; i++) ((double *)z->data)[i] /= (double)count;
}

static double mean_scale(const ct_tensor *z) { return 1 / (double)((const reduce_attributes *)z->attributes)->count; }

static ct_tensor *ct_mean_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_sum_vjp(at, z, ct_mul(g, ct_constant_like(at, g, mean_scale(z))), k);
}

static void ct_mean_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    spread(z, g, mean_scale(z), gx, add);
}

static ct_sample ct_mean_samples(int i, ct_dtype dtype) {
    return reduce_sample(i, ct_mean_at, draw_any, false, dtype);
}

CT_OP_PARTS(ct_mean, .backward = ct_mean_backward,
            .fields = CT_FIELDS(CT_FIELD(reduce_attributes, "axis", axes)));

/* ---- ct_variance --------------------------------------------------------------------------------------- */

typedef struct variance_attributes {
    reduce_attributes over;
    int correction;
    ct_moments *moments[(CT_MAX_DIMS + 1) / 2]; /* of each step, the last one's like z; in the scope's memory */
} variance_attributes;

ct_tensor *ct_variance_at(const char *at, ct_tensor *x, ct_axes axes, int correction) {
    variance_attributes a = {.over.axes = axes, .correction = correction};
    return ct_record(at, CT_OP_ct_variance, &x, 1, &a, sizeof a);
}

static bool ct_variance_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    variance_attributes *a = z->attributes;
    if (!ct_op_floating(z, 0) || !plan_shape(z, shape, dtype)) return false;
    for (int s = 0; s < a->over.n; s++) {
        size_t n = (size_t)(a->over.step[s].outer * a->over.step[s].inner);
        if (!(a->moments[s] = ct_scope_array(ct_this.depth, n, sizeof *a->moments[s])))
            return ct_raise_memory(ct_op_table[z->op]->name, z->at, n * sizeof *a->moments[s]), false;
    }
    return true;
}

/* What squared deviations are divided by. */
static double freedom(const ct_tensor *z) {
    const variance_attributes *a = z->attributes;
    return a->over.count > a->correction ? (double)(a->over.count - a->correction) : 0;
}

static void ct_variance_forward(ct_tensor *z) {
    const variance_attributes *a = z->attributes;
    int64_t count = 1;
    for (int s = 0; s < a->over.n; s++) {
        int64_t outer = a->over.step[s].outer, n = a->over.step[s].n, inner = a->over.step[s].inner;
        if (s == 0)
            ct_reduce(CT_REDUCE_MOMENTS, z->dtype, outer, n, inner, z->in[0]->data, a->moments[0], false);
        else
            ct_merge_moments(outer, n, inner, count, count, a->moments[s - 1], a->moments[s]);
        count *= n;
    }
    for (int64_t i = 0, n = ct_size_of(z); i < n; i++)
        ct_write_element(z->dtype, z->data, i, (a->over.n ? a->moments[a->over.n - 1][i].square : 0) / freedom(z));
}

static ct_tensor *ct_variance_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const variance_attributes *a = z->attributes;
    ct_tensor *x = z->in[k];
    ct_axes axes = a->over.axes;
    axes.keep = true;
    ct_tensor *scale = ct_mul(with_axes(at, z, g), ct_constant_like(at, g, 2 / freedom(z)));
    return ct_mul(scale, ct_sub(x, ct_mean(x, axes)));
}

static ct_tensor *uncorrected(const char *at, ct_tensor *x, ct_axes axes) { return ct_variance_at(at, x, axes, 0); }

static ct_sample ct_variance_samples(int i, ct_dtype dtype) {
    return reduce_sample(i, uncorrected, draw_any, false, dtype);
}

CT_OP_PARTS(ct_variance, .fields = CT_FIELDS(CT_FIELD(variance_attributes, "axis", over.axes),
                                             CT_FIELD(variance_attributes, "correction", correction)));

/* ---- ct_max and ct_min ------------------------------------------------------------------------------------ */

static bool extreme_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const reduce_attributes *a = z->attributes;
    if (!reduce_shape(z, shape, dtype)) return false;
    for (int i = 0; i < z->in[0]->ndim; i++)
        if (a->mask & 1u << i && z->in[0]->extent->dim[i] == 0)
            return ct_op_fail(z, CT_ERR_SHAPE, "axis %d has no elements to choose from", i);
    return true;
}

/* Equal extremes get equal shares of the cotangent; where there is NaN, each NaN does. */
static ct_tensor *extreme_vjp(const char *at, ct_tensor *z, ct_tensor *g) {
    const reduce_attributes *a = z->attributes;
    ct_tensor *x = z->in[0], *nan = ct_ne(x, x), *chosen = ct_where(nan, nan, ct_eq(x, with_axes(at, z, z)));
    ct_axes axes = a->axes;
    axes.keep = true;
    ct_tensor *share = ct_div(with_axes(at, z, g), ct_sum(ct_cast(chosen, g->dtype), axes));
    return ct_where(chosen, share, ct_constant_like(at, g, 0));
}

/* The two of one text. */
#define EXTREME(symbol, how)                                                                                         \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, ct_axes axes) {                                             \
        return record(at, CT_OP_##symbol, x, axes);                                                                  \
    }                                                                                                                \
    static bool symbol##_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {                                     \
        return extreme_shape(z, shape, dtype);                                                                       \
    }                                                                                                                \
    static void symbol##_forward(ct_tensor *z) { reduce(z, how); }                                                   \
    static ct_tensor *symbol##_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {                              \
        return (void)k, extreme_vjp(at, z, g);                                                                       \
    }                                                                                                                \
    static ct_sample symbol##_samples(int i, ct_dtype dtype) {                                                       \
        return reduce_sample(i, symbol##_at, draw_distinct, false, dtype);                                           \
    }                                                                                                                \
    CT_OP_PARTS(symbol, .fields = CT_FIELDS(CT_FIELD(reduce_attributes, "axis", axes)))
EXTREME(ct_max, CT_REDUCE_MAX);
EXTREME(ct_min, CT_REDUCE_MIN);

/* ---- ct_argmax and ct_argmin ------------------------------------------------------------------------------ */

typedef struct place_attributes {
    int axis;
    void *best; /* the extremes that are looked for, like z but of x's dtype; in the scope's memory */
} place_attributes;

static bool place_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    place_attributes *a = z->attributes;
    if (!ct_op_axis(z, x->ndim, &a->axis)) return false;
    if (x->extent->dim[a->axis] == 0)
        return ct_op_fail(z, CT_ERR_SHAPE, "axis %d has no elements to choose from", a->axis);
    *dtype = CT_I64;
    *shape = ct_shape_of(x);
    shape->ndim--;
    for (int i = a->axis; i < shape->ndim; i++) shape->dim[i] = shape->dim[i + 1];
    size_t bytes = ct_bytes_of(x) / (size_t)x->extent->dim[a->axis];
    if (!(a->best = ct_scope_alloc(ct_this.depth, bytes)))
        return ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes), false;
    return true;
}

static void find_place(ct_tensor *z, ct_reduction how) {
    const ct_tensor *x = z->in[0];
    const place_attributes *a = z->attributes;
    ct_around r = ct_around_axis(x, a->axis);
    ct_reduce(how, x->dtype, r.outer, r.extent, r.inner, x->data, a->best, false);
    ct_reduce_kernels()->find[x->dtype](r.outer, r.extent, r.inner, x->data, a->best, z->data);
}

#define PLACE(symbol, how)                                                                                           \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, int axis) {                                                 \
        place_attributes a = {.axis = axis};                                                                         \
        ct_tensor *line = ct_at_least_1d(at, x);                                                                     \
        return ct_record(at, CT_OP_##symbol, &line, 1, &a, sizeof a);                                                \
    }                                                                                                                \
    static bool symbol##_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {                                     \
        return place_shape(z, shape, dtype);                                                                         \
    }                                                                                                                \
    static void symbol##_forward(ct_tensor *z) { find_place(z, how); }                                               \
    CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol, .fields = CT_FIELDS(CT_FIELD(place_attributes, "axis", axis)))
PLACE(ct_argmax, CT_REDUCE_MAX);
PLACE(ct_argmin, CT_REDUCE_MIN);
