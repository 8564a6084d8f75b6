"""Runs one expression on Rushlight and on PyTorch and compares all that a user sees of it.

An expression is text, evaluated with these names: `torch`, `F` (torch.nn.functional), and

    r(2, 3)              normal numbers, a leaf that requires a gradient;  dtype="float16", grad=False
    n(5, 2, 3)           integers below 5, of shape (2, 3);  dtype="int64"
    cl(2, 3, 4, 4)       as r, in channels_last order
    leaf(tensor)         the tensor as a leaf that requires a gradient

Both libraries are given the same numbers. Compared are values, dtypes, shapes, strides, the names of the tape's nodes, gradients,
gradients of gradients, warnings, and the types and texts of errors.
"""
import warnings

import numpy as np

TOLERANCE = {"float64": 1e-9, "float32": 2e-5, "float16": 4e-3, "bfloat16": 4e-2}


class Numbers:
    """The leaves of one evaluation, the same for either library."""

    def __init__(self, torch):
        self.torch = torch
        self.random = np.random.RandomState(7)
        self.leaves = []

    def r(self, *shape, dtype="float32", grad=True):
        values = self.torch.from_numpy(self.random.standard_normal(shape)).to(getattr(self.torch, dtype))
        return self.leaf(values) if grad else values

    def cl(self, *shape):
        values = self.torch.from_numpy(self.random.standard_normal(shape)).to(self.torch.float32)
        order = self.torch.channels_last if len(shape) == 4 else self.torch.channels_last_3d
        return self.leaf(values.contiguous(memory_format=order))

    def n(self, high, *shape, dtype="int64"):
        return self.torch.from_numpy(self.random.randint(0, high, shape)).to(getattr(self.torch, dtype))

    def leaf(self, tensor):
        tensor = tensor.detach().requires_grad_()
        self.leaves.append(tensor)
        return tensor


class Outcome:
    """outs, nodes, strides, grads, seconds: lists;  error: "Type: text" or None;  warnings: texts."""

    def __init__(self):
        self.outs, self.nodes, self.strides, self.grads, self.seconds, self.warnings = [], [], [], [], [], []
        self.error = None


def evaluate(expression, torch, functional, order=2):
    """The outcome of an expression. order: 0 the value, 1 its gradient too, 2 the gradient's gradient too."""
    numbers, outcome = Numbers(torch), Outcome()
    names = {"torch": torch, "F": functional, "r": numbers.r, "n": numbers.n, "cl": numbers.cl, "leaf": numbers.leaf}
    torch.manual_seed(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            out = eval(expression, names)
            outs = list(out) if isinstance(out, (tuple, list)) else [out]
            outcome.outs = [_array(o) for o in outs]
            outcome.nodes = [_node(o) for o in outs]
            outcome.strides = [tuple(o.stride()) if hasattr(o, "stride") else None for o in outs]
            _differentiate(torch, outs, numbers, outcome, order)
        except Exception as error:
            outcome.error = f"{type(error).__name__}: {error}"
    # PyTorch adds the line of its C++ that warned
    outcome.warnings = [f"{w.category.__name__}: {w.message}".split(" (Triggered internally")[0] for w in caught]
    return outcome


def _differentiate(torch, outs, numbers, outcome, order):
    outs = [o for o in outs if getattr(o, "requires_grad", False)]
    leaves = numbers.leaves
    if not outs or order < 1:
        return
    weights = np.random.RandomState(11)
    loss = sum((o * torch.from_numpy(weights.standard_normal(tuple(o.shape))).to(o.dtype)).sum() for o in outs)
    grads = torch.autograd.grad(loss, leaves, create_graph=order > 1, allow_unused=True)
    outcome.grads = [_array(g) for g in grads]
    if order < 2:
        return
    live = [g for g in grads if g is not None and g.requires_grad]
    if live:
        loss = sum((g * torch.from_numpy(weights.standard_normal(tuple(g.shape))).to(g.dtype)).sum() for g in live)
        outcome.seconds = [_array(g) for g in torch.autograd.grad(loss, leaves, allow_unused=True)]


def _array(value):
    """(dtype, array) of a tensor."""
    if not hasattr(value, "detach"):
        return value
    name = str(value.dtype).split(".")[-1]
    value = value.detach()
    return name, (value.float() if name == "bfloat16" else value).numpy().copy()


def _node(value):
    node = getattr(value, "grad_fn", None)
    return None if node is None else type(node).__name__


def differences(expression, ours, theirs, order=2, tolerance=None):
    """What differs, as a list of lines; empty if the two agree. ours, theirs: (torch, torch.nn.functional)."""
    mine, right = evaluate(expression, *ours, order), evaluate(expression, *theirs, order)
    lines = []
    if mine.error != right.error:
        return [f"error: {mine.error}\n   not: {right.error}"]
    if mine.nodes != right.nodes:
        lines.append(f"nodes: {mine.nodes}, not {right.nodes}")
    if mine.strides != right.strides:
        lines.append(f"strides: {mine.strides}, not {right.strides}")
    if mine.warnings != right.warnings:
        lines.append(f"warnings: {mine.warnings}\n     not: {right.warnings}")
    for what in ("outs", "grads", "seconds"):
        a, b = getattr(mine, what), getattr(right, what)
        if what == "seconds":
            a, b = _zeros_for_none(a, b), _zeros_for_none(b, a)
        if len(a) != len(b):
            lines.append(f"{what}: {len(a)}, not {len(b)}")
        for i, (x, y) in enumerate(zip(a, b)):
            line = _difference(x, y, tolerance)
            if line:
                lines.append(f"{what}[{i}]: {line}")
    return lines


def _zeros_for_none(a, b):
    """No second gradient means zeros: which of the two comes out depends on how a function is put together."""
    a = a or [None] * len(b)
    b = b or [None] * len(a)
    return [(y[0], np.zeros_like(y[1])) if x is None and y is not None else x for x, y in zip(a, b)]


def _difference(x, y, tolerance):
    if not isinstance(x, tuple) or not isinstance(y, tuple):
        return None if x == y or x is None and y is None else f"{x!r}, not {y!r}"
    if x[0] != y[0]:
        return f"dtype {x[0]}, not {y[0]}"
    if x[1].shape != y[1].shape:
        return f"shape {x[1].shape}, not {y[1].shape}"
    if x[1].size == 0:
        return None
    a, b = x[1], y[1]
    if a.dtype.kind not in "fc":
        return None if (a == b).all() else f"values {a.reshape(-1)[:6]}, not {b.reshape(-1)[:6]}"
    size = np.max(np.abs(b[np.isfinite(b)]), initial=1.0)
    limit = (tolerance or TOLERANCE.get(x[0], 2e-5)) * size
    with np.errstate(invalid="ignore"):
        near = (np.abs(a.astype("f8") - b) <= limit) | (a == b) | (np.isnan(a) & np.isnan(b))
    if near.all():
        return None
    at = tuple(np.argwhere(~near)[0])
    return f"at {tuple(map(int, at))}: {a[at]!r}, not {b[at]!r} ({int((~near).sum())} of {a.size} differ)"
