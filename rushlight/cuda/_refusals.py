"""How this machine, which has no GPU, refuses what needs one: with PyTorch's exceptions."""


def refuse(message, kind=RuntimeError):
    raise kind(message)


def lazy_init():
    """What every call that would start CUDA raises."""
    raise AssertionError("Torch not compiled with CUDA enabled")


def missing(name):
    """PyTorch's CPU build lacks the function under these calls, and they fail on that."""
    raise AttributeError(f"module 'torch._C' has no attribute '{name}' (there is no CUDA on this machine)")
