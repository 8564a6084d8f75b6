"""`torch.cuda` on a machine without a GPU: what PyTorch's CPU build answers, and how it refuses."""
from rushlight.cuda._refusals import lazy_init as _lazy_init
from rushlight.cuda._refusals import missing as _missing
from rushlight.cuda._refusals import refuse as _refuse
from rushlight.cuda.memory import (caching_allocator_alloc, caching_allocator_delete, empty_cache,  # noqa: F401
                                   get_per_process_memory_fraction, host_memory_stats, list_gpu_processes,
                                   max_memory_allocated, max_memory_cached, max_memory_reserved, mem_get_info,
                                   memory_allocated, memory_cached, memory_reserved, memory_snapshot, memory_stats,
                                   memory_stats_as_nested_dict, memory_summary, reset_accumulated_memory_stats,
                                   reset_max_memory_allocated, reset_max_memory_cached, reset_peak_memory_stats,
                                   set_per_process_memory_fraction)
from rushlight.cuda.random import (get_rng_state, get_rng_state_all, initial_seed, manual_seed,  # noqa: F401
                                   manual_seed_all, seed, seed_all, set_rng_state, set_rng_state_all)
from rushlight.cuda.streams import Event, ExternalStream, Stream, StreamContext, set_stream, stream  # noqa: F401

has_half = True
has_magma = False
default_generators = ()


class CudaError(RuntimeError):
    """An error that the CUDA runtime reports."""


class DeferredCudaCallError(Exception):
    """A call that waited for CUDA to start has failed."""


def is_available():
    """Whether there is a GPU that tensors can be made on."""
    return False


def device_count():
    return 0


def is_initialized():
    return False


def is_bf16_supported(including_emulation=True):
    return False


def is_tf32_supported():
    return False


def get_arch_list():
    return []


def get_gencode_flags():
    return ""


def init():
    _lazy_init()


def current_device():
    _lazy_init()


def synchronize(device=None):
    _lazy_init()


def current_stream(device=None):
    _lazy_init()


def default_stream(device=None):
    _lazy_init()


def get_stream_from_external(data_ptr, device=None):
    _lazy_init()


def get_device_name(device=None):
    _lazy_init()


def get_device_capability(device=None):
    _lazy_init()


def get_device_properties(device=None):
    _lazy_init()


def can_device_access_peer(device, peer_device):
    _lazy_init()


def current_blas_handle():
    _lazy_init()


def cudart():
    _lazy_init()


def ipc_collect():
    _lazy_init()


def set_sync_debug_mode(debug_mode):
    _lazy_init()


def get_sync_debug_mode():
    _lazy_init()


def _device_index(where):
    """The number of a CUDA device given as a number, a string or a torch.device."""
    import rushlight as torch

    if isinstance(where, str):
        where = torch.device(where)
    if isinstance(where, torch.device):
        if where.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {where}")
        where = where.index
    return where


def set_device(device):
    """Make a CUDA device the current one. A negative number changes nothing."""
    index = _device_index(device)
    if index is None:
        raise ValueError(f"Expected a torch.device with a specified index or an integer, but got:{device}")
    if index >= 0:
        _missing("_cuda_setDevice")


class device:
    """Within, a CUDA device is the current one. A negative number changes nothing."""

    def __init__(self, device):
        self.idx = _device_index(device)

    def __enter__(self):
        if self.idx is None or self.idx >= 0:
            raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(self, *exc):
        return False


class device_of(device):
    """Within, the device of a tensor is the current one; nothing changes for tensors of the CPU."""

    def __init__(self, obj):
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def utilization(device=None):
    _refuse("nvidia-ml-py does not seem to be installed or it can't be imported.", ModuleNotFoundError)


memory_usage = temperature = power_draw = clock_rate = device_memory_used = utilization


def _is_in_bad_fork():
    return False


def __getattr__(name):
    if name in ("amp", "graphs", "nccl", "nvtx", "profiler"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name in ("OutOfMemoryError", "AcceleratorError"):
        from rushlight import _errors

        return getattr(_errors, name)
    if name in ("CUDAGraph", "graph", "graph_pool_handle", "is_current_stream_capturing", "make_graphed_callables"):
        from rushlight.cuda import graphs

        return getattr(graphs, name)
    if name.endswith("Tensor"):
        from rushlight.cuda._tensor_types import cuda_types

        types = cuda_types()
        if name in types:
            globals().update(types)
            return types[name]
    raise AttributeError(f"module 'torch.cuda' has no attribute {name!r}")
