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

/* All that f was computed from, in order of creation, f being the last. The list lives as long as the innermost scope;
 * empty, with an error raised, on failure. */
CT_API ct_list ct_nodes_at(const char *at, ct_tensor *f);
#define ct_nodes(...) ct_nodes_at(CT_PLACE("ct_nodes: "), __VA_ARGS__)

#include <cotangent/inspect/derivation.h>
#include <cotangent/inspect/why.h>
#include <cotangent/inspect/drawing.h>
#include <cotangent/inspect/expression.h>
#include <cotangent/inspect/gradcheck.h>

#include <cotangent/inspect/claims.h>

#ifdef __cplusplus
}
#endif
#endif
