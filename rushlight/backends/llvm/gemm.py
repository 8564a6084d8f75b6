"""Matrix products: c[m,n] = sum over k of a[m,k] * b[k,n], in batches, with any strides.

The result is cut into row tiles and panels of columns, one call of a micro-kernel each. A part of the work takes some tasks; a
task is a range of row tiles x a range of panels (x a chunk of k) of one matrix. It packs what it has to into buffers on the stack, so
that there is no phase for packing and nothing of a or b goes through memory twice. Only where the result is too small to be
divided is k cut into chunks, whose sums go to the workspace and are added by a second phase, in order.
"""
from dataclasses import dataclass, replace
from math import ceil, gcd, inf, prod

from . import ir, tile
from .kernel import Source
from .target import BYTES

PARTS = 16                  # parts of a large product
CYCLES_OF_PART = 15_000     # a part is not made smaller than this
BLOCK_BYTES = 6400          # of packed b on the stack, for each byte of a vector: it should lie in the second-level cache
NEAR_BYTES = 1 << 20         # what stays in the second-level cache
STEPS = 256                 # steps of k between two visits of a tile of c


@dataclass(frozen=True)
class Dot:
    """What to multiply. Strides are in elements, one for each batch size (0: the same matrix again), then two for the matrix.

    type        "float" or "double"
    batch       sizes
    a_strides   (*batch, m, k);  b_strides: (*batch, k, n);  c_strides: (*batch, m, n), that of n being 1
    bias        None, or "n": an operand of n elements in a row, added to every row
    activation  None or "relu"
    """

    type: str
    batch: tuple
    m: int
    n: int
    k: int
    a_strides: tuple
    b_strides: tuple
    c_strides: tuple
    bias: str | None = None
    activation: str | None = None


class Cut:
    """`units` units in `count` pieces that differ by one at most, the larger ones first."""

    def __init__(self, units, limit):
        self.units = units
        self.count = max(1, ceil(units / limit))
        self.size, self.larger = divmod(units, self.count)
        self.sizes = sorted({self.size + (self.larger > 0), self.size}) if self.larger else [self.size]

    def start(self, f, piece):
        """The first unit of a piece."""
        return f.add(f.mul(piece, self.size), f.least(piece, self.larger))

    def loop(self, f, lo, hi, body):
        """body(piece, its size) for pieces lo..hi-1."""
        if not self.larger:
            f.loop(lo, hi, 1, lambda piece: body(piece, self.size))
            return
        f.loop(lo, f.least(hi, self.larger), 1, lambda piece: body(piece, self.size + 1))
        f.loop(f.most(lo, self.larger), hi, 1, lambda piece: body(piece, self.size))


# ---------------------------------------------------------------- choices
def _tiles(m, columns, registers, most, shared, loads, extra):
    """(cycles of one step of k, rows, columns) of the best way to cut m x columns (vectors, or single columns where a tile reduces).

    most        rows and columns of a tile
    shared      registers besides the sums, of a tile of so many rows and columns
    loads       cycles that a step waits for its operands
    extra       cycles of a tile beside the steps, for each sum
    """
    best = (inf,)
    for width in range(1, min(most[1], columns) + 1):
        height = 1
        while height < min(m, most[0]) and (height + 1) * width + shared(height + 1, width) <= registers:
            height += 1
        rows, panels = Cut(m, height), Cut(columns, width)
        cycles = 0
        for r in rows.sizes:
            for w in panels.sizes:
                tiles = (rows.larger if r > rows.size else rows.count - rows.larger) * (
                    panels.larger if w > panels.size else panels.count - panels.larger)
                cycles += tiles * (max(r * w, r + w, 6) / 2 + loads(r, w) + extra * r * w)
        cycles *= 1 + 0.01 * len(rows.sizes) * len(panels.sizes)       # each size is one more function
        best = min(best, (cycles, -width, height))
    return best[0], best[2], -best[1]


class Plan:
    """How a product is done. See the module's text; `reducing` is for operands that both lie along k."""

    def __init__(self, spec, host):
        self.spec, self.type, self.lanes, self.bytes = spec, spec.type, host.lanes(spec.type), BYTES[spec.type]
        m, n, k = spec.m, spec.n, spec.k
        # a stride over one element may be any number
        self.a_row, self.a_step = spec.a_strides[-2] if m > 1 else 0, spec.a_strides[-1] if k > 1 else 1
        self.b_step, self.b_column = spec.b_strides[-2] if k > 1 else 1, spec.b_strides[-1] if n > 1 else 1
        self.c_row = spec.c_strides[-2] if m > 1 else n
        self.batch, self.room = prod(spec.batch), BLOCK_BYTES * host.vector
        self._choose_tile(host)
        self._choose_tasks()
        self._choose_packing()

    def _choose_tile(self, host):
        m, n, k, lanes = self.spec.m, self.spec.n, self.spec.k, self.lanes
        vectors, vector_steps = ceil(n / lanes), max(1, ceil(k / lanes))
        cycles, rows, width = _tiles(m, vectors, host.registers, (m, 8), shared=lambda r, w: w + 1,
                                     loads=lambda r, w: w / 2.5 + r / (4 if self._collide(r) else 8), extra=1 / max(k, 1))
        cycles *= k
        pack = 0 if self.b_column == 1 else 4 * k * vectors
        self.reducing, self.unit = False, lanes
        if self.a_step == self.b_step == 1 and k > 1:
            other = _tiles(m, n, host.registers, (8, min(8, lanes)), shared=lambda r, w: min(r, w) + 1,
                           loads=lambda r, w: (r + w) / 4, extra=3 / vector_steps)
            if other[0] * vector_steps < cycles + pack:
                (cycles, rows, width), self.reducing, self.unit = other, True, 1
                cycles, pack = cycles * vector_steps, 0
        moved = m * k + k * n + 2 * m * n
        self.cycles = self.batch * max(cycles + pack, moved * self.bytes / 8)
        self.rows, self.panels = Cut(m, rows), Cut(ceil(n / self.unit), width)

    def _choose_tasks(self):
        """row_tasks x column_tasks of each matrix and chunks of k: about as many tasks as there shall be parts, or half of them."""
        k = self.spec.k
        wanted = int(min(PARTS, max(1, self.cycles // CYCLES_OF_PART)))
        each = ceil(wanted / self.batch)
        best = (inf,)
        for chunks in range(1, min(each, max(1, k // 128)) + 1):
            for row_tasks in range(1, min(self.rows.count, each) + 1):
                for column_tasks in {min(self.panels.count, ceil(each / share / (row_tasks * chunks))) for share in (1, 2)}:
                    best = min(best, (self._cost(chunks, row_tasks, column_tasks, each), chunks, row_tasks, column_tasks))
        _, chunks, self.row_tasks, self.column_tasks = best
        self.chunk = ceil(k / chunks / self.lanes) * self.lanes if chunks > 1 else k
        self.chunks = ceil(k / self.chunk) if chunks > 1 else 1
        self.tasks = self.chunks * self.batch * self.row_tasks * self.column_tasks
        self.parts = min(wanted, self.tasks) if each == 1 else self.tasks

    def _cost(self, chunks, row_tasks, column_tasks, wanted):
        """Cycles of one matrix cut so."""
        m, n = self.spec.m, self.spec.n
        tasks = chunks * row_tasks * column_tasks
        missing = wanted / tasks
        missing = max(1 + 0.02 * (missing > 1), missing / 2 if wanted > 8 else missing)           # eight parts will do
        uneven = (ceil(self.rows.count / row_tasks) * row_tasks / self.rows.count
                  * ceil(self.panels.count / column_tasks) * column_tasks / self.panels.count)
        if self.batch == 1 and wanted > 1:
            uneven *= (tasks + tasks % 2) / tasks
        read_a, read_b = self._reading(row_tasks, column_tasks, chunks)
        cost = self.cycles / self.batch * max((3 + uneven) / 4, missing) + read_a + read_b
        if chunks > 1:
            cost = 1.02 * (cost + chunks * m * n * self.bytes / 4)
        if self._streams():                                                # long lines of b are read faster
            cost *= 1 + 100 * column_tasks / n
        return cost

    def _collide(self, rows):
        """Whether so many rows of a, as it lies, are too many for the sets of the first-level cache that they share."""
        if self.a_step != 1 or not self.a_row:
            return False
        lines = max(1, 4096 // gcd(self.a_row * self.bytes, 4096))
        return rows > 8 * lines

    def _reading(self, row_tasks, column_tasks, chunks):
        """Cycles that getting at a and b takes, packing included, where each task does it for itself."""
        m, n, k = self.spec.m, self.spec.n, self.spec.k
        blocks = max(column_tasks, k * n * self.bytes / self.room)
        a = _passes(m * k * self.bytes, blocks, row_tasks * chunks)
        b = _passes(k * n * self.bytes, row_tasks, column_tasks * chunks)
        if self.b_column == 1 and column_tasks > 1:                        # lines of b are read in short pieces
            b *= 1 + 256 * column_tasks / (n * self.bytes)
        if self._packs_a(m > 1 and self.panels.count > column_tasks):
            a += 0.35 * m * k * blocks
        if not self.reducing and row_tasks < self.rows.count:
            b += k * n * row_tasks * (0.25 if self.b_column == 1 else 0.45)
        return a, b

    def _packs_a(self, often):
        """Whether rows of a are packed: they are used often, and broadcasting from where they lie would miss the caches."""
        apart = self.a_step * self.bytes >= 2048 or self.a_row != 1 != self.a_step
        return often and not self.reducing and self.spec.m > 1 and self.spec.k > 8 and (apart or self._collide(self.rows.sizes[-1]))

    def _streams(self):
        """Whether b comes from memory, line by line, for one use or two."""
        return not self.reducing and self.b_column == 1 and self.rows.count <= 2 and self.spec.k * self.spec.n * self.bytes > self.room

    def _choose_packing(self):
        n, k = self.spec.n, self.spec.k
        row_tiles = ceil(self.rows.count / self.row_tasks)
        panels = ceil(self.panels.count / self.column_tasks)
        near = k * n * self.bytes <= self.room / 2                          # b may stay where it is
        self.pack_b = not self.reducing and not (self.b_column == 1 and (row_tiles <= 2 or near))
        self.pack_a = self._packs_a(panels > 1)
        self.block = panels                                                 # panels between two packings of b
        if self.reducing:
            steps = 1024 if row_tiles > 1 else self.chunk
            self.block = 1 if row_tiles > 1 else panels
        elif self.pack_b or near or row_tiles > 2:
            steps = STEPS
        else:                                                               # b streams by, as whole lines: few of them at a time
            steps = 32 if self.rows.sizes[-1] > 4 else 16
        blocks = max(1, ceil(self.chunk / steps))
        self.steps = max(1, ceil(self.chunk / blocks))
        if blocks > 1:
            self.steps = ceil(self.steps / self.lanes) * self.lanes
        if self.pack_b:
            fitting = self.room // (self.steps * self.lanes * self.bytes)
            self.block = max(1, min(panels, fitting // self.panels.sizes[-1]))
        self.column = (self.steps + 1) * self.lanes                         # elements of a packed column of vectors
        self.b_room = self.block * self.panels.sizes[-1] * self.column if self.pack_b else 0
        self.a_room = self.rows.sizes[-1] * self.steps + self.lanes if self.pack_a else 0


# ---------------------------------------------------------------- writing
class Writer:
    """Writes the functions of a plan. operands: which arguments a and b are."""

    def __init__(self, plan, operands=(0, 1)):
        self.operands = operands
        self.plan, self.spec, self.type, self.lanes = plan, plan.spec, plan.type, plan.lanes
        self.functions = []
        self.partial = plan.chunks > 1                                      # results go to the workspace first
        self.relu = self.spec.activation == "relu" and not self.partial
        self.c_row = self.spec.n if self.partial else plan.c_row
        self.tiles = {(r, w): self._tile(r, w) for r in plan.rows.sizes for w in plan.panels.sizes}
        if plan.pack_a:
            self.pack_a = self._add(tile.pack_tile("pack_a", self.type, self.lanes, plan.a_row, plan.a_step))
        if plan.pack_b:
            how = self.type, self.lanes, plan.b_column, plan.b_step
            one = self._add(tile.pack_tile("pack_b", *how))
            self.pack_b = self._add(tile.pack_columns("pack_columns", *how, plan.column, one))

    def _add(self, function):
        self.functions.append(function)
        return function

    def _tile(self, rows, width):
        plan, name = self.plan, f"tile{rows}x{width}"
        if plan.reducing:
            return self._add(tile.reducing_tile(name, self.type, self.lanes, rows, width, plan.a_row, plan.b_column, self.c_row,
                                                self.relu))
        a = (1, rows) if plan.pack_a else (plan.a_row, plan.a_step)
        b = (self.lanes, plan.column) if plan.pack_b else (plan.b_step, self.lanes)
        return self._add(tile.broadcast_tile(name, self.type, self.lanes, rows, width, a, b, self.c_row,
                                             self.spec.n % self.lanes > 0, self.relu))

    def _batch_offset(self, f, number, strides):
        """Where matrix `number` of an operand starts, in elements."""
        offset = 0
        for size, stride in zip(reversed(self.spec.batch), reversed(strides[:-2])):
            offset = f.add(offset, f.mul(f.rem(number, size), stride))
            number = f.div(number, size)
        return offset

    def products(self):
        """The phase that multiplies."""
        f, plan, spec = ir.Function("dot"), self.plan, self.spec
        biased = spec.bias is not None
        a, b, c = f.argument(self.operands[0]), f.argument(self.operands[1]), f.argument(2 + biased)
        bias = f.argument(2) if biased and not self.partial else None
        workspace = f.argument(3 + biased) if self.partial else None
        a_room = f.emit(f"alloca [{plan.a_room} x {self.type}], align 64", "ptr") if plan.pack_a else None
        b_room = f.emit(f"alloca [{plan.b_room} x {self.type}], align 64", "ptr") if plan.pack_b else None

        def task(number):
            matrix = f.div(number, plan.row_tasks * plan.column_tasks)
            row_task = f.rem(f.div(number, plan.column_tasks), plan.row_tasks)
            column_task = f.rem(number, plan.column_tasks)
            chunk, matrix = f.div(matrix, plan.batch) if self.partial else 0, f.rem(matrix, plan.batch)
            k0 = f.mul(chunk, plan.chunk)
            at_a = f.at(a, self._batch_offset(f, matrix, spec.a_strides), self.type)
            at_b = f.at(b, self._batch_offset(f, matrix, spec.b_strides), self.type)
            if self.partial:
                at_c = f.at(workspace, f.mul(f.add(f.mul(chunk, plan.batch), matrix), spec.m * spec.n), self.type)
            else:
                at_c = f.at(c, self._batch_offset(f, matrix, spec.c_strides), self.type)
            self._task(f, at_a, at_b, at_c, bias, a_room, b_room,
                       _range(f, plan.rows.count, row_task, plan.row_tasks), _range(f, plan.panels.count, column_task, plan.column_tasks),
                       k0, f.least(f.add(k0, plan.chunk), spec.k))

        lo, hi = f.share(plan.tasks)
        f.loop(lo, hi, 1, task)
        return self._add(f)

    def _task(self, f, a, b, c, bias, a_room, b_room, row_range, panel_range, k0, k1):
        plan, type = self.plan, self.type
        rows, panels = plan.rows, plan.panels
        start, step = (bias, 0) if bias is not None else (ir.Reg("@zeros", "ptr"), 0)
        single = plan.steps >= plan.chunk                                   # all of k in one visit

        def column(panel):
            return f.mul(panels.start(f, panel), plan.unit)

        def block(first_panel):
            last_panel = f.least(f.add(first_panel, plan.block), panel_range[1])
            n0 = column(first_panel)

            def steps(k):
                count = f.least(f.sub(k1, k), plan.steps)
                first = None if single else f.compare("eq", k, k0)
                floor = self._floor(f, None if single else f.compare("sge", f.add(k, plan.steps), k1))
                here = f.at(b, f.add(f.mul(k, plan.b_step), f.mul(n0, plan.b_column)), type)
                if plan.pack_b:
                    width = f.sub(f.least(column(last_panel), self.spec.n), n0)
                    f.call(self.pack_b, here, b_room, width, count, 0)

                def row_tile(row, height):
                    m0 = rows.start(f, row)
                    at_a = f.at(a, f.add(f.mul(m0, plan.a_row), f.mul(k, plan.a_step)), type)
                    if plan.pack_a:
                        for i in reversed(range(0, height, self.lanes)):    # whole vectors last: they mend what an overlap spoils
                            f.call(self.pack_a, f.at(at_a, i * plan.a_row, type), f.at(a_room, i, type),
                                   min(self.lanes, height - i), count, height)
                        at_a = a_room

                    def panel(number, width):
                        n = column(number)
                        past = f.sub(n, n0)
                        if plan.pack_b:
                            at_b = f.at(b_room, f.mul(f.div(past, self.lanes), plan.column), type)
                        else:
                            at_b = f.at(here, f.mul(past, plan.b_column), type)
                        at_c = f.at(c, f.add(f.mul(m0, self.c_row), n), type)
                        init = f.at(start, n, type) if bias is not None else start
                        stride = step
                        if not single:
                            init = f.select(first, init, at_c)
                            stride = f.emit(f"select i1 {first}, i64 0, i64 {self.c_row}", "i64")
                        f.call(self.tiles[height, width], at_a, at_b, at_c, count, init, stride, f.sub(self.spec.n, n), floor)

                    panels.loop(f, first_panel, last_panel, panel)
                rows.loop(f, *row_range, row_tile)

            if single:
                steps(k0)
            else:
                f.loop(k0, k1, plan.steps, steps)
        if plan.block >= ceil(panels.count / plan.column_tasks):
            block(panel_range[0])
        else:
            f.loop(*panel_range, plan.block, block)

    def _floor(self, f, last):
        zero, lowest = f.constant(0, self.type), f.constant(-inf, self.type)
        if not self.relu:
            return lowest
        return zero if last is None else f.select(last, zero, lowest)

    def total(self):
        """The phase that adds the chunks' sums."""
        f, spec, type = ir.Function("total"), self.spec, self.type
        biased = spec.bias is not None
        c, workspace = f.argument(2 + biased), f.argument(3 + biased)
        bias = f.argument(2) if biased else None
        size = self.plan.batch * spec.m * spec.n
        whole = spec.n // self.lanes * self.lanes

        def row(number):
            matrix, i = f.div(number, spec.m), f.rem(number, spec.m)
            at_c = f.at(c, f.add(self._batch_offset(f, matrix, spec.c_strides), f.mul(i, self.plan.c_row)), type)
            source = f.at(workspace, f.mul(number, spec.n), type)

            def vector(j, mask=None):
                start = f.load(bias, j, type, self.lanes, mask) if biased else f.zero(type, self.lanes)
                at = f.at(source, j, type)
                x = f.loop(0, self.plan.chunks, 1, lambda chunk, sums: [
                    f.binary("fadd", sums[0], f.load(at, f.mul(chunk, size), type, self.lanes, mask))], [start])[0]
                if spec.activation == "relu":
                    x = f.select(f.test("fcmp olt", x, f.zero(type, self.lanes)), f.zero(type, self.lanes), x)
                f.store(x, at_c, j, mask)

            f.loop(0, whole, self.lanes, vector)
            if whole < spec.n:
                vector(whole, f.first_lanes(spec.n - whole, self.lanes))

        lo, hi = f.share(self.plan.batch * spec.m)
        f.loop(lo, hi, 1, row)
        return self._add(f)


def _passes(size, times, pieces):
    """Cycles of reading an operand of so many bytes `times` times, in pieces: the first time from memory, where it is large, and
    again from where a piece stays.
    """
    return size / (16 if size < NEAR_BYTES else 4) + (times - 1) * size / (16 if size / pieces < NEAR_BYTES else 4)


def _range(f, count, task, tasks):
    """The pieces [lo, hi) of range(count) of one of `tasks` tasks."""
    return f.div(f.mul(task, count), tasks), f.div(f.mul(f.add(task, 1), count), tasks)


def _turned(spec):
    """A matrix times a vector, where the matrix lies along m, as a vector times the transposed matrix; None for other products."""
    if spec.n > 1 or spec.m == 1 or spec.bias or spec.a_strides[-2] != 1 or spec.c_strides[-2] != 1:
        return None
    return replace(spec, m=1, n=spec.m, a_strides=(*spec.b_strides[:-2], 0, spec.b_strides[-2]),
                   b_strides=(*spec.a_strides[:-2], spec.a_strides[-1], 1), c_strides=(*spec.c_strides[:-2], 0, 1))


def dot(spec, host):
    """The kernel of a Dot. Arguments: a, b, the bias if there is one, c, the workspace."""
    turned = _turned(spec)
    spec = turned or spec
    m, n, k, batch = spec.m, spec.n, spec.k, prod(spec.batch)
    if not m * n * batch:
        return Source("", ())
    plan = Plan(spec, host)
    writer = Writer(plan, (1, 0) if turned else (0, 1))
    writer.products()
    phases, workspace = [("dot", plan.parts)], 0
    if plan.chunks > 1:
        writer.total()
        workspace = plan.chunks * batch * m * n * plan.bytes
        phases.append(("total", max(1, min(batch * m, PARTS, plan.chunks * batch * m * n // 50_000))))
    zeros = plan.lanes * plan.panels.sizes[-1]
    text = f"@zeros = internal constant [{zeros} x {spec.type}] zeroinitializer, align 64\n" + ir.module(*writer.functions)
    size = m * n + bool(spec.bias) * n
    return Source(text, tuple(phases), workspace, batch * m * n * (2 * k + (spec.bias is not None)),
                  plan.bytes * batch * (m * k + k * n + size))
