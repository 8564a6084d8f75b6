"""Fourier transforms. Source: torch.fft. NumPy's FFT does the work on the host."""
import math

import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op


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


def resized(x, dims, sizes):
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
    x = resized(_promoted(input), dims, sizes)
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
    x = resized(_promoted(input), (d,), (n,))
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
    x = resized(_promoted(input, True), (d,), (n // 2 + 1,))
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
    x = resized(_promoted(input), dims, sizes)
    return Op.apply(r2c_op, (x,), (dims, _scale(norm, sizes, True), True))


def ihfftn(input, s=None, dim=None, norm=None):
    _refuse_complex("ihfftn", input, True)
    dims, sizes = _many(input, s, dim)
    x = resized(_promoted(input), dims, sizes)
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
    x = resized(_promoted(input, True), dims, sizes[:-1] + [sizes[-1] // 2 + 1])
    return Op.apply(c2r_op, (x,), (dims, _scale(norm, sizes, False), sizes[-1]))


def hfftn(input, s=None, dim=None, norm=None):
    dims, sizes = _last_size(input, s, dim)
    x = resized(_promoted(input, True), dims, sizes[:-1] + [sizes[-1] // 2 + 1])
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
