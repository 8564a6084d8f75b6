"""Checks of values: at the call when the values are there, else when the plan runs, naming the line that asked."""
from ..graph import primitives as P
from ..graph import recorder
from ..ops.declare import Op
from .apply import apply

guard_op = Op("guard", "input", "function arguments", compute=lambda x, function, arguments: P.after(x, P.check(function, (x,), arguments)),
              grads={"input": lambda g: g})


def ready(t):
    """Whether a tensor's value is in memory now."""
    storage = t._storage
    return storage.value is not None and (storage.trace is None or storage.trace is not recorder.current().trace
                                          or recorder.current().slots[storage.slot] is storage and _is_input(storage))


def _is_input(storage):
    rec = recorder.current()
    return storage.trace is rec.trace and not storage_written(rec, storage)


def storage_written(rec, storage):
    """Whether a storage that entered this trace was written in it."""
    return rec.slots.index(storage) != storage.slot


def checked(t, function, arguments):
    """t, after function(its ndarray, *arguments) has not raised."""
    if ready(t):
        function(t._array(), *arguments)
        return t
    recorder.current().sites.append(recorder.user_line())
    return apply(guard_op, (t,), (function, arguments))


Op.checked = staticmethod(checked)
