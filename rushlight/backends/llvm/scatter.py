"""Elements written or combined at places that indices name: index_put and scatter.

A walk over the sources in their order, so that what falls on one place is combined in that order. Parts never share a place: they
own ranges of a dimension that the indices leave alone. Without one there is a single part: a thread that looks through all indices
for those that fall into its own range takes longer than one that does everything.
"""
from dataclasses import dataclass
from math import prod

from . import ir, scalar_ops
from .kernel import Source
from .target import BYTES

PART = 1 << 14              # elements that are worth a part
MOST_PARTS = 16
MOST_WALKS = 4              # parts that each walk all indices, for a few columns of their rows


@dataclass(frozen=True)
class Index:
    """dtype; strides in the iteration space; stride: what a step of the index is in the result; wraps: what is added to negative ones,
    which count from the end; 0 where there are none."""

    dtype: str
    strides: tuple
    stride: int
    wraps: int


@dataclass(frozen=True)
class Scatter:
    """result[i1, i2, ..., *free] = or op= source. Arguments: source, indices, result.

    dtype    of the elements
    how      set, add, mul, max or min
    shape    the iteration space
    result   strides of the result: 0 for the dimensions whose places the indices tell
    source   strides of the source
    """

    dtype: str
    how: str
    shape: tuple
    result: tuple
    source: tuple
    indices: tuple


def generate(spec, host):
    """The Source of a scatter."""
    f = ir.Function("scatter")
    walk = _Walk(spec, host, f)
    walk.write()
    total = prod(spec.shape)
    traffic = total * BYTES[walk.memory] * (2 if spec.how == "set" else 3)
    return Source(ir.module(f), (("scatter", walk.parts),), 0, 0 if spec.how == "set" else total, traffic)


class _Walk:
    def __init__(self, spec, host, f):
        self.spec, self.f = spec, f
        self.memory = scalar_ops.MEMORY[spec.dtype]
        self.inner = len(spec.shape) - 1
        # rows: what the indices say holds for all of the innermost dimension
        self.rows = bool(spec.shape) and spec.result[-1] != 0 and not any(i.strides[-1] for i in spec.indices)
        vectors = self.rows and spec.result[-1] == 1 and spec.source[-1] in (0, 1) and spec.shape[-1] > 1
        self.lanes = host.lanes("double" if BYTES[self.memory] == 8 else "float") if vectors else 0
        self.parts, self.split = self._shares()

    def _shares(self):
        """(parts, the dimension whose range they share)."""
        spec = self.spec
        parts = min(MOST_PARTS, max(1, prod(spec.shape) // PART))
        free = [d for d, s in enumerate(spec.result) if s and not (self.rows and d == self.inner)]
        for d in free:
            if spec.shape[d] >= 2 * parts:
                return parts, d
        units = spec.shape[-1] // (2 * self.lanes or 1) if self.rows else 0
        widest = max(free, key=lambda d: spec.shape[d], default=None)
        if widest is not None and spec.shape[widest] >= min(parts, MOST_WALKS, units):
            return min(parts, spec.shape[widest]), widest
        return max(1, min(parts, MOST_WALKS, units)), self.inner

    def write(self):
        f, spec = self.f, self.spec
        count = len(spec.indices)
        self.source, self.result = f.argument(0), f.argument(count + 1)
        self.index = [f.argument(1 + i) for i in range(count)]
        self._loops(0, 0, 0, [0] * count)

    def _loops(self, d, source, result, places):
        """The loops from the d-th on. source, result, places: offsets in the source, the result and each index so far."""
        f, spec = self.f, self.spec
        if d == len(spec.shape) or self.rows and d == self.inner:
            self._with_indices(source, result, places)
            return
        lo, hi = f.share(spec.shape[d]) if d == self.split and self.parts > 1 else (0, spec.shape[d])
        f.loop(lo, hi, 1, lambda i: self._loops(d + 1, f.add(source, f.mul(i, spec.source[d])), f.add(result, f.mul(i, spec.result[d])),
                                                [f.add(at, f.mul(i, index.strides[d])) for at, index in zip(places, spec.indices)]))

    def _with_indices(self, source, result, places):
        """What is done where the indices are known."""
        f, spec = self.f, self.spec
        for pointer, at, index in zip(self.index, places, spec.indices):
            i = f.load(pointer, at, scalar_ops.MEMORY[index.dtype])
            i = scalar_ops.cast(f, i, index.dtype, "int64")
            if index.wraps:
                i = f.select(f.compare("slt", i, 0), f.add(i, index.wraps), i)
            result = f.add(result, f.mul(i, index.stride))
        self._row(source, result) if self.rows else self._element(source, result)

    def _row(self, source, result):
        f, spec, n = self.f, self.spec, self.spec.shape[-1]
        step, lanes = spec.source[-1], self.lanes
        unit = lanes or 1
        lo, hi = f.share(n, unit) if self.split == self.inner and self.parts > 1 else (0, n)
        if not lanes:
            f.loop(lo, hi, 1, lambda i: self._element(f.add(source, f.mul(i, step)), f.add(result, f.mul(i, spec.result[-1]))))
            return
        whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), lanes), lanes))
        f.loop(lo, whole, lanes, lambda i: self._element(f.add(source, f.mul(i, step)), f.add(result, i), lanes))
        if n % lanes:
            f.loop(whole, hi, lanes, lambda i: self._element(f.add(source, f.mul(i, step)), f.add(result, i), lanes,
                                                             f.first_lanes(f.sub(hi, i) if not isinstance(hi, int) else n % lanes, lanes)))

    def _element(self, source, result, lanes=0, mask=None):
        """An element, or a vector of them."""
        f, spec = self.f, self.spec
        spread = lanes and spec.source[-1] == 0
        x = f.load(self.source, source, self.memory) if spread else f.load(self.source, source, self.memory, lanes, mask)
        x = f.splat(x, lanes)
        if spec.how != "set":
            x = combined(f, spec.how, f.load(self.result, result, self.memory, lanes, mask), x, spec.dtype)
        f.store(x, self.result, result, mask)


def combined(f, how, a, b, dtype):
    """a op b as they lie in memory; of equal numbers max and min give a."""
    floating = dtype in scalar_ops.FLOATS
    if dtype == "bool":
        return f.binary({"add": "or", "max": "or", "mul": "and", "min": "and"}[how], a, b)
    if how in ("add", "mul"):
        return f.binary(("f" if floating else "") + how, a, b)
    if floating:
        kept = f.binary("or", f.test("fcmp oge" if how == "max" else "fcmp ole", a, b), f.test("fcmp uno", a, a))
    else:
        kept = f.test(f"icmp {'u' if dtype == 'uint8' else 's'}{'ge' if how == 'max' else 'le'}", a, b)
    return f.select(kept, a, b)
