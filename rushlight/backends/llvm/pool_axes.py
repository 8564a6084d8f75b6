"""What a pooling walks along its columns: which terms lie inside, worked out when the code is written."""
from dataclasses import dataclass

from .conv_tiles import common


@dataclass(frozen=True)
class Segment:
    """Steps lo..hi-1 along the columns. cells: for each residue its position, and its terms (source column, tap) at step 0."""

    lo: int
    hi: int
    cells: tuple


def always_inside(axes, size):
    """How many terms every position has, if it is the same number and all lie inside; else None."""
    inside = all(a.taps == 0 or a.start >= 0 and a.start + a.span(a.count) <= size for a in axes)
    return common(a.taps for a in axes) if inside else None


def segments(axes, size):
    """The Segments of the columns."""
    ends = {0, *(a.count for a in axes)}
    spans = []                                      # (residue, steps at which this term lies inside, term)
    for axis in axes:
        for j in range(axis.taps):
            at = axis.start + axis.tap_step * j
            lo = min(max(-(at // axis.step), 0), axis.count)
            hi = min(max(-((at - size) // axis.step), lo), axis.count)
            spans.append((axis, lo, hi, (at, axis.kernel_start + axis.kernel_step * j)))
            ends |= {lo, hi}
    ends = sorted(ends)
    found = []
    for lo, hi in zip(ends, ends[1:]):
        cells = tuple((a.out_start, tuple(term for b, first, last, term in spans if b is a and first <= lo < last))
                      for a in axes if lo < a.count)
        if found and found[-1].cells == cells:
            lo = found.pop().lo
        found.append(Segment(lo, hi, cells))
    return found
