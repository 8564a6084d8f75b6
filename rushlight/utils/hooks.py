"""Hooks: the handles that remove them, and what may be said of them. Source: torch.utils.hooks."""
from rushlight.autograd.hooks import RemovableHandle

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


def unserializable_hook(f):
    """Mark a backward hook of a tensor as one that need not be saved with it; saving then gives no warning."""
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor):
    """Warn about the backward hooks of a tensor that saving it would lose."""
    hooks = getattr(tensor, "_backward_hooks", None)
    for hook in hooks.values() if hooks else ():
        if not hasattr(hook, "__torch_unserializable__"):
            import warnings

            warnings.warn(f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate "
                          "the function with @torch.utils.hooks.unserializable_hook to suppress this warning", stacklevel=2)
