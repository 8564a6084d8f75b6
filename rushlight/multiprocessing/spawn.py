"""`spawn` and `start_processes`: run a function in several processes, and raise here what fails there."""

import multiprocessing
import multiprocessing.connection
import signal
import sys

# How long the others may take to end after one has failed, before they are killed.
_DEFAULT_GRACE_S = 30


class ProcessException(Exception):
    """A process of `spawn` failed: which one (`error_index`), and its pid (`error_pid`)."""

    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.pid = pid

    @property
    def error_pid(self):
        return self.pid

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The process ended with an exception, whose traceback is in the message."""

    def __init__(self, msg, error_index, error_pid):
        super().__init__(msg, error_index, error_pid)


class ProcessExitedException(ProcessException):
    """The process ended by a signal (`signal_name`) or with a code other than 0 (`exit_code`)."""

    def __init__(self, msg, error_index, error_pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _run(fn, index, args, errors):
    """The child's side: call `fn(index, *args)`; an exception's traceback goes to the parent, not to stderr."""
    _die_with_parent()
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        # The parent was interrupted, too, and will say so.
        pass
    except Exception:
        import traceback

        errors.send(traceback.format_exc())
        sys.exit(1)


def _die_with_parent():
    """Ask Linux to interrupt this process when its parent ends: nobody would read its results."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGINT)


class ProcessContext:
    """The processes of one `start_processes` call."""

    def __init__(self, processes, error_files):
        self.processes = processes
        self.error_files = error_files
        self.sentinels = {process.sentinel: index for index, process in enumerate(processes)}
        self._errors = {}

    def pids(self):
        return [int(process.pid) for process in self.processes]

    def join(self, timeout=None, grace_period=None):
        """Wait for some process to end. True if all have; False if some still run. Raises what failed.

        After a failure the other processes are asked to terminate, and killed after `grace_period` seconds.
        """
        if not self.sentinels:
            return True
        ready = self._wait(timeout)
        failed = None
        for sentinel in ready:
            index = self.sentinels.pop(sentinel)
            process = self.processes[index]
            process.join()
            if process.exitcode != 0 and failed is None:
                failed = index
        if failed is None:
            return not self.sentinels

        self._end_others(_DEFAULT_GRACE_S if grace_period is None else grace_period)
        self._raise(failed)

    def _wait(self, timeout):
        """Sentinels of ended processes. Tracebacks are read as they come: a long one would block its sender."""
        import time

        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            readers = {reader: index for index, reader in enumerate(self.error_files) if not reader.closed}
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = multiprocessing.connection.wait([*self.sentinels, *readers], timeout=left)
            for reader in ready:
                if reader in readers:
                    self._read_error(readers[reader])
            ended = [sentinel for sentinel in ready if sentinel in self.sentinels]
            if ended or not ready:
                return ended

    def _read_error(self, index):
        reader = self.error_files[index]
        try:
            self._errors[index] = reader.recv()
        except EOFError:
            reader.close()

    def _end_others(self, grace_period):
        import logging
        import time

        log = logging.getLogger(__name__)
        for process in self.processes:
            if process.is_alive():
                log.warning("Terminating process %s via signal SIGTERM", process.pid)
                process.terminate()
        deadline = time.monotonic() + grace_period
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        for process in self.processes:
            if process.is_alive():
                log.warning("Unable to shutdown process %s via SIGTERM, forcefully exiting via SIGKILL", process.pid)
                process.kill()
            process.join()

    def _raise(self, index):
        process = self.processes[index]
        reader = self.error_files[index]
        if index not in self._errors and not reader.closed and reader.poll():
            self._read_error(index)
        if index in self._errors:
            message = f"\n\n-- Process {index} terminated with the following error:\n{self._errors[index]}"
            raise ProcessRaisedException(message, index, process.pid)
        if process.exitcode < 0:
            try:
                name = signal.Signals(-process.exitcode).name
            except ValueError:
                name = f"<Unknown signal {-process.exitcode}>"
            raise ProcessExitedException(
                f"process {index} terminated with signal {name}",
                error_index=index,
                error_pid=process.pid,
                exit_code=process.exitcode,
                signal_name=name,
            )
        raise ProcessExitedException(
            f"process {index} terminated with exit code {process.exitcode}",
            error_index=index,
            error_pid=process.pid,
            exit_code=process.exitcode,
        )


class SpawnContext(ProcessContext):
    """The name that older programs know ProcessContext by."""


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Start `nprocs` processes that run `fn(i, *args)`; wait for all of them, or with `join=False` return a
    ProcessContext to wait on. ProcessRaisedException or ProcessExitedException if one fails."""
    mp = multiprocessing.get_context(start_method)
    processes, readers = [], []
    for index in range(nprocs):
        reader, writer = mp.Pipe(duplex=False)
        process = mp.Process(target=_run, args=(fn, index, args, writer), daemon=daemon)
        process.start()
        writer.close()
        processes.append(process)
        readers.append(reader)
    context = ProcessContext(processes, readers)
    if not join:
        return context
    while not context.join():
        pass
    return None


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """`start_processes` with fresh interpreters."""
    if start_method != "spawn":
        import warnings

        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\n"
            "To use a different start_method use:\n\t\t torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
