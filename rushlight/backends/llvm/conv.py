"""Two-dimensional convolution of channels-innermost images, with bias and ReLU."""
import math

from . import conv_correlation, conv_packed
from .conv_shapes import Conv, forward_axes, simplified
from .target import BYTES

__all__ = ["Conv", "forward"]


def forward(spec, host):
    """args: x (n, h, w, c), w (o, c/groups, kh, kw), [bias (o)], y (n, oh, ow, o), workspace."""
    packed = conv_packed.lanes_of(spec, host)
    if packed:
        return conv_packed.forward(spec, host, packed)
    flops, traffic, area = spec.flops, spec.traffic(BYTES[spec.type]), math.prod(spec.kernel)
    spec = simplified(spec)
    c, o = spec.c // spec.groups, spec.o // spec.groups
    channels = dict(groups=spec.groups, k=c, m=o, weight_strides=(c * area, area, o * c * area))
    if spec.depthwise:
        channels = dict(groups=1, k=1, m=spec.o, weight_strides=(area, area, 0))
    correlation = conv_correlation.Correlation(
        spec.type, spec.n, (spec.h, spec.w, spec.c), (*spec.out, spec.o), phases=(forward_axes(spec),), elementwise=spec.depthwise,
        kernel=spec.kernel, bias=spec.bias, activation=spec.activation, flops=flops, traffic=traffic, **channels)
    return conv_correlation.source(correlation, host)
