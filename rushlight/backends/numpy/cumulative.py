"""Running sums, products and extremes along an axis."""
import numpy as np


def cumsum(x, axis, dtype=None):
    return np.cumsum(x, axis=axis, dtype=dtype or x.dtype) if x.ndim else x.astype(dtype or x.dtype)


def cumprod(x, axis, dtype=None):
    return np.cumprod(x, axis=axis, dtype=dtype or x.dtype) if x.ndim else x.astype(dtype or x.dtype)


def cummax(x, axis):
    """The greatest element so far and its int64 index: the last of equals; once a NaN, the last NaN."""
    return running_extreme(x, axis, np.maximum)


def cummin(x, axis):
    """The least element so far and its int64 index: the last of equals; once a NaN, the last NaN."""
    return running_extreme(x, axis, np.minimum)


def running_extreme(x, axis, ufunc):
    if x.ndim == 0:
        return x.copy(), np.zeros((), np.int64)
    axis %= x.ndim
    values = ufunc.accumulate(x, axis=axis)
    hit = x == values  # an element at least as great as those before it is the greatest so far
    if x.dtype.kind == "f":
        hit |= np.isnan(x)
    places = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - axis - 1))
    index = hit * places
    if index.size:
        np.maximum.accumulate(index, axis=axis, out=index)
    return values, index


def logcumsumexp(x, axis):
    """log(cumsum(exp(x))), without overflow."""
    if x.ndim == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        return np.logaddexp.accumulate(x, axis=axis)


def reversed_cumsum(g, axis):
    """The gradient of `cumsum`: each element's sum with all after it."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis, dtype=g.dtype), axis) if g.ndim else g.copy()


def extreme_dx(g, index, axis, size):
    """The gradient of `cummax` and `cummin`: g added at the indices along the axis, which has `size` elements."""
    from .scatter import scatter_along

    shape = g.shape[:axis % g.ndim] + (size,) + g.shape[axis % g.ndim + 1:] if g.ndim else ()
    return scatter_along(np.zeros(shape, g.dtype), index, g, axis, "add") if g.ndim else g.copy()


def cumprod_dx(g, x, axis):
    """The gradient of `cumprod`, right where x has zeros too.

    Before the first zero of a row, y / x does.  From a zero on only the products without that zero count: for the first
    zero itself the running product with it left out, and nothing behind the first zero.
    """
    if x.ndim == 0:
        return g.copy()
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    zeros = x == 0
    after = np.cumsum(zeros, -1)  # zeros so far, this one included
    y = np.cumprod(x, -1)
    safe = np.where(zeros, x.dtype.type(1), x)
    with np.errstate(all="ignore"):
        plain = reversed_cumsum(g * y, -1) / safe
    first = zeros & (after == 1)
    without_first = np.cumprod(np.where(first, x.dtype.type(1), x), -1)
    from_here = reversed_cumsum(np.where(after >= 1, g * without_first, 0), -1)
    gradient = np.where(after == 0, plain, np.where(first, from_here, 0)).astype(g.dtype, copy=False)
    return np.ascontiguousarray(np.moveaxis(gradient, -1, axis))


def logcumsumexp_dx(g, x, y, axis):
    """The gradient of y = `logcumsumexp` of x: exp(x_i) times the sum over j >= i of g_j exp(-y_j), scaled to be safe.

    With s_j >= 0 and s_j < 0 summed apart that is a logcumsumexp from the end.
    """
    if x.ndim == 0:
        return g.copy()

    def part(weights):
        with np.errstate(all="ignore"):
            backwards = np.logaddexp.accumulate(np.flip(np.log(weights) - y, axis), axis=axis)
            return np.exp(x + np.flip(backwards, axis))

    return part(np.maximum(g, 0)) - part(np.maximum(-g, 0))
