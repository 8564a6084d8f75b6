"""What print(t), repr(t) and format(t, ...) show, letter for letter."""
import random
import time

import numpy as np
import pytest

import rushlight as torch
from rushlight.runtime import dtypes
from rushlight.tensor import printing
from rushlight.tensor.printing import get_printoptions, printoptions, set_printoptions, tensor_format, tensor_repr

nan, inf = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def default_options():
    yield
    set_printoptions(profile="default")


@pytest.fixture
def default_dtype():
    yield dtypes.set_default_dtype
    dtypes.set_default_dtype(dtypes.float32)


def shown(values, **kwargs):
    return tensor_repr(torch.tensor(values, **kwargs))


# ------------------------------------------------------------ numbers
@pytest.mark.parametrize("values, text", [
    (1.0, "tensor(1.)"),
    (1.5, "tensor(1.5000)"),
    (3, "tensor(3)"),
    (True, "tensor(True)"),
    (nan, "tensor(nan)"),
    (1e10, "tensor(1.0000e+10)"),
    (1e8, "tensor(100000000.)"),
    (1e-4, "tensor(1.0000e-04)"),
    ([1.0, nan], "tensor([1., nan])"),
    ([nan, 1.0, 2.5], "tensor([   nan, 1.0000, 2.5000])"),
    ([nan, 0.0, -inf], "tensor([nan, 0., -inf])"),
    ([-0.0], "tensor([-0.])"),
    ([-1.5, 100.0], "tensor([ -1.5000, 100.0000])"),
    ([1000.0, 1.0], "tensor([1000.,    1.])"),
    ([1001.0, 1.0], "tensor([1.0010e+03, 1.0000e+00])"),
    ([1e5, 0.5], "tensor([1.0000e+05, 5.0000e-01])"),
    ([1, -100, 3], "tensor([   1, -100,    3])"),
    ([True, False], "tensor([ True, False])"),
    (1 + 2j, "tensor(1.+2.j)"),
    ([1 + 2j, 3.5 - 1j], "tensor([1.0000+2.j, 3.5000-1.j])"),
    ([complex(nan, inf), -1 - 1.5j], "tensor([nan+infj, -1.-1.5000j])"),
])
def test_numbers(values, text):
    assert shown(values) == text


def test_rows_and_blank_lines_between_blocks():
    assert shown([[1.0, 2.0], [3.0, 4.0]]) == "tensor([[1., 2.],\n        [3., 4.]])"
    assert shown([[[1]], [[2]]]) == "tensor([[[1]],\n\n        [[2]]])"


def test_bfloat16_words_print_as_numbers():
    t = torch.tensor([1.5, 2.25, -3.0]).to(torch.bfloat16)
    assert tensor_repr(t) == "tensor([ 1.5000,  2.2500, -3.0000], dtype=torch.bfloat16)"


# ------------------------------------------------------------ notes behind the numbers
def test_empty():
    assert shown([]) == "tensor([])"
    assert tensor_repr(torch.zeros(2, 0)) == "tensor([], size=(2, 0))"
    assert tensor_repr(torch.zeros(0, 2, dtype=torch.int64)) == "tensor([], size=(0, 2), dtype=torch.int64)"
    assert tensor_repr(torch.zeros(0, dtype=torch.bool)) == "tensor([], dtype=torch.bool)"


def test_dtype_is_told_only_where_it_is_not_the_default(default_dtype):
    double = torch.ones(2, dtype=torch.float64)
    single = torch.ones(2, dtype=torch.float32)
    assert tensor_repr(double) == "tensor([1., 1.], dtype=torch.float64)"
    assert tensor_repr(single) == "tensor([1., 1.])"
    default_dtype(torch.float64)
    assert tensor_repr(double) == "tensor([1., 1.])"
    assert tensor_repr(single) == "tensor([1., 1.], dtype=torch.float32)"
    assert tensor_repr(torch.ones(1, dtype=torch.complex64)) == "tensor([1.+0.j], dtype=torch.complex64)"
    assert tensor_repr(torch.ones(1, dtype=torch.complex128)) == "tensor([1.+0.j])"


def test_gradient_notes():
    x = torch.ones(2, requires_grad=True)
    assert tensor_repr(x) == "tensor([1., 1.], requires_grad=True)"
    assert tensor_repr(x + 1) == "tensor([2., 2.], grad_fn=<AddBackward0>)"
    assert tensor_repr((x + 1).detach()) == "tensor([2., 2.])"


class NodeOfCpp:
    def name(self):
        return "torch::autograd::CopySlices"


class Stub:
    """The least that a tensor must have to be printed."""

    shape = (2,)
    dtype = dtypes.float32
    requires_grad = True
    is_leaf = False

    def __init__(self, node):
        self.node = node

    @property
    def grad_fn(self):
        if isinstance(self.node, Exception):
            raise self.node
        return self.node

    def numel(self):
        return 2

    def _array(self):
        return np.ones(2, np.float32)


def test_names_of_odd_nodes():
    assert tensor_repr(Stub(NodeOfCpp())) == "Stub([1., 1.], grad_fn=<CopySlices>)"
    assert tensor_repr(Stub(RuntimeError("stale view"))) == "Stub([1., 1.], grad_fn=<Invalid>)"


def test_a_note_without_room_takes_a_line():
    x = torch.ones(2, requires_grad=True)
    with printoptions(linewidth=36):
        assert tensor_repr(x) == "tensor([1., 1.],\n       requires_grad=True)"
    with printoptions(linewidth=37):
        assert tensor_repr(x) == "tensor([1., 1.], requires_grad=True)"


def test_contents_given():
    x = torch.ones(4, requires_grad=True)
    assert tensor_repr(x, tensor_contents="abc") == "tensor(abc, requires_grad=True)"
    assert tensor_repr(torch.zeros(0, 3), tensor_contents="abc") == "tensor(abc, size=(0, 3))"


class Mine(torch.Tensor):
    pass


def test_subclasses_and_parameters():
    from rushlight.nn.parameter import Parameter

    class Weight(Parameter):
        pass

    assert tensor_repr(torch.ones(2).as_subclass(Mine)) == "Mine([1., 1.])"
    assert repr(Parameter(torch.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert repr(Weight(torch.ones(2))) == "Parameter containing:\nParameter(Weight([1., 1.], requires_grad=True))"
    marked = torch.ones(2).as_subclass(Mine)
    marked._is_param = True
    assert tensor_repr(marked) == "Parameter(Mine([1., 1.]))"


# ------------------------------------------------------------ summaries
def test_a_summary_shows_the_edges():
    assert tensor_repr(torch.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    with printoptions(threshold=3, edgeitems=1):
        assert tensor_repr(torch.arange(8).reshape(4, 2)) == "tensor([[0, 1],\n        ...,\n        [6, 7]])"
    with printoptions(threshold=3, edgeitems=0):
        assert tensor_repr(torch.arange(4)) == "tensor([...], size=(4,))"
        assert tensor_repr(torch.arange(3)) == "tensor([0, 1, 2], size=(3,))"


def test_what_is_hidden_does_not_decide_the_width():
    t = torch.zeros(2000)
    t[1000] = 1e30
    assert tensor_repr(t) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"


@pytest.mark.parametrize("shape", [(6000, 6000), (2, 18_000_000)])
def test_a_huge_tensor_prints_at_once(shape):
    # 36 million numbers that take no memory: to read them all would take much longer than the bound
    class Huge(Stub):
        def numel(self):
            return shape[0] * shape[1]

        def _array(self):
            return np.broadcast_to(np.float64(1.5), shape)

    Huge.shape = shape
    start = time.perf_counter()
    text = tensor_repr(Huge(None))
    assert time.perf_counter() - start < 0.02
    assert text.startswith("Huge([[1.5000, 1.5000, 1.5000,  ..., 1.5000, 1.5000, 1.5000],\n")


# ------------------------------------------------------------ options
def test_options_are_set_and_restored():
    set_printoptions(precision=2, sci_mode=True)
    assert get_printoptions() == dict(precision=2, threshold=1000, edgeitems=3, linewidth=80, sci_mode=True)
    assert shown([1.5]) == "tensor([1.50e+00])"
    with pytest.raises(KeyError), printoptions(precision=1, profile="full"):
        assert shown([1.25]) == "tensor([1.2])"
        raise KeyError
    assert shown([1.5]) == "tensor([1.50e+00])"
    set_printoptions(profile="short")
    assert repr(printing.PRINT_OPTS) == (
        "__PrinterOptions(precision=2, threshold=1000, edgeitems=2, linewidth=80, sci_mode=None)")


def test_unknown_option():
    with pytest.raises(TypeError, match="unexpected keyword argument 'digits'"):
        set_printoptions(digits=2)


# ------------------------------------------------------------ format
def test_format_of_a_number_is_that_of_python():
    assert tensor_format(torch.tensor(1.5), ".2f") == "1.50"
    assert tensor_format(torch.tensor(3), "5d") == "    3"
    assert tensor_format(torch.tensor(True), "") == "True"
    assert tensor_format(torch.tensor(0.1), "") == "0.10000000149011612"
    assert tensor_format(torch.tensor(1 + 2j), ".1f") == "1.0+2.0j"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        tensor_format(torch.tensor(1.5), "d")


def test_format_of_more_takes_no_spec():
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Tensor.__format__$"):
        tensor_format(torch.zeros(2), ".2f")
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Mine.__format__$"):
        tensor_format(torch.tensor(1.0).as_subclass(Mine), ".2f")


def test_in_a_users_program():
    loss = torch.tensor(0.123456, requires_grad=True)
    assert f"{loss:.3f} {torch.tensor([1.0, 2.0])} {torch.arange(3)!r:>18}" == "0.123 tensor([1., 2.])  tensor([0, 1, 2])"
    assert str(torch.zeros(2, 2)) == "tensor([[0., 0.],\n        [0., 0.]])"


# ------------------------------------------------------------ against PyTorch
FLOATS = ["float16", "float32", "float64", "complex64", "complex128"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"]
BOUNDS = [1, 1000, 1001, 0.001, 1e-4, 9.9999e-5, 1e8, 1e8 + 8, 100.5, 99999.99, 9.99995, -1, 0.00004, 0.5]


def reals(rng, shape):
    """Numbers that try one rule of formatting or another."""
    draw = rng.choice([
        lambda: rng.normal(size=shape),
        lambda: rng.integers(-9, 10, shape).astype(float),
        lambda: rng.integers(-10**10, 10**10, shape).astype(float),
        lambda: rng.normal(size=shape) * 10.0 ** rng.integers(-6, 6, shape),
        lambda: rng.normal(size=shape) * 10.0 ** -rng.integers(3, 40),
        lambda: rng.normal(size=shape) * 10.0 ** rng.integers(3, 38),
        lambda: rng.integers(-2000, 2000, shape) / 2,
        lambda: rng.choice(BOUNDS, shape),
    ])
    values = np.array(draw())
    odd = rng.random(shape) < 0.05 * rng.integers(0, 2)
    values[odd] = rng.choice([nan, inf, -inf, 0.0, -0.0], shape)[odd]
    return values


def sample(rng):
    sizes = [(), (5,), (40,), (1500,), (0,), (2, 0, 3), (6, 3), (20, 15), (7, 300), (4, 9, 5), (3, 2, 3, 8)]
    shape = sizes[rng.integers(len(sizes))]
    name = str(rng.choice(FLOATS * 3 + INTEGERS))
    with np.errstate(all="ignore"):
        if name == "bool":
            values = rng.random(shape) < 0.5
        elif name in INTEGERS:
            info = np.iinfo(name)
            values = rng.integers(max(info.min, -300), info.max, shape, dtype=name)
        elif name in FLOATS[3:]:
            values = reals(rng, shape) + 1j * np.where(rng.random() < 0.9, reals(rng, shape), 0)
        else:
            values = reals(rng, shape)
        return np.asarray(values).astype(name)


def some_options(rng):
    pool = {
        "precision": [0, 1, 2, 6, 9], "threshold": [0, 5, 100, inf], "edgeitems": [0, 1, 2, 5, 10],
        "linewidth": [10, 30, 50, 79, 81, 120, 300], "profile": ["short", "default", "full"], "sci_mode": [True, False],
    }
    return {name: random.choice(choices) for name, choices in pool.items() if rng.random() < 0.25}


@pytest.mark.parametrize("seed", range(6))
def test_as_pytorch_prints(oracle, seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        values, options = sample(rng), some_options(rng)
        grad = values.dtype.kind in "fc" and rng.random() < 0.3
        with oracle._tensor_str.printoptions(**options), printoptions(**options):
            assert get_printoptions() == oracle._tensor_str.get_printoptions()
            theirs = repr(oracle.from_numpy(values).requires_grad_(grad))
            ours = tensor_repr(torch.from_numpy(values).requires_grad_(grad))
        assert ours == theirs, (values.dtype, values.shape, options)


@pytest.mark.parametrize("spec", ["", ".2f", "8.1e", "d", ">10", "x", ".3g"])
def test_as_pytorch_formats(oracle, spec):
    for value in (1.5, 3, True, 2 - 1j, nan, [1.0], [[1, 2]], []):
        results = []
        for make, form in ((oracle.tensor, format), (torch.tensor, tensor_format)):
            try:
                results.append(form(make(value), spec))
            except (TypeError, ValueError) as error:
                results.append((type(error), str(error)))
        assert results[0] == results[1], value
