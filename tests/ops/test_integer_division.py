"""Integers divided by zero: refused, as PyTorch does, by whatever op."""
import pytest

import rushlight as torch

DIVISIONS = {
    "//": lambda T, a, b: a // b,
    "%": lambda T, a, b: a % b,
    "fmod": lambda T, a, b: T.fmod(a, b),
    "trunc": lambda T, a, b: T.div(a, b, rounding_mode="trunc"),
    "floor": lambda T, a, b: T.div(a, b, rounding_mode="floor"),
    "remainder_": lambda T, a, b: a.clone().remainder_(b),
}


@pytest.mark.parametrize("divisor", [0, [0, 1], [3, 2]], ids=str)
@pytest.mark.parametrize("name", DIVISIONS)
def test_by_zero(oracle, name, divisor):
    outcomes = []
    for T in (torch, oracle):
        try:
            result = DIVISIONS[name](T, T.tensor([-7, 5]), T.tensor(divisor) if isinstance(divisor, list) else divisor)
            outcomes.append(result.tolist())
        except RuntimeError as error:
            outcomes.append(str(error).splitlines()[0])
    assert outcomes[0] == outcomes[1]
