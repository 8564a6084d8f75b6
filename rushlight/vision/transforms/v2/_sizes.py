"""Resizing, to a fixed or to a random size."""

import rushlight as torch
from rushlight.vision.transforms._arguments import whole
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._samples import query_size
from rushlight.vision.transforms.v2._transform import Transform


class _Resizing(Transform):
    """A resize to the `size` among the parameters."""

    def transform(self, inpt, params):
        return self._call_kernel(
            F.resize,
            inpt,
            size=params["size"],
            interpolation=self.interpolation,
            max_size=params.get("max_size"),
            antialias=self.antialias,
        )


class Resize(_Resizing):
    """To `size`: (height, width), the shorter side's length, or None with `max_size` the longer one's."""

    def __init__(self, size, interpolation="bilinear", max_size=None, antialias=True) -> None:
        super().__init__()
        from collections.abc import Sequence

        if isinstance(size, int):
            size = [size]
        elif isinstance(size, Sequence) and len(size) in (1, 2):
            size = list(size)
        elif size is None:
            if not isinstance(max_size, int):
                raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
        else:
            raise ValueError(
                f"size can be an integer, a sequence of one or two integers, or None, but got {size} instead."
            )
        self.size = size
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias

    def make_params(self, flat_inputs):
        return {"size": self.size, "max_size": self.max_size}


class ScaleJitter(_Resizing):
    """To the largest size within `target_size`, times a factor drawn from `scale_range` (Ghiasi et al., 2021)."""

    def __init__(self, target_size, scale_range=(0.1, 2.0), interpolation="bilinear", antialias=True) -> None:
        super().__init__()
        self.target_size = target_size
        self.scale_range = scale_range
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        low, high = self.scale_range
        scale = low + torch.rand(1) * (high - low)
        # torchvision pairs height with target_size[1], and width with target_size[0]
        ratio = min(self.target_size[1] / height, self.target_size[0] / width) * scale
        return {"size": (int(height * ratio), int(width * ratio))}


class RandomShortestSize(_Resizing):
    """The shorter side to a length drawn from `min_size`, or less, for the longer one not to exceed `max_size`."""

    def __init__(self, min_size, max_size=None, interpolation="bilinear", antialias=True) -> None:
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        ratio = self.min_size[whole(0, len(self.min_size))] / min(height, width)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(height, width))
        return {"size": (int(height * ratio), int(width * ratio))}


class RandomResize(_Resizing):
    """The shorter side to a length drawn from `min_size` to below `max_size`."""

    def __init__(self, min_size: int, max_size: int, interpolation="bilinear", antialias=True) -> None:
        super().__init__()
        self.min_size = min_size
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs):
        return {"size": [whole(self.min_size, self.max_size)]}
