"""What the engine did: plans, how often each ran, what was new, and the graph of a step.

    rushlight explain train.py [args]      runs the program, then prints the table
    with rushlight.inspect.explain.watch() as seen: ...; print(seen)
    print(rushlight.inspect.explain.graph_of(function, *args))
"""
import time

from ..graph import recorder
from ..schedule import plan as plans


class Report:
    """Counts over a stretch of a program, and a row for each plan that ran in it."""

    def __init__(self):
        self.rows = {}
        self.counts = {}

    def add(self, plan, seconds):
        row = self.rows.setdefault(id(plan), [plan, 0, 0.0])
        row[1] += 1
        row[2] += seconds

    def __str__(self):
        c = self.counts
        lines = [f"{len(self.rows)} plans ran {sum(r[1] for r in self.rows.values())} times; {c['plans']} were new, "
                 f"{c['misses']} of the recorded ops were not seen before; {c['cuts']} loops cut, {c['snapshots']} snapshots of "
                 f"exposed memory, {c['variants']} variants joined",
                 "", f"{'plan':>4} {'runs':>6} {'total ms':>10} {'each ms':>9} {'values':>7} {'gives':>6}  what it does"]
        order = sorted(self.rows.values(), key=lambda r: -r[2])
        for i, (plan, runs, seconds) in enumerate(order[:30]):
            lines.append(f"{i:>4} {runs:>6} {seconds * 1e3:>10.1f} {seconds * 1e3 / runs:>9.3f} {len(plan.graph.values):>7} "
                         f"{len(plan.graph.outputs):>6}  {describe(plan)}")
        if len(order) > 30:
            lines.append(f"     ... and {len(order) - 30} more plans")
        return "\n".join(lines)


def describe(plan):
    """The primitives of a plan that cost most, with their counts."""
    count = {}
    for v in plan.graph.values:
        if v.prim not in ("input", "const", "reshape", "permute", "expand"):
            count[v.prim] = count.get(v.prim, 0) + 1
    heavy = ("conv", "conv_dx", "conv_dw", "dot", "max_pool", "sum_pool")
    order = sorted(count, key=lambda p: (p not in heavy, -count[p]))
    return " ".join(f"{p}*{count[p]}" if count[p] > 1 else p for p in order[:8])


class watch:
    """Within, every plan that runs is timed and counted; gives the Report."""

    def __enter__(self):
        recorder.boundary()
        self.report = report = Report()
        self.before = dict(vars(recorder.stats))
        self.run = run = plans.Plan.run

        def timed(plan, slots, sites):
            start = time.perf_counter()
            try:
                return run(plan, slots, sites)
            finally:
                report.add(plan, time.perf_counter() - start)

        plans.Plan.run = timed
        return report

    def __exit__(self, *exc):
        try:
            recorder.boundary()
        finally:
            plans.Plan.run = self.run
        now = vars(recorder.stats)
        self.report.counts = {k: now[k] - self.before[k] for k in now}


def graph_of(function, *args, **kwargs):
    """The graph that function(*args) records, as text: one value a line, in the order in which it would run."""
    recorder.boundary()
    result = function(*args, **kwargs)
    rec = recorder.current()
    known = recorder.path_values(rec.entry)
    made = recorder._made_slots(rec.entry)
    live = tuple(i for i in made if rec.slots[i] is not None and rec.slots[i].slot == i)
    graph = plans.Graph(known, live)
    outputs = {v.id: slot for slot, v in graph.outputs}
    lines = [repr(v) + (f"   -> slot {outputs[v.id]}" if v.id in outputs else "") for v in graph.values]
    del result
    return "\n".join(lines)


def main(arguments):
    """rushlight explain FILE [args]: run a program and print what the engine did."""
    import runpy
    import sys

    from ..compat import aliases

    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: rushlight explain FILE [args...]\n\nRuns the program, then prints a table of its plans.")
        return 0 if arguments else 2
    aliases.install()
    sys.argv = list(arguments)
    import os

    sys.path.insert(0, os.path.dirname(os.path.abspath(arguments[0])))
    status = 0
    seen = watch()
    report = seen.__enter__()
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        seen.__exit__(None, None, None)
        print(report, file=sys.stderr)
    return status
