"""Special functions that few programs use. Source: torch.special."""
import math

import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public


# ------------------------------------------------------------------ by the host: float32 and float64
def _host(name):
    from ..backends.numpy import special

    return getattr(special, name)


def _call(name, kernel=None):
    """A compute that runs backends.numpy.special.<name> on the host."""
    def compute(*values):
        dtype = values[0].dtype
        if dtype in (dt.float16, dt.bfloat16):
            raise NotImplementedError(f"\"{kernel or name}_cpu\" not implemented for '{dt.long_name(dtype)}'")
        shape = P.broadcast_shapes(*[v.shape for v in values])
        return P.call(_host(name), values, [(shape, dtype)])[0]
    return compute


def _function(op, kernel=None):
    """op as a function; kernel: PyTorch's name of one that takes no half precision."""
    def function(input):
        if kernel is not None and input.dtype in (dt.float16, dt.bfloat16):
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{dt.long_name(input.dtype)}'")
        return Op.apply(op, (input,))

    function.__name__ = function.__qualname__ = op.display
    return function


entr_op = Op("special_entr", "input", promote="float",
             compute=lambda x: _entropy(x), grads={"input": lambda g, input: A.mul_op(g, A.sub_op(-1, A.log_op(input)))})


def _entropy(x):
    zero = P.const(0, x.dtype)
    inside = P.unary("neg", P.binary("mul", x, P.unary("log", x)))
    y = P.where(P.binary("gt", x, zero), inside, P.where(P.binary("eq", x, zero), zero, P.const(-math.inf, x.dtype)))
    return P.where(P.unary("isnan", x), x, y)


erfcx_op = Op("special_erfcx", "input", promote="float", compute=_call("erfcx"), grads={
    "input": lambda g, input, result: A.mul_op(g, A.sub_op(A.mul_op(A.mul_op(input, result), 2), 2 / math.sqrt(math.pi)))})
entr, erfcx = _function(entr_op), _function(erfcx_op)
ndtri, log_ndtr = _function(A.ndtri_op, "ndtri_cpu"), _function(A.log_ndtr_op, "log_ndtr_cpu")
i0e, i1, i1e = _function(A.i0e_op), _function(A.i1_op), _function(A.i1e_op)


def ndtr(input):
    """The area of the standard normal density below input."""
    x = input * math.sqrt(0.5)
    return (1 + x.erf()) * 0.5


xlog1py_op = Op("special_xlog1py", "input other", promote="float", compute=lambda a, b: _xlog1py(a, b), node="SpecialXlog1PyBackward0",
                grads={"input": lambda g, input, other: A.mul_op(g, A.where_op(A.logical_and_op(A.eq_op(input, 0), A.le_op(other, -1)), 0,
                                                                              A.log1p_op(other))),
                       "other": lambda g, input, other: A.div_op(A.mul_op(g, input), A.add_op(other, 1))})


def _xlog1py(a, b):
    zero = P.const(0, a.dtype)
    y = P.where(P.binary("eq", a, zero), zero, P.binary("mul", a, P.unary("log1p", b)))
    return P.where(P.unary("isnan", b), b, y)


def xlog1py(input, other):
    """input * log1p(other), 0 where input is 0."""
    return Op.apply(xlog1py_op, _as_tensors(input, other))


def _as_tensors(a, b):
    """Two operands, a number among them as a tensor of no dimensions."""
    if not isinstance(a, Op.Tensor):
        return b.new_full((), a, dtype=_number_dtype(b)), b
    return (a, b) if isinstance(b, Op.Tensor) else (a, a.new_full((), b, dtype=_number_dtype(a)))


def _number_dtype(like):
    return like.dtype if like.dtype.is_floating_point else dt.get_default_dtype()


def _no_derivative(name, operand):
    def refuse(g):
        raise NotImplementedError(f"the derivative for '{operand}' is not implemented.")
    return refuse


zeta_op = Op("special_zeta", "input other", promote="float", compute=lambda a, b: P.binary("zeta", a, b),
             grads={"input": _no_derivative("zeta", "self"),
                    "other": lambda g, input, other: A.mul_op(g, A.neg_op(A.mul_op(input, zeta_op(A.add_op(input, 1), other))))})


def zeta(input, other):
    """The Hurwitz zeta function: the sum over k >= 0 of (k + other) ** -input."""
    return Op.apply(zeta_op, _as_tensors(input, other))


# ------------------------------------------------------------------ incomplete gamma functions
def _density(input, other):
    """x^(a-1) e^-x / Gamma(a), the derivative of igamma(a, x) in x."""
    log = A.sub_op(A.sub_op(A.mul_op(A.log_op(other), A.sub_op(input, 1)), other), A.lgamma_op(input))
    return A.exp_op(log)


igamma_op = Op("igamma", "input other", promote="float", compute=lambda a, b: P.binary("igamma", a, b),
               grads={"input": _no_derivative("igamma", "igamma: input"),
                      "other": lambda g, input, other: A.mul_op(g, _density(input, other))})
igammac_op = Op("igammac", "input other", promote="float", compute=lambda a, b: P.binary("igammac", a, b),
                grads={"input": _no_derivative("igammac", "igammac: input"),
                       "other": lambda g, input, other: A.neg_op(A.mul_op(g, _density(input, other)))})


def _two(name, op, doc):
    def function(input, other):
        return Op.apply(op, (input, other))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.op = op
    return public(name=name, inplace=True, out=True)(function)


igamma = _two("igamma", igamma_op, "The regularized lower incomplete gamma function P(input, other).")
igammac = _two("igammac", igammac_op, "The regularized upper incomplete gamma function Q(input, other).")


def _mvlgamma(x, p):
    total = P.const(p * (p - 1) / 4 * math.log(math.pi), x.dtype, x.shape)
    for j in range(p):
        total = P.binary("add", total, P.unary("lgamma", P.binary("sub", x, P.const(j / 2, x.dtype))))
    return total


def _mvlgamma_gradient(g, input, p):
    total = None
    for j in range(p):
        part = A.digamma_op(A.sub_op(input, j / 2))
        total = part if total is None else A.add_op(total, part)
    return A.mul_op(g, total)


mvlgamma_op = Op("mvlgamma", "input", "p", promote="float", compute=_mvlgamma, grads={"input": _mvlgamma_gradient})


@public(inplace=True, out=True)
def mvlgamma(input, p):
    """The logarithm of the multivariate gamma function of dimension p."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return Op.apply(mvlgamma_op, (input,), (int(p),))


# ------------------------------------------------------------------ Bessel functions, without gradients, as in PyTorch
def _plain(name, kernel=None, host=None):
    return _function(Op(f"special_{name}", "input", promote="float", compute=_call(host or name, name), display=f"special_{name}"))


bessel_j0, bessel_j1, bessel_y0, bessel_y1 = map(_plain, ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"))
modified_bessel_i0, modified_bessel_i1 = _plain("modified_bessel_i0", host="i0"), _plain("modified_bessel_i1", host="i1")
modified_bessel_k0, modified_bessel_k1 = _plain("modified_bessel_k0"), _plain("modified_bessel_k1")
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = _plain("scaled_modified_bessel_k0"), _plain("scaled_modified_bessel_k1")
spherical_bessel_j0 = _plain("spherical_bessel_j0")


# ------------------------------------------------------------------ orthogonal polynomials, without gradients, as in PyTorch
# name: (polynomial of degree 1, step from degrees k and k - 1 to k + 1)
_RECURRENCES = {
    "chebyshev_polynomial_t": (lambda x: x, lambda k, x, p, q: 2 * x * p - q),
    "chebyshev_polynomial_u": (lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - q),
    "chebyshev_polynomial_v": (lambda x: 2 * x - 1, lambda k, x, p, q: 2 * x * p - q),
    "chebyshev_polynomial_w": (lambda x: 2 * x + 1, lambda k, x, p, q: 2 * x * p - q),
    "hermite_polynomial_h": (lambda x: 2 * x, lambda k, x, p, q: 2 * x * p - 2 * k * q),
    "hermite_polynomial_he": (lambda x: x, lambda k, x, p, q: x * p - k * q),
    "laguerre_polynomial_l": (lambda x: 1 - x, lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1)),
    "legendre_polynomial_p": (lambda x: x, lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1)),
}


def _host_polynomial(x, n, name, shifted):
    """The polynomials of degrees n at x; 0 for a negative degree."""
    x, n = np.broadcast_arrays(2 * x - 1 if shifted else x, n)
    first, step = _RECURRENCES[name]
    degree = np.trunc(n)
    previous, current = np.ones_like(x), first(x)
    out = np.where(degree == 0, previous, np.where(degree == 1, current, 0)).astype(x.dtype)
    for k in range(1, int(degree.max(initial=0))):
        previous, current = current, step(k, x, current, previous)
        out = np.where(degree == k + 1, current, out).astype(x.dtype)
    return out


def _polynomial(name, shifted=False):
    public_name = "shifted_" + name if shifted else name
    op = Op(f"special_{public_name}", "input n", promote="float",
            compute=lambda x, n: P.call(_host_polynomial, (x, n), [(P.broadcast_shapes(x.shape, n.shape), x.dtype)], (name, shifted))[0])

    def function(input, n):
        return Op.apply(op, (input, n))

    function.__name__ = function.__qualname__ = public_name
    return function


POLYNOMIALS = {name: _polynomial(name) for name in _RECURRENCES}
POLYNOMIALS.update(("shifted_" + name, _polynomial(name, True)) for name in _RECURRENCES if name.startswith("chebyshev"))
