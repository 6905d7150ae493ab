"""Products of matrices and vectors."""
from cases import binary, op

binary("matmul", "mm", "mv", "bmm", "outer", "inner", "kron", dot="vdot")


@op("linear")
def linear(ct, x, weight, bias=None):
    return ct.affine(x, weight, bias)


def blended(*names):
    """beta x + alpha (a b)."""
    for name in names:
        op(name)(lambda ct, x, a, b, *, beta=1, alpha=1, own=name.split(".")[0]: getattr(ct, own)(x, a, b, beta, alpha))


blended("addmm", "addmm.decomposed", "addmv", "addr", "addbmm", "baddbmm")


@op("trace")
def trace(ct, x):
    return ct.trace(x)


@op("linalg.multi_dot")
def multi_dot(ct, xs):
    return ct.multi_dot(tuple(xs))


@op("einsum")
def einsum(ct, xs, equation):
    return ct.einsum(equation.encode(), tuple(xs))


@op("tensordot")
def tensordot(ct, x, other, dims=2):
    own, others = (tuple(range(x.ndim - dims, x.ndim)), tuple(range(dims))) if isinstance(dims, int) else dims
    return ct.tensordot(x, other, tuple(own), tuple(others))
