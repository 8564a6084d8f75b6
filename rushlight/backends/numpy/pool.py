"""Pooling on ndarrays: maxima and sums over windows, and their gradients.

x is (..., *S).  `window`, `stride` and `dilation` have a number for each spatial dimension, `padding` a (low, high) pair,
and `out_size` is the result's spatial size; windows may reach beyond the padded end (PyTorch's ceil_mode).

A maximum or a sum over a box is one over its rows and then one over those, so every function goes dimension by
dimension: 6 steps for a window of 3 x 3 where its 9 elements would take 9.
"""
import math

import numpy as np

# Above this many taps, windows that lie side by side are reduced by NumPy in one go; below, tap by tap is faster.
MANY_TAPS = 6

# Bytes of x taken at a time.
CHUNK_BYTES = 1 << 19


def max_pool(x, window, stride, padding, dilation, out_size):
    """The greatest element of each window; NaN if there is one, and the least number where a window lies in padding."""
    def pool(x):
        for axis, *one in dimensions(x, window, stride, padding, dilation, out_size):
            x = reduce_axis(x, axis, *one, np.maximum, least(x.dtype))
        return x

    return by_planes(pool, x, len(window), out_size, x.dtype)


def sum_pool(x, window, stride, padding, out_size):
    """The sum of each window; padding counts as 0."""
    def pool(x):
        for axis, *one in dimensions(x, window, stride, padding, (1,) * len(window), out_size):
            x = reduce_axis(x, axis, *one, np.add, 0)
        return x

    return by_planes(pool, x, len(window), out_size, x.dtype)


def max_pool_index(x, window, stride, padding, dilation, out_size):
    """Where each window has its maximum: int64 positions in the flattened plane S.

    The first of equals; the last NaN, as PyTorch has it.  Last dimension first, so that the first of equals is the
    first in the order of memory: of a row its first, and of the rows the first.
    """
    size = x.shape[x.ndim - len(window):]
    code_type = np.uint8 if math.prod(window) <= 256 else np.int32

    def pool(x):
        has_nan = x.dtype.kind == "f" and np.isnan(x.max())
        codes, weight = None, 1  # a code is the number of the winning tap within the window
        for axis, *one in reversed(list(dimensions(x, window, stride, padding, dilation, out_size))):
            x, codes = first_maximum(x, codes, axis, *one, weight, code_type, has_nan)
            weight *= one[0]
        return positions(codes, size, window, stride, padding, dilation, out_size)

    return by_planes(pool, x, len(window), out_size, np.int64)


def max_pool_dx(g, index, x_shape, spatial):
    """Zeros of x_shape, with g added at the positions that `max_pool_index` gave; `spatial` dimensions make a plane."""
    lead = len(x_shape) - spatial
    planes, plane = math.prod(x_shape[:lead]), math.prod(x_shape[lead:])
    if g.size == 0 or plane == 0:
        return np.zeros(x_shape, g.dtype)
    where = index.reshape(planes, -1) + np.arange(0, planes * plane, plane)[:, None]
    return add_at(planes * plane, where.reshape(-1), g.reshape(-1)).reshape(x_shape)


def sum_pool_dx(g, x_shape, window, stride, padding):
    """Each element of g added to every element of its window."""
    rank = len(window)
    size = tuple(x_shape[len(x_shape) - rank:])

    def spread(g):
        for i in reversed(range(rank)):
            g = spread_axis(g, g.ndim - rank + i, size[i], window[i], stride[i], padding[i][0])
        return g

    return by_planes(spread, g, rank, size, g.dtype)


def add_at(size, where, values):
    """A flat array of `size` zeros with `values` added at `where`."""
    out = np.zeros(size, values.dtype)
    np.add.at(out, where, values)
    return out


def by_planes(function, x, rank, out_size, dtype):
    """`function` applied to some planes of x (..., *S) at a time, few enough for the cache."""
    lead, plane = x.shape[:x.ndim - rank], x.shape[x.ndim - rank:]
    out = np.empty(lead + tuple(out_size), dtype)
    if out.size == 0:
        return out
    if x.size == 0:
        raise ValueError(f"pooling needs elements in each plane, got x of shape {x.shape}")
    planes, results = x.reshape(-1, *plane), out.reshape(-1, *out_size)
    step = max(1, CHUNK_BYTES // (max(math.prod(plane), math.prod(out_size)) * x.itemsize))
    for i in range(0, len(planes), step):
        results[i:i + step] = function(planes[i:i + step])
    return out


# ---- one dimension at a time -----------------------------------------------------------------------------------------

def least(dtype):
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def dimensions(x, window, stride, padding, dilation, out_size):
    """For each spatial dimension: its axis, and its window, stride, low padding, dilation and result size."""
    first = x.ndim - len(window)
    for i, (low, _) in enumerate(padding):
        yield first + i, window[i], stride[i], low, dilation[i], out_size[i]


def taps_of(n, window, stride, low, dilation, out):
    """For each tap: the range of results whose window has it inside, and the slice of the input that they meet."""
    for tap in range(window):
        offset = tap * dilation - low
        start = max(0, -(offset // stride))
        stop = min(out, (n - 1 - offset) // stride + 1)
        if start < stop:
            first = start * stride + offset
            yield tap, start, stop, slice(first, first + (stop - start - 1) * stride + 1, stride)


def side_by_side(n, window, stride, low, dilation, out):
    return window == stride and dilation == 1 and low == 0 and out * window <= n


def reduce_axis(x, axis, window, stride, low, dilation, out, combine, neutral):
    """Reduce each window along one axis by the ufunc `combine`."""
    n, before = x.shape[axis], (slice(None),) * axis
    shape = x.shape[:axis] + (out,) + x.shape[axis + 1:]
    if window > MANY_TAPS and side_by_side(n, window, stride, low, dilation, out):
        split = x[before + (slice(0, out * window),)].reshape(x.shape[:axis] + (out, window) + x.shape[axis + 1:])
        return combine.reduce(split, axis + 1)
    taps = list(taps_of(n, window, stride, low, dilation, out))
    whole = [i for i, (_, start, stop, _) in enumerate(taps) if (start, stop) == (0, out)]
    if len(whole) >= 2:  # two taps that every window has: no need to begin from the neutral element
        second, first = taps.pop(whole[1]), taps.pop(whole[0])
        result = combine(x[before + (first[3],)], x[before + (second[3],)])
    else:
        result = np.full(shape, neutral, x.dtype)
    for _, start, stop, met in taps:
        part = result[before + (slice(start, stop),)]
        combine(part, x[before + (met,)], out=part)
    return result


def first_maximum(x, codes, axis, window, stride, low, dilation, out, weight, code_type, has_nan):
    """As `reduce_axis` with a maximum; and the code of its winner: that in `codes` plus `weight` times the tap.

    Taps come in rising order and a later one's code is greater than any before, so the code of a new winner is taken
    by a maximum: quicker than a masked copy.
    """
    n, before = x.shape[axis], (slice(None),) * axis
    shape = x.shape[:axis] + (out,) + x.shape[axis + 1:]
    best, winner = np.full(shape, least(x.dtype), x.dtype), np.zeros(shape, code_type)
    seen_from = out  # windows from here on have met a tap; the first one that a window meets wins unasked
    for tap, start, stop, met in taps_of(n, window, stride, low, dilation, out):
        values, code = x[before + (met,)], code_type(tap * weight)
        if codes is not None:
            code = codes[before + (met,)] + code
        if start < seen_from:
            new = before + (slice(start, min(stop, seen_from)),)
            fresh = before + (slice(0, min(stop, seen_from) - start),)
            best[new] = values[fresh]
            winner[new] = code if codes is None else code[fresh]
        old = before + (slice(max(start, seen_from), stop),)
        rest = before + (slice(max(0, seen_from - start), None),)
        seen_from = min(seen_from, start)
        values = values[rest]
        if values.size == 0:
            continue
        wins = values > best[old]
        if has_nan:
            wins |= values != values
        np.maximum(best[old], values, out=best[old])
        candidate = wins.view(np.uint8) * (code if codes is None else code[rest])
        np.maximum(winner[old], candidate, out=winner[old])
    return best, winner


def positions(codes, size, window, stride, padding, dilation, out_size):
    """Positions in the flattened plane of `size` from the numbers of taps within windows."""
    rank = len(size)
    pitches = [math.prod(size[i + 1:]) for i in range(rank)]
    offsets, origin = np.zeros((), np.int64), np.zeros((), np.int64)
    for i in range(rank):
        along = (-1,) + (1,) * (rank - 1 - i)
        offsets = offsets + (np.arange(window[i]) * dilation[i] * pitches[i]).reshape(along)
        origin = origin + ((np.arange(out_size[i]) * stride[i] - padding[i][0]) * pitches[i]).reshape(along)
    found = offsets.reshape(-1).take(codes)
    found += origin
    return found


def spread_axis(g, axis, n, window, stride, low):
    """The transpose of `reduce_axis` with a sum: each element of g to all of its window along one axis."""
    before, out = (slice(None),) * axis, g.shape[axis]
    result = np.zeros(g.shape[:axis] + (n,) + g.shape[axis + 1:], g.dtype)
    if side_by_side(n, window, stride, low, 1, out):
        covered = result[before + (slice(0, out * window),)]
        if out * window == n:  # only then can it be split without a copy
            split = covered.reshape(g.shape[:axis] + (out, window) + g.shape[axis + 1:])
            split[...] = np.expand_dims(g, axis + 1)
        else:
            for tap in range(window):
                covered[before + (slice(tap, None, window),)] = g
        return result
    for _, start, stop, met in taps_of(n, window, stride, low, 1, out):
        result[before + (met,)] += g[before + (slice(start, stop),)]
    return result
