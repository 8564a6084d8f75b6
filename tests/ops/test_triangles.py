"""tril, triu, diag and their kin against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    x.tril()
    x.tril(-1)
    x.triu(1)
    T.triu(c3, diagonal=-1)
    T.tril(x.t(), 2)
    (x * 1).tril_()
    (x * 1).triu_(1)
    T.triu(T.full((4, 4), -inf), 1)
    e.tril()
    T.diag(x)
    T.diag(v)
    T.diag(v, 1)
    x.diag(-1)
    x.diag(9)
    T.diagflat(x)
    T.diagflat(v, 1)
    z.diagflat()
    T.diag_embed(x)
    T.diag_embed(x, 1, 0, 2)
    v.diag_embed(-2)
    T.trace(x)
    c3[0].trace()
    (x * 1).fill_diagonal_(3.0)
    (c3.reshape(8, 3) * 1).fill_diagonal_(3.0, wrap=True)
    (c3.reshape(8, 3) * 1).fill_diagonal_(3.0)
    T.ones(3, 3, 3).fill_diagonal_(3.0)
    x.diagonal()
    T.block_diag(x.tril(), u)
""")
REFUSALS = lines("""
    v.tril()
    T.triu(z)
    x.tril_()
    T.diag(z)
    T.diag(c3)
    T.diag_embed(x, 0, 0, 0)
    T.trace(v)
    T.trace(bm)
    (v * 1).fill_diagonal_(3.0)
    T.ones(2, 3, 4).fill_diagonal_(3.0)
    T.vander(x)
    T.vander(v, -1)
    T.tril_indices(-1, 3)
    T.triu_indices(3, -1)
    T.tril_indices(3, 3, dtype=T.float32)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double=True)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.tril()", "T.diag(v)", "T.diag(x)", "x.trace()", "T.diag_embed(x)", "(x * 1).fill_diagonal_(2)"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", ["lm.tril()", "bm.triu()", "T.diag(li)", "T.diag(b)", "lm.trace()", "by.diagflat()",
                                        "T.vander(li)", "T.vander(li, 3, True)", "T.tril_indices(3, 4)", "T.triu_indices(3, 4, 1)",
                                        "T.triu_indices(3, 4, -1, dtype=T.int32)", "T.tril_indices(0, 4)"])
def test_integers_and_bools(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", ["T.vander(v)", "T.vander(u, 4)", "T.vander(v, N=2)", "T.vander(v, N=0)", "T.vander(u, 5, True)"])
def test_powers_in_columns(oracle, expression):
    agree(oracle, expression, grad=False)       # PyTorch cannot differentiate what it writes there in place


def test_the_powers_have_a_gradient_here():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    torch.vander(x, 3).sum().backward()
    assert x.grad.tolist() == [5, 7]


def test_a_causal_mask():
    mask = torch.tril(torch.ones(3, 3)).view(1, 1, 3, 3)
    scores = torch.zeros(1, 1, 3, 3).masked_fill(mask == 0, float("-inf"))
    assert scores.softmax(-1)[0, 0].tolist() == [[1, 0, 0], [0.5, 0.5, 0], pytest.approx([1 / 3] * 3)]


def test_fill_diagonal_writes_through_a_view():
    base = torch.zeros(3, 4)
    base[:, 1:].fill_diagonal_(1)
    assert base.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
