/* Claims and how they are verified: what the files claim*.c and verify*.c share. */
#ifndef COTANGENT_VERIFY_H
#define COTANGENT_VERIFY_H

#include "inspect/internal.h"

/* ---- claims.c: what is claimed ------------------------------------------------------------------------------ */

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

/* ---- what is under test ------------------------------------------------------------------------------------- */

/* How far apart two gradients are, element by element. */
typedef struct ct_comparison {
    int64_t wrong, undecided; /* elements */
    int64_t index;            /* the worst; -1 when there is none */
    double claimed, computed, absolute, tolerance; /* of that */
    bool unsteady;            /* that moves with the last bits of the inputs too far to be judged: a kink, perhaps */
} ct_comparison;

/* Whether the computed gradient is that of the function: an op of the user's own may have a wrong rule. */
typedef enum ct_trust {
    CT_TRUSTED,  /* ops of the library alone, or differences agree */
    CT_DOUBTFUL, /* differences cannot tell */
    CT_REFUTED,
} ct_trust;

/* One claim under test. Gradients are f64, row-major, of the tensor's shape. */
typedef struct ct_site {
    ct_claim *claim;
    ct_formula *formula; /* as it was read; NULL when it is none */
    size_t *names;       /* of the formula: indices in the graph; NULL when one of them is none of the graph's */
    size_t index;        /* of its tensor in the graph; graph.n when f does not depend on it */
    int64_t n;           /* elements */
    double eps;          /* of the coarsest dtype that had a part in the claim or in the gradient */
    ct_tensor *alone;    /* what is claimed, were the gradients nearer to f the true ones; NULL: cannot be evaluated */
    double *claimed;     /* what is claimed; NULL when `alone` is not for a tensor of this shape */
    double *given;       /* what the true rules make of the claims nearer to f; NULL when all of them are right */
    bool dependent;      /* claimed in terms of gradients nearer to f */
    ct_trust trust;      /* in the gradient that it is compared with */
    ct_comparison here;  /* of `claimed` with the truth */
    ct_comparison apart; /* of `alone` with the truth */
} ct_site;

typedef struct ct_verifier {
    const char *at;
    ct_tensor *f;
    ct_verify_options options;
    ct_graph graph;
    size_t n;
    ct_site *site;     /* [n], nearest to f first, and last what f does not depend on */
    ct_site **site_of; /* [graph.n]: NULL where nothing is claimed */
    size_t *wanted;    /* [n_wanted]: nodes by which f is differentiated at each point, claimed or used by a formula */
    size_t n_wanted;
} ct_verifier;

/* Zeros in memory of the innermost scope; NULL with an error raised. */
void *ct_verify_array(const ct_verifier *v, size_t n, size_t item);

/* ---- point.c: the graph on other inputs --------------------------------------------------------------------- */

/* What is known about a site at a point. */
typedef struct ct_reading {
    double *truth; /* what reverse mode computes */
    double *value; /* what is claimed, gradients nearer to f being the true ones; NULL when of another shape */
    bool extreme;  /* zeros or infinities came up in `value`, so that NaN may be overflow or underflow */
    double *width; /* by how much they move with the last bits of the inputs; NULL when not measured yet */
} ct_reading;

/* Where claims are evaluated. */
typedef struct ct_point {
    ct_tensor **node;     /* [graph.n]: the graph's tensors, or copies of them */
    ct_tensor **gradient; /* [graph.n]: df by them; NULL where not computed yet */
    ct_reading *reading;  /* [n] */
    bool wide;            /* copies, of which all that is floating is f64 */
} ct_point;

/* The graph as it is, with the gradients by all sites. */
bool ct_point_here(const ct_verifier *v, ct_point *point);
/* Another point with the last bits of its inputs changed, in the k-th of several ways; eps is that of ct_site. */
bool ct_point_perturbed(const ct_verifier *v, const ct_point *from, double eps, int k, ct_point *point);
/* The k-th of those drawn at random, in f64; the inputs as they are for k < 0. Not finite for many k. */
bool ct_point_drawn(const ct_verifier *v, int k, ct_point *point);
/* Whether that is one so far away that rounding may have taken most digits of what is computed there. */
bool ct_point_is_far(int k);
/* Fills `given` of all sites by one backward pass in which the claims take the place of gradients. */
bool ct_point_push_claims(const ct_verifier *v, const ct_point *here);

/* Ends the scope of a point, `ok` telling whether all went well there. False when out of memory; any other error means
 * that the graph has no value at the point, and is forgotten. */
bool ct_point_end(ct_scope scope, bool ok);
/* f where node i is x, which belongs to the innermost scope, and the inputs are those of a drawn point. */
ct_tensor *ct_point_value(const ct_verifier *v, const ct_point *point, size_t i, ct_tensor *x);
/* df by node i; computed when asked for. */
ct_tensor *ct_point_gradient(const ct_verifier *v, const ct_point *point, size_t i);
bool ct_point_is_finite(const ct_verifier *v, const ct_point *point);
/* Writes the inputs of a drawn point that differ from the graph's, exactly. */
void ct_point_describe(const ct_verifier *v, const ct_point *point, ct_text *out);

/* ---- claim.c: what a claim says at a point ------------------------------------------------------------------ */

struct ct_upstream {
    const ct_verifier *v;
    const ct_point *point;
    const ct_site *site; /* whose claim is evaluated */
    bool claimed;        /* gradients are answered as they are claimed, instead of the true ones */
    bool asked, wrong;   /* some were asked for; and of those one is claimed wrong */
};

/* Looks for the names of a site's formula among the labels of the graph; false with an error raised. */
bool ct_claim_find_names(const ct_verifier *v, ct_site *site);
/* The claim's value, of any shape; NULL with an error raised. */
ct_tensor *ct_claim_evaluate(struct ct_upstream *upstream);
/* A tensor's elements as f64, spread over n when it has but one; NULL with an error raised when out of memory. */
double *ct_claim_elements(const ct_verifier *v, const ct_tensor *t, int64_t n);
/* Whether a claim of this value is one for the site's tensor: of its shape, or a number. */
bool ct_claim_fits(const ct_site *site, const ct_tensor *value);
/* Fills what is claimed by formulas at the point, where it can be evaluated. False when out of memory. */
bool ct_claim_read_formulas(const ct_verifier *v, ct_point *point);

/* ---- compare.c: rounding or a mistake ----------------------------------------------------------------------- */

/* Compares what is claimed about site i with the truth at the point, and measures how far rounding moves both when that
 * is needed to judge. Formulas are judged leniently: what may be cancellation inside of one is undecided, since other
 * points tell. False with an error raised. */
bool ct_verify_compare(const ct_verifier *v, const ct_point *point, size_t i, const double *claimed, ct_comparison *c);

/* ---- trust.c ------------------------------------------------------------------------------------------------ */

/* Where ops of the user's own had a part, compares the computed gradients with differences: fills `trust`. False with
 * an error raised. */
bool ct_verify_truth(const ct_verifier *v);

/* ---- formulas.c --------------------------------------------------------------------------------------------- */

/* Tests the formulas that are right, or right given what is claimed nearer to f, at points drawn at random, and
 * completes their results. False with an error raised. */
bool ct_verify_formulas(const ct_verifier *v);

/* ---- hint.c ------------------------------------------------------------------------------------------------- */

/* The common mistake that the claim looks like, in memory of the claim's scope; NULL when none is known. */
const char *ct_claim_hint(const ct_verifier *v, const ct_site *site, const double *truth);
/* Text in memory of the claim's scope; NULL when out of memory, without an error raised. */
const char *ct_claim_text(const ct_claim *claim, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
