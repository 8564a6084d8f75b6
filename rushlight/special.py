"""Special functions. Names as in `torch.special`."""
import rushlight as _torch
from rushlight.ops import special_functions as _functions
from rushlight.tensor.binding import _with_out


def _public(function, name):
    run = _with_out(function, "special_" + name)
    run.__name__ = run.__qualname__ = "special_" + name
    return run


for _name in """entr erfcx ndtr ndtri log_ndtr i0e i1 i1e xlog1py zeta bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_i0
        modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1
        spherical_bessel_j0""".split():
    globals()[_name] = _public(getattr(_functions, _name), _name)
for _name, _function in _functions.POLYNOMIALS.items():
    globals()[_name] = _public(_function, _name)

digamma = psi = _torch.digamma
erf, erfc, erfinv = _torch.erf, _torch.erfc, _torch.erfinv
exp2, expm1, log1p = _torch.exp2, _torch.expm1, _torch.log1p
expit = _torch.sigmoid
gammaln = _torch.lgamma
gammainc, gammaincc = _torch.igamma, _torch.igammac
i0, sinc, logit, round = _torch.i0, _torch.sinc, _torch.logit, _torch.round
logsumexp, xlogy, polygamma = _torch.logsumexp, _torch.xlogy, _torch.polygamma
multigammaln = _torch.mvlgamma


def softmax(input, dim, *, dtype=None):
    return _torch.softmax(input, dim, dtype=dtype)


def log_softmax(input, dim, *, dtype=None):
    return _torch.log_softmax(input, dim, dtype=dtype)


def airy_ai(x, *, out=None):
    raise NotImplementedError("torch.special.airy_ai: rushlight has no Airy function")
