"""The walk of a pooling: results that collect terms from a few rows and columns of a source, vectors over channels.

Both axes are given as in conv_shapes: one Axis for every residue of the result's position modulo the stride. Rows are
taken one at a time, with the range of terms that lie inside worked out once a row. Columns are cut into segments in each
of which the same terms lie inside, so that no element is tested; the residues of a segment are done together and
share what they load. Only where that would be much code are the terms of a column found at run time.
"""
from dataclasses import dataclass

from . import ir, kernel, pool_lanes
from .conv_tiles import common
from .conv_shapes import wanted_parts
from .pool_axes import always_inside, segments
from .target import BYTES

MOST_VECTORS = 4            # of a cell: enough to hide that each term waits for the one before
MOST_TERMS = 128            # of all segments, times vectors, that are written out
MOST_UNROLLED = 16          # terms of a cell, rows x columns, that are written out


@dataclass(frozen=True)
class Walk:
    """source and result: (height, width); rows and columns: an Axis for each residue; taps_a_row: of the window."""

    type: str
    images: int
    source: tuple
    result: tuple
    c: int
    rows: tuple
    columns: tuple
    taps_a_row: int
    op: object
    flops: int
    traffic: int


@dataclass(frozen=True)
class Terms:
    """Terms lo..hi-1 of a position: the source's position is first + tap_step j, the tap first_tap + kernel_step j."""

    first: object
    lo: object
    hi: object
    first_tap: object


def generate(walk, host):
    """The kernel: args as the operation has them, then the workspace, which is not used."""
    return _Writer(walk, host).source()


class _Writer:
    def __init__(self, walk, host):
        self.walk, self.op, self.lanes = walk, walk.op, host.lanes(walk.type)
        self.full_rows = always_inside(walk.rows, walk.source[0])
        self.tables = []
        self._cut(host)

    def _cut(self, host):
        """Vectors of a block, blocks of a pixel, and into how many stretches of blocks a row's work is cut."""
        walk = self.walk
        vectors = -(-walk.c // self.lanes)
        limit = MOST_VECTORS
        if max(a.taps for a in walk.rows) * max(a.taps for a in walk.columns) > MOST_UNROLLED:
            # long sums: much of a pixel at a time, so that memory is read in order
            limit = host.registers // (2 if self.op.tap_type is None else 4)
        together = max(limit // len(walk.columns), 1)
        self.segments = self._few_segments(min(vectors, together), 4 if vectors > 1 else 8)
        if self.segments is not None:
            limit = together
        self.blocks = -(-vectors // limit)
        self.nv = -(-vectors // self.blocks)
        self.blocks = -(-vectors // self.nv)
        rows = walk.images * walk.result[0]
        parts = wanted_parts(walk.flops, walk.traffic)
        self.splits = 1 if rows >= 2 * parts else min(self.blocks, -(-2 * parts // rows))
        self.parts = min(parts, rows * self.splits)

    def _few_segments(self, vectors, residues):
        """The segments of the columns; None if they or the residues are too many to write out."""
        columns = self.walk.columns
        if len(columns) > residues or sum(a.taps for a in columns) > MOST_TERMS:
            return None
        found = segments(columns, self.walk.source[1])
        terms = sum(len(terms) for segment in found for _, terms in segment.cells)
        return found if terms * vectors <= MOST_TERMS else None

    def source(self):
        walk = self.walk
        self.f = f = ir.Function("pool")
        self.sources = [(f.argument(i), type) for i, type in self.op.sources]
        self.results = [(f.argument(i), type) for i, type in self.op.results]
        lo, hi = f.share(walk.images * walk.result[0] * self.splits)
        f.loop(lo, hi, 1, self._row)
        text = "\n".join(self.tables) + "\n" + ir.module(f)
        return kernel.Source(text, ((f.name, self.parts),), 0, walk.flops, walk.traffic)

    # ------------------------------------------------------------ rows
    def _row(self, item):
        """A row of results, or a stretch of its channels."""
        f, walk, (height, width), (result_height, result_width) = self.f, self.walk, self.walk.source, self.walk.result
        row, split = f.div(item, self.splits), f.rem(item, self.splits)
        image, y = f.div(row, result_height), f.rem(row, result_height)
        self.first_block = f.div(f.mul(split, self.blocks), self.splits)
        self.end_block = f.div(f.mul(f.add(split, 1), self.blocks), self.splits)
        self.terms = terms = self._terms("rows", walk.rows, height, y, self.full_rows)
        start = f.mul(f.add(f.mul(image, height), terms.first), width * walk.c)
        sources = [f.at(p, start, type) for p, type in self.sources]
        results = [f.at(p, f.mul(row, result_width * walk.c), type) for p, type in self.results]
        if self.segments is None:
            f.loop(0, result_width, 1, lambda x: self._found_column(x, sources, results))
            return
        for segment in self.segments:
            self._segment(segment, sources, results)

    def _terms(self, name, axes, size, position, full):
        """The Terms of a position."""
        f, axis = self.f, axes[0]
        residue, t = f.rem(position, axis.out_step), f.div(position, axis.out_step)
        start, taps, tap = (self._of_residue(name + field, [getattr(a, field) for a in axes], residue)
                            for field in ("start", "taps", "kernel_start"))
        first = f.add(f.mul(t, axis.step), start)
        if full is not None:
            return Terms(first, 0, full, tap)

        def steps(distance):
            """Terms before the one that is so far on."""
            return f.div(f.add(f.most(distance, 0), axis.tap_step - 1), axis.tap_step)
        return Terms(first, steps(f.sub(0, first)), f.least(taps, steps(f.sub(size, first))), tap)

    def _of_residue(self, name, values, residue):
        """values[residue], from a table of the module."""
        if common(values) is not None:
            return values[0]
        table = f"@{name}"
        text = f"{table} = internal constant [{len(values)} x i64] [{', '.join(f'i64 {v}' for v in values)}]"
        if text not in self.tables:
            self.tables.append(text)
        return self.f.load(ir.Reg(table, "ptr"), residue, "i64")

    # ------------------------------------------------------------ columns
    def _segment(self, segment, sources, results):
        f, walk, step, apart = self.f, self.walk, self.walk.columns[0].step, self.walk.columns[0].out_step
        # several pixels to a vector: all positions that they are spread over must be there
        whole = len(segment.cells) == apart
        pixels = min(max(self.lanes // walk.c, 1), segment.hi - segment.lo) if whole else 1

        def some(t):
            """`pixels` steps, the last ones of the segment perhaps for the second time."""
            if (segment.hi - segment.lo) % pixels:
                t = f.least(t, segment.hi - pixels)
            at = [f.at(p, f.mul(t, step * walk.c), type) for p, (_, type) in zip(sources, self.sources)]
            to = [f.at(p, f.mul(t, apart * walk.c), type) for p, (_, type) in zip(results, self.results)]

            def block(channel, counts):
                sources = [f.at(p, channel, type) for p, (_, type) in zip(at, self.sources)]
                places = [f.at(p, channel, type) for p, (_, type) in zip(to, self.results)]
                self._cells(segment.cells, sources, places, counts, pixels)
            if self.blocks * self.nv == 1:
                block(0, [pixels * walk.c])
            else:
                self._each_block(block)
        if segment.hi - segment.lo == pixels:
            some(segment.lo)
        else:
            f.loop(segment.lo, segment.hi, pixels, some)

    def _each_block(self, block):
        """block(first channel, lanes of each vector) for the blocks of this item."""
        f, lanes, size = self.f, self.lanes, self.nv * self.lanes
        rest = self.walk.c - (self.blocks - 1) * size
        even = rest == size
        last = [min(lanes, rest - at) for at in range(0, rest, lanes)]
        if self.blocks == 1:
            block(0, last)
            return
        end = self.end_block if even else f.least(self.end_block, self.blocks - 1)
        f.loop(self.first_block, end, 1, lambda b: block(f.mul(b, size), [lanes] * self.nv))
        if not even and self.splits == 1:
            block((self.blocks - 1) * size, last)
        elif not even:
            f.when(f.compare("eq", self.end_block, self.blocks), lambda: block((self.blocks - 1) * size, last))

    def _cells(self, cells, sources, places, counts, pixels):
        """All results of some steps. counts: lanes of each vector."""
        f, walk, op, lanes, step = self.f, self.walk, self.op, self.lanes, self.walk.columns[0].step
        states = [[None] * len(counts) for _ in cells]

        def row(sources, row_tap, states):
            loaded = {}

            def operands(column, v):
                if (column, v) not in loaded:
                    loaded[column, v] = [self._load(f.at(p, column * walk.c + v * lanes, type), counts[v], type, pixels, step)
                                         for p, (_, type) in zip(sources, self.sources)]
                return loaded[column, v]
            states = [list(of_cell) for of_cell in states]
            for i, (_, terms) in enumerate(cells):
                for column, tap in terms:
                    tap = self._tap(row_tap, tap)
                    for v in range(len(counts)):
                        states[i][v] = op.term(f, states[i][v], operands(column, v), tap)
            return states

        def begin(i):
            terms = cells[i][1]
            return op.start(f, lanes, self._first_tap(terms[0][1] if terms else 0))
        states = self._each_row(row, sources, states, [begin] * len(cells), max(len(terms) for _, terms in cells))
        spread = pixels > 1 and len(cells) > 1
        finished = [[op.finish(f, s) for s in of_cell] for of_cell in states]
        for k, place in enumerate(places):
            if spread:
                pool_lanes.store_pixels(f, [of_cell[0][k] for of_cell in finished], place, pixels, walk.c)
                continue
            for (position, _), of_cell in zip(cells, finished):
                for v, results in enumerate(of_cell):
                    to = f.at(place, position * walk.c + v * lanes, results[k].type)
                    pool_lanes.store_first(f, results[k], to, counts[v])

    def _load(self, pointer, count, type, pixels, step):
        if pixels == 1:
            return pool_lanes.load_first(self.f, pointer, count, type, self.lanes)
        return pool_lanes.load_pixels(self.f, pointer, pixels, step, self.walk.c, type, self.lanes)

    def _found_column(self, x, sources, results):
        """The results of one column, its terms found at run time."""
        f, walk, op, lanes, axis = self.f, self.walk, self.op, self.lanes, self.walk.columns[0]
        terms = self._terms("columns", walk.columns, walk.source[1], x, always_inside(walk.columns, walk.source[1]))
        at = [f.at(p, f.mul(terms.first, walk.c), type) for p, (_, type) in zip(sources, self.sources)]
        to = [f.at(p, f.mul(x, walk.c), type) for p, (_, type) in zip(results, self.results)]
        first_column = self._or_zero(terms, terms.lo) if op.tap_type else 0

        def block(channel, counts):
            def row(sources, row_tap, states):
                def term(j, carried):
                    column = f.mul(j, axis.tap_step * walk.c)
                    tap = self._tap(row_tap, f.add(terms.first_tap, f.mul(j, axis.kernel_step)))
                    new = []
                    for v, (count, state) in enumerate(zip(counts, self._split(carried, [1] * len(counts)))):
                        operands = [pool_lanes.load_first(f, f.at(p, f.add(column, v * lanes), type), count, type, lanes)
                                    for p, (_, type) in zip(sources, self.sources)]
                        new += op.term(f, state[0], operands, tap)
                    return new
                flat = [r for state in states[0] for r in state]
                flat = f.loop(terms.lo, terms.hi, 1, term, flat)
                return [[s for of_one in self._split(flat, [1] * len(counts)) for s in of_one]]

            sources = [f.at(p, channel, type) for p, (_, type) in zip(at, self.sources)]
            places = [f.at(p, channel, type) for p, (_, type) in zip(to, self.results)]
            begin = [lambda i: op.start(f, lanes, self._first_tap(first_column))]
            states = self._each_row(row, sources, [[None] * len(counts)], begin, MOST_UNROLLED + 1)
            for v, state in enumerate(states[0]):
                for place, result in zip(places, op.finish(f, state)):
                    pool_lanes.store_first(f, result, f.at(place, v * lanes, result.type), counts[v])
        self._each_block(block)

    # ------------------------------------------------------------ states and taps
    def _each_row(self, row, sources, states, begin, terms):
        """row(sources, row's tap, states) for each row of terms; begin[i](i): the state of a cell before any."""
        f, walk, axis = self.f, self.walk, self.walk.rows[0]
        step = axis.tap_step * walk.source[1] * walk.c

        def one(j, states):
            at = [f.at(p, f.mul(j, step), type) for p, (_, type) in zip(sources, self.sources)]
            return row(at, self._row_tap(j), states)

        def started(states):
            return [[s or first(i) for s in of_cell] for i, (of_cell, first) in enumerate(zip(states, begin))]
        if self.full_rows is not None and self.full_rows * terms <= MOST_UNROLLED:
            for j in range(self.full_rows):
                states = one(j, states)
            return started(states)
        shape = [len(of_cell) for of_cell in states]

        def body(j, flat):
            return flattened(one(j, self._split(flat, shape)))
        return self._split(f.loop(self.terms.lo, self.terms.hi, 1, body, flattened(started(states))), shape)

    def _split(self, flat, shape):
        """States out of a list of their registers: so many for each cell."""
        each = len(flat) // sum(shape)
        states = [tuple(flat[i:i + each]) for i in range(0, len(flat), each)]
        return [[states.pop(0) for _ in range(n)] for n in shape]

    def _number(self, x):
        """A tap's number in every lane."""
        type = self.op.tap_type
        if isinstance(x, int):
            bits = 8 * BYTES[type]
            return self.f.constant((x + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1), type, self.lanes)
        return self.f.splat(x if type == "i64" else self.f.convert("trunc", x, type), self.lanes)

    def _row_tap(self, j):
        """The number of the first tap of the j-th row of terms: an int or a vector."""
        if self.op.tap_type is None:
            return None
        f = self.f
        tap = f.mul(f.add(self.terms.first_tap, f.mul(j, self.walk.rows[0].kernel_step)), self.walk.taps_a_row)
        return tap if isinstance(tap, int) else self._number(tap)

    def _tap(self, row_tap, tap):
        if row_tap is None:
            return None
        if isinstance(row_tap, int):
            return self._number(self.f.add(row_tap, tap))
        return row_tap if tap == 0 else self.f.binary("add", row_tap, self._number(tap))

    def _first_tap(self, column):
        """The number of the first tap inside, 0 if no row is."""
        if self.op.tap_type is None:
            return None
        if self.full_rows is not None:
            return self._number(column)
        f, terms = self.f, self.terms
        return self._number(self._or_zero(terms, f.add(f.mul(terms.lo, self.walk.taps_a_row), column)))

    def _or_zero(self, terms, value):
        """value, 0 if there are no terms."""
        if isinstance(terms.lo, int) and isinstance(terms.hi, int):
            return value if terms.lo < terms.hi else 0
        some = self.f.compare("slt", terms.lo, terms.hi)
        return self.f.emit(f"select i1 {some}, i64 {value}, i64 0", "i64")


def flattened(states):
    return [register for of_cell in states for state in of_cell for register in state]
