/* Softmax and what is made of it, row by row, for each type and instruction set. */
#include "tensor/kernels.h"
#include "tensor/vector_math.h"

#include <string.h>

#define SHORT 32    /* elements of a row that is turned, */
#define ABREAST 16  /* and as many with it */

#define T float
#define NAMED(name) name##_f32
#define DTYPE CT_F32
#include "tensor/softmax_loops.inc"

#define T double
#define NAMED(name) name##_f64
#define DTYPE CT_F64
#include "tensor/softmax_loops.inc"

#define OF_FLOATS(name)                                                                                              \
    { [CT_F32] = name##_f32, [CT_F64] = name##_f64 }

const ct_softmax_table CT_ISA_NAME(ct_softmax_kernels) = {
    .of = {[CT_SOFTMAX] = OF_FLOATS(softmax),
           [CT_SOFTMAX_BACKWARD] = OF_FLOATS(softmax_backward),
           [CT_LOG_SOFTMAX] = OF_FLOATS(log_softmax),
           [CT_LOG_SOFTMAX_BACKWARD] = OF_FLOATS(log_softmax_backward),
           [CT_CROSS_ENTROPY] = OF_FLOATS(cross_entropy),
           [CT_CROSS_ENTROPY_BACKWARD] = OF_FLOATS(cross_entropy_backward),
           [CT_CROSS_ENTROPY_PROBS] = OF_FLOATS(cross_entropy_probs)},
};
