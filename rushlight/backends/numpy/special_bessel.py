"""Bessel functions of orders 0 and 1, ordinary and modified."""
import math

import numpy as np

from . import special_tables as tables
from .special_core import by_cases, elementwise, polynomial

SQRT_HALF = math.sqrt(0.5)


# ---- modified, of the first kind -------------------------------------------------------------------------------------

def i0e_float64(x):
    """exp(-|x|) I0(x)"""
    x = np.abs(x)
    return by_cases((x,),
                    (x < 2, lambda x: polynomial(tables.I0E_0, x)),
                    (x < 8, lambda x: polynomial(tables.I0E_1, x)),
                    (True, lambda x: polynomial(tables.I0E_2, 8 / x) / np.sqrt(x)))


def i1e_float64(x):
    """exp(-|x|) I1(x)"""
    size = np.abs(x)
    value = by_cases((size,),
                     (size < 2, lambda x: polynomial(tables.I1E_0, x) * x),
                     (size < 8, lambda x: polynomial(tables.I1E_1, x) * x),
                     (True, lambda x: polynomial(tables.I1E_2, 8 / x) / np.sqrt(x)))
    return np.copysign(value, x)


def i0_float64(x):
    return np.exp(np.abs(x)) * i0e_float64(x)


def i1_float64(x):
    return np.exp(np.abs(x)) * i1e_float64(x)


i0, i0e, i1, i1e = map(elementwise, (i0_float64, i0e_float64, i1_float64, i1e_float64))


# ---- modified, of the second kind ------------------------------------------------------------------------------------
# K0(x) = f(x^2) - log(x/2) I0(x) and K1(x) = f(x^2) / x + log(x/2) I1(x) up to 2; then times sqrt(x) exp(x), in 2 / x

def k0e_float64(x):
    def small(x):
        return (polynomial(tables.K0_SMALL, x * x) - np.log(x / 2) * i0_float64(x)) * np.exp(x)

    return by_cases((x,),
                    (x < 0, lambda x: np.full_like(x, np.nan)),
                    (x <= 2, small),
                    (True, lambda x: polynomial(tables.K0E_LARGE, 2 / x) / np.sqrt(x)))


def k1e_float64(x):
    def small(x):
        return (polynomial(tables.K1_SMALL, x * x) / x + np.log(x / 2) * i1_float64(x)) * np.exp(x)

    return by_cases((x,),
                    (x < 0, lambda x: np.full_like(x, np.nan)),
                    (x == 0, lambda x: np.full_like(x, np.inf)),
                    (x <= 2, small),
                    (True, lambda x: polynomial(tables.K1E_LARGE, 2 / x) / np.sqrt(x)))


def k0_float64(x):
    return k0e_float64(x) * np.exp(-x)


def k1_float64(x):
    return k1e_float64(x) * np.exp(-x)


modified_bessel_k0, modified_bessel_k1 = elementwise(k0_float64), elementwise(k1_float64)
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = elementwise(k0e_float64), elementwise(k1e_float64)


# ---- ordinary --------------------------------------------------------------------------------------------------------
# From 8 on, with c = x - pi/4 (order 0) or x - 3 pi/4 (order 1):
#   J = sqrt(2 / (pi x)) (P cos c - Q sin c)    Y = sqrt(2 / (pi x)) (P sin c + Q cos c)
# where P and Q x / 8 are smooth in (8/x)^2.

def far(order, second):
    p_table, q_table = ((tables.P0, tables.Q0), (tables.P1, tables.Q1))[order]

    def value(x):
        sine, cosine = np.sin(x), np.cos(x)
        if order == 0:
            cos_c, sin_c = cosine + sine, sine - cosine
        else:
            cos_c, sin_c = sine - cosine, -sine - cosine
        ratio = 8 / x
        p, q = polynomial(p_table, ratio * ratio), ratio * polynomial(q_table, ratio * ratio)
        wave = p * sin_c + q * cos_c if second else p * cos_c - q * sin_c
        return wave * (SQRT_HALF * math.sqrt(2 / math.pi)) / np.sqrt(x)

    return value


def j0_float64(x):
    x = np.abs(x)
    return by_cases((x,),
                    (x < 4, lambda x: polynomial(tables.J0_SMALL, x * x)),
                    (x < 8, lambda x: polynomial(tables.J0_MIDDLE, x)),
                    (True, far(0, False)))


def j1_float64(x):
    size = np.abs(x)
    value = by_cases((size,),
                     (size < 4, lambda x: polynomial(tables.J1_SMALL, x * x) * x),
                     (size < 8, lambda x: polynomial(tables.J1_MIDDLE, x)),
                     (True, far(1, False)))
    return np.where(np.signbit(x), -value, value)


def y0_float64(x):
    def near(x):
        return polynomial(tables.Y0_SMALL, x * x) + 2 / math.pi * np.log(x / 2) * j0_float64(x)

    return by_cases((x,),
                    (x < 0, lambda x: np.full_like(x, np.nan)),
                    (x < 4, near),
                    (x < 8, lambda x: polynomial(tables.Y0_MIDDLE, x)),
                    (True, far(0, True)))


def y1_float64(x):
    def near(x):
        return polynomial(tables.Y1_SMALL, x * x) * x + 2 / math.pi * (np.log(x / 2) * j1_float64(x) - 1 / x)

    return by_cases((x,),
                    (x < 0, lambda x: np.full_like(x, np.nan)),
                    (x == 0, lambda x: np.full_like(x, -np.inf)),
                    (x < 4, near),
                    (x < 8, lambda x: polynomial(tables.Y1_MIDDLE, x)),
                    (True, far(1, True)))


bessel_j0, bessel_j1, bessel_y0, bessel_y1 = map(elementwise, (j0_float64, j1_float64, y0_float64, y1_float64))
