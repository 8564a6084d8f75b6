"""Triangles and diagonals of matrices. Source: torch.tril, diag and their kin."""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import OPS, Op, public

_INT = dt.int64


# ------------------------------------------------------------------ tril, triu
def _triangle(prim):
    def compute(x, diagonal):
        n, m = x.shape[-2:]
        row, column = P.reshape(P.iota(n), (n, 1)), P.reshape(P.iota(m), (1, m))
        kept = P.binary(prim, P.binary("add", row, P.const(diagonal, _INT)), column)
        return P.where(kept, x, P.const(0, x.dtype))
    return compute


def _triangle_public(name, prim, doc):
    op = Op(name, "input", "diagonal", compute=_triangle(prim), grads={"input": lambda g, diagonal: op(g, diagonal=diagonal)})

    def check(input, diagonal):
        if input._meta.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return op, input, (int(diagonal),)

    def function(input, diagonal=0):
        op, input, attrs = check(input, diagonal)
        return Op.apply(op, (input,), attrs)

    def inplace(self, diagonal=0):
        op, _, attrs = check(self, diagonal)
        return Op.apply_write(op, self, (self,), attrs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.inplace = inplace
    return public(name=name, inplace=True, out=True)(function)


tril = _triangle_public("tril", "ge", "The matrices with zeros above the diagonal; `diagonal` moves it upwards.")
triu = _triangle_public("triu", "le", "The matrices with zeros below the diagonal; `diagonal` moves it upwards.")


def _indices(name, function):
    def run(row, col, offset=0, *, dtype=None, device=None, layout=None):
        from ..tensor.creation import _place

        _place(device, layout)
        if row < 0:
            raise RuntimeError(f"row must be non-negative, got{row}")
        if col < 0:
            raise RuntimeError(f"col must be non-negative, got{col}")
        dtype = dtype or _INT
        if dtype.kind != "int":
            raise NotImplementedError(f'"{name}" not implemented for \'{dt.long_name(dtype)}\'')
        return Op.from_array(np.stack(function(row, offset, col)).astype(dtype.numpy, copy=False))

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"Rows and columns of the elements that {name[:4]} keeps, (2, n)."
    return public(name=name, method=False)(run)


tril_indices, triu_indices = _indices("tril_indices", np.tril_indices), _indices("triu_indices", np.triu_indices)


# ------------------------------------------------------------------ diagonals
def _spread(x, shape, offset, dim1, dim2):
    return P._write_step(P.const(0, x.dtype, shape), ("diagonal", offset, dim1, dim2), (), x)


diagonal_copy_op = Op("diagonal_copy", "input", "offset dim1 dim2", compute=lambda x, *where: P.diagonal(x, *where),
                      node="DiagonalBackward0_copy",
                      grads={"input": lambda g, infos, offset, dim1, dim2: diag_embed_op(g, shape=infos[0].shape, offset=offset,
                                                                                         dim1=dim1, dim2=dim2)})
# zeros of `shape` with the last dimension of input along a diagonal
diag_embed_op = Op("diag_embed", "input", "shape offset dim1 dim2", compute=_spread,
                   grads={"input": lambda g, offset, dim1, dim2: diagonal_copy_op(g, offset=offset, dim1=dim1, dim2=dim2)})


@public()
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices with the last dimension of input along a diagonal and zeros elsewhere."""
    meta = input._meta
    a, b = Op.wrap_dim(dim1, meta.ndim + 1), Op.wrap_dim(dim2, meta.ndim + 1)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if meta.ndim == 0:
        Op.wrap_dim(1, 0)
    size = meta.shape[-1] + abs(offset)
    rest = iter(meta.shape[:-1])
    shape = tuple(size if i in (a, b) else next(rest) for i in range(meta.ndim + 1))
    return Op.apply(diag_embed_op, (input,), (shape, int(offset), a, b))


@public(out=True)
def diag(input, diagonal=0):
    """A matrix with a vector on its diagonal; or the diagonal of a matrix."""
    ndim = input._meta.ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    if ndim == 1:
        return diag_embed(input, diagonal)
    return Op.apply(diagonal_copy_op, (input,), (int(diagonal), 0, 1))


@public()
def diagflat(input, offset=0):
    """A matrix with all elements of input on its diagonal."""
    return diag_embed(input.reshape(-1), offset)


def _trace(x):
    line = P.diagonal(x, 0, 0, 1)
    return P.reduce("sum", P.cast(line, _INT) if x.dtype.kind in ("int", "bool") else line, (0,))


def _trace_gradient(g, infos):
    shape = infos[0].shape
    return diag_embed_op(OPS["expand_copy"](g, shape=(min(shape),)), shape=shape, offset=0, dim1=0, dim2=1)


trace_op = Op("trace", "input", compute=_trace, grads={"input": _trace_gradient})


@public()
def trace(input):
    """The sum of a matrix's diagonal."""
    if input._meta.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._meta.ndim}")
    if input.dtype is dt.bool_:
        raise NotImplementedError('"trace" not implemented for \'Bool\'')
    return Op.apply(trace_op, (input,))


@public(name="fill_diagonal_", torch=False)
def fill_diagonal_(self, fill_value, wrap=False):
    """Write a number over the main diagonal; with wrap, a tall matrix's diagonal begins again below."""
    meta = self._meta
    if meta.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if meta.ndim > 2 and len(set(meta.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    stride, size = sum(meta.strides), min(meta.shape)
    self.as_strided((size,), (stride,), meta.offset).fill_(fill_value)
    if wrap and meta.ndim == 2:
        height, width = meta.shape
        if height > width + 1 and width:
            start = meta.strides[0] * (width + 1)
            count = -(-(meta.numel - start) // stride)
            self.as_strided((count,), (stride,), meta.offset + start).fill_(fill_value)
    return self


# ------------------------------------------------------------------ powers
@public(method=False)
def vander(x, N=None, increasing=False):
    """The Vandermonde matrix of a vector: its powers from N - 1 to 0 in columns."""
    from .joining import cat

    if x._meta.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x._meta.shape[0] if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    dtype = _INT if x.dtype.kind in ("int", "bool") else x.dtype
    powers = x.new_ones((x._meta.shape[0], min(n, 1)), dtype=dtype)
    if n > 1:
        powers = cat([powers, x.to(dtype).unsqueeze(1).expand(-1, n - 1)], 1).cumprod(1)
    return powers if increasing else powers.flip(1)
