"""Checks of the transforms' arguments, in the words that torchvision has for them; and the usual draws."""

import numbers
from collections.abc import Sequence

import numpy as np

import rushlight as torch


def chance(p: float) -> bool:
    """True with probability p: one draw from the default generator."""
    return torch.rand(1).item() < np.float32(p)  # as a float32 tensor compares with a number


def uniform(low: float, high: float) -> float:
    """One number between low and high: one draw from the default generator."""
    return torch.empty(1).uniform_(float(low), float(high)).item()


def whole(low: int, high: int) -> int:
    """One whole number from low to below high: one draw from the default generator."""
    return int(torch.randint(low, high, size=(1,)).item())


def _setup_size(size, error_msg: str):
    """(height, width) of a number or a sequence of one or two."""
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    if isinstance(size, Sequence) and len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(error_msg)
    return size


ONLY_TWO = "Please provide only two dimensions (h, w) for size."


def _check_sequence_input(x, name: str, req_sizes) -> None:
    wanted = req_sizes[0] if len(req_sizes) < 2 else " or ".join(str(n) for n in req_sizes)
    if not isinstance(x, Sequence):
        raise TypeError(f"{name} should be a sequence of length {wanted}.")
    if len(x) not in req_sizes:
        raise ValueError(f"{name} should be a sequence of length {wanted}.")


def _setup_angle(x, name: str, req_sizes=(2,)) -> list[float]:
    """[-x, x] of a number; a sequence of the required lengths as floats."""
    if isinstance(x, numbers.Number):
        if x < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        x = [-x, x]
    else:
        _check_sequence_input(x, name, req_sizes)
    return [float(d) for d in x]


def fill_for(img, fill):
    """`fill` as the functions take it: for tensors, a float a channel (None stays None)."""
    if not isinstance(img, torch.Tensor) or fill is None:
        return fill
    if isinstance(fill, (int, float)):
        channels = 1 if img.ndim == 2 else img.shape[-3]
        return [float(fill)] * channels
    return [float(f) for f in fill]
