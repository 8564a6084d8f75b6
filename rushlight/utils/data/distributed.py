"""DistributedSampler: each process of a group reads its own share."""

import math

import rushlight as torch
from rushlight.utils.data.sampler import Sampler


class DistributedSampler(Sampler):
    """Indices `rank`, `rank + num_replicas`, ... of one order that all processes agree on.

    The order is a permutation seeded by `seed + epoch` (call `set_epoch` before each epoch), or the plain one
    without `shuffle`. Shares are equal: the order is filled up from its own start, or cut with `drop_last`.
    """

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        if num_replicas is None:
            num_replicas = _process_group().get_world_size()
        if rank is None:
            rank = _process_group().get_rank()
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        if drop_last and size % num_replicas != 0:
            self.num_samples = math.ceil((size - num_replicas) / num_replicas)
        else:
            self.num_samples = math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self):
        size = len(self.dataset)
        if self.shuffle:
            generator = torch.Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = torch.randperm(size, generator=generator).tolist()
        else:
            order = list(range(size))

        missing = self.total_size - len(order)
        if missing > 0:
            repeats = math.ceil(missing / len(order))
            order += (order * repeats)[:missing]
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch):
        """Choose the permutation of this epoch; without it every epoch has the same order."""
        self.epoch = epoch


def _process_group():
    distributed = getattr(torch, "distributed", None)
    if distributed is None or not distributed.is_available():
        raise RuntimeError("Requires distributed package to be available")
    return distributed
