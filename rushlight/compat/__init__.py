"""The opt-in names: `torch`, `torchvision`, `torchsummary` and `torchviz` as names of Rushlight's modules.

`rushlight run` turns them on for a program and its children.  A notebook can do it by hand, before it imports them:

    import rushlight.compat
    rushlight.compat.install()
    import torch          # is rushlight
"""
from rushlight.compat.aliases import install, installed

__all__ = ["install", "installed"]
