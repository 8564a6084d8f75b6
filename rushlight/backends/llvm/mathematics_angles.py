"""sin, cos, tan: the argument less a multiple of pi / 2, in two parts, and the series of sine and cosine there.

Up to a bound the multiple is taken off in three steps (Cody and Waite); beyond, which is rare, exactly, with as many bits
of 2 / pi as matter (Payne and Hanek), one lane after another.
"""
import functools
import math

from . import ir
from .ir import Reg
from .mathematics_values import MANTISSA, Value, of, polynomial, where, where_rarely

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
def _huge(x, mask):
    """As _reduced, for the lanes of the mask."""
    f, type, lanes = x.f, x.type, x.reg.lanes
    f.declared.update(_exact_reduction())
    x = where(mask, x, 2.0 ** 30)

    def one(number):
        """Of a scalar register: the three results."""
        wide = Value(f, number) if type == "double" else Value(f, number).convert("fpext", "double")
        found = f.emit(f"call {_RESULT} @half_pi_remainder(double {wide.reg})", _RESULT)
        r, tail, multiple = [Value(f, f.emit(f"extractvalue {_RESULT} {found}, {i}", t)) for i, t in enumerate(("double", "double", "i64"))]
        if type == "double":
            return [r, tail, multiple]
        short = r.convert("fptrunc", "float")
        return [short, (r - short.convert("fpext", "double")).convert("fptrunc", "float"), multiple.convert("trunc", "i32")]

    if not lanes:
        return one(x.reg)
    empty = [Reg("poison", t, lanes) for t in (type, type, "i32" if type == "float" else "i64")]

    def body(i, carried):
        found = one(f.emit(f"extractelement {x.reg.full} {x.reg}, i64 {i}", type))
        return [f.emit(f"insertelement {c.full} {c}, {c.type} {v.reg}, i64 {i}", c.type, lanes) for c, v in zip(carried, found)]

    return [Value(f, c) for c in f.loop(0, lanes, 1, body, empty)]


_RESULT = "{ double, double, i64 }"
_WORDS = 22


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
def _exact_reduction():
    """The module's lines: a table, and a function of one double."""
    bits = 64 * _WORDS + 64
    pi = 4 * (4 * _inverse_tangent(5, bits) - _inverse_tangent(239, bits))
    table = (2 << 2 * bits) // pi >> bits - 64 * (_WORDS - 1)                   # after a word of zeros
    words = [table >> 64 * (_WORDS - 1 - i) & 2 ** 64 - 1 for i in range(_WORDS)]
    f = ir.Function("half_pi_remainder", "double %x", _RESULT, internal=True, attributes="#1")
    _write_reduction(f)
    constant = f"@two_over_pi = internal constant [{_WORDS} x i64] [{', '.join(f'i64 {w}' for w in words)}]"
    return {constant, f.text(), *f.declared}


def _write_reduction(f):
    x = Value(f, Reg("%x", "double"))
    raw = x.bits()
    exponent = Value(f, f.binary("lshr", raw.reg, Reg("52", "i64"))) & 0x7FF
    mantissa = (raw & 2 ** 52 - 1) | 2 ** 52
    place = exponent - 1075 + 62                    # bits before this one make multiples of 2 pi
    word = Value(f, f.binary("lshr", place.reg, Reg("6", "i64"))).reg
    shift = place & 63
    w = [Value(f, f.load(Reg("@two_over_pi", "ptr"), f.add(word, i), "i64")) for i in range(4)]
    window = None
    for high, low in zip(w, w[1:]):
        part = Value(f, f.intrinsic("llvm.fshl.i64", "i64", 0, high.reg, low.reg, shift.reg)).convert("zext", "i192")
        window = part if window is None else (window << 64) | part
    product = mantissa.convert("zext", "i192") * window                        # x 2 / pi, modulo 4, times 2 ** 190
    multiple = Value(f, f.binary("lshr", (product + 2 ** 189).reg, Reg("190", "i192"))).convert("trunc", "i64")
    rest = product << 2
    negative = rest < 0
    size = where(negative, -rest, rest)
    zeros = Value(f, f.intrinsic("llvm.ctlz.i192", "i192", 0, size.reg, Reg("false", "i1")))
    size = size << zeros
    top, following = [Value(f, f.binary("lshr", size.reg, Reg(str(n), "i192"))).convert("trunc", "i64") for n in (128, 64)]
    high = (top & -2048).convert("uitofp", "double")                            # 53 bits, then 64 more
    low = (top & 2047) << 53 | Value(f, f.binary("lshr", following.reg, Reg("11", "i64")))
    low = low.convert("uitofp", "double") * 2.0 ** -53
    first, second, _ = _HALF_PI["double"]
    r = high * first
    rest = high.fma(first, -r) + (high * second + low * first)
    total = r + rest
    tail = (r - total) + rest
    scale = ((1023 - 64) - zeros.convert("trunc", "i64") << 52).floats()
    minus = negative ^ (raw < 0)
    scale = where(minus, -scale, scale)
    multiple = where(raw < 0, -multiple, multiple)
    result = f.emit(f"insertvalue {_RESULT} poison, double {(total * scale).reg}, 0", _RESULT)
    result = f.emit(f"insertvalue {_RESULT} {result}, double {(tail * scale).reg}, 1", _RESULT)
    f.raw(f"ret {_RESULT} {f.emit(f'insertvalue {_RESULT} {result}, i64 {multiple.reg}, 2', _RESULT)}")
