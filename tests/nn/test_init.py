"""nn.init: the same numbers as PyTorch's from the same seed, gains, checks and deprecated names."""
import numpy as np
import pytest

import rushlight as torch

from .compare import assert_close, assert_equal, outcome

FILLERS = {
    "uniform": lambda init, t: init.uniform_(t, -0.3, 2.0), "normal": lambda init, t: init.normal_(t, 1.0, 0.2),
    "constant": lambda init, t: init.constant_(t, 0.3), "ones": lambda init, t: init.ones_(t), "zeros": lambda init, t: init.zeros_(t),
    "xavier_uniform": lambda init, t: init.xavier_uniform_(t, 1.5), "xavier_normal": lambda init, t: init.xavier_normal_(t),
    "kaiming_uniform": lambda init, t: init.kaiming_uniform_(t, a=0.1),
    "kaiming_uniform relu": lambda init, t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal": lambda init, t: init.kaiming_normal_(t), "kaiming_normal tanh": lambda init, t: init.kaiming_normal_(t, 0, "fan_out", "tanh"),
    "trunc_normal": lambda init, t: init.trunc_normal_(t, std=0.8), "trunc_normal narrow": lambda init, t: init.trunc_normal_(t, 0.0, 1.0, -0.1, 0.2),
    "trunc_normal tail": lambda init, t: init.trunc_normal_(t, 0.0, 1.0, 2.5, 4.0), "trunc_normal vit": lambda init, t: init.trunc_normal_(t, std=0.02),
}  # fmt: skip
SHAPES = [(5, 4), (3, 2, 3, 3), (40, 30), (4, 3, 2)]


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FILLERS)
def test_same_numbers_as_pytorch(name, shape, oracle):
    results = []
    for T in (torch, oracle):
        T.manual_seed(5)
        tensor = T.nn.Parameter(T.empty(shape))
        assert FILLERS[name](T.nn.init, tensor) is tensor
        results.append((tensor, T.rand(3)))  # the generator stands where PyTorch's does
    assert_equal(*results)


@pytest.mark.parametrize("shape", [(5, 4), (4, 5), (4, 4), (6, 2, 2)], ids=str)
def test_orthogonal(shape, oracle):
    results = []
    for T in (torch, oracle):
        T.manual_seed(5)
        results.append(T.nn.init.orthogonal_(T.empty(shape), 1.5))
    assert_close(*results, atol=1e-5)
    matrix = results[0].numpy().reshape(shape[0], -1) / 1.5
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)


def test_structured_fillers(oracle):
    results = []
    for T in (torch, oracle):
        T.manual_seed(1)
        results.append(T.nn.init.sparse_(T.empty(10, 4), 0.3))
    assert_equal(*results)
    assert_equal(torch.nn.init.eye_(torch.empty(3, 4)), oracle.nn.init.eye_(oracle.empty(3, 4)))
    for shape, groups in [((4, 2, 3), 2), ((3, 3, 3, 3), 1), ((2, 4, 3, 3, 4), 1)]:
        assert_equal(torch.nn.init.dirac_(torch.empty(shape), groups), oracle.nn.init.dirac_(oracle.empty(shape), groups))


def test_a_generator_of_ones_own(oracle):
    results = []
    for T in (torch, oracle):
        generator = T.Generator().manual_seed(11)
        results.append([
            T.nn.init.uniform_(T.empty(7), generator=generator), T.nn.init.normal_(T.empty(20), generator=generator),
            T.nn.init.kaiming_normal_(T.empty(4, 5), generator=generator), T.nn.init.trunc_normal_(T.empty(20), generator=generator),
        ])  # fmt: skip
    assert_equal(*results)


def test_weights_are_initialised_by_apply_as_people_do():
    def initialise(module):
        if type(module) is torch.nn.Linear:
            torch.nn.init.xavier_uniform_(module.weight)
            torch.nn.init.zeros_(module.bias)
        elif isinstance(module, torch.nn.Conv2d):
            module.weight.data.normal_(0.0, 0.02)

    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(2, 2))
    net.apply(initialise)
    assert not net[2].bias.any() and net[2].weight.requires_grad
    assert net[0].weight.abs().max() < 0.2


SCENARIOS = {
    "gains": lambda T: [T.nn.init.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")],
    "gain slope": lambda T: T.nn.init.calculate_gain("leaky_relu", 0.2), "gain unknown": lambda T: T.nn.init.calculate_gain("x"),
    "gain bool": lambda T: T.nn.init.calculate_gain("leaky_relu", True), "gain text": lambda T: T.nn.init.calculate_gain("leaky_relu", "x"),
    "fan of vector": lambda T: T.nn.init.xavier_normal_(T.ones(2)), "mode": lambda T: T.nn.init.kaiming_normal_(T.ones(2, 2), mode="x"),
    "empty": lambda T: T.nn.init.kaiming_uniform_(T.ones(0, 2)), "empty normal": lambda T: T.nn.init.kaiming_normal_(T.ones(0, 2)),
    "eye": lambda T: T.nn.init.eye_(T.ones(2)), "dirac": lambda T: T.nn.init.dirac_(T.ones(2)), "dirac groups": lambda T: T.nn.init.dirac_(T.ones(3, 1, 1), 2),
    "orthogonal": lambda T: T.nn.init.orthogonal_(T.ones(3)), "sparse": lambda T: T.nn.init.sparse_(T.ones(3), 0.1),
    "trunc": lambda T: T.nn.init.trunc_normal_(T.ones(3), mean=5.0).shape, "std": lambda T: T.nn.init.normal_(T.ones(3), std=-1),
} | {
    f"old {name}": lambda T, name=name, args=args: getattr(T.nn.init, name)(T.ones(4, 4), *args).shape
    for name, args in [("uniform", ()), ("normal", ()), ("constant", (1,)), ("eye", ()), ("xavier_uniform", ()), ("xavier_normal", ()),
                       ("kaiming_uniform", ()), ("kaiming_normal", ()), ("orthogonal", ()), ("sparse", (0.5,))]
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)
