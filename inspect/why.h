/* inspect/: why a gradient is zero, missing or not finite. A part of inspect.h; include that. */
#ifndef COTANGENT_WHY_H
#define COTANGENT_WHY_H

typedef enum ct_cause {
#define CT_CAUSE(cause, words) cause,
#include "causes.def"
#undef CT_CAUSE
    CT_CAUSE_COUNT
} ct_cause;

CT_API const char *ct_cause_name(ct_cause cause);  /* "CT_CAUSE_DEAD" */
CT_API const char *ct_cause_words(ct_cause cause); /* "the operand is where the rectifier is flat" */

typedef struct ct_finding {
    ct_cause cause;
    ct_tensor *node;      /* where it happens; NULL when there is no such place */
    const char *at;       /* of the call that made the node, "model.c:41"; NULL when unknown */
    int64_t elements;     /* of x's gradient; */
    int64_t zeros;        /* so many are 0: all when there is no gradient */
    int64_t nonfinite;    /* and so many infinite or NaN, which are explained first */
    const char *sentence; /* all of this in words; of the innermost scope, NULL when ct_why() failed */
} ct_finding;

/* The first cause, from x on, of what is wrong with df/dx: the gradient of the one-element tensor f that a backward
 * pass gives, which is computed anew here and leaves the gradients that there are alone. Where elements have several
 * causes it is that of most of them. The cause has been tested: they get nothing through that place although something
 * arrives there from f, or get through it the first number that is not finite. */
CT_API ct_finding ct_why_at(const char *at, ct_tensor *f, ct_tensor *x);
#define ct_why(...) ct_why_at(CT_PLACE("ct_why: "), __VA_ARGS__)

#endif
