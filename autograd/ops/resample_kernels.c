/* The loops of ct_resample. */
#include "autograd/ops/resample_kernels.h"

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/resample_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/resample_loops.inc"

const ct_resample_table CT_ISA_NAME(ct_resample_kernels) = {.apply = {[CT_F32] = apply_f32, [CT_F64] = apply_f64}};
