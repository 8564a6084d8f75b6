"""`torch.load`."""
import os
import pickle

from rushlight.serialization import archive_reader, files, legacy, locations, options, pickling, tarred
from rushlight.serialization.restricted import UNSAFE, RestrictedUnpickler, UnpicklingError, explained
from rushlight.serialization.storages import StorageLoader, byte_order


def load(f, map_location, pickle_module, weights_only, mmap, pickle_load_args):
    """See `rushlight.serialization.load`, which has the public signature."""
    weights_only, pickle_module = _how_to_unpickle(weights_only, pickle_module, pickle_load_args)
    if mmap and not files.is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    if not weights_only:
        pickle_load_args = {"encoding": "utf-8", **pickle_load_args}

    def make_unpickler(stream, persistent_load):
        if weights_only:
            return RestrictedUnpickler(stream, persistent_load, **pickle_load_args)
        return pickling.unpickler(pickle_module, stream, persistent_load, pickle_load_args)

    name = files.name_of(f)
    restore = locations.restorer(map_location)
    with files.reading(f) as file:
        start = file.tell()
        try:
            if archive_reader.is_archive(file):
                return _load_archive(file, name, restore, make_unpickler, weights_only, mmap)
            if mmap:
                raise RuntimeError(
                    f"mmap can only be used with files saved with `torch.save({name}, "
                    "_use_new_zipfile_serialization=True), please torch.save your checkpoint with this option in "
                    "order to use mmap."
                )
            members = tarred.members_of(file)
            if members is None:
                return legacy.read(file, name, restore, make_unpickler)
            if weights_only:
                raise RuntimeError("Cannot use ``weights_only=True`` with files saved in the legacy .tar format. "
                                   + UNSAFE)
            return tarred.read(members, name, restore, make_unpickler)
        except EOFError as error:
            raise EOFError(f"Ran out of input: {name} {_state(file, start)}") from error
        except UnpicklingError as error:
            if not weights_only:
                raise UnpicklingError(f"{error}{_looks(file, start, name)}") from error
            raise UnpicklingError(explained(str(error), _looks(file, start, name))) from None


def _how_to_unpickle(weights_only, pickle_module, pickle_load_args) -> tuple:
    """(weights_only, pickle module) from the arguments and the two environment variables that PyTorch knows."""
    forced = _is_set("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    forced_off = _is_set("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    if forced and forced_off:
        raise RuntimeError("Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should "
                           "be set, but both were set.")
    if forced:
        weights_only = True
    elif weights_only is None and forced_off:
        import warnings

        warnings.warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the`weights_only` argument was not "
            "explicitly passed to `torch.load`, forcing weights_only=False.", UserWarning, stacklevel=4)
        weights_only = False
    elif weights_only is None:
        weights_only = pickle_module is None
    if not weights_only:
        return False, pickle_module or pickle
    if pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if pickle_load_args:
        import warnings

        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=4)
    return True, None


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "0").lower() in ("1", "y", "yes", "true")


def _load_archive(file, name, restore, make_unpickler, weights_only, mmap):
    import io

    archive = archive_reader.ArchiveReader(file, name, check=options.get_crc32_options())
    if archive.has("constants.pkl"):
        if weights_only:
            raise RuntimeError("Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. "
                               + UNSAFE)
        raise NotImplementedError(f"{name} is a TorchScript archive (torch.jit.save); Rushlight reads those of "
                                  "torch.save")

    def read(key: str, nbytes: int):
        if mmap:
            return archive.map_array(f"data/{key}", nbytes, options.get_default_mmap_options())
        return archive.read_array(f"data/{key}", nbytes)

    recorded = archive.read("byteorder") if archive.has("byteorder") else None
    storages = StorageLoader(read, restore, byte_order(recorded))
    return make_unpickler(io.BytesIO(archive.read("data.pkl")), storages).load()


def _state(file, start: int) -> str:
    length = file.seek(0, os.SEEK_END) - start
    return "is empty" if length <= 0 else f"ends early, after {length} bytes"


def _looks(file, start: int, name: str) -> str:
    """What to say of a file whose pickle makes no sense: its name, and what it begins with if that is foreign."""
    file.seek(start)
    head = file.read(24)
    if head[:1] == b"\x80" or head[:4] == b"PK\x03\x04":
        return f"\n\nThe file is {name}."
    return f"\n\nThe file is {name}. It begins with {head!r}, which no file of torch.save does."


def unsafe_globals(f) -> list[str]:
    """See `rushlight.serialization.get_unsafe_globals_in_checkpoint`."""
    import io
    import pickletools

    from rushlight.serialization import allowlist

    with files.reading(f) as file:
        if not archive_reader.is_archive(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        archive = archive_reader.ArchiveReader(file, files.name_of(f))
        if archive.has("constants.pkl"):
            raise ValueError("Expected input to be a checkpoint returned by torch.save but got a torchscript checkpoint")
        operations = pickletools.genops(io.BytesIO(archive.read("data.pkl")))
        used = [argument.split(" ", 1) for operation, argument, _ in operations if operation.name == "GLOBAL"]
    found = []
    for module, name in used:
        full_name = ".".join(RestrictedUnpickler.current_name(module, name))
        if not allowlist.is_allowed_by_default(full_name) and full_name not in allowlist.user_globals():
            found.append(full_name)
    return list(dict.fromkeys(found))
