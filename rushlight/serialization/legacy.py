"""The format before 2020: pickles in a row (magic number, version, system, object, storage keys), then the storages.

A storage is its number of elements (8 bytes) and its bytes, little-endian.
"""
import pickle
import struct
import sys

import numpy as np

from rushlight.serialization import pickling
from rushlight.serialization.files import write_all
from rushlight.serialization.storages import StorageLoader, element_type, parse_identity
from rushlight.storage import TypedStorage, UntypedStorage

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # what PyTorch has chosen
PROTOCOL_VERSION = 1001
_PIECE = 1 << 24
SIZES = {"short": 2, "int": 4, "long": 4}


def write(obj, stream, pickle_module, protocol: int) -> None:
    """Save `obj` to a binary stream in this format."""
    table = pickling.StorageTable(lambda number, storage: storage._cdata, tail=(None,))
    content = pickling.dumps(obj, pickle_module, protocol, table)
    system = {"protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little", "type_sizes": SIZES}
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, system):
        write_all(stream, pickle_module.dumps(header, protocol=protocol))
    write_all(stream, content)
    entries = sorted(table.entries.values(), key=lambda entry: entry[0])
    write_all(stream, pickle_module.dumps([key for key, _, _ in entries], protocol=protocol))
    for _, storage, dtype in entries:
        raw = storage._bytes()
        write_all(stream, struct.pack("<q", raw.size // dtype.itemsize))
        write_all(stream, raw)


def read(file, name: str, restore, make_unpickler):
    """Load a file of this format. `make_unpickler(stream, persistent_load)` reads the pickles."""
    if make_unpickler(file, no_storages).load() != MAGIC_NUMBER:
        raise RuntimeError(f"Invalid magic number; corrupt file? {name} was not written by torch.save.")
    version = make_unpickler(file, no_storages).load()
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}. The file is {name}.")
    make_unpickler(file, no_storages).load()  # the system it was written on: the bytes are little-endian anyway
    storages = _LaterStorages(restore)
    result = make_unpickler(file, storages).load()
    keys = make_unpickler(file, no_storages).load()
    storages.fill(file, [_as_text(key) for key in keys], name)
    return result


def no_storages(identity):
    """The `persistent_load` of the pickles that have no business with storages."""
    raise pickle.UnpicklingError("A load persistent id instruction was encountered, but no persistent_load function "
                                 "was specified.")


def _as_text(key) -> str:
    return key.decode("ascii") if isinstance(key, bytes) else key


class _LaterStorages:
    """Storages whose bytes come after the pickle that uses them: memory first, content later."""

    def __init__(self, restore) -> None:
        self.loader = StorageLoader(lambda key, nbytes: np.zeros(nbytes, np.uint8), restore)
        self.waiting: dict[str, tuple[np.ndarray, int]] = {}  # key -> (memory, bytes an element)
        self.views: dict = {}

    def __call__(self, identity):
        if isinstance(identity, tuple) and identity and identity[0] in ("module", b"module"):
            return identity[1]  # a class; its source code, saved beside it, is not compared
        kind, key, location, count, *more = parse_identity(identity)
        storage = self.loader.get(kind, key, location, count)
        if key not in self.waiting:
            self.waiting[key] = storage.untyped()._raw, element_type(kind).itemsize
        if not more or more[0] is None:
            return storage
        return self._view(storage, *more[0])

    def _view(self, storage, view_key, offset: int, count: int):
        """Before 0.4 a storage could be a view of another: it begins at `offset` and has `count` elements."""
        if view_key not in self.views:
            raw, width = self.waiting[_key_of(self.loader, storage)]
            part = UntypedStorage._from_bytes(raw[offset * width:(offset + count) * width])
            self.views[view_key] = TypedStorage(wrap_storage=part, dtype=storage.dtype)
        return self.views[view_key]

    def fill(self, file, keys: list[str], name: str) -> None:
        """Read the content of all storages, in the order in which the file has them."""
        for key in keys:
            if key not in self.waiting:
                raise RuntimeError(f"{name} holds a storage (key {key!r}) that none of its tensors uses; corrupt file?")
            memory, width = self.waiting.pop(key)
            read_storage(file, memory, width, name)
        if self.waiting:
            raise RuntimeError(f"{name} lacks the content of {len(self.waiting)} of its storages; corrupt file?")


def _key_of(loader: StorageLoader, storage) -> str:
    return next(key for key, known in loader.loaded.items() if known is storage)


def read_storage(file, memory: np.ndarray, width: int, name: str) -> None:
    """Fill `memory` with the next storage of the file: its number of elements, then `width` bytes for each."""
    head = file.read(8)
    if len(head) < 8:
        raise _ends_early(8 - len(head), name)
    count, = struct.unpack("<q", head)
    if count * width != memory.size:
        raise RuntimeError(f"storage has wrong byte size: expected {memory.size} got {count * width}. "
                           f"The file is {name}.")
    view = memoryview(memory)
    while view.nbytes:
        piece = file.read(min(view.nbytes, _PIECE))
        if not piece:
            raise _ends_early(view.nbytes, name)
        view[:len(piece)] = piece
        view = view[len(piece):]


def _ends_early(missing: int, name: str) -> RuntimeError:
    return RuntimeError(f"unexpected EOF, expected {missing} more bytes. The file might be corrupted. "
                        f"The file is {name}.")
