"""Neural networks: modules, parameters, functions, initialisation.  Names as in `torch.nn`."""
from .parameter import (  # isort: skip
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
)
from . import functional, init, modules, parameter
from .modules import *
from .modules.module import Module

# Loaded when first used: most programs need none of them.
_LAZY_MODULES = ("utils", "parallel", "common_types")


def __getattr__(name):
    if name in _LAZY_MODULES:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name == "DataParallel":
        from .parallel import DataParallel

        return DataParallel
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def factory_kwargs(kwargs):
    """The device, dtype and memory_format in `kwargs`, also from a `factory_kwargs` entry; TypeError for others."""
    if kwargs is None:
        return {}
    simple_keys = {"device", "dtype", "memory_format"}
    expected_keys = simple_keys | {"factory_kwargs"}
    if not kwargs.keys() <= expected_keys:
        raise TypeError(f"unexpected kwargs {kwargs.keys() - expected_keys}")
    result = dict(kwargs.get("factory_kwargs", {}))
    for key in simple_keys & kwargs.keys():
        if key in result:
            raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
        result[key] = kwargs[key]
    return result
