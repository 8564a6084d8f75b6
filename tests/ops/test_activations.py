"""Activation functions against PyTorch: values, gradients, in-place forms, dtypes, errors."""
import numpy as np
import pytest
import rushlight as torch
from op_compare import same

F = torch.nn.functional
EDGES = np.array([0.0, -0.0, 1, -1, 0.5, -0.5, 3, -3, 6, 20, 21, -30, 30, np.inf, -np.inf, np.nan], np.float32)

PLAIN = {
    "relu": lambda T, x: T.nn.functional.relu(x),
    "torch.relu": lambda T, x: T.relu(x),
    "relu6": lambda T, x: T.nn.functional.relu6(x),
    "leaky_relu": lambda T, x: T.nn.functional.leaky_relu(x, 0.2),
    "leaky_relu negative": lambda T, x: T.nn.functional.leaky_relu(x, -0.2),
    "rrelu": lambda T, x: T.nn.functional.rrelu(x, 0.1, 0.3),
    "elu": lambda T, x: T.nn.functional.elu(x, 1.5),
    "celu": lambda T, x: T.nn.functional.celu(x, 0.5),
    "torch.celu": lambda T, x: T.celu(x),
    "selu": lambda T, x: T.nn.functional.selu(x),
    "torch.selu": lambda T, x: T.selu(x),
    "gelu": lambda T, x: T.nn.functional.gelu(x),
    "gelu tanh": lambda T, x: T.nn.functional.gelu(x, approximate="tanh"),
    "silu": lambda T, x: T.nn.functional.silu(x),
    "mish": lambda T, x: T.nn.functional.mish(x),
    "softplus": lambda T, x: T.nn.functional.softplus(x),
    "softplus beta": lambda T, x: T.nn.functional.softplus(x, 2, 5),
    "softsign": lambda T, x: T.nn.functional.softsign(x),
    "softshrink": lambda T, x: T.nn.functional.softshrink(x),
    "hardshrink": lambda T, x: T.nn.functional.hardshrink(x, 0.3),
    "Tensor.hardshrink": lambda T, x: x.hardshrink(),
    "tanhshrink": lambda T, x: T.nn.functional.tanhshrink(x),
    "threshold": lambda T, x: T.nn.functional.threshold(x, 0.1, 20.0),
    "torch.threshold": lambda T, x: T.threshold(x, 0.5, -1),
    "hardtanh": lambda T, x: T.nn.functional.hardtanh(x, -0.5, 0.75),
    "hardsigmoid": lambda T, x: T.nn.functional.hardsigmoid(x),
    "hardswish": lambda T, x: T.nn.functional.hardswish(x),
    "logsigmoid": lambda T, x: T.nn.functional.logsigmoid(x),
    "sigmoid": lambda T, x: T.nn.functional.sigmoid(x),
    "tanh": lambda T, x: T.nn.functional.tanh(x),
}
INPLACE = {
    "relu": lambda f, x: f.relu(x, True),
    "relu_": lambda f, x: f.relu_(x),
    "relu6": lambda f, x: f.relu6(x, inplace=True),
    "leaky_relu": lambda f, x: f.leaky_relu(x, 0.2, True),
    "leaky_relu_": lambda f, x: f.leaky_relu_(x, 0.2),
    "rrelu": lambda f, x: f.rrelu(x, inplace=True),
    "rrelu in training": lambda f, x: f.rrelu(x, training=True, inplace=True),
    "elu": lambda f, x: f.elu(x, 0.5, True),
    "elu_": lambda f, x: f.elu_(x),
    "celu": lambda f, x: f.celu(x, 0.5, True),
    "selu": lambda f, x: f.selu(x, True),
    "selu_": lambda f, x: f.selu_(x),
    "silu": lambda f, x: f.silu(x, True),
    "mish": lambda f, x: f.mish(x, True),
    "threshold": lambda f, x: f.threshold(x, 0.1, 2.0, True),
    "hardtanh": lambda f, x: f.hardtanh(x, inplace=True),
    "hardtanh_": lambda f, x: f.hardtanh_(x),
    "hardsigmoid": lambda f, x: f.hardsigmoid(x, True),
    "hardswish": lambda f, x: f.hardswish(x, True),
    "leaky_relu of a negative slope": lambda f, x: f.leaky_relu(x, -1.0, True),
    "elu of a negative alpha": lambda f, x: f.elu(x, -1.0, True),
}


LOOSE = {"hardsigmoid": 2e-7}       # PyTorch's sixth is one of float32


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape) * 2


@pytest.mark.parametrize("name", PLAIN)
def test_values_gradients_and_double_gradients(oracle, name):
    same(oracle, PLAIN[name], [numbers(3, 5)], double=name != "hardsigmoid", tolerance=LOOSE.get(name))
    same(oracle, PLAIN[name], [numbers(2, 3, 4)], "float32")


@pytest.mark.parametrize("name", PLAIN)
def test_edges_infinities_and_nan(oracle, name):
    edges = EDGES[:-3] if name == "gelu" else EDGES         # PyTorch's quick float32 erf makes NaN of infinity there
    same(oracle, PLAIN[name], [edges])


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_scalars_and_empty_tensors(oracle, name, shape):
    same(oracle, PLAIN[name], [np.array(numbers(*shape))], tolerance=LOOSE.get(name))


@pytest.mark.parametrize("name", PLAIN)
def test_transposed_and_sliced_inputs(oracle, name):
    same(oracle, lambda T, x: PLAIN[name](T, x.t()[::2]), [numbers(3, 6)], tolerance=LOOSE.get(name))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(oracle, name, dtype):
    same(oracle, PLAIN[name], [numbers(4, 5)], dtype)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_integers_and_bools(oracle, name, dtype):
    if dtype == "bool" and name in ("softsign", "tanhshrink"):
        pytest.skip("what abs and sub do with bools is tested with them")
    same(oracle, PLAIN[name], [np.array([[0, 1, 2], [7, 0, 1]]).astype(dtype)])


@pytest.mark.parametrize("name", INPLACE)
def test_in_place_forms(oracle, name):
    def case(T, x):
        y = x * 1
        out = INPLACE[name](T.nn.functional, y)
        assert out is y
        return out

    try:
        same(oracle, case, [numbers(4, 5)], tolerance=LOOSE.get(name))
    except RuntimeError as error:       # refused in the backward pass, as PyTorch refuses it
        x = oracle.from_numpy(numbers(4, 5)).requires_grad_()
        with pytest.raises(RuntimeError) as wanted:
            case(oracle, x).sum().backward()
        assert str(error) == str(wanted.value)


@pytest.mark.parametrize("name", INPLACE)
def test_in_place_on_a_leaf_is_refused(oracle, name):
    same(oracle, lambda T, x: INPLACE[name](T.nn.functional, x), [numbers(4, 5)])


@pytest.mark.parametrize("weight", [numbers(3, seed=1), numbers(1, seed=1), np.array(0.3)])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 2, 2)])
def test_prelu(oracle, weight, shape):
    same(oracle, lambda T, x, w: T.nn.functional.prelu(x, w), [numbers(*shape), weight], double=True)


@pytest.mark.parametrize("x, w", [(numbers(4, 6), numbers(5)), (numbers(4, 6), numbers(6, 1)), (np.array(1.0), numbers(2)),
                                  (numbers(6), numbers(6)), (numbers(4, 6), numbers(6).astype(np.float32)), (np.array(-1.0), numbers(1))])
def test_prelu_checks_its_weight(oracle, x, w):
    same(oracle, lambda T, x, w: T.prelu(x, w), [x, w])


@pytest.mark.parametrize("shape, dim", [((4, 6), -1), ((4, 6), 0), ((2, 4, 3), 1), ((3, 3), 1), ((), -1), ((4, 4), 5)])
def test_glu(oracle, shape, dim):
    same(oracle, lambda T, x: T.nn.functional.glu(x, dim), [np.array(numbers(*shape))], double=True)


def test_rrelu_draws_the_slopes_that_pytorch_draws(oracle):
    same(oracle, lambda T, x: (T.nn.functional.rrelu(x, training=True), T.rand(3)), [numbers(5, 7)], tolerance=1e-15)
    same(oracle, lambda T, x: (T.rrelu(x, 0.2, 0.9, True), T.rand(3)), [numbers(5, 7).astype(np.float32)], tolerance=0)


@pytest.mark.parametrize("case", [
    lambda T, x: T.nn.functional.gelu(x, approximate="erf"),
    lambda T, x: T.nn.functional.softshrink(x, -1.0),
    lambda T, x: T.nn.functional.hardtanh(x, 2.0, 1.0),
    lambda T, x: T.nn.functional.rrelu(x, 0.5, 0.1),
    lambda T, x: T.nn.functional.celu(x, 0.0),
    lambda T, x: T.nn.functional.rrelu(x.half(), training=True),
    lambda T, x: T.relu(3),
])
def test_refusals(oracle, case):
    assert isinstance(same(oracle, case, [numbers(2, 3)]), Exception)


# ------------------------------------------------------------------ softmax
SOFTMAX = {
    "softmax": lambda T, x: T.nn.functional.softmax(x, -1),
    "softmax 0": lambda T, x: T.softmax(x, 0),
    "Tensor.softmax": lambda T, x: x.softmax(0, dtype=T.float64),
    "log_softmax": lambda T, x: T.nn.functional.log_softmax(x, 0),
    "Tensor.log_softmax": lambda T, x: x.log_softmax(-1),
    "softmin": lambda T, x: T.nn.functional.softmin(x, dim=0),
    "softmax of no dim": lambda T, x: T.nn.functional.softmax(x),
    "out of range": lambda T, x: T.softmax(x, 7),
}


@pytest.mark.parametrize("name", SOFTMAX)
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (4,), (), (0, 3), (3, 0)])
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_softmax(oracle, name, shape):
    same(oracle, SOFTMAX[name], [np.array(numbers(*shape))], double=True)


@pytest.mark.parametrize("name", SOFTMAX)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_softmax_of_narrow_floats(oracle, name, dtype):
    same(oracle, SOFTMAX[name], [numbers(3, 5)], dtype)


def test_softmax_of_large_and_infinite_numbers(oracle):
    x = np.array([[1e4, 1e4 + 1, -1e4], [-np.inf, 0, 1], [np.inf, 0, 1], [-np.inf, -np.inf, -np.inf]])
    same(oracle, lambda T, x: T.softmax(x, 1), [x], grad=False)
    same(oracle, lambda T, x: T.log_softmax(x, 1), [x], grad=False)


def test_softmax_refuses_integers(oracle):
    for case in (lambda T, x: T.softmax(x, 0), lambda T, x: T.log_softmax(x, 0), lambda T, x: T.softmax(x, 1)):
        assert isinstance(same(oracle, case, [np.ones((2, 3), np.int64)]), NotImplementedError)


def test_softmax_without_a_dimension_warns():
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
        F.softmax(torch.zeros(2, 3))
    with pytest.warns(UserWarning, match="Implicit dimension choice for log_softmax"):
        F.log_softmax(torch.zeros(2, 3))


def test_known_answers_without_the_oracle():
    assert F.relu(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert torch.softmax(torch.zeros(4), 0).tolist() == [0.25] * 4
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    F.leaky_relu(x, 0.5).sum().backward()
    assert x.grad.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_draws_what_pytorch_draws(oracle, hard):
    same(oracle, lambda T, x: T.nn.functional.gumbel_softmax(x, 0.7, hard), [numbers(3, 5).astype(np.float32)], tolerance=1e-5)


def test_results_that_run_apart_are_equal(oracle):
    """Looking at a value in the middle cuts the plan, and changes nothing."""
    def case(T, x):
        y = T.nn.functional.gelu(x)
        float(y.sum())
        return T.nn.functional.silu(y)
    same(oracle, case, [numbers(3, 4)])
