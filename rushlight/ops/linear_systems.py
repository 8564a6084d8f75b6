"""Inverses, determinants, and solving of square equations. Source: torch.linalg.

NumPy's LAPACK does the work on the host. A matrix that cannot be treated is an error at the call: what is pending runs then.
"""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from . import lapack
from .declare import OPS, Op, public
from .matrices import (LinAlgError, add, broadcast_batches, check_dtypes, check_float, check_implemented, check_square, check_system,
                       first_failure, mH, mm, where_in_batch)
from .reductions import pair


def _batch(x):
    return x.shape[:-2]


# ------------------------------------------------------------------ the inverse
def _inv(x):
    return P.call(lapack.inverse, (x,), [(x.shape, x.dtype), (_batch(x), dt.int32)])


def _inv_gradient(gs, result):
    return (None if gs[0] is None else A.neg_op(mm(mH(result), gs[0], mH(result))),)


inv_op = Op("linalg_inv_ex", "A", compute=_inv, nout=2, nondifferentiable=(1,), grad=_inv_gradient)
inv_ex_pair = pair("linalg_inv_ex", ("inverse", "info"))


def inverse_of(x):
    """The inverse, within gradient rules; infinities where there is none."""
    return inv_op(x)[0]


def _singular(name, info):
    failed = first_failure(info)
    if failed is not None:
        raise LinAlgError(f"{name}: {where_in_batch(failed[0])}The diagonal element {failed[1]} is zero, the inversion could not be "
                          "completed because the input matrix is singular.")


def inv(A):
    """The inverse of square matrices. LinAlgError for a singular one."""
    check_square("linalg.inv", A)
    check_float("linalg.inv", A)
    out, info = Op.apply(inv_op, (A,))
    _singular("linalg.inv", info)
    return out


def inv_ex(A, *, check_errors=False):
    """(inverse, info): info is the place of a zero pivot, 0 where there is none."""
    check_square("linalg.inv_ex", A)
    check_float("linalg.inv_ex", A)
    out = inv_ex_pair(*Op.apply(inv_op, (A,)))
    if check_errors:
        _singular("linalg.inv_ex", out.info)
    return out


@public(out=True)
def inverse(input):
    return inv(input)


# ------------------------------------------------------------------ determinants
def _det(x):
    return P.call(lapack.determinant, (x,), [(_batch(x), x.dtype)])[0]


def _cofactors(x):
    return P.call(lapack.cofactors, (x,), [(x.shape, x.dtype)])[0]


def _inner(a, b):
    """The sum of a * b over matrices, as 1 by 1 matrices."""
    n = len(a.shape)
    return OPS["sum"](A.mul_op(a, b), dims=(n - 2, n - 1), keepdim=True, dtype=a.dtype)


def _cofactor_gradient(g, input, result):
    # with C = det(A) A^-T: dC = (<G, C> C - C G^T C) / det(A)
    c = A.cj(result)
    n = len(input.shape)
    determinant = OPS["reshape_copy"](A.cj(det_op(input)), shape=tuple(input.shape[:n - 2]) + (1, 1))
    transposed = mH(A.cj(g))
    return A.div_op(A.sub_op(A.mul_op(_inner(g, c), c), mm(c, transposed, c)), determinant)


cofactor_op = Op("matrix_of_cofactors", "input", compute=_cofactors, grads={"input": _cofactor_gradient})


def _over_matrix(g):
    """One number for each matrix, as 1 by 1 matrices."""
    return OPS["reshape_copy"](g, shape=tuple(g.shape) + (1, 1))


det_op = Op("linalg_det", "input", compute=_det,
            grads={"input": lambda g, input: A.mul_op(_over_matrix(g), A.cj(cofactor_op(input)))})


def _slogdet(x):
    return P.call(lapack.sign_and_logarithm, (x,), [(_batch(x), x.dtype), (_batch(x), x.dtype.to_real())])


def _slogdet_gradient(gs, input, result):
    gsign, glog = gs
    inverse = mH(inverse_of(input))
    out = None
    if glog is not None:
        out = A.mul_op(_over_matrix(glog), inverse)
    if gsign is not None and input.dtype.is_complex:
        # the sign turns with the imaginary part of log det
        turned = A.mul_op(A.imag_op(A.mul_op(A.cj(gsign), result)), -1j)
        out = add(out, A.mul_op(_over_matrix(turned), inverse))
    return (out if out is not None else A.mul_op(input, 0),)


slogdet_op = Op("linalg_slogdet", "A", compute=_slogdet, nout=2, grad=lambda gs, A, result: _slogdet_gradient(gs, A, result))
linalg_slogdet_pair = pair("linalg_slogdet", ("sign", "logabsdet"))
slogdet_pair = pair("slogdet", ("sign", "logabsdet"))


@public(out=True)
def det(input):
    """The determinant of square matrices."""
    check_square("linalg.det", input)
    check_float("linalg.det", input, low_precision=True)
    check_implemented("lu_cpu", input)
    return Op.apply(det_op, (input,))


@public()
def slogdet(input):
    """(sign, logabsdet): the determinant's sign (phase) and the logarithm of its size."""
    return slogdet_pair(*_checked_slogdet(input))


def _checked_slogdet(input):
    check_square("linalg.slogdet", input)
    check_float("linalg.slogdet", input, low_precision=True)
    check_implemented("lu_cpu", input)
    return Op.apply(slogdet_op, (input,))


def linalg_slogdet(A):
    return linalg_slogdet_pair(*_checked_slogdet(A))


@public()
def logdet(input):
    """log(det(input)): nan where the determinant is negative."""
    sign, logabs = _checked_slogdet(input)
    if input.dtype.is_complex:
        return sign.log() + logabs
    nan = logabs.new_full((), float("nan"))
    return logabs.where(sign != -1, nan)


# ------------------------------------------------------------------ square equations
def _solve(a, b, left):
    shape = b.shape
    if b.ndim < a.ndim:         # vectors
        b = P.reshape(b, b.shape + (1,))
    elif not left:
        b = P.transpose(b, b.ndim - 2, b.ndim - 1)
    if not left:                # X A = B is A^T X^T = B^T
        a = P.transpose(a, a.ndim - 2, a.ndim - 1)
    x, info = P.call(lapack.solve, (a, b), [(b.shape, b.dtype), (_batch(a), dt.int32)])
    if len(shape) == b.ndim and not left:
        return P.transpose(x, b.ndim - 2, b.ndim - 1), info
    return P.reshape(x, shape), info


def _as_matrix(x, like, left):
    """Vectors as matrices of one column, or of one row."""
    if len(x.shape) == len(like.shape):
        return x
    return OPS["reshape_copy"](x, shape=tuple(x.shape) + (1,) if left else tuple(x.shape[:-1]) + (1, x.shape[-1]))


def _solve_gradient(gs, A_, result, left, needs):
    if gs[0] is None:
        return None, None
    gb = solve_op(mH(A_), gs[0], left=left)[0]
    if not needs[0]:
        return None, gb
    columns, x = _as_matrix(gb, A_, left), _as_matrix(result, A_, left)
    return A.neg_op(mm(columns, mH(x)) if left else mm(mH(x), columns)), gb


solve_op = Op("linalg_solve_ex", "A B", "left", compute=_solve, nout=2, nondifferentiable=(1,),
              grad=lambda gs, A, result, left, needs: _solve_gradient(gs, A, result, left, needs))
solve_ex_pair = pair("linalg_solve_ex", ("result", "info"))


def _solved(name, A, B, left):
    check_square(name, A)
    check_float(name, A)
    check_dtypes(name, A, B)
    vector = B.ndim == 1 or A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1])
    check_system(name, A, B.unsqueeze(-1 if left else -2) if vector else B, left)
    A, B = broadcast_batches(A, B, 2, 1 if vector else 2)
    return Op.apply(solve_op, (A, B), (bool(left),))


def _check_solved(name, info):
    failed = first_failure(info)
    if failed is not None:
        raise LinAlgError(f"{name}: {where_in_batch(failed[0])}The solver failed because the input matrix is singular.")


def solve(A, B, *, left=True):
    """X of A X = B (X A = B if not left). B: matrices, or vectors. LinAlgError for a singular A."""
    out, info = _solved("linalg.solve", A, B, left)
    _check_solved("torch.linalg.solve", info)
    return out


def solve_ex(A, B, *, left=True, check_errors=False):
    """(result, info): info is the place of a zero pivot, 0 where there is none."""
    out = solve_ex_pair(*_solved("linalg.solve", A, B, left))
    if check_errors:
        _check_solved("torch.linalg.solve_ex", out.info)
    return out


# ------------------------------------------------------------------ what PyTorch has removed
@public(name="solve")
def removed_solve(input, A=None):
    """Removed from PyTorch."""
    raise RuntimeError("This function was deprecated since version 1.9 and is now removed. `torch.solve` is deprecated in favor of "
                       "`torch.linalg.solve`. `torch.linalg.solve` has its arguments reversed and does not return the LU "
                       "factorization.\n\nTo get the LU factorization see `torch.lu`, which can be used with `torch.lu_solve` or "
                       "`torch.lu_unpack`.\nX = torch.solve(B, A).solution should be replaced with:\nX = torch.linalg.solve(A, B)")


@public(name="lstsq")
def removed_lstsq(input, A=None):
    """Removed from PyTorch."""
    raise RuntimeError("This function was deprecated since version 1.9 and is now removed. `torch.lstsq` is deprecated in favor of "
                       "`torch.linalg.lstsq`.\n`torch.linalg.lstsq` has reversed arguments and does not return the QR decomposition in "
                       "the returned tuple (although it returns other information about the problem).\n\nTo get the QR decomposition "
                       "consider using `torch.linalg.qr`.\n\nThe returned solution in `torch.lstsq` stored the residuals of the solution "
                       "in the last m - n columns of the returned value whenever m > n. In torch.linalg.lstsq, the residuals are in the "
                       "field 'residuals' of the returned named tuple.\n\nThe unpacking of the solution, as in\nX, _ = torch.lstsq(B, "
                       "A).solution[:A.size(1)]\nshould be replaced with:\nX = torch.linalg.lstsq(A, B).solution")
