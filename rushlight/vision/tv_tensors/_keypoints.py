"""Key points."""

import rushlight as torch
from rushlight.vision.tv_tensors._tv_tensor import TVTensor


class KeyPoints(TVTensor):
    """Points (..., 2) as (x, y), on a picture of `canvas_size` (height, width)."""

    def __new__(cls, data, *, canvas_size, dtype=None, device=None, requires_grad=None):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        return cls._wrap(tensor, canvas_size=canvas_size)

    @classmethod
    def _wrap(cls, tensor, *, canvas_size, check_dims=True):
        if check_dims:
            if tensor.ndim == 1:
                tensor = torch.Tensor.unsqueeze(tensor, 0)
            elif tensor.shape[-1] != 2:
                raise ValueError(f"Expected a tensor of shape (..., 2), not {tensor.shape}")
        points = tensor.as_subclass(cls)
        points.canvas_size = canvas_size
        return points

    @classmethod
    def wrap(cls, tensor, like, *, canvas_size=None, check_dims=True):
        canvas_size = like.canvas_size if canvas_size is None else canvas_size
        return cls._wrap(tensor, canvas_size=canvas_size, check_dims=check_dims)

    @classmethod
    def _wrapped(cls, tensor, args, kwargs):
        like = next(a for a in (*args, *kwargs.values()) if isinstance(a, KeyPoints))
        return cls.wrap(tensor, like, check_dims=False)

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._make_repr(canvas_size=self.canvas_size)
