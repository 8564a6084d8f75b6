"""Draws made by generated code: the values and the state afterwards are those of the host's way, bit for bit."""
import ctypes
import functools
import subprocess
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, kernel, target, words        # noqa: E402
from rushlight.runtime import dtypes, random_draws, random_normal        # noqa: E402
from rushlight.runtime.generator import Generator                        # noqa: E402

GUARD = 256
COUNTS = [1, 2, 3, 15, 16, 17, 31, 311, 312, 313, 623, 624, 625, 1249, 70001]
STARTS = [0, 1, 2, 3, 15, 16, 622, 623, 624, 625, 1000]                  # words drawn before; 0: PyTorch's state of a new seed
DRAWS = {
    "raw": ("raw", (), "uint32"),
    "bernoulli float32": ("bernoulli", (0.9,), "float32"),
    "bernoulli float64": ("bernoulli", (0.25,), "float64"),
    "bernoulli bool": ("bernoulli", (0.5,), "bool"),
    "bernoulli bfloat16": ("bernoulli", (0.7,), "bfloat16"),
    "bernoulli int64": ("bernoulli", (0.1,), "int64"),
    "bernoulli never": ("bernoulli", (0.0,), "float32"),
    "bernoulli always": ("bernoulli", (1,), "int8"),
    "bernoulli almost never": ("bernoulli", (1e-12,), "float16"),
    "uniform float32": ("uniform", (0.0, 1.0), "float32"),
    "uniform float64": ("uniform", (0.0, 1.0), "float64"),
    "uniform float32, bounds": ("uniform", (-0.1, 0.1), "float32"),
    "uniform float32, bounds that round up": ("uniform", (3.0, 3.000001), "float32"),
    "uniform float64, bounds": ("uniform", (-3, 0.7), "float64"),
    "uniform float64, one value": ("uniform", (2.0, 2.0), "float64"),
    "normal": ("normal", (0.0, 1.0), "float32"),
    "normal, mean and deviation": ("normal", (0.3, 0.7, True), "float32"),
    "normal, all alike": ("normal", (-2, 0), "float32"),
}


def named(name):
    return getattr(dtypes, "bool_" if name == "bool" else name)


def dtype_of(name):
    """As it lies in memory."""
    return np.dtype("uint16" if name == "bfloat16" else name)


@functools.cache
def compiled(spec, limit):
    host = target.host(limit)
    return kernel.compile_source(words.generate(spec, host), host)


def run(compiled, engine, count, dtype, threads):
    """The result of a kernel; nothing may be written beside it or the workspace, which start out as all ones."""
    assert engine is not None
    item = np.dtype(dtype).itemsize
    out = np.full(count * item + 2 * GUARD + item, 0xff, np.uint8)
    at = GUARD + (-out.ctypes.data - GUARD) % item                       # aligned as an element is, no more
    size = compiled.source.workspace
    memory = np.full(size + 2 * GUARD + 64, 0xff, np.uint8)
    start = GUARD + (-memory.ctypes.data - GUARD) % 64
    arguments = (ctypes.c_void_p * 3)(engine, out.ctypes.data + at, memory.ctypes.data + start)
    entries = driver.entries(compiled.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(entries))(*entries)
    driver.pool(threads).run(ctypes.addressof(table), len(compiled.phases), threads)
    assert (memory[:start] == 0xff).all() and (memory[start + size:] == 0xff).all()
    assert (out[:at] == 0xff).all() and (out[at + count * item:] == 0xff).all()
    return out[at:at + count * item].view(dtype)


def started(seed, start):
    g = Generator().manual_seed(seed)
    g.skip(start)
    return g


def reserve(g, kind, params, count, name):
    return g.ticket(count) if kind == "raw" else random_draws.reserve(g, kind, params, count, named(name))


def by_host(g, kind, params, count, name):
    ticket = reserve(g, kind, params, count, name)
    return ticket.take() if kind == "raw" else random_draws.values(kind, ticket, params, (count,), named(name))


def by_kernel(g, kind, params, count, name, limit=None, threads=1):
    assert words.supports(kind, params, (count,), name)
    spec = words.Words(kind, params[:2], count, name)
    with g.lock:
        ticket = reserve(g, kind, params, count, name)
        assert spec.words == ticket.count
        return run(compiled(spec, limit), g.native_state(ticket), count, dtype_of(name), threads)


def check(draw, count, starts, limit, threads=1):
    kind, params, name = DRAWS[draw]
    for start in starts:
        ours, theirs = started(count, start), started(count, start)
        got, expected = by_kernel(ours, kind, params, count, name, limit, threads), by_host(theirs, kind, params, count, name)
        assert got.dtype == expected.dtype and got.tobytes() == expected.tobytes(), (count, start)
        assert ours.get_state_bytes() == theirs.get_state_bytes(), (count, start)


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("draw", ["raw", "bernoulli float32", "uniform float32", "uniform float64", "normal"])
def test_every_count_from_every_place(draw, limit):
    for count in COUNTS:
        if draw != "normal" or count >= random_normal.BLOCK:
            check(draw, count, STARTS if count < 70000 else [0, 7], limit)


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("draw", DRAWS)
def test_every_kind(draw, limit):
    for count in (17, 1234):
        check(draw, count, [0, 1, 611], limit)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("draw, limit", [("raw", None), ("bernoulli float32", None), ("bernoulli float32", "avx2"),
                                         ("uniform float64", None), ("normal", None)])
def test_many_parts(draw, limit, threads):
    assert words.parts_of(10**6) > 3
    check(draw, 10**6 + 3, [5], limit, threads)


def test_every_place_of_a_block():
    for draw in ("raw", "bernoulli float32", "normal"):
        check(draw, 700, range(2, 640, 5), None)


def test_engine_at_the_start_of_a_block():
    """PyTorch's states may stand before a block's first word, where NumPy's never do."""
    key = np.arange(1, 625, dtype=np.uint32) * np.uint32(2654435761)
    for count in (1, 624, 625):
        ours, theirs = Generator(), Generator()
        for g in (ours, theirs):
            g.set_mt19937_state(key, 0)
        assert (by_kernel(ours, "raw", (), count, "uint32") == theirs.words(count)).all()
        assert ours.get_state_bytes() == theirs.get_state_bytes()


def untempered(words):
    """The words of a block that come out as these."""
    for shift, mask, times in ((-18, 0xFFFFFFFF, 1), (15, 0xEFC60000, 1), (7, 0x9D2C5680, 4), (-11, 0xFFFFFFFF, 2)):
        y = words.astype(np.uint64)
        for _ in range(times):
            y = words ^ ((y << shift if shift > 0 else y >> -shift) & mask & 0xFFFFFFFF)
        words = y
    return words.astype(np.uint32)


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("p", [0.3, 0.5, 1e-12, 1 - 2.0**-53, 2.0**-53, 2.0**-54, 2.0**-21, 1.0])
def test_bernoulli_at_the_probability_itself(p, limit):
    near = [n for d in range(-2, 3) if 0 <= (n := int(p * 2**53) + d) < 2**53]
    wanted = np.array([half for n in near for half in (n >> 32 | 0xABC00000, n & 0xFFFFFFFF)], np.uint64)
    key = np.zeros(624, np.uint32)
    key[3:3 + len(wanted)] = untempered(wanted)
    g = Generator()
    g.set_mt19937_state(key, 3)
    got = by_kernel(g, "bernoulli", (p,), len(near), "bool", limit)
    assert got.tolist() == [n * 2.0**-53 < p for n in near]


def test_interleaved_with_ordinary_draws():
    ours, theirs = started(3, 0), started(3, 0)
    rng = np.random.default_rng(0)
    for draw in [*DRAWS, *DRAWS]:
        kind, params, name = DRAWS[draw]
        before, count = int(rng.integers(0, 900)), int(rng.integers(16, 900))
        reserved = [ours.ticket(before), ours.normal_ticket(3)]           # drawn when the kernel asks for the state
        expected = [theirs.ticket(before), theirs.normal_ticket(3)]
        values = by_kernel(ours, kind, params, count, name)
        assert values.tobytes() == by_host(theirs, kind, params, count, name).tobytes()
        for a, b in zip(reserved, expected):
            assert (a.take() == b.take()).all() and a.carry == b.carry
        assert (ours.words(11) == theirs.words(11)).all()
    assert ours.get_state_bytes() == theirs.get_state_bytes()


def test_several_tickets_at_once():
    ours, theirs = started(1, 9), started(1, 9)
    first, second, later = ours.ticket(700), ours.ticket(50), ours.ticket(5)
    with ours.lock:
        state = ours.native_state(first, second)
        got = [run(compiled(words.Words("raw", (), n, "uint32"), None), state, n, np.uint32, 1) for n in (700, 50)]
    assert (np.concatenate([*got, later.take()]) == theirs.words(755)).all()
    assert ours.get_state_bytes() == theirs.get_state_bytes()


def test_the_host_must_draw():
    g, other = started(1, 0), started(1, 0)
    first, between, last = g.ticket(3), g.ticket(4), g.ticket(5)
    assert g.native_state(first, last) is None                            # `between` comes before `last`
    assert (np.concatenate([t.take() for t in (first, between, last)]) == other.words(12)).all()
    drawn = g.ticket(3)
    g.settle()
    assert g.native_state(drawn) is None
    with pytest.raises(RuntimeError, match="serial"):
        g.native_state(g.normal_ticket(3))


def test_words_left_to_a_kernel_cannot_be_taken():
    g = started(1, 0)
    ticket, later = g.ticket(7), g.ticket(8)
    assert g.native_state(ticket)
    with pytest.raises(RuntimeError, match="7 words of this ticket were left to a kernel"):
        ticket.take()
    with pytest.raises(RuntimeError, match="once"):
        g.native_state(ticket)
    assert later.take().size == 8


def test_a_reservation_is_no_longer_a_new_seed():
    """PyTorch's state tells whether anything was drawn since the seed; a draw of nothing does not count."""
    for count in (0, 1):
        ours, theirs = Generator(), Generator()
        ticket = ours.ticket(count)
        with ours.lock:
            state = ours.native_state(ticket)
            if count:
                run(compiled(words.Words("raw", (), 1, "uint32"), None), state, 1, np.uint32, 1)
        theirs.words(count)
        assert ours.get_state_bytes() == theirs.get_state_bytes()


@pytest.mark.parametrize("count", [2**18, 2**18 + 1, 2**18 + 65535, 10**6])
def test_large_draws_of_the_host(count):
    ours, theirs = started(2, 77), started(2, 77)
    assert "rushlight.backends.llvm.driver" in sys.modules                # hence `words` uses a kernel
    expected = np.concatenate([theirs.words(min(4096, count - i)) for i in range(0, count, 4096)])
    assert (ours.words(count) == expected).all()
    assert ours.get_state_bytes() == theirs.get_state_bytes()


def test_drawing_loads_no_compiler():
    program = ("import sys\nfrom rushlight.runtime.generator import Generator\nGenerator().words(2**19)\n"
               "assert 'llvmlite' not in sys.modules")
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_two_threads_draw_from_one_generator():
    """Whoever holds the lock is alone: together the threads draw the stream's words, each once."""
    g, found = started(4, 0), []

    def draw():
        for _ in range(20):
            found.append(by_kernel(g, "raw", (), 1249, "uint32"))

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = started(4, 0).words(40 * 1249).reshape(40, 1249)
    assert sorted(map(bytes, found)) == sorted(map(bytes, expected))


@pytest.mark.parametrize("kind, params, shape, dtype", [
    ("bernoulli", (0.5,), (0, 3), "float32"), ("bernoulli", (0.5,), (3,), "complex64"), ("uniform", (0.0, 1.0), (3,), "float16"),
    ("normal", (0.0, 1.0), (15,), "float32"), ("normal", (0.0, 1.0, False), (64,), "float32"), ("normal", (0.0, 1.0), (64,), "float64"),
    ("normal", (-0.0, 1.0), (64,), "float32"), ("uniform", (0.0, float("inf")), (3,), "float32"), ("cauchy", (0.0, 1.0), (64,), "float32"),
    ("permutation", (), (9,), "int64")])
def test_unsupported(kind, params, shape, dtype):
    assert not words.supports(kind, params, shape, named(dtype))


def test_supports_a_dtype_or_its_name():
    assert words.supports("bernoulli", (0.5,), (3, 4), dtypes.bool_) and words.supports("normal", (0.0, 1.0, True), (4, 4), "float32")
