"""Which values are computed together: elementwise values and reductions over one shape, in one pass over memory.

A step is placed where all that it reads has been computed. A value joins the step of an operand if the shapes agree and
everything else that it reads comes from earlier steps. Not placed at all are values of a single element, which each step that
reads one computes again beside its loops, and cheap functions of something that lies in memory anyway, where computing them
again moves fewer bytes than keeping them.
"""
from itertools import chain

from .rewrite import readers_of

_MOST = 100                # values of a step: longer ones run out of registers


_DEEPEST = 40              # single elements, each computed from the one before, beside a step's loops
_NARROW = 8                # an operand so many times smaller than a value is read from the cache
_BACK = 8                   # steps that a sum looks back for one to join
_COSTLY = frozenset("""exp exp2 expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc
    erfinv lgamma digamma sigmoid pow fmod rem floordiv atan2 gather index scatter sqrt rsqrt""".split())


class Step:
    """values   what the step computes, in program order
    kind     "nest" (maps and reductions over `shape`), or "own" (one value, by a kernel of its own or on the host)
    reduced  the dimensions of `shape` that its reductions take, None if it has none
    """

    __slots__ = ("kind", "values", "shape", "reduced", "index")

    def __init__(self, kind, value, shape, index):
        self.kind, self.values, self.shape, self.reduced, self.index = kind, [value], shape, None, index

    def __repr__(self):
        return f"{self.index}: {self.kind}{list(self.shape)} " + ", ".join(f"%{v.id} {v.prim}" for v in self.values)


def _anywhere(v, i):
    """Whether v may read any element of its i-th operand: it must lie in memory then."""
    return v.prim == "index" or v.prim in ("gather", "dynamic_slice") and i == 0


class Schedule:
    """steps      in the order in which they run
    step       value id -> its step
    stored     ids of values that must lie in memory: read by other steps, through views, or given out
    """

    def __init__(self, values, outputs, kind):
        """values: in an order to run them; outputs: ids of those given out; kind(value): "leaf", "view", "map", "reduce" or "own"."""
        self.kind = {v.id: kind(v) for v in values}
        self.values = {v.id: v for v in values}
        self.order = {v.id: i for i, v in enumerate(values)}
        self.readers, self.outputs = readers_of(values), outputs
        self.cheap = self._cheap(values, outputs, self.readers)
        self.steps, self.step = [], {}
        self.stored, self.depth = set(), {}
        for v in values:
            self._place(v)
        self.steps = [step for step in self.steps if step.values]
        for i, step in enumerate(self.steps):
            step.index = i
        self._store(outputs)

    def base(self, v):
        """The value that a view, or a view of a view, is seen through."""
        while self.kind[v.id] == "view":
            v = v.args[0]
        return v

    def inline(self, v):
        """Computed again by every step that reads it."""
        v = self.base(v)
        return v.id in self.cheap or self.kind[v.id] == "map" and v.numel == 1 and v.id not in self.step

    def _cheap(self, values, outputs, readers):
        """ids of values that are computed again where they are read, instead of being kept."""
        source = {}                                         # id -> the values in memory that it is computed from
        for v in values:
            if self.kind[v.id] != "map" or v.numel == 1 or v.id in outputs or v.prim in _COSTLY:
                continue
            wide = [a for a in v.args if a.numel * _NARROW > v.numel and a.prim != "const"]      # the others cost nothing beside
            narrow = [a for a in v.args if a.numel * _NARROW <= v.numel]
            if not wide or any(a.id in source for a in narrow) or \
                    any(self.kind[r.id] not in ("map", "reduce") or _anywhere(r, 0) for r in readers[v.id]):
                continue
            below = [source.get(a.id) or ({a} if 4 * a.dtype.itemsize <= v.dtype.itemsize or self._lies(a, readers, outputs) else None)
                     for a in wide]
            if None in below:
                continue
            below, n = set().union(*below), len(readers[v.id])
            if n * sum(a.numel * a.dtype.itemsize for a in below) < (1 + n) * v.numel * v.dtype.itemsize:
                source[v.id] = below
        return set(source)

    def _lies(self, v, readers, outputs):
        """Whether a value certainly lies in memory."""
        base = self.base(v)
        return base.prim in ("input", "array") or self.kind[base.id] in ("own", "reduce") or base.id in outputs or \
            any(self.kind[r.id] in ("own", "view") for r in readers[base.id])

    def _sources(self, v):
        """(step, whether read directly) of all that v reads, scalars computed in place included."""
        found, stack = [], [(a, not _anywhere(v, i)) for i, a in enumerate(v.args)]
        while stack:
            a, direct = stack.pop()
            direct = direct and self.kind[a.id] != "view"
            a = self.base(a)
            if self.inline(a):
                stack.extend((b, False) for b in a.args)
            elif a.id in self.step:
                found.append((self.step[a.id], direct and self.kind[a.id] == "map"))
        return found

    def _place(self, v):
        kind = self.kind[v.id]
        if kind in ("leaf", "view") or v.id in self.cheap or kind == "map" and v.numel == 1 and self._shallow(v):
            return
        shape = v.args[0].shape if kind == "reduce" else v.shape
        if kind != "own":
            step = self._room(v, kind, shape)
            if step is not None:
                step.values.append(v)
                self.step[v.id] = step
                if kind == "reduce":
                    step.reduced = v.attrs[0]
                return
        earlier = self._postponed(v) if kind == "map" else []
        self._new("own" if kind == "own" else "nest", v, shape)
        if earlier:
            self.steps[-1].values[:0] = earlier
            self.step.update((w.id, self.steps[-1]) for w in earlier)
        if kind == "reduce":
            self.steps[-1].reduced = v.attrs[0]

    def _shallow(self, v):
        """Whether a single element is soon computed from what lies in memory."""
        depth = 1 + max((self.depth.get(self.base(a).id, 0) for a in v.args), default=0)
        if depth > _DEEPEST:
            return False
        self.depth[v.id] = depth
        return True

    def _room(self, v, kind, shape):
        """The step that v can join: that of its last operand, or else the newest, whose loops it then shares."""
        sources = self._sources(v)
        last = max((s.index for s, _ in sources), default=-1)
        for i in chain((last, len(self.steps) - 1), self._alike(v, kind, shape, last)):
            if i < 0:
                continue
            step = self.steps[i]
            if step.kind == "nest" and step.shape == shape and len(step.values) < _MOST and \
                    all(direct for s, direct in sources if s is step) and \
                    not (kind == "reduce" and step.reduced not in (None, v.attrs[0])):
                return step
        return None

    def _alike(self, v, kind, shape, last):
        """The newest steps after `last` that read what v reads, where v is a sum or is only summed: both are read once then."""
        if kind != "reduce" and not all(self.kind[r.id] == "reduce" for r in self.readers[v.id]):
            return
        read = self._wide(v, shape)
        for step in reversed(self.steps[max(last + 1, len(self.steps) - _BACK):]):
            if step.shape == shape and step.reduced is not None and any(not read.isdisjoint(self._wide(w, shape)) for w in step.values):
                yield step.index

    def _wide(self, v, shape):
        """ids of the values of this shape in memory that v is computed from."""
        found, stack = set(), list(v.args)
        while stack:
            a = stack.pop()
            if a.shape == shape:
                if a.id in self.cheap:
                    stack.extend(a.args)
                else:
                    found.add(a.id)
        return found

    def _postponed(self, v):
        """Values of earlier steps that only v reads, as the sum of a and b in a + b + c where c comes later: taken out of there."""
        found = []
        for i, a in enumerate(v.args):
            step = self.step.get(a.id)
            if step is None or _anywhere(v, i) or step.kind != "nest" or step.shape != v.shape or step.reduced is not None or \
                    self.kind[a.id] != "map" or len(found) + len(step.values) >= _MOST:
                continue
            inside = {w.id for w in step.values} | {v.id}
            if all(w.id not in self.outputs and all(r.id in inside for r in self.readers[w.id]) for w in step.values):
                found += step.values
                step.values = []
        return sorted(found, key=lambda w: self.order[w.id])

    def _new(self, kind, v, shape):
        step = Step(kind, v, shape, len(self.steps))
        self.steps.append(step)
        self.step[v.id] = step

    def _store(self, outputs):
        """Find what must lie in memory, and give scalars that must a step of their own."""
        needed = [self.values[i] for i in outputs]
        for step in list(self.steps):
            for v in step.values:
                for i, a in enumerate(v.args):
                    base = self.base(a)
                    if self.inline(base):
                        if step.kind == "own" or _anywhere(v, i):
                            needed.append(base)
                    elif base.id in self.step and (self.step[base.id] is not step or base is not a or _anywhere(v, i)
                                                   or self.kind[base.id] == "reduce"):
                        self.stored.add(base.id)
        bases = [self.base(v) for v in needed]
        self.stored.update(v.id for v in bases)
        self._place_scalars([v for v in bases if self.inline(v)])

    def _place_scalars(self, scalars):
        """Steps for scalars that somebody needs in memory, placed before their first reader."""
        for v in sorted(dict.fromkeys(scalars), key=lambda v: self.order[v.id]):
            after = max((s.index for s, _ in self._sources(v)), default=-1)
            step = Step("nest", v, v.shape, after + 1)
            self.steps.insert(after + 1, step)
            self.step[v.id] = step
            for i, s in enumerate(self.steps):
                s.index = i
        self._read_inline()

    def _read_inline(self):
        """What scalars computed in place read must lie in memory."""
        for step in self.steps:
            stack = [a for v in step.values for a in v.args]
            seen = set()
            while stack:
                a = self.base(stack.pop())
                if a.id in seen:
                    continue
                seen.add(a.id)
                if self.inline(a):
                    for b in a.args:
                        base = self.base(b)
                        if base.id in self.step:
                            self.stored.add(base.id)
                    stack.extend(a.args)


