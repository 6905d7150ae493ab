/* inspect/: looking at what was computed, and proving gradients.
 *
 *     ct_backward(f);
 *     ct_draw(f, "graph.svg");
 *
 * draws every node that f was computed from, with the value that the forward pass and the gradient that the last
 * backward pass left in it.
 */
#ifndef COTANGENT_INSPECT_H
#define COTANGENT_INSPECT_H

#include <cotangent/autograd/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- drawings ----------------------------------------------------------------------------------------------- */

/* Draws the graph of f into a file whose ending picks the format: .dot or .gv (Graphviz text, always there), .svg,
 * .png or .pdf (through Graphviz's library, if the build found it). Scalars show value and gradient, larger tensors
 * shape, dtype and the minimum, mean and maximum of both; "-" stands where no backward pass has been. Boxes are
 * constants, sheets leaves, rounded boxes operations, the double box f itself. Graphs of more than 2,000 nodes are
 * folded in the middle. An existing file is replaced as a whole, or on failure not at all. False, with an error that
 * ct_end() reports too, when there is no drawing. */
CT_API bool ct_draw_at(const char *at, ct_tensor *f, const char *path);
#define ct_draw(...) ct_draw_at(CT_HERE, __VA_ARGS__)

/* Writes the Graphviz text of the same drawing. Node ids count in order of creation, so that the texts of two runs of
 * one program can be compared line by line. */
CT_API bool ct_dot_at(const char *at, ct_tensor *f, FILE *out);
#define ct_dot(...) ct_dot_at(CT_HERE, __VA_ARGS__)

/* ---- proving gradients -------------------------------------------------------------------------------------- */

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

#ifdef __cplusplus
}
#endif
#endif
