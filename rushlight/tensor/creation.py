"""Tensors from nothing, from Python values, and from other tensors' shapes."""
import numpy as np

from ..graph import layout as layouts
from ..graph import primitives as P
from ..graph import views
from ..ops.declare import Op
from ..runtime import devices
from ..runtime import dtypes as dt
from .apply import apply
from .tensor import Tensor, from_array, new_tensor
from .view_ops import as_shape

full_op = Op("full", "value", "shape dtype", compute=lambda v, shape, dtype: P.expand(P.cast(v, dtype), shape))
iota_op = Op("iota", "start step", "n dtype", display="arange",
             compute=lambda start, step, n, dtype: _iota(start, step, n, dtype))


def _iota(start, step, n, dtype):
    ints = start.dtype.kind == "int" and step.dtype.kind == "int"
    if dtype.kind != "int" and not ints:
        return _float_iota(start, step, n, dtype)
    work = dtype if dtype.kind == "int" else dt.int64
    at = P.cast(P.iota(n), work)
    values = P.binary("add", P.binary("mul", at, P.cast(step, work)), P.cast(start, work))
    return P.cast(values, dtype)


_LANES = {"float64": 4, "float32": 8, "float16": 16, "bfloat16": 16}


def _float_iota(start, step, n, dtype):
    """PyTorch goes by pairs of vectors: each vector's first element is rounded, the others are counted from it; the rest of
    n singly. So the values come out bit for bit, and that is why."""
    lanes = _LANES.get(dtype.name, 8)
    work = dt.float32 if lanes == 16 else dt.float64
    whole = n // (2 * lanes) * 2 * lanes

    def lane():
        return np.where(np.arange(n) < whole, np.arange(n) % lanes, 0).astype(work.numpy)

    def first():
        return (np.arange(n) - lane()).astype(work.numpy)

    start, step = P.cast(start, work), P.cast(step, work)
    times_step = _exact_product(step) if dtype is dt.float64 else lambda k, base: P.binary("add", P.binary("mul", k, step), base)
    base = times_step(P.constant_array(("arange first", n, lanes), first, (n,), work), start)
    base = P.cast(P.cast(base, dtype), work)
    return P.cast(times_step(P.constant_array(("arange lane", n, lanes), lane, (n,), work), base), dtype)


def _exact_product(step):
    """k * step + base in float64, rounded once: step is split in two halves whose products with k are exact."""
    high = P.cast(P.cast(step, dt.float32), dt.float64)
    low = P.binary("sub", step, high)

    def fused(k, base):
        a, b = P.binary("mul", k, high), P.binary("mul", k, low)
        total = P.binary("add", a, base)
        back = P.binary("sub", total, a)        # what of base, and of a, went into the total: the rest is its error
        error = P.binary("add", P.binary("sub", base, back), P.binary("sub", a, P.binary("sub", total, back)))
        return P.binary("add", total, P.binary("add", error, b))

    return fused


def _wanting_gradients(t):
    if not (t.dtype.is_floating_point or t.dtype.is_complex):
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return t.requires_grad_()


def _finish(t, requires_grad, out=None):
    if out is not None:
        from .binding import write_out

        return write_out(out, t, "out")
    return _wanting_gradients(t) if requires_grad else t


def _place(device, layout=None):
    if device is not None and device is not devices.CPU:
        devices.resolve(device)
    if layout is not None and getattr(layout, "name", "strided") != "strided":
        raise NotImplementedError(f"rushlight has no {layout!r} tensors; only torch.strided")


def full_of(shape, value, dtype):
    """A tensor of one number: recorded, not run."""
    if value.__class__ not in (int, float, bool, complex):
        value = value.item() if hasattr(value, "item") else value
    return apply(full_op, (value,), (shape, dtype))


# ------------------------------------------------------------------ by shape
def zeros(*sizes, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, names=None):
    _place(device, layout)
    return _finish(full_of(_sizes("zeros", sizes if size is None else (size,)), 0, dtype or (out.dtype if out is not None else dt.get_default_dtype())),
                   requires_grad, out)


def ones(*sizes, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, names=None):
    _place(device, layout)
    return _finish(full_of(_sizes("ones", sizes if size is None else (size,)), 1, dtype or (out.dtype if out is not None else dt.get_default_dtype())),
                   requires_grad, out)


def empty(*sizes, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False,
          memory_format=None, names=None):
    """Memory to be written. Here it reads as zeros until then."""
    _place(device, layout)
    t = full_of(_sizes("empty", sizes if size is None else (size,)), 0, dtype or (out.dtype if out is not None else dt.get_default_dtype()))
    if memory_format is not None:
        t = memory_format.lay(t)
    return _finish(t, requires_grad, out)


def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, names=None):
    _place(device, layout)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    elif isinstance(fill_value, np.generic):
        fill_value = fill_value.item()
    if dtype is None:
        dtype = out.dtype if out is not None else _number_dtype(fill_value)
    return _finish(full_of(_sizes("full", (size,)), fill_value, dtype), requires_grad, out)


def _sizes(name, size):
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        shape = as_shape(size)
    except TypeError:
        bad = next((s for s in size if not hasattr(s, "__index__")), None)
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, but found element of type "
                        f"{type(bad).__name__} at pos 0" if len(size) != 1 or isinstance(bad, (float, str)) else
                        f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(bad).__name__}") from None
    for s in shape:
        if s < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {s}: {list(shape)}")
    return shape


def _number_dtype(value):
    if isinstance(value, bool):
        return dt.bool_
    if isinstance(value, int):
        return dt.int64
    return dt.get_default_dtype().to_complex() if isinstance(value, complex) else dt.get_default_dtype()


def lay_like(input, dtype, memory_format, make):
    """make(shape), a contiguous tensor, seen with input's shape and order of dimensions in memory (or memory_format's)."""
    meta = views.root_meta(input._meta.shape, dtype)
    if memory_format is None or memory_format.name == "preserve_format":
        strides = layouts.preserved(meta.shape, input._meta.strides)
    elif memory_format.order is None:
        strides = meta.strides
    else:
        strides = layouts.in_order(meta.shape, memory_format.order_for(input))
    seen, order = views.laid_out(meta, strides)
    t = make(tuple([meta.shape[d] for d in order]))
    return t if seen is t._meta else new_tensor(t._storage, seen, t._counter)


def _like(fill):
    def run(input, *args, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False):
        _place(device, layout)
        dtype = dtype or input._meta.dtype
        t = lay_like(input, dtype, memory_format, lambda shape: full_of(shape, *(args or (fill,)), dtype))
        return _wanting_gradients(t) if requires_grad else t
    return run


zeros_like = _like(0)
ones_like = _like(1)
empty_like = _like(0)
_full_like = _like(None)
for _f, _n in ((zeros_like, "zeros_like"), (ones_like, "ones_like"), (empty_like, "empty_like")):
    _f.__name__ = _f.__qualname__ = _n


def full_like(input, fill_value, **kwargs):
    return _full_like(input, fill_value, **kwargs)


def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    _place(device, layout)
    n = 1 + sum((a - 1) * b for a, b in zip(size, stride)) if 0 not in size else 0
    t = full_of((n,), 0, dtype or dt.get_default_dtype()).as_strided(tuple(size), tuple(stride))
    t._view = None
    return _wanting_gradients(t) if requires_grad else t


def arange(start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """start, start + step, ... below end."""
    _place(device, layout)
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if hasattr(v, "item") else v for v in (start, end, step))
    if dtype is None:
        dtype = out.dtype if out is not None else dt.int64 if all(isinstance(v, int) for v in (start, end, step)) \
            else dt.get_default_dtype()
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0 or (end != start and (end > start) != (step > 0)):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    n = max(0, -int(-((end - start) / step) // 1)) if any(isinstance(v, float) for v in (start, end, step)) else \
        -((start - end) // step) if step > 0 else -((end - start) // -step)
    if dtype.kind == "int":
        start, step = int(start), int(step)
    return _finish(apply(iota_op, (_plain(start), _plain(step)), (n, dtype)), requires_grad, out)


def _plain(v):
    return v if v.__class__ in (int, float) else float(v) if isinstance(v, float) else int(v)


def range_(start, end=None, step=1, **kwargs):
    """As arange, with the end included. Source: torch.range (deprecated there)."""
    if end is None:
        start, end = 0, start
    kwargs.setdefault("dtype", dt.get_default_dtype())
    n = int((end - start) / step) + 1
    return arange(start, start + (n - 0.5) * step, step, **kwargs)


def linspace(start, end, steps, *, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """steps numbers from start to end, both included."""
    _place(device, layout)
    start, end, steps = _ends("linspace", start, end, steps)
    dtype = dtype or (out.dtype if out is not None else _ends_dtype(start, end))
    return _finish(_from_ndarray(_linspace(start, end, steps, dtype), dtype), requires_grad, out)


def _ends(name, start, end, steps):
    for i, v in enumerate((start, end)):
        if isinstance(v, Tensor) and v._meta.ndim:
            raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got start with "
                               f"{start._meta.ndim if isinstance(start, Tensor) else 0} dimension(s) and end with "
                               f"{end._meta.ndim if isinstance(end, Tensor) else 0} dimension(s)."
                               if isinstance(start, Tensor) and isinstance(end, Tensor) else
                               f"{name} only supports 0-dimensional start and end tensors, but got "
                               f"{'start' if i == 0 else 'end'} with {v._meta.ndim} dimension(s).")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return *(v.item() if hasattr(v, "item") else v for v in (start, end)), int(steps)


def _ends_dtype(start, end):
    default = dt.get_default_dtype()
    return default.to_complex() if isinstance(start, complex) or isinstance(end, complex) else default


def _linspace(start, end, steps, dtype):
    """Counted from both ends in the dtype's own precision, each element rounded once, as PyTorch does it."""
    half, i = steps // 2, np.arange(steps)
    k = np.where(i < half, i, i - steps + 1)
    if dtype.is_complex:
        work = dtype.numpy.type
    elif dtype.kind == "int":
        start, end, work = int(start), int(end), np.float64
    else:
        work = np.float64 if dtype is dt.float64 else np.float32
    narrow = (lambda x: x) if dtype not in (dt.float16, dt.bfloat16) else lambda x: _widened(_from_ndarray(np.asarray(x), dtype))
    start, end = narrow(work(start)), narrow(work(end))
    step = narrow(narrow(end - start) / work(max(steps - 1, 1)))
    ends = np.where(i < half, start, end) if steps > 1 else np.full(steps, start)
    if dtype in (dt.float16, dt.bfloat16):
        return ends + narrow(narrow(k.astype(work)) * step) if steps > 1 else ends
    if steps == 1:
        return ends
    if work is np.float64:
        return _fused(k.astype(work), step, ends)
    wide = np.complex128 if dtype.is_complex else np.float64
    return (ends.astype(wide) + k * wide(step)).astype(work)


def _widened(t):
    return t.to(dt.float32)._array()


def _fused(k, step, base):
    """k * step + base in float64, rounded once, for whole k."""
    high = np.float64(np.float32(step))
    a, b = k * high, k * (step - high)
    total = a + base
    back = total - a
    return total + (((base - back) + (a - (total - back))) + b)


def logspace(start, end, steps, base=10.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False,
             pin_memory=False):
    """base ** linspace(start, end, steps)."""
    _place(device, layout)
    start, end, steps = _ends("logspace", start, end, steps)
    dtype = dtype or (out.dtype if out is not None else _ends_dtype(start, end))
    work = np.complex128 if dtype.is_complex else np.float64
    if dtype is dt.float32:
        start, end = float(np.float32(start)), float(np.float32(end))
    i = np.arange(steps)
    step = (work(end) - work(start)) / max(steps - 1, 1)
    if dtype is dt.float32:
        step = work(np.float32(step))
    exponents = np.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i)) if steps > 1 else np.full(steps, work(start))
    return _finish(_from_ndarray(np.power(work(base), exponents), dtype), requires_grad, out)


def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    _place(device, layout)
    return _finish(from_array(np.eye(n, m, dtype=(dtype or dt.get_default_dtype()).numpy)), requires_grad, out)


# ------------------------------------------------------------------ from data
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor with a copy of data: numbers, nested lists, arrays, tensors."""
    _place(device)
    if isinstance(data, Tensor):
        import warnings

        warnings.warn("To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                      "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
                      UserWarning, stacklevel=2)
        t = data.detach().to(dtype or data.dtype, copy=True)
    else:
        t = _from_data(data, dtype)
    return _wanting_gradients(t) if requires_grad else t


def _from_data(data, dtype):
    cls = data.__class__
    if cls is float or cls is int or cls is bool or cls is complex:
        dtype = dtype or _number_dtype(data)
        return _from_ndarray(np.asarray(data), dtype)
    if isinstance(data, np.ndarray):
        return _from_ndarray(data, dtype or dt.from_numpy_dtype(data.dtype))
    if isinstance(data, np.generic):
        return _from_ndarray(np.asarray(data), dtype or dt.from_numpy_dtype(data.dtype))
    if hasattr(data, "__array__") and not isinstance(data, (list, tuple)):
        a = np.asarray(data)
        return _from_ndarray(a, dtype or dt.from_numpy_dtype(a.dtype))
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        return _from_sequence(data, dtype)
    if hasattr(data, "__index__"):
        return _from_data(data.__index__(), dtype)
    if hasattr(data, "__float__"):
        return _from_data(float(data), dtype)
    if data is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    raise RuntimeError(f"Could not infer dtype of {cls.__name__}")


def _from_sequence(data, dtype):
    shape = _sequence_shape(data)
    flat, kinds = [], set()
    _flatten(data, shape, 0, flat, kinds)
    if dtype is None:
        dtype = _leaf_dtype(kinds, flat)
    if not flat:
        return from_array(np.zeros(shape, dtype.numpy), dtype)
    if dtype.kind == "int" and any(k in kinds for k in (float,)):
        array = np.asarray(flat, np.float64).astype(dtype.numpy)
    else:
        try:
            array = np.array(flat, dtype=None if dtype is dt.bfloat16 else dtype.numpy)
        except OverflowError:
            if dtype.name.startswith("uint") or dtype.kind == "int" and dtype is not dt.int64:
                raise RuntimeError(f"value cannot be converted to type {_C_NAMES.get(dtype.name, dtype.name)} without overflow") \
                    from None
            raise RuntimeError("Overflow when unpacking long long") from None
    return _from_ndarray(array.reshape(shape), dtype)


_C_NAMES = {"uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int"}


def _sequence_shape(data):
    shape = []
    while True:
        if isinstance(data, (Tensor, np.ndarray)):
            shape.extend(data.shape)
            return tuple(shape)
        if isinstance(data, str) or not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            return tuple(shape)
        shape.append(len(data))
        if len(data) == 0:
            return tuple(shape)
        data = data[0]


def _flatten(data, shape, depth, flat, kinds):
    if isinstance(data, (Tensor, np.ndarray)):
        if tuple(data.shape) != shape[depth:]:
            if len(data.shape) == 0 or depth < len(shape):
                raise ValueError(f"expected sequence of length {shape[depth] if depth < len(shape) else 0} at dim {depth} "
                                 f"(got {len(data) if len(data.shape) else 0})")
            raise ValueError("only one element tensors can be converted to Python scalars")
        kinds.add(data.dtype if isinstance(data, Tensor) else dt.from_numpy_dtype(data.dtype))
        flat.extend((data.detach() if isinstance(data, Tensor) else data).reshape(-1).tolist())
        return
    if depth == len(shape):
        if isinstance(data, (list, tuple)):
            raise TypeError("must be real number, not " + type(data).__name__)
        if isinstance(data, np.generic):
            kinds.add(dt.from_numpy_dtype(data.dtype))
            data = data.item()
        elif isinstance(data, str):
            raise ValueError(f"too many dimensions 'str'")
        else:
            kinds.add(type(data))
        flat.append(data)
        return
    if not hasattr(data, "__len__") or isinstance(data, str):
        raise TypeError(f"object of type '{type(data).__name__}' has no len()" if not isinstance(data, str) else
                        "new(): invalid data type 'str'")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    if depth == len(shape) - 1 and all(x.__class__ is float or x.__class__ is int for x in data):
        kinds.update(x.__class__ for x in data)
        flat.extend(data)
        return
    for item in data:
        _flatten(item, shape, depth + 1, flat, kinds)


def _leaf_dtype(kinds, flat):
    if not kinds:
        return dt.get_default_dtype()
    out = None
    for k in kinds:
        if isinstance(k, dt.dtype):
            d = k
        elif k is bool:
            d = dt.bool_
        elif issubclass(k, int):
            d = dt.int64
        elif issubclass(k, complex):
            d = dt.get_default_dtype().to_complex()
        elif issubclass(k, float) or hasattr(k, "__float__"):
            d = dt.get_default_dtype()
        elif k is type(None):
            raise RuntimeError("Could not infer dtype of NoneType")
        else:
            raise RuntimeError(f"Could not infer dtype of {k.__name__}")
        out = d if out is None else dt.promote_types(out, d)
    return out


def _from_ndarray(array, dtype):
    if dtype is dt.bfloat16:
        from ..backends.numpy.bfloat import from_float32

        return from_array(from_float32(np.asarray(array, np.float32)), dtype)
    if array.dtype.kind == "f" and dtype.kind == "int":
        array = np.trunc(array)
        if dtype.name.startswith("uint"):
            array = array.astype(np.int64)
    with np.errstate(all="ignore"):
        return from_array(np.array(array, dtype=dtype.numpy, order="C", copy=True) if array.dtype.kind != "c" or dtype.is_complex
                          else np.array(array.real, dtype=dtype.numpy), dtype)


def as_tensor(data, dtype=None, device=None):
    """data itself if it is a tensor already, over its memory if it is an array, else a copy."""
    _place(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        from .exchange import adopt

        own = dt.from_numpy_dtype(data.dtype)
        if (dtype is None or own is dtype) and data.dtype.isnative and all(s >= 0 for s in data.strides):
            return adopt(data, own)
    return _from_data(data, dtype)


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    t = as_tensor(obj, dtype)
    if copy:
        t = t.clone()
    return _wanting_gradients(t) if requires_grad else t


def scalar_tensor(s, *, dtype=None, device=None, layout=None, requires_grad=False):
    return tensor(float(s) if dtype is None else s, dtype=dtype, requires_grad=requires_grad)


# ------------------------------------------------------------------ torch.Tensor(...), FloatTensor(...)
def legacy_constructor(cls, *args, device=None, dtype=None, requires_grad=False):
    """torch.Tensor(2, 3) is uninitialised memory of that shape; torch.Tensor([2, 3]) has these values."""
    _place(device)
    dtype = dtype or getattr(cls, "_legacy_dtype", None) or dt.get_default_dtype()
    real = cls if isinstance(cls, type) and issubclass(cls, Tensor) else Tensor
    if not args:
        t = from_array(np.zeros(0, dtype.numpy), dtype)
    elif len(args) == 1 and isinstance(args[0], Tensor):
        source = args[0]
        if source.dtype is not dtype and real is Tensor:
            t = source.detach().to(dtype)
        else:
            t = new_tensor(source._storage, source._meta, source._counter)
    elif len(args) == 1 and type(args[0]).__name__ == "Size":
        t = full_of(tuple(args[0]), 0, dtype)
    elif len(args) == 1 and not isinstance(args[0], int):
        t = _from_data(args[0], dtype)
    else:
        t = full_of(_sizes("Tensor", args), 0, dtype)
    if real is not Tensor:
        return t.as_subclass(real)
    return _wanting_gradients(t) if requires_grad else t


class _LegacyType(type):
    """torch.FloatTensor and its kin: constructors, and types for isinstance."""

    def __instancecheck__(cls, t):
        return isinstance(t, Tensor) and t.dtype is cls._legacy_dtype

    def __call__(cls, *args, **kwargs):
        return legacy_constructor(cls, *args, **kwargs)

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def legacy_types():
    """FloatTensor, LongTensor, ... by name."""
    out = {}
    for d in dt.ALL.values():
        if not d.is_complex and d.name not in ("uint16", "uint32", "uint64"):
            out[d.legacy] = _LegacyType(d.legacy, (), {"_legacy_dtype": d, "dtype": d, "__module__": "torch"})
    return out


# ------------------------------------------------------------------ methods
def _new(make):
    def run(self, *sizes, size=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        return make(*sizes, size=size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)
    return run


Tensor.new_zeros, Tensor.new_ones, Tensor.new_empty = _new(zeros), _new(ones), _new(empty)
Tensor.new_full = lambda self, size, fill_value, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False: full(
    size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)
Tensor.new_tensor = lambda self, data, dtype=None, device=None, requires_grad=False: tensor(
    data.detach().clone() if isinstance(data, Tensor) else data, dtype=dtype or self.dtype, requires_grad=requires_grad)
Tensor.new = lambda self, *args: legacy_constructor(_OfDtype(self.dtype), *args)
Tensor.new_empty_strided = lambda self, size, stride, dtype=None, **kw: empty_strided(size, stride, dtype=dtype or self.dtype)


class _OfDtype:
    def __init__(self, dtype):
        self._legacy_dtype = dtype
