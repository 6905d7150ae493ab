/* The loops of cumulative ops. Sums and products are carried in double for either dtype. */
#include "autograd/ops/scan_kernels.h"

#include <math.h>

/* log(exp a + exp b); of equal infinities that infinity. */
static inline double log_add_exp(double a, double b) {
    double apart = fabs(a - b);
    return (a > b || a != a ? a : b) + (apart == apart ? log1p(exp(-apart)) : 0);
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
