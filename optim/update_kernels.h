/* The loops that move a parameter, and those that change gradients before, per instruction set. */
#ifndef COTANGENT_OPTIM_UPDATE_KERNELS_H
#define COTANGENT_OPTIM_UPDATE_KERNELS_H

#include "optim/internal.h"
#include "tensor/isa.h"

#include <math.h>

/* A part of one step of one parameter. */
typedef struct ct_update {
    int64_t n;                  /* elements */
    void *x;                    /* (n) the parameter */
    const void *g;              /* (n) its gradient */
    void *state[CT_MAX_STATES]; /* as the optimiser's row lists them: (n) each, or one f64; NULL where not kept */
    int64_t t;                  /* this parameter's steps, this one included */
    double lr;                  /* of the parameter's group */
    double weight_decay;        /* likewise */
    const void *options;        /* the optimiser's struct, presets filled in */
} ct_update;

typedef void ct_update_loop(const ct_update *u);

/* On the n elements of a gradient; by dtype, of the floating ones. */
typedef struct ct_gradient_table {
    double (*sum_of_squares[CT_DTYPE_COUNT])(int64_t n, const void *g);
    void (*scale[CT_DTYPE_COUNT])(int64_t n, void *g, double factor);
    void (*clamp[CT_DTYPE_COUNT])(int64_t n, void *g, double bound); /* to [-bound, bound]; NaN stays */
} ct_gradient_table;

typedef struct ct_update_table {
    ct_update_loop *loop[CT_OPTIMIZER_COUNT][CT_DTYPE_COUNT]; /* of the floating dtypes */
    ct_gradient_table gradient;
} ct_update_table;

CT_ISA_TABLE(ct_update_table, ct_updates)

/* NAdam's momentum in step t, which grows from beta1 / 2 to beta1. */
static inline double ct_nadam_momentum(const ct_nadam_options *o, int64_t t) {
    return o->beta1 * (1 - 0.5 * pow(0.96, (double)t * o->momentum_decay));
}

#endif
