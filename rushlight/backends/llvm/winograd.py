"""Convolutions with 3x3 weights and stride 1 by Winograd's F(2x2, 3x3), and where they are expected to beat the direct kernels."""
from .conv_shapes import Conv
from .target import BYTES
from . import winograd_dw, winograd_products


def can(spec):
    """Whether these kernels do such a convolution at all."""
    return spec.kernel == (3, 3) and spec.stride == spec.dilation == (1, 1) and spec.groups == 1


def forward(spec, host):
    """args: x (n, h, w, c), w (o, c, 3, 3), [bias (o)], y (n, oh, ow, o), workspace."""
    _check(spec)
    return winograd_products.source(winograd_products.Correlation(
        spec.type, spec.n, (spec.h, spec.w, spec.c), (*spec.out, spec.o), tuple(lo for lo, _ in spec.padding), (9 * spec.c, 9), False,
        spec.bias, spec.activation, spec.flops, spec.traffic(BYTES[spec.type])), host)


def input_gradient(spec, host):
    """args: g (n, oh, ow, o), w (o, c, 3, 3), dx (n, h, w, c), workspace."""
    _check(spec)
    return winograd_products.source(winograd_products.Correlation(
        spec.type, spec.n, (*spec.out, spec.o), (spec.h, spec.w, spec.c), tuple(2 - lo for lo, _ in spec.padding), (9, 9 * spec.c), True,
        False, None, spec.flops, spec.traffic(BYTES[spec.type])), host)


def weight_gradient(spec, host):
    """args: g (n, oh, ow, o), x (n, h, w, c), dw (o, c, 3, 3), workspace."""
    _check(spec)
    return winograd_dw.source(spec, host)


def _check(spec):
    if not can(spec):
        raise NotImplementedError(f"Winograd's convolution is for 3x3 weights, stride 1, dilation 1 and one group, not {spec}")
