"""Rows of a table by index. Source: torch.nn.functional.embedding, embedding_bag, one_hot."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public

NO_SPARSE = ("sparse gradients are not supported: call with sparse=False (every optimizer but SparseAdam takes the dense "
             "gradient)")


def _embedding(weight, indices, padding_idx, by_frequency):
    return P.index(weight, (indices,))


def _rows(x, indices):
    """x, shaped indices + (D,), with the dimensions of indices as one."""
    return P.reshape(x, (indices.numel, x.shape[-1])), P.reshape(P.cast(indices, dt.int64), (indices.numel,))


def _spread(g, indices, rows, padding_idx, by_frequency):
    """g added at its rows of a table of zeros."""
    g, at = _rows(g, indices)
    return P.index_put(P.const(0, g.dtype, (rows, g.shape[1])), (at,), _shares(g, at, rows, padding_idx, by_frequency), True)


def _shares(g, at, rows, padding_idx, by_frequency):
    one = (at.shape[0], 1)
    if padding_idx >= 0:
        g = P.where(P.reshape(P.binary("ne", at, P.const(padding_idx, dt.int64)), one), g, P.const(0, g.dtype))
    if by_frequency:
        counts = P.index_put(P.const(0, g.dtype, (rows,)), (at,), P.const(1, g.dtype, at.shape), True)
        g = P.binary("div", g, P.reshape(P.index(counts, (at,)), one))
    return g


def _gathered(g, indices, rows, padding_idx, by_frequency):
    out = P.index(g, (P.reshape(indices, (indices.numel,)),))
    out = _shares(out, _rows(out, indices)[1], rows, padding_idx, by_frequency)
    return P.reshape(out, indices.shape + (g.shape[1],))


embedding_op = Op("embedding", "weight indices", "padding_idx by_frequency", compute=_embedding,
                  grads={"weight": lambda g, indices, infos, padding_idx, by_frequency: embedding_dx(
                      g, indices, rows=infos[0].shape[0], padding_idx=padding_idx, by_frequency=by_frequency)})
embedding_dx = Op("embedding_dx", "grad indices", "rows padding_idx by_frequency", compute=_spread,
                  node="EmbeddingDenseBackwardBackward0",
                  grads={"grad": lambda g, indices, rows, padding_idx, by_frequency: embedding_dxx(
                      g, indices, rows=rows, padding_idx=padding_idx, by_frequency=by_frequency)})
embedding_dxx = Op("embedding_dxx", "grad indices", "rows padding_idx by_frequency", compute=_gathered,
                   node="EmbeddingBackward0",
                   grads={"grad": lambda g, indices, rows, padding_idx, by_frequency: embedding_dx(
                       g, indices, rows=rows, padding_idx=padding_idx, by_frequency=by_frequency)})


def _check_rows(array, rows):
    if array.size and (array.min() < 0 or array.max() >= rows):
        raise IndexError("index out of range in self")


def check_indices(indices, name="embedding"):
    if indices.dtype not in (dt.int64, dt.int32):
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but "
                           f"got torch.{indices.dtype.legacy} instead (while checking arguments for {name})")


@public(method=False)
def embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    """The rows of weight (V, D) at indices (*): shaped (*, D). The row at padding_idx gets no gradient."""
    if weight._meta.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    check_indices(indices)
    if sparse and weight.requires_grad:
        raise NotImplementedError(f"embedding: {NO_SPARSE}")
    indices = Op.checked(indices, _check_rows, (weight._meta.shape[0],))
    return Op.apply(embedding_op, (weight, indices), (padding_idx, bool(scale_grad_by_freq)))


def renormalise(weight, indices, max_norm, norm_type):
    """Scale down, in place and off the tape, the rows that indices name and whose norm is above max_norm."""
    check_indices(indices, "embedding_renorm_")
    weight = weight.detach()
    at = Op.checked(indices, _check_rows, (weight._meta.shape[0],)).reshape(-1).long()
    rows = Op.apply(embedding_op, (weight, at), (-1, False))
    norms = Op.apply(OPS["row_norm"], (rows,), (float(norm_type), 1, True))
    scale = Op.apply(A.where_op, (norms > max_norm, max_norm / (norms + 1e-7), 1))
    weight[at] = rows * scale


def _check_one_hot(array, classes):
    if array.size and array.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if array.size and array.max() >= classes:
        raise RuntimeError("Class values must be smaller than num_classes.")


def _one_hot(x, classes):
    return P.cast(P.binary("eq", P.reshape(x, x.shape + (1,)), P.iota(classes)), dt.int64)


one_hot_op = Op("one_hot", "input", "classes", compute=_one_hot)


def one_hot(tensor, num_classes=-1):
    """1 at each index, 0 elsewhere: int64, shaped (*, num_classes). By default as many classes as the largest index asks."""
    if tensor.dtype is not dt.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor._meta.numel == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return tensor.new_empty(tensor._meta.shape + (num_classes,))
    if num_classes == -1:
        _check_one_hot(tensor._array(), 1 << 62)
        num_classes = int(tensor._array().max()) + 1
    else:
        tensor = Op.checked(tensor, _check_one_hot, (num_classes,))
    return Op.apply(one_hot_op, (tensor,), (num_classes,))
