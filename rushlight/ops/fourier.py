"""Fourier transforms, windows, and the short-time transform. Source: torch.fft, torch.stft. NumPy's FFT does the work on the host."""
import math

import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .matrices import warn_once


# ------------------------------------------------------------------ three ops: complex to complex, real to complex, complex to real
def _scaled(x, scale):
    return x if scale == 1 else x * x.dtype.type(scale)


def _host_c2c(x, dims, scale, forward):
    if not x.size:
        return x
    out = np.fft.fftn(x, axes=dims) if forward else np.fft.ifftn(x, axes=dims, norm="forward")
    return _scaled(out, scale)


def _host_r2c(x, dims, scale, onesided):
    out = np.fft.rfftn(x, axes=dims) if onesided else np.fft.fftn(x, axes=dims)
    return _scaled(out, scale)


def _host_c2r(x, dims, scale, size):
    sizes = [x.shape[d] for d in dims[:-1]] + [size]
    return _scaled(np.fft.irfftn(x, s=sizes, axes=dims, norm="forward"), scale)


def _c2c(x, dims, scale, forward):
    return P.call(_host_c2c, (x,), [(x.shape, x.dtype)], (dims, scale, forward))[0]


def _r2c(x, dims, scale, onesided):
    shape = list(x.shape)
    if onesided:
        shape[dims[-1]] = shape[dims[-1]] // 2 + 1
    return P.call(_host_r2c, (x,), [(tuple(shape), x.dtype.to_complex())], (dims, scale, onesided))[0]


def _c2r(x, dims, scale, size):
    shape = list(x.shape)
    shape[dims[-1]] = size
    return P.call(_host_c2r, (x,), [(tuple(shape), x.dtype.to_real())], (dims, scale, size))[0]


def _r2c_gradient(g, infos, dims, scale, onesided):
    shape = infos[0].shape
    if onesided:        # what was left out of the result has no gradient
        missing = shape[dims[-1]] - g.shape[dims[-1]]
        none = (0,) * len(shape)
        g = OPS["pad_zeros"](g, low=none, high=tuple(missing if d == dims[-1] else 0 for d in range(len(shape))), inner=none)
    return A.real_op(c2c_op(g, dims=dims, scale=scale, forward=False))


def _c2r_gradient(g, infos, dims, scale, size):
    """Each frequency but the first (and the last of an even size) stands in the sum twice."""
    out = r2c_op(g, dims=dims, scale=scale, onesided=True)
    half = out.shape[dims[-1]]
    twice = size - half
    weights = [1] + [2] * twice + [1] * (half - 1 - twice)
    shape = tuple(half if d == dims[-1] else 1 for d in range(len(out.shape)))
    return A.mul_op(out, _weights(out, weights=tuple(weights), shape=shape))


_weights = Op("frequency_weights", "like", "weights shape", compute=lambda like, weights, shape: P.cast(P.constant_array(
    ("weights", weights, shape), lambda: np.array(weights, np.float64).reshape(shape), shape, dt.float64), like.dtype))
c2c_op = Op("fft_c2c", "input", "dims scale forward", compute=_c2c, node="FftC2CBackward0",
            grads={"input": lambda g, dims, scale, forward: c2c_op(g, dims=dims, scale=scale, forward=not forward)})
r2c_op = Op("fft_r2c", "input", "dims scale onesided", compute=_r2c, node="FftR2CBackward0", grads={"input": _r2c_gradient})
c2r_op = Op("fft_c2r", "input", "dims scale size", compute=_c2r, node="FftC2RBackward0", grads={"input": _c2r_gradient})


# ------------------------------------------------------------------ arguments
def _promoted(x, to_complex=False):
    """A float (or complex) tensor."""
    dtype = x.dtype
    if dtype in (dt.float16, dt.bfloat16):
        raise RuntimeError(f"Unsupported dtype {dt.long_name(dtype)}")
    if not (dtype.is_floating_point or dtype.is_complex):
        x = x.to(dt.get_default_dtype())
    return x.to(x.dtype.to_complex()) if to_complex and not x.dtype.is_complex else x


def _scale(norm, sizes, forward):
    """What a transform is multiplied by: the one named by norm, or by default the inverse, by 1/n."""
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    n = math.prod(sizes)
    if norm == "ortho":
        return 1 / math.sqrt(n)
    return 1 / n if (norm == "forward") == forward else 1


def _check_size(n):
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")


def _resized(x, dims, sizes):
    """x cut, or filled with zeros, to sizes along dims."""
    for d, n in zip(dims, sizes):
        have = x.shape[d]
        if n < have:
            x = x.narrow(d, 0, n)
        elif n > have:
            none = (0,) * x.ndim
            x = Op.apply(OPS["pad_zeros"], (x,), (none, tuple(n - have if i == d else 0 for i in range(x.ndim)), none))
    return x


def _one(input, n, dim):
    """The dimension, and its size n (by default what it has)."""
    d = _wrap(dim, input.ndim)
    n = input.shape[d] if n is None else n
    _check_size(n)
    return d, n


def _wrap(dim, ndim):
    if ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return Op.wrap_dim(dim, ndim)


def _many(input, s, dim):
    """(dims, sizes) for s and dim as users give them."""
    ndim = input.ndim
    s = None if s is None else (s,) if isinstance(s, int) else tuple(s)
    if dim is not None:
        dims = tuple(Op.wrap_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    elif s is not None:
        if len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dims = tuple(range(ndim - len(s), ndim))
    else:
        dims = tuple(range(ndim))
    sizes = [input.shape[d] for d in dims] if s is None else [input.shape[d] if n == -1 else n for d, n in zip(dims, s)]
    for n in sizes:
        _check_size(n)
    return dims, sizes


def _refuse_complex(name, input, many=False):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} expects a real{'-valued' if many else ''} input tensor, but got {dt.long_name(input.dtype)}")


# ------------------------------------------------------------------ one dimension
def _transform(input, dims, sizes, norm, forward):
    """fft or ifft over dims."""
    x = _resized(_promoted(input), dims, sizes)
    if not dims:
        return x if x.dtype.is_complex else x.to(x.dtype.to_complex())
    scale = _scale(norm, sizes, forward)
    if x.dtype.is_complex:
        return Op.apply(c2c_op, (x,), (tuple(dims), scale, forward))
    out = Op.apply(r2c_op, (x,), (tuple(dims), scale, False))
    return out if forward else _conjugate(out)


def _conjugate(x):
    return Op.apply(A.conj_op, (x,))


def fft(input, n=None, dim=-1, norm=None):
    """The discrete Fourier transform along dim, of n points. norm: "backward" (none here), "forward" (1/n), "ortho" (1/sqrt(n))."""
    d, n = _one(input, n, dim)
    return _transform(input, (d,), (n,), norm, True)


def ifft(input, n=None, dim=-1, norm=None):
    """The inverse of fft."""
    d, n = _one(input, n, dim)
    return _transform(input, (d,), (n,), norm, False)


def rfft(input, n=None, dim=-1, norm=None):
    """fft of real input: the n // 2 + 1 frequencies that are not mirrors of others."""
    return _real_forward("rfft", input, n, dim, norm, True)


def ihfft(input, n=None, dim=-1, norm=None):
    """The inverse of hfft."""
    return _conjugate(_real_forward("ihfft", input, n, dim, norm, False))


def _real_forward(name, input, n, dim, norm, forward):
    _refuse_complex(name, input)
    d, n = _one(input, n, dim)
    x = _resized(_promoted(input), (d,), (n,))
    return Op.apply(r2c_op, (x,), ((d,), _scale(norm, (n,), forward), True))


def irfft(input, n=None, dim=-1, norm=None):
    """The inverse of rfft: n real numbers, by default an even number of them."""
    return _real_backward(input, n, dim, norm, False)


def hfft(input, n=None, dim=-1, norm=None):
    """fft of a signal that is its own conjugate mirrored, given by its first half: n real numbers."""
    return _real_backward(input, n, dim, norm, True)


def _real_backward(input, n, dim, norm, forward):
    d = _wrap(dim, input.ndim)
    n = 2 * (input.shape[d] - 1) if n is None else n
    _check_size(n)
    x = _resized(_promoted(input, True), (d,), (n // 2 + 1,))
    if forward:
        x = _conjugate(x)
    return Op.apply(c2r_op, (x,), ((d,), _scale(norm, (n,), forward), n))


# ------------------------------------------------------------------ several dimensions
def fftn(input, s=None, dim=None, norm=None):
    dims, sizes = _many(input, s, dim)
    return _transform(input, dims, sizes, norm, True)


def ifftn(input, s=None, dim=None, norm=None):
    dims, sizes = _many(input, s, dim)
    return _transform(input, dims, sizes, norm, False)


def rfftn(input, s=None, dim=None, norm=None):
    """rfft along the last of dims, fft along the others."""
    _refuse_complex("rfftn", input, True)
    dims, sizes = _many(input, s, dim)
    if not dims:
        raise RuntimeError("rfftn must transform at least one axis")
    x = _resized(_promoted(input), dims, sizes)
    return Op.apply(r2c_op, (x,), (dims, _scale(norm, sizes, True), True))


def ihfftn(input, s=None, dim=None, norm=None):
    _refuse_complex("ihfftn", input, True)
    dims, sizes = _many(input, s, dim)
    x = _resized(_promoted(input), dims, sizes)
    return _conjugate(Op.apply(r2c_op, (x,), (dims, _scale(norm, sizes, False), True)))


def _last_size(input, s, dim):
    """(dims, sizes of the real result) of irfftn and hfftn."""
    dims, sizes = _many(input, s, dim)
    if not dims:
        raise RuntimeError("irfftn must transform at least one axis")
    given = None if s is None else (s if isinstance(s, int) else s[-1])
    if given is None or given == -1:
        sizes[-1] = 2 * (input.shape[dims[-1]] - 1)
        _check_size(sizes[-1])
    return dims, sizes


def irfftn(input, s=None, dim=None, norm=None):
    dims, sizes = _last_size(input, s, dim)
    x = _resized(_promoted(input, True), dims, sizes[:-1] + [sizes[-1] // 2 + 1])
    return Op.apply(c2r_op, (x,), (dims, _scale(norm, sizes, False), sizes[-1]))


def hfftn(input, s=None, dim=None, norm=None):
    dims, sizes = _last_size(input, s, dim)
    x = _resized(_promoted(input, True), dims, sizes[:-1] + [sizes[-1] // 2 + 1])
    return Op.apply(c2r_op, (_conjugate(x),), (dims, _scale(norm, sizes, True), sizes[-1]))


def _two_dimensional(function):
    def run(input, s=None, dim=(-2, -1), norm=None):
        return function(input, s, dim, norm)

    run.__doc__ = f"{function.__name__} over two dimensions."
    return run


fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = map(_two_dimensional, (fftn, ifftn, rfftn, irfftn, hfftn, ihfftn))


# ------------------------------------------------------------------ frequencies
def fftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies of fft of n points at distance d."""
    from ..tensor.creation import arange

    out = arange(n, dtype=dtype or dt.get_default_dtype(), device=device)
    out[(n + 1) // 2:] -= n
    return (out * (1.0 / (n * d))).requires_grad_(requires_grad)


def rfftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies of rfft of n points at distance d."""
    from ..tensor.creation import arange

    out = arange(n // 2 + 1, dtype=dtype or dt.get_default_dtype(), device=device)
    return (out * (1.0 / (n * d))).requires_grad_(requires_grad)


def _shifted(input, dim, part):
    dims = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return input.roll([part(input.shape[d]) for d in dims], dims)


def fftshift(input, dim=None):
    """Frequency zero moved to the middle."""
    return _shifted(input, dim, lambda n: n // 2)


def ifftshift(input, dim=None):
    return _shifted(input, dim, lambda n: (n + 1) // 2)


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
        signal = _resized(signal, (1,), (end - start,))
    return signal if input.ndim == 3 else signal.squeeze(0)


def _overlapped(frames, hop, total):
    """Frames (batch, count, n) added into a signal (batch, total), each `hop` after the one before."""
    from ..tensor.creation import arange

    batch, count, n = frames.shape
    at = arange(count).unsqueeze(1) * hop + arange(n)
    return frames.new_zeros(batch, total).index_add(1, at.reshape(-1), frames.reshape(batch, count * n))
