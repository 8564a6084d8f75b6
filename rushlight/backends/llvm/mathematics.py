"""Mathematical functions over vectors, as polynomials: exp, log, tanh and the like, for float and double.

Each is within about 2 ulp, and treats NaN, infinities and denormals as PyTorch does. Arguments are reduced by powers of
two; the polynomials are the functions' own series, cut where the next term is below a quarter ulp.
"""
import math

_BITS = {"float": ("i32", 23, 127), "double": ("i64", 52, 1023)}
LN2 = {"float": (0.693359375, -2.12194440054690583e-4),
        "double": (6.93147180369123816490e-01, 1.90821492927058770002e-10)}      # fdlibm's split of ln 2
_EXP_TERMS = {"float": 7, "double": 13}
_LOG_TERMS = {"float": 5, "double": 10}
_LARGEST = {"float": 88.7228391, "double": 709.782712893384}
_SMALLEST = {"float": -103.9720770, "double": -745.133219101941}


def horner(f, x, coefficients):
    """c[0] + c[1] x + ... , fused."""
    lanes = x.lanes
    total = f.constant(coefficients[-1], x.type, lanes)
    for c in reversed(coefficients[:-1]):
        total = f.fma(total, x, f.constant(c, x.type, lanes))
    return total


def _power_of_two(f, k, type):
    """2 ** k for an integer-valued float k within the exponent's range."""
    bits, shift, bias = _BITS[type]
    sum_ = f.emit(f"fadd {k.full} {k}, {f.constant(1.5 * 2.0 ** shift + bias, type, k.lanes)}", type, k.lanes)    # its last bits: k + bias
    moved = f.binary("shl", f.convert("bitcast", sum_, bits), f.constant(shift, bits, k.lanes))
    return f.convert("bitcast", moved, type)


def reduced(f, x):
    """k and r with x = k ln 2 + r and |r| <= ln 2 / 2."""
    type, lanes = x.type, x.lanes
    k = f.mathematics("rint", f.binary("fmul", x, f.constant(1 / math.log(2), type, lanes)))
    high, low = LN2[type]
    r = f.fma(k, f.constant(-high, type, lanes), x)
    return k, f.fma(k, f.constant(-low, type, lanes), r)


def _limited(f, x, low, high):
    """x within [low, high]; NaN stays."""
    lo, hi = f.constant(low, x.type, x.lanes), f.constant(high, x.type, x.lanes)
    x = f.select(f.test("fcmp olt", x, lo), lo, x)
    return f.select(f.test("fcmp ogt", x, hi), hi, x)


def exp(f, x):
    type, lanes = x.type, x.lanes
    limited = _limited(f, x, _SMALLEST[type] - 2, _LARGEST[type] + 1)
    k, r = reduced(f, limited)
    power = horner(f, r, [1 / math.factorial(i) for i in range(_EXP_TERMS[type] + 1)])
    half = f.mathematics("floor", f.binary("fmul", k, f.constant(0.5, type, lanes)))     # twice, for denormal results and near the top
    rest = f.binary("fsub", k, half)
    y = f.binary("fmul", f.binary("fmul", power, _power_of_two(f, half, type)), _power_of_two(f, rest, type))
    return f.select(f.test("fcmp ogt", x, f.constant(_LARGEST[type], type, lanes)), f.constant(math.inf, type, lanes), y)


def expm1(f, x):
    type, lanes = x.type, x.lanes
    top = _LARGEST[type]
    limited = _limited(f, x, -40.0, top)
    k, r = reduced(f, limited)
    series = horner(f, r, [1 / math.factorial(i) for i in range(2, _EXP_TERMS[type] + 1)])
    small = f.fma(f.binary("fmul", r, r), series, r)
    one = f.constant(1, type, lanes)
    half = _power_of_two(f, f.binary("fsub", k, one), type)                 # 2 ** k can be just too large
    y = f.fma(half, small, f.binary("fsub", half, f.constant(0.5, type, lanes)))
    y = f.binary("fadd", y, y)
    y = f.select(f.test("fcmp oeq", k, f.zero(type, lanes)), small, y)
    y = f.select(f.test("fcmp oeq", x, f.zero(type, lanes)), x, y)
    return f.select(f.test("fcmp ogt", x, f.constant(top, type, lanes)), f.constant(math.inf, type, lanes), y)


def log(f, x):
    type, lanes = x.type, x.lanes
    bits, shift, bias = _BITS[type]
    scale = {"float": 2.0 ** 25, "double": 2.0 ** 54}[type]
    denormal = f.test("fcmp olt", x, f.constant({"float": 2.0 ** -126, "double": 2.0 ** -1022}[type], type, lanes))
    scaled = f.select(denormal, f.binary("fmul", x, f.constant(scale, type, lanes)), x)
    raw = f.convert("bitcast", scaled, bits)
    root = f.constant({"float": 0x3F3504F3, "double": 0x3FE6A09E667F3BCD}[type], bits, lanes)      # sqrt(1/2)
    distance = f.binary("sub", raw, root)
    k = f.binary("ashr", distance, f.constant(shift, bits, lanes))
    mantissa = f.convert("bitcast", f.binary("sub", raw, f.binary("shl", k, f.constant(shift, bits, lanes))), type)
    k = f.convert("sitofp", k, type)
    k = f.select(denormal, f.binary("fsub", k, f.constant(math.log2(scale), type, lanes)), k)
    one = f.constant(1, type, lanes)
    d = f.binary("fsub", mantissa, one)
    s = f.binary("fdiv", d, f.binary("fadd", mantissa, one))
    z = f.binary("fmul", s, s)
    # log(1 + d) = d - (h - s (h + z P)), h = d^2 / 2: the rounding of s then touches a small term only
    series = f.binary("fmul", z, horner(f, z, [2 / (2 * i + 3) for i in range(_LOG_TERMS[type])]))
    h = f.binary("fmul", f.constant(0.5, type, lanes), f.binary("fmul", d, d))
    high, low = LN2[type]
    tail = f.fma(k, f.constant(low, type, lanes), f.binary("fmul", s, f.binary("fadd", h, series)))
    y = f.binary("fsub", d, f.binary("fsub", h, tail))
    y = f.fma(k, f.constant(high, type, lanes), y)
    zero = f.zero(type, lanes)
    infinity = f.constant(math.inf, type, lanes)
    y = f.select(f.test("fcmp oeq", x, infinity), infinity, y)
    y = f.select(f.test("fcmp oeq", x, zero), f.constant(-math.inf, type, lanes), y)
    return f.select(f.test("fcmp ult", x, zero), f.constant(math.nan, type, lanes), y)


def log1p(f, x):
    """log(1 + x), corrected for what 1 + x lost."""
    type, lanes = x.type, x.lanes
    one = f.constant(1, type, lanes)
    u = f.emit(f"fadd {x.full} {x}, {one}", type, lanes)
    lost = f.emit(f"fsub {x.full} {x}, {f.emit(f'fsub {x.full} {u}, {one}', type, lanes)}", type, lanes)
    y = f.binary("fadd", log(f, u), f.binary("fdiv", lost, u))
    y = f.select(f.test("fcmp oeq", u, one), x, y)
    odd = f.binary("or", f.test("fcmp oeq", u, f.constant(math.inf, type, lanes)), f.test("fcmp ule", u, f.zero(type, lanes)))
    return f.select(odd, log(f, u), y)


def tanh(f, x):
    """e / (e + 2) for e = exp(2 |x|) - 1, or 1 - 2 / (e + 2), whichever is the more accurate."""
    type, lanes = x.type, x.lanes
    one, two = f.constant(1, type, lanes), f.constant(2, type, lanes)
    size = f.mathematics("fabs", x)
    e = expm1(f, f.emit(f"fadd {x.full} {size}, {size}", type, lanes))
    small = f.test("fcmp olt", e, two)
    q = f.binary("fdiv", f.select(small, e, f.constant(-2, type, lanes)), f.binary("fadd", e, two))
    return f.mathematics("copysign", f.select(small, q, f.binary("fadd", q, one)), x)


def sigmoid(f, x):
    type, lanes = x.type, x.lanes
    one = f.constant(1, type, lanes)
    return f.binary("fdiv", one, f.binary("fadd", one, exp(f, f.emit(f"fneg {x.full} {x}", type, lanes))))
