"""`autocast`, and the decorators that tell a `Function` about it."""

import warnings
from functools import partial, wraps

import rushlight as torch
from rushlight.amp import _state
from rushlight.amp._state import is_autocast_available

__all__ = ["autocast_decorator", "autocast", "is_autocast_available", "custom_fwd", "custom_bwd"]

_SUPPORTED_ON_CPU = ("bfloat16", "float16")


def autocast_decorator(autocast_instance, func):
    """`func`, run under `autocast_instance`."""

    @wraps(func)
    def decorate_autocast(*args, **kwargs):
        with autocast_instance:
            return func(*args, **kwargs)

    return decorate_autocast


class autocast:
    """Context or decorator in which ops choose their dtype: products run in `dtype`, delicate ops in float32.

    On "cpu" dtype is bfloat16 (the default) or float16; another turns autocast off with a warning. For "cuda" on a
    machine without CUDA it warns and is off. `cache_enabled` is kept and has no other effect.
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.fast_dtype = _state.get_autocast_dtype(device_type) if dtype is None else dtype
        self.device = device_type
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        if cache_enabled is None:
            cache_enabled = _state.is_autocast_cache_enabled()
        self._cache_enabled = cache_enabled

        if enabled and device_type == "cuda" and not torch.cuda.is_available():
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2)
            enabled = False
        if enabled and device_type == "cpu":
            supported = [getattr(torch, name) for name in _SUPPORTED_ON_CPU]
            if self.fast_dtype not in supported:
                warnings.warn(
                    "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                    f"CPU Autocast only supports dtypes of {', '.join(map(str, supported))} currently.",
                    stacklevel=2,
                )
                enabled = False
        self._enabled = enabled

    def __enter__(self):
        self.prev_cache_enabled = _state.is_autocast_cache_enabled()
        self.prev = _state.is_autocast_enabled(self.device)
        self.prev_fastdtype = _state.get_autocast_dtype(self.device)
        _state.set_autocast_enabled(self.device, self._enabled)
        _state.set_autocast_dtype(self.device, self.fast_dtype)
        _state.autocast_increment_nesting()
        _state.set_autocast_cache_enabled(self._cache_enabled)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        if _state.autocast_decrement_nesting() == 0:
            _state.clear_autocast_cache()
        _state.set_autocast_enabled(self.device, self.prev)
        _state.set_autocast_dtype(self.device, self.prev_fastdtype)
        _state.set_autocast_cache_enabled(self.prev_cache_enabled)
        return False

    def __call__(self, func):
        return autocast_decorator(self, func)


def _cast(value, device_type, dtype):
    """Floating-point tensors of `device_type` within `value` as `dtype`; float64 ones stay."""
    if isinstance(value, torch.Tensor):
        eligible = (
            value.is_floating_point() and value.device.type == device_type and value.dtype != torch.float64
        )
        return value.to(dtype) if eligible else value
    if isinstance(value, dict):
        return {_cast(key, device_type, dtype): _cast(entry, device_type, dtype) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        entries = [_cast(entry, device_type, dtype) for entry in value]
        return type(value)(entries)
    return value


def _check_device_type(device_type):
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """Decorate `forward` of a `torch.autograd.Function`: backward will see the same autocast state.

    With `cast_inputs`, under autocast, floating-point inputs are cast to it and forward runs with autocast off.
    """
    _check_device_type(device_type)
    if fwd is None:
        return partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @wraps(fwd)
    def decorate_fwd(*args, **kwargs):
        ctx = args[0]
        enabled = _state.is_autocast_enabled(device_type)
        ctx._dtype = _state.get_autocast_dtype(device_type)
        if cast_inputs is None:
            ctx._fwd_used_autocast = enabled
            return fwd(*args, **kwargs)
        ctx._fwd_used_autocast = False
        if not enabled:
            return fwd(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            args = [_cast(arg, device_type, cast_inputs) for arg in args]
            kwargs = {name: _cast(arg, device_type, cast_inputs) for name, arg in kwargs.items()}
            return fwd(*args, **kwargs)

    return decorate_fwd


def custom_bwd(bwd=None, *, device_type):
    """Decorate `backward` of a `torch.autograd.Function` whose forward has `custom_fwd`."""
    _check_device_type(device_type)
    if bwd is None:
        return partial(custom_bwd, device_type=device_type)

    @wraps(bwd)
    def decorate_bwd(*args, **kwargs):
        ctx = args[0]
        with autocast(device_type=device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(*args, **kwargs)

    return decorate_bwd
