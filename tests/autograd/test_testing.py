"""torch.testing against PyTorch: what is close, and the texts where it is not."""
import numpy as np
import pytest
import rushlight as torch

CASES = """
    ac(V([1.0, 2]), V([1.0, 2]))
    ac(V([1.0, 2]), V([1.0, 3]))
    ac(V([1.0, 2]), V([1.0, 2, 3]))
    ac(V([1.0, 2]), V([1.0, 2]).double())
    ac(V([1, 2]), V([1, 3]))
    ac(1.0, 2.0)
    ac(1, 2)
    ac(1, 1.0)
    ac([V(1.0), V(2.0)], [V(1.0), V(3.0)])
    ac({'a': V(1.0)}, {'a': V(3.0)})
    ac({'a': V(1.0)}, {'b': V(3.0)})
    ac({'a': [1, V([2.0])]}, {'a': [1, V([3.0])]})
    ac([1], [1, 2])
    ac((1, 2), [1, 2])
    ac(V([nan]), V([nan]))
    ac(V([nan]), V([nan]), equal_nan=True)
    ac(V([1.0]), V([1.1]), rtol=0.5)
    ac(V([1.0]), V([1.1]), rtol=0.01, atol=0)
    ac(V([1.0]), V([1.1]), msg='hi')
    ac(V([1.0]), V([1.1]), msg=lambda m: 'X' + m)
    ac(V([[1.0, 2], [3, 4]]), V([[1.0, 2], [3, 5]]))
    ac('a', 'a')
    ac(None, None)
    ac(None, V(1.0))
    ac(True, False)
    ac(V([True]), V([False]))
    ac(V(1.0), 1.0)
    ac(V([1.0]), [1.0])
    ac(np.array([1.0, 2]), np.array([1.0, 2.5]))
    ac(V([1 + 1j]), V([1 + 2j]))
    ac(V([1.0, 2]).bfloat16(), V([1.0, 3]).bfloat16())
    ac(V([1.0, 2]).half(), V([1.0, 2.01]).half())
    ac(V(1.0), V(2.0))
    ac(V([]), V([]))
    ac(V([1.0]), V([1]), check_dtype=False)
    ac(V([1.0, 2, 3])[::2], V([1.0, 3]), check_stride=True)
    ac(V([inf, 1.0]), V([inf, 2.0]))
    ac(V([inf, 1.0]), V([1.0, 1.0]))
    ac(complex(1, 2), complex(1, 3))
    ac(V([100, 2]), V([101, 2]))
    ac(3.0, 3.0 + 1e-9)
    ac(nan, nan)
    ac(V([0.0, 0]), V([0.0, 1e-3]))
    ac(1.5, 2.5, rtol=0, atol=0.1)
    ac(V([1.0]), np.array([1.0]))
    T.testing.make_tensor((2, 3), dtype=T.float32, device='cpu').tolist()
    T.testing.make_tensor(5, dtype=T.int64, device='cpu', low=0, high=5).tolist()
    T.testing.make_tensor(2, 2, dtype=T.bool, device='cpu').tolist()
    T.testing.make_tensor(2, 2, dtype=T.float64, device='cpu', low=1, high=2, noncontiguous=True).stride()
"""


@pytest.mark.parametrize("text", [line.strip() for line in CASES.strip().splitlines()])
def test_like_pytorch(oracle, text):
    outcomes = []
    for T in (torch, oracle):
        T.manual_seed(0)
        names = {"T": T, "V": T.tensor, "ac": T.testing.assert_close, "np": np, "nan": float("nan"), "inf": float("inf")}
        try:
            outcomes.append(eval(text, names))
        except Exception as error:
            outcomes.append((type(error).__name__, str(error)))
    assert outcomes[0] == outcomes[1]
