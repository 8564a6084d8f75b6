"""torch.autograd.functional and torch.func against PyTorch."""
import pytest
import rushlight as torch

FUNCTIONAL = """
    F.jacobian(lambda a: a ** 2, x)
    F.jacobian(lambda a, b: a * b, (x, x))
    F.jacobian(lambda a: (a * 2, a.sum()), x)
    F.jacobian(lambda a: a ** 2, x, create_graph=True)
    F.jacobian(lambda a: T.ones(2), x)
    F.jacobian(lambda a: T.ones(2), x, strict=True)
    F.jacobian(lambda a: 3, x)
    F.jacobian(lambda a: a, 3)
    F.jacobian(lambda a, b: a, (x, 3))
    F.jacobian(lambda a: a ** 2, x, vectorize=True)
    F.jacobian(lambda a: a ** 2, x, strategy='forward-mode')
    F.jacobian(lambda a: a ** 2, x, strategy='foo')
    F.jacobian(lambda a: m @ a, x)
    F.hessian(f, x)
    F.hessian(lambda a, b: (a * b).sum(), (x, x))
    F.hessian(lambda a: a ** 2, x)
    F.hessian(lambda a: a[:1] ** 2, x)
    F.hessian(lambda a: (a.sum(), a.sum()), x)
    F.hessian(lambda a: a.sum(), x, strict=True)
    F.vjp(lambda a: a ** 2, x, ones)
    F.vjp(lambda a: a ** 2, x)
    F.vjp(lambda a: a ** 2, x, T.ones(3))
    F.vjp(lambda a: a ** 2, x, (ones, ones))
    F.vjp(lambda a: T.ones(2), x, ones, strict=True)
    F.vjp(f, x)
    F.jvp(lambda a: a ** 2, x, ones)
    F.jvp(lambda a: a ** 2, x)
    F.jvp(lambda a, b: (a * b, a), (x, x), (ones, 2 * ones))
    F.hvp(f, x, ones)
    F.vhp(f, x, ones)
    F.vhp(lambda a: a.sum(), x, ones, strict=True)
    F.hvp(lambda a: a.sum(), x, ones)
    F.hvp(lambda a: a ** 2, x, ones)
"""
FUNC = """
    G.grad(f)(x)
    G.grad(f)(x.detach())
    G.grad(lambda a: 3)(x)
    G.grad(lambda a: a)(x)
    G.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x)
    G.grad(lambda a: (a.sum(), a * 2), has_aux=True)(x.detach())
    G.grad(lambda a: a.sum(), has_aux=True)(x)
    G.grad(f, argnums=3)(x)
    G.grad(lambda p: (p['a'] ** 2).sum())({'a': x.detach()})['a']
    G.grad(G.grad(lambda a: a ** 3))(T.tensor(2.0))
    G.grad_and_value(f)(x)
    G.vjp(lambda a: a ** 2, x)[1](ones)
    G.jvp(lambda a: a ** 2, (x.detach(),), (ones,))
    G.jacrev(lambda a: a ** 2)(x.detach())
    G.jacrev(lambda a, b: a @ b, argnums=1)(m.detach(), x.detach())
    G.hessian(f)(x.detach())
    G.jacfwd(G.grad(f))(x.detach())
    G.vmap(lambda a: a * 2)(m)
    G.vmap(lambda a, b: a @ b, in_dims=(0, None))(m, x)
    G.vmap(lambda a: a.sum(), in_dims=1)(m.detach())
    G.vmap(lambda a: a * 2, out_dims=1)(m)
    G.vmap(G.grad(f))(m.detach())
    G.vmap(lambda a: 3)(m)
    G.vmap(lambda a: a)(T.tensor(1.0))
    G.vmap(lambda a: {'s': a.sum(), 'p': a.prod()})(m.detach())['p']
    T.vmap(T.dot)(m, m)
"""


def _outcome(text, T):
    x = T.tensor([1.0, 2.0], dtype=T.float64, requires_grad=True)
    m = T.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=T.float64, requires_grad=True)
    names = {"F": T.autograd.functional, "G": T.func, "T": T, "x": x, "m": m, "f": lambda a: (a ** 2).sum() ** 2, "ones": T.ones(2, dtype=T.float64)}
    try:
        return _plain(eval(text, names))
    except Exception as error:
        return type(error).__name__, str(error)


def _plain(result):
    if isinstance(result, tuple):
        return tuple(map(_plain, result))
    return result.tolist(), str(result.dtype), result.requires_grad


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", [line.strip() for line in (FUNCTIONAL + FUNC).strip().splitlines() if line.strip()])
def test_like_pytorch(oracle, text):
    assert _outcome(text, torch) == _outcome(text, oracle)


def test_gradients_reach_what_a_function_closes_over():
    w = torch.tensor(3.0, requires_grad=True)
    slope = torch.func.grad(lambda a: w * a ** 2)(torch.tensor(2.0))
    assert slope.item() == 12 and slope.requires_grad
    slope.backward()
    assert w.grad.item() == 4


def test_under_no_grad():
    with torch.no_grad():
        slope = torch.func.grad(lambda a: a ** 2)(torch.tensor(2.0, requires_grad=True))
    assert slope.item() == 4 and not slope.requires_grad


def test_an_ensemble():
    models = [torch.nn.Linear(3, 2) for _ in range(4)]
    params, buffers = torch.func.stack_module_state(models)
    base = models[0]
    x = torch.randn(5, 3)
    out = torch.vmap(lambda p, b: torch.func.functional_call(base, (p, b), (x,)))(params, buffers)
    assert out.shape == (4, 5, 2)
    for y, model in zip(out, models):
        assert torch.allclose(y, model(x))
