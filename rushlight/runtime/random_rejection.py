"""Draws by trial and rejection: how many words they take is known only afterwards, so they draw at once.

All take the generator and float64 arrays, and give float64 (the caller stores it in the dtype of the parameters, which
for gamma also rounds on the way). One element after another, in Python: some microseconds each.
Source: torch.poisson, torch.binomial, torch._standard_gamma, torch._sample_dirichlet.
"""
import math

import numpy as np

from . import dtypes
from .random_bits import float64_units, normal_pair, store_as

_THIRD = float(np.float32(1.0 / 3.0))  # PyTorch writes the third of Marsaglia and Tsang in float32
_CHUNK = 1 << 15


class _Stream:
    """Units of float64 one at a time, drawn ahead in chunks; `close` gives back what was not used."""

    def __init__(self, generator, expected):
        self.generator = generator
        self.chunk = max(16, min(expected, _CHUNK))
        self.units = []
        self.place = 0
        self.mark = generator.mark()
        self.kept_normal = generator.take_kept_normal()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.generator.rewind(self.mark)
        self.generator.skip(2 * self.place)
        self.generator.keep_normal(self.kept_normal)

    def uniform(self):
        if self.place == len(self.units):
            self.mark = self.generator.mark()
            self.units = float64_units(self.generator.words(2 * self.chunk)).tolist()
            self.place = 0
        value = self.units[self.place]
        self.place += 1
        return value

    def normal(self):
        kept, self.kept_normal = self.kept_normal, None
        if kept is not None:
            return kept
        first = self.uniform()
        value, self.kept_normal = normal_pair(first, self.uniform())
        return value


def poisson(generator, rates):
    """Poissons of the given rates. Source: Knuth below 10; Hoermann, PTRS (1993), from 10 on."""
    with _Stream(generator, 4 * rates.size) as stream:
        draw = stream.uniform
        values = [_poisson_many(rate, draw) if rate >= 10.0 else _poisson_few(rate, draw)
                  for rate in rates.ravel().tolist()]
    return np.array(values, np.float64).reshape(rates.shape)


def _poisson_few(rate, draw):
    if rate == 0.0:
        return 0
    bound = math.exp(-rate)
    count, product = 0, draw()
    while product > bound:
        count += 1
        product *= draw()
    return count


def _poisson_many(rate, draw):
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = draw() - 0.5, draw()
        distance = 0.5 - abs(u)
        k = math.floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= squeeze:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        hat = _log(v) + math.log(inverse_alpha) - math.log(a / (distance * distance) + b)
        if hat <= -rate + k * log_rate - math.lgamma(k + 1):
            return k


def _log(value):
    return math.log(value) if value > 0.0 else -math.inf


def binomial(generator, counts, probabilities):
    """Successes among `counts` trials. Source: Devroye's waiting times; Hoermann, BTRS (1993), from 10 expected on."""
    with _Stream(generator, 4 * counts.size) as stream:
        draw = stream.uniform
        values = [_binomial(count, probability, draw)
                  for count, probability in zip(counts.ravel().tolist(), probabilities.ravel().tolist())]
    return np.array(values, np.float64).reshape(counts.shape)


def _binomial(count, probability, draw):
    if count <= 0.0 or probability <= 0.0:
        return 0
    if probability >= 1.0:
        return count
    if probability > 0.5:
        return count - _binomial(count, 1.0 - probability, draw)
    if count * probability >= 10.0:
        return _binomial_many(count, probability, draw)
    if probability != probability:
        return math.nan
    log_failure = math.log1p(-probability)
    successes = waited = 0
    while True:
        unit = draw()
        waited += math.ceil(math.log(unit) / log_failure) if unit > 0.0 else math.inf
        if waited > count:
            return successes
        successes += 1


def _binomial_many(count, probability, draw):
    deviation = math.sqrt(count * probability * (1 - probability))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * probability
    centre = count * probability + 0.5
    squeeze = 0.92 - 4.2 / b
    odds = probability / (1 - probability)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((count + 1) * probability)
    while True:
        u, v = draw() - 0.5, draw()
        distance = 0.5 - abs(u)
        k = math.floor((2 * a / distance + b) * u + centre)
        if k < 0 or k > count:
            continue
        if distance >= 0.07 and v <= squeeze:
            return k
        bound = ((mode + 0.5) * math.log((mode + 1) / (odds * (count - mode + 1)))
                 + (count + 1) * math.log((count - mode + 1) / (count - k + 1))
                 + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
                 + _stirling_tail(mode) + _stirling_tail(count - mode)
                 - _stirling_tail(k) - _stirling_tail(count - k))
        if _log(v * alpha / (a / (distance * distance) + b)) <= bound:
            return k


_STIRLING_TAILS = (0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
                   0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273,
                   0.00833056343336287)


def _stirling_tail(k):
    """log k! less Stirling's formula at k + 1/2."""
    if k <= 9:
        return _STIRLING_TAILS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


def standard_gamma(generator, shapes, dtype):
    """Gammas of scale one, at least the smallest normal number of `dtype`, which is float32 or float64."""
    narrow = dtype is dtypes.float32
    values = _gammas(generator, shapes, narrow)
    return np.maximum(store_as(values, dtype), np.finfo(dtype.numpy).tiny)


def dirichlet(generator, concentrations, dtype):
    """Points of the simplex, over the last dimension of `concentrations`; none is 0, none is 1."""
    gammas = np.maximum(_gammas(generator, concentrations, False), np.finfo(np.float64).tiny)
    shares = store_as(gammas / gammas.sum(-1, keepdims=True), dtype)
    below_one = np.nextafter(dtype.numpy.type(1), dtype.numpy.type(0))
    return np.clip(shares, np.finfo(dtype.numpy).tiny, below_one)


def _gammas(generator, shapes, narrow):
    with _Stream(generator, 4 * shapes.size) as stream:
        values = [_gamma(shape, stream, narrow) for shape in shapes.ravel().tolist()]
    return np.array(values, np.float64).reshape(shapes.shape)


def _gamma(shape, stream, narrow):
    """Source: Marsaglia and Tsang (2000). `narrow`: round as float32 parameters do."""
    scale = 1.0
    if shape < 1.0:
        if shape == 0.0:
            return 0.0
        scale = (1.0 - stream.uniform()) ** _rounded(1.0 / shape, narrow)
        shape = _rounded(shape + 1.0, narrow)
    d = _rounded(shape - _THIRD, narrow)
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = 0.0
        while y <= 0.0:
            x = stream.normal()
            y = 1.0 + c * x
        cube = y * y * y
        u = 1.0 - stream.uniform()
        square = x * x
        if u < 1.0 - 0.0331 * square * square or math.log(u) < 0.5 * square + d * (1.0 - cube + math.log(cube)):
            return scale * d * cube


def _rounded(value, narrow):
    return float(np.float32(value)) if narrow else value
