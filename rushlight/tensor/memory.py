"""Copies, conversions, memory formats, and what concerns a tensor's storage."""
import numpy as np

from ..graph import recorder, views
from ..ops import arithmetic as A
from ..ops.declare import OPS, Op, fit_for_write
from ..runtime import devices
from ..runtime import dtypes as dt
from .apply import apply, apply_write
from .tensor import Tensor, from_array, new_tensor


class memory_format:
    """An order of dimensions in memory. Source: torch.memory_format."""

    def __init__(self, name, order):
        self.name = name
        self.order = order

    def __repr__(self):
        return f"torch.{self.name}"

    def holds(self, meta):
        """Whether a view lies in this order."""
        if self.order is None or meta.ndim != len(self.order):
            return self.order is None and meta.contiguous
        return views.is_contiguous(tuple(meta.shape[d] for d in self.order), tuple(meta.strides[d] for d in self.order))

    def order_for(self, t):
        """The order of the dimensions in memory, outermost first; RuntimeError if t has another number of them."""
        if t._meta.ndim != len(self.order):
            raise RuntimeError(f"required rank {len(self.order)} tensor to use {self.name} format")
        return self.order

    def lay(self, t):
        """t copied into this order, if it does not lie so."""
        if self.order is None:
            return contiguous(t)
        return t if self.holds(t._meta) else apply(A.clone_in_order_op, (t,), (self.order_for(t),))

    def __reduce__(self):
        return _format_named, (self.name,)


def _format_named(name):
    return FORMATS[name]


FORMATS = {n: memory_format(n, o) for n, o in (("contiguous_format", None), ("preserve_format", None),
                                               ("channels_last", (0, 2, 3, 1)), ("channels_last_3d", (0, 2, 3, 4, 1)))}


def contiguous(self, memory_format=None):
    """self if its memory is in order, else a copy that is."""
    if memory_format is not None and memory_format.order is not None:
        return memory_format.lay(self)
    if self._meta.contiguous:
        return self
    return apply(A.clone_op, (self,))


def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    """As another dtype, on another device, in another memory format; self if nothing changes."""
    rest = list(args)
    while rest:
        a = rest.pop(0)
        if isinstance(a, dt.dtype):
            dtype = a
        elif isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, bool):
            non_blocking = a
            if rest and isinstance(rest[0], bool):
                copy = rest.pop(0)
        elif isinstance(a, (str, devices.device, int)):
            device = a
        elif a is not None:
            raise TypeError(f"to() received an invalid combination of arguments - got ({type(a).__name__}), but expected one of:\n"
                            " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = "
                            "False, *, torch.memory_format memory_format = None)\n * (torch.dtype dtype, bool non_blocking = "
                            "False, bool copy = False, *, torch.memory_format memory_format = None)\n * (Tensor tensor, bool "
                            "non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None)\n")
    if device is not None:
        devices.resolve(device)
    changes = copy or dtype is not None and dtype is not self._meta.dtype
    meta = self._meta
    if memory_format is None or memory_format.name == "preserve_format" or memory_format is _suggested(meta):
        return apply(OPS["to_dtype"], (self,), (dtype or meta.dtype,)) if changes else self
    order = memory_format.order_for(self) if memory_format.order is not None else tuple(range(meta.ndim))
    return apply(A.to_order_op, (self,), (dtype or meta.dtype, order))


def _suggested(meta):
    """The format that a tensor is taken to have: a merely permuted one counts as contiguous_format."""
    for name in ("channels_last", "channels_last_3d"):
        if FORMATS[name].holds(meta) and not meta.contiguous:
            return FORMATS[name]
    return FORMATS["contiguous_format"]


def type_(self, dtype=None, non_blocking=False, **kwargs):
    """The name of the tensor's type, or the tensor as that type."""
    if dtype is None:
        return f"torch.{self.dtype.legacy}"
    if isinstance(dtype, str):
        module, _, name = dtype.rpartition(".")
        if module == "torch.cuda":
            devices.resolve("cuda")
        found = [d for d in dt.ALL.values() if d.legacy == name]
        if not found:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = found[0]
    elif not isinstance(dtype, dt.dtype):
        dtype = dtype._legacy_dtype
    return to(self, dtype)


Tensor.contiguous = contiguous
Tensor.to = to
Tensor.type = type_
Tensor.type_as = lambda self, other: to(self, other.dtype)
Tensor.cpu = lambda self, memory_format=None: self


def _cuda(self, device=None, non_blocking=False, memory_format=None):
    if device is not None and devices.device(device).type != "cuda":
        raise RuntimeError("Invalid device, must be cuda device")
    devices.resolve("cuda")


def _xpu(self, device=None, non_blocking=False, memory_format=None):
    devices.resolve("xpu")


Tensor.cuda = _cuda
Tensor.xpu = _xpu
Tensor.pin_memory = lambda self, device=None: _no_pinning(self)


def _no_pinning(self):
    raise RuntimeError(devices.NO_ACCELERATOR)


def _converter(dtype):
    def convert(self, memory_format=None):
        return to(self, dtype, memory_format=memory_format)
    return convert


for _name, _dtype in (("float", dt.float32), ("double", dt.float64), ("half", dt.float16), ("bfloat16", dt.bfloat16),
                      ("int", dt.int32), ("long", dt.int64), ("short", dt.int16), ("char", dt.int8), ("byte", dt.uint8),
                      ("bool", dt.bool_), ("cfloat", dt.complex64), ("cdouble", dt.complex128)):
    setattr(Tensor, _name, _converter(_dtype))


# ------------------------------------------------------------------ writing
def copy_(self, other, non_blocking=False):
    """Write other (broadcast, converted) over self."""
    src = other
    if not isinstance(src, Tensor):
        if src.__class__ not in (int, float, bool, complex):
            raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    return write_copy(self, src)


def write_copy(target, src):
    """copy_, after the checks. What is written into integers has no gradient."""
    if target._meta.dtype.kind in ("int", "bool") and isinstance(src, Tensor) and src._requires_now():
        src = src.detach()
    return apply_write(copy_into, target, (target, src))


class _CopyInto(Op):
    """copy_: casts from any dtype, as no other in-place op does."""

    def lower_into(self, seen, values, attrs):
        from ..graph import primitives as P

        return fit_for_write(P.cast(values[1], seen.dtype), seen.shape, seen.dtype)


copy_into = _CopyInto("copy_into", "input src", compute=lambda x, src: src, node="CopyBackwards",
                      grads={"input": lambda g: A.zeros_like_op(g), "src": lambda g: g}, display="copy_")
zero_into = Op("zero", "input", compute=lambda x: _zeros(x), node="ZeroBackward0",
               grads={"input": lambda g: A.zeros_like_op(g)})
zero_into.folds = A.fill_op.folds = True
A.fill_tensor_op.sharing = "none"
copy_into.folds = "itself"


def _zeros(x):
    from ..graph import primitives as P

    return P.const(0, x.dtype, x.shape)


def fill_(self, value):
    """Write one number over self."""
    if isinstance(value, Tensor):
        if value._meta.ndim:
            raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value._meta.ndim} dimensions.")
        return apply_write(A.fill_tensor_op, self, (self, value))
    if isinstance(value, np.generic):
        value = value.item()
    if value.__class__ in (int, float, bool, complex):
        dt.check_number(value, self._meta.dtype)
    return apply_write(A.fill_op, self, (self, value))


Tensor.copy_ = copy_
Tensor.fill_ = fill_
Tensor.zero_ = lambda self: apply_write(zero_into, self, (self,))


def masked_fill(input, mask, value):
    """input with `value` where mask is True."""
    return apply(_filling(input, mask, value), (input, mask, value))


def masked_fill_(self, mask, value):
    """Write `value` where mask is True."""
    return apply_write(_filling(self, mask, value), self, (self, mask, value))


def _filling(input, mask, value):
    """The op for a value that is a tensor or a number, after checks."""
    if mask._meta.dtype is not dt.bool_:
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {dt.c_name(mask.dtype)}")
    if not isinstance(value, Tensor):
        dt.check_number(value, input._meta.dtype)
        return masked_fill_op
    if value._meta.ndim:
        raise RuntimeError(f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._meta.ndim} "
                           "dimension(s).")
    return masked_fill_tensor


def _masked_fill(x, mask, value):
    from ..graph import primitives as P

    return P.where(mask, P.cast(value, x.dtype), x)


class _MaskedFill(Op):
    """In place, the error of sizes that do not fit names the target's first."""

    def lower_into(self, seen, values, attrs):
        from ..graph import primitives as P

        P.broadcast_shapes(seen.shape, values[1].shape)
        return super().lower_into(seen, values, attrs)


masked_fill_op = _MaskedFill("masked_fill", "input mask value", compute=_masked_fill,
                    grads={"input": lambda g, mask: A.where_op(mask, 0, g)})
masked_fill_tensor = _MaskedFill("masked_fill_tensor", "input mask value", compute=_masked_fill, node="MaskedFillBackward1",
                        display="masked_fill",
                        grads={"input": lambda g, mask: A.where_op(mask, 0, g), "value": lambda g, mask: A.where_op(mask, g, 0)})
masked_fill_op.folds = masked_fill_tensor.folds = True
Tensor.masked_fill = masked_fill
Tensor.masked_fill_ = masked_fill_


def resize_(self, *sizes, memory_format=None):
    """Other sizes for the same storage, made larger (with zeros) if it is too small."""
    from .view_ops import as_shape

    shape = as_shape(sizes)
    if shape == self._meta.shape:
        return self
    need = 1
    for n in shape:
        need *= n
    if self._requires_now():
        raise RuntimeError("cannot resize variables that require grad")
    flat = self._array()
    storage = self._storage
    whole = np.zeros(max(need, storage.root.numel), self.dtype.numpy)
    whole[:storage.root.numel] = storage.value.reshape(-1)
    del flat
    if need <= storage.root.numel:
        self._meta = views.strided(self._meta, shape, views.contiguous_strides(shape), self._meta.offset)
        return self
    fresh = from_array(whole[:need].reshape(shape), self.dtype)
    self._storage, self._meta = fresh._storage, fresh._meta
    return self


Tensor.resize_ = resize_
Tensor.resize_as_ = lambda self, other: resize_(self, other._meta.shape)


def set_(self, source=None, storage_offset=0, size=None, stride=None):
    """See the storage of another tensor."""
    if source is None:
        source = from_array(np.zeros(0, self.dtype.numpy), self.dtype)
    if not isinstance(source, Tensor):
        source = source._tensor()
    if size is not None:
        source = source.as_strided(size, stride if stride is not None else views.contiguous_strides(tuple(size)), storage_offset)
    self._storage, self._meta = source._storage, source._meta
    return self


Tensor.set_ = set_


def share_memory_(self):
    """Move the storage to memory that forked processes, and receivers of its tensors, share."""
    from ..multiprocessing.reductions import share_array

    storage = self._storage
    self._array()
    if storage.export != "shared":
        storage.value = share_array(storage.value)
        storage.export = "shared"
        storage.pinned = True
    return self


Tensor.share_memory_ = share_memory_


# ------------------------------------------------------------------ deepcopy
def deepcopy(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "
                           "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
                           "see https://github.com/pytorch/pytorch/pull/103001")
    copy = memo.get(id(self._storage))
    if copy is None:
        self._array()
        twin = new_tensor(recorder.Storage(self._storage.root, np.array(self._storage.value, order="C")), self._meta)
        copy = memo[id(self._storage)] = twin._storage
        memo.setdefault("storages", []).append(self._storage)
    out = new_tensor(copy, self._meta, None, type(self))
    out._requires = self._requires
    if self._grad is not None:
        out._grad = deepcopy(self._grad, memo)
    memo[id(self)] = out
    if self.__dict__:
        import copy as copy_module

        out.__dict__.update(copy_module.deepcopy(self.__dict__, memo))
    return out


Tensor.__deepcopy__ = deepcopy


def real(input):
    """The real part: the tensor itself, or a view of a complex one."""
    return view_as_real(input)[..., 0] if input.dtype.is_complex else input


def imag(input):
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return view_as_real(input)[..., 1]


def view_as_real(input):
    """A complex tensor as pairs of reals along a new last dimension."""
    from .view_making import make_view

    meta = input._meta
    if not meta.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    seen = views.bitcast(meta, meta.dtype.to_real(), meta.shape + (2,), tuple(2 * s for s in meta.strides) + (1,), 2 * meta.offset)
    return make_view(input, seen, "ViewAsRealBackward0", lambda g, shape: view_as_complex(g.contiguous()))


def view_as_complex(input):
    """Pairs of reals along the last dimension as a complex tensor."""
    from .view_making import make_view

    meta = input._meta
    if not meta.shape or meta.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2" if meta.shape else
                           "Input tensor must have one or more dimensions")
    seen = views.bitcast(meta, meta.dtype.to_complex(), meta.shape[:-1], tuple(s // 2 for s in meta.strides[:-1]), meta.offset // 2)
    return make_view(input, seen, "ViewAsComplexBackward0", lambda g, shape: view_as_real(g))


Tensor.real = property(real)
Tensor.imag = property(imag)
Tensor.view_as_real = view_as_real
