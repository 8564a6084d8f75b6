"""The places of elements that are not zero. Source: torch.nonzero, argwhere."""
import numpy as np

from ..graph import views
from ..runtime import dtypes as dt
from .declare import Op, public


def _true(input):
    """The array, for asking what is not zero in it: bfloat16 words without their sign."""
    array = input._array()
    return array & 0x7FFF if input.dtype is dt.bfloat16 else array


@public(out=True)
def nonzero(input, *, as_tuple=False):
    """The places of the elements that are not zero: (n, ndim) int64, or a tuple of ndim vectors."""
    array = _true(input)
    if as_tuple:
        parts = np.nonzero(array) if array.ndim else (np.zeros(int(bool(array)), np.int64),)
        return tuple(Op.from_array(np.ascontiguousarray(p, np.int64)) for p in parts)
    places = np.argwhere(array) if array.ndim else np.zeros((int(bool(array)), 0))
    by_dimension = Op.from_array(np.ascontiguousarray(places.T, np.int64))      # so it lies in memory, as PyTorch has it
    return Op.new_tensor(by_dimension._storage, views.permute(by_dimension._meta, (1, 0)))


@public()
def argwhere(input):
    """As nonzero: (n, ndim)."""
    return nonzero(input)


@public(out=True)
def nonzero_static(input, *, size, fill_value=-1):
    """The first `size` places of nonzero, filled up with fill_value: its size does not depend on the values."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    places = nonzero(input)._array()
    out = np.full((size, places.shape[1]), fill_value, np.int64)
    out[:len(places)] = places[:size]
    return Op.from_array(out)


@public(method=False)
def unravel_index(indices, shape):
    """Places in the flattened tensor of a shape as a tuple of places along its dimensions."""
    if indices.dtype.kind != "int":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    for n in shape:
        if n < 0:
            raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    out, rest = [], indices
    for n in reversed(shape):
        out.append(rest % n)
        rest = rest.div(n, rounding_mode="floor")
    return tuple(reversed(out))
