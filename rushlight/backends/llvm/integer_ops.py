"""Integer primitives that are more than an instruction: shifts and divisions as PyTorch defines them."""

BITS = {"uint8": 8, "int8": 8, "uint16": 16, "int16": 16, "uint32": 32, "int32": 32, "uint64": 64, "int64": 64}
UNSIGNED = frozenset(("bool", "uint8", "uint16", "uint32", "uint64"))


def limits(dtype):
    """The least and the largest number of an integer dtype."""
    bits = BITS[dtype]
    return (0, 2 ** bits - 1) if dtype in UNSIGNED else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)


def _shift_left(f, a, b, dtype):
    return _shift(f, "shl", a, b, dtype, f.zero(a.type, a.lanes))


def _shift_right(f, a, b, dtype):
    if dtype in UNSIGNED:
        return _shift(f, "lshr", a, b, dtype, f.zero(a.type, a.lanes))
    return _shift(f, "ashr", a, b, dtype, f.binary("ashr", a, f.constant(BITS[dtype] - 1, a.type, a.lanes)))


def _shift(f, how, a, b, dtype, beyond):
    """beyond: the result for shifts by a negative number, or by more than there are bits."""
    within = f.test("icmp ult", b, f.constant(BITS[dtype], b.type, b.lanes))
    return f.select(within, f.binary(how, a, f.select(within, b, f.zero(b.type, b.lanes))), beyond)


def _truncated(f, a, b, dtype):
    """a / b towards zero; 0 for division by zero, as NumPy has it. Neither that nor the least number by -1 may trap."""
    one, zero = f.constant(1, a.type, a.lanes), f.zero(a.type, a.lanes)
    odd = nothing = f.test("icmp eq", b, zero)
    if dtype not in UNSIGNED:
        minus = f.test("icmp eq", b, f.constant(-1, b.type, b.lanes))
        odd = f.binary("or", nothing, minus)
    quotient = f.select(nothing, zero, _divide(f, a, f.select(odd, one, b), dtype))
    return quotient if dtype in UNSIGNED else f.select(minus, f.binary("sub", zero, a), quotient)


def _divide(f, a, b, dtype):
    unsigned = dtype in UNSIGNED
    if BITS[dtype] == 64:
        return f.binary("udiv" if unsigned else "sdiv", a, b)
    # There is no instruction over vectors. The quotient of floats with twice as many bits is never rounded up to an integer.
    kind = "double" if BITS[dtype] == 32 else "float"
    into, back = ("uitofp", "fptoui") if unsigned else ("sitofp", "fptosi")
    return f.convert(back, f.binary("fdiv", f.convert(into, a, kind), f.convert(into, b, kind)), a.type)


def _parts(f, a, b, dtype):
    """The quotient towards zero, and what is left: of the sign of a; 0 for division by zero."""
    zero, quotient = f.zero(a.type, a.lanes), _truncated(f, a, b, dtype)
    rest = f.binary("sub", a, f.binary("mul", b, quotient))
    return quotient, f.select(f.test("icmp eq", b, zero), zero, rest)


def _rest(f, a, b, dtype):
    return _parts(f, a, b, dtype)[1]


def _off(f, rest, b):
    """Whether a remainder is not 0 and of the other sign than the divisor."""
    zero = f.zero(b.type, b.lanes)
    return f.binary("and", f.test("icmp ne", rest, zero), f.test("icmp slt", f.binary("xor", rest, b), zero))


def _floored(f, a, b, dtype):
    quotient, rest = _parts(f, a, b, dtype)
    if dtype in UNSIGNED:
        return quotient
    return f.binary("sub", quotient, f.convert("zext", _off(f, rest, b), a.type))


def _remainder(f, a, b, dtype):
    rest = _rest(f, a, b, dtype)
    return rest if dtype in UNSIGNED else f.select(_off(f, rest, b), f.binary("add", rest, b), rest)


def _sign(f, x, dtype):
    """Of numbers that are not negative."""
    return f.convert("zext", f.test("icmp ne", x, f.zero(x.type, x.lanes)), x.type)


# name -> (operands, function of (f, operands..., dtype), dtypes)
TABLE = {
    "shl": (2, _shift_left, frozenset(BITS)), "shr": (2, _shift_right, frozenset(BITS)),
    "floordiv": (2, _floored, frozenset(BITS)), "rem": (2, _remainder, frozenset(BITS)), "fmod": (2, _rest, frozenset(BITS)),
    "sign": (1, _sign, UNSIGNED - {"bool"}),
}
