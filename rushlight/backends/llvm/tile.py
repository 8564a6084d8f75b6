"""Micro-kernels: one tile of a matrix product in registers, and the packing that feeds it.

Every function here gives an internal ir.Function. The tiles all have the signature TILE:

    a, b, c         where the tile's operands and results start
    count           steps of k
    init, stride    what each row of the tile starts from, and the step from row to row in elements: c itself to go on summing,
                    a bias vector with stride 0, or zeros
    width           valid columns of the tile; it may be less than a whole tile's only in the last vector
    floor           the results' lower bound (0 or -inf), where the tile was made with relu
"""
from . import ir

TILE = "ptr %a, ptr %b, ptr %c, i64 %count, ptr %init, i64 %stride, i64 %width, {} %floor"
PACK = "ptr %source, ptr %target, i64 %rows, i64 %count, i64 %step"

_A, _B, _C, _INIT, _SOURCE, _TARGET = (ir.Reg("%" + n, "ptr") for n in ("a", "b", "c", "init", "source", "target"))
_COUNT, _STRIDE, _WIDTH, _ROWS, _STEP = (ir.Reg("%" + n, "i64") for n in ("count", "stride", "width", "rows", "step"))


# ---------------------------------------------------------------- vectors in registers
def transpose(f, rows):
    """As many vectors as each has lanes, transposed: result i holds lane i of every row."""
    lanes, rows = len(rows), list(rows)
    distance = 1
    while distance < lanes:
        low = [j if not j & distance else lanes + (j ^ distance) for j in range(lanes)]
        high = [j | distance if not j & distance else lanes + j for j in range(lanes)]
        for i in range(lanes):
            if not i & distance:
                a, b = rows[i], rows[i | distance]
                rows[i], rows[i | distance] = f.shuffle(a, b, low), f.shuffle(a, b, high)
        distance *= 2
    return rows


def sums(f, vectors):
    """One vector whose lane i is the sum of the lanes of vectors[i]; there are at most as many vectors as lanes."""
    lanes, vectors = vectors[0].lanes, list(vectors)
    distance = 1
    while distance < lanes:
        swap = [j ^ distance for j in range(lanes)]
        own = [j if not j & distance else lanes + j for j in range(lanes)]
        other = [j ^ distance if not j & distance else lanes + (j ^ distance) for j in range(lanes)]
        merged = []
        for a, *b in zip(vectors[::2], vectors[1::2]):
            merged.append(f.binary("fadd", f.shuffle(a, b[0], own), f.shuffle(a, b[0], other)))
        if len(vectors) % 2:
            a = vectors[-1]
            merged.append(f.binary("fadd", a, f.shuffle(a, a, swap)))
        vectors, distance = merged, 2 * distance
    return vectors[0]


def _bounded(f, x, relu, type):
    """max(x, floor), a NaN staying one."""
    if not relu:
        return x
    floor = f.splat(ir.Reg("%floor", type), x.lanes)
    return f.select(f.test("fcmp olt", x, floor), floor, x)


# ---------------------------------------------------------------- tiles
def broadcast_tile(name, type, lanes, rows, vectors, a_strides, b_strides, c_stride, masked=False, relu=False):
    """rows x (vectors of columns): each step broadcasts `rows` elements of a over `vectors` vectors of b.

    a_strides   elements from row to row, and from step to step
    b_strides   elements from step to step, and from vector to vector
    masked      the last vector may be partly outside: b and c are read and written there by `width`
    """
    f = ir.Function(name, TILE.format(type), internal=True, attributes="#1")
    (a_row, a_step), (b_step, b_vector) = a_strides, b_strides
    masks = [None] * vectors
    if masked:
        masks[-1] = f.first_lanes(f.sub(_WIDTH, (vectors - 1) * lanes), lanes)
    masked_b = masks if b_vector == lanes else [None] * vectors         # packed vectors are whole

    def step(a, b, at, totals):
        vs = [f.load(b, at * b_step + j * b_vector, type, lanes, masked_b[j]) for j in range(vectors)]
        new = []
        for i in range(rows):
            x = f.splat(f.load(a, at * a_step + i * a_row, type), lanes)
            new += [f.fma(x, v, totals[i * vectors + j]) for j, v in enumerate(vs)]
        return new

    def steps(unroll):
        def body(k, totals):
            a, b = f.at(_A, f.mul(k, a_step), type), f.at(_B, f.mul(k, b_step), type)
            for u in range(unroll):
                totals = step(a, b, u, totals)
            return totals
        return body

    totals = []
    for i in range(rows):
        row = f.at(_INIT, f.mul(_STRIDE, i), type)
        totals += [f.load(row, j * lanes, type, lanes, masks[j]) for j in range(vectors)]
    unroll = 4 if rows * vectors <= 16 else 2
    whole = f.mul(f.div(_COUNT, unroll), unroll)
    totals = f.loop(0, whole, unroll, steps(unroll), totals)
    totals = f.loop(whole, _COUNT, 1, steps(1), totals)
    for i in range(rows):
        row = f.at(_C, i * c_stride, type)
        for j in range(vectors):
            f.store(_bounded(f, totals[i * vectors + j], relu, type), row, j * lanes, masks[j])
    return f


def reducing_tile(name, type, lanes, rows, columns, a_row, b_column, c_stride, relu=False):
    """rows x columns products of vectors that lie along k in both operands: a step is `lanes` of k, summed over lanes at the end.

    a_row, b_column     elements from one such vector's start to the next's
    """
    f = ir.Function(name, TILE.format(type), internal=True, attributes="#1")

    def step(k, totals, mask=None):
        a, b = f.at(_A, k, type), f.at(_B, k, type)
        xs = [f.load(a, i * a_row, type, lanes, mask) for i in range(rows)]
        new = [None] * len(totals)
        for j in range(columns):
            y = f.load(b, j * b_column, type, lanes, mask)
            for i in range(rows):
                new[i * columns + j] = f.fma(xs[i], y, totals[i * columns + j])
        return new

    def last(k, totals):
        return step(k, totals, f.first_lanes(f.sub(_COUNT, k), lanes))

    whole = f.mul(f.div(_COUNT, lanes), lanes)
    totals = f.loop(0, whole, lanes, step, [f.zero(type, lanes)] * (rows * columns))
    totals = f.loop(whole, _COUNT, lanes, last, totals)
    mask = None if columns == lanes else f.first_lanes(columns, lanes)
    for i in range(rows):
        start = f.load(_INIT, f.mul(_STRIDE, i), type, lanes, mask)
        total = f.binary("fadd", sums(f, totals[i * columns:(i + 1) * columns]), start)
        f.store(_bounded(f, total, relu, type), _C, i * c_stride, mask)
    return f


# ---------------------------------------------------------------- packing
def pack_tile(name, type, lanes, across, along):
    """target[k * step + i] = source[i * across + k * along] for i < rows (1..lanes) and k < count.

    A whole vector is written at each k, in rising order: what is beyond `rows` is a number of the source or zero, and the target
    needs room for it (lanes - rows elements after the end). Signature PACK.
    """
    f = ir.Function(name, PACK, internal=True, attributes="#1")
    if across == 1:
        mask = f.first_lanes(_ROWS, lanes)
        f.loop(0, _COUNT, 1, lambda k: f.store(f.load(_SOURCE, f.mul(k, along), type, lanes, mask), _TARGET, f.mul(k, _STEP)))
        return f

    last_row = f.sub(_ROWS, 1)
    places = [f.mul(f.least(last_row, i), across) for i in range(lanes)]

    def gather(k):
        row = f.at(_SOURCE, f.mul(k, along), type)
        total = f.zero(type, lanes)
        for i, place in enumerate(places):
            x = f.load(row, place, type)
            total = f.emit(f"insertelement {total.full} {total}, {type} {x}, i64 {i}", type, lanes)
        f.store(total, _TARGET, f.mul(k, _STEP))

    if along != 1:
        f.loop(0, _COUNT, 1, gather)
        return f

    def square(k):
        k = f.least(k, f.sub(_COUNT, lanes))            # the last square overlaps the one before
        column = f.at(_SOURCE, k, type)
        target = f.at(_TARGET, f.mul(k, _STEP), type)
        for i, v in enumerate(transpose(f, [f.load(column, place, type, lanes) for place in places])):
            f.store(v, target, f.mul(_STEP, i))

    long = f.compare("sge", _COUNT, lanes)
    squares, singles = (f.emit(f"select i1 {long}, i64 {x}, i64 {y}", "i64") for x, y in ((_COUNT, 0), (0, _COUNT)))
    f.loop(0, squares, lanes, square)
    f.loop(0, singles, 1, gather)
    return f


def pack_columns(name, type, lanes, across, along, column, tile):
    """A block of `rows` elements (any number) x `count` steps, as columns of whole vectors: element (i, k) goes to
    target[i // lanes * column + k * lanes + i % lanes]. tile: the pack_tile function for the same strides. Signature PACK; step
    is not used.
    """
    f = ir.Function(name, PACK, internal=True, attributes="#1")
    whole = f.mul(f.div(_ROWS, lanes), lanes)
    if across != 1:
        def one(i):
            f.call(tile, f.at(_SOURCE, f.mul(i, across), type), f.at(_TARGET, f.mul(f.div(i, lanes), column), type),
                   f.least(f.sub(_ROWS, i), lanes), _COUNT, lanes)
        f.loop(0, _ROWS, lanes, one)
        return f

    def line(k):                                        # along memory: whole lines of the source at a time
        source, target = f.at(_SOURCE, f.mul(k, along), type), f.at(_TARGET, f.mul(k, lanes), type)
        f.loop(0, whole, lanes, lambda i: f.store(f.load(source, i, type, lanes), target, f.mul(f.div(i, lanes), column)))

    f.loop(0, _COUNT, 1, line)
    rest = f.sub(_ROWS, whole)

    def tail():
        f.call(tile, f.at(_SOURCE, whole, type), f.at(_TARGET, f.mul(f.div(whole, lanes), column), type), rest, _COUNT, lanes)
    f.when(f.compare("sgt", rest, 0), tail)
    return f
