"""Pooling over windows: maxima and means. Source: torch.nn.functional.max_pool2d, avg_pool2d and kin."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public
from .spatial import COUNTS, as_first, not_implemented, numbers, planes, wide

# The ops' attributes: window, stride, padding as (low, high) pairs, dilation, and the result's spatial sizes.


# ------------------------------------------------------------------ maxima
def _max_gradient(g, input, infos, window, stride, padding, dilation, out):
    where = max_index(input, window=window, stride=stride, padding=padding, dilation=dilation, out=out)
    return max_pool_dx(g, where, shape=infos[0].shape, n=len(window))


def _declare_max(n, node):
    return Op(f"max_pool{n}d", "input", "window stride padding dilation out", compute=lambda x, *a: P.max_pool(x, *a), node=node,
              grads={"input": _max_gradient})


max_pool_ops = {1: _declare_max(1, "SqueezeBackward1"), 2: _declare_max(2, "MaxPool2DWithIndicesBackward0"),
                3: _declare_max(3, "MaxPool3DWithIndicesBackward0")}
max_index = Op("max_pool_index", "input", "window stride padding dilation out", compute=lambda x, *a: P.max_pool_index(x, *a))
# index: positions within the flattened plane of the last n dimensions; g is added there, or elements are taken from there
max_pool_dx = Op("max_pool_dx", "grad index", "shape n", node="MaxPool2DWithIndicesBackwardBackward0",
                 compute=lambda g, index, shape, n: P.max_pool_dx(g, index, shape, n),
                 grads={"grad": lambda g, index, n: take_planes(g, index, n=n)})


def _take(x, index, n):
    flat = P.reshape(x, planes(x.shape, n))
    return P.reshape(P.gather(flat, P.reshape(index, planes(index.shape, n)), x.ndim - n), index.shape)


def take_gradient(g, index, infos, n):
    return max_pool_dx(g, index, shape=infos[0].shape, n=n)


def declare_take(name, node):
    """An op that takes elements of the planes of its input at given positions."""
    return Op(name, "input index", "n", compute=_take, node=node, grads={"input": take_gradient})


take_planes = declare_take("take_planes", "GatherBackward0")


# ------------------------------------------------------------------ means
def _divisor(size, window, stride, padding, out, include_pad, divisor, dtype):
    """How many elements each window counts: a number if all count the same, else an array of shape out."""
    if divisor is not None:
        return P.const(divisor, dtype)
    counts = []
    for n, k, s, (low, high), o in zip(size, window, stride, padding, out):
        # the padding after the end is as wide as that before it; what ceil_mode adds beyond never counts
        first, last = (-low, n + low) if include_pad else (0, n)
        counts.append([min(i * s - low + k, last) - max(i * s - low, first) for i in range(o)])
    if all(len(set(c)) <= 1 for c in counts):
        product = 1
        for c in counts:
            product *= c[0] if c else 1
        return P.const(product, dtype)
    return P.constant_array(("window counts", tuple(map(tuple, counts)), dtype), lambda: _outer(counts, dtype), out, dtype)


def _outer(counts, dtype):
    import functools

    import numpy as np

    return functools.reduce(np.multiply.outer, [np.asarray(c, dtype.numpy) for c in counts])


def _mean_windows(x, window, stride, padding, out, include_pad, divisor):
    dtype = x.dtype
    x = wide(x)
    size = x.shape[x.ndim - len(window):]
    total = P.sum_pool(x, window, stride, padding, out)
    count = _divisor(size, window, stride, padding, out, include_pad, divisor, x.dtype)
    mean = P.binary("div", total, count) if x.dtype.is_floating_point else A._int_trunc(total, count)
    return P.cast(mean, dtype)


def _spread_windows(g, shape, window, stride, padding, out, include_pad, divisor):
    dtype = g.dtype
    g = wide(g)
    count = _divisor(shape[len(shape) - len(window):], window, stride, padding, out, include_pad, divisor, g.dtype)
    return P.cast(P.sum_pool_dx(P.binary("div", g, count), shape, window, stride, padding), dtype)


_MEAN_ATTRS = "window stride padding out include_pad divisor"


def _declare_mean(name, node):
    """An op for means over windows, and the op that is its transpose and gradient."""
    forward = Op(name, "input", _MEAN_ATTRS, compute=_mean_windows, node=node + "Backward0",
                 grads={"input": lambda g, infos, window, stride, padding, out, include_pad, divisor: back(
                     g, shape=infos[0].shape, window=window, stride=stride, padding=padding, out=out, include_pad=include_pad,
                     divisor=divisor)})
    back = Op(name + "_dx", "grad", "shape " + _MEAN_ATTRS, compute=_spread_windows, node=node + "BackwardBackward0",
              grads={"grad": lambda g, window, stride, padding, out, include_pad, divisor: forward(
                  g, window=window, stride=stride, padding=padding, out=out, include_pad=include_pad, divisor=divisor)})
    return forward


avg_pool_ops = {1: _declare_mean("avg_pool1d", "Squeeze"), 2: _declare_mean("avg_pool2d", "AvgPool2D"),
                3: _declare_mean("avg_pool3d", "AvgPool3D")}
avg_pool_ops[1].node = "SqueezeBackward1"


for _op in (*max_pool_ops.values(), max_index, avg_pool_ops[2]):
    _op.layout = as_first


# ------------------------------------------------------------------ geometry and its errors
def out_size(size, k, s, p, d, ceil):
    """How many windows fit, as PyTorch counts them."""
    span = size + 2 * p - d * (k - 1) - 1
    n = (-(-span // s) if ceil else span // s) + 1
    if ceil and (n - 1) * s >= size + p:
        n -= 1
    return n


def _each(value, n, function, argument, position, omitted=False):
    value = numbers(value, function, argument, position)
    if len(value) == n:
        return value
    if len(value) == 1:
        return value * n
    if n == 1 and function.startswith("max"):
        raise RuntimeError(f"{function}() {argument} must be an int, list of ints or tuple of ints of size 1 but got size {len(value)}")
    if n == 1:
        raise RuntimeError(f"{function}() argument '{argument}' should contain one int (got {len(value)})")
    either = "" if function == "avg_pool3d" else "either "
    raise RuntimeError(f"{function}: {argument} must {either}be {'omitted, ' if omitted else ''}a single int, or a tuple of "
                       f"{COUNTS[n]} ints")


def _labelled(n, names, values):
    """"kH: 3 kW: 2": the spatial dimensions of n are named T, H and W."""
    return " ".join(f"{names}{axis}: {v}" for axis, v in zip("THW"[3 - n:], values))


def geometry(n, function, input, kernel_size, stride, padding, dilation, ceil_mode):
    """The attributes of a pooling op from the user's arguments; PyTorch's errors where they do not fit."""
    kernel = _each(kernel_size, n, function, "kernel_size", 2)
    stride = kernel if stride is None or stride == () or stride == [] else _each(stride, n, function, "stride", 3, True)
    padding = _each(padding, n, function, "padding", 4)
    dilation = _each(dilation, n, function, "dilation", 5)
    shape = input._meta.shape
    if function == "max_pool1d":
        _check_1d(input, kernel[0], stride[0], padding[0], dilation[0], ceil_mode)
    elif n == 1:
        if len(shape) not in (2, 3):
            raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 'self' (while "
                               f"checking arguments for {function})")
    elif len(shape) <= n and function == "avg_pool2d":
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got {-n - 1})")
    elif len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    sizes = shape[len(shape) - n:]
    out = _out_sizes(n, sizes, kernel, stride, padding, dilation, ceil_mode)
    if 0 in shape[len(shape) - n - 1:] and n > 1:
        raise RuntimeError(f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got:"
                           f"{list(shape)}")
    if function == "avg_pool3d" and any(k > size + 2 * p for k, size, p in zip(kernel, sizes, padding)):
        raise RuntimeError(f"input image ({_labelled(3, '', sizes)}) smaller than kernel size ({_labelled(3, 'k', kernel)})")
    if min(out) < 1:
        if function == "max_pool1d":
            raise RuntimeError(f"max_pool1d() Invalid computed output size: {out[0]}")
        lead = shape[len(shape) - n - 1:len(shape) - n] + ((1,) if n == 1 else ())
        raise RuntimeError(f"Given input size: ({'x'.join(map(str, lead + sizes))}). Calculated output size: "
                           f"({'x'.join(map(str, lead + out))}). Output size is too small")
    pairs = tuple((p, max((o - 1) * s + d * (k - 1) + 1 - size - p, 0))
                  for o, s, d, k, size, p in zip(out, stride, dilation, kernel, sizes, padding))
    return kernel, stride, pairs, dilation, out


def _check_1d(input, kernel, stride, padding, dilation, ceil_mode):
    shape = input._meta.shape
    if len(shape) not in (2, 3):
        raise RuntimeError(f"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
                           f"got:{list(shape)}")
    for name, value in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if value <= 0 and name != "dilation":
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if padding < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > kernel // 2:
        raise RuntimeError(f"max_pool1d() padding should be at most half of kernel size, but got padding={padding} and "
                           f"kernel_size={kernel}")
    if dilation <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {dilation}")


def _out_sizes(n, sizes, kernel, stride, padding, dilation, ceil_mode):
    for k, s, p, d in zip(kernel, stride, padding, dilation):
        if s == 0:
            raise RuntimeError("stride should not be zero")
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                               f"dilation={d}")
    if min(kernel) <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got {_labelled(n, 'k', kernel)}")
    if min(stride) <= 0:
        raise RuntimeError(f"stride should be greater than zero, but got {_labelled(n, 'd', stride)}")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {_labelled(n, 'dilation', dilation)}")
    return tuple(out_size(*a, ceil_mode) for a in zip(sizes, kernel, stride, padding, dilation))


# ------------------------------------------------------------------ what users call
def _max_pool(n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    attrs = geometry(n, f"max_pool{n}d", input, kernel_size, stride, padding, dilation, ceil_mode)
    if n == 1 and input._meta.dtype.kind != "float":
        raise not_implemented("max_pool1d_impl", input._meta.dtype)
    out = Op.apply(max_pool_ops[n], (input,), attrs)
    if return_indices:
        return out, Op.apply(max_index, (input.detach(),), attrs)
    return out


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The greatest of each window; input (N, C, L) or (C, L). With return_indices also where it was found."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The greatest of each window; input (N, C, H, W) or (C, H, W)."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The greatest of each window; input (N, C, D, H, W) or (C, D, H, W)."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def _name_in_torch(function, returns_indices):
    """torch.max_pool2d is F.max_pool2d without return_indices."""
    def run(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
        return function(input, kernel_size, stride, padding, dilation, ceil_mode, returns_indices)

    run.__name__ = run.__qualname__ = function.__name__
    public(name=function.__name__, method=False)(run)


for _function in (max_pool1d, max_pool2d, max_pool3d):
    _name_in_torch(_function, False)
_name_in_torch(max_pool1d_with_indices, True)


def _avg_pool(n, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override=None):
    name = f"avg_pool{n}d"
    window, stride, padding, _, out = geometry(n, name, input, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    dtype = input._meta.dtype
    if dtype.kind != "float" and dtype is not dt.int64:
        raise not_implemented("avg_pool3d_out_frame" if n == 3 else "avg_pool2d", dtype)
    return Op.apply(avg_pool_ops[n], (input,), (window, stride, padding, out, bool(count_include_pad), divisor_override))


@public(method=False)
def avg_pool1d(input, kernel_size, stride=(), padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window; input (N, C, L) or (C, L)."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    """The mean of each window, or its sum over divisor_override; input (N, C, H, W) or (C, H, W)."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    """The mean of each window, or its sum over divisor_override; input (N, C, D, H, W) or (C, D, H, W)."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
