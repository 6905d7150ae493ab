/* autograd/: operations on tensors, and derivatives of what was computed with them.
 *
 * An operation is recorded as it is computed; ct_backward() then walks the record backwards. All operations, and the
 * functions that are composed of them, are declared in autograd/ops.h, made from ops.def: `ct_tensor *ct_mul(x, y)` and
 * so on. They broadcast as NumPy does; operands must be of one dtype, except that of two operands a 0-d one takes the
 * dtype of a larger one, and a number like ct_scalar(2) that of anything else. What they are told besides tensors is in
 * arguments.h, windows.h and subscripts.h.
 */
#ifndef COTANGENT_AUTOGRAD_H
#define COTANGENT_AUTOGRAD_H

#include <cotangent/tensor/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <cotangent/autograd/arguments.h>
#include <cotangent/autograd/subscripts.h>
#include <cotangent/autograd/windows.h>

/* ---- leaves ------------------------------------------------------------------------------------------------- */

/* A 0-d f64 leaf with a label (NULL for none). */
CT_API ct_tensor *ct_var_at(const char *at, double value, const char *label);
#define ct_var(...) ct_var_at(CT_PLACE("ct_var: "), __VA_ARGS__)

/* Makes a floating constant a leaf: backward passes accumulate into its gradient. Returns `t`, so it nests. An error
 * for a computed tensor, which has its gradient anyway, and for an integer one. */
CT_API ct_tensor *ct_requires_grad_at(const char *at, ct_tensor *t);
#define ct_requires_grad(...) ct_requires_grad_at(CT_PLACE("ct_requires_grad: "), __VA_ARGS__)

/* A 0-d or larger leaf owned by the caller (a module, an optimiser), outside every scope; freed with ct_free(). Its
 * elements are zero. */
CT_API ct_tensor *ct_parameter_at(const char *at, ct_dtype dtype, ct_shape shape, const char *label);
#define ct_parameter(...) ct_parameter_at(CT_PLACE("ct_parameter: "), __VA_ARGS__)

/* As ct_begin(), for evaluation: no result of this scope needs or passes on a gradient. */
CT_API ct_scope ct_begin_no_grad(void);

/* A part of a computation: inputs to its result. `context` is the caller's. */
typedef ct_tensor *ct_section(ct_list inputs, void *context);

#include <cotangent/autograd/op.h>
#include <cotangent/autograd/ops.h>

/* ---- derivatives -------------------------------------------------------------------------------------------- */

/* Gradients of the one-element tensor f: added to those of the leaves, and new in everything computed between. False,
 * with an error that ct_end() reports too, when f is NULL, larger, or depends on no leaf. When the pass
 * fails on its way, being out of memory, the leaves that it reached have no gradient. */
CT_API bool ct_backward_at(const char *at, ct_tensor *f);
#define ct_backward(...) ct_backward_at(CT_PLACE("ct_backward: "), __VA_ARGS__)
/* The same for a tensor f of any shape with the cotangent `seed` of f's shape and dtype. */
CT_API bool ct_backward_from_at(const char *at, ct_tensor *f, ct_tensor *seed);
#define ct_backward_from(...) ct_backward_from_at(CT_PLACE("ct_backward_from: "), __VA_ARGS__)

/* The gradient that the last pass left in t (for a leaf: the sum since it was cleared), as a constant that aliases
 * it; NULL with an error when no pass reached t. */
CT_API ct_tensor *ct_gradient_at(const char *at, ct_tensor *t);
#define ct_gradient(...) ct_gradient_at(CT_PLACE("ct_gradient: "), __VA_ARGS__)
CT_API bool ct_has_gradient(const ct_tensor *t);
CT_API bool ct_needs_gradient(const ct_tensor *t); /* a leaf, or computed from one */
CT_API void ct_zero_gradient(ct_tensor *leaf);     /* forgets what a leaf has accumulated; NULL is fine */

/* Derivatives as tensors, differentiable again; they leave the accumulated gradients alone. Where y does not depend
 * on x the result is zero. Shapes are those of x for ct_grad, ct_vjp and ct_hvp, of y for ct_jvp. */
CT_API ct_tensor *ct_grad_at(const char *at, ct_tensor *f, ct_tensor *x);                 /* df/dx, f of one element */
CT_API bool ct_grads_at(const char *at, ct_tensor *f, ct_list xs, ct_tensor **gradients); /* one pass for several */
CT_API ct_tensor *ct_vjp_at(const char *at, ct_tensor *y, ct_tensor *x, ct_tensor *v);    /* v^T dy/dx, v like y */
CT_API ct_tensor *ct_jvp_at(const char *at, ct_tensor *y, ct_tensor *x, ct_tensor *v);    /* dy/dx v, v like x */
CT_API ct_tensor *ct_hvp_at(const char *at, ct_tensor *f, ct_tensor *x, ct_tensor *v);    /* d2f/dx2 v, v like x */
CT_API ct_tensor *ct_jacobian_at(const char *at, ct_tensor *y, ct_tensor *x);             /* (y's shape, x's shape) */
CT_API ct_tensor *ct_hessian_at(const char *at, ct_tensor *f, ct_tensor *x);              /* (x's shape, x's shape) */
#define ct_grad(...) ct_grad_at(CT_PLACE("ct_grad: "), __VA_ARGS__)
#define ct_grads(...) ct_grads_at(CT_PLACE("ct_grads: "), __VA_ARGS__)
#define ct_vjp(...) ct_vjp_at(CT_PLACE("ct_vjp: "), __VA_ARGS__)
#define ct_jvp(...) ct_jvp_at(CT_PLACE("ct_jvp: "), __VA_ARGS__)
#define ct_hvp(...) ct_hvp_at(CT_PLACE("ct_hvp: "), __VA_ARGS__)
#define ct_jacobian(...) ct_jacobian_at(CT_PLACE("ct_jacobian: "), __VA_ARGS__)
#define ct_hessian(...) ct_hessian_at(CT_PLACE("ct_hessian: "), __VA_ARGS__)

/* Computes again, in place and without allocating, all that was computed in the innermost scope up to `t`: after
 * ct_set() on its inputs or a step of the optimiser. ct_backward() may follow. False on an error. */
CT_API bool ct_replay_at(const char *at, ct_tensor *t);
#define ct_replay(...) ct_replay_at(CT_PLACE("ct_replay: "), __VA_ARGS__)

/* From now on this thread stops at the first op whose result or cotangent is infinite or NaN: an error with the op, its
 * operands' values at that element and the caller's place. Returns what was set before. */
CT_API bool ct_stop_at_nonfinite(bool on);

/* ---- groups -------------------------------------------------------------------------------------------------- */

/* A name for a part of a computation, that drawings show as a box around it: what this thread computes from now to
 * ct_end_group(), or to the end of the scope. Groups nest; ending one ends those within. ct_forward() makes one for
 * each module. The name is copied; on failure, with an error raised, the group is none, which may be ended. */
typedef struct ct_group {
    uint32_t number; /* 0: none */
} ct_group;
CT_API ct_group ct_begin_group_at(const char *at, const char *name);
CT_API void ct_end_group_at(const char *at, ct_group group);
#define ct_begin_group(...) ct_begin_group_at(CT_PLACE("ct_begin_group: "), __VA_ARGS__)
#define ct_end_group(...) ct_end_group_at(CT_PLACE("ct_end_group: "), __VA_ARGS__)

/* ---- looking at the record ---------------------------------------------------------------------------------- */

CT_API const char *ct_op_of(const ct_tensor *t);      /* "ct_mul"; NULL for leaves and constants */
CT_API const char *ct_formula_of(const ct_tensor *t); /* "x * y"; likewise */
CT_API int ct_operand_count(const ct_tensor *t);
CT_API ct_tensor *ct_operand(const ct_tensor *t, int k);
CT_API const char *ct_place_of(const ct_tensor *t);   /* "model.c:41", where t was made; NULL when unknown */

#ifdef __cplusplus
}
#endif
#endif
