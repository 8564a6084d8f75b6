"""Losses of a prediction and a target of one shape, reduced to a number. Source: torch.nn.functional.mse_loss and kin."""
import math

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op


def reduced(values, reduction):
    """Elementwise losses as "none", "mean" or "sum" says, on graph values."""
    if reduction == "none":
        return values
    total = P.reduce("sum", values, tuple(range(values.ndim)))
    return P.binary("div", total, P.const(values.numel, total.dtype)) if reduction == "mean" else total


def _share(g, infos, reduction):
    """The gradient that reaches each element."""
    if reduction != "mean":
        return g
    count = math.prod(P.broadcast_shapes(*[i.shape for i in infos if i is not None]))
    return A.mul_op(g, 1 / count if count else math.nan)


def _mse(x, t, reduction):
    off = P.binary("sub", x, t)
    return reduced(P.binary("mul", off, off), reduction)


def _mse_slope(g, input, target, infos, reduction):
    return A.mul_op(A.mul_op(_share(g, infos, reduction), 2), A.sub_op(input, target))


mse_op = Op("mse_loss", "input target", "reduction", compute=_mse, promote="arith",
            grads={"input": _mse_slope, "target": lambda g, input, target, infos, reduction: _mse_slope(g, target, input, infos, reduction)})


def broadcast_error(a, b):
    """PyTorch's error for shapes that do not broadcast, or None if they do."""
    try:
        P.broadcast_shapes(a, b)
        return None
    except RuntimeError:
        from .products import _broadcast_error

        return _broadcast_error(a, b)


def check(op, kernel, input, target, reduction):
    """Shapes that broadcast, a floating dtype, a reduction that exists."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if input._meta.shape != target._meta.shape:
        error = broadcast_error(input._meta.shape, target._meta.shape)
        if error is not None:
            raise error
    if not input.dtype.is_floating_point and not target.dtype.is_floating_point:
        raise NotImplementedError(f'"{kernel}" not implemented for \'{dt.long_name(input.dtype)}\'')


def mse_loss(input, target, reduction="mean"):
    """(input - target) squared."""
    check("mse_loss", "mse_cpu", input, target, reduction)
    return Op.apply(mse_op, (input, target), (reduction,))
