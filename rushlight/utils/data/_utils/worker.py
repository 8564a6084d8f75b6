"""The worker's side: what a worker process knows of itself, and the loop that it runs."""

_worker_info = None

# Kinds of tasks and of results.
BATCH, RESUME, ERROR, END = "batch", "resume", "error", "end"


class WorkerInfo:
    """What `get_worker_info()` returns in a worker: `id`, `num_workers`, `seed`, and this process's `dataset`."""

    __slots__ = ("id", "num_workers", "seed", "dataset", "rng", "worker_method")

    def __init__(self, id, num_workers, seed, dataset, rng=None, worker_method="multiprocessing"):
        values = (id, num_workers, seed, dataset, rng, worker_method)
        for name, value in zip(self.__slots__, values):
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __repr__(self):
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"WorkerInfo({fields})"


def get_worker_info():
    """The WorkerInfo of this worker process of a DataLoader; None in any other process."""
    return _worker_info


def seed_worker(base_seed, worker_id):
    """Seed the generators of a worker as PyTorch does: each worker its own, all from one draw of the program."""
    import random

    import numpy as np

    import rushlight as torch

    seed = base_seed + worker_id
    random.seed(seed)
    torch.manual_seed(seed)
    # NumPy takes 32-bit words, and consecutive seeds must not give related streams.
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    return seed


def worker_loop(sock, parent_pid, job, worker_id):
    """Run as the target of a worker process, until the program closes its end of `sock`.

    `job` is a WorkerJob. Everything that goes wrong is sent to the program as the result of the task at hand.
    """
    try:
        _Worker(sock, parent_pid, job, worker_id).run()
    except KeyboardInterrupt:
        # Ctrl-C reaches the program, too; it tells the user.
        pass
    except (BrokenPipeError, ConnectionResetError, EOFError):
        # The program has closed its end in the middle of a message.
        pass


class WorkerJob:
    """What all workers of a loader are told: plain data, pickled to spawned processes."""

    def __init__(self, dataset, create_fetcher, num_workers, base_seed, worker_init_fn):
        self.dataset = dataset
        self.create_fetcher = create_fetcher
        self.num_workers = num_workers
        self.base_seed = base_seed
        self.worker_init_fn = worker_init_fn


class CreateFetcher:
    """Makes the fetcher of a dataset; a class and not a closure, for spawned processes."""

    def __init__(self, fetcher_class, auto_collation, collate_fn, drop_last):
        self.fetcher_class = fetcher_class
        self.options = (auto_collation, collate_fn, drop_last)

    def __call__(self, dataset):
        return self.fetcher_class(dataset, *self.options)


class _Worker:
    def __init__(self, sock, parent_pid, job, worker_id):
        from rushlight.utils.data._utils.channel import Channel
        from rushlight.utils.data._utils.segments import SegmentWriter

        self.channel = Channel(sock)
        self.writer = SegmentWriter()
        self.parent_pid = parent_pid
        self.job = job
        self.id = worker_id
        self.fetcher = None
        self.ended = False
        # An error from before the first task: every task of the epoch is answered with it.
        self.failure = None
        self.set_up = True

    def run(self):
        import pickle

        self._set_up()
        while self.channel.wait_for_frame(self.parent_pid):
            body, _, _ = self.channel.receive()
            kind, index, indices, returned = pickle.loads(body)
            self.writer.take_back(returned)
            if kind == RESUME:
                self._start_epoch()
            elif not self.ended:
                self._answer(index, indices)

    def _set_up(self):
        global _worker_info

        import rushlight as torch

        try:
            # The processes are the parallelism; threads of theirs would only be in each other's way.
            torch.set_num_threads(1)
            seed = seed_worker(self.job.base_seed, self.id)
            _worker_info = WorkerInfo(self.id, self.job.num_workers, seed, self.job.dataset)
            if self.job.worker_init_fn is not None:
                self.job.worker_init_fn(self.id)
        except Exception as error:
            self.failure = self._wrapped(error)
            self.set_up = False
            return
        self._start_epoch()

    def _start_epoch(self):
        if not self.set_up:
            return
        self.ended = False
        self.failure = None
        try:
            self.fetcher = self.job.create_fetcher(self.job.dataset)
        except Exception as error:
            self.failure = self._wrapped(error)

    def _answer(self, index, indices):
        from rushlight.utils.data._utils.transport import send_result

        if self.failure is not None:
            self._send_error(index, self.failure)
            return
        try:
            data = self.fetcher.fetch(indices)
        except Exception as error:
            if isinstance(error, StopIteration) and hasattr(self.fetcher, "dataset_iter"):
                self.ended = True
                send_result(self.channel, index, END, None, self.writer)
            else:
                self._send_error(index, self._wrapped(error))
            return
        try:
            send_result(self.channel, index, BATCH, data, self.writer)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            # What does not pickle is found before anything is sent.
            self._send_error(index, self._wrapped(error))

    def _wrapped(self, error):
        from rushlight.utils.data._utils.exception import ExceptionWrapper

        return ExceptionWrapper(error, where=f"in DataLoader worker process {self.id}")

    def _send_error(self, index, wrapper):
        from rushlight.utils.data._utils.transport import send_result

        try:
            send_result(self.channel, index, ERROR, wrapper, self.writer)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            # The exception's class cannot be named in the program (it is local to a function, say).
            wrapper.become_runtime_error()
            send_result(self.channel, index, ERROR, wrapper, self.writer)
