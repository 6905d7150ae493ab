/* optim/: the optimisers. A part of optim.h; include that.
 *
 * Each constructor is NULL, with an error, when the list is empty or holds what is no leaf, or an option is out of
 * range. Options that are zero have the value in brackets, CT_ZERO is zero; only lr must be given. Below, x is a
 * parameter and d its gradient plus weight_decay * x (an L2 penalty of weight_decay / 2 * x^2), t the number of the
 * step from 1 on. The numbers are PyTorch's.
 */
#ifndef COTANGENT_OPTIMIZERS_H
#define COTANGENT_OPTIMIZERS_H

/* Stochastic gradient descent: v' = momentum v + d, x' = x - lr v'; with nesterov x' = x - lr (d + momentum v'). */
typedef struct ct_sgd_options {
    double lr;
    double momentum;     /* (0) 0.9 is usual */
    double weight_decay; /* (0) */
    bool nesterov;       /* (false) changes nothing without momentum */
} ct_sgd_options;
CT_API ct_optim *ct_sgd_at(const char *at, ct_list parameters, const ct_sgd_options *options);
#define ct_sgd(...) ct_sgd_at(CT_PLACE("ct_sgd: "), __VA_ARGS__)

/* Adam: m' = beta1 m + (1 - beta1) d, v' = beta2 v + (1 - beta2) d^2,
 * x' = x - lr (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + eps). */
typedef struct ct_adam_options {
    double lr;           /* 1e-3 is usual */
    double beta1;        /* (0.9) less than 1 */
    double beta2;        /* (0.999) less than 1 */
    double eps;          /* (1e-8) */
    double weight_decay; /* (0); of ct_adamw() (0.01) */
} ct_adam_options;
CT_API ct_optim *ct_adam_at(const char *at, ct_list parameters, const ct_adam_options *options);
#define ct_adam(...) ct_adam_at(CT_PLACE("ct_adam: "), __VA_ARGS__)

/* Adam whose weight decay is no part of d, but x is multiplied by 1 - lr weight_decay before the step. */
typedef ct_adam_options ct_adamw_options;
CT_API ct_optim *ct_adamw_at(const char *at, ct_list parameters, const ct_adamw_options *options);
#define ct_adamw(...) ct_adamw_at(CT_PLACE("ct_adamw: "), __VA_ARGS__)

/* Adam with the largest v' so far in the place of v'. */
typedef ct_adam_options ct_amsgrad_options;
CT_API ct_optim *ct_amsgrad_at(const char *at, ct_list parameters, const ct_amsgrad_options *options);
#define ct_amsgrad(...) ct_amsgrad_at(CT_PLACE("ct_amsgrad: "), __VA_ARGS__)

/* Adam with Nesterov's momentum mu(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), whose product so far is p(t):
 * x' = x - lr ((1 - mu(t)) / (1 - p(t)) d + mu(t+1) / (1 - p(t+1)) m') / (sqrt(v' / (1 - beta2^t)) + eps). */
typedef struct ct_nadam_options {
    double lr; /* 2e-3 is usual */
    double beta1, beta2, eps, weight_decay; /* as ct_adam() */
    double momentum_decay;                  /* (4e-3) */
} ct_nadam_options;
CT_API ct_optim *ct_nadam_at(const char *at, ct_list parameters, const ct_nadam_options *options);
#define ct_nadam(...) ct_nadam_at(CT_PLACE("ct_nadam: "), __VA_ARGS__)

/* Adam whose adaptive rate sets in when its variance is tractable, rectified by
 * r(t) = sqrt((l - 4) (l - 2) L / ((L - 4) (L - 2) l)), L = 2 / (1 - beta2) - 1, l = L - 2 t beta2^t / (1 - beta2^t):
 * x' = x - lr m' / (1 - beta1^t) sqrt(1 - beta2^t) r(t) / (sqrt(v') + eps) where l > 5, else the same without what
 * follows the first fraction. */
typedef ct_adam_options ct_radam_options;
CT_API ct_optim *ct_radam_at(const char *at, ct_list parameters, const ct_radam_options *options);
#define ct_radam(...) ct_radam_at(CT_PLACE("ct_radam: "), __VA_ARGS__)

/* Adagrad: s' = s + d^2, x' = x - lr / (1 + (t - 1) lr_decay) d / (sqrt(s') + eps). */
typedef struct ct_adagrad_options {
    double lr;           /* 1e-2 is usual */
    double lr_decay;     /* (0) */
    double initial;      /* (0) value of s */
    double eps;          /* (1e-10) */
    double weight_decay; /* (0) */
} ct_adagrad_options;
CT_API ct_optim *ct_adagrad_at(const char *at, ct_list parameters, const ct_adagrad_options *options);
#define ct_adagrad(...) ct_adagrad_at(CT_PLACE("ct_adagrad: "), __VA_ARGS__)

/* RMSprop: v' = alpha v + (1 - alpha) d^2, x' = x - lr d / (sqrt(v') + eps); when centered, v' less the square of the
 * mean gradient m' = alpha m + (1 - alpha) d in the place of v'. With momentum, velocity' = momentum velocity + the
 * fraction, x' = x - lr velocity'. */
typedef struct ct_rmsprop_options {
    double lr;           /* 1e-2 is usual */
    double alpha;        /* (0.99) less than 1 */
    double eps;          /* (1e-8) */
    double momentum;     /* (0) */
    double weight_decay; /* (0) */
    bool centered;       /* (false) */
} ct_rmsprop_options;
CT_API ct_optim *ct_rmsprop_at(const char *at, ct_list parameters, const ct_rmsprop_options *options);
#define ct_rmsprop(...) ct_rmsprop_at(CT_PLACE("ct_rmsprop: "), __VA_ARGS__)

/* Adadelta: v' = rho v + (1 - rho) d^2, step = sqrt(u + eps) / sqrt(v' + eps) d, u' = rho u + (1 - rho) step^2,
 * x' = x - lr step. */
typedef struct ct_adadelta_options {
    double lr;           /* 1 is usual */
    double rho;          /* (0.9) less than 1 */
    double eps;          /* (1e-6) */
    double weight_decay; /* (0) */
} ct_adadelta_options;
CT_API ct_optim *ct_adadelta_at(const char *at, ct_list parameters, const ct_adadelta_options *options);
#define ct_adadelta(...) ct_adadelta_at(CT_PLACE("ct_adadelta: "), __VA_ARGS__)

/* Rprop, for whole batches: each element has a step, lr at first, that grows while the sign of its gradient stays and
 * shrinks when it changes; x moves by the step against the sign, and not at all when it has changed. */
typedef struct ct_rprop_options {
    double lr;       /* 1e-2 is usual; later changes of the learning rate have no effect */
    double shrink;   /* (0.5) less than 1 */
    double grow;     /* (1.2) 1 or more */
    double step_min; /* (1e-6) */
    double step_max; /* (50) */
} ct_rprop_options;
CT_API ct_optim *ct_rprop_at(const char *at, ct_list parameters, const ct_rprop_options *options);
#define ct_rprop(...) ct_rprop_at(CT_PLACE("ct_rprop: "), __VA_ARGS__)

/* L-BFGS, for whole batches and few parameters, by ct_step_closure(). One step is several iterations, each in the
 * direction -H d with H made from the last `history` changes of x and d, and of length lr, or with strong_wolfe of a
 * length that a line search beginning at lr finds. It keeps 2 history + 7 f64 for each element. */
typedef struct ct_lbfgs_options {
    double lr;                 /* 1 is usual */
    int64_t iterations;        /* (20) of a step, at most */
    int64_t evaluations;       /* (5/4 of the iterations) of the loss in a step; a line search is not cut short */
    int64_t history;           /* (10) */
    double gradient_tolerance; /* (1e-7) a step ends when no element of the gradient is larger */
    double change_tolerance;   /* (1e-9) or when neither loss nor parameters change more */
    bool strong_wolfe;         /* (false) search along the line */
} ct_lbfgs_options;
CT_API ct_optim *ct_lbfgs_at(const char *at, ct_list parameters, const ct_lbfgs_options *options);
#define ct_lbfgs(...) ct_lbfgs_at(CT_PLACE("ct_lbfgs: "), __VA_ARGS__)

#endif
