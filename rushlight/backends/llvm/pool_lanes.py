"""Vectors of a few whole pixels: where a pixel has fewer channels than a vector has lanes.

Lanes are (pixel, channel), from the first on; the others are off. In memory the pixels of a vector may lie some pixels
apart: they are brought together, or spread, by shuffles of whole vectors.
"""
from . import ir


def load_first(f, pointer, n, type, lanes):
    """The first n lanes; nothing beyond is read, and the other lanes are of any value."""
    if n == lanes:
        return f.load(pointer, 0, type, lanes)
    if type != "i8" or lanes > 8:
        return f.load(pointer, 0, type, lanes, f.first_lanes(n, lanes))
    vector = None
    for at, size in pieces(n):          # without AVX-512 there are no masks for bytes
        piece = f.load(pointer, at, type, size)
        piece = f.shuffle(piece, ir.Reg("poison", type, size), [i - at if at <= i < at + size else -1 for i in range(lanes)])
        vector = piece if vector is None else f.shuffle(vector, piece, [i + lanes if i >= at else i for i in range(lanes)])
    return vector


def store_first(f, value, pointer, n):
    """Store the first n lanes."""
    if n == value.lanes:
        f.store(value, pointer)
    elif value.type != "i8" or value.lanes > 8:
        f.store(value, pointer, 0, f.first_lanes(n, value.lanes))
    else:
        for at, size in pieces(n):
            f.store(f.shuffle(value, ir.Reg("poison", value.type, value.lanes), range(at, at + size)), pointer, at)


def pieces(n):
    """n as powers of two, the largest first: pairs (start, size)."""
    at = 0
    while at < n:
        size = 1 << (n - at).bit_length() - 1
        yield at, size
        at += size


def load_pixels(f, pointer, pixels, apart, c, type, lanes):
    """`pixels` pixels of c channels, each `apart` pixels after the one before."""
    if apart == 1 or pixels == 1:
        return load_first(f, pointer, pixels * c, type, lanes)
    where = [p * apart * c + channel for p in range(pixels) for channel in range(c)]
    span = where[-1] + 1
    result = None
    for start in [0] if span <= lanes else [min(k, span - lanes) for k in range(0, span, lanes)]:
        vector = load_first(f, f.at(pointer, start, type), min(span, lanes), type, lanes)
        mine = [at - start if start <= at < start + lanes else None for at in where] + [None] * (lanes - len(where))
        if result is None:
            result = f.shuffle(vector, ir.Reg("poison", type, lanes), [-1 if i is None else i for i in mine])
        else:
            result = f.shuffle(result, vector, [k if i is None else i + lanes for k, i in enumerate(mine)])
    return result


def store_pixels(f, vectors, pointer, pixels, c):
    """Store pixels of several vectors in turn: the first pixel of each, then the second of each, ..."""
    lanes, count = vectors[0].lanes, len(vectors)
    if count == 1:
        store_first(f, vectors[0], pointer, pixels * c)
        return
    total = pixels * count * c
    for start in range(0, total, lanes):
        n = min(lanes, total - start)
        places = [((start + i) // c, (start + i) % c) for i in range(n)]
        of = [pixel % count for pixel, _ in places] + [-1] * (lanes - n)
        lane = [pixel // count * c + channel for pixel, channel in places] + [-1] * (lanes - n)
        value = f.shuffle(vectors[0], vectors[1], [k + o * lanes if o in (0, 1) else -1 for o, k in zip(of, lane)])
        for v in range(2, count):
            value = f.shuffle(value, vectors[v], [lane[i] + lanes if of[i] == v else i for i in range(lanes)])
        store_first(f, value, f.at(pointer, start, value.type), n)
