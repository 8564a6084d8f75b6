"""Scatters with a reduction in simpler terms: what leaves the old content out begins with neutral elements, a mean is a sum and counts."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from .rewrite import copied, replaced

_FLOATS, _INTEGERS = ("float32", "float64"), ("int64", "int32", "int16", "int8", "uint8")
_NEUTRAL = {"add": 0, "mean": 0, "multiply": 1}


def plain(values):
    """The values with such scatters replaced."""
    changed, result = {}, []
    for v in values:
        if v.prim == "scatter" and v.attrs[1] != "set" and v.dtype.name in _FLOATS + _INTEGERS and v.args[1].numel and \
                v.args[2].shape == v.args[1].shape and (v.attrs[1] != "mean" or v.dtype.name in _FLOATS):
            new = _plain(v)
            result += new[:-1]
            if new[-1] is not v:
                changed[v.id] = new[-1]
        result.append(v)
    return replaced(result, changed, ()) if changed else values


def _plain(v):
    """Values that come to v, which is the last of them."""
    (x, index, u), (dim, how, included) = v.args, v.attrs
    made = []

    def value(new):
        made.append(new)
        return new

    if not included:
        neutral = value(P.const(_neutral(how, v.dtype), v.dtype, index.shape))
        x = value(P.scatter(x, index, neutral, dim, "set"))
    if how != "mean":
        return made + [copied(v, "scatter", (x, index, u), (dim, how, True))] if made else [v]
    total = value(P.scatter(x, index, u, dim, "add"))
    ones, begin = value(P.const(1, dt.int64, index.shape)), value(P.const(int(included), dt.int64, v.shape))
    counts = value(P.scatter(begin, index, ones, dim, "add"))
    counts = value(P.binary("max", counts, value(P.const(1, dt.int64))))
    return made + [copied(v, "div", (total, value(P.cast(counts, v.dtype))), ())]


def _neutral(how, dtype):
    if how in _NEUTRAL:
        return _NEUTRAL[how]
    if dtype.kind == "float":
        return float("-inf") if how == "amax" else float("inf")
    import numpy as np

    info = np.iinfo(dtype.numpy)
    return int(info.min if how == "amax" else info.max)
