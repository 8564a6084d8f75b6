"""The CPU as a device module, so that code written for any device runs on it. Source: torch.cpu."""
from contextlib import AbstractContextManager as _Context


def is_available():
    return True


def is_initialized():
    return True


def device_count():
    return 1


def current_device():
    return "cpu"


def set_device(device):
    """There is one CPU."""


def synchronize(device=None):
    """Results wait for nobody here; nothing happens."""


class Stream:
    """The CPU has one queue of work, which is never behind."""

    def __init__(self, priority=-1):
        pass

    def wait_stream(self, stream):
        pass

    def record_event(self):
        pass

    def wait_event(self, event):
        pass


class Event:
    """A mark in the CPU's queue, passed as soon as it is made."""

    def query(self):
        return True

    def record(self, stream=None):
        pass

    def synchronize(self):
        pass

    def wait(self, stream=None):
        pass


_current = Stream()


def current_stream(device=None):
    return _current


class StreamContext(_Context):
    """Within, a stream is the current one."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        global _current
        if self.stream is not None:
            self.before, _current = _current, self.stream

    def __exit__(self, *exc):
        global _current
        if self.stream is not None:
            _current = self.before


def stream(stream):
    return StreamContext(stream)


def __getattr__(name):
    if name == "amp":
        import importlib

        return importlib.import_module(f"{__name__}.amp")
    raise AttributeError(f"module 'torch.cpu' has no attribute {name!r}")
