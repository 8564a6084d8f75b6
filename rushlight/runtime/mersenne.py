"""The Mersenne Twister's words, in NumPy: blocks of 624 at a time.

Source: Matsumoto and Nishimura, Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator (1998),
and their seeding of 2002, which is PyTorch's. Long runs of words are left to NumPy's engine in C, which is imported only then: that
takes longer than all the words that a small program draws.
"""
import numpy as np

WORDS = 624                 # of a block
_AHEAD = 397                # a word's twist needs the one so far ahead
_LONG = 1 << 19             # words that are worth importing numpy.random
_UPPER, _LOWER, _TWIST = np.uint32(1 << 31), np.uint32((1 << 31) - 1), np.uint32(0x9908B0DF)
_ONE, _MASK_7, _MASK_15 = np.uint32(1), np.uint32(0x9D2C5680), np.uint32(0xEFC60000)
_SHIFT_7, _SHIFT_11, _SHIFT_15, _SHIFT_18 = (np.uint32(n) for n in (7, 11, 15, 18))


class Mersenne:
    """A stream of 32-bit words.

    memory  625 numbers of four bytes: the block, and the place in it of the next word (624: the next block comes first)
    """

    def __init__(self, seed):
        self.memory = np.zeros(WORDS + 1, np.uint32)
        self.block = self.memory[:WORDS]
        self._long = None                   # NumPy's engine, once imported
        self.seed(seed)

    def seed(self, seed):
        """Begin the stream of the seed's lower 32 bits."""
        word = seed & 0xFFFFFFFF
        words = [word]
        for i in range(1, WORDS):
            word = 1812433253 * (word ^ word >> 30) + i & 0xFFFFFFFF
            words.append(word)
        self.set_state(words, WORDS)

    @property
    def position(self):
        return int(self.memory[WORDS])

    def set_state(self, block, position):
        self.block[:] = block
        self.memory[WORDS] = position

    def draw(self, count):
        """The next `count` words: a uint32 array."""
        if count >= _LONG:
            return self._draw_long(count)
        words = np.empty(count, np.uint32)
        self._walk(count, lambda at, lo, hi: words.__setitem__(slice(at, at + hi - lo), self.block[lo:hi]))
        return _tempered(words)

    def skip(self, count):
        while count >= _LONG:
            self._draw_long(_LONG)
            count -= _LONG
        self._walk(count, lambda at, lo, hi: None)

    def _walk(self, count, visit):
        """visit(words before, lo, hi) for each run of words in a block."""
        at, position = 0, self.position
        while at < count:
            if position == WORDS:
                self._next_block()
                position = 0
            run = min(WORDS - position, count - at)
            visit(at, position, position + run)
            at += run
            position += run
        self.memory[WORDS] = position

    def _next_block(self):
        block, near = self.block, WORDS - _AHEAD
        mixed = block & _UPPER
        last = int(mixed[-1])
        mixed[:-1] |= block[1:] & _LOWER
        twisted = mixed >> _ONE
        mixed &= _ONE
        mixed *= _TWIST
        twisted ^= mixed
        # in three pieces, each of which needs words that the ones before it have made
        for lo, hi, source in ((0, near, _AHEAD), (near, 2 * near, 0), (2 * near, WORDS - 1, near)):
            np.bitwise_xor(block[source:source + hi - lo], twisted[lo:hi], block[lo:hi])
        last |= int(block[0]) & int(_LOWER)
        block[-1] = int(block[_AHEAD - 1]) ^ last >> 1 ^ (last & 1) * int(_TWIST)

    def _draw_long(self, count):
        if self._long is None:
            from numpy.random import MT19937, RandomState

            bits = MT19937()
            self._long = bits, RandomState(bits)
        bits, engine = self._long
        bits.state = {"bit_generator": "MT19937", "state": {"key": self.block, "pos": self.position}}
        words = engine.randint(0, 2**32, count, dtype=np.uint32)
        inner = bits.state["state"]
        self.set_state(inner["key"], inner["pos"])
        return words


def _tempered(words):
    words ^= words >> _SHIFT_11
    words ^= words << _SHIFT_7 & _MASK_7
    words ^= words << _SHIFT_15 & _MASK_15
    words ^= words >> _SHIFT_18
    return words
