"""Helpers of these tests: saving to memory, editing archives, and comparing with the oracle's tensors."""
import io
import os
import struct
import zipfile

import pytest

import rushlight as torch

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


@pytest.fixture
def data():
    """The folder of checked-in checkpoints."""
    return DATA


@pytest.fixture
def saved():
    """saved(obj, library=ours) -> BytesIO at its beginning."""

    def save(obj, library=torch, **options):
        stream = io.BytesIO()
        library.save(obj, stream, **options)
        stream.seek(0)
        return stream

    return save


@pytest.fixture
def edited():
    """edited(archive bytes, {record: bytes or None}) -> the archive with records replaced, added or left out."""

    def edit(content: bytes, changes: dict, compression=zipfile.ZIP_STORED) -> bytes:
        source = zipfile.ZipFile(io.BytesIO(content))
        records = {name.partition("/")[2]: source.read(name) for name in source.namelist()}
        records.update(changes)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as target:
            for name, record in records.items():
                if record is not None:
                    target.writestr(f"archive/{name}", record)
        return stream.getvalue()

    return edit


@pytest.fixture
def tagged(edited):
    """tagged(archive bytes, "cuda:0") -> the archive with its storages marked as lying there."""

    def tag(content: bytes, location: str) -> bytes:
        pickled = zipfile.ZipFile(io.BytesIO(content)).read("archive/data.pkl")
        new = b"X" + struct.pack("<I", len(location)) + location.encode()
        return edited(content, {"data.pkl": pickled.replace(b"X\x03\0\0\0cpu", new)})

    return tag


@pytest.fixture
def assert_same():
    """assert_same(a, b): equal structures; tensors of either library equal in values, dtype, layout and kind."""
    return _assert_same


def _assert_same(one, other, where="object"):
    if hasattr(one, "storage_offset"):
        for name in ("dtype", "shape"):
            assert str(getattr(one, name)) == str(getattr(other, name)), where
        assert one.requires_grad == other.requires_grad, where
        assert tuple(one.stride()) == tuple(other.stride()) and one.storage_offset() == other.storage_offset(), where
        assert type(one).__name__ == type(other).__name__, where
        assert one.tolist() == other.tolist(), where
    elif isinstance(one, dict):
        assert type(one) is type(other) and list(one) == list(other), where
        for key in one:
            _assert_same(one[key], other[key], f"{where}[{key!r}]")
    elif isinstance(one, (list, tuple)):
        assert type(one).__name__ == type(other).__name__ and len(one) == len(other), where
        for index, (a, b) in enumerate(zip(one, other)):
            _assert_same(a, b, f"{where}[{index}]")
    else:
        assert type(one).__name__ == type(other).__name__ and str(one) == str(other), where
