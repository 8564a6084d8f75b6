"""Jacobians, Hessians and their products with vectors. Source: torch.autograd.functional."""
import rushlight as torch

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]

_NOT_DIFFERENTIABLE = ("Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
                       "differentiable manner from the input when running in strict mode.")
_INDEPENDENT = ("Output {i} of the user-provided function is independent of input {j}. This is not allowed in strict mode.")
_LINEAR = ("While computing the hessian, found that the jacobian of the user-provided function with respect to input {i} is "
           "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice "
           "differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for example).")


def _tuple(given, what, function):
    """given as a tuple of tensors, and whether it was one."""
    many = isinstance(given, tuple)
    items = given if many else (given,)
    for i, item in enumerate(items):
        if not isinstance(item, torch.Tensor):
            if many:
                raise TypeError(f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the value at "
                                f"index {i} has type {type(item)}.")
            raise TypeError(f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the given {what} "
                            f"has type {type(item)}.")
    return items, many


def _fresh(inputs, create_graph):
    """The inputs as the function will see them: differentiable, and tied to the caller's tape with create_graph."""
    return tuple(t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_() for t in inputs)


def _run(func, inputs, name):
    return _tuple(func(*inputs), "outputs of the user-provided function", name)


def _check_differentiable(outputs, strict):
    if strict:
        for i, out in enumerate(outputs):
            if not out.requires_grad:
                raise RuntimeError(_NOT_DIFFERENTIABLE.format(i=i))


def _grad(outputs, inputs, grads, create_graph=False, retain_graph=None):
    """Gradients, None where there are none; outputs off the tape are left out."""
    pairs = [(o, g) for o, g in zip(outputs, grads) if o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    return torch.autograd.grad([o for o, _ in pairs], inputs, [g for _, g in pairs], allow_unused=True,
                               create_graph=create_graph, retain_graph=retain_graph)


def _filled(grads, like, strict, message):
    """Zeros for missing gradients; in strict mode an error."""
    out = []
    for i, (g, t) in enumerate(zip(grads, like)):
        if g is None:
            if strict:
                raise RuntimeError(message.format(i=i))
            g = torch.zeros_like(t)
        out.append(g)
    return tuple(out)


def _result(tensors, many, create_graph):
    """As the caller gave its own: a tensor or a tuple; off the tape unless asked for."""
    if not create_graph:
        tensors = tuple(t.detach() if isinstance(t, torch.Tensor) else t for t in tensors)
    return tensors if many else tensors[0]


def _vector(v, like, many_like, name, missing):
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(missing)
        return (torch.ones_like(like[0]),)
    v, many = _tuple(v, "v", name)
    if len(v) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}." if many_like else
                           "The given v should contain a single Tensor.")
    for i, (a, b) in enumerate(zip(v, like)):
        if a.shape != b.shape:
            start = f"Entry {i} in v" if len(v) > 1 else "v"
            raise RuntimeError(f"{start} has invalid size: should be {b.shape} but got {a.shape}.")
    return v


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs, and the product of v (as the outputs) with its Jacobian (as the inputs)."""
    with torch.enable_grad():
        inputs, many_in = _tuple(inputs, "inputs", "vjp")
        inputs = _fresh(inputs, create_graph)
        outputs, many_out = _run(func, inputs, "vjp")
        _check_differentiable(outputs, strict)
        v = _vector(v, outputs, many_out, "vjp", "The vector v can only be None if the user-provided function returns a single "
                                                 "Tensor with a single element.")
        grads = _grad(outputs, inputs, v, create_graph=create_graph or strict)
        product = _filled(grads, inputs, strict, "The vjp of the user-provided function is independent of input {i}.")
    create_graph = create_graph and torch.is_grad_enabled()
    return _result(outputs, many_out, create_graph), _result(product, many_in, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs, and the product of its Jacobian with v (as the inputs), as the outputs.

    Found by two backward passes: the vector-Jacobian product is linear in its vector, and its derivative is this product.
    """
    with torch.enable_grad():
        inputs, many_in = _tuple(inputs, "inputs", "jvp")
        inputs = _fresh(inputs, create_graph)
        v = _vector(v, inputs, many_in, "jvp", "The vector v can only be None if the input to the user-provided function is a "
                                               "single Tensor with a single element.")
        outputs, many_out = _run(func, inputs, "jvp")
        _check_differentiable(outputs, strict)
        weights = tuple(torch.zeros_like(o, requires_grad=True) for o in outputs)
        first = _filled(_grad(outputs, inputs, weights, create_graph=True), inputs, strict,
                        "The jvp of the user-provided function is independent of input {i}.")
        product = _filled(_grad(first, weights, v, create_graph=create_graph), outputs, strict, _INDEPENDENT)
    create_graph = create_graph and torch.is_grad_enabled()
    return _result(outputs, many_out, create_graph), _result(product, many_out, create_graph)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """d outputs / d inputs: for output shape (*O) and input shape (*I) a tensor (*O, *I); tuples for several of either.

    vectorize and strategy change how PyTorch computes it; here it is one backward pass for each element of the outputs.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more '
                             'outputs than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use '
                             '"reverse-mode".')
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError("Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
                                  "only implemented for `vectorize=True`.")
    outer_grad = torch.is_grad_enabled()
    with torch.enable_grad():
        inputs, many_in = _tuple(inputs, "inputs", "jacobian")
        inputs = _fresh(inputs, create_graph)
        outputs, many_out = _run(func, inputs, "jacobian")
        _check_differentiable(outputs, strict)
        found = []
        for i, out in enumerate(outputs):
            rows = [[] for _ in inputs]
            for k in range(out.numel()):
                one = torch.zeros(out.numel(), dtype=out.dtype)
                one[k] = 1
                grads = _grad((out,), inputs, (one.reshape(out.shape),), create_graph=create_graph, retain_graph=True)
                for j, g in enumerate(grads):
                    if g is None and strict:
                        raise RuntimeError(_INDEPENDENT.format(i=i, j=j))
                    if strict and create_graph and not g.requires_grad:
                        raise RuntimeError("The jacobian of the user-provided function is independent of input "
                                           f"{j}. This is not allowed in strict mode when create_graph=True.")
                    rows[j].append(torch.zeros_like(inputs[j]) if g is None else g)
            found.append(tuple(
                (torch.stack(r) if r else inputs[j].new_zeros((0, *inputs[j].shape))).view(out.shape + inputs[j].shape)
                for j, r in enumerate(rows)))
    keep = create_graph and outer_grad
    columns = tuple(_result(row, many_in, keep) for row in found)
    return columns if many_out else columns[0]


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The second derivatives of a function of one element: (*I, *J) for inputs of shapes I and J; tuples of tuples for several."""
    inputs, many_in = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def single(*points):
        out = func(*points)
        outs, many = _tuple(out, "outputs of the user-provided function", "hessian")
        _check_differentiable(outs, strict)
        if many:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
        return out.squeeze() if out.ndim else out

    def first(*points):
        points = _fresh(points, True)
        out = single(*points)
        grads = _grad((out,), points, (torch.ones_like(out),), create_graph=True)
        grads = _filled(grads, points, strict, _LINEAR)
        if strict and not all(g.requires_grad for g in grads):
            raise RuntimeError(_LINEAR.format(i=[g.requires_grad for g in grads].index(False)))
        return grads

    found = jacobian(first, inputs, create_graph=create_graph, strict=False)
    return found if many_in else found[0][0]


def _second(name, func, inputs, v, create_graph, strict):
    """The common part of hvp and vhp."""
    outer_grad = torch.is_grad_enabled()
    with torch.enable_grad():
        inputs, many_in = _tuple(inputs, "inputs", name)
        inputs = _fresh(inputs, create_graph)
        v = _vector(v, inputs, many_in, name, "The vector v can only be None if the input to the user-provided function is a "
                                              "single Tensor with a single element.")
        outputs, many_out = _run(func, inputs, name)
        _check_differentiable(outputs, strict)
        if many_out:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
        first = _grad(outputs, inputs, (torch.ones_like(outputs[0]),), create_graph=True)
        first = _filled(first, inputs, strict, _LINEAR)
        if strict and not all(g.requires_grad for g in first):
            raise RuntimeError(_LINEAR.format(i=[g.requires_grad for g in first].index(False)))
        product = _filled(_grad(first, inputs, v, create_graph=create_graph), inputs, strict, _LINEAR)
    keep = create_graph and outer_grad
    return _result(outputs, False, keep), _result(product, many_in, keep)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's output, and the product of its Hessian with v (as the inputs). The Hessian being symmetric, as vhp."""
    return _second("hvp", func, inputs, v, create_graph, strict)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """func's output, and the product of v with its Hessian (as the inputs)."""
    return _second("vhp", func, inputs, v, create_graph, strict)
