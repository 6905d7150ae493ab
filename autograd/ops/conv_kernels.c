/* The loops of convolutions. Compiled with -ffp-contract=fast: sums are made of fused multiply-adds where the
 * processor has them, as those of BLAS are. */
#include "autograd/ops/conv_kernels.h"

#include <string.h>

/* Accumulators fill the registers: BLOCK rows of WIDE vectors, or DOTS_G by DOTS_X of them. */
#if defined(__AVX512F__)
#define VECTOR 64 /* bytes */
#define BLOCK 8
#define WIDE 3
#define DOTS_G 4
#define DOTS_X 6
#elif defined(__AVX__)
#define VECTOR 32
#define BLOCK 4
#define WIDE 2
#define DOTS_G 4
#define DOTS_X 2
#else
#define VECTOR 16
#define BLOCK 4
#define WIDE 2
#define DOTS_G 4
#define DOTS_X 2
#endif
#define LONG 8 /* vectors of a single row */

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* Keeps gcc from loading a vector anew for each use. */
#if defined(__x86_64__)
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v)
#endif

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/conv_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/conv_loops.inc"

#define LOOPS(type)                                                                                                  \
    { .block = BLOCK, .pack = pack_##type, .correlate = correlate_##type, .dots = dots_##type, .put = put_##type }
const ct_conv_table CT_ISA_NAME(ct_conv_kernels) = {.of = {[CT_F32] = LOOPS(f32), [CT_F64] = LOOPS(f64)}};
