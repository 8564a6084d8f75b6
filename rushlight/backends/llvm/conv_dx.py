"""The input gradient of a convolution, which is also a transposed convolution."""
import math

from . import conv_correlation
from .conv_shapes import gradient_axes, simplified
from .target import BYTES


def input_gradient(spec, host):
    """args: g (n, oh, ow, o), w (o, c/groups, kh, kw), dx (n, h, w, c), workspace."""
    flops, traffic, area = spec.flops, spec.traffic(BYTES[spec.type]), math.prod(spec.kernel)
    spec = simplified(spec)
    c, o = spec.c // spec.groups, spec.o // spec.groups
    channels = dict(groups=spec.groups, k=o, m=c, weight_strides=(area, c * area, o * c * area))
    if spec.depthwise:
        channels = dict(groups=1, k=1, m=spec.c, weight_strides=(area, area, 0))
    correlation = conv_correlation.Correlation(
        spec.type, spec.n, (*spec.out, spec.o), (spec.h, spec.w, spec.c), phases=gradient_axes(spec), elementwise=spec.depthwise,
        kernel=spec.kernel, bias=False, activation=None, flops=flops, traffic=traffic, **channels)
    return conv_correlation.source(correlation, host)
