"""Flips, crops, pads, resizes and warps of everything (torchvision.transforms.v2.functional)."""

import numpy as np

import rushlight as torch
from rushlight.vision import _arrays, tv_tensors
from rushlight.vision.transforms import _functional_pil as pil
from rushlight.vision.transforms import _sampling
from rushlight.vision.transforms import functional as v1
from rushlight.vision.transforms._byte_resize import resize_bytes
from rushlight.vision.transforms._modes import InterpolationMode, pil_modes_mapping
from rushlight.vision.transforms.v2.functional import _boxes, _maps
from rushlight.vision.transforms.v2.functional._checks import (
    affine_arguments,
    check_displacement,
    interpolation_of,
    pair_of,
    sides_of,
    size_argument,
)
from rushlight.vision.transforms.v2.functional._meta import get_size_image
from rushlight.vision.transforms.v2.functional._registry import (
    IMAGE_KINDS,
    add_kernel,
    also_named,
    functional,
    kernel_for,
    of_video,
)

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST


def _is_tensor(image) -> bool:
    return isinstance(image, torch.Tensor)


# ---------------------------------------------------------------- flips
@functional
def horizontal_flip(inpt):
    """Left and right exchanged."""
    return kernel_for(horizontal_flip, inpt)(inpt)


def horizontal_flip_image(image):
    return image.flip(-1) if _is_tensor(image) and image.ndim < 2 else v1.hflip(image)


@functional
def vertical_flip(inpt):
    """Top and bottom exchanged."""
    return kernel_for(vertical_flip, inpt)(inpt)


def vertical_flip_image(image):
    return v1.vflip(image)


def horizontal_flip_mask(mask):
    return horizontal_flip_image(mask)


def vertical_flip_mask(mask):
    return vertical_flip_image(mask)


# ---------------------------------------------------------------- resize
@functional
def resize(inpt, size, interpolation=_BILINEAR, max_size=None, antialias=True):
    """In `size`: (height, width), the shorter side's length, or None with `max_size` the longer one's."""
    return kernel_for(resize, inpt)(
        inpt, size=size, interpolation=interpolation, max_size=max_size, antialias=antialias
    )


def resize_image(image, size, interpolation=_BILINEAR, max_size=None, antialias=True):
    mode = interpolation_of(interpolation)
    old = get_size_image(image)
    new = v1._compute_resized_output_size(old, size_argument(size, max_size), max_size, True)
    if not _is_tensor(image):
        if antialias is False:
            import warnings

            warnings.warn(
                "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored."
            )
        return image if new == old else pil.resize(image, new, pil_modes_mapping[mode])
    if new == old:
        return image
    if image.dtype == torch.uint8 and mode.value in ("bilinear", "bicubic") and _arrays.is_plain(image):
        return _arrays.to_tensor(resize_bytes(image.numpy(), new, mode.value, bool(antialias)))
    return _sampling.resize(image, new, mode.value, antialias)


def resize_mask(mask, size, interpolation=_BILINEAR, max_size=None):
    mode = interpolation_of(interpolation)
    if mode is not InterpolationMode.NEAREST_EXACT:
        mode = _NEAREST  # classes have no values in between
    return resize_image(mask, size, mode, max_size)


# ---------------------------------------------------------------- crops
@functional
def crop(inpt, top: int, left: int, height: int, width: int):
    """The rectangle from (top, left) on; what of it lies outside is black."""
    return kernel_for(crop, inpt)(inpt, top=top, left=left, height=height, width=width)


def crop_image(image, top: int, left: int, height: int, width: int):
    if _is_tensor(image):
        h, w = get_size_image(image)
        if top >= h or left >= w or top + height <= 0 or left + width <= 0:
            return image.new_zeros((*image.shape[:-2], height, width))  # nothing of it lies inside
    return v1.crop(image, top, left, height, width)


def crop_mask(mask, top: int, left: int, height: int, width: int):
    return crop_image(mask, top, left, height, width)


@functional
def center_crop(inpt, output_size):
    """The middle in `output_size`, padded with black where it is larger than the picture."""
    return kernel_for(center_crop, inpt)(inpt, output_size=output_size)


def center_crop_image(image, output_size):
    return v1.center_crop(image, pair_of(output_size))


def center_crop_mask(mask, output_size):
    return center_crop_image(mask, output_size)


@functional
def resized_crop(
    inpt, top: int, left: int, height: int, width: int, size, interpolation=_BILINEAR, antialias=True
):
    """A crop, then a resize."""
    return kernel_for(resized_crop, inpt)(
        inpt,
        top=top,
        left=left,
        height=height,
        width=width,
        size=size,
        interpolation=interpolation,
        antialias=antialias,
    )


def resized_crop_image(image, top, left, height, width, size, interpolation=_BILINEAR, antialias=True):
    return resize_image(crop_image(image, top, left, height, width), size, interpolation, antialias=antialias)


def resized_crop_mask(mask, top, left, height, width, size):
    return resize_mask(crop_mask(mask, top, left, height, width), size)


@functional
def five_crop(inpt, size):
    """The four corners and the middle, as a tuple."""
    return kernel_for(five_crop, inpt)(inpt, size=size)


def five_crop_image(image, size):
    _require_room(image, size)
    return v1.five_crop(image, size)


def _require_room(image, size) -> None:
    if not isinstance(size, (int, float)) and len(size) > 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    height, width = pair_of(size)
    old = get_size_image(image)
    if width > old[1] or height > old[0]:
        raise ValueError(f"Requested crop size {size} is bigger than input size {tuple(old)}")


@functional
def ten_crop(inpt, size, vertical_flip: bool = False):
    """five_crop of the picture, and of its mirror image."""
    return kernel_for(ten_crop, inpt)(inpt, size=size, vertical_flip=vertical_flip)


def ten_crop_image(image, size, vertical_flip: bool = False):
    _require_room(image, size)
    return v1.ten_crop(image, size, vertical_flip)


# ---------------------------------------------------------------- pad
@functional
def pad(inpt, padding, fill=None, padding_mode: str = "constant"):
    """More on all sides, of one colour (`fill`) or as `padding_mode` continues the picture."""
    return kernel_for(pad, inpt)(inpt, padding=padding, fill=fill, padding_mode=padding_mode)


def pad_image(image, padding, fill=None, padding_mode: str = "constant"):
    sides = sides_of(padding)
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError(
            "`padding_mode` should be either `'constant'`, `'edge'`, `'reflect'` or `'symmetric'`, "
            f"but got `'{padding_mode}'`."
        )
    if not _is_tensor(image):
        return pil.pad(image, sides, 0 if fill is None else fill, padding_mode)
    if isinstance(fill, (list, tuple)) and len(fill) == 1:
        fill = fill[0]
    if not isinstance(fill, (list, tuple)):
        return v1.pad(image, sides, 0 if fill is None else fill, padding_mode)
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported if fill is not scalar")
    return _pad_with_colour(image, sides, fill)


def _pad_with_colour(image, sides, colour):
    """Constant padding, of another value in each channel."""
    out = v1.pad(image, sides, 0)
    values = torch.tensor(colour, dtype=image.dtype, device=image.device).reshape(-1, 1, 1)
    left, top, right, bottom = sides
    if left > 0:
        out[..., :, :left] = values
    if top > 0:
        out[..., :top, :] = values
    if right > 0:
        out[..., :, -right:] = values
    if bottom > 0:
        out[..., -bottom:, :] = values
    return out


def pad_mask(mask, padding, fill=None, padding_mode: str = "constant"):
    if isinstance(fill, (tuple, list)):
        raise ValueError("Non-scalar fill value is not supported")
    return pad_image(mask, padding, 0 if fill is None else fill, padding_mode)


# ---------------------------------------------------------------- warps
@functional
def affine(inpt, angle, translate, scale, shear, interpolation=_NEAREST, fill=None, center=None):
    """Turned clockwise by `angle`, sheared and scaled about `center`, and moved by `translate` (x, y)."""
    return kernel_for(affine, inpt)(
        inpt,
        angle=angle,
        translate=translate,
        scale=scale,
        shear=shear,
        interpolation=interpolation,
        fill=fill,
        center=center,
    )


def affine_image(image, angle, translate, scale, shear, interpolation=_NEAREST, fill=None, center=None):
    angle, translate, scale, shear, center = affine_arguments(angle, translate, scale, shear, center)
    mode = interpolation_of(interpolation)
    return v1.affine(image, angle, translate, scale, shear, mode, fill, center)


def affine_mask(mask, angle, translate, scale, shear, fill=None, center=None):
    return _as_image(mask, affine_image, angle, translate, scale, shear, _NEAREST, fill, center)


@functional
def rotate(inpt, angle, interpolation=_NEAREST, expand=False, center=None, fill=None):
    """Turned counter-clockwise by `angle` degrees; with `expand`, on a canvas that holds all of it."""
    return kernel_for(rotate, inpt)(
        inpt, angle=angle, interpolation=interpolation, expand=expand, center=center, fill=fill
    )


def rotate_image(image, angle, interpolation=_NEAREST, expand=False, center=None, fill=None):
    angle = angle % 360  # Python's: from 0 to below 360
    return v1.rotate(image, angle, interpolation_of(interpolation), expand, center, fill)


def rotate_mask(mask, angle, expand=False, center=None, fill=None):
    return _as_image(mask, rotate_image, angle, _NEAREST, expand, center, fill)


@functional
def perspective(inpt, startpoints, endpoints, interpolation=_BILINEAR, fill=None, coefficients=None):
    """Warped so that the four `startpoints` come to lie at the `endpoints`; or by eight `coefficients`."""
    return kernel_for(perspective, inpt)(
        inpt,
        startpoints=startpoints,
        endpoints=endpoints,
        interpolation=interpolation,
        fill=fill,
        coefficients=coefficients,
    )


def perspective_image(image, startpoints, endpoints, interpolation=_BILINEAR, fill=None, coefficients=None):
    coefficients = _maps.perspective_coefficients(startpoints, endpoints, coefficients)
    mode = interpolation_of(interpolation)
    if not _is_tensor(image):
        return pil.perspective(image, coefficients, pil_modes_mapping[mode], fill)
    height, width = get_size_image(image)
    grid = _sampling.perspective_grid(coefficients, width, height, _sampling.grid_dtype(image))
    return _sampling.sample(image, grid, mode.value, fill)


def perspective_mask(mask, startpoints, endpoints, fill=None, coefficients=None):
    return _as_image(mask, perspective_image, startpoints, endpoints, _NEAREST, fill, coefficients)


@functional
def elastic(inpt, displacement, interpolation=_BILINEAR, fill=None):
    """Each pixel read from its place moved by `displacement` (1, H, W, 2), in units of half the picture."""
    return kernel_for(elastic, inpt)(
        inpt, displacement=displacement, interpolation=interpolation, fill=fill
    )


def elastic_image(image, displacement, interpolation=_BILINEAR, fill=None):
    check_displacement(displacement, *get_size_image(image))
    return v1.elastic_transform(image, displacement, interpolation_of(interpolation), fill)


def elastic_mask(mask, displacement, fill=None):
    return _as_image(mask, elastic_image, displacement, _NEAREST, fill)


def _as_image(mask, kernel, *args):
    """The kernel of images on a mask (H, W) or (N, H, W) of any type."""
    image = mask[None] if mask.ndim == 2 else mask
    if image.dtype == torch.bool:
        out = kernel(image.to(torch.uint8), *args).to(torch.bool)
    else:
        out = kernel(image, *args)
    return out[0] if mask.ndim == 2 else out


hflip = also_named("hflip", horizontal_flip)
vflip = also_named("vflip", vertical_flip)
elastic_transform = also_named("elastic_transform", elastic)

# ---------------------------------------------------------------- who does what
horizontal_flip_video, vertical_flip_video, resize_video, crop_video, center_crop_video = map(
    of_video, (horizontal_flip_image, vertical_flip_image, resize_image, crop_image, center_crop_image)
)
resized_crop_video, five_crop_video, ten_crop_video, pad_video, affine_video = map(
    of_video, (resized_crop_image, five_crop_image, ten_crop_image, pad_image, affine_image)
)
rotate_video, perspective_video, elastic_video = map(of_video, (rotate_image, perspective_image, elastic_image))

# The order is that in which torchvision lists the kinds in its errors.
_MASKS_FIRST = ("horizontal_flip", "vertical_flip", "resize", "pad")
_MASKS_LATER = ("affine", "rotate", "crop", "center_crop", "resized_crop", "perspective", "elastic")


def _register() -> None:
    kinds = {
        "mask": tv_tensors.Mask,
        "keypoints": tv_tensors.KeyPoints,
        "bounding_boxes": tv_tensors.BoundingBoxes,
        "video": tv_tensors.Video,
    }
    orders = {name: ("mask", "keypoints", "bounding_boxes", "video") for name in _MASKS_FIRST}
    orders |= {name: ("keypoints", "bounding_boxes", "mask", "video") for name in _MASKS_LATER}
    orders |= {name: ("video",) for name in ("five_crop", "ten_crop")}
    here = globals()
    for name, order in orders.items():
        add_kernel(here[name], here[f"{name}_image"], *IMAGE_KINDS)
        for kind in order:
            kernel = here.get(f"{name}_{kind}") or getattr(_boxes, f"{name}_{kind}")
            add_kernel(here[name], kernel, kinds[kind])


_register()
