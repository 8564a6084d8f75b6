"""Sorting and order statistics: sort, topk, kthvalue, median, mode, quantile. Source: torch's sorting ops."""
import math


from ..graph import layout
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .reductions import A_reshape, pair

NARROW = (dt.float16, dt.bfloat16)


def wide(x):
    """A value that a host function can take: half precision goes as float32, which keeps its order."""
    return P.cast(x, dt.float32) if x.dtype in NARROW else x


# ------------------------------------------------------------------ sort, topk
def _alone(x):
    """The pair of a 0-d tensor: itself, at 0."""
    return [x, P.const(0, dt.int64)]


def _sorted(x, dim, descending, stable):
    if x.ndim == 0:
        return _alone(x)
    at = P.argsort(x, dim, descending, stable)
    return [P.gather(x, at, dim), at]


def _scattered(gs, result1, infos, dim):
    """The gradient of elements chosen along dim: back to where they were."""
    if gs[0] is None or not infos[0].shape:
        return gs[0]
    return OPS["scatter_zeros"](gs[0], result1, dim=dim, shape=infos[0].shape)


sort_op = Op("sort", "input", "dim descending stable", compute=_sorted, nout=2, nondifferentiable=(1,),
             grads={"input": _scattered})
sort_stable = Op("sort_stable", "input", "dim descending stable", compute=_sorted, nout=2, nondifferentiable=(1,),
                 node="SortBackward1", display="sort", grads={"input": _scattered})
sort_op.layout = sort_stable.layout = layout.like_first


def _top(x, k, dim, largest, ordered):
    if x.ndim == 0:
        return _alone(x)
    at = P.topk_indices(x, k, dim, largest, ordered)
    return [P.gather(x, at, dim), at]


topk_op = Op("topk", "input", "k dim largest ordered", compute=_top, nout=2, nondifferentiable=(1,),
             grads={"input": _scattered})
sort_pair, topk_pair = pair("sort"), pair("topk")


@public(out=True)
def sort(input, dim=-1, descending=False, stable=None):
    """Sorted values along dim, and where they were."""
    if input.dtype.is_complex:
        raise RuntimeError(" Sort does not support complex dtypes on CPU")
    d = Op.wrap_dim(dim, input._meta.ndim)
    return sort_pair(*Op.apply(sort_op if stable is None else sort_stable, (input,), (d, bool(descending), True)))


@public(out=True)
def argsort(input, dim=-1, descending=False, stable=False):
    """The indices that sort input along dim."""
    return sort(input, dim, descending, stable).indices


@public(out=True)
def msort(input):
    """Sorted along the first dimension."""
    return sort(input, 0).values


@public(out=True)
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The k largest (or smallest) along dim, and where they were."""
    if input.dtype.is_complex:
        raise RuntimeError(" topk does not support complex dtypes on CPU")
    d = Op.wrap_dim(dim, input._meta.ndim)
    k = k.__index__() if not isinstance(k, Op.Tensor) else int(k)
    if not 0 <= k <= (input._meta.shape[d] if input._meta.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return topk_pair(*Op.apply(topk_op, (input,), (k, d, bool(largest), bool(sorted))))


# ------------------------------------------------------------------ one element of each row
def kth_index(x, k, dim):
    from ..backends.numpy import sorting

    return sorting.kthvalue(x, k, dim)[1]


def median_index(x, dim):
    from ..backends.numpy import sorting

    return sorting.median(x, dim)[1]


def nanmedian_index(x, dim):
    from ..backends.numpy import sorting

    return sorting.nanmedian(x, dim)[1]


def mode_index(x, dim):
    from ..backends.numpy import sorting

    return sorting.mode(x, dim)[1]


def _chosen(function):
    """values and indices of the element that a host function names in each row along dim."""
    def compute(x, dim, keepdim, *rest):
        if x.ndim == 0:
            return _alone(x)
        kept = x.shape[:dim] + (1,) + x.shape[dim + 1:]
        shape = x.shape[:dim] + x.shape[dim + 1:]
        if P.const(0, dt.int64, kept).numel == 0:
            at = P.const(0, dt.int64, kept)
        else:
            at = P.reshape(P.call(function, (wide(x),), [(shape, dt.int64)], (*rest, dim))[0], kept)
        values = P.gather(x, at, dim)
        return [values, at] if keepdim else [P.reshape(values, shape), P.reshape(at, shape)]
    return compute


def _chosen_gradient(gs, result1, infos, dim, keepdim):
    g = gs[0]
    if g is None or not infos[0].shape:
        return g
    if not keepdim:
        kept = tuple(1 if i == dim else n for i, n in enumerate(infos[0].shape))
        g, result1 = A_reshape(g, kept), A_reshape(result1, kept)
    return OPS["scatter_zeros"](g, result1, dim=dim, shape=infos[0].shape)


def _choosing_op(name, function, attrs="", node=None):
    return Op(name, "input", ("dim keepdim " + attrs).strip(), compute=_chosen(function), nout=2, nondifferentiable=(1,), node=node,
              grads={"input": _chosen_gradient}, display=name.removesuffix("_dim"))


kthvalue_op = _choosing_op("kthvalue", kth_index, "k")
median_dim = _choosing_op("median_dim", median_index, node="MedianBackward1")
nanmedian_dim = _choosing_op("nanmedian_dim", nanmedian_index, node="NanmedianBackward1")
mode_op = _choosing_op("mode", mode_index)


def _choose(name, op, result, input, dim, keepdim, *attrs):
    meta = input._meta
    d = Op.wrap_dim(dim, meta.ndim)
    if meta.ndim and meta.shape[d] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")
    _need_ordered(name, input)
    return result(*Op.apply(op, (input,), (d, bool(keepdim), *attrs)))


_KERNELS = {"median": "median_cpu", "nanmedian": "median_cpu", "kthvalue": "kthvalue_cpu", "mode": "mode_cpu"}


def _need_ordered(name, input):
    if input.dtype.is_complex or input.dtype is dt.bool_ and name != "mode":
        raise NotImplementedError(f'"{_KERNELS[name]}" not implemented for \'{dt.long_name(input.dtype)}\'')


kthvalue_pair, mode_pair = pair("kthvalue"), pair("mode")


@public(out=True)
def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest along dim, counted from 1, and where it was."""
    d = Op.wrap_dim(dim, input._meta.ndim)
    size = input._meta.shape[d] if input._meta.ndim else 1
    if size and not 1 <= k <= size:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {d}")
    return _choose("kthvalue", kthvalue_op, kthvalue_pair, input, dim, keepdim, int(k))


@public(out=True)
def mode(input, dim=-1, keepdim=False):
    """The most frequent value along dim, the least of equally frequent ones, and where it was last."""
    return _choose("mode", mode_op, mode_pair, input, dim, keepdim)


def _whole(function):
    def compute(x):
        if x.numel == 0:
            return P.const(math.nan if x.dtype.is_floating_point else dt.iinfo(x.dtype).min, x.dtype)
        flat = P.reshape(x, (x.numel,))
        at = P.call(function, (wide(flat),), [((), dt.int64)], (0,))[0]
        return P.reshape(P.gather(flat, P.reshape(at, (1,)), 0), ())
    return compute


def _whole_gradient(g, input, result, infos):
    """Shared equally by all that equal the result."""
    hit = A.logical_or_op(A.eq_op(input, result), A.logical_and_op(A.isnan_op(input), A.isnan_op(result)))
    dims = tuple(range(len(infos[0].shape)))
    count = OPS["sum"](hit, dims=dims, keepdim=False, dtype=input.dtype)
    return A.where_op(hit, A.div_op(g, count), 0)


median_all = Op("median_all", "input", compute=_whole(median_index), node="MedianBackward0", display="median",
                grads={"input": _whole_gradient})
nanmedian_all = Op("nanmedian_all", "input", compute=_whole(nanmedian_index), node="NanmedianBackward0", display="nanmedian",
                   grads={"input": _whole_gradient})


def _median(name, whole, along):
    result = pair(name)

    def function(input, dim=None, keepdim=False):
        if dim is not None:
            return _choose(name, along, result, input, dim, keepdim)
        _need_ordered(name, input)
        return Op.apply(whole, (input,))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The {name} of all elements (the lower of two), or along dim with where it was."
    return public(name=name, out=True)(function)


median = _median("median", median_all, median_dim)
nanmedian = _median("nanmedian", nanmedian_all, nanmedian_dim)


# ------------------------------------------------------------------ quantiles
_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile_check(name, input, q, interpolation):
    if input._meta.numel == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if input.dtype not in (dt.float32, dt.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
                           f"{interpolation}")
    if isinstance(q, Op.Tensor):
        if q._meta.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q.dtype is not input.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
        if not bool(((q >= 0) & (q <= 1)).all()):
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
        return q
    if not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    return input.new_tensor(float(q))


def _quantile(name, input, q, dim, keepdim, interpolation):
    qs = _quantile_check(name, input, q, interpolation)
    ndim = input._meta.ndim
    if dim is None or ndim == 0:
        Op.wrap_dim(dim or 0, ndim)
        rows = input.reshape(((1,) * ndim if keepdim else ()) + (-1,))
    else:
        d = Op.wrap_dim(dim, ndim)
        rows = input.unsqueeze(-1).transpose(d, -1)     # dim last, and a 1 in its place
        rows = rows if keepdim else rows.squeeze(d)
    ordered = sort(rows).values
    size = rows._meta.shape[-1]
    spoiled = rows.isnan()
    if name == "quantile":
        ranks = qs.reshape(-1) * (size - 1)
        ranks = ranks.expand(*rows._meta.shape[:-1], -1).masked_fill(spoiled.any(-1, keepdim=True), size - 1)
    else:
        last = spoiled.logical_not().sum(-1, keepdim=True) - 1
        ranks = (qs.reshape(-1) * last.to(qs.dtype)).clamp(min=0)
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}[interpolation]()
    below = ranks.to(dt.int64)
    out = ordered.gather(-1, below)
    if interpolation in ("linear", "midpoint"):
        weights = ranks.new_full(ranks._meta.shape, 0.5) if interpolation == "midpoint" else ranks - below
        out = out.lerp(ordered.gather(-1, ranks.ceil().to(dt.int64)), weights)
    out = out.unsqueeze(0).transpose(0, -1).squeeze_(-1)        # the quantiles come first
    return out if qs._meta.ndim else out.squeeze_(0)


@public(out=True)
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-th quantiles (0 to 1) of all elements or along dim, between neighbours as `interpolation` says."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@public(out=True)
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """As quantile of the elements that are not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


