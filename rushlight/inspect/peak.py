"""What the machine can do at most: multiply-adds and bytes a second, measured with two small generated kernels."""
import ctypes
import functools
from time import perf_counter

MEGABYTES = 64              # of an array: more than the caches near a core hold
_STEPS, _TURNS, _ROUNDS = 4000, 8, 5
_PARTS = 4                  # a thread


class Peak:
    """threads   how many took part
    flops     {"float": .., "double": ..}: floating-point operations a second, a multiply-add being two
    bytes     read and written a second, by a copy of an array
    """

    def __init__(self, threads, flops, bytes):
        self.threads, self.flops, self.bytes = threads, flops, bytes

    def __str__(self):
        return (f"{self.threads} thread{'s' * (self.threads > 1)}: {self.flops['float'] / 1e9:.0f} GFLOP/s in float32, "
                f"{self.flops['double'] / 1e9:.0f} in float64, {self.bytes / 1e9:.1f} GB/s of memory")


@functools.cache
def peak(threads):
    """The Peak of so many threads, measured once: it takes about a tenth of a second. ImportError without llvmlite."""
    from ..backends.llvm import driver

    pool = driver.pool(threads)
    return Peak(pool.threads, {type: _multiply_adds(pool, type) for type in ("float", "double")}, _copied_bytes(pool))


def _best(pool, source, addresses):
    """Seconds of the fastest of some runs."""
    from ..backends.llvm import driver, kernel, target

    compiled = kernel.compile_source(source, target.host())
    arguments = (ctypes.c_void_p * len(addresses))(*addresses)
    words = driver.entries(compiled.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    best = float("inf")
    for _ in range(_ROUNDS):
        began = perf_counter()
        pool.run(ctypes.addressof(table), len(compiled.phases), pool.threads)
        best = min(best, perf_counter() - began)
    return best


def _multiply_adds(pool, type):
    """Independent chains of multiply-adds in registers, enough of them to keep the units busy."""
    import numpy as np

    from ..backends.llvm import ir, kernel, target

    host = target.host()
    lanes, chains = host.lanes(type), host.registers - 4
    f = ir.Function("peak")
    out = f.argument(0)
    factor = f.constant(0.999, type, lanes)

    def step(i, sums):
        return [f.fma(s, factor, factor) for s in sums]

    starts = [f.constant(1.0 + i, type, lanes) for i in range(chains)]
    sums = f.loop(0, _STEPS * _TURNS, 1, step, starts)
    total = sums[0]
    for s in sums[1:]:
        total = f.binary("fadd", total, s)
    f.store(total, out, f.mul(ir.PART, lanes))
    parts = _PARTS * pool.threads
    room = np.empty(parts * lanes, {"float": np.float32, "double": np.float64}[type])
    seconds = _best(pool, kernel.Source(ir.module(f), (("peak", parts),)), [room.ctypes.data])
    return 2 * parts * _STEPS * _TURNS * chains * lanes / seconds


def _copied_bytes(pool):
    """A copy of one array into another."""
    import numpy as np

    from ..backends.llvm import ir, kernel, target

    lanes = target.host().lanes("float")
    count = (MEGABYTES << 20) // 4
    f = ir.Function("copy")
    source, result = f.argument(0), f.argument(1)
    lo, hi = f.share(count, 4 * lanes)

    def step(i):
        for k in range(4):
            at = f.add(i, k * lanes)
            f.store(f.load(source, at, "float", lanes), result, at)

    f.loop(lo, hi, 4 * lanes, step)
    a, b = np.ones(count, np.float32), np.zeros(count, np.float32)
    seconds = _best(pool, kernel.Source(ir.module(f), (("copy", _PARTS * pool.threads),)), [a.ctypes.data, b.ctypes.data])
    return 2 * a.nbytes / seconds
