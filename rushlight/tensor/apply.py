"""Where an op meets the recorder and the tape."""
from ..autograd import engine
from ..autograd.tape import SavedOutput, node_class
from ..graph.recorder import SCALARS, current, maybe_cut, record, record_write
from ..ops.declare import Info, Op
from ..runtime.storage import Version
from . import rebase
from .tensor import new_tensor
from .wrong_types import plain_operands


def apply(op, operands, attrs=()):
    """Record op(operands). operands: Tensors, Python numbers, None; attrs: a tuple, in the op's order.

    Returns the result as a Tensor (a tuple of them for ops with several), on the tape if an operand requires a gradient.
    """
    rec = current()
    try:
        entry, made = record(rec, op, attrs, operands)
    except AttributeError as error:
        return apply(op, plain_operands(op, operands, error), attrs)
    metas = entry.metas
    if op.nout == 1:
        meta = metas[0]
        out = new_tensor(made[0], meta)
        if rec.grad:
            for t in operands:
                if t.__class__ not in SCALARS and t is not None and (t._requires or t._view is not None):
                    _tape(op, operands, attrs, entry, (out,))
                    break
        if entry.cut:
            maybe_cut(rec, entry)
        return out
    outs = tuple([new_tensor(storage, m) for storage, m in zip(made, metas)])
    if rec.grad:
        for t in operands:
            if t.__class__ not in SCALARS and t is not None and (t._requires or t._view is not None):
                _tape(op, operands, attrs, entry, outs)
                break
    if entry.cut:
        maybe_cut(rec, entry)
    return outs


def _wants(operands):
    return tuple([t.__class__ not in SCALARS and t is not None and (t._requires or t._view is not None and
                                                                     t._requires_now()) for t in operands])


def _rule(op, operands, attrs, entry, needs):
    rule = entry.rules.get(needs)
    if rule is None:
        infos = tuple([None if t is None or t.__class__ in SCALARS else Info((t._meta.shape, t._meta.dtype))
                       for t in operands])
        out_infos = tuple([Info((m.shape, m.dtype)) for m in entry.metas])
        rule = op.rule(attrs, _able(op, operands, needs), infos, out_infos)
        if rule.node_class is None:
            rule.node_class = node_class(rule.name)
        entry.rules[needs] = rule
    return rule


def _connected(needs, gives, edges):
    """needs and edges without the operands that require a gradient but lead nowhere: views of leaves made under no_grad.

    As in PyTorch, nothing is saved for them by an op of several differentiable operands.
    """
    lost = [i for i, edge in zip(gives, edges) if edge is None]
    return tuple([n and i not in lost for i, n in enumerate(needs)]), [edge for edge in edges if edge is not None]


def _able(op, operands, needs):
    """needs, less the operands in which the op has no gradient."""
    if op.joint is not None:
        return needs
    names = op.operands
    return tuple(n and (names[i] if i < len(names) else names[-1]) in op.grads for i, n in enumerate(needs))


def _tape(op, operands, attrs, entry, outs):
    """Put a tape node behind the outputs."""
    if not op.differentiable:
        return
    needs = _wants(operands)
    if True not in needs:
        return
    rule = _rule(op, operands, attrs, entry, needs)
    if not rule.gives:
        return
    edges = []
    for i in rule.gives:
        t = operands[i]
        if t._view is not None:
            edge = t._edge()
            if edge is None and len(op.grads) > 1:
                needs, edges = _connected(needs, rule.gives, [operands[k]._edge() for k in rule.gives])
                rule = _rule(op, operands, attrs, entry, needs)
                break
            edges.append(edge)
        else:
            edges.append(t if t._node is None else (t._node, t._nr))
    saved = [(operands[i], operands[i]._counter.n) for i in rule.saves]
    for i in rule.numbers:
        saved.append((operands[i], 0))
    node = rule.node_class(rule, edges, saved)
    for i in rule.keeps:
        out = outs[i]
        saved.append((SavedOutput(out._storage, out._meta, out._counter), 0))
    if engine._anomaly.enabled:
        import traceback

        node.line = "".join(traceback.format_stack()[:-2])
    skip = op.nondifferentiable
    for i, out in enumerate(outs):
        dtype = out._meta.dtype
        if i not in skip and (dtype.is_floating_point or dtype.is_complex):
            out._requires = True
            out._node = node
            out._nr = i


def apply_write(op, target, operands, attrs=()):
    """Record op(operands) written over the view `target`, as PyTorch's in-place ops do. Returns target."""
    rec = current()
    storage = target._storage
    try:
        needs = _wants(operands) if rec.grad else None
        shares = False
        for t in operands:
            if t is not target and t.__class__ not in SCALARS and t is not None and t._storage is storage:
                shares = True
    except AttributeError as error:
        return apply_write(op, target, plain_operands(op, operands, error, op.display.rstrip("_") + "_"), attrs)
    wants = needs is not None and True in needs
    rebase.check(target, rec, wants)
    if 0 in target._meta.strides:
        rebase.check_expanded(op, target, operands)
    if shares:
        rebase.check_sharing(op, target, operands)
    node = None
    if wants and op.differentiable:
        rule = _rule_of_write(op, target, operands, attrs, needs)
        if rule.gives:
            edges = [operands[i]._edge() for i in rule.gives]
            if len(op.grads) > 1 and any([edge is None for edge in edges]):
                needs, edges = _connected(needs, rule.gives, edges)
                rule = _rule_of_write(op, target, operands, attrs, needs)
            saved = []
            for i in rule.saves:
                t = operands[i]
                if i == 0 and t is target:
                    t = t.clone()       # the value before it is written over; on the tape, for gradients of gradients
                saved.append((t, t._counter.n))
            for i in rule.numbers:
                saved.append((operands[i], 0))
            node = rule.node_class(rule, edges, saved)
    try:
        record_write(rec, op, attrs, target, operands)
    except AttributeError as error:
        plain_operands(op, operands, error, op.display.rstrip("_") + "_")
        raise
    target._counter.n += 1
    if node is not None:
        if engine._anomaly.enabled:
            import traceback

            node.line = "".join(traceback.format_stack()[:-2])
        rebase.rewrite_history(target, node)
        for _ in rule.keeps:
            saved.append((SavedOutput(target._storage, target._meta, target._counter), target._counter.n))
    return target


def _rule_of_write(op, target, operands, attrs, needs):
    infos = tuple([None if t is None or t.__class__ in SCALARS else Info((t._meta.shape, t._meta.dtype)) for t in operands])
    rule = op.rule(attrs, _able(op, operands, needs), infos, (Info((target._meta.shape, target._meta.dtype)),))
    if rule.node_class is None:
        rule.node_class = node_class(rule.name)
    return rule


def assign(target, result):
    """Write the value of `result` over `target`, whose history becomes that of result."""
    return apply_write(Op.copy, target, (target, result))


Op.apply = staticmethod(apply)
Op.apply_write = staticmethod(apply_write)
Op.check_write = staticmethod(rebase.check_write)
