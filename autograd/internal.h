/* autograd/: the op table and what ops are made of. */
#ifndef COTANGENT_AUTOGRAD_INTERNAL_H
#define COTANGENT_AUTOGRAD_INTERNAL_H

#include "autograd/autograd.h"
#include "tensor/internal.h"

#define CT_MAX_ELEMENTWISE 3 /* operands of an elementwise op */

typedef enum ct_op_id {
    CT_OP_NONE, /* constants and leaves */
#define CT_OPERATION(symbol, ...) CT_OP_##symbol,
#include "autograd/ops.def"
    CT_OP_COUNT,
    CT_OP_SLOTS = CT_OP_COUNT + CT_MAX_OWN_OPS /* those of ct_register_op() follow */
} ct_op_id;

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

/* Collects NAME_shape, NAME_forward, NAME_vjp and NAME_samples; further arguments name the optional ones:
 * CT_OP_PARTS(ct_matmul, .backward = ct_matmul_backward). A missing part does not compile. */
#define CT_OP_PARTS(symbol, ...)                                                                                     \
    const ct_op_parts symbol##_parts = {.shape = symbol##_shape,                                                     \
                                        .forward = symbol##_forward,                                                 \
                                        .vjp = symbol##_vjp,                                                         \
                                        .samples = symbol##_samples,                                                 \
                                        ##__VA_ARGS__}
/* For kernels of kind CT_NOT_DIFFERENTIABLE, which have no vjp and no samples. */
#define CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol, ...)                                                                  \
    const ct_op_parts symbol##_parts = {.shape = symbol##_shape, .forward = symbol##_forward, ##__VA_ARGS__}
#define CT_OPERATION(symbol, ...) extern const ct_op_parts symbol##_parts;
#include "autograd/ops.def"

/* By ct_op_id; [0] is NULL. Not const: the tests put broken rules in to see the sweep catch them. */
extern const ct_op *ct_op_table[CT_OP_SLOTS];

/* Records op(in...) and computes it. `attributes` (size bytes, copied; NULL when 0) is the op's named struct. Of
 * the two operands of an elementwise op a 0-d one is cast as autograd.h says. NULL with an error raised. */
ct_tensor *ct_record(const char *at, ct_op_id op, ct_tensor *const *in, int n_in, const void *attributes, size_t size);
/* Records z's op with z's attributes on other operands: for forward mode and recomputation. */
ct_tensor *ct_record_again(const char *at, const ct_tensor *z, ct_tensor *const *in);

/* A leaf with uniform elements in [low, high): for the samples of ops. */
ct_tensor *ct_sample_leaf(ct_dtype dtype, ct_shape shape, double low, double high);

/* Zero or all-v tensor like t, of its shape and dtype; v as a 0-d constant of t's dtype. For rules. */
ct_tensor *ct_full_like(const char *at, const ct_tensor *t, double v);
ct_tensor *ct_constant_like(const char *at, const ct_tensor *t, double v);
/* The tangent of z's operand k, or zeros where it has none. For rules of forward mode. */
ct_tensor *ct_tangent(const char *at, const ct_tensor *z, ct_tensor *const *tangents, int k);
/* Sums g over the axes that broadcasting `like` to g's shape would repeat. */
ct_tensor *ct_sum_to(const char *at, ct_tensor *g, const ct_tensor *like);

/* Cotangents v^T dy/d(inputs[i]) as nodes; zero where y does not depend on an input. False with an error raised. */
bool ct_pull_back(const char *op, const char *at, ct_tensor *y, ct_tensor *v, ct_list inputs, ct_tensor **results);

/* While ct_stop_at_nonfinite(): false, with an error, when z's result or operand k's cotangent is not finite. */
bool ct_hunt_result(const ct_tensor *z);
bool ct_hunt_cotangent(const ct_tensor *z, int k);
static inline bool ct_check_result(const ct_tensor *z) { return !ct_this.hunting || ct_hunt_result(z); }
static inline bool ct_check_cotangent(const ct_tensor *z, int k) { return !ct_this.hunting || ct_hunt_cotangent(z, k); }

/* Whether operand k is floating, and operands j and k have one dtype; both raise in z's name. */
bool ct_op_floating(const ct_tensor *z, int k);
bool ct_op_same_dtype(const ct_tensor *z, int j, int k);
/* Normalises a possibly negative axis; false when outside of [-n, n). */
bool ct_resolve_axis(int axis, int ndim, int *out);
/* Bit i set for each axis i in `axes`; raises in z's name. */
bool ct_resolve_axes(const ct_tensor *z, const ct_axes *axes, int ndim, unsigned *mask);
/* NumPy's rule for n shapes; false when they do not fit. */
bool ct_broadcast_shapes(int n, ct_tensor *const *in, ct_shape *shape);

/* ---- group.c: which tensors were computed for what ------------------------------------------------------------- */

/* Writes the name of a group's owner. */
typedef void ct_group_namer(const void *owner, char *text, size_t size);

/* The tensors numbered from `first` to `end` - 1, in the memory of the scope where it began. */
typedef struct ct_group_span {
    const char *name;             /* NULL: what `namer` writes */
    ct_group_namer *namer;
    const void *owner;            /* lives as long as the scope */
    uint32_t first, end;          /* end: UINT32_MAX until it has ended */
    uint32_t number;              /* as in ct_group */
    struct ct_group_span *parent; /* NULL: in no other group */
    struct ct_group_span *older;  /* the one begun before, NULL at the end */
} ct_group_span;

/* As ct_begin_group() for a part with an owner, of which the name is made when somebody wants to see it. Outside
 * every scope there is nothing to group, which is no error. */
ct_group ct_begin_group_of(const char *at, ct_group_namer *namer, const void *owner);
const char *ct_group_name(const ct_group_span *group, char text[CT_DESCRIPTION]);

/* ---- elementwise.c: kernels from ops.def --------------------------------------------------------------------- */

void ct_elementwise_forward(ct_tensor *z);
/* gx (z's full shape) = or += the rule of operand k. */
void ct_elementwise_backward(ct_tensor *z, int k, const void *g, void *gx, bool add);
/* out += g, n elements of a floating dtype. */
void ct_add_into(ct_dtype dtype, int64_t n, const void *g, void *out);

#endif
