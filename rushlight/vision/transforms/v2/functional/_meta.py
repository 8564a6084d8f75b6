"""Sizes, formats of boxes, and clamping (torchvision.transforms.v2.functional)."""

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision._arrays import to_tensor
from rushlight.vision.transforms import _functional_pil as pil
from rushlight.vision.transforms.v2.functional import _formats
from rushlight.vision.transforms.v2.functional._registry import (
    IMAGE_KINDS,
    add_kernel,
    also_named,
    functional,
    is_pure_tensor,
    kernel_for,
    of_video,
)
from rushlight.vision.tv_tensors import BoundingBoxFormat, is_rotated_bounding_format


# ---------------------------------------------------------------- sizes
@functional
def get_dimensions(inpt) -> list[int]:
    """[channels, height, width] of an image or video."""
    return kernel_for(get_dimensions, inpt)(inpt)


def get_dimensions_image(image) -> list[int]:
    if not isinstance(image, torch.Tensor):
        return pil.dimensions(image)
    height, width = get_size_image(image)
    return [1 if image.ndim == 2 else image.shape[-3], height, width]


@functional
def get_num_channels(inpt) -> int:
    """The number of channels of an image or video."""
    return kernel_for(get_num_channels, inpt)(inpt)


def get_num_channels_image(image) -> int:
    return get_dimensions_image(image)[0]


@functional
def get_size(inpt) -> list[int]:
    """[height, width] of an image, video or mask, or of the canvas of boxes or points."""
    return kernel_for(get_size, inpt)(inpt)


def get_size_image(image) -> list[int]:
    if not isinstance(image, torch.Tensor):
        return pil.dimensions(image)[1:]
    if image.ndim < 2:
        raise TypeError(f"Input tensor should have at least two dimensions, but got {image.ndim}")
    return list(image.shape[-2:])


def get_size_mask(mask) -> list[int]:
    return get_size_image(mask)


def get_size_bounding_boxes(bounding_box) -> list[int]:
    return list(bounding_box.canvas_size)


def get_size_keypoints(keypoints) -> list[int]:
    return list(keypoints.canvas_size)


@functional
def get_num_frames(inpt) -> int:
    """The number of frames of a video."""
    return kernel_for(get_num_frames, inpt)(inpt)


def get_num_frames_video(video) -> int:
    return video.shape[-4]


get_dimensions_video = of_video(get_dimensions_image)
get_num_channels_video = of_video(get_num_channels_image)
get_size_video = of_video(get_size_image)
get_image_num_channels = also_named("get_image_num_channels", get_num_channels)


def _add_as_they_are(function, kernel, *kinds) -> None:
    """Kernels whose results are no tensors: nothing is wrapped."""
    from rushlight.vision.transforms.v2.functional._registry import _KERNELS

    _KERNELS[function].update(dict.fromkeys(kinds, kernel))


_add_as_they_are(get_dimensions, get_dimensions_image, *IMAGE_KINDS, tv_tensors.Video)
_add_as_they_are(get_num_channels, get_num_channels_image, *IMAGE_KINDS, tv_tensors.Video)
_add_as_they_are(get_num_frames, get_num_frames_video, tv_tensors.Video, torch.Tensor)
_add_as_they_are(get_size, get_size_image, *IMAGE_KINDS, tv_tensors.Video, tv_tensors.Mask)
_add_as_they_are(get_size, get_size_bounding_boxes, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)


# ---------------------------------------------------------------- boxes and points as arrays
def array_of(tensor):
    """The numbers of boxes or points, to read."""
    if tensor.requires_grad:
        raise NotImplementedError("transforms of boxes and points that require a gradient are not part of Rushlight yet")
    return tensor.as_subclass(torch.Tensor).numpy()


def _format_of(format) -> BoundingBoxFormat:
    return BoundingBoxFormat[format.upper()] if isinstance(format, str) else format


def convert_bounding_box_format(inpt, old_format=None, new_format=None, inplace: bool = False):
    """The boxes in another format: BoundingBoxes, or a tensor in `old_format`. `inplace` writes over them where it can."""
    if new_format is None:
        raise TypeError("convert_bounding_box_format() missing 1 required argument: 'new_format'")
    if is_pure_tensor(inpt):
        if old_format is None:
            raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
    elif isinstance(inpt, tv_tensors.BoundingBoxes):
        if old_format is not None:
            raise ValueError("For bounding box tv_tensor inputs, `old_format` must not be passed.")
        old_format = inpt.format
    else:
        raise TypeError(
            f"Input can either be a plain tensor or a bounding box tv_tensor, but got {type(inpt)} instead."
        )
    old_format, new_format = _format_of(old_format), _format_of(new_format)
    if old_format is new_format:
        return inpt
    boxes = array_of(inpt)
    if boxes.dtype.kind != "f" and is_rotated_bounding_format(old_format):
        raise RuntimeError(f"rotated boxes are floating-point tensors, got {inpt.dtype}")
    out = to_tensor(_formats.convert(boxes, old_format, new_format))
    if inplace and out.shape == inpt.shape:
        inpt.copy_(out)
        out = inpt.as_subclass(torch.Tensor)
    if isinstance(inpt, tv_tensors.BoundingBoxes):
        return tv_tensors.wrap(out, like=inpt, format=new_format)
    return out


def clamp_bounding_boxes(inpt, format=None, canvas_size=None, clamping_mode="auto"):
    """The boxes cut off at the borders of their canvas.

    `clamping_mode` "auto" is that of the boxes; "soft" and "hard" differ for rotated boxes only; None changes nothing.
    """
    if clamping_mode is not None and clamping_mode not in ("soft", "hard", "auto"):
        raise ValueError(f"clamping_mode must be soft, hard, auto or None, got {clamping_mode}")
    if is_pure_tensor(inpt):
        if format is None or canvas_size is None or clamping_mode == "auto":
            raise ValueError("For pure tensor inputs, `format`, `canvas_size` and `clamping_mode` have to be passed.")
        return to_tensor(_formats.clamp(array_of(inpt), _format_of(format), canvas_size, clamping_mode))
    if isinstance(inpt, tv_tensors.BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError("For bounding box tv_tensor inputs, `format` and `canvas_size` must not be passed.")
        mode = inpt.clamping_mode if clamping_mode == "auto" else clamping_mode
        out = _formats.clamp(array_of(inpt), inpt.format, inpt.canvas_size, mode)
        return tv_tensors.wrap(to_tensor(out), like=inpt)
    raise TypeError(f"Input can either be a plain tensor or a bounding box tv_tensor, but got {type(inpt)} instead.")


def clamp_keypoints(inpt, canvas_size=None):
    """The points moved to the nearest pixel of their canvas."""
    if is_pure_tensor(inpt):
        if canvas_size is None:
            raise ValueError("For pure tensor inputs, `canvas_size` has to be passed.")
        return to_tensor(_clamped_points(array_of(inpt), canvas_size))
    if isinstance(inpt, tv_tensors.KeyPoints):
        if canvas_size is not None:
            raise ValueError("For keypoints tv_tensor inputs, `canvas_size` must not be passed.")
        return tv_tensors.wrap(to_tensor(_clamped_points(array_of(inpt), inpt.canvas_size)), like=inpt)
    raise TypeError(f"Input can either be a plain tensor or a keypoints tv_tensor, but got {type(inpt)} instead.")


def _clamped_points(points, canvas_size):
    out = points.copy()
    out[..., 0] = out[..., 0].clip(0, canvas_size[1] - 1)
    out[..., 1] = out[..., 1].clip(0, canvas_size[0] - 1)
    return out
