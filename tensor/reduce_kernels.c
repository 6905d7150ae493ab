/* Reductions over the middle axis of (outer, n, inner), for each type and instruction set. The order in which
 * elements are combined follows from n and inner alone. */
#include "tensor/kernels.h"
#include "tensor/vector_math.h"

#include <float.h>
#include <string.h>

#define WIDE 512  /* columns reduced at a time: few pages a row, and a level of the tree is 4 KiB on the stack */
#define STRIP 128 /* lanes that narrow rows are taken in: 8 vectors of 16 floats */
#define BLOCK 32  /* rows added in order, before sums are added in a tree */
#define LANES 512 /* columns of which moments or exponentials are taken at a time */
#define SHORT 128 /* elements at most of lines that are turned for exponentials, */
#define ABREAST 16 /* to lie side by side */
#define COLUMN_BLOCK 64 /* rows of which they are taken at a time */
#define COLUMN_AHEAD 16 /* rows further on are asked for meanwhile */
#define AT_ONCE 32 /* columns of those, between the sums of as many */

typedef struct lanes {
    double mean[LANES], square[LANES]; /* as in ct_moments */
} lanes;

/* The moments of sets of `count` numbers become those of their unions with others of `more` each, by Chan, Golub and
 * LeVeque's formula of 1983. */
static void merge_lanes(int64_t width, double count, double more, double *restrict mean, double *restrict square,
                        const double *restrict other_mean, const double *restrict other_square) {
    const double share = more / (count + more), weight = count * share;
    for (int64_t c = 0; c < width; c++) {
        const double apart = other_mean[c] - mean[c];
        mean[c] += apart * share;
        square[c] += other_square[c] + apart * apart * weight;
    }
}

#define IS_NAN(v) 0
#define T uint8_t
#define NAMED_BY_TYPE(name) name##_u8
#include "tensor/reduce_type.inc"

#define IS_NAN(v) 0
#define T int32_t
#define NAMED_BY_TYPE(name) name##_i32
#include "tensor/reduce_type.inc"

#define IS_NAN(v) 0
#define T int64_t
#define NAMED_BY_TYPE(name) name##_i64
#include "tensor/reduce_type.inc"

#define FLOATING
#define IS_NAN(v) ((v) != (v))
#define MOST FLT_MAX
#define T float
#define NAMED_BY_TYPE(name) name##_f32
#include "tensor/reduce_type.inc"

#define IS_NAN(v) ((v) != (v))
#define MOST DBL_MAX
#define T double
#define NAMED_BY_TYPE(name) name##_f64
#include "tensor/reduce_type.inc"

#define OF_FLOATS(name) [CT_F32] = name##_f32, [CT_F64] = name##_f64
#define OF_ALL(name)                                                                                                 \
    [CT_BOOL] = name##_u8, [CT_U8] = name##_u8, [CT_I32] = name##_i32, [CT_I64] = name##_i64, OF_FLOATS(name)

const ct_reduce_table CT_ISA_NAME(ct_reduce_kernels) = {
    .fold = {[CT_REDUCE_SUM] = {OF_FLOATS(sum_fold)},
             [CT_REDUCE_EXACT_SUM] = {OF_FLOATS(exact_sum_fold)},
             [CT_REDUCE_MAGNITUDES] = {OF_FLOATS(magnitudes_fold)},
             [CT_REDUCE_SQUARES] = {OF_FLOATS(squares_fold)},
             [CT_REDUCE_LARGEST] = {OF_FLOATS(largest_fold)},
             [CT_REDUCE_PROD] = {OF_FLOATS(prod_fold)},
             [CT_REDUCE_MAX] = {OF_ALL(max_fold)},
             [CT_REDUCE_MIN] = {OF_ALL(min_fold)},
             [CT_REDUCE_LOGSUMEXP] = {OF_FLOATS(logsumexp_fold)},
             [CT_REDUCE_MOMENTS] = {OF_FLOATS(moments_fold)}},
    .find = {OF_ALL(find)},
    .largest = {OF_ALL(largest)},
    .smallest = {OF_ALL(smallest)},
    .spread = {OF_FLOATS(spread)},
};
