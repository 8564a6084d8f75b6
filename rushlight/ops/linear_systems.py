"""Inverses, determinants, triangular factors, and solving of linear equations. Source: torch.linalg.

NumPy's LAPACK does the work on the host. A matrix that cannot be treated is an error at the call: what is pending runs then.
"""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from . import lapack
from .declare import OPS, Op, public
from .matrices import (LinAlgError, add, broadcast_batches, check_float, check_implemented, check_matrix, check_square,
                       diagonal_op, first_failure, mH, mm, spread_diagonal, tril, triu, warn_once,
                       where_in_batch)
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


# ------------------------------------------------------------------ triangular equations
def _solve_triangular(a, b, upper, left, unitriangular):
    if not left:        # X A = B is A^T X^T = B^T
        out = _solve_triangular(P.transpose(a, a.ndim - 2, a.ndim - 1), P.transpose(b, b.ndim - 2, b.ndim - 1), not upper, True,
                                unitriangular)
        return P.transpose(out, b.ndim - 2, b.ndim - 1)
    return P.call(lapack.solve_triangular, (a, b), [(b.shape, b.dtype)], (upper, unitriangular))[0]


def _triangular_gradient(g, A_, result, upper, left, unitriangular, needs):
    gb = triangular_op(mH(A_), g, upper=not upper, left=left, unitriangular=unitriangular)
    ga = None
    if needs[0]:
        ga = A.neg_op(mm(gb, mH(result)) if left else mm(mH(result), gb))
        inner = 1 if unitriangular else 0
        ga = triu(ga, inner) if upper else tril(ga, -inner)
    return ga, gb


triangular_op = Op("linalg_solve_triangular", "A B", "upper left unitriangular", compute=_solve_triangular,
                   grad=lambda g, A, result, upper, left, unitriangular, needs: _triangular_gradient(
                       g, A, result, upper, left, unitriangular, needs))


def _check_system(name, a, b, left):
    check_matrix(name, b, "B")
    rows = b.shape[-2] if left else b.shape[-1]
    if a.shape[-1] != rows:
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
                           f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})")


def _check_dtypes(name, a, b):
    if a.dtype is not b.dtype:
        raise RuntimeError(f"{name}: Expected A and B to have the same dtype, but found A of type {dt.long_name(a.dtype)} and B of type "
                           f"{dt.long_name(b.dtype)} instead")


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X of A X = B (X A = B if not left), A triangular: only that triangle is read, and its diagonal is 1 if unitriangular."""
    name = "linalg.solve_triangular"
    check_square(name, A)
    _check_dtypes(name, A, B)
    _check_system(name, A, B, left)
    check_float(name, A)
    A, B = broadcast_batches(A, B)
    return Op.apply(triangular_op, (A, B), (bool(upper), bool(left), bool(unitriangular)))


triangular_solve_pair = pair("triangular_solve", ("solution", "cloned_coefficient"))


@public()
def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    """Deprecated: torch.linalg.solve_triangular, with the arguments exchanged."""
    warn_once("torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be removed in a future PyTorch "
          "release.\ntorch.linalg.solve_triangular has its arguments reversed and does not return a copy of one of the inputs.\n"
          "X = torch.triangular_solve(B, A).solution\nshould be replaced with\nX = torch.linalg.solve_triangular(A, B).")
    coefficient = A.mT if transpose else A
    out = solve_triangular(coefficient, input, upper=upper != transpose, unitriangular=unitriangular)
    return triangular_solve_pair(out, A.clone())


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
    _check_dtypes(name, A, B)
    vector = B.ndim == 1 or A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1])
    _check_system(name, A, B.unsqueeze(-1 if left else -2) if vector else B, left)
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


# ------------------------------------------------------------------ Cholesky
def _cholesky(x, upper):
    out, info = P.call(lapack.cholesky, (x,), [(x.shape, x.dtype), (_batch(x), dt.int32)], (upper,))
    return out, info


def _half_lower(x):
    """The lower triangle with half the diagonal."""
    return A.sub_op(tril(x), A.mul_op(spread_diagonal(diagonal_op(x), shape=tuple(x.shape)), 0.5))


def _cholesky_gradient(gs, result, upper):
    if gs[0] is None:
        return (None,)
    factor, g = (mH(result), mH(gs[0])) if upper else (result, gs[0])
    phi = _half_lower(mm(mH(factor), g))
    left = triangular_op(mH(factor), phi, upper=True, left=True, unitriangular=False)
    out = triangular_op(factor, left, upper=False, left=False, unitriangular=False)
    return (A.mul_op(A.add_op(out, mH(out)), 0.5),)


cholesky_op = Op("linalg_cholesky_ex", "A", "upper", compute=_cholesky, nout=2, nondifferentiable=(1,), grad=_cholesky_gradient)
old_cholesky_op = Op("cholesky", "A", "upper", compute=_cholesky, nout=2, nondifferentiable=(1,), grad=_cholesky_gradient)
cholesky_ex_pair = pair("linalg_cholesky_ex", ("L", "info"))


def _not_positive(name, info):
    failed = first_failure(info)
    if failed is not None:
        raise LinAlgError(f"{name}: {where_in_batch(failed[0])}The factorization could not be completed because the input is not "
                          f"positive-definite (the leading minor of order {failed[1]} is not positive-definite).")


def _checked_cholesky(A, upper, op=cholesky_op):
    check_square("linalg.cholesky", A)
    check_float("linalg.cholesky", A, low_precision=True)
    check_implemented("cholesky_cpu", A)
    return Op.apply(op, (A,), (bool(upper),))


def linalg_cholesky(A, *, upper=False):
    """L with A = L L^H, for Hermitian positive-definite A; its conjugate transpose if upper. LinAlgError for others."""
    out, info = _checked_cholesky(A, upper)
    _not_positive("linalg.cholesky", info)
    return out


def cholesky_ex(A, *, upper=False, check_errors=False):
    """(L, info): info is the order of the first minor that is not positive-definite, 0 if all are."""
    out = cholesky_ex_pair(*_checked_cholesky(A, upper))
    if check_errors:
        _not_positive("linalg.cholesky_ex", out.info)
    return out


@public(out=True)
def cholesky(input, upper=False):
    """Deprecated: torch.linalg.cholesky."""
    warn_once("torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a future PyTorch release.\nL = "
          "torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\nU = torch.cholesky(A, upper=True)\nshould be "
          "replaced with\nU = torch.linalg.cholesky(A).mH\nThis transform will produce equivalent results for all valid (symmetric "
          "positive definite) inputs.")
    out, info = _checked_cholesky(input, upper, old_cholesky_op)
    _not_positive("cholesky", info)
    return out


@public(out=True)
def cholesky_solve(input, input2, upper=False):
    """X of A X = input, given the Cholesky factor input2 of A."""
    if input.ndim < 2:
        raise RuntimeError(f"b should have at least 2 dimensions, but has {input.ndim} dimensions instead")
    if input2.ndim < 2:
        raise RuntimeError(f"u should have at least 2 dimensions, but has {input2.ndim} dimensions instead")
    L = input2.mH if upper else input2
    half = solve_triangular(L, input, upper=False)
    return solve_triangular(L.mH, half, upper=True)


@public(out=True)
def cholesky_inverse(input, upper=False):
    """The inverse of A, given its Cholesky factor."""
    check_square("cholesky_inverse", input)
    return cholesky_solve(_identity_like(input), input, upper)


def _identity_like(t):
    from ..tensor.creation import eye

    return eye(t.shape[-1], dtype=t.dtype).expand(t.shape)


# ------------------------------------------------------------------ LU
def _lu(x):
    n, m = x.shape[-2:]
    k = min(n, m)
    return P.call(lapack.lu_factor, (x,), [(x.shape, x.dtype), (_batch(x) + (k,), dt.int32), (_batch(x), dt.int32)])


def _unpack(x, pivots):
    n, m = x.shape[-2:]
    k = min(n, m)
    return P.call(lapack.lu_unpack, (x, pivots), [(_batch(x) + (n, n), x.dtype), (_batch(x) + (n, k), x.dtype),
                                                  (_batch(x) + (k, m), x.dtype)])


def _unpack_gradient(gs, LU):
    n, m = LU.shape[-2:]
    _, gl, gu = gs
    out = None
    if gl is not None:
        out = _fitted(tril(gl, -1), n, m)
    if gu is not None:
        out = add(out, _fitted(triu(gu), n, m))
    return out, None


def _fitted(x, n, m):
    """x cut or filled with zeros to n by m."""
    lead = (0,) * (len(x.shape) - 2)
    rows, columns = x.shape[-2:]
    low = lead + (0, 0)
    return OPS["pad_zeros"](x, low=low, high=lead + (n - rows, m - columns), inner=low)


def _factors_gradient(permutation, lower, upper, gl, gu):
    """Differentiate A = P L U: the strict lower triangle of what comes through L, the upper one of what comes through U."""
    if lower.shape[-2] != upper.shape[-1]:
        raise NotImplementedError("linalg.lu: rushlight has gradients for square matrices only")
    phi = None if gl is None else tril(mm(mH(lower), gl), -1)
    phi = phi if gu is None else add(phi, triu(mm(gu, mH(upper))))
    left = triangular_op(mH(lower), phi, upper=True, left=True, unitriangular=True)
    inner = triangular_op(mH(upper), left, upper=False, left=False, unitriangular=False)
    return mm(permutation, inner)


def _lu_gradient(gs, LU, pivots):
    if gs[0] is None:
        return (None,)
    return (_factors_gradient(*unpack_op(LU, pivots), tril(gs[0], -1), triu(gs[0])),)


def _three_factors(x):
    LU, pivots, _ = _lu(x)
    return _unpack(LU, pivots)


def _three_gradient(gs, result, result1, result2):
    if gs[1] is None and gs[2] is None:
        return (None,)
    return (_factors_gradient(result, result1, result2, gs[1], gs[2]),)


unpack_op = Op("lu_unpack", "LU pivots", compute=_unpack, nout=3, nondifferentiable=(0,), grad=lambda gs, LU: _unpack_gradient(gs, LU))
lu_op = Op("linalg_lu_factor_ex", "A", compute=_lu, nout=3, nondifferentiable=(1, 2),
           grad=lambda gs, result, result1: _lu_gradient(gs, result, result1))
linalg_lu_op = Op("linalg_lu", "A", compute=_three_factors, nout=3, nondifferentiable=(0,), grad=_three_gradient)
lu_factor_pair = pair("linalg_lu_factor", ("LU", "pivots"))
lu_factor_ex_triple = pair("linalg_lu_factor_ex", ("LU", "pivots", "info"))
linalg_lu_triple = pair("linalg_lu", ("P", "L", "U"))
lu_unpack_triple = pair("lu_unpack", ("P", "L", "U"))


def _check_lu(name, A, pivot):
    check_matrix(name, A)
    check_float(name, A)
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def _factored(name, A, pivot):
    _check_lu(name, A, pivot)
    return Op.apply(lu_op, (A,))


def _zero_pivot(name, info):
    failed = first_failure(info)
    if failed is not None:
        at = failed[1]
        raise RuntimeError(f"{name}: {where_in_batch(failed[0])}U[{at},{at}] is zero and using it on lu_solve would result in a division "
                           "by zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
                           "linalg.lu_factor_ex(A, pivot)")


def lu_factor(A, *, pivot=True):
    """(LU, pivots): L (unit lower) and U (upper) in one matrix, and the rows exchanged, counted from 1."""
    LU, pivots, info = _factored("linalg.lu_factor", A, pivot)
    _zero_pivot("torch.linalg.lu_factor", info)
    return lu_factor_pair(LU, pivots)


def lu_factor_ex(A, *, pivot=True, check_errors=False):
    out = lu_factor_ex_triple(*_factored("linalg.lu_factor", A, pivot))
    if check_errors:
        _zero_pivot("torch.linalg.lu_factor_ex", out.info)
    return out


def linalg_lu(A, *, pivot=True):
    """(P, L, U) with A = P L U."""
    _check_lu("linalg.lu", A, pivot)
    return linalg_lu_triple(*Op.apply(linalg_lu_op, (A,)))


@public(out=True)
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """(P, L, U) from what lu_factor gave."""
    if LU_pivots.dtype is not dt.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this function "
                           "is intended to be used with the output produced by torch.linalg.lu_factor")
    p, lower, upper = Op.apply(unpack_op, (LU_data, LU_pivots))
    none = LU_data.new_empty((0,))
    return lu_unpack_triple(p if unpack_pivots else none, *((lower, upper) if unpack_data else (none, none)))


def linalg_lu_solve(LU, pivots, B, *, left=True, adjoint=False):
    """X of A X = B (X A = B if not left; with A^H for A if adjoint), given A's lu_factor."""
    check_square("linalg.lu_solve", LU, "LU")
    p, lower, upper = Op.apply(unpack_op, (LU, pivots))
    if not left:
        out = linalg_lu_solve(LU, pivots, B.mH, adjoint=not adjoint)
        return out.mH
    if adjoint:
        half = solve_triangular(upper.mH, B, upper=False)
        return p @ solve_triangular(lower.mH, half, upper=True, unitriangular=True)
    half = solve_triangular(lower, p.mT @ B, upper=False, unitriangular=True)
    return solve_triangular(upper, half, upper=True)


@public(out=True)
def lu_solve(b, LU_data, LU_pivots):
    """Deprecated: torch.linalg.lu_solve, with the arguments exchanged."""
    warn_once("torch.lu_solve is deprecated in favor of torch.linalg.lu_solveand will be removed in a future PyTorch release.\nNote that "
          "torch.linalg.lu_solve has its arguments reversed.\nX = torch.lu_solve(B, LU, pivots)\nshould be replaced with\nX = "
          "torch.linalg.lu_solve(LU, pivots, B)")
    return linalg_lu_solve(LU_data, LU_pivots, b)


@public(out=True)
def lu(A, pivot=True, get_infos=False):
    """Deprecated: torch.linalg.lu_factor. (LU, pivots), and info with get_infos."""
    warn_once("torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and will be removed in a future PyTorch "
          "release.\nLU, pivots = torch.lu(A, compute_pivots)\nshould be replaced with\nLU, pivots = torch.linalg.lu_factor(A, "
          "compute_pivots)\nand\nLU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\nLU, pivots, info "
          "= torch.linalg.lu_factor_ex(A, compute_pivots)")
    LU, pivots, info = _factored("linalg.lu_factor", A, pivot)
    return (LU, pivots, info) if get_infos else (LU, pivots)


# ------------------------------------------------------------------ least squares and the pseudo-inverse
def _pinv(x, rtol, atol, hermitian):
    shape = _batch(x) + (x.shape[-1], x.shape[-2])
    return P.call(lapack.pseudo_inverse, (x,), [(shape, x.dtype)], (rtol, atol, hermitian))[0]


def _pinv_gradient(g, input, result):
    """Golub and Pereyra 1973: the derivative where the rank does not change."""
    p, ph, gh = result, mH(result), mH(g)
    first = A.neg_op(mm(ph, g, ph))
    second = A.sub_op(mm(gh, p, ph), mm(input, p, gh, p, ph))
    third = A.sub_op(mm(ph, p, gh), mm(ph, p, gh, p, input))
    return A.add_op(first, A.add_op(second, third))


pinv_op = Op("linalg_pinv", "input", "rtol atol hermitian", compute=_pinv, grads={"input": _pinv_gradient})


def pinv(A, rcond=None, hermitian=False, *, atol=None, rtol=None):
    """The pseudo-inverse: singular values of at most max(atol, rtol * the largest) count as zero.

    rtol: by default max(m, n) eps, or 0 where atol is given.
    """
    if rcond is not None:
        rtol = rcond
    if A.ndim < 2 or not (A.dtype.is_floating_point or A.dtype.is_complex) or A.dtype in (dt.float16, dt.bfloat16):
        raise RuntimeError(f"linalg.pinv({dt.long_name(A.dtype)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of "
                           "float, double, cfloat or cdouble types")
    return Op.apply(pinv_op, (A,), (_tolerance(rtol, A, atol), 0.0 if atol is None else float(atol), bool(hermitian)))


def _tolerance(rtol, a, atol):
    if rtol is not None:
        return float(rtol)
    return 0.0 if atol else max(a.shape[-2:]) * dt.finfo(a.dtype).eps


@public(out=True)
def pinverse(input, rcond=1e-15):
    return pinv(input, rcond)


lstsq_result = pair("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))


def _lstsq(a, b, rcond):
    m, n = a.shape[-2:]
    k = b.shape[-1]
    real = a.dtype.to_real()
    return P.call(lapack.least_squares, (a, b), [(_batch(a) + (n, k), a.dtype), (_batch(a) + (k,), real), (_batch(a), dt.int64),
                                                 (_batch(a) + (min(m, n),), real)], (rcond,))


def _lstsq_gradient(gs, A_, B_, needs):
    g = gs[0]
    if g is None:
        return None, None
    pseudo = pinv_op(A_, rtol=max(A_.shape[-2:]) * dt.finfo(A_.dtype).eps, atol=0.0, hermitian=False)
    ga = None
    if needs[0]:
        ga = _pinv_gradient(mm(g, mH(B_)), A_, pseudo)
    return ga, mm(mH(pseudo), g)


lstsq_op = Op("linalg_lstsq", "A B", "rcond", compute=_lstsq, nout=4, nondifferentiable=(1, 2, 3),
              grad=lambda gs, A, B, needs: _lstsq_gradient(gs, A, B, needs))


def linalg_lstsq(A, B, rcond=None, *, driver=None):
    """(solution, residuals, rank, singular_values): X of least ||A X - B||, of least norm where there are many.

    driver: "gelsy" (default), "gels", "gelsd", "gelss" say which of the other three come out, as in PyTorch.
    """
    name = "torch.linalg.lstsq"
    if A.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if A.dtype is not B.dtype:
        raise RuntimeError(f"{name}: Expected input and other to have the same dtype, but got input's dtype {dt.long_name(A.dtype)} and "
                           f"other's dtype {dt.long_name(B.dtype)}")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    driver = driver or "gelsy"
    vector = B.ndim == 1 or A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1])
    if vector:
        B = B.unsqueeze(-1)
    if A.shape[-2] != B.shape[-2]:
        raise RuntimeError(f"{name}: input.size(-{1 if vector else 2}) should match other.size(-{1 if vector else 2})" if not vector else
                           f"{name}: input.size(-2) should match other.size(-1)")
    A, B = broadcast_batches(A, B)
    limit = max(A.shape[-2:]) * dt.finfo(A.dtype).eps if rcond is None else float(rcond)
    solution, residuals, rank, values = Op.apply(lstsq_op, (A, B), (limit,))
    none = values.new_empty((0,))
    full = A.shape[-2] > A.shape[-1] and driver != "gelsy" and (driver == "gels" or bool((rank == A.shape[-1]).all()))
    return lstsq_result(solution.squeeze(-1) if vector else solution, residuals if full else none,
                        rank.new_empty((0,)) if driver == "gels" else rank, values if driver in ("gelsd", "gelss") else none)


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
