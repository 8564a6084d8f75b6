"""Gradients checked against finite differences. Source: torch.autograd.gradcheck and gradgradcheck."""
import warnings

import rushlight as torch

__all__ = ["gradcheck", "gradgradcheck", "GradcheckError"]

_NOT_REENTRANT = """Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives \
different values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {}.
"""
_UNDEFINED = "Expected backward function to handle undefined output grads: a gradient that is not there counts as zeros."


class GradcheckError(RuntimeError):
    """A gradient is not what finite differences say."""


GradcheckError.__module__ = "torch.autograd.gradcheck"


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True,
              check_grad_dtypes=False, check_batched_grad=False, check_batched_forward_grad=False, check_forward_ad=False,
              check_backward_ad=True, fast_mode=False, masked=None):
    """Whether the gradients of func(*inputs) agree with central differences of step eps, to atol and rtol.

    inputs: tensors (float64 or complex128, or it will hardly agree) of which one at least requires a gradient. The whole
    Jacobian is compared, in fast_mode too. With raise_exception a GradcheckError says what differs; else False comes back.
    """
    if not (check_forward_ad or check_backward_ad):
        raise ValueError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_forward_ad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck: rushlight has no forward-mode gradients; check_forward_ad must be False")
    if check_batched_grad:
        raise NotImplementedError("gradcheck: rushlight computes no batched gradients; check_batched_grad must be False")
    settings = dict(eps=eps, atol=atol, rtol=rtol, nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                    check_grad_dtypes=check_grad_dtypes)
    if raise_exception:
        return _check(func, inputs, **settings)
    try:
        return _check(func, inputs, **settings)
    except GradcheckError:
        return False


def _check(func, inputs, eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes):
    inputs = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
    _check_inputs(inputs)
    outputs = _outputs(func(*inputs))
    wanted = [i for i, x in enumerate(inputs) if _differentiable(x)]
    if not any(o.requires_grad for o in outputs):
        return _check_no_gradient(func, inputs, wanted, len(outputs), eps)
    halves = [("", lambda o: o)]
    if any(o.is_complex() for o in outputs):
        halves = [("While considering the imaginary part of complex outputs only, ", _imaginary),
                  ("While considering the real part of complex outputs only, ", _real)]
    for opening, part in halves:
        _check_part(lambda *a: [part(o) for o in _outputs(func(*a))], inputs, wanted, eps, atol, rtol, nondet_tol,
                    check_grad_dtypes, opening)
    if check_undefined_grad:
        _check_undefined(func, inputs, wanted)
    return True


def _differentiable(x):
    return isinstance(x, torch.Tensor) and x.requires_grad


def _outputs(out):
    """The outputs that may have a gradient."""
    outs = [out] if isinstance(out, torch.Tensor) else list(out) if isinstance(out, (tuple, list)) else [out]
    return [o for o in outs if o.requires_grad] or outs


def _real(o):
    return torch.real(o) if o.is_complex() else o


def _imaginary(o):
    return torch.imag(o) if o.is_complex() else o * 0


def _check_inputs(inputs):
    if not any(_differentiable(x) for x in inputs):
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them have "
                         "requires_grad=True.")
    for i, x in enumerate(inputs):
        if not _differentiable(x):
            continue
        if x.dtype not in (torch.float64, torch.complex128):
            warnings.warn(f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                          "will likely fail if all the inputs are not of double precision floating point or complex. ",
                          stacklevel=4)
        if any(stride == 0 and size > 1 for stride, size in zip(x.stride(), x.shape)):
            raise RuntimeError(f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                               "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                               ".contiguous on the input before passing it to gradcheck.")
        x.retain_grad()


def _check_no_gradient(func, inputs, wanted, count, eps):
    for i in wanted:
        for jacobian in _numerical(lambda *a: _outputs(func(*a)), inputs, i, eps):
            if not bool((jacobian == 0).all()):
                raise GradcheckError("Numerical gradient for function expected to be zero")
    return True


def _check_part(func, inputs, wanted, eps, atol, rtol, nondet_tol, check_grad_dtypes, opening):
    numerical = {i: _numerical(func, inputs, i, eps) for i in wanted}
    outputs = func(*inputs)
    for k, out in enumerate(outputs):
        first = _analytical(out, inputs, wanted, check_grad_dtypes)
        second = _analytical(out, inputs, wanted, check_grad_dtypes)
        for i in wanted:
            a, n = first[i], numerical[i][k]
            if not torch.allclose(*_same_type(n, a), rtol=rtol, atol=atol):
                raise GradcheckError(f"{opening}Jacobian mismatch for output {k} with respect to input {i},\nnumerical:{n}\n"
                                     f"analytical:{a}\n")
        for i in wanted:
            if first[i].numel() and float((first[i] - second[i]).abs().max()) > nondet_tol:
                raise GradcheckError(opening + _NOT_REENTRANT.format(nondet_tol))


def _same_type(a, b):
    dtype = torch.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)


def _numerical(func, inputs, which, eps):
    """d output / d input for every output, by central differences: (numel of input, numel of output) each.

    For a complex input: the derivative by its real part, plus i times that by its imaginary part, as PyTorch defines it.
    """
    x = inputs[which]
    memory = x.detach()
    shape = tuple(x.shape)
    rows = []
    with torch.no_grad():
        for at in _positions(shape):
            row = _difference(func, inputs, memory, at, eps)
            if x.is_complex():
                along_imaginary = _difference(func, inputs, memory, at, eps * 1j)
                row = [torch.complex(a.to(b.dtype), b) for a, b in zip(row, along_imaginary)]
            rows.append(row)
        if not rows:
            return [torch.zeros(0, o.numel(), dtype=o.dtype) for o in func(*inputs)]
        return [torch.stack([row[k] for row in rows]) for k in range(len(rows[0]))]


def _positions(shape):
    import itertools

    return itertools.product(*map(range, shape))


def _difference(func, inputs, memory, at, step):
    kept = memory[at].clone()
    memory[at] = kept + step
    high = [o.detach().clone().reshape(-1) for o in func(*inputs)]
    memory[at] = kept - step
    low = [o.detach().clone().reshape(-1) for o in func(*inputs)]
    memory[at] = kept
    return [(h - l) / (2 * abs(step)) for h, l in zip(high, low)]


def _analytical(out, inputs, wanted, check_dtypes):
    """As _numerical, from backward passes: one for each element of the output."""
    jacobians = {i: torch.zeros(inputs[i].numel(), out.numel(), dtype=inputs[i].dtype) for i in wanted}
    if not out.requires_grad:
        return jacobians
    chosen = [inputs[i] for i in wanted]
    one = torch.zeros(out.numel(), dtype=out.dtype)
    for k in range(out.numel()):
        one.zero_()
        one[k] = 1
        grads = torch.autograd.grad(out, chosen, one.reshape(out.shape).clone(), retain_graph=True, allow_unused=True)
        for i, g in zip(wanted, grads):
            if g is None:
                continue
            if check_dtypes and g.dtype != inputs[i].dtype:
                raise GradcheckError("Gradient has dtype mismatch")
            if g.shape != inputs[i].shape:
                raise GradcheckError("Analytical gradient has incorrect size")
            jacobians[i][:, k] = g.reshape(-1)
    return jacobians


def _check_undefined(func, inputs, wanted):
    """A backward pass from one output alone, with a gradient of zeros, must give zeros."""
    chosen = [inputs[i] for i in wanted]
    count = len(_outputs(func(*inputs)))
    for k in range(count if count > 1 else 0):
        out = _outputs(func(*inputs))[k]
        try:
            grads = torch.autograd.grad(out, chosen, torch.zeros_like(out), allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError(_UNDEFINED) from error
        if any(g is not None and bool((g != 0).any()) for g in grads):
            raise GradcheckError(_UNDEFINED)


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
                  raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False,
                  check_batched_grad=False, check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False, masked=False):
    """gradcheck of the gradients of func: whether second derivatives agree with differences of first ones.

    grad_outputs: gradients of the outputs to go through, of their shapes; random ones if None.
    """
    inputs = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
    if grad_outputs is None:
        grad_outputs = []
        for o in _outputs(func(*inputs)):
            dtype = o.dtype if o.dtype.is_floating_point or o.dtype.is_complex else torch.float64
            g = torch.randn(o.shape, dtype=dtype)
            if gen_non_contig_grad_outputs and g.ndim:
                g = torch.stack([g, g], -1)[..., 0]
            grad_outputs.append(g.requires_grad_())
        grad_outputs = tuple(grad_outputs)
    else:
        grad_outputs = (grad_outputs,) if isinstance(grad_outputs, torch.Tensor) else tuple(grad_outputs)
    count = len(grad_outputs)

    def gradients(*args):
        points, given = args[:len(args) - count], args[len(args) - count:]
        chosen = tuple(p for p in points if _differentiable(p))
        with torch.enable_grad():
            grads = torch.autograd.grad(_outputs(func(*points)), chosen, given, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(gradients, inputs + grad_outputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
                     check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
                     check_backward_ad=check_rev_over_rev, fast_mode=fast_mode, masked=masked)
