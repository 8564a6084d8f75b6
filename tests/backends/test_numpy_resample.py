"""Interpolation and grid sampling of the NumPy backend."""
import itertools

import numpy as np
import pytest

from rushlight.backends.numpy.grid_sample import grid_sample, grid_sample_dx
from rushlight.backends.numpy.resample import interp_weights, interpolate, interpolate_dx, transposed

SIZES = [((5, 7), (10, 14)), ((5, 7), (3, 2)), ((9, 4), (4, 9)), ((8, 8), (1, 1)), ((1, 3), (4, 5)), ((6, 5), (6, 5))]
MODES = [("nearest", None, False), ("nearest-exact", None, False), ("area", None, False)] + [
    (mode, corners, antialias) for mode in ("bilinear", "bicubic") for corners in (False, True) for antialias in (False, True)]


# ---- known answers ---------------------------------------------------------------------------------------------------

def test_weights():
    index, weights = interp_weights(2, 4, "linear")
    assert index.tolist() == [[0, 1], [0, 1], [0, 1], [1, 1]]
    np.testing.assert_allclose(weights, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0.75, 0.25]])
    assert interp_weights(2, 4, "nearest")[0].ravel().tolist() == [0, 0, 1, 1]
    assert interp_weights(5, 3, "nearest-exact")[0].ravel().tolist() == [0, 2, 4]
    index, weights = interp_weights(5, 2, "area")
    np.testing.assert_allclose((weights * index).sum(1), [1, 3])  # means of 0, 1, 2 and of 2, 3, 4
    np.testing.assert_allclose(interp_weights(3, 7, "bicubic", dtype=np.float64)[1].sum(1), 1)
    with pytest.raises(ValueError, match="lanczos"):
        interp_weights(2, 4, "lanczos")


def test_linear_keeps_lines():
    x = np.arange(6.0)[None, None]
    y = interpolate(x, [interp_weights(6, 11, "linear", True, dtype=np.float64)])
    np.testing.assert_allclose(y[0, 0], np.linspace(0, 5, 11))
    y = interpolate(x, [interp_weights(6, 3, "linear", dtype=np.float64, antialias=True)])
    assert abs(y.mean() - 2.5) < 1e-12


@pytest.mark.parametrize("mode, corners, antialias", MODES)
def test_gradient_is_transpose(mode, corners, antialias):
    random = np.random.default_rng(0)
    for (h, w), (oh, ow) in SIZES:
        tables = [interp_weights(n, m, mode, bool(corners), None, antialias, np.float64) for n, m in ((h, oh), (w, ow))]
        x, g = random.standard_normal((2, 3, h, w)), random.standard_normal((2, 3, oh, ow))
        y, dx = interpolate(x, tables), interpolate_dx(g, tables, x.shape)
        assert y.shape == g.shape and dx.shape == x.shape and y.flags.c_contiguous and dx.flags.c_contiguous
        np.testing.assert_allclose((y * g).sum(), (x * dx).sum(), rtol=1e-10)


def test_transposed_with_gaps():
    index, weights = transposed(np.array([[0], [4]]), np.ones((2, 1)), 6)  # most elements went nowhere
    assert weights.sum(1).tolist() == [1, 0, 0, 0, 1, 0] and index[4, 0] == 1


def test_integers_by_nearest():
    x = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    y = interpolate(x, [interp_weights(2, 4, "nearest"), interp_weights(3, 3, "nearest")])
    assert y.dtype == np.uint8 and y[0, 0, :, 1].tolist() == [1, 1, 4, 4]


def test_grid_sample_of_identity():
    random = np.random.default_rng(0)
    x = random.standard_normal((2, 3, 4, 5))
    rows, columns = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 5), indexing="ij")
    grid = np.broadcast_to(np.stack([columns, rows], -1), (2, 4, 5, 2))
    for mode in ("bilinear", "nearest", "bicubic"):
        np.testing.assert_allclose(grid_sample(x, grid, mode, align_corners=True), x, atol=1e-12)
    assert not grid_sample(x, grid + 9).any()
    x[0, 0, 0, 0] = np.inf  # what lies outside must not meet what is inside
    assert np.isfinite(grid_sample(x, grid + 9)).all()
    assert grid_sample(np.zeros((0, 2, 3, 3)), np.zeros((0, 4, 4, 2))).shape == (0, 2, 4, 4)
    with pytest.raises(ValueError, match="cubic"):
        grid_sample(x, grid, "cubic")


# ---- against PyTorch -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode, corners, antialias", MODES)
def test_interpolate_pytorch(mode, corners, antialias, dtype, oracle):
    random, atol = np.random.default_rng(0), 2e-5 if dtype == np.float32 else 1e-11
    how = dict(mode=mode, align_corners=corners, antialias=antialias)
    for size, out_size in SIZES:
        x = random.standard_normal((2, 3, *size)).astype(dtype)
        t = oracle.tensor(x, requires_grad=True)
        y = oracle.nn.functional.interpolate(t, out_size, **how)
        g = random.standard_normal(y.shape).astype(dtype)
        y.backward(oracle.tensor(g))
        tables = [interp_weights(n, m, mode, bool(corners), None, antialias, dtype) for n, m in zip(size, out_size)]
        np.testing.assert_allclose(interpolate(x, tables), y.detach().numpy(), atol=atol)
        np.testing.assert_allclose(interpolate_dx(g, tables, x.shape), t.grad.numpy(), atol=atol)
    for scale in (2.0, 0.5, 1.7, 0.3, 3.3):
        x = random.standard_normal((1, 2, 9, 11)).astype(dtype)
        y = oracle.nn.functional.interpolate(oracle.tensor(x), scale_factor=scale, **how).numpy()
        tables = [interp_weights(n, m, mode, bool(corners), scale, antialias, dtype) for n, m in zip(x.shape[2:], y.shape[2:])]
        np.testing.assert_allclose(interpolate(x, tables), y, atol=atol)


@pytest.mark.parametrize("shape, mode", [((2, 3, 9), "linear"), ((2, 3, 5), "nearest"), ((2, 2, 4, 5, 6), "trilinear")])
def test_other_ranks_pytorch(shape, mode, oracle):
    x = np.random.default_rng(0).standard_normal(shape)
    for scale in (2.0, 0.7):
        y = oracle.nn.functional.interpolate(oracle.tensor(x), scale_factor=scale, mode=mode).numpy()
        tables = [interp_weights(n, m, mode, False, scale, False, np.float64) for n, m in zip(shape[2:], y.shape[2:])]
        np.testing.assert_allclose(interpolate(x, tables), y, atol=1e-12)


def test_nearest_pytorch(oracle):
    for size in range(1, 40, 3):
        for out_size in range(1, 90, 4):
            x = np.arange(size, dtype=np.float32)[None, None]
            y = oracle.nn.functional.interpolate(oracle.tensor(x), out_size, mode="nearest").numpy()
            np.testing.assert_array_equal(interpolate(x, [interp_weights(size, out_size, "nearest")]), y)


@pytest.mark.parametrize("mode, padding, corners", list(itertools.product(
    ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (False, True))))
def test_grid_sample_pytorch(mode, padding, corners, oracle):
    random = np.random.default_rng(0)
    for dtype, atol in ((np.float64, 1e-10), (np.float32, 3e-4)):
        for shape, points in [((2, 3, 5, 6), (2, 7, 4)), ((1, 2, 1, 4), (1, 6, 6)), ((2, 2, 4, 3, 5), (2, 3, 4, 5))]:
            if len(shape) == 5 and mode == "bicubic":
                continue
            x = random.standard_normal(shape).astype(dtype)
            grid = random.uniform(-1.8, 1.8, (*points, len(shape) - 2)).astype(dtype)
            t, tgrid = oracle.tensor(x, requires_grad=True), oracle.tensor(grid, requires_grad=True)
            y = oracle.nn.functional.grid_sample(t, tgrid, mode, padding, corners)
            g = random.standard_normal(y.shape).astype(dtype)
            y.backward(oracle.tensor(g))
            np.testing.assert_allclose(grid_sample(x, grid, mode, padding, corners), y.detach().numpy(), atol=atol)
            dx, dgrid = grid_sample_dx(g, x, grid, mode, padding, corners)
            np.testing.assert_allclose(dx, t.grad.numpy(), atol=atol)
            np.testing.assert_allclose(dgrid, tgrid.grad.numpy(), atol=atol, rtol=1e-4)
