"""`torch.multiprocessing`: Python's multiprocessing, with tensors that cross processes in shared memory.

    spawn.py       run a function in several processes
    reductions.py  how a tensor is put on a Queue or Pipe, or given to a Process
    memory.py      shared memory without a name, and so without anything left behind
"""

import multiprocessing
from multiprocessing import *  # noqa: F403

from rushlight.multiprocessing.reductions import init_reductions
from rushlight.multiprocessing.spawn import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = ["set_sharing_strategy", "get_sharing_strategy", "get_all_sharing_strategies"]
__all__ += multiprocessing.__all__
__all__ += [
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "spawn",
    "start_processes",
]

_all_sharing_strategies = {"file_descriptor", "file_system"}
_sharing_strategy = "file_descriptor"


def set_sharing_strategy(new_strategy):
    """Remember the strategy. Shared memory has no name here whatever it is, and descriptors are not kept open
    for what a DataLoader sends, so none of them runs out of anything."""
    global _sharing_strategy
    if new_strategy not in _all_sharing_strategies:
        raise AssertionError(
            f"invalid sharing strategy {new_strategy!r}, expected one of {_all_sharing_strategies}"
        )
    _sharing_strategy = new_strategy


def get_sharing_strategy():
    return _sharing_strategy


def get_all_sharing_strategies():
    return _all_sharing_strategies


init_reductions()
