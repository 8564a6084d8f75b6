"""The weight gradient of a convolution.

A sum over pixels of (a value of one side) x (a vector of the other), for every pair of rows and vectors:

    outputs    vectors of g's channels, rows over x's (kh, kw, channel), so that few input channels still make many rows
    inputs     vectors of x's channels at one tap, rows over g's channels: for few output channels
    depthwise  vectors of channels of both, rows over (kh, kw)

Taps outside the image are multiplied, from a copy with padding; or tiles are clipped: their rows are of one tap, whose pixels
outside are skipped.

The pixels are cut into chunks. Each has its partial sums in the workspace, [group][block of vectors][tap][row][vector]; a last
phase adds them in order and stores them as (o, c/groups, kh, kw).
"""
import math

from . import conv_dw_combine, conv_dw_tiles, conv_pack, conv_packed, conv_packed_dw, conv_plan, ir, kernel
from .conv_tiles import merged
from .conv_shapes import forward_axes, simplified, wanted_parts
from .target import BYTES

UNIT_BYTES = 512 << 10          # of x and g, copied at a time
SUMS_BYTES = 1 << 20            # partial sums that stay in the cache from one unit to the next
LEAST_BY_TAP = 96               # channels from which tiles of one tap, with x packed, are better though there is nothing to clip
MOST_PARTS = 16                 # each chunk's partial sums are written and read again
CELL_IMAGES = 16                # of a cell that is walked by image
CELL_PIXELS = 128               # of a unit that a tile sums at a time: their x and g stay in the first cache
PARTIAL_BYTES = 4 << 20         # of all chunks' partial sums, where parts can differ in their channels instead
PACK_TILES = 4                  # from so many tiles of rows on, g's vectors are packed for each cell
CHUNK_PIXELS = 256              # at least, so that partial sums cost little beside the products


def weight_gradient(spec, host):
    """args: g (n, oh, ow, o), x (n, h, w, c), dw (o, c/groups, kh, kw), workspace."""
    packed = conv_packed.lanes_of(spec, host)
    if packed:
        return conv_packed_dw.weight_gradient(spec, host, packed)
    flops, traffic = spec.flops, spec.traffic(BYTES[spec.type])
    return _Generator(simplified(spec), host, flops, traffic).source()


class _Generator:

    def __init__(self, spec, host, flops, traffic):
        self.spec, self.host, self.flops, self.traffic = spec, host, flops, traffic
        self.type, self.lanes, self.bytes = spec.type, host.lanes(spec.type), BYTES[spec.type]
        self.y, self.x = forward_axes(spec)
        self.parts = min(wanted_parts(flops, traffic), MOST_PARTS)
        self.window = conv_pack.window(spec.h, spec.w, spec.c, [(self.y, self.x)], 1)
        self._choose_form()
        self._cut_pixels()
        self._cut_parts()
        self.functions = {}
        self.tiles = conv_dw_tiles.TileWriter(self.type, self.lanes, self.form, self.pixels, self.functions)

    # ------------------------------------------------------------ choices
    def _cut_pixels(self):
        """Units: groups of images x bands of rows, and how many chunks they make."""
        spec, (rows, columns), whole = self.spec, self.spec.out, self.window
        row = (whole.row * self.y.step + columns * spec.o) * self.bytes
        image = (whole.image + rows * columns * spec.o) * self.bytes
        halo = max(self.y.span(1) - self.y.step, 0) * whole.row * self.bytes
        all_blocks = self.loops * self.blocks
        in_split = self.size * self.bytes // min(all_blocks, self.parts)
        unit = UNIT_BYTES if in_split <= SUMS_BYTES else 4 * UNIT_BYTES
        self.by_image = self.clipped and columns < 10 and spec.n >= 8
        if self.by_image:
            unit = max(unit, min(spec.n, CELL_IMAGES) * image)
        pixels = spec.n * rows * columns
        few = max(PARTIAL_BYTES // (self.size * self.bytes), -(-self.parts // all_blocks) if in_split <= SUMS_BYTES else 1)
        self.chunks = max(1, min(self.parts, pixels // CHUNK_PIXELS, few))
        self.groups, self.bands = conv_plan.cut_units(spec.n, rows, image, row, halo, unit, self.chunks)
        self.chunks = min(self.chunks, self.groups * self.bands)
        if not self.clipped:
            self.window = conv_pack.window(spec.h, spec.w, spec.c, [(self.y, self.x)], self.bands)
        self._cut_cells(CELL_PIXELS if in_split <= SUMS_BYTES else 4 * CELL_PIXELS)

    def _cut_cells(self, cell):
        """Cells of about so many pixels: what a tile sums at a time, and how their pixels are walked."""
        spec, (rows, columns) = self.spec, self.spec.out
        unit_images, unit_rows = spec.n // self.groups, max(rows // self.bands, 1)
        if self.by_image:
            images = min(unit_images, CELL_IMAGES)
            self.cell_groups, self.cell_bands = unit_images // images, max(unit_rows // max(2 * cell // (images * columns), 1), 1)
        else:
            self.cell_groups = max(unit_images // max(cell // (unit_rows * columns), 1), 1)
            self.cell_bands = max(unit_rows // max(cell // columns, 1), 1)
        self.cell_rows = -(-(-(-rows // self.bands)) // self.cell_bands)                # at most
        cell_images = -(-(-(-spec.n // self.groups)) // self.cell_groups)
        packed = self.form == "outputs" and self.taps * sum(n for n, _ in row_pieces(self.levels, self.limit)) >= PACK_TILES
        self.packed_size = cell_images * self.cell_rows * columns * self.nv * self.lanes if packed else 0
        g_strides = rows * columns, columns, 1
        packed_strides = (1, columns * cell_images, cell_images) if self.by_image else (self.cell_rows * columns, columns, 1)
        self.image = self.window.image if self.window.copied else spec.h * spec.w * spec.c
        self.x_strides = self.image, self.window.row, self.window.pixel
        self.x_packed = None
        if self.clipped and self.form == "outputs" and self.taps > 1 and spec.stride == (1, 1):
            width = -(-min(self.limit, self.rows) // self.lanes) * self.lanes
            source_rows = min(self.y.span(self.cell_rows), spec.h)
            self.x_packed = (1, spec.w * cell_images, cell_images) if self.by_image else (source_rows * spec.w, spec.w, 1)
            self.x_packed = tuple(n * width for n in self.x_packed)
            self.x_size = cell_images * source_rows * spec.w * width
        image, row, pixel = self.x_packed or self.x_strides
        varying = self.clipped and self.x.inside(spec.w) < self.x.count * self.x.taps
        self.pixels = conv_dw_tiles.Pixels((image, self.y.step * row, self.x.step * pixel), tuple(n * spec.o for n in g_strides),
                                           packed_strides if packed else None, None if varying else columns, self.by_image)

    def _choose_form(self):
        """The cheapest of the forms: its levels of rows, its taps outside the rows, and its tile."""
        spec, (kh, kw), (y, x) = self.spec, self.spec.kernel, (self.y, self.x)
        c, o = spec.c // spec.groups, spec.o // spec.groups
        taps = [(kh, y.tap_step * self.window.row), (kw, x.tap_step * self.window.pixel)]
        if spec.depthwise:
            forms = [("depthwise", taps, [], spec.c, False)]
        else:
            forms = [("outputs", merged(None, [*taps, (c, 1)])[0], [], o, False), ("inputs", [(o, 1)], taps, c, False)]
            if self.window.copied or c >= LEAST_BY_TAP and kh * kw > 1 and spec.stride == (1, 1):
                forms += [("outputs", [(c, 1)], taps, o, True), ("inputs", [(o, 1)], taps, c, True)]
        inside = y.inside(spec.h) * x.inside(spec.w) / (y.count * y.taps * x.count * x.taps)
        best = None
        for name, levels, outside, channels, clipped in forms:
            vectors = -(-channels // self.lanes)
            for nv in range(min(vectors, 4), 0, -1):
                limit = conv_plan.most_rows(self.host, nv)
                cost = sum(count * pieces * conv_plan.step_cycles(rows, size, spec.depthwise)
                           for count, size in conv_plan.split_vectors(vectors, nv)
                           for pieces, rows in row_pieces(levels, limit)) * math.prod(n for n, _ in outside)
                cost *= 0.95 * inside if clipped else 1         # nor is anything copied, and x may be packed
                if best is None or cost < 0.995 * best:
                    best = cost
                    self.form, self.levels, self.outside, self.channels = name, levels, outside, channels
                    self.nv, self.limit, self.vectors, self.clipped = nv, limit, vectors, clipped
        if self.clipped:
            self.window = conv_pack.Window(False, spec.h, spec.w, 0, spec.c)
        self.rows = math.prod(n for n, _ in self.levels)
        self.taps = math.prod(n for n, _ in self.outside)
        self.loops = 1 if spec.depthwise else spec.groups
        self.blocks = -(-self.vectors // self.nv)
        self.size = self.loops * self.taps * self.rows * self.vectors * self.lanes         # elements of partial sums

    def _cut_parts(self):
        all_blocks = self.loops * self.blocks
        self.splits = min(all_blocks, -(-self.parts // self.chunks))
        items = self.chunks * self.splits
        self.parts = items if items <= 2 * self.parts else self.parts
        line = 64 // self.bytes
        self.images_at = -(-self.chunks * self.size // line) * line
        image = self.window.image * -(-self.spec.n // self.groups) if self.window.copied else 0
        self.packed_at = -(-image // line) * line
        self.x_at = -(-(self.packed_at + self.packed_size) // line) * line
        self.own_size = -(-(self.x_at + (self.x_size if self.x_packed else 0)) // line) * line

    def source(self):
        compute, combine = self._compute(), conv_dw_combine.combine(self)
        text = ir.module(*self.functions.values(), compute, combine)
        workspace = (self.images_at + self.parts * self.own_size) * self.bytes
        adding = wanted_parts(0, (self.chunks + 2) * self.size * self.bytes)
        return kernel.Source(text, ((compute.name, self.parts), (combine.name, adding)), workspace, self.flops, self.traffic)

    # ------------------------------------------------------------ the parts' loops
    def _compute(self):
        f = self.f = ir.Function("compute")
        self.from_g, self.from_x, self.space = f.argument(0), f.argument(1), f.argument(3)
        self.own = f.at(self.space, f.add(self.images_at, f.mul(ir.PART, self.own_size)), self.type)
        self.copy = None
        if self.window.copied:
            self.copy = conv_pack.copy_function(self.type, self.lanes, self.spec.h, self.spec.w, self.window)
            self.functions[self.copy.name] = self.copy
        lo, hi = f.share(self.chunks * self.splits)
        f.loop(lo, hi, 1, self._item)
        return f

    def _stretch(self, count, i, n):
        f = self.f
        return f.div(f.mul(i, count), n), f.div(f.mul(f.add(i, 1), count), n)

    def _item(self, item):
        f = self.f
        chunk, split = f.div(item, self.splits), f.rem(item, self.splits)
        sums = f.at(self.space, f.mul(chunk, self.size), self.type)
        q = self._stretch(self.loops * self.blocks, split, self.splits)
        first, last = self._stretch(self.groups * self.bands, chunk, self.chunks)
        f.loop(first, last, 1, lambda unit: self._unit(unit, f.compare("ne", unit, first), sums, q))

    def _each_block(self, q_lo, q_hi, body):
        """body((loop, offset in the partial sums, first channel), vectors, channels of them) for vector blocks q."""
        f, full = self.f, self.channels // (self.nv * self.lanes)
        rest = self.channels - full * self.nv * self.lanes

        def one(q):
            loop, block = f.div(q, self.blocks), f.rem(q, self.blocks)
            channel = f.mul(block, self.nv * self.lanes)
            vector = f.add(f.mul(loop, self.vectors), f.mul(block, self.nv))
            place = loop, f.mul(vector, self.taps * self.rows * self.lanes), channel
            most = (place, self.nv, self.nv * self.lanes)
            last = (place, -(-rest // self.lanes), rest)
            if full and rest:
                f.when(f.compare("slt", block, full), lambda: body(*most))
                f.when(f.compare("sge", block, full), lambda: body(*last))
            else:
                body(*(most if full else last))
        f.loop(q_lo, q_hi, 1, one)

    def _unit(self, unit, old, sums, q):
        """The products of a unit's pixels, cell by cell. old: whether there are sums already."""
        f, spec = self.f, self.spec
        group, band = f.div(unit, self.bands), f.rem(unit, self.bands)
        n_lo, n_hi = self._stretch(spec.n, group, self.groups)
        y_lo, y_hi = self._stretch(self.y.count, band, self.bands)
        images, rows = f.sub(n_hi, n_lo), f.sub(y_hi, y_lo)
        x = f.at(self.from_x, f.mul(n_lo, spec.h * spec.w * spec.c), self.type)
        first = f.add(f.mul(y_lo, self.y.step), self.y.start)
        if self.copy:
            f.call(self.copy, images, first, x, self.own)
            x = self.own
        elif not self.clipped:
            x = f.at(x, f.add(f.mul(first, self.window.row), self.x.start * spec.c), self.type)
        to_image, to_row, _ = self.pixels.g
        g = f.at(self.from_g, f.add(f.mul(n_lo, to_image), f.mul(y_lo, to_row)), self.type)

        def cell(i):
            n_lo, n_hi = self._stretch(images, f.div(i, self.cell_bands), self.cell_groups)
            r_lo, r_hi = self._stretch(rows, f.rem(i, self.cell_bands), self.cell_bands)
            later = f.convert("zext", f.binary("or", old, f.compare("ne", i, 0)), "i64")
            skipped = 0 if self.clipped else f.mul(r_lo, self.y.step * self.window.row)
            self._cell(f.at(x, f.add(f.mul(n_lo, self.image), skipped), self.type),
                       f.at(g, f.add(f.mul(n_lo, to_image), f.mul(r_lo, to_row)), self.type), sums,
                       (later, f.sub(n_hi, n_lo), f.sub(r_hi, r_lo), spec.out[1]), f.add(y_lo, r_lo), q)
        f.loop(0, self.cell_groups * self.cell_bands, 1, cell)

    def _cell(self, x, g, sums, count, first, q):
        """All tiles for a cell. x: at its images, and its first row where nothing is clipped. count: whether there are sums, images,
        rows, columns. first: its first row."""
        f, spec = self.f, self.spec
        c, o = spec.c // spec.groups, spec.o // spec.groups

        def block(place, nv, channels):
            loop, at, channel = place
            into = f.at(sums, at, self.type)
            if self.form == "depthwise":
                self._tiles(f.at(x, channel, self.type), f.at(g, channel, self.type), into, count, nv, channels)
                return
            from_x, from_g = f.at(x, f.mul(loop, c), self.type), f.at(g, f.mul(loop, o), self.type)
            if self.form == "outputs":
                from_g = f.at(from_g, channel, self.type)
            else:
                from_x = f.at(from_x, channel, self.type)
            g_strides = self.pixels.g
            if self.pixels.packed:
                room, g_strides = f.at(self.own, self.packed_at, self.type), self.tiles.packed_strides(nv)
                f.call(self.tiles.pack_g(nv, channels), from_g, room, *count[1:])
                from_g = room
            if not self.outside:
                self._tiles(from_x, from_g, into, count, nv, channels)
                return

            if self.x_packed:
                self._packed_tiles(from_x, from_g, into, count, first, nv, channels)
                return

            def tap(i, j):
                at_x, at_g, here = f.add(f.mul(i, self.outside[0][1]), f.mul(j, self.outside[1][1])), 0, count
                if self.clipped:
                    at_x, at_g, here = self._of_tap(i, j, count, first, 0, self.x_strides, g_strides)
                tap_sums = f.at(into, f.mul(f.add(f.mul(i, self.outside[1][0]), j), self.rows * nv * self.lanes), self.type)
                values, vectors = f.at(from_x, at_x, self.type), f.at(from_g, at_g, self.type)
                if self.form == "inputs":
                    values, vectors = vectors, values
                self._tiles(values, vectors, tap_sums, here, nv, channels)
            self._each_tap(tap)
        self._each_block(*q, block)

    def _each_tap(self, body):
        (kh, _), (kw, _) = self.outside
        self.f.loop(0, kh, 1, lambda i: self.f.loop(0, kw, 1, lambda j: body(i, j)))

    def _of_tap(self, i, j, count, first, top, x_strides, g_strides):
        """(where x and g start, the count) of a cell's pixels at which a tap meets the image. first: the cell's first row; top: the
        row of x from which it is counted."""
        f, spec = self.f, self.spec
        y_lo, rows, y = self._inside(self.y, i, spec.h, first, f.add(first, count[2]))
        x_lo, columns, x = self._inside(self.x, j, spec.w, 0, spec.out[1])
        at_x = f.add(f.mul(f.sub(y, top), x_strides[1]), f.mul(x, x_strides[2]))
        at_g = f.add(f.mul(f.sub(y_lo, first), g_strides[1]), f.mul(x_lo, g_strides[2]))
        return at_x, at_g, (*count[:2], rows, columns)

    def _packed_tiles(self, x, g, sums, count, first, nv, channels):
        """All tiles of a cell: for each tile's rows, x's channels are packed once for all taps."""
        f, y = self.f, self.y
        top = f.most(f.add(y.start, f.mul(first, y.step)), 0)
        last = f.add(f.mul(f.sub(f.add(first, count[2]), 1), y.step), y.start + (y.taps - 1) * y.tap_step)
        bottom = f.least(f.add(last, 1), self.spec.h)
        g_strides = self.tiles.packed_strides(nv) if self.pixels.packed else self.pixels.g
        room, source = f.at(self.own, self.x_at, self.type), f.at(x, f.mul(top, self.x_strides[1]), self.type)
        start = 0
        for pieces, size in even_pieces(self.rows, self.limit):
            micro = self.tiles.function(list(range(size)), nv, channels)
            pack = self.tiles.pack(f"pack_x_{size}", -(-size // self.lanes), size, self.x_strides, self.x_packed)

            def piece(i, start=start, size=size, micro=micro, pack=pack):
                row = f.add(start, f.mul(i, size))
                f.call(pack, f.at(source, row, self.type), room, count[1], f.most(f.sub(bottom, top), 0), self.spec.w)

                def tap(i, j):
                    at_x, at_g, here = self._of_tap(i, j, count, first, top, self.x_packed, g_strides)
                    to = f.add(f.mul(f.add(f.mul(i, self.outside[1][0]), j), self.rows), row)
                    f.call(micro, f.at(room, at_x, self.type), f.at(g, at_g, self.type),
                           f.at(sums, f.mul(to, nv * self.lanes), self.type), *here)
                self._each_tap(tap)
            f.loop(0, pieces, 1, piece)
            start += pieces * size

    def _inside(self, axis, tap, size, lo, hi):
        """Of results lo..hi-1 those where a tap meets one of the source's `size` positions: (first, how many, the first's source)."""
        f, up = self.f, axis.step - 1
        start = f.add(axis.start, f.mul(tap, axis.tap_step))
        first = f.most(lo, f.div(f.most(f.sub(up, start), 0), axis.step))
        end = f.least(hi, f.div(f.most(f.sub(size + up, start), 0), axis.step))
        return first, f.most(f.sub(end, first), 0), f.add(start, f.mul(first, axis.step))

    def _tiles(self, values, vectors, sums, count, nv, channels):
        """All rows, a tile at a time."""
        f = self.f

        def walk(level, value, row):
            inner = math.prod(n for n, _ in self.levels[level + 1:])
            n, stride = self.levels[level]
            if inner > self.limit:
                f.loop(0, n, 1, lambda i: walk(level + 1, f.add(value, f.mul(i, stride)), f.add(row, f.mul(i, inner))))
                return
            start = 0
            for pieces, size in even_pieces(n, max(self.limit // inner, 1)):
                offsets = [i * stride + below for i in range(size) for below in level_offsets(self.levels[level + 1:])]
                micro = self.tiles.function(offsets, nv, channels)

                def one(i, start=start, size=size, micro=micro):
                    at = f.add(start, f.mul(i, size))
                    f.call(micro, f.at(values, f.add(value, f.mul(at, stride)), self.type), vectors,
                           f.at(sums, f.mul(f.add(row, f.mul(at, inner)), nv * self.lanes), self.type), *count)
                f.loop(0, pieces, 1, one)
                start += pieces * size
        walk(0, 0, 0)


def even_pieces(n, limit):
    """n cut into pieces of at most `limit`, their sizes one apart: pairs (how many, size)."""
    pieces = -(-n // limit)
    small = n // pieces
    large = n - pieces * small
    return [(count, size) for count, size in ((large, small + 1), (pieces - large, small)) if count]


def row_pieces(levels, limit):
    """The tiles that rows over levels (count, stride) are cut into: pairs (how many, rows)."""
    inner, level = 1, len(levels) - 1
    while level and inner * levels[level][0] <= limit:
        inner *= levels[level][0]
        level -= 1
    outside = math.prod(n for n, _ in levels[:level])
    return [(outside * count, size * inner) for count, size in even_pieces(levels[level][0], max(limit // inner, 1))]


def level_offsets(levels):
    """Offsets of all rows over levels, the last the fastest."""
    offsets = [0]
    for n, stride in levels:
        offsets = [o + i * stride for o in offsets for i in range(n)]
    return offsets
