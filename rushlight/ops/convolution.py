"""Convolutions of one to three spatial dimensions, and their transposes. Source: torch.nn.functional.conv1d and kin."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import OPS, Op, public
from .spatial import as_first_two, channel, not_implemented, numbers

# attrs: stride, padding as (low, high) pairs, dilation, groups


def _with_bias(out, bias):
    return out if bias is None else P.binary("add", out, channel(bias, out.ndim))


def _conv(x, w, b, stride, padding, dilation, groups):
    return _with_bias(P.conv(x, w, stride, padding, dilation, groups), b)


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
    return conv_op(x, w, None, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv_dx_op = Op("convolution_dx", "grad weight", "shape stride padding dilation groups", node="ConvolutionBackwardBackward0",
                compute=lambda g, w, shape, *a: P.conv_dx(g, w, shape, *a),
                grads={"grad": lambda g, weight, stride, padding, dilation, groups: _plain_conv(
                           g, weight, stride, padding, dilation, groups),
                       "weight": lambda g, grad, infos, stride, padding, dilation, groups: conv_dw_op(
                           grad, g, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups)})
conv_dw_op = Op("convolution_dw", "grad input", "shape stride padding dilation groups", node="ConvolutionBackwardBackward0",
                compute=lambda g, x, shape, *a: P.conv_dw(g, x, shape, *a),
                grads={"grad": lambda g, input, stride, padding, dilation, groups: _plain_conv(
                           input, g, stride, padding, dilation, groups),
                       "input": lambda g, grad, infos, stride, padding, dilation, groups: conv_dx_op(
                           grad, g, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups)})


def _transposed_conv(x, w, b, shape, stride, padding, dilation, groups):
    return _with_bias(P.conv_dx(x, w, shape, stride, padding, dilation, groups), b)


# the gradient of a convolution in its input, as a function of its own; shape: that of the result
conv_transpose_op = Op("conv_transpose", "input weight bias", "shape stride padding dilation groups", compute=_transposed_conv,
                       node="ConvolutionBackward0", display="conv_transpose",
                       grads={"input": lambda g, weight, stride, padding, dilation, groups: _plain_conv(
                                  g, weight, stride, padding, dilation, groups),
                              "weight": lambda g, input, infos, stride, padding, dilation, groups: conv_dw_op(
                                  input, g, shape=infos[1].shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                              "bias": lambda g: _sum_channels(g)})


conv_op.layout = conv_transpose_op.layout = as_first_two


# ------------------------------------------------------------------ arguments and their errors
_SIGNATURE = ("Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, {} padding = {}, "
              "tuple of ints dilation = 1, int groups = 1")


def _invalid(name, arguments):
    while len(arguments) > 2 and (arguments[-1] is None or arguments[-1].__class__ is int):
        arguments = arguments[:-1]      # defaults, as far as can be told
    got = ", ".join(type(a).__name__ for a in arguments)
    if name.startswith("conv_transpose"):
        expected = [_SIGNATURE.format("tuple of ints", "0").replace("tuple of ints dilation = 1, int groups = 1",
                                                                    "tuple of ints output_padding = 0, int groups = 1, tuple of "
                                                                    "ints dilation = 1")]
    else:
        expected = [_SIGNATURE.format("tuple of ints", "0"), _SIGNATURE.format("str", '"valid"')]
    lines = "".join(f" * ({e})\n" for e in expected)
    return TypeError(f"{name}() received an invalid combination of arguments - got ({got}), but expected one of:\n{lines}")


def _each(value, given, n, name):
    """One number for each of n dimensions; `given` is how many the function has, to which a single int is spread first."""
    value = numbers(value, "conv", name, 4)
    if len(value) == 1:
        value = value * given
    if len(value) == n:
        return value
    if len(value) == 1:
        return value * n
    raise RuntimeError(f"expected {name} to be a single integer value or a list of {n} values to match the convolution "
                       f"dimensions, but got {name}={list(value)}")


def _type(t):
    return f"torch.{t.dtype.legacy}"


_C_NAMES = {"float32": "float", "float64": "double", "int64": "long long", "int32": "int", "float16": "c10::Half",
            "bfloat16": "c10::BFloat16"}


def _check_dtypes(input, weight, bias):
    x, w = input._meta.dtype, weight._meta.dtype
    if x is not w:
        if x in (dt.float32, dt.bfloat16, dt.float16):
            raise RuntimeError(f"Input type ({_type(input)}) and weight type ({_type(weight)}) should be the same or input should be a "
                               "MKLDNN tensor and weight is a dense tensor")
        raise RuntimeError(f"expected scalar type {dt.long_name(x)} but found {dt.long_name(w)}")
    if bias is not None and bias._meta.dtype is not x:
        a, b = (_C_NAMES.get(d.name, dt.long_name(d)) for d in (x, bias._meta.dtype))
        raise RuntimeError(f"Input type ({a}) and bias type ({b}) should be the same")
    if x is dt.bool_ or x.kind == "int" and x is not dt.int64:
        raise not_implemented("slow_conv2d_cpu", x)


def _batched(n, name, input):
    """input with a batch dimension, and whether it had one."""
    ndim = input._meta.ndim
    if ndim not in (n + 1, n + 2):
        raise RuntimeError(f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
                           f"{list(input._meta.shape)}")
    return (input, True) if ndim == n + 2 else (input.unsqueeze(0), False)


def _check_sizes(x, w, bias, stride, padding, dilation, groups, transposed):
    """What forward and transposed convolutions have in common. x, w: shapes."""
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if any(p < 0 for pair in padding for p in pair):
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError("non-positive dilation is not supported")
    if len(x) != len(w):
        raise RuntimeError(f"Expected {len(w)}-dimensional input for {len(w)}-dimensional weight {list(w)}, but got "
                           f"{len(x)}-dimensional input of size {list(x)} instead")
    if w[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
                           f"{list(w)} instead")
    if w[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
                           f"size [{list(w)}] instead")
    given = "transposed=1" if transposed else f"groups={groups}"
    channels = w[0] if transposed else w[1] * groups
    if x[1] != channels:
        raise RuntimeError(f"Given {given}, weight of size {list(w)}, expected input{list(x)} to have {channels} channels, but "
                           f"got {x[1]} channels instead")
    out = w[1] * groups if transposed else w[0]
    if bias is not None and bias._meta.shape != (out,):
        given = "Given transposed=1, weight" if transposed else "Given weight"
        raise RuntimeError(f"{given} of size {list(w)}, expected bias to be 1-dimensional with {out} elements, but got bias of "
                           f"size {list(bias._meta.shape)} instead")


def _check_fits(x, w, padding, dilation):
    if any(size + lo + hi < d * (k - 1) + 1 for size, k, (lo, hi), d in zip(x[2:], w[2:], padding, dilation)):
        padded = " x ".join(str(s + a + b) for s, (a, b) in zip(x[2:], padding))
        kernel = " x ".join(str(e * (m - 1) + 1) for m, e in zip(w[2:], dilation))
        raise RuntimeError(f"Calculated padded input size per channel: ({padded}). Kernel size: ({kernel}). Kernel size can't be "
                           "greater than actual input size")


def _warn_once(text):
    if text not in _warned:
        import warnings

        _warned.add(text)
        warnings.warn(text, UserWarning, stacklevel=5)


_warned = set()


def _padding_pairs(padding, n, m, w, stride, dilation):
    if padding == "valid":
        return ((0, 0),) * m
    if padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for k, d in zip(w[2:], dilation)]
        if any(t % 2 for t in total):
            _warn_once("Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the input be "
                       "created")
        return tuple((t // 2, t - t // 2) for t in total)
    if isinstance(padding, str):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    return tuple((p, p) for p in _each(padding, n, m, "padding"))


# ------------------------------------------------------------------ what users call
def _convolve(n, input, weight, bias, stride, padding, dilation, groups):
    name = f"conv{n}d"
    tensor = Op.Tensor
    if not isinstance(input, tensor) or not isinstance(weight, tensor) or not (bias is None or isinstance(bias, tensor)):
        raise _invalid(name, (input, weight, bias, stride, padding, dilation, groups))
    if isinstance(stride, (str, float)) or isinstance(padding, float) or isinstance(dilation, (str, float)):
        raise _invalid(name, (input, weight, bias, stride, padding, dilation, groups))
    input, batched = _batched(n, name, input)
    x, w = input._meta.shape, weight._meta.shape
    m = len(w) - 2
    stride, dilation = _each(stride, n, m, "stride"), _each(dilation, n, m, "dilation")
    pairs = _padding_pairs(padding, n, m, w, stride, dilation)
    _check_sizes(x, w, bias, stride, pairs, dilation, groups, False)
    _check_fits(x, w, pairs, dilation)
    _check_dtypes(input, weight, bias)
    out = Op.apply(conv_op, (input, weight, bias), (stride, pairs, dilation, groups))
    return out if batched else out.squeeze(0)


@public(method=False)
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, L) or (C, L), weight (O, C/groups, K). padding: a number, "valid" or "same"."""
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, H, W) or (C, H, W), weight (O, C/groups, KH, KW). padding: numbers, "valid" or "same"."""
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, D, H, W) or (C, D, H, W), weight (O, C/groups, KD, KH, KW). padding: numbers, "valid" or "same"."""
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)


_AXES = ("", "width", "height width", "depth height width")


def _check_output_padding(stride, dilation, output_padding):
    if min(output_padding) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if any(o >= s and o >= d for o, s, d in zip(output_padding, stride, dilation)):
        axes = _AXES[len(stride)].split() if len(stride) != 1 else ["height", "width"]
        lead = 1 if len(stride) == 1 else 0   # PyTorch runs one dimension as two
        values = [(0,) * lead + output_padding, (1,) * lead + stride, (1,) * lead + dilation]
        named = zip(("output_padding", "stride", "dilation"), values)
        shown = " ".join(f"{what}_{axis}: {v}" for what, vs in named for axis, v in zip(axes, vs))
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {shown}")


def _transpose(n, input, weight, bias, stride, padding, output_padding, groups, dilation):
    name = f"conv_transpose{n}d"
    tensor = Op.Tensor
    if not isinstance(input, tensor) or not isinstance(weight, tensor) or not (bias is None or isinstance(bias, tensor)):
        raise _invalid(name, (input, weight, bias, stride, padding, output_padding, groups, dilation))
    if any(isinstance(v, (str, float)) for v in (stride, padding, output_padding, dilation)):
        raise _invalid(name, (input, weight, bias, stride, padding, output_padding, groups, dilation))
    input, batched = _batched(n, name, input)
    x, w = input._meta.shape, weight._meta.shape
    m = len(w) - 2
    stride, dilation = _each(stride, n, m, "stride"), _each(dilation, n, m, "dilation")
    pads, extra = _each(padding, n, m, "padding"), _each(output_padding, n, m, "output_padding")
    _check_sizes(x, w, bias, stride, tuple((p, p) for p in pads), dilation, groups, True)
    _check_output_padding(stride, dilation, extra)
    _check_dtypes(input, weight, bias)
    sizes = tuple((size - 1) * s - 2 * p + d * (k - 1) + e + 1
                  for size, k, s, p, d, e in zip(x[2:], w[2:], stride, pads, dilation, extra))
    if min(sizes) < 1:
        raise RuntimeError(f"Given input size per channel: ({' x '.join(map(str, x[2:]))}). Calculated output size per channel: "
                           f"({' x '.join(map(str, sizes))}). Output size is too small")
    # the convolution that leads back from `sizes` to the input's: extra elements beyond a stride must not count
    pairs = tuple((p, p if e < s else p - e) for p, e, s in zip(pads, extra, stride))
    shape = (x[0], w[1] * groups) + sizes
    out = Op.apply(conv_transpose_op, (input, weight, bias), (shape, stride, pairs, dilation, groups))
    return out if batched else out.squeeze(0)


@public(method=False)
def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv1d. input (N, C, L) or (C, L), weight (C, O/groups, K)."""
    return _transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@public(method=False)
def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv2d. input (N, C, H, W) or (C, H, W), weight (C, O/groups, KH, KW)."""
    return _transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@public(method=False)
def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv3d. input (N, C, D, H, W) or (C, D, H, W), weight (C, O/groups, KD, KH, KW)."""
    return _transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


@public(method=False)
def convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """Any of the convolutions, by its arguments."""
    n = weight._meta.ndim - 2
    if transposed:
        return _transpose(n, input, weight, bias, stride, padding, output_padding, groups, dilation)
    return _convolve(n, input, weight, bias, stride, padding, dilation, groups)


@public(method=False)
def conv_tbc(input, weight, bias, pad=0):
    """conv1d of input (time, batch, channels) and weight (K, C, O)."""
    out = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return out.permute(2, 0, 1)
