"""The program's side of the workers: starting them, giving them tasks, hearing from them, ending them."""

import atexit
import os
import pickle
import select
import signal
import socket
import time
import weakref

from rushlight.utils.data._utils.channel import Channel
from rushlight.utils.data._utils.segments import SegmentReader
from rushlight.utils.data._utils.transport import Result, dumps
from rushlight.utils.data._utils.worker import BATCH, RESUME, worker_loop

# How long a worker may take to finish what it is at, once it is told to end.
_GRACE_S = 5.0
_GRACE_AT_EXIT_S = 0.5

# Beside hearing a worker's socket close: a process that the worker started may hold the socket open.
_LIVENESS_CHECK_S = 1.0

_live_pools = weakref.WeakSet()


@atexit.register
def _close_all_at_exit():
    for pool in list(_live_pools):
        pool.close(grace=_GRACE_AT_EXIT_S)


def _forget_all_in_child():
    """A forked child closes its copies of the sockets, so that workers hear when the program itself is gone."""
    for pool in list(_live_pools):
        pool.forget()


os.register_at_fork(after_in_child=_forget_all_in_child)


class WorkerHandle:
    """A worker process, the way to it, and the memory that it lends."""

    def __init__(self, worker_id, process, channel):
        self.id = worker_id
        self.process = process
        self.channel = channel
        self.reader = SegmentReader()
        self.outstanding = 0
        self.active = True
        # Its process has ended, by itself.
        self.gone = False


class WorkerPool:
    """`job.num_workers` processes, started with the multiprocessing context `context`."""

    def __init__(self, context, job):
        self._pid = os.getpid()
        self.closed = False
        self.workers = []
        self._by_fd = {}
        self._poller = select.poll()
        self._warned = False
        _live_pools.add(self)
        try:
            for worker_id in range(job.num_workers):
                self._start(context, job, worker_id)
        except BaseException:
            self.close(grace=0)
            raise

    def _start(self, context, job, worker_id):
        ours, theirs = socket.socketpair()
        # Known to the pool before the fork, so that the child closes its copy.
        worker = WorkerHandle(worker_id, None, Channel(ours))
        self.workers.append(worker)
        process = context.Process(target=worker_loop, args=(theirs, self._pid, job, worker_id))
        process.daemon = True
        process.start()
        theirs.close()
        worker.process = process
        self._by_fd[ours.fileno()] = worker
        self._poller.register(ours.fileno(), select.POLLIN)

    @property
    def usable(self):
        return not self.closed and not any(worker.gone for worker in self.workers)

    def post_task(self, worker, index, indices):
        if worker.gone:
            self._report([worker])
        worker.outstanding += 1
        self._post(worker, (BATCH, index, indices, worker.reader.returned()))

    def post_resume(self):
        for worker in self.workers:
            worker.outstanding = 0
            worker.active = True
            self._post(worker, (RESUME, None, None, worker.reader.returned()))

    def _post(self, worker, message):
        worker.channel.post(bytes(dumps(message)))

    def receive(self, timeout):
        """(worker, Result) of all that has arrived, waiting for the first.

        RuntimeError if `timeout` seconds (0: no limit) pass, or if a worker is gone that still owes results.
        """
        deadline = time.monotonic() + timeout if timeout > 0 else None
        while True:
            arrived, lost = self._poll(deadline)
            if lost:
                self._report(lost)
            if arrived:
                return arrived
            if deadline is not None and time.monotonic() >= deadline:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")

    def _poll(self, deadline):
        wait = _LIVENESS_CHECK_S
        if deadline is not None:
            wait = min(wait, max(0.0, deadline - time.monotonic()))
        for worker in self._by_fd.values():
            unsent = not worker.channel.flush()
            self._poller.modify(worker.channel.fileno(), select.POLLIN | (select.POLLOUT if unsent else 0))

        arrived, lost = [], []
        events = self._poller.poll(wait * 1000)
        for fd, event in events:
            if not event & ~select.POLLOUT:
                continue
            worker = self._by_fd[fd]
            try:
                arrived.append((worker, Result(worker.channel.receive(), worker.reader)))
            except EOFError:
                lost.append(worker)
        if not events:
            lost = [worker for worker in self._by_fd.values() if not worker.process.is_alive()]
        for worker, result in arrived:
            if result.trouble is not None and not self._warned:
                self._warn(worker, result.trouble)
        for worker in lost:
            worker.gone = True
            self._stop_listening(worker)
        # One that owes nothing may be gone; it is missed when the next task would be its own.
        return arrived, [worker for worker in lost if worker.active and worker.outstanding > 0]

    def _stop_listening(self, worker):
        self._poller.unregister(worker.channel.fileno())
        del self._by_fd[worker.channel.fileno()]

    def _warn(self, worker, trouble):
        import warnings

        self._warned = True
        warnings.warn(
            f"DataLoader worker {worker.id}: {trouble}. Its batches are copied through a socket instead, which is "
            "slower. More memory, smaller batches or a smaller prefetch_factor would help.",
            stacklevel=8,
        )

    def _report(self, lost):
        cause = None
        for worker in lost:
            worker.process.join(_LIVENESS_CHECK_S)
            cause = cause or _reason(worker.process)
        pids = ", ".join(str(worker.process.pid) for worker in lost)
        self.close(grace=0)
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly") from cause

    def retire(self, worker):
        """End one worker that has nothing left to do, without waiting for it."""
        if worker.channel.fileno() in self._by_fd:
            self._stop_listening(worker)
        worker.channel.close()

    def close(self, grace=_GRACE_S):
        """End all workers: what they are at may take `grace` seconds more; then they are terminated."""
        if self.closed or os.getpid() != self._pid:
            return
        self.closed = True
        _live_pools.discard(self)
        self._by_fd.clear()
        for worker in self.workers:
            worker.channel.close()
        processes = [worker.process for worker in self.workers if worker.process is not None]
        deadline = time.monotonic() + grace
        for end in (None, "terminate", "kill"):
            for process in processes:
                if end is not None and process.is_alive():
                    getattr(process, end)()
            for process in processes:
                process.join(max(0.0, deadline - time.monotonic()))
            deadline = time.monotonic() + 1.0

    def forget(self):
        """In a forked child: the workers are not ours."""
        self.closed = True
        for worker in self.workers:
            worker.channel.sock.close()


def _reason(process):
    """What is known of the end of a process, as an exception to chain."""
    code = process.exitcode
    if code is not None and code < 0:
        message = f"DataLoader worker (pid {process.pid}) is killed by signal: {signal.strsignal(-code)}. "
        if -code == signal.SIGBUS:
            message += (
                "It is possible that dataloader's workers are out of shared memory. "
                "Please try to raise your shared memory limit."
            )
        return RuntimeError(message)
    if code:
        return RuntimeError(
            f"DataLoader worker (pid {process.pid}) exited unexpectedly with exit code {code}. Details are lost due "
            "to multiprocessing. Rerunning with num_workers=0 may give better error trace."
        )
    return None
