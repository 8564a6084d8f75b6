"""Powers, exponentials, ranks and condition numbers of matrices. Source: torch.linalg."""
import math

import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .decompositions import eigvalsh, svdvals
from .linear_systems import inv, inv_ex, solve
from .matrices import check_float, check_matrix, check_square, mH
from .norms import matrix_norm


# ------------------------------------------------------------------ powers
def linalg_matrix_power(A, n):
    """A multiplied by itself n times; by its inverse for a negative n."""
    check_square("linalg.matrix_power", A)
    if not isinstance(n, int):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    if n < 0:
        A, n = inv(A), -n
    if n == 0:
        from ..tensor.creation import eye

        return A.clone().copy_(eye(A.shape[-1], dtype=A.dtype))
    if n == 1:
        return A.clone()
    if n == 2:
        return A @ A
    if n == 3:
        return A @ A @ A
    out, square = None, A
    while n:
        if n % 2:
            out = square if out is None else out @ square
        n //= 2
        if n:
            square = square @ square
    return out


@public(out=True)
def matrix_power(input, n):
    """input multiplied by itself n times; by its inverse for a negative n."""
    return linalg_matrix_power(input, n)


# ------------------------------------------------------------------ the exponential
def _host_matrix_exp(x):
    """exp(x) by scaling and squaring around a Pade approximant of order 13 (Higham 2005)."""
    if not x.size:
        return x
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    n = x.shape[-1]
    size = np.abs(wide).sum(-2).max(-1)
    steps = np.where(size > 5.37, np.ceil(np.log2(np.maximum(size, 1e-300) / 5.37)), 0)
    steps = np.where(np.isfinite(steps), steps, 0).astype(int)
    scaled = wide / (2.0 ** steps)[..., None, None]
    b = _PADE
    eye = np.eye(n)
    a2 = scaled @ scaled
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = scaled @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * eye)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * eye
    try:
        out = np.linalg.solve(even - odd, even + odd)
    except np.linalg.LinAlgError:       # infinities or NaNs within
        return np.full(x.shape, np.nan, x.dtype)
    for step in range(int(steps.max(initial=0))):
        out = np.where((steps > step)[..., None, None], out @ out, out)
    return out.astype(x.dtype)


_PADE = (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0, 10559470521600.0,
         670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0)


def _matrix_exp_gradient(g, input):
    """The off-diagonal block of exp([[A^H, G], [0, A^H]])."""
    n, lead = input.shape[-1], tuple(input.shape[:-2])
    ndim = len(lead) + 2
    turned = mH(input)
    none = (0,) * ndim
    low = (0,) * (ndim - 2)
    upper_left = OPS["pad_zeros"](turned, low=none, high=low + (n, n), inner=none)
    lower_right = OPS["pad_zeros"](turned, low=low + (n, n), high=none, inner=none)
    upper_right = OPS["pad_zeros"](g, low=low + (0, n), high=low + (n, 0), inner=none)
    whole = matrix_exp_op(A.add_op(A.add_op(upper_left, lower_right), upper_right))
    return OPS["cut"](whole, starts=low + (0, n), sizes=lead + (n, n), steps=(1,) * ndim)


matrix_exp_op = Op("linalg_matrix_exp", "input", compute=lambda x: P.call(_host_matrix_exp, (x,), [(x.shape, x.dtype)])[0],
                   grads={"input": _matrix_exp_gradient})


@public()
def matrix_exp(input):
    """The exponential of square matrices."""
    check_square("linalg.matrix_exp", input)
    check_float("linalg.matrix_exp", input, low_precision=True)
    return Op.apply(matrix_exp_op, (input,))


# ------------------------------------------------------------------ rank and condition
def linalg_matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None):
    """How many singular values (sizes of eigenvalues, if hermitian) exceed max(atol, rtol * the largest)."""
    if A.ndim < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    if tol is not None:
        atol, rtol = tol, 0.0
    values = eigvalsh(A).abs() if hermitian else svdvals(A)
    if values.shape[-1] == 0:
        return values.new_zeros(values.shape[:-1], dtype=dt.int64)
    if rtol is None:
        given = atol is not None and bool((atol > 0) if not isinstance(atol, Op.Tensor) else (atol > 0).any())
        rtol = 0.0 if given else max(A.shape[-2:]) * dt.finfo(A.dtype).eps
    limit = values.amax(-1) * rtol
    if atol is not None:
        limit = limit.clamp(min=atol) if not isinstance(atol, Op.Tensor) else limit.maximum(atol)
    return (values > limit.unsqueeze(-1)).sum(-1)


@public(method=False)
def matrix_rank(input, tol=None, symmetric=False):
    """Removed from PyTorch."""
    raise RuntimeError("This function was deprecated since version 1.9 and is now removed.\nPlease use the `torch.linalg.matrix_rank` "
                       "function instead. The parameter 'symmetric' was renamed in `torch.linalg.matrix_rank()` to 'hermitian'.")


def cond(A, p=None):
    """The norm of A times the norm of its inverse. p: None or 2, -2, 1, -1, inf, -inf, "fro", "nuc"."""
    check_matrix("linalg.cond", A)
    check_float("linalg.cond", A)
    if p is None or p in (2, -2):
        values = svdvals(A)
        largest, smallest = values.select(-1, 0), values.select(-1, -1)
        return smallest / largest if p == -2 else largest / smallest
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    check_square(f"linalg.cond(ord={p})", A)
    inverse, info = inv_ex(A)
    if p == "nuc":
        return matrix_norm(A, "nuc") * matrix_norm(inv(A), "nuc")
    out = matrix_norm(A, p) * matrix_norm(inverse, p)
    return out.masked_fill(info.ne(0), math.inf)


# ------------------------------------------------------------------ tensors as matrices
def tensorinv(A, ind=2):
    """The inverse of A taken as a matrix whose rows are the first `ind` dimensions."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    shape = tuple(A.shape)
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
                           f"{columns} != {rows}")
    return inv(A.reshape(rows, columns)).reshape(shape[ind:] + shape[:ind])


def tensorsolve(A, B, dims=None):
    """X with tensordot(A, X, X.ndim) = B."""
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    shape = tuple(A.shape)[B.ndim:]
    n = math.prod(shape)
    if n != B.numel():
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but "
                           f"got {n} != {B.numel()}")
    return solve(A.reshape(n, n), B.reshape(n)).reshape(shape)


def vecdot(x, y, *, dim=-1):
    """The inner products of vectors along dim; x is conjugated."""
    check_float("linalg.vecdot", x, low_precision=True)
    if x.dtype is not y.dtype:
        raise RuntimeError(f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {dt.long_name(x.dtype)} and y of "
                           f"type {dt.long_name(y.dtype)} instead")
    return ((x.conj() if x.dtype.is_complex else x) * y).sum(dim)


def vander(x, N=None):
    """The powers 0 to N - 1 of each number of x, along a new last dimension."""
    if N is not None and N <= 1:
        raise RuntimeError("N must be greater than 1.")
    N = x.shape[-1] if N is None else N
    from .joining import cat

    powers = x.unsqueeze(-1).expand(*x.shape, N - 1).cumprod(-1)
    return cat([x.new_ones((*x.shape, 1)), powers], -1)


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    return A.diagonal(offset, dim1, dim2)
