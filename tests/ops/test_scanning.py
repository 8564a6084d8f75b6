"""Running sums, products, extremes; differences, trapezoids, gradients: against PyTorch."""
import numpy as np
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    x.cumsum(0)
    x.cumsum(dim=-1)
    T.cumsum(c3, 1)
    x.t().cumsum(0)
    z.cumsum(0)
    e.cumsum(0)
    x.cumsum(0, dtype=T.float32)
    (x * 1).cumsum_(0)
    x.cumprod(0)
    T.cumprod(y, 1)
    y.cumprod(0)
    (x * 1).cumprod_(1)
    z.cumprod(0)
    T.cumprod(f, 1, dtype=T.float64)
    x.cummax(0)
    x.cummin(1)
    T.cummax(n, 1)
    T.cummin(n, 0)
    T.cummax(v, -1)
    z.cummax(0)
    x.logcumsumexp(0)
    T.logcumsumexp(c3, -1)
    x.diff()
    x.diff(n=2, dim=0)
    x.diff(prepend=y[:, :1], append=x[:, :1])
    T.diff(v, append=u)
    x.diff(n=10)
    T.trapezoid(x)
    T.trapezoid(x, v)
    T.trapezoid(x, dx=2.0)
    T.trapezoid(x, u, dim=0)
    T.trapezoid(x, y)
    T.trapz(x, dim=0)
    T.cumulative_trapezoid(x)
    T.cumulative_trapezoid(x, v)
    T.cumulative_trapezoid(x, dx=0.5, dim=0)
    T.gradient(x)
    T.gradient(x, spacing=2.0)
    T.gradient(x, dim=0)
    T.gradient(x, spacing=(T.tensor([1.0, 2, 4], dtype=T.float64), T.tensor([0.0, 2, 3, 9], dtype=T.float64)))
    T.gradient(x, edge_order=2)
    T.gradient(x, spacing=(T.tensor([1.0, 2, 4], dtype=T.float64), T.tensor([0.0, 2, 3, 9], dtype=T.float64)), edge_order=2)
    T.gradient(v, spacing=0.5)
    x.flip(0)
    x.flip([0, 1])
    x.flip(0, 1)
    T.flip(c3, dims=(-1, 0))
    x.flip(())
    z.flip(())
    x.fliplr()
    T.flipud(v)
""")
REFUSALS = lines("""
    x.cumsum(2)
    x.cumprod(-3)
    (li.int() * 1).cumsum_(0, dtype=T.long)
    T.complex(x, x).cummax(0)
    li.logcumsumexp(0)
    x.diff(prepend=v)
    x.diff(prepend=y[:2])
    z.diff()
    x.diff(n=-1)
    T.trapezoid(x, v, dim=0)
    x.flip(0, 0)
    x.flip(3)
    v.fliplr()
    z.flipud()
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    # PyTorch's own products with a number are MulBackward1, which only C++ can ask for
    agree(oracle, expression, name="trap" not in expression, double=not ("n" in compile(expression, "", "eval").co_names or "y.cumprod" in expression
                                          or "cumprod(y" in expression))


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.cumsum(1)", "x.cumprod(0)", "x.cummax(1)", "x.flip(0)", "x.diff()", "x.logcumsumexp(1)"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", ["li.cumsum(0)", "b.cumsum(0)", "li.int().cumsum(0)", "li.int().cumsum_(0)", "by.cumprod(0)",
                                        "by.cumsum(0)", "b.cummax(0)", "lm.cummin(1)", "b.diff()", "lm.diff(n=2)", "b.flip(0)",
                                        "T.trapezoid(li)", "bm.diff(dim=0)"])
def test_integers_and_bools(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_float32_is_summed_in_double_as_pytorch_does(oracle, name):
    x = (1 + np.random.default_rng(0).standard_normal((3, 500)) / 10).astype(np.float32)
    mine, theirs = getattr(torch.from_numpy(x), name)(1), getattr(oracle.from_numpy(x), name)(1)
    np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_discounted_returns():
    rewards = torch.tensor([1.0, 0, 2])
    assert rewards.flip(0).cumsum(0).flip(0).tolist() == [3, 2, 2]
