"""sort, topk, kthvalue, median, mode, quantile against PyTorch."""
import numpy as np
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    x.sort()
    x.sort(0)
    x.sort(stable=True, dim=0)
    x.sort(0, True)
    T.sort(x, descending=True)
    T.sort(c3, dim=1)
    T.sort(x.t(), -1)
    z.sort()
    n.sort()
    n.sort(descending=True)
    e.sort()
    e.sort(0)
    x.argsort()
    x.argsort(dim=0, descending=True, stable=True)
    T.argsort(u)
    T.msort(x)
    x.topk(2)
    x.topk(3, 0)
    x.topk(2, 0, False)
    T.topk(x, k=1, dim=1, largest=True, sorted=True)
    x[:2].topk(3, largest=False)
    x.topk(0)
    z.topk(1)
    n[:2].topk(2)
    T.topk(c3, 2, 1)
    x.kthvalue(2)
    x.kthvalue(2, 0, True)
    x.kthvalue(k=1, dim=0)
    z.kthvalue(1)
    x.median()
    u.median()
    v.median()
    x.median(0)
    x.median(dim=1, keepdim=True)
    T.median(c3, 1)
    z.median()
    z.median(0)
    n.median()
    n[:2].median(1)
    e.median(1)
    x.nanmedian()
    n[:2].nanmedian(1)
    n[:2].nanmedian()
    x.nanmedian(0, True)
    v.mode()
    x[1:].mode(0, True)
    z.mode()
    x.quantile(0.5)
    x.quantile(T.tensor([0.1, 0.5, 1.0], dtype=T.float64), dim=1)
    x.quantile(0.5, dim=1, keepdim=True)
    x.quantile(0.3, 0, interpolation="nearest")
    x.quantile(0.3, interpolation="lower")
    x.quantile(0.3, dim=-1, interpolation="higher")
    x.quantile(T.tensor([0.3, 0.9], dtype=T.float64), 0, True, interpolation="midpoint")
    T.quantile(c3, 0.25, 1)
    T.quantile(z, 0.25)
    T.quantile(f, 0.25)
    n[:1].nanquantile(0.5, dim=1)
    n[:1].quantile(0.5, dim=1)
    x.nanquantile(T.tensor([0.0, 0.6], dtype=T.float64))
""")
REFUSALS = lines("""
    T.complex(x, x).sort()
    x.sort(3)
    x.topk(9)
    x.topk(2, 5)
    T.complex(x, x).topk(1)
    x.kthvalue(0)
    x.kthvalue(9)
    e.kthvalue(1, 0)
    e.median(0)
    T.empty(0).median(0)
    b.median()
    T.complex(x, x).median()
    e.mode(0)
    x.quantile(1.5)
    x.quantile(T.tensor([1.5], dtype=T.float64))
    x.quantile(T.tensor([[0.5]], dtype=T.float64))
    x.quantile(T.tensor(0.5))
    x.quantile(0.5, interpolation="foo")
    li.quantile(0.5)
    e.quantile(0.5)
    x.half().quantile(0.5)
    e.nanquantile(0.5)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double="n" not in compile(expression, "", "eval").co_names)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.sort(dim=0, stable=True)", "x.topk(2)", "c3.median(0)", "u.median()", "u.kthvalue(2)", "u.mode()",
                                        "x.argsort(dim=1, stable=True)"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", ["lm.sort(stable=True)", "by.sort()", "b.sort(stable=True)", "li.sort(descending=True, stable=True)",
                                        "by.topk(2)", "li.median()", "lm.median(1)", "by.mode()", "by.kthvalue(2)", "b.mode()",
                                        "i32.sort()", "T.empty(0).median()", "e.median()"])
def test_integers_and_bools(oracle, expression):
    agree(oracle, expression)


def test_long_rows_sort_stably(oracle):
    x = np.random.default_rng(1).integers(0, 50, (3, 1000)).astype(np.float32)
    mine = torch.from_numpy(x).sort(stable=True, descending=True)
    theirs = oracle.from_numpy(x).sort(stable=True, descending=True)
    np.testing.assert_array_equal(mine.indices.numpy(), theirs.indices.numpy())
    np.testing.assert_array_equal(mine.values.numpy(), theirs.values.numpy())


def test_the_pair_prints_and_unpacks_as_pytorchs():
    values, indices = pair = torch.tensor([2, 3, 1]).sort()
    assert values.tolist() == [1, 2, 3] and indices.tolist() == [2, 0, 1]
    assert repr(pair) == "torch.return_types.sort(\nvalues=tensor([1, 2, 3]),\nindices=tensor([2, 0, 1]))"
    assert torch.tensor([[1.0, 5], [4, 3]]).topk(1).indices.tolist() == [[1], [0]]


def test_out():
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.long)
    pair = torch.sort(torch.tensor([2.0, 1.0]), out=(values, indices))
    assert pair.values is values and values.tolist() == [1, 2] and indices.tolist() == [1, 0]


def test_accuracy_of_the_best_five():
    logits = torch.tensor([[0.1, 0.9, 0.3], [0.8, 0.1, 0.2]])
    target = torch.tensor([2, 1])
    _, best = logits.topk(2, 1, True, True)
    correct = best.t().eq(target.view(1, -1).expand_as(best.t()))
    assert correct[:1].reshape(-1).float().sum(0).item() == 0
    assert correct[:2].reshape(-1).float().sum(0).item() == 1
