"""torch.utils.checkpoint: gradients, random numbers, what it runs twice, refusals."""
import pytest
import rushlight as torch
from rushlight.utils.checkpoint import checkpoint, checkpoint_sequential


def _model():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2))


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_are_those_without_it(reentrant):
    plain, saved = _model(), _model()
    x, y = torch.randn(4, 3).requires_grad_(), None
    y = x.detach().clone().requires_grad_()
    torch.manual_seed(5)
    out = plain(x)
    out.square().sum().backward()
    torch.manual_seed(5)
    again = checkpoint(saved, y, use_reentrant=reentrant)
    assert torch.equal(out, again)
    again.square().sum().backward()
    assert torch.allclose(x.grad, y.grad)
    for a, b in zip(plain.parameters(), saved.parameters()):
        assert torch.allclose(a.grad, b.grad)


def test_inputs_need_no_gradient_without_reentrance():
    model, x = _model().eval(), torch.randn(4, 3)
    checkpoint(model, x, use_reentrant=False).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad"):
        assert not checkpoint(model, x, use_reentrant=True).requires_grad


@pytest.mark.parametrize("reentrant", [True, False])
def test_the_function_runs_twice_and_the_tape_is_freed(reentrant):
    runs = []
    x = torch.ones(3, requires_grad=True)

    def f(t):
        runs.append(1)
        return (t * 2).sin().sum()

    out = checkpoint(f, x, use_reentrant=reentrant)
    assert len(runs) == 1
    out.backward()
    assert len(runs) == 2
    with pytest.raises(RuntimeError, match="second time"):
        out.backward()


def test_autograd_grad():
    x = torch.ones(3, requires_grad=True)
    w = torch.tensor(2.0, requires_grad=True)
    out = checkpoint(lambda t, scale=1: (t * w).exp().sum() * scale, x, scale=3, use_reentrant=False)
    gx, gw = torch.autograd.grad(out, (x, w))
    e2 = torch.tensor(2.0).exp()
    assert torch.allclose(gx, 3 * 2 * e2 * torch.ones(3)) and torch.allclose(gw, 9 * e2)
    with pytest.raises(RuntimeError, match="incompatible with .grad"):
        torch.autograd.grad(checkpoint(lambda t: t.sum(), x, use_reentrant=True), x)


def test_differentiated_twice():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda t: checkpoint(lambda u: u ** 3, t, use_reentrant=False), (x,))


def test_what_comes_before_is_computed_once():
    x = torch.ones(2, requires_grad=True)
    counted = []
    before = x * 3
    before.register_hook(lambda g: counted.append(1))
    checkpoint(lambda t: (t * t).sum() + before.sum(), before, use_reentrant=False).backward()
    assert counted == [1] and torch.allclose(x.grad, torch.full((2,), 21.0))


def test_nested_and_several_outputs():
    x = torch.ones(2, requires_grad=True)

    def inner(t):
        return t.exp(), {"square": t * t, "n": 3}

    def outer(t):
        a, rest = checkpoint(inner, t, use_reentrant=False)
        return a * rest["square"] * rest["n"]

    checkpoint(outer, x, use_reentrant=False).sum().backward()
    assert torch.allclose(x.grad, torch.full((2,), 9 * torch.tensor(1.0).exp().item()))


def test_a_function_that_changes_its_mind():
    x, sizes = torch.ones(4, requires_grad=True), [4, 2]
    out = checkpoint(lambda t: t[:sizes.pop(0)] * 2, x, use_reentrant=False)
    with pytest.raises(torch.utils.checkpoint.CheckpointError, match="different metadata"):
        out.sum().backward()


def test_sequential():
    plain, saved = _model().eval(), _model().eval()
    x = torch.randn(4, 3)
    out = checkpoint_sequential(saved, 2, x, use_reentrant=False)
    assert torch.allclose(out, plain(x))
    out.sum().backward()
    plain(x).sum().backward()
    for a, b in zip(plain.parameters(), saved.parameters()):
        assert torch.allclose(a.grad, b.grad)


def test_refusals():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint(lambda t, k=1: t, x, k=3, use_reentrant=True)
    with pytest.warns(UserWarning, match="should be passed explicitly"):
        checkpoint(lambda t: t * 2, x)
