"""Multi-head attention. Source: Vaswani et al., 2017, and torch.nn.functional.multi_head_attention_forward."""
import math

import rushlight as torch

from ...ops.attention import attend
from ...ops.products import linear


def _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether there is a batch; AssertionError for tensors that do not go together."""
    ndim = query.dim()
    assert ndim in (2, 3), f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D query tensor"
    kind = "batched (3-D)" if ndim == 3 else "unbatched (2-D)"
    assert key.dim() == ndim and value.dim() == ndim, (
        f"For {kind} `query`, expected `key` and `value` to be {ndim}-D but found {key.dim()}-D and {value.dim()}-D tensors "
        "respectively")
    if key_padding_mask is not None:
        assert key_padding_mask.dim() == ndim - 1, (
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {ndim - 1}-D but found {key_padding_mask.dim()}-D tensor "
            "instead")
    if attn_mask is not None:
        assert attn_mask.dim() in (2, 3), (
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead")
        if ndim == 2 and attn_mask.dim() == 3:
            wanted = (num_heads, query.shape[0], key.shape[0])
            assert attn_mask.shape == wanted, f"Expected `attn_mask` shape to be {wanted} but got {attn_mask.shape}"
    return ndim == 3


def _as_floats(mask, name, other_dtype, dtype, check_other=True):
    """A mask as numbers to add to the scores: -inf where a bool says True."""
    if mask is None:
        return None
    assert mask.dtype == torch.bool or mask.is_floating_point(), f"only bool and floating types of {name} are supported"
    if check_other and other_dtype is not None and mask.dtype != other_dtype:
        import warnings

        warnings.warn("Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type for both instead.", stacklevel=3)
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, float("-inf"))


def _project(query, key, value, weight, bias):
    """Queries, keys and values by one weight (3 E, E); in one product where they are the same tensor."""
    if key is value:
        if query is key:
            return linear(query, weight, bias).chunk(3, -1)
        size = query.size(-1)
        first, rest = weight.split([size, 2 * size])
        first_bias, rest_bias = (None, None) if bias is None else bias.split([size, 2 * size])
        k, v = linear(key, rest, rest_bias).chunk(2, -1)
        return linear(query, first, first_bias), k, v
    weights = weight.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _project_apart(query, key, value, weights, bias):
    for name, w in zip("qkv", weights):
        assert w is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None"
    size = query.size(-1)
    wanted = ((size, size), (size, key.size(-1)), (size, value.size(-1)))
    for name, w, shape in zip("qkv", weights, wanted):
        assert w.shape == shape, f"expecting {name} weights shape of {shape}, but got {w.shape}"
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _heads(x, batch, num_heads):
    """(S, N, E) -> (N * heads, S, E / heads)."""
    return x.reshape(x.shape[0], batch * num_heads, x.shape[2] // num_heads).transpose(0, 1)


def _check_mask_shape(attn_mask, rows, columns, batch_heads):
    """attn_mask as (1 or N * heads, L, S)."""
    if attn_mask.dim() == 2:
        if attn_mask.shape != (rows, columns):
            raise RuntimeError(f"The shape of the 2D attn_mask is {attn_mask.shape}, but should be {(rows, columns)}.")
        return attn_mask.unsqueeze(0)
    if attn_mask.shape != (batch_heads, rows, columns):
        raise RuntimeError(f"The shape of the 3D attn_mask is {attn_mask.shape}, but should be {(batch_heads, rows, columns)}.")
    return attn_mask


def _longer(mask, by=1):
    """A mask with room for keys that were added."""
    return mask if mask is None else torch.nn.functional.pad(mask, (0, by))


def _static(static, name, batch_heads, head_dim):
    assert static.size(0) == batch_heads, f"expecting {name}.size(0) of {batch_heads}, but got {static.size(0)}"
    assert static.size(2) == head_dim, f"expecting {name}.size(2) of {head_dim}, but got {static.size(2)}"
    return static


def multi_head_attention_forward(
        query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p,
        out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None,
        use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None,
        average_attn_weights=True, is_causal=False):
    """Attention of query (L, N, E) to key and value (S, N, E), or all without N, in num_heads heads.

    Returns the output, and the weights (N, L, S), by head (N, heads, L, S) if average_attn_weights is False, or None.
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same_keys, same_values = key is query, value is key
        query = query.unsqueeze(1)
        key = query if same_keys else key.unsqueeze(1)
        value = key if same_values else value.unsqueeze(1)
        key_padding_mask = key_padding_mask.unsqueeze(0) if key_padding_mask is not None else None
    rows, batch, size = query.shape
    columns = key.shape[0]
    padding_dtype = None if key_padding_mask is None else key_padding_mask.dtype
    mask_dtype = None if attn_mask is None else attn_mask.dtype
    key_padding_mask = _as_floats(key_padding_mask, "key_padding_mask", mask_dtype, query.dtype)
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                           "`generate_square_subsequent_mask` to create this mask.")
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = _as_floats(attn_mask, "attn_mask", padding_dtype, query.dtype, check_other=False)
        is_causal = False
    assert size == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}"
    head_dim = size // num_heads
    assert head_dim * num_heads == size, f"embed_dim {size} not divisible by num_heads {num_heads}"
    if use_separate_proj_weight:
        assert key.shape[:2] == value.shape[:2], (
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
        q, k, v = _project_apart(query, key, value, (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias)
    else:
        assert key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}"
        assert in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None"
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        attn_mask = _check_mask_shape(attn_mask, rows, columns, batch * num_heads)
    if bias_k is not None and bias_v is not None:
        assert static_k is None, "bias cannot be added to static key."
        assert static_v is None, "bias cannot be added to static value."
        k, v = torch.cat([k, bias_k.repeat(1, batch, 1)]), torch.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    else:
        assert bias_k is None
        assert bias_v is None
    q = _heads(q, batch, num_heads)
    k = _static(static_k, "static_k", batch * num_heads, head_dim) if static_k is not None else \
        k.reshape(k.shape[0], batch * num_heads, head_dim).transpose(0, 1)
    v = _static(static_v, "static_v", batch * num_heads, head_dim) if static_v is not None else \
        v.reshape(v.shape[0], batch * num_heads, head_dim).transpose(0, 1)
    if add_zero_attn:
        zero = (batch * num_heads, 1, head_dim)
        k = torch.cat([k, torch.zeros(zero, dtype=k.dtype)], 1)
        v = torch.cat([v, torch.zeros(zero, dtype=v.dtype)], 1)
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    columns = k.size(1)
    mask = attn_mask
    if key_padding_mask is not None:
        assert key_padding_mask.shape[0] == batch, (
            f"Expected key_padded_mask.shape[0] to be {batch}, but got {key_padding_mask.shape[0]}")
        assert key_padding_mask.shape[1] == columns, (
            f"Expected key_padded_mask.shape[1] to be {columns}, but got {key_padding_mask.shape[1]}")
        padding = key_padding_mask.view(batch, 1, 1, columns).expand(-1, num_heads, -1, -1).reshape(batch * num_heads, 1, columns)
        mask = padding if mask is None else mask + padding
    p = dropout_p if training else 0.0
    scale = 1 / math.sqrt(head_dim)
    out, weights = attend(q, k, v, mask, p, is_causal, scale, not need_weights)
    out = linear(out.transpose(0, 1).reshape(rows * batch, size), out_proj_weight, out_proj_bias)
    out = out.view(rows, batch, out.size(1))
    if not need_weights:
        return (out if batched else out.squeeze(1)), None
    weights = weights().view(batch, num_heads, rows, columns)
    if average_attn_weights:
        weights = weights.mean(dim=1)
    return (out, weights) if batched else (out.squeeze(1), weights.squeeze(0))
