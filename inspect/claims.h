/* inspect/: gradients that you derived yourself, and where they go wrong first. A part of inspect.h; include that.
 *
 *     ct_claim_grad(w1, "x1*(x3*w3 + x4*w4)");            a formula over the labels of the graph
 *     ct_claim_grad(logits, "(softmax(logits, 1) - y) / 4");
 *     ct_claim_grad(h, "grad(logits) @ W2'");              one step of a backward pass
 *     ct_claim_grad_array(W1, CT_F32, dW1);               what your own program computed
 *     ct_verification v = ct_verify(f);
 *     if (v.verdict != CT_PASS) ct_print_verification(&v, stderr);
 */
#ifndef COTANGENT_CLAIMS_H
#define COTANGENT_CLAIMS_H

/* ---- claiming ----------------------------------------------------------------------------------------------- */
/* What df/dt is, said before f need exist, of any floating tensor: a leaf, a constant or something computed. The last
 * claim about a tensor counts; a claim lives as long as the tensor's scope, or when none owns the tensor, a parameter,
 * as the innermost one, which the tensor must outlive. All return t, so they nest; NULL with an error raised. */

/* A formula in the expression language. Names are labels of the tensors that f is computed from, which must be
 * unique; grad(h) is df/dh of such a tensor, made later than t. NULL takes back what was claimed about t. */
CT_API ct_tensor *ct_claim_grad_at(const char *at, ct_tensor *t, const char *formula);
/* The same number for each element. */
CT_API ct_tensor *ct_claim_grad_value_at(const char *at, ct_tensor *t, double value);
/* As many elements as t has, row-major, of a floating dtype. They are copied. */
CT_API ct_tensor *ct_claim_grad_array_at(const char *at, ct_tensor *t, ct_dtype dtype, const void *elements);
/* The value that g has now; its shape is a part of the claim. */
CT_API ct_tensor *ct_claim_grad_tensor_at(const char *at, ct_tensor *t, ct_tensor *g);
/* Whatever `rule` computes during ct_verify(). It gets df/dh of other tensors from ct_upstream_grad(), as grad(h) does
 * in a formula, and is called with the claimed and with the true ones. */
typedef struct ct_upstream ct_upstream;
typedef ct_tensor *(*ct_claim_rule)(ct_tensor *t, ct_upstream *upstream, void *context);
CT_API ct_tensor *ct_claim_grad_rule_at(const char *at, ct_tensor *t, ct_claim_rule rule, void *context);
CT_API ct_tensor *ct_upstream_grad_at(const char *at, ct_upstream *upstream, ct_tensor *h);
#define ct_claim_grad(...) ct_claim_grad_at(CT_PLACE("ct_claim_grad: "), __VA_ARGS__)
#define ct_claim_grad_value(...) ct_claim_grad_value_at(CT_PLACE("ct_claim_grad_value: "), __VA_ARGS__)
#define ct_claim_grad_array(...) ct_claim_grad_array_at(CT_PLACE("ct_claim_grad_array: "), __VA_ARGS__)
#define ct_claim_grad_tensor(...) ct_claim_grad_tensor_at(CT_PLACE("ct_claim_grad_tensor: "), __VA_ARGS__)
#define ct_claim_grad_rule(...) ct_claim_grad_rule_at(CT_PLACE("ct_claim_grad_rule: "), __VA_ARGS__)
#define ct_upstream_grad(...) ct_upstream_grad_at(CT_PLACE("ct_upstream_grad: "), __VA_ARGS__)

/* ---- verifying ---------------------------------------------------------------------------------------------- */

typedef enum ct_claim_verdict {
    CT_CLAIM_UNTESTED,  /* no ct_verify() has looked at it */
    CT_CLAIM_RIGHT,     /* equal to what reverse mode computes, up to rounding: in f64 1e-11 of each element, or what
                           the last bits of the inputs change */
    CT_CLAIM_UNDECIDED, /* `reason` says why */
    CT_CLAIM_INHERITED, /* wrong, but right given what is claimed nearer to f: the mistake is there */
    CT_CLAIM_LOCAL,     /* wrong even if all that is nearer to f were right: the mistake is here */
    CT_CLAIM_ONLY_HERE, /* a formula that is right at this point and wrong at another one: a mistake as well */
} ct_claim_verdict;
CT_API const char *ct_claim_verdict_name(ct_claim_verdict verdict); /* "local mistake" */

typedef struct ct_claim_result {
    const ct_tensor *tensor;
    const char *formula; /* NULL when it was not claimed by a formula */
    const char *place;   /* "model.c:41", where it was claimed */
    ct_claim_verdict verdict;
    const char *reason;  /* one sentence; never NULL */
    const char *hint;    /* the common mistake that this looks like: "its sign is wrong"; NULL when none is known */
    int64_t wrong;       /* elements that are not right */
    int64_t index;       /* the worst element, counted row-major; -1 when none was compared */
    double claimed;      /* at that element, as all that follows */
    double computed;
    double absolute;     /* |claimed - computed| */
    double relative;     /* `absolute` divided by |computed| */
    double ulp;          /* `absolute` in units of the last place of `computed` in the tensor's dtype */
    double tolerance;    /* what rounding explains of `absolute` */
    int points;          /* other points at which the formula was tested too */
    const char *counterexample; /* a point where it is wrong, "x1 = 0x1.8p+0 (1.5) ..."; NULL when there is none */
} ct_claim_result;

typedef struct ct_verify_options {
    int points;      /* at which formulas are tested beside the current one; 0: 16, CT_ZERO: none */
    double relative; /* by which numbers and arrays may be off, for those rounded by hand; 0: by rounding alone */
} ct_verify_options;

/* Valid until the innermost scope ends. */
typedef struct ct_verification {
    ct_verdict verdict; /* CT_PASS: all are right; CT_FAIL: one is not, or only here; else CT_INCONCLUSIVE */
    const char *reason; /* one sentence; never NULL */
    int n;              /* claims, and what became of them, nearest to f first */
    const ct_claim_result *const *claims;
    const ct_claim_result *first; /* the first mistake, local or right only here; NULL when there is none */
} ct_verification;

/* Compares all claims with the gradients of f, a tensor of one element, and tells mistakes from what follows of them.
 * Formulas are tested as identities: also on float64 copies of the graph whose leaves and labelled constants are drawn
 * at random, near and far (a constant of several zeros and ones, a mask or one-hot labels, stays), where they have a
 * value: there a formula without one is wrong, unless by overflow or underflow, which `reason` tells. What ops of your
 * own had a part in is believed only where differences confirm the computed gradient. A claim about something that f
 * does not depend on must be zero. Gradients that leaves have accumulated are left alone. Never CT_PASS without
 * evidence: having no claims is inconclusive, and so is a failure (ct_error() says why). */
CT_API CT_MUST_CHECK ct_verification ct_verify_at(const char *at, ct_tensor *f, const ct_verify_options *options);
#define ct_verify(f) ct_verify_at(CT_PLACE("ct_verify: "), f, NULL)
#define ct_verify_with(...) ct_verify_at(CT_PLACE("ct_verify: "), __VA_ARGS__)

/* Writes a table of all claims, and below it what to know about those that are not right. */
CT_API void ct_print_verification(const ct_verification *v, FILE *out);

#endif
