"""Reductions, cumulative ops, order and statistics."""
from cases import axes, op


def converted(ct, x, dtype):
    """x in the dtype that a reduction was asked for."""
    return x if dtype is None else ct.cast(x, ct.dtype_code(dtype))


def along(ct, f, x, dim):
    """f(x, axis), a 0-d x as a vector of one element: it has the axes 0 and -1 for PyTorch."""
    return f(x, dim) if x.ndim else ct.reshape(f(ct.reshape(x, (1,)), dim), ())


@op("sum")
def total(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.sum(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("mean")
def mean(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.mean(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("amax")
def amax(ct, x, dim=None, keepdim=False):
    return ct.max(x, axes(x, dim, keepdim))


@op("amin")
def amin(ct, x, dim=None, keepdim=False):
    return ct.min(x, axes(x, dim, keepdim))


@op("softmax", "softmax.with_dtype")
def softmax(ct, x, dim, dtype=None):
    return along(ct, ct.softmax, converted(ct, x, dtype), dim)


@op("log_softmax", "log_softmax.dtype")
def log_softmax(ct, x, dim, dtype=None):
    return along(ct, ct.log_softmax, converted(ct, x, dtype), dim)
