"""sin, cos, tan: the argument less a multiple of pi / 2, in two parts, and the series of sine and cosine there.

Up to a bound the multiple is taken off in three steps (Cody and Waite); beyond, which is rare, exactly, with as many bits
of 2 / pi as matter (Payne and Hanek), one lane after another.
"""
import functools
import math

from . import ir
from .ir import Reg
from .mathematics_values import BITS, MANTISSA, Value, of, polynomial, where, where_rarely

_BOUND = {"float": 2.0 ** 17, "double": 2.0 ** 28}
_HALF_PI = {"float": (1.57079637050628662109375, -4.37113882867379115e-08, -1.71512451306112e-15),
            "double": (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)}
_SIN_TERMS = {"float": 4, "double": 8}
_COS_TERMS = {"float": 4, "double": 7}


def _series(first, terms):
    """1 / first!, -1 / (first + 2)!, ..."""
    return [(-1) ** i / math.factorial(first + 2 * i) for i in range(terms)]


def _reduced(x):
    """r, its tail, and a multiple's bits: x = multiple * pi / 2 + r + tail, |r| <= pi / 4."""
    magic = 1.5 * 2.0 ** MANTISSA[x.type]                                      # the sum's last bits are the multiple's
    first, second, third = _HALF_PI[x.type]
    shifted = x.fma(2 / math.pi, magic)
    k = shifted - magic
    r1 = (-k).fma(first, x)                                                     # exact
    p = k * second
    lost = k.fma(second, -p)
    r = r1 - p
    back = r - r1
    tail = (-k).fma(third, ((r1 - (r - back)) - (p + back)) - lost)
    huge = (x.abs() > _BOUND[x.type]) & (x.abs() < math.inf)
    return where_rarely(huge, lambda: _huge(x, huge), [r, tail, shifted.bits()])


def _sine_cosine(x):
    """(sine, its correction), (cosine, its correction) of what is left of x, and the multiple."""
    r, tail, multiple = _reduced(x)
    z = r * r
    half = z * 0.5
    sine = (r * z).fma(polynomial(z, [-c for c in _series(3, _SIN_TERMS[x.type])]), (-half).fma(tail, tail))
    one = 1 - half
    cosine = (z * z).fma(polynomial(z, _series(4, _COS_TERMS[x.type])), ((1 - one) - half) - r * tail)
    return (r, sine), (one, cosine), multiple


def _turned(x, quarter):
    """sin(x + quarter pi / 2)"""
    (r, s), (one, c), multiple = _sine_cosine(x)
    turns = multiple + quarter
    y = where((turns & 1).differs(0), one + c, r + s)
    return (y.bits() ^ ((turns & 2) << (30 if x.type == "float" else 62))).floats()


def _sin(x):
    return where(x.equals(0), x, _turned(x, 0))


def _cos(x):
    return _turned(x, 1)


def _tan(x):
    """The quotient, corrected by what it leaves of the parts."""
    sine, cosine, multiple = _sine_cosine(x)
    odd = (multiple & 1).differs(0)
    sine, cosine = [(a + b, (a - (a + b)) + b) for a, b in (sine, cosine)]
    above, below = [where(odd, c, s) for s, c in zip(sine, cosine)], [where(odd, s, c) for s, c in zip(sine, cosine)]
    q = above[0] / below[0]
    rest = (-q).fma(below[0], above[0]) + (-q).fma(below[1], above[1])
    y = q + rest / below[0]
    return where(x.equals(0), x, where(odd, -y, y))


sin, cos, tan = of(_sin), of(_cos), of(_tan)


# ---------------------------------------------------------------- huge arguments
_WORDS = 20


def _huge(x, mask):
    """As _reduced, for the lanes of the mask: by a function of its own, since it is rare and long."""
    f = x.f
    name, result, lines = _exact_reduction(x.type, x.reg.lanes)
    f.declared.update(lines)
    x = where(mask, x, 2.0 ** 30)
    found = f.emit(f"call {result} @{name}({x.reg.full} {x.reg})", result)
    return [Value(f, f.emit(f"extractvalue {result} {found}, {i}", r.type, r.lanes)) for i, r in enumerate(_results(x.reg))]


def _results(x):
    """Registers of the types of r, tail and the multiple's bits for an x such as this."""
    return [Reg("poison", type, x.lanes) for type in (x.type, x.type, BITS[x.type])]


@functools.cache
def _exact_reduction(type, lanes):
    """The function's name, its result's type, and the module's lines: a table and the function."""
    x = Reg("%x", type, lanes)
    empty = _results(x)
    result = "{ " + ", ".join(r.full for r in empty) + " }"
    name = f"half_pi_remainder_{type}_{lanes}"
    f = ir.Function(name, f"{x.full} %x", result, internal=True, attributes="#1")

    def body(i, carried):
        found = _remainder(Value(f, f.emit(f"extractelement {x.full} {x}, i64 {i}", type)))
        return [f.emit(f"insertelement {c.full} {c}, {c.type} {v.reg}, i64 {i}", c.type, lanes) for c, v in zip(carried, found)]

    found = f.loop(0, lanes, 1, body, empty) if lanes else [v.reg for v in _remainder(Value(f, x))]
    made = "poison"
    for i, r in enumerate(found):
        made = f.emit(f"insertvalue {result} {made}, {r.full} {r}, {i}", result)
    f.raw(f"ret {result} {made}")
    words = ", ".join(f"i64 {w}" for w in _two_over_pi())
    return name, result, {f"@two_over_pi = internal constant [{_WORDS} x i64] [{words}]", f.text(), *f.declared}


def _inverse_tangent(n, bits):
    """atan(1 / n) 2 ** bits"""
    term = total = (1 << bits) // n
    i = 1
    while term:
        term //= -n * n
        i += 2
        total += term // i
    return total


@functools.cache
def _two_over_pi():
    """Words of 2 / pi, the first of zeros."""
    bits = 64 * _WORDS + 64
    pi = 4 * (4 * _inverse_tangent(5, bits) - _inverse_tangent(239, bits))
    table = (2 << 2 * bits) // pi >> bits - 64 * (_WORDS - 1)
    return [table >> 64 * (_WORDS - 1 - i) & 2 ** 64 - 1 for i in range(_WORDS)]


def _remainder(number):
    """Of a scalar: r, its tail, and the multiple's bits."""
    f = number.f
    x = number if number.type == "double" else number.convert("fpext", "double")
    raw = x.bits()
    mantissa = (raw & 2 ** 52 - 1) | 2 ** 52
    place = (_right(raw, 52) & 0x7FF) - (1075 - 62)  # bits before this one make multiples of 2 pi
    word, shift = _right(place, 6), place & 63
    words = [Value(f, f.load(Reg("@two_over_pi", "ptr"), f.add(word.reg, i), "i64")) for i in range(4)]
    first, second, third = [Value(f, f.intrinsic("llvm.fshl.i64", "i64", 0, a.reg, b.reg, shift.reg)) for a, b in zip(words, words[1:])]
    wide = mantissa.convert("zext", "i128")
    # x 2 / pi, modulo 4, times 2^126
    product = _right(wide * third.convert("zext", "i128"), 64) + wide * second.convert("zext", "i128") + ((wide * first.convert("zext", "i128")) << 64)
    multiple = _right(product + 2 ** 125, 126).convert("trunc", "i64")
    rest = product << 2                                                         # signed
    minus = rest < 0
    size = where(minus, -rest, rest)
    high, low = _right(size, 64).convert("trunc", "i64"), size.convert("trunc", "i64")
    rest = ((high & 2047) << 53 | _right(low, 11)).convert("uitofp", "double") * 2.0 ** -117
    high = (high & -2048).convert("uitofp", "double") * 2.0 ** -64              # exact: 53 bits
    first, second, _ = _HALF_PI["double"]
    r = high * first
    rest = high.fma(first, -r) + (high * second + rest * first)
    total = r + rest
    tail = (r - total) + rest
    turned, minus = raw < 0, minus ^ (raw < 0)
    total, tail, multiple = where(minus, -total, total), where(minus, -tail, tail), where(turned, -multiple, multiple)
    if number.type == "double":
        return total, tail, multiple
    short = total.convert("fptrunc", "float")
    return short, (total - short.convert("fpext", "double")).convert("fptrunc", "float"), multiple.convert("trunc", "i32")


def _right(x, places):
    """Shifted right, zeros coming in."""
    return Value(x.f, x.f.binary("lshr", x.reg, x.like(places).reg))
