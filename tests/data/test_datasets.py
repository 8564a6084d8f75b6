"""Datasets: indexing, combining, splitting, and the errors, as PyTorch has them."""

import pytest

import rushlight as torch


def squares(library, n=10):
    class Squares(library.utils.data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, index):
            return index * index

    return Squares()


def stream(library, n, with_length=False):
    class Stream(library.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    class Measured(Stream):
        def __len__(self):
            return n

    return Measured() if with_length else Stream()


SCENARIOS = {
    "dataset getitem": lambda t: t.utils.data.Dataset()[0],
    "tensor dataset": lambda t: t.utils.data.TensorDataset(t.arange(6).view(3, 2), t.arange(3.0))[1],
    "tensor dataset slice": lambda t: t.utils.data.TensorDataset(t.arange(3))[0:2],
    "tensor dataset range": lambda t: t.utils.data.TensorDataset(t.arange(3))[5],
    "tensor dataset sizes": lambda t: t.utils.data.TensorDataset(t.zeros(2), t.zeros(3)),
    "tensor dataset 0-d": lambda t: t.utils.data.TensorDataset(t.tensor(1.0)),
    "concat": lambda t: [
        (squares(t, 2) + squares(t, 3))[i] for i in (-5, -1, 0, 1, 2, 4)
    ],
    "concat sizes": lambda t: t.utils.data.ConcatDataset([squares(t, 2), squares(t, 3)]).cumulative_sizes,
    "concat old name": lambda t: t.utils.data.ConcatDataset([squares(t, 2)]).cummulative_sizes,
    "concat empty": lambda t: t.utils.data.ConcatDataset([]),
    "concat stream": lambda t: t.utils.data.ConcatDataset([stream(t, 3)]),
    "concat over": lambda t: t.utils.data.ConcatDataset([squares(t, 2)])[2],
    "concat under": lambda t: t.utils.data.ConcatDataset([squares(t, 2)])[-3],
    "chain": lambda t: list(stream(t, 2) + stream(t, 3)),
    "chain length": lambda t: len(stream(t, 2, True) + stream(t, 3, True)),
    "chain no length": lambda t: len(stream(t, 2) + stream(t, 3)),
    "chain of maps": lambda t: list(t.utils.data.ChainDataset([squares(t)])),
    "stack": lambda t: t.utils.data.StackDataset(squares(t), squares(t))[3],
    "stack named": lambda t: t.utils.data.StackDataset(a=squares(t), b=squares(t))[3],
    "stack many": lambda t: t.utils.data.StackDataset(a=squares(t), b=squares(t)).__getitems__([1, 2]),
    "stack none": lambda t: t.utils.data.StackDataset(),
    "stack both": lambda t: t.utils.data.StackDataset(squares(t), a=squares(t)),
    "stack sizes": lambda t: t.utils.data.StackDataset(squares(t, 2), squares(t, 3)),
    "subset": lambda t: [t.utils.data.Subset(squares(t), [3, 4])[i] for i in (0, 1, -1)],
    "subset many": lambda t: t.utils.data.Subset(squares(t), [3, 4]).__getitems__([1, 0]),
    "subset range": lambda t: t.utils.data.Subset(squares(t), [3, 4])[2],
    "split": lambda t: [part.indices for part in t.utils.data.random_split(squares(t), [7, 3])],
    "split fractions": lambda t: [part.indices for part in t.utils.data.random_split(squares(t), [0.33, 0.33, 0.34])],
    "split generator": lambda t: [
        part.indices for part in t.utils.data.random_split(squares(t), [0.5, 0.5], t.Generator().manual_seed(7))
    ],
    "split to nothing": lambda t: [len(part) for part in t.utils.data.random_split(squares(t, 2), [0.33, 0.33, 0.34])],
    "split sum": lambda t: t.utils.data.random_split(squares(t), [3, 3]),
    "split fraction sum": lambda t: t.utils.data.random_split(squares(t), [0.5, 0.6]),
    "split fraction range": lambda t: t.utils.data.random_split(squares(t), [1.5, -0.5]),
    "split empty": lambda t: t.utils.data.random_split(squares(t), []),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_like_pytorch(name, same):
    same(SCENARIOS[name])


def test_a_stream_must_iterate():
    class Nothing(torch.utils.data.IterableDataset):
        pass

    with pytest.raises(TypeError, match="abstract class Nothing"):
        Nothing()


def test_generic_names():
    class Pairs(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
        pass

    assert torch.utils.data.DataLoader[int] is not None
    assert issubclass(Pairs, torch.utils.data.Dataset)


def test_module_paths():
    from rushlight.utils.data._utils.collate import default_collate
    from rushlight.utils.data.dataloader import DataLoader, _MultiProcessingDataLoaderIter, default_collate as again
    from rushlight.utils.data.dataset import Dataset, random_split  # noqa: F401
    from rushlight.utils.data.distributed import DistributedSampler
    from rushlight.utils.data.sampler import Sampler

    assert default_collate is again is torch.utils.data.default_collate
    assert DataLoader is torch.utils.data.DataLoader
    assert DistributedSampler is torch.utils.data.DistributedSampler
    assert issubclass(DistributedSampler, Sampler)
    assert _MultiProcessingDataLoaderIter.__name__ == "_MultiProcessingDataLoaderIter"
