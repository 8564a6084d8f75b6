"""Elements in other places, or several times: flip, roll, repeat, meshgrid and their kin. Source: torch's functions of these names."""
from math import prod

import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import OPS, Op, public
from .gathering import index_select
from .joining import stack
from .scanning import flip_op


def ints(args):
    """Numbers given one by one or as one sequence."""
    if len(args) == 1 and not isinstance(args[0], int) and hasattr(args[0], "__iter__"):
        args = tuple(args[0])
    return tuple(int(a) for a in args)


def wrapped_dims(dims, ndim):
    """Dimensions in range, none of them twice."""
    out = tuple(Op.wrap_dim(d, ndim) for d in dims)
    for d in out:
        if out.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return out


# ------------------------------------------------------------------ flip, roll, rot90
@public()
def flip(input, *axes, dims=None):
    """The elements in reverse order along dims."""
    dims = axes if dims is None else (dims,)
    return Op.apply(flip_op, (input,), (wrapped_dims(ints(dims), input._meta.ndim) if input._meta.ndim else (),))


@public()
def fliplr(input):
    """Columns in reverse order."""
    if input._meta.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


@public()
def flipud(input):
    """Rows in reverse order."""
    if input._meta.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def _roll(x, shifts, dims):
    if not dims:
        return P.reshape(_roll(P.reshape(x, (x.numel,)), shifts, (0,)), x.shape)
    for shift, d in zip(shifts, dims):
        n = x.shape[d]
        shift = shift % n if n else 0
        if shift:
            x = P.concatenate([P.narrow(x, d, n - shift, shift), P.narrow(x, d, 0, n - shift)], d)
    return x


roll_op = Op("roll", "input", "shifts dims", compute=_roll,
             grads={"input": lambda g, shifts, dims: roll_op(g, shifts=tuple(-s for s in shifts), dims=dims)})


@public()
def roll(input, shifts, dims=()):
    """The elements moved on by shifts along dims, those at the end coming back at the start; of all in a row without dims."""
    shifts = ints((shifts,))
    dims = () if dims is None else ints((dims,))
    if not shifts:
        raise RuntimeError("`shifts` required")
    if len(shifts) != len(dims) and not (len(shifts) == 1 and not dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return Op.apply(roll_op, (input,), (shifts, tuple(Op.wrap_dim(d, input._meta.ndim) for d in dims)))


def _rot90(x, k, dims):
    a, b = dims
    if k == 1:
        return P.transpose(P.flip(x, (b,)), a, b)
    if k == 2:
        return P.flip(x, dims)
    return P.flip(P.transpose(x, a, b), (b,)) if k == 3 else x


rot90_op = Op("rot90", "input", "k dims", compute=_rot90, grads={"input": lambda g, k, dims: rot90_op(g, k=-k % 4, dims=dims)})


@public()
def rot90(input, k=1, dims=(0, 1)):
    """k quarter turns in the plane of two dimensions, from the first towards the second."""
    dims, ndim = tuple(dims), input._meta.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return Op.apply(rot90_op, (input,), (k % 4, tuple(Op.wrap_dim(d, ndim) for d in dims)))


# ------------------------------------------------------------------ repeat
def _repeat(x, sizes):
    shape = (1,) * (len(sizes) - x.ndim) + x.shape
    apart = P.reshape(x, tuple(n for m in shape for n in (1, m)))
    spread = P.expand(apart, tuple(n for r, m in zip(sizes, shape) for n in (r, m)))
    return P.reshape(spread, tuple(r * m for r, m in zip(sizes, shape)))


def _repeat_gradient(g, infos, sizes):
    shape = (1,) * (len(sizes) - len(infos[0].shape)) + infos[0].shape
    apart = OPS["reshape_copy"](g, shape=tuple(n for r, m in zip(sizes, shape) for n in (r, m)))
    dims = tuple(range(0, 2 * len(sizes), 2))
    return OPS["reshape_copy"](OPS["sum"](apart, dims=dims, keepdim=False, dtype=g.dtype), shape=infos[0].shape)


repeat_op = Op("repeat", "input", "sizes", compute=_repeat, grads={"input": _repeat_gradient})


@public(torch=False)
def repeat(input, *times, repeats=None):
    """The tensor set repeats[d] times side by side along each dimension d (new ones lead)."""
    if not times and repeats is None:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    repeats = ints(times if repeats is None else (repeats,))
    shape = input._meta.shape
    if len(repeats) < len(shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    full = [r * n for r, n in zip(repeats, (1,) * (len(repeats) - len(shape)) + shape)]
    for n, r in zip(full, repeats):
        if r < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {full}")
    return Op.apply(repeat_op, (input,), (repeats,))


@public()
def tile(input, *times, dims=None):
    """As repeat, with fewer numbers than dimensions allowed: the first dimensions then stay."""
    dims = ints(times if dims is None else (dims,))
    return repeat(input, (1,) * (input._meta.ndim - len(dims)) + dims)


def _indices_of(repeats):
    """0, 1, 2, ... as often as repeats says."""
    if repeats.dtype not in (dt.int64, dt.int32):
        raise NotImplementedError(f'"repeat_interleave_cpu" not implemented for \'{dt.long_name(repeats.dtype)}\'')
    array = repeats._array()
    if array.size and array.min() < 0:
        raise RuntimeError("repeats can not be negative")
    return Op.from_array(np.repeat(np.arange(array.size), array))


@public()
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element (or slice along dim) `repeats` times: a number, or one for each. Of repeats alone: the indices that do it."""
    if repeats is None:
        if input._meta.ndim != 1:
            raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
        return _indices_of(input)
    if dim is None:
        input, dim = input.reshape(-1), 0
    d = Op.wrap_dim(dim, input._meta.ndim)
    if input._meta.ndim == 0:
        input = input.reshape(1)
    n = input._meta.shape[d]
    if not isinstance(repeats, Op.Tensor):
        if isinstance(repeats, (list, tuple)):
            repeats = Op.from_array(np.asarray(repeats, np.int64))
        else:
            return _repeat_each(input, int(repeats), d)
    if repeats._meta.ndim > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if repeats._meta.numel == 1:
        repeats = repeats.reshape(1).expand(n)
    elif repeats._meta.shape[0] != n:
        raise RuntimeError("repeats must have the same size as input along dim, but got repeats.size(0) = "
                           f"{repeats._meta.shape[0]} and input.size({d}) = {n}")
    index = _indices_of(repeats)
    if output_size is not None and index._meta.shape[0] != output_size:
        raise RuntimeError("allocated size does not match required size")
    return index_select(input, d, index)


def _repeat_each(input, times, d):
    if times < 0:
        raise RuntimeError("Repeats must be non-negative")
    shape = input._meta.shape
    spread = input.unsqueeze(d + 1).expand(*shape[:d + 1], times, *shape[d + 1:])
    return spread.clone().reshape(shape[:d] + (shape[d] * times,) + shape[d + 1:])


# ------------------------------------------------------------------ broadcasting
@public(method=False)
def broadcast_tensors(*tensors):
    """Tensors as views of the one shape that they broadcast to."""
    if len(tensors) == 1 and not isinstance(tensors[0], Op.Tensor):
        tensors = tuple(tensors[0])
    shape = ()
    for t in tensors:
        shape = P.broadcast_shapes(shape, t._meta.shape)
    return tuple(t if t._meta.shape == shape else t.expand(shape) for t in tensors)


@public(method=False)
def broadcast_shapes(*shapes):
    """The shape that shapes broadcast to."""
    from ..tensor.size import Size

    shapes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    out = [1] * max(map(len, shapes), default=0)
    for k, shape in enumerate(shapes):
        for i in range(-1, -len(shape) - 1, -1):
            if shape[i] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if shape[i] in (1, out[i]):
                continue
            if out[i] != 1:
                raise RuntimeError(f"Attempting to broadcast a dimension of length {shape[i]} at {i}! Mismatching argument at index "
                                   f"{k} had {shape}; but expected shape should be broadcastable to {out}")
            out[i] = shape[i]
    return Size(out)


@public(method=False)
def meshgrid(*tensors, indexing=None):
    """Vectors as grids: each spread along one dimension of its own. indexing "ij", or "xy" with the first two exchanged."""
    if len(tensors) == 1 and not isinstance(tensors[0], Op.Tensor):
        tensors = tuple(tensors[0])
    if indexing is None:
        import warnings

        warnings.warn("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", UserWarning,
                      stacklevel=2)
        indexing = "ij"
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for t in tensors:
        if t._meta.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t}")
        if t.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in ("xy", "ij"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    n = len(tensors)
    places = [1, 0, *range(2, n)] if indexing == "xy" and n >= 2 else list(range(n))
    shape = [1] * n
    for t, place in zip(tensors, places):
        shape[place] = t._meta.numel
    return tuple(t.view([-1 if i == place else 1 for i in range(n)]).expand(shape) for t, place in zip(tensors, places))


def _need_vector(t):
    if t._meta.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")


@public(method=False)
def cartesian_prod(*tensors):
    """All ways to take one element from each vector, as rows."""
    for t in tensors:
        _need_vector(t)
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.flatten() for g in meshgrid(*tensors, indexing="ij")], 1)


@public(method=False)
def combinations(input, r=2, with_replacement=False):
    """All ways to take r elements of a vector, as rows."""
    _need_vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    grids = np.indices((input._meta.shape[0],) * r).reshape(r, -1)
    steps = np.diff(grids, axis=0)
    kept = ((steps >= 0) if with_replacement else (steps > 0)).all(0)
    return stack([input[Op.from_array(np.ascontiguousarray(g[kept], np.int64))] for g in grids], 1)


# ------------------------------------------------------------------ blocks
def _block_diag(*blocks):
    shapes = [_matrix(b.shape) for b in blocks]
    out = P.const(0, blocks[0].dtype, (sum(s[0] for s in shapes), sum(s[1] for s in shapes)))
    row = column = 0
    for b, shape in zip(blocks, shapes):
        if prod(shape):
            out = P.update_slice(out, P.reshape(b, shape), (row, column))
        row, column = row + shape[0], column + shape[1]
    return out


def _matrix(shape):
    return (1,) * (2 - len(shape)) + tuple(shape)


def _blocks_of(g, infos, needs):
    out, row, column = [], 0, 0
    for info, need in zip(infos, needs):
        shape = _matrix(info.shape)
        part = OPS["cut"](g, starts=(row, column), sizes=shape, steps=(1, 1)) if need else None
        out.append(OPS["reshape_copy"](part, shape=info.shape) if need else None)
        row, column = row + shape[0], column + shape[1]
    return out


block_diag_op = Op("block_diag", "tensors*", "", compute=_block_diag, grad=_blocks_of)


@public(method=False)
def block_diag(*tensors):
    """Matrices one after the other along a diagonal, zeros elsewhere. Vectors count as rows."""
    for i, t in enumerate(tensors):
        if t._meta.ndim > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t._meta.ndim} "
                               "dimensions")
    common = dt.result_type_of([(t.dtype, 1, False) for t in tensors])
    return Op.apply(block_diag_op, tuple(t.to(common) for t in tensors))
