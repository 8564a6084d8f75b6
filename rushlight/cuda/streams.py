"""Streams and events need CUDA; only the context of no stream works."""


class Stream:
    """A queue of work on a GPU. RuntimeError where there is none."""

    def __new__(cls, device=None, priority=0, **kwargs):
        raise RuntimeError("torch.cuda.Stream requires CUDA support")


class ExternalStream(Stream):
    """A stream that others made."""


class Event:
    """A mark in a stream. RuntimeError where there is no GPU."""

    def __new__(cls, enable_timing=False, blocking=False, interprocess=False, external=False):
        raise RuntimeError("Tried to instantiate dummy base class Event")


class StreamContext:
    """Within, work goes to a stream; with None nothing changes."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        return None


def stream(stream):
    return StreamContext(stream)


def set_stream(stream):
    """Nothing happens for None, the one stream that can be given here."""
