"""From a recorded trace to a plan: which values are needed, which are equal, in what order, and in whose memory."""
from ..backends.tiers import tiers
from ..backends.numpy import interpreter
from ..runtime.generator import Ticket

MAX_VARIANTS = 3


def plan_for(entry, slots, live):
    """A plan that gives at least the slots in `live`. After MAX_VARIANTS different demands, their union serves all."""
    plan = entry.plans.get(live)
    if plan is not None:
        return plan
    from ..graph.recorder import path_values, stats

    if len(entry.plans) >= MAX_VARIANTS:
        wanted = set(live)
        for plan in entry.plans.values():
            if wanted <= plan.gives:
                entry.plans[live] = plan
                return plan
        stats.variants += 1
        union = set().union(*(p.gives for p in entry.plans.values()), wanted)
        live_all = tuple(sorted(union))
        plan = Plan(path_values(entry), live_all)
        entry.plans = {live: plan, live_all: plan}
        return plan
    stats.plans += 1
    plan = entry.plans[live] = Plan(path_values(entry), live)
    return plan


class Graph:
    """A trace made ready for a backend.

    values    the needed values in program order, equal ones merged
    inputs    slots to be read
    outputs   (slot, value) to be stored
    home      for an output that overwrites a storage which entered: the input slot of that storage
    checks    how many value checks the graph holds
    """

    __slots__ = ("values", "inputs", "outputs", "home", "checks")

    def __init__(self, known, live):
        roots = [known[i] for i in live]
        checks = []
        seen = {}
        for v in known:
            _collect_checks(v, seen, checks)
        self.values, merged = merge(roots + checks)
        self.inputs = tuple(v.attrs[0] for v in self.values if v.prim == "input")
        self.outputs = tuple((slot, merged[known[slot].id]) for slot in live)
        self.checks = len(checks)
        self.home = {}


def _collect_checks(value, seen, found):
    """Checks hang on the operands of ops: find those that any recorded value depends on."""
    stack = [value]
    while stack:
        v = stack.pop()
        if v.id in seen:
            continue
        seen[v.id] = True
        if v.prim == "check":
            found.append(v)
        stack.extend(v.args)


def merge(roots):
    """The values under `roots` in program order, each computation once; and where each went: id -> value."""
    needed = {}
    stack = list(roots)
    while stack:
        v = stack.pop()
        if v.id not in needed:
            needed[v.id] = v
            stack.extend(v.args)
    merged, by_key, order = {}, {}, []
    for i in sorted(needed):
        v = needed[i]
        args = tuple(merged[a.id] for a in v.args)
        key = (v.prim, tuple(a.id for a in args), v.attrs, v.weak, v.dtype, v.shape)
        same = by_key.get(key)
        if same is None:
            if any(a is not b for a, b in zip(args, v.args)):
                new = object.__new__(v.__class__)
                new.prim, new.args, new.attrs, new.shape, new.dtype, new.weak, new.id = \
                    v.prim, args, v.attrs, v.shape, v.dtype, v.weak, v.id
                v = new
            by_key[key] = same = v
            order.append(v)
        merged[i] = same
    return order, merged


class Plan:
    """What runs when a trace is flushed."""

    __slots__ = ("gives", "graph", "program", "runs", "tickets", "compile_at")

    def __init__(self, known, live):
        self.gives = frozenset(live)
        self.graph = Graph(known, live)
        self.program = None
        self.runs = 0
        self.tickets = None
        self.compile_at = -1        # at which run, once known

    def run(self, slots, sites):
        """Read the inputs, compute, and store the outputs into the storages that still want them."""
        self.runs += 1
        if self.tickets is None:
            self.tickets = tuple(i for i, content in enumerate(slots) if content.__class__ is Ticket)
        program = self.program
        if program is None:
            home = {slot: i for slot, _ in self.graph.outputs for i in self.graph.inputs
                    if slots[slot] is not None and slots[i] is slots[slot]}
            self.graph.home = home
            program = self.program = interpreter.compile_graph(self.graph)
            self.compile_at = tiers.when(self.graph)
        if self.runs == self.compile_at:
            tiers.compile(self)
            program = self.program
        for i in self.tickets:
            if i not in program.draws:
                slots[i].take()     # in program order, also those that nothing needs any more
        results = program.run(slots, sites)
        for (slot, _), array in zip(self.graph.outputs, results):
            storage = slots[slot]
            if storage is None or storage.slot != slot:
                continue
            old = storage.value
            if storage.pinned and old is not array and old is not None:
                old[...] = array
            else:
                storage.value = array
            storage.trace = None
