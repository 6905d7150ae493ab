/* nn/: modules, layers, losses, initial values.
 *
 * A module maps a tensor to a tensor and owns its parameters, which are leaves outside of every scope:
 *
 *     ct_module *net = ct_sequential(ct_linear(784, 128), ct_relu_layer(), ct_linear(128, 10));
 *     ct_tensor *logits = ct_forward(net, x);  // in a scope, as every expression
 *     ct_module_free(net);                     // after the last scope that computed with it
 *
 * A constructor returns NULL on failure; the cause is on record as for every expression, so a net may be checked
 * once.
 */
#ifndef COTANGENT_NN_H
#define COTANGENT_NN_H

#include <cotangent/autograd/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <cotangent/nn/module.h>

#include <cotangent/nn/layers.h>

#include <cotangent/nn/recurrent.h>

#include <cotangent/nn/attention.h>

#include <cotangent/nn/init.h>

#include <cotangent/nn/losses.h>

#ifdef __cplusplus
}
#endif
#endif
