"""The format of 2016: a tar with the members `storages`, `tensors` and `pickle`. It is only read.

storages  count, then for each: pickle of (key, location, class), number of elements, bytes; then the list of
          storages that are parts of others: (key, key of the whole, offset, number of elements)
tensors   count, then for each: pickle of (key, key of the storage, class), ndim, sizes, strides, offset
pickle    the object, in which a tensor is a persistent id: its key
"""
import io
import struct

import numpy as np

from rushlight._utils import _rebuild_tensor
from rushlight.serialization.legacy import no_storages, read_storage
from rushlight.serialization.storages import element_type
from rushlight.storage import TypedStorage, UntypedStorage

_MEMBERS = ("storages", "tensors", "pickle")


def members_of(file) -> dict[str, io.BytesIO] | None:
    """The three members, if the file is such a tar; else None. The position stays."""
    import tarfile

    start = file.tell()
    file.seek(start)
    head = file.read(512)
    file.seek(start)
    if head[257:262] not in (b"ustar", b"\0\0\0\0\0") or len(head) < 512:
        return None
    try:
        with tarfile.open(fileobj=file, mode="r:", format=tarfile.PAX_FORMAT) as tar:
            found = {name: io.BytesIO(tar.extractfile(_member(tar, name)).read()) for name in _MEMBERS}
    except (tarfile.TarError, KeyError, AttributeError):
        found = None
    file.seek(start)
    return found


def _member(tar, name: str):
    try:
        return tar.getmember(name)
    except KeyError:
        return tar.getmember("./" + name)


def read(members: dict, name: str, restore, make_unpickler):
    """The object. `make_unpickler(stream, persistent_load)` reads the pickles."""
    def next_pickle(stream):
        return make_unpickler(stream, no_storages).load()

    storages = _read_storages(members["storages"], name, restore, next_pickle)
    tensors = _read_tensors(members["tensors"], storages, next_pickle)

    def persistent_load(identity):
        if isinstance(identity, tuple):
            return identity[0]  # a class, with its source code
        return tensors[int(identity)]

    return make_unpickler(members["pickle"], persistent_load).load()


def _read_storages(stream, name: str, restore, next_pickle) -> dict:
    storages: dict = {}
    memory: dict = {}
    for _ in range(next_pickle(stream)):
        key, location, kind = next_pickle(stream)
        dtype = element_type(kind)
        count, = struct.unpack("<q", stream.read(8))
        stream.seek(-8, io.SEEK_CUR)
        raw = np.zeros(max(0, min(count, len(stream.getbuffer()))) * dtype.itemsize, np.uint8)
        read_storage(stream, raw, dtype.itemsize, name)
        storage = restore(UntypedStorage._from_bytes(raw), location)
        memory[key] = raw
        storages[key] = TypedStorage(wrap_storage=storage, dtype=dtype)
    for key, whole, offset, count in next_pickle(stream):
        dtype = storages[whole].dtype
        part = memory[whole][offset * dtype.itemsize:(offset + count) * dtype.itemsize]
        storages[key] = TypedStorage(wrap_storage=UntypedStorage._from_bytes(part), dtype=dtype)
    return storages


def _read_tensors(stream, storages: dict, next_pickle) -> dict:
    tensors: dict = {}
    for _ in range(next_pickle(stream)):
        key, storage, _ = next_pickle(stream)
        dimensions, _ = struct.unpack("<2i", stream.read(8))
        size = struct.unpack(f"<{dimensions}q", stream.read(8 * dimensions))
        stride = struct.unpack(f"<{dimensions}q", stream.read(8 * dimensions))
        offset, = struct.unpack("<q", stream.read(8))
        tensors[key] = _rebuild_tensor(storages[storage], offset, size, stride)
    return tensors
