"""What ops refuse: dtypes that PyTorch's CPU kernels do not know, and numbers where only a Tensor will do.

An Op's `refused(given, values)` is called when the op is first seen with such operands: `given` as the user gave them,
`values` after promotion. It raises, or returns.
"""
from ..runtime import dtypes as dt
from . import reductions, searching  # noqa: F401  they declare what is named here
from .declare import OPS

_TYPES = {dt.bool_: "bool", dt.int64: "int", dt.float64: "float", dt.complex128: "complex"}


def _add(name, check):
    """One more check of the op of that name, after those it has."""
    op = OPS[name]
    before = op.refused
    if before is None:
        op.refused = check
        return

    def both(given, values):
        before(given, values)
        check(given, values)

    op.refused = both


# ------------------------------------------------------------------ numbers where only a Tensor will do
def _only_tensors(name, operands=None):
    op = OPS[name]

    def check(given, values):
        for i, v in enumerate(given):
            if v is not None and v.weak and (operands is None or op.operands[i] in operands):
                raise op.not_a_tensor(op, i, _TYPES[v.dtype])

    _add(name, check)


for _name in """neg abs sign sgn exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh
        asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma i0 sinc floor ceil trunc frac round logical_not bitwise_not isnan
        isinf isfinite signbit angle nan_to_num polygamma maximum minimum fmax fmin atan2 hypot nextafter logaddexp logical_and
        logical_or logical_xor gcd lcm""".split():
    _only_tensors(_name)
_only_tensors("fmod", ("input",))
_only_tensors("copysign", ("input",))
_only_tensors("lerp", ("input", "end"))
_only_tensors("addcmul", ("input", "tensor1", "tensor2"))
_only_tensors("addcdiv", ("input", "tensor1", "tensor2"))


# ------------------------------------------------------------------ dtypes
def _unknown(names, kinds, kernel, given=False):
    """The named ops have no kernel for these kinds of dtype. given: it is asked before promotion, of all operands together."""
    for name in names.split():
        said = kernel.format(name)

        def check(as_given, values, said=said):
            dtype = dt.result_type_of([(v.dtype, v.ndim, v.weak) for v in as_given if v is not None]) if given else \
                next(v.dtype for v in values if v is not None)
            if dtype.kind in kinds:
                raise NotImplementedError(f'"{said}" not implemented for \'{dt.long_name(dtype)}\'')

        _add(name, check)


def _unfit(names, kinds, text, error=RuntimeError):
    for name in names.split():
        said = text.format(name)

        def check(given, values, said=said):
            if values[0].dtype.kind in kinds:
                raise error(said)

        _add(name, check)


_unknown("abs", ("bool",), "abs_cpu")
_unknown("floor ceil trunc round", ("bool",), "{}_vml_cpu")
_unknown("round", ("complex",), "round_vml_cpu")
_unfit("floor ceil trunc", ("complex",), "{} is not supported for complex inputs", NotImplementedError)
_unknown("frac", ("bool", "int", "complex"), "frac_cpu")
_unknown("erf erfc erfinv lgamma i0", ("complex",), "{}_vml_cpu")
_unknown("digamma", ("complex",), "digamma")
_unfit("sign", ("complex",), "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.",
       NotImplementedError)
_unfit("signbit", ("complex",), "signbit is not implemented for complex tensors.", NotImplementedError)
_unknown("bitwise_not bitwise_and bitwise_or bitwise_xor", ("float", "complex"), "{}_cpu")
_unknown("bitwise_left_shift", ("bool", "float", "complex"), "lshift_cpu")
_unknown("bitwise_right_shift", ("bool", "float", "complex"), "rshift_cpu")
_unknown("gcd lcm", ("bool", "float", "complex"), "{}_cpu")
_unknown("div_floor div_trunc remainder fmod", ("bool", "complex"), "{}_cpu")
_unknown("floor_divide", ("bool", "complex"), "div_floor_cpu")
_unknown("remainder_of_number", ("bool", "complex"), "remainder_cpu")
_unknown("pow", ("bool",), "pow")
_unknown("lt le gt ge", ("complex",), "{}_cpu")
_unfit("maximum minimum fmax fmin", ("complex",), "{} not implemented for complex tensors.")
_unknown("atan2 copysign xlogy", ("complex",), "{}_cpu")
_unknown("hypot", ("bool", "int"), "hypot_cpu", given=True)
_unknown("hypot", ("complex",), "hypot_cpu")
_unknown("nextafter", ("bool", "int", "complex"), "nextafter_cpu")
_unknown("logaddexp", ("bool", "int"), "logaddexp_cpu", given=True)
_unfit("logaddexp", ("complex",), "rushlight has no {} of complex tensors", NotImplementedError)
_unknown("clamp clamp_tensor clamp_min clamp_max", ("complex",), "clamp_cpu", given=True)
_unknown("clamp_min_tensor", ("complex",), "maximum_cpu", given=True)
_unknown("clamp_max_tensor", ("complex",), "minimum_cpu", given=True)
_unknown("max_all min_all", ("complex",), "{}")
_unknown("amax", ("complex",), "max_values_cpu")
_unknown("amin", ("complex",), "min_values_cpu")
_unfit("argmax argmin", ("complex",), "{}(): does not support complex input")
_unfit("max_dim", ("complex",), "max(): does not support complex input")
_unfit("min_dim", ("complex",), "min(): does not support complex input")


# ------------------------------------------------------------------ bools subtracted, and alpha
def _no_bools(given, values):
    if all(v.dtype is dt.bool_ for v in given[:2]):
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                           "operator instead.")
    if any(v.dtype is dt.bool_ for v in given[:2]):
        raise RuntimeError("Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                           "use the `~` or `logical_not()` operator instead.")


def _alpha(given, values):
    """alpha must be of a kind that the result has room for."""
    alpha = given[2].dtype
    result = dt.result_type_of([(v.dtype, v.ndim, v.weak) for v in given[:2]])
    if alpha is dt.bool_ and result is not dt.bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if alpha.is_floating_point and result.kind in ("bool", "int"):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if alpha.is_complex and not result.is_complex:
        raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")


for _name in ("sub", "rsub", "sub_scaled"):
    _add(_name, _no_bools)
for _name in ("add_scaled", "sub_scaled"):
    _add(_name, _alpha)
