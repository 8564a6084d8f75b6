"""Parameters and buffers: tensors that a Module recognises as its own.

Names follow `torch.nn.parameter`.  A `Parameter` is a leaf tensor; assigning one to an attribute of a
Module registers it there.  The `Uninitialized*` kinds stand in for tensors whose shape is learnt from
the first input (lazy modules).
"""
import rushlight as torch

Tensor = torch.Tensor

__all__ = [
    "Parameter",
    "UninitializedParameter",
    "is_lazy",
    "Buffer",
    "UninitializedBuffer",
    "UninitializedTensorMixin",
]


class _ParameterMeta(type(Tensor)):
    """Lets a tensor of a user's own subclass count as a Parameter once it is marked `_is_param`."""

    def __instancecheck__(cls, instance):
        if super().__instancecheck__(instance):
            return True
        if cls is not Parameter:
            return False
        return isinstance(instance, Tensor) and getattr(instance, "_is_param", False)


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A tensor that is a parameter of the Module it is assigned to.

    Args:
        data: the initial values; shares their storage (default: an empty tensor).
        requires_grad: whether gradients reach it.
    """

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = torch.empty(0)
        kind = type(data)
        if kind is Tensor or kind is Parameter:
            if requires_grad and not (data.is_floating_point() or data.is_complex()):
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            return Tensor._make_subclass(cls, data, requires_grad)
        # A subclass of Tensor stays what it is, and is only marked.
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not kind:
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {kind.__name__} requires that detach() "
                f"returns an instance of the same type, but return type {type(marked).__name__} was found "
                "instead. To use the type as a Parameter, please correct the detach() semantics defined by "
                "its __torch_dispatch__() implementation."
            )
        marked._is_param = True
        return marked

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        values = self.data.clone(memory_format=torch.preserve_format)
        result = type(self)(values, self.requires_grad)
        memo[id(self)] = result
        return result

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, proto):
        # Backward hooks are never pickled: an empty dict takes their place in the format.
        from collections import OrderedDict

        from rushlight import _utils

        state = vars(self)
        if not state:
            return _utils._rebuild_parameter, (self.data, self.requires_grad, OrderedDict())
        return (
            _utils._rebuild_parameter_with_state,
            (self.data, self.requires_grad, OrderedDict(), dict(state)),
        )


class _BufferMeta(type(Tensor)):
    def __instancecheck__(cls, instance):
        if super().__instancecheck__(instance):
            return True
        if cls is not Buffer:
            return False
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that is a buffer of the Module it is assigned to.

    Args:
        data: the values; their storage is shared (default: an empty tensor).
        persistent: whether it is part of the module's state_dict.
    """

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = torch.empty(0)
        marked = data.detach().requires_grad_(data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked


# What may be asked of a tensor that has no shape yet; everything else raises.
_ALLOWED_UNINITIALIZED = frozenset(
    "copy_ half float double char short int long cuda cpu to get_device "
    "requires_grad_ materialize share_memory_ detach".split()
)

_OPERATORS = (
    "add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv mod pow rpow matmul rmatmul "
    "neg pos abs invert lt le gt ge eq ne getitem setitem len iter bool float int index array"
).split()


def _refuse(name):
    raise ValueError(
        f"Attempted to use an uninitialized parameter in Tensor.{name}. This error happens when you are using "
        "a `LazyModule` or explicitly manipulating `torch.nn.parameter.UninitializedParameter` objects. When "
        "using LazyModules Call `forward` with a dummy batch to initialize the parameters before calling "
        "torch functions"
    )


class UninitializedTensorMixin:
    """What uninitialized parameters and buffers share: no shape, no operations, and `materialize`."""

    def __getattribute__(self, name):
        if not name.startswith(("_", "is_")) and name not in _ALLOWED_UNINITIALIZED:
            if callable(getattr(Tensor, name, None)):
                _refuse(name)
        return super().__getattribute__(name)

    def materialize(self, shape, device=None, dtype=None):
        """Give it a shape: it becomes a Parameter (Buffer) of uninitialised values, in place."""
        if device is None:
            device = self.data.device
        if dtype is None:
            dtype = self.data.dtype
        self.data = torch.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    @property
    def shape(self):
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call "
            "`forward` to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self):
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the "
            "parameters before calling `module.share_memory()`."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, proto):
        return type(self), (self.requires_grad,)

    def __hash__(self):
        return id(self)


def _refusing(name):
    def operator(self, *args):
        _refuse(name)

    return operator


for _name in _OPERATORS:
    setattr(UninitializedTensorMixin, f"__{_name}__", _refusing(f"__{_name}__"))
del _name


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; `materialize(shape)` turns it into a Parameter."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        data = torch.empty(0, device=device, dtype=dtype)
        return Tensor._make_subclass(cls, data, requires_grad)

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        memo[id(self)] = result
        return result


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose shape is not known yet; `materialize(shape)` turns it into a plain tensor."""

    cls_to_become = Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        data = torch.empty(0, device=device, dtype=dtype)
        result = Tensor._make_subclass(cls, data, requires_grad)
        result.persistent = persistent
        result._is_buffer = True
        return result


def is_lazy(param):
    """Whether `param` still waits for its shape."""
    return isinstance(param, UninitializedTensorMixin)
