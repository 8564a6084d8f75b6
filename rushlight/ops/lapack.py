"""Linear algebra on ndarrays: what the ops call on the host. Batches of matrices in the last two dimensions.

Functions that can fail return an `info` for each matrix, as LAPACK does: 0 if all went well.
"""
import numpy as np


def _each(x):
    """The matrices of a batch as one list of them."""
    return x.reshape((-1,) + x.shape[-2:])


# ------------------------------------------------------------------ LU, and what is made from it
def lu_factor(x):
    """(LU, pivots, info) by elimination with the largest pivot of each column."""
    n, m = x.shape[-2:]
    k = min(n, m)
    lu = np.array(_each(x), order="C")
    count = lu.shape[0]
    pivots = np.empty((count, k), np.int32)
    info = np.zeros(count, np.int32)
    every = np.arange(count)
    for j in range(k):
        at = np.argmax(np.abs(lu[:, j:, j]), axis=1) + j
        pivots[:, j] = at + 1
        here, there = lu[:, j].copy(), lu[every, at].copy()
        lu[every, at] = here
        lu[:, j] = there
        pivot = lu[:, j, j]
        info[(pivot == 0) & (info == 0)] = j + 1
        scale = np.where(pivot == 0, 1, pivot)
        lu[:, j + 1:, j] /= scale[:, None]
        lu[:, j + 1:, j + 1:] -= lu[:, j + 1:, j, None] * lu[:, j, None, j + 1:]
    return lu.reshape(x.shape), pivots.reshape(x.shape[:-2] + (k,)), info.reshape(x.shape[:-2])


def lu_unpack(lu, pivots):
    """(P, L, U) of a factored matrix."""
    n, m = lu.shape[-2:]
    k = min(n, m)
    upper = np.triu(lu)[..., :k, :]
    lower = np.tril(lu, -1)[..., :, :k] + np.eye(n, k, dtype=lu.dtype)
    rows = pivots.reshape(-1, k)
    permutation = np.zeros((rows.shape[0], n, n), lu.dtype)
    for matrix, exchanged in zip(permutation, rows):
        order = np.arange(n)
        for j, at in enumerate(exchanged):
            order[[j, at - 1]] = order[[at - 1, j]]
        matrix[order, np.arange(n)] = 1
    return permutation.reshape(lu.shape[:-2] + (n, n)), lower, upper


def _zero_pivots(x):
    """info of lu_factor for matrices that NumPy found singular."""
    return lu_factor(x)[2]


def inverse(x):
    """(inverse, info). A singular matrix gives infinities."""
    n = x.shape[-1]
    try:
        out = np.linalg.inv(x)
        return out, np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        pass
    out = np.empty_like(_each(x))
    info = np.zeros(out.shape[0], np.int32)
    for i, matrix in enumerate(_each(x)):
        try:
            out[i] = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            info[i] = int(_zero_pivots(matrix)) or n
            with np.errstate(all="ignore"):
                out[i] = _solve_by_factors(matrix, np.eye(n, dtype=x.dtype))
    return out.reshape(x.shape), info.reshape(x.shape[:-2])


def _solve_by_factors(a, b):
    """Through LU, dividing by zero pivots as LAPACK's back substitution would."""
    lu, pivots, _ = lu_factor(a)
    p, lower, upper = lu_unpack(lu, pivots)
    return solve_triangular(upper, solve_triangular(lower, p.T @ b, False, True), True, False)


def solve(a, b):
    """(x, info) of a x = b."""
    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        pass
    out = np.empty_like(_each(b))
    info = np.zeros(out.shape[0], np.int32)
    for i, (matrix, right) in enumerate(zip(_each(a), _each(b))):
        try:
            out[i] = np.linalg.solve(matrix, right)
        except np.linalg.LinAlgError:
            info[i] = int(_zero_pivots(matrix)) or a.shape[-1]
            with np.errstate(all="ignore"):
                out[i] = _solve_by_factors(matrix, right)
    return out.reshape(b.shape), info.reshape(a.shape[:-2])


def determinant(x):
    return np.asarray(np.linalg.det(x), x.dtype)


def sign_and_logarithm(x):
    sign, logarithm = np.linalg.slogdet(x)
    return np.asarray(sign), np.asarray(logarithm)


def cofactors(x):
    """det(A) A^-T, also where A is singular: through its singular values, so that nothing is divided by."""
    u, s, vh = np.linalg.svd(x)
    turn = np.linalg.det(u) * np.linalg.det(vh)
    n = s.shape[-1]
    others = np.empty_like(s)           # the product of the other singular values
    for i in range(n):
        others[..., i] = np.prod(np.delete(s, i, -1), -1)
    # u diag(others) vh, conjugated where the gradient conjugates: det(A) A^-1 = turn * v diag(others) u^H
    return np.conj((u * others[..., None, :]) @ vh * np.conj(np.asarray(turn))[..., None, None])


# ------------------------------------------------------------------ triangles
def solve_triangular(a, b, upper, unit):
    """x of a x = b by substitution; only one triangle of a is read."""
    n = a.shape[-1]
    x = np.array(np.broadcast_to(b, b.shape), dtype=np.result_type(a, b), order="C")
    for i in range(n - 1, -1, -1) if upper else range(n):
        done = slice(i + 1, n) if upper else slice(0, i)
        if done.stop > done.start:
            x[..., i, :] -= (a[..., i, None, done] @ x[..., done, :])[..., 0, :]
        if not unit:
            x[..., i, :] /= a[..., i, i, None]
    return x


def cholesky(x, upper):
    """(factor, info): info is the order of the first leading minor that is not positive. Only one triangle of x is read."""
    whole = np.conj(np.swapaxes(x, -1, -2)) if upper else x
    try:
        out = np.linalg.cholesky(whole)
        info = np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        parts = [_cholesky_of_one(m) for m in _each(whole)]
        out = np.stack([factor for factor, _ in parts]).reshape(x.shape)
        info = np.array([failed for _, failed in parts], np.int32).reshape(x.shape[:-2])
    out = np.tril(out)
    return (np.conj(np.swapaxes(out, -1, -2)) if upper else out), info


def _cholesky_of_one(x):
    """Column by column, so that the place of the failure is known."""
    n = x.shape[-1]
    factor = np.tril(x).copy()
    for j in range(n):
        pivot = (factor[j, j] - np.sum(np.abs(factor[j, :j]) ** 2)).real
        if not pivot > 0:
            factor[j, j] = pivot
            return factor, j + 1
        factor[j, j] = np.sqrt(pivot)
        factor[j + 1:, j] = (factor[j + 1:, j] - factor[j + 1:, :j] @ np.conj(factor[j, :j])) / factor[j, j]
    return factor, 0


# ------------------------------------------------------------------ least squares
def pseudo_inverse(x, rtol, atol, hermitian):
    if hermitian:
        values, vectors = np.linalg.eigh(x)
        size = np.abs(values)
        limit = np.maximum(atol, rtol * size.max(-1, initial=0, keepdims=True))
        with np.errstate(divide="ignore"):
            turned = np.where(size > limit, 1 / values, 0).astype(values.dtype)
        return (vectors * turned[..., None, :]) @ np.conj(np.swapaxes(vectors, -1, -2))
    if 0 in x.shape[-2:]:
        return np.zeros(x.shape[:-2] + (x.shape[-1], x.shape[-2]), x.dtype)
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    limit = np.maximum(atol, rtol * s.max(-1, initial=0, keepdims=True))
    with np.errstate(divide="ignore"):
        turned = np.where(s > limit, 1 / s, 0).astype(s.dtype)
    return (np.conj(np.swapaxes(vh, -1, -2)) * turned[..., None, :]) @ np.conj(np.swapaxes(u, -1, -2))


def least_squares(a, b, rcond):
    """(solution, squared residuals, rank, singular values)."""
    n, k = a.shape[-1], b.shape[-1]
    solutions, ranks, values = [], [], []
    for matrix, right in zip(_each(a), _each(b)):
        x, _, rank, s = np.linalg.lstsq(matrix, right, rcond=rcond)
        solutions.append(x)
        ranks.append(rank)
        values.append(s)
    batch = a.shape[:-2]
    x = np.array(solutions, a.dtype).reshape(batch + (n, k))
    residuals = (np.abs(a @ x - b) ** 2).sum(-2)
    return x, residuals, np.array(ranks, np.int64).reshape(batch), np.array(values).reshape(batch + (min(a.shape[-2:]),))
