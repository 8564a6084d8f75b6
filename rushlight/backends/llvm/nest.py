"""Fused loop nests: many elementwise values and reductions over one iteration space, in one pass over memory.

Here is the specification; nest_writer writes the loops (nest_memory their reads and writes), nest_columns those of reductions that
keep the innermost dimension.
"""
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Access:
    """Where an argument's element lies: offset + sum of stride * index, in elements. index: a node that adds to it, times
    `scale`: an indirect read."""

    argument: int
    strides: tuple
    offset: int = 0
    index: int = -1
    scale: int = 0


@dataclass(frozen=True)
class Node:
    """op: load, const, iota (dimension in `value`), or a primitive's name. args: earlier nodes. dtype: its own, a name."""

    op: str
    args: tuple
    dtype: str
    access: Access = None
    value: object = None


ANY_LENGTH = (0,)


@dataclass(frozen=True)
class Nest:
    """shape      the iteration space, in the order in which it is walked: innermost last; ANY_LENGTH for a kernel of one
               dimension that is told its size when it runs, by a last argument that points at it
    nodes      in order of need
    stores     (node, access): every element is written
    sums       (kind, node, access): reduced over the dimensions in `reduced`; access has stride 0 there
    reduced    the dimensions that sums reduce
    arguments  how many arguments the kernel has beside the workspace
    """

    shape: tuple
    nodes: tuple
    stores: tuple
    sums: tuple
    reduced: tuple
    arguments: int


PART = 1 << 14              # elements that are worth a part of their own
MOST_PARTS = 16
_COSTLY = frozenset("""exp exp2 expm1 log log1p log2 log10 tanh sigmoid div sin cos tan asin acos atan sinh cosh asinh acosh atanh
    erf erfc sinc pow atan2 fmod rem floordiv hypot logaddexp xlogy ldexp""".split())           # as much as reading and writing, or more


def parts_for(nest, length=1):
    """In how many parts a nest is worth running. length: of one of any length."""
    total = length if nest.shape == ANY_LENGTH else prod(nest.shape)
    weight = 1 + sum(n.op in _COSTLY for n in nest.nodes)
    return min(MOST_PARTS, max(1, total * weight // PART))
