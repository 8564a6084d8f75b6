"""Types, normalisation, blur, noise, and boxes and points worth keeping (torchvision.transforms.v2.functional)."""

import numpy as np

import rushlight as torch
from rushlight.vision import _arrays, tv_tensors
from rushlight.vision.transforms import functional as v1
from rushlight.vision.transforms.v2.functional import _formats
from rushlight.vision.transforms.v2.functional._meta import _format_of, array_of
from rushlight.vision.transforms.v2.functional._registry import (
    IMAGE_KINDS,
    add_kernel,
    functional,
    is_pure_tensor,
    kernel_for,
    of_video,
)
from rushlight.vision.tv_tensors import is_rotated_bounding_format


# ---------------------------------------------------------------- types
@functional
def to_dtype(inpt, dtype=None, scale: bool = False):
    """In another type, float32 by default; with `scale`, images and videos scaled to its range."""
    return kernel_for(to_dtype, inpt)(inpt, dtype=torch.float32 if dtype is None else dtype, scale=scale)


def to_dtype_image(image, dtype=None, scale: bool = False):
    dtype = torch.float32 if dtype is None else dtype
    if image.dtype == dtype:
        return image
    if not scale:
        return image.to(dtype)
    if image.is_floating_point() and not dtype.is_floating_point:
        wide = (torch.int32, torch.int64) if image.dtype == torch.float32 else (torch.int64,)
        if image.dtype in (torch.float32, torch.float64) and dtype in wide:
            raise RuntimeError(f"The conversion from {image.dtype} to {dtype} cannot be performed safely.")
    elif torch.bool in (image.dtype, dtype) and not dtype.is_floating_point:
        raise TypeError("Number of value bits is only defined for integer dtypes, but got torch.bool.")
    elif torch.uint16 in (image.dtype, dtype) and not dtype.is_floating_point:
        return _shifted(image, dtype)
    return v1.convert_image_dtype(image, dtype)


def _shifted(image, dtype):
    """Integers in another width: by the bits that it has more or fewer."""
    old, new = (_arrays.top_value_of(kind).bit_length() for kind in (image.dtype, dtype))
    wide = image.to(torch.int64)
    wide = wide * 2 ** (new - old) if new > old else torch.div(wide, 2 ** (old - new), rounding_mode="floor")
    return wide.to(dtype)


def _to_dtype_other(inpt, dtype=None, scale: bool = False):
    """Masks, boxes and points hold no colours: there is nothing to scale."""
    return inpt.to(dtype)


def convert_image_dtype(image, dtype=None):
    """The image tensor in another type, scaled to its range."""
    return to_dtype_image(image, torch.float32 if dtype is None else dtype, scale=True)


# ---------------------------------------------------------------- normalise
@functional
def normalize(inpt, mean, std, inplace: bool = False):
    """(image - mean) / std by channel, of a float image or video."""
    return kernel_for(normalize, inpt)(inpt, mean=mean, std=std, inplace=inplace)


def normalize_image(image, mean, std, inplace: bool = False):
    if not image.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {image.dtype}.")
    if image.ndim < 3:
        raise ValueError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got {image.shape}.")
    spread = std if isinstance(std, (list, tuple)) else [std]
    if any(float(width) == 0 for width in spread):
        raise ValueError("std evaluated to zero, leading to division by zero.")
    if not inplace and len(spread) > image.shape[-3]:
        image = image.expand(*image.shape[:-3], len(spread), *image.shape[-2:])
    return v1.normalize(image, mean, std, inplace)


# ---------------------------------------------------------------- blur and noise
@functional
def gaussian_blur(inpt, kernel_size, sigma=None):
    """Blurred by a Gaussian; `kernel_size` and `sigma` are one number or (x, y)."""
    return kernel_for(gaussian_blur, inpt)(inpt, kernel_size=kernel_size, sigma=sigma)


def gaussian_blur_image(image, kernel_size, sigma=None):
    if isinstance(kernel_size, int):
        kernel_size = [kernel_size, kernel_size]
    elif len(kernel_size) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(kernel_size)}")
    if isinstance(sigma, (int, float)):
        sigma = [float(sigma), float(sigma)]
    elif isinstance(sigma, (list, tuple)) and len(sigma) == 1:
        sigma = [sigma[0], sigma[0]]
    return v1.gaussian_blur(image, kernel_size, sigma)


@functional
def gaussian_noise(inpt, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
    """With normal noise added, in units of white; the result in the image's range with `clip`."""
    return kernel_for(gaussian_noise, inpt)(inpt, mean=mean, sigma=sigma, clip=clip)


def gaussian_noise_image(image, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
    if not isinstance(image, torch.Tensor):
        raise ValueError("Gaussian Noise is not implemented for PIL images.")
    if sigma < 0:
        raise ValueError(f"sigma shouldn't be negative. Got {sigma}")
    if not image.is_floating_point() and image.dtype != torch.uint8:
        raise ValueError(f"Input tensor is expected to be in uint8 or float dtype, got dtype={image.dtype}")
    if image.is_floating_point():
        noisy = image + (mean + torch.randn_like(image) * sigma)
        return torch.clamp(noisy, 0, 1) if clip else noisy
    # whole steps of 1/255, as torchvision adds them
    noise = mean * 255 + torch.randn_like(image, dtype=torch.float32) * sigma * 255
    noisy = image.to(torch.int16) + noise.to(torch.int16)
    return (torch.clamp(noisy, 0, 255) if clip else noisy).to(torch.uint8)


# ---------------------------------------------------------------- what is worth keeping
def sanitize_bounding_boxes(bounding_boxes, format=None, canvas_size=None, min_size: float = 1.0, min_area: float = 1.0):
    """(the boxes that lie in their canvas and are large enough, which those are).

    Kept are boxes of at least `min_size` in width and height and of `min_area`, wholly in the picture. A plain tensor
    needs `format` and `canvas_size`.
    """
    if is_pure_tensor(bounding_boxes):
        if format is None or canvas_size is None:
            raise ValueError(
                "format and canvas_size cannot be None if bounding_boxes is a pure tensor. "
                f"Got format={format} and canvas_size={canvas_size}."
                "Set those to appropriate values or pass bounding_boxes as a tv_tensors.BoundingBoxes object."
            )
        valid = _valid_boxes(array_of(bounding_boxes), _format_of(format), canvas_size, min_size, min_area)
        valid = torch.from_numpy(valid)
        return bounding_boxes[valid], valid
    if not isinstance(bounding_boxes, tv_tensors.BoundingBoxes):
        raise ValueError("bounding_boxes must be a tv_tensors.BoundingBoxes instance or a pure tensor.")
    if format is not None or canvas_size is not None:
        raise ValueError(
            "format and canvas_size must be None when bounding_boxes is a tv_tensors.BoundingBoxes instance. "
            f"Got format={format} and canvas_size={canvas_size}. "
            "Leave those to None or pass bounding_boxes as a pure tensor."
        )
    of = bounding_boxes
    valid = torch.from_numpy(_valid_boxes(array_of(of), of.format, of.canvas_size, min_size, min_area))
    return tv_tensors.wrap(of.as_subclass(torch.Tensor)[valid], like=of), valid


def _valid_boxes(boxes, format, canvas_size, min_size: float, min_area: float):
    height, width = canvas_size
    if is_rotated_bounding_format(format):
        points = _formats.corners(boxes, format)
        # torchvision takes the diagonal, foreshortened, for the height: boxes near 90 degrees are dropped.
        turned = _formats.from_corners(points, tv_tensors.BoundingBoxFormat.XYWHR)
        reach = np.hypot(turned[..., 2], turned[..., 3]) * np.abs(np.cos(np.deg2rad(turned[..., 4])))
        sizes = np.stack([turned[..., 2], reach], -1)
    else:
        edges = _formats.to_xyxy(boxes, format)
        points = edges.reshape(-1, 2, 2)
        sizes = edges[..., 2:] - edges[..., :2]
    large = (sizes >= min_size).all(-1) & (sizes[..., 0] * sizes[..., 1] >= min_area)
    inside = (points >= 0).all((-2, -1)) & (points[..., 0] <= width).all(-1) & (points[..., 1] <= height).all(-1)
    return large & inside


def sanitize_keypoints(key_points, canvas_size=None):
    """(the points, or groups of points, that lie in their canvas, which those are)."""
    if is_pure_tensor(key_points):
        if canvas_size is None:
            raise ValueError(
                "canvas_size cannot be None if key_points is a pure tensor. "
                "Set it to an appropriate value or pass key_points as a tv_tensors.KeyPoints object."
            )
        valid = torch.from_numpy(_valid_points(array_of(key_points), canvas_size))
        return key_points[valid], valid
    if not isinstance(key_points, tv_tensors.KeyPoints):
        raise ValueError("key_points must be a tv_tensors.KeyPoints instance or a pure tensor.")
    if canvas_size is not None:
        raise ValueError(
            "canvas_size must be None when key_points is a tv_tensors.KeyPoints instance. "
            f"Got canvas_size={canvas_size}. Leave it to None or pass key_points as a pure tensor."
        )
    valid = torch.from_numpy(_valid_points(array_of(key_points), key_points.canvas_size))
    return tv_tensors.wrap(key_points.as_subclass(torch.Tensor)[valid], like=key_points), valid


def _valid_points(points, canvas_size):
    x, y = points[..., 0], points[..., 1]
    inside = (x >= 0) & (x < canvas_size[1]) & (y >= 0) & (y < canvas_size[0])
    return inside.reshape(len(points), -1).all(1)


normalize_video, to_dtype_video, gaussian_blur_video, gaussian_noise_video = map(
    of_video, (normalize_image, to_dtype_image, gaussian_blur_image, gaussian_noise_image)
)
add_kernel(normalize, normalize_image, tv_tensors.Image, torch.Tensor, tv_tensors.Video)
add_kernel(to_dtype, to_dtype_image, tv_tensors.Image, torch.Tensor, tv_tensors.Video)
add_kernel(to_dtype, _to_dtype_other, tv_tensors.Mask, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)
add_kernel(gaussian_blur, gaussian_blur_image, *IMAGE_KINDS, tv_tensors.Video)
add_kernel(gaussian_noise, gaussian_noise_image, tv_tensors.Image, torch.Tensor, tv_tensors.Video, "PIL")
