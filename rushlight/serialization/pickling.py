"""Pickling and unpickling with PyTorch's names on disk, storages apart from the pickle."""
import pickle
from types import FunctionType

import rushlight as torch
from rushlight.serialization import locations, names


class StorageTable:
    """The storages met while pickling, each once, in order. `key_of` gives a storage its key in the file."""

    def __init__(self, key_of, tail: tuple = ()) -> None:
        self.key_of = key_of
        self.tail = tail
        self.entries: dict = {}  # the core's handle -> (key, storage, dtype)

    def persistent_id(self, storage) -> tuple:
        """What stands for the storage in the pickle: ("storage", class, key, location, number of elements)."""
        from rushlight.storage import UntypedStorage, class_of_dtype

        untyped = storage.untyped()
        typed = storage is not untyped
        dtype = storage.dtype if typed else torch.uint8
        identity = untyped._handle_for(dtype)
        nbytes = untyped.nbytes()
        if identity not in self.entries:
            self.entries[identity] = (str(self.key_of(len(self.entries), untyped)), untyped, dtype)
        key, _, known = self.entries[identity]
        if known != dtype and nbytes:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        kind = class_of_dtype()[dtype] if typed else UntypedStorage
        location = locations.location_tag(untyped)
        return ("storage", kind, key, location, nbytes // dtype.itemsize, *self.tail)


def dumps(obj, pickle_module, protocol: int, table: StorageTable) -> bytes:
    """The pickle of `obj`; its storages go to `table`."""
    import io

    stream = io.BytesIO()
    _pickler_class(pickle_module)(stream, protocol, table).dump(obj)
    return stream.getvalue()


def _pickler_class(pickle_module) -> type:
    """The module's pickler, taught our names. The one written in Python is taken: only that lets names be chosen.

    A module that has none (cloudpickle) writes our classes under `rushlight...`; `load` reads them, PyTorch does not.
    """
    base = getattr(pickle_module, "_Pickler", pickle_module.Pickler)

    class Pickler(base):
        def __init__(self, stream, protocol, table):
            super().__init__(stream, protocol=protocol)
            self.table, self.protocol = table, protocol
            self.dispatch_table = {**getattr(self, "dispatch_table", _copyreg_table()), **_reducers()}

        def persistent_id(self, obj):
            if not isinstance(obj, _storage_types()):
                return None
            if self.protocol == 0:
                raise ValueError("pickle_protocol=0 cannot hold tensors: it turns the keys of storages into text")
            return self.table.persistent_id(obj)

        def save_global(self, obj, name=None):
            on_disk = names.disk_name(obj, name)
            if on_disk is None or ("." in on_disk[1] and self.proto < 4):
                return super().save_global(obj, name)
            _write_global(self, obj, *on_disk)

        if hasattr(base, "dispatch"):
            dispatch = {**base.dispatch, FunctionType: save_global}

    return Pickler


def _storage_types() -> tuple:
    from rushlight.storage import TypedStorage, UntypedStorage

    return TypedStorage, UntypedStorage


def _write_global(pickler, obj, module: str, name: str) -> None:
    if pickler.proto >= 4:
        pickler.save(module)
        pickler.save(name)
        pickler.write(pickle.STACK_GLOBAL)
    else:
        pickler.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
    pickler.memoize(obj)


def _copyreg_table() -> dict:
    import copyreg

    return copyreg.dispatch_table


def _reducers() -> dict:
    """How the core's small types are pickled: as calls of their public names."""
    reducers = {
        torch.dtype: lambda dtype: repr(dtype).removeprefix("torch."),
        torch.Size: lambda size: (torch.Size, (tuple(size),)),
        torch.device: lambda device: (torch.device, (device.type,) if device.index is None
                                      else (device.type, device.index)),
    }
    if hasattr(torch, "Generator"):
        reducers[torch.Generator] = reduce_generator
    return reducers


def reduce_generator(generator):
    """A generator is pickled by its device, seed and state."""
    state = (generator.initial_seed(), None, generator.get_state())
    return torch.Generator, (generator.device,), state


def unpickler(pickle_module, stream, persistent_load, arguments: dict):
    """An unpickler without restrictions that reads PyTorch's names as ours. It runs what the file says."""

    class Unpickler(pickle_module.Unpickler):
        def find_class(self, module, name):
            if module.partition(".")[0] in ("torch", "torchvision"):
                return names.find(module, name)
            return super().find_class(module, name)

    made = Unpickler(stream, **arguments)
    made.persistent_load = persistent_load
    return made
