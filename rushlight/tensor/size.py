"""torch.Size: a shape, which is a tuple."""
from math import prod


class Size(tuple):
    """The sizes of a tensor. Source: torch.Size."""

    __slots__ = ()

    def __repr__(self):
        return f"torch.Size([{', '.join(map(str, self))}])"

    __str__ = __repr__

    def numel(self):
        return prod(self)

    def __getitem__(self, i):
        found = tuple.__getitem__(self, i)
        return Size(found) if i.__class__ is slice else found

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other):
        return Size(tuple(other) + tuple(self))

    def __mul__(self, n):
        return Size(tuple.__mul__(self, n))

    __rmul__ = __mul__

    def __reduce__(self):
        return _size, (tuple(self),)


def _size(sizes):
    return Size(sizes)


Size.__module__ = "torch"
