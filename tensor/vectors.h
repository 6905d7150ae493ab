/* For *_kernels.c whose loops name the registers they want: vectors of the instruction set being compiled for, and sums
 * of products made of fused multiply-adds where the processor has them, written out, so that every way to cut a sum
 * of products into tiles gives the same bits. */
#ifndef COTANGENT_TENSOR_VECTORS_H
#define COTANGENT_TENSOR_VECTORS_H

#if defined(__FMA__)
#include <immintrin.h>
#endif

/* Bytes of a vector; FUSED_f32(a, b, c) is a * b + c. */
#if defined(__AVX512F__)
#define VECTOR 64
#define FUSED_f32 _mm512_fmadd_ps
#define FUSED_f64 _mm512_fmadd_pd
#elif defined(__FMA__)
#define VECTOR 32
#define FUSED_f32 _mm256_fmadd_ps
#define FUSED_f64 _mm256_fmadd_pd
#else
#define VECTOR 16
#define FUSED_f32(a, b, c) ((a) * (b) + (c))
#define FUSED_f64 FUSED_f32
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* Keeps a compiler from loading a vector anew for each use. */
#if defined(__x86_64__)
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v)
#endif

#endif
