"""Functions with a backward pass of the user's own. Source: torch.autograd.Function."""
from ..graph.recorder import current
from . import engine
from .tape import Node


class FunctionCtx:
    """What forward hands to backward. Source: torch.autograd.function.FunctionCtx."""

    def save_for_backward(self, *tensors):
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors):
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors):
        self.non_differentiable = tensors

    def set_materialize_grads(self, value):
        self.materialize_grads = value


class BackwardNode(Node, FunctionCtx):
    """The tape node of a custom Function, and the ctx of its calls."""

    __slots__ = ("__dict__",)
    to_save = ()
    dirty_tensors = ()
    non_differentiable = ()
    materialize_grads = True
    saved_tuple = None
    count = 1
    _forward_cls = None

    def __init__(self):
        super().__init__(())

    @property
    def nout(self):
        return self.count

    def name(self):
        return type(self).__name__

    @property
    def saved_tensors(self):
        if self.saved_tuple is None:
            if self.to_save:
                return tuple(self.to_save)
            return ()
        if self.saved_tuple == "released":
            raise RuntimeError(engine.SECOND_TIME)
        out = []
        for tensor, version, own in self.saved_tuple:
            if tensor is not None and tensor._counter.n != version:
                raise RuntimeError(engine._modified(self, tensor, tensor._counter.n, version))
            if own is not None:
                again = engine.new_tensor(tensor._storage, tensor._meta, tensor._counter)
                again._requires, again._node, again._nr = True, self, own
                tensor = again
            out.append(tensor)
        return tuple(out)

    saved_variables = saved_tensors

    def release(self):
        if self.saved_tuple:
            self.saved_tuple = "released"

    def run(self, grads, create_graph):
        if self.materialize_grads:
            grads = [g if g is not None else _zeros(info) for g, info in zip(grads, self.out_infos)]
        cls = self._forward_cls
        backward = cls.backward if cls.backward is not Function.backward else cls.vjp
        results = backward(self, *grads)
        if not isinstance(results, tuple):
            results = (results,)
        n = len(self.input_kinds)
        if len(results) > n and all(r is None for r in results[n:]):
            results = results[:n]
        if len(results) != n:
            raise RuntimeError(f"function {self.name()} returned an incorrect number of gradients (expected {n}, got {len(results)})")
        out = []
        edges = iter(self.edges)
        for i, (g, kind) in enumerate(zip(results, self.input_kinds)):
            if kind is None:
                if g is not None and not self.is_tensor[i]:
                    raise RuntimeError(f"function {self.name()} returned a gradient different from None at position {i + 1}, but the "
                                       "corresponding forward input was not a Variable")
                continue
            if g is not None:
                if not isinstance(g, engine.Tensor):
                    raise RuntimeError(f"expected Variable or None (got {type(g).__name__})")
            if next(edges) is not None and g is not None:
                g = _fit(g, kind, self.name(), i)
            out.append(g)
        return out


def _zeros(info):
    from ..tensor.creation import full_of

    return full_of(info[0], 0, info[1])


def _fit(g, kind, name, i):
    from ..ops.declare import Info, fit

    shape, dtype = kind
    if tuple(g.shape) != shape:
        lead = len(g.shape) - len(shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, tuple(g.shape)[lead:])):
            raise RuntimeError(f"Function {name} returned an invalid gradient at index {i} - got {list(g.shape)} but expected shape "
                               f"compatible with {list(shape)}")
    return fit(g, Info((shape, dtype)))


class _FunctionMeta(type):
    """Gives every Function its own node class, named as PyTorch names it."""

    def __init__(cls, name, bases, attrs):
        super().__init__(name, bases, attrs)
        cls._backward_cls = type(name + "Backward", (BackwardNode,), {"_forward_cls": cls})


class Function(metaclass=_FunctionMeta):
    """A differentiable function with static methods forward(ctx, ...) and backward(ctx, *grads).

    With a setup_context(ctx, inputs, output), forward takes no ctx.
    """

    generate_vmap_rule = False

    def __init__(self, *args, **kwargs):
        raise RuntimeError(f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
                           "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
                           "version of PyTorch.")

    @staticmethod
    def forward(*args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function to use it "
                                  "with backward mode AD.")

    vjp = backward

    @classmethod
    def apply(cls, *args, **kwargs):
        Tensor = engine.Tensor
        rec = current()
        ctx = cls._backward_cls()
        split = cls.setup_context is not Function.setup_context
        if kwargs:
            raise TypeError(f"{cls.__name__}.apply() takes no keyword arguments")
        ctx.is_tensor = [isinstance(a, Tensor) for a in args]
        needs = tuple(t and a._requires_now() for a, t in zip(args, ctx.is_tensor))
        ctx.needs_input_grad = needs
        before = rec.grad
        tape = before and any(needs)
        if tape:        # before forward, which may write over its inputs
            ctx.edges = [a._edge() for a, need in zip(args, needs) if need]
        rec.grad = False
        try:
            if split:
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
            else:
                outputs = cls.forward(ctx, *args)
        finally:
            rec.grad = before
        many = isinstance(outputs, (tuple, list))
        outs = list(outputs) if many else [outputs]
        wrapped = _wrap(cls, ctx, args, outs, tape)
        return tuple(wrapped) if many else wrapped[0]


def _wrap(cls, ctx, args, outs, tape):
    Tensor = engine.Tensor
    inputs = [a for a in args if isinstance(a, Tensor)]
    dirty = list(ctx.dirty_tensors)
    plain = list(ctx.non_differentiable)
    for d in dirty:
        if not any(d is o for o in outs):
            raise RuntimeError("Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                               "are modified inplace must all be outputs of the Function.")
    if tape:
        ctx.input_kinds = [(a._meta.shape, a._meta.dtype) if need else None for a, need in zip(args, ctx.needs_input_grad)]
        ctx.out_infos = [(o._meta.shape, o._meta.dtype) if isinstance(o, Tensor) else None for o in outs]
        ctx.count = len(outs)
    wrapped = []
    for i, o in enumerate(outs):
        if not isinstance(o, Tensor):
            wrapped.append(o)
            continue
        history = tape and not any(o is p for p in plain) and (o.dtype.is_floating_point or o.dtype.is_complex)
        if any(o is d for d in dirty):
            o = _written(o, ctx, i, history)
        else:
            if any(o is a for a in inputs):
                o = o.detach() if not history and o._requires_now() else _alias(o)
            if o._base is not None and o._view.kind != "inference":
                o._view.kind = "custom"
            if history:
                o._requires, o._node, o._nr = True, ctx, i
                if o._base is not None:
                    o._view.seen = o._counter.n
        wrapped.append(o)
    if tape:
        saved = []
        for t in ctx.to_save:
            if t is None:
                saved.append((None, 0, None))
                continue
            own = next((i for i, (o, w) in enumerate(zip(outs, wrapped)) if t is o or t is w), None)
            if own is not None and wrapped[own]._node is ctx:
                from .tape import SavedOutput

                saved.append((SavedOutput(t._storage, t._meta, t._counter), t._counter.n, own))
            else:
                saved.append((t, t._counter.n, None))
        ctx.saved_tuple = tuple(saved)
        ctx.to_save = ()
    return wrapped


def _written(o, ctx, i, history):
    """An output that is an input written in place: it goes on from the Function's node."""
    from ..tensor import rebase

    o._counter.n += 1
    if not history:
        return o.detach() if o._requires_now() else o
    if o._node is None and o._requires_now():
        raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
    rebase.check(o, current(), True)
    rebase.rewrite_history(o, ctx, i)
    return o


def _alias(o):
    """An input returned as it is: a view of it, which can have a node of its own."""
    from ..tensor.view_ops import view_as

    rec = current()
    before, rec.grad = rec.grad, False
    try:
        return view_as(o, o)
    finally:
        rec.grad = before


def once_differentiable(fn):
    """backward without a tape of its own: differentiating twice is an error."""
    import functools

    @functools.wraps(fn)
    def run(ctx, *args):
        rec = current()
        before = rec.grad
        tracked = before and any(isinstance(a, engine.Tensor) and a._requires_now() for a in args)
        rec.grad = False
        try:
            outputs = fn(ctx, *args)
        finally:
            rec.grad = before
        if not tracked:
            return outputs
        many = isinstance(outputs, tuple)
        outs = outputs if many else (outputs,)

        class Fail(Function):
            @staticmethod
            def forward(c, *a):
                return tuple(o.clone() if o is not None else None for o in a[:len(outs)])

            @staticmethod
            def backward(c, *g):
                raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

        marked = [o.detach().requires_grad_() if o is not None and o.dtype.is_floating_point else o for o in outs]
        result = Fail.apply(*marked)
        return result if many else result[0]
    return run


InplaceFunction = Function
NestedIOFunction = Function
