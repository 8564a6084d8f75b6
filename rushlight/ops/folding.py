"""Sliding blocks as columns and back, and channels made of space. Source: torch.nn.functional.unfold, fold (im2col and col2im),
pixel_shuffle (Shi et al. 2016), channel_shuffle (Zhang et al. 2018)."""
from itertools import product

from ..graph import primitives as P
from .declare import Op, public
from .spatial import as_first, not_implemented, numbers, wide


# ------------------------------------------------------------------ blocks
def _tiles(size, kernel, dilation, padding, stride):
    """Whether the blocks lie side by side and cover the plane: then columns are only another order."""
    return kernel == stride and dilation == (1, 1) and padding == (0, 0) and all(n % k == 0 for n, k in zip(size, kernel))


def _counts(size, kernel, dilation, padding, stride):
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(size, kernel, dilation, padding, stride))


def _columns(x, kernel, dilation, padding, stride):
    """(N, C, H, W) to (N, C * kh * kw, blocks); also without N."""
    if x.ndim == 3:
        out = _columns(P.reshape(x, (1,) + x.shape), kernel, dilation, padding, stride)
        return P.reshape(out, out.shape[1:])
    images, channels, *size = x.shape
    rows, cols = _counts(size, kernel, dilation, padding, stride)
    shape = (images, channels * kernel[0] * kernel[1], rows * cols)
    if _tiles(size, kernel, dilation, padding, stride):
        split = P.reshape(x, (images, channels, rows, kernel[0], cols, kernel[1]))
        return P.reshape(P.permute(split, (0, 1, 3, 5, 2, 4)), shape)
    around = (0, 0) + padding
    x = P.pad(x, around, around)
    taps = [P.reshape(P.slice_(x, (0, 0, i * dilation[0], j * dilation[1]), (images, channels, rows, cols), (1, 1) + stride),
                      (images, channels, 1, rows, cols)) for i, j in product(range(kernel[0]), range(kernel[1]))]
    return P.reshape(P.concatenate(taps, 2), shape)


def _image(x, size, kernel, dilation, padding, stride):
    """(N, C * kh * kw, blocks) to (N, C, *size), each element the sum of what the blocks have there; also without N."""
    if x.ndim == 2:
        out = _image(P.reshape(x, (1,) + x.shape), size, kernel, dilation, padding, stride)
        return P.reshape(out, out.shape[1:])
    images, channels = x.shape[0], x.shape[1] // (kernel[0] * kernel[1])
    rows, cols = _counts(size, kernel, dilation, padding, stride)
    if _tiles(size, kernel, dilation, padding, stride):
        split = P.reshape(x, (images, channels, kernel[0], kernel[1], rows, cols))
        return P.reshape(P.permute(split, (0, 1, 4, 2, 5, 3)), (images, channels) + size)
    dtype, x = x.dtype, wide(x)
    taps = P.reshape(x, (images, channels, kernel[0] * kernel[1], rows, cols))
    padded = tuple(n + 2 * p for n, p in zip(size, padding))
    inner = (0, 0) + tuple(s - 1 for s in stride)
    total = None
    for k, at in enumerate(product(range(kernel[0]), range(kernel[1]))):
        tap = P.reshape(P.narrow(taps, 2, k, 1), (images, channels, rows, cols))
        low = tuple(i * d for i, d in zip(at, dilation))
        high = tuple(n - lo - (m - 1) * s - 1 for n, lo, m, s in zip(padded, low, (rows, cols), stride))
        tap = P.pad(tap, (0, 0) + low, (0, 0) + high, 0, inner)
        total = tap if total is None else P.binary("add", total, tap)
    return P.cast(P.slice_(total, (0, 0) + padding, (images, channels) + size), dtype)


_BLOCKS = "kernel dilation padding stride"
im2col = Op("im2col", "input", _BLOCKS, compute=_columns, node="Im2ColBackward0",
            grads={"input": lambda g, infos, kernel, dilation, padding, stride: col2im(
                g, size=infos[0].shape[-2:], kernel=kernel, dilation=dilation, padding=padding, stride=stride)})
col2im = Op("col2im", "input", "size " + _BLOCKS, compute=_image, node="Col2ImBackward0",
            grads={"input": lambda g, kernel, dilation, padding, stride: im2col(
                g, kernel=kernel, dilation=dilation, padding=padding, stride=stride)})


def _pair(value, function, name, position):
    value = numbers(value, function, name, position)
    if len(value) == 1:
        return value * 2
    if len(value) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")
    return value


def _check_blocks(kernel, dilation, padding, stride):
    for values, text, name in ((kernel, "kernel size should be greater than zero", "kernel"), (stride, "stride should be greater "
                                                                                                       "than zero", "stride"),
                               (dilation, "dilation should be greater than zero", "dilation"), (padding, "padding should be "
                                                                                                         "non-negative", "pad")):
        if min(values) < (0 if name == "pad" else 1):
            raise RuntimeError(f"{text}, but got {name}_height: {values[0]} {name}_width: {values[1]}")


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The blocks of input (N, C, H, W) or (C, H, W) as columns: (N, C * prod(kernel_size), blocks)."""
    blocks = (_pair(kernel_size, "im2col", "kernel_size", 2), _pair(dilation, "im2col", "dilation", 3),
              _pair(padding, "im2col", "padding", 4), _pair(stride, "im2col", "stride", 5))
    _check_blocks(*blocks)
    shape = input._meta.shape
    if len(shape) < 3:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but got 2)")
    if len(shape) > 4 or 0 in shape[-3:]:
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
                           f"input, but got: {list(shape)}")
    counts = _counts(shape[-2:], *blocks)
    if min(counts) < 1:
        kernel, dilation, padding, _ = blocks
        raise RuntimeError(f"Given input with spatial size {shape[-2:]}, kernel_size={kernel}, dilation={dilation}, padding={padding}, "
                           f"calculated shape of the array of sliding blocks as {counts}, but its components must be at least one.")
    if input._meta.dtype.kind not in ("float", "complex", "bool"):
        raise not_implemented("im2col_out_cpu", input._meta.dtype)
    return Op.apply(im2col, (input,), blocks)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns (N, C * prod(kernel_size), blocks) as images (N, C, *output_size): overlapping blocks are added."""
    size = _pair(output_size, "col2im", "output_size", 2)
    blocks = (_pair(kernel_size, "col2im", "kernel_size", 3), _pair(dilation, "col2im", "dilation", 4),
              _pair(padding, "col2im", "padding", 5), _pair(stride, "col2im", "stride", 6))
    _check_blocks(*blocks)
    kernel, dilation, padding, stride = blocks
    shape = input._meta.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions "
                           f"for input, but got: {list(shape)}")
    at = len(shape) - 2
    if shape[at] % (kernel[0] * kernel[1]):
        raise RuntimeError(f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                           f"input.size(1)={shape[at]} and kernel_size={kernel}.")
    rows, cols = _counts(size, *blocks)
    given = f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
    if shape[-1] != rows * cols or min(rows, cols) < 1:
        raise RuntimeError(f"{given}expected size of input's dimension 2 to match the calculated number of sliding blocks {rows} "
                           f"* {cols} = {rows * cols}, but got input.size(2)={shape[-1]}.")
    if input._meta.dtype.kind not in ("float", "complex", "bool"):
        raise not_implemented("col2im_out_cpu", input._meta.dtype)
    return Op.apply(col2im, (input,), (size,) + blocks)


# ------------------------------------------------------------------ space and channels
def _to_space(x, r):
    *lead, channels, height, width = x.shape
    n = len(lead)
    split = P.reshape(x, (*lead, channels // (r * r), r, r, height, width))
    order = tuple(range(n)) + (n, n + 3, n + 1, n + 4, n + 2)
    return P.reshape(P.permute(split, order), (*lead, channels // (r * r), height * r, width * r))


def _to_channels(x, r):
    *lead, channels, height, width = x.shape
    n = len(lead)
    split = P.reshape(x, (*lead, channels, height // r, r, width // r, r))
    order = tuple(range(n)) + (n, n + 2, n + 4, n + 1, n + 3)
    return P.reshape(P.permute(split, order), (*lead, channels * r * r, height // r, width // r))


shuffle_op = Op("pixel_shuffle", "input", "r", compute=_to_space, grads={"input": lambda g, r: unshuffle_op(g, r=r)})
unshuffle_op = Op("pixel_unshuffle", "input", "r", compute=_to_channels, grads={"input": lambda g, r: shuffle_op(g, r=r)})


shuffle_op.layout = unshuffle_op.layout = as_first


@public(method=False)
def pixel_shuffle(input, upscale_factor):
    """(*, C r^2, H, W) to (*, C, H r, W r)."""
    shape, r = input._meta.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if shape[-3] % (r * r):
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
                           f"input.size(-3)={shape[-3]} is not divisible by {r * r}")
    return Op.apply(shuffle_op, (input,), (r,))


@public(method=False)
def pixel_unshuffle(input, downscale_factor):
    """(*, C, H r, W r) to (*, C r^2, H, W)."""
    shape, r = input._meta.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, dim in (("height", -2), ("width", -1)):
        if shape[dim] % r:
            raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                               f"input.size({dim})={shape[dim]} is not divisible by {r}")
    return Op.apply(unshuffle_op, (input,), (r,))


def _interleave(x, groups):
    shape = x.shape
    split = P.reshape(x, (shape[0], groups, shape[1] // groups) + shape[2:])
    return P.reshape(P.transpose(split, 1, 2), shape)


channel_shuffle_op = Op("channel_shuffle", "input", "groups", compute=_interleave,
                        grads={"input": lambda g, infos, groups: channel_shuffle_op(g, groups=infos[0].shape[1] // groups)})


channel_shuffle_op.layout = as_first


@public(method=False)
def channel_shuffle(input, groups):
    """The channels of (N, C, *) in groups, interleaved."""
    shape = input._meta.shape
    if len(shape) <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups.")
    return Op.apply(channel_shuffle_op, (input,), (groups,))
