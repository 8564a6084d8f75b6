"""Flips, crops and padding."""

from collections.abc import Sequence

from rushlight.vision import tv_tensors
from rushlight.vision.transforms import _geometry as v1
from rushlight.vision.transforms._arguments import ONLY_TWO, _setup_size, whole
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._arguments import check_padding, check_padding_mode, fill_for_part, fills_of
from rushlight.vision.transforms.v2._samples import has_any, query_size
from rushlight.vision.transforms.v2._transform import RandomApplyTransform, Transform, warn_if_passing
from rushlight.vision.transforms.v2.functional._checks import sides_of


class RandomHorizontalFlip(RandomApplyTransform):
    """Left and right exchanged with probability p."""

    def transform(self, inpt, params):
        return self._call_kernel(F.horizontal_flip, inpt)


class RandomVerticalFlip(RandomApplyTransform):
    """Top and bottom exchanged with probability p."""

    def transform(self, inpt, params):
        return self._call_kernel(F.vertical_flip, inpt)


class CenterCrop(Transform):
    """The middle in `size`; what is smaller is padded with black."""

    def __init__(self, size) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)

    def transform(self, inpt, params):
        return self._call_kernel(F.center_crop, inpt, output_size=self.size)


class Pad(Transform):
    """More on all sides. `fill` is one for all, or {kind of input: its fill, "others": the rest's}."""

    def __init__(self, padding, fill=0, padding_mode="constant") -> None:
        super().__init__()
        check_padding(padding)
        check_padding_mode(padding_mode)
        self.padding = padding if isinstance(padding, int) else list(padding)
        self.fill = fill
        self._fill = fills_of(fill)
        self.padding_mode = padding_mode

    def transform(self, inpt, params):
        fill = fill_for_part(self._fill, inpt)
        return self._call_kernel(F.pad, inpt, padding=self.padding, fill=fill, padding_mode=self.padding_mode)


class RandomCrop(Transform):
    """A crop of `size` at a place drawn anew for each sample, after padding it if asked."""

    get_params = staticmethod(v1.RandomCrop.get_params)

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant") -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)
        if pad_if_needed or padding is not None:
            if padding is not None:
                check_padding(padding)
            check_padding_mode(padding_mode)
        self.padding = None
        if padding is not None:
            left, top, right, bottom = sides_of(padding)
            self.padding = [left, right, top, bottom]  # the order that torchvision shows
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self._fill = fills_of(fill)
        self.padding_mode = padding_mode

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        left, right, top, bottom = self.padding or (0, 0, 0, 0)
        new_height, new_width = self.size
        if self.pad_if_needed:
            lacking = max(new_height - (height + top + bottom), 0)
            top, bottom = top + lacking, bottom + lacking
            lacking = max(new_width - (width + left + right), 0)
            left, right = left + lacking, right + lacking
        height, width = height + top + bottom, width + left + right
        if height < new_height or width < new_width:
            raise ValueError(
                f"Required crop size {(new_height, new_width)} is larger than "
                f"{'padded ' if self.padding is not None else ''}input image size {(height, width)}."
            )
        # Nothing is drawn along a side that fits already.
        y = whole(0, height - new_height + 1) if height > new_height else 0
        x = whole(0, width - new_width + 1) if width > new_width else 0
        crop = {"top": y, "left": x, "height": new_height, "width": new_width}
        padding = [left, top, right, bottom]
        return {
            "padding": padding if any(padding) else None,
            "crop": crop if (height, width) != (new_height, new_width) else None,
        }

    def transform(self, inpt, params):
        if params["padding"] is not None:
            fill = fill_for_part(self._fill, inpt)
            inpt = self._call_kernel(
                F.pad, inpt, padding=params["padding"], fill=fill, padding_mode=self.padding_mode
            )
        return inpt if params["crop"] is None else self._call_kernel(F.crop, inpt, **params["crop"])


class RandomResizedCrop(Transform):
    """A crop of a share of the area in `scale`, its width to height in `ratio`, resized to `size` (Inception's)."""

    get_params = staticmethod(v1.RandomResizedCrop.get_params)

    def __init__(
        self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0), interpolation="bilinear", antialias=True
    ) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence of two floats.")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence of two floats.")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            import warnings

            warnings.warn("Scale and ratio should be of kind (min, max)")
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        drawn = v1.draw_resized_crop(height, width, self.scale, self.ratio)
        return dict(zip(("top", "left", "height", "width"), drawn))

    def transform(self, inpt, params):
        return self._call_kernel(
            F.resized_crop, inpt, **params, size=self.size, interpolation=self.interpolation, antialias=self.antialias
        )


class _SeveralCrops(Transform):
    """Crops of images and videos into tuples; boxes and masks cannot follow them."""

    def check_inputs(self, flat_inputs) -> None:
        if has_any(flat_inputs, tv_tensors.BoundingBoxes, tv_tensors.Mask):
            raise TypeError(f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()")

    def _call_kernel(self, functional, inpt, *args, **kwargs):
        warn_if_passing(self, inpt)
        return super()._call_kernel(functional, inpt, *args, **kwargs)


class FiveCrop(_SeveralCrops):
    """The four corners and the middle, as a tuple of five."""

    def __init__(self, size) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)

    def transform(self, inpt, params):
        return self._call_kernel(F.five_crop, inpt, size=self.size)


class TenCrop(_SeveralCrops):
    """FiveCrop of the image and of its mirror image, as a tuple of ten."""

    def __init__(self, size, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)
        self.vertical_flip = vertical_flip

    def transform(self, inpt, params):
        return self._call_kernel(F.ten_crop, inpt, size=self.size, vertical_flip=self.vertical_flip)
