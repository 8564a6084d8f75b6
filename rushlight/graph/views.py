"""A view of a storage: strides, as PyTorch has them, to answer questions; and a path, from which it is read and written.

A path is a tuple of steps from the storage's base shape to the view:

    ("reshape", shape)                    the same elements in the same order
    ("permute", dims)
    ("slice", sizes, steps, k)            starts are kept apart (`Meta.starts[k:]`), so that x[3] and x[4] are one pattern
    ("expand", shape)                     new leading dimensions, and 1 -> n
    ("diagonal", offset, dim1, dim2)
    ("bitcast", dtype, shape)
    ("strided", shape, strides, offset)   anything else, from the flat storage, through constant indices

A Meta is interned, so that identity is equality; its `pattern` is the Meta less the starts of its slices.
"""
from math import prod

_LIMIT = 100_000


class Pattern:
    """What a trace remembers of a view: all but where its slices start."""

    __slots__ = ("root_shape", "root_dtype", "path", "shape", "dtype", "nstarts", "strides", "contiguous",
                 "standard")

    def __init__(self, root_shape, root_dtype, path, shape, dtype, nstarts, strides=None):
        self.strides = strides
        self.contiguous = strides is None or is_contiguous(shape, strides)
        self.standard = strides is None or strides == contiguous_strides(shape)
        self.root_shape = root_shape
        self.root_dtype = root_dtype
        self.path = path
        self.shape = shape
        self.dtype = dtype
        self.nstarts = nstarts

    def __repr__(self):
        return f"{self.dtype.name}{list(self.shape)}" + (f" via {self.path}" if self.path else "")


class Meta:
    """Shape, strides, offset (in elements), dtype and path of a view. Interned: compare with `is`."""

    __slots__ = ("shape", "strides", "offset", "dtype", "root", "path", "starts", "pattern", "ndim", "numel",
                 "contiguous", "derived", "nbytes", "size")

    def __init__(self, shape, strides, offset, dtype, root, path, starts):
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.dtype = dtype
        self.root = root if root is not None else self
        self.path = path
        self.starts = starts
        self.ndim = len(shape)
        self.numel = prod(shape)
        self.nbytes = self.numel * dtype.itemsize
        self.contiguous = is_contiguous(shape, strides)
        self.derived = {}  # view arguments -> Meta, filled by the functions below
        self.size = None   # the torch.Size of shape, once asked for
        r = self.root
        key = (r.shape, r.dtype, path, shape, dtype, strides)
        pattern = _patterns.get(key)
        if pattern is None:
            pattern = _patterns.setdefault(key, Pattern(r.shape, r.dtype, path, shape, dtype, len(starts), strides))
        self.pattern = pattern

    def __repr__(self):
        return f"Meta({self.dtype.name}{list(self.shape)}, strides={self.strides}, offset={self.offset}, path={self.path})"


_metas = {}
_patterns = {}


def contiguous_strides(shape):
    strides, n = [], 1
    for size in reversed(shape):
        strides.append(n)
        n *= max(size, 1)
    return tuple(reversed(strides))


def is_contiguous(shape, strides):
    n = 1
    for size, stride in zip(reversed(shape), reversed(strides)):
        if size == 0:
            return True
        if size != 1:
            if stride != n:
                break
            n *= size
    else:
        return True
    return 0 in shape


def root_meta(shape, dtype):
    """The Meta of a whole storage: contiguous, offset 0, no path."""
    key = (shape, dtype)
    found = _metas.get(key)
    if found is None:
        found = _remember(key, Meta(shape, contiguous_strides(shape), 0, dtype, None, (), ()))
    return found


def _remember(key, meta):
    if len(_metas) > _LIMIT:
        _metas.clear()
    return _metas.setdefault(key, meta)     # another thread may have been faster


def _make(root, shape, strides, offset, dtype, path, starts):
    if len(path) > 1 and path[-2][0] == "strided" and path[-1][0] != "bitcast":
        # windows may overlap, so that a part of them is no part of a copy of them: point into the storage anew
        return _strided(root, dtype, shape, strides, offset)
    if dtype is root.dtype and offset == 0 and prod(shape) == root.numel and is_contiguous(shape, strides):
        # back at the whole storage in its own order
        path, starts = ((), ()) if shape == root.shape else ((("reshape", shape),), ())
        if not path and strides == root.strides:
            return root
    key = (root, shape, strides, offset, dtype, path, starts)
    found = _metas.get(key)
    if found is None:
        found = _remember(key, Meta(shape, strides, offset, dtype, root, path, starts))
    return found


def _step(meta, shape, strides, offset, step, starts=None, dtype=None):
    return _make(meta.root, shape, strides, offset, dtype or meta.dtype, meta.path + (step,),
                 meta.starts if starts is None else starts)


# ------------------------------------------------------------------ deriving views
def permute(meta, dims):
    """dims: a permutation of range(ndim), not negative."""
    key = ("permute", dims)
    found = meta.derived.get(key)
    if found is None:
        shape = tuple(meta.shape[d] for d in dims)
        strides = tuple(meta.strides[d] for d in dims)
        path = meta.path
        if path and path[-1][0] == "permute":
            joined = tuple(path[-1][1][d] for d in dims)
            path = path[:-1]
            if joined != tuple(range(len(joined))):
                path += (("permute", joined),)
        elif dims != tuple(range(len(dims))):
            path += (("permute", dims),)
        found = meta.derived[key] = _make(meta.root, shape, strides, meta.offset, meta.dtype, path, meta.starts)
    return found


def view_strides(shape, strides, new):
    """Strides under which memory laid out as (shape, strides) can be seen as `new`, or None. prod(new) == prod(shape)."""
    if 0 in shape:
        return strides if new == shape else contiguous_strides(new)
    result = [0] * len(new)
    at = len(new) - 1
    chunk_base = strides[-1] if strides else 1
    tensor_numel = view_numel = 1
    for d in range(len(shape) - 1, -1, -1):
        tensor_numel *= shape[d]
        last = d == 0
        if last or (shape[d - 1] != 1 and strides[d - 1] != tensor_numel * chunk_base):
            while at >= 0 and (view_numel < tensor_numel or new[at] == 1):
                result[at] = view_numel * chunk_base
                view_numel *= new[at]
                at -= 1
            if view_numel != tensor_numel:
                return None
            if not last:
                chunk_base = strides[d - 1]
                tensor_numel = view_numel = 1
    if not shape:
        return tuple([1] * len(new))
    return tuple(result) if at == -1 else None


def reshape(meta, new):
    """The Meta of `new` (no -1 in it) if it can be a view, else None."""
    key = ("reshape", new)
    found = meta.derived.get(key)
    if found is None:
        strides = view_strides(meta.shape, meta.strides, new)
        if strides is None:
            return None
        path = meta.path
        if new != meta.shape:
            if path and path[-1][0] == "reshape":
                path = path[:-1]
            path = path + (("reshape", new),)
        found = meta.derived[key] = _make(meta.root, new, strides, meta.offset, meta.dtype, path, meta.starts)
    return found


def respell(meta, shape, strides):
    """A reshape whose strides are dictated (squeeze, unsqueeze, select keep PyTorch's strides for size-1 dims)."""
    path = meta.path
    if shape != meta.shape:
        if path and path[-1][0] == "reshape":
            path = path[:-1]
        path = path + (("reshape", shape),)
    return _make(meta.root, shape, strides, meta.offset, meta.dtype, path, meta.starts)


def slice_dims(meta, starts, sizes, steps):
    """starts, sizes, steps: one of each per dimension, in range, steps positive."""
    offset = meta.offset + sum(s * st for s, st in zip(starts, meta.strides))
    strides = tuple(st * k for st, k in zip(meta.strides, steps))
    if sizes == meta.shape and not any(starts) and all(k == 1 for k in steps):
        return meta
    path = meta.path
    if path and path[-1][0] == "slice":
        _, _, steps0, k = path[-1]
        starts = tuple(a + b * c for a, b, c in zip(meta.starts[k:], starts, steps0))
        steps = tuple(a * b for a, b in zip(steps0, steps))
        path, kept = path[:-1], meta.starts[:k]
    else:
        kept = meta.starts
    path = path + (("slice", sizes, steps, len(kept)),)
    return _make(meta.root, sizes, strides, offset, meta.dtype, path, kept + starts)


def slice_dim(meta, dim, start, size, step):
    key = ("slice", dim, start, size, step)
    found = meta.derived.get(key)
    if found is None:
        n = meta.ndim
        starts = (0,) * dim + (start,) + (0,) * (n - dim - 1)
        sizes = meta.shape[:dim] + (size,) + meta.shape[dim + 1:]
        steps = (1,) * dim + (step,) + (1,) * (n - dim - 1)
        found = slice_dims(meta, starts, sizes, steps)
        if len(meta.derived) < 4096:
            meta.derived[key] = found
    return found


def select(meta, dim, index):
    key = ("select", dim, index)
    found = meta.derived.get(key)
    if found is None:
        one = slice_dim(meta, dim, index, 1, 1)
        shape = meta.shape[:dim] + meta.shape[dim + 1:]
        strides = meta.strides[:dim] + meta.strides[dim + 1:]
        found = respell(one, shape, strides)
        if len(meta.derived) < 4096:
            meta.derived[key] = found
    return found


def unsqueeze(meta, dim):
    key = ("unsqueeze", dim)
    found = meta.derived.get(key)
    if found is None:
        stride = meta.shape[dim] * meta.strides[dim] if dim < meta.ndim else 1
        shape = meta.shape[:dim] + (1,) + meta.shape[dim:]
        strides = meta.strides[:dim] + (stride,) + meta.strides[dim:]
        found = meta.derived[key] = respell(meta, shape, strides)
    return found


def squeeze(meta, dims):
    """dims: those to drop if their size is 1."""
    key = ("squeeze", dims)
    found = meta.derived.get(key)
    if found is None:
        keep = [d for d in range(meta.ndim) if not (d in dims and meta.shape[d] == 1)]
        found = meta.derived[key] = respell(meta, tuple(meta.shape[d] for d in keep),
                                            tuple(meta.strides[d] for d in keep))
    return found


def expand(meta, shape):
    """shape: legal for meta (checked by the caller), no -1."""
    key = ("expand", shape)
    found = meta.derived.get(key)
    if found is None:
        lead = len(shape) - meta.ndim
        strides = []
        for i, size in enumerate(shape):
            same = i >= lead and size == meta.shape[i - lead]
            strides.append(meta.strides[i - lead] if same else 0)
        if lead:  # PyTorch gives new dimensions of size 1 a stride too, as if unsqueezed
            for i in range(lead - 1, -1, -1):
                if shape[i] == 1:
                    strides[i] = strides[i + 1] * shape[i + 1] if i + 1 < len(shape) else 0
        path = meta.path
        if shape != meta.shape:
            path = path + (("expand", shape),)
        found = meta.derived[key] = _make(meta.root, shape, tuple(strides), meta.offset, meta.dtype, path, meta.starts)
    return found


def diagonal(meta, offset, d1, d2):
    size = max(min(meta.shape[d1] + min(offset, 0), meta.shape[d2] - max(offset, 0)), 0)
    start = meta.offset
    if size:
        start += offset * meta.strides[d2] if offset >= 0 else -offset * meta.strides[d1]
    keep = [d for d in range(meta.ndim) if d not in (d1, d2)]
    shape = tuple(meta.shape[d] for d in keep) + (size,)
    strides = tuple(meta.strides[d] for d in keep) + (meta.strides[d1] + meta.strides[d2],)
    return _step(meta, shape, strides, start, ("diagonal", offset, d1, d2))


def bitcast(meta, dtype, shape, strides, offset):
    return _step(meta, shape, strides, offset, ("bitcast", dtype, shape), dtype=dtype)


def strided(meta, shape, strides, offset):
    """Any view of the whole storage, in elements of meta.dtype."""
    return _strided(meta.root, meta.dtype, shape, strides, offset)


def _strided(root, dtype, shape, strides, offset):
    path = ()
    if dtype is not root.dtype:
        flat = (root.nbytes // dtype.itemsize,)
        path = (("reshape", (root.numel,)), ("bitcast", dtype, flat))
    n = prod(shape)
    if is_contiguous(shape, strides) and n:  # a stretch of memory: no need of indices
        whole = root.nbytes // dtype.itemsize
        starts = ()
        if not path and root.ndim != 1:
            path = (("reshape", (root.numel,)),)
        if n != whole:
            path, starts = path + (("slice", (n,), (1,), 0),), (offset,)
        if shape != (n,):
            path = path + (("reshape", shape),)
        return _make(root, shape, strides, offset, dtype, path, starts)
    path = path + (("strided", shape, strides, offset),)
    return _make(root, shape, strides, offset, dtype, path, ())


def laid_out(meta, strides):
    """A whole storage that is seen with the shape of `meta` and these dense strides: (Meta, order of dimensions in memory)."""
    if strides == meta.strides:
        return meta, tuple(range(meta.ndim))
    order = tuple(sorted(range(meta.ndim), key=lambda d: (-strides[d], meta.shape[d] != 1)))
    if 0 in meta.shape:
        order = tuple(range(meta.ndim))
    root = root_meta(tuple(meta.shape[d] for d in order), meta.dtype)
    inverse = [0] * meta.ndim
    for i, d in enumerate(order):
        inverse[d] = i
    path = () if order == tuple(range(meta.ndim)) else (("permute", tuple(inverse)),)
    return _make(root, meta.shape, strides, 0, meta.dtype, path, ()), order


def overlaps_itself(meta):
    """Whether some element is seen twice (an expanded dimension)."""
    return meta.numel > 0 and any(size > 1 and stride == 0 for size, stride in zip(meta.shape, meta.strides))
