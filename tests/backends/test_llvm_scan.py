"""Arguments of extremes, running sums and sorting, compiled, against the interpreter: the same bits."""
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graph_runs import run, same                    # noqa: E402

from rushlight.graph import primitives as P         # noqa: E402

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
HOSTS = pytest.mark.parametrize("limit", [None, "avx2"])
SHAPES = [((1,), 0), ((17,), 0), ((5, 7), 1), ((5, 7), 0), ((3, 4, 5), 1), ((2, 33, 18), 1), ((37, 10), 1), ((3, 300), 1), ((2, 3, 1), 1)]


def array(rng, shape, dtype="float32", nans=False, few=False):
    x = np.asarray(rng.integers(-3, 4, shape) if few else rng.standard_normal(shape) * 100).astype(dtype)
    if nans and x.dtype.kind == "f":
        x[rng.random(shape) < 0.1] = np.nan
        x[rng.random(shape) < 0.1] = -0.0
        x[rng.random(shape) < 0.03] = np.inf
    return x


@HOSTS
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", ["max", "min"])
def test_arguments_of_extremes(how, dtype, limit):
    rng = np.random.default_rng(0)
    for shape, dim in SHAPES + [((70000,), 0), ((3, 40000), 1), ((600, 70), 0), ((4099, 9), 1)]:
        for few, nans in ((False, False), (True, True)):
            same(lambda x: P.argreduce(how, x, dim), array(rng, shape, dtype, nans, few), limit=limit, threads=2)


def test_the_first_of_nans_is_the_extreme():
    for n in (5, 300):
        x = np.zeros((4, n), "float32")
        x[1, [3, 4]] = np.nan
        x[2, 2], x[2, 4] = np.inf, np.nan
        x[3] = np.nan
        for how in ("max", "min"):
            same(lambda x: P.argreduce(how, x, 1), x)
            same(lambda x: P.argreduce(how, P.transpose(x, 0, 1), 0), x)


@HOSTS
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", ["sum", "prod", "max", "min", "argmax", "argmin"])
def test_scans(how, dtype, limit):
    rng = np.random.default_rng(1)
    for shape, dim in SHAPES + [((40000,), 0), ((300, 70), 0)]:
        for few, nans in ((False, False), (True, how not in ("sum", "prod"))):
            same(lambda x: P.cumulative(how, x, dim), array(rng, shape, dtype, nans, few), limit=limit, threads=2)


@HOSTS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_logsumexp(dtype, limit):
    rng = np.random.default_rng(2)
    for shape, dim in SHAPES:
        x = array(rng, shape, dtype)
        x[rng.random(shape) < 0.1] = -np.inf
        x[rng.random(shape) < 0.02] = np.inf
        right, mine = run(lambda x: P.cumulative("logsumexp", x, dim), [x], limit=limit)
        np.testing.assert_allclose(mine[0], right[0], rtol=1e-5 if dtype == "float32" else 1e-13)
        x[rng.random(shape) < 0.02] = np.nan
        right, mine = run(lambda x: P.cumulative("logsumexp", x, dim), [x], limit=limit)
        np.testing.assert_allclose(mine[0], right[0], rtol=1e-5 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", DTYPES + ["int16", "int8"])
def test_argsort(dtype, descending):
    rng = np.random.default_rng(3)
    for shape, dim in SHAPES + [((41,), 0), ((9000,), 0), ((40, 50), 0), ((2, 500), 1)]:
        for few, nans in ((False, False), (True, True)):
            same(lambda x: P.argsort(x, dim, descending), array(rng, shape, dtype, nans, few), threads=2)


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_topk(dtype, largest):
    rng = np.random.default_rng(4)
    for shape, dim in SHAPES + [((500, 3), 0), ((6, 100), 1)]:
        for k in {1, min(5, shape[dim]), shape[dim], max(1, shape[dim] - 7)}:
            for few, nans in ((False, False), (True, True)):
                same(lambda x: P.topk_indices(x, k, dim, largest, True), array(rng, shape, dtype, nans, few))
