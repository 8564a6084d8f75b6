"""roll, rot90, repeat, meshgrid, combinations and their kin against PyTorch."""
import pytest
import rushlight as torch
from op_expressions import agree, lines

VALUES = lines("""
    x.roll(1)
    x.roll(-2, 0)
    x.roll((1, 2), (0, 1))
    T.roll(c3, shifts=5, dims=-1)
    T.roll(e, 1, 0)
    x.rot90()
    x.rot90(2)
    T.rot90(x, -1, [1, 0])
    T.rot90(c3, 3, (1, 2))
    x.rot90(4)
    x.repeat(2, 2)
    x.repeat((1, 3))
    x.repeat(2, 1, 1)
    v.repeat(3)
    z.repeat(2, 2)
    x.repeat(0, 2)
    x.t().repeat(1, 2)
    x.tile(2)
    x.tile((2, 1, 1))
    T.tile(x, (2, 2))
    T.tile(x, dims=(3,))
    x.repeat_interleave(2)
    x.repeat_interleave(2, 0)
    x.repeat_interleave(3, dim=-1)
    x.repeat_interleave(T.tensor([1, 2, 0]), 0)
    x.repeat_interleave(T.tensor([2]), 0)
    T.repeat_interleave(x, T.tensor([1, 2, 3]), dim=0, output_size=6)
    v.repeat_interleave(T.tensor([2, 0, 1, 1]))
    T.repeat_interleave(li)
    z.repeat_interleave(3)
    x.repeat_interleave(T.tensor(2), 1)
    T.meshgrid(v, u, indexing="ij")
    T.meshgrid(v, u, indexing="xy")
    T.meshgrid([v, z], indexing="xy")
    T.meshgrid(v, u, z, indexing="xy")
    T.meshgrid(v, indexing="ij")
    T.cartesian_prod(v, u)
    T.cartesian_prod(v, u, v)
    T.combinations(v)
    T.combinations(v, 3, with_replacement=True)
    T.combinations(v, r=1)
    T.broadcast_tensors(x, v)
    T.broadcast_tensors(u.unsqueeze(1), v, z)
    T.block_diag(x, v, z)
    T.block_diag(x)
    T.block_diag(li, x)
    T.broadcast_to(x, (2, 3, 4))
    x.sum_to_size(1, 4)
""")
REFUSALS = lines("""
    x.roll((1, 2), (0,))
    x.roll((1, 2))
    x.roll(())
    x.roll(1, 7)
    x.rot90(1, (0, 0))
    x.rot90(1, (0, 1, 2))
    v.rot90()
    x.rot90(1, (1, 5))
    x.repeat(2)
    x.repeat(-1, 2)
    z.repeat()
    x.repeat_interleave(T.tensor([1, 2]), 0)
    x.repeat_interleave(T.tensor([1, -2, 1]), 0)
    x.repeat_interleave(T.tensor([1.0, 2, 3]), 0)
    x.repeat_interleave(T.tensor([1, 2, 3]), 0, output_size=7)
    T.repeat_interleave(x, -1)
    x.repeat_interleave(T.tensor([[1, 2]]))
    T.meshgrid(v, indexing="foo")
    T.meshgrid(v, li, indexing="ij")
    T.meshgrid(indexing="ij")
    T.cartesian_prod(x, v)
    T.combinations(x)
    T.combinations(v, -1)
    T.broadcast_tensors(x, v[:3])
    T.block_diag(c3)
    x.sum_to_size(2, 4)
""")


@pytest.mark.parametrize("expression", VALUES)
def test_values_gradients_and_double_gradients(oracle, expression):
    agree(oracle, expression, double=True)


@pytest.mark.parametrize("expression", REFUSALS)
def test_refusals(oracle, expression):
    assert isinstance(agree(oracle, expression), Exception)


@pytest.mark.parametrize("expression", ["x.roll(1)", "x.repeat(2, 1)", "x.repeat_interleave(2, 1)", "T.block_diag(x, v)", "x.rot90()"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_floats(oracle, expression, dtype):
    agree(oracle, expression, dtype)


@pytest.mark.parametrize("expression", ["li.roll(1)", "b.repeat(2)", "lm.repeat_interleave(2)", "bm.rot90()", "T.block_diag(li, b)",
                                        "T.cartesian_prod(li, li)", "T.combinations(li, 2)", "T.combinations(v.detach(), 0)"])
def test_integers_and_bools(oracle, expression):
    agree(oracle, expression)


@pytest.mark.parametrize("expression", lines("""
    x.unsafe_chunk(2)
    T.unsafe_split(x, 2)
    T.unsafe_split_with_sizes(x, (1, 2))
    T.narrow_copy(x, 1, 1, 2)
    T.view_copy(x, (12,))
    T.t_copy(x)
    T.permute_copy(c3, (2, 0, 1))
    T.split_copy(x, 2)
    T.unbind_copy(x)
    T.slice_copy(x, 0, 1, 3)
    T.select_copy(x, 1, 2)
    T.expand_copy(v, (2, 4))
    T.unfold_copy(x, 1, 2, 1)
    T.as_strided_copy(x, (2,), (1,))
    c3.sum_to_size((3, 1))
    c3.sum_to_size(4)
"""))
def test_views_as_copies(oracle, expression):
    agree(oracle, expression, name=False)


@pytest.mark.parametrize("shapes", [((2, 1), (3,)), ((2,), (3,)), (2, (3, 1)), ((-2,), (3,)), ((), (4, 5)), ((1, 2), (3, 1), (3, 4))])
def test_broadcast_shapes(oracle, shapes):
    def of(module):
        try:
            return tuple(module.broadcast_shapes(*shapes))
        except Exception as error:
            return type(error).__name__, str(error)

    assert of(torch) == of(oracle)
    assert not isinstance(of(torch), torch.Size)


def test_meshgrid_warns_where_the_indexing_is_not_said():
    with pytest.warns(UserWarning, match="torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."):
        rows, columns = torch.meshgrid(torch.arange(2), torch.arange(3))
    assert rows.tolist() == [[0, 0, 0], [1, 1, 1]] and columns.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_repeated_elements_are_no_views():
    x = torch.tensor([1, 2])
    y = x.repeat(2)
    y += 1
    assert x.tolist() == [1, 2] and y.tolist() == [2, 3, 2, 3]
    assert x.repeat_interleave(2).tolist() == [1, 1, 2, 2]
