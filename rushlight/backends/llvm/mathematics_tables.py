"""Which function of registers computes which primitive of floats; the short ones are here."""
import math

from . import mathematics as m
from .mathematics_angles import cos, sin, tan
from .mathematics_arcs import acos, asin, atan, atan2
from .mathematics_divisions import floordiv, fmod, rem
from .mathematics_errors import erf, erfc
from .mathematics_hyperbolic import acosh, asinh, atanh, cosh, sinh
from .mathematics_powers import exp2, log2, log10, pow
from .mathematics_values import BIAS, in_double, of, signbit, where


def _angle(x):
    return where(x.isnan(), x, where(x < 0, x.like(math.pi), 0))


def _sinc(x):
    """sin(pi x) / (pi x)"""
    y = x * math.pi
    return where(x.equals(0), x.like(1), y.through(sin) / y)


def _fmax(x, y):
    return where((x >= y) | y.isnan(), x, y)


def _fmin(x, y):
    return where((x <= y) | y.isnan(), x, y)


def _copysign(x, y):
    return x.copysign(y)


def _nextafter(x, y):
    """The bit pattern one up or down; zero's neighbours have the sign of the direction."""
    bits = x.bits()
    up = (x < y) ^ signbit(x)                                                   # away from zero
    moved = (bits + where(up, bits.like(1), -1)).floats()
    moved = where(x.equals(0), (bits & 0 | 1).floats().copysign(y), moved)
    return where(x.isnan() | y.isnan(), x + y, where(x.equals(y), y, moved))


def _heaviside(x, y):
    return where(x.equals(0), y, where(x > 0, y.like(1), 0))


def _ldexp(x, y):
    return x * y.through(exp2)


def _xlogy(x, y):
    return where(x.equals(0) & ~y.isnan(), x.like(0), x * y.through(m.log))


def _logaddexp(x, y):
    most = where(x > y, x, y)
    rest = (-(x - y).abs()).through(m.exp).through(m.log1p)
    return where(x.equals(y), x + math.log(2), most + rest)


def _hypot(x, y, full):
    """Squares that do not overflow: floats' as doubles, doubles' brought near 1."""
    x, y = x.abs(), y.abs()
    most = where(x > y, x, y)
    if full:
        limit = 2.0 ** (BIAS["double"] // 2 - 11)
        large, small = most > limit, most < 1 / limit
        scale, back = [where(large, x.like(a), where(small, x.like(b), 1)) for a, b in ((2.0 ** -600, 2.0 ** 600), (2.0 ** 600, 2.0 ** -600))]
        a, b = x * scale, y * scale
        root = a.fma(a, b * b).sqrt() * back
    else:
        root = x.fma(x, y * y).sqrt()
    endless = x.equals(math.inf) | y.equals(math.inf)
    return where(endless, x.like(math.inf), root)


def _same(f, x):
    return x


UNARY = {
    "exp2": exp2, "log2": log2, "log10": log10, "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan,
    "sinh": sinh, "cosh": cosh, "asinh": asinh, "acosh": acosh, "atanh": atanh, "erf": erf, "erfc": erfc, "sinc": of(_sinc),
    "angle": of(_angle), "signbit": of(signbit), "real": _same, "conj": _same,
}
BINARY = {
    "pow": pow, "atan2": atan2, "fmod": fmod, "rem": rem, "floordiv": floordiv, "fmax": of(_fmax), "fmin": of(_fmin),
    "copysign": of(_copysign), "nextafter": of(_nextafter), "heaviside": of(_heaviside), "ldexp": of(_ldexp), "xlogy": of(_xlogy),
    "logaddexp": of(_logaddexp), "hypot": in_double(_hypot),
}
