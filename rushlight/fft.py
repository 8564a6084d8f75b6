"""Fourier transforms. Names as in `torch.fft`; what they do is in ops/fourier.py."""
from rushlight.ops import fourier as _fourier
from rushlight.tensor.binding import _with_out

__all__ = ["fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn", "irfftn", "hfft", "ihfft",
           "hfft2", "ihfft2", "hfftn", "ihfftn", "fftfreq", "rfftfreq", "fftshift", "ifftshift"]

for _name in __all__:
    _function = getattr(_fourier, _name)
    if not _name.endswith("shift"):
        _function = _with_out(_function, "fft_" + _name)
        _function.__name__ = _function.__qualname__ = "fft_" + _name
    globals()[_name] = _function
