"""When a plan is compiled: the interpreter runs it at first sight; seen again, a thread in the background compiles it.

It is not switched on yet: the mode is "never" until products and convolutions are kernels (docs/compiled_tier.md).

No step waits for the compiler, except under use_deterministic_algorithms(True), where a plan keeps one tier from its second
run on. Without llvmlite, and in a forked child, everything is interpreted (a child goes on with what was compiled before).
"""
import os
import threading
from collections import deque

from .. import _settings


class Tiers:
    """mode      "background", "wait" (the step waits for the compiler), or "never"
    sight      at which run of a plan it is compiled
    failures   (plan, exception): what could not be compiled, and stays interpreted
    strict     raise instead: for tests
    """

    def __init__(self):
        self.mode, self.sight, self.failures = "never", 2, []
        self._waiting, self._wake, self._thread = deque(), threading.Condition(), None
        self._stopping = self.strict = False

    def request(self, plan):
        """Called when a plan is seen for the second time. Gives the program to run now."""
        if self.mode == "never":
            return plan.program
        if self.mode == "wait" or _settings.are_deterministic_algorithms_enabled():
            self._compile(plan)
            return plan.program
        with self._wake:
            self._waiting.append(plan)
            if self._thread is None:
                self._start()
            self._wake.notify()
        return plan.program

    def _start(self):
        import atexit

        self._thread = threading.Thread(target=self._work, daemon=True, name="rushlight-compiler")
        self._thread.start()
        atexit.register(self._stop)

    def _work(self):
        while True:
            with self._wake:
                while not self._waiting and not self._stopping:
                    self._wake.wait()
                if self._stopping:
                    return
                plan = self._waiting.popleft()
            self._compile(plan)

    def _compile(self, plan):
        try:
            from .llvm.program import Program
        except ImportError:
            self.mode = "never"
            return
        interpreted = plan.program
        try:
            plan.program = Program(plan.graph, interpreted, plan.tickets)
        except Exception as error:
            if self.strict:
                raise
            self.failures.append((plan, error))

    def _stop(self):
        """At the interpreter's end: let the compiler finish what it is at, since it cannot be stopped in LLVM."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()


tiers = Tiers()


def _in_child():
    """LLVM may have been in the middle of something in another thread when the process was forked."""
    tiers.__init__()
    tiers.mode = "never"


os.register_at_fork(after_in_child=_in_child)
