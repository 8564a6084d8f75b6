"""Kernels that move elements, and read and write them at indices, against the interpreter: the same bits."""
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from graph_runs import same                    # noqa: E402

from rushlight.graph import primitives as P         # noqa: E402
from rushlight.runtime import dtypes as dt          # noqa: E402

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
HOSTS = pytest.mark.parametrize("limit", [None, "avx2"])


def array(rng, shape, dtype="float32"):
    return np.asarray(rng.standard_normal(shape) * 20).astype(dtype)


def places(rng, shape, n, least=0, dtype="int64"):
    return rng.integers(least, n, shape).astype(dtype)


# ---------------------------------------------------------------- movement
PADS = {"one dimension": ((4, 5), (1, 0), (2, 0), (0, 0)), "all": ((3, 4, 5), (1, 2, 0), (0, 1, 3), (0, 0, 0)),
        "cut off": ((7, 6), (-2, 1), (0, -3), (0, 0)), "dilated": ((3, 4), (0, 1), (0, 0), (1, 2)),
        "dilated and cut": ((5, 9), (-3, -4), (-2, -7), (2, 3)), "nothing left": ((3, 2), (-3, 1), (4, 0), (0, 0)),
        "innermost": ((5, 33), (0, 3), (0, 4), (0, 0)), "one element": ((1,), (20,), (13,), (0,))}


@pytest.mark.parametrize("dtype", DTYPES + ["float16", "complex64", "complex128"])
@pytest.mark.parametrize("case", PADS)
def test_pad(case, dtype):
    shape, low, high, inner = PADS[case]
    same(lambda x: P.pad(x, low, high, 1, inner), array(np.random.default_rng(0), shape, dtype))


@pytest.mark.parametrize("dtype", ["float32", "int16", "complex128", "bool"])
@pytest.mark.parametrize("steps", [(1, 1, 1), (1, 2, 3)])
def test_slices_with_starts_that_enter(dtype, steps):
    rng = np.random.default_rng(1)
    x, u = array(rng, (4, 11, 40), dtype), array(rng, (4, 3, 11), dtype)

    def part(x, *starts):
        return P.dynamic_slice(x, starts, (4, 3, 11), steps)

    def write(x, u, *starts):
        return P.update_slice(x, u, starts, steps)

    for a, b in ((0, 0), (2, 6), (1, 3)):
        if dtype != "complex128":
            same(part, x, 0, a, b)
        same(write, x, u, 0, a, b)
        same(write, x, u, 0, a, b, home=0)
        same(lambda x, u, a, b, c: write(write(x, u, a, b, c), part(x, a, c, c), a, c, b), x, u, 0, a, b, host=("dynamic_slice",))
    same(lambda x, u: P.update_slice(P.update_slice(x, u, (0, 1, 2), steps), u, (0, 2, 3), steps), x, u, home=0)


def test_writes_over_operands_that_are_read_again():
    rng = np.random.default_rng(2)
    x, u = array(rng, (6, 7)), array(rng, (2, 7))

    def later(x, u):
        y = P.binary("add", x, x)
        z = P.update_slice(y, u, (1, 0))
        return P.update_slice(y, P.slice_(z, (0, 0), (2, 7)), (3, 0)), P.reduce("sum", z, (0,)), z

    def overlapping(x, u):
        y = P.binary("add", x, x)
        return P.update_slice(y, P.slice_(y, (0, 0), (5, 7)), (1, 0))

    def copied_before(x, u):
        y = P.binary("add", x, x)
        a = P.dot(P.transpose(y, 0, 1), y)
        z = P.update_slice(y, u, (1, 0))
        return P.reduce("max", P.reshape(P.transpose(z, 0, 1), (42,)), (0,)), z, P.reduce("max", a, (0, 1))

    def chain(x, u):
        y = P.binary("mul", x, x)
        z = P.update_slice(P.update_slice(y, u, (0, 0)), u, (4, 0))
        return P.binary("add", z, z)

    for make in (later, overlapping, copied_before, chain):
        for home in (None, 0):
            same(make, x, u, home=home)


@pytest.mark.parametrize("source, to", [("float32", "int32"), ("int64", "float64"), ("uint8", "int8"), ("float32", "uint8")])
def test_bitcast(source, to):
    x = array(np.random.default_rng(3), (4, 6), source)
    ratio = np.dtype(source).itemsize // np.dtype(to).itemsize
    shape = (6, 4 * ratio)
    same(lambda x: (P.bitcast(x, dt.ALL[to], shape), P.binary("eq", *[P.bitcast(x, dt.ALL[to], shape)] * 2)), x,
         host=("bitcast",) if ratio > 1 else ())
    same(lambda x: P.bitcast(P.transpose(x, 0, 1), dt.ALL[to], shape), x, host=("bitcast",) if ratio > 1 else ())
    same(lambda x: P.cumulative("argmax", P.bitcast(x, dt.ALL[to], shape), 0), x, host=("bitcast", "cumargmax"))


# ---------------------------------------------------------------- reads
@pytest.mark.parametrize("dtype", DTYPES + ["float16", "complex64"])
def test_rows_at_indices(dtype):
    rng = np.random.default_rng(4)
    for shape, index in (((7, 5), (3, 4)), ((50, 33), (9,)), ((5,), (2, 3)), ((4, 3, 2), ()), ((3, 1), (40,)), ((1, 1), (1,))):
        for index_dtype in ("int64", "int32"):
            x, at = array(rng, shape, dtype), places(rng, index, shape[0], -shape[0], index_dtype)
            same(lambda x, at: P.index(x, (at,)), x, at)


@HOSTS
def test_elements_at_several_indices(limit):
    rng = np.random.default_rng(5)
    x = array(rng, (6, 5, 4, 7))
    for count, shapes in ((2, [(3,), (3,)]), (3, [(2, 1), (3,), (2, 3)]), (4, [(11,), (1,), (11,), (1,)]), (2, [(), (9,)])):
        indices = [places(rng, s, n, -n) for s, n in zip(shapes, x.shape)]
        same(lambda x, *i: P.index(x, i), x, *indices, limit=limit)
        same(lambda x, *i: P.binary("add", P.index(P.permute(x, (1, 3, 2, 0)), i[1:2]), P.const(1, dt.float32)), x, *indices, limit=limit)
        same(lambda x, *i: P.index(P.binary("add", x, x), [P.binary("max", a, P.const(-3, dt.int64)) for a in i]), x, *indices, limit=limit)


@HOSTS
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_gather(dim, limit):
    rng = np.random.default_rng(6)
    for shape, index in (((5, 6, 7), (5, 6, 7)), ((5, 6, 7), (2, 3, 4)), ((3, 20, 18), (1, 1, 1)), ((4, 4, 4), (4, 1, 4))):
        for dtype in ("int64", "int32"):
            same(lambda x, i: P.gather(x, i, dim), array(rng, shape), places(rng, index, shape[dim], dtype=dtype), limit=limit)


# ---------------------------------------------------------------- writes
ROWS = [((50, 17), (9,)), ((7, 16), (40, 3)), ((5, 1), (100,)), ((9,), (33,)), ((300, 8), (20000,)), ((40, 70), (3000,)), ((3, 2, 5), (6,))]


@HOSTS
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("accumulate", [False, True])
def test_rows_put(accumulate, threads, limit):
    rng = np.random.default_rng(7)
    for shape, index in ROWS:
        x, u, at = array(rng, shape), array(rng, index + shape[1:]), places(rng, index, shape[0], -shape[0])
        same(lambda x, u, at: P.index_put(x, (at,), u, accumulate), x, u, at, limit=limit, threads=threads)
        same(lambda u, at: P.index_put(P.const(0, dt.float32, shape), (at,), u, accumulate), u, at, limit=limit, threads=threads)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_elements_put(dtype, accumulate):
    rng = np.random.default_rng(8)
    x = array(rng, (6, 5, 4), dtype)
    for shapes, value in (([(3,), (3,)], (3, 4)), ([(2, 1), (3,), (2, 3)], (2, 3)), ([(7,), (1,)], ()), ([(), ()], (4,)), ([(70,)], (70, 1, 4))):
        indices = [places(rng, s, n, -n) for s, n in zip(shapes, x.shape)]
        same(lambda x, u, *i: P.index_put(x, i, u, accumulate), x, array(rng, value, dtype), *indices, home=0)
        same(lambda x, u, *i: P.index_put(P.permute(x, (2, 0, 1)), [P.cast(i[0], dt.int32)], P.const(1, x.dtype), accumulate), np.concatenate([x, x], 2), array(rng, (), dtype), *indices)


@HOSTS
@pytest.mark.parametrize("how", ["set", "add", "multiply", "amax", "amin", "mean"])
@pytest.mark.parametrize("dim", [0, 1])
def test_scatter(dim, how, limit):
    rng = np.random.default_rng(9)
    for shape, index in (((5, 6), (3, 4)), ((30, 20), (30, 20)), ((2, 3), (2, 3)), ((100, 3), (100, 3)), ((300, 300), (300, 300))):
        for include in (True, False):
            index = index if dim else index[::-1]
            size = shape if dim else shape[::-1]
            same(lambda x, i, u: P.scatter(x, i, u, dim, how, include), array(rng, size), places(rng, index, size[dim]), array(rng, index),
                 limit=limit, threads=2)


@pytest.mark.parametrize("how", ["set", "add", "multiply", "amax", "amin"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_scatter_of_dtypes(dtype, how):
    rng = np.random.default_rng(10)
    for include in (True, False) if dtype != "bool" else (True,):
        same(lambda x, i, u: P.scatter(x, i, u, 0, how, include), array(rng, (4, 5), dtype), places(rng, (6, 5), 4, dtype="int32"),
             array(rng, (6, 5), dtype))


def test_extremes_keep_nans():
    x, u = np.array([1, np.nan, -np.inf, 0], "float32"), np.array([np.nan, 5, 3, 0, 2, np.nan], "float32")
    for how in ("amax", "amin"):
        same(lambda x, i, u: P.scatter(x, i, u, 0, how), x, np.array([0, 1, 2, 3, 3, 3]), u)

