"""Helpers of the optimizer tests: the same parameters and gradients for Rushlight and for PyTorch."""

import numpy as np
import pytest


@pytest.fixture
def values():
    """`values(shape, seed)`: float32 numbers that both libraries are given."""

    def make(shape, seed=0):
        return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)

    return make


@pytest.fixture
def carry():
    """`carry(object, torch)`: a state dict with its tensors made anew in `torch`, bit for bit."""

    def convert(value, torch):
        if hasattr(value, "numpy") and hasattr(value, "dtype"):
            # np.array copies: nothing is shared between the two libraries.
            return torch.from_numpy(np.array(value.detach().numpy())).reshape(tuple(value.shape))
        if isinstance(value, dict):
            return {key: convert(entry, torch) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(convert(entry, torch) for entry in value)
        return value

    return convert
