"""The switches of CUDA's libraries, which are not here. Which attention kernel may run is remembered."""
from contextlib import contextmanager


def is_built():
    return False


class _Matmul:
    """torch.backends.cuda.matmul: flags of products."""

    _known = {"allow_tf32": False, "allow_fp16_reduced_precision_reduction": True,
              "allow_bf16_reduced_precision_reduction": True, "allow_fp16_accumulation": False, "fp32_precision": "none"}

    def __init__(self):
        self.__dict__.update(self._known)

    def __getattr__(self, name):
        raise AttributeError(f"Unknown attribute {name}")

    def __setattr__(self, name, value):
        if name not in self._known:
            raise AttributeError(f"Unknown attribute {name}")
        self.__dict__[name] = value


matmul = _Matmul()


class _PlanCache:
    """torch.backends.cuda.cufft_plan_cache."""

    def __getattr__(self, name):
        if name in ("size", "max_size", "clear"):
            raise AssertionError("Torch not compiled with CUDA enabled")
        raise AttributeError(name)


cufft_plan_cache = _PlanCache()
_sdp = {"flash": True, "math": True, "mem_efficient": True, "cudnn": True}


def flash_sdp_enabled():
    return _sdp["flash"]


def enable_flash_sdp(enabled):
    _sdp["flash"] = bool(enabled)


def math_sdp_enabled():
    return _sdp["math"]


def enable_math_sdp(enabled):
    _sdp["math"] = bool(enabled)


def mem_efficient_sdp_enabled():
    return _sdp["mem_efficient"]


def enable_mem_efficient_sdp(enabled):
    _sdp["mem_efficient"] = bool(enabled)


def cudnn_sdp_enabled():
    return _sdp["cudnn"]


def enable_cudnn_sdp(enabled):
    _sdp["cudnn"] = bool(enabled)


def is_flash_attention_available():
    return False


@contextmanager
def _chosen(**choice):
    before = dict(_sdp)
    _sdp.update(choice)
    try:
        yield
    finally:
        _sdp.update(before)


def sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True):
    """Within, only the chosen attention kernels may run. Deprecated, and without effect on the CPU."""
    import warnings

    warnings.warn("`torch.backends.cuda.sdp_kernel()` is deprecated. In the future, this context manager will be removed. Please "
                  "see `torch.nn.attention.sdpa_kernel()` for the new context manager, with updated signature.",
                  FutureWarning, stacklevel=2)
    return _chosen(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
