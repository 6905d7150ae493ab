/* Choosing and converting: where, cast, dropout. */
#include "autograd/ops/dropout_kernels.h"
#include "autograd/internal.h"
#include "tensor/move.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- ct_where: a 0-d y or w takes the dtype of the other ------------------------------------------------------- */

ct_tensor *ct_where_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w) {
    if (y && w && y->dtype != w->dtype) {
        if (y->ndim == 0)
            y = ct_cast(y, w->dtype);
        else if (w->ndim == 0)
            w = ct_cast(w, y->dtype);
    }
    return ct_record(at, CT_OP_ct_where, (ct_tensor *[]){x, y, w}, 3, NULL, 0);
}

static bool ct_where_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0], *y = z->in[1];
    *dtype = y->dtype;
    if (x->dtype != CT_BOOL)
        return ct_op_fail(z, CT_ERR_DTYPE, "the condition is %s, not bool", ct_dtype_name(x->dtype));
    if (!ct_op_same_dtype(z, 1, 2)) return false;
    return ct_broadcast_shapes(3, z->in, shape) || ct_op_fail(z, CT_ERR_SHAPE, "shapes do not broadcast");
}

static void ct_where_forward(ct_tensor *z) {
    ct_walk walk = ct_walk_over(z->ndim, ct_dims_of(z));
    ct_walk_add(&walk, z->data, ct_dtype_size(z->dtype), z->ndim, ct_dims_of(z));
    for (int k = 0; k < 3; k++) {
        const ct_tensor *x = z->in[k];
        ct_walk_add(&walk, x->data, ct_dtype_size(x->dtype), x->ndim, ct_dims_of(x));
    }
    ct_choose(&walk, z->dtype);
}

static ct_tensor *ct_where_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    ct_tensor *zero = k ? ct_constant_like(at, g, 0) : NULL;
    return k == 0 ? NULL : k == 1 ? ct_where(z->in[0], g, zero) : ct_where(z->in[0], zero, g);
}

static ct_tensor *ct_where_jvp(const char *at, ct_tensor *z, ct_tensor *const *tangents) {
    ct_tensor *y = ct_tangent(at, z, tangents, 1);
    ct_tensor *w = ct_tangent(at, z, tangents, 2);
    return ct_where(z->in[0], y, w);
}

static ct_sample ct_where_samples(int i, ct_dtype dtype) {
    const ct_shape cases[][3] = {
        {CT_SHAPE(2, 3), CT_SHAPE(2, 3), CT_SHAPE(2, 3)}, {CT_SHAPE(3, 1), CT_SHAPE(4), CT_SHAPE(2, 1, 1)},
        {CT_SHAPE(5), CT_SHAPE(5), CT_SCALAR},            {CT_SHAPE(5), CT_SCALAR, CT_SHAPE(5)},
        {CT_SHAPE(2, 1), CT_SCALAR, CT_SCALAR},           {CT_SCALAR, CT_SCALAR, CT_SCALAR},
        {CT_SHAPE(0, 3), CT_SHAPE(3), CT_SHAPE(1, 1)},    {CT_SCALAR, CT_SHAPE(2, 3), CT_SHAPE(3)},
    };
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *c = ct_cast_at(NULL, ct_uniform_at(NULL, CT_F32, cases[i][0], 0, 2), CT_I32); /* 0 or 1 */
    ct_tensor *y = ct_sample_leaf(dtype, cases[i][1], -3, 3), *w = ct_sample_leaf(dtype, cases[i][2], -3, 3);
    return (ct_sample){.z = ct_where_at(NULL, ct_cast_at(NULL, c, CT_BOOL), y, w), .leaf = {NULL, y, w}};
}

CT_OP_PARTS(ct_where, .jvp = ct_where_jvp);

/* ---- ct_cast: attributes are the dtype; an alias when that is x's. To integers there is no derivative ------------ */

ct_tensor *ct_cast_at(const char *at, ct_tensor *x, ct_dtype dtype) {
    return ct_record(at, CT_OP_ct_cast, &x, 1, &dtype, sizeof dtype);
}

static bool ct_cast_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    *shape = ct_shape_of(z->in[0]);
    *dtype = *(const ct_dtype *)z->attributes;
    if ((unsigned)*dtype >= CT_DTYPE_COUNT) return ct_op_fail(z, CT_ERR_DTYPE, "%d is no dtype", (int)*dtype);
    if (*dtype == z->in[0]->dtype) z->data = z->in[0]->data;
    return true;
}

static void ct_cast_forward(ct_tensor *z) {
    const ct_tensor *x = z->in[0];
    if (z->dtype != x->dtype) ct_convert(z->dtype, z->data, x->dtype, x->data, ct_size_of(z));
}

static ct_tensor *ct_cast_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    return ct_cast(g, z->in[k]->dtype);
}

/* Of one dtype only: differences of f64 lose their digits in f32. */
static ct_sample ct_cast_samples(int i, ct_dtype dtype) {
    const ct_shape cases[] = {CT_SHAPE(2, 3), CT_SCALAR, CT_SHAPE(0)};
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i], -3, 3);
    return (ct_sample){.z = ct_cast_at(NULL, x, dtype), .leaf = {x}};
}

CT_OP_PARTS(ct_cast, .fields = CT_FIELDS({"dtype", CT_FIELD_DTYPE, 0}));

/* ---- ct_dropout ----------------------------------------------------------------------------------------------- */

/* A result draws its own mask, at each replay anew; its cotangents and tangents, recorded again with its attributes,
 * are dropped by the same draw. */
typedef struct dropout_attributes {
    double p;
    const ct_tensor *source; /* the result that draws; NULL before it is checked */
    uint8_t *keep;           /* [size]: of its scope */
} dropout_attributes;

ct_tensor *ct_dropout_at(const char *at, ct_tensor *x, double p) {
    dropout_attributes a = {.p = p};
    return ct_record(at, CT_OP_ct_dropout, &x, 1, &a, sizeof a);
}

static bool ct_dropout_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    dropout_attributes *a = z->attributes;
    *shape = ct_shape_of(x);
    *dtype = x->dtype;
    if (!ct_op_floating(z, 0)) return false;
    if (!(a->p >= 0 && a->p <= 1)) return ct_op_fail(z, CT_ERR_ARGUMENT, "p = %g is no probability", a->p);
    if (a->source) return true;
    a->source = z;
    size_t bytes = (size_t)ct_size_of(x);
    a->keep = ct_scope_alloc(ct_this.depth, bytes);
    return a->keep || (ct_raise_memory(ct_op_table[z->op]->name, z->at, bytes), false);
}

static void apply_dropout(const ct_tensor *z, const void *x, void *out, bool add) {
    const dropout_attributes *a = z->attributes;
    double scale = 1 / (1 - a->p); /* infinite where nothing is kept */
    ct_dropout_kernels()->of[z->dtype].apply(ct_size_of(z), a->keep, scale, x, out, add);
}

static void ct_dropout_forward(ct_tensor *z) {
    const dropout_attributes *a = z->attributes;
    if (a->source == z) {
        ct_fill_uniform(z->dtype, z->data, ct_size_of(z), ct_this.random.seed, ct_random_take_stream(), 0, 1);
        ct_dropout_kernels()->of[z->dtype].draw(ct_size_of(z), z->data, a->p, a->keep);
    }
    apply_dropout(z, z->in[0]->data, z->data, false);
}

static ct_tensor *ct_dropout_vjp(const char *at, ct_tensor *z, ct_tensor *g, int k) {
    (void)k;
    return ct_record_again(at, z, &g);
}

static void ct_dropout_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    (void)k;
    apply_dropout(z, g, gx, add);
}

/* The sweep sets the random state back before it computes a case again. */
static ct_sample ct_dropout_samples(int i, ct_dtype dtype) {
    const struct {
        ct_shape shape;
        double p;
    } cases[] = {{CT_SHAPE(4, 5), 0.5}, {CT_SHAPE(7), 0.1}, {CT_SCALAR, 0.5}, {CT_SHAPE(3), 0}, {CT_SHAPE(3), 1},
                 {CT_SHAPE(0), 0.5}};
    if ((size_t)i >= sizeof cases / sizeof *cases) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, cases[i].shape, -3, 3);
    return (ct_sample){.z = ct_dropout_at(NULL, x, cases[i].p), .leaf = {x}};
}

CT_OP_PARTS(ct_dropout, .backward = ct_dropout_backward,
            .fields = CT_FIELDS(CT_FIELD(dropout_attributes, "p", p)));
