"""Convolutions, pooling, unfold."""
import ctypes

from cases import Unsupported, op


def pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * 2


def filled(ct, kind, **fields):
    """A pointer to a struct of options."""
    return ctypes.byref(ct.types[kind](**fields))


def positive(value):
    """0 is the default here, and an error there."""
    return tuple(number or -1 for number in pair(value))


def conv_options(ct, stride=1, padding=0, dilation=1, groups=1, output_padding=0):
    return filled(ct, "ct_conv_options", stride=positive(stride), dilation=positive(dilation), groups=groups or -1,
                  padding=(0, 0) if isinstance(padding, str) else pair(padding), same=padding == "same",
                  output_padding=pair(output_padding))


def convolution(spatial):
    def adapter(ct, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        f = getattr(ct, f"conv{spatial}d")
        return f(x, weight, bias, conv_options(ct, stride, padding, dilation, groups))

    def transposed(ct, x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
        f = getattr(ct, f"conv_transpose{spatial}d")
        return f(x, weight, bias, conv_options(ct, stride, padding, dilation, groups, output_padding))

    op(f"conv{spatial}d")(adapter)
    op(f"conv_transpose{spatial}d")(transposed)


convolution(1)
convolution(2)


# ---- pooling ----

def pool_options(ct, spatial, kernel, stride=None, padding=0, dilation=1, ceil=False, include=True, divisor=None):
    stride = kernel if stride is None or stride == [] else stride
    if divisor == 0:
        raise Unsupported("a divisor of 0 is the default here")
    if any(len(v) not in (1, spatial) for v in (kernel, stride, padding, dilation) if isinstance(v, (tuple, list))):
        raise Unsupported("a number of extents that the struct has no room for")

    def some(value):  # entry 1 is read with two axes only
        value = positive(value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value)
        return value if spatial == 2 else (value[0], 0)

    padding = padding[0] if isinstance(padding, (tuple, list)) and len(padding) == 1 else padding
    return filled(ct, "ct_pool_options", kernel=some(kernel), stride=some(stride), padding=pair(padding),
                  dilation=some(dilation), ceil=ceil, exclude_padding=not include, divisor=divisor or 0)


def pooling(spatial):
    @op(f"max_pool{spatial}d")
    def maximum(ct, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        options = pool_options(ct, spatial, kernel_size, stride, padding, dilation, ceil_mode)
        z = getattr(ct, f"max_pool{spatial}d")(x, options)
        return [z, ct.argmax_pool(x, options)] if return_indices else z

    @op(f"avg_pool{spatial}d")
    def average(ct, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
                divisor_override=None):
        return getattr(ct, f"avg_pool{spatial}d")(
            x, pool_options(ct, spatial, kernel_size, stride, padding, 1, ceil_mode, count_include_pad, divisor_override))


pooling(1)
pooling(2)


def parts(output_size):
    return tuple(-1 if n is None else n for n in pair(output_size))


@op("adaptive_avg_pool2d")
def adaptive_avg_pool2d(ct, x, output_size):
    return ct.adaptive_avg_pool2d(x, parts(output_size))


@op("adaptive_max_pool2d")
def adaptive_max_pool2d(ct, x, output_size, return_indices=False):
    z = ct.adaptive_max_pool2d(x, parts(output_size))
    return [z, ct.argmax_adaptive_pool(x, parts(output_size))] if return_indices else z


@op("unfold")
def unfold(ct, x, kernel_size, dilation=1, padding=0, stride=1):
    return ct.unfold(x, pair(kernel_size), conv_options(ct, stride, padding, dilation))
