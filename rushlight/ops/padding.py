"""Padding. Source: torch.nn.functional.pad, and a comment of each mode on what stands outside of `a b c d`."""
from ..graph import primitives as P
from ..graph.layout import like_first
from ..runtime import dtypes as dt
from .declare import Op, public
from .spatial import as_first, numbers

# ------------------------------------------------------------------ a constant: 0 0 | a b c d | 0 0
pad_op = Op("constant_pad_nd", "input", "low high value", compute=lambda x, low, high, value: P.pad(x, low, high, value),
            node="ConstantPadNdBackward0",
            grads={"input": lambda g, low, high: pad_op(g, low=_negative(low), high=_negative(high), value=0)})


def _negative(amounts):
    return tuple(-n for n in amounts)


# ------------------------------------------------------------------ what the edges give
# reflect: c b | a b c d | c b      replicate: a a | a b c d | d d      circular: c d | a b c d | a b

def _before(x, dim, n, mode):
    """What `mode` puts before the first element of x along dim."""
    size = x.shape[dim]
    if mode == "reflect":
        return P.flip(P.narrow(x, dim, 1, n), (dim,))
    if mode == "circular":
        return P.narrow(x, dim, size - n, n)
    return P.expand(P.narrow(x, dim, 0, 1), x.shape[:dim] + (n,) + x.shape[dim + 1:])


def _after(x, dim, n, mode):
    size = x.shape[dim]
    if mode == "reflect":
        return P.flip(P.narrow(x, dim, size - 1 - n, n), (dim,))
    if mode == "circular":
        return P.narrow(x, dim, 0, n)
    return P.expand(P.narrow(x, dim, size - 1, 1), x.shape[:dim] + (n,) + x.shape[dim + 1:])


def _pad_edges(x, low, high, mode):
    for dim, (lo, hi) in enumerate(zip(low, high)):
        parts = [_before(x, dim, lo, mode)] if lo > 0 else []
        cut_low, cut_high = max(-lo, 0), max(-hi, 0)
        parts.append(P.narrow(x, dim, cut_low, x.shape[dim] - cut_low - cut_high))
        if hi > 0:
            parts.append(_after(x, dim, hi, mode))
        x = P.concatenate(parts, dim)
    return x


def _placed(part, dim, start, size):
    """part, with zeros around it along dim, so that it starts at `start` of `size`."""
    low, high = [0] * part.ndim, [0] * part.ndim
    low[dim], high[dim] = start, size - start - part.shape[dim]
    return P.pad(part, low, high)


def _edge_place(size, n, mode, before):
    """Where the n elements of an edge came from along a dimension of this size."""
    if mode == "reflect":
        return 1 if before else size - 1 - n
    if mode == "circular":
        return size - n if before else 0
    return 0 if before else size - 1


def _fold_edge(g, dim, start, n, size, mode, before):
    part = P.narrow(g, dim, start, n)
    if mode == "reflect":
        part = P.flip(part, (dim,))
    elif mode == "replicate":
        part = P.reshape(P.reduce("sum", part, (dim,)), part.shape[:dim] + (1,) + part.shape[dim + 1:])
    return _placed(part, dim, _edge_place(size, n, mode, before), size)


def _fold_edges(g, low, high, mode):
    """The transpose of _pad_edges: what went out to the edges comes back."""
    for dim in reversed(range(g.ndim)):
        lo, hi = low[dim], high[dim]
        size = g.shape[dim] - lo - hi
        inner = P.narrow(g, dim, max(lo, 0), g.shape[dim] - max(lo, 0) - max(hi, 0))
        total = _placed(inner, dim, max(-lo, 0), size)
        if lo > 0:
            total = P.binary("add", total, _fold_edge(g, dim, 0, lo, size, mode, True))
        if hi > 0:
            total = P.binary("add", total, _fold_edge(g, dim, g.shape[dim] - hi, hi, size, mode, False))
        g = total
    return g


def _declare_edges(name, mode, node):
    forward = Op(name, "input", "low high", compute=lambda x, low, high: _pad_edges(x, low, high, mode), node=node,
                 grads={"input": lambda g, low, high: back(g, low=low, high=high)})
    back = Op(name + "_back", "grad", "low high", compute=lambda g, low, high: _fold_edges(g, low, high, mode),
              node=node.replace("Backward0", "BackwardBackward0"),
              grads={"grad": lambda g, low, high: forward(g, low=low, high=high)})
    return forward


_EDGES = {(mode, n): _declare_edges(f"{stem.lower()}_pad{n}d", mode, f"{stem}Pad{n}DBackward0")
          for mode, stem in (("reflect", "Reflection"), ("replicate", "Replication")) for n in (1, 2, 3)}
_EDGES.update({("circular", n): _declare_edges(f"circular_pad{n}d", "circular", "CopySlices") for n in (1, 2, 3)})


for (_mode, _), _op in _EDGES.items():
    if _mode != "circular":
        _op.layout = as_first
pad_op.layout = like_first


# ------------------------------------------------------------------ what users call
def _amounts(ndim, pad):
    """PyTorch's order (the last dimension first, low and high) as one amount a dimension."""
    low, high = [0] * ndim, [0] * ndim
    for i in range(len(pad) // 2):
        low[ndim - 1 - i], high[ndim - 1 - i] = pad[2 * i], pad[2 * i + 1]
    return tuple(low), tuple(high)


@public(method=False)
def constant_pad_nd(input, pad, value=0):
    """`value` around input; negative amounts cut off."""
    pad = numbers(pad, "constant_pad_nd", "pad", 2)
    shape = input._meta.shape
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * len(shape):
        raise RuntimeError("Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
                           f"{len(pad)} while the input has {len(shape)} dimensions.")
    low, high = _amounts(len(shape), pad)
    for n, lo, hi in zip(shape, low, high):
        if n + min(lo, 0) + min(hi, 0) < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
    dtype = input._meta.dtype
    number = bool if dtype is dt.bool_ else int if dtype.kind == "int" else complex if dtype.is_complex else float
    return Op.apply(pad_op, (input,), (low, high, number(value)))


def _check_edges(input, pad, mode, n):
    shape = input._meta.shape
    low, high = _amounts(len(shape), pad)
    for dim in range(len(shape) - 1, len(shape) - n - 1, -1):
        size, lo, hi = shape[dim], low[dim], high[dim]
        argument = 4 + 2 * (len(shape) - 1 - dim)
        if mode == "reflect" and (lo >= size or hi >= size):
            raise RuntimeError(f"Argument #{argument}: Padding size should be less than the corresponding input dimension, but "
                               f"got: padding ({lo}, {hi}) at dimension {dim} of input {list(shape)}")
        if mode == "circular":
            if lo > size or hi > size:
                raise RuntimeError("Padding value causes wrapping around more than once.")
            if size + lo + hi <= 0:
                raise RuntimeError("Negative padding value is resulting in an empty dimension")
        elif size + lo + hi < 1:
            axis = "DHW"[2 - (len(shape) - 1 - dim)]
            raise RuntimeError(f"input ({axis}: {size}) is too small. Calculated output {axis}: {size + lo + hi}")
    return low, high


_SUPPORTED = """Supported combinations for non-constant padding:
  - 2D or 3D input: padding size = 2 (pads last dimension)
  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"""


def pad(input, pad, mode="constant", value=None):
    """input with more around it: pad gives (low, high) for the last dimension, then the one before it, and so on.

    mode: constant (value, by default 0), reflect, replicate, circular; the last three for 1 to 3 dimensions of (N, C, *) or (C, *).
    """
    if isinstance(pad, int):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    pad = numbers(pad, "pad", "pad", 2)
    shape = input._meta.shape
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError("Padding length should be less than or equal to two times the input dimension but got padding length "
                           f"{len(pad)} and input of dimension {len(shape)}")
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    n = len(pad) // 2
    if len(shape) not in (n + 1, n + 2) or n not in (1, 2, 3):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {len(shape)}D input tensor.\n{_SUPPORTED}")
    if 0 in shape[len(shape) - n - (mode == "reflect"):]:
        raise RuntimeError(f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
                           f"dimensions for input, but got: {list(shape)}")
    low, high = _check_edges(input, pad, mode, n)
    if mode == "circular" and min(pad) < 0:     # what is cut off does not come round
        input = Op.apply(pad_op, (input,), (tuple(min(a, 0) for a in low), tuple(min(a, 0) for a in high), 0))
        low, high = tuple(max(a, 0) for a in low), tuple(max(a, 0) for a in high)
    return Op.apply(_EDGES[mode, n], (input,), (low, high))
