/* inspect/: proving gradients by finite differences. A part of inspect.h; include that. */
#ifndef COTANGENT_GRADCHECK_H
#define COTANGENT_GRADCHECK_H

/* A function to be checked: computes one tensor from the inputs, the same each time it is called with the same. */
typedef ct_tensor *(*ct_function)(ct_tensor *const *inputs, void *context);

typedef enum ct_verdict {
    CT_INCONCLUSIVE, /* the differences cannot tell; `reason` says why */
    CT_PASS,
    CT_FAIL,
} ct_verdict;

typedef struct ct_gradcheck_result {
    ct_verdict verdict;
    const char *reason; /* one static sentence about the element below; never NULL */
    int input;          /* the element that decided the verdict: for CT_PASS the one nearest to failing, */
    int64_t index;      /* counted row-major in inputs[input]; -1 when no element was compared */
    double computed;    /* what reverse mode says about it */
    double expected;    /* what central differences say */
    double error;       /* by which `expected` may be wrong, estimated */
    double tolerance;   /* how far apart the two may be */
    int64_t compared;   /* elements judged, over all inputs */
} ct_gradcheck_result;

/* Compares the gradient that ct_backward() computes for f at `inputs` (floating f64 tensors, left as they are) with
 * central differences, element by element, for the sum of f's elements times random signed factors, so that errors
 * which a plain sum would hide show. Steps of many sizes are extrapolated (Ridders 1982) and their scatter gives the
 * tolerance of each element. Never CT_PASS without evidence: a gradient that is zero throughout an input, or
 * differences too coarse to judge, are inconclusive, and so is a function that fails (ct_error() says why). Random
 * ops draw the same numbers in each call. */
CT_API CT_MUST_CHECK ct_gradcheck_result ct_gradcheck_at(const char *at, ct_function f, void *context,
                                                         ct_list inputs);
#define ct_gradcheck(...) ct_gradcheck_at(CT_HERE, __VA_ARGS__)

#endif
