"""Writing elements at indices along one dimension: scatter and its reductions. Source: torch.scatter and its kin."""
import functools

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .gathering import checked, gather_op, need_tensor

_INDEX_DTYPES = (dt.int64, dt.int32)


def both(name, choose, out=True):
    """Register torch.name, Tensor.name and Tensor.name_: choose(...) checks and gives (op, operands, attributes)."""
    def function(*args, **kwargs):
        return Op.apply(*choose(*args, **kwargs))

    def inplace(self, *args, **kwargs):
        try:
            op, operands, attrs = choose(self, *args, **kwargs)
        except (RuntimeError, IndexError):
            Op.check_write(self, args)      # that the tensor may not be written is said first
            raise
        return Op.apply_write(op, self, operands, attrs)

    functools.update_wrapper(function, choose)
    function.__name__ = function.__qualname__ = name
    function.inplace = inplace
    return public(name=name, inplace=True, out=out)(function)


# ------------------------------------------------------------------ the ops
def _scatter(reduce, include_self=True):
    def compute(x, index, src, dim):
        return scatter_value(x, index, src, dim, reduce, include_self)
    return compute


def scatter_value(x, index, src, dim, reduce, include_self=True):
    """P.scatter for numbers, 0-d tensors and a src that is larger than the index."""
    src = P.cast(src, x.dtype)
    if src.ndim == 0:
        src = P.expand(src, index.shape)
    elif src.shape != index.shape and index.numel:
        src = P.slice_(src, (0,) * src.ndim, index.shape)
    if index.numel == 0:
        return x
    if x.ndim == 0 or index.ndim == 0:
        out = P.scatter(P.reshape(x, (x.numel,)), P.reshape(index, (index.numel,)), P.reshape(src, (index.numel,)), 0, reduce,
                        include_self)
        return P.reshape(out, x.shape)
    return P.scatter(x, index, src, dim, reduce, include_self)


def _from_places(g, index, infos, dim):
    """The gradient in src: g at the index; zero for what of src lies beyond it."""
    out = gather_op(g, index, dim=dim)
    shape, want = infos[1].shape, infos[2].shape
    if shape != want and want:
        high = tuple(n - m for n, m in zip(want, shape))
        out = OPS["pad_zeros"](out, low=(0,) * len(want), high=high, inner=(0,) * len(want))
    return out


def _kept_places(g, index, dim):
    return scatter_number(g, index, 0, dim=dim)


scatter_src = Op("scatter_src", "input index src", "dim", compute=_scatter("set"), node="ScatterBackward0", display="scatter",
                 grads={"input": _kept_places, "src": _from_places})
scatter_number = Op("scatter_number", "input index value", "dim", compute=_scatter("set"), node="ScatterBackward1",
                    display="scatter", grads={"input": _kept_places})
scatter_add_op = Op("scatter_add", "input index src", "dim", compute=_scatter("add"),
                    grads={"input": lambda g: g, "src": _from_places})


def _no_gradient(g):
    raise RuntimeError("derivative for aten::scatter is not implemented")


_deprecated = {
    name: Op("scatter_" + name + "_reduce", "input index src", "dim", compute=_scatter(name), node="NotImplemented",
             display="scatter", grads={"input": _no_gradient, "src": _no_gradient}) for name in ("add", "multiply")}


# ------------------------------------------------------------------ scatter_reduce and its gradients
_REDUCE = {"sum": "add", "prod": "multiply", "mean": "mean", "amax": "amax", "amin": "amin"}


def _scatter_reduce(x, index, src, dim, reduce, include_self):
    return scatter_value(x, index, src, dim, _REDUCE[reduce], include_self)


def reduction_gradients(g, input, index, src, result, infos, dim, reduce, include_self, needs):
    """Gradients in input and src of a scatter with a reduction. Source: derivatives by calculus; ties share equally."""
    rule = {"sum": _sum_gradients, "prod": _prod_gradients, "mean": _mean_gradients}.get(reduce, _extreme_gradients)
    of_input, of_src = rule(g, input, index, _as_index(src, infos), result, infos, dim, include_self)
    if not include_self and needs[0]:
        of_input = _kept_places(of_input, index, dim)
    if tuple(of_src.shape) != infos[2].shape and infos[2].shape:
        high = tuple(n - m for n, m in zip(infos[2].shape, infos[1].shape))
        of_src = OPS["pad_zeros"](of_src, low=(0,) * len(high), high=high, inner=(0,) * len(high))
    return [of_input, None, of_src]


def _as_index(src, infos):
    """The part of src that the index uses."""
    shape = infos[1].shape
    if tuple(src.shape) == shape or not shape:
        return src
    return OPS["cut"](src, starts=(0,) * len(shape), sizes=shape, steps=(1,) * len(shape))


def _sum_gradients(g, input, index, src, result, infos, dim, include_self):
    return g, gather_op(g, index, dim=dim)


def _mean_gradients(g, input, index, src, result, infos, dim, include_self):
    own = A.add_op(A.mul_op(g, 0), 1 if include_self else 0)
    one = A.add_op(A.mul_op(src, 0), 1)
    count = A.clamp_min_op(scatter_add_op(own, index, one, dim=dim), 1)
    part = A.div_op(g, count)
    return part, gather_op(part, index, dim=dim)


def _prod_gradients(g, input, index, src, result, infos, dim, include_self):
    # the product of the others: without a zero by division; with one, by leaving it out
    again = scatter_reduce_op(A.where_op(A.eq_op(input, 0), 1, input), index, src, dim=dim, reduce="prod", include_self=include_self)
    of_input = A.div_op(A.mul_op(g, again), A.where_op(A.eq_op(input, 0), 1, input))
    zero = A.eq_op(src, 0)
    counted = scatter_add_op(A.mul_op(g, 0), index, A.where_op(zero, A.add_op(A.mul_op(src, 0), 1), 0), dim=dim)
    single = A.logical_and_op(zero, A.eq_op(gather_op(counted, index, dim=dim), 1))
    without = scatter_reduce_op(input, index, A.where_op(single, 1, src), dim=dim, reduce="prod", include_self=include_self)
    plain = A.div_op(gather_op(A.mul_op(g, result), index, dim=dim), A.where_op(zero, 1, src))
    return of_input, A.where_op(single, gather_op(A.mul_op(g, without), index, dim=dim), plain)


def _extreme_gradients(g, input, index, src, result, infos, dim, include_self):
    one = A.add_op(A.mul_op(g, 0), 1)
    own = A.where_op(A.eq_op(input, result), one, 0)
    hit = A.where_op(A.eq_op(src, gather_op(result, index, dim=dim)), A.add_op(A.mul_op(src, 0), 1), 0)
    # PyTorch counts the input among the equals even where include_self leaves it out
    part = A.div_op(g, A.clamp_min_op(scatter_add_op(own, index, hit, dim=dim), 1))
    return A.mul_op(own, part), A.mul_op(hit, gather_op(part, index, dim=dim))


scatter_reduce_op = Op("scatter_reduce", "input index src", "dim reduce include_self", compute=_scatter_reduce,
                       grad=reduction_gradients)


# ------------------------------------------------------------------ what users see
def _check_sizes(input, dim, index, src):
    """PyTorch's checks of an index against the tensor that is written and the one that is read."""
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    x, at = input._meta, index._meta
    if src is not None and src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if at.numel == 0:
        return
    if max(x.ndim, 1) != max(at.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    shape, own = at.shape or (1,), x.shape or (1,)
    bad = any(n > m for d, (n, m) in enumerate(zip(shape, own)) if d != dim)
    if src is None:
        if bad:
            raise RuntimeError(f"Expected index {list(at.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim}")
        return
    if len(src._meta.shape or (1,)) != len(shape):
        if src._meta.ndim < len(shape):
            Op.wrap_dim(src._meta.ndim, src._meta.ndim)
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if bad or any(n > m for n, m in zip(shape, src._meta.shape or (1,))):
        raise RuntimeError(f"Expected index {list(at.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim} and "
                           f"to be no larger size than src {list(src._meta.shape)}")


def _placed(name, input, dim, index, src):
    need_tensor(name, "index", 2, index)
    d = Op.wrap_dim(dim, input._meta.ndim)
    _check_sizes(input, d, index, src)
    return d, checked(index, input._meta.shape[d] if input._meta.ndim else 1, d)


def _scatter_call(input, dim, index, src=None, *, value=None, reduce=None):
    if src is None:
        src = value
    tensor = src if isinstance(src, Op.Tensor) else None
    if src is None:
        raise TypeError("scatter() missing 1 required argument: 'src' or 'value'")
    d, index = _placed("scatter", input, dim, index, tensor)
    if reduce is not None:
        if reduce not in _deprecated:
            raise RuntimeError("reduce argument must be either add or multiply.")
        if tensor is not None:
            import warnings

            warnings.warn("The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future "
                          "PyTorch release. Use torch.scatter_reduce instead for more reduction options.", UserWarning, stacklevel=3)
        return _deprecated[reduce], (input, index, src), (d,)
    return (scatter_number if tensor is None else scatter_src), (input, index, src), (d,)


def _scatter_add_call(input, dim, index, src):
    need_tensor("scatter_add", "src", 3, src)
    d, index = _placed("scatter_add", input, dim, index, src)
    return scatter_add_op, (input, index, src), (d,)


def _scatter_reduce_call(input, dim, index, src, reduce, *, include_self=True):
    need_tensor("scatter_reduce", "src", 3, src)
    d, index = _placed("scatter_reduce", input, dim, index, src)
    if reduce not in _REDUCE:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    return scatter_reduce_op, (input, index, src), (d, reduce, bool(include_self))


scatter = both("scatter", _scatter_call)
scatter_add = both("scatter_add", _scatter_add_call)
scatter_reduce = both("scatter_reduce", _scatter_reduce_call)
