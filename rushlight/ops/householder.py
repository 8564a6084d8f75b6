"""Orthogonal matrices as products of reflections 1 - tau v v^H. Source: LAPACK's geqrf, orgqr and ormqr, as PyTorch has them.

A matrix holds the vectors v below its diagonal, with an implied 1 on it. The gradient goes through the compact form of
Schreiber and Van Loan (1989): with V the vectors as columns, D = diag(tau) and S = triu(V^H V, 1), the product is
1 - V Y, where (1 + D S) Y = D V^H. Nothing is divided by tau, which may be zero.
"""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .triangular import triangular_op
from .matrices import add, check_implemented, mH, mm, scale_rows, tril, triu, with_unit_diagonal
from .reductions import pair


# ------------------------------------------------------------------ Q R, with Q as reflections
def _host_geqrf(x):
    h, tau = np.linalg.qr(x, "raw")
    return np.ascontiguousarray(np.swapaxes(h, -1, -2)), tau


def _geqrf(x):
    k = min(x.shape[-2:])
    return P.call(_host_geqrf, (x,), [(x.shape, x.dtype), (x.shape[:-2] + (k,), x.dtype)])


def _no_gradient(gs):
    raise NotImplementedError("the derivative for 'geqrf' is not implemented.")


geqrf_op = Op("geqrf", "input", compute=_geqrf, nout=2, grad=_no_gradient, node="GeqrfBackward0")
_geqrf_pair = pair("geqrf", ("a", "tau"))


@public(out=True)
def geqrf(input):
    """(a, tau): R in the upper triangle of a, and Q as reflections below it, for householder_product and ormqr."""
    _check_matrix("geqrf", input)
    check_implemented("geqrf_cpu", input)
    return _geqrf_pair(*Op.apply(geqrf_op, (input,)))


# ------------------------------------------------------------------ the product of reflections
def _host_product(x, tau):
    n, m = x.shape[-2:]
    q = np.broadcast_to(np.eye(n, m, dtype=x.dtype), x.shape).copy()
    for i in range(tau.shape[-1] - 1, -1, -1):
        v = x[..., i:, i:i + 1].copy()
        v[..., 0, :] = 1
        q[..., i:, :] -= tau[..., i, None, None] * v * (np.conj(np.swapaxes(v, -1, -2)) @ q[..., i:, :])
    return q


def _product(x, tau):
    return P.call(_host_product, (x, tau), [(x.shape, x.dtype)])[0]


def _columns(x, k):
    return OPS["cut"](x, starts=(0,) * len(x.shape), sizes=tuple(x.shape[:-1]) + (k,), steps=(1,) * len(x.shape))


def _rows(x, k):
    return OPS["cut"](x, starts=(0,) * len(x.shape), sizes=tuple(x.shape[:-2]) + (k, x.shape[-1]), steps=(1,) * len(x.shape))


def _below(x, shape):
    """x with zeros to the right and beneath it, up to `shape`."""
    none = (0,) * (len(shape) - 2)
    high = none + (shape[-2] - x.shape[-2], shape[-1] - x.shape[-1])
    return OPS["pad_zeros"](x, low=none + (0, 0), high=high, inner=none + (0, 0))


def _row_sums(a, b):
    """The diagonal of a b^H."""
    product = A.mul_op(a, A.cj(b))
    return OPS["sum"](product, dims=(len(a.shape) - 1,), keepdim=False, dtype=product.dtype)


def _product_gradient(g, input, tau):
    shape, k = tuple(input.shape), tau.shape[-1]
    V = with_unit_diagonal(tril(_columns(input, k), -1))
    VH = mH(_rows(V, shape[-1]))
    S = triu(mm(mH(V), V), 1)
    M = scale_rows(tau, S)  # less the 1
    Y = triangular_op(M, scale_rows(tau, VH), upper=True, left=True, unitriangular=True)
    gV, gY = A.neg_op(mm(g, mH(Y))), A.neg_op(mm(mH(V), g))
    gW = triangular_op(mH(M), gY, upper=False, left=True, unitriangular=True)
    gM = triu(A.neg_op(mm(gW, mH(Y))), 1)
    gS = scale_rows(A.cj(tau), gM)
    gV = add(gV, mm(V, A.add_op(gS, mH(gS))))
    gV = add(gV, _below(mH(scale_rows(A.cj(tau), gW)), tuple(V.shape)))
    return _below(tril(gV, -1), shape), A.add_op(_row_sums(gW, VH), _row_sums(gM, S))


product_op = Op("linalg_householder_product", "input tau", compute=_product,
                grad=lambda g, input, tau: _product_gradient(g, input, tau), node="LinalgHouseholderProductBackward0")


def householder_product(A, tau):
    """The first columns of the product of reflections that geqrf gives, as many as A has. A: (*, m, n), tau: (*, k <= n <= m)."""
    name = "torch.linalg.householder_product"
    _check_matrix("linalg.householder_product", A)
    (n, m), k = A._meta.shape[-2:], tau._meta.shape[-1]
    if n < m:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if m < k:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    _check_tau(name, A, tau)
    if tau.dtype is not A.dtype:
        raise RuntimeError(f"{name}: tau dtype {dt.long_name(tau.dtype)} does not match input dtype {dt.long_name(A.dtype)}")
    check_implemented("orgqr_cpu", A)
    return Op.apply(product_op, (A, tau))


@public(out=True)
def orgqr(input, tau):
    """torch.linalg.householder_product."""
    return householder_product(input, tau)


@public(out=True)
def ormqr(input, tau, other, left=True, transpose=False):
    """The product of `other` with the whole square Q of input and tau: Q other, or other Q; of Q^H if transpose."""
    name = "torch.ormqr"
    _check_matrix("ormqr", input)
    if other._meta.ndim < 2:
        raise RuntimeError(f"{name}: other must have at least 2 dimensions.")
    n, m = input._meta.shape[-2:]
    side = -2 if left else -1
    reflections, size = tau._meta.shape[-1], other._meta.shape[side]
    if reflections > size:
        raise RuntimeError(f"{name}: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if reflections != min(size, m):
        raise RuntimeError(f"{name}: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    if size != n:
        raise RuntimeError(f"{name}: other.shape[{side}] must be equal to input.shape[-2]")
    _check_tau(name, input, tau)
    batch = input._meta.shape[:-2]
    if other._meta.ndim != input._meta.ndim:
        raise RuntimeError(f"{name}: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
                           f"{other._meta.ndim} and input.ndim is equal to {input._meta.ndim}")
    if other._meta.shape[:-2] != batch:
        raise RuntimeError(f"{name}: Expected batch dimensions of other to be equal to input.shape[:-2], but got "
                           f"{list(other._meta.shape[:-2])}")
    for what, t in (("tau", tau), ("other", other)):
        if t.dtype is not input.dtype:
            raise RuntimeError(f"{name}: Expected input and {what} to have the same dtype, but input has dtype"
                               f"{dt.long_name(input.dtype)} and {what} has dtype {dt.long_name(t.dtype)}")
    check_implemented("ormqr_cpu", input)
    vectors = input[..., :reflections]
    square = vectors.new_zeros(batch + (n, n))
    square[..., :reflections] = vectors
    q = householder_product(square, tau)
    q = q.mH if transpose else q
    return q @ other if left else other @ q


def _check_matrix(name, t):
    if t._meta.ndim < 2:
        raise RuntimeError(f"torch.{name}: input must have at least 2 dimensions.")


def _check_tau(name, input, tau):
    batch = input._meta.shape[:-2]
    if tau._meta.ndim != input._meta.ndim - 1:
        raise RuntimeError(f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
                           f"{tau._meta.ndim} and input.ndim is equal to {input._meta.ndim}")
    if tau._meta.shape[:-1] != batch:
        raise RuntimeError(f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
                           f"{list(tau._meta.shape[:-1])}")
