"""Reads whose place is known when the plan runs, as nodes of a nest: rows at indices, slices with starts that are values.

A node here is what Lowering._launch takes: (op, args, dtype, strides, offset, place, index node, scale, value).
"""
from .regions import Region, broadcast

PRIMS = frozenset(("gather", "index", "dynamic_slice"))
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")


def readable(v):
    """Whether a read of PRIMS can be a node: its indices are integers, its elements are words that move at once."""
    return v.dtype.itemsize <= 8 and all(a.dtype is not None and a.dtype.name in INTEGERS for a in v.args[1:])


def load(low, v, step, nodes, numbers, word=None):
    """The node that gives v inside a step. word: the dtype that is moved instead of v's."""
    make = {"gather": _gather, "index": _index, "dynamic_slice": _slice}[v.prim]
    region, strides, index, scale = make(low, v, Nodes(low, nodes, numbers, step), step)
    return ("load", (), word or v.dtype.name, strides, region.offset, region.place, index, scale, None)


class Nodes:
    """The nodes of a nest, and those that compute places. step: what is read in its space; None for values in memory only."""

    def __init__(self, low, nodes, numbers, step=None):
        self.low, self.list, self.numbers, self.step = low, nodes, numbers, step

    def add(self, key, node):
        return self.low._add(key, lambda: node, self.list, self.numbers)

    def number(self, n):
        return self.add(("const", repr(n), "int64"), ("const", (), "int64", None, 0, None, -1, 0, n))

    def op(self, name, *args, dtype="int64"):
        return self.add((name, args, dtype), (name, args, dtype, None, 0, None, -1, 0, None))

    def integer(self, node, dtype):
        """A node's value in int64."""
        return node if dtype == "int64" else self.op("cast", node)

    def at(self, region, strides, dtype):
        """An integer of a region, by its strides in the nest's space."""
        key = ("load", region.place.index, strides, region.offset)
        return self.integer(self.add(key, ("load", (), dtype, strides, region.offset, region.place, -1, 0, None)), dtype)

    def scalar(self, v, rank):
        """A single integer."""
        if self.step is None:
            return self.at(self.low.region(v), (0,) * rank, v.dtype.name)
        return self.integer(self.low._node(v, self.step, self.list, self.numbers), v.dtype.name)

    def wrapped(self, node, size):
        """An index that counts from the end where it is negative."""
        negative = self.op("lt", node, self.number(0), dtype="bool")
        return self.op("where", negative, self.op("add", node, self.number(size)), node)

    def total(self, terms):
        """(node of the sum of node * stride, what to multiply it with); (-1, 0) for none."""
        if len(terms) == 1:
            return terms[0]
        if not terms:
            return -1, 0
        found = None
        for node, stride in terms:
            node = self.op("mul", node, self.number(stride))
            found = node if found is None else self.op("add", found, node)
        return found, 1


def _gather(low, v, nodes, step):
    index = low._node(v.args[1], step, nodes.list, nodes.numbers)
    region, dim = low.region(v.args[0]), v.attrs[0]
    strides = tuple(0 if d == dim or n == 1 and v.shape[d] != 1 else s for d, (n, s) in enumerate(zip(region.shape, region.strides)))
    return region, strides, nodes.integer(index, v.args[1].dtype.name), region.strides[dim]


def _index(low, v, nodes, step):
    x, indices = v.args[0], v.args[1:]
    region = low.region(x)
    row = x.ndim - len(indices)
    batch = v.shape[:v.ndim - row]
    terms = []
    for a, n, stride in zip(indices, region.shape, region.strides):
        strides = broadcast(low.region(a), batch) + (0,) * row
        node = nodes.at(low.region(a), strides, a.dtype.name)
        terms.append((node if a.dtype.name == "uint8" else nodes.wrapped(node, n), stride))
    return region, (0,) * len(batch) + tuple(region.strides[len(indices):]), *nodes.total(terms)


def _slice(low, v, nodes, step):
    region, (sizes, steps) = low.region(v.args[0]), v.attrs
    terms = starts(nodes, v.args[1:], region, sizes, len(step.shape))
    strides = broadcast(Region(None, v.shape, [s * k for s, k in zip(region.strides, steps)]), step.shape)
    return region, strides, *nodes.total(terms)


def starts(nodes, values, region, sizes, rank):
    """(node, stride) of the starts of a slice of a region, but for those of whole dimensions."""
    return [(nodes.scalar(v, rank), s) for v, n, s, size in zip(values, region.shape, region.strides, sizes) if size != n]
