"""Full backward hooks: identity functions on a module's inputs and outputs tell when gradients pass."""
import rushlight as torch


class BackwardGates:
    """Wraps one call of a module.

    The gate on the outputs sees grad_output first, runs the pre-hooks, and keeps it; the gate on the inputs
    sees grad_input, runs the hooks with both, and passes on what they return.
    """

    def __init__(self, module, hooks, pre_hooks):
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs = None
        self.input_count = 0
        self.inputs_watched = False

    def watch_inputs(self, args):
        self.input_count = len(args)
        if not self.hooks:
            return args
        positions = [i for i, value in enumerate(args) if _differentiable(value)]
        self.inputs_watched = bool(positions)
        if not positions:
            return args
        gated = _gate([args[i] for i in positions], lambda grads: self._inputs_backward(positions, grads))
        args = list(args)
        for position, value in zip(positions, gated):
            args[position] = value
        return tuple(args)

    def watch_outputs(self, result):
        single = isinstance(result, torch.Tensor)
        values = (result,) if single else result
        if not isinstance(values, tuple):
            import warnings

            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                f"received {type(result)}",
                stacklevel=4,
            )
            return result
        positions = [i for i, value in enumerate(values) if _differentiable(value)]
        if not positions:
            return result
        count = len(values)
        gated = _gate([values[i] for i in positions], lambda grads: self._outputs_backward(count, positions, grads))
        if single:
            return gated[0]
        values = list(values)
        for position, value in zip(positions, gated):
            values[position] = value
        return type(result)(values) if type(result) is tuple else type(result)(*values)

    def _outputs_backward(self, count, positions, grads):
        full = [None] * count
        for position, grad in zip(positions, grads):
            full[position] = grad
        grad_outputs = tuple(full)
        for hook in self.pre_hooks:
            replacement = hook(self.module, grad_outputs)
            if replacement is not None:
                grad_outputs = _as_tuple(replacement, "Backward pre hook", "grad_output", count)
        self.grad_outputs = grad_outputs
        if self.hooks and not self.inputs_watched:
            # No input needs a gradient, so nothing will come back through the other gate.
            import warnings

            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
                "#torch.nn.Module.register_full_backward_hook for more details.",
                stacklevel=5,
            )
            grad_inputs = (None,) * self.input_count
            for hook in self.hooks:
                replacement = hook(self.module, grad_inputs, grad_outputs)
                if replacement is not None and any(grad is not None for grad in _tuple_of(replacement)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or "
                        "None for all gradients."
                    )
            self.grad_outputs = None
        return tuple(grad_outputs[position] for position in positions)

    def _inputs_backward(self, positions, grads):
        if self.grad_outputs is None:
            raise RuntimeError("Module backward hook for grad_input is called before the grad_output one.")
        full = [None] * self.input_count
        for position, grad in zip(positions, grads):
            full[position] = grad
        grad_inputs = tuple(full)
        for hook in self.hooks:
            replacement = hook(self.module, grad_inputs, self.grad_outputs)
            if replacement is not None:
                grad_inputs = _as_tuple(replacement, "Backward hook", "grad_input", self.input_count)
        self.grad_outputs = None
        return tuple(grad_inputs[position] for position in positions)


def _differentiable(value):
    return isinstance(value, torch.Tensor) and value.requires_grad and torch.is_grad_enabled()


def _tuple_of(value):
    return value if isinstance(value, tuple) else (value,)


def _as_tuple(value, hook_kind, what, count):
    values = _tuple_of(value)
    if len(values) != count:
        raise RuntimeError(
            f"{hook_kind} returned an invalid number of {what}, got {len(values)}, but expected {count}"
        )
    return values


_gate_function = None


def _gate(tensors, on_backward):
    """The tensors, unchanged, through one autograd node that maps their gradients through `on_backward`."""
    global _gate_function
    if _gate_function is None:
        _gate_function = _define_gate()
    result = _gate_function.apply(on_backward, *tensors)
    return result if isinstance(result, tuple) else (result,)


def _define_gate():
    # Defined at first use, so that importing nn needs no autograd.
    class BackwardHookFunction(torch.autograd.Function):
        @staticmethod
        def forward(ctx, on_backward, *tensors):
            ctx.on_backward = on_backward
            ctx.set_materialize_grads(False)
            return tuple(tensor.view_as(tensor) for tensor in tensors)

        @staticmethod
        def backward(ctx, *grads):
            return (None, *ctx.on_backward(grads))

    return BackwardHookFunction
