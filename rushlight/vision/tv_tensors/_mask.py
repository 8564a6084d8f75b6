"""Masks."""

from rushlight.vision._pillow import is_pil
from rushlight.vision.tv_tensors._tv_tensor import TVTensor


class Mask(TVTensor):
    """A segmentation mask (H, W) of classes, or masks of objects (N, H, W); of a PIL image too."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        if is_pil(data):
            from rushlight.vision.transforms.functional import pil_to_tensor

            data = pil_to_tensor(data)
        return cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad).as_subclass(cls)
