"""Names of a package that load the module holding them at first use (PEP 562).

`import torchvision` must be quick, so packages list their names here instead of importing them.
"""


def lazy_names(package: str, places: dict[str, str], submodules=()):
    """(`__getattr__`, `__dir__`, `__all__`) for `package`.

    `places` maps a public name to the submodule that defines it; `submodules` are names that are modules themselves.
    """
    from importlib import import_module
    from sys import modules

    modules_here = set(submodules) | set(places.values())

    def __getattr__(name):
        if name in places:
            value = getattr(import_module(f"{package}.{places[name]}"), name)
            setattr(modules[package], name, value)
            return value
        if name in modules_here:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__():
        return sorted(set(vars(modules[package])) | set(places) | modules_here)

    return __getattr__, __dir__, list(places)
