"""bfloat16 words, and gathering and scattering, of the NumPy backend."""
import itertools

import numpy as np
import pytest

from rushlight.backends.numpy import scatter
from rushlight.backends.numpy.bfloat import from_float32, to_float32


# ---- bfloat16 --------------------------------------------------------------------------------------------------------

def test_every_word_survives():
    words = np.arange(1 << 16, dtype=np.uint16)
    numbers = to_float32(words)
    number = ~np.isnan(numbers)
    np.testing.assert_array_equal(from_float32(numbers)[number], words[number])
    assert np.isnan(to_float32(from_float32(numbers[~number]))).all()


def test_rounding():
    def word(x):
        return int(from_float32(np.array([x], np.float32))[0])

    assert word(1 + 2 ** -8) == 0x3F80  # half way: to the even 1
    assert word(1 + 3 * 2 ** -8) == 0x3F82  # half way: up to the even one
    assert word(1 + 2 ** -8 + 2 ** -20) == 0x3F81
    assert word(-1 - 2 ** -8) == 0xBF80
    assert word(3.4e38) == 0x7F80 and word(-3.4e38) == 0xFF80 and word(np.inf) == 0x7F80
    assert word(-0.0) == 0x8000 and word(1e-45) == 0
    assert from_float32(np.float32(1)).shape == () and from_float32(np.zeros((0, 2))).shape == (0, 2)
    assert from_float32(np.array([3, 257])).tolist() == [0x4040, 0x4380]
    assert from_float32(np.arange(6, dtype=np.float32).reshape(2, 3).T).shape == (3, 2)


def test_bfloat_pytorch(oracle):
    numbers = np.random.default_rng(0).integers(0, 2 ** 32, 100000, dtype=np.uint32).view(np.float32)
    numbers = numbers[~np.isnan(numbers)]
    expected = oracle.from_numpy(numbers).bfloat16().view(oracle.int16).numpy().view(np.uint16)
    np.testing.assert_array_equal(from_float32(numbers), expected)


# ---- gather and scatter ----------------------------------------------------------------------------------------------

SHAPES = [((5,), (7,), 0), ((4, 5), (3, 5), 0), ((4, 5), (4, 9), 1), ((4, 5), (2, 3), 1), ((3, 4, 5), (2, 6, 4), 1),
          ((3, 4, 5), (3, 4, 1), -1), ((4, 5), (0, 5), 0), ((4, 1), (3, 1), 1)]


def make(shape, index_shape, axis, dtype=np.float64):
    random = np.random.default_rng(0)
    x = random.integers(-9, 9, shape).astype(dtype)
    src = random.integers(-9, 9, tuple(n + 1 for n in index_shape)).astype(dtype)
    return x, random.integers(0, shape[axis], index_shape), src


@pytest.mark.parametrize("shape, index_shape, axis", SHAPES)
def test_gather(shape, index_shape, axis):
    x, index, _ = make(shape, index_shape, axis)
    got = scatter.gather_along(x, index, axis)
    assert got.shape == index_shape
    for at in itertools.product(*map(range, index_shape)):
        place = list(at)
        place[axis] = index[at]
        assert got[at] == x[tuple(place)]
    np.testing.assert_array_equal(scatter.gather_along(np.asfortranarray(x), index, axis), got)


def slow_scatter(x, index, src, axis, reduce, include_self):
    out, groups = x.copy(), {}
    for at in itertools.product(*map(range, index.shape)):
        place = list(at)
        place[axis] = index[at]
        groups.setdefault(tuple(place), []).append(src[at])
    for place, values in groups.items():
        values = ([x[place]] if include_self else []) + values
        out[place] = {"set": lambda v: v[-1], "add": sum, "multiply": np.prod, "amax": max, "amin": min,
                      "mean": lambda v: sum(v) / len(v) if x.dtype.kind == "f" else sum(v) // len(v)}[reduce](values)
    return out


@pytest.mark.parametrize("reduce", ["set", "add", "multiply", "amax", "amin", "mean"])
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_scatter(reduce, include_self, dtype):
    for shape, index_shape, axis in SHAPES:
        x, index, src = make(shape, index_shape, axis, dtype)
        expected = slow_scatter(x, index, src, axis, reduce, include_self)
        before = x.copy()
        got = scatter.scatter_along(x, index, src, axis, reduce, include_self)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(got, expected)
        turned = np.asfortranarray(x)
        scatter.scatter_along_into(turned, index, src, axis, reduce, include_self)
        np.testing.assert_array_equal(turned, expected)


def test_scatter_scalars():
    x = np.arange(4.0)
    np.testing.assert_array_equal(scatter.scatter_along(x, np.array([1, 1]), 7.0, 0), [0, 7, 2, 3])
    assert scatter.scatter_along(np.array(3.0), np.array(0), np.array(2.0), 0, "add") == 5
    assert scatter.gather_along(np.array(3.0), np.array([0, 0]), 0).tolist() == [3, 3]


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_scatter_pytorch(reduce, include_self, oracle):
    ours = {"sum": "add", "prod": "multiply"}.get(reduce, reduce)
    for dtype in (np.float32, np.int64):
        for shape, index_shape, axis in SHAPES[:6]:
            x, index, src = make(shape, index_shape, axis, dtype)
            if dtype == np.float32:
                src.flat[0] = np.nan
            expected = oracle.tensor(x).scatter_reduce(axis, oracle.tensor(index), oracle.tensor(src), reduce, include_self=include_self)
            np.testing.assert_array_equal(scatter.scatter_along(x, index, src, axis, ours, include_self), expected.numpy())


def test_index():
    x = np.arange(60).reshape(3, 4, 5)
    i, j = np.array([[0], [-1]]), np.array([1, 2, 0])
    np.testing.assert_array_equal(scatter.index(x, (i,)), x[i])
    np.testing.assert_array_equal(scatter.index(x, (i, j)), x[i, j])
    np.testing.assert_array_equal(scatter.index(x, (i, j, j)), x[i, j, j])
    assert scatter.index(x, (np.zeros((2, 0), int),)).shape == (2, 0, 4, 5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_index_put(count):
    random = np.random.default_rng(0)
    x = random.integers(0, 9, (3, 4, 5)).astype(np.float64)
    indices = tuple(random.integers(-n, n, shape) for n, shape in zip(x.shape, [(6, 1), (1, 4), (6, 4)]))[:count]
    values = random.standard_normal(x[indices].shape)
    expected = x.copy()
    np.add.at(expected, indices, values)
    np.testing.assert_allclose(scatter.index_put(x, indices, values, True), expected)
    expected = x.copy()
    expected[indices] = values
    np.testing.assert_array_equal(scatter.index_put(x, indices, values), expected)
    expected = x.copy()
    np.add.at(expected, indices, 2.0)
    for y in (x.copy(), np.asfortranarray(x)):
        scatter.index_put_into(y, indices, np.float64(2), True)
        np.testing.assert_array_equal(y, expected)


def test_index_put_in_pieces(monkeypatch):
    monkeypatch.setattr(scatter, "CHUNK", 8)
    test_index_put(1)


def test_embedding(oracle):
    random = np.random.default_rng(0)
    index, g = random.integers(0, 6, (4, 7)), random.standard_normal((4, 7, 3))
    for padding in (None, 2):
        for by_freq in (False, True):
            w = oracle.zeros(8, 3, dtype=oracle.float64, requires_grad=True)
            y = oracle.nn.functional.embedding(oracle.tensor(index), w, padding, scale_grad_by_freq=by_freq)
            y.backward(oracle.tensor(g))
            np.testing.assert_allclose(scatter.embedding_dw(g, index, 8, padding, by_freq), w.grad.numpy(), atol=1e-12)
