"""How results lie in memory: the strides that PyTorch gives to the results of elementwise ops and of copies.

An op says by its `layout` which of these rules holds for it; without one its results are contiguous. A rule is asked once for
each new place of a trace: rule(op, attrs, patterns, shape) -> strides, where patterns has a views.Pattern for each tensor
operand, a type for each number, and None for what is absent. Source: TensorIterator's behaviour, found out by trying.
"""
from .views import contiguous_strides, is_contiguous

# operands that PyTorch passes as Scalars; other numbers become 0-d tensors, which count as operands of the iteration
_SCALARS = {"alpha", "value", "min", "max", "weight"}
_CHANNELS_LAST = (0, 2, 3, 1)


def iterator(op, attrs, patterns, shape):
    """An elementwise op: its result lies as its operands do."""
    tensors = [p for p in patterns if hasattr(p, "strides")]
    if 0 not in shape and all(p.standard for p in tensors):
        return contiguous_strides(shape)
    same = all(p.shape == shape for p in tensors) and not (shape and _takes_numbers(op, patterns))
    if same:
        if all(p.contiguous for p in tensors):
            return contiguous_strides(shape)
        if len(shape) == 4 and all(_is_channels_last(p) for p in tensors):
            return in_order(shape, _CHANNELS_LAST)
        strides = tensors[0].strides
        if all(p.strides == strides and is_dense(shape, strides) for p in tensors):
            return strides
    order = sorted_dims(shape, [_spread(p, shape) for p in tensors])
    if order == list(range(len(shape))):
        return contiguous_strides(shape)
    return in_order(shape, order, least=0)


def like_first(op, attrs, patterns, shape):
    """A copy that preserves the format of the first operand."""
    first = next(p for p in patterns if hasattr(p, "strides"))
    return preserved(shape, first.strides)


def like_all(op, attrs, patterns, shape):
    """Channels last if all operands lie so, else contiguous."""
    if len(shape) == 4 and all(len(p.shape) == 4 and not p.contiguous and _is_channels_last(p) for p in patterns):
        return in_order(shape, _CHANNELS_LAST)
    return contiguous_strides(shape)


def as_attribute_says(op, attrs, patterns, shape):
    """A copy into the order of dimensions that is its last attribute, the outermost first."""
    return in_order(shape, attrs[-1])


def preserved(shape, strides):
    """The strides of `torch.empty_like`: those of a dense tensor, else dense ones in the same order."""
    if is_dense(shape, strides):
        return strides
    return in_order(shape, sorted_dims(shape, [strides]))


def _takes_numbers(op, patterns):
    names = op.operands
    return any(p.__class__ is type and names[min(i, len(names) - 1)] not in _SCALARS for i, p in enumerate(patterns))


def _is_channels_last(pattern):
    shape, strides = pattern.shape, pattern.strides
    return is_contiguous(tuple(shape[d] for d in _CHANNELS_LAST), tuple(strides[d] for d in _CHANNELS_LAST))


def _spread(pattern, shape):
    """An operand's strides in the result's dimensions: 0 where it is broadcast."""
    lead = len(shape) - len(pattern.shape)
    return [0] * lead + [0 if n == 1 and m != 1 else s for n, m, s in zip(pattern.shape, shape[lead:], pattern.strides)]


def is_dense(shape, strides):
    """Whether the elements fill a stretch of memory, each seen once."""
    if 0 in shape:
        return True
    if len(shape) == 1:
        return shape[0] < 2 or strides[0] == 1
    n = 1
    for stride, size in sorted((st, si) for st, si in zip(strides, shape) if si > 1):
        if stride != n:
            return False
        n *= size
    return True


def in_order(shape, order, least=1):
    """Dense strides with the dimensions in the given order, the outermost first. least: what a size of 0 counts as."""
    strides = [0] * len(shape)
    n = 1
    for d in reversed(order):
        strides[d] = n
        n *= max(shape[d], least)
    return tuple(strides)


def sorted_dims(shape, operands):
    """The dimensions, outermost first, so that the operands' strides fall. operands: their strides, 0 where broadcast."""
    def compare(a, b):
        for strides in operands:
            if strides[a] and strides[b]:
                if strides[a] != strides[b]:
                    return -1 if strides[a] < strides[b] else 1
                if shape[a] > shape[b]:
                    return 1
        return 0

    order = list(range(len(shape) - 1, -1, -1))     # innermost first, while sorting by insertion: ties are ambiguous, so no key
    for i in range(1, len(order)):
        at = i
        for j in range(i - 1, -1, -1):
            found = compare(order[j], order[at])
            if found > 0:
                order[j], order[at] = order[at], order[j]
                at = j
            elif found < 0:
                break
    order.reverse()
    return order
