"""Videos."""

from rushlight.vision.tv_tensors._tv_tensor import TVTensor


class Video(TVTensor):
    """Frames (..., T, C, H, W), of anything that `torch.as_tensor` takes."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim < 4:
            raise ValueError(f"A video has at least 4 dimensions (..., T, C, H, W), got {tensor.ndim}D tensor.")
        return tensor.as_subclass(cls)

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._make_repr()
