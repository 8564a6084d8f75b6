"""Connectionist temporal classification. Source: Graves et al., 2006, and torch.nn.functional.ctc_loss.

Runs on the host: a loop over time, all sequences of the batch at once. The states of a target of n labels are
2 n + 1: a blank before each label, and one at the end.
"""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public
from .losses import reduction_name


def _states(targets, lengths, blank):
    """(N, S) classes of the states, and which states may be reached by skipping one."""
    longest = int(lengths.max()) if lengths.size else 0
    padded = np.full((len(lengths), longest), blank, np.int64)
    if targets.ndim == 2:
        padded[:] = targets[:, :longest]
    else:
        at = 0
        for i, n in enumerate(lengths):
            padded[i, :n] = targets[at:at + n]
            at += n
    states = np.full((len(lengths), 2 * longest + 1), blank, np.int64)
    states[:, 1::2] = padded
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    return states, skips


def _log_sum(*terms):
    """log of the sum of exponentials; -inf where all are."""
    top = terms[0]
    for t in terms[1:]:
        top = np.maximum(top, t)
    safe = np.where(np.isneginf(top), 0, top)
    total = sum(np.exp(t - safe) for t in terms)
    return np.log(total) + safe


def _shifted(row, by):
    """Each state's value moved `by` states on (back, if negative), -inf coming in."""
    out = np.full_like(row, -np.inf)
    if by > 0:
        out[:, by:] = row[:, :-by]
    else:
        out[:, :by] = row[:, -by:]
    return out


def _forward(logs, states, skips, target_lengths):
    """log of the probability of all beginnings that end in each state: (T, N, S)."""
    steps, n, _ = logs.shape
    at = np.take_along_axis(logs, np.broadcast_to(states, (steps,) + states.shape), 2)
    alpha = np.full(at.shape, -np.inf, logs.dtype)
    alpha[0, :, 0] = at[0, :, 0]
    if states.shape[1] > 1:
        alpha[0, :, 1] = np.where(target_lengths > 0, at[0, :, 1], -np.inf)
    beyond = np.arange(states.shape[1]) > 2 * target_lengths[:, None]
    for t in range(1, steps):
        last = alpha[t - 1]
        leap = np.where(skips, _shifted(last, 2), -np.inf)
        alpha[t] = np.where(beyond, -np.inf, _log_sum(last, _shifted(last, 1), leap) + at[t])
    return alpha, at


def _loss_of(alpha, input_lengths, target_lengths):
    """-log of the probability of each target."""
    rows = np.arange(len(input_lengths))
    if alpha.shape[0] == 0:
        return np.where(target_lengths == 0, 0.0, np.inf).astype(alpha.dtype)
    final = alpha[np.maximum(input_lengths - 1, 0), rows]
    end = 2 * target_lengths
    total = _log_sum(final[rows, end], np.where(target_lengths > 0, final[rows, np.maximum(end - 1, 0)], -np.inf))
    return np.where(input_lengths == 0, np.where(target_lengths == 0, 0.0, np.inf), -total).astype(alpha.dtype)


def _run(logs, targets, input_lengths, target_lengths, blank):
    """The loss of each sequence, (N,)."""
    states, skips = _states(targets, target_lengths, blank)
    alpha, _ = _forward(logs, states, skips, target_lengths)
    return _loss_of(alpha, input_lengths, target_lengths)


def _run_backward(grad, logs, targets, input_lengths, target_lengths, blank, zero_infinity):
    """The gradient in the log-probabilities, as of a log_softmax: (T, N, C)."""
    steps, n, classes = logs.shape
    states, skips = _states(targets, target_lengths, blank)
    alpha, at = _forward(logs, states, skips, target_lengths)
    loss = _loss_of(alpha, input_lengths, target_lengths)
    beta = _backward(at, states, skips, input_lengths, target_lengths)
    through = alpha + beta                     # log of alpha beta, which counts at[t] twice
    top = np.full((steps, n, classes), -np.inf, logs.dtype)
    rows = np.arange(n)
    for s in range(states.shape[1]):
        where_ = (slice(None), rows, states[:, s])
        top[where_] = _log_sum(top[where_], through[:, :, s])
    out = np.exp(logs) - np.exp(top + loss[None, :, None] - logs)
    out *= grad[None, :, None]
    if zero_infinity:
        out[:, np.isinf(loss)] = 0
    out[np.arange(steps)[:, None] >= input_lengths[None, :]] = 0
    return out


def _backward(at, states, skips, input_lengths, target_lengths):
    """log of the probability of all ends that begin in each state: (T, N, S)."""
    steps, n, count = at.shape
    beta = np.full(at.shape, -np.inf, at.dtype)
    place = np.arange(count)[None, :]
    ends = (place == 2 * target_lengths[:, None]) | ((place == 2 * target_lengths[:, None] - 1) & (target_lengths[:, None] > 0))
    beyond = place > 2 * target_lengths[:, None]
    leaps = np.zeros_like(skips)
    leaps[:, :-2] = skips[:, 2:]
    after = np.full((n, count), -np.inf, at.dtype)
    for t in range(steps - 1, -1, -1):
        leap = np.where(leaps, _shifted(after, -2), -np.inf)
        row = np.where(beyond, -np.inf, _log_sum(after, _shifted(after, -1), leap) + at[t])
        row = np.where((input_lengths == t + 1)[:, None], np.where(ends, at[t], -np.inf), row)
        row = np.where((input_lengths <= t)[:, None], -np.inf, row)
        beta[t] = after = row
    return beta


def _as_int64(*values):
    return [P.cast(v, dt.int64) for v in values]


def _compute(logs, targets, input_lengths, target_lengths, blank, zero_infinity):
    return P.call(_run, (logs, *_as_int64(targets, input_lengths, target_lengths)), [((logs.shape[1],), logs.dtype)], (blank,))[0]


def _compute_dx(grad, logs, targets, input_lengths, target_lengths, blank, zero_infinity):
    return P.call(_run_backward, (grad, logs, *_as_int64(targets, input_lengths, target_lengths)), [(logs.shape, logs.dtype)],
                  (blank, zero_infinity))[0]


def _gradient(g, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity):
    return ctc_dx(g, log_probs, targets, input_lengths, target_lengths, blank=blank, zero_infinity=zero_infinity)


ctc_op = Op("ctc_loss", "log_probs targets input_lengths target_lengths", "blank zero_infinity", compute=_compute,
            grads={"log_probs": _gradient})
ctc_dx = Op("ctc_loss_dx", "grad log_probs targets input_lengths target_lengths", "blank zero_infinity", compute=_compute_dx)


# ------------------------------------------------------------------ checks
_WHILE = "(while checking arguments for ctc_loss_allocate_outputs)"


def _check_lengths(array, steps):
    if array.size and array.min() < 0:
        raise RuntimeError(f"Expected input_lengths to have value at least 0, but got value {array[array < 0][0]} {_WHILE}")
    if array.size and array.max() > steps:
        raise RuntimeError(f"Expected input_lengths to have value at most {steps}, but got value {array[array > steps][0]} {_WHILE}")


def _check_target_lengths(array, shape):
    if array.size and array.min() < 0:
        raise RuntimeError(f"Expected target_lengths to have value at least 0, but got value {array[array < 0][0]} {_WHILE}")
    if len(shape) == 1:
        if array.sum() != shape[0]:
            raise RuntimeError(f"Expected tensor to have size {array.sum()} at dimension 0, but got size {shape[0]} for argument #2 "
                               f"'targets' {_WHILE}")
    elif array.size and array.max() > shape[1]:
        raise RuntimeError(f"Expected tensor to have size at least {array.max()} at dimension 1, but got size {shape[1]} for argument #2 "
                           f"'targets' {_WHILE}")


def _lengths(value, name, batch, like):
    if not isinstance(value, Op.Tensor):
        value = Op.from_array(np.asarray(value, np.int64))
    if value.dtype.is_floating_point or value.dtype is dt.bool_:
        raise RuntimeError(f"{name} must be integral")
    value = value.reshape(-1)
    if value._meta.shape != (batch,):
        raise RuntimeError(f"{name} must be of size batch_size")
    return value


@public(method=False)
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False):
    """The loss of target sequences under log_probs (T, N, C) or (T, C). targets (N, S), or all in one row."""
    if log_probs.dtype not in (dt.float32, dt.float64):
        raise NotImplementedError(f'"ctc_loss_cpu" not implemented for \'{dt.long_name(log_probs.dtype)}\'')
    single = log_probs._meta.ndim == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        if targets._meta.ndim == 1:
            targets = targets.unsqueeze(0)
    steps, batch, classes = log_probs._meta.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    input_lengths = _lengths(input_lengths, "input_lengths", batch, log_probs)
    target_lengths = _lengths(target_lengths, "target_lengths", batch, log_probs)
    shape = targets._meta.shape
    if len(shape) == 2 and shape[0] != batch:
        raise RuntimeError(f"Expected tensor to have size {batch} at dimension 0, but got size {shape[0]} for argument #2 'targets' "
                           f"{_WHILE}")
    target_lengths = Op.checked(target_lengths, _check_target_lengths, (shape,))
    input_lengths = Op.checked(input_lengths, _check_lengths, (steps,))
    loss = Op.apply(ctc_op, (log_probs, targets, input_lengths, target_lengths), (blank, bool(zero_infinity)))
    if zero_infinity:
        loss = Op.apply(A.where_op, (loss == float("inf"), 0.0, loss))
    reduction = reduction_name(reduction)
    if reduction == "mean":
        return (loss / target_lengths.clamp(min=1).to(loss.dtype)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss.squeeze(0) if single else loss
