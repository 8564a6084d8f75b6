"""Windows, and the short-time Fourier transform. Source: torch.hann_window and its kin, torch.stft, torch.istft."""
import math

from ..runtime import dtypes as dt
from .declare import OPS, Op, public
from .fourier import fft, ifft, irfft, resized, rfft
from .matrices import warn_once


# ------------------------------------------------------------------ windows
def _window(name, window_length, periodic, dtype, device, requires_grad, shape):
    """shape(positions, n) of the window's points; a periodic one is the symmetric one, one longer, without its last point."""
    from ..tensor.creation import _place, arange, ones

    _place(device)
    dtype = dtype or dt.get_default_dtype()
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{name} expects floating point dtypes, got: TensorOptions(dtype={dt.c_name(dtype) if dtype is not dt.int64 else 'long int'}, "
                           "device=cpu, layout=Strided (default), requires_grad=false (default), pinned_memory=false, "
                           "memory_format=(nullopt))")
    if window_length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={window_length}")
    if window_length <= 1:
        return ones(window_length, dtype=dtype).requires_grad_(requires_grad)
    n = window_length + 1 if periodic else window_length
    return shape(arange(n, dtype=dtype), n)[:window_length].clone().requires_grad_(requires_grad)


def _cosines(a, b, c=0.0):
    def shape(at, n):
        angle = at * (2 * math.pi / (n - 1))
        out = angle.cos() * -b + a
        return out + (angle * 2).cos() * c if c else out
    return shape


@public(method=False)
def hann_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    """0.5 (1 - cos(2 pi i / n))."""
    return _window("hann_window", window_length, periodic, dtype, device, requires_grad, _cosines(0.5, 0.5))


@public(method=False)
def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, layout=None, device=None, requires_grad=False):
    """alpha - beta cos(2 pi i / n)."""
    return _window("hamming_window", window_length, periodic, dtype, device, requires_grad, _cosines(alpha, beta))


@public(method=False)
def blackman_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    """0.42 - 0.5 cos(2 pi i / n) + 0.08 cos(4 pi i / n)."""
    return _window("blackman_window", window_length, periodic, dtype, device, requires_grad, _cosines(0.42, 0.5, 0.08))


@public(method=False)
def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    """A triangle."""
    def shape(at, n):
        x = at * (2.0 / (n - 1))
        return x.minimum(2 - x)

    return _window("bartlett_window", window_length, periodic, dtype, device, requires_grad, shape)


@public(method=False)
def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    """I0(beta sqrt(1 - x^2)) / I0(beta), x from -1 to 1."""
    def shape(at, n):
        x = at * (2.0 * beta / (n - 1)) - beta
        return (beta ** 2 - x.square()).clamp(min=0).sqrt().i0() / at.new_tensor(beta).i0()

    return _window("kaiser_window", window_length, periodic, dtype, device, requires_grad, shape)


# ------------------------------------------------------------------ the short-time Fourier transform
def _described(name, x, kind, **arguments):
    """How PyTorch's texts begin: the call with its arguments."""
    window = arguments.pop("window")
    shown = "None" if window is None else f"torch.{window.dtype.legacy}{{{list(window.shape)}}}"
    parts = [kind]
    for key, value in arguments.items():
        parts.append(f"{key}={int(value) if isinstance(value, bool) else value}")
        if key == "win_length":
            parts.append(f"window={shown}")
    return f"{name}({', '.join(parts)}) "


@public()
def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False, onesided=None,
         return_complex=None, align_to_window=None):
    """Fourier transforms of overlapping frames: input (time) or (batch, time) -> (batch, frequency, frame), complex.

    n_fft: points of a frame; hop_length: from frame to frame, n_fft // 4; window: of win_length (n_fft) points, in the middle.
    center: frame t is centred at t * hop_length, the signal being padded by pad_mode.
    """
    if center:
        if align_to_window is not None:
            raise RuntimeError("stft align_to_window should only be set when center = false.")
        lead = (1,) * (3 - input.ndim)
        from ..nn.functional import pad

        input = pad(input.reshape(lead + tuple(input.shape)), (n_fft // 2, n_fft // 2), pad_mode).reshape(
            tuple(input.shape[:-1]) + (input.shape[-1] + n_fft // 2 * 2,))
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    call = _described("stft", input, f"torch.{input.dtype.legacy}{list(input.shape)}", n_fft=n_fft, hop_length=hop, win_length=length,
                      window=window, normalized=normalized, onesided=onesided, return_complex=return_complex,
                      align_to_window=align_to_window)
    _check_stft(call, input, n_fft, hop, length, window)
    is_complex = input.dtype.is_complex or window is not None and window.dtype.is_complex
    if return_complex is None:
        if not is_complex:
            raise RuntimeError("stft requires the return_complex parameter be given for real inputs, and will further require that "
                               "return_complex=True in a future PyTorch release.")
        return_complex = True
    if window is None:
        warn_once("A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. Other windows "
                  "such as torch.hann_window or torch.hamming_window are recommended to reduce spectral leakage.To suppress this warning "
                  "and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`.")
    onesided = not is_complex if onesided is None else onesided
    window = _framed_window(window, n_fft, length, input)
    frames = input.unfold(-1, n_fft, hop)
    if window is not None:
        frames = frames * window
    norm = "ortho" if normalized else None
    out = rfft(frames, norm=norm) if onesided else fft(frames, norm=norm)
    out = out.transpose(-1, -2)
    if return_complex:
        return out
    warn_once("stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for all inputs, "
              "and return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the complex output to recover "
              "the old return format.")
    from ..tensor.memory import view_as_real

    return view_as_real(out)


def _check_stft(call, input, n_fft, hop, length, window):
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError(call + ": expected a tensor of floating point or complex values")
    if input.ndim not in (1, 2):
        raise RuntimeError(call + ": expected a 1D or 2D tensor")
    if not 0 < n_fft <= input.shape[-1]:
        raise RuntimeError(call + f": expected 0 < n_fft < {input.shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(call + f": expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(call + f": expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is not None and (window.ndim != 1 or window.shape[0] != length):
        raise RuntimeError(call + f": expected a 1D window tensor of size equal to win_length={length}, but got window with size "
                           f"{list(window.shape)}")


def _framed_window(window, n_fft, length, like):
    """The window in the middle of n_fft points; None if it changes nothing."""
    if length == n_fft:
        return window           # None, too: all ones
    from ..tensor.creation import ones

    window = ones(length, dtype=like.dtype.to_real()) if window is None else window
    left = (n_fft - length) // 2
    return Op.apply(OPS["pad_zeros"], (window,), ((left,), (n_fft - length - left,), (0,)))


@public()
def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """The signal whose stft is input (batch, frequency, frame), by least squares: overlapping frames are added (Griffin and Lim 1984)."""
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    kind = f"CPU{dt.long_name(input.dtype)}Type{list(input.shape)}"
    call = _described("istft", input, kind, n_fft=n_fft, hop_length=hop, win_length=width, window=window, center=center,
                      normalized=normalized, onesided=onesided, length=length, return_complex=return_complex)
    if not input.dtype.is_complex:
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft with return_complex=True.")
    half = n_fft // 2 + 1
    onesided = input.shape[-2] != n_fft if onesided is None else onesided
    wanted = half if onesided else n_fft
    if input.shape[-2] != wanted:
        raise RuntimeError(call + (": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft / 2 + 1 when "
                                   f"onesided=True, but got {input.shape[-2]}" if onesided else
                                   ": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft when "
                                   f"onesided=False, but got {input.shape[-2]}"))
    if not 0 < hop <= width:
        raise RuntimeError(call + ": expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise RuntimeError(call + ": expected 0 < win_length <= n_fft")
    if window is None:
        from ..tensor.creation import ones

        warn_once("A window was not provided. A rectangular window will be applied.Please provide the same window used by stft to make the "
                  "inversion lossless.To suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, "
                  "device=<device>)`.")
        window = ones(width, dtype=input.dtype.to_real())
    window = _framed_window(window, n_fft, width, input)
    batched = input if input.ndim == 3 else input.unsqueeze(0)
    frames = batched.transpose(1, 2)
    norm = "ortho" if normalized else None
    if return_complex:
        frames = ifft(frames, norm=norm)
    else:
        frames = irfft(frames if onesided else frames[..., :half], n=n_fft, norm=norm)
    frames = frames * window
    count = frames.shape[1]
    total = n_fft + hop * (count - 1)
    signal = _overlapped(frames, hop, total)
    weight = _overlapped((window.square()).expand(1, count, n_fft), hop, total)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    signal, weight = signal[:, start:end], weight[:, start:end]
    lowest = weight.abs().min()
    if lowest.item() <= 1e-11:
        raise RuntimeError(call + f"window overlap add min: {int((weight.abs() > 1e-11).all())}\n[ CPUBoolType{{}} ]")
    signal = signal / weight
    if end > total:
        signal = resized(signal, (1,), (end - start,))
    return signal if input.ndim == 3 else signal.squeeze(0)


def _overlapped(frames, hop, total):
    """Frames (batch, count, n) added into a signal (batch, total), each `hop` after the one before."""
    from ..tensor.creation import arange

    batch, count, n = frames.shape
    at = arange(count).unsqueeze(1) * hop + arange(n)
    return frames.new_zeros(batch, total).index_add(1, at.reshape(-1), frames.reshape(batch, count * n))
