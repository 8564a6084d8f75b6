"""`torch.save`."""
import os

from rushlight.serialization import files, options, pickling
from rushlight.serialization.archive_writer import ALIGNMENT, ArchiveWriter


def save(obj, f, pickle_module, pickle_protocol, use_archive, disable_byteorder_record) -> None:
    """See `rushlight.serialization.save`, which has the public signature."""
    files.check_writable(f)
    path = os.fspath(f) if files.is_path(f) else None
    if not use_archive:
        from rushlight.serialization import legacy

        if path is None:
            legacy.write(obj, f, pickle_module, pickle_protocol)
            return
        with files.writing(path) as stream:
            legacy.write(obj, stream, pickle_module, pickle_protocol)
        return

    if path is not None:
        files.check_parent(path)
    # Pickled first: an object that cannot be pickled must not cost the file that is there.
    table = pickling.StorageTable(lambda number, storage: number)
    content = pickling.dumps(obj, pickle_module, pickle_protocol, table)
    if path is None:
        _write_archive(f, "archive", content, table, not disable_byteorder_record)
        return
    with files.writing(path) as stream:
        _write_archive(stream, _root_for(path), content, table, not disable_byteorder_record)


def _root_for(path: str) -> str:
    """The archive's folder: the file's name without its ending."""
    name = os.path.basename(path)
    stem = name[:name.rindex(".")] if "." in name else name
    return stem if stem.isascii() and stem else "archive"


def _write_archive(stream, root: str, content: bytes, table, with_byteorder: bool) -> None:
    import sys

    archive = ArchiveWriter(stream, root, options.get_crc32_options())
    archive.write_record("data.pkl", content)
    archive.write_record(".format_version", b"1")
    archive.write_record(".storage_alignment", str(ALIGNMENT).encode())
    if with_byteorder:
        archive.write_record("byteorder", sys.byteorder.encode())
    for key, storage, _ in table.entries.values():
        archive.write_record(f"data/{key}", storage._bytes())
    archive.close()
