"""The backward pass: runs tape nodes, latest first, and hands gradients to leaves. Source: torch.autograd's engine."""
import heapq
import sys
import threading

from ..graph.recorder import SCALARS, boundary, current, record
from ..ops.declare import Op, sum_to
from ..runtime import dtypes as dt
from .tape import SavedOutput, accumulator, saved_names

SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward.")

Tensor = None           # set by tensor.tensor, which stands above this room
new_tensor = None
add = None              # the op that sums two gradients
add_into = None         # the same, written over the first


def unpack(node, tensor, version):
    """A saved operand, after making sure that nobody wrote to it."""
    if tensor.__class__ in SCALARS or tensor is None:
        return tensor
    now = tensor._counter.n
    if now != version:
        raise RuntimeError(_modified(node, tensor, now, version))
    return tensor


def _first_modified(node):
    """The message about the first of a node's saved tensors that was written, in PyTorch's order: operands by their names, then
    outputs by theirs.
    """
    operands = len(node.rule.saves) + len(node.rule.numbers)
    for _, _, i in sorted((i >= operands, name, i) for i, name in enumerate(saved_names(node.rule))):
        tensor, version = node.saved[i]
        if tensor.__class__ not in SCALARS and tensor is not None and tensor._counter.n != version:
            return _modified(node, tensor, tensor._counter.n, version)


def _modified(node, tensor, now, version):
    meta = tensor._meta
    kind = {dt.bool_: "CPUBoolType", dt.bfloat16: "CPUBFloat16Type"}.get(meta.dtype) or f"torch.{meta.dtype.legacy}"
    made = getattr(tensor, "grad_fn", None)
    if tensor.__class__ is SavedOutput:
        origin = f", which is output 0 of {node.plain_name()},"
    else:
        origin = f", which is output {tensor.output_nr} of {made.plain_name()}," if made is not None else ""
    return (f"one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[{kind} {list(meta.shape)}]{origin} is at version {now}; expected version {version} instead. "
            + (_recorded_at(node) or "Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
               "with torch.autograd.set_detect_anomaly(True, check_nan=False)."))


def _recorded_at(node):
    if node.line is None:
        return ""
    return ("Hint: the backtrace further above shows the operation that failed to compute its gradient. The variable in "
            "question was changed in there or anywhere later. Good luck!")


def unpack_tensor(node, i):
    """A saved value as users see it: with its history."""
    tensor, version = node.saved[i]
    tensor = unpack(node, tensor, version)
    if tensor.__class__ is SavedOutput:
        out = new_tensor(tensor._storage, tensor._meta, tensor._counter)
        rule = node.rule
        nr = rule.keeps[i - len(rule.saves) - len(rule.numbers)]
        out._nr = nr
        if nr not in rule.op.nondifferentiable:
            out._requires, out._node = True, node
        return out
    return tensor


def run_rule(node, grads, create_graph):
    """A declared op's gradients: one entry of the trace; or, with create_graph, recorded op by op on the tape."""
    rule = node.rule
    saved = node.saved
    if saved is None:
        raise RuntimeError(SECOND_TIME)
    if not rule.gives:
        return []
    if create_graph:
        given = list(grads) + [unpack_tensor(node, i) for i in range(len(saved))]
        return rule.gradients(given)
    if saved:
        operands = list(grads)
        for tensor, version in saved:
            if tensor.__class__ in SCALARS or tensor is None:
                operands.append(tensor)
            elif tensor._counter.n != version:
                raise RuntimeError(_first_modified(node))
            else:
                operands.append(tensor)
    else:
        operands = grads
    rec = current()
    entry, made = record(rec, rule, None, operands)
    storages = iter(made)
    return [None if m is None else new_tensor(next(storages), m) for m in entry.metas]


class Task:
    """One backward pass.

    wanted    None, or the ids of nodes and leaves that lead to the inputs asked for
    ends      whether the pass stops where it captures, leaving hooks and all beyond to another pass
    captures  (node, output number) or leaf id -> gradients kept for `torch.autograd.grad`
    """

    def __init__(self, create_graph, retain_graph, accumulate):
        self.create_graph = create_graph
        self.retain_graph = retain_graph
        self.accumulate = accumulate
        self.ends = False
        self.buffers = {}
        self.wanted = None
        self.capture_nodes = {}
        self.capture_leaves = {}
        self.captured = {}
        self.only_capture = ()


def run_backward(roots, grads, retain_graph, create_graph, inputs=None, accumulate=True):
    """roots: [(node, number) or leaf]; grads: a Tensor each. With inputs, the gradients go there alone.

    Returns, if accumulate is False, the gradient of each input, or None.
    """
    return _run_task(Task(create_graph, retain_graph, accumulate), roots, grads, inputs)


def run_segment(roots, grads, ends, create_graph):
    """The gradients that arrive at `ends` (edges, as roots are) from a graph that lies between: None where none does."""
    task = Task(create_graph, create_graph, False)
    task.ends = True
    return _run_task(task, roots, grads, ends)


def _run_task(task, roots, grads, inputs):
    rec = current()
    before = rec.grad
    outer, _tasks.running = _tasks.running, task
    rec.grad = task.create_graph
    try:
        return _run(task, roots, grads, inputs)
    finally:
        rec.grad = before
        _tasks.running = outer


class _Tasks(threading.local):
    """The innermost backward pass that runs in this thread."""

    running = None


_tasks = _Tasks()


def _key(edge):
    return edge[0] if edge.__class__ is tuple else edge


def _run(task, roots, grads, inputs):
    if task.ends:
        _capture(task, inputs)
        dependencies = _count(roots, task.capture_nodes)
    else:
        dependencies = _count(roots)
        if inputs is not None:
            _restrict(task, roots, inputs)
    heap = []
    leaves = []
    ready = {}
    buffers = task.buffers
    for edge, g in zip(roots, grads):
        _deliver(task, edge, g)
        ready[_key(edge)] = True
    for target in ready:
        if dependencies.get(target, 0) == 0:
            _push(heap, leaves, target)
    while heap or leaves:
        if leaves:
            leaf = leaves.pop(0)
            _finish_leaf(task, leaf, buffers.pop(leaf, None))
            continue
        node = heapq.heappop(heap)[1]
        grads_out = buffers.pop(node, None)
        if task.ends and node in task.capture_nodes:
            for nr, i in task.capture_nodes[node]:
                task.captured[i] = None if grads_out is None else grads_out[nr]
            continue
        results = _run_node(task, node, grads_out) if grads_out is not None else None
        for i, edge in enumerate(node.edges):
            if edge is None:
                continue
            target = edge[0] if edge.__class__ is tuple else edge
            g = results[i] if results is not None and i < len(results) else None
            if g is not None:
                _deliver(task, edge, g)
            left = dependencies[target] = dependencies[target] - 1
            if left == 0 and (task.wanted is None or id(target) in task.wanted):
                _push(heap, leaves, target)
    if inputs is not None and not task.accumulate:
        return [task.captured.get(i) for i in range(len(inputs))]
    return None


def _push(heap, leaves, target):
    seq = getattr(target, "seq", None)
    if seq is None:
        leaves.append(target)
    else:
        heapq.heappush(heap, (-seq, target))


def _capture(task, ends):
    """Note the edges where a segment ends."""
    for i, edge in enumerate(ends):
        if edge.__class__ is tuple:
            task.capture_nodes.setdefault(edge[0], []).append((edge[1], i))
        else:
            task.capture_leaves.setdefault(edge, []).append(i)


def _count(roots, ends=()):
    """How many edges lead to each node and leaf that the pass can reach, going no further than `ends`."""
    count = {}
    seen = set(ends)
    stack = []
    for edge in roots:
        target = _key(edge)
        count.setdefault(target, 0)
        if edge.__class__ is tuple and target not in seen:
            seen.add(target)
            stack.append(target)
    while stack:
        for edge in stack.pop().edges:
            if edge is None:
                continue
            if edge.__class__ is tuple:
                target = edge[0]
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
            else:
                target = edge
            count[target] = count.get(target, 0) + 1
    return count


def _restrict(task, roots, inputs):
    """Find what leads to the inputs; only that runs."""
    for i, t in enumerate(inputs):
        edge = t._edge()
        if edge is None:
            continue
        if edge.__class__ is tuple:
            task.capture_nodes.setdefault(edge[0], []).append((edge[1], i, t))
        else:
            task.capture_leaves.setdefault(edge, []).append(i)
    wanted = {}
    stack = [(_key(e), False) for e in roots]
    while stack:
        target, done = stack.pop()
        if done:
            reached = target in task.capture_nodes
            for edge in target.edges:
                if edge is not None and wanted.get(id(_key(edge))):
                    reached = True
            wanted[id(target)] = reached
            continue
        if id(target) in wanted:
            continue
        if not hasattr(target, "seq"):
            wanted[id(target)] = target in task.capture_leaves
            continue
        wanted[id(target)] = False
        stack.append((target, True))
        stack.extend((_key(e), False) for e in target.edges if e is not None)
    task.wanted = {k for k, v in wanted.items() if v}
    task.only_capture = {n for n in task.capture_nodes
                         if not any(e is not None and id(_key(e)) in task.wanted for e in n.edges)}


def _deliver(task, edge, g):
    """Add a gradient to what its target has got so far."""
    buffers = task.buffers
    if edge.__class__ is tuple:
        node, nr = edge
        held = buffers.get(node)
        if held is None:
            held = buffers[node] = [None] * node.nout
        held[nr] = g if held[nr] is None else add(held[nr], g)
    else:
        held = buffers.get(edge)
        buffers[edge] = g if held is None else add(held, g)


def _run_node(task, node, grads):
    if task.wanted is not None and id(node) not in task.wanted:
        return None
    if node.captured is not None:
        _tensor_hooks(node, grads)
    if node.pre_hooks:
        for hook in tuple(node.pre_hooks.values()):
            new = hook(tuple(grads))
            if new is not None:
                grads = list(new if isinstance(new, tuple) else (new,))
    for nr, i, t in task.capture_nodes.get(node, ()):
        if task.accumulate:
            _accumulate(task, t, grads[nr])
        else:
            task.captured[i] = grads[nr]
    if task.capture_nodes and node in task.only_capture:
        return None
    if all(g is None for g in grads):
        return [None] * len(node.edges)
    try:
        results = node.run(grads, task.create_graph)
    except Exception as error:
        if node.line is not None:
            _tell_forward(node)
        raise error
    if _anomaly.enabled and _anomaly.check_nan:
        _check_nan(node, results)
    if node.hooks:
        given = tuple(results)
        for hook in tuple(node.hooks.values()):
            new = hook(given, tuple(grads))
            if new is not None:
                given = new if isinstance(new, tuple) else (new,)
        results = list(given)
    if not task.retain_graph:
        node.release()
    return results


def _tensor_hooks(node, grads):
    """Hooks on a non-leaf tensor, then retain_grad."""
    for nr, (hooks, keeper) in node.captured.items():
        if grads[nr] is None:
            continue
        for hook in tuple(hooks.values()):
            new = hook(grads[nr])
            if new is not None:
                grads[nr] = new
        tensor = keeper() if keeper is not None else None
        if tensor is not None:
            g = grads[nr]
            held = tensor._grad
            tensor._grad = g.clone() if held is None else held + g


def expect_shape(node, nr, shape):
    """Fit the gradients of an output to the shape that it had when the node was made, though the tensor has another one now."""
    def fit(g):
        if g._meta.shape == shape:
            return g
        lead = len(g._meta.shape) - len(shape)
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g._meta.shape[lead:])):
            raise RuntimeError(f"Function {node.name()} returned an invalid gradient at index {nr} - got {list(g._meta.shape)} but "
                               f"expected shape compatible with {list(shape)}")
        return sum_to(g, shape=shape)

    hooks, _ = node.capture(nr)
    hooks[-1] = fit


def _finish_leaf(task, leaf, g):
    if task.wanted is not None and id(leaf) not in task.wanted:
        return
    if g is None:
        return
    if task.ends:
        for i in task.capture_leaves.get(leaf, ()):
            task.captured[i] = g
        return
    extra = leaf._extra
    if extra is not None and extra.hooks:
        for hook in tuple(extra.hooks.values()):
            new = hook(g)
            if new is not None:
                g = new
    if task.wanted is not None and not task.accumulate:
        for i in task.capture_leaves.get(leaf, ()):
            task.captured[i] = g
        return
    node = extra.accumulator() if extra is not None and extra.accumulator is not None else None
    if node is not None and node.pre_hooks:
        for hook in tuple(node.pre_hooks.values()):
            new = hook((g,))
            if new is not None:
                g = new[0] if isinstance(new, tuple) else new
    if leaf._node is not None:
        raise RuntimeError("leaf variable has been moved into the graph interior")
    if not leaf._requires:      # taken off the tape since, by detach_
        return
    _accumulate(task, leaf, g)
    if node is not None and node.hooks:
        for hook in tuple(node.hooks.values()):
            hook((), (g,))
    if extra is not None and extra.post_hooks:
        for hook in tuple(extra.post_hooks.values()):
            hook(leaf)


def _accumulate(task, leaf, g):
    """leaf.grad += g, in place, so that it stays one object; the first gradient is taken over if nobody else has it."""
    if g is None:
        return
    held = leaf._grad
    if held is None:
        if task.create_graph:
            leaf._grad = g if g._requires else g.clone()
        elif not g._meta.path and g._view is None and sys.getrefcount(g._storage) <= 3 and not g._requires:
            leaf._grad = g
        else:
            leaf._grad = g.detach().clone()
    elif task.create_graph:
        leaf._grad = add(held, g)
    else:
        add_into(held, g)


# ------------------------------------------------------------------ what users call
class _Anomaly:
    enabled = False
    check_nan = True


_anomaly = _Anomaly()


def _check_nan(node, results):
    for i, g in enumerate(results):
        if g is not None and g.dtype.is_floating_point and bool((g != g).any()):
            if node.line is not None:
                _tell_forward(node)
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")


def _tell_forward(node):
    import warnings

    warnings.warn(f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{node.line}",
                  UserWarning, stacklevel=6)


def _as_tuple(x):
    if x is None:
        return ()
    return (x,) if isinstance(x, Tensor) else tuple(x)


def _first_gradients(tensors, given, is_grads_batched=False):
    """The gradients to start from: those given, or ones for scalars."""
    out = []
    for t, g in zip(tensors, given):
        if g is None:
            if t._requires_now():
                if t.numel() != 1:
                    raise RuntimeError("grad can be implicitly created only for scalar outputs")
                if not t.dtype.is_floating_point:
                    raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {t.dtype}")
                out.append(t._ones_like())
            else:
                out.append(None)
            continue
        if not isinstance(g, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
        if g.shape != t.shape:
            raise RuntimeError(f"Mismatch in shape: grad_output[{len(out)}] has a shape of {g.shape} and output"
                               f"[{len(out)}] has a shape of {t.shape}.")
        if g.dtype.is_complex != t.dtype.is_complex:
            raise RuntimeError("For complex Tensors, both grad_output and output are required to have the same dtype. "
                               f"Mismatch in dtype: grad_output[{len(out)}] has a dtype of {g.dtype} and output"
                               f"[{len(out)}] has a dtype of {t.dtype}.")
        out.append(g)
    return out


def _roots(tensors):
    roots = []
    for i, t in enumerate(tensors):
        if not t._requires_now():
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        edge = t._edge()
        if edge is None:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        roots.append(edge)
    return roots


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Add the gradients of `tensors` to the `.grad` of the leaves. Source: torch.autograd.backward."""
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) arguments both passed to backward(). "
                               "Please only use `grad_tensors`.")
        grad_tensors = grad_variables
    inputs = None if inputs is None else _as_tuple(inputs)
    if inputs is not None and len(inputs) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    tensors = _as_tuple(tensors)
    given = _as_tuple(grad_tensors) if grad_tensors is not None else (None,) * len(tensors)
    if len(given) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    grads = _first_gradients(tensors, given)
    roots = _roots(tensors)
    if retain_graph is None:
        retain_graph = create_graph
    run_backward(roots, grads, retain_graph, create_graph, inputs, True)
    boundary()


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True,
         allow_unused=None, is_grads_batched=False, materialize_grads=False):
    """The gradients of outputs with respect to inputs, returned. Source: torch.autograd.grad."""
    outputs = _as_tuple(outputs)
    inputs = _as_tuple(inputs)
    if allow_unused is None:
        allow_unused = materialize_grads
    if materialize_grads and not allow_unused:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
                         "allow_unused=False.")
    given = _as_tuple(grad_outputs) if grad_outputs is not None else (None,) * len(outputs)
    if is_grads_batched:
        rows = [grad(outputs, inputs, tuple(g[i] for g in given), True, create_graph, only_inputs, allow_unused)
                for i in range(len(given[0]))]
        return tuple(None if column[0] is None else Tensor._stack(column) for column in zip(*rows))
    grads = _first_gradients(outputs, given)
    if retain_graph is None:
        retain_graph = create_graph
    roots = _roots(outputs)
    for t in inputs:
        if not t._requires_now():
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    results = run_backward(roots, grads, retain_graph, create_graph, inputs, False)
    out = []
    for i, (t, g) in enumerate(zip(inputs, results)):
        if g is None:
            if not allow_unused:
                raise RuntimeError(f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                                   "allow_unused=True if this is the desired behavior.")
            if materialize_grads:
                g = t._zeros_like()
        out.append(g)
    return tuple(out)
