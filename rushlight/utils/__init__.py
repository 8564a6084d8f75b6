"""Helpers around the library: data loading, hooks, TensorBoard, checkpointing. Each is loaded when first named."""


def __getattr__(name):
    from importlib import import_module

    if name.startswith("__"):
        raise AttributeError(f"module 'torch.utils' has no attribute {name!r}")
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module 'torch.utils' has no attribute {name!r}") from None
