"""`torch.serialization`: checkpoints in PyTorch's formats, both ways.

    saving, loading            torch.save, torch.load
    archive_writer, _reader    the zip archive that holds a checkpoint
    legacy, tarred             the two older formats
    pickling, restricted       pickles with PyTorch's names; the unpickler that runs no code
    names                      PyTorch's names <-> ours
    storages, locations        storages out of files, and the device where each belongs
    allowlist, options         what programs may set
    files                      opening, and the writing that leaves the old file or the new one
"""
import pickle

from rushlight.serialization.files import FILE_LIKE, FileLike
from rushlight.serialization.locations import (
    default_restore_location,
    location_tag,
    register_package,
    validate_cuda_device,
)
from rushlight.serialization.options import (
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
)
from rushlight.serialization.allowlist import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

DEFAULT_PROTOCOL = 2
MAP_LOCATION = object  # None, a str, a torch.device, a dict of tags, or a function (storage, tag) -> storage

__all__ = [
    "FILE_LIKE", "FileLike", "LoadEndianness", "MAP_LOCATION", "add_safe_globals", "clear_safe_globals",
    "default_restore_location", "get_crc32_options", "get_default_load_endianness", "get_default_mmap_options",
    "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load", "location_tag", "register_package", "safe_globals",
    "save", "set_crc32_options", "set_default_load_endianness", "set_default_mmap_options", "validate_cuda_device",
]


def save(obj, f, pickle_module=pickle, pickle_protocol=DEFAULT_PROTOCOL, _use_new_zipfile_serialization=True,
         _disable_byteorder_record=False) -> None:
    """Write an object with its tensors to a file that PyTorch reads, too.

    `f` is a path or a binary file object. A storage that several tensors view is written once. A file at a path is
    replaced only when the new one is whole and on the disk. RuntimeError if the folder does not exist; OSError (and
    RuntimeError) if the disk is full.
    """
    from rushlight.serialization import saving

    saving.save(obj, f, pickle_module, pickle_protocol, _use_new_zipfile_serialization, _disable_byteorder_record)


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """The object in a file that `save`, or PyTorch of any age, has written.

    Args:
        f: a path, or a seekable binary file object.
        map_location: where storages go: a device, a dict of location tags, or a function (storage, tag) -> storage.
        weights_only: read tensors, containers and plain values only, and refuse whatever could run code (default).
            With False the file may run any code: only for files that you trust.
        mmap: use the tensors where they lie in the file, read when touched; writing to them leaves the file alone.
        pickle_load_args: arguments of the unpickler, such as `encoding`.

    UnpicklingError where a name is refused, RuntimeError or EOFError where the file is damaged.
    """
    from rushlight.serialization import loading

    return loading.load(f, map_location, pickle_module, weights_only, mmap, pickle_load_args)


def get_unsafe_globals_in_checkpoint(f) -> list[str]:
    """The names in a checkpoint that `load(weights_only=True)` would refuse."""
    from rushlight.serialization import loading

    return loading.unsafe_globals(f)


def _get_layout(name: str):
    """The layout of that name; checkpoints hold layouts as calls of this."""
    import rushlight as torch

    layout = getattr(torch, name.removeprefix("torch."), None)
    if layout is None:
        raise NotImplementedError(f"the checkpoint uses {name}, and Rushlight's tensors are strided")
    return layout
