"""QR, singular values, eigenvalues. Source: torch.linalg.qr, svd, eigh, eig; derivatives as in Giles 2008 and its complex kin."""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .linear_systems import solve_op
from .matrices import (LinAlgError, add, check_float, check_implemented, check_matrix, check_square, diagonal_op, differences,
                       first_failure, mH, mm, scale_columns, scale_rows, spread_diagonal, triu, warn_once, where_in_batch,
                       without_diagonal)
from .reductions import pair
from .triangular import triangular_op


def _batch(x):
    return x.shape[:-2]


def _columns(x, k):
    """The first k columns."""
    shape = tuple(x.shape[:-1]) + (k,)
    return _cut(x, shape)


def _rows(x, k):
    """The first k rows."""
    shape = tuple(x.shape[:-2]) + (k, x.shape[-1])
    return _cut(x, shape)


def _cut(x, shape):
    if tuple(x.shape) == shape:
        return x
    return OPS["cut"](x, starts=(0,) * len(shape), sizes=shape, steps=(1,) * len(shape))


# ------------------------------------------------------------------ QR
def _host_qr(x, mode):
    if mode == "r":
        return np.zeros(0, x.dtype), np.linalg.qr(x, "r")
    q, r = np.linalg.qr(x, mode)
    return q, r


def _qr(x, mode):
    n, m = x.shape[-2:]
    k = min(n, m)
    inner = n if mode == "complete" else k
    q = (0,) if mode == "r" else _batch(x) + (n, inner)
    return P.call(_host_qr, (x,), [(q, x.dtype), (_batch(x) + (inner, m), x.dtype)], (mode,))


def _qr_of_tall(q, r, gq, gr):
    """The gradient of Q and R of a matrix that has at least as many rows as columns."""
    inner = None
    if gr is not None:
        inner = mm(gr, mH(r))
    if gq is not None:
        inner = add(inner, A.neg_op(mm(mH(q), gq)))
    inner = triu(inner)
    both = A.add_op(inner, mH(inner))
    half = A.sub_op(both, spread_diagonal(A.mul_op(diagonal_op(both), 0.5), shape=tuple(both.shape)))
    out = add(gq, mm(q, half))
    return triangular_op(mH(r), out, upper=False, left=False, unitriangular=False)


def _qr_gradient(gs, A_, result, result1, mode):
    gq, gr = gs
    n, m = A_.shape[-2:]
    if mode == "r":
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
                           "mode='reduced') if you are going to differentiate through linalg.qr.")
    if mode == "complete" and n > m:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    if gq is None and gr is None:
        return (None,)
    if n >= m:
        return (_qr_of_tall(result, result1, gq, gr),)
    # wide: A = [X Y] with square X = Q U, R = [U V], so V = Q^H Y
    u = _columns(result1, n)
    lead = (0,) * (len(A_.shape) - 1)
    y = OPS["cut"](A_, starts=lead + (n,), sizes=tuple(A_.shape[:-1]) + (m - n,), steps=(1,) * len(A_.shape))
    gu = gv = None
    if gr is not None:
        gu = _columns(gr, n)
        gv = OPS["cut"](gr, starts=lead + (n,), sizes=tuple(gr.shape[:-1]) + (m - n,), steps=(1,) * len(gr.shape))
        gq = add(gq, mm(y, mH(gv)))
    gx = _qr_of_tall(result, u, gq, gu)
    gy = mm(result, gv) if gv is not None else A.mul_op(y, 0)
    return (OPS["concatenate"](gx, gy, dim=len(A_.shape) - 1),)


qr_op = Op("linalg_qr", "A", "mode", compute=_qr, nout=2,
           grad=lambda gs, A, result, result1, mode: _qr_gradient(gs, A, result, result1, mode))
linalg_qr_pair, qr_pair = pair("linalg_qr", ("Q", "R")), pair("qr", ("Q", "R"))


def linalg_qr(A, mode="reduced"):
    """(Q, R) with A = Q R, Q unitary, R upper triangular. mode: "reduced", "complete", or "r" (R alone)."""
    return linalg_qr_pair(*_checked_qr(A, mode))


def _checked_qr(A, mode):
    check_matrix("linalg.qr", A)
    check_float("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    return Op.apply(qr_op, (A,), (mode,))


@public(out=True)
def qr(input, some=True):
    """Deprecated: torch.linalg.qr."""
    warn_once("torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch release.\nThe boolean "
                  "parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\nshould be replaced "
                  "with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')")
    return qr_pair(*_checked_qr(input, "reduced" if some else "complete"))


# ------------------------------------------------------------------ singular values
def _host_svd(x, full, vectors):
    """(U, S, Vh, info), or (S, info)."""
    k = min(x.shape[-2:])
    info = (~np.isfinite(x).all((-2, -1))).astype(np.int32) if x.size else np.zeros(x.shape[:-2], np.int32)
    if info.any():
        info = np.where(info, -1, 0).astype(np.int32)
        x = np.zeros_like(x)
    try:
        if not vectors:
            return np.linalg.svd(x, compute_uv=False), info
        u, s, vh = np.linalg.svd(x, full_matrices=full)
    except np.linalg.LinAlgError:
        info = np.full(x.shape[:-2], k + 1, np.int32)
        s = np.zeros(x.shape[:-2] + (k,), x.real.dtype)
        if not vectors:
            return s, info
        n, m = x.shape[-2:]
        u = np.zeros(x.shape[:-2] + (n, n if full else k), x.dtype)
        vh = np.zeros(x.shape[:-2] + (m if full else k, m), x.dtype)
    return u, s, vh, info


def _svd(x, full):
    n, m = x.shape[-2:]
    k = min(n, m)
    return P.call(_host_svd, (x,), [(_batch(x) + (n, n if full else k), x.dtype), (_batch(x) + (k,), x.dtype.to_real()),
                                    (_batch(x) + (m if full else k, m), x.dtype), (_batch(x), dt.int32)], (full, True))


def _svd_gradient(gs, result, result1, result2):
    gu, gsv, gvh, _ = gs
    s = result1
    k = s.shape[-1]
    u, vh = _columns(result, k), _rows(result2, k)
    if gu is None and gvh is None:
        return (None if gsv is None else mm(scale_columns(u, _as(gsv, u)), vh),)
    gu = None if gu is None else _columns(gu, k)
    gvh = None if gvh is None else _rows(gvh, k)
    squares = A.mul_op(s, s)
    gaps = _as(differences(squares), u)
    sx = _as(s, u)
    inner = None
    if gu is not None:
        x = mm(mH(u), gu)
        x = A.sub_op(x, mH(x))
        inner = scale_columns(A.div_op(x, gaps), sx)
        if u.dtype.is_complex:
            turned = A.div_op(diagonal_op(x), A.mul_op(sx, 2))
            inner = A.add_op(without_diagonal(inner), spread_diagonal(turned, shape=tuple(inner.shape)))
    if gvh is not None:
        x = mm(vh, mH(gvh))
        x = A.sub_op(x, mH(x))
        part = scale_rows(sx, A.div_op(x, gaps))
        inner = add(inner, without_diagonal(part) if u.dtype.is_complex else part)
    if gsv is not None:
        inner = A.add_op(inner, spread_diagonal(_as(gsv, u), shape=tuple(inner.shape)))
    left = mm(u, inner)
    if gu is not None and u.shape[-2] > k:
        over = scale_columns(gu, A.reciprocal_op(sx))
        left = A.add_op(left, A.sub_op(over, mm(u, mH(u), over)))
    out = mm(left, vh)
    if gvh is not None and vh.shape[-1] > k:
        over = scale_rows(A.reciprocal_op(sx), gvh)
        out = A.add_op(out, mm(u, A.sub_op(over, mm(over, mH(vh), vh))))
    return (out,)


def _as(real, like):
    """A real tensor in the dtype of a matrix."""
    return real if real.dtype is like.dtype else OPS["to_dtype"](real, dtype=like.dtype)


svd_op = Op("linalg_svd", "A", "full_matrices", compute=_svd, nout=4, nondifferentiable=(3,), grad=_svd_gradient)


def _svdvals(x):
    k = min(x.shape[-2:])
    return P.call(_host_svd, (x,), [(_batch(x) + (k,), x.dtype.to_real()), (_batch(x), dt.int32)], (False, False))


def _svdvals_gradient(gs, A_):
    if gs[0] is None:
        return (None,)
    u, _, vh, _ = svd_op(A_, full_matrices=False)
    return (mm(scale_columns(u, _as(gs[0], u)), vh),)


svdvals_op = Op("linalg_svdvals", "A", compute=_svdvals, nout=2, nondifferentiable=(1,), node="LinalgSvdBackward0",
                grad=lambda gs, A: _svdvals_gradient(gs, A))
linalg_svd_triple, svd_triple = pair("linalg_svd", ("U", "S", "Vh")), pair("svd", ("U", "S", "V"))


def _check_converged(name, info):
    failed = first_failure(info)
    if failed is None:
        return
    if failed[1] < 0:
        raise LinAlgError(f"{name}: {where_in_batch(failed[0])}The algorithm failed to converge because the input matrix contained "
                          "non-finite values.")
    raise LinAlgError(f"{name}: {where_in_batch(failed[0])}The algorithm failed to converge because the input matrix is ill-conditioned or "
                      f"has too many repeated singular values (error code: {failed[1]}).")


def _check_driver(driver):
    if driver is not None:
        raise RuntimeError("linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")


def _checked_svd(A, full):
    check_matrix("linalg.svd", A)
    check_float("linalg.svd", A)
    u, s, vh, info = Op.apply(svd_op, (A,), (bool(full),))
    _check_converged("linalg.svd", info)
    return u, s, vh


def linalg_svd(A, full_matrices=True, *, driver=None):
    """(U, S, Vh) with A = U diag(S) Vh, S descending; U and Vh square if full_matrices."""
    _check_driver(driver)
    return linalg_svd_triple(*_checked_svd(A, full_matrices))


def svdvals(A, *, driver=None):
    """The singular values, descending."""
    _check_driver(driver)
    check_matrix("linalg.svd", A)
    check_float("linalg.svd", A)
    s, info = Op.apply(svdvals_op, (A,))
    _check_converged("linalg.svd", info)
    return s


@public(out=True)
def svd(input, some=True, compute_uv=True):
    """(U, S, V) with input = U diag(S) V^H. torch.linalg.svd gives V^H instead."""
    if not compute_uv:
        n, m = input.shape[-2:]
        s = svdvals(input)
        lead = tuple(input.shape[:-2])
        return svd_triple(input.new_zeros(lead + (n, n)), s, input.new_zeros(lead + (m, m)))
    u, s, vh = _checked_svd(input, not some)
    return svd_triple(u, s, vh.mH)


# ------------------------------------------------------------------ eigenvalues of Hermitian matrices
def _host_eigh(x, lower):
    finite = np.isfinite(x).all()
    if finite:
        return np.linalg.eigh(x, "L" if lower else "U")
    values = np.full(x.shape[:-1], np.nan, x.real.dtype)
    return values, np.full(x.shape, np.nan, x.dtype)


def _eigh(x, UPLO):
    return P.call(_host_eigh, (x,), [(x.shape[:-1], x.dtype.to_real()), (x.shape, x.dtype)], (UPLO == "L",))


def _eigh_gradient(gs, result, result1):
    gl, gv = gs
    values, v = result, result1
    if gv is None:
        return (None if gl is None else mm(scale_columns(v, _as(gl, v)), mH(v)),)
    inner = without_diagonal(A.div_op(mm(mH(v), gv), _as(differences(values), v)))
    if gl is not None:
        inner = A.add_op(inner, spread_diagonal(_as(gl, v), shape=tuple(inner.shape)))
    return (mm(v, inner, mH(v)),)


eigh_op = Op("linalg_eigh", "A", "UPLO", compute=_eigh, nout=2, grad=_eigh_gradient)
eigh_pair = pair("linalg_eigh", ("eigenvalues", "eigenvectors"))


def _checked_eigh(A, UPLO):
    check_square("linalg.eigh", A)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    check_implemented("linalg_eigh_cpu", A)
    return Op.apply(eigh_op, (A,), (UPLO.upper(),))


def eigh(A, UPLO="L"):
    """(eigenvalues, ascending; eigenvectors, as columns) of Hermitian matrices, of which one triangle is read."""
    return eigh_pair(*_checked_eigh(A, UPLO))


def eigvalsh(A, UPLO="L"):
    return _checked_eigh(A, UPLO)[0]


# ------------------------------------------------------------------ eigenvalues of any matrices
def _host_eig(x):
    if not x.size:
        complex_ = np.result_type(x.dtype, np.complex64)
        return np.zeros(x.shape[:-1], complex_), np.zeros(x.shape, complex_)
    return np.linalg.eig(x)


def _eig(x):
    complex_ = x.dtype if x.dtype.is_complex else x.dtype.to_complex()
    return P.call(_host_eig, (x,), [(x.shape[:-1], complex_), (x.shape, complex_)])


def _eig_gradient(gs, result, result1):
    gl, gv = gs
    values, v = result, result1
    vh = mH(v)
    if gv is None:
        inner = None if gl is None else scale_rows(gl, vh)
    else:
        x = mm(vh, gv)
        along = _as(A.real_op(diagonal_op(x)), v)      # a change of an eigenvector's length changes nothing
        x = A.sub_op(x, mm(vh, scale_columns(v, along)))
        inner = without_diagonal(A.div_op(x, A.cj(differences(values))))
        if gl is not None:
            inner = A.add_op(inner, spread_diagonal(gl, shape=tuple(inner.shape)))
        inner = mm(inner, vh)
    return (None if inner is None else solve_op(vh, inner, left=True)[0],)


eig_op = Op("linalg_eig", "A", compute=_eig, nout=2, grad=_eig_gradient)
eig_pair = pair("linalg_eig", ("eigenvalues", "eigenvectors"))


def _check_eig(A):
    check_square("linalg.eig", A)
    check_float("linalg.eig", A)
    if not np.isfinite(A._array()).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


def linalg_eig(A):
    """(eigenvalues, eigenvectors as columns), complex, of square matrices."""
    _check_eig(A)
    return eig_pair(*Op.apply(eig_op, (A,)))


def eigvals(A):
    _check_eig(A)
    return Op.apply(eig_op, (A,))[0]


@public()
def eig(self, eigenvectors=False):
    """Removed from PyTorch."""
    raise RuntimeError("This function was deprecated since version 1.9 and is now removed. `torch.linalg.eig` returns complex tensors of "
                       "dtype `cfloat` or `cdouble` rather than real tensors mimicking complex tensors.\n\nL, _ = torch.eig(A) should be "
                       "replaced with:\nL_complex = torch.linalg.eigvals(A)\n\nand\n\nL, V = torch.eig(A, eigenvectors=True) should be "
                       "replaced with:\nL_complex, V_complex = torch.linalg.eig(A)")


@public()
def symeig(input, eigenvectors=False, upper=True):
    """Removed from PyTorch."""
    raise RuntimeError("This function was deprecated since version 1.9 and is now removed. The default behavior has changed from using "
                       "the upper triangular portion of the matrix by default to using the lower triangular portion.\n\nL, _ = "
                       "torch.symeig(A, upper=upper) should be replaced with:\nL = torch.linalg.eigvalsh(A, UPLO='U' if upper else "
                       "'L')\n\nand\n\nL, V = torch.symeig(A, eigenvectors=True) should be replaced with:\nL, V = torch.linalg.eigh(A, "
                       "UPLO='U' if upper else 'L')")


# ------------------------------------------------------------------ a few singular values of large matrices
def _approximate_range(A, q, niter):
    """An orthonormal basis of about the range of A: q random combinations of columns, improved (Halko et al. 2009, 4.4)."""
    from ..tensor.random import randn

    basis = linalg_qr(A @ randn(A.shape[-1], q, dtype=A.dtype)).Q
    for _ in range(niter):
        basis = linalg_qr(A.mH @ basis).Q
        basis = linalg_qr(A @ basis).Q
    return basis


@public(method=False)
def svd_lowrank(A, q=6, niter=2, M=None):
    """(U, S, V): about the q largest singular values of A (of A - M) and their vectors, by random projection (Halko et al. 2009, 5.1)."""
    if M is not None:
        A = A - M.broadcast_to(A.shape)
    wide = A.shape[-2] < A.shape[-1]
    x = A.mH if wide else A
    basis = _approximate_range(x, q, niter)
    u, s, vh = linalg_svd(basis.mH @ x, full_matrices=False)
    u, v = basis @ u, vh.mH
    return (v, s, u) if wide else (u, s, v)


@public(method=False)
def pca_lowrank(A, q=None, center=True, niter=2):
    """(U, S, V) of A with its columns' means taken off: principal components in the columns of V."""
    n, m = A.shape[-2:]
    if q is None:
        q = min(6, n, m)
    elif not 0 <= q <= min(n, m):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(n, m)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = A - A.mean(-2, keepdim=True)
    return svd_lowrank(A, q, niter)
