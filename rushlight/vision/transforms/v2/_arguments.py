"""Checks of the arguments that transforms share, in torchvision's words; fills by kind of input; draws."""

import numbers
from collections.abc import Sequence

import numpy as np

import rushlight as torch


def at_most(p: float) -> bool:
    """Whether a draw from [0, 1) is not above p: one draw from the default generator."""
    return torch.rand(()).item() <= np.float32(p)


def draw(count: int) -> list:
    """`count` float32 numbers from [0, 1), drawn at once."""
    return [np.float32(value) for value in torch.rand(count).tolist()]


def pair_of_floats(arg, name: str) -> list[float]:
    """[x, y] of one number or a sequence of one or two."""
    if not isinstance(arg, (int, float, Sequence)):
        raise TypeError(f"{name} should be a number or a sequence of numbers. Got {type(arg)}")
    if not isinstance(arg, Sequence):
        return [float(arg), float(arg)]
    if len(arg) not in (1, 2):
        raise ValueError(f"If {name} is a sequence its length should be 1 or 2. Got {len(arg)}")
    for element in arg:
        if not isinstance(element, (int, float)):
            raise ValueError(f"{name} should be a sequence of numbers. Got {type(element)}")
    return [float(arg[0]), float(arg[-1])]


def check_padding(padding) -> None:
    whole = isinstance(padding, int)
    if isinstance(padding, (tuple, list)):
        whole = len(padding) in (1, 2, 4) and all(isinstance(side, int) for side in padding)
    if not whole:
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element of tuple or list, got {padding}.")


def check_padding_mode(padding_mode) -> None:
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")


# ---------------------------------------------------------------- fills
def fills_of(fill) -> dict:
    """{kind of input: its fill}; a fill for all kinds is that of "others"."""
    if not isinstance(fill, dict):
        return {"others": _checked_fill(fill)}
    return {kind: _checked_fill(value) for kind, value in fill.items()}


def _checked_fill(fill):
    if fill is None or isinstance(fill, numbers.Number):
        return fill
    if not isinstance(fill, (tuple, list)):
        raise TypeError("Got inappropriate fill arg, only Numbers, tuples, lists and dicts are allowed.")
    return [float(value) for value in fill]


def fill_for_part(fills: dict, inpt):
    """The fill of this part of a sample."""
    return fills.get(type(inpt), fills.get("others"))
