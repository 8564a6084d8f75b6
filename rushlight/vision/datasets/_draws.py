"""A block of random words from the default generator, as single draws would take them one after another.

`torch.rand(1)` and `torch.randint(n, (1,))` take one 32-bit word of the MT19937 stream each. Drawing for a whole batch
takes the words of all its images at once, and leaves the generator where the single draws would have left it.
"""

import numpy as np

import rushlight as torch


def words(rows: int, columns: int) -> np.ndarray:
    """(rows, columns) uint32 words, drawn row by row."""
    return torch.default_generator.words(rows * columns).reshape(rows, columns)


def uniforms(words: np.ndarray) -> np.ndarray:
    """What `torch.rand` makes of these words: float32 in [0, 1), from their low 24 bits."""
    return (words & np.uint32(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)
