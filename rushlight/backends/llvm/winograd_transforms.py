"""Winograd's transforms of tiles: source pixels or results' gradients to components, products at the points to results."""
import functools
from math import ceil

from . import ir
from .winograd_axis import both_ways, result

FEW = 16                        # pixels that a tile's transform holds in registers; of more, it loads those that it needs

_FROM, _TO = ir.Reg("%from", "ptr"), ir.Reg("%to", "ptr")
_IMAGE, _ROW, _COLUMN = (ir.Reg("%" + n, "i64") for n in ("image", "row", "column"))


def channel_vectors(f, lanes, ragged, body):
    """body(first channel, mask) for each vector of %channels channels; the mask is None for whole ones. ragged: whether there may be
    others: a body less is half the code."""
    whole = f.mul(f.div("%channels", lanes), lanes)
    f.loop(0, whole, lanes, lambda i: body(i, None))
    if ragged:
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
    """Channels-innermost images cut into tiles. pixels: (rows, columns) of a tile, to load or to store; lo: padding before."""

    def __init__(self, type, lanes, height, width, channels, pixels, lo=(0, 0)):
        self.type, self.lanes, self.pixels, self.lo = type, lanes, pixels, lo
        self.height, self.width, self.channels = height, width, channels

    def inside(self, f, tile):
        """Whether all pixels of tile (row, column) are in the image."""
        inside = None
        for at, lo, pixels, size in zip(tile, self.lo, self.pixels, (self.height, self.width)):
            first = f.sub(f.mul(at, 2), lo)
            # as an unsigned number, a negative one is too large
            fits = f.test("icmp ult", _integer(first), ir.Reg(str(max(size - pixels + 1, 0)), "i64"))
            inside = fits if inside is None else f.binary("and", inside, fits)
        return inside

    def first(self, f, image, tile):
        """Offset of the first pixel of a tile that is inside."""
        row, column = (f.sub(f.mul(at, 2), lo) for at, lo in zip(tile, self.lo))
        return f.mul(f.add(f.mul(f.add(f.mul(image, self.height), row), self.width), column), self.channels)

    def near(self, f, start):
        """Pointers to the pixels of a tile that is inside, from its first."""
        rows, columns = self.pixels
        return [[f.at(start, (i * self.width + j) * self.channels, self.type) for j in range(columns)] for i in range(rows)]

    def checked(self, f, images, image, tile, instead):
        """Pointers to the pixels of any tile, `instead` for those that are outside."""
        image = f.at(images, f.mul(image, self.height * self.width * self.channels), self.type)
        known = []
        for at, lo, pixels, size in zip(tile, self.lo, self.pixels, (self.height, self.width)):
            places = [f.add(f.sub(f.mul(at, 2), lo), i) for i in range(pixels)]
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
    """Transforms a tile of images into components: component (a, b) of channel i goes to `to` + places[a][b] + i.

    forms       along both axes: the linear form of pixels of each component
    ragged      whether so many channels may be asked for that they are not whole vectors
    whole       whether nothing may be written beyond the last channel then

    There are two functions, near(first pixel, to, channels) for tiles inside their image and far for any; call() takes the right one.
    """

    def __init__(self, name, image, forms, places, ragged, whole=False):
        self.image, self.forms, self.places, self.ragged, self.whole = image, forms, places, ragged, whole
        self.near = ir.Function(name + "_near", "ptr %from, ptr %to, i64 %channels", internal=True, attributes="#1")
        self.far = ir.Function(name + "_far", "ptr %from, i64 %image, i64 %row, i64 %column, ptr %to, i64 %channels", internal=True,
                               attributes="#1")
        self.functions = self.near, self.far
        self._write(self.near, lambda i: image.near(self.near, self.near.at(_FROM, i, image.type)))
        pointers = image.checked(self.far, _FROM, _IMAGE, (_ROW, _COLUMN), ir.Reg("@zeros", "ptr"))
        self._write(self.far, lambda i: [[self.far.at(p, i, image.type) for p in row] for row in pointers])

    def _write(self, f, pointers_at):
        image = self.image
        along_rows, along_columns = self.forms

        def vector(i, mask):
            pointers = pointers_at(i)

            def load(row, column):
                return f.load(pointers[row][column], 0, image.type, image.lanes, mask)
            if len(pointers) * len(pointers[0]) <= FEW:
                load = functools.cache(load)
            to = f.at(_TO, i, image.type)
            for row, places in zip(along_rows, self.places):        # a row of components at a time
                strip = [_combined(f, row, [load(y, x) for y in row[1:]]) for x in range(len(pointers[0]))]
                for form, place in zip(along_columns, places):
                    value = _combined(f, form, [strip[x] for x in form[1:]])
                    f.store(value, to, place, mask if self.whole else None)
        channel_vectors(f, image.lanes, self.ragged, vector)

    def call(self, f, images, where, tile, to, channels):
        """Transform tile (row, column) of image `where`, so many channels from those that `images` and `to` point to."""
        inside = self.image.inside(f, tile)
        f.when(inside, lambda: f.call(self.near, f.at(images, self.image.first(f, where, tile), self.image.type), to, channels))
        f.when(f.binary("xor", inside, ir.Reg("true", "i1")), lambda: f.call(self.far, images, where, *tile, to, channels))


def _combined(f, form, values):
    """A linear form's value."""
    return f.binary(form[0], *values) if form[0] else values[0]


def zeros(type, channels):
    """The module's text of @zeros, what is read outside an image."""
    return f"@zeros = internal constant [{channels} x {type}] zeroinitializer, align 64\n"


def table(name, numbers):
    """The module's text of a table of integers."""
    return f"@{name} = internal constant [{len(numbers)} x i64] [{', '.join(f'i64 {n}' for n in numbers)}]\n"


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
        for row, places in zip(both_ways(f, result, result, points), pointers):
            for value, place in zip(row, places):
                if bias:
                    value = f.binary("fadd", value, added)
                if relu:
                    value = f.select(f.test("fcmp olt", value, f.zero(type, lanes)), f.zero(type, lanes), value)
                f.store(value, place, i, mask)
    channel_vectors(f, lanes, image.channels % lanes > 0, vector)
    return f
