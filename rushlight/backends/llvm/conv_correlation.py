"""Correlations of channels-innermost images: what a convolution and its input gradient both are.

Phases: the weights are packed into vectors of result channels, then every part computes its items. An item is a unit
(images x a band of rows) times a split of the vector blocks; it copies the unit's source with padding, where there is any,
into the part's own stretch of workspace, and sums tiles of pixels x vectors in registers. The last tile of a row is moved
back to end with the row: pixels in two tiles are computed twice, alike.
"""
import math
from dataclasses import dataclass

from . import conv_pack, conv_plan, ir, kernel
from .conv_shapes import unroll, wanted_parts
from .target import BYTES

UNIT_BYTES = 512 << 10              # of a unit's source: with the weights, less than a second-level cache
DEPTHWISE_UNIT_BYTES = 192 << 10


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


def common(values):
    """The value when all are the same, else None."""
    values = set(values)
    return values.pop() if len(values) == 1 else None


class _Generator:

    def __init__(self, cor, host):
        self.cor, self.host = cor, host
        self.type, self.lanes, self.bytes = cor.type, host.lanes(cor.type), BYTES[cor.type]
        self.taps = [y.taps * x.taps for y, x in cor.phases]            # of each phase
        self.counts = [(y.count, x.count) for y, x in cor.phases]
        self.vectors = -(-cor.m // self.lanes)
        self.tap_rows = common(y.taps for y, _ in cor.phases)
        self.tap_columns = common(x.taps for _, x in cor.phases)
        self._choose()
        self.functions = {}
        self._place()

    # ------------------------------------------------------------ choices
    def _choose(self):
        cor = self.cor
        parts = wanted_parts(cor.flops, cor.traffic)
        height, width, channels = cor.source
        whole = conv_pack.window(height, width, channels, cor.phases, 1)
        rows = min(y for y, _ in self.counts)
        y = cor.phases[0][0]
        row_bytes = whole.row * self.bytes
        image_bytes = row_bytes * whole.rows
        halo = row_bytes * max(y.span(1) - y.step, 0)
        limit = DEPTHWISE_UNIT_BYTES if cor.elementwise else UNIT_BYTES
        weight_bytes = sum(self.taps) * cor.groups * cor.k * cor.m * self.bytes

        def units(least):
            return conv_plan.cut_units(cor.images, rows, image_bytes, row_bytes * y.step, halo, limit, least)

        def tile_for(groups, bands):
            steps = max(sum(self.taps) * cor.k // len(self.taps), 1)
            columns = min(x for _, x in self.counts)
            return conv_plan.choose_tile(self.host, self.vectors, cor.images // groups, max(rows // bands, 1), columns, steps,
                                         cor.elementwise)

        guess = tile_for(*units(parts))
        blocks = cor.groups * -(-self.vectors // guess.nv)
        self.cut = conv_plan.cut(cor.images * image_bytes, weight_bytes, blocks, units, parts)
        self.tile = tile_for(self.cut.images, self.cut.bands)
        self.blocks = -(-self.vectors // self.tile.nv)              # vector blocks of a group
        self.window = conv_pack.window(height, width, channels, cor.phases, self.cut.bands)

    def _place(self):
        """Where packed weights and the parts' images lie in the workspace, in elements."""
        at, self.packed = 0, []
        for taps in self.taps:
            self.packed.append(at)
            at += taps * self.cor.groups * self.cor.k * self.vectors * self.lanes
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
        """The packing phase: [phase][group][block][tap row][tap column][k][vector of the block]."""
        cor = self.cor
        f = ir.Function("pack")
        weight, space = f.argument(1), f.argument(3 + cor.bias)
        to_m, to_k, to_group = cor.weight_strides
        lo, hi = f.share(cor.groups * self.vectors)

        def vector(i, phase):
            (y, x), taps = cor.phases[phase], self.taps[phase]
            group, v = f.div(i, self.vectors), f.rem(i, self.vectors)
            block, inner = f.div(v, self.tile.nv), f.rem(v, self.tile.nv)
            width = f.least(f.sub(self.vectors, f.mul(block, self.tile.nv)), self.tile.nv)
            start = f.add(f.mul(group, self.vectors), f.mul(block, self.tile.nv))
            to = f.at(space, f.add(self.packed[phase], f.mul(f.add(f.mul(start, taps * cor.k), inner), self.lanes)), self.type)
            channel = f.mul(v, self.lanes)
            mask = f.first_lanes(f.sub(cor.m, channel), self.lanes)
            of = f.at(weight, f.add(f.mul(group, to_group), f.mul(channel, to_m)), self.type)
            step = f.mul(width, self.lanes)

            def one(k, j, l):
                kernel_at = f.add(f.mul(f.add(f.mul(j, y.kernel_step), y.kernel_start), cor.kernel[1]),
                                  f.add(f.mul(l, x.kernel_step), x.kernel_start))
                base = f.at(of, f.add(f.mul(k, to_k), kernel_at), self.type)
                place = f.mul(f.add(f.mul(f.add(f.mul(j, x.taps), l), cor.k), k), step)
                f.store(conv_pack.gather(f, base, to_m, self.type, self.lanes, mask), to, place)
            f.loop(0, cor.k, 1, lambda k: f.loop(0, y.taps, 1, lambda j: f.loop(0, x.taps, 1, lambda l: one(k, j, l))))

        for phase, taps in enumerate(self.taps):
            if taps:
                f.loop(lo, hi, 1, lambda i, phase=phase: vector(i, phase))
        return f

    # ------------------------------------------------------------ register tiles
    def _micro(self, nv, channels):
        """The function for a tile of nv vectors with so many channels."""
        name = f"tile_{nv}_{channels}"
        if name not in self.functions:
            self.functions[name] = self._write_micro(name, nv, channels)
        return self.functions[name]

    def _write_micro(self, name, nv, channels):
        cor, win, type, lanes = self.cor, self.window, self.type, self.lanes
        y, x = cor.phases[0]
        f = ir.Function(name, "ptr %src, ptr %weight, ptr %dst, ptr %bias, i64 %rows, i64 %columns", internal=True, attributes="#1")
        image_height, result_row = cor.result[0], cor.result[1] * cor.result[2]
        pixels = [(n * self._image + r * y.step * win.row + c * x.step * win.pixel,
                   n * image_height * result_row + r * y.out_step * result_row + c * x.out_step * cor.result[2])
                  for n, r, c in self.tile.pixels]
        rest = channels - (nv - 1) * lanes
        masks = [None] * (nv - 1) + [None if rest == lanes else f.first_lanes(rest, lanes)]
        src, weight, dst, bias = (ir.Reg(r, "ptr") for r in ("%src", "%weight", "%dst", "%bias"))

        def step(src, weight, sums):
            """One multiply-add of every accumulator."""
            w = [f.load(weight, v * lanes, type, lanes) for v in range(nv)]
            new = []
            for i, (offset, _) in enumerate(pixels):
                if not cor.elementwise:
                    value = f.splat(f.load(src, offset, type), lanes)
                for v in range(nv):
                    if cor.elementwise:
                        value = f.load(src, offset + v * lanes, type, lanes, masks[v])
                    new.append(f.fma(value, w[v], sums[i * nv + v]))
            return new

        def run(src, weight, n, unrolled, stride, sums):
            """n steps, the source's `stride` elements apart."""
            def some(i, sums):
                s, w = f.at(src, f.mul(i, stride), type), f.at(weight, f.mul(i, nv * lanes), type)
                for u in range(unrolled):
                    sums = step(f.at(s, u * stride, type), f.at(w, u * nv * lanes, type), sums)
                return sums
            return some(0, sums) if n == unrolled else f.loop(0, n, unrolled, some, sums)

        first = [f.load(bias, v * lanes, type, lanes, masks[v]) if cor.bias else f.zero(type, lanes) for v in range(nv)]
        sums = first * len(pixels)
        rows = ir.Reg("%rows", "i64") if self.tap_rows is None else self.tap_rows
        columns = ir.Reg("%columns", "i64") if self.tap_columns is None else self.tap_columns
        levels = [(rows, y.tap_step * win.row), (columns, x.tap_step * win.pixel)]
        if not cor.elementwise:
            levels.append((cor.k, 1))
        levels, together = merged(f, levels)
        sums = self._nest(f, levels, together, src, weight, sums, run, nv)
        for i, (_, offset) in enumerate(pixels):
            for v in range(nv):
                value = sums[i * nv + v]
                if cor.activation == "relu":
                    value = f.select(f.test("fcmp olt", value, f.zero(type, lanes)), f.zero(type, lanes), value)
                f.store(value, dst, offset + v * lanes, masks[v])
        return f

    def _nest(self, f, levels, together, src, weight, sums, run, nv):
        """Loops over levels (count, stride); the innermost is a run. together: steps that the innermost is a multiple of."""
        def walk(level, src, weight, sums):
            count, stride = levels[level]
            if level == len(levels) - 1:
                return run(src, weight, count, unroll(together, self._most_unrolled(stride)), stride, sums)
            inner = 1
            for n, _ in levels[level + 1:]:
                inner = f.mul(inner, n)
            block = f.mul(inner, nv * self.lanes)
            if count == 1:
                return walk(level + 1, src, weight, sums)
            return f.loop(0, count, 1, lambda i, s: walk(level + 1, f.at(src, f.mul(i, stride), self.type),
                                                          f.at(weight, f.mul(i, block), self.type), s), sums)
        return walk(0, src, weight, sums)

    def _most_unrolled(self, stride):
        """Steps in a row in which no two pixels read the same element: LLVM would keep it, and have no registers."""
        if self.cor.elementwise:
            return 1
        return self.cor.phases[0][1].step * self.window.pixel // stride

    # ------------------------------------------------------------ the parts' loops
    @property
    def _image(self):
        """Elements from one image of the source to the next, as the tiles read it."""
        return self.window.image if self.window.copied else math.prod(self.cor.source)

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
        width = self.tile.nv * self.lanes
        full = cor.m // width
        group, block = f.div(q, self.blocks), f.rem(q, self.blocks)
        channel = f.mul(block, width)
        source = f.at(source, channel if cor.elementwise else f.mul(group, cor.k), self.type)
        result = f.add(f.mul(group, cor.m), channel)
        start = f.add(f.mul(group, self.vectors * self.lanes), channel)

        def tiles(micro):
            for phase in range(len(cor.phases)):
                self._tiles(phase, micro, source, start, result, n_lo, n_hi, bands[phase], first)

        rest = cor.m - full * width
        if full and not rest:
            return tiles(self._micro(self.tile.nv, width))
        last = self._micro(-(-rest // self.lanes), rest)
        if not full:
            return tiles(last)
        f.when(f.compare("slt", block, full), lambda: tiles(self._micro(self.tile.nv, width)))
        f.when(f.compare("sge", block, full), lambda: tiles(last))

    def _tiles(self, phase, micro, source, start, result, n_lo, n_hi, band, first):
        f, cor, tile, win = self.f, self.cor, self.tile, self.window
        (y, x), taps = cor.phases[phase], self.taps[phase]
        weight = f.at(self.space, f.add(self.packed[phase], f.mul(start, taps * cor.k)), self.type)
        bias = f.at(self.bias, result, self.type) if cor.bias else self.bias
        out_height, out_width, out_channels = cor.result
        column = win.column if win.copied else 0

        def one(n, row, c):
            src = f.add(f.mul(f.sub(n, n_lo), self._image),
                        f.add(f.mul(f.sub(f.add(f.mul(row, y.step), y.start), first), win.row),
                              f.mul(f.add(f.mul(c, x.step), x.start - column), win.pixel))) if taps else 0
            at = f.add(f.mul(f.add(f.mul(n, out_height), f.add(f.mul(row, y.out_step), y.out_start)), out_width),
                       f.add(f.mul(c, x.out_step), x.out_start))
            f.call(micro, f.at(source, src, self.type), weight, f.at(self.out, f.add(f.mul(at, out_channels), result), self.type),
                   bias, y.taps, x.taps)

        def steps(lo, hi, step, body):
            """body(i) for tiles of `step` from lo, the last moved back to end at hi."""
            last = f.sub(hi, step)
            f.loop(lo, hi, step, lambda i: body(f.least(i, last)))

        steps(n_lo, n_hi, tile.images, lambda n: steps(
            *band, tile.rows, lambda row: steps(0, x.count, tile.columns, lambda c: one(n, row, c))))


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
