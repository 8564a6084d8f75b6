"""The generator draws what PyTorch's CPU generator draws, bit for bit, and is left in the same state.

Known answers come first and need no PyTorch; the comparisons with the oracle follow. Where PyTorch has no AVX2 kernels
it rounds scaled draws, and float32 normals, otherwise: there the states are compared, and these values only closely.
"""
import copy
import math
import pickle
import zlib

import numpy as np
import pytest

from rushlight.runtime import dtypes
from rushlight.runtime import random_bits as bits
from rushlight.runtime import random_choice as choice
from rushlight.runtime import random_inverse as inverse
from rushlight.runtime import random_normal as normals
from rushlight.runtime import random_rejection as rejection
from rushlight.runtime import random_uniform as uniforms
from rushlight.runtime.generator import DEFAULT_SEED, STATE_BYTES, Generator

SIZES = [*range(71), 1000, 4097]
FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTS = ["uint8", "int8", "int16", "int32", "int64"]


# -- the draws as a caller strings them together: (generator, count, dtype) -> array in memory form

def uniform(g, n, dtype, *bounds):
    return uniforms.uniform(g.words(uniforms.uniform_words(n, dtype)), dtype, *bounds)


def normal(g, n, dtype, *parameters, dense=True):
    return normals.normal(normals.reserve_normal(g, n, dtype, dense), n, dtype, *parameters)


def bernoulli(g, n, dtype, p):
    return bits.store_as(uniforms.bernoulli(g.words(uniforms.bernoulli_words(n)), p).astype(np.float32), dtype)


def integers(g, n, dtype, low, high):
    return uniforms.integers(g.words(uniforms.integers_words(n, low, high, dtype)), low, high, dtype)


def any_value(g, n, dtype):
    return uniforms.any_value(g.words(uniforms.any_value_words(n, dtype)), dtype)


def exponential(g, n, dtype, *rate):
    return inverse.exponential(g.words(inverse.inverse_words(n)), dtype, *rate)


def geometric(g, n, dtype, p):
    return inverse.geometric(g.words(inverse.inverse_words(n)), dtype, p)


def cauchy(g, n, dtype, *parameters):
    return inverse.cauchy(g.words(inverse.inverse_words(n)), dtype, *parameters)


def log_normal(g, n, dtype, *parameters):
    return inverse.log_normal(g.normal_ticket(n), n, dtype, *parameters)


def permutation(g, n):
    return choice.permutation(g.words(choice.permutation_words(n)), n)


def multinomial(g, weights, samples, replacement, dtype=None):
    words = g.words(choice.multinomial_words(*weights.shape, samples, replacement))
    return choice.multinomial(words, weights, samples, replacement, dtype)


DRAWS = {  # ours, and the method of an empty tensor that does the same
    "uniform": (uniform, "uniform_", [(), (-1.0, 1.0), (-0.1, 0.1), (3.0, 3.3), (0.0, 5e-5), (2.0, 2.0)]),
    "normal": (normal, "normal_", [(), (0.3, 0.7), (0.0, 0.02), (5.0, 1.0)]),
    "bernoulli": (bernoulli, "bernoulli_", [(0.3,), (0.5,), (0.0,), (1.0,), (1e-12,)]),
    "exponential": (exponential, "exponential_", [(), (0.3,), (2.5,)]),
    "geometric": (geometric, "geometric_", [(0.1,), (0.5,), (0.97,)]),
    "cauchy": (cauchy, "cauchy_", [(), (0.3, 0.7)]),
    "log_normal": (log_normal, "log_normal_", [(), (0.3, 0.7)]),
    "any_value": (any_value, "random_", [()]),
    "integers": (integers, "random_", [(0, 10), (-7, 120)]),
}


def memory(tensor, oracle):
    """A tensor of the oracle as our memory form."""
    if tensor.dtype is oracle.bfloat16:
        return tensor.view(oracle.int16).numpy().view(np.uint16)
    return tensor.numpy()


def state(oracle, generator=None):
    return (oracle.get_rng_state() if generator is None else generator.get_state()).numpy().tobytes()


def both(oracle, seed):
    oracle.manual_seed(seed)
    return Generator().manual_seed(seed)


def same(ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    unsigned = f"u{ours.dtype.itemsize}" if ours.dtype.kind == "f" else ours.dtype
    assert np.array_equal(ours.view(unsigned), theirs.view(unsigned))  # zeros with their signs


def vectorised(oracle):
    return oracle.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


ROUNDED_BY_THE_CPU = {"normal", "uniform", "cauchy", "log_normal"}


def same_draw(oracle, name, ours, theirs, dtype):
    """Equal bits; on a CPU without AVX2, for draws that it rounds otherwise, nearly equal (but for rare jumps: a
    uniform that just reached its upper bound)."""
    if vectorised(oracle) or name not in ROUNDED_BY_THE_CPU:
        return same(ours, theirs)
    if dtype != "bfloat16":
        scale = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-3}[dtype]
        assert np.isclose(ours, theirs, rtol=scale, atol=scale, equal_nan=True).mean() > 0.9 if ours.size else True


# -- known answers

def test_the_words_are_mt19937():
    # init_genrand(5489): the first words, and the 10000th, that the algorithm's authors and C++11 name
    g = Generator().manual_seed(5489)
    assert g.words(5).tolist() == [3499211612, 581869302, 3890346734, 3586334585, 545404204]
    g.skip(9994)
    assert g.words(1).tolist() == [4123659995]


def test_known_uniforms():
    assert uniform(Generator().manual_seed(0), 3, dtypes.float32).tolist() == [
        0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
    assert uniform(Generator().manual_seed(42), 2, dtypes.float64).tolist() == KNOWN["rand float64, seed 42"]


def test_known_normals():
    assert normal(Generator().manual_seed(0), 3, dtypes.float32).tolist() == [
        1.5409960746765137, -0.293428897857666, -2.1787893772125244]
    assert normal(Generator().manual_seed(42), 18, dtypes.float32)[[0, 1, 2, 15, 16, 17]].tolist() == KNOWN[
        "randn(18), seed 42"]


def test_known_permutation_and_integers():
    assert permutation(Generator().manual_seed(0), 10).tolist() == KNOWN["randperm(10), seed 0"]
    assert integers(Generator().manual_seed(0), 6, dtypes.int64, 0, 100).tolist() == KNOWN["randint(100), seed 0"]


@pytest.mark.parametrize("name", sorted(DRAWS))
def test_known_checksums(name):
    """Every draw, in every float dtype: the values and the state after, as one checksum taken where they agreed with
    PyTorch."""
    assert checksum_of(name) == KNOWN_CHECKSUMS[name]


def checksum_of(name):
    draw, _, parameters = DRAWS[name]
    g, total = Generator().manual_seed(11), 0
    for dtype in ("float32", "float16", "bfloat16"):
        for args in parameters:
            for n in (5, 16, 37, 200):
                total = zlib.crc32(draw(g, n, dtypes.ALL[dtype], *args).tobytes(), total)
    return zlib.crc32(g.get_state_bytes(), total)


def test_known_state_after_an_odd_serial_draw():
    g = Generator().manual_seed(3)
    normal(g, 3, dtypes.float32)
    taken = g.get_state_bytes()
    assert len(taken) == STATE_BYTES
    assert zlib.crc32(taken) == KNOWN["state after randn(3), seed 3"]


KNOWN = {
    "rand float64, seed 42": [0.05815448596142969, 0.06291016742457756],
    "randn(18), seed 42": [1.9269152879714966, 1.4872840642929077, -0.4973975419998169, 0.859858512878418,
                           -0.3097267746925354, -0.3957104980945587],
    "randperm(10), seed 0": [4, 1, 7, 5, 3, 9, 0, 8, 6, 2],
    "randint(100), seed 0": [44, 39, 33, 60, 63, 79],
    "state after randn(3), seed 3": 3748557049,
}
KNOWN_CHECKSUMS = {
    "any_value": 2814147650, "bernoulli": 3531015965, "cauchy": 2156005964, "exponential": 1889483079,
    "geometric": 3206886621, "integers": 166384879, "log_normal": 1322104426, "normal": 307974323,
    "uniform": 3798358044,
}


# -- the generator

def test_a_new_generator():
    g = Generator()
    assert g.initial_seed() == DEFAULT_SEED and g.device.type == "cpu"
    assert repr(g).startswith("<torch._C.Generator object at 0x")
    assert g.manual_seed(5) is g and g.initial_seed() == 5
    assert g.seed() == g.initial_seed()


@pytest.mark.parametrize("seed", [0, 1, -1, -5, 2**31, 2**32, 2**32 + 5, 2**63 - 1, 2**63, 2**64 - 1, -2**63])
def test_seeds(oracle, seed):
    theirs = oracle.Generator().manual_seed(seed)
    ours = Generator().manual_seed(seed)
    assert ours.initial_seed() == theirs.initial_seed()
    assert ours.get_state_bytes() == state(oracle, theirs)


@pytest.mark.parametrize("seed", [2**64, -2**63 - 1, True, 3.7, "a", None, np.int64(7)])
def test_refused_seeds(oracle, seed):
    with pytest.raises(Exception) as theirs:
        oracle.Generator().manual_seed(seed)
    with pytest.raises(theirs.type) as ours:
        Generator().manual_seed(seed)
    assert str(ours.value) == str(theirs.value).splitlines()[0]


def test_refused_devices_and_offsets():
    with pytest.raises(RuntimeError, match="META device type not an accelerator"):
        Generator("meta")
    with pytest.raises(RuntimeError, match="Cannot get CUDA generator"):
        Generator("cuda")
    with pytest.raises(RuntimeError, match="CPU Generator does not use offset"):
        Generator().get_offset()


def test_refused_states():
    g = Generator()
    with pytest.raises(RuntimeError, match="of size 5056 but found the input RNG state size to be 10"):
        g.set_state_bytes(bytes(10))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        g.set_state_bytes(bytes(5056))


@pytest.mark.parametrize("drawn", [0, 1, 622, 623, 624, 625, 1248, 5000])
def test_states_are_interchangeable(oracle, drawn):
    ours = both(oracle, 17)
    ours.words(drawn)
    oracle.rand(drawn)
    assert ours.get_state_bytes() == state(oracle)
    other = Generator()
    other.set_state_bytes(state(oracle))
    assert other.get_state_bytes() == state(oracle) and other.initial_seed() == 17
    theirs = oracle.Generator()
    theirs.set_state(oracle.frombuffer(bytearray(ours.get_state_bytes()), dtype=oracle.uint8))
    same(uniform(other, 700, dtypes.float32), oracle.rand(700, generator=theirs).numpy())
    assert other.get_state_bytes() == state(oracle, theirs)


def test_the_kept_normal_travels_in_the_state(oracle):
    ours = both(oracle, 3)
    normal(ours, 5, dtypes.float32)
    oracle.randn(5)
    assert ours.get_state_bytes() == state(oracle)
    other = Generator()
    other.set_state_bytes(state(oracle))
    same(normal(other, 4, dtypes.float64), oracle.randn(4, dtype=oracle.float64).numpy())
    assert other.get_state_bytes() == state(oracle)
    other.manual_seed(3)
    oracle.manual_seed(3)
    assert other.get_state_bytes() == state(oracle)  # a seed forgets the kept normal


def test_copies_go_their_own_way():
    g = Generator().manual_seed(8)
    normal(g, 7, dtypes.float32)
    for twin in (g.clone(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert twin is not g and twin.get_state_bytes() == g.get_state_bytes()
        expected = twin.clone().words(9).tolist()
        assert twin.words(9).tolist() == expected
    assert g.words(9).tolist() == expected


@pytest.mark.parametrize("count", [0, 1, 100, 4096, 4097, 20000])
def test_skipping_is_drawing(count):
    a, b = Generator().manual_seed(1), Generator().manual_seed(1)
    a.words(count)
    b.skip(count)
    assert a.get_state_bytes() == b.get_state_bytes()


def test_the_block_can_be_taken_out_and_put_back():
    g = Generator().manual_seed(1)
    g.words(1000)
    key, position = g.mt19937_state()
    other = Generator()
    other.set_mt19937_state(key, position)
    assert other.words(700).tolist() == g.words(700).tolist()


# -- tickets

def test_tickets_are_drawn_in_the_order_of_their_reservation():
    expected = Generator().manual_seed(2).words(60).tolist()
    g = Generator().manual_seed(2)
    first, second, third = g.ticket(10), g.ticket(20), g.ticket(5)
    assert second.take().tolist() == expected[10:30]
    assert first.take().tolist() == expected[:10]
    assert g.words(25).tolist() == expected[35:60]  # a direct draw settles the third
    assert third.take().tolist() == expected[30:35]
    assert third.take() is third.take()


def test_a_seed_comes_after_the_tickets_before_it():
    expected = Generator().manual_seed(2).words(10).tolist()
    g = Generator().manual_seed(2)
    before = g.ticket(10)
    g.manual_seed(4)
    after = g.ticket(3)
    assert after.take().tolist() == Generator().manual_seed(4).words(3).tolist()
    assert before.take().tolist() == expected


def test_the_state_counts_outstanding_tickets():
    g = Generator().manual_seed(2)
    g.ticket(10)
    assert g.get_state_bytes() == _after(10, 2)
    g.settle()
    assert g.get_state_bytes() == _after(10, 2)


def _after(count, seed):
    g = Generator().manual_seed(seed)
    g.words(count)
    return g.get_state_bytes()


def test_serial_normals_hand_on_the_kept_one_through_tickets(oracle):
    ours = both(oracle, 21)
    sizes = [3, 1, 0, 4, 20, 5, 1, 1, 16, 2, 7]
    tickets = [normals.reserve_normal(ours, n, dtypes.float32) for n in sizes]
    theirs = [oracle.randn(n).numpy() for n in sizes]
    for n, ticket, expected in reversed(list(zip(sizes, tickets, theirs))):  # taken in any order
        same_draw(oracle, "normal", normals.normal(ticket, n, dtypes.float32), expected, "float32")
    assert ours.get_state_bytes() == state(oracle)


# -- each draw against the oracle

@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", sorted(DRAWS))
def test_floats(oracle, name, dtype):
    draw, method, parameters = DRAWS[name]
    ours = both(oracle, 5)
    for args in parameters:
        for n in SIZES:
            theirs = getattr(oracle.empty(n, dtype=getattr(oracle, dtype)), method)(*args)
            mine = draw(ours, n, dtypes.ALL[dtype], *args)
            same_draw(oracle, name, mine, memory(theirs, oracle), dtype)
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("dtype", [*INTS, "bool"])
@pytest.mark.parametrize("name", ["any_value", "bernoulli", "geometric", "integers"])
def test_integers(oracle, name, dtype):
    draw, method, parameters = DRAWS[name]
    ours, kind = both(oracle, 6), getattr(oracle, dtype)
    for args in parameters:
        if name == "integers":
            args = {"bool": (0, 2)}.get(dtype, (0, 100) if dtype.startswith("u") else args)
        if name == "geometric" and dtype == "bool":
            continue  # PyTorch has none
        for n in (0, 1, 33, 1000):
            theirs = getattr(oracle.empty(n, dtype=kind), method)(*args)
            same(draw(ours, n, dtypes.ALL[dtype], *args), theirs.numpy())
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("low, high", [
    (0, 1), (0, 2**24), (0, 2**28 - 1), (0, 2**28), (-2**27, 2**27), (0, 2**31), (0, 2**32 - 1), (0, 2**32),
    (0, 2**40), (-2**62, 2**62), (-2**63, 2**63 - 1), (-5, 2**60)])
def test_ranges_of_integers(oracle, low, high):
    ours = both(oracle, 7)
    same(integers(ours, 500, dtypes.int64, low, high), oracle.randint(low, high, (500,)).numpy())
    assert ours.get_state_bytes() == state(oracle)


def test_all_of_int64(oracle):
    ours = both(oracle, 7)
    same(integers(ours, 500, dtypes.int64, -2**63, 2**63),
         oracle.empty(500, dtype=oracle.int64).random_(-2**63, None).numpy())


@pytest.mark.filterwarnings("ignore:.*is out of bounds:UserWarning")
@pytest.mark.parametrize("dtype", FLOATS)
def test_ranges_of_integers_that_floats_cannot_hold(oracle, dtype):
    ours, kind, rng = both(oracle, 7), getattr(oracle, dtype), np.random.RandomState(0)
    digits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}[dtype]
    most = 65504 if dtype == "float16" else 2**60
    tried = 0
    for _ in range(400):
        high = int(2 ** rng.uniform(digits - 1, digits + 9)) + int(rng.randint(0, 4))
        if rng.randint(2):
            high = 2 ** high.bit_length()
        low = -int(2 ** rng.uniform(digits - 1, digits + 9)) * int(rng.randint(0, 2))
        if high > most or -low > most:
            continue
        try:
            theirs = oracle.empty(3, dtype=kind).random_(low, high)
        except RuntimeError:
            continue
        tried += 1
        same(integers(ours, 3, dtypes.ALL[dtype], low, high), memory(theirs, oracle))
    assert tried > 50


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_of_many_probabilities(oracle, dtype):
    ours = both(oracle, 8)
    for n in SIZES:
        p = oracle.rand(n, generator=oracle.Generator().manual_seed(n)).to(getattr(oracle, dtype))
        array = (p if dtype in ("float32", "float64") else p.float()).numpy()
        drawn = uniforms.bernoulli(ours.words(uniforms.bernoulli_words(n, array)), array)
        same(drawn, oracle.bernoulli(p).bool().numpy())
    assert ours.get_state_bytes() == state(oracle)


def test_dropout_masks(oracle):
    ours = both(oracle, 9)
    for p in (0.1, 0.5, 0.75):
        dropped = oracle.nn.functional.dropout(oracle.ones(50, 3), p, True)
        kept = uniforms.bernoulli(ours.words(uniforms.bernoulli_words(150)), 1 - p)
        same(kept, (dropped != 0).flatten().numpy())
    assert ours.get_state_bytes() == state(oracle)


def test_normals_of_elements_that_do_not_lie_densely(oracle):
    ours = both(oracle, 9)
    theirs = oracle.empty(40, 2)[:, 0].normal_(1.0, 2.0)
    same_draw(oracle, "normal", normal(ours, 40, dtypes.float32, 1.0, 2.0, dense=False), theirs.contiguous().numpy(),
              "float32")
    assert ours.get_state_bytes() == state(oracle)


def test_a_million_normals(oracle):
    ours = both(oracle, 10)
    mine = normal(ours, 10**6, dtypes.float32)
    same_draw(oracle, "normal", mine, oracle.randn(10**6).numpy(), "float32")
    assert abs(mine.mean()) < 0.01 and abs(mine.std() - 1) < 0.01


@pytest.mark.parametrize("n", [*SIZES, 500, 501, 60000])
def test_permutations(oracle, n):
    ours = both(oracle, n)
    same(permutation(ours, n), oracle.randperm(n).numpy())
    assert ours.get_state_bytes() == state(oracle)


def test_a_permutation_too_large_is_refused():
    with pytest.raises(NotImplementedError, match="randperm of n >= 214748364"):
        choice.permutation_words(2**28)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_permutations_with_and_without_a_loop_agree(n):
    words = Generator().manual_seed(n).words(choice.permutation_words(n))
    order = list(range(n))
    for i, word in enumerate(words.tolist()):
        j = i + word % (n - i)
        order[i], order[j] = order[j], order[i]
    step = np.arange(n)
    target = step.copy()
    target[:-1] += words.astype(np.int64) % (n - step[:-1])
    assert choice._swapped(step, target).tolist() == order


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("categories", [1, 2, 7, 40, 1000])
def test_multinomial(oracle, categories, dtype):
    weights = oracle.rand(3, categories, generator=oracle.Generator().manual_seed(1)).to(getattr(oracle, dtype))
    if categories > 2:
        weights[:, 1] = 0
        weights[:, -1] = 0
    ours = both(oracle, 12)
    for samples, replacement in ((1, False), (1, True), (50, True), (max(1, categories // 2), False)):
        same(multinomial(ours, weights.numpy(), samples, replacement),
             oracle.multinomial(weights, samples, replacement).numpy())
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_multinomial_of_narrow_floats(oracle, dtype):
    weights = oracle.rand(3, 40, generator=oracle.Generator().manual_seed(1)).to(getattr(oracle, dtype))
    ours = both(oracle, 12)
    same(multinomial(ours, weights.float().numpy(), 60, True, dtypes.ALL[dtype]),
         oracle.multinomial(weights, 60, True).numpy())
    same(multinomial(ours, weights.float().numpy(), 1, False, dtypes.ALL[dtype]),
         oracle.multinomial(weights, 1).numpy())
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("dtype", FLOATS)
def test_poisson(oracle, dtype):
    kind = getattr(oracle, dtype)
    rates = (oracle.rand(500, generator=oracle.Generator().manual_seed(3)) * 60 * (oracle.arange(500) % 2)
             + oracle.arange(500) % 7).to(kind)
    ours = both(oracle, 13)
    same(bits.store_as(rejection.poisson(ours, rates.double().numpy()), dtypes.ALL[dtype]),
         memory(oracle.poisson(rates), oracle))
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_binomial(oracle, dtype):
    kind = getattr(oracle, dtype)
    counts = oracle.randint(0, 200, (500,), generator=oracle.Generator().manual_seed(3)).to(kind)
    p = oracle.rand(500, generator=oracle.Generator().manual_seed(4)).to(kind)
    p[:5], p[5:10] = 0, 1
    ours = both(oracle, 14)
    same(bits.store_as(rejection.binomial(ours, counts.double().numpy(), p.double().numpy()), dtypes.ALL[dtype]),
         oracle.binomial(counts, p).numpy())
    assert ours.get_state_bytes() == state(oracle)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gamma(oracle, dtype):
    kind = getattr(oracle, dtype)
    shapes = oracle.rand(501, generator=oracle.Generator().manual_seed(3)).to(kind)
    shapes *= (oracle.arange(501) % 3) ** 2 * 2
    shapes[5] = 1e-4
    ours = both(oracle, 15)
    oracle.randn(3), normal(ours, 3, dtypes.float32)  # so that a normal is kept
    same(rejection.standard_gamma(ours, shapes.double().numpy(), dtypes.ALL[dtype]),
         oracle._standard_gamma(shapes).numpy())
    assert ours.get_state_bytes() == state(oracle)
    same(normal(ours, 2, dtypes.float32), oracle.randn(2).numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [2, 3, 8])
def test_dirichlet(oracle, width, dtype):
    kind = getattr(oracle, dtype)
    shapes = (oracle.rand(100, width, generator=oracle.Generator().manual_seed(3)) * 2).to(kind)
    ours = both(oracle, 16)
    mine = rejection.dirichlet(ours, shapes.double().numpy(), dtypes.ALL[dtype])
    theirs = oracle._sample_dirichlet(shapes).numpy()
    if dtype == "float32":
        same(mine, theirs)
    else:  # PyTorch's sum over a row has another order
        np.testing.assert_allclose(mine, theirs, rtol=1e-15, atol=0)
    assert ours.get_state_bytes() == state(oracle)


def test_a_long_mixture_of_draws(oracle):
    ours, rng = both(oracle, 99), np.random.RandomState(4)
    names = sorted(DRAWS)
    for _ in range(400):
        name, dtype, n = names[rng.randint(len(names))], FLOATS[rng.randint(4)], int(rng.randint(0, 40))
        draw, method, parameters = DRAWS[name]
        args = parameters[rng.randint(len(parameters))]
        same_draw(oracle, name, draw(ours, n, dtypes.ALL[dtype], *args),
                  memory(getattr(oracle.empty(n, dtype=getattr(oracle, dtype)), method)(*args), oracle), dtype)
    assert ours.get_state_bytes() == state(oracle)


# -- the extremes of the words

@pytest.mark.parametrize("words", [[0, 0], [0, 1], [2**32 - 1] * 2, [2**32 - 1, 2**32 - 2], [1 << 20, 0]])
@pytest.mark.parametrize("dtype", FLOATS)
def test_extreme_words(oracle, dtype, words):
    """Words that chance does not bring: the oracle is given a state whose next words they are."""
    key = np.zeros(624, np.uint32)
    key[1:3] = _untempered(np.array(words, np.uint32))
    ours = Generator()
    for name, args in (("uniform", (-1.0, 1.0)), ("exponential", ()), ("geometric", (0.1,)), ("cauchy", ()),
                       ("bernoulli", (1.0,)), ("bernoulli", (0.0,)), ("normal", ())):
        draw, method, _ = DRAWS[name]
        ours.manual_seed(0).set_mt19937_state(key, 1)
        oracle.set_rng_state(oracle.frombuffer(bytearray(ours.get_state_bytes()), dtype=oracle.uint8))
        theirs = getattr(oracle.empty(1, dtype=getattr(oracle, dtype)), method)(*args)
        with np.errstate(over="ignore"):
            same(draw(ours, 1, dtypes.ALL[dtype], *args), memory(theirs, oracle))


def _untempered(words):
    """The block words that MT19937's output step turns into `words`."""
    words = words ^ (words >> np.uint32(18))
    words = words ^ ((words << np.uint32(15)) & np.uint32(0xEFC60000))
    guess = words
    for _ in range(5):
        guess = words ^ ((guess << np.uint32(7)) & np.uint32(0x9D2C5680))
    words = guess
    for _ in range(3):
        guess = words ^ (guess >> np.uint32(11))
    return guess


@pytest.mark.slow
def test_every_radius_and_every_angle(oracle):
    """All 2**24 uniforms through the logarithm, and through sine and cosine, against the oracle."""
    if not vectorised(oracle):
        pytest.skip("PyTorch's float32 normals on this CPU are not those of AVX2")
    g = Generator()
    radius_of_one = 6601320  # sqrt(-2 log(1 - u)) is 1 here
    for constant, varying in ((0, slice(0, 8)), (radius_of_one, slice(8, 16))):
        for start in range(0, 2**24, 304):
            block = np.full((38, 16), constant, np.uint32)
            block[:, varying] = (start + np.arange(304, dtype=np.uint32)).reshape(38, 8) % 2**24
            key = np.zeros(624, np.uint32)
            key[1:609] = _untempered(block.ravel())
            g.manual_seed(0).set_mt19937_state(key, 1)
            oracle.set_rng_state(oracle.frombuffer(bytearray(g.get_state_bytes()), dtype=oracle.uint8))
            same(normals.block_normals(block.ravel(), 608, dtypes.float32), oracle.randn(608).numpy())


# -- the arithmetic

def test_fused_multiply_add_rounds_once():
    from fractions import Fraction

    rng = np.random.RandomState(0)
    for dtype, fma in ((np.float32, bits.fma32), (np.float64, bits.fma64)):
        a = rng.randn(2000).astype(dtype)
        c = (rng.randn(2000) * 10.0 ** rng.randint(-12, 12, 2000)).astype(dtype)
        b = dtype(0.7)
        c[:500] = -(a[:500] * b)  # cancellation
        for x, z, result in zip(a.tolist(), c.tolist(), fma(a, b, c).tolist()):
            exact = Fraction(x) * Fraction(float(b)) + Fraction(z)
            error = abs(Fraction(result) - exact)
            for side in (math.inf, -math.inf):
                neighbour = np.nextafter(dtype(result), dtype(side))
                assert error <= abs(Fraction(float(neighbour)) - exact)


def test_float32_fused_multiply_add_just_below_the_middle():
    # The product is 2**-24 less 2**-70: a float64 sum loses that, and lands in the middle between two float32.
    a = np.array([2.0**-24 * (1 + 2.0**-23)], np.float32)
    b, c = np.float32(1 - 2.0**-23), np.float32(1 + 2.0**-23)
    assert bits.fma32(a, b, c)[0] == c
    assert bits.fma32(-a, b, -c)[0] == -c
