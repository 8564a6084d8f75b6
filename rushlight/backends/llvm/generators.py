"""Which generator makes the kernel of a specification."""
from dataclasses import dataclass

from . import conv, conv_dw, conv_dx, extremes, gemm, nest, nest_columns, nest_writer, pool, scan, scatter, sort, winograd, words
from .conv_shapes import Conv


@dataclass(frozen=True)
class Forward:
    conv: Conv


@dataclass(frozen=True)
class InputGradient:
    conv: Conv


@dataclass(frozen=True)
class WeightGradient:
    conv: Conv


LEAST_POINTWISE = 16        # channels from which the weight gradient of a pointwise convolution is better as a product


def _nest(spec, host):
    inner = len(spec.shape) - 1
    columns = spec.sums and inner >= 1 and inner not in spec.reduced
    return (nest_columns.Columns if columns else nest_writer.Writer)(spec, host).source()


def _room(spec, host, which, direct):
    """Where the generator for a convolution is: Winograd's where it suits."""
    return winograd if winograd.suits(spec.conv, host, which) else direct


def _input_gradient(spec, host):
    c = spec.conv
    if c.pointwise:
        return gemm.dot(gemm.Dot(c.type, (), c.n * c.h * c.w, c.c, c.o, (c.o, 1), (c.c, 1), (c.c, 1)), host)
    return _room(spec, host, "input_gradient", conv_dx).input_gradient(c, host)


def _weight_gradient(spec, host):
    c = spec.conv
    if c.pointwise and min(c.c, c.o) >= LEAST_POINTWISE:
        return gemm.dot(gemm.Dot(c.type, (), c.o, c.c, c.n * c.h * c.w, (1, c.o), (c.c, 1), (c.c, 1)), host)
    return _room(spec, host, "weight_gradient", conv_dw).weight_gradient(c, host)


_GENERATORS = {
    nest.Nest: _nest,
    gemm.Dot: gemm.dot,
    words.Words: words.generate,
    pool.Pool: pool.forward,
    pool.PoolGradient: pool.gradient,
    scatter.Scatter: scatter.generate,
    extremes.ArgExtreme: extremes.generate,
    scan.Scan: scan.generate,
    sort.Sort: sort.generate,
    Forward: lambda spec, host: _room(spec, host, "forward", conv).forward(spec.conv, host),
    InputGradient: _input_gradient,
    WeightGradient: _weight_gradient,
}


def generate(spec, host):
    """The Source of a specification."""
    return _GENERATORS[type(spec)](spec, host)
