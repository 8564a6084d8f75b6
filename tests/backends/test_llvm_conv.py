"""Generated convolutions and their gradients against the sums written out in NumPy (float64)."""
import ctypes
import mmap

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import conv, conv_dw, conv_dx, driver, kernel, target          # noqa: E402

Conv = conv.Conv
SAME1, SAME2 = ((1, 1), (1, 1)), ((2, 2), (2, 2))
GUARD = 4096

SHAPES = {
    "lenet 1": Conv("float", 3, 1, 28, 28, 6, (5, 5), bias=True, activation="relu"),
    "lenet 2": Conv("float", 5, 6, 12, 12, 16, (5, 5)),
    "rgb": Conv("float", 4, 3, 32, 32, 32, (5, 5), padding=SAME2, bias=True),
    "rgb, one image": Conv("float", 1, 3, 32, 32, 32, (5, 5), padding=SAME2),
    "large stride": Conv("float", 1, 1, 64, 61, 40, (11, 11), (4, 4)),
    "stride 2": Conv("float", 2, 16, 14, 14, 33, (3, 3), (2, 2), SAME1),
    "7x7 stride 2": Conv("float", 2, 1, 24, 24, 64, (7, 7), (2, 2), ((3, 3), (3, 3))),
    "pointwise": Conv("float", 4, 24, 7, 7, 20, (1, 1), bias=True, activation="relu"),
    "pointwise stride 2": Conv("float", 4, 24, 7, 7, 20, (1, 1), (2, 2)),
    "many channels, few pixels": Conv("float", 5, 130, 3, 3, 70, (3, 3), padding=SAME1),
    "one result channel": Conv("float", 2, 64, 9, 9, 1, (3, 3), padding=SAME1),
    "one-dimensional": Conv("float", 2, 9, 1, 100, 17, (1, 5), padding=((0, 0), (2, 2))),
    "one-dimensional, one channel": Conv("double", 2, 1, 1, 60, 9, (1, 5), (1, 2), ((0, 0), (2, 2))),
    "depthwise": Conv("float", 3, 35, 14, 14, 35, (3, 3), padding=SAME1, groups=35, bias=True),
    "depthwise stride 2": Conv("double", 2, 20, 15, 14, 20, (5, 5), (2, 2), SAME2, groups=20),
    "depthwise, two results a channel": Conv("float", 2, 5, 8, 8, 10, (3, 3), groups=5),
    "groups, dilation": Conv("float", 2, 24, 14, 14, 12, (3, 3), padding=SAME2, dilation=(2, 2), groups=4),
    "uneven": Conv("double", 2, 5, 14, 14, 10, (3, 3), (3, 2), ((2, 1), (0, 2)), (2, 3), 5),
    "stride beyond the kernel": Conv("float", 2, 7, 11, 10, 5, (2, 1), (3, 4), ((1, 0), (0, 1))),
    "padding beyond what is read": Conv("double", 2, 30, 4, 1, 30, (2, 1), (3, 3), ((1, 1), (2, 0)), groups=30),
    "clipped": Conv("float", 17, 18, 3, 3, 40, (3, 3), padding=SAME1, bias=True, activation="relu"),
    "clipped, a cache's stride": Conv("float", 9, 32, 8, 8, 33, (3, 3), padding=SAME1),
    "clipped in steps": Conv("double", 13, 9, 6, 5, 18, (4, 3), (2, 3), ((2, 1), (1, 2)), (2, 1)),
    "clipped groups": Conv("float", 12, 12, 5, 4, 20, (5, 3), padding=((3, 2), (1, 1)), groups=2),
    "valid, few pixels": Conv("float", 20, 16, 7, 7, 24, (5, 5)),
    "valid, a cache's stride": Conv("float", 16, 24, 12, 12, 32, (5, 5)),
    "valid, few source channels": Conv("float", 21, 3, 6, 6, 40, (5, 5)),
    "valid, many channels": Conv("float", 3, 100, 5, 13, 17, (3, 3)),
    "few result channels": Conv("double", 4, 37, 6, 7, 3, (3, 3), padding=SAME1, bias=True, activation="relu"),
    "few channels, many images": Conv("float", 21, 5, 6, 6, 16, (3, 3), padding=SAME2),
    "few result channels in groups": Conv("float", 8, 80, 5, 5, 5, (1, 3), (1, 2), ((0, 0), (1, 1)), groups=5),
    "packed lanes": Conv("float", 3, 3, 11, 13, 6, (3, 5), padding=((1, 1), (2, 1)), bias=True, activation="relu"),
    "packed lanes, two bands": Conv("float", 2, 1, 70, 9, 3, (3, 3), padding=SAME1, bias=True),
    "packed lanes of eight": Conv("double", 2, 1, 9, 30, 2, (5, 5)),
    "packed lanes, more than a vector": Conv("float", 2, 1, 12, 21, 20, (3, 3)),
    "one of each": Conv("float", 1, 1, 1, 1, 1, (1, 1)),
    "nothing but padding": Conv("float", 2, 3, 1, 1, 4, (1, 1), (2, 2), SAME1),
}


def generated(seed):
    """A convolution of odd sizes."""
    rng = np.random.default_rng(seed)
    while True:
        groups = int(rng.choice([1, 1, 1, 2, 5]))
        c, o = (int(groups * rng.integers(1, n)) for n in (20, 40))
        sizes = rng.integers((1, 1, 1, 1, 1, 1, 1, 1, 1), (5, 14, 14, 5, 5, 4, 4, 4, 4))
        n, h, w, kh, kw, sy, sx, dy, dx = (int(s) for s in sizes)
        n *= int(rng.choice([1, 1, 6]))                 # enough images for clipped tiles
        padding = tuple((int(lo), int(hi)) for lo, hi in rng.integers(0, 3, (2, 2)))
        try:
            return Conv(["float", "double"][seed % 2], n, c, h, w, o, (kh, kw), (sy, sx), padding, (dy, dx), groups, bool(seed % 3))
        except ValueError:
            continue            # the kernel does not fit


def windows(spec):
    """For every tap: its place in the kernel, and the slices of the padded image that meet it."""
    (kh, kw), (oh, ow) = spec.kernel, spec.out
    for i in range(kh):
        for j in range(kw):
            y, x = i * spec.dilation[0], j * spec.dilation[1]
            yield i, j, (slice(None), slice(y, y + (oh - 1) * spec.stride[0] + 1, spec.stride[0]),
                         slice(x, x + (ow - 1) * spec.stride[1] + 1, spec.stride[1]))


def reference(spec, x, w, g):
    """(y, dx, dw) without bias and activation."""
    groups, o, c = spec.groups, spec.o // spec.groups, spec.c // spec.groups
    padded = np.pad(x.astype("f8"), ((0, 0), *spec.padding, (0, 0))).reshape(spec.n, -1, spec.w + sum(spec.padding[1]), groups, c)
    w = w.astype("f8").reshape(groups, o, c, *spec.kernel)
    g = g.astype("f8").reshape(spec.n, *spec.out, groups, o)
    y, dpadded, dw = np.zeros(g.shape), np.zeros(padded.shape), np.zeros(w.shape)
    for i, j, where in windows(spec):
        y += np.einsum("nyxgc,goc->nyxgo", padded[where], w[..., i, j])
        dpadded[where] += np.einsum("nyxgo,goc->nyxgc", g, w[..., i, j])
        dw[..., i, j] = np.einsum("nyxgo,nyxgc->goc", g, padded[where])
    (top, _), (left, _) = spec.padding
    dx = dpadded[:, top:top + spec.h, left:left + spec.w]
    return y.reshape(spec.n, *spec.out, spec.o), dx.reshape(x.shape), dw.reshape(spec.o, c, *spec.kernel)


class Fenced:
    """An array whose end is followed by a page that may not be touched."""

    def __init__(self, array):
        page = mmap.PAGESIZE
        room = -(-array.nbytes // page) * page
        self.memory = mmap.mmap(-1, room + page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        protect = ctypes.CDLL(None).mprotect
        protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        assert protect(start + room, page, 0) == 0
        self.array = np.frombuffer(self.memory, array.dtype, array.size, room - array.nbytes).reshape(array.shape)
        self.array[...] = array


def run(compiled, operands, result, threads):
    """The result of a kernel, which starts out as NaN, as does the workspace; nothing may be written beyond either."""
    source = compiled.source
    fenced = [Fenced(a) for a in (*operands, np.full(result[0], np.nan, result[1]))]
    raw = np.full(source.workspace + 2 * GUARD + 64, 0xff, np.uint8)
    start = -raw.ctypes.data % 64 + GUARD
    args = (ctypes.c_void_p * (len(fenced) + 1))(*[f.array.ctypes.data for f in fenced], raw.ctypes.data + start)
    words = driver.entries(compiled.phases, ctypes.addressof(args))
    table = (ctypes.c_int64 * len(words))(*words)
    driver.pool(threads).run(ctypes.addressof(table), len(compiled.phases), threads)
    assert (raw[:start] == 0xff).all() and (raw[start + source.workspace:] == 0xff).all()
    return fenced[-1].array


DIRECT = conv.forward, conv_dx.input_gradient, conv_dw.weight_gradient


def check(spec, limit, generators=DIRECT, tolerances=(2e-5, 1e-12)):
    """The three kernels against NumPy. tolerances: of float and double, relative to the largest result."""
    host, rng = target.host(limit), np.random.default_rng(0)
    dtype = {"float": "f4", "double": "f8"}[spec.type]
    tolerance = tolerances[spec.type == "double"]
    x, w, g, b = (rng.standard_normal(shape).astype(dtype) for shape in (
        (spec.n, spec.h, spec.w, spec.c), (spec.o, spec.c // spec.groups, *spec.kernel), (spec.n, *spec.out, spec.o), (spec.o,)))
    y, dx, dw = reference(spec, x, w, g)
    if spec.bias:
        y = y + b
    if spec.activation:
        y = np.maximum(y, 0)
    forward = [x, w, b] if spec.bias else [x, w]
    for generator, operands, expected in zip(generators, (forward, [g, w], [g, x]), (y, dx, dw)):
        compiled = kernel.compile_source(generator(spec, host), host)
        alone = run(compiled, operands, (expected.shape, dtype), 1)
        error = np.abs(alone - expected).max()
        assert error <= tolerance * max(1, np.abs(expected).max()), generator.__name__
        together = run(compiled, operands, (expected.shape, dtype), 2)
        assert np.array_equal(alone, together), f"{generator.__name__} depends on the threads"


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name, limit):
    check(SHAPES[name], limit)


@pytest.mark.parametrize("seed", range(16))
def test_generated_shapes(seed):
    check(generated(seed), [None, "avx2"][seed // 2 % 2])


def test_relu_keeps_nan():
    spec = Conv("float", 1, 2, 3, 3, 5, (1, 1), activation="relu")
    x, w = np.ones((1, 3, 3, 2), "f4"), np.ones((5, 2, 1, 1), "f4")
    x[0, 1, 1, 0] = np.nan
    y = run(kernel.compile_source(conv.forward(spec, target.host()), target.host()), [x, w], ((1, 3, 3, 5), "f4"), 1)
    assert np.isnan(y[0, 1, 1]).all() and np.isnan(y).sum() == 5


def test_a_kernel_that_does_not_fit():
    with pytest.raises(ValueError, match="does not fit"):
        Conv("float", 1, 1, 4, 4, 1, (5, 5))


def test_channels_that_cannot_be_grouped():
    with pytest.raises(ValueError, match="groups"):
        Conv("float", 1, 3, 4, 4, 4, (1, 1), groups=2)
