/* For *_kernels.c whose loops name the registers they want: vectors of the instruction set being compiled for, and sums
 * of products made of fused multiply-adds where the processor has them, written out, so that every way to cut a sum
 * of products into tiles gives the same bits. */
#ifndef COTANGENT_TENSOR_VECTORS_H
#define COTANGENT_TENSOR_VECTORS_H

#if defined(__FMA__)
#include <immintrin.h>
#endif

/* Bytes of a vector; FUSED_f32(a, b, c) is a * b + c. FIRST_f32(n) says to LOAD_f32(from, first) and STORE_f32(to,
 * first, v) that n elements are there; what is loaded of the others is 0. */
#if defined(__AVX512F__)
#define VECTOR 64
#define FUSED_f32 _mm512_fmadd_ps
#define FUSED_f64 _mm512_fmadd_pd
typedef __mmask16 first_f32;
typedef __mmask8 first_f64;
#define FIRST_f32(n) ((first_f32)((1u << (n)) - 1))
#define FIRST_f64(n) ((first_f64)((1u << (n)) - 1))
#define LOAD_f32(from, first) _mm512_maskz_loadu_ps(first, from)
#define LOAD_f64(from, first) _mm512_maskz_loadu_pd(first, from)
#define STORE_f32 _mm512_mask_storeu_ps
#define STORE_f64 _mm512_mask_storeu_pd
#define LOWER_f32 LOWER_16
#define UPPER_f32 UPPER_16
#define LOWER_f64 LOWER_8
#define UPPER_f64 UPPER_8
#elif defined(__FMA__)
#define VECTOR 32
#define FUSED_f32 _mm256_fmadd_ps
#define FUSED_f64 _mm256_fmadd_pd
typedef __m256i first_f32, first_f64;
static const int32_t ct_all_then_none[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define FIRST_f32(n) _mm256_loadu_si256((const __m256i *)(ct_all_then_none + 8 - (n)))
#define FIRST_f64(n) FIRST_f32(2 * (n))
#define LOAD_f32 _mm256_maskload_ps
#define LOAD_f64 _mm256_maskload_pd
#define STORE_f32 _mm256_maskstore_ps
#define STORE_f64 _mm256_maskstore_pd
#define LOWER_f32 LOWER_8
#define UPPER_f32 UPPER_8
#define LOWER_f64 LOWER_4
#define UPPER_f64 UPPER_4
#else
#define VECTOR 16
#define FUSED_f32(a, b, c) ((a) * (b) + (c))
#define FUSED_f64 FUSED_f32
#endif

/* The elements of two vectors by turns: TURNS_f32(a, b, LOWER_f32) of their lower halves, UPPER_f32 of the upper. */
#if defined(__clang__)
#define TURNS_f32 __builtin_shufflevector
#define TURNS_f64 __builtin_shufflevector
#else
typedef int32_t __attribute__((vector_size(VECTOR))) places_f32;
typedef int64_t __attribute__((vector_size(VECTOR))) places_f64;
#define TURNS_f32(a, b, ...) __builtin_shuffle(a, b, (places_f32){__VA_ARGS__})
#define TURNS_f64(a, b, ...) __builtin_shuffle(a, b, (places_f64){__VA_ARGS__})
#endif
#define LOWER_4 0, 4, 1, 5
#define UPPER_4 2, 6, 3, 7
#define LOWER_8 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOWER_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
#define UNROLL16 _Pragma("GCC unroll 16")

/* Keeps a compiler from loading a vector anew for each use. */
#if defined(__x86_64__)
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v)
#endif

#endif
