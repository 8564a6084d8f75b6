"""What the engine did: its plans, their kernels with times and rates, memory, and why anything was interpreted.

    rushlight explain [--wait] [--html FILE] train.py [args]     runs the program, then tells

    with rushlight.inspect.explaining() as report:               a piece of a program that runs
        ...
    print(report)
    report.html("step.html")

    print(rushlight.inspect.explain.graph_of(function, *args))   the graph that a function records
"""
from ..graph import recorder
from ..schedule import plan as plans
from .report import Report
from .watching import Watch

USAGE = """\
usage: rushlight explain [-h] [--wait] [--all] [--html FILE] (FILE | -m MODULE | -c CODE | -) [ARGUMENT ...]

Run a Python program as `rushlight run` does; when it has ended, also by an exception, tell on the standard error what ran:
each plan with its kernels, their times and rates, its memory, and why anything was interpreted.

  --wait       compile each plan before its second run, also where that takes longer than it saves
  --all        tell of every plan and every kernel
  --html FILE  also write a page with the graph, the kernels and the buffers of the plans that took longest
"""


class explaining:
    """Within, every plan that runs is timed and counted; gives the Report.

    wait: meanwhile compile every plan that is new before its second run (tiers' mode "wait"), however little it costs.
    Timing costs: every other run of a compiled plan goes launch by launch. One at a time, for all threads: RuntimeError for
    a second.
    """

    def __init__(self, *, wait=False):
        self.wait = wait

    def __enter__(self):
        from ..backends.tiers import tiers

        self.watch = Watch()
        self.watch.start()
        self.mode = tiers.mode
        if self.wait:
            tiers.mode, self.watch.wait = "wait", True
        return Report(self.watch)

    def __exit__(self, kind, error, traceback):
        from ..backends.tiers import tiers

        try:
            self.watch.stop()
        except Exception:
            if kind is None:
                raise                   # the step that was pending failed; otherwise the first error is the one to see
        finally:
            if self.wait and tiers.mode == "wait":
                tiers.mode = self.mode


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
    """The command `rushlight explain`; returns the exit status."""
    import os
    import sys

    options = {"--wait": False, "--all": False, "--html": None}
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        name, is_there, text = rest.pop(0).partition("=")
        if name == "--html":
            if not is_there and not rest:
                return _refuse("--html needs a file to write")
            options[name] = text if is_there else rest.pop(0)
        elif name in options and not is_there:
            options[name] = True
        elif name == "--help":
            rest = ["-h"]
        else:
            return _refuse(f"there is no option {name}")
    if not rest or rest[0] == "-h":
        print(USAGE, end="", file=sys.stdout if rest else sys.stderr)
        return 0 if rest else 2
    if options["--html"] is not None and not os.path.isdir(os.path.dirname(os.path.abspath(options["--html"]))):
        return _refuse(f"--html {options['--html']}: there is no such folder")   # before the program runs, not after
    if rest[0] != "-" and rest[0][:2] not in ("-m", "-c"):
        if rest[0].startswith("-"):
            return _refuse(f"there is no option {rest[0]}")
        if not os.path.exists(rest[0]):
            return _refuse(f"can't open file {os.path.abspath(rest[0])!r}: no such file")
    return _explained(rest, options)


def _refuse(what):
    import sys

    print(f"rushlight explain: error: {what}\n{USAGE.splitlines()[0]}", file=sys.stderr)
    return 2


def _explained(rest, options):
    """Run the program and tell. An exception goes on as from `rushlight run`: its traceback comes last."""
    import os

    from ..cli.run import run

    here, report, error = os.getpid(), None, None
    try:
        with explaining(wait=options["--wait"]) as report:
            return run(rest)
    except BaseException as ended:
        error = ended
        raise
    finally:
        if os.getpid() == here and report is not None:      # not in a child that the program forked
            _tell(report, error, options)
        error = None


def _tell(report, error, options):
    import sys

    if isinstance(error, SystemExit):
        report.ended = None if error.code in (None, 0) else f"The program ended by sys.exit({error.code!r}). Up to there:"
    elif error is not None:
        report.ended = f"The program ended by {type(error).__name__}" + (f": {error}" if str(error) else "") + ". Up to there:"
    text = report.text(None, None) if options["--all"] else str(report)
    sys.stdout.flush()
    print(f"\n{text}", file=sys.stderr)
    if options["--html"] is not None:
        try:
            report.html(options["--html"])
            print(f"\nThe page is {options['--html']}", file=sys.stderr)
        except OSError as failed:
            print(f"\nrushlight explain: the page could not be written: {failed}", file=sys.stderr)
