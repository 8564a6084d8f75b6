"""Fused loop nests against NumPy: odd sizes, reductions of rows, columns and all, transposed reads, the mathematics."""
import ctypes

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, generators, kernel, target
from rushlight.backends.llvm.nest import Access, Nest, Node

RNG = np.random.default_rng(0)
SIZES = [(1, 1), (3, 5), (16, 16), (17, 15), (300, 1000), (7, 4099), (4099, 7), (1000, 17)]


def run(spec, arrays, threads=1, limit=None):
    host = target.host(limit)
    made = kernel.compile_source(generators.generate(spec, host), host)
    workspace = np.zeros(made.source.workspace + 64, np.uint8)
    address = -(-workspace.ctypes.data // 64) * 64
    arguments = (ctypes.c_void_p * (len(arrays) + 1))(*[a.ctypes.data for a in arrays], address)
    words = driver.entries(made.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    driver.Pool(1).run(ctypes.addressof(table), len(made.phases), 1) if threads == 1 else \
        driver.pool(threads).run(ctypes.addressof(table), len(made.phases), threads)


def nodes(k):
    """exp(x + b), x by rows, b a row."""
    return (Node("load", (), "float32", Access(0, (k, 1))), Node("load", (), "float32", Access(1, (0, 1))),
            Node("add", (0, 1), "float32"), Node("exp", (2,), "float32"))


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("m, k", SIZES)
def test_maps_and_reductions(m, k, limit):
    x, b = RNG.standard_normal((m, k)).astype(np.float32), RNG.standard_normal(k).astype(np.float32)
    expected = np.exp((x + b).astype(np.float64))
    y, rows, columns, most, total = np.empty_like(x), np.empty(m, np.float32), np.empty(k, np.float32), np.empty(k, np.float32), \
        np.empty((), np.float32)
    store = ((3, Access(2, (k, 1))),)
    run(Nest((m, k), nodes(k), store, (("sum", 3, Access(3, (1, 0))),), (1,), 4), [x, b, y, rows], 2, limit)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    np.testing.assert_allclose(rows, expected.sum(1), rtol=1e-5)
    run(Nest((m, k), nodes(k), store, (("sum", 3, Access(3, (0, 1))), ("max", 0, Access(4, (0, 1)))), (0,), 5),
        [x, b, y, columns, most], 2, limit)
    np.testing.assert_allclose(columns, expected.sum(0), rtol=1e-5)
    np.testing.assert_array_equal(most, x.max(0))
    run(Nest((m, k), nodes(k), (), (("sum", 3, Access(2, (0, 0))),), (0, 1), 3), [x, b, total], 1, limit)
    np.testing.assert_allclose(total, expected.sum(), rtol=1e-5)


@pytest.mark.parametrize("m, k", SIZES)
def test_transposed_reads_and_writes(m, k):
    x = RNG.standard_normal((m, k)).astype(np.float32)
    columns, y = np.ascontiguousarray(x.T), np.empty_like(x)
    run(Nest((m, k), (Node("load", (), "float32", Access(0, (1, m))), Node("neg", (0,), "float32")), ((1, Access(1, (k, 1))),), (), (), 2),
        [columns, y])
    np.testing.assert_array_equal(y, -x)
    y[:] = 0
    run(Nest((k, m), (Node("load", (), "float32", Access(0, (m, 1))), Node("neg", (0,), "float32")), ((1, Access(1, (1, k))),), (), (), 2),
        [columns, y])
    np.testing.assert_array_equal(y, -x)


FUNCTIONS = {"exp": (np.exp, -100, 88), "expm1": (np.expm1, -5, 5), "log": (np.log, 1e-30, 10), "log1p": (np.log1p, -0.9, 3),
             "tanh": (np.tanh, -10, 10), "sigmoid": (lambda v: 1 / (1 + np.exp(-v)), -30, 30), "sqrt": (np.sqrt, 0, 5)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_three_ulp(name, dtype):
    function, low, high = FUNCTIONS[name]
    x = RNG.uniform(low, high, 20001).astype(dtype)
    x[:6] = 0, -0.0, np.inf, -np.inf, np.nan, 1
    y = np.empty_like(x)
    run(Nest(x.shape, (Node("load", (), dtype, Access(0, (1,))), Node(name, (0,), dtype)), ((1, Access(1, (1,))),), (), (), 2), [x, y])
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.longdouble))
        ulp = np.spacing(np.abs(exact).astype(dtype)).astype(np.longdouble)
        error = np.abs(y - exact) / ulp
    finite = np.isfinite(exact)
    assert error[finite].max() < 3
    np.testing.assert_array_equal(y[~finite], exact[~finite].astype(dtype))
