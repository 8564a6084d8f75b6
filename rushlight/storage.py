"""Storages as users see them: bytes that tensors share (`tensor.untyped_storage()`, `torch.FloatStorage`).

The memory belongs to the core; an object here is a handle on it, and two of them are equal when the memory is one.
"""
import numpy as np

import rushlight as torch

_LEGACY = "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage " \
    "class. This should only matter to you if you are using storages directly.  To access UntypedStorage directly, " \
    "use tensor.untyped_storage() instead of tensor.storage()"


class UntypedStorage:
    """Bytes on a device. `UntypedStorage(8)` has 8 undefined ones, `UntypedStorage([1, 2])` these two."""

    __slots__ = ("_core", "_raw")

    def __init__(self, *args, device=None) -> None:
        if len(args) > 1:
            raise TypeError(f"UntypedStorage() takes a size or a sequence, but got {len(args)} arguments")
        content = args[0] if args else 0
        if isinstance(content, int):
            content = np.empty(content, np.uint8)
        self._core = None
        self._raw = np.array(content, np.uint8)
        if device is not None and torch.device(device).type != "cpu":
            raise RuntimeError(f"torch.UntypedStorage(): Storage device not recognized: {torch.device(device).type}")

    @classmethod
    def _over(cls, core) -> "UntypedStorage":
        """The storage object of the core's handle `core`."""
        storage = cls.__new__(cls)
        storage._core, storage._raw = core, None
        return storage

    @classmethod
    def _from_bytes(cls, raw: np.ndarray) -> "UntypedStorage":
        """A storage of these bytes, which nobody else uses. The core takes them with the dtype of the first tensor."""
        storage = cls.__new__(cls)
        storage._core, storage._raw = None, raw
        return storage

    def _handle_for(self, dtype):
        if self._core is None:
            from rushlight.tensor.storage_access import new_storage

            self._core, self._raw = new_storage(self._raw, dtype), None
        return self._core

    def _bytes(self) -> np.ndarray:
        """The content, as an array of uint8 not to be written to."""
        if self._core is None:
            return self._raw
        from rushlight.tensor.storage_access import storage_bytes

        return np.frombuffer(storage_bytes(self._core), np.uint8)

    def _tensor(self, dtype):
        """A one-dimensional tensor over all of the storage."""
        from rushlight.tensor.storage_access import tensor_from_storage

        count = self.nbytes() // dtype.itemsize
        return tensor_from_storage(self._handle_for(dtype), dtype, 0, (count,), (1,))

    @property
    def device(self):
        return torch.device("cpu")

    @property
    def is_cuda(self) -> bool:
        return False

    def nbytes(self) -> int:
        return self._bytes().size

    def size(self) -> int:
        return self.nbytes()

    def __len__(self) -> int:
        return self.nbytes()

    def element_size(self) -> int:
        return 1

    def tolist(self) -> list[int]:
        return self._bytes().tolist()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        return self._tensor(torch.uint8)[index].item() if isinstance(index, int) else self._slice(index)

    def _slice(self, index: slice) -> "UntypedStorage":
        return UntypedStorage._from_bytes(self._bytes()[index].copy())

    def __setitem__(self, index, value) -> None:
        self._tensor(torch.uint8)[index] = value

    def fill_(self, value) -> "UntypedStorage":
        self._tensor(torch.uint8).fill_(value)
        return self

    def copy_(self, source, non_blocking=None) -> "UntypedStorage":
        self._tensor(torch.uint8).copy_(source.untyped()._tensor(torch.uint8))
        return self

    def clone(self) -> "UntypedStorage":
        return UntypedStorage._from_bytes(self._bytes().copy())

    def untyped(self) -> "UntypedStorage":
        return self

    def cpu(self) -> "UntypedStorage":
        return self

    def cuda(self, device=None, non_blocking=False):
        raise NotImplementedError("UntypedStorage.cuda(): Rushlight has no CUDA storages on this machine")

    def data_ptr(self) -> int:
        return self._tensor(torch.uint8).data_ptr()

    def is_shared(self) -> bool:
        return self._tensor(torch.uint8).is_shared()

    def type(self) -> str:
        return "torch.storage.UntypedStorage"

    @property
    def _cdata(self) -> int:
        """A number that is the same for all handles on the same memory."""
        return id(self._core if self._core is not None else self._raw)

    def __eq__(self, other) -> bool:
        return isinstance(other, UntypedStorage) and self._cdata == other._cdata

    def __hash__(self) -> int:
        return hash(self._cdata)

    def __copy__(self) -> "UntypedStorage":
        return self.clone()

    def __deepcopy__(self, memo) -> "UntypedStorage":
        return memo.setdefault(self._cdata, self.clone())

    def __reduce__(self):
        return _reduced(self)

    def __repr__(self) -> str:
        return _listed(self.tolist(), f"torch.storage.UntypedStorage(device={self.device}) of size {len(self)}")


class TypedStorage:
    """The same memory read as elements of one dtype. Deprecated in PyTorch, and found in every checkpoint."""

    dtype = None

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None) -> None:
        dtype = dtype or type(self).dtype or torch.get_default_dtype()
        if wrap_storage is not None and not isinstance(wrap_storage, UntypedStorage):
            raise TypeError(
                "TypedStorage.__init__ received an invalid combination of arguments. Expected one of:\n"
                " * (*, torch.device device, torch.dtype dtype)\n"
                " * (int size, *, torch.device device, torch.dtype dtype)\n"
                " * (Sequence data, *, torch.device device, torch.dtype dtype)\n"
                " * (*, UntypedStorage wrap_storage, torch.dtype dtype)\n"
                f"Argument 'wrap_storage' must be UntypedStorage, but got {type(wrap_storage)}"
            )
        if wrap_storage is None:
            content = args[0] if args else 0
            if isinstance(content, int):
                wrap_storage = UntypedStorage(content * dtype.itemsize, device=device)
            else:
                wrap_storage = torch.tensor(content, dtype=dtype).flatten().untyped_storage()
        self._untyped_storage = wrap_storage
        self.dtype = dtype

    @classmethod
    def _over(cls, untyped: UntypedStorage, dtype) -> "TypedStorage":
        storage = cls.__new__(TypedStorage)
        storage._untyped_storage, storage.dtype = untyped, dtype
        return storage

    def _handle_for(self, dtype):
        return self._untyped_storage._handle_for(dtype)

    def _tensor(self):
        return self._untyped_storage._tensor(self.dtype)

    def untyped(self) -> UntypedStorage:
        return self._untyped_storage

    @property
    def device(self):
        return self._untyped_storage.device

    @property
    def is_cuda(self) -> bool:
        return self._untyped_storage.is_cuda

    @property
    def _cdata(self) -> int:
        return self._untyped_storage._cdata

    def nbytes(self) -> int:
        return self._untyped_storage.nbytes()

    def element_size(self) -> int:
        return self.dtype.itemsize

    def size(self) -> int:
        return self.nbytes() // self.element_size()

    def __len__(self) -> int:
        return self.size()

    def data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def is_shared(self) -> bool:
        return self._untyped_storage.is_shared()

    def type(self) -> str:
        return "torch." + self.pickle_storage_type()

    def pickle_storage_type(self) -> str:
        """The name of the storage class of this dtype: FloatStorage."""
        try:
            return class_of_dtype()[self.dtype].__name__
        except KeyError:
            raise KeyError(f"dtype {self.dtype} is not recognized") from None

    def tolist(self) -> list:
        return self._tensor().tolist()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        if isinstance(index, slice):
            raise NotImplementedError("slices are only supported in UntypedStorage.__getitem__")
        return self._tensor()[index].item()

    def __setitem__(self, index, value) -> None:
        self._tensor()[index] = value

    def fill_(self, value) -> "TypedStorage":
        self._tensor().fill_(value)
        return self

    def copy_(self, source, non_blocking=None) -> "TypedStorage":
        self._tensor().copy_(source._tensor())
        return self

    def clone(self) -> "TypedStorage":
        return TypedStorage._over(self._untyped_storage.clone(), self.dtype)

    def cpu(self) -> "TypedStorage":
        return self

    def cuda(self, device=None, non_blocking=False):
        return self._untyped_storage.cuda(device, non_blocking)

    def __eq__(self, other) -> bool:
        return isinstance(other, TypedStorage) and self.dtype == other.dtype and self._cdata == other._cdata

    def __hash__(self) -> int:
        return hash(self._cdata)

    def __copy__(self) -> "TypedStorage":
        return self.clone()

    def __deepcopy__(self, memo) -> "TypedStorage":
        import copy

        return TypedStorage._over(copy.deepcopy(self._untyped_storage, memo), self.dtype)

    def __reduce__(self):
        return _reduced(self)

    def __repr__(self) -> str:
        return _listed(
            self.tolist(), f"torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}"
        )


class _LegacyClass(type):
    """`FloatStorage(3)` is a TypedStorage of float32, and `isinstance` says so."""

    def __call__(cls, *args, wrap_storage=None, device=None):
        return TypedStorage(*args, wrap_storage=wrap_storage, dtype=cls.dtype, device=device)

    def __instancecheck__(cls, instance) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype == cls.dtype


def _legacy_class(name: str, dtype) -> type:
    return _LegacyClass(name, (), {"dtype": dtype, "__module__": "rushlight.storage",
                                   "__doc__": f"A storage of {dtype} elements."})


DoubleStorage = _legacy_class("DoubleStorage", torch.float64)
FloatStorage = _legacy_class("FloatStorage", torch.float32)
HalfStorage = _legacy_class("HalfStorage", torch.float16)
BFloat16Storage = _legacy_class("BFloat16Storage", torch.bfloat16)
LongStorage = _legacy_class("LongStorage", torch.int64)
IntStorage = _legacy_class("IntStorage", torch.int32)
ShortStorage = _legacy_class("ShortStorage", torch.int16)
CharStorage = _legacy_class("CharStorage", torch.int8)
ByteStorage = _legacy_class("ByteStorage", torch.uint8)
BoolStorage = _legacy_class("BoolStorage", torch.bool)
ComplexFloatStorage = _legacy_class("ComplexFloatStorage", torch.complex64)
ComplexDoubleStorage = _legacy_class("ComplexDoubleStorage", torch.complex128)

_CLASSES = {
    kind.dtype: kind
    for kind in (DoubleStorage, FloatStorage, HalfStorage, BFloat16Storage, LongStorage, IntStorage, ShortStorage,
                 CharStorage, ByteStorage, BoolStorage, ComplexFloatStorage, ComplexDoubleStorage)
}


def class_of_dtype() -> dict:
    """dtype -> storage class; uint16, uint32 and uint64 have none."""
    return _CLASSES


_warned = False


def typed_storage(tensor) -> TypedStorage:
    """`tensor.storage()`; says once that it is deprecated."""
    global _warned
    if not _warned:
        import warnings

        _warned = True
        warnings.warn(_LEGACY, UserWarning, stacklevel=3)
    return TypedStorage._over(untyped_storage(tensor), tensor.dtype)


def untyped_storage(tensor) -> UntypedStorage:
    """`tensor.untyped_storage()`."""
    from rushlight.tensor.storage_access import storage_of

    return UntypedStorage._over(storage_of(tensor))


def _listed(values: list, title: str) -> str:
    return "".join(f" {value}\n" for value in values).removesuffix("\n") + f"\n[{title}]"


# ---------------------------------------------------------------- plain pickle
def _reduced(storage):
    """Plain pickle holds a storage as the bytes of a checkpoint in the older format, as PyTorch's does."""
    import io

    from rushlight import _utils
    from rushlight.serialization import save

    _utils._take_names()
    buffer = io.BytesIO()
    save(storage, buffer, _use_new_zipfile_serialization=False)
    return _load_from_bytes, (buffer.getvalue(),)


def _load_from_bytes(content: bytes):
    """The storage in a checkpoint held in memory."""
    import io

    from rushlight.serialization import load

    return load(io.BytesIO(content), weights_only=False)
