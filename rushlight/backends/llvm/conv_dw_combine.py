"""The last phase of a weight gradient: the chunks' sums added in order, and stored as (o, c/groups, kh, kw)."""
import math

from . import conv_pack, ir


def combine(gen):
    """The phase, for a generator of conv_dw."""
    spec, c = gen.spec, gen.spec.c // gen.spec.groups
    if gen.form == "outputs" and c * math.prod(spec.kernel) >= gen.lanes:
        return _squares(gen)
    return _scattered(gen)


def _total(f, gen, space, place):
    """The sum of the chunks' vectors at a place."""
    def vector(chunk):
        return f.load(space, f.add(f.mul(chunk, gen.size), place), gen.type, gen.lanes)
    if gen.chunks == 1:
        return vector(0)
    return f.loop(1, gen.chunks, 1, lambda chunk, total: [f.binary("fadd", total[0], vector(chunk))], [vector(0)])[0]


def _row(f, gen, loop, v, row):
    """Where a row of vector v lies in a chunk's sums."""
    start = f.mul(f.div(v, gen.nv), gen.nv)
    width = f.least(f.sub(gen.vectors, start), gen.nv)
    start = f.mul(f.add(f.mul(loop, gen.vectors), start), gen.taps * gen.rows)
    return f.mul(f.add(f.add(start, f.mul(row, width)), f.rem(v, gen.nv)), gen.lanes)


def _squares(gen):
    """Vectors over result channels: as many neighbouring weights of each are stored in a row, by a transposed square."""
    spec, type, lanes = gen.spec, gen.type, gen.lanes
    f = ir.Function("combine")
    square = conv_pack.Square(f, type, lanes)
    dw, space = f.argument(2), f.argument(3)
    area, c = math.prod(spec.kernel), spec.c // spec.groups
    length = c * area                                   # weights of a result channel
    squares = -(-length // lanes)
    lo, hi = f.share(gen.loops * gen.vectors * squares)

    def one(i):
        vector, first = f.div(i, squares), f.mul(f.rem(i, squares), lanes)
        loop, v = f.div(vector, gen.vectors), f.rem(vector, gen.vectors)
        out = f.at(dw, f.add(f.mul(f.add(f.mul(loop, gen.channels), f.mul(v, lanes)), length), first), type)
        valid, rest = f.sub(gen.channels, f.mul(v, lanes)), f.sub(length, first)

        def row(j):
            element = f.least(f.add(first, j), length - 1)
            return _total(f, gen, space, _row(f, gen, loop, v, f.add(f.mul(f.rem(element, area), c), f.div(element, area))))

        def store(j, values):
            inside = f.emit(f"select i1 {f.compare('sgt', valid, j)}, i64 {rest}, i64 0", "i64")
            f.store(values, out, f.mul(j, length), f.first_lanes(inside, lanes))
        square.transpose(row, store)
    f.loop(lo, hi, 1, one)
    return f


def _scattered(gen):
    """A vector and a row at all taps, which lie side by side."""
    spec, type, lanes = gen.spec, gen.type, gen.lanes
    f = ir.Function("combine")
    dw, space = f.argument(2), f.argument(3)
    area, c, o = math.prod(spec.kernel), spec.c // spec.groups, spec.o // spec.groups
    to_lane, to_loop = (c * area if gen.form == "outputs" else area), c * o * area
    inner, to_inner = {"outputs": (c, area), "inputs": (o, c * area), "depthwise": (1, 0)}[gen.form]
    lo, hi = f.share(gen.loops * gen.vectors * inner)

    def one(i):
        vector, k = f.div(i, inner), f.rem(i, inner)
        loop, v = f.div(vector, gen.vectors), f.rem(vector, gen.vectors)
        out = f.at(dw, f.add(f.add(f.mul(loop, to_loop), f.mul(f.mul(v, lanes), to_lane)), f.mul(k, to_inner)), type)
        mask = f.first_lanes(f.sub(gen.channels, f.mul(v, lanes)), lanes)

        def tap(t):
            total = _total(f, gen, space, _row(f, gen, loop, v, f.add(f.mul(t, inner), k)))
            conv_pack.scatter(f, total, f.at(out, t, type), to_lane, mask)
        f.loop(0, area, 1, tap)
    f.loop(lo, hi, 1, one)
    return f
