"""One NumPy function for every primitive."""
import numpy as np

from ...runtime import dtypes as dt
from . import elementwise


def build(value, into=None):
    """The function that computes a graph value from its operands' ndarrays."""
    name = value.prim
    narrow = [a.dtype in _NARROW for a in value.args]
    if name not in _STRUCTURAL and (any(narrow) or value.dtype in _NARROW):
        if name == "cast":
            return _cast_narrow(value)
        if dt.bfloat16 in [a.dtype for a in value.args] + [value.dtype] or name not in elementwise.UFUNCS:
            return _through_float32(value)
    maker = _MAKERS.get(name)
    if maker is not None:
        return maker(value, into)
    return elementwise.build(value, into)


# ------------------------------------------------------------------ bfloat16 and float16 go through float32
_NARROW = (dt.bfloat16, dt.float16)
_STRUCTURAL = frozenset(("input", "reshape", "permute", "slice", "dynamic_slice", "update_slice", "dynamic_update_slice",
                         "expand", "diagonal", "bitcast", "concatenate", "flip", "index", "gather", "array", "where",
                         "item", "after", "check", "words"))


def _widen(a, dtype):
    if dtype is dt.bfloat16:
        from .bfloat import to_float32

        return to_float32(a)
    return a.astype(np.float32) if dtype is dt.float16 else a


def _narrowed(a, dtype):
    if dtype is dt.bfloat16:
        from .bfloat import from_float32

        return from_float32(np.asarray(a, np.float32))
    return np.asarray(a).astype(np.float16) if dtype is dt.float16 else a


class _Wide:
    """A value as if it had been float32 from the start."""

    def __init__(self, value):
        self.prim, self.attrs, self.shape = value.prim, value.attrs, value.shape
        self.args = [_WideArg(a) for a in value.args]
        self.dtype = dt.float32 if value.dtype in _NARROW else value.dtype
        if self.prim == "const":
            self.attrs = tuple(dt.float32 if a in _NARROW else a for a in value.attrs)


class _WideArg:
    def __init__(self, a):
        self.shape, self.ndim = a.shape, a.ndim
        self.dtype = dt.float32 if a.dtype in _NARROW else a.dtype


def _through_float32(value):
    inner = build(_Wide(value))
    dtypes = [a.dtype for a in value.args]

    def run(*xs):
        return _narrowed(inner(*[_widen(x, d) for x, d in zip(xs, dtypes)]), value.dtype)

    return run


def _cast_narrow(value):
    source, target = value.args[0].dtype, value.dtype

    def run(x):
        if x.__class__ in (int, float, bool, complex):
            x = np.asarray(x)
        if source is dt.bfloat16:
            x = _widen(x, source)
        if target is dt.bfloat16:
            if x.dtype.kind == "c":
                x = x.real
            return _narrowed(x.astype(np.float32), target)
        if target is dt.float16 and x.dtype == np.float64:
            x = x.astype(np.float32)            # rounded twice, as PyTorch does
        return elementwise._cast_to(target.numpy)(x)

    return run


# ------------------------------------------------------------------ shape
def _reshape(v, into):
    shape = v.attrs[0]
    return lambda x: x.reshape(shape)


def _permute(v, into):
    dims = v.attrs[0]
    return lambda x: x.transpose(dims)


def _expand(v, into):
    shape = v.attrs[0]
    return lambda x: np.broadcast_to(x, shape)


def _slice(v, into):
    at = tuple(slice(s, s + (n - 1) * k + 1 if n else s, k) for s, n, k in zip(*v.attrs))
    return lambda x: x[at]


def _dynamic_slice(v, into):
    sizes, steps = v.attrs
    reach = [(n - 1) * k + 1 if n else 0 for n, k in zip(sizes, steps)]
    whole = [n == m and k == 1 for n, m, k in zip(sizes, v.args[0].shape, steps)]

    def run(x, *starts):
        return x[tuple([slice(None) if w else slice(s, s + r, k) for s, r, k, w in zip(starts, reach, steps, whole)])]

    return run


def _update_slice(v, into):
    starts, steps = v.attrs
    at = tuple(slice(s, s + (n - 1) * k + 1 if n else s, k) for s, n, k in zip(starts, v.args[1].shape, steps))

    def run(x, u):
        out = x if into == 0 else np.array(x, order="C")
        out[at] = u
        return out

    return run


def _dynamic_update_slice(v, into):
    steps = v.attrs[0]
    reach = [(n - 1) * k + 1 if n else 0 for n, k in zip(v.args[1].shape, steps)]

    def run(x, u, *starts):
        out = x if into == 0 else np.array(x, order="C")
        out[tuple([slice(s, s + r, k) for s, r, k in zip(starts, reach, steps)])] = u
        return out

    return run


def pad_place(n, low, high, inner):
    """Which of n elements stay, and where they go, along a dimension: (first, how many, place of the first, step)."""
    step = inner + 1
    first = max(0, -(low // step)) if low < 0 else 0
    place = low + first * step
    full = n + max(n - 1, 0) * inner + low + high
    count = max(0, min(n - first, -(-(full - place) // step) if full > place else 0))
    return first, count, place, step


def _pad(v, into):
    low, high, value, inner = v.attrs
    shape, dtype = v.shape, v.dtype.numpy
    source = v.args[0].shape
    cut, put = [], []
    for n, lo, hi, k in zip(source, low, high, inner):
        first, count, place, step = pad_place(n, lo, hi, k)
        cut.append(slice(first, first + count))
        put.append(slice(place, place + (count - 1) * step + 1 if count else place, step))
    cut, put = tuple(cut), tuple(put)

    def run(x):
        out = np.full(shape, value, dtype) if value else np.zeros(shape, dtype)
        out[put] = x[cut]
        return out

    return run


def _flip(v, into):
    at = tuple(slice(None, None, -1) if d in v.attrs[0] else slice(None) for d in range(len(v.shape)))
    return lambda x: x[at]


def _concatenate(v, into):
    dim = v.attrs[0]
    return lambda *xs: np.concatenate(xs, dim)


def _diagonal(v, into):
    return lambda x: x.diagonal(*v.attrs)


def _bitcast(v, into):
    dtype, shape = v.attrs
    numpy_type = dtype.numpy

    def run(x):
        x = np.ascontiguousarray(x)
        return x.reshape(-1).view(numpy_type).reshape(shape)

    return run


# ------------------------------------------------------------------ sources
def _const(v, into):
    value, _, dtype = v.attrs
    if v.weak if hasattr(v, "weak") else False:
        return lambda: value
    if dtype is dt.bfloat16:
        word = _narrowed(np.float32(value), dtype)
        return lambda: np.full(v.shape, word, np.uint16)
    if dtype is dt.float16:
        value = np.float32(value)
    scalar = elementwise._cast_to(dtype.numpy)(value)[()]
    if v.shape == ():
        return lambda: scalar
    return lambda: np.full(v.shape, scalar)


def _array(v, into):
    array = np.asarray(v.attrs.make())
    array.flags.writeable = False
    return lambda: array


def _iota(v, into):
    n, dtype = v.attrs[0], v.dtype.numpy
    return lambda: np.arange(n, dtype=dtype)


def _words(v, into):
    kind, params, shape, dtype = v.attrs

    def run(ticket):
        from ...runtime import random_draws

        return random_draws.values(kind, ticket, params, shape, dtype)

    return run


# ------------------------------------------------------------------ reductions
_REDUCE = {"reduce_sum": np.add, "reduce_prod": np.multiply, "reduce_max": np.maximum, "reduce_min": np.minimum}


def _reduce(v, into):
    ufunc, dims, dtype = _REDUCE[v.prim], v.attrs[0], v.dtype.numpy
    if v.prim in ("reduce_max", "reduce_min") and dtype.kind == "b":
        ufunc = np.logical_or if v.prim == "reduce_max" else np.logical_and
    axis = dims if len(dims) > 1 else dims[0]
    if ufunc is np.add and dtype == np.float32:
        return _float32_sum(v.args[0].shape, dims)
    return lambda x: ufunc.reduce(x, axis=axis, dtype=dtype)


def _float32_sum(shape, dims):
    """NumPy sums pairwise only along the last axis; others it adds one by one, which loses digits over long axes."""
    axis = dims if len(dims) > 1 else dims[0]
    keep = [d for d in range(len(shape)) if d not in dims]
    count = 1
    for d in dims:
        count *= shape[d]
    if count < 64 or len(shape) - 1 in dims and all(d > max(keep, default=-1) for d in dims):
        return lambda x: np.add.reduce(x, axis=axis)
    kept = tuple(shape[d] for d in keep)
    if dims[-1] < len(shape) - 1 and dims == tuple(range(len(dims))):
        # leading axes: a product with ones sums them in the library's blocked order, quickly
        rows = count
        return lambda x: np.matmul(np.ones((1, rows), np.float32), x.reshape(rows, -1)).reshape(kept)
    order = keep + list(dims)
    n = len(keep)

    def run(x):
        inner = tuple(d for d in dims if d > max(keep))
        outer = tuple(d for d in dims if d not in inner)
        if inner:
            x = np.add.reduce(x, axis=inner)
            return np.add.reduce(x, axis=outer, dtype=np.float64).astype(np.float32) if outer else x
        return np.add.reduce(x.transpose(order).reshape(kept + (-1,)), axis=n)

    return run


def _argreduce(v, into):
    dim = v.attrs[0]
    function = np.argmax if v.prim == "argmax" else np.argmin
    return lambda x: function(x, axis=dim)


def _cumulative(v, into):
    from . import cumulative

    name, dim = v.prim[3:], v.attrs[0]
    if name in ("sum", "prod"):
        function = np.cumsum if name == "sum" else np.cumprod
        if v.dtype is dt.float32:       # PyTorch carries the running value in double
            return lambda x: function(x, axis=dim, dtype=np.float64).astype(np.float32)
        return lambda x: function(x, axis=dim, dtype=v.dtype.numpy)
    if name == "logsumexp":
        return lambda x: cumulative.logcumsumexp(x, dim)
    function = cumulative.cummax if name.endswith("max") else cumulative.cummin
    which = 1 if name.startswith("arg") else 0
    return lambda x: function(x, dim)[which]


def _argsort(v, into):
    from . import sorting

    dim, descending, stable = v.attrs
    return lambda x: sorting.argsort(x, dim, descending, stable)


def _topk(v, into):
    from . import sorting

    k, dim, largest, ordered = v.attrs
    return lambda x: sorting.topk(x, k, dim, largest, ordered)[1]


# ------------------------------------------------------------------ gather and scatter
def _gather(v, into):
    from . import scatter

    return lambda x, i: scatter.gather_along(x, i, v.attrs[0])


def _scatter(v, into):
    from . import scatter

    dim, reduce, include = v.attrs
    if into != 0:
        return lambda x, i, src: scatter.scatter_along(x, i, src, dim, reduce, include)

    def run(x, i, src):
        scatter.scatter_along_into(x, i, src, dim, reduce, include)
        return x

    return run


def _index(v, into):
    return lambda x, *i: x[i]


def _index_put(v, into):
    from . import scatter

    accumulate = v.attrs[0]

    def run(x, u, *i):
        if into == 0:
            scatter.index_put_into(x, i, u, accumulate)
            return x
        return scatter.index_put(x, i, u, accumulate)

    return run


# ------------------------------------------------------------------ products
def _for_blas(x):
    """x laid out so that NumPy gives it to the matrix routine: neighbours in one of the last two dimensions."""
    near, far = sorted(x.strides[-2:])
    return x if near == x.itemsize and far > 0 or x.size < 64 else np.ascontiguousarray(x)


def _dot(v, into):
    if v.dtype.kind in ("float", "complex"):
        if v.args[0].shape[-1] == 1 and v.args[0].ndim == 2:
            return lambda a, b: a * b  # an outer product, which the matrix routine does slowly
        return lambda a, b: np.matmul(_for_blas(a), _for_blas(b))
    return lambda a, b: np.matmul(a, b)


def _conv(v, into):
    from . import conv

    stride, padding, dilation, groups = v.attrs
    return lambda x, w: conv.conv(x, w, stride, padding, dilation, groups)


def _conv_dx(v, into):
    from . import conv

    shape, stride, padding, dilation, groups = v.attrs
    return lambda g, w: conv.conv_dx(g, w, shape, stride, padding, dilation, groups)


def _conv_dw(v, into):
    from . import conv

    shape, stride, padding, dilation, groups = v.attrs
    return lambda g, x: conv.conv_dw(g, x, shape, stride, padding, dilation, groups)


def _max_pool(v, into):
    from . import pool

    function = pool.max_pool if v.prim == "max_pool" else pool.max_pool_index
    return lambda x: function(x, *v.attrs)


def _max_pool_dx(v, into):
    from . import pool

    return lambda g, index: pool.max_pool_dx(g, index, *v.attrs)


def _sum_pool(v, into):
    from . import pool

    return lambda x: pool.sum_pool(x, *v.attrs)


def _sum_pool_dx(v, into):
    from . import pool

    return lambda g: pool.sum_pool_dx(g, *v.attrs)


# ------------------------------------------------------------------ the host
def _call(v, into):
    function, outputs, attrs = v.attrs

    def run(*xs):
        results = function(*xs, *attrs)
        if not isinstance(results, tuple):
            results = (results,)
        return tuple(np.asarray(r, d.numpy).reshape(s) for r, (s, d) in zip(results, outputs))

    return run


def _item(v, into):
    i = v.attrs[0]
    return lambda many: many[i]


def _check(v, into):
    function, attrs = v.attrs
    return lambda *xs: function(*xs, *attrs)


_MAKERS = {
    "reshape": _reshape, "permute": _permute, "expand": _expand, "slice": _slice, "dynamic_slice": _dynamic_slice,
    "update_slice": _update_slice, "dynamic_update_slice": _dynamic_update_slice, "pad": _pad, "flip": _flip,
    "concatenate": _concatenate, "diagonal": _diagonal, "bitcast": _bitcast, "const": _const, "array": _array,
    "iota": _iota, "words": _words, "reduce_sum": _reduce, "reduce_prod": _reduce, "reduce_max": _reduce,
    "reduce_min": _reduce, "argmax": _argreduce, "argmin": _argreduce, "argsort": _argsort, "topk": _topk,
    "gather": _gather, "scatter": _scatter, "index": _index, "index_put": _index_put, "dot": _dot, "conv": _conv,
    "conv_dx": _conv_dx, "conv_dw": _conv_dw, "max_pool": _max_pool, "max_pool_index": _max_pool,
    "max_pool_dx": _max_pool_dx, "sum_pool": _sum_pool, "sum_pool_dx": _sum_pool_dx, "call": _call, "item": _item,
    "check": _check, "after": lambda v, into: lambda x, _: x,
}
for _name in ("sum", "prod", "max", "min", "logsumexp", "argmax", "argmin"):
    _MAKERS["cum" + _name] = _cumulative
