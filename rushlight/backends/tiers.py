"""When a plan is compiled: the interpreter runs it until that has cost what compiling is thought to cost.

So a program that runs everything once compiles nothing that is quick, and a long step is compiled before its first run. The run
at which a plan is compiled follows from its graph alone (backends/estimate.py), never from clocks: the same program gives the
same numbers every time. Without llvmlite, or elsewhere than on Linux with an x86-64 processor, everything is interpreted.
"""
import ctypes
from math import prod

from .. import _settings
from . import estimate

_MUCH = 10_000_000                              # elements of a plan's values, from which its memory is worth giving back


class Tiers:
    """mode      "auto", "wait" (every plan is compiled at its `sight`-th run), or "never"
    failures   (plan, exception): what could not be compiled, and stays interpreted
    strict     raise instead: for tests
    """

    def __init__(self):
        self.mode, self.sight, self.failures = "auto", 2, []
        self.strict = False

    def when(self, graph):
        """At which run of a plan it is compiled; 0 for never."""
        if self.mode == "never":
            return 0
        if _settings.are_deterministic_algorithms_enabled():
            return 1                            # so that a plan keeps one tier, also where a process resumes what another began
        return self.sight if self.mode == "wait" else estimate.runs_before_compiling(graph) + 1

    def compile(self, plan):
        """Give a plan its compiled program, if it can have one."""
        if self.mode == "never":
            return
        try:
            from .llvm.program import Program
        except ImportError:                     # no llvmlite, or a processor or system that the driver is not for
            self.mode = "never"
            return
        try:
            plan.program = Program(plan.graph, plan.program, plan.tickets, self.mode == "auto" and plan.runs == 1)
        except Exception as error:
            if self.strict:
                raise
            self.failures.append((plan, error))
        else:
            if plan.runs > 1:
                _give_back(plan.graph)


def _give_back(graph):
    """What the interpreter used for a plan, to the system: the C library keeps freed memory of middling sizes, and nobody will ask
    for it again.
    """
    if sum(prod(v.shape) for v in graph.values if v.dtype is not None) < _MUCH:
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:                      # not the GNU C library
        pass


tiers = Tiers()
