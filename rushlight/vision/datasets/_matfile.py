"""Numeric arrays from MATLAB's version 5 files, as far as data sets use them (SVHN, Flowers102).

The format: a header of 128 bytes, then elements, each a type, a size, and data padded to 8 bytes. An element of type 15
is a compressed element; of type 14, an array: flags, dimensions, name, values, in column order.
"""

import struct
import zlib

import numpy as np

_COMPRESSED, _MATRIX = 15, 14
_VALUES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}


def load_arrays(path) -> dict[str, np.ndarray]:
    """The numeric arrays of a .mat file by name. RuntimeError, naming the file, where it is no such file."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        raise RuntimeError(f"{path} is not a MATLAB 5 file")
    order = "<" if data[126:128] == b"IM" else ">"
    arrays = {}
    try:
        for kind, body in _elements(memoryview(data)[128:], order):
            if kind == _COMPRESSED:
                ((kind, body),) = _elements(memoryview(zlib.decompress(body)), order)
            if kind == _MATRIX:
                name, array = _array(body, order)
                if array is not None:
                    arrays[name] = array
    except (struct.error, zlib.error, ValueError) as error:
        raise RuntimeError(f"{path} is truncated or damaged: {error}") from error
    return arrays


def _elements(data, order: str):
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind >> 16:  # the small form: size and type in one word, the data in the next
            yield kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)]
            at += 8
            continue
        if at + 8 + size > len(data):
            raise ValueError(f"an element of {size} bytes, {len(data) - at - 8} are left")
        yield kind, data[at + 8 : at + 8 + size]
        # Compressed elements stand without padding.
        at += 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)


def _array(body, order: str):
    """(name, array) of an array element; None for an array that is not of plain numbers."""
    parts = list(_elements(body, order))
    (flags,) = struct.unpack_from(order + "I", parts[0][1])
    shape = tuple(np.frombuffer(parts[1][1], order + "i4").tolist())
    name = bytes(parts[2][1]).decode("latin1")
    if flags & 0xFF not in _CLASSES or flags & 0x800:  # cells, structs, text; complex numbers
        return name, None
    kind, values = parts[3]
    array = np.frombuffer(values, np.dtype(order + _VALUES[kind])).reshape(shape, order="F")
    return name, array.astype(_CLASSES[flags & 0xFF])
