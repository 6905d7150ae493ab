"""Shape, parts of tensors, indices."""
from cases import op


def scalar(ct, x, f):
    """f of a 0-d tensor by way of one element: it has the axes 0 and -1 for PyTorch."""
    return ct.reshape(f(ct.reshape(x, (1,))), ())


@op("reshape", "view")
def reshape(ct, x, *shape):
    return ct.reshape(x, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)


@op("permute")
def permute(ct, x, dims):
    return ct.permute(x, dims)


@op("transpose")
def transpose(ct, x, dim0, dim1):
    return ct.transpose(x, dim0, dim1) if x.ndim else scalar(ct, x, lambda v: ct.transpose(v, dim0, dim1))


@op("cat")
def cat(ct, tensors, dim=0):
    return ct.concat(tensors, dim)


@op("stack")
def stack(ct, tensors, dim=0):
    return ct.stack(tensors, dim)


@op("index_select")
def index_select(ct, x, dim, index):
    return ct.index_select(x, dim, index) if x.ndim else scalar(ct, x, lambda v: ct.index_select(v, dim, index))


@op("gather")
def gather(ct, x, dim, index, sparse_grad=False):
    if x.ndim == 0 and index.ndim <= 1 and index.size == 1:
        return ct.reshape(ct.gather(ct.reshape(x, (1,)), dim, ct.reshape(index, (1,))), index.shape)
    return ct.gather(x, dim, index)
