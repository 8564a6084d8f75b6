"""Every arithmetic op over every pair of dtypes, with tensors, 0-d tensors and Python numbers: dtype, shape, value, or error."""
import itertools
import re
import warnings

import numpy as np
import pytest

import rushlight

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128".split()
NUMBERS = (True, 2, 2.5, 1 + 2j, -1)
TOLERANCE = {"torch.bfloat16": 2e-2, "torch.float16": 2e-3}

OPS = {
    "x + y": lambda T, x, y: x + y, "x - y": lambda T, x, y: x - y, "x * y": lambda T, x, y: x * y,
    "x / y": lambda T, x, y: x / y, "x // y": lambda T, x, y: x // y, "x % y": lambda T, x, y: x % y,
    "x ** y": lambda T, x, y: x ** y, "x & y": lambda T, x, y: x & y, "x | y": lambda T, x, y: x | y,
    "x ^ y": lambda T, x, y: x ^ y, "x << y": lambda T, x, y: x << y, "x >> y": lambda T, x, y: x >> y,
    "x == y": lambda T, x, y: x == y, "x != y": lambda T, x, y: x != y, "x < y": lambda T, x, y: x < y,
    "x >= y": lambda T, x, y: x >= y, "maximum": lambda T, x, y: T.maximum(x, y), "fmin": lambda T, x, y: T.fmin(x, y),
    "atan2": lambda T, x, y: T.atan2(x, y), "hypot": lambda T, x, y: T.hypot(x, y), "copysign": lambda T, x, y: T.copysign(x, y),
    "nextafter": lambda T, x, y: T.nextafter(x, y), "xlogy": lambda T, x, y: T.xlogy(x, y), "fmod": lambda T, x, y: T.fmod(x, y),
    "truncated": lambda T, x, y: T.div(x, y, rounding_mode="trunc"), "floored": lambda T, x, y: T.div(x, y, rounding_mode="floor"),
    "logical_xor": lambda T, x, y: T.logical_xor(x, y), "gcd": lambda T, x, y: T.gcd(x, y),
    "add alpha=2": lambda T, x, y: T.add(x, y, alpha=2), "sub alpha=2.5": lambda T, x, y: T.sub(x, y, alpha=2.5),
    "add alpha=True": lambda T, x, y: T.add(x, y, alpha=True), "lerp": lambda T, x, y: T.lerp(x, y, 0.25),
    "where": lambda T, x, y: T.where(T.tensor([True, False, True]), x, y), "addcdiv": lambda T, x, y: T.addcdiv(x, x, y),
    "float_power": lambda T, x, y: T.float_power(x, y), "result_type": lambda T, x, y: T.result_type(x, y),
    "cat": lambda T, x, y: T.cat([x.reshape(-1), y.reshape(-1)]), "stack": lambda T, x, y: T.stack([x, y.expand_as(x)]),
}
IN_PLACE = {
    "x += y": lambda T, x, y: x.__iadd__(y), "x -= y": lambda T, x, y: x.__isub__(y), "x *= y": lambda T, x, y: x.__imul__(y),
    "x /= y": lambda T, x, y: x.__itruediv__(y), "x //= y": lambda T, x, y: x.__ifloordiv__(y),
    "x **= y": lambda T, x, y: x.__ipow__(y), "x &= y": lambda T, x, y: x.__iand__(y), "x %= y": lambda T, x, y: x.__imod__(y),
    "copy_": lambda T, x, y: x.copy_(y), "x[...] = y": lambda T, x, y: (x.__setitem__(..., y), x)[1],
    "eq_": lambda T, x, y: x.eq_(y), "logical_and_": lambda T, x, y: x.logical_and_(y),
}


def values(dtype, second):
    if dtype == "bool":
        return [True, True, True]
    if "int" in dtype:
        return [3, 1, 2] if second else [1, 2, 3]
    if dtype.startswith("complex"):
        return [1 - 1j, 2, 3j] if second else [1 + 1j, 2, -3j]
    return [2.0, 1.5, 1.0] if second else [1.0, 2.5, 3.0]


def operand(T, what, second=False):
    """"int8": a vector;  "int8.": a 0-d tensor;  a number: itself."""
    if not isinstance(what, str):
        return what
    t = T.tensor(values(what.rstrip("."), second), dtype=getattr(T, what.rstrip(".")))
    return t[0] if what.endswith(".") else t


def outcome(T, function, x, y):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(T, operand(T, x), operand(T, y, True))
        if not isinstance(result, T.Tensor):
            return str(result), None
        half = str(result.dtype) in TOLERANCE
        return (str(result.dtype), tuple(result.shape)), (result.float() if half else result).numpy()
    except Exception as error:
        text = str(error)
        if isinstance(error, TypeError) and ("invalid combination" in text or "must be Tensor, not" in text):
            text = ""       # PyTorch lists its overloads
        return (type(error).__name__, re.sub("clamp_[a-z_]*cpu", "clamp", text)), None


def agree(oracle, function, x, y):
    ours, mine = outcome(rushlight, function, x, y)
    theirs, its = outcome(oracle, function, x, y)
    assert ours == theirs, (x, y)
    if its is not None:
        tolerance = TOLERANCE.get(theirs[0], 1e-5)
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance, err_msg=f"{x}, {y}")


def lacks_complex_half(x, y):
    """There is no complex32 here: float16 with a complex number, or a complex 0-d tensor, is complex64."""
    kinds = [str(x), str(y)]
    return "float16" in kinds and any("j" in k or k.startswith("complex") and k.endswith(".") for k in kinds)


@pytest.mark.parametrize("name", list(OPS) + list(IN_PLACE))
def test_vectors(oracle, name):
    function = OPS.get(name) or IN_PLACE[name]
    for x, y in itertools.product(DTYPES, DTYPES):
        agree(oracle, function, x, y)


@pytest.mark.parametrize("name", list(OPS) + list(IN_PLACE))
def test_a_vector_and_a_0d_tensor(oracle, name):
    function = OPS.get(name) or IN_PLACE[name]
    for x, y in itertools.product(DTYPES, DTYPES):
        if not lacks_complex_half(x, y + "."):
            agree(oracle, function, x, y + ".")


@pytest.mark.parametrize("name", [n for n in OPS if n not in ("cat", "stack", "where", "float_power", "addcdiv", "lerp")])
def test_a_tensor_and_a_number(oracle, name):
    for x, y in itertools.product(DTYPES + ["bool.", "int32.", "float64.", "complex64."], NUMBERS):
        if not lacks_complex_half(x, y):
            agree(oracle, OPS[name], x, y)


@pytest.mark.parametrize("name", ["x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "x ** y", "x & y", "x << y", "x < y", "x == y"])
def test_a_number_and_a_tensor(oracle, name):
    for x, y in itertools.product((True, 2, 2.5, 1 + 2j), DTYPES):
        if not lacks_complex_half(x, y):
            agree(oracle, OPS[name], x, y)


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_0d_tensor_does_not_grow_in_place(oracle, name):
    for x, y in itertools.product(DTYPES, DTYPES):
        agree(oracle, IN_PLACE[name], x + ".", y)


@pytest.mark.parametrize("name", IN_PLACE)
def test_numbers_in_place(oracle, name):
    if name in ("copy_", "x[...] = y"):
        pytest.skip("numbers are filled in: see test_indexing.py")
    for x, y in itertools.product(DTYPES, NUMBERS):
        if not lacks_complex_half(x, y):
            agree(oracle, IN_PLACE[name], x, y)


@pytest.mark.parametrize("name", "promote_types can_cast".split())
def test_the_tables(oracle, name):
    for x, y in itertools.product(DTYPES, DTYPES):
        ours = getattr(rushlight, name)(getattr(rushlight, x), getattr(rushlight, y))
        assert str(ours) == str(getattr(oracle, name)(getattr(oracle, x), getattr(oracle, y)))


def test_another_default_dtype(oracle):
    for T in (rushlight, oracle):
        T.set_default_dtype(T.float64)
    try:
        for x, y in itertools.product(("int64", "bool", "float32", "float64", "complex64", "int64."), (True, 2, 2.5, 1j)):
            for name in ("x + y", "x / y", "x ** y"):
                agree(oracle, OPS[name], x, y)
        assert str(rushlight.tensor(1.0).dtype) == str(oracle.tensor(1.0).dtype)
        assert str(rushlight.tensor([1, 2]).sqrt().dtype) == str(oracle.tensor([1, 2]).sqrt().dtype)
    finally:
        for T in (rushlight, oracle):
            T.set_default_dtype(T.float32)
