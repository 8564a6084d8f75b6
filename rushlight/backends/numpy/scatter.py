"""Reading and writing at indices, on ndarrays.

Indices are integers in range; negative ones count from the end where an index addresses whole rows (`index`,
`index_put`), and are not expected elsewhere.  `..._into` writes into its first argument; the others leave it alone.

Everything comes down to positions in flat memory, for NumPy is quick there: `ufunc.at` on a flat array takes about two
nanoseconds an element, several times less than on rows.  Additions to one place happen in the order of the indices, so
that sums are rounded as in a loop.
"""
import math

import numpy as np

# Elements whose flat positions are computed at a time.
CHUNK = 1 << 18


def flat_positions(shape, index, axis):
    """Where torch.gather's index points to, in the flattened memory of a contiguous array of `shape`."""
    pitches = pitches_of(shape)
    where = index.astype(np.int64) * pitches[axis]
    for d, n in enumerate(index.shape):
        if d != axis:
            where += (np.arange(n) * pitches[d]).reshape((-1,) + (1,) * (index.ndim - d - 1))
    return where


def pitches_of(shape):
    """How many elements lie between neighbours of each dimension."""
    return [math.prod(shape[d + 1:]) for d in range(len(shape))]


# ---- along one axis --------------------------------------------------------------------------------------------------

def gather_along(x, index, axis):
    """torch.gather: out[i][j][k] = x[index[i][j][k]][j][k] for axis 0.  The index may be smaller than x elsewhere."""
    if index.ndim == 0 or x.ndim == 0:
        return x.reshape(-1).take(index.reshape(-1)).reshape(index.shape)
    if index.size == 0:
        return np.empty(index.shape, x.dtype)
    axis %= x.ndim
    return x.reshape(-1).take(flat_positions(x.shape, index, axis))


def scatter_along(x, index, src, axis, reduce="set", include_self=True):
    """torch.scatter and scatter_reduce.  reduce: set, add, multiply, amax, amin or mean.

    src is a number, or an array at least as large as the index.  Without include_self, places that the index names
    start from nothing instead of from x.
    """
    out = np.array(x, order="C")
    scatter_along_into(out, index, src, axis, reduce, include_self)
    return out


def scatter_along_into(x, index, src, axis, reduce="set", include_self=True):
    if index.size == 0:
        return
    if x.ndim == 0 or index.ndim == 0:
        index, axis = index.reshape(-1), 0
        src = np.asarray(src).reshape(-1)[:1]
        scatter_flat(x, index.reshape(-1), src, reduce, include_self)
        return
    axis %= x.ndim
    src = np.asarray(src)
    if src.ndim:
        src = src[tuple(slice(n) for n in index.shape)]
    where = flat_positions(x.shape, index, axis)
    scatter_flat(x, where.reshape(-1), np.broadcast_to(src, index.shape).reshape(-1), reduce, include_self)


def scatter_flat(x, where, values, reduce, include_self):
    flat = x.reshape(-1)
    if not np.shares_memory(flat, x):
        scatter_flat(flat, where, values, reduce, include_self)
        x[...] = flat.reshape(x.shape)
        return
    values = values.astype(x.dtype, copy=False)
    if reduce == "set":
        flat[where] = values
        return
    if reduce not in REDUCTIONS:
        raise ValueError(f"scatter: reduce is one of set, {', '.join(REDUCTIONS)}, not {reduce!r}")
    ufunc, neutral = REDUCTIONS[reduce]
    if not include_self:
        flat[where] = neutral(x.dtype)
    with np.errstate(all="ignore"):
        ufunc.at(flat, where, values)
    if reduce == "mean":
        counts = np.bincount(where, minlength=flat.size)
        if include_self:
            counts += 1
        counts[counts == 0] = 1
        with np.errstate(all="ignore"):
            if x.dtype.kind in "fc":
                flat /= counts.astype(flat.real.dtype)
            else:
                flat //= counts.astype(flat.dtype)


def lowest(dtype):
    if dtype.kind == "b":
        return False
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def highest(dtype):
    if dtype.kind == "b":
        return True
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


REDUCTIONS = {  # the ufunc, and what leaves its other operand as it is
    "add": (np.add, lambda dtype: 0),
    "multiply": (np.multiply, lambda dtype: 1),
    "amax": (np.maximum, lowest),
    "amin": (np.minimum, highest),
    "mean": (np.add, lambda dtype: 0),
}


# ---- whole rows ------------------------------------------------------------------------------------------------------

def index(x, indices):
    """x[i0, i1, ...]: integer arrays, broadcast together, for the leading dimensions of x."""
    if len(indices) == 1 and x.shape[0]:
        return x.take(indices[0], axis=0)
    return np.ascontiguousarray(x[tuple(indices)]).reshape(index_shape(x, indices))


def index_shape(x, indices):
    return np.broadcast_shapes(*(i.shape for i in indices)) + x.shape[len(indices):]


def index_put(x, indices, values, accumulate=False):
    """A copy of x with `values`, broadcast to the shape of x[indices], written there; or added, every one of them."""
    out = np.array(x, order="C")
    index_put_into(out, indices, values, accumulate)
    return out


def index_put_into(x, indices, values, accumulate=False):
    if not accumulate:
        x[tuple(indices)] = values
        return
    if not x.flags.c_contiguous:
        x[...] = index_put(x, indices, values, True)
        return
    lead, row = x.shape[:len(indices)], x.shape[len(indices):]
    values = np.broadcast_to(values, index_shape(x, indices))
    rows = np.zeros((), np.int64)
    for i, n, pitch in zip(indices, lead, pitches_of(lead)):
        i = np.asarray(i, np.int64)
        rows = rows + np.where(i < 0, i + n, i) * pitch
    add_rows(x.reshape(math.prod(lead), math.prod(row)), rows.reshape(-1), values.reshape(rows.size, math.prod(row)))


def add_rows(x, rows, values):
    """Add values[k] to x[rows[k]] for every k, in that order.  x is contiguous."""
    width = x.shape[1]
    if width == 0 or len(rows) == 0:
        return
    flat, within = x.reshape(-1), np.arange(width)
    step = max(1, CHUNK // width)
    for i in range(0, len(rows), step):
        where = rows[i:i + step, None] * width + within
        np.add.at(flat, where.reshape(-1), np.ascontiguousarray(values[i:i + step], x.dtype).reshape(-1))


def embedding_dw(g, index, num, padding_idx=None, scale_by_freq=False):
    """The gradient of an embedding's (num, D) weight from g (*index.shape, D).

    Rows for `padding_idx` are left out; with scale_by_freq a row's gradient is divided by how often it was asked for.
    """
    rows, values = index.reshape(-1).astype(np.int64, copy=False), g.reshape(index.size, g.shape[-1])
    if padding_idx is not None and padding_idx >= 0:
        kept = rows != padding_idx
        rows, values = rows[kept], values[kept]
    out = np.zeros((num, g.shape[-1]), g.dtype)
    add_rows(out, rows, values)
    if scale_by_freq:
        counts = np.bincount(rows, minlength=num)
        out /= np.maximum(counts, 1).astype(g.dtype)[:, None]
    return out
