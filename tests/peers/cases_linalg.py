"""Dense linear algebra. Of eigenvectors and singular vectors both sides return what does not depend on their signs."""
import itertools

import torch

from cases import Unsupported, op


def turned(ct, x):
    return ct.transpose(x, -2, -1)


@op("linalg.cholesky")
def cholesky(ct, x, upper=False):
    return turned(ct, ct.cholesky(turned(ct, x))) if upper else ct.cholesky(x)


@op("linalg.inv")
def inv(ct, x):
    return ct.inv(x)


def peer_det(x):
    """PyTorch's value with the gradient of Leibniz's formula: its own is wrong by half for one of its singular samples."""
    wide, total = x.double(), 0
    for order in itertools.permutations(range(x.shape[-1])):
        inversions = sum(a > b for a, b in itertools.combinations(order, 2))
        total = total + (-1) ** inversions * wide[..., range(x.shape[-1]), order].prod(-1)
    total = total.to(x.dtype)
    return total + (torch.linalg.det(x) - total).detach()


@op("linalg.det")
@op("linalg.det.singular", peer=peer_det)
def det(ct, x):
    return ct.det(x)


@op("linalg.slogdet")
def slogdet(ct, x):
    return ct.slogdet(x)


@op("linalg.solve")
def solve(ct, x, other, left=True):
    if not left:
        raise Unsupported("solutions of z x = y: transpose")
    return ct.solve(x, other)


@op("linalg.solve_triangular")
def solve_triangular(ct, x, other, upper, left=True, unitriangular=False):
    return ct.solve_triangular(x, other, upper, left, unitriangular)


@op("linalg.qr")
def qr(ct, x, mode="reduced"):
    if mode != "reduced":
        raise Unsupported("mode " + mode)
    return ct.qr(x)


def peer_eigh(x, UPLO="L"):
    values, vectors = torch.linalg.eigh(x, UPLO)
    return values, vectors.abs()


@op("linalg.eigh", peer=peer_eigh)
def eigh(ct, x, UPLO="L"):
    values, vectors = ct.eigh(x if UPLO.upper() == "L" else turned(ct, x))
    return values, ct.abs(vectors)


def peer_svd(x, full_matrices=True):
    u, s, vt = torch.linalg.svd(x, False)
    return u.abs(), s, vt.abs()


@op("linalg.svd", peer=peer_svd)
def svd(ct, x, full_matrices=True):
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise Unsupported("full_matrices")
    u, s, vt = ct.svd(x)
    return ct.abs(u), s, ct.abs(vt)


@op("linalg.svdvals")
def svdvals(ct, x):
    return ct.svdvals(x)
