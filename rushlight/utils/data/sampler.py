"""Samplers: the order in which a dataset is read.

Every random sampler draws from the generator exactly what PyTorch draws, in the same order, so that a
program with a fixed seed sees the same batches.
"""

import itertools
from typing import Generic, TypeVar

import rushlight as torch

_T_co = TypeVar("_T_co", covariant=True)

# RandomSampler with replacement draws its indices in pieces of this size (PyTorch's, so that draws agree).
_REPLACEMENT_CHUNK = 32


class Sampler(Generic[_T_co]):
    """Base class of all samplers: an iterable of indices, or of lists of indices. `__len__` is optional."""

    def __iter__(self):
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, ..., len(data_source) - 1."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order: permutations, or independent draws with `replacement`.

    `num_samples` (default: the size of the data) may exceed the size; without replacement the data is then
    permuted again and again. Without a `generator`, each pass draws one seed from the default generator.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}"
            )

    @property
    def num_samples(self):
        # The size of the data may change between epochs, so it is asked for each time.
        if self._num_samples is None:
            return len(self.data_source)
        return self._num_samples

    def __iter__(self):
        generator = self.generator
        if generator is None:
            generator = torch.Generator()
            generator.manual_seed(_draw_seed())
        if self.replacement:
            yield from self._independent(generator)
        else:
            yield from self._permuted(generator)

    def _independent(self, generator):
        size = len(self.data_source)
        chunks, rest = divmod(self.num_samples, _REPLACEMENT_CHUNK)
        for length in itertools.chain(itertools.repeat(_REPLACEMENT_CHUNK, chunks), (rest,)):
            drawn = torch.randint(size, (length,), dtype=torch.int64, generator=generator)
            yield from drawn.tolist()

    def _permuted(self, generator):
        size = len(self.data_source)
        rounds, rest = divmod(self.num_samples, size)
        for _ in range(rounds):
            yield from torch.randperm(size, generator=generator).tolist()
        # Drawn even if nothing is left to take: whoever shares the generator must find it where PyTorch leaves it.
        yield from torch.randperm(size, generator=generator).tolist()[:rest]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given `indices`, in random order."""

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for position in torch.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[position]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` draws from 0 .. len(weights) - 1, with probabilities proportional to `weights`."""

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        weights = torch.as_tensor(weights, dtype=torch.double)
        if weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(weights.shape)}"
            )
        self.weights = weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        drawn = torch.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler[list]):
    """Lists of `batch_size` indices taken from `sampler`; the last may be shorter, unless `drop_last`."""

    def __init__(self, sampler, batch_size, drop_last):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        # A batch takes from the sampler only its own indices: samplers may draw random numbers as they go.
        indices = iter(self.sampler)
        while True:
            batch = list(itertools.islice(indices, self.batch_size))
            if not batch or (self.drop_last and len(batch) < self.batch_size):
                return
            yield batch
            if len(batch) < self.batch_size:
                return

    def __len__(self):
        if self.drop_last:
            return len(self.sampler) // self.batch_size
        return (len(self.sampler) + self.batch_size - 1) // self.batch_size


def _draw_seed(generator=None):
    """One 63-bit seed from `generator` (default: the global one), as PyTorch draws seeds for data loading."""
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())
