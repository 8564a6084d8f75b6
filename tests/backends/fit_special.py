"""Makes rushlight/backends/numpy/special_tables.py: `python tests/backends/fit_special.py > .../special_tables.py`.

Needs mpmath.  Each table interpolates a function at Chebyshev nodes with 60 digits, and leaves out the terms too small
to be seen in float64.  What is fitted is the function divided by whatever makes it vanish or blow up, so that a small
absolute error is a small relative one.
"""
import sys

import mpmath as mp

mp.mp.dps = 60
NODES = 64


def chebyshev(f):
    """Chebyshev coefficients of f on [-1, 1]."""
    angles = [mp.pi * (2 * j + 1) / (2 * NODES) for j in range(NODES)]
    values = [f(mp.cos(a)) for a in angles]
    out = [2 * mp.fsum(v * mp.cos(k * a) for v, a in zip(values, angles)) / NODES for k in range(NODES)]
    out[0] /= 2
    return out, min(abs(v) for v in values)


def monomials(coefficients):
    """The same polynomial in powers of t, lowest first."""
    below, current = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * len(coefficients)
    for k, c in enumerate(coefficients):
        for i, b in enumerate(below):
            total[i] += c * b
        following = [mp.mpf(0)] + [2 * a for a in current]
        for i, b in enumerate(below):
            following[i] -= b
        below, current = current, following
    return total


def fit(f, low, high, precision=mp.mpf("2e-17"), absolute=False):
    """Powers, highest first, of t = (x - middle) / half for x in [low, high]."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    coefficients, least = chebyshev(lambda t: f(middle + half * t))
    limit = precision * (1 if absolute else least)
    last = max(i for i, c in enumerate(coefficients) if abs(c) > limit)
    if last >= NODES - 2:
        raise ValueError("does not converge")
    return [float(c) for c in reversed(monomials(coefficients[:last + 1]))]


def erfcx(x):
    return mp.erfc(x) * mp.exp(x * x)


def from_ratio(s, k):
    """x where s = (x - k) / (x + k)."""
    return k * (1 + s) / (1 - s)


def erfinv_by_log(w):
    y = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(y) / y


def normal_quantile_by_root(r):
    """-ndtri(exp(-r^2/2)) / r"""
    z = mp.mpf(r)
    for _ in range(60):
        tail = mp.erfc(z / mp.sqrt(2)) / 2
        step = (mp.log(tail) + r * r / 2) * tail / (mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi))
        z += step
        if abs(step) < mp.mpf(10) ** -45:
            return z / r
    raise ValueError(r)


def bessel_parts(order, which):
    """P and Q of J = sqrt(2 / (pi x)) (P cos c - Q sin c), Y = ... (P sin c + Q cos c), as functions of v = (8/x)^2."""
    def f(v):
        x = 8 / mp.sqrt(v)
        c = x - (2 * order + 1) * mp.pi / 4
        j, y, scale = mp.besselj(order, x), mp.bessely(order, x), mp.sqrt(mp.pi * x / 2)
        if which == "p":
            return scale * (j * mp.cos(c) + y * mp.sin(c))
        return scale * (y * mp.cos(c) - j * mp.sin(c)) * x / 8
    return f


def k0_rest(u):
    x = mp.sqrt(u)
    return mp.besselk(0, x) + mp.log(x / 2) * mp.besseli(0, x)


def k1_rest(u):
    x = mp.sqrt(u)
    return (mp.besselk(1, x) - mp.log(x / 2) * mp.besseli(1, x)) * x


def y0_rest(u):
    x = mp.sqrt(u)
    return mp.bessely(0, x) - 2 / mp.pi * mp.log(x / 2) * mp.besselj(0, x)


def y1_rest(u):
    x = mp.sqrt(u)
    return (mp.bessely(1, x) - 2 / mp.pi * (mp.log(x / 2) * mp.besselj(1, x) - 1 / x)) / x


DIGAMMA_ROOT = mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))


def lgamma_core(x):
    return mp.loggamma(x) / ((x - 1) * (x - 2))


def tables():
    yield "ERF_FLOAT32", "erf(x) / x in x^2, for float32 results", (0, 16), fit(
        lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u), 0, 16, mp.mpf("1e-9"))
    yield "ERF", "erf(x) / x in x^2", (0, 1), fit(lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u), 0, 1)
    low = (mp.mpf("0.5") - 4) / (mp.mpf("0.5") + 4)
    yield "ERFCX", "(1 + 2 x) erfcx(x) in (x - 4) / (x + 4), x >= 0.5", (low, 1), fit(
        lambda s: (1 + 2 * from_ratio(s, 4)) * erfcx(from_ratio(s, 4)), low, 1)
    for i, (a, b) in enumerate([(0, 3), (3, mp.mpf("6.25"))]):
        yield f"ERFINV_{i}", "erfinv(y) / y in w = -log(1 - y^2)", (a, b), fit(erfinv_by_log, a, b)
    for i, (a, b) in enumerate([(mp.mpf("2.5"), 4), (4, mp.mpf("6.1"))]):
        yield f"ERFINV_{i + 2}", "the same in sqrt(w)", (a, b), fit(lambda s: erfinv_by_log(s * s), a, b)
    for i, (a, b) in enumerate([(2, 4), (4, 8), (8, 16), (16, mp.mpf("38.7"))]):
        yield f"NDTRI_{i}", "-ndtri(p) / r in r = sqrt(-2 log p)", (a, b), fit(normal_quantile_by_root, a, b)
    for order in (0, 1):
        for i, (a, b) in enumerate([(0, 2), (2, 8)]):
            yield f"I{order}E_{i}", f"exp(-x) I{order}(x)" + " / x" * order, (a, b), fit(
                lambda x: mp.exp(-x) * mp.besseli(order, x) / x ** order, a, b)
        yield f"I{order}E_2", f"sqrt(x) exp(-x) I{order}(x) in 8 / x", (0, 1), fit(
            lambda v: mp.sqrt(8 / v) * mp.exp(-8 / v) * mp.besseli(order, 8 / v), 0, 1)
    yield "LGAMMA_0", "lgamma(1 + x) / x", (0, mp.mpf("0.5")), fit(lambda x: mp.loggamma(1 + x) / x, 0, mp.mpf("0.5"))
    for i, (a, b) in enumerate([(mp.mpf("0.5"), mp.mpf("1.25")), (mp.mpf("1.25"), 2), (2, 3)]):
        yield f"LGAMMA_{i + 1}", "lgamma(x) / ((x - 1) (x - 2))", (a, b), fit(lgamma_core, a, b)
    for i, (a, b) in enumerate([(3, mp.mpf("4.5")), (mp.mpf("4.5"), 7), (7, 12)]):
        yield f"LGAMMA_{i + 4}", "lgamma(x)", (a, b), fit(mp.loggamma, a, b)
    yield "DIGAMMA_0", "digamma(x) / (x - root)", (1, 2), fit(lambda x: mp.digamma(x) / (x - DIGAMMA_ROOT), 1, 2)
    yield "DIGAMMA_1", "digamma(x)", (2, 4), fit(mp.digamma, 2, 4)
    yield "DIGAMMA_2", "digamma(x)", (4, 8), fit(mp.digamma, 4, 8)
    yield "LOG1PMX", "(log(1 + u) - u) / u^2", (mp.mpf("-0.4"), mp.mpf("0.5")), fit(
        lambda u: (mp.log1p(u) - u) / u ** 2, mp.mpf("-0.4"), mp.mpf("0.5"))
    for order in (0, 1):
        yield f"J{order}_SMALL", f"J{order}(x) / x^{order} in x^2", (0, 16), fit(
            lambda u: mp.besselj(order, mp.sqrt(u)) / mp.sqrt(u) ** order, 0, 16, mp.mpf("1e-18"), True)
        yield f"J{order}_MIDDLE", f"J{order}(x)", (4, 8), fit(lambda x: mp.besselj(order, x), 4, 8, mp.mpf("1e-18"), True)
        rest = (y0_rest, y1_rest)[order]
        yield f"Y{order}_SMALL", f"Y{order} less its singular part, in x^2 (see special.py)", (0, 16), fit(
            rest, 0, 16, mp.mpf("1e-18"), True)
        yield f"Y{order}_MIDDLE", f"Y{order}(x)", (4, 8), fit(lambda x: mp.bessely(order, x), 4, 8, mp.mpf("1e-18"), True)
        yield f"P{order}", "the modulus' cosine part in (8/x)^2 (see special.py)", (0, 1), fit(bessel_parts(order, "p"), 0, 1)
        yield f"Q{order}", "its sine part times x / 8", (0, 1), fit(bessel_parts(order, "q"), 0, 1)
        yield f"K{order}_SMALL", f"K{order} less its singular part, in x^2 (see special.py)", (0, 4), fit(
            (k0_rest, k1_rest)[order], 0, 4, mp.mpf("1e-18"), True)
        yield f"K{order}E_LARGE", f"sqrt(x) exp(x) K{order}(x) in 2 / x", (0, 1), fit(
            lambda v: mp.sqrt(2 / v) * mp.exp(2 / v) * mp.besselk(order, 2 / v), 0, 1)


def main():
    print('"""Polynomials for special.py, made by tests/backends/fit_special.py.\n')
    print("Each is (low, high, coefficients): the powers, highest first, of t = (2 x - low - high) / (high - low).")
    print('"""')
    for name, what, (low, high), powers in tables():
        size = sum(abs(p) for p in powers)
        print(f"{name}: degree {len(powers) - 1}, sum of magnitudes {size:.3g}", file=sys.stderr)
        print(f"\n# {what}\n{name} = ({float(low)!r}, {float(high)!r}, (")
        for i in range(0, len(powers), 5):
            print("    " + " ".join(f"{p!r}," for p in powers[i:i + 5]))
        print("))")
    high = float(DIGAMMA_ROOT)
    print(f"\n# where digamma vanishes, and what float64 leaves of it\nDIGAMMA_ROOT = ({high!r}, {float(DIGAMMA_ROOT - high)!r})")


if __name__ == "__main__":
    main()
