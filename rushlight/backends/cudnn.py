"""The switches of cuDNN, which is not here: they can be set and read, and nothing follows from them."""
import sys
from contextlib import contextmanager
from types import ModuleType

import rushlight as _torch

CUDNN_TENSOR_DTYPES = {_torch.float16, _torch.float32, _torch.float64}
enabled = True
benchmark = False
benchmark_limit = None
deterministic = False
allow_tf32 = True
fp32_precision = "none"
depthwise_kernel = "auto"


def is_available():
    return False


def version():
    """cuDNN's version: None, there is none."""
    return None


def is_acceptable(tensor):
    """Whether cuDNN would work on a tensor."""
    return False


def set_flags(_enabled=None, _benchmark=None, _benchmark_limit=None, _deterministic=None, _allow_tf32=None,
              _fp32_precision="none", _depthwise_kernel=None):
    """Set several flags; returns what they were."""
    module = sys.modules[__name__]
    before = (enabled, benchmark, benchmark_limit, deterministic, allow_tf32, fp32_precision, depthwise_kernel)
    for name, value in (("enabled", _enabled), ("benchmark", _benchmark), ("benchmark_limit", _benchmark_limit),
                        ("deterministic", _deterministic), ("allow_tf32", _allow_tf32), ("depthwise_kernel", _depthwise_kernel)):
        if value is not None:
            setattr(module, name, value)
    return before


@contextmanager
def flags(enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True, fp32_precision="none",
          depthwise_kernel="auto"):
    """Within, the flags are these."""
    before = set_flags(enabled, benchmark, benchmark_limit, deterministic, allow_tf32, fp32_precision, depthwise_kernel)
    try:
        yield
    finally:
        set_flags(*before)


class _Precision:
    """fp32_precision of one kind of work."""

    fp32_precision = "tf32"


conv = _Precision()
rnn = _Precision()


class _Checked(ModuleType):
    """The three switches take bools alone."""

    def __setattr__(self, name, value):
        if name in ("enabled", "benchmark", "deterministic", "allow_tf32") and not isinstance(value, bool):
            short = "allow_tf32" if name == "allow_tf32" else name
            raise RuntimeError(f"set_{short}_cudnn expects a bool, but got {type(value).__name__}")
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Checked
