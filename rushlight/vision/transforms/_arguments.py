"""Checks of the transforms' arguments, in the words that torchvision has for them; and the usual draws."""

import math
import numbers
from collections.abc import Sequence

import numpy as np

import rushlight as torch


_LARGE = 1e30  # bounds below this have a float32 difference

# A draw of one number takes one 32-bit word of the default generator's stream. Drawing the word itself gives the number
# that a tensor of one element would hold, in a tenth of the time.
def _word() -> int:
    return int(torch.default_generator.words(1)[0])


def _unit() -> float:
    """What `torch.rand(1)` holds: a float32 in [0, 1), from the low 24 bits of a word."""
    if torch.get_default_dtype() != torch.float32:
        return torch.rand(1).item()
    return (_word() & 0xFFFFFF) * 2.0**-24


def chance(p: float) -> bool:
    """True with probability p: one draw from the default generator."""
    return _unit() < np.float32(p)  # as a float32 tensor compares with a number


def uniform(low: float, high: float) -> float:
    """One number between low and high: one draw from the default generator."""
    low, high = float(low), float(high)
    if torch.get_default_dtype() != torch.float32 or not -_LARGE < low < high < _LARGE:
        return torch.empty(1).uniform_(low, high).item()
    low, high = np.float32(low), np.float32(high)
    value = _multiply_add(_unit(), float(high - low), float(low))
    return value if value < high else float(low)


def exponential(value: float) -> float:
    """e to the `value` as a tensor of the default dtype holds it."""
    if torch.get_default_dtype() != torch.float32:
        return torch.exp(torch.tensor(value)).item()
    return float(np.float32(math.exp(value)))


def _multiply_add(a: float, b: float, c: float) -> float:
    """a * b + c of three float32 values, rounded once, to float32."""
    total = a * b + c  # the product is exact in 53 bits, the sum may be rounded to them
    if np.float64(total).view(np.int64) & 0x1FFFFFFF == 0x10000000:
        # Midway between two float32: only the exact sum says which one is nearer.
        from fractions import Fraction

        exact = Fraction(a) * Fraction(b) + Fraction(c)
        if exact != total:
            total = math.nextafter(total, math.inf if exact > total else -math.inf)
    return float(np.float32(total))


def whole(low: int, high: int) -> int:
    """One whole number from low to below high: one draw from the default generator."""
    if 0 < high - low < 2**28:  # a wider range takes two words
        return low + _word() % (high - low)
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
