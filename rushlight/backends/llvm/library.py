"""Compiled kernels by specification: in memory, made when first asked for."""
import threading

from . import nest, target
from .kernel import compile_source

_kernels = {}
_lock = threading.Lock()
_GENERATORS = {nest.Nest: nest.generate}


def kernel(spec, limit=None):
    """The kernel of a specification."""
    key = spec, limit
    found = _kernels.get(key)
    if found is None:
        with _lock:
            found = _kernels.get(key)
            if found is None:
                host = target.host(limit)
                found = _kernels[key] = compile_source(_GENERATORS[type(spec)](spec, host), host)
    return found
