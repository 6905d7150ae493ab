/* Softmax, what is made of it, and standardisation, row by row, for each type and instruction set. */
#include "tensor/kernels.h"
#include "tensor/vector_math.h"

#include <string.h>

#define SHORT 32          /* elements at most of rows that are turned, */
#define ABREAST 16        /* and as many with them */
#define LANES 16          /* of a long row's sum */
#define STRIP (4 * LANES) /* elements of a long row that are taken at a time */
#define AHEAD (1 << 14)   /* elements that are asked for before they are wanted */
#define TOO_LITTLE (-80)  /* its exponential is nothing beside 1 */

/* A loop that stays one: gcc would unroll it first, and then not find the vectors. */
#define EACH(i, n) _Pragma("GCC unroll 1") for (int i = 0; i < n; i++)

#define LARGER(a, b) ((a) > (b) ? (a) : (b)) /* a NaN is lost, or not: of these the sum will know */
#define PLUS(a, b) ((a) + (b))

#define HALVE(fold, lane)                                                                                            \
    _Pragma("GCC unroll 8") for (int half = LANES / 2; half > 0; half /= 2)                                          \
        for (int j = 0; j < half; j++) lane[j] = fold(lane[j], lane[j + half])

/* sum = what is said of element i, in f64. */
#define SUM_OVER(sum, value, n)                                                                                      \
    do {                                                                                                             \
        double lane[LANES] = {0};                                                                                    \
        int64_t begin = 0;                                                                                           \
        for (; begin + STRIP <= (n); begin += STRIP)                                                                 \
            EACH(j, LANES) {                                                                                         \
                double more = 0;                                                                                     \
                for (int k = 0; k < STRIP / LANES; k++) {                                                            \
                    const int64_t i = begin + k * LANES + j;                                                         \
                    more += (value);                                                                                 \
                }                                                                                                    \
                lane[j] += more;                                                                                     \
            }                                                                                                        \
        for (; begin < (n); begin += LANES) {                                                                        \
            const int64_t end = (n) < begin + LANES ? (n) : begin + LANES;                                           \
            for (int64_t i = begin; i < end; i++) lane[i - begin] += (value);                                        \
        }                                                                                                            \
        HALVE(PLUS, lane);                                                                                           \
        (sum) = lane[0];                                                                                             \
    } while (0)

/* z = or, if `add`, += what is said of element i. */
#define PUT(z, value, n, add)                                                                                        \
    do {                                                                                                             \
        if (add)                                                                                                     \
            for (int64_t i = 0; i < (n); i++) (z)[i] += (value);                                                     \
        else                                                                                                         \
            for (int64_t i = 0; i < (n); i++) (z)[i] = (value);                                                      \
    } while (0)

#define T float
#define NAMED(name) name##_f32
#include "tensor/rows_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "tensor/rows_loops.inc"

#define OF_FLOATS(name)                                                                                              \
    { [CT_F32] = name##_f32, [CT_F64] = name##_f64 }

const ct_row_table CT_ISA_NAME(ct_row_kernels) = {
    .of = {[CT_ROW_SOFTMAX] = OF_FLOATS(softmax),
           [CT_ROW_SOFTMAX_BACKWARD] = OF_FLOATS(softmax_backward),
           [CT_ROW_LOG_SOFTMAX] = OF_FLOATS(log_softmax),
           [CT_ROW_LOG_SOFTMAX_BACKWARD] = OF_FLOATS(log_softmax_backward),
           [CT_ROW_CROSS_ENTROPY] = OF_FLOATS(cross_entropy),
           [CT_ROW_CROSS_ENTROPY_BACKWARD] = OF_FLOATS(cross_entropy_backward),
           [CT_ROW_CROSS_ENTROPY_PROBS] = OF_FLOATS(cross_entropy_probs),
           [CT_ROW_STANDARDIZE] = OF_FLOATS(standardize),
           [CT_ROW_STANDARDIZE_BACKWARD] = OF_FLOATS(standardize_backward)},
};
