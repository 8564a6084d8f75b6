"""Convolution with one input channel a group: every tap of the kernel is multiplied and added where it lies.

Shapes as in `conv.py`, with w (G * m, 1, *K): m results for each of the G channels.

NumPy is quick on long runs and slow on short ones, so with stride 1 a padded image is one flat run, and a tap of the
kernel is an offset into it.  What such a run computes between the end of a row of the result and the start of the
next belongs to no window and is left out at the end.  With a larger stride rows are taken as they are.
"""
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

CHUNK_BYTES = 1 << 19


def conv(x, w, out_shape, stride, padding, dilation, groups):
    kernel, out_size = w.shape[2:], tuple(out_shape[2:])
    weights = w.reshape(groups, -1, *kernel)
    out = np.empty(out_shape, x.dtype)
    padded_size = padded_to(x.shape[2:], padding)
    step = images_a_chunk(len(x), w.shape[0], padded_size, x.itemsize)
    flat = all(s == 1 for s in stride)
    term_size = (span(out_size, padded_size),) if flat else out_size
    terms = np.empty((2, step, groups, weights.shape[1], *term_size), x.dtype)
    for i in range(0, len(x), step):
        padded = load(x[i:i + step], groups, padding)
        n = len(padded)
        total, term = terms[0, :n], terms[1, :n]
        if flat:
            padded = padded.reshape(n, groups, 1, -1)
        first = True
        for tap, where in taps_of(kernel, padded_size, out_size, stride, dilation, flat):
            factor = expand_last(weights[(..., *tap)], len(term_size))
            np.multiply(padded[where], factor, out=total if first else term)
            if not first:
                total += term
            first = False
        result = windows_of_run(total, out_size, padded_size) if flat else total
        out[i:i + step].reshape(result.shape)[...] = result
    return out


def conv_dx(g, w, x_shape, stride, padding, dilation, groups):
    """For what `conv` with the mirrored kernel cannot do: a stride, or several results a channel."""
    kernel, out_size, size = w.shape[2:], g.shape[2:], tuple(x_shape[2:])
    weights = w.reshape(groups, -1, *kernel)
    out = np.empty(x_shape, g.dtype)
    padded_size = padded_to(size, padding)
    step = images_a_chunk(len(g), w.shape[0], padded_size, g.itemsize)
    for i in range(0, len(g), step):
        grads = g[i:i + step]
        grads = grads.reshape(len(grads), groups, -1, *out_size)
        padded = np.zeros((len(grads), groups, 1, *padded_size), g.dtype)
        for tap, where in taps_of(kernel, padded_size, out_size, stride, dilation, False):
            term = grads * expand_last(weights[(..., *tap)], len(kernel))
            padded[where] += term if term.shape[2] == 1 else term.sum(2, keepdims=True)
        inside = tuple(slice(low, low + n) for (low, _), n in zip(padding, size))
        out[i:i + step] = padded[(slice(None), slice(None), 0) + inside]
    return out


def conv_dw(g, x, w_shape, stride, padding, dilation, groups):
    """For each tap the scalar product of g with what the tap met.

    Where `conv` leaves a piece of the run out, g is padded with zeros; so an infinity in x can become NaN in taps that
    do not meet it.
    """
    kernel, out_size = tuple(w_shape[2:]), g.shape[2:]
    outputs = w_shape[0] // groups
    padded_size = padded_to(x.shape[2:], padding)
    step = images_a_chunk(len(g), w_shape[0], padded_size, g.itemsize)
    flat = all(s == 1 for s in stride)
    places = span(out_size, padded_size) if flat else math.prod(out_size)
    rows_scratch = np.zeros((step, groups, outputs, places), g.dtype)
    total = np.zeros((*kernel, groups, outputs), g.dtype)
    for i in range(0, len(g), step):
        padded = load(x[i:i + step], groups, padding)
        n = len(padded)
        grads = g[i:i + step].reshape(n, groups, outputs, *out_size)
        if flat:
            padded = padded.reshape(n, groups, 1, -1)
            rows = rows_scratch[:n]
            windows_of_run(rows, out_size, padded_size)[...] = grads
        else:
            rows = grads.reshape(n, groups, outputs, places)
        for tap, where in taps_of(kernel, padded_size, out_size, stride, dilation, flat):
            met = padded[where].reshape(n, groups, places, 1)
            total[tap] += np.matmul(rows, met).sum(0)[..., 0]
    return np.ascontiguousarray(np.moveaxis(total, (-2, -1), (0, 1))).reshape(w_shape)


def images_a_chunk(images, outputs, size, itemsize):
    """Few enough that the sum, one term and the padded images stay in the cache together."""
    return min(images, max(1, CHUNK_BYTES // (3 * outputs * math.prod(size) * itemsize)))


def padded_to(size, padding):
    return tuple(n + low + high for n, (low, high) in zip(size, padding))


def load(images, groups, padding):
    """(n, G, *S) as (n, G, 1, *S), padded with zeros, contiguous."""
    grouped = images.reshape(images.shape[0], groups, 1, *images.shape[2:])
    if not any(map(any, padding)):
        return np.ascontiguousarray(grouped)
    padded = np.zeros(grouped.shape[:3] + padded_to(images.shape[2:], padding), images.dtype)
    inside = tuple(slice(low, low + n) for (low, _), n in zip(padding, images.shape[2:]))
    padded[(slice(None),) * 3 + inside] = grouped
    return padded


def expand_last(a, dims):
    return a.reshape(a.shape + (1,) * dims)


def pitches(size):
    """How many elements lie between neighbours in each dimension of a contiguous plane."""
    out, pitch = [], 1
    for n in reversed(size):
        out.append(pitch)
        pitch *= n
    return out[::-1]


def span(out_size, padded_size):
    """The length of the run from the first to the last window."""
    return 1 + sum((n - 1) * pitch for n, pitch in zip(out_size, pitches(padded_size)))


def windows_of_run(run, out_size, padded_size):
    """The elements of a run (n, G, m, span) that belong to windows: a view (n, G, m, *out_size)."""
    steps = tuple(pitch * run.itemsize for pitch in pitches(padded_size))
    return as_strided(run, run.shape[:3] + tuple(out_size), run.strides[:3] + steps)


def taps_of(kernel, padded_size, out_size, stride, dilation, flat):
    """For each tap of the kernel: its index, and the index into the padded images of what it meets."""
    everything = (slice(None),) * 3
    for tap in np.ndindex(*kernel):
        starts = [t * d for t, d in zip(tap, dilation)]
        if flat:
            start = sum(a * pitch for a, pitch in zip(starts, pitches(padded_size)))
            yield tap, everything + (slice(start, start + span(out_size, padded_size)),)
        else:
            yield tap, everything + tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out_size, stride))
