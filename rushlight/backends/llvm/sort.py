"""Stable sorting along a dimension, and the first few of it: the indices of a row's elements in their order.

An element becomes an unsigned integer that is ordered as it is, NaN above all; of up to 32 bits it is packed above its index in one
word, of 64 bits key and index lie apart. Rows are sorted by counting, a digit at a time from the lowest; digits that all keys share
are left out. For a few places, and short rows, the best so far are kept in order instead.
"""
from dataclasses import dataclass

from . import ir, scalar_ops
from .kernel import Source
from .target import BYTES

_FEW = 40                   # so many places are filled by insertion
_LONG = 4096                # rows that long are sorted by wider digits
PART = 1 << 12              # elements that are worth a part
MOST_PARTS, MOST_BYTES = 16, 1 << 26


@dataclass(frozen=True)
class Sort:
    """int64 (outer, k, inner): indices of the first k of an array (outer, n, inner) without gaps. Arguments: array, result."""

    dtype: str
    outer: int
    n: int
    inner: int
    k: int
    descending: bool


def generate(spec, host):
    """The Source of a sort."""
    return _Sorter(spec).source()


class _Sorter:
    def __init__(self, spec):
        self.spec = spec
        self.memory = scalar_ops.MEMORY[spec.dtype]
        self.bits = 8 * BYTES[self.memory]
        self.wide = self.bits == 64
        self.few = spec.k <= _FEW
        length = spec.k + 1 if self.few else spec.n
        self.length = length
        self.buffer = -(-length * (12 if self.wide else 8) // 64) * 64
        rows, most = spec.outer * spec.inner, max(1, MOST_BYTES // (2 * self.buffer))
        self.parts = max(1, min(MOST_PARTS, rows * spec.n // PART, rows, most))
        self.radix = 11 if spec.n >= _LONG else 8
        self.digits = -(-self.bits // self.radix)

    def source(self):
        spec = self.spec
        f = ir.Function("sort")
        functions = [self._insert() if self.few else self._pass()]
        self.input, self.result = f.argument(0), f.argument(1)
        here = f.at(f.argument(2), f.mul(ir.PART, 2 * self.buffer), "i8")
        self.helper = functions[0]
        if not self.few:
            size = self.digits << self.radix
            self.counts = f.emit(f"alloca [{size} x i32], align 64", "ptr")
        lo, hi = f.share(spec.outer * spec.inner)

        def row(r):
            a, c = f.div(r, spec.inner), f.rem(r, spec.inner)
            first = f.add(f.mul(a, spec.n * spec.inner), c)
            found = self._chosen(f, first, here) if self.few else self._sorted(f, first, here)
            to = f.add(f.mul(a, spec.k * spec.inner), c)
            f.loop(0, spec.k, 1, lambda j: f.store(self._index(f, found, j), self.result, f.add(to, f.mul(j, spec.inner))))

        f.loop(lo, hi, 1, row)
        total = spec.outer * spec.inner * spec.n
        return Source(ir.module(*functions, f), (("sort", self.parts),), self.parts * 2 * self.buffer, total,
                      total * BYTES[self.memory] + 8 * spec.outer * spec.inner * spec.k)

    # ---------------------------------------------------------------- keys
    def _key(self, f, first, j):
        """The key of element j of a row, in i64; a packed one with its index."""
        spec = self.spec
        x = f.load(self.input, f.add(first, f.mul(j, spec.inner)), self.memory)
        bits = f"i{self.bits}"
        if spec.dtype in scalar_ops.FLOATS:
            whole = f.binary("fadd", x, f.constant(0.0, x.type))                      # -0.0 and 0.0 are equal
            raw = f.convert("bitcast", whole, bits)
            flip = f.binary("or", f.binary("ashr", raw, f.constant(self.bits - 1, bits)), f.constant(-1 << (self.bits - 1), bits))
            key = f.select(f.test("fcmp uno", x, x), f.constant(-1, bits), f.binary("xor", raw, flip))
        elif spec.dtype in ("uint8", "bool"):
            key = x
        else:
            key = f.binary("xor", x, f.constant(-1 << (self.bits - 1), bits))
        if spec.descending:
            key = f.binary("xor", key, f.constant(-1, bits))
        if self.wide:
            return key
        key = f.binary("shl", f.convert("zext", key, "i64"), f.constant(32, "i64"))
        return f.binary("or", key, ir.Reg(str(j), "i64"))

    def _places(self, f, buffer):
        """Where the indices of a buffer lie."""
        return f.at(buffer, self.length, "i64")

    def _put(self, f, buffer, j, key, index):
        f.store(key, buffer, j)
        if self.wide:
            f.store(index, self._places(f, buffer), j)

    def _index(self, f, buffer, j):
        if self.wide:
            return f.convert("sext", f.load(self._places(f, buffer), j, "i32"), "i64")
        return f.binary("and", f.load(buffer, j, "i64"), f.constant(0xFFFFFFFF, "i64"))

    def _narrow(self, f, j):
        return f.convert("trunc", ir.Reg(str(j), "i64"), "i32")

    # ---------------------------------------------------------------- a few places
    def _insert(self):
        """insert(buffer, end, key, index): into the ordered places before `end`, the last of which goes up by one."""
        f = ir.Function("insert", "ptr %buffer, i64 %end, i64 %key, i32 %index", internal=True, attributes="#1")
        buffer, key = ir.Reg("%buffer", "ptr"), ir.Reg("%key", "i64")
        f.raw("br label %head")
        f.label("head")
        f.raw("%p = phi i64 [ %end, %entry ], [ %q, %move ]")
        p, q = ir.Reg("%p", "i64"), ir.Reg("%q", "i64")
        f.raw("%q = add nsw i64 %p, -1")
        more = f.compare("sgt", p, 0)
        f.raw(f"br i1 {more}, label %look, label %done")
        f.label("look")
        before = f.load(buffer, q, "i64")
        later = f.test("icmp ugt", before, key)
        f.raw(f"br i1 {later}, label %move, label %done")
        f.label("move")
        self._put(f, buffer, p, before, f.load(self._places(f, buffer), q, "i32") if self.wide else None)
        f.raw("br label %head")
        f.label("done")
        self._put(f, buffer, p, key, ir.Reg("%index", "i32"))
        return f

    def _chosen(self, f, first, buffer):
        """The first k places of a row, in order."""
        spec = self.spec
        k = spec.k

        def take(j, end):
            f.call(self.helper, buffer, end, self._key(f, first, j), self._narrow(f, j))

        f.loop(0, k, 1, lambda j: take(j, ir.Reg(str(j), "i64")))

        def later(j):
            key = self._key(f, first, j)
            f.when(f.test("icmp ult", key, f.load(buffer, k - 1, "i64")), lambda: f.call(
                self.helper, buffer, ir.Reg(str(k - 1), "i64"), key, self._narrow(f, j)))

        f.loop(k, spec.n, 1, later)
        return buffer

    # ---------------------------------------------------------------- whole rows
    def _digit(self, f, key, shift):
        """A digit of a key. shift: its lowest bit, an int or a register."""
        if isinstance(shift, int):
            shift = f.constant(shift, "i64")
        return f.binary("and", f.binary("lshr", key, shift), f.constant((1 << self.radix) - 1, "i64"))

    def _shift(self, d):
        return d * self.radix + (0 if self.wide else 32)

    def _pass(self):
        """pass(from, to, shift, counts): move the keys to their places by a digit. counts: how many there are of each."""
        f = ir.Function("pass", "ptr %from, ptr %to, i64 %shift, ptr %counts", internal=True, attributes="#1")
        source, to, shift, counts = (ir.Reg(name, type) for name, type in (("%from", "ptr"), ("%to", "ptr"), ("%shift", "i64"),
                                                                           ("%counts", "ptr")))

        def start(i, carried):
            count = f.load(counts, i, "i32")
            f.store(carried[0], counts, i)
            return [f.binary("add", carried[0], count)]

        f.loop(0, 1 << self.radix, 1, start, [f.constant(0, "i32")])

        def move(j):
            key = f.load(source, j, "i64")
            digit = self._digit(f, key, shift)
            place = f.load(counts, digit, "i32")
            f.store(f.binary("add", place, f.constant(1, "i32")), counts, digit)
            self._put(f, to, f.convert("zext", place, "i64"), key, f.load(self._places(f, source), j, "i32") if self.wide else None)

        f.loop(0, self.spec.n, 1, move)
        return f

    def _sorted(self, f, first, buffer):
        """The buffer with a row's keys in order."""
        n, one = self.spec.n, f.constant(1, "i32")
        size = self.digits << self.radix
        f.loop(0, size, 8, lambda i: f.store(f.zero("i32", 8), self.counts, i))

        def begin(j):
            key = self._key(f, first, j)
            self._put(f, buffer, j, key, self._narrow(f, j) if self.wide else None)
            for d in range(self.digits):
                at = f.add(self._digit(f, key, self._shift(d)), d << self.radix)
                f.store(f.binary("add", f.load(self.counts, at, "i32"), one), self.counts, at)

        f.loop(0, n, 1, begin)
        source, other = buffer, f.at(buffer, self.buffer, "i8")
        for d in range(self.digits):
            counts = f.at(self.counts, d << self.radix, "i32")
            same = f.load(counts, self._digit(f, f.load(source, 0, "i64"), self._shift(d)), "i32")
            differ = f.test("icmp ne", same, f.constant(n, "i32"))
            f.when(differ, lambda: f.call(self.helper, source, other, self._shift(d), counts))
            source, other = f.select(differ, other, source), f.select(differ, source, other)
        return source
