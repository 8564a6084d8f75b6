"""The Mersenne Twister against NumPy's."""
import numpy as np
import pytest

from rushlight.runtime.mersenne import WORDS, Mersenne


def reference(seed):
    bits = np.random.MT19937()
    engine = np.random.RandomState(bits)
    engine.seed(seed)
    return lambda count: engine.randint(0, 2**32, count, dtype=np.uint32)


@pytest.mark.parametrize("seed", [0, 1, 5489, 123456789, 2**32 - 1])
def test_runs_of_any_length(seed):
    ours, numpys = Mersenne(seed), reference(seed)
    for count in (1, 3, WORDS - 4, 1, 0, WORDS, WORDS + 1, 5000, 7, 1 << 19, 10, 2 * WORDS):
        assert np.array_equal(ours.draw(count), numpys(count)), count


@pytest.mark.parametrize("count", [0, 1, WORDS, 1000, (1 << 19) + 5])
def test_skip(count):
    ours, numpys = Mersenne(7), reference(7)
    ours.draw(100), numpys(100)
    ours.skip(count), numpys(count)
    assert np.array_equal(ours.draw(1300), numpys(1300))


def test_only_the_lower_bits_of_a_seed_count():
    assert np.array_equal(Mersenne(2**40 + 3).draw(10), Mersenne(3).draw(10))


def test_a_state_set_again():
    ours = Mersenne(3)
    ours.draw(700)
    state = ours.block.copy(), ours.position
    after = ours.draw(1000)
    other = Mersenne(0)
    other.set_state(*state)
    assert np.array_equal(other.draw(1000), after)
