"""`torch.mtia`: Meta's accelerators, which are not here."""


def is_available():
    return False


def is_initialized():
    return False


def device_count():
    return 0


def init():
    raise AssertionError("Torch not compiled with MTIA enabled. There are none on this machine.")


def synchronize(device=None):
    raise RuntimeError("Cannot execute getCurrentDevice() without MTIA backend.")
