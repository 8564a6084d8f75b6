"""exp2, log2, log10, pow; and the logarithm in two parts that they and the inverse hyperbolic functions rest on."""
import math

from .mathematics_values import BIAS, BITS, MANTISSA, in_double, of, polynomial, where

_EXP2_TERMS = {"float": 7, "double": 13}
_SHORT_PARTS_TERMS = {"float": 5, "double": 10}
_LOG_TERMS = 10
SHORT_EXP2_TERMS, SHORT_LOG_TERMS = 8, 9                                        # of doubles that become floats
_INVERSE_LN2 = (1.4426950408889634, 2.0355273740931033e-17)
_INVERSE_LN2_FLOAT = (1.44269502162933349609375, 1.925963033500011e-08)
_INVERSE_LN10 = {"float": (0.4342944920063018798828125, -1.0103050118726031e-08), "double": (0.4342944819032518, 1.098319650216765e-17)}
_LOG10_2 = {"float": (0.301025390625, 4.605038981195214e-06), "double": (0.30102999566361177, 3.694239077158931e-13)}       # short, rest
_THIRD = (1 / 3, 1.850371707708594e-17)


# ---------------------------------------------------------------- powers of two
def scaled(power, k):
    """power 2^k for a whole k: in two steps, since 2^k can be too large or too small where the product is not."""
    half = (k * 0.5).floor()
    return power * _power_of_two(half) * _power_of_two(k - half)


def _power_of_two(k):
    shift = MANTISSA[k.type]
    return ((k + (1.5 * 2.0 ** shift + BIAS[k.type])).bits() << shift).floats()


def two_to(x, tail=0, terms=None):
    """2^(x + tail), tail beside x as a rounding error."""
    most, least = BIAS[x.type] + 3, -BIAS[x.type] - MANTISSA[x.type] - 3
    x = where(x > most, x.like(most), x)
    x = where(x < least, x.like(least), x)
    k = x.rint()
    r = x - k
    if tail != 0 or not isinstance(tail, int):
        r = r + tail
    terms = terms or _EXP2_TERMS[x.type]
    return scaled(polynomial(r, [math.log(2) ** i / math.factorial(i) for i in range(terms + 1)]), k)


def _exp2(x):
    return two_to(x)


# ---------------------------------------------------------------- logarithms
def split(x):
    """x = m 2^k, sqrt(1/2) <= m < sqrt(2), for a positive finite x: (k, m)."""
    shift, bits = MANTISSA[x.type], BITS[x.type]
    denormal = x < 2.0 ** (1 - BIAS[x.type])
    raised = where(denormal, x * 2.0 ** (shift + 2), x).bits()
    root = 0x3F3504F3 if bits == "i32" else 0x3FE6A09E667F3BCD
    k = (raised - root) >> shift
    m = (raised - (k << shift)).floats()
    magic = x.like(1.5 * 2.0 ** shift)
    k = (k + magic.bits()).floats() - magic                                      # to floats, in two instructions that every machine has
    return where(denormal, k - (shift + 2), k), m


def short_log(m, terms=SHORT_LOG_TERMS):
    """log(m) of doubles near 1, as good as floats need it, near m = 1 too."""
    d = m - 1
    s = d / (m + 1)
    z = s * s
    return (s + s).fma(z * polynomial(z, [1 / (2 * i + 3) for i in range(terms)]), s + s)


def log_parts(m):
    """log(m) of doubles near 1, in two parts: twice the inverse hyperbolic tangent of (m - 1) / (m + 1), all but its small terms in pairs."""
    d, sum_ = m - 1, m + 1
    s = d / sum_
    s_low = ((-s).fma(sum_, d) - s * (m - (sum_ - 1))) / sum_
    z = s * s
    z_low = s.fma(s, -z) + (s + s) * s_low
    third, third_low = _THIRD
    small = z * polynomial(z, [1 / (2 * i + 5) for i in range(_LOG_TERMS)])
    c = small + third
    c_low = (small - (c - third)) + third_low
    t = z * c
    t_low = z.fma(c, -t) + (z_low * c + z * c_low)
    u = s * t
    u_low = s.fma(t, -u) + (s * t_low + s_low * t)
    high = s + u
    low = ((s - high) + u) + (s_low + u_low)
    return high + high, low + low


def short_parts(m):
    """log(m) near 1 in two parts, good to a small part of a rounding error of m's type."""
    d = m - 1
    s = d / (m + 1)
    z = s * s
    h = d * d * 0.5
    high = d - h                                    # log(1 + d) = d - h + s (h + z P)
    return high, ((d - high) - h) + s * z.fma(polynomial(z, [2 / (2 * i + 3) for i in range(_SHORT_PARTS_TERMS[m.type])]), h)


def times(high, low, factor):
    """The product of two pairs, as one."""
    y = high * factor[0]
    return y, high.fma(factor[0], -y) + (high * factor[1] + low * factor[0])


def add_to(k, high, low):
    """k + high + low as a pair; k is 0 or larger than high."""
    y = k + high
    return y, (high - (y - k)) + low


def edges(x, y):
    """y, a logarithm of x, where x is positive and finite."""
    y = where(x.equals(math.inf), x, y)
    y = where(x.equals(0), x.like(-math.inf), y)
    return where((x >= 0), y, x.like(math.nan))


def _log2(x):
    k, m = split(x)
    factor = _INVERSE_LN2 if x.type == "double" else _INVERSE_LN2_FLOAT
    high, low = add_to(k, *times(*short_parts(m), factor))
    return edges(x, high + low)


def _log10(x):
    k, m = split(x)
    short, rest = _LOG10_2[x.type]
    high, low = times(*short_parts(m), _INVERSE_LN10[x.type])
    high, low = add_to(k * short, high, low + k * rest)
    return edges(x, high + low)


def _pow(x, y, full):
    """By 2^(y log2|x|), and the sign and the edges as C's pow has them."""
    size = x.abs()
    k, m = split(size)
    if full:
        high, low = add_to(k, *times(*log_parts(m), _INVERSE_LN2))
    else:
        high, low = short_log(m).fma(_INVERSE_LN2[0], k), None
    high = where(size.equals(0), x.like(-math.inf), where(size < math.inf, high, size))
    product = y * high
    if full:
        tail = y.fma(high, -product) + y * low
        z = two_to(product, where(product.abs() < 1100, tail, 0))
    else:
        z = two_to(product, terms=SHORT_EXP2_TERMS)
    whole = y.floor().equals(y)
    half = y * 0.5
    odd = whole & half.floor().differs(half)
    z = where(odd, z.copysign(x), z)
    z = where(~whole & (x < 0) & (size < math.inf), x.like(math.nan), z)
    z = where(size.equals(1) & (whole | (x > 0)) & ~y.isnan(), where(odd, x, 1), z)
    return where(x.equals(1) | y.equals(0), x.like(1), z)


exp2, log2, log10, pow = of(_exp2), of(_log2), of(_log10), in_double(_pow)
