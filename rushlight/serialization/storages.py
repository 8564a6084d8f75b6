"""Storages out of files: what the tuples ("storage", class, key, location, number of elements) stand for."""
import sys

import numpy as np

import rushlight as torch
from rushlight.serialization import options
from rushlight.storage import TypedStorage, UntypedStorage, _LegacyClass


class StorageLoader:
    """Reads each storage of a file once, where it belongs, and hands it to all tensors that view it.

    `read(key, nbytes)` gives a storage's bytes as a new array, in the file's byte order.
    """

    def __init__(self, read, restore, byteorder: str = "little") -> None:
        self.read = read
        self.restore = restore
        self.byteorder = byteorder
        self.loaded: dict = {}

    def __call__(self, identity):
        """For a zip archive: the `persistent_load` of its pickle."""
        return self.get(*parse_identity(identity)[:4])

    def get(self, kind, key: str, location: str, count: int):
        if key not in self.loaded:
            dtype = element_type(kind)
            raw = self.read(key, count * dtype.itemsize)
            if self.byteorder != sys.byteorder and raw.size:
                self._swap(raw, kind, dtype)
            storage = self.restore(UntypedStorage._from_bytes(raw), location)
            typed = TypedStorage(wrap_storage=storage, dtype=dtype)  # also checks what a map_location gave
            self.loaded[key] = storage if kind is UntypedStorage else typed
        return self.loaded[key]

    @staticmethod
    def _swap(raw: np.ndarray, kind, dtype) -> None:
        if kind is UntypedStorage:
            raise NotImplementedError("the checkpoint was written on a machine of the other byte order and holds "
                                      "storages without an element type")
        width = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
        raw.view(f"u{width}").byteswap(inplace=True)


def parse_identity(identity) -> tuple:
    """(class, key, location, count, more...) of a storage's tuple; UnpicklingError if it is none."""
    if not isinstance(identity, tuple):
        raise AssertionError(f"saved_id must be a tuple, got {type(identity).__name__}")
    kind = _text(identity[0]) if identity else None
    if kind != "storage":
        raise RuntimeError(f"Unknown typename for persistent_load, expected 'storage' but got '{kind}'")
    if len(identity) < 5:
        raise ValueError(f"not enough values to unpack (expected 4, got {len(identity) - 1})")
    storage, key, location, count, *more = identity[1:]
    element_type(storage)
    if not isinstance(count, int) or count < 0:
        raise ValueError(f"a storage's number of elements must be an int of 0 or more, but the file says {count!r}")
    return (storage, _text(key), _text(location), count, *more)


def element_type(kind):
    """The dtype whose elements a storage class counts; for untyped storages, bytes."""
    if kind is UntypedStorage:
        return torch.uint8
    if isinstance(kind, _LegacyClass):
        return kind.dtype
    raise TypeError(f"the file uses {kind!r} as the class of a storage")


def _text(value) -> str:
    """Text that Python 2 may have written as bytes."""
    return value.decode("ascii") if isinstance(value, bytes) else value


def byte_order(recorded: bytes | None) -> str:
    """The byte order of a file from its record; without one, what `set_default_load_endianness` says."""
    if recorded is None:
        default = options.get_default_load_endianness()
        if default is options.LoadEndianness.NATIVE:
            return sys.byteorder
        return "big" if default is options.LoadEndianness.BIG else "little"
    text = recorded.decode("latin1")
    if text not in ("little", "big"):
        raise ValueError(f"Unknown endianness type: {text}")
    return text
