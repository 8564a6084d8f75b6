"""Generated matrix products against NumPy in float64: shapes, strides, batches, epilogues; one thread and two; AVX-512 and AVX2."""
import ctypes
import random

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, gemm, kernel, target

GUARD = 7.25


def strides(array):
    return tuple(s // array.itemsize for s in array.strides)


def spec_of(a, b, c, bias=None, activation=None):
    batch = c.shape[:-2]
    a, b = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
    type = {4: "float", 8: "double"}[c.itemsize]
    return gemm.Dot(type, batch, c.shape[-2], c.shape[-1], a.shape[-1], strides(a), strides(b), strides(c),
                    None if bias is None else "n", activation)


def run(spec, host, arrays, threads):
    source = gemm.dot(spec, host)
    if not source.phases:
        return source
    compiled = kernel.compile_source(source, host)
    workspace = np.full(source.workspace + 64, 0xFF, np.uint8)          # NaNs: nothing may be read before it is written
    addresses = [x.ctypes.data for x in arrays] + [(workspace.ctypes.data + 63) // 64 * 64]
    arguments = (ctypes.c_void_p * len(addresses))(*addresses)
    words = driver.entries(compiled.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    pool = driver.Pool(threads)
    try:
        pool.run(ctypes.addressof(table), len(compiled.phases), threads)
    finally:
        pool.stop()
    return source


def guarded(shape, dtype):
    """An array inside a longer one, to see what is written beside it."""
    size = int(np.prod(shape))
    around = np.full(size + 64, GUARD, dtype)
    inside = around[32:32 + size].reshape(shape)
    inside[...] = np.nan
    return around, inside


def operand(rng, batch, rows, columns, transposed, dtype):
    x = rng.standard_normal(batch + ((columns, rows) if transposed else (rows, columns))).astype(dtype)
    return x.swapaxes(-1, -2) if transposed else x


def check(m, n, k, batch=(), ta=False, tb=False, dtype=np.float32, bias=False, activation=None, limit=None, threads=1):
    rng = np.random.default_rng(m * 31 + n * 7 + k)
    a, b = operand(rng, batch, m, k, ta, dtype), operand(rng, batch, k, n, tb, dtype)
    return compare(a, b, batch, rng.standard_normal(n).astype(dtype) if bias else None, activation, limit, threads)


def compare(a, b, batch, bias=None, activation=None, limit=None, threads=1):
    around, c = guarded(batch + (a.shape[-2], b.shape[-1]), a.dtype)
    source = run(spec_of(a, b, c, bias, activation), target.host(limit), [a, b] + ([] if bias is None else [bias]) + [c], threads)
    expected = a.astype(np.float64) @ b.astype(np.float64) + (0 if bias is None else bias)
    if activation:
        expected = np.maximum(expected, 0)
    scale = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) + 1
    assert np.all(np.abs(c - expected) <= (1e-6 if a.dtype == np.float32 else 1e-14) * scale)
    assert np.all(around[:32] == GUARD) and np.all(around[-32:] == GUARD)
    return c.copy(), source


@pytest.fixture(params=[None, "avx2"])
def limit(request):
    have = target.host()
    if request.param == "avx2" and have.vector < 32:
        pytest.skip("no AVX2 here")
    return request.param


SHAPES = [(256, 84, 10), (256, 10, 84), (10, 84, 256), (120, 256, 256), (1, 300, 1025), (16, 513, 257), (65, 130, 400), (300, 1, 500),
          (7, 3, 5000), (200, 190, 33), (64, 500, 600)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("ta, tb", [(False, False), (True, False), (False, True)])
def test_shapes_of_layers(shape, ta, tb, limit):
    check(*shape, ta=ta, tb=tb, limit=limit, bias=shape[1] % 2 == 0, activation="relu" if shape[0] % 2 else None)


@pytest.mark.parametrize("seed", range(25))
def test_odd_shapes(seed, limit):
    draw = random.Random(seed)
    sizes = [1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 29, 31, 32, 33, 47, 64, 65, 97, 128]
    m, n, k = (draw.choice(sizes) for _ in range(3))
    check(m, n, k, draw.choice([(), (3,), (2, 5)]), draw.random() < 0.5, draw.random() < 0.5, draw.choice([np.float32, np.float64]),
          draw.random() < 0.5, draw.choice([None, "relu"]), limit, draw.choice([1, 2]))


def test_strides_of_any_kind(limit):
    """Steps over elements, reversed and repeated matrices, batches that share an operand."""
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((4, 60, 90)).astype(np.float32)
    a, b = wide[:, ::2, ::3], rng.standard_normal((60, 80)).astype(np.float32)[::2, 3::4]       # (4, 30, 30), (30, 20)
    compare(a, b, (4,), limit=limit)
    compare(b.T, wide[:, ::2, ::3], (4,), limit=limit)
    compare(a[:, ::-1], b[::-1], (4,), limit=limit)
    compare(a[:1], np.broadcast_to(b[:, :1], (30, 40)), (3,), limit=limit)
    compare(np.broadcast_to(a[0, :1], (50, 30)), b, (), limit=limit)


def test_result_with_gaps_between_rows(limit):
    a, b = (np.arange(float(s * t), dtype=np.float32).reshape(s, t) % 5 for s, t in ((21, 34), (34, 19)))
    around = np.full((21, 40), GUARD, np.float32)
    run(spec_of(a, b, around[:, 4:23]), target.host(limit), [a, b, around[:, 4:23]], 1)
    assert np.array_equal(around[:, 4:23], a @ b)
    assert np.all(around[:, :4] == GUARD) and np.all(around[:, 23:] == GUARD)


@pytest.mark.parametrize("bias", [False, True])
def test_no_steps_gives_the_bias(bias, limit):
    c, _ = check(5, 37, 0, bias=bias, limit=limit)
    assert bias or not c.any()


def test_no_elements_is_no_work(limit):
    a, b, c = np.ones((0, 4), np.float32), np.ones((4, 3), np.float32), np.ones((0, 3), np.float32)
    assert gemm.dot(spec_of(a, b, c), target.host(limit)).phases == ()


def test_long_sums_are_cut_and_added_in_one_order(limit):
    one, source = check(10, 10, 60_000, ta=True, limit=limit, threads=1)
    assert len(source.phases) == 2 and source.workspace
    two, _ = check(10, 10, 60_000, ta=True, limit=limit, threads=2)
    assert np.array_equal(one, two)
    check(6, 9, 60_000, ta=True, bias=True, activation="relu", limit=limit)


def test_small_products_are_one_part(limit):
    _, source = check(16, 16, 16, limit=limit)
    assert source.phases == (("dot", 1),)


def test_nan_passes_the_relu(limit):
    a, b = np.full((3, 4), np.nan, np.float32), np.ones((4, 5), np.float32)
    _, c = guarded((3, 5), np.float32)
    c[...] = 0
    run(spec_of(a, b, c, None, "relu"), target.host(limit), [a, b, c], 1)
    assert np.isnan(c).all()
