"""Linear algebra. Names as in `torch.linalg`; what they do is in ops/."""
from rushlight.ops import (contraction, decompositions, householder, least_squares, linear_systems, matrix_functions, norms,
                           triangular)
from rushlight.ops.matrices import LinAlgError
from rushlight.tensor.binding import _with_out

__all__ = ["LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
           "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul",
           "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet",
           "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot",
           "vector_norm"]


def _public(function, name):
    """A function as users see it: under its name here, with out=."""
    run = _with_out(function, "linalg_" + name)
    run.__name__ = run.__qualname__ = "linalg_" + name
    return run


cholesky = _public(triangular.linalg_cholesky, "cholesky")
cholesky_ex = _public(triangular.cholesky_ex, "cholesky_ex")
cond = _public(matrix_functions.cond, "cond")
cross = _public(contraction.linalg_cross, "cross")
diagonal = matrix_functions.diagonal
eig = _public(decompositions.linalg_eig, "eig")
eigh = _public(decompositions.eigh, "eigh")
eigvals = _public(decompositions.eigvals, "eigvals")
eigvalsh = _public(decompositions.eigvalsh, "eigvalsh")
householder_product = _public(householder.householder_product, "householder_product")
inv = _public(linear_systems.inv, "inv")
inv_ex = _public(linear_systems.inv_ex, "inv_ex")
lstsq = least_squares.linalg_lstsq
lu = _public(triangular.linalg_lu, "lu")
lu_factor = _public(triangular.lu_factor, "lu_factor")
lu_factor_ex = _public(triangular.lu_factor_ex, "lu_factor_ex")
lu_solve = _public(triangular.linalg_lu_solve, "lu_solve")
matrix_exp = matrix_functions.matrix_exp
matrix_norm = _public(norms.matrix_norm, "matrix_norm")
matrix_power = _public(matrix_functions.linalg_matrix_power, "matrix_power")
matrix_rank = _public(matrix_functions.linalg_matrix_rank, "matrix_rank")
multi_dot = _public(contraction.multi_dot, "multi_dot")
norm = _public(norms.linalg_norm, "norm")
pinv = _public(least_squares.pinv, "pinv")
qr = _public(decompositions.linalg_qr, "qr")
slogdet = _public(linear_systems.linalg_slogdet, "slogdet")
solve = _public(linear_systems.solve, "solve")
solve_ex = _public(linear_systems.solve_ex, "solve_ex")
solve_triangular = _public(triangular.solve_triangular, "solve_triangular")
svd = _public(decompositions.linalg_svd, "svd")
svdvals = _public(decompositions.svdvals, "svdvals")
tensorinv = _public(matrix_functions.tensorinv, "tensorinv")
tensorsolve = _public(matrix_functions.tensorsolve, "tensorsolve")
vander = matrix_functions.vander
vecdot = _public(matrix_functions.vecdot, "vecdot")
vector_norm = _public(norms.vector_norm, "vector_norm")


def det(A, *, out=None):
    """The determinant of square matrices."""
    return _det(A) if out is None else _det(A, out=out)


_det = _public(linear_systems.det, "det")


def matmul(input, other, *, out=None):
    """torch.matmul."""
    import rushlight as torch

    return torch.matmul(input, other, out=out)
