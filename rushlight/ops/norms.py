"""Norms of vectors and matrices. Source: torch.norm, torch.linalg.vector_norm, matrix_norm and norm."""
import math

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import Op, public
from .matrices import check_float, check_matrix, warn_once
from .reductions import back, norm_dims


# ------------------------------------------------------------------ vectors
def _vector_norm(x, ord, dims, keepdim, dtype):
    narrow = dtype in (dt.float16, dt.bfloat16)
    work = dt.float32 if narrow else dtype
    if x.dtype.is_complex:
        x = P.unary("abs", x)
    x = P.cast(x, work)
    if ord == 0:
        out = P.reduce("sum", P.cast(P.binary("ne", x, P.const(0, work)), work), dims)
    elif ord == 2:
        out = P.unary("sqrt", P.reduce("sum", P.binary("mul", x, x), dims))
    elif ord == 1:
        out = P.reduce("sum", P.unary("abs", x), dims)
    elif math.isinf(ord):
        out = P.reduce("max" if ord > 0 else "min", P.unary("abs", x), dims)
    else:
        power = P.reduce("sum", P.binary("pow", P.unary("abs", x), P.const(float(ord), work)), dims)
        out = P.binary("pow", power, P.const(1.0 / ord, work))
    if keepdim:
        out = P.reshape(out, tuple(1 if i in dims else n for i, n in enumerate(x.shape)))
    return P.cast(out, dtype)


def _vector_norm_gradient(g, input, result, infos, ord, dims):
    """d norm / d x; 0 where the norm is 0, the subgradient of least norm."""
    g, norm = back(g, infos, dims), back(result, infos, dims)
    if ord == 0:
        return A.mul_op(input, A.mul_op(g, 0))
    if ord == 1:
        return A.mul_op(g, A.sgn_op(input))
    if ord == 2:
        return A.mul_op(input, A.where_op(A.eq_op(norm, 0), 0, A.div_op(g, norm)))
    size = A.abs_op(input)
    if math.isinf(ord):
        chosen = A.eq_op(size, norm)
        count = _count(chosen, norm, dims)
        return A.mul_op(A.sgn_op(input), A.where_op(chosen, A.div_op(g, count), 0))
    if ord < 1:
        return A.where_op(A.eq_op(input, 0), 0,
                          A.mul_op(A.mul_op(A.sgn_op(input), A.pow_number(size, exponent=ord - 1)),
                                   A.mul_op(g, A.pow_number(norm, exponent=1 - ord))))
    scale = A.where_op(A.eq_op(norm, 0), 0, A.div_op(g, A.pow_number(norm, exponent=ord - 1)))
    if ord < 2:
        return A.where_op(A.eq_op(input, 0), 0, A.mul_op(A.mul_op(A.sgn_op(input), A.pow_number(size, exponent=ord - 1)), scale))
    return A.mul_op(A.mul_op(input, A.pow_number(size, exponent=ord - 2)), scale)


def _count(chosen, like, dims):
    from .declare import OPS

    return OPS["sum"](chosen, dims=dims, keepdim=True, dtype=like.dtype)


vector_norm_op = Op("linalg_vector_norm", "input", "ord dims keepdim dtype", compute=_vector_norm,
                    grads={"input": _vector_norm_gradient})


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x|^ord)^(1/ord) over dim, all dimensions if None; ord inf: the largest, -inf: the smallest, 0: how many are not 0."""
    if isinstance(ord, str) or not isinstance(ord, (int, float)):
        raise TypeError(f"linalg_vector_norm(): argument 'ord' (position 2) must be Number, not {type(ord).__name__}")
    check_float("linalg.vector_norm", x, low_precision=True)
    dims = norm_dims(dim, x._meta.ndim, "vector_norm")
    ord = float(ord)
    _check_empty(x, ord, dim, dims)
    return Op.apply(vector_norm_op, (x,), (ord, dims, keepdim, _norm_dtype(x, dtype)))


def _norm_dtype(x, dtype):
    if dtype is None:
        return x._meta.dtype.to_real()
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"linalg.vector_norm: dtype should be floating point or complex. Got {dt.long_name(dtype)}")
    if dtype.is_complex != x.dtype.is_complex:
        raise RuntimeError(f"linalg.vector_norm: dtype should be {'complex' if x.dtype.is_complex else 'real'} for "
                           f"{'complex' if x.dtype.is_complex else 'real'} inputs. Got {dt.long_name(dtype)}")
    if dt.promote_types(x.dtype, dtype) is not dtype:
        raise RuntimeError(f"linalg.vector_norm: the dtype of the input ({dt.long_name(x.dtype)}) should be convertible without "
                           f"narrowing to the specified dtype ({dt.long_name(dtype)})")
    return dtype.to_real()


def _check_empty(x, ord, dim, dims):
    if x._meta.numel or not (ord < 0 or ord == math.inf):
        return
    shape = x._meta.shape
    name = "inf" if ord == math.inf else "-inf" if ord == -math.inf else f"{ord:g}"
    if dim is None or dim == ():
        raise RuntimeError(f"linalg.vector_norm cannot compute the {name} norm on an empty tensor because the operation does not have "
                           "an identity")
    for d in dims:
        if shape[d] == 0:
            raise RuntimeError(f"linalg.vector_norm cannot compute the {name} norm on the dimension {d}because this dimension is empty "
                               "and the operation does not have an identity")


# ------------------------------------------------------------------ matrices
def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of matrices in two dimensions; ord: "fro", "nuc", inf, -inf, 1, -1, 2, -2."""
    dim = (dim,) if isinstance(dim, int) else tuple(dim)
    check_float("linalg.matrix_norm", A)
    check_matrix("linalg.matrix_norm", A)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    a, b = (Op.wrap_dim(d, A.ndim) for d in dim)
    if a == b:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if isinstance(ord, str):
        if ord not in ("fro", "nuc"):
            raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
        if ord == "fro":
            return vector_norm(A, 2, (a, b), keepdim, dtype=dtype)
        return _of_singular_values(A, a, b, keepdim, dtype, lambda s: s.sum(-1))
    if abs(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord:g} not supported.")
    if abs(ord) == 2:
        return _of_singular_values(A, a, b, keepdim, dtype, lambda s: s.amax(-1) if ord > 0 else s.amin(-1))
    if math.isinf(ord):
        a, b = b, a
    sums = vector_norm(A, 1, (a,), keepdim, dtype=dtype)
    at = b if keepdim or b < a else b - 1
    return sums.amax(at, keepdim) if ord > 0 else sums.amin(at, keepdim)


def _of_singular_values(A, a, b, keepdim, dtype, reduce):
    from .decompositions import svdvals

    x = A if dtype is None else A.to(dtype)
    out = reduce(svdvals(x.movedim((a, b), (-2, -1))))
    if keepdim:
        for d in sorted((a, b)):
            out = out.unsqueeze(d)
    return out


def linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """The norm of a vector (one dim) or of a matrix (two); of all elements if neither ord nor dim is given."""
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if dims is None and ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
    if isinstance(ord, str):
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    if ord is not None and (len(dims) == 2 if dims is not None else A.ndim == 2):
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    return vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype)


@public(out=True)
def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    """The norm over dim, all dimensions if None: p a number, "fro" or "nuc". Source: torch.norm."""
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    if p is None or p == "fro":
        if dim is None or isinstance(dim, int) or len(dim) < 2:
            return vector_norm(input, 2, dim, keepdim, dtype=dtype)
        return matrix_norm(input, "fro", dim, keepdim, dtype=dtype)
    if p == "nuc":
        return matrix_norm(input, "nuc", tuple(range(input.ndim)) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


@public(method=False, out=True)
def frobenius_norm(input, dim=(), keepdim=False):
    warn_once("at::frobenius_norm is deprecated and it is just left for JIT compatibility. It will be removed in a future PyTorch "
                  "release. Please use `linalg.vector_norm(A, 2., dim, keepdim)` instead")
    return vector_norm(input, 2, dim, keepdim)


@public(method=False, out=True)
def nuclear_norm(input, dim=(-2, -1), keepdim=False):
    warn_once("at::nuclear_norm is deprecated and it is just left for JIT compatibility. It will be removed in a future PyTorch "
                  "release. Please use `linalg.matrix_norm(A, 'nuc', dim, keepdim)` instead")
    return matrix_norm(input, "nuc", dim, keepdim)
