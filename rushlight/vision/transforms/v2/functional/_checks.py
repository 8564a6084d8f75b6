"""Arguments of the geometric functionals, checked and brought into one form."""

import numbers

import rushlight as torch
from rushlight.vision.transforms._modes import InterpolationMode, _interpolation_modes_from_int


def interpolation_of(interpolation) -> InterpolationMode:
    """The mode given as itself, by its name, or as Pillow's number."""
    if isinstance(interpolation, str):
        names = [mode.value for mode in InterpolationMode]
        if interpolation.lower() not in names:
            raise ValueError(
                f"Invalid interpolation mode: '{interpolation}'. Supported string values are: {names}."
            )
        return InterpolationMode(interpolation.lower())
    if isinstance(interpolation, int):
        return _interpolation_modes_from_int(interpolation)
    if not isinstance(interpolation, InterpolationMode):
        raise ValueError(
            "Argument interpolation should be an `InterpolationMode`, its name or a corresponding Pillow integer "
            f"constant, but got {interpolation}."
        )
    return interpolation


def size_argument(size, max_size):
    """[height, width], [shorter side], or None, where `max_size` is the longer one's."""
    if isinstance(size, int):
        size = [size]
    if size is not None and max_size is not None and len(size) != 1:
        raise ValueError(
            "max_size should only be passed if size is None or specifies the length of the smaller edge, "
            "i.e. size should be an int or a sequence of length 1 in torchscript mode."
        )
    return size


def pair_of(size):
    """(height, width) of one number or two."""
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    if len(size) == 1:
        return size[0], size[0]
    height, width = size
    return height, width


def sides_of(padding) -> list[int]:
    """[left, top, right, bottom]."""
    if isinstance(padding, int):
        return [padding] * 4
    if not isinstance(padding, (tuple, list)):
        raise TypeError(f"`padding` should be an integer or tuple or list of integers, but got {padding}")
    if len(padding) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple or list. Found {len(padding)}")
    return list(padding) * (4 // len(padding))


def affine_arguments(angle, translate, scale, shear, center):
    """The arguments of an affine map, shear as a pair."""
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shear = [shear, 0.0] if isinstance(shear, numbers.Number) else list(shear)
    if len(shear) == 1:
        shear = [shear[0], shear[0]]
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    return float(angle), list(translate), scale, shear, center


def check_displacement(displacement, height: int, width: int) -> None:
    if not isinstance(displacement, torch.Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    expected = (1, height, width, 2)
    if tuple(displacement.shape) != expected:
        raise ValueError(f"Argument displacement shape should be {expected}, but given {displacement.shape}")


def displacement_of(displacement, canvas_size):
    """The displacement of a picture of this size, as an array."""
    check_displacement(displacement, *canvas_size)
    return displacement.detach().cpu().numpy()
