"""The real torchvision beside a CPU-only PyTorch, to compare with.

The wheel is built for CUDA: its compiled operators (nms, roi_align, ...) do not load.  Declaring their names is enough
for its Python to be imported: models, transforms, datasets and utils are whole.  As a program, this file runs another
one that way:  python real_torchvision.py program.py ARGUMENTS
"""
import importlib.util
import os
import re
import sys


def load():
    """Import and return torchvision; ModuleNotFoundError where it is not installed."""
    import torch

    if "torchvision" not in sys.modules:
        spec = importlib.util.find_spec("torchvision")
        if spec is None:
            raise ModuleNotFoundError("torchvision is not installed", name="torchvision")
        with open(os.path.join(spec.submodule_search_locations[0], "_meta_registrations.py"), encoding="utf8") as file:
            operators = re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"', file.read())
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in sorted(set(operators)):
            library.define(f"{name}(Tensor a) -> Tensor")
        import torchvision

        torchvision._declared_operators = library  # the names last as long as it does
    return sys.modules["torchvision"]


if __name__ == "__main__":
    import runpy

    load()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
