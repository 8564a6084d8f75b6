"""Normal draws, in PyTorch's two ways.

Fewer than 16 elements, or elements that do not lie densely: *serial*, a pair at a time in float64, the odd one kept for
the next serial draw. From 16 on: *blocks* of 16 uniforms, of which eight give radii and eight give angles; what is left
over after the last whole block is overwritten with a last block of fresh words, ending at the last element.

PyTorch computes float32 blocks with the vector log, sine and cosine of Cephes, by fused multiply-adds (with AVX2 or
more; without, its results differ in the last bits), and narrower floats in float32. Agreement is bit for bit, so the
order of operations below is part of the contract: each `_fma` is one rounding, and so is each other operation. float64
blocks use the C library's functions.
Source: Box and Muller (1958); Moshier, Cephes.
"""
import math

import numpy as np

from . import dtypes
from .random_bits import float32_units, float64_units, fma32, fma64, libm, normal_pair, store_as

BLOCK = 16
_HALF = BLOCK // 2
_AT_ONCE = 8192  # elements whose intermediate values stay in the cache


def _constants(*numbers):
    return tuple(np.float32(number) for number in numbers)


LOG_POLYNOMIAL = _constants(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
                            -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
LOG_2_LOW, LOG_2_HIGH, SQRT_HALF = _constants(-2.12194440e-4, 0.693359375, 0.707106781186547524)
SIN_POLYNOMIAL = _constants(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS_POLYNOMIAL = _constants(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
QUARTER_PI_PARTS = _constants(0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
FOUR_OVER_PI, TWO_PI = _constants(1.27323954473516, 2.0 * math.pi)


def reserve_normal(generator, count, dtype, dense=True):
    """A ticket for `count` normals. `dense`: the elements lie in memory without gaps, in order (`is_contiguous()`)."""
    if count < BLOCK or not dense:
        return generator.normal_ticket(count)
    return generator.ticket(block_words(count, dtype))


def normal(ticket, count, dtype, mean=0.0, std=1.0):
    """`count` normals in the memory form of `dtype`, of a ticket that `reserve_normal` gave."""
    if ticket.serial:
        return store_as(_scaled64(serial_normals(ticket, count), mean, std), dtype)
    return block_normals(ticket.take(), count, dtype, mean, std)


def serial_normals(ticket, count):
    """`count` standard normals (float64) of a `normal_ticket`."""
    words = ticket.take()
    units = float64_units(words).tolist()
    values = [] if ticket.carry is None else [ticket.carry]
    for first, second in zip(units[0::2], units[1::2]):
        values.extend(normal_pair(first, second))
    return np.array(values[:count], np.float64)


def block_words(count, dtype):
    """Words for `count` >= 16 normals made in blocks."""
    remainder = count % BLOCK
    if dtype in (dtypes.float16, dtypes.bfloat16):
        return count + (BLOCK - remainder if remainder else 0)
    units = count + (BLOCK if remainder else 0)
    return 2 * units if dtype is dtypes.float64 else units


def block_normals(words, count, dtype, mean=0.0, std=1.0):
    """`count` normals made in blocks from `block_words(count, dtype)` words."""
    wide = dtype is dtypes.float64
    units = float64_units(words) if wide else float32_units(words)
    compute = _blocks64 if wide else _blocks32
    whole = count - count % BLOCK
    values = np.empty(count, units.dtype)
    compute(units[:whole].reshape(-1, BLOCK), values[:whole].reshape(-1, BLOCK))
    if whole < count:
        compute(units[-BLOCK:].reshape(1, BLOCK), values[count - BLOCK:].reshape(1, BLOCK))
    if wide:
        return _scaled64(values, mean, std)
    if mean == 0.0 and std == 1.0:
        values += np.float32(0.0)  # adding the mean turns -0 into 0
    else:
        values = fma32(values, np.float32(std), np.float32(mean))
    return store_as(values, dtype)


def _scaled64(values, mean, std):
    if mean == 0.0 and std == 1.0:
        return values + 0.0
    return fma64(values, std, mean)


def _blocks64(units, out):
    radius = np.sqrt(-2.0 * libm(math.log, 1.0 - units[:, :_HALF]))
    angle = 2.0 * math.pi * units[:, _HALF:]
    np.multiply(radius, libm(math.cos, angle), out=out[:, :_HALF])
    np.multiply(radius, libm(math.sin, angle), out=out[:, _HALF:])


def _blocks32(units, out):
    step = _AT_ONCE // _HALF
    for start in range(0, len(units), step):
        part = units[start:start + step]
        radius = np.sqrt(np.float32(-2.0) * log32(np.float32(1.0) - part[:, :_HALF]))
        sine, cosine = sincos32(TWO_PI * part[:, _HALF:])
        np.multiply(radius, cosine, out=out[start:start + step, :_HALF])
        np.multiply(radius, sine, out=out[start:start + step, _HALF:])


def _fma(a, b, c):
    """a * b + c through float64. It may round twice, once in 2**29 or so; the tests try every input there is."""
    total = np.multiply(a, b, dtype=np.float64)
    total += c
    return total.astype(np.float32)


def _polynomial(coefficients, x):
    wide = x.astype(np.float64)
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        total = wide * value
        total += coefficient
        value = total.astype(np.float32)
    return value


def log32(x):
    """The float32 logarithm of numbers in [2**-24, 1]."""
    bits = x.view(np.int32) if x.flags.c_contiguous else np.ascontiguousarray(x).view(np.int32)
    mantissa = ((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)  # in [0.5, 1)
    small = mantissa < SQRT_HALF
    exponent = ((bits >> 23) - 126 - small).astype(np.float32)
    m = np.where(small, mantissa + mantissa, mantissa) - np.float32(1.0)
    square = m * m
    y = _polynomial(LOG_POLYNOMIAL, m)
    y *= m
    y = _fma(y, square, exponent * LOG_2_LOW)
    y -= np.float32(0.5) * square
    m += y
    m += exponent * LOG_2_HIGH
    return m


def sincos32(angle):
    """The float32 (sine, cosine) of angles in [0, 2 pi)."""
    octant = (angle * FOUR_OVER_PI).astype(np.int32)
    octant += 1
    octant &= ~1
    turns = octant.astype(np.float32)
    first, second, third = QUARTER_PI_PARTS
    x = angle - turns * first  # exact, as the next line is: these parts have few bits
    x -= turns * second
    x = _fma(turns, -third, x)
    square = x * x
    cosine = _polynomial(COS_POLYNOMIAL, square)
    cosine *= square
    cosine = _fma(cosine, square, np.float32(-0.5) * square)
    cosine += np.float32(1.0)
    sine = _polynomial(SIN_POLYNOMIAL, square)
    sine *= square
    sine = _fma(sine, x, x)
    swap = (octant & 2) != 0
    sine_sign = (octant & 4) << 29
    cosine_sign = (~(octant - 2) & 4) << 29
    return (_with_sign(np.where(swap, cosine, sine), sine_sign), _with_sign(np.where(swap, sine, cosine), cosine_sign))


def _with_sign(values, sign_bit):
    values.view(np.int32)[...] ^= sign_bit
    return values
