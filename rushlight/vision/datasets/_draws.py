"""A block of random words from the default generator, as single draws would take them one after another.

`torch.rand(1)` and `torch.randint(n, (1,))` take one 32-bit word of the MT19937 stream each. Drawing for a whole batch
takes the words of all its images at once, and leaves the generator where the single draws would have left it.
"""

import numpy as np

import rushlight as torch

# The state of PyTorch's CPU generator: seed, left, seeded, next, 624 words (each in 8 bytes), then what randn keeps.
_LEFT, _SEEDED, _NEXT, _KEY, _SIZE, _WORDS = 8, 12, 16, 24, 5056, 624


def words(rows: int, columns: int) -> np.ndarray:
    """(rows, columns) uint32 words, drawn row by row."""
    if rows * columns == 0:
        return np.empty((rows, columns), np.uint32)
    state = torch.get_rng_state().numpy().copy()
    assert state.size == _SIZE, "the default generator does not keep PyTorch's state"
    left = state[_LEFT:_SEEDED].view(np.int32)
    key = state[_KEY : _KEY + 8 * _WORDS].view(np.uint64)
    twister = np.random.MT19937()
    # `left` counts down to 1, at which the next draw makes 624 new words.
    twister.state = {
        "bit_generator": "MT19937",
        "state": {"key": key.astype(np.uint32), "pos": _WORDS + 1 - int(left[0])},
    }
    drawn = twister.random_raw(rows * columns).astype(np.uint32).reshape(rows, columns)
    after = twister.state["state"]
    key[:] = after["key"]
    left[0] = _WORDS + 1 - after["pos"]
    state[_NEXT : _NEXT + 8].view(np.uint64)[0] = after["pos"]
    torch.set_rng_state(torch.from_numpy(state))
    return drawn


def uniforms(words: np.ndarray) -> np.ndarray:
    """What `torch.rand` makes of these words: float32 in [0, 1), from their low 24 bits."""
    return (words & np.uint32(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)
