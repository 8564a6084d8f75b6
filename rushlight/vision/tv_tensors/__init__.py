"""Tensors that say what they are: images, videos, masks, boxes, key points (torchvision.tv_tensors).

The transforms of `transforms.v2` treat each as its kind asks. Everything else sees ordinary tensors, and what operations
give are ordinary tensors, unless `set_return_type` says otherwise.
"""

import rushlight as torch
from rushlight.vision.tv_tensors._bounding_boxes import (
    BoundingBoxes,
    BoundingBoxFormat,
    is_rotated_bounding_format,
)
from rushlight.vision.tv_tensors._image import Image
from rushlight.vision.tv_tensors._keypoints import KeyPoints
from rushlight.vision.tv_tensors._mask import Mask
from rushlight.vision.tv_tensors._return_type import set_return_type
from rushlight.vision.tv_tensors._tv_tensor import TVTensor
from rushlight.vision.tv_tensors._video import Video

__all__ = [
    "BoundingBoxFormat", "BoundingBoxes", "Image", "KeyPoints", "Mask", "TVTensor", "Video",
    "is_rotated_bounding_format", "set_return_type", "wrap",
]  # fmt: skip


def wrap(wrappee, *, like, **kwargs):
    """The tensor `wrappee` as the class of `like`, with its format and canvas size where `kwargs` give no others."""
    if isinstance(like, TVTensor):
        return type(like).wrap(wrappee, like, **kwargs)
    return wrappee.as_subclass(type(like)) if isinstance(like, torch.Tensor) else wrappee
