"""arange and linspace, bit for bit; logspace."""
import numpy as np
import pytest
import rushlight as torch

SIZES = (0, 1, 2, 3, 8, 10, 16, 17, 33, 50, 64, 100, 250)
ENDS = ((-1, 1), (0, 1), (0.1, 7.3), (5, -3), (-3.25, -3.25), (2.5, 1e6))


def bits(t):
    return t.double().numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64", "int32"])
@pytest.mark.parametrize("start, end", ENDS)
def test_linspace(oracle, start, end, dtype):
    if dtype == "float16" and end > 6e4:
        pytest.skip("beyond float16")
    for n in SIZES:
        mine, theirs = (m.linspace(start, end, n, dtype=getattr(m, dtype)) for m in (torch, oracle))
        np.testing.assert_array_equal(bits(mine), bits(theirs))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("step", [0.1, 0.01, 1 / 3, -0.7, 0.25])
def test_arange(oracle, step, dtype):
    for n in SIZES:
        for start in (0, 1.3, -2.71):
            end = start + step * (n - 0.5)
            mine, theirs = (m.arange(start, end if n else start, step, dtype=getattr(m, dtype)) for m in (torch, oracle))
            np.testing.assert_array_equal(bits(mine), bits(theirs))


@pytest.mark.parametrize("args", [(5,), (2, 9), (2, 9, 3), (9, 2, -2), (0.5, 4), (3, 3)])
def test_arange_of_few_arguments(oracle, args):
    mine, theirs = torch.arange(*args), oracle.arange(*args)
    assert str(mine.dtype) == str(theirs.dtype) and mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logspace(oracle, dtype):
    for n in SIZES:
        mine, theirs = (m.logspace(-2, 1.5, n, dtype=getattr(m, dtype)) for m in (torch, oracle))
        np.testing.assert_allclose(bits(mine), bits(theirs), rtol=1e-6)


def test_refusals():
    with pytest.raises(RuntimeError, match="number of steps must be non-negative"):
        torch.linspace(0, 1, -1)
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        torch.arange(0, 1, 0)
