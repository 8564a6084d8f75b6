"""Random colours and grey. All of it changes images and videos only."""

from collections.abc import Sequence

import rushlight as torch
from rushlight.vision.transforms import _colour as v1
from rushlight.vision.transforms._arguments import chance, uniform
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._samples import query_chw
from rushlight.vision.transforms.v2._transform import RandomApplyTransform, Transform


class Grayscale(Transform):
    """In grey, with 1 or 3 channels."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def transform(self, inpt, params):
        return self._call_kernel(F.rgb_to_grayscale, inpt, num_output_channels=self.num_output_channels)


class RandomGrayscale(RandomApplyTransform):
    """In grey with probability p, with as many channels as before."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p=p)

    def make_params(self, flat_inputs):
        channels, _, _ = query_chw(flat_inputs)
        return {"num_output_channels": channels}

    def transform(self, inpt, params):
        return self._call_kernel(F.rgb_to_grayscale, inpt, **params)


class RGB(Transform):
    """Grey images with three channels; others as they are."""

    def transform(self, inpt, params):
        return self._call_kernel(F.grayscale_to_rgb, inpt)


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed in random order, each by a factor drawn from its range.

    A number x stands for (max(0, 1 - x), 1 + x), for hue (-x, x); a pair for itself.
    """

    get_params = staticmethod(v1.ColorJitter.get_params)

    def __init__(self, brightness=None, contrast=None, saturation=None, hue=None) -> None:
        super().__init__()
        self.brightness = self._check_input(brightness, "brightness")
        self.contrast = self._check_input(contrast, "contrast")
        self.saturation = self._check_input(saturation, "saturation")
        self.hue = self._check_input(hue, "hue", center=0, bound=(-0.5, 0.5), clip_first_on_zero=False)

    def _check_input(self, value, name, center=1.0, bound=(0, float("inf")), clip_first_on_zero=True):
        if value is None:
            return None
        if isinstance(value, (int, float)):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            value = [center - value, center + value]
            if clip_first_on_zero:
                value[0] = max(value[0], 0.0)
        elif not (isinstance(value, Sequence) and len(value) == 2):
            raise TypeError(f"{name}={value} should be a single number or a sequence with length 2.")
        value = [float(value[0]), float(value[1])]
        if not bound[0] <= value[0] <= value[1] <= bound[1]:
            raise ValueError(f"{name} values should be between {bound} and increasing, but got {value}.")
        # A range of the one value that changes nothing is no change, and nothing is drawn for it.
        return None if value[0] == value[1] == center else (value[0], value[1])

    def make_params(self, flat_inputs):
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        return {"order": order.tolist(), "factors": factors}

    def transform(self, inpt, params):
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        names = ("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")
        for number in params["order"]:
            factor = params["factors"][number]
            if factor is not None:
                inpt = self._call_kernel(changes[number], inpt, **{names[number]: factor})
        return inpt


class RandomChannelPermutation(Transform):
    """The channels in an order drawn anew each time."""

    def make_params(self, flat_inputs):
        channels, _, _ = query_chw(flat_inputs)
        return {"permutation": torch.randperm(channels).tolist()}

    def transform(self, inpt, params):
        return self._call_kernel(F.permute_channels, inpt, **params)


class RandomPhotometricDistort(Transform):
    """Each of brightness, contrast, saturation, hue and the order of channels changed with probability p (SSD's)."""

    def __init__(
        self,
        brightness=(0.875, 1.125),
        contrast=(0.5, 1.5),
        saturation=(0.5, 1.5),
        hue=(-0.05, 0.05),
        p: float = 0.5,
    ) -> None:
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast
        self.hue = hue
        self.saturation = saturation
        self.p = p

    def make_params(self, flat_inputs):
        channels, _, _ = query_chw(flat_inputs)
        ranges = {
            "brightness_factor": self.brightness,
            "contrast_factor": self.contrast,
            "saturation_factor": self.saturation,
            "hue_factor": self.hue,
        }
        params = {name: uniform(*span) if chance(self.p) else None for name, span in ranges.items()}
        params["contrast_before"] = chance(0.5)
        params["permutation"] = torch.randperm(channels).tolist() if chance(self.p) else None
        return params

    def transform(self, inpt, params):
        first = [(F.adjust_brightness, "brightness_factor")]
        last = [(F.adjust_saturation, "saturation_factor"), (F.adjust_hue, "hue_factor")]
        (first if params["contrast_before"] else last).append((F.adjust_contrast, "contrast_factor"))
        for change, name in [*first, *last, (F.permute_channels, "permutation")]:
            if params[name] is not None:
                inpt = self._call_kernel(change, inpt, **{name: params[name]})
        return inpt


class RandomEqualize(RandomApplyTransform):
    """Each channel's histogram made flat, with probability p."""

    def transform(self, inpt, params):
        return self._call_kernel(F.equalize, inpt)


class RandomInvert(RandomApplyTransform):
    """The negative, with probability p."""

    def transform(self, inpt, params):
        return self._call_kernel(F.invert, inpt)


class RandomAutocontrast(RandomApplyTransform):
    """Each channel stretched to the whole range, with probability p."""

    def transform(self, inpt, params):
        return self._call_kernel(F.autocontrast, inpt)


class RandomPosterize(RandomApplyTransform):
    """Only the first `bits` of each value, with probability p."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.bits = bits

    def transform(self, inpt, params):
        return self._call_kernel(F.posterize, inpt, bits=self.bits)


class RandomSolarize(RandomApplyTransform):
    """All values from `threshold` on inverted, with probability p."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.threshold = threshold

    def transform(self, inpt, params):
        return self._call_kernel(F.solarize, inpt, threshold=self.threshold)


class RandomAdjustSharpness(RandomApplyTransform):
    """The sharpness changed by a fixed factor, with probability p."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor

    def transform(self, inpt, params):
        return self._call_kernel(F.adjust_sharpness, inpt, sharpness_factor=self.sharpness_factor)
