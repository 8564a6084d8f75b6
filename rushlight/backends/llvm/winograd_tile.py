"""The register tile of Winograd's products, and reading ahead: what comes next is brought into the second-level cache meanwhile."""
from math import ceil

from . import ir
from .target import BYTES

LINE = 64                       # bytes of a line of the cache
STEPS = 4                       # of k in the body of the loop


def spread(elements, type, every=2):
    """Elements rounded up to whole lines of the cache, and a line more if they are a multiple of `every` lines: strides by which too
    much would fall on a few sets."""
    line = LINE // BYTES[type]
    lines = ceil(elements / line)
    return (lines + (lines % every == 0)) * line


def read_ahead(f, pointer, bytes):
    """Bring so many bytes into the second-level cache. An address that is not there does no harm."""
    f.declared.add("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    for i in range(ceil(bytes / LINE)):
        f.raw(f"call void @llvm.prefetch.p0(ptr {f.at(pointer, i * LINE, 'i8')}, i32 0, i32 2, i32 1)")


def product_tile(name, type, lanes, rows, vectors, a_strides, b_step, c_row, ahead=0, more=False):
    """name(a, b, c, count, next, more): c[i, j] = sum over `count` steps k of a[i, k] b[k, j], added to c where `more` is 1.

    a_strides   elements of a from row to row, and from step to step
    b_step      elements of b from step to step
    c_row       elements of c from row to row
    ahead       bytes of `next` to read ahead in every STEPS steps
    more        whether there is such a case; else %more is not used
    """
    f = ir.Function(name, "ptr %a, ptr %b, ptr %c, i64 %count, ptr %next, i64 %more", internal=True, attributes="#1")
    a, b, c, following = (ir.Reg("%" + n, "ptr") for n in ("a", "b", "c", "next"))
    count, (a_row, a_step) = ir.Reg("%count", "i64"), a_strides
    places = [i * c_row + j * lanes for i in range(rows) for j in range(vectors)]

    def step(at_a, at_b, totals):
        vs = [f.load(at_b, j * lanes, type, lanes) for j in range(vectors)]
        new = []
        for i in range(rows):
            x = f.splat(f.load(at_a, i * a_row, type), lanes)
            new += [f.fma(x, v, totals[i * vectors + j]) for j, v in enumerate(vs)]
        return new

    def steps(n):
        def body(k, totals):
            at_a, at_b = f.at(a, f.mul(k, a_step), type), f.at(b, f.mul(k, b_step), type)
            if n == STEPS and ahead:
                read_ahead(f, f.at(following, f.mul(k, ahead // STEPS), "i8"), ahead)
            for u in range(n):
                totals = step(f.at(at_a, u * a_step, type), f.at(at_b, u * b_step, type), totals)
            return totals
        return body

    totals = [f.zero(type, lanes)] * len(places)
    if more:
        totals = f.loop(0, "%more", 1, lambda i, _: [f.load(c, p, type, lanes) for p in places], totals)
    whole = f.mul(f.div(count, STEPS), STEPS)
    totals = f.loop(0, whole, STEPS, steps(STEPS), totals)
    totals = f.loop(whole, count, 1, steps(1), totals)
    for p, total in zip(places, totals):
        f.store(total, c, p)
    return f
