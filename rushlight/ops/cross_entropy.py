"""Losses over classes: nll_loss and cross_entropy. Source: torch.nn.functional.nll_loss, cross_entropy.

Inputs are (C), (N, C) or (N, C, d1, ...); targets are class indices () or (N, d1, ...), or probabilities shaped as the
input. Both losses with indices are one op each; the gradient of cross_entropy is softmax less one at the target.
"""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from . import softmax as S
from .declare import OPS, Op


def class_dim(ndim):
    return 0 if ndim == 1 else 1


def _at_target(target, shape, ignore):
    """Indices shaped for a gather along the classes, ignored ones as 0; and which count (of the same shape)."""
    kept = list(shape)
    kept[class_dim(len(shape))] = 1
    index = P.reshape(P.cast(target, dt.int64), kept)
    counts = P.binary("ne", index, P.const(ignore, dt.int64))
    return P.where(counts, index, P.const(0, dt.int64)), counts


def _weights(index, counts, weight, dtype):
    """What each target weighs: 0 where it is ignored."""
    if weight is None:
        return P.cast(counts, dtype)
    own = P.reshape(P.index(P.cast(weight, dtype), (P.reshape(index, (index.numel,)),)), index.shape)
    return P.where(counts, own, P.const(0, dtype))


def _all(x):
    return tuple(range(x.ndim))


def _nll(x, target, weight, reduction, ignore):
    """The loss of log-probabilities x, in x's dtype."""
    index, counts = _at_target(target, x.shape, ignore)
    picked = P.unary("neg", P.gather(x, index, class_dim(x.ndim)))
    own = _weights(index, counts, weight, x.dtype)
    loss = P.where(counts, picked if weight is None else P.binary("mul", picked, own), P.const(0, x.dtype))
    if reduction == "none":
        return P.reshape(loss, target.shape if x.ndim > 1 else ())
    total = P.reduce("sum", loss, _all(loss))
    return P.binary("div", total, P.reduce("sum", own, _all(own))) if reduction == "mean" else total


def _share(target, weight, shape, dtype, reduction, ignore):
    """d loss / d (-x at the target), shaped for the input with one class."""
    index, counts = _at_target(target, shape, ignore)
    own = _weights(index, counts, weight, dtype)
    if reduction != "mean":
        return own
    mean = P.binary("div", own, P.reduce("sum", own, _all(own)))
    return P.where(counts, mean, P.const(0, dtype))     # no NaN where all are ignored


share_op = Op("nll_share", "target weight", "shape dtype reduction ignore", compute=_share)


def _less_at_target(x, amount, target, ignore):
    index, _ = _at_target(target, x.shape, ignore)      # what is ignored has amount 0, wherever it is taken off
    return P.scatter(x, index, P.unary("neg", amount), class_dim(x.ndim), "add")


def _pick(x, target, ignore):
    index, counts = _at_target(target, x.shape, ignore)
    return P.where(counts, P.gather(x, index, class_dim(x.ndim)), P.const(0, x.dtype))


# input less `amount` at each target, and its counterpart
less_at_target = Op("less_at_target", "input amount target", "ignore", compute=_less_at_target, node="NllLossBackwardBackward0",
                    grads={"input": lambda g: g, "amount": lambda g, target, ignore: A.neg_op(pick_op(g, target, ignore=ignore))})
pick_op = Op("pick_target", "input target", "ignore", compute=_pick, node="GatherBackward0",
             grads={"input": lambda g, target, infos, ignore: less_at_target(_zeros(g, infos[0].shape), A.neg_op(g), target, ignore=ignore)})


def _zeros(g, shape):
    return OPS["expand_copy"](A.mul_op(g, 0), shape=shape)


def _amount(g, target, weight, shape, dtype, reduction, ignore):
    share = share_op(target, weight, shape=shape, dtype=dtype, reduction=reduction, ignore=ignore)
    if reduction == "none":
        dim = class_dim(len(shape))
        g = OPS["reshape_copy"](g, shape=shape[:dim] + (1,) + shape[dim + 1:])
    return A.mul_op(g, share)


def _nll_gradient(g, target, weight, infos, reduction, ignore):
    amount = _amount(g, target, weight, infos[0].shape, infos[0].dtype, reduction, ignore)
    return less_at_target(_zeros(amount, infos[0].shape), amount, target, ignore=ignore)


def _nll_op(name, node):
    return Op(name, "input target weight", "reduction ignore", compute=_nll, node=node, grads={"input": _nll_gradient},
              display="nll_loss")


nll_op, nll_2d_op = _nll_op("nll_loss", "NllLossBackward0"), _nll_op("nll_loss2d", "NllLoss2DBackward0")


def _cross_entropy(x, target, weight, reduction, ignore):
    logs = S.log_softmax_values(x, class_dim(x.ndim))
    return [_nll(logs, target, weight, reduction, ignore), logs]


def _cross_entropy_gradient(gs, target, weight, result1, infos, reduction, ignore):
    g, more = gs
    shape, dtype = infos[0].shape, infos[0].dtype
    dim = class_dim(len(shape))
    out = None
    if g is not None:
        amount = _amount(g, target, weight, shape, dtype, reduction, ignore)
        out = less_at_target(A.mul_op(A.exp_op(result1), amount), amount, target, ignore=ignore)
    if more is not None:        # the logarithms themselves were used: in the gradient of a gradient
        more = S.log_softmax_gradient(more, result1, dim)
        out = more if out is None else A.add_op(out, more)
    return [out, None, None]


def _cross_entropy_op(name, node):
    return Op(name, "input target weight", "reduction ignore", compute=_cross_entropy, node=node, nout=2,
              grad=_cross_entropy_gradient, display="cross_entropy_loss")


cross_entropy_op = _cross_entropy_op("cross_entropy", "NllLossBackward0")
cross_entropy_2d_op = _cross_entropy_op("cross_entropy2d", "NllLoss2DBackward0")


# ------------------------------------------------------------------ checks
def _check_classes(array, classes, ignore):
    if array.size and (array.min() < 0 or array.max() >= classes):
        bad = array[((array < 0) | (array >= classes)) & (array != ignore)]
        if bad.size:
            raise IndexError(f"Target {bad.flat[0]} is out of bounds.")


def _check(input, target, weight, ignore):
    """PyTorch's complaints about shapes and dtypes; gives the target, its values checked."""
    xm, tm = input._meta, target._meta
    x, t = xm.shape, tm.shape
    ndim = len(x)
    if ndim < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {ndim})")
    if ndim != 1 and x[0] != (t[0] if t else None):
        raise ValueError(f"Expected input batch_size ({x[0]}) to match target batch_size ({t[0] if t else 0}).")
    if ndim == 1 and len(t) == 1 and t[0] != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {t[0]}")
    if ndim <= 2:
        if len(t) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    elif ndim == 4:
        if len(t) != 3:
            raise RuntimeError("only batches of spatial targets supported (3D tensors) but got targets of dimension: "
                               f"{len(t)}")
        if t[1:] != x[2:]:
            raise RuntimeError(f"size mismatch (got input: {list(x)} , target: {list(t)}")
    elif t[1:] != x[2:]:
        raise RuntimeError(f"Expected target size {[x[0], *x[2:]]}, got {list(t)}")
    if tm.dtype is not dt.int64 and tm.dtype is not dt.uint8:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {dt.long_name(tm.dtype)}")
    classes = x[class_dim(ndim)]
    if weight is not None:
        w = weight._meta
        if w.shape != (classes,):
            raise RuntimeError(f"weight tensor should be defined either for all {classes} classes or no classes but got "
                               f"weight tensor of shape: {list(w.shape)}")
        if w.dtype is not xm.dtype:
            raise RuntimeError(f"expected scalar type {dt.long_name(xm.dtype)} but found {dt.long_name(w.dtype)}")
        if weight.requires_grad and _grad_on():
            raise RuntimeError("The function 'nll_loss_forward' is not differentiable with respect to argument 'weight'. This "
                               "input cannot have requires_grad True.")
    return Op.checked(target, _check_classes, (classes, ignore))


def _grad_on():
    from ..graph.recorder import current

    return current().grad


def _known(reduction):
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def nll_loss(input, target, weight=None, reduction="mean", ignore_index=-100):
    """-weight[t] * input[t] for log-probabilities and class indices."""
    _known(reduction)
    target = _check(input, target, weight, ignore_index)
    meta = input._meta
    if not meta.dtype.is_floating_point:
        raise NotImplementedError(f'"nll_loss_out_frame" not implemented for \'{dt.long_name(meta.dtype)}\'')
    return Op.apply(nll_op if meta.ndim <= 2 else nll_2d_op, (input, target, weight), (reduction, ignore_index))


def cross_entropy(input, target, weight=None, reduction="mean", ignore_index=-100, label_smoothing=0.0):
    """The cross entropy of softmax(input) and the target: class indices, or probabilities shaped as the input."""
    if not hasattr(target, "_meta"):
        raise TypeError(f"cross_entropy_loss(): argument 'target' (position 2) must be Tensor, not {type(target).__name__}")
    _known(reduction)
    meta = input._meta
    if meta.shape == target._meta.shape:
        return _of_probabilities(input, target, weight, reduction, ignore_index, label_smoothing)
    if meta.ndim == 0:
        Op.wrap_dim(1, 0)
    S.check_dtype(input, "log_softmax", class_dim(meta.ndim))
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    if label_smoothing > 0:
        return _smoothed(input, target, weight, reduction, ignore_index, label_smoothing)
    target = _check(input, target, weight, ignore_index)
    op = cross_entropy_op if meta.ndim <= 2 else cross_entropy_2d_op
    return Op.apply(op, (input, target, weight), (reduction, ignore_index))[0]


def _along_classes(weight, ndim):
    return weight.reshape((-1,) + (1,) * (ndim - 2)) if ndim > 1 else weight


def _smoothed(input, target, weight, reduction, ignore, smoothing):
    """(1 - s) nll + s times the mean over all classes."""
    ndim = input._meta.ndim
    dim = class_dim(ndim)
    logs = S.log_softmax(input, dim)
    nll = nll_loss(logs, target, weight, reduction, ignore)
    classes = input._meta.shape[dim]
    spread = -(logs if weight is None else logs * _along_classes(weight, ndim)).sum(dim)
    ignored = target == ignore
    spread = spread.masked_fill(ignored.reshape(spread.shape), 0.0)
    if reduction == "mean":
        if weight is None:
            spread = spread.sum() / (~ignored).sum()
        else:
            own = Op.apply(share_op, (target, weight), (input._meta.shape, input.dtype, "sum", ignore))
            spread = spread.sum() / own.sum()
    elif reduction == "sum":
        spread = spread.sum()
    return nll * (1 - smoothing) + spread * (smoothing / classes)


def _of_probabilities(input, target, weight, reduction, ignore, smoothing):
    meta = input._meta
    if not target.dtype.is_floating_point:
        raise RuntimeError("Expected floating point type for target with class probabilities, got "
                           f"{dt.long_name(target.dtype)}")
    if ignore >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    dim = class_dim(meta.ndim)
    classes = meta.shape[dim] if meta.ndim else 1
    if weight is not None and weight._meta.shape != (classes,):
        raise RuntimeError(f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got "
                           f"weight tensor of shape: {list(weight._meta.shape)}")
    S.check_dtype(input, "log_softmax", dim)
    logs = S.log_softmax(input, dim)
    if smoothing > 0:
        if smoothing > 1:
            raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing:g}")
        target = target * (1 - smoothing) + smoothing / classes
    loss = logs * target
    if weight is not None:
        loss = loss * _along_classes(weight, meta.ndim)
    if reduction == "none":
        return -loss.sum(dim)
    if reduction == "sum":
        return -loss.sum()
    rows = 1
    for i, n in enumerate(meta.shape):
        if i != dim:
            rows *= n
    return -loss.sum() / rows
