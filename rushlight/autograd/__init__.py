"""Backward passes. Source: torch.autograd."""
from . import function, graph  # noqa: F401
from .anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly  # noqa: F401
from .engine import backward, grad  # noqa: F401
from .function import Function  # noqa: F401
from .grad_mode import (enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled)  # noqa: F401


def Variable(data, requires_grad=False, volatile=None):
    """A tensor. Source: torch.autograd.Variable, which has been Tensor itself since PyTorch 0.4."""
    if requires_grad:
        data.requires_grad_()
    return data


def __getattr__(name):
    if name in ("gradcheck", "gradgradcheck"):
        from . import checking

        return getattr(checking, name)
    if name in ("functional", "profiler", "grad_mode", "anomaly_mode"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.autograd' has no attribute {name!r}")
