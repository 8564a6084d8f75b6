"""Images."""

import rushlight as torch
from rushlight.vision._pillow import is_pil
from rushlight.vision.tv_tensors._tv_tensor import TVTensor


class Image(TVTensor):
    """An image (..., C, H, W), of anything that `torch.as_tensor` takes, or of a PIL image. (H, W) becomes (1, H, W)."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None):
        if is_pil(data):
            from rushlight.vision.transforms.functional import pil_to_tensor

            data = pil_to_tensor(data)
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {tensor.ndim}D tensor.")
        if tensor.ndim == 2:
            tensor = torch.Tensor.unsqueeze(tensor, 0)
        return tensor.as_subclass(cls)

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._make_repr()
