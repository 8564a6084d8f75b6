"""Micro-kernels of correlations: a tile of pixels x vectors, summed in registers over taps and source channels.

Three forms. broadcast: vectors of result channels, each element of the source spread over one. elementwise: vectors of channels that
source and result share. reducing: a "vector" is one result channel, its lanes run over source channels and are added at the end;
for few result channels.
"""
import math

from . import ir, tile as matrix_tile
from .conv_shapes import unroll

SIGNATURE = "ptr %src, ptr %weight, ptr %dst, ptr %bias, i64 %rows, i64 %columns, i64 %weight_row"


class TileWriter:
    """Writes the functions for one Tile. SIGNATURE: source and weights at the first tap, result and bias at the first pixel and
    channel, how many taps, and elements of weights from one row of taps to the next."""

    def __init__(self, cor, lanes, tile, window, functions):
        self.cor, self.lanes, self.tile, self.window, self.functions = cor, lanes, tile, window, functions
        self.image = window.image if window.copied else math.prod(cor.source)
        self.tap_rows = None if tile.clipped else common(y.taps for y, _ in cor.phases)
        self.tap_columns = None if tile.clipped else common(x.taps for _, x in cor.phases)

    def function(self, nv, channels):
        """The function for a tile of nv vectors with so many channels."""
        name = f"tile_{nv}_{channels}"
        if name not in self.functions:
            self.functions[name] = self._write(name, nv, channels)
        return self.functions[name]

    def _write(self, name, nv, channels):
        f = self.f = ir.Function(name, SIGNATURE, internal=True, attributes="#1")
        cor, win, form = self.cor, self.window, self.tile.form
        self.nv, self.masks = nv, [None] * nv
        if form != "reducing" and channels < nv * self.lanes:
            self.masks[-1] = f.first_lanes(channels - (nv - 1) * self.lanes, self.lanes)
        y, x = cor.phases[0]
        result_row = cor.result[1] * cor.result[2]
        self.sources = [n * self.image + r * y.step * win.row + c * x.step * win.pixel for n, r, c in self.tile.pixels]
        self.results = [n * cor.result[0] * result_row + r * y.out_step * result_row + c * x.out_step * cor.result[2]
                        for n, r, c in self.tile.pixels]
        if form == "reducing" or not cor.bias:
            first = [f.zero(cor.type, self.lanes)] * nv
        else:
            first = [f.load(ir.Reg("%bias", "ptr"), v * self.lanes, cor.type, self.lanes, m) for v, m in enumerate(self.masks)]
        sums = self._rows(first * len(self.sources))
        if form == "reducing":
            self._store_totals(sums, channels)
        else:
            for i, at in enumerate(self.results):
                for v, mask in enumerate(self.masks):
                    self._store(sums[i * nv + v], at + v * self.lanes, mask)
        return f

    # ------------------------------------------------------------ loops
    def _rows(self, sums):
        """The loop over rows of taps."""
        f, (y, x) = self.f, self.cor.phases[0]
        rows = ir.Reg("%rows", "i64") if self.tap_rows is None else self.tap_rows
        columns = ir.Reg("%columns", "i64") if self.tap_columns is None else self.tap_columns
        levels = [(columns, x.tap_step * self.window.pixel)]
        tail = 0
        if self.tile.form == "reducing":
            tail = self.cor.k % self.lanes
            levels.append((self.cor.k // self.lanes, self.lanes))
        elif self.tile.form == "broadcast":
            levels.append((self.cor.k, 1))
        together = common(n for n, _ in levels[1:]) if len(levels) > 1 else 1
        if not tail:
            if not self.tile.clipped:           # rows of weights are read to the end, so that the next one follows
                levels.insert(0, (rows, y.tap_step * self.window.row))
            levels, together = merged(f, levels)
            if not self.tile.clipped:
                return self._walk(levels, together, ir.Reg("%src", "ptr"), ir.Reg("%weight", "ptr"), sums)

        def row(i, sums):
            src = f.at(ir.Reg("%src", "ptr"), f.mul(i, y.tap_step * self.window.row), self.cor.type)
            weight = f.at(ir.Reg("%weight", "ptr"), f.mul(i, ir.Reg("%weight_row", "i64")), self.cor.type)
            if tail:
                return f.loop(0, columns, 1, lambda j, sums: self._with_tail(j, tail, src, weight, sums), sums)
            return self._walk(levels, together, src, weight, sums)
        return row(0, sums) if rows == 1 else f.loop(0, rows, 1, row, sums)

    def _walk(self, levels, together, src, weight, sums):
        """Loops over levels (count, stride) of steps in the weights' order; `together`: what the innermost is a multiple of."""
        f, type, (count, stride) = self.f, self.cor.type, levels[0]
        if len(levels) == 1:
            return self._run(src, weight, count, unroll(together, self._most_unrolled(stride)), stride, sums)
        if isinstance(count, int) and count == 1:
            return self._walk(levels[1:], together, src, weight, sums)
        steps = 1
        for n, _ in levels[1:]:
            steps = f.mul(steps, n)
        block = f.mul(steps, self.nv * self.lanes)
        return f.loop(0, count, 1, lambda i, sums: self._walk(levels[1:], together, f.at(src, f.mul(i, stride), type),
                                                              f.at(weight, f.mul(i, block), type), sums), sums)

    def _run(self, src, weight, n, unrolled, stride, sums):
        """n steps, the source's `stride` elements apart."""
        f, type = self.f, self.cor.type

        def some(i, sums):
            s, w = f.at(src, f.mul(i, stride), type), f.at(weight, f.mul(i, self.nv * self.lanes), type)
            for u in range(unrolled):
                sums = self._step(f.at(s, u * stride, type), f.at(w, u * self.nv * self.lanes, type), sums)
            return sums
        return some(0, sums) if isinstance(n, int) and n == unrolled else f.loop(0, n, unrolled, some, sums)

    def _with_tail(self, tap, tail, src, weight, sums):
        """The steps of one tap, the last with only `tail` source channels."""
        f, type, step = self.f, self.cor.type, self.nv * self.lanes
        whole = self.cor.k // self.lanes
        src = f.at(src, f.mul(tap, self.cor.phases[0][1].tap_step * self.window.pixel), type)
        weight = f.at(weight, f.mul(tap, (whole + 1) * step), type)
        if whole:
            sums = self._run(src, weight, whole, unroll(whole, 4), self.lanes, sums)
        return self._step(f.at(src, whole * self.lanes, type), f.at(weight, whole * step, type), sums, f.first_lanes(tail, self.lanes))

    def _most_unrolled(self, stride):
        """Steps in a row in which no two pixels read the same element: LLVM would keep it, and have no registers."""
        if self.tile.form == "elementwise":
            return 1
        if self.tile.rows == self.tile.columns == 1:
            return 4
        return max(self.cor.phases[0][1].step * self.window.pixel // stride, 1)

    def _step(self, src, weight, sums, mask=None):
        """One multiply-add of every accumulator. mask: source channels."""
        f, type, lanes, nv, form = self.f, self.cor.type, self.lanes, self.nv, self.tile.form
        w = [f.load(weight, v * lanes, type, lanes) for v in range(nv)]
        new = []
        for i, offset in enumerate(self.sources):
            if form == "broadcast":
                value = f.splat(f.load(src, offset, type), lanes)
            elif form == "reducing":
                value = f.load(src, offset, type, lanes, mask)
            for v in range(nv):
                if form == "elementwise":
                    value = f.load(src, offset + v * lanes, type, lanes, self.masks[v])
                new.append(f.fma(value, w[v], sums[i * nv + v]))
        return new

    # ------------------------------------------------------------ results
    def _store(self, value, offset, mask):
        f = self.f
        if self.cor.activation == "relu":
            zero = f.zero(value.type, self.lanes)
            value = f.select(f.test("fcmp olt", value, zero), zero, value)
        f.store(value, ir.Reg("%dst", "ptr"), offset, mask)

    def _store_totals(self, sums, channels):
        """Add each accumulator's lanes; the totals of a pixel lie side by side."""
        f = self.f
        mask = f.first_lanes(channels, self.lanes)
        bias = f.load(ir.Reg("%bias", "ptr"), 0, self.cor.type, self.lanes, mask) if self.cor.bias else None
        for i, at in enumerate(self.results):
            total = matrix_tile.sums(f, sums[i * self.nv:(i + 1) * self.nv])
            self._store(f.binary("fadd", total, bias) if bias else total, at, mask)


def common(values):
    """The value when all are the same, else None."""
    values = set(values)
    return values.pop() if len(values) == 1 else None


def merged(f, levels):
    """Neighbouring levels (count, stride) that are one run made one. Also what the innermost count is a multiple of."""
    levels = list(levels)
    inner, stride = levels.pop()
    together = inner if isinstance(inner, int) else 1
    while levels and isinstance(inner, int) and levels[-1][1] == inner * stride:
        count, _ = levels.pop()
        if not isinstance(count, int):
            return levels + [(f.mul(count, inner), stride)], together
        inner = together = count * inner
    return levels + [(inner, stride)], together
