/* optim/: optimisers.
 *
 * An optimiser moves leaves against the gradients that ct_backward() left in them:
 *
 *     ct_optim *opt = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-3});
 *     ... in each scope: ct_backward(loss), ct_step(opt) ...
 *     ct_optim_free(opt);
 *
 * It works on any list of leaves, which must live as long as it does: ct_sgd(CT_LIST(w, b), ...). Below, x is a
 * parameter and d its gradient plus weight_decay * x (an L2 penalty of weight_decay / 2 * x^2). Options that are zero
 * have the value in brackets; only lr must be given.
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
 * cleared, and the result is false. */
CT_API bool ct_step_at(const char *at, ct_optim *opt);
#define ct_step(...) ct_step_at(CT_HERE, __VA_ARGS__)

CT_API double ct_learning_rate(const ct_optim *opt); /* of NULL: NaN */
/* For the steps to come; 0 or more. False, with an error, when it is not, or opt is NULL. */
CT_API bool ct_set_learning_rate_at(const char *at, ct_optim *opt, double lr);
#define ct_set_learning_rate(...) ct_set_learning_rate_at(CT_HERE, __VA_ARGS__)

CT_API void ct_optim_free(ct_optim *opt); /* NULL is fine */

/* ---- the optimisers ----------------------------------------------------------------------------------------- */
/* Each is NULL, with an error, when the list is empty or holds what is no leaf, or an option is out of range. */

/* Stochastic gradient descent: v' = momentum v + d, x' = x - lr v'; with nesterov x' = x - lr (d + momentum v'). */
typedef struct ct_sgd_options {
    double lr;
    double momentum;     /* (0) 0.9 is usual */
    double weight_decay; /* (0) */
    bool nesterov;       /* (false) changes nothing without momentum */
} ct_sgd_options;
CT_API ct_optim *ct_sgd_at(const char *at, ct_list parameters, const ct_sgd_options *options);
#define ct_sgd(...) ct_sgd_at(CT_HERE, __VA_ARGS__)

/* Adam: m' = beta1 m + (1 - beta1) d, v' = beta2 v + (1 - beta2) d^2, and in step t
 * x' = x - lr (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + eps). */
typedef struct ct_adam_options {
    double lr;           /* 1e-3 is usual */
    double beta1;        /* (0.9) less than 1 */
    double beta2;        /* (0.999) less than 1 */
    double eps;          /* (1e-8) */
    double weight_decay; /* (0) */
} ct_adam_options;
CT_API ct_optim *ct_adam_at(const char *at, ct_list parameters, const ct_adam_options *options);
#define ct_adam(...) ct_adam_at(CT_HERE, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
