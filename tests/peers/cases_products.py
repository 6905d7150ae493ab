"""Products of matrices and vectors."""
from cases import op


@op("matmul")
def matmul(ct, x, other):
    return ct.matmul(x, other)


@op("linear")
def linear(ct, x, weight, bias=None):
    return ct.affine(x, weight, bias)
