"""Whole batches at once: the same batches as sample by sample, and never where that might not hold."""

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, default_collate
from rushlight.utils.data.dataset import fetch_batch, offers_batches

DTYPES = "bool uint8 int16 int64 float16 bfloat16 float32 float64 complex64".split()


def tensors(n=12):
    torch.manual_seed(1)
    return [
        torch.randn(n, 3, 4),
        torch.arange(n),
        torch.randn(4, n).t(),
        torch.randn(n, 2, 3).permute(0, 2, 1),
        *(torch.randint(0, 2, (n, 2)).to(getattr(torch, dtype)) for dtype in DTYPES),
    ]


def assert_same(batch, reference):
    assert type(batch) is type(reference) is list and len(batch) == len(reference)
    for ours, theirs in zip(batch, reference):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.stride() == theirs.stride()
        assert (ours == theirs).all().item()


def sample_by_sample(dataset, indices):
    return default_collate([dataset[index] for index in indices])


def combinations():
    whole = TensorDataset(*tensors())
    other = TensorDataset(*tensors(5))
    return {
        "tensors": (whole, [3, 0, 11, -1, 3]),
        "subset": (Subset(whole, [5, 1, 7, 2]), [2, 0, -1]),
        "subset of array": (Subset(whole, np.array([5, 1, 7])), [2, 0]),
        "subset of subset": (Subset(Subset(whole, [5, 1, 7, 2]), [3, 2]), [1, 0, 1]),
        "concat, one part": (whole + other, [13, 16, 12]),
        "concat, mixed": (whole + other, [16, 0, 12, 3, -1, 0]),
        "concat of subsets": (ConcatDataset([Subset(whole, [4, 2]), other, whole]), [0, 8, 2, 1, 7, 18]),
    }


@pytest.mark.parametrize("name", combinations())
def test_same_batches(name):
    dataset, indices = combinations()[name]
    batch = fetch_batch(dataset, indices)
    if name != "subset of array":
        assert batch is not NotImplemented
    reference = sample_by_sample(dataset, indices)
    if batch is not NotImplemented:
        assert_same(batch, reference)
    (loaded,) = DataLoader(dataset, batch_sampler=[indices])
    assert_same(loaded, reference)


def counting(base):
    class Counting(base):
        reads = 0

        def __getitem__(self, index):
            Counting.reads += 1
            return super().__getitem__(index)

    return Counting


def test_a_subclass_that_reads_in_its_own_way_is_read_that_way():
    Counting = counting(TensorDataset)
    dataset = Counting(torch.arange(6))
    assert not offers_batches(Counting)
    list(DataLoader(dataset, batch_size=3))
    list(DataLoader(Subset(dataset, [1, 2]), batch_size=2))
    list(DataLoader(TensorDataset(torch.arange(2)) + dataset, batch_size=8))
    assert Counting.reads == 6 + 2 + 6


def test_a_subclass_with_lists_of_its_own():
    class Listing(TensorDataset):
        def __getitems__(self, indices):
            return [(index * 100,) for index in indices]

    assert list(DataLoader(Listing(torch.arange(2)), batch_size=2))[0][0].tolist() == [0, 100]


def test_a_plain_subclass_goes_by_batches():
    class Named(TensorDataset):
        name = "named"

    assert offers_batches(Named)
    assert fetch_batch(Named(torch.arange(3)), [2, 0])[0].tolist() == [2, 0]


def test_a_wrapper_is_not_its_dataset():
    class Doubling(torch.utils.data.Dataset):
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def __len__(self):
            return len(self.inner)

        def __getitem__(self, index):
            return self.inner[index][0] * 2

    assert list(DataLoader(Doubling(TensorDataset(torch.arange(3))), batch_size=3))[0].tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    "indices", [[], [True, False], [torch.tensor(0), torch.tensor(1)], [np.int64(1)], (0.0,)], ids=str
)
def test_odd_indices_go_by_samples(indices):
    assert fetch_batch(TensorDataset(torch.arange(3)), indices) is NotImplemented


def test_gradients_go_by_samples():
    leaf = torch.ones(4, 2, requires_grad=True)
    dataset = TensorDataset(leaf)
    assert fetch_batch(dataset, [0, 1]) is NotImplemented
    (batch,) = next(iter(DataLoader(dataset, batch_size=2)))
    batch.sum().backward()
    assert leaf.grad.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]


def test_the_error_is_that_of_the_sample(same):
    same(lambda t: list(t.utils.data.DataLoader(t.utils.data.TensorDataset(t.arange(3)), batch_sampler=[[0, 7]])))
    same(lambda t: list(t.utils.data.DataLoader(t.utils.data.TensorDataset(t.arange(3)) + [1], batch_sampler=[[0, 9]])))


def test_parts_of_two_kinds_go_by_samples(same):
    def scenario(t):
        dataset = t.utils.data.TensorDataset(t.arange(3)) + t.utils.data.TensorDataset(t.arange(3.0))
        return list(t.utils.data.DataLoader(dataset, batch_size=4))

    same(scenario)


def test_a_batch_is_a_copy():
    data = torch.zeros(4, 2)
    (batch,) = next(iter(DataLoader(TensorDataset(data), batch_size=4)))
    batch += 1
    assert data.sum().item() == 0
    (batch,) = next(iter(DataLoader(TensorDataset(data), batch_size=4)))
    data += 5
    assert batch.sum().item() == 0


def test_datasets_that_draw_are_not_reordered():
    class Drawing(TensorDataset):
        _fetch_is_pure = False

    mixed = Drawing(torch.arange(3)) + Drawing(torch.arange(3))
    assert fetch_batch(mixed, [0, 4]) is NotImplemented
    assert fetch_batch(mixed, [0, 1])[0].tolist() == [0, 1]


def test_a_collate_of_ones_own_sees_samples():
    seen = []
    loader = DataLoader(TensorDataset(torch.arange(4)), batch_size=2, collate_fn=lambda samples: seen.append(samples))
    list(loader)
    assert [type(sample) for samples in seen for sample in samples] == [tuple] * 4
