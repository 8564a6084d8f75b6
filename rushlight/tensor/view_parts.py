"""View ops that see a part of a tensor: slices, splits, diagonals, windows, and any strides."""
from math import prod

from ..graph import views
from ..ops.declare import Op, public
from .tensor import Tensor, new_tensor, wrap_dim
from .view_making import concatenate, make_view, make_views, pad_zeros
from .view_ops import unsqueeze


def _select_gradient(g, shape, dim, index):
    low = tuple(index if d == dim else 0 for d in range(len(shape)))
    high = tuple(shape[d] - index - 1 if d == dim else 0 for d in range(len(shape)))
    return pad_zeros(unsqueeze(g, dim), low=low, high=high, inner=(0,) * len(shape))


def select_at(input, dim, index):
    """dim in range; index wrapped and in range."""
    return make_view(input, views.select(input._meta, dim, index), "SelectBackward0", _select_gradient, (dim, index))


@public()
def select(input, dim, index):
    """The slice at `index` of a dimension, which goes."""
    meta = input._meta
    if meta.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d = wrap_dim(dim, meta.ndim)
    n = meta.shape[d]
    if isinstance(index, Tensor):
        index = int(index.item())
    if not -n <= index < n:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(meta.shape)} at dimension {d}")
    return select_at(input, d, index + n if index < 0 else index)


def _slice_gradient(g, shape, dim, start, size, step):
    n = len(shape)
    rest = shape[dim] - start - ((size - 1) * step + 1 if size else 0)
    return pad_zeros(g, low=tuple(start if d == dim else 0 for d in range(n)),
                     high=tuple(rest if d == dim else 0 for d in range(n)),
                     inner=tuple(step - 1 if d == dim else 0 for d in range(n)))


def slice_at(input, dim, start, size, step=1):
    return make_view(input, views.slice_dim(input._meta, dim, start, size, step), "SliceBackward0", _slice_gradient,
                     (dim, start, size, step))


@public()
def narrow(input, dim, start, length):
    """`length` elements of a dimension from `start`."""
    meta = input._meta
    if meta.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    d = wrap_dim(dim, meta.ndim)
    n = meta.shape[d]
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -n <= start <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    if start < 0:
        start += n
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return slice_at(input, d, start, length)


# ------------------------------------------------------------------ several parts at once
def _split_view_gradient(grads, shape, sizes, dim):
    parts = []
    like = next(g for g in grads if g is not None)
    for g, n in zip(grads, sizes):
        if g is None:
            from .creation import zeros

            g = zeros(shape[:dim] + (n,) + shape[dim + 1:], dtype=like.dtype)
        parts.append(g)
    return Op.apply(concatenate, tuple(parts), (dim,))


def _split_sizes(input, sizes, dim, name):
    meta = input._meta
    metas, at = [], 0
    for n in sizes:
        metas.append(views.slice_dim(meta, dim, at, n, 1))
        at += n
    return make_views(input, metas, name, _split_view_gradient, (tuple(sizes), dim))


@public()
def split(tensor, split_size_or_sections, dim=0):
    """Views of size `split_size_or_sections` (the last may be smaller), or of the sizes listed."""
    if tensor._meta.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if isinstance(split_size_or_sections, int):
        return _split_even(tensor, split_size_or_sections, wrap_dim(dim, tensor._meta.ndim))
    return split_with_sizes(tensor, split_size_or_sections, dim)


split.method = lambda self, split_size, dim=0: split(self, split_size, dim)


def _split_even(tensor, size, d):
    n = tensor._meta.shape[d]
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and n != 0:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
    sizes = [min(size, n - i) for i in range(0, n, size)] if n else [0]
    return _split_sizes(tensor, sizes, d, "SplitBackward0")


@public()
def split_with_sizes(input, split_sizes, dim=0):
    d = wrap_dim(dim, input._meta.ndim)
    sizes = [int(s) for s in split_sizes]
    if sum(sizes) != input._meta.shape[d]:
        raise RuntimeError(f"split_with_sizes expects split_sizes to sum exactly to {input._meta.shape[d]} (input tensor's size "
                           f"at dimension {d}), but got split_sizes={sizes}")
    return _split_sizes(input, sizes, d, "SplitWithSizesBackward0")


@public()
def chunk(input, chunks, dim=0):
    """At most `chunks` views of nearly equal size."""
    if input._meta.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError("chunk expects `chunks` to be greater than 0, got: " + str(chunks))
    d = wrap_dim(dim, input._meta.ndim)
    n = input._meta.shape[d]
    size = -(-n // chunks)
    if size == 0:
        return _split_sizes(input, [0] * chunks, d, "SplitWithSizesBackward0")
    return _split_even(input, size, d)


@public()
def tensor_split(input, indices_or_sections=None, dim=0, *, indices=None, sections=None):
    """Views cut at the indices, or so many of nearly equal size."""
    indices_or_sections = next(a for a in (indices_or_sections, indices, sections) if a is not None)
    if input._meta.ndim == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = wrap_dim(dim, input._meta.ndim)
    n = input._meta.shape[d]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        k = indices_or_sections
        if k <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {k}")
        small, more = divmod(n, k)
        bounds = [0]
        for i in range(k):
            bounds.append(bounds[-1] + small + (i < more))
    else:
        points = [min(max(i + n if i < 0 else i, 0), n) for i in indices_or_sections]
        bounds = [0] + points + [n]
    return tuple(slice_at(input, d, a, max(b - a, 0)) for a, b in zip(bounds, bounds[1:]))


@public()
def hsplit(input, indices_or_sections):
    _need_dims("hsplit", input, 1)
    return tensor_split(input, indices_or_sections, 0 if input._meta.ndim == 1 else 1)


@public()
def vsplit(input, indices_or_sections):
    _need_dims("vsplit", input, 2)
    return tensor_split(input, indices_or_sections, 0)


@public()
def dsplit(input, indices_or_sections):
    _need_dims("dsplit", input, 3)
    return tensor_split(input, indices_or_sections, 2)


def _need_dims(name, input, least):
    if input._meta.ndim < least:
        raise RuntimeError(f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
                           f"{input._meta.ndim} dimensions!")


def _unbind_gradient(grads, shape, dim):
    like = next(g for g in grads if g is not None)
    parts = []
    for g in grads:
        if g is None:
            g = like._zeros_like()
        parts.append(unsqueeze(g, dim))
    return Op.apply(concatenate, tuple(parts), (dim,))


@public()
def unbind(input, dim=0):
    """All slices along a dimension."""
    meta = input._meta
    d = wrap_dim(dim, meta.ndim)
    if meta.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return make_views(input, [views.select(meta, d, i) for i in range(meta.shape[d])], "UnbindBackward0",
                      _unbind_gradient, (d,))


# ------------------------------------------------------------------ diagonals and the rest
def _path_gradient(g, shape, path):
    from .rebase import spread_places

    return spread_places(g, path=path)


def _dense_path(input, derive):
    """The path of a view as if its tensor were dense."""
    dense = views.root_meta(input._meta.shape, input._meta.dtype)
    seen = derive(dense)
    return seen.pattern, seen.starts


@public()
def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal of two dimensions, as the last dimension."""
    ndim = input._meta.ndim
    a, b = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    def derive(meta):
        return views.diagonal(meta, offset, a, b)
    return make_view(input, derive(input._meta), "DiagonalBackward0", _path_gradient, (_dense_path(input, derive),))


def unfold(input, dimension, size, step):
    """Windows of `size` every `step` along a dimension, as a new last dimension."""
    meta = input._meta
    d = wrap_dim(dimension, meta.ndim)
    n = meta.shape[d] if meta.ndim else 1
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")

    def derive(m):
        if m.ndim == 0:
            return views.strided(m, (size,), (1,), m.offset)
        shape = m.shape[:d] + ((n - size) // step + 1,) + m.shape[d + 1:] + (size,)
        strides = m.strides[:d] + (m.strides[d] * step,) + m.strides[d + 1:] + (m.strides[d],)
        return views.strided(m, shape, strides, m.offset)

    return make_view(input, derive(meta), "UnfoldBackward0", _path_gradient, (_dense_path(input, derive),))


@public()
def as_strided(input, size, stride, storage_offset=None):
    """Any view of the storage, by sizes and strides in elements."""
    meta = input._meta
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    offset = meta.offset if storage_offset is None else storage_offset
    if any(s < 0 for s in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    need = offset + sum((n - 1) * s for n, s in zip(size, stride)) + 1 if prod(size) else 0
    have = meta.root.nbytes // meta.dtype.itemsize
    if need > have:
        raise RuntimeError(f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
                           f"{meta.dtype.itemsize} requiring a storage size of {need * meta.dtype.itemsize} are out of bounds "
                           f"for storage of size {meta.root.nbytes}")
    seen = views.strided(meta, size, stride, offset)
    root = views.root_meta(meta.shape, meta.dtype)
    path = None
    if input._requires_now():
        if meta.root.shape != root.shape or meta.path:
            from .rebase import relative_path

            holder = new_tensor(input._storage, seen, input._counter)
            path = relative_path(input, holder)
        else:
            path = (seen.pattern, seen.starts)
    return make_view(input, seen, "AsStridedBackward0", _path_gradient, (path,))


Tensor.unfold = unfold
