"""Loop nests whose reductions keep the innermost dimension: sums over rows, one result for each column.

Rows are walked as they lie in memory. The running results of all columns stay in registers where they fit, else in a buffer
in the first-level cache. Every so many rows they are added to a second set, so that rounding errors do not grow with the rows.
"""
from math import prod

from . import ir, scalar_ops
from .kernel import Source
from .nest import parts_for
from .nest_writer import Writer, combine

_BLOCK = 1024               # columns walked together when their results lie in memory
_ROWS = 256                 # rows that are added up before their sum is added to the rest
_REGISTERS = 12             # running results in vectors that fit beside a nest's other values


class Columns(Writer):
    def source(self):
        nest = self.nest
        parts = parts_for(nest)
        self.outer = [d for d in self.kept if d != self.inner]
        self.reduced = list(nest.reduced)
        n = nest.shape[self.inner]
        self.vectors = -(-n // self.lanes)
        kept_outer = prod(nest.shape[d] for d in self.outer)
        f = ir.Function("nest")
        if parts == 1 or kept_outer >= 2 * parts or -(-n // (4 * self.lanes)) >= parts:
            split = None if parts == 1 else self._split(self.outer, parts) if kept_outer >= 2 * parts else self.inner
            self._emit(f, split, None)
            return Source(ir.module(f), (("nest", parts),), 0, *self.counts())
        bases, strides, count, size = self.partials_layout(parts)
        longest = max(self.reduced, key=lambda d: (nest.shape[d] >= parts, -d))
        self._emit(f, longest, (bases, strides, count))
        g = ir.Function("combine")
        self._combine(g, parts, bases, strides, count)
        return Source(ir.module(f, g), (("nest", parts), ("combine", 1)), size, *self.counts())

    def _emit(self, f, split, partial):
        nest = self.nest
        self.begin(f, split, partial)
        columns = nest.shape[self.inner] if split != self.inner else 0
        self.in_registers = columns and self.vectors * len(nest.sums) <= _REGISTERS
        self.blocked = prod(nest.shape[d] for d in self.reduced) > _ROWS
        if not self.in_registers:
            self.buffers = [[f.emit(f"alloca [{min(_BLOCK, self.vectors * self.lanes)} x {self._memory(node)}], align 64", "ptr")
                             for _, node, _ in nest.sums] for _ in range(1 + self.blocked)]
        self._outer(0, {}, {})

    def _memory(self, node):
        return scalar_ops.MEMORY[self.summed(node)]

    def _outer(self, k, index, done):
        """The loops over dimensions that stay, but for the innermost."""
        self.mask = None
        done = dict(done)
        self._compute(done, index)
        if k < len(self.outer):
            d = self.outer[k]
            lo, hi = self._range(d)
            self.f.loop(lo, hi, 1, lambda i: self._outer(k + 1, {**index, d: i}, done))
        elif self.in_registers:
            self._registers(index, done)
        else:
            lo, hi = self._range(self.inner)
            if isinstance(hi, int) and hi <= _BLOCK:
                self._block(lo, hi, index, done)
            else:
                self.f.loop(lo, hi, _BLOCK, lambda at: self._block(at, self.f.least(self.f.add(at, _BLOCK), hi), index, done))

    # ------------------------------------------------------------ results in registers
    def _registers(self, index, done):
        n, lanes = self.nest.shape[self.inner], self.lanes
        self.columns = [(v * lanes, self.f.first_lanes(n - v * lanes, lanes) if n - v * lanes < lanes else None)
                        for v in range(self.vectors)]
        totals = self._rows_in_registers(0, index, done, self._start(lanes) * self.vectors)
        size = len(self.nest.sums)
        for v, (at, mask) in enumerate(self.columns):
            self._finish({**index, self.inner: at}, mask, totals[v * size:(v + 1) * size])

    def _rows_in_registers(self, k, index, done, totals):
        """The loops over reduced dimensions; gives the new totals (those of the first vector of columns first)."""
        f = self.f
        self.mask = None
        done = dict(done)
        self._compute(done, index)
        if k == len(self.reduced):
            return self._row_in_registers(index, done, totals)
        d = self.reduced[k]
        lo, hi = self._range(d)

        def row(i, carried):
            return self._rows_in_registers(k + 1, {**index, d: i}, done, carried)

        if k < len(self.reduced) - 1 or not self.blocked:
            return f.loop(lo, hi, 1, row, totals)

        def rows(at, carried):
            fresh = f.loop(at, f.least(f.add(at, _ROWS), hi), 1, row, self._start(self.lanes) * self.vectors)
            return self._joined(carried, fresh)

        return f.loop(lo, hi, _ROWS, rows, totals)

    def _row_in_registers(self, index, done, totals):
        new, size = [], len(self.nest.sums)
        for v, (at, mask) in enumerate(self.columns):
            new += self._vector(at, mask, index, done, totals[v * size:(v + 1) * size])
        return new

    def _vector(self, at, mask, index, done, totals):
        """One vector of a row: everything computed, stored, and added to the totals."""
        self.mask = mask
        done, index = dict(done), {**index, self.inner: at}
        self._compute(done, index)
        return self._body(index, done, mask, totals)

    def _joined(self, totals, more):
        sums = self.nest.sums
        return [combine(self.f, sums[i % len(sums)][0], a, b, self.summed(sums[i % len(sums)][1]))
                for i, (a, b) in enumerate(zip(totals, more))]

    # ------------------------------------------------------------ results in memory
    def _block(self, lo, hi, index, done):
        """Columns lo..hi-1: all their rows."""
        last = self.buffers[-1]
        self._each(lo, hi, lambda at, mask: self._put(last, at, lo, self._start(self.lanes)))
        self._rows_in_memory(0, lo, hi, index, done)
        self._each(lo, hi, lambda at, mask: self._finish({**index, self.inner: at}, mask, self._get(last, at, lo)))

    def _rows_in_memory(self, k, lo, hi, index, done):
        f = self.f
        self.mask = None
        done = dict(done)
        self._compute(done, index)
        first, last = self.buffers[0], self.buffers[-1]
        if k == len(self.reduced):
            self._each(lo, hi, lambda at, mask: self._put(first, at, lo, self._vector(at, mask, index, done, self._get(first, at, lo))))
            return
        d = self.reduced[k]
        start, end = self._range(d)

        def row(i):
            self._rows_in_memory(k + 1, lo, hi, {**index, d: i}, done)

        if k < len(self.reduced) - 1 or not self.blocked:
            f.loop(start, end, 1, row)
            return

        def rows(at):
            self._each(lo, hi, lambda c, mask: self._put(first, c, lo, self._start(self.lanes)))
            f.loop(at, f.least(f.add(at, _ROWS), end), 1, row)
            self._each(lo, hi, lambda c, mask: self._put(last, c, lo, self._joined(self._get(last, c, lo), self._get(first, c, lo))))

        f.loop(start, end, _ROWS, rows)

    def _each(self, lo, hi, body):
        """body(first column, mask) for the vectors of columns lo..hi-1."""
        f, lanes = self.f, self.lanes
        whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), lanes), lanes))
        f.loop(lo, whole, lanes, lambda at: body(at, None) and None)
        if isinstance(whole, int) and isinstance(hi, int):
            if hi > whole:
                body(whole, f.first_lanes(hi - whole, lanes))
        elif self.nest.shape[self.inner] % lanes:
            f.loop(whole, hi, lanes, lambda at: body(at, f.first_lanes(f.sub(hi, at), lanes)) and None)    # once, or not at all

    def _get(self, buffers, at, lo):
        f = self.f
        return [self._from_memory(f, f.load(buffer, f.sub(at, lo), self._memory(node), self.lanes), self.summed(node))
                for buffer, (_, node, _) in zip(buffers, self.nest.sums)]

    def _put(self, buffers, at, lo, values):
        f = self.f
        for buffer, value, (_, node, _) in zip(buffers, values, self.nest.sums):
            f.store(self._to_memory(f, value, self.summed(node)), buffer, f.sub(at, lo))
