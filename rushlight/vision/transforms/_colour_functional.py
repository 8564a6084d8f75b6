"""Colours of PIL images and tensors, erasing and blurring (transforms.functional)."""

import rushlight as torch
from rushlight.vision import _arrays
from rushlight.vision.transforms import _functional_pil as pil
from rushlight.vision.transforms import _kernels, _sampling
from rushlight.vision.transforms._conversion_functional import (
    convert_image_dtype,
    get_dimensions,
    is_tensor,
    pil_to_tensor,
    require_channels,
    require_image_tensor,
    to_pil_image,
)


def _of(img, of_pil, kernel, *args, channels=(1, 3)):
    """`of_pil` for PIL images, or the kernel for tensors of so many channels."""
    if not is_tensor(img):
        pil.require_pil(img)
        return of_pil(img, *args)
    require_image_tensor(img)
    require_channels(img, list(channels))
    return _arrays.run(kernel, img, *args)


def adjust_brightness(img, brightness_factor: float):
    """The image, `brightness_factor` times as bright: 0 is black, 1 the image itself."""
    _not_negative("brightness_factor", brightness_factor, img)
    return _of(img, pil.adjust_brightness, _kernels.brightness, brightness_factor)


def adjust_contrast(img, contrast_factor: float):
    """The image blended with its mean grey: 0 is that grey, 1 the image itself."""
    _not_negative("contrast_factor", contrast_factor, img)
    return _of(img, pil.adjust_contrast, _kernels.contrast, contrast_factor, channels=(3, 1))


def adjust_saturation(img, saturation_factor: float):
    """The image blended with its grey form: 0 is black and white, 1 the image itself."""
    _not_negative("saturation_factor", saturation_factor, img)
    if is_tensor(img) and get_dimensions(img)[0] == 1:
        return img
    return _of(img, pil.adjust_saturation, _kernels.saturation, saturation_factor)


def adjust_sharpness(img, sharpness_factor: float):
    """The image blended with a smoothed one: 0 is smoothed, 1 the image itself, 2 sharper."""
    _not_negative("sharpness_factor", sharpness_factor, img)
    return _of(img, pil.adjust_sharpness, _kernels.sharpness, sharpness_factor)


def _not_negative(name: str, factor: float, img) -> None:
    if is_tensor(img) and factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_hue(img, hue_factor: float):
    """The image with its hue turned by `hue_factor` of the colour circle, in [-0.5, 0.5]."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not is_tensor(img):
        pil.require_pil(img)
        return pil.adjust_hue(img, hue_factor)
    require_image_tensor(img)
    require_channels(img, [1, 3])
    if get_dimensions(img)[0] == 1:
        return img
    turned = _arrays.run(_kernels.hue, convert_image_dtype(img, torch.float32), hue_factor)
    return convert_image_dtype(turned, img.dtype)


def adjust_gamma(img, gamma: float, gain: float = 1):
    """The image as 255 * gain * (image / 255) ** gamma: above 1 shadows get darker, below 1 lighter."""
    if is_tensor(img):
        require_channels(img, [1, 3])
    else:
        pil.require_pil(img)
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if not is_tensor(img):
        return pil.adjust_gamma(img, gamma, gain)
    values = img if img.is_floating_point() else convert_image_dtype(img, torch.float32)
    return convert_image_dtype(_arrays.run(_kernels.gamma, values, gamma, gain), img.dtype)


def to_grayscale(img, num_output_channels: int = 1):
    """A PIL image in grey, with 1 or 3 channels. For tensors there is rgb_to_grayscale."""
    if not pil.is_pil(img):
        raise TypeError("Input should be PIL Image")
    return pil.to_grayscale(img, num_output_channels)


def rgb_to_grayscale(img, num_output_channels: int = 1):
    """The image in grey, with 1 or 3 equal channels: 0.2989 R + 0.587 G + 0.114 B."""
    if not is_tensor(img):
        pil.require_pil(img)
        return to_grayscale(img, num_output_channels)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    require_channels(img, [1, 3])
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    return _arrays.run(_kernels.grayscale, img, num_output_channels)


def invert(img):
    """The negative."""
    if is_tensor(img) and img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    return _of(img, pil.invert, _kernels.invert)


def posterize(img, bits: int):
    """A uint8 image with only the first `bits` (0 to 8) of each value kept."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if is_tensor(img):
        _at_least_three(img)
        _only_uint8(img)
    return _of(img, pil.posterize, _kernels.posterize, bits)


def solarize(img, threshold: float):
    """The image with all values from `threshold` on inverted."""
    if is_tensor(img):
        _at_least_three(img)
        require_channels(img, [1, 3])
        if threshold > _arrays.top_value_of(img.dtype):
            raise TypeError("Threshold should be less than bound of img.")
    return _of(img, pil.solarize, _kernels.solarize, threshold)


def autocontrast(img):
    """The image with each channel's darkest value made black and its brightest white."""
    if is_tensor(img):
        _at_least_three(img)
    return _of(img, pil.autocontrast, _kernels.autocontrast)


def equalize(img):
    """A uint8 image with each channel's histogram made as flat as it can be."""
    if not is_tensor(img):
        pil.require_pil(img)
        return pil.equalize(img)
    if not 3 <= img.ndim <= 4:
        raise TypeError(f"Input image tensor should have 3 or 4 dimensions, but found {img.ndim}")
    _only_uint8(img)
    require_channels(img, [1, 3])
    return _arrays.to_tensor(_kernels.equalize(img.cpu().numpy())).to(img.device)


def _at_least_three(img) -> None:
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")


def _only_uint8(img) -> None:
    if img.dtype != torch.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")


def erase(img, i: int, j: int, h: int, w: int, v, inplace: bool = False):
    """The tensor with the rectangle of (h, w) from (i, j) on set to `v`."""
    if not is_tensor(img):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    if not inplace:
        img = img.clone()
    img[..., i : i + h, j : j + w] = v
    return img


def gaussian_blur(img, kernel_size, sigma=None):
    """The image blurred by a Gaussian; `kernel_size` and `sigma` are one number or (x, y)."""
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}")
    if isinstance(kernel_size, int):
        kernel_size = [kernel_size, kernel_size]
    if len(kernel_size) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(kernel_size)}")
    for size in kernel_size:
        if size % 2 == 0 or size < 0:
            raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    if sigma is None:
        sigma = [size * 0.15 + 0.35 for size in kernel_size]
    if not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    if isinstance(sigma, (int, float)):
        sigma = [float(sigma), float(sigma)]
    if len(sigma) == 1:
        sigma = [sigma[0], sigma[0]]
    if len(sigma) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigma)}")
    for width in sigma:
        if width <= 0.0:
            raise ValueError(f"sigma should have positive values. Got {sigma}")
    if is_tensor(img):
        require_image_tensor(img)
        return _sampling.gaussian_blur(img, kernel_size, sigma)
    if not pil.is_pil(img):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
    return to_pil_image(_sampling.gaussian_blur(pil_to_tensor(img), kernel_size, sigma), mode=img.mode)
