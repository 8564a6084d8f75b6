"""The functions behind the layers. Names and signatures as in torch.nn.functional."""
import rushlight as torch

from . import _reduction
from ..ops.convolution import conv1d, conv2d, conv3d                        # noqa: F401
from ..ops.pooling import max_pool1d, max_pool2d, max_pool3d                # noqa: F401
from ..ops.products import linear                                           # noqa: F401
from ..ops.embedding import one_hot                                         # noqa: F401
from ..ops import activations as _activations
from ..ops import cross_entropy as _classes
from ..ops import dropout as _dropout
from ..ops import embedding as _embedding
from ..ops import losses as _losses
from ..ops import softmax as _softmax


# ------------------------------------------------------------------ activations
def relu(input, inplace=False):
    """max(input, 0)."""
    return input.relu_() if inplace else _activations.relu(input)


def tanh(input):
    return input.tanh()


def sigmoid(input):
    return input.sigmoid()


def _implicit_dim(name, ndim, stacklevel):
    """The dimension that softmax takes when none is given; warns, as this is deprecated."""
    import warnings

    warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
                  stacklevel=stacklevel)
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) over its sum along dim."""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return _softmax.softmax(input, dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-input)."""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return _softmax.softmax(-input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return _softmax.log_softmax(input, dim, dtype)


# ------------------------------------------------------------------ losses
def _reduction_of(size_average, reduce, reduction):
    if size_average is not None or reduce is not None:
        return _reduction.legacy_get_string(size_average, reduce)
    return reduction


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
                  label_smoothing=0.0):
    """The cross entropy of softmax(input) and class indices or probabilities. input (C), (N, C) or (N, C, d1, ...)."""
    reduction = _reduction_of(size_average, reduce, reduction)
    return _classes.cross_entropy(input, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """The negative log-likelihood of class indices under log-probabilities."""
    reduction = _reduction_of(size_average, reduce, reduction)
    return _classes.nll_loss(input, target, weight, reduction, ignore_index)


def _warn_sizes(input, target, stacklevel=3):
    import warnings

    warnings.warn(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely "
                  "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=stacklevel)


def _weighted(loss, input, weight, reduction):
    """Elementwise losses weighed, and reduced by the sum of weights."""
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "none":
        return loss
    return loss.sum() / weight.sum() if reduction == "mean" else loss.sum()


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target) squared."""
    if target.size() != input.size():
        _warn_sizes(input, target)
    reduction = _reduction_of(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_losses.mse_loss(input, target, "none"), input, weight, reduction)
    return _losses.mse_loss(input, target, reduction)


# ------------------------------------------------------------------ dropout
def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """In training, zeroes elements with probability p and scales the rest by 1 / (1 - p)."""
    _check_probability(p)
    return _dropout.dropout_(input, p, training) if inplace else _dropout.dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps the mean and variance that SELU gives."""
    _check_probability(p)
    return _dropout.alpha_dropout_(input, p, training) if inplace else _dropout.alpha_dropout(input, p, training)


# ------------------------------------------------------------------ tables
def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of weight (V, D) at the indices input (*): shaped (*, D)."""
    if padding_idx is not None:
        if padding_idx > 0:
            assert padding_idx < weight.size(0), "Padding_idx must be within num_embeddings"
        elif padding_idx < 0:
            assert padding_idx >= -weight.size(0), "Padding_idx must be within num_embeddings"
            padding_idx = weight.size(0) + padding_idx
    else:
        padding_idx = -1
    if max_norm is not None:
        with torch.no_grad():
            _embedding.renormalise(weight, input, max_norm, norm_type)
    return _embedding.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)
