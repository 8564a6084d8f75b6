"""unique, bincount, histograms, searchsorted, isin against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

pytestmark = pytest.mark.filterwarnings("ignore:torch.searchsorted")

VALUES = lines("""
    li.unique()
    v.detach().unique(return_inverse=True, return_counts=True)
    T.unique(lm, return_counts=True)
    T.unique(lm, sorted=True, return_inverse=True)
    T.unique(lm, dim=1)
    T.unique(T.cat([lm, lm]), dim=0, return_inverse=True, return_counts=True)
    b.unique()
    n.detach().unique(return_counts=True)
    e.detach().unique()
    T.unique(v.detach().half())
    T.unique(v.detach().bfloat16(), return_inverse=True)
    T.unique_consecutive(li, return_counts=True)
    li.unique_consecutive(return_inverse=True, return_counts=True)
    T.unique_consecutive(lm)
    T.unique_consecutive(T.cat([lm[:1], lm]), dim=0, return_counts=True)
    T.searchsorted(u, x)
    T.searchsorted(u, 2)
    T.searchsorted(u, 0.7, right=True)
    T.searchsorted(T.tensor([1, 3, 5]), 3)
    T.searchsorted(T.tensor([1, 3, 5]), 3.5)
    T.searchsorted(u, x, side="right")
    T.searchsorted(u, x, out_int32=True)
    T.searchsorted(x.sort(1).values, y[:, :2])
    T.searchsorted(v, x, sorter=T.tensor([1, 2, 3, 0]))
    T.searchsorted(u, z)
    T.searchsorted(u.float(), f)
    T.searchsorted(u.half(), f.half())
    T.bucketize(x, u)
    T.bucketize(x, u, right=True, out_int32=True)
    T.bucketize(0.7, u)
    T.bucketize(li, T.tensor([1, 3]))
    T.isin(x, v)
    T.isin(li, 2)
    T.isin(2, li)
    T.isin(li, lm, assume_unique=False, invert=True)
    T.isin(lm, T.tensor([2.0, 5.5]))
    T.isin(x.half(), v.half())
    T.isin(li, T.empty(0, dtype=T.long))
    T.bincount(li)
    T.bincount(li, v.detach())
    T.bincount(li, v.detach().float())
    T.bincount(li, li)
    li.bincount(minlength=9)
    T.bincount(T.empty(0).long())
    T.bincount(by)
    T.histc(x.detach(), 4)
    x.detach().histc(bins=3, min=0, max=5)
    T.histc(f.detach(), 5, -1, 3)
    T.histc(z.detach(), 3)
    T.histogram(x.detach(), 4)
    T.histogram(v.detach(), T.tensor([0.0, 1, 2.5], dtype=T.float64))
    T.histogram(v.detach(), 4, range=(0.0, 2.0), density=True, weight=v.detach())
    T.histogramdd(x.detach().reshape(6, 2), [2, 3])[0]
    T.histogramdd(x.detach().reshape(6, 2), [2, 3])[1]
""")
REFUSALS = lines("""
    T.unique(x, dim=5)
    T.searchsorted(u, x, side="left", right=True)
    T.searchsorted(u, x, side="foo")
    T.searchsorted(x, x[:2])
    T.searchsorted(z, x)
    T.searchsorted(v, x, sorter=T.tensor([0, 1, 2, 9]))
    T.bucketize(x, x)
    T.isin(2, 2)
    T.bincount(v)
    T.bincount(-li)
    T.bincount(li, minlength=-1)
    T.bincount(lm)
    T.bincount(li, u)
    T.histc(li, 4)
    T.histc(x, 0)
    T.histc(x, 4, 5, 1)
    T.histogram(li, 4)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


def test_words_counted():
    words, places, counts = torch.tensor([7, 3, 7, 7]).unique(return_inverse=True, return_counts=True)
    assert (words.tolist(), places.tolist(), counts.tolist()) == ([3, 7], [1, 0, 1, 1], [1, 3])
    assert torch.bincount(torch.tensor([0, 2, 2]), minlength=4).tolist() == [1, 0, 2, 0]


def test_buckets():
    ages = torch.tensor([3, 17, 18, 40, 70])
    assert torch.bucketize(ages, torch.tensor([18, 65]), right=True).tolist() == [0, 0, 1, 1, 2]
