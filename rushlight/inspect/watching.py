"""Watches plans run: which program ran each of them, how long it took piece by piece, and why it was not the compiled one.

Nothing of the engine knows of it: while a Watch is open it stands in the place of a few functions, and of the host functions
inside the programs that run.
"""
import os
from collections import Counter, deque
from statistics import median
from time import perf_counter

from ..backends.numpy import interpreter
from ..backends.tiers import tiers
from ..graph import recorder, value
from ..schedule import plan as plans

KEPT = 64                   # runs of a plan whose times are kept: what is told are medians of the last ones


def is_compiled(program):
    """Whether a plan's program is made of kernels."""
    return hasattr(program, "launches")


class Times:
    """How often something was done, how long in all, and the last KEPT times. The first, on cold memory, is left out of
    the median if there is another."""

    def __init__(self):
        self.count, self.total, self.last = 0, 0.0, deque(maxlen=KEPT)

    def add(self, seconds):
        if self.count == 1:
            self.last.clear()
        self.count += 1
        self.total += seconds
        self.last.append(seconds)

    @property
    def median(self):
        return median(self.last) if self.last else None


class Pieces:
    """The times of a program's pieces (launches, or NumPy calls), run by run; the first as in Times."""

    def __init__(self, program):
        self.program, self.count, self.runs = program, 0, deque(maxlen=KEPT)

    def add(self, seconds):
        if self.count == 1:
            self.runs.clear()
        self.count += 1
        self.runs.append(tuple(seconds))

    def medians(self):
        """Seconds a run of each piece; None if none was timed."""
        return [median(times) for times in zip(*self.runs)] if self.runs else None


class WatchedPlan:
    """What happened to one plan.

    flushed       (file, line) that made it run -> how often
    compiled      Times of the runs with kernels in one go; by_launch: of those run launch by launch
    interpreted   Times of the runs without
    reasons       why a run was interpreted -> how often
    launches      Pieces of the compiled program; calls: of the interpreted one
    compiling     seconds the compiler took, None if it was not asked
    """

    def __init__(self, plan, number):
        self.plan, self.number = plan, number
        self.flushed, self.reasons = Counter(), Counter()
        self.compiled, self.by_launch, self.interpreted = Times(), Times(), Times()
        self.launches = self.calls = None
        self.compiling, self.failed = None, 0
        self.trace = None                       # the trace that it belongs to: its variants have the same

    @property
    def runs(self):
        return self.compiled.count + self.by_launch.count + self.interpreted.count + self.failed

    @property
    def seconds(self):
        return self.compiled.total + self.by_launch.total + self.interpreted.total


class Watch:
    """Between start() and stop(), everything is counted.

    plans     id of a plan -> WatchedPlan, in the order in which they first ran
    counts    what the recorder counted meanwhile
    seconds   wall-clock time
    """

    def __init__(self):
        self.plans, self.counts, self.seconds = {}, {}, 0.0
        self._lines, self._undo = [], []
        self._seconds_of = {}                   # id of an interpreted program -> the times of its calls in this run
        self._attached = {}                     # id of a program -> the program
        self.wait = False                       # whether it has the program wait for the compiler
        self._now = None                        # of the plan that runs: program, seconds of compiling, why it fell back

    # ------------------------------------------------------------ on and off
    def start(self):
        if _open:
            raise RuntimeError("the program is being explained already: explaining() cannot be used inside another, "
                               "nor in a program that `rushlight explain` runs")
        recorder.boundary()
        _open.append(self)
        self.before, self.process = dict(vars(recorder.stats)), os.getpid()
        self.threads = None
        for owner, name, mine in ((plans.Plan, "run", self._run), (recorder, "plan_for", self._plan_for),
                                  (recorder, "_miss", self._miss), (interpreter, "compile_graph", self._compile_graph),
                                  (tiers, "compile", self._compile)):
            self._replace(owner, name, mine)
        self.began = perf_counter()

    def stop(self):
        """What is pending runs first, and may raise."""
        try:
            recorder.boundary()
        finally:
            self.seconds = perf_counter() - self.began
            for undo in reversed(self._undo):
                undo()
            self._undo = []
            _open.clear()
            self.update()

    def update(self):
        from .. import _settings

        now = vars(recorder.stats)
        self.counts = {k: now[k] - self.before[k] for k in now}
        self.threads = _settings.get_num_threads()
        if self._undo:
            self.seconds = perf_counter() - self.began

    def _replace(self, owner, name, mine):
        """Let mine(original, ...) be called in the place of a function."""
        original = getattr(owner, name)
        own = name in vars(owner)               # tiers' is its class's

        def instead(*args):
            return mine(original, *args)

        setattr(owner, name, instead)
        self._undo.append(lambda: setattr(owner, name, original) if own else delattr(owner, name))

    # ------------------------------------------------------------ the engine's functions
    def _miss(self, original, *args):
        """An op is recorded for the first time: note the line of the values that come of it."""
        line, first = recorder.user_line(), next(value._ids)
        entry = original(*args)
        self._lines.append((first, next(value._ids), line))
        return entry

    def _plan_for(self, original, entry, *args):
        plan = original(entry, *args)
        self._watched(plan).trace = id(entry)
        return plan

    def _compile_graph(self, original, graph):
        program = original(graph)
        self._time_calls(program)
        return program

    def _compile(self, original, plan):
        began = perf_counter()
        original(plan)
        watched, seconds = self._watched(plan), perf_counter() - began
        self._now["compiling"] += seconds
        if is_compiled(plan.program):
            watched.compiling = seconds
            self._now["program"] = plan.program
            self._prepare(plan.program, watched)

    def _run(self, original, plan, slots, sites):
        watched = self._watched(plan)
        watched.flushed[recorder.user_line()] += 1
        program = plan.program
        first = program is None
        self._now = now = {"program": program, "compiling": 0.0, "why": None}
        if program is not None:
            self._prepare(program, watched)
        began = perf_counter()
        done = False
        try:
            result = original(plan, slots, sites)
            done = True
            return result
        finally:
            seconds = perf_counter() - began - now["compiling"]
            if first and now["program"] is None:
                now["program"] = plan.program
            if done:
                self._note(watched, now, seconds)
            else:
                watched.failed += 1

    def _note(self, watched, now, seconds):
        """Book a run that came to its end."""
        program, why = now["program"], now["why"]
        if is_compiled(program) and why is None and id(program) in self._attached:
            if program.seconds is None:
                watched.compiled.add(seconds)
            else:
                watched.by_launch.add(seconds)
                watched.launches.add(program.seconds)
            return
        watched.interpreted.add(seconds)
        watched.reasons[why or self._why(watched)] += 1
        program = program.interpreted if is_compiled(program) else program
        times = self._seconds_of.get(id(program))
        if times is not None:
            if watched.calls is None:
                watched.calls = Pieces(program)
            watched.calls.add(times)

    def _why(self, watched):
        """Why a plan's program is the interpreter's."""
        plan = watched.plan
        for failed, error in tiers.failures:
            if failed is plan:
                return f"it could not be compiled: {type(error).__name__}: {error}"
        if plan.compile_at > plan.runs:
            return TOO_FEW
        return NO_LLVMLITE if _lacks_llvmlite() else OFF

    # ------------------------------------------------------------ inside programs
    def _watched(self, plan):
        found = self.plans.get(id(plan))
        if found is None:
            found = self.plans.setdefault(id(plan), WatchedPlan(plan, len(self.plans) + 1))
        return found

    def _prepare(self, program, watched):
        """Set a program up for the coming run. Every other run with kernels goes launch by launch."""
        if not is_compiled(program):
            if id(program) not in self._attached:
                self._time_calls(program)
            self._clear(program)
            return
        if id(program) not in self._attached:
            self._time_launches(program)
            self._clear(program.interpreted)
        if watched.launches is None or watched.launches.program is not program:
            watched.launches = Pieces(program)
        by_launch = watched.by_launch.count <= watched.compiled.count
        program.seconds = [0.0] * len(program.launches) if by_launch else None

    def _clear(self, program):
        times = self._seconds_of.get(id(program))
        if times is not None:
            times[:] = [0.0] * len(times)

    def _time_calls(self, program):
        """Have an interpreted program's functions timed."""
        times = self._seconds_of[id(program)] = [0.0] * len(program.steps)
        before = program.steps
        program.steps = [(_timed(step[0], lambda: times, i), *step[1:]) for i, step in enumerate(before)]
        self._attached[id(program)] = program
        self._undo.append(lambda: setattr(program, "steps", before))

    def _time_launches(self, program):
        """Have a compiled program's host functions timed, too, and its way back to the interpreter noted."""
        if id(program.interpreted) not in self._attached:
            self._time_calls(program.interpreted)
        before = program.segments
        number = {id(launch.value): i for i, launch in enumerate(program.launches) if launch.value is not None}
        program.segments = [segment if segment[0] is not None else
                            (None, _timed(segment[1], lambda: program.seconds, number[id(segment[3])]), *segment[2:])
                            for segment in before]

        def interpret(slots, sites):
            self._now["why"] = misfit(program, slots)
            self._clear(program.interpreted)
            return type(program)._interpret(program, slots, sites)

        program._interpret = interpret
        self._attached[id(program)] = program

        def undo():
            program.seconds, program.segments = None, before
            del program._interpret

        self._undo.append(undo)

    # ------------------------------------------------------------ what is asked afterwards
    def lines(self):
        """A function of a value that gives the (file, line) which recorded it, or None."""
        from bisect import bisect

        spans = sorted(self._lines)
        firsts = [span[0] for span in spans]

        def line(v):
            i = bisect(firsts, v.id) - 1
            return spans[i][2] if i >= 0 and v.id < spans[i][1] else None

        return line


TOO_FEW = "it had not run often enough for compiling to pay"
OFF = 'the compiled tier was off (mode "never") when it was first seen'
NO_LLVMLITE = "llvmlite, which the compiled tier needs, is not installed"
_open = []                                      # the Watch that is on


def _lacks_llvmlite():
    from importlib.util import find_spec

    return find_spec("llvmlite") is None


def _timed(function, times, i):
    """The function, adding its seconds to times()[i]."""
    def run(*operands):
        began = perf_counter()
        try:
            return function(*operands)
        finally:
            found = times()
            if found is not None:
                found[i] += perf_counter() - began
    return run


def misfit(program, slots):
    """Why a compiled program left a run to the interpreter: what came in was not what its kernels were made for."""
    for place, slot, positions, scalar in program.inputs:
        content = slots[slot]
        array = getattr(content, "value", None)
        if not hasattr(array, "flags"):
            if positions and scalar is None and not hasattr(content, "take"):
                return f"an input is a Python {type(content).__name__} that its kernels cannot read"
        elif not array.flags.c_contiguous:
            return f"an input of {place.dtype.name}{list(array.shape)} does not lie in memory without gaps"
        elif array.shape != place.shape:
            return f"an input lies in memory as {list(array.shape)}, not as {list(place.shape)}"
    return "its random numbers come from generators that kernels cannot draw from"
