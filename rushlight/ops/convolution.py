"""Convolutions of one to three spatial dimensions, and their transposes. Source: torch.nn.functional.conv1d and kin."""
from ..graph import primitives as P
from .declare import OPS, Op

# attrs: stride, padding as (low, high) pairs, dilation, groups


def _conv(x, w, b, stride, padding, dilation, groups):
    out = P.conv(x, w, stride, padding, dilation, groups)
    if b is not None:
        out = P.binary("add", out, P.reshape(b, (1, b.shape[0]) + (1,) * len(stride)))
    return out


def _sum_channels(g):
    dims = (0,) + tuple(range(2, len(g.shape)))
    return OPS["sum"](g, dims=dims, keepdim=False, dtype=g.dtype)


conv_op = Op("convolution", "input weight bias", "stride padding dilation groups", compute=_conv,
             grads={"input": lambda g, weight, infos, stride, padding, dilation, groups: conv_dx_op(
                        g, weight, shape=infos[0].shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                    "weight": lambda g, input, infos, stride, padding, dilation, groups: conv_dw_op(
                        g, input, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                    "bias": lambda g: _sum_channels(g)})


def _plain_conv(x, w, stride, padding, dilation, groups):
    return OPS["convolution"](x, w, None, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv_dx_op = Op("convolution_dx", "grad weight", "shape stride padding dilation groups", node="ConvolutionBackwardBackward0",
                compute=lambda g, w, shape, *a: P.conv_dx(g, w, shape, *a),
                grads={"grad": lambda g, weight, stride, padding, dilation, groups: _plain_conv(g, weight, stride, padding, dilation, groups),
                       "weight": lambda g, grad, infos, stride, padding, dilation, groups: conv_dw_op(
                           grad, g, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups)})
conv_dw_op = Op("convolution_dw", "grad input", "shape stride padding dilation groups", node="ConvolutionBackwardBackward0",
                compute=lambda g, x, shape, *a: P.conv_dw(g, x, shape, *a),
                grads={"grad": lambda g, input, stride, padding, dilation, groups: _plain_conv(input, g, stride, padding, dilation, groups),
                       "input": lambda g, grad, infos, stride, padding, dilation, groups: conv_dx_op(
                           grad, g, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups)})


def _each(value, n, name):
    if isinstance(value, int):
        return (value,) * n
    value = tuple(int(v) for v in value)
    if len(value) == 1:
        return value * n
    if len(value) != n:
        raise RuntimeError(f"expected {name} to be a single integer value or a list of {n} values to match the convolution "
                           f"dimensions, but got {name}={list(value)}")
    return value


def _same_padding(window, dilation):
    total = [d * (k - 1) for k, d in zip(window, dilation)]
    return tuple((t // 2, t - t // 2) for t in total)


def _convolve(n, input, weight, bias, stride, padding, dilation, groups):
    x, w = input._meta.shape, weight._meta.shape
    name = f"conv{n}d"
    stride, dilation = _each(stride, n, "stride"), _each(dilation, n, "dilation")
    if len(w) != n + 2 or len(x) not in (n + 1, n + 2):
        raise RuntimeError(f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: {list(x)}"
                           if len(w) == n + 2 else
                           f"Expected {n + 2}-dimensional weight for {n}-dimensional input {list(x)}, but got {len(w)}-dimensional "
                           f"weight of size {list(w)} instead")
    batched = len(x) == n + 2
    if not batched:
        input, x = input.unsqueeze(0), (1,) + x
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if w[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
                           f"{list(w)} instead")
    if w[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
                           f"size [{list(w)}] instead")
    if x[1] != w[1] * groups:
        raise RuntimeError(f"Given groups={groups}, weight of size {list(w)}, expected input{list(x)} to have {w[1] * groups} "
                           f"channels, but got {x[1]} channels instead")
    if bias is not None and bias._meta.shape != (w[0],):
        raise RuntimeError(f"Given weight of size {list(w)}, expected bias to be 1-dimensional with {w[0]} elements, but got bias of "
                           f"size {list(bias._meta.shape)} instead")
    if input.dtype is not weight.dtype:
        raise RuntimeError(f"Input type ({_type(input)}) and weight type ({_type(weight)}) should be the same")
    if padding == "valid":
        pads = ((0, 0),) * n
    elif padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        pads = _same_padding(w[2:], dilation)
    elif isinstance(padding, str):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    else:
        pads = tuple((p, p) for p in _each(padding, n, "padding"))
        if any(p < 0 for p, _ in pads):
            raise RuntimeError("negative padding is not supported")
    for i, (size, k, (lo, hi), d) in enumerate(zip(x[2:], w[2:], pads, dilation)):
        if size + lo + hi < d * (k - 1) + 1:
            per = " x ".join(str(s + a + b) for s, (a, b) in zip(x[2:], pads))
            kernel = " x ".join(str(e * (m - 1) + 1) for m, e in zip(w[2:], dilation))
            raise RuntimeError(f"Calculated padded input size per channel: ({per}). Kernel size: ({kernel}). Kernel size can't be "
                               "greater than actual input size")
    out = Op.apply(conv_op, (input, weight, bias), (stride, pads, dilation, groups))
    return out if batched else out.squeeze(0)


def _type(t):
    return f"torch.{t.dtype.legacy}"


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, L) or (C, L), weight (O, C/groups, K)."""
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, H, W) or (C, H, W), weight (O, C/groups, KH, KW)."""
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, D, H, W) or (C, D, H, W), weight (O, C/groups, KD, KH, KW)."""
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)
