"""`torch.xpu`: Intel's GPUs, which are not here."""

default_generators = ()


def _refuse(*args, **kwargs):
    raise AssertionError("Torch not compiled with XPU enabled")


init = current_device = current_stream = synchronize = set_device = _refuse
get_device_name = get_device_properties = get_device_capability = can_device_access_peer = _refuse
initial_seed = get_rng_state = mem_get_info = get_stream_from_external = _refuse


def is_available():
    return False


def is_initialized():
    return False


def device_count():
    return 0


def is_bf16_supported(including_emulation=True):
    return False


def is_tf32_supported():
    return False


def empty_cache():
    """Nothing is cached; nothing happens."""


def _none(device=None):
    """Bytes used on a device that is not there."""
    return 0


memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = _none


def memory_stats(device=None):
    from collections import OrderedDict

    return OrderedDict()


def manual_seed(seed):
    int(seed)


def manual_seed_all(seed):
    int(seed)


def seed():
    """Nothing to seed."""


def seed_all():
    """Nothing to seed."""


def get_rng_state_all():
    return []


class Stream:
    def __new__(cls, *args, **kwargs):
        raise RuntimeError("Tried to instantiate dummy base class Stream")


class Event:
    def __new__(cls, *args, **kwargs):
        raise RuntimeError("Tried to instantiate dummy base class Event")


class device:
    """Within, an XPU is the current device. A negative number changes nothing."""

    def __init__(self, device):
        self.idx = device if isinstance(device, int) else getattr(device, "index", None)

    def __enter__(self):
        if self.idx is None or self.idx >= 0:
            raise NotImplementedError("PyTorch was compiled without XPU support")

    def __exit__(self, *exc):
        return False
