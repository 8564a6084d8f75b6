"""Resizing images: for every mode of torch.nn.functional.interpolate.

All modes are separable and linear, so each spatial dimension has a table: for every element of the result the indices
of the elements that it mixes, and their weights.

    index, weights = interp_weights(in_size, out_size, mode, ...)     both (out_size, taps)
    y = interpolate(x, tables)              x (N, C, *S), a table a spatial dimension
    dx = interpolate_dx(g, tables, x.shape)
"""
import numpy as np

MODES = ("nearest", "nearest-exact", "linear", "cubic", "area")
NAMES = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}


def interp_weights(in_size, out_size, mode, align_corners=False, scale=None, antialias=False, dtype=np.float32):
    """The table of one dimension.

    scale: the scale factor (out / in) where it is to be used instead of the sizes, as in PyTorch when
    recompute_scale_factor is not set.  dtype: the precision of the weights; positions are rounded in it too.
    """
    mode = NAMES.get(mode, mode)
    dtype = np.dtype(dtype)
    if mode not in MODES:
        raise ValueError(f"interpolate: mode is one of {', '.join(MODES)}, not {mode!r}")
    if mode == "area":
        return area_weights(in_size, out_size, dtype)
    if mode.startswith("nearest"):
        return nearest_weights(in_size, out_size, mode == "nearest-exact", scale, dtype)
    step = step_of(in_size, out_size, align_corners, scale, dtype)
    if antialias:
        return antialias_weights(in_size, out_size, mode, step, align_corners, dtype)
    out = np.arange(out_size, dtype=dtype)
    place = out * step if align_corners else (out + dtype.type(0.5)) * step - dtype.type(0.5)
    if mode == "linear":
        place = np.maximum(place, 0)
        first = np.minimum(place.astype(np.int64), in_size - 1)
        after = np.minimum(first + 1, in_size - 1)
        part = np.clip(place - first.astype(dtype), 0, 1)
        return np.stack([first, after], 1), np.stack([1 - part, part], 1)
    first = np.floor(place)
    weights = np.stack(cubic_weights(place - first), 1)
    index = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return np.clip(index, 0, in_size - 1), weights


def step_of(in_size, out_size, align_corners, scale, dtype):
    """How far apart in the input the centres of neighbouring elements of the result lie."""
    if align_corners:
        return dtype.type(in_size - 1) / dtype.type(out_size - 1) if out_size > 1 else dtype.type(0)
    if scale is not None and scale > 0:
        return dtype.type(1.0 / scale)
    return dtype.type(in_size) / dtype.type(max(out_size, 1))


def nearest_weights(in_size, out_size, exact, scale, dtype):
    """Positions are computed in float32, whatever the images are."""
    single = np.float32
    out = np.arange(out_size, dtype=single)
    place = (out + single(0.5) if exact else out) * step_of(in_size, out_size, False, scale, np.dtype(single))
    index = np.minimum(place.astype(np.int64), in_size - 1)
    return index[:, None], np.ones((out_size, 1), dtype)


def area_weights(in_size, out_size, dtype):
    """Means over the parts of the input that lie under each element, as adaptive average pooling has them."""
    out = np.arange(out_size)
    start, end = out * in_size // max(out_size, 1), -(-(out + 1) * in_size // max(out_size, 1))
    taps = np.arange(int((end - start).max(initial=1)))
    inside = taps < (end - start)[:, None]
    index = np.where(inside, start[:, None] + taps, start[:, None])
    return index, (inside / (end - start)[:, None]).astype(dtype)


def antialias_weights(in_size, out_size, mode, step, align_corners, dtype):
    """The kernel stretched over all the elements that shrink to one, as Pillow resizes; cubic then has a = -0.5."""
    radius = 1 if mode == "linear" else 2
    stretch = max(float(step), 1.0)
    support = radius * stretch
    centre = float(step) * (np.arange(out_size) + 0.5)
    start = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + support + 0.5).astype(np.int64), in_size)
    taps = np.arange(max(1, int((end - start).max(initial=1))))
    inside = taps < (end - start)[:, None]
    distance = np.abs((taps + start[:, None] - centre[:, None] + 0.5) / stretch)
    weights = np.where(inside, np.maximum(1 - distance, 0) if mode == "linear" else cubic_kernel(distance, -0.5), 0)
    total = weights.sum(1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total != 0)
    return np.where(inside, start[:, None] + taps, np.minimum(start, in_size - 1)[:, None]), weights.astype(dtype)


# ---- the cubic kernel (Keys, 1981) -----------------------------------------------------------------------------------

def cubic_kernel(distance, a):
    """The weight at this distance, which is 0 or more."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * a
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def cubic_weights(part, a=-0.75):
    """The weights of the four elements around a position, `part` behind the second."""
    def near(d):
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d):
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(part + 1), near(part), near(1 - part), far(2 - part)]


def cubic_slopes(part, a=-0.75):
    """Their derivatives with respect to `part`."""
    def near(d):
        return (3 * (a + 2) * d - 2 * (a + 3)) * d

    def far(d):
        return (3 * a * d - 10 * a) * d + 8 * a

    return [far(part + 1), near(part), -near(1 - part), -far(2 - part)]


# ---- applying tables -------------------------------------------------------------------------------------------------

def interpolate(x, tables):
    """x (N, C, *S) resized by a table for each spatial dimension; the one that shrinks most comes first."""
    axes = range(x.ndim - len(tables), x.ndim)
    for axis, (index, weights) in sorted(zip(axes, tables), key=lambda pair: len(pair[1][0]) / max(1, x.shape[pair[0]])):
        x = mix(x, axis, index, weights)
    return np.ascontiguousarray(x)


def interpolate_bytes(x, tables):
    """uint8 images by weights of 16 bits, each dimension rounded to uint8, the last one first, as PyTorch and Pillow do."""
    for axis, (index, weights) in reversed(list(zip(range(x.ndim - len(tables), x.ndim), tables))):
        if len(index) == x.shape[axis]:
            continue
        whole, bits = sixteen_bits(weights)
        total = np.full(x.shape[:axis] + (len(index),) + x.shape[axis + 1:], 1 << (bits - 1), np.int32)
        along = (-1,) + (1,) * (x.ndim - axis - 1)
        for taps, factors in zip(index.T, whole.T):
            total += x.take(taps, axis=axis) * factors.reshape(along)
        x = np.clip(total >> bits, 0, 255).astype(np.uint8)
    return x


def sixteen_bits(weights):
    """Weights times a power of two as large as 16 bits hold, and the power."""
    bits = 0
    while bits < 22 and int(0.5 + weights.max() * (1 << (bits + 1))) < 1 << 15:
        bits += 1
    return np.trunc(weights * (1 << bits) + np.where(weights < 0, -0.5, 0.5)).astype(np.int32), bits


def interpolate_dx(g, tables, x_shape):
    """The gradient of `interpolate`: the same with the tables transposed."""
    sizes = x_shape[len(x_shape) - len(tables):]
    return interpolate(g, [transposed(*table, size) for table, size in zip(tables, sizes)])


def mix(x, axis, index, weights):
    """Each element along the axis becomes the weighted sum of some."""
    along = (-1,) + (1,) * (x.ndim - axis - 1)
    if index.shape[1] == 0:
        return np.zeros(x.shape[:axis] + (len(index),) + x.shape[axis + 1:], x.dtype)
    total = None
    for taps, factors in zip(index.T, weights.T):
        term = x.take(taps, axis=axis)
        if not np.all(factors == 1):
            term *= factors.astype(x.dtype, copy=False).reshape(along)
        total = term if total is None else np.add(total, term, out=total)
    return total


def transposed(index, weights, in_size):
    """The table of the transposed matrix: for each element of the input, which results it went to."""
    out = np.broadcast_to(np.arange(len(index))[:, None], index.shape)[weights != 0]
    into, factors = index[weights != 0], weights[weights != 0]
    order = np.argsort(into, kind="stable")
    out, into, factors = out[order], into[order], factors[order]
    counts = np.bincount(into, minlength=in_size)
    taps = int(counts.max(initial=0))
    place = np.arange(len(into)) - np.repeat(np.cumsum(counts) - counts, counts)
    back_index, back_weights = np.zeros((in_size, taps), np.int64), np.zeros((in_size, taps), weights.dtype)
    back_index[into, place], back_weights[into, place] = out, factors
    return back_index, back_weights
