/* Reductions over sets of axes: sum, mean, max, min, and the largest magnitude. */
#include "autograd/ops/reduce.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, ct_axes axes) {
    ct_reduce_attributes a = {.axes = axes};
    return ct_record(at, op, &x, 1, &a, sizeof a);
}

/* ---- what they have in common ------------------------------------------------------------------------- */

/* Runs of axes that are reduced, or of extent 1, are one step each. */
static void plan_steps(const ct_tensor *x, ct_reduce_attributes *a) {
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

bool ct_no_reduce_memory(const ct_tensor *z) {
    return ct_raise_memory(ct_op_table[z->op]->name, z->at, ct_bytes_of(z->in[0])), false;
}

static bool allocate_between(const ct_tensor *z, ct_reduce_attributes *a) {
    size_t item = ct_dtype_size(z->in[0]->dtype);
    for (int s = 0; s < a->n - 1 && s < 2; s++) {
        a->between[s] = ct_scope_array(ct_this.depth, (size_t)(a->step[s].outer * a->step[s].inner), item);
        if (!a->between[s]) return ct_no_reduce_memory(z);
    }
    return true;
}

bool ct_plan_reduction(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    ct_reduce_attributes *a = z->attributes;
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
    return ct_plan_reduction(z, shape, dtype) && allocate_between(z, z->attributes);
}

bool ct_floating_reduction(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return ct_op_floating(z, 0) && reduce_shape(z, shape, dtype);
}

void ct_reduce_steps(ct_tensor *z, ct_reduction how) {
    const ct_reduce_attributes *a = z->attributes;
    const void *from = z->in[0]->data;
    if (a->n == 0) memset(z->data, 0, ct_bytes_of(z));
    for (int s = 0; s < a->n; s++) {
        void *to = s == a->n - 1 ? z->data : a->between[s % 2];
        ct_reduce(how, z->dtype, a->step[s].outer, a->step[s].n, a->step[s].inner, from, to, false);
        how = ct_reduction_of_parts(how);
        from = to;
    }
}

ct_tensor *ct_with_axes(const char *at, const ct_tensor *z, ct_tensor *t) {
    const ct_reduce_attributes *a = z->attributes;
    if (a->axes.keep) return t;
    ct_shape shape = ct_shape_of(z->in[0]);
    for (int i = 0; i < shape.ndim; i++)
        if (a->mask & 1u << i) shape.dim[i] = 1;
    return ct_reshape(t, shape);
}

ct_sample ct_reduce_sample(int i, ct_axes_op *op, ct_tensor *(*draw)(ct_dtype, ct_shape), bool of_none,
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

ct_tensor *ct_draw_any(ct_dtype dtype, ct_shape shape) { return ct_sample_leaf(dtype, shape, -3, 3); }

ct_tensor *ct_draw_distinct(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_full_at(NULL, dtype, shape, 0);
    for (int64_t i = 0; i < ct_size(x); i++) ct_write_element(dtype, x->data, i, 0.1 * (double)(i * 37 % 101) - 5);
    return ct_requires_grad_at(NULL, x);
}

/* ---- ct_sum and ct_mean ----------------------------------------------------------------------------------- */

/* gx = or += scale * g, in all places that z's elements come from. */
static void spread(const ct_tensor *z, const void *g, double scale, void *gx, bool add) {
    const ct_reduce_attributes *a = z->attributes;
    for (int s = a->n - 1; s >= 0; s--) {
        bool last = s == 0;
        void *to = last ? gx : a->between[(s - 1) % 2];
        ct_spread(z->dtype, a->step[s].outer, a->step[s].n, a->step[s].inner, g, last ? scale : 1, to, last && add);
        g = to;
    }
}

ct_tensor *ct_sum_at(const char *at, ct_tensor *x, ct_axes axes) { return record(at, CT_OP_ct_sum, x, axes); }

static bool ct_sum_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return ct_floating_reduction(z, shape, dtype);
}

static void ct_sum_forward(ct_tensor *z) { ct_reduce_steps(z, CT_REDUCE_SUM); }

static ct_tensor *ct_sum_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_broadcast(ct_with_axes(at, z, g), ct_shape_of(z->in[k]));
}

static void ct_sum_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    spread(z, g, 1, gx, add);
}

static ct_sample ct_sum_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i, ct_sum_at, ct_draw_any, true, dtype);
}

CT_OP_PARTS(ct_sum, .backward = ct_sum_backward, .fields = CT_FIELDS(CT_FIELD(ct_reduce_attributes, "axis", axes)));

ct_tensor *ct_mean_at(const char *at, ct_tensor *x, ct_axes axes) { return record(at, CT_OP_ct_mean, x, axes); }

static bool ct_mean_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return ct_floating_reduction(z, shape, dtype);
}

static void ct_mean_forward(ct_tensor *z) {
    int64_t n = ct_size_of(z), count = ((const ct_reduce_attributes *)z->attributes)->count;
    ct_reduce_steps(z, CT_REDUCE_SUM);
    if (z->dtype == CT_F32)
        for (int64_t i = 0; i < n; i++) ((float *)z->data)[i] /= (float)count;
    else
        for (int64_t i = 0; i < n; i++) ((double *)z->data)[i] /= (double)count;
}

static double mean_scale(const ct_tensor *z) {
    return 1 / (double)((const ct_reduce_attributes *)z->attributes)->count;
}

static ct_tensor *ct_mean_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_sum_vjp(at, z, ct_mul(g, ct_constant_like(at, g, mean_scale(z))), k);
}

static void ct_mean_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    spread(z, g, mean_scale(z), gx, add);
}

static ct_sample ct_mean_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i, ct_mean_at, ct_draw_any, false, dtype);
}

CT_OP_PARTS(ct_mean, .backward = ct_mean_backward, .fields = CT_FIELDS(CT_FIELD(ct_reduce_attributes, "axis", axes)));

/* ---- ct_max and ct_min ------------------------------------------------------------------------------------ */

static bool extreme_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_reduce_attributes *a = z->attributes;
    if (!reduce_shape(z, shape, dtype)) return false;
    for (int i = 0; i < z->in[0]->ndim; i++)
        if (a->mask & 1u << i && z->in[0]->extent->dim[i] == 0)
            return ct_op_fail(z, CT_ERR_SHAPE, "axis %d has no elements to choose from", i);
    return true;
}

/* The cotangent of x, of which z is an extreme: equal ones get equal shares; where there is NaN, each NaN does. */
static ct_tensor *extreme_vjp(const char *at, ct_tensor *z, ct_tensor *x, ct_tensor *g) {
    const ct_reduce_attributes *a = z->attributes;
    ct_tensor *nan = ct_ne(x, x), *chosen = ct_where(nan, nan, ct_eq(x, ct_with_axes(at, z, z)));
    ct_axes axes = a->axes;
    axes.keep = true;
    ct_tensor *share = ct_div(ct_with_axes(at, z, g), ct_sum(ct_cast(chosen, g->dtype), axes));
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
    static void symbol##_forward(ct_tensor *z) { ct_reduce_steps(z, how); }                                          \
    static ct_tensor *symbol##_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {                              \
        return extreme_vjp(at, z, z->in[k], g);                                                                       \
    }                                                                                                                \
    static ct_sample symbol##_samples(int i, ct_dtype dtype) {                                                       \
        return ct_reduce_sample(i, symbol##_at, ct_draw_distinct, false, dtype);                                     \
    }                                                                                                                \
    CT_OP_PARTS(symbol, .fields = CT_FIELDS(CT_FIELD(ct_reduce_attributes, "axis", axes)))
EXTREME(ct_max, CT_REDUCE_MAX);
EXTREME(ct_min, CT_REDUCE_MIN);

/* ---- ct_max_abs ------------------------------------------------------------------------------------------- */

ct_tensor *ct_max_abs_at(const char *at, ct_tensor *x, ct_axes axes) { return record(at, CT_OP_ct_max_abs, x, axes); }

static bool ct_max_abs_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return ct_op_floating(z, 0) && extreme_shape(z, shape, dtype);
}

static void ct_max_abs_forward(ct_tensor *z) { ct_reduce_steps(z, CT_REDUCE_LARGEST); }

static ct_tensor *ct_max_abs_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_mul(extreme_vjp(at, z, ct_abs(z->in[k]), g), ct_sign(z->in[k]));
}

/* Of different magnitudes. */
static ct_tensor *draw_magnitudes(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_draw_distinct(dtype, shape);
    for (int64_t i = 0; i < ct_size(x); i++)
        ct_write_element(dtype, x->data, i, (ct_read_element(dtype, x->data, i) + 5.3) * (i % 2 ? -1 : 1));
    return x;
}

static ct_sample ct_max_abs_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i, ct_max_abs_at, draw_magnitudes, false, dtype);
}

CT_OP_PARTS(ct_max_abs, .fields = CT_FIELDS(CT_FIELD(ct_reduce_attributes, "axis", axes)));
