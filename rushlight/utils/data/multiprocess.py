"""The pass with worker processes.

Tasks (lists of indices) are numbered and go to the workers in turn, `prefetch_factor` ahead for each; a new one
is sent for every batch that is given out. Batches are given out in the order of their tasks, or as they arrive
with `in_order=False`. An iterable dataset that ends in one worker leaves the tasks to the others.
"""

import itertools
import weakref

from rushlight.utils.data._utils.pool import WorkerPool
from rushlight.utils.data._utils.worker import END, ERROR, CreateFetcher, WorkerJob
from rushlight.utils.data.iterators import _BaseDataLoaderIter, _DatasetKind


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader):
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor
        self._in_order = loader.in_order
        if self._prefetch_factor <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")

        # Workers seed NumPy's generator; imported here, once, forked workers need not do so each.
        import numpy.random  # noqa: F401

        context = loader.multiprocessing_context
        if context is None:
            import multiprocessing as context
        create_fetcher = CreateFetcher(
            _DatasetKind.fetcher_class(self._dataset_kind), self._auto_collation, self._collate_fn, self._drop_last
        )
        self._pool = WorkerPool(
            context,
            WorkerJob(self._dataset, create_fetcher, self._num_workers, self._base_seed, loader.worker_init_fn),
        )
        # The pool knows nothing of the iterator, so that dropping the iterator ends the workers.
        finalizer = weakref.finalize(self, self._pool.close)
        finalizer.atexit = False
        self._send_idx = 0
        self._reset(loader, first_iter=True)

    @property
    def _workers(self):
        return [worker.process for worker in self._pool.workers]

    def _reset(self, loader, first_iter=False):
        super()._reset(loader, first_iter)
        # Tasks whose batch was not given out yet, in order: number -> worker. Results that belong to none of
        # them (of an epoch that was left half way) are dropped.
        self._tasks = {}
        self._arrived = {}
        self._turns = itertools.cycle(self._pool.workers)
        if not first_iter:
            self._pool.post_resume()
        for _ in range(self._prefetch_factor * self._num_workers):
            self._send_task()

    def _send_task(self):
        """Send the next indices to the next worker in turn; nothing if there is neither."""
        worker = self._next_worker()
        if worker is None:
            return
        try:
            indices = self._next_index()
        except StopIteration:
            return
        self._pool.post_task(worker, self._send_idx, indices)
        self._tasks[self._send_idx] = worker
        self._send_idx += 1

    def _next_worker(self):
        for _ in range(self._num_workers):
            worker = next(self._turns)
            # Out of order, a slow worker must not collect tasks that others could do meanwhile.
            if worker.active and (self._in_order or worker.outstanding < self._prefetch_factor):
                return worker
        return None

    def _next_data(self):
        try:
            return self._next_batch()
        except KeyboardInterrupt:
            # A message may be half sent or half read: nothing more can be had from these workers.
            self._pool.close(grace=0)
            raise

    def _next_batch(self):
        while self._tasks:
            index = self._ready()
            if index is None:
                self._receive()
                continue
            result = self._arrived.pop(index)
            worker = self._tasks.pop(index)
            if result.kind == END:
                self._end(worker)
                self._send_task()
                continue
            self._send_task()
            data = result.open()
            if result.kind == ERROR:
                data.reraise()
            return data

        if not self._persistent_workers:
            self._pool.close()
        raise StopIteration

    def _ready(self):
        """The task whose result comes next, if it has arrived."""
        if self._in_order:
            first = next(iter(self._tasks))
            return first if first in self._arrived else None
        return next(iter(self._arrived), None)

    def _receive(self):
        if self._pool.closed:
            raise RuntimeError("DataLoader workers were ended by an earlier error or interrupt; iterate anew")
        for worker, result in self._pool.receive(self._timeout):
            if result.index in self._tasks:
                worker.outstanding -= 1
                self._arrived[result.index] = result

    def _end(self, worker):
        """The worker's stream has ended; its later tasks will not be answered."""
        worker.active = False
        self._tasks = {index: doer for index, doer in self._tasks.items() if doer is not worker}
        if not self._persistent_workers:
            self._pool.retire(worker)
