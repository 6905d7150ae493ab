/* Cumulative ops: running sums, products and extremes along an axis, and the product over axes. Their derivatives are
 * cumulative too, and divide by nothing: they are said with ct_recurrence, whose own derivative is one again. */
#include "autograd/ops/axis.h"
#include "autograd/ops/lines.h"
#include "autograd/ops/scan_kernels.h"
#include "tensor/kernels.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- what they have in common ------------------------------------------------------------------------------- */

typedef struct scan_attributes {
    int axis;
    bool reverse; /* from the last element to the first: the adjoints of cumsum and recurrence */
} scan_attributes;
#define SCAN_FIELDS CT_FIELD(scan_attributes, "axis", axis), CT_FIELD(scan_attributes, "reverse", reverse)

/* A 0-d x is scanned as a line of one. */
static ct_tensor *record(const char *at, ct_op_id op, ct_tensor *x, int axis, bool reverse) {
    scan_attributes a = {axis, reverse};
    ct_tensor *line = ct_at_least_1d(at, x), *z = ct_record(at, op, &line, 1, &a, sizeof a);
    return line == x ? z : ct_reshape(z, CT_SCALAR);
}

static bool scan_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    scan_attributes *a = z->attributes;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    if (!ct_op_floating(z, 0)) return false;
    return ct_op_axis(z, x->ndim, &a->axis);
}

#define SHARE (1 << 15) /* elements that are worth a thread */
#define FEW 128         /* columns that are not worth one */

typedef struct job {
    ct_scan scan;
    ct_scan_lines *lines;
    int64_t width;   /* lines of a group; of the last one in a row of groups, or of the last of all, fewer */
    int64_t per_row; /* groups for each of `outer` */
    int64_t groups;
    int64_t block; /* groups that a thread takes at once */
} job;

static void scan_block(void *context, int64_t number) {
    const job *j = context;
    const ct_scan *s = &j->scan;
    for (int64_t g = number * j->block; g < (number + 1) * j->block && g < j->groups; g++) {
        int64_t first = s->inner == 1 ? g * j->width : g % j->per_row * j->width;
        int64_t rest = (s->inner == 1 ? s->outer : s->inner) - first, width = rest < j->width ? rest : j->width;
        if (s->inner == 1) j->lines(s, first * s->n, 1, s->n, width);
        else j->lines(s, g / j->per_row * s->n * s->inner + first, s->inner, 1, width);
    }
}

static void scan(ct_tensor *z, ct_scan_kind kind) {
    const ct_tensor *x = z->in[0];
    const scan_attributes *a = z->attributes;
    ct_around r = ct_around_axis(x, a->axis);
    job j = {.scan = {r.outer, r.extent, r.inner, a->reverse, x->data, z->in[z->n_in - 1]->data, z->data},
             .lines = ct_scan_kernels()->of[kind][x->dtype]};
    int64_t size = r.outer * r.extent * r.inner;
    if (size == 0) return;
    j.width = r.inner == 1 ? CT_SCAN_ROWS : CT_SCAN_COLUMNS;
    if (r.inner > 1 && r.inner / ct_threads() < j.width) /* so that each thread has some */
        j.width = r.inner / ct_threads() > FEW ? r.inner / ct_threads() : FEW;
    j.per_row = (r.inner - 1) / j.width + 1;
    j.groups = r.inner == 1 ? (r.outer - 1) / j.width + 1 : r.outer * j.per_row;
    j.block = j.groups / (size / SHARE + 1) + 1;
    int64_t blocks = (j.groups - 1) / j.block + 1;
    if (blocks > 1) ct_parallel(blocks, scan_block, &j);
    else scan_block(&j, 0);
}

/* t moved on by one along the axis, with `first` in front. */
static ct_tensor *before(const char *at, ct_tensor *t, int axis, ct_tensor *first) {
    if (!t || !first) return NULL;
    return ct_concat(CT_LIST(first, ct_slice(t, axis, 0, t->extent->dim[axis] - 1, 1)), axis);
}

/* The same with v in front. */
static ct_tensor *before_with(const char *at, ct_tensor *t, int axis, double v) {
    ct_shape shape = ct_shape_of(t);
    shape.dim[axis] = 1;
    return t ? before(at, t, axis, ct_full(t->dtype, shape, v)) : NULL;
}

static ct_tensor *draw_any(ct_dtype dtype, ct_shape shape) { return ct_sample_leaf(dtype, shape, -1.5, 1.5); }

/* With zeros: none, one or more in a line. */
static ct_tensor *draw_with_zeros(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = draw_any(dtype, shape);
    for (int64_t i = 1; i < ct_size(x); i += 3) ct_write_element(dtype, x->data, i, 0);
    return x;
}

typedef struct scan_case {
    ct_shape shape;
    int axis;
} scan_case;
static const scan_case scan_cases[] = {
    {CT_SCALAR, 0},      {{1, {7}}, 0},          {{2, {3, 5}}, 0}, {{2, {3, 5}}, -1},
    {{3, {2, 3, 4}}, 1}, {{4, {2, 1, 3, 2}}, 2}, {{2, {4, 1}}, 1}, {{1, {1}}, -1},
    {{2, {0, 3}}, 1},    {{2, {2, 0}}, -1},      {{2, {9, 3}}, 1}, {{2, {2, 131}}, 0},
};
static const int n_scan_cases = sizeof scan_cases / sizeof *scan_cases;

static ct_sample scan_sample(int i, ct_op_id op, ct_tensor *(*draw)(ct_dtype, ct_shape), bool both_ways,
                             ct_dtype dtype) {
    if (i >= (both_ways ? 2 : 1) * n_scan_cases) return (ct_sample){.z = NULL};
    const scan_case *c = &scan_cases[i % n_scan_cases];
    ct_tensor *x = draw(dtype, c->shape);
    return (ct_sample){.z = record(NULL, op, x, c->axis, i >= n_scan_cases), .leaf = {x}};
}

/* ---- ct_cumsum ---------------------------------------------------------------------------------------------- */

ct_tensor *ct_cumsum_at(const char *at, ct_tensor *x, int axis) {
    return record(at, CT_OP_ct_cumsum, x, axis, false);
}

static bool ct_cumsum_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return scan_shape(z, shape, dtype); }

static void ct_cumsum_forward(ct_tensor *z) { scan(z, CT_SCAN_SUM); }

static ct_tensor *ct_cumsum_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const scan_attributes *a = z->attributes;
    (void)k;
    return record(at, CT_OP_ct_cumsum, g, a->axis, !a->reverse);
}

static ct_sample ct_cumsum_samples(int i, ct_dtype dtype) {
    return scan_sample(i, CT_OP_ct_cumsum, draw_any, true, dtype);
}

CT_OP_PARTS(ct_cumsum, .fields = CT_FIELDS(SCAN_FIELDS));

/* ---- ct_recurrence: its adjoint runs in reverse, with the same coefficients --------------------------------- */

static ct_tensor *recurrence(const char *at, ct_tensor *x, ct_tensor *y, int axis, bool reverse) {
    scan_attributes a = {axis, reverse};
    return ct_record(at, CT_OP_ct_recurrence, (ct_tensor *[]){x, y}, 2, &a, sizeof a);
}

ct_tensor *ct_recurrence_at(const char *at, ct_tensor *x, ct_tensor *y, int axis) {
    return recurrence(at, x, y, axis, false);
}

static bool ct_recurrence_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    if (!scan_shape(z, shape, dtype) || !ct_op_same_dtype(z, 0, 1)) return false;
    return ct_same_shape(x, y) || ct_op_fail(z, CT_ERR_SHAPE, "the operands differ in shape");
}

static void ct_recurrence_forward(ct_tensor *z) { scan(z, CT_SCAN_RECURRENCE); }

/* With h[t] = g[t] + x[t+1] h[t+1] the cotangent of y is h, and that of x[t] is h[t] z[t-1]; in reverse z and h
 * change places. */
static ct_tensor *ct_recurrence_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const scan_attributes *a = z->attributes;
    if (ct_size_of(z) == 0) return NULL;
    ct_tensor *h = recurrence(at, z->in[0], g, a->axis, !a->reverse);
    if (k == 1) return h;
    return a->reverse ? ct_mul(before_with(at, h, a->axis, 0), z) : ct_mul(h, before_with(at, z, a->axis, 0));
}

static ct_sample ct_recurrence_samples(int i, ct_dtype dtype) {
    i++; /* a 0-d operand has no axis here */
    if (i % n_scan_cases == 0) i++;
    if (i >= 2 * n_scan_cases) return (ct_sample){.z = NULL};
    const scan_case *c = &scan_cases[i % n_scan_cases];
    ct_tensor *x = draw_with_zeros(dtype, c->shape), *y = draw_any(dtype, c->shape);
    return (ct_sample){.z = recurrence(NULL, x, y, c->axis, i >= n_scan_cases), .leaf = {x, y}};
}

CT_OP_PARTS(ct_recurrence, .fields = CT_FIELDS(SCAN_FIELDS));

/* ---- ct_cumprod and ct_prod --------------------------------------------------------------------------------- */

ct_tensor *ct_cumprod_at(const char *at, ct_tensor *x, int axis) {
    return record(at, CT_OP_ct_cumprod, x, axis, false);
}

static bool ct_cumprod_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) { return scan_shape(z, shape, dtype); }

static void ct_cumprod_forward(ct_tensor *z) { scan(z, CT_SCAN_PROD); }

static ct_tensor *ct_cumprod_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const scan_attributes *a = z->attributes;
    if (ct_size_of(z) == 0) return NULL;
    return ct_mul(recurrence(at, z->in[k], g, a->axis, true), before_with(at, z, a->axis, 1));
}

static ct_sample ct_cumprod_samples(int i, ct_dtype dtype) {
    return scan_sample(i, CT_OP_ct_cumprod, draw_with_zeros, false, dtype);
}

CT_OP_PARTS(ct_cumprod, .fields = CT_FIELDS(SCAN_FIELDS));

/* The op knows (outer, n, inner), of which it makes (outer, inner). */
ct_tensor *ct_prod_at(const char *at, ct_tensor *x, ct_axes axes) {
    ct_shape reduced;
    ct_tensor *merged = ct_merge_axes("ct_prod", at, x, axes, &reduced);
    return merged ? ct_reshape(ct_record(at, CT_OP_ct_prod, &merged, 1, NULL, 0), reduced) : NULL;
}

static bool ct_prod_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    *dtype = x->dtype;
    *shape = CT_SHAPE(x->extent->dim[0], x->extent->dim[2]);
    return ct_op_floating(z, 0);
}

static void ct_prod_forward(ct_tensor *z) {
    const int64_t *dim = ct_dims_of(z->in[0]);
    if (ct_size_of(z)) ct_reduce(CT_REDUCE_PROD, z->dtype, dim[0], dim[1], dim[2], z->in[0]->data, z->data, false);
}

/* As the last element of a running product, of which alone there is a cotangent. */
static ct_tensor *ct_prod_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *x = z->in[k];
    const int64_t *dim = ct_dims_of(x);
    if (ct_size_of(x) == 0) return NULL;
    ct_tensor *last = ct_slice_add(ct_reshape(g, CT_SHAPE(dim[0], 1, dim[2])), 1, dim[1] - 1, 1, dim[1]);
    return ct_mul(recurrence(at, x, last, 1, true), before_with(at, ct_cumprod(x, 1), 1, 1));
}

static ct_sample ct_prod_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        ct_axes axes;
    } cases[] = {
        {CT_SHAPE(7), CT_AXES(0)},          {CT_SCALAR, CT_ALL},          {CT_SHAPE(3, 5), CT_ALL},
        {CT_SHAPE(3, 5), CT_KEEP(-1)},      {CT_SHAPE(5, 3), CT_AXES(0)}, {CT_SHAPE(2, 3, 4), CT_AXES(1)},
        {CT_SHAPE(2, 3, 4), CT_KEEP(0, 2)}, {CT_SHAPE(2, 3), {.n = 0}},   {CT_SHAPE(1, 4, 1), CT_AXES(2, 0)},
        {CT_SHAPE(0, 3), CT_AXES(0)},       {CT_SHAPE(0, 3), CT_AXES(1)},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = draw_with_zeros(dtype, cases[i].shape);
    return (ct_sample){.z = ct_prod_at(NULL, x, cases[i].axes), .leaf = {x}};
}

CT_OP_PARTS(ct_prod);

/* ---- ct_logcumsumexp ---------------------------------------------------------------------------------------- */

ct_tensor *ct_logcumsumexp_at(const char *at, ct_tensor *x, int axis) {
    return record(at, CT_OP_ct_logcumsumexp, x, axis, false);
}

static bool ct_logcumsumexp_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    return scan_shape(z, shape, dtype);
}

static void ct_logcumsumexp_forward(ct_tensor *z) { scan(z, CT_SCAN_LOGSUMEXP); }

/* dz[t]/dz[t-1] = exp(z[t-1] - z[t]) and dz[t]/dx[t] = exp(x[t] - z[t]), both at most 1; the first also of two
 * infinities, so that what is before those has a derivative. */
static ct_tensor *ct_logcumsumexp_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    const scan_attributes *a = z->attributes;
    if (ct_size_of(z) == 0) return NULL;
    ct_tensor *earlier = before(at, z, a->axis, ct_slice(z, a->axis, 0, 1, 1)), *same = ct_eq(earlier, z);
    ct_tensor *zero = ct_constant_like(at, z, 0);
    ct_tensor *passed_on = ct_exp(ct_sub(ct_where(same, zero, earlier), ct_where(same, zero, z)));
    return ct_mul(recurrence(at, passed_on, g, a->axis, true), ct_exp(ct_sub(z->in[k], z)));
}

static ct_sample ct_logcumsumexp_samples(int i, ct_dtype dtype) {
    return scan_sample(i, CT_OP_ct_logcumsumexp, draw_any, false, dtype);
}

CT_OP_PARTS(ct_logcumsumexp, .fields = CT_FIELDS(SCAN_FIELDS));

/* ---- ct_argcummax and ct_argcummin, and their values -------------------------------------------------------- */

#define ARGSCAN(symbol, kind, values)                                                                                \
    ct_tensor *symbol##_at(const char *at, ct_tensor *x, int axis) {                                                 \
        return record(at, CT_OP_##symbol, x, axis, false);                                                           \
    }                                                                                                                \
    static bool symbol##_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {                                     \
        bool fits = scan_shape(z, shape, dtype);                                                                     \
        *dtype = CT_I64;                                                                                             \
        return fits;                                                                                                 \
    }                                                                                                                \
    static void symbol##_forward(ct_tensor *z) { scan(z, kind); }                                                    \
    CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol, .fields = CT_FIELDS(SCAN_FIELDS));                                        \
    ct_tensor *values##_at(const char *at, ct_tensor *x, int axis) {                                                 \
        ct_tensor *line = ct_at_least_1d(at, x), *z = ct_gather(line, axis, symbol##_at(at, line, axis));            \
        return line == x ? z : ct_reshape(z, CT_SCALAR);                                                             \
    }
ARGSCAN(ct_argcummax, CT_SCAN_ARGMAX, ct_cummax)
ARGSCAN(ct_argcummin, CT_SCAN_ARGMIN, ct_cummin)
