"""float16 and bfloat16 in kernels: registers hold them as floats whose value the narrow type has too.

Operations compute in float and round to the nearest, ties to even; too large numbers become infinite.
"""
import numpy as np

from ...runtime import dtypes as dt

NAMES = ("float16", "bfloat16")                                                 # both lie in memory as i16
# these give nothing that the operands' type lacks
EXACT = frozenset("neg abs sign max min fmax fmin floor ceil trunc round where load gather copysign heaviside real conj".split())
APART = frozenset(("nextafter",))                                               # these are not those of floats, rounded


def wide(dtype):
    """The name of the dtype that a kernel computes in for this one."""
    return "float32" if dtype in NAMES else dtype


def number(value, dtype):
    """A Python number as the narrow type has it."""
    from ..numpy.bfloat import from_float32, to_float32

    with np.errstate(all="ignore"):
        single = np.float32(value)
        return float(np.float16(single) if dtype == "float16" else to_float32(from_float32(single)))


def converts_halves(host):
    """Whether the processor has instructions for float16."""
    features = host.features.split(",")
    return "+f16c" in features or "+neon" in features


# ------------------------------------------------------------ memory and registers
def from_memory(f, x, dtype, host):
    """i16 words as floats; exact."""
    if dtype == "bfloat16":
        return f.convert("bitcast", _shifted(f, "shl", f.convert("zext", x, "i32"), 16), "float")
    if converts_halves(host):
        return f.convert("fpext", f.convert("bitcast", x, "half"), "float")
    return _half_to_float(f, x)


def to_memory(f, x, dtype, host):
    """Floats that the narrow type has, as i16 words."""
    if dtype == "bfloat16":
        return f.convert("trunc", _shifted(f, "lshr", f.convert("bitcast", x, "i32"), 16), "i16")
    if converts_halves(host):
        return f.convert("bitcast", f.convert("fptrunc", x, "half"), "i16")
    return _float_to_half(f, x)


def rounded(f, x, dtype, host):
    """Floats rounded to what the narrow type has."""
    if dtype == "float16":
        return from_memory(f, to_memory(f, x, dtype, host), dtype, host)
    bits = f.convert("bitcast", x, "i32")
    # half of what is cut off, less one where the kept part is even: then cutting off rounds
    even = f.binary("and", _shifted(f, "lshr", bits, 16), _words(f, 1, x))
    bits = f.binary("add", bits, f.binary("add", even, _words(f, 0x7FFF, x)))
    kept = f.convert("bitcast", f.binary("and", bits, _words(f, 0xFFFF0000, x)), "float")
    return f.select(f.test("fcmp uno", x, x), f.constant(float("nan"), "float", x.lanes), kept)


def _words(f, value, x):
    return f.constant(value, "i32", x.lanes)


def _shifted(f, how, x, places):
    return f.binary(how, x, _words(f, places, x))


# ------------------------------------------------------------ float16 by integers, for processors without instructions for it
def _half_to_float(f, x):
    """The exponent and mantissa moved into place are the number times 2 ** -112, denormals included."""
    word = f.convert("zext", x, "i32")
    sign = _shifted(f, "shl", f.binary("and", word, _words(f, 0x8000, x)), 16)
    size = _shifted(f, "shl", f.binary("and", word, _words(f, 0x7FFF, x)), 13)
    y = f.binary("fmul", f.convert("bitcast", size, "float"), f.constant(2.0 ** 112, "float", x.lanes))
    y = f.convert("bitcast", y, "i32")
    endless = f.test("icmp uge", size, _words(f, 0x7C00 << 13, x))
    y = f.select(endless, f.binary("or", y, _words(f, 0x7F800000, x)), y)
    return f.convert("bitcast", f.binary("or", y, sign), "float")


def _float_to_half(f, x):
    bits = f.convert("bitcast", x, "i32")
    sign = f.binary("and", bits, _words(f, 0x80000000, x))
    size = f.binary("xor", bits, sign)
    # normal: the exponent's bias changed, and rounded as above
    even = f.binary("and", _shifted(f, "lshr", size, 13), _words(f, 1, x))
    normal = f.binary("add", f.binary("add", size, even), _words(f, 0xFFF - (112 << 23), x))
    normal = _shifted(f, "lshr", normal, 13)
    # denormal: adding a number whose last place is 2 ** -24 rounds
    magic = 126 << 23
    shifted = f.binary("fadd", f.convert("bitcast", size, "float"), f.convert("bitcast", _words(f, magic, x), "float"))
    denormal = f.binary("sub", f.convert("bitcast", shifted, "i32"), _words(f, magic, x))
    word = f.select(f.test("icmp ult", size, _words(f, 113 << 23, x)), denormal, normal)
    special = f.select(f.test("icmp ugt", size, _words(f, 0x7F800000, x)), _words(f, 0x7E00, x), _words(f, 0x7C00, x))
    word = f.select(f.test("icmp uge", size, _words(f, (127 + 16) << 23, x)), special, word)
    return f.convert("trunc", f.binary("or", word, _shifted(f, "lshr", sign, 16)), "i16")


# ------------------------------------------------------------ values that have kernels of their own
_WIDENED = frozenset("""dot conv conv_dx conv_dw max_pool max_pool_index max_pool_dx sum_pool sum_pool_dx argmax argmin argsort topk cumsum
    cumprod cummax cummin cumlogsumexp cumargmax cumargmin""".split())


def _apart(v):
    """Whether a value of narrow numbers is computed by a kernel of its own."""
    adds = v.prim == "index_put" and v.attrs[0] or v.prim == "scatter" and v.attrs[1] != "set"
    return (adds or v.prim in _WIDENED) and v.args[0].dtype.name in NAMES


def widened(values):
    """A graph whose products, convolutions, pools, sorts and the like of narrow numbers are those of their operands as float32,
    rounded."""
    from ...graph.value import Value
    from ...schedule.rewrite import copied

    if not any(map(_apart, values)):
        return values
    now, result, cast = {}, [], {}

    def as_float(a):
        if a.dtype.name not in NAMES:
            return a
        if a.id not in cast:
            cast[a.id] = Value("cast", (a,), (dt.float32,), a.shape, dt.float32)
            result.append(cast[a.id])
        return cast[a.id]

    for v in values:
        args = [now[a.id] for a in v.args]
        if _apart(v):
            args = [as_float(a) for a in args]
            if v.dtype.name in NAMES:
                product = Value(v.prim, tuple(args), v.attrs, v.shape, dt.float32)
                result.append(product)
                made = copied(v, "cast", (product,), (v.dtype,))
            else:
                made = copied(v, v.prim, args, v.attrs)
        else:
            made = v if all(a is b for a, b in zip(args, v.args)) else copied(v, v.prim, args, v.attrs)
        result.append(made)
        now[v.id] = made
    return result
