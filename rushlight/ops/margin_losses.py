"""Losses with a margin: hinge, ranking, triplet, and those over classes. Source: torch.nn.functional."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .distance import pairwise_distance
from .losses import known, reduce_tensor, reduction_name


# ------------------------------------------------------------------ compositions
@public(method=False)
def hinge_embedding_loss(input, target, margin=1.0, reduction=1):
    """input where target is 1, max(0, margin - input) where it is -1."""
    zero = input.new_zeros(())
    far = Op.apply(A.where_op, (target != 1, Op.apply(A.clamp_min_op, (margin - input, 0)), zero))
    near = Op.apply(A.where_op, (target != -1, input, zero))
    return reduce_tensor(far + near, reduction_name(reduction))


@public(method=False)
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    """1 - cos where target is 1, max(0, cos - margin) where it is -1."""
    ndim = target._meta.ndim
    if ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    a, b = list(input1._meta.shape), list(input2._meta.shape)
    if ndim == 1 and not (len(a) == len(b) == 2):
        raise RuntimeError(f"1D target tensor expects 2D input tensors, but found inputs with sizes {a} and {b}.")
    if ndim == 0 and not (len(a) == len(b) == 1):
        raise RuntimeError(f"0D target tensor expects 1D input tensors, but found inputs with sizes {a} and {b}.")
    tiny = 1e-12
    product = (input1 * input2).sum(ndim)
    square1 = (input1 * input1).sum(ndim) + tiny
    square2 = (input2 * input2).sum(ndim) + tiny
    cosine = product / (square1 * square2).sqrt()
    zero = cosine.new_zeros(())
    near = Op.apply(A.where_op, (target == 1, 1 - cosine, zero))
    far = Op.apply(A.where_op, (target == -1, Op.apply(A.clamp_min_op, (cosine - margin, 0)), zero))
    return reduce_tensor(near + far, reduction_name(reduction))


@public(method=False)
def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    """max(0, -target * (input1 - input2) + margin)."""
    loss = Op.apply(A.clamp_min_op, (-target * (input1 - input2) + margin, 0))
    return reduce_tensor(loss, reduction_name(reduction))


def _same_ndim(anchor, positive, negative):
    a, p, n = anchor._meta.ndim, positive._meta.ndim, negative._meta.ndim
    if not a == p == n:
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
                           f"anchor {a}D, positive {p}D, and negative {n}D inputs")


@public(method=False)
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction=1):
    """max(0, distance(anchor, positive) - distance(anchor, negative) + margin)."""
    _same_ndim(anchor, positive, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = Op.apply(A.minimum_op, (far, pairwise_distance(positive, negative, p, eps)))
    return reduce_tensor(Op.apply(A.clamp_min_op, (margin + near - far, 0)), reduction_name(reduction))


def triplet_with_distance(anchor, positive, negative, distance, margin, swap, reduction):
    """triplet_margin_loss by a distance function."""
    _same_ndim(anchor, positive, negative)
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = Op.apply(A.minimum_op, (far, distance(positive, negative)))
    return reduce_tensor(Op.apply(A.clamp_min_op, (margin + near - far, 0)), reduction)


# ------------------------------------------------------------------ one class against the others
def _rows(x):
    return P.reshape(x, (1,) * (2 - x.ndim) + x.shape)


def _shares(x, target, weight, p, margin):
    """Per row and class: the hinge margin - x[target] + x, 0 at the target; and what a row weighs."""
    rows = _rows(x)
    n, classes = rows.shape
    index = P.reshape(P.cast(target, dt.int64), (n, 1))
    hinge = P.binary("add", P.binary("sub", P.const(margin, x.dtype), P.gather(rows, index, 1)), rows)
    other = P.binary("ne", P.reshape(P.iota(classes), (1, classes)), index)
    hinge = P.where(P.binary("and", other, P.binary("gt", hinge, P.const(0, x.dtype))), hinge, P.const(0, x.dtype))
    scale = P.const(1 / classes, x.dtype)
    if weight is not None:
        scale = P.binary("mul", P.reshape(P.index(weight, (P.reshape(index, (n,)),)), (n, 1)), scale)
    return rows, index, hinge, scale


def _multi_margin(x, target, weight, p, margin, reduction):
    rows, _, hinge, scale = _shares(x, target, weight, p, margin)
    loss = P.reduce("sum", P.binary("mul", P.binary("mul", hinge, hinge) if p == 2 else hinge, scale), (1,))
    if reduction == "none":
        return P.reshape(loss, target.shape)
    total = P.reduce("sum", loss, (0,))
    return P.binary("div", total, P.const(rows.shape[0], x.dtype)) if reduction == "mean" else total


def _multi_margin_slope(x, target, weight, p, margin, reduction):
    rows, index, hinge, scale = _shares(x, target, weight, p, margin)
    slope = P.binary("mul", hinge, P.const(2, x.dtype)) if p == 2 else \
        P.cast(P.binary("gt", hinge, P.const(0, x.dtype)), x.dtype)
    slope = P.binary("mul", slope, scale)
    if reduction == "mean":
        slope = P.binary("div", slope, P.const(rows.shape[0], x.dtype))
    at_target = P.unary("neg", P.reshape(P.reduce("sum", slope, (1,)), index.shape))
    return P.reshape(P.scatter(slope, index, at_target, 1, "add"), x.shape)


def _by_row(g, infos, reduction):
    """The gradient of a loss for each row, shaped to multiply the input."""
    shape = infos[0].shape
    if reduction == "none" and len(shape) == 2:
        return OPS["reshape_copy"](g, shape=(shape[0], 1))
    return g


multi_margin_slope = Op("multi_margin_slope", "input target weight", "p margin reduction", compute=_multi_margin_slope)
multi_margin_op = Op("multi_margin_loss", "input target weight", "p margin reduction", compute=_multi_margin,
                     grads={"input": lambda g, input, target, weight, infos, p, margin, reduction: A.mul_op(
                         _by_row(g, infos, reduction),
                         multi_margin_slope(input, target, weight, p=p, margin=margin, reduction=reduction))})


def _check_target(array, classes):
    if array.size and (array.min() < 0 or array.max() >= classes):
        raise RuntimeError("target out of range")


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """The mean over classes of max(0, margin - input[target] + input) to the power p, 1 or 2."""
    known(reduction)
    x, t = input._meta.shape, target._meta.shape
    if len(x) > 2 or (len(x) == 2 and x[1] == 0) or x == (0,):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x)}")
    rows, classes = (x[0], x[1]) if len(x) == 2 else (1, x[0] if x else 1)
    if (len(x) == 2 and t != (rows,)) or len(t) > 1 or (t and t[0] != rows):
        raise RuntimeError("multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
                           f"Expected target size [{rows}], but got {list(t)}. Input has shape {list(x)}.")
    if weight is not None and weight._meta.shape != (classes,):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight._meta.shape)}")
    if target.dtype is not dt.int64:
        raise RuntimeError(f"expected scalar type Long but found {dt.long_name(target.dtype)}")
    target = Op.checked(target, _check_target, (classes,))
    return Op.apply(multi_margin_op, (input, target, weight), (p, margin, reduction))


# ------------------------------------------------------------------ several classes against the others
def _targets(target):
    """Target lists of rows: indices (those that do not count as 0), and which count: all before the first -1."""
    rows = _rows(target)
    before = P.cumulative("min", P.cast(P.binary("ge", rows, P.const(0, dt.int64)), dt.int64), 1)
    counts = P.binary("eq", before, P.const(1, dt.int64))
    return P.where(counts, rows, P.const(0, dt.int64)), counts


def _marked(index, counts, dtype):
    """1 for each class that is a target, (N, C)."""
    return P.scatter(P.const(0, dtype, index.shape), index, P.cast(counts, dtype), 1, "amax")


def _pairs(x, target):
    """The hinges of every target against every other class, (N, targets, C)."""
    rows = _rows(x)
    index, counts = _targets(target)
    n, classes = rows.shape
    own = P.reshape(P.gather(rows, index, 1), (n, classes, 1))
    hinge = P.binary("add", P.binary("sub", P.const(1, x.dtype), own), P.reshape(rows, (n, 1, classes)))
    other = P.binary("eq", _marked(index, counts, x.dtype), P.const(0, x.dtype))
    live = P.binary("and", P.reshape(counts, (n, classes, 1)), P.reshape(other, (n, 1, classes)))
    live = P.binary("and", live, P.binary("gt", hinge, P.const(0, x.dtype)))
    return P.where(live, hinge, P.const(0, x.dtype)), live, index


def _scale(x, reduction):
    rows, classes = _rows(x).shape
    return 1 / (classes * (rows if reduction == "mean" else 1))


def _multilabel_margin(x, target, reduction):
    hinge, _, _ = _pairs(x, target)
    dims = (1, 2) if reduction == "none" else (0, 1, 2)
    loss = P.binary("mul", P.reduce("sum", hinge, dims), P.const(_scale(x, reduction), x.dtype))
    return P.reshape(loss, x.shape[:-1]) if reduction == "none" else loss


def _multilabel_slope(x, target, reduction):
    _, live, index = _pairs(x, target)
    ones = P.cast(live, x.dtype)
    slope = P.scatter(P.reduce("sum", ones, (1,)), index, P.unary("neg", P.reduce("sum", ones, (2,))), 1, "add")
    return P.reshape(P.binary("mul", slope, P.const(_scale(x, reduction), x.dtype)), x.shape)


multilabel_slope = Op("multilabel_margin_slope", "input target", "reduction", compute=_multilabel_slope)
multilabel_margin_op = Op("multilabel_margin_loss", "input target", "reduction", compute=_multilabel_margin,
                          grads={"input": lambda g, input, target, infos, reduction: A.mul_op(
                              _by_row(g, infos, reduction), multilabel_slope(input, target, reduction=reduction))})


def _check_targets(array, classes):
    if array.size and (array.min() < -1 or array.max() >= classes):
        raise RuntimeError("argument #2 'target' is out of range")


def multilabel_margin_loss(input, target, reduction="mean"):
    """The sum over targets and other classes of max(0, 1 - input[target] + input[other]), over the number of classes."""
    known(reduction)
    x, t = input._meta.shape, target._meta.shape
    if len(x) > 2 or (x and x[-1] == 0):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x)}")
    if t != x:
        raise RuntimeError(f"inconsistent target size: {list(t)} for input of size: {list(x)}")
    if target.dtype is not dt.int64:
        raise RuntimeError(f"expected scalar type Long but found {dt.long_name(target.dtype)}")
    target = Op.checked(target, _check_targets, (x[-1] if x else 1,))
    return Op.apply(multilabel_margin_op, (input, target), (reduction,))
