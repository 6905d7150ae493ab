/* The loops of cumulative ops. Sums and products are carried in double for either dtype. */
#include "autograd/ops/scan_kernels.h"

#include <math.h>
#include <string.h>

/* log(exp a + exp b); of equal infinities that infinity. */
static inline double log_add_exp(double a, double b) {
    double apart = fabs(a - b);
    return (a > b || a != a ? a : b) + (apart == apart ? log1p(exp(-apart)) : 0);
}

#define AHEAD 1024 /* elements of a line that are asked for before they are wanted */
#define AT_ONCE 64 /* columns that are worked on while those below are asked for */

typedef double eight __attribute__((vector_size(64)));
#define FROM_THE_BACK(v) __builtin_shufflevector(v, v, 7, 6, 5, 4, 3, 2, 1, 0)

/* To running sums of the eight, by sums of 2, 4 and 8. */
static inline __attribute__((always_inline)) void add_up(eight *v) {
    const eight none = {0};
    *v += __builtin_shufflevector(none, *v, 0, 8, 9, 10, 11, 12, 13, 14);
    *v += __builtin_shufflevector(none, *v, 0, 1, 8, 9, 10, 11, 12, 13);
    *v += __builtin_shufflevector(none, *v, 0, 1, 2, 3, 8, 9, 10, 11);
}

#define T float
#define NAMED(name) name##_f32
#include "autograd/ops/scan_loops.inc"

#define T double
#define NAMED(name) name##_f64
#include "autograd/ops/scan_loops.inc"

#define OF_FLOATS(name) {[CT_F32] = name##_f32, [CT_F64] = name##_f64}

const ct_scan_table CT_ISA_NAME(ct_scan_kernels) = {
    .of = {[CT_SCAN_SUM] = OF_FLOATS(sum),
           [CT_SCAN_PROD] = OF_FLOATS(prod),
           [CT_SCAN_LOGSUMEXP] = OF_FLOATS(logsumexp),
           [CT_SCAN_RECURRENCE] = OF_FLOATS(recurrence),
           [CT_SCAN_ARGMAX] = OF_FLOATS(argmax),
           [CT_SCAN_ARGMIN] = OF_FLOATS(argmin)},
};
