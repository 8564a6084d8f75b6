"""Random colours, grey, blur and erasing."""

import math
import numbers
from collections.abc import Sequence

import rushlight as torch
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms._arguments import _setup_size, chance, uniform, whole


class ColorJitter(torch.nn.Module):
    """Brightness, contrast, saturation and hue changed in random order, each by a factor drawn from its range.

    A number x stands for (max(0, 1 - x), 1 + x), for hue (-x, x); a pair for itself.
    """

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0) -> None:
        super().__init__()
        self.brightness = self._check_input(brightness, "brightness")
        self.contrast = self._check_input(contrast, "contrast")
        self.saturation = self._check_input(saturation, "saturation")
        self.hue = self._check_input(hue, "hue", center=0, bound=(-0.5, 0.5), clip_first_on_zero=False)

    def _check_input(self, value, name, center=1, bound=(0, float("inf")), clip_first_on_zero=True):
        if isinstance(value, numbers.Number):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            value = [center - float(value), center + float(value)]
            if clip_first_on_zero:
                value[0] = max(value[0], 0.0)
        elif isinstance(value, (tuple, list)) and len(value) == 2:
            value = [float(value[0]), float(value[1])]
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= value[0] <= value[1] <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {value}.")
        # A range of the one value that changes nothing is no change, and nothing is drawn for it.
        return None if value[0] == value[1] == center else tuple(value)

    @staticmethod
    def get_params(brightness, contrast, saturation, hue):
        """(the order of the four changes, the four factors; None for a change that is not made)."""
        order = torch.randperm(4)
        ranges = (brightness, contrast, saturation, hue)
        return (order, *(None if r is None else uniform(r[0], r[1]) for r in ranges))

    def forward(self, img):
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for number in order.tolist():
            if factors[number] is not None:
                img = changes[number](img, factors[number])
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


class Grayscale(torch.nn.Module):
    """In grey, with 1 or 3 channels."""

    def __init__(self, num_output_channels=1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img):
        return F.rgb_to_grayscale(img, num_output_channels=self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(torch.nn.Module):
    """In grey with probability p, with as many channels as before."""

    def __init__(self, p=0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img):
        channels, _, _ = F.get_dimensions(img)
        return F.rgb_to_grayscale(img, num_output_channels=channels) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomErasing(torch.nn.Module):
    """With probability p, a rectangle of a tensor overwritten (Zhong et al., 2017).

    Its share of the area is drawn from `scale`, its height to width from `ratio`. `value` is a number, one a channel,
    or 'random' for normal noise.
    """

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False) -> None:
        super().__init__()
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
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(img, scale, ratio, value=None):
        """(top, left, height, width, what to write); the whole image as it is where ten draws do not fit."""
        drawn = draw_erasing(*img.shape[-3:], scale, ratio, value)
        return (0, 0, img.shape[-2], img.shape[-1], img) if drawn is None else drawn

    def forward(self, img):
        if not chance(self.p):
            return img
        if isinstance(self.value, (int, float)):
            value = [float(self.value)]
        elif isinstance(self.value, str):
            value = None
        else:
            value = [float(v) for v in self.value]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        top, left, height, width, v = self.get_params(img, scale=self.scale, ratio=self.ratio, value=value)
        return F.erase(img, top, left, height, width, v, self.inplace)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )


def draw_erasing(channels: int, height: int, width: int, scale, ratio, value=None):
    """RandomErasing.get_params of an image of this size; None where ten draws do not fit."""
    area = height * width
    log_ratio = torch.log(torch.tensor(ratio))
    low, high = float(log_ratio[0]), float(log_ratio[1])
    for _ in range(10):
        share = area * uniform(scale[0], scale[1])
        aspect = torch.exp(torch.empty(1).uniform_(low, high)).item()
        h = int(round(math.sqrt(share * aspect)))
        w = int(round(math.sqrt(share / aspect)))
        if not (h < height and w < width):
            continue
        if value is None:
            v = torch.empty([channels, h, w], dtype=torch.float32).normal_()
        else:
            v = torch.tensor(value)[:, None, None]
        top = whole(0, height - h + 1)
        left = whole(0, width - w + 1)
        return top, left, h, w, v
    return None


class GaussianBlur(torch.nn.Module):
    """Blurred by a Gaussian of odd `kernel_size`, its width drawn from `sigma` (min, max)."""

    def __init__(self, kernel_size, sigma=(0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = _setup_size(kernel_size, "Kernel size should be a tuple/list of two integers")
        for size in self.kernel_size:
            if size <= 0 or size % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif isinstance(sigma, Sequence) and len(sigma) == 2:
            if not 0.0 < sigma[0] <= sigma[1]:
                raise ValueError("sigma values should be positive and of the form (min, max).")
        else:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A width between the two."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img):
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


class _WithChance(torch.nn.Module):
    """One functional transform, with probability p."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def _changed(self, img):
        raise NotImplementedError

    def forward(self, img):
        return self._changed(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(_WithChance):
    """The negative, with probability p."""

    def __init__(self, p=0.5) -> None:
        super().__init__(p)

    def _changed(self, img):
        return F.invert(img)


class RandomPosterize(_WithChance):
    """Only the first `bits` of each value, with probability p."""

    def __init__(self, bits, p=0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def _changed(self, img):
        return F.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(_WithChance):
    """All values from `threshold` on inverted, with probability p."""

    def __init__(self, threshold, p=0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def _changed(self, img):
        return F.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(_WithChance):
    """The sharpness changed by a fixed factor, with probability p."""

    def __init__(self, sharpness_factor, p=0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _changed(self, img):
        return F.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(_WithChance):
    """Each channel stretched to the whole range, with probability p."""

    def __init__(self, p=0.5) -> None:
        super().__init__(p)

    def _changed(self, img):
        return F.autocontrast(img)


class RandomEqualize(_WithChance):
    """Each channel's histogram made flat, with probability p."""

    def __init__(self, p=0.5) -> None:
        super().__init__(p)

    def _changed(self, img):
        return F.equalize(img)
