"""Values: the nodes of a recorded graph. A value is one primitive applied to values, of known shape and dtype."""
import itertools
from math import prod

_ids = itertools.count()


class Value:
    """prim      the primitive's name (see graph.primitives)
    args      operand values
    attrs     static attributes, a hashable tuple
    id        grows in program order
    weak      a Python number: gives way to tensors in promotion
    """

    __slots__ = ("prim", "args", "attrs", "shape", "dtype", "id", "weak")

    def __init__(self, prim, args, attrs, shape, dtype, weak=False):
        self.prim = prim
        self.args = args
        self.attrs = attrs
        self.shape = shape
        self.dtype = dtype
        self.id = next(_ids)
        self.weak = weak

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def numel(self):
        return prod(self.shape)

    def __repr__(self):
        dtype = self.dtype.name if self.dtype is not None else "tuple"
        return f"%{self.id} = {self.prim}({', '.join('%' + str(a.id) for a in self.args)}" + \
            (f", {self.attrs}" if self.attrs else "") + f") : {dtype}{list(self.shape)}"
