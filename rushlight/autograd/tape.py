"""Tape nodes: how a tensor came to be, and what a backward pass runs."""
import itertools
import weakref

_sequence = itertools.count()


class SavedOutput:
    """An output kept for the backward pass: like a Tensor to the recorder, without a cycle to the node that made it."""

    __slots__ = ("_storage", "_meta", "_counter")

    def __init__(self, storage, meta, version):
        self._storage = storage
        self._meta = meta
        self._counter = version


class Node:
    """One function of the backward graph. Source: torch.autograd.graph.Node.

    edges   for each input that wants a gradient: (Node, output number), a leaf Tensor, or None
    seq     grows in program order; the engine runs the latest first
    """

    __slots__ = ("edges", "seq", "hooks", "pre_hooks", "metadata_", "captured", "line", "__weakref__")
    nout = 1

    def __init__(self, edges):
        self.edges = edges
        self.seq = next(_sequence)
        self.hooks = None
        self.pre_hooks = None
        self.captured = None    # output number -> tensors (weak) that keep their gradient or have hooks
        self.line = None

    def name(self):
        return type(self).__name__

    def plain_name(self):
        """The name as messages word it: Slice for SliceBackward0, Squeeze1 for SqueezeBackward1."""
        name = self.name()
        return name.replace("Backward0", "").replace("Backward", "") if "Backwards" not in name else "torch::autograd::" + name

    def _sequence_nr(self):
        return self.seq

    @property
    def metadata(self):
        try:
            return self.metadata_
        except AttributeError:
            self.metadata_ = {}
            return self.metadata_

    @property
    def next_functions(self):
        out = []
        for edge in self.edges:
            if edge is None:
                out.append((None, 0))
            elif edge.__class__ is tuple:
                out.append(edge)
            else:
                out.append((accumulator(edge), 0))
        return tuple(out)

    def __repr__(self):
        return f"<{self.name()} object at {id(self):#x}>"

    def capture(self, nr):
        """(hooks, weak reference to a tensor that keeps its gradient) of output nr."""
        if self.captured is None:
            self.captured = {}
        return self.captured.setdefault(nr, ({}, None))

    def register_hook(self, fn):
        """fn(grad_inputs, grad_outputs) -> grad_inputs or None, after the node has run."""
        from .hooks import RemovableHandle

        if self.hooks is None:
            self.hooks = {}
        return RemovableHandle.into(self.hooks, fn)

    def register_prehook(self, fn):
        """fn(grad_outputs) -> grad_outputs or None, before the node runs."""
        from .hooks import RemovableHandle

        if self.pre_hooks is None:
            self.pre_hooks = {}
        return RemovableHandle.into(self.pre_hooks, fn)

    def run(self, grads, create_graph):
        """Gradients of the outputs (None where there is none) -> one per edge."""
        raise NotImplementedError

    def release(self):
        """Forget what was saved."""


class TapeNode(Node):
    """The node of a declared op."""

    __slots__ = ("rule", "saved")

    def __init__(self, rule, edges, saved):
        self.rule = rule
        self.edges = edges
        self.saved = saved      # [(tensor or SavedOutput or number, version seen)], None once released
        self.seq = next(_sequence)
        self.hooks = None
        self.pre_hooks = None
        self.captured = None
        self.line = None

    @property
    def nout(self):
        return self.rule.nout

    def name(self):
        return self.rule.name

    def run(self, grads, create_graph):
        from . import engine

        return engine.run_rule(self, grads, create_graph)

    def release(self):
        if self.saved:      # a node that saved nothing may run again
            self.saved = None

    def __getattr__(self, name):
        if name.startswith("_saved_"):
            return _saved_attribute(self, name[7:])
        raise AttributeError(f"'{self.name()}' object has no attribute '{name}'")

    def __dir__(self):
        rule = self.rule
        extra = ["_saved_" + _public_name(rule._operand(i)) for i in rule.saves]
        extra += ["_saved_result"] * bool(rule.keeps) + ["_saved_" + a for a in rule.op.attrs]
        return sorted(set(super().__dir__()) | set(extra))


def _public_name(operand):
    return "self" if operand == "input" else operand


def saved_names(rule):
    """PyTorch's names of what a node of this rule saves, in the order of `node.saved`."""
    names = [_public_name(rule._operand(i)) for i in rule.saves]
    names += [_public_name(rule._operand(i)) for i in rule.numbers]
    return names + ["result" if i == 0 else f"result{i}" for i in rule.keeps]


def _saved_attribute(node, name):
    from . import engine

    rule = node.rule
    if name in rule.op.attrs:
        return rule.attrs[rule.op.attrs.index(name)]
    if node.saved is None:
        raise RuntimeError(engine.SECOND_TIME)
    names = saved_names(rule)
    if name not in names:
        raise AttributeError(f"'{node.name()}' object has no attribute '_saved_{name}'")
    return engine.unpack_tensor(node, names.index(name))


_classes = {}


def node_class(name):
    """The subclass of TapeNode that prints under PyTorch's name for it."""
    found = _classes.get(name)
    if found is None:
        found = _classes[name] = type(name, (TapeNode,), {"__slots__": ()})
    return found


class AccumulateGrad(Node):
    """Where a gradient ends: the leaf's `.grad`."""

    __slots__ = ("variable",)

    def __init__(self, variable):
        super().__init__(())
        self.variable = variable

    def name(self):
        return "torch::autograd::AccumulateGrad"

    def __repr__(self):
        return f"<AccumulateGrad object at {id(self):#x}>"


def accumulator(leaf):
    """The AccumulateGrad of a leaf: one and the same while somebody holds it."""
    extra = leaf._make_extra()
    found = extra.accumulator() if extra.accumulator is not None else None
    if found is None:
        found = AccumulateGrad(leaf)
        extra.accumulator = weakref.ref(found)
    return found
