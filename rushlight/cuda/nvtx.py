"""Marks for NVIDIA's profilers, which need CUDA."""


def _absent(*args, **kwargs):
    raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")


range_push = range_pop = range_start = range_end = mark = _absent


class range:
    """A named range around a block."""

    def __init__(self, msg, *args, **kwargs):
        self.msg = msg.format(*args, **kwargs)

    def __enter__(self):
        range_push(self.msg)

    def __exit__(self, *exc):
        range_pop()
