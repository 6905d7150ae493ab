/* The gradient sweep: every op of the table, on every sample, by three routes that share no code. */
#ifndef COTANGENT_TESTS_SWEEP_H
#define COTANGENT_TESTS_SWEEP_H

#include "autograd/internal.h"

typedef struct sweep {
    int64_t checks, failures;
    char first[512]; /* the first failure in words; "" when there is none */
} sweep;

/* Checks one op on all its samples. Stops after the first failing sample when `quick`. */
void sweep_op(sweep *s, ct_op_id op, bool quick);

/* Case i of an op, z NULL when i is past the last. */
ct_sample sweep_sample(ct_op_id op, int i, ct_dtype dtype);

/* The same for a composite: make(i, dtype) gives case i, its z NULL when i is past the last. */
void sweep_function(sweep *s, const char *name, ct_sample (*make)(int i, ct_dtype dtype));
/* That it finds nothing wrong, in 20 checks or more. */
void check_sweep(const char *name, ct_sample (*make)(int i, ct_dtype dtype));

#endif
