"""Reading elements and slices at indices. Source: torch.gather, take, index_select, masked_select and their kin."""
from math import prod

from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import OPS, Op, public

_INDEX_DTYPES = (dt.int64, dt.int32)


def need_tensor(name, argument, position, value):
    """TypeError if an argument is no tensor."""
    if not isinstance(value, Op.Tensor):
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}")


# ------------------------------------------------------------------ checks of index values
def _check_bounds(array, size, dim):
    if array.size and (array.max() >= size or array.min() < 0):
        bad = array[(array >= size) | (array < 0)].flat[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def checked(index, size, dim, check=_check_bounds):
    """index as int64, its values checked: now if they are there, else when the plan runs."""
    if index.dtype is not dt.int64:
        index = index.to(dt.int64)
    if size == 0:       # nothing may be computed that would notice later
        index._array()
    return Op.checked(index, check, (size, dim))


def _check_flat(array, size, _):
    if array.size and (array.max() >= size or array.min() < -size):
        bad = array[(array >= size) | (array < -size)].flat[0]
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {size} elements.")


def _check_rows(array, size, rows):
    """rows: whether rows are looked up (or elements of a vector): PyTorch says it differently then."""
    if array.size and (array.max() >= size or array.min() < 0):
        if rows:
            raise IndexError("index out of range in self")
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={array[(array >= size) | (array < 0)].flat[0]} axis_dim={size}")


# ------------------------------------------------------------------ gather
def _gather(x, index, dim):
    if index.numel == 0:
        return P.const(0, x.dtype, index.shape)
    if x.ndim == 0 or index.ndim == 0:
        return P.reshape(P.gather(P.reshape(x, (x.numel,)), P.reshape(index, (index.numel,)), 0), index.shape)
    return P.gather(x, index, dim)


gather_op = Op("gather_op", "input index", "dim", node="GatherBackward0", display="gather", compute=_gather,
               grads={"input": lambda g, index, infos, dim: OPS["scatter_zeros"](g, index, dim=dim, shape=infos[0].shape)})


@public(out=True)
def gather(input, dim, index, *, sparse_grad=False):
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on; index may be smaller than input elsewhere."""
    need_tensor("gather", "index", 3, index)
    x, at = input._meta, index._meta
    d = Op.wrap_dim(dim, x.ndim)
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if at.numel == 0:
        return Op.apply(gather_op, (input, index), (d,))
    if max(x.ndim, 1) != max(at.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for i, (a, b) in enumerate(zip(at.shape, x.shape)):
        if i != d and a > b:
            raise RuntimeError(f"Size does not match at dimension {i} expected index {list(at.shape)} to be no larger than self "
                               f"{list(x.shape)} apart from dimension {d}")
    return Op.apply(gather_op, (input, checked(index, x.shape[d] if x.ndim else 1, d)), (d,))


@public(out=True)
def take_along_dim(input, indices, dim=None):
    """gather with input and indices broadcast together elsewhere; over the flat elements if dim is None."""
    need_tensor("take_along_dim", "indices", 2, indices)
    if indices.dtype not in _INDEX_DTYPES:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {dt.long_name(indices.dtype)}")
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    ndim = input._meta.ndim
    if ndim != indices._meta.ndim:
        raise RuntimeError("torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
                           f"{ndim} dimensions for input, and {indices._meta.ndim} dimensions for indices")
    d = Op.wrap_dim(dim, ndim)
    rest = P.broadcast_shapes(*(t._meta.shape[:d] + (1,) + t._meta.shape[d + 1:] for t in (input, indices)))
    sizes = [rest[:d] + (t._meta.shape[d],) + rest[d + 1:] for t in (input, indices)]
    return gather(input.expand(sizes[0]), d, indices.expand(sizes[1]))


# ------------------------------------------------------------------ flat elements
def _spread_flat(src, index, shape):
    flat = P.const(0, src.dtype, (prod(shape),))
    return P.reshape(P.index_put(flat, (index,), src, True), shape)


take_op = Op("take", "input index", compute=lambda x, index: P.index(P.reshape(x, (x.numel,)), (index,)),
             grads={"input": lambda g, index, infos: spread_flat(g, index, shape=infos[0].shape)})
# zeros of `shape` with src added at the flat places of index
spread_flat = Op("spread_flat", "src index", "shape", compute=_spread_flat, node="PutBackward0",
                 grads={"src": lambda g, index: take_op(g, index)})


@public(out=True)
def take(input, index):
    """The elements of the flattened input at index, in index's shape; negative ones count from the end."""
    need_tensor("take", "index", 2, index)
    if index.dtype is not dt.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {dt.long_name(index.dtype)}")
    if input._meta.numel == 0 and index._meta.numel:
        raise IndexError("take(): tried to take from an empty tensor")
    return Op.apply(take_op, (input, checked(index, input._meta.numel, None, _check_flat)))


# ------------------------------------------------------------------ slices
def rows_first(x, dim):
    """x with dim in front."""
    return P.permute(x, (dim,) + tuple(d for d in range(x.ndim) if d != dim))


def rows_back(x, dim):
    """The inverse of rows_first."""
    return P.permute(x, tuple(range(1, dim + 1)) + (0,) + tuple(range(dim + 1, x.ndim)))


def _index_select(x, index, dim):
    index = P.reshape(index, (index.numel,))
    if x.ndim == 0:
        return P.reshape(P.index(P.reshape(x, (1,)), (index,)), ())
    return rows_back(P.index(rows_first(x, dim), (index,)), dim)


index_select_op = Op("index_select", "input index", "dim", compute=_index_select,
                     grads={"input": lambda g, index, infos, dim: spread_rows(g, index, dim=dim, shape=infos[0].shape)})


def _spread_rows(src, index, dim, shape):
    zeros = P.const(0, src.dtype, shape)
    index = P.reshape(index, (index.numel,))
    if not shape:
        return P.reshape(P.index_put(P.reshape(zeros, (1,)), (index,), P.reshape(src, (1,)), True), ())
    return rows_back(P.index_put(rows_first(zeros, dim), (index,), rows_first(src, dim), True), dim)


# zeros of `shape` with the slices of src added at index
spread_rows = Op("spread_rows", "src index", "dim shape", compute=_spread_rows, node="IndexAddBackward0",
                 grads={"src": lambda g, index, dim: index_select_op(g, index, dim=dim)})


@public(out=True)
def index_select(input, dim, index):
    """The slices of input along dim at index, a vector."""
    need_tensor("index_select", "index", 3, index)
    at = index._meta
    if at.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    d = Op.wrap_dim(dim, input._meta.ndim)
    if input._meta.ndim == 0 and at.numel != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {at.numel} value(s)")
    size = input._meta.shape[d] if input._meta.ndim else 1
    if size == 0 and at.numel and input._meta.ndim > 1:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    rows = input._meta.ndim < 2 or d == 0 and input._meta.numel > 0
    return Op.apply(index_select_op, (input, checked(index, size, rows, _check_rows)), (d,))


# ------------------------------------------------------------------ masks
masked_select_op = Op("masked_select", "input places", "shape",
                      compute=lambda x, places, shape: P.index(P.reshape(P.expand(x, shape), (prod(shape),)), (places,)),
                      grads={"input": lambda g, places, shape: spread_flat(g, places, shape=shape)})


@public(out=True)
def masked_select(input, mask):
    """The elements of input where mask (broadcast with it) is True, as a vector."""
    need_tensor("masked_select", "mask", 2, mask)
    if mask.dtype is not dt.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    import numpy as np

    shape = P.broadcast_shapes(mask._meta.shape, input._meta.shape)
    places = np.flatnonzero(np.broadcast_to(mask._array(), shape))
    return Op.apply(masked_select_op, (input, Op.from_array(places.astype(np.int64, copy=False))), (shape,))
