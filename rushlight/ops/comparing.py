"""Whole tensors compared and summed up: equal, dist, renorm, cov, corrcoef. Source: torch's functions of these names."""
import math

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .gathering import need_tensor


@public()
def equal(input, other):
    """Whether two tensors have one shape and the same elements."""
    need_tensor("equal", "other", 2, other)
    if input._meta.shape != other._meta.shape:
        return False
    return bool((input.detach() == other.detach()).all()) if input._meta.numel else True


# ------------------------------------------------------------------ norms of differences and slices
def norm_of(x, p, dims):
    """The p-norm of a value over dims, which stay with size 1."""
    size = P.unary("abs", x)
    kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
    if p == 0:
        out = P.reduce("sum", P.cast(P.binary("ne", size, P.const(0, size.dtype)), size.dtype), dims)
    elif p == 1:
        out = P.reduce("sum", size, dims)
    elif p == 2:
        out = P.unary("sqrt", P.reduce("sum", P.binary("mul", size, size), dims))
    elif math.isinf(p):
        out = P.reduce("max" if p > 0 else "min", size, dims)
    else:
        power = P.binary("pow", size, P.const(float(p), size.dtype))
        out = P.binary("pow", P.reduce("sum", power, dims), P.const(1 / p, size.dtype))
    return P.reshape(out, kept)


def norm_gradient(g, x, norm, p, dims):
    """The gradient of a p-norm in x: g and norm have the reduced dimensions with size 1. Zero where the norm is."""
    if p == 0:
        return A.zeros_of(x)
    if p == 1:
        return A.mul_op(g, A.sgn_op(x))
    if p == 2:
        return A.mul_op(x, A.where_op(A.eq_op(norm, 0), 0, A.div_op(g, norm)))
    size = A.abs_op(x)
    if math.isinf(p):
        hit = OPS["to_dtype"](A.eq_op(size, norm), dtype=size.dtype)
        count = OPS["sum"](hit, dims=dims, keepdim=True, dtype=size.dtype)
        return A.mul_op(A.mul_op(A.sgn_op(x), hit), A.div_op(g, count))
    scale = A.where_op(A.eq_op(norm, 0), 0, A.div_op(g, A.pow_number(norm, exponent=p - 1)))
    power = A.where_op(A.eq_op(size, 0), 0, A.pow_number(size, exponent=p - 1))
    return A.mul_op(A.mul_op(A.sgn_op(x), power), scale)


def _dist(a, b, p):
    from .declare import promoted

    a, b = promoted([a, b], "float")
    gap = P.binary("sub", a, b)
    return P.reshape(norm_of(gap, p, tuple(range(gap.ndim))), ())


def _dist_gradient(g, input, other, result, p):
    return norm_gradient(g, A.sub_op(input, other), result, p, tuple(range(max(len(input.shape), len(other.shape)))))


dist_op = Op("dist", "input other", "p", compute=_dist,
             grads={"input": _dist_gradient,
                    "other": lambda g, input, other, result, p: A.neg_op(_dist_gradient(g, input, other, result, p))})


@public()
def dist(input, other, p=2):
    """The p-norm of input - other."""
    need_tensor("dist", "other", 2, other)
    return Op.apply(dist_op, (input, other), (float(p),))


_EPSILON = 1e-7


def _other_dims(shape, dim):
    return tuple(d for d in range(len(shape)) if d != dim)


def _renorm(x, p, dim, maxnorm):
    norm = norm_of(x, p, _other_dims(x.shape, dim))
    limit = P.const(maxnorm, norm.dtype)
    factor = P.binary("div", limit, P.binary("add", norm, P.const(_EPSILON, norm.dtype)))
    factor = P.where(P.binary("gt", norm, limit), factor, P.const(1, norm.dtype))
    return P.binary("mul", x, P.cast(factor, x.dtype))


def _renorm_gradient(g, input, infos, p, dim, maxnorm):
    dims = _other_dims(infos[0].shape, dim)
    norm = norm_op(input, p=p, dims=dims)
    more = A.add_op(norm, _EPSILON)
    inner = OPS["sum"](A.mul_op(g, input), dims=dims, keepdim=True, dtype=g.dtype)
    through_norm = A.neg_op(A.mul_op(inner, A.div_op(maxnorm, A.mul_op(more, more))))
    scaled = A.add_op(A.mul_op(g, A.div_op(maxnorm, more)), norm_gradient(through_norm, input, norm, p, dims))
    return A.where_op(A.gt_op(norm, maxnorm), scaled, g)


norm_op = Op("norm_over", "input", "p dims", compute=norm_of, node="NormBackward1",
             grads={"input": lambda g, input, result, p, dims: norm_gradient(g, input, result, p, dims)})
renorm_op = Op("renorm", "input", "p dim maxnorm", compute=_renorm, grads={"input": _renorm_gradient})


def _renorm_call(input, p, dim, maxnorm):
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if input._meta.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input._meta.ndim} dimensions")
    return float(p), Op.wrap_dim(dim, input._meta.ndim), float(maxnorm)


@public(inplace=True, out=True)
def renorm(input, p, dim, maxnorm):
    """The slices along dim, those whose p-norm is greater than maxnorm scaled down to it."""
    return Op.apply(renorm_op, (input,), _renorm_call(input, p, dim, maxnorm))


renorm.inplace = lambda self, p, dim, maxnorm: Op.apply_write(renorm_op, self, (self,), _renorm_call(self, p, dim, maxnorm))


# ------------------------------------------------------------------ covariance
def _check_weights(name, weights, count, integral):
    kind = weights.dtype.kind
    if weights._meta.ndim > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights._meta.ndim} "
                           "dimensions")
    if integral and kind != "int":
        raise RuntimeError(f"cov(): expected {name} to have integral dtype but got {name} with {dt.long_name(weights.dtype)} dtype")
    if not integral and not weights.dtype.is_floating_point:
        raise RuntimeError(f"cov(): expected {name} to have floating point dtype but got {name} with "
                           f"{dt.long_name(weights.dtype)} dtype")
    if weights._meta.numel != count:
        raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                           f"{weights._meta.numel} != {count}")
    if weights._meta.numel and bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


@public()
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariances of variables (rows) over observations (columns), each counted fweights times, or weighed."""
    if input._meta.ndim > 2:
        raise RuntimeError("cov(): expected input to have two or fewer dimensions but got an input with "
                           f"{input._meta.ndim} dimensions")
    if input.dtype is dt.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input.reshape(1, -1) if input._meta.ndim < 2 else input
    if not (rows.dtype.is_floating_point or rows.dtype.is_complex):
        rows = rows.to(dt.get_default_dtype())
    count = rows._meta.shape[1]
    weights = None
    if fweights is not None:
        _check_weights("fweights", fweights, count, True)
        weights = fweights
    if aweights is not None:
        _check_weights("aweights", aweights, count, False)
        weights = aweights if weights is None else fweights * aweights
    if weights is None:
        total, mean = count, rows.sum(1, keepdim=True) / count
    else:
        total = weights.sum()
        if count and not bool(total != 0):
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = (rows * weights).sum(1, keepdim=True) / total
    if weights is not None and aweights is not None and correction:
        degrees = total - correction * (weights * aweights).sum() / total
    else:
        degrees = total - correction
    if bool(degrees <= 0):
        import warnings

        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
                      UserWarning, stacklevel=2)
        degrees = 0
    off = rows - mean
    weighted = off if weights is None else off * weights
    product = off @ (weighted.conj() if rows.dtype.is_complex else weighted).t()
    return (product / degrees).squeeze()


@public()
def corrcoef(input):
    """The correlations of variables (rows) over observations (columns)."""
    if input._meta.ndim > 2:
        raise RuntimeError("corrcoef(): expected input to have two or fewer dimensions but got an input with "
                           f"{input._meta.ndim} dimensions")
    c = cov(input)
    if c._meta.ndim == 0:
        return c / c
    deviation = c.diagonal().sqrt()
    return (c / deviation.view(-1, 1) / deviation.view(1, -1)).clamp(-1, 1)
