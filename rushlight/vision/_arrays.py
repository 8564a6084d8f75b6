"""Image tensors as arrays, and the few operations that the image kernels need, over either.

An image tensor on the CPU that needs no gradient is worked on as a NumPy array: at once, whatever size each image has.
One that needs a gradient, or lies on another device, goes through Tensor operations. The kernels are written once, over
`ops`, which is ARRAYS or TENSORS.
"""

import numpy as np

import rushlight as torch


def is_plain(image) -> bool:
    """Whether this tensor can be worked on as an array."""
    return not image.requires_grad and image.device.type == "cpu" and image.dtype != torch.bfloat16


def run(kernel, image, *args):
    """`kernel(ops, image, *args)` on the tensor `image`; a tensor."""
    if is_plain(image) and image.dtype != torch.bool:  # bool arithmetic is an error, which Tensors raise
        return to_tensor(kernel(ARRAYS, image.numpy(), *args))
    return kernel(TENSORS, image, *args)


def to_tensor(array: np.ndarray):
    """The tensor over an array that nobody else holds."""
    return torch.from_numpy(np.ascontiguousarray(array))


class ARRAYS:
    """Operations on ndarrays."""

    where = staticmethod(np.where)
    floor = staticmethod(np.floor)
    round = staticmethod(np.round)
    clip = staticmethod(np.clip)
    isfinite = staticmethod(np.isfinite)

    @staticmethod
    def is_float(x) -> bool:
        return x.dtype.kind == "f"

    @staticmethod
    def as_float(x):
        return x if x.dtype.kind == "f" else x.astype(np.float32)

    @staticmethod
    def like(x, other):
        with np.errstate(invalid="ignore"):  # a value beyond the type's range is cast silently, as a tensor's is
            return x.astype(other.dtype, copy=False)

    @staticmethod
    def top_value(x) -> int:
        """The value of white: the largest of an integer type, 1 for floats."""
        return 1 if x.dtype.kind in "fb" else int(np.iinfo(x.dtype).max)

    @staticmethod
    def stack(items, axis):
        return np.stack(items, axis)

    @staticmethod
    def least(x, axes):
        return x.min(axes, keepdims=True)

    @staticmethod
    def greatest(x, axes):
        return x.max(axes, keepdims=True)

    @staticmethod
    def mean(x, axes):
        return x.mean(axes, keepdims=True, dtype=x.dtype)

    @staticmethod
    def copy(x):
        return x.copy()

    @staticmethod
    def expand(x, shape):
        return np.broadcast_to(x, shape)


class TENSORS:
    """The same on Tensors."""

    @staticmethod
    def where(condition, x, y):
        return torch.where(condition, x, y)

    @staticmethod
    def floor(x):
        return torch.floor(x)

    @staticmethod
    def round(x):
        return torch.round(x)

    @staticmethod
    def clip(x, low, high):
        return torch.clamp(x, low, high)

    @staticmethod
    def isfinite(x):
        return torch.isfinite(x)

    @staticmethod
    def is_float(x) -> bool:
        return x.is_floating_point()

    @staticmethod
    def as_float(x):
        return x if x.is_floating_point() else x.to(torch.float32)

    @staticmethod
    def like(x, other):
        return x.to(other.dtype)

    @staticmethod
    def top_value(x) -> int:
        return top_value_of(x.dtype)

    @staticmethod
    def stack(items, axis):
        return torch.stack(items, dim=axis)

    @staticmethod
    def least(x, axes):
        # along one axis the gradient goes to one place; along several, to all that are equal
        return torch.min(x, dim=axes, keepdim=True).values if isinstance(axes, int) else torch.amin(x, axes, True)

    @staticmethod
    def greatest(x, axes):
        return torch.max(x, dim=axes, keepdim=True).values if isinstance(axes, int) else torch.amax(x, axes, True)

    @staticmethod
    def mean(x, axes):
        return torch.mean(x, dim=axes, keepdim=True)

    @staticmethod
    def copy(x):
        return x.clone()

    @staticmethod
    def expand(x, shape):
        return x.expand(shape)


def top_value_of(dtype) -> int:
    """The value of white in a torch dtype: the largest of an integer type, 1 for floats and bool."""
    if dtype.is_floating_point or dtype.is_complex or dtype == torch.bool:
        return 1
    return int(torch.iinfo(dtype).max)
