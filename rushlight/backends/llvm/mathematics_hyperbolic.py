"""sinh, cosh and their inverses: of an exponential, and of the logarithm of a sum whose rounding error is kept."""
import math

from . import mathematics as m
from .mathematics_powers import add_to, edges, log_parts, scaled, short_log, split
from .mathematics_values import Value, in_double, polynomial, where

_TERMS = {False: 8, True: 13}                                                   # of exp, for floats and in full
_SINH_TERMS = {False: 5, True: 9}
_TINY = 2.0 ** -27                              # below, x stands for asinh(x) and atanh(x)


def _half_exp(x, full):
    """exp(x) / 2, which is finite longer than exp(x)."""
    x = where(x > 712, x.like(712), x)
    k, r = [Value(x.f, v) for v in m.reduced(x.f, x.reg)]
    return scaled(polynomial(r, [1 / math.factorial(i) for i in range(_TERMS[full] + 1)]), k - 1)


def _sinh(x, full):
    t = x.abs()
    half = _half_exp(t, full)
    z = t * t
    series = (t * z).fma(polynomial(z, [1 / math.factorial(2 * i + 3) for i in range(_SINH_TERMS[full])]), t)
    return where(t < 1, series, half - 0.25 / half).copysign(x)


def _cosh(x, full):
    half = _half_exp(x.abs(), full)
    return half + 0.25 / half


def _log_of(u, low, full, doublings=0):
    """log((u + low) 2^doublings) for u > 0, low a rounding error of u."""
    k, near = split(u)
    k = k + doublings
    high_ln2, low_ln2 = m.LN2["double"]
    if not full:
        return k.fma(math.log(2), short_log(near) + low / u)
    high, rest = log_parts(near)
    high, rest = add_to(k * high_ln2, high, (rest + k * low_ln2) + low / u)
    return high + rest


def _sum(a, b):
    """a + b in two parts."""
    y = a + b
    back = y - a
    return y, (a - (y - back)) + (b - back)


def _with_root(x, sign):
    """x + sqrt(x^2 + sign) in two parts, x >= 0, and at least 1 where sign is -1."""
    square = x * x
    inside, lost = _sum(square, square.like(sign))
    lost = lost + x.fma(x, -square)
    root = inside.sqrt()
    low = where(root > 0, ((-root).fma(root, inside) + lost) / (root + root), 0)
    u = root + x
    high, rest = _sum(root, x)
    return u, rest + low


def _asinh(x, full):
    t = x.abs()
    far = t > 2.0 ** 500
    u, low = _with_root(where(far, t.like(1), t), 1)
    y = _log_of(where(far, t, u), where(far, low.like(0), low), full, where(far, t.like(1), 0))
    y = where(t < math.inf, y, t)
    return where(t < _TINY, t, y).copysign(x)


def _acosh(x, full):
    far = x > 2.0 ** 500
    u, low = _with_root(where(far, x.like(2), x), -1)
    y = _log_of(where(far, x, u), where(far, low.like(0), low), full, where(far, x.like(1), 0))
    y = where(x < math.inf, y, x)
    return where(x >= 1, y, x.like(math.nan))


def _atanh(x, full):
    t = x.abs()
    above, below = 1 + t, 1 - t
    q = above / below
    rest = (-q).fma(below, above) + ((t - (above - 1)) + q * (t - (1 - below)))
    y = 0.5 * _log_of(q, rest / below, full)
    y = edges(q, where(t < 1, y, q))
    return where(t < _TINY, t, y).copysign(x)


sinh, cosh, asinh, acosh, atanh = in_double(_sinh), in_double(_cosh), in_double(_asinh), in_double(_acosh), in_double(_atanh)
