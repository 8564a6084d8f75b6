"""A rectangle erased, and the marks that JPEG leaves."""

import numbers
from collections.abc import Sequence

from rushlight.vision.transforms import _colour as v1
from rushlight.vision.transforms._arguments import _check_sequence_input, whole
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._samples import query_chw
from rushlight.vision.transforms.v2._transform import RandomApplyTransform, Transform, warn_if_passing


class RandomErasing(RandomApplyTransform):
    """With probability p, a rectangle of images and videos overwritten (Zhong et al., 2017).

    Its share of the area is drawn from `scale`, its height to width from `ratio`. `value` is a number, one a channel,
    or 'random' for normal noise.
    """

    get_params = staticmethod(v1.RandomErasing.get_params)

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0.0, inplace=False) -> None:
        super().__init__(p=p)
        if not isinstance(value, (numbers.Number, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            import warnings

            warnings.warn("Scale and ratio should be of kind (min, max)")
        elif scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        self.scale = scale
        self.ratio = ratio
        if isinstance(value, (int, float)):
            self.value = [float(value)]
        elif isinstance(value, str):
            self.value = None
        else:
            self.value = [float(v) for v in value]
        self.inplace = inplace

    def _call_kernel(self, functional, inpt, *args, **kwargs):
        warn_if_passing(self, inpt)
        return super()._call_kernel(functional, inpt, *args, **kwargs)

    def make_params(self, flat_inputs):
        channels, height, width = query_chw(flat_inputs)
        if self.value is not None and len(self.value) not in (1, channels):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{channels} (number of inpt channels)"
            )
        drawn = v1.draw_erasing(channels, height, width, self.scale, self.ratio, self.value)
        return {} if drawn is None else dict(zip("ijhwv", drawn))

    def transform(self, inpt, params):
        return self._call_kernel(F.erase, inpt, **params, inplace=self.inplace) if params else inpt


class JPEG(Transform):
    """As after saving as a JPEG of a quality from 1 to 100, fixed or drawn from (min, max)."""

    def __init__(self, quality) -> None:
        super().__init__()
        if isinstance(quality, bool):
            raise TypeError("quality can't be bool")
        if isinstance(quality, int):
            quality = [quality, quality]
        else:
            _check_sequence_input(quality, "quality", req_sizes=(2,))
        if not (1 <= quality[0] <= quality[1] <= 100 and all(isinstance(q, int) for q in quality)):
            raise ValueError(f"quality must be an integer from 1 to 100, got {quality =}")
        self.quality = quality

    def make_params(self, flat_inputs):
        return {"quality": whole(self.quality[0], self.quality[1] + 1)}

    def transform(self, inpt, params):
        return self._call_kernel(F.jpeg, inpt, **params)
