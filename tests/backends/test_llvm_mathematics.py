"""The compiled functions of floats: accuracy over the whole range, edges as PyTorch has them, exact divisions, integers with loops."""
import ctypes
import math

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, generators, kernel, scalar_ops, target
from rushlight.backends.llvm.nest import Access, Nest, Node

SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-45, -1e-45, 1e-40, 1e-38, 1e-20, 1e38, -1e38,
           3.4e38, 88, 89, -104, 100.5, 128, -149, -150, 709.7, 710.3, -745, 1e10, 6.3e20, -7e30, 1e300, 1e-310, 0.1, 0.9, 1.5]


def compute(name, *arrays, limit=None, result=None):
    shape, dtype = arrays[0].shape, arrays[0].dtype.name
    strides = tuple(s // arrays[0].itemsize for s in arrays[0].strides)
    n = len(arrays)
    nodes = tuple(Node("load", (), dtype, Access(i, strides)) for i in range(n)) + (Node(name, tuple(range(n)), result or dtype),)
    host = target.host(limit)
    made = kernel.compile_source(generators.generate(Nest(shape, nodes, ((n, Access(n, strides)),), (), (), n + 1), host), host)
    y = np.empty(shape, result or dtype)
    arguments = (ctypes.c_void_p * (n + 2))(*[a.ctypes.data for a in arrays], y.ctypes.data, 0)
    words = driver.entries(made.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    driver.Pool(1).run(ctypes.addressof(table), len(made.phases), 1)
    return y


def patterns(rng, dtype, n):
    """Any bits at all."""
    word = np.dtype(f"u{np.dtype(dtype).itemsize}")
    found = rng.integers(0, np.iinfo(word).max, n, word, endpoint=True).view(dtype)
    found[np.isnan(found)] = np.nan             # the quiet one
    return found


def samples(dtype, operands, n=2003):
    rng = np.random.default_rng(operands)
    found = []
    for i in range(operands):
        parts = [patterns(rng, dtype, n), rng.uniform(-1, 1, n), rng.uniform(-12, 12, n), rng.uniform(-1000, 1000, n)[:: 1 - 2 * i],
                 1 + rng.standard_normal(n) * 1e-3, np.exp(rng.uniform(-20, 20, n))]
        special = np.meshgrid(SPECIAL, SPECIAL)[i].ravel() if operands == 2 else SPECIAL
        with np.errstate(all="ignore"):
            found.append(np.concatenate([np.asarray(p).astype(dtype) for p in parts + [special]]))
    return found


def of_math(function):
    return lambda x: np.array([function(v) for v in x.astype(float)], np.longdouble)


UNARY = {"exp2": np.exp2, "log2": np.log2, "log10": np.log10, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
         "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh,
         "atanh": np.arctanh, "tanh": np.tanh, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
         "erf": of_math(math.erf), "erfc": of_math(math.erfc)}
BINARY = {"pow": np.power, "atan2": np.arctan2, "hypot": np.hypot}
LIMITS = {"tanh": 2.6, "asin": 2.1, "erf": 2.0, "erfc": 5.0}               # math.erfc is itself off by 2.5


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_within_two_ulp_everywhere(name, dtype, limit):
    xs = samples(dtype, 1 if name in UNARY else 2)
    y = compute(name, *xs, limit=limit)
    with np.errstate(all="ignore"):
        exact = {**UNARY, **BINARY}[name](*[x.astype(np.longdouble) for x in xs])
        near = exact.astype(dtype)
        error = np.abs(y - exact) / np.spacing(np.abs(near))
    finite = np.isfinite(near) & np.isfinite(y)
    worst = np.argmax(np.where(finite, error, 0))
    assert error[worst] < LIMITS.get(name, 2), (*[x[worst] for x in xs], y[worst], near[worst])
    np.testing.assert_array_equal(y[~finite], near[~finite])
    zero = near == 0
    np.testing.assert_array_equal(np.signbit(y[zero]), np.signbit(near[zero]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sines_of_huge_numbers(dtype):
    rng = np.random.default_rng(5)
    most = float(np.finfo(dtype).max)
    x = np.exp(rng.uniform(math.log(1e4), math.log(most), 30011)).astype(dtype) * rng.choice([-1, 1], 30011).astype(dtype)
    x[:3] = most, -most, 6381956970095103 * 2.0 ** (797 if dtype == "float64" else 40)      # among doubles the nearest to a multiple of pi / 2
    for name, function in (("sin", np.sin), ("cos", np.cos), ("tan", np.tan)):
        y, exact = compute(name, x), function(x.astype(np.longdouble))
        # PyTorch's and C's own: x87's reduction of such arguments is exact in glibc
        assert (np.abs(y - exact) / np.spacing(np.abs(exact).astype(dtype))).max() < 1.5


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, theirs", [("fmod", "fmod"), ("rem", "remainder"), ("floordiv", "floor_divide"), ("fmax", "fmax"), ("fmin", "fmin"),
                                          ("nextafter", "nextafter"), ("copysign", "copysign"), ("heaviside", "heaviside")])
def test_exact_functions_are_pytorchs(oracle, name, theirs, dtype, limit):
    x, y = samples(dtype, 2)
    expected = getattr(oracle, theirs)(oracle.from_numpy(x), oracle.from_numpy(y)).numpy()
    found = compute(name, x, y, limit=limit)
    if name in ("fmod", "rem"):                 # PyTorch's vectors give NaN where x / y overflows
        with np.errstate(all="ignore"):
            far = np.isinf(x / y) & np.isfinite(x) & (y != 0)
        assert np.isnan(expected[far]).any() and np.isfinite(found[far]).all()
        found, expected = found[~far], expected[~far]
        np.testing.assert_array_equal(compute("fmod", x, y, limit=limit), np.fmod(x, y))
    np.testing.assert_array_equal(found, expected)
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(expected[zero]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["logaddexp", "xlogy", "ldexp", "sinc", "angle", "signbit"])
def test_the_others_are_pytorchs(oracle, name, dtype):
    xs = samples(dtype, 1 if hasattr(oracle, name) and name in ("sinc", "angle", "signbit") else 2)
    expected = getattr(oracle, name)(*map(oracle.from_numpy, xs)).numpy()
    found = compute(name, *xs, result="bool" if name == "signbit" else None)
    if name == "signbit":
        np.testing.assert_array_equal(found, expected)
        return
    near = 1e-5 if dtype == "float32" else 1e-13
    with np.errstate(all="ignore"):
        usual = np.all([np.abs(x) < 1e4 for x in xs], axis=0) | ~np.isfinite(sum(xs))
    np.testing.assert_allclose(found[usual], expected[usual], near, near if name in ("sinc", "logaddexp") else 1e-300)


def test_without_lanes():
    """What is the same in a whole row is computed once, by scalar code."""
    for name in scalar_ops.UNARY:
        if "float64" in scalar_ops.UNARY[name][1]:
            x = np.array(0.75)
            boolean = name in ("isnan", "isinf", "isfinite", "signbit")
            wide = compute(name, np.full(8, 0.75), result="bool" if boolean else None)
            np.testing.assert_allclose(compute(name, x, result="bool" if boolean else None), wide[0], 1e-15, err_msg=name)
    for name in ("pow", "fmod", "atan2", "hypot"):
        np.testing.assert_allclose(compute(name, np.array(7.5), np.array(2.25)), compute(name, np.full(8, 7.5), np.full(8, 2.25))[0], 1e-15)
    huge = np.array(1e22)
    np.testing.assert_allclose(compute("sin", huge), math.sin(1e22), 1e-15)


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8"])
def test_integers(oracle, dtype, limit):
    rng = np.random.default_rng(3)
    info = np.iinfo(dtype)
    x, y = (rng.integers(info.min, info.max, 1003, dtype, endpoint=True) for _ in range(2))
    x[:200], y[200:400], y[:3], x[3] = x[:200] % 12, y[200:400] % 12, (0, 1, 2), info.min
    np.testing.assert_array_equal(compute("gcd", x, y, limit=limit), np.gcd(x, y))
    np.testing.assert_array_equal(compute("lcm", x, y, limit=limit), oracle.lcm(oracle.from_numpy(x), oracle.from_numpy(y)).numpy())
    powers = np.abs(y.astype(np.int64)) % 70
    expected = np.array([pow(int(a), int(b), 2 ** info.bits) for a, b in zip(x, powers)], object)
    expected = np.array([v if v <= info.max else v - 2 ** info.bits for v in expected], dtype)
    np.testing.assert_array_equal(compute("pow", x, powers.astype(dtype), limit=limit), expected)
    if info.min < 0:
        base, down = np.array([-2, -1, 1, 2, -1], dtype), np.array([-1, -1, -2, -3, -2], dtype)
        np.testing.assert_array_equal(compute("pow", base, down, limit=limit), [0, -1, 1, 0, 1])
