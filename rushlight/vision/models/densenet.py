"""DenseNet (Huang et al., 2016)."""

import re

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _ovewrite_named_param, published
from rushlight.vision.models._weights import imagenet

nn = torch.nn

__all__ = [
    "DenseNet", "DenseNet121_Weights", "DenseNet161_Weights", "DenseNet169_Weights", "DenseNet201_Weights",
    "densenet121", "densenet161", "densenet169", "densenet201",
]  # fmt: skip


class _DenseLayer(nn.Module):
    """Norm, ReLU, 1x1 to `bn_size * growth_rate` channels; norm, ReLU, 3x3 to `growth_rate` channels.

    With `memory_efficient` the first half is computed again in the backward pass instead of being kept.
    """

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, inputs):
        """The first half, of all that came before."""
        return self.conv1(self.relu1(self.norm1(torch.cat(inputs, 1))))

    def any_requires_grad(self, input) -> bool:
        return any(tensor.requires_grad for tensor in input)

    def call_checkpoint_bottleneck(self, input):
        from rushlight.utils.checkpoint import checkpoint

        return checkpoint(lambda *inputs: self.bn_function(inputs), *input, use_reentrant=False)

    def forward(self, input):
        before = [input] if isinstance(input, torch.Tensor) else input
        if self.memory_efficient and self.any_requires_grad(before):
            narrow = self.call_checkpoint_bottleneck(before)
        else:
            narrow = self.bn_function(before)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        if self.drop_rate > 0:
            new = nn.functional.dropout(new, p=self.drop_rate, training=self.training)
        return new


class _DenseBlock(nn.ModuleDict):
    """Layers that each see the block's input and the outputs of all layers before."""

    _version = 2

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        for i in range(num_layers):
            layer = _DenseLayer(
                num_input_features + i * growth_rate,
                growth_rate=growth_rate,
                bn_size=bn_size,
                drop_rate=drop_rate,
                memory_efficient=memory_efficient,
            )
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features):
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class _Transition(nn.Sequential):
    """Between blocks: fewer channels, half the size."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Dense blocks of `block_config` layers each; images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: tuple[int, int, int, int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        features = nn.Sequential()
        features.add_module("conv0", nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False))
        features.add_module("norm0", nn.BatchNorm2d(num_init_features))
        features.add_module("relu0", nn.ReLU(inplace=True))
        features.add_module("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
        self.features = features
        width = num_init_features
        for i, num_layers in enumerate(block_config, 1):
            block = _DenseBlock(num_layers, width, bn_size, growth_rate, drop_rate, memory_efficient)
            features.add_module(f"denseblock{i}", block)
            width += num_layers * growth_rate
            if i < len(block_config):
                features.add_module(f"transition{i}", _Transition(width, width // 2))
                width //= 2
        features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.constant_(module.bias, 0)

    def forward(self, x):
        x = nn.functional.relu(self.features(x), inplace=True)
        x = nn.functional.adaptive_avg_pool2d(x, (1, 1))
        return self.classifier(torch.flatten(x, 1))


_OLD_NAME = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


def _load_state_dict(model, weights: WeightsEnum, progress: bool) -> None:
    """Load weights, whose files say norm.1 where the model says norm1."""
    state_dict = weights.get_state_dict(progress=progress, check_hash=True)
    model.load_state_dict({_OLD_NAME.sub(r"\1\2", name): value for name, value in state_dict.items()})


def _densenet(
    growth_rate: int,
    block_config: tuple[int, int, int, int],
    num_init_features: int,
    weights: WeightsEnum | None,
    progress: bool,
    **kwargs,
) -> DenseNet:
    if weights is not None:
        _ovewrite_named_param(kwargs, "num_classes", len(weights.meta["categories"]))
    model = DenseNet(growth_rate, block_config, num_init_features, **kwargs)
    if weights is not None:
        _load_state_dict(model, weights, progress)
    return model


class DenseNet121_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "densenet121-a639ec97", 7_978_856, (74.434, 91.972), 2.834, 30.845, "pull/116", min_size=29,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class DenseNet161_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "densenet161-8d451a50", 28_681_000, (77.138, 93.56), 7.728, 110.369, "pull/116", min_size=29,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class DenseNet169_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "densenet169-b2777c0a", 14_149_480, (75.6, 92.806), 3.36, 54.708, "pull/116", min_size=29,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class DenseNet201_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "densenet201-c1103571", 20_013_928, (76.896, 93.37), 4.291, 77.373, "pull/116", min_size=29,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


@published(DenseNet121_Weights.IMAGENET1K_V1)
def densenet121(*, weights: DenseNet121_Weights | None = None, progress: bool = True, **kwargs) -> DenseNet:
    """DenseNet of 121 layers."""
    return _densenet(32, (6, 12, 24, 16), 64, weights, progress, **kwargs)


@published(DenseNet161_Weights.IMAGENET1K_V1)
def densenet161(*, weights: DenseNet161_Weights | None = None, progress: bool = True, **kwargs) -> DenseNet:
    """DenseNet of 161 layers, growing by 48 channels."""
    return _densenet(48, (6, 12, 36, 24), 96, weights, progress, **kwargs)


@published(DenseNet169_Weights.IMAGENET1K_V1)
def densenet169(*, weights: DenseNet169_Weights | None = None, progress: bool = True, **kwargs) -> DenseNet:
    """DenseNet of 169 layers."""
    return _densenet(32, (6, 12, 32, 32), 64, weights, progress, **kwargs)


@published(DenseNet201_Weights.IMAGENET1K_V1)
def densenet201(*, weights: DenseNet201_Weights | None = None, progress: bool = True, **kwargs) -> DenseNet:
    """DenseNet of 201 layers."""
    return _densenet(32, (6, 12, 48, 32), 64, weights, progress, **kwargs)
