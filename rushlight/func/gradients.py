"""Gradients as functions. Source: torch.func.grad, vjp, jvp, jacrev, jacfwd, hessian.

Each transform runs its function on fresh tensors under the tape of torch.autograd, with create_graph, so that transforms
nest; what depends on nothing outside is taken off the tape before it is given back.
"""
import functools

import rushlight as torch
from rushlight.utils._pytree import tree_flatten, tree_map, tree_unflatten

__all__ = ["grad", "grad_and_value", "vjp", "jvp", "linearize", "jacrev", "jacfwd", "hessian"]


class _Level:
    """One use of a transform: makes its inputs differentiable, and takes results off its own tape."""

    def __init__(self):
        self.tape_outside = torch.is_grad_enabled()
        self.leaves = set()

    def enter(self, tree):
        """The nest with differentiable tensors in place of its own."""
        return tree_map(self._fresh, tree)

    def _fresh(self, t):
        if not isinstance(t, torch.Tensor):
            return t
        if t.requires_grad and self.tape_outside:
            return t.view_as(t)             # a derivative by it can be differentiated further by the caller
        fresh = t.detach().requires_grad_() if t.is_floating_point() or t.is_complex() else t.detach()
        self.leaves.add(id(fresh))
        fresh.of_transform = self           # keeps the leaf alive while the level asks for its id
        return fresh

    def leave(self, tree):
        """The nest as the caller sees it."""
        return tree_map(lambda t: self._out(t) if isinstance(t, torch.Tensor) else t, tree)

    def _out(self, t):
        if not t.requires_grad:
            return t
        return t if self.tape_outside and self._depends_outside(t) else t.detach()

    def _depends_outside(self, t):
        """Whether a leaf that is not of this level can be reached from t."""
        stack, seen = [t._edge()], set()
        while stack:
            edge = stack.pop()
            if not isinstance(edge, tuple):
                if id(edge) not in self.leaves:
                    return True
                continue
            if edge[0] not in seen:
                seen.add(edge[0])
                stack.extend(e for e in edge[0].edges if e is not None)
        return False


def _check_argnums(argnums, count):
    for n in (argnums if isinstance(argnums, tuple) else (argnums,)):
        if not isinstance(n, int):
            raise RuntimeError(f"argnum must be int, got: {type(n)}")
        if not -count <= n < count:
            raise RuntimeError(f"Got argnum={n}, but only {count} positional inputs")
    if isinstance(argnums, tuple):
        if not argnums:
            raise RuntimeError("argnums must be non-empty")
        wrapped = [n % count for n in argnums]
        if len(set(wrapped)) != len(wrapped):
            raise RuntimeError(f"argnums elements must be unique, got {argnums}")


def _chosen(args, argnums):
    return tuple(args[n] for n in argnums) if isinstance(argnums, tuple) else args[argnums]


def _with_chosen(args, argnums, values):
    args = list(args)
    for n, value in zip(argnums, values) if isinstance(argnums, tuple) else ((argnums, values),):
        args[n] = value
    return args


def _gradients(outputs, inputs, grads):
    """Gradients of flat lists of tensors, zeros where there are none."""
    pairs = [(o, g) for o, g in zip(outputs, grads) if o.requires_grad]
    wanted = [t for t in inputs if t.requires_grad]
    found = iter(torch.autograd.grad([o for o, _ in pairs], wanted, [g for _, g in pairs], create_graph=True,
                                     allow_unused=True) if pairs and wanted else (None,) * len(wanted))
    return [next(found) if t.requires_grad else None for t in inputs]


def _zeros_for_missing(grads, inputs):
    return [torch.zeros_like(t) if g is None else g for g, t in zip(grads, inputs)]


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that gives (gradient of func's scalar output, output): (gradient, (output, aux)) with has_aux."""
    @functools.wraps(func)
    def run(*args, **kwargs):
        level = _Level()
        with torch.enable_grad():
            _check_argnums(argnums, len(args))
            points = level.enter(_chosen(args, argnums))
            out = func(*_with_chosen(args, argnums, points), **kwargs)
            aux = None
            if has_aux:
                if not (isinstance(out, tuple) and len(out) == 2):
                    raise RuntimeError("grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True")
                out, aux = out
            if not isinstance(out, torch.Tensor):
                raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(out)}")
            if out.dim() != 0:
                raise RuntimeError("grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                                   f"{out.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?")
            flat, spec = tree_flatten(points)
            grads = _zeros_for_missing(_gradients([out], flat, [torch.ones_like(out)]), flat)
            gradient = level.leave(tree_unflatten(grads, spec))
            out = level.leave(out)
            return gradient, (out, level.leave(aux)) if has_aux else out
    return run


def grad(func, argnums=0, has_aux=False):
    """A function that gives the gradient of func's scalar output by its arguments `argnums`; (gradient, aux) with has_aux."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def run(*args, **kwargs):
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient
    return run


def vjp(func, *primals, has_aux=False):
    """func(*primals), and a function of cotangents (as the output) that gives the gradients (as the primals)."""
    level = _Level()
    with torch.enable_grad():
        points = level.enter(primals)
        out = func(*points)
        aux = None
        if has_aux:
            if not (isinstance(out, tuple) and len(out) == 2):
                raise RuntimeError("vjp(f, *primals): output of function f should be a tuple: (output, aux) if has_aux is True")
            out, aux = out
    flat_out, out_spec = tree_flatten(out)
    for t in flat_out:
        if not isinstance(t, torch.Tensor):
            raise RuntimeError(f"vjp(f, *primals): Expected f(*primals) to return only tensors, got unsupported type {type(t)}")
    flat_in, in_spec = tree_flatten(points)

    def pull_back(*cotangents, retain_graph=True, create_graph=None):
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        flat, spec = tree_flatten(given)
        if spec != out_spec:
            raise RuntimeError("Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                               f"cotangents: {spec}, primal output: {out_spec}")
        with torch.enable_grad():
            grads = _zeros_for_missing(_gradients(flat_out, flat_in, flat), flat_in)
            result = level.leave(tree_unflatten(grads, in_spec))
        return result

    out = level.leave(out)
    return (out, pull_back, level.leave(aux)) if has_aux else (out, pull_back)


def _push(level, func, primals, tangents, has_aux):
    """func's outputs and their derivatives along tangents: flat lists, the spec, aux. By two backward passes."""
    points = level.enter(primals)
    out = func(*points)
    aux = None
    if has_aux:
        if not (isinstance(out, tuple) and len(out) == 2):
            raise RuntimeError("jvp(f, primals, tangents): output of function f should be a tuple: (output, aux) if has_aux is True")
        out, aux = out
    flat_out, spec = tree_flatten(out)
    flat_in, _ = tree_flatten(points)
    weights = [torch.zeros_like(o, requires_grad=True) for o in flat_out]
    level.leaves.update(map(id, weights))
    level.weights = weights
    first = _gradients(flat_out, flat_in, weights)
    pairs = [(g, t) for g, t in zip(first, tree_flatten(tangents)[0]) if g is not None]
    along = _zeros_for_missing(_gradients([g for g, _ in pairs], weights, [t for _, t in pairs]), weights)
    return flat_out, along, spec, aux


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """func(*primals), and its derivative along tangents. Both given as tuples."""
    if not isinstance(primals, tuple):
        raise RuntimeError("jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    if tree_flatten(primals)[1] != tree_flatten(tangents)[1]:
        raise RuntimeError("jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. For example, if "
                           "primals is a tuple of 3 tensors, tangents also must be. Got primals with structure "
                           f"{tree_flatten(primals)[1]} and tangents with structure {tree_flatten(tangents)[1]}")
    level = _Level()
    with torch.enable_grad():
        flat_out, along, spec, aux = _push(level, func, primals, tangents, has_aux)
        out = level.leave(tree_unflatten(flat_out, spec))
        derivative = level.leave(tree_unflatten(along, spec))
    return (out, derivative, level.leave(aux)) if has_aux else (out, derivative)


def linearize(func, *primals):
    """func(*primals), and the function that gives its derivative there along any tangents."""
    out = func(*primals)

    def along(*tangents):
        return jvp(func, primals, tangents)[1]

    return out, along


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """A function that gives the Jacobian of func: (*O, *I) for each output of shape O and argument of shape I."""
    @functools.wraps(func)
    def run(*args):
        level = _Level()
        with torch.enable_grad():
            _check_argnums(argnums, len(args))
            points = level.enter(_chosen(args, argnums))
            out = func(*_with_chosen(args, argnums, points))
            aux = None
            if has_aux:
                out, aux = out
            flat_out, out_spec = tree_flatten(out)
            flat_in, in_spec = tree_flatten(points)
            found = [tree_unflatten(_jacobian_of(o, flat_in), in_spec) for o in flat_out]
            result = level.leave(tree_unflatten(found, out_spec))
            return (result, level.leave(aux)) if has_aux else result
    return run


def _jacobian_of(out, inputs):
    """The Jacobian of one output by each of a list of inputs."""
    rows = [[] for _ in inputs]
    for k in range(out.numel()):
        one = torch.zeros(out.numel(), dtype=out.dtype)
        one[k] = 1
        grads = _zeros_for_missing(_gradients([out], inputs, [one.reshape(out.shape)]), inputs)
        for row, g in zip(rows, grads):
            row.append(g)
    return [(torch.stack(row) if row else t.new_zeros((0, *t.shape))).view(out.shape + t.shape) for row, t in zip(rows, inputs)]


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """As jacrev. There is no forward mode here, so it is computed by backward passes, too."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func, argnums=0):
    """A function that gives the second derivatives of func."""
    return jacfwd(jacrev(func, argnums), argnums)
