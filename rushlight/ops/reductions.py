"""Reductions over dimensions. Source: torch's reduction ops."""
import math
from collections import namedtuple

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public

expand_copy = OPS["expand_copy"]


def norm_dims(dim, ndim, name):
    """dim (None, int, or several) as a sorted tuple of dimensions in range."""
    if dim is None:
        return tuple(range(ndim))
    if dim.__class__ is int:
        return (Op.wrap_dim(dim, ndim),) if ndim else _zero_dim(dim)
    dims = tuple([Op.wrap_dim(d, ndim) for d in dim])
    if len(set(dims)) != len(dims):
        double = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {double} appears multiple times in the list of dims")
    return tuple(sorted(dims)) if dims else tuple(range(ndim))


def _zero_dim(dim):
    Op.wrap_dim(dim, 0)
    return ()


def _kept(x, dims, shape):
    """The shape of a reduction with the reduced dimensions as 1."""
    return tuple(1 if i in dims else n for i, n in enumerate(shape))


def _reduced(compute):
    """A reduction over attrs dims, keepdim."""
    def run(x, dims, keepdim, *rest):
        out = compute(x, dims, *rest)
        return P.reshape(out, _kept(x, dims, x.shape)) if keepdim else out
    return run


def back(g, infos, dims):
    """A reduction's gradient spread over the operand: g with the reduced dimensions as 1."""
    shape = infos[0].shape
    return A_reshape(g, shape=tuple(1 if i in dims else n for i, n in enumerate(shape)))


def A_reshape(g, shape):
    return OPS["reshape_copy"](g, shape=shape) if tuple(g.shape) != shape else g


def spread(g, infos, dims):
    return expand_copy(back(g, infos, dims), shape=infos[0].shape)


def _sum(x, dims, dtype):
    x = P.cast(x, dtype)
    return P.reduce("sum", x, dims)


sum_op = Op("sum", "input", "dims keepdim dtype", compute=_reduced(_sum), node="SumBackward1",
            grads={"input": lambda g, infos, dims: spread(g, infos, dims)})
sum_all = Op("sum_all", "input", "dtype", compute=lambda x, dtype: P.reduce("sum", P.cast(x, dtype), tuple(range(x.ndim))),
             node="SumBackward0", display="sum", grads={"input": lambda g, infos: expand_copy(g, shape=infos[0].shape)})


def _count(shape, dims):
    n = 1
    for d in dims:
        n *= shape[d]
    return n


def _mean(x, dims, dtype):
    x = P.cast(x, dtype)
    n = _count(x.shape, dims)
    total = P.reduce("sum", x, dims)
    return P.binary("div", total, P.const(n, x.dtype))


mean_op = Op("mean", "input", "dims keepdim dtype", compute=_reduced(_mean), node="MeanBackward1",
             grads={"input": lambda g, infos, dims: A.div_op(spread(g, infos, dims), _count(infos[0].shape, dims))})
mean_all = Op("mean_all", "input", "dtype", compute=lambda x, dtype: _mean(x, tuple(range(x.ndim)), dtype), node="MeanBackward0",
              display="mean",
              grads={"input": lambda g, infos: expand_copy(A.div_op(g, math.prod(infos[0].shape)), shape=infos[0].shape)})


def _sum_dtype(x, dtype):
    return dtype or (dt.int64 if x._meta.dtype.kind in ("int", "bool") else x._meta.dtype)


@public(out=True)
def sum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum over dim (all dimensions if None). Integers and bools are summed as int64."""
    if dim is None and not keepdim:
        return Op.apply(sum_all, (input,), (_sum_dtype(input, dtype),))
    return Op.apply(sum_op, (input,), (norm_dims(dim, input._meta.ndim, "sum"), keepdim, _sum_dtype(input, dtype)))


@public(out=True)
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    if input.dtype.is_complex:
        raise RuntimeError("nansum on CPU does not support complex inputs")
    return sum(Op.apply(A.where_op, (Op.apply(A.isnan_op, (input,)), 0, input)), dim, keepdim, dtype=dtype)


def _mean_dtype(input, dtype):
    d = dtype or input._meta.dtype
    if not (d.is_floating_point or d.is_complex):
        what = "Input" if dtype is None else "Optional"
        raise RuntimeError(f"mean(): could not infer output dtype. {what} dtype must be either a floating point or complex "
                           f"dtype. Got: {dt.long_name(d)}")
    return d


@public(out=True)
def mean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean over dim (all dimensions if None)."""
    d = _mean_dtype(input, dtype)
    if dim is None and not keepdim:
        return Op.apply(mean_all, (input,), (d,))
    return Op.apply(mean_op, (input,), (norm_dims(dim, input._meta.ndim, "mean"), keepdim, d))


@public(out=True)
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError("nanmean(): expected input to have floating point or complex dtype but got "
                           f"{dt.long_name(input.dtype)}")
    good = Op.apply(A.logical_not_op, (Op.apply(A.isnan_op, (input,)),))
    return nansum(input, dim, keepdim, dtype=dtype) / sum(good, dim, keepdim)


def _prod(x, dims, dtype):
    return P.reduce("prod", P.cast(x, dtype), dims)


def _prod_gradient(g, input, result, infos, dims):
    if not infos[0].shape:
        return g
    spread_result = expand_copy(back(result, infos, dims), shape=infos[0].shape)
    direct = A.div_op(A.mul_op(spread(g, infos, dims), spread_result), input)
    # where an element is zero, the product of the others
    zero = A.eq_op(input, 0)
    others = A.where_op(zero, 1, input)
    zeros = sum_op(to_float(zero, input), dims=dims, keepdim=True, dtype=input.dtype)
    rest = prod_op(others, dims=dims, keepdim=True, dtype=input.dtype)
    single = A.where_op(A.logical_and_op(zero, A.eq_op(zeros, 1)), A.mul_op(spread(g, infos, dims), rest), 0)
    return A.where_op(A.gt_op(zeros, 0), single, direct)


def to_float(mask, like):
    return OPS["to_dtype"](mask, dtype=like.dtype)


prod_op = Op("prod", "input", "dims keepdim dtype", compute=_reduced(_prod), node="ProdBackward1",
             grads={"input": _prod_gradient})
prod_all = Op("prod_all", "input", "dims keepdim dtype", compute=_reduced(_prod), node="ProdBackward0",
              grads={"input": _prod_gradient}, display="prod")


@public(out=True)
def prod(input, dim=None, keepdim=False, *, dtype=None):
    d = _sum_dtype(input, dtype)
    return Op.apply(prod_all if dim is None else prod_op, (input,), (norm_dims(dim, input._meta.ndim, "prod"), keepdim, d))


# ------------------------------------------------------------------ extremes
def _shared(g, input, result, infos, dims):
    """The gradient of amax and amin: shared equally by all that are extreme."""
    chosen = to_float(A.eq_op(input, back(result, infos, dims)), input)
    count = sum_op(chosen, dims=dims, keepdim=True, dtype=input.dtype)
    return A.div_op(A.mul_op(back(g, infos, dims), chosen), count)


amax_op = Op("amax", "input", "dims keepdim", compute=_reduced(lambda x, dims: P.reduce("max", x, dims)),
             grads={"input": _shared})
amin_op = Op("amin", "input", "dims keepdim", compute=_reduced(lambda x, dims: P.reduce("min", x, dims)),
             grads={"input": _shared})
max_all = Op("max_all", "input", "dims keepdim", compute=_reduced(lambda x, dims: P.reduce("max", x, dims)),
             node="MaxBackward1", grads={"input": _shared}, display="max")
min_all = Op("min_all", "input", "dims keepdim", compute=_reduced(lambda x, dims: P.reduce("min", x, dims)),
             node="MinBackward1", grads={"input": _shared}, display="min")


def _extreme_with_index(which):
    def compute(x, dim, keepdim):
        if x.ndim == 0:
            return [x, P.const(0, dt.int64)]
        at = P.argreduce(which, x, dim)
        kept = P.reshape(at, at.shape[:dim] + (1,) + at.shape[dim:])
        values = P.gather(x, kept, dim)
        if keepdim:
            return [values, kept]
        return [P.reshape(values, at.shape), at]
    return compute


def _index_gradient(gs, result1, infos, dim, keepdim):
    g = gs[0]
    if g is None or not infos[0].shape:
        return g
    if not keepdim:
        kept = tuple(1 if i == dim else n for i, n in enumerate(infos[0].shape))
        g, result1 = A_reshape(g, kept), A_reshape(result1, kept)
    return OPS["scatter_zeros"](g, result1, dim=dim, shape=infos[0].shape)


scatter_zeros = Op("scatter_zeros", "src index", "dim shape", node="ScatterAddBackward0",
                   compute=lambda src, index, dim, shape: P.scatter(P.const(0, src.dtype, shape), index, src, dim, "add"),
                   grads={"src": lambda g, index, dim: OPS["gather_op"](g, index, dim=dim)})
max_dim = Op("max_dim", "input", "dim keepdim", compute=_extreme_with_index("max"), nout=2, nondifferentiable=(1,),
             node="MaxBackward0", grads={"input": _index_gradient}, display="max")
min_dim = Op("min_dim", "input", "dim keepdim", compute=_extreme_with_index("min"), nout=2, nondifferentiable=(1,),
             node="MinBackward0", grads={"input": _index_gradient}, display="min")


RETURN_TYPES = {}


def pair(name, fields=("values", "indices")):
    """A named tuple that prints as PyTorch's torch.return_types.<name>."""
    cls = namedtuple(name, fields)
    cls.__module__ = "torch.return_types"
    cls.__qualname__ = name

    def show(self):
        inside = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self))
        return f"torch.return_types.{name}(\n{inside})"

    cls.__repr__ = show
    RETURN_TYPES[name] = cls
    return cls


max_pair, min_pair = pair("max"), pair("min")


def _empty_error(name, input):
    if input._meta.numel == 0:
        raise RuntimeError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                           "with the 'dim' argument.")


def _check_reducible(name, input, dims):
    for d in dims:
        if input._meta.ndim and input._meta.shape[d] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


def _extreme(name, all_op, dim_op, two_op, result):
    def function(input, dim=None, keepdim=False, *, other=None):
        if other is not None or isinstance(dim, Op.Tensor):
            return Op.apply(two_op, (input, dim if other is None else other))
        if dim is None:
            _empty_error(name, input)
            return Op.apply(all_op, (input,), (tuple(range(input._meta.ndim)), False))
        ndim = input._meta.ndim
        d = Op.wrap_dim(dim, ndim)
        _check_reducible(name, input, (d,))
        return result(*Op.apply(dim_op, (input,), (d, keepdim)))

    function.__name__ = function.__qualname__ = name
    return public(name=name, out=True)(function)


max = _extreme("max", max_all, max_dim, A.maximum_op, max_pair)
min = _extreme("min", min_all, min_dim, A.minimum_op, min_pair)


def _plain_extreme(name, op):
    def function(input, dim=(), keepdim=False):
        dims = norm_dims(None if dim == () else dim, input._meta.ndim, name)
        if dim is None or dim == ():
            _empty_error(name, input)
        else:
            _check_reducible(name, input, (dim,) if dim.__class__ is int else dim)
        return Op.apply(op, (input,), (dims, keepdim))
    function.__name__ = function.__qualname__ = name
    return public(name=name, out=True)(function)


amax, amin = _plain_extreme("amax", amax_op), _plain_extreme("amin", amin_op)


aminmax_pair = pair("aminmax", ("min", "max"))


@public(out=True)
def aminmax(input, *, dim=None, keepdim=False):
    d = () if dim is None else dim
    return aminmax_pair(amin(input, d, keepdim), amax(input, d, keepdim))


def _arg(which):
    def compute(x, dim, keepdim):
        if dim is None:
            return P.argreduce(which, P.reshape(x, (x.numel,)), 0)
        at = P.argreduce(which, x, dim)
        return P.reshape(at, at.shape[:dim] + (1,) + at.shape[dim:]) if keepdim else at
    return compute


argmax_op = Op("argmax", "input", "dim keepdim", compute=_arg("max"))
argmin_op = Op("argmin", "input", "dim keepdim", compute=_arg("min"))


def _arg_public(name, op):
    def function(input, dim=None, keepdim=False):
        ndim = input._meta.ndim
        if input.dtype is dt.bool_:
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is None:
            if input._meta.numel == 0:
                raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
            out = Op.apply(op, (input,), (None, False))
            return out.reshape((1,) * ndim) if keepdim else out
        d = Op.wrap_dim(dim, ndim)
        if ndim == 0:
            return Op.apply(op, (input,), (None, False))
        _check_reducible(name, input, (d,))
        return Op.apply(op, (input,), (d, keepdim))
    function.__name__ = function.__qualname__ = name
    return public(name=name, out=True)(function)


argmax, argmin = _arg_public("argmax", argmax_op), _arg_public("argmin", argmin_op)


def _any_all(name, which):
    def compute(x, dims):
        out = P.reduce(which, A._truth(x), dims)
        return P.cast(out, dt.uint8) if x.dtype is dt.uint8 else out
    op = Op(name, "input", "dims keepdim", compute=_reduced(compute))

    def function(input, dim=None, keepdim=False):
        return Op.apply(op, (input,), (norm_dims(dim, input._meta.ndim, name), keepdim))
    function.__name__ = function.__qualname__ = name
    return public(name=name, out=True)(function)


any, all = _any_all("any", "max"), _any_all("all", "min")


def full_like_bool(input, value):
    return input.new_full(input._meta.shape, value, dtype=dt.bool_)


@public()
def count_nonzero(input, dim=None):
    return sum(Op.apply(A.ne_op, (input, 0)), dim)


# ------------------------------------------------------------------ spread
def _var(x, dims, correction):
    n = _count(x.shape, dims)
    centre = P.reshape(_mean(x, dims, x.dtype), _kept(x, dims, x.shape))
    off = P.binary("sub", x, centre)
    if off.dtype.is_complex:
        off = P.unary("abs", off)
    squares = P.reduce("sum", P.binary("mul", off, off), dims)
    left = n - correction if n > correction else 0
    return P.binary("div", squares, P.const(left, off.dtype, squares.shape))


def _var_gradient(g, input, infos, dims, correction):
    n = _count(infos[0].shape, dims)
    centre = mean_op(input, dims=dims, keepdim=True, dtype=input.dtype)
    scale = 2.0 / (n - correction) if n != correction else math.inf
    return A.mul_op(A.mul_op(back(g, infos, dims), scale), A.sub_op(input, centre))


def _std_gradient(g, input, result, infos, dims, correction):
    inner = A.div_op(g, A.mul_op(result, 2))
    inner = A.where_op(A.eq_op(result, 0), 0, inner)
    return _var_gradient(inner, input, infos, dims, correction)


var_op = Op("var", "input", "dims keepdim correction", compute=_reduced(_var), grads={"input": _var_gradient})
std_op = Op("std", "input", "dims keepdim correction",
            compute=_reduced(lambda x, dims, c: P.unary("sqrt", _var(x, dims, c))), grads={"input": _std_gradient})


def _spread_arguments(name, input, dim, unbiased, keepdim, correction):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        called = "std and var" if name in ("std", "var") else name
        raise RuntimeError(f"{called} only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    dims = norm_dims(dim, input._meta.ndim, name)
    if _count(input._meta.shape, dims) - correction <= 0:
        import warnings

        warnings.warn(f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
                      "(input numel divided by output numel).", UserWarning, stacklevel=4)
    return dims, keepdim, correction


@public(out=True)
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The variance over dim; divided by n - correction (1 unless said otherwise)."""
    return Op.apply(var_op, (input,), _spread_arguments("var", input, dim, unbiased, keepdim, correction))


@public(out=True)
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The standard deviation over dim; divided by n - correction (1 unless said otherwise)."""
    return Op.apply(std_op, (input,), _spread_arguments("std", input, dim, unbiased, keepdim, correction))


@public(method=False)
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    v = Op.apply(var_op, (input,), _spread_arguments("var_mean", input, dim, unbiased, keepdim, correction))
    return v, mean(input, None if isinstance(dim, bool) else dim, keepdim)


@public(method=False)
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    s = Op.apply(std_op, (input,), _spread_arguments("std_mean", input, dim, unbiased, keepdim, correction))
    return s, mean(input, None if isinstance(dim, bool) else dim, keepdim)


def _logsumexp(x, dims):
    if x.numel == 0:
        return P.binary("sub", P.reduce("sum", x, dims), P.const(math.inf, x.dtype))
    top = P.reduce("max", x, dims)
    top = P.where(P.unary("isfinite", top), top, P.const(0, x.dtype))
    shifted = P.binary("sub", x, P.reshape(top, _kept(x, dims, x.shape)))
    return P.binary("add", P.unary("log", P.reduce("sum", P.unary("exp", shifted), dims)), top)


logsumexp_op = Op("logsumexp", "input", "dims keepdim", compute=_reduced(_logsumexp), promote="float",
                  grads={"input": lambda g, input, result, infos, dims:
                         A.mul_op(back(g, infos, dims), A.exp_op(A.sub_op(input, back(result, infos, dims))))})


@public(out=True)
def logsumexp(input, dim, keepdim=False):
    return Op.apply(logsumexp_op, (input,), (norm_dims(dim, input._meta.ndim, "logsumexp"), keepdim))
