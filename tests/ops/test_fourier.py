"""torch.fft, windows, stft and istft against PyTorch."""
import numpy as np
import pytest
import rushlight as torch
from op_compare import same

RANDOM = np.random.RandomState(2)
x, X, T3 = RANDOM.standard_normal(6), RANDOM.standard_normal((3, 4)), RANDOM.standard_normal((2, 5, 4))

REAL = ["fft(a)", "fft(a, n=8)", "fft(a, n=2)", "fft(a, dim=0, norm='ortho')", "fft(a, norm='forward')", "ifft(a)", "rfft(a)", "rfft(a, n=5)",
        "rfft(a, n=7, norm='ortho')", "irfft(a)", "irfft(a, n=3)", "hfft(a)", "ihfft(a)", "fftn(a)", "rfftn(a)", "fftshift(a)", "ifftshift(a)"]
MANY = ["fft2(a)", "fft2(a, s=(2, 6))", "ifft2(a, norm='forward')", "rfft2(a)", "irfft2(a)", "fftn(a, dim=(0,))", "fftn(a, s=(5,))",
        "fftn(a, s=(5, -1))", "rfftn(a, s=(4, 4))", "ihfft2(a)", "ihfftn(a)", "irfftn(a, s=(3, 5))", "hfft2(a)", "fftshift(a, dim=1)"]
COMPLEX = ["fft(z)", "ifft(z, n=5)", "fft(z, norm='ortho')", "irfft(z)", "irfft(z, n=5, norm='ortho')", "hfft(z, n=5)", "fftn(z)", "ifftn(z)",
           "irfftn(z)", "irfft2(z, s=(3, 7))", "hfftn(z)"]


@pytest.mark.parametrize("text", REAL)
@pytest.mark.parametrize("array", [x, X, T3], ids=["1d", "2d", "3d"])
def test_of_real(oracle, text, array):
    case = eval(f"lambda T, a: (lambda y: (T.view_as_real(y.resolve_conj()) if y.is_complex() else y) * 1)(T.fft.{text})")
    same(oracle, case, (array,), dtype="float64", double=True)


@pytest.mark.parametrize("text", MANY)
def test_of_many_dimensions(oracle, text):
    case = eval(f"lambda T, a: (lambda y: (T.view_as_real(y.resolve_conj()) if y.is_complex() else y) * 1)(T.fft.{text})")
    same(oracle, case, (X,), dtype="float64", double=True)


@pytest.mark.parametrize("text", COMPLEX)
def test_of_complex(oracle, text):
    case = eval(f"lambda T, a, b: (lambda z: (lambda y: (T.view_as_real(y.resolve_conj()) if y.is_complex() else y) * 1)(T.fft.{text}))(T.complex(a, b))")
    same(oracle, case, (X, X[::-1].copy()), dtype="float64")


@pytest.mark.parametrize("text", ["fft(a)", "ifft(a)", "rfft(a)", "irfft(a)", "ihfft(a)", "fft(a.to(T.complex128))"])
def test_names_on_the_tape_and_dtypes(oracle, text):
    same(oracle, eval(f"lambda T, a: T.fft.{text}.abs()"), (X,), dtype="float32", tolerance=1e-5)
    assert type(eval(f"torch.fft.{text}", {"torch": torch, "T": torch, "a": torch.ones(4, requires_grad=True)}).grad_fn).__name__ == \
        type(eval(f"torch.fft.{text}", {"torch": oracle, "T": oracle, "a": oracle.ones(4, requires_grad=True)}).grad_fn).__name__


REFUSED = ["T.fft.fft(a, norm='x')", "T.fft.fft(a, n=0)", "T.fft.fft(a, dim=3)", "T.fft.fft(a.half())", "T.fft.fft(T.tensor(1.0))",
           "T.fft.rfft(a + 0j)", "T.fft.ihfft(a + 0j)", "T.fft.rfftn(a + 0j)", "T.fft.fft2(a, dim=(0, 0))", "T.fft.fft2(a[0])",
           "T.fft.fftn(a, s=(5, 2, 3))", "T.fft.fftn(a, dim=(0,), s=(2, 2))", "T.hann_window(-1)", "T.hann_window(4, dtype=T.int64)",
           "T.stft(T.arange(16.0), 8)", "T.stft(T.arange(16.0), 8, hop_length=0, return_complex=True)",
           "T.stft(T.arange(16.0), 8, win_length=9, return_complex=True)", "T.stft(T.arange(16), 8, center=False, return_complex=True)",
           "T.stft(T.arange(16.0), 8, window=T.ones(5), return_complex=True)", "T.istft(T.ones(5, 3), 8)"]


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(oracle, text):
    assert isinstance(same(oracle, eval(f"lambda T, a: {text}"), (X,), dtype="float32", grad=False), Exception)


WINDOWS = ["hann_window(7)", "hann_window(8, False)", "hann_window(1)", "hann_window(0)", "hamming_window(6)", "hamming_window(6, True, 0.5, 0.4)",
           "blackman_window(9)", "bartlett_window(8)", "bartlett_window(7, False)", "kaiser_window(8)", "kaiser_window(8, False, beta=4.0)",
           "hann_window(5, dtype=T.float64)", "fft.fftfreq(5)", "fft.fftfreq(4, d=0.5)", "fft.rfftfreq(7)", "fft.rfftfreq(4, 0.5, dtype=T.float64)"]


@pytest.mark.parametrize("text", WINDOWS)
def test_windows_and_frequencies(oracle, text):
    same(oracle, eval(f"lambda T: T.{text}"), (), tolerance=1e-6)


STFT = ["8, window=T.hann_window(8, dtype=a.dtype)", "8, hop_length=4, window=T.hann_window(8, dtype=a.dtype)",
        "8, 4, 6, window=T.hamming_window(6, dtype=a.dtype), center=False", "8, 4, window=T.ones(8, dtype=a.dtype), onesided=False",
        "8, 2, window=T.ones(8, dtype=a.dtype), normalized=True", "7, 3, window=T.hann_window(7, dtype=a.dtype), pad_mode='constant'"]


@pytest.mark.parametrize("text", STFT)
def test_stft(oracle, text):
    signals = RANDOM.standard_normal((2, 24))
    case = eval(f"lambda T, a: T.view_as_real(T.stft(a, {text}, return_complex=True))")
    same(oracle, case, (signals,), dtype="float64", name=False)
    same(oracle, case, (signals[0],), dtype="float64", name=False)


def test_istft_inverts(oracle):
    signal = RANDOM.standard_normal((2, 32))

    def case(T, a):
        window = T.hann_window(8, dtype=a.dtype)
        transformed = T.stft(a, 8, 2, window=window, return_complex=True)
        return T.istft(transformed, 8, 2, window=window), T.istft(transformed, 8, 2, window=window, length=30)

    same(oracle, case, (signal,), dtype="float64", name=False, tolerance=1e-7)
    back = case(torch, torch.tensor(signal))[0]
    assert np.allclose(back.numpy(), signal)


def test_parseval():
    a = torch.randn(64, dtype=torch.float64)
    assert torch.allclose(torch.fft.fft(a, norm="ortho").abs().square().sum(), a.square().sum())
    assert torch.autograd.gradcheck(lambda t: torch.fft.irfft(torch.fft.rfft(t) * torch.arange(4)), (torch.randn(6, dtype=torch.float64, requires_grad=True),))
