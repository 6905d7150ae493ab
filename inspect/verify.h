/* Claims and how they are verified: what the files claim*.c and verify*.c share. */
#ifndef COTANGENT_VERIFY_H
#define COTANGENT_VERIFY_H

#include "inspect/internal.h"

/* ---- claim.c: what is claimed -------------------------------------------------------------------------------- */

typedef enum ct_claim_kind { CT_CLAIMED_FORMULA, CT_CLAIMED_VALUE, CT_CLAIMED_ARRAY, CT_CLAIMED_RULE } ct_claim_kind;

typedef struct ct_claim {
    struct ct_claim *next; /* in its scope */
    int depth;             /* of its scope */
    ct_tensor *tensor;
    ct_claim_kind kind;
    const char *formula; /* CT_CLAIMED_FORMULA */
    double value;        /* CT_CLAIMED_VALUE */
    ct_dtype dtype;      /* CT_CLAIMED_ARRAY */
    ct_shape shape;
    const void *elements;
    ct_claim_rule rule; /* CT_CLAIMED_RULE */
    void *context;
    ct_claim_result result;
} ct_claim;

/* NULL when nothing is claimed about t. */
ct_claim *ct_claim_find(const ct_tensor *t);
/* The next of all claims of this thread, scope by scope: start with NULL. */
ct_claim *ct_claim_next(const ct_claim *claim);

#endif
