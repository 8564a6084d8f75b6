"""What occurs, where and how often: unique, bincount, histograms, searchsorted, isin. Source: torch's functions of these names.

unique and bincount give results whose size depends on the values, and so run at once.
"""
import numpy as np

from ..graph import primitives as P
from ..runtime import dtypes as dt
from .declare import Op, promoted, public
from .reductions import pair
from .sorting import wide


def plain(t):
    """A tensor's ndarray; bfloat16 and float16 as float32."""
    return t.detach().to(dt.float32)._array() if t.dtype in (dt.bfloat16, dt.float16) else t._array()


def like(array, dtype):
    """An ndarray as a tensor of a given dtype."""
    array = np.ascontiguousarray(array) if array.ndim else array
    if dtype in (dt.bfloat16, dt.float16):
        return Op.from_array(np.asarray(array, np.float32)).to(dtype)
    return Op.from_array(np.asarray(array, dtype.numpy), dtype)


# ------------------------------------------------------------------ unique
def _outputs(input, found, return_inverse, return_counts):
    values, inverse, counts = found
    out = [like(values, input.dtype)]
    if return_inverse:
        out.append(Op.from_array(np.asarray(inverse, np.int64)))
    if return_counts:
        out.append(Op.from_array(np.asarray(counts, np.int64)))
    return out[0] if len(out) == 1 else tuple(out)


@public()
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements in order (or slices along dim); where each element of input is among them; how often each occurs."""
    from ..backends.numpy import sorting

    axis = None if dim is None else Op.wrap_dim(dim, input._meta.ndim)
    if input.dtype.is_complex:
        raise NotImplementedError(f'"unique" not implemented for \'{dt.long_name(input.dtype)}\'')
    return _outputs(input, sorting.unique(plain(input), axis), return_inverse, return_counts)


@public()
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """input without elements (or slices along dim) that equal the one before them."""
    from ..backends.numpy import sorting

    axis = None if dim is None else Op.wrap_dim(dim, input._meta.ndim)
    return _outputs(input, sorting.unique_consecutive(plain(input), axis), return_inverse, return_counts)


# ------------------------------------------------------------------ searchsorted
def find_places(ordered, values, *rest):
    from ..backends.numpy import sorting

    *sorter, right = rest
    return sorting.searchsorted(ordered, values, right, sorter[0] if sorter else None)


def _searchsorted(ordered, values, sorter, right, dtype):
    ordered, values = wide(ordered), wide(values)
    args = (ordered, values) if sorter is None else (ordered, values, sorter)
    return P.cast(P.call(find_places, args, [(values.shape, dt.int64)], (right,))[0], dtype)


searchsorted_op = Op("searchsorted", "sorted_sequence input sorter", "right dtype", compute=_searchsorted)


def _search(ordered, values, sorter, right, out_int32):
    if not isinstance(values, Op.Tensor):
        values = ordered.new_tensor(values, dtype=ordered.dtype if ordered.dtype.is_floating_point or isinstance(values, int)
                                    else dt.get_default_dtype())
    return Op.apply(searchsorted_op, (ordered.detach(), values.detach(), sorter), (bool(right), dt.int32 if out_int32 else dt.int64))


@public(method=False, out=True)
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where each element of input would go in sorted_sequence (a vector, or rows that match input's) to keep it sorted."""
    name = "torch.searchsorted()"
    ordered = sorted_sequence._meta
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"{name}: side and right can't be set to opposites, got side of left while right was True")
    if ordered.ndim == 0:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    if not isinstance(input, Op.Tensor):
        if ordered.ndim != 1:
            raise RuntimeError(f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got "
                               f"boundaries tensor dim({ordered.ndim}) and input value's dim(0) numel(1)")
    elif ordered.ndim != 1 and (input._meta.ndim != ordered.ndim or input._meta.shape[:-1] != ordered.shape[:-1]):
        raise RuntimeError(f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
                           f"input value tensor must match, but we got boundaries tensor {list(ordered.shape)} and input value "
                           f"tensor {list(input._meta.shape)}")
    if sorter is not None:
        _check_sorter(name, sorted_sequence, sorter)
    return _search(sorted_sequence, input, sorter, right or side == "right", out_int32)


def _check_sorter(name, ordered, sorter):
    if sorter._meta.shape != ordered._meta.shape:
        raise RuntimeError(f"{name}: boundary and sorter must have the same size, but got boundary tensor {list(ordered.shape)} and "
                           f"got sorter tensor {list(sorter.shape)}")
    if sorter.dtype is not dt.int64:
        raise RuntimeError(f"{name}: sorter must be a tensor of long dtype but got dtype {dt.long_name(sorter.dtype)}")
    array = sorter._array()
    if array.size and (array.min() < 0 or array.max() >= ordered._meta.shape[-1]):
        raise RuntimeError(f"{name}: sorter index out of range")


@public(method=False, out=True)
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """The number of the bucket, between sorted boundaries, in which each element of input lies."""
    if boundaries._meta.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._meta.ndim})")
    return _search(boundaries, input, None, right, out_int32)


# ------------------------------------------------------------------ isin
def find_members(elements, test, invert):
    return np.isin(elements, test, invert=invert)


def _isin(elements, test, invert):
    elements, test = (wide(v) for v in promoted([elements, test], "arith"))
    return P.call(find_members, (elements, test), [(elements.shape, dt.bool_)], (invert,))[0]


isin_op = Op("isin", "elements test_elements", "invert", compute=_isin)


@public(method=False, out=True)
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each element is one of test_elements; one of the two may be a number."""
    if not isinstance(elements, Op.Tensor) and not isinstance(test_elements, Op.Tensor):
        raise TypeError(f"isin() received an invalid combination of arguments - got ({type(elements).__name__}, "
                        f"{type(test_elements).__name__}), but expected one of:\n * (Tensor elements, Tensor test_elements, *, bool "
                        "assume_unique = False, bool invert = False, Tensor out = None)\n * (Number element, Tensor "
                        "test_elements, *, bool assume_unique = False, bool invert = False, Tensor out = None)\n * (Tensor "
                        "elements, Number test_element, *, bool assume_unique = False, bool invert = False, Tensor out = None)\n")
    return Op.apply(isin_op, tuple(t.detach() if isinstance(t, Op.Tensor) else t for t in (elements, test_elements)), (bool(invert),))


# ------------------------------------------------------------------ bincount, histograms
@public()
def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs in a vector; or the sum of its weights."""
    from ..backends.numpy import sorting

    meta = input._meta
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.dtype.kind != "int":
        raise NotImplementedError(f'"bincount_cpu" not implemented for \'{dt.long_name(input.dtype)}\'')
    array = input._array()
    if meta.ndim != 1 or array.size and array.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return Op.from_array(sorting.bincount(array, None, int(minlength)))
    if weights._meta.shape != meta.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    return Op.from_array(np.ascontiguousarray(sorting.bincount(array, plain(weights.detach()), int(minlength))))


def _need_float(name, input):
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f'"{name}" not implemented for \'{dt.long_name(input.dtype)}\'')


@public(out=True)
def histc(input, bins=100, min=0, max=0):
    """Counts of the elements in `bins` equal parts of [min, max]; of the range of input if these are equal."""
    from ..backends.numpy import sorting

    _need_float("histogram_cpu", input)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if max < min:
        raise RuntimeError("torch.histc: max must be larger than min")
    array = plain(input.detach())
    if min == max and array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        raise RuntimeError(f"torch.histc: range of [{_shown(array.min())}, {_shown(array.max())}] is not finite")
    return like(sorting.histc(array, int(bins), float(min), float(max)), input.dtype)


def _shown(x):
    return "-nan" if np.isnan(x) else f"{x:g}"


histogram_pair = pair("histogram", ("hist", "bin_edges"))
histogramdd_pair = pair("histogramdd", ("hist", "bin_edges"))


def _edges(values, bins, span):
    """Bin edges of one dimension: given ones, or equal parts of a range."""
    if isinstance(bins, Op.Tensor):
        return plain(bins)
    if bins <= 0:
        raise RuntimeError(f"torch.histogramdd(): bins must be > 0, but got {bins} for dimension 0")
    low, high = span if span is not None else (values.min(), values.max()) if values.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd(): dimension 0's range [{_shown(low)}, {_shown(high)}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.histogramdd(): min should not exceed max, but got min {low:g} max {high:g} for dimension 0")
    if low == high:
        low, high = low - 0.5, high + 0.5
    from ..tensor.creation import _linspace

    return _linspace(float(low), float(high), bins + 1, dt.float64 if values.dtype == np.float64 else dt.float32)


def _counted(rows, edges, weights, density, dtype):
    hist, _ = np.histogramdd(rows, edges, weights=weights)
    if density:
        hist = hist / hist.sum()
        for i, e in enumerate(edges):
            hist = hist / np.diff(e).reshape((-1,) + (1,) * (len(edges) - i - 1))
    return hist.astype(dtype)


@public(out=True)
def histogram(input, bins, *, range=None, weight=None, density=False):
    """Counts (or weights, or densities) of the elements between bin edges, and the edges."""
    _need_float("histogramdd", input)
    flat = plain(input.detach()).reshape(-1)
    edges = _edges(flat, bins, range)
    weights = None if weight is None else plain(weight.detach()).reshape(-1)
    if weight is not None and weight._meta.shape != input._meta.shape:
        raise RuntimeError("torch.histogramdd(): if weight tensor is provided it should have the same shape as the input tensor "
                           f"excluding its innermost dimension, but got input with shape {list(input.shape)} and weight with shape "
                           f"{list(weight.shape)}")
    hist = _counted(flat.reshape(-1, 1), [edges], weights, density, flat.dtype)
    return histogram_pair(like(hist, input.dtype), like(edges, input.dtype))


@public(method=False)
def histogramdd(input, bins, *, range=None, weight=None, density=False):
    """A histogram of points (..., d): counts of shape bins, and the edges of each dimension."""
    _need_float("histogramdd", input)
    n = input._meta.shape[-1]
    rows = plain(input.detach()).reshape(-1, n)
    bins = [bins] * n if isinstance(bins, int) else list(bins)
    spans = [None] * n if range is None else [tuple(range[2 * i:2 * i + 2]) for i, _ in enumerate(bins)]
    edges = [_edges(rows[:, i], b, s) for i, (b, s) in enumerate(zip(bins, spans))]
    weights = None if weight is None else plain(weight.detach()).reshape(-1)
    hist = _counted(rows, edges, weights, density, rows.dtype)
    return histogramdd_pair(like(hist, input.dtype), tuple(like(e, input.dtype) for e in edges))
