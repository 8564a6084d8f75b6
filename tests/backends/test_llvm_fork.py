"""The compiled tier in forked children, in several threads, and at the program's end. Each case is a program of its own, with a
time limit, since what is looked for are processes that hang or crash."""
import os
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("llvmlite")

COMMON = """
import faulthandler, os, signal, sys, threading, time
faulthandler.register(signal.SIGALRM, chain=True)       # not dump_traceback_later: a child's end waits for its thread, which is not there
signal.alarm(50)
import numpy as np
import rushlight as torch
from rushlight.backends.tiers import tiers
from rushlight.backends.llvm import disk, driver, library, nest, target
from rushlight.backends.llvm.program import Program

disk.set_directory(None)
runs = [0]                                          # of compiled plans
interpret = Program.run

def counted(self, *args):
    runs[0] += 1
    return interpret(self, *args)

Program.run = counted
torch.set_num_threads(3)

def compiling(mode):
    tiers.mode, tiers.sight, tiers.strict = mode, 2, True

def step(k, rows=300):
    x = torch.arange(rows * 1000).reshape(rows, 1000).float() % 7 + k
    return ((x * 2 + 1).relu() - 3).sum(1).numpy()

def check(k, rows=300):
    x = (np.arange(rows * 1000).reshape(rows, 1000) % 7 + k).astype(np.float32)
    np.testing.assert_array_equal(step(k, rows), (np.maximum(x * 2 + 1, 0) - 3).sum(1))

def native():
    return sum(t.name.startswith("rushlight-") and t.is_alive() for t in threading.enumerate())

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(40)
            work()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid

def wait(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0

def in_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
"""


def runs(program, limit=60):
    """The program ends by itself, with "right" for its last word and nothing on stderr."""
    code = COMMON + textwrap.dedent(program) + "\nprint('right')\n"
    path = os.pathsep.join(p for p in sys.path if p)
    # Python 3.12 and later warn of every fork of a process with threads, whatever the threads do.
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], capture_output=True, text=True, timeout=limit,
                          env={**os.environ, "PYTHONPATH": path})
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["right"]), done.stderr
    assert not done.stderr, done.stderr


# ---------------------------------------------------------------- forks
def test_a_child_makes_a_pool_of_its_own():
    runs("""
        compiling("wait")
        for k in range(4):
            check(k)
        assert native() == 2

        def work():
            assert native() == 0
            before = runs[0]
            for k in range(4):
                check(k)
            assert native() == 2 and runs[0] == before + 4
            torch.set_num_threads(2)
            check(9)
            assert native() == 1
            wait(child(lambda: check(5)))           # a grandchild

        wait(*[child(work) for _ in range(3)])
        check(6)
        assert native() == 2
    """)


def test_a_child_forked_before_the_driver_is_there():
    """The plan is compiled, but the driver's own functions are not."""
    runs("""
        compiling("wait")
        execute, Program.run = Program.run, lambda self, *args: self.interpreted.run(*args)
        for k in range(3):
            check(k)
        Program.run = execute
        assert driver._pool is None
        wait(child(lambda: check(3)))
        check(4)
    """)


def test_children_forked_while_a_thread_is_in_llvm():
    """They can load and even compile kernels: LLVM, and every lock on the way to it, is at rest when a process is forked."""
    runs("""
        def scaling(factor):
            nodes = (nest.Node("load", (), "float32", nest.Access(0, (1,))), nest.Node("const", (), "float32", None, factor),
                     nest.Node("mul", (0, 1), "float32"))
            return nest.Nest((5,), nodes, ((2, nest.Access(1, (1,))),), (), (), 2)

        library.kernel(scaling(-1.0))               # imports what generators need: Python's import locks do not outlive a fork
        stop = []

        def compiler():
            k = 0
            while not stop:
                k += 1
                library.kernel(scaling(float(k % 500)))

        threads = [in_thread(compiler) for _ in range(2)]
        for i in range(25):
            time.sleep(0.002 * (i % 5))
            wait(child(lambda: [library.kernel(scaling(float(k))) for k in (i, 1000 + i)]))
        stop.append(1)
        for t in threads:
            t.join(20)
    """)


@pytest.mark.parametrize("ending", ["at once", "as programs do"])
def test_children_forked_while_plans_are_compiled(ending):
    runs(f"""
        ending = {ending!r}
        compiling("wait")
        for k in range(3):
            check(k)
        stop, failed = [], []

        def plans():
            try:
                rows = 400
                while not stop:
                    rows += 1                       # other shapes: another plan to compile
                    for k in range(2):
                        check(k, rows)
            except BaseException as error:
                failed.append(error)

        def work():
            before = runs[0]
            for rows in (300, 333):                 # one plan that is compiled already, and one that is not
                for k in range(3):
                    check(k, rows)
            assert runs[0] >= before + 5
            if ending == "as programs do":
                sys.exit(0)

        def fork():
            if ending == "at once":
                return child(work)
            pid = os.fork()
            if pid == 0:
                signal.alarm(40)
                work()
            return pid

        thread = in_thread(plans)
        for i in range(6):
            time.sleep(0.004 * (i % 4))
            wait(fork())
        assert thread.is_alive() and not failed
        stop.append(1)
        thread.join(20)
        assert not thread.is_alive() and not failed
    """)


def test_a_child_forked_while_another_thread_runs_steps():
    runs("""
        compiling("wait")
        for k in range(3):
            check(k)
        stop, failed = [], []

        def steps():
            try:
                while not stop:
                    check(3)
            except BaseException as error:
                failed.append(error)

        thread = in_thread(steps)
        for i in range(20):
            wait(child(lambda: [check(k) for k in range(2)]))
        stop.append(1)
        thread.join(20)
        assert not failed and not thread.is_alive()
    """)


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_of_a_dataloader(persistent):
    """Forked while the pool exists; their own steps are right, and the program ends."""
    runs(f"""
        compiling("wait")
        for k in range(3):
            check(k)

        class Rows(torch.utils.data.Dataset):
            def __len__(self):
                return 12

            def __getitem__(self, i):
                check(i)                            # a plan that the parent has compiled
                assert native() == 0                # one thread, in a worker
                return torch.full((3,), float(i))

        loader = torch.utils.data.DataLoader(Rows(), batch_size=4, num_workers=2, persistent_workers={persistent})
        for _ in range(2):
            for n, batch in enumerate(loader):
                check(n)
                np.testing.assert_array_equal(batch.numpy()[:, 0], np.arange(4 * n, 4 * n + 4))
        assert native() == 2
    """)


# ---------------------------------------------------------------- threads
def test_the_number_of_threads_changes_while_steps_run():
    runs("""
        compiling("wait")
        for k in range(3):
            check(k)
        stop, failed, seen = [], [], set()

        def steps():
            try:
                k = 0
                while not stop:
                    k += 1
                    check(k % 5)
                    seen.add(native())
            except BaseException as error:
                failed.append(error)

        thread = in_thread(steps)
        for n in list(range(1, 6)) * 8:
            torch.set_num_threads(n)
            time.sleep(0.01)
        stop.append(1)
        thread.join(20)
        assert not failed and not thread.is_alive()
        assert len(seen) > 2
        for n in (4, 1, 2):
            torch.set_num_threads(n)
            check(1)
            assert native() == n - 1
    """)


def test_two_threads_run_steps_at_once():
    runs("""
        compiling("wait")
        failed = []

        def steps(first):
            try:
                for k in range(first, first + 60):
                    check(k % 7)
                    check(k % 5, 77 + first)
            except BaseException as error:
                failed.append(error)

        threads = [in_thread(lambda first=first: steps(first)) for first in (0, 3)]
        for t in threads:
            t.join(50)
        assert not failed and not any(t.is_alive() for t in threads) and runs[0] > 200
    """)


def test_pools_are_used_while_they_are_made_and_stopped():
    """A stopped pool goes on with one thread; stopping waits for a run."""
    runs("""
        import ctypes
        spec = nest.Nest((1 << 18,), (nest.Node("load", (), "float32", nest.Access(0, (1,))), nest.Node("add", (0, 0), "float32")),
                         ((1, nest.Access(1, (1,))),), (), (), 2)
        kernel = library.kernel(spec)
        wrong, stop = [], []

        def use(n):
            x, y = np.full(1 << 18, n, np.float32), np.zeros(1 << 18, np.float32)
            arguments = (ctypes.c_void_p * 3)(x.ctypes.data, y.ctypes.data, 0)
            words = driver.entries(kernel.phases, ctypes.addressof(arguments))
            table = (ctypes.c_int64 * len(words))(*words)
            while not stop:
                y[:] = 0
                pool = driver.pool(1 + n % 3)
                pool.run(ctypes.addressof(table), len(kernel.phases), 3)
                if not (y == 2 * n).all():
                    wrong.append(n)

        threads = [in_thread(lambda n=n: use(n)) for n in (1, 2, 3)]
        time.sleep(1.5)
        driver._stop()                              # as at the program's end
        time.sleep(0.2)
        assert native() == 0
        stop.append(1)
        for t in threads:
            t.join(20)
        assert not wrong and not any(t.is_alive() for t in threads) and driver.pool(3).threads == 1
    """)


def test_threads_that_cannot_be_had():
    runs("""
        compiling("wait")
        begin = threading.Thread.start

        def start(self):
            if self.name == "rushlight-2":
                raise RuntimeError("can't start new thread")
            begin(self)

        threading.Thread.start = start
        for k in range(3):
            check(k)
        pool = driver._pool
        check(1)
        assert native() == 1 and driver._pool is pool
    """)


def test_the_program_ends_while_a_thread_runs_steps():
    for _ in range(3):
        runs("""
            compiling("wait")
            for k in range(3):
                check(k)

            def steps():
                while True:
                    step(1)

            in_thread(steps)
            time.sleep(0.1)
        """)
