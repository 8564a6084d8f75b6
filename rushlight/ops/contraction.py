"""Sums of products over named dimensions: einsum, tensordot, kron, and the cross product. Source: torch.einsum and its kin."""
from ..graph import primitives as P
from . import arithmetic as A
from .declare import Op, public
from .matrices import warn_once

_USAGE = ("einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts "
          "list")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ELLIPSIS = -1       # in a parsed list of subscripts; its dimensions are then labelled -2, -3, ... from the last one


# ------------------------------------------------------------------ einsum: reading the equation
def _read_subscripts(text, start, what):
    """The labels in text, whose first character is at `start` of the equation; what: who they belong to, for errors."""
    labels = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == " ":
            i += 1
        elif c == ".":
            if ELLIPSIS in labels:
                raise RuntimeError(f"einsum(): found '.' for {what} for which an ellipsis was already found")
            if text[i:i + 3] != "...":
                raise RuntimeError(f"einsum(): found '.' for {what} that is not part of any ellipsis")
            labels.append(ELLIPSIS)
            i += 3
        elif c in _LETTERS:
            labels.append(_LETTERS.index(c))
            i += 1
        else:
            raise RuntimeError(f"einsum(): invalid subscript given at index {start + i} in the equation string, subscripts must be "
                               "in [a-zA-Z]")
    return labels


def _read_equation(equation, count):
    """(labels of each operand, labels of the output or None)."""
    left, arrow, right = equation.partition("->")
    inputs, at = [], 0
    for i, part in enumerate(left.split(",")):
        inputs.append(_read_subscripts(part, at, f"operand {i}"))
        at += len(part) + 1
    if count != len(inputs):
        raise RuntimeError(f"einsum(): {'fewer' if count < len(inputs) else 'more'} operands were provided than specified in the "
                           "equation")
    return inputs, _read_subscripts(right, len(left) + 2, "the output") if arrow else None


def _read_lists(args):
    """(operands, labels of each, labels of the output or None) of operand, subscripts, operand, subscripts, ..., [output]."""
    def labels(given):
        out = []
        for s in given:
            if s is Ellipsis:
                out.append(ELLIPSIS)
            elif not 0 <= s < 52:
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
            else:
                out.append(s)
        return out

    output = labels(args[-1]) if len(args) % 2 else None
    pairs = args[:-1] if len(args) % 2 else args
    return list(pairs[0::2]), [labels(given) for given in pairs[1::2]], output


def _name(label):
    return _LETTERS[label] if label >= 0 else "..."


def _with_dimensions(labels, ndim, which):
    """Labels with the ellipsis spelled out as one label per dimension."""
    named = len(labels) - (ELLIPSIS in labels)
    if ELLIPSIS not in labels:
        if named != ndim:
            raise RuntimeError(f"einsum(): the number of subscripts in the equation ({named}) does not match the "
                               f"number of dimensions ({ndim}) for operand {which} and no ellipsis was given")
        return list(labels)
    if named > ndim:
        raise RuntimeError(f"einsum(): the number of subscripts in the equation ({named}) is more than the number of dimensions "
                           f"({ndim}) for operand {which}")
    at = labels.index(ELLIPSIS)
    return labels[:at] + _ellipsis(ndim - named) + labels[at + 1:]


def _ellipsis(n):
    """Labels of the n last dimensions that an ellipsis stands for: equal from the right in every operand."""
    return [-2 - i for i in range(n - 1, -1, -1)]


def _output_labels(output, inputs, width):
    if output is None:      # what occurs once, in the order of the alphabet, after the ellipsis
        flat = [label for labels in inputs for label in labels if label >= 0]
        return _ellipsis(width) + sorted(label for label in set(flat) if flat.count(label) == 1)
    known = {label for labels in inputs for label in labels}
    out = []
    for label in output:
        if label == ELLIPSIS:
            out += _ellipsis(width)
            continue
        if label in out:
            raise RuntimeError(f"einsum(): output subscript {_name(label)} appears more than once in the output")
        if label not in known:
            raise RuntimeError(f"einsum(): output subscript {_name(label)} does not appear in the equation for any input operand")
        out.append(label)
    return out


# ------------------------------------------------------------------ einsum: computing
def _diagonals(x, labels, which):
    """x with each label once: repeated ones become diagonals."""
    for label in list(dict.fromkeys(labels)):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            a, b = x.shape[first], x.shape[second]
            if a != b:
                raise RuntimeError(f"einsum(): subscript {_name(label)} is repeated for operand {which} but the sizes don't match, "
                                   f"{b} != {a}")
            x = x.diagonal(0, first, second).movedim(-1, first)
            del labels[second]
    return x, labels


def _check_sizes(operands, labelled):
    seen = {}
    for which, (x, labels) in enumerate(zip(operands, labelled)):
        for size, label in zip(x.shape, labels):
            known = seen.setdefault(label, size)
            if known == 1:
                seen[label] = size
            elif size not in (1, known):
                raise RuntimeError(f"einsum(): subscript {_name(label)} has size {size} for operand {which} which does not broadcast "
                                   f"with previously seen size {known}")


def _sum_out(x, labels, keep):
    """x summed over the labels that nobody needs any more."""
    gone = [i for i, label in enumerate(labels) if label not in keep]
    if not gone:
        return x, labels
    return x.sum(gone), [label for label in labels if label in keep]


def _drop_ones(x, labels, other):
    """x without the dimensions of size 1 that the other operand has at full size."""
    sizes = dict(zip(other[1], other[0].shape))
    for i in range(len(labels) - 1, -1, -1):
        if x.shape[i] == 1 and sizes.get(labels[i], 1) != 1:
            x = x.squeeze(i)
            labels = labels[:i] + labels[i + 1:]
    return x, labels


def _product(a, b, keep):
    """The contraction of two labelled tensors: sums over the common labels that are not in keep."""
    a, b = _drop_ones(*a, b), _drop_ones(*b, a)
    common = set(a[1]) & set(b[1])
    a, b = _sum_out(*a, keep | common), _sum_out(*b, keep | common)
    (x, left), (y, right) = a, b
    batch = [label for label in left if label in common and label in keep]
    summed = [label for label in left if label in common and label not in keep]
    rows = [label for label in left if label not in common]
    columns = [label for label in right if label not in common]
    if not summed:
        order = batch + rows + columns
        return _aligned(x, left, order) * _aligned(y, right, order), order
    sizes = {**dict(zip(right, y.shape)), **dict(zip(left, x.shape))}
    x = _grouped(x, left, (batch, rows, summed), sizes)
    y = _grouped(y, right, (batch, summed, columns), sizes)
    order = batch + rows + columns
    return x.bmm(y).view([sizes[label] for label in order]), order


def _permuted(x, labels, order):
    dims = [labels.index(label) for label in order]
    return x if dims == list(range(len(dims))) else x.permute(dims)


def _aligned(x, labels, order):
    """x with its dimensions in `order`, of size 1 where it has none."""
    x = _permuted(x, labels, [label for label in order if label in labels])
    for i, label in enumerate(order):
        if label not in labels:
            x = x.unsqueeze(i)
    return x


def _grouped(x, labels, groups, sizes):
    """x as a batch of matrices: one dimension for each group of labels."""
    x = _permuted(x, labels, [label for group in groups for label in group])
    shape = []
    for group in groups:
        n = 1
        for label in group:
            n *= sizes[label]
        shape.append(n)
    return x.reshape(shape)


@public(method=False)
def einsum(*args):
    """The sum of products that an equation such as "ij,jk->ik" describes; "..." stands for any dimensions.

    einsum(equation, *operands), or einsum(operand, subscripts, operand, subscripts, ..., [output subscripts]) with ints of
    0 to 51 and Ellipsis. Operands are multiplied pair by pair from left to right, each pair as a batch of matrix products.
    """
    if len(args) < 2:
        raise ValueError(_USAGE)
    if isinstance(args[0], Op.Tensor):
        operands, inputs, output = _read_lists(args)
    else:
        equation, operands = args[0], list(args[1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
        if not isinstance(equation, str):
            raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type(equation).__name__}")
        inputs = None
    for i, x in enumerate(operands):
        if not isinstance(x, Op.Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 1, but got {type(x).__name__}")
    if inputs is None:
        inputs, output = _read_equation(equation, len(operands))
    width = max([x.ndim - len(labels) + 1 for x, labels in zip(operands, inputs) if ELLIPSIS in labels], default=0)
    labelled = [_with_dimensions(labels, x.ndim, i) for i, (x, labels) in enumerate(zip(operands, inputs))]
    order = _output_labels(output, labelled, width)
    for i, labels in enumerate(labelled):
        operands[i], labelled[i] = _diagonals(operands[i], labels, i)
    _check_sizes(operands, labelled)
    result = (operands[0], labelled[0])
    for i in range(1, len(operands)):
        later = set(order).union(*labelled[i + 1:])
        result = _product(result, (operands[i], labelled[i]), later)
    x, labels = _sum_out(*result, set(order))
    x = _permuted(x, labels, order)
    return x.view(x.shape) if len(operands) > 1 and (labels != order or not order) else x


# ------------------------------------------------------------------ tensordot, kron, chains
@public(method=False, out=True)
def tensordot(a, b, dims=2):
    """The sum of products over the last `dims` dimensions of a and the first of b, or over two lists of dimensions."""
    if isinstance(dims, Op.Tensor):
        dims = dims.item() if dims.numel() == 1 else dims.tolist()
    if isinstance(dims, (list, tuple)) and len(dims) == 2:
        left, right = [list(d) if isinstance(d, (list, tuple)) else [d] for d in dims]
    elif isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        left, right = list(range(-dims, 0)), list(range(dims))
    else:
        raise RuntimeError("tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two "
                           f"lists, but got dims={dims}")
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    if a.dtype is not b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    at, bt = [Op.wrap_dim(d, a.ndim) for d in left], [Op.wrap_dim(d, b.ndim) for d in right]
    for i, (d, e) in enumerate(zip(at, bt)):
        if a.shape[d] == b.shape[e]:
            continue
        if b.shape[e] == 1:
            a = a.sum(d, keepdim=True)
        elif a.shape[d] == 1:
            b = b.sum(e, keepdim=True)
        else:
            raise RuntimeError(f"contracted dimensions need to match, but first has size {a.shape[d]} in dim {left[i]} and second "
                               f"has size {b.shape[e]} in dim {right[i]}")
    rows = [d for d in range(a.ndim) if d not in at]
    columns = [d for d in range(b.ndim) if d not in bt]
    shape = [a.shape[d] for d in rows] + [b.shape[d] for d in columns]
    n = 1
    for d in at:
        n *= a.shape[d]
    x = a.permute(rows + at).reshape(_count(a.shape, rows), n)
    y = b.permute(bt + columns).reshape(n, _count(b.shape, columns))
    return x.mm(y).reshape(shape)


def _count(shape, dims):
    n = 1
    for d in dims:
        n *= shape[d]
    return n


@public(out=True)
def kron(input, other):
    """The Kronecker product: each element of input times the whole of other. Dimensions are aligned at the last."""
    n = max(input.ndim, other.ndim)
    xs = (1,) * (n - input.ndim) + tuple(input.shape)
    ys = (1,) * (n - other.ndim) + tuple(other.shape)
    x = input.reshape([s for size in xs for s in (size, 1)])
    y = other.reshape([s for size in ys for s in (1, size)])
    return Op.apply(_reshaped, (x * y,), (tuple(a * b for a, b in zip(xs, ys)),))


_reshaped = Op("kron_reshape", "input", "shape", compute=lambda x, shape: P.reshape(x, shape), node="UnsafeViewBackward0",
               grads={"input": lambda g, infos: _reshaped(g, shape=infos[0].shape)})


@public(method=False, out=True)
def chain_matmul(*matrices):
    """The product of matrices, in the cheapest order. Deprecated: torch.linalg.multi_dot."""
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    if len(matrices) == 1:
        return matrices[0]
    warn_once("torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
                  "instead, which accepts a list of two or more tensors rather than multiple parameters.")
    return multi_dot(list(matrices))


def multi_dot(tensors):
    """The product of two or more matrices, the first and the last of which may be vectors, in the cheapest order."""
    tensors = list(tensors)
    n = len(tensors)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    first_is_vector, last_is_vector = tensors[0].ndim == 1, tensors[-1].ndim == 1
    _check_chain(tensors)
    out_shape = [] if first_is_vector else [tensors[0].shape[0]]
    out_shape += [] if last_is_vector else [tensors[-1].shape[-1]]
    if first_is_vector:
        tensors[0] = tensors[0].unsqueeze(0)
    if last_is_vector:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for i in range(n - 1):
        if tensors[i].shape[1] != tensors[i + 1].shape[0]:
            raise RuntimeError(f"multi_dot(): tensors {i} and {i + 1} with shapes {list(tensors[i].shape)} and "
                               f"{list(tensors[i + 1].shape)} cannot be multiplied")
    split = _cheapest(tensors)

    def product(i, j):
        return tensors[i] if i == j else product(i, split[i][j]).mm(product(split[i][j] + 1, j))

    return product(0, n - 1).view(out_shape)


def _check_chain(tensors):
    from ..runtime.dtypes import long_name

    n = len(tensors)
    for i, t in enumerate(tensors):
        if i in (0, n - 1):
            if t.ndim not in (1, 2):
                raise RuntimeError(f"multi_dot(): the {'first' if i == 0 else 'last'} tensor must be 1D or 2D but got {t.ndim}D")
        elif t.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {t.ndim}D")
    for i, t in enumerate(tensors):
        if t.dtype is not tensors[0].dtype:
            raise RuntimeError("multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                               f"{long_name(tensors[0].dtype).lower()} and tensor {i} {long_name(t.dtype).lower()}")


def _cheapest(tensors):
    """split[i][j]: where to cut the chain i..j for the fewest multiplications (Cormen et al., matrix-chain order)."""
    n = len(tensors)
    sizes = [t.shape[0] for t in tensors] + [tensors[-1].shape[1]]
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            choices = [(cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i][j], split[i][j] = min(choices)
    return split


# ------------------------------------------------------------------ the cross product
def _cross(a, b, dim):
    if a.dtype is not b.dtype:
        from ..runtime.dtypes import long_name

        raise RuntimeError(f"expected scalar type {long_name(a.dtype)} but found {long_name(b.dtype)}")

    def part(x, i):
        return P.narrow(x, dim, i, 1)

    def component(i, j):
        return P.binary("sub", P.binary("mul", part(a, i), part(b, j)), P.binary("mul", part(a, j), part(b, i)))

    return P.concatenate([component(1, 2), component(2, 0), component(0, 1)], dim)


cross_op = Op("linalg_cross", "input other", "dim", compute=_cross,
              grads={"input": lambda g, other, dim: cross_op(A.cj(other), g, dim=dim),
                     "other": lambda g, input, dim: cross_op(g, A.cj(input), dim=dim)})


def linalg_cross(input, other, *, dim=-1):
    """The cross product of vectors of length 3 along dim."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    at = Op.wrap_dim(dim, input.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[at]} and {other.shape[at]}")
    return Op.apply(cross_op, (input, other), (at,))


@public(out=True)
def cross(input, other, dim=None):
    """The cross product of vectors of length 3 along dim; without one, along the first dimension of size 3."""
    if dim is None:
        if 3 not in input.shape:
            raise RuntimeError("no dimension of size 3 in input")
        warn_once("Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or "
                      "simply use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a "
                      "future release.")
        dim = tuple(input.shape).index(3)
    return linalg_cross(input, other, dim=dim)
