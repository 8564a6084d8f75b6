"""fmod, Python's remainder and floor division, of floats: exactly, as far apart as the operands may be."""
import math

from .mathematics_values import BIAS, of, repeat, where


def _fmod(x, y):
    """Quotients as far as they are exact are taken off until less than y is left: nearly always once."""
    size, by = x.abs(), y.abs()
    usual = (size < math.inf) & (by > 0) & (by < math.inf)
    by = where(usual, by, 1)
    step = 2.0 ** (BIAS[x.type] - 1)
    far, farther = by * step, by * step * step                                  # where the quotient by y would overflow

    def less(rest):
        rest_size = rest.abs()
        unit = where(rest_size > farther, farther, where(rest_size > far, far, by))
        return [(-(rest / unit).trunc()).fma(unit, rest)]

    rest = repeat([where(usual, size, 0)], less, lambda rest: rest.abs() >= by)[0]
    rest = where(rest < 0, rest + by, rest)
    rest = where(usual, rest, where((size < math.inf) & y.abs().equals(math.inf), size, x.like(math.nan)))
    return rest.copysign(x)


def _rem(x, y):
    """The sign is y's."""
    rest = _fmod(x, y)
    return where(rest.differs(0) & ((rest < 0) ^ (y < 0)), rest + y, rest)


def _floordiv(x, y):
    """The quotient of what the remainder leaves, which is whole but for its rounding."""
    rest = _fmod(x, y)
    q = (x - rest) / y
    q = where(rest.differs(0) & ((rest < 0) ^ (y < 0)), q - 1, q)
    whole = q.floor()
    whole = where(q - whole > 0.5, whole + 1, whole)
    ratio = x / y
    whole = where(q.equals(0), q.like(0).copysign(ratio), whole)
    return where(y.equals(0), ratio, whole)


fmod, rem, floordiv = of(_fmod), of(_rem), of(_floordiv)
