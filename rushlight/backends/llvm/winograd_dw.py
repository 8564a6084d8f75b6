"""Winograd's weight gradient for stride 1: the transpose of the forward pass.

Each component of the gradient is a product summed over tiles: (output channels x tiles) at the component's point of the 16 times
(tiles x input channels). The output is cut into pieces of both kinds of channels, the tiles into chunks; an item, one piece for one
chunk, transforms blocks of tiles of g and x and adds their products to its sums, which stay in a second-level cache. A last phase
adds the chunks' sums in order and transforms them back.
"""
import math
from math import ceil

from . import conv_pack, ir, kernel
from . import winograd_stretches as stretches
from . import winograd_transforms as transforms
from .conv_plan import most_rows
from .conv_shapes import wanted_parts
from .target import BYTES
from .winograd_axis import POINTS, RESULTS, Algorithm, both_ways
from .winograd_tile import product_tile, spread

PIECE = 128                         # channels of either kind in a piece, at most
PIECE_BYTES = 1 << 20               # of its sums, at most, with more components than 3x3's 16: fewer channels
BLOCK_BYTES = 640 << 10             # of a block's transformed tiles: with a piece's sums, less than a second-level cache
PARTIAL_BYTES = 17 << 20            # of all chunks' sums
CHUNK_TILES = 128                   # at least, so that sums cost little beside the products
LONG_CHUNK_TILES = 512              # the same with so many components, whose sums leave the cache (128: 0.6 to 0.9 the speed)
LEAST_ITEMS = 4                     # for which such chunks are cut shorter


def source(spec, host):
    """The kernel: args g, x, dw, workspace."""
    return _Generator(spec, host).source()


def even(total, most):
    """`total` cut into pieces of one size, at most `most`, and a last smaller one: (pieces, size)."""
    pieces = ceil(total / most)
    size = ceil(total / pieces)
    return ceil(total / size), size


class _Generator:

    def __init__(self, spec, host):
        self.spec, self.host = spec, host
        self.type, self.lanes, self.bytes = spec.type, host.lanes(spec.type), BYTES[spec.type]
        self.tiles = transforms.Tiles(spec.n, *spec.out)
        self.algorithm = Algorithm(spec.kernel)
        self.components = self.algorithm.components
        self._cut()
        self._place()
        self.functions = []

    # ------------------------------------------------------------ choices
    def _cut(self):
        spec = self.spec
        self.vectors = ceil(spec.c / self.lanes)
        most = PIECE
        many = self.components > POINTS
        while many and most > self.lanes and self.components * most * most * self.bytes > PIECE_BYTES:
            most //= 2
        self.column_pieces, self.piece_vectors = even(self.vectors, most // self.lanes)
        self.columns = self.piece_vectors * self.lanes                  # of c in a piece
        self.nv = min(2, self.piece_vectors)
        self.row_pieces, self.rows = even(spec.o, most)                 # of o in a piece
        limit = most_rows(self.host, self.nv)
        self.height = min(range(1, limit + 1), key=lambda h: (ceil(self.rows / h) * (h + 0.5), -h))
        self.sum_rows = ceil(self.rows / self.height) * self.height     # the last tile's may be more than there are channels
        self.pieces = self.row_pieces * self.column_pieces
        wanted = wanted_parts(spec.flops / 2, spec.traffic(self.bytes))
        piece = self.components * self.sum_rows * self.columns * self.bytes
        chunks = self.tiles.count // CHUNK_TILES
        if many:
            chunks = min(chunks, max(self.tiles.count // LONG_CHUNK_TILES, ceil(LEAST_ITEMS / self.pieces)))
        self.chunks = max(1, min(ceil(wanted / self.pieces), PARTIAL_BYTES // (self.pieces * piece), chunks))
        self.g_row, self.x_row = spread(self.sum_rows, self.type, 16), spread(self.columns, self.type, 16)
        self.block = max(BLOCK_BYTES // ((POINTS * self.g_row + self.components * self.x_row) * self.bytes), 8)
        self.block = min(self.block, ceil(self.tiles.count / self.chunks))
        self.items = self.chunks * self.pieces
        self.parts = self.items if self.items <= 2 * wanted else wanted

    def _place(self):
        """Where the sums and the stretches lie in the workspace, in elements."""
        self.sum_point = self.sum_rows * self.columns
        self.piece_size = self.components * self.sum_point
        self.chunk_size = self.pieces * self.piece_size
        self.own_at = self.chunks * self.chunk_size
        self.g_point, self.x_point = (spread(self.block * row, self.type) for row in (self.g_row, self.x_row))
        self.own_size = spread(POINTS * self.g_point + self.components * self.x_point, self.type)
        self.sums_at = stretches.RESERVED // self.bytes

    def source(self):
        spec = self.spec
        opening, compute, combine = stretches.opening(3, self.parts), self._compute(), self._combine()
        points = [point for point in range(POINTS) for _ in range(*self.algorithm.starts[point:point + 2])]
        text = transforms.zeros(self.type, max(spec.c, spec.o)) + transforms.table("points", points)
        text += ir.module(*self.functions, opening, compute, combine)
        workspace = (self.sums_at + self.own_at + self.parts * self.own_size) * self.bytes
        phases = ((opening.name, 1), (compute.name, self.parts),
                  (combine.name, wanted_parts(0, (self.chunks + 1) * self.chunk_size * self.bytes)))
        return kernel.Source(text, phases, workspace, spec.flops, spec.traffic(self.bytes))

    # ------------------------------------------------------------ the parts' loops
    def _add(self, function):
        self.functions.append(function)
        return function

    def _compute(self):
        spec, type, lanes = self.spec, self.type, self.lanes
        f = self.f = ir.Function("compute")
        self.g, self.x, space = f.argument(0), f.argument(1), f.argument(3)
        self.sums = f.at(space, self.sums_at, type)
        number = stretches.borrow(f, space)
        self.g_points = f.at(self.sums, f.add(self.own_at, f.mul(number, self.own_size)), type)
        self.x_points = f.at(self.g_points, POINTS * self.g_point, type)
        results = transforms.Image(type, lanes, *spec.out, spec.o, (2, 2))
        images = transforms.Image(type, lanes, spec.h, spec.w, spec.c, self.algorithm.pixels, tuple(lo for lo, _ in spec.padding))
        points = [[(4 * a + b) * self.g_point for b in range(4)] for a in range(4)]
        components = [[number * self.x_point for number in row] for row in self.algorithm.numbers()]
        self.g_reader = transforms.Reader("gradient", results, (RESULTS, RESULTS), points,
                                          spec.o % lanes > 0 or self.rows % lanes > 0)
        self.x_reader = transforms.Reader("source", images, [axis.source for axis in self.algorithm.axes], components,
                                          spec.c % lanes > 0)
        self.functions += [*self.g_reader.functions, *self.x_reader.functions]
        self.micros = {nv: self._micro(nv) for nv in range(1, self.nv + 1)}
        lo, hi = f.share(self.items)
        f.loop(lo, hi, 1, self._item)
        stretches.give_back(f, space, number)
        return f

    def _micro(self, nv):
        return self._add(product_tile(f"tile_{nv}", self.type, self.lanes, self.height, nv, (1, self.g_row), self.x_row, self.columns,
                                      more=True))

    def _item(self, item):
        f = self.f
        chunk, piece = f.div(item, self.pieces), f.rem(item, self.pieces)
        sums = f.at(self.sums, f.mul(item, self.piece_size), self.type)
        row, column = f.mul(f.div(piece, self.column_pieces), self.rows), f.mul(f.rem(piece, self.column_pieces), self.columns)
        rows, columns = f.least(f.sub(self.spec.o, row), self.rows), f.least(f.sub(self.spec.c, column), self.columns)
        g, x = f.at(self.g, row, self.type), f.at(self.x, column, self.type)
        first, last = (f.div(f.mul(f.add(chunk, i), self.tiles.count), self.chunks) for i in (0, 1))

        def block(start):
            count = f.least(f.sub(last, start), self.block)

            def read(t):
                at = self.tiles.at(f, f.add(start, t))
                self.g_reader.call(f, g, *at, f.at(self.g_points, f.mul(t, self.g_row), self.type), rows)
                self.x_reader.call(f, x, *at, f.at(self.x_points, f.mul(t, self.x_row), self.type), columns)
            f.loop(0, count, 1, read)
            more = f.convert("zext", f.compare("ne", start, first), "i64")
            f.loop(0, self.components, 1, lambda number: self._component(number, sums, rows, columns, count, more))
        f.loop(first, last, self.block, block)

    def _component(self, number, sums, rows, columns, count, more):
        """A block's products for a component."""
        f, type, lanes = self.f, self.type, self.lanes
        point = f.load(ir.Reg("@points", "ptr"), number, "i64")
        g = f.at(self.g_points, f.mul(point, self.g_point), type)
        x = f.at(self.x_points, f.mul(number, self.x_point), type)
        to = f.at(sums, f.mul(number, self.sum_point), type)

        def block(column, nv):
            f.loop(0, rows, self.height, lambda row: f.call(
                self.micros[nv], f.at(g, row, type), f.at(x, column, type), f.at(to, f.add(f.mul(row, self.columns), column), type),
                count, g, more))
        width = self.nv * lanes
        vectors = f.div(f.add(columns, lanes - 1), lanes)
        whole = f.mul(f.div(vectors, self.nv), width)
        f.loop(0, whole, width, lambda column: block(column, self.nv))
        if self.nv > 1:
            f.loop(whole, columns, lanes, lambda column: block(column, 1))

    # ------------------------------------------------------------ the chunks' sum
    def _combine(self):
        """dw from the chunks' sums, a vector of input channels of one output channel at a time."""
        spec, type, lanes = self.spec, self.type, self.lanes
        f = ir.Function("combine")
        dw, sums = f.argument(2), f.at(f.argument(3), self.sums_at, type)
        taps = math.prod(spec.kernel)
        lo, hi = f.share(spec.o * self.vectors)

        def one(i):
            o, v = f.div(i, self.vectors), f.rem(i, self.vectors)
            piece = f.add(f.mul(f.div(o, self.rows), self.column_pieces), f.div(v, self.piece_vectors))
            place = f.add(f.mul(f.rem(o, self.rows), self.columns), f.mul(f.rem(v, self.piece_vectors), lanes))
            at = f.at(sums, f.add(f.mul(piece, self.piece_size), place), type)

            def total(p):
                first = f.load(at, p * self.sum_point, type, lanes)
                if self.chunks == 1:
                    return first
                return f.loop(1, self.chunks, 1, lambda k, t: [f.binary("fadd", t[0], f.load(
                    at, f.add(f.mul(k, self.chunk_size), p * self.sum_point), type, lanes))], [first])[0]
            components = [[total(number) for number in row] for row in self.algorithm.numbers()]
            channel = f.mul(v, lanes)
            mask = f.first_lanes(f.sub(spec.c, channel), lanes)
            out = f.at(dw, f.mul(f.add(f.mul(o, spec.c), channel), taps), type)
            values = both_ways(f, self.algorithm.rows.gradient, self.algorithm.columns.gradient, components)
            for tap, value in enumerate(sum(values, [])):
                conv_pack.scatter(f, value, f.at(out, tap, type), taps, mask)
        f.loop(lo, hi, 1, one)
        return f
