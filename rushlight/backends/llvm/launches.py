"""Launches of kernels that have generators of their own: products, convolutions, pools."""
from math import prod

from ...schedule.pools import tap_type

from . import launches_columns, launches_moves, launches_scatter
from .conv_shapes import Conv
from .gemm import Dot
from .generators import Forward, InputGradient, WeightGradient
from .pool import Pool, PoolGradient
from .regions import Region, broadcast

TYPES = {"float32": "float", "float64": "double"}


def order(rank):
    """Dimensions of an image with its channels innermost."""
    return (0, *range(2, rank), 1)


def supported(v):
    """Whether v has a kernel here."""
    return v.prim in _LAUNCHES and v.dtype is not None and v.numel > 0 and all(a.numel for a in v.args) and \
        (v.prim not in FLOATING or v.args[0].dtype.name in TYPES) and _SUPPORTED.get(v.prim, lambda v: True)(v)


def launch(lowering, v):
    """Add the launch of a value that is supported."""
    _LAUNCHES[v.prim](lowering, v)


# ---------------------------------------------------------------- products
def _dot(low, v):
    a, b = low.region(v.args[0]), low.region(v.args[1])
    bias = low.arranged(v.args[2]) if len(v.args) > 2 else None
    batch = v.shape[:-2]
    m, n, k = v.shape[-2], v.shape[-1], v.args[0].shape[-1]
    result = low.store(v)
    spread = [broadcast(r, batch + r.shape[-2:]) for r in (a, b)]
    spec = Dot(TYPES[v.dtype.name], batch, m, n, k, (*spread[0][:-2], *a.strides[-2:]), (*spread[1][:-2], *b.strides[-2:]),
               result.strides, None if bias is None else "n", v.attrs[0] if v.attrs else None)
    low.kernel(spec, [a, b] + ([bias] if bias is not None else []), [result])


# ---------------------------------------------------------------- convolutions
def _specification(v):
    """The Conv of conv, conv_dx or conv_dw; None where there is no kernel for it."""
    if v.prim == "conv":
        (x, w), (stride, padding, dilation, groups) = (a.shape for a in v.args[:2]), v.attrs[:4]
        out = v.shape
    elif v.prim == "conv_dx":
        x, stride, padding, dilation, groups = v.attrs
        out, w = (a.shape for a in v.args)
    else:
        w, stride, padding, dilation, groups = v.attrs
        out, x = (a.shape for a in v.args)
    rank = len(x) - 2
    if rank not in (1, 2) or min(lo for pair in padding for lo in pair) < 0:
        return None
    lead = 2 - rank
    one, none = (1,) * lead, ((0, 0),) * lead
    height, width = one + tuple(x[2:])
    spec = Conv(TYPES[v.dtype.name], x[0], x[1], height, width, w[0], one + tuple(w[2:]), one + tuple(stride),
                none + tuple(map(tuple, padding)), one + tuple(dilation), groups,
                v.prim == "conv" and len(v.args) > 2, v.attrs[4] if v.prim == "conv" and len(v.attrs) > 4 else None)
    return spec if spec.out == one + tuple(out[2:]) else None


def _convolvable(v):
    try:
        return _specification(v) is not None
    except ValueError:
        return False


def _conv(low, v):
    operands = [low.arranged(v.args[0], order(v.ndim)), *(low.arranged(a) for a in v.args[1:])]
    low.kernel(Forward(_specification(v)), operands, [low.store(v, order(v.ndim))])


def _conv_dx(low, v):
    operands = [low.arranged(v.args[0], order(v.ndim)), low.arranged(v.args[1])]
    low.kernel(InputGradient(_specification(v)), operands, [low.store(v, order(v.ndim))])


def _conv_dw(low, v):
    operands = [low.arranged(a, order(v.ndim)) for a in v.args]
    low.kernel(WeightGradient(_specification(v)), operands, [low.store(v)])


# ---------------------------------------------------------------- pools
def _image(shape, spatial):
    """((n, h, w, c), order of dimensions with the channels innermost) of (n, c, *spatial) or (c, *spatial); None for others."""
    lead = len(shape) - spatial
    if spatial not in (1, 2) or lead not in (1, 2):
        return None
    height, width = (1,) * (2 - spatial) + tuple(shape[lead:])
    return (shape[0] if lead == 2 else 1, height, width, shape[lead - 1]), (*range(lead - 1), *range(lead, len(shape)), lead - 1)


def _pool(shape, dtype, kind, window, stride, padding, dilation, out, cls, **more):
    """The specification of a pool of an image of this shape."""
    fill = 2 - len(window)
    (n, h, w, c), _ = _image(shape, len(window))
    pad = ((0, 0),) * fill + tuple(tuple(p) for p in padding)
    window, stride, dilation, out = ((1,) * fill + tuple(a) for a in (window, stride, dilation, out))
    return cls(TYPES[dtype.name], n, h, w, c, window, stride, pad, dilation, out, kind, which=tap_type(window).name, **more)


def _max_pool(low, v):
    tap = low.taps.get((v.args[0].id, v.attrs))
    order = _image(v.shape, len(v.attrs[0]))[1]
    x = low.arranged(v.args[0], order)
    spec = _pool(v.args[0].shape, v.dtype, "max", *v.attrs, cls=Pool, index=tap is not None)
    low.kernel(spec, [x], [low.store(v, order)] + ([low.store(tap, order)] if tap is not None else []))


def _max_pool_tap(low, v):
    """Nothing: the pool's kernel gives it."""


def _max_pool_dx(low, v):
    x_shape, spatial, attrs = v.attrs
    order = _image(x_shape, spatial)[1]
    operands = [low.arranged(a, order) for a in v.args]
    low.kernel(_pool(x_shape, v.dtype, "max", *attrs, cls=PoolGradient), operands, [low.store(v, order)])


def _sum_pool(low, v):
    window, stride, padding, out = v.attrs
    order = _image(v.shape, len(window))[1]
    x = low.arranged(v.args[0], order)
    low.kernel(_pool(v.args[0].shape, v.dtype, "sum", window, stride, padding, (1,) * len(window), out, cls=Pool), [x], [low.store(v, order)])


def _sum_pool_dx(low, v):
    x_shape, window, stride, padding = v.attrs
    order = _image(x_shape, len(window))[1]
    g = low.arranged(v.args[0], order)
    out = v.args[0].shape[-len(window):]
    low.kernel(_pool(x_shape, v.dtype, "sum", window, stride, padding, (1,) * len(window), out, cls=PoolGradient), [g], [low.store(v, order)])


def _poolable(v):
    """Whether the image has a layout here, and no padding is negative."""
    if v.prim == "max_pool_dx":
        return len(v.attrs) == 3 and _image(v.attrs[0], v.attrs[1]) is not None
    window, padding = (v.attrs[1], v.attrs[3]) if v.prim == "sum_pool_dx" else (v.attrs[0], v.attrs[2])
    return _image(v.shape, len(window)) is not None and all(lo >= 0 and hi >= 0 for lo, hi in padding)


# ---------------------------------------------------------------- joining
def _concatenate(low, v):
    """Each operand is copied into its part. What is itself a concatenation that begins this one was written there already."""
    dim = v.attrs[0]
    root = low.beginning_of.get(v.id, v)
    there = 1 if low.beginning_of.get(v.args[0].id) is root else 0         # operands that lie where they shall
    regions = [low.region(a) for a in v.args[there:]]
    if root is not v and root.id not in low.regions or root is v and v.id not in low.regions:
        low.store(root, _innermost(max(regions, key=lambda r: prod(r.shape))))
    whole = low.regions[root.id]
    result = low.regions[v.id] = Region(whole.place, v.shape, whole.strides, whole.offset)
    at = v.args[0].shape[dim] if there else 0
    for r in regions:
        low.copy_into(r, Region(result.place, r.shape, result.strides, result.offset + at * result.strides[dim]))
        at += r.shape[dim]


def beginnings(values):
    """Concatenations that begin a longer one along the same dimension, as in a dense block: id -> the longest one."""
    found = {}
    for v in reversed(values):
        if v.prim == "concatenate":
            first = v.args[0]
            if first.prim == "concatenate" and first.attrs == v.attrs and all(a is not first for a in v.args[1:]):
                found.setdefault(first.id, found.get(v.id, v))
    return found


def _innermost(region):
    """The order of dimensions in which a region lies, outermost first."""
    return sorted(range(len(region.shape)), key=lambda d: (-abs(region.strides[d]), d)) \
        if all(s or n == 1 for n, s in zip(region.shape, region.strides)) else None


_LAUNCHES = {"dot": _dot, "conv": _conv, "conv_dx": _conv_dx, "conv_dw": _conv_dw, "max_pool": _max_pool, "max_pool_tap": _max_pool_tap,
             "max_pool_dx": _max_pool_dx, "sum_pool": _sum_pool, "sum_pool_dx": _sum_pool_dx, "concatenate": _concatenate}
_SUPPORTED = {"conv": _convolvable, "conv_dx": _convolvable, "conv_dw": _convolvable, "max_pool": _poolable, "max_pool_tap": _poolable,
              "max_pool_dx": _poolable, "sum_pool": _poolable, "sum_pool_dx": _poolable}
FLOATING = frozenset(_LAUNCHES) - {"concatenate"}          # of the dtypes in TYPES only
for _room in (launches_moves, launches_scatter, launches_columns):
    _LAUNCHES.update(_room.LAUNCHES)
    _SUPPORTED.update(_room.SUPPORTED)
