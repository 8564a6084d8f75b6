"""The NumPy backend's pooling against windows looked at one by one, and against PyTorch."""
import itertools

import numpy as np
import pytest

from rushlight.backends.numpy import pool
from rushlight.backends.numpy.pool import max_pool, max_pool_dx, max_pool_index, sum_pool, sum_pool_dx

CASES = {  # shape, window, stride, padding, dilation, out_size
    "side by side": ((2, 3, 6, 8), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), (3, 4)),
    "rows left over": ((2, 3, 7, 9), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), (3, 4)),
    "overlapping, padded": ((2, 3, 7, 8), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), (4, 4)),
    "stride 1": ((2, 3, 5, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), (5, 5)),
    "beyond the end": ((1, 2, 6, 7), (3, 2), (2, 3), ((1, 2), (0, 2)), (1, 1), (4, 3)),
    "dilated": ((2, 2, 9, 8), (3, 2), (2, 1), ((1, 1), (1, 1)), (2, 3), (4, 7)),
    "gaps": ((2, 2, 9, 8), (2, 1), (3, 4), ((0, 0), (0, 0)), (1, 1), (3, 2)),
    "whole plane": ((4, 5, 7, 8), (7, 8), (7, 8), ((0, 0), (0, 0)), (1, 1), (1, 1)),
    "one dimension": ((3, 2, 11), (4,), (3,), ((2, 1),), (1,), (4,)),
    "three dimensions": ((2, 2, 4, 5, 6), (2, 3, 2), (2, 1, 2), ((0, 0), (1, 1), (0, 0)), (1, 1, 1), (2, 5, 3)),
    "no batch": ((3, 6, 6), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), (3, 3)),
    "many taps": ((1, 2, 20, 20), (17, 17), (1, 1), ((8, 8), (8, 8)), (1, 1), (20, 20)),
}


def window_of(place, window, stride, padding, dilation, size):
    """The positions inside the plane that a window meets, in the order of memory."""
    along = [[o * s - low + k * d for k in range(w) if 0 <= o * s - low + k * d < n]
             for o, w, s, (low, _), d, n in zip(place, window, stride, padding, dilation, size)]
    return list(itertools.product(*along))


def make(case, dtype=np.float64, seed=0):
    shape, *how = CASES[case]
    return np.random.default_rng(seed).integers(-5, 6, shape).astype(dtype), how  # integers: there are many ties


@pytest.mark.parametrize("case", CASES)
def test_definition(case, monkeypatch):
    x, (window, stride, padding, dilation, out_size) = make(case)
    rank = len(window)
    lead, size = x.shape[:-rank], x.shape[-rank:]
    maxima, where, sums = np.empty(lead + out_size), np.empty(lead + out_size, np.int64), np.empty(lead + out_size)
    for place in itertools.product(*map(range, out_size)):
        met = window_of(place, window, stride, padding, dilation, size)
        values = np.stack([x[(...,) + p] for p in met], -1)
        maxima[(...,) + place] = values.max(-1)
        where[(...,) + place] = np.array([np.ravel_multi_index(p, size) for p in met])[values.argmax(-1)]
        sums[(...,) + place] = values.sum(-1)
    for chunk in (pool.CHUNK_BYTES, 1):
        monkeypatch.setattr(pool, "CHUNK_BYTES", chunk)
        got = max_pool(x, window, stride, padding, dilation, out_size)
        np.testing.assert_array_equal(got, maxima)
        assert got.flags.c_contiguous
        index = max_pool_index(x, window, stride, padding, dilation, out_size)
        assert index.dtype == np.int64
        np.testing.assert_array_equal(index, where)
        if set(dilation) == {1}:
            np.testing.assert_array_equal(sum_pool(x, window, stride, padding, out_size), sums)
    g = np.random.default_rng(1).standard_normal(lead + out_size)
    dx = max_pool_dx(g, where, x.shape, rank)
    # the gradients are the transposes of linear maps: <dx, u> = <g, what the map makes of u>
    u = np.random.default_rng(2).standard_normal(x.shape)
    picked = np.take_along_axis(u.reshape(*lead, -1), where.reshape(*lead, -1), -1).reshape(g.shape)
    np.testing.assert_allclose((dx * u).sum(), (g * picked).sum())
    if set(dilation) == {1}:
        dx = sum_pool_dx(g, x.shape, window, stride, padding)
        assert dx.shape == x.shape and dx.flags.c_contiguous
        np.testing.assert_allclose((dx * u).sum(), (g * sum_pool(u, window, stride, padding, out_size)).sum())


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
@pytest.mark.parametrize("case", ["overlapping, padded", "side by side", "beyond the end"])
def test_padding_never_wins(case, dtype):
    shape, window, stride, padding, dilation, out_size = CASES[case]
    x = np.full(shape, -3 if dtype != np.uint8 else 0, dtype)
    assert (max_pool(x, window, stride, padding, dilation, out_size) == x.flat[0]).all()


def test_nan_and_infinities(oracle):
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    for value in (np.nan, -np.inf, np.inf):
        x[np.random.default_rng(1).random(x.shape) < 0.3] = value
        for kernel, stride, pad in [(2, 2, 0), (3, 2, 1), (3, 1, 1)]:
            y, index = oracle.nn.functional.max_pool2d(oracle.tensor(x), kernel, stride, pad, return_indices=True)
            how = ((kernel,) * 2, (stride,) * 2, ((pad,) * 2,) * 2, (1, 1), tuple(y.shape[2:]))
            np.testing.assert_array_equal(max_pool(x, *how), y.numpy())
            np.testing.assert_array_equal(max_pool_index(x, *how), index.numpy())
    least = np.full((1, 1, 4, 4), -np.inf, np.float32)
    index = oracle.nn.functional.max_pool2d(oracle.tensor(least), 3, 2, 1, return_indices=True)[1].numpy()
    np.testing.assert_array_equal(max_pool_index(least, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), (2, 2)), index)


@pytest.mark.parametrize("case", CASES)
def test_pytorch(case, oracle):
    x, (window, stride, padding, dilation, out_size) = make(case, np.float32, 3)
    if any(low != high for low, high in padding):
        pytest.skip("PyTorch pads evenly")
    if any(2 * low > w for (low, _), w in zip(padding, window)):
        pytest.skip("PyTorch pads by half a window at most")
    function = getattr(oracle.nn.functional, f"max_pool{len(window)}d")
    tx = oracle.tensor(x, requires_grad=True)
    y, index = function(tx, window, stride, tuple(p for p, _ in padding), dilation, return_indices=True)
    g = np.random.default_rng(0).standard_normal(y.shape).astype(np.float32)
    y.backward(oracle.tensor(g))
    np.testing.assert_array_equal(max_pool(x, window, stride, padding, dilation, out_size), y.detach().numpy())
    np.testing.assert_array_equal(max_pool_index(x, window, stride, padding, dilation, out_size), index.numpy())
    np.testing.assert_allclose(max_pool_dx(g, index.numpy(), x.shape, len(window)), tx.grad.numpy(), atol=1e-5)


def test_nothing():
    how = ((2, 2), (2, 2), ((0, 0), (0, 0)))
    x = np.zeros((0, 3, 4, 4), np.float32)
    assert max_pool(x, *how, (1, 1), (2, 2)).shape == (0, 3, 2, 2)
    assert max_pool_index(x, *how, (1, 1), (2, 2)).shape == (0, 3, 2, 2)
    y = sum_pool(x, *how, (2, 2))
    assert y.shape == (0, 3, 2, 2) and y.dtype == np.float32
    assert sum_pool_dx(y, x.shape, *how).shape == x.shape
    assert max_pool_dx(y, np.zeros(y.shape, np.int64), x.shape, 2).shape == x.shape
