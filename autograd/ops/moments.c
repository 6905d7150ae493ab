/* Variance, norms and logsumexp over sets of axes: reductions whose gradients are one pass over x, with numbers for
 * each element of the result beside it. */
#include "autograd/elementwise_kernels.h"
#include "autograd/ops/reduce.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define C(like, v) ct_constant_like(at, like, v)

/* ---- what gradients need beside x: numbers for each element of z ------------------------------------------ */

typedef struct beside_x {
    ct_extent *extent; /* z's shape with the reduced axes in it, as extents 1; NULL when 0-d */
    void *data[2];     /* of x's dtype; in the scope's memory */
} beside_x;

static bool allocate_beside(const ct_tensor *z, int n, beside_x *b) {
    const ct_reduce_attributes *a = z->attributes;
    ct_shape shape = ct_shape_of(z->in[0]);
    for (int i = 0; i < shape.ndim; i++)
        if (a->mask & 1u << i) shape.dim[i] = 1;
    size_t item = ct_dtype_size(z->in[0]->dtype), size = 1;
    if (shape.ndim && !(b->extent = ct_new_extent(&shape, ct_this.depth))) return ct_no_reduce_memory(z);
    if (shape.ndim) size = (size_t)b->extent->size;
    for (int i = 0; i < n; i++)
        if (!(b->data[i] = ct_scope_array(ct_this.depth, size, item))) return ct_no_reduce_memory(z);
    return true;
}

/* The i-th of them, which broadcasts to x. */
static ct_tensor as_beside(const ct_tensor *z, const beside_x *b, int i) {
    ct_tensor t = {.data = b->data[i], .dtype = z->dtype, .ndim = z->in[0]->ndim};
    if (t.ndim) t.extent = b->extent;
    return t;
}

/* ---- ct_variance --------------------------------------------------------------------------------------- */

typedef struct variance_attributes {
    ct_reduce_attributes over;
    int correction;
    ct_moments *moments[(CT_MAX_DIMS + 1) / 2]; /* of each step, the last one's like z; in the scope's memory */
    beside_x beside; /* means, and what deviations from them are multiplied by for the gradient */
} variance_attributes;

ct_tensor *ct_variance_at(const char *at, ct_tensor *x, ct_axes axes, int correction) {
    variance_attributes a = {.over.axes = axes, .correction = correction};
    return ct_record(at, CT_OP_ct_variance, &x, 1, &a, sizeof a);
}

static bool ct_variance_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    variance_attributes *a = z->attributes;
    if (!ct_op_floating(z, 0) || !ct_plan_reduction(z, shape, dtype)) return false;
    for (int s = 0; s < a->over.n; s++) {
        size_t n = (size_t)(a->over.step[s].outer * a->over.step[s].inner);
        if (!(a->moments[s] = ct_scope_array(ct_this.depth, n, sizeof *a->moments[s]))) return ct_no_reduce_memory(z);
    }
    return allocate_beside(z, 2, &a->beside);
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
        if (s == 0) ct_reduce(CT_REDUCE_MOMENTS, z->dtype, outer, n, inner, z->in[0]->data, a->moments[0], false);
        else ct_merge_moments(outer, n, inner, count, count, a->moments[s - 1], a->moments[s]);
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
    ct_tensor *scale = ct_mul(ct_with_axes(at, z, g), ct_constant_like(at, g, 2 / freedom(z)));
    return ct_mul(scale, ct_sub(x, ct_mean(x, axes)));
}

static void ct_variance_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const variance_attributes *a = z->attributes;
    const ct_tensor *x = z->in[k], mean = as_beside(z, &a->beside, 0), scale = as_beside(z, &a->beside, 1);
    if (ct_size_of(x) == 0) return;
    for (int64_t i = 0, n = ct_size_of(z); i < n; i++) {
        ct_write_element(z->dtype, mean.data, i, a->moments[a->over.n - 1][i].mean);
        ct_write_element(z->dtype, scale.data, i, ct_read_element(z->dtype, g, i) * (2 / freedom(z)));
    }
    ct_elementwise_into(ct_elementwise()->deviation[z->dtype], 3, (const ct_tensor *[]){x, &mean, &scale}, x, gx,
                        add);
}

static ct_tensor *uncorrected(const char *at, ct_tensor *x, ct_axes axes) { return ct_variance_at(at, x, axes, 0); }

static ct_sample ct_variance_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i, uncorrected, ct_draw_any, false, dtype);
}

CT_OP_PARTS(ct_variance, .backward = ct_variance_backward,
            .fields = CT_FIELDS(CT_FIELD(variance_attributes, "axis", over.axes),
                                CT_FIELD(variance_attributes, "correction", correction)));

/* ---- ct_vector_norm ------------------------------------------------------------------------------------ */

typedef struct norm_attributes {
    ct_reduce_attributes over;
    double p;
    beside_x beside; /* what x, or its sign, is multiplied by for the gradient */
} norm_attributes;

/* x^p of x >= 0, a constant where x is 0. */
static ct_tensor *power(const char *at, ct_tensor *x, double p) {
    ct_tensor *zero = ct_eq(x, C(x, 0)), *base = ct_where(zero, C(x, 1), x);
    return ct_where(zero, C(x, pow(0, p)), ct_pow(base, C(x, p)));
}

/* 1 where x is not 0, NaN too; with a derivative, of 0. */
static ct_tensor *not_zero(const char *at, ct_tensor *x) {
    return ct_abs(ct_sign(ct_where(ct_eq(x, x), x, C(x, 1))));
}

/* 1 and 2 are an operation, infinity is another, the others are composed of some. */
ct_tensor *ct_vector_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes) {
    norm_attributes a = {.over.axes = axes, .p = p};
    if (p == 1 || p == 2) return ct_record(at, CT_OP_ct_vector_norm, &x, 1, &a, sizeof a);
    if (p == 0) return ct_sum(not_zero(at, x), axes);
    if (isinf(p)) return p > 0 ? ct_max_abs(x, axes) : ct_min(ct_abs(x), axes);
    return power(at, ct_sum(power(at, ct_abs(x), p), axes), 1 / p);
}

static bool ct_vector_norm_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    norm_attributes *a = z->attributes;
    return ct_floating_reduction(z, shape, dtype) && allocate_beside(z, 1, &a->beside);
}

static void ct_vector_norm_forward(ct_tensor *z) {
    double p = ((const norm_attributes *)z->attributes)->p;
    ct_reduce_steps(z, p == 1 ? CT_REDUCE_MAGNITUDES : CT_REDUCE_SQUARES);
    for (int64_t i = 0, n = p == 2 ? ct_size_of(z) : 0; i < n; i++)
        ct_write_element(z->dtype, z->data, i, sqrt(ct_read_element(z->dtype, z->data, i)));
}

/* sign(x) g, or x g / z, which is 0 where z is. */
static ct_tensor *ct_vector_norm_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *x = z->in[k];
    if (((const norm_attributes *)z->attributes)->p == 1) return ct_mul(ct_sign(x), ct_with_axes(at, z, g));
    ct_tensor *zero = ct_eq(z, C(z, 0)), *scale = ct_where(zero, C(g, 0), ct_div(g, ct_where(zero, C(z, 1), z)));
    return ct_mul(x, ct_with_axes(at, z, scale));
}

static void ct_vector_norm_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const norm_attributes *a = z->attributes;
    const ct_tensor *x = z->in[k], scale = as_beside(z, &a->beside, 0);
    for (int64_t i = 0, n = ct_size_of(z); i < n; i++) {
        const double norm = a->p == 1 ? 1 : ct_read_element(z->dtype, z->data, i);
        ct_write_element(z->dtype, scale.data, i, norm == 0 ? 0 : ct_read_element(z->dtype, g, i) / norm);
    }
    const ct_elementwise_row *of = ct_elementwise()->row;
    if (a->p == 1) /* the rule of |x|, which has no need of its result */
        ct_elementwise_into(of[CT_OP_ct_abs].backward[z->dtype][0], 3, (const ct_tensor *[]){x, x, &scale}, x, gx,
                            add);
    else ct_elementwise_into(of[CT_OP_ct_mul].forward[z->dtype], 2, (const ct_tensor *[]){x, &scale}, x, gx, add);
}

static ct_tensor *norm_1(const char *at, ct_tensor *x, ct_axes axes) { return ct_vector_norm_at(at, x, 1, axes); }
static ct_tensor *norm_2(const char *at, ct_tensor *x, ct_axes axes) { return ct_vector_norm_at(at, x, 2, axes); }

static ct_tensor *draw_nonzero(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_draw_distinct(dtype, shape);
    for (int64_t i = 0; i < ct_size(x); i++) {
        const double v = ct_read_element(dtype, x->data, i);
        ct_write_element(dtype, x->data, i, fabs(v) < 0.2 ? 0.2 : v);
    }
    return x;
}

static ct_sample ct_vector_norm_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i / 2, i % 2 ? norm_1 : norm_2, draw_nonzero, true, dtype);
}

CT_OP_PARTS(ct_vector_norm, .backward = ct_vector_norm_backward,
            .fields = CT_FIELDS(CT_FIELD(norm_attributes, "axis", over.axes), CT_FIELD(norm_attributes, "p", p)));

/* ---- ct_logsumexp -------------------------------------------------------------------------------------- */

typedef struct logsumexp_attributes {
    ct_reduce_attributes over;
    beside_x beside; /* the shape alone */
} logsumexp_attributes;

ct_tensor *ct_logsumexp_at(const char *at, ct_tensor *x, ct_axes axes) {
    logsumexp_attributes a = {.over.axes = axes};
    return ct_record(at, CT_OP_ct_logsumexp, &x, 1, &a, sizeof a);
}

static bool ct_logsumexp_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    logsumexp_attributes *a = z->attributes;
    return ct_floating_reduction(z, shape, dtype) && allocate_beside(z, 0, &a->beside);
}

static void ct_logsumexp_forward(ct_tensor *z) {
    ct_reduce_steps(z, CT_REDUCE_LOGSUMEXP);
    const bool of_none = ((const ct_reduce_attributes *)z->attributes)->n == 0;
    for (int64_t i = 0, n = of_none ? ct_size_of(z) : 0; i < n; i++) ct_write_element(z->dtype, z->data, i, -INFINITY);
}

/* g exp(x - z). */
static ct_tensor *ct_logsumexp_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_mul(ct_exp(ct_sub(z->in[k], ct_with_axes(at, z, z))), ct_with_axes(at, z, g));
}

static void ct_logsumexp_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const logsumexp_attributes *a = z->attributes;
    const beside_x beside = {a->beside.extent, {z->data, (void *)g}};
    const ct_tensor *x = z->in[k], sum = as_beside(z, &beside, 0), scale = as_beside(z, &beside, 1);
    ct_elementwise_into(ct_elementwise()->share[z->dtype], 3, (const ct_tensor *[]){x, &sum, &scale}, x, gx, add);
}

static ct_sample ct_logsumexp_samples(int i, ct_dtype dtype) {
    return ct_reduce_sample(i, ct_logsumexp_at, ct_draw_any, true, dtype);
}

CT_OP_PARTS(ct_logsumexp, .backward = ct_logsumexp_backward,
            .fields = CT_FIELDS(CT_FIELD(logsumexp_attributes, "axis", over.axes)));
