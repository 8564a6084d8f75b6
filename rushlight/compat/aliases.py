"""`import torch` finds Rushlight: one finder at the head of `sys.meta_path`, with no list of modules.

    torch.X.Y         is  rushlight.X.Y
    torchvision.X     is  rushlight.vision.X
    torchsummary      is  rushlight.inspect.summary
    torchviz          is  rushlight.inspect.graph_drawing

*Is*, not *is a copy of*: both names lead to one module object, so a class never exists twice.

Child processes.  `install()` puts the folder `startup/` at the head of PYTHONPATH.  Its `sitecustomize.py` is run by
every Python that starts with that environment (subprocesses of `sys.executable`, the spawn and forkserver methods of
multiprocessing, Jupyter's kernels, pytest's workers), installs this finder, and hands on to a `sitecustomize` of the
user's own.  A forked child has the finder already.  We chose it over a `.pth` file, which every Python of the
environment would read for ever, run or not.  Only children told to ignore the environment (`python -I`, `-E`, `-S`,
or `env={}`) do not inherit the names.

This file imports nothing of Rushlight and little of the standard library: it is loaded at the start of every child,
and most children never import torch.
"""
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

ALIASES = {
    "torch": "rushlight",
    "torchvision": "rushlight.vision",
    "torchsummary": "rushlight.inspect.summary",
    "torchviz": "rushlight.inspect.graph_drawing",
}
# the engine's rooms, whose classes nobody sees by name
ENGINE = frozenset(("tensor", "ops", "graph", "schedule", "backends", "runtime", "compat", "cli", "serialization", "_utils"))
HERE = os.path.dirname(os.path.abspath(__file__))
STARTUP = os.path.join(HERE, "startup")
HOME = os.path.dirname(os.path.dirname(HERE))  # the folder that holds the package


class AliasFinder:
    """The meta-path finder; it also answers `importlib.metadata.version("torch")`."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        root, dot, rest = name.partition(".")
        if name == "rushlight":
            # A child finds the package that its parent ran, wherever its own sys.path leads.
            return PathFinder.find_spec(name, [HOME])
        if root == "rushlight" and name.split(".")[1] not in ENGINE:
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.loader is not None:
                spec.loader = NamingLoader(spec.loader)
            return spec
        if root not in ALIASES:
            return None
        real_name = ALIASES[root] + dot + rest
        real = _spec_of(real_name)
        if real is None:
            # Not `return None`: a PyTorch installed beside us must not fill the gap with half of itself.
            raise ModuleNotFoundError(f"rushlight has no {name} yet", name=name)
        spec = ModuleSpec(name, AliasLoader(real_name), origin=real.origin)
        spec.has_location = real.has_location
        spec.submodule_search_locations = real.submodule_search_locations
        return spec

    @staticmethod
    def invalidate_caches():
        """Nothing is cached."""

    @staticmethod
    def find_distributions(context):
        """What `importlib.metadata` asks: the names `torch` ... are installed, in the version that they say."""
        from rushlight.compat.metadata import distributions

        return distributions(context.name, ALIASES)


def _spec_of(real_name):
    """The spec of a module of ours, or None where there is none.  Its parents are imported."""
    if real_name in sys.modules:
        return sys.modules[real_name].__spec__ or ModuleSpec(real_name, None)
    parent, _, _ = real_name.rpartition(".")
    if parent and not hasattr(importlib.import_module(parent), "__path__"):
        return None
    return importlib.util.find_spec(real_name)


class NamingLoader:
    """Loads a module of ours and lets its classes say the names that programs know: torch.nn.modules.linear.Linear."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        name_classes(module)


def name_classes(module):
    """Give the classes of a module of ours the module name under which programs import them."""
    own = module.__name__
    for alias, real in reversed(ALIASES.items()):
        if own == real or own.startswith(real + "."):
            public = alias + own[len(real):]
            break
    else:
        return
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == own:
            value.__module__ = public


class AliasLoader:
    """Loads `torch.X` by importing `rushlight.X` and giving out that very module."""

    def __init__(self, real_name):
        self.real_name = real_name

    def create_module(self, spec):
        module = importlib.import_module(self.real_name)
        self.real_spec = module.__spec__
        return module

    def exec_module(self, module):
        # The import system has just written the alias's spec into the module; it keeps its own.
        module.__spec__ = self.real_spec

    # What runpy and inspect ask of a loader, for `python -m torch.X`.
    def get_code(self, name):
        return importlib.util.find_spec(self.real_name).loader.get_code(self.real_name)

    def get_source(self, name):
        return importlib.util.find_spec(self.real_name).loader.get_source(self.real_name)

    def is_package(self, name):
        return importlib.util.find_spec(self.real_name).submodule_search_locations is not None


def installed():
    """Whether the names lead to Rushlight in this process."""
    return any(getattr(finder, "__name__", "") == "AliasFinder" for finder in sys.meta_path)


def install_finder():
    """Turn the names on in this process alone."""
    if installed():
        return
    for name in ALIASES:
        module = sys.modules.get(name)
        if module is not None and not module.__name__.startswith("rushlight"):
            raise RuntimeError(f"the real {name} is imported already; the names must be turned on before")
    sys.meta_path.insert(0, AliasFinder)
    for name, module in list(sys.modules.items()):
        if name.startswith("rushlight.") and name.split(".")[1] not in ENGINE:
            name_classes(module)


def install():
    """Turn the names on in this process and in the processes that it will start."""
    install_finder()
    inherited = os.environ.get("PYTHONPATH")
    folders = inherited.split(os.pathsep) if inherited else []
    if STARTUP not in folders:
        os.environ["PYTHONPATH"] = os.pathsep.join([STARTUP, *folders])
