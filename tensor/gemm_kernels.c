/* Products of matrices in tiles of registers. */
#include "tensor/gemm_kernels.h"
#include "tensor/vectors.h"

#include <string.h>

/* Short rows are too little for vectors: as many as fill the tile are worked on as one. */
#define TILE 1024
#define FINISH(T, name)                                                                                              \
    static void name(int64_t m, int64_t n, int64_t c_row, const void *bias, bool relu, void *c) {                    \
        T tile[TILE];                                                                                                \
        const int64_t fitting = n == c_row && n <= TILE / 2 ? TILE / n : 1, rows = fitting < m ? fitting : m;        \
        const T *line = bias;                                                                                        \
        if (bias && rows > 1) line = memcpy(tile, bias, (size_t)n * sizeof(T));                                      \
        for (int64_t done = n, more; bias && done < rows * n; done += more) {                                        \
            more = done < rows * n - done ? done : rows * n - done;                                                  \
            memcpy(tile + done, tile, (size_t)more * sizeof(T));                                                     \
        }                                                                                                            \
        for (int64_t i = 0; i < m; i += rows) {                                                                      \
            T *restrict row = (T *)c + i * c_row;                                                                    \
            const int64_t length = (m - i < rows ? m - i : rows) * n;                                                \
            for (int64_t j = 0; line && j < length; j++) row[j] += line[j];                                          \
            for (int64_t j = 0; relu && j < length; j++) row[j] = row[j] < 0 ? 0 : row[j];                           \
        }                                                                                                            \
    }
FINISH(float, finish_f32)
FINISH(double, finish_f64)
#define FINISHERS .finish = {[CT_F32] = finish_f32, [CT_F64] = finish_f64}

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
#define NEAR (1 << 20) /* bytes of an operand that is in the second cache: its parts are not asked for ahead */
#define DEPTH 256    /* rows of b that are multiplied at once, and packed: with WIDE vectors of columns, 48 KiB */
#define SHALLOW 64   /* likewise where a is read down its columns: as many lines of the cache */

/* What to take of `rest`, so that parts of at most `most` come out as even as they can: 10 of at most 8 are 5 and 5. */
static inline int64_t even_part(int64_t rest, int64_t most) {
    const int64_t parts = (rest + most - 1) / most;
    return (rest + parts - 1) / parts;
}

#define T float
#define NAMED(name) name##_f32
#include "tensor/gemm_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "tensor/gemm_loops.inc"

const ct_gemm_table CT_ISA_NAME(ct_gemm_kernels) = {
    .multiply = {[CT_F32] = multiply_f32, [CT_F64] = multiply_f64},
    FINISHERS,
};
#else
const ct_gemm_table CT_ISA_NAME(ct_gemm_kernels) = {.multiply = {NULL}, FINISHERS};
#endif
