"""Writes the loops of a nest.

The innermost loop is over vectors. A node is computed in the outermost loop that it depends on, so what is constant along a
row is computed once a row. Reductions that leave too few results to share among threads are done in a fixed number of
chunks, and a second phase adds the chunks up in order.
"""
from math import prod

from . import integer_ops, ir, narrow, scalar_ops
from .kernel import Source
from .nest import ANY_LENGTH, Access, parts_for
from .nest_memory import Memory
from .target import BYTES

_IDENTITY = {"sum": 0, "prod": 1}


def identity(kind, dtype):
    if kind in _IDENTITY:
        return _IDENTITY[kind]
    if dtype in scalar_ops.FLOATS:
        return float("-inf") if kind == "max" else float("inf")
    if dtype == "bool":
        return kind == "min"
    return integer_ops.limits(dtype)[kind == "min"]


def combine(f, kind, a, b, dtype):
    """One step of a reduction."""
    if kind in ("max", "min"):
        return scalar_ops.BINARY[kind][0](f, a, b, dtype)
    name = {"sum": "add", "prod": "mul"}[kind]
    return f.binary(("f" if dtype in scalar_ops.FLOATS else "") + name, a, b, exact=True)


class Writer(Memory):
    def __init__(self, nest, host):
        self.nest, self.host = nest, host
        self.rank = len(nest.shape)
        widest = max((scalar_ops.FLOATS.index(n.dtype) if n.dtype in scalar_ops.FLOATS else 0) for n in nest.nodes)
        self.lanes = host.lanes("double" if widest else "float")
        self.last = self._levels()
        reduced = set(nest.reduced)
        self.kept = [d for d in range(self.rank) if d not in reduced]
        self.inner = self.rank - 1
        self.inner_reduced = self.inner in reduced

    # ------------------------------------------------------------ what depends on which loop
    def _levels(self):
        """For each node the dimensions that it depends on."""
        found = []
        for node in self.nest.nodes:
            dims = set()
            for a in node.args:
                dims |= found[a]
            if node.access is not None:
                dims |= {d for d, s in enumerate(node.access.strides) if s}
                if node.access.index >= 0:
                    dims |= found[node.access.index]
            if node.op == "iota":
                dims.add(node.value)
            found.append(dims)
        return found

    # ------------------------------------------------------------ the whole
    def counts(self):
        """(floating-point operations, bytes read and written); for one of any length those of an element."""
        nest = self.nest
        shape = (1,) if nest.shape == ANY_LENGTH else nest.shape
        touched = [(node.access, node.dtype) for node in nest.nodes if node.op == "load"] + \
            [(access, nest.nodes[node].dtype) for node, access in nest.stores]
        traffic = sum(prod(n for n, s in zip(shape, access.strides) if s) * BYTES[scalar_ops.MEMORY[dtype]] for access, dtype in touched)
        return prod(shape) * sum(n.op not in ("load", "const", "iota") for n in nest.nodes), traffic

    def source(self):
        nest = self.nest
        parts = parts_for(nest)
        if not nest.sums:
            f = ir.Function("nest")
            order = list(range(self.rank))
            split = 0 if nest.shape == ANY_LENGTH else self._split(order, parts)
            self._unless_there(f, lambda: self._write(f, order, split, None))
            return Source(ir.module(f), (("nest", parts),), 0, *self.counts())
        order = self.kept + list(nest.reduced)
        if parts == 1 or prod(nest.shape[d] for d in self.kept) >= 2 * parts:
            f = ir.Function("nest")
            self._write(f, order, self._split(self.kept, parts), None)
            return Source(ir.module(f), (("nest", parts),), 0, *self.counts())
        return self._chunked(order, parts)

    def _unless_there(self, f, write):
        """Write the loops; those of a copy are left out, when it runs, where both sides are the same memory."""
        nest = self.nest
        if len(nest.nodes) == len(nest.stores) == 1 and nest.nodes[0].op == "load":
            (_, to), source = nest.stores[0], nest.nodes[0].access
            if (to.strides, to.offset, to.index, source.index) == (source.strides, source.offset, -1, -1):
                f.when(f.test("icmp ne", f.argument(source.argument), f.argument(to.argument)), write)
                return
        write()

    def _split(self, order, parts):
        """The dimension whose range the parts share: the outermost with enough to share, else the longest."""
        if parts == 1 or not order:
            return None
        for d in order:
            if self.nest.shape[d] >= 2 * parts:
                return d
        return max(order, key=lambda d: self.nest.shape[d])

    def partials_layout(self, parts):
        """(byte offset of each sum's results, a dimension's stride in them, results of one part, bytes) in the workspace."""
        nest = self.nest
        strides, count = {}, 1
        for d in reversed(self.kept):
            strides[d] = count
            count *= nest.shape[d]
        bases, at = [], 0
        for _, node, _ in nest.sums:
            bases.append(at)
            at += -(-parts * count * BYTES[scalar_ops.MEMORY[self.summed(node)]] // 64) * 64
        return bases, strides, count, at

    def _chunked(self, order, parts):
        """Each part reduces its share of the first long reduced dimension into the workspace; then they are combined."""
        nest = self.nest
        bases, strides, count, size = self.partials_layout(parts)
        split = max(nest.reduced, key=lambda d: (nest.shape[d] >= parts, -d))
        f = ir.Function("nest")
        self._write(f, order, split, (bases, strides, count))
        g = ir.Function("combine")
        self._combine(g, parts, bases, strides, count)
        return Source(ir.module(f, g), (("nest", parts), ("combine", 1)), size, *self.counts())

    def _combine(self, g, parts, bases, strides, count):
        """sums[i] = the parts' results, combined in the order of the parts."""
        nest = self.nest
        workspace = g.argument(nest.arguments)
        for (kind, node, access), base in zip(nest.sums, bases):
            dtype = self.summed(node)
            memory = scalar_ops.MEMORY[dtype]
            source = g.at(workspace, base, "i8")
            target = g.argument(access.argument)

            def nested(k, index, source=source, target=target, access=access, kind=kind, node=node, dtype=dtype, memory=memory):
                if k == len(self.kept):
                    place = 0
                    out = access.offset
                    for d, i in index.items():
                        place = g.add(place, g.mul(i, strides[d]))
                        out = g.add(out, g.mul(i, access.strides[d]))
                    first = self._from_memory(g, g.load(source, place, memory), dtype)

                    def add(p, carried):
                        x = self._from_memory(g, g.load(source, g.add(g.mul(p, count), place), memory), dtype)
                        return [combine(g, kind, carried[0], x, dtype)]

                    total = g.loop(1, parts, 1, add, [first])[0]
                    g.store(self._result(g, total, node), target, out)
                    return
                d = self.kept[k]
                g.loop(0, nest.shape[d], 1, lambda i: nested(k + 1, {**index, d: i}))

            nested(0, {})

    # ------------------------------------------------------------ loops
    def begin(self, f, split, partial):
        """Start a function: its arguments. split: the dimension that the parts share; partial: where sums go in the workspace."""
        nest = self.nest
        self.f, self.split, self.partial = f, split, partial
        self.arguments = {}
        for access in [n.access for n in nest.nodes if n.access is not None] + [s[-1] for s in nest.stores] + \
                ([s[-1] for s in nest.sums] if partial is None else []):
            if access.argument not in self.arguments:
                self.arguments[access.argument] = f.argument(access.argument)
        if partial is not None:
            workspace = f.argument(nest.arguments)
            self.partials = [f.at(workspace, base, "i8") for base in partial[0]]

    def _write(self, f, order, split, partial):
        nest = self.nest
        self.begin(f, split, partial)
        self.order = order
        self.reduced_from = len(order) - len(nest.reduced) if nest.sums else len(order)
        self._walk(0, {}, {}, None, None)

    def _range(self, d):
        n = self.nest.shape[d]
        if self.nest.shape == ANY_LENGTH:
            n = self.f.load(self.f.argument(self.nest.arguments - 1), 0, "i64")
            return self.f.share(n, 4 * self.lanes)
        if d != self.split:
            return 0, n
        return self.f.share(n, 4 * self.lanes if d == self.inner and n >= 64 * self.lanes else self.lanes if d == self.inner else 1)

    def _walk(self, k, index, done, mask, totals):
        """Write what happens inside the first k loops. index: dimension -> register; done: node -> register; totals: the
        running reductions, None outside their loops. Gives the new totals."""
        nest = self.nest
        self.mask = mask
        done = dict(done)
        self._compute(done, index)
        if nest.sums and totals is None and k == self.reduced_from:
            totals = self._loops(k, index, done, mask, self._start(self.lanes if self.rank else 0))
            self._finish(index, mask, totals)
            return None
        return self._loops(k, index, done, mask, totals)

    def summed(self, node):
        """The dtype in which a node is summed up: narrow floats are rounded at the end only."""
        return narrow.wide(self.nest.nodes[node].dtype)

    def _start(self, lanes):
        dtypes = [(kind, self.summed(node)) for kind, node, _ in self.nest.sums]
        return [self.f.constant(identity(kind, dtype), scalar_ops.REGISTER[dtype], lanes) for kind, dtype in dtypes]

    def _loops(self, k, index, done, mask, totals):
        """The k-th loop and all in it."""
        f = self.f
        if k == len(self.order):
            return self._body(index, done, mask, totals)
        d = self.order[k]
        lo, hi = self._range(d)

        def step(mask_of):
            def body(i, carried=None):
                return self._walk(k + 1, {**index, d: i}, done, mask_of(i), carried)
            return body

        if d != self.inner:
            return self._loop(lo, hi, 1, step(lambda i: mask), totals)
        lanes = self.lanes
        whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), lanes), lanes))
        if whole != lo:
            totals = self._loop(lo, whole, lanes, step(lambda i: None), totals)
        if self.nest.shape[d] % lanes == 0 and self.nest.shape != ANY_LENGTH:
            return totals
        if isinstance(hi, int):
            return step(lambda i: f.first_lanes(hi - whole, lanes))(whole, totals)
        return self._loop(whole, hi, lanes, step(lambda i: f.first_lanes(f.sub(hi, i), lanes)), totals)    # once, or not at all

    def _loop(self, lo, hi, step, body, totals):
        """A loop that carries the totals, if there are any."""
        if totals is None:
            self.f.loop(lo, hi, step, lambda i: body(i) and None)
            return None
        return self.f.loop(lo, hi, step, body, totals)

    def _body(self, index, done, mask, totals):
        f, nest = self.f, self.nest
        lanes = self.lanes if self.rank else 0
        for node, access in nest.stores:
            x = done[node]
            dtype = nest.nodes[node].dtype
            self._store(f.splat(self._to_memory(f, x, dtype), lanes) if lanes else self._to_memory(f, x, dtype), access, index, mask, done)
        if totals is None:
            return None
        new = []
        for (kind, node, _), total in zip(nest.sums, totals):
            dtype = self.summed(node)
            x = f.splat(done[node], total.lanes) if total.lanes else done[node]
            if mask is not None and self.inner_reduced:
                x = f.select(mask, x, f.constant(identity(kind, dtype), x.type, x.lanes))
            new.append(combine(f, kind, total, x, dtype))
        return new

    # ------------------------------------------------------------ nodes
    def _compute(self, done, index):
        """Compute every node that can be by now."""
        have = set(index)
        for i, node in enumerate(self.nest.nodes):
            if i not in done and self.last[i] <= have:
                done[i] = self._node(node, done, index)

    def _node(self, node, done, index):
        f = self.f
        if node.op == "load":
            return self._load(node, done, index)
        if node.op == "const":
            value = narrow.number(node.value, node.dtype) if node.dtype in narrow.NAMES else node.value
            return f.constant(value, scalar_ops.REGISTER[node.dtype])
        if node.op == "iota":
            d = node.value
            i = ir.Reg(str(index[d]), "i64")
            if d == self.inner:
                steps = ir.Reg("<" + ", ".join(f"i64 {j}" for j in range(self.lanes)) + ">", "i64", self.lanes)
                i = f.binary("add", f.splat(i, self.lanes), steps)
            return i
        args = [done[a] for a in node.args]
        lanes = max((a.lanes for a in args), default=0)
        args = [f.splat(a, lanes) for a in args]
        source = self.nest.nodes[node.args[0]].dtype
        x = self._operation(node, args, narrow.wide(source))
        if node.dtype not in narrow.NAMES or node.op in narrow.EXACT or node.op == "cast" and source in (node.dtype, "bool"):
            return x
        return narrow.rounded(f, x, node.dtype, self.host)

    def _operation(self, node, args, source):
        f = self.f
        if node.op == "where":
            return f.select(*args)
        if node.op == "cast":
            return scalar_ops.cast(f, args[0], source, narrow.wide(node.dtype))
        if node.op in scalar_ops.COMPARE:
            return scalar_ops.compare(f, node.op, *args, source)
        return scalar_ops.function(node.op, len(args), source)(f, *args, source)

    # ------------------------------------------------------------ results of reductions
    def _finish(self, index, mask, totals):
        f, nest = self.f, self.nest
        for n, ((kind, node, access), total) in enumerate(zip(nest.sums, totals)):
            dtype = self.summed(node)
            if total.lanes and self.inner_reduced:
                total = self._across(kind, total, dtype)
            if self.partial is None:
                self._store(self._result(f, total, node), access, index, mask if total.lanes else None, {})
                continue
            total = self._to_memory(f, total, dtype)
            _, strides, count = self.partial
            place = Access(-1, tuple(strides.get(d, 0) for d in range(self.rank)))
            at = f.mul(ir.PART, count)
            for d, i in index.items():
                at = f.add(at, f.mul(i, place.strides[d]))
            f.store(total, self.partials[n], at, mask if total.lanes else None)

    def _across(self, kind, x, dtype):
        """The lanes of a vector combined, halves first."""
        f = self.f
        lanes = x.lanes
        while lanes > 1:
            lanes //= 2
            low = f.shuffle(x, x, list(range(lanes)))
            high = f.shuffle(x, x, list(range(lanes, 2 * lanes)))
            x = combine(f, kind, low, high, dtype)
        return f.lane(x, 0)
