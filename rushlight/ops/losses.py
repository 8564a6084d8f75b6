"""Elementwise losses of a prediction and a target, reduced to a number: one op each. Source: torch.nn.functional.mse_loss and kin."""
import math

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .curved_activations import log_sigmoid_values
from .declare import OPS, Op, public
from .precision import floating, refuse

REDUCTIONS = ("none", "mean", "sum")


def known(reduction):
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduced(values, reduction):
    """Elementwise losses as "none", "mean" or "sum" says, on graph values."""
    if reduction == "none":
        return values
    total = P.reduce("sum", values, tuple(range(values.ndim)))
    return P.binary("div", total, P.const(values.numel, total.dtype)) if reduction == "mean" else total


def reduce_tensor(loss, reduction):
    """The same on Tensors."""
    known(reduction)
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


def _share(g, infos, reduction):
    """The gradient that reaches each element."""
    if reduction != "mean":
        return g
    count = math.prod(P.broadcast_shapes(*[i.shape for i in infos if i is not None]))
    return A.mul_op(g, 1 / count if count else math.nan)


def _num(value, x):
    return P.const(value, x.dtype)


def broadcast_error(a, b):
    """PyTorch's error for shapes that do not broadcast, or None if they do."""
    try:
        P.broadcast_shapes(a, b)
        return None
    except ValueError:
        from .products import _broadcast_error

        return _broadcast_error(a, b)


def _check(input, target, reduction):
    known(reduction)
    if input._meta.shape != target._meta.shape:
        error = broadcast_error(input._meta.shape, target._meta.shape)
        if error is not None:
            raise error


# ------------------------------------------------------------------ of the difference
def _difference_loss(name, kernel, curve, slope, attrs=""):
    """An op of input - target. curve(d, *attrs) on values gives the loss; slope(d, *attrs) on ops its derivative."""
    def compute(x, t, reduction, *rest):
        return reduced(curve(P.binary("sub", x, t), *rest), reduction)

    def gradient(g, input, target, infos, reduction, extra):
        return A.mul_op(_share(g, infos, reduction), slope(A.sub_op(input, target), *extra))

    if attrs:
        grads = {"input": lambda g, input, target, infos, reduction, width: gradient(g, input, target, infos, reduction, (width,)),
                 "target": lambda g, input, target, infos, reduction, width: A.neg_op(gradient(g, input, target, infos, reduction, (width,)))}
    else:
        grads = {"input": lambda g, input, target, infos, reduction: gradient(g, input, target, infos, reduction, ()),
                 "target": lambda g, input, target, infos, reduction: A.neg_op(gradient(g, input, target, infos, reduction, ()))}
    return Op(name, "input target", "reduction" + attrs, compute=floating(kernel)(compute), promote="arith", grads=grads)


def _huber(d, width):
    size = P.unary("abs", d)
    near = P.binary("mul", P.binary("mul", size, size), _num(0.5, d))
    far = P.binary("mul", P.binary("sub", size, _num(0.5 * width, d)), _num(width, d))
    return P.where(P.binary("le", size, _num(width, d)), near, far)


def _smooth_l1(d, width):
    size = P.unary("abs", d)
    near = P.binary("div", P.binary("mul", P.binary("mul", size, size), _num(0.5, d)), _num(width, d))
    far = P.binary("sub", size, _num(0.5 * width, d))
    return P.where(P.binary("lt", size, _num(width, d)), near, far)


mse_op = _difference_loss("mse_loss", "mse_cpu", lambda d: P.binary("mul", d, d), lambda d: A.mul_op(d, 2))
huber_op = _difference_loss("huber_loss", "huber_cpu", _huber, lambda d, width: A.clamp_op(d, -width, width), " width")
smooth_l1_op = _difference_loss("smooth_l1_loss", "smooth_l1_cpu", _smooth_l1,
                                lambda d, width: A.clamp_op(A.div_op(d, width), -1, 1), " width")


def mse_loss(input, target, reduction="mean"):
    """(input - target) squared."""
    _check(input, target, reduction)
    return Op.apply(mse_op, (input, target), (reduction,))


def huber_loss(input, target, reduction="mean", delta=1.0):
    """Half the square of the difference up to delta, from there delta times its size less half delta squared."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _check(input, target, reduction)
    if target.dtype is not input.dtype:
        target = target.to(input.dtype)
    return Op.apply(huber_op, (input, target), (reduction, delta))


def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    """Half the square of the difference over beta up to beta, from there its size less half of beta."""
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction)
    _check(input, target, reduction)
    return Op.apply(smooth_l1_op, (input, target), (reduction, beta))


def l1_loss(input, target, reduction="mean"):
    """|input - target|."""
    _check(input, target, reduction)
    return reduce_tensor((input - target).abs(), reduction)


# ------------------------------------------------------------------ of yes and no
_TINY = 9.999999960041972e-13       # 1e-12 as a float32, which PyTorch keeps x (1 - x) above


def _weigh(loss, weight):
    return loss if weight is None else P.binary("mul", loss, weight)


def _bce(x, t, weight, reduction):
    floor, one = _num(-100, x), _num(1, x)
    yes = P.binary("max", P.unary("log", x), floor)
    no = P.binary("max", P.unary("log1p", P.unary("neg", x)), floor)
    loss = P.binary("sub", P.binary("mul", P.binary("sub", t, one), no), P.binary("mul", t, yes))
    return reduced(_weigh(loss, weight), reduction)


def _spread(g, infos, reduction, weight):
    g = _share(g, infos[:1], reduction)
    return g if weight is None else A.mul_op(g, weight)


def _bce_dx(g, input, target, weight, infos, reduction):
    curve = A.clamp_min_op(A.mul_op(A.sub_op(1, input), input), _TINY)
    return A.mul_op(_spread(g, infos, reduction, weight), A.div_op(A.sub_op(input, target), curve))


def _bce_dt(g, input, weight, infos, reduction):
    return A.mul_op(_spread(g, infos, reduction, weight), A.sub_op(A.log1p_op(A.neg_op(input)), A.log_op(input)))


bce_op = Op("binary_cross_entropy", "input target weight", "reduction", compute=floating("binary_cross_entropy")(_bce),
            grads={"input": _bce_dx, "target": _bce_dt})


def _check_unit(array, what):
    if array.dtype == "uint16":
        from ..backends.numpy.bfloat import to_float32

        array = to_float32(array)
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise RuntimeError(f"all elements of {what} should be between 0 and 1")


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """-(target log(input) + (1 - target) log(1 - input)), the logarithms at least -100."""
    known(reduction)
    if input.dtype is not target.dtype:
        raise RuntimeError(f"Found dtype {dt.long_name(target.dtype)} but expected {dt.long_name(input.dtype)}")
    if not input.dtype.is_floating_point:
        refuse("binary_cross_entropy", input.dtype)
    input = Op.checked(input, _check_unit, ("input",))
    target = Op.checked(target, _check_unit, ("target",))
    return Op.apply(bce_op, (input, target, weight), (reduction,))


def _bce_logits(x, t, weight, pos_weight, reduction):
    if not x.dtype.is_floating_point:
        refuse("log_sigmoid_cpu", x.dtype)
    one = _num(1, x)
    tail = log_sigmoid_values(x)
    if pos_weight is not None:
        tail = P.binary("mul", tail, P.binary("add", P.binary("mul", P.binary("sub", pos_weight, one), t), one))
    loss = P.binary("sub", P.binary("mul", P.binary("sub", one, t), x), tail)
    return reduced(_weigh(loss, weight), reduction)


def _bce_logits_dx(g, input, target, weight, pos_weight, infos, reduction):
    s = A.sigmoid_op(input)
    if pos_weight is None:
        slope = A.sub_op(s, target)
    else:
        yes = A.mul_op(target, pos_weight)
        slope = A.sub_op(A.mul_op(A.sub_op(A.add_op(yes, 1), target), s), yes)
    return A.mul_op(_spread(g, infos, reduction, weight), slope)


def _bce_logits_dt(g, input, weight, pos_weight, infos, reduction):
    if pos_weight is None:
        slope = A.neg_op(input)
    else:
        slope = A.sub_op(OPS["log_sigmoid"](A.neg_op(input)), A.mul_op(pos_weight, OPS["log_sigmoid"](input)))
    return A.mul_op(_spread(g, infos, reduction, weight), slope)


bce_logits_op = Op("binary_cross_entropy_with_logits", "input target weight pos_weight", "reduction", compute=_bce_logits, promote="arith",
                   grads={"input": _bce_logits_dx, "target": _bce_logits_dt})
_REDUCTION_NAMES = ("none", "mean", "sum")


def reduction_name(reduction):
    """The name of a reduction that torch.* takes as a number."""
    return _REDUCTION_NAMES[reduction] if reduction.__class__ is int else reduction


@public(method=False)
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=1):
    """binary_cross_entropy of sigmoid(input), computed without overflow."""
    reduction = reduction_name(reduction)
    _check(input, target, reduction)
    for extra in (pos_weight, weight):
        if extra is not None:
            error = broadcast_error(extra._meta.shape, input._meta.shape)
            if error is not None:
                raise error
    if not target.dtype.is_floating_point and input.dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dt.long_name(target.dtype)}")
    if input.dtype is not target.dtype:
        input = input.to(target.dtype)
    return Op.apply(bce_logits_op, (input, target, weight, pos_weight), (reduction,))


def _soft_margin(x, t, reduction):
    return reduced(P.unary("log1p", P.unary("exp", P.unary("neg", P.binary("mul", x, t)))), reduction)


def _soft_margin_dx(g, input, target, infos, reduction):
    slope = A.neg_op(A.mul_op(target, A.sigmoid_op(A.neg_op(A.mul_op(input, target)))))
    return A.mul_op(_share(g, infos, reduction), slope)


soft_margin_op = Op("soft_margin_loss", "input target", "reduction", compute=_soft_margin, promote="arith",
                    grads={"input": _soft_margin_dx})


def soft_margin_loss(input, target, reduction="mean"):
    """log(1 + exp(-target * input)), targets 1 or -1."""
    _check(input, target, reduction)
    if target.requires_grad:
        raise RuntimeError("The function 'soft_margin_loss' is not differentiable with respect to argument 'target'. This input cannot "
                           "have requires_grad True.")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dt.long_name(input.dtype)}")
    if target.dtype is not input.dtype:
        target = target.to(input.dtype)
    return Op.apply(soft_margin_op, (input, target), (reduction,))


# ------------------------------------------------------------------ of distributions
@public(method=False)
def kl_div(input, target, reduction=1, *, log_target=False):
    """target (log(target) - input) for log-probabilities input; log_target: the target is logarithms too."""
    reduction = reduction_name(reduction)
    known(reduction)
    if not (input.dtype.is_floating_point and target.dtype.is_floating_point):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = Op.apply(A.xlogy_op, (target, target)) - target * input
    return reduce_tensor(loss, reduction)


@public(method=False)
def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """exp(input) - target * input; or input - target * log(input + eps). full adds Stirling's approximation of log(target!)."""
    reduction = reduction_name(reduction)
    known(reduction)
    if log_input:
        loss = input.exp() - target * input
    else:
        loss = input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduce_tensor(loss, reduction)
