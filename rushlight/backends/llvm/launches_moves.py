"""Launches of what only moves elements: padding, slices written into a copy, single reads at indices."""
from ...graph import primitives as P
from ..numpy.table import pad_place
from . import indirect
from .regions import Region

WORDS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}


# ---------------------------------------------------------------- words
def pieces(region, dtype):
    """(region in words, their dtype's name): elements of 16 bytes are two words."""
    if dtype.itemsize < 16:
        return region, WORDS[dtype.itemsize]
    return Region(region.place, region.shape + (2,), [2 * s for s in region.strides] + [1], 2 * region.offset), "int64"


def fill(low, value, dtype, region):
    """Write a number everywhere in a region."""
    source = low.region(P.const(value, dtype, region.shape))
    low.copy_into(source, region)


# ---------------------------------------------------------------- padding
def _pad(low, v):
    """Fill and copy; where only one dimension is padded, nothing is written twice."""
    value, inner = v.attrs[2:]
    x, result = low.region(v.args[0]), low.store(v)
    parts = [pad_place(n, lo, hi, k) for n, lo, hi, k in zip(x.shape, v.attrs[0], v.attrs[1], inner)]
    padded = [d for d, (_, count, place, step) in enumerate(parts) if count != v.shape[d] or step != 1]
    if len(padded) == 1 and parts[padded[0]][3] == 1:
        d = padded[0]
        _, count, place, _ = parts[d]
        for start, size in ((0, place), (place + count, v.shape[d] - place - count)):
            if size > 0 and count > 0:
                fill(low, value, v.dtype, _part(result, d, start, size))
    if padded and (len(padded) != 1 or parts[padded[0]][3] != 1 or parts[padded[0]][1] == 0):
        fill(low, value, v.dtype, result)
    shape = [count for _, count, _, _ in parts]
    source = Region(x.place, shape, x.strides, x.offset + sum(first * s for (first, *_), s in zip(parts, x.strides)))
    target = Region(result.place, shape, [s * step for (*_, step), s in zip(parts, result.strides)],
                    result.offset + sum(place * s for (_, _, place, _), s in zip(parts, result.strides)))
    low.copy_into(source, target)


def _part(region, dim, start, size):
    shape = list(region.shape)
    shape[dim] = size
    return Region(region.place, shape, region.strides, region.offset + start * region.strides[dim])


# ---------------------------------------------------------------- writes of slices
def _update_slice(low, v):
    starts, steps = v.attrs
    source, result = low.region(v.args[1]), low.begun(v)
    low.copy_into(source, Region(result.place, source.shape, [s * k for s, k in zip(result.strides, steps)],
                                 result.offset + sum(a * s for a, s in zip(starts, result.strides))))


def _dynamic_update_slice(low, v):
    """A copy to a place that is computed."""
    source, result = low.region(v.args[1]), low.begun(v)
    read, word = pieces(source, v.dtype)
    whole, _ = pieces(result, v.dtype)
    target = Region(result.place, source.shape, [s * k for s, k in zip(result.strides, v.attrs[0])], result.offset)
    written, _ = pieces(target, v.dtype)
    nodes = indirect.Nodes(low, [], {})
    loaded = nodes.add("source", ("load", (), word, tuple(read.strides), read.offset, read.place, -1, 0, None))
    at = nodes.total(indirect.starts(nodes, v.args[2:], whole, source.shape, len(read.shape)))
    low._launch(read.shape, nodes.list, [(loaded, written, *at)], [], ())


# ---------------------------------------------------------------- reads
def single(low, v, step):
    """A read at indices as a nest of its own."""
    nodes = []
    node = indirect.load(low, v, step, nodes, {}, WORDS[v.dtype.itemsize])
    low._launch(v.shape, nodes + [node], [(len(nodes), low.store(v))], [], ())


def _after(low, v):
    """Nothing: what it waits for has run before, since launches keep their order."""
    low.regions[v.id] = low.region(v.args[0])


LAUNCHES = {"pad": _pad, "update_slice": _update_slice, "dynamic_update_slice": _dynamic_update_slice, "after": _after}
SUPPORTED = {"dynamic_update_slice": lambda v: all(a.dtype.name in indirect.INTEGERS for a in v.args[2:])}
