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
        if storage.export is None and not storage.value.flags.writeable:    # a constant, spread: nobody has seen it yet
            storage.value = storage.value.copy()
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
    return export == "shared" or held_elsewhere(storage)


def _references_seen():
    """What sys.getrefcount says of an object that one container and one local hold: interpreters count differently."""
    container = [object()]
    held = container[0]
    return sys.getrefcount(held)


UNHELD = _references_seen()
_STRIDED = type(np.lib.stride_tricks.as_strided(np.zeros(1), (1,)).base)    # stands between such a view and its array


def held_elsewhere(storage):
    """Whether memory that came from outside is held by anyone but this storage: follows the array to what owns it."""
    holder = storage.value
    while True:
        if isinstance(holder, bytes) or getattr(holder, "sole_owner", False):
            return False
        if sys.getrefcount(holder) > UNHELD:
            return True
        if not isinstance(holder, (np.ndarray, _STRIDED)):
            return True
        if holder.base is None:
            return False
        holder = holder.base
