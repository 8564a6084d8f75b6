"""Distances, similarities, normalize and bilinear against PyTorch."""
import numpy as np
import pytest
from op_compare import same


def numbers(*shape, seed=0):
    return np.array(np.random.default_rng(seed).standard_normal(shape))


PAIRS = [((3, 4), (3, 4)), ((3, 4), (1, 4)), ((2, 3, 4), (3, 4)), ((4,), (4,))]


@pytest.mark.parametrize("a, b", PAIRS)
@pytest.mark.parametrize("p", [0.0, 0.5, 1, 2.0, 3, float("inf")])
@pytest.mark.parametrize("keepdim", [False, True])
def test_pairwise_distance(oracle, a, b, p, keepdim):
    same(oracle, lambda T, x, y: T.nn.functional.pairwise_distance(x, y, p, keepdim=keepdim), [numbers(*a), numbers(*b, seed=1)], name=False)


@pytest.mark.parametrize("a, b", PAIRS)
@pytest.mark.parametrize("dim", [0, -1])
def test_cosine_similarity(oracle, a, b, dim):
    same(oracle, lambda T, x, y: T.nn.functional.cosine_similarity(x, y, dim), [numbers(*a), numbers(*b, seed=1)], double=True)


def test_cosine_similarity_of_nothing_and_integers(oracle):
    same(oracle, lambda T, x: T.cosine_similarity(x, x * 0, 1), [numbers(3, 4)], grad=False)
    assert isinstance(same(oracle, lambda T: T.cosine_similarity(T.ones(2, 2).long(), T.ones(2, 2).long())), RuntimeError)
    same(oracle, lambda T, x, y: T.nn.functional.cosine_similarity(x, y), [numbers(3, 4), numbers(2, 4)])
    same(oracle, lambda T, x: T.nn.functional.cosine_similarity(x, x, 5), [numbers(3, 4)])


@pytest.mark.parametrize("p", [1, 2.0, 3.5, float("inf")])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_normalize(oracle, p, dim):
    same(oracle, lambda T, x: T.nn.functional.normalize(x, p, dim), [numbers(3, 4, 2)], double=p == 2)


def test_normalize_of_zeros_and_into_a_tensor(oracle):
    same(oracle, lambda T, x: T.nn.functional.normalize(x), [np.zeros((2, 3))])
    same(oracle, lambda T, x: T.nn.functional.normalize(x, out=T.empty(2, 3, dtype=x.dtype)), [numbers(2, 3)], grad=False)


@pytest.mark.parametrize("p", [0.0, 0.7, 1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("a, b", [((3, 4), (5, 4)), ((2, 3, 4), (2, 5, 4)), ((2, 1, 3, 4), (6, 5, 4)), ((3, 4), (0, 4))])
def test_cdist(oracle, p, a, b):
    # the tape name is compared where PyTorch takes one kernel
    same(oracle, lambda T, x, y: T.cdist(x, y, p), [numbers(*a), numbers(*b, seed=1)], name=0 not in b)


@pytest.mark.parametrize("a, b", [((30, 4), (5, 4)), ((2, 30, 4), (2, 30, 4)), ((2, 1, 3, 4), (6, 27, 4))])
def test_cdist_by_a_matrix_product(oracle, a, b):
    same(oracle, lambda T, x, y: T.cdist(x, y), [numbers(*a), numbers(*b, seed=1)], name=False, tolerance=1e-6)
    same(oracle, lambda T, x, y: T.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"), [numbers(*a), numbers(*b, seed=1)])


def test_several_greatest_components(oracle):
    x = np.array([[1.0, 2, 3], [4, 5, 4]])
    same(oracle, lambda T, x: T.pdist(x, p=float("inf")), [x])
    same(oracle, lambda T, x: T.cdist(x, x[:1] * 1, p=float("inf")), [x])


def test_cdist_of_a_point_with_itself_has_no_gradient(oracle):
    same(oracle, lambda T, x: T.cdist(x, x * 1), [numbers(4, 3)])


@pytest.mark.parametrize("case", [
    lambda T, x, y: T.cdist(x, y[:, :3]), lambda T, x, y: T.cdist(x[None].expand(3, 3, 4), y[None].expand(2, 3, 4)),
    lambda T, x, y: T.cdist(x[0], y), lambda T, x, y: T.cdist(x, y[0]), lambda T, x, y: T.cdist(x, y, p=-1),
    lambda T, x, y: T.cdist(x, y, compute_mode="foo"), lambda T, x, y: T.cdist(x.long(), y.long()), lambda T, x, y: T.cdist(x, y.float()),
    lambda T, x, y: T.pdist(x[None]), lambda T, x, y: T.pdist(x, -1.0), lambda T, x, y: T.pdist(x.long()),
    lambda T, x, y: T.pairwise_distance(x, y[:2]),
])
def test_refusals(oracle, case):
    assert isinstance(same(oracle, case, [numbers(3, 4), numbers(3, 4)]), Exception)


@pytest.mark.parametrize("p", [0.0, 1.0, 1.5, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_pdist(oracle, p, rows):
    same(oracle, lambda T, x: T.nn.functional.pdist(x, p), [numbers(rows, 3)], grad=rows > 1)


@pytest.mark.parametrize("lead", [(3,), (2, 3), ()])
@pytest.mark.parametrize("bias", [False, True])
def test_bilinear(oracle, lead, bias):
    arrays = [numbers(*lead, 4), numbers(*lead, 5, seed=1), numbers(6, 4, 5, seed=2)] + [numbers(6, seed=3)] * bias
    same(oracle, lambda T, *a: T.nn.functional.bilinear(*a), arrays, double=True, name=False)


@pytest.mark.parametrize("a, b, w, bias", [((3, 5), (3, 5), (2, 5, 6), None), ((3, 4), (2, 6), (2, 4, 6), None),
                                           ((3, 4), (3, 6), (2, 5, 6), None), ((3, 4), (3, 6), (2, 4, 6), (3,)), ((3, 4), (2, 3, 6), (2, 4, 6), None)])
def test_bilinear_refusals(oracle, a, b, w, bias):
    arrays = [numbers(*a), numbers(*b), numbers(*w)] + ([numbers(*bias)] if bias else [])
    assert isinstance(same(oracle, lambda T, *a: T.nn.functional.bilinear(*a), arrays), RuntimeError)
