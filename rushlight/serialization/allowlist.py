"""Which names a checkpoint may use under `weights_only=True`: the ones of tensors, and those the user adds."""
import rushlight as torch
from rushlight.serialization import names

_user_globals: list = []

_ALWAYS = frozenset(
    ["_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.set", "collections.Counter",
     "collections.OrderedDict", "torch.Size", "torch.Tensor", "torch.device", "torch.nn.parameter.Parameter",
     "torch.serialization._get_layout", "torch.storage.TypedStorage", "torch.storage.UntypedStorage",
     "torch._tensor._rebuild_from_type_v2"]
    + ["torch._utils._rebuild_" + kind for kind in (
        "device_tensor_from_cpu_tensor", "device_tensor_from_numpy", "meta_tensor_no_storage", "nested_tensor",
        "parameter", "parameter_with_state", "qtensor", "sparse_tensor", "tensor", "tensor_v2", "tensor_v3",
        "wrapper_subclass")]
    + [f"{module}.{name}" for module in ("torch", "torch.cuda")
       for name in (*names.STORAGE_DTYPES, *names.LEGACY_TENSORS)]
    + ["torch." + name for name in names.QUANTIZED_STORAGES]
)
# Harmless names of PyTorch for what Rushlight does not have: to be refused as missing, not as dangerous.
_HARMLESS_PREFIXES = ("torch.float8_", "torch.float4_", "torch.qint", "torch.quint", "torch.per_tensor_",
                      "torch.per_channel_", "torch.complex32")


def add_safe_globals(safe_globals: list) -> None:
    """Let checkpoints use these classes and functions under `weights_only=True`.

    An item may be a pair (object, "module.name") where the checkpoint knows it by another name.
    """
    _user_globals.extend(item for item in safe_globals if item not in _user_globals)


def get_safe_globals() -> list:
    """What the user has added."""
    return list(_user_globals)


def clear_safe_globals() -> None:
    """Forget what the user has added."""
    _user_globals.clear()


class safe_globals:
    """Context manager: `add_safe_globals` for a while."""

    def __init__(self, safe_globals: list) -> None:
        self.items = safe_globals

    def __enter__(self) -> None:
        self.former = get_safe_globals()
        add_safe_globals(self.items)

    def __exit__(self, *exc) -> None:
        _user_globals[:] = self.former


def user_globals() -> dict:
    """Name on disk -> object, for what the user has added."""
    found = {}
    for item in _user_globals:
        if isinstance(item, tuple):
            if len(item) != 2:
                raise ValueError("Expected tuple of length 2 (global, str of callable full path), but got tuple of "
                                 f"length: {len(item)}")
            item, name = item
            if not isinstance(name, str):
                raise TypeError("Expected second item in tuple to be str of callable full path, but got: "
                                f"{type(name)}")
        else:
            name = ".".join(names.disk_name(item) or (item.__module__, item.__qualname__))
        found[name] = item
    return found


def is_allowed_by_default(full_name: str) -> bool:
    """Whether every checkpoint may use this name of PyTorch's or Python's."""
    if full_name in _ALWAYS or full_name.startswith(_HARMLESS_PREFIXES):
        return True
    module, _, name = full_name.rpartition(".")
    return module == "torch" and isinstance(getattr(torch, name, None), torch.dtype)
