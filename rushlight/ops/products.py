"""Matrix products. Source: torch.matmul and its kin."""
from math import prod

from ..graph import primitives as P
from . import arithmetic as A
from .declare import OPS, Op, public


def _t(x):
    return P.transpose(x, -2 % x.ndim, -1 % x.ndim)


def swap_last(x):
    """x with its last two dimensions exchanged, as an op."""
    n = len(x.shape)
    return OPS["permute_copy"](x, dims=tuple(range(n - 2)) + (n - 1, n - 2))


def _same_dtype(name, *values):
    first = values[0].dtype
    for v in values[1:]:
        if v.dtype is not first:
            from ..runtime.dtypes import long_name

            a, b = (_C_NAMES.get(x.name, long_name(x)) for x in (first, v.dtype))
            raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {a} != {b}" if name in ("mm", "addmm", "linear")
                               else f"expected scalar type {long_name(first)} but found {long_name(v.dtype)}")


_C_NAMES = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "float16": "c10::Half",
            "bfloat16": "c10::BFloat16", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "bool": "bool",
            "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


def _no_bools(kernel, result, *values):
    """PyTorch has no kernels that multiply matrices of bools, unless there is nothing to add up."""
    if result.dtype.kind == "bool" and result.numel and all(v.numel for v in values):
        raise NotImplementedError(f'"{kernel}" not implemented for \'Bool\'')
    return result


def _mm(a, b):
    _same_dtype("mm", a, b)
    return _no_bools("addmm_impl_cpu_", P.dot(a, b), a, b)


def _bmm(a, b):
    _same_dtype("bmm", a, b)
    return _no_bools("bmm", P.dot(a, b), a, b)


mm_op = Op("mm", "input mat2", compute=_mm,
           grads={"input": lambda g, mat2: mm_op(g, swap_last(A.cj(mat2))), "mat2": lambda g, input: mm_op(swap_last(A.cj(input)), g)})
bmm_op = Op("bmm", "input mat2", compute=_bmm,
            grads={"input": lambda g, mat2: bmm_op(g, swap_last(A.cj(mat2))), "mat2": lambda g, input: bmm_op(swap_last(A.cj(input)), g)})


def _linear(x, w, b):
    if b is None:
        _same_dtype("linear", x, w)
    elif x.dtype is not w.dtype or b.dtype is not w.dtype:
        from ..runtime.dtypes import long_name

        names, first = ("mat1", x) if x.dtype is not w.dtype else ("self", b)
        raise RuntimeError(f"{names} and mat2 must have the same dtype, but got {long_name(first.dtype)} and {long_name(w.dtype)}")
    n = x.shape[-1]
    rows = P.reshape(x, (x.numel // n if n else prod(x.shape[:-1]), n)) if x.ndim != 2 else x
    out = P.dot(rows, _t(w))
    if b is not None:
        out = P.binary("add", out, P.reshape(b, out.shape) if b.ndim > 2 else b)
    return P.reshape(out, x.shape[:-1] + (w.shape[0],))


def _rows(x):
    """All but the last dimension as one."""
    n = x.shape[-1]
    rows = 1
    for s in x.shape[:-1]:
        rows *= s
    return OPS["reshape_copy"](x, shape=(rows, n)) if len(x.shape) != 2 else x


def _linear_dx(g, weight, infos):
    return OPS["reshape_copy"](mm_op(_rows(g), weight), shape=infos[0].shape)


def _linear_op(name, node):
    return Op(name, "input weight bias", compute=_linear, node=node, display="linear",
              grads={"input": _linear_dx, "weight": lambda g, input: mm_op(swap_last(_rows(g)), _rows(input)),
                     "bias": lambda g, infos: A_sum(g, infos)})


# one computation, under the names that PyTorch leaves on the tape
linear_op = _linear_op("linear", "AddmmBackward0")
_LINEAR = {(2, True): linear_op, (2, False): _linear_op("linear_plain", "MmBackward0"),
           (1, True): _linear_op("linear_view", "ViewBackward0"), (1, False): _linear_op("linear_row", "SqueezeBackward4"),
           (3, True): OPS["linear_view"], (3, False): _linear_op("linear_plain_view", "UnsafeViewBackward0")}


def A_sum(g, infos):
    return OPS["sum_to"](g, shape=infos[2].shape)


def linear(input, weight, bias=None):
    """input @ weight.T + bias. input (*, in), weight (out, in), bias (out). Source: F.linear."""
    try:
        xs, ws = input._meta.shape, weight._meta.shape
        bs = None if bias is None else bias._meta.shape
    except AttributeError:
        for i, (name, t) in enumerate((("input", input), ("weight", weight), ("bias", bias))):
            if not isinstance(t, Op.Tensor) and not (t is None and i == 2):
                raise TypeError(f"linear(): argument '{name}' (position {i + 1}) must be Tensor, not {type(t).__name__}") from None
        raise
    if len(ws) != 2 or not xs or xs[-1] != ws[1] or bs is not None and bs != (ws[0],):
        if len(ws) == 1 and xs and bias is None:
            return matmul(input, weight)
        _check_linear(xs, ws, bs)
    return Op.apply(_LINEAR[len(xs) if len(xs) < 3 else 3, bias is not None], (input, weight, bias))


def _check_linear(xs, ws, bs):
    """PyTorch's errors for sizes that do not go together."""
    if not xs or not ws:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {len(xs)}D and {len(ws)}D")
    if len(ws) == 1:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    if len(ws) > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {len(ws)}D")
    rows = prod(xs[:-1])
    if xs[-1] != ws[1]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{xs[-1]} and {ws[1]}x{ws[0]})")
    if bs is None or len(bs) > 2 and prod(bs) == rows * ws[0]:
        return
    out = (rows, ws[0])
    for i in range(1, len(bs) + 1):
        if i > 2 or bs[-i] not in (1, out[-i]):
            size = out[-i] if i <= 2 else -1
            raise RuntimeError(f"The expanded size of the tensor ({size}) must match the existing size ({bs[-i]}) at non-singleton dimension "
                               f"{2 - i}.  Target sizes: {list(out)}.  Tensor sizes: {list(bs)}")


@public(out=True)
def mm(input, mat2):
    a, b = input._meta.shape, mat2._meta.shape
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    _check_mm(a, b)
    return Op.apply(mm_op, (input, mat2))


mm.op = mm_op


def _check_mm(a, b):
    if a[-1] != b[-2]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})")


@public(out=True)
def bmm(input, mat2):
    a, b = input._meta.shape, mat2._meta.shape
    if len(a) != 3 or len(b) != 3:
        raise RuntimeError("batch1 must be a 3D tensor" if len(a) != 3 else "batch2 must be a 3D tensor")
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: "
                           f"[{b[0]}, {b[1]}].")
    return Op.apply(bmm_op, (input, mat2))


@public(out=True)
def matmul(input, other):
    """The matrix product, with NumPy's rules for vectors and batches."""
    a, b = input._meta.ndim, other._meta.ndim
    if a == 2 and b == 2:
        return mm(input, other)
    if a == 0 or b == 0:
        raise RuntimeError("both arguments to matmul need to be at least 1D, but they are 0D and " +
                           f"{b}D" if a == 0 else f"both arguments to matmul need to be at least 1D, but they are {a}D and 0D")
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 2 and b == 1:
        return mv(input, other)
    if a == 1 and b == 2:
        return mm(input.unsqueeze(0), other).squeeze_(0)
    if b == 1:
        return mv_batched(input, other)
    if a == 1:
        return matmul(input.unsqueeze(0), other).squeeze(-2)
    xs, ys = input._meta.shape, other._meta.shape
    if b == 2:
        if xs[-1] != ys[0]:
            rows = input._meta.numel // xs[-1] if xs[-1] else 0
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{xs[-1]} and {ys[0]}x{ys[1]})")
        return mm(input.reshape(-1 if xs[-1] else 0, xs[-1]), other).view(*xs[:-1], ys[1])
    if xs[-1] != ys[-2]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{_batch(xs, ys)}, {xs[-1]}] but got: "
                           f"[{_batch(xs, ys)}, {ys[-2]}].")
    try:
        batch = P.broadcast_shapes(xs[:-2], ys[:-2])
    except RuntimeError:
        raise _broadcast_error(xs[:-2], ys[:-2]) from None
    n = 1
    for s in batch:
        n *= s
    x = input.expand(*batch, *xs[-2:]).reshape(n, *xs[-2:])
    y = other.expand(*batch, *ys[-2:]).reshape(n, *ys[-2:])
    return Op.apply(bmm_op, (x, y)).view(*batch, xs[-2], ys[-1])


def _batch(xs, ys):
    n = 1
    for s in P.broadcast_shapes(xs[:-2], ys[:-2]):
        n *= s
    return n


def _broadcast_error(a, b):
    lead = max(len(a), len(b))
    wide_a, wide_b = (1,) * (lead - len(a)) + tuple(a), (1,) * (lead - len(b)) + tuple(b)
    d = next(i for i in range(lead - 1, -1, -1) if wide_a[i] != wide_b[i] and 1 not in (wide_a[i], wide_b[i]))
    return RuntimeError(f"The size of tensor a ({wide_a[d]}) must match the size of tensor b ({wide_b[d]}) at non-singleton "
                        f"dimension {d}")


@public(out=True)
def mv(input, vec):
    a, b = input._meta.shape, vec._meta.shape
    if len(a) != 2 or len(b) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {len(a)}, {len(b)}")
    if a[1] != b[0]:
        raise RuntimeError(f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})")
    return Op.apply(mv_op, (input, vec))


def _mv(a, v):
    if a.dtype is not v.dtype:
        from ..runtime.dtypes import long_name

        matrix, vector = long_name(a.dtype), long_name(v.dtype)
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {vector}, {matrix}, and {vector}")
    return P.reshape(_no_bools("addmv_impl_cpu", P.dot(a, P.reshape(v, (v.shape[0], 1))), a), (a.shape[0],))


mv_op = Op("mv", "input vec", compute=_mv,
           grads={"input": lambda g, vec: outer_op(g, A.cj(vec)), "vec": lambda g, input: mv_op(swap_last(A.cj(input)), g)})
outer_op = Op("outer", "input vec2", compute=lambda a, b: P.binary("mul", P.reshape(a, (a.shape[0], 1)), P.reshape(b, (1, b.shape[0]))),
              promote="arith", node="MulBackward0",
              grads={"input": lambda g, vec2: mv_op(g, A.cj(vec2)), "vec2": lambda g, input: mv_op(swap_last(g), A.cj(input))})


def mv_batched(input, vec):
    shape = input._meta.shape
    return mv(input.reshape(-1, shape[-1]), vec).view(*shape[:-1])


@public(out=True, aliases=("ger",))
def outer(input, vec2):
    if input._meta.ndim != 1 or vec2._meta.ndim != 1:
        bad = input if input._meta.ndim != 1 else vec2
        raise RuntimeError(f"outer: Expected 1-D argument {'self' if bad is input else 'vec2'}, but got {bad._meta.ndim}-D")
    return Op.apply(outer_op, (input, vec2))


@public(out=True)
def dot(input, tensor):
    """The inner product of two vectors."""
    a, b = input._meta.shape, tensor._meta.shape
    if len(a) != 1 or len(b) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(a)}D and {len(b)}D tensors")
    if input.dtype is not tensor.dtype:
        from ..runtime.dtypes import long_name

        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {long_name(input.dtype)} and "
                           f"{long_name(tensor.dtype)}")
    if a != b:
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of "
                           f"elements, but got {a[0]} and {b[0]} elements respectively")
    return Op.apply(dot_op, (input, tensor))


def _dot(a, b):
    out = P.dot(P.reshape(a, (1, a.shape[0])), P.reshape(b, (b.shape[0], 1)))
    return P.reshape(_no_bools("dot", out), ())


dot_op = Op("dot", "input tensor", compute=_dot,
            grads={"input": lambda g, tensor: A.mul_op(g, A.cj(tensor)), "tensor": lambda g, input: A.mul_op(g, A.cj(input))})


@public(out=True)
def inner(input, other):
    if input._meta.ndim == 0 or other._meta.ndim == 0:
        return input * other
    return matmul(input, other.transpose(-1, -2) if other._meta.ndim > 1 else other)


@public()
def vdot(input, other):
    return dot(input.conj() if input.dtype.is_complex else input, other)


def _addmm(bias, a, b, beta, alpha):
    _same_dtype("addmm", a, b)
    out = _no_bools("addmm_impl_cpu_", P.dot(a, b), a, b)
    if alpha != 1:
        out = P.binary("mul", out, P.const(alpha, out.dtype))
    if beta == 0:
        return out
    bias = P.cast(bias, out.dtype)
    if beta != 1:
        bias = P.binary("mul", bias, P.const(beta, out.dtype))
    return P.binary("add", out, bias)


addmm_op = Op("addmm", "input mat1 mat2", "beta alpha", compute=_addmm,
              grads={"input": lambda g, beta: A.mul_op(g, beta) if beta != 1 else g,
                     "mat1": lambda g, mat2, alpha: _times(mm_op(g, swap_last(A.cj(mat2))), alpha),
                     "mat2": lambda g, mat1, alpha: _times(mm_op(swap_last(A.cj(mat1)), g), alpha)})


def _times(x, k):
    return x if k == 1 else A.mul_op(x, k)


@public(inplace=True, out=True)
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    a, b = mat1._meta.shape, mat2._meta.shape
    if len(a) != 2 or len(b) != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {len(a)}-D tensor" if len(a) != 2 else
                           f"mat2 must be a matrix, got {len(b)}-D tensor")
    _check_mm(a, b)
    return Op.apply(addmm_op, (input, mat1, mat2), (beta, alpha))


@public(inplace=True, out=True)
def addmv(input, mat, vec, *, beta=1, alpha=1):
    out = mv(mat, vec)
    return _weighted(input, out, beta, alpha)


def _weighted(input, out, beta, alpha):
    out = out if alpha == 1 else out * alpha
    return out if beta == 0 else (input if beta == 1 else input * beta) + out


@public(inplace=True, out=True)
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    return _weighted(input, outer(vec1, vec2), beta, alpha)


@public(inplace=True, out=True)
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return _weighted(input, bmm(batch1, batch2), beta, alpha)


@public(inplace=True, out=True)
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return _weighted(input, bmm(batch1, batch2).sum(0), beta, alpha)
