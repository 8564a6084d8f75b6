"""What owns memory: storages, and the counters by which autograd sees that they were written."""
import sys
import weakref

import numpy as np


class Version:
    """How often a storage was written through the tensors that share this counter: views and `detach()` do."""

    __slots__ = ("n",)

    def __init__(self):
        self.n = 0


class Poison:
    """Stands for a value that was never computed because the step that should have made it failed."""

    __slots__ = ("error",)

    def __init__(self, error):
        self.error = error


class Storage:
    """Memory of one dtype and one base shape (`root`), seen by any number of views.

    value   the ndarray of the base shape; None while the value is only recorded; Poison after a failure
    trace   the trace in which `slot` names the storage's current value (see graph.recorder)
    export  who else holds the memory: None, or a weak reference to an export token, or the string "foreign"
    pinned  the address was told to somebody: later values are copied to where the first lay
    """

    __slots__ = ("value", "slot", "trace", "root", "export", "pinned", "__weakref__")

    def __init__(self, root, value=None):
        self.root = root
        self.value = value
        self.trace = None
        self.slot = -1
        self.export = None
        self.pinned = False


class ExportToken:
    """The base of an array that `numpy()` gave away. While it lives, others may read and write the memory."""

    __slots__ = ("__array_interface__", "memory", "__weakref__")

    def __init__(self, memory):
        self.memory = memory
        self.__array_interface__ = memory.__array_interface__


def export_array(storage):
    """The storage's memory as an ndarray that keeps the storage marked as exposed while anyone holds it."""
    token = storage.export() if isinstance(storage.export, weakref.ref) else None
    if token is None:
        token = ExportToken(storage.value)
        if storage.export is None:
            storage.export = weakref.ref(token)
    storage.pinned = True
    return np.asarray(token)


def is_exposed(storage):
    """Whether anyone outside may read or write this storage's memory now."""
    export = storage.export
    if export is None:
        return False
    if export.__class__ is weakref.ref:
        if export() is not None:
            return True
        storage.export = None
        return False
    if export == "shared" or held_elsewhere(storage.value):
        return True
    return False


def held_elsewhere(array, extra=0):
    """Whether an array that came from outside is still held by others than its storage."""
    base = array
    count = 3 + extra  # the storage's reference (or the child's .base), this local, getrefcount's argument
    while True:
        if sys.getrefcount(base) > count + (1 if base is array else 0):
            return True
        parent = base.base
        if parent is None:
            return False
        if not isinstance(parent, np.ndarray):
            return not isinstance(parent, bytes)
        base = parent
        count = 3
