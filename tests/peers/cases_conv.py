"""Convolutions, pooling, normalisation, images."""
import ctypes

from cases import op


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
