"""Choices for convolutions: register tiles, and how the work is cut into parts."""
import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """Accumulators of a micro-kernel: pixels (images x rows x columns) times nv vectors of channels."""

    images: int
    rows: int
    columns: int
    nv: int

    @property
    def pixels(self):
        return list(itertools.product(range(self.images), range(self.rows), range(self.columns)))


def most_rows(host, nv):
    """Rows of an accumulator tile of nv vectors that leave registers for nv vectors and two operands (measured: more spill)."""
    return max((host.registers - nv - 2) // nv, 1)


def step_cycles(rows, nv, elementwise=False):
    """Cycles of one step of a tile: two multiply-adds and two loads a cycle, and four cycles until a sum can be added to. A
    little for the vectors, which often come from the second cache."""
    loads = rows * nv + nv if elementwise else rows + nv
    return max(rows * nv / 2, loads / 2, 4) + 0.25 + 0.3 * nv


def weight_cycles(host, steps, nv):
    """Cycles for reading a step's nv vectors of weights: all of a block's weights go through the caches for every tile."""
    block = steps * nv * host.vector
    return nv * host.vector / (64 if block <= 24 << 10 else 24 if block <= 768 << 10 else 8)


def split_vectors(vectors, nv):
    """Blocks of nv vectors, then one of fewer: pairs (how many, vectors)."""
    return [(count, size) for count, size in ((vectors // nv, nv), (1, vectors % nv)) if count and size]


def choose_tile(host, vectors, images, rows, columns, steps, elementwise):
    """The cheapest Tile for images x rows x columns results of so many vectors, `steps` multiply-adds each."""
    best = None
    for nv in range(min(vectors, 4), 0, -1):
        limit = most_rows(host, nv)
        blocks = split_vectors(vectors, nv)
        for x in range(min(columns, limit), 0, -1):
            for y in range(min(rows, limit // x), 0, -1):
                for n in range(min(images, limit // (x * y)), 0, -1):
                    tiles = -(-columns // x) * -(-rows // y) * -(-images // n)
                    cost = 0
                    for count, size in blocks:
                        step = max(step_cycles(n * y * x, size, elementwise), weight_cycles(host, steps, size))
                        cost += tiles * count * (steps * step + 1.5 * n * y * x * size + 25)
                    if best is None or cost < 0.995 * best[0]:
                        best = cost, Tile(n, y, x, nv)
    return best[1]


@dataclass(frozen=True)
class Cut:
    """Work cut into items: groups of images x bands of rows x splits of the vector blocks, done by `parts` parts."""

    images: int
    bands: int
    splits: int
    parts: int

    @property
    def units(self):
        return self.images * self.bands

    @property
    def items(self):
        return self.units * self.splits


def cut_units(images, rows, image_bytes, row_bytes, halo_bytes, limit, least):
    """(groups of images, bands of rows) so that a unit's source fits in `limit` bytes and there are `least` units if possible."""
    groups, bands = images, 1
    if image_bytes <= limit:
        groups = -(-images // (limit // image_bytes))
    else:
        bands = -(-rows // max((limit - halo_bytes) // row_bytes, 1))
    if groups * bands < least:
        groups = min(images, -(-least // bands))
    if groups * bands < least:
        bands = max(bands, min(-(-least // groups), -(-rows // 4)))
    return groups, min(bands, rows)


def cut(source_bytes, weight_bytes, blocks, units, parts):
    """Choose how often to split the vector blocks. units: function of the least number -> (groups, bands).

    Every split reads the source again, every unit the weights.
    """
    best = None
    for splits in sorted({1, 2, 4, 8, 16, 32, blocks}):
        if splits > blocks:
            continue
        groups, bands = units(-(-parts // splits))
        items = groups * bands * splits
        cost = -min(items, parts), splits * source_bytes + groups * bands * weight_bytes
        if best is None or cost < best[0]:
            best = cost, Cut(groups, bands, splits, items if items <= 2 * parts else parts)
    return best[1]
