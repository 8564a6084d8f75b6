"""Convolution and its two gradients on ndarrays, for one, two or three spatial dimensions.

    conv(x, w)     x (N, C, *S), w (O, C/groups, *K)  ->  (N, O, *S')
    conv_dx(g, w)  the gradient of x; also what a transposed convolution computes
    conv_dw(g, x)  the gradient of w

`stride` and `dilation` are tuples of one number a spatial dimension, `padding` one (low, high) pair.

The three public functions only choose.  The work is done, on a chunk of images at a time that fits in the cache, by
copying the windows out of the images ("columns", im2col) and leaving the arithmetic to one matrix product; by the same
thing backwards, adding the columns of a product where they belong; or, for depthwise kernels, in `depthwise.py`.
The columns come in two layouts:

    image first   (n, G, C*K, S')     a product per image, written straight into the result
    batch last    (G, C*K, S' * n)    one product per chunk, at the price of transposing images and result
"""
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from . import depthwise

# Bytes of columns in a chunk.  Measured on a core with 2 MB of second-level cache: 0.5 to 2 MB are equally good with
# the image first; with the batch last, longer runs pay for a somewhat larger chunk.
IMAGE_FIRST_BYTES = 1 << 20
BATCH_LAST_BYTES = 2 << 20

# Columns with the batch last need runs of several images to be worth their transposes.
BATCH_LAST_LEAST = 8

# An image whose columns are larger than this is taken in bands, rows of the result at a time.
MOST_BYTES = 8 << 20


def output_size(size, kernel, stride, padding, dilation):
    """The spatial size of a convolution's result; 0 where the kernel does not fit."""
    out = []
    for n, k, s, (low, high), d in zip(size, kernel, stride, padding, dilation):
        out.append(max(0, (n + low + high - d * (k - 1) - 1) // s + 1))
    return tuple(out)


# ---- the three functions, and their choices --------------------------------------------------------------------------

def conv(x, w, stride, padding, dilation, groups):
    """The cross-correlation that PyTorch calls convolution.  x (N, C, *S), w (O, C/groups, *K) -> (N, O, *S')."""
    out_size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    out_shape = (x.shape[0], w.shape[0], *out_size)
    x, w = same_dtype(x, w)
    if 0 in out_shape or 0 in w.shape:
        return np.zeros(out_shape, x.dtype)
    if is_pointwise(w.shape[2:], stride, padding):
        return pointwise(x, w.reshape(groups, -1, w.shape[1]))
    if is_depthwise(w.shape, groups):
        return depthwise.conv(x, w, out_shape, stride, padding, dilation, groups)
    # Many channels in, few out: to add the few columns of a product costs less than to copy the many.
    turned = mirror_padding(out_size, x.shape[2:], w.shape[2:], stride, padding, dilation)
    if turned is not None and x.shape[1] >= 2 * w.shape[0]:
        return add_product(x, mirror(w, groups), out_shape, stride, turned, dilation, groups)
    return product_of_columns(x, w, out_shape, stride, padding, dilation, groups)


def conv_dx(g, w, x_shape, stride, padding, dilation, groups):
    """The gradient of `conv`'s x: g (N, O, *S'), w (O, C/groups, *K) -> x_shape.  Also a transposed convolution of g."""
    g, w = same_dtype(g, w)
    if 0 in g.shape or 0 in w.shape or 0 in x_shape:
        return np.zeros(x_shape, g.dtype)
    if is_pointwise(w.shape[2:], stride, padding) and x_shape[2:] == g.shape[2:]:
        return pointwise(g, w.reshape(groups, -1, w.shape[1]).transpose(0, 2, 1))
    turned = mirror_padding(x_shape[2:], g.shape[2:], w.shape[2:], stride, padding, dilation)
    if is_depthwise(w.shape, groups):
        if turned is not None and w.shape[0] == groups:
            return depthwise.conv(g, mirror(w, groups), x_shape, stride, turned, dilation, groups)
        return depthwise.conv_dx(g, w, x_shape, stride, padding, dilation, groups)
    # No more channels out than in: the columns of g are the fewer, and to copy them is cheaper than to add the others.
    if turned is not None and w.shape[0] <= x_shape[1]:
        return product_of_columns(g, mirror(w, groups), x_shape, stride, turned, dilation, groups)
    return add_product(g, w, x_shape, stride, padding, dilation, groups)


def conv_dw(g, x, w_shape, stride, padding, dilation, groups):
    """The gradient of `conv`'s w: g (N, O, *S'), x (N, C, *S) -> w_shape (O, C/groups, *K)."""
    g, x = same_dtype(g, x)
    if 0 in g.shape or 0 in x.shape or 0 in w_shape:
        return np.zeros(w_shape, g.dtype)
    if is_depthwise(w_shape, groups):
        return depthwise.conv_dw(g, x, w_shape, stride, padding, dilation, groups)
    turned = mirror_padding(x.shape[2:], g.shape[2:], w_shape[2:], stride, padding, dilation)
    if turned is not None and 2 * w_shape[0] <= x.shape[1]:  # the columns of g are the fewer
        shape = (x.shape[1], w_shape[0] // groups, *w_shape[2:])
        return mirror(correlate_columns(x, g, shape, stride, turned, dilation, groups), groups)
    return correlate_columns(g, x, w_shape, stride, padding, dilation, groups)


def is_pointwise(kernel, stride, padding):
    """A kernel of one tap that skips nothing: the image is its own columns."""
    return all(k == 1 for k in kernel) and all(s == 1 for s in stride) and not any(map(any, padding))


def is_depthwise(w_shape, groups):
    """One input channel a group and few outputs: a matrix product would have hardly a row, and copying the columns
    would cost as much as multiplying and adding each tap of the kernel where it lies."""
    return groups > 1 and w_shape[1] == 1 and w_shape[0] // groups <= 4


def batch_goes_last(batch, image_bytes, taps, row, short_row):
    """Whether to lay the columns out with the batch innermost.  `row` is the length of a row of the result.

    To copy or add runs of 8 floats costs NumPy more in loop overhead than in work; with the batch innermost a run is
    `row * n` long (5x5 on 12x12, batch 256: copies 1.4 times faster, additions 2.5).  A kernel of one tap copies too
    little to be worth the transposes.
    """
    enough = batch >= BATCH_LAST_LEAST and image_bytes * BATCH_LAST_LEAST <= 64 << 20
    return row < short_row and enough and taps > 1


def images_a_chunk(batch, image_bytes, batch_last):
    if batch_last:
        return min(batch, max(BATCH_LAST_LEAST, BATCH_LAST_BYTES // image_bytes))
    return min(batch, max(1, IMAGE_FIRST_BYTES // image_bytes))


# ---- the workers -----------------------------------------------------------------------------------------------------

def pointwise(x, weights):
    """A 1x1 convolution of x (N, C, *S) by weights (G, O/G, C/G): a product per image, and nothing to copy."""
    groups, outputs, channels = weights.shape
    product = np.matmul(weights, x.reshape(x.shape[0], groups, channels, math.prod(x.shape[2:])))
    return product.reshape(x.shape[0], groups * outputs, *x.shape[2:])


def product_of_columns(x, w, out_shape, stride, padding, dilation, groups):
    """`conv` by columns."""
    kernel, out_size, batch = w.shape[2:], out_shape[2:], x.shape[0]
    taps, places = math.prod(kernel), math.prod(out_size)
    weights = w.reshape(groups, -1, w.shape[1] * taps)
    image_bytes = x.shape[1] * taps * places * x.itemsize
    out = np.empty(out_shape, x.dtype)
    if image_bytes > MOST_BYTES and out_size[0] > 1:
        for band, rows, inside in bands(image_bytes, x.shape[2], out_size[0], kernel[0], stride[0], padding[0], dilation[0]):
            part = (*out_shape[:2], band.stop - band.start, *out_size[1:])
            out[:, :, band] = product_of_columns(x[:, :, rows], w, part, stride, (inside, *padding[1:]), dilation, groups)
        return out
    batch_last = batch_goes_last(batch, image_bytes, taps, out_size[-1], short_row=16)
    step = images_a_chunk(batch, image_bytes, batch_last)
    columns_scratch, product_scratch = scratch(step * x.shape[1] * taps * places, x.dtype), None
    if batch_last:
        product_scratch = scratch(step * w.shape[0] * places, x.dtype)
    for i in range(0, batch, step):
        images, result = x[i:i + step], out[i:i + step]
        columns = columns_of(images, groups, kernel, out_size, stride, padding, dilation, batch_last, columns_scratch)
        if batch_last:
            product = product_scratch((groups, w.shape[0] // groups, places * len(images)))
            np.matmul(weights, columns, out=product)
            result.reshape(len(images), -1, places)[...] = product.reshape(-1, places, len(images)).transpose(2, 0, 1)
        else:
            np.matmul(weights, columns, out=result.reshape(len(images), groups, -1, places))
    return out


def add_product(g, w, x_shape, stride, padding, dilation, groups):
    """`conv_dx` by columns: the transposes of `product_of_columns`' steps, in reverse order."""
    kernel, out_size, size, batch = w.shape[2:], g.shape[2:], tuple(x_shape[2:]), g.shape[0]
    taps, places = math.prod(kernel), math.prod(out_size)
    weights = w.reshape(groups, -1, w.shape[1] * taps).transpose(0, 2, 1)
    image_bytes = x_shape[1] * taps * places * g.itemsize
    if image_bytes > MOST_BYTES and out_size[0] > 1:
        out = np.zeros(x_shape, g.dtype)
        for band, rows, inside in bands(image_bytes, size[0], out_size[0], kernel[0], stride[0], padding[0], dilation[0]):
            part = (*x_shape[:2], rows.stop - rows.start, *size[1:])
            out[:, :, rows] += add_product(g[:, :, band], w, part, stride, (inside, *padding[1:]), dilation, groups)
        return out
    # an addition has more overhead a run than a copy: rows count as short for longer
    batch_last = batch_goes_last(batch, image_bytes, taps, out_size[-1], short_row=32)
    step = images_a_chunk(batch, image_bytes, batch_last)
    padded_size = tuple(n + low + high for n, (low, high) in zip(size, padding))
    columns_scratch = scratch(step * x_shape[1] * taps * places, g.dtype)
    padded_scratch = scratch(step * x_shape[1] * math.prod(padded_size), g.dtype)
    out = np.empty(x_shape, g.dtype)
    for i in range(0, batch, step):
        n = min(step, batch - i)
        grads = load(g[i:i + step], groups, no_padding(kernel), batch_last)
        if batch_last:
            columns = columns_scratch((groups, weights.shape[1], places * n))
            padded = padded_scratch((groups, w.shape[1], *padded_size, n))
            np.matmul(weights, grads.reshape(groups, -1, places * n), out=columns)
        else:
            columns = columns_scratch((n, groups, weights.shape[1], places))
            padded = padded_scratch((n, groups, w.shape[1], *padded_size))
            np.matmul(weights, grads.reshape(n, groups, -1, places), out=columns)
        padded[...] = 0
        add_columns(columns, padded, kernel, out_size, stride, dilation, batch_last)
        inside = padded[interior(padding, size, 2 if batch_last else 3)]
        if batch_last:
            inside = np.moveaxis(inside, -1, 0)
        out[i:i + step].reshape(inside.shape)[...] = inside
    return out


def correlate_columns(g, x, w_shape, stride, padding, dilation, groups):
    """`conv_dw` by columns."""
    kernel, out_size, batch = tuple(w_shape[2:]), g.shape[2:], g.shape[0]
    taps, places = math.prod(kernel), math.prod(out_size)
    rows = w_shape[1] * taps
    image_bytes = x.shape[1] * taps * places * x.itemsize
    if image_bytes > MOST_BYTES and out_size[0] > 1:
        total = np.zeros(w_shape, x.dtype)
        for band, rows_of_x, inside in bands(image_bytes, x.shape[2], out_size[0], kernel[0], stride[0], padding[0], dilation[0]):
            total += correlate_columns(g[:, :, band], x[:, :, rows_of_x], w_shape, stride, (inside, *padding[1:]), dilation, groups)
        return total
    batch_last = batch_goes_last(batch, image_bytes, taps, out_size[-1], short_row=16)
    if not batch_last:  # a product per image: their terms must fit too before they are summed
        image_bytes = max(image_bytes, math.prod(w_shape) * x.itemsize)
    step = images_a_chunk(batch, image_bytes, batch_last)
    own_columns = is_pointwise(kernel, stride, padding) and x.shape[2:] == out_size
    columns_scratch = None if own_columns else scratch(step * x.shape[1] * taps * places, x.dtype)
    total = np.zeros((groups, w_shape[0] // groups, rows), x.dtype)
    for i in range(0, batch, step):
        images, n = x[i:i + step], min(step, batch - i)
        if own_columns:
            columns = images.reshape(n, groups, rows, places)
        else:
            columns = columns_of(images, groups, kernel, out_size, stride, padding, dilation, batch_last, columns_scratch)
        grads = load(g[i:i + step], groups, no_padding(kernel), batch_last)
        if batch_last:
            total += np.matmul(grads.reshape(groups, -1, places * n), columns.transpose(0, 2, 1))
        else:
            total += np.matmul(grads.reshape(n, groups, -1, places), columns.transpose(0, 1, 3, 2)).sum(0)
    return total.reshape(w_shape)


def bands(image_bytes, n, out, kernel, stride, padding, dilation):
    """Pieces of the first spatial dimension: a slice of the result, that of x which it sees, and the padding of that."""
    low, count = padding[0], min(out, -(-image_bytes // MOST_BYTES))
    for i in range(count):
        band = slice(out * i // count, out * (i + 1) // count)
        start = band.start * stride - low
        stop = (band.stop - 1) * stride + dilation * (kernel - 1) + 1 - low
        rows = slice(min(max(start, 0), n), max(min(stop, n), 0))
        if rows.stop <= rows.start:  # it sees padding only
            rows = slice(0, 0)
            yield band, rows, (stop - start, 0)
        else:
            yield band, rows, (rows.start - start, stop - rows.stop)


# ---- images, windows, columns ----------------------------------------------------------------------------------------

def load(images, groups, padding, batch_last=False):
    """(n, C, *S) as (n, G, C/G, *S), or as (G, C/G, *S, n) with the batch last; padded with zeros."""
    grouped = images.reshape(images.shape[0], groups, images.shape[1] // groups, *images.shape[2:])
    if batch_last:
        grouped = np.moveaxis(grouped, 0, -1)
    if not any(map(any, padding)):
        return np.ascontiguousarray(grouped) if batch_last else grouped
    first = 2 if batch_last else 3
    shape = list(grouped.shape)
    for axis, (low, high) in enumerate(padding, first):
        shape[axis] += low + high
    padded = np.zeros(shape, images.dtype)
    padded[interior(padding, images.shape[2:], first)] = grouped
    return padded


def interior(padding, size, first):
    """The slices of a padded array that hold what was padded; its spatial dimensions start at `first`."""
    return (slice(None),) * first + tuple(slice(low, low + n) for (low, high), n in zip(padding, size))


def no_padding(kernel):
    return ((0, 0),) * len(kernel)


def windows(padded, kernel, out_size, stride, dilation, first):
    """A view of `padded`, whose spatial dimensions start at `first`, with each position split into (tap, window)."""
    rank = len(kernel)
    lead, spatial, trail = padded.strides[:first], padded.strides[first:first + rank], padded.strides[first + rank:]
    taps = tuple(step * d for step, d in zip(spatial, dilation))
    places = tuple(step * s for step, s in zip(spatial, stride))
    shape = padded.shape[:first] + tuple(kernel) + tuple(out_size) + padded.shape[first + rank:]
    return as_strided(padded, shape, lead + taps + places + trail, writeable=False)


def scratch(size, dtype):
    """A piece of memory; what is returned gives the start of it as an array of any shape that fits.

    Fresh memory costs more than the arithmetic here: every page of it is first cleared by the system.
    """
    memory = np.empty(size, dtype)
    return lambda shape: memory[:math.prod(shape)].reshape(shape)


def columns_of(images, groups, kernel, out_size, stride, padding, dilation, batch_last, memory):
    """The windows of a chunk of images, copied to `memory`: (n, G, C*K, S'), or (G, C*K, S'*n) with the batch last."""
    padded = load(images, groups, padding, batch_last)
    first = 2 if batch_last else 3
    view = windows(padded, kernel, out_size, stride, dilation, first)
    copy = memory(view.shape)
    copy[...] = view
    rows = padded.shape[first - 1] * math.prod(kernel)
    return copy.reshape(*padded.shape[:first - 1], rows, -1)


def add_columns(columns, target, kernel, out_size, stride, dilation, batch_last):
    """The transpose of `columns_of`: add every column to the places of `target` that it would be copied from."""
    first = 2 if batch_last else 3
    trail = target.shape[first + len(kernel):]
    columns = columns.reshape(*target.shape[:first], *kernel, *out_size, *trail)
    lead = (slice(None),) * first
    for tap, places in tap_slices(kernel, out_size, stride, dilation):
        target[lead + places] += columns[lead + tap]


def tap_slices(kernel, out_size, stride, dilation):
    """For each tap of the kernel: its index, and the slices of the padded image that it meets."""
    for tap in np.ndindex(*kernel):
        starts = [t * d for t, d in zip(tap, dilation)]
        yield tap, tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out_size, stride))


# ---- a convolution of stride 1 is the gradient of another, with the kernel turned round -------------------------------

def mirror(w, groups):
    """w (O, C/groups, *K) turned round in space, with inputs and outputs exchanged: (C, O/groups, *K)."""
    turned = w[(slice(None), slice(None)) + (slice(None, None, -1),) * (w.ndim - 2)]
    grouped = turned.reshape(groups, w.shape[0] // groups, w.shape[1], *w.shape[2:])
    return np.ascontiguousarray(grouped.swapaxes(1, 2)).reshape(-1, w.shape[0] // groups, *w.shape[2:])


def mirror_padding(size, out_size, kernel, stride, padding, dilation):
    """The padding with which the mirrored kernel leads back from `out_size` to `size`; None if there is none."""
    pairs = []
    for n, m, k, s, (low, high), d in zip(size, out_size, kernel, stride, padding, dilation):
        before = d * (k - 1) - low
        after = n - m - before + d * (k - 1)
        if s != 1 or before < 0 or after < 0:
            return None
        pairs.append((before, after))
    return tuple(pairs)


def same_dtype(a, b):
    dtype = np.result_type(a, b)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)
