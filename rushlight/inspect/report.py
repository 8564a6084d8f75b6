"""The report of a watched program: the text that people read in a terminal, and the page."""
import os

from .drawings import memory
from .facts import facts, variants
from .watching import NO_LLVMLITE, OFF, TOO_FEW

PLANS, ROWS = 5, 12         # told in full; the rest is summed up


class Report:
    """What ran while it was watched. str() is the text; `text(plans=None, rows=None)` tells everything; `html(path)` writes the page.

    It may be asked while the program goes on.
    """

    def __init__(self, watch):
        self._watch = watch
        self.ended = None                       # how the program ended, if by an exception

    def plans(self):
        """A record of each plan (inspect.facts.Facts), those that took longest first."""
        return facts(self._watch)

    @property
    def counts(self):
        self._watch.update()
        return self._watch.counts

    def peak(self):
        """The machine's measured inspect.peak.Peak for the threads as set; None where no kernels can be made."""
        from .peak import peak

        self._watch.update()
        try:
            return peak(self._watch.threads)
        except ImportError:
            return None

    def html(self, path):
        """Write one self-contained HTML page: graph, kernels and buffers of the plans that took longest."""
        from .page import page

        found = self.plans()
        text = page(found, variants(found), self.peak() if found else None, self.head(found))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def __str__(self):
        return self.text(PLANS, ROWS)

    def text(self, plans=PLANS, rows=ROWS):
        """The text, with so many plans and so many rows of each (None: all)."""
        found = self.plans()
        lines = self.head(found)
        if not found:
            return "\n".join(lines)
        peak = self.peak()
        if peak is not None:
            lines.append(f"The machine's measured peak with {peak}.")
        told = variants(found)
        shown = found[:plans]
        total = sum(f.watched.seconds for f in found)
        for f in shown:
            lines += ["", *plan_lines(f, told.get(f.number), total), *table(f, peak, rows)]
        lines += _rest(found[len(shown):], total)
        lines += ["", *_legend(found)]
        return "\n".join(lines)

    def head(self, found):
        """The first lines: what ran, how, and what was new."""
        self._watch.update()
        c, watch = self._watch.counts, self._watch
        lines = [self.ended] if self.ended else []
        if not found:
            return lines + ["No plan ran: nothing was computed meanwhile."]
        compiled = sum(f.watched.compiled.count + f.watched.by_launch.count for f in found)
        interpreted = sum(f.watched.interpreted.count for f in found)
        failed = sum(f.watched.failed for f in found)
        inside = sum(f.watched.seconds for f in found)
        lines.append(f"{_count(len(found), 'plan')} ran {_count(compiled + interpreted + failed, 'time')}: {compiled} with kernels, "
                     f"{interpreted} interpreted" + (f", {failed} ended by an exception" if failed else "") +
                     f"; {inside:.3g} s of {watch.seconds:.3g} s in all.")
        made = [f for f in found if f.watched.compiling is not None]
        if made:
            lines.append(f"{_count(len(made), 'plan')} compiled, which took {sum(f.watched.compiling for f in made):.3g} s.")
        lines.append(f"New: {_count(c['plans'], 'plan')}, {_count(c['misses'], 'recorded op')} not seen before. "
                     f"{_count(c['cuts'], 'endless loop')} cut, {_count(c['snapshots'], 'copy', 'copies')} of memory shared with NumPy, "
                     f"{_count(c['variants'], 'time')} variants joined.")
        why = {}
        for f in found:
            for reason, n in f.watched.reasons.items():
                why.setdefault(reason, []).append((f.number, n))
        if why:
            lines.append("Interpreted because:")
            for reason, where in sorted(why.items(), key=lambda item: -sum(n for _, n in item[1])):
                runs = sum(n for _, n in where)
                lines.append(f"  {runs:>6} {'runs' if runs != 1 else 'run '}  {reason} ({_numbers(n for n, _ in where)})")
            if NO_LLVMLITE in why:
                lines.append("  `pip install llvmlite` brings it.")
            elif (TOO_FEW in why or OFF in why) and not watch.wait:
                lines.append("  With --wait, or explaining(wait=True), every plan is compiled before its second run.")
        return lines


# ---------------------------------------------------------------- one plan
def plan_lines(f, variant, total):
    """What a plan is, how it ran, and its memory."""
    w = f.watched
    lines = [f"PLAN {f.number}  {_site(w)}"]
    lines.append(f"  {_runs(f)}, {_share(w.seconds, total)} of the time in plans")
    if variant:
        lines.append(f"  it is {variant}")
    if not f.plan.graph.values:
        return [*lines, "  nothing was computed: nobody held what had been recorded any more"]
    if w.compiled.count or w.by_launch.count:
        speed = f"  {_ms(f.each)} a run"
        if w.by_launch.count and f.sum:
            speed += f"; its {_count(len(f.pieces), 'launch', 'launches')} one by one {_ms(f.sum)}"
        if w.interpreted.count:
            speed += f"; interpreted {_ms(w.interpreted.median)}"
        if w.compiling is not None:
            speed += f"; compiled in {w.compiling:.3g} s"
        lines.append(speed)
    elif w.interpreted.count:
        lines.append(f"  {_ms(w.interpreted.median)} a run; {_count(len(f.pieces), 'NumPy call')} together {_ms(f.sum)}")
    told = f"  memory: inputs {memory(f.inputs)}, results {memory(f.results)}"
    if f.compiled:
        told += (f" ({memory(f.at_home)} of them written where the old value lay)" if f.at_home else "") + f", arena {memory(f.arena)}"
    lines.append(told)
    if f.copies:
        lines.append(f"  {_count(len(f.copies), 'copy', 'copies')} from one layout or place to another, "
                     f"{_ms(sum(p.seconds or 0 for p in f.copies))}")
    if f.checks:
        lines.append(f"  {_count(f.checks, 'check')} of values before anything is overwritten")
    for reason, pieces in _by_reason(f.hosted).items():
        lines.append(f"  on the host {', '.join(dict.fromkeys(p.name.removeprefix('host: ') for p in pieces))}: {reason}")
    return lines


def _runs(f):
    """How often the plan ran, and how."""
    w = f.watched
    kernels = w.compiled.count + w.by_launch.count
    told = [f"{kernels} with kernels"] if kernels else []
    if w.interpreted.count:
        reasons = ", ".join(f"{n} because {reason}" for reason, n in w.reasons.most_common())
        if len(w.reasons) == 1:
            reasons = f"because {next(iter(w.reasons))}"
        later = f" (it is compiled at run {f.plan.compile_at})" if w.reasons[TOO_FEW] and not kernels and f.plan.compile_at > f.plan.runs else ""
        told.append(f"{w.interpreted.count} interpreted, {reasons}{later}")
    if w.failed:
        told.append(f"{w.failed} ended by an exception")
    return f"{_count(w.runs, 'run')}: {'; '.join(told)}" if told else _count(w.runs, "run")


def _by_reason(pieces):
    found = {}
    for p in pieces:
        found.setdefault(p.host, []).append(p)
    return found


def table(f, peak, rows):
    """The plan's kernels, or calls, those of one name together, the longest first."""
    if not f.groups:
        return []
    what = "kernel" if f.compiled else "NumPy call"
    lines = [_kinds(f), "", f"  {'ms':>9} {'share':>6} {'n':>4} {'GFLOP/s':>8} {'peak':>5} {'GB/s':>6} {'peak':>5}  {'line':<16} {what}"]
    shown = f.groups[:rows]
    for g in shown:
        flops, bytes = g.rates()
        percent = _percents(g, peak)
        lines.append(f"  {_number(g.seconds, 1e3, '9.3f')} {_share(g.seconds, f.sum):>6} {len(g.pieces):>4} {_number(flops, 1e-9, '8.1f')} "
                     f"{percent[0]:>5} {_number(bytes, 1e-9, '6.1f')} {percent[1]:>5}  {_lines(g.lines):<16} {g.name}")
    rest = f.groups[len(shown):]
    if rest:
        seconds = sum(g.seconds or 0 for g in rest)
        lines.append(f"  {_number(seconds, 1e3, '9.3f')} {_share(seconds, f.sum):>6} {sum(len(g.pieces) for g in rest):>4} {'':>8} {'':>5} "
                     f"{'':>6} {'':>5}  {'':<16} ... {_count(len(rest), 'other')} ({', '.join(dict.fromkeys(g.kind for g in rest))})")
    if f.sum:
        lines.append(f"  {_number(f.sum, 1e3, '9.3f')} {'100 %':>6} {len(f.pieces):>4}  all")
    return lines


def _kinds(f):
    """The plan's time by kind of work."""
    kinds = {}
    for p in f.pieces:
        kinds.setdefault(p.kind, []).append(p.seconds or 0)
    order = sorted(kinds.items(), key=lambda item: -sum(item[1]))
    return "  by kind: " + ", ".join(f"{kind} {_share(sum(times), f.sum)} ({len(times)})" for kind, times in order)


def _percents(group, peak):
    """The group's rates as parts of the peak, as text."""
    if peak is None:
        return "", ""
    flops, bytes = group.rates()
    return tuple("" if rate is None else f"{100 * rate / most:.0f}%" for rate, most in
                 ((flops, peak.flops[group.type]), (bytes, peak.bytes)))


def _rest(found, total):
    if not found:
        return []
    once = sum(f.watched.runs == 1 for f in found)
    seconds = sum(f.watched.seconds for f in found)
    return ["", f"... and {_count(len(found), 'other plan')}, {_ms(seconds)} in all ({_share(seconds, total)}), {once} of which ran once "
                f"(--all, or report.text(None, None), tells of each)"]


def _legend(found):
    lines = ["ms: median of a run. n: launches a run. line: the line of the program that recorded what is computed."]
    if any(f.compiled for f in found):
        lines += ["Every other run went launch by launch to be timed, which makes the launches' sum a little longer than that part of a run in",
                  "one go; a run also takes the inputs and hands out the results."]
    lines.append("Peaks are measured after the program, and are lower while others run. More than 100 % of the bytes: they lay in the caches.")
    if any(TOO_FEW in f.watched.reasons for f in found):
        lines.append("A plan is compiled once interpreting it has cost about what compiling it does, as estimated from its ops.")
    return lines


# ---------------------------------------------------------------- how things are written
def _site(watched):
    """The line that made a plan run, with its text."""
    import linecache

    (file, line), _ = watched.flushed.most_common(1)[0]
    text = linecache.getline(file, line).strip()
    more = len(watched.flushed) - 1
    return f"run by {os.path.basename(file)}:{line}" + (f"  {text}" if text else "") + \
        (f"  (and {_count(more, 'other line')})" if more else "")


def _lines(lines):
    """Lines of the program, short: train.py:12,15."""
    files = {}
    for file, line in lines:
        files.setdefault(os.path.basename(file), []).append(line)
    texts = []
    for file, numbers in files.items():
        numbers = sorted(set(numbers))
        texts.append(f"{file}:{','.join(map(str, numbers[:3]))}" + (",.." if len(numbers) > 3 else ""))
    return " ".join(texts)


def _numbers(numbers):
    numbers = sorted(numbers)
    return ("plan " if len(numbers) == 1 else "plans ") + ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def _count(n, one, many=None):
    return f"{n} {one if n == 1 else many or one + 's'}"


def _number(value, factor, form):
    return " " * int(form.split(".")[0]) if value is None else format(value * factor, form)


def _share(part, whole):
    return f"{100 * part / whole:.0f} %" if part is not None and whole else ""


def _ms(seconds):
    return "-" if seconds is None else f"{seconds * 1e3:.3f} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"
