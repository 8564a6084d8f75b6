"""Distances and similarities of vectors. Source: torch.cdist, nn.functional.pairwise_distance and kin."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .comparing import norm_gradient, norm_of
from .declare import OPS, Op, public


# ------------------------------------------------------------------ the p-norm over one dimension
def _kept(x, dim):
    return OPS["reshape_copy"](x, shape=x.shape[:dim] + (1,) + x.shape[dim:])


def _row_norm(x, p, dim, keepdim):
    out = norm_of(x, p, (dim,))
    return out if keepdim else P.reshape(out, x.shape[:dim] + x.shape[dim + 1:])


def _row_norm_gradient(g, input, result, p, dim, keepdim):
    if not keepdim:
        g, result = _kept(g, dim), _kept(result, dim)
    return norm_gradient(g, input, result, p, (dim,))


row_norm_op = Op("row_norm", "input", "p dim keepdim", compute=_row_norm, node="NormBackward1", display="norm",
                 grads={"input": _row_norm_gradient})
# the same under the name that torch.linalg.vector_norm leaves on the tape
vector_norm_op = Op("row_vector_norm", "input", "p dim keepdim", compute=_row_norm, node="LinalgVectorNormBackward0", display="norm",
                    grads={"input": _row_norm_gradient})


@public(method=False)
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps over the last dimension."""
    out = x1 - x2 + eps
    if out._meta.ndim == 0:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 0)")
    return Op.apply(row_norm_op, (out,), (float(p), out._meta.ndim - 1, bool(keepdim)))


@public(method=False)
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The inner product along dim over the product of the norms, each at least eps."""
    for x in (x1, x2):
        if not x.dtype.is_floating_point:
            common = dt.promote_types(x1.dtype, x2.dtype)
            if not common.is_floating_point:
                raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {dt.long_name(common)}")
            x1, x2 = x1.to(common), x2.to(common)
    shapes = x1._meta.shape, x2._meta.shape
    if shapes[0] != shapes[1]:
        from .losses import broadcast_error

        error = broadcast_error(*shapes)
        if error is not None:
            raise error
        common = P.broadcast_shapes(*shapes)
        x1, x2 = x1.expand(common), x2.expand(common)
    d = Op.wrap_dim(dim, x1._meta.ndim)
    return (_unit(x1, d, eps) * _unit(x2, d, eps)).sum(d)


def _unit(x, dim, eps):
    size = Op.apply(vector_norm_op, (x,), (2.0, dim, True)) if x._meta.ndim else x.abs()
    return x / size.masked_fill(size < eps, eps)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input over its p-norm along dim, the norm at least eps."""
    if isinstance(dim, (tuple, list)):
        size = input.norm(p, dim, keepdim=True)
    else:
        size = Op.apply(vector_norm_op, (input,), (float(p), Op.wrap_dim(dim, input._meta.ndim), True))
    size = Op.apply(A.clamp_min_op, (size, eps)).expand_as(input)
    if out is None:
        return input / size
    from ..tensor.binding import write_out

    return write_out(out, input / size, "div")


# ------------------------------------------------------------------ all pairs
def _differences(x1, x2):
    """Every row of x1 (..., P, M) less every row of x2 (..., R, M): (..., P, R, M), on values."""
    return P.binary("sub", P.reshape(x1, x1.shape[:-1] + (1, x1.shape[-1])), P.reshape(x2, x2.shape[:-2] + (1,) + x2.shape[-2:]))


def _cdist(x1, x2, p):
    apart = _differences(x1, x2)
    return P.reshape(norm_of(apart, p, (apart.ndim - 1,)), apart.shape[:-1])


def _pair_slope(g, x1, x2, result, p):
    """The gradient of each distance in the first of its two rows: (..., P, R, M), as ops."""
    first = OPS["reshape_copy"](x1, shape=tuple(x1.shape[:-1]) + (1, x1.shape[-1]))
    second = OPS["reshape_copy"](x2, shape=tuple(x2.shape[:-2]) + (1,) + tuple(x2.shape[-2:]))
    last = (1,)
    g = OPS["reshape_copy"](g, shape=tuple(g.shape) + last)
    result = OPS["reshape_copy"](result, shape=tuple(result.shape) + last)
    apart = A.sub_op(first, second)
    if p == float("inf"):       # each of several greatest components has the whole gradient here
        return A.mul_op(A.mul_op(g, A.sgn_op(apart)), OPS["to_dtype"](A.eq_op(A.abs_op(apart), result), dtype=apart.dtype))
    return norm_gradient(g, apart, result, p, (len(first.shape) - 1,))


def _sum_over(x, dim):
    return OPS["sum"](x, dims=(dim,), keepdim=False, dtype=x.dtype)


def _cdist_gradient(g, x1, x2, result, infos, needs, p):
    slope = _pair_slope(g, x1, x2, result, p)
    n = len(slope.shape)
    return [_sum_over(slope, n - 2) if needs[0] else None, A.neg_op(_sum_over(slope, n - 3)) if needs[1] else None]


def _matrix_distance(x1, x2):
    """Euclidean distances by a matrix product: quicker for many rows, and less exact for close ones."""
    def squares(x):
        return P.reduce("sum", P.binary("mul", x, x), (x.ndim - 1,))
    a, b = squares(x1), squares(x2)
    product = P.dot(x1, P.transpose(x2, x2.ndim - 2, x2.ndim - 1))
    total = P.binary("sub", P.binary("add", P.reshape(a, a.shape + (1,)), P.reshape(b, b.shape[:-1] + (1, b.shape[-1]))),
                     P.binary("add", product, product))
    return P.unary("sqrt", P.binary("max", total, P.const(0, x1.dtype)))


def _matrix_distance_gradient(g, x1, x2, result, needs):
    ratio = A.where_op(A.eq_op(result, 0), 0, A.div_op(g, result))
    n = len(ratio.shape)
    flip = tuple(range(n - 2)) + (n - 1, n - 2)
    product = OPS["mm"] if n == 2 else OPS["bmm"]

    def own(x, other, ratio):
        total = OPS["sum"](ratio, dims=(n - 1,), keepdim=True, dtype=ratio.dtype)
        return A.sub_op(A.mul_op(x, total), product(ratio, other))
    return [own(x1, x2, ratio) if needs[0] else None,
            own(x2, x1, OPS["permute_copy"](ratio, dims=flip)) if needs[1] else None]


cdist_op = Op("cdist", "x1 x2", "p", compute=_cdist, grad=_cdist_gradient)
euclid_op = Op("euclidean_dist", "x1 x2", compute=_matrix_distance, grad=_matrix_distance_gradient, node="EuclideanDistBackward0")
_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


@public(method=False)
def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """The p-distance of every row of x1 (..., P, M) from every row of x2 (..., R, M): (..., P, R)."""
    if compute_mode not in _MODES and compute_mode not in (0, 1, 2, None):
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    mode = _MODES.index(compute_mode) if compute_mode in _MODES else compute_mode or 0
    for name, x in (("X1", x1), ("X2", x2)):
        if x._meta.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x._meta.ndim}D")
    a, b = x1._meta.shape, x2._meta.shape
    if a[-1] != b[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {a[-1]} X2: {b[-1]}")
    for name, x in (("X1", x1), ("X2", x2)):
        if not x.dtype.is_floating_point:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {dt.long_name(x.dtype)}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"expected scalar type {dt.long_name(x1.dtype)} but found {dt.long_name(x2.dtype)}")
    if a[:-2] != b[:-2]:
        from .losses import broadcast_error

        error = broadcast_error(a[:-2], b[:-2])
        if error is not None:
            raise error
        batch = P.broadcast_shapes(a[:-2], b[:-2])
        x1, x2 = x1.expand(batch + a[-2:]), x2.expand(batch + b[-2:])
    if p == 2 and (mode == 1 or mode == 0 and (a[-2] > 25 or b[-2] > 25)) and a[-1]:
        return _by_matrix(x1, x2)
    return Op.apply(cdist_op, (x1, x2), (float(p),))


def _by_matrix(x1, x2):
    batch = x1._meta.shape[:-2]
    rows1, rows2, width = x1._meta.shape[-2], x2._meta.shape[-2], x1._meta.shape[-1]
    if len(batch) != 1:
        x1, x2 = x1.reshape(-1, rows1, width), x2.reshape(-1, rows2, width)
    return Op.apply(euclid_op, (x1, x2)).view(batch + (rows1, rows2))


def _triangle(n):
    """Positions in an (n, n) plane of the pairs i < j, in order."""
    def make():
        import numpy as np

        i, j = np.triu_indices(n, 1)
        return i * n + j

    return P.constant_array(("triangle", n), make, (n * (n - 1) // 2,), dt.int64)


def _pdist(x, p):
    n = x.shape[0]
    return P.index(P.reshape(_cdist(x, x, p), (n * n,)), (_triangle(n),))


def _square(v, n):
    """A symmetric matrix from its upper triangle, its diagonal 0."""
    upper = P.reshape(P.index_put(P.const(0, v.dtype, (n * n,)), (_triangle(n),), v), (n, n))
    return P.binary("add", upper, P.permute(upper, (1, 0)))


square_op = Op("square_of_triangle", "input", "n", compute=_square, node="PdistBackwardBackward0",
               grads={"input": lambda g, n: triangle_op(A.add_op(g, OPS["permute_copy"](g, dims=(1, 0))), n=n)})
triangle_op = Op("upper_triangle", "input", "n", compute=lambda x, n: P.index(P.reshape(x, (n * n,)), (_triangle(n),)),
                 node="IndexBackward0", grads={"input": lambda g, n: upper_op(g, n=n)})
upper_op = Op("from_upper_triangle", "input", "n", node="IndexPutBackward0",
              compute=lambda v, n: P.reshape(P.index_put(P.const(0, v.dtype, (n * n,)), (_triangle(n),), v), (n, n)),
              grads={"input": lambda g, n: triangle_op(g, n=n)})
pdist_op = Op("pdist", "input", "p", compute=_pdist,
              grads={"input": lambda g, input, result, infos, p: _sum_over(
                  _pair_slope(square_op(g, n=infos[0].shape[0]), input, input, square_op(result, n=infos[0].shape[0]), p), 1)})


@public(method=False)
def pdist(input, p=2.0):
    """The p-distances of all pairs of rows i < j of input (N, M): N (N - 1) / 2 of them."""
    if input._meta.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input._meta.ndim}D")
    if not input.dtype.is_floating_point:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    return Op.apply(pdist_op, (input,), (float(p),))


# ------------------------------------------------------------------ bilinear
@public(method=False)
def bilinear(input1, input2, weight, bias=None):
    """out[..., k] = input1 @ weight[k] @ input2 + bias[k]."""
    a, b, w = input1._meta.shape, input2._meta.shape, weight._meta.shape
    if bias is not None and bias._meta.shape[0] != w[0]:
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {bias._meta.shape[0]} but expected {w[0]}")
    if len(a) != len(b):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(a)} and {len(b)}")
    for i, (m, n) in enumerate(zip(a[:-1], b[:-1])):
        if m != n:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {m} and {n}")
    if a[-1] != w[1]:
        raise RuntimeError(f"bilinear(): input1 size does not match weight size: got {a[-1]} but expected {w[1]}")
    if b[-1] != w[2]:
        raise RuntimeError(f"bilinear(): input2 size does not match weight size: got {b[-1]} but expected {w[2]}")
    x, y = input1.reshape(-1, a[-1]), input2.reshape(-1, b[-1])
    n, outs = x._meta.shape[0], w[0]
    turned = x.mm(weight.permute(1, 0, 2).reshape(w[1], outs * w[2])).reshape(n, outs, w[2])
    out = turned.bmm(y.unsqueeze(2)).reshape(a[:-1] + (outs,))
    return out if bias is None else out + bias
