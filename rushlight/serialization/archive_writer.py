"""Writing the zip archive of a checkpoint, byte for byte as PyTorch lays it out.

Records are stored, not deflated. Each one's bytes begin at a multiple of 64 (an extra field of the local header,
tagged "FB", fills the gap), so that a file can be mapped into memory and its tensors used where they lie.
Source: the format that torch.save of PyTorch 2.13 writes; PKWARE's APPNOTE for the zip structures.
"""
import struct
import zlib

from rushlight.serialization.files import write_all

ALIGNMENT = 64
_UTF8, _DESCRIPTOR_FOLLOWS = 0x0800, 0x0008
_LIMIT = 0xFFFFFFFF  # what a 32-bit field cannot hold is written as this, and in a zip64 field
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")


class ArchiveWriter:
    """Writes records one after another under the folder `root`, then the directory."""

    def __init__(self, stream, root: str, checksums: bool = True) -> None:
        self.stream = stream
        self.root = root
        self.checksums = checksums
        self.position = 0
        self.directory: list[bytes] = []
        self.checksum_of_all = 0
        self.names = ""

    def write_record(self, name: str, data) -> None:
        """Append a record; `data` is bytes or a contiguous buffer of bytes."""
        view = memoryview(data).cast("B") if len(data) else memoryview(b"")
        checksum = zlib.crc32(view) if self.checksums else 0
        path = f"{self.root}/{name}".encode()
        start, size = self.position, view.nbytes
        flags = _UTF8 | (_DESCRIPTOR_FOLLOWS if 0 < size < _LIMIT else 0)
        self._emit(self._local_header(path, flags, checksum, size))
        self._emit(view)
        if flags & _DESCRIPTOR_FOLLOWS:
            self._emit(struct.pack("<4s3I", b"PK\x07\x08", checksum, size, size))
        self.directory.append(self._central_header(path, flags, checksum, size, start))
        self.names += name
        self.checksum_of_all = zlib.crc32(struct.pack("<I", checksum), self.checksum_of_all)

    def _local_header(self, path: bytes, flags: int, checksum: int, size: int) -> bytes:
        extra = b""
        shown = checksum if not flags & _DESCRIPTOR_FOLLOWS else 0
        small = 0
        if size >= _LIMIT:
            extra = struct.pack("<2H2Q", 1, 16, size, size)
            small = _LIMIT
        begin = self.position + _LOCAL.size + len(path) + len(extra) + 4
        padding = -begin % ALIGNMENT
        extra += struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        fixed = _LOCAL.pack(b"PK\x03\x04", 0, flags, 0, 0, 0, shown, small, small, len(path), len(extra))
        return fixed + path + extra

    @staticmethod
    def _central_header(path: bytes, flags: int, checksum: int, size: int, start: int) -> bytes:
        large = [size, size] if size >= _LIMIT else []
        if start >= _LIMIT:
            large.append(start)
        extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        size, start = min(size, _LIMIT), min(start, _LIMIT)
        return _CENTRAL.pack(
            b"PK\x01\x02", 0, 0, flags, 0, 0, 0, checksum, size, size, len(path), len(extra), 0, 0, 0, 0, start
        ) + path + extra

    def close(self) -> None:
        """Write the closing records and the directory of all."""
        self.write_record("version", b"3\n")
        # Any text that changes with the content will do; PyTorch writes 40 digits.
        digits = f"{zlib.crc32(self.names.encode()):020d}{self.checksum_of_all:020d}"
        self.write_record(".data/serialization_id", digits.encode())
        start, count = self.position, len(self.directory)
        for header in self.directory:
            self._emit(header)
        size, end = self.position - start, self.position
        self._emit(_END64.pack(b"PK\x06\x06", 44, 0x031E, 0x2D, 0, 0, count, count, size, start))
        self._emit(_END64_LOCATOR.pack(b"PK\x06\x07", 0, end, 1))
        few, small, near = min(count, 0xFFFF), min(size, _LIMIT), min(start, _LIMIT)
        self._emit(_END.pack(b"PK\x05\x06", 0, 0, few, few, small, near, 0))

    def _emit(self, data) -> None:
        write_all(self.stream, data)
        self.position += len(data)
