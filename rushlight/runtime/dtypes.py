"""Element types: the dtype objects that users see, and PyTorch's promotion between them.

Source: torch.dtype, torch.promote_types, torch.result_type.
"""
import numpy as np

_ORDER = {"bool": 0, "int": 1, "float": 2, "complex": 3}


class dtype:
    """An element type. `numpy` is what holds it in memory (bfloat16 lies in uint16 words)."""

    __slots__ = ("name", "numpy", "itemsize", "kind", "is_floating_point", "is_complex", "is_signed", "short", "legacy")

    def __init__(self, name, numpy_type, kind, short, legacy):
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.itemsize = self.numpy.itemsize
        self.kind = kind
        self.is_floating_point = kind == "float"
        self.is_complex = kind == "complex"
        self.is_signed = kind != "bool" and not name.startswith("uint")
        self.short = short
        self.legacy = legacy  # the name of its tensor class: FloatTensor

    def __repr__(self):
        return "torch." + self.name

    def __reduce__(self):
        return _dtype_named, (self.name,)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def to_real(self):
        return {complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self):
        return {float32: complex64, float64: complex128, float16: complex64, bfloat16: complex64}.get(self, self)


dtype.__module__ = "torch"

bool_ = dtype("bool", np.bool_, "bool", "bool", "BoolTensor")
uint8 = dtype("uint8", np.uint8, "int", "u8", "ByteTensor")
uint16 = dtype("uint16", np.uint16, "int", "u16", "UInt16Tensor")
uint32 = dtype("uint32", np.uint32, "int", "u32", "UInt32Tensor")
uint64 = dtype("uint64", np.uint64, "int", "u64", "UInt64Tensor")
int8 = dtype("int8", np.int8, "int", "i8", "CharTensor")
int16 = dtype("int16", np.int16, "int", "i16", "ShortTensor")
int32 = dtype("int32", np.int32, "int", "i32", "IntTensor")
int64 = dtype("int64", np.int64, "int", "i64", "LongTensor")
float16 = dtype("float16", np.float16, "float", "f16", "HalfTensor")
bfloat16 = dtype("bfloat16", np.uint16, "float", "bf16", "BFloat16Tensor")
float32 = dtype("float32", np.float32, "float", "f32", "FloatTensor")
float64 = dtype("float64", np.float64, "float", "f64", "DoubleTensor")
complex64 = dtype("complex64", np.complex64, "complex", "c64", "ComplexFloatTensor")
complex128 = dtype("complex128", np.complex128, "complex", "c128", "ComplexDoubleTensor")

ALL = {d.name: d for d in (bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, bfloat16,
                           float32, float64, complex64, complex128)}
ALIASES = {"float": float32, "double": float64, "half": float16, "int": int32, "long": int64, "short": int16,
           "cfloat": complex64, "cdouble": complex128}
SCALAR_DTYPES = {bool: bool_, int: int64, float: float64, complex: complex128}

PLAIN = frozenset(SCALAR_DTYPES)


def plain_number(x):
    """x as an exact int, float, bool or complex: numbers of subclasses and NumPy's too. None if it is no number."""
    if x.__class__ in PLAIN:
        return x
    if isinstance(x, np.generic):
        kind = {"b": float, "i": int, "u": int, "f": float, "c": complex}.get(x.dtype.kind)   # np.bool_ too, as in PyTorch
        return kind(x) if kind is not None else None
    for kind in (int, float, complex):
        if isinstance(x, kind):
            return kind(x)
    return None


def type_name(x):
    """The name of an object's type as PyTorch's messages print it: with the module for types made in C."""
    cls = type(x)
    made_in_python = cls.__flags__ & 1 << 9
    return cls.__name__ if made_in_python or cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


_from_numpy = {d.numpy: d for d in ALL.values() if d is not bfloat16}
_default = float32
when_default_changes = []       # functions to be called then


def _dtype_named(name):
    return ALL[name]


def get_default_dtype():
    """The dtype of `torch.tensor(1.0)`, `torch.zeros(2)` and of int tensors divided."""
    return _default


def set_default_dtype(d, /):
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _default = d
    promote_types_cache.clear()
    for tell in when_default_changes:
        tell()


def from_numpy_dtype(numpy_dtype):
    """The dtype that a NumPy dtype stands for; TypeError, worded as PyTorch's, if there is none."""
    found = _from_numpy.get(numpy_dtype)
    if found is None:
        found = _from_numpy.get(np.dtype(numpy_dtype).newbyteorder("="))
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {np.dtype(numpy_dtype).type.__module__}."
            f"{np.dtype(numpy_dtype).type.__name__}. The only supported types are: float64, float32, float16, "
            "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.")
    return found


_INT_SIZES = {uint8: (8, False), uint16: (16, False), uint32: (32, False), uint64: (64, False),
              int8: (8, True), int16: (16, True), int32: (32, True), int64: (64, True)}
_SIGNED = {8: int8, 16: int16, 32: int32, 64: int64}
promote_types_cache = {}


def promote_types(a, b):
    """The smallest dtype to which both may be converted without loss of kind. Source: torch.promote_types."""
    if a is b:
        return a
    key = (a, b)
    found = promote_types_cache.get(key)
    if found is None:
        found = promote_types_cache[key] = _promote(a, b)
    return found


def _promote(a, b):
    if _ORDER[a.kind] < _ORDER[b.kind]:
        a, b = b, a
    if a.kind == "complex":
        wide = b is float64 or b is complex128
        return complex128 if wide else a
    if a.kind == "float":
        if b.kind != "float":
            return a
        if {a, b} == {float16, bfloat16}:
            return float32
        return a if a.itemsize >= b.itemsize else b
    if a.kind == "bool" or b.kind == "bool":
        return a
    (wa, sa), (wb, sb) = _INT_SIZES[a], _INT_SIZES[b]
    if sa == sb:
        return a if wa >= wb else b
    unsigned, signed = ((wa, wb) if sb else (wb, wa))
    if unsigned > 8:
        raise RuntimeError(f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                           f"{_LONG_NAMES[a]} and {_LONG_NAMES[b]}")
    return _SIGNED[max(signed, 16)] if unsigned >= signed else _SIGNED[signed]


_LONG_NAMES = {uint8: "Byte", uint16: "UInt16", uint32: "UInt32", uint64: "UInt64", int8: "Char", int16: "Short",
               int32: "Int", int64: "Long", bool_: "Bool", float16: "Half", bfloat16: "BFloat16", float32: "Float",
               float64: "Double", complex64: "ComplexFloat", complex128: "ComplexDouble"}


def long_name(d):
    """The word that PyTorch's messages use: Float, Long, ..."""
    return _LONG_NAMES[d]


_CPP = {bool_: "bool", uint8: "unsigned char", uint16: "short unsigned int", uint32: "unsigned int", uint64: "long unsigned int",
        int8: "signed char", int16: "short int", int32: "int", int64: "long int", float16: "c10::Half", bfloat16: "c10::BFloat16",
        float32: "float", float64: "double", complex64: "c10::complex<float>", complex128: "c10::complex<double>"}


def c_name(d):
    """The C++ type, as some messages print it."""
    return _CPP[d]


# what a number must fit into: how far down and up. Unsigned dtypes take negative numbers, which wrap.
_LIMITS = {uint8: (255, 255), uint16: (65535, 65535), uint32: (2**32 - 1, 2**32 - 1), uint64: (2**64 - 1, 2**64 - 1),
           int8: (128, 127), int16: (2**15, 2**15 - 1), int32: (2**31, 2**31 - 1), int64: (2**63, 2**63 - 1),
           float16: (65504.0, 65504.0), bfloat16: (3.3895313892515355e38, 3.3895313892515355e38),
           float32: (3.4028234663852886e38, 3.4028234663852886e38), float64: (float("inf"), float("inf"))}


def _overflow(d):
    name = d.name + "_t" if d.kind == "int" and d is not int32 else c_name(d)
    return RuntimeError(f"value cannot be converted to type {name} without overflow")


def check_number(value, d):
    """RuntimeError, worded as PyTorch's, if a Python number does not fit into the dtype. NaN and infinities fit into floats."""
    if value.__class__ is complex:
        if d.is_complex or d is bool_:
            return
        if value.imag:
            raise _overflow(d)
        value = value.real
    if d is bool_ or d.is_complex:
        return
    down, up = _LIMITS[d]
    if value.__class__ is float and d is uint8 and value < 0:      # ints wrap around, floats do not
        raise _overflow(d)
    if value.__class__ is int and not -2**63 <= value < 2**64:
        raise OverflowError("int too big to convert" if value > 0 else "can't convert negative int to unsigned")
    if not -down <= value <= up and not (d.is_floating_point and (value != value or value in (float("inf"), -float("inf")))):
        raise _overflow(d)


def result_type_of(operands):
    """Promote operands given as (dtype, ndim, weak): tensors with dimensions rule over 0-d ones, these over Python
    numbers, within a kind. Source: torch.result_type.
    """
    dim = zero = wrapped = None
    for d, ndim, weak in operands:
        if weak:
            if d.is_floating_point:
                d = _default
            elif d.is_complex:
                d = _default.to_complex()
            wrapped = d if wrapped is None else promote_types(wrapped, d)
        elif ndim == 0:
            zero = d if zero is None else promote_types(zero, d)
        else:
            dim = d if dim is None else promote_types(dim, d)
    return _combine(dim, _combine(zero, wrapped))


def _combine(higher, lower):
    if higher is None or lower is None:
        return higher if lower is None else lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if higher is bool_ or lower.is_floating_point or lower.is_complex:
        return promote_types(higher, lower)
    return higher


def can_cast(from_, to, /):
    """Whether the kind of `from_` fits into the kind of `to`. Source: torch.can_cast."""
    if from_.is_complex and not to.is_complex:
        return False
    if from_.is_floating_point and _ORDER[to.kind] < 2:
        return False
    return from_ is bool_ or to is not bool_


class finfo:
    """Limits of a floating-point dtype. Source: torch.finfo."""

    def __init__(self, type=None):
        self._dtype = type or _default
        if not (self._dtype.is_floating_point or self._dtype.is_complex):
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                            f"'{self._dtype!r}'")
        if self._dtype is bfloat16:
            self.bits, self.eps, self.max = 16, 0.0078125, 3.3895313892515355e38
            self.tiny = self.smallest_normal = 1.1754943508222875e-38
            self.resolution = 0.01
        else:
            info = np.finfo(self._dtype.numpy)
            self.bits, self.eps, self.max = info.bits, float(info.eps), float(info.max)
            self.tiny = self.smallest_normal = float(info.tiny)
            self.resolution = float(info.resolution)
        self.min = -self.max
        self.dtype = self._dtype.to_real().name

    def __repr__(self):
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


class iinfo:
    """Limits of an integer dtype. Source: torch.iinfo."""

    def __init__(self, type):
        if type.kind != "int":
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type!r}'")
        info = np.iinfo(type.numpy)
        self.bits, self.min, self.max, self.dtype = info.bits, int(info.min), int(info.max), type.name

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
