"""View ops: the same storage seen another way. They make no graph value; under grad they make a tape node."""
from math import prod

from ..autograd import engine
from ..autograd.tape import Node
from ..graph import primitives as P
from ..graph import views
from ..graph.recorder import current
from ..ops.declare import Op, public, sum_to
from .tensor import Tensor, ViewInfo, new_tensor, wrap_dim


class ViewNode(Node):
    """The tape node of a view: `function(g, shape of the viewed tensor, *args)` gives the gradient."""

    __slots__ = ("function", "shape", "args")

    def __init__(self, edges, function, shape, args):
        super().__init__(edges)
        self.function, self.shape, self.args = function, shape, args

    def run(self, grads, create_graph):
        return [self.function(grads[0], self.shape, *self.args)]


class MultiViewNode(ViewNode):
    """The node of several views made by one op (split, unbind)."""

    __slots__ = ("count",)

    @property
    def nout(self):
        return self.count

    def run(self, grads, create_graph):
        return [self.function(grads, self.shape, *self.args)]


_classes = {}


def _node_class(name, parent):
    found = _classes.get(name)
    if found is None:
        found = _classes[name] = type(name, (parent,), {"__slots__": ()})
    return found


def make_view(t, meta, name, function, args=()):
    """t seen through meta. name, function, args: of its tape node."""
    out = new_tensor(t._storage, meta, t._counter)
    rec = current()
    view = t._view
    if view is None or view.base is t:
        base, kind, requires = t, None, t._requires
    else:
        base, kind, requires = view.base, view.kind, t._requires_now()
    if not rec.grad:
        kind = "inference" if rec.inference else "no_grad"
    out._view = ViewInfo(base, t._counter.n, kind)
    if requires and rec.grad:
        out._node = _node_class(name, ViewNode)((t._edge(),), function, t._meta.shape, args)
        out._requires = True
    return out


def make_views(t, metas, name, function, args=()):
    """Several views of t by one op: they may not be written in place under grad."""
    outs = []
    rec = current()
    node = None
    if rec.grad and t._requires_now():
        node = _node_class(name, MultiViewNode)((t._edge(),), function, t._meta.shape, args)
        node.count = len(metas)
    view = t._view
    base = t if view is None or view.base is t else view.base
    for i, meta in enumerate(metas):
        out = new_tensor(t._storage, meta, t._counter)
        out._view = ViewInfo(base, t._counter.n, "multi" if rec.grad else "inference" if rec.inference else "no_grad")
        if node is not None:
            out._node, out._nr, out._requires = node, i, True
        outs.append(out)
    return tuple(outs)


# ------------------------------------------------------------------ their gradients as ops
def _pad_compute(x, low, high, inner):
    return P.pad(x, low, high, 0, inner)


def _pad_gradient(g, infos, low, inner):
    shape = infos[0].shape
    return cut(g, starts=low, sizes=shape, steps=tuple(k + 1 for k in inner))


def _cut_gradient(g, infos, starts, sizes, steps):
    shape = infos[0].shape
    high = tuple(n - s - ((m - 1) * k + 1 if m else 0) for n, s, m, k in zip(shape, starts, sizes, steps))
    return pad_zeros(g, low=starts, high=high, inner=tuple(k - 1 for k in steps))


pad_zeros = Op("pad_zeros", "input", "low high inner", _pad_compute, node="ConstantPadNdBackward0",
               grads={"input": _pad_gradient})
cut = Op("cut", "input", "starts sizes steps", lambda x, starts, sizes, steps: P.slice_(x, starts, sizes, steps),
         node="SliceBackward0", grads={"input": _cut_gradient})
reshape_copy = Op("reshape_copy", "input", "shape", lambda x, shape: P.reshape(x, shape), node="UnsafeViewBackward0",
                  grads={"input": lambda g, infos: reshape_copy(g, shape=infos[0].shape)})
permute_copy = Op("permute_copy", "input", "dims", lambda x, dims: P.permute(x, dims), node="PermuteBackward0",
                  grads={"input": lambda g, dims: permute_copy(g, dims=_inverse(dims))})
concatenate = Op("concatenate", "tensors*", "dim", lambda *a: P.concatenate(a[:-1], a[-1]), node="CatBackward0",
                 grad=lambda g, infos, dim, needs: _split_gradient(g, infos, dim, needs))


def _split_gradient(g, infos, dim, needs):
    out, at = [], 0
    for info, need in zip(infos, needs):
        n = info.shape[dim]
        if need:
            starts = tuple(at if d == dim else 0 for d in range(info.ndim))
            out.append(cut(g, starts=starts, sizes=info.shape, steps=(1,) * info.ndim))
        else:
            out.append(None)
        at += n
    return out


def _inverse(dims):
    inverse = [0] * len(dims)
    for i, d in enumerate(dims):
        inverse[d] = i
    return tuple(inverse)


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
    return permute(g, _inverse(dims))


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
    order = [-1] * ndim
    for s, d in zip(source, destination):
        order[d] = s
    rest = iter(d for d in range(ndim) if d not in source)
    return permute(input, *[next(rest) if o == -1 else o for o in order])


def _property_T(self):
    ndim = self._meta.ndim
    return permute(self, *range(ndim - 1, -1, -1))


def _property_mT(self):
    if self._meta.ndim < 2:
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got "
                           f"{self._meta.ndim}-D tensor.")
    return transpose(self, -2, -1)


@public()
def adjoint(input):
    out = transpose(input, -2, -1)
    return out.conj() if out.dtype.is_complex else out


# ------------------------------------------------------------------ expand
def _expand_gradient(g, shape):
    return sum_to(g, shape=shape)


def expand(input, *sizes, size=None, implicit=False):
    """Dimensions of size 1 (and new leading ones) repeated without copying; -1 keeps a size."""
    return _expand_to(input, as_shape(sizes if size is None else (size,)))


def _expand_to(input, sizes):
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
    return f"torch.{t.dtype.legacy}"


def expand_as(input, other):
    return _expand_to(input, other._meta.shape)


@public()
def broadcast_to(input, size):
    return _expand_to(input, as_shape((size,)))


# ------------------------------------------------------------------ slices
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
    return tensor_split(input, indices_or_sections, 0 if input._meta.ndim == 1 else 1)


@public()
def vsplit(input, indices_or_sections):
    return tensor_split(input, indices_or_sections, 0)


@public()
def dsplit(input, indices_or_sections):
    return tensor_split(input, indices_or_sections, 2)


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


def alias(input):
    return make_view(input, input._meta, "AliasBackward0", _view_gradient)


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
            node = _node_class(_IN_PLACE_NODES[type(node).__name__], ViewNode)(node.edges, node.function, node.shape, node.args)
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


for _f in (view, view_as, reshape_as, expand, expand_as, unfold, unsqueeze_, squeeze_, t_, transpose_):
    setattr(Tensor, _f.__name__, _f)
Tensor.T = property(_property_T)
Tensor.mT = property(_property_mT)
Tensor.H = property(lambda self: adjoint(self))
Tensor.mH = property(lambda self: adjoint(self))
Tensor.swapaxes_ = Tensor.swapdims_ = transpose_
