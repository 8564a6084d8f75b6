"""Python's operators on tensors."""
import numpy as np

from ..ops import arithmetic as A
from ..ops import pointwise as F
from .apply import apply, apply_write
from ..runtime.dtypes import plain_number
from .tensor import Tensor

_READY = frozenset((Tensor, int, float, bool, complex))


def _operand(x):
    """What stands beside a tensor in an expression, as a Tensor or a Python number; None if it cannot."""
    return x if isinstance(x, Tensor) else plain_number(x)


def _binary(op):
    def run(self, other):
        if other.__class__ not in _READY:
            other = _operand(other)
            if other is None:
                return NotImplemented
        return apply(op, (self, other))
    return run


def _reflected(op):
    def run(self, other):
        if other.__class__ not in _READY:
            other = _operand(other)
            if other is None:
                return NotImplemented
        return apply(op, (other, self))
    return run


def _inplace(op):
    def run(self, other):
        if other.__class__ not in _READY:
            other = _operand(other)
            if other is None:
                return NotImplemented
        return apply_write(op, self, (self, other))
    return run


for _name, _op in (("add", A.add_op), ("sub", A.sub_op), ("mul", A.mul_op), ("truediv", A.div_op),
                   ("floordiv", A.floor_divide_op), ("mod", A.remainder_op), ("and", A.bitwise_and_op), ("or", A.bitwise_or_op),
                   ("xor", A.bitwise_xor_op), ("lshift", A.shl_op), ("rshift", A.shr_op)):
    setattr(Tensor, f"__{_name}__", _binary(_op))
    setattr(Tensor, f"__r{_name}__", _reflected(_op))
    setattr(Tensor, f"__i{_name}__", _inplace(_op))
Tensor.__rsub__ = _binary(A.rsub_op)
Tensor.__rmod__ = _reflected(A.remainder_of_number)


def _over_tensor(self, other):
    """other / self, as PyTorch computes it: other times the reciprocal."""
    if other.__class__ not in _READY:
        other = _operand(other)
        if other is None:
            return NotImplemented
    return apply(A.mul_op, (apply(A.reciprocal_op, (self,)), other))


Tensor.__rtruediv__ = _over_tensor
for _name, _op in (("eq", A.eq_op), ("ne", A.ne_op), ("lt", A.lt_op), ("le", A.le_op), ("gt", A.gt_op), ("ge", A.ge_op)):
    setattr(Tensor, f"__{_name}__", _binary(_op))




def _equal(self, other):
    if other.__class__ not in _READY:
        other = _array(other) if isinstance(other, np.ndarray) else _operand(other)
        if other is None:
            return NotImplemented
    return apply(A.eq_op, (self, other))


def _array(x):
    """An array beside ==, where alone PyTorch takes one."""
    from .creation import as_tensor

    try:
        return as_tensor(x)
    except TypeError:
        return None


Tensor.__eq__ = _equal


def _power(self, other):
    other = _operand(other)
    return NotImplemented if other is None else F.pow(self, other)


def _power_of(self, other):
    other = _operand(other)
    return NotImplemented if other is None else F.pow(other, self)


def _power_in_place(self, other):
    other = _operand(other)
    return NotImplemented if other is None else F.pow.inplace(self, other)


Tensor.__pow__, Tensor.__rpow__, Tensor.__ipow__ = _power, _power_of, _power_in_place
Tensor.__neg__ = lambda self: apply(A.neg_op, (self,))
Tensor.__pos__ = lambda self: F.positive(self)
Tensor.__abs__ = lambda self: apply(A.abs_op, (self,))
Tensor.__invert__ = lambda self: apply(A.bitwise_not_op, (self,))


def _matmul(self, other):
    from ..ops.products import matmul

    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _rmatmul(self, other):
    from ..ops.products import matmul

    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


Tensor.__matmul__, Tensor.__rmatmul__ = _matmul, _rmatmul
Tensor.__imatmul__ = lambda self, other: self.copy_(_matmul(self, other))


# ------------------------------------------------------------------ as Python numbers
def _scalar(self, what):
    if self._meta.numel != 1:
        raise RuntimeError(f"a Tensor with {self._meta.numel} elements cannot be converted to Scalar")
    return self.item()


def _as_bool(self):
    n = self._meta.numel
    if n == 1:
        return bool(self.item())
    if n == 0:
        raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
    raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")


def _one_element(self):
    if self._meta.numel != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return self.item()


def _index(self):
    if self._meta.numel != 1 or self._meta.dtype.kind not in ("int", "bool"):
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self.item())


def _contains(self, element):
    if isinstance(element, (Tensor, int, float, bool, complex)):
        return bool((self == element).any())
    raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")


Tensor.__bool__ = _as_bool
Tensor.__nonzero__ = _as_bool
Tensor.__int__ = lambda self: int(_one_element(self))
Tensor.__float__ = lambda self: float(_one_element(self))
Tensor.__complex__ = lambda self: complex(_one_element(self))
Tensor.__index__ = _index
Tensor.__contains__ = _contains
Tensor.is_nonzero = _as_bool


def _iterate(self):
    if self._meta.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


Tensor.__iter__ = _iterate
Tensor.__reversed__ = lambda self: self if self._meta.ndim == 0 else self.flip(0)
