"""x[...] and x[...] = v: NumPy's rules, as PyTorch has them."""
import numpy as np

from ..graph import primitives as P
from ..ops.declare import OPS, Op
from ..runtime import dtypes as dt
from ..graph.recorder import current
from . import rebase
from .apply import apply, apply_write
from .checks import checked, ready
from .memory import write_copy
from .tensor import Tensor, from_array, wrap_dim
from .view_ops import alias, expand_to, unsqueeze
from .view_parts import select_at, slice_at

# ------------------------------------------------------------------ the ops
def _gather_nd(x, *rest):
    *indices, dims = rest
    x = _front(x, dims)
    return _back(P.index(x, indices), x.ndim, len(dims), _at(dims), indices)


def _at(dims):
    """Where the indexed dimensions go in the result: in place if they are neighbours, else first."""
    return dims[0] if list(dims) == list(range(dims[0], dims[0] + len(dims))) else 0


def _front(x, dims):
    return P.permute(x, tuple(dims) + tuple(d for d in range(x.ndim) if d not in dims))


def _back(out, ndim, k, at, indices):
    """Move the index dimensions, which stand first, to their place."""
    n = out.ndim - (ndim - k)
    if at == 0:
        return out
    order = list(range(n, n + at)) + list(range(n)) + list(range(n + at, out.ndim))
    return P.permute(out, order)


def _forth(v, ndim, k, at, count):
    """The inverse of _back, for a value to be written."""
    if at == 0:
        return v
    order = list(range(at, at + count)) + list(range(at)) + list(range(at + count, v.ndim))
    return P.permute(v, order)


def _put_nd(x, v, *rest):
    *indices, dims, accumulate = rest
    front = _front(x, dims)
    shape = P.broadcast_shapes(*(i.shape for i in indices))
    at = _at(dims)
    kept = [n for d, n in enumerate(x.shape) if d not in dims]
    full = tuple(kept[:at]) + shape + tuple(kept[at:])
    if v.ndim > len(full):
        v = P.reshape(v, v.shape[v.ndim - len(full):])
    v = P.expand(P.cast(v, x.dtype), full)
    v = _forth(v, x.ndim, len(dims), at, len(shape))
    done = P.index_put(front, indices, v, accumulate)
    order = list(dims) + [d for d in range(x.ndim) if d not in dims]
    inverse = [0] * x.ndim
    for i, d in enumerate(order):
        inverse[d] = i
    return P.permute(done, inverse)


index_op = Op("index", "input indices*", "dims", compute=_gather_nd,
              grad=lambda gs, infos, dims, needs, saved: _index_back(gs, infos, dims, needs, saved))
index_put_op = Op("index_put", "input value indices*", "dims accumulate", compute=_put_nd,
                  grad=lambda gs, infos, dims, needs, accumulate, saved: _put_back(gs, infos, dims, needs, accumulate, saved))
index_op.joint[0].saves = lambda needs, infos: range(1, len(infos))
index_put_op.joint[0].saves = lambda needs, infos: range(2, len(infos))


def _index_back(gs, infos, dims, needs, saved):
    zeros = OPS["zeros_shaped"](saved[0], shape=infos[0].shape, dtype=infos[0].dtype)
    put = index_put_op(zeros, gs[0], *saved, dims=dims, accumulate=True)
    return [put] + [None] * (len(needs) - 1)


def _put_back(gs, infos, dims, needs, accumulate, saved):
    g = gs[0]
    to_value = index_op(g, *saved, dims=dims) if needs[1] else None
    if needs[0]:
        if accumulate:
            to_input = g
        else:
            zero = OPS["zeros_shaped"](saved[0], shape=(), dtype=infos[0].dtype)
            to_input = index_put_op(g, zero, *saved, dims=dims, accumulate=False)
    else:
        to_input = None
    return [to_input, to_value] + [None] * (len(needs) - 2)


Op("zeros_shaped", "like", "shape dtype", compute=lambda like, shape, dtype: P.const(0, dtype, shape))


# ------------------------------------------------------------------ taking an index apart
def _out_of_range(index, dim, size):
    return IndexError(f"index {index} is out of bounds for dimension {dim} with size {size}")


def _as_index(item):
    """A list, array or tensor used as an index, as a tensor of integers or bools."""
    if not isinstance(item, Tensor):
        from .creation import _from_data

        empty = not isinstance(item, np.ndarray) and len(item) == 0
        item = from_array(np.zeros(0, np.int64)) if empty else _from_data(item, None)
    if item.dtype is dt.uint8:
        import warnings

        warnings.warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                      UserWarning, stacklevel=5)
        return item.bool()
    return item


def _slice_bounds(s, n):
    """(start, size, step, whether the slice is `:` in effect: PyTorch then makes no view)."""
    step = 1 if s.step is None else _int(s.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    first, last = 0 if s.start is None else _int(s.start), n if s.stop is None else _int(s.stop)
    start, stop, _ = slice(first, last, step).indices(n)
    size = max(0, -(-(stop - start) // step))
    return min(start, n), size, step, first == 0 and last >= n and step == 1


def _int(x):
    if isinstance(x, Tensor):
        return int(x.item())
    if not hasattr(x, "__index__"):
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    return x.__index__()


def _items(index):
    """The index as a tuple. A short list that holds more than numbers is a tuple too, as in NumPy of old."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, list) and len(index) < 32 and any(
            i is None or i is Ellipsis or isinstance(i, (Tensor, np.ndarray, slice, list, tuple, range, str)) for i in index):
        return tuple(index)
    return (index,)


def _dims_used(item):
    """How many dimensions of the tensor an item speaks of."""
    if item is None or item is Ellipsis or item is True or item is False:
        return 0
    if isinstance(item, Tensor) and item.dtype in (dt.bool_, dt.uint8) or isinstance(item, np.ndarray) and item.dtype == bool:
        return item.ndim
    return 1


def basic(self, index, where="getitem"):
    """Apply ints, slices, None and Ellipsis; returns (view, {dimension: index tensor or mask})."""
    keep_whole = isinstance(index, slice) and where == "getitem"    # x[:] is a view of its own, x[:, :] is not
    ndim = self._meta.ndim
    if ndim == 0 and isinstance(index, slice):
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    items = _items(index)
    used = sum([_dims_used(item) for item in items])
    if used > ndim and not isinstance(index, int):
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    out, dim, advanced = self, 0, {}
    for position, item in enumerate(items):
        cls = item.__class__
        if cls is int:
            out = _select(out, dim, item, position)
        elif cls is slice:
            n = out._meta.shape[wrap_dim(dim, out._meta.ndim)]
            start, size, step, whole = _slice_bounds(item, n)
            if keep_whole or not whole:
                out = slice_at(out, dim, start, size, step)
            dim += 1
        elif item is None:
            out = unsqueeze(out, dim)
            dim += 1
        elif item is Ellipsis:
            dim += ndim - used
        elif cls is bool or isinstance(item, Tensor) and item._meta.ndim == 0 and item.dtype in (dt.bool_, dt.uint8):
            out = unsqueeze(out, dim)
            if index is not True or where == "getitem":
                advanced[dim] = from_array(np.zeros(1 if item else 0, np.int64))
            dim += 1
        elif isinstance(item, (Tensor, np.ndarray)) and item.ndim == 0 and _is_int(item):
            out = _select(out, dim, int(item.item()), position)
        elif isinstance(item, (list, np.ndarray, Tensor, range, tuple)):
            item = _as_index(list(item) if isinstance(item, (range, tuple)) else item)
            advanced[dim] = item
            dim += item._meta.ndim if item.dtype is dt.bool_ else 1
        elif isinstance(item, np.generic) or hasattr(item, "__index__"):
            out = _select(out, dim, item.__index__(), position)
        elif isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
        else:
            raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                             f"(got {cls.__name__})")
    if advanced and dim > out._meta.ndim:
        raise IndexError(f"too many indices for tensor of dimension {out._meta.ndim} (got {dim})")
    return out, advanced


def _is_int(item):
    return item.dtype.kind == ("int" if isinstance(item, Tensor) else "i")


def _select(out, dim, i, position):
    meta = out._meta
    if not meta.shape and i == 0:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
                         "0-dim tensor to a number")
    n = meta.shape[dim] if meta.shape else 0
    if not -n <= i < n:
        raise _out_of_range(i, position, n)
    return select_at(out, dim, i + n if i < 0 else i)


def _check_mask(out, dim, mask):
    shape = mask._meta.shape
    for i, n in enumerate(shape):
        if n != out._meta.shape[dim + i]:
            raise IndexError(f"The shape of the mask {list(shape)} at index {i} does not match the shape of the indexed tensor "
                             f"{list(out._meta.shape)} at index {dim + i}")


def _check_range(array, dim, size):
    if array.size and (array.max() >= size or array.min() < -size):
        bad = array[(array >= size) | (array < -size)].flat[0]
        raise _out_of_range(int(bad), dim, size)


def prepared(x, advanced):
    """{dimension: index} of integers for the masks and indices; their values are checked by `in_range`."""
    from ..ops.searching import nonzero

    places = {}
    _check_types(advanced)
    for d, item in advanced.items():
        if item.dtype is dt.bool_:
            _check_mask(x, d, item)
            for i, part in enumerate(nonzero(item, as_tuple=True)):
                places[d + i] = part
        else:
            places[d] = item
    shapes = [i._meta.shape for i in places.values()]
    try:
        joined = P.broadcast_shapes(*shapes)
    except RuntimeError:
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes " +
                         ", ".join(str(list(s)) for s in shapes)) from None
    shape = x._meta.shape
    if 0 not in joined and any(shape[d] == 0 for d in places):
        raise IndexError("index is out of bounds for dimension with size 0")
    if 0 in joined or any(n == 0 and d not in places for d, n in enumerate(shape)):
        return {d: from_array(np.zeros(joined, np.int64)) for d in places}      # nothing will be looked up
    return places


def in_range(x, places):
    """The indices as int64, checked against the sizes: now if their values are there, else when the plan runs."""
    shape = x._meta.shape
    checked_ones = [checked(item, _check_range, (k, shape[d])) for k, (d, item) in enumerate(places.items())]
    return [i if i.dtype is dt.int64 else i.to(dt.int64) for i in checked_ones]


def _check_types(advanced):
    for item in advanced.values():
        if item.dtype not in (dt.int64, dt.int32, dt.bool_):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")


def getitem(self, index):
    """self[index]."""
    if index.__class__ is int:
        return _select(self, 0, index, 0)
    out, advanced = basic(self, index)
    if not advanced:
        if out is self:
            return alias(self)
        return out
    places = prepared(out, advanced)
    return apply(index_op, (out, *in_range(out, places)), (tuple(places),))


def setitem(self, index, value):
    """self[index] = value."""
    value = _value(self, value)
    if index is False:
        return
    out, advanced = basic(self, index, "setitem")
    if not advanced:
        _copy_to(out, value)
    else:
        _put(out, advanced, _trim(value) if isinstance(value, Tensor) else value, False)


def _copy_to(out, value):
    """Write over a view: with its own shape as copy_, a number or 0-d tensor as fill_, else spread."""
    shape = out._meta.shape
    got = value._meta.shape if isinstance(value, Tensor) else ()
    if got == shape:
        write_copy(out, value)
    elif got == ():
        apply_write(OPS["fill_tensor"], out, (out, value))
    else:
        value = _trim(value)
        write_copy(out, value if value._meta.shape == shape else expand_to(value, shape))


def _trim(value):
    """Without leading dimensions of size 1."""
    shape = value._meta.shape
    k = 0
    while k < len(shape) and shape[k] == 1:
        k += 1
    return value.view(shape[k:]) if k else value


def _put(out, advanced, value, accumulate):
    """out[advanced] = value, or += with accumulate."""
    rec = current()
    tensor = isinstance(value, Tensor)
    rebase.check(out, rec, rec.grad and tensor and value._requires_now())
    _check_types(advanced)
    masks = [d for d, item in advanced.items() if item.dtype is dt.bool_]
    if masks and len(advanced) == 1 and not accumulate and (not tensor or value._meta.numel == 1):
        d = masks[0]
        mask = advanced[d]
        _check_mask(out, d, mask)
        ones = (1,) * (out._meta.ndim - d - mask._meta.ndim)
        with rebase.no_tape(rec):
            mask = mask.view(mask._meta.shape + ones)
            if tensor and value._meta.ndim:
                value = value.view(())
        apply_write(mask_put_op, out, (out, mask, value))
        return
    places = prepared(out, advanced)
    indices = None
    if all([ready(i) for i in places.values()]):
        indices = in_range(out, places)     # as in PyTorch, errors of the indices before those of the value
    if tensor:
        _check_value(out, places, value)
        if value.dtype is not out.dtype:
            raise RuntimeError(f"Index put requires the source and destination dtypes match, got {dt.long_name(out.dtype)} for "
                               f"the destination and {dt.long_name(value.dtype)} for the source.")
    apply_write(index_put_op, out, (out, value, *(indices or in_range(out, places))), (tuple(places), accumulate))


def _check_value(out, places, value):
    dims = tuple(places)
    shape = P.broadcast_shapes(*(i._meta.shape for i in places.values()))
    kept = [n for d, n in enumerate(out._meta.shape) if d not in dims]
    at = _at(dims)
    full = tuple(kept[:at]) + shape + tuple(kept[at:])
    got = value._meta.shape
    try:
        good = P.broadcast_shapes(got, full) == full
    except RuntimeError:
        good = False
    if not good:
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(got)} cannot be broadcast to indexing result of shape "
                           f"{list(full)}")


def _value(self, value):
    """What is to be assigned: a Tensor, or a number that fits the dtype."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.bool_):
        value = bool(value)
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        value = int(value)
        if not -2**63 <= value < 2**63:
            raise ValueError("Overflow when unpacking long long")
    elif isinstance(value, float):
        value = float(value)
    elif not isinstance(value, (bool, complex)):
        raise TypeError(f"can't assign a {_type_name(value)} to a torch.{self.dtype.legacy}")
    dtype = self._meta.dtype
    dt.check_number(value, dt.float64 if dtype in (dt.float16, dt.bfloat16) else dtype)
    return value


def _type_name(value):
    cls = type(value)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


mask_put_op = Op("mask_put", "input mask value", node="IndexPutBackward0",
                 compute=lambda x, mask, v: P.where(mask, P.cast(v, x.dtype), x),
                 grads={"input": lambda g, mask: OPS["where"](mask, 0, g), "value": lambda g, mask: OPS["where"](mask, g, 0)})
index_put_op.sharing = mask_put_op.sharing = "any"
index_put_op.folds = mask_put_op.folds = True


def delitem(self, index):
    raise TypeError("Tensor does not support deleting items")


def index_put(input, indices, values, accumulate=False):
    """input with input[indices] = values, or += with accumulate."""
    return index_put_(input.clone(), indices, values, accumulate)


def index_put_(self, indices, values, accumulate=False):
    """self[indices] = values, or += with accumulate."""
    if isinstance(indices, Tensor):
        raise TypeError("index_put_(): argument 'indices' (position 1) must be tuple of Tensors, not Tensor")
    if not isinstance(values, Tensor):
        raise TypeError(f"index_put_(): argument 'values' (position 2) must be Tensor, not {type(values).__name__}")
    used = sum([1 if i is None else _dims_used(i) for i in indices])
    if used > self._meta.ndim:
        rebase.check_write(self, (values,))
        raise IndexError(f"too many indices for tensor of dimension {self._meta.ndim} (got {used})")
    advanced, dim = {}, 0
    for item in indices:
        if item is not None:
            item = advanced[dim] = _as_index(item)
        dim += item._meta.ndim if item is not None and item.dtype is dt.bool_ else 1
    _put(self, advanced, values, accumulate)
    return self


Tensor.__getitem__ = getitem
Tensor.__setitem__ = setitem
Tensor.__delitem__ = delitem
Tensor.index_put = index_put
Tensor.index_put_ = index_put_
