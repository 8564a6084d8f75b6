"""torch.cuda.FloatTensor and its like: they can be named and asked about, and make no tensors."""

_NAMES = ("BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
          "IntTensor", "LongTensor", "ShortTensor")


class _CudaType(type):
    def __call__(cls, *args, **kwargs):
        raise TypeError(f"type torch.cuda.{cls.__name__} not available. Torch not compiled with CUDA enabled.")

    def __instancecheck__(cls, t):
        return False

    @property
    def _legacy_dtype(cls):
        """Asked for by `tensor.type(torch.cuda.FloatTensor)`, which would move the tensor."""
        raise RuntimeError("Cannot initialize CUDA without ATen_cuda library. "
                           f"There is no CUDA on this machine, so no tensor can become a torch.cuda.{cls.__name__}.")


def cuda_types():
    """The types by name."""
    return {name: _CudaType(name, (), {"__module__": "torch.cuda", "is_cuda": True}) for name in _NAMES}
