"""torch.nn.functional.grid_sample and its gradient, for two or three spatial dimensions.

x is (N, C, *S), grid (N, *S', dims), its last dimension innermost spatial dimension first, from -1 to 1 across x.
Modes: bilinear, nearest, and for two dimensions bicubic.  Padding: zeros, border, reflection.
"""
import itertools
import math

import numpy as np

from .resample import cubic_slopes, cubic_weights
from .scatter import add_rows


def grid_sample(x, grid, mode="bilinear", padding="zeros", align_corners=False):
    """x at the grid's points: (N, C, *S')."""
    size, out_size = x.shape[2:], grid.shape[1:-1]
    planes = np.ascontiguousarray(x).reshape(*x.shape[:2], math.prod(size))
    out = np.zeros((*x.shape[:2], math.prod(out_size)), x.dtype)
    if out.size and planes.size:
        for n in range(len(x)):
            for corner in corners_of(grid[n], size, mode, padding, align_corners):
                out[n] += look(planes[n], corner) * corner.weight
    return out.reshape(*x.shape[:2], *out_size)


def grid_sample_dx(g, x, grid, mode="bilinear", padding="zeros", align_corners=False):
    """The gradients of x and of the grid."""
    size, rank = x.shape[2:], grid.shape[-1]
    planes = np.ascontiguousarray(x).reshape(*x.shape[:2], math.prod(size))
    grads = g.reshape(*g.shape[:2], math.prod(g.shape[2:]))
    dx, dgrid = np.zeros_like(planes), np.zeros((len(x), grads.shape[2], rank), grid.dtype)
    if grads.size and planes.size:
        for n in range(len(x)):
            turned = np.zeros(planes[n].T.shape, x.dtype)  # pixels are rows, to which rows of channels are added
            for corner in corners_of(grid[n], size, mode, padding, align_corners):
                add_rows(turned, corner.index, np.where(corner.inside, grads[n] * corner.weight, 0).T)
                if mode != "nearest":
                    seen = (grads[n] * look(planes[n], corner)).sum(0)
                    for d, slope in enumerate(corner.slopes):
                        dgrid[n, :, rank - 1 - d] += seen * slope
            dx[n] = turned.T
    return dx.reshape(x.shape), dgrid.reshape(grid.shape)


class Corner:
    """One of the pixels that every point mixes: its flat index, weight, and the weight's slope in each dimension."""

    def __init__(self, index, inside, weight, slopes):
        self.index, self.inside, self.weight, self.slopes = index, inside, weight, slopes


def look(plane, corner):
    """The pixels of plane (C, pixels), 0 where they lie outside."""
    seen = plane.take(corner.index, axis=1)
    return seen if corner.inside is True else np.where(corner.inside, seen, 0)


def corners_of(grid, size, mode, padding, align_corners):
    """The corners for a grid (*S', dims): 2 or 4 taps in each dimension, or 1, and all their combinations."""
    points = grid.reshape(-1, len(size))
    axes = [taps_of(points[:, len(size) - 1 - d], n, mode, padding, align_corners) for d, n in enumerate(size)]
    for chosen in itertools.product(*axes):
        index, inside = 0, True
        for (i, within, _, _), n in zip(chosen, size):
            index = index * n + i
            inside = within if inside is True else inside if within is True else inside & within
        weight = math.prod((w for _, _, w, _ in chosen[1:]), start=chosen[0][2])
        slopes = [math.prod((c[3] if e == d else c[2] for e, c in enumerate(chosen)), start=1) for d in range(len(size))]
        yield Corner(index, inside, weight, slopes)


def taps_of(points, n, mode, padding, align_corners):
    """For one dimension: a list of (index, inside, weight, slope of the weight in the grid's coordinate)."""
    half = points.dtype.type(0.5)
    place = (points + 1) * (half * (n - 1)) if align_corners else ((points + 1) * n - 1) * half
    slope = half * (n - 1) if align_corners else half * n
    if mode == "bicubic":
        first = np.floor(place)
        part = place - first
        pairs = zip(cubic_weights(part), cubic_slopes(part))
        return [(*pixel(bring_inside(first + k, n, padding, align_corners)[0], n), w, s * slope)
                for k, (w, s) in zip(range(-1, 3), pairs)]
    place, sign = bring_inside(place, n, padding, align_corners)
    if mode == "nearest":
        return [(*pixel(np.rint(place), n), np.ones_like(place), np.zeros_like(place))]
    if mode != "bilinear":
        raise ValueError(f"grid_sample: mode is bilinear, nearest or bicubic, not {mode!r}")
    first = np.floor(place)
    part, slope = place - first, slope * sign
    return [(*pixel(first, n), 1 - part, -slope), (*pixel(first + 1, n), part, slope)]


def pixel(place, n):
    """The index of the pixel at a whole number, and whether there is one."""
    inside = (place >= 0) & (place <= n - 1)
    index = np.where(inside, place, 0).astype(np.int64)
    return index, (True if inside.all() else inside)


def bring_inside(place, n, padding, align_corners):
    """Coordinates after padding, and their derivative (0 where they were clipped)."""
    one = place.dtype.type(1)
    if padding == "zeros":
        return place, one
    if padding not in ("border", "reflection"):
        raise ValueError(f"grid_sample: padding_mode is zeros, border or reflection, not {padding!r}")
    sign = np.ones_like(place)
    if padding == "reflection":
        place, sign = reflect(place, n, align_corners)
    clipped = (place <= 0) | (place >= n - 1)
    return np.clip(np.where(np.isnan(place), 0, place), 0, n - 1), np.where(clipped, 0, sign)


def reflect(place, n, align_corners):
    """Coordinates folded at the first and last pixels' centres, or at their outer edges."""
    low, span = (0.0, n - 1.0) if align_corners else (-0.5, float(n))
    if span == 0:
        return np.zeros_like(place), np.zeros_like(place)
    away = np.abs(place - place.dtype.type(low))
    folds = np.floor(away / place.dtype.type(span))
    rest = away - folds * place.dtype.type(span)
    even = folds % 2 == 0
    value = np.where(even, rest + low, span - rest + low).astype(place.dtype)
    sign = np.where(even, 1, -1) * np.where(place < low, -1, 1)
    return value, sign.astype(place.dtype)
