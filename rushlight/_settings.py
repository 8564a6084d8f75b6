"""Switches of the whole program: threads, precision of products, determinism, the default device and dtype.

A backend that has such a choice reads it here.
"""

_threads = None
_interop_threads = None
_here = None             # how many cores this process may use
_precision = "highest"
_deterministic = False
_warn_only = False
_warn_always = False


# ------------------------------------------------------------------ threads
def _count(name, n):
    if not isinstance(n, int) or isinstance(n, bool):
        raise RuntimeError(f"{name} expects an int, but got {type(n).__name__}")
    if n < 1:
        raise RuntimeError(f"{name} expects a positive integer")
    return n


def _cores():
    global _here
    if _here is None:
        import os

        _here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _here


def get_num_threads():
    """How many threads one op may use."""
    return _threads or _cores()


def set_num_threads(n, /):
    global _threads
    _threads = _count("set_num_threads", n)


def get_num_interop_threads():
    return _interop_threads or _cores()


def set_num_interop_threads(n, /):
    global _interop_threads
    _interop_threads = _count("set_num_interop_threads", n)


# ------------------------------------------------------------------ numbers
def get_float32_matmul_precision():
    """"highest", "high" or "medium": products of float32 matrices are of full precision here whatever it says."""
    return _precision


def set_float32_matmul_precision(precision):
    global _precision
    if precision not in ("highest", "high", "medium"):
        import warnings

        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the current"
                      "setFloat32MatmulPrecision call has no effect.", stacklevel=2)
        return
    _precision = precision


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Ask for the same bits in every run. Source: torch.use_deterministic_algorithms."""
    global _deterministic, _warn_only
    if not isinstance(mode, bool):
        raise TypeError(f"_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}")
    _deterministic, _warn_only = mode, bool(warn_only)


def are_deterministic_algorithms_enabled():
    return _deterministic


def is_deterministic_algorithms_warn_only_enabled():
    return _warn_only


def set_deterministic_debug_mode(debug_mode):
    """"default" or 0: not asked for; "warn" or 1; "error" or 2."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        names = ("default", "warn", "error")
        if debug_mode not in names:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
                               f"{debug_mode}")
        debug_mode = names.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode():
    return 0 if not _deterministic else 1 if _warn_only else 2


def set_flush_denormal(mode, /):
    """False, for not done, if denormal numbers were to become zero; they never do here."""
    return not mode


def set_warn_always(b, /):
    global _warn_always
    _warn_always = bool(b)


def is_warn_always_enabled():
    return _warn_always


# ------------------------------------------------------------------ defaults
def get_default_device():
    """The device of tensors made without device=."""
    from rushlight import device

    return device("cpu")


def set_default_device(device):
    """Make tensors on `device` when none is named. Here that can be the CPU alone (or None)."""
    from rushlight.runtime.devices import resolve

    resolve(device)


def set_default_tensor_type(t, /):
    """As set_default_dtype, by a tensor type or its name."""
    import rushlight as torch

    if isinstance(t, str):
        module, _, name = t.rpartition(".")
        if module == "torch.cuda":
            t = getattr(torch.cuda, name)
        elif module == "torch":
            t = getattr(torch, name)
        else:
            raise ModuleNotFoundError(f"No module named '{module or t}'")
    if getattr(t, "is_cuda", False):
        raise TypeError(f"type torch.cuda.{t.__name__} not available. Torch not compiled with CUDA enabled.")
    import warnings

    warnings.warn("torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
                  "torch.set_default_device() as alternatives.", stacklevel=2)
    dtype = getattr(t, "_legacy_dtype", None)
    if dtype is None:
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if not dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    torch.set_default_dtype(dtype)


# ------------------------------------------------------------------ devices and builds
def get_device_module(device=None):
    """The module of a device: torch.cpu, torch.cuda, ..."""
    import rushlight as torch

    if isinstance(device, torch.device):
        kind = device.type
    elif isinstance(device, str):
        kind = torch.device(device).type
    elif device is None:
        kind = "cpu"
    else:
        raise RuntimeError(f"Invalid value of device '{device}', expect torch.device, str, or None")
    module = getattr(torch, kind, None)
    if module is None:
        raise RuntimeError(f"Device '{kind}' does not have a corresponding module registered as 'torch.{kind}'.")
    return module


def compiled_with_cxx11_abi():
    return True


def is_vulkan_available():
    return False


has_cuda = has_cudnn = has_mps = has_mkl = has_mkldnn = has_openmp = False
has_lapack = has_spectral = True


class Stream:
    """A device's queue of work. Only the CPU's can be made here, and it is never behind. Source: torch.Stream."""

    def __init__(self, device=None, *, priority=0, **kwargs):
        self.device = _cpu_only(device)
        self.device_type, self.device_index, self.stream_id = 0, -1, 0

    def query(self):
        return True

    def synchronize(self):
        """Nothing to wait for."""

    def wait_stream(self, stream):
        """Nothing to wait for."""

    def wait_event(self, event):
        """Nothing to wait for."""

    def record_event(self, event=None):
        event = Event() if event is None else event
        event.record(self)
        return event

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

    def __eq__(self, other):
        return isinstance(other, Stream)

    def __hash__(self):
        return hash(Stream)

    def __repr__(self):
        return "torch.Stream device_type=cpu, device_index=-1, stream_id=0"


class Event:
    """A mark in a device's queue. Source: torch.Event."""

    def __init__(self, device=None, *, enable_timing=False, blocking=False, interprocess=False):
        self.device = _cpu_only(device)
        self.event_id = 0
        self._time = None

    def record(self, stream=None):
        import time

        self._time = time.perf_counter()

    def query(self):
        return True

    def wait(self, stream=None):
        """Nothing to wait for."""

    def synchronize(self):
        """Nothing to wait for."""

    def elapsed_time(self, end_event):
        """Milliseconds between two recorded events."""
        if self._time is None or end_event._time is None:
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        return (end_event._time - self._time) * 1000

    def __repr__(self):
        return "torch.Event device_type=cpu, device_index=-1, event_flag=0, event_id=0"


def _cpu_only(device):
    import rushlight as torch

    kind = torch.device("cpu" if device is None else device)
    if kind.type != "cpu":
        raise RuntimeError(f"PyTorch is not linked with support for {kind.type} devices")
    return kind


Stream.__module__ = Event.__module__ = "torch"
