"""Every layer with several sets of arguments, and inputs for it: what the generated tests run through.

A case is (class name, positional arguments, keyword arguments, inputs).  An input is a shape (values from a
standard normal distribution) or a function of a NumPy generator.
"""


def ints(high, *shape):
    return lambda random: random.integers(0, high, shape)


def uniform(low, high, *shape):
    return lambda random: random.uniform(low, high, shape).astype("float32")


def signs(*shape):
    return lambda random: (random.integers(0, 2, shape) * 2 - 1).astype("float32")


def case(name, *args, _in=(), **kwargs):
    return name, args, kwargs, _in


def plain(names, *inputs):
    return [case(name, _in=inputs) for name in names.split()]


ACTIVATIONS = [
    *plain(
        "ReLU ReLU6 Sigmoid Hardsigmoid Tanh SiLU Mish Hardswish ELU CELU SELU GELU Hardshrink LeakyReLU LogSigmoid "
        "Softplus Softshrink Softsign Tanhshrink Hardtanh PReLU Identity",
        (3, 4),
    ),
    case("ReLU", True, _in=[(3, 4)]), case("ReLU6", inplace=True, _in=[(2, 3)]),
    case("RReLU", _in=[(3, 4)]), case("RReLU", 0.1, 0.2, True, _in=[(3, 4)]),
    case("Threshold", 0.1, 20, _in=[(3, 4)]), case("Threshold", 0.1, 20, True, _in=[(3, 4)]),
    case("Hardtanh", -2, 2, True, _in=[(3, 4)]), case("ELU", 2.0, True, _in=[(3, 4)]),
    case("CELU", 2.0, True, _in=[(3, 4)]), case("GELU", "tanh", _in=[(3, 4)]),
    case("LeakyReLU", 0.2, True, _in=[(3, 4)]), case("Softplus", 2, 3, _in=[(3, 4)]),
    case("Softshrink", 0.2, _in=[(3, 4)]), case("Hardshrink", 0.2, _in=[(3, 4)]),
    case("PReLU", 4, 0.1, _in=[(3, 4)]), case("GLU", _in=[(3, 4)]), case("GLU", 0, _in=[(4, 3)]),
    case("Softmin", 1, _in=[(3, 4)]), case("Softmax", -1, _in=[(3, 4)]), case("LogSoftmax", 0, _in=[(3, 4)]),
    case("Softmax2d", _in=[(2, 3, 2, 2)]),
]  # fmt: skip

LINEAR = [
    case("Linear", 4, 3, _in=[(2, 4)]), case("Linear", 4, 3, bias=False, _in=[(2, 5, 4)]),
    case("Linear", 4, 3, _in=[(4,)]), case("Bilinear", 3, 4, 2, _in=[(5, 3), (5, 4)]),
    case("Bilinear", 3, 4, 2, bias=False, _in=[(5, 3), (5, 4)]), case("Identity", 3, unused=2, _in=[(2, 2)]),
    case("LazyLinear", 3, _in=[(2, 4)]), case("LazyLinear", 3, bias=False, _in=[(2, 4)]),
    case("Flatten", _in=[(2, 3, 4)]), case("Flatten", 0, 1, _in=[(2, 3, 4)]),
    case("Unflatten", 1, (2, 3), _in=[(4, 6)]), case("Unflatten", -1, (2, -1), _in=[(4, 6)]),
]  # fmt: skip

CONV = [
    case("Conv1d", 4, 6, 3, _in=[(2, 4, 9)]), case("Conv1d", 4, 6, 3, 2, 1, 2, 2, False, _in=[(2, 4, 9)]),
    case("Conv1d", 4, 6, 3, padding="same", padding_mode="circular", _in=[(2, 4, 9)]),
    case("Conv2d", 3, 4, 3, _in=[(2, 3, 6, 7)]), case("Conv2d", 3, 4, 3, _in=[(3, 6, 7)]),
    case("Conv2d", 4, 4, (3, 2), stride=2, padding=(1, 0), groups=2, _in=[(2, 4, 7, 8)]),
    case("Conv2d", 2, 3, 3, padding="same", dilation=2, _in=[(2, 2, 6, 6)]),
    case("Conv2d", 2, 3, 3, padding="valid", bias=False, _in=[(2, 2, 6, 6)]),
    case("Conv2d", 2, 3, 3, padding=1, padding_mode="reflect", _in=[(2, 2, 6, 6)]),
    case("Conv2d", 2, 3, (4, 3), padding="same", padding_mode="replicate", _in=[(2, 2, 6, 6)]),
    case("Conv3d", 2, 3, 2, _in=[(1, 2, 4, 5, 4)]),
    case("Conv3d", 2, 4, (2, 1, 3), (1, 2, 1), (1, 0, 1), groups=2, _in=[(1, 2, 4, 5, 4)]),
    case("ConvTranspose1d", 4, 6, 3, 2, 1, 1, _in=[(2, 4, 5)]),
    case("ConvTranspose2d", 4, 6, 3, stride=2, _in=[(2, 4, 3, 4)]),
    case("ConvTranspose2d", 4, 6, 3, 2, (1, 0), 1, 2, False, 1, _in=[(2, 4, 3, 4)]),
    case("ConvTranspose3d", 2, 3, 2, 2, _in=[(1, 2, 2, 3, 2)]),
    case("LazyConv1d", 3, 2, _in=[(2, 3, 5)]), case("LazyConv2d", 4, 3, padding=1, bias=False, _in=[(2, 3, 5, 5)]),
    case("LazyConv3d", 2, 2, _in=[(1, 3, 3, 3, 3)]), case("LazyConvTranspose1d", 3, 2, _in=[(2, 3, 5)]),
    case("LazyConvTranspose2d", 3, 2, stride=2, _in=[(2, 3, 4, 4)]),
    case("LazyConvTranspose3d", 2, 2, _in=[(1, 3, 3, 3, 3)]),
    case("Fold", (4, 5), (2, 3), _in=[(2, 12, 9)]), case("Unfold", (2, 3), padding=1, _in=[(2, 3, 4, 5)]),
]  # fmt: skip

POOL = [
    case("MaxPool1d", 2, _in=[(2, 3, 7)]), case("MaxPool1d", 3, 2, 1, 2, ceil_mode=True, _in=[(2, 3, 9)]),
    case("MaxPool2d", 2, _in=[(2, 3, 6, 7)]), case("MaxPool2d", (3, 2), 2, 1, _in=[(2, 3, 6, 7)]),
    case("MaxPool2d", 3, 2, ceil_mode=True, _in=[(3, 6, 8)]),
    case("MaxPool2d", 2, return_indices=True, _in=[(1, 2, 4, 4)]), case("MaxPool3d", 2, _in=[(1, 2, 4, 5, 4)]),
    case("AvgPool1d", 3, 2, 1, _in=[(2, 3, 7)]), case("AvgPool2d", 2, _in=[(2, 3, 6, 7)]),
    case("AvgPool2d", 3, 2, 1, True, False, _in=[(2, 3, 6, 7)]),
    case("AvgPool2d", 2, divisor_override=3, _in=[(2, 3, 6, 7)]), case("AvgPool3d", 2, _in=[(1, 2, 4, 5, 4)]),
    case("LPPool1d", 2, 3, _in=[uniform(0.1, 1, 2, 3, 7)]), case("LPPool2d", 2.0, 2, 1, _in=[uniform(0.1, 1, 2, 3, 5, 5)]),
    case("LPPool3d", 2.0, 2, _in=[uniform(0.1, 1, 1, 2, 4, 4, 4)]),
    case("AdaptiveAvgPool1d", 3, _in=[(2, 3, 7)]), case("AdaptiveAvgPool2d", 1, _in=[(2, 3, 6, 7)]),
    case("AdaptiveAvgPool2d", (3, None), _in=[(2, 3, 6, 7)]), case("AdaptiveAvgPool3d", 2, _in=[(1, 2, 4, 5, 4)]),
    case("AdaptiveMaxPool1d", 3, _in=[(2, 3, 7)]), case("AdaptiveMaxPool2d", (2, 3), True, _in=[(2, 3, 6, 7)]),
    case("AdaptiveMaxPool3d", 2, _in=[(1, 2, 4, 5, 4)]),
    case("FractionalMaxPool2d", 2, output_size=3, _in=[(1, 2, 7, 7)]),
    case("FractionalMaxPool2d", 2, output_ratio=(0.5, 0.6), _in=[(1, 2, 7, 7)]),
    case("FractionalMaxPool3d", 2, 2, _in=[(1, 2, 5, 5, 5)]),
]  # fmt: skip

PADDING = [
    case(f"{kind}Pad{d}d", *([2] if kind != "Constant" else [2, 3.5]), _in=[(2, 3) + (4,) * d])
    for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular")
    for d in (1, 2, 3)
] + [
    case("ZeroPad2d", (1, 2, 0, 1), _in=[(2, 3, 4, 4)]), case("ReflectionPad2d", (1, 0, 2, 1), _in=[(3, 4, 4)]),
    case("ConstantPad1d", (3, 1), -1.0, _in=[(2, 3)]), case("ZeroPad2d", (-1, 2, -2, 1), _in=[(1, 1, 4, 4)]),
]  # fmt: skip

NORM = [
    case("BatchNorm1d", 3, _in=[(4, 3)]), case("BatchNorm1d", 3, 1e-3, None, _in=[(4, 3, 5)]),
    case("BatchNorm1d", 3, bias=False, _in=[(4, 3)]),
    case("BatchNorm2d", 3, _in=[(4, 3, 2, 2)]),
    case("BatchNorm2d", 3, affine=False, track_running_stats=False, _in=[(4, 3, 2, 2)]),
    case("BatchNorm3d", 2, 1e-4, 0.3, _in=[(2, 2, 2, 3, 2)]), case("SyncBatchNorm", 3, _in=[(4, 3, 2)]),
    case("LazyBatchNorm1d", _in=[(4, 3)]), case("LazyBatchNorm2d", momentum=0.2, _in=[(4, 3, 2, 2)]),
    case("LazyBatchNorm3d", affine=False, _in=[(2, 2, 2, 2, 2)]),
    case("InstanceNorm1d", 3, _in=[(2, 3, 5)]), case("InstanceNorm2d", 3, affine=True, _in=[(2, 3, 4, 4)]),
    case("InstanceNorm2d", 3, track_running_stats=True, _in=[(3, 4, 4)]),
    case("InstanceNorm3d", 2, affine=True, track_running_stats=True, _in=[(2, 2, 2, 2, 2)]),
    case("LazyInstanceNorm1d", _in=[(2, 3, 5)]), case("LazyInstanceNorm2d", affine=True, _in=[(2, 3, 4, 4)]),
    case("LazyInstanceNorm3d", track_running_stats=False, _in=[(2, 2, 2, 2, 2)]),
    case("LayerNorm", 4, _in=[(2, 3, 4)]), case("LayerNorm", (3, 4), 1e-3, False, _in=[(2, 3, 4)]),
    case("LayerNorm", [3, 4], bias=False, _in=[(2, 3, 4)]), case("GroupNorm", 2, 4, _in=[(2, 4, 3)]),
    case("GroupNorm", 4, 4, affine=False, _in=[(2, 4, 3, 3)]), case("RMSNorm", 4, _in=[(2, 3, 4)]),
    case("RMSNorm", (3, 4), 1e-3, False, _in=[(2, 3, 4)]), case("LocalResponseNorm", 2, _in=[(2, 4, 3, 3)]),
    case("CrossMapLRN2d", 3, _in=[(2, 4, 3, 3)]),
]  # fmt: skip

DROPOUT = [
    case("Dropout", _in=[(5, 8)]), case("Dropout", 0.2, True, _in=[(5, 8)]), case("Dropout", 0.0, _in=[(5, 8)]),
    case("Dropout", 1.0, _in=[(5, 8)]), case("Dropout1d", 0.3, _in=[(4, 5, 3)]),
    case("Dropout2d", 0.3, _in=[(2, 5, 3, 3)]), case("Dropout3d", 0.3, _in=[(2, 5, 2, 2, 2)]),
    case("AlphaDropout", 0.3, _in=[(5, 8)]), case("FeatureAlphaDropout", 0.3, _in=[(2, 5, 3)]),
]  # fmt: skip

OTHER = [
    case("Embedding", 6, 3, _in=[ints(6, 2, 4)]), case("Embedding", 6, 3, padding_idx=-2, _in=[ints(6, 2, 4)]),
    case("Embedding", 6, 3, 1, 0.5, 1.0, True, _in=[ints(6, 5)]),
    case("EmbeddingBag", 6, 3, _in=[ints(6, 2, 4)]), case("EmbeddingBag", 6, 3, mode="sum", _in=[ints(6, 2, 4)]),
    case("EmbeddingBag", 6, 3, mode="max", padding_idx=0, _in=[ints(6, 2, 4)]),
    case("PixelShuffle", 2, _in=[(2, 8, 3, 2)]), case("PixelUnshuffle", 2, _in=[(2, 2, 6, 4)]),
    case("ChannelShuffle", 2, _in=[(2, 6, 2, 2)]), case("CosineSimilarity", _in=[(3, 4), (3, 4)]),
    case("CosineSimilarity", 0, 1e-3, _in=[(3, 4), (3, 4)]), case("PairwiseDistance", _in=[(3, 4), (3, 4)]),
    case("PairwiseDistance", 1.0, 1e-3, True, _in=[(3, 4), (3, 4)]),
    case("Upsample", 5, _in=[(1, 2, 3)]), case("Upsample", scale_factor=2, _in=[(1, 2, 3, 3)]),
    case("Upsample", (5, 4), mode="bilinear", align_corners=True, _in=[(1, 2, 3, 3)]),
    case("Upsample", scale_factor=(2.0, 1.5), mode="bicubic", _in=[(1, 2, 4, 4)]),
    case("Upsample", scale_factor=2, mode="trilinear", _in=[(1, 2, 2, 3, 2)]),
    case("UpsamplingNearest2d", scale_factor=2, _in=[(1, 2, 3, 3)]), case("UpsamplingBilinear2d", 5, _in=[(1, 2, 3, 3)]),
    case("AdaptiveLogSoftmaxWithLoss", 16, 10, [3, 6], _in=[(5, 16), ints(10, 5)]),
    case("AdaptiveLogSoftmaxWithLoss", 8, 10, [3], 2.0, True, _in=[(5, 8), ints(10, 5)]),
]  # fmt: skip

RECURRENT = [
    case(name, 3, 4, *args, _in=[shape], **kwargs)
    for name in ("RNN", "LSTM", "GRU")
    for args, kwargs, shape in [
        ((), {}, (5, 2, 3)),
        ((2,), {"bias": False}, (5, 2, 3)),
        ((2,), {"bidirectional": True, "batch_first": True}, (2, 5, 3)),
        ((3,), {"dropout": 0.5}, (5, 2, 3)),
        ((), {}, (5, 3)),
    ]
] + [
    case("RNN", 3, 4, nonlinearity="relu", _in=[(5, 2, 3)]),
    case("LSTM", 3, 4, 2, proj_size=2, bidirectional=True, _in=[(5, 2, 3)]),
    case("RNNCell", 3, 4, _in=[(2, 3)]), case("RNNCell", 3, 4, nonlinearity="relu", _in=[(3,)]),
    case("LSTMCell", 3, 4, _in=[(2, 3)]), case("LSTMCell", 3, 4, False, _in=[(3,)]), case("GRUCell", 3, 4, _in=[(2, 3)]),
]  # fmt: skip

ATTENTION = [
    case("MultiheadAttention", 4, 2, _in=[(3, 2, 4), (5, 2, 4), (5, 2, 4)]),
    case("MultiheadAttention", 4, 2, bias=False, batch_first=True, _in=[(2, 3, 4), (2, 5, 4), (2, 5, 4)]),
    case("MultiheadAttention", 4, 2, kdim=3, vdim=2, add_bias_kv=True, add_zero_attn=True,
         _in=[(3, 2, 4), (5, 2, 3), (5, 2, 2)]),
    case("MultiheadAttention", 4, 2, 0.5, _in=[(3, 4), (5, 4), (5, 4)]),
    case("TransformerEncoderLayer", 8, 2, 16, _in=[(3, 2, 8)]),
    case("TransformerEncoderLayer", 8, 2, 16, 0.0, "gelu", norm_first=True, batch_first=True, _in=[(2, 3, 8)]),
    case("TransformerDecoderLayer", 8, 2, 16, _in=[(3, 2, 8), (4, 2, 8)]),
    case("TransformerDecoderLayer", 8, 2, 16, 0.1, norm_first=True, bias=False, _in=[(3, 2, 8), (4, 2, 8)]),
    case("Transformer", 8, 2, 2, 2, 16, _in=[(3, 2, 8), (4, 2, 8)]),
]  # fmt: skip

LOSSES = [
    case("L1Loss", _in=[(3, 4), (3, 4)]), case("MSELoss", reduction="sum", _in=[(3, 4), (3, 4)]),
    case("MSELoss", reduction="none", _in=[(3, 4), (3, 4)]),
    case("CrossEntropyLoss", _in=[(5, 4), ints(4, 5)]),
    case("CrossEntropyLoss", ignore_index=1, label_smoothing=0.1, _in=[(5, 4), ints(4, 5)]),
    case("CrossEntropyLoss", reduction="none", _in=[(2, 4, 3, 3), ints(4, 2, 3, 3)]),
    case("CrossEntropyLoss", _in=[(5, 4), uniform(0, 1, 5, 4)]),
    case("NLLLoss", ignore_index=2, _in=[(5, 4), ints(4, 5)]), case("NLLLoss", reduction="sum", _in=[(2, 4, 3), ints(4, 2, 3)]),
    case("PoissonNLLLoss", _in=[(3, 4), uniform(0, 3, 3, 4)]),
    case("PoissonNLLLoss", False, True, _in=[uniform(0.1, 3, 3, 4), uniform(0, 3, 3, 4)]),
    case("GaussianNLLLoss", full=True, _in=[(3, 4), (3, 4), uniform(0.1, 1, 3, 4)]),
    case("KLDivLoss", reduction="batchmean", _in=[(3, 4), uniform(0.1, 1, 3, 4)]),
    case("KLDivLoss", reduction="sum", log_target=True, _in=[(3, 4), (3, 4)]),
    case("BCELoss", _in=[uniform(0.1, 0.9, 3, 4), uniform(0, 1, 3, 4)]),
    case("BCEWithLogitsLoss", _in=[(3, 4), uniform(0, 1, 3, 4)]),
    case("HingeEmbeddingLoss", 0.7, _in=[(3, 4), signs(3, 4)]),
    case("MultiLabelMarginLoss", _in=[(1, 4), lambda random: random.permutation(4)[None] - 1]),
    case("SmoothL1Loss", beta=0.5, _in=[(3, 4), (3, 4)]), case("HuberLoss", "sum", 0.5, _in=[(3, 4), (3, 4)]),
    case("SoftMarginLoss", _in=[(3, 4), signs(3, 4)]),
    case("MultiLabelSoftMarginLoss", _in=[(3, 4), uniform(0, 1, 3, 4)]),
    case("CosineEmbeddingLoss", 0.2, _in=[(3, 4), (3, 4), signs(3)]),
    case("MarginRankingLoss", 0.2, _in=[(5,), (5,), signs(5)]),
    case("MultiMarginLoss", _in=[(5, 4), ints(4, 5)]), case("MultiMarginLoss", 2, 0.5, _in=[(5, 4), ints(4, 5)]),
    case("TripletMarginLoss", 0.5, swap=True, _in=[(3, 4), (3, 4), (3, 4)]),
    case("TripletMarginWithDistanceLoss", margin=0.5, _in=[(3, 4), (3, 4), (3, 4)]),
]  # fmt: skip

CASES = ACTIVATIONS + LINEAR + CONV + POOL + PADDING + NORM + DROPOUT + OTHER + RECURRENT + ATTENTION + LOSSES


def name_of(case):
    name, args, kwargs, inputs = case
    parts = [str(arg) for arg in args] + [f"{key}={value}" for key, value in kwargs.items()]
    return f"{name}({','.join(parts)})".replace(" ", "")


def arrays_of(case, random):
    arrays = []
    for spec in case[3]:
        values = spec(random) if callable(spec) else random.standard_normal(spec).astype("float32")
        arrays.append(values)
    return arrays
