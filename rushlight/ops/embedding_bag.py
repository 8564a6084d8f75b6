"""Sums, means and maxima of rows of a table, bag by bag. Source: torch.nn.functional.embedding_bag."""
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .embedding import NO_SPARSE, check_indices, embedding_dx, embedding_op

MODES = ("sum", "mean", "max")


def _bags(offsets, count, bags):
    """The bag of each of `count` indices: how many offsets lie at or before it, less one."""
    offsets = P.slice_(P.cast(offsets, dt.int64), (0,), (bags,))
    begun = P.index_put(P.const(0, dt.int64, (count + 1,)), (offsets,), P.const(1, dt.int64, (bags,)), True)
    place = P.cumulative("sum", begun, 0)
    return P.binary("sub", P.slice_(place, (0,), (count,)), P.const(1, dt.int64))


def _kept(indices, padding_idx):
    if padding_idx < 0:
        return P.const(True, dt.bool_, indices.shape)
    return P.binary("ne", indices, P.const(padding_idx, dt.int64))


def _sizes(indices, offsets, bags, padding_idx, dtype=dt.int64):
    kept = P.cast(_kept(indices, padding_idx), dtype)
    return P.index_put(P.const(0, dtype, (bags,)), (_bags(offsets, indices.shape[0], bags),), kept, True)


def _column(x):
    return P.reshape(x, (x.numel, 1))


def _largest(rows, kept, bag, indices, bags):
    """The maximum of each bag and column, and the index whose row it is in; 0 for empty bags."""
    count, width = rows.shape
    where_ = P.expand(_column(bag), rows.shape)
    low = P.const(float("-inf"), rows.dtype)
    rows = P.where(_column(kept), rows, low)
    top = P.scatter(P.const(float("-inf"), rows.dtype, (bags, width)), where_, rows, 0, "amax")
    hit = P.binary("and", P.binary("eq", rows, P.gather(top, where_, 0)), P.expand(_column(kept), rows.shape))
    place = P.where(hit, P.expand(_column(P.iota(count)), rows.shape), P.const(count, dt.int64))
    first = P.scatter(P.const(count, dt.int64, (bags, width)), where_, place, 0, "amin")
    empty = P.binary("eq", first, P.const(count, dt.int64))
    found = P.index(P.concatenate([indices, P.const(0, dt.int64, (1,))], 0), (first,))
    return P.where(empty, P.const(0, rows.dtype), top), found


def _compute(weight, indices, offsets, per_sample, mode, by_frequency, padding_idx, bags):
    indices = P.cast(indices, dt.int64)
    count, width = indices.shape[0], weight.shape[1]
    bag, kept = _bags(offsets, count, bags), _kept(indices, padding_idx)
    rows = P.index(weight, (indices,))
    if mode == "max":
        return list(_largest(rows, kept, bag, indices, bags))
    if per_sample is not None:
        rows = P.binary("mul", rows, _column(per_sample))
    rows = P.where(_column(kept), rows, P.const(0, rows.dtype))
    total = P.index_put(P.const(0, rows.dtype, (bags, width)), (bag,), rows, True)
    if mode == "mean":
        sizes = _sizes(indices, offsets, bags, padding_idx, rows.dtype)
        total = P.binary("div", total, _column(P.binary("max", sizes, P.const(1, rows.dtype))))
    return [total, P.const(0, dt.int64, (bags,))]


bags_op = Op("embedding_bags", "offsets", "count bags", compute=_bags)
sizes_op = Op("embedding_bag_sizes", "indices offsets", "bags padding_idx",
              compute=lambda indices, offsets, bags, padding_idx: _sizes(P.cast(indices, dt.int64), offsets, bags, padding_idx))


def _gradient(gs, weight, indices, offsets, per_sample_weights, result1, infos, needs, mode, by_frequency, padding_idx, bags):
    g = gs[0]
    size = infos[0].shape
    if mode == "max":
        sizes = OPS["reshape_copy"](sizes_op(indices, offsets, bags=bags, padding_idx=padding_idx), shape=(bags, 1))
        return [OPS["scatter_zeros"](A.where_op(A.gt_op(sizes, 0), g, 0), result1, dim=0, shape=size), None, None, None]
    if mode == "mean":
        sizes = sizes_op(indices, offsets, bags=bags, padding_idx=padding_idx)
        sizes = OPS["to_dtype"](A.clamp_min_op(sizes, 1), dtype=g.dtype)
        g = A.div_op(g, OPS["reshape_copy"](sizes, shape=(bags, 1)))
    count = infos[1].shape[0]
    own = embedding_op(g, bags_op(offsets, count=count, bags=bags), padding_idx=-1, by_frequency=False)
    dw = ds = None
    if needs[0]:
        rows = own if per_sample_weights is None else A.mul_op(own, OPS["reshape_copy"](per_sample_weights, shape=(count, 1)))
        dw = embedding_dx(rows, indices, rows=size[0], padding_idx=padding_idx, by_frequency=by_frequency)
    if needs[3]:
        rows = embedding_op(weight, indices, padding_idx=-1, by_frequency=False)
        ds = OPS["sum"](A.mul_op(own, rows), dims=(1,), keepdim=False, dtype=g.dtype)
        if padding_idx >= 0:
            ds = A.where_op(A.eq_op(indices, padding_idx), 0, ds)
    return [dw, None, None, ds]


embedding_bag_op = Op("embedding_bag", "weight indices offsets per_sample_weights", "mode by_frequency padding_idx bags",
                      compute=_compute, nout=2, nondifferentiable=(1,), grad=_gradient)


def _check_rows(array, rows):
    bad = (array < 0) | (array >= rows)
    if bad.any():
        at = int(bad.argmax())
        raise RuntimeError(f"Index {at} of input takes value {array[at]} which is not in the valid range [0, {rows})")


def _check_offsets(array, count):
    if array.size and array[0] != 0:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
                           f"got {array[0]}\n[ torch.LongTensor{{}} ]")
    if array.size and array[-1] > count:
        raise RuntimeError(f"offsets[-1] can not be greater than input's length {count} but got offsets[-1] of {array[-1]}")


def apply(weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding_idx):
    """The bags (B, D), and for "max" the index of each maximum (B, D)."""
    check_indices(indices, "embedding_bag")
    if sparse and weight.requires_grad:
        raise NotImplementedError(f"embedding_bag: {NO_SPARSE}")
    rows = weight._meta.shape[0]
    if per_sample_weights is not None and per_sample_weights.dtype is not weight.dtype:
        raise RuntimeError("Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
                           f"'per_sample_weights'; but type torch.{weight.dtype.legacy} does not equal "
                           f"torch.{per_sample_weights.dtype.legacy} (while checking arguments for embedding_bag)")
    bags = offsets._meta.shape[0] - bool(include_last_offset)
    offsets = Op.checked(offsets, _check_offsets, (indices._meta.shape[0],))
    indices = Op.checked(indices, _check_rows, (rows,))
    return Op.apply(embedding_bag_op, (weight, indices, offsets, per_sample_weights),
                    (mode, bool(scale_grad_by_freq), padding_idx, bags)), indices, offsets, bags


def positive_padding(padding_idx, rows):
    """padding_idx counted from the start, -1 for none."""
    if padding_idx is None:
        return -1
    if not -rows <= padding_idx < rows:
        raise RuntimeError(f"padding_idx must be within the number of embeddings, -{rows} through {rows - 1}, but got {padding_idx}")
    return padding_idx % rows


@public(method=False)
def embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
                  include_last_offset=False, padding_idx=None):
    """(bags, bag of each index, size of each bag, index of each maximum); the last three are what PyTorch's kernel leaves."""
    padding_idx = positive_padding(padding_idx, weight._meta.shape[0])
    (out, largest), indices, offsets, bags = apply(weight, indices, offsets, scale_grad_by_freq, MODES[mode], sparse, per_sample_weights,
                                                   include_last_offset, padding_idx)
    if mode == 0:
        nothing = offsets.new_zeros((bags,))
        return out, offsets.new_zeros((0,)), nothing, nothing.clone()
    sizes = Op.apply(sizes_op, (indices, offsets), (bags, padding_idx))
    bag = Op.apply(bags_op, (offsets,), (indices._meta.shape[0], bags))
    return out, bag, sizes, largest if mode == 2 else sizes.clone()
