"""Convolutions as the generators see them: the specification, and the walk along each axis.

Forward and input gradient are one thing here, a correlation: result[t] = sum over taps j of source[start + step t +
tap_step j] weight[j] along both axes, where a source position outside counts as zero. The input gradient is one such
correlation for every residue of the input's position modulo the stride.
"""
import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Conv:
    """A convolution of (n, h, w, c) with weights (o, c / groups, kh, kw). All sizes are positive."""

    type: str
    n: int
    c: int
    h: int
    w: int
    o: int
    kernel: tuple
    stride: tuple = (1, 1)
    padding: tuple = ((0, 0), (0, 0))
    dilation: tuple = (1, 1)
    groups: int = 1
    bias: bool = False
    activation: str | None = None

    def __post_init__(self):
        if self.c % self.groups or self.o % self.groups:
            raise ValueError(f"{self.c} and {self.o} channels cannot be cut into {self.groups} groups")
        if min(self.out) < 1:
            raise ValueError(f"the kernel {self.kernel} does not fit into the padded image")
        if self.activation not in (None, "relu"):
            raise NotImplementedError(f"activation {self.activation!r} after a convolution")

    @property
    def out(self):
        """(height, width) of the result."""
        return tuple((size + lo + hi - d * (k - 1) - 1) // s + 1 for size, k, s, (lo, hi), d in
                     zip((self.h, self.w), self.kernel, self.stride, self.padding, self.dilation))

    @property
    def depthwise(self):
        return self.groups > 1 and self.groups == self.c == self.o

    @property
    def pointwise(self):
        """Whether it is a matrix product of pixels and weights."""
        return self.kernel == self.stride == (1, 1) and self.padding == ((0, 0), (0, 0)) and self.groups == 1

    @property
    def weights(self):
        return self.o * (self.c // self.groups) * math.prod(self.kernel)

    @property
    def flops(self):
        """Multiplications and additions, those with padding counted too."""
        return 2 * self.n * math.prod(self.out) * self.weights

    def traffic(self, bytes):
        """Bytes of image, weights and result."""
        return bytes * (self.n * (self.c * self.h * self.w + self.o * math.prod(self.out)) + self.weights)


def simplified(spec):
    """The same convolution in the same memory with rows that can be cut: pixels of a pointwise one and the positions of a
    one-dimensional one become rows of width 1."""
    if spec.kernel == spec.stride == (1, 1) and spec.padding == ((0, 0), (0, 0)):
        return replace(spec, n=1, h=spec.n * spec.h * spec.w, w=1)
    if spec.h == spec.kernel[0] == 1 and spec.padding[0] == (0, 0):
        return replace(spec, h=spec.w, w=1, kernel=(spec.kernel[1], 1), stride=(spec.stride[1], 1),
                       padding=(spec.padding[1], (0, 0)), dilation=(spec.dilation[1], 1))
    return spec


@dataclass(frozen=True)
class Axis:
    """A correlation along one axis.

    count                       results t
    start, step, taps, tap_step source position = start + step t + tap_step j for j in range(taps)
    out_start, out_step         result position = out_start + out_step t
    kernel_start, kernel_step   weight's position = kernel_start + kernel_step j
    """

    count: int
    start: int
    step: int
    taps: int
    tap_step: int
    out_start: int = 0
    out_step: int = 1
    kernel_start: int = 0
    kernel_step: int = 1

    def span(self, rows):
        """Source positions that `rows` neighbouring results touch, from the first to the last."""
        return (rows - 1) * self.step + max(self.taps - 1, 0) * self.tap_step + 1

    def inside(self, size):
        """How many of all results' taps meet one of the source's `size` positions."""
        total = 0
        for j in range(self.taps):
            start = self.start + self.tap_step * j                     # what result 0 meets
            first, end = max(-(start // self.step), 0), min((size - 1 - start) // self.step + 1, self.count)
            total += max(end - first, 0)
        return total


def forward_axes(spec):
    """(rows, columns)."""
    return tuple(Axis(out, -lo, s, k, d) for out, (lo, _), s, k, d in
                 zip(spec.out, spec.padding, spec.stride, spec.kernel, spec.dilation))


def gradient_axis(size, lo, stride, kernel, dilation):
    """The input gradient along one axis: one Axis for every residue modulo the stride.

    Position r + s t of the input met tap k at result (r + s t + lo - d k) / s, where that is whole.
    """
    common = math.gcd(stride, dilation)
    axes = []
    for r in range(min(stride, size)):
        taps = [k for k in range(kernel) if (r + lo - dilation * k) % stride == 0]
        start = (r + lo - dilation * taps[-1]) // stride if taps else 0
        axes.append(Axis((size - r + stride - 1) // stride, start, 1, len(taps), dilation // common, r, stride,
                         taps[-1] if taps else 0, -(stride // common)))
    return axes


def gradient_axes(spec):
    """Pairs (rows, columns), one for every residue of both."""
    rows, columns = (gradient_axis(size, lo, s, k, d) for size, (lo, _), s, k, d in
                     zip((spec.h, spec.w), spec.padding, spec.stride, spec.kernel, spec.dilation))
    return tuple((y, x) for y in rows for x in columns)


def wanted_parts(flops, traffic):
    """In how many parts to cut work, about 8 us each: one for little work, at most 32."""
    microseconds = max(flops / 1e5, traffic / 1e4)
    return int(min(max(microseconds // 8, 1), 16 if microseconds < 4000 else 32))


def unroll(n, most):
    """How many of n steps a loop's body holds: a divisor of n."""
    return next((u for u in (4, 6, 5, 3, 7, 2) if n % u == 0 and u <= most), 1)
