"""Names on disk. A checkpoint holds PyTorch's names; the objects behind them here are Rushlight's.

The module paths are parallel, so one rule maps them both ways:

    rushlight.nn.modules.linear  <->  torch.nn.modules.linear
    rushlight.vision.models      <->  torchvision.models

What a user reaches as `torch.X` is called `torch X` on disk wherever it is defined here. The real PyTorch is never
imported, whether it is installed or not.
"""
import sys

import rushlight as torch

# Rooms that PyTorch does not have: what they define is known by its public name.
_INNER_ROOMS = {"tensor", "ops", "graph", "schedule", "backends", "runtime"}

# The storage classes that have a name of their own. Other dtypes (uint16, ...) are saved as untyped bytes.
STORAGE_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
# The tensor classes of old: FloatTensor, ... Files of 2016 name them beside each tensor.
LEGACY_TENSORS = {name.removesuffix("Storage") + "Tensor" for name in STORAGE_DTYPES}
QUANTIZED_STORAGES = {"QInt8Storage", "QInt32Storage", "QUInt8Storage", "QUInt4x2Storage", "QUInt2x4Storage"}


def disk_module(module: str) -> str:
    """The module's name in a checkpoint: `rushlight.nn` is `torch.nn`; modules that are not ours keep theirs."""
    return _moved(_moved(module, "rushlight.vision", "torchvision"), "rushlight", "torch")


def home_module(module: str) -> str:
    """The inverse of `disk_module`: `torch.nn` is `rushlight.nn`."""
    return _moved(_moved(module, "torchvision", "rushlight.vision"), "torch", "rushlight")


def _moved(module: str, old: str, new: str) -> str:
    if module == old or module.startswith(old + "."):
        return new + module[len(old):]
    return module


def disk_name(obj, name: str | None = None) -> tuple[str, str] | None:
    """(module, name) under which a class, function or dtype of ours is saved; None for what is not ours."""
    module = getattr(obj, "__module__", None)
    root, _, rest = (module or "").partition(".")
    if isinstance(obj, torch.dtype):
        return "torch", repr(obj).removeprefix("torch.")
    if root not in ("rushlight", "torch", "torchvision") or module is None:
        return None
    name = name or getattr(obj, "__qualname__", obj.__name__)
    if obj is getattr(torch, "Generator", None):
        return "torch._C", "Generator"
    if name in STORAGE_DTYPES and rest == "storage":
        return "torch", name
    if rest.partition(".")[0] in _INNER_ROOMS or not rest:
        public = _public_name(obj, name)
        if public is not None:
            return public
    if root != "rushlight" and not _is_ours(obj, module, name):
        return None  # a class of the real PyTorch, which may be loaded beside us
    return disk_module(module), name


def _public_name(obj, name: str) -> tuple[str, str] | None:
    for disk, home in (("torch", "rushlight"), ("torch.nn.functional", "rushlight.nn.functional")):
        try:
            if _walk(sys.modules[home], name) is obj:
                return disk, name
        except (KeyError, AttributeError):
            continue
    return None


def _is_ours(obj, module: str, name: str) -> bool:
    try:
        return _walk(sys.modules[home_module(module)], name) is obj
    except (KeyError, AttributeError):
        return False


def find(module: str, name: str):
    """The object here that a name in a checkpoint stands for.

    Raises NotImplementedError for names of PyTorch that Rushlight lacks, AttributeError for unknown ones, and
    ModuleNotFoundError for modules of others that are not installed.
    """
    import importlib

    if module in ("torch", "torch.cuda") and name.endswith("Storage"):
        if name in QUANTIZED_STORAGES:
            raise NotImplementedError(f"the checkpoint holds a quantized tensor (torch.{name}), and Rushlight has none")
        if name in STORAGE_DTYPES:
            from rushlight import storage

            return getattr(storage, name)
    if module in ("torch", "torch.cuda") and name in LEGACY_TENSORS:
        return getattr(torch, name, torch.Tensor)
    home, name = _SPECIAL.get((module, name)) or (_SPECIAL_MODULES.get(module, home_module(module)), name)
    try:
        found = importlib.import_module(home)
    except ModuleNotFoundError as error:
        if home != module and home.startswith(error.name or " "):
            raise NotImplementedError(_lacking(module, name)) from None
        raise
    try:
        return _walk(found, name) if name else found
    except AttributeError:
        if home != module:
            raise NotImplementedError(_lacking(module, name)) from None
        raise AttributeError(f"Can't get attribute '{name}' on {found!r}") from None


# Where PyTorch keeps names in its C extension: the module, and the attribute ("" is the module itself).
_SPECIAL = {
    ("torch._C", "Generator"): ("rushlight", "Generator"),
    ("torch._C", "TensorBase"): ("rushlight", "Tensor"),
    ("torch._C", "_VariableFunctionsClass"): ("rushlight", ""),  # pickled as getattr(that, "relu")
}
_SPECIAL_MODULES = {"torch._C._nn": "rushlight.nn.functional", "torch._C._VariableFunctions": "rushlight"}


def _walk(owner, dotted: str):
    for part in dotted.split("."):
        owner = getattr(owner, part)
    return owner


def _lacking(module: str, name: str) -> str:
    return f"the checkpoint needs {module}.{name}, which Rushlight does not have"
