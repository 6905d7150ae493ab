/* Optimisers by the rows of their table. */
#ifndef COTANGENT_TESTS_OPTIMIZERS_H
#define COTANGENT_TESTS_OPTIMIZERS_H

#include "optim/internal.h"

/* The optimiser of a row with its presets. */
static inline ct_optim *support_optimizer(ct_optimizer_id id, ct_list parameters, double lr) {
    switch (id) {
#define CT_OPTIMIZER(symbol, ...) case CT_OPTIMIZER_##symbol: return symbol(parameters, &(symbol##_options){.lr = lr});
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
    default: return NULL;
    }
}

#endif
