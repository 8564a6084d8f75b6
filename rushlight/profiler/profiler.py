"""`profile`: which steps of a program are timed, and who is told."""
from enum import Enum

from rushlight.autograd import profiler as ops

__all__ = ["profile", "schedule", "supported_activities", "tensorboard_trace_handler", "ProfilerAction", "ProfilerActivity"]


class ProfilerActivity(Enum):
    CPU, XPU, MTIA, CUDA, HPU, PrivateUse1 = range(6)

    def __repr__(self):
        return f"<ProfilerActivity.{self.name}: {self.value}>"


class ProfilerAction(Enum):
    """What is done with a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


def supported_activities():
    return {ProfilerActivity.CPU}


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """A function from a step's number to its action: cycles of `wait`, `warmup` and `active` steps, `repeat` times (0: for ever)."""
    if not (wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0):
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step):
        if step < 0:
            raise AssertionError("Step must be non-negative")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat > 0 and step // length >= repeat:
            return ProfilerAction.NONE
        place = step % length
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """For on_trace_ready: writes each trace into a folder, as TensorBoard's plugin expects it."""
    def write(prof):
        import os
        import socket
        import time

        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        path = os.path.join(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else ""))
        prof.export_chrome_trace(path)

    return write


class profile:
    """Context in which ops are timed: all of the block, or the steps that `schedule` chooses (call `step()` after each).

    activities: only ProfilerActivity.CPU can be had; others are passed over. on_trace_ready(self) is called when a trace is
    complete. record_shapes keeps operands' shapes; the other options are taken and have no effect.
    """

    def __init__(self, *, activities=None, schedule=None, on_trace_ready=None, record_shapes=False, profile_memory=False,
                 with_stack=False, with_flops=False, with_modules=False, experimental_config=None, execution_trace_observer=None,
                 acc_events=False, use_cuda=None, custom_trace_id_callback=None, post_processing_timeout_s=None):
        self.activities = set(activities) if activities else supported_activities()
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self._always = schedule is None
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.step_num = 0
        self.current_action = self.schedule(0)
        self.profiler = None
        self._open = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
        return False

    def start(self):
        self._begin_if_wanted()

    def stop(self):
        if self._open:
            self._end()
            if self.on_trace_ready is not None and (self._always or self.current_action is not ProfilerAction.WARMUP):
                self.on_trace_ready(self)

    def step(self):
        """The step is over: on to the next one."""
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        if self._open and before is ProfilerAction.RECORD_AND_SAVE:
            self._end()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        elif self._open and self.current_action is ProfilerAction.NONE:
            self._end()
        self._begin_if_wanted()

    def _begin_if_wanted(self):
        if not self._open and self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self.profiler = ops.profile(record_shapes=self.record_shapes)
            self.profiler.__enter__()
            self._open = True

    def _end(self):
        self.profiler.__exit__(None, None, None)
        self._open = False

    def _trace(self):
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before getting key averages")
        return self.profiler

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of each name together; `.table()` prints them."""
        return self._trace().key_averages(group_by_input_shape)

    def events(self):
        return self._trace()._events()

    def export_chrome_trace(self, path):
        """Write the trace as JSON, compressed if the name ends in .gz."""
        if not path.endswith(".gz"):
            self._trace().export_chrome_trace(path)
            return
        import gzip
        import shutil

        plain = path[:-3]
        self._trace().export_chrome_trace(plain)
        with open(plain, "rb") as source, gzip.open(path, "wb") as target:
            shutil.copyfileobj(source, target)
        import os

        os.remove(plain)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        raise NotImplementedError("rushlight's profiler keeps no stacks")

    def add_metadata(self, key, value):
        """Not kept."""

    add_metadata_json = add_metadata
