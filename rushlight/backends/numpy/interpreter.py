"""Runs a graph at once, one NumPy call a value: what a step does when first seen, and the oracle of the other backends.

A value may be computed into memory whose former content nobody needs any more: a dead intermediate, or the buffer of a
storage that this step overwrites. Views (reshape, permute, slice, expand) share memory here as in NumPy, so memory is
counted by owner.
"""
import numpy as np

from . import elementwise, table

_VIEWS = frozenset(("reshape", "permute", "slice", "dynamic_slice", "expand", "bitcast", "diagonal", "item", "flip",
                    "real", "imag", "after"))
_WRITES = frozenset(("update_slice", "dynamic_update_slice", "index_put", "scatter"))


class Program:
    """Steps over an environment of arrays: (function, operand places, result place, places then free)."""

    __slots__ = ("steps", "size", "inputs", "donated", "outputs", "names")
    draws = ()                  # the caller takes all tickets
    interpreted = None          # what a compiled program has for inputs that are not laid out as expected

    def run(self, slots, sites):
        """slots: the trace's; sites: the user's line of each value check. Returns the outputs as ndarrays."""
        env = [None] * self.size
        for slot, place in self.inputs:
            content = slots[slot]
            cls = content.__class__
            if cls is int or cls is float or cls is bool or cls is complex:
                env[place] = content
            elif hasattr(content, "take"):
                env[place] = content
            else:
                env[place] = content.value
        for place in self.donated:
            if not env[place].flags.writeable:
                env[place] = env[place].copy()
        check = 0
        with np.errstate(all="ignore"):
            for function, operands, place, free, kind in self.steps:
                if kind == "check":
                    try:
                        function(*[env[i] for i in operands])
                    except Exception as error:
                        if check < len(sites):
                            error.add_note("recorded at %s:%d" % sites[check])
                        raise
                    check += 1
                else:
                    env[place] = function(*[env[i] for i in operands])
                for i in free:
                    env[i] = None
            results = []
            for place, copy in self.outputs:
                a = env[place]
                if copy:
                    a = np.array(a, order="C", copy=True)
                elif a.__class__ is not np.ndarray or not a.flags.c_contiguous:
                    a = np.asarray(a, order="C")
                results.append(a)
        return results


def compile_graph(graph):
    """Turn a schedule.plan.Graph into a Program."""
    values = graph.values
    place = {v.id: i for i, v in enumerate(values)}
    owner = {}                                  # value id -> id of the value whose memory it lies in
    for v in values:
        shares = v.prim in _VIEWS or v.prim == "cast" and v.args[0].dtype is v.dtype
        owner[v.id] = owner[v.args[0].id] if shares and v.args else v.id
    last = {}                                   # owner -> index of the step that reads it last
    for i, v in enumerate(values):
        last.setdefault(owner[v.id], i)
        for a in v.args:
            last[owner[a.id]] = i
    forever = len(values)
    for _, v in graph.outputs:
        last[owner[v.id]] = forever
    last_check = max((i for i, v in enumerate(values) if v.prim == "check"), default=-1)

    input_at = {v.attrs[0]: v for v in values if v.prim == "input"}
    donated = {}                                # owner of a buffer that will be overwritten -> its input slot
    for slot, i in graph.home.items():
        v = input_at.get(i)
        if v is not None and v.numel:
            donated[v.id] = i
    memory = {}                                 # value computed in another's memory -> the owner of that memory
    writable = set(donated)
    steps, freed_with = [], {}
    for i, v in enumerate(values):
        if v.prim == "input":
            continue
        target = None
        ok = i > last_check
        if v.prim in elementwise.INTO and ok and v.shape:
            target = _reusable(v, i, owner, last, writable, v.args, donated, graph)
        elif v.prim in _WRITES and ok:
            target = _reusable(v, i, owner, last, writable, v.args[:1], donated, graph)
        function = table.build(v, v.args.index(target) if target is not None else None)
        if target is not None:
            memory[v.id] = memory.get(target.id, target.id)
            writable.add(v.id)
        elif v.prim not in _VIEWS and owner[v.id] == v.id and v.prim not in ("const", "array", "iota"):
            writable.add(v.id)
        steps.append((i, v, function))
    # free a place once nothing that shares its memory is read again
    free_at = {}
    for i, v in enumerate(values):
        t = last[owner[v.id]]
        if t < forever:
            free_at.setdefault(max(t, i), []).append(i)
    program = Program()
    program.steps = [(f, tuple(place[a.id] for a in v.args), i, tuple(free_at.get(i, ())), v.prim) for i, v, f in steps]
    program.names = [v.prim for _, v, _ in steps]
    program.size = len(values)
    program.inputs = [(v.attrs[0], place[v.id]) for v in values if v.prim == "input"]
    used = {m for m in memory.values()}
    program.donated = [place[d] for d in donated if d in used]
    outputs, taken = [], set()
    for slot, v in graph.outputs:
        own = memory.get(owner[v.id], owner[v.id])
        fresh = values[place[own]].prim not in ("input", "array")
        at_home = own in donated and donated[own] == graph.home.get(slot) and own in used
        outputs.append((place[v.id], not (fresh or at_home) or own in taken))
        taken.add(own)
    program.outputs = outputs
    return program


def _reusable(v, i, owner, last, writable, candidates, donated, graph):
    """An operand of step i whose memory can take the result, or None."""
    for a in candidates:
        own = owner[a.id]
        if own != a.id or own not in writable or last[own] != i or a.shape != v.shape or a.dtype is not v.dtype:
            continue
        if sum(owner[b.id] == own for b in v.args) != 1:
            continue
        return a
    return None
