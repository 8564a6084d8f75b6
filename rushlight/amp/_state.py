"""Which dtype autocast asks for, by device and thread. Ops read it; `autocast` writes it.

An op asks `cast_dtype("cpu")`: None (nothing to do) costs one look at a number while no thread is in autocast.
"""

import threading

import rushlight as torch

_DEVICE_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, "
    "mtia, privateuseone"
)

# Device types that autocast knows, with the dtype they start with.
_FIRST_DTYPES = {
    "cpu": "bfloat16",
    "cuda": "float16",
    "xpu": "float16",
    "mps": "float16",
    "mtia": "bfloat16",
    "maia": "bfloat16",
    "hpu": "bfloat16",
    "ipu": "float16",
    "xla": "bfloat16",
    "privateuseone": "float16",
}


class _ThreadState(threading.local):
    def __init__(self):
        self.enabled = set()
        self.dtypes = {}
        self.cache_enabled = True
        self.nesting = 0


_thread = _ThreadState()

# How often autocast is on, over all threads and devices: 0 spares the ops a look at the thread's state.
_enabled_count = 0
_count_lock = threading.Lock()


def device_type_of(device_type):
    """The device type alone, of "cuda:0" say; RuntimeError for one that does not exist."""
    kind = device_type.partition(":")[0]
    if kind not in _DEVICE_TYPES.split(", "):
        raise RuntimeError(
            f"Expected one of {_DEVICE_TYPES} device type at start of device string: {device_type}"
        )
    return kind


def cast_dtype(device_type):
    """The dtype that ops on `device_type` should compute in now, or None outside autocast."""
    if not _enabled_count:
        return None
    if device_type not in _thread.enabled:
        return None
    return get_autocast_dtype(device_type)


def is_autocast_available(device_type):
    """Whether autocast knows this type of device."""
    return device_type_of(device_type) in _FIRST_DTYPES


def is_autocast_enabled(device_type="cuda"):
    """Whether autocast is on for this type of device, in this thread."""
    return device_type_of(device_type) in _thread.enabled


def set_autocast_enabled(device_type, enabled=None):
    """Turn autocast on or off for a type of device; with one argument, for cuda."""
    global _enabled_count
    if enabled is None:
        device_type, enabled = "cuda", device_type
    kind = device_type_of(device_type)
    if enabled == (kind in _thread.enabled):
        return
    with _count_lock:
        _enabled_count += 1 if enabled else -1
    if enabled:
        _thread.enabled.add(kind)
    else:
        _thread.enabled.discard(kind)


def get_autocast_dtype(device_type):
    """The dtype autocast uses on this type of device, on or off."""
    kind = device_type_of(device_type)
    dtype = _thread.dtypes.get(kind)
    if dtype is not None:
        return dtype
    if kind not in _FIRST_DTYPES:
        raise RuntimeError("unsupported scalarType")
    return getattr(torch, _FIRST_DTYPES[kind])


def set_autocast_dtype(device_type, dtype):
    """Choose the dtype autocast uses on this type of device, in this thread."""
    _thread.dtypes[device_type_of(device_type)] = dtype


def is_autocast_cache_enabled():
    """Whether casts of parameters may be kept while autocast lasts."""
    return _thread.cache_enabled


def set_autocast_cache_enabled(enabled):
    """Say whether casts of parameters may be kept while autocast lasts."""
    _thread.cache_enabled = enabled


def autocast_increment_nesting():
    """One autocast deeper; returns the depth."""
    _thread.nesting += 1
    return _thread.nesting


def autocast_decrement_nesting():
    """One autocast out; returns the depth."""
    _thread.nesting -= 1
    return _thread.nesting


def clear_autocast_cache():
    """Nothing to do: the engine keeps no casts between operations; equal ones within a step are merged."""
