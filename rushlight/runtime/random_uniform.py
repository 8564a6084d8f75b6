"""Draws that map words straight to values: uniform, bernoulli, integers.

Each has two halves: how many words a draw of `count` elements takes, and the values of those words, one-dimensional, in
the memory form of the dtype. Source: torch.Tensor.uniform_, bernoulli_, random_.
"""
import math

import numpy as np

from . import dtypes
from .random_bits import float32_units, float64_units, fma32, fma64, round_to, store_as, uint64_words

_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
_TWO_WORD_RANGE = 2**28  # a range of integers this wide takes two words an element


def uniform_words(count, dtype):
    """Words for `count` uniforms: two an element for float64, else one."""
    return 2 * count if dtype is dtypes.float64 else count


def uniform(words, dtype, low=0.0, high=1.0):
    """Uniforms of [low, high). What rounds up to `high` becomes `low`, as in PyTorch."""
    if dtype is dtypes.float64:
        values = float64_units(words)
        if low == 0.0 and high == 1.0:
            return values
        values = fma64(values, np.float64(high) - np.float64(low), low)
    else:
        values = float32_units(words)
        low, high = np.float32(low), np.float32(high)
        if low != 0.0 or high != 1.0:
            values = fma32(values, high - low, low)
        elif dtype is dtypes.float32:
            return values
    bottom, top = round_to(np.array([low, high]), dtype)
    values = round_to(values, dtype)
    values[values >= top] = bottom
    return store_as(values, dtype)


def bernoulli_words(count, probabilities=None):
    """Words for `count` bernoullis. `probabilities` is their array if each has its own; one word each if it is narrower
    than float64, else two; two also for a probability that is one number, whatever the dtype of the result.
    """
    if probabilities is not None and probabilities.dtype != np.float64:
        return count
    return 2 * count


def bernoulli(words, probability):
    """Booleans, true with `probability`: one number, or a float32 or float64 array (narrower dtypes as float32)."""
    if isinstance(probability, np.ndarray):
        units = float64_units if probability.dtype == np.float64 else float32_units
        return units(words) < probability.ravel()
    # u * 2**-53 < p, decided on the high words, and on the low ones where these are equal
    threshold = math.ceil(probability * 2.0**53)
    high, low = words[0::2] & np.uint32(0x1FFFFF), words[1::2]
    bound = np.uint32(threshold >> 32)
    drawn = high < bound
    tied = np.flatnonzero(high == bound)
    if tied.size:
        drawn[tied] = low[tied] < np.uint32(threshold & 0xFFFFFFFF)
    return drawn


def representable_bounds(low, high, dtype):
    """[low, high) narrowed as PyTorch does for floats that cannot hold it: the greatest value must not round to `high`,
    the smallest not below `low`.
    """
    digits = _DIGITS.get(dtype.name)
    if digits is None:
        return low, high
    second, last = _as_held(low + 1, dtype), _as_held(high - 1, dtype)
    if second < low:
        low = second + 2 ** (abs(low + 1).bit_length() - digits)
    if last >= high:
        high = last - 2 ** (abs(high - 1).bit_length() - digits)
    return low, high


def _as_held(integer, dtype):
    return int(round_to(np.array([integer], np.float64), dtype)[0])


def integers_words(count, low, high, dtype=dtypes.int64):
    """Words for `count` integers of [low, high)."""
    low, high = representable_bounds(low, high, dtype)
    return 2 * count if high - low >= _TWO_WORD_RANGE else count


def integers(words, low, high, dtype=dtypes.int64):
    """Integers of [low, high) in `dtype`, by remainder. `high` may be 2**63."""
    low, high = representable_bounds(low, high, dtype)
    width = high - low
    if width >= 2**64:  # all of int64
        values = uint64_words(words)
    elif width >= _TWO_WORD_RANGE:
        values = _remainder(uint64_words(words), np.uint64(width))
    else:
        values = _remainder(words, np.uint32(width))
    if width < 2**64:
        values = values.astype(np.uint64, copy=False)
        values = values + np.uint64(low & 0xFFFFFFFFFFFFFFFF)  # wraps round, as two's complement does
    return _from_int64(values.view(np.int64), dtype)


def any_value_words(count, dtype):
    """Words for `count` of `random_()` without bounds."""
    return 2 * count if dtype.name in ("float64", "int64", "uint64") else count


def any_value(words, dtype):
    """`random_()` without bounds: integers of [0, greatest], and for floats up to where every integer is exact."""
    if dtype.name in _DIGITS:
        modulus = 2 ** _DIGITS[dtype.name] + 1
    elif dtype is dtypes.bool_:
        modulus = 2
    else:
        modulus = int(np.iinfo(dtype.numpy).max) + 1
    wide = any_value_words(1, dtype) == 2
    values = uint64_words(words) if wide else words
    if modulus < (2**64 if wide else 2**32):
        values = _remainder(values, values.dtype.type(modulus))
    return _from_int64(values.astype(np.uint64, copy=False).view(np.int64), dtype)


def _remainder(values, divisor):
    """values % divisor; dividing by one number is quick in NumPy, its remainder is not."""
    return values - values // divisor * divisor


def _from_int64(values, dtype):
    if dtype.is_floating_point:
        return store_as(values, dtype) if dtype is dtypes.float64 else store_as(values.astype(np.float32), dtype)
    return values.astype(dtype.numpy, copy=False)
