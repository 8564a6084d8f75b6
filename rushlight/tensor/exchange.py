"""NumPy and Python values in and out."""
import numpy as np

from ..graph import recorder, views
from ..runtime import dtypes as dt
from ..runtime.storage import Storage, export_array
from .tensor import Tensor, new_tensor


def from_numpy(array):
    """A tensor over the array's memory. The memory is shared: writes through either are seen by both."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtype = dt.from_numpy_dtype(array.dtype)
    if not array.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. Conversion between byte "
                         "orders is currently not supported.")
    if any(s < 0 for s in array.strides):
        raise ValueError("At least one stride in the given numpy array is negative, and tensors with negative strides are not "
                         "currently supported. (You can probably work around this by making a copy of your array  with "
                         "array.copy().) ")
    if not array.flags.writeable:
        import warnings

        warnings.warn("The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
                      "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
                      "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
                      "the rest of this program.", UserWarning, stacklevel=2)
    return adopt(array, dtype)


def adopt(array, dtype):
    """A tensor over foreign memory, however it is strided."""
    k = array.itemsize
    if array.flags.c_contiguous:
        meta = views.root_meta(array.shape, dtype)
        return new_tensor(_foreign(meta, array), meta)
    if any(s % k for s in array.strides):
        raise ValueError(f"given numpy array strides not a multiple of the element byte size. Copy the numpy array to "
                         "reallocate the memory.")
    strides = tuple(s // k for s in array.strides)
    if 0 in array.shape:
        return adopt(np.ascontiguousarray(array), dtype)
    reach = sum((n - 1) * s for n, s in zip(array.shape, strides)) + 1
    flat = np.lib.stride_tricks.as_strided(array, (reach,), (k,))
    root = views.root_meta((reach,), dtype)
    return new_tensor(_foreign(root, flat), views.strided(root, array.shape, strides, 0))


def _foreign(root, array):
    """A storage over memory that others may hold: what is written goes there, unless it is read-only."""
    storage = Storage(root, array)
    storage.export = "foreign"
    storage.pinned = array.flags.writeable
    return storage


def numpy(self, *, force=False):
    """The value as an ndarray over the same memory."""
    if self._requires_now():
        if not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    if self.dtype is dt.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    storage = self._storage
    self._array()
    if storage.export == "foreign":
        storage.pinned = True
        return recorder.read_view(storage.value, self._meta)[...]
    return recorder.read_view(export_array(storage), self._meta)


def _array_protocol(self, dtype=None, copy=None):
    array = numpy(self)
    if dtype is not None:
        array = array.astype(dtype, copy=False)
    return array.copy() if copy else array


def _array_wrap(self, array, context=None, return_scalar=False):
    if array.dtype == bool:
        array = array.astype("uint8")
    return from_numpy(np.asarray(array))


def tolist(self):
    """Nested lists of Python numbers."""
    array = self._array()
    if self.dtype is dt.bfloat16:
        from ..backends.numpy.bfloat import to_float32

        array = to_float32(array)
    return array.tolist()


Tensor.numpy = numpy
Tensor.__array__ = _array_protocol
Tensor.__array_wrap__ = _array_wrap
Tensor.tolist = tolist


def _dlpack(self, **kwargs):
    return numpy(self.detach()).__dlpack__()


Tensor.__dlpack__ = _dlpack
Tensor.__dlpack_device__ = lambda self: (1, 0)


def from_dlpack(ext_tensor):
    """A tensor over the memory of anything that speaks DLPack (on the CPU)."""
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    return from_numpy(np.from_dlpack(ext_tensor))


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A tensor over the memory of a Python buffer."""
    if len(memoryview(buffer).cast("B")) == 0:
        raise ValueError(f"both buffer length (0) and count ({count}) must not be 0")
    array = np.frombuffer(buffer, dtype.numpy, count, offset)
    if not array.flags.writeable:
        import warnings

        warnings.warn("The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can "
                      "write to the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the "
                      "buffer to protect its data or make it writable before converting it to a tensor. This type of warning "
                      "will be suppressed for the rest of this program.", UserWarning, stacklevel=2)
    out = adopt(array, dtype)
    return out.requires_grad_() if requires_grad else out
