"""Dropout in its forms: masks bit for bit as PyTorch's, gradients, edges."""
import numpy as np
import pytest
import rushlight as torch
from op_compare import same

F = torch.nn.functional
pytestmark = pytest.mark.filterwarnings("ignore:dropout[23]d")
FORMS = {
    "dropout": (lambda f, *a: f.dropout(*a), (7, 5)),
    "dropout1d": (lambda f, *a: f.dropout1d(*a), (4, 3, 5)),
    "dropout1d of one sample": (lambda f, *a: f.dropout1d(*a), (3, 5)),
    "dropout2d": (lambda f, *a: f.dropout2d(*a), (4, 3, 2, 5)),
    "dropout2d of three dimensions": (lambda f, *a: f.dropout2d(*a), (4, 3, 5)),
    "dropout3d": (lambda f, *a: f.dropout3d(*a), (4, 3, 2, 2, 2)),
    "dropout3d of one sample": (lambda f, *a: f.dropout3d(*a), (3, 2, 2, 2)),
    "alpha_dropout": (lambda f, *a: f.alpha_dropout(*a), (7, 5)),
    "feature_alpha_dropout": (lambda f, *a: f.feature_alpha_dropout(*a), (4, 3, 2, 5)),
}


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.73])
@pytest.mark.parametrize("inplace", [False, True])
def test_masks_are_pytorchs(oracle, name, p, inplace):
    form, shape = FORMS[name]
    close = 1e-6 if "alpha" in name else 0
    named = not (inplace and "one sample" in name)      # PyTorch has squeeze_ leave a name of its own
    for dtype in ("float32", "float64"):
        same(oracle, lambda T, x: (form(T.nn.functional, x * 1, p, True, inplace), T.rand(4)), [numbers(*shape)], dtype,
             tolerance=close, name=named, double=True)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_floats(oracle, name, dtype):
    form, shape = FORMS[name]
    same(oracle, lambda T, x: form(T.nn.functional, x, 0.3, True), [numbers(*shape)], dtype)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("p, training", [(0.0, True), (1.0, True), (0.5, False)])
def test_nothing_is_drawn_for_sure_things(oracle, name, p, training):
    form, shape = FORMS[name]
    same(oracle, lambda T, x: (form(T.nn.functional, x * 1, p, training), T.rand(2)), [numbers(*shape)])
    same(oracle, lambda T, x: (form(T.nn.functional, x * 1, p, training, True), T.rand(2)), [numbers(*shape)],
         name="one sample" not in name)


def test_without_training_the_input_itself_comes_back():
    x = torch.ones(3)
    assert F.dropout(x, 0.5, False) is x and F.dropout(x, 0.0) is x


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_probabilities_are_checked(oracle, name, p):
    form, shape = FORMS[name]
    assert isinstance(same(oracle, lambda T, x: form(T.nn.functional, x, p, True), [numbers(*shape)]), ValueError)


@pytest.mark.parametrize("case", [
    lambda T, x: T.dropout(x, 1.5, True), lambda T, x: T.nn.functional.dropout1d(x[0, 0]),
    lambda T, x: T.nn.functional.dropout1d(x[None]), lambda T, x: T.nn.functional.feature_alpha_dropout(x[0, 0], 0.5, True),
    lambda T, x: T.nn.functional.dropout(x.detach().long(), 0.5), lambda T, x: T.nn.functional.alpha_dropout(x.detach().long(), 0.5, True),
    lambda T, x: T.nn.functional.dropout(x, 0.5, True, True),
])
def test_refusals(oracle, case):
    assert isinstance(same(oracle, case, [numbers(2, 3, 4)]), Exception)


@pytest.mark.parametrize("view", [lambda x: x.t(), lambda x: x[:, ::2], lambda x: x[:, :1].expand(6, 4), lambda x: x[1:]])
def test_masks_follow_memory(oracle, view):
    same(oracle, lambda T, x: T.nn.functional.dropout(view(x), 0.5), [numbers(6, 8)], tolerance=0)


def test_masks_follow_channels_last(oracle):
    same(oracle, lambda T, x: T.nn.functional.dropout(x.to(memory_format=T.channels_last), 0.5), [numbers(2, 3, 4, 5)], tolerance=0)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"])
def test_the_functions_of_torch(oracle, name):
    same(oracle, lambda T, x: getattr(T, name)(x, 0.4, True), [numbers(4, 5)], tolerance=1e-6)
    same(oracle, lambda T, x: getattr(T, name + "_")(x * 1, 0.4, True), [numbers(4, 5)], tolerance=1e-6)
    same(oracle, lambda T, x: getattr(T, name)(x, 0.4, False), [numbers(4, 5)])


def test_the_next_draw_comes_after_the_mask(oracle):
    def case(T, x):
        layer = T.nn.Dropout(0.3)
        return layer(layer(x) + T.rand(4, 5)), T.randn(3)
    same(oracle, case, [numbers(4, 5).astype(np.float32)], tolerance=1e-6)


def test_the_same_seed_gives_the_same_mask():
    torch.manual_seed(3)
    a = F.dropout(torch.ones(100), 0.5)
    torch.manual_seed(3)
    b = F.dropout(torch.ones(100), 0.5)
    assert (a == b).all() and set(a.tolist()) == {0.0, 2.0}


def test_a_net_with_dropout_trains_as_pytorchs(oracle):
    """Ten steps, the last of them shorter, from the same seed: the same losses and weights."""
    def train(T):
        T.manual_seed(5)
        net = T.nn.Sequential(T.nn.Linear(6, 16), T.nn.ReLU(), T.nn.Dropout(0.4), T.nn.Linear(16, 3))
        x, y, losses = T.randn(58, 6), T.randint(0, 3, (58,)), []
        for start in range(0, 58, 6):
            loss = T.nn.functional.cross_entropy(net(x[start:start + 6]), y[start:start + 6])
            net.zero_grad()
            loss.backward()
            with T.no_grad():
                for p in net.parameters():
                    p.sub_(p.grad, alpha=0.3)
            losses.append(loss.item())
        return losses, net[0].weight.detach().numpy()
    (losses, weight), (its_losses, its_weight) = train(torch), train(oracle)
    np.testing.assert_allclose(losses, its_losses, rtol=1e-5)
    np.testing.assert_allclose(weight, its_weight, rtol=1e-4, atol=1e-6)
