"""Normalisation, resampling of images."""
import math

import torch

from cases import Unsupported, op


def running(mean, variance, momentum, training):
    """A struct ct_running."""
    return (mean and mean.handle, variance and variance.handle, momentum, training)


@op("batch_norm")
def batch_norm(ct, x, running_mean=None, running_var=None, weight=None, bias=None, training=False, momentum=0.1,
               eps=1e-5):
    if x.ndim == 1:
        raise Unsupported("x has no channels")
    return ct.batch_norm(x, weight, bias, running(running_mean, running_var, momentum, training), eps)


@op("instance_norm")
def instance_norm(ct, x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True,
                  momentum=0.1, eps=1e-5):
    return ct.instance_norm(x, weight, bias, running(running_mean, running_var, momentum, use_input_stats), eps)


@op("layer_norm")
def layer_norm(ct, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    if math.prod(normalized_shape) == 1 and x.dtype == torch.float32:
        raise Unsupported("a difference of 0, of which PyTorch makes rounding errors over sqrt(eps)")
    return ct.layer_norm(x, tuple(normalized_shape), weight, bias, eps)


@op("group_norm")
def group_norm(ct, x, num_groups, weight=None, bias=None, eps=1e-5):
    return ct.group_norm(x, num_groups, weight, bias, eps)


@op("local_response_norm")
def local_response_norm(ct, x, size, alpha=1e-4, beta=0.75, k=1.0):
    return ct.local_response_norm(x, size, alpha, beta, k)
