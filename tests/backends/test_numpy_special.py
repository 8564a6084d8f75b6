"""The NumPy backend's special functions: against mpmath's digits, against PyTorch, and at the ends of their domains."""
import math

import numpy as np
import pytest

from rushlight.backends.numpy import special

inf, nan = math.inf, math.nan


def spread(*ranges):
    """Points for each (low, high): evenly, or by ratio where low is positive and much smaller."""
    random, out = np.random.default_rng(0), []
    for low, high in ranges:
        if low > 0 and high / low > 100:
            out.append(np.exp(random.uniform(np.log(low), np.log(high), 60)))
        else:
            out.append(random.uniform(low, high, 60))
    return np.concatenate(out)


def references():
    mp = pytest.importorskip("mpmath")
    mp.mp.dps = 40
    return {  # the function, its arguments, and how many units in the last place it may err
        "erf": (mp.erf, spread((1e-8, 6), (-6, 0)), 3),
        "erfc": (mp.erfc, spread((-6, 6), (0, 26)), 4),
        "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), spread((-20, 30), (1, 1e4)), 4),
        "erfinv": (mp.erfinv, np.concatenate([spread((1e-8, 1), (-1, 0)), 1 - spread((1e-15, 0.3))]), 4),
        "lgamma": (mp.loggamma, np.concatenate([spread((1e-10, 1e3), (0.4, 13)), 1 + spread((1e-8, 1)),
                                                2 - spread((1e-8, 1))]), 8),
        "digamma": (mp.digamma, np.concatenate([spread((1e-6, 1e5), (0.2, 9)), 1.4616321449683622 + spread((1e-9, 0.4))]), 8),
        "i0": (lambda x: mp.besseli(0, x), spread((-60, 60)), 5),
        "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), spread((-12, 12), (1, 1e4)), 4),
        "i1": (lambda x: mp.besseli(1, x), spread((-60, 60)), 5),
        "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), spread((-12, 12), (1e-6, 1e4)), 4),
        "ndtri": (lambda p: -mp.sqrt(2) * mp.erfinv(1 - 2 * p), np.concatenate([spread((1e-14, 0.5)), 1 - spread((1e-14, 0.5))]), 5),
        "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), spread((-30, 0), (-5, 2)), 12),
        "modified_bessel_k0": (lambda x: mp.besselk(0, x), spread((0, 30), (1e-5, 4)), 8),
        "modified_bessel_k1": (lambda x: mp.besselk(1, x), spread((0, 30), (1e-5, 4)), 8),
    }


NAMES = ["erf", "erfc", "erfcx", "erfinv", "lgamma", "digamma", "i0", "i0e", "i1", "i1e", "ndtri", "log_ndtr",
         "modified_bessel_k0", "modified_bessel_k1"]


@pytest.mark.parametrize("name", NAMES)
def test_digits(name):
    exact, points, allowed = references()[name]
    import mpmath as mp

    expected = [exact(mp.mpf(float(x))) for x in points]
    for x, got, right in zip(points, getattr(special, name)(points), expected):
        error = abs((mp.mpf(float(got)) - right) / right) * 2 ** 52
        assert error <= allowed, (name, x, got, float(right), float(error))
    single = points.astype(np.float32)
    expected = np.array([float(exact(mp.mpf(float(x)))) for x in single if abs(x) < 1 or "inv" not in name and name != "ndtri"])
    kept = np.array([abs(x) < 1 or "inv" not in name and name != "ndtri" for x in single])
    got = getattr(special, name)(single)[kept]
    assert got.dtype == np.float32
    with np.errstate(over="ignore"):
        right = expected.astype(np.float32)
    normal = np.isfinite(right) & (np.abs(right) > 1e-37)
    assert (np.abs(got[normal] - right[normal]) <= 2 * np.spacing(np.abs(right[normal]))).all()


def test_bessel_digits():
    mp = pytest.importorskip("mpmath")
    for name, exact in (("bessel_j0", lambda x: mp.besselj(0, x)), ("bessel_j1", lambda x: mp.besselj(1, x)),
                        ("bessel_y0", lambda x: mp.bessely(0, x)), ("bessel_y1", lambda x: mp.bessely(1, x))):
        points = spread((0.5, 60), (1, 9))
        expected = np.array([float(exact(mp.mpf(float(x)))) for x in points])
        np.testing.assert_allclose(getattr(special, name)(points), expected, rtol=1e-14, atol=1e-15)


def test_known_values():
    np.testing.assert_allclose(special.erf(np.array([0.5, 1.0, -2.0])), [math.erf(0.5), math.erf(1), math.erf(-2)], rtol=1e-15)
    points = np.concatenate([np.linspace(0.01, 30, 500), [1e10, 170.6]])
    np.testing.assert_allclose(special.lgamma(points), [math.lgamma(x) for x in points], rtol=1e-14, atol=1e-15)
    negative = np.linspace(-9.9, -0.1, 400)
    np.testing.assert_allclose(special.lgamma(negative), [math.lgamma(x) for x in negative], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(special.digamma(np.array([1.0])), -0.5772156649015329, rtol=1e-15)
    np.testing.assert_allclose(special.zeta(np.array([2.0, 4.0]), 1.0), [math.pi ** 2 / 6, math.pi ** 4 / 90], rtol=1e-15)
    np.testing.assert_allclose(special.polygamma(np.array([1.0, 3.0]), 1.0), [math.pi ** 2 / 6, math.pi ** 4 / 15], rtol=1e-15)
    x = np.linspace(0.1, 20, 50)
    np.testing.assert_allclose(special.gammainc(1.0, x), -np.expm1(-x), rtol=1e-14)
    np.testing.assert_allclose(special.gammaincc(2.0, x), (1 + x) * np.exp(-x), rtol=1e-13)


def test_incomplete_gamma():
    """P + Q = 1, and the recurrence P(a, x) = P(a + 1, x) + x^a exp(-x) / gamma(a + 1), across all methods."""
    random = np.random.default_rng(0)
    a = np.exp(random.uniform(np.log(1e-3), np.log(1e5), 1500))
    x = np.maximum(a + random.uniform(-8, 8, a.size) * np.sqrt(a), 1e-3 * a)
    p, q = special.gammainc(a, x), special.gammaincc(a, x)
    np.testing.assert_allclose(p + q, 1, rtol=1e-13)
    step = np.exp(a * np.log(x) - x - special.lgamma(a + 1))
    np.testing.assert_allclose(p, special.gammainc(a + 1, x) + step, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(special.gammaincc(a + 1, x), q + step, rtol=1e-9, atol=1e-12)


def test_chunks_and_shapes():
    x = np.linspace(-3, 3, 30000).reshape(3, 100, 100).astype(np.float32)
    whole = special.erf(x)
    assert whole.shape == x.shape and whole.dtype == np.float32
    np.testing.assert_array_equal(whole[1, 2], special.erf(x[1, 2]))
    assert special.erf(np.float64(0.5)).shape == () and special.erf(np.zeros((0, 3))).shape == (0, 3)
    assert special.zeta(np.full((2, 1), 2.0), np.full(3, 2.0)).shape == (2, 3)
    assert special.lgamma(np.array([3, 4])).dtype == np.float64
    turned = np.linspace(0.1, 5, 12).reshape(3, 4).T
    np.testing.assert_array_equal(special.lgamma(turned), special.lgamma(turned.copy()))


POINTS = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 1.5, -1.5, -0.5, 1e308, -1e308, 1e-10, -1e-10, 1e-320, 0.3]
ORACLE_NAMES = {"lgamma": "gammaln"}


@pytest.mark.parametrize("name", NAMES + ["ndtr", "sinc", "entr", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1",
                                          "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "spherical_bessel_j0"])
def test_pytorch(name, oracle):
    theirs = getattr(oracle.special, ORACLE_NAMES.get(name, name))
    points = np.array(POINTS)
    if name.startswith("bessel"):
        points = points[np.abs(points) != 1e308]  # nothing is left of the phase there
    if "bessel" in name or name == "digamma":
        points = points[points != 1e-320]  # theirs is infinite already
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(getattr(special, name)(points), theirs(oracle.tensor(points)).numpy(), rtol=1e-12, atol=2e-16)
    single = np.concatenate([spread((-6, 6), (0.01, 0.99), (1e-3, 40)), POINTS[:12]]).astype(np.float32)
    expected = theirs(oracle.tensor(single.astype(np.float64))).numpy()
    with np.errstate(over="ignore"):
        expected = expected.astype(np.float32)
    atol = 1e-6 if name == "sinc" or "bessel" in name else 1e-7
    np.testing.assert_allclose(getattr(special, name)(single), expected, rtol=1e-6, atol=atol)


def test_pytorch_pairs(oracle):
    a = np.array([0, 0, 1, 1, inf, inf, -1, 1, nan, 1, 0, 1, 3, 0.5, 250, 250, 1e4])
    x = np.array([0, 1, 0, inf, 1, inf, 1, -1, 1, nan, inf, 1e-300, 2, 0.2, 240, 300, 1.01e4])
    for name in ("gammainc", "gammaincc"):
        theirs = getattr(oracle.special, name)(oracle.tensor(a), oracle.tensor(x)).numpy()
        np.testing.assert_allclose(getattr(special, name)(a, x), theirs, rtol=1e-9)
    s = np.array([0.5, 1, 1, 2, 2, 2, 3, 3, 2.5, 2.5, 2, inf, 2, nan, 2, -1, 0, 5])
    q = np.array([1, 1, -1, 0, -1, -1.5, -1.5, -2, -1.5, -2, inf, 2, -inf, 1, nan, 2, 2, 0.3])
    np.testing.assert_allclose(special.zeta(s, q), oracle.special.zeta(oracle.tensor(s), oracle.tensor(q)).numpy(), rtol=1e-12)
    points = np.array([nan, inf, 0.0, 1, 2, 1.5, -1.5, -0.5, 30, 1e5])
    for n in range(5):
        expected = oracle.polygamma(n, oracle.tensor(points)).numpy()
        np.testing.assert_allclose(special.polygamma(float(n), points), expected, rtol=1e-8 if n == 1 else 1e-11)  # our trigamma is the better one
    x, y = np.array([0, 0, 0, 1, -1, nan, 0, 2.5]), np.array([0, nan, inf, 0, -1, 0, -1, 3.5])
    for name in ("xlogy", "xlog1py"):
        expected = getattr(oracle.special, name)(oracle.tensor(x), oracle.tensor(y)).numpy()
        np.testing.assert_allclose(getattr(special, name)(x, y), expected)
    p = np.array([0, 1, -0.1, 1.1, 0.5, nan, 0.2])
    for eps in (None, 1e-3, 0.7):
        np.testing.assert_allclose(special.logit(p, eps), oracle.logit(oracle.tensor(p), eps).numpy(), atol=1e-15)
