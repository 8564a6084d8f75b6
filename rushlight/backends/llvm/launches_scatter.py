"""Launches of index_put and scatter."""
from . import indirect
from .launches_moves import WORDS
from .regions import broadcast, simplified
from .scatter import Index, Scatter

_HOW = {"add": "add", "multiply": "mul", "amax": "max", "amin": "min"}
_NUMBERS = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")


def _launch(low, v, how, source, indices, shape, result, strides, spread):
    """indices: (region, its strides in the iteration space, dtype, stride in the result, what is added to negative ones);
    strides, spread: those of the result and the source."""
    told = {d for d, s in enumerate(strides) if not s}
    small, columns, _ = simplified(shape, [strides, spread, *(i[1] for i in indices)], told)
    spec = Scatter(v.dtype.name if how != "set" else WORDS[v.dtype.itemsize], how, small, columns[0], columns[1],
                   tuple(Index(dtype.name, column, *rest) for (_, _, dtype, *rest), column in zip(indices, columns[2:])))
    low.kernel(spec, [source, *(i[0] for i in indices)], [result])


def _index_put(low, v):
    x, u, *indices = v.args
    source, places, result = low.region(u), [low.region(i) for i in indices], low.begun(v)
    count = len(indices)
    batch = x.shape[:0]
    for i in indices:
        batch = _joined(batch, i.shape)
    shape, row = batch + x.shape[count:], (0,) * (x.ndim - count)
    told = [(r, broadcast(r, batch) + row, i.dtype, s, 0 if i.dtype.name == "uint8" else n)
            for r, i, s, n in zip(places, indices, result.strides, x.shape)]
    _launch(low, v, "add" if v.attrs[0] else "set", source, told, shape, result, (0,) * len(batch) + tuple(result.strides[count:]),
            broadcast(source, shape))


def _joined(a, b):
    rank = max(len(a), len(b))
    a, b = ((1,) * (rank - len(s)) + tuple(s) for s in (a, b))
    return tuple(m if n == 1 else n for n, m in zip(a, b))


def _scatter(low, v):
    x, index, u = v.args
    dim, how, _ = v.attrs
    source, places, result = low.region(u), low.region(index), low.begun(v)
    strides = tuple(0 if d == dim else s for d, s in enumerate(result.strides))
    spread = tuple(0 if n == 1 else s for n, s in zip(u.shape, source.strides))
    _launch(low, v, _HOW.get(how, how), source, [(places, tuple(places.strides), index.dtype, result.strides[dim], 0)],
            index.shape, result, strides, spread)


def _can_put(v):
    return all(i.dtype.name in indirect.INTEGERS for i in v.args[2:]) and (
        v.dtype.name in _NUMBERS if v.attrs[0] else v.dtype.itemsize <= 8) and v.args[1].dtype is v.dtype


def _can_scatter(v):
    _, how, included = v.attrs
    x, index, u = v.args
    return x.ndim > 0 and x.ndim == index.ndim == u.ndim and index.dtype.name in indirect.INTEGERS and u.dtype is v.dtype and (
        v.dtype.itemsize <= 8 if how == "set" else how in _HOW and included and v.dtype.name in _NUMBERS)


LAUNCHES = {"index_put": _index_put, "scatter": _scatter}
SUPPORTED = {"index_put": _can_put, "scatter": _can_scatter}
