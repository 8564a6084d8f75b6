"""View ops: the same elements with other sizes, in another order, or repeated. They make no graph value.

The views of a part of a tensor are in view_parts.py.
"""
import warnings
from math import prod

from ..autograd import engine
from ..graph import views
from ..graph.recorder import current
from ..ops.declare import public, sum_to
from .tensor import Tensor, ViewInfo, new_tensor, wrap_dim
from .view_making import ViewNode, inverse_order, make_view, node_class, reshape_copy


# ------------------------------------------------------------------ arguments
def as_shape(sizes):
    """Sizes given as (2, 3), ((2, 3),) or a torch.Size, as a tuple of ints."""
    if len(sizes) == 1 and sizes[0].__class__ is not int and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    return tuple([s if s.__class__ is int else _as_int(s) for s in sizes])


def _as_int(s):
    if isinstance(s, Tensor):
        return int(s.item())
    if isinstance(s, (str, bytes)) or not hasattr(s, "__index__"):
        raise TypeError(f"expected sizes to be ints, but got {type(s).__name__}")
    return s.__index__()


def infer_shape(shape, numel):
    """Replace the one -1; RuntimeError as PyTorch's if the sizes do not fit numel."""
    if -1 in shape:
        known = 1
        holes = 0
        for s in shape:
            if s == -1:
                holes += 1
            else:
                known *= s
        if holes > 1:
            raise RuntimeError("only one dimension can be inferred")
        if known == 0:
            if numel == 0:
                raise RuntimeError(f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
                                   "dimension size -1 can be any value and is ambiguous")
        elif numel % known == 0:
            return tuple([numel // known if s == -1 else s for s in shape])
    elif prod(shape) == numel and min(shape, default=0) >= 0:
        return shape
    for s in shape:
        if s < -1:
            raise RuntimeError(f"invalid shape dimension {s}")
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")


# ------------------------------------------------------------------ reshape
def _view_gradient(g, shape):
    return reshape(g, shape)


def view(input, *sizes, size=None, dtype=None):
    """The same memory with other sizes, or read as another dtype."""
    if dtype is not None or len(sizes) == 1 and type(sizes[0]).__name__ == "dtype":
        return _view_dtype(input, dtype or sizes[0])
    shape = infer_shape(as_shape(sizes if size is None else (size,)), input._meta.numel)
    meta = views.reshape(input._meta, shape)
    if meta is None:
        raise RuntimeError("view size is not compatible with input tensor's size and stride (at least one dimension spans "
                           "across two contiguous subspaces). Use .reshape(...) instead.")
    return make_view(input, meta, "ViewBackward0", _view_gradient)


def _view_dtype(input, dtype):
    meta = input._meta
    old, new = meta.dtype.itemsize, dtype.itemsize
    if dtype is meta.dtype:
        return make_view(input, meta, "ViewBackward0", _view_gradient)
    shape, strides, offset = meta.shape, meta.strides, meta.offset
    if new < old:
        if not shape or strides[-1] != 1:
            raise RuntimeError("self.stride(-1) must be 1 to view {} as {} (different element sizes), but got {}".format(
                _word(meta.dtype), _word(dtype), strides[-1] if strides else 0)
                if shape else f"self.dim() cannot be 0 to view {_word(meta.dtype)} as {_word(dtype)} (different element sizes)")
        k = old // new
        shape = shape[:-1] + (shape[-1] * k,)
        strides = tuple(s * k for s in strides[:-1]) + (1,)
        offset *= k
    elif new > old:
        k = new // old
        if not shape:
            raise RuntimeError(f"self.dim() cannot be 0 to view {_word(meta.dtype)} as {_word(dtype)} (different element sizes)")
        if shape[-1] % k:
            raise RuntimeError(f"self.size(-1) must be divisible by {k} to view {_word(meta.dtype)} as {_word(dtype)} "
                               f"(different element sizes), but got {shape[-1]}")
        shape = shape[:-1] + (shape[-1] // k,)
        strides = tuple(s // k for s in strides[:-1]) + (1,)
        offset //= k
    out = new_tensor(input._storage, views.bitcast(meta, dtype, shape, strides, offset), input._counter)
    out._view = ViewInfo(input._view.base if input._view is not None else input, input._counter.n, None)
    return out


def _word(dtype):
    from ..runtime.dtypes import long_name

    return long_name(dtype)


def alias(input):
    return make_view(input, input._meta, "AliasBackward0", _view_gradient)


def view_as(input, other):
    return view(input, *other._meta.shape)


@public()
def reshape(input, *sizes, shape=None):
    """The same elements with other sizes: a view where memory allows it, else a copy."""
    shape = infer_shape(as_shape(sizes if shape is None else (shape,)), input._meta.numel)
    return _reshape_to(input, shape)


def _reshape_to(input, shape):
    meta = views.reshape(input._meta, shape)
    if meta is not None:
        return make_view(input, meta, "ViewBackward0" if input._meta.contiguous else "ReshapeAliasBackward0", _view_gradient)
    return reshape_copy(input, shape=shape)


def reshape_as(input, other):
    return _reshape_to(input, other._meta.shape)


@public()
def flatten(input, start_dim=0, end_dim=-1):
    """Dimensions start_dim to end_dim as one."""
    meta = input._meta
    if meta.ndim == 0:
        wrap_dim(start_dim, 1)
        return _reshape_to(input, (1,))
    a, b = wrap_dim(start_dim, meta.ndim), wrap_dim(end_dim, meta.ndim)
    if a > b:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if a == b:
        return input
    return _reshape_to(input, meta.shape[:a] + (prod(meta.shape[a:b + 1]),) + meta.shape[b + 1:])


@public()
def unflatten(input, dim, sizes):
    """One dimension as several."""
    meta = input._meta
    d = wrap_dim(dim, meta.ndim)
    sizes = as_shape((sizes,))
    try:
        sizes = infer_shape(sizes, meta.shape[d])
    except RuntimeError:
        raise RuntimeError(f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} "
                           f"({meta.shape[d]}) in the input tensor") from None
    return view(input, *(meta.shape[:d] + sizes + meta.shape[d + 1:]))


@public()
def ravel(input):
    return _reshape_to(input.contiguous() if not input._meta.contiguous else input, (input._meta.numel,))


@public(inplace=False)
def squeeze(input, dim=None):
    """Without the dimensions of size 1 (all, or those named)."""
    meta = input._meta
    if dim is None:
        dims, name = tuple(range(meta.ndim)), "SqueezeBackward0"
    elif isinstance(dim, (tuple, list)):
        dims, name = tuple(sorted(wrap_dim(d, meta.ndim) for d in dim)), "SqueezeBackward2"
    else:
        dims, name = (wrap_dim(dim, meta.ndim),), "SqueezeBackward1"
    return make_view(input, views.squeeze(meta, dims), name, _view_gradient)


@public()
def unsqueeze(input, dim):
    """With a dimension of size 1 at dim."""
    ndim = input._meta.ndim
    return make_view(input, views.unsqueeze(input._meta, wrap_dim(dim, ndim + 1)), "UnsqueezeBackward0", _view_gradient)


# ------------------------------------------------------------------ permute
def _permute_gradient(g, shape, dims):
    return permute(g, inverse_order(dims))


@public()
def permute(input, *order, dims=None):
    """Dimensions in another order."""
    meta = input._meta
    dims = as_shape(order if dims is None else (dims,))
    if len(dims) != meta.ndim:
        raise RuntimeError(f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
                           f"desired ordering of dimensions i.e. input.dim() = {meta.ndim} is not equal to len(dims) = "
                           f"{len(dims)}")
    dims = tuple([wrap_dim(d, meta.ndim) for d in dims])
    if len(set(dims)) != len(dims):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return make_view(input, views.permute(meta, dims), "PermuteBackward0", _permute_gradient, (dims,))


def _swap(ndim, a, b):
    dims = list(range(ndim))
    dims[a], dims[b] = dims[b], dims[a]
    return tuple(dims)


@public(aliases=("swapdims",))
def transpose(input, dim0, dim1):
    """Two dimensions exchanged."""
    meta = input._meta
    a, b = wrap_dim(dim0, meta.ndim), wrap_dim(dim1, meta.ndim)
    dims = _swap(meta.ndim, a, b) if meta.ndim else ()
    return make_view(input, views.permute(meta, dims), "TransposeBackward0", _permute_gradient, (dims,))


@public()
def swapaxes(input, axis0, axis1):
    return transpose(input, axis0, axis1)


@public()
def t(input):
    """A matrix transposed; vectors and numbers as they are."""
    meta = input._meta
    if meta.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {meta.ndim}D")
    dims = (1, 0) if meta.ndim == 2 else tuple(range(meta.ndim))
    return make_view(input, views.permute(meta, dims), "TBackward0", _permute_gradient, (dims,))


@public(aliases=("moveaxis",))
def movedim(input, source, destination):
    """Dimensions moved to other places, the rest in their order."""
    ndim = input._meta.ndim
    source = (source,) if isinstance(source, int) else tuple(source)
    destination = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(source) != len(destination):
        raise RuntimeError(f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the same "
                           f"number of dims as destination ({list(destination)} dims)")
    source = [wrap_dim(d, ndim) for d in source]
    destination = [wrap_dim(d, ndim) for d in destination]
    if ndim == 0:
        return alias(input)
    order = [-1] * ndim
    for s, d in zip(source, destination):
        order[d] = s
    rest = iter(d for d in range(ndim) if d not in source)
    return permute(input, *[next(rest) if o == -1 else o for o in order])


def _property_T(self):
    ndim = self._meta.ndim
    return permute(self, *range(ndim - 1, -1, -1))


def _property_mT(self):
    if self._meta.ndim == 0:
        warnings.warn("Tensor.mT is deprecated on 0-D tensors. This function is the identity in these cases.", UserWarning, stacklevel=2)
        return self
    _check_matrix("mT", self)
    return transpose(self, -2, -1)


def _property_mH(self):
    if self._meta.ndim == 0:
        warnings.warn("Tensor.mH is deprecated on 0-D tensors. Consider using x.conj().", UserWarning, stacklevel=2)
        return self.conj() if self.dtype.is_complex else self
    _check_matrix("mH", self)
    return adjoint(self)


def _check_matrix(name, t):
    if t._meta.ndim < 2:
        raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got {t._meta.ndim}-D tensor.")


@public()
def adjoint(input):
    out = transpose(input, -2, -1)
    return out.conj() if out.dtype.is_complex else out


# ------------------------------------------------------------------ expand
def _expand_gradient(g, shape):
    return sum_to(g, shape=shape)


def expand(input, *sizes, size=None, implicit=False):
    """Dimensions of size 1 (and new leading ones) repeated without copying; -1 keeps a size."""
    return expand_to(input, as_shape(sizes if size is None else (size,)))


def expand_to(input, sizes):
    shape = input._meta.shape
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(f"expand({_type_name(input)}{{{list(shape)}}}, size={list(sizes)}): the number of sizes provided "
                           f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})")
    out = list(sizes)
    for i in range(len(sizes) - 1, -1, -1):
        n = sizes[i]
        if i < lead:
            if n < 0:
                raise RuntimeError(f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing dimension "
                                   f"{i}")
            continue
        m = shape[i - lead]
        if n == -1:
            out[i] = m
        elif m != 1 and n != m:
            raise RuntimeError(f"The expanded size of the tensor ({n}) must match the existing size ({m}) at non-singleton "
                               f"dimension {i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}")
    return make_view(input, views.expand(input._meta, tuple(out)), "ExpandBackward0", _expand_gradient)


def _type_name(t):
    word = _word(t.dtype)
    return f"CPU{word}Type" if word in ("Bool", "BFloat16", "ComplexFloat", "ComplexDouble") else f"torch.{t.dtype.legacy}"


def expand_as(input, other):
    return expand_to(input, other._meta.shape)


@public()
def broadcast_to(input, size):
    return expand_to(input, as_shape((size,)))


# ------------------------------------------------------------------ in place: the tensor itself is seen another way
_IN_PLACE_NODES = {"UnsqueezeBackward0": "UnsqueezeBackward1", "SqueezeBackward0": "SqueezeBackward3",
                   "SqueezeBackward1": "SqueezeBackward4", "SqueezeBackward2": "SqueezeBackward5", "TBackward0": "TBackward1",
                   "TransposeBackward0": "TransposeBackward1"}


def _respelled(name, function):
    def run(self, *args, **kwargs):
        from . import rebase

        rec = current()
        rebase.check(self, rec, False)
        with rebase.no_tape(rec):
            try:
                meta = function(self, *args, **kwargs)._meta
            except RuntimeError as error:
                raise RuntimeError(str(error).replace(name[:-1] + "()", name + "()")) from None
        requires = rec.grad and self._requires_now()
        node = None
        if requires:
            node = function(self, *args, **kwargs)._current_node()
            node = node_class(_IN_PLACE_NODES[type(node).__name__], ViewNode)(node.edges, node.function, node.shape, node.args)
        if node is None and self._node is not None and self._base is None:
            engine.expect_shape(self._node, self._nr, self._meta.shape)
        self._meta = meta
        self._counter.n += 1
        if node is not None:
            self._node, self._nr, self._requires = node, 0, True
            if self._view is not None:
                self._view.seen = self._counter.n
        return self

    run.__name__ = name
    return run


unsqueeze_, squeeze_, t_, transpose_ = (_respelled(f.__name__ + "_", f) for f in (unsqueeze, squeeze, t, transpose))


for _f in (view, view_as, reshape_as, expand, expand_as, unsqueeze_, squeeze_, t_, transpose_):
    setattr(Tensor, _f.__name__, _f)
Tensor.T = property(_property_T)
Tensor.mT = property(_property_mT)
Tensor.H = property(lambda self: adjoint(self))
Tensor.mH = property(_property_mH)
Tensor.swapaxes_ = Tensor.swapdims_ = transpose_
