"""The machine's accelerator, whichever kind it is: here there is none. Source: torch.accelerator."""


def is_available():
    return False


def device_count():
    return 0


def current_accelerator(check_available=False):
    """The device of the accelerator, or None."""
    return None


def _none_here():
    raise RuntimeError("Cannot access accelerator device when none is available.")


def current_device_index():
    """The number of the current accelerator. RuntimeError: there is none."""
    _none_here()


def current_stream(device=None, /):
    _none_here()


def set_stream(stream):
    _none_here()


def synchronize(device=None, /):
    _none_here()


def get_device_capability(device=None, /):
    _none_here()


def set_device_index(device, /):
    if device is None:
        raise ValueError(f"Expected a torch.device with a specified index or an integer, but got:{device}")
    _none_here()


def empty_cache():
    _none_here()


def _memory(device_index=None, /):
    _none_here()


memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = memory_stats = _memory
get_memory_info = reset_accumulated_memory_stats = reset_peak_memory_stats = _memory
current_device_idx, set_device_idx = current_device_index, set_device_index


class device_index:
    """Within, an accelerator is the current one; with None nothing changes."""

    def __init__(self, device, /):
        self.idx = device

    def __enter__(self):
        if self.idx is not None:
            _none_here()

    def __exit__(self, *exc):
        return None
