"""x[...] and x[...] = v: NumPy's rules, as PyTorch has them."""
import numpy as np

from ..graph import primitives as P
from ..ops.declare import OPS, Op
from ..runtime import dtypes as dt
from ..graph.recorder import current
from . import rebase
from .apply import apply, apply_write
from .checks import checked
from .tensor import Tensor, from_array
from .view_ops import _expand_to, alias, select_at, slice_at, unsqueeze

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
    """A list, array or tensor used as an index, as a long or bool tensor."""
    if isinstance(item, Tensor):
        kind = item.dtype.kind
        if item.dtype is dt.uint8:
            import warnings

            warnings.warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                          UserWarning, stacklevel=4)
            return item.bool()
        if kind not in ("int", "bool"):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return item
    from .creation import _from_data

    t = _from_data(item, None) if len(item) else from_array(np.zeros(np.shape(item), np.int64))
    if t.dtype.kind not in ("int", "bool"):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return t


def _slice_bounds(s, n):
    step = 1 if s.step is None else _int(s.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    start, stop, _ = slice(None if s.start is None else _int(s.start), None if s.stop is None else _int(s.stop), step).indices(n)
    size = max(0, -(-(stop - start) // step))
    return min(start, n), size, step


def _int(x):
    return int(x.item()) if isinstance(x, Tensor) else x.__index__()


def basic(self, index, where="getitem"):
    """Apply ints, slices, None and Ellipsis; returns (view, {dimension: advanced index})."""
    keep_whole = not isinstance(index, tuple) and where == "getitem"    # x[:] is a view of its own, x[:, :] is not
    if not isinstance(index, tuple):
        index = (index,)
    used = 0
    for item in index:
        if item is None or item is Ellipsis or item is True or item is False:
            continue
        used += item.ndim if isinstance(item, (Tensor, np.ndarray)) and item.dtype in (dt.bool_, np.dtype(bool), dt.uint8) and item.ndim else 1
        if isinstance(item, Tensor) and item.dtype is dt.bool_ and item.ndim == 0:
            used -= 1
    out, dim, advanced = self, 0, {}
    ndim = self._meta.ndim
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    for item in index:
        cls = item.__class__
        if cls is int:
            out = _select(self, out, dim, item)
        elif cls is slice:
            n = out._meta.shape[dim]
            start, size, step = _slice_bounds(item, n)
            if keep_whole or start != 0 or size != n or step != 1:
                out = slice_at(out, dim, start, size, step)
            dim += 1
        elif item is None:
            out = unsqueeze(out, dim)
            dim += 1
        elif item is Ellipsis:
            dim += ndim - used
        elif cls is bool or isinstance(item, Tensor) and item._meta.ndim == 0 and item.dtype is dt.bool_:
            out = unsqueeze(out, dim)
            flag = item if cls is bool else bool(item.item())
            advanced[dim] = from_array(np.zeros(1 if flag else 0, np.int64))
            dim += 1
        elif isinstance(item, Tensor) and item._meta.ndim == 0 and item.dtype.kind == "int" and where == "getitem" and \
                item._storage.value is not None:
            out = _select(self, out, dim, int(item.item()))
        elif isinstance(item, (list, np.ndarray, Tensor, range)) or cls is tuple:
            item = _as_index(list(item) if cls in (range, tuple) else item)
            if item.dtype is dt.bool_:
                shape = item._meta.shape
                for i, n in enumerate(shape):
                    if n != out._meta.shape[dim + i]:
                        raise IndexError(f"The shape of the mask {list(shape)} at index {i} does not match the shape of the "
                                         f"indexed tensor {list(self._meta.shape)} at index {i + dim}")
                from ..ops.searching import nonzero

                for part in nonzero(item, as_tuple=True):
                    advanced[dim] = part
                    dim += 1
            else:
                advanced[dim] = item
                dim += 1
        elif isinstance(item, np.generic) or hasattr(item, "__index__"):
            out = _select(self, out, dim, item.__index__())
        elif isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
        else:
            raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                             f"(got {cls.__name__})")
    return out, advanced


def _select(self, out, dim, i):
    meta = out._meta
    if not meta.shape:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
                         "0-dim tensor to a number")
    n = meta.shape[dim]
    if not -n <= i < n:
        raise _out_of_range(i, dim, n)
    return select_at(out, dim, i + n if i < 0 else i)


def _check_range(array, dim, size):
    if array.size and (array.max() >= size or array.min() < -size):
        bad = array[(array >= size) | (array < -size)].flat[0]
        raise _out_of_range(int(bad), dim, size)


def prepared(x, advanced):
    """Index tensors as int64, checked against the sizes: now if their values are there, else when the plan runs."""
    items = []
    for d, item in advanced.items():
        if item.dtype is not dt.int64:
            item = item.to(dt.int64)
        size = x._meta.shape[d]
        items.append(checked(item, _check_range, (d, size)))
    try:
        P.broadcast_shapes(*(i._meta.shape for i in items))
    except RuntimeError:
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes " +
                         ", ".join(str(list(i._meta.shape)) for i in items)) from None
    return items


def getitem(self, index):
    """self[index]."""
    if index.__class__ is int:
        return _select(self, self, 0, index)
    out, advanced = basic(self, index)
    if not advanced:
        if out is self:
            return alias(self)
        return out
    items = prepared(out, advanced)
    return apply(index_op, (out, *items), (tuple(advanced),))


def setitem(self, index, value):
    """self[index] = value."""
    if isinstance(index, Tensor) and index.dtype is dt.bool_ and index._meta.ndim and index._meta.shape == self._meta.shape and \
            (not isinstance(value, Tensor) or value._meta.ndim == 0):
        value = _value(self, value)
        if isinstance(value, Tensor):
            value = value.to(self.dtype)
        apply_write(mask_put_op, self, (self, index, value))
        return
    out, advanced = basic(self, index, "setitem")
    value = _value(self, value)
    if not advanced:
        from .memory import copy_

        if isinstance(value, Tensor):
            if value._meta.numel == 1:
                apply_write(OPS["fill_tensor"], out, (out, value))
                return
            value = _trim(value, out._meta.shape)
            copy_(out, value if value._meta.shape == out._meta.shape else _expand_to(value, out._meta.shape))
        elif out is self and out._meta.ndim == 0:
            copy_(out, value)
        else:
            apply_write(OPS["fill_tensor"], out, (out, value))
        return
    rec = current()
    rebase.check(out, rec, rec.grad and isinstance(value, Tensor) and value._requires_now())
    items = prepared(out, advanced)
    _check_value(out, advanced, items, value)
    if isinstance(value, Tensor) and value.dtype is not out.dtype:
        if value._meta.ndim:
            raise RuntimeError(f"Index put requires the source and destination dtypes match, got {dt.long_name(out.dtype)} for "
                               f"the destination and {dt.long_name(value.dtype)} for the source.")
        value = value.to(out.dtype)
    apply_write(index_put_op, out, (out, value, *items), (tuple(advanced), False))


def _check_value(out, advanced, items, value):
    if not isinstance(value, Tensor):
        return
    dims = tuple(advanced)
    shape = P.broadcast_shapes(*(i._meta.shape for i in items))
    kept = [n for d, n in enumerate(out._meta.shape) if d not in dims]
    at = _at(dims)
    full = tuple(kept[:at]) + shape + tuple(kept[at:])
    got = value._meta.shape
    trimmed = got
    while len(trimmed) > len(full) and trimmed[0] == 1:
        trimmed = trimmed[1:]
    try:
        good = P.broadcast_shapes(trimmed, full) == full
    except RuntimeError:
        good = False
    if not good:
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(got)} cannot be broadcast to indexing result of shape "
                           f"{list(full)}")


def _trim(value, shape):
    """Leading dimensions of size 1 beyond the target's may go."""
    while value._meta.ndim > len(shape) and value._meta.shape[0] == 1:
        value = value.squeeze(0)
    return value


def _value(self, value):
    if isinstance(value, Tensor) or value.__class__ in (int, float, bool, complex):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return from_array(np.array(value, self.dtype.numpy)) if value.dtype != self.dtype.numpy else from_array(np.array(value))
    if isinstance(value, (list, tuple)):
        from .creation import _from_data

        return _from_data(value, self.dtype)
    raise TypeError(f"can't assign a {type(value).__name__} to a torch.{self.dtype.legacy}")


mask_put_op = Op("mask_put", "input mask value", node="IndexPutBackward0",
                 compute=lambda x, mask, v: P.where(mask, P.cast(v, x.dtype), x),
                 grads={"input": lambda g, mask: OPS["where"](mask, 0, g), "value": lambda g, mask: OPS["where"](mask, g, 0)})


def delitem(self, index):
    raise TypeError("Tensor does not support deleting items")


def index_put(self, indices, values, accumulate=False):
    return index_put_(self.clone(), indices, values, accumulate)


def index_put_(self, indices, values, accumulate=False):
    """self[indices] = values, or += with accumulate."""
    index = tuple(slice(None) if i is None else i for i in indices)
    out, advanced = basic(self, index, "setitem")
    items = prepared(out, advanced)
    _check_value(out, advanced, items, values)
    apply_write(index_put_op, out, (out, values, *items), (tuple(advanced), accumulate))
    return self


Tensor.__getitem__ = getitem
Tensor.__setitem__ = setitem
Tensor.__delitem__ = delitem
Tensor.index_put = index_put
Tensor.index_put_ = index_put_
