"""Pooling over channels-innermost images, and its gradients: kernels that make maxima and sums over windows.

Forward and gradient are one thing here, a walk (see pool_walk): each result collects terms from a few rows and columns of
a source. Of the forward pass the terms are the elements of a window; of the gradient the windows that an element lies in.
"""
import math
from dataclasses import dataclass

from . import pool_ops, pool_walk
from .conv_shapes import Axis, gradient_axis
from .target import BYTES

WHICH = {"uint8": "i8", "int32": "i32"}         # dtypes of the taps' numbers


@dataclass(frozen=True)
class _Pooling:
    """A pooling of (n, h, w, c) to (n, *out, c). All sizes are positive.

    padding     ((low, high), (low, high)); it counts as absent, not as zero. Only the low ones matter beside `out`
    out         (height, width) of the result; windows may run over the high edge
    kind        "max" or "sum"
    which       dtype of the numbers of taps, "uint8" (up to 256 taps) or "int32"
    """

    type: str
    n: int
    h: int
    w: int
    c: int
    window: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    out: tuple
    kind: str
    which: str = "uint8"

    def __post_init__(self):
        if self.kind not in ("max", "sum"):
            raise ValueError(f"a pooling is a max or a sum, not {self.kind!r}")
        if self.which not in WHICH:
            raise ValueError(f"taps are numbered in {' or '.join(WHICH)}, not {self.which!r}")
        if self.kind == "max" and self.which == "uint8" and self.taps > 256:
            raise ValueError(f"{self.taps} taps cannot be numbered in uint8")

    @property
    def taps(self):
        return math.prod(self.window)


@dataclass(frozen=True)
class Pool(_Pooling):
    """The pooling itself. index: whether a maximum also tells at which tap it was found."""

    index: bool = False


@dataclass(frozen=True)
class PoolGradient(_Pooling):
    """Its gradient."""


def forward(spec, host):
    """The Source of a pooling: args x, y, [which], workspace.

    Of equal maxima the first in row-major order is told, of NaNs the last. A window without any element of the image
    gives -inf or 0, and tells the first tap of its first row.
    """
    axes = [(Axis(out, -lo, s, k, d),) for out, (lo, _), s, k, d in
            zip(spec.out, spec.padding, spec.stride, spec.window, spec.dilation)]
    if spec.kind == "sum":
        op = pool_ops.Sum(spec.type)
    else:
        op = pool_ops.Max(spec.type, WHICH[spec.which] if spec.index else None, host)
    return _source(spec, op, axes, (spec.h, spec.w), spec.out, host)


def gradient(spec, host):
    """The Source of the gradient: args g, [which, if max], dx, workspace. Elements outside every window get 0."""
    axes = [tuple(gradient_axis(size, lo, s, k, d)) for size, (lo, _), s, k, d in
            zip((spec.h, spec.w), spec.padding, spec.stride, spec.window, spec.dilation)]
    op = pool_ops.Sum(spec.type) if spec.kind == "sum" else pool_ops.Pick(spec.type, WHICH[spec.which])
    return _source(spec, op, axes, spec.out, (spec.h, spec.w), host)


def _source(spec, op, axes, source, result, host):
    of_source, of_result = (spec.n * math.prod(size) * spec.c for size in (source, result))
    traffic = sum(of_source * BYTES[type] for _, type in op.sources) + sum(of_result * BYTES[type] for _, type in op.results)
    flops = spec.n * math.prod(spec.out) * spec.c * spec.taps
    walk = pool_walk.Walk(spec.type, spec.n, source, result, spec.c, *axes, spec.window[1], op, flops, traffic)
    return pool_walk.generate(walk, host)
