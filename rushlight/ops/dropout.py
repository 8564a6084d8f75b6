"""Dropout in its forms. Masks are drawn as PyTorch's CPU generator draws them, in the order of memory."""
import math

from ..graph import layout
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public

_ALPHA = 1.7580993408473766         # of SELU: what dropped elements become is minus this, before the correction


def mask_values(ticket, p, shape, dtype, order):
    """Zeros with probability p, else 1 / (1 - p); drawn in the given order of dimensions."""
    if order is None:
        kept = P.words(ticket, "bernoulli", (1 - p,), shape, dtype)
    else:
        inverse = sorted(range(len(order)), key=order.__getitem__)
        kept = P.permute(P.words(ticket, "bernoulli", (1 - p,), tuple(shape[d] for d in order), dtype), inverse)
    return P.binary("mul", kept, P.const(1 / (1 - p), dtype))


def _dropout(x, ticket, p, order):
    mask = mask_values(ticket, p, x.shape, x.dtype, order)
    return [P.binary("mul", x, mask), mask]


dropout_op = Op("dropout", "input ticket", "p order", compute=_dropout, nout=2, nondifferentiable=(1,), node="MulBackward0",
                grad=lambda gs, result1: [A.mul_op(gs[0], result1), None])
dropout_op.layout = layout.iterator
mask_op = Op("dropout_mask", "ticket", "p shape dtype order", compute=mask_values)


def _order(meta):
    """The dimensions from the widest stride to the narrowest; None if that is their own order."""
    if meta.contiguous or meta.ndim < 2:
        return None
    strides, shape = meta.strides, meta.shape
    order = sorted(range(meta.ndim), key=lambda d: (-strides[d], d)) if 0 not in strides else list(range(meta.ndim))
    order = [d for d in order if shape[d] != 1] + [d for d in order if shape[d] == 1]
    return None if order == sorted(order) else tuple(order)


def reserve(count, p):
    from ..runtime import random_draws
    from ..tensor import random

    return random_draws.reserve(random.default_generator, "bernoulli", (1 - p,), count, None)


def _check(p, input):
    if p < 0 or p > 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")


def _needs_float(input):
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dt.long_name(input.dtype)}")


@public(method=False)
def dropout(input, p, train):
    """input with elements zeroed with probability p, the others times 1 / (1 - p)."""
    _check(p, input)
    meta = input._meta
    if p == 0 or not train or meta.numel == 0:
        return input
    if p == 1:
        return _nothing(input, False)
    _needs_float(input)
    return Op.apply(dropout_op, (input, reserve(meta.numel, p)), (p, _order(meta)))[0]


def _nothing(input, inplace):
    """What is left when everything is dropped."""
    zero = input.new_zeros(())
    return input.mul_(zero) if inplace else input * zero


def _noise(input, p, shape, scaled=True):
    """A mask of its own: 1 / (1 - p) where an element stays, or 1 if not scaled."""
    _needs_float(input)
    count = math.prod(shape)
    if scaled:
        return Op.apply(mask_op, (reserve(count, p),), (p, shape, input.dtype, None))
    from ..tensor import random

    return random.draw("bernoulli", (1 - p,), shape, input.dtype)


def _channels(input):
    """The shape of one mask element a channel."""
    shape = input._meta.shape
    if len(shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return shape[:2] + (1,) * (len(shape) - 2)


@public(name="dropout_", method=False)
def dropout_(input, p, train):
    _check(p, input)
    if p == 0 or not train or input._meta.numel == 0:
        return input
    if p == 1:
        return _nothing(input, True)
    _needs_float(input)
    meta = input._meta
    return input.mul_(Op.apply(mask_op, (reserve(meta.numel, p),), (p, meta.shape, meta.dtype, _order(meta))))


def _feature(input, p, train, inplace):
    _check(p, input)
    if p == 0 or not train or input._meta.numel == 0:
        return input
    if p == 1:
        return _nothing(input, inplace)
    noise = _noise(input, p, _channels(input))
    return input.mul_(noise) if inplace else input * noise


@public(method=False)
def feature_dropout(input, p, train):
    """Dropout of whole channels."""
    return _feature(input, p, train, False)


@public(name="feature_dropout_", method=False)
def feature_dropout_(input, p, train):
    return _feature(input, p, train, True)


def _alpha(input, p, train, shape, inplace):
    _check(p, input)
    if p == 0 or not train or input._meta.numel == 0:
        return input
    if p == 1:
        return _nothing(input, inplace)
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    kept = _noise(input, p, shape(input), scaled=False)
    shift = (kept - 1) * (_ALPHA * a) + _ALPHA * a * p
    scale = kept * a
    return input.mul_(scale).add_(shift) if inplace else input * scale + shift


def _whole(input):
    return input._meta.shape


@public(method=False)
def alpha_dropout(input, p, train):
    """Dropout that keeps the mean and variance that SELU gives. Source: Klambauer et al., 2017."""
    return _alpha(input, p, train, _whole, False)


@public(name="alpha_dropout_", method=False)
def alpha_dropout_(input, p, train):
    return _alpha(input, p, train, _whole, True)


@public(method=False)
def feature_alpha_dropout(input, p, train):
    """alpha_dropout of whole channels."""
    return _alpha(input, p, train, _channels, False)


@public(name="feature_alpha_dropout_", method=False)
def feature_alpha_dropout_(input, p, train):
    return _alpha(input, p, train, _channels, True)
