"""TorchScript's decorators on plain Python. Source: torch.jit.

Rushlight compiles every program itself, while it runs, so scripting and tracing change nothing: they give back what they
were given. Archives of TorchScript can be neither written nor read.
"""
from typing import Final  # noqa: F401

_DEPRECATED = "`torch.jit.{}` is deprecated. Please switch to `torch.compile` or `torch.export`."


def _warn(name):
    import warnings

    warnings.warn(_DEPRECATED.format(name), DeprecationWarning, stacklevel=3)


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """obj itself: a function, a class, or a module."""
    _warn("script")
    return obj


def trace(func, example_inputs=None, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True,
          _force_outplace=False, _module_class=None, _compilation_unit=None, example_kwarg_inputs=None, _store_inputs=True):
    """func itself, after one call on the example inputs, which shows whether it works on them."""
    import rushlight as torch

    _warn("trace")
    if example_inputs is not None:
        inputs = example_inputs if isinstance(example_inputs, tuple) else (example_inputs,)
        with torch.no_grad():
            func(*inputs)
    elif example_kwarg_inputs is not None:
        with torch.no_grad():
            func(**example_kwarg_inputs)
    else:
        raise RuntimeError("example_kwarg_inputs should be a dict")
    return func


def trace_module(mod, inputs, *args, **kwargs):
    """mod itself, after one call of each named method on its example inputs."""
    import rushlight as torch

    with torch.no_grad():
        for name, given in inputs.items():
            getattr(mod, name)(*(given if isinstance(given, tuple) else (given,)))
    return mod


def save(m, f, _extra_files=None):
    raise NotImplementedError("torch.jit.save: rushlight writes no TorchScript archives; use torch.save(model.state_dict(), f)")


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    raise NotImplementedError("torch.jit.load: rushlight reads no TorchScript archives; build the module in Python and load a state_dict")


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """mod itself, which must be in evaluation mode."""
    if getattr(mod, "training", False):
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before "
                           "freezing.")
    return mod


def optimize_for_inference(mod, other_methods=None):
    return mod


def is_scripting():
    return False


def is_tracing():
    return False


def _same(fn):
    return fn


export = script_method = interface = _same


def ignore(drop=False, **kwargs):
    """A decorator, with or without arguments, that changes nothing."""
    return drop if callable(drop) else _same


def unused(fn):
    return fn


def annotate(the_type, the_value):
    return the_value


def isinstance(obj, target_type):
    """Whether obj is of a class."""
    import builtins
    import typing

    return builtins.isinstance(obj, typing.get_origin(target_type) or target_type)


def fork(func, *args, **kwargs):
    """func's result, computed at once; `wait` gives it."""
    return Future(func(*args, **kwargs))


def wait(future):
    return future.wait()


class Future:
    """A value that is there."""

    def __init__(self, value=None):
        self._value = value

    def wait(self):
        return self._value

    value = wait

    def done(self):
        return True


class Attribute:
    """A value with a type, for ScriptModules."""

    def __init__(self, value, type):
        self.value, self.type = value, type


class Error(Exception):
    """An error of TorchScript."""


class TracerWarning(Warning):
    """A warning of tracing."""

    @staticmethod
    def ignore_lib_warnings():
        """There are none."""


class ScriptWarning(Warning):
    """A warning of scripting."""


def set_fusion_strategy(strategy):
    """Without effect: plans are fused by their own rules."""
    return strategy


def enable_onednn_fusion(enabled):
    """Without effect."""


def __getattr__(name):
    if name in ("ScriptModule", "RecursiveScriptModule", "TopLevelTracedModule"):
        from rushlight.jit.modules import ScriptModule

        return ScriptModule
    if name == "ScriptFunction":
        import types

        return types.FunctionType
    raise AttributeError(f"module 'torch.jit' has no attribute {name!r}")
