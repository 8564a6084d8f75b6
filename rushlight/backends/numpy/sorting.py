"""Sorting, selecting and counting on ndarrays, in PyTorch's order: NaN is greater than every number.

Ties: the element that comes first in memory comes first, ascending and descending, and whatever is picked is picked
from that order.  (PyTorch promises it only for stable sorts; its `topk`, `kthvalue` and `median` may name another of
several equal elements.)
"""
import numpy as np

INDEX_BITS = np.uint64(32)
INDEX_MASK = np.uint64(0xFFFFFFFF)


# ---- sort keys -------------------------------------------------------------------------------------------------------
# NumPy sorts plain numbers with vector instructions, but neither stably nor with their indices.  So an element of up to
# 32 bits becomes a 64-bit number, its place in the order above its index: sorted as numbers these are a stable argsort,
# several times faster than NumPy's own.

def order_keys(x):
    """uint32 numbers that are ordered as x is, or None if there are too many different values for that."""
    kind = x.dtype.kind
    if kind == "f" and x.dtype.itemsize <= 4:
        bits = (x.astype(np.float32) + np.float32(0)).view(np.uint32)  # -0.0 + 0.0 is 0.0
        negative = (bits.view(np.int32) >> 31).view(np.uint32)
        keys = bits ^ (negative | np.uint32(0x80000000))
        keys[np.isnan(x)] = 0xFFFFFFFF
        return keys
    if kind == "b" or kind == "u" and x.dtype.itemsize <= 4:
        return x.astype(np.uint32)
    if kind in "iu" and x.size:
        least, greatest = int(x.min()), int(x.max())
        if greatest - least <= 0xFFFFFFFF:
            return (x - x.dtype.type(least)).astype(np.uint32) if x.dtype.itemsize == 8 else (
                x.astype(np.int64) - least).astype(np.uint32)
    return None


def packed_keys(x, descending):
    """uint64 numbers along the last axis: the key above the index; None where `order_keys` gives none."""
    if x.shape[-1] > 0xFFFFFFFF:
        return None
    keys = order_keys(x)
    if keys is None:
        return None
    if descending:
        keys = ~keys
    packed = keys.astype(np.uint64)
    packed <<= INDEX_BITS
    packed |= np.arange(x.shape[-1], dtype=np.uint64)
    return packed


def indices_of(packed):
    return (packed & INDEX_MASK).astype(np.int64)


def last_axis(x, axis):
    return np.ascontiguousarray(np.moveaxis(x, axis, -1))


def back(x, axis):
    return np.ascontiguousarray(np.moveaxis(x, -1, axis))


def take_last(x, index):
    return np.take_along_axis(x, index, -1)


# ---- sort and selection ----------------------------------------------------------------------------------------------

def argsort_last(x, descending):
    packed = packed_keys(x, descending)
    if packed is not None:
        packed.sort(axis=-1)
        return indices_of(packed)
    if descending:  # reversed twice, so that the first of equals stays the first
        return x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return np.argsort(x, axis=-1, kind="stable").astype(np.int64, copy=False)


def argsort(x, axis=-1, descending=False, stable=True):
    """int64 indices that sort x along the axis; always stable."""
    if x.ndim == 0 or x.size == 0:
        return np.zeros(x.shape, np.int64)
    return back(argsort_last(last_axis(x, axis), descending), axis)


def sort(x, axis=-1, descending=False, stable=True):
    """The sorted values and their int64 indices."""
    if x.ndim == 0 or x.size == 0:
        return x.copy(), np.zeros(x.shape, np.int64)
    rows = last_axis(x, axis)
    order = argsort_last(rows, descending)
    return back(take_last(rows, order), axis), back(order, axis)


def topk(x, k, axis=-1, largest=True, sorted=True):
    """The k greatest (or least) elements along the axis, in order, and their int64 indices."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    rows = last_axis(x, axis)
    if k == 0 or x.size == 0:
        index = np.zeros(rows.shape[:-1] + (k,), np.int64)
        return back(np.zeros(index.shape, x.dtype), axis), back(index, axis)
    if k == 1 and largest:
        index = rows.argmax(-1)[..., None].astype(np.int64, copy=False)
    else:
        packed = packed_keys(rows, largest)
        if packed is None:
            index = argsort_last(rows, largest)[..., :k]
        else:
            if k < rows.shape[-1]:
                packed = np.partition(packed, k - 1, axis=-1)[..., :k]
            index = indices_of(np.sort(packed, axis=-1))
    return back(take_last(rows, index), axis), back(index, axis)


def kthvalue(x, k, axis=-1):
    """The k-th least element along the axis, counted from 1, and its int64 index; the axis goes."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    rows = last_axis(x, axis)
    packed = packed_keys(rows, False)
    if packed is None:
        value = np.partition(rows, k - 1, axis=-1)[..., k - 1:k]
        equal = rows == value
        if x.dtype.kind == "f":
            equal |= np.isnan(rows) & np.isnan(value)
            before = (rows < value) | np.isnan(value) & ~np.isnan(rows)
        else:
            before = rows < value
        among_equals = k - before.sum(-1, keepdims=True)
        index = (np.cumsum(equal, -1) == among_equals).argmax(-1)[..., None].astype(np.int64, copy=False)
    else:
        index = indices_of(np.partition(packed, k - 1, axis=-1)[..., k - 1:k])
    return take_last(rows, index)[..., 0], index[..., 0]


def median(x, axis=-1):
    """The median along the axis, the lower one of two, and its int64 index; NaN, and where it is, if there is one."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    values, index = kthvalue(x, (x.shape[axis] - 1) // 2 + 1, axis)
    if x.dtype.kind == "f":
        nan = np.isnan(x)
        if nan.any():
            spoiled, first = nan.any(axis), nan.argmax(axis)
            values = np.where(spoiled, x.dtype.type(np.nan), values)
            index = np.where(spoiled, first, index)
    return values, index


def nanmedian(x, axis=-1):
    """As `median` of the elements that are not NaN; NaN and index 0 where there are none."""
    if x.ndim == 0 or x.dtype.kind != "f" or not np.isnan(x).any():
        return median(x, axis)
    rows = last_axis(x, axis)
    order = argsort_last(rows, False)
    numbers = (~np.isnan(rows)).sum(-1, keepdims=True)
    index = np.take_along_axis(order, np.maximum((numbers - 1) // 2, 0), -1)
    return take_last(rows, index)[..., 0], index[..., 0]


def mode(x, axis=-1):
    """The most frequent element along the axis, the least of equally frequent ones, and its last int64 index."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    rows = last_axis(x, axis)
    order = argsort_last(rows, False)
    ranked = take_last(rows, order)
    n = rows.shape[-1]
    starts = np.zeros(rows.shape, np.int64)  # where the run of equals begins that each belongs to
    starts[..., 1:] = np.where(ranked[..., 1:] != ranked[..., :-1], np.arange(1, n), 0)
    np.maximum.accumulate(starts, axis=-1, out=starts)
    end = (np.arange(n) - starts).argmax(-1)[..., None]  # the first place as far from its run's start as any
    index = np.take_along_axis(order, end, -1)
    return take_last(rows, index)[..., 0], index[..., 0]


# ---- unique ----------------------------------------------------------------------------------------------------------

def runs(changes, n):
    """From flags for elements 1..n-1 that differ from the one before: starts of runs, each element's run, lengths."""
    first = np.ones(n, bool)
    first[1:] = changes
    starts = np.flatnonzero(first)
    return starts, np.cumsum(first) - 1, np.diff(np.append(starts, n))


def differing_rows(rows):
    return (rows[1:] != rows[:-1]).any(axis=tuple(range(1, rows.ndim))) if rows.ndim > 1 else rows[1:] != rows[:-1]


def unique(x, axis=None):
    """The distinct elements of x in rising order, or its distinct slices along the axis in lexicographic order.

    Returns (values, inverse, counts): int64, `inverse` of x's shape or of one dimension.  Every NaN is distinct.
    """
    if axis is None:
        flat = x.reshape(-1)
        order = argsort(flat)
        ranked = flat[order]
        starts, run, counts = runs(differing_rows(ranked), flat.size) if flat.size else (order, order, order)
        inverse = np.empty(flat.size, np.int64)
        inverse[order] = run
        return ranked[starts], inverse.reshape(x.shape), counts
    slices = np.ascontiguousarray(np.moveaxis(x, axis, 0))
    n = slices.shape[0]
    if slices.size == 0:
        kept = min(n, 1)
        return back_first(slices[:kept], axis), np.zeros(n, np.int64), np.full(kept, n, np.int64)
    order = np.lexsort(slices.reshape(n, -1).T[::-1])
    ranked = slices[order]
    starts, run, counts = runs(differing_rows(ranked), n)
    inverse = np.empty(n, np.int64)
    inverse[order] = run
    return back_first(ranked[starts], axis), inverse, counts


def unique_consecutive(x, axis=None):
    """x without elements (or slices along the axis) equal to the one before; returns (values, inverse, counts)."""
    slices = x.reshape(-1) if axis is None else np.ascontiguousarray(np.moveaxis(x, axis, 0))
    n = slices.shape[0]
    if slices.size == 0:
        kept = min(n, 1)
        values, run, counts = slices[:kept], np.zeros(n, np.int64), np.full(kept, n, np.int64)
    else:
        starts, run, counts = runs(differing_rows(slices), n)
        values = slices[starts]
    if axis is None:
        return values, run.reshape(x.shape), counts
    return back_first(values, axis), run, counts


def back_first(slices, axis):
    return np.ascontiguousarray(np.moveaxis(slices, 0, axis))


# ---- counting --------------------------------------------------------------------------------------------------------

def searchsorted(ordered, values, right=False, sorter=None):
    """Where each value would be inserted: int64.  `ordered` is one row, or rows for the same leading dimensions.

    A value that is NaN goes to the end, and so does whatever is compared with a NaN in `ordered`, as in PyTorch.
    """
    if sorter is not None:
        ordered = np.take_along_axis(ordered, sorter, -1)
    dtype = np.result_type(ordered, values)
    ordered, values = ordered.astype(dtype, copy=False), values.astype(dtype, copy=False)
    some_nan = dtype.kind == "f" and bool(np.isnan(ordered).any() or np.isnan(values).any())
    if ordered.ndim == 1 and not some_nan:
        return np.asarray(np.searchsorted(ordered, values, "right" if right else "left"), np.int64)
    return bisect(ordered, values, right)


def bisect(ordered, values, right):
    n = ordered.shape[-1]
    low, high = np.zeros(values.shape, np.int64), np.full(values.shape, n, np.int64)
    compare = np.greater if right else np.greater_equal
    for _ in range(n.bit_length()):
        open_ = low < high
        middle = (low + high) // 2
        at = np.minimum(middle, n - 1)
        met = ordered[at] if ordered.ndim == 1 else np.take_along_axis(ordered, at, -1)
        stop = compare(met, values)
        high = np.where(open_ & stop, middle, high)
        low = np.where(open_ & ~stop, middle + 1, low)
    return low


def bincount(x, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs in x; or the sum of its weights: float32 if they are, else float64."""
    if weights is None:
        return np.bincount(x, minlength=minlength).astype(np.int64, copy=False)
    counts = np.bincount(x, weights.astype(np.float64), minlength=minlength)
    return counts.astype(np.float32) if weights.dtype == np.float32 else counts.astype(np.float64, copy=False)


def histc(x, bins, low=0, high=0):
    """Counts of the elements in `bins` equal parts of [low, high], or of the range of x if these are equal; in x's dtype.

    What lies outside, and NaN, is not counted.
    """
    flat, counts = x.reshape(-1), np.zeros(bins, x.dtype)
    if low == high and flat.size:
        low, high = flat.min(), flat.max()
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"range of [{low}, {high}] is not finite")
    low, high = x.dtype.type(low), x.dtype.type(high)
    flat = flat[(flat >= low) & (flat <= high)]
    place = ((flat - low) * (bins / (high - low))).astype(np.int64)
    return (counts + np.bincount(np.minimum(place, bins - 1), minlength=bins)).astype(x.dtype)
