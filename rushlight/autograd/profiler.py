"""Where the time goes, op by op. Source: torch.autograd.profiler.

Rushlight records ops and runs them together. Under a profiler each op is run by itself, and its time taken; so the table
tells ops apart, but their sum is more than a step takes without the profiler, which fuses them.
"""
import time

from ..graph import recorder
from .profiler_table import EventList, FunctionEvent

__all__ = ["profile", "record_function", "emit_nvtx", "emit_itt", "EventList", "FunctionEvent"]

_running = None     # the profile whose block is open


class _Timer:
    """Takes the time of each recorded op: it has run when the next one is recorded."""

    def __init__(self, record_shapes, with_modules=False):
        self.record_shapes = record_shapes
        self.events = []
        self.open_ranges = []
        self.pending = None         # (name, input shapes, start) of the op recorded last

    def settle(self):
        """Run the op recorded last, and note how long it took since it was recorded."""
        recorder.boundary()
        if self.pending is None:
            return
        name, shapes, start = self.pending
        self.pending = None
        self.add(FunctionEvent(name, start, time.perf_counter(), shapes))

    def add(self, event):
        self.events.append(event)
        if self.open_ranges:
            self.open_ranges[-1].append(event)

    def wrap(self, record):
        """`record` as before, after the op recorded before has run."""
        def timed(rec, thing, attrs, *rest):
            self.settle()
            operands = rest[-1]
            start = time.perf_counter()
            result = record(rec, thing, attrs, *rest)
            self.pending = (_name(thing), self.shapes(operands), start)
            return result
        return timed

    def shapes(self, operands):
        if not self.record_shapes:
            return []
        return [list(t._meta.shape) if hasattr(t, "_meta") else [] for t in operands]


def _name(thing):
    """PyTorch's name of an op, or of a tape node."""
    return f"aten::{thing.display}" if hasattr(thing, "display") else thing.name


def _recording_modules():
    from ..tensor import apply
    from . import engine

    return ((apply, "record"), (apply, "record_write"), (engine, "record"))


class profile:
    """Context in which every op is timed; print it, or see `key_averages()`.

    record_shapes: keep the shapes of operands. The other options of PyTorch's profiler are taken and have no effect.
    """

    def __init__(self, enabled=True, *, use_cuda=False, use_device=None, record_shapes=False, with_flops=False,
                 profile_memory=False, with_stack=False, with_modules=False, use_kineto=False, use_cpu=True,
                 experimental_config=None, acc_events=False, custom_trace_id_callback=None):
        self.enabled = enabled
        self.record_shapes = record_shapes
        self.function_events = None
        self._timer = None

    def __enter__(self):
        global _running
        if not self.enabled:
            return self
        if self._timer is not None:
            raise RuntimeError("Profiler context manager is not reentrant")
        if _running is not None:
            raise RuntimeError("Profiler is already enabled on this thread")
        recorder.boundary()
        self._timer = _Timer(self.record_shapes)
        self._before = []
        for module, name in _recording_modules():
            plain = getattr(module, name)
            self._before.append((module, name, plain))
            setattr(module, name, self._timer.wrap(plain))
        _running = self
        return self

    def __exit__(self, *exc):
        global _running
        if not self.enabled:
            return False
        _running = None
        try:
            self._timer.settle()
        finally:
            for module, name, plain in self._before:
                setattr(module, name, plain)
        self.function_events = EventList(self._timer.events)
        return False

    def _events(self):
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def __str__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    __repr__ = __str__

    def table(self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55, max_shapes_column_width=80,
              header=None, top_level_events_only=False):
        return self._events().table(sort_by, row_limit, max_name_column_width=max_name_column_width, header=header)

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        return self._events().key_averages(group_by_input_shape)

    def total_average(self):
        return self._events().total_average()

    @property
    def self_cpu_time_total(self):
        return self._events().self_cpu_time_total

    def export_chrome_trace(self, path):
        """Write the events as JSON for chrome://tracing or Perfetto."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        raise NotImplementedError("rushlight's profiler keeps no stacks")


class record_function:
    """Context or decorator: a named range in the profile, around the ops within. Nothing without a profiler."""

    def __init__(self, name, args=None):
        self.name, self.args = name, args
        self._timer = None

    def __enter__(self):
        if _running is not None:
            timer = self._timer = _running._timer
            timer.settle()
            self._children = []
            timer.open_ranges.append(self._children)
            self._start = time.perf_counter()
        return self

    def __exit__(self, *exc):
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.settle()
            timer.open_ranges.remove(self._children)
            timer.add(FunctionEvent(self.name, self._start, time.perf_counter(), [], self._children, True))
        return False

    def __call__(self, function):
        import functools

        @functools.wraps(function)
        def run(*args, **kwargs):
            with record_function(self.name):
                return function(*args, **kwargs)
        return run


class emit_nvtx:
    """Marks for NVIDIA's profilers. Without CUDA it must be disabled."""

    def __init__(self, enabled=True, record_shapes=False):
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            from ..cuda import synchronize

            synchronize()
        return self

    def __exit__(self, *exc):
        return False


class emit_itt(emit_nvtx):
    """Marks for Intel's profilers, which are not here."""

    def __enter__(self):
        if self.enabled:
            raise NotImplementedError("rushlight emits no ITT marks")
        return self
