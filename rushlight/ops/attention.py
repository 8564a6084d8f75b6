"""Scaled dot-product attention: one op. Source: Vaswani et al., 2017, and torch.nn.functional.scaled_dot_product_attention.

Queries (..., L, E), keys (..., S, E), values (..., S, V); a mask that broadcasts to (..., L, S): bools that say what takes
part, or floats that are added to the scores.
"""
import math

from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op
from .dropout import mask_values as dropout_mask
from .dropout import reserve as reserve_dropout
from .products import bmm_op, swap_last

_NARROW = (dt.float16, dt.bfloat16)


def _turned(x):
    return P.transpose(x, x.ndim - 2, x.ndim - 1)


def _weights(q, k, mask, scale, causal, safe):
    """softmax of the scores. safe: rows that take part in nothing give 0, not NaN."""
    scores = P.dot(q, _turned(k))
    scores = P.binary("mul", scores, P.const(scale, scores.dtype))
    never = P.const(-math.inf, scores.dtype)
    if mask is not None:
        scores = P.where(mask, scores, never) if mask.dtype is dt.bool_ else P.binary("add", scores, P.cast(mask, scores.dtype))
    if causal:
        rows, columns = scores.shape[-2:]
        before = P.binary("ge", P.reshape(P.iota(rows), (rows, 1)), P.reshape(P.iota(columns), (1, columns)))
        scores = P.where(before, scores, never)
    if scores.numel == 0:
        return scores
    last, kept = scores.ndim - 1, scores.shape[:-1] + (1,)
    top = P.reshape(P.reduce("max", scores, (last,)), kept)
    nothing = P.binary("eq", top, never) if safe and (mask is not None or causal) else None
    if nothing is not None:
        top = P.where(nothing, P.const(0, top.dtype), top)
    e = P.unary("exp", P.binary("sub", scores, top))
    total = P.reshape(P.reduce("sum", e, (last,)), kept)
    if nothing is not None:
        total = P.where(nothing, P.const(1, total.dtype), total)
    return P.binary("div", e, total)


def _attend(q, k, v, mask, scale, causal, safe):
    if q.dtype in _NARROW:
        wide = [P.cast(x, dt.float32) if x is not None and x.dtype in _NARROW else x for x in (q, k, v, mask)]
        out, weights = _attend(*wide, scale, causal, safe)
        return [P.cast(out, q.dtype), P.cast(weights, q.dtype)]
    weights = _weights(q, k, mask, scale, causal, safe)
    return [P.dot(weights, v), weights]


def _attend_dropping(q, k, v, mask, ticket, scale, causal, safe, p):
    weights = _weights(q, k, mask, scale, causal, safe)
    keep = dropout_mask(ticket, p, weights.shape, weights.dtype, None)
    return [P.dot(P.binary("mul", weights, keep), v), weights, keep]


def _through_softmax(dw, weights):
    """The gradient in the scores, from that in the weights."""
    last = len(weights.shape) - 1
    total = OPS["sum"](A.mul_op(dw, weights), dims=(last,), keepdim=True, dtype=weights.dtype)
    return A.mul_op(weights, A.sub_op(dw, total))


def _gradients(g, dw, query, key, value, weights, dropped, needs, scale):
    """g: in the output; dw: in the weights, if they were used, too; dropped: the dropout mask or None."""
    dv = None
    if g is not None:
        used = weights if dropped is None else A.mul_op(weights, dropped)
        dv = bmm_op(swap_last(used), g) if needs[2] else None
        through = bmm_op(g, swap_last(value))
        if dropped is not None:
            through = A.mul_op(through, dropped)
        dw = through if dw is None else A.add_op(dw, through)
    scores = _through_softmax(dw, weights)
    scaled = A.mul_op(scores, scale)
    return [bmm_op(scaled, key) if needs[0] else None, bmm_op(swap_last(scaled), query) if needs[1] else None, dv,
            scores if needs[3] else None]


def _gradient(gs, query, key, value, result1, needs, scale):
    return _gradients(gs[0], gs[1], query, key, value, result1, None, needs, scale)


def _gradient_dropping(gs, query, key, value, result1, result2, needs, scale):
    return _gradients(gs[0], gs[1], query, key, value, result1, result2, needs, scale) + [None]


_NODE = "ScaledDotProductFlashAttentionForCpuBackward0"
attention_op = Op("scaled_dot_product_attention", "query key value attn_mask", "scale causal safe", compute=_attend, nout=2, node=_NODE,
                  grad=_gradient)
attention_dropping_op = Op("attention_with_dropout", "query key value attn_mask ticket", "scale causal safe p", compute=_attend_dropping,
                           nout=3, nondifferentiable=(2,), node=_NODE, grad=_gradient_dropping,
                           display="scaled_dot_product_attention")


def attend(query, key, value, mask, dropout_p, causal, scale, safe):
    """(output, weights after dropout as a function) of tensors that fit."""
    if dropout_p == 0:
        out, weights = Op.apply(attention_op, (query, key, value, mask), (scale, causal, safe))
        return out, lambda: weights
    batch = P.broadcast_shapes(query._meta.shape[:-2], key._meta.shape[:-2])
    count = math.prod(batch) * query._meta.shape[-2] * key._meta.shape[-2]
    if dropout_p == 1:
        out, weights = attend(query, key, value, mask, 0, causal, scale, safe)
        return out * 0, lambda: weights() * 0
    out, weights, keep = Op.apply(attention_dropping_op, (query, key, value, mask, reserve_dropout(count, dropout_p)),
                                  (scale, causal, safe, dropout_p))
    return out, lambda: weights * keep


_SHORT = {"float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int",
          "int32": "int", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "bool": "bool"}


def _short(dtype):
    return _SHORT.get(dtype.name, dtype.name)


def _check(query, key, value, mask):
    q, k, v = query._meta, key._meta, value._meta
    if not q.dtype is k.dtype is v.dtype:
        raise RuntimeError(f"Expected query, key, and value to have the same dtype, but got query.dtype: {_short(q.dtype)} key.dtype: "
                           f"{_short(k.dtype)} and value.dtype: {_short(v.dtype)} instead.")
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError("Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
                           f"{q.ndim} key.dim: {k.ndim} and value.dim: {v.ndim} instead.")
    if mask is not None and mask.dtype is not dt.bool_ and mask.dtype is not q.dtype and \
            not (mask.dtype is dt.float32 and q.dtype in _NARROW):
        raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                           f"{_short(mask.dtype)} and  query.dtype: {_short(q.dtype)} instead.")
    if not q.dtype.is_floating_point:
        raise RuntimeError(f"expected scalar type Float but found {dt.long_name(q.dtype)}")


def _fits(query, key, value, mask):
    """PyTorch's errors for sizes that do not go together."""
    from .losses import broadcast_error

    q, k, v = query._meta.shape, key._meta.shape, value._meta.shape
    error = broadcast_error(q[:-2], k[:-2])
    if error is not None:
        raise error
    batch = P.broadcast_shapes(q[:-2], k[:-2])
    if q[-1] != k[-1]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{math.prod(batch)}, {q[-1]}] but got: "
                           f"[{math.prod(batch)}, {k[-1]}].")
    if k[-2] != v[-2]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{math.prod(batch)}, {k[-2]}] but got: "
                           f"[{math.prod(batch)}, {v[-2]}].")
    if mask is not None:
        error = broadcast_error(batch + (q[-2], k[-2]), mask._meta.shape)
        if error is not None:
            raise error


def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """softmax(query key^T scale + mask) value; scale is 1 / sqrt(E) by default.

    is_causal: no position attends to later ones. enable_gqa: each head of keys and values serves several of queries.
    """
    _check(query, key, value, attn_mask)
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")
    if enable_gqa:
        heads, shared = query._meta.shape[-3], key._meta.shape[-3]
        if shared == 0 or heads % shared or heads % value._meta.shape[-3]:
            raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
        key = key.repeat_interleave(heads // shared, -3)
        value = value.repeat_interleave(heads // value._meta.shape[-3], -3)
    _fits(query, key, value, attn_mask)
    if scale is None:
        scale = 1 / math.sqrt(query._meta.shape[-1]) if query._meta.shape[-1] else 1.0
    return attend(query, key, value, attn_mask, dropout_p, bool(is_causal), float(scale), True)[0]
