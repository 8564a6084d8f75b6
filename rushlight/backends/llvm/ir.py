"""Writing LLVM IR: registers with a type and a number of lanes, loops, vectors.

A kernel is a function `void name(i64 part, i64 parts, ptr args)`: the driver calls it once for every part, in any order and on any thread; args is an array of
pointers. Integers that are known when the code is written are Python ints and are folded.
"""
import struct

from .target import BYTES

SIGNATURE = "i64 %part, i64 %parts, ptr %args"


class Reg:
    """An SSA register (or a literal): its text, its scalar type, and its lanes (0 for a scalar)."""

    __slots__ = ("text", "type", "lanes")

    def __init__(self, text, type, lanes=0):
        self.text, self.type, self.lanes = text, type, lanes

    @property
    def full(self):
        return f"<{self.lanes} x {self.type}>" if self.lanes else self.type

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"{self.full} {self.text}"


def literal(value, type):
    """A number as LLVM writes it."""
    if type == "float":
        try:
            value = struct.unpack("f", struct.pack("f", value))[0]
        except OverflowError:
            value = float("inf") if value > 0 else float("-inf")
    if type in ("float", "double"):
        return "0x%016X" % struct.unpack("Q", struct.pack("d", value))[0]
    if type == "i1":
        return "true" if value else "false"
    return str(int(value))


PART, PARTS, ARGS = Reg("%part", "i64"), Reg("%parts", "i64"), Reg("%args", "ptr")


class Function:
    """A function being written."""

    def __init__(self, name, signature=SIGNATURE, result="void", internal=False, attributes="#0"):
        self.name, self.signature, self.result, self.internal, self.attributes = name, signature, result, internal, attributes
        self.lines, self.block, self.declared = [], "entry", set()
        self._count = 0

    # ------------------------------------------------------------ text
    def raw(self, line):
        self.lines.append("  " + line)

    def fresh(self, stem="x"):
        self._count += 1
        return f"{stem}{self._count}"

    def emit(self, expression, type, lanes=0):
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {expression}")
        return Reg(name, type, lanes)

    def label(self, name):
        self.lines.append(name + ":")
        self.block = name

    def text(self):
        head = f"define {'internal ' if self.internal else ''}{self.result} @{self.name}({self.signature}) {self.attributes} {{\nentry:\n"
        return head + "\n".join(self.lines) + ("\n  ret void\n}\n" if self.result == "void" else "\n}\n")

    # ------------------------------------------------------------ integers of 64 bits, Python's where known
    def _integer(self, name, a, b):
        return self.emit(f"{name} i64 {a}, {b}", "i64")

    def add(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int) and a == 0:
            return b
        if isinstance(b, int) and b == 0:
            return a
        return self._integer("add nsw", a, b)

    def sub(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if isinstance(b, int) and b == 0 else self._integer("sub nsw", a, b)

    def mul(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        for x, y in ((a, b), (b, a)):
            if isinstance(x, int) and x in (0, 1):
                return y if x else 0
        return self._integer("mul nsw", a, b)

    def div(self, a, b):
        """Of integers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if isinstance(b, int) and b == 1 else self._integer("udiv", a, b)

    def rem(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if isinstance(b, int) and b == 1 else self._integer("urem", a, b)

    def least(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        less = self.emit(f"icmp slt i64 {a}, {b}", "i1")
        return self.emit(f"select i1 {less}, i64 {a}, i64 {b}", "i64")

    def most(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        more = self.emit(f"icmp sgt i64 {a}, {b}", "i1")
        return self.emit(f"select i1 {more}, i64 {a}, i64 {b}", "i64")

    def compare(self, how, a, b):
        """An i1 of two i64: how is eq, ne, slt, sle, sgt, sge."""
        return self.emit(f"icmp {how} i64 {a}, {b}", "i1")

    def share(self, n, unit=1):
        """This part of the work: [lo, hi) of range(n), cut at multiples of `unit`."""
        units = self.div(self.add(n, unit - 1), unit)
        lo = self.div(self.mul(units, PART), PARTS)
        hi = self.div(self.mul(units, self.add(PART, 1)), PARTS)
        return self.mul(lo, unit), self.least(self.mul(hi, unit), n)

    # ------------------------------------------------------------ memory
    def argument(self, i):
        """The i-th pointer of args."""
        where = self.emit(f"getelementptr ptr, ptr %args, i64 {i}", "ptr")
        return self.emit(f"load ptr, ptr {where}, align 8", "ptr")

    def at(self, pointer, offset, type="float"):
        """pointer + offset elements."""
        if isinstance(offset, int) and offset == 0:
            return pointer
        return self.emit(f"getelementptr {type}, ptr {pointer}, i64 {offset}", "ptr")

    def load(self, pointer, offset=0, type="float", lanes=0, mask=None):
        """`lanes` elements in a row (a scalar for 0); where a mask is off, 0 and no access."""
        where = self.at(pointer, offset, type)
        align = BYTES[type]
        if mask is None:
            full = f"<{lanes} x {type}>" if lanes else type
            return self.emit(f"load {full}, ptr {where}, align {align}", type, lanes)
        short = {"float": "f32", "double": "f64"}.get(type, type)
        return self.intrinsic(f"llvm.masked.load.v{lanes}{short}.p0", type, lanes,
                              where, mask, Reg("zeroinitializer", type, lanes), align=align)

    def store(self, value, pointer, offset=0, mask=None):
        where = self.at(pointer, offset, value.type)
        align = BYTES[value.type]
        if mask is None:
            self.raw(f"store {value.full} {value}, ptr {where}, align {align}")
            return
        short = {"float": "f32", "double": "f64"}.get(value.type, value.type)
        name = f"llvm.masked.store.v{value.lanes}{short}.p0"
        self.declared.add(f"declare void @{name}({value.full}, ptr, <{value.lanes} x i1>)")
        self.raw(f"call void @{name}({value.full} {value}, ptr align {align} {where}, {mask.full} {mask})")

    # ------------------------------------------------------------ values
    def constant(self, value, type="float", lanes=0):
        text = literal(value, type)
        if not lanes:
            return Reg(text, type)
        return Reg("<" + ", ".join([f"{type} {text}"] * lanes) + ">", type, lanes)

    def zero(self, type="float", lanes=0):
        return Reg("zeroinitializer", type, lanes) if lanes else self.constant(0, type)

    def splat(self, x, lanes):
        """A scalar in every lane."""
        if not lanes or x.lanes:
            return x
        full = f"<{lanes} x {x.type}>"
        first = self.emit(f"insertelement {full} poison, {x.type} {x}, i64 0", x.type, lanes)
        return self.emit(f"shufflevector {full} {first}, {full} poison, <{lanes} x i32> zeroinitializer", x.type, lanes)

    def binary(self, name, a, b, exact=False):
        """An LLVM instruction of two operands of one type: fadd, fmul, add, and, ... exact: a product and a sum are rounded each."""
        flags = " contract" if name in ("fadd", "fsub", "fmul") and not exact else ""
        return self.emit(f"{name}{flags} {a.full} {a}, {b}", a.type, a.lanes)

    def test(self, name, a, b):
        """A comparison: 'fcmp olt', 'icmp slt', ..."""
        return self.emit(f"{name} {a.full} {a}, {b}", "i1", a.lanes)

    def select(self, c, a, b):
        return self.emit(f"select {c.full} {c}, {a.full} {a}, {b.full} {b}", a.type, a.lanes)

    def convert(self, name, x, type):
        """A conversion instruction: sitofp, fptosi, zext, fpext, ..."""
        to = Reg("", type, x.lanes)
        return self.emit(f"{name} {x.full} {x} to {to.full}", type, x.lanes)

    def intrinsic(self, name, type, lanes, *args, align=None):
        """A call. align: alignment of the first (pointer) operand."""
        result = Reg("", type, lanes).full
        self.declared.add(f"declare {result} @{name}({', '.join(a.full for a in args)})")
        parts = [f"{a.full} {a}" for a in args]
        if align:
            parts[0] = f"{args[0].full} align {align} {args[0]}"
        return self.emit(f"call {result} @{name}({', '.join(parts)})", type, lanes)

    def mathematics(self, name, x, *more):
        """An LLVM intrinsic over floats of x's type: fma, sqrt, fabs, floor, ..."""
        short = {"float": "f32", "double": "f64"}[x.type]
        suffix = f"v{x.lanes}{short}" if x.lanes else short
        return self.intrinsic(f"llvm.{name}.{suffix}", x.type, x.lanes, x, *more)

    def fma(self, a, b, c):
        return self.mathematics("fma", a, b, c)

    def lane(self, x, i):
        return self.emit(f"extractelement {x.full} {x}, i64 {i}", x.type)

    def shuffle(self, a, b, order):
        """Lanes of a, then of b, by number; -1 for any."""
        mask = ", ".join("i32 poison" if i < 0 else f"i32 {i}" for i in order)
        return self.emit(f"shufflevector {a.full} {a}, {a.full} {b}, <{len(order)} x i32> <{mask}>", a.type, len(order))

    def first_lanes(self, n, lanes):
        """A mask whose first n lanes are on (n an int or a register)."""
        if isinstance(n, int):
            bits = ", ".join("i1 true" if i < n else "i1 false" for i in range(lanes))
            return Reg(f"<{bits}>", "i1", lanes)
        return self.intrinsic(f"llvm.get.active.lane.mask.v{lanes}i1.i64", "i1", lanes, Reg("0", "i64"), Reg(str(n), "i64"))

    # ------------------------------------------------------------ control
    def loop(self, lo, hi, step, body, carried=()):
        """for i in range(lo, hi, step): carried = body(i, carried). Gives the last carried registers."""
        head, inner, after = self.fresh("head"), self.fresh("body"), self.fresh("after")
        before = self.block
        self.raw(f"br label %{head}")
        self.label(head)
        i = Reg("%" + self.fresh(), "i64")
        following = "%" + self.fresh()
        phis = [Reg("%" + self.fresh(), c.type, c.lanes) for c in carried]
        place = len(self.lines)
        self.lines.append("")
        more = self.compare("slt", i, hi)
        self.raw(f"br i1 {more}, label %{inner}, label %{after}")
        self.label(inner)
        new = body(i, phis) if carried else body(i) or ()
        self.raw(f"{following} = add nsw i64 {i}, {step}")
        latch = self.block
        self.raw(f"br label %{head}")
        lines = [f"  {i} = phi i64 [ {lo}, %{before} ], [ {following}, %{latch} ]"]
        for phi, first, last in zip(phis, carried, new):
            lines.append(f"  {phi} = phi {phi.full} [ {first}, %{before} ], [ {last}, %{latch} ]")
        self.lines[place] = "\n".join(lines)
        self.label(after)
        return phis

    def when(self, condition, then):
        inner, after = self.fresh("then"), self.fresh("after")
        self.raw(f"br i1 {condition}, label %{inner}, label %{after}")
        self.label(inner)
        then()
        self.raw(f"br label %{after}")
        self.label(after)

    def call(self, function, *args):
        """Call another written function that gives nothing. args: registers, or ints for i64."""
        parts = [f"i64 {a}" if isinstance(a, int) else f"{a.full} {a}" for a in args]
        self.raw(f"call void @{function.name}({', '.join(parts)})")


def module(*functions):
    """The text of a module."""
    declared = sorted(set().union(*(f.declared for f in functions)))
    return "\n".join(declared) + "\n" + "\n".join(f.text() for f in functions)
