"""Pooling to a given size. Source: torch.nn.functional.adaptive_avg_pool2d, adaptive_max_pool2d and kin.

Along a dimension of n elements, window i of m covers the elements from i * n // m up to the ceiling of (i + 1) * n / m.
"""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import Op, public
from .pooling import _mean_windows, _spread_windows, declare_take
from .spatial import as_first, not_implemented, numbers, planes, wide


def bounds(n, m):
    """The (start, end) of each of m windows over n elements."""
    return [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]


# ------------------------------------------------------------------ means
def _divides(size, out):
    return all(m and n % m == 0 for n, m in zip(size, out))


def _windows(size, out):
    """The attributes of ordinary pooling, where every window is the same."""
    step = tuple(n // m for n, m in zip(size, out))
    return step, step, ((0, 0),) * len(out), out, True, None


def _mean_matrix(n, m, dtype):
    """(n, m): what each element counts in each window's mean."""
    def make():
        import numpy as np

        matrix = np.zeros((n, m), dtype.numpy)
        for i, (start, end) in enumerate(bounds(n, m)):
            matrix[start:end, i] = 1 / (end - start)
        return matrix

    return P.constant_array(("adaptive means", n, m, dtype), make, (n, m), dtype)


def along(x, dim, matrix):
    """x multiplied along dim by a matrix (size, new size)."""
    x = P.transpose(x, dim, x.ndim - 1)
    rows = P.reshape(x, (x.numel // x.shape[-1] if x.shape[-1] else 0, x.shape[-1]))
    out = P.reshape(P.dot(rows, matrix), x.shape[:-1] + (matrix.shape[1],))
    return P.transpose(out, dim, x.ndim - 1)


def _means(x, out):
    size, dtype = x.shape[x.ndim - len(out):], x.dtype
    if _divides(size, out):
        return x if size == out else _mean_windows(x, *_windows(size, out))
    x = wide(x)
    for dim, n, m in zip(range(x.ndim - len(out), x.ndim), size, out):
        if n != m:
            x = along(x, dim, _mean_matrix(n, m, x.dtype))
    return P.cast(x, dtype)


def _spread_means(g, shape, out):
    size, dtype = shape[len(shape) - len(out):], g.dtype
    if _divides(size, out):
        return g if size == out else _spread_windows(g, shape, *_windows(size, out))
    g = wide(g)
    for dim, n, m in zip(range(g.ndim - len(out), g.ndim), size, out):
        if n != m:
            g = along(g, dim, P.transpose(_mean_matrix(n, m, g.dtype), 0, 1))
    return P.cast(g, dtype)


def _declare_mean(n, node):
    forward = Op(f"adaptive_avg_pool{n}d", "input", "out", compute=_means, node=node,
                 grads={"input": lambda g, infos, out: back(_checked(g, n), shape=infos[0].shape, out=out)})
    back = Op(f"adaptive_avg_pool{n}d_dx", "grad", "shape out", compute=_spread_means,
              node=node.replace("Backward0", "BackwardBackward0"),
              grads={"grad": lambda g, out: forward(g, out=out)})
    return forward


def _checked(g, n):
    _check_not_empty(f"adaptive_avg_pool{n}d_backward", "grad_output", tuple(g.shape), n)
    return g


_mean_ops = {1: _declare_mean(1, "SqueezeBackward1"), 2: _declare_mean(2, "AdaptiveAvgPool2DBackward0"),
             3: _declare_mean(3, "AdaptiveAvgPool3DBackward0")}


# ------------------------------------------------------------------ maxima
def _window_table(size, out):
    """(windows, taps): positions in the flattened plane; windows with fewer taps repeat their first."""
    def make():
        import itertools

        import numpy as np

        axes = [[list(range(*b)) for b in bounds(n, m)] for n, m in zip(size, out)]
        rows = [[int(np.ravel_multi_index(at, size)) for at in itertools.product(*window)] for window in itertools.product(*axes)]
        longest = max(map(len, rows), default=1)
        return np.array([row + row[:1] * (longest - len(row)) for row in rows], np.int64).reshape(len(rows), longest)

    windows = taps = 1
    for n, m in zip(size, out):
        windows *= m
        taps *= max((end - start for start, end in bounds(n, m)), default=1)
    return P.constant_array(("adaptive windows", size, out), make, (windows, taps), dt.int64)


def _max_places(x, out):
    """int64 positions in the flattened plane of each window's maximum."""
    n = len(out)
    size, lead = x.shape[x.ndim - n:], x.shape[:x.ndim - n]
    if _divides(size, out):
        step, _, pairs, _, _, _ = _windows(size, out)
        return P.max_pool_index(x, step, step, pairs, (1,) * n, out)
    table = _window_table(size, out)
    flat = P.reshape(x, planes(x.shape, n))
    seen = P.index(P.permute(flat, (len(lead),) + tuple(range(len(lead)))), (table,))       # (windows, taps, *lead)
    best = P.argreduce("max", seen, 1)                                                      # (windows, *lead)
    first = P.reshape(P.iota(table.shape[0]), (table.shape[0],) + (1,) * len(lead))
    code = P.binary("add", P.binary("mul", first, P.const(table.shape[1], dt.int64)), best)
    places = P.index(P.reshape(table, (table.shape[0] * table.shape[1],)), (code,))
    return P.reshape(P.permute(places, tuple(range(1, len(lead) + 1)) + (0,)), lead + out)


places_op = Op("adaptive_max_places", "input", "out", compute=_max_places)
_take_ops = {1: declare_take("adaptive_max_pool1d", "SqueezeBackward1"),
             2: declare_take("adaptive_max_pool2d", "AdaptiveMaxPool2DBackward0"),
             3: declare_take("adaptive_max_pool3d", "AdaptiveMaxPool3DBackward0")}


for _op in (_mean_ops[2], _take_ops[2], places_op):
    _op.layout = as_first


# ------------------------------------------------------------------ what users call
def _out_list(n, input, output_size):
    """output_size as one number a dimension; None keeps the size that is there. Source: PyTorch's list of such sizes."""
    if isinstance(output_size, int):
        return output_size
    shape = input._meta.shape
    if len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    return tuple(size if m is None else m for m, size in zip(output_size, shape[len(shape) - len(output_size):]))


def _out_size(n, name, input, output_size, wrong_count):
    out = numbers(output_size, name, "output_size", 2)
    if len(out) == 1:
        out = out * n
    if len(out) != n:
        raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(out)})" if n == 1 else wrong_count)
    return out


def _check_not_empty(name, what, shape, n):
    for dim in range(len(shape) - n, len(shape)):
        if shape[dim] == 0:
            said = "input has sizes" if what == "input" else "grad_output has sizes"
            raise RuntimeError(f"{name}(): Expected {what} to have non-zero size for non-batch dimensions, but {said} "
                               f"{list(shape)} with dimension {dim} being empty")


def _check_dims(n, name, input, colon):
    shape = input._meta.shape
    if n == 1 and len(shape) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 'self' (while "
                           f"checking arguments for {name})")
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got{colon} {list(shape)}")
    _check_not_empty(name, "input", shape, n)


def _adaptive_avg(n, input, output_size):
    name = f"adaptive_avg_pool{n}d"
    out = _out_size(n, name, input, output_size, f"{name}: output_size must be {n}")
    if min(out) < 0:
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received "
                           f"{{{', '.join(map(str, out))}}}")
    if n > 1 and out == (1,) * n:
        return input.mean(tuple(range(-n, 0)), keepdim=True)
    _check_dims(n, name, input, "")
    if input._meta.dtype.kind != "float":
        raise not_implemented(name if n > 1 else "adaptive_avg_pool2d", input._meta.dtype)
    return Op.apply(_mean_ops[n], (input,), (out,))


@public(method=False)
def adaptive_avg_pool1d(input, output_size):
    """Means over output_size windows that cover input (N, C, L) or (C, L) evenly."""
    return _adaptive_avg(1, input, output_size)


def adaptive_avg_pool2d(input, output_size):
    """Means over windows that cover input (N, C, H, W) or (C, H, W) evenly; None in output_size keeps a size."""
    return _adaptive_avg(2, input, _out_list(2, input, output_size))


def adaptive_avg_pool3d(input, output_size):
    """Means over windows that cover input (N, C, D, H, W) or (C, D, H, W) evenly; None in output_size keeps a size."""
    return _adaptive_avg(3, input, _out_list(3, input, output_size))


def _adaptive_max(n, input, output_size, return_indices):
    name = f"adaptive_max_pool{n}d"
    out = _out_size(n, name, input, output_size, f"{name}(): internal error: output_size.size() must be {n}")
    _check_dims(n, name, input, ":")
    if min(out) < 0:
        lead = input._meta.shape[:len(input._meta.shape) - n]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(out)}: {list(lead + out)}")
    if input._meta.dtype.kind != "float":
        raise not_implemented(name if n > 1 else "adaptive_max_pool2d", input._meta.dtype)
    places = Op.apply(places_op, (input.detach(),), (out,))
    found = Op.apply(_take_ops[n], (input, places), (n,))
    return (found, places) if return_indices else found


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The greatest of each of output_size windows that cover input (N, C, L) or (C, L) evenly, and where it was found."""
    return _adaptive_max(1, input, output_size, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The greatest of each window that cover input (N, C, H, W) or (C, H, W) evenly, and where it was found."""
    return _adaptive_max(2, input, _out_list(2, input, output_size), return_indices)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """The greatest of each window that cover input (N, C, D, H, W) or (C, D, H, W) evenly, and where it was found."""
    return _adaptive_max(3, input, _out_list(3, input, output_size), return_indices)


@public(name="adaptive_max_pool1d", method=False)
def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    return adaptive_max_pool3d(input, output_size, True)
