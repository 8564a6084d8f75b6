"""Arrays that results are written to: those of earlier runs that nobody holds any more, before new ones.

A small result has spares of its own. Large ones of one shape share theirs, over all programs: the gradients of the first step,
which is a plan of its own, lie where those of the second do.
"""
import ctypes
import sys
from math import prod
from weakref import WeakValueDictionary

import numpy as np

_LARGE = 1 << 20            # bytes from which spares are shared
_LONG = 64                  # large arrays made after which spares that nobody asked for are let go

_shared = WeakValueDictionary()     # (shape, dtype) -> Spares, as long as a program writes such results
_made = 0                   # large arrays so far
_byte = ctypes.c_char


class Spares(list):
    """(array, address) pairs, `most` of them at most; `used`: what _made was when one was asked for."""

    __slots__ = ("most", "used", "__weakref__")

    def __init__(self, most):
        super().__init__()
        self.most, self.used = most, _made


def spares_of(places):
    """The Spares for each of a program's results."""
    found, wanted = [], {}
    for place in places:
        key = place.shape, place.dtype
        if prod(place.shape) * place.dtype.itemsize < _LARGE:
            found.append(Spares(2))
            continue
        wanted[key] = wanted.get(key, 1) + 1                # one more than a run writes: the run before may still be looked at
        spares = _shared.setdefault(key, Spares(2))
        spares.most = max(spares.most, wanted[key])
        found.append(spares)
    return found


def fresh(place, spares):
    """(an array that nobody else holds, its address)."""
    spares.used = _made
    for pair in spares:
        if sys.getrefcount(pair[0]) == 2:
            return pair
    array = np.empty(place.shape, place.dtype.numpy)
    if array.nbytes >= _LARGE:
        _forget()
    pair = array, address_of(array)
    if len(spares) >= spares.most:
        spares.pop(0)
    spares.append(pair)
    return pair


def _forget():
    global _made
    _made += 1
    for spares in _shared.values():
        if spares and _made - spares.used > _LONG:
            spares.clear()


def address_of(array):
    """Where an array lies. (`array.ctypes.data` takes three times as long.)"""
    if array.flags.writeable and array.nbytes:
        return ctypes.addressof(_byte.from_buffer(array))
    return array.ctypes.data
