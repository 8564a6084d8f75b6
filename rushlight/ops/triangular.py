"""Triangular equations, and the Cholesky and LU factors that lead to them. Source: torch.linalg."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from . import lapack
from .declare import OPS, Op, public
from .matrices import (LinAlgError, add, broadcast_batches, check_dtypes, check_float, check_implemented, check_matrix, check_square,
                       check_system, diagonal_op, first_failure, mH, mm, spread_diagonal, tril, triu, warn_once, where_in_batch)
from .reductions import pair


def _batch(x):
    return x.shape[:-2]


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


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X of A X = B (X A = B if not left), A triangular: only that triangle is read, and its diagonal is 1 if unitriangular."""
    name = "linalg.solve_triangular"
    check_square(name, A)
    check_dtypes(name, A, B)
    check_system(name, A, B, left)
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
