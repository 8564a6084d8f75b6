"""Less memory for more time: parts of a model whose intermediate values are computed again in the backward pass.

Source: torch.utils.checkpoint; Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
"""
import contextlib
import warnings

import rushlight as torch

__all__ = ["checkpoint", "checkpoint_sequential", "CheckpointError", "CheckpointFunction", "check_backward_validity",
           "detach_variable", "get_device_states", "set_device_states", "noop_context_fn", "set_checkpoint_early_stop",
           "set_checkpoint_debug_enabled", "DefaultDeviceType"]


class CheckpointError(RuntimeError):
    """What was computed again is not what was computed at first."""


class DefaultDeviceType:
    """The device type whose generators are kept. Here tensors live on the CPU alone."""

    _type = "cuda"

    @staticmethod
    def set_device_type(device="cuda"):
        DefaultDeviceType._type = device

    @staticmethod
    def get_device_type():
        return DefaultDeviceType._type


def noop_context_fn():
    return contextlib.nullcontext(), contextlib.nullcontext()


def detach_variable(inputs):
    """A tuple's tensors off the tape, each wanting a gradient as before."""
    if not isinstance(inputs, tuple):
        raise RuntimeError("Only tuple of tensors is supported. Got Unsupported input type: ", type(inputs).__name__)
    out = []
    for t in inputs:
        if isinstance(t, torch.Tensor):
            wants = t.requires_grad
            t = t.detach()
            t.requires_grad = wants
        out.append(t)
    return tuple(out)


def check_backward_validity(inputs):
    if not any(t.requires_grad for t in inputs if isinstance(t, torch.Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


def get_device_states(*args):
    """The generators of the accelerators that args lie on: none."""
    return [], []


def set_device_states(devices, states, *, device_type=None):
    """Nothing to set: there are no accelerators."""


class _Surroundings:
    """The generator and the autocast mode at the time of the first run, for the later one."""

    def __init__(self, preserve_rng_state):
        self.state = torch.get_rng_state() if preserve_rng_state else None
        self.autocast = dict(device_type="cpu", enabled=torch.is_autocast_enabled("cpu"), dtype=torch.get_autocast_dtype("cpu"))

    @contextlib.contextmanager
    def again(self):
        with torch.random.fork_rng(enabled=self.state is not None):
            if self.state is not None:
                torch.set_rng_state(self.state)
            with torch.amp.autocast(**self.autocast) if self.autocast["enabled"] else contextlib.nullcontext():
                yield


class CheckpointFunction(torch.autograd.Function):
    """The variant whose backward pass runs another one within (use_reentrant=True)."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.surroundings = _Surroundings(preserve_rng_state)
        ctx.args = [None if isinstance(a, torch.Tensor) else a for a in args]
        ctx.tensor_at = [i for i, a in enumerate(args) if isinstance(a, torch.Tensor)]
        ctx.save_for_backward(*[args[i] for i in ctx.tensor_at])
        with torch.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        if torch.autograd._within_grad():
            raise RuntimeError("When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                               "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                               ".backward() without passing the `inputs` argument.")
        args = list(ctx.args)
        for i, t in zip(ctx.tensor_at, ctx.saved_tensors):
            args[i] = t
        args = detach_variable(tuple(args))
        with ctx.surroundings.again(), torch.enable_grad():
            outputs = ctx.run_function(*args)
        outputs = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
        pairs = [(o, g) for o, g in zip(outputs, grads) if isinstance(o, torch.Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        torch.autograd.backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *[a.grad if isinstance(a, torch.Tensor) else None for a in args])


def checkpoint(function, *args, use_reentrant=None, context_fn=noop_context_fn, determinism_check="default", debug=False,
               early_stop=True, **kwargs):
    """function(*args, **kwargs), whose intermediate values are not kept but computed again in the backward pass.

    use_reentrant: True is PyTorch's older variant (gradients for the arguments must be wanted, no autograd.grad, no keyword
    arguments); False has none of these limits. preserve_rng_state=True (a keyword): the second run draws the same random
    numbers. context_fn: gives two contexts, for the first run and for the second.
    """
    if use_reentrant is None:
        warnings.warn("torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
                      "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but if "
                      "you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more "
                      "details on the differences between the two variants.", stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    return _without_reentrance(function, args, kwargs, preserve, context_fn, determinism_check)


def _without_reentrance(function, args, kwargs, preserve, context_fn, determinism_check):
    from rushlight.utils._pytree import tree_flatten, tree_unflatten

    first, second = context_fn()
    surroundings = _Surroundings(preserve)
    state = {"first": True, "seen": None, "spec": None}
    if not torch.is_grad_enabled():
        with first:
            return function(*args, **kwargs)

    def run():
        """The tensors among the outputs; the nest around them is kept in `state`."""
        if state["first"]:
            state["first"] = False
            with first:
                out = function(*args, **kwargs)
        else:
            with surroundings.again(), second:
                out = function(*args, **kwargs)
        leaves, state["spec"] = tree_flatten(out)
        state["leaves"] = leaves
        return [t for t in leaves if isinstance(t, torch.Tensor)]

    def check(outputs):
        if determinism_check == "none":
            return
        now = [_looks(t) for t in outputs]
        if now != state["seen"]:
            raise CheckpointError("torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                                  f"during the forward pass.\nsaved metadata: {state['seen']}\nrecomputed metadata: {now}")

    outputs = torch.autograd._recomputed(run, check)
    state["seen"] = [_looks(t) for t in outputs]
    leaves = state.pop("leaves")
    tensors = iter(outputs)
    return tree_unflatten([next(tensors) if isinstance(t, torch.Tensor) else t for t in leaves], state["spec"])


def _looks(t):
    return {"shape": t.shape, "dtype": t.dtype, "device": t.device}


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """A sequence of modules or functions, run in `segments` parts; all but the last are checkpointed."""
    if use_reentrant is None:
        warnings.warn("torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
                      "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is recommended, but "
                      "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more "
                      "details on the differences between the two variants.", stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))

    def part(start, end):
        def forward(x):
            for f in functions[start:end + 1]:
                x = f(x)
            return x
        return forward

    if isinstance(functions, torch.nn.Sequential):
        functions = list(functions.children())
    size = len(functions) // segments
    end = -1
    for start in range(0, size * (segments - 1), size):
        end = start + size - 1
        input = checkpoint(part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return part(end + 1, len(functions) - 1)(input)


@contextlib.contextmanager
def set_checkpoint_early_stop(enable):
    """PyTorch may stop the second run as soon as it has what it needs; here it always runs to the end."""
    yield


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled):
    """Without effect here: outputs are compared by shape and dtype, whatever it says."""
    yield


def create_selective_checkpoint_contexts(policy_fn_or_list, allow_cache_entry_mutation=False):
    raise NotImplementedError("torch.utils.checkpoint: rushlight has no selective checkpointing; checkpoint whole functions")
