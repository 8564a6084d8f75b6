"""Datasets: what is read, by index or by iteration.

Beside `__getitem__` (and PyTorch's `__getitems__`, a list of samples for a list of indices) a dataset of this
library may offer `_fetch_batch(indices)`: the batch that `default_collate` would make of those samples, made
at once, or `NotImplemented` where it cannot. Samples, dtypes, draws of random numbers and errors must be those
of the way by samples. It is asked only for plain integers, only if `collate_fn` is `default_collate`, and never
for a subclass that overrides `__getitem__`; see `fetch_batch`.
"""

import bisect
import itertools
import math
import warnings
from typing import Generic, Iterable, TypeVar

import rushlight as torch
from rushlight.utils.data._utils.arrays import concatenate_rows, take_rows

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Dataset(Generic[_T_co]):
    """Samples by key. Subclasses write `__getitem__`, and `__len__` for the default samplers."""

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset[_T_co], Iterable[_T_co]):
    """Samples as a stream. Subclasses write `__iter__`.

    With worker processes each worker iterates its own copy: split the stream by `get_worker_info()`.
    """

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple]):
    """Sample i is the tuple of the i-th rows of `tensors`, which agree in their first size."""

    # A batch draws no random numbers, so datasets that mix several of these may fetch them in any order.
    _fetch_is_pure = True

    def __init__(self, *tensors):
        if not all(tensors[0].size(0) == tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self):
        return self.tensors[0].size(0)

    def _fetch_batch(self, indices):
        return take_rows(self.tensors, indices)


class StackDataset(Dataset):
    """Sample i is the tuple (or the dict, of named datasets) of the i-th samples of datasets of equal length."""

    def __init__(self, *args, **kwargs):
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like input/output, "
                "but both types are given."
            )
        datasets = args or kwargs
        if not datasets:
            raise ValueError("At least one dataset should be passed")
        lengths = [len(dataset) for dataset in (args or kwargs.values())]
        if any(length != lengths[0] for length in lengths):
            raise ValueError("Size mismatch between datasets")
        self._length = lengths[0]
        self.datasets = datasets

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices):
        if isinstance(self.datasets, dict):
            columns = [_samples(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(self.datasets, row)) for row in zip(*columns)]
        return list(zip(*(_samples(dataset, indices) for dataset in self.datasets)))

    def __len__(self):
        return self._length


def _samples(dataset, indices):
    """The samples at `indices`, in one call where the dataset takes lists."""
    if not callable(getattr(dataset, "__getitems__", None)):
        return [dataset[index] for index in indices]
    samples = dataset.__getitems__(indices)
    if len(samples) != len(indices):
        raise ValueError(
            f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(samples)}"
        )
    return samples


class ConcatDataset(Dataset[_T_co]):
    """Datasets one after another, by index."""

    @staticmethod
    def cumsum(sequence):
        """Running totals of the lengths of the datasets."""
        return list(itertools.accumulate(len(dataset) for dataset in sequence))

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if len(self.datasets) == 0:
            raise AssertionError("datasets should not be an empty iterable")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx):
        which, inner = self._locate(idx)
        return self.datasets[which][inner]

    def _locate(self, index):
        """Which dataset holds `index`, and at which index of its own."""
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index = len(self) + index
        which = bisect.bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[which - 1] if which > 0 else 0
        return which, index - start

    @property
    def cummulative_sizes(self):
        warnings.warn(
            "`cummulative_sizes` attribute is renamed to `cumulative_sizes`", category=FutureWarning, stacklevel=2
        )
        return self.cumulative_sizes

    @property
    def _fetch_is_pure(self):
        return all(_is_pure(dataset) for dataset in self.datasets)

    def _fetch_batch(self, indices):
        positions, inner = {}, {}
        for position, index in enumerate(indices):
            if not -len(self) <= index < len(self):
                return NotImplemented
            which, own = self._locate(index)
            positions.setdefault(which, []).append(position)
            inner.setdefault(which, []).append(own)

        if len(inner) == 1:
            ((which, own),) = inner.items()
            return fetch_batch(self.datasets[which], own)
        # By dataset is another order than by sample: only for datasets to which it makes no difference.
        if not all(_is_pure(self.datasets[which]) for which in inner):
            return NotImplemented
        parts = [fetch_batch(self.datasets[which], own) for which, own in inner.items()]
        order = list(itertools.chain.from_iterable(positions.values()))
        return concatenate_rows(parts, order)


class ChainDataset(IterableDataset):
    """Iterable datasets one after another."""

    def __init__(self, datasets):
        self.datasets = datasets

    def __iter__(self):
        for dataset in self._checked():
            yield from dataset

    def __len__(self):
        return sum(len(dataset) for dataset in self._checked())

    def _checked(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset


class Subset(Dataset[_T_co]):
    """The samples of `dataset` at `indices`."""

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx):
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices):
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__([self.indices[i] for i in indices])
        return [self.dataset[self.indices[i]] for i in indices]

    def __len__(self):
        return len(self.indices)

    @property
    def _fetch_is_pure(self):
        return _is_pure(self.dataset)

    def _fetch_batch(self, indices):
        try:
            mapped = [self.indices[i] for i in indices]
        except IndexError:
            return NotImplemented
        return fetch_batch(self.dataset, mapped)


def random_split(dataset, lengths, generator=None):
    """Split into subsets of the given lengths, or of the given fractions of the whole, at random.

    Fractions sum to 1; what rounding down leaves over goes one by one to the first subsets. ValueError if the
    lengths do not add up.
    """
    total = sum(lengths)
    if math.isclose(total, 1) and total <= 1:
        lengths = _lengths_of_fractions(lengths, len(dataset))
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")

    order = torch.randperm(sum(lengths), generator=generator).tolist()
    ends = itertools.accumulate(lengths)
    return [Subset(dataset, order[end - length : end]) for end, length in zip(ends, lengths)]


def _lengths_of_fractions(fractions, size):
    lengths = []
    for i, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
        lengths.append(math.floor(size * fraction))
    for i in range(size - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3
            )
    return lengths


# -- whole batches at once ------------------------------------------------------------------------------------


def fetch_batch(dataset, indices):
    """The collated batch of `indices`, or NotImplemented if this dataset, or these indices, go by samples."""
    if not offers_batches(type(dataset)) or not _all_ints(indices):
        return NotImplemented
    return dataset._fetch_batch(indices)


def offers_batches(kind):
    """Whether a class's `_fetch_batch` speaks for its `__getitem__`.

    It does not where a subclass reads its samples in another way. The class is asked, not the object: a wrapper
    that passes unknown attributes on to the dataset inside must not seem to have the method.
    """
    for base in kind.__mro__:
        members = vars(base)
        if "_fetch_batch" in members:
            return True
        if "__getitem__" in members or "__getitems__" in members:
            return False
    return False


def _is_pure(dataset):
    return offers_batches(type(dataset)) and getattr(dataset, "_fetch_is_pure", False)


def _all_ints(indices):
    """Whether these are plain integers (bools and tensors index differently)."""
    return isinstance(indices, (list, tuple)) and set(map(type, indices)) == {int}
