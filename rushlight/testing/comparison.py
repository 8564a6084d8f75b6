"""Assertions that say where and by how much results differ. Source: torch.testing.assert_close."""
import cmath
from collections.abc import Mapping, Sequence

import rushlight as torch

__all__ = ["assert_close", "assert_allclose"]


def _tolerances(*dtypes):
    """The largest default (rtol, atol) of some dtypes."""
    table = {torch.float16: (1e-3, 1e-5), torch.bfloat16: (1.6e-2, 1e-5), torch.float32: (1.3e-6, 1e-5),
             torch.float64: (1e-7, 1e-7), torch.complex64: (1.3e-6, 1e-5), torch.complex128: (1e-7, 1e-7)}
    found = [table.get(d, (0.0, 0.0)) for d in dtypes]
    return max(r for r, _ in found), max(a for _, a in found)


class _Mismatch(Exception):
    """A difference: the kind of error to raise, its text, and where in the nests it is."""

    def __init__(self, kind, text, where=()):
        super().__init__(text)
        self.kind, self.text, self.where = kind, text, where

    def to_error(self, msg):
        text = self.text
        if self.where:
            text += "\n\nThe failure occurred for item " + "".join(f"[{key!r}]" for key in self.where)
        if msg is not None and self.kind is AssertionError:
            text = msg(text) if callable(msg) else msg
        return self.kind(text)


class _Settings:
    """What the caller of assert_close asked for."""

    def __init__(self, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride, allow_subclasses):
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.check_device, self.check_dtype = check_device, check_dtype
        self.check_layout, self.check_stride = check_layout, check_stride
        self.allow_subclasses = allow_subclasses

    def tolerances(self, *dtypes):
        return _tolerances(*dtypes) if self.rtol is None else (self.rtol, self.atol)


def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True,
                 check_dtype=True, check_layout=True, check_stride=False, msg=None):
    """AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere, and shapes and dtypes agree.

    actual, expected: tensors, arrays, numbers, None, or sequences and mappings of these. rtol and atol are given together;
    by default they depend on the dtype (float32: 1.3e-6 and 1e-5; ints: equal). msg: a text, or a function of the text.
    """
    if (rtol is None) != (atol is None):
        raise ValueError("Both 'rtol' and 'atol' must be either specified or omitted, but got no "
                         f"{'rtol' if rtol is None else 'atol'}.")
    settings = _Settings(rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride, allow_subclasses)
    try:
        _compare(actual, expected, settings, ())
    except _Mismatch as mismatch:
        error = mismatch.to_error(msg)
    else:
        return
    raise error


def _compare(actual, expected, settings, where):
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise _Mismatch(AssertionError, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", where)
        for i in range(len(actual)):
            _compare(actual[i], expected[i], settings, where + (i,))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        _compare_mappings(actual, expected, settings, where)
    elif actual is None or expected is None:
        if actual is not expected:
            raise _Mismatch(AssertionError, f"None mismatch: {actual} is not {expected}", where)
    elif isinstance(actual, bool) and isinstance(expected, bool):
        if actual is not expected:
            raise _Mismatch(AssertionError, f"Booleans mismatch: {actual} is not {expected}", where)
    elif isinstance(actual, (int, float, complex)) and isinstance(expected, (int, float, complex)):
        if settings.check_dtype and type(actual) is not type(expected):
            raise _Mismatch(AssertionError, f"The (d)types do not match: {type(actual)} != {type(expected)}.", where)
        types = {bool: torch.int64, int: torch.int64, float: torch.float64, complex: torch.complex128}
        _compare_numbers(actual, expected, *settings.tolerances(types[type(actual)], types[type(expected)]), settings.equal_nan, where)
    else:
        _compare_tensors(*_as_tensors(actual, expected, settings, where), settings, where)


def _is_sequence(x):
    return isinstance(x, Sequence) and not isinstance(x, str)


def _compare_mappings(actual, expected, settings, where):
    missing, extra = set(expected) - set(actual), set(actual) - set(expected)
    if missing or extra:
        raise _Mismatch(AssertionError, "The keys of the mappings do not match:\nMissing keys in the actual mapping: "
                                        f"{sorted(missing, key=str)}\nAdditional keys in the actual mapping: {sorted(extra, key=str)}", where)
    try:
        keys = sorted(actual)
    except TypeError:
        keys = list(actual)
    for key in keys:
        _compare(actual[key], expected[key], settings, where + (key,))


def _as_tensors(actual, expected, settings, where):
    kinds = type(actual), type(expected)
    related = isinstance(actual, kinds[1]) or isinstance(expected, kinds[0])
    if not related or not settings.allow_subclasses and kinds[0] is not kinds[1] or isinstance(actual, str):
        raise _unsupported(kinds, where)
    out = []
    for x in (actual, expected):
        try:
            out.append(x.detach() if isinstance(x, torch.Tensor) else torch.as_tensor(x))
        except Exception:
            raise _unsupported(kinds, where) from None
    return out


def _unsupported(kinds, where):
    return _Mismatch(TypeError, f"No comparison pair was able to handle inputs of type {kinds[0]} and {kinds[1]}.", where)


def _compare_tensors(actual, expected, settings, where):
    checks = [("shape", lambda t: t.shape, True), ("layout", lambda t: t.layout, settings.check_layout),
              ("device", lambda t: t.device, settings.check_device), ("dtype", lambda t: t.dtype, settings.check_dtype),
              ("stride()", lambda t: t.stride(), settings.check_stride)]
    for name, get, wanted in checks:
        if wanted and get(actual) != get(expected):
            raise _Mismatch(AssertionError, f"The values for attribute '{name}' do not match: {get(actual)} != {get(expected)}.", where)
    rtol, atol = settings.tolerances(actual.dtype, expected.dtype)
    if actual.dtype != expected.dtype:
        dtype = torch.promote_types(actual.dtype, expected.dtype)
        actual, expected = actual.to(dtype), expected.to(dtype)
    matches = torch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=settings.equal_nan)
    if bool(matches.all()):
        return
    if actual.ndim == 0:
        _compare_numbers(actual.item(), expected.item(), rtol, atol, settings.equal_nan, where)
    raise _Mismatch(AssertionError, _tensor_text(actual, expected, matches, rtol, atol), where)


def _tensor_text(actual, expected, matches, rtol, atol):
    mismatches = matches.numel() - int(matches.sum())
    if not (actual.dtype.is_floating_point or actual.dtype.is_complex):
        actual, expected = actual.to(torch.int64), expected.to(torch.int64)
    a, e, good = actual.reshape(-1), expected.reshape(-1), matches.reshape(-1)
    difference = torch.abs(a - e)
    difference[good] = 0
    relative = difference / torch.abs(e)
    relative[good] = 0
    exact = rtol == 0 and atol == 0
    lines = [f"Tensor-likes are not {'equal' if exact else 'close'}!\n",
             f"Mismatched elements: {mismatches} / {matches.numel()} ({mismatches / matches.numel():.1%})"]
    for name, values, tolerance in (("absolute", difference, atol), ("relative", relative, rtol)):
        at = int(values.argmax())
        allowed = "" if exact else f" (up to {tolerance} allowed)"
        lines.append(f"Greatest {name} difference: {values[at].item()} at index {_unravel(at, actual.shape)}{allowed}")
    return "\n".join(lines)


def _unravel(at, shape):
    index = []
    for n in reversed(shape):
        index.append(at % n)
        at //= n
    return tuple(reversed(index))


def _compare_numbers(actual, expected, rtol, atol, equal_nan, where):
    if actual == expected or equal_nan and cmath.isnan(actual) and cmath.isnan(expected):
        return
    finite = not (cmath.isinf(actual) or cmath.isinf(expected))
    difference = abs(actual - expected)
    if finite and difference <= atol + rtol * abs(expected):
        return
    exact = rtol == 0 and atol == 0
    relative = difference / abs(expected) if expected != 0 else float("inf")
    lines = [f"Scalars are not {'equal' if exact else 'close'}!\n", f"Expected {expected} but got {actual}."]
    for name, value, tolerance in (("Absolute", difference, atol), ("Relative", relative, rtol)):
        lines.append(f"{name} difference: {value}" + ("" if exact else f" (up to {tolerance} allowed)"))
    raise _Mismatch(AssertionError, "\n".join(lines), where)


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """Deprecated: assert_close, with looser tolerances and without checks of dtypes."""
    import warnings

    warnings.warn("`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please use "
                  "`torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
                  "https://github.com/pytorch/pytorch/issues/61844.", FutureWarning, stacklevel=2)
    actual = actual if isinstance(actual, torch.Tensor) else torch.as_tensor(actual)
    expected = expected if isinstance(expected, torch.Tensor) else torch.as_tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        table = {torch.float16: (1e-3, 1e-3), torch.float32: (1e-4, 1e-5), torch.float64: (1e-5, 1e-8)}
        pairs = [table.get(t.dtype, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = max(r for r, _ in pairs), max(a for _, a in pairs)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_device=True, check_dtype=False,
                 check_stride=False, msg=msg or None)
