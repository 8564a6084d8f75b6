"""Normalisation within one example. Source: torch.nn.functional.layer_norm (Ba et al. 2016), group_norm (Wu and He 2018), rms_norm
(Zhang and Sennrich 2019) and local_response_norm (Krizhevsky et al. 2012)."""
from math import prod

from ..graph import primitives as P
from ..graph.layout import like_first
from ..graph.value import Value
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public
from .moments import (affine, back_through, check_dtypes, like, moments, op_like, op_wide, reciprocal_deviation, shaped, statistics,
                      sum_kept)
from .spatial import as_first, channel, not_implemented, wide


# ------------------------------------------------------------------ over the last dimensions
def _layer_norm(x, weight, bias, ndims, eps):
    dtype, x = x.dtype, wide(x)
    mean, off, var = moments(x, tuple(range(x.ndim - ndims, x.ndim)))
    inverse = reciprocal_deviation(var, eps)
    out = affine(P.binary("mul", off, inverse), like(weight, x), like(bias, x))
    return [P.cast(out, dtype), mean, inverse]


def _layer_norm_gradient(gs, input, weight, result1, result2, infos, needs, ndims, eps):
    x, g = op_wide(input), op_wide(gs[0])
    split = len(x.shape) - ndims
    lead, dims = tuple(range(split)), tuple(range(split, len(x.shape)))
    mean, inverse = _saved_inverse(x, result1, result2, dims, eps)
    off = A.sub_op(x, mean)
    dx = dw = db = None
    if needs[0]:
        dx = back_through(g if weight is None else A.mul_op(g, op_like(weight, x)), off, inverse, dims)
    if needs[1]:
        dw = A.mul_op(g, A.mul_op(off, inverse))
        dw = shaped(sum_kept(dw, lead) if lead else dw, infos[1].shape)
    if needs[2]:
        db = shaped(sum_kept(g, lead) if lead else g, infos[2].shape)
    return [dx, dw, db]


def _saved_inverse(x, mean, inverse, dims, eps):
    """The mean and reciprocal deviation of the forward pass, or the same made from x anew (see statistics)."""
    if x.__class__ is Value:
        return mean, inverse
    mean, var = statistics(x, None, None, dims)
    return mean, A.rsqrt_op(A.add_op(var, eps))


layer_norm_op = Op("layer_norm", "input weight bias", "ndims eps", compute=_layer_norm, node="NativeLayerNormBackward0", nout=3,
                   nondifferentiable=(1, 2), grad=_layer_norm_gradient)


def _normalized_shape(function, value):
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, not {type(value).__name__}")
    return tuple(int(n) for n in value)


def _check_normalized(input, shape, parameters, star):
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
                           "normalized_shape = []")
    for name, p in parameters:
        if p is not None and p._meta.shape != shape:
            raise RuntimeError(f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                               f"{list(p._meta.shape)} and normalized_shape = {list(shape)}")
    size = input._meta.shape
    if len(size) < len(shape) or size[len(size) - len(shape):] != shape:
        raise RuntimeError(f"Given normalized_shape={list(shape)}, expected input with shape "
                           f"[*{star}{', '.join(map(str, shape))}], but got input of size{list(size)}")


def _run_layer_norm(input, normalized_shape, weight, bias, eps):
    shape = _normalized_shape("layer_norm", normalized_shape)
    _check_normalized(input, shape, (("weight", weight), ("bias", bias)), ", ")
    check_dtypes("LayerNormKernelImpl", input, weight, bias)
    return Op.apply(layer_norm_op, (input, weight, bias), (len(shape), eps))


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Over the last dimensions, of sizes normalized_shape: less the mean, over the standard deviation; times weight, plus bias."""
    return _run_layer_norm(input, normalized_shape, weight, bias, eps)[0]


@public(name="layer_norm", method=False)
def _torch_layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True):
    return _run_layer_norm(input, normalized_shape, weight, bias, eps)[0]


@public(method=False)
def native_layer_norm(input, normalized_shape, weight, bias, eps):
    """layer_norm, the mean, and the reciprocal standard deviation."""
    return _run_layer_norm(input, normalized_shape, weight, bias, eps)


# ------------------------------------------------------------------ over groups of channels
def _groups(shape, groups):
    """(N, C, *) as (N, groups, the rest)."""
    return (shape[0], groups, prod(shape[1:]) // groups)


def _group_norm(x, weight, bias, groups, eps):
    dtype, shape, x = x.dtype, x.shape, wide(x)
    grouped = P.reshape(x, _groups(shape, groups))
    mean, off, var = moments(grouped, (2,))
    inverse = reciprocal_deviation(var, eps)
    out = P.reshape(P.binary("mul", off, inverse), shape)
    scale, shift = (None if v is None else channel(like(v, x), len(shape)) for v in (weight, bias))
    flat = (shape[0], groups)
    return [P.cast(affine(out, scale, shift), dtype), P.reshape(mean, flat), P.reshape(inverse, flat)]


def _group_norm_gradient(gs, input, weight, result1, result2, infos, needs, groups, eps):
    shape = infos[0].shape
    x, g = op_wide(input), op_wide(gs[0])
    channels, rest = (shape[1],), (0,) + tuple(range(2, len(shape)))
    kept = (shape[0], groups, 1)
    grouped = shaped(x, _groups(shape, groups))
    mean, inverse = _saved_inverse(grouped, shaped(result1, kept), shaped(result2, kept), (2,), eps)
    off = A.sub_op(grouped, mean)
    dx = dw = None
    if needs[0]:
        scaled = g if weight is None else A.mul_op(g, shaped(op_like(weight, x), (1,) + channels + (1,) * (len(shape) - 2)))
        dx = shaped(back_through(shaped(scaled, _groups(shape, groups)), off, inverse, (2,)), shape)
    if needs[1]:
        dw = shaped(sum_kept(A.mul_op(g, shaped(A.mul_op(off, inverse), shape)), rest), channels)
    return [dx, dw, shaped(sum_kept(g, rest), channels) if needs[2] else None]


group_norm_op = Op("group_norm", "input weight bias", "groups eps", compute=_group_norm, node="NativeGroupNormBackward0", nout=3,
                   nondifferentiable=(1, 2), grad=_group_norm_gradient)


group_norm_op.layout = as_first


def _check_groups(input, groups, weight, bias):
    shape = input._meta.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if groups < 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
    if prod((shape[0] * shape[1] // groups, groups) + tuple(shape[2:])) == 1 or shape[0] * (shape[1] // groups) * prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(shape)}")
    if shape[1] % groups:
        raise RuntimeError("Expected number of channels in input to be divisible by num_groups, but got input of shape "
                           f"{list(shape)} and num_groups={groups}")
    for name, p in (("weight", weight), ("bias", bias)):
        if p is not None and p._meta.shape != (shape[1],):
            shown = p if weight is None else weight     # PyTorch shows the weight's shape for either
            raise RuntimeError(f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                               f"shape {list(shown._meta.shape)} and input of shape {list(shape)}")
    check_dtypes("GroupNormKernelImpl", input, weight, bias)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """The channels of input (N, C, *) in groups, each less its mean, over its standard deviation; weight and bias (C)."""
    _check_groups(input, num_groups, weight, bias)
    return Op.apply(group_norm_op, (input, weight, bias), (num_groups, eps))[0]


@public(name="group_norm", method=False)
def _torch_group_norm(input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True):
    return group_norm(input, num_groups, weight, bias, eps)


# ------------------------------------------------------------------ by the root of the mean square
def _rms_norm(x, weight, ndims, eps):
    dtype, x = x.dtype, wide(x)
    dims = tuple(range(x.ndim - ndims, x.ndim))
    n = P.const(max(prod(x.shape[d] for d in dims), 1), x.dtype)
    kept = tuple(1 if d in dims else size for d, size in enumerate(x.shape))
    square = P.reshape(P.binary("div", P.reduce("sum", P.binary("mul", x, x), dims), n), kept)
    inverse = reciprocal_deviation(square, eps)
    return [P.cast(affine(P.binary("mul", x, inverse), like(weight, x), None), dtype), inverse]


def _rms_norm_gradient(gs, input, weight, infos, needs, ndims, eps):
    x, g = op_wide(input), op_wide(gs[0])
    split = len(x.shape) - ndims
    lead, dims = tuple(range(split)), tuple(range(split, len(x.shape)))
    n = max(prod(x.shape[d] for d in dims), 1)
    inverse = A.rsqrt_op(A.add_op(A.div_op(sum_kept(A.mul_op(x, x), dims), n), eps))
    dx = dw = None
    if needs[0]:
        scaled = g if weight is None else A.mul_op(g, op_like(weight, x))
        along = A.mul_op(A.mul_op(sum_kept(A.mul_op(scaled, x), dims), A.mul_op(inverse, inverse)), 1 / n)
        dx = A.mul_op(A.sub_op(scaled, A.mul_op(x, along)), inverse)
    if needs[1]:
        dw = A.mul_op(g, A.mul_op(x, inverse))
        dw = shaped(sum_kept(dw, lead) if lead else dw, infos[1].shape)
    return [dx, dw]


def _declare_rms(name, node):
    return Op(name, "input weight", "ndims eps", compute=_rms_norm, node=node, nout=2, nondifferentiable=(1,),
              grad=_rms_norm_gradient, display="rms_norm")


rms_norm_op, rms_norm_narrow = _declare_rms("rms_norm", "MulBackward0"), _declare_rms("rms_norm_narrow", "ToCopyBackward0")
rms_norm_op.layout = rms_norm_narrow.layout = like_first


@public(method=False)
def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Over the last dimensions, of sizes normalized_shape: over the root of the mean square; times weight."""
    shape = _normalized_shape("rms_norm", normalized_shape)
    _check_normalized(input, shape, (("weight", weight),), "")
    dtype = input._meta.dtype
    if not dtype.is_floating_point:
        raise not_implemented("rms_norm", dtype)
    narrow = dtype.itemsize == 2
    if eps is None:
        eps = dt.finfo(dt.float32 if narrow else dtype).eps
    return Op.apply(rms_norm_narrow if narrow else rms_norm_op, (input, weight), (len(shape), eps))[0]


# ------------------------------------------------------------------ over neighbouring channels
def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """input (N, C, *) over (k + alpha * the mean square of `size` neighbouring channels) ** beta. Source: Krizhevsky et al. 2012."""
    from .padding import pad
    from .pooling import avg_pool2d, avg_pool3d

    shape = input.size()
    if len(shape) < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {len(shape)} dimensions)")
    if input.numel() == 0:
        return input
    square = input.mul(input)
    around = (size // 2, (size - 1) // 2)
    if len(shape) == 3:
        mean = avg_pool2d(pad(square.unsqueeze(1), (0, 0) + around), (size, 1), stride=1).squeeze(1)
    else:
        square = square.view(shape[0], 1, shape[1], shape[2], -1)
        mean = avg_pool3d(pad(square, (0, 0, 0, 0) + around), (size, 1, 1), stride=1).squeeze(1).view(shape)
    return input / mean.mul(alpha).add(k).pow(beta)
