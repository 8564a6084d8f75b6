"""The public elementwise functions, made from the ops of arithmetic.py."""
import math

from ..graph import layout
from ..graph import primitives as P
from ..runtime.dtypes import check_number, get_default_dtype, int32
from . import arithmetic as A
from .declare import Op, public
from .precision import floating, in_float32, refuse

_NUMBERS = (int, float, bool, type(1j))


def _named(function, name):
    function.__name__ = function.__qualname__ = name
    return function


def _one(name, op, inplace=True, aliases=(), functional=False):
    def function(input):
        return Op.apply(op, (input,))

    function.op = op
    return public(name=name, inplace=inplace, out=True, aliases=aliases, functional=functional)(_named(function, name))


for _name, _aliases in (
        ("neg", ("negative",)), ("abs", ("absolute",)), ("sign", ()), ("sgn", ()), ("exp", ()), ("exp2", ()), ("expm1", ()),
        ("log", ()), ("log2", ()), ("log10", ()), ("log1p", ()), ("sqrt", ()), ("rsqrt", ()), ("reciprocal", ()), ("sin", ()),
        ("cos", ()), ("tan", ()), ("asin", ("arcsin",)), ("acos", ("arccos",)), ("atan", ("arctan",)), ("sinh", ()),
        ("cosh", ()), ("tanh", ()), ("asinh", ("arcsinh",)), ("acosh", ("arccosh",)), ("atanh", ("arctanh",)),
        ("sigmoid", ()), ("erf", ()), ("erfc", ()), ("erfinv", ()), ("lgamma", ()), ("digamma", ()), ("i0", ()), ("sinc", ()),
        ("floor", ()), ("ceil", ()), ("trunc", ("fix",)), ("frac", ()), ("logical_not", ()), ("bitwise_not", ())):
    _one(_name, getattr(A, _name + "_op"), aliases=_aliases)
for _name in ("isnan", "isinf", "isfinite", "signbit", "angle"):
    _one(_name, getattr(A, _name + "_op"), inplace=False)


def _two(name, op, inplace=True, aliases=()):
    def function(input, other):
        return Op.apply(op, (input, other))

    function.op = op
    return public(name=name, inplace=inplace, out=True, aliases=aliases)(_named(function, name))


for _name, _aliases in (
        ("mul", ("multiply",)), ("maximum", ()), ("minimum", ()), ("fmax", ()), ("fmin", ()), ("atan2", ("arctan2",)),
        ("hypot", ()), ("copysign", ()), ("nextafter", ()), ("logaddexp", ()), ("xlogy", ()), ("remainder", ()), ("fmod", ()),
        ("eq", ()), ("ne", ("not_equal",)), ("lt", ("less",)), ("le", ("less_equal",)), ("gt", ("greater",)),
        ("ge", ("greater_equal",)), ("logical_and", ()), ("logical_or", ()), ("logical_xor", ()), ("bitwise_and", ()),
        ("bitwise_or", ()), ("bitwise_xor", ()), ("bitwise_left_shift", ()), ("bitwise_right_shift", ()), ("gcd", ()),
        ("lcm", ())):
    _two(_name, getattr(A, {"bitwise_left_shift": "shl", "bitwise_right_shift": "shr"}.get(_name, _name) + "_op"),
         aliases=_aliases, inplace=_name not in ("maximum", "minimum", "fmax", "fmin", "logaddexp"))


def _scaled(name, plain, scaled):
    def function(input, other, *, alpha=1):
        if alpha.__class__ is int and alpha == 1:
            return Op.apply(plain, (input, other))
        return Op.apply(scaled, (input, other, alpha))

    def inplace(self, other, *, alpha=1):
        if alpha.__class__ is int and alpha == 1:
            return Op.apply_write(plain, self, (self, other))
        return Op.apply_write(scaled, self, (self, other, alpha))

    function.inplace = _named(inplace, name + "_")
    return function


add = public(name="add", inplace=True, out=True)(_named(_scaled("add", A.add_op, A.add_scaled), "add"))
sub = public(name="sub", inplace=True, out=True, aliases=("subtract",))(_named(_scaled("sub", A.sub_op, A.sub_scaled), "sub"))


@public(method=False)
def rsub(input, other, *, alpha=1):
    """other - alpha * input."""
    if alpha.__class__ is int and alpha == 1:
        return Op.apply(A.rsub_op, (input, other))
    return sub(other, input, alpha=alpha)


_ROUNDED = {None: A.div_op, "floor": A.floor_div, "trunc": A.trunc_div}


def _division(rounding_mode):
    try:
        return _ROUNDED[rounding_mode]
    except KeyError:
        raise RuntimeError("div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
                           f"'{rounding_mode}'") from None


@public(inplace=True, out=True, aliases=("divide",))
def div(input, other, *, rounding_mode=None):
    """input / other; rounding_mode None (true division), "trunc" or "floor"."""
    return Op.apply(_division(rounding_mode), (input, other))


div.inplace = lambda self, other, *, rounding_mode=None: Op.apply_write(_division(rounding_mode), self, (self, other))


@public(inplace=True, out=True)
def true_divide(input, other):
    return Op.apply(A.div_op, (input, other))


@public(inplace=True, out=True)
def floor_divide(input, other):
    return Op.apply(A.floor_divide_op, (input, other))


true_divide.op, floor_divide.op = A.div_op, A.floor_divide_op


@public(inplace=True, out=True)
def pow(input, exponent):
    """input to the power of exponent: numbers or tensors."""
    if exponent.__class__ in _NUMBERS and input.__class__ not in _NUMBERS:
        return Op.apply(A.pow_number, (input,), (exponent,))
    return Op.apply(A.pow_op, (input, exponent))


def _pow_inplace(self, exponent):
    if exponent.__class__ in _NUMBERS:
        return Op.apply_write(A.pow_number, self, (self,), (exponent,))
    return Op.apply_write(A.pow_op, self, (self, exponent))


pow.inplace = _pow_inplace


def _in_double(value):
    from ..runtime.dtypes import complex128, float64

    if not hasattr(value, "to"):
        return value if value.__class__ is type(1j) else float(value)
    return value.to(complex128 if value.dtype.is_complex else float64)


@public(inplace=True, out=True)
def float_power(input, exponent):
    """input to the power of exponent, in double precision."""
    return pow(_in_double(input), _in_double(exponent))


def _float_power_inplace(self, exponent):
    from ..runtime.dtypes import long_name

    wanted = _in_double(self).dtype
    if self.dtype is not wanted:
        raise RuntimeError(f"the base given to float_power_ has dtype {long_name(self.dtype)} but the operation's result requires dtype "
                           f"{long_name(wanted)}")
    return _pow_inplace(self, _in_double(exponent))


float_power.inplace = _float_power_inplace


@public(inplace=True, out=True)
def square(input):
    return Op.apply(A.pow_number, (input,), (2,))


@public(inplace=True, out=True)
def lerp(input, end, weight):
    """input + weight * (end - input)."""
    return Op.apply(A.lerp_op, (input, end, weight))


lerp.op = A.lerp_op


def _three(name, op):
    def function(input, tensor1, tensor2, *, value=1):
        return Op.apply(op, (input, tensor1, tensor2, value))

    function.inplace = lambda self, tensor1, tensor2, *, value=1: Op.apply_write(op, self, (self, tensor1, tensor2, value))
    return public(name=name, inplace=True, out=True)(_named(function, name))


_three("addcmul", A.addcmul_op)
_three("addcdiv", A.addcdiv_op)


def _clamp_call(input, min=None, max=None):
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if input.dtype.is_complex:
        raise NotImplementedError("clamp is not supported for complex types")
    tensors = isinstance(min, Op.Tensor) or isinstance(max, Op.Tensor)
    if input.dtype.kind == "int" and not tensors:
        for limit in (min, max):
            if limit.__class__ is int:
                check_number(limit, input.dtype)
    return A.clamp_tensor_op if tensors else A.clamp_op, (input, min, max)


@public(inplace=True, out=True, aliases=("clip",))
def clamp(input, min=None, max=None):
    """Values below min raised to it, above max lowered to it: numbers or tensors."""
    return Op.apply(*_clamp_call(input, min, max))


def _clamp_inplace(self, min=None, max=None):
    op, operands = _clamp_call(self, min, max)
    return Op.apply_write(op, self, operands)


clamp.inplace = _clamp_inplace


@public(inplace=True, out=True)
def clamp_min(input, min):
    return Op.apply(A.clamp_min_tensor_op if isinstance(min, Op.Tensor) else A.clamp_min_op, (input, min))


clamp_min.inplace = lambda self, min: Op.apply_write(
    A.clamp_min_tensor_op if isinstance(min, Op.Tensor) else A.clamp_min_op, self, (self, min))


@public(inplace=True, out=True)
def clamp_max(input, max):
    return Op.apply(A.clamp_max_tensor_op if isinstance(max, Op.Tensor) else A.clamp_max_op, (input, max))


clamp_max.inplace = lambda self, max: Op.apply_write(
    A.clamp_max_tensor_op if isinstance(max, Op.Tensor) else A.clamp_max_op, self, (self, max))


@public(inplace=True, out=True)
def round(input, *, decimals=0):
    """To the nearest integer, halves to even."""
    return Op.apply(_round_to, (input,), (decimals,)) if decimals else Op.apply(A.round_op, (input,))


round.inplace = lambda self, *, decimals=0: Op.apply_write(_round_to, self, (self,), (decimals,)) if decimals else \
    Op.apply_write(A.round_op, self, (self,))


def _round_decimals(x, decimals):
    scale = P.const(10.0 ** (decimals if decimals > 0 else -decimals), x.dtype)
    up, down = ("mul", "div") if decimals > 0 else ("div", "mul")
    return P.binary(down, P.unary("round", P.binary(up, x, scale)), scale)


_round_to = Op("round_to", "input", "decimals", compute=floating("round_cpu")(_round_decimals), node="RoundBackward1", grads={"input": A.zeros_of},
               display="round")


@public(inplace=True, out=True)
def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    return Op.apply(A.nan_to_num_op, (input,), (nan, posinf, neginf))


@public(inplace=True, out=True)
def logit(input, eps=None):
    """log(x / (1 - x)), x first clamped to [eps, 1 - eps]."""
    if not input.dtype.is_floating_point:
        if input.dtype.is_complex:
            refuse("logit_cpu", input.dtype)
        input = input.to(get_default_dtype())
    return Op.apply(_logit_op, (input,), (None if eps is None else float(eps),))


def _logit(x, eps):
    if eps is not None:
        x = P.binary("min", P.binary("max", x, P.const(eps, x.dtype)), P.const(1 - eps, x.dtype))
    return P.unary("log", P.binary("div", x, P.binary("sub", P.const(1, x.dtype), x)))


def _logit_gradient(g, input, eps):
    slope = A.div_op(g, A.mul_op(input, A.sub_op(1, input)))
    low, high = (0, 1) if eps is None else (eps, 1 - eps)
    inside = A.logical_and_op(A.ge_op(input, low), A.le_op(input, high))
    return A.where_op(inside, slope, math.nan if eps is None else 0)


_logit_op = Op("logit", "input", "eps", compute=_logit, grads={"input": _logit_gradient})


@public(inplace=True)
def polygamma(n, input):
    """The n-th derivative of digamma."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return Op.apply(A.polygamma_op, (input,), (n,))


polygamma.method = lambda self, n: polygamma(n, self)


@public(out=True)
def logaddexp2(input, other):
    k = math.log(2)
    return Op.apply(A.logaddexp_op, (input * k, other * k)) / k


_ldexp = Op("ldexp", "input other", compute=lambda a, b: P.binary("mul", a, P.unary("exp2", b)), promote="float",
            grads={"input": lambda g, other: A.mul_op(g, A.exp2_op(other)),
                   "other": lambda g, result: A.mul_op(g, A.mul_op(result, math.log(2)))})


@public(inplace=True, out=True)
def ldexp(input, other):
    """input * 2 ** other."""
    return Op.apply(_ldexp, (input, other))


ldexp.op = _ldexp


def mantissa_and_exponent(x):
    import numpy as np

    return np.frexp(x)


def _frexp(x):
    from .sorting import wide

    mantissa, exponent = P.call(mantissa_and_exponent, (wide(x),), [(x.shape, wide(x).dtype), (x.shape, int32)])
    return [P.cast(mantissa, x.dtype), exponent]


frexp_op = Op("frexp", "input", compute=_frexp, nout=2, nondifferentiable=(1,),
              grads={"input": lambda gs, result1: None if gs[0] is None else A.div_op(gs[0], A.exp2_op(result1))})


@public()
def frexp(input):
    """Mantissas in [0.5, 1) and exponents: input = mantissa * 2 ** exponent."""
    from .reductions import RETURN_TYPES, pair

    if not input.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    result = RETURN_TYPES.get("frexp") or pair("frexp", ("mantissa", "exponent"))
    return result(*Op.apply(frexp_op, (input,)))


@public(inplace=True, out=True)
def heaviside(input, values):
    if input.dtype.is_complex or values.dtype.is_complex:
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input.dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    one = Op.apply(A.gt_op, (input, 0)).to(input.dtype)
    return where(Op.apply(A.eq_op, (input, 0)), values, one)


@public(inplace=True)
def deg2rad(input):
    _no_complex("deg2rad", input)
    return Op.apply(_deg2rad, (input,))


@public(inplace=True)
def rad2deg(input):
    _no_complex("rad2deg", input)
    return Op.apply(_rad2deg, (input,))


def _scaled_by(name, factor, node):
    return Op(name, "input", compute=in_float32(lambda x: P.binary("mul", x, P.const(factor, x.dtype))), promote="float", node=node,
              grads={"input": lambda g: A.mul_op(g, factor)})


_deg2rad = _scaled_by("deg2rad", math.pi / 180, "Deg2RadBackward0")
_rad2deg = _scaled_by("rad2deg", 180 / math.pi, "Rad2DegBackward0")


def _no_complex(name, input):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} is not supported for complex tensors.")


@public(out=True)
def where(condition, input=None, other=None):
    """input where condition holds, else other; with condition alone, as nonzero(as_tuple=True)."""
    if input is None and other is None:
        from .searching import nonzero

        return nonzero(condition, as_tuple=True)
    return Op.apply(A.where_op, (_as_condition(condition), input, other))


def _as_condition(condition):
    """A bool tensor; uint8 is taken with PyTorch's warning."""
    dtype = condition._meta.dtype
    if dtype.name == "bool":
        return condition
    if dtype.name != "uint8":
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {_word(condition)}")
    import warnings

    warnings.warn("where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version of "
                  "PyTorch. Use a boolean condition instead.", UserWarning, stacklevel=3)
    return condition.bool()


where.method = lambda self, condition, other: Op.apply(A.where_op, (_as_condition(condition), self, other))


@public()
def clone(input, *, memory_format=None):
    """A copy that is part of the tape."""
    if memory_format is None or memory_format.name == "preserve_format":
        return Op.apply(A.clone_like_op, (input,))
    if memory_format.order is None:
        return Op.apply(A.clone_op, (input,))
    return Op.apply(A.clone_in_order_op, (input,), (memory_format.order_for(input),))


@public()
def conj(input):
    return input if not input.dtype.is_complex else Op.apply(A.conj_op, (input,))


@public(inplace=True)
def conj_physical(input):
    return conj(input)


@public()
def resolve_conj(input):
    return input


@public()
def resolve_neg(input):
    return input


@public(inplace=False)
def positive(input):
    if input.dtype.name == "bool":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@public(out=True)
def isneginf(input):
    return _is_infinity("isneginf", input, -math.inf)


@public(out=True)
def isposinf(input):
    return _is_infinity("isposinf", input, math.inf)


def _is_infinity(name, input, value):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} does not support complex inputs.")
    if not input.dtype.is_floating_point:
        from .reductions import full_like_bool

        return full_like_bool(input, False)
    return Op.apply(A.eq_op, (input, value))


@public()
def isreal(input):
    from .reductions import full_like_bool

    return Op.apply(A.eq_op, (input.imag, 0)) if input.dtype.is_complex else full_like_bool(input, True)


@public()
def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|input - other| <= atol + rtol * |other|, elementwise."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{_word(input)} did not match {_word(other)}")
    close = Op.apply(A.eq_op, (input, other))
    if input.dtype.is_floating_point or input.dtype.is_complex:
        error = Op.apply(A.abs_op, (input - other,))
        near = error <= Op.apply(A.abs_op, (other * rtol,)) + atol
        close = close | (near & Op.apply(A.isfinite_op, (error,)))
        if equal_nan:
            close = close | (Op.apply(A.isnan_op, (input,)) & Op.apply(A.isnan_op, (other,)))
    else:
        gap = Op.apply(A.abs_op, (input - other,)) if input.dtype.name != "bool" else None
        if gap is not None:
            close = close | (gap.double() <= Op.apply(A.abs_op, (other.double() * rtol,)) + atol)
    return close


def _word(t):
    from ..runtime.dtypes import long_name

    return long_name(t.dtype)


@public()
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


_complex = Op("complex", "real imag", compute=lambda a, b: P.binary("complex", a, b),
              grads={"real": lambda g: A.real_op(g), "imag": lambda g: A.imag_op(g)})
_complex.layout = layout.iterator


@public(method=False)
def complex(real, imag):
    """A complex tensor from its parts."""
    return Op.apply(_complex, (real, imag))


@public(method=False)
def polar(abs, angle):
    return complex(abs * Op.apply(A.cos_op, (angle,)), abs * Op.apply(A.sin_op, (angle,)))
