"""Colours of images and videos (torchvision.transforms.v2.functional)."""

import numpy as np

import rushlight as torch
from rushlight.vision import _arrays, tv_tensors
from rushlight.vision.transforms import _functional_pil as pil
from rushlight.vision.transforms import _kernels
from rushlight.vision.transforms.v2.functional._misc import to_dtype_image
from rushlight.vision.transforms.v2.functional._registry import (
    IMAGE_KINDS,
    add_kernel,
    functional,
    kernel_for,
    of_video,
)


def _is_tensor(image) -> bool:
    return isinstance(image, torch.Tensor)


def _require_grey_or_rgb(image, words: str = "permitted channel values are 1 or 3") -> None:
    channels = image.shape[-3]
    if channels not in (1, 3):
        raise TypeError(f"Input image tensor {words}, but found {channels}")


def _require_not_negative(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


# ---------------------------------------------------------------- grey
@functional
def rgb_to_grayscale(inpt, num_output_channels: int = 1):
    """In grey, with 1 or 3 equal channels: 0.2989 R + 0.587 G + 0.114 B."""
    return kernel_for(rgb_to_grayscale, inpt)(inpt, num_output_channels=num_output_channels)


def rgb_to_grayscale_image(image, num_output_channels: int = 1):
    if num_output_channels not in (1, 3):
        raise ValueError(f"num_output_channels must be 1 or 3, got {num_output_channels}.")
    if not _is_tensor(image):
        return pil.to_grayscale(image, num_output_channels)
    if image.shape[-3] == 1:
        return _in_three(image) if num_output_channels == 3 else image.clone()
    _require_grey_or_rgb(image)
    return _arrays.run(_kernels.grayscale, image, num_output_channels)


def _in_three(image):
    """Three equal channels of an image of one, over the same memory."""
    return image.expand(*image.shape[:-3], 3, *image.shape[-2:])


@functional
def grayscale_to_rgb(inpt):
    """A grey image with three channels; others as they are."""
    return kernel_for(grayscale_to_rgb, inpt)(inpt)


def grayscale_to_rgb_image(image):
    if not _is_tensor(image):
        return image.convert("RGB")
    return _in_three(image) if image.shape[-3] == 1 else image


def to_grayscale(inpt, num_output_channels: int = 1):
    """rgb_to_grayscale under its old name."""
    return rgb_to_grayscale(inpt, num_output_channels)


# ---------------------------------------------------------------- adjustments
@functional
def adjust_brightness(inpt, brightness_factor: float):
    """`brightness_factor` times as bright: 0 is black, 1 the image itself."""
    return kernel_for(adjust_brightness, inpt)(inpt, brightness_factor=brightness_factor)


def adjust_brightness_image(image, brightness_factor: float):
    if not _is_tensor(image):
        return pil.adjust_brightness(image, brightness_factor)
    _require_not_negative("brightness_factor", brightness_factor)
    _require_grey_or_rgb(image)
    return _arrays.run(_kernels.brightness, image, brightness_factor)


@functional
def adjust_saturation(inpt, saturation_factor: float):
    """Blended with its grey form: 0 is black and white, 1 the image itself."""
    return kernel_for(adjust_saturation, inpt)(inpt, saturation_factor=saturation_factor)


def adjust_saturation_image(image, saturation_factor: float):
    if not _is_tensor(image):
        return pil.adjust_saturation(image, saturation_factor)
    _require_not_negative("saturation_factor", saturation_factor)
    _require_grey_or_rgb(image)
    return image if image.shape[-3] == 1 else _arrays.run(_kernels.saturation, image, saturation_factor)


@functional
def adjust_contrast(inpt, contrast_factor: float):
    """Blended with its mean grey: 0 is that grey, 1 the image itself."""
    return kernel_for(adjust_contrast, inpt)(inpt, contrast_factor=contrast_factor)


def adjust_contrast_image(image, contrast_factor: float):
    if not _is_tensor(image):
        return pil.adjust_contrast(image, contrast_factor)
    _require_not_negative("contrast_factor", contrast_factor)
    _require_grey_or_rgb(image)
    return _arrays.run(_kernels.contrast, image, contrast_factor)


@functional
def adjust_sharpness(inpt, sharpness_factor: float):
    """Blended with a smoothed one: 0 is smoothed, 1 the image itself, 2 sharper."""
    return kernel_for(adjust_sharpness, inpt)(inpt, sharpness_factor=sharpness_factor)


def adjust_sharpness_image(image, sharpness_factor: float):
    if not _is_tensor(image):
        return pil.adjust_sharpness(image, sharpness_factor)
    _require_grey_or_rgb(image, "can have 1 or 3 channels")
    _require_not_negative("sharpness_factor", sharpness_factor)
    return _arrays.run(_kernels.sharpness, image, sharpness_factor)


@functional
def adjust_hue(inpt, hue_factor: float):
    """With its hue turned by `hue_factor` of the colour circle, in [-0.5, 0.5]."""
    return kernel_for(adjust_hue, inpt)(inpt, hue_factor=hue_factor)


def adjust_hue_image(image, hue_factor: float):
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not _is_tensor(image):
        return pil.adjust_hue(image, hue_factor)
    _require_grey_or_rgb(image)
    if image.shape[-3] == 1 or image.numel() == 0:
        return image
    turned = _arrays.run(_kernels.hue, to_dtype_image(image, torch.float32, scale=True), hue_factor)
    return to_dtype_image(turned, image.dtype, scale=True)


@functional
def adjust_gamma(inpt, gamma: float, gain: float = 1):
    """gain * image ** gamma on [0, 1]: above 1 shadows get darker, below 1 lighter."""
    return kernel_for(adjust_gamma, inpt)(inpt, gamma=gamma, gain=gain)


def adjust_gamma_image(image, gamma: float, gain: float = 1.0):
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if not _is_tensor(image):
        return pil.adjust_gamma(image, gamma, gain)
    values = image if image.is_floating_point() else to_dtype_image(image, torch.float32, scale=True)
    return to_dtype_image(_arrays.run(_kernels.gamma, values, gamma, gain), image.dtype, scale=True)


# ---------------------------------------------------------------- each value for itself
@functional
def posterize(inpt, bits: int):
    """Only the first `bits` of each value, or as many steps of [0, 1]."""
    return kernel_for(posterize, inpt)(inpt, bits=bits)


def posterize_image(image, bits: int):
    if not _is_tensor(image):
        return pil.posterize(image, bits)
    if not isinstance(bits, int) or not 0 <= bits <= 8:
        raise TypeError(f"bits must be a positive integer in the range [0, 8], got {bits} instead.")
    if image.is_floating_point():
        steps = 1 << bits
        return torch.clamp(torch.floor(image * steps), 0, steps - 1) * (1.0 / steps)
    depth = _value_bits(image.dtype)
    if bits >= depth:
        return image
    return image & (((1 << bits) - 1) << (depth - bits))


def _value_bits(dtype) -> int:
    """The bits of an integer type that hold values."""
    if dtype == torch.bool:
        raise TypeError(f"Number of value bits is only defined for integer dtypes, but got {dtype}.")
    return int(torch.iinfo(dtype).max).bit_length()


@functional
def solarize(inpt, threshold: float):
    """All values from `threshold` on inverted."""
    return kernel_for(solarize, inpt)(inpt, threshold=threshold)


def solarize_image(image, threshold: float):
    if not _is_tensor(image):
        return pil.solarize(image, threshold)
    if threshold > _arrays.top_value_of(image.dtype):
        raise TypeError(f"Threshold should be less or equal the maximum value of the dtype, but got {threshold}")
    if not image.is_floating_point():
        threshold = float(np.float32(threshold))  # whole numbers and a fraction are compared in float32
    return _arrays.run(_kernels.solarize, image, threshold)


@functional
def invert(inpt):
    """The negative."""
    return kernel_for(invert, inpt)(inpt)


def invert_image(image):
    if not _is_tensor(image):
        return pil.invert(image)
    if not image.is_floating_point():
        _value_bits(image.dtype)
    return _arrays.run(_kernels.invert, image)


# ---------------------------------------------------------------- whole channels
@functional
def autocontrast(inpt):
    """Each channel's darkest value made black and its brightest white."""
    return kernel_for(autocontrast, inpt)(inpt)


def autocontrast_image(image):
    if not _is_tensor(image):
        return pil.autocontrast(image)
    _require_grey_or_rgb(image)
    return _arrays.run(_kernels.autocontrast, image, True) if image.numel() else image


@functional
def equalize(inpt):
    """Each channel's histogram made as flat as it can be."""
    return kernel_for(equalize, inpt)(inpt)


def equalize_image(image):
    if not _is_tensor(image):
        return pil.equalize(image)
    if image.numel() == 0:
        return image
    pixels = to_dtype_image(image, torch.uint8, scale=True).cpu().numpy()
    flat = _arrays.to_tensor(_kernels.equalize(pixels)).to(image.device)
    return to_dtype_image(flat, image.dtype, scale=True)


@functional
def permute_channels(inpt, permutation):
    """The channels in the order `permutation`."""
    return kernel_for(permute_channels, inpt)(inpt, permutation=permutation)


def permute_channels_image(image, permutation):
    if not _is_tensor(image):
        from rushlight.vision.transforms.functional import pil_to_tensor, to_pil_image

        mode = image.mode if len(permutation) == len(image.getbands()) else None
        return to_pil_image(permute_channels_image(pil_to_tensor(image), permutation), mode)
    channels = image.shape[-3]
    if len(permutation) != channels:
        raise ValueError(
            f"Length of permutation does not match number of channels: {len(permutation)} != {channels}"
        )
    return image[..., list(permutation), :, :]


_NAMES = (
    "adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation adjust_sharpness autocontrast equalize "
    "invert permute_channels posterize solarize"
).split()
for _name in _NAMES:
    globals()[f"{_name}_video"] = of_video(globals()[f"{_name}_image"])
    add_kernel(globals()[_name], globals()[f"{_name}_image"], *IMAGE_KINDS, tv_tensors.Video)
for _name in ("rgb_to_grayscale", "grayscale_to_rgb"):
    add_kernel(globals()[_name], globals()[f"{_name}_image"], *IMAGE_KINDS)
