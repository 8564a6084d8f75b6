"""scatter and its reductions, index_add, index_copy, index_fill, put, masked_scatter against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

pytestmark = pytest.mark.filterwarnings("ignore:index_reduce", "ignore:The reduce argument")

VALUES = lines("""
    x.scatter(0, j, y[1:2])
    x.scatter(1, k3, y)
    x.scatter(0, k[:, :2], y[:2, 1:3])
    T.scatter(x, 0, j, 1.5)
    x.scatter(0, j, value=2)
    x.scatter(0, j.int(), src=y[:1])
    x.scatter(0, T.empty(0, 4, dtype=T.long), y[:0])
    z.scatter(0, T.tensor(0), T.tensor(5.0, dtype=T.float64))
    x.t().scatter(1, j.t(), y.t()[:, :1])
    (x * 1).scatter_(0, j, y[:1])
    (x * 1).scatter_(1, k3[:, :1], 1.0)
    x.scatter_add(0, k, y[:2])
    T.scatter_add(x, 1, k3, y)
    (x * 1).scatter_add_(0, k, y[:2])
    T.zeros(3, 4, dtype=T.float64).scatter_add_(0, k, y[:2])
    x.scatter_reduce(0, k, y[:2], "sum")
    x.scatter_reduce(0, k, y[:2], "sum", include_self=False)
    x.scatter_reduce(0, k, y[:2], "mean")
    x.scatter_reduce(0, k, y[:2], "mean", include_self=False)
    x.scatter_reduce(1, k3, y, "amax")
    x.scatter_reduce(1, k3, y, "amax", include_self=False)
    x.scatter_reduce(1, k3, y, "amin")
    x.scatter_reduce(0, k, x[:2] + 9, "prod")
    x.scatter_reduce(0, k, x[:2] + 9, "prod", include_self=False)
    (x * 1).scatter_reduce_(0, k, y[:2], "amin")
    x.index_add(0, i, y[:2])
    x.index_add(1, T.tensor([1, 1, 0]), y[:, :3], alpha=2.5)
    (x * 1).index_add_(0, i32, y[1:])
    T.index_add(c3, 1, T.tensor([2, 2]), c3[:, 1:])
    z.index_add(0, T.tensor([0]), z * 3)
    x.index_copy(0, i, y[:2])
    (x * 1).index_copy_(1, T.tensor([3, 0]), y[:, 1:3])
    v.index_copy(0, T.tensor([2]), z)
    x.index_fill(0, i, 3.0)
    x.index_fill(1, T.tensor([3]), z)
    (x * 1).index_fill_(0, T.tensor(1), -2)
    z.index_fill(0, T.tensor([0]), 4)
    x.put(i, y[0, :2])
    x.put(k - 5, y[1:])
    (x * 1).put_(i, y[0, :2], True)
    x.put(T.tensor([0, 1]), y[0, :2], accumulate=True)
    x.masked_scatter(bm, y)
    (x * 1).masked_scatter_(bc, y)
    v.masked_scatter(bm, y)
    T.masked_scatter(x, bm & False, y)
    x.masked_fill(bm, 3)
    T.masked_fill(x, bc, z)
    u.masked_fill(bm.t(), -inf)
    T.index_put(x, (i,), z)
    x.index_put((i, i), y[0, :2], accumulate=True)
    T.index_fill(x, 0, i, 1)
    x.select_scatter(v, 0, 1)
    x.select_scatter(u, 1, -1)
    x.slice_scatter(y[:2], 0, 0, 2)
    x.slice_scatter(y[:, ::2], 1, 0, 4, 2)
    T.slice_scatter(x, y)
""")
WITHOUT_DOUBLE = lines("""
    x.scatter_reduce(0, k, y[:2], "prod")
    y.scatter_reduce(0, k, y[:2], "prod")
    x.index_reduce(0, T.tensor([0, 0]), y[:2], "mean")
    x.index_reduce(0, T.tensor([0, 2, 0]), x + 9, "prod")
    x.index_reduce(1, T.tensor([0, 2, 0, 1]), y, "amax", include_self=False)
    (x * 1).index_reduce_(0, i, y[:2], "amin")
""")
REFUSALS = lines("""
    x.detach().scatter(0, j, y.detach(), reduce="foo")
    x.scatter(0, j, y.float())
    x.scatter(0, j.double(), y)
    x.scatter(0, T.zeros(4, 4).long(), y)
    x.scatter(0, T.zeros(3, 5).long(), y)
    x.scatter(0, i, y)
    x.scatter(0, T.tensor([[7, 0, 0, 0]]), y)
    x.scatter(0, T.tensor([[-1, 0, 0, 0]]), y)
    x.scatter(0, T.zeros(3, 5).long(), 1.0)
    x.scatter_(0, j, y)
    x.scatter_add(0, j, y.float())
    x.scatter_add(0, T.tensor([[7, 0, 0, 0]]), y)
    x.scatter_add(0, j, 1.0)
    x.scatter_reduce(0, j, y, "foo")
    x.scatter_reduce(0, j, y, "add")
    x.index_add(0, i, y)
    x.index_add(0, i, y[:2].float())
    x.index_add(0, i.double(), y[:2])
    x.index_add(0, T.tensor([0, 9]), y[:2])
    x.index_add(0, T.tensor([0, -1]), y[:2])
    x.index_add(0, j, y[:2])
    x.index_add(0, i, y[:2, :2])
    x.index_copy(0, i, y)
    x.index_copy(0, i, y[:2].float())
    x.index_copy(0, i32, y[:2])
    x.index_copy(0, T.tensor([0, 9]), y[:2])
    x.index_copy(0, j, y[:2])
    x.index_copy(0, i, y[:2, :2])
    x.index_fill(0, i, v)
    x.index_fill(0, T.tensor([9]), 3.0)
    x.index_fill(0, i32, 3.0)
    x.index_fill(0, j, 3.0)
    li.index_fill(0, i, 1j)
    x.index_reduce(0, i, y[:2], "sum")
    z.index_add(0, T.tensor([0]), T.tensor([3.0], dtype=T.float64))
    v.index_add(0, T.tensor(1), z)
    x.index_add(0, i, z)
    x.put(i, y[0])
    x.put(T.tensor([99]), T.tensor([1.0], dtype=T.float64))
    x.put(i, y[0, :2].float())
    x.put(i.double(), y[0, :2])
    x.masked_scatter(x, y)
    x.masked_scatter(bm, y[0, :2])
    x.masked_scatter(bm, y.float())
    (x * 1).masked_scatter_(T.ones(2, 3, 4).bool(), y)
    x.select_scatter(x, 0, 0)
    x.slice_scatter(x, 0, 0, 2)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double=True)


@pytest.mark.parametrize("expression", WITHOUT_DOUBLE)
def test_values_and_gradients(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.scatter(0, j, y[:1])", "x.scatter_add(0, k, y[:2])", "x.index_add(0, i, y[:2])",
                                        "x.index_copy(0, i, y[:2])", "x.index_fill(1, i, 2.5)", "x.masked_scatter(bm, y)",
                                        "x.scatter_reduce(0, k, y[:2], 'amax')", "x.put(i, v[:2])"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", lines("""
    li.scatter(0, i, 7)
    li.scatter(0, i, 7.9)
    li.scatter_add(0, T.tensor([0, 0, 1]), li)
    li.scatter_reduce(0, T.tensor([0, 0, 1]), li, "mean")
    li.scatter_reduce(0, T.tensor([0, 0, 1]), li, "prod")
    li.index_add(0, i, li[:2], alpha=3)
    by.index_add(0, i, by[:2])
    b.index_fill(0, i, False)
    b.scatter(0, i, True)
    li.put(i, li[2:])
    bm.masked_scatter(bm, ~bm)
    li.scatter(0, i, li[2:], reduce="add")
    li.scatter(0, i, 3, reduce="multiply")
    x.detach().scatter_(0, j, y.detach(), reduce="multiply")
    li.index_fill(0, i, 3.5)
    li.index_fill(0, T.tensor([-1]), 5)
"""))
def test_integers_bools_and_reduce_arguments(oracle, expression):
    agree(oracle, expression)


def test_one_hot_by_scatter():
    labels = torch.tensor([2, 0, 1])
    assert torch.zeros(3, 3).scatter_(1, labels.unsqueeze(1), 1).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_counting_by_scatter_add():
    assert torch.zeros(3).scatter_add_(0, torch.tensor([0, 2, 2, 2]), torch.ones(4)).tolist() == [1, 0, 3]
    out = torch.zeros(2, 2)
    out.index_add_(0, torch.tensor([1, 1]), torch.tensor([[1.0, 2], [3, 4]]))
    assert out.tolist() == [[0, 0], [4, 6]]


def test_a_write_through_a_view_reaches_its_base():
    base = torch.zeros(3, 4)
    base[:, 1].index_fill_(0, torch.tensor([0, 2]), 5.0)
    base.t()[3].scatter_(0, torch.tensor([1]), 2.0)
    assert base.tolist() == [[0, 5, 0, 0], [0, 0, 0, 2], [0, 5, 0, 0]]


def test_src_may_be_larger_than_the_index_and_has_a_gradient_still():
    x, src = torch.zeros(3, 2), torch.arange(6.0).reshape(3, 2).requires_grad_()
    (x.scatter(0, torch.tensor([[2, 0]]), src) * torch.tensor([[1.0, 2], [3, 4], [5, 6]])).sum().backward()
    assert src.grad.tolist() == [[5, 2], [0, 0], [0, 0]]
