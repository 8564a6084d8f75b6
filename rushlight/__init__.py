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

from .torch_version import __version__  # noqa: E402,F401
__rushlight_version__ = "0.1.0"

globals().update({name: d for name, d in _dtypes.ALL.items()})
globals().update(_dtypes.ALIASES)
globals().update(_FORMATS)
globals().update(_legacy_types())
globals().update(_library.public_names())
_bind(globals())
from .tensor import late as _late  # noqa: E402

_late.name_methods(Tensor)
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
    "random": "fork_rng",
    "compiler": "compile",
    "func": "vmap",
    "sparse": """sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor
                 sparse_compressed_tensor spmm sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc""",
    "autograd.anomaly": "is_anomaly_enabled is_anomaly_check_nan_enabled set_anomaly_enabled",
    "_errors": "AcceleratorError OutOfMemoryError",
    "_settings": """get_num_threads set_num_threads get_num_interop_threads set_num_interop_threads get_float32_matmul_precision
                    set_float32_matmul_precision use_deterministic_algorithms are_deterministic_algorithms_enabled
                    is_deterministic_algorithms_warn_only_enabled set_deterministic_debug_mode get_deterministic_debug_mode
                    set_flush_denormal set_warn_always is_warn_always_enabled get_default_device set_default_device
                    set_default_tensor_type get_device_module compiled_with_cxx11_abi is_vulkan_available has_cuda has_cudnn
                    has_mps has_mkl has_mkldnn has_openmp has_lapack has_spectral Stream Event""",
    "amp._state": """is_autocast_enabled get_autocast_dtype set_autocast_enabled set_autocast_dtype is_autocast_available
                     is_autocast_cache_enabled set_autocast_cache_enabled clear_autocast_cache autocast_increment_nesting
                     autocast_decrement_nesting""",
    "amp._by_device": """is_autocast_cpu_enabled set_autocast_cpu_enabled get_autocast_cpu_dtype set_autocast_cpu_dtype
                         get_autocast_gpu_dtype set_autocast_gpu_dtype""",
}.items() for name in names.split()}


def __getattr__(name):
    """Submodules are loaded when first named."""
    import importlib

    if name.startswith("__") and name != "__config__":
        raise AttributeError(f"module 'torch' has no attribute {name!r}")
    if name in _late.TORCH:
        _late.load(_late.TORCH[name])
        return globals()[name]
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
