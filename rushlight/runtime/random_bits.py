"""From 32-bit words to numbers in [0, 1), and the exact arithmetic that bit-for-bit agreement needs.

A float32 takes the low 24 bits of one word. A double takes two words, the first one high, and of these 64 bits the low
53. PyTorch's kernels use fused multiply-add, which NumPy lacks: `fma32` and `fma64` round once, as the hardware does.
"""
import math

import numpy as np

from . import dtypes

_2_TO_32 = 4294967296.0
_AT_ONCE = 16384  # elements whose intermediate values stay in the cache


def float32_units(words):
    """One float32 in [0, 1) from each word."""
    units = (words & np.uint32(0xFFFFFF)).astype(np.float32)
    units *= np.float32(2.0**-24)
    return units


def float64_units(words):
    """One float64 in [0, 1) from each two words."""
    units = (words[0::2] & np.uint32(0x1FFFFF)).astype(np.float64)
    units *= _2_TO_32
    units += words[1::2]  # exact: 21 bits above 32
    units *= 2.0**-53
    return units


def uint64_words(words):
    """One uint64 from each two words, the first one high."""
    wide = words[0::2].astype(np.uint64)
    wide <<= np.uint64(32)
    wide |= words[1::2]
    return wide


def round_to(values, dtype):
    """Real values rounded to what `dtype` can hold, as float32 or float64; narrow floats are reached by way of float32.
    """
    if dtype is dtypes.float64:
        return values.astype(np.float64, copy=False)
    values = values.astype(np.float32, copy=False)
    if dtype is dtypes.float16:
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    if dtype is dtypes.bfloat16:
        bits = np.ascontiguousarray(values).view(np.uint32)
        return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)).view(
            np.float32)
    return values


def store_as(values, dtype):
    """Real values in the memory form of `dtype` (bfloat16 as uint16 words), rounded to nearest even."""
    if dtype is dtypes.bfloat16:
        return (round_to(values, dtype).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    if dtype is dtypes.float16 and values.dtype != np.float16:
        with np.errstate(over="ignore"):
            return values.astype(np.float32, copy=False).astype(np.float16)
    return values.astype(dtype.numpy, copy=False)


def libm(function, values):
    """`function` of the C library on each float64: NumPy's own vector versions may differ in the last bit."""
    return np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size).reshape(values.shape)


def fma32(a, b, c):
    """a * b + c in float32, rounded once; a is an array, c an array or a scalar, b a scalar."""
    if a.size > _AT_ONCE and np.ndim(c) == 0:
        out = np.empty(a.size, np.float32)
        for start in range(0, a.size, _AT_ONCE):
            out[start:start + _AT_ONCE] = _fma32(a[start:start + _AT_ONCE], b, c)
        return out
    return _fma32(a, b, c)


def _fma32(a, b, c):
    product = np.multiply(a, b, dtype=np.float64)  # exact: 48 bits
    addend = np.asarray(c, dtype=np.float64)
    total = product + addend
    # The sum was rounded to 53 bits. Rounding it again can go wrong only from the middle between two float32.
    middle = (total.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    if middle.any():
        error = _sum_error(product, addend, total)
        upward = np.where(error > 0, np.inf, -np.inf)
        total = np.where(middle & (error != 0), np.nextafter(total, upward), total)
    return total.astype(np.float32)


def fma64(a, b, c):
    """a * b + c in float64, rounded once. Source: Boldo and Melquiond, Emulation of a FMA (2008)."""
    a, b, c = (np.asarray(v, dtype=np.float64) for v in (a, b, c))
    high = a * b
    low = _product_error(a, b, high)
    tail_high = c + low
    tail_low = _sum_error(c, low, tail_high)
    total = high + tail_high
    rest = _sum_error(high, tail_high, total)
    return total + _sum_to_odd(tail_low, rest)


def _sum_error(a, b, total):
    """What rounding took from total = a + b."""
    other = total - a
    return (a - (total - other)) + (b - other)


def _product_error(a, b, product):
    """What rounding took from product = a * b."""
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _halves(a):
    shifted = a * 134217729.0  # 2**27 + 1
    high = shifted - (shifted - a)
    return high, a - high


def _sum_to_odd(a, b):
    """a + b rounded to odd, which keeps the knowledge that something was cut off for the next rounding."""
    total = np.atleast_1d(a + b)
    error = np.atleast_1d(_sum_error(a, b, a + b))
    even = (total.view(np.int64) & 1) == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    odd = np.where((error != 0) & even, np.nextafter(total, toward), total)
    return odd.reshape(np.shape(a + b))


def normal_pair(first, second):
    """Two standard normals from two units of float64. Source: Box and Muller (1958)."""
    radius = math.sqrt(-2.0 * math.log1p(-second))
    angle = 2.0 * math.pi * first
    return radius * math.cos(angle), radius * math.sin(angle)
