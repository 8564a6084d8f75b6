"""Softmax and its logarithm, over one dimension."""
from ..graph import primitives as P
from . import arithmetic as A
from .declare import OPS, Op


def _kept(x, dim):
    return x.shape[:dim] + (1,) + x.shape[dim + 1:]


def _shifted(x, dim):
    top = P.reshape(P.reduce("max", x, (dim,)), _kept(x, dim))
    return P.binary("sub", x, top)


def _softmax(x, dim):
    if x.numel == 0:
        return x
    e = P.unary("exp", _shifted(x, dim))
    return P.binary("div", e, P.reshape(P.reduce("sum", e, (dim,)), _kept(x, dim)))


def _log_softmax(x, dim):
    if x.numel == 0:
        return x
    shifted = _shifted(x, dim)
    total = P.reduce("sum", P.unary("exp", shifted), (dim,))
    return P.binary("sub", shifted, P.reshape(P.unary("log", total), _kept(x, dim)))


def _sum_kept(x, dim):
    return OPS["sum"](x, dims=(dim,), keepdim=True, dtype=x.dtype)


softmax_op = Op("softmax", "input", "dim", compute=_softmax, promote="float",
                grads={"input": lambda g, result, dim: A.mul_op(result, A.sub_op(g, _sum_kept(A.mul_op(g, result), dim)))})
log_softmax_op = Op("log_softmax", "input", "dim", compute=_log_softmax, promote="float",
                    grads={"input": lambda g, result, dim: A.sub_op(g, A.mul_op(A.exp_op(result), _sum_kept(g, dim)))})


def _apply(op, input, dim, dtype):
    if dtype is not None:
        input = input.to(dtype)
    ndim = input._meta.ndim
    d = Op.wrap_dim(dim, ndim)
    if ndim == 0:
        return Op.apply(op, (input.reshape(1),), (0,)).reshape(())
    return Op.apply(op, (input,), (d,))


def softmax(input, dim, dtype=None):
    """exp(input) / its sum over dim."""
    return _apply(softmax_op, input, dim, dtype)


def log_softmax(input, dim, dtype=None):
    """log of softmax, computed without overflow."""
    return _apply(log_softmax_op, input, dim, dtype)
