"""Registers with operators, for writing mathematics down as it is read.

Additions and products of values are rounded one by one (never contracted), so that tricks which measure a rounding error
hold; `fma` is asked for by name.
"""
from .ir import Reg, literal

BITS = {"float": "i32", "double": "i64"}
MANTISSA = {"float": 23, "double": 52}
BIAS = {"float": 127, "double": 1023}


class Value:
    """A register of the function f. Numbers among the operands become constants of its type."""

    __slots__ = ("f", "reg")

    def __init__(self, f, reg):
        self.f, self.reg = f, reg

    @property
    def type(self):
        return self.reg.type

    def like(self, x):
        """x as a value of this type and these lanes."""
        if isinstance(x, Value):
            return x
        text = literal(x, self.type)
        return Value(self.f, Reg(f"splat ({self.type} {text})" if self.reg.lanes else text, self.type, self.reg.lanes))

    def _binary(self, of_floats, of_integers, a, b):
        a, b = self.like(a), self.like(b)
        name = of_floats if self.type in BITS else of_integers
        return Value(self.f, self.f.emit(f"{name} {a.reg.full} {a.reg}, {b.reg}", self.type, self.reg.lanes))

    def __add__(self, other):
        return self._binary("fadd", "add", self, other)

    __radd__ = __add__

    def __sub__(self, other):
        return self._binary("fsub", "sub", self, other)

    def __rsub__(self, other):
        return self._binary("fsub", "sub", other, self)

    def __mul__(self, other):
        return self._binary("fmul", "mul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._binary("fdiv", None, self, other)

    def __rtruediv__(self, other):
        return self._binary("fdiv", None, other, self)

    def __neg__(self):
        if self.type not in BITS:
            return 0 - self
        return Value(self.f, self.f.emit(f"fneg {self.reg.full} {self.reg}", self.type, self.reg.lanes))

    def __and__(self, other):
        return self._binary(None, "and", self, other)

    def __or__(self, other):
        return self._binary(None, "or", self, other)

    def __xor__(self, other):
        return self._binary(None, "xor", self, other)

    def __invert__(self):
        return self ^ (1 if self.type == "i1" else -1)

    def __lshift__(self, other):
        return self._binary(None, "shl", self, other)

    def __rshift__(self, other):
        """Signed."""
        return self._binary(None, "ashr", self, other)

    # ------------------------------------------------------------ comparisons: masks; False with NaN
    def _test(self, of_floats, of_integers, other):
        name = f"fcmp {of_floats}" if self.type in BITS else f"icmp {of_integers}"
        return Value(self.f, self.f.test(name, self.reg, self.like(other).reg))

    def __lt__(self, other):
        return self._test("olt", "slt", other)

    def __le__(self, other):
        return self._test("ole", "sle", other)

    def __gt__(self, other):
        return self._test("ogt", "sgt", other)

    def __ge__(self, other):
        return self._test("oge", "sge", other)

    def equals(self, other):
        return self._test("oeq", "eq", other)

    def differs(self, other):
        """True with NaN."""
        return self._test("une", "ne", other)

    def isnan(self):
        return self._test("uno", None, self)

    # ------------------------------------------------------------ functions
    def _call(self, name, *more):
        return Value(self.f, self.f.mathematics(name, self.reg, *[self.like(x).reg for x in more]))

    def fma(self, b, c):
        """self b + c"""
        return self._call("fma", b, c)

    def abs(self):
        return self._call("fabs")

    def rint(self):
        return self._call("rint")

    def floor(self):
        return self._call("floor")

    def trunc(self):
        return self._call("trunc")

    def sqrt(self):
        return self._call("sqrt")

    def copysign(self, other):
        return self._call("copysign", other)

    def convert(self, name, type):
        return Value(self.f, self.f.convert(name, self.reg, type))

    def bits(self):
        """The bit pattern, as integers."""
        return self.convert("bitcast", BITS[self.type])

    def floats(self):
        """Integers that are a bit pattern."""
        return self.convert("bitcast", "float" if self.type == "i32" else "double")

    def through(self, function):
        """function(f, register) of mathematics.py."""
        return Value(self.f, function(self.f, self.reg))


def where(mask, a, b):
    a, b = (a if isinstance(a, Value) else b.like(a)), (b if isinstance(b, Value) else a.like(b))
    return Value(a.f, a.f.select(mask.reg, a.reg, b.reg))


def polynomial(x, coefficients):
    """c[0] + c[1] x + ..., fused."""
    total = x.like(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total.fma(x, c)
    return total


def signbit(x):
    return x.bits() < 0


def of(function):
    """A function of values as one of (f, registers)."""
    def run(f, *registers):
        return function(*[Value(f, r) for r in registers]).reg
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


def in_double(function):
    """As `of`, and floats are computed in double: for functions that would need pairs of floats to be accurate."""
    def run(f, *registers):
        values = [Value(f, r) for r in registers]
        if registers[0].type == "double":
            return function(*values, True).reg
        return function(*[v.convert("fpext", "double") for v in values], False).convert("fptrunc", "float").reg
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


def anywhere(mask):
    """Whether a mask is on in any lane: a scalar."""
    lanes = mask.reg.lanes
    return mask.f.intrinsic(f"llvm.vector.reduce.or.v{lanes}i1", "i1", 0, mask.reg) if lanes else mask.reg


def where_rarely(mask, rare, usual):
    """Where mask is on rare()'s values, computed only if it is on in any lane, else `usual`. Lists of values."""
    f = usual[0].f
    before, inner, after = f.block, f.fresh("rare"), f.fresh("after")
    f.raw(f"br i1 {anywhere(mask)}, label %{inner}, label %{after}")
    f.label(inner)
    found = [where(mask, a, b) for a, b in zip(rare(), usual)]
    last = f.block
    f.raw(f"br label %{after}")
    f.label(after)
    return [Value(f, f.emit(f"phi {a.reg.full} [ {a.reg}, %{last} ], [ {b.reg}, %{before} ]", a.type, a.reg.lanes))
            for a, b in zip(found, usual)]


def repeat(values, step, more):
    """values = step(values), once and again while more(values), a mask, is on in any lane."""
    f = values[0].f
    before, inner, after = f.block, f.fresh("again"), f.fresh("after")
    f.raw(f"br label %{inner}")
    f.label(inner)
    place = len(f.lines)
    f.lines.append("")
    phis = [Value(f, Reg("%" + f.fresh(), v.type, v.reg.lanes)) for v in values]
    new = step(*phis)
    f.raw(f"br i1 {anywhere(more(*new))}, label %{inner}, label %{after}")
    f.lines[place] = "\n".join(f"  {p.reg} = phi {p.reg.full} [ {v.reg}, %{before} ], [ {n.reg}, %{f.block} ]"
                               for p, v, n in zip(phis, values, new))
    f.label(after)
    return new
