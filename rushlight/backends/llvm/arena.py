"""Memory for what lives only inside a step: one arena for all plans, since one step runs at a time."""
import numpy as np

_ALIGN = 64


class Arena:
    """Grown to what the largest plan needs. `generation` changes with the address."""

    def __init__(self):
        self.bytes, self.generation = np.empty(0, np.uint8), 0
        self.address = 0

    def need(self, size):
        if size + _ALIGN > self.bytes.size:
            self.bytes = np.empty(size + _ALIGN, np.uint8)
            self.address = -(-self.bytes.ctypes.data // _ALIGN) * _ALIGN
            self.generation += 1

    def array(self, offset, shape, dtype):
        """A view of a part as an ndarray."""
        at = self.address - self.bytes.ctypes.data + offset
        return np.ndarray(shape, dtype, self.bytes, at)


arena = Arena()


def offsets(blocks):
    """Where to put blocks (bytes, first step, last step) so that those alive at one time do not overlap.

    Gives (offsets, bytes in all): each block in turn, the longest first, at the lowest place that is free."""
    placed, at, most = [], [0] * len(blocks), 0
    for i in sorted(range(len(blocks)), key=lambda i: -blocks[i][0]):
        size, born, dies = blocks[i]
        size = -(-size // _ALIGN) * _ALIGN
        low = 0
        for start, end, b, d in sorted(p for p in placed if p[2] <= dies and born <= p[3]):
            if start - low >= size:
                break
            low = max(low, end)
        at[i] = low
        placed.append((low, low + size, born, dies))
        most = max(most, low + size)
    return at, most
