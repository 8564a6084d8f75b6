"""equal, dist, renorm, cov, corrcoef, where, clamp against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    T.dist(x, y)
    T.dist(x, v, 1)
    x.dist(y, p=3)
    T.dist(x, y, float("inf"))
    T.dist(x, y, 0.5)
    T.dist(x, y, float("-inf"))
    x.dist(x)
    T.renorm(x, 2, 0, 5)
    T.renorm(x, 1, 1, 3.0)
    T.renorm(c3, 3, 1, 2)
    (x * 1).renorm_(2, 0, 4)
    T.cov(x)
    T.cov(v)
    x.cov(correction=0, fweights=li)
    T.cov(x, aweights=v)
    T.cov(x, fweights=li, aweights=v.detach())
    T.corrcoef(x)
    T.corrcoef(v)
    T.where(x > 1, x, y)
    T.where(bm, x, 0.0)
    T.where(bm, 1.5, x)
    T.where(bc, x, v)
    x.where(bm, y)
    x.where(bm, 3)
    T.where(bm, f[0], x)
    T.clamp(x, -1, 2)
    T.clamp(x, min=y)
    x.clamp(y, y + 1)
    T.clamp(x, max=v)
    x.clamp(max=1)
    T.clamp_min(x, 1)
    T.clamp_min(x, v)
    T.clamp_max(x, 1.0)
    x.clamp_max(y)
    (x * 1).clamp_(0, 1)
    (x * 1).clamp_min_(y)
    (x * 1).clamp_max_(1)
    T.clip(x, 1, 2)
    n.clamp(0, 1)
    x.clamp(2, 1)
""")
REFUSALS = lines("""
    T.equal(x, 3)
    T.dist(x, u)
    T.renorm(x, 0, 0, 5)
    T.renorm(x, 2, 0, -5)
    T.renorm(v, 2, 0, 5)
    T.cov(x, fweights=li.float())
    T.cov(x, aweights=li)
    T.cov(c3)
    T.where(x, x, x)
    T.where(li, v, v)
    T.where(li.bool(), x, v[:3])
    T.clamp(x, None, None)
    x.clamp()
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double=not ("n" in compile(expression, "", "eval").co_names or "dist" in expression))


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["T.equal(x, x)", "T.equal(x, v)", "T.equal(li, li.float())", "x.equal(x + 0)", "n.equal(n)",
                                        "T.equal(e, e)", "T.where(x > 3, 1, 0)", "T.where(x > 3, 1.0, li)", "li.clamp(1.5)",
                                        "T.clamp(li, T.tensor(1.5))", "T.clamp_max(li, 1.5)", "li.clamp(2, 2.5)", "by.clamp(4, 100)",
                                        "T.where(bm, li, x.detach().float()[0])", "li.clamp_(2)", "T.where(bm, True, 2)"])
def test_integers_bools_and_answers(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", ["T.dist(x, y)", "T.renorm(x, 2, 0, 5)", "T.where(bm, x, y)", "x.clamp(y, y + 1)"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


def test_the_0_norm_of_a_difference(oracle):
    agree(oracle, "T.dist(x, y, 0)", grad=False)


def test_equal_looks_at_shapes_and_values():
    x = torch.tensor([[1.0, 2.0]])
    assert torch.equal(x, x.clone()) and not torch.equal(x, x[0]) and not x.equal(x + 1)
