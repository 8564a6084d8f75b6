"""Storages by handle, for saving, loading and the storage classes: bytes in, bytes out."""
import numpy as np

from ..graph import recorder, views
from ..runtime.storage import Storage, export_array
from .tensor import new_tensor


def storage_of(tensor):
    """The storage behind a tensor: equal handles mean one memory."""
    return tensor._storage


def storage_bytes(handle):
    """The whole content as a flat uint8 array over the storage's memory. Runs what is pending."""
    _settle(handle)
    return handle.value.reshape(-1).view(np.uint8) if handle.value.size else np.empty(0, np.uint8)


def shared_bytes(handle):
    """As storage_bytes, for those who will write: the storage knows that its memory is exposed."""
    _settle(handle)
    return export_array(handle).reshape(-1).view(np.uint8)


def _settle(handle):
    if handle.value is None or handle.trace is not None:
        recorder.settle(handle)


def tensor_layout(tensor):
    """(dtype, storage offset, sizes, strides), in elements."""
    meta = tensor._meta
    return meta.dtype, meta.offset, meta.shape, meta.strides


def new_storage(content, dtype):
    """A storage over `content`, a flat uint8 array that nobody else uses; it is neither copied nor read here."""
    n = content.nbytes // dtype.itemsize
    usable = content[:n * dtype.itemsize]
    array = usable.view(dtype.numpy) if n else np.empty(0, dtype.numpy)
    return Storage(views.root_meta((n,), dtype), array)


def tensor_from_storage(handle, dtype, storage_offset, size, stride, requires_grad=False):
    """A tensor that sees part of a storage, as `dtype`."""
    root = handle.root
    meta = root
    if dtype is not root.dtype:
        n = root.nbytes // dtype.itemsize
        meta = views.bitcast(views.reshape(root, (root.numel,)), dtype, (n,), (1,), 0)
    meta = views.strided(meta, tuple(size), tuple(stride), storage_offset)
    out = new_tensor(handle, meta)
    if requires_grad:
        out.requires_grad_()
    return out
