"""Winograd's convolutions and their gradients against the sums written out in NumPy (float64)."""
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import kernel, target, winograd          # noqa: E402
from rushlight.backends.llvm.conv_shapes import Conv                   # noqa: E402
from . import test_llvm_conv                                         # noqa: E402

K3, K5 = (3, 3), (5, 5)
SAME, FULL = ((1, 1), (1, 1)), ((2, 2), (2, 2))

SHAPES = {
    "one result": Conv("float", 1, 1, 3, 3, 1, K3),
    "one pixel": Conv("float", 1, 3, 1, 1, 4, K3, padding=SAME, bias=True),
    "no padding": Conv("float", 2, 16, 10, 12, 32, K3, bias=True),
    "cut tiles": Conv("float", 3, 33, 7, 9, 17, K3, padding=SAME, bias=True, activation="relu"),
    "full padding": Conv("float", 2, 20, 6, 5, 48, K3, padding=FULL),
    "uneven padding": Conv("double", 2, 9, 5, 8, 35, K3, padding=((0, 2), (1, 0)), bias=True),
    "a group and a vector": Conv("float", 2, 24, 14, 14, 80, K3, padding=SAME, bias=True),
    "one off a group": Conv("float", 2, 40, 14, 14, 129, K3, padding=SAME, activation="relu"),
    "many channels, few tiles": Conv("float", 4, 150, 3, 4, 190, K3, padding=SAME),
    "near weights, many tiles": Conv("float", 5, 32, 40, 38, 32, K3, padding=SAME, bias=True, activation="relu"),
    "far weights, many tiles": Conv("float", 3, 160, 14, 14, 100, K3, padding=SAME),
    "a line": Conv("double", 3, 8, 1, 50, 8, K3, padding=((2, 2), (0, 1))),
    "5x5, one result": Conv("float", 1, 1, 5, 5, 1, K5),
    "5x5, one pixel": Conv("double", 2, 3, 1, 1, 4, K5, padding=FULL, bias=True),
    "5x5, no padding": Conv("float", 2, 16, 10, 12, 32, K5, bias=True),
    "5x5, cut tiles": Conv("float", 3, 33, 7, 9, 17, K5, padding=FULL, bias=True, activation="relu"),
    "5x5, uneven padding": Conv("double", 2, 9, 5, 8, 35, K5, padding=((0, 4), (3, 1)), bias=True),
    "5x5, one off a group": Conv("float", 2, 39, 14, 14, 129, K5, padding=FULL, activation="relu"),
    "5x5, far weights, many tiles": Conv("float", 3, 96, 13, 14, 100, K5, padding=((4, 0), (2, 2))),
    "5x5, few channels": Conv("float", 9, 6, 12, 12, 16, K5),
    "3x5": Conv("float", 2, 19, 9, 8, 21, (3, 5), padding=((1, 1), (2, 2)), bias=True),
    "5x4": Conv("double", 2, 7, 9, 8, 11, (5, 4), padding=((2, 2), (1, 2))),
    "4x4": Conv("float", 3, 32, 8, 11, 20, (4, 4), padding=((0, 3), (1, 2)), activation="relu"),
    "6x3": Conv("float", 2, 17, 8, 6, 40, (6, 3), padding=((3, 2), (0, 1))),
    "7x7": Conv("float", 2, 18, 12, 11, 33, (7, 7), padding=((3, 3), (3, 3)), bias=True),
}


def generated(seed):
    """A convolution of odd sizes."""
    rng = np.random.default_rng(seed)
    while True:
        kernel = tuple(int(k) for k in rng.choice([3, 5, 5, 4, 6], 2)) if seed % 4 == 3 else (K3, K5)[seed % 2]
        n, h, w, c, o = (int(s) for s in rng.integers((1, 1, 1, 1, 1), (6, 20, 20, 70, 100)))
        padding = tuple((int(lo), int(hi)) for lo, hi in rng.integers(0, 5, (2, 2)))
        try:
            return Conv(["float", "double"][seed // 2 % 2], n, c, h, w, o, kernel, padding=padding, bias=bool(seed % 3),
                        activation=[None, "relu"][seed // 3 % 2])
        except ValueError:
            continue            # the kernel does not fit


def check(spec, limit):
    test_llvm_conv.check(spec, limit, (winograd.forward, winograd.input_gradient, winograd.weight_gradient), (4e-6, 1e-14))


@pytest.mark.parametrize("limit", [None, "avx2"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name, limit):
    check(SHAPES[name], limit)


@pytest.mark.parametrize("seed", range(12))
def test_generated_shapes(seed):
    check(generated(seed), [None, "avx2"][seed // 4 % 2])


def test_relu_keeps_nan():
    spec = Conv("float", 1, 2, 6, 6, 5, K3, activation="relu")
    x, w = np.ones((1, 6, 6, 2), "f4"), np.ones((5, 2, 3, 3), "f4")
    x[0, 5, 5, 0] = np.nan
    y = test_llvm_conv.run(kernel.compile_source(winograd.forward(spec, target.host()), target.host()), [x, w], ((1, 4, 4, 5), "f4"), 1)
    assert np.isnan(y[0, 3, 3]).all() and not np.isnan(y[0, :2]).any()


@pytest.mark.parametrize("more", [{"kernel": K3, "stride": (2, 2)}, {"kernel": (1, 5)}, {"kernel": (5, 2)}, {"kernel": (8, 8)},
                                  {"kernel": K5, "groups": 2}, {"kernel": K3, "dilation": (2, 2)}])
def test_what_it_is_not_for(more):
    spec = Conv("float", 1, 4, 12, 12, 4, **more)
    for generator in winograd.forward, winograd.input_gradient, winograd.weight_gradient:
        with pytest.raises(NotImplementedError, match="stride 1"):
            generator(spec, target.host())


@pytest.mark.parametrize("which", ["forward", "input_gradient", "weight_gradient"])
def test_where_it_is_expected_to_be_faster(which):
    def suits(n, c, side, o, **more):
        return winograd.suits(Conv("float", n, c, side, side, o, more.pop("kernel", K3), padding=SAME, **more), target.host(), which)

    assert suits(8, 64, 56, 64) and suits(16, 32, 28, 32) and suits(1, 256, 14, 256) and suits(64, 512, 7, 512)
    assert not suits(8, 3, 32, 64)                          # transforming so few channels costs more than it saves
    assert not suits(1, 512, 7, 512)                        # the weights would be transformed for 16 tiles
    assert not suits(256, 128, 1, 128)                      # three of four results would be thrown away
    assert not suits(8, 64, 56, 64, groups=2) and not suits(8, 64, 56, 64, stride=(2, 2)) and not suits(8, 64, 56, 64, kernel=(1, 3))


def test_where_it_is_expected_to_be_faster_with_larger_weights():
    def suits(n, c, side, o, kernel, pad):
        spec = Conv("float", n, c, side, side, o, kernel, padding=((pad, pad), (pad, pad)))
        return [winograd.suits(spec, target.host(), which) for which in ("forward", "input_gradient", "weight_gradient")]

    assert suits(32, 96, 26, 256, K5, 2) == suits(64, 32, 8, 64, K5, 2) == suits(16, 64, 14, 64, (7, 7), 3) == [True] * 3
    assert suits(256, 32, 12, 64, K5, 0) == [True, False, True]         # of the input gradient's taps, most meet nothing
    assert suits(64, 32, 6, 128, K5, 2) == [False, False, True]         # and so with so much padding
    assert suits(64, 48, 7, 128, K5, 2) == [False] * 3
    assert suits(256, 6, 12, 16, K5, 0) == [False] * 3                  # too few channels
    assert suits(1, 256, 14, 256, K5, 2) == [True, True, False]         # 49 tiles do not pay for adding up 49 components
