"""torch.multiprocessing: its names, spawn and its errors, tensors on queues."""

import multiprocessing
import os
import signal
import sys
import time

import pytest

import rushlight as torch


@pytest.fixture
def mp():
    import rushlight.multiprocessing

    return rushlight.multiprocessing


def test_names(mp, oracle):
    theirs = set(oracle.multiprocessing.__all__)
    assert theirs <= set(mp.__all__)
    assert all(hasattr(mp, name) for name in mp.__all__)
    assert mp.get_context("fork") is multiprocessing.get_context("fork")
    from rushlight.multiprocessing.spawn import ProcessContext

    assert ProcessContext is mp.ProcessContext and callable(mp.spawn)


def test_sharing_strategies(mp):
    assert mp.get_sharing_strategy() == "file_descriptor"
    assert mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"
    mp.set_sharing_strategy("file_descriptor")
    with pytest.raises(AssertionError, match="invalid sharing strategy 'x', expected one of"):
        mp.set_sharing_strategy("x")


def note(index, directory, *more):
    with open(os.path.join(directory, str(index)), "w") as file:
        file.write(repr(more))


def test_start_processes(mp, tmp_path):
    assert mp.start_processes(note, (str(tmp_path), 7), nprocs=2, start_method="fork") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    assert (tmp_path / "0").read_text() == "(7,)"


def test_join_later(mp, tmp_path):
    context = mp.start_processes(note, (str(tmp_path),), nprocs=2, join=False, start_method="fork")
    assert len(context.pids()) == 2
    while not context.join():
        pass
    assert context.join() is True


def wait(index):
    time.sleep(20)


def test_join_with_a_timeout(mp):
    context = mp.start_processes(wait, nprocs=1, join=False, start_method="fork", daemon=True)
    assert context.join(timeout=0.05) is False
    context.processes[0].kill()
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with signal SIGKILL"):
        context.join()


def fail_second(index, text):
    if index == 1:
        raise ValueError(text)
    time.sleep(20)


@pytest.mark.parametrize("length", [5, 200_000])
def test_an_exception_in_one(mp, length):
    start = time.monotonic()
    with pytest.raises(mp.ProcessRaisedException) as caught:
        mp.start_processes(fail_second, ("x" * length,), nprocs=2, start_method="fork")
    assert time.monotonic() - start < 5
    assert str(caught.value).startswith(
        "\n\n-- Process 1 terminated with the following error:\nTraceback (most recent call last):\n"
    )
    assert str(caught.value).endswith("x" * length + "\n")
    assert caught.value.error_index == 1 and caught.value.error_pid > 0


def end(index, how):
    if how == "exit":
        sys.exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "interrupt":
        raise KeyboardInterrupt


def test_other_ends(mp):
    with pytest.raises(mp.ProcessExitedException, match="^process 0 terminated with exit code 3$") as caught:
        mp.start_processes(end, ("exit",), start_method="fork")
    assert caught.value.exit_code == 3 and caught.value.signal_name is None
    with pytest.raises(mp.ProcessExitedException, match="^process 0 terminated with signal SIGKILL$") as caught:
        mp.start_processes(end, ("kill",), start_method="fork")
    assert caught.value.exit_code == -9 and caught.value.signal_name == "SIGKILL"
    assert mp.start_processes(end, ("interrupt",), start_method="fork") is None


SPAWN = """
import rushlight as torch
import rushlight.multiprocessing as mp

def run(rank, world, shared):
    shared[rank] = rank + 1
    print("process", rank, "of", world, flush=True)

if __name__ == "__main__":
    shared = torch.zeros(1).share_memory_()
    mp.spawn(run, args=(1, shared), nprocs=1, join=True)
    print(shared.tolist())
"""


def test_spawn(program):
    out, errors = program(SPAWN).communicate(timeout=60)
    assert errors == "" and out == "process 0 of 1\n[1.0]\n"


def test_spawn_by_another_method_warns(mp):
    with pytest.warns(FutureWarning, match=r"only supports start_method=spawn \(got: fork\)"):
        mp.spawn(print, nprocs=0, start_method="fork")


# -- tensors on queues ----------------------------------------------------------------------------------------


def add_and_answer(tensors, answers):
    tensor = tensors.get()
    tensor += 1
    answers.put("done")


def test_a_tensor_on_a_queue_is_shared(mp):
    context = mp.get_context("fork")
    tensors, answers = context.SimpleQueue(), context.SimpleQueue()
    process = context.Process(target=add_and_answer, args=(tensors, answers), daemon=True)
    process.start()
    tensor = torch.zeros(3)
    tensors.put(tensor)
    assert answers.get() == "done"
    process.join()
    assert tensor.is_shared() and tensor.tolist() == [1.0, 1.0, 1.0]


def fill(tensor):
    tensor.fill_(7)


def test_shared_memory_after_a_fork(mp):
    tensor = torch.zeros(3)
    tensor.share_memory_()
    process = mp.get_context("fork").Process(target=fill, args=(tensor,))
    process.start()
    process.join()
    assert tensor.tolist() == [7.0, 7.0, 7.0]


def test_hogwild_parameters(mp):
    model = torch.nn.Linear(2, 1)
    model.share_memory()
    process = mp.get_context("fork").Process(target=fill, args=(model.weight.data,))
    process.start()
    process.join()
    assert model.weight.tolist() == [[7.0, 7.0]]


def test_views_dtypes_and_parameters_on_a_queue(mp):
    queue = mp.get_context("fork").SimpleQueue()
    base = torch.arange(12.0).view(3, 4)
    queue.put((base.t()[1:], torch.tensor([1.5], dtype=torch.bfloat16), torch.nn.Parameter(torch.ones(2)), torch.empty(0, 3)))
    view, half, parameter, empty = queue.get()
    assert view.stride() == (1, 4) and view.tolist() == base.t()[1:].tolist()
    assert half.dtype == torch.bfloat16 and half.tolist() == [1.5]
    assert type(parameter) is torch.nn.Parameter and parameter.requires_grad
    assert empty.shape == (0, 3)


def test_a_history_does_not_cross(mp):
    queue = mp.get_context("fork").SimpleQueue()
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        queue.put(torch.ones(2, requires_grad=True) * 2)


def test_share_array_is_seen_by_both(mp):
    import numpy as np

    from rushlight.multiprocessing.reductions import block_of, share_array

    shared = share_array(np.arange(6.0).reshape(2, 3))
    assert shared.tolist() == [[0, 1, 2], [3, 4, 5]] and shared.flags.writeable
    address = shared.__array_interface__["data"][0]
    assert block_of(address) is not None
    pid = os.fork()
    if pid == 0:
        shared[0, 0] = 9
        os._exit(0)
    os.waitpid(pid, 0)
    assert shared[0, 0] == 9
    del shared
    assert block_of(address) is None
