/* inspect/: proving gradients. A part of inspect.h; include that. */
#ifndef COTANGENT_GRADCHECK_H
#define COTANGENT_GRADCHECK_H

/* A function to be checked: computes one tensor from the inputs, the same each time it is called with the same. */
typedef ct_tensor *(*ct_function)(ct_tensor *const *inputs, void *context);

typedef enum ct_verdict {
    CT_INCONCLUSIVE, /* nothing can be told; `reason` says why */
    CT_PASS,
    CT_FAIL,
} ct_verdict;

/* Which of three answers is not like the other two. */
typedef enum ct_culprit {
    CT_CULPRIT_NONE,     /* they agree, or nothing can be told */
    CT_CULPRIT_REVERSE,  /* a rule of reverse mode, or of a backward pass by hand */
    CT_CULPRIT_FORWARD,  /* a rule of forward mode; reverse mode is right */
    CT_CULPRIT_FUNCTION, /* both modes agree, but not with the function: a rule that they share is wrong, or what is
                            computed is not what is differentiated (ct_detach(), a mask, rounding to steps) */
    CT_CULPRIT_SEVERAL,  /* no two agree */
} ct_culprit;

typedef struct ct_gradcheck_result {
    ct_verdict verdict;
    const char *reason; /* one static sentence about the element below; never NULL */
    ct_culprit culprit;
    int input;          /* the element that decided the verdict: for CT_PASS the one nearest to failing, */
    int64_t index;      /* counted row-major in inputs[input]; -1 when no element was compared */
    double computed;    /* what reverse mode says about it */
    double forward;     /* what forward mode says; NaN when it was not asked */
    double expected;    /* what central differences say */
    double error;       /* by which `expected` may be wrong, estimated */
    double tolerance;   /* how far apart they may be */
    int64_t compared;   /* elements judged, over all inputs */
} ct_gradcheck_result;

typedef struct ct_gradcheck_options {
    uint64_t seed;     /* of the random factors; 0: a fixed one */
    bool reverse_only; /* forward mode is not asked */
} ct_gradcheck_options;

/* Three answers for each element of the inputs (floating f64 tensors, left as they are), of the derivative of the sum
 * of f's elements times random signed factors, so that errors which a plain sum would hide show: what ct_backward()
 * computes, what ct_jvp() computes, and central differences. Steps of many sizes are extrapolated (Ridders 1982) and
 * their scatter gives the tolerance of each element; at a kink any slope between the one-sided ones will do. Never
 * CT_PASS without evidence: a gradient that is zero throughout an input, differences too coarse to judge, a kink or a
 * function that gives another result each time are inconclusive, and so is one that fails (ct_error() says why).
 * What is less than 1e-12 of the largest element of its input's gradient counts as rounding: down to 1e-15 of it where
 * the element, times its gradient, matters as much as the others do.
 * Random ops draw the same numbers in each call. */
CT_API CT_MUST_CHECK ct_gradcheck_result ct_gradcheck_at(const char *at, ct_function f, void *context, ct_list inputs,
                                                         const ct_gradcheck_options *options);
#define ct_gradcheck(f, context, ...) ct_gradcheck_at(CT_PLACE("ct_gradcheck: "), f, context, __VA_ARGS__, NULL)
#define ct_gradcheck_with(...) ct_gradcheck_at(CT_PLACE("ct_gradcheck: "), __VA_ARGS__)

/* Functions over plain arrays: x[i] are the elements of inputs[i], and dx[i] as many, which are zero at first. */
typedef double (*ct_hand_value)(const double *const *x, void *context);
typedef void (*ct_hand_gradient)(const double *const *x, double *const *dx, void *context);

/* The same for a backward pass that was written by hand, without tensors: `gradient` writes the derivatives of `value`
 * by all elements. Forward mode cannot be asked. */
CT_API CT_MUST_CHECK ct_gradcheck_result ct_gradcheck_hand_at(const char *at, ct_hand_value value,
                                                              ct_hand_gradient gradient, void *context, ct_list inputs);
#define ct_gradcheck_hand(...) ct_gradcheck_hand_at(CT_PLACE("ct_gradcheck_hand: "), __VA_ARGS__)

#endif
