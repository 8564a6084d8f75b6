"""Choices for convolutions: register tiles, and how the work is cut into parts."""
import itertools
import math
from dataclasses import dataclass

from . import conv_pack
from .conv_shapes import wanted_parts
from .target import BYTES

UNIT_BYTES = 512 << 10              # of a unit's source: with the weights, less than a second-level cache
DEPTHWISE_UNIT_BYTES = 192 << 10
CLIPPED_CYCLES = 60                 # of a clipped tile: its loops' lengths vary, and are predicted wrong
CLIPPED_FACTOR = 1.12               # its images lie apart: more cache misses than the estimate knows of
LEAST_CLIPPED = 6                   # images of a clipped tile: with fewer, its results lie too far apart to pay


@dataclass(frozen=True)
class Tile:
    """Accumulators of a micro-kernel: pixels (images x rows x columns) times nv vectors.

    form        broadcast, elementwise or reducing: see conv_tiles
    clipped     one pixel of many images, which skips the taps outside the source
    """

    images: int
    rows: int
    columns: int
    nv: int
    form: str = "broadcast"
    clipped: bool = False

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


def choose_tile(host, form, vectors, images, rows, columns, steps, clipped=False, varying=False):
    """(cycles, the cheapest Tile) for images x rows x columns results of so many vectors, `steps` multiply-adds each.

    varying: the number of steps is not the same for all, which costs registers (measured: 9 x 3 spill).
    """
    best = None
    store = 5 if form == "reducing" else 1.5            # cycles for an accumulator at the end
    for nv in range(min(vectors, 8 if form == "reducing" else 4), 0, -1):
        limit = most_rows(host, nv) - (nv == 3 and (clipped or varying))
        blocks = split_vectors(vectors, nv)
        for x in range(1 if clipped else min(columns, limit), 0, -1):
            for y in range(1 if clipped else min(rows, limit // x), 0, -1):
                for n in range(min(images, limit // (x * y)), 0, -1):
                    tiles = -(-columns // x) * -(-rows // y) * -(-images // n)
                    cost = 0
                    for count, size in blocks:
                        step = max(step_cycles(n * y * x, size, form == "elementwise"), weight_cycles(host, steps, size))
                        cost += tiles * count * (steps * step + store * n * y * x * size + 25 + CLIPPED_CYCLES * clipped)
                    if x == 1 < columns and not clipped:
                        cost *= 1.1                         # neither source nor result is read or written line by line
                    if best is None or cost < 0.995 * best[0]:
                        best = cost, Tile(n, y, x, nv, form, clipped)
    return best


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


# ---------------------------------------------------------------- the whole choice
def best(cor, host):
    """(Tile, Cut, Window) of a Correlation: the cheapest by an estimate of cycles."""
    plans = [_padded(cor, host, "elementwise" if cor.elementwise else "broadcast")]
    if not cor.elementwise:
        few = cor.m <= host.lanes(cor.type) // 2
        plans += [_padded(cor, host, "reducing")] if few else []
        for form in ("broadcast", "reducing")[:1 + few]:
            plans += _clipped(cor, host, form)
    return min(plans, key=lambda plan: plan[0])[1:]


def _form(cor, host, form):
    """(vectors, steps of a tap) of a group."""
    lanes = host.lanes(cor.type)
    return (cor.m, -(-cor.k // lanes)) if form == "reducing" else (-(-cor.m // lanes), cor.k)


def _padded(cor, host, form):
    """(cycles, Tile, Cut, Window) with tiles that do all taps."""
    parts = wanted_parts(cor.flops, cor.traffic)
    height, width, channels = cor.source
    vectors, depth = _form(cor, host, form)
    taps = [y.taps * x.taps for y, x in cor.phases]
    size = BYTES[cor.type]
    whole = conv_pack.window(height, width, channels, cor.phases, 1)
    rows, columns = min(y.count for y, _ in cor.phases), min(x.count for _, x in cor.phases)
    y = cor.phases[0][0]
    row_bytes = whole.row * size
    image_bytes = row_bytes * whole.rows
    halo = row_bytes * max(y.span(1) - y.step, 0)
    limit = DEPTHWISE_UNIT_BYTES if cor.elementwise else UNIT_BYTES
    weight_bytes = sum(taps) * cor.groups * depth * cor.m * size

    def units(least):
        return cut_units(cor.images, rows, image_bytes, row_bytes * y.step, halo, limit, least)

    def tile_for(groups, bands):
        steps = max(sum(taps) * depth // len(taps), 1)
        return choose_tile(host, form, vectors, cor.images // groups, max(rows // bands, 1), columns, steps,
                           varying=len(set(taps)) > 1)

    guess = tile_for(*units(parts))[1]
    cutting = cut(cor.images * image_bytes, weight_bytes, cor.groups * -(-vectors // guess.nv), units, parts)
    cycles, tile = tile_for(cutting.images, cutting.bands)
    window = conv_pack.window(height, width, channels, cor.phases, cutting.bands)
    cycles *= cutting.units * len(taps) * cor.groups
    return cycles + _moving(cor, cutting, window, weight_bytes), tile, cutting, window


def _moving(cor, cutting, window, weight_bytes):
    """Cycles for what goes through the second cache: every split reads the source, every unit the weights; and for copies."""
    size = BYTES[cor.type]
    cycles = (cutting.splits * cor.images * math.prod(cor.source) * size + cutting.units * weight_bytes) / 10
    if window.copied:
        cycles += cutting.splits * cutting.bands * cor.images * window.image * size / 10
    return cycles


def _clipped(cor, host, form):
    """The same for clipped tiles; [] where there is nothing to clip, or are too few images."""
    parts = wanted_parts(cor.flops, cor.traffic)
    height, width, channels = cor.source
    vectors, depth = _form(cor, host, form)
    taps = sum(y.inside(height) * x.inside(width) for y, x in cor.phases)
    results = sum(y.count * x.count for y, x in cor.phases)
    if taps == sum(y.count * y.taps * x.count * x.taps for y, x in cor.phases):
        return []
    rows, size = min(y.count for y, _ in cor.phases), BYTES[cor.type]
    weight_bytes = sum(y.taps * x.taps for y, x in cor.phases) * cor.groups * depth * cor.m * size
    found = []
    for groups in sorted({-(-cor.images // images) for images in (*range(LEAST_CLIPPED, most_rows(host, 1) + 1), cor.images)}):
        small, larger = divmod(cor.images, groups)
        if small < LEAST_CLIPPED:
            break
        cycles, tile = choose_tile(host, form, vectors, small, 1, 1, max(taps * depth // results, 1), clipped=True)
        if tile.images < LEAST_CLIPPED:
            continue
        each = -(-small // tile.images)
        cycles *= CLIPPED_FACTOR
        cycles *= groups + larger * (-(-(small + 1) // tile.images) - each) / each      # a group of one image more may need a tile more
        blocks = cor.groups * -(-vectors // tile.nv)
        for splits in {1, 2, 4, 8, 16, blocks}:
            bands = min(rows, -(-parts // (groups * splits)))
            items = groups * bands * splits
            if splits <= blocks:
                cutting = Cut(groups, bands, splits, items if items <= 2 * parts else parts)
                window = conv_pack.clipped_window(height, width, channels, cor.phases, bands)
                if window.copied and window.image * -(-cor.images // groups) * size > 2 * UNIT_BYTES:
                    continue
                cost = cycles * results * cor.groups * max(1, (parts / items) ** 0.5) + _moving(cor, cutting, window, weight_bytes)
                found.append((cost, tile, cutting, window))
    return [min(found, key=lambda plan: plan[0])] if found else []
