"""Shared memory for batches: pieces of memory that go back and forth between a worker and the program.

The worker owns *segments*. It writes a batch into a free one (or makes a new one, whose file descriptor goes
with the message) and lends it. The program makes the batch's tensors over that memory; when the last of them is
gone, the segment's number goes back with the next task, and the worker writes into it again. So in a steady loop
no memory is made, mapped or zeroed, and nothing is copied on the program's side.
"""

import collections
import itertools
import os

import numpy as np

from rushlight.multiprocessing.memory import anonymous_file, map_file

# Where a buffer may start: a multiple of a cache line.
ALIGNMENT = 64

# Batches smaller than this go through the socket: copying is cheaper than the bookkeeping, and many small batches
# kept by the program would each hold a mapping, of which a process may have only some 65 000.
INLINE_BYTES = 32 * 1024

# Forks of this process so far. A forked child sees lent memory without our knowing when it is done with it.
_forks = 0


def _count_fork():
    global _forks
    _forks += 1


os.register_at_fork(after_in_parent=_count_fork)


def offsets_of(sizes):
    """Where buffers of these sizes lie, one after another, and the size of the whole."""
    offsets, end = [], 0
    for size in sizes:
        offsets.append(end)
        end += -(-size // ALIGNMENT) * ALIGNMENT
    return offsets, end


class SegmentWriter:
    """The worker's side: which segments there are, and which are free."""

    def __init__(self):
        self._memory = {}
        self._free = set()
        self._numbers = itertools.count()

    def take_back(self, returned):
        """`returned`: (number, whether it may be written again) of segments that the program is done with."""
        for number, reusable in returned:
            if reusable:
                self._free.add(number)
            else:
                self._memory.pop(number, None)

    def write(self, buffers):
        """Write `buffers` into a segment: (number, size, fd of a new one or None, numbers given up). OSError if
        there is no memory to be had; then the caller sends the bytes themselves."""
        offsets, size = offsets_of([buffer.nbytes for buffer in buffers])
        fitting = [number for number in self._free if len(self._memory[number]) >= size]
        fd, given_up = None, []
        if fitting:
            number = min(fitting, key=lambda candidate: len(self._memory[candidate]))
        else:
            # Batches have grown: one segment that has become too small goes for each new one.
            if self._free:
                given_up = [min(self._free, key=lambda candidate: len(self._memory[candidate]))]
                self._free.remove(given_up[0])
                del self._memory[given_up[0]]
            capacity = _rounded(size)
            fd = anonymous_file(capacity)
            number = next(self._numbers)
            self._memory[number] = map_file(fd, capacity)
        self._free.discard(number)
        memory = self._memory[number]
        for offset, buffer in zip(offsets, buffers):
            memory[offset : offset + buffer.nbytes] = np.frombuffer(buffer, dtype=np.uint8)
        return number, len(memory), fd, given_up


def _rounded(size):
    """A little more than `size`, so that batches of varying sizes find room in each other's segments."""
    step = max(4096, 1 << max(0, size.bit_length() - 3))
    return -(-size // step) * step


class SegmentReader:
    """The program's side, one for each worker: the memory of its segments, and what to give back."""

    def __init__(self):
        self._memory = {}
        self._returned = collections.deque()

    def map(self, number, fd, capacity):
        """Map a segment that is new; takes the descriptor over."""
        try:
            self._memory[number] = map_file(fd, capacity)
        except OSError:
            # Too many mappings. Read a copy, once: the lease sees that the segment is not mapped and ends it.
            self._memory[number] = _read(fd, capacity)
        finally:
            os.close(fd)

    def forget(self, numbers):
        for number in numbers:
            self._memory.pop(number, None)

    def lend(self, number):
        return Lease(self, number, self._memory[number])

    def returned(self):
        """Segments whose batches are gone since the last call, as `SegmentWriter.take_back` wants them."""
        result = []
        while self._returned:
            result.append(self._returned.popleft())
        return result

    def end_lease(self, number, reusable):
        if not reusable:
            self._memory.pop(number, None)
        self._returned.append((number, reusable))


def _read(fd, size):
    memory = np.empty(size, dtype=np.uint8)
    done = 0
    while done < size:
        count = os.preadv(fd, [memory[done:]], done)
        if count == 0:
            raise EOFError
        done += count
    return memory


class Lease:
    """One batch's use of a segment: it ends when the last array over it is gone."""

    def __init__(self, reader, number, memory):
        self._reader = reader
        self._number = number
        self._memory = memory
        self._forks = _forks

    def array(self, offset, size):
        """`size` bytes from `offset`, as an array whose owner nobody else has."""
        address = self._memory.__array_interface__["data"][0]
        return Piece(self, address + offset).array("|u1", (size,))

    def __del__(self):
        # Memory that a forked child may still be reading, or that is our own copy, is not written again.
        mapped = not self._memory.flags.owndata
        self._reader.end_lease(self._number, mapped and self._forks == _forks)


class Piece:
    """The base of an array over lent memory: the array is the only one over these bytes."""

    # Says to whoever adopts the array that holding the array is holding the memory alone.
    sole_owner = True

    __slots__ = ("__array_interface__", "_lease", "_address")

    def __init__(self, lease, address):
        self._lease = lease
        self._address = address

    def array(self, typestr, shape):
        self.__array_interface__ = {
            "version": 3,
            "data": (self._address, False),
            "typestr": typestr,
            "shape": tuple(shape),
        }
        return np.asarray(self)


def typed(buffer, typestr, shape):
    """An array of another type in the place of `buffer`, an array of bytes; with no other array behind it."""
    if isinstance(buffer.base, Piece):
        return Piece(buffer.base._lease, buffer.base._address).array(typestr, shape)
    return buffer.view(typestr).reshape(shape).copy()
