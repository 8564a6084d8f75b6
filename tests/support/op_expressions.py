"""Cases written as expressions: `agree(oracle, "x.take(i)")` runs them on Rushlight and on PyTorch, and compares.

T is the torch module; the other names are inputs, listed here. Floats are float64 leaves that want gradients.
"""
import numpy as np
from op_compare import same

nan, inf = np.nan, np.inf
INPUTS = {
    "x": np.array([[3.0, -1, 2, 0.5], [0.25, 7, -2, 2], [1, 4, 4, -3]]),
    "y": np.array([[0.0, 2, 0, 1.5], [2, 0, 3, -1], [-4, 1, 0, 6]]),
    "v": np.array([3.0, 1, 2, 2]),
    "u": np.array([-1.0, 0.5, 2]),
    "c3": np.linspace(-2, 3, 24).reshape(2, 3, 4) ** 2,
    "z": np.array(2.0),
    "f": np.array([[3.0, -1, 2, 0.5], [0.25, 7, -2, 2]], np.float32),
    "e": np.zeros((0, 3)),
    "n": np.array([[1.0, nan, 3], [2, inf, -inf], [nan, nan, nan]]),
    "i": np.array([0, 2]),
    "j": np.array([[0, 1, 2, 0]]),
    "k": np.array([[0, 1, 2, 0], [2, 0, 1, 1]]),
    "k3": np.array([[1, 1, 0, 0], [0, 2, 1, 2], [2, 0, 0, 1]]),
    "i32": np.array([0, 2], np.int32),
    "li": np.array([3, 1, 2, 2]),
    "lm": np.array([[5, 3, 5], [0, 3, 2]]),
    "b": np.array([True, False, True]),
    "bm": np.array([[True, False, False, True], [False, True, True, False], [True, True, False, False]]),
    "bc": np.array([[True], [False], [True]]),
    "by": np.array([3, 250, 7], np.uint8),
}


def agree(oracle, expression, dtype=None, **options):
    """Assert that an expression does the same in both."""
    code = compile(expression, expression, "eval")
    names = [n for n in code.co_names if n in INPUTS]

    def case(T, *tensors):
        return eval(code, {"T": T, "inf": inf, "nan": nan, **dict(zip(names, tensors))})

    return same(oracle, case, [np.array(INPUTS[n]) for n in names], dtype, **options)


def lines(text):
    """One expression a line; comments and empty lines go."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
