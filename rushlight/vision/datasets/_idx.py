"""The IDX format of MNIST and its kin: two zero bytes, a type, a rank, the dimensions, then the values, big-endian."""

import os
import struct

import numpy as np

import rushlight as torch

_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def find_idx(folder: str, name: str) -> str | None:
    """The path of an IDX file in `folder`, plain or compressed; `name` is without the suffix."""
    for suffix in ("", ".gz", ".xz"):
        path = os.path.join(folder, name + suffix)
        if os.path.isfile(path):
            return path
    return None


def read_idx(path) -> np.ndarray:
    """The array in an IDX file (plain, .gz or .xz). A truncated or foreign file is a RuntimeError that names it."""
    path = os.fspath(path)
    data = _read(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _DTYPES:
        raise RuntimeError(f"{path} is not an IDX file: it starts with {bytes(data[:4]).hex(' ') or 'nothing'}")
    dtype, rank = np.dtype(_DTYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise RuntimeError(f"{path} is truncated: it ends within its header")
    shape = struct.unpack(f">{rank}I", data[4:start])
    values = 1
    for extent in shape:
        values *= extent
    promised, found = values * dtype.itemsize, len(data) - start
    if found != promised:
        state = "truncated" if found < promised else "damaged"
        raise RuntimeError(
            f"{path} is {state}: its header promises {promised} bytes for the shape {shape}, {found} follow"
        )
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read(path: str) -> bytearray:
    """All bytes of the file, decompressed; in a bytearray, so that arrays over it can be written to."""
    suffix = os.path.splitext(path)[1]
    if suffix not in (".gz", ".xz"):
        with open(path, "rb") as f:
            return bytearray(f.read())
    import lzma
    import zlib

    from rushlight.vision.datasets.utils import open_compressed

    try:
        with open_compressed(path, suffix) as f:
            return bytearray(f.read())
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise RuntimeError(f"{path} is truncated or damaged: {error}") from error


def images_of(path) -> "torch.Tensor":
    """The images of an IDX file: uint8, (count, height, width)."""
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != 3:
        raise RuntimeError(f"{path} does not hold images: it holds {array.dtype} of shape {array.shape}")
    return torch.from_numpy(array)


def labels_of(path) -> "torch.Tensor":
    """The labels of an IDX file: int64, (count,)."""
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != 1:
        raise RuntimeError(f"{path} does not hold labels: it holds {array.dtype} of shape {array.shape}")
    return torch.from_numpy(array.astype(np.int64))
