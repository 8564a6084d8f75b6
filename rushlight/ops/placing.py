"""Writing slices and flat elements at indices: index_add, index_copy, index_fill, put, masked_scatter and their kin."""
from math import prod

from ..graph import layout
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .gathering import _check_flat, checked, index_select_op, need_tensor, rows_back, rows_first, take_op
from .scattering import both, reduction_gradients, scatter_value

_INDEX_DTYPES = (dt.int64, dt.int32)


def _put_rows(x, index, src, dim, accumulate):
    """x with the slices of src written or added at index along dim."""
    index = P.reshape(index, (index.numel,))
    if x.ndim == 0:
        out = P.index_put(P.reshape(x, (1,)), (index,), P.reshape(src, (src.numel,)), accumulate)
        return P.reshape(out, ())
    if src.ndim < x.ndim:       # a vector's slice may come as a 0-d tensor
        src = P.reshape(src, x.shape[:dim] + (index.numel,) + x.shape[dim + 1:])
    return rows_back(P.index_put(rows_first(x, dim), (index,), rows_first(src, dim), accumulate), dim)


def _slices(g, index, infos, dim):
    out = index_select_op(g, index, dim=dim)
    return OPS["reshape_copy"](out, shape=infos[2].shape) if tuple(out.shape) != infos[2].shape else out


# ------------------------------------------------------------------ index_add
def _index_add(x, index, source, alpha, dim):
    source = P.cast(source, x.dtype)
    if alpha is not None:
        source = P.binary("mul", source, P.cast(alpha, x.dtype))
    return _put_rows(x, index, source, dim, True)


def _index_add_source(g, index, alpha, infos, dim):
    out = _slices(g, index, infos, dim)
    return out if alpha is None else A.mul_op(out, alpha)


index_add_op = Op("index_add", "input index source alpha", "dim", compute=_index_add,
                  grads={"input": lambda g: g, "source": _index_add_source})


def _check_rows_at(name, input, d, index, source):
    x, s = input._meta, source._meta
    if index._meta.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {index._meta.ndim} with type: "
                         f"{dt.long_name(index.dtype)} and size: {list(index._meta.shape)}")
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: {dt.long_name(index.dtype)}")
    if input.dtype is not source.dtype:
        raise RuntimeError(f"{name}(): self ({dt.long_name(input.dtype)}) and source ({dt.long_name(source.dtype)}) must have "
                           "the same scalar type")
    if s.ndim == 0 and index._meta.numel != 1:
        raise IndexError(f"Dimension specified as {d} but tensor has no dimensions")
    if s.ndim and index._meta.numel != s.shape[d]:
        raise RuntimeError(f"{name}(): Number of indices ({index._meta.numel}) should be equal to source.size(dim): "
                           f"({s.shape[d]}), for dim: {d}")
    if (s.ndim != x.ndim or any(a != b for i, (a, b) in enumerate(zip(x.shape, s.shape)) if i != d)):
        raise RuntimeError("source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
                           f"{list(x.shape)} source.shape = {list(s.shape)}")


def _index_add_call(input, dim, index, source, *, alpha=1):
    need_tensor("index_add", "index", 2, index)
    need_tensor("index_add", "source", 3, source)
    d = Op.wrap_dim(dim, input._meta.ndim)
    _check_rows_at("index_add_", input, d, index, source)
    index = checked(index, input._meta.shape[d] if input._meta.ndim else 1, d)
    return index_add_op, (input, index, source, None if alpha == 1 else alpha), (d,)


index_add = both("index_add", _index_add_call)


# ------------------------------------------------------------------ index_copy, index_fill
index_copy_op = Op("index_copy", "input index source", "dim", compute=lambda x, i, s, dim: _put_rows(x, i, s, dim, False),
                   grads={"input": lambda g, index, dim: index_fill_op(g, index, 0, dim=dim), "source": _slices})


def _check_copied(array, size, dim):
    if array.size and (array.max() >= size or array.min() < 0):
        bad = array[(array >= size) | (array < 0)].flat[0]
        raise IndexError(f"index_copy_(): index {bad} is out of bounds for dimension {dim} with size {size}")


def _index_copy_call(input, dim, index, source):
    need_tensor("index_copy", "index", 2, index)
    need_tensor("index_copy", "source", 3, source)
    x, s, n = input._meta, source._meta, index._meta.numel
    d = Op.wrap_dim(dim, x.ndim)
    if index._meta.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index._meta.ndim})")
    if s.ndim == 0 and n != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {n})")
    if s.ndim != x.ndim and s.ndim and x.ndim:
        raise IndexError("index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
                         f"dimensionality ({s.ndim}), destination dimensionality ({x.ndim})")
    if index.dtype is not dt.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {dt.long_name(index.dtype)}")
    if input.dtype is not source.dtype:
        raise RuntimeError("index_copy_(): self and source expected to have the same dtype, but got (self) "
                           f"{dt.long_name(input.dtype)} and (source) {dt.long_name(source.dtype)}")
    own, other = (tuple(k for i, k in enumerate(m.shape) if i != d) for m in (x, s))
    if own != other and s.ndim:
        raise RuntimeError("index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
                           f"{' '.join(map(str, own))} at dimension {d} and source slice shape: {' '.join(map(str, other))} at "
                           f"dimension 0.")
    if s.ndim and n != s.shape[d]:
        raise IndexError(f"index_copy_(): Number of indices ({n}) should be equal to source.size(dim) ({s.shape[d]})")
    index = checked(index, x.shape[d] if x.ndim else 1, d, _check_copied)
    return index_copy_op, (input, index, source), (d,)


index_copy = both("index_copy", _index_copy_call)


def _index_fill(x, index, value, dim):
    value = P.cast(value, x.dtype)
    if x.ndim == 0:
        return value if index.numel else x
    index = P.reshape(index, (index.numel,))
    rows = rows_first(x, dim)
    return rows_back(P.index_put(rows, (index,), P.expand(value, index.shape + rows.shape[1:])), dim)


index_fill_op = Op("index_fill", "input index value", "dim", compute=_index_fill,
                   grads={"input": lambda g, index, dim: index_fill_op(g, index, 0, dim=dim)})
index_fill_tensor = Op("index_fill_tensor", "input index value", "dim", compute=_index_fill, node="IndexFillBackward1",
                       display="index_fill",
                       grads={"input": lambda g, index, dim: index_fill_op(g, index, 0, dim=dim),
                              "value": lambda g, index, dim: OPS["sum_to"](index_select_op(g, index, dim=dim), shape=())})


index_fill_op.folds = index_fill_tensor.folds = True


def _check_filled(array, size, dim):
    if array.size and (array.max() >= size or array.min() < -size):
        bad = array[(array >= size) | (array < -size)].flat[0]
        raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def _index_fill_call(input, dim, index, value):
    need_tensor("index_fill", "index", 2, index)
    d = Op.wrap_dim(dim, input._meta.ndim)
    if index.dtype is not dt.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index._meta.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    tensor = isinstance(value, Op.Tensor)
    if tensor and value._meta.ndim:
        raise RuntimeError("index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                           f"{value._meta.ndim} dimension(s).")
    if not input.dtype.is_complex and (value.dtype.is_complex if tensor else isinstance(value, complex)):
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    index = checked(index, input._meta.shape[d] if input._meta.ndim else 1, d, _check_filled)
    return (index_fill_tensor if tensor else index_fill_op), (input, index, value), (d,)


index_fill = both("index_fill", _index_fill_call, out=False)


# ------------------------------------------------------------------ index_reduce
_REDUCE = {"prod": "multiply", "mean": "mean", "amax": "amax", "amin": "amin"}


def _index_reduce(x, index, source, dim, reduce, include_self):
    if x.ndim == 0:
        return scatter_value(x, P.reshape(index, ()), P.reshape(source, ()), 0, _REDUCE[reduce], include_self)
    return scatter_value(x, _along(index, source.shape, dim), source, dim, _REDUCE[reduce], include_self)


def _along(index, shape, dim):
    return P.expand(P.reshape(index, tuple(index.numel if d == dim else 1 for d in range(len(shape)))), shape)


def _index_reduce_gradients(g, input, index, source, result, infos, dim, reduce, include_self, needs):
    shape = infos[2].shape
    index = OPS["reshape_copy"](index, shape=tuple(n if d == dim else 1 for d, n in enumerate(shape)))
    index = OPS["expand_copy"](index, shape=shape)
    infos = (infos[0], infos[2], infos[2])
    return reduction_gradients(g, input, index, source, result, infos, dim, reduce, include_self, needs)


index_reduce_op = Op("index_reduce", "input index source", "dim reduce include_self", compute=_index_reduce,
                     grad=_index_reduce_gradients)


def _index_reduce_call(input, dim, index, source, reduce, *, include_self=True):
    if reduce not in _REDUCE:
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    d = Op.wrap_dim(dim, input._meta.ndim)
    _check_rows_at("index_reduce_", input, d, index, source)
    import warnings

    warnings.warn("index_reduce() is in beta and the API may change at any time.", UserWarning, stacklevel=3)
    index = checked(index, input._meta.shape[d] if input._meta.ndim else 1, d)
    return index_reduce_op, (input, index, source), (d, reduce, bool(include_self))


index_reduce = both("index_reduce", _index_reduce_call)


# ------------------------------------------------------------------ put
def _put(x, index, source, accumulate):
    flat = P.reshape(x, (x.numel,))
    out = P.index_put(flat, (P.reshape(index, (index.numel,)),), P.reshape(source, (source.numel,)), accumulate)
    return P.reshape(out, x.shape)


def _put_input(g, index, accumulate):
    if accumulate:
        return g
    return put_op(g, index, A.mul_op(take_op(g, index), 0), accumulate=False)


put_op = Op("put", "input index source", "accumulate", compute=_put,
            grads={"input": _put_input,
                   "source": lambda g, index, infos: OPS["reshape_copy"](take_op(g, index), shape=infos[2].shape)})


def _put_call(input, index, source, accumulate=False):
    need_tensor("put", "index", 1, index)
    need_tensor("put", "source", 2, source)
    if index.dtype is not dt.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {dt.long_name(index.dtype)}")
    if input.dtype is not source.dtype:
        raise RuntimeError("put_(): self and source expected to have the same dtype, but got self.dtype = "
                           f"{dt.long_name(input.dtype)} and source.dtype = {dt.long_name(source.dtype)}")
    if source._meta.numel != index._meta.numel:
        raise IndexError("put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                         f"{source._meta.numel}, index.numel() = {index._meta.numel}")
    return put_op, (input, checked(index, input._meta.numel, None, _check_flat), source), (bool(accumulate),)


put = both("put", _put_call, out=False)


# ------------------------------------------------------------------ masked_scatter
def _ranks(mask):
    """For each True the number of those before it; the flat mask's int64 places in the source."""
    count = P.cumulative("sum", P.cast(P.reshape(mask, (mask.numel,)), dt.int64), 0)
    return P.binary("max", P.binary("sub", count, P.const(1, dt.int64)), P.const(0, dt.int64))


def _masked_scatter(x, mask, source, shape):
    x, mask = P.expand(x, shape), P.expand(mask, shape)
    if source.numel == 0 or x.numel == 0:
        return x
    ranks = P.binary("min", _ranks(mask), P.const(source.numel - 1, dt.int64))
    found = P.index(P.reshape(source, (source.numel,)), (ranks,))
    return P.where(mask, P.reshape(found, shape), x)


def _collect(g, mask, shape):
    """The elements of g where mask holds, in order, in front of zeros."""
    if mask.numel == 0:
        return P.const(0, g.dtype, shape)
    kept = P.where(mask, g, P.const(0, g.dtype))
    n = prod(shape)
    ranks = P.binary("min", _ranks(mask), P.const(max(n - 1, 0), dt.int64))
    return P.reshape(P.index_put(P.const(0, g.dtype, (n,)), (ranks,), P.reshape(kept, (g.numel,)), True), shape)


collect_op = Op("collect", "input mask", "shape", compute=_collect, node="MaskedScatterBackward0",
                grads={"input": lambda g, mask, infos: masked_scatter_op(
                    OPS["zeros_shaped"](mask, shape=infos[0].shape, dtype=g.dtype), mask, g, shape=infos[0].shape)})


def _masked_scatter_source(g, mask, infos, shape):
    if tuple(mask.shape) != shape:
        mask = OPS["expand_copy"](mask, shape=shape)
    return collect_op(g, mask, shape=infos[2].shape)


masked_scatter_op = Op("masked_scatter", "input mask source", "shape", compute=_masked_scatter,
                       grads={"input": lambda g, mask: A.where_op(mask, 0, g), "source": _masked_scatter_source})


def _check_enough(array, n, times):
    if int(array.sum()) * times > n:
        raise RuntimeError("Number of elements of source < number of ones in mask")


def _masked_scatter_into(input, mask, source, shape):
    need_tensor("masked_scatter", "mask", 1, mask)
    need_tensor("masked_scatter", "source", 2, source)
    if input.dtype is not source.dtype:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes but got"
                           f"{dt.long_name(input.dtype)} and {dt.long_name(source.dtype)}")
    if mask.dtype is not dt.bool_:
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {dt.long_name(mask.dtype)}")
    times = prod(shape) // max(mask._meta.numel, 1)
    mask = Op.checked(mask, _check_enough, (source._meta.numel, times))
    return masked_scatter_op, (input, mask, source), (shape,)


@public(inplace=True)
def masked_scatter(input, mask, source):
    """input with the elements where mask is True taken from source, one after the other."""
    need_tensor("masked_scatter", "mask", 1, mask)
    return Op.apply(*_masked_scatter_into(input, mask, source, P.broadcast_shapes(input._meta.shape, mask._meta.shape)))


def _masked_scatter_inplace(self, mask, source):
    shape = self._meta.shape
    if mask._meta.ndim > len(shape):
        raise RuntimeError(f"expand(CPU{mask.dtype.legacy[:-6]}Type{{{list(mask._meta.shape)}}}, size={list(shape)}): the number of "
                           f"sizes provided ({len(shape)}) must be greater or equal to the number of dimensions in the tensor "
                           f"({mask._meta.ndim})")
    mask.expand(shape)      # its errors are PyTorch's
    op, operands, attrs = _masked_scatter_into(self, mask, source, shape)
    return Op.apply_write(op, self, operands, attrs)


masked_scatter.inplace = _masked_scatter_inplace


# ------------------------------------------------------------------ copies with a part replaced
def _replaced(x, src, starts, sizes, steps):
    return P.update_slice(x, P.reshape(P.expand(P.cast(src, x.dtype), src.shape or sizes), sizes), starts, steps)


def _replaced_source(g, infos, starts, sizes, steps):
    return OPS["reshape_copy"](OPS["cut"](g, starts=starts, sizes=sizes, steps=steps), shape=infos[1].shape)


def _part_op(name):
    op = Op(name, "input src", "starts sizes steps", compute=_replaced,
            grads={"input": lambda g, starts, sizes, steps: op(g, 0, starts=starts, sizes=sizes, steps=steps),
                   "src": _replaced_source})
    op.layout = layout.like_first
    return op


select_scatter_op, slice_scatter_op = _part_op("select_scatter"), _part_op("slice_scatter")


def _part(op, input, src, dim, start, size, step):
    shape = input._meta.shape
    pick = lambda a, b: tuple(a if i == dim else b for i in range(len(shape)))  # noqa: E731
    sizes = tuple(size if i == dim else n for i, n in enumerate(shape))
    return Op.apply(op, (input, src), (pick(start, 0), sizes, pick(step, 1)))


@public()
def select_scatter(input, src, dim, index):
    """A copy of input with src in place of the slice at index of dim."""
    seen = input.detach().select(dim, index)
    if seen._meta.shape != src._meta.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
                           f"{list(seen.shape)}")
    d = Op.wrap_dim(dim, input._meta.ndim)
    return _part(select_scatter_op, input, src, d, index % input._meta.shape[d], 1, 1)


@public()
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """A copy of input with src in place of input[start:end:step] along dim."""
    d = Op.wrap_dim(dim, input._meta.ndim)
    start, stop, step = slice(start, end, step).indices(input._meta.shape[d])
    size = max(0, -(-(stop - start) // step))
    want = tuple(size if i == d else n for i, n in enumerate(input._meta.shape))
    if src._meta.shape != want:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
                           f"{list(want)}")
    return _part(slice_scatter_op, input, src, d, start, size, step)


def _through_view(name, view):
    def function(input, src, *args, **kwargs):
        out = input.clone()
        seen = view(out, *args, **kwargs)
        if seen._meta.shape != src._meta.shape:
            raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
                               f"{list(seen.shape)}")
        seen.copy_(src)
        return out

    function.__name__ = function.__qualname__ = name
    return public(name=name)(function)


diagonal_scatter = _through_view("diagonal_scatter", lambda t, *a, **k: t.diagonal(*a, **k))
as_strided_scatter = _through_view("as_strided_scatter", lambda t, *a, **k: t.as_strided(*a, **k))
