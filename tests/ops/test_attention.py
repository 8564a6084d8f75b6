"""Scaled dot-product attention and multi-head attention against PyTorch."""
import numpy as np
import pytest
from op_compare import same

INF = float("inf")


def numbers(*shape, seed=0):
    return np.array(np.random.default_rng(seed).standard_normal(shape))


def qkv(*batch, rows=4, columns=5, size=8):
    return [numbers(*batch, rows, size), numbers(*batch, columns, size, seed=1), numbers(*batch, columns, size, seed=2)]


def attend(**options):
    return lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, **options)


@pytest.mark.parametrize("batch", [(2, 3), (3,), (), (2, 1, 3)])
@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}])
def test_attention(oracle, batch, options):
    same(oracle, attend(**options), qkv(*batch), name=len(batch) == 2)


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (2, 1, 1, 5)])
def test_float_masks_and_their_gradient(oracle, shape):
    same(oracle, lambda T, q, k, v, m: T.nn.functional.scaled_dot_product_attention(q, k, v, m), qkv(2, 3) + [numbers(*shape, seed=3)], name=False)


@pytest.mark.parametrize("mask", [np.tril(np.ones((4, 5))), np.zeros((4, 5)), np.array([[1, 1, 0, 0, 1]] * 3 + [[0] * 5])])
def test_bool_masks_and_rows_that_see_nothing(oracle, mask):
    same(oracle, lambda T, q, k, v, m: T.nn.functional.scaled_dot_product_attention(q, k, v, m), qkv(2, 3) + [mask.astype(bool)])
    floats = np.where(mask.astype(bool), 0.0, -INF)
    same(oracle, lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, T.from_numpy(floats)), qkv(2, 3))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_narrow_floats(oracle, dtype):
    same(oracle, attend(is_causal=True), qkv(2, 3), dtype)


def test_double_gradients(oracle):
    same(oracle, attend(is_causal=True), [x[0] for x in qkv(2, 3)], double=True, name=False)


@pytest.mark.parametrize("p", [0.3, 1.0])
def test_dropout_draws_pytorchs_mask(oracle, p):
    case = lambda T, q, k, v: (T.nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=p), T.rand(2))  # noqa: E731
    same(oracle, case, [x.astype(np.float32) for x in qkv(2, 3)], name=False)


def test_grouped_queries_and_broadcast_batches(oracle):
    q, (_, k, v) = numbers(2, 6, 4, 8), qkv(2, 3)
    same(oracle, attend(enable_gqa=True), [q, k, v], name=False)
    q, k, v = qkv(2, 3)
    same(oracle, attend(), [q, k[:1].copy(), v], name=False)
    same(oracle, attend(), [q, k, v[..., :3].copy()], name=False)


@pytest.mark.parametrize("case", [
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k.float(), v),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q[0, 0, 0], k, v),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k[..., :4], v),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q[:, :2], k, v, enable_gqa=True),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, T.zeros(4, 5).long()),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, T.zeros(4, 5).half()),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, T.zeros(4, 6).double()),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=1.5),
    lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q.long(), k.long(), v.long()),
])
def test_refusals(oracle, case):
    assert isinstance(same(oracle, case, qkv(2, 3)), Exception)


# ------------------------------------------------------------------ heads
E, H = 8, 2
WEIGHTS = [numbers(3 * E, E, seed=7), numbers(3 * E, seed=8), numbers(E, E, seed=9), numbers(E, seed=10)]
INPUTS = [numbers(5, 3, E), numbers(6, 3, E, seed=1), numbers(6, 3, E, seed=2)]


def heads(pick=lambda q, k, v: (q, k, v), **options):
    """A case of multi_head_attention_forward; options may be functions of the torch module."""
    def case(T, q, k, v, w, b, ow, ob):
        q, k, v = pick(q, k, v)
        given = dict(query=q, key=k, value=v, embed_dim_to_check=E, num_heads=H, in_proj_weight=w, in_proj_bias=b, bias_k=None, bias_v=None,
                     add_zero_attn=False, dropout_p=0.0, out_proj_weight=ow, out_proj_bias=ob)
        given.update({name: value(T) if callable(value) else value for name, value in options.items()})
        return T.nn.functional.multi_head_attention_forward(**given)
    return case


def random(*shape):
    return lambda T: T.from_numpy(numbers(*shape, seed=20))


def truths(*shape):
    return lambda T: T.from_numpy(numbers(*shape, seed=21) > 1.2)


FORMS = {
    "plain": heads(),
    "self-attention": heads(lambda q, k, v: (q, q, q)),
    "keys are values": heads(lambda q, k, v: (q, k, k)),
    "no weights": heads(need_weights=False),
    "weights by head": heads(average_attn_weights=False),
    "float mask": heads(attn_mask=random(5, 6)),
    "bool mask": heads(attn_mask=truths(5, 6)),
    "mask by head": heads(attn_mask=random(6, 5, 6)),
    "padding": heads(key_padding_mask=truths(3, 6)),
    "float padding": heads(key_padding_mask=random(3, 6)),
    "both masks": heads(attn_mask=truths(5, 6), key_padding_mask=truths(3, 6)),
    "both masks, no weights": heads(attn_mask=truths(5, 6), key_padding_mask=truths(3, 6), need_weights=False),
    "causal, no weights": heads(is_causal=True, attn_mask=lambda T: T.zeros(5, 6).double(), need_weights=False),
    "causal with weights": heads(is_causal=True, attn_mask=random(5, 6)),
    "one sample": heads(lambda q, k, v: (q[:, 0], k[:, 0], v[:, 0])),
    "one sample of itself, masked": heads(lambda q, k, v: (q[:, 0],) * 3, attn_mask=random(2, 5, 5), key_padding_mask=random(5)),
    "added keys": heads(bias_k=random(1, 1, E), bias_v=random(1, 1, E)),
    "zeros added": heads(add_zero_attn=True, attn_mask=random(5, 6)),
    "all added": heads(add_zero_attn=True, bias_k=random(1, 1, E), bias_v=random(1, 1, E), attn_mask=truths(5, 6), key_padding_mask=truths(3, 6)),
    "separate weights": heads(use_separate_proj_weight=True, q_proj_weight=random(E, E), k_proj_weight=random(E, E), v_proj_weight=random(E, E)),
    "separate weights, no bias": heads(use_separate_proj_weight=True, q_proj_weight=random(E, E), k_proj_weight=random(E, E),
                                       v_proj_weight=random(E, E), in_proj_bias=None),
    "static": heads(static_k=random(6, 6, 4), static_v=random(6, 6, 4)),
    "dropout": heads(dropout_p=0.4),
    "dropout, no weights": heads(dropout_p=0.4, need_weights=False),
    "dropout in evaluation": heads(dropout_p=0.4, training=False),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.filterwarnings("ignore:Support for mismatched")
def test_multi_head_attention(oracle, name):
    same(oracle, FORMS[name], INPUTS + WEIGHTS, name=False)
    same(oracle, FORMS[name], INPUTS + WEIGHTS, grad=False)


@pytest.mark.parametrize("case", [
    heads(is_causal=True), heads(attn_mask=random(5, 5)), heads(attn_mask=random(5, 5, 6)), heads(attn_mask=random(5, 5, 6, 1)),
    heads(attn_mask=lambda T: T.zeros(5, 6).byte()), heads(key_padding_mask=truths(3, 5)), heads(key_padding_mask=lambda T: T.zeros(3, 6).byte()),
    heads(key_padding_mask=truths(6)), heads(key_padding_mask=truths(2, 6)), heads(embed_dim_to_check=9), heads(num_heads=3),
    heads(lambda q, k, v: (q, k[:5], v)), heads(lambda q, k, v: (q[None], k, v)), heads(lambda q, k, v: (q[:, 0], k, v)),
    heads(lambda q, k, v: (q[:, 0], k[:, 0], v[:, 0]), attn_mask=random(3, 5, 6)), heads(use_separate_proj_weight=True),
    heads(lambda q, k, v: (q[:, 0], k[:, 0], v[:, 0]), key_padding_mask=truths(3, 6)), heads(static_k=random(5, 6, 4)),
    heads(static_k=random(6, 6, 5)),
])
def test_multi_head_attention_refusals(oracle, case):
    assert isinstance(same(oracle, case, INPUTS + WEIGHTS), Exception)


def test_a_transformer_layer_trains_alike(oracle):
    def case(T, x):
        T.manual_seed(0)
        layer = T.nn.TransformerEncoderLayer(8, 2, 16, 0.1)
        return layer(x), layer.self_attn.in_proj_weight.detach()
    same(oracle, case, [numbers(4, 2, 8).astype(np.float32)], name=False)
