"""Pooling's rarer kin. Source: torch.nn.functional.max_unpool2d, fractional_max_pool2d (Graham 2014), lp_pool2d."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import pooling
from .declare import OPS, Op
from .spatial import as_first, numbers, planes


# ------------------------------------------------------------------ maxima put back
def _put(x, index, shape, n):
    flat = planes(shape, n)
    zeros = P.const(0, x.dtype, flat)
    lead = len(flat) - 1
    return P.reshape(P.scatter(zeros, P.reshape(index, planes(index.shape, n)), P.reshape(x, planes(x.shape, n)), lead), shape)


def _put_gradient(g, index, n):
    return OPS["take_planes"](g, index, n=n)


unpool_ops = {n: Op(f"max_unpool{n}d", "input index", "shape n", compute=_put, node=node, grads={"input": _put_gradient})
              for n, node in ((1, "SqueezeBackward1"), (2, "MaxUnpool2DBackward0"), (3, "MaxUnpool3DBackward0"))}


unpool_ops[2].layout = as_first


def _check_places(index, sizes):
    plane = 1
    for s in sizes:
        plane *= s
    bad = index[(index < 0) | (index >= plane)]
    if bad.size:
        shown = "x".join(map(str, sizes))
        raise RuntimeError(f"Found an invalid max index: {int(bad.flat[0])} (output volumes are of size {shown})")


def _unpool_size(n, shape, kernel, stride, padding, output_size):
    """The spatial sizes that went into the pooling, given or by default."""
    default = [(size - 1) * s + k - 2 * p for size, s, k, p in zip(shape[len(shape) - n:], stride, kernel, padding)]
    if output_size is None:
        return tuple(default)
    if len(output_size) == n + 2:
        output_size = output_size[2:]
    if len(output_size) != n:
        raise ValueError(f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of "
                         f"'{len(output_size)}'")
    for d, (size, s) in enumerate(zip(default, stride)):
        if not size - s < output_size[d] < size + s:
            raise ValueError(f'invalid output_size "{output_size}" (dim {d} must be between {size - s} and {size + s})')
    return tuple(output_size)


def _each(value, n, name):
    value = numbers(value, "max_unpool", name, 3)
    return value * n if len(value) == 1 else value


def _max_unpool(n, input, indices, kernel_size, stride, padding, output_size):
    kernel = _each(kernel_size, n, "kernel_size")
    stride = _each(stride, n, "stride") if stride is not None else kernel
    padding = _each(padding, n, "padding")
    shape = input._meta.shape
    if len(shape) < n:
        raise IndexError("tuple index out of range")
    sizes = _unpool_size(n, shape, kernel, stride, padding, output_size)
    if indices._meta.dtype is not dt.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {dt.long_name(indices._meta.dtype)}")
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"Input to max_unpooling{n}d should be a {n + 1}d or {n + 2}d Tensor, but got a tensor with "
                           f"{len(shape)} dimensions.")
    if indices._meta.shape != shape:
        raise RuntimeError(f"Expected shape of indices to be same as that of the input tensor ({list(shape)}) but got indices "
                           f"tensor with shape: {list(indices._meta.shape)}")
    indices = Op.checked(indices, _check_places, (sizes,))
    return Op.apply(unpool_ops[n], (input, indices), (shape[:len(shape) - n] + sizes, n))


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of max_pool1d at the places where they were found; 0 elsewhere."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of max_pool2d at the places where they were found; 0 elsewhere."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of max_pool3d at the places where they were found; 0 elsewhere."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


# ------------------------------------------------------------------ windows at random places
def _starts(samples, size, k, out):
    """(N, C, out): where the windows of k elements along one dimension begin, from one uniform number for each plane."""
    if out == 1:
        return P.const(size - k, dt.int64, samples.shape + (1,))
    u = P.reshape(samples, samples.shape + (1,))
    alpha = P.const((size - k) / (out - 1), u.dtype)
    steps = P.cast(P.reshape(P.iota(out - 1), (1, 1, out - 1)), u.dtype)
    place = P.unary("trunc", P.binary("mul", P.binary("add", steps, u), alpha))
    place = P.binary("sub", place, P.unary("trunc", P.binary("mul", u, alpha)))
    last = P.const(size - k, dt.int64, samples.shape + (1,))
    return P.concatenate([P.cast(place, dt.int64), last], 2)


def _fractional_places(x, samples, window, out):
    """int64 positions in the flattened plane of each window's maximum; x (N, C, *S)."""
    n = len(window)
    size, lead = x.shape[2:], x.shape[:2]
    at = P.const(0, dt.int64, lead + (1,) * (2 * n))
    for d in range(n):
        # for two dimensions the first sample is that of the last dimension, for three that of the first
        sample = P.reshape(P.narrow(samples, 2, n - 1 - d if n == 2 else d, 1), lead)
        start = P.reshape(_starts(sample, size[d], window[d], out[d]), lead + tuple(out[d] if e == d else 1 for e in range(2 * n)))
        tap = P.reshape(P.iota(window[d]), (1, 1) + tuple(window[d] if e == n + d else 1 for e in range(2 * n)))
        at = P.binary("add", P.binary("mul", at, P.const(size[d], dt.int64)), P.binary("add", start, tap))
    windows, taps = planes(out, n)[0], planes(window, n)[0]
    at = P.reshape(at, lead + (windows * taps,))
    seen = P.reshape(P.gather(P.reshape(x, planes(x.shape, n)), at, 2), lead + (windows, taps))
    best = P.reshape(P.argreduce("max", seen, 3), lead + (windows, 1))
    return P.reshape(P.gather(P.reshape(at, lead + (windows, taps)), best, 3), lead + out)


fractional_places = Op("fractional_max_places", "input samples", "window out", compute=_fractional_places)
_take_ops = {2: pooling.declare_take("fractional_max_pool2d", "FractionalMaxPool2DBackward0"),
             3: pooling.declare_take("fractional_max_pool3d", "FractionalMaxPool3DBackward0")}


def _fractional(n, input, kernel_size, output_size, output_ratio, return_indices, _random_samples):
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    shape = input._meta.shape
    if output_size is None:
        ratio = (output_ratio,) * n if n == 3 and isinstance(output_ratio, float) else output_ratio
        if len(ratio) > n or len(ratio) < n:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        output_size = [int(size * r) for size, r in zip(shape[-n:], ratio)]
    window, out = _each(kernel_size, n, "kernel_size"), _each(output_size, n, "output_size")
    if len(shape) <= n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got {-n - 1})")
    batched = len(shape) == n + 2
    if _random_samples is None:
        import rushlight as torch

        _random_samples = torch.rand(*(shape[:2] if batched else (1, shape[0])), n, dtype=input.dtype)
    for d, axis in enumerate(("time", "height", "width")[3 - n:]):
        if out[d] + window[d] - 1 > shape[len(shape) - n + d]:
            raise RuntimeError(f"{name}(): pool {axis} {window[d]} too large relative to input {axis} {shape[len(shape) - n + d]}")
    plain = input.detach() if batched else input.detach().unsqueeze(0)
    places = Op.apply(fractional_places, (plain, _random_samples), (window, out))
    if not batched:
        places = places.squeeze(0)
    found = Op.apply(_take_ops[n], (input, places), (n,))
    return (found, places) if return_indices else found


def fractional_max_pool2d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                          _random_samples=None):
    """Maxima over windows at random places that overlap or leave gaps; input (N, C, H, W) or (C, H, W)."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                          _random_samples=None):
    """Maxima over windows at random places that overlap or leave gaps; input (N, C, D, H, W) or (C, D, H, W)."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool2d_with_indices(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                                       _random_samples=None):
    return _fractional(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                                       _random_samples=None):
    return _fractional(3, input, kernel_size, output_size, output_ratio, True, _random_samples)


# ------------------------------------------------------------------ power means
def _lp_pool(n, input, norm_type, kernel_size, stride, ceil_mode):
    """The p-norm of each window, but for the sign and with the sums of powers clipped at 0."""
    if norm_type == float("inf"):
        greatest = (pooling.max_pool1d, pooling.max_pool2d, pooling.max_pool3d)[n - 1]
        return greatest(input.abs(), kernel_size, stride, ceil_mode=ceil_mode)
    window = _each(kernel_size, n, "kernel_size")
    mean = (pooling.avg_pool1d, pooling.avg_pool2d, pooling.avg_pool3d)[n - 1]
    out = mean(input.pow(norm_type), kernel_size, () if stride is None else stride, 0, ceil_mode)
    return (out.sign() * out.abs().relu()).mul(planes(window, n)[0]).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum over the window of x ** norm_type) ** (1 / norm_type)."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum over the window of x ** norm_type) ** (1 / norm_type)."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum over the window of x ** norm_type) ** (1 / norm_type)."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
