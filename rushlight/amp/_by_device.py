"""The older spellings of autocast's questions, one for each type of device. Source: torch.is_autocast_cpu_enabled and its kin."""
from rushlight.amp._state import get_autocast_dtype, is_autocast_enabled, set_autocast_dtype, set_autocast_enabled


def is_autocast_cpu_enabled():
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled):
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype():
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype):
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype():
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype):
    set_autocast_dtype("cuda", dtype)
