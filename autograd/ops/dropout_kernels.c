/* The loops of ct_dropout. */
#include "autograd/ops/dropout_kernels.h"

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/dropout_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/dropout_loops.inc"

const ct_dropout_table CT_ISA_NAME(ct_dropout_kernels) = {
    .of = {[CT_F32] = {.draw = draw_f32, .apply = apply_f32}, [CT_F64] = {.draw = draw_f64, .apply = apply_f64}},
};
