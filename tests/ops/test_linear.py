"""F.linear against PyTorch: shapes, gradients, tape names, errors."""
import numpy as np
import pytest
from op_compare import same


def numbers(*shape, seed=0):
    return np.array(np.random.default_rng(seed).standard_normal(shape))


def linear(T, *a):
    return T.nn.functional.linear(*a)


@pytest.mark.parametrize("x", [(3, 4), (2, 3, 4), (4,), (0, 4), (2, 2, 3, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(oracle, x, bias):
    same(oracle, linear, [numbers(*x), numbers(5, 4, seed=1)] + [numbers(5, seed=2)] * bias, double=True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, dtype):
    same(oracle, linear, [numbers(3, 4), numbers(5, 4, seed=1), numbers(5, seed=2)], dtype)


@pytest.mark.parametrize("x, w, b", [((3, 4), (4,), None), ((3, 0), (5, 0), (5,)), ((3, 4), (5, 4), (1,)), ((3, 4), (5, 4), ()),
                                     ((3, 4), (5, 4), (3, 5))])
def test_unusual_shapes(oracle, x, w, b):
    same(oracle, linear, [numbers(*x), numbers(*w, seed=1)] + ([] if b is None else [np.array(numbers(*b, seed=2))]), name=b is not None)


@pytest.mark.parametrize("x, w, b", [((3, 4), (4,), ()), ((3, 4), (5, 3), (5,)), ((2, 3, 4), (5, 3), None), ((4,), (5, 3), None), ((4,), (5, 3), (5,)),
                                     ((3, 4), (5, 4), (6,)), ((3, 4), (5, 4), (5, 1)), ((2, 3, 4), (5, 4), (6,)), ((), (5, 4), (5,)),
                                     ((3, 4), (2, 5, 4), None), ((3, 4), (), None)])
def test_sizes_that_do_not_fit(oracle, x, w, b):
    arrays = [np.array(numbers(*x)), np.array(numbers(*w, seed=1))] + ([] if b is None else [np.array(numbers(*b, seed=2))])
    assert isinstance(same(oracle, linear, arrays), RuntimeError)


@pytest.mark.parametrize("case", [
    lambda T, x, w, b: linear(T, x.float(), w), lambda T, x, w, b: linear(T, x.float(), w, b), lambda T, x, w, b: linear(T, x, w, b.float()),
    lambda T, x, w, b: linear(T, 3, w), lambda T, x, w, b: linear(T, x, None), lambda T, x, w, b: linear(T, x, w, 3),
])
def test_operands_that_do_not_fit(oracle, case):
    assert isinstance(same(oracle, case, [numbers(3, 4), numbers(5, 4), numbers(5)]), Exception)


def test_linear_cross_entropy(oracle):
    y = np.array([1, 2, 0])
    for options in ({}, {"reduction": "none", "ignore_index": 1}, {"label_smoothing": 0.1}):
        same(oracle, lambda T, x, w, b, y: T.nn.functional.linear_cross_entropy(x, w, y, linear_bias=b, **options),
             [numbers(3, 4), numbers(5, 4), numbers(5), y])
