"""What runs plans (`numpy/` and its faster kin), and PyTorch's switches of its own backends, as small modules of flags."""

_FLAGS = ("cpu", "cuda", "cudnn", "cusparselt", "mha", "miopen", "mkl", "mkldnn", "mps", "nnpack", "openmp", "opt_einsum",
          "quantized", "xeon", "xnnpack")
fp32_precision = "none"


def disable_global_flags():
    """Flags may be set at any time here; nothing to disable."""


def flags_frozen():
    return False


def __getattr__(name):
    if name in _FLAGS:
        from importlib import import_module
        from importlib.util import find_spec

        if find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.backends' has no attribute {name!r}")
