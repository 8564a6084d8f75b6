"""Attention and transformer with masks, padding, and evaluation's padded positions."""
import warnings

import numpy as np
import pytest

import rushlight as torch

from .compare import assert_close


def sequence(T, *shape, seed=0):
    return T.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype("float32"))


def padding(T):
    return T.tensor([[False, False, False, True], [False, False, True, True]])


def attention(T, masks, **options):
    T.manual_seed(0)
    layer = T.nn.MultiheadAttention(8, 2, batch_first=True)
    x, memory = sequence(T, 2, 3, 8), sequence(T, 2, 4, 8, seed=1)
    return layer(x, memory, memory, **masks(T), **options)


@pytest.mark.parametrize("options", [{}, {"need_weights": False}, {"average_attn_weights": False}], ids=str)
@pytest.mark.parametrize("masks", [
    lambda T: {}, lambda T: {"key_padding_mask": padding(T)},
    lambda T: {"attn_mask": T.tensor([[False, True, True, True], [False, False, True, True], [False] * 4])},
    lambda T: {"attn_mask": sequence(T, 3, 4, seed=2)}, lambda T: {"attn_mask": sequence(T, 4, 3, 4, seed=2)},
    lambda T: {"attn_mask": sequence(T, 3, 4, seed=2), "key_padding_mask": T.zeros(2, 4).masked_fill(padding(T), float("-inf"))},
])  # fmt: skip
def test_attention_masks(masks, options, oracle):
    assert_close(attention(torch, masks, **options), attention(oracle, masks, **options), rtol=1e-4, atol=1e-5)


def encode(T, training, mask=None, grad=False, **options):
    T.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = T.nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
        encoder = T.nn.TransformerEncoder(layer, 2, **{k: v(T) if callable(v) else v for k, v in options.items()})
        encoder.train(training)
        with T.set_grad_enabled(grad):
            return encoder(sequence(T, 2, 4, 8), mask=mask and mask(T), src_key_padding_mask=padding(T))


@pytest.mark.parametrize("arguments", [
    {"training": True}, {"training": False}, {"training": False, "grad": True}, {"training": False, "enable_nested_tensor": False},
    {"training": False, "norm": lambda T: T.nn.LayerNorm(8)},
    {"training": True, "mask": lambda T: T.nn.Transformer.generate_square_subsequent_mask(4)},
    {"training": False, "mask": lambda T: T.zeros(4, 4, dtype=T.bool)},
])  # fmt: skip
def test_encoder_with_padding(arguments, oracle):
    assert_close(encode(torch, **arguments), encode(oracle, **arguments), rtol=1e-4, atol=1e-5)


def test_transformer_with_causal_masks(oracle):
    def run(T):
        T.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = T.nn.Transformer(8, 2, 1, 2, 16, 0.0, batch_first=True)
        mask = model.generate_square_subsequent_mask(3)
        out = model(sequence(T, 2, 4, 8), sequence(T, 2, 3, 8, seed=1), tgt_mask=mask, tgt_is_causal=True,
                    src_key_padding_mask=padding(T).float().masked_fill(padding(T), float("-inf")),
                    memory_key_padding_mask=padding(T))  # fmt: skip
        out.sum().backward()
        return out, [p.grad for p in model.parameters()]

    assert_close(run(torch), run(oracle), rtol=1e-3, atol=2e-5)


def test_layers_of_an_encoder_start_alike_and_train_apart():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers
    np.testing.assert_array_equal(first.linear1.weight.detach().numpy(), second.linear1.weight.detach().numpy())
    assert first.linear1.weight is not second.linear1.weight
