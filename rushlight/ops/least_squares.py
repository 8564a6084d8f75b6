"""The pseudo-inverse, and least squares. Source: torch.linalg.pinv and lstsq."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from . import lapack
from .declare import Op, public
from .matrices import broadcast_batches, mH, mm
from .reductions import pair


def _batch(x):
    return x.shape[:-2]


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
