/* Each optimiser's loop for f32 and f64, one pass over memory; and the loops over gradients. */
#include "optim/update_kernels.h"

#include <tgmath.h>

#define T float
#define NAMED(name) name##_f32
#include "optim/update_loops.inc"
#include "optim/gradient_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "optim/update_loops.inc"
#include "optim/gradient_loops.inc"

#define BOTH(name) {[CT_F32] = name##_f32, [CT_F64] = name##_f64}
const ct_update_table CT_ISA_NAME(ct_updates) = {
    .loop = {
#define CT_OPTIMIZER(symbol, ...) [CT_OPTIMIZER_##symbol] = BOTH(symbol),
#define CT_OPTIMIZER_WHOLE(symbol, ...)
#include "optim/optimizers.def"
#undef CT_OPTIMIZER
    },
    .gradient = {.sum_of_squares = BOTH(sum_of_squares), .scale = BOTH(scale), .clamp = BOTH(clamp)},
};
