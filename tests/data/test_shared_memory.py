"""Batches of workers lie in shared memory that is used again, and never while somebody still sees it."""

import gc
import os
import time
import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, Dataset
from rushlight.utils.data._utils import segments
from rushlight.utils.data._utils.segments import SegmentReader, SegmentWriter


class Images(Dataset):
    """Sample i is large, and filled with i."""

    def __init__(self, n=40, size=10_000):
        self.n = n
        self.size = size

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return torch.full((self.size,), float(index)), index


def assert_whole(batch):
    values, index = batch
    assert (values == index[:, None].float()).all()


@pytest.mark.parametrize("options", [{}, dict(prefetch_factor=4), dict(in_order=False), dict(persistent_workers=True)], ids=str)
def test_batches_that_are_kept_stay_as_they_are(options):
    loader = DataLoader(Images(), batch_size=2, num_workers=2, **options)
    for epoch in range(2):
        kept = []
        for step, batch in enumerate(loader):
            assert_whole(batch)
            if step % 3 == 0:
                kept.append(batch)
            if step % 4 == 0:
                # A part of a batch keeps it, too, and an array does.
                kept.append((batch[0][:1], batch[1][:1]))
                kept.append((torch.from_numpy(batch[0].numpy()), torch.from_numpy(batch[1].numpy())))
            if epoch == 0 and step == 9:
                break
        for batch in kept:
            assert_whole(batch)


def test_memory_is_used_again():
    batches = iter(DataLoader(Images(80), batch_size=2, num_workers=2))
    for batch in batches:
        assert_whole(batch)
    assert all(len(worker.reader._memory) <= 4 for worker in batches._pool.workers)


def test_batches_of_all_sizes():
    class Growing(Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, index):
            return torch.full((1 + index * 7919 % 40_000,), float(index)), torch.tensor([index])

    for batch in DataLoader(Growing(), batch_size=None, num_workers=2):
        assert (batch[0] == batch[1].item()).all()


def test_writing_into_a_batch_stays_with_it():
    for step, (values, index) in enumerate(DataLoader(Images(), batch_size=4, num_workers=1)):
        assert_whole((values, index))
        values.add_(1)
        assert (values == index[:, None].float() + 1).all()


def test_a_batch_outlives_its_loader():
    batch = next(iter(DataLoader(Images(), batch_size=2, num_workers=1)))
    gc.collect()
    assert_whole(batch)


def test_many_batches_take_no_descriptors():
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("descriptors cannot be counted here")
    before = len(os.listdir("/proc/self/fd"))
    batches = list(DataLoader(Images(60), batch_size=1, num_workers=1))
    assert len(os.listdir("/proc/self/fd")) <= before + 5
    for batch in batches:
        assert_whole(batch)


def test_nothing_has_a_name():
    if not os.path.isdir("/dev/shm"):
        pytest.skip("no place to look at")
    before = set(os.listdir("/dev/shm"))
    batches = iter(DataLoader(Images(), batch_size=2, num_workers=2))
    next(batches)
    assert set(os.listdir("/dev/shm")) <= before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_sees_the_batch_it_was_forked_with():
    batches = iter(DataLoader(Images(), batch_size=2, num_workers=1))
    batch = next(batches)
    reader, writer = os.pipe()
    go_reader, go_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(go_reader, 1)
            assert_whole(batch)
            os.write(writer, b"same")
        finally:
            os._exit(0)
    os.close(writer)
    del batch
    for batch in batches:
        assert_whole(batch)
    os.write(go_writer, b"!")
    assert os.read(reader, 10) == b"same"
    os.waitpid(pid, 0)
    for descriptor in (reader, go_reader, go_writer):
        os.close(descriptor)


def test_no_memory_to_be_had(monkeypatch):
    def full(size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments, "anonymous_file", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for batch in DataLoader(Images(16), batch_size=4, num_workers=2):
            assert_whole(batch)
    texts = [str(warning.message) for warning in caught if "shared memory" in str(warning.message)]
    assert len(texts) == 1
    assert "160032 bytes of shared memory could not be had ([Errno 28] No space left on device)" in texts[0]
    assert caught[0].filename == __file__


def test_no_mapping_to_be_had(monkeypatch):
    batches = iter(DataLoader(Images(16), batch_size=4, num_workers=1))
    time.sleep(0.2)

    def full(fd, size):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(segments, "map_file", full)
    for batch in batches:
        assert_whole(batch)


def test_segments_by_hand():
    writer, reader = SegmentWriter(), SegmentReader()

    def send(array):
        number, capacity, fd, given_up = writer.write([memoryview(array)])
        reader.forget(given_up)
        if fd is not None:
            reader.map(number, fd, capacity)
        return number, reader.lend(number).array(0, array.nbytes)

    first, a = send(np.full(5000, 1, np.uint8))
    second, b = send(np.full(5000, 2, np.uint8))
    assert first != second and set(a) == {1} and set(b) == {2}

    part = a[:10]
    del a
    assert reader.returned() == []
    del part
    assert reader.returned() == [(first, True)]
    writer.take_back([(first, True)])

    third, c = send(np.full(4000, 3, np.uint8))
    assert third == first and set(c) == {3} and set(b) == {2}
    del c
    writer.take_back(reader.returned())
    fourth, d = send(np.full(50_000, 4, np.uint8))
    assert fourth not in (first, second) and set(d) == {4}
    assert first not in reader._memory and first not in writer._memory
