"""Losses against PyTorch: values, gradients, reductions, weights, dtypes, errors and warnings."""
import warnings

import numpy as np
import pytest
import rushlight as torch
from op_compare import same

F = torch.nn.functional
REDUCTIONS = ["mean", "sum", "none"]
pytestmark = pytest.mark.filterwarnings("ignore")


def numbers(*shape, seed=0):
    return np.array(np.random.default_rng(seed).standard_normal(shape))


def units(*shape, seed=0):
    return np.array(np.random.default_rng(seed).random(shape) * 0.98 + 0.01)


def signs(*shape, seed=0):
    return np.where(np.random.default_rng(seed).random(shape) < 0.5, -1.0, 1.0)


def classes(high, *shape, seed=0):
    return np.asarray(np.random.default_rng(seed).integers(0, high, shape), np.int64)


# ------------------------------------------------------------------ classes
SHAPES = [((3, 5), (3,)), ((5,), ()), ((2, 3, 4, 4), (2, 4, 4)), ((2, 3, 4), (2, 4)), ((2, 3, 4, 2, 2), (2, 4, 2, 2))]


def count(shape):
    return shape[0 if len(shape) == 1 else 1]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignore", [-100, 1])
@pytest.mark.parametrize("shape, target", SHAPES)
def test_cross_entropy_and_nll_loss(oracle, shape, target, weighted, ignore, reduction):
    t, w = classes(count(shape), *target), units(count(shape)) if weighted else None
    named = reduction != "none" or len(shape) not in (3, 5)     # there PyTorch's result is a view of one

    def weight(T, x):
        return None if w is None else T.from_numpy(w.copy()).to(x.dtype)

    for f in ("cross_entropy", "nll_loss"):
        same(oracle, lambda T, x, y: getattr(T.nn.functional, f)(x, y, weight(T, x), ignore_index=ignore, reduction=reduction),
             [numbers(*shape), t], double=True, name=named)
    same(oracle, lambda T, x, y: T.nn.functional.cross_entropy(x, y, weight(T, x), ignore_index=ignore, reduction=reduction,
                                                               label_smoothing=0.2), [numbers(*shape), t], name=False)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize("shape", [(3, 5), (5,), (2, 3, 4, 4)])
def test_cross_entropy_of_probabilities(oracle, shape, smoothing, weighted, reduction):
    w = units(count(shape)) if weighted else None
    same(oracle, lambda T, x, y: T.nn.functional.cross_entropy(x, y, None if w is None else T.from_numpy(w), reduction=reduction,
                                                               label_smoothing=smoothing),
         [numbers(*shape), units(*shape)], double=True, name=False)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_cross_entropy_of_narrow_floats(oracle, dtype):
    same(oracle, lambda T, x, y: T.nn.functional.cross_entropy(x, y), [numbers(4, 6), classes(6, 4)], dtype)


@pytest.mark.parametrize("target", [[0, 12, 1], [0, -1, 1], [-100, -100, -100], [5, 0, 1]])
@pytest.mark.parametrize("f", ["cross_entropy", "nll_loss"])
def test_targets_out_of_range_and_ignored(oracle, f, target):
    same(oracle, lambda T, x, y: getattr(T.nn.functional, f)(x, y), [numbers(3, 5), np.array(target)], grad=False)


@pytest.mark.parametrize("f", ["cross_entropy", "nll_loss"])
def test_no_gradient_where_every_target_is_ignored(f):
    x = torch.zeros(3, 5, requires_grad=True)
    loss = getattr(F, f)(x, torch.full((3,), -100))
    loss.backward()
    assert np.isnan(loss.item()) and not x.grad.any()


def test_a_target_out_of_range_that_is_computed_is_found_when_the_step_runs():
    y = torch.tensor([3, 11, 1]) + 1
    loss = F.cross_entropy(torch.zeros(3, 5), y)
    with pytest.raises(IndexError, match="Target 12 is out of bounds."):
        loss.item()


BAD_CLASSES = [((3, 5), (2,)), ((3, 5), (3, 1)), ((5,), (3,)), ((), (3,)), ((2, 3, 4, 4), (2, 4, 5)), ((2, 3, 4, 4), (3, 4, 4)),
               ((2, 3, 4), (2, 5)), ((2, 3, 4, 2, 2), (2, 4, 2, 3)), ((2, 3, 4, 4), (2, 4)), ((3, 5), (3, 4))]


@pytest.mark.parametrize("shape, target", BAD_CLASSES)
def test_shapes_of_classes_that_do_not_fit(oracle, shape, target):
    for f in ("cross_entropy", "nll_loss"):
        assert isinstance(same(oracle, lambda T, x, y: getattr(T.nn.functional, f)(x, y), [numbers(*shape), classes(3, *target)]), Exception)


@pytest.mark.parametrize("dtype", ["int32", "bool", "float64", "uint8"])
def test_dtypes_of_targets(oracle, dtype):
    for f in ("cross_entropy", "nll_loss"):
        same(oracle, lambda T, x, y: getattr(T.nn.functional, f)(x, y.to(getattr(T, dtype))), [numbers(3, 5), classes(2, 3)])


@pytest.mark.parametrize("case", [
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, T.rand(4)),
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, T.rand(5, 1).double()),
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, T.rand(5)),
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, T.rand(5).double().requires_grad_()),
    lambda T, x, y: T.nn.functional.cross_entropy(x, x.detach(), T.rand(4)),
    lambda T, x, y: T.nn.functional.cross_entropy(x, x.detach(), ignore_index=1),
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, label_smoothing=1.5),
    lambda T, x, y: T.nn.functional.cross_entropy(x, y, reduction="foo"),
    lambda T, x, y: T.nn.functional.cross_entropy(x, 3),
    lambda T, x, y: T.nn.functional.cross_entropy(T.zeros(3, 5).long(), y),
    lambda T, x, y: T.nn.functional.cross_entropy(x, T.zeros(3, 5).long()),
    lambda T, x, y: T.nn.functional.nll_loss(T.zeros(3, 5).long(), y),
    lambda T, x, y: T.nn.functional.nll_loss(x, y, T.rand(4)),
])
def test_refusals_over_classes(oracle, case):
    assert isinstance(same(oracle, case, [numbers(3, 5), classes(5, 3)]), Exception)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape, target", [((0, 5), (0,)), ((0, 5, 2, 2), (0, 2, 2))])
def test_no_rows_at_all(oracle, shape, target, reduction):
    for f in ("cross_entropy", "nll_loss"):
        same(oracle, lambda T, x, y: getattr(T.nn.functional, f)(x, y, reduction=reduction), [numbers(*shape), classes(5, *target)])


def test_the_logits_may_be_written_over_after_cross_entropy(oracle):
    def case(T, x, y):
        logits = x * 1
        loss = T.nn.functional.cross_entropy(logits, y)
        logits.zero_()
        return loss
    same(oracle, case, [numbers(3, 5), classes(5, 3)])


def test_cross_entropy_knows_its_answer():
    loss = F.cross_entropy(torch.zeros(2, 4), torch.tensor([1, 3]))
    assert abs(loss.item() - np.log(4)) < 1e-6


# ------------------------------------------------------------------ elementwise
X, Y = numbers(4, 6), numbers(4, 6, seed=1)
PAIRS = {
    "mse_loss": lambda f, x, y, r: f.mse_loss(x, y, reduction=r),
    "l1_loss": lambda f, x, y, r: f.l1_loss(x, y, reduction=r),
    "smooth_l1_loss": lambda f, x, y, r: f.smooth_l1_loss(x, y, reduction=r, beta=0.7),
    "smooth_l1_loss beta 0": lambda f, x, y, r: f.smooth_l1_loss(x, y, reduction=r, beta=0.0),
    "huber_loss": lambda f, x, y, r: f.huber_loss(x, y, reduction=r, delta=0.6),
    "weighted mse_loss": lambda f, x, y, r: f.mse_loss(x, y, reduction=r, weight=y.detach().abs()),
    "weighted l1_loss": lambda f, x, y, r: f.l1_loss(x, y, reduction=r, weight=y.detach().abs()),
    "weighted huber_loss": lambda f, x, y, r: f.huber_loss(x, y, reduction=r, weight=y.detach().abs()),
    "binary_cross_entropy_with_logits": lambda f, x, y, r: f.binary_cross_entropy_with_logits(x, y, reduction=r),
    "poisson_nll_loss": lambda f, x, y, r: f.poisson_nll_loss(x, y, reduction=r),
    "poisson_nll_loss full": lambda f, x, y, r: f.poisson_nll_loss(x, y.detach() ** 2 * 2, full=True, reduction=r),
    "poisson_nll_loss rates": lambda f, x, y, r: f.poisson_nll_loss(x.abs(), y.abs(), log_input=False, reduction=r),
    "kl_div": lambda f, x, y, r: f.kl_div(x, y.abs(), reduction=r),
    "kl_div log_target": lambda f, x, y, r: f.kl_div(x, y, reduction=r, log_target=True),
    "gaussian_nll_loss": lambda f, x, y, r: f.gaussian_nll_loss(x, y, x.abs() + 0.1, reduction=r),
    "gaussian_nll_loss full": lambda f, x, y, r: f.gaussian_nll_loss(x, y, (y[:, 0] ** 2), full=True, reduction=r),
    "gaussian_nll_loss number": lambda f, x, y, r: f.gaussian_nll_loss(x, y, 0.5, reduction=r),
    "soft_margin_loss": lambda f, x, y, r: f.soft_margin_loss(x, y.detach().sign(), reduction=r),
    "multilabel_soft_margin_loss": lambda f, x, y, r: f.multilabel_soft_margin_loss(x, y, reduction=r),
    "hinge_embedding_loss": lambda f, x, y, r: f.hinge_embedding_loss(x, y.detach().sign(), 0.3, reduction=r),
    "margin_ranking_loss": lambda f, x, y, r: f.margin_ranking_loss(x, y, (x + y).detach().sign(), 0.3, reduction=r),
    "cosine_embedding_loss": lambda f, x, y, r: f.cosine_embedding_loss(x, y, y.detach()[:, 0].sign(), 0.1, reduction=r),
    "triplet_margin_loss": lambda f, x, y, r: f.triplet_margin_loss(x, y, x + y, reduction=r),
    "triplet_margin_loss swap": lambda f, x, y, r: f.triplet_margin_loss(x, y, 2 * x + y, p=1, swap=True, margin=2.0, reduction=r),
    "triplet_margin_with_distance_loss": lambda f, x, y, r: f.triplet_margin_with_distance_loss(x, y, x + y, reduction=r),
    "triplet_margin_with_distance_loss own": lambda f, x, y, r: f.triplet_margin_with_distance_loss(
        x, y, x * y, distance_function=lambda a, b: (a - b).abs().sum(-1), margin=3, swap=True, reduction=r),
}
# PyTorch's scalar subtraction and addition have tape names of their own there
OTHER_NAMES = {"cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss", "triplet_margin_loss swap"}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_pairs(oracle, name, reduction):
    same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x, y, reduction), [X, Y], double="poisson" not in name)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_in_float32_and_unknown_reductions(oracle, name):
    same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x, y, "mean"), [X, Y], "float32")
    assert isinstance(same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x, y, "foo"), [X, Y]), ValueError)


@pytest.mark.parametrize("name", ["mse_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "soft_margin_loss"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_pairs_of_narrow_floats(oracle, name, dtype):
    same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x, y, "mean"), [X, Y], dtype)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize("shapes", [((4, 6), (4, 1)), ((4, 6), (6,)), ((4, 1), (1, 3)), ((4, 6), (4, 5)), ((0, 3), (0, 3)), ((), ()), ((3,), ())])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_differences_broadcast(oracle, name, shapes, reduction):
    same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x, y, reduction), [numbers(*shapes[0]), numbers(*shapes[1], seed=1)])


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits",
                                  "kl_div", "poisson_nll_loss", "soft_margin_loss"])
@pytest.mark.parametrize("left, right", [("int64", "int64"), ("float32", "float64"), ("float32", "int64"), ("float64", "float32")])
def test_mixed_dtypes(oracle, name, left, right):
    same(oracle, lambda T, x, y: PAIRS[name](T.nn.functional, x.to(getattr(T, left)), y.to(getattr(T, right)), "mean"),
         [np.ones(3), np.ones(3)], grad=False, tolerance=1e-6)


def test_differences_at_their_corners(oracle):
    x = np.array([1.0, -1, 0, 0.5, -0.5, np.inf, -np.inf, np.nan])
    for f in (lambda T, x: T.nn.functional.smooth_l1_loss(x, T.zeros_like(x), reduction="none"),
              lambda T, x: T.nn.functional.huber_loss(x, T.zeros_like(x), reduction="none", delta=0.5)):
        same(oracle, lambda T, x: f(T, x), [x[:5]])
        same(oracle, lambda T, x: f(T, x), [x], grad=False)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, (6,), (4, 1), (4, 6)])
def test_binary_cross_entropy(oracle, weight, reduction):
    w = None if weight is None else units(*weight, seed=5)
    same(oracle, lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y, None if w is None else T.from_numpy(w), reduction=reduction),
         [units(4, 6), units(4, 6, seed=1)], double=True)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, (6,), (4, 6)])
@pytest.mark.parametrize("pos_weight", [None, (6,), (1,)])
def test_binary_cross_entropy_with_logits(oracle, pos_weight, weight, reduction):
    w = None if weight is None else units(*weight, seed=5)
    p = None if pos_weight is None else units(*pos_weight, seed=6)
    same(oracle, lambda T, x, y: T.nn.functional.binary_cross_entropy_with_logits(
        x, y, None if w is None else T.from_numpy(w), reduction=reduction, pos_weight=None if p is None else T.from_numpy(p)), [X, units(4, 6)])


def test_binary_cross_entropy_of_certainty(oracle):
    x, y = np.array([0.0, 0, 0.5, 1, 1]), np.array([0.0, 1, 0.3, 1, 0])
    same(oracle, lambda T, x: T.nn.functional.binary_cross_entropy(x, T.from_numpy(y), reduction="none"), [x])
    same(oracle, lambda T, x: T.nn.functional.binary_cross_entropy_with_logits(x, T.from_numpy(y), reduction="none"),
         [np.array([800.0, -800, 0, 50, np.inf])], grad=False)


@pytest.mark.parametrize("case", [
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y[:, :1]),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x * 9, y),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y - 9),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x * float("nan"), y),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y, T.rand(5)),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y.float()),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y, reduction="foo"),
    lambda T, x, y: T.nn.functional.binary_cross_entropy(T.ones(3).long(), T.ones(3).long()),
    lambda T, x, y: T.nn.functional.binary_cross_entropy_with_logits(x, y[:, :1]),
    lambda T, x, y: T.nn.functional.binary_cross_entropy_with_logits(x, y, pos_weight=T.rand(5)),
    lambda T, x, y: T.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="foo"),
    lambda T, x, y: T.nn.functional.smooth_l1_loss(x, y, beta=-1),
    lambda T, x, y: T.nn.functional.huber_loss(x, y, delta=0),
    lambda T, x, y: T.nn.functional.mse_loss(x, y, weight=y[:, :1]),
    lambda T, x, y: T.nn.functional.gaussian_nll_loss(x, y, -y),
    lambda T, x, y: T.nn.functional.gaussian_nll_loss(x, y, -1.0),
    lambda T, x, y: T.nn.functional.gaussian_nll_loss(x, y, y[:, :2]),
    lambda T, x, y: T.nn.functional.cosine_embedding_loss(x, y, y),
    lambda T, x, y: T.nn.functional.cosine_embedding_loss(x[0], y[0], y[0]),
    lambda T, x, y: T.nn.functional.cosine_embedding_loss(x, y, y[0, 0]),
    lambda T, x, y: T.nn.functional.cosine_embedding_loss(x, y[:, :3], y[:, 0]),
    lambda T, x, y: T.nn.functional.margin_ranking_loss(x, y, y[:, 0]),
    lambda T, x, y: T.nn.functional.triplet_margin_loss(x, y[:, :3], y),
    lambda T, x, y: T.nn.functional.triplet_margin_loss(x, y[0], y),
    lambda T, x, y: T.nn.functional.triplet_margin_loss(x, y, y, margin=-1),
    lambda T, x, y: T.nn.functional.triplet_margin_with_distance_loss(x, y[0], y),
    lambda T, x, y: T.nn.functional.triplet_margin_with_distance_loss(x, y, y, margin=0),
    lambda T, x, y: T.nn.functional.soft_margin_loss(x, y),
    lambda T, x, y: T.nn.functional.soft_margin_loss(x, y.detach()[:, :2]),
    lambda T, x, y: T.nn.functional.multilabel_soft_margin_loss(x, y[:, :2]),
    lambda T, x, y: T.nn.functional.kl_div(x, y[:, :5]),
    lambda T, x, y: T.nn.functional.hinge_embedding_loss(x, y[:, :2]),
])
def test_refusals_of_pairs(oracle, case):
    assert isinstance(same(oracle, case, [units(4, 6), units(4, 6, seed=1)]), Exception)


def test_kl_div_batchmean(oracle):
    same(oracle, lambda T, x, y: T.nn.functional.kl_div(x, y, reduction="batchmean"), [X, units(4, 6)])


@pytest.mark.parametrize("call, message", [
    (lambda x: F.mse_loss(x, x[:, :1]), "Using a target size"),
    (lambda x: F.l1_loss(x, x[:, :1]), "Using a target size"),
    (lambda x: F.smooth_l1_loss(x, x[:, :1]), "Using a target size"),
    (lambda x: F.huber_loss(x, x[:, :1]), "Using a target size"),
    (lambda x: F.mse_loss(x, x, size_average=False), "please use reduction='sum' instead"),
    (lambda x: F.cross_entropy(x, torch.zeros(2).long(), reduce=False), "please use reduction='none' instead"),
    (lambda x: F.kl_div(x, x.exp()), "reduction: 'mean' divides"),
])
def test_warnings(call, message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(torch.zeros(2, 3))
    assert any(message in str(w.message) for w in caught)


# ------------------------------------------------------------------ margins over classes
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape, target", [((4, 6), (4,)), ((6,), ()), ((6,), (1,))])
def test_multi_margin_loss(oracle, shape, target, weighted, p, reduction):
    w = units(6, seed=3) if weighted else None
    same(oracle, lambda T, x, y: T.nn.functional.multi_margin_loss(x, y, p, 0.8, None if w is None else T.from_numpy(w), reduction=reduction),
         [numbers(*shape), classes(6, *target)])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("target", [[[1, 2, -1, 0, 0, 0], [0, -1, 3, 3, 3, 3], [-1, 0, 0, 0, 0, 0], [5, 4, 3, 2, 1, 0]],
                                    [[1, 1, 2, -1, 0, 0], [3, 0, 3, -1, 1, 1], [0, 1, 2, 3, 4, -1], [2, 2, 2, 2, 2, 2]]])
def test_multilabel_margin_loss(oracle, target, reduction):
    same(oracle, lambda T, x, y: T.nn.functional.multilabel_margin_loss(x, y, reduction=reduction), [X, np.array(target)])
    same(oracle, lambda T, x, y: T.nn.functional.multilabel_margin_loss(x, y, reduction=reduction), [X[0].copy(), np.array(target[0])])


@pytest.mark.parametrize("case", [
    lambda T, x, i: T.nn.functional.multi_margin_loss(x, i, p=3),
    lambda T, x, i: T.nn.functional.multi_margin_loss(x, i, weight=T.rand(5).double()),
    lambda T, x, i: T.nn.functional.multi_margin_loss(x, i + 9),
    lambda T, x, i: T.nn.functional.multi_margin_loss(x, i[:2]),
    lambda T, x, i: T.nn.functional.multi_margin_loss(x[None], i),
    lambda T, x, i: T.nn.functional.multi_margin_loss(x, i.float()),
    lambda T, x, i: T.nn.functional.multilabel_margin_loss(x, i),
    lambda T, x, i: T.nn.functional.multilabel_margin_loss(x, T.full((4, 6), 7)),
    lambda T, x, i: T.nn.functional.multilabel_margin_loss(x, T.full((4, 6), -7)),
    lambda T, x, i: T.nn.functional.multilabel_margin_loss(x, T.ones(4, 6)),
])
def test_refusals_of_margins(oracle, case):
    assert isinstance(same(oracle, case, [X, classes(6, 4)]), Exception)


# ------------------------------------------------------------------ CTC
TARGETS, LENGTHS = np.array([[1, 2, 3], [1, 1, 2], [4, 0, 0]]), np.array([3, 3, 1])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("lengths", [[10, 9, 4], [10, 10, 10], [3, 2, 5], [7, 4, 1], [0, 10, 10]])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_loss(oracle, lengths, zero_infinity, reduction):
    lengths = np.array(lengths)
    short = lengths.min() < 4 and not zero_infinity     # infinite losses: their gradients are not numbers

    def case(T, x, t, i, n):
        return T.nn.functional.ctc_loss(x.log_softmax(-1), t, i, n, reduction=reduction, zero_infinity=zero_infinity)
    same(oracle, case, [numbers(10, 3, 5), TARGETS, lengths, LENGTHS], grad=not short)


@pytest.mark.parametrize("case", [
    lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([1, 2, 3, 1, 1]), T.tensor([10, 9]), T.tensor([3, 2])),
    lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 2, 3], [1, 1, 2]]), (10, 9), (3, 2), reduction="sum"),
    lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 2, 3], [1, 1, 2]]), T.tensor([10, 9]), T.tensor([3, 0]), reduction="none"),
    lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[0, 2, 3], [1, 1, 2]]), T.tensor([10, 9]), T.tensor([3, 2]), blank=4),
    lambda T, x: T.nn.functional.ctc_loss(x[:, 0], T.tensor([1, 2, 3]), T.tensor(10), T.tensor(3), reduction="none"),
    lambda T, x: T.nn.functional.ctc_loss(x[:, 0], T.tensor([1, 2, 3]), T.tensor(10), T.tensor(3)),
    lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 2, 3], [1, 1, 2]]).int(), T.tensor([10, 9]).int(), T.tensor([3, 2]).int()),
    lambda T, x: T.ctc_loss(x, T.tensor([[1, 2, 3], [1, 1, 2]]), T.tensor([10, 9]), T.tensor([3, 2]), 0, 2),
])
def test_ctc_loss_forms(oracle, case):
    same(oracle, case, [np.log(units(10, 2, 5))])


@pytest.mark.parametrize("case", [
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10, 9]), T.tensor([3, 2]), blank=7),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([11, 9]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10, 9]), T.tensor([4, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10, 9]), T.tensor([3])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10.0, 9]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t[:1], T.tensor([10, 9]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10, 9]), T.tensor([-3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, T.tensor([1, 2, 3, 1]), T.tensor([10, 9]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x.half(), t, T.tensor([10, 9]), T.tensor([3, 2])),
    lambda T, x, t: T.nn.functional.ctc_loss(x, t, T.tensor([10, 9]), T.tensor([3, 2]), reduction="foo"),
])
def test_ctc_loss_refusals(oracle, case):
    assert isinstance(same(oracle, case, [np.log(units(10, 2, 5)), TARGETS[:2].copy()]), Exception)


def test_the_modules_use_these(oracle):
    same(oracle, lambda T, x, y: T.nn.CrossEntropyLoss(label_smoothing=0.1)(x, y), [numbers(3, 5), classes(5, 3)])
    same(oracle, lambda T, x, y: T.nn.BCEWithLogitsLoss()(x, y), [X, units(4, 6)])
    same(oracle, lambda T, x, y: T.nn.TripletMarginLoss()(x, y, x * y), [X, Y], name=False)
