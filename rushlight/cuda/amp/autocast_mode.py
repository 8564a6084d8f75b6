"""`torch.cuda.amp.autocast` and its decorators: torch.amp's, for "cuda"."""
import functools
import warnings

import rushlight as torch
from rushlight.amp import autocast_mode

__all__ = ["autocast", "custom_fwd", "custom_bwd"]


class autocast(autocast_mode.autocast):
    """torch.amp.autocast("cuda", ...). Deprecated; without a GPU it warns and is off."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True):
        warnings.warn("`torch.cuda.amp.autocast(args...)` is deprecated. Please use `torch.amp.autocast('cuda', args...)` "
                      "instead.", FutureWarning, stacklevel=2)
        super().__init__("cuda", enabled=enabled, dtype=torch.float16 if dtype is None else dtype, cache_enabled=cache_enabled)


def _deprecated(name):
    warnings.warn(f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}(args..., "
                  "device_type='cuda')` instead.", FutureWarning, stacklevel=3)


def custom_fwd(fwd=None, *, cast_inputs=None):
    _deprecated("custom_fwd")
    return functools.partial(autocast_mode.custom_fwd, device_type="cuda")(fwd=fwd, cast_inputs=cast_inputs)


def custom_bwd(bwd):
    _deprecated("custom_bwd")
    return functools.partial(autocast_mode.custom_bwd, device_type="cuda")(bwd)
