"""Sorting, selecting, counting and running extremes of the NumPy backend."""
import numpy as np
import pytest

from rushlight.backends.numpy import cumulative, sorting

nan, inf = np.nan, np.inf
DTYPES = [np.float32, np.float64, np.int64, np.int32, np.uint8, np.int8, np.bool_]
SHAPES = [((17,), 0), ((5, 9), 0), ((5, 9), 1), ((3, 4, 5), 1), ((3, 1), 1), ((40, 3), 0)]


def make(shape, dtype, with_nan=True):
    """Few different values, so that there are ties; NaN, both zeros, and infinities among floats."""
    random = np.random.default_rng(0)
    x = random.integers(0, 9, shape) - (0 if dtype == np.uint8 else 4)
    x = x.astype(dtype)
    if x.dtype.kind == "f":
        x[random.random(shape) < 0.1] = -0.0
        x[random.random(shape) < 0.05] = -inf
        if with_nan:
            x[random.random(shape) < 0.1] = nan
    return x


def take(x, index, axis):
    return np.take_along_axis(x, np.expand_dims(index, axis), axis).squeeze(axis)


# ---- known answers ---------------------------------------------------------------------------------------------------

def test_order():
    x = np.array([3, nan, 1, nan, inf, -inf, 1, -0.0, 0.0], np.float32)
    for dtype in (np.float32, np.float64):
        assert sorting.argsort(x.astype(dtype), 0).tolist() == [5, 7, 8, 2, 6, 0, 4, 1, 3]
        assert sorting.argsort(x.astype(dtype), 0, True).tolist() == [1, 3, 4, 0, 2, 6, 7, 8, 5]
        values, index = sorting.topk(x.astype(dtype), 4)
        assert index.tolist() == [1, 3, 4, 0] and values[3] == 3
        assert sorting.topk(x.astype(dtype), 3, largest=False)[1].tolist() == [5, 7, 8]
        assert [v.item() for v in sorting.kthvalue(x.astype(dtype), 4)] == [1, 2]
    wide = np.array([-2 ** 62, 2 ** 62, 0, -2 ** 62])
    assert sorting.argsort(wide, 0).tolist() == [0, 3, 2, 1] and sorting.argsort(wide, 0, True).tolist() == [1, 2, 0, 3]
    assert [sorting.kthvalue(wide, k)[1] for k in (1, 2, 3, 4)] == [0, 3, 2, 1]
    doubles = x.astype(np.float64)
    assert [sorting.kthvalue(doubles, k)[1] for k in range(1, 10)] == sorting.argsort(doubles, 0).tolist()
    assert sorting.argsort(np.zeros((0, 3)), 1).shape == (0, 3) and sorting.argsort(np.array(3.0)).shape == ()
    assert sorting.topk(np.zeros((3, 4)), 0)[0].shape == (3, 0)


def test_median_and_mode():
    x = np.array([3, 1, nan, 2, 2, 5], np.float32)
    value, index = sorting.median(x)
    assert np.isnan(value) and index == 2
    assert [v.item() for v in sorting.nanmedian(x)] == [2, 4]  # third of 1, 2 (at 3), 2 (at 4), 3, 5
    assert [v.item() for v in sorting.nanmedian(x.astype(np.float64))] == [2, 4]
    assert [v.item() for v in sorting.median(np.array([4, 1, 3, 2]))] == [2, 3]  # the lower of two
    value, index = sorting.nanmedian(np.array([nan, nan]))
    assert np.isnan(value) and index == 0
    assert [v.item() for v in sorting.mode(np.array([3, 1, 3, 1, 2]))] == [1, 3]


def test_unique_known():
    x = np.array([[2, 1], [2, 3]])
    values, inverse, counts = sorting.unique(x)
    assert values.tolist() == [1, 2, 3] and inverse.tolist() == [[1, 0], [1, 2]] and counts.tolist() == [1, 2, 1]
    values, inverse, counts = sorting.unique(np.array([[1, 2], [0, 3], [1, 2]]), 0)
    assert values.tolist() == [[0, 3], [1, 2]] and inverse.tolist() == [1, 0, 1] and counts.tolist() == [1, 2]
    values, inverse, counts = sorting.unique_consecutive(np.array([1, 1, 2, 2, 1]))
    assert values.tolist() == [1, 2, 1] and inverse.tolist() == [0, 0, 1, 1, 2] and counts.tolist() == [2, 2, 1]
    for function in (sorting.unique, sorting.unique_consecutive):
        assert [a.shape for a in function(np.zeros(0))] == [(0,)] * 3
        assert function(np.array([nan, nan]))[2].tolist() == [1, 1]


def test_running():
    values, index = cumulative.cummax(np.array([1, 3, 3, nan, 2, nan, 5]), 0)
    np.testing.assert_array_equal(values, [1, 3, 3, nan, nan, nan, nan])
    assert index.tolist() == [0, 1, 2, 3, 3, 5, 5]
    np.testing.assert_array_equal(cumulative.extreme_dx(np.ones(7), index, 0, 7), [1, 1, 1, 2, 0, 2, 0])
    np.testing.assert_allclose(cumulative.logcumsumexp(np.array([-inf, 1000, 1000]), 0), [-inf, 1000, 1000 + np.log(2)])
    assert cumulative.cumsum(np.array([True, True]), 0, np.int64).tolist() == [1, 2]
    assert cumulative.cummin(np.zeros((0, 2)), 0)[1].shape == (0, 2)


# ---- against PyTorch -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape, axis", SHAPES)
def test_sort_pytorch(shape, axis, dtype, oracle):
    x = make(shape, dtype)
    t = oracle.tensor(x)
    for descending in (False, True):
        values, index = oracle.sort(t, dim=axis, descending=descending, stable=True)
        np.testing.assert_array_equal(sorting.argsort(x, axis, descending), index.numpy())
        np.testing.assert_array_equal(sorting.sort(x, axis, descending)[0], values.numpy())
    if dtype == np.bool_:
        return
    for k in {1, min(2, shape[axis]), shape[axis]}:
        for largest in (False, True):
            values, index = sorting.topk(x, k, axis, largest)
            np.testing.assert_array_equal(values, oracle.topk(t, k, axis, largest)[0].numpy())
            np.testing.assert_array_equal(np.take_along_axis(x, index, axis), values)
        values, index = sorting.kthvalue(x, k, axis)
        np.testing.assert_array_equal(values, oracle.kthvalue(t, k, axis)[0].numpy())
        np.testing.assert_array_equal(take(x, index, axis), values)
    for name in ("median", "nanmedian"):
        values, index = getattr(sorting, name)(x, axis)
        np.testing.assert_array_equal(values, getattr(oracle, name)(t, axis)[0].numpy())
        np.testing.assert_array_equal(take(x, index, axis), values)
    x = make(shape, dtype, with_nan=False)
    values, index = sorting.mode(x, axis)
    np.testing.assert_array_equal(values, oracle.mode(oracle.tensor(x), axis)[0].numpy())
    np.testing.assert_array_equal(take(x, index, axis), values)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape, axis", SHAPES)
def test_unique_pytorch(shape, axis, dtype, oracle):
    x = make(shape, dtype, with_nan=False)
    for got, expected in zip(sorting.unique(x), oracle.unique(oracle.tensor(x), return_inverse=True, return_counts=True)):
        np.testing.assert_array_equal(got, expected.numpy())
    twice = np.repeat(x, 2, axis)
    t = oracle.tensor(twice)
    for ours, theirs in ((sorting.unique, oracle.unique), (sorting.unique_consecutive, oracle.unique_consecutive)):
        for got, expected in zip(ours(twice, axis), theirs(t, return_inverse=True, return_counts=True, dim=axis)):
            np.testing.assert_array_equal(got, expected.numpy())
    for got, expected in zip(sorting.unique_consecutive(twice), oracle.unique_consecutive(t, True, True)):
        np.testing.assert_array_equal(got, expected.numpy())


@pytest.mark.parametrize("right", [False, True])
def test_searchsorted_pytorch(right, oracle):
    random = np.random.default_rng(0)
    values = random.integers(-2, 22, (3, 5)).astype(np.float32) / 2
    values[0, 0] = nan
    rows = np.sort(random.integers(0, 9, (3, 7)), -1).astype(np.float32)
    for ordered in (rows, rows[0], np.array([1, 2, 2, 3, nan, nan], np.float32), rows[0, :0]):
        for v in (values, np.nan_to_num(values)):
            expected = oracle.searchsorted(oracle.tensor(ordered), oracle.tensor(v), right=right).numpy()
            np.testing.assert_array_equal(sorting.searchsorted(ordered, v, right), expected)
    mixed, order = rows[:, ::-1].copy(), np.tile(np.arange(6, -1, -1), (3, 1))
    np.testing.assert_array_equal(sorting.searchsorted(mixed, values, right, order), sorting.searchsorted(rows, values, right))


def test_counting_pytorch(oracle):
    random = np.random.default_rng(0)
    for bins in range(1, 40, 3):
        for x in (random.standard_normal(100), random.integers(0, 20, 100) / 4, np.ones(3), np.zeros(0)):
            for dtype in (np.float32, np.float64):
                x = x.astype(dtype)
                t = oracle.tensor(x)
                np.testing.assert_array_equal(sorting.histc(x, bins), oracle.histc(t, bins).numpy())
                np.testing.assert_array_equal(sorting.histc(x, bins, 0, 2), oracle.histc(t, bins, 0, 2).numpy())
    x = np.array([1, 3, 1])
    for weights in (None, np.array([0.5, 1, 2]), np.array([0.5, 1, 2], np.float32), np.array([1, 1, 2])):
        for least in (0, 6):
            got = sorting.bincount(x, weights, least)
            expected = oracle.bincount(oracle.tensor(x), None if weights is None else oracle.tensor(weights), least).numpy()
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("shape, axis", SHAPES)
def test_running_pytorch(shape, axis, oracle):
    for dtype in DTYPES[:-1]:
        x = make(shape, dtype)
        for name in ("cummax", "cummin"):
            for got, expected in zip(getattr(cumulative, name)(x, axis), getattr(oracle, name)(oracle.tensor(x), axis)):
                np.testing.assert_array_equal(got, expected.numpy())
    random = np.random.default_rng(0)
    x, g = random.standard_normal(shape), random.standard_normal(shape)
    x[random.random(shape) < 0.2] = 0
    t = oracle.tensor(x, requires_grad=True)
    oracle.cumprod(t, axis).backward(oracle.tensor(g))
    np.testing.assert_allclose(cumulative.cumprod_dx(g, x, axis), t.grad.numpy(), atol=1e-10)
    t = oracle.tensor(x, requires_grad=True)
    y = oracle.logcumsumexp(t, axis)
    y.backward(oracle.tensor(g))
    np.testing.assert_allclose(cumulative.logcumsumexp(x, axis), y.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(cumulative.logcumsumexp_dx(g, x, y.detach().numpy(), axis), t.grad.numpy(), atol=1e-10)
    t = oracle.tensor(x, requires_grad=True)
    oracle.cumsum(t, axis).backward(oracle.tensor(g))
    np.testing.assert_allclose(cumulative.reversed_cumsum(g, axis), t.grad.numpy(), atol=1e-12)
