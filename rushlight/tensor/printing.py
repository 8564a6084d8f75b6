"""How a tensor is printed: `repr`, `str`, `format` and the options that users set.

Only the elements that will be seen are ever read: a tensor over the threshold is first cut down to its edges, and
everything after that (digits, widths, lines) works on what is left.

Source: torch.Tensor.__repr__, torch.Tensor.__format__, torch.set_printoptions, torch._tensor_str.printoptions.
"""
import sys
from contextlib import contextmanager
from math import floor, inf

import numpy as np

from ..backends.numpy.bfloat import to_float32
from ..runtime import dtypes as dt

_ELLIPSIS = " ..."  # stands for the elements between the edges


# ------------------------------------------------------------ options
class PrinterOptions:
    """What `set_printoptions` sets. There is one of them, `PRINT_OPTS`."""

    __slots__ = ("precision", "threshold", "edgeitems", "linewidth", "sci_mode")

    def __init__(self):
        self.precision = 4
        self.threshold = 1000
        self.edgeitems = 3
        self.linewidth = 80
        self.sci_mode = None

    def __repr__(self):
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"__PrinterOptions({fields})"


PRINT_OPTS = PrinterOptions()

# precision, threshold, edgeitems, linewidth
_PROFILES = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, inf, 3, 80),
}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Say how tensors are printed. What is None stays, except sci_mode: there it means that the numbers decide.

    precision   digits after the point
    threshold   tensors of more elements are summarised
    edgeitems   how many elements a summary shows at either end of a dimension
    linewidth   characters in a line
    profile     "default", "short" or "full": sets the four above, before they are looked at
    sci_mode    True or False forces scientific notation on or off for floating-point numbers

    Source: torch.set_printoptions.
    """
    opts = PRINT_OPTS
    if profile in _PROFILES:
        opts.precision, opts.threshold, opts.edgeitems, opts.linewidth = _PROFILES[profile]
    if precision is not None:
        opts.precision = precision
    if threshold is not None:
        opts.threshold = threshold
    if edgeitems is not None:
        opts.edgeitems = edgeitems
    if linewidth is not None:
        opts.linewidth = linewidth
    opts.sci_mode = sci_mode


def get_printoptions():
    """The options as a dict that `set_printoptions` takes. Source: torch._tensor_str.get_printoptions."""
    return {name: getattr(PRINT_OPTS, name) for name in PrinterOptions.__slots__}


@contextmanager
def printoptions(**kwargs):
    """Options for a while. Takes what `set_printoptions` takes. Source: torch._tensor_str.printoptions."""
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**before)


# ------------------------------------------------------------ numbers to words
def _words(values):
    """The elements of a flat array as words, and the width to which each is to be padded."""
    if values.dtype.kind in "fc":
        return _complex_words(values) if values.dtype.kind == "c" else _float_words(values)
    words = [str(v) for v in values.tolist()]
    return words, max(map(len, words))


def _float_words(values):
    """Floating-point numbers: all as whole numbers ("3."), all with a fraction, or all in scientific notation.

    Numbers that are finite and not zero decide which, and how wide the column is; the others follow.
    """
    values = values.astype(np.float64)
    telling = np.isfinite(values) & (values != 0)
    chosen = values[telling]
    if chosen.size == 0:
        return [_whole_word(v) for v in values.tolist()], 1
    whole = bool((chosen == np.ceil(chosen)).all())
    scientific = PRINT_OPTS.sci_mode
    if scientific is None:
        scientific = _needs_exponent(np.abs(chosen), whole)
    if scientific:
        spec = f".{PRINT_OPTS.precision}e"
        words = [format(v, spec) for v in values.tolist()]
    elif whole:
        words = [_whole_word(v) for v in values.tolist()]
    else:
        spec = f".{PRINT_OPTS.precision}f"
        words = [format(v, spec) for v in values.tolist()]
    width = max(len(word) for word, tells in zip(words, telling.tolist()) if tells)
    return words, max(1, width)


def _needs_exponent(magnitudes, whole):
    """Whether numbers differ too much, or are too large or small, to stand beside each other as decimals."""
    low, high = float(magnitudes.min()), float(magnitudes.max())
    return high / low > 1000 or high > 1e8 or (not whole and low < 1e-4)


def _whole_word(v):
    word = format(v, ".0f")
    return word if v - v != 0 else word + "."  # inf and nan have no point


def _complex_words(values):
    """Real and imaginary parts are each formatted as a column of their own."""
    reals, real_width = _float_words(values.real)
    imags, imag_width = _float_words(values.imag)
    words = []
    for real, imag in zip(reals, imags):
        sign = "" if imag[0] == "-" else "+"
        words.append(f"{real.rjust(real_width)}{sign}{imag}j")
    # the width of a line is reckoned as if each imaginary part were padded; none is
    return words, real_width + imag_width + 1


# ------------------------------------------------------------ words to lines
def _contents(t, indent):
    """Everything within `tensor(...)` before dtype=... and the like."""
    opts = PRINT_OPTS
    array = t._array()
    summarise = array.size > opts.threshold
    if summarise and array.ndim and opts.edgeitems <= 0:
        return "[...]"
    cut = [summarise and n > 2 * opts.edgeitems for n in array.shape]
    if any(cut):
        array = array[np.ix_(*[_shown(n, is_cut) for n, is_cut in zip(array.shape, cut)])]
    if t.dtype is dt.bfloat16:
        array = to_float32(array)
    words, width = _words(array.reshape(-1))
    if array.ndim == 0:
        return words[0].rjust(width) if array.dtype.kind != "c" else words[0]
    if array.dtype.kind != "c":
        words = [word.rjust(width) for word in words]
    # each dimension opens one bracket more
    room = opts.linewidth - (indent + array.ndim - 1)
    per_line = int(max(1, floor(room / (width + 2))))
    return _brackets(iter(words), array.shape, cut, indent, per_line)


def _shown(n, is_cut):
    """The indices of a dimension of n elements that are seen."""
    if not is_cut:
        return range(n)
    edge = PRINT_OPTS.edgeitems
    return [*range(edge), *range(n - edge, n)]


def _brackets(words, shape, cut, indent, per_line):
    """The next elements, shaped: takes from `words` as many as `shape` holds."""
    ndim = len(shape)
    margin = " " * (indent + 1)
    if ndim == 1:
        items = [next(words) for _ in range(shape[0])]
    else:
        items = [_brackets(words, shape[1:], cut[1:], indent + 1, per_line) for _ in range(shape[0])]
    if cut[0]:
        items.insert(PRINT_OPTS.edgeitems, _ELLIPSIS if ndim == 1 else "...")
    if ndim > 1:
        return "[" + ("," + "\n" * (ndim - 1) + margin).join(items) + "]"
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + margin).join(lines) + "]"


# ------------------------------------------------------------ the whole
def _parameter_class():
    """torch.nn.Parameter; None as long as nobody has loaded torch.nn."""
    module = sys.modules.get("rushlight.nn.parameter")
    return getattr(module, "Parameter", None)


def _is_plain(t):
    from .tensor import Tensor

    kind = type(t)
    return kind is Tensor or kind is _parameter_class()


def _dtype_is_told(t):
    """Whether the reader could not know the dtype from the numbers alone."""
    default = dt.get_default_dtype()
    if t.numel() == 0:
        return t.dtype is not default
    complex_default = dt.complex128 if default is dt.float64 else dt.complex64
    return t.dtype not in (default, complex_default, dt.int64, dt.bool_)


def _gradient_note(t):
    """grad_fn=<...>, requires_grad=True, or None."""
    try:
        node = t.grad_fn
    except RuntimeError:
        return "grad_fn=<Invalid>"  # a view whose base was since changed in a way that autograd cannot follow
    if node is not None:
        return f"grad_fn=<{node.name().rsplit('::', 1)[-1]}>"
    return "requires_grad=True" if t.requires_grad else None


def _notes(t):
    """What follows the numbers."""
    notes = []
    if len(t.shape) != 1 if t.numel() == 0 else PRINT_OPTS.edgeitems == 0:  # the brackets do not tell the shape
        notes.append(f"size={tuple(t.shape)}")
    if _dtype_is_told(t):
        notes.append(f"dtype={t.dtype!r}")
    gradient = _gradient_note(t)
    if gradient:
        notes.append(gradient)
    return notes


def _join(body, notes, indent):
    """The notes behind the body: each on the same line where there is room, or else on a line of its own."""
    parts = [body]
    # two more than there are characters: the comma or bracket that closes the line has its room, too
    used = len(body) - body.rfind("\n") + 1
    for note in notes:
        needed = len(note) + 2
        if used + needed > PRINT_OPTS.linewidth:
            parts.append(",\n" + " " * indent + note)
            used = indent + len(note)
        else:
            parts.append(", " + note)
            used += needed
    return "".join(parts) + ")"


def tensor_repr(t, *, tensor_contents=None):
    """What `print(t)` shows. tensor_contents: words to show in place of the numbers.

    Source: torch.Tensor.__repr__.
    """
    plain = _is_plain(t)
    prefix = "tensor(" if plain else type(t).__name__ + "("
    indent = len(prefix)
    if tensor_contents is not None:
        contents = tensor_contents
    elif t.numel() == 0:
        contents = "[]"
    else:
        contents = _contents(t, indent)
    text = _join(prefix + contents, _notes(t), indent)
    parameter = None if plain else _parameter_class()
    if parameter is not None and isinstance(t, parameter):
        return f"Parameter({text})"
    return text


def tensor_format(t, spec):
    """`format(t, spec)`: a tensor of no dimensions formats as its number does; others take no spec.

    Raises TypeError for a spec that is not empty on a tensor with dimensions (or of a subclass).
    Source: torch.Tensor.__format__.
    """
    from .tensor import Tensor

    if len(t.shape) == 0 and type(t) is Tensor:
        return t.item().__format__(spec)
    return object.__format__(t, spec)
