"""Questions about tensors, switches of the program, and methods of old, against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

pytestmark = pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")

EXPRESSIONS = lines("""
    T.ldexp(x, y)
    (x * 1).ldexp_(y)
    T.float_power(x + 9, 2)
    (x * 1).float_power_(3)
    (x.float() * 1).float_power_(3)
    T.float_power(li, 2)
    x.detach().heaviside(y.detach())
    x.detach().clone().heaviside_(y.detach())
    x.isneginf()
    T.isposinf(n)
    T.isposinf(li)
    T.frexp(x)
    T.frexp(li)
    str(T.result_type(x, li))
    str(T.result_type(li, 2.0))
    str(T.result_type(1, 2.0))
    str(T.result_type(f, z))
    str(T.result_type(li, b))
    str(T.result_type(True, 2))
    str(T.result_type(3, f))
    T.typename(x)
    T.typename(3)
    T.typename(T.nn.Linear)
    T.typename(li)
    T.typename(T.Tensor)
    T.typename(T.float32)
    T.typename("a")
    T.is_nonzero(z)
    T.is_nonzero(x)
    T.is_tensor(x)
    T.is_storage(x.untyped_storage())
    T.is_floating_point(3)
    T.numel(3)
    T.numel(x)
    T.is_complex(x)
    T.is_same_size(x, y)
    T.is_same_size(x, 3)
    T.get_device(x)
    T.zero_(x.detach())
    T.empty_permuted((2, 3, 4), (2, 0, 1)).stride()
    T.empty_permuted((2, 3, 4), (0, 1, 1))
    T.empty_permuted((2, 3), (0,))
    li.apply_(lambda q: q + 1)
    x.apply_(lambda q: q + 1)
    li.map_(li, lambda a, b: a + b)
    li.map2_(li, li, lambda a, b, c: a + b - c)
    x.map_(x, lambda a, b: a)
    T.ones(2).map_(T.ones(3), lambda a, b: a)
    T.ones(2).map_(3, lambda a, b: a)
    T.ones(2).map_(T.ones(2).long(), lambda a, b: a)
    T.ones(2).apply_(lambda a: "s")
    T.ones(2, 3).t().dim_order()
    x.dim_order()
    x.name
    x.coalesce()
    x.values()
    x.indices()
    x.is_coalesced()
    T.are_deterministic_algorithms_enabled()
    T.get_float32_matmul_precision()
    T.is_anomaly_enabled()
    T.is_autocast_cpu_enabled()
    str(T.get_autocast_cpu_dtype())
    str(T.get_autocast_gpu_dtype())
    x.detach().clone().resize_as_(v).shape
    T.spmm(x, x.t())
    T.functional.norm(x)
    x.new_zeros(2)
    x.new_full((2,), 3)
    x.new_tensor([1, 2])
    x.new_ones((2, 2), dtype=T.int64)
    x.new_empty((0, 2))
    x.new([1.0, 2])
    x.new(2, 3).shape
    x.type()
    x.ndimension()
    x.nelement()
    x.element_size()
""")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_answers(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", ["T.fill(x, 2)", "T.float_power(2, x)"])
def test_values_whose_tape_nodes_have_other_names(oracle, expression):
    agree(oracle, expression, name=False)


def test_return_types_are_found_by_name():
    pair = torch.ones(2, 3).max(1)
    assert isinstance(pair, torch.return_types.max) and torch.return_types.max is type(pair)
    with pytest.raises(AttributeError, match="module 'torch.return_types' has no attribute 'nothing'"):
        torch.return_types.nothing


def test_sparse_tensors_are_refused_by_name():
    with pytest.raises(NotImplementedError, match="Tensor.to_sparse: rushlight has no sparse tensors"):
        torch.ones(2).to_sparse()
    assert torch.ones(2).layout is torch.strided and torch.ones(2).layout != torch.sparse_coo
