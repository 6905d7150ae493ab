"""Shape, parts of tensors, indices, masks."""
import ctypes

import torch

from cases import END, Unsupported, op
from library import Tensor


def sizes(ct, numbers):
    """CT_SIZES(...)"""
    items = (ctypes.c_int64 * max(len(numbers), 1))(*numbers)
    value = ct.types["ct_sizes"](len(numbers), ctypes.addressof(items))
    value.items_alive = items
    return value


def listed(numbers):
    """PyTorch's f(x, 2, 3) and f(x, (2, 3)) are one."""
    return tuple(numbers[0]) if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)) else tuple(numbers)


def number(value):
    """An index that PyTorch also takes as a tensor."""
    return int(value.to_torch()) if isinstance(value, Tensor) else value


def refuse(out):
    if out is not None:
        raise Unsupported("out=")


def pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


# ---- shape ----

@op("reshape", "view")
def reshape(ct, x, *shape):
    return ct.reshape(x, listed(shape))


@op("reshape_as", "view_as")
def reshape_as(ct, x, other):
    return ct.reshape(x, other.shape)


@op("permute")
def permute(ct, x, dims):
    return ct.permute(x, dims)


@op("transpose")
def transpose(ct, x, dim0, dim1):
    return ct.transpose(x, dim0, dim1)


@op("t")
def t(ct, x):
    return ct.t(x)


@op("movedim")
def movedim(ct, x, source, destination):
    return ct.movedim(x, pair(source), pair(destination))


@op("squeeze")
def squeeze(ct, x, dim=None):
    return ct.squeeze(x, dim if dim is None else (dim,))


@op("unsqueeze")
def unsqueeze(ct, x, dim):
    return ct.unsqueeze(x, dim)


@op("flatten")
def flatten(ct, x, start_dim=0, end_dim=-1):
    return ct.flatten(x, start_dim, end_dim)


@op("unflatten")
def unflatten(ct, x, dim, sizes):
    return ct.unflatten(x, dim, sizes)


@op("clone", "contiguous")
def clone(ct, x):
    return ct.clone(x)


@op("broadcast_to")
def broadcast_to(ct, x, shape):
    return ct.broadcast(x, shape)


@op("expand")
def expand(ct, x, *shape):
    return ct.expand(x, listed(shape))


@op("expand_as")
def expand_as(ct, x, other):
    return ct.expand(x, other.shape)


@op("repeat")
def repeat(ct, x, *times):
    return ct.repeat(x, listed(times))


@op("tile")
def tile(ct, x, dims):
    return ct.tile(x, dims)


@op("repeat_interleave")
def repeat_interleave(ct, x, repeats, dim=None):
    if isinstance(repeats, Tensor):
        raise Unsupported("a number of repetitions for each slice")
    return ct.repeat_interleave(ct.flatten(x, 0, -1) if dim is None else x, repeats, dim or 0)


# ---- order, diagonals, windows ----

@op("flip")
def flip(ct, x, dims):
    return ct.flip(x, dims)


@op("fliplr")
def fliplr(ct, x):
    return ct.fliplr(x)


@op("flipud")
def flipud(ct, x):
    return ct.flipud(x)


@op("roll")
def roll(ct, x, shifts, dims=()):
    return ct.roll(x, sizes(ct, pair(shifts)), pair(dims) or None)


@op("rot90")
def rot90(ct, x, k=1, dims=(0, 1)):
    return ct.rot90(x, k, dims)


@op("cross")
def cross(ct, x, other, dim=None):
    return ct.cross(x, other, x.shape.index(3) if dim is None else dim)


@op("__rmatmul__")
def rmatmul(ct, x, other):
    return ct.matmul(other, x)


@op("linalg.cross")
def linalg_cross(ct, x, other, dim=-1):
    return ct.cross(x, other, dim)


@op("diag")
def diag(ct, x, diagonal=0):
    return ct.diag(x, diagonal)


@op("diagonal")
def diagonal(ct, x, offset=0, dim1=0, dim2=1):
    return ct.diagonal(x, offset, dim1, dim2)


@op("diag_embed")
def diag_embed(ct, x, offset=0, dim1=-2, dim2=-1):
    return ct.diag_embed(x, offset, dim1, dim2)


@op("tril")
def tril(ct, x, diagonal=0):
    return ct.tril(x, diagonal)


@op("triu")
def triu(ct, x, diagonal=0):
    return ct.triu(x, diagonal)


@op("as_strided")
def as_strided(ct, x, size, stride, storage_offset=0):
    return ct.as_strided(x, size, stride, storage_offset)


# ---- padding ----

@op("pad.constant")
def pad_constant(ct, x, pad, mode="constant", value=None):
    return ct.pad(x, sizes(ct, pad), value or 0)


@op("pad.reflect")
def pad_reflect(ct, x, pad, mode):
    return ct.pad_reflect(x, sizes(ct, pad))


@op("pad.replicate")
def pad_replicate(ct, x, pad, mode):
    return ct.pad_replicate(x, sizes(ct, pad))


@op("pad.circular")
def pad_circular(ct, x, pad, mode):
    return ct.pad_circular(x, sizes(ct, pad))


# ---- joining and cutting ----

def as_list(tensors):
    if not isinstance(tensors, (tuple, list)):
        raise Unsupported("one tensor instead of a list")
    return tensors


@op("cat")
def cat(ct, tensors, dim=0, out=None):
    refuse(out)
    return ct.concat(as_list(tensors), dim)


@op("stack")
def stack(ct, tensors, dim=0):
    return ct.stack(tensors, dim)


@op("hstack")
def hstack(ct, tensors):
    return ct.hstack(as_list(tensors))


@op("vstack")
def vstack(ct, tensors):
    return ct.vstack(as_list(tensors))


@op("dstack")
def dstack(ct, tensors):
    return ct.dstack(as_list(tensors))


@op("split", "split.list_args")
def split(ct, x, split_size_or_sections, dim=0):
    if isinstance(split_size_or_sections, (tuple, list)):
        return ct.split_sizes(x, sizes(ct, split_size_or_sections), dim)
    return ct.split(x, split_size_or_sections, dim)


@op("chunk")
def chunk(ct, x, chunks, dim=0):
    return ct.chunk(x, chunks, dim)


@op("tensor_split")
def tensor_split(ct, x, indices_or_sections, dim=0):
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.to_torch().tolist()
    if isinstance(indices_or_sections, int):
        return ct.tensor_split(x, indices_or_sections, dim)
    return ct.tensor_split_indices(x, sizes(ct, indices_or_sections), dim)


@op("unbind")
def unbind(ct, x, dim=0):
    return ct.unbind(x, dim)


@op("narrow")
def narrow(ct, x, dim, start, length):
    return ct.narrow(x, dim, number(start), length)


@op("select")
def select(ct, x, dim, index):
    return ct.select(x, dim, index)


@op("meshgrid.list_of_tensors", "meshgrid.variadic_tensors")
def meshgrid(ct, x, *others, indexing="ij"):
    every = x if isinstance(x, (tuple, list)) else (x, *others)
    return ct.meshgrid(every, ct.CT_INDEXING_XY if indexing == "xy" else ct.CT_INDEXING_IJ)


# ---- x[...] ----

def subscript(ct, item, alive):
    """One part of Python's x[...] as a ct_subscript."""
    make, kinds = ct.types["ct_subscript"], ct.constants
    if item is None:
        return make(kinds["CT_SUBSCRIPT_NEW_AXIS"])
    if item is Ellipsis:
        return make(kinds["CT_SUBSCRIPT_ELLIPSIS"])
    if isinstance(item, slice):
        stop = END if item.stop is None else item.stop
        return make(kinds["CT_SUBSCRIPT_SLICE"], item.start or 0, stop, 1 if item.step is None else item.step)
    if isinstance(item, int) and not isinstance(item, bool):
        return make(kinds["CT_SUBSCRIPT_AT"], item)
    alive.append(item if isinstance(item, Tensor) else ct.tensor(torch.as_tensor(item)))
    return make(kinds["CT_SUBSCRIPT_TENSOR"], 0, 0, 0, alive[-1].handle)


def subscripts(ct, items):
    alive = []
    array = (ct.types["ct_subscript"] * max(len(items), 1))(*[subscript(ct, item, alive) for item in items])
    value = ct.types["ct_subscripts"](len(items), ctypes.addressof(array))
    value.items_alive = array, alive
    return value


def is_several(index):
    """Whether Python's x[index] means several subscripts: a list of plain numbers is one tensor of indices."""
    return isinstance(index, tuple) or (isinstance(index, list) and not all(isinstance(item, int) for item in index))


@op("__getitem__")
def getitem(ct, x, index):
    return ct.index_by(x, subscripts(ct, index if is_several(index) else [index]))


@op("index_put")
def index_put(ct, x, indices, values, accumulate=False):
    rows = indices[0].to_torch()
    if not accumulate and rows.dtype == torch.int64 and len(rows.unique()) < len(rows):
        raise Unsupported("several values for one place: PyTorch gives each of them the gradient of the last")
    return ct.index_put(x, subscripts(ct, indices), values, accumulate)


# ---- indices ----

@op("index_select")
def index_select(ct, x, dim, index, out=None):
    refuse(out)
    return ct.index_select(x, dim, index)


@op("gather")
def gather(ct, x, dim, index, sparse_grad=False, out=None):
    refuse(out)
    return ct.gather(x, dim, index)


@op("take")
def take(ct, x, index, out=None):
    refuse(out)
    return ct.take(x, index)


@op("take_along_dim")
def take_along_dim(ct, x, indices, dim=None):
    if dim is None:
        return ct.take(x, ct.flatten(indices, 0, -1))
    return ct.take_along_dim(x, indices, dim)


@op("put")
def put(ct, x, index, source, accumulate=False):
    return ct.put(x, index, source, accumulate)


@op("scatter")
def scatter(ct, x, dim, index, src, reduce=None):
    if reduce == "multiply":
        raise Unsupported("products of several at one place")
    return ct.scatter_add(x, dim, index, src) if reduce else ct.scatter(x, dim, index, src)


@op("scatter_add")
def scatter_add(ct, x, dim, index, src):
    return ct.scatter_add(x, dim, index, src)


@op("index_add")
def index_add(ct, x, dim, index, source, alpha=1):
    return ct.index_add(x, dim, index, source, alpha)


@op("index_copy")
def index_copy(ct, x, dim, index, source):
    return ct.index_copy(x, dim, index, source)


@op("index_fill")
def index_fill(ct, x, dim, index, value):
    return ct.index_fill(x, dim, index, value)


@op("select_scatter")
def select_scatter(ct, x, src, dim, index):
    return ct.select_scatter(x, src, dim, index)


@op("slice_scatter")
def slice_scatter(ct, x, src, dim=0, start=0, end=END, step=1):
    return ct.slice_scatter(x, src, dim, start, end, step)


@op("diagonal_scatter")
def diagonal_scatter(ct, x, src, offset=0, dim1=0, dim2=1):
    return ct.diagonal_scatter(x, src, offset, dim1, dim2)


@op("embedding")
def embedding(ct, x, weight, padding_idx=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False):
    if max_norm is not None or scale_grad_by_freq:
        raise Unsupported("max_norm or scale_grad_by_freq")
    return ct.embedding(x, weight, -2**63 if padding_idx is None else padding_idx)


# ---- masks ----

@op("masked_select")
def masked_select(ct, x, mask, out=None):
    refuse(out)
    return ct.masked_select(x, mask)


@op("masked_fill")
def masked_fill(ct, x, mask, value):
    return ct.masked_fill(x, mask, value)


@op("masked_scatter")
def masked_scatter(ct, x, mask, source):
    return ct.masked_scatter(x, mask, source)
