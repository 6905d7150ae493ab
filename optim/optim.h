/* optim/: optimisers, schedules of their learning rates, clipping of gradients.
 *
 * An optimiser moves leaves against the gradients that ct_backward() left in them:
 *
 *     ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3});
 *     ... in each scope: ct_backward(loss), ct_step(opt) ...
 *     ct_optim_free(opt);
 *
 * It works on any list of leaves, which must live as long as it does: ct_sgd(CT_LIST(w, b), ...).
 */
#ifndef COTANGENT_OPTIM_H
#define COTANGENT_OPTIM_H

#include <cotangent/autograd/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_optim ct_optim; /* owns its state, not the parameters */

/* One step for each parameter that a backward pass has reached since the last; then clears all gradients, so the next
 * pass starts afresh. While an error is pending nothing moves, the gradients being those of a failed pass: they are
 * cleared, and the result is false. Allocates nothing. */
CT_API bool ct_step_at(const char *at, ct_optim *opt);
#define ct_step(...) ct_step_at(CT_PLACE("ct_step: "), __VA_ARGS__)

/* Computes the loss that is to become less, a tensor of one element; `context` is the caller's. */
typedef ct_tensor *ct_closure(void *context);

/* A step of an optimiser that looks at the loss itself, ct_lbfgs() as often as it needs to: opens a scope, calls the
 * closure, differentiates what it returns. Every other optimiser looks once and steps. Returns the loss before the
 * step; NaN when an error is pending, and then the parameters are as before. */
CT_API double ct_step_closure_at(const char *at, ct_optim *opt, ct_closure *closure, void *context);
#define ct_step_closure(...) ct_step_closure_at(CT_PLACE("ct_step_closure: "), __VA_ARGS__)

/* Adds a group of parameters with a learning rate and a weight decay of its own; the constructor's parameters are the
 * first group. False, with an error, when a parameter is there already or as for constructors; nothing is added then.
 * ct_lbfgs() has one group; ct_rprop() knows no weight decay but 0. */
CT_API bool ct_optim_add_group_at(const char *at, ct_optim *opt, ct_list parameters, double lr, double weight_decay);
#define ct_optim_add_group(...) ct_optim_add_group_at(CT_PLACE("ct_optim_add_group: "), __VA_ARGS__)

CT_API double ct_learning_rate(const ct_optim *opt); /* of the first group; of NULL: NaN */
/* Of all groups, for the steps to come; 0 or more. False, with an error, when it is not, or opt is NULL. */
CT_API bool ct_set_learning_rate_at(const char *at, ct_optim *opt, double lr);
#define ct_set_learning_rate(...) ct_set_learning_rate_at(CT_PLACE("ct_set_learning_rate: "), __VA_ARGS__)

CT_API void ct_optim_free(ct_optim *opt); /* NULL is fine */

/* All that steps have left behind, learning rates included, as labelled tensors: "steps.0", "m.0", "lr.0" and so on,
 * counting parameters and groups. They are the optimiser's and show its state at any time; the list is good until
 * parameters are added. What was made with the same options goes on with the same bits after ct_optim_load(). */
CT_API ct_list ct_optim_state(const ct_optim *opt);
/* Copies such a state from tensors with the same labels, dtypes and shapes, in any order. False, with an error and
 * without a change, when they are others. */
CT_API bool ct_optim_load_at(const char *at, ct_optim *opt, ct_list state);
#define ct_optim_load(...) ct_optim_load_at(CT_PLACE("ct_optim_load: "), __VA_ARGS__)

/* ---- gradients ---------------------------------------------------------------------------------------------- */
/* Between ct_backward() and ct_step(). NaN and false, with an error, when the bound is not positive. */

/* Multiplies all gradients of the list by max_norm / (norm + 1e-6) where that is less than 1; the norm is the root of
 * the sum of the squares of them all, and is returned. */
CT_API double ct_clip_grad_norm_at(const char *at, ct_list parameters, double max_norm);
/* Limits every element of the gradients to [-max_value, max_value]. */
CT_API bool ct_clip_grad_value_at(const char *at, ct_list parameters, double max_value);
#define ct_clip_grad_norm(...) ct_clip_grad_norm_at(CT_PLACE("ct_clip_grad_norm: "), __VA_ARGS__)
#define ct_clip_grad_value(...) ct_clip_grad_value_at(CT_PLACE("ct_clip_grad_value: "), __VA_ARGS__)

#include <cotangent/optim/optimizers.h>

#include <cotangent/optim/schedules.h>

#ifdef __cplusplus
}
#endif
#endif
