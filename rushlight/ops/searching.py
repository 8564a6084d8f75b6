"""Gather, scatter, sort, and finding elements. Source: torch's indexing and sorting ops."""
from ..graph import primitives as P
from ..runtime import dtypes as dt

from .declare import OPS, Op, public
from .reductions import pair

gather_op = Op("gather_op", "input index", "dim", node="GatherBackward0", display="gather",
               compute=lambda x, index, dim: P.gather(x, index, dim),
               grads={"input": lambda g, index, infos, dim: OPS["scatter_zeros"](g, index, dim=dim, shape=infos[0].shape)})


@public(out=True)
def gather(input, dim, index, *, sparse_grad=False):
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on."""
    d = Op.wrap_dim(dim, input._meta.ndim)
    if index.dtype not in (dt.int64, dt.int32):
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if index._meta.ndim != input._meta.ndim and input._meta.ndim and index._meta.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for i, (a, b) in enumerate(zip(index._meta.shape, input._meta.shape)):
        if i != d and a > b:
            raise RuntimeError(f"Size does not match at dimension {i} expected index {list(index.shape)} to be no larger than self "
                               f"{list(input.shape)} apart from dimension {d}")
    if input._meta.ndim == 0 or index._meta.ndim == 0:
        return gather(input.reshape(-1), 0, index.reshape(-1)).reshape(index._meta.shape)
    return Op.apply(gather_op, (input, checked(index, input._meta.shape[d], "gather", d)), (d,))


def _check_bounds(array, size, name, dim):
    if array.size and (array.max() >= size or array.min() < 0):
        bad = array[(array >= size) | (array < 0)].flat[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def checked(index, size, name, dim, check=_check_bounds):
    """index as int64, its values checked: now if they are there, else when the plan runs."""
    if index.dtype is not dt.int64:
        index = index.to(dt.int64)
    return Op.checked(index, check, (size, name, dim))


@public(method=False)
def nonzero(input, *, as_tuple=False):
    """The places of the elements that are not zero: (n, ndim) int64, or a tuple of ndim vectors."""
    import numpy as np

    array = input._array()
    if input.dtype is dt.bfloat16:
        array = array & 0x7FFF
    if as_tuple:
        parts = np.nonzero(array) if array.ndim else (np.zeros(int(bool(array)), np.int64),)
        return tuple(Op.from_array(np.ascontiguousarray(p, np.int64)) for p in parts)
    places = np.argwhere(array) if array.ndim else np.zeros((int(bool(array)), 0))
    return Op.from_array(np.ascontiguousarray(places, np.int64))


nonzero.method = nonzero
public(name="argwhere")(lambda input: nonzero(input))


# ------------------------------------------------------------------ sort
def _sorted(x, dim, descending, stable):
    at = P.argsort(x, dim, descending, stable)
    return [P.gather(x, at, dim), at]


def _sort_gradient(gs, result1, infos, dim):
    return None if gs[0] is None else OPS["scatter_zeros"](gs[0], result1, dim=dim, shape=infos[0].shape)


sort_op = Op("sort", "input", "dim descending stable", compute=_sorted, nout=2, nondifferentiable=(1,),
             grads={"input": _sort_gradient})


def _top(x, k, dim, largest, ordered):
    at = P.topk_indices(x, k, dim, largest, ordered)
    return [P.gather(x, at, dim), at]


topk_op = Op("topk", "input", "k dim largest ordered", compute=_top, nout=2, nondifferentiable=(1,),
             grads={"input": _sort_gradient})
sort_pair, topk_pair = pair("sort"), pair("topk")


@public(out=True)
def sort(input, dim=-1, descending=False, stable=False):
    """Sorted values along dim, and where they were."""
    if input._meta.ndim == 0:
        return sort_pair(input.clone(), input.new_zeros((), dtype=dt.int64))
    return sort_pair(*Op.apply(sort_op, (input,), (Op.wrap_dim(dim, input._meta.ndim), bool(descending), True)))


@public()
def argsort(input, dim=-1, descending=False, stable=False):
    return sort(input, dim, descending, stable).indices


@public()
def msort(input):
    return sort(input, 0).values


@public(out=True)
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The k largest (or smallest) along dim, and where they were."""
    if input._meta.ndim == 0:
        return topk_pair(input.clone(), input.new_zeros((), dtype=dt.int64))
    d = Op.wrap_dim(dim, input._meta.ndim)
    if not 0 <= k <= input._meta.shape[d]:
        raise RuntimeError("selected index k out of range")
    return topk_pair(*Op.apply(topk_op, (input,), (int(k), d, bool(largest), bool(sorted))))


