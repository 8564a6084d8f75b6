"""nn.utils: clipping, flat vectors, fusion, weight and spectral norm, parametrizations, pruning, functional calls."""
import copy

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

from .compare import assert_close, outcome


def prune_of(T):
    import importlib

    name = "rushlight" if T is torch else "torch"
    return importlib.import_module(f"{name}.nn.utils.prune")


def with_gradients(T, scale=1.0):
    random = np.random.default_rng(0)
    parameters = [T.nn.Parameter(T.zeros(shape)) for shape in ((3, 4), (5,), ())]
    for p in parameters:
        p.grad = T.from_numpy(np.asarray(scale * random.standard_normal(tuple(p.shape)), dtype="float32"))
    return parameters + [T.nn.Parameter(T.ones(2))]  # one without a gradient


@pytest.mark.parametrize("norm_type", [2, 1.0, 3.5, float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.5, 1e4])
def test_clipping_by_norm(norm_type, max_norm, oracle):
    results = []
    for T in (torch, oracle):
        parameters = with_gradients(T)
        grad = parameters[0].grad
        total = T.nn.utils.clip_grad_norm_(iter(parameters), max_norm, norm_type)
        assert parameters[0].grad is grad
        results.append([total] + [p.grad for p in parameters])
    assert_close(*results)


def test_clipping_by_value_and_of_one_tensor(oracle):
    results = []
    for T in (torch, oracle):
        parameters = with_gradients(T)
        T.nn.utils.clip_grad_value_(parameters[:2], 0.3)
        T.nn.utils.clip_grad_value_(parameters[2], 0.1)
        total = T.nn.utils.get_total_norm([p.grad for p in parameters[:3]])
        T.nn.utils.clip_grads_with_norm_(parameters, 0.2, total)
        results.append([total] + [p.grad for p in parameters])
    assert_close(*results)


def test_parameters_as_a_vector():
    net = nn.Linear(2, 3)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (9,)
    nn.utils.vector_to_parameters(torch.arange(9.0), net.parameters())
    assert net.weight.tolist() == [[0, 1], [2, 3], [4, 5]] and net.bias.tolist() == [6, 7, 8]


@pytest.mark.parametrize("transpose", [False, True])
def test_fusing_batch_norm(transpose):
    conv = (nn.ConvTranspose2d if transpose else nn.Conv2d)(2, 3, 3)
    net = nn.Sequential(conv, nn.BatchNorm2d(3))
    net(torch.randn(4, 2, 6, 6) * 3)
    net.eval()
    fused = nn.utils.fuse_conv_bn_eval(net[0], net[1], transpose)
    x = torch.randn(2, 2, 6, 6)
    np.testing.assert_allclose(fused(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    linear = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval()
    x = torch.randn(2, 3)
    fused = nn.utils.fuse_linear_bn_eval(linear[0], linear[1])
    np.testing.assert_allclose(fused(x).detach().numpy(), linear(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(AssertionError, match="Fusion only for eval!"):
        nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))


def test_skip_init_draws_nothing():
    torch.manual_seed(0)
    expected = torch.rand(2).tolist()
    torch.manual_seed(0)
    assert nn.utils.skip_init(nn.Linear, 2, 3).weight.shape == (3, 2)
    assert torch.rand(2).tolist() == expected


NORMED = {
    "weight norm": lambda T: T.nn.utils.weight_norm(T.nn.Conv2d(2, 3, 2)),
    "weight norm dim 1": lambda T: T.nn.utils.weight_norm(T.nn.Conv2d(2, 3, 2), dim=1),
    "weight norm whole": lambda T: T.nn.utils.weight_norm(T.nn.Conv2d(2, 3, 2), dim=None),
    "spectral norm": lambda T: T.nn.utils.spectral_norm(T.nn.Conv2d(2, 3, 2)),
    "spectral norm transposed": lambda T: T.nn.utils.spectral_norm(T.nn.ConvTranspose2d(2, 3, 2), n_power_iterations=2),
    "parametrized weight norm": lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.Conv2d(2, 3, 2)),
    "parametrized spectral norm": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Conv2d(2, 3, 2)),
}


@pytest.mark.filterwarnings("ignore:.torch.nn.utils.weight_norm. is deprecated")
@pytest.mark.parametrize("name", NORMED)
def test_normalised_weights_as_pytorch(name, oracle):
    results = []
    for T in (torch, oracle):
        T.manual_seed(0)
        layer = NORMED[name](T)
        x = T.from_numpy(np.random.default_rng(0).standard_normal((2, 2, 4, 4)).astype("float32"))
        layer(x)
        out = layer(x)
        out.pow(2).sum().backward()
        evaluated = layer.eval()(x)
        results.append((list(layer.state_dict()), out, evaluated, layer.state_dict(), [p.grad for p in layer.parameters()]))
    assert results[0][0] == results[1][0]
    assert_close(results[0][1:], results[1][1:], rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.torch.nn.utils.weight_norm. is deprecated")
def test_norms_can_be_removed_and_loaded():
    layer = nn.utils.weight_norm(nn.Linear(3, 2))
    x = torch.randn(4, 3)
    before = layer(x).detach().numpy()
    nn.utils.remove_weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(layer(x).detach().numpy(), before, rtol=1e-5)
    old, new = nn.utils.weight_norm(nn.Linear(3, 2)), nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    new.load_state_dict(old.state_dict())
    np.testing.assert_allclose(new(x).detach().numpy(), old(x).detach().numpy(), rtol=1e-5)
    layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    other = nn.utils.spectral_norm(nn.Linear(3, 2))
    other.load_state_dict(layer.state_dict())
    for _ in range(50):  # a power iteration each
        layer(x)
    nn.utils.remove_spectral_norm(layer.eval())
    assert list(layer.state_dict()) == ["bias", "weight"]
    assert np.linalg.norm(layer.weight.detach().numpy(), 2) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("trivialization", [True, False])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3)], ids=str)
def test_orthogonal_weights(shape, orthogonal_map, trivialization, oracle):
    results = []
    for T in (torch, oracle):
        T.manual_seed(0)
        layer = T.nn.utils.parametrizations.orthogonal(T.nn.Linear(*shape), orthogonal_map=orthogonal_map, use_trivialization=trivialization)
        results.append((layer.weight, layer.state_dict()))
    weight = results[0][0].detach().numpy()
    product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)
    assert_close(*results, rtol=1e-4, atol=1e-5)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


def test_parametrizations():
    parametrize = nn.utils.parametrize
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert type(layer).__name__ == "ParametrizedLinear" and isinstance(layer, nn.Linear)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert (layer.weight == layer.weight.T).all() and layer.weight is not layer.weight
    with parametrize.cached():
        assert layer.weight is layer.weight
    layer.weight = torch.ones(3, 3)
    assert layer.parametrizations.weight.original.tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    twin = copy.deepcopy(layer)
    twin.weight = torch.zeros(3, 3)
    assert layer.weight.all()
    layer(torch.ones(1, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter) and layer.weight.all()


@pytest.mark.parametrize("method", ["l1", "random", "ln", "random structured", "custom", "global", "twice"])
def test_pruning_as_pytorch(method, oracle):
    results = []
    for T in (torch, oracle):
        prune = prune_of(T)
        T.manual_seed(0)
        net = T.nn.Sequential(T.nn.Linear(4, 6), T.nn.Linear(6, 4))
        T.manual_seed(1)
        if method == "l1":
            prune.l1_unstructured(net[0], "weight", 0.4)
        elif method == "random":
            prune.random_unstructured(net[0], "weight", 7)
        elif method == "ln":
            prune.ln_structured(net[0], "weight", 2, n=2, dim=0)
        elif method == "random structured":
            prune.random_structured(net[0], "weight", 0.5, dim=1)
        elif method == "custom":
            prune.custom_from_mask(net[0], "bias", T.tensor([1, 0, 1, 0, 1, 1]))
        elif method == "global":
            prune.global_unstructured([(net[0], "weight"), (net[1], "weight")], prune.L1Unstructured, amount=0.3)
        else:
            prune.l1_unstructured(net[0], "weight", 3)
            prune.ln_structured(net[0], "weight", 2, n=1, dim=1)
        assert prune.is_pruned(net)
        out = net(T.ones(2, 4))
        keys = list(net.state_dict())
        results.append((keys, out, net.state_dict()))
        name = "bias" if method == "custom" else "weight"
        prune.remove(net[0], name)
        assert not any(key.endswith("_mask") for key in net[0].state_dict())
    assert results[0][0] == results[1][0]
    assert_close(results[0][1:], results[1][1:])


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(1, 1, bias=False)
        self.b = nn.Linear(1, 1, bias=False)
        self.b.weight = self.a.weight

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x)])


def test_functional_call():
    from rushlight.func import functional_call

    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm1d(2))
    weight = torch.zeros(2, 2, requires_grad=True)
    own = net[0].weight
    buffers = {"1.running_mean": torch.zeros(2)}
    functional_call(net, ({"0.weight": weight}, buffers), torch.ones(3, 2)).sum().backward()
    assert weight.grad is not None and own.grad is None and net[0].weight is own
    one = torch.ones(1, 1)
    assert functional_call(Tied(), {"a.weight": one}, (one[0],)).tolist() == [1, 1]
    assert functional_call(Tied(), {"a.weight": one, "b.weight": 2 * one}, (one[0],), tie_weights=False).tolist() == [1, 2]


def _clip_nan(T):
    p = T.nn.Parameter(T.ones(2))
    p.grad = T.tensor([1.0, float("nan")])
    T.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)


class _ChangesShape:
    @staticmethod
    def of(T):
        class Bad(T.nn.Module):
            def forward(self, X):
                return X[:1]

        return T.nn.utils.parametrize.register_parametrization(T.nn.Linear(3, 3), "weight", Bad())


SCENARIOS = {
    "clip nan": _clip_nan, "clip nothing": lambda T: T.nn.utils.clip_grad_norm_([], 1.0), "old clip": lambda T: T.nn.utils.clip_grad_norm([], 1.0),
    "vector": lambda T: T.nn.utils.vector_to_parameters(3, []), "skip": lambda T: T.nn.utils.skip_init(T.nn.ReLU),
    "old weight norm": lambda T: T.nn.utils.weight_norm(T.nn.Linear(2, 2)), "no weight norm": lambda T: T.nn.utils.remove_weight_norm(T.nn.Linear(1, 1)),
    "no spectral norm": lambda T: T.nn.utils.remove_spectral_norm(T.nn.Linear(1, 1)),
    "spectral twice": lambda T: T.nn.utils.spectral_norm(T.nn.utils.spectral_norm(T.nn.Linear(2, 2))),
    "iterations": lambda T: T.nn.utils.spectral_norm(T.nn.Linear(2, 2), n_power_iterations=0),
    "parametrized": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3)),
    "parametrized dim": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), dim=5),
    "parametrized name": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), "foo"),
    "orthogonal map": lambda T: T.nn.utils.parametrizations.orthogonal(T.nn.Linear(2, 3), orthogonal_map="q"),
    "orthogonal bias": lambda T: T.nn.utils.parametrizations.orthogonal(T.nn.Linear(2, 3), "bias"),
    "shape": _ChangesShape.of, "no parametrization": lambda T: T.nn.utils.parametrize.remove_parametrizations(T.nn.Linear(1, 1), "weight"),
    "prune amount": lambda T: prune_of(T).l1_unstructured(T.nn.Linear(2, 2), "weight", 200),
    "prune fraction": lambda T: prune_of(T).l1_unstructured(T.nn.Linear(2, 2), "weight", 1.5),
    "prune text": lambda T: prune_of(T).l1_unstructured(T.nn.Linear(2, 2), "weight", "a"),
    "prune vector": lambda T: prune_of(T).ln_structured(T.nn.Linear(2, 2), "bias", 1, 2, 0),
    "prune dim": lambda T: prune_of(T).ln_structured(T.nn.Linear(2, 2), "weight", 1, 2, 5),
    "prune nothing": lambda T: prune_of(T).remove(T.nn.Linear(2, 2), "weight"),
    "call strictly": lambda T: T.func.functional_call(T.nn.Linear(2, 2), {"q": T.ones(1)}, (T.ones(2),), strict=True),
    "call twice": lambda T: T.func.functional_call(T.nn.Linear(2, 2), ({"q": T.ones(1)}, {"q": T.ones(1)}), (T.ones(2),)),
    "call what": lambda T: T.func.functional_call(T.nn.Linear(2, 2), 3, (T.ones(2),)),
    "old call": lambda T: T.nn.utils.stateless.functional_call(T.nn.Linear(2, 2, False), {"weight": T.ones(2, 2)}, T.ones(2)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)
