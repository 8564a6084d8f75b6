"""Softmax and its logarithm, over one dimension. Source: torch.softmax, log_softmax."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public

_NARROW = (dt.float16, dt.bfloat16)


def _kept(x, dim):
    return x.shape[:dim] + (1,) + x.shape[dim + 1:]


def _shifted(x, dim):
    top = P.reshape(P.reduce("max", x, (dim,)), _kept(x, dim))
    return P.binary("sub", x, top)


def _in_float32(compute):
    """Half precision is widened once, and rounded once at the end."""
    def run(x, dim):
        if x.ndim == 0:
            return P.reshape(run(P.reshape(x, (1,)), 0), ())
        if x.dtype in _NARROW:
            return P.cast(compute(P.cast(x, dt.float32), dim), x.dtype)
        return compute(x, dim)
    return run


@_in_float32
def softmax_values(x, dim):
    """softmax on graph values."""
    if x.numel == 0:
        return x
    e = P.unary("exp", _shifted(x, dim))
    return P.binary("div", e, P.reshape(P.reduce("sum", e, (dim,)), _kept(x, dim)))


@_in_float32
def log_softmax_values(x, dim):
    """log_softmax on graph values."""
    if x.numel == 0:
        return x
    shifted = _shifted(x, dim)
    total = P.reduce("sum", P.unary("exp", shifted), (dim,))
    return P.binary("sub", shifted, P.reshape(P.unary("log", total), _kept(x, dim)))


def _sum_kept(x, dim):
    return OPS["sum"](x, dims=(dim,) if len(x.shape) else (), keepdim=True, dtype=x.dtype)


def _softmax_gradient(g, result, dim):
    return A.mul_op(result, A.sub_op(g, _sum_kept(A.mul_op(g, result), dim)))


def log_softmax_gradient(g, result, dim):
    return A.sub_op(g, A.mul_op(A.exp_op(result), _sum_kept(g, dim)))


softmax_op = Op("softmax", "input", "dim", compute=softmax_values, grads={"input": _softmax_gradient})
log_softmax_op = Op("log_softmax", "input", "dim", compute=log_softmax_values, grads={"input": log_softmax_gradient})


def check_dtype(input, name, dim):
    """NotImplementedError for what is not floating point, if there is anything to compute."""
    meta = input._meta
    if not meta.dtype.is_floating_point and meta.numel:
        kind = "lastdim_kernel_impl" if dim in (meta.ndim - 1, -1) or meta.ndim == 0 else "kernel_impl"
        raise NotImplementedError(f'"{name}_{kind}" not implemented for \'{dt.long_name(meta.dtype)}\'')


def _apply(op, name, input, dim, dtype):
    if dtype is not None:
        input = input.to(dtype)
    ndim = input._meta.ndim
    d = Op.wrap_dim(dim, ndim)
    check_dtype(input, name, d)
    return Op.apply(op, (input,), (d,))


@public(out=True)
def softmax(input, dim, dtype=None):
    """exp(input) over its sum along dim."""
    return _apply(softmax_op, "softmax", input, dim, dtype)


@public(out=True)
def log_softmax(input, dim, dtype=None):
    """log of softmax, computed without overflow."""
    return _apply(log_softmax_op, "log_softmax", input, dim, dtype)
