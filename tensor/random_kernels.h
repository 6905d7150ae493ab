/* Random bits and what is made of them, per instruction set: the same numbers for each. */
#ifndef COTANGENT_TENSOR_RANDOM_KERNELS_H
#define COTANGENT_TENSOR_RANDOM_KERNELS_H

#include "tensor/isa.h"

#include <stdint.h>

typedef struct ct_random_table {
    /* Blocks position to position + n of a stream, each of two numbers of 64 bits. */
    void (*bits)(uint64_t seed, uint64_t stream, uint64_t position, int64_t n, uint64_t *out);
    void (*unit)(int64_t n, const uint64_t *bits, double *out); /* uniform in [0, 1), in steps of 2^-53 */
    void (*uniform_f64)(int64_t n, const double *unit, double a, double b, double *out);
    /* What rounds to b, where a < b, is the float before it. */
    void (*uniform_f32)(int64_t n, const double *unit, double a, double b, float *out);
} ct_random_table;
CT_ISA_TABLE(ct_random_table, ct_random_kernels)

#endif
