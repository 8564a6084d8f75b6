"""Normalisation over the batch, and over each image alone. Source: torch.nn.functional.batch_norm (Ioffe and Szegedy 2015) and
instance_norm (Ulyanov et al. 2016)."""
from math import prod

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public
from .moments import (affine, back_through, check_dtypes, like, moments, op_like, op_wide, reciprocal_deviation, shaped, statistics,
                      sum_kept)
from .spatial import as_first, channel, wide


# ------------------------------------------------------------------ over the batch
def _all_but_channels(shape):
    return (0,) + tuple(range(2, len(shape)))


def _batch_norm(x, weight, bias, eps):
    dtype, x = x.dtype, wide(x)
    mean, off, var = moments(x, _all_but_channels(x.shape))
    scale = reciprocal_deviation(var, eps)
    if weight is not None:
        scale = P.binary("mul", scale, channel(like(weight, x), x.ndim))
    out = affine(off, scale, None if bias is None else channel(like(bias, x), x.ndim))
    flat = (x.shape[1],)
    return [P.cast(out, dtype), P.reshape(mean, flat), P.reshape(var, flat)]


def _by_channel(v, ndim):
    return shaped(v, (1,) + tuple(v.shape) + (1,) * (ndim - 2))


def _batch_norm_gradient(gs, input, weight, result1, result2, needs, eps):
    x, g = op_wide(input), op_wide(gs[0])
    ndim, dims = len(x.shape), _all_but_channels(x.shape)
    flat = (x.shape[1],)
    mean, var = statistics(x, _by_channel(result1, ndim), _by_channel(result2, ndim), dims)
    off, inverse = A.sub_op(x, mean), A.rsqrt_op(A.add_op(var, eps))
    dx = dw = None
    if needs[0]:
        dx = back_through(g, off, inverse, dims)
        if weight is not None:
            dx = A.mul_op(dx, _by_channel(op_like(weight, x), ndim))
    if needs[1]:
        dw = shaped(A.mul_op(sum_kept(A.mul_op(g, off), dims), inverse), flat)
    return [dx, dw, shaped(sum_kept(g, dims), flat) if needs[2] else None]


batch_norm_op = Op("batch_norm", "input weight bias", "eps", compute=_batch_norm, node="NativeBatchNormBackward0", nout=3,
                   nondifferentiable=(1, 2), grad=_batch_norm_gradient)


def _batch_norm_eval(x, weight, bias, mean, var, eps):
    dtype, x = x.dtype, wide(x)
    scale = reciprocal_deviation(like(var, x), eps)
    if weight is not None:
        scale = P.binary("mul", scale, like(weight, x))
    shift = P.unary("neg", P.binary("mul", like(mean, x), scale))
    if bias is not None:
        shift = P.binary("add", shift, like(bias, x))
    return P.cast(affine(x, channel(scale, x.ndim), channel(shift, x.ndim)), dtype)


def _batch_norm_eval_gradient(g, input, weight, running_mean, running_var, needs, eps):
    x, g = op_wide(input), op_wide(g)
    ndim, dims = len(x.shape), _all_but_channels(x.shape)
    flat = (x.shape[1],)
    inverse = A.rsqrt_op(A.add_op(op_like(running_var, x), eps))
    dx = dw = None
    if needs[0]:
        dx = A.mul_op(g, _by_channel(inverse if weight is None else A.mul_op(inverse, op_like(weight, x)), ndim))
    if needs[1]:
        off = A.sub_op(x, _by_channel(op_like(running_mean, x), ndim))
        dw = A.mul_op(shaped(sum_kept(A.mul_op(g, off), dims), flat), inverse)
    return [dx, dw, shaped(sum_kept(g, dims), flat) if needs[2] else None, None, None]


batch_norm_eval_op = Op("batch_norm_eval", "input weight bias running_mean running_var", "eps", compute=_batch_norm_eval,
                        node="NativeBatchNormBackward0", grad=_batch_norm_eval_gradient, display="batch_norm")


batch_norm_op.layout = batch_norm_eval_op.layout = as_first


def _running(old, new, momentum, correction):
    """old moved towards new * correction by momentum."""
    momentum = P.cast(momentum, new.dtype)
    rest = P.binary("sub", P.const(1, new.dtype), momentum)
    new = P.binary("mul", new, P.binary("mul", momentum, P.const(correction, new.dtype)))
    return P.binary("add", P.binary("mul", P.cast(old, new.dtype), rest), new)


running_op = Op("running_statistics", "input new momentum", "correction", compute=_running)


def _update_running(running, new, momentum, correction):
    Op.apply_write(running_op, running, (running, new, float(momentum)), (correction,))
    running._counter.n -= 1     # PyTorch's kernel writes them without counting a version


def _check_channels(input, running_mean, running_var, weight, bias):
    shape = input._meta.shape
    channels = shape[1] if len(shape) > 1 else 0
    for name, t in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)):
        if t is not None and t._meta.numel != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {t._meta.numel}")


def _run_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps):
    """The output, and in training the batch's mean and variance."""
    if not training:
        for name, t in (("running_mean", running_mean), ("running_var", running_var)):
            if t is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_channels(input, running_mean, running_var, weight, bias)
    check_dtypes("batch_norm", input, weight, bias, running_mean, running_var)
    if not training:
        return Op.apply(batch_norm_eval_op, (input, weight, bias, running_mean, running_var), (eps,)), None, None
    out, mean, var = Op.apply(batch_norm_op, (input, weight, bias), (eps,))
    n = input._meta.numel // max(input._meta.shape[1], 1)
    if running_mean is not None and n:
        _update_running(running_mean, mean, momentum, 1.0)
    if running_var is not None and n:
        _update_running(running_var, var, momentum, n / (n - 1) if n > 1 else float("nan"))
    return out, mean, var


def _check_batch_size(shape):
    """Statistics of one value a channel would be its own."""
    values = prod(shape) // (shape[1] if len(shape) > 1 and shape[1] else 1)
    if values == 1 and len(shape) > 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {shape}")


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Each channel of input (N, C, *) less its mean, over its standard deviation; then times weight, plus bias.

    In training the statistics are those of the batch, and the running ones move towards them by momentum.
    """
    if training:
        if eps <= 0.0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
        _check_batch_size(input.size())
        if (running_mean is None) != (running_var is None):
            raise ValueError("running_mean and running_var must either both be None or neither be None")
    return _run_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@public(name="batch_norm", method=False)
def _torch_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled):
    return _run_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@public(method=False)
def native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps):
    """batch_norm, and in training the batch's mean and reciprocal standard deviation."""
    out, mean, var = _run_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)
    if mean is None:
        return out, out.detach().new_empty(0), out.detach().new_empty(0)
    return out, mean, (var + eps).rsqrt()


# ------------------------------------------------------------------ over each image
def _repeated(t, images):
    """A vector over channels, once for every image."""
    return None if t is None else t.unsqueeze(0).expand(images, -1).reshape(-1)


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    """batch_norm for each image of input (N, C, *) alone; the running statistics follow the mean over the images."""
    shape = input.size()
    if use_input_stats and prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {shape}")
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    images, channels = shape[0], shape[1]
    weight, bias, mean, var = (_repeated(t, images) for t in (weight, bias, running_mean, running_var))
    out = input.reshape((1, images * channels) + tuple(shape[2:]))
    # these two belong to no one else, and may be of another dtype than the image
    mean, var = (t if t is None or t.dtype is input.dtype or input.dtype is not dt.float64 else t.to(input.dtype) for t in (mean, var))
    out = _run_batch_norm(out, weight, bias, mean, var, use_input_stats, momentum, eps)[0]
    if use_input_stats:
        for running, new in ((running_mean, mean), (running_var, var)):
            if running is not None:
                running.copy_(new.view(images, channels).mean(0).to(running.dtype))
    return out.view(shape)


@public(name="instance_norm", method=False)
def _torch_instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled):
    return instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
