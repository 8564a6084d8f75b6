"""Tensors put together. Source: torch.cat, stack and their kin."""
from ..runtime import dtypes as dt
from .declare import OPS, Op, public


def _common(tensors):
    first = tensors[0]._meta.dtype
    for t in tensors:
        if t._meta.dtype is not first:
            return dt.result_type_of([(t._meta.dtype, t._meta.ndim, False) for t in tensors])
    return None


@public(method=False, out=True, aliases=("concat", "concatenate"))
def cat(tensors, dim=0, *, axis=None):
    """Tensors joined along dim; the other sizes agree."""
    if axis is not None:
        dim = axis
    if isinstance(tensors, Op.Tensor):
        raise TypeError("cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    tensors = list(tensors)
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, t in enumerate(tensors):
        if not isinstance(t, Op.Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    kept = [t for t in tensors if t._meta.shape != (0,)] or tensors[:1]
    first = kept[0]._meta
    for i, t in enumerate(tensors):
        if t._meta.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    d = Op.wrap_dim(dim, first.ndim)
    for t in kept[1:]:
        m = t._meta
        if m.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {m.ndim}")
        for i in range(first.ndim):
            if i != d and m.shape[i] != first.shape[i]:
                raise RuntimeError(f"Sizes of tensors must match except in dimension {d}. Expected size {first.shape[i]} but got "
                                   f"size {m.shape[i]} for tensor number {next(k for k, u in enumerate(tensors) if u is t)} in the list.")
    common = _common(tensors)
    if common is not None:
        tensors = [t.to(common) for t in tensors]
    return Op.apply(OPS["concatenate"], tuple(tensors), (d,))


@public(method=False, out=True)
def stack(tensors, dim=0):
    """Tensors of one shape along a new dimension."""
    if isinstance(tensors, Op.Tensor):
        tensors = tensors.unbind(0)
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, t in enumerate(tensors):
        if not isinstance(t, Op.Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    shape = tensors[0]._meta.shape
    for i, t in enumerate(tensors):
        if t._meta.shape != shape:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                               f"{list(t._meta.shape)} at entry {i}")
    d = Op.wrap_dim(dim, len(shape) + 1)
    common = _common(tensors)
    if common is not None:
        tensors = [t.to(common) for t in tensors]
    return Op.apply(stack_op, tuple(tensors), (d,))


def _stack(*args):
    from ..graph import primitives as P

    dim = args[-1]
    return P.concatenate([P.reshape(x, x.shape[:dim] + (1,) + x.shape[dim:]) for x in args[:-1]], dim)


def _stack_gradient(g, infos, dim, needs):
    out = []
    for i, (info, need) in enumerate(zip(infos, needs)):
        if not need:
            out.append(None)
            continue
        n = len(info.shape) + 1
        starts = tuple(i if d == dim else 0 for d in range(n))
        sizes = info.shape[:dim] + (1,) + info.shape[dim:]
        out.append(OPS["reshape_copy"](OPS["cut"](g, starts=starts, sizes=sizes, steps=(1,) * n), shape=info.shape))
    return out


stack_op = Op("stack", "tensors*", "dim", compute=_stack, grad=_stack_gradient)


def _atleast(n, t):
    if not isinstance(t, Op.Tensor):
        return tuple(_atleast(n, x) for x in t)
    ndim = t._meta.ndim
    if n == 1:
        return t.reshape(1) if ndim == 0 else t
    if n == 2:
        return t.reshape(1, 1) if ndim == 0 else t.unsqueeze(0) if ndim == 1 else t
    if ndim == 0:
        return t.reshape(1, 1, 1)
    return t.unsqueeze(0).unsqueeze(-1) if ndim == 1 else t.unsqueeze(-1) if ndim == 2 else t


@public(method=False)
def atleast_1d(*tensors):
    return _atleast(1, tensors[0] if len(tensors) == 1 else tensors)


@public(method=False)
def atleast_2d(*tensors):
    return _atleast(2, tensors[0] if len(tensors) == 1 else tensors)


@public(method=False)
def atleast_3d(*tensors):
    return _atleast(3, tensors[0] if len(tensors) == 1 else tensors)


@public(method=False, out=True)
def hstack(tensors):
    tensors = _atleast(1, tuple(tensors))
    return cat(tensors, 0 if tensors[0]._meta.ndim == 1 else 1)


@public(method=False, out=True, aliases=("row_stack",))
def vstack(tensors):
    return cat(_atleast(2, tuple(tensors)), 0)


@public(method=False, out=True)
def dstack(tensors):
    return cat(_atleast(3, tuple(tensors)), 2)


@public(method=False, out=True)
def column_stack(tensors):
    return hstack([t.reshape(-1, 1) if t._meta.ndim <= 1 else t for t in tensors])
