"""How Rushlight's plans ran: compiled or not, and what compiled ones left to the host. Nothing is added to a compiled run."""
import gc
from collections import Counter

import torch


class Ran:
    """What happened since it was made, or since the last reset().

    interpreted   how many runs of plans the interpreter did
    """

    def __init__(self):
        from rushlight.backends.numpy import interpreter

        original = interpreter.Program.run

        def counted(program, slots, sites):
            self.interpreted += 1
            return original(program, slots, sites)

        interpreter.Program.run = counted               # compiled programs come here, too, when they fall back
        self.reset()

    def reset(self):
        self.interpreted = 0
        self._before = {id(plan): (plan, plan.runs) for plan in _plans()}

    def facts(self):
        """{"plans": how many ran, "runs": how often, "interpreted": of those, "host": {primitive: calls in a run of each plan}}"""
        ran = [(plan, plan.runs - self._before.get(id(plan), (plan, 0))[1]) for plan in _plans()]
        ran = [(plan, runs) for plan, runs in ran if runs]
        host = Counter(launch.value.prim for plan, _ in ran if plan.program.interpreted is not None
                       for launch in plan.program.launches if launch.value is not None)
        return {"plans": len(ran), "runs": sum(runs for _, runs in ran), "interpreted": self.interpreted, "host": dict(host)}


def _plans():
    from rushlight.schedule.plan import Plan

    return [found for found in gc.get_objects() if type(found) is Plan]


def ran():
    """A Ran; None where the engine is PyTorch."""
    return Ran() if hasattr(torch, "__rushlight_version__") else None
