"""Winograd's convolution with stride 1: the forward pass and the input gradient, which are one thing.

Phases: the weights are transformed and packed as the products read them; then every part takes items, a block of tiles times a
range of blocks of result channels each. An item transforms its tiles' source; then for every block of two vectors of result
channels it multiplies at each of the 16 points and transforms the products back. What lies between stays in a stretch of
workspace that the part borrows, and so in a second-level cache.

A point's components lie in a row, as if they were further source channels: at most two along each axis for 4 and 5 taps, and so on.
"""
from dataclasses import dataclass
from math import ceil

from . import conv_pack, ir, kernel
from . import winograd_stretches as stretches
from . import winograd_transforms as transforms
from .conv_plan import most_rows
from .conv_shapes import wanted_parts
from .target import BYTES
from .winograd_axis import POINTS, Algorithm, both_ways
from .winograd_tile import LINE, STEPS, product_tile, read_ahead, spread

NEAR_WEIGHTS = 640 << 10            # transformed weights that stay in the cache beside a block
BLOCK_BYTES = 384 << 10             # of a block's transformed source, where the weights stay
FAR_BLOCK_BYTES = 700 << 10         # where they do not: more tiles for each time that the weights go by


@dataclass(frozen=True)
class Correlation:
    """source and result (h, w, channels) of every image; result[y, x] = sum over i, j of source[y + i - lo, x + j - lo] w[i, j].

    kernel          (rows, columns) of the weights
    weight_strides  elements from one result channel and source channel to the next
    flipped         the weights are taken backwards along both axes
    """

    type: str
    images: int
    source: tuple
    result: tuple
    kernel: tuple
    lo: tuple
    weight_strides: tuple
    flipped: bool
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
        self.algorithm = Algorithm(cor.kernel)
        self.k, self.m = cor.source[2], cor.result[2]
        self.vectors = ceil(self.m / self.lanes)
        self.nv = min(2, self.vectors)
        self.blocks = ceil(self.vectors / self.nv)
        self.tiles = transforms.Tiles(cor.images, *cor.result[:2])
        self._cut()
        self._place()
        self.functions = []

    # ------------------------------------------------------------ choices
    def _cut(self):
        """Blocks of tiles, and splits of the blocks of result channels where there would be too few items."""
        components = self.algorithm.components
        self.row = spread(self.algorithm.most * self.k, self.type, 16)
        weights = components * self.k * self.vectors * self.lanes * self.bytes
        self.near_weights = weights <= NEAR_WEIGHTS
        room = BLOCK_BYTES if self.near_weights else FAR_BLOCK_BYTES
        rows = most_rows(self.host, self.nv)
        tile = components * spread(self.k, self.type, 16) + POINTS * self.nv * self.lanes
        most = max(room // (tile * self.bytes) // rows, 2) * rows
        wanted = wanted_parts(self.cor.flops / 2, self.cor.traffic)
        least = (2 if self.near_weights else 4) * rows
        count = max(ceil(self.tiles.count / most), min(wanted, self.tiles.count // least), 1)
        self.block = ceil(ceil(self.tiles.count / count) / rows) * rows
        count = ceil(self.tiles.count / self.block)
        self.splits = min(self.blocks, max(wanted // count, 1))        # each transforms the source again
        items = count * self.splits
        self.items, self.parts = items, items if items <= 2 * wanted else wanted

    def _place(self):
        """Where the weights and the stretches lie in the workspace, in elements."""
        self.weights_at = stretches.RESERVED // self.bytes
        self.weights_size = spread(self.algorithm.components * self.k * self.vectors * self.lanes, self.type)
        self.source_point = spread(self.block * self.row, self.type)
        self.product_row = self.nv * self.lanes
        self.product_point = spread(self.block * self.product_row, self.type)
        self.products_at = POINTS * self.source_point
        self.nowhere_at = self.products_at + POINTS * self.product_point
        self.own_size = spread(self.nowhere_at + self.product_row, self.type)

    def source(self):
        opening = stretches.opening(3 + self.cor.bias, self.parts)
        transform, compute = self._transform_weights(), self._compute()
        text = transforms.zeros(self.type, self.k) + transforms.table("starts", self.algorithm.starts)
        text += ir.module(*self.functions, opening, transform, compute)
        workspace = (self.weights_at + self.weights_size + self.parts * self.own_size) * self.bytes
        phases = ((opening.name, 1), (transform.name, wanted_parts(0, 4 * self.weights_size * self.bytes)), (compute.name, self.parts))
        return kernel.Source(text, phases, workspace, self.cor.flops, self.cor.traffic)

    # ------------------------------------------------------------ weights
    def _transform_weights(self):
        """The weights' phase: [block][point][component of the point][source channel][vector of the block]."""
        cor, type, lanes, algorithm = self.cor, self.type, self.lanes, self.algorithm
        height, width = cor.kernel
        f = ir.Function("transform_weights")
        weight, space = f.argument(1), f.at(f.argument(3 + cor.bias), self.weights_at, type)
        to_m, to_k = cor.weight_strides
        lo, hi = f.share(self.vectors * self.k)

        def one(i):
            v, k = f.div(i, self.k), f.rem(i, self.k)
            start, inner = f.mul(f.div(v, self.nv), self.nv), f.rem(v, self.nv)
            step = f.mul(f.least(f.sub(self.vectors, start), self.nv), lanes)
            channel = f.mul(v, lanes)
            mask = f.first_lanes(f.sub(self.m, channel), lanes)
            of = f.at(weight, f.add(f.mul(channel, to_m), f.mul(k, to_k)), type)
            taps = [[conv_pack.gather(f, f.at(of, width * a + b, type), to_m, type, lanes, mask) for b in range(width)]
                    for a in range(height)]
            if cor.flipped:
                taps = [row[::-1] for row in taps[::-1]]
            to = f.at(space, f.add(f.mul(start, algorithm.components * self.k * lanes), f.add(f.mul(k, step), f.mul(inner, lanes))), type)
            components = both_ways(f, algorithm.rows.weights, algorithm.columns.weights, taps)
            for number, value in zip(sum(algorithm.numbers(), []), sum(components, [])):
                f.store(value, to, f.mul(step, number * self.k))
        f.loop(lo, hi, 1, one)
        return f

    # ------------------------------------------------------------ the parts' loops
    def _add(self, function):
        self.functions.append(function)
        return function

    def _compute(self):
        cor, type, lanes = self.cor, self.type, self.lanes
        f = self.f = ir.Function("compute")
        self.x, space, self.out = f.argument(0), f.argument(3 + cor.bias), f.argument(2 + cor.bias)
        self.bias = f.argument(2) if cor.bias else self.out
        self.weights = f.at(space, self.weights_at, type)
        number = stretches.borrow(f, space)
        own = f.at(self.weights, f.add(self.weights_size, f.mul(number, self.own_size)), type)
        self.points, self.products, self.nowhere = own, f.at(own, self.products_at, type), f.at(own, self.nowhere_at, type)
        algorithm = self.algorithm
        images = transforms.Image(type, lanes, *cor.source, algorithm.pixels, cor.lo)
        places = [[point * self.source_point + place * self.k for point, place in row] for row in algorithm.places]
        self.reader = transforms.Reader("source", images, [axis.source for axis in algorithm.axes], places, self.k % lanes > 0,
                                        whole=algorithm.most > 1)
        self.functions += self.reader.functions
        self.back = self._add(transforms.result_function("result", transforms.Image(type, lanes, *cor.result, (2, 2)), self.product_point,
                                                         cor.bias, cor.activation == "relu"))
        self.micros = {nv: self._micro(nv) for nv in {self.nv, self.vectors - (self.blocks - 1) * self.nv}}
        lo, hi = f.share(self.items)
        f.loop(lo, hi, 1, self._item)
        stretches.give_back(f, space, number)
        return f

    def _rows(self, nv):
        return min(most_rows(self.host, nv), self.block)

    def _micro(self, nv):
        """The register tile of nv vectors. Where the weights are far, a column of tiles reads all that come next ahead."""
        rows, steps = self._rows(nv), STEPS * nv * self.lanes * self.bytes
        ahead = 0 if self.near_weights else ceil(steps / ceil(self.block / rows) / LINE) * LINE
        return self._add(product_tile(f"tile_{nv}", self.type, self.lanes, rows, nv, (self.row, 1), nv * self.lanes, self.product_row,
                                      ahead))

    def _item(self, item):
        f = self.f
        number, split = f.div(item, self.splits), f.rem(item, self.splits)
        first = f.mul(number, self.block)
        count = f.least(f.sub(self.tiles.count, first), self.block)
        f.loop(0, count, 1, lambda t: self.reader.call(f, self.x, *self.tiles.at(f, f.add(first, t)),
                                                       f.at(self.points, f.mul(t, self.row), self.type), self.k))
        lo, hi = (f.div(f.mul(f.add(split, i), self.blocks), self.splits) for i in (0, 1))
        whole = self.vectors // self.nv
        f.loop(lo, f.least(hi, whole), 1, lambda b: self._block(b, self.nv, first, count))
        if whole < self.blocks:
            f.loop(f.most(lo, whole), hi, 1, lambda b: self._block(b, 1, first, count))

    def _block(self, block, nv, first, count):
        """The products of a block of nv result vectors for tiles first..first+count-1, and their results."""
        f = self.f
        channel = f.mul(block, self.nv * self.lanes)
        to = f.at(self.out, channel, self.type)
        pixels = f.at(to, f.mul(self.tiles.pixel(f, first), self.m), self.type)
        f.loop(0, POINTS, 1, lambda point: self._products(block, nv, point, count, pixels))
        bias = f.at(self.bias, channel, self.type) if self.cor.bias else self.bias
        channels = f.least(f.sub(self.m, channel), nv * self.lanes)

        def result(t):
            image, at = self.tiles.at(f, f.add(first, t))
            f.call(self.back, f.at(self.products, f.mul(t, self.product_row), self.type), to, image, *at, self.nowhere, bias, channels)
        f.loop(0, count, 1, result)

    def _products(self, block, nv, point, count, pixels):
        """A block's products at a point. Meanwhile its results' pixels are read ahead, so that their lines are there when written."""
        f, type, width = self.f, self.type, nv * self.lanes
        start, end = (f.load(ir.Reg("@starts", "ptr"), f.add(point, i), "i64") for i in (0, 1))
        components = f.sub(end, start)
        steps = f.mul(components, self.k)
        weights = f.add(f.mul(block, self.algorithm.components * self.nv), f.mul(start, nv))
        weights = f.at(self.weights, f.mul(weights, self.k * self.lanes), type)
        source = f.at(self.points, f.mul(point, self.source_point), type)
        products = f.at(self.products, f.mul(point, self.product_point), type)
        rows, size = self._rows(nv), self.k * width * self.bytes
        column = ceil(self.block / rows)                                            # tiles of rows
        some = ceil(4 * self.block / (POINTS * column))                             # pixels

        def tile(i):
            number = f.mul(f.add(f.mul(point, column), i), some)
            for j in range(some):
                read_ahead(f, f.at(pixels, f.mul(f.add(number, j), self.m), type), width * self.bytes)
            share = f.mul(components, ceil(size / column / LINE) * LINE)
            following = f.at(weights, f.add(f.mul(i, share), self.algorithm.most * size), "i8")
            row = f.most(f.least(f.mul(i, rows), f.sub(count, rows)), 0)            # the last tile is moved back
            f.call(self.micros[nv], f.at(source, f.mul(row, self.row), type), weights,
                   f.at(products, f.mul(row, self.product_row), type), steps, following, 0)
        f.loop(0, f.div(f.add(count, rows - 1), rows), 1, tile)
