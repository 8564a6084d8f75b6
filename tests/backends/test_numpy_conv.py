"""The NumPy backend's convolutions against sums written out, against their adjoints, and against PyTorch."""
import itertools

import numpy as np
import pytest

from rushlight.backends.numpy import conv as conv_module
from rushlight.backends.numpy.conv import conv, conv_dw, conv_dx, output_size


def slow_conv(x, w, stride, padding, dilation, groups):
    """Convolution by its definition, one element of the result at a time."""
    x = np.pad(x, [(0, 0), (0, 0), *padding])
    out_size = output_size(x.shape[2:], w.shape[2:], stride, [(0, 0)] * len(stride), dilation)
    out = np.zeros((x.shape[0], w.shape[0], *out_size), np.result_type(x, w))
    channels, outputs = w.shape[1], w.shape[0] // groups
    for o in range(w.shape[0]):
        group = o // outputs
        seen = x[:, group * channels:(group + 1) * channels]
        for place in itertools.product(*map(range, out_size)):
            window = tuple(slice(p * s, p * s + d * (k - 1) + 1, d)
                           for p, s, d, k in zip(place, stride, dilation, w.shape[2:]))
            out[(slice(None), o) + place] = (seen[(slice(None), slice(None)) + window] * w[o]).reshape(len(x), -1).sum(1)
    return out


CASES = {  # batch, channels, outputs, size, kernel, stride, padding, dilation, groups
    "plain": (2, 3, 4, (6, 7), (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "padded unevenly": (2, 3, 4, (6, 7), (3, 2), (1, 1), ((1, 0), (0, 2)), (1, 1), 1),
    "strided": (3, 2, 5, (9, 8), (3, 3), (2, 3), ((1, 1), (1, 1)), (1, 1), 1),
    "dilated": (1, 2, 3, (9, 11), (3, 2), (1, 2), ((2, 2), (1, 1)), (2, 3), 1),
    "few outputs": (2, 8, 2, (6, 6), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    "few outputs, much padding": (2, 8, 2, (4, 4), (2, 2), (1, 1), ((3, 2), (2, 3)), (1, 1), 1),
    "rows of padding": (2, 2, 3, (3, 4), (2, 2), (1, 1), ((4, 5), (0, 1)), (1, 1), 1),
    "grouped": (2, 6, 4, (5, 6), (2, 3), (1, 1), ((1, 1), (0, 1)), (1, 1), 2),
    "grouped, few outputs": (2, 12, 3, (5, 6), (2, 3), (1, 1), ((1, 1), (0, 1)), (1, 1), 3),
    "depthwise": (3, 4, 4, (6, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 4),
    "depthwise, twice": (3, 4, 8, (6, 5), (3, 2), (1, 1), ((1, 0), (2, 1)), (1, 2), 4),
    "depthwise, strided": (3, 4, 4, (7, 8), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 4),
    "depthwise, twice, strided": (3, 4, 8, (7, 8), (3, 3), (2, 1), ((1, 1), (0, 1)), (1, 1), 4),
    "many to one, grouped": (2, 4, 20, (4, 4), (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 4),
    "pointwise": (2, 3, 4, (5, 5), (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "pointwise, grouped": (2, 4, 6, (5, 5), (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
    "pointwise, strided": (9, 3, 4, (5, 6), (1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
    "pointwise, padded": (2, 3, 4, (5, 5), (1, 1), (1, 1), ((1, 1), (0, 2)), (1, 1), 1),
    "batch last": (11, 2, 3, (6, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    "batch last, grouped, strided": (9, 4, 6, (7, 7), (3, 2), (2, 2), ((1, 0), (0, 1)), (1, 2), 2),
    "rows left over": (2, 2, 3, (8, 9), (3, 3), (3, 4), ((0, 0), (0, 0)), (1, 1), 1),
    "kernel as large as the image": (9, 2, 3, (4, 5), (4, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "one dimension": (2, 3, 4, (12,), (4,), (2,), ((1, 2),), (2,), 1),
    "one dimension, depthwise": (2, 3, 3, (12,), (4,), (1,), ((1, 2),), (2,), 3),
    "three dimensions": (2, 2, 3, (4, 5, 6), (2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), 1),
    "three dimensions, depthwise": (2, 2, 2, (4, 5, 6), (2, 3, 2), (1, 1, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), 2),
    "three dimensions, few outputs": (9, 4, 1, (4, 5, 6), (2, 3, 2), (1, 1, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), 1),
}


def make(case, dtype=np.float64):
    batch, channels, outputs, size, kernel, *where, groups = CASES[case]
    random = np.random.default_rng(len(case))
    x = random.standard_normal((batch, channels, *size)).astype(dtype)
    w = random.standard_normal((outputs, channels // groups, *kernel)).astype(dtype)
    out_size = output_size(size, kernel, *where)
    g = random.standard_normal((batch, outputs, *out_size)).astype(dtype)
    return x, w, g, (*where, groups)


def check_against_definition(case):
    x, w, g, where = make(case)
    expected = slow_conv(x, w, *where)
    got = conv(x, w, *where)
    assert got.shape == expected.shape and got.flags.c_contiguous
    np.testing.assert_allclose(got, expected, atol=1e-12)
    # <conv(x, w), g> is linear in x and in w: its gradients are found by trying unit vectors
    dx = conv_dx(g, w, x.shape, *where)
    dw = conv_dw(g, x, w.shape, *where)
    assert dx.shape == x.shape and dx.flags.c_contiguous and dw.shape == w.shape and dw.flags.c_contiguous
    random = np.random.default_rng(1)
    for _ in range(3):
        u, v = random.standard_normal(x.shape), random.standard_normal(w.shape)
        np.testing.assert_allclose((dx * u).sum(), (g * slow_conv(u, w, *where)).sum(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((dw * v).sum(), (g * slow_conv(x, v, *where)).sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_definition(case):
    check_against_definition(case)


@pytest.mark.parametrize("case", ["plain", "batch last", "depthwise", "few outputs", "depthwise, strided", "grouped"])
def test_many_chunks(case, monkeypatch):
    """A chunk of one image, or of the fewest with the batch last, and a shorter one at the end."""
    monkeypatch.setattr(conv_module, "IMAGE_FIRST_BYTES", 1)
    monkeypatch.setattr(conv_module, "BATCH_LAST_BYTES", 1)
    monkeypatch.setattr(conv_module.depthwise, "CHUNK_BYTES", 1)
    check_against_definition(case)


@pytest.mark.parametrize("case", [case for case in CASES if "depthwise" not in case])
def test_bands(case, monkeypatch):
    """Every row of the result by itself; some see nothing but padding."""
    monkeypatch.setattr(conv_module, "MOST_BYTES", 1)
    check_against_definition(case)


@pytest.mark.parametrize("case", CASES)
def test_pytorch(case, oracle):
    x, w, g, where = make(case, np.float32)
    stride, padding, dilation, groups = where
    if any(low != high for low, high in padding):
        pytest.skip("PyTorch pads evenly")
    pairs = dict(stride=stride, padding=tuple(p for p, _ in padding), dilation=dilation, groups=groups)
    tx, tw = oracle.tensor(x, requires_grad=True), oracle.tensor(w, requires_grad=True)
    function = (oracle.conv1d, oracle.conv2d, oracle.conv3d)[len(stride) - 1]
    expected = function(tx, tw, **pairs)
    expected.backward(oracle.tensor(g))
    np.testing.assert_allclose(conv(x, w, *where), expected.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(conv_dx(g, w, x.shape, *where), tx.grad.numpy(), atol=1e-4)
    np.testing.assert_allclose(conv_dw(g, x, w.shape, *where), tw.grad.numpy(), atol=1e-3)


def test_transposed(oracle):
    """conv_dx computes conv_transpose; output_padding makes x_shape larger than the windows reach."""
    random = np.random.default_rng(0)
    x, w = random.standard_normal((2, 4, 5, 3)), random.standard_normal((4, 3, 3, 2))
    for stride, pad, extra, dilation, groups in [(1, 0, 0, 1, 1), (2, 1, 1, 1, 2), (3, 0, 2, 2, 1), (1, 2, 0, 2, 1), (1, 0, 1, 2, 1)]:
        expected = oracle.nn.functional.conv_transpose2d(oracle.tensor(x), oracle.tensor(w), None, stride, pad, extra,
                                                         groups, dilation).numpy()
        got = conv_dx(x, w, expected.shape, (stride,) * 2, ((pad, pad),) * 2, (dilation,) * 2, groups)
        np.testing.assert_allclose(got, expected, atol=1e-10)


@pytest.mark.parametrize("shape", ["batch", "channels", "outputs"])
def test_nothing(shape):
    batch, channels, outputs = (0 if shape == name else 2 for name in ("batch", "channels", "outputs"))
    x, w = np.ones((batch, channels, 4, 4), np.float32), np.ones((outputs, channels, 3, 3), np.float32)
    where = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    y = conv(x, w, *where)
    assert y.shape == (batch, outputs, 2, 2) and y.dtype == np.float32 and not y.any()
    assert conv_dx(y, w, x.shape, *where).shape == x.shape
    assert not conv_dw(y, x, w.shape, *where).any()


def test_integers():
    random = np.random.default_rng(0)
    x, w = random.integers(-9, 9, (2, 3, 6, 6)), random.integers(-9, 9, (4, 3, 3, 3))
    where = ((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    y = conv(x, w, *where)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, slow_conv(x, w, *where))


def test_permuted_input():
    """Images that are not contiguous are read where they lie."""
    random = np.random.default_rng(0)
    x = random.standard_normal((9, 6, 5, 3)).transpose(0, 3, 1, 2)
    for w, groups in [(random.standard_normal((4, 3, 3, 3)), 1), (random.standard_normal((3, 1, 3, 3)), 3),
                      (random.standard_normal((4, 3, 1, 1)), 1)]:
        where = ((1, 1), ((0, 0), (0, 0)), (1, 1), groups)
        y = slow_conv(x, w, *where)
        np.testing.assert_allclose(conv(x, w, *where), y, atol=1e-12)
        g = y.transpose(3, 2, 1, 0).copy().transpose(3, 2, 1, 0)
        np.testing.assert_allclose(conv_dx(g, w, x.shape, *where), conv_dx(y, w, x.shape, *where), atol=1e-9)
        np.testing.assert_allclose(conv_dw(g, x, w.shape, *where), conv_dw(y, x.copy(), w.shape, *where), atol=1e-9)
