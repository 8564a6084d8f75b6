"""Hooks of modules: the registries, the methods that fill them, and the call that runs them."""
from collections import OrderedDict

import rushlight as torch

# Registries that concern every module, filled by the `register_module_*` functions below.
_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_is_full_backward_hook = None
_global_buffer_registration_hooks = OrderedDict()
_global_module_registration_hooks = OrderedDict()
_global_parameter_registration_hooks = OrderedDict()

# What every module's `__dict__` holds, in PyTorch's order; all are dicts but the flag.
_HOOK_DICTS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_is_full_backward_hook",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def add_hook_dicts(state):
    """Give a module's `__dict__` the registries that it lacks."""
    for name in _HOOK_DICTS:
        if name not in state:
            state[name] = None if name == "_is_full_backward_hook" else OrderedDict()


def _has_any_global_hook():
    return bool(
        _global_backward_pre_hooks
        or _global_backward_hooks
        or _global_forward_pre_hooks
        or _global_forward_hooks
        or _global_forward_hooks_always_called
        or _global_forward_hooks_with_kwargs
    )


class _WrappedHook:
    """A hook that is passed its module first; holds the module weakly, and survives pickling."""

    def __init__(self, hook, module=None):
        import functools
        import weakref

        self.hook = hook
        functools.update_wrapper(self, hook)
        self.with_module = module is not None
        if self.with_module:
            self.module = weakref.ref(module)

    def __call__(self, *args, **kwargs):
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self):
        state = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state):
        self.hook = state["hook"]
        self.with_module = state["with_module"]
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            import weakref

            self.module = weakref.ref(state["module"])


def _register(hooks, hook, flags=(), prepend=False):
    """Add `hook` to the dict `hooks`, and its id to each dict of `flags`; returns the handle that removes it."""
    from rushlight.utils.hooks import RemovableHandle

    handle = RemovableHandle(hooks, extra_dict=list(flags))
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
        for flag in flags:
            flag.move_to_end(handle.id, last=False)
    return handle


# -- registering, for every module -----------------------------------------------------------------------


def register_module_buffer_registration_hook(hook):
    """Call `hook(module, name, buffer)` whenever a buffer is registered; what it returns takes its place."""
    return _register(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """Call `hook(module, name, submodule)` whenever a module is registered."""
    return _register(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call `hook(module, name, param)` whenever a parameter is registered."""
    return _register(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """Call `hook(module, args)` before every module's forward."""
    return _register(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call `hook(module, args, output)` after every module's forward."""
    flags = []
    if with_kwargs:
        flags.append(_global_forward_hooks_with_kwargs)
    if always_call:
        flags.append(_global_forward_hooks_always_called)
    return _register(_global_forward_hooks, hook, flags)


def register_module_full_backward_pre_hook(hook):
    """Call `hook(module, grad_output)` before every module's backward."""
    return _register(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` when gradients of any module's inputs are computed."""
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is False:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use "
            "only one of them."
        )
    _global_is_full_backward_hook = True
    return _register(_global_backward_hooks, hook)


def register_module_backward_hook(hook):
    """Deprecated form of `register_module_full_backward_hook`."""
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is True:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use "
            "only one of them."
        )
    _global_is_full_backward_hook = False
    return _register(_global_backward_hooks, hook)


# -- registering, as methods of Module -------------------------------------------------------------------


def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
    """Call `hook(module, args)` before forward; what it returns replaces the inputs.

    With with_kwargs: `hook(module, args, kwargs)`, which returns None or (args, kwargs).
    """
    flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
    return _register(self._forward_pre_hooks, hook, flags, prepend)


def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
    """Call `hook(module, args, output)` after forward; what it returns replaces the output.

    with_kwargs: `hook(module, args, kwargs, output)`.  always_call: also when forward raised.
    """
    flags = []
    if with_kwargs:
        flags.append(self._forward_hooks_with_kwargs)
    if always_call:
        flags.append(self._forward_hooks_always_called)
    return _register(self._forward_hooks, hook, flags, prepend)


def register_full_backward_pre_hook(self, hook, prepend=False):
    """Call `hook(module, grad_output)` before the module's backward; what it returns replaces grad_output."""
    return _register(self._backward_pre_hooks, hook, prepend=prepend)


def register_full_backward_hook(self, hook, prepend=False):
    """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; what it
    returns replaces grad_input."""
    if self._is_full_backward_hook is False:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
            "one of them."
        )
    self._is_full_backward_hook = True
    return _register(self._backward_hooks, hook, prepend=prepend)


def register_backward_hook(self, hook):
    """Deprecated: hooks the backward of the module's last operation only; use register_full_backward_hook."""
    if self._is_full_backward_hook is True:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
            "one of them."
        )
    self._is_full_backward_hook = False
    return _register(self._backward_hooks, hook)


def _get_backward_hooks(self):
    """(full hooks, old hooks) that concern this module."""
    full, old = [], []
    if _global_is_full_backward_hook is True:
        full += _global_backward_hooks.values()
    elif _global_is_full_backward_hook is False:
        old += _global_backward_hooks.values()
    if self._is_full_backward_hook is True:
        full += self._backward_hooks.values()
    elif self._is_full_backward_hook is False:
        old += self._backward_hooks.values()
    return full, old


def _get_backward_pre_hooks(self):
    return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]


# -- calling ---------------------------------------------------------------------------------------------


def call_with_hooks(self, args, kwargs):
    """`forward` with every hook that concerns this module around it."""
    called = set()
    try:
        return _forward_with_hooks(self, args, kwargs, called)
    except Exception:
        _run_always_called(self, args, kwargs, called)
        raise


def _forward_with_hooks(self, args, kwargs, called):
    full_hooks, old_hooks = self._get_backward_hooks()
    pre_hooks = self._get_backward_pre_hooks()
    args, kwargs = _run_forward_pre_hooks(self, args, kwargs)

    gates = None
    if full_hooks or pre_hooks:
        from ._backward_hook import BackwardGates

        gates = BackwardGates(self, full_hooks, pre_hooks)
        args = gates.watch_inputs(args)

    result = self.forward(*args, **kwargs)
    for is_global, hook_id, hook in _forward_hooks_of(self):
        called.add((is_global, hook_id))
        replacement = _run_forward_hook(self, is_global, hook_id, hook, args, kwargs, result)
        if replacement is not None:
            result = replacement

    if gates is not None:
        result = gates.watch_outputs(result)
    if old_hooks:
        _attach_old_backward_hooks(self, old_hooks, args, result)
    return result


def _forward_hooks_of(module):
    for hook_id, hook in list(_global_forward_hooks.items()):
        yield True, hook_id, hook
    for hook_id, hook in list(module._forward_hooks.items()):
        yield False, hook_id, hook


def _run_forward_pre_hooks(self, args, kwargs):
    for hook_id, hook in [*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()]:
        if hook_id in self._forward_pre_hooks_with_kwargs:
            result = hook(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
        else:
            result = hook(self, args)
            if result is not None:
                args = result if isinstance(result, tuple) else (result,)
    return args, kwargs


def _run_forward_hook(self, is_global, hook_id, hook, args, kwargs, result):
    with_kwargs = _global_forward_hooks_with_kwargs if is_global else self._forward_hooks_with_kwargs
    if hook_id in with_kwargs:
        return hook(self, args, kwargs, result)
    return hook(self, args, result)


def _run_always_called(self, args, kwargs, called):
    """After an error: the hooks that asked to be called always, and were not yet.  Their errors are warned."""
    for is_global, hook_id, hook in _forward_hooks_of(self):
        always = _global_forward_hooks_always_called if is_global else self._forward_hooks_always_called
        if hook_id not in always or (is_global, hook_id) in called:
            continue
        try:
            _run_forward_hook(self, is_global, hook_id, hook, args, kwargs, None)
        except Exception as error:
            import warnings

            kind = "global module forward hook" if is_global else "module forward hook"
            warnings.warn(
                f"{kind} with ``always_call=True`` raised an exception that was silenced as another error was "
                f"raised in forward: {error}",
                stacklevel=2,
            )


def _attach_old_backward_hooks(self, hooks, args, result):
    import functools

    output = result
    while not isinstance(output, torch.Tensor):
        if isinstance(output, dict):
            output = next(value for value in output.values() if isinstance(value, torch.Tensor))
        else:
            output = output[0]
    grad_fn = output.grad_fn
    if grad_fn is None:
        return
    for hook in hooks:
        grad_fn.register_hook(functools.partial(hook, self))
    self._maybe_warn_non_full_backward_hook(args, result, grad_fn)


def _maybe_warn_non_full_backward_hook(self, inputs, result, grad_fn):
    import warnings

    def tensors(values):
        values = values if isinstance(values, tuple) else (values,)
        if not all(isinstance(value, torch.Tensor) for value in values):
            return None
        return [value for value in values if value.requires_grad]

    advice = "This hook will be missing some {}. Please use register_full_backward_hook to get the documented behavior."
    outputs = tensors(result)
    grad_inputs = tensors(inputs)
    if outputs is None:
        message = (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors is "
            "deprecated and will be removed in future versions. "
        ) + advice.format("of the grad_output")
    elif grad_inputs is None:
        message = (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
            "Tensors is deprecated and will be removed in future versions. "
        ) + advice.format("of the grad_input")
    elif len({output.grad_fn for output in outputs}) > 1:
        message = (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes is deprecated and "
            "will be removed in future versions. "
        ) + advice.format("grad_output")
    else:
        last_inputs = {node for node, _ in grad_fn.next_functions}
        if last_inputs == {value.grad_fn for value in grad_inputs if value.grad_fn is not None}:
            return
        message = (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated and will "
            "be removed in future versions. "
        ) + advice.format("grad_input")
    warnings.warn(message, FutureWarning, stacklevel=2)
