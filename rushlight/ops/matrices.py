"""What the families of linear algebra share: their error, checks of shapes and dtypes, and small ops on matrices."""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op
from .products import swap_last


class LinAlgError(RuntimeError):
    """A matrix has not the property that an algorithm needs. Source: torch.linalg.LinAlgError."""


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"
LinAlgError.__module__ = "torch._C"


_warned = set()


def warn_once(text):
    """Warn of a deprecated function, the first time that it is called."""
    if text not in _warned:
        import warnings

        _warned.add(text)
        warnings.warn(text, stacklevel=4)


# ------------------------------------------------------------------ checks
def check_matrix(name, t, what="A"):
    if t._meta.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {what} must have at least 2 dimensions.")


def check_square(name, t, what="A"):
    check_matrix(name, t, what)
    n, m = t._meta.shape[-2:]
    if n != m:
        raise RuntimeError(f"{name}: {what} must be batches of square matrices, but they are {n} by {m} matrices")


def check_float(name, t, low_precision=False):
    """RuntimeError for integers; and for half precision, unless it may pass."""
    dtype = t._meta.dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {dt.long_name(dtype)}")
    if not low_precision and dtype in (dt.float16, dt.bfloat16):
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {dt.long_name(dtype)}")


def check_implemented(kernel, t):
    """NotImplementedError, worded as PyTorch's kernels, for dtypes that none of them takes."""
    dtype = t._meta.dtype
    if not (dtype.is_floating_point or dtype.is_complex) or dtype in (dt.float16, dt.bfloat16):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dt.long_name(dtype)}'")


def check_system(name, a, b, left):
    check_matrix(name, b, "B")
    rows = b.shape[-2] if left else b.shape[-1]
    if a.shape[-1] != rows:
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
                           f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})")


def check_dtypes(name, a, b):
    if a.dtype is not b.dtype:
        raise RuntimeError(f"{name}: Expected A and B to have the same dtype, but found A of type {dt.long_name(a.dtype)} and B of type "
                           f"{dt.long_name(b.dtype)} instead")


def first_failure(info):
    """(batch element or None, info there) of the first matrix whose info is not 0; None if all went well. Runs what is pending."""
    values = info._array()
    if not values.any():
        return None
    if values.ndim == 0:
        return None, int(values)
    at = int(np.flatnonzero(values.reshape(-1))[0])
    return at, int(values.reshape(-1)[at])


def where_in_batch(at):
    return "" if at is None else f"(Batch element {at}): "


def broadcast_batches(a, b, a_tail=2, b_tail=2):
    """Two tensors with equal batch dimensions (all but the last a_tail and b_tail)."""
    xs, ys = tuple(a.shape), tuple(b.shape)
    lead_a, lead_b = xs[:len(xs) - a_tail], ys[:len(ys) - b_tail]
    if lead_a == lead_b:
        return a, b
    try:
        batch = P.broadcast_shapes(lead_a, lead_b)
    except ValueError:
        from .products import _broadcast_error

        raise _broadcast_error(lead_a, lead_b) from None
    return a.expand(batch + xs[len(lead_a):]), b.expand(batch + ys[len(lead_b):])


# ------------------------------------------------------------------ ops for gradient rules
def mH(x):
    """The conjugate transpose."""
    return A.cj(swap_last(x))


def _matmul(a, b):
    return P.dot(a, b)


matmul_op = Op("matmul_values", "input mat2", compute=_matmul, node="BmmBackward0",
               grads={"input": lambda g, mat2: matmul_op(g, mH(mat2)), "mat2": lambda g, input: matmul_op(mH(input), g)})


def mm(*factors):
    """The product of (batches of) matrices."""
    out = factors[0]
    for f in factors[1:]:
        out = matmul_op(out, f)
    return out


def scale_columns(x, d):
    """x @ diag(d)."""
    return A.mul_op(x, OPS["reshape_copy"](d, shape=tuple(d.shape[:-1]) + (1, d.shape[-1])))


def scale_rows(d, x):
    """diag(d) @ x."""
    return A.mul_op(OPS["reshape_copy"](d, shape=tuple(d.shape) + (1,)), x)


def tril(x, diagonal=0):
    return OPS["tril"](x, diagonal=diagonal)


def triu(x, diagonal=0):
    return OPS["triu"](x, diagonal=diagonal)


def _diagonal_of(x):
    return P.diagonal(x, 0, x.ndim - 2, x.ndim - 1)


def _spread_diagonal(d, shape):
    """A matrix of `shape` with d on its diagonal and zeros elsewhere."""
    n, m = shape[-2:]
    k = d.shape[-1]
    wide = P.reshape(d, d.shape + (1,))
    out = P.where(_eye((k, m)), wide, P.const(0, d.dtype))
    if n == k:
        return out
    none = (0,) * (len(shape) - 2)
    return P.pad(out, none + (0, 0), none + (n - k, 0))


diagonal_op = Op("diagonal_of_matrix", "input", "", compute=_diagonal_of, node="DiagonalBackward0",
                 grads={"input": lambda g, infos: spread_diagonal(g, shape=infos[0].shape)})
spread_diagonal = Op("spread_diagonal", "input", "shape", compute=_spread_diagonal, node="DiagEmbedBackward0",
                     grads={"input": lambda g: diagonal_op(g)})


def differences(d):
    """d_j - d_i as a matrix, with ones on the diagonal, where gradients of decompositions divide by it."""
    n = d.shape[-1]
    row = OPS["reshape_copy"](d, shape=tuple(d.shape[:-1]) + (1, n))
    column = OPS["reshape_copy"](d, shape=tuple(d.shape) + (1,))
    return with_unit_diagonal(A.sub_op(row, column))


def _eye(shape):
    """Where the diagonal of matrices is."""
    n, m = shape[-2:]
    return P.binary("eq", P.reshape(P.iota(n), (n, 1)), P.reshape(P.iota(m), (1, m)))


def _with_unit_diagonal(x):
    return P.where(_eye(x.shape), P.const(1, x.dtype), x)


def _without_diagonal(x):
    return P.where(_eye(x.shape), P.const(0, x.dtype), x)


with_unit_diagonal = Op("with_unit_diagonal", "input", "", compute=_with_unit_diagonal, node="FillBackward2",
                        grads={"input": lambda g: without_diagonal(g)})
without_diagonal = Op("without_diagonal", "input", "", compute=_without_diagonal, node="FillBackward2",
                      grads={"input": lambda g: without_diagonal(g)})


def add(a, b):
    """a + b, where either may be missing."""
    if a is None:
        return b
    return a if b is None else A.add_op(a, b)
