"""Losses. `reduction` is "mean", "sum" or "none"; size_average and reduce are its deprecated forms."""
from ...ops import cross_entropy as _classes
from ...ops import losses as _losses
from .. import _reduction


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


def _warn_sizes(input, target):
    import warnings

    warnings.warn(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely "
                  "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=3)


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
