"""Where storages were and where they go: location tags ("cpu", "cuda:0") and `map_location`."""
import rushlight as torch

_registry: list[tuple] = []  # (priority, tagger, deserializer), lowest priority first

_ON_CPU = (
    "If you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
    "storages to the CPU."
)


def register_package(priority: int, tagger, deserializer) -> None:
    """Teach `save` and `load` a kind of device.

    `tagger(storage)` gives the tag to save or None; `deserializer(storage, tag)` gives the storage on the device or
    None. Those of lower priority are asked first.
    """
    _registry.append((priority, tagger, deserializer))
    _registry.sort(key=lambda entry: entry[0])


def location_tag(storage) -> str:
    """The tag under which a storage is saved."""
    for _, tagger, _ in _registry:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError(f"don't know how to determine data location of {_kind(storage)}")


def default_restore_location(storage, location: str):
    """The storage, which has been read into memory, on the device that `location` names."""
    for _, _, deserializer in _registry:
        restored = deserializer(storage, location)
        if restored is not None:
            return restored
    raise RuntimeError(f"don't know how to restore data location of {_kind(storage)} (tagged with {location})")


def _kind(storage) -> str:
    return f"torch.storage.{type(storage).__name__}"


def restorer(map_location):
    """The function (storage, location) -> storage that a `map_location` means."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, torch.device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def restore(storage, location):
        restored = map_location(storage, location)
        return default_restore_location(storage, location) if restored is None else restored

    return restore


def validate_cuda_device(location: str) -> int:
    """The number of the CUDA device that `location` names; RuntimeError where there is no CUDA."""
    device = torch.device(location)
    if not torch.cuda.is_available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. " + _ON_CPU
        )
    return device.index or 0


def _restore_cpu(storage, location):
    return storage if location == "cpu" else None


def _restore_cuda(storage, location):
    if not location.startswith("cuda"):
        return None
    return storage.cuda(validate_cuda_device(location))


def _refuse_others(storage, location):
    """PyTorch's errors for the devices that it knows and a machine like this one lacks."""
    kind = location.partition(":")[0]
    if kind == "mps":
        raise RuntimeError(f"torch.UntypedStorage(): Storage device not recognized: {kind}")
    if kind == "xpu":
        raise RuntimeError(
            "Attempting to deserialize object on a XPU device but torch.xpu.is_available() is False. " + _ON_CPU
        )
    if kind in ("hpu", "privateuseone"):
        raise RuntimeError(f"The {kind.upper()} device module is not registered. {_ON_CPU}")
    if kind == "meta":
        raise NotImplementedError("torch.load to the meta device: Rushlight's tensors have their data in memory")
    return None


def _tag_cpu(storage):
    return "cpu" if storage.device.type == "cpu" else None


def _no_tag(storage):
    return None


register_package(10, _tag_cpu, _restore_cpu)
register_package(20, _no_tag, _restore_cuda)
register_package(30, _no_tag, _refuse_others)
