"""The gamma function's family: lgamma, digamma, polygamma, the Hurwitz zeta function, the incomplete gamma functions."""
import functools
import math

import numpy as np

from . import special_tables as tables
from .special_core import by_cases, elementwise, horner, polynomial

# B_2, B_4, ... B_20
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI, 1))
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


# ---- lgamma and digamma ----------------------------------------------------------------------------------------------

def stirling_rest(x):
    """What Stirling's formula leaves of lgamma(x), x >= 12: 1/(12 x) - 1/(360 x^3) + ..."""
    return horner(STIRLING[7::-1], 1 / (x * x)) / x


def lgamma_above(x):
    """lgamma(x) for x >= 0."""
    def around_one_and_two(table):
        return lambda x: polynomial(table, x) * ((x - 1) * (x - 2)) + 0.0  # not -0.0

    return by_cases((x,),
                    (x < 0.5, lambda x: lgamma_of_next(x) - np.log(x)),
                    (x < 1.25, around_one_and_two(tables.LGAMMA_1)),
                    (x < 2, around_one_and_two(tables.LGAMMA_2)),
                    (x < 3, around_one_and_two(tables.LGAMMA_3)),
                    (x < 4.5, lambda x: polynomial(tables.LGAMMA_4, x)),
                    (x < 7, lambda x: polynomial(tables.LGAMMA_5, x)),
                    (x < 12, lambda x: polynomial(tables.LGAMMA_6, x)),
                    (True, lambda x: (x - 0.5) * (np.log(x) - 1) + (HALF_LOG_TWO_PI - 0.5) + stirling_rest(x)))


def lgamma_of_next(x):
    """lgamma(1 + x) for x >= 0, where 1 + x would lose digits of a small x."""
    return by_cases((x,), (x < 0.5, lambda x: x * polynomial(tables.LGAMMA_0, x)), (True, lambda x: lgamma_above(1 + x)))


def lgamma_below(x):
    """The logarithm of |gamma(x)| for x < 0: gamma(x) gamma(-x) = -pi / (x sin(pi x))."""
    sine = np.abs(np.sin(math.pi * (x - np.rint(x))))
    value = math.log(math.pi) - np.log(-x) - np.log(sine) - lgamma_above(-x)
    return np.where((sine == 0) | np.isinf(x), np.inf, value)


def lgamma_float64(x):
    return by_cases((x,), (x < 0, lgamma_below), (True, lgamma_above))


def digamma_above(x):
    """digamma(x) for x >= 1."""
    root, rest = tables.DIGAMMA_ROOT

    def asymptotic(x):
        square = 1 / (x * x)
        series = horner([b / (2 * k) for k, b in enumerate(BERNOULLI[:9], 1)][::-1], square)
        return np.log(x) - 0.5 / x - square * series

    return by_cases((x,),
                    (x < 2, lambda x: polynomial(tables.DIGAMMA_0, x) * ((x - root) - rest)),
                    (x < 4, lambda x: polynomial(tables.DIGAMMA_1, x)),
                    (x < 8, lambda x: polynomial(tables.DIGAMMA_2, x)),
                    (True, asymptotic))


def digamma_float64(x):
    """NaN at the negative integers; at 0 an infinity of the other sign."""
    def below(x):
        away = x - np.rint(x)
        return np.where(away == 0, np.nan, digamma_above(1 - x) - math.pi / np.tan(math.pi * away))

    return by_cases((x,),
                    (x == 0, lambda x: np.copysign(np.inf, -x)),
                    (x < 0, below),
                    (x < 1, lambda x: digamma_above(1 + x) - 1 / x),
                    (True, digamma_above))


lgamma = elementwise(lgamma_float64)
digamma = elementwise(digamma_float64)


# ---- zeta and polygamma ----------------------------------------------------------------------------------------------

def zeta_above(s, q):
    """The sum of (q + k)^-s over k >= 0, for s > 1 and q > 0: ten terms or more, and Euler and Maclaurin's rest."""
    total = np.zeros_like(q)
    for k in range(10):
        total += (q + k) ** -s
    a = q + 10
    power = a ** -s
    square, product, series = 1 / (a * a), s / a, np.zeros_like(a)
    for j, b in enumerate(BERNOULLI):
        series += b / math.factorial(2 * j + 2) * product
        product = product * (s + 2 * j + 1) * (s + 2 * j + 2) * square
    rest = power * (a / (s - 1) + 0.5 + series)
    return np.where(power == 0, total, total + rest)


def zeta_below(s, q):
    """For q < 0, no integer, and s an integer: over all integers the sum depends only on q's fraction."""
    fraction = q - np.floor(q)
    sign = np.where(s % 2 == 0, 1.0, -1.0)
    return zeta_above(s, fraction) + sign * (zeta_above(s, 1 - fraction) - zeta_above(s, 1 - q))


def zeta_float64(s, q):
    nowhere = (s < 1) | np.isnan(s) | np.isnan(q)
    return by_cases((s, q),
                    (s == 1, lambda s, q: np.full_like(s, np.inf)),
                    (nowhere, lambda s, q: np.full_like(s, np.nan)),
                    ((q <= 0) & (q == np.floor(q)), lambda s, q: np.full_like(s, np.inf)),
                    ((q <= 0) & (s != np.floor(s)) | np.isinf(s) | np.isinf(q), lambda s, q: np.full_like(s, np.nan)),
                    (q < 0, zeta_below),
                    (True, zeta_above))


def trigamma(x):
    """By reflection below 0.  There PyTorch does not see that sin(pi x) of an integer is 0, and so nor do we."""
    return by_cases((x,),
                    (x == np.inf, np.zeros_like),
                    (x < 0, lambda x: (math.pi / np.sin(math.pi * x)) ** 2 - zeta_float64(np.full_like(x, 2), 1 - x)),
                    (True, lambda x: zeta_float64(np.full_like(x, 2), x)))


def polygamma_float64(n, x):
    """The derivative of order n of digamma."""
    def higher(n, x):
        factorials = np.array([math.factorial(k) if k <= 170 else np.inf for k in range(172)], np.float64)
        size = factorials[np.minimum(n, 171).astype(np.intp)] * zeta_float64(n + 1, x)
        return np.where(n % 2 == 0, -size, size)

    return by_cases((n, x),
                    (n == 0, lambda n, x: digamma_float64(x)),
                    (n == 1, lambda n, x: trigamma(x)),
                    (True, higher))


zeta = elementwise(zeta_float64)
polygamma = elementwise(polygamma_float64)


# ---- the incomplete gamma functions ----------------------------------------------------------------------------------

def log1p_less(u):
    """log(1 + u) - u"""
    return by_cases((u,),
                    ((u > -0.4) & (u < 0.5), lambda u: u * u * polynomial(tables.LOG1PMX, u)),
                    (True, lambda u: np.log1p(u) - u))


def power_over_gamma(a, x):
    """x^a exp(-x) / gamma(a + 1).  For large a the exponent is a difference of large numbers: take it from u = x/a - 1."""
    def large(a, x):
        u = (x - a) / a
        exponent = np.where(u < -0.4, np.log(x / a) - u, log1p_less(u))
        return np.exp(a * exponent - stirling_rest(a)) / np.sqrt(2 * math.pi * a)

    return by_cases((a, x),
                    (a < 12, lambda a, x: np.exp(a * np.log(x) - x - lgamma_of_next(a))),
                    (True, large))


def lower_series(a, x):
    """P(a, x) as a power series, for x below a or little above."""
    term, total, denominator = np.ones_like(a), np.ones_like(a), a.copy()
    for _ in range(2000):
        denominator += 1
        term *= x / denominator
        total += term
        if np.all(term <= total * 1e-17):
            break
    return power_over_gamma(a, x) * total


def upper_fraction(a, x):
    """Q(a, x) as a continued fraction (Lentz's method), for x above a + 1."""
    b = x + 1 - a
    c, d = np.full_like(x, 1e300), 1 / b
    total, done = d, False
    for k in range(1, 2000):
        factor = -k * (k - a)
        b = b + 2
        d = 1 / (factor * d + b)
        c = b + factor / c
        step = c * d
        total = np.where(done, total, total * step)
        done |= np.abs(step - 1) <= 4e-16  # no better can come, only rounding
        if np.all(done):
            break
    return power_over_gamma(a, x) * a * total


def upper_small(a, x):
    """Q(a, x) for a <= 1 and x <= 1.1, where 1 - P would lose digits."""
    exponent = a * np.log(x) - lgamma_of_next(a)
    term, total = np.ones_like(x), np.zeros_like(x)
    for k in range(1, 30):
        term = term * -x / k
        total += term * a / (a + k)
    return -np.expm1(exponent) - np.exp(exponent) * total


@functools.cache
def gauss_nodes():
    return np.polynomial.legendre.leggauss(64)


def tail(a, x):
    """For large a and x near it: the integral from x away from a, Q if x >= a, else P, by Gauss's quadrature.

    In units of a's square root the integrand falls about as a normal density does; the range is where it falls by e^40.
    """
    spread = np.sqrt(a)
    start = np.abs(x - a) / spread
    width = (np.sqrt(start * start + 80) - start) * spread * np.where(x >= a, 1.5, -1)
    total = np.zeros_like(a)
    for node, weight in zip(*gauss_nodes()):
        t = x + width * (0.5 + 0.5 * node)
        total += weight * (power_over_gamma(a, t) / t)
    return total * a * np.abs(width) * 0.5


def incomplete(a, x, upper):
    def constant(value):
        return lambda a, x: np.full_like(a, value)

    def either(found_upper, function):
        return (lambda a, x: function(a, x)) if found_upper == upper else (lambda a, x: 1 - function(a, x))

    def quadrature(a, x):
        found = tail(a, x)
        return np.where((x >= a) == upper, found, 1 - found)

    none, all_ = (1.0, 0.0) if upper else (0.0, 1.0)
    undefined = (a < 0) | (x < 0) | np.isnan(a) | np.isnan(x) | (a == 0) & (x == 0) | np.isinf(a) & np.isinf(x)
    return by_cases((a, x),
                    (undefined, constant(np.nan)),
                    ((x == 0) | np.isinf(a), constant(none)),
                    ((a == 0) | np.isinf(x), constant(all_)),
                    ((a > 200) & (np.abs(x - a) < 0.5 * a), quadrature),
                    ((a <= 1) & (x <= 1.1) & upper, upper_small),
                    (x < a + 1, either(False, lower_series)),
                    (True, either(True, upper_fraction)))


def gammainc_float64(a, x):
    """P(a, x), the regularised lower incomplete gamma function."""
    return incomplete(a, x, False)


def gammaincc_float64(a, x):
    """Q(a, x) = 1 - P(a, x)"""
    return incomplete(a, x, True)


gammainc = elementwise(gammainc_float64)
gammaincc = elementwise(gammaincc_float64)
