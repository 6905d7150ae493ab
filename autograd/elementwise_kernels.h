/* The loops that ops.def gives for each elementwise op, per instruction set. */
#ifndef COTANGENT_AUTOGRAD_ELEMENTWISE_KERNELS_H
#define COTANGENT_AUTOGRAD_ELEMENTWISE_KERNELS_H

#include "autograd/internal.h"
#include "tensor/isa.h"

/* n elements of each input, contiguous, none overlapping out; `p` holds the op's parameters. */
typedef void ct_loop(int64_t n, const void *const *in, void *out, const double *p);

typedef struct ct_elementwise_row {
    ct_loop *forward[CT_DTYPE_COUNT];                       /* in = operands */
    ct_loop *backward[CT_DTYPE_COUNT][CT_MAX_ELEMENTWISE];  /* [k]: in = operands, z, g; out = gx */
} ct_elementwise_row;

typedef struct ct_elementwise_table {
    ct_elementwise_row row[CT_OP_COUNT];
    ct_elementwise_row power[2];        /* of ct_pow where every exponent is 2, 3: products */
    ct_loop *add[CT_DTYPE_COUNT];       /* out += in[0] */
    ct_loop *deviation[CT_DTYPE_COUNT]; /* out = in[2] (in[0] - in[1]) */
    ct_loop *share[CT_DTYPE_COUNT];     /* out = in[2] exp(in[0] - in[1]) */
} ct_elementwise_table;

CT_ISA_TABLE(ct_elementwise_table, ct_elementwise)

/* z's value, where z and its operands are 0-d: the loop runs over one element. */
static inline void ct_compute_scalar(ct_tensor *z) {
    const void *in[CT_MAX_ELEMENTWISE] = {z->in[0]->data, z->in[z->n_in - 1]->data};
    ct_elementwise()->row[z->op].forward[z->in[0]->dtype](1, in, z->data, z->attributes);
}

/* out, of like's shape and dtype, = or += what a loop makes of n operands that broadcast to it. */
void ct_elementwise_into(ct_loop *loop, int n, const ct_tensor *const *in, const ct_tensor *like, void *out, bool add);
/* out = the loop over n elements of dtype of each input, shared among the threads. */
void ct_run_loop(ct_loop *loop, ct_dtype dtype, int64_t n, int n_in, const void *const *in, void *out);

#endif
