"""Convolutions of stride 1 by Winograd's F(2x2, 3x3) and F(2x2, 2x2), and where they are expected to beat the direct kernels.

Errors are those of the direct sums (about 1e-6 of the largest result in float32); results differ from theirs in the last digits.
"""
import math

from . import winograd_dw, winograd_products
from .conv_shapes import forward_axes
from .target import BYTES
from .winograd_axis import POINTS, Algorithm
from .winograd_transforms import Tiles

__all__ = ["can", "suits", "forward", "input_gradient", "weight_gradient"]

TAPS = range(3, 8)          # along either axis; with fewer there is little to save

# measured speed over the direct kernels
LEAST_TILES = 40            # 16 tiles of 256 channels: 0.9, since transforming the weights costs what the products save; 49: 1.4
LEAST_FILLED = 0.72         # of the tiles' results, those that are wanted: 5 x 5 pixels (0.69) 0.8 to 1.1, 7 x 7 (0.77) 1 to 1.3
LEAST_SAVED = 1.35          # direct multiplications over products. 5x5 weights, padding 2: 6 x 6 pixels (1.31) 0.9 to 1.1, 8 x 8 (1.47)
                            # 1.1 to 1.4, 16 x 16 (1.75) 1.2 to 1.8
LEAST_SAVED_WEIGHTS = 1.2   # of the weight gradient, whose direct kernel is slower: 7 x 7 pixels (1.07) 1.0, 6 x 6 (1.31) 1.2
LEAST_CHANNELS = 12         # c o / (c + o): 16 and 16 (8) 1.0, 16 and 64 (13) 1.2 to 1.5, 64 and 64 (32) and more 1.5 to 2


def can(spec):
    """Whether these kernels do such a convolution at all."""
    return all(k in TAPS for k in spec.kernel) and spec.stride == spec.dilation == (1, 1) and spec.groups == 1


def suits(spec, host, which):
    """Whether the kernel `which` ("forward", "input_gradient" or "weight_gradient") is expected to beat the direct one.

    Products save 20 of 36 multiplications of 3x3 weights, 51 of 100 of 5x5; what transforms cost beside them is about (1 / c + 1 / o).
    The rule is alike for all hosts and types: it was measured with vectors of 64 and 32 bytes, float and double, against the direct
    kernels.
    """
    if not can(spec):
        return False
    height, width = (spec.h, spec.w) if which == "input_gradient" else spec.out
    tiles = Tiles(spec.n, height, width).count
    filled = spec.n * height * width / (4 * tiles)
    components = Algorithm(spec.kernel).components
    least_tiles, least_saved = LEAST_TILES, LEAST_SAVED
    if which == "weight_gradient":          # its components are added up in memory, and transformed from there: 5x5, 49 tiles 0.8 to 1.1
        least_tiles, least_saved = LEAST_TILES * components / POINTS, LEAST_SAVED_WEIGHTS
    channels = spec.c * spec.o / (spec.c + spec.o)
    saved = _multiplications(spec) / (tiles * components)
    return tiles >= least_tiles and filled >= LEAST_FILLED and saved >= least_saved and channels >= LEAST_CHANNELS


def _multiplications(spec):
    """Those with pixels of the image, for a pair of channels: of others, direct kernels leave most out."""
    return spec.n * math.prod(axis.inside(size) for axis, size in zip(forward_axes(spec), (spec.h, spec.w)))


def forward(spec, host):
    """args: x (n, h, w, c), w (o, c, kh, kw), [bias (o)], y (n, oh, ow, o), workspace."""
    _check(spec)
    taps = math.prod(spec.kernel)
    return winograd_products.source(winograd_products.Correlation(
        spec.type, spec.n, (spec.h, spec.w, spec.c), (*spec.out, spec.o), spec.kernel,
        lo=tuple(lo for lo, _ in spec.padding), weight_strides=(taps * spec.c, taps), flipped=False, bias=spec.bias,
        activation=spec.activation, flops=spec.flops, traffic=spec.traffic(BYTES[spec.type])), host)


def input_gradient(spec, host):
    """args: g (n, oh, ow, o), w (o, c, kh, kw), dx (n, h, w, c), workspace."""
    _check(spec)
    taps = math.prod(spec.kernel)
    return winograd_products.source(winograd_products.Correlation(
        spec.type, spec.n, (*spec.out, spec.o), (spec.h, spec.w, spec.c), spec.kernel,
        lo=tuple(k - 1 - lo for k, (lo, _) in zip(spec.kernel, spec.padding)), weight_strides=(taps, taps * spec.c), flipped=True,
        bias=False, activation=None, flops=spec.flops, traffic=spec.traffic(BYTES[spec.type])), host)


def weight_gradient(spec, host):
    """args: g (n, oh, ow, o), x (n, h, w, c), dw (o, c, kh, kw), workspace."""
    _check(spec)
    return winograd_dw.source(spec, host)


def _check(spec):
    if not can(spec):
        raise NotImplementedError("Winograd's convolution is for weights of 3 to 7 taps along both axes, stride 1, dilation 1 and one "
                                  f"group, not {spec}")
