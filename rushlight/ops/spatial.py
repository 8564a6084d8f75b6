"""What the functions over windows and images share: their arguments, one number for each spatial dimension."""
from operator import index

from ..graph import primitives as P
from ..graph.layout import in_order
from ..graph.views import contiguous_strides
from ..runtime import dtypes as dt

COUNTS = {1: "one", 2: "two", 3: "three"}


def whole(value):
    """Whether a value stands for one whole number: an int, NumPy's, or a tensor without dimensions."""
    return hasattr(value, "__index__") and not getattr(value, "shape", ())


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


# ------------------------------------------------------------------ how results lie in memory (see graph.layout)
def channels_last_order(shape, strides):
    """Whether PyTorch takes these strides for channels_last (of 2 or 3 spatial dimensions)."""
    if len(shape) not in (4, 5) or not strides[1]:
        return False
    least = 0
    for d in (1, *range(len(shape) - 1, 1, -1), 0):
        if not shape[d] or strides[d] < least or d == 0 and least == strides[1]:
            return False
        least = strides[d] * max(shape[d], 1)
    return True


def _suggested(patterns, shape):
    if any(channels_last_order(p.shape, p.strides) for p in patterns if hasattr(p, "strides")):
        return in_order(shape, (0, *range(2, len(shape)), 1))
    return contiguous_strides(shape)


def as_first(op, attrs, patterns, shape):
    """channels_last if the first operand is."""
    return _suggested(patterns[:1], shape)


def as_first_two(op, attrs, patterns, shape):
    """channels_last if the first operand or the second is."""
    return _suggested(patterns[:2], shape)
