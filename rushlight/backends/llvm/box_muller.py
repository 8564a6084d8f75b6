"""Normals from uniforms in vectors of float, operation for operation as runtime/random_normal.py has them, to the same bits.

Source: Box and Muller (1958); Moshier, Cephes.
"""
import numpy as np

from ...runtime import random_normal


def pair(f, radius, angle, mean, std):
    """Two vectors of normals from two of units."""
    def number(n):
        return f.constant(float(np.float32(n)), "float", radius.lanes)

    logarithm = _log(f, _rounded(f, "fsub", number(1), radius), number)
    length = f.mathematics("sqrt", _rounded(f, "fmul", number(-2), logarithm))
    sine, cosine = _sincos(f, _rounded(f, "fmul", number(random_normal.TWO_PI), angle), number)
    return [f.fma(_rounded(f, "fmul", length, x), number(std), number(mean)) for x in (cosine, sine)]


def _rounded(f, name, a, b):
    """An operation that is rounded by itself, never joined to another."""
    return f.emit(f"{name} {a.full} {a}, {b}", a.type, a.lanes)


def _polynomial(f, coefficients, x, number):
    value = number(coefficients[0])
    for c in coefficients[1:]:
        value = f.fma(value, x, number(c))
    return value


def _log(f, x, number):
    def whole(n):
        return f.constant(n, "i32", x.lanes)

    bits = _as(f, x, "i32")
    mantissa = _as(f, f.binary("or", f.binary("and", bits, whole(0x7FFFFF)), whole(0x3F000000)), "float")
    small = f.test("fcmp olt", mantissa, number(random_normal.SQRT_HALF))
    power = f.binary("sub", f.binary("lshr", bits, whole(23)), f.select(small, whole(127), whole(126)))
    exponent = f.convert("sitofp", power, "float")
    m = _rounded(f, "fsub", f.select(small, _rounded(f, "fadd", mantissa, mantissa), mantissa), number(1))
    square = _rounded(f, "fmul", m, m)
    y = _rounded(f, "fmul", _polynomial(f, random_normal.LOG_POLYNOMIAL, m, number), m)
    y = f.fma(y, square, _rounded(f, "fmul", exponent, number(random_normal.LOG_2_LOW)))
    y = _rounded(f, "fsub", y, _rounded(f, "fmul", number(0.5), square))
    return _rounded(f, "fadd", _rounded(f, "fadd", m, y), _rounded(f, "fmul", exponent, number(random_normal.LOG_2_HIGH)))


def _sincos(f, angle, number):
    def whole(n):
        return f.constant(n, "i32", angle.lanes)

    octant = f.convert("fptosi", _rounded(f, "fmul", angle, number(random_normal.FOUR_OVER_PI)), "i32")
    octant = f.binary("and", f.binary("add", octant, whole(1)), whole(-2))
    turns = f.convert("sitofp", octant, "float")
    x = angle
    for part in random_normal.QUARTER_PI_PARTS:             # the first two products are exact
        x = f.fma(turns, number(-part), x)
    square = _rounded(f, "fmul", x, x)
    cosine = _rounded(f, "fmul", _polynomial(f, random_normal.COS_POLYNOMIAL, square, number), square)
    cosine = f.fma(cosine, square, _rounded(f, "fmul", number(-0.5), square))
    cosine = _rounded(f, "fadd", cosine, number(1))
    sine = _rounded(f, "fmul", _polynomial(f, random_normal.SIN_POLYNOMIAL, square, number), square)
    sine = f.fma(sine, x, x)
    swap = f.test("icmp ne", f.binary("and", octant, whole(2)), whole(0))

    def signed(value, turned):
        sign = f.binary("shl", f.binary("and", turned, whole(4)), whole(29))
        return _as(f, f.binary("xor", _as(f, value, "i32"), sign), "float")

    return (signed(f.select(swap, cosine, sine), octant),
            signed(f.select(swap, sine, cosine), f.binary("add", octant, whole(2))))


def _as(f, x, type):
    return f.convert("bitcast", x, type)
