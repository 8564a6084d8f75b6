"""Walks along the middle of (outer, n, inner) arrays without gaps, many columns at a time: what scans and arguments of extremes share."""
from math import prod

PART = 1 << 14              # elements that are worth a part
MOST_PARTS = 16


def parts_of(*sizes):
    return min(MOST_PARTS, max(1, prod(sizes) // PART))


def vectors(f, lo, hi, lanes, body):
    """body(first, mask) for the vectors of a range of columns; the mask is None for whole ones."""
    whole = f.add(lo, f.mul(f.div(f.sub(hi, lo), lanes), lanes))
    f.loop(lo, whole, lanes, lambda c: body(c, None))
    if not (isinstance(hi, int) and hi == whole):
        f.loop(whole, hi, lanes, lambda c: body(c, f.first_lanes(f.sub(hi, c), lanes)))


def walk(f, spec, parts, lanes, body):
    """body(outer, column, mask): this part's share of the columns, in vectors of so many lanes. spec has outer and inner."""
    shared = spec.outer >= 2 * parts
    lo, hi = f.share(spec.outer) if shared and parts > 1 else (0, spec.outer)
    first, last = (0, spec.inner) if shared or parts == 1 else f.share(spec.inner, lanes)
    f.loop(lo, hi, 1, lambda a: vectors(f, first, last, lanes, lambda c, mask: body(a, c, mask)))


def column_parts(spec, lanes):
    """In how many parts `walk` is worth running."""
    parts = parts_of(spec.outer, spec.n, spec.inner)
    return parts if spec.outer >= 2 * parts else max(1, min(parts, spec.inner // lanes))
