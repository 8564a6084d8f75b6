"""embedding, embedding_bag and one_hot against PyTorch."""
import numpy as np
import pytest
import rushlight as torch
from op_compare import same

F = torch.nn.functional


def table(rows=6, width=4):
    return np.random.default_rng(0).standard_normal((rows, width))


def indices(*shape, high=6):
    return np.asarray(np.random.default_rng(1).integers(0, high, shape), np.int64)


@pytest.mark.parametrize("padding", [None, 0, 2, -1])
@pytest.mark.parametrize("by_frequency", [False, True])
@pytest.mark.parametrize("shape", [(5,), (3, 7), (), (0,), (2, 0)])
def test_embedding(oracle, padding, by_frequency, shape):
    same(oracle, lambda T, w, i: T.nn.functional.embedding(i, w, padding, scale_grad_by_freq=by_frequency), [table(), indices(*shape)],
         double=0 not in shape and not by_frequency)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_embedding_of_narrow_floats(oracle, dtype):
    same(oracle, lambda T, w, i: T.nn.functional.embedding(i, w), [table(), indices(3, 7)], dtype)


def test_int32_indices_and_torch_embedding(oracle):
    same(oracle, lambda T, w, i: T.nn.functional.embedding(i.int(), w), [table(), indices(3)])
    same(oracle, lambda T, w, i: T.embedding(w, i), [table(), indices(3)])


@pytest.mark.parametrize("norm", [1.0, 2.0])
def test_max_norm_rescales_the_rows_in_the_table(oracle, norm):
    def case(T, w, i):
        w = w.detach().clone().requires_grad_()
        out = T.nn.functional.embedding(i, w, max_norm=1.0, norm_type=norm)
        return out, w.detach()
    same(oracle, case, [table(), indices(2, 3, high=4)])


@pytest.mark.parametrize("case", [
    lambda T, w: T.nn.functional.embedding(T.tensor([7]), w),
    lambda T, w: T.nn.functional.embedding(T.tensor([-1]), w),
    lambda T, w: T.nn.functional.embedding(T.tensor([3]) + 4, w),
    lambda T, w: T.nn.functional.embedding(T.tensor([1.0]), w),
    lambda T, w: T.nn.functional.embedding(T.tensor([1]).to(T.int8), w),
    lambda T, w: T.nn.functional.embedding(T.tensor([1]), w[0]),
    lambda T, w: T.nn.functional.embedding(T.tensor([1]), w, padding_idx=9),
    lambda T, w: T.nn.functional.embedding(T.tensor([1]), w, padding_idx=-9),
])
def test_embedding_refusals(oracle, case):
    assert isinstance(same(oracle, case, [table()]), Exception)


def test_sparse_gradients_are_refused_with_a_way_out():
    with pytest.raises(NotImplementedError, match="sparse=False"):
        F.embedding(torch.tensor([1]), torch.ones(3, 2, requires_grad=True), sparse=True)
    assert F.embedding(torch.tensor([1]), torch.ones(3, 2), sparse=True).shape == (1, 2)


# ------------------------------------------------------------------ bags
FLAT, OFFSETS = np.array([1, 2, 4, 5, 4, 3, 2, 1]), np.array([0, 4, 4, 7])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding", [None, 4, -2])
def test_bags(oracle, mode, padding):
    f = dict(mode=mode, padding_idx=padding)
    same(oracle, lambda T, w, i, o: T.nn.functional.embedding_bag(i, w, o, **f), [table(), FLAT, OFFSETS])
    same(oracle, lambda T, w, i: T.nn.functional.embedding_bag(i, w, **f), [table(), indices(3, 5)])
    same(oracle, lambda T, w, i, o: T.nn.functional.embedding_bag(i, w, o, include_last_offset=True, **f),
         [table(), FLAT, np.array([0, 4, 8])])
    same(oracle, lambda T, w, i, o: T.nn.functional.embedding_bag(i.int(), w, o.int(), **f), [table(), FLAT, OFFSETS], "float32")


def test_bags_by_frequency():
    """Not compared: PyTorch's kernel takes some counts from a neighbouring index."""
    w = torch.ones(6, 1, requires_grad=True)
    F.embedding_bag(torch.tensor(FLAT), w, torch.tensor(OFFSETS), mode="sum", scale_grad_by_freq=True).sum().backward()
    assert w.grad.flatten().tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("padding", [None, 4])
def test_bags_with_weights(oracle, padding):
    weights = np.random.default_rng(4).random(8)
    same(oracle, lambda T, w, i, o, s: T.nn.functional.embedding_bag(i, w, o, mode="sum", per_sample_weights=s, padding_idx=padding),
         [table(), FLAT, OFFSETS, weights])
    same(oracle, lambda T, w, i, s: T.nn.functional.embedding_bag(i.view(2, 4), w, mode="sum", per_sample_weights=s.view(2, 4)),
         [table(), FLAT, weights])


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_what_torch_embedding_bag_returns(oracle, mode):
    same(oracle, lambda T, w, i, o: T.embedding_bag(w, i, o, mode=mode)[0], [table(), FLAT, OFFSETS[[0, 1, 3]]])
    mine = torch.embedding_bag(torch.ones(6, 2), torch.tensor(FLAT), torch.tensor([0, 4]), mode=mode)
    its = oracle.embedding_bag(oracle.ones(6, 2), oracle.tensor(FLAT), oracle.tensor([0, 4]), mode=mode)
    assert [t.tolist() for t in mine[:3]] == [t.tolist() for t in its[:3]]


@pytest.mark.parametrize("case", [
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0, 4]), mode="mean", per_sample_weights=T.rand(8)),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0, 4]), mode="sum", per_sample_weights=T.rand(7)),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0, 4]), mode="sum", per_sample_weights=T.rand(8)),
    lambda T, w, i: T.nn.functional.embedding_bag(i.view(2, 4), w, T.tensor([0, 4])),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([[0, 4]])),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0, 40])),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0, 4]), mode="median"),
    lambda T, w, i: T.nn.functional.embedding_bag(i.view(2, 2, 2), w),
    lambda T, w, i: T.nn.functional.embedding_bag(i + 3, w.float(), T.tensor([0])),
    lambda T, w, i: T.nn.functional.embedding_bag(i.float(), w, T.tensor([0])),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0]), mode="max", scale_grad_by_freq=True),
    lambda T, w, i: T.nn.functional.embedding_bag(i, w, T.tensor([0]), padding_idx=6),
])
def test_bag_refusals(oracle, case):
    assert isinstance(same(oracle, case, [table(), FLAT]), Exception)


# ------------------------------------------------------------------ one_hot
@pytest.mark.parametrize("case", [
    lambda T: T.nn.functional.one_hot(T.tensor([0, 2, 1])),
    lambda T: T.nn.functional.one_hot(T.tensor([[0, 2], [1, 1]]), 5),
    lambda T: T.nn.functional.one_hot(T.tensor(3)),
    lambda T: T.nn.functional.one_hot(T.tensor([0, 2, 1]), 2),
    lambda T: T.nn.functional.one_hot(T.tensor([0, -2, 1])),
    lambda T: T.nn.functional.one_hot(T.tensor([0, 2, 1]).int()),
    lambda T: T.nn.functional.one_hot(T.zeros(0).long()),
    lambda T: T.nn.functional.one_hot(T.zeros(0).long(), 3),
    lambda T: T.nn.functional.one_hot(T.tensor([0, 2, 1]), 0),
])
def test_one_hot(oracle, case):
    same(oracle, case)


def test_known_answers_without_the_oracle():
    assert F.one_hot(torch.tensor([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    F.embedding(torch.tensor([1, 1, 0]), w).sum().backward()
    assert w.grad.tolist() == [[1.0, 1.0], [2.0, 2.0]]
