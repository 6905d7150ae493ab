"""Normalisation, resampling of images."""
import ctypes
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


@op("bilinear")
def bilinear(ct, x, y, weight, bias=None):
    return ct.bilinear(x, y, weight, bias)


@op("pixel_shuffle")
def pixel_shuffle(ct, x, upscale_factor):
    return ct.pixel_shuffle(x, upscale_factor)


@op("pixel_unshuffle")
def pixel_unshuffle(ct, x, downscale_factor):
    return ct.pixel_unshuffle(x, downscale_factor)


def each(kind, value):
    """One number, or one for each spatial axis, as an array of three."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value or 0,) * 3
    return (kind * 3)(*values)


MODES = {"nearest": "NEAREST", "linear": "LINEAR", "bilinear": "LINEAR", "trilinear": "LINEAR", "bicubic": "CUBIC",
         "area": "AREA"}


def resize(ct, x, size, scale, mode, align_corners):
    options = ct.types["ct_resize_options"](getattr(ct, "CT_RESAMPLE_" + MODES[mode]), each(ctypes.c_int64, size),
                                            each(ctypes.c_double, scale), bool(align_corners))
    return ct.interpolate(x, ctypes.byref(options))


@op("interpolate.nearest", "interpolate.linear", "interpolate.bilinear", "interpolate.bicubic",
    "interpolate.trilinear", "interpolate.area")
def interpolate(ct, x, size=None, scale_factor=None, mode="nearest", align_corners=None):
    return resize(ct, x, size, scale_factor, mode, align_corners)


@op("upsample_nearest")
def upsample_nearest(ct, x, size=None, scale_factor=None):
    return resize(ct, x, size, scale_factor, "nearest", False)


@op("upsample_bilinear")
def upsample_bilinear(ct, x, size=None, scale_factor=None):
    return resize(ct, x, size, scale_factor, "bilinear", True)


@op("grid_sample")
def grid_sample(ct, x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    if mode == "bicubic" or x.ndim != 4:
        raise Unsupported("grids are of images, nearest or bilinear")
    return ct.grid_sample(x, grid, getattr(ct, "CT_RESAMPLE_" + MODES[mode]),
                          getattr(ct, "CT_GRID_" + padding_mode.upper()), bool(align_corners))
