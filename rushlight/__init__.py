"""Rushlight: PyTorch's programming model in Python that you can read. This module is what `import torch` gives."""
from .runtime import dtypes as _dtypes
from .runtime.devices import device
from .runtime.dtypes import (can_cast, dtype, finfo, get_default_dtype, iinfo, promote_types,  # noqa: F401
                             set_default_dtype)
from .tensor import library as _library
from .tensor.binding import bind as _bind
from .tensor.creation import legacy_types as _legacy_types
from .tensor.memory import FORMATS as _FORMATS
from .tensor.memory import memory_format
from .tensor.size import Size
from .tensor.tensor import Tensor, _boundary, _strided as strided, layout
from .autograd.grad_mode import (enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled,  # noqa: F401
                                 no_grad, set_grad_enabled)

__version__ = "2.13.0"
__rushlight_version__ = "0.1.0"

globals().update({name: d for name, d in _dtypes.ALL.items()})
globals().update(_dtypes.ALIASES)
globals().update(_FORMATS)
globals().update(_legacy_types())
globals().update(_library.public_names())
_bind(globals())
from .tensor import printing as _printing  # noqa: E402

Tensor.__repr__ = _printing.tensor_repr
Tensor.__format__ = _printing.tensor_format
set_printoptions = _printing.set_printoptions
get_printoptions = _printing.get_printoptions

from math import e, inf, nan, pi  # noqa: E402,F401

newaxis = None

# names that live in rooms which are loaded when first asked for
_LAZY = {name: room for room, names in {
    "serialization": "save load",
    "storage": "UntypedStorage TypedStorage " + " ".join(
        d.legacy.replace("Tensor", "Storage") for d in _dtypes.ALL.values() if not d.name.startswith("uint") or d.name == "uint8"),
    "amp": "autocast GradScaler",
    "amp._state": "is_autocast_enabled get_autocast_dtype set_autocast_enabled set_autocast_dtype is_autocast_available",
}.items() for name in names.split()}


def __getattr__(name):
    """Submodules are loaded when first named."""
    import importlib

    if name.startswith("__"):
        raise AttributeError(f"module 'torch' has no attribute {name!r}")
    if name in _LAZY:
        found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
        return found
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module 'torch' has no attribute {name!r}") from None
    globals()[name] = module
    return module
