/* Products of matrices in tiles of registers. */
#include "tensor/gemm_kernels.h"
#include "tensor/vectors.h"

#include <string.h>

#define RECTIFY(T, name)                                                                                             \
    static void name(int64_t m, int64_t n, int64_t c_row, void *c) {                                                 \
        const int64_t rows = n == c_row ? 1 : m, length = n == c_row ? m * n : n;                                    \
        for (int64_t i = 0; i < rows; i++) {                                                                         \
            T *row = (T *)c + i * c_row;                                                                             \
            for (int64_t j = 0; j < length; j++) row[j] = row[j] < 0 ? 0 : row[j];                                   \
        }                                                                                                            \
    }
RECTIFY(float, rectify_f32)
RECTIFY(double, rectify_f64)
#define RECTIFIERS .rectify = {[CT_F32] = rectify_f32, [CT_F64] = rectify_f64}

#ifdef __FMA__

/* Accumulators fill the registers: TALL rows of WIDE vectors, or DOTS_A rows by DOTS_B columns. */
#if defined(__AVX512F__)
#define TALL 8
#define DOTS_A 4
#define DOTS_B 6
#else
#define TALL 4
#define DOTS_A 4
#define DOTS_B 3
#endif
#define WIDE 3
#define DOTS_ROWS 32 /* of a, that stay in the cache while b passes by */
#define FEW_ROWS 200 /* of c, for which b is not worth being packed */
#define DEPTH 256    /* rows of b that are multiplied at once, and packed: with WIDE vectors of columns, 48 KiB */
#define SHALLOW 64   /* likewise where a is read down its columns: as many lines of the cache */

#define T float
#define NAMED(name) name##_f32
#include "tensor/gemm_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "tensor/gemm_loops.inc"

const ct_gemm_table CT_ISA_NAME(ct_gemm_kernels) = {
    .multiply = {[CT_F32] = multiply_f32, [CT_F64] = multiply_f64},
    RECTIFIERS,
};
#else
const ct_gemm_table CT_ISA_NAME(ct_gemm_kernels) = {.multiply = {NULL}, RECTIFIERS};
#endif
