"""To tv_tensors, and what stays for old programs (torchvision.transforms.v2.functional)."""

import numpy as np

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision._arrays import to_tensor as _tensor_over
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms import functional as v1


def to_image(inpt):
    """A PIL image, an array (H, W, C) or (H, W), or a tensor (..., C, H, W), as a tv_tensors.Image of the same values."""
    if isinstance(inpt, np.ndarray):
        pixels = np.atleast_3d(inpt).transpose(2, 0, 1)
        return tv_tensors.Image(_tensor_over(pixels.copy()))
    if is_pil(inpt):
        return tv_tensors.Image(v1.pil_to_tensor(inpt))
    if isinstance(inpt, torch.Tensor):
        return tv_tensors.Image(inpt)
    raise TypeError(
        f"Input can either be a pure Tensor, a numpy array, or a PIL image, but got {type(inpt)} instead."
    )


def to_tensor(inpt):
    """As in transforms.functional. Deprecated: use `to_image`, then `to_dtype(..., scale=True)`."""
    _warn(
        "The function `to_tensor(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `to_image(...)` followed by `to_dtype(..., dtype=torch.float32, scale=True)`."
    )
    return v1.to_tensor(inpt)


def get_image_size(inpt) -> list[int]:
    """[width, height]. Deprecated: use `get_size`, which gives [height, width]."""
    from rushlight.vision.transforms.v2.functional._meta import get_size

    _warn(
        "The function `get_image_size(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `get_size(...)` which returns `[h, w]` instead of `[w, h]`."
    )
    height, width = get_size(inpt)
    return [width, height]


def _warn(words: str) -> None:
    import warnings

    warnings.warn(words, stacklevel=3)
