"""How an op is declared: what it computes, its gradient, and the functions and methods that users see.

An Op takes values and gives values. Called with graph values it builds their computation in place; called with Tensors it
is recorded (tensor.apply does that, and puts itself into `Op.apply`). So a gradient rule, written once with Ops, serves a
backward pass on values and, with create_graph, on Tensors.

A gradient names what it needs by its parameters, and just that is saved for the backward pass:

    g            the gradient of the (first) output;  gs: those of all outputs, None where there is none
    <operand>    that operand;   result, result1, ...: an output
    <attribute>  that attribute
    infos        (shape, dtype) of every operand, None for numbers;   out_infos: of the outputs
    needs        which operands want a gradient
    saved        for ops of any number of operands: those that the rule's `saves(needs, infos)` chose
"""
from ..graph import primitives as P
from ..graph.value import Value
from ..runtime import dtypes as dt

OPS = {}


class Info(tuple):
    """(shape, dtype) of an operand."""

    __slots__ = ()
    shape = property(lambda self: self[0])
    dtype = property(lambda self: self[1])
    ndim = property(lambda self: len(self[0]))


class Op:
    """One recorded operation.

    operands  names, separated by spaces; "tensors*" for any number
    attrs     names of static attributes, in order
    promote   None | "arith" (a common dtype) | "float" (and ints become the default float dtype)
    node      PyTorch's name of the tape node, if it is not the op's in camel case
    """

    sharing = "part"        # as an in-place op: the operands that may not share memory with the target, those that share a
                            # part of it, "any" of it, or "none"
    folds = False           # as an in-place op: whether the target may show an element several times (an expanded view);
                            # "itself": if it is written over itself
    names = None            # names the tape node by (attrs, infos), where one name does not do
    fused = False           # whether it broadcasts its operands, though it promotes them itself, if at all
    refused = None          # a check of the operands' dtypes: see ops.refusals
    dtype_word = staticmethod(dt.long_name)     # how the error of an in-place write that does not fit names the target's dtype
    layout = None           # how the result lies in memory: None for contiguous, or a rule of graph.layout
    apply = None            # set by tensor.apply
    apply_write = None
    check_write = None

    def __init__(self, name, operands, attrs="", compute=None, promote=None, grads=None, grad=None, node=None, nout=1,
                 nondifferentiable=(), display=None):
        self.name = name
        self.display = display or name
        self.operands = tuple(operands.split())
        self.variadic = self.operands[-1:] != () and self.operands[-1].endswith("*")
        self.attrs = tuple(attrs.split())
        self.compute = compute
        self.promote = promote
        self.node = node or "".join(w.capitalize() for w in name.split("_")) + "Backward0"
        self.nout = nout
        self.nondifferentiable = nondifferentiable
        self.grads = {}
        self.joint = None
        for operand, function in (grads or {}).items():
            self.grads[operand] = (function, _parameters(function))
        if grad is not None:
            self.joint = (grad, _parameters(grad))
        self.differentiable = bool(self.grads) or self.joint is not None
        self.rules = {}
        if name in OPS:
            raise ValueError(f"op {name} is declared twice")
        OPS[name] = self

    def __repr__(self):
        return f"<op {self.name}>"

    def __call__(self, *operands, **attrs):
        """Values in, value out; Tensors in, Tensor out. Attributes by keyword."""
        attrs = tuple(attrs[a] for a in self.attrs) if self.attrs else ()
        for x in operands:
            if x.__class__ is Value:
                values = [P.weak(v) if v.__class__ in _NUMBERS else v for v in operands]
                out = self.lower(values, attrs)
                return out[0] if self.nout == 1 else out
        return Op.apply(self, operands, attrs)

    # ------------------------------------------------------------ on values
    def lower(self, values, attrs):
        given = values
        if self.promote is not None:
            values = promoted(values, self.promote)
        if self.refused is not None:
            self.refused(given, values)
        out = self.compute(*values, *attrs)
        return out if out.__class__ in (list, tuple) else [out]

    def lower_into(self, seen, values, attrs):
        """The result as it will be written over the view value `seen`: its dtype and shape."""
        try:
            result = self.lower(values, attrs)[0]
        except NotImplementedError:
            broadcasts = self.promote == "arith" and self.name not in P.COMPARE
            if broadcasts or self.fused:        # that the result does not fit is said first
                check_shape(P.broadcast_shapes(*(v.shape for v in values)), seen.shape)
            if broadcasts:
                check_fits(promoted(values, self.promote)[0].dtype, seen.dtype, self.dtype_word)
            raise
        return fit_for_write(result, seen.shape, seen.dtype, self.dtype_word)

    # ------------------------------------------------------------ gradients
    def rule(self, attrs, needs, infos, out_infos):
        key = (attrs, needs, infos, out_infos)
        rule = self.rules.get(key)
        if rule is None:
            if len(self.rules) > 10_000:
                self.rules.clear()
            rule = self.rules[key] = Rule(self, attrs, needs, infos, out_infos)
        return rule


_NUMBERS = {int, float, bool, complex}


def _parameters(function):
    return function.__code__.co_varnames[:function.__code__.co_argcount]


def promoted(values, how):
    """Cast values to their common dtype. Numbers give way to tensors, 0-d tensors to others, within a kind."""
    present = [v for v in values if v is not None]
    common = dt.result_type_of([(v.dtype, len(v.shape), v.weak) for v in present])
    if how == "float" and not (common.is_floating_point or common.is_complex):
        common = dt.get_default_dtype()
    return [None if v is None else P.cast(v, common) for v in values]


def check_fits(result, target, dtype_word):
    """PyTorch's error if a result of one dtype may not be written over another."""
    if not dt.can_cast(result, target):
        raise RuntimeError(f"result type {dt.long_name(result)} can't be cast to the desired output type {dtype_word(target)}")


def check_shape(result, target):
    """PyTorch's error if a result of one shape does not fill another."""
    if result != target:
        joined = P.broadcast_shapes(target, result)
        if joined != target:
            raise RuntimeError(f"output with shape {list(target)} doesn't match the broadcast shape {list(joined)}")


def fit_for_write(result, shape, dtype, dtype_word=dt.long_name):
    """Cast and spread a result for an in-place write; PyTorch's errors if it does not fit."""
    check_shape(result.shape, shape)
    check_fits(result.dtype, dtype, dtype_word)
    return P.expand(P.cast(result, dtype), shape)


class Rule:
    """The gradient of one op with given attributes, operand shapes and wants: what a tape node runs.

    saves      numbers of the operands to save;  numbers: of those that are Python numbers (or None);  keeps: of outputs
    gives      the operand numbers whose gradients come out, in order
    """

    __slots__ = ("op", "attrs", "needs", "infos", "out_infos", "saves", "numbers", "keeps", "gives", "name", "nout", "node_class")

    def __init__(self, op, attrs, needs, infos, out_infos):
        self.op, self.attrs, self.needs, self.infos, self.out_infos = op, attrs, needs, infos, out_infos
        self.name = op.node if op.names is None else op.names(attrs, infos)
        self.nout = op.nout
        self.gives = tuple(i for i, n in enumerate(needs) if n)
        names = set()
        if op.joint is not None:
            names.update(op.joint[1])
        else:
            for i in self.gives:
                names.update(op.grads[op.operands[i]][1])
        self.saves = tuple(i for i in range(len(needs)) if self._operand(i) in names and infos[i] is not None) \
            if not op.variadic else ()
        if op.joint is not None and hasattr(op.joint[0], "saves"):
            self.saves = tuple(i for i in op.joint[0].saves(needs, infos) if infos[i] is not None)
        self.numbers = () if op.variadic else \
            tuple(i for i in range(len(needs)) if infos[i] is None and self._operand(i) in names)
        self.node_class = None  # filled in by tensor.apply
        self.keeps = tuple(i for i in range(op.nout) if ("result" if i == 0 else f"result{i}") in names)

    def _operand(self, i):
        names = self.op.operands
        return names[i] if i < len(names) else names[-1]

    def lower(self, values, attrs):
        """values: gradients of the outputs, then the saved operands, numbers among the operands, saved outputs."""
        return self.gradients(values)

    lower_into = None
    layout = None

    def gradients(self, given):
        """The wanted gradients (values or Tensors, as given), each of its operand's shape and dtype, or None."""
        op = self.op
        known = {"g": given[0], "gs": given[:self.nout], "infos": self.infos, "out_infos": self.out_infos,
                 "needs": self.needs}
        known.update(zip(op.attrs, self.attrs))
        at = self.nout
        known["saved"] = given[at:at + len(self.saves)]
        for i in self.saves:
            known[self._operand(i)] = given[at]
            at += 1
        for i in self.numbers:
            known[self._operand(i)] = given[at]
            at += 1
        for i in self.keeps:
            known["result" if i == 0 else f"result{i}"] = given[at]
            at += 1
        if op.joint is not None:
            function, names = op.joint
            out = function(*[known[n] for n in names])
            out = [out[i] for i in self.gives]
        else:
            out = []
            for i in self.gives:
                function, names = op.grads[self._operand(i)]
                out.append(function(*[known[n] for n in names]))
        return [fit(g, self.infos[i]) for g, i in zip(out, self.gives)]


def fit(g, info):
    """Sum a gradient over what was broadcast, and give it its operand's dtype."""
    if g is None:
        return None
    if tuple(g.shape) != info.shape:
        g = sum_to(g, shape=info.shape)
    if g.dtype is not info.dtype:
        if g.dtype.is_complex and not info.dtype.is_complex:
            g = OPS["real_part"](g)
        if g.dtype is not info.dtype:
            g = to_dtype(g, dtype=info.dtype)
    return g


def _sum_to(x, shape):
    lead = x.ndim - len(shape)
    dims = list(range(lead)) + [i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1]
    return P.reshape(P.reduce("sum", x, dims), shape)


def _expand_like(g, infos):
    return OPS["expand_copy"](g, shape=infos[0].shape)


sum_to = Op("sum_to", "input", "shape", _sum_to, node="SumBackward1", grads={"input": _expand_like})
to_dtype = Op("to_dtype", "input", "dtype", lambda x, dtype: P.cast(x, dtype), node="ToCopyBackward0",
              grads={"input": lambda g: g})
expand_copy = Op("expand_copy", "input", "shape", lambda x, shape: P.expand(x, shape), node="ExpandBackward0",
                 grads={"input": lambda g, infos: sum_to(g, shape=infos[0].shape)})
real_part = Op("real_part", "input", "", lambda x: P.unary("real", x), node="RealBackward0",
               grads={"input": lambda g: g})


# ------------------------------------------------------------------ what users see
class Public:
    """A function of the public namespace and the names under which it is found."""

    __slots__ = ("name", "function", "torch", "method", "inplace", "functional", "out", "aliases")

    def __init__(self, name, function, torch, method, inplace, functional, out, aliases):
        self.name, self.function, self.torch, self.method = name, function, torch, method
        self.inplace, self.functional, self.out, self.aliases = inplace, functional, out, aliases


PUBLIC = {}


def public(*, name=None, torch=True, method=True, inplace=False, functional=False, out=False, aliases=()):
    """Register a function: as torch.name, Tensor.name, Tensor.name_, nn.functional.name, with out=.

    torch, method, functional  where it appears
    inplace   whether Tensor.name_ writes the result over the tensor
    out       whether torch.name takes out=
    aliases   other names
    """
    def register(function):
        n = name or function.__name__
        if n in PUBLIC:
            raise ValueError(f"{n} is declared twice")
        PUBLIC[n] = Public(n, function, torch, method, inplace, functional, out, aliases)
        return function

    return register
