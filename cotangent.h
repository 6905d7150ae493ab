/* Cotangent: tensors in C that know their derivatives. This header is the door to every room. */
#ifndef COTANGENT_H
#define COTANGENT_H

#include <cotangent/tensor/tensor.h>
#include <cotangent/autograd/autograd.h>
#include <cotangent/nn/nn.h>
#include <cotangent/optim/optim.h>
#include <cotangent/data/data.h>
#include <cotangent/inspect/inspect.h>
#include <cotangent/train/train.h>
#include <cotangent/report/report.h>

#endif
