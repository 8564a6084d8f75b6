"""Where values lie: buffers, and strided regions of them."""
from math import prod


class Region:
    """A strided part of a place. strides and offset in elements; place: what program.Places numbers."""

    __slots__ = ("place", "shape", "strides", "offset")

    def __init__(self, place, shape, strides, offset=0):
        self.place, self.shape, self.strides, self.offset = place, tuple(shape), tuple(strides), offset

    def __repr__(self):
        return f"Region({self.place}, {self.shape}, {self.strides}, {self.offset})"


def contiguous(shape, order=None):
    """Strides of an array without gaps; order: its dimensions from the outermost to the innermost."""
    strides, step = [0] * len(shape), 1
    for d in reversed(order if order is not None else range(len(shape))):
        strides[d] = step
        step *= shape[d]
    return tuple(strides)


def view(value, source):
    """The region that a view value is of its operand's region; None if no strides describe it."""
    prim, shape = value.prim, value.shape
    if prim in ("reshape", "bitcast"):
        strides = reshaped(source.shape, source.strides, shape)
        return None if strides is None else Region(source.place, shape, strides, source.offset)
    if prim == "permute":
        return Region(source.place, shape, [source.strides[d] for d in value.attrs[0]], source.offset)
    if prim == "expand":
        return Region(source.place, shape, broadcast(source, shape), source.offset)
    if prim == "slice":
        starts, _, steps = value.attrs
        offset = source.offset + sum(a * s for a, s in zip(starts, source.strides))
        return Region(source.place, shape, [s * k for s, k in zip(source.strides, steps)], offset)
    if prim == "flip":
        strides = list(source.strides)
        offset = source.offset
        for d in value.attrs[0]:
            offset += (shape[d] - 1) * strides[d]
            strides[d] = -strides[d]
        return Region(source.place, shape, strides, offset)
    if prim == "diagonal":
        shift, a, b = value.attrs
        offset = source.offset + (shift * source.strides[b] if shift > 0 else -shift * source.strides[a])
        kept = [s for d, s in enumerate(source.strides) if d not in (a, b)]
        return Region(source.place, shape, kept + [source.strides[a] + source.strides[b]], offset)
    raise AssertionError(prim)


def broadcast(region, shape):
    """Strides that spread a region over a shape, as NumPy aligns them."""
    lead = len(shape) - len(region.shape)
    return tuple(0 if d < lead or region.shape[d - lead] == 1 else region.strides[d - lead] for d in range(len(shape)))


def reshaped(shape, strides, new):
    """Strides of the same elements in another shape, or None."""
    if prod(shape) == 0 or prod(new) == 0:
        return contiguous(new)
    old = [(n, s) for n, s in zip(shape, strides) if n != 1]
    runs = []                                       # (elements, stride) of stretches that are one to memory
    for n, s in old:
        if runs and runs[-1][1] == n * s:
            runs[-1] = (runs[-1][0] * n, s)
        else:
            runs.append((n, s))
    result = []
    at = 0
    rest, stride = (runs[0] if runs else (1, 1))
    for n in new:
        if n == 1:
            result.append(0)
            continue
        if rest == 1:
            at += 1
            if at >= len(runs):
                return None
            rest, stride = runs[at]
        if rest % n:
            return None
        rest //= n
        result.append(rest * stride)
    return tuple(result)


def simplified(shape, accesses, reduced):
    """An iteration space with fewer dimensions: those of size 1 go, neighbours that are one to all accesses are joined.

    accesses: stride tuples. Gives (shape, stride tuples, reduced dimensions)."""
    keep = [d for d in range(len(shape)) if shape[d] != 1]
    sizes, columns, flags = [], [], []
    for d in keep:
        column = [a[d] for a in accesses]
        if sizes and flags[-1] == (d in reduced) and all(p == c * shape[d] for p, c in zip(columns[-1], column)):
            sizes[-1] *= shape[d]
            columns[-1] = column
        else:
            sizes.append(shape[d])
            columns.append(column)
            flags.append(d in reduced)
    return tuple(sizes), [tuple(column[i] for column in columns) for i in range(len(accesses))], \
        tuple(i for i, f in enumerate(flags) if f)
