"""Elementwise ops: arithmetic, comparison, rounding, activations."""
from cases import Tensor, Unsupported, binary, op, unary

unary("neg", "square", "sqrt", "exp", "expm1", "log", "abs", "sign", "sin", "cos", "tanh", "sigmoid")


@op("add")
def add(ct, x, other, alpha=1):
    return ct.add(x, other if alpha == 1 else ct.mul(other, alpha))


@op("sub")
def sub(ct, x, other, alpha=1):
    return ct.sub(x, other if alpha == 1 else ct.mul(other, alpha))


@op("rsub")
def rsub(ct, x, other, alpha=1):
    if not isinstance(x, Tensor):
        raise Unsupported("two numbers")
    return ct.sub(other, x if alpha == 1 else ct.mul(x, alpha))


@op("div.no_rounding_mode", "true_divide")
def div(ct, x, other, rounding_mode=None):
    return ct.div(x, other)


binary("mul", "pow", "maximum", "minimum", **{"max.binary": "maximum", "min.binary": "minimum"})


@op("relu")
def relu(ct, x, inplace=False):
    return ct.relu(x)


@op("leaky_relu")
def leaky_relu(ct, x, negative_slope=0.01, inplace=False):
    return ct.leaky_relu(x, negative_slope)


@op("where")
def where(ct, x, condition, other):
    return ct.where(condition, x, other)
