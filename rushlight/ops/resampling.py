"""Images resized. Source: torch.nn.functional.interpolate."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import adaptive_pooling
from .declare import Op
from .spatial import as_first, not_implemented, wide


def tables(shape, out, mode, align_corners, scales, antialias, dtype):
    """For each spatial dimension the elements that each element of the result mixes, and their weights; made once and kept."""
    key = (shape[2:], out, mode, align_corners, scales, antialias, dtype)
    found = _tables.get(key)
    if found is None:
        from ..backends.numpy.resample import interp_weights

        if len(_tables) > 256:
            _tables.clear()
        found = _tables[key] = [interp_weights(n, m, mode, align_corners, s, antialias, dtype.numpy)
                                for n, m, s in zip(shape[2:], out, scales)]
    return found


_tables = {}


def _resize_host(x, shape, out, mode, align_corners, scales, antialias, dtype):
    from ..backends.numpy.resample import interpolate

    return interpolate(x, tables(shape, out, mode, align_corners, scales, antialias, dtype))


def _resize_bytes_host(x, shape, out, mode, align_corners, scales, antialias, dtype):
    from ..backends.numpy.resample import interpolate_bytes

    return interpolate_bytes(x, tables(shape, out, mode, align_corners, scales, antialias, dtype))


def _resize_dx_host(g, shape, out, mode, align_corners, scales, antialias, dtype):
    from ..backends.numpy.resample import interpolate_dx

    return interpolate_dx(g, tables(shape, out, mode, align_corners, scales, antialias, dtype), shape)


def _repeats(shape, out, mode, scales):
    """How often "nearest" repeats each element, where that is a whole number; else None."""
    if not mode.startswith("nearest"):
        return None
    for n, m, s in zip(shape[2:], out, scales):
        if m % n or s is not None and s != m // n:
            return None
    return tuple(m // n for n, m in zip(shape[2:], out))


def _resize(x, out, mode, align_corners, scales, antialias):
    lead, size = x.shape[:2], x.shape[2:]
    repeats = _repeats(x.shape, out, mode, scales)
    if repeats is not None:
        between = tuple(n for size_, k in zip(size, repeats) for n in (size_, 1))
        spread = tuple(n for size_, k in zip(size, repeats) for n in (size_, k))
        return P.reshape(P.expand(P.reshape(x, lead + between), lead + spread), lead + out)
    dtype, x = x.dtype, wide(x)
    host, precision = _resize_host, x.dtype
    if dtype is dt.uint8:
        host, precision = (_resize_host, dt.float32) if mode.startswith("nearest") else (_resize_bytes_host, dt.float64)
    y = P.call(host, (x,), [(lead + out, x.dtype)], (x.shape, out, mode, align_corners, scales, antialias, precision))[0]
    return P.cast(y, dtype)


def _resize_dx(g, shape, mode, align_corners, scales, antialias):
    out = g.shape[2:]
    repeats = _repeats(shape, out, mode, scales)
    if repeats is not None:
        return P.sum_pool(g, repeats, repeats, ((0, 0),) * len(out), tuple(shape[2:]))
    dtype, g = g.dtype, wide(g)
    x = P.call(_resize_dx_host, (g,), [(shape, g.dtype)], (shape, out, mode, align_corners, scales, antialias, g.dtype))[0]
    return P.cast(x, dtype)


def _declare_resize(name, node):
    forward = Op(name, "input", "out mode align_corners scales antialias", compute=_resize, node=node + "Backward0",
                 grads={"input": lambda g, infos, mode, align_corners, scales, antialias: back(
                     g, shape=infos[0].shape, mode=mode, align_corners=align_corners, scales=scales, antialias=antialias)})
    back = Op(name + "_dx", "grad", "shape mode align_corners scales antialias", compute=_resize_dx, node=node + "BackwardBackward0",
              grads={"grad": lambda g, infos, mode, align_corners, scales, antialias: forward(
                  g, out=infos[0].shape[2:], mode=mode, align_corners=align_corners, scales=scales, antialias=antialias)})
    return forward


_KINDS = {("nearest", n): ("upsample_nearest", "UpsampleNearest") for n in (1, 2, 3)}
_KINDS.update({("nearest-exact", n): ("upsample_nearest_exact", "UpsampleNearestExact") for n in (1, 2, 3)})
_KINDS.update({("linear", 1): ("upsample_linear", "UpsampleLinear"), ("bilinear", 2): ("upsample_bilinear", "UpsampleBilinear"),
               ("trilinear", 3): ("upsample_trilinear", "UpsampleTrilinear"), ("bicubic", 2): ("upsample_bicubic", "UpsampleBicubic")})
_resize_ops = {(mode, n, False): _declare_resize(f"{name}{n}d", f"{node}{n}D") for (mode, n), (name, node) in _KINDS.items()}
_resize_ops.update({(mode, 2, True): _declare_resize(f"_upsample_{mode}2d_aa", f"Upsample{mode.capitalize()}2DAa")
                    for mode in ("bilinear", "bicubic")})


for _op in _resize_ops.values():
    _op.layout = as_first


def _sizes_and_scales(input, size, scale_factor, recompute_scale_factor):
    """The result's sizes, and the scale factors where they are to be used as given."""
    shape = input._meta.shape
    n = len(shape) - 2
    dims = list(shape[2:])
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, (list, tuple)):
            if len(size) != n:
                raise ValueError("Input and output must have the same number of spatial dimensions, but got input with spatial "
                                 "dimensions "
                                 f"of {dims} and output size of {size}. Please provide input tensor in (N, C, d1, d2, ...,dK) "
                                 f"format and output size in (o1, o2, ...,oK) format.")
            out = tuple(size)
        else:
            out = (size,) * n
        factors = None
    elif scale_factor is not None:
        if isinstance(scale_factor, (list, tuple)):
            if len(scale_factor) != n:
                raise ValueError("Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
                                 f"dimensions of {dims} and scale_factor of shape {scale_factor}. Please provide input tensor in "
                                 "(N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format.")
            factors = tuple(float(f) for f in scale_factor)
        else:
            factors = (float(scale_factor),) * n
        out = None
    else:
        raise ValueError("either size or scale_factor should be defined")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if out is None:
        import math

        out = tuple(math.floor(n * f) for n, f in zip(dims, factors))
        if recompute_scale_factor:
            factors = None
    return out, factors or (None,) * n


_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"
_RANKS = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}


def _check_resize(input, out, mode):
    shape = input._meta.shape
    if min(out) < 1 or 0 in shape[2:]:
        axes = "DHW"[3 - len(out):]
        given, wanted = (", ".join(f"{a}: {n}" for a, n in zip(axes, sizes)) for sizes in (shape[2:], out))
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({given}) output ({wanted})")
    if 0 in shape[1:]:
        raise RuntimeError(f"Non-empty {len(shape)}D data tensor expected but got a tensor with sizes {list(shape)}")
    dtype = input._meta.dtype
    if dtype.kind != "float" and dtype is not dt.uint8:
        n = len(out)
        kernel = f"upsample_{mode.replace('-', '_')}{n}d_channels_last" if n == 2 or mode == "trilinear" else f"upsample_{mode}{n}d"
        raise not_implemented(kernel, dtype)


def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False):
    """input (N, C, *S) resized to `size`, or by scale_factor.

    mode: nearest, nearest-exact, area; linear (3-D input), bilinear and bicubic (4-D), trilinear (5-D).
    align_corners: the corner elements' centres keep their values.  antialias: for shrinking by bilinear and bicubic.
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                             "trilinear")
    elif align_corners is None:
        align_corners = False
    ndim = input.dim()
    out, scales = _sizes_and_scales(input, size, scale_factor, recompute_scale_factor)
    if antialias and not (mode in ("bilinear", "bicubic") and ndim == 4):
        raise ValueError("Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input")
    if mode in _RANKS and ndim in (3, 4, 5) and ndim != _RANKS[mode]:
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {_RANKS[mode]}D input")
    if ndim not in (3, 4, 5) or mode not in _RANKS and mode not in ("nearest", "nearest-exact", "area"):
        raise NotImplementedError(f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: {_MODES} "
                                  f"(got {mode})")
    if mode == "area":
        pools = (adaptive_pooling.adaptive_avg_pool1d, adaptive_pooling.adaptive_avg_pool2d, adaptive_pooling.adaptive_avg_pool3d)
        return pools[ndim - 3](input, out)
    if not all(hasattr(n, "__index__") for n in out):
        raise TypeError(f"interpolate(): size must be an int or ints, not {out}")
    out = tuple(int(n) for n in out)
    _check_resize(input, out, mode)
    return Op.apply(_resize_ops[mode, ndim - 2, bool(antialias)], (input,), (out, mode, bool(align_corners), scales, bool(antialias)))


def _deprecated(name):
    import warnings

    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate, by its old name."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
