"""`Module`: the base class of every network.

The class itself keeps registration (what becomes a parameter, a buffer or a child), attribute look-up and
the call.  Its other methods stand in files of their own and are bound below, in the class body:
`_tree` (walking), `_convert` (to, cuda, half, ...), `_state` (state_dict), `_hooks` (hooks and the slow call).
"""
import rushlight as torch

from ..parameter import Buffer, Parameter
from . import _hooks
from ._hooks import (
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    _has_any_global_hook,
    _WrappedHook,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._state import _EXTRA_STATE_KEY_SUFFIX, _IncompatibleKeys

Tensor = torch.Tensor

__all__ = [
    "register_module_forward_pre_hook",
    "register_module_forward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_backward_hook",
    "register_module_full_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
    "Module",
]

# The modules being called now, outermost first.  Errors name the path from it; when it empties under
# `no_grad`, pending work is run.  It is shared by threads: with several inside modules at once its length
# stays right and only the path in a message may be off.
_call_stack = []

# `torch.is_grad_enabled` and the engine's boundary, fetched at the first call.
_is_grad_enabled = None
_boundary = None


def _connect_engine():
    global _is_grad_enabled, _boundary
    _is_grad_enabled = torch.is_grad_enabled
    _boundary = getattr(torch, "_boundary", None) or (lambda: None)


def _add_module_note(error):
    """Once for each exception, when it leaves the outermost module: say which module raised it."""
    modules = error.__dict__.pop("_rushlight_modules", None)
    if modules is None or getattr(error, "_rushlight_noted", False):
        return
    path = type(modules[0]).__name__
    for parent, child in zip(modules, modules[1:]):
        name = next((name for name, module in parent.named_modules() if module is child), None)
        if name is None:  # a module called, but not owned, by its caller
            name = f"<{type(child).__name__}>"
        if name:
            path = f"{path}.{name}"
    error._rushlight_noted = True
    error.add_note(f"in module: {path} ({type(modules[-1]).__name__})")


def _forward_unimplemented(self, *input):
    """Computes the module's output; every subclass defines it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def _addindent(text, spaces):
    """Indent every line of `text` but the first."""
    first, *rest = text.split("\n")
    return "\n".join([first] + [" " * spaces + line for line in rest])


def _check_name(kind, name, dot_message):
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {torch.typename(name)}")
    if "." in name:
        raise KeyError(dot_message)
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')


class Module:
    """A part of a network: parameters, buffers and child modules, and `forward`, which computes its output.

    Subclasses call `super().__init__()`, assign parameters and modules to attributes, and define `forward`.
    """

    dump_patches = False
    _version = 1  # of the state_dict's layout
    training: bool
    call_super_init = False
    _compiled_call_impl = None

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Straight into __dict__: __setattr__ has nothing to register here.
        state = self.__dict__
        state["training"] = True
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_non_persistent_buffers_set"] = set()
        _hooks.add_hook_dicts(state)
        state["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward = _forward_unimplemented

    # -- calling -----------------------------------------------------------------------------------------

    def __call__(self, *args, **kwargs):
        state = self.__dict__
        try:
            hooked = (
                state["_backward_hooks"]
                or state["_backward_pre_hooks"]
                or state["_forward_hooks"]
                or state["_forward_pre_hooks"]
                or _global_forward_hooks
                or _global_forward_pre_hooks
                or _global_backward_hooks
                or _global_backward_pre_hooks
            )
        except KeyError as missing:  # Module.__init__ was not called
            raise AttributeError(f"'{type(self).__name__}' object has no attribute {missing}") from None
        _call_stack.append(self)
        try:
            if hooked:
                result = self._call_with_hooks(args, kwargs)
            elif kwargs:
                result = self.forward(*args, **kwargs)
            else:  # the usual call; passing no keywords is faster than passing an empty dict
                result = self.forward(*args)
        except Exception as error:
            if not hasattr(error, "_rushlight_modules"):
                error._rushlight_modules = tuple(_call_stack)
            _call_stack.pop()
            if not _call_stack:
                _add_module_note(error)
            raise
        except BaseException:
            _call_stack.pop()
            raise
        _call_stack.pop()
        if not _call_stack:
            if _is_grad_enabled is None:
                _connect_engine()
            if not _is_grad_enabled():
                _boundary()
        return result

    _call_with_hooks = _hooks.call_with_hooks

    def _call_impl(self, *args, **kwargs):
        return Module.__call__(self, *args, **kwargs)

    _wrapped_call_impl = _call_impl

    def _slow_forward(self, *input, **kwargs):
        return self.forward(*input, **kwargs)

    def compile(self, *args, **kwargs):
        """Nothing to do: Rushlight compiles every step anyway.  Takes what `torch.compile` takes."""

    # -- registration ------------------------------------------------------------------------------------

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that belongs to the module's state but is not trained.

        Args:
            name: attribute name, without dots.
            tensor: the buffer; None registers an empty place.
            persistent: whether it is part of `state_dict`.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        _check_name("buffer", name, 'buffer name can\'t contain "."')
        if hasattr(self, name) and name not in self._buffers:
            raise KeyError(f"attribute '{name}' already exists")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{torch.typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        for hook in _global_buffer_registration_hooks.values():
            replacement = hook(self, name, tensor)
            if replacement is not None:
                tensor = replacement
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Add a Parameter (or None, an empty place) under an attribute name without dots."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        _check_name("parameter", name, 'parameter name can\'t contain "."')
        if hasattr(self, name) and name not in self._parameters:
            raise KeyError(f"attribute '{name}' already exists")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{torch.typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in "
                    "the forward() method."
                )
            for hook in _global_parameter_registration_hooks.values():
                replacement = hook(self, name, param)
                if replacement is not None:
                    param = replacement
        self._parameters[name] = param

    def add_module(self, name, module):
        """Add a child Module (or None, an empty place) under an attribute name without dots."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{torch.typename(module)} is not a Module subclass")
        _check_name("module", name, f'module name can\'t contain ".", got: {name}')
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        for hook in _global_module_registration_hooks.values():
            replacement = hook(self, name, module)
            if replacement is not None:
                module = replacement
        self._modules[name] = module

    def register_module(self, name, module):
        """Same as `add_module`."""
        self.add_module(name, module)

    # -- attributes --------------------------------------------------------------------------------------

    def __getattr__(self, name):
        # Reached only when ordinary look-up failed.
        state = self.__dict__
        try:
            if name in (registry := state["_parameters"]):
                return registry[name]
            if name in (registry := state["_modules"]):
                return registry[name]
            if name in (registry := state["_buffers"]):
                return registry[name]
        except KeyError:  # Module.__init__ was not called
            pass
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        state = self.__dict__
        if isinstance(value, Tensor):
            self._set_tensor(name, value)
        elif isinstance(value, Module):
            self._set_module(name, value)
        elif name in state.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{torch.typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif name in state.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{torch.typename(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            self._set_module(name, None)
        elif name in state.get("_buffers", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{torch.typename(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            self._set_buffer(name, None)
        else:
            object.__setattr__(self, name, value)

    def _set_tensor(self, name, value):
        state = self.__dict__
        if isinstance(value, Parameter):
            if "_parameters" not in state:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, state, self._buffers, self._modules, self._non_persistent_buffers_set)
            self.register_parameter(name, value)
        elif name in state.get("_parameters", ()):
            raise TypeError(
                f"cannot assign '{torch.typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
            )
        elif name in state.get("_modules", ()):
            raise TypeError(
                f"cannot assign '{torch.typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
            )
        elif isinstance(value, Buffer) or name in state.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name, value):
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        if isinstance(value, Buffer):
            persistent = value.persistent
        else:
            persistent = name not in self._non_persistent_buffers_set
        if name not in self._buffers:
            self._forget(name, self.__dict__, self._parameters, self._modules)
        self.register_buffer(name, value, persistent)

    def _set_module(self, name, value):
        state = self.__dict__
        if "_modules" not in state:
            raise AttributeError("cannot assign module before Module.__init__() call")
        if value is not None:
            self._forget(name, state, self._parameters, self._buffers, self._non_persistent_buffers_set)
        for hook in _global_module_registration_hooks.values():
            replacement = hook(self, name, value)
            if replacement is not None:
                value = replacement
        self._modules[name] = value

    @staticmethod
    def _forget(name, *places):
        for place in places:
            if name in place:
                if isinstance(place, dict):
                    del place[name]
                else:
                    place.discard(name)

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self):
        names = dir(type(self)) + list(self.__dict__)
        names += list(self._parameters) + list(self._modules) + list(self._buffers)
        # Names that are not identifiers (the "0" of a Sequential) cannot be typed.
        return sorted(name for name in names if not name[0].isdigit())

    # -- pickling ----------------------------------------------------------------------------------------

    def __getstate__(self):
        return self.__dict__.copy()

    def __setstate__(self, state):
        self.__dict__.update(state)
        # Files of older versions lack the newer registries.
        if "_non_persistent_buffers_set" not in self.__dict__:
            self.__dict__["_non_persistent_buffers_set"] = set()
        _hooks.add_hook_dicts(self.__dict__)

    # -- modes -------------------------------------------------------------------------------------------

    def train(self, mode=True):
        """Set training mode (dropout draws, batch norm uses the batch) here and in every module below."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Set evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set `requires_grad` of every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters (or set them to zero)."""
        if getattr(self, "_is_replica", False):
            import warnings

            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. The parameters "
                "are copied (in a differentiable manner) from the original module. This means they are not leaf "
                "nodes in autograd and so don't accumulate gradients. If you need gradients in your forward "
                "method, consider using autograd.grad instead.",
                stacklevel=2,
            )
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            elif parameter.grad.grad_fn is not None:
                parameter.grad.detach_()
                parameter.grad.zero_()
            else:
                parameter.grad.requires_grad_(False)
                parameter.grad.zero_()

    # -- printing ----------------------------------------------------------------------------------------

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What the printed form shows of the module itself, e.g. its sizes; '' by default."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {_addindent(repr(module), 2)}" for name, module in _registered(self, "_modules").items()
        ]
        if not child_lines and len(extra_lines) <= 1:
            return f"{self._get_name()}({extra})"
        body = "\n  ".join(extra_lines + child_lines)
        return f"{self._get_name()}(\n  {body}\n)"

    def _replicate_for_data_parallel(self):
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        replica._parameters = {}
        replica._buffers = replica._buffers.copy()
        replica._modules = replica._modules.copy()
        replica._is_replica = True
        return replica

    # -- the rest ----------------------------------------------------------------------------------------

    from ._convert import (
        _apply,
        bfloat16,
        cpu,
        cuda,
        double,
        float,
        half,
        ipu,
        mtia,
        share_memory,
        to,
        to_empty,
        type,
        xpu,
    )
    from ._hooks import (
        _get_backward_hooks,
        _get_backward_pre_hooks,
        _maybe_warn_non_full_backward_hook,
        register_backward_hook,
        register_forward_hook,
        register_forward_pre_hook,
        register_full_backward_hook,
        register_full_backward_pre_hook,
    )
    from ._state import (
        T_destination,
        _load_from_state_dict,
        _register_load_state_dict_pre_hook,
        _register_state_dict_hook,
        _save_to_state_dict,
        get_extra_state,
        load_state_dict,
        register_load_state_dict_post_hook,
        register_load_state_dict_pre_hook,
        register_state_dict_post_hook,
        register_state_dict_pre_hook,
        set_extra_state,
        state_dict,
    )
    from ._tree import (
        _named_members,
        apply,
        buffers,
        children,
        get_buffer,
        get_parameter,
        get_submodule,
        modules,
        named_buffers,
        named_children,
        named_modules,
        named_parameters,
        parameters,
        set_submodule,
    )


def _registered(module, registry):
    """`module._modules` and the like, with PyTorch's error where Module.__init__ was not called."""
    return getattr(module, registry)
