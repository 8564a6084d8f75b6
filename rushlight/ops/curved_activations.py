"""Activation functions made of exponentials, and gates, one op each. Source: torch.nn.functional."""
import math

from ..graph import primitives as P
from . import arithmetic as A
from .activations import activation, num, write
from .declare import OPS, Op, public

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


# ------------------------------------------------------------------ exponentials
def _elu(x, alpha, scale, input_scale):
    low = P.binary("mul", P.unary("expm1", P.binary("mul", x, num(input_scale, x)) if input_scale != 1 else x), num(alpha * scale, x))
    high = P.binary("mul", x, num(scale, x)) if scale != 1 else x
    return P.where(P.binary("le", x, num(0, x)), low, high)


def _times(x, k):
    return x if k == 1 else A.mul_op(x, k)


def _elu_gradient(g, input, alpha, scale, input_scale):
    low = A.mul_op(g, A.mul_op(A.exp_op(_times(input, input_scale)), input_scale * alpha * scale))
    return A.where_op(A.le_op(input, 0), low, _times(g, scale))


def _elu_into_gradient(g, result, alpha, scale, input_scale):
    if alpha < 0:
        raise RuntimeError("In-place elu backward calculation is triggered with a negative slope which is not supported. This is caused by "
                           "calling in-place forward function with a negative slope, please call out-of-place version instead.")
    low = A.mul_op(g, A.mul_op(A.add_op(result, alpha * scale), input_scale))
    return A.where_op(A.le_op(result, 0), low, _times(g, scale))


_ELU = "alpha scale input_scale"
elu_op = activation("elu", _elu, _elu_gradient, _ELU, kernel="elu_cpu")
elu_into = activation("elu_into", _elu, _elu_into_gradient, _ELU, "EluBackward1", "elu_cpu", "elu_")
celu_op = activation("celu", lambda x, alpha: _elu(x, alpha, 1, 1 / alpha),
                      lambda g, input, alpha: _elu_gradient(g, input, alpha, 1, 1 / alpha), "alpha", kernel="elu_cpu")
celu_into = activation("celu_into", lambda x, alpha: _elu(x, alpha, 1, 1 / alpha),
                        lambda g, result, alpha: _elu_into_gradient(g, result, alpha, 1, 1 / alpha), "alpha", "CeluBackward1",
                        "elu_cpu", "celu_")


def elu(input, alpha=1.0, scale=1.0, input_scale=1.0):
    """input where positive, else alpha (exp(input) - 1)."""
    return Op.apply(elu_op, (input,), (alpha, scale, input_scale))


def elu_(input, alpha=1.0, scale=1.0, input_scale=1.0):
    return Op.apply_write(elu_into, input, (input,), (alpha, scale, input_scale))


def _check_celu(alpha):
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")


@public(method=False)
def celu(input, alpha=1.0):
    """input where positive, else alpha (exp(input / alpha) - 1)."""
    _check_celu(alpha)
    return Op.apply(celu_op, (input,), (alpha,))


@public(name="celu_", method=False)
def celu_(input, alpha=1.0):
    _check_celu(alpha)
    return Op.apply_write(celu_into, input, (input,), (alpha,))


@public(method=False)
def selu(input):
    """elu with the scale that keeps mean 0 and variance 1. Source: Klambauer et al., 2017."""
    return Op.apply(elu_op, (input,), (_SELU_ALPHA, _SELU_SCALE, 1))


@public(name="selu_", method=False)
def selu_(input):
    return Op.apply_write(elu_into, input, (input,), (_SELU_ALPHA, _SELU_SCALE, 1))


_ROOT_HALF, _PDF = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_TANH_SCALE, _CUBIC = math.sqrt(2 / math.pi), 0.044715


def _gelu(x, approximate):
    if approximate == "tanh":
        cube = P.binary("mul", P.binary("mul", x, x), x)
        inner = P.binary("mul", P.binary("add", x, P.binary("mul", cube, num(_CUBIC, x))), num(_TANH_SCALE, x))
        share = P.unary("tanh", inner)
    else:
        share = P.unary("erf", P.binary("mul", x, num(_ROOT_HALF, x)))
    return P.binary("mul", P.binary("mul", x, num(0.5, x)), P.binary("add", share, num(1, x)))


def _gelu_gradient(g, input, approximate):
    square = A.mul_op(input, input)
    if approximate == "tanh":
        inner = A.mul_op(A.mul_op(input, A.add_op(A.mul_op(square, _CUBIC), 1)), _TANH_SCALE)
        t = A.tanh_op(inner)
        slope = A.mul_op(A.add_op(A.mul_op(square, 3 * _CUBIC), 1), _TANH_SCALE)
        bent = A.mul_op(A.mul_op(A.mul_op(input, 0.5), A.sub_op(1, A.mul_op(t, t))), slope)
        return A.mul_op(g, A.add_op(A.mul_op(A.add_op(t, 1), 0.5), bent))
    cdf = A.mul_op(A.add_op(A.erf_op(A.mul_op(input, _ROOT_HALF)), 1), 0.5)
    pdf = A.mul_op(A.exp_op(A.mul_op(square, -0.5)), _PDF)
    return A.mul_op(g, A.add_op(cdf, A.mul_op(input, pdf)))


gelu_op = activation("gelu", _gelu, _gelu_gradient, "approximate", kernel="GeluKernelImpl")


def gelu(input, *, approximate="none"):
    """input times the normal distribution function, or its approximation by tanh. Source: Hendrycks and Gimpel, 2016."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return Op.apply(gelu_op, (input,), (approximate,))


def _silu_gradient(g, input):
    s = A.sigmoid_op(input)
    return A.mul_op(g, A.mul_op(s, A.add_op(A.mul_op(input, A.sub_op(1, s)), 1)))


silu_op = activation("silu", lambda x: P.binary("mul", x, P.unary("sigmoid", x)), _silu_gradient, kernel="silu_cpu")


def _log1p_exp(x):
    return P.unary("log1p", P.unary("exp", x))


def _mish_gradient(g, input):
    t, s = A.tanh_op(softplus_op(input, beta=1, threshold=20)), A.sigmoid_op(input)
    return A.mul_op(g, A.add_op(t, A.mul_op(A.mul_op(input, s), A.sub_op(1, A.mul_op(t, t)))))


mish_op = activation("mish", lambda x: P.binary("mul", x, P.unary("tanh", _softplus(x, 1, 20))), _mish_gradient, kernel="mish_cpu")


def silu(input):
    """input * sigmoid(input)."""
    return Op.apply(silu_op, (input,))


def mish(input):
    """input * tanh(softplus(input)). Source: Misra, 2019."""
    return Op.apply(mish_op, (input,))


silu_, mish_ = write(silu_op), write(mish_op)


def _softplus(x, beta, threshold):
    z = P.binary("mul", x, num(beta, x)) if beta != 1 else x
    curve = _log1p_exp(z)
    if beta != 1:
        curve = P.binary("div", curve, num(beta, x))
    return P.where(P.binary("gt", z, num(threshold, x)), x, curve)


def _softplus_gradient(g, input, beta, threshold):
    z = _times(input, beta)
    return A.where_op(A.gt_op(z, threshold), g, A.mul_op(g, A.sigmoid_op(z)))


softplus_op = activation("softplus", _softplus, _softplus_gradient, "beta threshold", kernel="softplus_cpu")


def softplus(input, beta=1, threshold=20):
    """log(1 + exp(beta input)) / beta; input itself where beta input is above threshold."""
    return Op.apply(softplus_op, (input,), (beta, threshold))


def log_sigmoid_values(x):
    """log(sigmoid(x)) on graph values."""
    return P.binary("sub", P.binary("min", x, num(0, x)), _log1p_exp(P.unary("neg", P.unary("abs", x))))


logsigmoid_op = activation("log_sigmoid", log_sigmoid_values, lambda g, input: A.mul_op(g, A.sigmoid_op(A.neg_op(input))),
                            kernel="log_sigmoid_cpu")
logsigmoid_op.layout = None


def logsigmoid(input):
    """log(sigmoid(input))."""
    return Op.apply(logsigmoid_op, (input,))


# ------------------------------------------------------------------ gates
def _halves(shape, dim):
    """(starts, sizes) of the two halves along dim."""
    half = shape[dim] // 2
    sizes = shape[:dim] + (half,) + shape[dim + 1:]
    return ((0,) * len(shape), sizes), (tuple(half if d == dim else 0 for d in range(len(shape))), sizes)


def _glu(x, dim):
    a, b = [P.slice_(x, starts, sizes) for starts, sizes in _halves(x.shape, dim)]
    return P.binary("mul", a, P.unary("sigmoid", b))


def _glu_gradient(g, input, infos, dim):
    steps = (1,) * infos[0].ndim
    a, b = [OPS["cut"](input, starts=starts, sizes=sizes, steps=steps) for starts, sizes in _halves(infos[0].shape, dim)]
    s = A.sigmoid_op(b)
    open_ = A.mul_op(g, s)
    return OPS["concatenate"](open_, A.mul_op(A.mul_op(open_, a), A.sub_op(1, s)), dim=dim)


glu_op = activation("glu", _glu, _glu_gradient, "dim", kernel="glu_cpu")


def glu(input, dim=-1):
    """The first half along dim, times the sigmoid of the second."""
    meta = input._meta
    if meta.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    d = Op.wrap_dim(dim, meta.ndim)
    if meta.shape[d] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {d} is size {meta.shape[d]}")
    return Op.apply(glu_op, (input,), (d,))
