"""What the functions over windows and images share: their arguments, one number for each spatial dimension."""
from operator import index

from ..graph import primitives as P
from ..runtime import dtypes as dt

COUNTS = {1: "one", 2: "two", 3: "three"}


def whole(value):
    """A Python int, or what stands for one."""
    return value.__class__ is int or hasattr(value, "__index__") and not hasattr(value, "_meta") or hasattr(value, "_meta") and not value.shape


def numbers(value, function, argument, position):
    """A tuple of ints, from an int or from several; PyTorch's TypeError for anything else."""
    if value.__class__ is int:
        return (value,)
    if value.__class__ in (tuple, list) or hasattr(value, "__iter__") and not isinstance(value, str):
        try:
            return tuple([index(v) for v in value])
        except TypeError:
            bad, at = next((v, i) for i, v in enumerate(value) if not hasattr(v, "__index__"))
            raise TypeError(f"{function}(): argument '{argument}' (position {position}) must be tuple of ints, but found element of "
                            f"type {type(bad).__name__} at pos {at}") from None
    if whole(value):
        return (index(value),)
    raise TypeError(f"{function}(): argument '{argument}' (position {position}) must be tuple of ints, not {type(value).__name__}")


def channel(v, ndim):
    """A vector over channels (dimension 1 of ndim), as a value that broadcasts over the others."""
    return P.reshape(v, (1,) + v.shape + (1,) * (ndim - 2))


def wide(x):
    """float16 and bfloat16 as float32, in which PyTorch computes them."""
    return P.cast(x, dt.float32) if x.dtype is dt.bfloat16 or x.dtype is dt.float16 else x


def planes(shape, n):
    """The shape with its last n dimensions as one."""
    size = 1
    for s in shape[len(shape) - n:]:
        size *= s
    return tuple(shape[:len(shape) - n]) + (size,)


def not_implemented(kernel, dtype):
    return NotImplementedError(f"\"{kernel}\" not implemented for '{dt.long_name(dtype)}'")
