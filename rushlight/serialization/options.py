"""The settings that `torch.serialization` lets programs change."""
import enum

_PRIVATE = 2  # mmap.MAP_PRIVATE; the module mmap is imported only where files are mapped


class LoadEndianness(enum.Enum):
    """The byte order assumed for files that do not record theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_endianness: LoadEndianness | None = None
_mmap_flags = _PRIVATE
_compute_crc32 = True


def get_default_load_endianness() -> LoadEndianness | None:
    """The byte order assumed for files that do not record theirs; None is little."""
    return _endianness


def set_default_load_endianness(endianness) -> None:
    """Set the byte order assumed for files that do not record theirs (a LoadEndianness or None)."""
    global _endianness
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _endianness = endianness


def get_default_mmap_options() -> int:
    """How `load(mmap=True)` maps files: mmap.MAP_PRIVATE (the default) or mmap.MAP_SHARED."""
    return _mmap_flags


class set_default_mmap_options:
    """Set how `load(mmap=True)` maps files, for good or, as a context manager, for a while."""

    def __init__(self, flags: int) -> None:
        import mmap

        global _mmap_flags
        self.previous = _mmap_flags
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or "
                f"mmap.MAP_SHARED, but got {flags}"
            )
        _mmap_flags = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc) -> None:
        global _mmap_flags
        _mmap_flags = self.previous


def get_crc32_options() -> bool:
    """Whether checksums are written by `save` and checked by `load`."""
    return _compute_crc32


def set_crc32_options(compute_crc32: bool) -> None:
    """Set whether `save` writes the checksums of its records and `load` checks them."""
    global _compute_crc32
    _compute_crc32 = compute_crc32
