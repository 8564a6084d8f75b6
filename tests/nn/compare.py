"""Comparing Rushlight with PyTorch: values, and what a piece of code does (its result, error and warnings)."""
import re
import warnings

import numpy as np


def arrays(value):
    """All tensors in a (nested) result, as arrays, in order."""
    if value is None:
        return []
    if hasattr(value, "detach"):
        return [value.detach().numpy()]
    if isinstance(value, dict):
        return [array for item in value.values() for array in arrays(item)]
    if isinstance(value, (tuple, list)):
        return [array for item in value for array in arrays(item)]
    return [np.asarray(value)]


def assert_close(ours, theirs, rtol=2e-5, atol=2e-6):
    ours, theirs = arrays(ours), arrays(theirs)
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs):
        assert mine.shape == expected.shape
        assert mine.dtype == expected.dtype
        np.testing.assert_allclose(mine, expected, rtol=rtol, atol=atol)


def assert_equal(ours, theirs):
    ours, theirs = arrays(ours), arrays(theirs)
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs):
        assert mine.shape == expected.shape
        assert mine.dtype == expected.dtype
        np.testing.assert_array_equal(mine, expected)


def outcome(scenario, torch):
    """What `scenario(torch)` does, as text: the printed result, or the error, and the warnings."""
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            text = repr(scenario(torch))
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
    for warning in caught:
        text += f"\n{warning.category.__name__}: {warning.message}"
    text = re.sub(r"\b(rushlight|torch)\.nn\b", "torch.nn", text)
    return re.sub(r"0x[0-9a-f]+", "0x", text)
