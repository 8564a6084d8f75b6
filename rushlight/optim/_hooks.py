"""Hooks around the steps of one optimizer or of all, and the wrapper that runs them."""

from collections import OrderedDict
from functools import wraps

import rushlight as torch

_global_optimizer_pre_hooks = OrderedDict()
_global_optimizer_post_hooks = OrderedDict()


def register(hooks, hook, prepend=False):
    """Put `hook` in an ordered dict of hooks; the handle that is returned removes it."""
    from rushlight.utils.hooks import RemovableHandle

    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook):
    """Call `hook(optimizer, args, kwargs)` before the step of every optimizer; it may return new (args, kwargs)."""
    return register(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call `hook(optimizer, args, kwargs)` after the step of every optimizer."""
    return register(_global_optimizer_post_hooks, hook)


def hooked(step):
    """Wrap a class's `step`: run the hooks around it, and end the outermost one with an engine boundary."""

    @wraps(step)
    def step_with_hooks(*args, **kwargs):
        self = args[0]
        if _global_optimizer_pre_hooks or self._optimizer_step_pre_hooks:
            args, kwargs = _run_pre_hooks(self, step, args, kwargs)
        self._step_depth += 1
        try:
            result = step(*args, **kwargs)
        finally:
            self._step_depth -= 1
        if _global_optimizer_post_hooks or self._optimizer_step_post_hooks:
            _run_post_hooks(self, args, kwargs)
        if self._step_depth == 0:
            boundary = getattr(torch, "_boundary", None)
            if boundary is not None:
                boundary()
        return result

    step_with_hooks.hooked = True
    return step_with_hooks


def _run_pre_hooks(optimizer, step, args, kwargs):
    for hook in [*_global_optimizer_pre_hooks.values(), *optimizer._optimizer_step_pre_hooks.values()]:
        result = hook(optimizer, args, kwargs)
        if result is None:
            continue
        if not isinstance(result, tuple) or len(result) != 2:
            raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}.")
        args, kwargs = result
    return args, kwargs


def _run_post_hooks(optimizer, args, kwargs):
    for hook in [*optimizer._optimizer_step_post_hooks.values(), *_global_optimizer_post_hooks.values()]:
        hook(optimizer, args, kwargs)
