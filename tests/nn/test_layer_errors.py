"""What layers say about wrong arguments and inputs: PyTorch's words."""
import pytest

import rushlight as torch

from .compare import outcome


def conv2d(**kwargs):
    arguments = {"in_channels": 4, "out_channels": 4, "kernel_size": 2, **kwargs}
    return lambda T: T.nn.Conv2d(**arguments)


def on(name, shape, *args, **kwargs):
    return lambda T: getattr(T.nn, name)(*args, **kwargs)(T.ones(shape))


def transposed(size):
    return lambda T: T.nn.ConvTranspose2d(2, 3, 3, stride=2)(T.ones(1, 2, 4, 4), output_size=size).shape


def adaptive(*args, shape=(3, 8), target=(1, 2, 3)):
    return lambda T: T.nn.AdaptiveLogSoftmaxWithLoss(*args)(T.ones(shape), T.tensor(target))


SCENARIOS = {
    "groups 0": conv2d(groups=0), "groups in": conv2d(in_channels=3, groups=2), "groups out": conv2d(out_channels=3, groups=2),
    "same strided": conv2d(padding="same", stride=2),
    "kernel 0": conv2d(kernel_size=0), "no inputs": conv2d(in_channels=0), "three sizes": conv2d(padding=(1, 2, 3)),
    "transposed padding mode": lambda T: T.nn.ConvTranspose2d(2, 3, 3, padding_mode="reflect"),
    "output size": transposed([10, 9]), "output size with batch": transposed([1, 3, 10, 9]),
    "output size of one": transposed([1]), "output size too large": transposed([20, 20]),
    "bn1d": on("BatchNorm1d", (2,), 2), "bn2d": on("BatchNorm2d", (2, 2), 2), "bn3d": on("BatchNorm3d", (2, 2), 2),
    "in1d": on("InstanceNorm1d", (2,), 2), "in2d": on("InstanceNorm2d", (2, 2), 2), "in3d": on("InstanceNorm3d", (2,), 2),
    "sync": on("SyncBatchNorm", (2,), 2), "lazy conv": on("LazyConv2d", (2, 3), 3, 3),
    "features": on("InstanceNorm1d", (2, 2, 4), 3, affine=True), "features warned": on("InstanceNorm1d", (2, 2, 4), 3),
    "circular 1": on("CircularPad1d", (2,), 1), "circular 2": on("CircularPad2d", (2, 2), 1),
    "circular 3": on("CircularPad3d", (2, 2), 1), "group norm": lambda T: T.nn.GroupNorm(3, 4),
    "old instance norm": lambda T: T.nn.InstanceNorm1d(3).load_state_dict({"running_mean": T.ones(3)}),
    "old batch norm": lambda T: T.nn.BatchNorm1d(1, affine=False).load_state_dict(
        {"running_mean": T.ones(1), "running_var": T.ones(1)}),
    "dropout": lambda T: T.nn.Dropout(1.5), "dropout below": lambda T: T.nn.AlphaDropout(-0.5),
    "softmax 2d": on("Softmax2d", (2, 2)), "softmax dim": on("Softmax", (2, 2)),
    "hardtanh": lambda T: T.nn.Hardtanh(2, 1), "hardtanh old": lambda T: T.nn.Hardtanh(min_value=-2.0, max_value=3),
    "bilinear": lambda T: T.nn.Bilinear(0, 1, 1),
    "padding idx": lambda T: T.nn.Embedding(3, 2, padding_idx=4),
    "padding idx below": lambda T: T.nn.Embedding(3, 2, padding_idx=-5),
    "bag padding idx": lambda T: T.nn.EmbeddingBag(3, 2, padding_idx=4),
    "table shape": lambda T: T.nn.Embedding(3, 2, _weight=T.ones(2, 2)),
    "table dims": lambda T: T.nn.Embedding.from_pretrained(T.ones(2)),
    "bag table": lambda T: T.nn.EmbeddingBag.from_pretrained(T.ones(2)),
    "pretrained": lambda T: T.nn.Embedding.from_pretrained(T.ones(2, 2), padding_idx=1).weight,
    "pretrained bag": lambda T: T.nn.EmbeddingBag.from_pretrained(T.ones(2, 2), freeze=False).weight,
    "unflatten": lambda T: T.nn.Unflatten(1, 3), "unflatten parts": lambda T: T.nn.Unflatten(1, (2, "a")),
    "fractional": lambda T: T.nn.FractionalMaxPool2d(2), "fractional both": lambda T: T.nn.FractionalMaxPool2d(2, 3, 0.5),
    "fractional ratio": lambda T: T.nn.FractionalMaxPool2d(2, output_ratio=2),
    "fractional kernel": lambda T: T.nn.FractionalMaxPool3d((0, 1, 2), 3),
    "margin p": lambda T: T.nn.MultiMarginLoss(3), "margin weight": lambda T: T.nn.MultiMarginLoss(weight=T.ones(2, 2)),
    "triplet": lambda T: T.nn.TripletMarginLoss(-1), "triplet distance": lambda T: T.nn.TripletMarginWithDistanceLoss(margin=-1),
    "old size_average": lambda T: T.nn.MSELoss(size_average=False).reduction,
    "old reduce": lambda T: T.nn.CrossEntropyLoss(reduce=False).reduction,
    "nll 2d": lambda T: T.nn.NLLLoss2d(),
    "heads": lambda T: T.nn.MultiheadAttention(4, 3), "no heads": lambda T: T.nn.MultiheadAttention(0, 3),
    "causal without mask": lambda T: T.nn.MultiheadAttention(4, 2)(*[T.ones(3, 1, 4)] * 3, need_weights=False, is_causal=True),
    "transformer activation": lambda T: T.nn.TransformerEncoderLayer(8, 2, activation="x"),
    "transformer batch": lambda T: T.nn.Transformer(8, 2, 1, 1, 8)(T.ones(3, 2, 8), T.ones(3, 3, 8)),
    "transformer features": lambda T: T.nn.Transformer(8, 2, 1, 1, 8)(T.ones(3, 2, 7), T.ones(3, 2, 8)),
    "encoder not batch first": lambda T: len(T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(8, 2, 8), 2).layers),
    "encoder odd heads": lambda T: T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(6, 3, 8, batch_first=True), 1),
    "encoder norm first": lambda T: T.nn.TransformerEncoder(
        T.nn.TransformerEncoderLayer(8, 2, 8, batch_first=True, norm_first=True), 1),
    "encoder of linear": lambda T: T.nn.TransformerEncoder(T.nn.Linear(1, 1), 1),
    "padding mask type": lambda T: T.nn.TransformerEncoderLayer(8, 2, 8)(
        T.ones(3, 2, 8), src_key_padding_mask=T.zeros(2, 3, dtype=T.int64)),
    "causal mask": lambda T: T.nn.Transformer.generate_square_subsequent_mask(3),
    "cutoffs": lambda T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 2]),
    "no cutoffs": lambda T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, []), "cutoff above": lambda T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [12]),
    "asm batch": adaptive(8, 10, [4], target=(1, 2)), "asm target": adaptive(8, 10, [4], target=((1,), (2,), (3,))),
    "asm classes": adaptive(8, 10, [4], target=(1, 2, 10)), "asm unbatched": adaptive(8, 10, [4], shape=(8,), target=1),
    "asm unbatched tail": adaptive(8, 10, [4], shape=(8,), target=7),
    "asm predict": lambda T: T.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4]).predict(T.randn(6, 8)),
}  # fmt: skip


def recurrent(*args, **kwargs):
    return lambda T: [outcome(lambda T: getattr(T.nn, kind)(*args, **kwargs), T) for kind in ("RNN", "LSTM", "GRU")]


for _index, (_args, _kwargs) in enumerate([
    ((3, 4), {"dropout": 2}), ((3, 4), {"dropout": 0.5}), ((3, 4), {"proj_size": -1}), ((3, 4), {"proj_size": 4}),
    ((3, 0), {}), ((3, 4, 0), {}), ((3, 4.0), {}), ((3, 4), {"batch_first": 1}), ((3, 4), {"nonlinearity": "x"}),
    (("a", 4), {}), ((0, 4), {}), ((), {}), ((3, 4, 1, "relu"), {}), ((3, 4, 2, True, True, 0.1, True), {}),
]):  # fmt: skip
    SCENARIOS[f"recurrent {_index}"] = recurrent(*_args, **_kwargs)


def fed(*shapes, cell=False):
    """Each recurrent layer (or cell), fed an input and states of these shapes; a tuple of shapes is a pair."""

    def scenario(T):
        def tensors(shape):
            if isinstance(shape[0], tuple):
                return tuple(T.ones(part) for part in shape)
            return T.ones(shape)

        results = []
        for kind in ("RNN", "LSTM", "GRU"):
            layer = getattr(T.nn, kind + ("Cell" if cell else ""))(3, 4)
            results.append(outcome(lambda T: str(type(layer(*map(tensors, shapes)))), T))
        return results

    return scenario


SCENARIOS |= {
    "rnn 1-d": fed((2,)), "rnn 4-d": fed((2, 2, 2, 3)), "rnn size": fed((2, 2, 5)), "rnn hidden": fed((5, 2, 3), (2, 4)),
    "rnn pair": fed((5, 2, 3), ((1, 2, 4), (1, 2, 5))), "rnn pair dims": fed((5, 2, 3), ((1, 4), (1, 4))),
    "rnn unbatched": fed((5, 3), ((1, 2, 4), (1, 2, 4))), "rnn unbatched one": fed((5, 3), ((1, 2, 4), (1, 4))),
    "rnn empty": fed((0, 2, 3)), "cell 3-d": fed((2, 2, 2), cell=True), "cell size": fed((2, 5), cell=True),
    "cell hidden": fed((2, 3), ((2, 5), (2, 4)), cell=True), "cell batch": fed((2, 3), ((3, 4), (3, 4)), cell=True),
    "cell hidden dims": fed((2, 3), ((1, 1, 1), (2, 4)), cell=True), "cell one": fed((2, 3), (3, 4), cell=True),
    "cell unbatched": fed((3,), ((2, 4), (4,)), cell=True), "unknown mode": lambda T: T.nn.RNNBase("x", 2, 3),
    "rnn dtype": lambda T: T.nn.GRU(3, 4)(T.ones(2, 2, 3, dtype=T.float64)),
    "cell nonlinearity": lambda T: T.nn.RNNCell(3, 4, nonlinearity="x")(T.ones(2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_says_what_pytorch_says(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)


def test_words_whose_order_pytorch_leaves_to_chance():
    with pytest.raises(ValueError, match=r"Invalid padding string 'x', should be one of \{'valid', 'same'\}"):
        conv2d(padding="x")(torch)
    with pytest.raises(ValueError, match="padding_mode must be one of .*, but got padding_mode='q'"):
        conv2d(padding_mode="q")(torch)
