/* The loops of convolutions. */
#include "autograd/ops/conv_kernels.h"
#include "tensor/vectors.h"

#include <string.h>

/* Accumulators fill the registers: BLOCK rows of WIDE vectors, or DOTS_G by DOTS_X of them. */
#if defined(__AVX512F__)
#define BLOCK 8
#define WIDE 3
#define DOTS_X 6
#else
#define BLOCK 4
#define WIDE 2
#define DOTS_X 2
#endif
#define DOTS_G 4
#define LONG 8 /* vectors of a single row */

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/conv_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/conv_loops.inc"

#define LOOPS(type)                                                                                                  \
    {                                                                                                                \
        .block = BLOCK, .pack = pack_##type, .put = put_##type, .weave = weave_##type,                               \
        .correlate = correlate_##type, .dots = dots_##type                                                           \
    }
const ct_conv_table CT_ISA_NAME(ct_conv_kernels) = {.of = {[CT_F32] = LOOPS(f32), [CT_F64] = LOOPS(f64)}};
