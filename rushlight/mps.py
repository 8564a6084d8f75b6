"""`torch.mps`: Apple's GPUs, which are not here."""


def is_available():
    return False


def device_count():
    return 0


def _without(function):
    raise RuntimeError(f"Cannot execute {function}() without MPS backend.")


def manual_seed(seed):
    """Nothing to seed."""
    int(seed)


def seed():
    _without("getDefaultGenerator")


def get_rng_state(device="mps"):
    _without("getDefaultGenerator")


def set_rng_state(new_state, device="mps"):
    _without("getDefaultGenerator")


def synchronize():
    _without("deviceSynchronize")


def empty_cache():
    _without("emptyCache")


def set_per_process_memory_fraction(fraction):
    _without("setMemoryFraction")


def current_allocated_memory():
    _without("getCurrentAllocatedMemory")


def driver_allocated_memory():
    _without("getDriverAllocatedMemory")


def recommended_max_memory():
    _without("getRecommendedMaxMemory")


class Event:
    def __init__(self, enable_timing=False):
        _without("acquireEvent")
