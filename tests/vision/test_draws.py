"""The transforms' single draws: the numbers of the tensors that torchvision draws, and the generator left where these leave it."""
import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision.transforms import _arguments


def drawn(draw, seed, count=400):
    torch.manual_seed(seed)
    values = [draw() for _ in range(count)]
    return values, torch.get_rng_state().tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("low, high", [(0.08, 1.0), (-0.2876820, 0.2876820), (0, 1), (-180, 180), (1e-3, 1.0001e-3), (5, 5)])
def test_uniform(dtype, low, high):
    torch.set_default_dtype(dtype)
    try:
        expected = drawn(lambda: torch.empty(1).uniform_(float(low), float(high)).item(), 3)
        assert drawn(lambda: _arguments.uniform(low, high), 3) == expected
    finally:
        torch.set_default_dtype(torch.float32)


def test_uniform_refuses_what_the_tensor_refuses():
    with pytest.raises(RuntimeError, match="uniform_"):
        _arguments.uniform(2, 1)


@pytest.mark.parametrize("low, high", [(0, 1), (-3, 77), (0, 2**28 - 1), (0, 2**28), (0, 2**40)])
def test_whole(low, high):
    assert drawn(lambda: _arguments.whole(low, high), 1) == drawn(lambda: torch.randint(low, high, (1,)).item(), 1)


@pytest.mark.parametrize("p", [0, 0.1, 0.5, 1])
def test_chance(p):
    assert drawn(lambda: bool(_arguments.chance(p)), 2) == drawn(lambda: bool((torch.rand(1) < p).item()), 2)


def test_one_rounding_where_the_sum_lies_midway():
    """The sum is 2**-70 below the middle of two float32: float64 holds only the middle, which would round up to even."""
    a, b, c = 1 + 2**-23, 2**-24 * (1 - 2**-23), 1 + 2**-23
    assert float(np.float32(a * b + c)) == 1 + 2**-22
    assert _arguments._multiply_add(a, b, c) == 1 + 2**-23


def test_exponential():
    torch.manual_seed(0)
    for value in (torch.rand(200) - 0.5).tolist():
        assert _arguments.exponential(value) == pytest.approx(math.exp(value), rel=6e-8)
