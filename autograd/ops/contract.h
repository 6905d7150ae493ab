/* Sums of products over named axes: what einsum and tensordot have in common. */
#ifndef COTANGENT_AUTOGRAD_CONTRACT_H
#define COTANGENT_AUTOGRAD_CONTRACT_H

#include "autograd/internal.h"

#define CT_LABELS 64 /* names of axes are 0 to 63, so that a set of them is a word */

/* A tensor with a name for each axis. */
typedef struct ct_named {
    ct_tensor *t;
    int n;
    uint8_t name[CT_MAX_DIMS];
} ct_named;

/* The product of x[0..n), n > 0, with the axes out->name[0..out->n), summed over all others; each is the name of an
 * axis of some x. An axis that occurs twice in one operand is its diagonal. Of axes of one name those of extent 1 are
 * repeated; the caller has made sure that the other extents are equal. Overwrites x. */
ct_tensor *ct_contract(const char *op, const char *at, ct_named *x, int n, const ct_named *out);

#endif
