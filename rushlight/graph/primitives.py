"""The primitives: pure functions of static shape, each building one Value. Backends implement exactly these.

Elementwise primitives broadcast their operands as NumPy does; operands of one primitive have one dtype (promotion is the
ops' affair). Semantics follow jax.lax where it has the primitive.
"""
from math import prod

from ..runtime import dtypes as dt
from .value import Value

UNARY = frozenset("""neg abs sign exp exp2 expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh
    cosh tanh asinh acosh atanh erf erfc erfinv lgamma digamma floor ceil round trunc not isnan isinf isfinite conj angle
    real imag sigmoid i0 i0e i1 i1e ndtri log_ndtr signbit sinc""".split())
BINARY = frozenset("""add sub mul div floordiv fmod rem pow atan2 max min fmax fmin and or xor shl shr nextafter copysign
    hypot zeta polygamma igamma igammac xlogy gcd lcm ldexp heaviside complex logaddexp""".split())
COMPARE = frozenset("eq ne lt le gt ge".split())
_BOOL_RESULT = frozenset("isnan isinf isfinite signbit".split())


def broadcast_shapes(*shapes):
    """The shape that all broadcast to; RuntimeError if they do not."""
    ndim = max(map(len, shapes))
    out = [1] * ndim
    for shape in shapes:
        for i, size in enumerate(shape, ndim - len(shape)):
            if size != 1:
                if out[i] not in (1, size):
                    raise _mismatch(shapes, ndim)
                out[i] = size
    return tuple(out)


def _mismatch(shapes, ndim):
    wide = [(1,) * (ndim - len(s)) + tuple(s) for s in shapes]
    for i in range(ndim - 1, -1, -1):
        first = next((s[i] for s in wide if s[i] != 1), 1)
        for s in wide:
            if s[i] not in (1, first):
                return RuntimeError(f"The size of tensor a ({first}) must match the size of tensor b ({s[i]}) at non-singleton "
                                      f"dimension {i}")
    return RuntimeError(f"shapes {shapes} do not broadcast")


def const(value, dtype, shape=()):
    """A Python number, spread over `shape`."""
    return Value("const", (), (value, repr(value), dtype), shape, dtype)


def weak(value):
    """A Python number that takes the dtype of what it meets."""
    return Value("const", (), (value, repr(value), dt.SCALAR_DTYPES[type(value)]), (), dt.SCALAR_DTYPES[type(value)], True)


def constant_array(key, make, shape, dtype):
    """An array known when the graph is built. key: hashable, equal keys mean equal arrays; make() gives it."""
    return Value("array", (), _Array(key, make), shape, dtype)


class _Array(tuple):
    """Attributes of a constant array: compared by key, carrying the function that makes it."""

    def __new__(cls, key, make):
        self = super().__new__(cls, key)
        self.make = make
        return self


def iota(n, dtype=dt.int64):
    return Value("iota", (), (n,), (n,), dtype)


def unary(name, x):
    dtype = x.dtype
    if name in _BOOL_RESULT:
        dtype = dt.bool_
    elif name in ("abs", "real", "imag", "angle"):
        dtype = dtype.to_real()
    return Value(name, (x,), (), x.shape, dtype)


def binary(name, a, b):
    if a.dtype is not b.dtype and name not in ("shl", "shr"):
        raise TypeError(f"primitive {name}: dtypes {a.dtype} and {b.dtype}")
    dtype = dt.bool_ if name in COMPARE else a.dtype.to_complex() if name == "complex" else a.dtype
    return Value(name, (a, b), (), broadcast_shapes(a.shape, b.shape), dtype)


def where(c, a, b):
    return Value("where", (c, a, b), (), broadcast_shapes(c.shape, a.shape, b.shape), a.dtype)


def cast(x, dtype):
    if x.dtype is dtype and not x.weak:
        return x
    if x.prim == "const":
        return const(x.attrs[0], dtype, x.shape)
    return Value("cast", (x,), (dtype,), x.shape, dtype)


def bitcast(x, dtype, shape):
    return Value("bitcast", (x,), (dtype, shape), shape, dtype)


# ------------------------------------------------------------------ shape
def reshape(x, shape):
    shape = tuple(shape)
    if shape == x.shape:
        return x
    if x.prim == "reshape":
        return reshape(x.args[0], shape)
    return Value("reshape", (x,), (shape,), shape, x.dtype)


def permute(x, dims):
    dims = tuple(dims)
    if dims == tuple(range(len(dims))):
        return x
    if x.prim == "permute":
        inner = x.attrs[0]
        return permute(x.args[0], tuple(inner[d] for d in dims))
    return Value("permute", (x,), (dims,), tuple(x.shape[d] for d in dims), x.dtype)


def transpose(x, a, b):
    dims = list(range(x.ndim))
    dims[a], dims[b] = dims[b], dims[a]
    return permute(x, dims)


def expand(x, shape):
    shape = tuple(shape)
    if shape == x.shape:
        return x
    if x.prim == "const" and not x.weak:
        return const(x.attrs[0], x.dtype, shape)
    return Value("expand", (x,), (shape,), shape, x.dtype)


def slice_(x, starts, sizes, steps=None):
    """Static slice: one start, size and positive step per dimension."""
    starts, sizes = tuple(starts), tuple(sizes)
    steps = tuple(steps) if steps is not None else (1,) * len(starts)
    if sizes == x.shape and not any(starts):
        return x
    return Value("slice", (x,), (starts, sizes, steps), sizes, x.dtype)


def narrow(x, dim, start, size, step=1):
    starts, sizes, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    starts[dim], sizes[dim], steps[dim] = start, size, step
    return slice_(x, starts, sizes, steps)


def dynamic_slice(x, starts, sizes, steps):
    """As slice_, but the starts are values (integers known when the plan runs)."""
    return Value("dynamic_slice", (x, *starts), (sizes, steps), sizes, x.dtype)


def update_slice(x, v, starts, steps=None):
    """x with v written at starts (a tuple of ints, or of values)."""
    steps = tuple(steps) if steps is not None else (1,) * x.ndim
    if starts and isinstance(starts[0], Value):
        return Value("dynamic_update_slice", (x, v, *starts), (steps,), x.shape, x.dtype)
    return Value("update_slice", (x, v), (tuple(starts), steps), x.shape, x.dtype)


def pad(x, low, high, value=0, inner=None):
    """Zeros or `value` around; negative amounts cut off; `inner` elements go between neighbours."""
    inner = tuple(inner) if inner is not None else (0,) * x.ndim
    low, high = tuple(low), tuple(high)
    if not any(low) and not any(high) and not any(inner):
        return x
    shape = tuple(lo + hi + n + max(n - 1, 0) * i for n, lo, hi, i in zip(x.shape, low, high, inner))
    return Value("pad", (x,), (low, high, value, inner), shape, x.dtype)


def flip(x, dims):
    return Value("flip", (x,), (tuple(dims),), x.shape, x.dtype) if dims else x


def concatenate(xs, dim):
    if len(xs) == 1:
        return xs[0]
    shape = list(xs[0].shape)
    shape[dim] = sum(x.shape[dim] for x in xs)
    return Value("concatenate", tuple(xs), (dim,), tuple(shape), xs[0].dtype)


def diagonal(x, offset, d1, d2):
    size = max(min(x.shape[d1] + min(offset, 0), x.shape[d2] - max(offset, 0)), 0)
    shape = tuple(n for i, n in enumerate(x.shape) if i not in (d1, d2)) + (size,)
    return Value("diagonal", (x,), (offset, d1, d2), shape, x.dtype)


# ------------------------------------------------------------------ reductions and scans
def reduce(name, x, dims):
    """name: sum prod max min (any and all are max and min of bools). The reduced dimensions go."""
    dims = tuple(sorted(dims))
    if not dims:
        return x
    shape = tuple(n for i, n in enumerate(x.shape) if i not in dims)
    return Value("reduce_" + name, (x,), (dims,), shape, x.dtype)


def argreduce(name, x, dim):
    """name: max or min. Index (int64) of the first extreme along dim; NaN counts as the extreme."""
    shape = x.shape[:dim] + x.shape[dim + 1:]
    return Value("arg" + name, (x,), (dim,), shape, dt.int64)


def cumulative(name, x, dim):
    """name: sum prod max min logsumexp, or argmax argmin (indices)."""
    return Value("cum" + name, (x,), (dim,), x.shape, dt.int64 if name.startswith("arg") else x.dtype)


def argsort(x, dim, descending=False, stable=True):
    return Value("argsort", (x,), (dim, descending, stable), x.shape, dt.int64)


def topk_indices(x, k, dim, largest, ordered):
    shape = x.shape[:dim] + (k,) + x.shape[dim + 1:]
    return Value("topk", (x,), (k, dim, largest, ordered), shape, dt.int64)


# ------------------------------------------------------------------ gather and scatter
def gather(x, index, dim):
    """torch.gather: out[i][j] = x[index[i][j]][j] for dim 0. Indices are in range and not negative."""
    return Value("gather", (x, index), (dim,), index.shape, x.dtype)


def scatter(x, index, src, dim, reduce="set", include_self=True):
    """torch.scatter and scatter_reduce; reduce: set add multiply amax amin mean."""
    return Value("scatter", (x, index, src), (dim, reduce, include_self), x.shape, x.dtype)


def index(x, indices):
    """x[i0, i1, ...] over the leading dimensions; index values broadcast together, wrap when negative."""
    shape = broadcast_shapes(*(i.shape for i in indices)) + x.shape[len(indices):]
    return Value("index", (x, *indices), (), shape, x.dtype)


def index_put(x, indices, v, accumulate=False):
    """x with v (broadcast to the shape of x[indices]) written or added there."""
    return Value("index_put", (x, v, *indices), (accumulate,), x.shape, x.dtype)


# ------------------------------------------------------------------ products
def dot(a, b):
    """(..., n, k) x (..., k, m) -> (..., n, m); batch dimensions are equal or 1."""
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim > 2 or b.ndim > 2 else ()
    return Value("dot", (a, b), (), batch + (a.shape[-2], b.shape[-1]), a.dtype)


def conv(x, w, stride, padding, dilation, groups):
    """x (N, C, *S), w (O, C/groups, *K); padding: a (low, high) pair per spatial dimension."""
    sizes = tuple((n + lo + hi - d * (k - 1) - 1) // s + 1
                  for n, k, s, (lo, hi), d in zip(x.shape[2:], w.shape[2:], stride, padding, dilation))
    return Value("conv", (x, w), (stride, padding, dilation, groups), (x.shape[0], w.shape[0]) + sizes, x.dtype)


def conv_dx(g, w, x_shape, stride, padding, dilation, groups):
    """The gradient of conv in x, which is also the transposed convolution of g with w."""
    return Value("conv_dx", (g, w), (x_shape, stride, padding, dilation, groups), x_shape, g.dtype)


def conv_dw(g, x, w_shape, stride, padding, dilation, groups):
    """The gradient of conv in w."""
    return Value("conv_dw", (g, x), (w_shape, stride, padding, dilation, groups), w_shape, g.dtype)


def max_pool(x, window, stride, padding, dilation, out):
    """x (..., *S); padding pairs of -inf; out: spatial sizes. NaN propagates."""
    lead = x.shape[:x.ndim - len(window)]
    return Value("max_pool", (x,), (window, stride, padding, dilation, out), lead + out, x.dtype)


def max_pool_index(x, window, stride, padding, dilation, out):
    """Where max_pool found its values: int64 indices into the flat spatial plane, the first of equals."""
    lead = x.shape[:x.ndim - len(window)]
    return Value("max_pool_index", (x,), (window, stride, padding, dilation, out), lead + out, dt.int64)


def max_pool_dx(g, index_, x_shape, nspatial):
    """g added at the indices of each plane of x_shape."""
    return Value("max_pool_dx", (g, index_), (x_shape, nspatial), x_shape, g.dtype)


def sum_pool(x, window, stride, padding, out):
    lead = x.shape[:x.ndim - len(window)]
    return Value("sum_pool", (x,), (window, stride, padding, out), lead + out, x.dtype)


def sum_pool_dx(g, x_shape, window, stride, padding):
    return Value("sum_pool_dx", (g,), (x_shape, window, stride, padding), x_shape, g.dtype)


# ------------------------------------------------------------------ the host
def words(input_value, kind, params, shape, dtype):
    """Numbers made from a generator's words. input_value: a ticket; kind and params: see runtime.random_*."""
    return Value("words", (input_value,), (kind, params, shape, dtype), shape, dtype)


def call(function, args, outputs, attrs=()):
    """A function of ndarrays that runs on the host. outputs: [(shape, dtype), ...]; returns a list of values."""
    many = Value("call", tuple(args), (function, tuple(outputs), attrs), (), None)
    return [Value("item", (many,), (i,), shape, dtype) for i, (shape, dtype) in enumerate(outputs)]


def check(function, args, attrs=()):
    """A check of values: function(*ndarrays, *attrs) raises, or returns; it has no result."""
    return Value("check", tuple(args), (function, attrs), (), None)


def after(x, check_):
    """x, once a check has passed: what a check hangs on in the graph."""
    return Value("after", (x, check_), (), x.shape, x.dtype, x.weak)


# ------------------------------------------------------------------ paths of views
def read_path(x, pattern, starts):
    """x, a storage's base value, seen through a view's path."""
    if x.dtype is not pattern.root_dtype or x.shape != pattern.root_shape:
        raise AssertionError((x, pattern))
    for step in pattern.path:
        x = _read_step(x, step, starts)
    return x


def _read_step(x, step, starts):
    kind = step[0]
    if kind == "reshape":
        return reshape(x, step[1])
    if kind == "permute":
        return permute(x, step[1])
    if kind == "slice":
        return dynamic_slice(x, starts[step[3]:step[3] + len(step[1])], step[1], step[2])
    if kind == "expand":
        return expand(x, step[1])
    if kind == "diagonal":
        return diagonal(x, *step[1:])
    if kind == "bitcast":
        return bitcast(x, step[1], step[2])
    return index(reshape(x, (prod(x.shape),)), (strided_indices(*step[1:]),))


def write_path(x, pattern, starts, v):
    """The base value x with v written where the view lies."""
    seen = [x]
    for step in pattern.path[:-1]:
        seen.append(_read_step(seen[-1], step, starts))
    for base, step in zip(reversed(seen), reversed(pattern.path)):
        v = _write_step(base, step, starts, v)
    return v


def _write_step(base, step, starts, v):
    kind = step[0]
    if kind == "reshape":
        return reshape(v, base.shape)
    if kind == "permute":
        inverse = [0] * len(step[1])
        for i, d in enumerate(step[1]):
            inverse[d] = i
        return permute(v, inverse)
    if kind == "slice":
        return update_slice(base, v, tuple(starts[step[3]:step[3] + len(step[1])]), step[2])
    if kind == "bitcast":
        return bitcast(v, base.dtype, base.shape)
    if kind == "expand":
        return _fold_write(base, v)
    flat = reshape(base, (prod(base.shape),))
    if kind == "diagonal":
        offset, d1, d2 = step[1:]
        where_ = diagonal(reshape(iota(flat.shape[0]), base.shape), offset, d1, d2)
    else:
        where_ = strided_indices(*step[1:])
    return reshape(index_put(flat, (where_,), v), base.shape)


def _fold_write(base, v):
    """What a write over an expanded view leaves in its base: of the elements written to one place, one that differs."""
    lead = v.ndim - base.ndim
    grown = [d for d in range(v.ndim) if d < lead or base.shape[d - lead] != v.shape[d]]
    shape = tuple(1 if d in grown else n for d, n in enumerate(v.shape))
    if shape != v.shape and base.numel:
        kept = [d for d in range(v.ndim) if d not in grown]
        rows = reshape(permute(v, kept + grown), (prod(shape), v.numel // prod(shape)))
        changed = binary("ne", rows, reshape(base, (prod(shape), 1)))
        v = gather(rows, reshape(argreduce("max", cast(changed, dt.int8), 1), (prod(shape), 1)), 1)
    return reshape(v, base.shape)


def strided_indices(shape, strides, offset):
    """int64 positions in flat memory of a strided view."""
    def make():
        import numpy as np

        at = np.full(shape, offset, np.int64)
        for i, (size, stride) in enumerate(zip(shape, strides)):
            at += (np.arange(size) * stride).reshape((-1,) + (1,) * (len(shape) - i - 1))
        return at

    return constant_array(("strided", shape, strides, offset), make, shape, dt.int64)
