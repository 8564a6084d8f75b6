"""Phases before a convolution's sums: weights in the order of reading, and images with their padding."""
from dataclasses import dataclass

from . import ir
from .target import BYTES

CONFLICT, SKEW = 512, 16        # elements between images that are too regular, and what is added then


@dataclass(frozen=True)
class Window:
    """How a source image lies where the sums read it.

    copied          whether it is a copy with padding, in the workspace
    rows, columns   rows held at a time, columns; column 0 is the source's `column`
    pixel           elements of a pixel
    skew            elements between two images, so that the same pixels of a tile's images do not fall on few lines of the first cache
    """

    copied: bool
    rows: int
    columns: int
    column: int
    pixel: int
    skew: int = 0

    @property
    def row(self):
        return self.columns * self.pixel

    @property
    def image(self):
        return self.rows * self.row + self.skew


def window(height, width, channels, phases, bands):
    """The Window for pairs of axes whose rows are cut into `bands`; a copy only where something outside is read."""
    def inside(axis, size):
        return axis.start >= 0 and axis.start + axis.span(axis.count) <= size

    read = [(y, x) for y, x in phases if y.taps and x.taps]
    if all(inside(y, height) and inside(x, width) for y, x in read):
        return Window(False, height, width, 0, channels)
    first = min(x.start for _, x in read)
    columns = max(x.start + x.span(x.count) for _, x in read) - first
    return _skewed(_band_span(read, bands), columns, first, channels)


def clipped_window(height, width, channels, phases, bands):
    """The same for tiles that read nothing outside: a copy only where images need a skew."""
    if height * width * channels % CONFLICT:
        return Window(False, height, width, 0, channels)
    return _skewed(_band_span([(y, x) for y, x in phases if y.taps and x.taps], bands), width, 0, channels)


def _skewed(rows, columns, column, pixel):
    """The Window of a copy."""
    return Window(True, rows, columns, column, pixel, 0 if rows * columns * pixel % CONFLICT else SKEW)


def _band_span(phases, bands):
    """The most source rows that one of the bands of results reads."""
    rows = 1
    for band in range(bands):
        ends = [band_rows(y.count, band, bands) for y, _ in phases]
        lows = [y.start + lo * y.step for (y, _), (lo, hi) in zip(phases, ends)]
        highs = [low + y.span(hi - lo) for (y, _), (lo, hi), low in zip(phases, ends, lows) if hi > lo]
        rows = max(rows, max(highs, default=0) - min(lows))
    return rows


def band_rows(count, band, bands):
    return band * count // bands, (band + 1) * count // bands


def copy_function(type, lanes, height, width, win):
    """copy(images, first row, from, to): a Window's rows of so many images, zero outside the source."""
    f = ir.Function("copy_padded", "i64 %images, i64 %first, ptr %from, ptr %to", internal=True, attributes="#1")
    left = min(max(-win.column, 0), win.columns)
    inner = max(min(width - max(win.column, 0), win.columns - left), 0)
    zero = f.zero(type, lanes)

    def run(n, element):
        """n elements, `element(i, mask)` giving the vector at i."""
        whole = n // lanes * lanes
        f.loop(0, whole, lanes, lambda i: element(i, None))
        if n > whole:
            element(whole, f.first_lanes(n - whole, lanes))

    def clear(to, n):
        run(n, lambda i, mask: f.store(zero, to, i, mask))

    def row(n, r):
        to = f.at(ir.Reg("%to", "ptr"), f.add(f.mul(n, win.image), f.mul(r, win.row)), type)
        y = f.add(r, ir.Reg("%first", "i64"))
        known = f.test("icmp ult", y, ir.Reg(str(height), "i64"))

        def copy():
            source = f.at(ir.Reg("%from", "ptr"), f.mul(f.add(f.mul(f.add(f.mul(n, height), y), width), max(win.column, 0)),
                                                        win.pixel), type)
            clear(to, left * win.pixel)
            inside = f.at(to, left * win.pixel, type)
            run(inner * win.pixel, lambda i, mask: f.store(f.load(source, i, type, lanes, mask), inside, i, mask))
            clear(f.at(to, (left + inner) * win.pixel, type), (win.columns - left - inner) * win.pixel)
        f.when(known, copy)
        f.when(f.binary("xor", known, ir.Reg("true", "i1")), lambda: clear(to, win.row))

    f.loop(0, "%images", 1, lambda n: f.loop(0, win.rows, 1, lambda r: row(n, r)))
    return f


def strided_indices(stride, lanes):
    """Offsets of lanes that lie `stride` elements apart."""
    return ir.Reg("<" + ", ".join(f"i64 {i * stride}" for i in range(lanes)) + ">", "i64", lanes)


def pointers(f, base, stride, type, lanes):
    """A vector of addresses, `stride` elements apart."""
    return f.emit(f"getelementptr {type}, ptr {base}, <{lanes} x i64> {strided_indices(stride, lanes)}", "ptr", lanes)


def gather(f, base, stride, type, lanes, mask):
    """Lanes that lie `stride` elements apart; 0 where the mask is off."""
    short = {"float": "f32", "double": "f64"}[type]
    return f.intrinsic(f"llvm.masked.gather.v{lanes}{short}.v{lanes}p0", type, lanes, pointers(f, base, stride, type, lanes),
                       mask, f.zero(type, lanes), align=BYTES[type])


def scatter(f, value, base, stride, mask):
    """Store lanes `stride` elements apart."""
    short = {"float": "f32", "double": "f64"}[value.type]
    where = pointers(f, base, stride, value.type, value.lanes)
    name = f"llvm.masked.scatter.v{value.lanes}{short}.v{value.lanes}p0"
    f.declared.add(f"declare void @{name}({value.full}, {where.full}, {mask.full})")
    f.raw(f"call void @{name}({value.full} {value}, {where.full} align {BYTES[value.type]} {where}, {mask.full} {mask})")


class Square:
    """A square of `lanes` vectors on the stack, to be transposed: far less code than by shuffles in registers. Made where its function
    begins."""

    def __init__(self, f, type, lanes):
        self.f, self.type, self.lanes = f, type, lanes
        self.room = f.emit(f"alloca [{lanes * lanes} x {type}], align 64", "ptr")

    def transpose(self, row, store):
        """row(i) gives vector i; store(j, vector) gets lane j of them all."""
        f, lanes = self.f, self.lanes
        f.loop(0, lanes, 1, lambda i: f.store(row(i), self.room, f.mul(i, lanes)))
        everything = f.first_lanes(lanes, lanes)
        f.loop(0, lanes, 1, lambda j: store(j, gather(f, f.at(self.room, j, self.type), lanes, self.type, lanes, everything)))
