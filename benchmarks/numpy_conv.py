"""Time the NumPy backend's convolutions, and PyTorch's beside them where it is installed.

    python benchmarks/numpy_conv.py [--layers 5x5] [--seconds 0.2] [--threads 2]

A figure is the best of the runs that fit in `--seconds`, in milliseconds.
"""
import argparse
import importlib.util
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

LAYERS = [  # name, batch, in, out, kernel, size, stride, padding, groups
    ("1->6 5x5 @28", 256, 1, 6, 5, 28, 1, 0, 1),
    ("6->16 5x5 @12", 256, 6, 16, 5, 12, 1, 0, 1),
    ("1->32 5x5 @28", 256, 1, 32, 5, 28, 1, 0, 1),
    ("32->64 5x5 @12", 256, 32, 64, 5, 12, 1, 0, 1),
    ("64->128 3x3 @28", 64, 64, 128, 3, 28, 1, 1, 1),
    ("3->32 5x5 @32", 64, 3, 32, 5, 32, 1, 2, 1),
    ("96->256 5x5 @26", 32, 96, 256, 5, 26, 1, 2, 1),
    ("256->512 3x3 @14", 8, 256, 512, 3, 14, 1, 1, 1),
    ("1->96 11x11/4 @224", 32, 1, 96, 11, 224, 4, 0, 1),
    ("64->128 1x1/2 @24", 64, 64, 128, 1, 24, 2, 0, 1),
    ("96->96 1x1 @26", 32, 96, 96, 1, 26, 1, 0, 1),
    ("160->32 3x3 @24", 32, 160, 32, 3, 24, 1, 1, 1),
    ("512->512 3x3 @3", 64, 512, 512, 3, 3, 1, 1, 1),
    ("32 depthwise 3x3 @56", 32, 32, 32, 3, 56, 1, 1, 32),
    ("256 depthwise 3x3 @14", 32, 256, 256, 3, 14, 1, 1, 256),
    ("128 in 32 groups 3x3 @28", 16, 128, 128, 3, 28, 1, 1, 32),
]


def best(run, seconds):
    run()
    least, begin, runs = float("inf"), time.perf_counter(), 0
    while runs < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        least, runs = min(least, time.perf_counter() - start), runs + 1
    return 1e3 * least


def ours(x, w, g, stride, padding, groups, seconds):
    from rushlight.backends.numpy.conv import conv, conv_dw, conv_dx
    where = ((stride,) * 2, ((padding,) * 2,) * 2, (1, 1), groups)
    return [best(lambda: conv(x, w, *where), seconds),
            best(lambda: conv_dx(g, w, x.shape, *where), seconds),
            best(lambda: conv_dw(g, x, w.shape, *where), seconds)]


def pytorch(x, w, g, stride, padding, groups, seconds):
    import torch
    x, w, g = (torch.from_numpy(a) for a in (x, w, g))
    args = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups)
    back = lambda which: torch.ops.aten.convolution_backward(g, x, w, None, *args, which)
    return [best(lambda: torch.conv2d(x, w, None, stride, padding, 1, groups), seconds),
            best(lambda: back([True, False, False]), seconds),
            best(lambda: back([False, True, False]), seconds)]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--layers", default="", help="only the layers whose name contains this")
    options.add_argument("--seconds", type=float, default=0.2, help="time for each figure")
    options.add_argument("--threads", type=int, default=0, help="PyTorch's threads; 0 leaves them")
    args = options.parse_args()
    peer = importlib.util.find_spec("torch") is not None
    if peer and args.threads:
        import torch
        torch.set_num_threads(args.threads)
    print(f"{'layer':26s} {'conv':>9s} {'dx':>9s} {'dw':>9s}" + ("    PyTorch: conv, dx, dw    times as long" if peer else ""))
    random = np.random.default_rng(0)
    for name, batch, channels, outputs, kernel, size, stride, padding, groups in LAYERS:
        if args.layers not in name:
            continue
        out = (size + 2 * padding - kernel) // stride + 1
        x = random.standard_normal((batch, channels, size, size), np.float32)
        w = random.standard_normal((outputs, channels // groups, kernel, kernel), np.float32)
        g = random.standard_normal((batch, outputs, out, out), np.float32)
        mine = ours(x, w, g, stride, padding, groups, args.seconds)
        line = f"{name:26s} " + " ".join(f"{ms:9.2f}" for ms in mine)
        if peer:
            theirs = pytorch(x, w, g, stride, padding, groups, args.seconds)
            line += "  " + " ".join(f"{ms:8.2f}" for ms in theirs)
            line += "  " + " ".join(f"{a / b:6.2f}" for a, b in zip(mine, theirs))
        print(line, flush=True)


if __name__ == "__main__":
    main()
