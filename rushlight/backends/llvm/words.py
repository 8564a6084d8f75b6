"""The generator's words, made where they are used: the MT19937 recurrence and what becomes of its words, in vectors.

A kernel gets the address of the generator's engine (a block of 624 words, then the place of the next one) and leaves the engine as
it stands after as many draws. The stream is a sequence of blocks. The first phase runs the recurrence alone and notes
the blocks at which the parts of the second begin; these run it again, each over its own blocks within the first level cache,
temper the words and store values. That is quicker than passing the words through memory.
Source: Matsumoto and Nishimura, Mersenne Twister (1998); runtime/random_uniform.py and random_normal.py for the values.
"""
import ctypes
import functools
import math
from dataclasses import dataclass

import numpy as np

from ...runtime import dtypes, random_normal
from . import box_muller, ir, target
from .kernel import Source
from .target import BYTES

BLOCK, _LAG = 624, 397
_UPPER, _LOWER, _MATRIX = 0x80000000, 0x7FFFFFFF, 0x9908B0DF
_BEFORE = 16                # words of the block before that lie in front of a block: a group of words may begin there
_AFTER = 16                 # words behind it that a vector may read and no value depends on
_SLOT = _BEFORE + BLOCK + _AFTER
_HEAD = 16                  # words of the workspace before the slots: the place where the draw begins
_PART = 1 << 16             # words a part makes at least
_MOST_PARTS = 4             # each further one lengthens the first phase

_NORMALS = random_normal.BLOCK

_RAW = {"uint32": "i32"}
_UNIFORM = {"float32": "float", "float64": "double"}
_BERNOULLI = {"bool": "i8", "uint8": "i8", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "float16": "i16",
              "bfloat16": "i16", "float32": "float", "float64": "double"}
_ONE = {"float16": 0x3C00, "bfloat16": 0x3F80}              # 1 as a word of memory


@dataclass(frozen=True)
class Words:
    """A draw of `count` elements: kind and params as in runtime/random_draws.py (or "raw", the words), dtype a name.

    Arguments of the kernel: the engine, the result, the workspace.
    """

    kind: str
    params: tuple
    count: int
    dtype: str

    @property
    def group(self):
        """Words that are turned into elements together."""
        if self.kind == "normal":
            return _NORMALS
        return 2 if self.kind == "bernoulli" or self.kind == "uniform" and self.dtype == "float64" else 1

    @property
    def groups(self):
        """Whole groups."""
        return self.count // _NORMALS if self.kind == "normal" else self.count

    @property
    def words(self):
        if self.kind == "normal":
            return random_normal.block_words(self.count, dtypes.float32)
        return self.group * self.count

    @property
    def shape(self):
        """What the work is measured by."""
        return (self.words,)

    @property
    def type(self):
        """The elements as they lie in memory."""
        return {"raw": _RAW, "uniform": _UNIFORM, "bernoulli": _BERNOULLI, "normal": {"float32": "float"}}[self.kind][self.dtype]


def supports(kind, params, shape, dtype):
    """Whether a draw has a kernel."""
    count, name = math.prod(shape), dtype if isinstance(dtype, str) else dtype.name
    if count == 0 or not all(isinstance(p, (int, float)) and abs(p) < 1e30 for p in params):
        return False
    if any(p == 0 and math.copysign(1, p) < 0 for p in params):
        return False                            # adding -0 keeps a sign that the host's way may drop
    if kind == "raw":
        return name in _RAW and not params
    if kind == "bernoulli":
        return name in _BERNOULLI and 0 <= params[0] <= 1
    if kind == "uniform":
        return name in _UNIFORM
    dense = len(params) < 3 or params[2]
    return kind == "normal" and name == "float32" and count >= _NORMALS and bool(dense)


def parts_of(words):
    return min(max(words // _PART, 1), _MOST_PARTS)


def generate(spec, host):
    """The Source of a draw."""
    lanes, parts = min(host.lanes("i32"), 16), parts_of(spec.words)
    following = _following(lanes)
    phases = [(_advance(spec, following, lanes), 1), (_values(spec, following, lanes), parts)]
    if spec.kind == "normal" and spec.count % _NORMALS:
        phases.append((_last_normals(spec), 1))
    workspace = BYTES["i32"] * (_HEAD + parts * _SLOT)
    return Source(ir.module(following, *(f for f, _ in phases)), tuple((f.name, n) for f, n in phases), workspace,
                  traffic=BYTES[spec.type] * spec.count)


# ------------------------------------------------------------------ words for the host
@functools.cache
def _chunk():
    """A kernel of _PART words in one part: it, its phases as functions, the bytes of its workspace."""
    from . import library                       # which knows this file's kernels

    source = generate(Words("raw", (), _PART, "uint32"), target.host())
    kernel = library.fixed("chunk of words", source.text, [name for name, _ in source.phases])
    call = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
    return kernel, [call(address) for address, _ in kernel.phases], source.workspace


def draw_chunks(engine, words):
    """Fill a uint32 array from the engine at an address by whole chunks; how many words that were."""
    _, phases, size = _chunk()
    workspace = np.empty(size, np.uint8)
    chunks = words.size // _PART
    for i in range(chunks):
        arguments = (ctypes.c_void_p * 3)(engine, words.ctypes.data + words.itemsize * _PART * i, workspace.ctypes.data)
        for phase in phases:
            phase(0, 1, arguments)
    return chunks * _PART


# ------------------------------------------------------------------ the recurrence
def _following(lanes):
    """following_block(block): the block after it in its place, and its last words in front."""
    f = ir.Function("following_block", "ptr %block", internal=True, attributes="#1")
    block = ir.Reg("%block", "ptr")
    for i in range(0, _BEFORE, lanes):
        f.store(f.load(block, BLOCK - _BEFORE + i, "i32", lanes), block, i - _BEFORE)
    near = BLOCK - _LAG                         # word i needs word i - 227: the words behind i - 224 and those of the vector before
    aligned = near // lanes * lanes
    offset = lanes - near % lanes

    def step(i, source, next_at, carried):
        """The vector at i from: itself, the one after it, and the two that hold the words 227 before."""
        current, far = carried
        after, farther = f.load(block, next_at, "i32", lanes), f.load(block, source, "i32", lanes)
        neighbour = f.shuffle(current, after, range(1, lanes + 1))
        middle = f.shuffle(far, farther, range(offset, offset + lanes))
        f.store(f.binary("xor", middle, _twisted(f, current, neighbour)), block, i)
        return after, farther

    start = f.load(block, 0, "i32", lanes), f.load(block, BLOCK - aligned - lanes, "i32", lanes)
    carried = f.loop(0, aligned, lanes, lambda i, c: step(i, f.add(i, BLOCK - aligned), f.add(i, lanes), c), start)
    last = BLOCK - lanes
    carried = f.loop(aligned, last, lanes, lambda i, c: step(i, f.sub(i, aligned), f.add(i, lanes), c), carried)
    step(last, last - aligned, 0, carried)
    return f


def _twisted(f, word, neighbour):
    lanes = word.lanes

    def number(n):
        return f.constant(n, "i32", lanes)

    joined = f.binary("or", f.binary("and", word, number(_UPPER)), f.binary("and", neighbour, number(_LOWER)))
    odd = f.test("icmp ne", f.binary("and", neighbour, number(1)), number(0))
    half = f.binary("lshr", joined, number(1))
    return f.select(odd, f.binary("xor", half, number(_MATRIX)), half)


def _tempered(f, word):
    for shift, bits, mask in (("lshr", 11, None), ("shl", 7, 0x9D2C5680), ("shl", 15, 0xEFC60000), ("lshr", 18, None)):
        moved = f.binary(shift, word, f.constant(bits, "i32", word.lanes))
        if mask is not None:
            moved = f.binary("and", moved, f.constant(mask, "i32", word.lanes))
        word = f.binary("xor", word, moved)
    return word


# ------------------------------------------------------------------ the phases
def _slot(f, part):
    """The block of a part."""
    return f.at(f.argument(2), f.add(f.mul(part, _SLOT), _HEAD + _BEFORE), "i32")


def _blocks(f, position, words, part, parts):
    """The first block of a part; the one that the draw begins in is 0."""
    blocks = f.div(f.add(position, words + BLOCK - 1), BLOCK)
    return f.div(f.mul(blocks, part), parts)


def _copy(f, source, to, lanes, words):
    f.loop(0, words, lanes, lambda i: f.store(f.load(source, i, "i32", lanes), to, i))


def _advance(spec, following, lanes):
    """Phase 1: every part's first block, with the words before it."""
    f = ir.Function("advance")
    parts = parts_of(spec.words)
    engine = f.argument(0)
    position = f.convert("zext", f.load(engine, BLOCK, "i32"), "i64")
    f.store(position, f.argument(2))
    _copy(f, engine, _slot(f, 0), lanes, BLOCK)

    def part(p):
        before = f.sub(p, 1)
        block = _slot(f, p)
        _copy(f, f.at(_slot(f, before), -_BEFORE, "i32"), f.at(block, -_BEFORE, "i32"), lanes, _BEFORE + BLOCK)
        f.loop(_blocks(f, position, spec.words, before, parts), _blocks(f, position, spec.words, p, parts), 1,
               lambda b: f.call(following, block))

    f.loop(1, parts, 1, part)
    return f


def _values(spec, following, lanes):
    """Phase 2: the values of a part's blocks; the last part leaves the engine where the draw ends."""
    f = ir.Function("values")
    position = f.load(f.argument(2), 0, "i64")
    block, out = _slot(f, ir.PART), f.argument(1)
    lo, hi = (_blocks(f, position, spec.words, p, ir.PARTS) for p in (ir.PART, f.add(ir.PART, 1)))
    emit = _EMITTERS[spec.kind](f, spec, lanes, out)
    at_once = max(lanes // spec.group, 1)

    def values(b):
        f.when(f.compare("sgt", b, lo), lambda: f.call(following, block))
        # groups whose last word lies in this block; a group before it is one that has begun in the block before
        behind = f.sub(f.mul(b, BLOCK), position)
        first = f.binary("ashr", behind, f.constant(int(math.log2(spec.group)), "i64"))
        start, end = f.most(first, 0), f.least(f.add(first, BLOCK // spec.group), spec.groups)
        origin = f.at(block, f.sub(0, behind), "i32")       # where word 0 of the draw would lie
        whole = f.sub(end, f.rem(f.sub(end, start), at_once)) if at_once > 1 else end

        def one(g, mask=None):
            emit(g, f.at(origin, f.mul(g, spec.group), "i32"), mask)

        f.loop(start, whole, at_once, one)
        if at_once > 1:
            rest = f.sub(end, whole)
            f.when(f.compare("sgt", rest, 0), lambda: one(whole, f.first_lanes(rest, at_once)))

    f.loop(lo, hi, 1, values)

    def finish():
        engine = f.argument(0)
        place = f.sub(f.add(position, spec.words), f.mul(f.sub(hi, 1), BLOCK))
        _copy(f, block, engine, lanes, BLOCK)
        f.store(f.convert("trunc", place, "i32"), engine, BLOCK)

    f.when(f.compare("eq", f.add(ir.PART, 1), ir.PARTS), finish)
    return f


# ------------------------------------------------------------------ from words to values
# Each: (f, spec, lanes, out) -> emit(group, where its words lie, mask), which stores the values of one vector of words.
def _raw(f, spec, lanes, out):
    return lambda g, at, mask: f.store(_tempered(f, f.load(at, 0, "i32", lanes)), out, g, mask)


def _pairs(f, at, lanes):
    """53 bits of every two words, the first one high, as i64."""
    words = _tempered(f, f.load(at, 0, "i32", lanes))
    lanes //= 2
    wide = f.emit(f"bitcast {words.full} {words} to <{lanes} x i64>", "i64", lanes)
    turned = f.intrinsic(f"llvm.fshl.v{lanes}i64", "i64", lanes, wide, wide, f.constant(32, "i64", lanes))
    return f.binary("and", turned, f.constant(2**53 - 1, "i64", lanes))


def _bernoulli(f, spec, lanes, out):
    bound = math.ceil(spec.params[0] * 2.0**53)             # u 2**-53 < p in whole numbers

    def emit(g, at, mask):
        bits = _pairs(f, at, lanes)
        drawn = f.test("icmp slt", bits, f.constant(bound, "i64", bits.lanes))
        one, zero = f.constant(_ONE.get(spec.dtype, 1), spec.type, bits.lanes), f.zero(spec.type, bits.lanes)
        f.store(f.select(drawn, one, zero), out, g, mask)

    return emit


def _units32(f, at, lanes):
    """A float of [0, 1) from each word: its low 24 bits."""
    low = f.binary("and", _tempered(f, f.load(at, 0, "i32", lanes)), f.constant(0xFFFFFF, "i32", lanes))
    return f.binary("fmul", f.convert("sitofp", low, "float"), f.constant(2.0**-24, "float", lanes))


def _uniform(f, spec, lanes, out):
    low, high = spec.params or (0.0, 1.0)
    number = np.float64 if spec.dtype == "float64" else np.float32
    width = number(high) - number(low)

    def emit(g, at, mask):
        if spec.dtype == "float64":
            bits = _pairs(f, at, lanes)
            x = f.binary("fmul", f.convert("uitofp", bits, "double"), f.constant(2.0**-53, "double", bits.lanes))
        else:
            x = _units32(f, at, lanes)
        if low != 0.0 or high != 1.0:
            bottom, top, scale = (f.constant(float(number(n)), spec.type, x.lanes) for n in (low, high, width))
            x = f.fma(x, scale, bottom)
            x = f.select(f.test("fcmp oge", x, top), bottom, x)
        f.store(x, out, g, mask)

    return emit


def _normal(f, spec, lanes, out):
    return lambda g, at, mask: _store_normals(f, spec, at, out, f.mul(g, _NORMALS))


def _store_normals(f, spec, at, out, place):
    """16 elements from 16 words: of eight the lengths, of eight the angles."""
    half = _NORMALS // 2
    units = [_units32(f, f.at(at, i, "i32"), half) for i in (0, half)]
    for i, x in enumerate(box_muller.pair(f, *units, *spec.params[:2])):
        f.store(x, out, f.add(place, i * half))


def _last_normals(spec):
    """Phase 3, if elements are left over after the last whole group: the draw's last 16 words make the last 16 elements."""
    f = ir.Function("last_normals")
    end = f.convert("zext", f.load(f.argument(0), BLOCK, "i32"), "i64")
    block = _slot(f, parts_of(spec.words) - 1)
    _store_normals(f, spec, f.at(block, f.sub(end, _NORMALS), "i32"), f.argument(1), spec.count - _NORMALS)
    return f


_EMITTERS = {"raw": _raw, "bernoulli": _bernoulli, "uniform": _uniform, "normal": _normal}
