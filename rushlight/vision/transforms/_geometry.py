"""Resizing, cropping, padding and flipping."""

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache

import rushlight as torch
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms._arguments import ONLY_TWO, _setup_size, chance, exponential, uniform, whole
from rushlight.vision.transforms._modes import InterpolationMode, _interpolation_modes_from_int


def _mode(interpolation):
    return _interpolation_modes_from_int(interpolation) if isinstance(interpolation, int) else interpolation


class Resize(torch.nn.Module):
    """To `size`: (height, width), or the length of the shorter side, with the longer not above `max_size`."""

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.max_size = max_size
        self.interpolation = _mode(interpolation)
        self.antialias = antialias

    def forward(self, img):
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, interpolation={self.interpolation.value}, "
            f"max_size={self.max_size}, antialias={self.antialias})"
        )


class CenterCrop(torch.nn.Module):
    """The middle of the image in `size`; a smaller image is padded with black."""

    def __init__(self, size) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)

    def forward(self, img):
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(torch.nn.Module):
    """More on all sides; see functional.pad."""

    def __init__(self, padding, fill=0, padding_mode="constant") -> None:
        super().__init__()
        if not isinstance(padding, (int, float, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if not isinstance(fill, (int, float, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if isinstance(padding, Sequence) and len(padding) not in (1, 2, 4):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
            )
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img):
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class RandomCrop(torch.nn.Module):
    """A crop of `size` at a place drawn anew for each image, after padding it if asked."""

    @staticmethod
    def get_params(img, output_size) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a crop; nothing is drawn for an image that has the size already."""
        _, h, w = F.get_dimensions(img)
        th, tw = output_size
        if h < th or w < tw:
            raise ValueError(f"Required crop size {(th, tw)} is larger than input image size {(h, w)}")
        if (w, h) == (tw, th):
            return 0, 0, h, w
        top = whole(0, h - th + 1)
        left = whole(0, w - tw + 1)
        return top, left, th, tw

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant") -> None:
        super().__init__()
        self.size = tuple(_setup_size(size, error_msg=ONLY_TWO))
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img):
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomHorizontalFlip(torch.nn.Module):
    """Left and right exchanged with probability p."""

    def __init__(self, p=0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img):
        return F.hflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(torch.nn.Module):
    """Top and bottom exchanged with probability p."""

    def __init__(self, p=0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img):
        return F.vflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomResizedCrop(torch.nn.Module):
    """A crop of a share of the area in `scale`, its width to height in `ratio`, resized to `size` (Inception's)."""

    def __init__(
        self,
        size,
        scale=(0.08, 1.0),
        ratio=(3.0 / 4.0, 4.0 / 3.0),
        interpolation=InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)")
        self.interpolation = _mode(interpolation)
        self.antialias = antialias
        self.scale = scale
        self.ratio = ratio

    @staticmethod
    def get_params(img, scale, ratio) -> tuple[int, int, int, int]:
        """(top, left, height, width): the first of ten draws that fits; else the middle, as near the ratio as it goes."""
        _, height, width = F.get_dimensions(img)
        return draw_resized_crop(height, width, scale, ratio)

    def forward(self, img):
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, top, left, height, width, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio))
        return (
            f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


def draw_resized_crop(height: int, width: int, scale, ratio) -> tuple[int, int, int, int]:
    """RandomResizedCrop.get_params of an image of this size."""
    area = height * width
    low, high = _logarithms(ratio[0], ratio[1], torch.get_default_dtype())
    for _ in range(10):
        target = area * uniform(scale[0], scale[1])
        aspect = exponential(uniform(low, high))
        w = int(round(math.sqrt(target * aspect)))
        h = int(round(math.sqrt(target / aspect)))
        if 0 < w <= width and 0 < h <= height:
            top = whole(0, height - h + 1)
            left = whole(0, width - w + 1)
            return top, left, h, w
    h, w = height, width
    if width / height < min(ratio):
        h = int(round(width / min(ratio)))
    elif width / height > max(ratio):
        w = int(round(height * max(ratio)))
    return (height - h) // 2, (width - w) // 2, h, w


@lru_cache(maxsize=16)
def _logarithms(low: float, high: float, dtype) -> list[float]:
    """Their natural logarithms in the default dtype: of a transform's ratios, the same for every image."""
    return torch.log(torch.tensor((low, high))).to(dtype).tolist()


class FiveCrop(torch.nn.Module):
    """The four corners and the middle, as a tuple of five images."""

    def __init__(self, size) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)

    def forward(self, img):
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(torch.nn.Module):
    """FiveCrop of the image and of its flipped self, as a tuple of ten images."""

    def __init__(self, size, vertical_flip=False) -> None:
        super().__init__()
        self.size = _setup_size(size, error_msg=ONLY_TWO)
        self.vertical_flip = vertical_flip

    def forward(self, img):
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"
