"""Micro-kernels of the weight gradient: the products of a cell's pixels for a tile of rows x vectors, and packed vectors of g."""
from dataclasses import dataclass

from . import ir

SIGNATURE = "ptr %values, ptr %vectors, ptr %sums, i64 %old, i64 %images, i64 %rows, i64 %columns"


@dataclass(frozen=True)
class Pixels:
    """How pixels are walked.

    x, g        elements from one image, row and pixel to the next, for g where it lies
    packed      the same for g's packed vectors, for each of their number: element strides of one vector; None where g is not packed
    columns     of a row, where all rows have as many; None where that differs
    by_image    the innermost loop is over images, not over a row's pixels
    """

    x: tuple
    g: tuple
    packed: tuple | None
    columns: int | None
    by_image: bool


class TileWriter:

    def __init__(self, type, lanes, form, pixels, functions):
        self.type, self.lanes, self.form, self.pixels, self.functions = type, lanes, form, pixels, functions

    def packed_strides(self, nv):
        return tuple(n * nv * self.lanes for n in self.pixels.packed)

    def _masks(self, nv, channels):
        rest = channels - (nv - 1) * self.lanes
        return [None] * (nv - 1) + [None if rest == self.lanes else ir.Function("").first_lanes(rest, self.lanes)]

    def function(self, rows, nv, channels):
        """The products of some pixels, added to sums where old is 1, else stored there. rows: offsets of the rows' values; the last
        vector has so many channels. SIGNATURE."""
        name = f"tile_{len(rows)}_{nv}_{channels}"
        if name not in self.functions:
            self.functions[name] = self._write(name, rows, nv, channels)
        return self.functions[name]

    def _write(self, name, rows, nv, channels):
        type, lanes, pixels = self.type, self.lanes, self.pixels
        f = ir.Function(name, SIGNATURE, internal=True, attributes="#1")
        values, vectors, sums = (ir.Reg(r, "ptr") for r in ("%values", "%vectors", "%sums"))
        of_x, of_g = pixels.x, self.packed_strides(nv) if pixels.packed else pixels.g
        to_value, to_vector = (of_g, of_x) if self.form == "inputs" else (of_x, of_g)
        masks = [None] * nv if pixels.packed else self._masks(nv, channels)
        counts = "%images", "%rows", "%columns" if pixels.columns is None else pixels.columns

        def pixel(values, vectors, acc):
            b = [f.load(vectors, v * lanes, type, lanes, masks[v]) for v in range(nv)]
            new = []
            for i, offset in enumerate(rows):
                if self.form == "depthwise":
                    new += [f.fma(f.load(values, offset + v * lanes, type, lanes, masks[v]), b[v], acc[i * nv + v])
                            for v in range(nv)]
                else:
                    a = f.splat(f.load(values, offset, type), lanes)
                    new += [f.fma(a, b[v], acc[i * nv + v]) for v in range(nv)]
            return new

        def walk(levels, values, vectors, acc):
            if not levels:
                return pixel(values, vectors, acc)
            level, *inner = levels
            if counts[level] == 1:
                return walk(inner, values, vectors, acc)
            return f.loop(0, counts[level], 1, lambda i, acc: walk(
                inner, f.at(values, f.mul(i, to_value[level]), type), f.at(vectors, f.mul(i, to_vector[level]), type), acc), acc)

        places = range(0, len(rows) * nv * lanes, lanes)
        acc = f.loop(0, "%old", 1, lambda i, _: [f.load(sums, p, type, lanes) for p in places], [f.zero(type, lanes)] * len(places))
        acc = walk((1, 2, 0) if pixels.by_image else (0, 1, 2), values, vectors, acc)
        for p, a in zip(places, acc):
            f.store(a, sums, p)
        return f

    def pack(self, name, vectors, channels, source, target):
        """name(from, to, images, rows, columns): vectors of a cell side by side: with many channels, they would fall on few lines of
        the first cache. source, target: elements from one image, row and pixel to the next; the last vector has so many channels."""
        if name in self.functions:
            return self.functions[name]
        f = self.functions[name] = ir.Function(name, "ptr %from, ptr %to, i64 %images, i64 %rows, i64 %columns", internal=True,
                                               attributes="#1")
        masks = self._masks(vectors, channels)

        def one(*place):
            at, to = 0, 0
            for i, from_step, to_step in zip(place, source, target):
                at, to = f.add(at, f.mul(i, from_step)), f.add(to, f.mul(i, to_step))
            for v in range(vectors):
                value = f.load(ir.Reg("%from", "ptr"), f.add(at, v * self.lanes), self.type, self.lanes, masks[v])
                f.store(value, ir.Reg("%to", "ptr"), f.add(to, v * self.lanes))
        f.loop(0, "%images", 1, lambda n: f.loop(0, "%rows", 1, lambda y: f.loop(0, "%columns", 1, lambda x: one(n, y, x))))
        return f

    def pack_g(self, nv, channels):
        return self.pack(f"pack_{nv}_{channels}", nv, channels, self.pixels.g, self.packed_strides(nv))
