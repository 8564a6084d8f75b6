"""Resampling of images (..., C, H, W): resize, affine and projective maps, displacement, blur.

An array is resampled with NumPy; a tensor that needs a gradient, or lies elsewhere, with nn.functional's interpolate,
grid_sample and conv2d. Integer images are computed in float32 and rounded.
"""

import math

import numpy as np

import rushlight as torch
from rushlight.vision._arrays import is_plain, to_tensor, top_value_of

RESIZE_MODES = ("nearest", "nearest-exact", "bilinear", "bicubic")


# ---------------------------------------------------------------- resize
def resize(image, size, mode: str = "bilinear", antialias: bool | None = True):
    """The image tensor in `size` (height, width). `antialias` widens the filter when shrinking, as Pillow does."""
    if mode not in RESIZE_MODES:
        raise _unknown_mode(image, mode)
    size = [int(n) for n in size]
    smooth = mode in ("bilinear", "bicubic")
    antialias = bool(antialias) and smooth
    if not is_plain(image):
        return _as_batch(image, lambda batch: _interpolate(batch, size, mode, smooth, antialias))
    array = image.numpy()
    if not smooth:
        rows, columns = (_nearest(n, out, mode) for n, out in zip(array.shape[-2:], size))
        return to_tensor(array[..., rows[:, None], columns])
    values = array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)
    down, across = (_weights(n, out, mode, antialias).astype(values.dtype) for n, out in zip(array.shape[-2:], size))
    out = down @ (values @ across.T)
    if mode == "bicubic" and array.dtype == np.uint8:
        out = np.clip(out, 0, 255)
    return to_tensor(_back(out, array.dtype))


def _unknown_mode(image, mode: str) -> Exception:
    if mode == "lanczos":
        return ValueError("Lanczos mode requires antialias=True")
    rank = max(image.ndim, 4)
    return NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {rank}D) for the modes: nearest | linear | "
        f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def _interpolate(batch, size, mode: str, smooth: bool, antialias: bool):
    corners = {"align_corners": False, "antialias": antialias} if smooth else {}
    out = torch.nn.functional.interpolate(batch, size=size, mode=mode, **corners)
    return out


def _back(values: np.ndarray, dtype) -> np.ndarray:
    """Computed values in the image's own type, rounded for integers."""
    return (np.round(values) if dtype.kind in "iu" else values).astype(dtype, copy=False)


def _nearest(n: int, out: int, mode: str) -> np.ndarray:
    """The source pixel of each of `out` pixels."""
    at = np.arange(out, dtype=np.float32) + np.float32(0.5 if mode == "nearest-exact" else 0)
    return np.minimum(np.floor(at * np.float32(n / out)).astype(np.intp), n - 1)


def _weights(n: int, out: int, mode: str, antialias: bool) -> np.ndarray:
    """(out, n): the share of each source pixel in each result."""
    return (_filter_weights if antialias else _point_weights)(n, out, mode)


def _filter_weights(n: int, out: int, mode: str) -> np.ndarray:
    """Shares from a filter as wide as a result's pixel is in the source, cut at the border and made to sum to 1."""
    scale = n / out
    reach = (1.0 if mode == "bilinear" else 2.0) * max(scale, 1.0)
    centre = scale * (np.arange(out) + 0.5)
    first = np.maximum((centre - reach + 0.5).astype(np.intp), 0)
    last = np.minimum((centre + reach + 0.5).astype(np.intp), n)
    pixel = np.arange(n)
    distance = np.abs((pixel + 0.5 - centre[:, None]) / max(scale, 1.0))
    shares = np.maximum(1.0 - distance, 0.0) if mode == "bilinear" else _cubic(distance, -0.5)
    shares = np.where((pixel >= first[:, None]) & (pixel < last[:, None]), shares, 0.0)
    return shares / shares.sum(1, keepdims=True)


def _point_weights(n: int, out: int, mode: str) -> np.ndarray:
    """Shares of the two (bilinear) or four (bicubic) pixels around a result's centre, the border's repeated."""
    at = (n / out) * (np.arange(out) + 0.5) - 0.5
    if mode == "bilinear":
        at = np.maximum(at, 0.0)
    base = np.floor(at).astype(np.intp)
    shares = np.zeros((out, n))
    rows = np.arange(out)
    for offset in (0, 1) if mode == "bilinear" else (-1, 0, 1, 2):
        distance = np.abs(at - (base + offset))
        share = np.maximum(1.0 - distance, 0.0) if mode == "bilinear" else _cubic(distance, -0.75)
        np.add.at(shares, (rows, np.clip(base + offset, 0, n - 1)), share)
    return shares


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys's cubic convolution kernel (1981) at distances x >= 0."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


# ---------------------------------------------------------------- maps
def grid_dtype(image):
    """The type of the places that an image is read at: its own, or float32."""
    return np.float64 if image.dtype == torch.float64 else np.float32


def affine_grid(matrix, size, out_size, dtype) -> np.ndarray:
    """(H, W, 2) places in [-1, 1] to read from: the inverse affine matrix (6 numbers) about the centre.

    `size` and `out_size` are (width, height) of the image and of the result.
    """
    theta = np.array(matrix, dtype).reshape(2, 3)
    x, y = (np.linspace(-n * 0.5 + 0.5, n * 0.5 - 0.5, n, dtype=dtype) for n in out_size)
    return _plane(x, y) @ (theta.T / np.array([0.5 * n for n in size], dtype))


def perspective_grid(coefficients, width: int, height: int, dtype) -> np.ndarray:
    """(H, W, 2) places in [-1, 1] to read from: (a x + b y + c) / (g x + h y + 1), likewise for y."""
    a, b, c, d, e, f, g, h = coefficients
    x, y = (np.linspace(0.5, n - 0.5, n, dtype=dtype) for n in (width, height))
    plane = _plane(x, y)
    above = np.array([[a, b, c], [d, e, f]], dtype).T / np.array([0.5 * width, 0.5 * height], dtype)
    below = np.array([[g, h, 1.0]], dtype).T
    return (plane @ above) / (plane @ below) - dtype(1.0)


def identity_grid(height: int, width: int, dtype) -> np.ndarray:
    """(1, H, W, 2): each pixel's own place in [-1, 1]."""
    y, x = (np.linspace((-n + 1) / n, (n - 1) / n, n, dtype=dtype) for n in (height, width))
    return np.stack(np.broadcast_arrays(x[None, :], y[:, None]), -1)[None]


def affine_output_size(matrix, width: int, height: int) -> tuple[int, int]:
    """(width, height) of the smallest picture that holds the whole of the mapped one."""
    corners = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]], np.float32)
    corners = np.concatenate([corners * np.array([width, height], np.float32), np.ones((4, 1), np.float32)], 1)
    places = corners @ np.array(matrix, np.float32).reshape(2, 3).T
    half = np.array([width * 0.5, height * 0.5], np.float32)
    low, high = places.min(0) + half, places.max(0) + half
    tolerance = np.float32(1e-4)  # so that 4.00001 is not taken for 5 pixels
    size = np.ceil(np.trunc(high / tolerance) * tolerance) - np.floor(np.trunc(low / tolerance) * tolerance)
    return int(size[0]), int(size[1])


def _plane(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W, 3) homogeneous places of the pixels."""
    plane = np.ones((len(y), len(x), 3), x.dtype)
    plane[..., 0] = x
    plane[..., 1] = y[:, None]
    return plane


def sample(image, grid: np.ndarray, mode: str, fill):
    """The image tensor read at `grid` (H, W, 2), places in [-1, 1]; outside lies `fill` (None: black)."""
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{mode}' is unsupported with Tensor input")
    if fill is not None:
        fill = [float(v) for v in fill] if isinstance(fill, (tuple, list)) else [float(fill)]
        channels = image.shape[-3]
        if len(fill) not in (1, channels):
            raise ValueError(
                "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
    if is_plain(image):
        array = image.numpy()
        values = array if array.dtype.kind == "f" else array.astype(np.float32)
        read = _nearest_at if mode == "nearest" else _bilinear_at
        return to_tensor(_back(read(values, grid.astype(values.dtype, copy=False), fill), array.dtype))
    return _as_batch(image, lambda batch: _grid_sample(batch, grid, mode, fill))


def _grid_sample(batch, grid: np.ndarray, mode: str, fill):
    places = torch.from_numpy(grid).to(device=batch.device, dtype=batch.dtype)
    places = places.expand(batch.shape[0], *places.shape)
    grid_sample = torch.nn.functional.grid_sample
    out = grid_sample(batch, places, mode=mode, padding_mode="zeros", align_corners=False)
    if fill is None:
        return out
    inside = torch.ones((batch.shape[0], 1, *batch.shape[-2:]), dtype=batch.dtype, device=batch.device)
    inside = grid_sample(inside, places, mode=mode, padding_mode="zeros", align_corners=False)
    colour = torch.tensor(fill, dtype=batch.dtype, device=batch.device).view(1, -1, 1, 1)
    if mode == "nearest":
        return torch.where(inside < 0.5, colour.expand_as(out), out)
    return out * inside + (1.0 - inside) * colour


def _pixel_places(grid: np.ndarray, height: int, width: int):
    """(x, y) in pixels of places in [-1, 1], where -1 and 1 are the outer edges of the picture."""
    half = grid.dtype.type(0.5)
    one = grid.dtype.type(1)
    x = ((grid[..., 0] + one) * grid.dtype.type(width) - one) * half
    y = ((grid[..., 1] + one) * grid.dtype.type(height) - one) * half
    return x, y


def _nearest_at(values: np.ndarray, grid: np.ndarray, fill) -> np.ndarray:
    height, width = values.shape[-2:]
    x, y = (np.round(place) for place in _pixel_places(grid, height, width))
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns, rows = (np.where(inside, place, 0).astype(np.intp) for place in (x, y))
    outside = 0 if fill is None else np.array(fill, values.dtype)[:, None, None]
    return np.where(inside, values[..., rows, columns], outside)


def _bilinear_at(values: np.ndarray, grid: np.ndarray, fill) -> np.ndarray:
    height, width = values.shape[-2:]
    x, y = _pixel_places(grid, height, width)
    left, top = np.floor(x), np.floor(y)
    across, down = x - left, y - top
    total, covered = 0, 0
    for dy in (0, 1):
        for dx in (0, 1):
            column, row = left + dx, top + dy
            share = (down if dy else 1 - down) * (across if dx else 1 - across)
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            share = np.where(inside, share, 0).astype(values.dtype, copy=False)
            column, row = (np.where(inside, place, 0).astype(np.intp) for place in (column, row))
            total = total + values[..., row, column] * share
            covered = covered + share
    if fill is None:
        return total
    # As torchvision mixes it: what was read is black outside already, and is weighted once more.
    return total * covered + (1 - covered) * np.array(fill, values.dtype)[:, None, None]


# ---------------------------------------------------------------- blur
def gaussian_kernel(size: int, sigma: float) -> np.ndarray:
    """float32 weights of a Gaussian over `size` pixels, summing to 1."""
    half = (size - 1) * 0.5
    x = np.linspace(-half, half, size, dtype=np.float32)
    weights = np.exp(np.float32(-0.5) * (x / np.float32(sigma)) ** 2)
    return weights / weights.sum()


def gaussian_blur(image, kernel_size, sigma):
    """The image tensor blurred; `kernel_size` and `sigma` are (x, y); the border is mirrored."""
    across, down = (gaussian_kernel(size, width) for size, width in zip(kernel_size, sigma))
    if is_plain(image):
        array = image.numpy()
        values = array if array.dtype.kind == "f" else array.astype(np.float32)
        for weights, axis in ((across, -1), (down, -2)):
            values = _blur_along(values, weights.astype(values.dtype, copy=False), axis)
        return to_tensor(_back(values, array.dtype))

    def convolve(batch):
        channels = batch.shape[-3]
        kernel = torch.from_numpy(down[:, None] * across[None, :]).to(device=batch.device, dtype=batch.dtype)
        kernel = kernel.expand(channels, 1, *kernel.shape)
        sides = [kernel_size[0] // 2, kernel_size[0] // 2, kernel_size[1] // 2, kernel_size[1] // 2]
        padded = torch.nn.functional.pad(batch, sides, mode="reflect")
        return torch.nn.functional.conv2d(padded, kernel, groups=channels)

    return _as_batch(image, convolve)


def _blur_along(values: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """A one-dimensional convolution along an axis, mirrored at its ends."""
    reach, n = len(weights) // 2, values.shape[axis]
    if reach >= n:
        raise RuntimeError(
            f"gaussian_blur: a kernel of {len(weights)} needs an image of more than {reach} pixels a side, got {n}"
        )
    sides = [(0, 0)] * values.ndim
    sides[axis] = (reach, reach)
    padded = np.moveaxis(np.pad(values, sides, mode="reflect"), axis, -1)
    total = sum(weights[k] * padded[..., k : k + n] for k in range(len(weights)))
    return np.moveaxis(total, -1, axis)


def _as_batch(image, function):
    """`function` of the image as a float batch of four dimensions, back in its own shape and type."""
    shape, dtype = image.shape, image.dtype
    batch = image.reshape(math.prod(shape[:-3]) if len(shape) > 3 else 1, *shape[-3:]) if len(shape) != 2 else image[None, None]
    whole = not dtype.is_floating_point
    out = function(batch.to(torch.float32) if whole else batch)
    if whole:
        out = torch.clamp(torch.round(out), 0, top_value_of(dtype)).to(dtype)
    return out.reshape(*shape[:-2], *out.shape[-2:])
