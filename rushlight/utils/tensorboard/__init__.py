"""Logs that the program `tensorboard` shows: `SummaryWriter`, and the `FileWriter` beneath it.

The event files are written by the package `tensorboard`, which is loaded when the first writer is made.
"""
from importlib.util import find_spec as _find_spec

if _find_spec("tensorboard") is None:
    raise ImportError("torch.utils.tensorboard needs the package tensorboard: pip install 'rushlight[tensorboard]'")

from rushlight.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "SummaryWriter"]
