"""TVTensor: the base of tensors that know what they hold."""

import functools

import rushlight as torch
from rushlight.vision.tv_tensors._return_type import wraps_results

# Methods whose result is a TVTensor again, whatever set_return_type says.
_KEEPING = ("clone", "to", "detach", "requires_grad_")


class TVTensor(torch.Tensor):
    """A tensor of a kind that the transforms know. Methods and operators on it give ordinary tensors.

    `clone`, `to`, `detach` and `requires_grad_` keep the class. An in-place method changes the TVTensor, and gives an
    ordinary tensor over the same memory.
    """

    @staticmethod
    def _to_tensor(data, dtype=None, device=None, requires_grad=None):
        if requires_grad is None:
            requires_grad = data.requires_grad if isinstance(data, torch.Tensor) else False
        return torch.as_tensor(data, dtype=dtype, device=device).requires_grad_(requires_grad)

    @classmethod
    def wrap(cls, tensor, like, **kwargs):
        """`tensor` as this class; subclasses carry over what else `like` knows."""
        return tensor.as_subclass(cls)

    @classmethod
    def _wrap_output(cls, output, args=(), kwargs=None):
        """The result of an operation on `args` as this class."""
        if isinstance(output, torch.Tensor):
            return output if isinstance(output, cls) else cls._wrapped(output, args, kwargs or {})
        if isinstance(output, (tuple, list)):
            parts = [cls._wrap_output(part, args, kwargs) for part in output]
            return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
        return output

    @classmethod
    def _wrapped(cls, tensor, args, kwargs):
        likes = [a for a in (*args, *kwargs.values()) if isinstance(a, cls)]
        return cls.wrap(tensor, likes[0]) if likes else tensor.as_subclass(cls)

    def _make_repr(self, **kwargs) -> str:
        extra = ", ".join(f"{name}={value}" for name, value in kwargs.items())
        return f"{super().__repr__()[:-1]}, {extra})"

    def __deepcopy__(self, memo):
        # A copy of the values, off the tape, with the same format and canvas size.
        copy = torch.Tensor.detach(self).clone().requires_grad_(self.requires_grad)
        return type(self).wrap(copy, self) if not self.requires_grad else _leaf(copy, self)


def _leaf(values, like):
    """`values` as a leaf of the class of `like`."""
    out = type(like).wrap(values.detach(), like)
    return out.requires_grad_()


def _plain(value):
    """A result with ordinary tensors in the place of TVTensors."""
    if isinstance(value, TVTensor):
        return value.as_subclass(torch.Tensor)
    if type(value) in (tuple, list) or hasattr(value, "_fields"):
        parts = [_plain(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _mixed(self, args) -> bool:
    """Whether another kind of TVTensor takes part: such operations have no meaning."""
    kind = type(self)
    return any(isinstance(a, TVTensor) and not issubclass(kind, type(a)) for a in args)


def _method(name: str, original):
    """The method of Tensor, with its result as set_return_type says."""

    @functools.wraps(original)
    def run(self, *args, **kwargs):
        if _mixed(self, args):
            if name.startswith("__"):
                return NotImplemented
            kinds = [type(a) for a in (self, *args) if isinstance(a, TVTensor)]
            raise TypeError(f"{name}() of {kinds[0].__name__} and {kinds[1].__name__} has no meaning")
        out = original(self, *args, **kwargs)
        if out is NotImplemented:
            return out
        if wraps_results() or name in _KEEPING:
            return type(self)._wrap_output(out, (self, *args), kwargs)
        return _plain(out)

    return run


# What is not an operation on values: Python's own protocol, and what must see the tensor as it is.
_UNTOUCHED = frozenset(
    """__new__ __init__ __init_subclass__ __subclasshook__ __class__ __getattribute__ __getattr__ __setattr__ __delattr__
    __dir__ __repr__ __str__ __format__ __hash__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __sizeof__ __deepcopy__
    __len__ __bool__ __int__ __float__ __complex__ __index__ __contains__ __array__ __setitem__ __dlpack__
    __dlpack_device__ __class_getitem__ __array_wrap__ as_subclass""".split()
)


def _wrap_methods() -> None:
    for kind in torch.Tensor.__mro__[:-1]:
        for name, original in vars(kind).items():
            private = name.startswith("_") and not name.endswith("__")
            if private or name in _UNTOUCHED or name in vars(TVTensor) or not hasattr(original, "__get__"):
                continue
            if isinstance(original, (property, staticmethod, classmethod, type)) or not callable(original):
                continue
            setattr(TVTensor, name, _method(name, original))


_wrap_methods()
