"""Methods of Module that save and load its state: `state_dict`, `load_state_dict`, and their hooks."""
from collections import OrderedDict, namedtuple

import rushlight as torch

from ..parameter import is_lazy

# Under this key (after the module's prefix) goes what `get_extra_state` returns.
_EXTRA_STATE_KEY_SUFFIX = "_extra_state"

# PyTorch's type variable of the destination mapping; kept so that annotations naming it work.
T_destination = dict

_REPORT_BUG = (
    "Please file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
)


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


def _handle(hooks):
    from rushlight.utils.hooks import RemovableHandle

    return RemovableHandle(hooks)


# -- saving ----------------------------------------------------------------------------------------------


def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
    """An OrderedDict of all parameters and persistent buffers by dotted name.

    The tensors share memory with the module's (detached unless keep_vars).  `_metadata` on the result
    holds each module's `_version`.
    """
    if args:
        import warnings

        warnings.warn(
            "Positional args are being deprecated, use kwargs instead. Refer to "
            "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
            FutureWarning,
            stacklevel=2,
        )
        destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    local_metadata = {"version": self._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = local_metadata
    for hook in self._state_dict_pre_hooks.values():
        hook(self, prefix, keep_vars)
    self._save_to_state_dict(destination, prefix, keep_vars)
    for name, module in self._modules.items():
        if module is not None:
            module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in self._state_dict_hooks.values():
        result = hook(self, destination, prefix, local_metadata)
        if getattr(hook, "_from_public_api", False):
            if result is not None:
                raise RuntimeError("state_dict post-hook must return None")
        elif result is not None:
            destination = result
    return destination


def _save_to_state_dict(self, destination, prefix, keep_vars):
    """Put this module's own tensors into `destination`; subclasses extend it."""
    for name, parameter in self._parameters.items():
        if parameter is not None:
            destination[prefix + name] = parameter if keep_vars else parameter.detach()
    for name, buffer in self._buffers.items():
        if buffer is not None and name not in self._non_persistent_buffers_set:
            destination[prefix + name] = buffer if keep_vars else buffer.detach()
    if _overrides(self, "get_extra_state"):
        destination[prefix + _EXTRA_STATE_KEY_SUFFIX] = self.get_extra_state()


def _overrides(module, method):
    return getattr(type(module), method, None) is not getattr(torch.nn.Module, method)


def get_extra_state(self):
    """State beyond tensors to put into `state_dict`; override together with `set_extra_state`."""
    raise RuntimeError(f"Reached a code path in Module.get_extra_state() that should never be called. {_REPORT_BUG}")


def set_extra_state(self, state):
    """Take back what `get_extra_state` returned; called by `load_state_dict`."""
    raise RuntimeError(f"Reached a code path in Module.set_extra_state() that should never be called. {_REPORT_BUG}")


def register_state_dict_post_hook(self, hook):
    """Call `hook(module, state_dict, prefix, local_metadata)` after `state_dict`; it may change the dict."""
    hook._from_public_api = True
    handle = _handle(self._state_dict_hooks)
    self._state_dict_hooks[handle.id] = hook
    return handle


def _register_state_dict_hook(self, hook):
    if getattr(hook, "_from_public_api", False):
        raise RuntimeError(
            "Cannot register the same function as the state dict post hook that was previously registered via "
            "register_state_dict_post_hook"
        )
    handle = _handle(self._state_dict_hooks)
    self._state_dict_hooks[handle.id] = hook
    return handle


def register_state_dict_pre_hook(self, hook):
    """Call `hook(module, prefix, keep_vars)` before `state_dict` collects this module."""
    handle = _handle(self._state_dict_pre_hooks)
    self._state_dict_pre_hooks[handle.id] = hook
    return handle


# -- loading ---------------------------------------------------------------------------------------------


def _register_load_state_dict_pre_hook(self, hook, with_module=False):
    from ._hooks import _WrappedHook

    handle = _handle(self._load_state_dict_pre_hooks)
    self._load_state_dict_pre_hooks[handle.id] = _WrappedHook(hook, self if with_module else None)
    return handle


def register_load_state_dict_pre_hook(self, hook):
    """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`
    before this module is loaded."""
    return self._register_load_state_dict_pre_hook(hook, with_module=True)


def register_load_state_dict_post_hook(self, hook):
    """Call `hook(module, incompatible_keys)` after this module is loaded; it may change the key lists."""
    handle = _handle(self._load_state_dict_post_hooks)
    self._load_state_dict_post_hooks[handle.id] = hook
    return handle


def load_state_dict(self, state_dict, strict=True, assign=False):
    """Copy parameters and buffers from a state_dict.

    Args:
        strict: missing and unexpected keys are errors.
        assign: the module takes the given tensors themselves instead of copying their values.

    Returns missing_keys and unexpected_keys.  RuntimeError lists what does not fit.
    """
    from collections.abc import Mapping

    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    missing_keys, unexpected_keys, error_msgs = [], [], []
    metadata = getattr(state_dict, "_metadata", None)
    state_dict = OrderedDict(state_dict)
    if metadata is not None:
        state_dict._metadata = metadata

    def load(module, local_state_dict, prefix=""):
        local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
        if assign:
            local_metadata["assign_to_params_buffers"] = assign
        module._load_from_state_dict(
            local_state_dict, prefix, local_metadata, True, missing_keys, unexpected_keys, error_msgs
        )
        for name, child in module._modules.items():
            if child is not None:
                child_prefix = f"{prefix}{name}."
                child_state = {key: value for key, value in local_state_dict.items() if key.startswith(child_prefix)}
                load(child, child_state, child_prefix)
        incompatible = _IncompatibleKeys(missing_keys, unexpected_keys)
        for hook in module._load_state_dict_post_hooks.values():
            if hook(module, incompatible) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )

    load(self, state_dict)
    if strict:
        if unexpected_keys:
            error_msgs.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected_keys)}. ")
        if missing_keys:
            error_msgs.insert(0, f"Missing key(s) in state_dict: {_quoted(missing_keys)}. ")
    if error_msgs:
        details = "\n\t".join(error_msgs)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{details}")
    return _IncompatibleKeys(missing_keys, unexpected_keys)


def _quoted(keys):
    return ", ".join(f'"{key}"' for key in keys)


def _load_from_state_dict(
    self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
):
    """Load this module's own tensors from the keys under `prefix`; subclasses extend it, e.g. to rename keys."""
    for hook in self._load_state_dict_pre_hooks.values():
        hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
    assign = local_metadata.get("assign_to_params_buffers", False)
    own = {name: tensor for name, tensor in self._parameters.items() if tensor is not None}
    for name, buffer in self._buffers.items():
        if buffer is not None and name not in self._non_persistent_buffers_set:
            own[name] = buffer
    for name, tensor in own.items():
        key = prefix + name
        if key in state_dict:
            problem = _load_tensor(self, name, tensor, key, state_dict[key], assign)
            if problem:
                error_msgs.append(problem)
        elif strict:
            missing_keys.append(key)

    extra_key = prefix + _EXTRA_STATE_KEY_SUFFIX
    if _overrides(self, "set_extra_state"):
        if extra_key in state_dict:
            self.set_extra_state(state_dict[extra_key])
        elif strict:
            missing_keys.append(extra_key)
    elif strict and extra_key in state_dict:
        unexpected_keys.append(extra_key)

    if strict:
        for key in state_dict:
            if not key.startswith(prefix) or key == extra_key:
                continue
            first, *deeper = key[len(prefix) :].split(".", 1)
            if deeper:
                known = first in self._modules
            else:
                known = first in own
            if not known:
                unexpected_keys.append(key)


def _load_tensor(module, name, target, key, source, assign):
    """Copy or assign one tensor; returns what is wrong, or None."""
    if not isinstance(source, torch.Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(source)}"
        )
    lazy = is_lazy(target)
    if not lazy and target.dim() == 0 and source.dim() == 1:
        source = source[0]  # files from before there were 0-d tensors
    if not lazy and source.shape != target.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {source.shape} from checkpoint, the shape in "
            f"current model is {target.shape}."
        )
    if target.is_meta and not source.is_meta and not assign:
        import warnings

        warnings.warn(
            f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
            "model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the state dictionary "
            "to their corresponding key in the module instead of copying them in place?)",
            stacklevel=2,
        )
    try:
        with torch.no_grad():
            if assign:
                _assign_tensor(module, name, target, source)
            else:
                target.copy_(source)
    except Exception as error:
        return (
            f'While copying the parameter named "{key}", whose dimensions in the model are {target.size()} and whose '
            f"dimensions in the checkpoint are {source.size()}, an exception occurred : {error.args}."
        )
    return None


def _assign_tensor(module, name, target, source):
    if isinstance(target, torch.nn.Parameter):
        if not isinstance(source, torch.nn.Parameter):
            source = torch.nn.Parameter(source, requires_grad=target.requires_grad)
        else:
            source.requires_grad_(target.requires_grad)
    setattr(module, name, source)
