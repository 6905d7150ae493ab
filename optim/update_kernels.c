/* Each optimiser's loop for f32 and f64, one pass over memory. */
#include "optim/update_kernels.h"

#include <tgmath.h>

#define T float
#define NAMED(name) name##_f32
#include "optim/update_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "optim/update_loops.inc"

const ct_update_table CT_ISA_NAME(ct_updates) = {
    .loop = {
#define CT_OPTIMIZER(symbol, ...) [CT_OPTIMIZER_##symbol] = {[CT_F32] = symbol##_f32, [CT_F64] = symbol##_f64},
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
    },
};
