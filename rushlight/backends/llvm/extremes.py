"""Where the largest or least element along a dimension is: the first of equals; a NaN counts as the extreme."""
from dataclasses import dataclass

from . import columns, ir, scalar_ops
from .kernel import Source
from .target import BYTES


@dataclass(frozen=True)
class ArgExtreme:
    """int64 (outer, inner) of an array (outer, n, inner) without gaps. how: "max" or "min". Arguments: array, result."""

    dtype: str
    how: str
    outer: int
    n: int
    inner: int


def generate(spec, host):
    """The Source of an argmax or argmin."""
    maker = _Maker(spec, host)
    total = spec.outer * spec.n * spec.inner
    functions, phases, workspace = maker.write()
    return Source(ir.module(*functions), phases, workspace, total, total * BYTES[maker.type] + 8 * spec.outer * spec.inner)


class _Maker:
    def __init__(self, spec, host):
        self.spec = spec
        self.type = scalar_ops.MEMORY[spec.dtype]
        wide = BYTES[self.type] == 8 or spec.n >= 1 << 31
        self.lanes = host.lanes("double" if wide else "float")
        self.index = "i64" if wide else "i32"

    def write(self):
        """(functions, phases, bytes of workspace)."""
        spec, lanes = self.spec, self.lanes
        f = ir.Function("extreme")
        if spec.inner > 1:
            parts = columns.column_parts(spec, lanes)
            columns.walk(f, spec, parts, lanes, lambda a, c, mask: self._columns(
                f, f.add(f.mul(a, spec.n * spec.inner), c), spec.inner, 1, f.add(f.mul(a, spec.inner), c), mask))
            return (f,), (("extreme", parts),), 0
        parts = columns.parts_of(spec.outer, spec.n)
        if spec.n <= 4 * lanes:                     # rows as columns
            parts = max(1, min(parts, spec.outer // lanes))
            lo, hi = f.share(spec.outer, lanes) if parts > 1 else (0, spec.outer)
            columns.vectors(f, lo, hi, lanes, lambda a, mask: self._columns(f, f.mul(a, spec.n), 1, spec.n, a, mask))
            return (f,), (("extreme", parts),), 0
        self.buffers = [f.emit(f"alloca [{lanes} x {type}], align 64", "ptr") for type in (self.type, self.index)]
        if parts == 1 or spec.outer >= 2 * parts:
            source, result = f.argument(0), f.argument(1)
            lo, hi = f.share(spec.outer) if parts > 1 else (0, spec.outer)
            f.loop(lo, hi, 1, lambda a: f.store(self._row(f, f.at(source, f.mul(a, spec.n), self.type), 0, spec.n)[1], result, a))
            return (f,), (("extreme", parts),), 0
        return self._chunks(f, parts)

    # ---------------------------------------------------------------- one after the other
    def _better(self, f, x, best):
        """Whether x, which comes later, takes the place of the best so far."""
        greater = self.spec.how == "max"
        if self.spec.dtype in scalar_ops.FLOATS:
            return f.binary("and", f.test("fcmp ugt" if greater else "fcmp ult", x, best), f.test("fcmp ord", best, best))
        sign = "u" if self.spec.dtype in ("uint8", "bool") else "s"
        return f.test(f"icmp {sign}{'gt' if greater else 'lt'}", x, best)

    def _equal(self, f, x, y):
        """Whether neither is better."""
        if self.spec.dtype in scalar_ops.FLOATS:
            both = f.binary("and", f.test("fcmp uno", x, x), f.test("fcmp uno", y, y))
            return f.binary("or", f.test("fcmp oeq", x, y), both)
        return f.test("icmp eq", x, y)

    def _number(self, f, i):
        """An i64 in every lane of an index vector."""
        i = ir.Reg(str(i), "i64")
        return f.splat(i if self.index == "i64" else f.convert("trunc", i, "i32"), self.lanes)

    def _columns(self, f, start, step, apart, result, mask):
        """A vector of columns: elements `apart`, each column's own `step` apart."""
        spec, lanes = self.spec, self.lanes
        source = f.argument(0)

        def load(k):
            at = f.add(start, f.mul(k, step))
            return f.load(source, at, self.type, lanes, mask) if apart == 1 else gathered(f, source, at, apart, self.type, lanes, mask)

        def one(k, carried):
            best, index = carried
            x = load(k)
            better = self._better(f, x, best)
            return [f.select(better, x, best), f.select(better, self._number(f, k), index)]

        _, index = f.loop(1, spec.n, 1, one, [load(0), f.zero(self.index, lanes)])
        index = index if self.index == "i64" else f.convert("sext", index, "i64")
        f.store(index, f.argument(1), result, mask)

    # ---------------------------------------------------------------- vectors along a row
    def _row(self, f, source, lo, hi):
        """(value, index) of the extreme among source[lo:hi], at least a vector of elements."""
        lanes = self.lanes
        ramp = ir.Reg("<" + ", ".join(f"{self.index} {i}" for i in range(lanes)) + ">", self.index, lanes)

        def one(i, carried, mask=None):
            best, index = carried
            x = f.load(source, i, self.type, lanes, mask)
            better = self._better(f, x, best)
            if mask is not None:
                better = f.binary("and", better, mask)
            return [f.select(better, x, best), f.select(better, f.binary("add", self._number(f, i), ramp), index)]

        state = [f.load(source, lo, self.type, lanes), f.binary("add", self._number(f, lo), ramp)]
        whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), lanes), lanes))
        state = f.loop(f.add(lo, lanes), whole, lanes, one, state)
        state = f.loop(whole, hi, lanes, lambda i, carried: one(i, carried, f.first_lanes(f.sub(hi, i), lanes)), state)
        value, index = self.buffers
        f.store(state[0], value)
        f.store(state[1], index)

        def lane(i, carried):
            return self._either(f, carried, (f.load(value, i, self.type), self._wide(f, f.load(index, i, self.index))))

        return f.loop(1, lanes, 1, lane, [f.load(value, 0, self.type), self._wide(f, f.load(index, 0, self.index))])

    def _wide(self, f, i):
        return i if i.type == "i64" else f.convert("sext", i, "i64")

    def _either(self, f, a, b):
        """Of two (value, index) the better, or that with the lower index."""
        before = f.binary("and", self._equal(f, a[0], b[0]), f.compare("slt", b[1], a[1]))
        second = f.binary("or", self._better(f, b[0], a[0]), before)
        return [f.select(second, y, x) for x, y in zip(a, b)]

    def _chunks(self, f, parts):
        """Few long rows: a part's share of each first, then the best of them."""
        spec = self.spec
        count = spec.outer * parts
        parts = max(1, min(parts, spec.n // (4 * self.lanes)))
        indices = -(-count * BYTES[self.type] // 64) * 64
        g = ir.Function("choose")

        def slots(h):
            workspace = h.argument(2)
            return workspace, h.at(workspace, indices, "i8")

        source, (values, places) = f.argument(0), slots(f)
        lo, hi = f.share(spec.n, self.lanes)

        def row(a):
            found = self._row(f, f.at(source, f.mul(a, spec.n), self.type), lo, hi)
            at = f.add(f.mul(a, parts), ir.PART)
            f.store(found[0], values, at)
            f.store(found[1], places, at)

        f.loop(0, spec.outer, 1, row)
        values, places = slots(g)

        def choose(a):
            at = g.mul(a, parts)
            first = [g.load(values, at, self.type), g.load(places, at, "i64")]
            best = g.loop(1, parts, 1, lambda p, carried: self._either(
                g, carried, (g.load(values, g.add(at, p), self.type), g.load(places, g.add(at, p), "i64"))), first)
            g.store(best[1], g.argument(1), a)

        g.loop(0, spec.outer, 1, choose)
        return (f, g), (("extreme", parts), ("choose", 1)), indices + 8 * count


def gathered(f, source, at, apart, type, lanes, mask):
    """Elements that lie `apart`; 0 where the mask is off."""
    ramp = "<" + ", ".join(f"i64 {i * apart}" for i in range(lanes)) + ">"
    base = f.at(source, at, type)
    where = f.emit(f"getelementptr {type}, ptr {base}, <{lanes} x i64> {ramp}", "ptr", lanes)
    short = {"float": "f32", "double": "f64"}.get(type, type)
    mask = mask if mask is not None else f.first_lanes(lanes, lanes)
    return f.intrinsic(f"llvm.masked.gather.v{lanes}{short}.v{lanes}p0", type, lanes, where, mask, f.zero(type, lanes), align=BYTES[type])
