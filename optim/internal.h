/* optim/: what an optimiser and a schedule are made of. */
#ifndef COTANGENT_OPTIM_INTERNAL_H
#define COTANGENT_OPTIM_INTERNAL_H

#include "optim/optim.h"
#include "tensor/internal.h"

#define CT_MAX_STATES 4

typedef enum ct_optimizer_id {
#define CT_OPTIMIZER(symbol, ...) CT_OPTIMIZER_##symbol,
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
    CT_OPTIMIZER_COUNT
} ct_optimizer_id;

/* ---- state.c: tensors that outlive every scope and make up a state that can be saved ------------------------- */

typedef struct ct_state {
    int n;
    ct_tensor **items; /* owned, labelled, no two alike */
    size_t capacity;
} ct_state;

/* A tensor with all elements `initial`; the label is "name", or "name.place" when place >= 0. NULL, with an error
 * raised in the name of `op`. */
ct_tensor *ct_state_add(const char *op, const char *at, ct_state *state, const char *name, int place, ct_dtype dtype,
                        ct_shape shape, double initial);
void ct_state_cut(ct_state *state, int n); /* frees all but the first n */
void ct_state_free(ct_state *state);
/* Copies the values of `from`, which must have the same labels, dtypes and shapes; else false with an error raised,
 * and nothing changed. */
bool ct_state_load(const char *op, const char *at, const ct_state *state, ct_list from);

/* ---- the optimiser ------------------------------------------------------------------------------------------ */

typedef union ct_optim_options {
#define CT_OPTIMIZER(symbol, ...) symbol##_options symbol;
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
} ct_optim_options;

/* What a row of optimizers.def keeps for each parameter. */
typedef struct ct_state_spec {
    const char *name; /* NULL ends the list */
    bool kept;
    bool number;    /* one f64 instead of an array like the parameter */
    double initial; /* NaN: the group's learning rate */
} ct_state_spec;

typedef struct ct_slot {
    ct_tensor *parameter;            /* a leaf of somebody else's */
    ct_tensor *state[CT_MAX_STATES]; /* as the optimiser's row lists them; NULL where not kept */
    ct_tensor *steps;                /* 0-d i64: taken by this parameter */
    int group;
} ct_slot;

typedef struct ct_optim_group {
    ct_tensor *lr; /* 0-d f64 */
    double weight_decay;
} ct_optim_group;

typedef struct ct_lbfgs ct_lbfgs;

struct ct_optim {
    ct_optimizer_id id;
    const char *name;         /* "ct_adam" */
    ct_optim_options options; /* presets filled in */
    bool decays;              /* knows weight decay */
    ct_state_spec specs[CT_MAX_STATES + 1];
    ct_state state;           /* of the slots and groups, and of lbfgs */
    ct_slot *slots;
    size_t slot_capacity;
    int n;
    ct_optim_group *groups;
    size_t group_capacity;
    int n_groups;
    ct_lbfgs *lbfgs;    /* of ct_lbfgs() only */
    unsigned jobs_seen; /* ct_jobs_shared() when the last step was over */
};

static inline double ct_optim_group_lr(const ct_optim_group *g) { return g->lr->item.f64; }

/* lbfgs.c */
bool ct_lbfgs_new(const char *at, ct_optim *opt);
void ct_lbfgs_free(ct_lbfgs *lbfgs);
double ct_lbfgs_step(const char *at, ct_optim *opt, ct_closure *closure, void *context);

/* Evaluates the closure, and its gradients afresh, in a scope of its own; NaN when an error is pending. step.c */
double ct_evaluate_closure(const char *at, const ct_optim *opt, ct_closure *closure, void *context);
void ct_clear_gradients(const ct_optim *opt);

#endif
