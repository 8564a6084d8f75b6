"""Crops, flips, padding, resizes and warps of PIL images and tensors (transforms.functional)."""

import math
import numbers
import warnings

import numpy as np

import rushlight as torch
from rushlight.vision import _arrays
from rushlight.vision.transforms import _functional_pil as pil
from rushlight.vision.transforms import _sampling
from rushlight.vision.transforms._conversion_functional import (
    get_dimensions,
    is_tensor,
    pil_to_tensor,
    require_image_tensor,
    to_pil_image,
)
from rushlight.vision.transforms._modes import InterpolationMode, mode_of, pil_modes_mapping


# ---------------------------------------------------------------- flips and crops
def hflip(img):
    """The image with left and right exchanged."""
    return _flip(img, -1, pil.hflip)


def vflip(img):
    """The image with top and bottom exchanged."""
    return _flip(img, -2, pil.vflip)


def _flip(img, axis: int, of_pil):
    if not is_tensor(img):
        pil.require_pil(img)
        return of_pil(img)
    require_image_tensor(img)
    if _arrays.is_plain(img):
        return _arrays.to_tensor(np.flip(img.numpy(), axis))
    return img.flip(axis)


def crop(img, top: int, left: int, height: int, width: int):
    """The rectangle from (top, left) on; what of it lies outside is black. Of a tensor, a view where it lies inside."""
    if not is_tensor(img):
        pil.require_pil(img)
        return pil.crop(img, top, left, height, width)
    require_image_tensor(img)
    _, h, w = get_dimensions(img)
    bottom, right = top + height, left + width
    if top >= 0 and left >= 0 and bottom <= h and right <= w:
        return img[..., top:bottom, left:right]
    inside = img[..., max(top, 0) : bottom, max(left, 0) : right]
    border = [
        max(min(right, 0) - left, 0),
        max(min(bottom, 0) - top, 0),
        max(right - max(w, left), 0),
        max(bottom - max(h, top), 0),
    ]
    return _pad_tensor(inside, border, 0, "constant")


def center_crop(img, output_size):
    """The middle of the image, (height, width) or a square; a smaller image is padded with black first."""
    if isinstance(output_size, numbers.Number):
        output_size = (int(output_size), int(output_size))
    elif isinstance(output_size, (tuple, list)) and len(output_size) == 1:
        output_size = (output_size[0], output_size[0])
    _, height, width = get_dimensions(img)
    th, tw = output_size
    if tw > width or th > height:
        border = [
            (tw - width) // 2 if tw > width else 0,
            (th - height) // 2 if th > height else 0,
            (tw - width + 1) // 2 if tw > width else 0,
            (th - height + 1) // 2 if th > height else 0,
        ]
        img = pad(img, border, fill=0)
        _, height, width = get_dimensions(img)
        if (tw, th) == (width, height):
            return img
    return crop(img, int(round((height - th) / 2.0)), int(round((width - tw) / 2.0)), th, tw)


def resized_crop(
    img,
    top: int,
    left: int,
    height: int,
    width: int,
    size,
    interpolation=InterpolationMode.BILINEAR,
    antialias: bool | None = True,
):
    """A crop, then a resize."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img, size):
    """The four corners and the middle: top left, top right, bottom left, bottom right, centre."""
    if isinstance(size, numbers.Number):
        size = (int(size), int(size))
    elif isinstance(size, (tuple, list)) and len(size) == 1:
        size = (size[0], size[0])
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    _, height, width = get_dimensions(img)
    th, tw = size
    if tw > width or th > height:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(height, width)}")
    corners = ((0, 0), (0, width - tw), (height - th, 0), (height - th, width - tw))
    return (*(crop(img, top, left, th, tw) for top, left in corners), center_crop(img, [th, tw]))


def ten_crop(img, size, vertical_flip: bool = False):
    """five_crop of the image, and of the image flipped (left-right, or top-bottom)."""
    if isinstance(size, numbers.Number):
        size = (int(size), int(size))
    elif isinstance(size, (tuple, list)) and len(size) == 1:
        size = (size[0], size[0])
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


# ---------------------------------------------------------------- padding
def pad(img, padding, fill=0, padding_mode: str = "constant"):
    """Pad all sides (int), (left-right, top-bottom), or (left, top, right, bottom).

    `padding_mode` is constant (with `fill`), edge, reflect (the edge not repeated) or symmetric (repeated).
    """
    if not is_tensor(img):
        pil.require_pil(img)
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if not is_tensor(img):
        if not isinstance(fill, (numbers.Number, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
    elif not isinstance(fill, (int, float, type(None))):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    if isinstance(padding, (tuple, list)) and len(padding) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    sides = padding_sides(padding)
    if is_tensor(img):
        require_image_tensor(img)
        return _pad_tensor(img, sides, 0 if fill is None else fill, padding_mode)
    return pil.pad(img, sides, fill, padding_mode)


def padding_sides(padding) -> list[int]:
    """[left, top, right, bottom] of a padding argument."""
    sides = [padding] if isinstance(padding, numbers.Number) else list(padding)
    return sides * (4 // len(sides))


def _pad_tensor(img, sides, fill, mode: str):
    left, top, right, bottom = sides
    if _arrays.is_plain(img):
        return _arrays.to_tensor(_pad_array(img.numpy(), sides, fill, mode))
    if mode == "symmetric":
        rows, columns = (
            torch.from_numpy(np.pad(np.arange(n), (before, after), "symmetric")).to(img.device)
            for n, before, after in ((img.shape[-2], top, bottom), (img.shape[-1], left, right))
        )
        return img[..., rows[:, None], columns]
    names = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}
    options = {"value": float(fill)} if mode == "constant" else {}
    batch = img if img.ndim > 3 or mode == "constant" else img[None] if img.ndim == 3 else img[None, None]
    out = torch.nn.functional.pad(batch, [left, right, top, bottom], mode=names[mode], **options)
    return out.reshape(*img.shape[:-2], *out.shape[-2:])


def _pad_array(array: np.ndarray, sides, fill, mode: str) -> np.ndarray:
    left, top, right, bottom = sides
    height, width = array.shape[-2:]
    array = array[..., max(-top, 0) : height - max(-bottom, 0), max(-left, 0) : width - max(-right, 0)]
    left, top, right, bottom = (max(side, 0) for side in sides)
    if mode == "constant":
        height, width = array.shape[-2:]
        fill = float(fill) if array.dtype.kind == "f" else int(fill)
        out = np.full((*array.shape[:-2], top + height + bottom, left + width + right), fill, array.dtype)
        out[..., top : top + height, left : left + width] = array
        return out
    if mode == "reflect" and (max(top, bottom) >= array.shape[-2] or max(left, right) >= array.shape[-1]):
        raise RuntimeError(
            "Padding size should be less than the corresponding input dimension, but got: padding "
            f"{(left, right, top, bottom)} for an image of {tuple(array.shape[-2:])}"
        )
    return np.pad(array, [(0, 0)] * (array.ndim - 2) + [(top, bottom), (left, right)], mode)


# ---------------------------------------------------------------- resize
def _compute_resized_output_size(image_size, size, max_size: int | None = None, allow_size_none: bool = False):
    """[height, width] after a resize: of (height, width), or of the shorter side with the ratio kept."""
    height, width = image_size
    shorter, longer = min(width, height), max(width, height)
    if size is None:
        if not allow_size_none:
            raise ValueError("This should never happen!!")
        if not isinstance(max_size, int):
            raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
        short, long = int(max_size * shorter / longer), max_size
    elif len(size) == 1:
        short, long = size[0], int(size[0] * longer / shorter)
        if max_size is not None:
            if max_size <= size[0]:
                raise ValueError(
                    f"max_size = {max_size} must be strictly greater than the requested "
                    f"size for the smaller edge size = {size}"
                )
            if long > max_size:
                short, long = int(max_size * short / long), max_size
    else:
        return [size[0], size[1]]
    return [long, short] if width <= height else [short, long]


def resize(
    img,
    size,
    interpolation=InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
):
    """The image in `size`: (height, width), or the length of its shorter side, the longer not above `max_size`."""
    mode = mode_of(interpolation)
    if isinstance(size, int):
        size = [size]
    elif len(size) not in (1, 2):
        raise ValueError(f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list")
    if max_size is not None and len(size) != 1:
        raise ValueError(
            "max_size should only be passed if size specifies the length of the smaller edge, "
            "i.e. size should be an int or a sequence of length 1 in torchscript mode."
        )
    _, height, width = get_dimensions(img)
    wanted = _compute_resized_output_size((height, width), list(size), max_size)
    if [height, width] == wanted:
        return img
    if is_tensor(img):
        return _sampling.resize(img, wanted, mode.value, antialias)
    if antialias is False:
        warnings.warn("Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.")
    return pil.resize(img, wanted, pil_modes_mapping[mode])


# ---------------------------------------------------------------- warps
def _get_inverse_affine_matrix(center, angle: float, translate, scale: float, shear, inverted: bool = True):
    """Six numbers of the map from output to input: rotation, shear and scale about `center`, then `translate`.

    With `inverted=False`, of the map from input to output. Angle and shear in degrees.
    """
    turn = math.radians(angle)
    slant_x, slant_y = (math.radians(s) for s in shear)
    cx, cy = center
    tx, ty = translate
    a = math.cos(turn - slant_y) / math.cos(slant_y)
    b = -math.cos(turn - slant_y) * math.tan(slant_x) / math.cos(slant_y) - math.sin(turn)
    c = math.sin(turn - slant_y) / math.cos(slant_y)
    d = -math.sin(turn - slant_y) * math.tan(slant_x) / math.cos(slant_y) + math.cos(turn)
    if not inverted:
        m = [v * scale for v in (a, b)] + [0.0] + [v * scale for v in (c, d)] + [0.0]
        m[2] += m[0] * -cx + m[1] * -cy + cx + tx
        m[5] += m[3] * -cx + m[4] * -cy + cy + ty
        return m
    # The determinant of rotation and shear is 1.
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return m


def _get_perspective_coeffs(startpoints, endpoints) -> list[float]:
    """Eight numbers (a..h) of the map (a x + b y + c, d x + e y + f) / (g x + h y + 1) from endpoints to startpoints."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            "Please provide exactly four corners, "
            f"got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    targets = np.array(startpoints, np.float64).reshape(8)
    # float64 to solve, float32 to keep, as there
    return np.linalg.lstsq(np.array(rows, np.float64), targets, rcond=None)[0].astype(np.float32).tolist()


def perspective(img, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None):
    """The image warped so that the four `startpoints` ([x, y] corners) come to lie at the `endpoints`."""
    coefficients = _get_perspective_coeffs(startpoints, endpoints)
    mode = mode_of(interpolation)
    if not is_tensor(img):
        pil.require_pil(img)
        return pil.perspective(img, coefficients, pil_modes_mapping[mode], fill)
    _, height, width = get_dimensions(img)
    grid = _sampling.perspective_grid(coefficients, width, height, _sampling.grid_dtype(img))
    return _sampling.sample(img, grid, mode.value, fill)


def rotate(img, angle: float, interpolation=InterpolationMode.NEAREST, expand: bool = False, center=None, fill=None):
    """The image turned counter-clockwise by `angle` degrees about `center` (x, y), by default the middle.

    With `expand` the result is large enough to hold all of it (about the middle only).
    """
    mode = mode_of(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    if not is_tensor(img):
        pil.require_pil(img)
        return pil.rotate(img, angle, pil_modes_mapping[mode], expand, center, fill)
    _, height, width = get_dimensions(img)
    about = [0.0, 0.0] if center is None else [1.0 * (c - n * 0.5) for c, n in zip(center, (width, height))]
    matrix = _get_inverse_affine_matrix(about, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    out_width, out_height = _sampling.affine_output_size(matrix, width, height) if expand else (width, height)
    grid = _sampling.affine_grid(matrix, (width, height), (out_width, out_height), _sampling.grid_dtype(img))
    return _sampling.sample(img, grid, mode.value, fill)


def affine(
    img,
    angle: float,
    translate,
    scale: float,
    shear,
    interpolation=InterpolationMode.NEAREST,
    fill=None,
    center=None,
):
    """The image turned clockwise by `angle`, sheared and scaled about `center`, and moved by `translate` (x, y)."""
    mode = mode_of(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shear = [shear, 0.0] if isinstance(shear, numbers.Number) else list(shear)
    if len(shear) == 1:
        shear = [shear[0], shear[0]]
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    _, height, width = get_dimensions(img)
    if not is_tensor(img):
        # Pillow counts from the corner; half the size, and not half a pixel less, is its middle.
        about = [width * 0.5, height * 0.5] if center is None else center
        matrix = _get_inverse_affine_matrix(about, float(angle), translate, scale, shear)
        return pil.affine(img, matrix, pil_modes_mapping[mode], fill)
    about = [0.0, 0.0] if center is None else [1.0 * (c - n * 0.5) for c, n in zip(center, (width, height))]
    matrix = _get_inverse_affine_matrix(about, float(angle), [1.0 * t for t in translate], scale, shear)
    grid = _sampling.affine_grid(matrix, (width, height), (width, height), _sampling.grid_dtype(img))
    return _sampling.sample(img, grid, mode.value, fill)


def elastic_transform(img, displacement, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Each pixel read from its place moved by `displacement` (1, H, W, 2), in units of half the image."""
    mode = mode_of(interpolation)
    if not is_tensor(displacement):
        raise TypeError("Argument displacement should be a Tensor")
    image = img
    if not is_tensor(img):
        if not pil.is_pil(img):
            raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
        image = pil_to_tensor(img)
    _, height, width = get_dimensions(image)
    expected = torch.Size((1, height, width, 2))
    if displacement.shape != expected:
        raise ValueError(f"Argument displacement shape should be {expected}, but given {displacement.shape}")
    grid = _sampling.identity_grid(height, width, _sampling.grid_dtype(image)) + displacement.detach().cpu().numpy()
    out = _sampling.sample(image, grid[0], mode.value, fill)
    return out if is_tensor(img) else to_pil_image(out, mode=img.mode)
