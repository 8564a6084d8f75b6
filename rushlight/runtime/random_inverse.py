"""Draws by inverting a distribution function in float64: exponential, geometric, cauchy; and log-normal.

Each element takes two words (`inverse_words`); log-normal takes a `normal_ticket`, whatever its size.
Source: torch.Tensor.exponential_, geometric_, cauchy_, log_normal_.
"""
import math

import numpy as np

from . import dtypes
from .random_bits import float64_units, fma64, libm, store_as
from .random_normal import serial_normals


def inverse_words(count):
    """Words for `count` exponentials, geometrics or cauchys, of any dtype."""
    return 2 * count


def exponential(words, dtype, rate=1.0):
    """Exponentials of rate `rate`."""
    return store_as((-1.0 / rate) * _elementwise(math.log1p, np.log1p, -float64_units(words), dtype), dtype)


def geometric(words, dtype, probability):
    """How many trials until the first success: 1, 2, ..."""
    with np.errstate(divide="ignore"):
        trials = np.ceil(np.log(float64_units(words)) / math.log1p(-probability))
    if dtype.is_floating_point:
        return store_as(trials, dtype)
    with np.errstate(invalid="ignore"):
        return trials.astype(np.int64).astype(dtype.numpy)


def cauchy(words, dtype, median=0.0, sigma=1.0):
    """Cauchys about `median`, of width `sigma`."""
    tangent = _elementwise(math.tan, np.tan, math.pi * (float64_units(words) - 0.5), dtype)
    return store_as(fma64(tangent, sigma, median), dtype)


def log_normal(ticket, count, dtype, mean=1.0, std=2.0):
    """exp of normals, of a `generator.normal_ticket(count)`."""
    with np.errstate(over="ignore"):
        exponent = fma64(serial_normals(ticket, count), std, mean)
        if dtype is dtypes.float64 and not (exponent > 709.0).any():  # math.exp raises where it overflows
            return libm(math.exp, exponent)
        return store_as(np.exp(exponent), dtype)


def _elementwise(exact, quick, values, dtype):
    """The last bit of float64 shows only where the result is float64."""
    return libm(exact, values) if dtype is dtypes.float64 else quick(values)
