"""What the special functions share: they are written for a short float64 array, and run on anything.

Float32 results are rounded from float64 ones.  Work goes in chunks, so that a polynomial of degree 20 makes its forty
passes over memory that is in the cache.
"""
import functools

import numpy as np

CHUNK = 8192


def elementwise(function, for_float32=None):
    """`function` of contiguous float64 vectors, as one of arrays and numbers that broadcast.

    `for_float32`: takes float64 vectors as well, but need be no more accurate than float32.
    """
    @functools.wraps(function)
    def run(*xs):
        dtype = np.result_type(*xs)
        if dtype.kind != "f":
            dtype = np.dtype(np.float64)
        compute = function if for_float32 is None or dtype.itemsize > 4 else for_float32
        arrays = np.broadcast_arrays(*xs) if len(xs) > 1 else [np.asarray(xs[0])]
        out = np.empty(arrays[0].shape, dtype)
        flat, flats = out.reshape(-1), [a.reshape(-1) for a in arrays]
        with np.errstate(all="ignore"):
            for i in range(0, flat.size, CHUNK):
                flat[i:i + CHUNK] = compute(*[f[i:i + CHUNK].astype(np.float64) for f in flats])
        return out

    return run


def horner(coefficients, t):
    """The polynomial with these coefficients, highest power first."""
    total = coefficients[0] * t
    for c in coefficients[1:-1]:
        total += c
        total *= t
    total += coefficients[-1]
    return total


def polynomial(table, x):
    """A table of special_tables.py at x."""
    low, high, coefficients = table
    t = x * (2 / (high - low))
    t -= (high + low) / (high - low)
    return horner(coefficients, t)


def by_cases(xs, *cases):
    """For each element the first case that applies.  xs: a tuple of vectors; a case: (mask or True, function of xs)."""
    out, left = np.empty_like(xs[0]), None
    for mask, function in cases:
        here = left if mask is True else mask if left is None else mask & left
        if here is None or (left is None and here.all()):
            return function(*xs)
        if here.any():
            out[here] = function(*[x[here] for x in xs])
        if mask is True:
            break
        left = ~mask if left is None else left & ~mask
    return out
