"""Correlations of channels-innermost images: what a convolution and its input gradient both are.

Phases: the weights are packed into vectors, then every part computes its items. An item is a unit (images x a band of rows) times a
split of the vector blocks; it sums tiles of pixels x vectors in registers. The last tile of a row is moved back to end with the
row: pixels in two tiles are computed twice, alike.

What a tile does about taps outside the source: they are multiplied, from a copy of the unit's source with padding in the part's
own stretch of workspace; or the tile is clipped: it is the same pixel of many images, so that all of it lacks the same taps.
"""
import math
from dataclasses import dataclass

from . import conv_pack, conv_plan, ir, kernel
from .conv_shapes import wanted_parts
from .conv_tiles import TileWriter
from .target import BYTES


@dataclass(frozen=True)
class Correlation:
    """source (h, w, c) and result (h, w, c) of every image; k source and m result channels a group.

    phases          pairs of axes (rows, columns), each writing results of its own
    elementwise     depthwise: channel by channel (k = 1, one group, m channels)
    weight_strides  elements from one result channel, source channel and group to the next
    kernel          (kh, kw)
    """

    type: str
    images: int
    source: tuple
    result: tuple
    groups: int
    k: int
    m: int
    phases: tuple
    elementwise: bool
    weight_strides: tuple
    kernel: tuple
    bias: bool
    activation: str | None
    flops: int
    traffic: int


def source(cor, host):
    """The kernel: args source, weight, [bias], result, workspace."""
    return _Generator(cor, host).source()


class _Generator:

    def __init__(self, cor, host):
        self.cor, self.host = cor, host
        self.type, self.lanes, self.bytes = cor.type, host.lanes(cor.type), BYTES[cor.type]
        self.taps = [y.taps * x.taps for y, x in cor.phases]            # of each phase
        self.tile, self.cut, self.window = conv_plan.best(cor, host)
        self.unit = 1 if self.tile.form == "reducing" else self.lanes   # result channels of a vector
        self.depth = -(-cor.k // self.lanes) if self.tile.form == "reducing" else cor.k     # steps of a tap
        self.vectors = -(-cor.m // self.unit)
        self.blocks = -(-self.vectors // self.tile.nv)                  # vector blocks of a group
        self.functions = {}
        self.tiles = TileWriter(cor, self.lanes, self.tile, self.window, self.functions)
        self._place()

    def _place(self):
        """Where packed weights and the parts' images lie in the workspace, in elements."""
        at, self.packed = 0, []
        for taps in self.taps:
            self.packed.append(at)
            at += taps * self.cor.groups * self.depth * self.vectors * self.lanes
        line = 64 // self.bytes
        self.images_at = -(-at // line) * line
        self.image_size = 0
        if self.window.copied:
            self.image_size = -(-self.window.image * -(-self.cor.images // self.cut.images) // line) * line

    def source(self):
        pack, compute = self._pack(), self._compute()
        workspace = (self.images_at + self.cut.parts * self.image_size) * self.bytes
        text = ir.module(*self.functions.values(), pack, compute)
        size = self.images_at * self.bytes
        phases = ((pack.name, wanted_parts(0, 4 * size)), (compute.name, self.cut.parts))
        return kernel.Source(text, phases, workspace, self.cor.flops, self.cor.traffic)

    # ------------------------------------------------------------ weights
    def _pack(self):
        """The packing phase: [phase][group][block][tap row][tap column][step][vector of the block]."""
        cor, f = self.cor, ir.Function("pack")
        area = math.prod(cor.kernel)
        straight = self.taps == [area] and all(axis.kernel_step == 1 for axis in cor.phases[0])
        in_a_row = straight and cor.weight_strides[:2] == (cor.k * area, area) and cor.k * area >= self.lanes
        one = self._pack_squares(f) if in_a_row and self.tile.form != "reducing" else self._pack_gathered(f)
        lo, hi = f.share(cor.groups * self.vectors)
        f.loop(lo, hi, 1, one)
        return f

    def _place_of(self, f, i):
        """(group, vector of the group, vectors of its block, vectors before its block, its place in the block) of vector i."""
        group, v = f.div(i, self.vectors), f.rem(i, self.vectors)
        block, inner = f.div(v, self.tile.nv), f.rem(v, self.tile.nv)
        width = f.least(f.sub(self.vectors, f.mul(block, self.tile.nv)), self.tile.nv)
        return group, v, width, f.add(f.mul(group, self.vectors), f.mul(block, self.tile.nv)), inner

    def _pack_gathered(self, f):
        """Element by element, for any strides."""
        cor, depth = self.cor, self.depth
        weight, space = f.argument(1), f.argument(3 + cor.bias)
        to_m, to_k, to_group = cor.weight_strides
        reducing = self.tile.form == "reducing"

        def vector(i, phase):
            (y, x), taps = cor.phases[phase], self.taps[phase]
            group, v, width, start, inner = self._place_of(f, i)
            to = f.at(space, f.add(self.packed[phase], f.mul(f.add(f.mul(start, taps * depth), inner), self.lanes)), self.type)
            channel = f.mul(v, self.unit)
            of = f.at(weight, f.add(f.mul(group, to_group), f.mul(channel, to_m)), self.type)
            step = f.mul(width, self.lanes)

            def one(k, j, l):
                kernel_at = f.add(f.mul(f.add(f.mul(j, y.kernel_step), y.kernel_start), cor.kernel[1]),
                                  f.add(f.mul(l, x.kernel_step), x.kernel_start))
                from_k = f.mul(k, self.lanes if reducing else 1)
                base = f.at(of, f.add(f.mul(from_k, to_k), kernel_at), self.type)
                mask = f.first_lanes(f.sub(cor.k, from_k) if reducing else f.sub(cor.m, channel), self.lanes)
                place = f.mul(f.add(f.mul(f.add(f.mul(j, x.taps), l), depth), k), step)
                f.store(conv_pack.gather(f, base, to_k if reducing else to_m, self.type, self.lanes, mask), to, place)
            f.loop(0, depth, 1, lambda k: f.loop(0, y.taps, 1, lambda j: f.loop(0, x.taps, 1, lambda l: one(k, j, l))))

        def all_phases(i):
            for phase, taps in enumerate(self.taps):
                if taps:
                    vector(i, phase)
        return all_phases

    def _pack_squares(self, f):
        """Where a result channel's weights lie in a row: whole lines of them at a time, transposed."""
        cor, area, lanes = self.cor, math.prod(self.cor.kernel), self.lanes
        square = conv_pack.Square(f, self.type, lanes)
        weight, space = f.argument(1), f.argument(3 + cor.bias)
        to_m, _, to_group = cor.weight_strides
        length = cor.k * area

        def vector(i):
            group, v, width, start, inner = self._place_of(f, i)
            to = f.at(space, f.mul(f.add(f.mul(start, length), inner), lanes), self.type)
            channel = f.mul(v, lanes)
            last = f.sub(f.least(f.sub(cor.m, channel), lanes), 1)
            of = f.at(weight, f.add(f.mul(group, to_group), f.mul(channel, to_m)), self.type)

            def some(first):
                first = f.least(first, length - lanes)                  # the last overlap those before

                def row(j):
                    return f.load(of, f.add(f.mul(f.least(last, j), to_m), first), self.type, lanes)

                def store(j, values):
                    at = f.add(first, j)
                    f.store(values, to, f.mul(f.add(f.mul(f.rem(at, area), cor.k), f.div(at, area)), f.mul(width, lanes)))
                square.transpose(row, store)
            f.loop(0, length, lanes, some)
        return vector

    # ------------------------------------------------------------ the parts' loops
    def _compute(self):
        cor, cut = self.cor, self.cut
        f = ir.Function("compute")
        self.f, self.x = f, f.argument(0)
        self.out, self.space = f.argument(2 + cor.bias), f.argument(3 + cor.bias)
        self.bias = f.argument(2) if cor.bias else self.out
        self.own = f.at(self.space, f.add(self.images_at, f.mul(ir.PART, self.image_size)), self.type)
        self.copy = None
        if self.window.copied:
            self.copy = conv_pack.copy_function(self.type, self.lanes, *cor.source[:2], self.window)
            self.functions[self.copy.name] = self.copy
        lo, hi = f.share(cut.items)
        f.loop(lo, hi, 1, self._item)
        return f

    def _item(self, item):
        f, cor, cut = self.f, self.cor, self.cut
        unit, split = f.div(item, cut.splits), f.rem(item, cut.splits)
        group, band = f.div(unit, cut.bands), f.rem(unit, cut.bands)
        n_lo, n_hi = self._stretch(cor.images, group, cut.images)
        bands = [self._stretch(y.count, band, cut.bands) for y, _ in cor.phases]
        source = f.at(self.x, f.mul(n_lo, math.prod(cor.source)), self.type)
        first = 0
        if self.copy:
            first = None
            for (y, x), (lo, _) in zip(cor.phases, bands):
                if y.taps and x.taps:
                    start = f.add(f.mul(lo, y.step), y.start)
                    first = start if first is None else f.least(first, start)
            f.call(self.copy, f.sub(n_hi, n_lo), first, source, self.own)
            source = self.own
        q_lo, q_hi = self._stretch(cor.groups * self.blocks, split, cut.splits)
        f.loop(q_lo, q_hi, 1, lambda q: self._block(q, source, n_lo, n_hi, bands, first))

    def _stretch(self, count, i, n):
        f = self.f
        return f.div(f.mul(i, count), n), f.div(f.mul(f.add(i, 1), count), n)

    def _block(self, q, source, n_lo, n_hi, bands, first):
        """All tiles of a unit for one block of vectors."""
        f, cor = self.f, self.cor
        width = self.tile.nv * self.unit
        full = cor.m // width
        group, block = f.div(q, self.blocks), f.rem(q, self.blocks)
        channel = f.mul(block, width)
        source = f.at(source, channel if cor.elementwise else f.mul(group, cor.k), self.type)
        result = f.add(f.mul(group, cor.m), channel)
        start = f.mul(f.add(f.mul(group, self.vectors), f.mul(block, self.tile.nv)), self.lanes)

        def tiles(nv, channels):
            for phase in range(len(cor.phases)):
                self._tiles(phase, nv, self.tiles.function(nv, channels), source, start, result, n_lo, n_hi, bands[phase], first)

        rest = cor.m - full * width
        last = -(-rest // self.unit), rest
        if full and rest:
            f.when(f.compare("slt", block, full), lambda: tiles(self.tile.nv, width))
            f.when(f.compare("sge", block, full), lambda: tiles(*last))
        else:
            tiles(*((self.tile.nv, width) if full else last))

    def _tiles(self, phase, nv, micro, source, start, result, n_lo, n_hi, band, first):
        f, cor, tile, win = self.f, self.cor, self.tile, self.window
        (y, x), taps = cor.phases[phase], self.taps[phase]
        weight = f.at(self.space, f.add(self.packed[phase], f.mul(start, taps * self.depth)), self.type)
        weight_tap = self.depth * nv * self.lanes
        bias = f.at(self.bias, result, self.type) if cor.bias else self.bias
        out_height, out_width, out_channels = cor.result
        column = win.column if win.copied else 0

        def one(n, row, c):
            at_y, at_x = f.add(f.mul(row, y.step), y.start), f.add(f.mul(c, x.step), x.start)
            at_weight, rows, columns = weight, y.taps, x.taps
            if tile.clipped and taps:
                skipped_rows, rows = self._inside(y, at_y, cor.source[0])
                skipped_columns, columns = self._inside(x, at_x, cor.source[1])
                at_y = f.add(at_y, f.mul(skipped_rows, y.tap_step))
                at_x = f.add(at_x, f.mul(skipped_columns, x.tap_step))
                at_weight = f.at(weight, f.mul(f.add(f.mul(skipped_rows, x.taps), skipped_columns), weight_tap), self.type)
            src = f.add(f.mul(f.sub(n, n_lo), self.tiles.image),
                        f.add(f.mul(f.sub(at_y, first), win.row), f.mul(f.sub(at_x, column), win.pixel))) if taps else 0
            at = f.add(f.mul(f.add(f.mul(n, out_height), f.add(f.mul(row, y.out_step), y.out_start)), out_width),
                       f.add(f.mul(c, x.out_step), x.out_start))
            f.call(micro, f.at(source, src, self.type), at_weight, f.at(self.out, f.add(f.mul(at, out_channels), result), self.type),
                   bias, rows, columns, x.taps * weight_tap)

        def steps(lo, hi, step, body):
            """body(i) for tiles of `step` from lo, the last moved back to end at hi."""
            last = f.sub(hi, step)
            f.loop(lo, hi, step, lambda i: body(f.least(i, last)))

        steps(n_lo, n_hi, tile.images, lambda n: steps(
            *band, tile.rows, lambda row: steps(0, x.count, tile.columns, lambda c: one(n, row, c))))

    def _inside(self, axis, start, size):
        """(taps to skip, taps to do) of those at start + tap_step j, so that they lie in range(size)."""
        f, up = self.f, axis.tap_step - 1
        skipped = f.least(f.div(f.most(f.sub(up, start), 0), axis.tap_step), axis.taps)
        end = f.least(f.div(f.most(f.sub(size + up, start), 0), axis.tap_step), axis.taps)
        return skipped, f.most(f.sub(end, skipped), 0)
