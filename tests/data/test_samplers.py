"""Samplers: order, length, checks of their options."""

import pytest

import rushlight as torch


def with_generator(t, **options):
    return t.utils.data.RandomSampler(range(8), generator=t.Generator().manual_seed(3), **options)


def rank(t, **options):
    sampler = t.utils.data.DistributedSampler(range(10), **options)
    first = list(sampler)
    sampler.set_epoch(2)
    return first, list(sampler), len(sampler)


RANDOM_OPTIONS = [
    {},
    {"num_samples": 3},
    {"num_samples": 16},
    {"num_samples": 20},
    {"replacement": True},
    {"replacement": True, "num_samples": 70},
    {"replacement": 1},
    {"num_samples": 0},
    {"num_samples": -1},
    {"num_samples": 2.5},
]


@pytest.mark.parametrize("options", RANDOM_OPTIONS, ids=str)
@pytest.mark.parametrize("generator", [False, True])
def test_random(options, generator, same):
    def scenario(t):
        sampler = with_generator(t, **options) if generator else t.utils.data.RandomSampler(range(8), **options)
        indices = iter(sampler)
        # What is drawn between the first index and the others finds the generator where PyTorch leaves it.
        seen = [next(indices), t.randint(0, 1000, (2,)).tolist(), *indices]
        state = sampler.generator if generator else None
        return seen, len(sampler), t.randint(0, 1000, (2,), generator=state).tolist()

    same(scenario)


SCENARIOS = {
    "sequential": lambda t: (list(t.utils.data.SequentialSampler("abc")), len(t.utils.data.SequentialSampler("abc"))),
    "base": lambda t: iter(t.utils.data.Sampler()),
    "base length": lambda t: len(t.utils.data.Sampler()),
    "random of nothing": lambda t: t.utils.data.RandomSampler([]),
    "subset random": lambda t: list(t.utils.data.SubsetRandomSampler([3, 1, 4, 7])),
    "subset random generator": lambda t: list(
        t.utils.data.SubsetRandomSampler([3, 1, 4], generator=t.Generator().manual_seed(1))
    ),
    "weighted": lambda t: list(t.utils.data.WeightedRandomSampler([1, 2, 3, 4], 9)),
    "weighted without replacement": lambda t: list(t.utils.data.WeightedRandomSampler([1, 2, 3, 4], 3, False)),
    "weighted attributes": lambda t: t.utils.data.WeightedRandomSampler([1, 2], 3).weights,
    "weighted count": lambda t: t.utils.data.WeightedRandomSampler([1, 2], 0),
    "weighted count true": lambda t: t.utils.data.WeightedRandomSampler([1, 2], True),
    "weighted replacement": lambda t: t.utils.data.WeightedRandomSampler([1, 2], 2, 1),
    "weighted shape": lambda t: t.utils.data.WeightedRandomSampler([[1, 2]], 2),
    "batch": lambda t: (list(t.utils.data.BatchSampler(range(5), 2, False)), len(t.utils.data.BatchSampler(range(5), 2, False))),
    "batch drop": lambda t: (list(t.utils.data.BatchSampler(range(5), 2, True)), len(t.utils.data.BatchSampler(range(5), 2, True))),
    "batch size": lambda t: t.utils.data.BatchSampler(range(5), 0, False),
    "batch size true": lambda t: t.utils.data.BatchSampler(range(5), True, False),
    "batch size float": lambda t: t.utils.data.BatchSampler(range(5), 2.0, False),
    "batch drop 1": lambda t: t.utils.data.BatchSampler(range(5), 2, 1),
    "distributed": lambda t: [rank(t, num_replicas=3, rank=r) for r in range(3)],
    "distributed plain": lambda t: [rank(t, num_replicas=3, rank=r, shuffle=False) for r in range(3)],
    "distributed drop": lambda t: [rank(t, num_replicas=3, rank=r, drop_last=True, seed=4) for r in range(3)],
    "distributed many": lambda t: rank(t, num_replicas=40, rank=39, shuffle=False),
    "distributed rank": lambda t: rank(t, num_replicas=2, rank=2),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_like_pytorch(name, same):
    same(SCENARIOS[name])


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_take_no_index_too_early(size, drop_last, same):
    def scenario(t):
        log = []

        def indices():
            for index in range(size):
                log.append(index)
                yield index
            log.append("end")

        batches = iter(t.utils.data.BatchSampler(indices(), 2, drop_last))
        return [(batch, list(log)) for batch in batches], log

    same(scenario)


def test_random_sampler_follows_a_growing_set():
    data = [1, 2]
    sampler = torch.utils.data.RandomSampler(data)
    data.append(3)
    assert len(sampler) == 3 and sorted(sampler) == [0, 1, 2]
