"""In-place writes and views on the tape: what may be written, and whose history changes when it is."""
from math import prod

from ..autograd.tape import Node
from ..graph import primitives as P
from ..graph import views
from ..graph.layout import is_dense
from ..graph.recorder import current
from ..ops.declare import Op
from .tensor import Tensor, new_tensor


class no_tape:
    """Grad mode off, for the library's own bookkeeping."""

    def __init__(self, rec):
        self.rec = rec

    def __enter__(self):
        self.before = self.rec.grad
        self.rec.grad = False

    def __exit__(self, *exc):
        self.rec.grad = self.before


# ------------------------------------------------------------------ may it be written?
def check(target, rec, wants):
    """Raise PyTorch's error if the tape does not allow that `target` is written in place now."""
    if target.is_inference() and not rec.inference:
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to "
                           "get a normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for "
                           "more details.")
    if not rec.grad:
        return
    view = target._view
    if view is not None and view.base is not target:
        requires = target._requires_now()
        if requires or wants:
            _check_view(target, view)
        base = view.base
        if requires and base._node is None:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        if requires and target._node is None:   # also a view that came to require it since: its node is made when it is read
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        return
    if target._requires and target._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def check_write(target, operands):
    """check, for operands of which some may be no tensors."""
    rec = current()
    check(target, rec, rec.grad and any(isinstance(t, Tensor) and t._requires_now() for t in operands))


def _check_view(target, view):
    if view.kind is not None:
        raise RuntimeError(_opening(target, view, "and is being modified inplace") + _REASONS[view.kind])


def _opening(target, view, what):
    node = target._node
    if view.kind in ("no_grad", "inference") or node is None:
        opening = "A view was created" if node is None else \
            f"Output {target._nr} of {node.plain_name()} is a view of a view which was created"
        return f"{opening} in {view.kind if view.kind == 'inference' else 'no_grad'} mode {what} with grad mode enabled. "
    return f"Output {target._nr} of {node.plain_name()} is a view {what}. "


_REASONS = {
    "no_grad": "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
               "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or "
               "both outside (if you want the inplace to be tracked).",
    "multi": "This view is the output of a function that returns multiple views. Such functions do not allow the output views to "
             "be modified inplace. You should replace the inplace operation by an out-of-place one.",
    "custom": "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to "
              "handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect "
              "gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.",
}
_REASONS["inference"] = _REASONS["no_grad"]


def check_expanded(op, target, operands):
    """Raise if the target shows an element several times, and the op does not allow that (see Op.folds)."""
    if op.folds is True or not views.overlaps_itself(target._meta):
        return
    if op.folds is False or not operands[1].__class__ is Tensor or not operands[1].is_set_to(target):
        raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a single memory "
                           "location. Please clone() the tensor before performing the operation.")


def check_sharing(op, target, operands):
    """Raise if operands share memory with the target in a way that PyTorch refuses (see Op.sharing)."""
    if op.sharing == "none":
        return
    for t in operands:
        if t is not target and getattr(t, "_storage", None) is target._storage and _overlap(t._meta, target._meta, op.sharing):
            raise RuntimeError("unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                               "memory location. Please clone() the tensor before performing the operation.")


def _overlap(a, b, sharing):
    """Whether two views share memory, by what PyTorch looks at: the stretches of memory of dense views."""
    if a.numel == 0 or b.numel == 0 or not (is_dense(a.shape, a.strides) and is_dense(b.shape, b.strides)):
        return False
    a_begin, b_begin = a.offset * a.dtype.itemsize, b.offset * b.dtype.itemsize
    if a_begin == b_begin and a.nbytes == b.nbytes and a.strides == b.strides:
        return sharing == "any"
    return a_begin < b_begin + b.nbytes and b_begin < a_begin + a.nbytes


# ------------------------------------------------------------------ whose history changes?
def rewrite_history(target, node, nr=0):
    """Output nr of `node` was just written over `target`."""
    view = target._view
    if view is None or view.base is target:
        _set_node(target, node, nr)
        return
    base = view.base
    path = relative_path(base, target)
    before = base._edge() if base._requires_now() else None
    _set_node(base, CopySlices([before, (node, nr)], base, path))
    refresh(target)


def _set_node(t, node, nr=0):
    """Put t behind output nr of node. A gradient that it keeps (retain_grad) is from now on that of its new value."""
    if t._extra is not None and t._extra.retains and t._node is not None:
        before = t._node.capture(t._nr)
        t._node.captured[t._nr] = (before[0], None)
        node.captured = {nr: ({}, before[1])}
    t._node, t._nr, t._requires = node, nr, True


def refresh(target):
    """Give a view whose base was written since a tape node that leads to the base as it is now."""
    view = target._view
    base = view.base
    if target._node is None and not base._requires_now():
        return
    if view.kind is not None:
        raise RuntimeError(_opening(target, view, "and its base or another view of its base has been modified inplace")
                           + _REASONS[view.kind])
    view.seen = target._counter.n
    _set_node(target, AsStridedBackward0([base._edge()], base, relative_path(base, target)))


def relative_path(base, target):
    """Where a view lies in its base: (pattern, starts) from a dense tensor of the base's shape."""
    meta, root = target._meta, base._meta
    if not root.path:
        return meta.pattern, meta.starts
    dense = views.root_meta(root.shape, root.dtype)
    if meta is root:
        return dense.pattern, ()
    import numpy as np

    from ..graph.recorder import read_view

    places = np.arange(meta.root.numel).reshape(meta.root.shape)
    if meta.dtype is not meta.root.dtype:
        raise NotImplementedError("in-place write through a view of another dtype whose base is itself a view")
    of_base = np.ascontiguousarray(read_view_places(places, root)).reshape(-1)
    of_view = read_view_places(places, meta)
    found = _found(of_base, of_view.reshape(-1)).reshape(of_view.shape)
    key = (root, meta)
    pattern = views.Pattern(dense.shape, dense.dtype, (("places", key, found.shape, found.tobytes()),), meta.shape,
                            meta.dtype, 0)
    return pattern, ()


def _found(of_base, of_view):
    """For each place of the view its position in the base; the base's length where as_strided reaches beyond the base."""
    import numpy as np

    n = len(of_base)
    order = np.argsort(of_base, kind="stable")
    at = np.searchsorted(of_base[order], of_view)
    found = np.append(order, n)[at]
    return np.where(np.append(of_base, -1)[found] == of_view, found, n)


def read_view_places(places, meta):
    import numpy as np

    k = places.itemsize
    flat = places.reshape(-1)
    return np.lib.stride_tricks.as_strided(flat[meta.offset:], meta.shape, tuple(s * k for s in meta.strides))


def _starts(starts):
    return [P.weak(s) for s in starts]


def _places(path):
    """The constant positions of a path given as places, or None."""
    pattern = path[0]
    if not pattern.path or pattern.path[0][0] != "places":
        return None
    _, key, shape, data = pattern.path[0]

    def make():
        import numpy as np

        return np.frombuffer(data, np.int64).reshape(shape)

    from ..runtime.dtypes import int64

    return P.constant_array(("places", shape, data), make, shape, int64)


def _with_outside(x):
    """The elements in a row, and a zero after them, for the places that lie outside the base."""
    return P.pad(P.reshape(x, (x.numel,)), (0,), (1,), 0, (0,))


def _read(x, path):
    at = _places(path)
    if at is not None:
        return P.index(_with_outside(x), (at,))
    return P.read_path(x, path[0], _starts(path[1]))


def _clear(x, path):
    """x with zeros where the view lies."""
    zeros = P.const(0, path[0].dtype, path[0].shape)
    at = _places(path)
    if at is not None:
        return P.reshape(P.slice_(P.index_put(_with_outside(x), (at,), zeros), (0,), (x.numel,), (1,)), x.shape)
    return P.write_path(x, path[0], _starts(path[1]), zeros)


def _spread(g, path):
    """The gradient of reading a view, as a tensor of the base's shape."""
    pattern, starts = path
    at = _places(path)
    if at is not None:
        n = prod(pattern.root_shape)
        flat = P.index_put(P.const(0, pattern.root_dtype, (n + 1,)), (at,), g, True)
        return P.reshape(P.slice_(flat, (0,), (n,), (1,)), pattern.root_shape)
    shapes = [P.const(0, pattern.root_dtype, pattern.root_shape)]
    for step in pattern.path[:-1]:
        shapes.append(P._read_step(shapes[-1], step, _starts(starts)))
    for base, step in zip(reversed(shapes), reversed(pattern.path)):
        if step[0] == "expand":
            lead = g.ndim - base.ndim
            dims = list(range(lead)) + [i + lead for i, n in enumerate(base.shape) if n == 1 and g.shape[i + lead] != 1]
            g = P.reshape(P.reduce("sum", g, dims), base.shape)
        elif step[0] == "strided":
            flat = P.const(0, base.dtype, (base.numel,))
            g = P.reshape(P.index_put(flat, (P.strided_indices(*step[1:]),), g, True), base.shape)
        else:
            zeros = P.const(0, base.dtype, base.shape)
            g = P._write_step(zeros, step, _starts(starts), g)
    return g


read_places = Op("read_places", "input", "path", _read, node="AsStridedBackward0",
                 grads={"input": lambda g, path: spread_places(g, path=path)})
clear_places = Op("clear_places", "input", "path", _clear, node="CopySlices",
                  grads={"input": lambda g, path: clear_places(g, path=path)})
spread_places = Op("spread_places", "input", "path", _spread, node="AsStridedBackward0",
                   grads={"input": lambda g, path: read_places(g, path=path)})


class CopySlices(Node):
    """A base after one of its views was written: edges to the base before, and to what was written."""

    __slots__ = ("path", "shape")

    def __init__(self, edges, base, path):
        super().__init__(edges)
        self.path = path

    def plain_name(self):
        return "torch::autograd::CopySlices"

    def run(self, grads, create_graph):
        g = grads[0]
        before = clear_places(g, path=self.path) if self.edges[0] is not None else None
        return [before, read_places(g, path=self.path)]


class AsStridedBackward0(Node):
    """A view of a base that was written after the view was made."""

    __slots__ = ("path",)

    def __init__(self, edges, base, path):
        super().__init__(edges)
        self.path = path

    def run(self, grads, create_graph):
        return [spread_places(grads[0], path=self.path)]
