"""How a view is made: the same storage under another meta, with its tape node; and the ops its gradients need."""
from ..autograd.tape import Node
from ..graph import layout
from ..graph import primitives as P
from ..graph.recorder import current
from ..ops.declare import Op
from .tensor import ViewInfo, new_tensor


class ViewNode(Node):
    """The tape node of a view: `function(g, shape of the viewed tensor, *args)` gives the gradient."""

    __slots__ = ("function", "shape", "args")

    def __init__(self, edges, function, shape, args):
        super().__init__(edges)
        self.function, self.shape, self.args = function, shape, args

    def run(self, grads, create_graph):
        return [self.function(grads[0], self.shape, *self.args)]


class MultiViewNode(ViewNode):
    """The node of several views made by one op (split, unbind)."""

    __slots__ = ("count",)

    @property
    def nout(self):
        return self.count

    def run(self, grads, create_graph):
        return [self.function(grads, self.shape, *self.args)]


_classes = {}


def node_class(name, parent):
    found = _classes.get(name)
    if found is None:
        found = _classes[name] = type(name, (parent,), {"__slots__": ()})
    return found


def make_view(t, meta, name, function, args=()):
    """t seen through meta. name, function, args: of its tape node."""
    out = new_tensor(t._storage, meta, t._counter)
    rec = current()
    view = t._view
    if view is None or view.base is t:
        base, kind, requires = t, None, t._requires
    else:
        base, kind, requires = view.base, view.kind, t._requires_now()
    if not rec.grad:
        kind = "inference" if rec.inference else "no_grad"
    out._view = ViewInfo(base, t._counter.n, kind)
    if requires and rec.grad:
        out._node = node_class(name, ViewNode)((t._edge(),), function, t._meta.shape, args)
        out._requires = True
    return out


def make_views(t, metas, name, function, args=()):
    """Several views of t by one op: they may not be written in place under grad."""
    outs = []
    rec = current()
    node = None
    if rec.grad and t._requires_now():
        node = node_class(name, MultiViewNode)((t._edge(),), function, t._meta.shape, args)
        node.count = len(metas)
    view = t._view
    base = t if view is None or view.base is t else view.base
    for i, meta in enumerate(metas):
        out = new_tensor(t._storage, meta, t._counter)
        out._view = ViewInfo(base, t._counter.n, "multi" if rec.grad else "inference" if rec.inference else "no_grad")
        if node is not None:
            out._node, out._nr, out._requires = node, i, True
        outs.append(out)
    return tuple(outs)


# ------------------------------------------------------------------ their gradients as ops
def _pad_compute(x, low, high, inner):
    return P.pad(x, low, high, 0, inner)


def _pad_gradient(g, infos, low, inner):
    shape = infos[0].shape
    return cut(g, starts=low, sizes=shape, steps=tuple(k + 1 for k in inner))


def _cut_gradient(g, infos, starts, sizes, steps):
    shape = infos[0].shape
    high = tuple(n - s - ((m - 1) * k + 1 if m else 0) for n, s, m, k in zip(shape, starts, sizes, steps))
    return pad_zeros(g, low=starts, high=high, inner=tuple(k - 1 for k in steps))


pad_zeros = Op("pad_zeros", "input", "low high inner", _pad_compute, node="ConstantPadNdBackward0",
               grads={"input": _pad_gradient})
cut = Op("cut", "input", "starts sizes steps", lambda x, starts, sizes, steps: P.slice_(x, starts, sizes, steps),
         node="SliceBackward0", grads={"input": _cut_gradient})
reshape_copy = Op("reshape_copy", "input", "shape", lambda x, shape: P.reshape(x, shape), node="UnsafeViewBackward0",
                  grads={"input": lambda g, infos: reshape_copy(g, shape=infos[0].shape)})
permute_copy = Op("permute_copy", "input", "dims", lambda x, dims: P.permute(x, dims), node="PermuteBackward0",
                  grads={"input": lambda g, dims: permute_copy(g, dims=inverse_order(dims))})
def _concatenate(*args):
    *parts, dim = args
    return P.concatenate([p for p in parts if p.shape != (0,)] or parts[:1], dim)    # empty vectors fit to anything


concatenate = Op("concatenate", "tensors*", "dim", _concatenate, node="CatBackward0",
                 grad=lambda g, infos, dim, needs: _split_gradient(g, infos, dim, needs))
concatenate.layout = layout.like_all


def _split_gradient(g, infos, dim, needs):
    out, at = [], 0
    for info, need in zip(infos, needs):
        n = info.shape[dim] if info.shape != (0,) else 0
        if need and info.shape == (0,):
            out.append(reshape_copy(cut(g, starts=(0,) * g.ndim, sizes=(0,) * g.ndim, steps=(1,) * g.ndim), shape=(0,)))
        elif need:
            starts = tuple(at if d == dim else 0 for d in range(info.ndim))
            out.append(cut(g, starts=starts, sizes=info.shape, steps=(1,) * info.ndim))
        else:
            out.append(None)
        at += n
    return out


def inverse_order(dims):
    inverse = [0] * len(dims)
    for i, d in enumerate(dims):
        inverse[d] = i
    return tuple(inverse)
