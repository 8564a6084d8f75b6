"""bfloat16, which NumPy does not have: its numbers are the upper halves of float32 numbers, held here as uint16 words."""
import numpy as np

_NAN = np.uint16(0x7FC0)


def to_float32(words):
    """The float32 numbers that uint16 words stand for; exact."""
    words = np.asarray(words)
    return np.asarray(words.astype(np.uint32) << np.uint32(16)).view(np.float32)


def from_float32(numbers):
    """uint16 words: rounded to the nearest, a tie to the even one; numbers too large become infinite.

    Numbers of any real dtype are made float32 first, as PyTorch does (so float64 is rounded twice).  Every NaN becomes
    the same one, of positive sign.
    """
    numbers = np.ascontiguousarray(numbers, np.float32).reshape(np.shape(numbers))
    words = numbers.view(np.uint32)
    # half of what is cut off, less one where the kept part is even: then cutting off rounds
    bias = np.asarray(words >> np.uint32(16))
    bias &= np.uint32(1)
    bias += np.uint32(0x7FFF)
    bias += words
    bias >>= np.uint32(16)
    result = bias.astype(np.uint16)
    nan = np.isnan(numbers)
    if nan.any():
        result = np.where(nan, _NAN, result)
    return result
