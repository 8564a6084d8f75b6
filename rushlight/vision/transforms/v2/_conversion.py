"""Between PIL images, arrays, tensors and tv_tensors; and between types of numbers."""

import numpy as np

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._transform import Transform
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor


class ToImage(Transform):
    """PIL images, arrays and plain tensors as tv_tensors.Image of the same values."""

    _transformed_types = (is_pure_tensor, is_pil, np.ndarray)

    def transform(self, inpt, params):
        return F.to_image(inpt)


class PILToTensor(Transform):
    """PIL images as tensors (C, H, W) of the same values."""

    _transformed_types = (is_pil,)

    def transform(self, inpt, params):
        return F.pil_to_tensor(inpt)


class ToPILImage(Transform):
    """Images and arrays as PIL images; `mode` is Pillow's, chosen by type and channels if None."""

    _transformed_types = (is_pure_tensor, tv_tensors.Image, np.ndarray)

    def __init__(self, mode=None) -> None:
        super().__init__()
        self.mode = mode

    def transform(self, inpt, params):
        return F.to_pil_image(inpt, mode=self.mode)


class ToPureTensor(Transform):
    """tv_tensors as plain tensors: what they knew of formats and sizes is gone."""

    _transformed_types = (tv_tensors.TVTensor,)

    def transform(self, inpt, params):
        return inpt.as_subclass(torch.Tensor)


class ToTensor(Transform):
    """PIL images and arrays as float tensors. Deprecated: use `ToImage`, then `ToDtype(torch.float32, scale=True)`."""

    _transformed_types = (is_pil, np.ndarray)

    def __init__(self) -> None:
        import warnings

        warnings.warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. Instead, please use "
            "`v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])`."
            "Output is equivalent up to float precision."
        )
        super().__init__()

    def transform(self, inpt, params):
        from rushlight.vision.transforms.functional import to_tensor

        return to_tensor(inpt)


class ConvertImageDtype(Transform):
    """Images and videos in another type, scaled to its range."""

    def __init__(self, dtype=None) -> None:
        super().__init__()
        self.dtype = torch.float32 if dtype is None else dtype

    def transform(self, inpt, params):
        return self._call_kernel(F.to_dtype, inpt, dtype=self.dtype, scale=True)


class ToDtype(Transform):
    """In another type: images and videos in `dtype`, or each kind as the dict {kind: dtype, "others": dtype} says.

    None in a dict leaves that kind as it is. With `scale`, images and videos are scaled to the type's range.
    """

    _transformed_types = (torch.Tensor,)

    def __init__(self, dtype, scale: bool = False) -> None:
        super().__init__()
        if not isinstance(dtype, (dict, torch.dtype)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        ambiguous = isinstance(dtype, dict) and torch.Tensor in dtype
        if ambiguous and (tv_tensors.Image in dtype or tv_tensors.Video in dtype):
            import warnings

            warnings.warn(
                "Got `dtype` values for `torch.Tensor` and either `tv_tensors.Image` or `tv_tensors.Video`. "
                "Note that a plain `torch.Tensor` will *not* be transformed by this (or any other transformation) "
                "in case a `tv_tensors.Image` or `tv_tensors.Video` is present in the input."
            )
        self.dtype = dtype
        self.scale = scale

    def transform(self, inpt, params):
        pictured = is_pure_tensor(inpt) or isinstance(inpt, (tv_tensors.Image, tv_tensors.Video))
        if isinstance(self.dtype, torch.dtype):
            dtype = self.dtype if pictured else None
        else:
            dtype = self._dtype_for(inpt)
            if dtype is None and self.scale and pictured:
                import warnings

                warnings.warn(
                    "scale was set to True but no dtype was specified for images or videos: no scaling will be done."
                )
        if dtype is None:
            return inpt
        return self._call_kernel(F.to_dtype, inpt, dtype=dtype, scale=self.scale)

    def _dtype_for(self, inpt):
        for kind in (type(inpt), "others"):
            if kind in self.dtype:
                return self.dtype[kind]
        raise ValueError(
            f"No dtype was specified for type {type(inpt)}. "
            "If you only need to convert the dtype of images or videos, you can just pass e.g. dtype=torch.float32. "
            "If you're passing a dict as dtype, "
            'you can use "others" as a catch-all key '
            'e.g. dtype={tv_tensors.Mask: torch.int64, "others": None} to pass-through the rest of the inputs.'
        )
