"""gather, take, index_select, masked_select, nonzero and their kin against PyTorch."""
import numpy as np
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    x.gather(0, j)
    x.gather(1, k3)
    x.gather(-1, k3[:, :2])
    T.gather(x, 0, k[:, :3])
    T.gather(x, dim=1, index=k.int())
    T.gather(z, 0, T.tensor(0))
    z.gather(0, T.tensor([0, 0]))
    x.gather(0, T.empty(0, 4, dtype=T.long))
    x.t().gather(0, k3.t())
    c3.gather(1, T.tensor([[[0, 2, 1, 1]], [[2, 0, 0, 1]]]))
    T.gather(x.detach(), 0, j, out=T.empty(0, dtype=T.float64))
    x.take(i)
    x.take(k - 5)
    x.t().take(k3)
    z.take(T.tensor([0, 0, -1]))
    T.take(v, li - 3)
    x.take(T.empty(0, dtype=T.long))
    x.take_along_dim(j, 0)
    x.take_along_dim(i)
    T.take_along_dim(x, T.tensor([[0], [3], [1]]), 1)
    x.take_along_dim(x.argsort(1), dim=1)
    x.index_select(0, i)
    x.index_select(1, i32)
    x.index_select(0, T.tensor(1))
    x.index_select(-1, T.tensor([1, 1, 1, 0]))
    T.index_select(c3, 1, T.tensor([2, 0]))
    c3.transpose(0, 2).index_select(0, i)
    z.index_select(0, T.tensor([0]))
    x.index_select(0, T.empty(0, dtype=T.long))
    x.masked_select(x > 1)
    T.masked_select(x, bc)
    u.masked_select(bm.t())
    z.masked_select(b)
    x.masked_select(bm & False)
    x.t().masked_select(bm.t())
    x.nonzero()
    y.nonzero(as_tuple=True)
    T.nonzero(z)
    T.nonzero(z, as_tuple=True)
    T.nonzero(e)
    T.nonzero(li - 2)
    y.argwhere()
    T.argwhere(bm)
    T.where(bm)
    T.nonzero_static(y, size=9)
    T.nonzero_static(y, size=2)
    T.unravel_index(li, (2, 3))
    T.unravel_index(T.tensor(7), (3, 4))
""")
REFUSALS = lines("""
    x.gather(0, j.float())
    x.gather(0, i)
    x.gather(0, T.tensor([[5, 0, 0, 0]]))
    x.gather(0, T.tensor([[-1, 0, 0, 0]]))
    x.gather(1, T.zeros(5, 2, dtype=T.long))
    x.gather(5, j)
    x.take(T.tensor([99]))
    x.take(T.tensor([-13]))
    x.take(T.tensor([1.0]))
    x.take_along_dim(j.double(), 0)
    x.take_along_dim(i, 1)
    x.index_select(0, i.double())
    x.index_select(0, T.tensor([5]))
    x.index_select(1, T.tensor([-1]))
    x.index_select(0, j)
    x.index_select(3, i)
    z.index_select(0, T.tensor([0, 0]))
    x.masked_select(i > 3)
    x.masked_select(x)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double=True)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.gather(0, j)", "x.take(i)", "x.index_select(1, i)", "x.masked_select(bm)", "x.nonzero()"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", ["li.gather(0, li - 1)", "lm.index_select(1, i)", "by.take(i)", "b.index_select(0, i)",
                                        "bm.masked_select(bm)", "lm.masked_select(lm > 2)", "bm.gather(0, k)"])
def test_integers_and_bools(oracle, expression):
    agree(oracle, expression)


def test_an_index_computed_before_is_checked_when_the_plan_runs():
    x = torch.arange(3.0)
    late = torch.arange(3) + 1          # pending: its values are not there yet
    with pytest.raises(RuntimeError, match="index 3 is out of bounds for dimension 0 with size 3"):
        x.gather(0, late).tolist()


def test_a_gather_of_repeated_places_adds_their_gradients():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x.gather(0, torch.tensor([2, 2, 2, 0])).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 3.0]
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x.index_select(0, torch.tensor([1, 1])).prod().backward()
    assert x.grad.tolist() == [0.0, 4.0, 0.0]


def test_picking_the_log_probability_of_each_action():
    probs = torch.tensor([[0.1, 0.9], [0.8, 0.2]], requires_grad=True)
    actions = torch.tensor([1, 0])
    chosen = probs.gather(1, actions.unsqueeze(1)).squeeze(1)
    np.testing.assert_allclose(chosen.detach().numpy(), [0.9, 0.8], rtol=1e-6)
    chosen.log().sum().backward()
    np.testing.assert_allclose(probs.grad.numpy(), [[0, 1 / 0.9], [1 / 0.8, 0]], rtol=1e-6)
