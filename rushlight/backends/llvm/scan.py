"""Running sums, products, extremes and where they were, and log-sums of exponentials, along a dimension.

Each column is walked from its beginning to its end, since that is the order in which its sums are rounded; there are many columns at
a time. float32 sums and products are carried in double.
"""
import math
from dataclasses import dataclass

from . import columns, ir, scalar_ops
from . import mathematics as m
from .kernel import Source
from .target import BYTES

_ROWS = 4                   # rows walked together, so that they need not wait for their own additions


@dataclass(frozen=True)
class Scan:
    """An array (outer, n, inner) without gaps. how: sum, prod, max, min, logsumexp, argmax, argmin. Arguments: array, result."""

    dtype: str
    how: str
    outer: int
    n: int
    inner: int


def generate(spec, host):
    """The Source of a scan."""
    f = ir.Function("scan")
    if spec.inner > 1:
        lanes = host.lanes("double")
        parts = columns.column_parts(spec, lanes)
        columns.walk(f, spec, parts, lanes, lambda a, c, mask: _Columns(f, spec, lanes, mask).walk(
            [f.add(f.mul(a, spec.n * spec.inner), c)]))
    else:
        parts = min(columns.parts_of(spec.outer, spec.n), max(1, spec.outer // _ROWS))
        lo, hi = f.share(spec.outer, _ROWS) if parts > 1 else (0, spec.outer)
        whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), _ROWS), _ROWS))
        walk = _Columns(f, spec, 0, None).walk
        f.loop(lo, whole, _ROWS, lambda a: walk([f.mul(f.add(a, i), spec.n) for i in range(_ROWS)]))
        f.loop(whole, hi, 1, lambda a: walk([f.mul(a, spec.n)]))
    total = spec.outer * spec.n * spec.inner
    item = BYTES[scalar_ops.MEMORY[spec.dtype]]
    return Source(ir.module(f), (("scan", parts),), 0, total, total * (item + (8 if spec.how.startswith("arg") else item)))


class _Columns:
    """Vectors of columns, or single ones for lanes 0, walked together."""

    def __init__(self, f, spec, lanes, mask):
        self.f, self.spec, self.lanes, self.mask = f, spec, lanes, mask
        self.memory = scalar_ops.MEMORY[spec.dtype]
        self.source, self.result = f.argument(0), f.argument(1)
        self.floating = spec.dtype in scalar_ops.FLOATS
        self.widened = spec.dtype == "float32" and spec.how in ("sum", "prod")

    def walk(self, starts):
        """starts: where the columns begin."""
        f, spec = self.f, self.spec
        state = []
        for at in starts:
            state += self._begin(at)
        size = len(state) // len(starts)

        def one(k, carried):
            found = []
            for i, at in enumerate(starts):
                at = f.add(at, f.mul(k, spec.inner))
                found += self._step(carried[i * size:(i + 1) * size], self._load(at), k)
                self._store(found[-1], at)
            return found

        f.loop(1, spec.n, 1, one, state)

    def _load(self, at):
        x = self.f.load(self.source, at, self.memory, self.lanes, self.mask)
        return self.f.convert("fpext", x, "double") if self.widened else x

    def _store(self, x, at):
        self.f.store(self.f.convert("fptrunc", x, "float") if self.widened else x, self.result, at, self.mask)

    def _begin(self, at):
        x = self._load(at)
        state = [x, self.f.zero("i64", self.lanes)] if self.spec.how.startswith("arg") else [x]
        self._store(state[-1], at)
        return state

    def _step(self, state, x, k):
        """The state after one more element; what is stored of it comes last."""
        f, how = self.f, self.spec.how
        if how in ("sum", "prod"):
            if self.spec.dtype == "bool":
                return [f.binary("or" if how == "sum" else "and", state[0], x)]
            return [f.binary(("f" if self.floating else "") + {"sum": "add", "prod": "mul"}[how], state[0], x)]
        if how == "logsumexp":
            return [_log_add(f, state[0], x)]
        hit = self._at_least(x, state[0], how.endswith("max"))
        best = f.select(hit, x, state[0])
        return [best] if how in ("max", "min") else [best, f.select(hit, f.splat(ir.Reg(str(k), "i64"), self.lanes), state[1])]

    def _at_least(self, x, best, greater):
        f = self.f
        if self.floating:
            return f.binary("or", f.test("fcmp oge" if greater else "fcmp ole", x, best), f.test("fcmp uno", x, x))
        sign = "u" if self.spec.dtype in ("uint8", "bool") else "s"
        return f.test(f"icmp {sign}{'ge' if greater else 'le'}", x, best)


def _log_add(f, a, b):
    """log(exp(a) + exp(b))."""
    more = f.select(f.test("fcmp ogt", a, b), a, b)
    apart = f.mathematics("fabs", f.binary("fsub", a, b))
    y = f.binary("fadd", more, m.log1p(f, m.exp(f, f.emit(f"fneg {apart.full} {apart}", a.type, a.lanes))))
    doubled = f.binary("fadd", a, f.constant(math.log(2), a.type, a.lanes))
    y = f.select(f.test("fcmp oeq", a, b), doubled, y)
    return f.select(f.test("fcmp uno", a, b), apart, y)
