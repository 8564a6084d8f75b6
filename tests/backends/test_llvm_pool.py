"""Generated poolings and their gradients against loops over taps in NumPy: equal, bit by bit but for the sign of zero."""
import ctypes
import mmap

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, kernel, pool, target          # noqa: E402
from rushlight.backends.numpy import pool as numpy_pool                   # noqa: E402

Pool, PoolGradient = pool.Pool, pool.PoolGradient
NONE, ONE = ((0, 0), (0, 0)), ((1, 1), (1, 1))


def shape(type, n, h, w, c, window, stride=None, padding=NONE, dilation=(1, 1), ceil=False):
    """The fields that all kinds have in common."""
    stride = stride or window
    out = []
    for size, k, s, (lo, hi), d in zip((h, w), window, stride, padding, dilation):
        room = size + lo + hi - d * (k - 1) - 1
        o = (-(-room // s) if ceil else room // s) + 1
        out.append(o - 1 if ceil and (o - 1) * s >= size + lo else o)
    if min(out) < 1:
        raise ValueError("the window does not fit")
    return type, n, h, w, c, window, stride, padding, dilation, tuple(out)


SHAPES = {
    "2x2": shape("float", 3, 12, 12, 32, (2, 2)),
    "2x2, six channels": shape("float", 3, 24, 24, 6, (2, 2)),
    "2x2, one channel": shape("float", 3, 28, 28, 1, (2, 2)),
    "2x2, odd size": shape("double", 2, 9, 11, 5, (2, 2)),
    "2x2, ceil": shape("float", 2, 9, 11, 3, (2, 2), ceil=True),
    "3x3 stride 2": shape("float", 2, 14, 14, 64, (3, 3), (2, 2), ONE),
    "3x3 stride 2, one channel": shape("float", 2, 35, 45, 1, (3, 3), (2, 2), ONE),
    "3x3 stride 2, ceil, five channels": shape("double", 2, 14, 13, 5, (3, 3), (2, 2), ONE, ceil=True),
    "3x3 stride 1": shape("float", 2, 7, 9, 130, (3, 3), (1, 1), ONE),
    "3x3 stride 1, seven channels": shape("float", 2, 7, 9, 7, (3, 3), (1, 1), ONE),
    "3x3 stride 3, three channels": shape("float", 2, 20, 20, 3, (3, 3)),
    "4x4 stride 4": shape("float", 2, 17, 35, 2, (4, 4)),
    "5x5 stride 5, one channel": shape("float", 2, 17, 35, 1, (5, 5)),
    "global": shape("float", 3, 7, 7, 70, (7, 7)),
    "global, one image": shape("float", 1, 7, 7, 1024, (7, 7)),
    "15x15": shape("double", 1, 15, 16, 9, (15, 15), (1, 1)),
    "13x13 in padding": shape("float", 1, 13, 13, 20, (13, 13), (1, 1), ((6, 6), (6, 6))),
    "16x16, as many taps as bytes can number": shape("float", 1, 16, 33, 6, (16, 16)),
    "17x17": shape("float", 1, 19, 18, 6, (17, 17), (1, 1)),
    "one-dimensional": shape("float", 2, 1, 101, 3, (1, 3), (1, 2), ((0, 0), (1, 1))),
    "stride beyond the window": shape("float", 2, 11, 12, 17, (2, 1), (3, 4)),
    "dilation": shape("float", 2, 13, 14, 20, (3, 2), (2, 1), ONE, (2, 3)),
    "dilation, six channels": shape("double", 2, 13, 14, 6, (2, 3), (3, 2), ((0, 1), (1, 1)), (3, 2)),
    "windows in padding only": shape("float", 1, 1, 1, 3, (2, 2), (1, 1), ONE, (2, 2)),
    "one element": shape("float", 1, 1, 1, 1, (1, 1)),
}


def generated(seed):
    rng = np.random.default_rng(seed)
    while True:
        n, h, w, kh, kw, sy, sx, dy, dx = (int(s) for s in rng.integers(1, (4, 20, 40, 5, 5, 4, 6, 3, 3)))
        if rng.random() < 0.3:
            sy, sx, dy, dx = kh, kw, 1, 1
        padding = tuple(tuple(int(p) for p in rng.integers(0, k // 2 + 1, 2)) for k in (kh, kw))
        c = int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 65, 100]))
        try:
            return shape(["float", "double"][seed % 2], n, h, w, c, (kh, kw), (sy, sx), padding, (dy, dx), bool(rng.integers(2)))
        except ValueError:
            continue            # the window does not fit


def inside(spec, ky, kx):
    """Where a tap lies in the image: slices of the result and of the image."""
    of_result, of_image = [slice(None)], [slice(None)]
    for k, size, s, (lo, _), d, out in zip((ky, kx), (spec.h, spec.w), spec.stride, spec.padding, spec.dilation, spec.out):
        places = [o for o in range(out) if 0 <= o * s - lo + k * d < size]
        if not places:
            return None
        at = places[0] * s - lo + k * d
        of_result.append(slice(places[0], places[-1] + 1))
        of_image.append(slice(at, at + (len(places) - 1) * s + 1, s))
    return tuple(of_result), tuple(of_image)


def taps(spec):
    """(number of the tap, slices of the result, slices of the image)."""
    for tap in range(spec.taps):
        found = inside(spec, *divmod(tap, spec.window[1]))
        if found:
            yield tap, *found


def reference(spec, x):
    """(y, which): the sums or maxima, and where these were first found, NaNs last."""
    result = (spec.n, *spec.out, spec.c)
    y, which, seen = np.full(result, 0 if spec.kind == "sum" else -np.inf, x.dtype), np.zeros(result, "i4"), np.zeros(result, bool)
    for tap, to, at in taps(spec):
        if spec.kind == "sum":
            y[to] += x[at]
            continue
        wins = (x[at] > y[to]) | np.isnan(x[at]) | ~seen[to]
        y[to], which[to], seen[to] = np.where(wins, x[at], y[to]), np.where(wins, tap, which[to]), True
    return y, which


def reference_gradient(spec, g, which):
    """Added in the order of the windows: of those that share an element, the last tap belongs to the first window."""
    dx = np.zeros((spec.n, spec.h, spec.w, spec.c), g.dtype)
    for tap, to, at in reversed(list(taps(spec))):
        dx[at] += g[to] if spec.kind == "sum" else np.where(which[to] == tap, g[to], g.dtype.type(0))
    return dx


class Fenced:
    """An array with a page before and a page after it that may not be touched; it lies right before the latter."""

    def __init__(self, array, low=False):
        page = mmap.PAGESIZE
        room = -(-array.nbytes // page) * page
        self.memory = mmap.mmap(-1, room + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        protect = ctypes.CDLL(None).mprotect
        protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        assert protect(start, page, 0) == 0 and protect(start + page + room, page, 0) == 0
        at = page if low else page + room - array.nbytes
        self.array = np.frombuffer(self.memory, array.dtype, array.size, at).reshape(array.shape)
        self.array[...] = array


def run(compiled, operands, results, threads, low):
    """The results of a kernel; they start out as NaN or 77."""
    empty = [np.full(size, np.nan if np.dtype(dtype).kind == "f" else 77, dtype) for size, dtype in results]
    fenced = [Fenced(a, low) for a in (*operands, *empty)]
    assert compiled.source.workspace == 0
    args = (ctypes.c_void_p * (len(fenced) + 1))(*[f.array.ctypes.data for f in fenced], 0)
    words = [w for address, parts in compiled.phases for w in (address, ctypes.addressof(args), parts, *[0] * (driver.ENTRY - 3))]
    table = (ctypes.c_int64 * len(words))(*words)
    driver.pool(threads).run(ctypes.addressof(table), len(compiled.phases), threads)
    return [f.array for f in fenced[len(operands):]]


def check_kernel(source, host, operands, expected, low):
    compiled = kernel.compile_source(source, host)
    for threads in (1, 2):
        results = run(compiled, operands, [(e.shape, e.dtype) for e in expected], threads, low)
        for result, wanted in zip(results, expected):
            np.testing.assert_array_equal(result, wanted)


def check(fields, limit, low=False, nan=False):
    host, rng = target.host(limit), np.random.default_rng(0)
    which_type = "uint8" if fields[5][0] * fields[5][1] <= 256 and fields[4] % 5 != 2 else "int32"
    for kind, index in (("max", True), ("max", False), ("sum", False)):
        spec = Pool(*fields, kind, which_type, index=index)
        dtype = {"float": "f4", "double": "f8"}[spec.type]
        x = rng.integers(-4, 5, (spec.n, spec.h, spec.w, spec.c)).astype(dtype)         # many are equal
        if kind == "sum":
            x = rng.standard_normal(x.shape).astype(dtype)
        if nan:
            x[rng.random(x.shape) < 0.1] = np.nan
            x[rng.random(x.shape) < 0.5] = -np.inf
        y, which = reference(spec, x)
        which = which.astype(which_type)
        check_kernel(pool.forward(spec, host), host, [x], [y, which] if index else [y], low)
        if kind == "max" and not index:
            continue
        g = rng.standard_normal(y.shape).astype(dtype)
        dx = reference_gradient(spec, g, which)
        source = pool.gradient(PoolGradient(*fields, kind, which_type), host)
        check_kernel(source, host, [g, which] if index else [g], [dx], low)


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name, limit):
    check(SHAPES[name], limit)


@pytest.mark.parametrize("seed", range(28))
def test_generated_shapes(seed):
    check(generated(seed), [None, "avx2"][seed // 2 % 2], low=seed % 3 == 0, nan=seed % 4 == 0)


@pytest.mark.parametrize("limit", [None, "avx2"])
def test_taps_are_those_of_the_numpy_backend(limit):
    host, rng = target.host(limit), np.random.default_rng(0)
    spec = Pool(*shape("float", 2, 9, 10, 5, (3, 2), (2, 1), ONE), "max", index=True)
    x = rng.integers(-2, 3, (2, 9, 10, 5)).astype("f4")
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.4] = -np.inf
    result = (2, *spec.out, 5)
    y, which = run(kernel.compile_source(pool.forward(spec, host), host), [x], [(result, "f4"), (result, "u1")], 1, False)
    rows, columns = (np.arange(out).reshape(along) * s - lo for out, along, s, (lo, _) in
                     zip(spec.out, ((-1, 1, 1), (-1, 1)), spec.stride, spec.padding))
    position = (rows + which // 2) * 10 + columns + which % 2
    planes = np.moveaxis(x, 3, 1)
    arguments = planes, spec.window, spec.stride, spec.padding, spec.dilation, spec.out
    np.testing.assert_array_equal(np.moveaxis(position, 3, 1), numpy_pool.max_pool_index(*arguments))
    np.testing.assert_array_equal(np.moveaxis(y, 3, 1), numpy_pool.max_pool(*arguments))


def test_too_many_taps_for_bytes():
    fields = shape("float", 1, 17, 17, 1, (17, 17))
    with pytest.raises(ValueError, match="289 taps"):
        Pool(*fields, "max")
    Pool(*fields, "max", "int32")


def test_unknown_kind():
    with pytest.raises(ValueError, match="'mean'"):
        Pool(*shape("float", 1, 2, 2, 1, (2, 2)), "mean")
