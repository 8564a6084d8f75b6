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


def _within_grad():
    """Whether the backward pass that is running gives gradients back instead of adding them to `.grad`."""
    from .engine import _tasks

    return _tasks.running is not None and not _tasks.running.accumulate


def _recomputed(run, check):
    """See recompute.recomputed."""
    from .recompute import recomputed

    return recomputed(run, check)


def __getattr__(name):
    if name in ("gradcheck", "gradgradcheck"):
        from . import checking

        return getattr(checking, name)
    if name in ("functional", "profiler", "grad_mode", "anomaly_mode", "forward_ad", "variable", "profiler_util"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.autograd' has no attribute {name!r}")
