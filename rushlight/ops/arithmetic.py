"""Elementwise ops of one and two operands, with their gradients. Source: torch's pointwise ops, derivatives by calculus."""
import math

from ..graph import primitives as P
from ..graph import layout
from ..runtime import dtypes as dt
from .declare import OPS, Op


def cj(x):
    """The conjugate, which gradients of complex functions use; x itself if it is real or a number."""
    if hasattr(x, "dtype") and x.dtype.is_complex:
        return conj_op(x)
    return x


# ------------------------------------------------------------------ two operands
def _binary(prim):
    return lambda a, b: P.binary(prim, a, b)


add_op = Op("add", "input other", compute=lambda a, b: P.binary("or" if a.dtype is dt.bool_ else "add", a, b),
            promote="arith", grads={"input": lambda g: g, "other": lambda g: g})
# out = input + alpha * other, alpha a number
add_scaled = Op("add_scaled", "input other alpha", compute=lambda a, b, alpha: _add_scaled(a, b, alpha), node="AddBackward0",
                grads={"input": lambda g: g, "other": lambda g, alpha: mul_op(g, alpha)}, display="add")


def _add_scaled(a, b, alpha):
    from .declare import promoted

    a, b = promoted([a, b], "arith")
    return P.binary("add", a, P.binary("mul", b, P.cast(alpha, b.dtype)))


sub_op = Op("sub", "input other", compute=_binary("sub"), promote="arith",
            grads={"input": lambda g: g, "other": lambda g: neg_op(g)})
rsub_op = Op("rsub", "input other", compute=lambda a, b: P.binary("sub", b, a), promote="arith",
             grads={"input": lambda g: neg_op(g), "other": lambda g: g})
sub_scaled = Op("sub_scaled", "input other alpha",
                compute=lambda a, b, alpha: _add_scaled(a, b, P.unary("neg", alpha)), node="SubBackward0",
                grads={"input": lambda g: g, "other": lambda g, alpha: neg_op(mul_op(g, alpha))}, display="sub")
mul_op = Op("mul", "input other", compute=lambda a, b: P.binary("and" if a.dtype is dt.bool_ else "mul", a, b),
            promote="arith",
            grads={"input": lambda g, other: mul_op(g, cj(other)), "other": lambda g, input: mul_op(g, cj(input))})
div_op = Op("div", "input other", compute=_binary("div"), promote="float",
            grads={"input": lambda g, other: div_op(g, cj(other)),
                   "other": lambda g, input, other: neg_op(mul_op(g, cj(div_op(div_op(input, other), other))))})


def _div_floor(a, b):
    return P.binary("floordiv", a, b)


def _div_trunc(a, b):
    if a.dtype.is_floating_point:
        return P.unary("trunc", P.binary("div", a, b))
    return _int_trunc(a, b)


def _int_trunc(a, b):
    q = P.binary("floordiv", a, b)
    r = P.binary("rem", a, b)
    zero = P.const(0, a.dtype)
    up = P.binary("and", P.binary("ne", r, zero), P.binary("ne", P.binary("lt", a, zero), P.binary("lt", b, zero)))
    return P.binary("add", q, P.cast(up, a.dtype))


def _zero_division(b):
    if (b == 0).any() if hasattr(b, "any") else b == 0:
        raise RuntimeError("ZeroDivisionError")


def _checked_ints(compute):
    def run(a, b):
        if not a.dtype.is_floating_point and not (b.prim == "const" and b.attrs[0]):
            b = P.after(b, P.check(_zero_division, (b,)))
        return compute(a, b)
    return run


def zeros_of(g):
    return mul_op(g, 0)


def no_derivative(name):
    """The gradient of an op that PyTorch does not differentiate: it says so in the backward pass."""
    def gradient(g):
        raise RuntimeError(f"derivative for aten::{name} is not implemented")
    return gradient


floor_div = Op("div_floor", "input other", compute=_checked_ints(_div_floor), promote="arith", node="DivBackward2",
               grads={"input": zeros_of, "other": zeros_of}, display="div")
trunc_div = Op("div_trunc", "input other", compute=_checked_ints(_div_trunc), promote="arith", node="DivBackward2",
               grads={"input": zeros_of, "other": zeros_of}, display="div")
floor_divide_op = Op("floor_divide", "input other", compute=_checked_ints(_div_floor), promote="arith", node="NotImplemented",
                     grads=dict.fromkeys(("input", "other"), no_derivative("floor_divide")))
remainder_op = Op("remainder", "input other", compute=_checked_ints(_binary("rem")), promote="arith",
                  grads={"input": lambda g: g, "other": lambda g, input, other: neg_op(mul_op(g, floor_div(input, other)))})
fmod_op = Op("fmod", "input other", compute=_checked_ints(_binary("fmod")), promote="arith",
             grads={"input": lambda g: g, "other": lambda g, input, other: neg_op(mul_op(g, trunc_div(input, other)))})
remainder_of_number = Op("remainder_of_number", "input other", compute=_checked_ints(_binary("rem")), promote="arith",
                         node="NotImplemented", grads={"other": no_derivative("remainder")}, display="remainder")


def _pow(a, b):
    if not a.dtype.is_floating_point and not a.dtype.is_complex and b.prim == "const" and b.attrs[0] < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return P.binary("pow", a, b)


def _pow_number(x, exponent):
    """x ** exponent, the exponent known when the graph is built."""
    common = dt.result_type_of([(x.dtype, x.ndim, x.weak), (dt.SCALAR_DTYPES[type(exponent)], 0, True)])
    x = P.cast(x, common)
    if common.kind == "int" and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if exponent == 2:
        return P.binary("mul", x, x)
    if exponent == 1:
        return x
    if exponent == 3:
        return P.binary("mul", P.binary("mul", x, x), x)
    if common.is_floating_point:
        if exponent == 0.5:
            return P.unary("sqrt", x)
        if exponent == -0.5:
            return P.unary("rsqrt", x)
        if exponent == -1:
            return P.unary("reciprocal", x)
        if exponent == -2:
            return P.unary("reciprocal", P.binary("mul", x, x))
        if exponent == 0:
            return P.const(1, common, x.shape)
    return P.binary("pow", x, P.const(exponent, common))


def _pow_number_gradient(g, input, exponent):
    if exponent == 0:
        return zeros_of(g)
    if exponent == 1:
        return g
    return mul_op(g, cj(mul_op(pow_number(input, exponent=exponent - 1), exponent)))


pow_number = Op("pow_number", "input", "exponent", compute=_pow_number, node="PowBackward0",
                grads={"input": _pow_number_gradient}, display="pow")


def _pow_exponent_gradient(g, input, result, exponent):
    log = log_op(OPS["to_dtype"](input, dtype=result.dtype)) if hasattr(input, "dtype") else math.log(input) if input > 0 else -math.inf
    at_zero = logical_and_op(eq_op(input, 0), ge_op(exponent, 0)) if hasattr(input, "dtype") else None
    grad = mul_op(g, cj(mul_op(result, log)))
    return where_op(at_zero, zeros_of(g), grad) if at_zero is not None else grad


def _pow_base_gradient(g, input, exponent):
    grad = mul_op(g, cj(mul_op(exponent, pow_op(input, sub_op(exponent, 1)))))
    return where_op(eq_op(exponent, 0), zeros_of(g), grad)


pow_op = Op("pow", "input exponent", compute=_pow, promote="arith", node="PowBackward1",
            grads={"input": _pow_base_gradient, "exponent": _pow_exponent_gradient})


def _extreme(prim):
    return lambda a, b: P.binary(prim, a, b)


def _larger(g, chosen, ties):
    """g where an operand was chosen, half of it where both were equal."""
    return add_op(where_op(chosen, g, 0), where_op(ties, mul_op(g, 0.5), 0))


maximum_op = Op("maximum", "input other", compute=_extreme("max"), promote="arith",
                grads={"input": lambda g, input, other: _larger(g, gt_op(input, other), eq_op(input, other)),
                       "other": lambda g, input, other: _larger(g, gt_op(other, input), eq_op(input, other))})
minimum_op = Op("minimum", "input other", compute=_extreme("min"), promote="arith",
                grads={"input": lambda g, input, other: _larger(g, lt_op(input, other), eq_op(input, other)),
                       "other": lambda g, input, other: _larger(g, lt_op(other, input), eq_op(input, other))})
fmax_op = Op("fmax", "input other", compute=_binary("fmax"), promote="arith",
             grads={"input": lambda g, input, other: where_op(logical_or_op(ge_op(input, other), isnan_op(other)), g, 0),
                    "other": lambda g, input, other: where_op(logical_or_op(ge_op(input, other), isnan_op(other)), 0, g)})
fmin_op = Op("fmin", "input other", compute=_binary("fmin"), promote="arith",
             grads={"input": lambda g, input, other: where_op(logical_or_op(le_op(input, other), isnan_op(other)), g, 0),
                    "other": lambda g, input, other: where_op(logical_or_op(le_op(input, other), isnan_op(other)), 0, g)})
atan2_op = Op("atan2", "input other", compute=_binary("atan2"), promote="float",
              grads={"input": lambda g, input, other: mul_op(g, div_op(other, add_op(mul_op(input, input), mul_op(other, other)))),
                     "other": lambda g, input, other: mul_op(g, div_op(neg_op(input), add_op(mul_op(input, input), mul_op(other, other))))})
hypot_op = Op("hypot", "input other", compute=_binary("hypot"), promote="float",
              grads={"input": lambda g, input, result: mul_op(g, div_op(input, result)),
                     "other": lambda g, other, result: mul_op(g, div_op(other, result))})
copysign_op = Op("copysign", "input other", compute=_binary("copysign"), promote="float",
                 grads={"input": lambda g, input, result: where_op(eq_op(input, 0), 0, mul_op(g, mul_op(sign_op(input), sign_op(result)))),
                        "other": zeros_of})
nextafter_op = Op("nextafter", "input other", compute=_binary("nextafter"), promote="arith")
logaddexp_op = Op("logaddexp", "input other", compute=_binary("logaddexp"), promote="float",
                  grads={"input": lambda g, input, result: mul_op(g, exp_op(sub_op(input, result))),
                         "other": lambda g, other, result: mul_op(g, exp_op(sub_op(other, result)))})
xlogy_op = Op("xlogy", "input other", compute=lambda a, b: _xlogy(a, b), promote="float",
              grads={"input": lambda g, input, other: mul_op(g, where_op(logical_and_op(eq_op(input, 0), le_op(other, 0)), 0, log_op(other))),
                     "other": lambda g, input, other: div_op(mul_op(g, input), other)})


def _xlogy(a, b):
    zero = P.const(0, a.dtype)
    y = P.where(P.binary("eq", a, zero), zero, P.binary("mul", a, P.unary("log", b)))
    return P.where(P.unary("isnan", b), b, y)


lerp_op = Op("lerp", "input end weight",
             compute=lambda a, b, w: _lerp(a, b, w),
             grads={"input": lambda g, weight: mul_op(g, rsub_one(weight)), "end": lambda g, weight: mul_op(g, weight),
                    "weight": lambda g, input, end: mul_op(g, sub_op(end, input))})


def _lerp(a, b, w):
    kernel = "lerp_kernel_scalar" if w.weak else "lerp_kernel_tensor"
    for name, v in (("end", b), ("weight", w)):
        if v.dtype is not a.dtype and not v.weak and (name == "end" or v.ndim):
            raise RuntimeError(f"expected dtype {dt.c_name(a.dtype)} for `{name}` but got dtype {dt.c_name(v.dtype)}")
    P.broadcast_shapes(a.shape, b.shape, w.shape)
    if a.dtype.kind in ("bool", "int"):
        raise NotImplementedError(f'"{kernel}" not implemented for \'{dt.long_name(a.dtype)}\'')
    w = P.cast(w, a.dtype)
    one = P.const(1, a.dtype)
    difference = P.binary("sub", b, a)
    near = P.binary("add", a, P.binary("mul", w, difference))
    far = P.binary("sub", b, P.binary("mul", difference, P.binary("sub", one, w)))
    size = P.unary("abs", w)
    return P.where(P.binary("lt", size, P.const(0.5, size.dtype)), near, far)


def rsub_one(w):
    return 1 - w if not hasattr(w, "dtype") else sub_op(1, w)


def _fused(values):
    from .declare import promoted

    return promoted(values, "arith")


def _addcmul(x, a, b, value):
    P.broadcast_shapes(x.shape, a.shape, b.shape)
    x, a, b = _fused([x, a, b])
    if x.dtype is dt.bool_:
        raise NotImplementedError('"addcmul_cpu_out" not implemented for \'Bool\'')
    return P.binary("add", x, P.binary("mul", P.binary("mul", P.cast(value, x.dtype), a), b))


def _addcdiv(x, a, b, value):
    x, a, b = _fused([x, a, b])
    if not x.dtype.is_floating_point and not x.dtype.is_complex:
        raise RuntimeError("Integer division with addcdiv is no longer supported, and in a future  release addcdiv will "
                           "perform a true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented "
                           "as (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as "
                           "(input + value * tensor1 / tensor2) for float inputs. The future addcdiv behavior is just the "
                           "latter implementation: (input + value * tensor1 / tensor2), for all dtypes.")
    return P.binary("add", x, P.binary("mul", P.cast(value, x.dtype), P.binary("div", a, b)))


addcmul_op = Op("addcmul", "input tensor1 tensor2 value", compute=_addcmul,
                grads={"input": lambda g: g, "tensor1": lambda g, tensor2, value: mul_op(g, cj(mul_op(tensor2, value))),
                       "tensor2": lambda g, tensor1, value: mul_op(g, cj(mul_op(tensor1, value)))})
addcdiv_op = Op("addcdiv", "input tensor1 tensor2 value", compute=_addcdiv,
                grads={"input": lambda g: g, "tensor1": lambda g, tensor2, value: mul_op(g, cj(div_op(value, tensor2))),
                       "tensor2": lambda g, tensor1, tensor2, value: neg_op(mul_op(g, cj(div_op(mul_op(tensor1, value), mul_op(tensor2, tensor2)))))})


lerp_op.fused = addcmul_op.fused = addcdiv_op.fused = True


# ------------------------------------------------------------------ comparisons, logic, bits
def _compare(prim):
    return Op(prim, "input other", compute=lambda a, b: P.binary(prim, a, b), promote="arith")


eq_op, ne_op, lt_op, le_op, gt_op, ge_op = map(_compare, ("eq", "ne", "lt", "le", "gt", "ge"))


def _truth(x):
    return x if x.dtype is dt.bool_ else P.binary("ne", x, P.const(0, x.dtype))


def _logical(name, prim):
    return Op(name, "input other", compute=lambda a, b: P.binary(prim, _truth(a), _truth(b)))


logical_and_op, logical_or_op, logical_xor_op = (_logical("logical_" + n, n) for n in ("and", "or", "xor"))
logical_not_op = Op("logical_not", "input", compute=lambda x: P.unary("not", _truth(x)))


def _bits(name, prim):
    return Op(name, "input other", compute=_binary(prim), promote="arith")


bitwise_and_op, bitwise_or_op, bitwise_xor_op = (_bits("bitwise_" + n, n) for n in ("and", "or", "xor"))
shl_op, shr_op = _bits("bitwise_left_shift", "shl"), _bits("bitwise_right_shift", "shr")
gcd_op, lcm_op = _bits("gcd", "gcd"), _bits("lcm", "lcm")


bitwise_not_op = Op("bitwise_not", "input", compute=lambda x: P.unary("not", x))


# ------------------------------------------------------------------ one operand
def _float_unary(name, gradient, prim=None, node=None):
    return Op(name, "input", compute=lambda x: P.unary(prim or name, x), promote="float",
              grads={"input": gradient} if gradient is not None else None, node=node)


def _one_minus_square(r):
    return sub_op(1, mul_op(r, r))


def _neg(x):
    if x.dtype is dt.bool_:
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                           "use the `~` or `logical_not()` operator instead.")
    return P.unary("neg", x)


neg_op = Op("neg", "input", compute=_neg, grads={"input": lambda g: neg_op(g)})
abs_op = Op("abs", "input", compute=lambda x: P.unary("abs", x),
            grads={"input": lambda g, input: mul_op(g, sgn_op(input))})
sign_op = Op("sign", "input", compute=lambda x: x if x.dtype is dt.bool_ else P.unary("sign", x), grads={"input": zeros_of})
sgn_op = Op("sgn", "input", compute=lambda x: x if x.dtype is dt.bool_ else P.where(P.binary("eq", x, P.const(0, x.dtype)), P.const(0, x.dtype),
                                                      P.binary("div", x, P.cast(P.unary("abs", x), x.dtype)))
            if x.dtype.is_complex else P.unary("sign", x), grads={"input": zeros_of})
conj_op = Op("conj", "input", compute=lambda x: P.unary("conj", x) if x.dtype.is_complex else x,
             grads={"input": lambda g: conj_op(g)})
exp_op = _float_unary("exp", lambda g, result: mul_op(g, cj(result)))
exp2_op = _float_unary("exp2", lambda g, result: mul_op(g, mul_op(cj(result), math.log(2))))
expm1_op = _float_unary("expm1", lambda g, result: mul_op(g, add_op(cj(result), 1)))
log_op = _float_unary("log", lambda g, input: div_op(g, cj(input)))
log2_op = _float_unary("log2", lambda g, input: div_op(g, mul_op(cj(input), math.log(2))))
log10_op = _float_unary("log10", lambda g, input: div_op(g, mul_op(cj(input), math.log(10))))
log1p_op = _float_unary("log1p", lambda g, input: div_op(g, add_op(cj(input), 1)), node="Log1PBackward0")
sqrt_op = _float_unary("sqrt", lambda g, result: div_op(g, mul_op(cj(result), 2)))
rsqrt_op = _float_unary("rsqrt", lambda g, result: mul_op(mul_op(g, -0.5), cj(pow_number(result, exponent=3))))
reciprocal_op = _float_unary("reciprocal", lambda g, result: neg_op(mul_op(g, cj(mul_op(result, result)))))
sin_op = _float_unary("sin", lambda g, input: mul_op(g, cj(cos_op(input))))
cos_op = _float_unary("cos", lambda g, input: neg_op(mul_op(g, cj(sin_op(input)))))
tan_op = _float_unary("tan", lambda g, result: mul_op(g, cj(add_op(mul_op(result, result), 1))))
asin_op = _float_unary("asin", lambda g, input: mul_op(g, cj(rsqrt_op(_one_minus_square(input)))))
acos_op = _float_unary("acos", lambda g, input: neg_op(mul_op(g, cj(rsqrt_op(_one_minus_square(input))))))
atan_op = _float_unary("atan", lambda g, input: div_op(g, cj(add_op(mul_op(input, input), 1))))
sinh_op = _float_unary("sinh", lambda g, input: mul_op(g, cj(cosh_op(input))))
cosh_op = _float_unary("cosh", lambda g, input: mul_op(g, cj(sinh_op(input))))
tanh_op = _float_unary("tanh", lambda g, result: mul_op(g, cj(_one_minus_square(result))))
asinh_op = _float_unary("asinh", lambda g, input: mul_op(g, cj(rsqrt_op(add_op(mul_op(input, input), 1)))))
acosh_op = _float_unary("acosh", lambda g, input: mul_op(g, cj(rsqrt_op(sub_op(mul_op(input, input), 1)))))
atanh_op = _float_unary("atanh", lambda g, input: div_op(g, cj(_one_minus_square(input))))
sigmoid_op = _float_unary("sigmoid", lambda g, result: mul_op(g, cj(mul_op(result, sub_op(1, result)))))
erf_op = _float_unary("erf", lambda g, input: mul_op(mul_op(g, 2 / math.sqrt(math.pi)), exp_op(neg_op(mul_op(input, input)))))
erfc_op = _float_unary("erfc", lambda g, input: mul_op(mul_op(g, -2 / math.sqrt(math.pi)), exp_op(neg_op(mul_op(input, input)))))
erfinv_op = _float_unary("erfinv", lambda g, result: mul_op(mul_op(g, math.sqrt(math.pi) / 2), exp_op(mul_op(result, result))))
lgamma_op = _float_unary("lgamma", lambda g, input: mul_op(g, digamma_op(input)))
digamma_op = _float_unary("digamma", lambda g, input: mul_op(g, polygamma_op(input, n=1)))
polygamma_op = Op("polygamma", "input", "n", compute=lambda x, n: P.binary("polygamma", P.const(n, x.dtype), x) if n else P.unary("digamma", x),
                  promote="float", grads={"input": lambda g, input, n: mul_op(g, polygamma_op(input, n=n + 1))})
i0_op = _float_unary("i0", lambda g, input: mul_op(g, i1_op(input)))
i0e_op = _float_unary("i0e", lambda g, input, result: mul_op(g, sub_op(i1e_op(input), mul_op(sgn_op(input), result))), node="SpecialI0EBackward0")
i1_op = _float_unary("i1", lambda g, input, result: mul_op(g, _at_zero(input, sub_op(i0_op(input), div_op(result, input)))),
                     node="SpecialI1Backward0")
i1e_op = _float_unary("i1e", lambda g, input, result: mul_op(g, _at_zero(
    input, sub_op(i0e_op(input), mul_op(result, add_op(sgn_op(input), reciprocal_op(input)))))), node="SpecialI1EBackward0")


def _at_zero(x, value):
    """value, but one half where x is 0: the slope of the Bessel function I1 there."""
    return where_op(eq_op(x, 0), 0.5, value)


ndtri_op = _float_unary("ndtri", lambda g, result: mul_op(g, mul_op(exp_op(mul_op(mul_op(result, result), 0.5)), math.sqrt(2 * math.pi))), node="SpecialNdtriBackward0")
log_ndtr_op = _float_unary("log_ndtr", lambda g, input, result: mul_op(g, div_op(exp_op(add_op(neg_op(result), mul_op(mul_op(input, input), -0.5))), math.sqrt(2 * math.pi))), node="SpecialLogNdtrBackward0")
sinc_op = _float_unary("sinc", lambda g, input: mul_op(g, where_op(eq_op(input, 0), 0, div_op(sub_op(cos_op(mul_op(input, math.pi)), sinc_op(input)), input))))
angle_op = _float_unary("angle", lambda g: zeros_of(g))


def _rounding(name, prim):
    return Op(name, "input", compute=lambda x: x if x.dtype.kind in ("int", "bool") else P.unary(prim, x),
              grads={"input": lambda g: zeros_like_op(g)})


floor_op, ceil_op, round_op, trunc_op = (_rounding(n, n) for n in ("floor", "ceil", "round", "trunc"))
frac_op = Op("frac", "input", compute=lambda x: P.binary("sub", x, P.unary("trunc", x)), grads={"input": lambda g: g})


def _test(name):
    def compute(x):
        if x.dtype.kind in ("int", "bool"):
            return P.const(name == "isfinite", dt.bool_, x.shape)
        return P.unary(name, x)
    return Op(name, "input", compute=compute)


isnan_op, isinf_op, isfinite_op = map(_test, ("isnan", "isinf", "isfinite"))
signbit_op = Op("signbit", "input", compute=lambda x: P.unary("signbit", x))


# ------------------------------------------------------------------ choosing
def _where(c, a, b):
    from .declare import promoted

    a, b = promoted([a, b], "arith")
    return P.where(_truth(c), a, b)


where_op = Op("where", "condition input other", compute=_where,
              grads={"input": lambda g, condition: where_op(condition, g, 0),
                     "other": lambda g, condition: where_op(condition, 0, g)})


def _clamp(x, low, high):
    values = [v for v in (x, low, high) if v is not None]
    from .declare import promoted

    values = promoted(values, "arith")
    x = values.pop(0)
    if low is not None:
        x = P.binary("max", x, values.pop(0))
    return P.binary("min", x, values.pop(0)) if high is not None else x


def _clamp_gradient(g, input, min, max):
    keep = None
    if min is not None:
        keep = ge_op(input, min)
    if max is not None:
        below = le_op(input, max)
        keep = below if keep is None else logical_and_op(keep, below)
    return where_op(keep, g, 0)


clamp_op = Op("clamp", "input min max", compute=_clamp, node="ClampBackward1",
              grads={"input": _clamp_gradient,
                     "min": lambda g, input, min: where_op(lt_op(input, min), g, 0),
                     "max": lambda g, input, max: where_op(gt_op(input, max), g, 0)})
def _clamp_side(name, prim, keeps, gives, bound):
    """clamp_min and clamp_max, and the same with a tensor as the bound, which has a gradient and another node."""
    def compute(x, limit):
        return P.binary(prim, x, limit)

    of_input = {"min": lambda g, input, min: where_op(keeps(input, min), g, 0),
                "max": lambda g, input, max: where_op(keeps(input, max), g, 0)}[bound]
    of_bound = {"min": lambda g, input, min: where_op(gives(input, min), g, 0),
                "max": lambda g, input, max: where_op(gives(input, max), g, 0)}[bound]
    operands = "input " + bound
    number = Op(name, operands, compute=compute, promote="arith", grads={"input": of_input})
    tensor = Op(name + "_tensor", operands, compute=compute, promote="arith", grads={"input": of_input, bound: of_bound},
                node=number.node[:-1] + "1", display=name)
    return number, tensor


clamp_tensor_op = Op("clamp_tensor", "input min max", compute=_clamp, node="ClampBackward0", display="clamp",
                     grads={operand: clamp_op.grads[operand][0] for operand in ("input", "min", "max")})
clamp_op.dtype_word = dt.c_name
clamp_min_op, clamp_min_tensor_op = _clamp_side("clamp_min", "max", ge_op, lt_op, "min")
clamp_max_op, clamp_max_tensor_op = _clamp_side("clamp_max", "min", le_op, gt_op, "max")
clamp_min_op.dtype_word = clamp_max_op.dtype_word = dt.c_name
nan_to_num_op = Op("nan_to_num", "input", "nan posinf neginf", compute=lambda x, nan, posinf, neginf: _nan_to_num(x, nan, posinf, neginf),
                   grads={"input": lambda g, input: mul_op(g, isfinite_op(input))})


def _nan_to_num(x, nan, posinf, neginf):
    if not x.dtype.is_floating_point:
        return x
    info = dt.finfo(x.dtype)
    inf = math.inf
    x = P.where(P.unary("isnan", x), P.const(float(nan or 0.0), x.dtype), x)
    x = P.where(P.binary("eq", x, P.const(inf, x.dtype)), P.const(info.max if posinf is None else posinf, x.dtype), x)
    return P.where(P.binary("eq", x, P.const(-inf, x.dtype)), P.const(info.min if neginf is None else neginf, x.dtype), x)


real_op = OPS["real_part"]
imag_op = Op("imag_part", "input", compute=lambda x: P.unary("imag", x), node="ImagBackward0",
             grads={"input": lambda g: g})


# ------------------------------------------------------------------ copies and fills
def _copy(target, source):
    return source


zeros_like_op = Op("zeros_like", "input", compute=lambda x: P.const(0, x.dtype, x.shape))
copy_op = Op("copy", "input src", compute=_copy, node="CopyBackwards",
             grads={"input": lambda g: zeros_like_op(g), "src": lambda g: g})
clone_op = Op("clone", "input", compute=lambda x: x, grads={"input": lambda g: g})
clone_like_op = Op("clone_like", "input", compute=lambda x: x, grads={"input": lambda g: g}, node="CloneBackward0",
                   display="clone")       # it lies in memory as its operand does
clone_in_order_op = Op("clone_in_order", "input", "dims", compute=lambda x, dims: x, grads={"input": lambda g: g},
                       node="CloneBackward0", display="clone")
to_order_op = Op("to_order", "input", "dtype dims", compute=lambda x, dtype, dims: P.cast(x, dtype), grads={"input": lambda g: g},
                 node="ToCopyBackward0", display="to")
fill_op = Op("fill", "input value", compute=lambda x, v: P.cast(v, x.dtype), node="FillBackward2",
             grads={"input": lambda g: zeros_like_op(g)})
fill_tensor_op = Op("fill_tensor", "input value", compute=lambda x, v: P.cast(P.reshape(v, ()), x.dtype), node="FillBackward3",
                    grads={"input": lambda g: zeros_like_op(g), "value": lambda g: g})


Op.copy = copy_op


def _number_at(i, with_number, with_tensor):
    return lambda attrs, infos: with_number if infos[i] is None else with_tensor


rsub_op.names = _number_at(1, "RsubBackward1", "RsubBackward0")
pow_op.names = _number_at(0, "PowBackward2", "PowBackward1")
lerp_op.names = _number_at(2, "LerpBackward0", "LerpBackward1")
remainder_op.names = _number_at(1, "RemainderBackward0", "RemainderBackward1")
fmod_op.names = _number_at(1, "FmodBackward0", "FmodBackward1")
copysign_op.names = _number_at(1, "CopysignBackward1", "CopysignBackward0")
xlogy_op.names = lambda attrs, infos: "XlogyBackward1" if infos[0] is None else \
    "XlogyBackward2" if infos[1] is None else "XlogyBackward0"

for _op in list(globals().values()):
    if isinstance(_op, Op) and _op not in (clone_op, fill_op, copy_op):
        _op.layout = layout.iterator
clone_like_op.layout = nan_to_num_op.layout = zeros_like_op.layout = OPS["to_dtype"].layout = layout.like_first
clone_in_order_op.layout = to_order_op.layout = layout.as_attribute_says
