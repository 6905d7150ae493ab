"""Elementwise ops: arithmetic, comparison, rounding, activations."""
from cases import Tensor, Unsupported, binary, op, unary

unary("neg", "abs", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10",
      "log1p", "sin", "cos", "tan", "sinc", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
      "erf", "erfc", "floor", "ceil", "trunc", "round", "frac", "sigmoid", "tanhshrink")
binary("mul", "pow", "maximum", "minimum", "fmax", "fmin", "fmod", "remainder", "atan2", "hypot", "copysign",
       "logaddexp", "logaddexp2", "xlogy", "clamp_min", "clamp_max",
       **{"max.binary": "maximum", "min.binary": "minimum"})


def scaled(ct, x, factor):
    return x if factor == 1 else ct.mul(x, factor)


@op("add")
def add(ct, x, other, alpha=1):
    return ct.add(x, scaled(ct, other, alpha))


@op("sub")
def sub(ct, x, other, alpha=1):
    return ct.sub(x, scaled(ct, other, alpha))


@op("rsub")
def rsub(ct, x, other, alpha=1):
    if not isinstance(x, Tensor) and not isinstance(other, Tensor):
        raise Unsupported("two numbers")
    return ct.sub(other, scaled(ct, x, alpha))


@op("div.no_rounding_mode", "div.floor_rounding", "div.trunc_rounding", "true_divide")
def div(ct, x, other, rounding_mode=None):
    return {None: ct.div, "floor": ct.floor_divide, "trunc": ct.trunc_divide}[rounding_mode](x, other)


@op("addcmul")
def addcmul(ct, x, y, w, value=1):
    return ct.addcmul(x, y, w, value)


@op("addcdiv")
def addcdiv(ct, x, y, w, value=1):
    return ct.addcdiv(x, y, w, value)


@op("lerp")
def lerp(ct, x, end, weight):
    return ct.lerp(x, end, ct.cast(ct.scalar(weight), x.code) if isinstance(weight, float) else weight)


@op("clamp")
def clamp(ct, x, low=None, high=None):
    return ct.clamp_tensor(x, low, high)


@op("round.decimals_0", "round.decimals_3", "round.decimals_neg_3")
def round_decimals(ct, x, decimals):
    return ct.round_decimals(x, decimals)


@op("logit")
def logit(ct, x, eps=-1):
    return ct.logit(x, eps)


@op("where")
def where(ct, x, condition, other):
    return ct.where(condition, x, other)


# ---- activations: with PyTorch's names and defaults of the parameters ----

for name in ("hardsigmoid", "hardswish", "mish", "relu", "relu6", "selu", "silu"):
    op(name)(lambda ct, x, inplace=False, own=name: getattr(ct, own)(x))

for name in ("logsigmoid", "softsign"):
    op(name)(lambda ct, x, own=name: getattr(ct, own)(x))

for name in ("elu", "celu"):
    op(name)(lambda ct, x, alpha=1, inplace=False, own=name: getattr(ct, own)(x, alpha))

for name in ("hardshrink", "softshrink"):
    op(name)(lambda ct, x, lambd=0.5, own=name: getattr(ct, own)(x, lambd))


@op("gelu")
def gelu(ct, x, approximate="none"):
    if approximate not in ("none", "tanh"):
        raise Unsupported("no such function in C")
    return ct.gelu(x) if approximate == "none" else ct.gelu_tanh(x)


@op("glu")
def glu(ct, x, dim=-1):
    return ct.glu(x, dim)


@op("hardtanh")
def hardtanh(ct, x, min_val=-1, max_val=1, inplace=False):
    return ct.hardtanh(x, min_val, max_val)


@op("leaky_relu")
def leaky_relu(ct, x, negative_slope=0.01, inplace=False):
    return ct.leaky_relu(x, negative_slope)


@op("prelu")
def prelu(ct, x, weight):
    return ct.prelu(x, weight)


@op("softmin", "softmin.with_dtype")
def softmin(ct, x, dim, dtype=None):
    return ct.softmin(x if dtype is None else ct.cast(x, ct.dtype_code(dtype)), dim)


@op("softplus")
def softplus(ct, x, beta=1, threshold=20):
    return ct.softplus_scaled(x, beta, threshold)


@op("threshold")
def threshold(ct, x, bound, value, inplace=False):
    return ct.threshold(x, bound, value)
