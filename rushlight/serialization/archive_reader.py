"""Reading the zip archive of a checkpoint, with PyTorch's errors and the name of the file in them."""
import struct
import zipfile
import zlib

import numpy as np

_CORRUPT = (
    "This is an internal miniz error. If you are seeing this error, there is a high likelihood that your checkpoint "
    "file is corrupted. This can happen if the checkpoint was not saved properly, was transferred incorrectly, or the "
    "file was modified after saving."
)
_NEWEST_VERSION = 10
_LOCAL_HEADER = 30


def is_archive(file) -> bool:
    """Whether the file goes on with a zip's first bytes. The position stays."""
    start = file.tell()
    head = file.read(4)
    file.seek(start)
    if not isinstance(head, (bytes, bytearray)):
        raise TypeError(f"a bytes-like object is required, not '{type(head).__name__}': open the file in binary mode")
    return head == b"PK\x03\x04"


class ArchiveReader:
    """The records of an archive in an open file. `name` is what errors call the file."""

    def __init__(self, file, name: str, check: bool = True) -> None:
        self.file = file
        self.name = name
        self.check = check
        self.mapped = None
        self.length = file.seek(0, 2)
        if self.length < 22:  # a zip's closing record alone is longer
            raise self._error("failed reading zip archive: not a ZIP archive")
        try:
            self.zip = zipfile.ZipFile(file)
            names = self.zip.namelist()
        except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, UnicodeDecodeError):
            raise self._error("failed reading zip archive: failed finding central directory") from None
        if not names:
            raise self._error("failed reading zip archive: archive does not contain any files")
        self.root, folder, _ = names[0].partition("/")
        if not folder:
            raise RuntimeError(f"file in archive is not in a subdirectory: {names[0]}. {name} is a zip file, but not "
                               "one that torch.save wrote.")
        self._check_version()

    def _error(self, what: str) -> RuntimeError:
        return RuntimeError(f"PytorchStreamReader {what}. {_CORRUPT} The file is {self.name}.")

    def _check_version(self) -> None:
        if not self.has("version"):
            raise RuntimeError(f'Expected hasRecord("version") to be true, but got false. {self.name} is a zip file, '
                               "but not one that torch.save wrote, or a damaged one.")
        text = self.read("version").decode("latin1")
        try:
            version = int(text)
        except ValueError:
            raise RuntimeError(f"Couldn't parse the version {text} as Long Long. The file is {self.name}.") from None
        if version > _NEWEST_VERSION:
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the maximum supported "
                               f"version for reading is {_NEWEST_VERSION}. The file is {self.name}.")
        if version < 1:
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the minimum supported "
                               f"version for reading is 1. The file is {self.name}.")

    def has(self, record: str) -> bool:
        return f"{self.root}/{record}" in self.zip.NameToInfo

    def _info(self, record: str) -> zipfile.ZipInfo:
        try:
            return self.zip.getinfo(f"{self.root}/{record}")
        except KeyError:
            raise self._error(f"failed locating file {record}: file not found") from None

    def read(self, record: str) -> bytes:
        """The bytes of a small record."""
        return self.read_array(record, self._info(record).file_size).tobytes()

    def read_array(self, record: str, expected: int) -> np.ndarray:
        """The record as a new array of `expected` bytes; RuntimeError if it has another length."""
        info = self._info(record)
        self._check_size(info, expected)
        if info.compress_type != zipfile.ZIP_STORED:
            return self._inflated(record, info)
        begin = self._begin(record, info)
        array = np.empty(info.file_size, np.uint8)
        self.file.seek(begin)
        self._fill(array, record)
        if self.check and info.CRC and zlib.crc32(array) != info.CRC:
            raise self._error(f"failed reading file {record}: CRC-32 check failed")
        return array

    def map_array(self, record: str, expected: int, flags: int) -> np.ndarray:
        """The record as an array over the file mapped into memory (its checksum is not read)."""
        info = self._info(record)
        self._check_size(info, expected)
        if info.compress_type != zipfile.ZIP_STORED:
            raise RuntimeError(f"mmap can only be used with records that are not compressed, and {record} of "
                               f"{self.name} is. Load it without mmap.")
        begin = self._begin(record, info)
        if self.mapped is None:
            self.mapped = self._map(flags)
        return np.frombuffer(self.mapped, np.uint8, info.file_size, begin)

    def _map(self, flags: int):
        import mmap

        if flags == getattr(mmap, "MAP_SHARED", None):
            with open(self.name, "r+b") as file:  # writing to a tensor writes to the file
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_WRITE)
        # A private mapping may be written to: the pages written become copies, and the file stays as it is.
        return mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_COPY)

    def _check_size(self, info, expected: int) -> None:
        if info.file_size != expected:
            raise RuntimeError(
                f"record size ({info.file_size} bytes) does not match expected size ({expected} bytes = {expected} "
                f"elements * 1 bytes/element) for dtype Byte. The file is {self.name}."
            )

    def _begin(self, record: str, info) -> int:
        """Where the record's bytes lie: after a local header of which only the lengths are of interest."""
        self.file.seek(info.header_offset)
        header = self.file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise self._error(f"failed reading file {record}: invalid header or archive is corrupted")
        name_length, extra_length = struct.unpack_from("<2H", header, 26)
        begin = info.header_offset + _LOCAL_HEADER + name_length + extra_length
        if begin + info.file_size > self.length:
            raise self._error(f"failed reading file {record}: file read failed")
        return begin

    def _fill(self, array: np.ndarray, record: str) -> None:
        view = memoryview(array)
        read_into = getattr(self.file, "readinto", None)
        while view.nbytes:
            if read_into is not None:
                count = read_into(view)
            else:
                piece = self.file.read(view.nbytes)
                count = len(piece)
                view[:count] = piece
            if not count:
                raise self._error(f"failed reading file {record}: file read failed")
            view = view[count:]

    def _inflated(self, record: str, info) -> np.ndarray:
        try:
            return np.frombuffer(bytearray(self.zip.read(info)), np.uint8)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise self._error(f"failed reading file {record}: {error}") from None
