"""What goes wrong in workers is said in the program, soon, and leaves nothing behind."""

import os
import signal
import sys
import threading
import time

import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, Dataset, IterableDataset


class Doing(Dataset):
    """Does something at index 1."""

    def __init__(self, what):
        self.what = what

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 1:
            self.what()
        return index


def raising(error):
    def what():
        raise error

    return Doing(what)


def load(dataset, **options):
    return list(DataLoader(dataset, **{"num_workers": 1, **options}))


class TwoArguments(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


ERRORS = {
    "ValueError": (ValueError("flaw"), ValueError),
    "KeyError": (KeyError("flaw"), KeyError),
    "FileNotFoundError": (FileNotFoundError(2, "flaw", "file"), FileNotFoundError),
    "TwoArguments": (TwoArguments("a", "flaw"), RuntimeError),
    "UnicodeDecodeError": (UnicodeDecodeError("utf8", b"a", 0, 1, "flaw"), RuntimeError),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_samples(name):
    error, expected = ERRORS[name]
    with pytest.raises(expected) as caught:
        load(raising(error))
    text = str(caught.value)
    assert type(caught.value) is expected
    assert text.startswith(
        f"Caught {name} in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
    )
    assert "in __getitem__" in text and "flaw" in text.splitlines()[-1] and text.endswith("\n")


def test_an_error_of_a_class_that_only_the_worker_knows():
    class Local(Exception):
        pass

    with pytest.raises(RuntimeError, match=r"^Caught Local in DataLoader worker process 0\.(.|\n)*flaw"):
        load(raising(Local("flaw")))


def test_going_on_after_an_error():
    batches, seen = iter(DataLoader(raising(ValueError("flaw")), num_workers=1)), []
    while True:
        try:
            seen.append(next(batches).item())
        except ValueError:
            seen.append("error")
        except StopIteration:
            break
    assert seen == [0, "error", 2, 3]


def test_errors_of_collating_and_of_starting():
    def bad(_):
        raise ValueError("flaw")

    for option in ("collate_fn", "worker_init_fn"):
        with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0"):
            load([1, 2], **{option: bad})
    with pytest.raises(TypeError, match="'int' object is not callable"):
        load([1, 2], collate_fn=5)


def test_errors_of_streams():
    class Early(IterableDataset):
        def __iter__(self):
            raise ValueError("early")

    class Late(IterableDataset):
        def __iter__(self):
            yield 1
            raise ValueError("late")

    with pytest.raises(ValueError, match="early"):
        load(Early())
    batches = iter(DataLoader(Late(), num_workers=1))
    assert next(batches).item() == 1
    with pytest.raises(ValueError, match="late"):
        next(batches)


def test_what_does_not_pickle_is_an_error_and_no_hang():
    with pytest.raises(Exception, match="in DataLoader worker process 0(.|\n)*pickle"):
        load([1], collate_fn=lambda _: (lambda: 1))


def test_a_history_does_not_cross():
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor which requires_grad"):
        load([1], collate_fn=lambda _: weight * 2)


DEATHS = {
    "SIGKILL": (lambda: os.kill(os.getpid(), signal.SIGKILL), "is killed by signal: Killed. "),
    "SIGTERM": (lambda: os.kill(os.getpid(), signal.SIGTERM), "is killed by signal: Terminated. "),
    "_exit(3)": (lambda: os._exit(3), "exited unexpectedly with exit code 3. Details are lost"),
    "_exit(0)": (lambda: os._exit(0), None),
    "exit": (lambda: sys.exit(0), None),
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_worker_that_dies(name):
    what, reason = DEATHS[name]
    batches = iter(DataLoader(Doing(what), num_workers=2))
    pid = batches._workers[1].pid
    start = time.monotonic()
    with pytest.raises(RuntimeError) as caught:
        list(batches)
    assert time.monotonic() - start < 2
    assert str(caught.value) == f"DataLoader worker (pid(s) {pid}) exited unexpectedly"
    if reason is None:
        assert caught.value.__cause__ is None
    else:
        assert str(caught.value.__cause__).startswith(f"DataLoader worker (pid {pid}) {reason}")
    assert not any(worker.is_alive() for worker in batches._workers)


def test_a_worker_killed_between_batches():
    batches = iter(DataLoader(range(100), num_workers=2))
    assert next(batches).item() == 0
    os.kill(batches._workers[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        for _ in batches:
            pass
    with pytest.raises(RuntimeError, match="iterate anew"):
        next(batches)


def test_a_worker_that_owed_nothing_when_it_died():
    class EvenIsSlow(Doing):
        def __getitem__(self, index):
            time.sleep(0.3 * (index % 2 == 0))
            return index

    batches = iter(DataLoader(EvenIsSlow(None), num_workers=2, prefetch_factor=1, sampler=range(40)))
    # Worker 1 has sent its only result when it dies; the program still waits for that of worker 0.
    threading.Timer(0.15, os.kill, (batches._workers[1].pid, signal.SIGKILL)).start()
    assert next(batches).item() == 0
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        for _ in batches:
            pass


def test_persistent_workers_start_anew_after_a_death():
    loader = DataLoader(range(100), num_workers=1, persistent_workers=True)
    os.kill(iter(loader)._workers[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(loader)
    assert len(list(loader)) == 100


def test_timeout():
    with pytest.raises(RuntimeError, match="^DataLoader timed out after 0.2 seconds$"):
        load(Doing(lambda: time.sleep(0.5)), timeout=0.2)


def test_an_unpicklable_dataset_for_spawn():
    with pytest.raises(Exception, match="pickle"):
        load([lambda: 1], multiprocessing_context="spawn")


def test_half_started_pools_are_ended(monkeypatch):
    import multiprocessing

    from rushlight.utils.data._utils import pool

    context = multiprocessing.get_context("fork")
    started = []

    class Context:
        def Process(self, **options):
            if started:
                raise OSError("no more processes")
            started.append(context.Process(**options))
            return started[0]

    with pytest.raises(OSError, match="no more processes"):
        from rushlight.utils.data._utils.worker import WorkerJob

        pool.WorkerPool(Context(), WorkerJob([1], lambda dataset: None, 2, 0, None))
    assert started[0].exitcode is not None


# -- whole programs -------------------------------------------------------------------------------------------

ENDLESS = """
import sys, time
import rushlight as torch

class Slow(torch.utils.data.Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        time.sleep(0.05)
        return torch.zeros(20_000)

if __name__ == "__main__":
    batches = iter(torch.utils.data.DataLoader(Slow(), num_workers=2, batch_size=2))
    next(batches)
    print(*[worker.pid for worker in batches._workers], flush=True)
    if sys.argv[1] == "exit":
        sys.exit(0)
    if sys.argv[1] == "raise":
        raise ValueError("flaw")
    for batch in batches:
        pass
"""


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids, seconds=5):
    deadline = time.monotonic() + seconds
    while any(running(pid) for pid in pids):
        assert time.monotonic() < deadline, "workers outlive their program"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "Ctrl-C"])
def test_workers_end_with_their_program(how, program):
    process = program(ENDLESS, "loop")
    pids = [int(pid) for pid in process.stdout.readline().split()]
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(getattr(signal, how))
    process.wait(timeout=10)
    wait_until_gone(pids)
    errors = process.stderr.read()
    if how in ("SIGINT", "Ctrl-C"):
        assert errors.rstrip().endswith("KeyboardInterrupt") and "worker_loop" not in errors
    else:
        assert errors == ""


@pytest.mark.parametrize("how", ["exit", "raise"])
def test_a_program_that_ends_in_the_middle(how, program):
    process = program(ENDLESS, how)
    out, errors = process.communicate(timeout=20)
    wait_until_gone([int(pid) for pid in out.split()])
    assert process.returncode == (1 if how == "raise" else 0)
    assert errors.count("Traceback") == (1 if how == "raise" else 0)
    assert "resource_tracker" not in errors and "Exception ignored" not in errors
