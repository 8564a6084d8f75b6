"""Means and variances, and the way back through them: what all the normalisations share."""
from math import prod

from ..graph import primitives as P
from ..graph.value import Value
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, to_dtype
from .spatial import not_implemented


def moments(x, dims):
    """The mean over dims and the differences from it, and the (biased) variance; mean and variance keep dims as 1."""
    n = P.const(max(prod(x.shape[d] for d in dims), 1), x.dtype)
    kept = tuple(1 if d in dims else size for d, size in enumerate(x.shape))
    mean = P.reshape(P.binary("div", P.reduce("sum", x, dims), n), kept)
    off = P.binary("sub", x, mean)
    var = P.binary("div", P.reduce("sum", P.binary("mul", off, off), dims), n)
    return mean, off, P.reshape(var, kept)


def reciprocal_deviation(var, eps):
    return P.unary("rsqrt", P.binary("add", var, P.const(eps, var.dtype)))


def affine(x, scale, shift):
    """x * scale + shift, each of which may be missing."""
    if scale is not None:
        x = P.binary("mul", x, scale)
    return x if shift is None else P.binary("add", x, shift)


def like(v, x):
    """A parameter in the dtype in which x is computed."""
    return None if v is None else P.cast(v, x.dtype)


# ------------------------------------------------------------------ the same on the way back, in ops
def op_wide(x):
    return to_dtype(x, dtype=dt.float32) if x.dtype is dt.bfloat16 or x.dtype is dt.float16 else x


def op_like(v, x):
    return v if v is None or v.dtype is x.dtype else to_dtype(v, dtype=x.dtype)


def sum_kept(x, dims):
    return OPS["sum"](x, dims=dims, keepdim=True, dtype=x.dtype)


def shaped(x, shape):
    return OPS["reshape_copy"](x, shape=shape) if tuple(x.shape) != shape else x


def statistics(x, mean, var, dims):
    """The mean and variance that the forward pass gave; under create_graph, computed again from x so that they depend on it."""
    if x.__class__ is Value:
        return mean, var
    n = max(prod(x.shape[d] for d in dims), 1)
    mean = A.div_op(sum_kept(x, dims), n)
    off = A.sub_op(x, mean)
    return mean, A.div_op(sum_kept(A.mul_op(off, off), dims), n)


def back_through(g, off, inverse, dims):
    """The gradient of off * inverse in x, where off = x - mean(x) and inverse = rsqrt(var(x) + eps), over dims."""
    n = max(prod(off.shape[d] for d in dims), 1)
    along = A.mul_op(A.mul_op(sum_kept(A.mul_op(g, off), dims), A.mul_op(inverse, inverse)), 1 / n)
    level = A.mul_op(sum_kept(g, dims), 1 / n)
    return A.mul_op(A.sub_op(A.sub_op(g, level), A.mul_op(off, along)), inverse)


# ------------------------------------------------------------------ dtypes
def check_dtypes(kernel, input, *parameters):
    dtype = input._meta.dtype
    if not dtype.is_floating_point:
        raise not_implemented(kernel, dtype)
    narrow = dtype is dt.bfloat16 or dtype is dt.float16
    for p in parameters:
        if p is not None and p._meta.dtype is not dtype:
            if dtype is dt.float64:
                raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
            if not narrow or p._meta.dtype is not dt.float32:
                raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
