/* autograd/: the op table and what ops are made of. */
#ifndef COTANGENT_AUTOGRAD_INTERNAL_H
#define COTANGENT_AUTOGRAD_INTERNAL_H

#include "autograd/autograd.h"
#include "tensor/internal.h"

#define CT_ANY_NUMBER 0xffff
#define CT_MAX_ELEMENTWISE 3 /* operands of an elementwise op */

typedef enum ct_op_id {
    CT_OP_NONE, /* constants and leaves */
#define CT_UNARY(symbol, ...) CT_OP_##symbol,
#define CT_UNARY_P CT_UNARY
#define CT_UNARY_PQ CT_UNARY
#define CT_BINARY CT_UNARY
#define CT_COMPARE CT_UNARY
#define CT_PREDICATE CT_UNARY
#define CT_KERNEL CT_UNARY
#include "autograd/ops.def"
    CT_OP_COUNT
} ct_op_id;

/* What forward mode and the checks follow from. */
typedef enum ct_op_kind {
    CT_ELEMENTWISE,        /* the rule applied to the tangent is the forward mode */
    CT_LINEAR,             /* in the first operand, or in all of a concat: forward mode applies the op to the tangent */
    CT_BILINEAR,           /* in both operands: once per operand */
    CT_GENERAL,            /* forward mode by differentiating the vjp by its cotangent */
    CT_NOT_DIFFERENTIABLE, /* results are bool or integer, or meant as constants */
} ct_op_kind;

/* The domains of ops.def's samples column. */
typedef enum ct_domain {
    CT_DOMAIN_ANY,
    CT_DOMAIN_POSITIVE,
    CT_DOMAIN_NONZERO,
    CT_DOMAIN_UNIT,
    CT_DOMAIN_PROBABILITY,
    CT_DOMAIN_ABOVE_ONE,
    CT_DOMAIN_APART,
    CT_DOMAIN_STEPS,
    CT_DOMAIN_QUOTIENT,
} ct_domain;

/* One case of the gradient sweep: an op's result, recorded from leaves. */
typedef struct ct_sample {
    ct_tensor *z;       /* NULL: there is no such case */
    ct_tensor *leaf[3]; /* the differentiable operands, by operand number; NULL for others */
} ct_sample;

/* What a kernel is made of; its block in ops/FAMILY.c ends with CT_OP_PARTS. */
typedef struct ct_op_parts {
    /* Checks operands and attributes, sets *shape and *dtype; raises with ct_op_fail() otherwise. NULL: elementwise.
     * May fill attributes that forward and backward use, and sets z->data when z aliases its operand. */
    bool (*shape)(ct_tensor *z, ct_shape *shape, ct_dtype *dtype);
    void (*forward)(ct_tensor *z); /* z's buffer is there; cannot fail once shape() has passed. NULL: elementwise */
    /* The cotangent of operand k as nodes, g being z's; may still have a shape that broadcast from the operand's.
     * NULL without an error: zero. */
    ct_tensor *(*vjp)(const char *at, ct_tensor *z, ct_tensor *g, int k);
    /* Optional, the same over numbers: gx = or (add) += the cotangent of operand k, all in the operand's shape. */
    void (*backward)(ct_tensor *z, int k, const void *g, void *gx, bool add);
    /* Optional, else by kind: the tangent of z, tangents[k] being NULL where operand k has none. */
    ct_tensor *(*jvp)(const char *at, ct_tensor *z, ct_tensor *const *tangents);
    /* Case `i` of the sweep in `dtype`, z NULL when i is past the last. NULL: elementwise, drawn by domain. */
    ct_sample (*samples)(int i, ct_dtype dtype);
} ct_op_parts;

/* Collects NAME_shape, NAME_forward, NAME_vjp and NAME_samples; further arguments name the optional ones:
 * CT_OP_PARTS(ct_matmul, .backward = ct_matmul_backward). A missing part does not compile. */
#define CT_OP_PARTS(symbol, ...)                                                                                     \
    const ct_op_parts symbol##_parts = {.shape = symbol##_shape,                                                     \
                                        .forward = symbol##_forward,                                                 \
                                        .vjp = symbol##_vjp,                                                         \
                                        .samples = symbol##_samples,                                                 \
                                        ##__VA_ARGS__}
/* For kernels of kind CT_NOT_DIFFERENTIABLE, which have no vjp and no samples. */
#define CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol)                                                                       \
    const ct_op_parts symbol##_parts = {.shape = symbol##_shape, .forward = symbol##_forward}
#define CT_KERNEL(symbol, ...) extern const ct_op_parts symbol##_parts;
#define CT_UNARY CT_KERNEL
#define CT_UNARY_P CT_KERNEL
#define CT_UNARY_PQ CT_KERNEL
#define CT_BINARY CT_KERNEL
#define CT_COMPARE CT_KERNEL
#define CT_PREDICATE CT_KERNEL
#include "autograd/ops.def"

typedef struct ct_op {
    const char *name;    /* "ct_matmul" */
    const char *formula; /* "x @ y", operands x, y, w */
    const char *doc;
    uint16_t arity; /* operands, or CT_ANY_NUMBER */
    ct_op_kind kind;
    ct_domain domain; /* elementwise: of the operands in the sweep */
    const ct_op_parts *parts;
} ct_op;

/* By ct_op_id; [0] is NULL. Not const: the tests put broken rules in to see the sweep catch them. */
extern const ct_op *ct_op_table[CT_OP_COUNT];

/* Records op(in...) and computes it. `attributes` (size bytes, copied; NULL when 0) is the op's named struct. A 0-d
 * floating operand is cast to the dtype of the others for elementwise ops. NULL with an error raised. */
ct_tensor *ct_record(const char *at, ct_op_id op, ct_tensor *const *in, int n_in, const void *attributes, size_t size);
/* Records z's op with z's attributes on other operands: for forward mode and recomputation. */
ct_tensor *ct_record_again(const char *at, const ct_tensor *z, ct_tensor *const *in);

/* Raises in z's name with its operands written into the formula: "ct_matmul: x(24,784) @ W(128,64): ...". */
bool ct_op_fail(const ct_tensor *z, ct_error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A leaf with uniform elements in [low, high): for the samples of ops. */
ct_tensor *ct_sample_leaf(ct_dtype dtype, ct_shape shape, double low, double high);

/* Zero or all-v tensor like t, of its shape and dtype; v as a 0-d constant of t's dtype. For rules. */
ct_tensor *ct_full_like(const char *at, const ct_tensor *t, double v);
ct_tensor *ct_constant_like(const char *at, const ct_tensor *t, double v);
/* Sums g over the axes that broadcasting `like` to g's shape would repeat. */
ct_tensor *ct_sum_to(const char *at, ct_tensor *g, const ct_tensor *like);

/* Normalises a possibly negative axis; false when outside of [-n, n). */
bool ct_resolve_axis(int axis, int ndim, int *out);
/* Bit i set for each axis i in `axes`; raises in z's name. */
bool ct_resolve_axes(const ct_tensor *z, const ct_axes *axes, int ndim, unsigned *mask);
/* NumPy's rule for n shapes; false when they do not fit. */
bool ct_broadcast_shapes(int n, ct_tensor *const *in, ct_shape *shape);

/* ---- elementwise.c: kernels from ops.def --------------------------------------------------------------------- */

void ct_elementwise_forward(ct_tensor *z);
/* gx (z's full shape) = or += the rule of operand k. */
void ct_elementwise_backward(ct_tensor *z, int k, const void *g, void *gx, bool add);
/* out += g, n elements of a floating dtype. */
void ct_add_into(ct_dtype dtype, int64_t n, const void *g, void *out);

#endif
