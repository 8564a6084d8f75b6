"""Winograd's F(2x2, 3x3) on registers: the transforms of 4x4 source pixels, 3x3 weights and 2x2 results, and their transposes.

Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015). A tile's 2x2 results of a 3x3 correlation are
A'[(G w G') * (B' d B)]A: 16 products where the sum needs 36. All factors are 1, -1 and 1/2, so errors stay those of a sum.
"""
from math import ceil

from . import ir

POINTS = 16                     # products of a tile and a pair of channels

_FROM, _TO = ir.Reg("%from", "ptr"), ir.Reg("%to", "ptr")
_IMAGE, _ROW, _COLUMN = (ir.Reg("%" + n, "i64") for n in ("image", "row", "column"))


def _add(f, a, b):
    return f.binary("fadd", a, b)


def _sub(f, a, b):
    return f.binary("fsub", a, b)


def _half(f, a):
    return f.binary("fmul", a, f.constant(0.5, a.type, a.lanes))


def source(f, a, b, c, d):
    """B': 4 source pixels to 4 points."""
    return [_sub(f, a, c), _add(f, b, c), _sub(f, c, b), _sub(f, b, d)]


def weights(f, a, b, c):
    """G: 3 weights to 4 points."""
    outer, inner = _half(f, _add(f, a, c)), _half(f, b)
    return [a, _add(f, outer, inner), _sub(f, outer, inner), c]


def result(f, a, b, c, d):
    """A': 4 points to 2 results."""
    return [_add(f, _add(f, a, b), c), _sub(f, _sub(f, b, c), d)]


def gradient(f, a, b):
    """A, its last row's sign turned: the gradients of 2 results to those of 4 points."""
    return [a, _add(f, a, b), _sub(f, a, b), b]


def weights_gradient(f, a, b, c, d):
    """G', for the sign that `gradient` turned: the gradients of 4 points to those of 3 weights."""
    outer = _half(f, _add(f, b, c))
    return [_add(f, a, outer), _half(f, _sub(f, b, c)), _sub(f, outer, d)]


def both_ways(f, transform, grid):
    """The transform along the columns of a grid of registers, then along its rows."""
    columns = [transform(f, *column) for column in zip(*grid)]
    return [transform(f, *row) for row in zip(*columns)]


def channel_vectors(f, lanes, body):
    """body(first channel, mask) for each vector of %channels channels; the mask is None for whole ones."""
    whole = f.mul(f.div("%channels", lanes), lanes)
    f.loop(0, whole, lanes, lambda i: body(i, None))
    f.loop(whole, "%channels", lanes, lambda i: body(i, f.first_lanes(f.sub("%channels", i), lanes)))


class Tiles:
    """All tiles of results of so many images, numbered along rows, then columns, then images."""

    def __init__(self, images, height, width):
        self.pixels, self.rows, self.columns = height * width, ceil(height / 2), ceil(width / 2)
        self.count = images * self.rows * self.columns

    def at(self, f, t):
        """(image, (row, column)) of a tile."""
        return f.div(t, self.rows * self.columns), (f.rem(f.div(t, self.columns), self.rows), f.rem(t, self.columns))

    def pixel(self, f, t):
        """About where the pixels of a tile begin in the results: what to read ahead."""
        return f.div(f.mul(t, self.pixels), self.rows * self.columns)


class Image:
    """Channels-innermost images cut into tiles. pixels: on a side of a tile, to load or to store; lo: padding before."""

    def __init__(self, type, lanes, height, width, channels, pixels, lo=(0, 0)):
        self.type, self.lanes, self.pixels, self.lo = type, lanes, pixels, lo
        self.height, self.width, self.channels = height, width, channels

    def inside(self, f, tile):
        """Whether all pixels of tile (row, column) are in the image."""
        inside = None
        for at, lo, size in zip(tile, self.lo, (self.height, self.width)):
            first = f.sub(f.mul(at, 2), lo)
            # as an unsigned number, a negative one is too large
            fits = f.test("icmp ult", _integer(first), ir.Reg(str(max(size - self.pixels + 1, 0)), "i64"))
            inside = fits if inside is None else f.binary("and", inside, fits)
        return inside

    def first(self, f, image, tile):
        """Offset of the first pixel of a tile that is inside."""
        row, column = (f.sub(f.mul(at, 2), lo) for at, lo in zip(tile, self.lo))
        return f.mul(f.add(f.mul(f.add(f.mul(image, self.height), row), self.width), column), self.channels)

    def near(self, f, start):
        """Pointers to the pixels of a tile that is inside, from its first."""
        return [[f.at(start, (i * self.width + j) * self.channels, self.type) for j in range(self.pixels)]
                for i in range(self.pixels)]

    def checked(self, f, images, image, tile, instead):
        """Pointers to the pixels of any tile, `instead` for those that are outside."""
        image = f.at(images, f.mul(image, self.height * self.width * self.channels), self.type)
        known = []
        for at, lo, size in zip(tile, self.lo, (self.height, self.width)):
            places = [f.add(f.sub(f.mul(at, 2), lo), i) for i in range(self.pixels)]
            known.append([(p, f.test("icmp ult", _integer(p), ir.Reg(str(size), "i64"))) for p in places])
        rows, columns = known
        pointers = []
        for y, y_inside in rows:
            line = f.mul(y, self.width)
            pointers.append([f.select(f.binary("and", y_inside, x_inside), f.at(image, f.mul(f.add(line, x), self.channels), self.type),
                                      instead) for x, x_inside in columns])
        return pointers


def _integer(value):
    return value if isinstance(value, ir.Reg) else ir.Reg(str(value), "i64")


class Reader:
    """Transforms a tile of images into points: point p of channel i goes to `to` + p * stride + i.

    There are two functions, near(first pixel, to, channels) for tiles inside their image and far for any; call() takes the right one.
    """

    def __init__(self, name, image, transform, stride):
        self.image, self.transform, self.stride = image, transform, stride
        self.near = ir.Function(name + "_near", "ptr %from, ptr %to, i64 %channels", internal=True, attributes="#1")
        self.far = ir.Function(name + "_far", "ptr %from, i64 %image, i64 %row, i64 %column, ptr %to, i64 %channels", internal=True,
                               attributes="#1")
        self.functions = self.near, self.far
        self._write(self.near, lambda i: image.near(self.near, self.near.at(_FROM, i, image.type)))
        pointers = image.checked(self.far, _FROM, _IMAGE, (_ROW, _COLUMN), ir.Reg("@zeros", "ptr"))
        self._write(self.far, lambda i: [[self.far.at(p, i, image.type) for p in row] for row in pointers])

    def _write(self, f, pointers_at):
        image = self.image

        def vector(i, mask):
            pixels = [[f.load(p, 0, image.type, image.lanes, mask) for p in row] for row in pointers_at(i)]
            to = f.at(_TO, i, image.type)
            for p, value in enumerate(sum(both_ways(f, self.transform, pixels), [])):
                f.store(value, to, p * self.stride)
        channel_vectors(f, image.lanes, vector)

    def call(self, f, images, where, tile, to, channels):
        """Transform tile (row, column) of image `where`, so many channels from those that `images` and `to` point to."""
        inside = self.image.inside(f, tile)
        f.when(inside, lambda: f.call(self.near, f.at(images, self.image.first(f, where, tile), self.image.type), to, channels))
        f.when(f.binary("xor", inside, ir.Reg("true", "i1")), lambda: f.call(self.far, images, where, *tile, to, channels))


def zeros(type, channels):
    """The module's text of @zeros, what is read outside an image."""
    return f"@zeros = internal constant [{channels} x {type}] zeroinitializer, align 64\n"


def result_function(name, image, stride, bias, relu):
    """name(points, images, image, row, column, nowhere, bias, channels): store a tile of results from its points; those outside the
    image go to `nowhere`."""
    type, lanes = image.type, image.lanes
    f = ir.Function(name, "ptr %from, ptr %to, i64 %image, i64 %row, i64 %column, ptr %nowhere, ptr %bias, i64 %channels",
                    internal=True, attributes="#1")
    pointers = image.checked(f, _TO, _IMAGE, (_ROW, _COLUMN), ir.Reg("%nowhere", "ptr"))

    def vector(i, mask):
        start = f.at(_FROM, i, type)
        points = [[f.load(start, (4 * a + b) * stride, type, lanes) for b in range(4)] for a in range(4)]
        added = f.load(ir.Reg("%bias", "ptr"), i, type, lanes, mask) if bias else None
        for row, places in zip(both_ways(f, result, points), pointers):
            for value, place in zip(row, places):
                if bias:
                    value = _add(f, value, added)
                if relu:
                    value = f.select(f.test("fcmp olt", value, f.zero(type, lanes)), f.zero(type, lanes), value)
                f.store(value, place, i, mask)
    channel_vectors(f, lanes, vector)
    return f
