"""DataLoader in one process: options, errors, lengths, epochs, and the draws of random numbers."""

import numpy as np
import pytest

import rushlight as torch


def numbers(t, n=10):
    class Numbers(t.utils.data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, index):
            return index

    return Numbers()


def stream(t, n=10, claimed=None):
    class Stream(t.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    class Claiming(Stream):
        def __len__(self):
            return claimed

        def __str__(self):
            return "a stream"

    return Stream() if claimed is None else Claiming()


def load(t, data=None, **options):
    return t.utils.data.DataLoader(numbers(t) if data is None else data, **options)


OPTIONS = {
    "no workers below 0": dict(num_workers=-1),
    "no timeout below 0": dict(timeout=-1),
    "timeout without workers": dict(timeout=1),
    "prefetching without workers": dict(prefetch_factor=2),
    "negative prefetching": dict(num_workers=1, prefetch_factor=-1),
    "persistence without workers": dict(persistent_workers=True),
    "sampler and shuffle": dict(sampler=[1, 2], shuffle=True),
    "sampler, no shuffle": dict(sampler=[1, 2], shuffle=False),
    "empty sampler": dict(sampler=[]),
    "batch sampler": dict(batch_sampler=[[1, 2], [3]]),
    "batch sampler and size": dict(batch_sampler=[[1]], batch_size=2),
    "batch sampler and no size": dict(batch_sampler=[[1]], batch_size=None),
    "batch sampler and shuffle": dict(batch_sampler=[[1]], shuffle=True),
    "batch sampler and sampler": dict(batch_sampler=[[1]], sampler=[1]),
    "batch sampler and drop": dict(batch_sampler=[[1]], drop_last=True),
    "no batches and drop": dict(batch_size=None, drop_last=True),
    "no batches": dict(batch_size=None),
    "no batches, lists": dict(batch_size=None, sampler=[1, 3]),
    "batch size 0": dict(batch_size=0),
    "batch size 2.5": dict(batch_size=2.5),
    "batch size 3": dict(batch_size=3),
    "batch size 3, drop": dict(batch_size=3, drop_last=True),
    "batch size too large": dict(batch_size=30),
    "shuffle": dict(batch_size=3, shuffle=True),
    "shuffle by a word": dict(shuffle="yes"),
    "context without workers": dict(multiprocessing_context="fork"),
    "context of no kind": dict(num_workers=1, multiprocessing_context="bad"),
    "context of no type": dict(num_workers=1, multiprocessing_context=5),
    "no such option": dict(bogus=1),
    "pinned": dict(pin_memory=True),
    "pinned to a device": dict(pin_memory=True, pin_memory_device="cuda"),
    "collated as lists": dict(batch_size=4, collate_fn=list),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, same):
    def scenario(t):
        loader = load(t, **OPTIONS[name])
        return len(loader), list(loader), loader.batch_size, loader.drop_last

    same(scenario)


STREAM_OPTIONS = [
    dict(shuffle=True),
    dict(shuffle=False),
    dict(sampler=[1]),
    dict(batch_sampler=[[1]]),
    dict(batch_size=3),
    dict(batch_size=3, drop_last=True),
    dict(batch_size=None),
]


@pytest.mark.parametrize("options", STREAM_OPTIONS, ids=str)
def test_streams(options, same):
    same(lambda t: list(load(t, stream(t), **options)))


@pytest.mark.parametrize("options", [{}, dict(batch_size=3), dict(batch_size=None)], ids=str)
def test_streams_that_lie_about_their_length(options, same):
    def scenario(t):
        loader = load(t, stream(t, claimed=3), **options)
        return len(loader), list(loader)

    same(scenario)


FIXED = "batch_size batch_sampler sampler drop_last dataset persistent_workers".split()


@pytest.mark.parametrize("name", [*FIXED, "num_workers", "collate_fn", "anything"])
def test_attributes_after_the_fact(name, same):
    same(lambda t: setattr(load(t), name, 0))


SETS = {
    "list": lambda t: [1, 2, 3],
    "array": lambda t: np.arange(3.0),
    "dict": lambda t: {0: 1, 1: 2},
    "tensor": lambda t: t.arange(6.0).view(3, 2),
    "nothing": lambda t: [],
    "number": lambda t: 5,
    "none": lambda t: None,
    "lists at once": lambda t: type("G", (), {"__len__": lambda s: 4, "__getitems__": lambda s, i: [x * 10 for x in i]})(),
    "no lists at once": lambda t: type("G", (list,), {"__getitems__": None})([1, 2]),
}


@pytest.mark.parametrize(
    ("name", "batch_size"),
    # Without batches the set that gives only lists fails, with an error of Python's own that names its class.
    [(name, size) for name in SETS for size in (2, None) if (name, size) != ("lists at once", None)],
)
def test_sets(name, batch_size, same):
    same(lambda t: list(load(t, SETS[name](t), batch_size=batch_size)))


def test_going_on_after_an_error():
    class Flawed(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index == 1:
                raise ValueError("flaw")
            return index

    batches = iter(torch.utils.data.DataLoader(Flawed()))
    assert next(batches).item() == 0
    with pytest.raises(ValueError, match="flaw"):
        next(batches)
    assert next(batches).item() == 2
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(batches)


# -- the same random numbers ----------------------------------------------------------------------------------


def epochs(t, count=3, **options):
    """Batches of a few epochs, with the masks of a program that drops out and draws between them."""
    loader = load(t, batch_size=3, **options)
    seen = []
    for _ in range(count):
        for batch in loader:
            seen.append((batch.tolist(), t.randint(0, 1000, (2,)).tolist(), t.nn.functional.dropout(t.ones(5)).tolist()))
    return seen


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_shuffles_and_what_is_drawn_between_batches(workers, shuffle, same):
    same(lambda t: epochs(t, 2, shuffle=shuffle, num_workers=workers))


@pytest.mark.parametrize("workers", [0, 1])
def test_draws_from_a_generator_of_ones_own(workers, same):
    def scenario(t):
        generator = t.Generator().manual_seed(5)
        seen = epochs(t, 2, shuffle=True, num_workers=workers, generator=generator)
        return seen, t.randint(0, 1000, (2,), generator=generator).tolist()

    same(scenario)


@pytest.mark.parametrize("workers", [0, 1])
def test_weighted_epochs(workers, same):
    def scenario(t):
        sampler = t.utils.data.WeightedRandomSampler([0.1, 0.2, 3, 4, 0.5, 1], 12)
        return epochs(t, 2, sampler=sampler, num_workers=workers)

    same(scenario)


def test_epochs_with_persistent_workers(same):
    same(lambda t: epochs(t, 3, shuffle=True, num_workers=2, persistent_workers=True))


def test_iterators_draw_even_if_unused(same):
    def scenario(t):
        loader = load(t, shuffle=True)
        for _ in range(3):
            iter(loader)
        next(iter(loader))
        return t.randint(0, 1000, (4,)).tolist()

    same(scenario)


def test_split_then_shuffle(same):
    def scenario(t):
        first, second = t.utils.data.random_split(numbers(t), [6, 4])
        return [batch.tolist() for part in (first, second) for batch in load(t, part, batch_size=2, shuffle=True)]

    same(scenario)


def test_the_loader_is_a_boundary_of_the_engine(monkeypatch):
    calls = []
    monkeypatch.setattr(torch, "_boundary", lambda: calls.append(1), raising=False)
    assert len(list(torch.utils.data.DataLoader([1, 2, 3]))) == 3
    assert len(calls) >= 4
