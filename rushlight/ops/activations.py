"""Activation functions made of straight pieces, one op each. Source: torch.nn.functional.

Where PyTorch's in-place form keeps its result for the backward pass, an op of its own does so here (`..._into`).
"""
import math

from ..graph import layout
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .precision import floating, refuse


def num(value, x):
    return P.const(value, x.dtype)


def activation(name, compute, gradient, attrs="", node=None, kernel=None, display=None):
    inner = floating(kernel)(compute) if kernel else compute

    def checked(x, *rest):
        if x.weak:
            raise TypeError(f"{display or name}(): argument 'input' (position 1) must be Tensor, not {_NUMBER_NAMES[x.dtype.kind]}")
        return inner(x, *rest)

    op = Op(name, "input", attrs, compute=checked, node=node, display=display, grads={"input": gradient})
    op.layout = layout.iterator
    return op


_NUMBER_NAMES = {"bool": "bool", "int": "int", "float": "float", "complex": "complex"}


def write(op, *attrs):
    """The in-place form of an op that keeps its input."""
    return lambda self: Op.apply_write(op, self, (self,), attrs)


# ------------------------------------------------------------------ pieces of lines
def _relu(x):
    if x.dtype is dt.bool_:
        raise RuntimeError("Boolean inputs not supported for relu")
    if x.dtype.is_complex:
        raise NotImplementedError("clamp is not supported for complex types")
    return P.binary("max", x, num(0, x))


relu_op = activation("relu", _relu, lambda g, result: A.where_op(A.le_op(result, 0), 0, g))


@public(inplace=True)
def relu(input):
    """max(input, 0)."""
    return Op.apply(relu_op, (input,))


relu.op = relu_op
relu_ = write(relu_op)


def _threshold(x, threshold, value):
    if x.dtype is dt.bool_ or x.dtype.is_complex:
        refuse("threshold_cpu", x.dtype)
    return P.where(P.binary("le", x, num(threshold, x)), num(value, x), x)


def _threshold_gradient(g, input, threshold):
    return A.where_op(A.le_op(input, threshold), 0, g)


threshold_op = activation("threshold", _threshold, _threshold_gradient, "threshold value")
threshold_into = activation("threshold_into", _threshold, _threshold_gradient, "threshold value", "ThresholdBackward1",
                             display="threshold_")


@public(method=False)
def threshold(input, threshold, value):
    """input where it is above threshold, else value."""
    return Op.apply(threshold_op, (input,), (threshold, value))


@public(name="threshold_", method=False)
def threshold_(input, threshold, value):
    return Op.apply_write(threshold_into, input, (input,), (threshold, value))


def _hardtanh(x, low, high):
    if x.dtype is dt.bool_:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if x.dtype.is_complex:
        raise NotImplementedError("clamp is not supported for complex types")
    return P.binary("min", P.binary("max", x, num(low, x)), num(high, x))


hardtanh_op = activation("hardtanh", _hardtanh, attrs="min_val max_val", gradient=lambda g, input, min_val, max_val: A.where_op(
    A.logical_and_op(A.gt_op(input, min_val), A.lt_op(input, max_val)), g, 0))


hardtanh_op.layout = layout.like_first


def _check_bounds(min_val, max_val):
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")


def hardtanh(input, min_val=-1.0, max_val=1.0):
    """input held between min_val and max_val."""
    _check_bounds(min_val, max_val)
    return Op.apply(hardtanh_op, (input,), (min_val, max_val))


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    _check_bounds(min_val, max_val)
    return Op.apply_write(hardtanh_op, input, (input,), (min_val, max_val))


def _leaky(x, slope):
    return P.where(P.binary("gt", x, num(0, x)), x, P.binary("mul", x, num(slope, x)))


def _leaky_into_gradient(g, result, negative_slope):
    if negative_slope < 0:
        raise RuntimeError("In-place leakyReLu backward calculation is triggered with a negative slope which is not supported. This is "
                           "caused by calling in-place forward function with a negative slope, please call out-of-place version instead. "
                           "File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place leakRelu backward "
                           "calculation with negative slope")
    return _sloped(g, result, negative_slope)


def _sloped(g, x, slope):
    return A.where_op(A.gt_op(x, 0), g, A.mul_op(g, slope))


leaky_relu_op = activation("leaky_relu", _leaky, lambda g, input, negative_slope: _sloped(g, input, negative_slope), "negative_slope",
                            kernel="leaky_relu_cpu")
leaky_relu_into = activation("leaky_relu_into", _leaky, _leaky_into_gradient, "negative_slope", "LeakyReluBackward1",
                              kernel="leaky_relu_cpu", display="leaky_relu_")


def leaky_relu(input, negative_slope=0.01):
    """input where positive, else negative_slope times it."""
    return Op.apply(leaky_relu_op, (input,), (negative_slope,))


def leaky_relu_(input, negative_slope=0.01):
    return Op.apply_write(leaky_relu_into, input, (input,), (negative_slope,))


def _of_channels(weight, ndim):
    """A weight for each channel, shaped for the input."""
    return P.reshape(weight, (1, weight.numel) + (1,) * (ndim - 2)) if weight.numel != 1 else P.reshape(weight, (1,) * ndim)


def _prelu(x, weight):
    return P.where(P.binary("gt", x, num(0, x)), x, P.binary("mul", _of_channels(weight, x.ndim), x))


def _prelu_dx(g, input, weight, infos):
    ndim, count = infos[0].ndim, math.prod(infos[1].shape)
    shape = (1, count) + (1,) * (ndim - 2) if count != 1 else (1,) * ndim
    return A.where_op(A.gt_op(input, 0), g, A.mul_op(OPS["reshape_copy"](weight, shape=shape), g))


def _prelu_dw(g, input, infos):
    each = A.where_op(A.gt_op(input, 0), 0, A.mul_op(g, input))
    count = math.prod(infos[1].shape)
    dims = tuple(d for d in range(infos[0].ndim) if d != 1 or count == 1)
    total = OPS["sum"](each, dims=dims, keepdim=False, dtype=each.dtype)
    return OPS["reshape_copy"](total, shape=infos[1].shape)


prelu_op = Op("prelu", "input weight", compute=floating("prelu_cpu")(_prelu), node="PreluKernelBackward0",
              grads={"input": _prelu_dx, "weight": _prelu_dw})


@public()
def prelu(input, weight):
    """input where positive, else weight times it; weight () or (1) for all, or one for each channel (dimension 1)."""
    x, w = input._meta, weight._meta
    if w.numel != 1:
        if x.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if channels != w.numel:
            raise RuntimeError("Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                               f"{w.numel} and channel size = {channels}.")
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if x.dtype is not w.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {dt.long_name(x.dtype)} and {dt.long_name(w.dtype)}")
    return Op.apply(prelu_op, (input, weight))


def _noisy(x, noise):
    return P.binary("mul", x, noise)


rrelu_op = Op("rrelu", "input noise", "lower upper training", node="RreluWithNoiseBackward0",
                          compute=lambda x, noise, *_: _noisy(x, noise), grads={"input": lambda g, noise: A.mul_op(g, noise)})
rrelu_into = Op("rrelu_into", "input noise", "lower upper training", node="RreluWithNoiseBackward1", display="rrelu_",
                compute=lambda x, noise, *_: _noisy(x, noise), grads={"input": lambda g, noise: A.mul_op(g, noise)})
rrelu_eval_op = activation("rrelu_eval", lambda x, lower, upper: _leaky(x, (lower + upper) / 2), node="RreluWithNoiseBackward0",
                            gradient=lambda g, input, lower, upper: _sloped(g, input, (lower + upper) / 2), attrs="lower upper",
                            kernel="leaky_relu_cpu", display="rrelu")
rrelu_eval_into = activation("rrelu_eval_into", lambda x, lower, upper: _leaky(x, (lower + upper) / 2),
                              lambda g, result, lower, upper: _sloped(g, result, (lower + upper) / 2), "lower upper",
                              "RreluWithNoiseBackward1", "leaky_relu_cpu", "rrelu_")


def _slopes(input, lower, upper, generator):
    """A slope drawn for each element that is not positive, in the order of memory; 1 for the others."""
    import numpy as np

    from ..runtime import random_uniform
    from ..tensor import random

    if input.dtype not in (dt.float32, dt.float64):
        refuse("rrelu_with_noise_out_cpu", input.dtype)
    array = input.detach()._array()
    slopes = np.ones(array.shape, array.dtype)
    chosen = array <= 0
    words = (generator or random.default_generator).words(random_uniform.uniform_words(int(chosen.sum()), dt.float64))
    low, high = slopes.dtype.type(lower), slopes.dtype.type(upper)
    slopes[chosen] = random_uniform.uniform(words, dt.float64, float(low), float(high))
    return Op.from_array(slopes)


def _rrelu(input, lower, upper, training, generator, write):
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if training:
        operands, attrs = (input, _slopes(input, lower, upper, generator)), (lower, upper, True)
        return Op.apply_write(rrelu_into, input, operands, attrs) if write else Op.apply(rrelu_op, operands, attrs)
    if write:
        return Op.apply_write(rrelu_eval_into, input, (input,), (lower, upper))
    return Op.apply(rrelu_eval_op, (input,), (lower, upper))


@public(method=False)
def rrelu(input, lower=1 / 8, upper=1 / 3, training=False, generator=None):
    """leaky_relu whose slope is drawn for each element in training, and is the middle otherwise."""
    return _rrelu(input, lower, upper, training, generator, False)


@public(name="rrelu_", method=False)
def rrelu_(input, lower=1 / 8, upper=1 / 3, training=False, generator=None):
    return _rrelu(input, lower, upper, training, generator, True)


def _outside(g, x, limit):
    return A.where_op(A.gt_op(A.abs_op(x), limit), g, 0)


def _softshrink(x, limit):
    up, down = P.binary("gt", x, num(limit, x)), P.binary("lt", x, num(-limit, x))
    inside = P.where(P.unary("isnan", x), x, num(0, x))
    return P.where(up, P.binary("sub", x, num(limit, x)), P.where(down, P.binary("add", x, num(limit, x)), inside))


softshrink_op = activation("softshrink", _softshrink, lambda g, input, lambd: _outside(g, input, lambd), "lambd",
                            kernel="softshrink_check")


def softshrink(input, lambd=0.5):
    """input less lambd towards 0; 0 within lambd of it."""
    if lambd < 0:
        top = "3.40282e+38" if input.dtype is not dt.float64 else "1.79769e+308"
        raise RuntimeError(f"lambda must be in range [0, {top}] for input dtype {dt.long_name(input.dtype)}, but found {lambd:g}")
    return Op.apply(softshrink_op, (input,), (lambd,))


def _hardshrink(x, limit):
    inside = P.binary("and", P.binary("ge", x, num(-limit, x)), P.binary("le", x, num(limit, x)))
    return P.where(inside, num(0, x), x)


hardshrink_op = activation("hardshrink", _hardshrink, lambda g, input, lambd: _outside(g, input, lambd), "lambd",
                            kernel="hardshrink_cpu")


@public()
def hardshrink(input, lambd=0.5):
    """0 within lambd of 0, else input."""
    return Op.apply(hardshrink_op, (input,), (lambd,))


def _gate(x):
    """min(max(x + 3, 0), 6) / 6."""
    held = P.binary("min", P.binary("max", P.binary("add", x, num(3, x)), num(0, x)), num(6, x))
    return P.binary("div", held, num(6, x))


hardsigmoid_op = activation("hardsigmoid", _gate, kernel="hardsigmoid_cpu", gradient=lambda g, input: A.where_op(
    A.logical_and_op(A.gt_op(input, -3), A.lt_op(input, 3)), A.div_op(g, 6), 0))
hardswish_op = activation(
    "hardswish", lambda x: P.binary("div", P.binary("mul", x, P.binary("mul", _gate(x), num(6, x))), num(6, x)), kernel="hardswish_cpu",
    gradient=lambda g, input: A.where_op(A.le_op(input, -3), 0, A.where_op(
        A.lt_op(input, 3), A.mul_op(g, A.add_op(A.div_op(input, 3), 0.5)), g)))


def hardsigmoid(input):
    """min(max(input + 3, 0), 6) / 6."""
    return Op.apply(hardsigmoid_op, (input,))


def hardswish(input):
    """input * hardsigmoid(input)."""
    return Op.apply(hardswish_op, (input,))


hardsigmoid_, hardswish_ = write(hardsigmoid_op), write(hardswish_op)
