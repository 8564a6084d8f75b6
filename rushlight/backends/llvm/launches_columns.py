"""Launches of what is done along one dimension: arguments of extremes, scans, sorting."""
from math import prod

from .extremes import ArgExtreme
from .scan import Scan
from .sort import Sort

NUMBERS = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")


def _along(v):
    """(dtype, outer, n, inner) of the operand."""
    x, dim = v.args[0], v.attrs[1] if v.prim == "topk" else v.attrs[0]
    return x.dtype.name, prod(x.shape[:dim]), x.shape[dim], prod(x.shape[dim + 1:])


def _argextreme(low, v):
    dtype, *sizes = _along(v)
    low.kernel(ArgExtreme(dtype, v.prim[3:], *sizes), [low.arranged(v.args[0])], [low.store(v)])


def _cumulative(low, v):
    dtype, *sizes = _along(v)
    low.kernel(Scan(dtype, v.prim[3:], *sizes), [low.arranged(v.args[0])], [low.store(v)])


def _sort(low, v):
    dtype, *sizes = _along(v)
    if v.prim == "argsort":
        spec = Sort(dtype, *sizes, sizes[1], v.attrs[1])
    else:
        spec = Sort(dtype, *sizes, v.attrs[0], v.attrs[2])
    low.kernel(spec, [low.arranged(v.args[0])], [low.store(v)])


def _supported(v):
    x = v.args[0]
    if v.prim in ("argsort", "topk") and x.numel >= 1 << 31:
        return False
    return x.ndim > 0 and x.dtype.name in NUMBERS and (v.prim != "cumlogsumexp" or x.dtype.name in ("float32", "float64"))


_SCANS = tuple("cum" + name for name in ("sum", "prod", "max", "min", "logsumexp", "argmax", "argmin"))
LAUNCHES = {"argmax": _argextreme, "argmin": _argextreme, **dict.fromkeys(_SCANS, _cumulative), "argsort": _sort, "topk": _sort}
SUPPORTED = dict.fromkeys(LAUNCHES, _supported)
