"""The elementwise primitives as IR, over scalars and vectors."""
import math

from . import integer_ops, narrow
from . import mathematics as m
from . import mathematics_integers, mathematics_tables
from .integer_ops import UNSIGNED

REGISTER = {"bool": "i1", **{name: f"i{bits}" for name, bits in integer_ops.BITS.items()}, "float32": "float", "float64": "double",
            **dict.fromkeys(narrow.NAMES, "float")}                             # the dtypes that kernels compute in
MEMORY = {**REGISTER, "bool": "i8", **dict.fromkeys(narrow.NAMES, "i16")}
FLOATS = ("float32", "float64")


def _neg(f, x, dtype):
    if dtype in FLOATS:
        return f.emit(f"fneg {x.full} {x}", x.type, x.lanes)
    return f.binary("sub", f.zero(x.type, x.lanes), x)


def _abs(f, x, dtype):
    if dtype in FLOATS:
        return f.mathematics("fabs", x)
    if dtype in UNSIGNED:
        return x
    return f.select(f.test("icmp slt", x, f.zero(x.type, x.lanes)), _neg(f, x, dtype), x)


def _sign(f, x, dtype):
    one, zero = f.constant(1, x.type, x.lanes), f.zero(x.type, x.lanes)
    if dtype in FLOATS:
        minus = f.constant(-1, x.type, x.lanes)
        y = f.select(f.test("fcmp ogt", x, zero), one, f.select(f.test("fcmp olt", x, zero), minus, zero))
        return y
    return f.select(f.test("icmp sgt", x, zero), one, f.select(f.test("icmp slt", x, zero), f.constant(-1, x.type, x.lanes), zero))


def _reciprocal(f, x, dtype):
    return f.binary("fdiv", f.constant(1, x.type, x.lanes), x)


def _not(f, x, dtype):
    return f.binary("xor", x, f.constant(1 if dtype == "bool" else -1, x.type, x.lanes))


def _isinf(f, x, dtype):
    return f.test("fcmp oeq", f.mathematics("fabs", x), f.constant(math.inf, x.type, x.lanes))


def _isfinite(f, x, dtype):
    return f.test("fcmp olt", f.mathematics("fabs", x), f.constant(math.inf, x.type, x.lanes))


def _intrinsic(name):
    return lambda f, x, dtype: f.mathematics(name, x)


def _function(function):
    return lambda f, x, dtype: function(f, x)


# name -> (function of (f, x, dtype), dtypes it is there for)
_ANY = frozenset(REGISTER) - set(narrow.NAMES)
_SIGNED = _ANY - {"bool"}
UNARY = {
    "neg": (_neg, _SIGNED), "abs": (_abs, _ANY), "sign": (_sign, frozenset(FLOATS) | {"int32", "int64", "int16", "int8"}),
    "not": (_not, _ANY - set(FLOATS)), "isnan": (lambda f, x, dtype: f.test("fcmp uno", x, x), frozenset(FLOATS)),
    "isinf": (_isinf, frozenset(FLOATS)), "isfinite": (_isfinite, frozenset(FLOATS)),
    "sqrt": (_intrinsic("sqrt"), frozenset(FLOATS)), "floor": (_intrinsic("floor"), frozenset(FLOATS)),
    "ceil": (_intrinsic("ceil"), frozenset(FLOATS)), "trunc": (_intrinsic("trunc"), frozenset(FLOATS)),
    "round": (_intrinsic("roundeven"), frozenset(FLOATS)), "reciprocal": (_reciprocal, frozenset(FLOATS)),
    "rsqrt": (lambda f, x, dtype: _reciprocal(f, f.mathematics("sqrt", x), dtype), frozenset(FLOATS)),
    "exp": (_function(m.exp), frozenset(FLOATS)), "expm1": (_function(m.expm1), frozenset(FLOATS)),
    "log": (_function(m.log), frozenset(FLOATS)), "log1p": (_function(m.log1p), frozenset(FLOATS)),
    "tanh": (_function(m.tanh), frozenset(FLOATS)), "sigmoid": (_function(m.sigmoid), frozenset(FLOATS)),
    **{name: (_function(function), frozenset(FLOATS)) for name, function in mathematics_tables.UNARY.items()},
}


def _extreme(greater):
    """max or min: NaN if either is."""
    def run(f, a, b, dtype):
        if dtype in FLOATS:
            wins = f.test("fcmp ogt" if greater else "fcmp olt", a, b)
            return f.select(f.binary("or", wins, f.test("fcmp uno", a, a)), a, b)
        if dtype == "bool":
            return f.binary("or" if greater else "and", a, b)
        sign = "u" if dtype in UNSIGNED else "s"
        return f.select(f.test(f"icmp {sign}{'gt' if greater else 'lt'}", a, b), a, b)
    return run


def _of_two(function):
    return lambda f, a, b, dtype: function(f, a, b)


def _plain(of_floats, of_integers):
    def run(f, a, b, dtype):                # each primitive rounds its result, as the interpreter's and PyTorch's do
        return f.binary(of_floats if dtype in FLOATS else of_integers, a, b, exact=True)
    return run


BINARY = {
    "add": (_plain("fadd", "add"), _SIGNED), "sub": (_plain("fsub", "sub"), _SIGNED), "mul": (_plain("fmul", "mul"), _SIGNED),
    "div": (_plain("fdiv", None), frozenset(FLOATS)), "max": (_extreme(True), _ANY), "min": (_extreme(False), _ANY),
    "and": (_plain(None, "and"), _ANY - set(FLOATS)), "or": (_plain(None, "or"), _ANY - set(FLOATS)),
    "xor": (_plain(None, "xor"), _ANY - set(FLOATS)),
    **{name: (_of_two(function), frozenset(FLOATS)) for name, function in mathematics_tables.BINARY.items()},
}
COMPARE = {"eq": ("oeq", "eq"), "ne": ("une", "ne"), "lt": ("olt", "lt"), "le": ("ole", "le"), "gt": ("ogt", "gt"), "ge": ("oge", "ge")}


def compare(f, name, a, b, dtype):
    of_floats, of_integers = COMPARE[name]
    if dtype in FLOATS:
        return f.test("fcmp " + of_floats, a, b)
    sign = "" if of_integers in ("eq", "ne") else "u" if dtype in UNSIGNED else "s"
    return f.test(f"icmp {sign}{of_integers}", a, b)


def function(name, operands, dtype):
    """The function of (f, operands..., dtype) of a primitive whose first operand has this dtype, or None."""
    found = integer_ops.TABLE.get(name)
    if found is not None and found[0] == operands and dtype in found[2]:
        return found[1]
    if dtype in integer_ops.BITS and operands == 2 and name in mathematics_integers.BINARY:
        return mathematics_integers.BINARY[name]
    found = (UNARY if operands == 1 else BINARY).get(name)
    return found[0] if found is not None and dtype in found[1] else None


def can_cast(source, target):
    """Float to large unsigned integers is left to NumPy: what is out of range is the platform's affair there."""
    return source in REGISTER and target in REGISTER and not (source in FLOATS and target in ("uint32", "uint64"))


def cast(f, x, source, target):
    if source == target:
        return x
    to = REGISTER[target]
    if target == "bool":
        zero = f.zero(x.type, x.lanes)
        return f.test("fcmp une" if source in FLOATS else "icmp ne", x, zero)
    if source in FLOATS and target in FLOATS:
        return f.convert("fpext" if target == "float64" else "fptrunc", x, to)
    if source in FLOATS:
        if to in ("i8", "i16"):                 # by way of 32 bits, as PyTorch and NumPy do: too large numbers wrap
            return f.convert("trunc", f.convert("fptosi", x, "i32"), to)
        return f.convert("fptosi", x, to)
    unsigned = source in UNSIGNED
    if target in FLOATS:
        return f.convert("uitofp" if unsigned else "sitofp", x, to)
    sizes = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64}
    if sizes[to] == sizes[x.type]:
        return x
    return f.convert("trunc" if sizes[to] < sizes[x.type] else "zext" if unsigned else "sext", x, to)
