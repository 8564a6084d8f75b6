"""DataLoader with worker processes: what workers know, which batches they make, and in which order."""

import gc
import os
import random
import time

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Numbers(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return index


def test_worker_info():
    class Asking(Numbers):
        def __getitem__(self, index):
            info = get_worker_info()
            return [info.id, info.num_workers, info.seed, torch.initial_seed(), type(info.dataset).__name__, repr(info)]

    assert get_worker_info() is None
    rows = list(DataLoader(Asking(), num_workers=2, batch_size=None))
    assert [row[0] for row in rows] == [0, 1] * 4
    assert all(row[1] == 2 and row[4] == "Asking" and row[2] == row[3] for row in rows)
    assert rows[1][2] == rows[0][2] + 1
    assert rows[0][5].startswith(f"WorkerInfo(id=0, num_workers=2, seed={rows[0][2]}, dataset=<")
    assert rows[0][5].endswith(", rng=None, worker_method='multiprocessing')")
    assert get_worker_info() is None


def test_worker_info_is_fixed():
    class Changing(Numbers):
        def __getitem__(self, index):
            get_worker_info().id = 3

    with pytest.raises(AttributeError, match="cannot assign to field 'id'"):
        list(DataLoader(Changing(), num_workers=1))


@pytest.mark.parametrize("persistent", [False, True])
def test_random_numbers_in_workers(persistent, same):
    def scenario(t):
        class Drawing(t.utils.data.Dataset):
            def __len__(self):
                return 4

            def __getitem__(self, index):
                return [t.rand(1).item(), random.random(), np.random.rand(), t.utils.data.get_worker_info().seed]

        loader = t.utils.data.DataLoader(Drawing(), num_workers=2, batch_size=None, persistent_workers=persistent)
        return list(loader), list(loader), t.rand(1).item()

    same(scenario)


def test_init_function():
    def init(worker_id):
        get_worker_info().dataset.offset = 100 * (worker_id + 1)

    class Offset(Numbers):
        offset = 0

        def __getitem__(self, index):
            return index + self.offset

    assert [b.item() for b in DataLoader(Offset(), num_workers=2, worker_init_fn=init)][:4] == [100, 201, 102, 203]


@pytest.mark.parametrize("sizes", [[1, 4], [4, 1], [5, 0], [3, 3], [0, 0], [2, 5, 4]], ids=str)
@pytest.mark.parametrize("options", [dict(batch_size=2), dict(batch_size=None), dict(batch_size=2, drop_last=True)], ids=str)
def test_streams_in_workers(sizes, options, same):
    def scenario(t):
        class Share(t.utils.data.IterableDataset):
            def __iter__(self):
                worker = t.utils.data.get_worker_info().id
                return iter(range(100 * worker, 100 * worker + sizes[worker]))

        return list(t.utils.data.DataLoader(Share(), num_workers=len(sizes), **options))

    same(scenario)


def test_a_stream_again_and_again_with_persistent_workers():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(3))

    loader = DataLoader(Stream(), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    workers = iterator._workers
    for _ in range(3):
        assert iter(loader) is iterator
        assert [batch.item() for batch in iterator] == [0, 0, 1, 1, 2, 2]
    assert iterator._workers == workers and all(worker.is_alive() for worker in workers)


def test_persistent_workers_after_half_an_epoch():
    loader = DataLoader(Numbers(), num_workers=2, persistent_workers=True)
    for batch in loader:
        if batch.item() == 3:
            break
    assert [batch.item() for batch in loader] == list(range(8))


class SlowFirst(Numbers):
    def __getitem__(self, index):
        if index == 0:
            time.sleep(0.3)
        return index


def test_order():
    assert [b.item() for b in DataLoader(SlowFirst(), num_workers=2)] == list(range(8))


def test_out_of_order():
    seen = [b.item() for b in DataLoader(SlowFirst(), num_workers=2, in_order=False)]
    assert sorted(seen) == list(range(8)) and seen[0] == 1 and seen.index(0) >= 5


def test_prefetching_takes_as_many_indices_as_in_pytorch(same):
    def scenario(t):
        log, seen = [], []

        class Logged:
            def __iter__(self):
                for index in range(8):
                    log.append(index)
                    yield index

        loader = t.utils.data.DataLoader(range(8), sampler=Logged(), num_workers=2, prefetch_factor=1)
        batches = iter(loader)
        seen.append(list(log))
        for _ in range(3):
            next(batches)
            seen.append(list(log))
        return seen

    same(scenario)


def test_everything_that_a_batch_may_hold(same):
    def scenario(t):
        def collate(samples):
            return {
                "bfloat16": t.ones(3, dtype=t.bfloat16).float() * len(samples),
                "empty": t.empty(0, 3),
                "number": t.tensor(3),
                "many": t.arange(20000).view(100, 200),
                "array": np.arange(20000.0).reshape(2, -1).T,
                "text": "hi",
                "list": [1, (2, t.tensor([True]))],
                "objects": ["a", None, 1.5],
                "strided": [list(x.stride()) for x in (t.ones(2, 3).t(),)],
            }

        return list(t.utils.data.DataLoader([1, 2, 3], batch_size=2, num_workers=1, collate_fn=collate))

    same(scenario)


def test_layout_and_kind_of_tensors():
    class Special:
        def __init__(self):
            self.leaf = torch.ones(2, requires_grad=True)
            self.parameter = torch.nn.Parameter(torch.ones(3))
            self.transposed = torch.arange(6).view(2, 3).t()
            self.half = torch.tensor([1.5, 2.5], dtype=torch.bfloat16)

    twice = torch.arange(3)
    (batch,) = DataLoader([0], num_workers=1, collate_fn=lambda _: (vars(Special()), twice, twice))
    values, first, second = batch
    assert values["leaf"].requires_grad and values["leaf"].is_leaf
    assert type(values["parameter"]) is torch.nn.Parameter
    assert values["transposed"].stride() == (1, 3) and values["transposed"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert values["half"].dtype == torch.bfloat16 and values["half"].tolist() == [1.5, 2.5]
    assert first is second


def test_large_lists_of_indices_do_not_block():
    class Texts:
        def __len__(self):
            return 200_000

        def __getitem__(self, index):
            return "text"

    loader = DataLoader(Texts(), batch_size=50_000, num_workers=1, prefetch_factor=4, collate_fn=list)
    assert sum(len(batch) for batch in loader) == 200_000


def test_loaders_within_loops_of_loaders():
    outer = DataLoader(Numbers(), batch_size=4, num_workers=1, persistent_workers=True)
    inner = DataLoader(Numbers(), batch_size=8, num_workers=1, persistent_workers=True)
    seen = [(a.tolist(), b.tolist()) for a in outer for b in inner]
    assert seen == [([0, 1, 2, 3], list(range(8))), ([4, 5, 6, 7], list(range(8)))]


def test_dropping_an_iterator_ends_its_workers():
    iterator = iter(DataLoader(Numbers(), num_workers=2))
    next(iterator)
    workers = iterator._workers
    del iterator
    gc.collect()
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_the_end_of_an_epoch_ends_the_workers():
    iterator = iter(DataLoader(Numbers(), num_workers=2))
    assert len(list(iterator)) == 8
    assert [worker.exitcode for worker in iterator._workers] == [0, 0]
    with pytest.raises(StopIteration):
        next(iterator)


def test_no_descriptors_are_left():
    def run():
        return len(list(DataLoader(Numbers(), num_workers=2, collate_fn=lambda _: torch.zeros(20_000))))

    run()
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    run()
    gc.collect()
    assert before == 0 or len(os.listdir("/proc/self/fd")) <= before


SPAWNED = """
import sys
import rushlight as torch

class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.full((10_000,), float(index)), torch.rand(1)

def init(worker_id):
    torch.utils.data.get_worker_info().dataset.started = worker_id

if __name__ == "__main__":
    torch.manual_seed(0)
    loader = torch.utils.data.DataLoader(
        Numbers(), batch_size=2, num_workers=1, multiprocessing_context=sys.argv[1], worker_init_fn=init
    )
    for values, drawn in loader:
        print(values.mean(1).tolist(), drawn.tolist())
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_ways_to_start(method, program):
    outputs = []
    for how in ("fork", method):
        out, err = program(SPAWNED, how).communicate(timeout=60)
        assert err == ""
        outputs.append(out)
    assert outputs[0].startswith("[0.0, 1.0]") and outputs[0] == outputs[1]
