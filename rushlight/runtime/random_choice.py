"""Draws of indices: permutations, and categories with and without replacement.

Source: torch.randperm, torch.multinomial; Fisher and Yates' shuffle, from the front.
"""
import numpy as np

from . import dtypes
from .random_bits import float64_units, round_to
from .random_inverse import exponential, inverse_words

_OTHER_WAY = (2**32 - 1) // 20  # from this size on PyTorch shuffles another way, with two words an element
_LOOP = 500  # up to here a Python loop is quicker


def permutation_words(n):
    """Words for a permutation of n."""
    if n >= _OTHER_WAY:
        raise NotImplementedError(f"randperm of n >= {_OTHER_WAY} is not implemented, got n = {n}")
    return max(n - 1, 0)


def permutation(words, n):
    """A permutation of 0 .. n-1, int64."""
    if n < 2:
        return np.arange(n)
    if n <= _LOOP:
        order = list(range(n))
        for i, word in enumerate(words.tolist()):
            j = i + word % (n - i)
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)
    step = np.arange(n, dtype=np.int64)
    target = step.copy()
    target[:-1] += words % (n - step[:-1])
    return _swapped(step, target)


def _swapped(step, target):
    """What swapping places `step[i]` and `target[i]` >= i, for i = 0, 1, ..., makes of 0 .. n-1.

    Swap i puts into place i what lies at target[i]: what the last earlier swap with that target put there, or what was
    there at first. And that earlier swap k put there what lay at place k, which came by an even earlier swap with
    target k. So each swap has at most one parent, and following the parents to their roots (here all at once, each time
    twice as far) gives the result without a loop over the elements.
    """
    n = len(step)
    order = np.sort(target * n + step)  # by target, then by time
    by_target, when = np.divmod(order, n)
    same = by_target[1:] == by_target[:-1]
    previous = np.full(n, -1, np.int64)  # the last earlier swap with the same target
    previous[when[1:][same]] = when[:-1][same]
    last = np.append(~same, True)
    arrival = np.full(n, -1, np.int64)  # the last swap that puts something into place i before step i
    arrival[by_target[last]] = when[last]
    itself = arrival == step
    arrival[itself] = previous[itself]
    root = np.where(arrival < 0, step, arrival)
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return np.where(previous < 0, target, root[previous])


def _by_race(samples, replacement):
    return samples == 1 or not replacement


def multinomial_words(rows, categories, samples, replacement):
    """Words for `samples` draws from each of `rows` distributions."""
    if _by_race(samples, replacement):
        return inverse_words(rows * categories)
    return 2 * rows * samples


def multinomial(words, weights, samples, replacement, dtype=None):
    """Categories drawn: int64 of (rows, samples), from (rows, categories) weights.

    weights  float32 or float64; narrower floats come as float32 with their `dtype`. Without replacement, or for one
             sample, the weights race: each is divided by an exponential, and the greatest win. Narrow floats often tie
             there, and ties go to the smaller index, which is not always PyTorch's choice.
    """
    rows, categories = weights.shape
    if _by_race(samples, replacement):
        if dtype is None:
            dtype = dtypes.from_numpy_dtype(weights.dtype)
        clock = exponential(words, dtypes.float64 if dtype is dtypes.float64 else dtypes.float32)
        clock = round_to(clock, dtype).reshape(weights.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = round_to(weights / clock, dtype)
        if samples == 1:
            return score.argmax(-1, keepdims=True)
        return np.argsort(-score, -1, kind="stable")[:, :samples]
    cumulative = np.cumsum(weights, -1, dtype=weights.dtype)
    cumulative /= cumulative[:, -1:].copy()
    cumulative[:, -1] = 1.0
    units = float64_units(words).reshape(rows, samples)
    cumulative = cumulative.astype(np.float64)
    return np.stack([np.searchsorted(cumulative[row], units[row]) for row in range(rows)]) if rows else (
        np.empty((0, samples), np.int64))
