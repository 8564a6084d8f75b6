"""Losses. `reduction` is "mean", "sum" or "none"; size_average and reduce are its deprecated forms."""
import rushlight as torch

from ...ops import cross_entropy as _classes
from ...ops import ctc as _ctc
from ...ops import losses as _ops
from ...ops import margin_losses as _margins
from .. import _reduction


def _reduction_of(size_average, reduce, reduction):
    if size_average is not None or reduce is not None:
        return _reduction.legacy_get_string(size_average, reduce)
    return reduction


def _checked_reduction(size_average, reduce, reduction):
    reduction = _reduction_of(size_average, reduce, reduction)
    _reduction.get_enum(reduction)
    return reduction


# ------------------------------------------------------------------ classes
def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
                  label_smoothing=0.0):
    """The cross entropy of softmax(input) and class indices or probabilities. input (C), (N, C) or (N, C, d1, ...)."""
    reduction = _reduction_of(size_average, reduce, reduction)
    return _classes.cross_entropy(input, target, weight, reduction, ignore_index, label_smoothing)


def linear_cross_entropy(input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean", ignore_index=None,
                         label_smoothing=0.0, options=None):
    """cross_entropy of linear(input, linear_weight, linear_bias). input (N, in) or (in)."""
    if options is not None:
        raise NotImplementedError("linear_cross_entropy: options (how to cut the work in chunks) are not supported; leave it None")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    ignore_index = -100 if ignore_index is None else ignore_index
    logits = torch.nn.functional.linear(input, linear_weight, linear_bias)
    return _classes.cross_entropy(logits, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """The negative log-likelihood of class indices under log-probabilities."""
    reduction = _reduction_of(size_average, reduce, reduction)
    return _classes.nll_loss(input, target, weight, reduction, ignore_index)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification of log_probs (T, N, C) or (T, C)."""
    _reduction.get_enum(reduction)
    return _ctc.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


# ------------------------------------------------------------------ differences
def _warn_sizes(input, target):
    import warnings

    warnings.warn(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely "
                  "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=3)


def _weighted(loss, input, weight, reduction):
    """Elementwise losses weighed, and reduced by the sum of weights."""
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.sum()
    return _plainly_reduced(loss, reduction)


def _plainly_reduced(loss, reduction):
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
    return _ops.reduce_tensor(loss, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target) squared."""
    if target.size() != input.size():
        _warn_sizes(input, target)
    reduction = _reduction_of(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_ops.mse_loss(input, target, "none"), input, weight, reduction)
    return _ops.mse_loss(input, target, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|."""
    if target.size() != input.size():
        _warn_sizes(input, target)
    reduction = _reduction_of(size_average, reduce, reduction)
    if weight is not None:
        return _weighted(_ops.l1_loss(input, target, "none"), input, weight, reduction)
    return _ops.l1_loss(input, target, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Half the square of the difference over beta up to beta, from there its size less half of beta."""
    if target.size() != input.size():
        _warn_sizes(input, target)
    return _ops.smooth_l1_loss(input, target, _reduction_of(size_average, reduce, reduction), beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the square of the difference up to delta, from there delta times its size less half delta squared."""
    if target.size() != input.size():
        _warn_sizes(input, target)
    if weight is None:
        return _ops.huber_loss(input, target, reduction, delta)
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    return _plainly_reduced(_ops.huber_loss(input, target, "none", delta) * weight, reduction)


# ------------------------------------------------------------------ yes and no
def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(target log(input) + (1 - target) log(1 - input)) for probabilities input."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is deprecated. "
                         "Please ensure they have the same size.")
    if weight is not None:
        weight = weight.expand(_expanded(weight.size(), target.size()))
    return _ops.binary_cross_entropy(input, target, weight, reduction)


def _expanded(size, target):
    """The shape that a weight takes; PyTorch's error if it does not broadcast to the target's."""
    lead = len(target) - len(size)
    for i in range(1, len(size) + 1):
        wanted = target[-i] if i <= len(target) else 1
        if size[-i] not in (1, wanted):
            raise RuntimeError(f"Attempting to broadcast a dimension of length {size[-i]} at -{i}! Mismatching argument at index 1 had "
                               f"{size}; but expected shape should be broadcastable to {list(target)}")
    return target if lead >= 0 else size


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    """binary_cross_entropy of sigmoid(input), computed without overflow; pos_weight weighs the positive term."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input)), targets 1 or -1."""
    return _ops.soft_margin_loss(input, target, _reduction_of(size_average, reduce, reduction))


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """binary_cross_entropy_with_logits, its mean over the last dimension."""
    reduction = _reduction_of(size_average, reduce, reduction)
    f = torch.nn.functional
    loss = -(target * f.logsigmoid(input) + (1 - target) * f.logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(dim=input.dim() - 1) / input.size(input.dim() - 1)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return _ops.reduce_tensor(loss, reduction)


# ------------------------------------------------------------------ distributions
def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target (log(target) - input) for log-probabilities input. "batchmean" is the mathematical mean."""
    reduction = _reduction_of(size_average, reduce, reduction)
    if reduction == "mean":
        import warnings

        warnings.warn("reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by "
                      "the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
                      "'batchmean' in the next major release.", stacklevel=2)
    if reduction == "batchmean":
        loss = _ops.kl_div(input, target, "sum", log_target=log_target)
        return loss / input.size()[0] if input.dim() != 0 else loss
    _reduction.get_enum(reduction)
    return _ops.kl_div(input, target, reduction, log_target=log_target)


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    """exp(input) - target * input; without log_input, input - target * log(input + eps)."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    return _ops.poisson_nll_loss(input, target, log_input, full, eps, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """(log(var) + (input - target)^2 / var) / 2, with var at least eps; full adds log(2 pi) / 2."""
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * torch.ones_like(input)
    elif bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif not (input.size()[:-1] == var.size()[:-1] and var.size(-1) == 1):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (torch.log(var) + (input - target) ** 2 / var)
    if full:
        import math

        loss = loss + 0.5 * math.log(2 * math.pi)
    return _ops.reduce_tensor(loss, reduction)


# ------------------------------------------------------------------ margins
def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1, max(0, margin - input) where it is -1."""
    return _margins.hinge_embedding_loss(input, target, margin, _checked_reduction(size_average, reduce, reduction))


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos where target is 1, max(0, cos - margin) where it is -1."""
    return _margins.cosine_embedding_loss(input1, input2, target, margin, _checked_reduction(size_average, reduce, reduction))


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target * (input1 - input2) + margin)."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError("margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
                           f"{input1.size()}, input2: {input2.size()}, target: {target.size()} ")
    return _margins.margin_ranking_loss(input1, input2, target, margin, reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The mean over classes of max(0, margin - input[target] + input) to the power p."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    if p != 1 and p != 2:
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return _margins.multi_margin_loss(input, target, p, margin, weight, reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """Hinges between every target class and every other; targets end at the first -1."""
    return _margins.multilabel_margin_loss(input, target, _checked_reduction(size_average, reduce, reduction))


def _check_margin(margin):
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None,
                        reduction="mean"):
    """max(0, distance(anchor, positive) - distance(anchor, negative) + margin). swap: also from the positive."""
    reduction = _checked_reduction(size_average, reduce, reduction)
    _check_margin(margin)
    return _margins.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction)


def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False,
                                      reduction="mean"):
    """triplet_margin_loss by any distance function."""
    _reduction.get_enum(reduction)
    _check_margin(margin)
    distance = distance_function or torch.pairwise_distance
    return _margins.triplet_with_distance(anchor, positive, negative, distance, margin, swap, reduction)
