"""What a caller may log, as NumPy arrays."""
import numpy as np

import rushlight as torch


def make_np(value) -> np.ndarray:
    """An array of a tensor, an array or a number; anything else is a NotImplementedError."""
    if isinstance(value, np.ndarray):
        return value
    if np.isscalar(value):
        return np.array([value])
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:  # NumPy has no such type
            value = value.to(torch.float16)
        return value.numpy()
    raise NotImplementedError(f"Got {type(value)}, but numpy array or torch tensor are expected.")
