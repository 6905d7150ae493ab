/* The loops that move a parameter, per instruction set. */
#ifndef COTANGENT_OPTIM_UPDATE_KERNELS_H
#define COTANGENT_OPTIM_UPDATE_KERNELS_H

#include "optim/optim.h"
#include "tensor/internal.h"
#include "tensor/isa.h"

#define CT_MAX_STATES 4

typedef enum ct_optimizer_id {
#define CT_OPTIMIZER(symbol, ...) CT_OPTIMIZER_##symbol,
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
    CT_OPTIMIZER_COUNT
} ct_optimizer_id;

/* A part of one step of one parameter. */
typedef struct ct_update {
    int64_t n;                  /* elements */
    void *x;                    /* (n) the parameter */
    const void *g;              /* (n) its gradient */
    void *state[CT_MAX_STATES]; /* (n) each; NULL beyond those that the optimiser keeps */
    int64_t t;                  /* this parameter's steps, this one included */
    double lr;
    const void *options; /* the optimiser's struct, presets filled in */
} ct_update;

typedef void ct_update_loop(const ct_update *u);

typedef struct ct_update_table {
    ct_update_loop *loop[CT_OPTIMIZER_COUNT][CT_DTYPE_COUNT]; /* of the floating dtypes */
} ct_update_table;

CT_ISA_TABLE(ct_update_table, ct_updates)

#endif
