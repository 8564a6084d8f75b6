"""Compiled kernels by specification: in memory, else from disk, else made when first asked for."""
import os
import signal
import threading

from . import disk, generators, target
from .kernel import Kernel, Source

_WORTH_A_CHILD = 12        # kernels to be compiled
_MOST = 4096                # kernels remembered; plans hold those that they use
_entries = {}
_lock = threading.Lock()


class _Entry:
    """A kernel, once it is made, and the lock of whoever makes it: others are made at the same time."""

    __slots__ = ("kernel", "lock")

    def __init__(self):
        self.kernel, self.lock = None, threading.Lock()


def kernel(spec, limit=None):
    """The kernel of a specification."""
    key = disk.text(spec), limit            # not the specification itself: 0.0 and -0.0 are equal, as are 1 and 1.0
    with _lock:
        entry = _entries.setdefault(key, _Entry())
        if len(_entries) > _MOST:
            del _entries[next(iter(_entries))]
    if entry.kernel is None:
        with entry.lock:
            if entry.kernel is None:
                entry.kernel = _make(key[0], target.host(limit), lambda host: generators.generate(spec, host))
    return entry.kernel


class Helper:
    """A forked child that compiles kernels from the last of a list on, and leaves them on disk, while the caller begins with the
    first: llvmlite lets one thread of a process at a time into LLVM. Nothing waits for it; a kernel that it did not get to is
    compiled by whoever needs it.

    Use as a context. `specs` is in the order in which the caller makes them.
    """

    def __init__(self, specs):
        host = target.host()
        missing = [spec for spec in specs if not _known(spec, host)]
        self._missing = missing if len(missing) >= _WORTH_A_CHILD and (os.cpu_count() or 1) > 1 and hasattr(os, "fork") else []
        self._child = None

    def __enter__(self):
        if self._missing:
            try:
                self._child = os.fork()
            except OSError:                 # no room for another process
                return self
            if not self._child:
                self._work()
        return self

    def _work(self):
        """In the child. It ends here whatever happens."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for spec in reversed(self._missing):
                kernel(spec)
        finally:
            os._exit(0)

    def __exit__(self, *exception):
        if self._child:
            try:
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
            except OSError:                 # somebody else has waited for it
                pass


def _known(spec, host):
    """Whether a kernel is in memory, or on disk, or could not be kept there."""
    text = disk.text(spec)
    entry = _entries.get((text, None))
    if entry is not None and entry.kernel is not None:
        return True
    key = disk.key(text, host.text)
    return key is None or disk.has(key)


def fixed(name, text, functions):
    """Functions of a fixed module, as a kernel whose phases they are."""
    source = Source(text, tuple((function, 1) for function in functions))
    return _make(disk.text((name, text)), target.host(), lambda host: source)


def _make(spec, host, generate):
    """From disk, where source.text is empty, or generated and compiled, and then stored."""
    key = disk.key(spec, host.text)
    found = None if key is None else _load(key, host)
    if found is None:
        source = generate(host)
        code = target.compile_text(source.text, host)
        found = Kernel(source, code, host)
        if key is not None:
            disk.store(key, {"phases": source.phases, "workspace": source.workspace, "flops": source.flops,
                             "traffic": source.traffic}, code)
    return found


def _load(key, host):
    found = disk.load(key)
    if found is None:
        return None
    fields, code = found
    try:
        phases = tuple((str(name), int(parts)) for name, parts in fields["phases"])
        return Kernel(Source("", phases, fields["workspace"], fields["flops"], fields["traffic"]), code, host)
    except (KeyError, TypeError, ValueError, RuntimeError):
        disk.remove(key)                    # made in another way than today's
        return None


def _after_fork():
    """In a child the threads are gone that may have held a lock."""
    global _lock
    _lock = threading.Lock()
    for entry in _entries.values():
        entry.lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
