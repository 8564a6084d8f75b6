"""Grids of images, image files, and drawing of boxes, masks, keypoints and flow (torchvision.utils)."""

import math

import numpy as np

import rushlight as torch
from rushlight.vision._arrays import is_plain, to_tensor
from rushlight.vision._drawing import (  # noqa: F401
    _generate_color_palette,
    _make_colorwheel,
    draw_bounding_boxes,
    draw_keypoints,
    draw_segmentation_masks,
    flow_to_image,
)
from rushlight.vision._pillow import image_from_array
from rushlight.vision.ops.misc import _make_ntuple  # noqa: F401

__all__ = [
    "_Image_fromarray",
    "make_grid",
    "save_image",
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "draw_keypoints",
    "flow_to_image",
]


def _Image_fromarray(obj, mode: str):
    """A PIL image of an array in a mode."""
    return image_from_array(obj, mode)


def _log_api_usage_once(obj) -> None:
    """Nothing: Rushlight keeps no record of what is used. Here for the programs that call it."""


def make_grid(
    tensor,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range=None,
    scale_each: bool = False,
    pad_value: float = 0.0,
):
    """One image (3, H, W) of a batch (N, C, H, W) or a list of images, `nrow` a row, `padding` pixels between.

    `normalize` brings `value_range` (min, max), by default that of the images, to [0, 1]; of each image for itself
    with `scale_each`.
    """
    if not isinstance(tensor, torch.Tensor):
        if not isinstance(tensor, list):
            raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
        for each in tensor:
            if not isinstance(each, torch.Tensor):
                raise TypeError(f"tensor or list of tensors expected, got a list containing {type(each)}")
    with torch.no_grad():
        images = torch.stack(tensor, dim=0) if isinstance(tensor, list) else tensor.detach()
        if images.dim() == 2:
            images = images.unsqueeze(0)
        if images.dim() == 3:
            if images.shape[0] == 1:
                images = torch.cat((images, images, images), 0)
            images = images.unsqueeze(0)
        if images.dim() == 4 and images.shape[1] == 1:
            images = torch.cat((images, images, images), 1)
        if normalize:
            images = _in_unit_range(images, value_range, scale_each)
        if not isinstance(images, torch.Tensor):
            raise TypeError("tensor should be of type torch.Tensor")
        if images.shape[0] == 1:
            return images.squeeze(0)
        return _arranged(images, nrow, padding, pad_value)


def _in_unit_range(images, value_range, scale_each: bool):
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
    images = images.clone()
    for part in images if scale_each else [images]:
        low, high = value_range if value_range is not None else (float(part.min()), float(part.max()))
        part.clamp_(min=low, max=high).sub_(low).div_(max(high - low, 1e-5))
    return images


def _arranged(images, nrow: int, padding: int, pad_value: float):
    count, channels, height, width = images.shape
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = int(height + padding), int(width + padding)
    shape = (channels, height * rows + padding, width * columns + padding)
    plain = is_plain(images)
    if plain:
        images = images.numpy()
        grid = np.full(shape, pad_value, images.dtype)
    else:
        grid = images.new_full(shape, pad_value)
    for k in range(count):
        top, left = (k // columns) * height + padding, (k % columns) * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = images[k]
    return to_tensor(grid) if plain else grid


def save_image(tensor, fp, format: str | None = None, **kwargs) -> None:
    """Write an image, or a batch as a grid (further arguments are make_grid's), to a file or file object."""
    with torch.no_grad():
        grid = make_grid(tensor, **kwargs)
        pixels = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to("cpu", torch.uint8).numpy()
    image_from_array(np.ascontiguousarray(pixels)).save(fp, format=format)
