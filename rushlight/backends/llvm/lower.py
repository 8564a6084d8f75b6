"""From a scheduled graph to launches: which kernel, or which host function, reads and writes which regions."""
from math import prod

from ...graph import primitives as P
from ...runtime import dtypes as dt
from . import indirect, launches, narrow
from . import nest as N
from . import scalar_ops
from .launches_moves import single
from .reuse import overwritten
from .regions import Region, broadcast, contiguous, simplified, view
from .words import Words

VIEWS = frozenset(("reshape", "permute", "expand", "slice", "flip", "diagonal"))
_LEAVES = frozenset(("input", "const", "array", "iota"))


def kind(v):
    """How a value is computed: see schedule.fuse.Schedule."""
    prim = v.prim
    if prim in _LEAVES:
        return "leaf"
    if prim in VIEWS or prim == "bitcast" and _same_words(v):
        return "view"
    if v.dtype is None or v.dtype.name not in scalar_ops.REGISTER or not v.numel or \
            any(a.dtype is None or a.dtype.name not in scalar_ops.REGISTER or not a.numel for a in v.args):
        return "own"
    if prim.startswith("reduce_"):
        return "reduce" if prim[7:] in ("max", "min") or v.dtype.name != "bool" else "own"
    return "map" if _is_map(v) else "own"


def _same_words(v):
    """Whether a bitcast is another name for the same elements in memory."""
    here, there = v.dtype, v.args[0].dtype
    return here.itemsize == there.itemsize and here.name in scalar_ops.REGISTER and there.name in scalar_ops.REGISTER and v.numel > 0


def _is_map(v):
    prim, first = v.prim, narrow.wide(v.args[0].dtype.name) if v.args else ""
    if prim == "cast":
        return scalar_ops.can_cast(first, v.dtype.name)
    if prim == "where" or prim in scalar_ops.COMPARE:
        return True
    if prim in indirect.PRIMS:
        return v.numel > 1 and indirect.readable(v)
    if prim == "scatter":
        dim, how, included = v.attrs
        return v.ndim > 0 and v.args[1].shape[dim] == 1 and v.args[1].shape[:dim] + v.args[1].shape[dim + 1:] == v.shape[:dim] + v.shape[dim + 1:] \
            and v.args[2].shape == v.args[1].shape and (how == "set" or how == "add" and included) and first != "bool"
    if prim in narrow.APART and v.dtype.name in narrow.NAMES:
        return False
    return scalar_ops.function(prim, len(v.args), first) is not None


class Place:
    """Memory that launches read and write.

    kind   input (a storage's array), scalar (a number that enters), constant, scratch (the arena), result (an array that
           leaves), host (what a host function gave), engine (a generator's)
    """

    __slots__ = ("kind", "key", "shape", "dtype", "index", "born", "dies", "home")

    def __init__(self, kind, key, shape, dtype, index):
        self.kind, self.key, self.shape, self.dtype, self.index = kind, key, shape, dtype, index
        self.born = self.dies = self.home = None


class Launch:
    """A kernel, or a value of the host, with what it reads and writes.

    spec, places    the kernel, and its arguments: (place, offset in elements)
    reads, writes   (place, strides, offset); of a nest in the space of its step (before it was simplified), so that they can be
                    compared; reads with a fourth: whether they may touch any element
    value           what the host computes, from `operands` (regions)
    length          of a nest of any length; else 1
    """

    __slots__ = ("spec", "places", "reads", "writes", "value", "operands", "length")

    def __init__(self, spec, places, reads, writes, value=None, operands=(), length=1):
        self.spec, self.places, self.reads, self.writes, self.value, self.operands = spec, places, reads, writes, value, operands
        self.length = length


class Lowering:
    """places, launches, and where the outputs lie."""

    def __init__(self, outputs, schedule, native=()):
        """outputs: the values that are given out, in their order; native: ids of `words` that kernels draw."""
        self.native = native
        self.schedule = schedule
        self.places, self.launches, self.regions = [], [], {}
        self.taps = {(v.args[0].id, v.attrs): v for v in schedule.values.values() if v.prim == "max_pool_tap"}
        self.beginning_of = launches.beginnings([v for v in schedule.values.values() if launches.supported(v)])
        self.copied = {}                                        # what `arranged` copied
        self.given = {}                                         # output value id -> place, for values computed here
        wanted = {v.id for v in outputs}
        self.wanted = {i for i in wanted if i in schedule.step}
        self.over = overwritten(schedule, launches.supported, {i for pair in self.beginning_of.items() for i in (pair[0], pair[1].id)})
        for step in schedule.steps:
            (self._nest if step.kind == "nest" else self._own)(step)
        self.outputs = [self._output(v) for v in outputs]

    # ------------------------------------------------------------ places
    def _place(self, kind, key, shape, dtype):
        place = Place(kind, key, tuple(shape), dtype, len(self.places))
        self.places.append(place)
        return place

    def region(self, v):
        """Where a value lies."""
        found = self.regions.get(v.id)
        if found is None:
            found = self.regions[v.id] = self._leaf(v) if v.prim in _LEAVES else self._view(v)
        return found

    def _leaf(self, v):
        if v.prim == "input":
            kind = "input"
        elif v.prim == "const":
            return Region(self._place("constant", v, (), v.dtype), v.shape, (0,) * v.ndim)
        else:
            kind = "constant"
        return Region(self._place(kind, v, v.shape, v.dtype), v.shape, contiguous(v.shape))

    def _view(self, v):
        source = self.region(v.args[0])
        found = view(v, source)
        if found is None:
            copied = self._copy(source, v.dtype)
            found = view(v, copied)
        return found

    def _copy(self, source, dtype, place=None, order=None):
        """A launch that copies a region into memory without gaps."""
        place = place or self._place("scratch", None, source.shape, dtype)
        target = Region(place, source.shape, contiguous(source.shape, order))
        self.copy_into(source, target)
        return target

    def copy_into(self, source, target):
        """A launch that copies a region into another of the same shape."""
        if prod(source.shape) == 0:
            return
        read, written, dtype = source, target, target.place.dtype
        if dtype.itemsize == 16:                                # two words of eight bytes each
            read, written = (Region(r.place, r.shape + (2,), [2 * s for s in r.strides] + [1], 2 * r.offset) for r in (source, target))
        word = {1: "uint8", 2: "int16", 4: "int32", 8: "int64", 16: "int64"}[dtype.itemsize]
        nodes = [("load", (), word, read.strides, read.offset, read.place, -1, 0, None)]
        self._launch(read.shape, nodes, [(0, written)], [], ())

    def arranged(self, v, order=None):
        """Where a value lies without gaps in this order of dimensions: copied if it does not."""
        region = self.region(v)
        strides = contiguous(v.shape, order)
        if _equal(v.shape, region.strides, strides):
            return region
        key = region.place.index, region.shape, tuple(region.strides), region.offset, strides
        found = self.copied.get(key)
        if found is None:
            found = self.copied[key] = self._copy(region, v.dtype, order=order)
        return found

    def store(self, v, order=None):
        """A new place for a value that a kernel writes in this order of dimensions."""
        strides = contiguous(v.shape, order)
        if self._final(v).id in self.wanted and _equal(v.shape, strides, contiguous(v.shape)):
            place = self._store_place(v)
        else:
            place = self._place("scratch", v, v.shape, v.dtype)
        region = self.regions[v.id] = Region(place, v.shape, strides)
        return region

    def kernel(self, spec, operands, results):
        """A launch of a kernel with a generator of its own: arguments are operands, then results (regions)."""
        reads = [(r.place, None, 0, True) for r in operands]
        writes = [(r.place, None, 0) for r in results]
        self.launches.append(Launch(spec, [(r.place, r.offset) for r in (*operands, *results)], reads, writes))

    def _store_place(self, v):
        last = self._final(v)
        if last.id in self.wanted:
            place = self._place("result", last, v.shape, v.dtype)
            self.given[last.id] = place
            return place
        return self._place("scratch", v, v.shape, v.dtype)

    def _final(self, v):
        """What lies where v does in the end."""
        while v.id in self.over:
            v = self.over[v.id]
        return v

    def begun(self, v):
        """The region of a value that is its first operand but for what a kernel writes into it then: a copy, or the operand itself
        where nobody needs that any more."""
        x = v.args[0]
        if self.over.get(x.id) is not v:
            source = self.region(x)
            region = self.store(v)
            self.copy_into(source, region)
            return region
        region = self.regions[v.id] = self.region(x)
        self.copied = {key: copy for key, copy in self.copied.items() if key[0] != region.place.index}
        return region

    def _output(self, v):
        """The place of an output value without gaps."""
        region = self.region(v)
        if v.id in self.given or region.place.kind == "host" and v.id == getattr(region.place.key, "id", None):
            return region.place
        if v.dtype.name not in scalar_ops.REGISTER or not v.numel:
            return region                                       # what the program copies itself
        place = self._place("result", v, v.shape, v.dtype)
        self._copy(region, v.dtype, place)
        return place

    # ------------------------------------------------------------ nests
    def _nest(self, step):
        nodes, numbers = [], {}
        stores, sums = [], []
        for v in step.values:
            if v.prim.startswith("reduce_"):
                node = self._node(v.args[0], step, nodes, numbers)
                place = self._store_place(v)
                region = Region(place, v.shape, contiguous(v.shape))
                self.regions[v.id] = region
                kept = iter(region.strides)
                strides = tuple(0 if d in v.attrs[0] else next(kept) for d in range(len(step.shape)))
                sums.append((v.prim[7:], node, Region(place, step.shape, strides)))
                continue
            node = self._node(v, step, nodes, numbers)
            if v.id in self.schedule.stored:
                stores.append((node, v))
        order = _order(step.shape, nodes)
        placed = []
        for node, v in stores:
            place = self._store_place(v)
            region = Region(place, v.shape, contiguous(v.shape, None if place.kind == "result" else order))
            self.regions[v.id] = region
            placed.append((node, region))
        self._launch(step.shape, nodes, placed, sums, step.reduced or ())

    def _node(self, v, step, nodes, numbers):
        """The number of the node that gives v inside a step."""
        schedule = self.schedule
        base = schedule.base(v)
        if base.prim == "const":
            key = ("const", base.attrs[1], base.dtype.name)
            make = lambda: ("const", (), base.dtype.name, None, 0, None, -1, 0, base.attrs[0])
        elif schedule.inline(base):
            key = base.id
            make = lambda: self._operation(base, step, nodes, numbers)
        elif v is base and schedule.step.get(v.id) is step and schedule.kind[v.id] == "map":
            key = v.id
            make = lambda: self._operation(v, step, nodes, numbers)
        else:
            region = self.region(v)
            strides = broadcast(region, step.shape)
            key = ("load", region.place.index, strides, region.offset)
            make = lambda: ("load", (), v.dtype.name, strides, region.offset, region.place, -1, 0, None)
        return self._add(key, make, nodes, numbers)

    def _add(self, key, make, nodes, numbers):
        if key not in numbers:
            node = make()
            nodes.append(node)
            numbers[key] = len(nodes) - 1
        return numbers[key]

    def _operation(self, v, step, nodes, numbers):
        if v.prim in indirect.PRIMS:
            return indirect.load(self, v, step, nodes, numbers)
        args = tuple(self._node(a, step, nodes, numbers) for a in v.args)
        if v.prim == "scatter":
            return self._one_place(v, args, step, nodes, numbers)
        return (v.prim, args, v.dtype.name, None, 0, None, -1, 0, None)

    def _one_place(self, v, args, step, nodes, numbers):
        """scatter with one index a row: a comparison with the position."""
        x, index, source = args
        dim, how, _ = v.attrs
        unit = tuple(1 if d == dim else 0 for d in range(v.ndim))
        position = self._add(("iota", dim), lambda: ("iota", (), "int64", unit, 0, None, -1, 0, None), nodes, numbers)
        here = self._add(("eq", position, index), lambda: ("eq", (position, index), "bool", None, 0, None, -1, 0, None), nodes, numbers)
        if how == "add":
            source = self._add(("add", x, source), lambda: ("add", (x, source), v.dtype.name, None, 0, None, -1, 0, None), nodes, numbers)
        return ("where", (here, source, x), v.dtype.name, None, 0, None, -1, 0, None)

    def _launch(self, shape, nodes, stores, sums, reduced):
        """Put a nest among the launches: arguments numbered, dimensions sorted and joined. stores: (node, region), and for one at a
        place that is computed (node, region, node of that, what to multiply it with)."""
        order = _order(shape, nodes)
        strides = [n[3] for n in nodes if n[3] is not None] + [r.strides for _, r, *_ in stores] + [r.strides for _, _, r in sums]
        moved = [tuple(s[d] for d in order) for s in strides]
        small, columns, reduced = simplified(tuple(shape[d] for d in order), moved, {order.index(d) for d in reduced})
        any_length = len(small) == 1 and small[0] > 1 and not sums and all(c in ((0,), (1,)) for c in columns) and \
            not any(n[0] == "iota" or n[6] >= 0 or n[5] is not None and n[5].dtype.itemsize > 8 for n in nodes) and \
            not any(moved for _, _, *moved in stores)
        columns = iter(columns)
        places, arguments = [], {}

        def argument(place, offset):
            """(number of the argument, what is left of the offset): a nest of any length gets it with the address."""
            key = (place.index, offset) if any_length else place.index
            if key not in arguments:
                arguments[key] = len(places)
                places.append((place, offset if any_length else 0))
            return arguments[key], 0 if any_length else offset

        def reach(place, offset, index=-1, scale=0):
            number, rest = argument(place, offset)
            return N.Access(number, next(columns), rest, index, scale)

        made, reads = [], []
        for op, args, dtype, raw, offset, place, index, scale, value in nodes:
            access = None
            if raw is not None:
                column = next(columns)
                if op == "iota":
                    at = [d for d, s in enumerate(column) if s]
                    made.append(N.Node("iota", (), dtype, None, at[0]) if at else N.Node("const", (), dtype, None, 0))
                    continue
                number, rest = argument(place, offset)
                access = N.Access(number, column, rest, index, scale)
                reads.append((place, raw, offset, index >= 0))
            made.append(N.Node(op, args, dtype, access, value))
        writes = [(r.place, r.strides, r.offset) for _, r, *_ in stores] + [(r.place, r.strides, r.offset) for _, _, r in sums]
        stored = tuple((node, reach(r.place, r.offset, *at)) for node, r, *at in stores)
        summed = tuple((how, node, reach(r.place, r.offset)) for how, node, r in sums)
        if any_length:
            places.append((self._number(small[0]), 0))
        spec = N.Nest(N.ANY_LENGTH if any_length else small, tuple(made), stored, summed, reduced, len(places))
        self.launches.append(Launch(spec, places, reads, writes, length=small[0] if any_length else 1))

    def _number(self, n):
        """A place that holds an integer."""
        value = P.const(n, dt.int64)
        return self._place("constant", value, (), dt.int64)

    # ------------------------------------------------------------ values of their own
    def _own(self, step):
        v = step.values[0]
        if launches.supported(v):
            launches.launch(self, v)
            return
        if v.prim in indirect.PRIMS and v.numel and v.args[0].numel and indirect.readable(v):
            single(self, v, step)
            return
        if v.id in self.native:
            engine = self._place("engine", v, (), v.dtype)
            kind, params, shape, dtype = v.attrs
            self.kernel(Words(kind, params, v.numel, dtype.name), [Region(engine, (), ())], [self.store(v)])
            return
        operands = [self._for_host(a) if a.dtype is not None else self.regions[a.id] for a in v.args]
        place = self._place("host", v, v.shape, v.dtype)
        self.regions[v.id] = Region(place, v.shape, contiguous(v.shape))
        reads = [(r.place, None, 0, True) for r in operands]
        self.launches.append(Launch(None, [], reads, [(place, None, 0)], v, operands))


    def _for_host(self, v):
        """Where the host reads a value: in memory of its own dtype, which a bitcast may not lie in."""
        region = self.region(v)
        return region if region.place.dtype in (None, v.dtype) or region.place.kind in ("engine",) else self._copy(region, v.dtype)


def _equal(shape, a, b):
    """Whether two tuples of strides are the same walk."""
    return all(s == t or n == 1 for n, s, t in zip(shape, a, b))


def _order(shape, nodes):
    """The dimensions as the largest operands lie in memory, outermost first."""
    rank = len(shape)
    best, weight = None, 0
    for node in nodes:
        strides = node[3]
        if strides is None or node[0] == "iota" or node[6] >= 0:
            continue
        covered = 1
        for n, s in zip(shape, strides):
            covered *= n if s else 1
        if covered > weight:
            best, weight = strides, covered
    if best is None:
        return list(range(rank))
    moving = sorted((d for d in range(rank) if best[d] and shape[d] != 1), key=lambda d: -abs(best[d]))
    if moving == sorted(moving):
        return list(range(rank))
    still = [d for d in range(rank) if d not in moving]
    return still + moving
