"""Integer primitives that need a loop: powers, greatest common divisors, least common multiples."""
from .integer_ops import TABLE, UNSIGNED
from .mathematics_values import Value, repeat, where


def pow(f, x, y, dtype):
    """Squares, as many as the exponents have bits. A negative exponent leaves 1, -1 or 0, the whole part of what it should be."""
    x, y = Value(f, x), Value(f, y)
    signed = dtype not in UNSIGNED
    exponent = where(y < 0, y & 1, y) if signed else y

    def step(total, square, left):
        total = where((left & 1).differs(0), total * square, total)
        return [total, square * square, Value(f, f.binary("lshr", left.reg, left.like(1).reg))]

    total = repeat([x.like(1), x, exponent], step, lambda total, square, left: left.differs(0))[0]
    if signed:
        total = where((y < 0) & ~(x.equals(1) | x.equals(-1)), total.like(0), total)
    return total.reg


def _size(x, dtype):
    return x if dtype in UNSIGNED else where(x < 0, -x, x)


def gcd(f, x, y, dtype):
    """Euclid's."""
    rest = TABLE["fmod"][1]

    def step(a, b):
        none = b.equals(0)
        left = Value(f, rest(f, a.reg, where(none, b.like(1), b).reg, dtype))
        return [where(none, a, b), where(none, b, left)]

    return _size(repeat([Value(f, x), Value(f, y)], step, lambda a, b: b.differs(0))[0], dtype).reg


def lcm(f, x, y, dtype):
    """Short integers by way of 32 bits, as in C: what the size of a product is, then wraps."""
    type = x.type
    short = type in ("i8", "i16")
    if short:
        x, y = [f.convert("zext" if dtype in UNSIGNED else "sext", v, "i32") for v in (x, y)]
        dtype = "int32"
    divisor = Value(f, gcd(f, x, y, dtype))
    divisor = where(divisor.equals(0), divisor.like(1), divisor)
    quotient = Value(f, TABLE["floordiv"][1](f, x, divisor.reg, dtype))
    size = _size(quotient * Value(f, y), dtype).reg
    return f.convert("trunc", size, type) if short else size


BINARY = {"pow": pow, "gcd": gcd, "lcm": lcm}
