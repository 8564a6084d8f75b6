"""The CPU generator: PyTorch's MT19937 stream, and the tickets by which recorded steps reserve parts of it.

Every draw is a number of 32-bit words, known when it is recorded (rejection samplers excepted: these draw at once).
`ticket(n)` reserves words in program order without drawing them; `take()` draws them when the step runs. Whoever needs
the true state (`get_rng_state`, a new seed, a direct draw) settles the outstanding tickets first.
Source: torch.Generator. The words come from mersenne.py, or from a kernel that works on its memory (backends/llvm/words.py).
"""
import os
import struct
import sys
from collections import deque
from threading import RLock

import numpy as np

from . import devices
from .mersenne import WORDS, Mersenne
from .random_bits import float64_units, normal_pair

DEFAULT_SEED = 67280421310721
STATE_BYTES = 5056
_HEAD = struct.Struct("<QiiQ")  # seed, words left of the block (1 at its end), whether seeded, next word of the block
_KEY_BYTES = 8 * WORDS   # each word in eight bytes
_TAIL = struct.Struct("<8xd8xi4xfi")  # a double normal kept for next time, whether; a float one, whether
_MANY = 2**18  # from here on a kernel is worth being compiled
_COMPILED = __package__.rpartition(".")[0] + ".backends.llvm.driver"  # loaded once something runs compiled


class Ticket:
    """Words reserved in program order; `take()` draws them, after all that was reserved before.

    count   how many words
    serial  whether they are a run of serial normals; then `carry` is, once taken, the normal kept from an earlier draw
            that comes first (or None), and `keeps` says that the last pair leaves one for the next draw
    native  whether a kernel draws the words, so that nobody can take them
    """

    __slots__ = ("generator", "count", "words", "serial", "uses_carry", "keeps", "carry", "native")

    def __init__(self, generator, count, serial=False, uses_carry=False, keeps=False):
        self.generator = generator
        self.count = count
        self.words = None
        self.serial = serial
        self.uses_carry = uses_carry
        self.keeps = keeps
        self.carry = None
        self.native = False

    def take(self):
        """The words: a uint32 array of `count`."""
        if self.words is None:
            self.generator._draw_through(self)
        return self.words


class Generator:
    """PyTorch's CPU generator. Source: torch.Generator.

    The Tensor faces of the state (`get_state`, `set_state`) are added where Tensors are known; here it is bytes.
    """

    def __init__(self, device="cpu"):
        self._device = _cpu_only(device)
        self._lock = RLock()
        self._queue = deque()
        self._made = None                 # the engine, once a word is drawn: seeding it takes time
        self._reseed(DEFAULT_SEED)

    @property
    def device(self):
        return self._device

    # -- seeds

    def manual_seed(self, seed):
        """Begin the stream of `seed`, an integer of [-2**63, 2**64); returns the generator."""
        if not isinstance(seed, int) or isinstance(seed, bool):
            if isinstance(seed, np.integer):
                raise TypeError("an integer is required")
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -2**63 <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        with self._lock:
            self.settle()
            self._reseed(seed & 0xFFFFFFFFFFFFFFFF)
        return self

    def seed(self):
        """Begin the stream of a seed from the operating system; returns the seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self):
        """The seed of the present stream, as an unsigned 64-bit number."""
        return self._seed

    def get_offset(self):
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset):
        raise RuntimeError("CPU Generator does not use offset")

    def _reseed(self, seed):
        self._seed = seed
        self._at_seed = True  # no word drawn yet: PyTorch's state says so
        self._made = None
        self._kept_normal = None       # as of the words drawn
        self._kept_float = None        # part of PyTorch's state, which nothing on the CPU reads
        self._will_keep_normal = False  # as of the words reserved

    # -- words

    def words(self, count):
        """The next `count` words now: a uint32 array."""
        with self._lock:
            self.settle()
            return self._draw(count)

    def skip(self, count):
        """Advance by `count` words."""
        with self._lock:
            self.settle()
            if count:
                self._at_seed = False
                self._engine().skip(count)

    def ticket(self, count):
        """Reserve the next `count` words."""
        ticket = Ticket(self, count)
        self._queue.append(ticket)
        return ticket

    def normal_ticket(self, count):
        """Reserve the words of `count` serial normals: four for a pair, whose second one may be kept for next time."""
        with self._lock:
            uses_carry = self._will_keep_normal and count > 0
            fresh = count - uses_carry
            if count > 0:
                self._will_keep_normal = fresh % 2 == 1
            ticket = Ticket(self, 4 * ((fresh + 1) // 2), True, uses_carry, fresh % 2 == 1)
            self._queue.append(ticket)
        return ticket

    def settle(self):
        """Draw all outstanding tickets, in order."""
        if self._queue:
            with self._lock:
                while self._queue:
                    self._fill(self._queue.popleft())

    def _draw_through(self, ticket):
        with self._lock:
            if ticket.native:
                raise RuntimeError(f"the {ticket.count} words of this ticket were left to a kernel to draw; they cannot be taken")
            while ticket.words is None:
                self._fill(self._queue.popleft())

    def _fill(self, ticket):
        words = ticket.words = self._draw(ticket.count)
        if ticket.uses_carry:
            ticket.carry, self._kept_normal = self._kept_normal, None
        if ticket.keeps:
            self._kept_normal = normal_pair(*float64_units(words[-4:]).tolist())[1]

    def _draw(self, count):
        if count == 0:
            return np.empty(0, np.uint32)
        self._at_seed = False
        engine = self._engine()
        if count < _MANY or _COMPILED not in sys.modules:
            return engine.draw(count)
        from ..backends.llvm.words import draw_chunks

        words = np.empty(count, np.uint32)
        drawn = draw_chunks(engine.memory.ctypes.data, words)
        words[drawn:] = engine.draw(count - drawn)
        return words

    # -- for kernels that make the words themselves

    @property
    def lock(self):
        """Whoever holds it is alone with the stream."""
        return self._lock

    def native_state(self, *tickets):
        """The address of the engine, for kernels that draw the words of these tickets, in this order: 624 words of four
        bytes, then the place of the next one, an int. What was reserved before is drawn now.

        None if the host must draw: words of theirs are drawn already, or others are reserved in between. Hold `lock` from
        before the call until the kernels have run, once each.
        """
        with self._lock:
            if any(ticket.serial or ticket.native for ticket in tickets):
                raise RuntimeError("a kernel can draw the words of a ticket once, and none of serial normals")
            if any(ticket.words is not None for ticket in tickets):
                return None
            queue = self._queue
            while queue[0] is not tickets[0]:
                self._fill(queue.popleft())
            if len(queue) < len(tickets) or any(queue[i] is not ticket for i, ticket in enumerate(tickets)):
                return None
            address = self._engine().memory.ctypes.data
            for ticket in tickets:
                queue.popleft()
                ticket.native = True
                if ticket.count:
                    self._at_seed = False
            return address

    def _engine(self):
        if self._made is None:
            self._made = Mersenne(self._seed)
        return self._made

    # -- for samplers that cannot know beforehand how much they draw

    def mark(self):
        """Where the stream is, for `rewind`."""
        self.settle()
        return self.mt19937_state(), self._at_seed

    def rewind(self, mark):
        """Go back to where `mark` was taken."""
        state, self._at_seed = mark
        self._engine().set_state(*state)

    def take_kept_normal(self):
        """The normal kept from an earlier serial draw, or None; it is kept no longer."""
        self.settle()
        kept, self._kept_normal = self._kept_normal, None
        self._will_keep_normal = False
        return kept

    def keep_normal(self, value):
        """Keep a standard normal (or None) for the next serial draw."""
        self._kept_normal = value
        self._will_keep_normal = value is not None

    # -- state

    def mt19937_state(self):
        """(the block of 624 words, the place of the next word in it), for code that makes the words itself."""
        with self._lock:
            self.settle()
            engine = self._engine()
            return engine.block.copy(), engine.position

    def set_mt19937_state(self, key, position):
        """Go on from a block of 624 words at `position` (624: make the next block first)."""
        with self._lock:
            self.settle()
            self._at_seed = False
            self._engine().set_state(key, position)

    def get_state_bytes(self):
        """The state as the 5056 bytes of `torch.get_rng_state()`."""
        with self._lock:
            self.settle()
            engine = self._engine()
        following = 0 if self._at_seed else engine.position
        left = 1 if self._at_seed else WORDS + 1 - following
        return b"".join((
            _HEAD.pack(self._seed, left, 1, following),
            engine.block.astype("<u8").tobytes(),
            _TAIL.pack(self._kept_normal or 0.0, self._kept_normal is not None,
                       self._kept_float or 0.0, self._kept_float is not None)))

    def set_state_bytes(self, state):
        """Go on from a state of PyTorch's or of ours; RuntimeError if it is none."""
        state = bytes(state)
        if len(state) != STATE_BYTES:
            raise RuntimeError(f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG state "
                               f"size to be {len(state)}")
        seed, left, seeded, following = _HEAD.unpack_from(state)
        at_seed = left == 1 and following == 0
        if seeded != 1 or not (at_seed or (left >= 1 and left + following == WORDS + 1)):
            raise RuntimeError("Invalid mt19937 state")
        key = np.frombuffer(state, "<u8", WORDS, _HEAD.size).astype(np.uint32)
        normal, has_normal, kept_float, has_float = _TAIL.unpack_from(state, _HEAD.size + _KEY_BYTES)
        with self._lock:
            self.set_mt19937_state(key, WORDS if at_seed else following)
            self._seed = seed
            self._at_seed = at_seed
            self.keep_normal(normal if has_normal else None)
            self._kept_float = kept_float if has_float else None

    def clone(self):
        """Another generator at the same place of the same stream."""
        return _generator_at(self._device, self.get_state_bytes())

    def __reduce__(self):
        return _generator_at, (str(self._device), self.get_state_bytes())


Generator.__module__ = "torch._C"  # as its printed form says


def _generator_at(device, state):
    generator = Generator(device)
    generator.set_state_bytes(state)
    return generator


def _cpu_only(device):
    found = devices.device(device)
    if found.type == "cpu":
        return found
    if found.type == "cuda":
        raise RuntimeError("Cannot get CUDA generator without ATen_cuda library. rushlight draws on the CPU; use "
                           "torch.Generator('cpu')")
    raise RuntimeError(f"{found.type.upper()} device type not an accelerator.")
