/* The loops of convolutions. Sums are made of fused multiply-adds where the processor has them, as those of BLAS are;
 * written out, so that every tile of a sum gives the same bits. */
#include "autograd/ops/conv_kernels.h"

#include <string.h>
#if defined(__FMA__)
#include <immintrin.h>
#endif

/* Accumulators fill the registers: BLOCK rows of WIDE vectors, or DOTS_G by DOTS_X of them. FUSED_f32(a, b, c) is
 * a * b + c of vectors. */
#if defined(__AVX512F__)
#define VECTOR 64 /* bytes */
#define BLOCK 8
#define WIDE 3
#define DOTS_X 6
#define FUSED_f32 _mm512_fmadd_ps
#define FUSED_f64 _mm512_fmadd_pd
#else
#define BLOCK 4
#define WIDE 2
#define DOTS_X 2
#if defined(__FMA__)
#define VECTOR 32
#define FUSED_f32 _mm256_fmadd_ps
#define FUSED_f64 _mm256_fmadd_pd
#else
#define VECTOR 16
#define FUSED_f32(a, b, c) ((a) * (b) + (c))
#define FUSED_f64 FUSED_f32
#endif
#endif
#define DOTS_G 4
#define LONG 8 /* vectors of a single row */

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* Keeps a compiler from loading a vector anew for each use. */
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
    {                                                                                                                \
        .block = BLOCK, .pack = pack_##type, .put = put_##type, .weave = weave_##type,                               \
        .correlate = correlate_##type, .dots = dots_##type                                                           \
    }
const ct_conv_table CT_ISA_NAME(ct_conv_kernels) = {.of = {[CT_F32] = LOOPS(f32), [CT_F64] = LOOPS(f64)}};
