"""asin, acos, atan, atan2: the argument brought near zero by the functions' identities, then a polynomial.

The polynomials are least in their greatest relative error (Lawson's iteration over Chebyshev's points, in 50 digits).
"""
import math

from .mathematics_values import of, polynomial, signbit, where

# (atan(x) / x - 1) / x^2 in x^2, up to tan(pi / 8)
_ATAN = {
    "float": (-0.3333333186350363, 0.19999559400093028, -0.14264503818772462, 0.10748823985933506, -0.06466724502000477),
    "double": (-0.3333333333333333, 0.19999999999995757, -0.14285714284711673, 0.11111111018608787, -0.0909090470465088,
               0.07692185934748447, -0.06664547684676866, 0.05858445176765351, -0.05086913767059952, 0.039271719539426035,
               -0.01922348404797388)}
# (asin(x) / x - 1) / x^2 in x^2, up to 1 / 2
_ASIN = {
    "float": (0.16666673134769175, 0.07498761771291648, 0.0450201853853864, 0.02643355134520664, 0.03832793092653596),
    "double": (0.16666666666666646, 0.07500000000023258, 0.04464285709941815, 0.030381947617984423, 0.022372039577091118,
               0.017355410740482687, 0.013927893875398232, 0.011888668338338543, 0.007739587181277329, 0.0162247009476432,
               -0.011068202472371957, 0.02840167423749889)}
_QUARTER_PI = {"float": (0.785398185253143310546875, -2.18556941393841e-08), "double": (math.pi / 4, 3.061616997868383e-17)}
_FIRST = math.tan(math.pi / 8)


def _near_zero(q, table):
    """q and what is to be added to it."""
    z = q * q
    return q, q * z * polynomial(z, table[q.type])


def _quarters(n):
    """n pi / 4 in two parts; n: a value, 0 to 4."""
    high, low = _QUARTER_PI[n.type]
    y = n * high
    return y, n.fma(high, -y) + n * low


def _with_quarters(n, q):
    """n pi / 4 + atan(q)"""
    high, low = _quarters(n)
    first, rest = _near_zero(q, _ATAN)
    return high + (first + (rest + low))


def _atan(x):
    t = x.abs()
    far, middle = t > 1 / _FIRST, t > _FIRST
    q = where(far, t.like(-1), where(middle, t - 1, t)) / where(far, t, where(middle, t + 1, t.like(1)))
    return _with_quarters(where(far, t.like(2), where(middle, t.like(1), 0)), q).copysign(x)


def _atan2(y, x):
    up, along = y.abs(), x.abs()
    steep = up > along
    most, least = where(steep, up, along), where(steep, along, up)
    equal = most.equals(least)                                                  # zeros and infinities among them
    most, least = where(equal, where(most.equals(0), most.like(1), 1), most), where(equal, where(most.equals(0), most, 1), least)
    scale = where(most > 2.0 ** 100, most.like(0.25), 1)                        # their sum might overflow
    most, least = most * scale, least * scale
    middle = least > most * _FIRST
    q = where(middle, least - most, least) / where(middle, least + most, most)
    n = where(middle, q.like(1), 0)
    left = signbit(x)
    n = where(steep, 2 - n, n)
    n = where(left, 4 - n, n)
    return _with_quarters(n, where(left ^ steep, -q, q)).copysign(y)


def _asin(x):
    t = x.abs()
    far = t > 0.5
    w = where(far, (1 - t) * 0.5, t * t)
    s = where(far, w.sqrt(), t)
    rest = s * w * polynomial(w, _ASIN[x.type])
    high, low = _quarters(x.like(2))
    return where(far, high - ((s + s) + ((rest + rest) - low)), s + rest).copysign(x)


def _acos(x):
    t = x.abs()
    far = t > 0.5
    w = where(far, (1 - t) * 0.5, t * t)
    s = where(far, w.sqrt(), x)
    rest = s * w * polynomial(w, _ASIN[x.type])
    high, low = _quarters(x.like(2))
    near = high - (s + (rest - low))
    twice = (s + s) + (rest + rest)
    return where(far, where(x < 0, (high + high) - (twice - (low + low)), twice), near)


asin, acos, atan, atan2 = of(_asin), of(_acos), of(_atan), of(_atan2)
