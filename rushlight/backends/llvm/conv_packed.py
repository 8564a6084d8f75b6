"""Convolutions with few channels on both sides, such as 1 -> 6: vectors run over (pixel, result channel) as the result lies in
memory, so that no lane is wasted.

A block is the fewest pixels that fill whole vectors. The source's elements are spread over a block's lanes by a permutation for each
vector; the weights are stored in the same order. Rows of the source are walked once: each is multiplied with the kernel's rows,
whose sums belong to as many rows of the result, and the oldest of these is then finished.
"""
import math
from dataclasses import dataclass

from . import conv_pack, ir, kernel
from .conv_shapes import forward_axes, wanted_parts
from .target import BYTES

BAND_ROWS = 64          # of the result, done in one walk: the copy of its source stays in the first cache
LEAST_SUMS = 10         # accumulators that hide a multiply-add's latency


@dataclass(frozen=True)
class Lanes:
    """How blocks lie in vectors: `pixels` pixels in `vectors` vectors, which repeat the weights of the first `distinct`.

    offsets, orders     of each vector: the first source element that it reads, and what lies how far behind it in each lane
    """

    pixels: int
    vectors: int
    distinct: int
    offsets: tuple
    orders: tuple


def lanes_of(spec, host):
    """The Lanes for a convolution; None where these kernels do not fit, or the usual ones are as good."""
    lanes, (kh, kw), c, o = host.lanes(spec.type), spec.kernel, spec.c, spec.o
    if spec.groups != 1 or spec.stride != (1, 1) or spec.dilation != (1, 1):
        return None
    common = math.gcd(o, lanes)
    distinct, pixels = o // common, lanes // common
    times = max(-(-LEAST_SUMS // (kh * distinct)), 1)
    vectors, pixels = distinct * times, pixels * times
    first = [v * lanes // o for v in range(vectors)]
    orders = tuple(tuple(((v * lanes + i) // o - first[v]) * c for i in range(lanes)) for v in range(vectors))
    if max(map(max, orders)) >= lanes or kh * vectors + distinct + 2 > host.registers:
        return None
    (oh, ow), taps = spec.out, kh * kw * c
    packed = (oh + kh - 1) * -(-ow // pixels) * kw * c * (kh + 1) * vectors
    usual = -(-o // lanes) * oh * ow * taps
    if packed > 0.8 * usual:
        return None
    return Lanes(pixels, vectors, distinct, tuple(n * c for n in first), orders)


class Walk:
    """What forward and weight gradient share: a copy of a band's source, and its rows."""

    def __init__(self, spec, host, form):
        self.spec, self.form, self.type, self.lanes = spec, form, spec.type, host.lanes(spec.type)
        self.bytes = BYTES[spec.type]
        self.y, self.x = forward_axes(spec)
        (oh, ow), (kh, kw) = spec.out, spec.kernel
        self.blocks = -(-ow // form.pixels)
        self.steps = kw * spec.c                                        # elements of a row of the kernel
        self.bands = -(-oh // BAND_ROWS)
        self.items = spec.n * self.bands
        self.parts = max(min(self.items, wanted_parts(spec.flops, spec.traffic(self.bytes))), 1)
        last = (self.blocks - 1) * form.pixels * spec.c + form.offsets[-1] + self.steps - 1 + self.lanes
        columns = max(-(-last // spec.c), self.x.span(ow))
        self.window = conv_pack.Window(True, -(-oh // self.bands) + kh - 1, columns, self.x.start, spec.c)
        self.own_size = -(-self.window.image * self.bytes // 64) * 64 // self.bytes
        self.rest = (ow - (self.blocks - 1) * form.pixels) * spec.o     # elements of the last block
        self.copy = conv_pack.copy_function(self.type, self.lanes, spec.h, spec.w, self.window)

    def masks(self, last):
        """Of a block's vectors."""
        whole = self.form.vectors * self.lanes
        rest = self.rest if last else whole
        counts = [min(max(rest - v * self.lanes, 0), self.lanes) for v in range(self.form.vectors)]
        return [None if n == self.lanes else ir.Function("").first_lanes(n, self.lanes) for n in counts]

    def spread(self, f, source, v):
        """The source's elements for vector v, from an address."""
        x = f.load(source, self.form.offsets[v], self.type, self.lanes)
        return f.shuffle(x, x, self.form.orders[v])

    def each_item(self, f, source, own, body):
        """body(image, first row, rows) for a part's items, their source copied to `own`."""
        oh = self.spec.out[0]

        def one(item):
            n, band = f.div(item, self.bands), f.rem(item, self.bands)
            lo, hi = f.div(f.mul(band, oh), self.bands), f.div(f.mul(f.add(band, 1), oh), self.bands)
            image = f.at(source, f.mul(n, self.spec.h * self.spec.w * self.spec.c), self.type)
            f.call(self.copy, 1, f.add(lo, self.y.start), image, own)
            body(n, lo, f.sub(hi, lo))
        return one


def forward(spec, host, form):
    """args: x (n, h, w, c), w (o, c, kh, kw), [bias (o)], y (n, oh, ow, o), workspace."""
    return _Forward(spec, host, form).source()


class _Forward(Walk):

    def source(self):
        functions = [self.copy, self._row(False)] + ([self._row(True)] if self.rest < self.form.pixels * self.spec.o else [])
        pack, compute = self._pack(), self._compute(*functions[1:])
        workspace = (self.packed + self.parts * self.own_size) * self.bytes
        text = ir.module(*functions, pack, compute)
        return kernel.Source(text, (("pack", 1), ("compute", self.parts)), workspace, self.spec.flops, self.spec.traffic(self.bytes))

    @property
    def packed(self):
        """Elements of the packed weights and bias."""
        return (self.steps * self.spec.kernel[0] + 1) * self.form.distinct * self.lanes

    def _pack(self):
        """[step of a kernel's row][kernel's row][vector], then the bias."""
        spec, (kh, kw) = self.spec, self.spec.kernel
        f = ir.Function("pack")
        weight, space = f.argument(1), f.argument(3 + spec.bias)
        width = self.form.distinct * self.lanes

        def element(i):
            channel = f.rem(i, spec.o)

            def tap(t, j):
                at = f.add(f.mul(f.add(f.mul(channel, spec.c), f.rem(t, spec.c)), kh * kw), f.add(f.mul(j, kw), f.div(t, spec.c)))
                f.store(f.load(weight, at, self.type), space, f.add(f.mul(f.add(f.mul(t, kh), j), width), i))
            f.loop(0, self.steps, 1, lambda t: f.loop(0, kh, 1, lambda j: tap(t, j)))
            value = f.load(f.argument(2), channel, self.type) if spec.bias else f.zero(self.type)
            f.store(value, space, f.add(self.steps * kh * width, i))
        f.loop(0, width, 1, element)
        return f

    def _row(self, last):
        """block(source, weights, result, rows): all rows of a block; `last` for that of a row's end."""
        spec, form, (kh, _), type, lanes = self.spec, self.form, self.spec.kernel, self.type, self.lanes
        f = ir.Function("last_block" if last else "block", "ptr %src, ptr %weight, ptr %dst, i64 %rows", internal=True, attributes="#1")
        src, weight, dst = (ir.Reg(r, "ptr") for r in ("%src", "%weight", "%dst"))
        masks, width = self.masks(last), form.distinct * lanes
        bias = [f.load(weight, self.steps * kh * width + v % form.distinct * lanes, type, lanes) for v in range(form.vectors)]

        def source_row(r, sums):
            """sums[j]: of the result's row that meets this row with the kernel's row j."""
            start = f.at(src, f.mul(r, self.window.row), type)

            def step(t, sums):
                at, w = f.at(start, t, type), f.at(weight, f.mul(t, kh * width), type)
                new = list(sums)
                for v in range(form.vectors):
                    x = self.spread(f, at, v)
                    for j in range(kh):
                        tap = f.load(w, j * width + v % form.distinct * lanes, type, lanes)
                        new[j * form.vectors + v] = f.fma(x, tap, sums[j * form.vectors + v])
                return new
            return f.loop(0, self.steps, 1, step, sums)

        def later(sums):
            return bias + sums[:-form.vectors]

        def finished(r, sums):
            sums = source_row(r, sums)
            at = f.at(dst, f.mul(f.sub(r, kh - 1), spec.out[1] * spec.o), type)
            for v, value in enumerate(sums[-form.vectors:]):
                if spec.activation == "relu":
                    value = f.select(f.test("fcmp olt", value, f.zero(type, lanes)), f.zero(type, lanes), value)
                f.store(value, at, v * lanes, masks[v])
            return later(sums)

        sums = f.loop(0, kh - 1, 1, lambda r, sums: later(source_row(r, sums)), bias * kh)
        f.loop(kh - 1, f.add(ir.Reg("%rows", "i64"), kh - 1), 1, finished, sums)
        return f

    def _compute(self, block, last=None):
        spec, (oh, ow) = self.spec, self.spec.out
        f = ir.Function("compute")
        x, y, space = f.argument(0), f.argument(2 + spec.bias), f.argument(3 + spec.bias)
        own = f.at(space, f.add(self.packed, f.mul(ir.PART, self.own_size)), self.type)

        def item(n, row, rows):
            out = f.at(y, f.mul(f.add(f.mul(n, oh), row), ow * spec.o), self.type)

            def one(b, block):
                f.call(block, f.at(own, f.mul(b, self.form.pixels * spec.c), self.type), space,
                       f.at(out, f.mul(b, self.form.pixels * spec.o), self.type), rows)
            f.loop(0, self.blocks - bool(last), 1, lambda b: one(b, block))
            if last:
                one(self.blocks - 1, last)

        lo, hi = f.share(self.items)
        f.loop(lo, hi, 1, self.each_item(f, x, own, item))
        return f
