"""What is to be told of a watched plan, as plain records: pieces with their times and rates, memory, reasons."""
from math import prod

from . import kernel_names as names

VIEWS = frozenset(("reshape", "permute", "expand", "slice", "flip", "diagonal", "dynamic_slice", "item", "after"))


class Piece:
    """A launch of a compiled plan, or a NumPy call of an interpreted one.

    index           its place in the order of running
    kind, name      see kernel_names
    seconds         median of its runs; None if it was never timed alone
    flops, traffic  of one run; type: of the peak that flops compare with
    line            (file, line) that recorded what it computes, None if it was recorded before the watch
    host            why the host computes it, in a compiled plan
    reads, writes   numbers of the places, or values, that it reads and writes
    """

    __slots__ = ("index", "kind", "name", "seconds", "flops", "traffic", "type", "line", "host", "reads", "writes")

    def __init__(self, index, kind, name, seconds, flops, traffic, type, line, reads, writes, host=None):
        self.index, self.kind, self.name, self.seconds = index, kind, name, seconds
        self.flops, self.traffic, self.type, self.line = flops, traffic, type, line
        self.reads, self.writes, self.host = reads, writes, host


class Group:
    """Pieces of one name."""

    def __init__(self, pieces):
        self.pieces, self.first = pieces, pieces[0]
        self.name, self.kind, self.type = self.first.name, self.first.kind, self.first.type
        times = [p.seconds for p in pieces if p.seconds is not None]
        self.seconds = sum(times) if times else None
        self.flops, self.traffic = sum(p.flops for p in pieces), sum(p.traffic for p in pieces)
        self.lines = list(dict.fromkeys(p.line for p in pieces if p.line is not None))

    def rates(self):
        """(operations, bytes) a second; None where nothing is known."""
        if not self.seconds:
            return None, None
        return tuple(n / self.seconds if n else None for n in (self.flops, self.traffic))


class Block:
    """Memory of the arena that is in use from launch `born` to launch `dies`."""

    def __init__(self, name, offset, bytes, born, dies, kind):
        self.name, self.offset, self.bytes, self.born, self.dies, self.kind = name, offset, bytes, born, dies, kind


class Facts:
    """All that is told of one plan.

    compiled          whether kernels ran it the last time (what `pieces` tells of)
    pieces, groups    in order of running; by name, the longest first
    inputs, results, at_home, arena    bytes; at_home: of the results, those written over what they replace
    blocks            of the arena
    """

    def __init__(self, watched, line):
        self.watched, self.plan, self.number = watched, watched.plan, watched.number
        graph = self.plan.graph
        self.checks = graph.checks
        self.inputs = sum(names.bytes_of(v) for v in graph.values if v.prim == "input")
        self.results = sum(names.bytes_of(v) for _, v in graph.outputs)
        self.arena = self.at_home = 0
        self.blocks = []
        self.line_of = line
        program = watched.launches.program if watched.launches is not None else None
        self.compiled = program is not None
        if self.compiled:
            self._kernels(program, watched.launches.medians())
        elif watched.calls is not None:
            self._calls(watched.calls.program, watched.calls.medians())
        else:
            self.pieces = []
        together = {}
        for piece in self.pieces:
            together.setdefault(piece.name, []).append(piece)
        self.groups = sorted((Group(pieces) for pieces in together.values()), key=lambda g: -(g.seconds or 0))
        self.sum = sum(p.seconds or 0 for p in self.pieces)
        self.copies = [p for p in self.pieces if p.kind == "copy"]
        self.hosted = [p for p in self.pieces if p.host]

    @property
    def each(self):
        """Seconds of a run: with kernels in one go, or else as it was run."""
        w = self.watched
        for times in (w.compiled, w.by_launch, w.interpreted) if self.compiled else (w.interpreted,):
            if times.count:
                return times.median
        return None

    # ------------------------------------------------------------ a compiled plan
    def _kernels(self, program, seconds):
        self.pieces = []
        for i, (launch, kernel) in enumerate(zip(program.launches, program.kernels)):
            kind, name = names.of_launch(launch)
            reads = tuple(dict.fromkeys(r[0].index for r in launch.reads))
            writes = tuple(dict.fromkeys(w[0].index for w in launch.writes))
            value = launch.value if kernel is None else next((w[0].key for w in launch.writes if hasattr(w[0].key, "prim")), None)
            line = self._line(value)
            time = seconds[i] if seconds else None
            if kernel is None:
                self.pieces.append(Piece(i, kind, name, time, names.flops_of_value(value), names.traffic_of_value(value),
                                         _type(value), line, reads, writes, names.why_host(value)))
            else:
                flops, traffic = (launch.length * n for n in (kernel.source.flops, kernel.source.traffic))
                self.pieces.append(Piece(i, kind, name, time, flops, traffic, _type_of(launch.spec), line, reads, writes))
        self.at_home = sum(_bytes(p) for p in program.places if p.home is not None)
        self.arena = program.scratch
        self._blocks(program)

    def _line(self, v):
        """The line of a value; of one that was made when the plan was compiled, that of what it was made of."""
        while v is not None:
            found = self.line_of(v)
            if found is not None:
                return found
            v = max((a for a in v.args if a.prim != "input"), key=lambda a: a.id, default=None)
        return None

    def _blocks(self, program):
        for place in program.places:
            if place.kind == "scratch" and place.born is not None:
                writer = next((p for p in self.pieces if place.index in p.writes), None)
                text = _shape(place) + (f" written by {writer.index}: {writer.name}" if writer else "")
                self.blocks.append(Block(text, program.at[id(place)], _bytes(place), place.born, place.dies,
                                         writer.kind if writer else "other"))
        for i, kernel in enumerate(program.kernels):
            if kernel is not None and kernel.source.workspace:
                self.blocks.append(Block(f"workspace of {i}: {self.pieces[i].name}", program.at[i], kernel.source.workspace, i, i, "workspace"))

    # ------------------------------------------------------------ an interpreted one
    def _calls(self, program, seconds):
        values = self.plan.graph.values
        self.pieces = []
        for i, step in enumerate(program.steps):
            v = values[step[2]]
            if v.prim in VIEWS or v.prim in ("const", "array"):
                continue                        # no work: NumPy's views, and what is there already
            self.pieces.append(Piece(i, names.kind_of_value(v), names.of_value(v), seconds[i] if seconds else None,
                                     names.flops_of_value(v), names.traffic_of_value(v), _type(v), self.line_of(v),
                                     tuple(_seen_through(a).id for a in v.args), (v.id,)))

    # ------------------------------------------------------------ the graph
    def values(self):
        """(value, index of the piece that computes it or None) of the plan's graph, in program order.

        What is kept nowhere was computed inside the kernel of what reads it.
        """
        graph = self.plan.graph
        if not self.compiled:
            at = {p.writes[0]: p.index for p in self.pieces}
            return [(v, at.get(v.id)) for v in graph.values]
        program = self.watched.launches.program
        at = {}
        for i, launch in enumerate(program.launches):
            for place, *_ in launch.writes:
                if hasattr(place.key, "prim"):
                    at[place.key.id] = i
        for v in reversed(graph.values):
            found = at.get(v.id)
            if found is None:
                continue
            for a in v.args:
                if a.prim not in ("input", "const", "array", "iota"):
                    at.setdefault(a.id, found)
        return [(v, at.get(v.id)) for v in graph.values]


def _seen_through(v):
    while v.prim in VIEWS and v.args:
        v = v.args[0]
    return v


def _bytes(place):
    return prod(place.shape) * place.dtype.itemsize if place.dtype is not None else 0


def _shape(place):
    return f"{place.dtype.name}[{', '.join(map(str, place.shape))}]" if place.dtype is not None else "several arrays"


def _type(v):
    return "double" if v.dtype is not None and v.dtype.name in ("float64", "complex128") else "float"


def _type_of(spec):
    """The floating-point type that a specification computes in."""
    found = getattr(getattr(spec, "conv", spec), "type", None)
    if found is None:
        kept = [node for *_, node, _ in (*getattr(spec, "stores", ()), *getattr(spec, "sums", ()))]
        found = "double" if any(spec.nodes[node].dtype == "float64" for node in kept) else "float"
    return "double" if found == "double" else "float"


def facts(watch):
    """The Facts of all plans of a Watch, those that took longest first."""
    line = watch.lines()
    order = sorted(list(watch.plans.values()), key=lambda w: -w.seconds)
    return [Facts(w, line) for w in order if w.runs]


def variants(found):
    """{number of a plan: why there is another plan for the same place} for plans whose place had one before."""
    told, before = {}, {}
    for f in sorted(found, key=lambda f: f.number):
        site = f.watched.flushed.most_common(1)[0][0]
        for other in reversed(before.get(site, [])):
            text = _difference(f, other)
            if text:
                told[f.number] = text
                break
        before.setdefault(site, []).append(f)
    return told


def _difference(f, other):
    """What makes a plan of the same line a different one; None if the two have little in common."""
    if f.watched.trace is not None and f.watched.trace == other.watched.trace:
        return f"the step of plan {other.number} again, but other tensors were still held when it ran"
    a, b = ([(v.prim, v) for v in g.plan.graph.values] for g in (f, other))
    if [prim for prim, _ in a] != [prim for prim, _ in b]:
        return None
    pairs = [(new, old) for (_, new), (_, old) in zip(a, b)]
    for new, old in sorted(pairs, key=lambda pair: pair[0].prim != "input"):        # an input tells most
        if new.shape != old.shape or new.dtype is not old.dtype:
            what = "an input" if new.prim == "input" else new.prim
            return f"the ops of plan {other.number}, with {what} of {_shape(new)} in the place of {_shape(old)}"
    for new, old in pairs:
        if new.attrs != old.attrs:
            return f"the ops of plan {other.number}, with {old.prim} {_attrs(old)} now {_attrs(new)}"
    return None


def _attrs(v):
    text = str(v.attrs)
    return text if len(text) <= 40 else text[:37] + "..."
