/* What the losses share. */
#ifndef COTANGENT_AUTOGRAD_LOSS_H
#define COTANGENT_AUTOGRAD_LOSS_H

#include "autograd/ops/compose.h"
#include "autograd/ops/index.h"

/* The terms of a loss reduced as the caller asked; `op` is named in errors. */
ct_tensor *ct_reduce_loss(const char *op, const char *at, ct_tensor *terms, ct_loss_reduction reduction);

/* max(x, 0), with the derivative 1 at 0. */
ct_tensor *ct_hinge(const char *at, ct_tensor *x);

#endif
