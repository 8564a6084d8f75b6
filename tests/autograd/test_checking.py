"""gradcheck and gradgradcheck: what passes, what fails, and the texts."""
import pytest
import rushlight as torch
from rushlight.autograd.checking import GradcheckError


def functions(T):
    class Wrong(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0] * 3

    class WrongForComplex(Wrong):
        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0] * 2

    class NoSecond(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx, g):
            return g * 3 * ctx.saved_tensors[0].detach() ** 2

    x = T.tensor([1.0, 2.0], dtype=T.float64, requires_grad=True)
    return {"Wrong": Wrong, "WrongForComplex": WrongForComplex, "NoSecond": NoSecond, "x": x, "T": T, "check": T.autograd.gradcheck,
            "second": T.autograd.gradgradcheck, "m": T.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=T.float64, requires_grad=True),
            "z": T.tensor([1 + 2j], dtype=T.complex128, requires_grad=True), "ones": T.ones(2, dtype=T.float64)}


CASES = """
    check(T.sin, x)
    check(T.sin, (x,))
    check(lambda a, b: (a @ b, (a * a).sum()), (m, x))
    check(lambda a, b: a * 2, (x, m))
    check(lambda v: v * v, (z,))
    check(lambda v: v.abs(), (z,))
    check(Wrong.apply, (x,))
    check(Wrong.apply, (x,), raise_exception=False)
    check(lambda a, b: (a @ b, Wrong.apply(b)), (m, x))
    check(WrongForComplex.apply, (z,))
    check(lambda a: a.detach(), (x,))
    check(T.sin, (x.detach(),))
    check(T.sin, (ones[:1].expand(3).requires_grad_(),))
    second(T.sin, (x,))
    second(lambda a: a * 2, (x,))
    second(NoSecond.apply, (x,), grad_outputs=(ones.clone().requires_grad_(),))
"""


@pytest.mark.parametrize("text", [line.strip() for line in CASES.strip().splitlines()])
def test_like_pytorch(oracle, text):
    outcomes = []
    for T in (torch, oracle):
        try:
            outcomes.append(eval(text, functions(T)))
        except Exception as error:
            outcomes.append((type(error).__name__, str(error)))
    assert outcomes[0] == outcomes[1]


def test_float32_is_warned_of():
    with pytest.warns(UserWarning, match="not a double precision"), pytest.raises(GradcheckError):
        torch.autograd.gradcheck(torch.sin, (torch.ones(2, requires_grad=True),))


def test_randomness_is_found():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert not torch.autograd.gradcheck(lambda a: a * torch.rand((), dtype=torch.float64), (x,), raise_exception=False)


def test_the_inputs_are_left_as_they_were():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(torch.exp, (x,))
    assert x.tolist() == [1, 2] and x.grad is None
