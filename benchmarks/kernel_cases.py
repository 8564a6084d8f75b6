"""Products, convolutions and pools for kernels.py: one generated kernel each, and what PyTorch and NumPy have for the same.

Images and filters are laid out as in a compiled step: channels innermost, filters as PyTorch keeps them. PyTorch has them both ways, and
the quicker counts; NumPy's convolutions and pools are those of the interpreter.
"""
import ctypes
from functools import partial

import numpy as np
from rushlight.backends.llvm import driver, library
from rushlight.backends.llvm.conv_shapes import Conv
from rushlight.backends.llvm.gemm import Dot
from rushlight.backends.llvm.generators import Forward, InputGradient, WeightGradient
from rushlight.backends.llvm.pool import Pool, PoolGradient
from rushlight.backends.numpy import conv as numpy_conv
from rushlight.backends.numpy import pool as numpy_pool

PRODUCTS = [  # rows, columns, steps
    (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (256, 256, 784), (4096, 64, 576), (64, 4096, 4096),
    (25088, 1024, 64)]
LAYERS = [  # network, batch, inputs, outputs
    ("softmax", 256, 784, 10), ("mlp", 256, 784, 256), ("lenet", 256, 256, 120), ("fashion_cnn", 256, 1024, 512),
    ("mnist_cnn", 64, 25088, 1024), ("cifar_cnn", 64, 1024, 64), ("alexnet", 32, 6400, 4096), ("alexnet", 32, 4096, 4096),
    ("vgg11", 8, 25088, 4096), ("resnet18", 64, 512, 10)]
CONVOLUTIONS = [  # batch, channels, size, outputs, kernel, stride, padding
    (64, 64, 56, 64, 3, 1, 1), (64, 128, 28, 128, 3, 1, 1), (64, 256, 14, 256, 3, 1, 1),         # those of the kernel study
    (256, 1, 28, 32, 5, 1, 0), (256, 32, 12, 64, 5, 1, 0), (256, 6, 12, 16, 5, 1, 0),
    (256, 1, 28, 6, 5, 1, 0), (64, 64, 28, 128, 3, 1, 1),                                       # lenet, mnist_cnn
    (64, 3, 32, 32, 5, 1, 2), (64, 32, 16, 32, 5, 1, 2), (1, 32, 16, 32, 5, 1, 2),               # cifar_cnn, and its batch of 1
    (32, 1, 224, 96, 11, 4, 0), (32, 96, 26, 256, 5, 1, 2), (32, 384, 12, 384, 3, 1, 1),         # alexnet
    (8, 64, 112, 128, 3, 1, 1), (8, 512, 14, 512, 3, 1, 1),                                     # vgg11
    (32, 96, 54, 96, 1, 1, 0),                                                                  # nin
    (64, 16, 12, 32, 5, 1, 2), (64, 192, 12, 64, 1, 1, 0),                                      # googlenet
    (64, 1, 96, 64, 7, 2, 3), (64, 128, 12, 256, 3, 2, 1), (64, 64, 24, 128, 1, 2, 0), (64, 512, 3, 512, 3, 1, 1),    # resnet18
    (32, 160, 24, 32, 3, 1, 1)]                                                                 # densenet
POOLS = [  # kind, batch, channels, size, window, stride, padding
    ("max", 256, 32, 24, 2, 2, 0), ("max", 64, 128, 28, 2, 2, 0), ("max", 32, 96, 54, 3, 2, 0), ("max", 64, 64, 48, 3, 2, 1),
    ("max", 64, 480, 6, 3, 1, 1), ("sum", 32, 96, 24, 2, 2, 0), ("sum", 64, 1024, 3, 3, 3, 0)]


class Case:
    """One thing to compute.

    ways        {"Rushlight" | "PyTorch" | "NumPy": functions that do so and return it, of which the quickest counts}
    flops       operations; traffic: bytes that must be read and written
    exact       whether all ways give the same numbers but for rounding
    """

    def __init__(self, name, ways, flops, traffic, exact=True):
        self.name, self.ways, self.flops, self.traffic, self.exact = name, ways, flops, traffic, exact


class Launch:
    """A kernel as a table of the native driver's; a call runs it and returns `shown`."""

    def __init__(self, spec, operands, results, threads, shown):
        self.kernel = library.kernel(spec)
        source = self.kernel.source
        workspace = np.empty(source.workspace + 64, np.uint8)
        start = workspace.ctypes.data
        addresses = [a.ctypes.data for a in (*operands, *results)] + [start + -start % 64]
        arguments = (ctypes.c_void_p * len(addresses))(*addresses)
        words = driver.entries(self.kernel.phases, ctypes.addressof(arguments))
        table = (ctypes.c_int64 * len(words))(*words)
        self.keep = operands, results, workspace, arguments, table
        self.address, self.count, self.shown = ctypes.addressof(table), len(self.kernel.phases), shown
        self.pool, self.threads = driver.pool(threads), threads
        self.flops, self.traffic = source.flops, source.traffic

    def __call__(self):
        self.pool.run(self.address, self.count, self.threads)
        return self.shown


def _random(*shape):
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _case(name, launch, torch, pytorch, numpy):
    """pytorch: makes PyTorch's functions; numpy: NumPy's function."""
    ways = {"Rushlight": [launch], "PyTorch": pytorch() if torch else [], "NumPy": [numpy]}
    return Case(name, ways, launch.flops, launch.traffic)


# ---------------------------------------------------------------- products
def products(torch, threads):
    """Pairs of a name and what makes its Case, as are those of the others below."""
    for m, n, k in PRODUCTS:
        name = f"{m}x{k} by {k}x{n}"
        yield name, partial(_product, name, torch, threads, (m, k), (k, n))
    for network, batch, inputs, outputs in LAYERS:
        x, w, y = (batch, inputs), (outputs, inputs), (batch, outputs)
        for what, *operands in (("forward", x, w, False, True), ("dx", y, w), ("dw", y, x, True)):
            name = f"{network} {batch}x{inputs}->{outputs} {what}"
            yield name, partial(_product, name, torch, threads, *operands)


def _product(name, torch, threads, left, right, turn_left=False, turn_right=False):
    a, b = _random(*left), _random(*right)
    a, b = a.T if turn_left else a, b.T if turn_right else b
    (m, k), n = a.shape, b.shape[1]
    c, other = np.empty((m, n), np.float32), np.empty((m, n), np.float32)
    strides = [tuple(s // 4 for s in x.strides) for x in (a, b)]
    launch = Launch(Dot("float", (), m, n, k, *strides, (n, 1)), [a, b], [c], threads, c)

    def pytorch():
        x, y, z = torch.from_numpy(a), torch.from_numpy(b), torch.empty(m, n)
        return [lambda: torch.mm(x, y, out=z)]

    return _case(name, launch, torch, pytorch, lambda: np.matmul(a, b, out=other))


# ---------------------------------------------------------------- convolutions
def convolutions(torch, threads):
    for shape in CONVOLUTIONS:
        n, c, size, o, k, stride, _ = shape
        name = f"{k}x{k}{f'/{stride}' if stride > 1 else ''} {c}@{size}->{o} batch {n}"
        for what in ("forward", "dx", "dw"):
            if what != "dx" or c > 3:                   # nobody asks for the gradient of pictures
                yield f"{name} {what}", partial(_convolution, f"{name} {what}", torch, threads, shape, what)


def _planes(image):
    """(n, h, w, c) shown as (n, c, h, w)."""
    return image.transpose(0, 3, 1, 2)


def _convolution(name, torch, threads, shape, what):
    n, c, size, o, kernel, stride, padding = shape
    spec = Conv("float", n, c, size, size, o, (kernel,) * 2, (stride,) * 2, ((padding,) * 2,) * 2)
    x, w, g = _random(n, size, size, c), _random(o, c, kernel, kernel), _random(n, *spec.out, o)
    if what == "forward":
        y = np.empty_like(g)
        launch = Launch(Forward(spec), [x, w], [y], threads, _planes(y))
    elif what == "dx":
        dx = np.empty_like(x)
        launch = Launch(InputGradient(spec), [g, w], [dx], threads, _planes(dx))
    else:
        dw = np.empty_like(w)
        launch = Launch(WeightGradient(spec), [g, x], [dw], threads, dw)
    image, gradient = (np.ascontiguousarray(_planes(a)) for a in (x, g))
    where = spec.stride, spec.padding, spec.dilation, 1
    numpy = {"forward": lambda: numpy_conv.conv(image, w, *where),
             "dx": lambda: numpy_conv.conv_dx(gradient, w, image.shape, *where),
             "dw": lambda: numpy_conv.conv_dw(gradient, image, w.shape, *where)}[what]

    def pytorch():
        return [_pytorch_convolution(torch, what, *(torch.from_numpy(a).contiguous(memory_format=form) for a in (image, w, gradient)),
                                     stride, padding) for form in (torch.contiguous_format, torch.channels_last)]

    return _case(name, launch, torch, pytorch, numpy)


def _pytorch_convolution(torch, what, x, w, g, stride, padding):
    if what == "forward":
        return lambda: torch.nn.functional.conv2d(x, w, None, stride, padding)
    wanted = [what == "dx", what == "dw", False]
    options = [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, wanted
    return lambda: torch.ops.aten.convolution_backward(g, x, w, None, *options)[wanted.index(True)]


# ---------------------------------------------------------------- pools
def pools(torch, threads):
    for shape in POOLS:
        kind, n, c, size, window, stride, padding = shape
        name = f"{kind} pool {window}x{window}/{stride} {c}@{size} batch {n}"
        for what in ("forward", "dx"):
            yield f"{name} {what}", partial(_pool, f"{name} {what}", torch, threads, shape, what)


def _pool(name, torch, threads, shape, what):
    """Maxima with the places that the gradient asks for. Sums stand for averages: one pass of the same kind."""
    kind, n, c, size, window, stride, padding = shape
    out = (size + 2 * padding - window) // stride + 1
    where = (window,) * 2, (stride,) * 2, ((padding,) * 2,) * 2
    fields = "float", n, size, size, c, *where, (1, 1), (out, out), kind
    x, y, g = _random(n, size, size, c), np.empty((n, out, out, c), np.float32), _random(n, out, out, c)
    taps = [np.empty(y.shape, np.uint8)] if kind == "max" else []
    launch = Launch(Pool(*fields, index=kind == "max"), [x], [y, *taps], threads, _planes(y))
    if what == "dx":
        launch()                                        # for the taps
        dx = np.empty_like(x)
        launch = Launch(PoolGradient(*fields), [g, *taps], [dx], threads, _planes(dx))
    image, gradient = (np.ascontiguousarray(_planes(a)) for a in (x, g))

    def pytorch():
        return [_pytorch_pool(torch, shape, what, *(torch.from_numpy(a).contiguous(memory_format=form) for a in (image, gradient)))
                for form in (torch.contiguous_format, torch.channels_last)]

    return _case(name, launch, torch, pytorch, _numpy_pool(kind, what, image, gradient, where))


def _numpy_pool(kind, what, image, gradient, where):
    out = gradient.shape[2:]
    if kind == "sum":
        return (lambda: numpy_pool.sum_pool(image, *where, out)) if what == "forward" else \
            (lambda: numpy_pool.sum_pool_dx(gradient, image.shape, *where))
    places = numpy_pool.max_pool_index(image, *where, (1, 1), out)
    if what == "dx":
        return lambda: numpy_pool.max_pool_dx(gradient, places, image.shape, 2)
    return lambda: (numpy_pool.max_pool(image, *where, (1, 1), out), numpy_pool.max_pool_index(image, *where, (1, 1), out))[0]


def _pytorch_pool(torch, shape, what, x, g):
    kind, _, _, _, window, stride, padding = shape
    F = torch.nn.functional
    if kind == "sum":
        if what == "forward":
            return lambda: F.avg_pool2d(x, window, stride, padding, divisor_override=1)
        return lambda: torch.ops.aten.avg_pool2d_backward(g, x, [window] * 2, [stride] * 2, [padding] * 2, False, True, 1)
    if what == "forward":
        return lambda: F.max_pool2d(x, window, stride, padding, return_indices=True)[0]
    _, index = F.max_pool2d(x, window, stride, padding, return_indices=True)
    return lambda: torch.ops.aten.max_pool2d_with_indices_backward(g, x, [window] * 2, [stride] * 2, [padding] * 2, [1, 1], False, index)
