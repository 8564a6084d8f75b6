"""Memory of GPUs, of which there are none: nothing is allocated, and nothing can be reset."""
from rushlight.cuda._refusals import lazy_init, missing


def empty_cache():
    """Nothing is cached; nothing happens."""


def memory_allocated(device=None):
    """Bytes in tensors on a GPU."""
    return 0


def max_memory_allocated(device=None):
    return 0


def memory_reserved(device=None):
    return 0


def max_memory_reserved(device=None):
    return 0


def _renamed(old, new):
    import warnings

    warnings.warn(f"`torch.cuda.{old}` has been renamed to `torch.cuda.{new}`", FutureWarning, stacklevel=3)


def memory_cached(device=None):
    _renamed("memory_cached", "memory_reserved")
    return memory_reserved(device)


def max_memory_cached(device=None):
    _renamed("max_memory_cached", "max_memory_reserved")
    return max_memory_reserved(device)


def memory_stats(device=None):
    from collections import OrderedDict

    return OrderedDict()


def memory_stats_as_nested_dict(device=None):
    return {}


def host_memory_stats():
    return memory_stats()


def memory_summary(device=None, abbreviated=False):
    return memory_stats(device)["allocated_bytes.all.current"]      # KeyError, as in PyTorch: there are no statistics


def memory_snapshot(mempool_id=None, include_traces=True):
    missing("_cuda_memorySnapshot")


def reset_peak_memory_stats(device=None):
    missing("_cuda_resetPeakMemoryStats")


def reset_accumulated_memory_stats(device=None):
    missing("_cuda_resetAccumulatedMemoryStats")


def _resets_all(name):
    import warnings

    warnings.warn(f"torch.cuda.{name} now calls torch.cuda.reset_peak_memory_stats, which resets /all/ peak memory stats.",
                  FutureWarning, stacklevel=3)


def reset_max_memory_allocated(device=None):
    _resets_all("reset_max_memory_allocated")
    reset_peak_memory_stats(device)


def reset_max_memory_cached(device=None):
    _resets_all("reset_max_memory_cached")
    reset_peak_memory_stats(device)


def mem_get_info(device=None):
    lazy_init()


def set_per_process_memory_fraction(fraction, device=None):
    lazy_init()


def get_per_process_memory_fraction(device=None):
    lazy_init()


def caching_allocator_alloc(size, device=None, stream=None):
    lazy_init()


def caching_allocator_delete(mem_ptr):
    missing("_cuda_cudaCachingAllocator_raw_delete")


def list_gpu_processes(device=None):
    return "pynvml module not found, please install nvidia-ml-py"
