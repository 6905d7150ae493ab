"""Reductions, cumulative ops, order, statistics and norms."""
import math

import torch

from cases import ALL, Unsupported, axes, op


def converted(ct, x, dtype):
    """x in the dtype that a reduction was asked for."""
    return x if dtype is None else ct.cast(x, ct.dtype_code(dtype))


def along(ct, f, x, dim):
    """f(x, axis), a 0-d x as a vector of one element: it has the axes 0 and -1 for PyTorch."""
    return f(x, dim) if x.ndim else ct.reshape(f(ct.reshape(x, (1,)), dim), ())


def restored(ct, z, x, dim, keepdim):
    """z, of x without an axis, with that axis put in again."""
    return ct.unsqueeze(z, dim) if keepdim and x.ndim else z


# ---- over sets of axes ----

@op("sum")
def total(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.sum(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("mean")
def mean(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.mean(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("prod")
def prod(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.prod(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("nansum")
def nansum(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.nansum(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("nanmean")
def nanmean(ct, x, dim=None, keepdim=False, dtype=None):
    return ct.nanmean(converted(ct, x, dtype), axes(x, dim, keepdim))


@op("amax")
def amax(ct, x, dim=None, keepdim=False):
    return ct.max(x, axes(x, dim, keepdim))


@op("amin")
def amin(ct, x, dim=None, keepdim=False):
    return ct.min(x, axes(x, dim, keepdim))


@op("aminmax")
def aminmax(ct, x, *, dim=None, keepdim=False):
    if keepdim and x.ndim == 0:
        raise Unsupported("of 0-d with keepdim PyTorch makes two vectors")
    return [ct.min(x, axes(x, dim, keepdim)), ct.max(x, axes(x, dim, keepdim))]


@op("logsumexp")
def logsumexp(ct, x, dim, keepdim=False):
    return ct.logsumexp(x, axes(x, dim, keepdim))


def moment(ct, f, x, dim, unbiased, correction, keepdim):
    """PyTorch's std and var, whose second argument may be `unbiased`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = int(unbiased is not False)
    return f(x, axes(x, dim, keepdim), correction)


@op("var")
def var(ct, x, dim=None, unbiased=None, keepdim=False, correction=None):
    return moment(ct, ct.variance, x, dim, unbiased, correction, keepdim)


@op("std")
def std(ct, x, dim=None, unbiased=None, keepdim=False, correction=None):
    return moment(ct, ct.std, x, dim, unbiased, correction, keepdim)


@op("var_mean")
def var_mean(ct, x, dim=None, unbiased=None, keepdim=False, correction=None):
    own = None if isinstance(dim, bool) else dim
    return [moment(ct, ct.variance, x, dim, unbiased, correction, keepdim), ct.mean(x, axes(x, own, keepdim))]


@op("std_mean")
def std_mean(ct, x, dim=None, unbiased=None, keepdim=False, correction=None):
    own = None if isinstance(dim, bool) else dim
    return [moment(ct, ct.std, x, dim, unbiased, correction, keepdim), ct.mean(x, axes(x, own, keepdim))]


# ---- norms ----

def norm_by_powers(x, ord=2, dim=None, keepdim=False, dtype=None):
    """PyTorch's norm; of orders that are no f32, which it takes them for, by its powers."""
    if not math.isfinite(ord) or torch.tensor(ord, dtype=torch.float32).item() == ord:
        return torch.linalg.vector_norm(x, ord, dim, keepdim, dtype=dtype)
    powers = x.to(dtype or x.dtype).abs() ** ord
    return powers.sum(tuple(range(x.ndim)) if dim is None else dim, keepdim) ** (1 / ord)


@op("linalg.vector_norm", peer=norm_by_powers)
def vector_norm(ct, x, ord=2, dim=None, keepdim=False, dtype=None):
    return ct.vector_norm(converted(ct, x, dtype), ord, axes(x, dim, keepdim))


@op("linalg.matrix_norm")
def matrix_norm(ct, x, ord="fro", dim=(-2, -1), keepdim=False, dtype=None):
    x, dim = converted(ct, x, dtype), axes(x, dim, keepdim)
    if ord == "nuc":
        return ct.nuclear_norm(x, dim)
    if ord == "fro":
        return ct.vector_norm(x, 2, dim)
    return ct.matrix_norm(x, ord, dim)


@op("linalg.norm", "linalg.norm.subgradients_at_zero")
def linalg_norm(ct, x, ord=None, dim=None, keepdim=False, dtype=None):
    n = x.ndim if dim is None else 1 if isinstance(dim, int) else len(dim)
    if ord is None or n == 1:
        return vector_norm(ct, x, 2 if ord is None else ord, dim, keepdim, dtype)
    if n != 2:
        raise Unsupported("an order for other than one or two axes: two functions in C")
    return matrix_norm(ct, x, ord, (0, 1) if dim is None else dim, keepdim, dtype)


@op("norm", "norm.fro", "norm.inf", "norm.nuc")
def norm(ct, x, p="fro", dim=None, keepdim=False, dtype=None):
    if p == "nuc":
        return matrix_norm(ct, x, p, (0, 1) if dim is None else dim, keepdim, dtype)
    return vector_norm(ct, x, 2 if p in ("fro", None) else p, dim, keepdim, dtype)


@op("normalize")
def normalize(ct, x, p=2.0, dim=1, eps=1e-12):
    return ct.normalize(x, p, dim, eps)


@op("pairwise_distance")
def pairwise_distance(ct, x, other, p=2.0, eps=1e-6, keepdim=False):
    return ct.pairwise_distance(x, other, p, eps, keepdim)


@op("cdist")
def cdist(ct, x, other, p=2.0, compute_mode=None):
    return ct.cdist(x, other, p)


@op("cosine_similarity")
def cosine_similarity(ct, x, other, dim=1, eps=1e-8):
    return ct.cosine_similarity(x, other, dim, eps)


# ---- cumulative ----

@op("cumsum")
def cumsum(ct, x, dim, dtype=None):
    return ct.cumsum(converted(ct, x, dtype), dim)


@op("cumprod")
def cumprod(ct, x, dim, dtype=None):
    return ct.cumprod(converted(ct, x, dtype), dim)


@op("logcumsumexp")
def logcumsumexp(ct, x, dim):
    if x.dtype == torch.float32 and x.to_torch().abs().max() > 1000:
        raise Unsupported("f32 results of 10000 leave three digits to the gradient, here and there")
    return ct.logcumsumexp(x, dim)


@op("cummax")
def cummax(ct, x, dim):
    return [ct.cummax(x, dim), ct.argcummax(x, dim)]


@op("cummin")
def cummin(ct, x, dim):
    return [ct.cummin(x, dim), ct.argcummin(x, dim)]


# ---- order ----

@op("sort")
def sort(ct, x, dim=-1, descending=False, stable=False):
    return [ct.sort(x, dim, descending), ct.argsort(x, dim, descending)]


@op("argsort")
def argsort(ct, x, dim=-1, descending=False):
    return ct.argsort(x, dim, descending)


@op("msort")
def msort(ct, x):
    return ct.sort(x, 0, False)


@op("topk")
def topk(ct, x, k, dim=-1, largest=True, sorted=True):
    return [ct.topk(x, k, dim, largest), ct.argtopk(x, k, dim, largest)]


def chosen(ct, x, dim, keepdim, value, place):
    """The pair that PyTorch returns for an axis."""
    return [restored(ct, f(dim), x, dim, keepdim) for f in (value, place)]


@op("kthvalue")
def kthvalue(ct, x, k, dim=-1, keepdim=False):
    return chosen(ct, x, dim, keepdim, lambda d: ct.kthvalue(x, k, d), lambda d: ct.argkthvalue(x, k, d))


@op("mode")
def mode(ct, x, dim=-1, keepdim=False):
    return chosen(ct, x, dim, keepdim, lambda d: ct.mode(x, d), lambda d: ct.argmode(x, d))


@op("median")
def median(ct, x, dim=None, keepdim=False):
    if dim is None:
        return ct.median(x, ALL)
    return chosen(ct, x, dim, keepdim, lambda d: ct.median_along(x, d), lambda d: ct.argmedian(x, d))


@op("max.reduction_with_dim")
def max_along(ct, x, dim, keepdim=False):
    return chosen(ct, x, dim, keepdim, lambda d: ct.max_along(x, d), lambda d: ct.argmax(x, d))


@op("min.reduction_with_dim")
def min_along(ct, x, dim, keepdim=False):
    return chosen(ct, x, dim, keepdim, lambda d: ct.min_along(x, d), lambda d: ct.argmin(x, d))


@op("max.reduction_no_dim")
def max_of_all(ct, x):
    return ct.max(x, ALL)


@op("min.reduction_no_dim")
def min_of_all(ct, x):
    return ct.min(x, ALL)


def place(ct, f, x, dim, keepdim):
    if dim is not None:
        return restored(ct, f(x, dim), x, dim, keepdim)
    found = f(ct.reshape(x, (x.size,)), 0)
    return ct.reshape(found, (1,) * x.ndim) if keepdim else found


@op("argmax")
def argmax(ct, x, dim=None, keepdim=False):
    return place(ct, ct.argmax, x, dim, keepdim)


@op("argmin")
def argmin(ct, x, dim=None, keepdim=False):
    return place(ct, ct.argmin, x, dim, keepdim)


# ---- neighbours, covariance ----

@op("diff")
def diff(ct, x, n=1, dim=-1, prepend=None, append=None):
    parts = [part for part in (prepend, x, append) if part is not None]
    return ct.diff(ct.concat(tuple(parts), dim) if len(parts) > 1 and n else x, n, dim)


@op("trapz", "trapezoid")
def trapz(ct, y, x=None, dx=1, dim=-1):
    return ct.trapz(y, dx, dim) if x is None else ct.trapz_over(y, x, dim)


@op("cov")
def cov(ct, x, correction=1, fweights=None, aweights=None):
    if correction == 1 and aweights and not fweights and aweights.shape == (2,):
        raise Unsupported("of two observations the weights do not count: their gradient is rounding")
    return ct.cov(x, correction, fweights, aweights)


@op("corrcoef")
def corrcoef(ct, x):
    return ct.corrcoef(x)


# ---- along rows ----

@op("softmax", "softmax.with_dtype")
def softmax(ct, x, dim, dtype=None):
    return along(ct, ct.softmax, converted(ct, x, dtype), dim)


@op("log_softmax", "log_softmax.dtype")
def log_softmax(ct, x, dim, dtype=None):
    return along(ct, ct.log_softmax, converted(ct, x, dtype), dim)
