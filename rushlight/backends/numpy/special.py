"""Special functions: the error function's and the normal distribution's family; the others are gathered here by name.

`function(x)`, or of several, takes arrays (or numbers) that broadcast, and returns an array of their dtype.  Accuracy:
a few units in the last place of float64, one of float32; beside a zero that is no simple number (of lgamma at negative
arguments, of the Bessel functions) the error is small absolutely, not relatively.
"""
import math

import numpy as np

from . import special_tables as tables
from .special_bessel import (bessel_j0, bessel_j1, bessel_y0, bessel_y1, i0, i0e, i1, i1e, modified_bessel_k0,
                             modified_bessel_k1, scaled_modified_bessel_k0, scaled_modified_bessel_k1)
from .special_core import by_cases, elementwise, polynomial
from .special_gamma import digamma, gammainc, gammaincc, lgamma, polygamma, zeta

__all__ = ["bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv",
           "gammainc", "gammaincc", "i0", "i0e", "i1", "i1e", "lgamma", "log_ndtr", "logit", "modified_bessel_k0",
           "modified_bessel_k1", "ndtr", "ndtri", "polygamma", "scaled_modified_bessel_k0",
           "scaled_modified_bessel_k1", "sinc", "spherical_bessel_j0", "xlog1py", "xlogy", "zeta"]

SQRT_HALF, SQRT2 = math.sqrt(0.5), math.sqrt(2)


# ---- the error function ----------------------------------------------------------------------------------------------

def exp_square(x, sign):
    """exp(sign * x^2) without the error of rounding x^2, which the exponential would multiply by x^2.

    x is split in a part of 24 bits, whose square is exact, and a rest.
    """
    high = x.astype(np.float32).astype(np.float64)
    return np.exp(sign * high * high) * np.exp(sign * (x - high) * (x + high))


def erfcx_above(x):
    """exp(x^2) erfc(x) for x >= 0.5, infinity included."""
    return polynomial(tables.ERFCX, 1 - 8 / (x + 4)) / (1 + 2 * x)


def erfc_above(x):
    """erfc(x) for x >= 0.5; from 28 on it is less than any float64."""
    return exp_square(np.minimum(x, 28), -1) * erfcx_above(x)


def erf_below(x):
    """erf(x) for |x| <= 1."""
    return x * polynomial(tables.ERF, x * x)


def erf_float64(x):
    size = np.abs(x)
    return by_cases((x, size),
                    (size < 1, lambda x, size: erf_below(x)),
                    (True, lambda x, size: np.copysign(1 - erfc_above(size), x)))


def erf_float32(x):
    """From 4 on, erf is 1 in float32."""
    x = np.clip(x, -4, 4)
    return x * polynomial(tables.ERF_FLOAT32, x * x)


def erfc_float64(x):
    return by_cases((x,),
                    (np.abs(x) < 0.5, lambda x: 1 - erf_below(x)),
                    (x < 0, lambda x: 2 - erfc_above(-x)),
                    (True, erfc_above))


def erfcx_float64(x):
    return by_cases((x,),
                    (np.abs(x) < 0.5, lambda x: np.exp(x * x) * (1 - erf_below(x))),
                    (x < 0, lambda x: 2 * exp_square(np.maximum(x, -28), 1) - erfcx_above(-x)),
                    (True, erfcx_above))


def erfinv_float64(y):
    """y times a function of w = -log(1 - y^2), which grows like the square root of w (M. Giles, 2010)."""
    w = -np.log((1 - y) * (1 + y))
    factor = by_cases((w,),
                      (w < 3, lambda w: polynomial(tables.ERFINV_0, w)),
                      (w < 6.25, lambda w: polynomial(tables.ERFINV_1, w)),
                      (w < 16, lambda w: polynomial(tables.ERFINV_2, np.sqrt(w))),
                      (w < np.inf, lambda w: polynomial(tables.ERFINV_3, np.sqrt(w))),
                      (True, lambda w: w))
    return y * factor


erf = elementwise(erf_float64, erf_float32)
erfc = elementwise(erfc_float64)
erfcx = elementwise(erfcx_float64)
erfinv = elementwise(erfinv_float64)


# ---- the normal distribution -----------------------------------------------------------------------------------------

def lower_quantile(p):
    """ndtri(p) for p <= exp(-2); r is where the tail would be exactly exp(-r^2/2)."""
    r = np.sqrt(-2 * np.log(p))
    return -r * by_cases((r,),
                         (r < 4, lambda r: polynomial(tables.NDTRI_0, r)),
                         (r < 8, lambda r: polynomial(tables.NDTRI_1, r)),
                         (r < 16, lambda r: polynomial(tables.NDTRI_2, r)),
                         (r < np.inf, lambda r: polynomial(tables.NDTRI_3, r)),
                         (True, lambda r: r))


def ndtri_float64(p):
    edge = math.exp(-2)
    return by_cases((p,),
                    (p < edge, lower_quantile),
                    (p > 1 - edge, lambda p: -lower_quantile(1 - p)),
                    (True, lambda p: SQRT2 * erfinv_float64(2 * p - 1)))


def ndtr_float64(x):
    return 0.5 * erfc_float64(-x * SQRT_HALF)


def log_ndtr_float64(x):
    return by_cases((x,),
                    (x < -1, lambda x: np.log(0.5 * erfcx_above(-x * SQRT_HALF)) - 0.5 * x * x),
                    (True, lambda x: np.log1p(-0.5 * erfc_float64(x * SQRT_HALF))))


ndtri = elementwise(ndtri_float64)
ndtr = elementwise(ndtr_float64)
log_ndtr = elementwise(log_ndtr_float64)


# ---- in the precision of their argument, as PyTorch has them ---------------------------------------------------------

def sinc(x):
    """sin(pi x) / (pi x)"""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        t = x * x.dtype.type(math.pi)
        return np.where(x == 0, x.dtype.type(1), np.sin(t) / t)


def spherical_bessel_j0(x):
    """sin(x) / x"""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        return np.where(x == 0, x.dtype.type(1), np.where(np.isinf(x), x.dtype.type(0), np.sin(x) / x))


def logit(x, eps=None):
    """log(x / (1 - x)), of x brought into [eps, 1 - eps] first if eps is given."""
    x = np.asarray(x)
    if eps is not None:
        low, high = x.dtype.type(eps), x.dtype.type(1 - eps)
        x = np.where(x < low, low, np.where(x > high, high, x))
    with np.errstate(all="ignore"):
        return np.log(x / (1 - x))


def xlogy(x, y):
    """x log(y), which is 0 where x is, unless y is NaN."""
    with np.errstate(all="ignore"):
        product = np.asarray(x * np.log(y))
    return np.where((x == 0) & ~np.isnan(y), product.dtype.type(0), product)


def xlog1py(x, y):
    """x log(1 + y), which is 0 where x is, unless y is NaN."""
    with np.errstate(all="ignore"):
        product = np.asarray(x * np.log1p(y))
    return np.where((x == 0) & ~np.isnan(y), product.dtype.type(0), product)


def entr(x):
    """-x log(x); 0 at 0, -inf below."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        return np.where(x == 0, x.dtype.type(0), np.where(x < 0, x.dtype.type(-np.inf), -x * np.log(x)))
